"""Proves: a risky call waits for a yes in the journal, and another process can give it. Dependencies reach the tool.

The model is a script. The second process is this file, started anew with the session's name.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from glm_agent import Agent, Journal, tool
from glm_agent.testing import Reply, ScriptedModel, call, say
from glm_tools import Ctx


@dataclass
class Bank:
    """What the tool gets and the model never sees."""

    book: Path

    def transfer(self, to: str, cents: int) -> None:
        entries = json.loads(self.book.read_text(encoding="utf-8"))
        self.book.write_text(json.dumps([*entries, [to, cents]]), encoding="utf-8")


@tool(risky=True)
def transfer(to: str, cents: int, ctx: Ctx[Bank]) -> str:
    """Move money, in minor units, to another account."""
    ctx.deps.transfer(to, cents)
    return f"moved {cents} cents to {to}"


def open_agent(folder: Path, replies: list[Reply]) -> Agent:
    journal = Journal(folder / "journal.sqlite3")
    return Agent(
        ScriptedModel(replies), tools=[transfer], journal=journal, deps=Bank(folder / "book.json")
    )


def ask(folder: Path) -> None:
    (folder / "book.json").write_text("[]", encoding="utf-8")
    with (
        open_agent(folder, [call("transfer", to="Mei", cents=1200)]) as agent,
        agent.session("rent") as session,
    ):
        result = session.run("Pay Mei the rent.")
    print(result.finish_reason, result.pending.arguments if result.pending else None)
    assert result.finish_reason == "needs_approval"
    assert (folder / "book.json").read_text(encoding="utf-8") == "[]"


def approve(folder: Path) -> None:
    with open_agent(folder, [say("Paid.")]) as agent, agent.session("rent") as session:
        result = session.resume(decision="approved")
    print(result.answer, (folder / "book.json").read_text(encoding="utf-8"))
    assert (folder / "book.json").read_text(encoding="utf-8") == '[["Mei", 1200]]'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ask(Path(folder))
        subprocess.run([sys.executable, __file__, folder], check=True)


if __name__ == "__main__":
    approve(Path(sys.argv[1])) if len(sys.argv) > 1 else main()

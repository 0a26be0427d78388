"""Proves: a risky call waits for a yes in the journal, and another process can give it. Dependencies reach the tool.

The second process is this file, started anew with the journal's name. A script stood in for the model when this was
recorded (`--live` runs it again).
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal, tool
from glm_agent.testing import ReplayModel, ScriptedModel, call, say
from glm_tools import Ctx

RECORDING = Path(__file__).parent / "recordings" / "approve_payments.json"
SESSION = "rent"


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


def live() -> tuple[ScriptedModel]:
    return (ScriptedModel([call("transfer", to="Mei", cents=1200), say("Paid.")]),)


def approve(model: ChatModel, journal: Journal, bank: Bank) -> None:
    """What the second process does."""
    with (
        Agent(model, tools=[transfer], journal=journal, deps=bank) as agent,
        agent.session(SESSION) as session,
    ):
        result = session.resume(decision="approved")
    print(result.answer, bank.book.read_text(encoding="utf-8"))
    assert bank.book.read_text(encoding="utf-8") == '[["Mei", 1200]]'


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.json"
        book.write_text("[]", encoding="utf-8")
        used = journal or Journal(Path(folder) / "journal.sqlite3")
        with (
            Agent(model, tools=[transfer], journal=used, deps=Bank(book)) as agent,
            agent.session(SESSION) as session,
        ):
            result = session.run("Pay Mei the rent.")
        print(result.finish_reason, result.pending.arguments if result.pending else None)
        assert result.finish_reason == "needs_approval"
        assert book.read_text(encoding="utf-8") == "[]"
        mode = ["--live"] if not isinstance(model, ReplayModel) else []
        subprocess.run([sys.executable, __file__, "approve", used.path, book, *mode], check=True)
        assert book.read_text(encoding="utf-8") == '[["Mei", 1200]]'


if __name__ == "__main__":
    models = live() if "--live" in sys.argv else (ReplayModel.load(RECORDING),)
    if sys.argv[1:2] == ["approve"]:
        models[0].next_reply()  # the first process took it
        approve(*models, journal=Journal(Path(sys.argv[2])), bank=Bank(Path(sys.argv[3])))
    else:
        main(*models)

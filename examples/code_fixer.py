"""Proves: a model mends a file in one folder, a person sees the diff first, and the result is tested in a sandbox.

A script stood in for the model when this was recorded (`--live` runs it again). Files, diff and sandbox are real, and
what they answer is compared with the recording.
"""

import sys
import tempfile
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal, tool
from glm_agent.events import ApprovalDecided, ApprovalRequested
from glm_agent.testing import ReplayModel, ScriptedModel, call, say
from glm_sandbox import open_sandbox
from glm_tools.files import file_tools
from glm_tools.workspace import Workspace

RECORDING = Path(__file__).parent / "recordings" / "code_fixer.json"
TEST = "from shop import total\nassert total([3, 4]) == 7, total([3, 4])\nprint('passed')"


def live() -> tuple[ChatModel]:
    return (
        ScriptedModel(
            [
                call("run_tests"),
                call("read_file", path="shop.py"),
                call("read_file", path="../secret.txt"),
                call("edit_file", path="shop.py", old="max(prices)", new="sum(prices)"),
                call("run_tests"),
                say("total() took the largest price; it adds them up now."),
            ]
        ),
    )


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder, open_sandbox() as sandbox:
        shop = Path(folder) / "shop.py"
        shop.write_text("def total(prices):\n    return max(prices)\n", encoding="utf-8")

        @tool
        def run_tests() -> str:
            """Run the tests of the workspace."""
            sandbox.put_file("shop.py", shop.read_bytes())
            result = sandbox.execute(f"import sys\nsys.modules.pop('shop', None)\n{TEST}")
            return result.stdout or result.error or result.message

        tools = {tool.spec.name: tool for tool in (*file_tools(Workspace(Path(folder))), run_tests)}
        shown: list[str] = []

        def approve(asked: ApprovalRequested) -> ApprovalDecided:
            """A person at the terminal sees this diff and says yes."""
            shown.append(tools[asked.call.name].preview(asked.call.arguments or {}))
            return ApprovalDecided(asked.call.id, "approved")

        with Agent(model, tools=[*tools.values()], approve=approve, journal=journal) as agent:
            result = agent.run("Make the tests pass.")
        texts = [step.result.text for step in result.steps if step.result is not None]
        print("\n".join(texts))
        assert "AssertionError" in texts[0]
        assert "refused" in texts[2]
        assert "-    return max(prices)\n+    return sum(prices)" in texts[3]
        assert shown == [texts[3]]
        assert texts[4].strip() == "passed"
        assert "sum(prices)" in shop.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING)])

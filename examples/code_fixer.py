"""Proves: a model mends a file in one folder, sees the diff, and has the result tested in a sandbox.

The model is a script; files, diff and sandbox are real.
"""

import tempfile
from pathlib import Path

from glm_agent import Agent, tool
from glm_agent.events import ApprovalDecided, ApprovalRequested
from glm_agent.testing import ScriptedModel, call, say
from glm_sandbox import open_sandbox
from glm_tools.files import file_tools
from glm_tools.workspace import Workspace

TEST = "from shop import total\nassert total([3, 4]) == 7, total([3, 4])\nprint('passed')"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_sandbox() as sandbox:
        shop = Path(folder) / "shop.py"
        shop.write_text("def total(prices):\n    return max(prices)\n", encoding="utf-8")

        @tool
        def run_tests() -> str:
            """Run the tests of the workspace."""
            sandbox.put_file("shop.py", shop.read_bytes())
            result = sandbox.execute(f"import sys\nsys.modules.pop('shop', None)\n{TEST}")
            return result.stdout or result.error or result.message

        model = ScriptedModel(
            [
                call("run_tests"),
                call("read_file", path="shop.py"),
                call("read_file", path="../secret.txt"),
                call("edit_file", path="shop.py", old="max(prices)", new="sum(prices)"),
                call("run_tests"),
                say("total() took the largest price; it adds them up now."),
            ]
        )
        tools = {tool.spec.name: tool for tool in (*file_tools(Workspace(Path(folder))), run_tests)}

        def approve(asked: ApprovalRequested) -> ApprovalDecided:
            """A person at the terminal sees this diff and says yes."""
            shown.append(tools[asked.call.name].preview(asked.call.arguments or {}))
            return ApprovalDecided(asked.call.id, "approved")

        shown: list[str] = []
        with Agent(model, tools=[*tools.values()], approve=approve) as agent:
            result = agent.run("Make the tests pass.")
        texts = [step.result.text for step in result.steps if step.result is not None]
        print("\n".join(texts))
        assert "AssertionError" in texts[0]
        assert "refused" in texts[2]
        assert "-    return max(prices)\n+    return sum(prices)" in texts[3]
        assert shown == [texts[3]]
        assert texts[4].strip() == "passed"


if __name__ == "__main__":
    main()

"""Proves: a real model (the embedded demo) writes code, a sandbox runs it, and the answer comes out of what it printed.

`--live` runs the demo model; without it, what it wrote when this was recorded is played, in a sandbox all the same.
"""

import sys
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal, load_model
from glm_agent.testing import ReplayModel
from glm_sandbox import open_sandbox
from glm_tools import PythonTool

RECORDING = Path(__file__).parent / "recordings" / "code_in_a_sandbox.json"


def live() -> tuple[ChatModel]:
    return (load_model("demo"),)


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with Agent(model, tools=[PythonTool(open_sandbox)], journal=journal) as agent:
        result = agent.run("What is 37 * 43? Use python.")
    for step in result.steps:
        if step.call is not None and step.result is not None:
            print(step.call.raw, "->", step.result.text)
    print(result.answer)
    assert result.calls[0].name == "python"
    assert "1591" in result.answer


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING)])

"""Proves: the demo model writes code, a sandbox runs it, and the answer comes out of what it printed."""

from glm_agent import Agent, load_model
from glm_sandbox import open_sandbox
from glm_tools import PythonTool


def main() -> None:
    with Agent(load_model("demo"), tools=[PythonTool(open_sandbox)]) as agent:
        result = agent.run("What is 37 * 43? Use python.")
    for step in result.steps:
        if step.call is not None and step.result is not None:
            print(step.call.raw, "->", step.result.text)
    print(result.answer)
    assert result.calls[0].name == "python"
    assert "1591" in result.answer


if __name__ == "__main__":
    main()

"""Proves: a typed function becomes a tool, and a real model (the embedded demo) calls it with valid arguments.

`--live` runs the demo model; without it, what it wrote when this was recorded is played, and the tool is called again.
"""

import sys
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal, load_model, tool
from glm_agent.testing import ReplayModel

RECORDING = Path(__file__).parent / "recordings" / "one_tool.json"


@tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return "18 degrees and sunny"


def live() -> tuple[ChatModel]:
    return (load_model("demo"),)


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with Agent(model, tools=[get_weather], journal=journal) as agent:
        result = agent.run("What is the weather in Paris?")
    print(result.calls[0].arguments, "->", result.answer)
    assert [(call.name, call.arguments) for call in result.calls] == [
        ("get_weather", {"city": "Paris"})
    ]
    assert "18" in result.answer


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING)])

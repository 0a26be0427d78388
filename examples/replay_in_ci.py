"""Proves: a recorded run of a real model is a regression test that needs neither weights nor network.

This file is a test module as it would stand in a project of yours: `pytest examples/replay_in_ci.py`. The recording is
that of one_tool.py, made with the embedded demo model.
"""

from pathlib import Path

import pytest

from glm_agent import Agent, Tool, tool
from glm_agent.errors import ReplayMismatchError
from glm_agent.testing import ReplayModel

RECORDING = Path(__file__).parent / "recordings" / "one_tool.json"


def weather_tool(text: str) -> Tool:
    @tool
    def get_weather(city: str) -> str:
        """Get the current weather of a city."""
        return text.format(city=city)

    return get_weather


def test_the_run_comes_to_the_recorded_answer() -> None:
    model = ReplayModel.load(RECORDING)
    with Agent(model, tools=[weather_tool("18 degrees and sunny")]) as agent:
        result = agent.run(model.prompt)
    assert result.answer == model.answer
    assert model.is_done


def test_a_tool_that_answers_something_else_is_found_out() -> None:
    model = ReplayModel.load(RECORDING)
    with (
        Agent(model, tools=[weather_tool("{city}: 18 °C, sunny")]) as agent,
        pytest.raises(ReplayMismatchError, match=r"Result 1: .*18 °C, sunny"),
    ):
        agent.run(model.prompt)


if __name__ == "__main__":
    test_the_run_comes_to_the_recorded_answer()
    test_a_tool_that_answers_something_else_is_found_out()

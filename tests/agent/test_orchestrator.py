"""The loop, driven by scripted models: it always ends, with an answer or a reason, and nothing is lost."""

from threading import Event

import pytest

from glm_agent.events import (
    ObservationCut,
    RunFinished,
    RunStarted,
    StepFinished,
    ToolFinished,
    ToolStarted,
)
from glm_agent.limits import Limits
from glm_agent.orchestrator import Agent
from glm_agent.testing import Reply, ScriptedModel, call, raw_call, say
from glm_tools.errors import ToolDefinitionError
from glm_tools.function_tool import tool
from glm_tools.tool import Observation, Tool, ToolOutput


@tool
def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: first.
        b: second.
    """
    return a + b


def agent(model: ScriptedModel, *tools: Tool, limits: Limits | None = None) -> Agent:
    return Agent(model, tools, limits=limits)


def test_a_run_calls_feeds_back_and_answers() -> None:
    model = ScriptedModel([call("add", a=2, b=3), say("It is 5.")])
    result = agent(model, add).run("What is 2 + 3?")
    assert (result.answer, result.finish_reason) == ("It is 5.", "answer")
    assert [step.call.name if step.call else None for step in result.steps] == ["add", None]
    assert model.conversations[0].messages[:3] == [
        ("user", "What is 2 + 3?"),
        ("assistant", 'add\n{"a": 2, "b": 3}'),
        ("observation", "5"),
    ]
    assert model.is_done


def test_events_come_in_the_order_in_which_things_happen() -> None:
    model = ScriptedModel([call("add", a=2, b=3), say("5")])
    kinds = [
        type(event)
        for event in agent(model, add).stream("?")
        if isinstance(event, RunStarted | ToolStarted | ToolFinished | StepFinished | RunFinished)
    ]
    assert kinds == [RunStarted, ToolStarted, ToolFinished, StepFinished, StepFinished, RunFinished]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (call("no_such_tool", x=1), "invalid"),
        (call("add", a="two", b=3), "invalid"),
        (raw_call("add", "{'a': 2}"), "invalid"),
    ],
)
def test_a_call_that_cannot_be_run_becomes_an_observation_and_the_run_goes_on(
    reply: Reply, status: str
) -> None:
    model = ScriptedModel([reply, say("Sorry.")])
    result = agent(model, add).run("?")
    assert result.steps[0].result is not None
    assert result.steps[0].result.status == status
    assert result.finish_reason == "answer"
    assert model.conversations[0].messages[2][0] == "observation"


def test_in_the_last_step_calls_are_closed_and_the_answer_says_it_was_forced() -> None:
    """Promise P8: a model that only ever calls must answer in the end."""
    model = ScriptedModel(
        [call("add", a=n, b=n) for n in range(3)] + [Reply(text="Enough.", name="add")]
    )
    result = agent(model, add, limits=Limits(max_steps=4)).run("?")
    assert (result.answer, result.finish_reason) == ("Enough.", "max_steps")
    assert [options.allow_calls for options in model.conversations[0].options] == [
        True,
        True,
        True,
        False,
    ]


def test_the_third_identical_call_is_refused_and_then_the_model_must_answer() -> None:
    runs = []

    @tool
    def look() -> str:
        """Look."""
        runs.append(1)
        return "nothing"

    model = ScriptedModel(
        [call("look"), call("look"), call("look"), Reply(text="I give up.", name="look")]
    )
    result = agent(model, look).run("?")
    assert len(runs) == 2
    assert [step.result.status for step in result.steps if step.result] == ["ok", "ok", "denied"]
    assert (result.answer, result.finish_reason) == ("I give up.", "loop")


def test_the_same_call_with_another_result_is_no_loop() -> None:
    counter = iter(range(100))

    @tool
    def tick() -> int:
        """Tick."""
        return next(counter)

    model = ScriptedModel([*[call("tick")] * 6, say("done")])
    assert agent(model, tick).run("?").finish_reason == "answer"


def test_a_call_cut_by_the_token_limit_is_not_run() -> None:
    model = ScriptedModel(
        [raw_call("add", '{"a": 1, "b"', finish="length"), Reply(text="I cannot.", name="add")]
    )
    result = agent(model, add).run("?")
    assert (result.answer, result.finish_reason, result.calls) == ("I cannot.", "length", ())


def test_a_cancelled_run_returns_what_there_is() -> None:
    cancel = Event()

    @tool
    def stop_everything() -> str:
        """Stop."""
        cancel.set()
        return "stopped"

    model = ScriptedModel([call("stop_everything"), say("never said")])
    result = agent(model, stop_everything).run("?", cancel=cancel)
    assert result.finish_reason == "interrupted"
    assert [step.number for step in result.steps] == [1]
    assert not model.is_done


def test_a_result_beyond_its_budget_is_cut_for_the_model_and_whole_in_the_events() -> None:
    @tool
    def flood() -> str:
        """Flood."""
        return "x" * 10_000

    model = ScriptedModel([call("flood"), say("long")])
    events = list(agent(model, flood, limits=Limits(max_observation_tokens=500)).stream("?"))
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    assert len(finished.result.text) == 10_000
    (cut,) = [event for event in events if isinstance(event, ObservationCut)]
    read = model.conversations[0].messages[2][1]
    assert len(read) <= 500
    assert f"{cut.left_out_chars:,} of 10,000 characters left out" in read


def test_many_observations_share_the_budget_of_one_result() -> None:
    """Each had 64 tokens at least: 300 of them took ten times the budget."""

    @tool
    def feed() -> ToolOutput:
        """Feed."""
        return ToolOutput(tuple(Observation(f"{number} {'x' * 98}") for number in range(300)))

    model = ScriptedModel([call("feed"), say("long")])
    list(agent(model, feed, limits=Limits(max_observation_tokens=500)).stream("?"))
    read = [text for role, text in model.conversations[0].messages if role == "observation"]
    assert len(read) == 500 // 64
    assert sum(map(len, read)) <= 500
    assert read[0].startswith("0 ")
    assert "left out" in read[-1]


def test_two_tools_of_one_name_are_refused_when_the_agent_is_made() -> None:
    with pytest.raises(ToolDefinitionError, match="add"):
        Agent(ScriptedModel([]), [add, add])

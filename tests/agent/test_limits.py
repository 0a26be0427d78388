"""Promise P8: whatever the model does, a run ends, with an answer or a reason."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from glm_agent.errors import ConfigurationError
from glm_agent.events import LimitReached, RunFinished, ToolStarted, TurnFinished
from glm_agent.limits import Limits
from glm_agent.orchestrator import Agent
from glm_agent.repetition import LOOKED_AT_CHARS, RepetitionDetector
from glm_agent.testing import Reply, ScriptedModel, call, code, raw_call, say
from glm_sandbox import open_sandbox
from glm_tools.function_tool import tool
from glm_tools.python import PythonTool
from glm_tools.tool import Ctx


@tool
def look(place: str) -> str:
    """Look."""
    return f"nothing in {place}"


def clock_of(*steps_s: float) -> Callable[[], float]:
    """A clock that shows these times, one each time it is asked, and then the last."""
    times = iter(steps_s)
    last = [0.0]

    def clock() -> float:
        last[0] = next(times, last[0])
        return last[0]

    return clock


def ticking(step_s: float) -> Callable[[], float]:
    numbers: Iterator[int] = count()
    return lambda: next(numbers) * step_s


def test_babbling_ends_at_the_token_limit_with_what_was_said() -> None:
    result = Agent(ScriptedModel([say("And so on, and so", finish="length")])).run("?")
    assert (result.answer, result.finish_reason) == ("And so on, and so", "length")


@pytest.mark.parametrize("piece", ["ha", "I do not know.\n", "\n", "好的。"])
def test_endless_repetition_is_stopped_long_before_the_token_limit(piece: str) -> None:
    model = ScriptedModel([say("Well. " + piece * 20_000)])
    result = Agent(model).run("?")
    assert result.finish_reason in ("repetition", "empty")
    assert len(result.steps[0].text) < 3 * LOOKED_AT_CHARS


def test_repetition_inside_a_call_is_stopped_not_run_and_followed_by_an_answer() -> None:
    model = ScriptedModel(
        [raw_call("look", '{"place": "' + "a" * 50_000), Reply(text="I cannot.", name="look")]
    )
    result = Agent(model, [look]).run("?")
    assert (result.answer, result.finish_reason, result.calls) == ("I cannot.", "repetition", ())


@pytest.mark.parametrize(
    "text", ["| a | b |\n|---|---|\n" + "| x | y |\n" * 40, "-" * 900, "0, " * 300, "word " * 150]
)
def test_tables_and_separators_are_no_endless_repetition(text: str) -> None:
    assert not RepetitionDetector().push(text)


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_an_empty_answer_says_so(text: str) -> None:
    assert Agent(ScriptedModel([say(text)])).run("?").finish_reason == "empty"


def test_text_and_a_call_in_one_turn_are_both_kept() -> None:
    model = ScriptedModel(
        [Reply(text="Let me look.", name="look", arguments={"place": "x"}, raw="{}"), say("No.")]
    )
    result = Agent(model, [look]).run("?")
    assert result.steps[0].text == "Let me look."
    assert result.steps[0].result is not None
    assert result.answer == "No."


def test_time_is_over_in_the_middle_of_a_turn() -> None:
    model = ScriptedModel([say(" ".join(map(str, range(2_000))))])
    result = Agent(model, limits=Limits(max_wall_s=20), clock=ticking(1)).run("?")
    assert result.finish_reason == "wall_time"
    assert 0 < len(result.answer) < 3_000


def test_time_is_over_in_a_call_which_is_told_to_stop_and_the_model_answers() -> None:
    now = [0.0]

    @tool
    def wait(ctx: Ctx[None]) -> str:
        """Wait."""
        now[0] = 100.0  # what the user would see pass on the wall
        assert ctx.cancelled.wait(60)
        return "never read"

    model = ScriptedModel([call("wait"), Reply(text="Out of time.", name="wait")])
    result = Agent(model, [wait], limits=Limits(max_wall_s=50), clock=lambda: now[0]).run("?")
    assert (result.answer, result.finish_reason) == ("Out of time.", "wall_time")
    assert result.steps[0].result is not None
    assert result.steps[0].result.status in ("timeout", "ok")


def test_one_step_is_enough_for_an_answer() -> None:
    result = Agent(ScriptedModel([say("Yes.")]), [look], limits=Limits(max_steps=1)).run("?")
    assert (result.answer, result.finish_reason) == ("Yes.", "answer")


def test_a_limit_is_an_event_before_the_last_turn() -> None:
    model = ScriptedModel([call("look", place=str(n)) for n in range(3)] + [say("Enough.")])
    events = list(Agent(model, [look], limits=Limits(max_steps=4)).stream("?"))
    kinds = [event for event in events if isinstance(event, LimitReached | TurnFinished)]
    assert isinstance(kinds[-2], LimitReached)
    assert kinds[-2].reason == "max_steps"
    assert isinstance(events[-1], RunFinished)


def test_a_loop_of_two_calls_is_a_loop_too() -> None:
    calls = [call("look", place="a"), call("look", place="b")] * 3
    model = ScriptedModel([*calls[:5], Reply(text="Nowhere.", name="look")])
    assert Agent(model, [look]).run("?").finish_reason == "loop"


def test_calls_of_tools_that_are_not_there_end_as_a_loop() -> None:
    model = ScriptedModel([*[call("shell", c="ls")] * 3, Reply(text="I give up.", name="x")])
    result = Agent(model, [look]).run("?")
    assert (result.answer, result.finish_reason) == ("I give up.", "loop")


def test_a_cell_that_fails_the_same_way_again_and_again_is_a_loop() -> None:
    """A traceback names its cell by a number that grows: that alone is no other result."""
    model = ScriptedModel(
        [*[code("print('x')\n1 / 0")] * 3, Reply(text="It fails.", name="python")]
    )
    with Agent(model, [PythonTool(lambda: open_sandbox("off"))]) as agent:
        result = agent.run("?")
    texts = [step.result.text for step in result.steps if step.result]
    assert "<cell 1>" in texts[0]
    assert "<cell 2>" in texts[1]
    assert (result.answer, result.finish_reason) == ("It fails.", "loop")


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_steps=0),
        Limits(max_new_tokens=0),
        Limits(max_repeats=1),
        Limits(max_wall_s=0.0),
        Limits(max_wall_s=float("nan")),
        Limits(max_observation_tokens=0),
        Limits(when_full="summarize"),  # type: ignore[arg-type]
    ],
)
def test_a_limit_that_is_none_is_refused_before_it_is_recorded(limits: Limits) -> None:
    """A misspelt policy made a journal that could not be read again; one repetition refused the first call."""
    with pytest.raises(ConfigurationError, match=r"Limits\."):
        Agent(ScriptedModel([]), limits=limits)
    session = Agent(ScriptedModel([call("look", place="attic"), say("Done.")]), [look]).session()
    next(event for event in session.stream("?") if isinstance(event, ToolStarted))
    with pytest.raises(ConfigurationError, match=r"Limits\."):
        session.resume(limits=limits)

"""A program's own functions before and after each call: their order, what they see, and what happens when they raise."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from glm_agent.event_records import event_name
from glm_agent.events import ToolFinished, ToolStarted
from glm_agent.hooks import Ask, Deny, Replace
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import Reply, ScriptedModel, call, say
from glm_tools.function_tool import tool
from glm_tools.tool import Observation, ToolCall, ToolResult

sent: list[str] = []


@pytest.fixture(autouse=True)
def nothing_sent() -> None:
    sent.clear()


@tool
def send(text: str) -> str:
    """Send."""
    sent.append(text)
    return f"sent {text}"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "sessions.sqlite3")
    yield journal
    journal.close()


def agent(*script: Reply, journal: Journal | None = None) -> Agent:
    return Agent(ScriptedModel([*script, say("Done.")]), [send], journal=journal)


def test_replacements_add_up_and_the_first_refusal_decides() -> None:
    seen: list[object] = []
    with agent(call("send", text="a")) as made:

        @made.before_call
        def longer(call: ToolCall) -> Replace:
            seen.append(call.arguments)
            return Replace({"text": "ab"})

        @made.before_call
        def refuse(call: ToolCall) -> Deny | None:
            seen.append(call.arguments)
            return Deny("too long") if call.arguments == {"text": "ab"} else None

        @made.before_call
        def never_asked(call: ToolCall) -> None:
            seen.append("asked")

        result = made.run("?")
    assert seen == [{"text": "a"}, {"text": "ab"}]
    assert result.steps[0].result is not None
    assert result.steps[0].result.text == "The call was not run: too long"
    assert sent == []


def test_what_was_replaced_is_what_ran_what_the_events_show_and_what_the_step_keeps() -> None:
    with agent(call("send", text="a")) as made:
        made.before_call(lambda call: Replace({"text": "b"}))
        events = list(made.stream("?"))
    (started,) = [event for event in events if isinstance(event, ToolStarted)]
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    assert started.call.arguments == finished.call.arguments == {"text": "b"}
    assert started.call.raw == '{"text": "a"}', "what the model wrote is kept beside it"
    assert sent == ["b"]


def test_each_hook_after_a_call_sees_what_the_one_before_made_of_the_result() -> None:
    def marked(mark: str, result: ToolResult) -> ToolResult:
        return ToolResult(result.call_id, "ok", (Observation(result.text + mark),))

    with agent(call("send", text="a")) as made:
        made.after_call(lambda call, result: marked("1", result))
        made.after_call(lambda call, result: None)
        made.after_call(lambda call, result: marked("2", result))
        result = made.run("?")
    assert result.steps[0].result is not None
    assert result.steps[0].result.text == "sent a12"


def test_a_hook_that_raises_ends_the_run_before_the_call_and_the_run_can_be_resumed(
    journal: Journal,
) -> None:
    with agent(call("send", text="a"), journal=journal) as made, made.session("s") as session:
        made.before_call(lambda call: 1 // 0)  # type: ignore[arg-type, return-value]
        with pytest.raises(ZeroDivisionError):
            session.run("?")
    (run,) = journal.newest_runs()
    kinds = [event_name(entry.event) for entry in journal.events(run.id)]
    assert kinds == ["run.started", "prompt.rendered", "turn.finished"]
    assert sent == []
    with agent(journal=journal) as mended, mended.session("s") as session:
        assert session.resume().answer == "Done."
    assert sent == ["a"]


def test_a_hook_that_raises_after_a_call_leaves_it_as_interrupted_and_it_is_not_run_again(
    journal: Journal,
) -> None:
    with agent(call("send", text="a"), journal=journal) as made, made.session("s") as session:
        made.after_call(lambda call, result: 1 // 0)  # type: ignore[arg-type, return-value]
        with pytest.raises(ZeroDivisionError):
            session.run("?")
    with agent(journal=journal) as mended, mended.session("s") as session:
        result = session.resume()
    assert [step.result.status for step in result.steps if step.result] == ["interrupted"]
    assert sent == ["a"]


def test_hooks_are_asked_again_when_a_call_that_waited_is_resumed(journal: Journal) -> None:
    asked = []

    def ask(call: ToolCall) -> Ask:
        asked.append(call.id)
        return Ask("sure?")

    with agent(call("send", text="a"), journal=journal) as made, made.session("s") as session:
        made.before_call(ask)
        assert session.run("?").finish_reason == "needs_approval"
        assert session.resume(decision="approved").answer == "Done."
    assert asked == ["call_1", "call_1"]
    assert sent == ["a"]


def test_what_a_hook_makes_of_a_result_is_still_a_result_of_the_call() -> None:
    """Without an observation the run died of a division; one of another call was filed under that."""
    tested = agent(call("send", text="a"), call("send", text="b"), say("Done."))
    made = iter(
        [
            ToolResult("call_1", "ok", ()),
            ToolResult("call_9", "ok", (Observation("half a pair: \ud800"),)),
        ]
    )
    tested.after_call(lambda call, result: next(made))
    results = [step.result for step in tested.run("Send.").steps if step.result]
    assert [result.call_id for result in results] == ["call_1", "call_2"]
    assert [result.text for result in results] == ["(empty text)", "half a pair: \ufffd"]

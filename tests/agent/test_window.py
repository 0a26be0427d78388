"""A full context window: never a silent truncation, and never a cache that is broken at every step."""

import threading

import pytest

from glm_agent.chat_model import TurnOptions
from glm_agent.events import (
    ContextReduced,
    Event,
    PromptRendered,
    RunFinished,
    RunResult,
    ToolFinished,
    TurnFinished,
)
from glm_agent.limits import ContextPolicy, Limits
from glm_agent.orchestrator import Agent
from glm_agent.read_result import ReadResultTool
from glm_agent.testing import Reply, ScriptedConversation, ScriptedModel, call, say
from glm_tools.function_tool import tool
from glm_tools.tool import Ctx, ToolCall

SYSTEM = "Be brief."
TASK = "The task, word for word."
WINDOW = 4_000
STEPS = 300


@tool
def fetch(number: int) -> str:
    """Fetch."""
    return f"{number}: " + "fact " * 60


class Summarising(ScriptedModel):
    """Answers a request to sum up without using the script."""

    def open(self, *args: object, **keywords: object) -> ScriptedConversation:
        conversation = super().open(*args, **keywords)  # type: ignore[arg-type]
        plain = self.next_reply

        def next_reply() -> Reply:
            is_summary = "Sum up what has been done" in conversation.messages[-1][1]
            return say("Facts were fetched.") if is_summary else plain()

        conversation._next_reply = next_reply
        return conversation


def long_run(policy: ContextPolicy, steps: int = STEPS) -> tuple[list[Event], Summarising]:
    replies = [call("fetch", number=number) for number in range(steps - 1)]
    model = Summarising([*replies, say("Done.")], context_length=WINDOW)
    limits = Limits(max_steps=steps + 1, max_new_tokens=200, when_full=policy)
    return list(Agent(model, [fetch], system=SYSTEM, limits=limits).stream(TASK)), model


def result_of(events: list[Event]) -> RunResult:
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    return finished.result


@pytest.mark.parametrize("policy", ["elide", "summarise"])
def test_three_hundred_steps_in_a_small_window(policy: ContextPolicy) -> None:
    events, model = long_run(policy)
    result = result_of(events)
    assert (result.answer, result.finish_reason, len(result.steps)) == ("Done.", "answer", STEPS)
    (conversation,) = model.conversations
    assert conversation.num_tokens < WINDOW
    texts = [text for _, text in conversation.messages]
    assert SYSTEM in texts
    assert TASK in texts
    assert f"{STEPS - 2}: " in texts[-2], "the last observation is there"
    reduced = [event for event in events if isinstance(event, ContextReduced)]
    assert reduced
    assert all(event.tokens_after < min(event.tokens_before, WINDOW) for event in reduced)


def test_room_is_made_seldom_so_that_the_cache_is_kept() -> None:
    """Hysteresis: most prompts only add to the one before."""
    events, _ = long_run("elide")
    reduced = [event for event in events if isinstance(event, ContextReduced)]
    turns = [event for event in events if isinstance(event, TurnFinished)]
    assert len(reduced) * 4 < len(turns)
    computed = sum(turn.usage.new_tokens for turn in turns)
    reused = sum(turn.usage.reused_tokens for turn in turns)
    assert reused > computed * 3


def test_with_the_error_policy_the_run_says_that_the_window_is_full() -> None:
    events, _ = long_run("error")
    result = result_of(events)
    assert result.finish_reason == "context"
    assert 0 < len(result.steps) < STEPS
    assert not any(isinstance(event, ContextReduced) for event in events)


def test_what_was_prompted_adds_up_to_what_the_model_has() -> None:
    """The recorded differences are exact, through every reduction."""
    events, model = long_run("elide", 60)
    ids: list[int] = []
    for event in events:
        if isinstance(event, PromptRendered):
            ids = ids[: event.kept_tokens]
            ids += [token for segment in event.segments for token in segment.token_ids]
        elif isinstance(event, TurnFinished):
            ids += event.token_ids
    (conversation,) = model.conversations
    assert ids == [token for segment in conversation.segments for token in segment.token_ids]


def test_a_task_that_does_not_fit_is_an_end_and_not_a_crash() -> None:
    result = Agent(ScriptedModel([], context_length=100)).run("x" * 200)
    assert (result.finish_reason, result.steps) == ("context", ())


def test_the_model_pages_through_a_result_that_was_cut() -> None:
    @tool
    def flood() -> str:
        """Flood."""
        return "".join(f"line {number}\n" for number in range(2_000))

    pages = [call("read_result", id="call_1", offset=offset) for offset in (0, 5_000, 99_999)]
    model = ScriptedModel([call("flood"), *pages, say("Read.")])
    limits = Limits(max_observation_tokens=500)
    events = list(Agent(model, [flood], limits=limits).stream("?"))
    full, *read = [event.result.text for event in events if isinstance(event, ToolFinished)]
    texts = [text for role, text in model.conversations[0].messages if role == "observation"]
    assert 'read_result("call_1", ' in texts[0]
    assert all(len(text) <= 500 for text in texts)
    for text, offset in zip(read, (0, 5_000), strict=False):
        head, _, page = text.partition("\n")
        assert head.startswith(f"[characters {offset} to ")
        assert page == full[offset : offset + len(page)]
        assert len(page) > 300
    assert "has 19,890 characters" in read[2] or f"has {len(full):,} characters" in read[2]


def test_pages_follow_one_another_without_a_gap() -> None:
    text = "".join(f"{number} " for number in range(5_000))
    reader = ReadResultTool({"c": text}, budget_tokens=300, count_tokens=lambda t: len(t) // 3)
    context = Ctx(None, ToolCall("r", "read_result", {}, ""), _event(), lambda *_: None)
    offset, pages = 0, []
    while offset < len(text):
        output = reader.run({"id": "c", "offset": offset}, context)
        _, _, page = output.observations[0].text.partition("\n")
        pages.append(page)
        offset += len(page)
    assert "".join(pages) == text
    assert all(len(page) // 3 <= 300 for page in pages)


def _event() -> threading.Event:
    return threading.Event()


def test_a_conversation_of_many_tasks_keeps_the_last_one() -> None:
    model = ScriptedModel([say("answer " * 30) for _ in range(40)], context_length=2_000)
    with Agent(model, limits=Limits(max_new_tokens=250)).session() as session:
        for number in range(40):
            assert session.run(f"question {number}").finish_reason == "answer"
    messages = model.conversations[0].messages
    assert ("user", "question 39") in messages
    assert ("user", "question 0") not in messages
    assert any("earlier pieces of this conversation were left out" in text for _, text in messages)


def test_options_of_a_turn_are_recorded() -> None:
    events = list(Agent(ScriptedModel([say("x")])).stream("?"))
    (prompt,) = [event for event in events if isinstance(event, PromptRendered)]
    assert prompt.options == TurnOptions("call_1")

"""Three hundred steps in a small window on the real engine: what went through the network is counted, token by token.

The engine, its cache and the dialect are real; what the model says is put into its mouth.
"""

from collections.abc import Iterator, Sequence
from threading import Event as Flag

import pytest

from glm_agent.chat_model import ModelEvent, TurnEnded, TurnOptions, TurnUsage
from glm_agent.events import ContextReduced, Event, PromptRendered, RunFinished, TurnFinished
from glm_agent.limits import ContextPolicy, Limits
from glm_agent.local_model import LocalConversation, LocalModel
from glm_agent.orchestrator import Agent
from glm_agent.prompt_builder import SUMMARY_REQUEST
from glm_agent.state import count_tokens
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_prompts.dialect import CallReady, TextDelta
from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Segment
from glm_tools.function_tool import tool
from glm_tools.tool import ToolCall, ToolSpec

TOKENIZER = tiny_tokenizer()
WINDOW = 6_000
STEPS = 300
SYSTEM = "Be brief."
SUMMARY = "Facts were fetched."
TASK = "The task, word for word."


@tool
def fetch(number: int) -> str:
    """Fetch."""
    return f"{number}: " + "fact " * 30


class SpeakingModel(LocalModel):
    """Says what a script says, in ids that go through its network."""

    def __init__(self, num_calls: int) -> None:
        engine = tiny_engine(vocab_size=TOKENIZER.vocab_size, context_length=WINDOW)
        super().__init__(engine, TOKENIZER, Glm4Dialect(TOKENIZER), name="speaking")
        self.lines = [f'fetch\n{{"number": {number}}}' for number in range(num_calls)]

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> "SpeakingConversation":
        return SpeakingConversation(self, system, tools, history)


class SpeakingConversation(LocalConversation):
    """Its turns: prefill as ever, then the next line of the script instead of sampled tokens."""

    def respond(self, options: TurnOptions, cancel: Flag | None = None) -> Iterator[ModelEvent]:
        model = self._model
        assert isinstance(model, SpeakingModel)
        asked = TOKENIZER.decode(self.segments[-2].token_ids)
        start, reused = len(self.session.token_ids), self.session.num_computed
        for _ in self.session.prefill():
            pass
        if "Sum up what has been done" in asked:
            line, ready = f"\n{SUMMARY}", None
        elif model.lines:
            line = model.lines.pop(0)
            raw = line.partition("\n")[2]
            number = int(raw.split()[1].rstrip("}"))
            ready = CallReady(ToolCall(options.call_id, "fetch", {"number": number}, raw))
        else:
            line, ready = "\nDone.", None
        ids = tuple(TOKENIZER.encode(line))
        self.session.append(ids)
        self._segments.append(Segment("assistant", ids))
        yield ready or TextDelta(line.strip())
        yield TurnEnded("stop", TurnUsage(start - reused, reused, len(ids)), ids)


def long_run(policy: ContextPolicy) -> tuple[list[Event], SpeakingModel]:
    model = SpeakingModel(STEPS - 1)
    limits = Limits(max_steps=STEPS + 1, max_new_tokens=150, when_full=policy)
    with Agent(model, [fetch], system=SYSTEM, limits=limits) as agent:
        return list(agent.stream(TASK)), model


@pytest.mark.parametrize("policy", ["elide", "summarise"])
def test_the_cache_is_broken_only_where_room_was_made_and_nothing_goes_silently(
    policy: ContextPolicy,
) -> None:
    events, model = long_run(policy)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.result.answer, finished.result.finish_reason) == ("Done.", "answer")
    assert len(finished.result.steps) == STEPS

    sequence: list[Segment] = []
    appended = prompted = reductions = 0
    was_reduced = False
    for event in events:
        if isinstance(event, ContextReduced):
            was_reduced = True
            reductions += 1
            assert event.policy == policy
            assert event.tokens_after < event.tokens_before
        elif isinstance(event, PromptRendered):
            whole = count_tokens(sequence)
            assert event.kept_tokens == whole or was_reduced, "something went without a word"
            sequence = [*_cut(sequence, event.kept_tokens), *event.segments]
            appended += count_tokens(event.segments)
            prompted += count_tokens(sequence)
            _check_pinned(sequence, is_summed_up=was_reduced and policy == "summarise")
            was_reduced = False
        elif isinstance(event, TurnFinished):
            sequence.append(Segment("assistant", event.token_ids))
            appended += len(event.token_ids)
    forwarded = model.engine.decoder.tokens_forwarded
    assert 0 < reductions < STEPS / 15, "room is made seldom"
    # To sum up, the model reads its own sequence on; that and the summary come on top of what was appended.
    asking = len(TOKENIZER.encode(SUMMARY_REQUEST + SUMMARY)) + 8
    summing_up = reductions * asking if policy == "summarise" else 0
    assert forwarded <= appended + summing_up, "nothing is computed that is there"
    assert forwarded < prompted / 10, "as if the cache were broken each turn"


def _check_pinned(sequence: list[Segment], *, is_summed_up: bool) -> None:
    texts = [TOKENIZER.decode(segment.token_ids) for segment in sequence]
    labels = [segment.label for segment in sequence]
    assert any(SYSTEM in text for text in texts[:3])
    assert any("fetch" in text for text in texts[:3]), "the tool is shown"
    assert sum(TASK in text for text in texts) == 1
    observations = [n for n, label in enumerate(labels) if label.startswith("observation ")]
    if observations:
        last = [texts[n] for n in observations[-2:]]
        assert all("fact" in text for text in last), "the last results are whole"
    assert not is_summed_up or any(SUMMARY in text for text in texts)
    assert labels[-1] == "reply prompt"
    assert count_tokens(sequence) < WINDOW


def _cut(sequence: list[Segment], length: int) -> list[Segment]:
    kept: list[Segment] = []
    for segment in sequence:
        if length <= 0:
            break
        kept.append(Segment(segment.label, segment.token_ids[:length]))
        length -= len(segment.token_ids)
    return kept


def test_with_the_error_policy_the_run_stops_where_the_window_ends_and_nothing_was_recomputed() -> (
    None
):
    events, model = long_run("error")
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.result.finish_reason == "context"
    assert not any(isinstance(event, ContextReduced) for event in events)
    appended = sum(
        count_tokens(event.segments) if isinstance(event, PromptRendered) else len(event.token_ids)
        for event in events
        if isinstance(event, PromptRendered | TurnFinished)
    )
    assert model.engine.decoder.tokens_forwarded <= appended

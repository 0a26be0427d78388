"""What a recorded run's model read and wrote, turn by turn, as token ids; and where two such recordings part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glm_agent.chat_model import TurnOptions, TurnUsage
from glm_agent.errors import ConfigurationError
from glm_agent.events import (
    ContextReduced,
    Event,
    PromptRendered,
    RunResumed,
    SessionWoken,
    TurnFinished,
    TurnOutcome,
)
from glm_agent.journal import Journal
from glm_agent.state import SessionState
from glm_prompts.messages import Segment


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn.

    Attributes:
        step: its number in the run.
        before: what the model had read and written before it.
        prompt: what it read, whole.
        options: how it was generated.
        token_ids: what it wrote, the stop token included.
        finish: why it ended.
        usage: what it cost.
        reduced: how room was made for it, if it was.
        woken: what a session that was opened again was spared, where it is kept warm.
    """

    step: int
    before: tuple[Segment, ...]
    prompt: tuple[Segment, ...]
    options: TurnOptions
    token_ids: tuple[int, ...]
    finish: TurnOutcome
    usage: TurnUsage
    reduced: ContextReduced | None
    woken: SessionWoken | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two sequences of ids part.

    Attributes:
        position: of the first id that differs, from 0.
        label: of the segment it is in, on the left; `assistant` for what the model wrote.
        left: the id there, None at the end of the sequence.
        right: as `left`.
    """

    position: int
    label: str
    left: int | None
    right: int | None


def run_events(journal: Journal, run_id: str) -> tuple[SessionState, list[Event]]:
    """The state of the session before a run, and the run's events.

    Raises:
        ConfigurationError: there is no such run.
        JournalError: it cannot be read.
    """
    run = journal.run(run_id)
    if run is None:
        raise ConfigurationError(f"There is no run {run_id!r}. `glm-agent replay` lists the runs.")
    state = SessionState()
    for earlier in journal.runs(run.session_id):
        if earlier.number >= run.number:
            break
        for entry in journal.events(earlier.id):
            state.apply(entry.event)
    return state, [entry.event for entry in journal.events(run_id)]


def recorded_turns(state: SessionState, events: Iterable[Event]) -> list[RecordedTurn]:
    """The turns of a run; one that was broken off and taken again counts once.

    Args:
        state: of the session before the run; changed.
        events: of the run.
    """
    turns: list[RecordedTurn] = []
    prompt: PromptRendered | None = None
    reduced: ContextReduced | None = None
    woken: SessionWoken | None = None
    before: tuple[Segment, ...] = ()
    for event in events:
        if isinstance(event, PromptRendered):
            before, prompt = tuple(state.history), event
        if isinstance(event, RunResumed) and state.takes_back_turn(event):
            turns.pop()
        if isinstance(event, ContextReduced):
            reduced = event
        if isinstance(event, SessionWoken):
            woken = event
        if isinstance(event, TurnFinished) and prompt is not None:
            stop = () if event.stop_token_id is None else (event.stop_token_id,)
            turns.append(
                RecordedTurn(
                    step=event.step,
                    before=before,
                    prompt=tuple(state.history),
                    options=prompt.options,
                    token_ids=(*event.token_ids, *stop),
                    finish=event.finish,
                    usage=event.usage,
                    reduced=reduced,
                    woken=woken,
                )
            )
            reduced = woken = None
        state.apply(event)
    return turns


def first_difference(left: Sequence[Segment], right: Sequence[Segment]) -> Difference | None:
    """Where two sequences part; None when they are the same, however they are cut into segments."""
    left_ids = [(token_id, segment.label) for segment in left for token_id in segment.token_ids]
    right_ids = [token_id for segment in right for token_id in segment.token_ids]
    for position, ((token_id, label), other) in enumerate(zip(left_ids, right_ids, strict=False)):
        if token_id != other:
            return Difference(position, label, token_id, other)
    if len(left_ids) == len(right_ids):
        return None
    position = min(len(left_ids), len(right_ids))
    if position < len(left_ids):
        token_id, label = left_ids[position]
        return Difference(position, label, token_id, None)
    return Difference(position, left[-1].label if left else "", None, right_ids[position])


def compare_turns(
    left: Sequence[RecordedTurn], right: Sequence[RecordedTurn]
) -> tuple[int, Difference | None] | None:
    """The first turn in which two runs part, and where; None when they are the same.

    The difference is None when one run has a turn that the other has not.
    """
    for one, other in zip(left, right, strict=False):
        whole = (*one.prompt, Segment("assistant", one.token_ids))
        other_whole = (*other.prompt, Segment("assistant", other.token_ids))
        found = first_difference(whole, other_whole)
        if found is not None:
            return one.step, found
    if len(left) != len(right):
        return min(len(left), len(right)) + 1, None
    return None

"""Making room when the context window is full.

A sequence is seen as units: the start (prefix, tools, system), each of the user's messages, each turn of the model
with the results of its call. The start, the task and the last turns are pinned. Room is made down to half of the
window at once, so that the cache is broken seldom instead of at every turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glm_agent.state import REPLY_PROMPT, count_tokens
from glm_prompts.messages import Segment

LOW_WATER = 0.5  # of the window: what is left after room was made
PINNED_TURNS = 2
OBSERVATION = "observation "
RECEIPT = "receipt "
NOTE = "note"
SUMMARY = "summary"
REJECTION = "rejection"  # of an answer: what the user says, and not what was asked
_START = frozenset(("prefix", "tools", "system"))


@dataclass(frozen=True, slots=True)
class Unit:
    """Segments that stay or go together."""

    segments: tuple[Segment, ...]
    is_pinned: bool

    @property
    def num_tokens(self) -> int:
        return count_tokens(self.segments)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A sequence with room.

    Attributes:
        segments: of it.
        elided_calls: calls whose results became receipts.
        num_dropped: segments that went altogether.
    """

    segments: tuple[Segment, ...]
    elided_calls: tuple[str, ...]
    num_dropped: int


@dataclass(frozen=True, slots=True)
class SummarySplit:
    """A sequence of which a part may be summed up.

    Attributes:
        read: the sequence up to the end of that part, with the start and the task: what it has computed it need not
            compute to sum up.
        num_old: segments of the part; 0 where there is none.
        start: stays before the summary.
        pinned: stays after it.
    """

    read: tuple[Segment, ...]
    num_old: int
    start: tuple[Segment, ...]
    pinned: tuple[Segment, ...]


def units_of(segments: Sequence[Segment]) -> list[Unit]:
    """The units of a sequence, in order."""
    groups: list[list[Segment]] = []
    for segment in segments:
        begins = segment.label in (REPLY_PROMPT, "user", REJECTION, NOTE, SUMMARY)
        if not groups or (begins and segment.label not in _START):
            groups.append([])
        groups[-1].append(segment)
    turns = [n for n, group in enumerate(groups) if group[0].label == REPLY_PROMPT]
    tasks = [n for n, group in enumerate(groups) if group[0].label == "user"]
    rejections = [n for n, group in enumerate(groups) if group[0].label == REJECTION]
    # The last reply prompt is that of the turn to come.
    pinned = {*turns[-PINNED_TURNS - 1 :], *tasks[-1:], *rejections[-1:]}
    return [
        Unit(tuple(group), n in pinned or group[0].label in _START)
        for n, group in enumerate(groups)
    ]


def elide(
    segments: Sequence[Segment],
    *,
    target_tokens: int,
    receipt: Callable[[str], Segment],
    note: Callable[[int], Segment],
    dropped_before: int,
) -> Shortened:
    """Oldest observations become receipts; where that is not enough, the oldest units go, and a note stands for them.

    Args:
        segments: the sequence.
        target_tokens: what it should come down to; more where what is pinned is more.
        receipt: the segment that stands for the result of a call.
        note: the segment that stands for so many segments that went.
        dropped_before: segments that went in earlier calls of this function.
    """
    units = units_of(segments)
    total = count_tokens(segments)
    elided: list[str] = []
    for index, unit in enumerate(units):
        if total <= target_tokens:
            break
        if not unit.is_pinned:
            shorter, call_id = _with_receipt(unit, receipt)
            if call_id:
                elided.append(call_id)
            total -= unit.num_tokens - shorter.num_tokens
            units[index] = shorter
    num_dropped = 0
    if total > target_tokens:
        kept: list[Unit] = []
        for unit in units:
            if total > target_tokens and not unit.is_pinned:
                total -= unit.num_tokens
                num_dropped += sum(segment.label != NOTE for segment in unit.segments)
            else:
                kept.append(unit)
        if num_dropped:
            place = next((n for n, unit in enumerate(kept) if not _is_start(unit)), len(kept))
            kept.insert(place, Unit((note(dropped_before + num_dropped),), is_pinned=False))
        units = kept
    return Shortened(
        tuple(segment for unit in units for segment in unit.segments), tuple(elided), num_dropped
    )


def split_for_summary(segments: Sequence[Segment]) -> SummarySplit:
    """Which part of a sequence may be summed up."""
    start: list[Segment] = []
    pinned: list[Segment] = []
    read: list[Segment] = []
    seen: list[Segment] = []
    num_old = 0
    for unit in units_of(segments):
        seen += unit.segments
        if _is_start(unit):
            start += unit.segments
        elif unit.is_pinned:
            pinned += unit.segments
        else:
            num_old += len(unit.segments)
            read = list(seen)
    return SummarySplit(tuple(read), num_old, tuple(start), tuple(pinned))


def _is_start(unit: Unit) -> bool:
    return unit.segments[0].label in _START


def _with_receipt(unit: Unit, receipt: Callable[[str], Segment]) -> tuple[Unit, str]:
    """The unit with its observations as one receipt, and the call; the unit itself where that is not shorter."""
    observations = [s for s in unit.segments if s.label.startswith(OBSERVATION)]
    if not observations:
        return unit, ""
    call_id = observations[0].label.removeprefix(OBSERVATION)
    replacement = receipt(call_id)
    if len(replacement.token_ids) >= count_tokens(observations):
        return unit, ""
    rest = tuple(s for s in unit.segments if not s.label.startswith(OBSERVATION))
    return Unit((*rest, replacement), unit.is_pinned), call_id

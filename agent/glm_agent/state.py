"""Where a session stands: the sum of its events.

The loop decides from this state alone, and the state comes from events alone. A session that is read back from the
journal therefore goes on exactly where it stopped.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from glm_agent.approval import Rule
from glm_agent.errors import ConfigurationError
from glm_agent.events import (
    AnswerRejected,
    ApprovalDecided,
    ApprovalRequested,
    ContextReduced,
    Event,
    FinishReason,
    LimitReached,
    PromptRendered,
    RunFinished,
    RunResumed,
    RunStarted,
    Step,
    ToolFinished,
    ToolStarted,
    TurnFinished,
)
from glm_agent.limits import Limits
from glm_agent.output_type import REJECTED, with_schema
from glm_prompts.messages import Segment
from glm_tools.tool import JSONSchema, ToolCall, ToolResult

ASSISTANT = "assistant"
REPLY_PROMPT = "reply prompt"

# Runs that ended so can be resumed.
RESUMABLE: frozenset[FinishReason] = frozenset(("needs_approval", "interrupted"))
# And so, where they are given other limits: what was said when the limit was reached is taken back.
LIMITED: frozenset[FinishReason] = frozenset(("max_steps", "wall_time", "context", "length"))

# A traceback of the python tool names the cell by its number, which grows: the same error is the same result.
_CELL = re.compile(r"<cell \d+>")


@dataclass(slots=True)
class SessionState:
    """A session, and the run in it that is under way or was last.

    Attributes:
        history: what the model has read and written.
        unsent: the user's words and results that the model has not read yet.
        texts: call id -> the whole text of its result.
        num_steps: turns of all runs; call ids are counted with it.
        dropped_segments: segments that made room since the session began.
        is_untrusted: text of others has entered the context.
        called: names of the tools that were run, in whatever process.
        run_id: the run; empty before the first.
        prompt: what it was asked.
        limits: of it.
        rules: that go before the agent's policy in it.
        steps: its finished steps.
        last_turn: its last turn.
        call: the call that waits or runs, None when there is none.
        requested: the approval that was asked for it.
        decided: what was decided.
        is_started: the call is running, or was when the program ended.
        reruns_interrupted: the user agreed that such a call runs again.
        repeats: a call's name and arguments -> its last result, and how often it was that.
        is_looping: the last call was a repetition too many.
        output_schema: the run's answer is JSON under it; None for text.
        num_rejected: answers of the run that were sent back.
        is_rejected: the last one was, and the model has not answered again.
        closing: why the next turn is the last.
        finish: why the run ended; None while it goes on.
    """

    history: list[Segment] = field(default_factory=list)
    unsent: list[str | ToolResult] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    num_steps: int = 0
    dropped_segments: int = 0
    is_untrusted: bool = False
    called: set[str] = field(default_factory=set)
    run_id: str = ""
    prompt: str = ""
    limits: Limits = field(default_factory=Limits)
    rules: tuple[Rule, ...] = ()
    steps: list[Step] = field(default_factory=list)
    last_turn: TurnFinished | None = None
    call: ToolCall | None = None
    requested: ApprovalRequested | None = None
    decided: ApprovalDecided | None = None
    is_started: bool = False
    reruns_interrupted: bool = False
    repeats: dict[str, tuple[str, int]] = field(default_factory=dict)
    output_schema: JSONSchema | None = None
    num_rejected: int = 0
    is_rejected: bool = False
    closing: FinishReason | None = None
    finish: FinishReason | None = None

    @property
    def is_open(self) -> bool:
        """A run has begun and is not finished, or waits for approval."""
        return bool(self.run_id) and (self.finish is None or self.finish == "needs_approval")

    def times_repeated(self, call: ToolCall) -> int:
        """How often this very call has given the same result."""
        return self.repeats.get(call_key(call), ("", 0))[1]

    def takes_back_turn(self, event: RunResumed) -> bool:
        """The last turn was broken off, or cut or forced by a limit that no longer holds: it is taken again."""
        turn = self.last_turn
        if turn is None or turn.call is not None:
            return False
        return turn.finish == "cancelled" or (event.limits is not None and self.finish in LIMITED)

    def apply(self, event: Event) -> None:
        """Take one event in. Events that only show progress change nothing."""
        match event:
            case RunStarted():
                self._start(event)
            case RunResumed():
                self._resume(event)
            case PromptRendered():
                self.history = [*cut_tokens(self.history, event.kept_tokens), *event.segments]
                self.unsent = []
            case TurnFinished():
                self._finish_turn(event)
            case ApprovalRequested():
                self.requested = event
            case ApprovalDecided():
                self.decided = event
            case ToolStarted():
                self.is_started = True
                self.call = event.call
                self.called.add(event.call.name)
            case ToolFinished():
                self._finish_call(event)
            case RunFinished():
                self.finish = event.result.finish_reason
            case _:
                self._adjust(event)

    def _adjust(self, event: Event) -> None:
        """Take in what the loop decided between two turns."""
        match event:
            case ContextReduced():
                self.dropped_segments = event.dropped_segments
            case LimitReached():
                self.closing = event.reason
            case AnswerRejected():
                self.unsent.append(REJECTED.format(problem=event.problem))
                self.num_rejected += 1
                self.is_rejected = True

    def _start(self, event: RunStarted) -> None:
        self.run_id = event.run_id
        self.prompt = event.prompt
        self.output_schema = event.output_schema
        self.unsent.append(with_schema(event.prompt, event.output_schema))
        self.num_rejected = 0
        self.is_rejected = False
        self.is_untrusted |= event.is_untrusted
        self.limits = event.limits
        self.rules = ()
        self.steps = []
        self.repeats = {}
        self.last_turn = None
        self.closing = None
        self.finish = None

    def _resume(self, event: RunResumed) -> None:
        if self.takes_back_turn(event):
            self.last_turn = None
            self.closing = None
            self.steps.pop()
            self.num_steps -= 1
            self.history.pop()
        if self.closing in ("wall_time", "interrupted"):  # a resumed run has its time anew
            self.closing = None
        self.finish = None
        self.reruns_interrupted = event.reruns_interrupted
        self.rules = (*event.rules, *self.rules)
        if event.limits is not None:
            self.limits = event.limits

    def _finish_turn(self, event: TurnFinished) -> None:
        self.last_turn = event
        self.history.append(Segment(ASSISTANT, event.token_ids))
        self.num_steps += 1
        self.is_rejected = False
        self.requested = self.decided = None
        self.is_started = False
        self.call = event.call
        if event.call is None:
            self.steps.append(
                Step(event.step, event.text, None, None, event.usage, event.token_ids)
            )

    def _finish_call(self, event: ToolFinished) -> None:
        turn = self.last_turn
        assert turn is not None, "a call belongs to a turn"
        self.call = None
        self.is_started = False
        self.is_untrusted |= event.is_untrusted
        self.unsent.append(event.result)
        self.texts[event.result.call_id] = event.result.text
        self.steps.append(
            Step(turn.step, turn.text, event.call, event.result, turn.usage, turn.token_ids)
        )
        key, text = call_key(event.call), _CELL.sub("<cell>", event.result.text)
        last, times = self.repeats.get(key, ("", 0))
        self.repeats[key] = (text, times + 1 if text == last else 1)


def check_resumable(run_id: str, finish: str | None, *, has_limits: bool) -> None:
    """Refuse to go on with a run that is over.

    Args:
        run_id: the session's last run; empty where there is none.
        finish: why it ended, if it did.
        has_limits: it is given other limits.

    Raises:
        ConfigurationError: it cannot be resumed, or not without other limits.
    """
    if not run_id:
        raise ConfigurationError("The session has no run yet that could be resumed.")
    if finish in LIMITED and not has_limits:
        raise ConfigurationError(
            f"Run {run_id} was ended by a limit ({finish}): it can be resumed with other limits."
        )
    if finish is not None and finish not in RESUMABLE | LIMITED:
        raise ConfigurationError(
            f"Run {run_id} is over ({finish}): the session has no run that could be resumed."
        )


def call_key(call: ToolCall) -> str:
    """What makes two calls the same: name and arguments, whatever the order of keys."""
    arguments: object = call.raw
    if call.arguments is not None:
        arguments = call.arguments
    return json.dumps([call.name, arguments], sort_keys=True)


def count_tokens(segments: Sequence[Segment]) -> int:
    """Tokens of all segments."""
    return sum(len(segment.token_ids) for segment in segments)


def cut_tokens(segments: Sequence[Segment], length: int) -> list[Segment]:
    """The segments up to `length` tokens; one that reaches beyond is cut."""
    kept: list[Segment] = []
    for segment in segments:
        if length <= 0:
            break
        if len(segment.token_ids) > length:
            segment = Segment(segment.label, segment.token_ids[:length])
        kept.append(segment)
        length -= len(segment.token_ids)
    return kept


def difference(old: Sequence[Segment], new: Sequence[Segment]) -> tuple[int, tuple[Segment, ...]]:
    """How many tokens of `old` stay at the beginning of `new`, and the segments that follow."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    return count_tokens(old[:same]), tuple(new[same:])

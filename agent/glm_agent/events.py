"""What a run tells while it goes on: one typed union, the same for Python, the terminal, `--jsonl` and the journal."""

from dataclasses import dataclass, field
from typing import Literal

from glm_agent.approval import Rule
from glm_agent.chat_model import Prefill, TurnFinish, TurnOptions, TurnUsage
from glm_agent.limits import ContextPolicy, Limits
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta
from glm_prompts.messages import Segment
from glm_tools.tool import JSONSchema, ToolCall, ToolResult, ToolSpec

FinishReason = Literal[
    "answer",  # the model answered
    "max_steps",  # the last step allowed; the answer was forced
    "loop",  # the model repeated the same call; the answer was forced
    "length",  # a turn reached max_new_tokens
    "repetition",  # a turn wrote the same again and again
    "empty",  # the model said nothing
    "context",  # the context window is full
    "wall_time",  # max_wall_s
    "needs_approval",  # a call waits for somebody's yes; the run can be resumed
    "interrupted",  # the user cancelled; the run can be resumed
    "invalid_output",  # twice the answer was not of the type that was asked for, in a way that no grammar prevents
]

TurnOutcome = TurnFinish | Literal["repetition", "wall_time"]
Decision = Literal["approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the model and the call it made, if any.

    Attributes:
        number: from 1.
        text: what it wrote to the user in this turn.
        call: what it called; as a hook or a person changed it, where one did.
        result: what came back, in full.
        usage: what the turn cost.
        token_ids: the ids that the model wrote, without the stop token.
    """

    number: int
    text: str
    call: ToolCall | None
    result: ToolResult | None
    usage: TurnUsage
    token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        run_id: its name in the journal.
        answer: the text of the last turn; may be empty or partial unless `finish_reason` is `answer`.
        finish_reason: why it ended.
        steps: in order.
        duration_s: wall time, of the last process that worked on it.
        session_id: the session it belongs to.
        pending: the call that waits for approval, where `finish_reason` is `needs_approval`.
    """

    run_id: str
    answer: str
    finish_reason: FinishReason
    steps: tuple[Step, ...]
    duration_s: float
    session_id: str = ""
    pending: ToolCall | None = None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Every call that was made, in order."""
        return tuple(step.call for step in self.steps if step.call is not None)

    @property
    def usage(self) -> TurnUsage:
        """The sum over all steps."""
        usages = [step.usage for step in self.steps]
        return TurnUsage(
            new_tokens=sum(usage.new_tokens for usage in usages),
            reused_tokens=sum(usage.reused_tokens for usage in usages),
            generated_tokens=sum(usage.generated_tokens for usage in usages),
            prefill_s=sum(usage.prefill_s for usage in usages),
            decode_s=sum(usage.decode_s for usage in usages),
            copied_tokens=sum(usage.copied_tokens for usage in usages),
            guessed_tokens=sum(usage.guessed_tokens for usage in usages),
            right_guesses=sum(usage.right_guesses for usage in usages),
        )


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins.

    Attributes:
        run_id: its name.
        session_id: the session that it belongs to.
        model: the model's name.
        prompt: the user's words.
        tools: what may be called.
        system: the user's own system text.
        is_untrusted: the prompt carries text of others: an attached file, say.
        limits: of the run.
        output_schema: the answer is JSON under it; None for text.
        kernel_class: see `ChatModel`.
    """

    run_id: str
    session_id: str
    model: str
    prompt: str
    tools: tuple[ToolSpec, ...]
    system: str | None = None
    is_untrusted: bool = False
    limits: Limits = field(default_factory=Limits)
    output_schema: JSONSchema | None = None
    kernel_class: str = ""


@dataclass(frozen=True, slots=True)
class RunResumed:
    """A run goes on that was not finished, possibly in another process.

    Attributes:
        run_id: its name.
        reruns_interrupted: the user agreed that a call that was under way is run again.
        limits: of the run from here on; None: as they were.
        rules: go before the agent's policy for the rest of the run.
    """

    run_id: str
    reruns_interrupted: bool = False
    limits: Limits | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionWoken:
    """A session that is kept warm was opened again.

    Attributes:
        reused_tokens: so many of its tokens need not be computed again.
        reason: why not all that was kept could be used; empty where it could.
    """

    reused_tokens: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PromptRendered:
    """What the model is about to read, as the difference to what it has read and written before.

    Attributes:
        step: its number.
        kept_tokens: so many ids of the sequence before stay.
        segments: what follows them.
        options: how the turn is generated.
    """

    step: int
    kept_tokens: int
    segments: tuple[Segment, ...]
    options: TurnOptions


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """The model has taken its turn. In the journal before the call it made runs.

    Attributes:
        step: its number.
        text: what it wrote to the user.
        call: a whole call.
        cut: a call that was cut off, which is never run.
        finish: why the turn ended.
        usage: what it cost.
        token_ids: the ids that the model wrote, without the stop token.
        stop_token_id: what it ended with, if it did.
    """

    step: int
    text: str
    call: ToolCall | None
    cut: CallCut | None
    finish: TurnOutcome
    usage: TurnUsage
    token_ids: tuple[int, ...] = ()
    stop_token_id: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerRejected:
    """The answer is not of the type that was asked for: the model is told why, and may answer once more."""

    problem: str


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """The policy wants somebody's yes before this call runs."""

    call: ToolCall
    reason: str


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """What was decided of this very call. `comment` goes to the model when it was rejected."""

    call_id: str
    decision: Decision
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The call is about to run; in the journal before it does."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """What a tool that is still running has printed."""

    call_id: str
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """What the call came to, in full. `is_untrusted`: the result carries text of others."""

    call: ToolCall
    result: ToolResult
    is_untrusted: bool = False


@dataclass(frozen=True, slots=True)
class ObservationCut:
    """A result was too long for its budget: the model reads head and tail, the journal has it all."""

    call_id: str
    left_out_chars: int
    kept_tokens: int


@dataclass(frozen=True, slots=True)
class ContextReduced:
    """The context window was full, and room was made.

    Attributes:
        policy: how.
        tokens_before: of the prompt as it would have been.
        tokens_after: of the prompt as it is.
        elided_calls: calls whose results became receipts.
        dropped_segments: how many segments went altogether, since the session began.
        summary: what stands for them, where the model summed them up.
        usage: what that cost.
    """

    policy: ContextPolicy
    tokens_before: int
    tokens_after: int
    elided_calls: tuple[str, ...] = ()
    dropped_segments: int = 0
    summary: str = ""
    usage: TurnUsage = field(default_factory=TurnUsage)


@dataclass(frozen=True, slots=True)
class LimitReached:
    """Calls are closed from here on: the next turn is the last."""

    reason: FinishReason


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A turn and its call are done. Sums up what other events have told; not in the journal."""

    step: Step


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The end of a stream. In the journal without the steps, which other events have told."""

    result: RunResult = field(repr=False)


Event = (
    RunStarted
    | RunResumed
    | SessionWoken
    | PromptRendered
    | Prefill
    | TextDelta
    | CallOpened
    | CallDelta
    | CallReady
    | CallCut
    | TurnFinished
    | AnswerRejected
    | ApprovalRequested
    | ApprovalDecided
    | ToolStarted
    | ToolProgress
    | ToolFinished
    | ObservationCut
    | ContextReduced
    | LimitReached
    | StepFinished
    | RunFinished
)

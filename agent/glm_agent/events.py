"""What a run tells while it goes on: one typed union, the same for Python, the terminal and the journal."""

from dataclasses import dataclass, field
from typing import Literal

from glm_agent.chat_model import Prefill, TurnUsage
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta
from glm_tools.tool import ToolCall, ToolResult

FinishReason = Literal[
    "answer",  # the model answered
    "max_steps",  # the last step allowed; the answer was forced
    "loop",  # the model repeated itself; the answer was forced
    "length",  # a turn reached max_new_tokens
    "context",  # the context window is full
    "wall_time",  # max_wall_s
    "interrupted",  # the user cancelled
]


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the model and the call it made, if any.

    Attributes:
        number: from 1.
        text: what it wrote to the user in this turn.
        call: what it called.
        result: what came back.
        usage: what the turn cost.
        token_ids: the ids that the model wrote.
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
        duration_s: wall time.
    """

    run_id: str
    answer: str
    finish_reason: FinishReason
    steps: tuple[Step, ...]
    duration_s: float

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
        )


@dataclass(frozen=True, slots=True)
class RunStarted:
    run_id: str
    model: str
    prompt: str
    tools: tuple[str, ...]


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
    call: ToolCall
    result: ToolResult


@dataclass(frozen=True, slots=True)
class ObservationCut:
    """A result was too long for its budget: the model reads head and tail, the journal has it all."""

    call_id: str
    left_out_chars: int
    kept_tokens: int


@dataclass(frozen=True, slots=True)
class StepFinished:
    step: Step


@dataclass(frozen=True, slots=True)
class RunFinished:
    result: RunResult = field(repr=False)


Event = (
    RunStarted
    | Prefill
    | TextDelta
    | CallOpened
    | CallDelta
    | CallReady
    | CallCut
    | ToolStarted
    | ToolProgress
    | ToolFinished
    | ObservationCut
    | StepFinished
    | RunFinished
)

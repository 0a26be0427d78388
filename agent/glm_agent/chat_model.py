"""The seam between the loop and whatever answers it: a dialect over our engine, a script, a recording."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta
from glm_prompts.messages import Segment
from glm_tools.tool import JSONSchema, Observation, ToolSpec

TurnFinish = Literal[
    "stop",  # the model ended its turn
    "length",  # max_new_tokens were generated
    "context",  # the context window is full
    "cancelled",  # the user cancelled
]


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a prompt parts from the one of another conversation that it has most in common with.

    Attributes:
        position: of the first id that differs, from 0.
        there: the id in the other conversation.
        here: the id in this one.
    """

    position: int
    there: int
    here: int


@dataclass(frozen=True, slots=True)
class TurnUsage:
    """What one turn cost.

    Attributes:
        new_tokens: prompt tokens that were computed in this turn.
        reused_tokens: prompt tokens whose keys and values were there already.
        generated_tokens: tokens that the model wrote.
        prefill_s: time to the first token.
        decode_s: time from the first token to the last.
        copied_tokens: of the reused ones, those that another conversation had computed.
        parting: where the nearest other conversation parts from this one, if it was looked for and there is one.
        guessed_tokens: tokens that were computed ahead of being sampled.
        right_guesses: how many of them came; each of these spared a step.
    """

    new_tokens: int = 0
    reused_tokens: int = 0
    generated_tokens: int = 0
    prefill_s: float = 0.0
    decode_s: float = 0.0
    copied_tokens: int = 0
    parting: Parting | None = None
    guessed_tokens: int = 0
    right_guesses: int = 0


@dataclass(frozen=True, slots=True)
class Prefill:
    """Progress of reading the prompt, in tokens."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The last event of a turn.

    Attributes:
        finish: why it ended.
        usage: what it cost.
        token_ids: the ids that the model wrote, without the stop token.
        stop_token_id: what it ended with; None when something else ended the turn.
    """

    finish: TurnFinish
    usage: TurnUsage
    token_ids: tuple[int, ...] = ()
    stop_token_id: int | None = None


ModelEvent = Prefill | TextDelta | CallOpened | CallDelta | CallReady | CallCut | TurnEnded


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """How a turn is to be generated.

    Attributes:
        call_id: the id that a call of this turn gets.
        allow_calls: False closes the call branch.
        max_new_tokens: at most so many tokens.
        temperature: 0 takes the likeliest token.
        top_p: nucleus; 1 for all.
        seed: of the sampling noise.
        answer_schema: an answer is JSON that fits it, as far as a grammar can say; None for any text.
    """

    call_id: str
    allow_calls: bool = True
    max_new_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    answer_schema: JSONSchema | None = None


class Conversation(Protocol):
    """One sequence of tokens, in segments.

    Rendering and adding are two things, so that what is about to be added can be counted first.
    """

    @property
    def segments(self) -> Sequence[Segment]:
        """What the model has read and written; concatenated, their ids are the sequence.

        A stop token that ended a turn is in no segment: it is the first id of what follows, or nothing.
        """
        ...

    @property
    def num_tokens(self) -> int:
        """Tokens of `segments`."""
        ...

    def render_user(self, text: str) -> Segment: ...

    def render_observation(self, observation: Observation) -> Segment: ...

    def render_reply_prompt(self) -> Segment:
        """What makes the model speak; label `reply prompt`."""
        ...

    def rewrite(self, segments: Sequence[Segment]) -> None:
        """Make `segments` the sequence. What it begins with as before stays computed.

        Raises:
            ContextLengthError: of the engine, when they do not fit; the sequence is as before.
        """
        ...

    def respond(self, options: TurnOptions, cancel: Event | None = None) -> Iterator[ModelEvent]:
        """Let the model take its turn; the sequence ends with a reply prompt. The last event is a `TurnEnded`.

        Args:
            options: how to generate.
            cancel: when set, the turn ends at the next token or prefill chunk with finish `cancelled`.
        """
        ...


class ChatModel(Protocol):
    """A model that can hold conversations with tools."""

    @property
    def name(self) -> str: ...

    @property
    def context_length(self) -> int:
        """Tokens that one conversation can hold."""
        ...

    @property
    def kernel_class(self) -> str:
        """What computes, and which ways to compute give the same bits, for the record; empty where nothing computes."""
        ...

    @property
    def pages_results(self) -> bool:
        """Whether it is given `read_result` beside the user's tools; a tool more is too much for a very small model."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` as ordinary content."""
        ...

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> Conversation:
        """A conversation.

        Args:
            system: the user's own system text; None for the dialect's.
            tools: what may be called, in the order in which the model is shown them.
            history: goes on from these segments, id for id; None begins a new conversation.
        """
        ...

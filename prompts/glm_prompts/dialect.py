"""The contract of a dialect: messages to token ids one way, generated token ids to events the other.

A dialect is the only place from which ids of special tokens come; content is always encoded as ordinary text, so
nothing a user, a web page or a tool writes can pose as a control token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from glm_engine.constraint import TokenConstraint
from glm_engine.tokenizer import Tokenizer
from glm_prompts.messages import Message, Segment
from glm_tools.tool import JSONSchema, Observation, ToolCall, ToolSpec


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer. Concatenated deltas are the text; none ends inside a character."""

    text: str


@dataclass(frozen=True, slots=True)
class CallOpened:
    """The model has named a tool; its arguments follow."""

    name: str


@dataclass(frozen=True, slots=True)
class CallDelta:
    """More of the arguments or code of the call that is open."""

    text: str


@dataclass(frozen=True, slots=True)
class CallReady:
    """The call is complete."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CallCut:
    """The turn ended inside a call: a token limit, a cancellation. The call must not be run."""

    name: str
    raw: str


TurnEvent = TextDelta | CallOpened | CallDelta | CallReady | CallCut


class Turn(TokenConstraint, Protocol):
    """One assistant turn: says which token may come next, and parses what came.

    The grammar and the parser are one object, so they cannot disagree.
    """

    def take_events(self) -> list[TurnEvent]:
        """What the tokens accepted since the last call amount to."""
        ...

    def finish(self) -> list[TurnEvent]:
        """The last events, once no more tokens come. Afterwards the turn is over."""
        ...


class Dialect(Protocol):
    """How one model family is spoken to."""

    @property
    def name(self) -> str: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    @property
    def stop_token_ids(self) -> frozenset[int]:
        """Ids that end a turn. A stop id is kept only where it is also the first id of what follows."""
        ...

    def start(self, system: str | None, tools: Sequence[ToolSpec]) -> list[Segment]:
        """Everything before the first user message."""
        ...

    def user(self, text: str, round_number: int) -> Segment:
        """A user message; rounds count from 1."""
        ...

    def observation(self, observation: Observation) -> Segment:
        """One result of a tool."""
        ...

    def message(self, message: Message, round_number: int) -> Segment:
        """Any message, as history that this run did not generate."""
        ...

    def reply_prompt(self) -> Segment:
        """What makes the model speak: an empty segment where the message before it already does."""
        ...

    def turn(
        self,
        tools: Sequence[ToolSpec],
        *,
        call_id: str,
        allow_calls: bool = True,
        answer_schema: JSONSchema | None = None,
        constrained: bool = True,
    ) -> Turn:
        """A fresh turn.

        Args:
            tools: what may be called.
            call_id: the id that a call of this turn gets.
            allow_calls: False closes the call branch: the model must answer in text.
            answer_schema: an answer is JSON that fits it, as far as a grammar can say; None for any text.
            constrained: False lets every token through and only parses.

        Raises:
            GrammarError: of the engine, when no grammar can be made of `answer_schema`.
        """
        ...

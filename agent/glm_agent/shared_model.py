"""One model for several agents in several threads: its turns take turns, whatever their tools do meanwhile."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from threading import Event, Lock

from glm_agent.chat_model import ChatModel, Conversation, ModelEvent, TurnOptions
from glm_prompts.messages import Segment
from glm_tools.tool import Observation, ToolSpec


class SharedModel:
    """A `ChatModel` that may be used from several threads.

    The engine is one: while a conversation takes its turn, the others wait. Their tool calls and sandboxes do not.

    Args:
        model: does the work; used by nobody else.
    """

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def context_length(self) -> int:
        return self._model.context_length

    @property
    def kernel_class(self) -> str:
        return self._model.kernel_class

    @property
    def pages_results(self) -> bool:
        return self._model.pages_results

    def count_tokens(self, text: str) -> int:
        return self._model.count_tokens(text)

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> "SharedConversation":
        with self._lock:
            return SharedConversation(self._model.open(system, tools, history), self._lock)


class SharedConversation:
    """A `Conversation` that waits for its turn.

    Args:
        conversation: used by one thread at a time.
        lock: of the model.
    """

    def __init__(self, conversation: Conversation, lock: Lock) -> None:
        self._conversation = conversation
        self._lock = lock

    @property
    def segments(self) -> Sequence[Segment]:
        return self._conversation.segments

    @property
    def num_tokens(self) -> int:
        return self._conversation.num_tokens

    def render_user(self, text: str) -> Segment:
        return self._conversation.render_user(text)

    def render_observation(self, observation: Observation) -> Segment:
        return self._conversation.render_observation(observation)

    def render_reply_prompt(self) -> Segment:
        return self._conversation.render_reply_prompt()

    def rewrite(self, segments: Sequence[Segment]) -> None:
        with self._lock:
            self._conversation.rewrite(segments)

    def respond(self, options: TurnOptions, cancel: Event | None = None) -> Iterator[ModelEvent]:
        # Closed with the lock held: a turn that its reader has left is over before the next one begins.
        with self._lock, closing(self._events(options, cancel)) as events:
            yield from events

    def _events(
        self, options: TurnOptions, cancel: Event | None
    ) -> Generator[ModelEvent, None, None]:
        yield from self._conversation.respond(options, cancel)

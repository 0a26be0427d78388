"""What the turns of all dialects do alike, and what their grammars share."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from glm_engine.grammar import Matcher
from glm_engine.tokenizer import TextStream, Tokenizer
from glm_prompts.arguments import call_arguments
from glm_prompts.dialect import CallDelta, CallReady, TurnEvent
from glm_tools.browser.actions import ACTION_RULES
from glm_tools.tool import JSONValue, ToolCall, ToolSpec

FENCE = "```"


class ParsedTurn:
    """The half of a turn that no format changes; see `glm_prompts.dialect.Turn`.

    Args:
        tokenizer: of the ids that come.
        tools: what may be called, by the name that the model writes.
        call_id: the id that a call gets.
        constrained: False lets every token through and only parses.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        tools: Mapping[str, ToolSpec],
        call_id: str,
        *,
        constrained: bool,
    ) -> None:
        self._tools = tools
        self._call_id = call_id
        self._constrained = constrained
        self._stream = TextStream(tokenizer)
        self._events: list[TurnEvent] = []
        self._state: str
        self._name = ""  # of the call, as the model wrote it
        self._payload = ""

    def allowed_tokens(self) -> NDArray[np.int32] | None:
        if not self._constrained:
            return None
        grammar = self._grammar_in_force()
        return self._free_tokens() if grammar is None else grammar.allowed_tokens()

    def forced_tokens(self) -> Sequence[int]:
        """See `glm_engine.constraint.ForcingConstraint`."""
        grammar = self._grammar_in_force()
        return grammar.forced_tokens() if grammar is not None and self._constrained else ()

    def take_events(self) -> list[TurnEvent]:
        events, self._events = self._events, []
        return events

    def _grammar_in_force(self) -> Matcher | None:
        """What says which token may come next; None where `_free_tokens` does."""
        raise NotImplementedError

    def _free_tokens(self) -> NDArray[np.int32]:
        """The ids that may come next where no grammar is in force; shared, not to be written to."""
        raise NotImplementedError

    def _tool_name(self) -> str:
        spec = self._tools.get(self._name)
        return self._name if spec is None else spec.name

    def _arguments(self) -> Mapping[str, JSONValue] | None:
        return call_arguments(self._tools.get(self._name), self._payload)

    def _add_payload(self, text: str) -> None:
        if text:
            self._payload += text
            self._events.append(CallDelta(text))

    def _end_call(self) -> None:
        call = ToolCall(self._call_id, self._tool_name(), self._arguments(), self._payload)
        self._events.append(CallReady(call))
        self._state = "over"


class ToolsMatcher:
    """Matchers of tools' calls. Tools rarely change between turns, so the last grammar is kept.

    Args:
        compiled: makes the matcher of these tools' calls, with nothing read yet.
    """

    def __init__(self, compiled: Callable[[Sequence[ToolSpec]], Matcher]) -> None:
        self._compile = compiled
        self._last: tuple[tuple[ToolSpec, ...], Matcher] | None = None

    def copy(self, tools: Sequence[ToolSpec]) -> Matcher:
        """A matcher of its own, with nothing read yet."""
        wanted = tuple(tools)
        if self._last is None or self._last[0] != wanted:
            self._last = (wanted, self._compile(wanted))
        return self._last[1].copy()


def fenced_rules(tools: Sequence[ToolSpec]) -> list[str]:
    """The Lark rules behind the built-in tools among these: `code` up to its closing fence, and a browser's `actions`."""
    builtins = {spec.builtin for spec in tools}
    rules = [rf"code[lazy]: /(.|\n)+\n{FENCE}/"] if "python" in builtins else []
    return [*rules, ACTION_RULES] if "simple_browser" in builtins else rules

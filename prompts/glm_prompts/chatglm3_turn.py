"""One turn of ChatGLM3 as a grammar and a parser: an empty line and text, or a tool's name and a fenced call.

See `chatglm3` for the format and its sources.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from glm_engine.grammar import Matcher
from glm_engine.json_grammar import literal
from glm_prompts.arguments import closed_schema
from glm_prompts.dialect import CallCut, CallOpened, TextDelta, TurnEvent
from glm_prompts.marked_text import TRAINING_TIME, TRAINING_TIME_TEXT, MarkedText
from glm_prompts.parsed_turn import FENCE, ParsedTurn, fenced_rules
from glm_prompts.python_calls import FUNCTION, call_rules, read_call
from glm_tools.tool import JSONValue, ToolSpec

if TYPE_CHECKING:
    from glm_prompts.chatglm3 import ChatGLM3Dialect

OPENING = f"{FENCE}python\n"
INTERPRETER = "interpreter"  # what the model was trained to call the built-in python tool
SPACE = "/ ?/"  # the dummy prefix of a piece, which the model has learnt to write


def called_names(tools: Sequence[ToolSpec]) -> dict[str, ToolSpec]:
    """The tools by the name that the model writes: `python` is one only where a tool of the user's is `interpreter`."""
    taken = {spec.name for spec in tools}
    code = "python" if INTERPRETER in taken else INTERPRETER
    return {code if spec.builtin == "python" else spec.name: spec for spec in tools}


def calls_grammar(tools: Sequence[ToolSpec], *, or_text: bool) -> str:
    """A Lark grammar of every call of these tools, and of the empty line that begins an answer if `or_text`."""
    named = called_names(tools)
    alternatives = [f"call_{index}" for index in range(len(named))]
    if or_text:
        alternatives.append(r"/\n/")
    rules = [f"start: {SPACE} ({' | '.join(alternatives)})"]
    for index, (name, spec) in enumerate(named.items()):
        opening = rf"{literal(name + chr(10))} {SPACE} {literal(OPENING)}"
        closing = literal(f"\n{FENCE}")
        if spec.builtin == "python":
            rules.append(f"call_{index}: {opening} code")
        elif spec.builtin == "simple_browser":
            rules.append(f"call_{index}: {opening} actions {closing}")
        else:
            rules.append(f"call_{index}: {opening} arguments_{index} {closing}")
            rules += call_rules(f"arguments_{index}", closed_schema(spec.parameters))
    return "\n".join([*rules, *fenced_rules(tools)])


class ChatGLM3Turn(ParsedTurn):
    """One assistant turn; see `glm_prompts.dialect.Turn`.

    States: `head` (nothing or part of a first line yet), `text`, `opening` (a call's name is known, its fence is not
    whole yet), `payload` (what stands in the fence, or a call without one), `over`. After text, `<|assistant|>` may
    open a second segment, in which only a call may follow; after a typed answer it may not.
    """

    def __init__(
        self,
        dialect: "ChatGLM3Dialect",
        tools: Sequence[ToolSpec],
        call_id: str,
        head: Matcher | None,
        calls: Matcher | None,
        answer: Matcher | None,
        *,
        constrained: bool,
    ) -> None:
        super().__init__(dialect.tokenizer, called_names(tools), call_id, constrained=constrained)
        self._dialect = dialect
        self._head = head  # of this segment, up to where free text begins
        self._calls = calls  # of the segment behind a text
        self._answer = answer
        self._state: Literal["head", "text", "opening", "payload", "over"] = "head"
        self._marked = MarkedText(())
        self._held = ""  # of this state, where it waits for more
        self._has_text = False

    def accept(self, token_id: int) -> None:
        if self._state == "over":
            return
        if token_id in self._dialect.stop_token_ids:
            self._close()
        elif token_id == self._dialect.assistant_id:
            self._next_segment()
        else:
            if (grammar := self._grammar_in_force()) is not None:
                grammar.accept(token_id)
            self._read(self._stream.push(token_id))

    def finish(self) -> list[TurnEvent]:
        if self._state in ("opening", "payload"):
            self._payload += self._held + self._marked.flush() + self._stream.flush()
            self._events.append(CallCut(self._tool_name(), self._payload))
        elif self._state != "over":
            self._close()
        self._state = "over"
        return self.take_events()

    def _read(self, text: str) -> None:
        match self._state:
            case "head":
                self._held += text
                self._decide()
            case "opening":
                self._held += text
                self._open_fence()
            case "text":
                self._read_text(text)
            case "payload":
                released, mark = self._marked.push(text)
                self._add_payload(released)
                if mark is not None:
                    self._end_call()

    def _decide(self) -> None:
        """Tell text from a call as soon as the first line allows it.

        Without a grammar a first line that is no tool's name is text, unless a `tool_call` follows: then the model
        meant a tool that is not there, and must be told so.
        """
        first_line, newline, rest = self._held.partition("\n")
        if not newline:
            return
        name, start = first_line.strip(), rest.lstrip(" ")
        unknown = f"{OPENING}{FUNCTION}("
        if not name:
            self._become("text", rest)
        elif name in self._tools or start.startswith(unknown):
            self._name = name
            self._events.append(CallOpened(self._tool_name()))
            self._become("opening", rest)
        elif not unknown.startswith(start):
            self._become("text", self._held)

    def _open_fence(self) -> None:
        start = self._held.lstrip()
        if not start or FENCE.startswith(start[: len(FENCE)]):
            opening, newline, code = start.partition("\n")
            if newline and opening.startswith(FENCE):
                self._marked = MarkedText((f"\n{FENCE}",))
                self._become("payload", code)
            return
        self._become("payload", start)

    def _become(self, state: Literal["text", "opening", "payload"], rest: str) -> None:
        self._state = state
        self._held = ""
        if state == "text":
            self._marked = MarkedText(() if self._answer is not None else (TRAINING_TIME,))
        self._read(rest)

    def _read_text(self, text: str) -> None:
        released, mark = self._marked.push(text)
        self._add_text(released)
        while mark is not None:
            self._add_text(TRAINING_TIME_TEXT)
            released, mark = self._marked.push("")
            self._add_text(released)

    def _add_text(self, text: str) -> None:
        if not self._has_text:  # the dummy prefix
            text = text.lstrip()
        if text:
            self._has_text = True
            self._events.append(TextDelta(text))

    def _next_segment(self) -> None:
        if self._state in ("opening", "payload"):
            self._close()  # a second call in one turn: one is made at a time
            return
        self._end_text()
        self._state = "head"
        self._head, self._calls = self._calls, None

    def _end_text(self) -> None:
        """A segment of text is over, and what is there is whole."""
        self._read(self._stream.flush())
        if self._state == "head":
            self._become("text", self._held)
        self._add_text(self._marked.flush())

    def _close(self) -> None:
        """The turn ends here, and what is there is whole."""
        if self._state in ("head", "text"):
            self._end_text()
        else:
            self._read(self._stream.flush())
            self._add_payload((self._held + self._marked.flush()).strip())
            self._end_call()
        self._state = "over"

    def _arguments(self) -> Mapping[str, JSONValue] | None:
        spec = self._tools.get(self._name)
        is_function = spec is None or spec.builtin is None
        arguments = read_call(self._payload, self._name) if is_function else None
        return super()._arguments() if arguments is None else arguments

    def _grammar_in_force(self) -> Matcher | None:
        if self._state == "over":
            return None
        return self._answer if self._state == "text" else self._head

    def _free_tokens(self) -> NDArray[np.int32]:
        if self._state == "over":
            return self._dialect.mask("end")
        return self._dialect.mask("text" if self._calls is None else "text before a call")

r"""GLM-4's dialect: `[gMASK]<sop>` then `<|role|>{metadata}\n{content}` for each message, with no end-of-turn token.

What the model writes after `<|assistant|>` is decided by its first token: a newline begins an answer, anything else
is the name of a tool, a newline and the arguments. The token that ends the turn is the first of what follows:
`<|observation|>` after a call, `<|user|>` after an answer.

Source: tokenization_chatglm.py (`build_single_message`) and the chat template of glm-4-9b-chat, in the form of the
Python formatter (`\n\n## ` before a tool), which is the one that the model was trained with.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from glm_engine.grammar import Matcher, allow_token, ordinary_tokens
from glm_engine.json_grammar import json_rule, literal
from glm_engine.tokenizer import Tokenizer
from glm_prompts.arguments import closed_schema
from glm_prompts.dialect import (
    CallCut,
    CallOpened,
    TextDelta,
    TurnEvent,
)
from glm_prompts.parsed_turn import ParsedTurn, ToolsMatcher
from glm_prompts.role_dialect import RoleDialect
from glm_tools.browser.actions import ACTION_RULES
from glm_tools.python import CODE_RULES
from glm_tools.tool import JSONSchema, ToolSpec

Language = Literal["zh", "en"]
MaskName = Literal["newline", "text", "text before a call", "nothing"]

PREFIX = ("[gMASK]", "<sop>")
END_OF_TEXT = "<|endoftext|>"
# The name of a tool that is not there; what ends in a colon leads up to JSON.
_NAME = re.compile(r"[\w.-]{1,64}")
_BUILTIN_RULES = {"python": CODE_RULES, "simple_browser": ACTION_RULES}


@dataclass(frozen=True, slots=True)
class SystemText:
    """The wording around tools in one language; see text/*.toml."""

    persona: str
    heading: str
    schema_indent: int  # 0: the whole schema in one line
    call_note: str
    builtins: Mapping[str, str]

    @classmethod
    def load(cls, language: Language) -> "SystemText":
        source = resources.files("glm_prompts") / "text" / f"glm4.{language}.toml"
        values = tomllib.loads(source.read_text(encoding="utf-8"))
        return cls(
            persona=values["persona"],
            heading=values["heading"],
            schema_indent=values["schema_indent"],
            call_note=values["call_note"],
            builtins={
                "python": values["python"].strip("\n"),
                "simple_browser": values["simple_browser"].strip("\n"),
            },
        )

    def render(self, tools: Sequence[ToolSpec]) -> str:
        """All that the model is told about its tools."""
        sections = "".join(self.tool_section(spec) for spec in tools)
        return f"{self.persona}\n\n{self.heading}{sections}"

    def tool_section(self, spec: ToolSpec) -> str:
        """The `## name` section of one tool."""
        if spec.builtin:
            return f"\n\n## {spec.name}\n\n{self.builtins[spec.builtin]}"
        function = {
            "name": spec.name,
            "description": spec.description,
            "parameters": spec.parameters,
        }
        schema = json.dumps(function, ensure_ascii=False, indent=self.schema_indent or None)
        return f"\n\n## {spec.name}\n\n{schema}\n{self.call_note}"


class Glm4Dialect(RoleDialect):
    """GLM-4-9B-Chat's dialect over a tokenizer.

    Args:
        tokenizer: must have GLM-4's control tokens.
        language: wording of the tool header: `zh` is what GLM-4 was trained on, `en` what the demo model was.

    Raises:
        MissingTokenError: the tokenizer has no such control token.
    """

    name = "glm4"

    def __init__(self, tokenizer: Tokenizer, language: Language = "zh") -> None:
        super().__init__(tokenizer, PREFIX, END_OF_TEXT)
        self.text = SystemText.load(language)
        self._calls = ToolsMatcher(
            lambda tools: self._compiler.lark(
                calls_grammar(tools), stop_token_ids=(self.observation_id,)
            )
        )
        (self.newline_id,) = tokenizer.encode("\n")
        text = ordinary_tokens(tokenizer)
        nothing = np.zeros_like(text)
        text_ends = (self.user_id, self.end_of_text_id)
        self._masks: dict[MaskName, NDArray[np.int32]] = {
            "nothing": nothing,
            "newline": _with(nothing, self.newline_id),
            "text": _with(text, *text_ends),
            "text before a call": _with(text, *text_ends, self.assistant_id),
        }

    def tool_text(self, tools: Sequence[ToolSpec]) -> str:
        return self.text.render(tools)

    def turn(
        self,
        tools: Sequence[ToolSpec],
        *,
        call_id: str,
        allow_calls: bool = True,
        answer_schema: JSONSchema | None = None,
        constrained: bool = True,
    ) -> "Glm4Turn":
        calls: Matcher | None = None
        answer: Matcher | None = None
        if constrained and allow_calls and tools:
            calls = self._calls.copy(tools)
        if constrained and answer_schema is not None:
            ends = (self.user_id, self.end_of_text_id)
            answer = self._compiler.json_schema(answer_schema, stop_token_ids=ends)
        return Glm4Turn(self, tools, call_id, calls, answer, constrained=constrained)

    def mask(self, name: MaskName) -> NDArray[np.int32]:
        """A set of ids that turns share; not to be written to."""
        return self._masks[name]


def _with(mask: NDArray[np.int32], *token_ids: int) -> NDArray[np.int32]:
    mask = mask.copy()
    for token_id in token_ids:
        allow_token(mask, token_id)
    return mask


def calls_grammar(tools: Sequence[ToolSpec]) -> str:
    """A Lark grammar of every call of these tools: the name, a newline, then JSON, code or browser actions."""
    names = " | ".join(f"call_{index}" for index in range(len(tools)))
    calls = [
        f"call_{index}: {literal(spec.name + chr(10))} {_payload(spec)}"
        for index, spec in enumerate(tools)
    ]
    builtins = {spec.builtin for spec in tools}
    rules = [text for name, text in _BUILTIN_RULES.items() if name in builtins]
    return "\n".join([f"start: {names}", *calls, *rules])


def _payload(spec: ToolSpec) -> str:
    if spec.builtin == "python":
        return "code"
    if spec.builtin == "simple_browser":
        return "actions"
    return json_rule(closed_schema(spec.parameters))


class Glm4Turn(ParsedTurn):
    """One assistant turn; see `glm_prompts.dialect.Turn`.

    States: `head` (nothing or part of a first line yet), `text`, `payload` (a call's arguments), `over`. After
    text, `<|assistant|>` may open a second segment, in which only a call may follow; after a typed answer it may not.
    """

    def __init__(
        self,
        dialect: Glm4Dialect,
        tools: Sequence[ToolSpec],
        call_id: str,
        calls: Matcher | None,
        answer: Matcher | None,
        *,
        constrained: bool,
    ) -> None:
        super().__init__(
            dialect.tokenizer, {spec.name: spec for spec in tools}, call_id, constrained=constrained
        )
        self._dialect = dialect
        self._calls = calls
        self._answer = answer
        self._state: Literal["head", "text", "payload", "over"] = "head"
        self._at_start = True  # no token of this segment yet
        self._has_text = False
        self._head = ""

    def allowed_tokens(self) -> NDArray[np.int32] | None:
        allowed = super().allowed_tokens()
        if allowed is not None and self._at_start and not self._has_text:
            return allowed | self._dialect.mask("newline")
        return allowed

    def forced_tokens(self) -> Sequence[int]:
        return () if self._at_start else super().forced_tokens()

    def accept(self, token_id: int) -> None:
        at_start, self._at_start = self._at_start, False
        if token_id in self._dialect.stop_token_ids:
            self._close()
        elif token_id == self._dialect.assistant_id:
            self._next_segment()
        elif self._state != "over":
            opens_text = at_start and token_id == self._dialect.newline_id
            if self._calls is not None and self._state != "text" and not opens_text:
                self._calls.accept(token_id)
            elif self._answer is not None and self._state == "text":
                self._answer.accept(token_id)
            self._read(self._stream.push(token_id))

    def finish(self) -> list[TurnEvent]:
        if self._state == "payload":
            self._payload += self._stream.flush()
            self._events.append(CallCut(self._name, self._payload))
        elif self._state != "over":
            self._close()
        self._state = "over"
        return self.take_events()

    def _read(self, text: str) -> None:
        if not text:
            return
        if self._state == "head":
            self._head += text
            self._decide()
        elif self._state == "text":
            self._events.append(TextDelta(text))
        else:
            self._add_payload(text)

    def _decide(self) -> None:
        """Tell text from a call as soon as the head allows it.

        Under the grammar the first token decides. Without it a first line that is no tool's name is text, unless
        it is one word and JSON follows: then the model meant a tool that is not there, and must be told so.
        """
        first_line, newline, rest = self._head.partition("\n")
        name = first_line.strip()
        if newline and not name:
            self._become("text", rest)
        elif newline and name in self._tools:
            self._open_call(name, rest)
        elif newline and rest.strip():
            if rest.lstrip().startswith("{") and _NAME.fullmatch(name):
                self._open_call(name, rest)
            else:
                self._become("text", self._head)

    def _open_call(self, name: str, rest: str) -> None:
        self._name = name
        self._events.append(CallOpened(name))
        self._become("payload", rest)

    def _become(self, state: Literal["text", "payload"], rest: str) -> None:
        self._state = state
        self._head = ""
        self._read(rest)

    def _next_segment(self) -> None:
        if self._state == "payload":  # a second call in one turn: GLM-4 makes one at a time
            self._close()
        elif self._state in ("head", "text"):
            self._read(self._stream.flush())
            if self._state == "head":
                self._become("text", self._head)
            self._has_text = True
            self._at_start = True
            self._state = "head"

    def _close(self) -> None:
        self._read(self._stream.flush())
        if self._state == "payload":
            self._end_call()
        elif self._state == "head":
            self._become("text", self._head)
        self._state = "over"

    def _grammar_in_force(self) -> Matcher | None:
        return self._answer if self._state == "text" else self._calls

    def _free_tokens(self) -> NDArray[np.int32]:
        if self._state != "text":
            return self._dialect.mask("nothing")
        may_call = self._calls is not None and not self._has_text
        return self._dialect.mask("text before a call" if may_call else "text")

r"""ChatGLM3's dialect: `[gMASK] sop` then `<|role|>{metadata}\n{content}` for each message, and calls in Python's syntax.

As in GLM-4's, which grew out of it, the first line behind `<|assistant|>` decides: empty for an answer, or the name of
a tool. A call is `tool_call(…)` in a fenced block, code is called `interpreter`, and the turn is over with the closing
fence. Every piece was encoded for itself in training, each with SentencePiece's dummy space, and so it is here.

Covers: ids of control tokens come from here only. Nothing that a model writes is evaluated. No token that would break
the call's grammar is ever allowed.
Does not cover: a model that believes what it reads.

Source: tokenization_chatglm.py (`build_single_message`, `build_chat_input`) and modeling_chatglm.py
(`process_response`) of chatglm3-6b; PROMPT_en.md and composite_demo of THUDM/ChatGLM3.
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from glm_engine.grammar import Matcher, allow_token, ordinary_tokens
from glm_engine.json_grammar import json_rule
from glm_engine.tokenizer import Tokenizer
from glm_prompts.arguments import parse_arguments
from glm_prompts.chatglm3_turn import (
    INTERPRETER,
    OPENING,
    SPACE,
    ChatGLM3Turn,
    calls_grammar,
)
from glm_prompts.messages import Message, Segment
from glm_prompts.parsed_turn import FENCE, ToolsMatcher
from glm_prompts.python_calls import written_call
from glm_prompts.role_dialect import RoleDialect
from glm_tools.tool import JSONSchema, JSONValue, ToolSpec

PREFIX = ("[gMASK]", "sop")
END_OF_TEXT = "</s>"
_MaskName = Literal["text", "text before a call", "end"]


@dataclass(frozen=True, slots=True)
class ToolText:
    """The wording around tools; see text/chatglm3.toml."""

    heading: str
    interpreter: str
    browser_note: str

    @classmethod
    def load(cls) -> "ToolText":
        source = resources.files("glm_prompts") / "text" / "chatglm3.toml"
        return cls(**tomllib.loads(source.read_text(encoding="utf-8")))

    def render(self, tools: Sequence[ToolSpec]) -> str:
        """All that the model is told about its tools: the interpreter's text, the functions' header, or both."""
        listed = [self._function(spec) for spec in tools if spec.builtin != "python"]
        parts = [self.interpreter] if len(listed) < len(tools) else []
        if listed:
            parts.append(f"{self.heading}\n{json.dumps(listed, indent=4, ensure_ascii=False)}")
        return "\n\n".join(parts)

    def _function(self, spec: ToolSpec) -> dict[str, JSONValue]:
        if spec.builtin is not None:
            return {"name": spec.name, "description": f"{spec.description} {self.browser_note}"}
        return {
            "name": spec.name,
            "description": spec.description,
            "parameters": dict(spec.parameters),
        }


class ChatGLM3Dialect(RoleDialect):
    """ChatGLM3-6B's dialect over its tokenizer.

    Args:
        tokenizer: must have ChatGLM3's control tokens.

    Raises:
        MissingTokenError: the tokenizer has no such control token.
    """

    name = "chatglm3"

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__(tokenizer, PREFIX, END_OF_TEXT)
        self.text = ToolText.load()
        self._blank_line = self._compiler.lark(rf"start: {SPACE} /\n/")
        self._heads, self._calls = (
            ToolsMatcher(partial(self._compiled_calls, or_text=or_text))
            for or_text in (True, False)
        )
        text, end = ordinary_tokens(tokenizer), np.zeros_like(ordinary_tokens(tokenizer))
        allow_token(end, self.observation_id)
        for token_id in (self.user_id, self.end_of_text_id):
            allow_token(text, token_id)
        before_call = text.copy()
        allow_token(before_call, self.assistant_id)
        self._masks: dict[_MaskName, NDArray[np.int32]] = {
            "text": text,
            "text before a call": before_call,
            "end": end,
        }

    def tool_text(self, tools: Sequence[ToolSpec]) -> str:
        return self.text.render(tools)

    def message(self, message: Message, round_number: int) -> Segment:
        name, content = message.metadata, message.content
        if message.role == "assistant" and name:
            content = _fenced(name, content)
            name = INTERPRETER if name == "python" else name
        return super().message(Message(message.role, content, name), round_number)

    def turn(
        self,
        tools: Sequence[ToolSpec],
        *,
        call_id: str,
        allow_calls: bool = True,
        answer_schema: JSONSchema | None = None,
        constrained: bool = True,
    ) -> ChatGLM3Turn:
        head: Matcher | None = None
        calls: Matcher | None = None
        answer: Matcher | None = None
        if constrained:
            head = self._blank_line.copy()
            if allow_calls and tools:
                head, calls = self._heads.copy(tools), self._calls.copy(tools)
        if constrained and answer_schema is not None:
            answer = self._compiler.lark(
                f"start: {SPACE} answer\nanswer: {json_rule(answer_schema)}",
                stop_token_ids=(self.user_id, self.end_of_text_id),
            )
        return ChatGLM3Turn(self, tools, call_id, head, calls, answer, constrained=constrained)

    def mask(self, name: _MaskName) -> NDArray[np.int32]:
        """A set of ids that turns share; not to be written to."""
        return self._masks[name]

    def _compiled_calls(self, tools: Sequence[ToolSpec], *, or_text: bool) -> Matcher:
        return self._compiler.lark(calls_grammar(tools, or_text=or_text))


def _fenced(name: str, content: str) -> str:
    """A call of history as the model writes it, from a fenced block, from JSON arguments, or from code."""
    if content.lstrip().startswith(FENCE):
        return content
    arguments = parse_arguments(content) if name != "python" else None
    call = content if arguments is None else written_call(arguments)
    return f"{OPENING}{call}\n{FENCE}"

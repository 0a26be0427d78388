r"""ChatGLM2's dialect: `[Round N]\n\n问：…\n\n答：…\n\n` after `[gMASK] sop`, and tools by ReAct under a grammar.

ChatGLM2 was trained on no tools. With tools, each turn is `Thought:`, one line, then either `Final Answer:` and text up
to the end-of-text token, or a call, which is over with its last character: the closing brace of JSON, the closing fence
of code, the closing parenthesis of a browser's action. The result follows in the same round, as `Observation:`.

Rounds have no token of their own, and the end-of-text token is never part of the prompt: one that was sampled is left
out of the history. The first round begins with SentencePiece's dummy space, as in training; all later text continues
what is there and has none.

Covers: ids of control tokens come from here only. Lines of users and tools that look like a round or a ReAct label are
indented by a space. No token that would break the call's grammar is ever allowed.
Does not cover: a model that believes what it reads. Its rounds and labels are ordinary text, and it knows no better.

Source: tokenization_chatglm.py (`build_prompt`) and modeling_chatglm.py (`process_response`) of chatglm2-6b; ReAct: Yao
et al., 2022, arXiv:2210.03629.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np

from glm_engine.grammar import GrammarCompiler, Matcher, allow_token, ordinary_tokens
from glm_engine.json_grammar import json_rule, literal
from glm_engine.tokenizer import Tokenizer
from glm_prompts.errors import MissingTokenError
from glm_prompts.messages import Message, Segment
from glm_prompts.parsed_turn import ToolsMatcher
from glm_prompts.react import ACTION, ACTION_INPUT, ANSWER, OBSERVATION, ReActTurn, react_grammar
from glm_tools.tool import Builtin, JSONSchema, Observation, ToolSpec

Language = Literal["zh", "en"]

PREFIX = ("[gMASK]", "sop")
END_OF_TEXT = "</s>"

_LOOKS_LIKE_A_MARK = re.compile(
    r"(?<=[\r\n])(?=\[Round|问：|答：|Thought:|Action:|Action Input:|Observation:|Final Answer:)"
)


@dataclass(frozen=True, slots=True)
class ToolText:
    """The wording around tools in one language; see text/*.toml."""

    heading: str
    parameters_note: str
    builtin_notes: Mapping[Builtin, str]
    format: str

    @classmethod
    def load(cls, language: Language) -> "ToolText":
        source = resources.files("glm_prompts") / "text" / f"chatglm2.{language}.toml"
        return cls(**tomllib.loads(source.read_text(encoding="utf-8")))

    def render(self, tools: Sequence[ToolSpec]) -> str:
        """All that the model is told about its tools."""
        return "\n".join([self.heading, "", *map(self._tool, tools), self.format])

    def _tool(self, spec: ToolSpec) -> str:
        if spec.builtin:
            note = self.builtin_notes[spec.builtin]
        else:
            note = self.parameters_note + json.dumps(spec.parameters, ensure_ascii=False)
        return f"{spec.name}: {spec.description.strip()} {note}"


class ChatGLM2Dialect:
    """ChatGLM2-6B's dialect over its tokenizer.

    Args:
        tokenizer: must have ChatGLM2's control tokens.
        language: of the text about tools.

    Raises:
        MissingTokenError: the tokenizer has no such control token.
    """

    name = "chatglm2"

    def __init__(self, tokenizer: Tokenizer, language: Language = "zh") -> None:
        for token in (*PREFIX, END_OF_TEXT):
            if token not in tokenizer.special_tokens:
                raise MissingTokenError(self.name, token)
        self.tokenizer = tokenizer
        self.text = ToolText.load(language)
        self.end_of_text_id = tokenizer.special_tokens[END_OF_TEXT]
        self.text_mask = ordinary_tokens(tokenizer)
        self.end_mask = np.zeros_like(self.text_mask)
        for mask in (self.text_mask, self.end_mask):
            allow_token(mask, self.end_of_text_id)
        self._compiler = GrammarCompiler(tokenizer)
        self._answer_only = self._compiler.lark(f"start: {literal(ANSWER)}")
        self._calls = ToolsMatcher(lambda tools: self._compiler.lark(react_grammar(tools)))

    @property
    def stop_token_ids(self) -> frozenset[int]:
        return frozenset((self.end_of_text_id,))

    def start(self, system: str | None, tools: Sequence[ToolSpec]) -> list[Segment]:
        special = self.tokenizer.special_tokens
        segments = [Segment("prefix", tuple(special[token] for token in PREFIX))]
        parts = [("tools", self.text.render(tools))] if tools else []
        if system:
            parts.append(("system", system))
        for label, text in parts:
            segments.append(self._encode(label, text + "\n\n", continues=len(segments) > 1))
        return segments

    def user(self, text: str, round_number: int) -> Segment:
        is_first = round_number == 1
        prompt = f"[Round {round_number}]\n\n问：{_plain(text)}\n\n答："
        return self._encode("user", prompt if is_first else f"\n\n{prompt}", continues=not is_first)

    def observation(self, observation: Observation) -> Segment:
        text = observation.text
        if observation.metadata:
            text = f"{observation.metadata}\n{text}"
        return self._encode("observation", f"\n{OBSERVATION} {_plain(text)}\n", continues=True)

    def message(self, message: Message, round_number: int) -> Segment:
        match message.role:
            case "user":
                return self.user(message.content, round_number)
            case "observation":
                return self.observation(Observation(message.content, message.metadata))
            case "system":
                return self._encode("system", message.content + "\n\n", continues=round_number > 1)
        text = message.content
        if message.metadata:
            text = f"{ACTION} {message.metadata}\n{ACTION_INPUT} {text}"
        return self._encode("assistant", text, continues=True)

    def reply_prompt(self) -> Segment:
        return Segment("reply prompt", ())

    def turn(
        self,
        tools: Sequence[ToolSpec],
        *,
        call_id: str,
        allow_calls: bool = True,
        answer_schema: JSONSchema | None = None,
        constrained: bool = True,
    ) -> ReActTurn:
        head: Matcher | None = None
        answer: Matcher | None = None
        if constrained and tools:
            head = self._calls.copy(tools) if allow_calls else self._answer_only.copy()
        if constrained and answer_schema is not None:
            space = literal(" ") if tools else ""  # behind the label
            answer = self._compiler.lark(
                f"start: {space} {json_rule(answer_schema)}", stop_token_ids=(self.end_of_text_id,)
            )
        return ReActTurn(self, tools, call_id, head, answer, constrained=constrained)

    def _encode(self, label: str, text: str, *, continues: bool) -> Segment:
        return Segment(label, tuple(self.tokenizer.encode(text, continues=continues)))


def _plain(text: str) -> str:
    """Text of a user or a tool, in which no line begins like a round or a label."""
    return _LOOKS_LIKE_A_MARK.sub(" ", text)

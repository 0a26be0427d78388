"""One turn of ReAct as a grammar and a parser: a thought, then an action and its input, or the final answer.

The call is over with its last character: the closing brace of JSON, the closing fence of code, the closing parenthesis
of a browser's action. See `chatglm2` for the dialect that speaks so.

Source: Yao et al., 2022, arXiv:2210.03629; `process_response` of chatglm2-6b's modeling_chatglm.py.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from glm_engine.grammar import Matcher
from glm_engine.json_grammar import json_rule, literal
from glm_prompts.arguments import closed_schema
from glm_prompts.dialect import CallCut, CallOpened, TextDelta, TurnEvent
from glm_prompts.marked_text import TRAINING_TIME, TRAINING_TIME_TEXT, MarkedText
from glm_prompts.parsed_turn import FENCE, ParsedTurn, fenced_rules
from glm_tools.tool import ToolSpec

if TYPE_CHECKING:
    from glm_prompts.chatglm2 import ChatGLM2Dialect

THOUGHT, ACTION, ACTION_INPUT, ANSWER = "Thought:", "Action:", "Action Input:", "Final Answer:"
OBSERVATION = "Observation:"
# A thought is one line of at most so much: then the model must act or answer.
THOUGHT_LIMIT_CHARS = 400

# What an answer never holds: the model goes on with the user's part, or with a tool's.
GUARDS = ("\n\n[Round", "[Round", "\n\n问：", f"\n{OBSERVATION}")


def react_grammar(tools: Sequence[ToolSpec]) -> str:
    """A Lark grammar of a turn up to where the answer's text begins, or to the end of its call."""
    calls = " | ".join(f"call_{index}" for index in range(len(tools)))
    rules = [
        f"start: {literal(THOUGHT)} THOUGHT ({literal(chr(10) + ACTION + ' ')} ({calls})"
        f" | {literal(chr(10) + ANSWER)})",
        rf"THOUGHT: /[^\n]{{1,{THOUGHT_LIMIT_CHARS}}}/",
        *(
            f"call_{index}: {literal(f'{spec.name}{chr(10)}{ACTION_INPUT}')} {_input_rule(spec)}"
            for index, spec in enumerate(tools)
        ),
    ]
    return "\n".join([*rules, *fenced_rules(tools)])


def _input_rule(spec: ToolSpec) -> str:
    if spec.builtin == "python":
        return literal(f"\n{FENCE}python\n") + " code"
    if spec.builtin == "simple_browser":  # one: of several, nobody could say which is the last
        return literal(" ") + " action"
    return literal(" ") + " " + json_rule(closed_schema(spec.parameters))


class ReActTurn(ParsedTurn):
    """One assistant turn; see `glm_prompts.dialect.Turn`.

    States: `head` (no label yet), `thought`, `name` (behind `Action:`), `input` (behind `Action Input:`, nothing but
    space or an opening fence yet), `payload` (a call's arguments), `answer`, `over`. Thoughts are no events: they stay
    in the ids. A turn that ends in its thought has no other answer, and gives the thought.
    """

    def __init__(
        self,
        dialect: "ChatGLM2Dialect",
        tools: Sequence[ToolSpec],
        call_id: str,
        head: Matcher | None,
        answer: Matcher | None,
        *,
        constrained: bool,
    ) -> None:
        super().__init__(
            dialect.tokenizer, {spec.name: spec for spec in tools}, call_id, constrained=constrained
        )
        self._dialect = dialect
        self._head = head
        self._answer_grammar = answer
        # A typed answer is whatever its grammar lets through: what looks like a mark in it is content.
        self._answer_marks = () if answer is not None else (*GUARDS, TRAINING_TIME)
        self._text = ""  # of this state, where it waits for more
        self._thought = ""
        self._has_answer = False
        self._state: Literal["head", "thought", "name", "input", "payload", "answer", "over"]
        self._marked: MarkedText
        if tools:
            self._become("head", ())
        else:
            self._become("answer", self._answer_marks)

    def accept(self, token_id: int) -> None:
        if self._state == "over":
            return
        if token_id in self._dialect.stop_token_ids:
            self._close()
            return
        if (grammar := self._grammar_in_force()) is not None:
            grammar.accept(token_id)
        self._read(self._stream.push(token_id))
        if grammar is not None and grammar.is_stopped and self._state in ("input", "payload"):
            self._close()

    def finish(self) -> list[TurnEvent]:
        if self._state in ("input", "payload"):
            self._payload += self._text + self._marked.flush() + self._stream.flush()
            self._events.append(CallCut(self._name, self._payload))
            self._state = "over"
        elif self._state != "over":
            self._close()
        return self.take_events()

    def _become(
        self,
        state: Literal["head", "thought", "name", "input", "payload", "answer"],
        marks: Sequence[str],
    ) -> None:
        self._state = state
        self._text = ""
        self._marked = MarkedText(marks)

    def _read(self, text: str) -> None:
        """Take text in, through as many states as it goes."""
        while self._state != "over":
            released, mark = self._marked.push(text)
            rest = self._marked.flush() if mark is not None else None
            following = self._step(released, mark)
            if following is None and rest is None:
                return
            text = (following or "") + (rest or "")

    def _step(self, text: str, mark: str | None) -> str | None:
        """Text of this state and the mark behind it, if one came. Returns what is left for the state that follows."""
        match self._state:
            case "head":
                return self._read_head(text)
            case "thought":
                self._thought += text
                if mark is not None:
                    self._open(mark.strip())
            case "name":
                self._text += text
                if mark is not None:
                    self._name = self._text.strip()
                    self._events.append(CallOpened(self._name))
                    self._become("input", ())
            case "input":
                return self._read_input(text)
            case "payload":
                self._add_payload(text)
                if mark is not None:
                    self._end_call()
            case "answer":
                self._answer(text)
                if mark == TRAINING_TIME:
                    self._answer(TRAINING_TIME_TEXT)
                elif mark is not None:
                    self._state = "over"
        return None

    def _read_head(self, text: str) -> str | None:
        """The label that the turn begins with; text without one is an answer."""
        self._text += text
        start = self._text.lstrip()
        for label in (THOUGHT, ACTION, ANSWER):
            if start.startswith(label):
                self._open(label)
                return start.removeprefix(label)
            if label.startswith(start):
                return None
        whole = self._text
        self._open(ANSWER)
        return whole

    def _open(self, label: str) -> None:
        if label == THOUGHT:
            self._become("thought", (f"\n{ACTION}", f"\n{ANSWER}"))
        elif label == ACTION:
            self._become("name", (f"\n{ACTION_INPUT}",))
        else:
            self._become("answer", self._answer_marks)

    def _read_input(self, text: str) -> str | None:
        self._text += text
        start = self._text.lstrip()
        if FENCE.startswith(start[: len(FENCE)]):
            _, newline, code = start.partition("\n")
            if not newline:
                return None  # the opening line is not whole yet
            self._become("payload", (f"\n{FENCE}",))
            return code
        self._become("payload", (f"\n{OBSERVATION}",))
        return start

    def _answer(self, text: str) -> None:
        if not self._has_answer:
            text = text.lstrip()
        if text:
            self._has_answer = True
            self._events.append(TextDelta(text))

    def _close(self) -> None:
        """The turn ends here, and what is there is whole."""
        self._read(self._stream.flush())
        match self._state:
            case "head":
                self._answer(self._text.rstrip())
            case "answer":
                self._answer(self._marked.flush().rstrip())
            case "thought":
                self._answer((self._thought + self._marked.flush()).rstrip())
            case "name":
                self._answer(self._thought.rstrip())
            case "input":
                self._add_payload(self._text.strip())
                self._end_call()
            case "payload":
                self._add_payload(self._marked.flush().rstrip("\n"))
                self._end_call()
        self._state = "over"

    def _grammar_in_force(self) -> Matcher | None:
        if self._state == "over":
            return None
        return self._answer_grammar if self._state == "answer" else self._head

    def _free_tokens(self) -> NDArray[np.int32]:
        return self._dialect.end_mask if self._state == "over" else self._dialect.text_mask

"""Answers under a schema, in both dialects: whatever the logits say, the answer is JSON that fits."""

import json
from typing import Any

import numpy as np
import pytest
from jsonschema.validators import validator_for

from glm_engine.testing import tiny_tokenizer
from glm_prompts.chatglm2 import ChatGLM2Dialect
from glm_prompts.dialect import CallOpened, CallReady, Dialect, TextDelta, Turn, TurnEvent
from glm_prompts.glm4 import Glm4Dialect
from glm_tools.tool import ToolSpec

GLM4: Dialect = Glm4Dialect(tiny_tokenizer())
CHATGLM2: Dialect = ChatGLM2Dialect(tiny_tokenizer(("</s>", "[gMASK]", "sop")))
DIALECTS = pytest.mark.parametrize("dialect", [GLM4, CHATGLM2], ids=["glm4", "chatglm2"])
NOW = ToolSpec("now", "", {"type": "object", "properties": {}, "additionalProperties": False})
INVOICE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "maxLength": 8},
        "total": {"type": "integer", "minimum": 0, "maximum": 9999},
        "paid": {"type": "boolean"},
        "lines": {
            "type": "array",
            "items": {"enum": ["茶", "rice", "[Round 2]"]},
            "maxItems": 3,
        },
    },
    "required": ["number", "total", "lines"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "object": INVOICE,
    "list": {"type": "array", "items": {"type": "integer", "maximum": 99}, "maxItems": 4},
    "number": {"type": "integer", "minimum": -3, "maximum": 300},
    "choice": {"enum": ["yes", "no", None]},
    "draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "type": "array",
        "items": [{"$ref": "#/definitions/n"}, {"type": "boolean"}],
        "additionalItems": False,
        "minItems": 2,
    },
    "draft 2020-12": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"pair": {"prefixItems": [{"enum": ["a"]}, {"const": 1}], "items": False}},
        "type": "object",
        "properties": {"first": {"$ref": "#/$defs/pair"}, "second": {"$ref": "#/$defs/pair"}},
        "required": ["first"],
        "additionalProperties": False,
    },
}
# How a turn that answers begins.
OPENINGS = {("glm4", False): "\n", ("glm4", True): "\n", ("chatglm2", False): ""} | {
    ("chatglm2", True): "Thought: .\nFinal Answer:"
}
MAX_TOKENS = 400


def allowed(turn: Turn) -> list[int]:
    mask = turn.allowed_tokens()
    assert mask is not None
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little")
    return [int(token_id) for token_id in np.flatnonzero(bits)]


def opened(dialect: Dialect, schema: dict[str, Any], *, with_tools: bool, calls: bool) -> Turn:
    turn = dialect.turn(
        [NOW] if with_tools else [], call_id="c", allow_calls=calls, answer_schema=schema
    )
    opening = OPENINGS[dialect.name, with_tools]
    if dialect is CHATGLM2 and not calls and with_tools:
        opening = "Final Answer:"
    for token_id in dialect.tokenizer.encode(opening):
        turn.accept(token_id)
    return turn


def text_of(events: list[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@DIALECTS
@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(("with_tools", "calls"), [(False, True), (True, True), (True, False)])
def test_an_answer_from_random_logits_is_json_that_fits(
    dialect: Dialect, name: str, with_tools: bool, calls: bool
) -> None:
    """Parsing cannot fail: with tools, without, and in a closing turn."""
    validator = validator_for(SCHEMAS[name])(SCHEMAS[name])
    complete = 0
    for seed in range(60):
        noise = np.random.default_rng(seed)
        turn = opened(dialect, SCHEMAS[name], with_tools=with_tools, calls=calls)
        for _ in range(MAX_TOKENS):
            token_id = int(noise.choice(allowed(turn)))
            turn.accept(token_id)
            if token_id in dialect.stop_token_ids:
                validator.validate(json.loads(text_of(turn.take_events())))
                complete += 1
                break
    assert complete == 60


@DIALECTS
def test_a_turn_with_a_schema_may_still_call(dialect: Dialect) -> None:
    turn = dialect.turn([NOW], call_id="c", answer_schema=INVOICE)
    text = "now\n{}" if dialect is GLM4 else "Thought: .\nAction: now\nAction Input: {}"
    for token_id in dialect.tokenizer.encode(text):
        assert token_id in allowed(turn)
        turn.accept(token_id)
    events = turn.take_events()
    if dialect is GLM4:
        turn.accept(dialect.tokenizer.special_tokens["<|observation|>"])
    events += turn.finish()
    kinds = [type(event) for event in events if not isinstance(event, TextDelta)]
    assert (kinds[0], kinds[-1]) == (CallOpened, CallReady)


@DIALECTS
def test_the_turn_cannot_end_before_the_json_does(dialect: Dialect) -> None:
    turn = opened(dialect, INVOICE, with_tools=True, calls=True)
    text = ' {"number": "7", "total": 12, "lines": []}'.removeprefix(" " if dialect is GLM4 else "")
    for token_id in dialect.tokenizer.encode(text):
        assert dialect.stop_token_ids.isdisjoint(allowed(turn))
        turn.accept(token_id)
    assert dialect.stop_token_ids.issuperset(allowed(turn))


@DIALECTS
def test_what_looks_like_a_mark_inside_a_typed_answer_is_content(dialect: Dialect) -> None:
    """ChatGLM2's guards end free text at `[Round`; a JSON string that holds it must stay whole."""
    turn = opened(dialect, INVOICE, with_tools=False, calls=True)
    answer = '{"number": "[Round 3", "total": 1, "lines": ["[Round 2]"]}'
    for token_id in dialect.tokenizer.encode(answer):
        turn.accept(token_id)
    assert text_of(turn.take_events() + turn.finish()) == answer

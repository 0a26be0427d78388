"""Promise P3: a call is valid by construction, whatever the network thinks."""

import io
import random
import sysconfig
import tokenize
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from glm_engine.testing import tiny_tokenizer
from glm_prompts.dialect import CallReady
from glm_prompts.glm4 import Glm4Dialect
from glm_tools.browser.actions import parse_actions
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import JSONSchema, ToolSpec

TINY = Glm4Dialect(tiny_tokenizer())
MAX_TOKENS = 400


def an_object(required: list[str], **properties: JSONSchema) -> JSONSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


STRING: JSONSchema = {"type": "string", "maxLength": 6}
SCHEMAS: dict[str, JSONSchema] = {
    "no_arguments": an_object([]),
    "strings": an_object(["a"], a=STRING, b={"enum": ["x y", "ü\n", '"']}, c={"const": 7}),
    "numbers": an_object(
        ["n"],
        n={"type": "integer", "minimum": -3, "maximum": 12},
        x={"type": "number", "minimum": 0, "maximum": 1},
        flag={"type": "boolean"},
        nothing={"type": "null"},
    ),
    "arrays": an_object(
        ["items"],
        items={"type": "array", "items": STRING, "minItems": 1, "maxItems": 3},
        pair={
            "type": "array",
            "prefixItems": [STRING, {"type": "boolean"}],
            "items": False,
            "minItems": 2,
        },
    ),
    "nested": {
        **an_object(["to"], to={"$ref": "#/$defs/person"}),
        "$defs": {
            "person": an_object(["name"], name=STRING, age={"type": "integer", "maximum": 99})
        },
    },
    "unions": an_object(
        ["value"],
        value={"anyOf": [STRING, {"type": "integer", "maximum": 9}, {"type": "null"}]},
        date={
            "type": "string",
            "format": "date",
        },  # its shape only: 2023-02-29 is a matter for the tool
    ),
    "with.dots and spaces, 名字": an_object(["q"], q={"type": "string", "pattern": "^[a-c]{1,3}$"}),
}
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
TOOLS = [ToolSpec(name, "", schema) for name, schema in SCHEMAS.items()]


def random_call(seed: int) -> CallReady | None:
    """One turn of a model whose logits are noise; None when it was not done within `MAX_TOKENS`."""
    noise = np.random.default_rng(seed)
    turn = TINY.turn(TOOLS, call_id="c")
    # Which tool is noise too, but evenly: from the first byte on, half of all calls would be of two tools.
    for token_id in TINY.tokenizer.encode(TOOLS[seed % len(TOOLS)].name):
        turn.accept(token_id)
    for _ in range(MAX_TOKENS):
        mask = turn.allowed_tokens()
        assert mask is not None
        allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
        token_id = int(noise.choice(allowed))
        turn.accept(token_id)
        if token_id in TINY.stop_token_ids:
            (ready,) = [event for event in turn.take_events() if isinstance(event, CallReady)]
            return ready
    return None


@pytest.mark.parametrize("block", range(10))
def test_a_thousand_calls_from_random_logits_break_no_schema(block: int) -> None:
    """Ten thousand in all: no unknown name, no schema violation."""
    complete = 0
    for seed in range(block * 1000, block * 1000 + 1000):
        ready = random_call(seed)
        if ready is None:
            continue
        complete += 1
        assert ready.call.arguments is not None, ready.call.raw
        VALIDATORS[ready.call.name].validate(ready.call.arguments)
    assert complete > 900


def test_browser_calls_from_random_logits_are_actions_that_the_browser_reads() -> None:
    browser = ToolSpec("simple_browser", "", {"type": "object"}, builtin="simple_browser")
    complete = 0
    for seed in range(300):
        noise = np.random.default_rng(seed)
        turn = TINY.turn([browser], call_id="c")
        for token_id in TINY.tokenizer.encode("simple_browser\n"):
            turn.accept(token_id)
        for _ in range(MAX_TOKENS):
            mask = turn.allowed_tokens()
            assert mask is not None
            allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
            # Noise alone would never close a string of up to 2,000 characters.
            quote = TINY.tokenizer.encode('"')[0]
            closes = quote in allowed and noise.random() < 0.3
            token_id = quote if closes else int(noise.choice(allowed))
            turn.accept(token_id)
            if token_id in TINY.stop_token_ids:
                (ready,) = [event for event in turn.take_events() if isinstance(event, CallReady)]
                assert parse_actions(ready.call.raw)
                complete += 1
                break
    assert complete > 100


def python_sources() -> list[str]:
    """Modules of the standard library, which nobody wrote for this grammar."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = [path.read_text(encoding="utf-8") for path in paths if path.stat().st_size < 8_000]
    assert len(texts) > 30
    return [text for text in texts if text]


def may_end(code: str) -> bool:
    """Whether a call of `python` may end behind this code, which the grammar has to let through."""
    turn = TINY.turn([PYTHON], call_id="c")
    for token_id in TINY.tokenizer.encode(f"python\n{code}"):
        turn.accept(token_id)
    mask = turn.allowed_tokens()
    assert mask is not None
    return bool(int(mask[TINY.observation_id // 32]) >> TINY.observation_id % 32 & 1)


def is_open(code: str) -> bool:
    """Whether Python's own tokenizer waits for a bracket or a quote."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except tokenize.TokenError as error:
        return "EOF in multi-line" in error.args[0]
    return any(token.type == tokenize.ERRORTOKEN and token.string[0] in "\"'" for token in tokens)


def test_code_that_python_reads_is_let_through() -> None:
    for code in python_sources():
        assert may_end(code)


def test_code_may_end_where_no_bracket_and_no_string_is_open() -> None:
    """A small model stops in the middle of an expression, and then makes the same call again."""
    source = random.Random(0)
    opened = 0
    for code in python_sources():
        for _ in range(4):
            beginning = code[: source.randrange(1, len(code))]
            if beginning.rstrip(" ").endswith("\\"):  # Python waits for the next line
                continue
            opened += is_open(beginning)
            assert may_end(beginning) != is_open(beginning), beginning[-200:]
    assert opened > 30


@pytest.mark.parametrize("code", ["print(1))", "x = ]", "f(a]", "}"])
def test_code_closes_no_bracket_that_it_did_not_open(code: str) -> None:
    turn = TINY.turn([PYTHON], call_id="c")
    *before, last = TINY.tokenizer.encode(f"python\n{code}")
    for token_id in before:
        turn.accept(token_id)
    mask = turn.allowed_tokens()
    assert mask is not None
    assert not int(mask[last // 32]) >> last % 32 & 1

"""Promise P3: a call decoded under a grammar is valid by construction; and how a matcher moves."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from numpy.typing import NDArray

from glm_engine.errors import GrammarError
from glm_engine.grammar import GrammarCompiler, Matcher, allow_token, ordinary_tokens
from glm_engine.json_grammar import json_rule, literal
from glm_engine.tokenizer import Tokenizer, load_tokenizer
from glm_engine.vocabularies import ByteLevelTokenizer

Accepts = Callable[[Matcher, str], bool]

GLM4 = Path(__file__).parents[3] / "shared" / "data" / "glm-4-9b-chat"

SCHEMAS: dict[str, dict[str, Any]] = {
    "get_weather": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit", 7]}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "book": {
        "type": "object",
        "properties": {
            "guests": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "minLength": 1, "maxLength": 12},
                        "age": {"type": "integer", "minimum": 0, "maximum": 130},
                    },
                    "required": ["name", "age"],
                    "additionalProperties": False,
                },
            },
            "date": {"type": "string", "pattern": "^20[0-9]{2}-[01][0-9]$"},
            "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
        "required": ["guests", "date", "rate", "note"],
    },
    "tree": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "值": {"type": ["integer", "boolean"]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["值"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    "tags": {
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "patternProperties": {"^x-": {"type": "integer", "multipleOf": 5}},
        "additionalProperties": {"type": "boolean"},
    },
    "pair": {
        "type": "object",
        "properties": {
            "at": {
                "type": "array",
                "prefixItems": [{"type": "number"}, {"const": "°"}],
                "items": False,
                "minItems": 2,
            },
            "deep/er ~": {"allOf": [{"type": "string", "minLength": 2}, {"maxLength": 4}]},
        },
        "required": ["at", "deep/er ~"],
        "additionalProperties": False,
    },
}


@pytest.fixture(scope="session", params=["small", "glm-4"])
def tokenizer(request: pytest.FixtureRequest, small_tokenizer: Tokenizer) -> Tokenizer:
    if request.param == "small":
        return small_tokenizer
    if not (GLM4 / "tokenizer.model").exists():
        pytest.skip(f"GLM-4's tokenizer is not at {GLM4}")
    return load_tokenizer(GLM4)


@pytest.fixture(scope="session")
def its_compiler(tokenizer: Tokenizer) -> GrammarCompiler:
    return GrammarCompiler(tokenizer)


def unpacked(mask: NDArray[np.int32]) -> NDArray[np.intp]:
    bits = np.unpackbits(mask.astype("<i4").view(np.uint8), bitorder="little")
    return np.flatnonzero(bits)


def ids_of(mask: NDArray[np.int32]) -> list[int]:
    return [int(index) for index in unpacked(mask)]


class Sampler:
    """Draws texts from a grammar as random logits would: any allowed token, evenly.

    Tokens that close strings, numbers, lists and objects grow likelier with length, so that the texts end.
    """

    def __init__(self, tokenizer: Tokenizer, seed: int) -> None:
        self._random = random.Random(seed)
        self._special = np.zeros_like(ordinary_tokens(tokenizer))
        for token_id in tokenizer.special_tokens.values():
            allow_token(self._special, token_id)
        self._closing = np.zeros_like(self._special)
        for token_id in range(tokenizer.vocab_size):
            token = tokenizer.token_bytes(token_id)
            if token and set(token) <= set(b'"}],: '):
                allow_token(self._closing, token_id)
        self._closing |= self._special

    def draw(self, matcher: Matcher, stop_token_id: int) -> list[int] | None:
        """Returns the ids before the stop token, which is the only control token ever allowed; None if too long."""
        allowed_special = np.zeros_like(self._special)
        allow_token(allowed_special, stop_token_id)
        drawn: list[int] = []
        while len(drawn) < 400:
            mask = matcher.allowed_tokens()
            special = mask & self._special
            assert not np.any(special & ~allowed_special)
            assert bool(np.any(special)) == matcher.is_complete
            closing = mask & self._closing
            if np.any(closing) and self._random.random() < len(drawn) / 40:
                mask = closing
            allowed = unpacked(mask)
            token_id = int(allowed[self._random.randrange(len(allowed))])
            matcher.accept(token_id)
            if token_id == stop_token_id:
                return drawn
            drawn.append(token_id)
        return None


def check_random_calls(
    compiler: GrammarCompiler, tokenizer: Tokenizer, count: int, seed: int
) -> None:
    """Decodes calls under a grammar of all schemas; each must name a tool and fit its schema."""
    branches = [
        f"{literal(name + chr(10))} {json_rule(schema)}" for name, schema in SCHEMAS.items()
    ]
    stop = tokenizer.special_tokens["<|observation|>"]
    start = compiler.lark("start: " + " | ".join(branches), stop_token_ids=[stop])
    sampler = Sampler(tokenizer, seed)
    seen: dict[str, int] = dict.fromkeys(SCHEMAS, 0)
    for _ in range(count):
        drawn = sampler.draw(start.copy(), stop)
        if drawn is not None:
            name, _, arguments = tokenizer.decode(drawn).partition("\n")
            Draft202012Validator(SCHEMAS[name]).validate(json.loads(arguments))
            seen[name] += 1
    assert sum(seen.values()) > 0.95 * count
    assert min(seen.values()) > 0


def test_calls_from_random_logits_fit_their_schemas(
    its_compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    check_random_calls(its_compiler, tokenizer, count=200, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_calls_from_random_logits_fit_their_schemas(
    its_compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    """The number that promise P3 names, for each vocabulary."""
    check_random_calls(its_compiler, tokenizer, count=10_000, seed=2)


@pytest.mark.parametrize(
    ("grammar", "problem"),
    [
        ("", "Empty grammar"),
        ('start: "a', "lexer error"),
        ("start: nowhere", "nowhere"),
        ('start: "a" <[99999]>', "99999"),
        ("start: /(/", "unclosed group"),
    ],
)
def test_a_grammar_that_is_not_one_is_named(
    compiler: GrammarCompiler, grammar: str, problem: str
) -> None:
    with pytest.raises(GrammarError, match=problem):
        compiler.lark(grammar)


def test_the_finished_text_may_be_followed_by_the_stop_tokens_only(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    stop = small_tokenizer.special_tokens["<|observation|>"]
    matcher = compiler.lark('start: "ab"', stop_token_ids=[stop])
    with pytest.raises(GrammarError):
        matcher.accept(stop)
    for token_id in small_tokenizer.encode("ab"):
        assert not matcher.is_complete
        matcher.accept(token_id)
    assert matcher.is_complete
    assert ids_of(matcher.allowed_tokens()) == [stop]
    matcher.accept(stop)
    assert matcher.is_stopped
    assert ids_of(matcher.allowed_tokens()) == []
    assert matcher.forced_tokens() == []
    with pytest.raises(GrammarError):
        matcher.accept(stop)
    matcher.rollback(1)
    assert ids_of(matcher.allowed_tokens()) == [stop]


def test_text_that_may_go_on_may_also_stop(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    """The body of a Python call: anything, then the stop token."""
    stop = small_tokenizer.special_tokens["<|observation|>"]
    matcher = compiler.lark(r'start: "python\n" /(.|\n)+/', stop_token_ids=[stop])
    for token_id in small_tokenizer.encode("python\n"):
        assert stop not in ids_of(matcher.allowed_tokens())
        matcher.accept(token_id)
    assert stop not in ids_of(matcher.allowed_tokens())
    matcher.accept(small_tokenizer.encode("x")[0])
    allowed = ids_of(matcher.allowed_tokens())
    assert stop in allowed
    assert len(allowed) > 300


def test_without_stop_tokens_nothing_follows_a_finished_text(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    matcher = compiler.lark('start: "ab"')
    for token_id in small_tokenizer.encode("ab"):
        matcher.accept(token_id)
    assert matcher.is_complete
    assert matcher.is_stopped
    assert ids_of(matcher.allowed_tokens()) == []


def test_a_control_token_is_allowed_only_where_the_grammar_names_its_id(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    """Spelt out in a literal it is text; every control token can be named, `<|endoftext|>` too."""
    control = set(small_tokenizer.special_tokens.values())
    for name, special_id in small_tokenizer.special_tokens.items():
        spelt = compiler.lark(f"start: {literal(name)}")
        for token_id in small_tokenizer.encode(name):
            assert control.isdisjoint(ids_of(spelt.allowed_tokens()))
            spelt.accept(token_id)
        assert spelt.is_complete
        named = compiler.lark(f'start: "a" <[{special_id}]> "b"')
        named.accept(small_tokenizer.encode("a")[0])
        assert ids_of(named.allowed_tokens()) == [special_id]
        named.accept(special_id)
        named.accept(small_tokenizer.encode("b")[0])
        assert named.is_complete
    anything = compiler.lark(r"start: /(.|\n)*/")
    assert control.isdisjoint(ids_of(anything.allowed_tokens()))


def test_a_mask_covers_the_vocabulary_and_is_the_callers(compiler: GrammarCompiler) -> None:
    """512 rows are 16 words; the dialect writes into the mask it gets."""
    matcher = compiler.lark('start: "a"')
    mask = matcher.allowed_tokens()
    assert mask.shape == (16,)
    assert mask.dtype == np.int32
    mask[:] = -1
    assert ids_of(matcher.allowed_tokens()) != ids_of(mask)


def test_bits_behind_the_vocabulary_are_zero(small_description: dict[str, Any]) -> None:
    """Not a multiple of 32, so the last word has room for llguidance's own end of text."""
    for size in range(495, 513):
        padded = ByteLevelTokenizer(small_description, vocab_size=size)
        matcher = GrammarCompiler(padded).lark(r"start: /(.|\n)*/")
        assert matcher.is_complete
        assert max(ids_of(matcher.allowed_tokens())) < size


def test_ordinary_tokens_are_those_with_a_text(tokenizer: Tokenizer) -> None:
    ordinary = set(ids_of(ordinary_tokens(tokenizer)))
    assert ordinary == {i for i in range(tokenizer.vocab_size) if tokenizer.token_bytes(i)}
    assert ordinary.isdisjoint(tokenizer.special_tokens.values())


@given(seed=st.integers(0, 2**32), taken_back=st.integers(0, 30))
def test_rolling_back_is_the_same_as_never_having_gone(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer, seed: int, taken_back: int
) -> None:
    choice, stop = random.Random(seed), small_tokenizer.special_tokens["<|user|>"]
    start = compiler.json_schema(SCHEMAS["get_weather"], stop_token_ids=[stop])
    matcher = start.copy()
    taken: list[int] = []
    while not matcher.is_stopped and len(taken) < 25:
        taken.append(choice.choice(ids_of(matcher.allowed_tokens())))
        matcher.accept(taken[-1])
    taken_back = min(taken_back, len(taken))
    matcher.rollback(taken_back)
    fresh = start.copy()
    for token_id in taken[: len(taken) - taken_back]:
        fresh.accept(token_id)
    assert np.array_equal(matcher.allowed_tokens(), fresh.allowed_tokens())
    assert matcher.is_complete == fresh.is_complete
    for token_id in taken[len(taken) - taken_back :]:
        matcher.accept(token_id)


def test_taking_back_more_than_there_is_is_an_error(compiler: GrammarCompiler) -> None:
    with pytest.raises(GrammarError, match="take back"):
        compiler.lark('start: "ab"').rollback(1)


def test_a_refused_token_changes_nothing(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer, accepts: Accepts
) -> None:
    """Llguidance alone would never accept anything again."""
    matcher = compiler.lark('start: "a" "b"')
    for token_id in (*small_tokenizer.encode("x"), 511, 512, -1):
        with pytest.raises(GrammarError, match=str(token_id)):
            matcher.accept(token_id)
    assert accepts(matcher, "ab")


def test_copies_go_their_own_ways(compiler: GrammarCompiler, accepts: Accepts) -> None:
    matcher = compiler.lark('start: "ab" | "cd"')
    twin = matcher.copy()
    assert accepts(matcher, "ab")
    assert accepts(twin, "cd")


def test_forced_tokens_spell_the_text_as_the_tokenizer_does(
    its_compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    """Drafting them must not lead the model onto a spelling it was never trained on."""
    call = 'get_weather\n{"city": "Paris", "unit": "fahrenheit"}'
    schema = SCHEMAS["get_weather"] | {"required": ["city", "unit"]}
    matcher = its_compiler.lark(f"start: {literal('get_weather' + chr(10))} {json_rule(schema)}")
    expected = tokenizer.encode(call)
    position = forced = 0
    while position < len(expected):
        tokens = matcher.forced_tokens()
        assert tokens == expected[position : position + len(tokens)]
        forced += len(tokens)
        for token_id in tokens or expected[position : position + 1]:
            matcher.accept(token_id)
            position += 1
    assert matcher.is_complete
    assert forced > len(expected) / 3

"""Promise P3: what is decoded under a grammar is valid by construction; jsonschema is the oracle."""

import json
import random
from collections.abc import Callable, Sequence
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
from glm_engine.json_grammar import UNSUPPORTED_KEYWORDS, json_rule, literal, relax_schema
from glm_engine.tokenizer import Tokenizer, load_tokenizer
from glm_engine.vocabularies import ByteLevelTokenizer

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


@pytest.fixture(scope="session")
def compiler(small_tokenizer: Tokenizer) -> GrammarCompiler:
    return GrammarCompiler(small_tokenizer)


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


def accepts(matcher: Matcher, tokenizer: Tokenizer, text: str) -> bool:
    """Whether a whole text is a sentence of the grammar."""
    for token_id in tokenizer.encode(text, continues=True):
        try:
            matcher.accept(token_id)
        except GrammarError:
            return False
    return matcher.is_complete


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


# Schemas, and values of which some fit. Every answer is jsonschema's.
CONFORMANCE: list[tuple[Any, list[Any]]] = [
    (True, [1, "a", {"a": [None]}]),
    ({"type": "integer"}, [1, -5, 10**30, 1.5, "1", None, True]),
    ({"type": ["null", "boolean"]}, [None, False, 0]),
    (
        {"type": "number", "minimum": -1.5, "exclusiveMaximum": 2},
        [-1.5, -1.6, 1.99, 2, 0.0001, -3e99],
    ),
    ({"type": "integer", "multipleOf": 3}, [0, 3, 4, -9]),
    ({"minimum": 3}, [3, 2, "a", None]),
    ({"type": "string", "minLength": 1, "maxLength": 2}, ["", "a", "中文", "abc", '"\\', "\n\t"]),
    ({"type": "string", "pattern": "b"}, ["abc", "b", "a", ""]),
    ({"type": "string", "pattern": "^[a-c]+$"}, ["abc", "abd", ""]),
    ({"enum": ["a", 1, None, {"k": [1]}]}, ["a", 1, None, {"k": [1]}, "b", 2, {"k": []}]),
    ({"const": "a/b\n"}, ["a/b\n", "a/b"]),
    ({"type": "array", "items": {"type": "string"}}, [[], ["a"], [1], ["a", "b", "c"], {}]),
    ({"type": "array", "minItems": 1, "maxItems": 2}, [[], [1], [1, 2], [1, 2, 3]]),
    ({"type": "array", "prefixItems": [{"const": 1}], "items": False}, [[1], [], [2], [1, 1]]),
    ({"type": "object", "required": ["a"]}, [{"a": 1}, {}, {"b": 1}, {"a": 2, "b": 1}]),
    ({"type": "object", "additionalProperties": False}, [{}, {"a": 1}]),
    (
        {"type": "object", "minProperties": 1, "maxProperties": 2},
        [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3}],
    ),
    (
        {"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
        [{"a": "x"}, {"a": 1}, {"b": 1}, {"a": "x", "b": 2}, {"b": "x"}, []],
    ),
    ({"patternProperties": {"^x": {"type": "integer"}}}, [{"x1": 1}, {"x1": "a"}, {"y": "a"}]),
    ({"anyOf": [{"type": "integer"}, {"const": "a"}]}, [1, "a", "b"]),
    ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, [1, "a", None]),
    ({"allOf": [{"type": "string"}, {"maxLength": 1}]}, ["a", "ab", 1]),
    (
        {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"required": ["a"]}]},
        [{"a": 1}, {"a": "x"}, {}],
    ),
    ({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a", "minLength": 2}, ["ab", "a", 1]),
    ({"definitions": {"a/b": {"type": "null"}}, "$ref": "#/definitions/a~1b"}, [None, 1]),
    (
        {"type": "object", "properties": {"c": {"$ref": "#"}}, "additionalProperties": False},
        [{}, {"c": {"c": {}}}, {"c": 1}, {"d": {}}],
    ),
    (SCHEMAS["tags"], [{"id": "a"}, {"id": 1}, {"x-a": 5}, {"x-a": 4}, {"q": True}, {"q": 1}]),
]


@pytest.mark.parametrize(("schema", "values"), CONFORMANCE, ids=lambda value: str(value)[:40])
def test_a_schema_allows_what_jsonschema_allows(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer, schema: Any, values: Sequence[Any]
) -> None:
    validator = Draft202012Validator(schema)
    start = compiler.json_schema(schema)
    for value in values:
        text = json.dumps(value, ensure_ascii=False)
        assert accepts(start.copy(), small_tokenizer, text) == validator.is_valid(value), text


plain_text = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t\r\b\f"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=8,
)


@given(value=json_values)
def test_json_is_spelt_as_json_dumps_spells_it(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer, value: Any
) -> None:
    """GLM-4's own calls look like that: `", "` and `": "`, characters outside ASCII as they are."""
    start = compiler.json_schema(True)
    assert accepts(start.copy(), small_tokenizer, json.dumps(value, ensure_ascii=False))
    if isinstance(value, list | dict) and len(value) > 1:
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        assert not accepts(start.copy(), small_tokenizer, compact)


def test_a_key_cannot_be_spelt_another_way_to_dodge_its_schema(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    r"""Taken as an additional property, `"\u0061": 1` would be an `a` of the wrong type once parsed."""
    schema = {
        "properties": {"a": {"type": "string"}, "b/c": {"type": "string"}},
        "additionalProperties": {"type": "integer"},
    }
    for text in ('{"\\u0061": 1}', '{"b\\/c": 1}'):
        assert not Draft202012Validator(schema).is_valid(json.loads(text))
        assert not accepts(compiler.json_schema(schema), small_tokenizer, text)


def test_a_schema_cannot_set_the_options_of_the_matcher(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    """Schemas come from MCP servers and other strangers; `x-guidance` is llguidance's own back door."""
    schema = {"type": "array", "x-guidance": {"whitespace_flexible": True, "item_separator": ";"}}
    assert accepts(compiler.json_schema(schema), small_tokenizer, "[1, 2]")
    assert not accepts(compiler.json_schema(schema), small_tokenizer, "[1;2]")


# Values on both sides of each keyword, for the check that relaxing only widens.
RELAXED: dict[str, tuple[Any, list[Any]]] = {
    "$dynamicRef": ("#", [1, {}]),
    "$recursiveRef": ("#", [1, {}]),
    "contains": ({"type": "integer"}, [[1], ["a"]]),
    "dependencies": ({"a": ["b"]}, [{"a": 1}, {"a": 1, "b": 2}]),
    "dependentRequired": ({"a": ["b"]}, [{"a": 1}, {"a": 1, "b": 2}]),
    "dependentSchemas": ({"a": {"required": ["b"]}}, [{"a": 1}, {"a": 1, "b": 2}]),
    "else": (False, [1]),
    "if": ({"type": "string"}, [1, "a"]),
    "maxContains": (1, [[1], [1, 2]]),
    "minContains": (1, [[1], []]),
    "not": ({"type": "string"}, [1, "a"]),
    "propertyNames": ({"maxLength": 1}, [{"a": 1}, {"ab": 1}]),
    "then": (False, [1]),
    "unevaluatedItems": (False, [[], [1]]),
    "unevaluatedProperties": (False, [{}, {"a": 1}]),
    "uniqueItems": (True, [[1, 2], [1, 1]]),
    "pattern": ("(?=a)b", ["ab"]),
    "format": ("phone-number-of-mars", ["ab"]),
    "$schema": ("https://example.com/my-own", [1]),
}
COUNTED = {"properties": {"a": {}, "b": {}}, "required": ["a"], "maxProperties": 1}


def test_every_unsupported_keyword_is_tried() -> None:
    assert set(RELAXED) >= UNSUPPORTED_KEYWORDS


@pytest.mark.parametrize("keyword", RELAXED)
def test_a_keyword_beyond_a_mask_is_left_out_and_named(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer, keyword: str
) -> None:
    """The mask allows all that the schema allows; jsonschema checks the rest afterwards."""
    value, instances = RELAXED[keyword]
    schema = {"properties": {"a/~b": {keyword: value, "title": "kept"}}}
    relaxed, unenforced = relax_schema(schema)
    assert relaxed == {"properties": {"a/~b": {"title": "kept"}}}
    assert unenforced == [f"/properties/a~1~0b/{keyword}"]
    start = compiler.json_schema(schema)
    for instance in instances:
        text = json.dumps({"a/~b": instance})
        assert accepts(start.copy(), small_tokenizer, text)


def test_a_bound_on_optional_properties_is_named(compiler: GrammarCompiler) -> None:
    """Llguidance counts properties only where all declared ones are required."""
    assert relax_schema(COUNTED)[1] == ["/maxProperties"]
    assert relax_schema(COUNTED | {"required": ["a", "b"]})[1] == []
    compiler.json_schema(COUNTED)


def test_one_of_becomes_any_of_and_is_named(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    schema = {"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 1}]}
    assert relax_schema(schema)[1] == ["/oneOf"]
    assert accepts(compiler.json_schema(schema), small_tokenizer, '"ab"')


def test_a_pattern_of_property_names_beyond_a_mask_is_named() -> None:
    relaxed, unenforced = relax_schema({"patternProperties": {"(?=a)": {}, "^b": {"not": {}}}})
    assert relaxed == {"patternProperties": {"^b": {}}}
    assert unenforced == ["/patternProperties/(?=a)", "/patternProperties/^b/not"]


@pytest.mark.parametrize(
    ("schema", "pointer", "problem"),
    [
        ({"properties": {"a": {"type": "dict"}}}, "/properties/a/type", "'dict'"),
        ({"items": {"type": ["string", "HashMap"]}}, "/items/type", "'HashMap'"),
        ({"anyOf": [{}, {"type": 7}]}, "/anyOf/1/type", "7"),
        ({"properties": {"a/b": "string"}}, "/properties/a~1b", "'string'"),
        ({"properties": []}, "/properties", "object of schemas"),
        ({"anyOf": {}}, "/anyOf", "list of schemas"),
        ({"$defs": {"x": {"$ref": "https://example.com/x"}}}, "/$defs/x/$ref", "example.com"),
        ({"$ref": 5}, "/$ref", "5"),
        ([], "", "must be an object"),
        (False, "", "Unsatisfiable"),
        ({"enum": []}, "", "Unsatisfiable"),
        ({"$ref": "#/$defs/nowhere"}, "", "nowhere"),
        ({"$ref": "#"}, "", "no text can match"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "", "greater than maximum"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "", "'a'"),
        ({"minLength": "3"}, "", "minLength"),
        ({"const": {1, 2}}, "", "not JSON"),
        ({"maximum": float("nan")}, "", "not JSON"),
    ],
)
def test_a_schema_that_cannot_be_is_named_with_its_place(
    compiler: GrammarCompiler, schema: Any, pointer: str, problem: str
) -> None:
    with pytest.raises(GrammarError, match=problem) as caught:
        compiler.json_schema(schema).allowed_tokens()
    assert caught.value.pointer == pointer


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def doubled(depth: int, combine: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Each definition uses the one before several times: exponential if written out."""
    definitions: dict[str, Any] = {"d0": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}
    for level in range(1, depth):
        definitions[f"d{level}"] = combine(f"#/$defs/d{level - 1}")
    return {"$defs": definitions, "$ref": f"#/$defs/d{depth - 1}"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(nested(30), id="nested"),
        pytest.param(nested(300), id="nested deeply"),
        pytest.param(nested(100_000), id="nested abysmally"),
        pytest.param({"const": nested(100_000)}, id="a constant nested abysmally"),
        pytest.param({"minLength": 10**12, "type": "string"}, id="long string"),
        pytest.param({"type": "array", "minItems": 10**9}, id="long array"),
        pytest.param({"enum": [f"value {index}" for index in range(20_000)]}, id="long enum"),
        pytest.param({"properties": {f"p{index}": {} for index in range(5000)}}, id="wide"),
        pytest.param({"type": "string", "pattern": "(a*)*b" * 3000}, id="long pattern"),
        pytest.param({"pattern": "^((([a-z]{1,99}){1,99}){1,99}){1,99}$"}, id="repeated pattern"),
        pytest.param(doubled(40, lambda ref: {"allOf": [{"$ref": ref}] * 2}), id="doubled"),
        pytest.param(
            doubled(30, lambda ref: {"allOf": [{"anyOf": [{"$ref": ref}, {"minLength": 1}]}] * 2}),
            id="doubled choice",
        ),
        pytest.param(
            doubled(30, lambda ref: {"prefixItems": [{"$ref": ref}] * 9}), id="doubled items"
        ),
    ],
)
def test_a_schema_bomb_is_an_error_or_harmless(compiler: GrammarCompiler, schema: Any) -> None:
    """Neither a crash nor a hang: a clear error, or a matcher that works."""
    try:
        matcher = compiler.json_schema(schema)
        for _ in range(3):
            matcher.accept(ids_of(matcher.allowed_tokens())[0])
    except GrammarError as error:
        problem = error.problem
    else:
        problem = ""
    assert len(problem) < 300  # not the whole schema


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


@given(text=st.text(min_size=1))
def test_a_literal_matches_its_text_and_no_other(
    compiler: GrammarCompiler, small_tokenizer: Tokenizer, text: str
) -> None:
    assert accepts(compiler.lark(f"start: {literal(text)}"), small_tokenizer, text)
    assert not accepts(compiler.lark(f"start: {literal(text)}"), small_tokenizer, text + "x")


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
    compiler: GrammarCompiler, small_tokenizer: Tokenizer
) -> None:
    """Llguidance alone would never accept anything again."""
    matcher = compiler.lark('start: "a" "b"')
    for token_id in (*small_tokenizer.encode("x"), 511, 512, -1):
        with pytest.raises(GrammarError, match=str(token_id)):
            matcher.accept(token_id)
    assert accepts(matcher, small_tokenizer, "ab")


def test_copies_go_their_own_ways(compiler: GrammarCompiler, small_tokenizer: Tokenizer) -> None:
    matcher = compiler.lark('start: "ab" | "cd"')
    twin = matcher.copy()
    assert accepts(matcher, small_tokenizer, "ab")
    assert accepts(twin, small_tokenizer, "cd")


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

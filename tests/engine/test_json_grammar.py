"""JSON Schema under a mask, with jsonschema as the oracle: nothing wider, nothing silently dropped, no bombs."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from numpy.typing import NDArray

from glm_engine.errors import GrammarError
from glm_engine.grammar import GrammarCompiler, Matcher
from glm_engine.json_grammar import UNSUPPORTED_KEYWORDS, literal, relax_schema

Accepts = Callable[[Matcher, str], bool]

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
    (
        {
            "type": "object",
            "properties": {"id": {"type": "string"}},
            "patternProperties": {"^x-": {"type": "integer", "multipleOf": 5}},
            "additionalProperties": {"type": "boolean"},
        },
        [{"id": "a"}, {"id": 1}, {"x-a": 5}, {"x-a": 4}, {"q": True}, {"q": 1}],
    ),
]


@pytest.mark.parametrize(("schema", "values"), CONFORMANCE, ids=lambda value: str(value)[:40])
def test_a_schema_allows_what_jsonschema_allows(
    compiler: GrammarCompiler, accepts: Accepts, schema: Any, values: Sequence[Any]
) -> None:
    validator = Draft202012Validator(schema)
    start = compiler.json_schema(schema)
    for value in values:
        text = json.dumps(value, ensure_ascii=False)
        assert accepts(start.copy(), text) == validator.is_valid(value), text


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
    compiler: GrammarCompiler, accepts: Accepts, value: Any
) -> None:
    """GLM-4's own calls look like that: `", "` and `": "`, characters outside ASCII as they are."""
    start = compiler.json_schema(True)
    assert accepts(start.copy(), json.dumps(value, ensure_ascii=False))
    if isinstance(value, list | dict) and len(value) > 1:
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        assert not accepts(start.copy(), compact)


def test_a_key_cannot_be_spelt_another_way_to_dodge_its_schema(
    compiler: GrammarCompiler, accepts: Accepts
) -> None:
    r"""Taken as an additional property, `"\u0061": 1` would be an `a` of the wrong type once parsed."""
    schema = {
        "properties": {"a": {"type": "string"}, "b/c": {"type": "string"}},
        "additionalProperties": {"type": "integer"},
    }
    for text in ('{"\\u0061": 1}', '{"b\\/c": 1}'):
        assert not Draft202012Validator(schema).is_valid(json.loads(text))
        assert not accepts(compiler.json_schema(schema), text)


def test_a_schema_cannot_set_the_options_of_the_matcher(
    compiler: GrammarCompiler, accepts: Accepts
) -> None:
    """Schemas come from MCP servers and other strangers; `x-guidance` is llguidance's own back door."""
    schema = {"type": "array", "x-guidance": {"whitespace_flexible": True, "item_separator": ";"}}
    assert accepts(compiler.json_schema(schema), "[1, 2]")
    assert not accepts(compiler.json_schema(schema), "[1;2]")


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
    compiler: GrammarCompiler, accepts: Accepts, keyword: str
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
        assert accepts(start.copy(), text)


def test_a_bound_on_optional_properties_is_named(compiler: GrammarCompiler) -> None:
    """Llguidance counts properties only where all declared ones are required."""
    assert relax_schema(COUNTED)[1] == ["/maxProperties"]
    assert relax_schema(COUNTED | {"required": ["a", "b"]})[1] == []
    compiler.json_schema(COUNTED)


def test_one_of_becomes_any_of_and_is_named(compiler: GrammarCompiler, accepts: Accepts) -> None:
    schema = {"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 1}]}
    assert relax_schema(schema)[1] == ["/oneOf"]
    assert accepts(compiler.json_schema(schema), '"ab"')


def test_a_pattern_of_property_names_beyond_a_mask_is_named() -> None:
    relaxed, unenforced = relax_schema({"patternProperties": {"(?=a)": {}, "^b": {"not": {}}}})
    assert relaxed == {"patternProperties": {"^b": {}}}
    assert unenforced == ["/patternProperties/(?=a)", "/patternProperties/^b/not"]


@pytest.mark.parametrize("keyword", ["pattern", "format"])
@pytest.mark.parametrize("value", [["a"], {"a": 1}, "\ud800"])
def test_a_pattern_that_is_none_is_left_out_and_named(keyword: str, value: Any) -> None:
    """Schemas come from outside: such a one ended the program with a TypeError."""
    assert relax_schema({"items": {keyword: value}}) == ({"items": {}}, [f"/items/{keyword}"])


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
        ({"enum": ["\ud800"]}, "", "surrogate"),
        ({"description": "\ud800"}, "", "surrogate"),
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


def first_of(mask: NDArray[np.int32]) -> int:
    return int(np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))[0])


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
            matcher.accept(first_of(matcher.allowed_tokens()))
    except GrammarError as error:
        problem = error.problem
    else:
        problem = ""
    assert len(problem) < 300  # not the whole schema


@given(text=st.text(min_size=1))
def test_a_literal_matches_its_text_and_no_other(
    compiler: GrammarCompiler, accepts: Accepts, text: str
) -> None:
    assert accepts(compiler.lark(f"start: {literal(text)}"), text)
    assert not accepts(compiler.lark(f"start: {literal(text)}"), text + "x")

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_tools import Tool, ToolArgumentError, ToolDefinitionError
from glm_tools.validation import ArgumentValidator

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
TRANSFER = {
    "type": "object",
    "properties": {
        "to": {"type": "string"},
        "cents": {"type": "integer", "minimum": 1, "maximum": 50_000},
        "note": {"type": "string"},
        "memo": {"type": ["string", "null"]},
        "unit": {"enum": ["EUR", "CNY", None]},
    },
    "required": ["to", "cents"],
    "additionalProperties": False,
}


def check(schema: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    return ArgumentValidator("transfer", schema).check(arguments)


@pytest.mark.parametrize(
    ("arguments", "pointer", "problem"),
    [
        ({"to": "a"}, "", 'missing: \'cents\' {"type":"integer","minimum":1,"maximum":50000}'),
        ({"to": 1, "cents": 1}, "/to", "1 is not of type string"),
        ({"to": None, "cents": 1}, "/to", "null is not of type string"),
        ({"to": "a", "cents": True}, "/cents", "true is not of type integer"),
        ({"to": "a", "cents": "3"}, "/cents", '"3" is not of type integer'),
        (
            {"to": "a", "cents": 1, "citty": 2},
            "",
            "there is no parameter \"citty\"; there are: 'to', 'cents'",
        ),
        (
            {"to": "a", "cents": 1, "unit": "eur"},
            "/unit",
            '"eur" is not one of: "EUR", "CNY", null',
        ),
        (
            {"to": "a", "cents": 60_000},
            "/cents",
            "60000 is greater than the maximum of 50000; its schema: {",
        ),
    ],
)
def test_a_problem_names_its_place_and_the_part_of_the_schema(
    arguments: dict[str, Any], pointer: str, problem: str
) -> None:
    with pytest.raises(ToolArgumentError) as caught:
        check(TRANSFER, arguments)
    assert caught.value.pointer == pointer
    assert problem in caught.value.problem


def test_several_problems_are_told_at_once() -> None:
    with pytest.raises(ToolArgumentError) as caught:
        check(TRANSFER, {"to": 1, "cents": 0})
    assert "/to" in str(caught.value)
    assert "/cents" in str(caught.value)


def test_a_long_array_of_wrong_elements_is_refused_by_three_of_them() -> None:
    """All of them were compared before: a minute for what a model that repeats itself writes."""
    items = {"type": "array", "items": {"type": "integer"}}
    validator = ArgumentValidator("f", {"type": "object", "properties": {"a": items}})
    with pytest.raises(ToolArgumentError) as error:
        validator.check({"a": ["x"] * 200_000})
    assert str(error.value).count("not of type integer") == 3


def test_a_null_counts_as_left_out_only_where_null_does_not_fit_anyway() -> None:
    """107 of 3,302 reference calls of a public benchmark pass null for an optional string or number."""
    arguments = {"to": "a", "cents": 1, "note": None, "memo": None, "unit": None}
    assert check(TRANSFER, arguments) == {"to": "a", "cents": 1, "memo": None, "unit": None}


def test_arguments_are_copied_deep() -> None:
    inner: list[int] = []
    arguments = {"values": inner}
    checked = check({"type": "object", "properties": {"values": {}}}, arguments)
    checked["values"].append(1)
    assert inner == []


OBJECT = {
    "type": "object",
    "properties": {
        "a": {"type": "array", "items": {"type": "number"}},
        "b": {
            "anyOf": [
                {"type": "string", "pattern": "^[a-z]*$"},
                {"type": "object", "required": ["a"]},
            ]
        },
    },
    "patternProperties": {"^c": {"type": ["boolean", "null"]}},
    "required": ["a"],
    "additionalProperties": False,
}


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "cc", "d"]), JSON, max_size=4))
def test_it_agrees_with_jsonschema(arguments: dict[str, Any]) -> None:
    """Our bounded `pattern`, `patternProperties` and `additionalProperties` against the reference's own."""
    without_nulls = {
        name: value for name, value in arguments.items() if name != "b" or value is not None
    }
    fits = jsonschema.Draft202012Validator(OBJECT).is_valid(without_nulls)
    if fits:
        assert json.dumps(check(OBJECT, arguments)) == json.dumps(without_nulls)
    else:
        with pytest.raises(ToolArgumentError):
            check(OBJECT, arguments)


@pytest.mark.timeout(60)
def test_a_pattern_that_backtracks_without_end_is_given_up() -> None:
    """`re` holds the interpreter for years on this one and cannot be interrupted."""
    evil = r"^(a|aa)+$"
    text = "a" * 60 + "!"
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"properties": {"v": {"pattern": evil}}}, {"v": text}),
        ({"patternProperties": {evil: {}}}, {text: 1}),
        ({"patternProperties": {evil: {}}, "additionalProperties": False}, {text: 1}),
    ]
    for schema, arguments in cases:
        with pytest.raises(ToolArgumentError, match="too long to match"):
            check({"type": "object", **schema}, arguments)


def test_a_reference_out_of_the_schema_is_refused_and_never_fetched() -> None:
    for reference in (
        "http://127.0.0.1:9/schema.json",
        "file:///etc/passwd",
        "#/$defs/Nowhere",
        "other.json",
    ):
        schema = {"type": "object", "properties": {"v": {"$ref": reference}}}
        with pytest.raises(ToolDefinitionError, match="nothing is fetched"):
            ArgumentValidator("t", schema)


def test_recursion_in_schema_or_arguments_ends_as_an_argument_error() -> None:
    with pytest.raises(ToolArgumentError, match="deep"):
        check({"type": "object", "$ref": "#"}, {})
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    arguments: dict[str, Any] = {}
    for _ in range(10_000):
        arguments = {"child": arguments}
    with pytest.raises(ToolArgumentError, match="deep"):
        check(tree, arguments)


def test_a_number_too_long_to_be_written_out_is_an_argument_error() -> None:
    with pytest.raises(ToolArgumentError, match="cannot be checked"):
        check(
            {"type": "object", "properties": {"v": {"type": "integer", "maximum": 5}}},
            {"v": 10**5_000},
        )


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ToolArgumentError) as caught:
        check({"type": "object", "properties": {"v": {"type": "integer"}}}, {"v": "x" * 2_000_000})
    assert len(str(caught.value)) < 1_000
    assert "2,000,002 characters" in str(caught.value)


def test_what_is_no_schema_is_refused_with_its_place() -> None:
    for schema, where in [
        ({"type": "object", "properties": {"v": {"minimum": "3"}}}, "/properties/v/minimum"),
        ({"type": "object", "properties": {"v": {"pattern": "("}}}, "/properties/v"),
    ]:
        with pytest.raises(ToolDefinitionError, match=where):
            Tool.from_schema("t", "", schema, print)


def test_draft_7_is_honoured_where_the_schema_says_so() -> None:
    draft_7 = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "definitions": {"n": {"type": "integer"}},
        "properties": {"pair": {"items": [{"type": "string"}, {"$ref": "#/definitions/n"}]}},
    }
    assert check(draft_7, {"pair": ["a", 1]}) == {"pair": ["a", 1]}
    with pytest.raises(ToolArgumentError, match="/pair/1"):
        check(draft_7, {"pair": ["a", "b"]})

import copy
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_tools import ToolDefinitionError
from glm_tools.json_schema import MAX_DEPTH, inline_definitions, normalise_schema

SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(
            lambda name: {"type": name}
        ),
        st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=3, unique=True).map(
            lambda values: {"enum": values}
        ),
        st.builds(lambda items: {"type": "array", "items": items}, SCHEMAS),
        st.builds(lambda choices: {"anyOf": choices}, st.lists(SCHEMAS, min_size=1, max_size=2)),
        OBJECTS,
    )
)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda properties, required: {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name in required],
    },
    st.dictionaries(st.sampled_from(["a", "b", "title", "type", "$ref"]), SCHEMAS, max_size=3),
    st.sets(st.sampled_from(["a", "b", "title", "type", "$ref"])),
)


@given(OBJECTS)
def test_a_proper_schema_is_left_as_it_is(schema: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    assert normalise_schema(schema) == (schema, [])
    assert schema == before


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dict", "object"),
        ("float", "number"),
        ("tuple", "array"),
        ("String", "string"),
        ("ArrayList", "array"),
        ("HashMap", "object"),
        ("long", "integer"),
        ("double", "number"),
        ("Bigint", "integer"),
        ("char", "string"),
        ("Boolean", "boolean"),
    ],
)
def test_types_of_other_languages_are_read_and_said(written: str, meant: str) -> None:
    """All of these stand in a public collection of 3,302 calls."""
    schema, notes = normalise_schema({"type": "dict", "properties": {"v": {"type": written}}})
    assert schema == {"type": "object", "properties": {"v": {"type": meant}}}
    assert f"Type {written!r} is read as {meant!r}." in notes


def test_any_means_no_restriction() -> None:
    schema, notes = normalise_schema(
        {"properties": {"v": {"type": "any"}, "w": {"type": ["any", "null"]}}}
    )
    assert schema["properties"] == {"v": {}, "w": {}}
    assert notes == ["Type 'any' is read as no restriction."]


def test_required_and_optional_inside_a_property_move_to_the_object() -> None:
    schema, notes = normalise_schema(
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "required": True},
                "b": {"type": "string", "optional": True},
                "c": {
                    "type": "dict",
                    "required": True,
                    "properties": {"d": {"type": "any", "required": True}},
                },
            },
            "required": ["b"],
        }
    )
    assert schema["required"] == ["a", "c"]
    assert schema["properties"]["c"] == {
        "type": "object",
        "properties": {"d": {}},
        "required": ["d"],
    }
    assert len([note for note in notes if "is moved" in note]) == 4
    jsonschema.Draft202012Validator.check_schema(schema)


def test_an_enum_that_nothing_could_fit_is_read_as_it_was_meant() -> None:
    """As functions of public collections have it; under their schemas as written no call can be made at all."""
    schema, notes = normalise_schema(
        {
            "properties": {
                "topics": {"type": "array", "items": {"type": "string"}, "enum": ["news", "sport"]},
                "seats": {"type": "integer", "enum": ["1", "2"]},
                "grid": {"type": "array", "enum": [[1], [2]]},
                "level": {"type": "integer", "enum": ["low", "2"]},
                "kind": {"type": "", "enum": [1, "a"]},
            }
        }
    )
    assert schema["properties"] == {
        "topics": {"type": "array", "items": {"type": "string", "enum": ["news", "sport"]}},
        "seats": {"type": "integer", "enum": [1, 2]},
        "grid": {"type": "array", "enum": [[1], [2]]},
        "level": {"enum": ["low", "2"]},
        "kind": {"enum": [1, "a"]},
    }
    assert len(notes) == 4


def test_data_that_looks_like_a_schema_is_not_touched() -> None:
    schema = {
        "type": "object",
        "properties": {
            "v": {
                "default": {"type": "dict"},
                "enum": [{"type": "float"}],
                "const": {"type": "any"},
            }
        },
    }
    assert normalise_schema(schema) == (schema, [])


def test_what_is_no_object_schema_is_refused_with_the_way_out() -> None:
    with pytest.raises(ToolDefinitionError, match=r"'array'.*wrap it"):
        normalise_schema({"type": "array"})
    with pytest.raises(ToolDefinitionError, match="Unknown type 'colour'"):
        normalise_schema({"properties": {"v": {"type": "colour"}}})
    with pytest.raises(ToolDefinitionError, match="not list"):
        normalise_schema([])  # type: ignore[arg-type]


def test_a_schema_nested_without_end_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(10_000):
        schema = {"type": "array", "items": schema}
    with pytest.raises(ToolDefinitionError, match=str(MAX_DEPTH)):
        normalise_schema({"type": "object", "properties": {"v": schema}})


def test_inlining_leaves_recursive_and_shared_definitions_and_drops_unused_ones() -> None:
    schema = {
        "type": "object",
        "properties": {
            "once": {"$ref": "#/$defs/Once", "description": "here"},
            "shared": {"$ref": "#/$defs/Shared"},
            "tree": {"$ref": "#/$defs/Tree"},
        },
        "$defs": {
            "Once": {
                "type": "object",
                "properties": {"s": {"$ref": "#/$defs/Shared"}},
                "description": "there",
            },
            "Shared": {"type": "string"},
            "Tree": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
            "Unused": {"type": "null"},
        },
    }
    before = json.dumps(schema)
    small = inline_definitions(schema)
    assert small["properties"]["once"] == {
        "type": "object",
        "properties": {"s": {"$ref": "#/$defs/Shared"}},
        "description": "here",
    }
    assert sorted(small["$defs"]) == ["Shared", "Tree"]
    assert json.dumps(schema) == before
    for value, fits in [
        ({"once": {"s": "x"}, "shared": "y", "tree": [[], [[]]]}, True),
        ({"once": {"s": 1}}, False),
        ({"tree": [1]}, False),
    ]:
        assert jsonschema.Draft202012Validator(small).is_valid(value) is fits
        assert jsonschema.Draft202012Validator(schema).is_valid(value) is fits


def test_a_required_flag_that_belongs_to_no_property_is_dropped_and_said() -> None:
    schema, notes = normalise_schema(
        {
            "required": True,
            "properties": {"v": {"type": "array", "items": {"type": "str", "required": False}}},
        }
    )
    assert schema == {
        "type": "object",
        "properties": {"v": {"type": "array", "items": {"type": "string"}}},
    }
    assert len([note for note in notes if "dropped" in note]) == 2


_WRITTEN_TYPES = st.sampled_from(
    [
        "dict",
        "float",
        "String",
        "any",
        "",
        "tuple",
        "long",
        "HashMap",
        "integer",
        ["string", "null"],
        ["String", "any"],
    ]
)
MISSPELT: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: st.fixed_dictionaries(
        {},
        optional={
            "type": _WRITTEN_TYPES,
            "required": st.booleans() | st.lists(st.sampled_from("abc"), unique=True),
            "optional": st.booleans(),
            "enum": st.lists(st.sampled_from(["1", "x", 2]), min_size=1, unique=True),
            "default": st.none() | st.just({"type": "dict"}),
            "properties": st.dictionaries(st.sampled_from("abc"), MISSPELT, max_size=2),
            "items": MISSPELT,
        },
    )
)


@given(st.dictionaries(st.sampled_from("abc"), MISSPELT, max_size=3))
def test_whatever_is_read_is_a_json_schema_and_is_read_again_as_it_is(
    properties: dict[str, Any],
) -> None:
    schema, _ = normalise_schema({"type": "dict", "properties": properties})
    jsonschema.Draft202012Validator.check_schema(schema)
    again, notes = normalise_schema(schema)
    assert again == schema
    assert [note for note in notes if "is not described" not in note] == []

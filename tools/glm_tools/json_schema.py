"""JSON Schemas as data: walking one, making it smaller, putting the misspellings of real ones right."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glm_tools.errors import ToolDefinitionError

Schema = dict[str, Any]

_ONE = frozenset(
    (
        "additionalItems",
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
    )
) | {"unevaluatedItems", "unevaluatedProperties"}
_LIST = frozenset(
    ("allOf", "anyOf", "items", "oneOf", "prefixItems")
)  # draft 7 allows a list in `items`
_MAP = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"))
MAX_DEPTH = 40  # what the grammar follows

# What public tool collections write where a JSON type belongs; keys are lower case.
_TYPE_NAMES = {
    "": None,
    "any": None,
    "arraylist": "array",
    "bigint": "integer",
    "bool": "boolean",
    "byte": "integer",
    "char": "string",
    "date": "string",
    "dict": "object",
    "double": "number",
    "float": "number",
    "hashmap": "object",
    "hashtable": "object",
    "int": "integer",
    "list": "array",
    "long": "integer",
    "map": "object",
    "none": "null",
    "queue": "array",
    "set": "array",
    "short": "integer",
    "stack": "array",
    "str": "string",
    "tuple": "array",
} | {name: name for name in ("array", "boolean", "integer", "null", "number", "object", "string")}

_SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "string": str,
}


def escape_pointer(token: str | int) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return str(token).replace("~", "~0").replace("/", "~1")


def children(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The schemas directly inside `schema`, each with its path; what is no schema, a default say, is not among them."""
    for key, value in schema.items():
        if key in _MAP and isinstance(value, Mapping):
            yield from (((key, name), child) for name, child in value.items())
        elif key in _LIST and isinstance(value, list):
            yield from (((key, index), child) for index, child in enumerate(value))
        elif key in _ONE and isinstance(value, Mapping):
            yield (key,), value


def walk(
    schema: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    """Every schema in `schema`, itself included, outermost first, without following `$ref`.

    Raises:
        ToolDefinitionError: it is nested more than `MAX_DEPTH` deep.
    """
    if len(path) > 2 * MAX_DEPTH:
        raise ToolDefinitionError(f"The schema is nested more than {MAX_DEPTH} deep.")
    if isinstance(schema, dict):
        yield path, schema
        for step, child in children(schema):
            yield from walk(child, path + step)


def rewrite(schema: Any, change: Callable[[Schema], Schema]) -> Any:
    """A copy of `schema` in which every schema, innermost first, is what `change` made of it."""
    if not isinstance(schema, Mapping):
        return schema
    copied: Schema = dict(schema)
    for key, value in schema.items():
        if key in _MAP and isinstance(value, Mapping):
            copied[key] = {name: rewrite(child, change) for name, child in value.items()}
        elif key in _LIST and isinstance(value, list):
            copied[key] = [rewrite(child, change) for child in value]
        elif key in _ONE:
            copied[key] = rewrite(value, change)
    return change(copied)


def inline_definitions(schema: Schema) -> Schema:
    """A copy of `schema` in which each `$defs` entry that is used once stands where it is used; unused ones are gone.

    Keywords beside a `$ref` stay and win: here they are annotations, as pydantic writes them.
    """
    definitions: Schema = schema.get("$defs", {})
    uses = Counter(_definition(inner) for _, inner in walk(schema))
    single = {
        name for name in definitions if uses[name] == 1 and not _reaches(name, name, definitions)
    }

    def expand(inner: Schema) -> Schema:
        name = _definition(inner)
        if name not in single:
            return inner
        beside = {key: value for key, value in inner.items() if key != "$ref"}
        return {**rewrite(definitions[name], expand), **beside}

    body = rewrite({key: value for key, value in schema.items() if key != "$defs"}, expand)
    kept = {
        name: rewrite(definition, expand)
        for name, definition in definitions.items()
        if name not in single and uses[name]
    }
    return {**body, "$defs": kept} if kept else dict(body)


def normalise_schema(schema: Mapping[str, Any]) -> tuple[Schema, list[str]]:
    """`schema` with the misspellings of real tool collections put right, and a sentence about each.

    Types such as `dict`, `float` or `String` become JSON's; `required: true` and `optional: true` inside a property
    become the object's `required` list; an object's missing `type` is added; an `enum` that no value of its own `type`
    can fit is moved to the items of the array or becomes numbers, where that is what it means.

    Raises:
        ToolDefinitionError: a type is none that is known, or the schema is not of an object.
    """
    normal, notes = mend_schema(schema)
    if normal.setdefault("type", "object") != "object":
        raise ToolDefinitionError(
            f"The schema of a tool's arguments has type 'object', not {normal['type']!r}: "
            "wrap it as {'type': 'object', 'properties': {'value': …}}."
        )
    normal.setdefault("properties", {})
    return normal, notes


def mend_schema(schema: Mapping[str, Any]) -> tuple[Schema, list[str]]:
    """As `normalise_schema`, for a schema of any value.

    Raises:
        ToolDefinitionError: a type is none that is known.
    """
    if not isinstance(schema, Mapping):
        raise ToolDefinitionError(f"A schema is a mapping, not {type(schema).__name__}.")
    for _ in walk(dict(schema)):  # too deep a schema is refused before anything recurses over it
        pass
    notes: list[str] = []
    normal: Schema = rewrite(schema, lambda inner: inner)
    for _, inner in walk(
        normal
    ):  # outermost first: an object says what its properties' `required` means
        _normalise(inner, notes)
    return normal, list(dict.fromkeys(notes))


def _normalise(schema: Schema, notes: list[str]) -> None:
    if isinstance(
        schema.get("required"), bool
    ):  # in no object's `properties`, or it would be moved by now
        notes.append(
            f"'required': {schema.pop('required')} means nothing where it stands and is dropped."
        )
    if "type" in schema:
        _normalise_type(schema, notes)
    if "properties" in schema:
        schema.setdefault("type", "object")
    if isinstance(schema.get("enum"), list):
        _normalise_enum(schema, notes)
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        _lift_required(schema, notes)


def _normalise_type(schema: Schema, notes: list[str]) -> None:
    declared = schema["type"]
    names = declared if isinstance(declared, list) else [declared]
    known = []
    for name in names:
        if not isinstance(name, str) or name.lower() not in _TYPE_NAMES:
            raise ToolDefinitionError(
                f"Unknown type {name!r} in a schema: use one of array, boolean, integer, null, number, object, string."
            )
        known.append(_TYPE_NAMES[name.lower()])
        if known[-1] != name:
            meaning = f"is read as {known[-1]!r}" if known[-1] else "is read as no restriction"
            notes.append(f"Type {name!r} {meaning}.")
    if None in known:
        del schema["type"]
    else:
        schema["type"] = known if isinstance(declared, list) else known[0]


def _normalise_enum(schema: Schema, notes: list[str]) -> None:
    """Mend what 3 of 3,363 public functions have: with such an `enum` no call could ever be made."""
    kind = schema.get("type")
    values = schema["enum"]
    if kind == "array" and not any(isinstance(value, list) for value in values):
        schema["items"] = {**schema.get("items", {}), "enum": schema.pop("enum")}
        notes.append("An 'enum' of an array that lists no arrays is moved to its items.")
    elif (
        kind in ("integer", "number") and values and all(isinstance(value, str) for value in values)
    ):
        with contextlib.suppress(ValueError):
            schema["enum"] = [int(value) if kind == "integer" else float(value) for value in values]
            notes.append(f"An 'enum' of texts where the type is {kind!r} is read as numbers.")
    values = schema.get("enum")
    is_scalar = isinstance(kind, str) and kind in _SCALARS and "properties" not in schema
    if is_scalar and values and not any(_is_of(str(kind), value) for value in values):
        del schema["type"]
        notes.append(f"No value of an 'enum' is of its type {kind!r}: the type is dropped.")


def _is_of(kind: str, value: Any) -> bool:
    """Whether a JSON value is of a scalar type."""
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _SCALARS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _lift_required(schema: Schema, notes: list[str]) -> None:
    required = schema.get("required", [])
    names = [name for name in required if name in schema["properties"]]
    for name in required:
        if name not in schema["properties"]:
            notes.append(f"Required parameter {name!r} is not described.")
            names.append(name)
    for name, inner in schema["properties"].items():
        if not isinstance(inner, dict):
            continue
        if isinstance(inner.get("required"), bool):
            if inner.pop("required") and name not in names:
                names.append(name)
            notes.append(f"'required' inside {name!r} is moved to the list of its object.")
        if isinstance(inner.get("optional"), bool):
            if inner.pop("optional") and name in names:
                names.remove(name)
            notes.append(f"'optional' inside {name!r} is moved to the list of its object.")
    if names or "required" in schema:
        schema["required"] = names


def _definition(schema: Schema) -> str:
    reference = schema.get("$ref")
    return reference.removeprefix("#/$defs/") if isinstance(reference, str) else ""


def _reaches(start: str, goal: str, definitions: Schema) -> bool:
    """Whether definition `goal` is referred to by `start`, directly or through others."""
    seen: set[str] = set()
    pending = [start]
    while pending:
        for _, inner in walk(definitions.get(pending.pop(), {})):
            name = _definition(inner)
            if name == goal:
                return True
            if name and name not in seen:
                seen.add(name)
                pending.append(name)
    return False

"""The arguments of a call, from the text that a model wrote."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import NoReturn

from glm_prompts.repair import repaired_arguments
from glm_tools.json_schema import rewrite, walk
from glm_tools.tool import Builtin, JSONSchema, JSONValue, ToolSpec

# The calls of built-in tools are text, which becomes the one argument of this name.
CODE_ARGUMENT: Mapping[Builtin, str] = {"python": "code", "simple_browser": "code"}

MAX_DEPTH = 100  # of objects and lists in each other

# Beside these, what one schema forbids another may ask for.
_COMBINING = frozenset(
    (
        "$dynamicRef",
        "allOf",
        "dependencies",
        "dependentSchemas",
        "if",
        "not",
        "oneOf",
        "patternProperties",
        "unevaluatedProperties",
    )
)
_BESIDE_PROPERTIES = frozenset(("$ref", "additionalProperties", "anyOf", "minProperties"))


def closed_schema(parameters: JSONSchema) -> JSONSchema:
    """`parameters` without arguments that it does not name, wherever it leaves open whether there may be others.

    A collection of functions hardly ever says so, and a function has no use for an argument that its author did not
    think of. What fits this schema fits `parameters`; one that combines schemas is returned as it is.
    """
    if any(_COMBINING & schema.keys() for _, schema in walk(dict(parameters))):
        return parameters
    closed = rewrite(
        parameters, lambda schema: _closed(schema) if schema.get("properties") else schema
    )
    return _closed(
        closed
    )  # a function of no arguments; any other object of no known keys is a free one


def _closed(schema: dict[str, JSONValue]) -> dict[str, JSONValue]:
    named = schema.get("properties")
    if named is None or _BESIDE_PROPERTIES & schema.keys():
        return schema
    if not set(schema.get("required", ())) <= set(named):
        return schema
    return {**schema, "additionalProperties": False}


def call_arguments(spec: ToolSpec | None, raw: str) -> Mapping[str, JSONValue] | None:
    """The arguments of a call of this tool, None for an unknown one; None when `raw` cannot be read.

    What is not JSON is read all the same where it can be read in one way only; see `repair`.
    """
    if spec is not None and spec.builtin is not None:
        return {CODE_ARGUMENT[spec.builtin]: raw}
    arguments = parse_arguments(raw)
    return repaired_arguments(raw, parse_arguments) if arguments is None else arguments


def parse_arguments(text: str) -> Mapping[str, JSONValue] | None:
    """The JSON object that `text` is; None when it is not one.

    Strict: numbers JSON does not know (NaN, Infinity), repeated keys and half surrogate pairs are refused, since a
    tool must not be run with arguments that two readers would read differently. So is an object nested deeper than
    `MAX_DEPTH`: Python's recursion limit lets some hundred levels be read that cannot be recorded.
    """
    try:
        value = json.loads(
            text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a pair has no UTF-8
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not _is_too_deep(value) else None


def _is_too_deep(value: JSONValue) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inner_values(outer)]
        if not level:
            return False
    return True


def _inner_values(value: JSONValue) -> Iterable[JSONValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is beyond what a number can be")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, JSONValue]]) -> dict[str, JSONValue]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value

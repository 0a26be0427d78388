"""JSON Schema as a part of a grammar: which keywords a mask can enforce, and how the JSON is spelt.

Covers: schemas from outside. Depth is bounded, references lead nowhere but into the schema, and a schema cannot set
the options of the matcher.
Does not cover: whether a schema makes sense to the model, or to jsonschema.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from llguidance import LLMatcher

from glm_engine.errors import GrammarError

JSONSchema = Mapping[str, Any] | bool

JSON_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))

# Those that llguidance 1.9 refuses by name.
UNSUPPORTED_KEYWORDS = frozenset(
    (
        "$dynamicRef",
        "$recursiveRef",
        "contains",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "maxContains",
        "minContains",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    )
)

# Where schemas stand inside a schema: alone, in a list, or in an object by name.
_ALONE = frozenset(("additionalItems", "additionalProperties", "items"))
_LISTED = frozenset(("allOf", "anyOf", "items", "oneOf", "prefixItems"))
_NAMED = frozenset(("$defs", "definitions", "patternProperties", "properties"))
_COUNTS = frozenset(("maxProperties", "minProperties"))

_MAX_SCHEMA_DEPTH = (
    40  # llguidance's JSON reader stops at 128 brackets; a schema has up to three a level
)
_JSON_OPTIONS = {
    "item_separator": ", ",
    "key_separator": ": ",
    "whitespace_flexible": False,
    "coerce_one_of": True,
    # One spelling for each string, as `json.dumps` has it. Without "u" the other control characters cannot be
    # written; with it, "\u0061" would be a key that `properties` says nothing about.
    "json_allowed_escapes": '"\\bfnrt',
}


def literal(text: str) -> str:
    """Returns a Lark literal that matches exactly this text."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # a raw DEL is no Lark


def json_rule(schema: JSONSchema) -> str:
    """Returns a Lark expression that matches the JSON texts a schema allows, spelt as `json.dumps` spells them.

    Keywords that a mask cannot enforce are left out; see `relax_schema`.

    Raises:
        GrammarError: the schema is malformed, or nested too deeply.
    """
    relaxed, _ = relax_schema(schema)
    if isinstance(relaxed, bool):
        relaxed = {} if relaxed else {"enum": []}
    try:
        text = json.dumps(
            dict(relaxed) | {"x-guidance": _JSON_OPTIONS}, ensure_ascii=False, allow_nan=False
        )
        text.encode()
    except UnicodeEncodeError as error:
        raise GrammarError(
            "The schema holds half of a surrogate pair, which no text has"
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise GrammarError(f"The schema is not JSON: {error}") from error
    return f"%json {text}"


def relax_schema(schema: JSONSchema) -> tuple[JSONSchema, list[str]]:
    """Returns a copy of a schema that a mask can enforce, and what of it a mask does not.

    The second part holds JSON pointers of keywords: unsupported ones, a `pattern` or `format` that cannot be
    compiled, bounds on the number of optional properties, and `oneOf`, which is enforced as `anyOf` where its
    branches overlap.

    Raises:
        GrammarError: a schema is neither an object nor a boolean, a type is unknown, a reference leads out of the
            schema, or it is nested too deeply.
    """
    unenforced: list[str] = []
    return _relax(schema, "", 0, unenforced), unenforced


def _relax(schema: Any, pointer: str, depth: int, unenforced: list[str]) -> JSONSchema:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        raise GrammarError(
            f"a schema must be an object or a boolean, not {_brief(schema)}", pointer=pointer
        )
    if depth > _MAX_SCHEMA_DEPTH:
        raise GrammarError(f"schemas nest deeper than {_MAX_SCHEMA_DEPTH}", pointer=pointer)
    relaxed = {}
    for keyword, value in schema.items():
        if keyword == "x-guidance":
            continue
        here = f"{pointer}/{_escape(keyword)}"
        if keyword in _COUNTS and not _can_count_properties(schema):
            unenforced.append(here)
            continue
        if not _is_enforceable(keyword, value, here):
            unenforced.append(here)
            continue
        if keyword == "oneOf":
            unenforced.append(here)
        relaxed[keyword] = _relax_value(keyword, value, here, depth, unenforced)
    return relaxed


def _can_count_properties(schema: Mapping[str, Any]) -> bool:
    """Tells whether llguidance can bound the number of properties: only where no declared one is optional."""
    declared, required = schema.get("properties", ()), schema.get("required", ())
    return isinstance(required, list | tuple) and all(name in required for name in declared)


def _relax_value(keyword: str, value: Any, pointer: str, depth: int, unenforced: list[str]) -> Any:
    if keyword in _LISTED and isinstance(value, list | tuple):
        return [
            _relax(item, f"{pointer}/{index}", depth + 1, unenforced)
            for index, item in enumerate(value)
        ]
    if keyword in _ALONE:
        return _relax(value, pointer, depth + 1, unenforced)
    if keyword in _LISTED:
        raise GrammarError(f"must be a list of schemas, not {_brief(value)}", pointer=pointer)
    if keyword not in _NAMED:
        return value
    if not isinstance(value, Mapping):
        raise GrammarError(f"must be an object of schemas, not {_brief(value)}", pointer=pointer)
    relaxed = {}
    for name, item in value.items():
        here = f"{pointer}/{_escape(name)}"
        if keyword == "patternProperties" and not _compiles("pattern", name):
            unenforced.append(here)
            continue
        relaxed[name] = _relax(item, here, depth + 1, unenforced)
    return relaxed


def _is_enforceable(keyword: str, value: Any, pointer: str) -> bool:
    """Tells whether a mask can enforce a keyword.

    Raises:
        GrammarError: nobody could.
    """
    if keyword == "type":
        for name in [value] if isinstance(value, str) else _listed(value, pointer):
            if name not in JSON_TYPES:
                raise GrammarError(
                    f"unknown type {_brief(name)}; known are {', '.join(sorted(JSON_TYPES))}",
                    pointer=pointer,
                )
    if keyword == "$ref" and not (isinstance(value, str) and value.startswith("#")):
        raise GrammarError(
            f"only references into the schema itself are followed, not {_brief(value)}",
            pointer=pointer,
        )
    if keyword == "$schema":
        return isinstance(value, str) and "://json-schema.org/" in value
    if keyword in {"pattern", "format"}:
        return isinstance(value, str) and _compiles(keyword, value)
    return keyword not in UNSUPPORTED_KEYWORDS


def _listed(value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise GrammarError(
            f"must be a type or a list of types, not {_brief(value)}", pointer=pointer
        )
    return iter(value)


@lru_cache(maxsize=1024)
def _compiles(keyword: str, value: str) -> bool:
    """Tells whether llguidance knows this format, or can compile this pattern."""
    try:
        grammar = LLMatcher.grammar_from_json_schema({"type": "string", keyword: value})
    except ValueError:  # half of a surrogate pair
        return False
    is_error, _ = LLMatcher.validate_grammar_with_warnings(grammar)
    return not is_error


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

"""Calls in Python's syntax, as ChatGLM3 writes them: `tool_call(city="北京", days=3)`.

Under the grammar each value is JSON, which Python reads the same way, but that `True`, `False` and `None` stand for
themselves where a whole argument is one of them. Arguments whose names Python could not write as keywords come as
`tool_call(**{…})`.

Covers: nothing in a call is evaluated or looked up; only literals are taken. Input is bounded before it is parsed.
Does not cover: whether the arguments fit the tool's schema.
"""

import ast
import json
import keyword
from collections.abc import Mapping
from typing import Any

from glm_engine.json_grammar import json_rule, literal
from glm_prompts.arguments import parse_arguments
from glm_prompts.repair import MAX_REPAIRED_CHARS, repaired_arguments
from glm_tools.tool import JSONSchema, JSONValue

FUNCTION = "tool_call"

_CONSTANTS = {True: "True", False: "False", None: "None"}
# What may stand in an object schema that is written as keywords, besides its properties: what restricts nothing.
_PLAIN_KEYWORDS = frozenset(
    (
        "$defs",
        "$schema",
        "additionalProperties",
        "default",
        "definitions",
        "description",
        "examples",
        "properties",
        "required",
        "title",
        "type",
    )
)
_ANNOTATIONS = frozenset(("default", "description", "examples", "title"))
_DEFINITIONS = ("$defs", "definitions")


def written_call(arguments: Mapping[str, JSONValue]) -> str:
    """The call with these arguments, as the grammar has it."""
    if not all(map(_is_keyword, arguments)):
        return f"{FUNCTION}(**{json.dumps(dict(arguments), ensure_ascii=False)})"
    values = (f"{name}={_written(value)}" for name, value in arguments.items())
    return f"{FUNCTION}({', '.join(values)})"


def read_call(text: str, name: str) -> Mapping[str, JSONValue] | None:
    """The arguments of a call; None when `text` is none, or one that can be read in more than one way.

    Args:
        text: what the model wrote.
        name: of the tool, which some models call in place of `tool_call`.
    """
    if len(text) > MAX_REPAIRED_CHARS:
        return None
    text = text.strip()
    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
        return None
    if call.func.id not in (FUNCTION, name):
        return None
    arguments: dict[str, JSONValue] = {}
    for argument in call.keywords:
        written = ast.get_source_segment(text, argument.value) or ""
        value = _object(written if argument.arg is None else _pair(argument.arg, written))
        if value is None or not value.keys().isdisjoint(arguments):
            return None
        arguments |= value
    return arguments


def call_rules(prefix: str, schema: JSONSchema) -> list[str]:
    """Lark rules of the calls that a schema allows; the first is called `prefix`.

    Properties come in the schema's order, as everywhere in our grammars. Where the schema is open, no further ones
    can be written.

    Args:
        prefix: of the rules' names.
        schema: of the arguments, an object schema.

    Raises:
        GrammarError: the schema is malformed, or nested too deeply.
    """
    beginning = literal(f"{FUNCTION}(")
    if not _has_keyword_form(schema):
        return [f"{prefix}: {beginning} {literal('**')} ({json_rule(schema)}) {literal(')')}"]
    definitions = {key: schema[key] for key in _DEFINITIONS if key in schema}
    properties = dict(schema.get("properties", {}))
    required = schema.get("required", ())
    # `first`: nothing stands before this property; `next`: something does, and a comma goes between.
    rules = [f"{prefix}: {beginning} {prefix}_first_0 {literal(')')}"]
    for index, (name, value) in enumerate(properties.items()):
        rest = f"{prefix}_next_{index + 1}"
        argument = f"{prefix}_{index} {rest}"
        first, following = argument, f"{literal(', ')} {argument}"
        if name not in required:
            first += f" | {prefix}_first_{index + 1}"
            following += f" | {rest}"
        rules += [
            f"{prefix}_first_{index}: {first}",
            f"{prefix}_next_{index}: {following}",
            f"{prefix}_{index}: {literal(name + '=')} ({_value_rule(value, definitions)})",
        ]
    ends = ("first", "next") if properties else ("first",)
    return rules + [f'{prefix}_{end}_{len(properties)}: ""' for end in ends]


def _value_rule(schema: JSONSchema, definitions: dict[str, Any]) -> str:
    """A Lark expression of one argument's value."""
    if isinstance(schema, Mapping):
        said = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
        values = said.get("enum", [said["const"]] if "const" in said else None)
        if values and set(said) <= {"enum", "const", "type"} and not any(map(_is_nested, values)):
            return " | ".join(literal(_written(value)) for value in values)
        if set(said) == {"anyOf"} and isinstance(said["anyOf"], list | tuple):
            return " | ".join(f"({_value_rule(each, definitions)})" for each in said["anyOf"])
        kinds = said.get("type")
        if isinstance(kinds, list | tuple):
            each = [_value_rule(said | {"type": kind}, definitions) for kind in kinds]
            return " | ".join(f"({rule})" for rule in each)
        if said == {"type": "boolean"}:
            return f"{literal('True')} | {literal('False')}"
        if said == {"type": "null"}:
            return literal("None")
        schema = dict(schema) | definitions
    return json_rule(schema)


def _has_keyword_form(schema: JSONSchema) -> bool:
    """Whether the arguments can be written as keywords, and nothing that the schema says is lost by it."""
    if isinstance(schema, bool) or not set(schema) <= _PLAIN_KEYWORDS:
        return False
    properties, required = schema.get("properties", {}), schema.get("required", ())
    if not isinstance(properties, Mapping) or not isinstance(required, list | tuple):
        return False
    if not properties and schema.get("additionalProperties") is not False:
        return False  # an open object without properties may hold anything
    if not all(map(_is_keyword, properties)) or not set(required) <= set(properties):
        return False
    return all(map(_refers_to_definitions, properties.values()))


def _refers_to_definitions(value: Any) -> bool:
    """Whether every reference in a schema leads to what is kept beside a property when it is taken out."""
    if isinstance(value, list | tuple):
        return all(map(_refers_to_definitions, value))
    if not isinstance(value, Mapping):
        return True
    target = value.get("$ref", "#/$defs/")
    known = isinstance(target, str) and target.startswith(tuple(f"#/{d}/" for d in _DEFINITIONS))
    return known and all(map(_refers_to_definitions, value.values()))


def _is_keyword(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)


def _is_nested(value: object) -> bool:
    return isinstance(value, list | tuple | Mapping)


def _written(value: JSONValue) -> str:
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    return json.dumps(value, ensure_ascii=False)


def _pair(name: str, written: str) -> str:
    return f"{{{json.dumps(name)}: {written}}}"


def _object(text: str) -> Mapping[str, JSONValue] | None:
    value = parse_arguments(text)
    return repaired_arguments(text, parse_arguments) if value is None else value

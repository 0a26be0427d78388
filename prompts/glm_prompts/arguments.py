"""The arguments of a call, from the text that a model wrote."""

import json
from collections.abc import Mapping
from typing import NoReturn

from glm_tools.tool import Builtin, JSONValue, ToolSpec

# The calls of built-in tools are text, which becomes the one argument of this name.
CODE_ARGUMENT: Mapping[Builtin, str] = {"python": "code", "simple_browser": "code"}


def call_arguments(spec: ToolSpec | None, raw: str) -> Mapping[str, JSONValue] | None:
    """The arguments of a call of this tool, None for an unknown one; None when `raw` cannot be read."""
    if spec is not None and spec.builtin is not None:
        return {CODE_ARGUMENT[spec.builtin]: raw}
    return parse_arguments(raw)


def parse_arguments(text: str) -> Mapping[str, JSONValue] | None:
    """The JSON object that `text` is; None when it is not one.

    Strict: numbers JSON does not know (NaN, Infinity) and repeated keys are refused, since a tool must not be run
    with arguments that two readers would read differently. Depth is bounded by Python's own recursion limit.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, JSONValue]]) -> dict[str, JSONValue]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value

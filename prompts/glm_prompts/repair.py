"""Arguments that are not JSON, but can be read in one way only.

For engines without a grammar. A repair never guesses: what two readers could read differently, what was cut off and
what JSON cannot say stays unread, and the model is told.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator

from glm_tools.tool import JSONValue

MAX_REPAIRED_CHARS = (
    100_000  # nobody needs a larger call mended, and the readers below take their time
)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)\n?```", re.DOTALL)
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_FULL_WIDTH = str.maketrans({"：": ":", "，": ",", "｛": "{", "｝": "}", "［": "[", "］": "]"})


def repaired_arguments(
    text: str, parse: Callable[[str], JSONValue | None]
) -> dict[str, JSONValue] | None:
    """The object that `text` was meant to be; None when that is not certain.

    Args:
        text: what the model wrote, known not to be a JSON object.
        parse: the strict reader: an object, or None.
    """
    if len(text) > MAX_REPAIRED_CHARS:
        return None
    found: list[dict[str, JSONValue]] = []
    for candidate in _candidates(text.strip().strip(_INVISIBLE)):
        value = _read(candidate, parse)
        if value is not None and value not in found:
            found.append(value)
    return found[0] if len(found) == 1 else None


def _candidates(text: str) -> Iterator[str]:
    """The stretches of `text` that may be the object: all of it, a fenced block, the one stretch in braces."""
    yield text
    fenced = list(_FENCE.finditer(text))
    if len(fenced) == 1:
        block, (start, end) = fenced[0][1].strip(), fenced[0].span()
    elif not fenced:
        start, end = text.find("{"), text.rfind("}") + 1
        block = text[start:end]
    else:
        return
    # Where there are brackets around it, it may be what is said in a string of the object that was meant.
    if 0 <= start < end and not set(text[:start] + text[end:]) & set("{}[]"):
        yield block


def _read(text: str, parse: Callable[[str], JSONValue | None]) -> dict[str, JSONValue] | None:
    readers = (_plain, _double_encoded, _without_trailing_commas, _typographic, _escaped_controls)
    for reader in readers:
        value = parse(reader(text))
        if isinstance(value, dict):
            return value
    return _python_literal(text, parse)


def _plain(text: str) -> str:
    return text


def _double_encoded(text: str) -> str:
    """The object inside a JSON string."""
    if not text.startswith('"'):
        return ""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return inner if isinstance(inner, str) else ""


def _without_trailing_commas(text: str) -> str:
    return _outside_strings(text, lambda part: re.sub(r",(\s*[}\]])", r"\1", part))


def _typographic(text: str) -> str:
    """Curly quotes as delimiters, full-width punctuation between values. Not where straight quotes are there too."""
    if '"' not in text:
        text = text.replace("“", '"').replace("”", '"')
    return _outside_strings(text, lambda part: part.translate(_FULL_WIDTH))


def _escaped_controls(text: str) -> str:
    """Newlines and tabs that stand in strings as they are."""
    parts = _split_strings(text)
    escapes = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    for index in range(1, len(parts), 2):
        parts[index] = "".join(escapes.get(character, character) for character in parts[index])
    return "".join(parts)


def _python_literal(
    text: str, parse: Callable[[str], JSONValue | None]
) -> dict[str, JSONValue] | None:
    """A Python dict display of plain values: single quotes, True, None, tuples. Never evaluated."""
    try:
        tree = ast.parse(text, mode="eval").body
        value = _literal(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict) and parse(json.dumps(value)) is not None else None


def _literal(node: ast.expr) -> JSONValue:
    match node:
        case ast.Constant(value=str() | bool() | float() | None as value):
            return value
        case ast.Constant(value=int() as value) if _is_decimal(node):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()) as operand) if (
            not isinstance(operand.value, bool)
        ):
            return -_literal(operand)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_literal(element) for element in elements]
        case ast.Dict(keys=keys, values=values):
            names = [key.value for key in keys if isinstance(key, ast.Constant)]
            if len(names) != len(keys) or len(set(names)) != len(names):
                raise ValueError("a key is missing, no constant, or there twice")
            if not all(isinstance(name, str) for name in names):
                raise ValueError("a key is not text")
            return dict(zip(names, map(_literal, values), strict=True))
    raise ValueError("not a plain value")


def _is_decimal(node: ast.Constant) -> bool:
    """Whether an integer stands there in plain digits: 0x10 and 1_0 are Python's alone."""
    assert node.end_col_offset is not None
    return node.end_col_offset - node.col_offset == len(str(node.value))


def _outside_strings(text: str, change: Callable[[str], str]) -> str:
    parts = _split_strings(text)
    parts[::2] = [change(part) for part in parts[::2]]
    return "".join(parts)


def _split_strings(text: str) -> list[str]:
    """Text outside and inside double quotes by turns, the quotes with the strings."""
    return re.split(r'("(?:[^"\\]|\\.)*")', text, flags=re.DOTALL)

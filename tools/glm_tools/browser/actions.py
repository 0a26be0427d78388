"""GLM-4's browser calls: lines of `search("…", recency_days=7)`, `open_url("…", offset=6000)`, `mclick([0, 3])`.

Covers: text that the model wrote is parsed with `ast` and only literals of the right type are taken; nothing in it is
evaluated, imported or looked up. Input is bounded before it reaches the parser.
Does not cover: whether a URL may be opened (`address`), or an id exists (`browser`).
"""

import ast
import re
from dataclasses import dataclass

from glm_tools.browser.errors import ActionError

MAX_CALL_CHARS = 8_000
MAX_ACTIONS = 8
MAX_CLICKS = 10

# For the constrained path, in llguidance's dialect of Lark. Each text it derives is parsed by `parse_actions`;
# `recency_days` and `offset` are written as keywords, as in the checkpoint's own examples.
ACTION_RULES = r"""
actions: action ("\n" action){0,7}
action: search | open_url | mclick
search: "search(" STRING (", recency_days=" COUNT)? ")"
open_url: "open_url(" STRING (", offset=" COUNT)? ")"
mclick: "mclick([" COUNT (", " COUNT){0,9} "])"
COUNT: /0|[1-9][0-9]{0,5}/
STRING: /" *([^"\\\s\x00-\x1f\x7f]|\\["\\])([^"\\\x00-\x1f\x7f]|\\["\\]){0,2000}"/
"""
ACTION_GRAMMAR = "start: actions" + ACTION_RULES


@dataclass(frozen=True, slots=True)
class Search:
    """`recency_days` of None means any age."""

    query: str
    recency_days: int | None = None


@dataclass(frozen=True, slots=True)
class OpenURL:
    """`offset` is the character of the page's text at which reading starts."""

    url: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Click:
    """Open the results or links with these ids, in this order, without repetition."""

    ids: tuple[int, ...]


Action = Search | OpenURL | Click

USAGE = (
    'Write one call a line: search("words", recency_days=7), open_url("https://…", offset=0) or mclick([0, 2]); '
    "arguments are plain strings, whole numbers and lists of them."
)

_PARAMETERS = {
    "search": ("query", "recency_days"),
    "open_url": ("url", "offset"),
    "mclick": ("ids",),
}

# A backslash that begins none of Python's usual escapes is one that was not doubled ("C:\Users"): taken as itself.
_BACKSLASH = re.compile(r"""\\(?:[\\'"nrt]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|\\""")


def parse_actions(text: str) -> tuple[Action, ...]:
    """The calls in `text`, in order; at least one.

    Raises:
        ActionError: anything else than lines of the three calls with literal arguments. No call is returned then: half
            of what was meant is not run.
    """
    if len(text) > MAX_CALL_CHARS:
        raise ActionError(
            f"The call is {len(text)} characters long; the limit is {MAX_CALL_CHARS}."
        )
    source = _BACKSLASH.sub(lambda match: match[0] if len(match[0]) > 1 else r"\\", text.strip())
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise ActionError(f"The call cannot be read ({reason}). {USAGE}") from None
    if not statements:
        raise ActionError(f"The call is empty. {USAGE}")
    if len(statements) > MAX_ACTIONS:
        raise ActionError(f"{len(statements)} calls at once; at most {MAX_ACTIONS} are run.")
    return tuple(_action(statement) for statement in statements)


def _action(statement: ast.stmt) -> Action:
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ActionError(f"Line {statement.lineno} is not a call of the browser. {USAGE}")
    name = call.func.id
    if name not in _PARAMETERS:
        raise ActionError(f"There is no {name!r} in the browser. {USAGE}")
    arguments = _arguments(name, call)
    if name == "search":
        query = _text(name, "query", arguments.get("query")).strip()
        recency_days = _count(name, "recency_days", arguments.get("recency_days"))
        return Search(query, recency_days or None)
    if name == "open_url":
        url = _text(name, "url", arguments.get("url")).strip()
        return OpenURL(url, _count(name, "offset", arguments.get("offset")) or 0)
    return Click(_ids(arguments.get("ids")))


def _arguments(name: str, call: ast.Call) -> dict[str, object]:
    parameters = _PARAMETERS[name]
    if len(call.args) > len(parameters):
        raise ActionError(
            f"{name} takes {', '.join(parameters)}; {len(call.args)} values were given."
        )
    given: list[tuple[str, ast.expr]] = list(zip(parameters, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg not in parameters:
            raise ActionError(
                f"{name} has no parameter {keyword.arg!r}; it takes {', '.join(parameters)}."
            )
        given.append((keyword.arg, keyword.value))
    arguments: dict[str, object] = {}
    for parameter, expression in given:
        if parameter in arguments:
            raise ActionError(f"{name} was given {parameter!r} twice.")
        arguments[parameter] = _literal(name, parameter, expression)
    return arguments


def _literal(name: str, parameter: str, expression: ast.expr) -> object:
    """The value of a literal, without `ast.literal_eval`'s arithmetic, sets, dicts and bytes."""
    if isinstance(expression, ast.Constant):
        return expression.value
    if isinstance(expression, (ast.List, ast.Tuple)):
        return [_literal(name, parameter, element) for element in expression.elts]
    if (
        isinstance(expression, ast.UnaryOp)
        and isinstance(expression.op, ast.USub)
        and isinstance(expression.operand, ast.Constant)
        and type(expression.operand.value) is int
    ):
        return -expression.operand.value
    raise ActionError(f"{name}: {parameter} must be a plain value, not an expression. {USAGE}")


def _text(name: str, parameter: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ActionError(f"{name}: {parameter} must be a string that is not empty. {USAGE}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ActionError(f"{name}: {parameter} holds half of a surrogate pair.") from None
    return value


def _count(name: str, parameter: str, value: object) -> int | None:
    """A non-negative integer. Negative numbers mean "not given", as in the tool that GLM-4 was trained with (-1)."""
    if value is None:
        return None
    if type(value) is not int or value >= 10**9:
        raise ActionError(f"{name}: {parameter} must be a whole number. {USAGE}")
    return max(value, 0)


def _ids(value: object) -> tuple[int, ...]:
    values = [value] if type(value) is int else value
    if not isinstance(values, list) or not values:
        raise ActionError(f"mclick: ids must be a list of whole numbers. {USAGE}")
    ids: list[int] = []
    for each in values:
        if type(each) is not int or each < 0:
            raise ActionError(f"mclick: ids must be a list of whole numbers. {USAGE}")
        if each not in ids:
            ids.append(each)
    if len(ids) > MAX_CLICKS:
        raise ActionError(
            f"mclick opens at most {MAX_CLICKS} pages at once; {len(ids)} were asked for."
        )
    return tuple(ids)

"""From the text of a cell to code objects: magics, shell lines, the last expression, top-level await.

A line is a magic only where it cannot be Python: the parser itself says which line that is, so `%` inside a string,
a bracket or a continuation is never touched. Replaced lines keep their number, so tracebacks stay right.
"""

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType

CALL_MAGIC = "__line_magic__"  # names under which the worker offers these to the cell
CALL_SHELL = "__shell__"

_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_LINE_MAGIC = re.compile(
    r"^(?P<indent>\s*)(?P<target>[A-Za-z_]\w*\s*=\s*)?(?P<mark>[%!])(?P<rest>.*)$"
)
_MAX_MAGICS = 200


@dataclass(frozen=True, slots=True)
class CompiledCell:
    """A cell ready to run.

    Attributes:
        body: all statements but a last expression; None when there are none.
        last: that expression; its value is the cell's.
    """

    body: CodeType | None
    last: CodeType | None


def split_cell_magic(source: str) -> tuple[str, str, str]:
    """(name, arguments, rest of the cell) when the cell begins with `%%name`; ("", "", source) otherwise."""
    lines = source.splitlines(keepends=True)
    for i, line in enumerate(lines):
        text = line.strip()
        if not text:
            continue
        if not text.startswith("%%"):
            break
        name, _, arguments = text[2:].partition(" ")
        # blank lines in place of what was before keep the line numbers
        return name, arguments.strip(), "\n" * (i + 1) + "".join(lines[i + 1 :])
    return "", "", source


def compile_cell(source: str, filename: str) -> CompiledCell:
    """Parse and compile.

    Raises:
        SyntaxError: not Python, even with the magics taken into account.
        ValueError: a NUL byte in the source.
        RecursionError, MemoryError: nested beyond what the compiler takes.
    """
    tree = _parse(source, filename)
    last = None
    if (
        tree.body
        and isinstance(statement := tree.body[-1], ast.Expr)
        and not _ends_with_semicolon(source)
    ):
        tree.body.pop()
        last = compile(ast.Expression(statement.value), filename, "eval", flags=_FLAGS)
    body = compile(tree, filename, "exec", flags=_FLAGS) if tree.body else None
    return CompiledCell(body, last)


def run(
    code: CodeType, namespace: dict[str, object], run_coroutine: Callable[[object], object]
) -> object:
    """Evaluate; a cell with a top-level `await` is a coroutine and goes through `run_coroutine`."""
    result = eval(code, namespace)
    if code.co_flags & inspect.CO_COROUTINE:
        return run_coroutine(result)
    return result


def _parse(source: str, filename: str) -> ast.Module:
    lines = source.splitlines(keepends=True)
    for _ in range(_MAX_MAGICS):
        try:
            tree = compile("".join(lines), filename, "exec", flags=_FLAGS | ast.PyCF_ONLY_AST)
        except SyntaxError as error:
            index = (error.lineno or 0) - 1
            if not 0 <= index < len(lines) or (replacement := _as_call(lines[index])) is None:
                raise
            lines[index] = replacement
        else:
            assert isinstance(tree, ast.Module)
            return tree
    raise SyntaxError(f"more than {_MAX_MAGICS} lines with % or ! in one cell")


def _as_call(line: str) -> str | None:
    """The Python call that stands for a magic or shell line; None when it is neither."""
    match = _LINE_MAGIC.match(line.rstrip("\r\n"))
    if match is None:
        return None
    target, rest = match["target"] or "", match["rest"]
    if match["mark"] == "!":
        call = f"{CALL_SHELL}({rest!r}, capture={bool(target)})"
    else:
        name, _, arguments = rest.strip().partition(" ")
        call = f"{CALL_MAGIC}({name!r}, {arguments.strip()!r})"
    return f"{match['indent']}{target}{call}\n"


def _ends_with_semicolon(source: str) -> bool:
    """Whether the value is to be kept quiet, as in a notebook."""
    last_line = source.rstrip().rpartition("\n")[2]
    return last_line.rstrip().endswith(";") and "#" not in last_line

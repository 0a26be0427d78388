"""Cells as notebooks take them: magics where Python ends, the last expression, line numbers that stay."""

import ast
import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_sandbox.guest import cell


def run(source: str, **names: object) -> tuple[object, list[object]]:
    """The value of a cell, with what it called recorded."""
    calls: list[object] = []
    namespace: dict[str, object] = {
        cell.CALL_MAGIC: lambda name, arguments: calls.append(("%", name, arguments)),
        cell.CALL_SHELL: lambda command, capture: calls.append(("!", command, capture)),
        "calls": calls,
        **names,
    }
    compiled = cell.compile_cell(source, "<cell 1>")
    if compiled.body is not None:
        cell.run(compiled.body, namespace, lambda coroutine: coroutine)
    value = (
        cell.run(compiled.last, namespace, lambda coroutine: coroutine) if compiled.last else None
    )
    return value, calls


@pytest.mark.parametrize(
    ("source", "value", "calls"),
    [
        ("1 + 1", 2, []),
        ("x = 3\nx", 3, []),
        ("x = 3", None, []),
        ("1 + 1;", None, []),
        ("'a;'", "a;", []),
        ("", None, []),
        ("# only a comment", None, []),
        ("!ls -l", None, [("!", "ls -l", False)]),
        ("x = !ls", None, [("!", "ls", True)]),
        ("if True:\n    !echo 'a\"b'", None, [("!", "echo 'a\"b'", False)]),
        ("%matplotlib inline\n1", 1, [("%", "matplotlib", "inline")]),
        ("y = %time 1", None, [("%", "time", "1")]),
        ("s = '''\n%time\n!ls\n'''\ns.count('!')", 1, []),
        ("x = (7\n%time)\nx", 2, []),
        ("x = 7 \\\n%time", None, []),
        ("!a\n!b\n%c d\n", None, [("!", "a", False), ("!", "b", False), ("%", "c", "d")]),
    ],
)  # fmt: skip
def test_a_cell_means_what_a_notebook_makes_of_it(
    source: str, value: object, calls: list[object]
) -> None:
    """The parser decides what is a magic: `%` and `!` in strings, brackets and continuations are Python's."""
    assert run(source, time=5) == (value, calls)


def test_lines_keep_their_numbers() -> None:
    """A magic above an error does not move it."""
    compiled = cell.compile_cell("!ls\n%cd x\n\n1 / 0", "<cell 1>")
    assert compiled.last is not None
    with pytest.raises(ZeroDivisionError) as info:
        eval(compiled.last)
    assert info.tb.tb_next is not None
    assert info.tb.tb_next.tb_lineno == 4


@pytest.mark.parametrize(
    "source", ["def f(:", "!ls\ndef f(:", "x = = 1", "a b", "'unclosed", "(", "return 1"]
)
def test_what_is_neither_python_nor_a_magic_is_a_syntax_error(source: str) -> None:
    with pytest.raises(SyntaxError):
        cell.compile_cell(source, "<cell 1>")


def test_top_level_await_is_a_coroutine() -> None:
    """It is for the worker's loop to run, which lives from cell to cell."""
    compiled = cell.compile_cell("import asyncio\nawait asyncio.sleep(0, 5)", "<cell 1>")
    assert compiled.last is not None
    namespace = {"asyncio": asyncio}
    assert cell.run(compiled.last, namespace, lambda coroutine: asyncio.run(coroutine)) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%%time\nx = 1", ("time", "", "\nx = 1")),
        ("\n%%bash -e\nls\n", ("bash", "-e", "\n\nls\n")),
        ("x = 1\n%%time", ("", "", "x = 1\n%%time")),
        ("", ("", "", "")),
    ],
)
def test_a_cell_magic_stands_first(source: str, expected: tuple[str, str, str]) -> None:
    assert cell.split_cell_magic(source) == expected


@given(st.text(alphabet="ab1 \n\t%!='\"()[]:#;\\", max_size=40))
def test_any_text_is_a_cell_or_a_syntax_error(source: str) -> None:
    """Whatever a model writes: compiled, or refused with the error that the model can read."""
    try:
        cell.compile_cell(source, "<cell 1>")
    except SyntaxError:
        return
    try:
        ast.parse(source)
    except SyntaxError:
        assert "%" in source or "!" in source

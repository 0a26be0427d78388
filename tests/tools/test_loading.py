import json
import sys
from pathlib import Path
from typing import Any

import pytest

from glm_tools import FunctionTool, ToolDefinitionError, installed_tools, load_tools

ONE = '''from glm_tools import tool


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
def mul(a: int, b: int) -> int:
    """Multiply."""
    return a * b


def no_tool() -> None: ...
'''


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _clean_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("name", ["tools.py", "json.py", "my-tools.py", "工具.py", "glm_tools.py"])
def test_a_file_of_any_name_gives_its_tools_in_order(tmp_path: Path, name: str) -> None:
    """A user's `tools.py` must not be taken for a package of ours, nor `json.py` for the library."""
    spec = write(tmp_path / name, ONE)
    assert [tool.spec.name for tool in load_tools(spec)] == ["add", "mul"]
    assert sys.modules["json"] is json


def test_one_tool_may_be_named(tmp_path: Path) -> None:
    spec = write(tmp_path / "tools.py", ONE)
    assert [tool.spec.name for tool in load_tools(f"{spec}:mul")] == ["mul"]
    with pytest.raises(ToolDefinitionError, match="no tool in 'no_tool in"):
        load_tools(f"{spec}:no_tool")


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    specs = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        text = f"from glm_tools import tool\n@tool\ndef {folder}() -> str:\n    'Say.'\n    return __name__\n"
        specs.append(write(tmp_path / folder / "tools.py", text))
    (a,), (b,) = (load_tools(spec) for spec in specs)
    assert isinstance(a, FunctionTool)
    assert isinstance(b, FunctionTool)
    assert a() != b()


def test_a_file_may_import_its_neighbour_and_define_dataclasses(tmp_path: Path) -> None:
    write(tmp_path / "glm_neighbour_for_test.py", "LIMIT = 7\n")
    text = '''from __future__ import annotations
from dataclasses import dataclass
from glm_tools import tool
from glm_neighbour_for_test import LIMIT

@dataclass
class Point:
    x: int

@tool
def limit(point: Point) -> int:
    """Limit."""
    return min(point.x, LIMIT)
'''
    (limit,) = load_tools(write(tmp_path / "tools.py", text))
    assert limit.check_arguments({"point": {"x": 9}})["point"].x == 9


def test_a_module_is_found_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "glm_module_for_test.py", ONE)
    monkeypatch.chdir(tmp_path)
    assert len(load_tools("glm_module_for_test")) == 2
    assert len(load_tools("glm_module_for_test:add")) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n", r"tools\.py:2: "),
        (
            "\nimport no_such_module_anywhere\n",
            r"tools\.py:2: ModuleNotFoundError.*no_such_module_anywhere",
        ),
        ("raise ValueError('bad')\n", r"tools\.py:1: ValueError: bad"),
        ("\n\nimport sys\nsys.exit(3)\n", r"tools\.py:4: SystemExit: 3"),
        ("def f(): ...\n", "no tool in"),
        (
            "from glm_tools import tool\n\n\n@tool\ndef f(a): ...\n",
            r"tools\.py:4: .*'a' has no type hint",
        ),
        (
            "from glm_tools import tool\n@tool\ndef f() -> None: ...\ng = f\n@tool(name='f')\ndef h() -> None: ...\n",
            "two tools named 'f'",
        ),
        ("x = '\x00'\n", r"tools\.py"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ToolDefinitionError, match=message):
        load_tools(write(tmp_path / "tools.py", text))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ToolDefinitionError, match="no file"):
        load_tools(str(tmp_path / "missing.py"))
    with pytest.raises(ToolDefinitionError, match="no module 'no_such_module_anywhere'"):
        load_tools("no_such_module_anywhere:add")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    with pytest.raises(ToolDefinitionError, match=r"latin\.py"):
        load_tools(str(tmp_path / "latin.py"))
    with pytest.raises(ToolDefinitionError, match=r"must end in \.py"):
        load_tools(write(tmp_path / "notes.txt", ""))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ToolDefinitionError, match="no tool in"):
        load_tools(str(tmp_path / "empty"))


def test_ctrl_c_while_a_file_is_loaded_is_not_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_tools(write(tmp_path / "tools.py", "raise KeyboardInterrupt\n"))


BANK = '''from glm_tools import tool


class Account:
    def __init__(self, balance: int = 0) -> None:
        self.balance = balance

    @tool
    def pay(self, cents: int) -> int:
        """Pay."""
        self.balance -= cents
        return self.balance

    @tool
    def balance_of(self) -> int:
        """Balance."""
        return self.balance


class Savings(Account):
    @tool
    def interest(self) -> float:
        """Interest."""
        return self.balance * 0.01
'''


def test_an_object_of_a_class_with_tools_gives_its_methods(tmp_path: Path) -> None:
    spec = write(tmp_path / "bank.py", BANK + "\nsavings = Savings(100)\n")
    for tools in (load_tools(spec), load_tools(f"{spec}:savings")):
        assert [tool.spec.name for tool in tools] == ["pay", "balance_of", "interest"]
    context: Any = None
    assert tools[0].run({"cents": 30}, context) == 70
    with pytest.raises(ToolDefinitionError, match="make an object"):
        load_tools(write(tmp_path / "classes.py", BANK))


def test_a_folder_gives_the_tools_of_its_files(tmp_path: Path) -> None:
    write(tmp_path / "b.py", ONE)
    write(tmp_path / "a.py", "from glm_tools import tool\n@tool\ndef first() -> None: ...\n")
    write(tmp_path / "_shared.py", "raise ValueError\n")
    write(tmp_path / "empty.py", "")
    assert [tool.spec.name for tool in load_tools(str(tmp_path))] == ["first", "add", "mul"]
    write(tmp_path / "c.py", ONE)
    with pytest.raises(ToolDefinitionError, match="two tools named 'add'"):
        load_tools(str(tmp_path))


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with entry points, as pip would lay it out."""
    write(
        tmp_path / "glm_plugin_for_test.py",
        ONE + "\ndef make() -> list[object]:\n    return [mul]\n\n\nbad = 3\n",
    )
    info = tmp_path / "glm_plugin_for_test-1.0.dist-info"
    info.mkdir()
    write(info / "METADATA", "Metadata-Version: 2.1\nName: glm-plugin-for-test\nVersion: 1.0\n")
    write(
        info / "entry_points.txt",
        "[glm_agent.tools]\nall = glm_plugin_for_test\none = glm_plugin_for_test:add\nmade = glm_plugin_for_test:make\n"
        "bad = glm_plugin_for_test:bad\ngone = glm_plugin_for_test:gone\n",
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("_installed")
def test_installed_packages_offer_tools_by_name() -> None:
    assert [tool.spec.name for tool in load_tools("all")] == ["add", "mul"]
    assert [tool.spec.name for tool in load_tools("one")] == ["add"]
    assert [tool.spec.name for tool in load_tools("made")] == ["mul"]
    with pytest.raises(ToolDefinitionError, match=r"no tool in .*'bad' of glm-plugin-for-test"):
        load_tools("bad")
    with pytest.raises(ToolDefinitionError, match="'gone' of glm-plugin-for-test: AttributeError"):
        load_tools("gone")
    with pytest.raises(ToolDefinitionError, match="of glm-plugin-for-test"):
        installed_tools()

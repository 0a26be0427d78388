"""Tools from a file or a module, as `--tools` names them."""

import importlib
import importlib.metadata
import importlib.util
import itertools
import sys
import traceback
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from glm_tools.errors import ToolDefinitionError
from glm_tools.function_tool import FunctionTool
from glm_tools.tool import Tool

ENTRY_POINTS = "glm_agent.tools"

_numbers = itertools.count(1)


def load_tools(spec: str) -> list[Tool]:
    """The tools of a file, a folder, a module or an installed package, in the order in which they are defined.

    Besides tools, an object of a class with tools in it counts: `bank = Bank()`.

    Args:
        spec: `path/file.py` for every tool in that file, `path/folder` for every file in it, the name of an entry
            point of the group `glm_agent.tools`, or `module`; `path/file.py:name` and `module:name` for one tool or
            one object.

    Raises:
        ToolDefinitionError: there is no such thing, it cannot be imported, or it has no such tool; the message names
            the file and, where there is one, the line.
    """
    source, name = _split(spec)
    if Path(source).expanduser().is_dir() and not name:
        files = sorted(Path(source).expanduser().glob("[!_]*.py"))
        return _distinct(source, [tool for path in files for tool in _tools_in(_load_file(path))])
    if _is_file(source):
        module = _load_file(Path(source))
    else:
        for entry_point in importlib.metadata.entry_points(group=ENTRY_POINTS, name=spec):
            return _distinct(spec, _from_entry_point(entry_point))
        module = _import_module(source)
    if not name:
        return _distinct(source, _tools_in(module))
    if not hasattr(module, name):
        there = ", ".join(tool.spec.name for tool in _tools_in(module)) or "none"
        raise ToolDefinitionError(f"There is no {name!r} in {source!r}. Tools there: {there}.")
    return _distinct(f"{name} in {source}", _tools_from(getattr(module, name)))


def load_object(spec: str) -> object:
    """What has a name in a file or a module: `path/file.py:name` or `module:name`.

    Raises:
        ToolDefinitionError: as `load_tools`, or there is no such name.
    """
    source, name = _split(spec)
    if not name:
        raise ToolDefinitionError(f"{spec!r} names nothing: write FILE.py:NAME or module:NAME.")
    module = load_module(source)
    if not hasattr(module, name):
        raise ToolDefinitionError(f"There is no {name!r} in {source!r}.")
    found: object = getattr(module, name)
    return found


def load_module(source: str) -> ModuleType:
    """A file, by its path, or an importable module, by its name.

    Raises:
        ToolDefinitionError: as `load_tools`.
    """
    return _load_file(Path(source)) if _is_file(source) else _import_module(source)


def _is_file(source: str) -> bool:
    return source.endswith(".py") or "/" in source or "\\" in source


def installed_tools() -> list[Tool]:
    """The tools of every installed package that has an entry point of the group `glm_agent.tools`.

    Raises:
        ToolDefinitionError: one of them cannot be loaded; the message names the package.
    """
    entry_points = importlib.metadata.entry_points(group=ENTRY_POINTS)
    return [tool for entry_point in entry_points for tool in _from_entry_point(entry_point)]


def tools_of(instance: object) -> list[Tool]:
    """The methods of an object that were defined with `@tool`, in order, bound to it."""
    kinds = reversed(type(instance).__mro__)
    names = dict.fromkeys(
        name for kind in kinds for name, value in vars(kind).items() if isinstance(value, Tool)
    )
    return [bound for name in names if isinstance(bound := getattr(instance, name), Tool)]


def _distinct(source: str, tools: list[Tool]) -> list[Tool]:
    if not tools:
        raise ToolDefinitionError(
            f"There is no tool in {source!r}: put @tool (`from glm_agent import tool`) above a function; "
            "of a class with tools in it, make an object."
        )
    seen: dict[str, Tool] = {}
    for tool in tools:
        if seen.setdefault(tool.spec.name, tool) is not tool:
            raise ToolDefinitionError(
                f"{source!r} has two tools named {tool.spec.name!r}: rename one."
            )
    return tools


def _split(spec: str) -> tuple[str, str]:
    head, colon, name = spec.rpartition(":")
    if colon and name.isidentifier() and len(head) > 1:  # C:\file.py has a drive, not a name
        return head, name
    return spec, ""


def _tools_in(module: ModuleType) -> list[Tool]:
    """The tools that `module` has names for; imported ones too: whoever imports a tool wants it."""
    found: dict[int, Tool] = {}
    for name, value in vars(module).items():
        if not name.startswith("__"):
            found |= {id(tool): tool for tool in _tools_from(value)}
    return list(found.values())


def _tools_from(value: object) -> list[Tool]:
    """The tools that a value is, holds or offers."""
    if isinstance(value, FunctionTool) and value.is_unbound_method:
        return []
    if isinstance(value, Tool):
        return [value]
    if isinstance(value, list | tuple):
        return [tool for tool in value if isinstance(tool, Tool)]
    return [] if isinstance(value, type | ModuleType) else tools_of(value)


def _from_entry_point(entry_point: EntryPoint) -> list[Tool]:
    """The tools of an entry point: a tool, a list of them, an object, a module, or a function that returns one."""
    source = f"entry point {entry_point.name!r} of {entry_point.dist.name if entry_point.dist else 'a package'}"
    try:
        value = entry_point.load()
        if callable(value) and not isinstance(value, Tool):
            value = value()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _load_error(source, error) from error
    return _distinct(
        source, _tools_in(value) if isinstance(value, ModuleType) else _tools_from(value)
    )


def _load_file(path: Path) -> ModuleType:
    """Execute a file as a module of a name of its own, so that a user's `tools.py` hides nothing and is not hidden.

    While it runs, and afterwards for imports inside functions, its folder is searched last.
    """
    path = path.expanduser().absolute()
    if not path.is_file():
        raise ToolDefinitionError(f"There is no file {str(path)!r}.")
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.append(folder)
    name = f"_glm_tools_file_{next(_numbers)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ToolDefinitionError(f"{str(path)!r} is not a Python file: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, pydantic and pickle look modules up by name
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _load_error(str(path), error) from error
    return module


def _import_module(name: str) -> ModuleType:
    folder = str(Path.cwd())
    if (
        folder not in sys.path
    ):  # a console script does not search the working folder; `python -m` does
        sys.path.append(folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise ToolDefinitionError(
                f"There is no module {name!r}. For a file, write its path: {name}.py"
            ) from error
        raise _load_error(name, error) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _load_error(name, error) from error


def _load_error(source: str, error: BaseException) -> ToolDefinitionError:
    if isinstance(error, SyntaxError):  # without a place when the file is not text
        where = f"{error.filename}:{error.lineno}" if error.filename else source
        return ToolDefinitionError(f"{where}: {error.msg}")
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename == source]
    where = f"{source}:{inside[-1].lineno}" if inside else source
    if isinstance(error, ToolDefinitionError):
        return ToolDefinitionError(f"{where}: {error}")
    if isinstance(error, ModuleNotFoundError):
        return ToolDefinitionError(
            f"{where}: ModuleNotFoundError: {error}. It is not installed for {sys.executable}, which runs glm-agent."
        )
    return ToolDefinitionError(f"{where}: {type(error).__name__}: {error}")

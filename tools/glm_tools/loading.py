"""Tools from a file or a module, as `--tools` names them."""

import importlib
import importlib.util
import itertools
import sys
import traceback
from pathlib import Path
from types import ModuleType

from glm_tools.errors import ToolDefinitionError
from glm_tools.tool import FunctionTool, Tool

_numbers = itertools.count(1)


def load_tools(spec: str) -> list[Tool]:
    """The tools of a file or a module, in the order in which they are defined.

    Args:
        spec: `path/file.py` for every tool in that file, `module` for every tool in a module, or `module:name` (and
            `path/file.py:name`) for one.

    Raises:
        ToolDefinitionError: there is no such file or module, it cannot be imported, or it has no such tool; the
            message names the file and, where there is one, the line.
    """
    source, name = _split(spec)
    is_file = source.endswith(".py") or "/" in source or "\\" in source
    module = _load_file(Path(source)) if is_file else _import_module(source)
    if name:
        found = getattr(module, name, None)
        tools = [found] if isinstance(found, Tool) else []
    else:
        tools = _tools_in(module)
    if not tools:
        missing = f"no tool named {name!r}" if name else "no tool"
        raise ToolDefinitionError(
            f"There is {missing} in {source!r}: put @tool (`from glm_agent import tool`) above a function."
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
    found = dict.fromkeys(value for value in vars(module).values() if isinstance(value, Tool))
    return [
        tool for tool in found if not (isinstance(tool, FunctionTool) and tool.is_unbound_method)
    ]


def _load_file(path: Path) -> ModuleType:
    """Execute a file as a module of a name of its own, so that a user's `tools.py` hides nothing and is not hidden.

    While it runs, and afterwards for imports inside functions, its folder is searched last.
    """
    path = path.expanduser().absolute()
    if not path.is_file():
        raise ToolDefinitionError(f"There is no file {str(path)!r} to load tools from.")
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
                f"There is no module {name!r} to load tools from. For a file, write its path: {name}.py"
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
    return ToolDefinitionError(f"{where}: {type(error).__name__}: {error}")

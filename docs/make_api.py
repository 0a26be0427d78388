"""Write docs/api.md from the docstrings of what users import: `python docs/make_api.py`."""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from docstring_parser import DocstringStyle, parse

from glm_agent.events import Event

PAGE = Path(__file__).with_name("api.md")
MODULES = ("glm_agent", "glm_agent.testing", "glm_agent.events")
HEAD = """# API reference

Made from the docstrings by `python docs/make_api.py`; a test keeps it so. Everything here is imported from the module
that heads its section. [tools.md](tools.md) shows how tools are written, [getting-started.md](getting-started.md) how
an agent is used.
"""


def listed(title: str, entries: list[tuple[str, str]]) -> Iterator[str]:
    """A titled list; nothing when there are no entries."""
    if entries:
        yield f"{title}:\n"
        yield "\n".join(f"- `{name}`: {' '.join(text.split())}" for name, text in entries) + "\n"


def described(thing: Any) -> Iterator[str]:
    """The docstring of `thing` in paragraphs and lists."""
    documented = parse(inspect.getdoc(thing) or "", DocstringStyle.GOOGLE)
    for text in (documented.short_description, documented.long_description):
        if text:
            yield text.replace("```python", "```py") + "\n"
    arguments = [each for each in documented.params if each.args[0] != "attribute"]
    attributes = [each for each in documented.params if each.args[0] == "attribute"]
    yield from listed("Arguments", [(each.arg_name, each.description or "") for each in arguments])
    yield from listed(
        "Attributes", [(each.arg_name, each.description or "") for each in attributes]
    )
    if documented.returns and documented.returns.description:
        yield f"Returns: {' '.join(documented.returns.description.split())}\n"
    raises = [(each.type_name or "", each.description or "") for each in documented.raises]
    yield from listed("Raises", raises)


def is_protocol(thing: type) -> bool:
    """Whether others implement it and nobody calls it."""
    return bool(getattr(thing, "_is_protocol", False))


def signature(name: str, thing: Any) -> str:
    """How `thing` is called, as source, without the modules that names come from."""
    if inspect.isclass(thing) and (issubclass(thing, Exception) or is_protocol(thing)):
        return f"class {name}({', '.join(base.__name__ for base in thing.__bases__)})"
    shown = f"{name}{inspect.signature(thing)}".replace(str(Event), "Event").replace(
        "<factory>", "..."
    )
    shown = re.sub(r"\b(?!threading\.)(?:[a-z_]+\.)+(?=[A-Za-z])", "", shown)
    return re.sub(r"<(?:built-in )?(?:function|class) '?(\w+).*?>", r"\1", shown)


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """Public methods that the class itself defines, in the order of its source."""
    for name, member in vars(owner).items():
        function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, getattr(owner, name)


def entry(name: str, thing: Any) -> Iterator[str]:
    """The section of one name."""
    yield f"### `{name}`\n"
    if not callable(thing):
        yield "Any of the event classes below.\n"
        return
    yield from described(thing)
    yield f"```py\n{signature(name, thing)}\n```\n"
    if inspect.isclass(thing):
        for method, function in members(thing):
            yield f"#### `{name}.{method}`\n"
            yield f"```py\n{signature(method, function)}\n```\n"
            yield from described(function)


def names_of(module: ModuleType) -> list[str]:
    """`__all__`, or the public classes and functions that the module defines and documents."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and getattr(thing, "__module__", "") == module.__name__
        and thing.__doc__
    ]


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        parts.append(f"## {module_name}\n")
        for name in names_of(module):
            parts += entry(name, getattr(module, name))
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE}\n")

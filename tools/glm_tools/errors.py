"""What can go wrong with a tool.

```
ToolError                     the tool says no; the message goes to the model, which may try again
├── ToolNotFoundError         no tool of that name
├── ToolArgumentError         the arguments do not fit the schema
└── Retry                     the call was well formed, but another one is needed
ToolDefinitionError           the programmer's mistake, found when the tool is defined
```
"""

from collections.abc import Sequence


class ToolError(Exception):
    """Raised by a tool to tell the model what went wrong. The message must be safe to show."""


class ToolNotFoundError(ToolError):
    """Raised when a call names no tool that is there.

    Attributes:
        name: what was asked for.
        known: names that exist, nearest first.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        there = ", ".join(repr(other) for other in known) or "none"
        super().__init__(f"There is no tool {name!r}. Available tools: {there}.")
        self.name = name
        self.known = tuple(known)


class ToolArgumentError(ToolError):
    """Raised when arguments do not fit the tool's schema.

    Attributes:
        pointer: JSON pointer of the offending value; empty for the whole.
        problem: what is wrong with it.
    """

    def __init__(self, pointer: str, problem: str) -> None:
        super().__init__(f"{pointer or 'arguments'}: {problem}")
        self.pointer = pointer
        self.problem = problem


class Retry(ToolError):
    """Raised by a tool to ask the model for the call again, with what the message says: `Retry("no account 'x'")`."""


class ToolDefinitionError(TypeError):
    """Raised when a function cannot become a tool: an annotation without a JSON form, say."""

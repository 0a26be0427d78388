"""What a program's own functions may decide about a call, before and after it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from glm_tools.tool import ToolCall, ToolResult


@dataclass(frozen=True, slots=True)
class Deny:
    """The call does not run; the model reads the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The call runs when somebody has said yes."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replace:
    """The call runs with these arguments. They are checked like the model's own, and the policy sees them."""

    arguments: Mapping[str, Any]


BeforeCall = Callable[[ToolCall], Deny | Ask | Replace | None]
AfterCall = Callable[[ToolCall, ToolResult], ToolResult | None]

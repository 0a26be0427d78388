"""What a model may call: tools, and the dispatcher that runs their calls."""

import importlib
from typing import TYPE_CHECKING, Any

from glm_tools.errors import (
    Retry,
    ToolArgumentError,
    ToolDefinitionError,
    ToolError,
    ToolNotFoundError,
)
from glm_tools.function_tool import FunctionTool, tool
from glm_tools.tool import (
    Attachment,
    Ctx,
    Observation,
    Tool,
    ToolCall,
    ToolOutput,
    ToolResult,
    ToolSpec,
)

if TYPE_CHECKING:
    from glm_tools.dispatch import Dispatcher
    from glm_tools.loading import installed_tools, load_tools, tools_of
    from glm_tools.python import PythonTool

__all__ = [
    "Attachment",
    "Ctx",
    "Dispatcher",
    "FunctionTool",
    "Observation",
    "PythonTool",
    "Retry",
    "Tool",
    "ToolArgumentError",
    "ToolCall",
    "ToolDefinitionError",
    "ToolError",
    "ToolNotFoundError",
    "ToolOutput",
    "ToolResult",
    "ToolSpec",
    "installed_tools",
    "load_tools",
    "tool",
    "tools_of",
]


_LAZY = {  # loaded when asked for: these import pydantic and jsonschema
    "Dispatcher": "glm_tools.dispatch",
    "PythonTool": "glm_tools.python",
    "installed_tools": "glm_tools.loading",
    "load_tools": "glm_tools.loading",
    "tools_of": "glm_tools.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)

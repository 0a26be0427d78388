"""A local tool-use agent for GLM-4.

```python
from glm_agent import Agent, load_model, tool

@tool
def get_weather(city: str) -> str:
    \"\"\"Current weather of a city.\"\"\"
    return "sunny"

with Agent(load_model("demo"), tools=[get_weather]) as agent:
    print(agent.run("What is the weather in Bonn?").answer)
```
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glm_agent.chat_model import ChatModel, Conversation
    from glm_agent.errors import (
        AgentError,
        ConfigurationError,
        JournalError,
        ModelUnavailableError,
        OutputError,
    )
    from glm_agent.events import Event, RunResult, Step
    from glm_agent.journal import Journal
    from glm_agent.limits import Limits
    from glm_agent.models import load_model
    from glm_agent.orchestrator import Agent
    from glm_agent.output_type import OutputType, TypedResult
    from glm_agent.sampling import Sampling
    from glm_tools.errors import ToolError
    from glm_tools.function_tool import tool
    from glm_tools.tool import Tool

__all__ = [
    "Agent",
    "AgentError",
    "ChatModel",
    "ConfigurationError",
    "Conversation",
    "Event",
    "Journal",
    "JournalError",
    "Limits",
    "ModelUnavailableError",
    "OutputError",
    "OutputType",
    "RunResult",
    "Sampling",
    "Step",
    "Tool",
    "ToolError",
    "TypedResult",
    "load_model",
    "tool",
]

# Loaded when asked for: `glm-agent --help` passes through here too.
_HOMES = {
    "Agent": "glm_agent.orchestrator",
    "AgentError": "glm_agent.errors",
    "ChatModel": "glm_agent.chat_model",
    "ConfigurationError": "glm_agent.errors",
    "Conversation": "glm_agent.chat_model",
    "Event": "glm_agent.events",
    "Journal": "glm_agent.journal",
    "JournalError": "glm_agent.errors",
    "Limits": "glm_agent.limits",
    "ModelUnavailableError": "glm_agent.errors",
    "OutputError": "glm_agent.errors",
    "OutputType": "glm_agent.output_type",
    "RunResult": "glm_agent.events",
    "Sampling": "glm_agent.sampling",
    "Step": "glm_agent.events",
    "Tool": "glm_tools.tool",
    "ToolError": "glm_tools.errors",
    "TypedResult": "glm_agent.output_type",
    "load_model": "glm_agent.models",
    "tool": "glm_tools.function_tool",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

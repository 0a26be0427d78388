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

from glm_agent.chat_model import ChatModel, Conversation
from glm_agent.errors import AgentError, ConfigurationError, JournalError, ModelUnavailableError
from glm_agent.events import Event, RunResult, Step
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.models import load_model
from glm_agent.orchestrator import Agent, Sampling
from glm_tools.errors import ToolError
from glm_tools.tool import Tool, tool

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
    "RunResult",
    "Sampling",
    "Step",
    "Tool",
    "ToolError",
    "load_model",
    "tool",
]

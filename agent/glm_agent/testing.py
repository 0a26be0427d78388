"""A chat model that follows a script, so that an agent can be tested without weights.

```python
model = ScriptedModel([call("get_weather", city="Bonn"), say("Sunny in Bonn.")])
result = Agent(model, tools=[get_weather]).run("Weather in Bonn?")
assert result.answer == "Sunny in Bonn." and model.is_done
```
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event

from glm_agent.chat_model import ModelEvent, TurnEnded, TurnFinish, TurnOptions, TurnUsage
from glm_prompts.arguments import parse_arguments
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta
from glm_tools.tool import JSONValue, ToolCall, ToolResult, ToolSpec


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted turn: text, a call, or text and then a call."""

    text: str = ""
    name: str = ""
    arguments: dict[str, JSONValue] | None = None
    raw: str = ""
    finish: TurnFinish = "stop"


def say(text: str, *, finish: TurnFinish = "stop") -> Reply:
    """The model answers."""
    return Reply(text=text, finish=finish)


def call(name: str, /, **arguments: JSONValue) -> Reply:
    """The model calls a tool with JSON arguments."""
    return Reply(name=name, arguments=arguments, raw=_dumps(arguments))


def code(source: str) -> Reply:
    """The model sends code to the `python` tool."""
    return Reply(name="python", arguments={"code": source}, raw=source)


def raw_call(name: str, raw: str, *, finish: TurnFinish = "stop") -> Reply:
    """The model writes these very characters as a call's arguments; a finish other than `stop` cuts the call."""
    parsed = parse_arguments(raw)
    return Reply(
        name=name, arguments=None if parsed is None else dict(parsed), raw=raw, finish=finish
    )


class ScriptedModel:
    """A `ChatModel` that takes its turns from a list.

    Args:
        replies: one for each turn. A turn in which calls are closed says its reply's text, never its call.

    Attributes:
        conversations: every conversation that was opened, with all it was told.
    """

    name = "scripted"

    def __init__(self, replies: Sequence[Reply], *, context_length: int = 131_072) -> None:
        self._replies = list(replies)
        self.context_length = context_length
        self.conversations: list[ScriptedConversation] = []

    @property
    def is_done(self) -> bool:
        """Whether every reply was used."""
        return not self._replies

    def count_tokens(self, text: str) -> int:
        return len(text)

    def open(self, system: str | None, tools: Sequence[ToolSpec]) -> "ScriptedConversation":
        conversation = ScriptedConversation(self._replies, system, tools)
        self.conversations.append(conversation)
        return conversation


class ScriptedConversation:
    """A `Conversation` that counts one token a character and says what the script says.

    Attributes:
        messages: (`system`, `user`, `assistant` or `observation`; text) in order.
        options: of every turn.
    """

    def __init__(self, replies: list[Reply], system: str | None, tools: Sequence[ToolSpec]) -> None:
        self._replies = replies
        self.tools = tuple(tools)
        self.messages: list[tuple[str, str]] = []
        self.options: list[TurnOptions] = []
        if system:
            self.messages.append(("system", system))

    @property
    def num_tokens(self) -> int:
        return sum(len(text) for _, text in self.messages)

    def add_user(self, text: str) -> None:
        self.messages.append(("user", text))

    def add_result(self, result: ToolResult) -> None:
        self.messages += [("observation", observation.text) for observation in result.observations]

    def respond(self, options: TurnOptions, cancel: Event | None = None) -> Iterator[ModelEvent]:
        self.options.append(options)
        if cancel is not None and cancel.is_set():
            yield TurnEnded("cancelled", TurnUsage())
            return
        if not self._replies:
            raise AssertionError(f"The script has no reply for turn {len(self.options)}.")
        reply = self._replies.pop(0)
        read = self.num_tokens
        written = ""
        if reply.text:
            yield TextDelta(reply.text)
            written = reply.text
        if reply.name and options.allow_calls:
            yield CallOpened(reply.name)
            yield CallDelta(reply.raw)
            if reply.finish == "stop":
                yield CallReady(ToolCall(options.call_id, reply.name, reply.arguments, reply.raw))
            else:
                yield CallCut(reply.name, reply.raw)
            written += f"{reply.name}\n{reply.raw}"
        self.messages.append(("assistant", written))
        usage = TurnUsage(new_tokens=read, generated_tokens=len(written))
        yield TurnEnded(reply.finish, usage)


def _dumps(arguments: dict[str, JSONValue]) -> str:
    return json.dumps(arguments, ensure_ascii=False)

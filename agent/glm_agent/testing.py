"""A chat model that follows a script, so that an agent can be tested without weights.

```python
model = ScriptedModel([call("get_weather", city="Bonn"), say("Sunny in Bonn.")])
result = Agent(model, tools=[get_weather]).run("Weather in Bonn?")
assert result.answer == "Sunny in Bonn." and model.is_done
```
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from glm_agent.chat_model import ModelEvent, TurnEnded, TurnFinish, TurnOptions, TurnUsage
from glm_agent.errors import ReplayMismatchError
from glm_agent.event_records import event_from
from glm_agent.events import Event as AgentEvent
from glm_agent.events import RunFinished, RunStarted, ToolFinished, TurnFinished
from glm_agent.export import JSON_FORMAT
from glm_agent.read_result import NAME as READ_RESULT
from glm_prompts.arguments import parse_arguments
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta
from glm_prompts.messages import Segment
from glm_tools.tool import JSONValue, Observation, ToolCall, ToolResult, ToolSpec


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
    """A `ChatModel` that takes its turns from a list. A token is a character.

    Args:
        replies: one for each turn. A turn in which calls are closed says its reply's text, never its call.
        context_length: tokens of a conversation.

    Attributes:
        conversations: every conversation that was opened, with all it was told.
    """

    name = "scripted"
    pages_results = True
    kernel_class = ""

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

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> "ScriptedConversation":
        conversation = ScriptedConversation(
            self.next_reply, self.context_length, system, tools, history
        )
        self.conversations.append(conversation)
        return conversation

    def next_reply(self) -> Reply:
        """Take the next reply from the script."""
        if not self._replies:
            raise AssertionError("The script has no reply for this turn.")
        return self._replies.pop(0)


class ReplayModel(ScriptedModel):
    """A `ChatModel` that says again what a recorded run's model said, and insists that it is told the same.

    A recorded run is a regression test: give the agent this model and its tools, run the same prompt, and every
    result is compared with the recorded one. Pages of `read_result` are not: how long one is, is the model's count.

    ```python
    model = ReplayModel.load("weather.json")  # from `glm-agent sessions export --format json`
    assert Agent(model, tools=[get_weather]).run(model.prompt).answer == model.answer
    ```

    Args:
        events: of a finished run, in order; or of several, one after another.

    Attributes:
        prompt: what the first run was asked.
        answer: what the last run came to.
    """

    def __init__(self, events: Iterable[AgentEvent]) -> None:
        events = list(events)
        turns = [event for event in events if isinstance(event, TurnFinished)]
        super().__init__([_recorded_reply(turn) for turn in turns])
        self.prompt = next(event.prompt for event in events if isinstance(event, RunStarted))
        self.answer = next(
            event.result.answer for event in reversed(events) if isinstance(event, RunFinished)
        )
        self._expected = [
            None if event.call.name == READ_RESULT else text
            for event in events
            if isinstance(event, ToolFinished)
            for text in _texts(event.result)
        ]

    @classmethod
    def load(cls, path: str | Path, run: int | None = 0) -> "ReplayModel":
        """The model of a run in an exported session.

        Args:
            path: the JSON file.
            run: which of its runs, from 0; None for all, one after another in one session again.

        Raises:
            ValueError: it is no such file, or the run is not in it or did not end.
        """
        exported = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(exported, dict) or exported.get("format") != JSON_FORMAT:
            raise ValueError(
                f"{path} is no exported session (glm-agent sessions export --format json)"
            )
        runs = exported["runs"]
        if run is not None:
            runs = runs[run : run + 1 or None]
        events = [
            event_from(record["type"], record["body"]) for one in runs for record in one["events"]
        ]
        if not any(isinstance(event, RunFinished) for event in events):
            which = "no run" if run is None else f"no run {run}"
            raise ValueError(f"{path} has {which} that came to its end")
        return cls(events)

    def count_tokens(self, text: str) -> int:
        return 1  # nothing is cut: whole results are compared

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> "ScriptedConversation":
        def next_reply() -> Reply:
            told = [text for role, text in conversation.messages if role == "observation"]
            for number, (now, then) in enumerate(zip(told, self._expected, strict=False), start=1):
                if then is not None and now != then:
                    raise ReplayMismatchError(
                        f"Result {number}: the recorded run was told {then!r}, and now it is {now!r}."
                    )
            return self.next_reply()

        conversation = ScriptedConversation(next_reply, 1 << 40, system, tools, history)
        self.conversations.append(conversation)
        return conversation


def _recorded_reply(turn: TurnFinished) -> Reply:
    finish = turn.finish if turn.finish in ("stop", "length", "context") else "cancelled"
    if turn.call is not None:
        arguments = None if turn.call.arguments is None else dict(turn.call.arguments)
        return Reply(turn.text, turn.call.name, arguments, turn.call.raw, finish)
    if turn.cut is not None:
        return Reply(turn.text, turn.cut.name, None, turn.cut.raw, finish)
    return Reply(turn.text, finish=finish)


def _texts(result: ToolResult) -> list[str]:
    return [observation.text for observation in result.observations]


class ScriptedConversation:
    """A `Conversation` in which a character is a token, and that says what the script says.

    Args:
        next_reply: gives each turn's reply.
        context_length: tokens that fit.
        system: as for `ChatModel.open`.
        tools: as for `ChatModel.open`.
        history: as for `ChatModel.open`.

    Attributes:
        options: of every turn.
    """

    def __init__(
        self,
        next_reply: Callable[[], Reply],
        context_length: int,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> None:
        self._next_reply = next_reply
        self._context_length = context_length
        self.tools = tuple(tools)
        self.options: list[TurnOptions] = []
        self._segments: list[Segment] = list(history or ())
        self._num_computed = 0
        if history is None and system:
            self._segments.append(_segment("system", system))

    @property
    def segments(self) -> Sequence[Segment]:
        return self._segments

    @property
    def num_tokens(self) -> int:
        return sum(len(segment.token_ids) for segment in self._segments)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(the first word of the label: `system`, `user`, `assistant`, `observation`, …; text) in order."""
        return [
            (segment.label.split(" ")[0], "".join(map(chr, segment.token_ids)))
            for segment in self._segments
            if segment.label != "reply prompt"
        ]

    def render_user(self, text: str) -> Segment:
        return _segment("user", text)

    def render_observation(self, observation: Observation) -> Segment:
        return _segment("observation", observation.text)

    def render_reply_prompt(self) -> Segment:
        return _segment("reply prompt", ">")

    def rewrite(self, segments: Sequence[Segment]) -> None:
        total = sum(len(segment.token_ids) for segment in segments)
        assert total < self._context_length, f"{total} tokens do not fit"
        kept = 0
        for old, new in zip(self._segments, segments, strict=False):
            if old != new:
                break
            kept += len(old.token_ids)
        self._num_computed = min(self._num_computed, kept)
        self._segments = list(segments)

    def respond(self, options: TurnOptions, cancel: Event | None = None) -> Iterator[ModelEvent]:
        self.options.append(options)
        reused, self._num_computed = self._num_computed, self.num_tokens
        usage = TurnUsage(new_tokens=self.num_tokens - reused, reused_tokens=reused)
        if cancel is not None and cancel.is_set():
            self._segments.append(Segment("assistant", ()))
            yield TurnEnded("cancelled", usage)
            return
        reply = self._next_reply()
        written, finish = "", reply.finish
        for piece in _pieces(reply.text):
            if cancel is not None and cancel.is_set():
                finish = "cancelled"
                break
            written += piece
            yield TextDelta(piece)
        if reply.name and options.allow_calls and finish != "cancelled":
            yield CallOpened(reply.name)
            raw = ""
            for piece in _pieces(reply.raw):
                if cancel is not None and cancel.is_set():
                    finish = "cancelled"
                    break
                raw += piece
                yield CallDelta(piece)
            if finish == "stop":
                yield CallReady(ToolCall(options.call_id, reply.name, reply.arguments, reply.raw))
            else:
                yield CallCut(reply.name, raw)
            written += f"{reply.name}\n{raw}"
        written = written[: self._context_length - self.num_tokens]
        answer = _segment("assistant", written)
        self._segments.append(answer)
        yield TurnEnded(finish, replace(usage, generated_tokens=len(written)), answer.token_ids)


def _pieces(text: str) -> list[str]:
    """A reply as it streams."""
    return [text[start : start + 64] for start in range(0, len(text), 64)]


def _segment(label: str, text: str) -> Segment:
    return Segment(label, tuple(map(ord, text)))


def _dumps(arguments: dict[str, JSONValue]) -> str:
    return json.dumps(arguments, ensure_ascii=False)

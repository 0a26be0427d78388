"""One result for each call of the model: look up, check, run, time out, cancel, and say what came of it.

Covers: whatever a call names or holds and whatever a tool raises or returns ends as one `ToolResult`. A tool gets a
copy of the arguments. A tool that runs past its time is not waited for.

Does not cover: a Python function cannot be stopped from outside its process. One that is not told to stop, or does not
listen, runs on in its thread, and the result says so; `isolate=True` is for those.
"""

import difflib
import json
import threading
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Literal

from glm_tools import isolation
from glm_tools.errors import ToolDefinitionError, ToolError, ToolNotFoundError
from glm_tools.event_loop import EventLoopThread
from glm_tools.execution import Execution
from glm_tools.function_tool import FunctionTool
from glm_tools.results import limit_output, output_of
from glm_tools.tool import Ctx, Tool, ToolCall, ToolOutput, ToolResult, ToolSpec

OnOutput = Callable[[str, str], None]

DEFAULT_LIMIT_CHARS = 16_000
MAX_RAW_CHARS = 800  # of a call that could not be read
MAX_NAMES = 12  # named when a tool is not there


class Dispatcher:
    """Runs the calls of a model; may be used from several threads.

    Args:
        tools: what may be called; closed by `close`.
        limit_chars: longer observations are cut, the full text is attached; None when the caller does that.

    Raises:
        ToolDefinitionError: two tools have one name, a method is not bound to its object, or no call could be written
            under a tool's schema.
    """

    def __init__(
        self, tools: Sequence[Tool], *, limit_chars: int | None = DEFAULT_LIMIT_CHARS
    ) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            if isolation.is_worker and isinstance(tool, FunctionTool) and tool.isolate:
                raise ToolDefinitionError(
                    f"The process of the isolated tool {tool.spec.name!r} is starting the whole program again: put what "
                    "the program does when it is run under `if __name__ == '__main__':`."
                )
            if tool.spec.name in self._tools:
                raise ToolDefinitionError(
                    f"Two tools are named {tool.spec.name!r}: rename one, as in @tool(name=…)."
                )
            if isinstance(tool, FunctionTool) and tool.is_unbound_method:
                raise ToolDefinitionError(
                    f"Tool {tool.spec.name!r} is a method: take it from an object, as in `Bank().{tool.spec.name}`."
                )
            _ = (
                tool.unenforced
            )  # a schema that no grammar can be made of is found here and not in a run
            self._tools[tool.spec.name] = tool
        self._limit_chars = limit_chars
        self._loop: EventLoopThread | None = None
        self._lock = threading.Lock()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is shown, in order."""
        return tuple(tool.spec for tool in self._tools.values())

    def __getitem__(self, name: str) -> Tool:
        """The tool of this name; KeyError when there is none."""
        return self._tools[name]

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def run(
        self,
        call: ToolCall,
        *,
        cancel: Event | None = None,
        on_output: OnOutput | None = None,
        deps: object = None,
    ) -> ToolResult:
        """Run one call to its end, or until it is given up. Nothing that the call or the tool does raises here.

        Args:
            call: as the model made it.
            cancel: when set, the call is told to stop and is given up after the tool's grace.
            on_output: called, from other threads, with (`stdout`, `stderr` or `progress`, text): see `Ctx`.
            deps: for tools that ask for `Ctx`.
        """
        started_s = time.monotonic()
        try:
            tool = self._find(call)
        except ToolError as error:
            output = ToolOutput.from_text(f"The call was not run. {error}", status="invalid")
        else:
            if cancel is not None and cancel.is_set():
                output = ToolOutput.from_text(
                    "The call was not run: the user cancelled it.", status="cancelled"
                )
            else:
                output = self._execute(tool, call, cancel, on_output, deps)
        output = output_of(
            output
        )  # whatever was quoted from the call or from an exception is readable now
        if self._limit_chars is not None:
            output = limit_output(output, self._limit_chars)
        return ToolResult(
            call_id=call.id,
            status=output.status,
            observations=output.observations,
            attachments=output.attachments,
            detail=output.detail,
            duration_s=time.monotonic() - started_s,
            memory=output.memory,
        )

    def close(self) -> None:
        """Close every tool and the event loop. Safe to call twice."""
        for tool in self._tools.values():
            tool.close()
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def __enter__(self) -> "Dispatcher":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _find(self, call: ToolCall) -> Tool:
        tool = self._tools.get(call.name)
        if tool is None:
            raise ToolNotFoundError(_cut(call.name, 80), _nearest(call.name, list(self._tools)))
        if call.arguments is None:
            raise ToolError(
                f"Its arguments are not a JSON object: {_json_problem(call.raw)}. "
                f"Call {call.name!r} again with one JSON object that fits {_cut(_compact(tool.spec.parameters), 800)}. "
                f"You wrote: {_cut(call.raw, MAX_RAW_CHARS)}"
            )
        return tool

    def _execute(
        self,
        tool: Tool,
        call: ToolCall,
        cancel: Event | None,
        on_output: OnOutput | None,
        deps: object,
    ) -> ToolOutput:
        assert call.arguments is not None
        ctx = Ctx(deps=deps, call=call, cancelled=Event(), on_output=on_output or _ignore)
        execution = Execution(tool, call.arguments, ctx, self._event_loop)
        try:
            execution.start()
            reason = execution.wait(tool.timeout_s, cancel)
            if reason is not None:
                execution.stop()
                execution.done.wait(tool.grace_s)
        except BaseException:  # the user's Ctrl-C goes up; the tool is told
            execution.stop()
            raise
        if execution.output is not None:
            return execution.output
        if execution.is_async and not execution.done.is_set():
            self._abandon_loop()
        assert reason is not None
        return _given_up(
            tool, reason, has_stopped=execution.done.is_set(), detail=execution.detail()
        )

    def _event_loop(self) -> EventLoopThread:
        with self._lock:
            if self._loop is None:
                self._loop = EventLoopThread()
            return self._loop

    def _abandon_loop(self) -> None:
        """Let later calls have a fresh loop: a coroutine that did not stop may be blocking this one."""
        with self._lock:
            self._loop = None


def _given_up(
    tool: Tool, reason: Literal["timeout", "cancelled"], *, has_stopped: bool, detail: str
) -> ToolOutput:
    if reason == "timeout":
        text = f"{tool.spec.name!r} ran past its limit of {tool.timeout_s:g} s"
    else:
        text = f"The user cancelled {tool.spec.name!r} while it ran"
    if has_stopped:
        text += " and was stopped." if reason == "timeout" else "; it was stopped."
    else:
        text += "; it is not waited for any longer. It may still be running, and what it does may yet take effect."
    return ToolOutput.from_text(text, status=reason, detail=detail)


def _nearest(name: str, known: list[str]) -> list[str]:
    """Known names, those like `name` first, at most `MAX_NAMES`."""
    by_lower = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.strip().lower()[:80], by_lower, n=MAX_NAMES, cutoff=0.5)
    nearest = [by_lower[other] for other in close]
    return (nearest + [other for other in known if other not in nearest])[:MAX_NAMES]


def _json_problem(raw: str) -> str:
    try:
        value = json.loads(raw)
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        return str(error)
    return f"it is of type {type(value).__name__}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cut(text: str, limit_chars: int) -> str:
    return text if len(text) <= limit_chars else f"{text[:limit_chars]}… ({len(text):,} characters)"


def _ignore(stream: str, text: str) -> None:
    return

"""One call being run: in a thread, in an event loop, in the thread that asks."""

import asyncio
import inspect
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Literal

from glm_tools.errors import Retry, ToolArgumentError, ToolError
from glm_tools.event_loop import AsyncCall, EventLoopThread
from glm_tools.isolation import MAX_PRINTED_CHARS, IsolatedCallStopped
from glm_tools.results import ResultError, output_of
from glm_tools.stdout import catch_prints
from glm_tools.tool import Ctx, Tool, ToolOutput

OWN_FOLDER = Path(__file__).parent
MAX_ERRORS = 3  # of a group, told at once
POLL_S = 0.05  # how late a cancellation may be noticed


class Execution:
    """One call of a tool that is there. Its outcome is `output`, whatever the tool does.

    Args:
        tool: to be called.
        arguments: as the model gave them.
        ctx: for the tool; `ctx.cancelled` is set by `stop`.
        event_loop: gives the loop for an async tool.

    Attributes:
        done: set when the call has ended.
        output: what it came to; None until then, and when it was stopped.
    """

    def __init__(
        self,
        tool: Tool,
        arguments: Mapping[str, Any],
        ctx: Ctx[Any],
        event_loop: Callable[[], EventLoopThread],
    ) -> None:
        self.done = Event()
        self.output: ToolOutput | None = None
        self._tool = tool
        self._arguments = arguments
        self._ctx = ctx
        self._event_loop = event_loop
        self._async_call: AsyncCall | None = None
        self._is_stopped = False  # by us: the tool may set `ctx.cancelled` too
        self._printed: list[str] = []
        self._printed_chars = 0

    @property
    def is_async(self) -> bool:
        return self._async_call is not None

    def start(self) -> None:
        """Run it in a thread of its own, which is left behind if need be."""
        context = copy_context()
        thread = threading.Thread(
            target=context.run,
            args=(self.run_here,),
            name=f"tool-{self._tool.spec.name}",
            daemon=True,
        )
        thread.start()

    def wait(
        self, timeout_s: float | None, cancel: Event | None
    ) -> Literal["timeout", "cancelled"] | None:
        """Wait for the end; the reason to give up when it does not come."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = POLL_S if deadline_s is None else min(POLL_S, deadline_s - time.monotonic())
            if self.done.wait(max(left_s, 0.0)):
                return None
            if cancel is not None and cancel.is_set():
                return "cancelled"
            if left_s <= 0:
                return "timeout"

    def stop(self) -> None:
        """Tell the call to end."""
        self._is_stopped = True
        self._ctx.cancelled.set()
        if self._async_call is not None:
            self._async_call.cancel()

    def detail(self, error: BaseException | None = None) -> str:
        """The first of what it printed, and the traceback of `error` without our own frames."""
        trace = ""
        if error is not None:
            lines = traceback.TracebackException.from_exception(error)
            while len(lines.stack) > 1 and Path(lines.stack[0].filename).parent == OWN_FOLDER:
                del lines.stack[0]
            trace = "".join(lines.format())
        return "".join(self._printed) + trace

    def run_here(self) -> None:
        """Run it in this thread."""
        try:
            with catch_prints(self._print):
                self.output = self._perform()
        finally:
            self.done.set()

    def _print(self, text: str) -> None:
        kept = text[: MAX_PRINTED_CHARS - self._printed_chars]
        self._printed.append(kept)
        self._printed_chars += len(kept)
        self._ctx.on_output("stdout", text)

    def _perform(self) -> ToolOutput | None:
        name = self._tool.spec.name
        try:
            try:
                arguments = self._tool.check_arguments(self._arguments)
            except ToolArgumentError as error:
                text = f"The call was not run: the arguments do not fit {name!r}. {error}"
                return ToolOutput.from_text(text, status="invalid")
            output = output_of(self._value(arguments))
            return replace(output, detail=self.detail() + output.detail)
        except Retry as error:
            text = f"{_message(error)}\nCall {name!r} again."
            return ToolOutput.from_text(text, status="error", detail=self.detail())
        except ToolError as error:
            return ToolOutput.from_text(_message(error), status="error", detail=self.detail())
        except ResultError as error:
            text = f"{name!r} ran, but what it returned cannot be shown: {error}."
            return ToolOutput.from_text(text, status="error", detail=self.detail())
        except IsolatedCallStopped as error:
            self._printed.append(error.printed)
            return None
        except asyncio.CancelledError as error:
            return None if self._is_stopped else self._failed(error)
        except BaseException as error:  # noqa: BLE001 - a tool may raise anything, SystemExit too
            return self._failed(error)

    def _value(self, arguments: Mapping[str, Any]) -> object:
        value = self._tool.run(arguments, self._ctx)
        if inspect.isawaitable(value):
            self._async_call = self._event_loop().submit(value)
            if self._ctx.cancelled.is_set():  # `stop` may have come between the two lines above
                self._async_call.cancel()
            value = self._async_call.result()
        return value

    def _failed(self, error: BaseException) -> ToolOutput:
        text = "\n".join(_described(each) for each in _parts(error)[:MAX_ERRORS])
        return ToolOutput.from_text(text, status="error", detail=self.detail(error))


def _parts(error: BaseException) -> list[BaseException]:
    """The errors that a group holds, as a `TaskGroup` raises them; another error alone. A group's own words say nothing."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [part for inner in error.exceptions for part in _parts(inner)]


def _described(error: BaseException) -> str:
    if isinstance(error, ToolError):  # written for the model
        return _message(error)
    return f"{type(error).__name__}: {_message(error)}".removesuffix(": ")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a tool's own exception class may be broken in any way
        return "(its message cannot be read)"

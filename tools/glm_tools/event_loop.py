"""One event loop for all async tools, in a thread of its own.

A loop per call would break what an async tool keeps open between calls, a connection pool say: it belongs to its loop.
"""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import threading
from collections.abc import Awaitable, Coroutine
from typing import Any


class AsyncCall:
    """An awaitable running in an `EventLoopThread`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, awaitable: Awaitable[Any]) -> None:
        self._loop = loop
        self._outcome: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._task: asyncio.Task[None] | None = None
        context = contextvars.copy_context()
        loop.call_soon_threadsafe(self._start, awaitable, context=context)

    def result(self) -> Any:
        """Its result, when it is there; raises what it raised, `asyncio.CancelledError` too."""
        return self._outcome.result()

    def cancel(self) -> None:
        """Raise `CancelledError` inside it. It may take its time, or refuse."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _start(self, awaitable: Awaitable[Any]) -> None:
        self._task = self._loop.create_task(self._run(awaitable))
        self._task.add_done_callback(lambda task: self._end(awaitable))

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self, awaitable: Awaitable[Any]) -> None:
        try:
            value = await awaitable
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(value)

    def _end(self, awaitable: Awaitable[Any]) -> None:
        if not self._outcome.done():  # cancelled before its first step
            if isinstance(awaitable, Coroutine):
                awaitable.close()
            self._outcome.set_exception(asyncio.CancelledError())


class EventLoopThread:
    """A running event loop. Threads are daemons: a coroutine that blocks its loop cannot keep the program alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="glm-tools-async", daemon=True)
        self._thread.start()

    def submit(self, awaitable: Awaitable[Any]) -> AsyncCall:
        """Start `awaitable`, in a copy of the caller's context."""
        return AsyncCall(self._loop, awaitable)

    def close(self, timeout_s: float = 1.0) -> None:
        """Cancel what runs and stop the loop; a loop that is blocked is left behind."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

"""A stream of events for `async for`: the run goes on in a thread of its own."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from threading import Event as Flag

from glm_agent.cancellation import StopFlag
from glm_agent.events import Event


def own_flag(user: Flag | None) -> Flag:
    """A flag for one run, which may be set without setting the user's; set when that is."""
    return Flag() if user is None else StopFlag(user, None, time.monotonic)


async def stream_in_thread(
    start: Callable[[], Iterator[Event]], cancel: Flag
) -> AsyncGenerator[Event, None]:
    """The events of `start()`, which is called and iterated in one new thread.

    Args:
        start: begins the run.
        cancel: set when the reader leaves or its task is cancelled; the thread is then waited for.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
    is_over = asyncio.Event()

    def put(item: Event | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop was closed under us: nobody reads any more
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> None:
        try:
            for event in start():
                put(event)
            put(None)
        except BaseException as error:  # noqa: BLE001  # raised again where the events are read
            put(error)
        finally:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(is_over.set)

    # Not a daemon: the interpreter waits for it, so that a call under way is recorded to its end.
    threading.Thread(target=work, name="glm-agent-run").start()
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        cancel.set()
        await asyncio.shield(is_over.wait())

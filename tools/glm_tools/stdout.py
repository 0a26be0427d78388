"""What a tool prints, kept apart from what the program prints.

`contextlib.redirect_stdout` swaps `sys.stdout` for every thread, so the program's own output would be caught as well.
Here a context variable says who is printing: it follows a call into its coroutines.

Does not cover: threads that a tool starts (they do not inherit the variable), `sys.stdout.buffer`, and writes to file
descriptor 1 by C code or by a child process. A program whose standard output matters duplicates that descriptor.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TextIO, cast

_catch: ContextVar[Callable[[str], None] | None] = ContextVar("catch", default=None)


class _SharedStdout:
    """Stands in for `sys.stdout` while a tool runs: what a tool prints is caught, the rest passes through."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        catch = _catch.get()
        if catch is None:
            return self.stream.write(text)
        catch(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


_lock = threading.Lock()
_users = 0
_shared: _SharedStdout | None = None


@contextlib.contextmanager
def catch_prints(catch: Callable[[str], None]) -> Iterator[None]:
    """Call `catch` with what is printed in this context, until the block ends."""
    _enter()
    token = _catch.set(catch)
    try:
        yield
    finally:
        _catch.reset(token)
        _leave()


def _enter() -> None:
    global _shared, _users
    with _lock:
        _users += 1
        if sys.stdout is not _shared or _shared is None:
            _shared = _SharedStdout(sys.stdout)
            sys.stdout = cast("TextIO", _shared)


def _leave() -> None:
    global _shared, _users
    with _lock:
        _users -= 1
        if (
            _users == 0 and sys.stdout is _shared and _shared is not None
        ):  # else somebody has put another one there
            sys.stdout = _shared.stream
            _shared = None

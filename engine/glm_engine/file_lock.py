"""A lock among processes, for what only one of them should make."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock; the system frees it with the process.

    Args:
        path: the file that is locked; made if need be, in a folder that exists.
        on_wait: called where another process holds it, before waiting: for minutes, it may be.

    Raises:
        OSError: the file cannot be opened, or its disk has no locks.
    """
    with path.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

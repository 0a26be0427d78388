"""Progress of long work on stderr: a bar on a terminal, one line for each piece of work elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class ProgressBar:
    """A `(what, done, total)` callback with something to look at. Used as a context manager.

    Args:
        quiet: shows nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._last = ""
        self._task: TaskID | None = None
        self._bar: Progress | None = None
        if not quiet and sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._quiet:
            return
        is_new, self._last = what != self._last, what
        if self._bar is None:
            if is_new:
                sys.stderr.write(f"{what} …\n")
                sys.stderr.flush()
            return
        if is_new or self._task is None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, completed=done, total=total)

"""The processes below the supervisor: which have ended, and how the others are made to."""

import os
import signal
import time
from contextlib import suppress

from glm_sandbox.guest import processes

_KILL_S = 10.0  # under a CPU quota, killed processes die late


class UnkillableError(Exception):
    """Raised when processes are still there long after they were killed."""


class ProcessTree:
    """Reaps and kills everything below this process."""

    def __init__(self) -> None:
        self._exits: dict[int, int] = {}  # pid -> wait status of children that are gone
        self._dying: set[int] = (
            set()
        )  # discarded ones that may take a while: not a cell's leftovers

    def reap(self) -> None:
        """Collect the children that have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._exits[pid] = status
            self._dying.discard(pid)

    def exit_reason(self, pid: int) -> tuple[str, int] | None:
        """How `pid` ended, in words, and the signal or 0; None while it lives."""
        status = self._exits.get(pid)
        if status is None:
            return None
        if os.WIFSIGNALED(status):
            return f"signal {os.WTERMSIG(status)}", os.WTERMSIG(status)
        return f"exit status {os.WEXITSTATUS(status)}", 0

    def forget_exits(self) -> None:
        """Drop what is known of the dead: their pids may be used again."""
        self._exits.clear()

    def discard(self, pid: int) -> None:
        """Kill one process that is ours, without waiting."""
        with suppress(OSError):  # the cell has killed it already
            os.kill(pid, signal.SIGKILL)
            self._dying.add(pid)

    def kill_all_but(self, keep: set[int]) -> int:
        """Kill every process below this one but `keep`, and wait for their end; how many there were at first.

        Bounded by time, not by tries.

        Raises:
            UnkillableError: some are still there.
        """
        end = time.monotonic() + _KILL_S
        targets = self._targets(keep)
        found = len(targets)
        while targets:
            for number in (
                signal.SIGSTOP,
                signal.SIGKILL,
            ):  # stopped first: a fork bomb must not outrun us
                for pid in targets:
                    with suppress(OSError):  # gone
                        os.kill(pid, number)
            self.reap()
            targets = self._targets(keep)
            if targets and time.monotonic() > end:
                raise UnkillableError(f"{len(targets)} processes cannot be killed")
            if targets:
                time.sleep(0.001)
        return found

    def _targets(self, keep: set[int]) -> set[int]:
        return processes.descendants(os.getpid()) - keep - self._dying

"""The two byte streams between host and guest, whatever carries them."""

import contextlib
import os
import select
import subprocess
import threading
import time
from collections import deque
from typing import Protocol

_KILL_S = 10.0
_DIAGNOSTICS_BYTES = 16 << 10


class TransportClosedError(Exception):
    """Raised when the guest cannot be written to: it is gone, or does not read any more."""


class Transport(Protocol):
    """A guest that has been started. Not safe for threads, but for `kill`, which any may call."""

    def send(self, data: bytes, timeout_s: float) -> None:
        """Write all of `data`.

        Raises:
            TransportClosedError: the guest is gone, or took none of it for `timeout_s`.
        """
        ...

    def receive(self, timeout_s: float) -> bytes | None:
        """What the guest has written: at least one byte, b"" when it is gone, None when nothing came in time."""
        ...

    def kill(self) -> None:
        """End the guest and everything in it, now; nothing of it is left when this returns. Safe to call twice."""
        ...

    def close(self) -> None:
        """Kill, and release what is held here. Only for the thread that sends and receives. Safe to call twice."""
        ...

    def diagnostics(self) -> str:
        """Its last words on stderr, for an error message."""
        ...


def is_ready(descriptor: int, event: int, end: float) -> bool:
    """Wait until `end`, of the monotonic clock, for POLLIN or POLLOUT; whether it came, or the peer has gone."""
    poller = select.poll()  # of `selectors`, each wait would cost three more calls of the kernel
    poller.register(descriptor, event)
    return bool(poller.poll(max(0.0, end - time.monotonic()) * 1e3))


class PipeTransport:
    """A guest that is a child process of ours, spoken to through pipes."""

    def __init__(
        self, command: list[str], *, env: dict[str, str] | None = None, has_keeper: bool = False
    ) -> None:
        """Start `command`.

        Args:
            command: what to run. It must end everything below it when it is told to by SIGTERM, or by its keeper.
            env: its environment; an empty one when None.
            has_keeper: `command` is the keeper, and gets the number of a descriptor as its last word: a pipe that closes
                when it is to end everything, or when this process ends in any way.

        Raises:
            OSError: it cannot be started.
        """
        self._has_keeper = has_keeper
        self._kill_lock = threading.Lock()
        self._is_killed = False
        self._last_words: deque[bytes] = deque(maxlen=16)
        read_end, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, str(read_end)] if has_keeper else command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=env or {},
                pass_fds=(read_end,) if has_keeper else (),
                start_new_session=True,  # a Ctrl-C in the terminal is for us, who then end it in order
            )
        except OSError:
            os.close(self._lifeline)
            raise
        finally:
            os.close(read_end)
        if not has_keeper:
            os.close(self._lifeline)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        self._err = self._process.stderr.fileno()
        for descriptor in (self._in, self._out, self._err):
            os.set_blocking(descriptor, False)

    def send(self, data: bytes, timeout_s: float) -> None:
        view = memoryview(data)
        end = time.monotonic() + timeout_s
        while view:
            try:
                view = view[os.write(self._in, view) :]
            except BlockingIOError:
                if not is_ready(self._in, select.POLLOUT, end):
                    raise TransportClosedError("the sandbox does not read any more") from None
            except OSError as error:
                raise TransportClosedError("the sandbox is gone") from error

    def receive(self, timeout_s: float) -> bytes | None:
        end = time.monotonic() + timeout_s
        while is_ready(self._out, select.POLLIN, end):
            try:
                return os.read(self._out, 1 << 18)
            except BlockingIOError:
                continue
            except OSError:
                return b""
        return None

    def kill(self) -> None:
        # The pipes stay open: another thread may be reading, and a descriptor that is closed may be somebody else's next
        with self._kill_lock:
            if self._is_killed:
                return
            self._is_killed = True
            if self._has_keeper:
                os.close(self._lifeline)
            else:
                self._process.terminate()
            if not self._has_ended(_KILL_S):
                self._process.kill()
                self._process.wait()

    def close(self) -> None:
        self.kill()
        self._read_stderr()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _has_ended(self, timeout_s: float) -> bool:
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def diagnostics(self) -> str:
        self._read_stderr()
        return b"".join(self._last_words).decode("utf-8", "replace")[-_DIAGNOSTICS_BYTES:].strip()

    def _read_stderr(self) -> None:
        if self._process.stderr is None or self._process.stderr.closed:
            return
        with contextlib.suppress(OSError):  # nothing there, or no more
            while data := os.read(self._err, 1 << 16):
                self._last_words.append(data[-_DIAGNOSTICS_BYTES:])

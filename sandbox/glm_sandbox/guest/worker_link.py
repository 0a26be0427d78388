"""The worker process as the supervisor holds it: its start, the channel to it, and its snapshot."""

import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

from glm_sandbox.guest import privileges, processes, seccomp
from glm_sandbox.guest.options import SessionOptions
from glm_sandbox.guest.worker import Worker, WorkerOptions
from glm_sandbox.protocol import Frame, FrameReader, ProtocolError, encode

_SNAPSHOT_SHARE = 0.4  # of the memory limit: a larger worker leaves no snapshot
_OPEN_FILES = 256
_QUEUED_SIGNALS = 1024  # in the kernel's memory, and of all sessions of the user together
_LAST_BREATH_S = 0.5
_OUR_DESCRIPTORS = 1024  # more than the supervisor ever has


class WorkerLink:
    """One worker, or the snapshot that has taken its place.

    Attributes:
        pid: of the worker.
        control: our end of the channel; does not block.
        snapshot_pid: of the frozen copy; 0 when there is none.
        is_snapshot_stale: a cell has ended well since the copy was made.
        is_awake: False for a copy that was woken and has not yet spoken. Nothing is sent to it until then, for it
            first empties the channel of what was meant for the dead.
    """

    def __init__(self, options: SessionOptions, stdout: int, stderr: int) -> None:
        """Start a worker that writes to the descriptors `stdout` and `stderr`."""
        self.control, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.control.close()
            _become_worker(theirs, options, stdout, stderr)
        theirs.close()
        self.control.setblocking(False)
        self.snapshot_pid = 0
        self.is_snapshot_stale = False
        self.is_awake = True
        self._frames = FrameReader()
        self._unsent = bytearray()

    @property
    def wants_to_send(self) -> bool:
        return bool(self._unsent) and self.is_awake

    def send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        """Send a frame as soon as the worker takes it."""
        self._unsent += encode(kind, body, **fields)
        self.flush()

    def flush(self) -> None:
        """Send what can be sent without waiting."""
        if not self.is_awake:
            return
        try:
            while self._unsent:
                del self._unsent[: self.control.send(self._unsent)]
        except BlockingIOError:
            pass  # it is busy; the supervisor's loop goes on when there is room
        except OSError:
            self._unsent.clear()  # it is dead, as will be noticed

    def frames(self) -> Iterator[Frame]:
        """What the worker has sent by now.

        Raises:
            ProtocolError: it is not frames, or the worker lives and has closed its end.
        """
        try:
            data = self.control.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            yield from self._frames.feed(data)
        elif not self._dies():
            raise ProtocolError("the worker has closed its channel")

    def _dies(self) -> bool:
        """Whether the worker, whose channel has closed, is about to end: its channel closes a moment before it does."""
        end = time.monotonic() + _LAST_BREATH_S
        while processes.is_alive(self.pid):
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        return True

    @property
    def has_input(self) -> bool:
        """Whether there is something to read."""
        try:
            return bool(self.control.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def interrupt(self) -> None:
        """Send SIGINT to the worker and the programs it waits for, as a terminal does."""
        for send in (os.killpg, os.kill):
            try:
                send(self.pid, signal.SIGINT)
            except OSError:
                continue  # not the leader of a group any more, or it has just died
            return

    def wake_snapshot(self) -> bool:
        """Let the snapshot take the place of the worker, which is dead; False when there is none that lives."""
        self._frames.clear()
        self._unsent.clear()
        with suppress(OSError):
            while self.control.recv(1 << 18):
                pass
        if not self.snapshot_pid or not processes.is_alive(self.snapshot_pid):
            return False
        self.pid, self.snapshot_pid, self.is_awake = self.snapshot_pid, 0, False
        for number in (signal.SIGUSR1, signal.SIGCONT):  # the cell may have stopped it
            os.kill(self.pid, number)
        return True


def _become_worker(
    control: socket.socket, options: SessionOptions, stdout: int, stderr: int
) -> NoReturn:
    """Turn this process into the worker: its own session, limits, no descriptor but what it needs, filtered calls."""
    try:
        supervisor_pid = os.getppid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (stdout, 1), (stderr, 2)):
            os.dup2(source, target)
        channel = os.dup2(os.dup(control.detach()), 3, inheritable=False)
        os.closerange(4, _OUR_DESCRIPTORS)  # no way to the host, no handle on the supervisor
        os.chdir(options.data_dir)
        _set_limits(options)
        privileges.set_dumpable(True)
        processes.set_oom_score_adj(1000)
        seccomp.install(privileges.libc)
        sys.path.append(options.data_dir)  # last: a json.py there must not shadow the library
        worker_options = WorkerOptions(
            data_dir=options.data_dir,
            preimport=options.preimport,
            snapshot_limit_bytes=int(options.memory_bytes * _SNAPSHOT_SHARE),
            supervisor_pid=supervisor_pid,
        )
        Worker(socket.socket(fileno=channel), worker_options).run()
    except BaseException:
        traceback.print_exc()  # into the supervisor's pipe
        raise
    finally:
        os._exit(1)


def _set_limits(options: SessionOptions) -> None:
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, options.file_bytes),
        (resource.RLIMIT_SIGPENDING, _QUEUED_SIGNALS),
    ]
    if options.rlimit_processes:
        limits.append((resource.RLIMIT_NPROC, options.processes))
    if options.rlimit_memory:
        limits.append((resource.RLIMIT_DATA, options.memory_bytes))
    for limit, value in limits:
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))

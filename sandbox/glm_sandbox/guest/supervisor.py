"""PID 1 of a sandbox: speaks with the host, keeps the worker in its limits, wakes its snapshot when it has died.

It runs no code of a cell. What comes from the worker is untrusted: frames are checked, counted and bounded before
anything is passed on, and a cell is `done` for the host only when the worker has said so with the cell's own random
token, or has been stopped.

Rules kept here, each from a defect found by attack (numbers as in the tests): the supervisor, not the worker, discards
a snapshot (L2); killing is bounded by time, not by tries (L3); the control channel is drained before a dead worker is
judged (L4); a SIGCHLD wakes the loop at once (L5); a poisoned stream is flushed before the snapshot is woken (L6);
processes left over are killed, too many threads left over are a failure (L9).
"""

import gc
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from glm_sandbox.guest import privileges, processes, seccomp
from glm_sandbox.guest.options import SessionOptions
from glm_sandbox.guest.output import OutputCapture
from glm_sandbox.guest.requests import FileRequests
from glm_sandbox.guest.worker import Worker, WorkerOptions
from glm_sandbox.protocol import ABI, Frame, FrameReader, ProtocolError, encode

MAX_DISPLAYS = 20  # of one cell
MAX_THREADS_LEFT = 16
MAX_VALUE_BYTES = 256 << 10
_KILL_S = 10.0  # under a CPU quota, killed processes die late
_START_S = 20.0  # until the worker takes up a cell
_SETTLE_S = 10.0  # until it has come back from a cell that it said to be done
_PIPE_BYTES = 1 << 16
_SNAPSHOT_SHARE = 0.4  # of the memory limit: a larger worker leaves no snapshot


@dataclass(slots=True)
class _Cell:
    """The cell that runs now."""

    token: str
    code: bytes
    timeout_s: float
    grace_s: float
    outputs: dict[str, OutputCapture]
    accepted_at: float
    deadline: float
    threads_before: int = 0
    oom_kills_before: int = 0
    is_started: bool = False
    stopped_for: str = ""  # why it was interrupted: timeout, interrupted, output_limit
    has_value: bool = False
    has_error: bool = False
    displays: int = 0
    displays_dropped: int = 0
    line: int = 0


@dataclass(slots=True)
class _WorkerLink:
    """The worker process and the channel to it."""

    pid: int
    control: socket.socket
    frames: FrameReader = field(default_factory=FrameReader)
    unsent: bytearray = field(default_factory=bytearray)
    snapshot_pid: int = 0
    is_snapshot_stale: bool = False  # a cell has ended well since it was made
    is_awake: bool = True  # False for a snapshot that was woken and has not yet spoken
    settle_deadline: float = 0.0  # when it must have heard that its cell is over; 0 when it has


class Supervisor:
    """The event loop. One worker, at most one cell at a time."""

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._host_in = os.dup(0)
        self._host_out = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        self._host_frames = FrameReader()
        self._requests = FileRequests(options.data_dir, self._send)
        self._pipes = {name: os.pipe() for name in ("stdout", "stderr")}
        for read_end, _ in self._pipes.values():
            os.set_blocking(read_end, False)
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._worker: _WorkerLink | None = None
        self._dying: set[int] = set()  # discarded snapshots: under a CPU quota they take a while
        self._exits: dict[int, int] = {}  # wait status of children that are gone
        self._cell: _Cell | None = None
        self._lost_because = ""  # why the next cell finds no variables
        self._is_ready = False

    def run(self) -> NoReturn:
        """Serve until the host is gone."""
        try:
            self._spawn_worker()
            while True:
                self._turn()
        except BaseException:
            traceback.print_exc()  # the host keeps the last words of stderr for its own error
            raise
        finally:
            self._end()

    def _turn(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            ready = {key.data for key, _ in selector.select(self._seconds_to_deadline())}
        if "host" in ready:
            self._read_host()
        for name in ("stdout", "stderr"):
            if name in ready:
                self._read_output(name)
        if "wake" in ready:
            os.read(self._wake_read, 4096)
        if "control" in ready:
            self._serve_worker()
        self._reap()
        self._notice_death()
        self._check_limits()

    def _register(self, selector: selectors.DefaultSelector) -> None:
        selector.register(self._host_in, selectors.EVENT_READ, "host")
        selector.register(self._wake_read, selectors.EVENT_READ, "wake")
        for name, (read_end, _) in self._pipes.items():
            selector.register(read_end, selectors.EVENT_READ, name)
        link = self._link
        events = selectors.EVENT_READ | (
            selectors.EVENT_WRITE if link.unsent and link.is_awake else 0
        )
        selector.register(link.control, events, "control")

    @property
    def _link(self) -> _WorkerLink:
        assert self._worker is not None, "a worker is always there between two rounds of the loop"
        return self._worker

    def _seconds_to_deadline(self) -> float | None:
        deadlines = [self._link.settle_deadline] if self._link.settle_deadline else []
        if self._cell is not None:
            deadlines.append(self._cell.deadline)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    # Host

    def _send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        view = memoryview(encode(kind, body, **fields))
        try:
            while view:
                view = view[os.write(self._host_out, view) :]
        except OSError:
            self._end()  # the host is gone

    def _read_host(self) -> None:
        data = os.read(self._host_in, 1 << 16)
        if not data:
            self._end()  # the host is gone, or wants us to go
        for frame in self._host_frames.feed(data):
            self._obey(frame)

    def _obey(self, frame: Frame) -> None:
        if frame.kind == "exec":
            self._start_cell(frame)
        elif frame.kind == "interrupt":
            if self._cell is not None and frame.text("token") == self._cell.token:
                self._stop_cell("interrupted")
        else:
            self._requests.serve(frame)

    def _start_cell(self, frame: Frame) -> None:
        if self._cell is not None:
            raise ProtocolError("a second cell while one runs")
        limits = self._options
        now = time.monotonic()
        self._discard_output()
        link = self._link
        self._cell = _Cell(
            token=frame.text("token"),
            code=frame.body,
            timeout_s=frame.number("timeout_s"),
            grace_s=frame.number("grace_s"),
            outputs={
                name: OutputCapture(limits.output_head_bytes, limits.output_tail_bytes)
                for name in ("stdout", "stderr")
            },
            accepted_at=now,
            deadline=now + _START_S,
            threads_before=processes.thread_count(link.pid),
            oom_kills_before=processes.oom_kills(),
        )
        self._to_worker("exec", frame.body, token=self._cell.token)

    # Worker

    def _spawn_worker(self) -> None:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._become_worker(theirs)
        theirs.close()
        ours.setblocking(False)
        self._worker = _WorkerLink(pid, ours)

    def _become_worker(self, control: socket.socket) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDONLY)
            for source, target in (
                (nothing, 0),
                (self._pipes["stdout"][1], 1),
                (self._pipes["stderr"][1], 2),
            ):
                os.dup2(source, target)
            # Only stdio and the control channel: no way to the host, no handle on the supervisor
            channel = os.dup(control.detach())
            keep = os.dup2(channel, 3, inheritable=False)
            os.closerange(4, os.sysconf("SC_OPEN_MAX"))
            os.chdir(self._options.data_dir)
            self._limit_worker()
            privileges.set_dumpable(True)
            processes.set_oom_score_adj(1000)
            seccomp.install(privileges.libc)
            sys.path.append(
                self._options.data_dir
            )  # last: a json.py there must not shadow the library
            options = WorkerOptions(
                data_dir=self._options.data_dir,
                preimport=self._options.preimport,
                snapshot_limit_bytes=int(self._options.memory_bytes * _SNAPSHOT_SHARE),
                supervisor_pid=os.getppid(),
            )
            Worker(socket.socket(fileno=keep), options).run()
        finally:
            os._exit(1)

    def _limit_worker(self) -> None:
        options = self._options
        limits = [
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 256),
            (resource.RLIMIT_FSIZE, options.file_bytes),
        ]
        if options.rlimit_processes:
            limits.append((resource.RLIMIT_NPROC, options.processes))
        if options.rlimit_memory:
            limits.append((resource.RLIMIT_DATA, options.memory_bytes))
        for limit, value in limits:
            hard = resource.getrlimit(limit)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))

    def _to_worker(self, kind: str, body: bytes = b"", **fields: object) -> None:
        self._link.unsent += encode(kind, body, **fields)
        self._flush_to_worker()

    def _flush_to_worker(self) -> None:
        link = self._link
        if not link.is_awake:
            return
        try:
            while link.unsent:
                del link.unsent[: link.control.send(link.unsent)]
        except BlockingIOError:
            pass  # it is busy; the loop goes on when there is room
        except OSError:
            link.unsent.clear()  # it is dead; `_notice_death` will say so

    def _serve_worker(self) -> None:
        self._flush_to_worker()
        try:
            self._read_worker()
        except ProtocolError:
            self._recover("crashed", "a broken control channel")

    def _read_worker(self) -> None:
        """Take in what the worker has sent.

        Raises:
            ProtocolError: it is not what a worker sends.
        """
        link = self._link
        try:
            data = link.control.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            if processes.is_alive(link.pid):
                raise ProtocolError("the worker has closed its channel")
            return
        for frame in link.frames.feed(data):
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        link, cell = self._link, self._cell
        if frame.kind == "worker_ready":
            if not self._is_ready:
                self._is_ready = True
                self._send(
                    "ready", abi=ABI, python=sys.version.split()[0], data_dir=self._options.data_dir
                )
        elif frame.kind == "settled":
            link.settle_deadline = 0.0
        elif frame.kind == "restored":
            link.is_awake = True
            self._flush_to_worker()
        elif frame.kind == "snapshot":
            self._discard_snapshot()
            pid = frame.integer("pid")
            is_ours = pid in processes.descendants(os.getpid()) and pid != link.pid
            link.snapshot_pid = pid if is_ours else 0
            link.is_snapshot_stale = False
        elif cell is not None and frame.fields.get("token") == cell.token:
            if frame.kind == "started" and not cell.is_started:
                cell.is_started = True
                cell.deadline = time.monotonic() + cell.timeout_s
                if cell.stopped_for:
                    self._interrupt(
                        cell
                    )  # the worker ignored the first one: it was not in the cell yet
            elif frame.kind == "done":
                self._finish(frame)
            else:
                self._relay(frame, cell)

    def _relay(self, frame: Frame, cell: _Cell) -> None:
        """Pass on what a cell shows, once or a few times, in bounds."""
        if frame.kind == "display":
            if cell.displays < MAX_DISPLAYS:
                cell.displays += 1
                self._drain_output()
                self._send("display", frame.body, token=cell.token, mime=frame.text("mime")[:100])
            else:
                cell.displays_dropped += 1
        elif frame.kind == "value" and not cell.has_value:
            cell.has_value = True
            self._send("value", frame.body[:MAX_VALUE_BYTES], token=cell.token)
        elif frame.kind == "error" and not cell.has_error:
            cell.has_error = True
            cell.line = frame.integer("line")
            self._send(
                "error",
                frame.body[:MAX_VALUE_BYTES],
                token=cell.token,
                name=frame.text("name")[:200],
            )

    # The end of a cell

    def _finish(self, frame: Frame) -> None:
        """The worker says that the cell has ended, and lives."""
        cell, link = self._cell, self._link
        assert cell is not None, "only called for the running cell"
        if link.pid in self._exits or not processes.is_alive(link.pid):
            return  # it died with these words: `_notice_death` brings the snapshot back
        is_ok = frame.flag("ok")
        names = [name for name in frame.fields.get("names", ()) if isinstance(name, str)][:64]
        killed = self._kill(keep={link.pid, link.snapshot_pid})
        threads_left = processes.thread_count(link.pid) - cell.threads_before
        if threads_left > MAX_THREADS_LEFT:
            self._recover("crashed", f"{threads_left} threads left running")
            return
        link.is_snapshot_stale = True  # kept until there is a newer one
        self._conclude(
            cell.stopped_for or ("ok" if is_ok else "error"),
            "kept",
            names=names,
            processes_killed=killed,
            threads_left=max(0, threads_left),
        )

    def _notice_death(self) -> None:
        link = self._link
        if link.pid not in self._exits:
            return
        pid = link.pid
        try:
            while (
                link is self._link and link.pid == pid and _has_data(link.control)
            ):  # the snapshot's pid, say
                self._read_worker()
        except ProtocolError:
            pass  # dead is dead
        if link is not self._link or link.pid != pid:
            return  # what was read has led to a recovery
        status = self._exits[pid]
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            reason = f"signal {number}"
        else:
            number = 0
            reason = f"exit status {os.WEXITSTATUS(status)}"
        cell = self._cell
        if (
            cell is not None
            and number == signal.SIGKILL
            and processes.oom_kills() > cell.oom_kills_before
        ):
            self._recover("oom", "memory limit")
        else:
            self._recover("crashed", reason)

    def _check_limits(self) -> None:
        cell = self._cell
        if 0.0 < self._link.settle_deadline <= time.monotonic():
            self._recover("crashed", "it did not come back from the cell before")
            return
        if cell is None:
            return
        if (
            not cell.stopped_for
            and sum(o.total_bytes for o in cell.outputs.values()) > self._options.output_bytes
        ):
            self._stop_cell("output_limit")
        elif time.monotonic() >= cell.deadline:
            if cell.stopped_for or not cell.is_started:
                self._recover(
                    cell.stopped_for or "crashed",
                    "time limit" if cell.is_started else "a worker that hangs",
                )
            else:
                self._stop_cell("timeout")

    def _stop_cell(self, reason: str) -> None:
        """Interrupt it as by Ctrl-C; after the grace time `_check_limits` kills it."""
        cell = self._cell
        assert cell is not None, "checked by the callers"
        if cell.stopped_for:
            return
        cell.stopped_for = reason
        self._interrupt(cell)

    def _interrupt(self, cell: _Cell) -> None:
        cell.deadline = time.monotonic() + cell.grace_s
        for send in (os.killpg, os.kill):  # children of the cell too, as a terminal does
            try:
                send(self._link.pid, signal.SIGINT)
                return
            except OSError:
                pass  # not the leader of a group any more, or it has just died

    def _recover(self, status: str, reason: str) -> None:
        """The worker has died or must go: bring back the variables of its snapshot, or start anew."""
        link, snapshot = self._link, self._link.snapshot_pid
        self._kill(keep={snapshot})
        self._exits.pop(link.pid, None)
        link.frames.clear()
        link.unsent.clear()
        while _has_data(link.control) and link.control.recv(1 << 18):
            pass
        if snapshot and processes.is_alive(snapshot):
            link.pid, link.snapshot_pid, link.is_awake, link.settle_deadline = (
                snapshot,
                0,
                False,
                0.0,
            )
            os.kill(snapshot, signal.SIGUSR1)
            variables = "rolled_back"
            if link.is_snapshot_stale:
                self._lost_because = (
                    "the last cell's changes, for it did not leave the interpreter in order"
                )
                link.is_snapshot_stale = False
        else:
            link.control.close()
            self._worker = None
            self._spawn_worker()
            variables = "lost"
        if self._cell is not None:
            self._conclude(status, variables, reason=reason)
        elif variables == "lost":
            self._lost_because = f"all of them: the interpreter died ({reason})"

    def _conclude(self, status: str, variables: str, *, reason: str = "", **fields: Any) -> None:
        """The one `done` of this cell."""
        cell = self._cell
        assert cell is not None, "only called for the running cell"
        self._drain_output()
        cut = False
        for name, output in cell.outputs.items():
            gap, tail = output.finish()
            if tail:
                self._send("output", tail, token=cell.token, stream=name, gap=gap)
            cut = cut or gap > 0
        self._requests.send_changes(cell.token)
        self._send(
            "done",
            token=cell.token,
            status=status,
            variables=variables,
            reason=reason,
            line=cell.line,
            duration_s=time.monotonic() - cell.accepted_at,
            timeout_s=cell.timeout_s,
            cut=cut,
            displays_dropped=cell.displays_dropped,
            lost_before=self._lost_because,
            **fields,
        )
        self._lost_because = ""
        self._cell = None
        if variables == "kept":
            self._link.settle_deadline = time.monotonic() + _SETTLE_S
            self._to_worker("settled")

    # Processes

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._dying.discard(pid)
            if self._worker is not None and pid == self._worker.pid:
                self._exits[pid] = status

    def _kill(self, keep: set[int]) -> int:
        """Kill every process below us but `keep`, and wait for their end; the number found at first."""
        end = time.monotonic() + _KILL_S
        targets = processes.descendants(os.getpid()) - keep - self._dying
        found = len(targets)
        while targets:
            for number in (
                signal.SIGSTOP,
                signal.SIGKILL,
            ):  # stopped first: a fork bomb must not outrun us
                for pid in targets:
                    with suppress(OSError):  # gone
                        os.kill(pid, number)
            self._reap()
            targets = processes.descendants(os.getpid()) - keep - self._dying
            if targets and time.monotonic() > end:
                self._end()  # cannot be mastered: end the whole sandbox, the host starts another
            if targets:
                time.sleep(0.001)
        return found

    def _discard_snapshot(self) -> None:
        link = self._link
        if link.snapshot_pid:
            with suppress(OSError):  # the cell has killed it already
                os.kill(link.snapshot_pid, signal.SIGKILL)
            self._dying.add(link.snapshot_pid)
            link.snapshot_pid = 0

    def _end(self) -> NoReturn:
        """End the sandbox. As PID 1 this takes every process along; elsewhere they are killed first."""
        if os.getpid() != 1:
            for pid in processes.descendants(os.getpid()):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        if self._options.owns_data_dir:
            shutil.rmtree(self._options.data_dir, ignore_errors=True)
        os._exit(0)

    # Output

    def _read_output(self, name: str) -> bool:
        """Take in what is there of one stream; False when there is nothing."""
        try:
            data = os.read(self._pipes[name][0], _PIPE_BYTES)
        except BlockingIOError:
            return False
        cell = self._cell
        if cell is not None:
            head = cell.outputs[name].add(data)
            if head:
                self._send("output", head, token=cell.token, stream=name, gap=0)
        return True

    def _drain_output(self) -> None:
        """Take in what has been written so far; bounded, for somebody may write on and on."""
        for name in self._pipes:
            for _ in range(4):
                if not self._read_output(name):
                    break

    def _discard_output(self) -> None:
        """Forget what threads have printed between two cells."""
        for read_end, _ in self._pipes.values():
            try:
                for _ in range(4):
                    os.read(read_end, _PIPE_BYTES)
            except BlockingIOError:
                pass


def _has_data(control: socket.socket) -> bool:
    """Whether `control` can be read without waiting, and is not just closed."""
    try:
        return bool(control.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def main(options: SessionOptions) -> NoReturn:
    """Run the supervisor of one session on stdin and stdout."""
    privileges.drop_all()
    if not options.data_dir:
        options = replace(
            options, data_dir=tempfile.mkdtemp(prefix="glm-sandbox-"), owns_data_dir=True
        )
    if os.getpid() != 1:
        privileges.become_subreaper()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    privileges.set_dumpable(False)
    gc.freeze()  # what is loaded by now stays shared between worker and snapshots
    Supervisor(options).run()

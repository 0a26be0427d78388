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
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

from glm_sandbox.guest import privileges, processes
from glm_sandbox.guest.host_link import HostGoneError, HostLink
from glm_sandbox.guest.options import SessionOptions
from glm_sandbox.guest.process_tree import ProcessTree
from glm_sandbox.guest.requests import FileRequests
from glm_sandbox.guest.running_cell import START_S, RunningCell
from glm_sandbox.guest.worker_link import WorkerLink
from glm_sandbox.protocol import ABI, Frame, ProtocolError

MAX_THREADS_LEFT = 16
_SETTLE_S = 10.0  # until the worker has come back from a cell that it said to be done
_PIPE_BYTES = 1 << 16
_DRAIN_READS = 4  # of a full pipe each: enough for what was written before, and bounded


class CannotStartError(Exception):
    """Raised when the very first worker dies before it is ready: so would all others."""


class Supervisor:
    """The event loop. One worker, at most one cell at a time."""

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._host = HostLink()
        self._requests = FileRequests(options.data_dir, self._host.send)
        self._pipes = {
            name: os.pipe() for name in ("stdout", "stderr")
        }  # kept open at both ends, for later workers
        for read_end, _ in self._pipes.values():
            os.set_blocking(read_end, False)
        self._wake_read, wake_write = os.pipe()
        for descriptor in (self._wake_read, wake_write):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._tree = ProcessTree()
        self._cell: RunningCell | None = None
        self._settle_deadline = 0.0  # 0 when no worker has to come back from a cell
        self._lost_because = ""  # what the next cell does not find, and why
        self._is_ready = False
        self._worker = self._new_worker()

    def run(self) -> NoReturn:
        """Serve until the host is gone."""
        try:
            while True:
                self._turn()
        except HostGoneError:
            pass
        except BaseException:
            traceback.print_exc()  # the host keeps the last words on stderr for its own error
            raise
        finally:
            self._end()

    def _turn(self) -> None:
        ready = self._wait()
        if "host" in ready:
            self._read_host()
        for name in self._pipes:
            if name in ready:
                self._read_output(name)
        if "wake" in ready:
            os.read(self._wake_read, 4096)
        if "worker" in ready:
            self._worker.flush()
            self._hear_worker()
        self._tree.reap()
        self._notice_death()
        self._check_limits()
        self._host.flush()

    def _wait(self) -> set[str]:
        """Wait for something to do, until the next deadline at most; where there is."""
        poller = select.poll()  # made anew each time: it costs less than a selector that is kept
        sources = {self._host.descriptor: "host", self._wake_read: "wake"}
        sources |= {read_end: name for name, (read_end, _) in self._pipes.items()}
        for descriptor in sources:
            poller.register(descriptor, select.POLLIN)
        control = self._worker.control.fileno()
        writable = select.POLLOUT if self._worker.wants_to_send else 0
        poller.register(control, select.POLLIN | writable)
        sources[control] = "worker"
        seconds = self._seconds_to_deadline()
        return {
            sources[descriptor]
            for descriptor, _ in poller.poll(None if seconds is None else seconds * 1e3)
        }

    def _seconds_to_deadline(self) -> float | None:
        deadlines = [self._settle_deadline] if self._settle_deadline else []
        if self._cell is not None:
            deadlines.append(self._cell.deadline)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _new_worker(self) -> WorkerLink:
        self._settle_deadline = 0.0
        return WorkerLink(self._options, self._pipes["stdout"][1], self._pipes["stderr"][1])

    # The host

    def _read_host(self) -> None:
        for frame in self._host.frames():
            if frame.kind == "exec":
                self._start_cell(frame)
            elif frame.kind == "interrupt":
                if self._cell is not None and frame.text("token") == self._cell.token:
                    self._stop_cell(self._cell, "interrupted")
            elif frame.kind == "hello":
                if self._is_ready:
                    self._say_ready()
            else:
                self._requests.serve(frame)

    def _say_ready(self) -> None:
        self._host.send("ready", abi=ABI, python=sys.version.split()[0])

    def _start_cell(self, frame: Frame) -> None:
        if self._cell is not None:
            raise ProtocolError("a second cell while one runs")
        for name in self._pipes:  # what threads have printed since the last cell is nobody's
            self._drain_output(name)
        threads = processes.thread_count(self._worker.pid)
        self._cell = RunningCell.accept(frame, self._options, threads, processes.oom_kills())
        self._worker.send("exec", frame.body, token=self._cell.token)

    # The worker

    def _hear_worker(self) -> None:
        try:
            for frame in self._worker.frames():
                self._hear(frame)
        except ProtocolError:
            self._recover("crashed", "a broken control channel")

    def _hear(self, frame: Frame) -> None:
        """Take in one frame of the worker.

        Raises:
            ProtocolError: it is not what a worker sends.
        """
        cell, worker = self._cell, self._worker
        if frame.kind == "worker_ready":
            if not self._is_ready:
                self._is_ready = True
                self._say_ready()
        elif frame.kind == "settled":
            self._settle_deadline = 0.0
        elif frame.kind == "restored":
            worker.is_awake = True
            worker.flush()
        elif frame.kind == "snapshot":
            if cell is None or not cell.is_started:  # in a cell nobody but the cell can say so
                self._take_snapshot(frame.integer("pid"))
        elif cell is not None and frame.fields.get("token") == cell.token:
            if frame.kind == "started":
                self._note_start(cell)
            elif frame.kind == "done":
                self._finish(cell, frame)
            elif (relayed := cell.relay(frame)) is not None:
                for name in self._pipes:
                    self._drain_output(name)  # what was printed before it comes before it
                body, fields = relayed
                self._host.send(frame.kind, body, token=cell.token, **fields)

    def _take_snapshot(self, pid: int) -> None:
        worker = self._worker
        if worker.snapshot_pid:
            self._tree.discard(worker.snapshot_pid)
        worker.snapshot_pid = (
            pid if processes.parent(pid) == os.getpid() and pid != worker.pid else 0
        )
        worker.is_snapshot_stale = False

    def _note_start(self, cell: RunningCell) -> None:
        if cell.is_started:
            return
        cell.is_started = True
        cell.deadline = time.monotonic() + cell.timeout_s
        if cell.stopped_for:  # the worker ignored that interrupt: it was not in the cell yet
            self._interrupt(cell)

    # The end of a cell

    def _finish(self, cell: RunningCell, frame: Frame) -> None:
        """The worker says that the cell has ended, and lives.

        Raises:
            ProtocolError: it does not say so as a worker does.
        """
        worker = self._worker
        if not processes.is_alive(worker.pid):
            return  # it died with these words: `_notice_death` wakes the snapshot
        is_ok = frame.flag("ok")
        names = frame.fields.get("names", [])
        if not isinstance(names, list):
            raise ProtocolError("variables that are no list")
        names = [name for name in names if isinstance(name, str)][:64]
        killed = self._tree.kill_all_but({worker.pid, worker.snapshot_pid})
        threads_left = processes.thread_count(worker.pid) - cell.threads_before
        if threads_left > MAX_THREADS_LEFT:
            self._recover("crashed", f"{threads_left} threads left running")
            return
        worker.is_snapshot_stale = True  # kept until there is a newer one
        self._conclude(
            cell,
            cell.stopped_for or ("ok" if is_ok else "error"),
            "kept",
            names=names,
            processes_killed=killed,
            threads_left=max(0, threads_left),
        )
        # The worker goes on, and leaves its next snapshot, only now that no leftovers are being killed.
        self._settle_deadline = time.monotonic() + _SETTLE_S
        worker.send("settled")

    def _notice_death(self) -> None:
        worker = self._worker
        pid = worker.pid
        if self._tree.exit_reason(pid) is None:
            return
        while (
            worker is self._worker and worker.pid == pid and worker.has_input
        ):  # the snapshot's pid, say
            self._hear_worker()
        if worker is not self._worker or worker.pid != pid:
            return  # what was read has led to a recovery
        reason, number = self._tree.exit_reason(pid) or ("", 0)
        if not self._is_ready:
            self._drain_output("stderr")
            raise CannotStartError(f"the interpreter cannot start ({reason})")
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
        cell, now = self._cell, time.monotonic()
        if 0.0 < self._settle_deadline <= now:
            self._recover("crashed", "it did not come back from the cell before")
        elif cell is None:
            return
        elif not cell.stopped_for and cell.output_bytes > self._options.output_bytes:
            self._stop_cell(cell, "output_limit")
        elif now >= cell.deadline:
            if not cell.is_started:
                self._recover(cell.stopped_for or "crashed", "it did not take up the cell")
            elif cell.stopped_for:
                self._recover(cell.stopped_for, "time limit")
            else:
                self._stop_cell(cell, "timeout")

    def _stop_cell(self, cell: RunningCell, reason: str) -> None:
        """Interrupt it as by Ctrl-C; after the grace time `_check_limits` has it killed."""
        if not cell.stopped_for:
            cell.stopped_for = reason
            self._interrupt(cell)

    def _interrupt(self, cell: RunningCell) -> None:
        cell.deadline = time.monotonic() + cell.grace_s
        self._worker.interrupt()

    def _recover(self, status: str, reason: str) -> None:
        """The worker has died or must go: bring back the variables of its snapshot, or start anew."""
        worker = self._worker
        self._tree.kill_all_but({worker.snapshot_pid})
        self._tree.forget_exits()
        if worker.wake_snapshot():
            self._settle_deadline = 0.0
            variables = "rolled_back"
            if worker.is_snapshot_stale:
                self._lost_because = (
                    "the changes of the last cell, which left the interpreter broken"
                )
                worker.is_snapshot_stale = False
        else:
            worker.control.close()
            self._worker = self._new_worker()
            variables = "lost"
        cell = self._cell
        if cell is None or not (cell.is_started or cell.stopped_for or cell.is_second_try):
            if variables == "lost":
                self._lost_because = f"all of them, for the interpreter died ({reason})"
            if (
                cell is not None
            ):  # nothing of it has run: it was the cell before that broke the worker
                cell.is_second_try = True
                cell.deadline = time.monotonic() + START_S
                self._worker.send("exec", cell.code, token=cell.token)
        else:
            self._conclude(cell, status, variables, reason=reason)

    def _conclude(
        self, cell: RunningCell, status: str, variables: str, *, reason: str = "", **fields: Any
    ) -> None:
        """The one `done` of this cell."""
        is_cut = False
        for name, output in cell.outputs.items():
            self._drain_output(name)
            gap, tail = output.finish()
            if tail:
                self._host.send("output", tail, token=cell.token, stream=name, gap=gap)
            is_cut = is_cut or gap > 0
        self._requests.send_changes(cell.token)
        self._host.send(
            "done",
            token=cell.token,
            status=status,
            variables=variables,
            reason=reason,
            line=cell.line,
            duration_s=time.monotonic() - cell.accepted_at,
            timeout_s=cell.timeout_s,
            cut=is_cut,
            displays_dropped=cell.displays_dropped,
            lost_before=self._lost_because,
            **fields,
        )
        self._lost_because = ""
        self._cell = None

    # Output

    def _read_output(self, name: str) -> bool:
        """Take in what is there of one stream; False when there is nothing."""
        try:
            data = os.read(self._pipes[name][0], _PIPE_BYTES)
        except BlockingIOError:
            return False
        if not self._is_ready:
            os.write(2, data)  # why the worker cannot start: no cell has run yet
        cell = self._cell
        if cell is not None and (head := cell.outputs[name].add(data)):
            self._host.send("output", head, token=cell.token, stream=name, gap=0)
        return True

    def _drain_output(self, name: str) -> None:
        """Take in what has been written so far; bounded, for somebody may write on and on."""
        for _ in range(_DRAIN_READS):
            if not self._read_output(name):
                return

    def _end(self) -> NoReturn:
        """End the sandbox. As PID 1 this takes every process along; elsewhere they are killed first."""
        if os.getpid() != 1:
            for pid in processes.descendants(os.getpid()):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        if self._options.owns_data_dir:
            shutil.rmtree(self._options.data_dir, ignore_errors=True)
        os._exit(0)


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

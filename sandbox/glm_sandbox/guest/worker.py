"""The interpreter that runs cells, in a process that nobody trusts once the first cell has run.

After each cell it leaves a frozen copy of itself behind (a fork, copy on write). When a later cell kills or wedges the
worker, the supervisor wakes the copy, and the variables are those from before that cell.

Covers: cells that break what they can reach (builtins, streams, signal handlers): names that the worker needs are bound
before the first cell, builtins and streams are put back around each cell, and any failure of the worker itself ends
the process, which is a rollback.
Does not cover: threads of the cell are not in the copy, and open files share their offset with it.
"""

import builtins
import gc
import importlib
import io
import linecache
import os
import select
import signal
import socket
import sys
import threading
import types
from collections.abc import Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass
from typing import NoReturn

from glm_sandbox.guest import cell, figures, magics, tracebacks
from glm_sandbox.guest.privileges import set_dumpable
from glm_sandbox.guest.processes import resident_bytes, set_oom_score_adj
from glm_sandbox.guest.sibling import fork_sibling
from glm_sandbox.protocol import Frame, FrameReader, encode

MAX_VALUE_CHARS = 64 << 10
MAX_NAMES = 64
_WAKE, _DISCARD = signal.SIGUSR1, signal.SIGTERM
_ORPHAN_CHECK_S = 60.0
_BUSY_EXIT = 70  # EX_SOFTWARE: the worker itself failed

# Bound now: a cell may put anything in their place.
_repr, _type, _len, _BaseException, _getpid = repr, type, len, BaseException, os.getpid
_sigtimedwait, _getppid, _exit = signal.sigtimedwait, os.getppid, os._exit


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker is told when it starts.

    Attributes:
        data_dir: its working folder.
        preimport: modules to load while no cell is waiting, so that the first import of a cell is fast.
        snapshot_limit_bytes: no copy is made of a worker larger than this.
        supervisor_pid: whose child a copy must be.
    """

    data_dir: str
    preimport: Sequence[str]
    snapshot_limit_bytes: int
    supervisor_pid: int


class _CellStream(io.TextIOWrapper):
    """stdout or stderr of the cells; what threads of earlier cells write is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(
            io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False)),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
        self.stale_threads: frozenset[int] = frozenset()

    def write(self, text: str, /) -> int:
        if self.stale_threads and threading.get_ident() in self.stale_threads:
            return _len(text)
        return super().write(text)


class Worker:
    """Runs the cells that arrive on `control`, one after the other."""

    def __init__(self, control: socket.socket, options: WorkerOptions) -> None:
        self._control = control
        self._options = options
        self._frames = FrameReader()
        self._inbox: list[Frame] = []
        self._token = ""
        self._outcome = b""  # frames that go to the supervisor with `done`: each send wakes it
        self._pid = os.getpid()
        self._cells = 0
        self._interruptible = False
        self._copy_is_apart = -1  # descriptor that ends when the newest copy is
        self._is_settled = True  # nobody is killing leftovers of a cell, so a copy can be forked
        self._runner: object = None  # asyncio.Runner, made by the first cell that awaits
        self._streams = (_CellStream(1), _CellStream(2))
        # descriptor, a spare copy, and what they are
        self._outputs = [(number, os.dup(number), _identity(number)) for number in (1, 2)]
        self._stdin = io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8")
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self._namespace = module.__dict__
        self._namespace.update(
            {
                "__builtins__": builtins,
                "display": self._display,
                cell.CALL_MAGIC: lambda name, arguments: magics.line_magic(
                    name, arguments, self._run_source
                ),
                cell.CALL_SHELL: magics.run_shell,
            }
        )
        self._given_names = frozenset(self._namespace)
        builtins.input = _no_input
        self._builtins = dict(vars(builtins))
        figures.set_receiver(self._show_png)

    def run(self) -> NoReturn:
        """Serve until the supervisor is gone. Does not return, and never unwinds into the caller's stack."""
        try:
            signal.signal(signal.SIGINT, self._on_interrupt)
            self._send("worker_ready")
            waiting_imports = list(self._options.preimport)
            has_snapshot = False
            while True:
                while waiting_imports and threading.active_count() == 1 and not self._has_frame():
                    _import_quietly(waiting_imports.pop(0))
                    if not waiting_imports:
                        _settle_memory()
                while self._is_settled and not has_snapshot:
                    has_snapshot = self._leave_snapshot()
                frame = self._receive()
                if frame.kind == "settled":
                    self._send("settled")
                    self._is_settled = True
                elif frame.kind == "exec":
                    self._run_cell(frame)
                    self._is_settled = has_snapshot = False
        finally:
            os._exit(_BUSY_EXIT)

    # Frames

    def _send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        self._control.sendall(encode(kind, body, **fields))

    def _has_frame(self) -> bool:
        return bool(self._inbox or select.select([self._control], [], [], 0)[0])

    def _receive(self) -> Frame:
        while not self._inbox:
            data = self._control.recv(1 << 16)
            if not data:
                os._exit(0)
            self._inbox.extend(self._frames.feed(data))
        return self._inbox.pop(0)

    # Snapshots

    def _leave_snapshot(self) -> bool:
        """Fork a frozen copy and say so. Returns True in the worker, and later, in the copy when it is woken, False."""
        if resident_bytes() > self._options.snapshot_limit_bytes:
            self._send(
                "snapshot", pid=0
            )  # copying pages on write could cause the very lack of memory it guards against
            return True
        signal.pthread_sigmask(signal.SIG_BLOCK, {_WAKE, _DISCARD})
        read_end, write_end = os.pipe()
        try:
            # the supervisor's child: the cell's os.wait() never meets it
            pid = fork_sibling(lambda: self._freeze(read_end, write_end))
        except OSError:
            pid = -1  # no processes left; the worker goes on without
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {_WAKE, _DISCARD})
        if pid == 0:
            set_dumpable(True)
            set_oom_score_adj(1000)
            self._pid = os.getpid()
            self._is_settled = True
            self._forget_input()
            self._send("restored")
            return False
        os.close(write_end)
        self._copy_is_apart = read_end
        self._send("snapshot", pid=max(pid, 0))
        return True

    def _freeze(self, read_end: int, is_apart: int) -> None:
        """Set this copy apart from the worker, say so by closing `is_apart`, and wait to be woken."""
        os.setsid()  # signals to the worker's group are not for the copy
        set_oom_score_adj(0)
        set_dumpable(False)
        os.close(read_end)
        os.close(is_apart)
        self._copy_is_apart = -1
        while True:
            got = _sigtimedwait({_WAKE, _DISCARD}, _ORPHAN_CHECK_S)
            if got is not None and got.si_signo == _WAKE:
                return
            if got is not None or _getppid() != self._options.supervisor_pid:
                _exit(0)

    def _wait_for_copy(self) -> None:
        """Wait until the copy is out of the reach of a cell's signals to its own group."""
        if self._copy_is_apart < 0:
            return
        with suppress(OSError):  # a thread of an earlier cell has closed it
            os.read(self._copy_is_apart, 1)  # the end of the pipe: the copy is apart, or dead
            os.close(self._copy_is_apart)
        self._copy_is_apart = -1

    def _forget_input(self) -> None:
        """Drop what was meant for the dead worker. The supervisor sends nothing until it has heard `restored`."""
        self._inbox.clear()
        self._frames.clear()
        while select.select([self._control], [], [], 0)[0] and self._control.recv(1 << 16):
            pass

    # One cell

    def _run_cell(self, frame: Frame) -> None:
        self._token = frame.text("token")
        self._outcome = b""
        self._cells += 1
        source = frame.body.decode("utf-8", "surrogatepass")
        filename = f"<cell {self._cells}>"
        linecache.cache[filename] = (_len(source), None, source.splitlines(True), filename)
        self._restore_surroundings()
        self._wait_for_copy()
        self._drop_late_output()
        signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGINT}
        )  # one that comes too early must not be lost
        self._send("started", token=self._token)
        failure: BaseException | None = None
        try:
            try:
                self._interruptible = True
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
                self._evaluate(source, filename)
                self._interruptible = False
            except _BaseException as error:
                self._interruptible = False
                failure = error
        except KeyboardInterrupt as error:  # it arrived between the two lines above
            failure = error
        self._interruptible = False
        vars(builtins).update(self._builtins)
        self._mark_stale_threads()
        for stream in self._streams:
            stream.flush()
        if _getpid() != self._pid:
            os._exit(
                0
            )  # a child that the cell forked has come to the cell's end: it is not the worker
        self._restore_outputs()
        if failure is not None:
            self._outcome += self._describe(failure, filename)
        done = encode("done", token=self._token, ok=failure is None, names=self._names())
        self._control.sendall(self._outcome + done)

    def _evaluate(self, source: str, filename: str) -> None:
        name, arguments, body = cell.split_cell_magic(source)
        if name:
            value = magics.cell_magic(name, arguments, body, self._run_source)
        else:
            value = self._run_source(source, filename)
        if value is not None:
            self._namespace["_"] = value
            text = _repr(value)[:MAX_VALUE_CHARS]
            self._outcome = encode("value", text.encode("utf-8", "replace"), token=self._token)
        figures.flush()

    def _run_source(self, source: str, filename: str = "") -> object:
        compiled = cell.compile_cell(source, filename or f"<cell {self._cells}>")
        if compiled.body is not None:
            cell.run(compiled.body, self._namespace, self._run_coroutine)
        if compiled.last is not None:
            return cell.run(compiled.last, self._namespace, self._run_coroutine)
        return None

    def _run_coroutine(self, coroutine: object) -> object:
        import asyncio  # 40 ms that most sessions never need

        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)  # type: ignore[attr-defined]

    def _restore_surroundings(self) -> None:
        """Undo what an earlier cell did to streams and handlers."""
        sys.stdin, sys.stdout, sys.stderr = self._stdin, *self._streams
        signal.signal(signal.SIGINT, self._on_interrupt)

    def _drop_late_output(self) -> None:
        """Empty the buffers of what threads were in the middle of writing when their cell ended."""
        for stream, (descriptor, spare, _) in zip(self._streams, self._outputs, strict=True):
            if stream.stale_threads:
                nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
                os.dup2(nothing, descriptor)
                stream.flush()
                os.dup2(spare, descriptor)
                os.close(nothing)

    def _restore_outputs(self) -> None:
        """Undo what the cell did to descriptors 1 and 2: what later cells print would not be seen."""
        for descriptor, spare, pipe in self._outputs:
            if _identity(descriptor) == pipe:
                continue
            if _identity(spare) != pipe:
                os._exit(_BUSY_EXIT)  # back to the snapshot, which has them all
            os.dup2(spare, descriptor)

    def _mark_stale_threads(self) -> None:
        """From here on, what the threads of this cell print is nobody's."""
        main_thread = threading.get_ident()
        idents = (thread.ident for thread in threading.enumerate())
        stale = frozenset(ident for ident in idents if ident is not None and ident != main_thread)
        for stream in self._streams:
            stream.stale_threads = stale

    def _on_interrupt(self, _signal: int, _frame: object) -> None:
        if _getpid() != self._pid:
            os._exit(130)
        if self._interruptible:
            raise KeyboardInterrupt

    def _describe(self, failure: BaseException, filename: str) -> bytes:
        """The `error` frame."""
        try:
            text = tracebacks.format_exception(failure)
        except _BaseException:  # the exception's own methods may raise anything
            text = _type(failure).__name__
        return encode(
            "error",
            text.encode("utf-8", "replace"),
            token=self._token,
            name=_type(failure).__name__[:200],
            line=tracebacks.cell_line(failure.__traceback__, filename),
        )

    def _names(self) -> list[str]:
        """Variables of the user, to be named should they be lost."""
        module = types.ModuleType
        names = [
            name
            for name, value in list(self._namespace.items())
            if _type(name) is str
            and name[:1] != "_"
            and name not in self._given_names
            and _type(value) is not module
            and _len(name) <= 64
        ]
        return names[:MAX_NAMES]

    # What a cell may call

    def _display(self, *values: object) -> None:
        """`display(...)`: pictures as pictures, everything else as text."""
        for value in values:
            if hasattr(value, "savefig") and hasattr(value, "get_size_inches"):
                figures.show_one(value)
            elif (picture := _own_png(value)) is not None:
                self._show_png(picture)
            else:
                print(value if isinstance(value, str) else _repr(value))  # noqa: T201 - the cell's own output

    def _show_png(self, data: bytes) -> None:
        if _len(data) > figures.MAX_PNG_BYTES:
            raise ValueError(f"a picture of {_len(data):,} bytes is too large to show")
        self._send("display", data, token=self._token, mime="image/png")


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Which file it is; None when it is none."""
    try:
        info = os.fstat(descriptor)
    except OSError:
        return None
    return info.st_dev, info.st_ino


def _own_png(value: object) -> bytes | None:
    method = getattr(value, "_repr_png_", None)
    data = method() if callable(method) else None
    return data if isinstance(data, bytes) else None


def _no_input(*_: object) -> NoReturn:
    raise RuntimeError("input() does not work here: nobody can answer. Put the value in the code.")


def _settle_memory() -> None:
    """Keep what the modules hold out of later collections, which write to every object and unshare its page."""
    gc.collect()
    gc.freeze()


def _import_quietly(name: str) -> None:
    """Load a module, not minding what a cell has planted in the working folder: a `matplotlibrc` that is a FIFO, say."""
    # Not in this image, or no room for it: a cell that needs it will say so.
    with suppress(ImportError, OSError, MemoryError, RuntimeError, ValueError), chdir("/"):
        importlib.import_module(name)

"""Sessions started ahead of need, so that the first cell of a run does not wait for a sandbox to start."""

import queue
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from glm_sandbox.backend import PREIMPORT, Backend
from glm_sandbox.errors import SandboxClosedError, SandboxError, SandboxUnavailableError
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.session import Session


class SandboxPool:
    """Keeps a number of fresh sessions warm. A session is handed out once and never comes back: nothing is shared.

    Thread-safe.
    """

    def __init__(
        self,
        backend: Backend,
        limits: ResourceLimits | None = None,
        *,
        warm: int = 1,
        preimport: Sequence[str] = PREIMPORT,
        idle_s: float | None = None,
    ) -> None:
        """Begin to start sessions in the background; does not wait for them.

        Args:
            backend: where they run.
            limits: of each.
            warm: how many are kept ready; each takes the memory of an idle interpreter with `preimport` loaded.
            preimport: modules that they load while they wait.
            idle_s: when nobody has asked for a session for so long, those that wait are ended, and their memory is
                given back; the next call waits for a fresh one. Never when None.
        """
        if warm < 1:
            raise ValueError(f"a pool keeps at least one session warm, not {warm}")
        self._backend = backend
        self._limits = limits
        self._preimport = tuple(preimport)
        self._ready: queue.Queue[Session | SandboxError] = queue.Queue()
        self._wanted = threading.Semaphore(warm)  # sessions to start
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._waiting = 0  # callers
        self._evicted = 0  # sessions to start again when somebody asks
        self._is_closed = threading.Event()
        self._starter = threading.Thread(
            target=self._start_sessions, name="glm-sandbox-pool", daemon=True
        )
        self._starter.start()

    def acquire(self) -> Session:
        """A session that nobody has used; the caller closes it. Waits when none is ready.

        Raises:
            SandboxUnavailableError: none can be started.
            SandboxClosedError: the pool is closed.
        """
        while True:
            with self._lock:
                if self._is_closed.is_set():
                    raise SandboxClosedError("the pool is closed")
                self._waiting += 1
                self._wanted.release(self._evicted + 1)
                self._evicted = 0
            try:
                item = self._ready.get()
            finally:
                with self._lock:
                    self._waiting -= 1
            if isinstance(item, SandboxError):
                raise item
            if item.is_alive():
                return item
            item.close()  # its engine was stopped, say, while it waited

    def close(self) -> None:
        """End the sessions that nobody has taken. Those handed out go on. Safe to call twice."""
        with self._lock:  # who does not know it by now is counted, and is told below
            self._is_closed.set()
        self._wanted.release()
        self._starter.join()
        while not self._ready.empty():
            item = self._ready.get()
            if isinstance(item, Session):
                item.close()
        with self._lock:
            waiting = self._waiting
        for _ in range(waiting):
            self._ready.put(SandboxClosedError("the pool was closed"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start_sessions(self) -> None:
        while True:
            if not self._wanted.acquire(timeout=self._idle_s):
                self._evict()
                self._wanted.acquire()
            if self._is_closed.is_set():
                return
            try:
                self._ready.put(Session(self._backend, self._limits, preimport=self._preimport))
            except SandboxUnavailableError as error:
                self._ready.put(error)

    def _evict(self) -> None:
        """End the sessions that wait, unless somebody is about to take one."""
        evicted = []
        with self._lock:
            while not self._waiting and not self._ready.empty():
                evicted.append(self._ready.get())
            self._evicted += len(evicted)
        for item in evicted:
            if isinstance(item, Session):
                item.close()

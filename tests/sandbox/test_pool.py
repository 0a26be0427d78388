"""Sessions that are ready before anybody asks."""

import tempfile
import threading
import time
from pathlib import Path

import pytest

from glm_sandbox.backend import Backend
from glm_sandbox.conformance import LIMITS
from glm_sandbox.errors import SandboxClosedError, SandboxError, SandboxUnavailableError
from glm_sandbox.pool import SandboxPool
from glm_sandbox.session import Session
from glm_sandbox.transport import Transport
from glm_sandbox.unconfined import UnconfinedBackend


def test_sessions_are_handed_out_once(backend: Backend) -> None:
    """Two users never share an interpreter, one after the other either."""
    with SandboxPool(backend, LIMITS, warm=2, preimport=()) as pool:
        sessions = [pool.acquire() for _ in range(3)]
        for session in sessions:
            assert session.execute("'mine' in globals()").value == "False"
            session.execute("mine = 1\nopen('mine', 'w').close()")
            session.close()
        with pool.acquire() as session:
            assert (
                session.execute("import os\n'mine' in globals(), os.listdir('.')").value
                == "(False, [])"
            )


def test_a_session_that_died_while_it_waited_is_not_handed_out(backend: Backend) -> None:
    with SandboxPool(backend, LIMITS, preimport=()) as pool:
        waiting = pool._ready.get()
        assert isinstance(waiting, Session)
        assert waiting._channel is not None
        waiting._channel.kill()
        pool._ready.put(waiting)
        with pool.acquire() as session:
            assert session is not waiting
            assert session.execute("1 + 1").value == "2"


def test_sessions_that_nobody_wants_give_their_memory_back(backend: Backend) -> None:
    """A pool of an agent that sleeps holds nothing; the next call gets a fresh session all the same."""
    with SandboxPool(backend, LIMITS, warm=2, preimport=(), idle_s=0.5) as pool:
        with pool.acquire() as session:
            assert session.execute("1 + 1").value == "2"
        waiting = pool._ready.get()
        assert isinstance(waiting, Session)
        pool._ready.put(waiting)
        end = time.monotonic() + 60
        while waiting.is_alive():
            assert time.monotonic() < end, "the session waits on"
        for _ in range(3):
            with pool.acquire() as session:
                assert session is not waiting
                assert session.execute("1 + 1").value == "2"


def test_a_caller_that_waits_is_told_when_the_pool_closes() -> None:
    """Nobody is left waiting for a session that will never come."""
    starting, go_on = threading.Event(), threading.Event()

    class Slow:
        name = "slow"
        weaknesses = ()

        def start(self, *_: object) -> Transport:
            starting.set()
            go_on.wait()
            raise SandboxUnavailableError("Stopped.", "")

    errors: list[SandboxError] = []

    def wait() -> None:
        try:
            pool.acquire()
        except SandboxError as error:
            errors.append(error)

    pool = SandboxPool(Slow(), LIMITS)
    callers = [threading.Thread(target=wait) for _ in range(3)]
    for caller in callers:
        caller.start()
    starting.wait()
    threading.Timer(0.2, go_on.set).start()
    pool.close()
    for caller in callers:
        caller.join()
    assert len(errors) == 3


def test_a_closed_pool_hands_out_nothing(backend: Backend) -> None:
    pool = SandboxPool(backend, LIMITS, preimport=())
    pool.close()
    pool.close()
    with pytest.raises(SandboxClosedError):
        pool.acquire()


def test_a_back_end_that_fails_is_told_to_whoever_asks() -> None:
    """The background thread must not swallow the error, nor end over it."""

    class Broken:
        name = "broken"
        weaknesses = ()

        def start(self, *_: object) -> Transport:
            raise SandboxUnavailableError("The engine was stopped.", "Start it.")

    with SandboxPool(Broken(), LIMITS, preimport=()) as pool:
        for _ in range(2):
            with pytest.raises(SandboxUnavailableError, match="was stopped"):
                pool.acquire()


def test_a_host_without_room_for_copies_is_told_to_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the temporary folder ended the background thread, and callers waited for ever."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with SandboxPool(UnconfinedBackend(), LIMITS, preimport=()) as pool:
        for _ in range(2):
            with pytest.raises(SandboxUnavailableError, match="no room"):
                pool.acquire()

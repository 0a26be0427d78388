"""Sessions that are ready before anybody asks."""

import pytest

from glm_sandbox.backend import Backend
from glm_sandbox.conformance import LIMITS
from glm_sandbox.errors import SandboxClosedError, SandboxUnavailableError
from glm_sandbox.pool import SandboxPool
from glm_sandbox.transport import Transport


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
        assert not isinstance(waiting, SandboxUnavailableError)
        assert waiting._channel is not None
        waiting._channel.kill()
        pool._ready.put(waiting)
        with pool.acquire() as session:
            assert session is not waiting
            assert session.execute("1 + 1").value == "2"


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

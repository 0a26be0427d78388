"""Real back ends for the tests: both must run here.

A back end that cannot run fails its tests, for a skipped sandbox test looks like a passed one. Where one really is not
to be had, `GLM_TEST_SANDBOXES` names those to test: `GLM_TEST_SANDBOXES=bubblewrap pytest tests/sandbox`.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from glm_sandbox.backend import Backend
from glm_sandbox.open import BackendName, open_backend
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.session import Session

ISOLATING: tuple[BackendName, ...] = ("docker", "bubblewrap")
CHOSEN = os.environ.get("GLM_TEST_SANDBOXES", ",".join(ISOLATING)).split(",")


@pytest.fixture(scope="session", params=ISOLATING)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each isolating back end in turn."""
    if request.param not in CHOSEN:
        pytest.skip(f"GLM_TEST_SANDBOXES leaves {request.param} out")
    return open_backend(request.param, progress=print)


OpenSession = Callable[..., Session]


@pytest.fixture
def open_session(backend: Backend) -> Iterator[OpenSession]:
    """Starts sessions that are closed after the test."""
    sessions = []

    def start(limits: ResourceLimits | None = None) -> Session:
        session = Session(backend, limits, preimport=())
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        session.close()


@pytest.fixture(scope="module")
def shared_session(backend: Backend) -> Iterator[Session]:
    """One session for all tests of a module: for those that leave it as they found it."""
    with Session(backend, ResourceLimits(timeout_s=20.0, grace_s=1.0), preimport=()) as session:
        yield session

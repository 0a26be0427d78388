"""Every back end passes every check of the shipped suite, against the real engine."""

from collections.abc import Iterator

import pytest

from glm_sandbox.backend import Backend
from glm_sandbox.conformance import CHECKS, LIMITS, Check
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.session import Session


@pytest.fixture(scope="module")
def used_session(backend: Backend) -> Iterator[Session]:
    with Session(backend, LIMITS, preimport=()) as session:
        yield session


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_back_end_conforms(check: Check, used_session: Session, backend: Backend) -> None:
    """The check's own docstring is the claim."""

    def open_session(limits: ResourceLimits) -> Session:
        return Session(backend, limits, preimport=())

    check.run(used_session, open_session)

"""Every shipped attack ends as it should on every back end, in one session that has to survive them all."""

from collections.abc import Iterator

import pytest

from glm_sandbox.attack_list import ATTACKS, Attack
from glm_sandbox.attacks import LIMITS, run_attack
from glm_sandbox.backend import Backend
from glm_sandbox.session import Session


@pytest.fixture(scope="module")
def attacked_session(backend: Backend) -> Iterator[Session]:
    with Session(backend, LIMITS, preimport=()) as session:
        yield session


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attack_is_contained(attack: Attack, attacked_session: Session) -> None:
    """It ends as expected, reaches nothing, and the session answers afterwards with what it should still have."""
    result = run_attack(attacked_session, attack)
    assert not result.problem

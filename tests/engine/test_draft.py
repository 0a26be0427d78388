"""Guessing: the index against a plain search, what pays against a plain sum, and that no guess shows in the result."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from glm_engine.draft import (
    FORCED,
    Acceptance,
    Draft,
    Drafter,
    NgramIndex,
    StepCost,
    basis_of_match,
    paying_length,
)
from glm_engine.generate import Engine, Session
from glm_engine.sampling import SamplingParams
from glm_engine.testing import tiny_engine

PROMPT = [5, 17, 99, 3, 64, 21, 8, 120, 77, 2, 31]


def plain_guess(texts: list[list[int]], limit: int) -> tuple[list[int], int]:
    """What follows the longest earlier match of the last text's end, of at least two tokens; the latest of equals."""
    whole = [token for text in texts[:-1] for token in [*text, -1]] + texts[-1]
    best: tuple[list[int], int] = ([], 0)
    candidates = [end for end in range(1, len(whole) - 1) if whole[end - 1 : end + 1] == whole[-2:]]
    for end in reversed(candidates[-16:]):
        length = 2
        while length < min(32, end + 1) and whole[end - length] == whole[-1 - length]:
            length += 1
        if length > best[1] and -1 not in whole[-2:]:
            following = whole[end + 1 : end + 1 + limit]
            best = (following[: following.index(-1)] if -1 in following else following, length)
    return best


@settings(max_examples=300)
@given(
    history=st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=2),
    steps=st.lists(st.one_of(st.lists(st.integers(0, 2), max_size=12), st.integers(0, 40))),
    limit=st.integers(0, 6),
)
def test_the_index_finds_what_a_plain_search_finds(
    history: list[list[int]], steps: list[list[int] | int], limit: int
) -> None:
    """Under any order of additions and cuts."""
    index, ids = NgramIndex(history), list[int]()
    for step in steps:
        if isinstance(step, int):
            ids = ids[:step]
            index.truncate(step)
        else:
            ids += step
            index.extend(step)
        assert len(index) == len(ids)
        expected = ([], 0) if limit < 1 else plain_guess([*history, ids], limit)
        assert index.guess(limit) == expected


def seen(cost: StepCost, seconds: dict[int, float]) -> StepCost:
    for rows, duration in seconds.items():
        cost.record(rows, duration)
    return cost


def draft_of(*bases: int) -> Draft:
    return Draft([0] * len(bases), list(bases))


def test_nothing_is_checked_where_rows_cost_as_much_as_tokens_are_worth() -> None:
    linear = seen(StepCost(), {1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0, 16: 16.0})
    assert paying_length(draft_of(*[FORCED] * 15), Acceptance(), linear) == 0


def test_sure_guesses_are_all_checked_where_rows_cost_nothing() -> None:
    flat = seen(StepCost(), {1: 1.0, 2: 1.0, 4: 1.0, 8: 1.0, 16: 1.0})
    assert paying_length(draft_of(*[FORCED] * 13), Acceptance(), flat) == 13
    assert paying_length(draft_of(), Acceptance(), flat) == 0


def test_guesses_that_were_wrong_lately_are_not_checked_until_they_would_have_been_right() -> None:
    cost = seen(StepCost(), {1: 1.0, 2: 1.2})
    acceptance, basis = Acceptance(), basis_of_match(2)
    assert paying_length(draft_of(basis), acceptance, cost) == 1
    for _ in range(30):
        acceptance.record(basis, was_right=False)
    assert paying_length(draft_of(basis), acceptance, cost) == 0
    assert paying_length(draft_of(basis_of_match(9)), acceptance, cost) == 1
    for _ in range(30):
        acceptance.record(basis, was_right=True)
    assert paying_length(draft_of(basis), acceptance, cost) == 1


def test_a_cost_that_was_measured_in_a_bad_moment_is_measured_again() -> None:
    cost = seen(StepCost(), {1: 1.0, 4: 50.0})
    assert cost.relative(4) == 50
    for _ in range(70):
        cost.record(1, 1.0)
    assert cost.relative(4) < 1.5


def test_costs_between_measured_row_counts_lie_between_theirs() -> None:
    cost = seen(StepCost(), {1: 2.0, 4: 3.0, 8: 4.0})
    assert [cost.relative(rows) for rows in (1, 4, 6, 8)] == [1.0, 1.5, 1.75, 2.0]
    assert cost.relative(2) == pytest.approx(1 + 0.5 / 3)


# In the loop.


class Forced:
    """Allows every token, and forces what it was told to; what it says may be wrong."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = list(tokens)
        self.accepted: list[int] = []

    def allowed_tokens(self) -> NDArray[np.int32] | None:
        return None

    def accept(self, token_id: int) -> None:
        self.accepted.append(token_id)

    def forced_tokens(self) -> Sequence[int]:
        return self._tokens[len(self.accepted) :]


def drafting_engine(*, is_drafting: bool = True, seed: int = 0) -> Engine:
    """Passes cost nothing here, so that everything is guessed."""
    engine = tiny_engine(seed)
    engine.drafting = is_drafting
    engine.step_cost = seen(StepCost(), {1: 1.0, 2: 1e-9, 4: 1e-9, 8: 1e-9, 16: 1e-9})
    engine.step_cost.record = lambda rows, seconds: None  # type: ignore[method-assign]
    return engine


def generated(session: Session, params: SamplingParams, **options: object) -> list[int]:
    tokens = session.generate(params, max_new_tokens=60, **options)  # type: ignore[arg-type]
    return [token.token_id for token in tokens]


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**64 - 1),
    temperature=st.sampled_from([0.0, 0.2, 1.0]),
    penalty=st.sampled_from([1.0, 1.3]),
    prompt=st.lists(st.integers(0, 5), min_size=1, max_size=40),
)
def test_guessing_changes_no_token(
    seed: int, temperature: float, penalty: float, prompt: list[int]
) -> None:
    """Greedy and seeded, over two turns; and the session is as if nothing had been guessed."""
    params = SamplingParams(temperature=temperature, seed=seed, repetition_penalty=penalty, top_k=3)
    sessions = []
    for is_drafting in (False, True):
        session = drafting_engine(is_drafting=is_drafting).new_session()
        for turn in range(2):
            session.append([*prompt, turn])
            generated(session, params, stop_token_ids=range(100, 110))
        sessions.append(session)
    plain, guessing = sessions
    assert list(guessing.token_ids) == list(plain.token_ids)
    assert guessing.finish_reason == plain.finish_reason
    assert guessing.num_computed == plain.num_computed == len(plain.token_ids) - 1
    assert guessing.tokens_forwarded == plain.tokens_forwarded


@pytest.mark.parametrize("num_wrong", [0, 1, 7, 40])
def test_what_a_grammar_forces_is_computed_ahead_and_wrong_hints_do_no_harm(num_wrong: int) -> None:
    params = SamplingParams(temperature=0.7, seed=3)
    plain = drafting_engine(is_drafting=False).new_session()
    plain.append(PROMPT)
    expected = generated(plain, params)
    hints = [(token + 1) % 128 if n < num_wrong else token for n, token in enumerate(expected)]
    session = drafting_engine().new_session()
    session.append(PROMPT)
    constraint = Forced(hints)
    assert generated(session, params, constraint=constraint) == expected
    assert constraint.accepted == expected
    if num_wrong == 0:
        assert session.guesses_right == session.tokens_guessed > 50


def test_texts_of_earlier_runs_are_guessed_from() -> None:
    params = SamplingParams(temperature=1.0, seed=3)
    first = drafting_engine().new_session()
    first.append(PROMPT)
    expected = generated(first, params)
    second = drafting_engine().new_session()
    second.guess_from([[*PROMPT, *expected]])
    second.append(PROMPT)
    assert generated(second, params) == expected
    assert second.guesses_right > first.guesses_right + 40


def test_a_generation_that_is_left_between_guesses_leaves_a_valid_session() -> None:
    params = SamplingParams(temperature=1.0, seed=3)
    plain = drafting_engine(is_drafting=False).new_session()
    plain.append(PROMPT)
    expected = generated(plain, params)
    for count in range(1, 20):
        session = drafting_engine().new_session()
        session.guess_from([[*PROMPT, *expected]])
        session.append(PROMPT)
        tokens = session.generate(params, max_new_tokens=60)
        for _ in range(count):
            next(tokens)
        tokens.close()  # type: ignore[attr-defined]
        assert list(session.token_ids) == [*PROMPT, *expected[:count]]
        rest = session.generate(params, max_new_tokens=60 - count)
        assert [token.token_id for token in rest] == expected[count:]


def test_no_guess_reaches_behind_a_stop_token_or_a_limit() -> None:
    drafter = Drafter(seen(StepCost(), {1: 1.0, 16: 1e-9}))
    assert drafter.guess([1, 2], [3, 4, 9, 5], {9}, 15) == [3, 4]
    assert drafter.guess([1, 2], [3, 4, 9, 5], {9}, 1) == [3]
    assert drafter.guess([1, 2], [9, 5], {9}, 15) == []

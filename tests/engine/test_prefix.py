"""Reuse across sessions: what is copied is what would have been computed, and memory stays bounded."""

import gc
import threading
from collections.abc import Sequence
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.generate import Engine, Session
from glm_engine.prefix import Divergence, PrefillReport, PrefixPool, common_length
from glm_engine.sampling import SamplingParams
from glm_engine.testing import tiny_engine

SYSTEM = list(range(1, 41))


def engine_with_pool(*, shares_any: bool = True, limit_bytes: int = 1 << 30) -> Engine:
    engine = tiny_engine()
    engine.prefixes = PrefixPool(limit_bytes, shares_any=shares_any)
    return engine


def session_of(engine: Engine, ids: Sequence[int], *, pinned: int = 0) -> Session:
    session = engine.new_session()
    session.append(ids)
    session.pin(pinned)
    return session


def prefilled(engine: Engine, ids: Sequence[int], *, pinned: int = 0) -> Session:
    session = session_of(engine, ids, pinned=pinned)
    list(session.prefill())
    return session


def report(session: Session) -> PrefillReport:
    assert session.last_prefill is not None
    return session.last_prefill


def keys_and_values(session: Session) -> list[torch.Tensor]:
    return [part.clone() for part in session._cache.parts(0, session.num_computed)]


@given(st.lists(st.integers(0, 2), max_size=40), st.lists(st.integers(0, 2), max_size=40))
def test_the_common_length_is_that_of_a_plain_count(left: list[int], right: list[int]) -> None:
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    assert common_length(left, right) == count


def test_a_second_session_computes_only_where_it_parts_from_the_first() -> None:
    """Counted at the model; and the report names the first id that differs."""
    engine = engine_with_pool()
    first = prefilled(engine, [*SYSTEM, 50, 51, 52])
    forwarded = engine.decoder.tokens_forwarded
    second = prefilled(engine, [*SYSTEM, 60, 61])
    assert engine.decoder.tokens_forwarded - forwarded == 2
    assert report(second) == PrefillReport(0, 40, 2, Divergence(40, there=50, here=60))
    assert second.tokens_reused == 40
    for part, original in zip(keys_and_values(second), keys_and_values(first), strict=True):
        assert torch.equal(part[:, :40], original[:, :40])


def test_the_last_token_is_computed_even_where_all_is_known() -> None:
    """Its logits are what comes next."""
    engine = engine_with_pool()
    first = prefilled(engine, SYSTEM)
    second = prefilled(engine, SYSTEM)
    assert report(second) == PrefillReport(0, 39, 1)
    assert second.num_computed == first.num_computed == 40


def test_a_session_that_is_gone_is_still_of_use() -> None:
    engine = engine_with_pool()
    prefilled(engine, SYSTEM)
    gc.collect()
    assert engine.prefixes.kept_nbytes > 0
    assert report(prefilled(engine, [*SYSTEM, 9])).num_copied == 40


def test_a_session_goes_on_from_what_another_has_computed_beyond_it() -> None:
    engine = engine_with_pool()
    longer = prefilled(engine, [*SYSTEM, *SYSTEM])
    session = prefilled(engine, SYSTEM)
    session.append([*SYSTEM, 7])
    list(session.prefill())
    assert report(session) == PrefillReport(40, 40, 1)
    assert longer.num_computed == 80


def test_what_a_session_forgot_is_not_offered_to_others() -> None:
    engine = engine_with_pool()
    first = prefilled(engine, [*SYSTEM, 50, 51])
    first.truncate(10)
    first.append([99, 98])
    assert report(prefilled(engine, [*SYSTEM, 50])).num_copied == 10


def test_only_pinned_beginnings_are_shared_where_bits_depend_on_rows() -> None:
    engine = engine_with_pool(shares_any=False)
    first = prefilled(engine, [*SYSTEM, 50, 51], pinned=40)
    assert report(prefilled(engine, [*SYSTEM, 50, 60])).num_copied == 0
    assert report(prefilled(engine, [*SYSTEM, 50, 60], pinned=30)).num_copied == 0
    assert report(prefilled(engine, [*SYSTEM, 50, 60], pinned=40)).num_copied == 40
    assert first.num_computed == 42


@given(
    tails=st.lists(st.lists(st.integers(0, 127), min_size=1, max_size=60), min_size=1, max_size=4),
    pinned=st.integers(1, 40),
)
def test_sharing_pinned_beginnings_changes_no_bit_whatever_the_kernels(
    tails: list[list[int]], pinned: int
) -> None:
    """Against an engine that never saw another session: ids, log probabilities, keys and values."""
    engine = engine_with_pool(shares_any=False)
    params = SamplingParams(temperature=1.0, seed=3, logprobs=2)
    for number, tail in enumerate(tails):
        session = session_of(engine, [*SYSTEM, *tail], pinned=pinned)
        tokens = list(session.generate(params, max_new_tokens=4))
        assert report(session).num_copied == (pinned if number else 0)
        alone = session_of(tiny_engine(), [*SYSTEM, *tail], pinned=pinned)
        assert list(alone.generate(params, max_new_tokens=4)) == tokens
        for part, expected in zip(keys_and_values(session), keys_and_values(alone), strict=True):
            assert torch.equal(part, expected)


def test_a_pinned_beginning_that_was_cut_is_no_longer_pinned() -> None:
    """What is left of it was computed in other chunks than a session that pins as much would use."""
    engine = engine_with_pool(shares_any=False)
    first = prefilled(engine, [*SYSTEM, 50], pinned=40)
    first.truncate(39)
    first.append([40, 50])
    list(first.prefill())
    assert report(prefilled(engine, [*SYSTEM, 50], pinned=40)).num_copied == 0


def test_a_kept_beginning_is_offered_only_as_far_as_it_was_computed_apart() -> None:
    """A longer session that pinned less took the place of one that pinned more, and passed its own bits off as those."""
    engine = engine_with_pool(shares_any=False)
    for ids, pinned in (([*SYSTEM, 50], 40), ([*SYSTEM, 50, 51], 1)):
        prefilled(engine, ids, pinned=pinned)
    shared = prefilled(engine, [*SYSTEM, 60], pinned=40)
    assert report(shared).num_copied == 40
    alone = prefilled(tiny_engine(), [*SYSTEM, 60], pinned=40)
    for part, expected in zip(keys_and_values(shared), keys_and_values(alone), strict=True):
        assert torch.equal(part, expected)


def test_memory_of_sessions_that_are_gone_is_bounded_and_pinned_beginnings_go_last() -> None:
    engine = engine_with_pool()
    one = prefilled(engine, [*SYSTEM, *([7] * 200)], pinned=40)
    limit = one.cache_nbytes * 2
    engine = engine_with_pool(limit_bytes=limit)
    for number in range(10):
        prefilled(engine, [*SYSTEM, *([number + 50] * 200)], pinned=40)
        assert engine.prefixes.kept_nbytes <= limit
    assert report(prefilled(engine, [*SYSTEM, 49], pinned=40)).num_copied == 40
    assert report(prefilled(engine, [*SYSTEM, *([59] * 200), 1])).num_copied == 240  # used last
    assert report(prefilled(engine, [*SYSTEM, *([51] * 200), 1])).num_copied == 40


def test_without_memory_for_it_nothing_is_kept() -> None:
    engine = engine_with_pool(limit_bytes=0)
    prefilled(engine, SYSTEM, pinned=20)
    assert engine.prefixes.kept_nbytes == 0
    assert report(prefilled(engine, [*SYSTEM, 1])).num_copied == 0


def test_what_is_saved_and_restored_is_shared_too(tmp_path: Path) -> None:
    engine = engine_with_pool(shares_any=False)
    path = tmp_path / "s"
    prefilled(engine, [*SYSTEM, 5], pinned=40).save(path)
    other = engine_with_pool(shares_any=False)
    restored = other.restore(path)
    assert report(prefilled(other, [*SYSTEM, 6], pinned=40)).num_copied == 40
    assert restored.num_computed == 41


def test_sessions_in_many_threads_share_one_pool() -> None:
    """Each thread truncates, appends and generates; every result is that of a session alone."""
    engine = engine_with_pool(shares_any=False)
    expected = {}
    for seed in range(4):
        alone = session_of(tiny_engine(), [*SYSTEM, seed], pinned=40)
        expected[seed] = [token.token_id for token in alone.generate(max_new_tokens=3)]
    problems: list[object] = []

    def work(seed: int) -> None:
        for _ in range(10):
            session = session_of(engine, [*SYSTEM, seed], pinned=40)
            tokens = [token.token_id for token in session.generate(max_new_tokens=3)]
            if tokens != expected[seed]:
                problems.append((seed, tokens))
            session.truncate(5)
            session.append([seed] * 20)
            list(session.prefill())

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems

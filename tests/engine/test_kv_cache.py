"""The cache against the plainest possible model of it: a list of positions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.kv_cache import KVCache
from glm_engine.testing import tiny_config

CONFIG = tiny_config()


def new_cache(max_length: int = 600) -> KVCache:
    return KVCache(CONFIG, dtype=torch.float32, device=torch.device("cpu"), max_length=max_length)


def append(cache: KVCache, rows: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Append (T, Hkv, D) rows to every layer, each layer and kind with its own offset, and commit."""
    views = []
    for layer in range(CONFIG.num_layers):
        view = cache.append(layer, rows + layer, -rows - layer)
        views.append((view.keys.clone(), view.values.clone()))
    cache.commit(rows.shape[0])
    return views


def check(views: list[tuple[torch.Tensor, torch.Tensor]], rows: torch.Tensor) -> None:
    for layer, (keys, values) in enumerate(views):
        assert torch.equal(keys, (rows + layer).transpose(0, 1))
        assert torch.equal(values, (-rows - layer).transpose(0, 1))


def random_rows(count: int) -> torch.Tensor:
    return torch.randn(count, CONFIG.num_kv_heads, CONFIG.head_dim)


@given(
    st.lists(
        st.tuples(st.sampled_from(["append", "truncate", "fork", "abandon"]), st.integers(0, 150)),
        max_size=12,
    )
)
def test_any_sequence_of_operations_keeps_the_positions(steps: list[tuple[str, int]]) -> None:
    """Append, truncate, fork and a pass abandoned before its commit, in any order."""
    cache, expected = new_cache(2000), random_rows(0)
    for operation, amount in steps:
        if operation == "append" and amount:
            rows = random_rows(amount)
            expected = torch.cat([expected, rows])
            check(append(cache, rows), expected)
        elif operation == "truncate":
            length = min(amount, cache.length)
            cache.truncate(length)
            expected = expected[:length]
        elif operation == "fork":
            original, cache = cache, cache.fork()
            append(original, random_rows(3))  # must not show in the fork
            original.truncate(0)
            append(original, random_rows(5))
        elif operation == "abandon" and amount:
            cache.append(0, random_rows(amount), random_rows(amount))
        assert cache.length == expected.shape[0]
    rows = random_rows(1)
    check(append(cache, rows), torch.cat([expected, rows]))


def test_reserving_ahead_allocates_once() -> None:
    cache = new_cache()
    cache.reserve(500)
    nbytes = cache.nbytes
    append(cache, random_rows(500))
    assert cache.nbytes == nbytes


def test_capacity_never_exceeds_the_limit() -> None:
    cache = new_cache(max_length=300)
    append(cache, random_rows(299))
    assert cache.capacity == 300


def test_overfull_cache_is_refused_and_unharmed() -> None:
    cache = new_cache(max_length=300)
    rows = random_rows(299)
    append(cache, rows)
    with pytest.raises(ValueError, match="301 positions exceed the cache's 300"):
        append(cache, random_rows(2))
    last = random_rows(1)
    check(append(cache, last), torch.cat([rows, last]))


def test_truncating_beyond_the_end_is_refused() -> None:
    cache = new_cache()
    append(cache, random_rows(4))
    with pytest.raises(ValueError, match="cannot truncate 4 positions to 5"):
        cache.truncate(5)


def test_bytes_are_those_of_keys_and_values() -> None:
    cache = new_cache(max_length=512)
    cache.reserve(512)
    width = CONFIG.num_kv_heads * CONFIG.head_dim * 4  # fp32
    assert cache.nbytes == 2 * CONFIG.num_layers * 512 * width

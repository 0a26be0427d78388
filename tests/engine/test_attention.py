"""The fast attention path against the reference beside it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.attention import attend, attend_reference, causal_mask


@given(
    num_queries=st.sampled_from([1, 2, 3, 15, 16, 17, 40]),
    num_cached=st.sampled_from([0, 1, 7, 64, 130]),
    group_size=st.sampled_from([1, 2, 3, 16]),
    num_kv_heads=st.sampled_from([1, 2, 3]),
    head_dim=st.sampled_from([8, 20, 64]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
def test_fast_path_equals_the_reference(
    num_queries: int,
    num_cached: int,
    group_size: int,
    num_kv_heads: int,
    head_dim: int,
    dtype: torch.dtype,
) -> None:
    generator = torch.Generator().manual_seed(num_queries + num_cached)
    num_keys = num_cached + num_queries

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator).to(dtype)

    queries = random(num_queries, group_size * num_kv_heads, head_dim)
    # A longer buffer, as the cache has it: keys of a head are contiguous, heads are not next to each other.
    keys, values = random(2, num_kv_heads, num_keys + 5, head_dim)[:, :, :num_keys]
    mask = causal_mask(num_queries, num_keys, queries.device)
    expected = attend_reference(queries, keys, values)
    # bf16 keeps 8 bits of each of about 2 sums of values near 1.
    tolerance = 1e-6 if dtype == torch.float32 else 2e-2
    assert torch.allclose(
        attend(queries, keys, values, mask).float(), expected.float(), rtol=0, atol=tolerance
    )


def test_a_query_does_not_see_what_follows_it() -> None:
    """Changing a later key or value changes no earlier row, in either branch of the fast path."""
    for num_queries in (5, 50):
        queries = torch.randn(num_queries, 4, 8)
        keys, values = torch.randn(2, 2, num_queries, 8)
        mask = causal_mask(num_queries, num_queries, queries.device)
        before = attend(queries, keys, values, mask)
        keys[:, -1] += 100
        values[:, -1] += 100
        after = attend(queries, keys, values, mask)
        assert torch.equal(before[:-1], after[:-1])
        assert not torch.equal(before[-1], after[-1])


@pytest.mark.parametrize("scale", [1e4, 1e-30])
def test_softmax_survives_extreme_scores(scale: float) -> None:
    """GLM-4's large query and key biases give scores that overflow a softmax in half precision."""
    queries = torch.randn(3, 4, 8) * scale
    keys, values = torch.randn(2, 2, 9, 8)
    output = attend(queries, keys, values, causal_mask(3, 9, queries.device))
    assert torch.allclose(output, attend_reference(queries, keys, values), rtol=0, atol=1e-5)

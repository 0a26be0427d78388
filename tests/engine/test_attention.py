"""Every way to compute attention against the formula in fp64, and the native kernel's bits against themselves."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from glm_engine.attention import (
    Attention,
    NativeAttention,
    TorchAttention,
    attend_reference,
    choose_attention,
)
from glm_engine.kernels.attention import best_instruction_set
from glm_engine.kv_cache import KVCache, LayerView, layer_formats
from glm_engine.testing import tiny_config

# Query heads, key heads, width: GLM-4-9B and ChatGLM2-6B (cut down to one key head too), the demo model, odd ones.
GEOMETRIES = [
    (32, 2, 128),
    (16, 1, 128),
    (9, 3, 64),
    (4, 2, 8),
    (6, 1, 20),
    (3, 3, 96),
    (2, 1, 256),
]
# Query tokens and keys: around the edges of tiles, chunks and spans; one row, and several blocks of rows.
SIZES = [
    (1, 1),
    (2, 2),
    (1, 15),
    (16, 17),
    (5, 255),
    (1, 256),
    (2, 257),
    (17, 300),
    (1, 1025),
    (70, 1030),
]

# Largest error of a result over the largest value that went into it. bf16 keeps 8 bits of the result, and the tiles
# keep 8 of each weight.
TOLERANCES = {torch.float32: 2e-6, torch.bfloat16: 8e-3}


def natives(dtype: torch.dtype, head_dim: int) -> Iterator[Attention]:
    """The native kernel with each instruction set that this machine runs on such numbers."""
    for instruction_set in range(best_instruction_set(dtype, head_dim) + 1):
        yield NativeAttention(instruction_set)


def random_inputs(
    num_queries: int,
    num_keys: int,
    geometry: tuple[int, int, int],
    dtype: torch.dtype,
    *,
    seed: int = 0,
    spread: float = 1.0,
) -> tuple[Tensor, LayerView]:
    """Queries as the model cuts them from its projection, and keys and values as the cache has them: in larger buffers."""
    num_heads, num_kv_heads, head_dim = geometry
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).mul_(spread).to(dtype)

    queries = random(num_queries, num_heads + 2 * num_kv_heads, head_dim)[:, :num_heads]
    keys, values = random(2, num_kv_heads, num_keys + 5, head_dim)
    keys[:, num_keys:] = values[:, num_keys:] = math.nan  # what no query may see
    return queries, LayerView(keys[:, :num_keys], values[:, :num_keys])


def first(cached: LayerView, count: int) -> LayerView:
    scales = (cached.key_scales, cached.value_scales)
    key_scales, value_scales = (s if s is None else s[:, :count] for s in scales)
    return LayerView(
        cached.keys[:, :count],
        cached.values[:, :count],
        key_scales,
        value_scales,
        cached.value_offset,
    )


def as_int8(cached: LayerView) -> LayerView:
    """The same, quantised, with an offset for values; again in larger buffers."""
    num_kv_heads, count, head_dim = cached.keys.shape
    config = tiny_config(num_heads=num_kv_heads, num_kv_heads=num_kv_heads, head_dim=head_dim)
    config = replace(config, num_layers=1)
    bias = torch.randn(3 * num_kv_heads * head_dim, generator=torch.Generator().manual_seed(0))
    cache = KVCache(
        config,
        dtype=cached.keys.dtype,
        device=cached.keys.device,
        max_length=count + 9,
        formats=layer_formats(config, "int8", [bias]),
    )
    return cache.append(0, cached.keys.transpose(0, 1), cached.values.transpose(0, 1))


def relative_error(output: Tensor, queries: Tensor, cached: LayerView) -> float:
    exact = attend_reference(queries, cached, torch.float64)
    values = cached.dequantized(torch.float64)[1]
    return float((output.double() - exact).abs().max() / values.abs().max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_native_kernel_equals_the_formula(
    geometry: tuple[int, int, int], dtype: torch.dtype
) -> None:
    for num_queries, num_keys in SIZES:
        queries, cached = random_inputs(num_queries, num_keys, geometry, dtype)
        for attention in natives(dtype, geometry[2]):
            output = attention(queries, cached)
            assert relative_error(output, queries, cached) < TOLERANCES[dtype], attention.name


@settings(max_examples=40)
@given(
    num_queries=st.integers(1, 40),
    num_cached=st.integers(0, 130),
    geometry=st.sampled_from(GEOMETRIES),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
def test_torch_kernel_equals_the_formula(
    num_queries: int, num_cached: int, geometry: tuple[int, int, int], dtype: torch.dtype
) -> None:
    queries, cached = random_inputs(num_queries, num_cached + num_queries, geometry, dtype)
    output = TorchAttention()(queries, cached)
    assert relative_error(output, queries, cached) < TOLERANCES[dtype]


def test_far_positions_are_weighed_like_near_ones() -> None:
    """GLM-4's whole context of 131,072, in two heads."""
    for num_keys in (131072, 130998):
        queries, cached = random_inputs(2, num_keys, (2, 1, 32), torch.bfloat16, spread=3.0)
        cached.values[:, num_keys - 1] += 50  # the second query sees it, the first does not
        cached.values[:, 0] -= 50
        exact = attend_reference(queries, cached, torch.float64)
        for attention in natives(torch.bfloat16, 32):
            output = attention(queries, cached).double()
            assert torch.allclose(output, exact, rtol=0.02, atol=0.02), attention.name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("geometry", [(32, 2, 128), (9, 3, 64), (3, 3, 96)])
def test_int8_keys_and_values_are_read_as_what_they_stand_for(
    geometry: tuple[int, int, int], dtype: torch.dtype
) -> None:
    for num_queries, num_keys in SIZES:
        queries, cached = random_inputs(num_queries, num_keys, geometry, dtype)
        quantized = as_int8(cached)
        for attention in natives(dtype, geometry[2]):
            output = attention(queries, quantized)
            assert relative_error(output, queries, quantized) < TOLERANCES[dtype], attention.name
        if num_keys > 16:
            visible = first(quantized, num_keys - num_queries + 1)
            assert torch.equal(attention(queries[:1], visible), output[:1])


@settings(max_examples=60)
@given(data=st.data())
def test_bits_do_not_depend_on_chunks_rows_or_threads(data: st.DataObject) -> None:
    """Promise P5 for attention: a position's result is the same computed alone and in any chunk that ends with it."""
    geometry = data.draw(st.sampled_from(GEOMETRIES))
    dtype = data.draw(st.sampled_from([torch.float32, torch.bfloat16]))
    best = best_instruction_set(dtype, geometry[2])
    attention = NativeAttention(data.draw(st.integers(0, best)))
    num_keys = data.draw(st.integers(1, 1100))
    num_rows = data.draw(st.integers(1, min(num_keys, 40)))
    spread = data.draw(st.sampled_from([1e-3, 1.0, 30.0]))
    queries, cached = random_inputs(
        num_rows, num_keys, geometry, dtype, spread=spread, seed=num_keys
    )
    together = attention(queries, cached)
    start = 0
    threads = torch.get_num_threads()
    try:
        while start < num_rows:
            torch.set_num_threads(data.draw(st.integers(1, 3)))
            stop = data.draw(st.integers(start + 1, num_rows))
            visible = first(cached, num_keys - num_rows + stop)
            assert torch.equal(attention(queries[start:stop], visible), together[start:stop])
            start = stop
    finally:
        torch.set_num_threads(threads)


def test_splitting_rows_and_splitting_the_context_give_the_same_bits() -> None:
    """Few rows split the context over threads, many split the rows; 20 tokens of 16 heads are the first of many."""
    attention = choose_attention(torch.bfloat16, 128, torch.device("cpu"))
    queries, cached = random_inputs(300, 3000, (32, 2, 128), torch.bfloat16)
    together = attention(queries, cached)
    for start, count in ((0, 1), (16, 16), (100, 20), (299, 1), (271, 29)):
        part = attention(queries[start : start + count], first(cached, 2700 + start + count))
        assert torch.equal(part, together[start : start + count])


@pytest.mark.parametrize("spread", [3e2, 1e-30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_softmax_survives_extreme_scores(dtype: torch.dtype, spread: float) -> None:
    """GLM-4's large query and key biases give scores that overflow a softmax in half precision; denormals are small."""
    queries, cached = random_inputs(3, 300, (4, 2, 32), dtype, spread=spread)
    # Scores of 1e5 have errors of 1e-2 in fp32, and the weights errors of as much.
    tolerance = 0.03 if spread > 1 else TOLERANCES[dtype]
    for attention in natives(dtype, 32):
        output = attention(queries, cached)
        assert output.isfinite().all()
        assert relative_error(output, queries, cached) < tolerance, attention.name


@pytest.mark.parametrize("damaged", ["query", "key", "value"])
def test_nan_is_not_hidden(damaged: str) -> None:
    """Damaged numbers must reach the check of the logits, from a query, a key or a value that is seen."""
    queries, cached = random_inputs(20, 280, (4, 2, 32), torch.bfloat16)
    places = {"query": queries[19], "key": cached.keys[:, 7], "value": cached.values[:, 7]}
    places[damaged].fill_(math.nan)
    for attention in natives(torch.bfloat16, 32):
        output = attention(queries, cached)
        assert output[19].isnan().all(), attention.name
        assert output[0].isnan().all() == (damaged != "query"), attention.name


def test_inputs_that_the_kernel_cannot_read_are_refused() -> None:
    attention = choose_attention(torch.float32, 8, torch.device("cpu"))
    queries, cached = random_inputs(2, 5, (4, 2, 8), torch.float32)
    for bad_queries, bad_cached in (
        (queries.bfloat16(), cached),
        (queries[..., ::2].repeat(1, 1, 2)[..., ::2], cached),
        (queries, replace(cached, keys=cached.keys[:, 1:])),
        (queries, replace(cached, keys=cached.keys.transpose(1, 2).contiguous().transpose(1, 2))),
        (queries.repeat(3, 1, 1), cached),
    ):
        with pytest.raises(ValueError, match=r"do not fit each other or are not packed"):
            attention(bad_queries, bad_cached)

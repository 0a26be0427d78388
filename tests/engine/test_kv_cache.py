"""The cache against the plainest possible model of it, a list of positions; int8 against what it was made from."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.attention import attend_reference
from glm_engine.kv_cache import MAX_KEY_BIAS, KVCache, KVFormat, LayerView, layer_formats
from glm_engine.memory_plan import kv_bytes_per_token
from glm_engine.model import Decoder
from glm_engine.testing import random_parameters, tiny_config

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


def test_room_may_be_had_beyond_the_limit_and_is_no_place_to_append() -> None:
    cache = new_cache(max_length=300)
    append(cache, random_rows(200))
    cache.reserve(201, room=512)
    assert (cache.capacity, cache.generation) == (512, 2)
    cache.reserve(202, room=512)
    assert (cache.capacity, cache.generation) == (512, 2)
    with pytest.raises(ValueError, match="301 positions exceed the cache's 300"):
        append(cache, random_rows(101))


@given(
    st.lists(
        st.tuples(st.sampled_from(["append", "abandon", "truncate", "fork", "zero"]), st.integers(1, 90)),
        max_size=12,
    )
)  # fmt: skip
def test_zeros_are_where_they_were_asked_for(steps: list[tuple[str, int]]) -> None:
    """After any operations, with buffers of unknown numbers: appended ones are NaN, so that none is overlooked."""
    cache = new_cache(2000)
    nans = torch.full((90, CONFIG.num_kv_heads, CONFIG.head_dim), torch.nan)
    for operation, amount in steps:
        if operation == "append":
            append(cache, nans[:amount])
        elif operation == "abandon":
            cache.append(0, nans[:amount], nans[:amount])
        elif operation == "truncate":
            cache.truncate(max(0, cache.length - amount))
        elif operation == "fork":
            cache = cache.fork()
        else:
            start = cache.length + amount
            cache.reserve(start, room=start + 50)
            cache.zero_from(start)
            for part in cache.parts(start, cache.capacity):
                assert not part.any()
            for part in cache.parts(0, cache.length):
                assert part.isnan().all()


def test_zeros_over_what_is_computed_are_refused() -> None:
    cache = new_cache()
    append(cache, random_rows(10))
    with pytest.raises(ValueError, match="zeros from 9 on"):
        cache.zero_from(9)


@pytest.mark.parametrize("kv_format", ["auto", "int8"])
def test_a_span_is_written_as_the_cache_itself(kv_format: KVFormat) -> None:
    """At positions that only a tensor knows; the rest of the span stays as it is."""
    formats = layer_formats(INT8_CONFIG, kv_format, [torch.randn(4 * WIDTH)])
    caches = [
        KVCache(
            INT8_CONFIG,
            dtype=torch.float32,
            device=torch.device("cpu"),
            max_length=400,
            formats=formats,
        )
        for _ in range(2)
    ]
    _, keys, values = int8_inputs(40)
    for cache in caches:
        cache.append(0, keys, values)
        cache.commit(40)
    _, more_keys, more_values = int8_inputs(5, seed=1)
    positions, mask = torch.arange(40, 45), torch.zeros(10, 256)
    view = caches[0].span(positions, 256, mask).append(0, more_keys, more_values)
    expected = caches[1].append(0, more_keys, more_values)
    assert view.mask is mask
    assert view.keys.shape[1] == 256
    for cache in caches:
        cache.commit(5)
    for part, other in zip(caches[0].parts(0, 45), caches[1].parts(0, 45), strict=True):
        assert torch.equal(part, other)
    for one, other in zip(
        view.dequantized(torch.float32), expected.dequantized(torch.float32), strict=True
    ):
        assert torch.equal(one[:, :45], other)


# --- int8

INT8_CONFIG = tiny_config(head_dim=64, rotary_dim=32, num_layers=1, context_length=2048)
WIDTH = INT8_CONFIG.num_kv_heads * INT8_CONFIG.head_dim


def int8_cache(bias: torch.Tensor | None = None) -> KVCache:
    formats = layer_formats(INT8_CONFIG, "int8", [bias])
    return KVCache(
        INT8_CONFIG,
        dtype=torch.float32,
        device=torch.device("cpu"),
        max_length=2048,
        formats=formats,
    )


def int8_inputs(count: int, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Queries (count, H, D), keys and values (count, Hkv, D), without biases."""
    generator = torch.Generator().manual_seed(seed)
    num_heads, num_kv_heads = INT8_CONFIG.num_heads, INT8_CONFIG.num_kv_heads
    rows = torch.randn(count, num_heads + 2 * num_kv_heads, INT8_CONFIG.head_dim, generator=generator)  # fmt: skip
    queries, keys, values = torch.split(rows, [num_heads, num_kv_heads, num_kv_heads], dim=1)
    return queries, keys, values


def bias_of(keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """(rows of the fused projection), from biases (Hkv, D) of keys and values."""
    queries = torch.zeros(INT8_CONFIG.num_heads * INT8_CONFIG.head_dim)
    return torch.cat([queries, keys.flatten(), values.flatten()])


def attention_error(cache: KVCache, keys: torch.Tensor, values: torch.Tensor) -> float:
    """Root mean square error of attention over int8, relative to the spread of values."""
    queries = int8_inputs(len(keys))[0]
    exact = LayerView(keys.transpose(0, 1), values.transpose(0, 1))
    expected = attend_reference(queries, exact, torch.float64)
    output = attend_reference(queries, cache.append(0, keys, values), torch.float64)
    return float((output - expected).square().mean().sqrt() / values.std())


def test_int8_values_are_within_half_a_step() -> None:
    """The bound by construction: a step is the largest of 32 channels over 126.5, and a scale keeps 8 bits."""
    _, keys, values = int8_inputs(500)
    keys[3, 0, :40] = 0.0
    keys[4] *= 1e4
    values[5] *= 1e-6
    restored = int8_cache().append(0, keys, values).dequantized(torch.float32)
    for tensor, back in zip((keys, values), restored, strict=True):
        rows = tensor.transpose(0, 1)
        largest = rows.unflatten(-1, (-1, 32)).abs().amax(-1).repeat_interleave(32, -1)  # type: ignore[no-untyped-call]
        assert ((back - rows).abs() <= largest * (0.5 / 126.5) * (1 + 2**-7) + 1e-30).all()


def test_int8_attention_errs_by_less_than_a_percent() -> None:
    _, keys, values = int8_inputs(600)
    assert attention_error(int8_cache(), keys, values) < 0.01


def test_a_bias_of_a_thousand_where_nothing_rotates_costs_nothing() -> None:
    """What broke int8 keys elsewhere: a bias takes the bits of 31 neighbours. It is taken out before, as of values."""
    _, keys, values = int8_inputs(600)
    plain = attention_error(int8_cache(), keys, values)
    key_bias, value_bias = torch.zeros(2, INT8_CONFIG.num_kv_heads, INT8_CONFIG.head_dim)
    key_bias[:, 40] = 1000.0
    value_bias[:, 3] = -500.0
    cache = int8_cache(bias_of(key_bias, value_bias))
    queries = int8_inputs(600)[0]
    expected = attend_reference(
        queries, LayerView(keys.transpose(0, 1), values.transpose(0, 1)), torch.float64
    )
    view = cache.append(0, keys + key_bias, values + value_bias)
    output = attend_reference(queries, view, torch.float64)
    group_size = INT8_CONFIG.num_heads // INT8_CONFIG.num_kv_heads
    output -= value_bias.repeat_interleave(group_size, 0).flatten()
    assert float((output - expected).square().mean().sqrt() / values.std()) < 1.1 * plain


@pytest.mark.parametrize(("bias", "is_int8"), [(MAX_KEY_BIAS, True), (2 * MAX_KEY_BIAS, False)])
def test_a_layer_with_a_large_rotated_key_bias_is_not_quantised(bias: float, is_int8: bool) -> None:
    key_bias, value_bias = torch.zeros(2, INT8_CONFIG.num_kv_heads, INT8_CONFIG.head_dim)
    key_bias[1, 7] = -bias
    (kept,) = layer_formats(INT8_CONFIG, "int8", [bias_of(key_bias, value_bias)])
    assert kept.is_int8 == is_int8


def test_largest_bias_that_is_quantised_moves_scores_by_less_than_one() -> None:
    """Queries and keys of unit spread: weights err by a factor, not by orders of magnitude."""
    queries, keys, values = int8_inputs(600)
    keys[:, :, 7] += MAX_KEY_BIAS
    view = int8_cache().append(0, keys, values)
    back = view.dequantized(torch.float32)[0].transpose(0, 1)
    group_size = INT8_CONFIG.num_heads // INT8_CONFIG.num_kv_heads
    errors = (back - keys).repeat_interleave(group_size, 1)
    moved = (errors * queries).sum(-1) * INT8_CONFIG.head_dim**-0.5
    assert moved.abs().max() < 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 60))
def test_int8_bits_do_not_depend_on_chunks_forks_or_truncation(
    counts: list[int], length: int
) -> None:
    _, keys, values = int8_inputs(sum(counts))
    whole = int8_cache()
    whole.append(0, keys, values)
    whole.commit(len(keys))
    chunked = int8_cache()
    for count in counts:
        at = chunked.length
        chunked.append(0, keys[at : at + count], values[at : at + count])
        chunked.commit(count)
    chunked.truncate(min(length, chunked.length))
    chunked = chunked.fork()
    at = chunked.length
    chunked.append(0, keys[at:], values[at:])
    chunked.commit(len(keys) - at)
    pairs = zip(whole.parts(0, len(keys)), chunked.parts(0, len(keys)), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_int8_takes_the_bytes_that_the_plan_says() -> None:
    config = tiny_config(head_dim=128, rotary_dim=64)
    parameters = random_parameters(config)
    cache = Decoder(config, parameters, kv_format="int8").new_cache(512)
    cache.reserve(512)
    assert cache.nbytes == 512 * kv_bytes_per_token(config, "int8")
    assert kv_bytes_per_token(config, "int8") / kv_bytes_per_token(config) == 0.53125


def test_logits_over_int8_keys_and_values_are_near() -> None:
    """The stated bound: 2 % of the logits' own spread, over 4 layers with GLM's biases and rotation."""
    config = replace(INT8_CONFIG, num_layers=4, hidden_size=128, intermediate_size=256)
    parameters = random_parameters(config, seed=3)
    token_ids = torch.randint(config.vocab_size, (300,), generator=torch.Generator().manual_seed(1))
    exact, near = (
        decoder.forward(token_ids, decoder.new_cache(512), num_logits=300)
        for decoder in (
            Decoder(config, parameters),
            Decoder(config, parameters, kv_format="int8"),
        )
    )
    error = (near - exact).square().mean().sqrt() / exact.std()
    assert 0 < error < 0.02


@pytest.mark.parametrize(
    ("head_dim", "kv_format", "problem"),
    [(8, "int8", "multiple of 32 channels"), (64, "int4", "must be 'auto' or 'int8'")],
)
def test_formats_that_cannot_be_kept_are_refused(
    head_dim: int, kv_format: str, problem: str
) -> None:
    config = tiny_config(head_dim=head_dim, rotary_dim=4)
    with pytest.raises(ValueError, match=problem):
        Decoder(config, random_parameters(config), kv_format=kv_format)  # type: ignore[arg-type]

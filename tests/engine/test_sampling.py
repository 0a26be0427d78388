"""Sampling against exact distributions and against transformers' processors."""

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.errors import ConstraintError, NonFiniteLogitsError
from glm_engine.sampling import (
    SamplingParams,
    filter_logits,
    gumbel_max,
    logprobs_of,
    mask_logits,
    penalise_repetition,
    sample,
    uniform_noise,
    uniform_noise_at,
)

NO_HISTORY: Any = torch.zeros(1, 1, dtype=torch.long)
FALSE_ALARM = 1e-3  # seeds are fixed, so a test that passes goes on passing


def random_logits(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed)) * 3


def packed(allowed: list[int], vocab_size: int) -> np.ndarray:
    words = np.zeros(-(-vocab_size // 32), dtype=np.uint32)
    for token_id in allowed:
        words[token_id // 32] |= np.uint32(1 << token_id % 32)
    return words.view(np.int32)


def chance(samples: list[int], probabilities: torch.Tensor) -> float:
    """Chance that samples of the distribution lie as far off as these: Pearson's chi-square test."""
    observed = np.bincount(samples, minlength=len(probabilities))
    expected = probabilities.double().numpy() * len(samples)
    support = expected > 0
    assert observed[~support].sum() == 0
    statistic = ((observed - expected)[support] ** 2 / expected[support]).sum()
    half_freedom = torch.tensor((support.sum() - 1) / 2)
    return float(torch.special.gammaincc(half_freedom, torch.tensor(statistic / 2)))


@pytest.mark.parametrize("vocab_size", [2, 5, 10, 20])
@pytest.mark.parametrize("by", ["position", "seed"])
def test_samples_follow_the_softmax(vocab_size: int, by: str) -> None:
    """Along a sequence with one seed, and over seeds at one position: both ways the noise must be independent."""
    logits = random_logits(vocab_size) / 3
    samples = [
        gumbel_max(logits, seed=3, position=n) if by == "position" else gumbel_max(logits, n, 7)
        for n in range(5000)
    ]
    assert chance(samples, logits.softmax(0)) > FALSE_ALARM


def test_filters_and_temperature_shape_the_distribution() -> None:
    """The whole path, against probabilities computed with transformers' processors."""
    logits = random_logits(40)
    params = SamplingParams(temperature=1.7, top_k=9, top_p=0.9)
    processors = transformers.LogitsProcessorList(
        [
            transformers.TemperatureLogitsWarper(1.7),
            transformers.TopKLogitsWarper(9),
            transformers.TopPLogitsWarper(0.9),
        ]
    )
    expected = processors(NO_HISTORY, logits[None])[0].softmax(0)
    assert 3 < int((expected > 0).sum()) < 9  # both filters bite
    samples = [sample(logits, params, position=n) for n in range(5000)]
    assert chance(samples, expected) > FALSE_ALARM
    assert (
        chance(samples, logits.softmax(0).where(expected > 0, 0)) < FALSE_ALARM
    )  # the test can fail


@given(
    vocab_size=st.sampled_from([2, 33, 500, 3000]),
    seed=st.integers(0, 1000),
    top_k=st.sampled_from([0, 1, 2, 50, 5000]),
    top_p=st.sampled_from([1.0, 0.999, 0.8, 0.1, 1e-6]),
    min_p=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
def test_filters_keep_what_transformers_keeps(
    vocab_size: int, seed: int, top_k: int, top_p: float, min_p: float
) -> None:
    logits = random_logits(vocab_size, seed)
    expected = logits[None]
    processors: list[transformers.LogitsProcessor] = []
    if top_k:
        processors.append(transformers.TopKLogitsWarper(top_k))
    if top_p < 1:
        processors.append(transformers.TopPLogitsWarper(top_p))
    if min_p:
        processors.append(transformers.MinPLogitsWarper(min_p))
    for processor in processors:
        expected = processor(NO_HISTORY, expected)
    ours = filter_logits(logits, SamplingParams(top_k=top_k, top_p=top_p, min_p=min_p))
    assert torch.equal(ours.isfinite(), expected[0].isfinite())
    assert torch.equal(ours[ours.isfinite()], logits[ours.isfinite()])


@given(seed=st.integers(0, 1000), penalty=st.sampled_from([0.5, 1.1, 2.0]))
def test_repetition_penalty_equals_transformers(seed: int, penalty: float) -> None:
    logits = random_logits(50, seed)
    history = torch.randint(0, 50, (20,), generator=torch.Generator().manual_seed(seed))
    seen = torch.zeros(50, dtype=torch.bool)
    seen[history] = True
    processor = transformers.RepetitionPenaltyLogitsProcessor(penalty)
    expected = processor(history[None], logits[None].clone())[0]
    assert torch.allclose(penalise_repetition(logits, seen, penalty), expected, rtol=1e-6)


def test_top_p_over_a_flat_distribution_looks_beyond_its_prefilter() -> None:
    """Half of 5,000 equal tokens do not fit the candidates that are sorted first."""
    logits = torch.arange(5000) * 1e-6
    kept = filter_logits(logits, SamplingParams(top_p=0.5)).isfinite()
    assert 2450 < int(kept.sum()) < 2550
    assert bool(kept[-2450:].all())


def test_greedy_takes_the_lowest_of_equal_ids() -> None:
    logits = torch.zeros(100)
    logits[[17, 40, 99]] = 5.0
    assert sample(logits, SamplingParams(), position=0) == 17


@pytest.mark.parametrize("vocab_size", [31, 32, 33, 128, 1000])
def test_only_allowed_tokens_are_sampled(vocab_size: int) -> None:
    logits = random_logits(vocab_size)
    allowed = sorted({0, vocab_size // 2, vocab_size - 1, int(logits.argmin())})
    mask = packed(allowed, vocab_size)
    kept = mask_logits(logits, mask).isfinite().nonzero()[:, 0].tolist()
    assert kept == allowed
    for position in range(50):
        params = SamplingParams(temperature=2.0)
        assert sample(logits, params, position=position, allowed=mask) in allowed
    best = max(allowed, key=lambda token_id: float(logits[token_id]))
    assert sample(logits, SamplingParams(), position=0, allowed=mask) == best


def test_filters_apply_to_what_the_mask_leaves() -> None:
    """A mask that comes after top-k could leave nothing to sample."""
    logits = torch.arange(64.0)
    params = SamplingParams(temperature=1.0, top_k=1, top_p=0.5, min_p=0.9)
    assert sample(logits, params, position=0, allowed=packed([3, 5], 64)) == 5


@pytest.mark.parametrize("mask", [np.zeros(4, np.int32), np.zeros(3, np.int32), np.ones(4, bool)])
def test_a_mask_that_is_empty_or_does_not_fit_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(ConstraintError):
        sample(torch.zeros(100), SamplingParams(), position=0, allowed=mask)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_not_finite_are_refused(bad: float, temperature: float) -> None:
    """Other engines sample token 0 from them, and the user sees '!!!!'."""
    logits = torch.zeros(100)
    logits[42] = bad
    with pytest.raises(NonFiniteLogitsError, match=r"position 1,234 are not finite \(token ids 42"):
        sample(logits, SamplingParams(temperature=temperature), position=1234)


@pytest.mark.parametrize("temperature", [1e-300, 1e-30, 1e-4])
def test_a_very_low_temperature_is_greedy(temperature: float) -> None:
    logits = random_logits(1000)
    params = SamplingParams(temperature=temperature)
    assert {sample(logits, params, position=n) for n in range(20)} == {int(logits.argmax())}


def test_noise_is_a_function_of_seed_and_position_alone() -> None:
    noise = uniform_noise(5, 100, 1000)
    assert np.array_equal(noise[:10], uniform_noise(5, 100, 10))
    assert not np.intersect1d(noise, uniform_noise(5, 101, 1000)).size
    assert not np.intersect1d(noise, uniform_noise(6, 100, 1000)).size
    assert noise.min() > 0
    assert noise.max() < 1


@given(
    seed=st.integers(0, 2**64 - 1),
    position=st.integers(0, 2**40),
    indices=st.lists(st.integers(0, 5000), min_size=1, max_size=30),
)
def test_noise_computed_alone_is_that_of_the_whole_stream(
    seed: int, position: int, indices: list[int]
) -> None:
    """Otherwise what is sampled would depend on how many candidates a filter left."""
    chosen = np.array(indices)
    whole = uniform_noise(seed, position, 5001)
    assert np.array_equal(uniform_noise_at(seed, position, chosen), whole[chosen])


def test_noise_is_the_published_generator() -> None:
    """Known answer of Philox4x64-10 for counter and key zero (Random123's kat_vectors); counting begins at one."""
    counter = np.array([2**64 - 1] * 4, dtype=np.uint64)
    raw = np.random.Philox(key=0, counter=counter).random_raw(4)  # wraps to zero
    assert [f"{word:016x}" for word in raw] == [
        "16554d9eca36314c",
        "db20fe9d672d0fdc",
        "d7e772cee186176b",
        "7e68b68aec7ba23b",
    ]


def test_logprobs_are_those_of_the_unchanged_distribution() -> None:
    logits = random_logits(300)
    expected = logits.log_softmax(0)
    logprob, top = logprobs_of(logits, 17, 5)
    assert logprob == pytest.approx(float(expected[17]), abs=1e-5)
    best = expected.topk(5)
    assert [token_id for token_id, _ in top] == best.indices.tolist()
    assert [value for _, value in top] == pytest.approx(best.values.tolist(), abs=1e-5)


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": 1e-38},  # all logits were infinite, and none the largest
        {"seed": -1},
        {"seed": 2**64},
        {"logprobs": -1},
    ],
)
def test_impossible_parameters_are_named(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        SamplingParams(**bad)

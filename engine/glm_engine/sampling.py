"""From logits to a token: pure functions on one row.

The order is that of `transformers`: repetition penalty, temperature, top-k, top-p, min-p; a constraint comes first.
Noise is a pure function of (seed, position), so what is sampled at a position depends on the logits there and on
nothing else: not on chunking, batching, or whether the position was drafted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glm_engine.errors import ConstraintError, NonFiniteLogitsError

_MIN_TEMPERATURE = 1e-30  # the range of fp32 ends at 1e-38
_NUCLEUS_DEPTH = 10.0  # top-p first sorts what is within this of the likeliest; all only if their mass is too small
_MAX_SORTED = 16384
_PHILOX_ROUNDS = 10
_PHILOX_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_PHILOX_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_MAX_JUMPS = 4096  # up to so many numbers of the noise's stream are computed alone


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingParams:
    """How the next token is chosen. The default is greedy: the likeliest token, the lowest id among equals.

    Attributes:
        temperature: logits are divided by it; 0 is greedy, and then everything but the penalty is without effect.
        top_k: keep the k likeliest tokens, and what ties with the last of them; 0 keeps all.
        top_p: keep the likeliest tokens until their mass reaches this; 1 keeps all.
        min_p: keep tokens at least this fraction as likely as the likeliest; 0 keeps all.
        repetition_penalty: above 1 makes every token of the sequence so far less likely (arXiv 1909.05858).
        seed: of the noise, 0 to 2**64 - 1.
        logprobs: None reports none; n reports the sampled token's and those of the n likeliest, by the model's own
            distribution before any of the above.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0
    logprobs: int | None = None

    def __post_init__(self) -> None:
        checks = {
            "temperature": (self.temperature, 0 <= self.temperature < float("inf"), "zero or more"),
            "top_k": (self.top_k, self.top_k >= 0, "zero (off) or more"),
            "top_p": (self.top_p, 0 < self.top_p <= 1, "above 0 and at most 1 (off)"),
            "min_p": (self.min_p, 0 <= self.min_p <= 1, "between 0 (off) and 1"),
            "repetition_penalty": (
                self.repetition_penalty,
                1e-6 <= self.repetition_penalty <= 1e6,
                "between 1e-6 and 1e6; 1 is off",  # beyond, logits leave the range of fp32
            ),
            "seed": (self.seed, 0 <= self.seed < 2**64, "between 0 and 2**64 - 1"),
            "logprobs": (
                self.logprobs,
                self.logprobs is None or 0 <= self.logprobs <= 100,
                "None or between 0 and 100",
            ),
        }
        for name, (value, is_valid, expected) in checks.items():
            if not is_valid:
                raise ValueError(f"{name} is {value!r}; it must be {expected}")


@torch.inference_mode()
def sample(
    logits: Tensor,
    params: SamplingParams,
    *,
    position: int,
    allowed: NDArray[np.int32] | None = None,
    seen: Tensor | None = None,
) -> int:
    """The next token.

    Args:
        logits: (V,) fp32; not changed.
        params: how to choose.
        position: index of the sampled token in its sequence; with the seed it gives the noise.
        allowed: packed mask as `TokenConstraint.allowed_tokens` returns it, or None.
        seen: (V,) bool, tokens the repetition penalty applies to; needed when it is on.

    Raises:
        NonFiniteLogitsError: a logit is NaN or infinite.
        ConstraintError: the mask does not fit, or allows nothing.
    """
    check_finite(logits, position)
    if allowed is not None:
        logits = mask_logits(logits, allowed)
    if params.repetition_penalty != 1.0 and seen is not None:
        logits = penalise_repetition(logits, seen, params.repetition_penalty)
    if params.temperature == 0:
        return int(logits.argmax())  # the first of equals
    # The likeliest stays at zero, so that no temperature overflows; below the floor, all are greedy.
    scaled = (logits - logits.max()) / max(params.temperature, _MIN_TEMPERATURE)
    return gumbel_max(filter_logits(scaled, params), params.seed, position)


def check_finite(logits: Tensor, position: int) -> None:
    """Refuse NaN and infinity: sampled from, they would look like text ("!!!!") and hide the damage.

    Raises:
        NonFiniteLogitsError: names the position and the first ids at fault.
    """
    if not torch.stack(torch.aminmax(logits)).isfinite().all():  # NaN comes through both
        not_finite = logits.isfinite().logical_not()
        raise NonFiniteLogitsError(position, not_finite.nonzero()[:10, 0].tolist())


def mask_logits(logits: Tensor, allowed: NDArray[np.int32]) -> Tensor:
    """A copy of `logits` with -inf for every token that the packed mask does not allow.

    Raises:
        ConstraintError: the mask has another size than the vocabulary, or allows no token.
    """
    vocab_size = logits.shape[0]
    num_words = -(-vocab_size // 32)
    if allowed.dtype != np.int32 or allowed.shape != (num_words,):
        raise ConstraintError(
            f"the mask of allowed tokens is {allowed.dtype} {allowed.shape}; a vocabulary of"
            f" {vocab_size:,} needs int32 ({num_words},)"
        )
    octets = np.ascontiguousarray(allowed, dtype="<i4").view(np.uint8)
    bits = np.unpackbits(octets, count=vocab_size, bitorder="little").view(np.bool_)
    if not bits.any():
        raise ConstraintError("the constraint allows no token at all, not even a stop token")
    mask = torch.from_numpy(bits).to(logits.device)
    return torch.where(mask, logits, -torch.inf)


def penalise_repetition(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """A copy of `logits` in which seen tokens are less likely: positive ones divided, negative ones multiplied.

    Source: CTRL, arXiv 1909.05858, section 4.1, with the sign rule that `transformers` added.
    """
    penalised = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(seen, penalised, logits)


def filter_logits(logits: Tensor, params: SamplingParams) -> Tensor:
    """A copy of `logits` with -inf for what top-k, top-p and min-p drop, applied in this order.

    Each filter keeps everything at or above a threshold, so tokens that tie stay or go together, and the likeliest
    always stays.
    """
    if 0 < params.top_k < logits.shape[0]:
        threshold = logits.topk(params.top_k).values[-1]
        logits = torch.where(logits >= threshold, logits, -torch.inf)
    if params.top_p < 1:
        logits = torch.where(logits >= _nucleus_threshold(logits, params.top_p), logits, -torch.inf)
    if params.min_p > 0:
        threshold = logits.max() + float(np.log(params.min_p))
        logits = torch.where(logits >= threshold, logits, -torch.inf)
    return logits


def _nucleus_threshold(logits: Tensor, top_p: float) -> Tensor:
    """The smallest logit of the smallest set of likeliest tokens whose mass reaches `top_p`."""
    total = logits.logsumexp(0)
    near = logits[logits >= logits.max() - _NUCLEUS_DEPTH]
    for candidates in (near, logits):
        if candidates is near and len(near) > _MAX_SORTED:
            continue  # a flat distribution: sorting these would take as long as all
        likeliest = candidates.sort(descending=True).values
        mass = (likeliest - total).exp().cumsum(0)
        if mass[-1] >= top_p:
            return likeliest[int((mass < top_p).sum())]
    return likeliest[-1]  # rounding left the whole mass just below top_p


def gumbel_max(logits: Tensor, seed: int, position: int) -> int:
    """A sample from softmax(logits): the winner of the logits with Gumbel noise added.

    Args:
        logits: (V,) fp32; -inf for what cannot be sampled.
        seed: with `position`, decides the noise.
        position: index of the sampled token in its sequence.
    """
    places = logits.isfinite().nonzero()[:, 0]
    candidates = places.cpu().numpy()
    if len(candidates) <= _MAX_JUMPS:
        noise = uniform_noise_at(seed, position, candidates)
    else:
        noise = uniform_noise(seed, position, logits.shape[0])[candidates]
    perturbed = logits[places].double().cpu().numpy() - np.log(-np.log(noise))
    return int(candidates[perturbed.argmax()])


def uniform_noise(seed: int, position: int, count: int) -> NDArray[np.float64]:
    """`count` numbers strictly between 0 and 1, the same for the same seed and position.

    Args:
        seed: 0 to 2**64 - 1, the key of the generator.
        position: the second word of its counter, which the first never reaches: positions share no noise.
        count: how many; the first n do not depend on it.

    Source: Philox4x64-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The raw stream of
    numpy's bit generators is the same in all its versions; its distributions are not, so they are not used.
    """
    counter = np.array([0, position, 0, 0], dtype=np.uint64)
    return _as_uniform(np.random.Philox(key=seed, counter=counter).random_raw(count))


def uniform_noise_at(seed: int, position: int, indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Those of `uniform_noise` with these indices, without the rest of them: (n,) for `indices` (n,).

    Source: as for `uniform_noise`; the generator's ten rounds, written out over arrays.
    """
    blocks = indices.astype(np.uint64) // np.uint64(4) + np.uint64(
        1
    )  # numpy counts before it draws
    words = [blocks, np.full_like(blocks, position), np.zeros_like(blocks), np.zeros_like(blocks)]
    keys = [seed, 0]
    for _ in range(_PHILOX_ROUNDS):
        high0, low0 = _wide_product(words[0], _PHILOX_MULTIPLIERS[0])
        high1, low1 = _wide_product(words[2], _PHILOX_MULTIPLIERS[1])
        words = [
            high1 ^ words[1] ^ np.uint64(keys[0]),
            low1,
            high0 ^ words[3] ^ np.uint64(keys[1]),
            low0,
        ]
        keys = [(key + step) % 2**64 for key, step in zip(keys, _PHILOX_WEYL, strict=True)]
    return _as_uniform(np.choose(indices % 4, words))


def _wide_product(
    values: NDArray[np.uint64], factor: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The high and the low 64 bits of each product."""
    half, mask = np.uint64(32), np.uint64(2**32 - 1)
    low, high = values & mask, values >> half
    factor_low, factor_high = np.uint64(factor % 2**32), np.uint64(factor >> 32)
    first = low * factor_low
    second = high * factor_low + (first >> half)  # none of these sums exceeds 64 bits
    third = low * factor_high + (second & mask)
    return high * factor_high + (second >> half) + (third >> half), values * np.uint64(factor)


def _as_uniform(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """53 bits and half a step: never 0 and never 1, so both logarithms of the Gumbel noise are finite."""
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


@torch.inference_mode()
def logprobs_of(
    logits: Tensor, token_id: int, num_top: int
) -> tuple[float, tuple[tuple[int, float], ...]]:
    """Natural log probabilities by the model's own distribution.

    Args:
        logits: (V,) fp32, as the network gave them.
        token_id: whose probability comes first in the result.
        num_top: how many of the likeliest tokens to list.

    Returns:
        That of `token_id`, and (id, log probability) of the likeliest, likeliest first.
    """
    total = logits.logsumexp(0)
    top = logits.topk(num_top)
    ids: Sequence[int] = top.indices.tolist()
    return float(logits[token_id] - total), tuple(
        zip(ids, (top.values - total).tolist(), strict=True)
    )

"""How fast an engine runs here: prefill, decode behind a context, and steps of several rows, as in verifying drafts.

Cached positions are random numbers: what a step costs depends on how many there are, not on what they hold.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from glm_engine.generate import Engine
from glm_engine.kv_cache import KVCache

_WARM_UP = 1


@dataclass(frozen=True, slots=True)
class Speed:
    """One workload, measured.

    Attributes:
        num_tokens: computed in one pass.
        context: positions that were cached before.
        seconds: the median of its passes.
    """

    num_tokens: int
    context: int
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        return self.num_tokens / self.seconds


def num_threads() -> int:
    """Threads that a pass uses at most."""
    return torch.get_num_threads()


def measure_steps(
    engine: Engine, contexts: Sequence[int], rows: Sequence[int], *, repeats: int = 5
) -> Iterator[Speed]:
    """Steps of few tokens, each with the logits of all: decode, and verifying drafts.

    Args:
        engine: to measure; nothing of it changes but its counters.
        contexts: cached positions; those that do not fit are left out.
        rows: tokens of a step.
        repeats: passes of each, after one that does not count.

    Yields:
        For each context in turn, each number of rows.
    """
    longest = max(rows)
    for context in contexts:
        if context + longest > engine.context_length:
            continue
        cache = _filled(engine, context, context + longest)
        for count in rows:
            yield Speed(count, context, _median_s(engine, cache, count, count, repeats))


def measure_prefill(
    engine: Engine, sizes: Sequence[tuple[int, int]], *, repeats: int = 3
) -> Iterator[Speed]:
    """Prompts in the engine's chunks, with the logits of their last position.

    Args:
        engine: as for `measure_steps`.
        sizes: new tokens, and positions cached before them; those that do not fit are left out.
        repeats: passes of each, after one that does not count.
    """
    for num_tokens, context in sizes:
        if num_tokens + context <= engine.context_length:
            cache = _filled(engine, context, num_tokens + context)
            yield Speed(num_tokens, context, _median_s(engine, cache, num_tokens, 1, repeats))


def _filled(engine: Engine, length: int, capacity: int) -> KVCache:
    """A cache with so many positions of random numbers, and room."""
    cache = engine.decoder.new_cache(engine.context_length)
    cache.reserve(capacity)
    for part in cache.parts(0, length):
        if part.is_floating_point():
            part.normal_()
        else:
            part.random_(-100, 100)
    cache.commit(length)
    return cache


def _median_s(
    engine: Engine, cache: KVCache, num_tokens: int, num_logits: int, repeats: int
) -> float:
    decoder, start = engine.decoder, cache.length
    ids = torch.arange(num_tokens, device=decoder.device) % engine.config.vocab_size
    times = []
    for _ in range(_WARM_UP + repeats):
        begun = time.perf_counter()
        for chunk in torch.split(ids, engine.prefill_chunk):
            logits = decoder.forward(chunk, cache, num_logits=min(num_logits, len(chunk)))
        logits[-1].argmax().item()  # waits for a device that computes by itself
        times.append(time.perf_counter() - begun)
        cache.truncate(start)
    return statistics.median(times[_WARM_UP:])

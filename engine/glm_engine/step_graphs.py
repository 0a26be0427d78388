"""Passes of few tokens as captured graphs: on an accelerator, what a token costs is often the launching of its kernels.

A *step* computes `STEP_ROWS` positions behind a sequence, of which the caller wants the first few. The others should
cost little: a step is bound by reading weights, and they are read once for all rows. Whatever number is wanted, the
shapes are the same. So one graph serves decode and the checking of drafts, and a position has the same bits whatever is
computed beside it, which `glm_engine.selfcheck` does not take for granted.

What differs from step to step (ids, first position, rotations) is read from tensors on the device. Attention reads a
fixed number of positions, the span, under a mask; that number depends on the first position alone, and so do the bits.
Keys and values of rows that nobody wanted lie behind the sequence, where the next step overwrites them.

A graph belongs to the buffers of one cache and to one span. It is captured when they are used a second time.

Unmeasured: this was written where there is no accelerator. The tests drive it on a CPU with a recording of torch's
operators in the place of a graph.

Source: CUDA graphs as in the manual of `torch.cuda.CUDAGraph`; static steps as in gpt-fast (meta-pytorch/gpt-fast).
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from glm_engine.kv_cache import KVCache

STEP_ROWS = 16

_OFF = "GLM_AGENT_GRAPHS"
_LEAST_SPAN = 256  # positions
_SPANS_PER_DOUBLING = 4  # so that a span is at most a quarter longer than it has to be
_MAX_GRAPHS = 16  # that are kept: each takes some MiB, and sessions that rest need none

_log = logging.getLogger(__name__)
_CAPTURING = Lock()  # torch captures one graph at a time in a process

Replay = Callable[[], Tensor]
# Records what a function computes. The result computes it again, from what the function's tensors hold by then, into
# the same output. The function may run more than once while it is recorded, and is not to be kept.
Capture = Callable[[Replay], Replay]


@dataclass(frozen=True, slots=True)
class StepInputs:
    """What a step reads: always these tensors, written to before each.

    Attributes:
        token_ids: (STEP_ROWS,) int64; behind the wanted ones are any ids.
        start: () int64, the position of the first.
        rotation: (STEP_ROWS, 1, rotary_dim / 2) complex64, of their positions.
    """

    token_ids: Tensor
    start: Tensor
    rotation: Tensor


Step = Callable[[StepInputs, KVCache, int], Tensor]


@dataclass(slots=True)
class _Graph:
    """What is captured for a cache; nothing yet, at its first use."""

    generation: int
    span: int
    replay: Replay | None = None


class StepGraphs:
    """Runs steps, captured where they come again. Sessions in any number of threads may share it.

    Args:
        rotary_dim: of the network.
        device: where it computes.
        capture: makes a graph.
    """

    def __init__(self, rotary_dim: int, device: torch.device, capture: Capture) -> None:
        self._capture: Capture | None = capture
        self._inputs = StepInputs(
            torch.zeros(STEP_ROWS, dtype=torch.int64, device=device),
            torch.zeros((), dtype=torch.int64, device=device),
            torch.zeros(STEP_ROWS, 1, rotary_dim // 2, dtype=torch.complex64, device=device),
        )
        self._graphs: WeakKeyDictionary[KVCache, _Graph] = WeakKeyDictionary()
        self._lock = Lock()  # inputs are shared, and graphs share the memory that they compute in

    def run(
        self, step: Step, token_ids: Tensor, rotation: Tensor, cache: KVCache, *, num_logits: int
    ) -> Tensor:
        """Compute positions behind those in `cache`, which does not count them yet.

        Args:
            step: computes (STEP_ROWS, V) logits of any float dtype from inputs, a cache and a span. For one cache it
                must always be the same.
            token_ids: (T,) int64, 1 <= T <= STEP_ROWS.
            rotation: as `StepInputs` has it.
            cache: of this sequence.
            num_logits: how many of the last positions need logits.

        Returns:
            (num_logits, V) fp32.

        Raises:
            ValueError: the cache cannot hold T more positions.
        """
        start, num_tokens = cache.length, token_ids.shape[0]
        span = span_of(start, cache.max_length)
        cache.reserve(start + num_tokens, room=span)
        cache.zero_from(start + STEP_ROWS)
        inputs = self._inputs
        with self._lock:
            inputs.token_ids[:num_tokens] = token_ids
            inputs.start.fill_(start)
            inputs.rotation.copy_(rotation)
            logits = self._replay(partial(step, inputs, cache, span), cache, span)()
            wanted = logits[num_tokens - num_logits : num_tokens]
            return wanted.to(torch.float32, copy=True)  # a graph always writes to the same place

    def _replay(self, step: Replay, cache: KVCache, span: int) -> Replay:
        """The graph of a step if there is one by now, else the step itself."""
        graph = self._graphs.get(cache)
        if graph is None or (graph.generation, graph.span) != (cache.generation, span):
            self._graphs.pop(cache, None)  # the newest is the last
            self._graphs[cache] = _Graph(cache.generation, span)
            if len(self._graphs) > _MAX_GRAPHS:
                del self._graphs[next(iter(self._graphs))]
            return step
        if graph.replay is None and self._capture is not None:
            try:
                graph.replay = self._capture(step)
            except RuntimeError as error:  # torch's, also where memory is short
                _log.warning("steps are not captured as graphs, and slower for it: %s", error)
                self._capture = None
        return graph.replay or step


def span_of(start: int, max_length: int) -> int:
    """How many positions the attention of a step reads that begins at position `start`.

    Args:
        start: of the first of its `STEP_ROWS` positions.
        max_length: of the cache; a span reaches a little beyond it at most.
    """
    stop = start + STEP_ROWS
    power = 1 << (stop - 1).bit_length()
    unit = max(_LEAST_SPAN, power // (2 * _SPANS_PER_DOUBLING))
    return min(_rounded_up(stop, unit), _rounded_up(max_length + STEP_ROWS, _LEAST_SPAN))


def _rounded_up(count: int, unit: int) -> int:
    return -(-count // unit) * unit


def default_capture(device: torch.device) -> Capture | None:
    """How steps are captured on a device; None where they are not: a CPU, or GLM_AGENT_GRAPHS=off."""
    if device.type != "cuda" or os.environ.get(_OFF, "").lower() in ("off", "0", "no"):
        return None
    return CudaCapture(device)


class CudaCapture:
    """Records kernels as `torch.cuda.CUDAGraph`s, which share their memory and so must not run at the same time.

    Args:
        device: where they run.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, step: Replay) -> Replay:
        graph, stream = torch.cuda.CUDAGraph(), self._stream
        before = torch.cuda.current_stream(stream.device)
        stream.wait_stream(before)
        # The outer context puts the stream back also where a capture fails: the inner one then does not.
        with _CAPTURING, torch.cuda.stream(stream):
            step()  # libraries prepare themselves at the first call on a stream, which must not be in a graph
            with torch.cuda.graph(
                graph,
                pool=self._pool,
                stream=stream,
                capture_error_mode="thread_local",  # another thread may compute and allocate
            ):
                output = step()
        before.wait_stream(stream)

        def replay() -> Tensor:
            graph.replay()
            return output

        return replay

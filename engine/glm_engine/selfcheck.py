"""Which ways to compute the same give the same bits on this machine, found out by trying.

Floating-point sums depend on their order, and a matrix multiplication chooses its order by the number of rows. Whether
a position has the same bits alone, beside drafted ones and in the middle of a prompt is therefore a fact about kernels,
not about this engine; torch promises nothing. So it is tried when an engine is made, on the network's own first layers.

Where few rows are one captured step, so they are here, and their matrices are multiplied by as many rows as in a step.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_engine.accelerator import ExpandingLinear
from glm_engine.kv_cache import KVCache
from glm_engine.linear import DenseLinear, Linear, PackedLinear
from glm_engine.model import Decoder
from glm_engine.step_graphs import STEP_ROWS

Exactness = Literal[
    "any rows",  # a position has the same bits whatever is computed with it: chunks, drafts, reuse change nothing
    "few rows",  # so it is for up to `MAX_FEW_ROWS` positions at a time: drafts change nothing
    "one row",  # the same pass gives the same bits, and that is all
]

MAX_FEW_ROWS = STEP_ROWS  # no more, so that on an accelerator drafts are one step
_ROWS_TRIED = (2, 3, 4, 8, MAX_FEW_ROWS)
_MANY_ROWS = (33, 128)
_NUM_ALONE = 16  # rows of a matrix that are multiplied one by one, to compare with
_NUM_POSITIONS = 3  # likewise, of a whole layer
_NUM_STEPS = (
    12  # likewise, where each is a step: the last of them read a longer span than the first
)
_OFFSET = 1000  # positions before those that are tried: more than one block of any attention kernel
# Floating-point multiplications of torch: they sum in another order from 33 rows on (bf16, oneDNN) or at any number
# (fp32, MKL). Few results show it, one in 10,000 or less, so that having seen none proves nothing.
_ORDER_DEPENDS_ON_ROWS = (DenseLinear, PackedLinear, ExpandingLinear)


@torch.inference_mode()
def check_exactness(decoder: Decoder) -> Exactness:
    """Try it. Takes some ten milliseconds for a small network, some hundred for GLM-4-9B."""
    layer = decoder.layers[0]
    matrices = (layer.qkv, layer.attention_output, layer.gate_up, layer.down, decoder.head)
    is_torchs = any(isinstance(matrix, _ORDER_DEPENDS_ON_ROWS) for matrix in matrices)
    if is_torchs and decoder.dtype == torch.float32:
        return "one row"
    probe = _Probe(decoder)
    if not (probe.head.is_exact(MAX_FEW_ROWS) and probe.is_exact(_ROWS_TRIED)):
        return "one row"
    if is_torchs:
        return "few rows"
    return "any rows" if probe.is_exact(_MANY_ROWS) else "few rows"


class _Probe:
    """The first layer of a network, and its head."""

    def __init__(self, decoder: Decoder) -> None:
        config, layer = decoder.config, decoder.layers[0]
        self._decoder = copy(decoder)  # shares the weights; what is set below is its own
        self._decoder.layers = [layer]
        self._decoder.config = replace(config, num_layers=1)
        self._decoder.kv_formats = decoder.kv_formats[:1]
        self._decoder.head = _whole_hidden_state
        generator = torch.Generator().manual_seed(0)
        count = _OFFSET + max(_MANY_ROWS)
        ids = torch.randint(config.vocab_size, (count,), generator=generator)
        self._token_ids = ids.to(decoder.device)
        self._prefix = self._random_prefix(count, generator)
        self._positions_alone = self._layer([1] * (_NUM_STEPS if decoder.steps else _NUM_POSITIONS))
        heads = config.num_heads * config.head_dim
        widths = (config.hidden_size, heads, config.hidden_size, config.intermediate_size)
        matrices = [layer.qkv, layer.attention_output, layer.gate_up, layer.down]
        head = decoder.head
        if decoder.steps is not None:
            matrices, head = [_OfStep(matrix) for matrix in matrices], _OfStep(head)
        self._matrices = [
            _RowsAlone(matrix, _random(decoder, width, generator), _NUM_ALONE)
            for matrix, width in zip(matrices, widths, strict=True)
        ]
        # The largest matrix and costly, but never multiplied by many rows.
        self.head = _RowsAlone(head, _random(decoder, config.hidden_size, generator), 2)

    def is_exact(self, row_counts: Sequence[int]) -> bool:
        """Whether as many rows at once have the bits that each has alone."""
        return all(
            matrix.is_exact(rows) for matrix in self._matrices for rows in row_counts
        ) and all(_is_same(self._layer([rows]), self._positions_alone) for rows in row_counts)

    def _random_prefix(self, capacity: int, generator: torch.Generator) -> KVCache:
        cache = self._decoder.new_cache(capacity)
        cache.reserve(capacity)
        for part in cache.parts(0, _OFFSET):
            part.copy_(torch.randn(part.shape, generator=generator))
        cache.commit(_OFFSET)
        return cache

    def _layer(self, chunks: Sequence[int]) -> Tensor:
        """(rows, hidden): what the layer makes of positions computed in chunks."""
        cache = self._prefix
        cache.truncate(_OFFSET)
        outputs = []
        for count in chunks:
            ids = self._token_ids[cache.length : cache.length + count]
            outputs.append(self._decoder.forward(ids, cache, num_logits=count))
        return torch.cat(outputs)


class _RowsAlone:
    """A matrix times some rows, one by one, to compare with.

    Args:
        matrix: multiplies.
        x: (rows, in).
        count: how many of them.
    """

    def __init__(self, matrix: Linear, x: Tensor, count: int) -> None:
        self._matrix = matrix
        self._x = x
        self._alone = torch.cat([matrix(x[n : n + 1]) for n in range(count)])

    def is_exact(self, rows: int) -> bool:
        return _is_same(self._matrix(self._x[:rows]), self._alone)


class _OfStep:
    """Multiplies few rows as a step does: together with others that nobody wants."""

    def __init__(self, matrix: Linear) -> None:
        self._matrix = matrix

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.shape[0]
        return self._matrix(F.pad(x, (0, 0, 0, max(0, STEP_ROWS - rows))))[:rows]


def _random(decoder: Decoder, width: int, generator: torch.Generator) -> Tensor:
    rows = torch.randn(max(_MANY_ROWS), width, generator=generator)
    return rows.to(decoder.device, decoder.dtype)


def _is_same(rows: Tensor, others: Tensor) -> bool:
    """Whether the rows that both have are the same, bit for bit."""
    count = min(rows.shape[0], others.shape[0])
    return torch.equal(rows[:count], others[:count])


def _whole_hidden_state(x: Tensor) -> Tensor:
    return x

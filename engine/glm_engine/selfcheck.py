"""Which ways to compute the same give the same bits on this machine, found out by trying.

Floating-point sums depend on their order, and a matrix multiplication chooses its order by the number of rows. Whether
a position has the same bits alone, beside drafted ones and in the middle of a prompt is therefore a fact about kernels,
not about this engine; torch promises nothing. So it is tried when an engine is made, on the network's own first layers.
"""

from copy import copy
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from glm_engine.model import Decoder

Exactness = Literal[
    "any rows",  # a position has the same bits whatever is computed with it: chunks, drafts, reuse change nothing
    "few rows",  # so it is for up to `MAX_FEW_ROWS` positions at a time: drafts change nothing
    "one row",  # the same pass gives the same bits, and that is all
]

MAX_FEW_ROWS = 16
_MANY_ROWS = (33, 128)
_NUM_COMPARED = 3  # positions of each pass
_OFFSET = 1000  # positions before those that are tried: more than one block of any attention kernel


def check_exactness(decoder: Decoder) -> Exactness:
    """Try it. Takes some milliseconds for a small network, a fifth of a second for GLM-4-9B."""
    probe = _Probe(decoder)
    alone = probe.layer([1] * _NUM_COMPARED)
    if not all(_is_same(probe.layer([rows]), alone) for rows in (2, 3, 4, 8, MAX_FEW_ROWS)):
        return "one row"
    if not _is_same(probe.head(MAX_FEW_ROWS), probe.head(1)):
        return "one row"
    if all(_is_same(probe.layer([rows]), alone) for rows in _MANY_ROWS):
        return "any rows"
    return "few rows"


def _is_same(rows: Tensor, others: Tensor) -> bool:
    """Whether the rows that both have are the same, bit for bit."""
    count = min(rows.shape[0], others.shape[0])
    return torch.equal(rows[:count], others[:count])


class _Probe:
    """The first layer of a network over random keys and values, and its head."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = copy(decoder)  # shares the weights; what is set below is its own
        self._decoder.layers = decoder.layers[:1]
        self._decoder.config = replace(decoder.config, num_layers=1)
        self._decoder.head = _whole_hidden_state
        self._head = decoder.head
        generator = torch.Generator().manual_seed(0)
        count = _OFFSET + max(_MANY_ROWS)
        ids = torch.randint(decoder.config.vocab_size, (count,), generator=generator)
        self._token_ids = ids.to(decoder.device)
        self._prefix = self._decoder.new_cache(count)
        self._prefix.reserve(count)
        for part in self._prefix.parts(0, _OFFSET):
            part.copy_(torch.randn(part.shape, generator=generator))
        self._prefix.commit(_OFFSET)

    def layer(self, chunks: list[int]) -> Tensor:
        """(rows, hidden): what the layer makes of positions computed in chunks."""
        cache = self._prefix.fork()
        outputs = []
        for count in chunks:
            ids = self._token_ids[cache.length : cache.length + count]
            outputs.append(self._decoder.forward(ids, cache, num_logits=count))
        return torch.cat(outputs)

    @torch.inference_mode()
    def head(self, num_rows: int) -> Tensor:
        """(rows, V): what the head makes of some embeddings."""
        return self._head(self._decoder.embedding[self._token_ids[:num_rows]])


def _whole_hidden_state(x: Tensor) -> Tensor:
    return x

"""Grouped-query attention over a cached prefix: a reference, the native kernel and torch's kernel, side by side.

Shapes: T query tokens, S keys (the T newest included), H query heads, Hkv key and value heads, G = H / Hkv query
heads per key head, D head width. Query head h reads key head h // G. Queries are the last T of the S positions.

Source: GQA, arXiv 2305.13245, section 2.2.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_engine import kernels
from glm_engine.kernels import attention as native
from glm_engine.kv_cache import LayerView, MaskedView

# Up to this many query tokens the heads of a group are worth stacking as rows; beyond it there are rows enough.
_MAX_PACKED_TOKENS = 16


class Attention(Protocol):
    """A way to compute attention.

    Attributes:
        name: which, for people; passes of one name on one machine can have the same bits.
    """

    name: str

    def __call__(self, queries: Tensor, cached: LayerView) -> Tensor:
        """Causal attention with fp32 softmax.

        Args:
            queries: (T, H, D), a view is fine; heads next to each other.
            cached: of S positions, of which the queries are the last T. A `MaskedView` says itself which they see; T is
                at most 16 then, and only torch's attention reads one.

        Returns:
            (T, H * D), dtype of `queries`.
        """
        ...


def choose_attention(dtype: torch.dtype, head_dim: int, device: torch.device) -> Attention:
    """The best that there is for a network's numbers: the native kernel on a CPU, torch's elsewhere."""
    if device.type == "cpu" and kernels.available():
        return NativeAttention(native.best_instruction_set(dtype, head_dim))
    return TorchAttention()


class NativeAttention:
    """The kernel of `kernels/attention.h`: bits do not depend on chunks, on rows computed together or on threads.

    Its scores live in a fixed few hundred KiB for each thread, however long the context.

    Args:
        instruction_set: from `kernels.attention.best_instruction_set`, or a lesser one.
    """

    def __init__(self, instruction_set: int) -> None:
        self._instruction_set = instruction_set
        self.name = f"native {kernels.INSTRUCTION_SETS[instruction_set]}"

    def __call__(self, queries: Tensor, cached: LayerView) -> Tensor:
        return native.attend(
            queries,
            cached.keys,
            cached.values,
            key_scales=cached.key_scales,
            value_scales=cached.value_scales,
            value_offset=cached.value_offset,
            instruction_set=self._instruction_set,
            num_threads=torch.get_num_threads(),
        )


class TorchAttention:
    """Torch's fused kernel, which never holds a score matrix. On a CPU bits depend on the rows computed together.

    For few tokens the G heads of a group become G rows that read one key head: one pass over the keys instead of G
    (5 to 8 times faster at G = 16). For many tokens the rows of one head keep the processor busy by themselves.
    """

    name = "torch"

    def __init__(self) -> None:
        self._mask: Tensor | None = None  # the last one: every layer of a pass has the same

    def __call__(self, queries: Tensor, cached: LayerView) -> Tensor:
        num_queries, num_heads, head_dim = queries.shape
        keys, values = cached.dequantized(queries.dtype)
        num_kv_heads, num_keys, _ = keys.shape
        mask: Tensor | None
        if isinstance(cached, MaskedView):
            mask = cached.mask
        else:
            mask = self._causal_mask(num_queries, num_keys, queries.device)
            if mask is not None and num_queries <= _MAX_PACKED_TOKENS:
                mask = mask.repeat_interleave(num_heads // num_kv_heads, 0)  # (T*G, S)
        if num_queries <= _MAX_PACKED_TOKENS:
            grouped = queries.reshape(num_queries, num_kv_heads, -1, head_dim)  # (T, Hkv, G, D)
            group_size = grouped.shape[2]
            rows = grouped.transpose(0, 1).reshape(1, num_kv_heads, -1, head_dim)  # (1, Hkv, TG, D)
            output = F.scaled_dot_product_attention(rows, keys[None], values[None], attn_mask=mask)
            output = output.view(num_kv_heads, num_queries, group_size, head_dim).transpose(0, 1)
        else:
            is_whole = (
                num_queries == num_keys
            )  # nothing cached before: the kernel's own mask will do
            output = F.scaled_dot_product_attention(
                queries.transpose(0, 1)[None],  # (1, H, T, D)
                keys[None],
                values[None],
                attn_mask=None if is_whole else mask,
                is_causal=is_whole,
                enable_gqa=True,
            )[0].transpose(0, 1)  # (T, H, D)
        return output.reshape(num_queries, num_heads * head_dim)

    def _causal_mask(self, num_queries: int, num_keys: int, device: torch.device) -> Tensor | None:
        """(T, S) bool, True where a query may look; None where one query may read all."""
        if num_queries == 1:
            return None
        mask = self._mask  # read once: two sessions may run in two threads
        if mask is None or mask.shape != (num_queries, num_keys) or mask.device != device:
            ones = torch.ones(num_queries, num_keys, dtype=torch.bool, device=device)
            self._mask = mask = ones.tril_(num_keys - num_queries)
        return mask


def attend_reference(
    queries: Tensor, cached: LayerView, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Attention written out, in `dtype`. For tests; holds scores of all heads at once.

    Args:
        queries: (T, H, D).
        cached: of S positions.
        dtype: to compute with.

    Returns:
        (T, H * D) in `dtype`.
    """
    num_queries, num_heads, head_dim = queries.shape
    keys, values = cached.dequantized(dtype)
    num_kv_heads, num_keys, _ = keys.shape
    grouped = queries.to(dtype).view(num_queries, num_kv_heads, -1, head_dim)  # (T, Hkv, G, D)
    scores = torch.einsum("tkgd,ksd->kgts", grouped, keys) * head_dim**-0.5
    future = torch.arange(num_keys) > torch.arange(num_keys - num_queries, num_keys)[:, None]
    weights = scores.masked_fill(future.to(scores.device), -torch.inf).softmax(-1)
    output = torch.einsum("kgts,ksd->tkgd", weights, values)
    return output.reshape(num_queries, num_heads * head_dim)

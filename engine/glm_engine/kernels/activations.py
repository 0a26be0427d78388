"""RMSNorm, rotary positions and SwiGLU by the native kernels: the ctypes side of `activations.cpp`."""

import ctypes
from functools import cache

import torch
from torch import Tensor

from glm_engine import kernels

_BEST = len(kernels.INSTRUCTION_SETS) - 1  # lowered to what runs here


@cache
def _library() -> ctypes.CDLL:
    found = kernels.library()
    if found is None:
        raise RuntimeError("the native kernels are not available")
    pointer, int64, whole = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
    found.glm_add_norm.argtypes = (
        pointer, pointer, pointer, pointer, int64, int64, ctypes.c_float, whole, whole,
    )  # fmt: skip
    found.glm_rotate.argtypes = (
        pointer, int64, int64, pointer, int64, int64, int64, whole, whole,
    )  # fmt: skip
    found.glm_swiglu.argtypes = (pointer, int64, pointer, int64, int64, whole, whole)
    for function in (found.glm_add_norm, found.glm_rotate, found.glm_swiglu):
        function.restype = None
    return found


def add_norm(
    hidden: Tensor,
    added: Tensor | None,
    weight: Tensor,
    epsilon: float,
    *,
    instruction_set: int = _BEST,
) -> Tensor:
    """`hidden` + `added`, into `hidden`, and RMSNorm of that.

    Args:
        hidden: (T, width) fp32 on the CPU, contiguous; written to unless `added` is None.
        added: (T, width) bf16, contiguous; or None.
        weight: (width) fp32, contiguous.
        epsilon: added to the mean square.
        instruction_set: index into `kernels.INSTRUCTION_SETS`; the best below it where it does not run here. For tests.

    Returns:
        (T, width) bf16. A row's bits depend on nothing but the row.

    Raises:
        ValueError: a shape or dtype that the kernel does not read.
    """
    rows, width = hidden.shape
    if not (
        hidden.dtype == weight.dtype == torch.float32
        and hidden.is_contiguous()
        and weight.shape == (width,)
        and weight.is_contiguous()
        and (added is None or _is_packed(added, hidden.shape))
    ):
        raise ValueError(f"hidden {tuple(hidden.shape)} {hidden.dtype}, weight {tuple(weight.shape)} and what is added"
                         " do not fit each other or are not contiguous")  # fmt: skip
    output = torch.empty(rows, width, dtype=torch.bfloat16)
    _library().glm_add_norm(
        hidden.data_ptr(), None if added is None else added.data_ptr(), weight.data_ptr(), output.data_ptr(),
        rows, width, epsilon, torch.get_num_threads(), instruction_set,
    )  # fmt: skip
    return output


def rotate_(heads: Tensor, factors: Tensor, *, instruction_set: int = _BEST) -> None:
    """Rotate adjacent pairs in place.

    Args:
        heads: (T, heads, 2 P) bf16 on the CPU, a view whose last dimension is contiguous; written to.
        factors: (T, 1, P) complex64, contiguous. A pair (x, y) times cos + i sin is the pair rotated.
        instruction_set: as for `add_norm`.

    Raises:
        ValueError: a shape or dtype that the kernel does not read.
    """
    rows, num_heads, width = heads.shape
    if not (
        heads.dtype == torch.bfloat16
        and heads.stride(2) == 1
        and factors.dtype == torch.complex64
        and factors.shape == (rows, 1, width // 2)
        and factors.is_contiguous()
        and width % 2 == 0
    ):
        raise ValueError(f"heads {tuple(heads.shape)} {heads.dtype} and factors {tuple(factors.shape)} {factors.dtype}"
                         " do not fit each other")  # fmt: skip
    _library().glm_rotate(
        heads.data_ptr(), heads.stride(0), heads.stride(1), factors.data_ptr(),
        rows, num_heads, width // 2, torch.get_num_threads(), instruction_set,
    )  # fmt: skip


def swiglu(gate_up: Tensor, *, instruction_set: int = _BEST) -> Tensor:
    """silu(gate) * up, in fp32.

    Args:
        gate_up: (T, 2 W) bf16 on the CPU: gates, then ups; rows contiguous.
        instruction_set: as for `add_norm`.

    Returns:
        (T, W) bf16. A row's bits depend on nothing but the row.

    Raises:
        ValueError: a shape or dtype that the kernel does not read.
    """
    rows, width = gate_up.shape
    if gate_up.dtype != torch.bfloat16 or gate_up.stride(1) != 1 or width % 2:
        raise ValueError(f"gates and ups are {tuple(gate_up.shape)} {gate_up.dtype}; they must be bfloat16 (T, 2 W)")  # fmt: skip
    output = torch.empty(rows, width // 2, dtype=torch.bfloat16)
    _library().glm_swiglu(
        gate_up.data_ptr(), gate_up.stride(0), output.data_ptr(), rows, width // 2,
        torch.get_num_threads(), instruction_set,
    )  # fmt: skip
    return output


def _is_packed(tensor: Tensor, shape: torch.Size) -> bool:
    return tensor.dtype == torch.bfloat16 and tensor.shape == shape and tensor.is_contiguous()

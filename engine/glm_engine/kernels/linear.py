"""Products with quantised matrices by the native kernels: the ctypes side of `linear.h`."""

import ctypes
from typing import Final

import torch
from torch import Tensor

from glm_engine import kernels

ROWS: Final = 16  # of a block of weights
COLUMNS: Final = 128
GROUP: Final = 32  # columns of a row that share an int4 group scale
INT4_BLOCK_BYTES: Final = ROWS * COLUMNS // 2
INT8_BLOCK_BYTES: Final = ROWS * COLUMNS
_MAX_ROWS = 512  # of activations that are computed at a time
_TOTALS_BYTES = 512 * 256 * 4  # of each thread: 512 rows times 256 weight rows in fp32


class _Matrix(ctypes.Structure):
    _fields_ = (
        ("height", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("values", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("group_scales", ctypes.c_void_p),
    )


class NativeLinear:
    """x -> x W^T + b by the native kernels, where W is int4 or int8 in the layout of `linear.h`.

    A row of the result is the same bits for any number of rows, threads, and instruction set. Activations are rounded
    to int8 by blocks of 128, with one scale each.

    Args:
        values: uint8 (height / 16, width / 128, 1024 or 2048), sides rounded up; kept, not copied.
        scales: bf16, (height / 16, width / 128, 16) for int4, (height / 16, 16) for int8; kept.
        group_scales: uint8 (height / 16, width / 128, 32) for int4, None for int8; kept.
        shape: height and width of W.
        bias: bf16 (height) or None.

    Raises:
        RuntimeError: the kernels are not available.
        ValueError: a tensor is not of the shape, type or place that it must have.
    """

    __slots__ = (
        "_bias",
        "_matrix",
        "_multiply",
        "_reference",
        "_tensors",
        "_workspace_bytes",
        "shape",
    )

    def __init__(
        self,
        values: Tensor,
        scales: Tensor,
        group_scales: Tensor | None,
        shape: tuple[int, int],
        bias: Tensor | None = None,
    ) -> None:
        library = kernels.library()
        if library is None:
            raise RuntimeError("the native kernels are not available")
        height, width = shape
        blocks = (-(-height // ROWS), -(-width // COLUMNS))
        is_int4 = group_scales is not None
        block_bytes = INT4_BLOCK_BYTES if is_int4 else INT8_BLOCK_BYTES
        _check("values", values, torch.uint8, (*blocks, block_bytes))
        _check("scales", scales, torch.bfloat16, (*blocks, ROWS) if is_int4 else (blocks[0], ROWS))
        if group_scales is not None:
            _check("group_scales", group_scales, torch.uint8, (*blocks, 2 * ROWS))
        if bias is not None:
            _check("bias", bias, torch.bfloat16, (height,))
        self.shape = shape
        self._tensors = (values, scales, group_scales, bias)  # what the pointers below point to
        group_pointer = None if group_scales is None else group_scales.data_ptr()
        self._matrix = _Matrix(height, width, values.data_ptr(), scales.data_ptr(), group_pointer)
        self._reference = ctypes.addressof(self._matrix)
        self._bias = None if bias is None else bias.data_ptr()
        self._multiply = library.glm_linear
        self._multiply.restype = None
        pointer, int64 = ctypes.c_void_p, ctypes.c_int64
        self._multiply.argtypes = (
            pointer, pointer, int64, pointer, pointer, int64, int64, pointer, ctypes.c_int, ctypes.c_int,
        )  # fmt: skip
        self._workspace_bytes = library.glm_linear_workspace_bytes
        self._workspace_bytes.restype = int64
        self._workspace_bytes.argtypes = (int64, int64, ctypes.c_int)

    def __call__(self, x: Tensor, *, instruction_set: str = kernels.INSTRUCTION_SETS[-1]) -> Tensor:
        """The product, on as many threads as torch is set to.

        Args:
            x: (rows, width) bf16; a view is fine.
            instruction_set: from `kernels.INSTRUCTION_SETS`; the best below it where it does not run here. For tests.

        Returns:
            (rows, height) bf16.
        """
        height, width = self.shape
        if x.dtype != torch.bfloat16 or x.dim() != 2 or x.shape[1] != width:
            raise ValueError(f"x is {x.dtype} {tuple(x.shape)}; it must be bfloat16 (rows, {width})")  # fmt: skip
        if x.stride(1) != 1:
            x = x.contiguous()
        rows = x.shape[0]
        num_threads = torch.get_num_threads()
        output = torch.empty(rows, height, dtype=torch.bfloat16)
        nbytes = self._workspace_bytes(rows, width, num_threads)
        workspace = torch.empty(nbytes, dtype=torch.uint8)  # at a cache line, as torch allocates
        self._multiply(
            self._reference, x.data_ptr(), x.stride(0), self._bias, output.data_ptr(), height, rows,
            workspace.data_ptr(), num_threads, kernels.INSTRUCTION_SETS.index(instruction_set),
        )  # fmt: skip
        return output


def workspace_bytes(rows: int, width: int) -> int:
    """About what a product of so many rows with a matrix of this width needs beside its operands."""
    rows = min(rows, _MAX_ROWS)
    return rows * width + _TOTALS_BYTES * torch.get_num_threads()


def _check(name: str, tensor: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    if (
        tensor.dtype != dtype
        or tuple(tensor.shape) != shape
        or not tensor.is_contiguous()
        or tensor.device.type != "cpu"
    ):
        raise ValueError(
            f"{name} is {tensor.dtype} {tuple(tensor.shape)} on {tensor.device}; it must be"
            f" contiguous {dtype} {shape} on the CPU"
        )

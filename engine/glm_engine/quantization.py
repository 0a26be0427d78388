"""Matrices in int8 and int4: how they are made from floats, and how they multiply.

Both formats keep activations in bf16. Int8 has one scale per row. Int4 has a scale and a zero point for each group of
64 weights of a row (32 where 64 does not divide it). The head is int8 in both: the last matrix decides the token.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

QuantizedFormat = Literal["int8", "int4"]

_GROUP_SIZES = (64, 32)
_PACKED_ROWS = 64  # rows that torch's int4 layout interleaves
EXPANDED_ROWS = 4096  # rows expanded at a time when many tokens are multiplied
# Up to so many tokens the operator that reads quantised weights wins; beyond it, expanding them to bf16 first does.
_MAX_INT8_TOKENS = 16
_MAX_INT4_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Int8Matrix:
    """A matrix of `values` (out, in) int8 times `scales` (out) bf16."""

    values: Tensor
    scales: Tensor

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.scales.nbytes

    def expanded(self, start: int, stop: int) -> Tensor:
        """Rows `start` to `stop` in bf16."""
        return self.values[start:stop].bfloat16() * self.scales[start:stop, None]


@dataclass(frozen=True, slots=True)
class Int4Matrix:
    """A matrix of 4-bit values q in groups along a row, each (q - 8) * scale + zero.

    Attributes:
        packed: (out, in / 2) uint8 in the layout of torch's int4 operator on this processor.
        scales_and_zeros: (in / group size, out, 2) bf16.
    """

    packed: Tensor
    scales_and_zeros: Tensor

    @property
    def nbytes(self) -> int:
        return self.packed.nbytes + self.scales_and_zeros.nbytes

    @property
    def group_size(self) -> int:
        return 2 * self.packed.shape[1] // self.scales_and_zeros.shape[0]

    def expanded(self, start: int, stop: int) -> Tensor:
        """Rows `start` to `stop`, both multiples of 64, in bf16."""
        width = 2 * self.packed.shape[1]
        values = _unpack(self.packed[start:stop]).view(stop - start, -1, self.group_size)
        scales, zeros = (
            self.scales_and_zeros[:, start:stop].transpose(0, 1)[..., None, :].unbind(-1)
        )
        # (rows, groups, group size) int8 times (rows, groups, 1) bf16
        return ((values.to(torch.int8) - 8) * scales + zeros).view(-1, width)


QuantizedMatrix = Int8Matrix | Int4Matrix


class QuantizedLinear:
    """x -> x W^T + b for a quantised W on the CPU; `x` is bf16."""

    __slots__ = ("_bias", "_matrix", "_max_direct_tokens")

    def __init__(self, matrix: QuantizedMatrix, bias: Tensor | None = None) -> None:
        self._matrix = matrix
        self._bias = bias
        self._max_direct_tokens = _MAX_INT8_TOKENS
        if isinstance(matrix, Int4Matrix):
            self._max_direct_tokens = _MAX_INT4_TOKENS if _layout_is_known() else 1 << 62

    def __call__(self, x: Tensor) -> Tensor:
        output = self._direct(x) if x.shape[0] <= self._max_direct_tokens else self._expanding(x)
        return output if self._bias is None else output.add_(self._bias)

    def _direct(self, x: Tensor) -> Tensor:
        matrix = self._matrix
        x = x.contiguous()
        if isinstance(matrix, Int8Matrix):
            return torch.ops.aten._weight_int8pack_mm(x, matrix.values, matrix.scales)  # type: ignore[no-any-return]
        return torch.ops.aten._weight_int4pack_mm_for_cpu(  # type: ignore[no-any-return]
            x, matrix.packed, matrix.group_size, matrix.scales_and_zeros
        )

    def _expanding(self, x: Tensor) -> Tensor:
        height = (
            self._matrix.values if isinstance(self._matrix, Int8Matrix) else self._matrix.packed
        ).shape[0]
        output = x.new_empty(x.shape[0], height)
        for start in range(0, height, EXPANDED_ROWS):
            stop = min(start + EXPANDED_ROWS, height)
            output[:, start:stop] = F.linear(x, self._matrix.expanded(start, stop))
        return output


def format_of(name: str, shape: tuple[int, ...], wanted: QuantizedFormat) -> QuantizedFormat | None:
    """The format that a parameter gets; None where it stays as it is.

    The embedding stays: only single rows of it are read. A matrix whose sides the layout does not divide stays too.
    """
    if len(shape) != 2 or name == "embedding":
        return None
    if name == "head" or wanted == "int8":
        return "int8"
    return "int4" if shape[0] % _PACKED_ROWS == 0 and shape[1] % _GROUP_SIZES[-1] == 0 else "int8"


def group_size_of(width: int) -> int:
    """Weights that share a scale in a row of `width`."""
    return next(size for size in _GROUP_SIZES if width % size == 0)


def quantized_layout(
    shape: tuple[int, ...], kind: QuantizedFormat
) -> Iterator[tuple[str, tuple[int, ...], torch.dtype]]:
    """Suffix, shape and dtype of the tensors that a quantised matrix consists of."""
    height, width = shape
    if kind == "int8":
        yield "values", (height, width), torch.int8
        yield "scales", (height,), torch.bfloat16
    else:
        yield "packed", (height, width // 2), torch.uint8
        yield "scales_and_zeros", (width // group_size_of(width), height, 2), torch.bfloat16


def quantize_int8(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 by row.

    Args:
        rows: (rows, in), any floating dtype.

    Returns:
        Values (rows, in) int8 and scales (rows) bf16, rounded before the values are, so that they fit each other.
    """
    rows = rows.float()
    scales = (rows.abs().amax(1) / 127).clamp_(min=1e-20).bfloat16()
    return (rows / scales.float()[:, None]).round_().clamp_(-127, 127).to(torch.int8), scales


def quantize_int4(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Asymmetric int4 by group.

    Args:
        rows: (rows, in), any floating dtype; rows a multiple of 64.

    Returns:
        Packed values (rows, in / 2) uint8, and scale and zero (rows, groups, 2) bf16.
    """
    height, width = rows.shape
    groups = rows.float().view(height, -1, group_size_of(width))
    low, high = groups.aminmax(dim=-1, keepdim=True)
    scales = ((high - low) / 15).clamp_(min=1e-20).bfloat16()
    zeros = (low + 8 * scales.float()).bfloat16()
    values = (groups - zeros.float()).div_(scales.float()).round_().add_(8).clamp_(0, 15)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(values.view(height, width).int(), 1)
    return packed, torch.cat([scales, zeros], -1)


def _unpack(packed: Tensor) -> Tensor:
    """(rows, in) uint8 of 4-bit values from torch's AVX-512 layout: 64 rows, column by column, two rows to a byte."""
    blocks = packed.view(-1, 2 * packed.shape[1], _PACKED_ROWS // 2)  # (rows / 64, in, 32)
    values = torch.cat([blocks & 15, blocks >> 4], -1)  # (rows / 64, in, 64)
    return values.transpose(1, 2).reshape(packed.shape[0], -1)


@cache
def _layout_is_known() -> bool:
    """Whether this processor's int4 layout is the one that `_unpack` undoes; others have operators only."""
    values = torch.arange(_PACKED_ROWS * 32, dtype=torch.int32).mul_(7).remainder_(16).view(-1, 32)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(values, 1)
    return torch.equal(_unpack(packed).int(), values)

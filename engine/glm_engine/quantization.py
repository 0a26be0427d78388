"""Matrices in int8 and int4: how they are made from floats, how they are laid out, and how they multiply.

Int8 has one scale per row. Int4 has integer scales of 0 to 15 for each group of 32 weights of a row, and a bf16 scale
for each block of 128: 4.25 bits a weight, and the sum over a block is integer arithmetic. The head is int8 in both: the
last matrix decides the token.

Both lie in one layout (`kernels/linear.h`) that serves one row of activations as well as many, mapped from the disk as
it is. The native kernels multiply it with activations rounded to int8. Where there are none, torch's operators do, from
a copy in their own layout and with bf16 activations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_engine import kernels
from glm_engine.kernels.linear import (
    COLUMNS,
    GROUP,
    INT4_BLOCK_BYTES,
    INT8_BLOCK_BYTES,
    ROWS,
    NativeLinear,
)
from glm_engine.linear import Linear

QuantizedFormat = Literal["int8", "int4"]

EXPANDED_ROWS = 4096  # rows expanded to bf16 at a time where torch multiplies many tokens
# Up to so many tokens torch's operators that read quantised weights win; beyond it, expanding them to bf16 first does.
_MAX_INT8_TOKENS = 16
_MAX_INT4_TOKENS = 128
_TORCH_INT8_MULTIPLE = 32  # sides that torch's int8 operator takes
_TORCH_INT4_ROWS = 64  # rows that torch's int4 layout interleaves
_GROUPS = COLUMNS // GROUP  # of a block
_LARGEST_SCALE = 15  # of a group
_SMALLEST_SCALE = 2.0**-126  # the smallest normal bf16


@dataclass(frozen=True, slots=True)
class Int8Matrix:
    """A matrix of int8 values times one scale per row.

    Attributes:
        values: uint8 (height / 16, width / 128, 2048), sides rounded up: w + 128, 16 rows by 4 columns in 64 bytes.
        scales: bf16 (height / 16, 16).
        shape: height and width.
    """

    values: Tensor
    scales: Tensor
    shape: tuple[int, int]

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.scales.nbytes

    def integers(self, start: int, stop: int) -> Tensor:
        """Rows `start`, a multiple of 16, to `stop`: int8 (stop - start, width)."""
        values = self.values[start // ROWS : -(-stop // ROWS)].view(torch.int8) ^ -128
        blocks = values.view(values.shape[0], -1, ROWS, 4)  # (row blocks, columns / 4, 16, 4)
        rows = blocks.transpose(1, 2).reshape(values.shape[0] * ROWS, -1)  # (rows, columns)
        return rows[: stop - start, : self.shape[1]]

    def expanded(self, start: int, stop: int) -> Tensor:
        """Rows `start`, a multiple of 16, to `stop`: bf16 (stop - start, width)."""
        return self.integers(start, stop).bfloat16() * self.scales.view(-1)[start:stop, None]


@dataclass(frozen=True, slots=True)
class Int4Matrix:
    """A matrix of 4-bit values q, each (q - 8) * group scale * block scale.

    Attributes:
        values: uint8 (height / 16, width / 128, 1024), sides rounded up: 16 rows by 8 columns in 64 bytes, columns 0 to
            3 in the low halves and 4 to 7 in the high ones.
        scales: bf16 (height / 16, width / 128, 16), of blocks of 128 columns.
        group_scales: uint8 (height / 16, width / 128, 32), of groups of 32 columns: byte r holds groups 0 (low half)
            and 1 of row r, byte 16 + r groups 2 and 3.
        shape: height and width.
    """

    values: Tensor
    scales: Tensor
    group_scales: Tensor
    shape: tuple[int, int]

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.scales.nbytes + self.group_scales.nbytes

    def integers(self, start: int, stop: int) -> Tensor:
        """Rows `start`, a multiple of 16, to `stop`, block scales apart: int8 (rows, width) of at most 120."""
        first, last = start // ROWS, -(-stop // ROWS)
        lines = self.values[first:last].view(last - first, -1, COLUMNS // 8, ROWS, 4)
        # (row blocks, blocks, 16, 16, 4) twice -> (row blocks, 16, blocks, 16, 2, 4): columns in order
        halves = torch.stack([lines & 15, lines >> 4], -2).permute(0, 3, 1, 2, 4, 5)
        values = halves.reshape(last - first, ROWS, -1, _GROUPS, GROUP).view(torch.int8) - 8
        groups = self.group_scales[first:last].view(last - first, -1, 2, ROWS)
        # (row blocks, 16, blocks, 4): groups in order
        scales = torch.stack([groups & 15, groups >> 4], -1).permute(0, 3, 1, 2, 4).flatten(-2)
        rows = (values * scales.view(torch.int8)[..., None]).view((last - first) * ROWS, -1)
        return rows[: stop - start, : self.shape[1]]

    def expanded(self, start: int, stop: int) -> Tensor:
        """Rows `start`, a multiple of 16, to `stop`: bf16 (stop - start, width)."""
        first, last = start // ROWS, -(-stop // ROWS)
        scales = self.scales[first:last].transpose(1, 2).reshape((last - first) * ROWS, -1)
        wide = scales[: stop - start].repeat_interleave(COLUMNS, 1)[:, : self.shape[1]]
        return self.integers(start, stop).bfloat16() * wide


QuantizedMatrix = Int8Matrix | Int4Matrix


class QuantizedLinear:
    """x -> x W^T + b for a quantised W on the CPU; `x` is bf16."""

    __slots__ = ("_multiply",)

    def __init__(self, matrix: QuantizedMatrix, bias: Tensor | None = None) -> None:
        self._multiply: Linear
        if not kernels.available():
            self._multiply = TorchQuantizedLinear(matrix, bias)
        elif isinstance(matrix, Int4Matrix):
            self._multiply = NativeLinear(
                matrix.values, matrix.scales, matrix.group_scales, matrix.shape, bias
            )
        else:
            self._multiply = NativeLinear(matrix.values, matrix.scales, None, matrix.shape, bias)

    def __call__(self, x: Tensor) -> Tensor:
        return self._multiply(x)


class TorchQuantizedLinear:
    """The same product without native kernels: torch's operators on a copy of W in their layout; `x` stays bf16."""

    __slots__ = ("_bias", "_matrix", "_max_direct_tokens", "_packed", "_scales")

    def __init__(self, matrix: QuantizedMatrix, bias: Tensor | None = None) -> None:
        self._matrix = matrix
        self._bias = bias
        height = matrix.shape[0]
        if isinstance(matrix, Int8Matrix):
            self._packed = torch.empty(matrix.shape, dtype=torch.int8)
            for start in range(0, height, EXPANDED_ROWS):  # all rows at once would be held twice
                stop = min(start + EXPANDED_ROWS, height)
                self._packed[start:stop] = matrix.integers(start, stop)
            self._scales = matrix.scales.view(-1)[:height].contiguous()
            # torch's operator reads beyond the end of other shapes
            is_direct = not any(side % _TORCH_INT8_MULTIPLE for side in matrix.shape)
            self._max_direct_tokens = _MAX_INT8_TOKENS if is_direct else 0
        else:
            parts = [_torch_int4(rows) for rows in _row_blocks(matrix)]
            self._packed = torch.cat([packed for packed, _ in parts])
            self._scales = torch.cat([scales for _, scales in parts], 1)
            self._max_direct_tokens = _MAX_INT4_TOKENS

    def __call__(self, x: Tensor) -> Tensor:
        output = self._direct(x) if x.shape[0] <= self._max_direct_tokens else self._expanding(x)
        return output if self._bias is None else output.add_(self._bias)

    @property
    def copied_bytes(self) -> int:
        """What is held beside the matrix."""
        return self._packed.nbytes + self._scales.nbytes

    def _direct(self, x: Tensor) -> Tensor:
        x = x.contiguous()
        if isinstance(self._matrix, Int8Matrix):
            return torch.ops.aten._weight_int8pack_mm(x, self._packed, self._scales)  # type: ignore[no-any-return]
        height, width = self._matrix.shape
        x = F.pad(x, (0, 2 * self._packed.shape[1] - width))
        output: Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(
            x, self._packed, GROUP, self._scales
        )
        return output[:, :height].contiguous()

    def _expanding(self, x: Tensor) -> Tensor:
        height = self._matrix.shape[0]
        output = x.new_empty(x.shape[0], height)
        for start in range(0, height, EXPANDED_ROWS):
            stop = min(start + EXPANDED_ROWS, height)
            output[:, start:stop] = F.linear(x, self._matrix.expanded(start, stop))
        return output


def torch_copy_bytes(shape: tuple[int, ...], kind: QuantizedFormat) -> int:
    """What `TorchQuantizedLinear` holds of a matrix beside the matrix itself."""
    height, width = shape
    if kind == "int8":
        return height * width + height * torch.bfloat16.itemsize
    height += -height % _TORCH_INT4_ROWS
    width += -width % COLUMNS
    return height * width // 2 + height * width // GROUP * 2 * torch.bfloat16.itemsize


def expanding_bytes(width: int) -> int:
    """About what it takes to expand `EXPANDED_ROWS` rows of this width to bf16."""
    # Of a weight, in int4: its bf16 scale, its integer, and as bf16 before and after it is scaled.
    return EXPANDED_ROWS * width * (2 + 1 + 2 + 2)


def format_of(name: str, shape: tuple[int, ...], wanted: QuantizedFormat) -> QuantizedFormat | None:
    """The format that a parameter gets; None where it stays as it is.

    The embedding stays: only single rows of it are read.
    """
    if len(shape) != 2 or name == "embedding":
        return None
    return "int8" if name == "head" else wanted


def quantized_layout(
    shape: tuple[int, ...], kind: QuantizedFormat
) -> Iterator[tuple[str, tuple[int, ...], torch.dtype]]:
    """Suffix, shape and dtype of the tensors that a quantised matrix consists of; `matrix_of` puts them together."""
    blocks = (-(-shape[0] // ROWS), -(-shape[1] // COLUMNS))
    if kind == "int8":
        yield "values", (*blocks, INT8_BLOCK_BYTES), torch.uint8
        yield "scales", (blocks[0], ROWS), torch.bfloat16
    else:
        yield "values", (*blocks, INT4_BLOCK_BYTES), torch.uint8
        yield "scales", (*blocks, ROWS), torch.bfloat16
        yield "group_scales", (*blocks, 2 * ROWS), torch.uint8


def matrix_of(
    shape: tuple[int, ...], kind: QuantizedFormat, parts: Sequence[Tensor]
) -> QuantizedMatrix:
    """The matrix whose tensors are `parts`, in the order of `quantized_layout`; they are kept, not copied."""
    height, width = shape
    values, scales, *group_scales = parts
    if kind == "int8":
        return Int8Matrix(values, scales, (height, width))
    return Int4Matrix(values, scales, group_scales[0], (height, width))


def quantize(rows: Tensor, kind: QuantizedFormat) -> tuple[Tensor, ...]:
    """The tensors of `quantized_layout` for some rows of a matrix.

    Args:
        rows: (rows, width), any floating dtype; a multiple of 16 rows, unless they are the last ones.
        kind: the format.
    """
    return quantize_int8(rows) if kind == "int8" else quantize_int4(rows)


def quantize_int8(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 by row.

    Args:
        rows: (rows, width), any floating dtype.

    Returns:
        Values and scales as `Int8Matrix` has them. Scales are rounded before the values are, so that they fit.
    """
    rows = _padded(rows)
    scales = (rows.abs().amax(1) / 127).clamp_(min=_SMALLEST_SCALE).bfloat16()
    values = (rows / scales.float()[:, None]).round_().clamp_(-127, 127).add_(128).to(torch.uint8)
    height, width = values.shape
    # (rows / 16, 16, columns / 4, 4) -> (rows / 16, columns / 4, 16, 4)
    lines = values.view(height // ROWS, ROWS, -1, 4).transpose(1, 2)
    shape = (height // ROWS, width // COLUMNS, INT8_BLOCK_BYTES)
    return lines.reshape(shape), scales.view(-1, ROWS)


def quantize_int4(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Symmetric int4 by group, with the integer group scale of the least squared error.

    Three scales are tried: the smallest at which no value is cut off, and the two below, which cut off the largest
    and are finer for the rest.

    Args:
        rows: (rows, width), any floating dtype.

    Returns:
        Values, scales and group scales as `Int4Matrix` has them.
    """
    rows = _padded(rows)
    groups = rows.view(rows.shape[0], -1, _GROUPS, GROUP)  # (rows, blocks, 4, 32)
    largest = groups.abs().amax((-1, -2), keepdim=True)  # (rows, blocks, 1, 1)
    scales = (largest / (7 * _LARGEST_SCALE)).clamp_(min=_SMALLEST_SCALE).bfloat16()
    groups = (
        groups / scales.float()
    )  # in units of the block's scale, so that squares do not overflow
    whole = (groups.abs().amax(-1, keepdim=True) / 7).ceil_().clamp_(max=_LARGEST_SCALE)
    best_values = torch.full_like(groups, 8)
    best_scales = torch.zeros_like(whole)
    best_errors = torch.full_like(whole, torch.inf)
    for less in range(3):
        group_scales = (whole - less).clamp_(min=1)
        values = (groups / group_scales).round_().clamp_(-8, 7)
        errors = (
            torch.addcmul(groups, values, group_scales, value=-1).square_().sum(-1, keepdim=True)
        )
        is_better = errors < best_errors
        best_errors = torch.where(is_better, errors, best_errors)
        best_scales = torch.where(is_better, group_scales, best_scales)
        best_values = torch.where(is_better, values.add_(8), best_values)
    return _pack_int4(
        best_values.to(torch.uint8), scales[..., 0, 0], best_scales[..., 0].to(torch.uint8)
    )


def _pack_int4(
    values: Tensor, scales: Tensor, group_scales: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Into the layout, from (rows, blocks, 4, 32), (rows, blocks) and (rows, blocks, 4)."""
    height, blocks = scales.shape
    # (rows / 16, 16, blocks, 16 lines, 2 halves, 4) -> (rows / 16, blocks, 16 lines, 16, 4)
    lines = values.view(height // ROWS, ROWS, blocks, COLUMNS // 8, 2, 4)
    pairs = (lines[..., 0, :] | lines[..., 1, :] << 4).permute(0, 2, 3, 1, 4)
    packed = pairs.reshape(height // ROWS, blocks, INT4_BLOCK_BYTES)
    # (rows / 16, 16, blocks, 2 pairs, 2) -> (rows / 16, blocks, 2 pairs, 16)
    of_groups = group_scales.view(height // ROWS, ROWS, blocks, 2, 2)
    group_pairs = (of_groups[..., 0] | of_groups[..., 1] << 4).permute(0, 2, 3, 1)
    return (
        packed,
        scales.view(height // ROWS, ROWS, blocks).transpose(1, 2).contiguous(),
        group_pairs.reshape(height // ROWS, blocks, 2 * ROWS),
    )


def _padded(rows: Tensor) -> Tensor:
    """In fp32, with zeros up to whole blocks."""
    height, width = rows.shape
    return F.pad(rows.float(), (0, -width % COLUMNS, 0, -height % ROWS))


def _row_blocks(matrix: Int4Matrix) -> Iterator[Int4Matrix]:
    """Views of `EXPANDED_ROWS` rows at a time: their integers take 12 times what a matrix does."""
    step = EXPANDED_ROWS // ROWS
    for first in range(0, matrix.values.shape[0], step):
        rows = slice(first, first + step)
        height = min(EXPANDED_ROWS, matrix.shape[0] - first * ROWS)
        yield Int4Matrix(
            matrix.values[rows],
            matrix.scales[rows],
            matrix.group_scales[rows],
            (height, matrix.shape[1]),
        )


def _torch_int4(matrix: Int4Matrix) -> tuple[Tensor, Tensor]:
    """The layout of torch's int4 operator, sides padded: packed values, and (groups, rows, 2) scale and zero point.

    A group's scale is rounded to bf16, which changes a weight by at most a part in 512.
    """
    height, width = matrix.values.shape[0] * ROWS, matrix.values.shape[1] * COLUMNS
    whole = Int4Matrix(matrix.values, matrix.scales, torch.full_like(matrix.group_scales, 0x11), (height, width))  # fmt: skip
    blocks = matrix.group_scales.view(height // ROWS, -1, 2, ROWS)
    # (row blocks, blocks, 2, 16) twice -> (rows, groups)
    groups = torch.stack([blocks & 15, blocks >> 4], -1).permute(0, 3, 1, 2, 4).reshape(height, -1)
    scales = matrix.scales.transpose(1, 2).reshape(height, -1).float().repeat_interleave(_GROUPS, 1)
    below = -height % _TORCH_INT4_ROWS
    values = F.pad(whole.integers(0, height).int() + 8, (0, 0, 0, below), value=8)
    steps = F.pad(scales * groups, (0, 0, 0, below)).bfloat16().T  # (groups, rows)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(values, 1)
    return packed, torch.stack([steps, torch.zeros_like(steps)], -1).contiguous()

"""The matrices of the network as things that multiply, one class for each way to hold them."""

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

# Of a checkpoint whose bf16 matrices are packed: a larger one starts faster, and leaves memory to others, when it stays
# mapped.
MAX_PACKED_BYTES = 2 << 30


class Linear(Protocol):
    """x -> x W^T + b for x (rows, in), whatever way W is held."""

    def __call__(self, x: Tensor) -> Tensor:
        """(rows, out), dtype of `x`."""
        ...


@dataclass(frozen=True, slots=True)
class DenseLinear:
    """A matrix as it is stored: `weight` (out, in) and `bias` (out) or None, of the compute dtype."""

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class PackedLinear:
    """A bf16 matrix in the order that oneDNN reads it: a copy, a third faster for few rows, and the same bits.

    Args:
        weight: (out, in) bf16 on the CPU; copied.
        bias: (out) bf16 or None.
    """

    __slots__ = ("_bias", "_weight")

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        output: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self._weight, self._bias, "none", [], ""
        )
        return output


def can_pack(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether `PackedLinear` works here: bf16 on a CPU that multiplies it, with torch's oneDNN operators."""
    return (
        dtype == torch.bfloat16
        and device.type == "cpu"
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )

"""What happens to activations between the products, by the native kernels or by torch's operators.

Sources: RMSNorm, arXiv 1910.07467; rotary positions, arXiv 2104.09864, section 3.4.2; SwiGLU, arXiv 2002.05202.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_engine import kernels
from glm_engine.kernels import activations as native


class Activations(Protocol):
    """A way to compute what is between the products. A row's result depends on nothing but the row."""

    def add_norm(self, hidden: Tensor, added: Tensor | None, weight: Tensor) -> Tensor:
        """`hidden` + `added`, into `hidden`, and RMSNorm of that.

        Args:
            hidden: (T, width) fp32, the residual stream.
            added: (T, width) of the compute dtype; or None.
            weight: (width) fp32.

        Returns:
            (T, width), compute dtype.
        """
        ...

    def rotate_(self, heads: Tensor, rotation: Tensor) -> None:
        """Rotate adjacent pairs in place, in fp32.

        Args:
            heads: (T, heads, rotary_dim), a view that is written to.
            rotation: (T, 1, rotary_dim / 2) complex64. A pair (x, y) times cos + i sin is the pair rotated.
        """
        ...

    def swiglu(self, gate_up: Tensor) -> Tensor:
        """silu(gate) * up, for `gate_up` (T, 2 W) with the gates first: (T, W)."""
        ...


def choose_activations(dtype: torch.dtype, epsilon: float, device: torch.device) -> Activations:
    """The native kernels for bf16 on a CPU, torch's operators elsewhere."""
    if dtype == torch.bfloat16 and device.type == "cpu" and kernels.available():
        return NativeActivations(epsilon)
    return TorchActivations(dtype, epsilon)


class NativeActivations:
    """The kernels of `kernels/activations.cpp`: one pass over memory each, on the threads of the products.

    Args:
        epsilon: of RMSNorm.
    """

    def __init__(self, epsilon: float) -> None:
        self._epsilon = epsilon

    def add_norm(self, hidden: Tensor, added: Tensor | None, weight: Tensor) -> Tensor:
        return native.add_norm(hidden, added, weight, self._epsilon)

    def rotate_(self, heads: Tensor, rotation: Tensor) -> None:
        native.rotate_(heads, rotation)

    def swiglu(self, gate_up: Tensor) -> Tensor:
        return native.swiglu(gate_up)


class TorchActivations:
    """Torch's operators.

    Args:
        dtype: of what comes out.
        epsilon: of RMSNorm.
    """

    def __init__(self, dtype: torch.dtype, epsilon: float) -> None:
        self._dtype = dtype
        self._epsilon = epsilon

    def add_norm(self, hidden: Tensor, added: Tensor | None, weight: Tensor) -> Tensor:
        if added is not None:
            hidden += added
        length: Tensor = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True)
        mean_square = length.square_().div_(hidden.shape[-1])  # (T, 1)
        scale = mean_square.add_(self._epsilon).rsqrt_()
        return (hidden * scale).mul_(weight).to(self._dtype)

    def rotate_(self, heads: Tensor, rotation: Tensor) -> None:
        pairs = torch.view_as_complex(heads.float().reshape(*heads.shape[:-1], -1, 2))
        # (T, heads, rotary_dim / 2) complex64
        heads.copy_(torch.view_as_real(pairs * rotation).flatten(-2))

    def swiglu(self, gate_up: Tensor) -> Tensor:
        gate, up = gate_up.chunk(2, -1)
        return F.silu(gate).mul_(up)

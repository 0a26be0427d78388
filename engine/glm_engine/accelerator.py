"""Parameters on an accelerator, and how quantised ones multiply there, in plain torch.

Unmeasured: this was written where there is no accelerator. A pass asks the host for nothing, so it can be compiled and
captured (`glm_engine.step_graphs`); the tests hold it to that on torch's meta device and under its compiler.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_engine.quantization import EXPANDED_ROWS, Int4Matrix, Int8Matrix, QuantizedMatrix


class ExpandingLinear:
    """x -> x W^T + b for a quantised W on any device, expanded to bf16 some rows at a time; `x` is bf16.

    It saves memory, not time: each pass writes and reads the expanded rows.
    """

    __slots__ = ("_bias", "_matrix")

    def __init__(self, matrix: QuantizedMatrix, bias: Tensor | None = None) -> None:
        self._matrix = matrix
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        height = self._matrix.shape[0]
        blocks = [
            F.linear(x, self._matrix.expanded(start, min(start + EXPANDED_ROWS, height)))
            for start in range(0, height, EXPANDED_ROWS)
        ]
        output = torch.cat(blocks, -1)  # (rows, out)
        return output if self._bias is None else output + self._bias


def find_device(name: str | torch.device) -> torch.device:
    """The device of that name.

    Raises:
        ValueError: there is none here.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device is {name!r}: {error}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device is {str(name)!r}, but torch finds none: it needs a build of torch for CUDA and a driver."
            " Use device='cpu'."
        )
    return device


def free_memory_bytes(device: torch.device) -> int:
    """Memory of an accelerator that can be had now, of CUDA; what this process has reserved already is not in it."""
    return torch.cuda.mem_get_info(device)[0]


def to_device(
    parameters: Mapping[str, Tensor | QuantizedMatrix], device: torch.device
) -> dict[str, Tensor | QuantizedMatrix]:
    """The same parameters on a device, copied one by one where they are not there yet."""
    return {name: _moved(parameter, device) for name, parameter in parameters.items()}


def _moved(parameter: Tensor | QuantizedMatrix, device: torch.device) -> Tensor | QuantizedMatrix:
    match parameter:
        case Int8Matrix(values, scales, shape):
            return Int8Matrix(values.to(device), scales.to(device), shape)
        case Int4Matrix(values, scales, group_scales, shape):
            return Int4Matrix(values.to(device), scales.to(device), group_scales.to(device), shape)
        case _:
            return parameter.to(device)

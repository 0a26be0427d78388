"""Int8 and int4 matrices: how near they are, and that every way to multiply them means the same."""

import pytest
import torch
from torch import Tensor

from glm_engine.quantization import (
    Int4Matrix,
    Int8Matrix,
    QuantizedFormat,
    QuantizedLinear,
    QuantizedMatrix,
    format_of,
    quantize_int4,
    quantize_int8,
)

SHAPES = [(192, 128), (64, 96), (4608, 128)]


def quantized(weight: Tensor, kind: QuantizedFormat) -> QuantizedMatrix:
    if kind == "int8":
        return Int8Matrix(*quantize_int8(weight))
    packed, scales_and_zeros = quantize_int4(weight)
    return Int4Matrix(packed, scales_and_zeros.transpose(0, 1).contiguous())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_every_weight_is_within_half_a_step(shape: tuple[int, int], kind: QuantizedFormat) -> None:
    """With outliers, which widen the step of their own row or group and of no other."""
    weight = torch.randn(shape)
    weight[3, 5] = 100.0
    matrix = quantized(weight, kind)
    if kind == "int8":
        step = weight.abs().amax(1, keepdim=True).expand_as(weight) / 127
    else:
        groups = weight.view(shape[0], -1, 32 if shape[1] % 64 else 64)
        step = (groups.amax(2) - groups.amin(2)).div(15).repeat_interleave(groups.shape[2], 1)
    # And what bf16 rounds off the scale, the zero point and the product: a few parts in 256.
    slack = 0.02 * step * (127 if kind == "int8" else 16)
    error = (matrix.expanded(0, shape[0]).float() - weight).abs()
    assert bool((error <= 0.5 * step + slack * 0.5).all())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_few_and_many_tokens_are_multiplied_by_the_same_matrix(
    shape: tuple[int, int], kind: QuantizedFormat
) -> None:
    """The operator that reads packed weights, and bf16 rows expanded from them, around each switch-over."""
    matrix = quantized(torch.randn(shape), kind)
    bias = torch.randn(shape[0]).bfloat16()
    linear = QuantizedLinear(matrix, bias)
    x = torch.randn(200, shape[1]).bfloat16()
    expected = x.float() @ matrix.expanded(0, shape[0]).float().T + bias.float()
    tolerance = 0.02 * float(expected.std())  # bf16 products and sums of about 100 terms
    for rows in (1, 2, 16, 17, 128, 129, 200):
        output = linear(x[:rows])
        assert output.dtype == torch.bfloat16
        error = (output.float() - expected[:rows]).square().mean().sqrt()
        assert error < tolerance


def test_zero_and_constant_rows_survive() -> None:
    weight = torch.zeros(64, 64)
    weight[1] = 0.25
    for kind in ("int8", "int4"):
        expanded = quantized(weight, kind).expanded(0, 64)
        assert torch.allclose(expanded.float(), weight, atol=2e-3)


def test_formats_follow_what_a_matrix_is_for() -> None:
    assert format_of("embedding", (64, 64), "int8") is None
    assert format_of("layers.0.mlp_norm", (64,), "int4") is None
    assert format_of("head", (64, 64), "int4") == "int8"
    assert format_of("layers.0.down.weight", (64, 96), "int4") == "int4"
    assert format_of("layers.0.down.weight", (48, 96), "int4") == "int8"  # rows that do not pack
    assert format_of("layers.0.down.weight", (64, 48), "int8") == "int8"

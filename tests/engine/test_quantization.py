"""Int8 and int4 matrices: how near they are, what they look like, and that every way to multiply them means the same."""

import pytest
import torch
from torch import Tensor

from glm_engine.quantization import (
    EXPANDED_ROWS,
    Int4Matrix,
    Int8Matrix,
    QuantizedFormat,
    QuantizedLinear,
    QuantizedMatrix,
    TorchQuantizedLinear,
    format_of,
    matrix_of,
    quantize,
    quantized_layout,
    torch_copy_bytes,
)

FORMATS: list[QuantizedFormat] = ["int8", "int4"]
SHAPES = [
    (192, 128),
    (64, 96),
    (4608, 128),
    (50, 300),
]  # whole blocks, and sides that they do not divide


def quantized(weight: Tensor, kind: QuantizedFormat) -> QuantizedMatrix:
    return matrix_of(tuple(weight.shape), kind, quantize(weight, kind))


def groups_of(weight: Tensor, size: int) -> Tensor:
    """(rows, groups, size), zeros where the last group is not full."""
    return torch.nn.functional.pad(weight, (0, -weight.shape[1] % size)).view(len(weight), -1, size)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_int8_weight_is_within_half_a_step(shape: tuple[int, int]) -> None:
    """With an outlier, which widens the step of its own row and of no other."""
    weight = torch.randn(shape)
    weight[3, 5] = 100.0
    step = weight.abs().amax(1, keepdim=True).expand_as(weight) / 127
    slack = (
        0.02 * step * 127 * 0.5
    )  # what bf16 rounds off the scale and the product: a few parts in 256
    error = (quantized(weight, "int8").expanded(0, shape[0]).float() - weight).abs()
    assert bool((error <= 0.5 * step + slack).all())


@pytest.mark.parametrize("shape", SHAPES)
def test_an_int4_group_errs_no_more_than_rounding_without_cutting_off(
    shape: tuple[int, int],
) -> None:
    """The step that cuts nothing off is a seventh of the largest, rounded up to a multiple of the block's scale.

    Half of it for every weight is the root of the squared error at the most, whatever step was found better. An outlier
    widens the steps of its own block of 128 only.
    """
    weight = torch.randn(shape)
    weight[3, 5] = 100.0
    expanded = quantized(weight, "int4").expanded(0, shape[0]).float()
    largest = groups_of(weight, 32).abs().amax(2)
    of_blocks = groups_of(weight, 128).abs().amax(2).repeat_interleave(4, 1)[:, : largest.shape[1]]
    step = largest / 7 + of_blocks / 105
    errors = groups_of(expanded - weight, 32).square().mean(2).sqrt()
    assert bool((errors <= 0.5 * step + 0.01 * largest).all())


def test_int4_is_finer_than_one_scale_for_each_32_weights() -> None:
    """The plain way, scale = largest / 7 in full precision, on normally distributed weights."""
    weight = torch.randn(256, 4096)
    groups = weight.view(256, -1, 32)
    step = groups.abs().amax(2, keepdim=True) / 7
    plain = ((groups / step).round() * step).view_as(weight)
    expanded = quantized(weight, "int4").expanded(0, 256).float()
    assert (expanded - weight).square().mean() < 0.95 * (plain - weight).square().mean()


@pytest.mark.parametrize("kind", FORMATS)
def test_any_rows_expand_to_what_all_rows_expand_to(kind: QuantizedFormat) -> None:
    matrix = quantized(torch.randn(100, 200), kind)
    whole = matrix.expanded(0, 100)
    assert whole.shape == (100, 200)
    assert torch.equal(matrix.expanded(32, 100), whole[32:])
    assert torch.equal(matrix.expanded(16, 17), whole[16:17])


@pytest.mark.parametrize("kind", FORMATS)
def test_blocks_of_rows_quantise_to_the_blocks_of_the_whole(kind: QuantizedFormat) -> None:
    """The cache is written block of rows by block of rows."""
    weight = torch.randn(100, 200)
    first, second = quantize(weight[:64], kind), quantize(weight[64:], kind)
    for parts in zip(first, second, quantize(weight, kind), strict=True):
        assert torch.equal(torch.cat(parts[:2]), parts[2])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_layout_says_what_quantising_makes(
    shape: tuple[int, int], kind: QuantizedFormat
) -> None:
    parts = quantize(torch.randn(shape), kind)
    assert [(tuple(part.shape), part.dtype) for part in parts] == [
        (part_shape, dtype) for _, part_shape, dtype in quantized_layout(shape, kind)
    ]


@pytest.mark.parametrize("linear_class", [QuantizedLinear, TorchQuantizedLinear])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", FORMATS)
def test_few_and_many_tokens_are_multiplied_by_the_same_matrix(
    shape: tuple[int, int],
    kind: QuantizedFormat,
    linear_class: type[QuantizedLinear] | type[TorchQuantizedLinear],
) -> None:
    """The kernels, or torch's operators, around each switch-over.

    Of the result's deviation: rounding an activation to one of 255 steps of its block's largest is 0.7 % for normally
    distributed ones, a weight's step rounded to bf16 0.2 %, and a product in bf16 0.2 %.
    """
    matrix = quantized(torch.randn(shape), kind)
    bias = torch.randn(shape[0]).bfloat16()
    linear = linear_class(matrix, bias)
    x = torch.randn(200, shape[1]).bfloat16()
    expected = x.float() @ matrix.expanded(0, shape[0]).float().T + bias.float()
    tolerance = 0.02 * float(expected.std())
    for rows in (1, 2, 8, 9, 16, 17, 128, 129, 200):
        output = linear(x[:rows])
        assert output.dtype == torch.bfloat16
        error = (output.float() - expected[:rows]).square().mean().sqrt()
        assert error < tolerance


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", [(64, 128), (50, 200), (EXPANDED_ROWS + 70, 130)])
def test_what_torch_holds_beside_a_matrix_is_what_plans_say(
    shape: tuple[int, int], kind: QuantizedFormat
) -> None:
    linear = TorchQuantizedLinear(quantized(torch.randn(shape), kind))
    assert linear.copied_bytes == torch_copy_bytes(shape, kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_matrix_is_the_same_to_torch_whether_its_rows_were_converted_at_once_or_not(
    kind: QuantizedFormat,
) -> None:
    """Few tokens read the copy, and every row of it counts."""
    shape = (EXPANDED_ROWS + 96, 128)
    matrix = quantized(torch.randn(shape), kind)
    x = torch.randn(2, shape[1]).bfloat16()
    expected = x.float() @ matrix.expanded(0, shape[0]).float().T
    error = (TorchQuantizedLinear(matrix)(x).float() - expected).abs()
    assert float(error.max()) < 0.02 * float(expected.std()) * 5


def test_zero_and_constant_rows_survive() -> None:
    weight = torch.zeros(64, 64)
    weight[1] = 0.25
    for kind in FORMATS:
        expanded = quantized(weight, kind).expanded(0, 64)
        assert torch.allclose(expanded.float(), weight, atol=2e-3)


@pytest.mark.parametrize("exponent", [-100, -33, 33, 100])
@pytest.mark.parametrize("kind", FORMATS)
def test_the_size_of_weights_does_not_matter(kind: QuantizedFormat, exponent: int) -> None:
    """Powers of two move scales and nothing else."""
    weight = torch.randn(32, 256)
    expected = quantized(weight, kind).expanded(0, 32).double() * 2.0**exponent
    assert torch.equal(quantized(weight * 2.0**exponent, kind).expanded(0, 32).double(), expected)


def test_formats_follow_what_a_matrix_is_for() -> None:
    assert format_of("embedding", (64, 64), "int8") is None
    assert format_of("layers.0.mlp_norm", (64,), "int4") is None
    assert format_of("head", (64, 64), "int4") == "int8"
    assert format_of("layers.0.down.weight", (64, 96), "int4") == "int4"
    assert format_of("layers.0.down.weight", (50, 30), "int4") == "int4"
    assert format_of("layers.0.down.weight", (64, 48), "int8") == "int8"


def test_nbytes_counts_every_tensor() -> None:
    for kind in FORMATS:
        matrix = quantized(torch.randn(64, 256), kind)
        tensors = [matrix.values, matrix.scales]
        if isinstance(matrix, Int4Matrix):
            tensors.append(matrix.group_scales)
        assert isinstance(matrix, Int4Matrix | Int8Matrix)
        assert matrix.nbytes == sum(tensor.nbytes for tensor in tensors)

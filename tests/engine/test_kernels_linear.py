"""The native products: against fp64, on every instruction set that runs here, and not one byte beyond their buffers."""

import ctypes
import mmap
from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from glm_engine import kernels
from glm_engine.kernels.linear import NativeLinear
from glm_engine.quantization import QuantizedFormat, matrix_of, quantize, quantized_layout

pytestmark = pytest.mark.skipif(
    not kernels.available(), reason=f"no native kernels: {kernels.status().detail}"
)

FORMATS: list[QuantizedFormat] = ["int8", "int4"]
HERE = kernels.INSTRUCTION_SETS[
    : kernels.INSTRUCTION_SETS.index(kernels.instruction_set()) + 1 if kernels.available() else 0
]
# GLM-4-9B's widths with fewer rows, ChatGLM2's are the same; the demo's; and what divides nothing.
SHAPES = [(160, 4096), (48, 13696), (960, 576), (50, 300), (1, 1), (17, 129), (31, 128), (513, 257)]


def random_linear(
    shape: tuple[int, int], kind: QuantizedFormat, *, has_bias: bool = False
) -> tuple[NativeLinear, Tensor, Tensor | None]:
    """Any bits that the layout allows, the matrix in fp64, and the bias."""
    parts = [
        torch.empty(part, dtype=dtype).uniform_(0.001, 0.003)
        if dtype == torch.bfloat16
        else torch.empty(part, dtype=dtype).random_()
        for _, part, dtype in quantized_layout(shape, kind)
    ]
    matrix = matrix_of(shape, kind, parts)
    bias = torch.randn(shape[0]).bfloat16() if has_bias else None
    integers = matrix.integers(0, shape[0]).double()
    if kind == "int8":
        weight = integers * matrix.scales.double().view(-1)[: shape[0], None]
    else:
        scales = matrix.scales.double().transpose(1, 2).reshape(-1, matrix.scales.shape[1])
        weight = integers * scales.repeat_interleave(128, 1)[: shape[0], : shape[1]]
    return native(parts, shape, bias), weight, bias


def native(parts: list[Tensor], shape: tuple[int, int], bias: Tensor | None) -> NativeLinear:
    values, scales, *group_scales = parts
    return NativeLinear(values, scales, group_scales[0] if group_scales else None, shape, bias)


def rounded(x: Tensor) -> Tensor:
    """Activations as the contract says that they are quantised, in fp64."""
    width = x.shape[1]
    blocks = torch.nn.functional.pad(x.float(), (0, -width % 128)).view(len(x), -1, 128)
    largest = blocks.abs().amax(2, keepdim=True)
    factor = torch.full_like(largest, 127).div_(
        largest
    )  # 127 / x would be 127 times the reciprocal
    integers = torch.where(largest > 0, blocks * factor, 0.0).round()
    return (integers.double() * (largest / 127).double()).view(len(x), -1)[:, :width]


@pytest.mark.parametrize("instruction_set", HERE)
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_is_that_of_the_rounded_activations(
    shape: tuple[int, int], kind: QuantizedFormat, instruction_set: str
) -> None:
    """Integer sums are exact, so that what remains is fp32 additions of blocks and the last rounding to bf16."""
    linear, weight, bias = random_linear(shape, kind, has_bias=True)
    assert bias is not None
    x = torch.randn(40, shape[1]).bfloat16()
    exact = rounded(x) @ weight.T + bias.double()
    size = rounded(x).abs() @ weight.abs().T + bias.double().abs()
    for rows in (1, 2, 8, 9, 16, 17, 33, 40):
        output = linear(x[:rows], instruction_set=instruction_set).double()
        bound = exact[:rows].abs() * 2**-8 + size[:rows] * 2**-20
        assert bool(((output - exact[:rows]).abs() <= bound).all())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_instruction_set_row_count_and_thread_count_gives_the_same_bits(
    shape: tuple[int, int], kind: QuantizedFormat
) -> None:
    """What makes drafting, chunking and batching exact, and one machine's run another's."""
    linear, _, _ = random_linear(shape, kind, has_bias=True)
    x = torch.randn(70, shape[1]).bfloat16()
    expected = linear(x, instruction_set="portable")
    threads = torch.get_num_threads()
    try:
        for num_threads in (1, 2, 3):
            torch.set_num_threads(num_threads)
            for instruction_set in HERE:
                for first, last in (
                    (0, 1),
                    (3, 4),
                    (1, 6),
                    (0, 8),
                    (2, 11),
                    (5, 37),
                    (0, 64),
                    (0, 70),
                ):
                    output = linear(x[first:last], instruction_set=instruction_set)
                    assert torch.equal(output, expected[first:last])
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_prompt_longer_than_a_pass_is_computed_in_passes(kind: QuantizedFormat) -> None:
    linear, _, _ = random_linear((100, 300), kind)
    x = torch.randn(1100, 300).bfloat16()
    whole = linear(x)
    assert torch.equal(whole, torch.cat([linear(rows) for rows in torch.split(x, 7)]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 400),
    rows=st.integers(1, 40),
    kind=st.sampled_from(FORMATS),
    exponent=st.integers(-60, 60),
    seed=st.integers(0, 2**32),
)
def test_any_shape_and_scale_is_right(
    height: int, width: int, rows: int, kind: QuantizedFormat, exponent: int, seed: int
) -> None:
    torch.manual_seed(seed)
    weight = torch.randn(height, width)
    matrix = matrix_of((height, width), kind, quantize(weight, kind))
    linear = native([*matrix_parts(matrix)], (height, width), None)
    x = (torch.randn(rows, width) * 2.0**exponent).bfloat16()
    expected = rounded(x) @ matrix.expanded(0, height).double().T
    size = rounded(x).abs() @ matrix.expanded(0, height).double().abs().T
    assert bool(((linear(x).double() - expected).abs() <= size * 2**-7).all())


def matrix_parts(matrix: object) -> Iterator[Tensor]:
    for name in ("values", "scales", "group_scales"):
        if hasattr(matrix, name):
            yield getattr(matrix, name)


@pytest.mark.parametrize("instruction_set", HERE)
def test_views_strides_and_odd_addresses_change_nothing(instruction_set: str) -> None:
    linear, _, _ = random_linear((40, 200), "int4")
    x = torch.randn(20, 200).bfloat16()
    expected = linear(x, instruction_set=instruction_set)
    wide = torch.zeros(20, 333, dtype=torch.bfloat16)
    wide[:, 77:277] = x
    assert torch.equal(linear(wide[:, 77:277], instruction_set=instruction_set), expected)
    transposed = x.T.contiguous().T
    assert torch.equal(linear(transposed, instruction_set=instruction_set), expected)
    assert linear(x[:0]).shape == (0, 40)


@pytest.mark.parametrize("instruction_set", HERE)
@pytest.mark.parametrize("kind", FORMATS)
def test_activations_that_are_not_finite_make_the_whole_row_nan(
    kind: QuantizedFormat, instruction_set: str
) -> None:
    """Never a finite number: sampling refuses NaN and says so."""
    linear, _, _ = random_linear((40, 300), kind)
    for rows in (4, 20):
        x = torch.randn(rows, 300).bfloat16()
        x[1, 250], x[2, 3] = torch.inf, torch.nan
        output = linear(x, instruction_set=instruction_set)
        assert bool(output[1:3].isnan().all())
        assert bool(output[0].isfinite().all())
        assert bool(output[3:].isfinite().all())


@pytest.mark.parametrize("instruction_set", HERE)
def test_denormal_and_tiny_activations_are_zero_and_huge_ones_count(instruction_set: str) -> None:
    linear, weight, _ = random_linear((40, 256), "int4")
    x = torch.zeros(3, 256, dtype=torch.bfloat16)
    x[0], x[1], x[2] = 1e-40, 2.0**-121, 2.0**110
    output = linear(x, instruction_set=instruction_set).double()
    assert bool((output[:2] == 0).all())
    expected = 2.0**110 * weight.sum(1)
    assert torch.allclose(output[2], expected, rtol=2**-7, atol=float(expected.abs().max()) * 2**-9)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("instruction_set", HERE)
@pytest.mark.parametrize("at_end", [False, True])
def test_no_byte_beyond_a_buffer_is_touched(
    kind: QuantizedFormat, instruction_set: str, *, at_end: bool
) -> None:
    """Every buffer ends, or begins, at a page that may not be read: a stray byte kills the process."""
    for shape in ((50, 300), (32, 128), (17, 129)):
        parts = [
            guarded(torch.empty(part, dtype=dtype).fill_(1), at_end=at_end)
            for _, part, dtype in quantized_layout(shape, kind)
        ]
        bias = guarded(torch.ones(shape[0], dtype=torch.bfloat16), at_end=at_end)
        linear = native(parts, shape, bias)
        for rows in (1, 3, 8, 9, 17, 33):
            x = guarded(torch.ones(rows, shape[1], dtype=torch.bfloat16), at_end=at_end)
            plain = native([part.clone() for part in parts], shape, bias.clone())(x.clone())
            assert torch.equal(linear(x, instruction_set=instruction_set), plain)


_libc = ctypes.CDLL(None, use_errno=True)


def guarded(tensor: Tensor, *, at_end: bool) -> Tensor:
    """A copy between two pages that may not be touched, against one of them."""
    page = mmap.PAGESIZE
    size = -(-max(tensor.nbytes, 1) // page) * page
    area = mmap.mmap(-1, size + 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    for place in (address, address + page + size):
        if _libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(page), 0) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
    start = page + (size - tensor.nbytes if at_end else 0)
    copy = torch.frombuffer(area, dtype=tensor.dtype, count=tensor.numel(), offset=start)
    return copy.view(tensor.shape).copy_(tensor)


def test_what_does_not_fit_is_refused_before_a_pointer_is_taken() -> None:
    linear, _, _ = random_linear((40, 200), "int8")
    with pytest.raises(ValueError, match=r"must be bfloat16 \(rows, 200\)"):
        linear(torch.zeros(2, 199).bfloat16())
    with pytest.raises(ValueError, match="must be bfloat16"):
        linear(torch.zeros(2, 200))
    parts = [
        torch.zeros(part, dtype=dtype) for _, part, dtype in quantized_layout((40, 200), "int8")
    ]
    with pytest.raises(ValueError, match="values is"):
        native([parts[0][:1], parts[1]], (40, 200), None)
    with pytest.raises(ValueError, match="bias is"):
        native(parts, (40, 200), torch.zeros(41).bfloat16())

"""What is between the products: against fp64, on every instruction set that runs here, within its buffers."""

import ctypes
import mmap

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from glm_engine import kernels
from glm_engine.activations import TorchActivations
from glm_engine.kernels import activations as native

needs_kernels = pytest.mark.skipif(
    not kernels.available(), reason=f"no native kernels: {kernels.status().detail}"
)
HERE = range(
    kernels.INSTRUCTION_SETS.index(kernels.instruction_set()) + 1 if kernels.available() else 0
)
EPSILON = 1.5625e-07  # GLM-4's
WIDTHS = [1, 15, 16, 17, 576, 4096]


def norm_fp64(hidden: Tensor, weight: Tensor) -> Tensor:
    x = hidden.double()
    return x * (x.square().mean(1, keepdim=True) + EPSILON).rsqrt() * weight.double()


def rotated_fp64(heads: Tensor, factors: Tensor) -> Tensor:
    x, y = heads.double()[..., 0::2], heads.double()[..., 1::2]
    cos, sin = factors.real.double(), factors.imag.double()
    return torch.stack([x * cos - y * sin, x * sin + y * cos], -1).flatten(-2)


def swiglu_fp64(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.double().chunk(2, 1)
    return gate * gate.sigmoid() * up


def is_rounded(output: Tensor, exact: Tensor, error: float = 2.0**-20) -> bool:
    """Whether it is the nearest bf16 of something within a relative `error`."""
    return bool(((output.double() - exact).abs() <= exact.abs() * (2.0**-8 + error) + 2.0**-110).all())  # fmt: skip


def is_close(ours: Tensor, theirs: Tensor) -> bool:
    return torch.allclose(ours, theirs, rtol=2.0**-7, atol=1e-3)


def random_factors(rows: int, pairs: int) -> Tensor:
    angles = torch.randn(rows, 1, pairs) * 10
    return torch.complex(angles.cos(), angles.sin())


@needs_kernels
@pytest.mark.parametrize("instruction_set", HERE)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_residual_is_added_and_normed(instruction_set: int, width: int) -> None:
    for rows in (1, 9):
        hidden, added = torch.randn(rows, width) * 30, torch.randn(rows, width).bfloat16()
        weight = torch.rand(width) + 0.5
        summed = hidden + added
        output = native.add_norm(hidden, added, weight, EPSILON, instruction_set=instruction_set)
        assert torch.equal(hidden, summed)
        assert is_rounded(output, norm_fp64(summed, weight))
        alone = native.add_norm(hidden, None, weight, EPSILON, instruction_set=instruction_set)
        assert torch.equal(alone, output)
        assert torch.equal(hidden, summed)


@needs_kernels
@pytest.mark.parametrize("instruction_set", HERE)
def test_pairs_are_rotated_and_the_channels_behind_them_are_not(instruction_set: int) -> None:
    for rows in (1, 9):
        qkv = torch.randn(rows, 36, 128).bfloat16()
        before, factors = qkv.clone(), random_factors(rows, 32)
        native.rotate_(qkv[:, :34, :64], factors, instruction_set=instruction_set)
        exact = rotated_fp64(before[:, :34, :64], factors)
        # what cancels leaves the error of the larger products
        assert bool(((qkv[:, :34, :64].double() - exact).abs() <= exact.abs() * 2**-8 + 1e-5).all())
        assert torch.equal(qkv[:, 34:], before[:, 34:])
        assert torch.equal(qkv[:, :, 64:], before[:, :, 64:])


@needs_kernels
@pytest.mark.parametrize("instruction_set", HERE)
@pytest.mark.parametrize("width", WIDTHS)
def test_gates_open_as_silu_does(instruction_set: int, width: int) -> None:
    for scale in (1, 30):
        gate_up = (torch.randn(9, 2 * width) * scale).bfloat16()
        output = native.swiglu(gate_up, instruction_set=instruction_set)
        assert is_rounded(output, swiglu_fp64(gate_up), error=2.0**-19)


@needs_kernels
def test_every_gate_there_is_gives_what_silu_does() -> None:
    """All 65,536 numbers of bf16: finite ones are right, and no NaN or infinity becomes a number."""
    gate = torch.arange(-(2**15), 2**15).to(torch.int16).view(torch.bfloat16)[None]
    output = native.swiglu(torch.cat([gate, torch.ones_like(gate)], 1))
    exact = swiglu_fp64(torch.cat([gate, torch.ones_like(gate)], 1))
    finite = gate.isfinite()
    bound = (
        exact.abs() * (2.0**-8 + 2.0**-19) + 2.0**-110
    )  # far below zero a gate is all but closed
    assert bool(((output.double() - exact).abs() <= bound)[finite].all())
    assert bool(output[gate.isnan()].isnan().all())
    assert not bool(output[gate.isinf()].isfinite().any())


@needs_kernels
@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 300), rows=st.integers(1, 40), seed=st.integers(0, 2**32), data=st.data()
)
def test_instruction_sets_threads_and_rows_give_the_same_bits(
    width: int, rows: int, seed: int, data: st.DataObject
) -> None:
    torch.manual_seed(seed)
    hidden, added = torch.randn(rows, width), torch.randn(rows, width).bfloat16()
    weight, gate_up = torch.randn(width), torch.randn(rows, 2 * width).bfloat16()
    heads, factors = torch.randn(rows, 3, 2 * width).bfloat16(), random_factors(rows, width)

    def all_three(first: int, last: int, instruction_set: int) -> list[Tensor]:
        part, turned = hidden[first:last].clone(), heads[first:last].clone()
        native.rotate_(turned, factors[first:last], instruction_set=instruction_set)
        return [
            native.add_norm(part, added[first:last], weight, EPSILON, instruction_set=instruction_set),
            part,
            turned,
            native.swiglu(gate_up[first:last], instruction_set=instruction_set),
        ]  # fmt: skip

    first = data.draw(st.integers(0, rows - 1))
    last = data.draw(st.integers(first + 1, rows))
    expected = [whole[first:last] for whole in all_three(0, rows, HERE[-1])]
    threads = torch.get_num_threads()
    try:
        for num_threads in (1, 3):
            torch.set_num_threads(num_threads)
            for instruction_set in HERE:
                found = all_three(first, last, instruction_set)
                assert all(map(torch.equal, found, expected))
    finally:
        torch.set_num_threads(threads)


@needs_kernels
def test_torchs_operators_compute_the_same_but_for_rounding() -> None:
    """A machine without a compiler is as right."""
    plain = TorchActivations(torch.bfloat16, EPSILON)
    hidden, added, weight = torch.randn(5, 300), torch.randn(5, 300).bfloat16(), torch.rand(300)
    gate_up, factors = torch.randn(5, 600).bfloat16(), random_factors(5, 8)
    ours, theirs = hidden.clone(), hidden.clone()
    assert is_close(
        native.add_norm(ours, added, weight, EPSILON),
        plain.add_norm(theirs, added, weight),
    )
    assert torch.equal(ours, theirs)
    assert is_close(native.swiglu(gate_up), plain.swiglu(gate_up))
    heads = torch.randn(5, 4, 16).bfloat16()
    turned = heads.clone()
    native.rotate_(heads, factors)
    plain.rotate_(turned, factors)
    assert is_close(heads, turned)


@needs_kernels
@pytest.mark.parametrize("instruction_set", HERE)
@pytest.mark.parametrize("at_end", [False, True])
def test_no_byte_beyond_a_buffer_is_read_or_written(instruction_set: int, *, at_end: bool) -> None:
    """Every buffer that is given ends, or begins, at a page that may not be touched."""
    for rows, width in ((1, 7), (5, 16), (9, 33)):
        hidden = guarded(torch.randn(rows, width), at_end=at_end)
        added = guarded(torch.randn(rows, width).bfloat16(), at_end=at_end)
        weight = guarded(torch.randn(width), at_end=at_end)
        native.add_norm(hidden, added, weight, EPSILON, instruction_set=instruction_set)
        native.swiglu(
            guarded(torch.randn(rows, 2 * width).bfloat16(), at_end=at_end),
            instruction_set=instruction_set,
        )
        native.rotate_(
            guarded(torch.randn(rows, 3, 2 * width).bfloat16(), at_end=at_end),
            guarded(random_factors(rows, width), at_end=at_end),
            instruction_set=instruction_set,
        )


_libc = ctypes.CDLL(None, use_errno=True)


def guarded(tensor: Tensor, *, at_end: bool) -> Tensor:
    """A copy between two pages that may not be touched, against one of them."""
    page = mmap.PAGESIZE
    size = -(-tensor.nbytes // page) * page
    area = mmap.mmap(-1, size + 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    for place in (address, address + page + size):
        if _libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(page), 0) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
    start = page + (size - tensor.nbytes if at_end else 0)
    copy = torch.frombuffer(area, dtype=tensor.dtype, count=tensor.numel(), offset=start)
    return copy.view(tensor.shape).copy_(tensor)


@needs_kernels
def test_what_does_not_fit_is_refused_before_a_pointer_is_taken() -> None:
    hidden, weight = torch.zeros(2, 32), torch.zeros(32)
    for added in (torch.zeros(2, 32), torch.zeros(1, 32).bfloat16(), torch.zeros(32, 2).bfloat16().T):  # fmt: skip
        with pytest.raises(ValueError, match="do not fit"):
            native.add_norm(hidden, added, weight, EPSILON)
    with pytest.raises(ValueError, match="do not fit"):
        native.add_norm(hidden, None, weight[:31], EPSILON)
    with pytest.raises(ValueError, match="do not fit"):
        native.rotate_(torch.zeros(2, 3, 8).bfloat16(), random_factors(2, 8))
    with pytest.raises(ValueError, match="must be bfloat16"):
        native.swiglu(torch.zeros(2, 8))

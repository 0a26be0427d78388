"""The hand-written gradients, against autograd over the plain formulas."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from demo_training import network
from demo_training.average import average
from demo_training.pack import quantised
from glm_engine.demo.adapter import HEAD_DIM, NUM_HEADS, NUM_KV_HEADS


def _agree(ours: Tensor, reference: Tensor, inputs: list[Tensor]) -> None:
    torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-5)
    direction = torch.randn_like(ours)
    got = torch.autograd.grad(ours, inputs, direction)
    wanted = torch.autograd.grad(reference, inputs, direction)
    for left, right in zip(got, wanted, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).requires_grad_()


def test_the_norm_has_the_gradient_of_rms_norm() -> None:
    """RMSNorm without a weight."""
    x = _random(2, 3, 576)
    reference = torch.nn.functional.rms_norm(x, (576,), eps=network.NORM_EPS)
    _agree(network._applied(network._Norm, x), reference, [x])


def test_the_gate_has_the_gradient_of_swiglu() -> None:
    """silu(gate) * up."""
    x = _random(2, 3, 64)
    gate, up = x.chunk(2, -1)
    _agree(network._applied(network._SwiGlu, x), torch.nn.functional.silu(gate) * up, [x])


def test_the_low_rank_layer_has_the_gradient_of_its_formula() -> None:
    """The layer: x (W + BA)ᵀ + residual, with W frozen."""
    x, residual = _random(2, 3, 16), _random(2, 3, 24)
    weight, down, up = _random(24, 16).detach(), _random(4, 16), _random(24, 4)
    ours = network._applied(network._LowRank, x, weight, down, up, residual)
    _agree(ours, x @ (weight + up @ down).t() + residual, [x, down, up, residual])


@pytest.mark.parametrize("length", [5, network.QUERY_BLOCK, 2 * network.QUERY_BLOCK + 5])
def test_attention_has_the_gradient_of_torchs_own(length: int) -> None:
    """Grouped causal attention behind half-split rotary, against scaled_dot_product_attention."""
    dim = HEAD_DIM
    qkv = _random(2, length, network.QKV_ROWS)
    frequencies = network.ROPE_THETA ** -(torch.arange(0, dim, 2).float() / dim)
    angles = torch.arange(length)[:, None].float() * frequencies
    cosine = torch.cat([angles.cos(), angles.cos()], -1)[:, None]
    sine = torch.cat([-angles.sin(), angles.sin()], -1)[:, None]
    mask = torch.full((2, length, length), float("-inf")).triu_(1)

    def rotated(heads: Tensor) -> Tensor:
        left, right = heads.chunk(2, -1)
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)

    heads = qkv.view(2, length, -1, dim)
    queries, keys = heads[:, :, :NUM_HEADS], heads[:, :, NUM_HEADS : NUM_HEADS + NUM_KV_HEADS]
    values = heads[:, :, NUM_HEADS + NUM_KV_HEADS :]
    reference = torch.nn.functional.scaled_dot_product_attention(
        rotated(queries).transpose(1, 2),
        rotated(keys).transpose(1, 2),
        values.transpose(1, 2),
        is_causal=True,
        enable_gqa=True,
    )
    ours = network._applied(network._Attention, qkv, cosine, sine, mask)
    _agree(ours, reference.transpose(1, 2).reshape(2, length, -1), [qkv])


def test_a_branch_is_learnt_as_if_it_stood_alone_behind_the_trunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two branches in one row, against two rows of trunk and branch: the same loss, the same gradients."""
    monkeypatch.setattr(network, "NUM_LAYERS", 2)
    torch.manual_seed(3)
    small = network.Network()
    for parameter in small.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    trunk, left, right = (torch.randint(0, 49152, (size,)) for size in (140, 20, 33))
    ignored = torch.full((140,), -100)

    def grads(loss: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad(loss, list(network.learnt(small).values())))

    def alone(branch: Tensor) -> Tensor:
        labels = torch.cat([ignored, branch[:1] * 0 - 100, branch[1:]])
        return small.loss(torch.cat([trunk, branch])[None], labels[None])[0]

    labels = torch.cat([ignored, left, right])
    labels[[140, 160]] = -100  # what begins a branch follows nothing
    numbers = torch.tensor([0] * 140 + [1] * 20 + [2] * 33)
    both = small.loss(torch.cat([trunk, left, right])[None], labels[None], numbers[None])[0]
    wanted = alone(left) + alone(right)
    torch.testing.assert_close(both, wanted, rtol=1e-4, atol=1e-4)
    for got, reference in zip(grads(both), grads(wanted), strict=True):
        torch.testing.assert_close(got, reference, rtol=1e-3, atol=1e-3)


def test_packing_keeps_a_matrix_within_half_a_step_of_each_row() -> None:
    """int8 with a scale a row; a row of zeros stays zero."""
    matrix = torch.randn(6, 40) * torch.tensor([1e-3, 1.0, 50.0, 0.0, 1e-6, 3.0])[:, None]
    integers, scales = quantised(matrix)
    error = (integers.float() * scales.float()[:, None] - matrix).abs().amax(1)
    assert (error <= scales.float() * 0.51 + 1e-7).all()


def test_the_average_of_adapters_is_within_half_a_step_of_their_mean(tmp_path: Path) -> None:
    """Packed like each of them; that of an adapter with itself is the adapter."""
    files = []
    for number in range(3):
        matrix, tokens = torch.randn(6, 40), torch.randn(17, 8).bfloat16()
        integers, scales = quantised(matrix)
        files.append({"qkv.0.A": integers, "qkv.0.A.s": scales, "spec": tokens})
        save_file(files[-1], tmp_path / f"{number}")
    average([tmp_path / f"{number}" for number in range(3)], tmp_path / "mean")
    average([tmp_path / "0", tmp_path / "0"], tmp_path / "same")
    made, same = load_file(tmp_path / "mean"), load_file(tmp_path / "same")
    mean = torch.stack([network.adapter_value(file, "qkv.0.A") for file in files]).mean(0)
    error = (network.adapter_value(made, "qkv.0.A") - mean).abs().amax(1)
    assert (error <= made["qkv.0.A.s"].float() * 0.51 + 1e-7).all()
    torch.testing.assert_close(
        made["spec"], torch.stack([file["spec"] for file in files]).float().mean(0).bfloat16()
    )
    torch.testing.assert_close(
        network.adapter_value(same, "qkv.0.A"),
        network.adapter_value(files[0], "qkv.0.A"),
        rtol=1e-3,
        atol=1e-5,
    )

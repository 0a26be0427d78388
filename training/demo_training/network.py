"""The demo model as a network that learns: frozen base, low-rank updates, gradients written by hand.

Autograd keeps far more than these steps need. By hand, a token costs a third less time and half the memory on a
processor with bf16 matrix units. Rotary pairs lie half-split here (0 with 32, …); the merge of the shipped adapter puts
them back into GLM's order. Each RMSNorm's weight is multiplied into the linear layer behind it.

Source: low-rank adapters, arXiv 2106.09685.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from glm_engine.demo.adapter import (
    HEAD_DIM,
    HIDDEN_SIZE,
    INTERMEDIATE_SIZE,
    NUM_HEADS,
    NUM_KV_HEADS,
    NUM_LAYERS,
)
from glm_engine.tensor_files import GgufFile

NUM_CONTROL_TOKENS = 17  # ids 0 to 16: their embeddings are learnt
RANK = 32
NORM_EPS = 1e-5
ROPE_THETA = 100_000.0
MAX_LENGTH = 2048
QUERY_BLOCK = 128  # 64 costs the same, 256 a tenth more
QKV_ROWS = (NUM_HEADS + 2 * NUM_KV_HEADS) * HEAD_DIM
GROUP = NUM_HEADS // NUM_KV_HEADS


class _Norm(torch.autograd.Function):
    """RMSNorm without a weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        size = x.shape[-1]
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = norm.square_().div_(size).add_(NORM_EPS).rsqrt_().to(x.dtype)
        y: Tensor = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (grad,) = grads
        y, scale = ctx.saved_tensors
        dot = (grad * y).sum(-1, keepdim=True, dtype=torch.float32).div_(-y.shape[-1])
        grad_x: Tensor = torch.addcmul(grad, y, dot.to(grad.dtype)).mul_(scale)
        return grad_x


class _SwiGlu(torch.autograd.Function):
    """silu(gate) * up, of the two halves of the last dimension."""

    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up)
        gate, up = gate_up.chunk(2, -1)
        return torch.nn.functional.silu(gate) * up

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (grad,) = grads
        (gate_up,) = ctx.saved_tensors
        gate, up = gate_up.chunk(2, -1)
        out = torch.empty_like(gate_up)
        grad_gate, grad_up = out.chunk(2, -1)
        torch.mul(grad, torch.nn.functional.silu(gate), out=grad_up)
        grad_gate.copy_(torch.ops.aten.silu_backward(grad * up, gate))
        return out


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Half-split rotary over the last dimension; `sine` carries the sign of the roll."""
    return torch.addcmul(x * cosine, torch.roll(x, HEAD_DIM // 2, -1), sine)


class _Attention(torch.autograd.Function):
    """Causal attention over packed queries, keys and values (batch, length, QKV_ROWS).

    Queries come in blocks, each with the keys up to its end: half of the work of the whole square. `mask`
    (batch, length, length) is added to the scores.
    """

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor) -> Tensor:
        batch, length, _ = qkv.shape
        heads = qkv.view(batch, length, -1, HEAD_DIM)
        rotated = _rotated(heads[:, :, : NUM_HEADS + NUM_KV_HEADS], cosine, sine)
        q = _grouped(rotated[:, :, :NUM_HEADS]).mul_(HEAD_DIM**-0.5)
        k = _by_head(rotated[:, :, NUM_HEADS:])
        v = _by_head(heads[:, :, NUM_HEADS + NUM_KV_HEADS :])
        attended = torch.empty_like(q)
        weights = []
        for start, end in _blocks(length):
            scores = torch.bmm(_rows(q, start, end), k[:, :end].transpose(1, 2))
            by_batch = scores.view(batch, -1, end - start, end)
            by_batch.add_(mask[:, None, start:end, :end])
            weights.append(torch.softmax(scores, -1))  # (batch * kv heads, GROUP * block, end)
            part = torch.bmm(weights[-1], v[:, :end])
            attended[:, :, start:end] = part.view(-1, GROUP, end - start, HEAD_DIM)
        ctx.save_for_backward(q, k, v, cosine, sine, *weights)
        return _ungrouped(attended, batch).reshape(batch, length, -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        q, k, v, cosine, sine, *weights = ctx.saved_tensors
        batch, length, _ = grads[0].shape
        grad = _grouped(grads[0].view(batch, length, NUM_HEADS, HEAD_DIM))
        grad_q, grad_k, grad_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for (start, end), block in zip(_blocks(length), weights, strict=True):
            grad_rows = _rows(grad, start, end)
            grad_weights = torch.bmm(grad_rows, v[:, :end].transpose(1, 2))
            grad_v[:, :end].baddbmm_(block.transpose(1, 2), grad_rows)
            grad_scores = torch._softmax_backward_data(grad_weights, block, -1, block.dtype)
            part = torch.bmm(grad_scores, k[:, :end])
            grad_q[:, :, start:end] = part.view(-1, GROUP, end - start, HEAD_DIM)
            grad_k[:, :end].baddbmm_(grad_scores.transpose(1, 2), _rows(q, start, end))
        grad_q.mul_(HEAD_DIM**-0.5)
        both = torch.cat([_ungrouped(grad_q, batch), _by_position(grad_k, batch)], 2)
        out = torch.cat([_rotated(both, cosine, -sine), _by_position(grad_v, batch)], 2)
        return out.view(batch, length, -1), None, None, None


def _blocks(length: int) -> list[tuple[int, int]]:
    """Where each block of queries starts and ends."""
    starts = range(0, length, QUERY_BLOCK)
    return [(start, min(start + QUERY_BLOCK, length)) for start in starts]


def _rows(x: Tensor, start: int, end: int) -> Tensor:
    """Positions of (batch * kv heads, GROUP, length, dim) as (batch * kv heads, GROUP * positions, dim)."""
    return x[:, :, start:end].reshape(-1, GROUP * (end - start), HEAD_DIM)


def _grouped(x: Tensor) -> Tensor:
    """(batch, length, heads, dim) to (batch * kv heads, GROUP, length, dim): queries beside those of one key head."""
    batch, length = x.shape[:2]
    x = x.reshape(batch, length, NUM_KV_HEADS, GROUP, HEAD_DIM).permute(0, 2, 3, 1, 4)
    return x.reshape(batch * NUM_KV_HEADS, GROUP, length, HEAD_DIM)


def _ungrouped(x: Tensor, batch: int) -> Tensor:
    """The inverse of `_grouped`: (batch, length, heads, dim)."""
    x = x.view(batch, NUM_KV_HEADS, GROUP, -1, HEAD_DIM).permute(0, 3, 1, 2, 4)
    return x.reshape(batch, -1, NUM_HEADS, HEAD_DIM)


def _by_head(x: Tensor) -> Tensor:
    """(batch, length, kv heads, dim) to (batch * kv heads, length, dim)."""
    batch, length = x.shape[:2]
    return x.permute(0, 2, 1, 3).reshape(batch * NUM_KV_HEADS, length, HEAD_DIM)


def _by_position(x: Tensor, batch: int) -> Tensor:
    """The inverse of `_by_head`: (batch, length, kv heads, dim)."""
    return x.view(batch, NUM_KV_HEADS, -1, HEAD_DIM).permute(0, 2, 1, 3)


class _LowRank(torch.autograd.Function):
    """x @ (weight + up @ down).T + residual; the weight is frozen."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, down: Tensor, up: Tensor, residual: Tensor | None
    ) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        inner = rows @ down.t()
        if residual is None:
            y = rows @ weight.t()
        else:
            y = torch.addmm(residual.reshape(-1, weight.shape[0]), rows, weight.t())
        y.addmm_(inner, up.t())
        ctx.save_for_backward(rows, weight, down, up, inner)
        ctx.has_residual = residual is not None
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, Tensor, Tensor, Tensor | None]:
        (grad,) = grads
        rows, weight, down, up, inner = ctx.saved_tensors
        flat = grad.reshape(-1, grad.shape[-1])
        grad_inner = flat @ up
        grad_x = (flat @ weight).addmm_(grad_inner, down)
        residual = grad if ctx.has_residual else None
        return (
            grad_x.view(*grad.shape[:-1], -1),
            None,
            grad_inner.t() @ rows,
            flat.t() @ inner,
            residual,
        )


def _applied(function: type[torch.autograd.Function], *arguments: Tensor | None) -> Tensor:
    apply: Callable[..., Tensor] = function.apply  # torch has no types for it
    return apply(*arguments)


class LowRankLinear(nn.Module):
    """A frozen linear layer with a learnt low-rank update `B @ A`.

    Attributes:
        weight: (out, in), frozen.
        A: (RANK, in).
        B: (out, RANK), zero at first.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs), requires_grad=False)
        self.A = nn.Parameter(torch.randn(RANK, inputs) / math.sqrt(inputs))
        self.B = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return _applied(_LowRank, x, self.weight, self.A, self.B, residual)


class Network(nn.Module):
    """The network; parameters are named as in the adapter's file (`qkv.0.A`, …, `spec`)."""

    cosine: Tensor
    sine: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(49152, HIDDEN_SIZE), requires_grad=False)
        self.spec = nn.Parameter(torch.empty(NUM_CONTROL_TOKENS, HIDDEN_SIZE))
        self.norm = nn.Parameter(torch.ones(HIDDEN_SIZE), requires_grad=False)
        query_size = NUM_HEADS * HEAD_DIM
        layers = range(NUM_LAYERS)
        self.qkv = nn.ModuleList(LowRankLinear(HIDDEN_SIZE, QKV_ROWS) for _ in layers)
        self.o = nn.ModuleList(LowRankLinear(query_size, HIDDEN_SIZE) for _ in layers)
        self.gu = nn.ModuleList(LowRankLinear(HIDDEN_SIZE, 2 * INTERMEDIATE_SIZE) for _ in layers)
        self.d = nn.ModuleList(LowRankLinear(INTERMEDIATE_SIZE, HIDDEN_SIZE) for _ in layers)
        frequencies = ROPE_THETA ** -(torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM)
        angles = torch.arange(MAX_LENGTH)[:, None].float() * frequencies
        cosine = torch.cat([angles.cos(), angles.cos()], -1)[:, None, :]  # (length, 1, dim)
        sine = torch.cat([-angles.sin(), angles.sin()], -1)[:, None, :]
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)

    def loss(
        self, token_ids: Tensor, labels: Tensor, branches: Tensor | None = None
    ) -> tuple[Tensor, int, int]:
        """Summed cross-entropy of the labelled tokens, their number, and how many were the likeliest.

        Args:
            token_ids: (batch, length), padded on the right.
            labels: (batch, length), negative where nothing is learnt.
            branches: (batch, length), see `Example`; None where all tokens see all before them.
        """
        branches = torch.zeros_like(token_ids) if branches is None else branches
        hidden = self._hidden(token_ids, branches)[:, :-1]
        targets = labels[:, 1:]
        is_learnt = targets >= 0
        hidden, targets = hidden[is_learnt], targets[is_learnt]  # (learnt, hidden), (learnt,)
        ordinary = hidden @ self.embedding.t()
        logits = torch.cat([hidden @ self.spec.t(), ordinary[:, NUM_CONTROL_TOKENS:]], -1).float()
        loss = nn.functional.cross_entropy(logits, targets, reduction="sum")
        right = int((logits.detach().argmax(-1) == targets).sum())
        return loss, targets.numel(), right

    def _hidden(self, token_ids: Tensor, branches: Tensor) -> Tensor:
        length = token_ids.shape[1]
        is_seen = (branches[:, None, :] == 0) | (branches[:, None, :] == branches[:, :, None])
        is_seen &= torch.ones(length, length, dtype=torch.bool).tril_()  # (batch, query, key)
        positions = is_seen.sum(-1) - 1  # of a token: how many it sees before it
        x = nn.functional.embedding(token_ids, self.embedding)
        control = nn.functional.embedding(token_ids.clamp(max=NUM_CONTROL_TOKENS - 1), self.spec)
        x = torch.where((token_ids < NUM_CONTROL_TOKENS)[..., None], control, x)
        cosine, sine = self.cosine[positions], self.sine[positions]
        mask = torch.zeros(is_seen.shape, dtype=x.dtype).masked_fill_(~is_seen, float("-inf"))
        for qkv, out, gate_up, down in zip(self.qkv, self.o, self.gu, self.d, strict=True):
            attended = _applied(_Attention, qkv(_applied(_Norm, x)), cosine, sine, mask)
            x = out(attended, x)
            x = down(_applied(_SwiGlu, gate_up(_applied(_Norm, x))), x)
        return _applied(_Norm, x) * self.norm


def load_base(network: Network, gguf: Path) -> None:
    """Fill the frozen weights from the base model's file, in place."""
    file = GgufFile(gguf)

    def read(name: str) -> Tensor:
        return file.rows(name, 0, file.shapes[name][0])

    with torch.no_grad():
        network.embedding.copy_(read("token_embd.weight"))
        network.norm.copy_(read("output_norm.weight"))
        network.spec.copy_(network.embedding[:NUM_CONTROL_TOKENS])
        for layer in range(NUM_LAYERS):
            block = f"blk.{layer}."
            attention_norm, mlp_norm = (
                read(block + "attn_norm.weight"),
                read(block + "ffn_norm.weight"),
            )
            q, k = (
                _half_split(read(block + "attn_q.weight")),
                _half_split(read(block + "attn_k.weight")),
            )
            qkv = torch.cat([q, k, read(block + "attn_v.weight")])
            gate_up = torch.cat([read(block + "ffn_gate.weight"), read(block + "ffn_up.weight")])
            _weight(network.qkv, layer).copy_(qkv * attention_norm)
            _weight(network.o, layer).copy_(read(block + "attn_output.weight"))
            _weight(network.gu, layer).copy_(gate_up * mlp_norm)
            _weight(network.d, layer).copy_(read(block + "ffn_down.weight"))


def load_adapter(network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Fill the learnt parameters from an adapter's tensors (int8 with a scale a row, or floats), in place."""
    with torch.no_grad():
        for name, parameter in learnt(network).items():
            parameter.copy_(adapter_value(tensors, name))


def adapter_value(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """A tensor of an adapter in fp32."""
    value = tensors[name].float()
    scale = tensors.get(name + ".s")
    return value if scale is None else value * scale.float()[:, None]


def learnt(network: Network) -> dict[str, nn.Parameter]:
    """The parameters that training changes, by name."""
    return {name: each for name, each in network.named_parameters() if each.requires_grad}


def _weight(layers: nn.ModuleList, layer: int) -> Tensor:
    module = layers[layer]
    assert isinstance(module, LowRankLinear)
    return module.weight


def _half_split(rows: Tensor) -> Tensor:
    """Rows of interleaved rotary pairs in half-split order."""
    pairs = rows.view(-1, HEAD_DIM // 2, 2, rows.shape[-1])  # (heads, pair, half, hidden)
    return pairs.transpose(1, 2).reshape(rows.shape)

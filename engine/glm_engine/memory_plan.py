"""How much memory a model takes, known before any of it is allocated.

The plan counts what the engine holds: weights in their format, the keys and values of one full context, and the
buffers of the widest step. It knows shapes only, so it costs nothing and needs no weights.

It is the plan of one session. What an `Engine` keeps of sessions that are gone is beside it, up to its
`kept_prefix_bytes`, and so is every further session.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch

from glm_engine import kernels
from glm_engine.config import ModelConfig
from glm_engine.kernels.attention import SCALE_BLOCK
from glm_engine.kernels.linear import workspace_bytes
from glm_engine.kv_cache import KVFormat
from glm_engine.linear import MAX_PACKED_BYTES, can_pack
from glm_engine.model import parameter_shapes, rotary_bytes
from glm_engine.quantization import (
    QuantizedFormat,
    expanding_bytes,
    format_of,
    quantized_layout,
    torch_copy_bytes,
)
from glm_engine.step_graphs import STEP_ROWS

PlannedFormat = Literal["bfloat16", "int8", "int4"]

FORMATS: tuple[PlannedFormat, ...] = ("bfloat16", "int8", "int4")  # best first

_BF16, _FP32 = 2, 4
# Python, torch and its libraries (225 MiB), and what the allocator and oneDNN keep beside the buffers counted below;
# measured with benchmarks/memory.py.
RUNTIME_BYTES = 310 << 20
_MAPPED_AT_ONCE_BYTES = 64 << 10  # that Linux maps around a byte that is read (fault-around)


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """What one session of a model takes, in bytes.

    Attributes:
        weight_format: of the matrices.
        context_length: tokens that the session may hold.
        weight_bytes: matrices, embedding, biases and norms.
        unread_bytes: of these, about what is in rows of the embedding that no token of such a context asks for.
            Where they are mapped they take no memory; an accelerator has to hold them.
        kv_cache_bytes: keys and values of `context_length` tokens.
        workspace_bytes: the buffers of a prefill chunk, the largest that exist at one time.
        spared_bytes: of these, what an accelerator takes and the native kernels do without: the mask of torch's
            attention, and rows of a quantised matrix that are expanded. 0 where there are no native kernels.
        captured_bytes: what an accelerator needs besides for steps as graphs, which have memory of their own.
        copied_bytes: what second copies of matrices add to the peak of main memory, and not of an accelerator: of
            quantised ones in the layout of torch's operators, where there are no native kernels; of a small model in
            bf16, whose matrices are packed and given back when all are.
        runtime_bytes: the process without a model.
    """

    weight_format: PlannedFormat
    context_length: int
    weight_bytes: int
    kv_cache_bytes: int
    workspace_bytes: int
    unread_bytes: int = 0
    spared_bytes: int = 0
    copied_bytes: int = 0
    captured_bytes: int = 0
    runtime_bytes: int = RUNTIME_BYTES

    @property
    def total_bytes(self) -> int:
        """What must be free in main memory."""
        elsewhere = self.unread_bytes + self.spared_bytes + self.captured_bytes
        return self.device_bytes - elsewhere + self.copied_bytes

    @property
    def device_bytes(self) -> int:
        """The whole sum: what must be free where nothing is mapped, on an accelerator."""
        held = self.weight_bytes + self.kv_cache_bytes + self.workspace_bytes
        return held + self.captured_bytes + self.runtime_bytes

    def needed_bytes(self, *, on_accelerator: bool) -> int:
        """What must be free where the model computes."""
        return self.device_bytes if on_accelerator else self.total_bytes


def plan_memory(
    config: ModelConfig,
    weight_format: PlannedFormat,
    context_length: int | None = None,
    *,
    prefill_chunk: int = 512,
    kv_format: KVFormat = "auto",
    maps_embedding: bool = False,
) -> MemoryPlan:
    """The plan for one session.

    Args:
        config: the network.
        weight_format: of the matrices.
        context_length: tokens that the session may hold; by default what the model was made for.
        prefill_chunk: prompt tokens computed at a time.
        kv_format: of keys and values. In int8, layers that stay as they are for their large biases are not foreseen.
        maps_embedding: `Checkpoint.maps_embedding`, where it is known. It only matters in bf16: what is quantised is
            always mapped.

    Raises:
        ValueError: a context beyond the model's.
    """
    context_length = context_length or config.context_length
    if not 1 <= context_length <= config.context_length:
        raise ValueError(
            f"context_length is {context_length:,}; this model takes 1 to {config.context_length:,}"
        )
    chunk = min(prefill_chunk, context_length)
    by_torch, natively = (
        _workspace_bytes(config, weight_format, chunk, context_length, is_native=is_native)
        for is_native in (False, True)
    )
    is_mapped = (weight_format != "bfloat16" or maps_embedding) and not config.tied_embeddings
    weight_bytes = _weight_bytes(config, weight_format)
    kv_cache_bytes = kv_bytes_per_token(config, kv_format) * context_length
    has_kernels = _has_kernels()
    if weight_format == "bfloat16":
        # While they are packed, there is nothing yet of what a session takes, and the embedding is unread.
        packed_bytes = _packed_bytes(config) if weight_bytes <= MAX_PACKED_BYTES else 0
        in_use = (
            weight_bytes - packed_bytes + kv_cache_bytes + (natively if has_kernels else by_torch)
        )
        copied_bytes = max(0, packed_bytes - in_use)
    else:
        copied_bytes = 0 if has_kernels else _copied_bytes(config, weight_format)
    return MemoryPlan(
        weight_format=weight_format,
        context_length=context_length,
        weight_bytes=weight_bytes,
        kv_cache_bytes=kv_cache_bytes,
        workspace_bytes=by_torch,
        spared_bytes=by_torch - natively if has_kernels else 0,
        copied_bytes=copied_bytes,
        captured_bytes=_captured_bytes(config, weight_format, context_length),
        unread_bytes=_unread_bytes(config, context_length) if is_mapped else 0,
    )


def choose_plan(
    config: ModelConfig,
    available_bytes: int,
    context_lengths: Iterable[int],
    *,
    formats: Iterable[PlannedFormat] = FORMATS,
    maps_embedding: bool = False,
    on_accelerator: bool = False,
) -> MemoryPlan | None:
    """The best plan that fits: the first context length for which any format does, in the first such format.

    Args:
        config: the network.
        available_bytes: what may be used.
        context_lengths: those that would do, best first.
        formats: those that would do, best first.
        maps_embedding: as for `plan_memory`.
        on_accelerator: `available_bytes` is memory of an accelerator.

    Returns:
        The plan, or None where nothing fits.
    """
    for context_length in context_lengths:
        for weight_format in formats:
            length = min(context_length, config.context_length)
            plan = plan_memory(config, weight_format, length, maps_embedding=maps_embedding)
            if plan.needed_bytes(on_accelerator=on_accelerator) <= available_bytes:
                return plan
    return None


def kv_bytes_per_token(config: ModelConfig, kv_format: KVFormat = "auto") -> int:
    """Bytes of keys and values of one token, over all layers, where the network computes in bf16."""
    width = config.head_dim * _BF16
    if kv_format == "int8":
        width = config.head_dim + config.head_dim // SCALE_BLOCK * _BF16
    return 2 * config.num_layers * config.num_kv_heads * width


def _weight_bytes(config: ModelConfig, weight_format: PlannedFormat) -> int:
    total = 0
    for name, shape in parameter_shapes(config).items():
        chosen = _chosen(name, shape, weight_format)
        if chosen is None:
            total += math.prod(shape) * (_FP32 if name.endswith("norm") else _BF16)
        else:
            total += sum(
                math.prod(part) * dtype.itemsize
                for _, part, dtype in quantized_layout(shape, chosen)
            )
    return total


def _packed_bytes(config: ModelConfig) -> int:
    if not can_pack(torch.bfloat16, torch.device("cpu")):
        return 0
    return sum(
        math.prod(shape) * _BF16
        for name, shape in parameter_shapes(config).items()
        if len(shape) == 2 and (name != "embedding" or config.tied_embeddings)
    )


def _copied_bytes(config: ModelConfig, weight_format: PlannedFormat) -> int:
    return sum(
        torch_copy_bytes(shape, chosen)
        for name, shape in parameter_shapes(config).items()
        if (chosen := _chosen(name, shape, weight_format)) is not None
    )


def _chosen(
    name: str, shape: tuple[int, ...], weight_format: PlannedFormat
) -> QuantizedFormat | None:
    return None if weight_format == "bfloat16" else format_of(name, shape, weight_format)


def _unread_bytes(config: ModelConfig, context_length: int) -> int:
    """Of a mapped embedding, where tokens are spread evenly over the vocabulary."""
    embedding = config.vocab_size * config.hidden_size * _BF16
    blocks = embedding / max(config.hidden_size * _BF16, _MAPPED_AT_ONCE_BYTES)
    return int(embedding * math.exp(-context_length / blocks))


def _has_kernels() -> bool:
    return kernels.status().state not in ("unavailable", "off")


def _workspace_bytes(
    config: ModelConfig,
    weight_format: PlannedFormat,
    chunk: int,
    context_length: int,
    *,
    is_native: bool,
) -> int:
    """The larger of the two peaks of a layer, beside what lives through all layers."""
    residual = 2 * chunk * config.hidden_size * _FP32  # the stream, and a norm of it
    # The fused projection, its rotated part as complex numbers, and the output.
    attention = chunk * config.qkv_rows * (_BF16 + 2 * _FP32)
    # Gate and up, the product, and what it is made of.
    mlp = chunk * config.intermediate_size * 4 * _BF16
    logits = config.vocab_size * (_BF16 + _FP32)
    widest = max(config.hidden_size, config.intermediate_size)
    if not is_native:
        attention += chunk * context_length * (1 + _BF16)  # a mask, and as torch's kernel takes it
    if weight_format != "bfloat16":
        mlp += workspace_bytes(chunk, widest) if is_native else expanding_bytes(widest)
    return residual + max(attention, mlp) + logits + rotary_bytes(config, context_length)


def _captured_bytes(config: ModelConfig, weight_format: PlannedFormat, context_length: int) -> int:
    """Of a step: its mask, with and without the heads of a group; its logits; and rows that are expanded."""
    group_size = config.num_heads // config.num_kv_heads
    mask = STEP_ROWS * context_length * (1 + (1 + group_size) * _BF16)
    logits = STEP_ROWS * config.vocab_size * _BF16
    widest = max(config.hidden_size, config.intermediate_size)
    return mask + logits + (expanding_bytes(widest) if weight_format != "bfloat16" else 0)

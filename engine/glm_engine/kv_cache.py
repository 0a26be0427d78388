"""Keys and values of the positions that a sequence has computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from glm_engine.config import ModelConfig
from glm_engine.kernels.attention import SCALE_BLOCK

KVFormat = Literal[
    "auto",  # as the network computes
    "int8",  # a scale for each 32 channels of a key or value: about half of bf16
]

# A layer whose key bias is larger than this in a rotated channel keeps its keys as they are. Between what models do
# well with (llama.cpp issue 21385: a median of 22) and what broke them (605 to 921).
MAX_KEY_BIAS = 64.0
_GRANULARITY = 256  # capacities are multiples of it
_MAX_GROWTH = 4096  # positions added beyond what is asked for; a larger step would waste memory, not save time


@dataclass(frozen=True, slots=True)
class LayerView:
    """What attention reads of one layer: views, safe until the cache is next written to.

    Attributes:
        keys: (Hkv, S, D); int8 where they are quantised.
        values: likewise.
        key_scales: (Hkv, S, D / 32) bf16 where keys are quantised.
        value_scales: likewise.
        value_offset: (Hkv, D) fp32 that was subtracted from every value and is to be added to every result; or None.
    """

    keys: Tensor
    values: Tensor
    key_scales: Tensor | None = None
    value_scales: Tensor | None = None
    value_offset: Tensor | None = None

    def dequantized(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Keys and values (Hkv, S, D) as numbers of `dtype`; copies, unless they are kept in it.

        Of keys the offset is left out: it moves all scores of a query by the same, and a softmax does not see it.
        """
        if self.key_scales is None or self.value_scales is None:
            return self.keys.to(dtype), self.values.to(dtype)
        keys = _dequantize(self.keys, self.key_scales)
        values = _dequantize(self.values, self.value_scales)
        if self.value_offset is not None:
            values += self.value_offset[:, None]
        return keys.to(dtype), values.to(dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedView(LayerView):
    """What a step reads of one layer, whose place is known on the device alone; S positions, some not computed yet.

    Attributes:
        mask: (T * G, S) of the compute dtype, added to scores: 0 where a query may look, else minus infinity. Query by
            query, the G heads of a group next to each other.
    """

    mask: Tensor


class Placed(Protocol):
    """Where a pass writes its keys and values, and what it then reads: a cache, or a `CacheSpan`."""

    def append(self, layer: int, keys: Tensor, values: Tensor) -> LayerView:
        """See `KVCache.append`."""
        ...


@dataclass(frozen=True, slots=True)
class LayerFormat:
    """How a cache keeps one layer.

    Attributes:
        is_int8: quantised.
        key_offset: (Hkv, D) fp32 that is subtracted from keys before they are quantised; zero in rotated channels. The
            bias is the same in every key, so without it what tells keys apart gets all of the 8 bits.
        value_offset: likewise, of values.
    """

    is_int8: bool = False
    key_offset: Tensor | None = None
    value_offset: Tensor | None = None


def layer_formats(
    config: ModelConfig, kv_format: KVFormat, biases: Sequence[Tensor | None]
) -> list[LayerFormat]:
    """How to keep each layer of a network.

    Rotation by position turns the bias of a rotated channel into something that differs from key to key. It cannot be
    taken out, and a large one would take the bits from its neighbours: such a layer is not quantised.

    Args:
        config: the network.
        kv_format: what was asked for.
        biases: of each layer's fused projection: queries, keys, values; None where it has none.

    Raises:
        ValueError: an unknown format, or heads that do not divide into blocks of 32 channels.
    """
    check_kv_format(config, kv_format)
    if kv_format == "auto":
        return [LayerFormat()] * config.num_layers
    return [_int8_format(config, bias) for bias in biases]


def check_kv_format(config: ModelConfig, kv_format: KVFormat) -> None:
    """Refuse what cannot be had for this network.

    Raises:
        ValueError: an unknown format, or heads that do not divide into blocks of 32 channels.
    """
    if kv_format not in get_args(KVFormat):
        raise ValueError(f"kv_format is {kv_format!r}; it must be 'auto' or 'int8'")
    if kv_format == "int8" and config.head_dim % SCALE_BLOCK:
        raise ValueError(f"int8 keys and values need heads of a multiple of {SCALE_BLOCK} channels,"
                         f" and this model's have {config.head_dim}: use kv_format='auto'")  # fmt: skip


def _int8_format(config: ModelConfig, bias: Tensor | None) -> LayerFormat:
    if bias is None:
        return LayerFormat(is_int8=True)
    width = config.num_kv_heads * config.head_dim
    keys, values = bias.float()[-2 * width :].view(2, config.num_kv_heads, config.head_dim).clone()
    rotated = keys[:, : config.rotary_dim]
    if rotated.abs().max() > MAX_KEY_BIAS:
        return LayerFormat()
    rotated.zero_()
    return LayerFormat(is_int8=True, key_offset=keys, value_offset=values)


class KVCache:
    """The computed prefix of one sequence, as contiguous buffers for each layer.

    Positions are appended in order and read back as views. A forward pass appends to every layer and then commits;
    until it commits, `length` is as before, so a pass that is abandoned half-way leaves the cache valid. Views are
    safe to read until the next `append` to the same layer, `reserve` or `truncate`.

    A cache belongs to one sequence and is not safe to use from two threads at once.

    Args:
        config: gives layers, key heads and head width.
        dtype: of keys and values that are not quantised.
        device: where they live.
        max_length: positions that it may ever hold.
        formats: of each layer, from `layer_formats`; by default none is quantised.

    Attributes:
        length: committed positions.
        capacity: positions that fit before the buffers grow.
        max_length: as given.
        generation: how often the buffers were replaced by larger ones.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        dtype: torch.dtype,
        device: torch.device,
        max_length: int,
        formats: Sequence[LayerFormat] | None = None,
    ) -> None:
        self.length = 0
        self.capacity = 0
        self.max_length = max_length
        self.generation = 0
        self._zeros_from = 0  # all buffers are zero from this position on
        self._formats = formats or [LayerFormat()] * config.num_layers

        def empty(width: int, dtype: torch.dtype) -> Tensor:
            return torch.empty(config.num_kv_heads, 0, width, dtype=dtype, device=device)

        blocks = config.head_dim // SCALE_BLOCK
        # Of each layer, each (Hkv, capacity, width): keys, values and, where it is quantised, the scales of both.
        self._buffers = [
            [empty(config.head_dim, torch.int8)] * 2 + [empty(blocks, torch.bfloat16)] * 2
            if layer.is_int8
            else [empty(config.head_dim, dtype)] * 2
            for layer in self._formats
        ]

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers, spare capacity included."""
        return sum(buffer.nbytes for buffers in self._buffers for buffer in buffers)

    def reserve(self, length: int, *, room: int = 0) -> None:
        """Make room for `length` positions, so that appending up to there allocates nothing.

        Buffers grow layer by layer: for a moment there is one layer more than the new size.

        Args:
            length: positions to append up to.
            room: positions that the buffers must have besides, be they used or not; may be above `max_length`.

        Raises:
            ValueError: more than `max_length`.
        """
        if length > self.max_length:
            raise ValueError(f"{length:,} positions exceed the cache's {self.max_length:,}")
        self._zeros_from = max(self._zeros_from, length)
        if max(length, room) <= self.capacity:
            return
        wanted = max(length, self.capacity + min(self.capacity // 2, _MAX_GROWTH))
        capacity = max(min(-(-wanted // _GRANULARITY) * _GRANULARITY, self.max_length), room)
        self.generation += 1  # first: where memory ends half-way, some are replaced all the same
        for buffers in self._buffers:
            for index, old in enumerate(buffers):
                grown = old.new_empty(old.shape[0], capacity, old.shape[2])
                grown[:, : self.length] = old[:, : self.length]
                buffers[index] = grown
        self.capacity = self._zeros_from = capacity

    def append(self, layer: int, keys: Tensor, values: Tensor) -> LayerView:
        """Write the newest T positions of one layer behind the committed ones.

        Args:
            layer: index of the layer.
            keys: (T, Hkv, D), rotated already; copied.
            values: (T, Hkv, D); copied.

        Returns:
            Keys and values of all length + T positions, the new ones included.

        Raises:
            ValueError: more than `max_length` positions; nothing was written.
        """
        start, end = self.length, self.length + keys.shape[0]
        if end > self._zeros_from or end > self.max_length:  # a pass reserves what it appends
            self.reserve(end)
        kept = self._formats[layer]
        views = [buffer[:, :end] for buffer in self._buffers[layer]]
        if kept.is_int8:
            all_keys, all_values, key_scales, value_scales = views
            _quantize_into(all_keys[:, start:], key_scales[:, start:], keys, kept.key_offset)
            _quantize_into(
                all_values[:, start:], value_scales[:, start:], values, kept.value_offset
            )
            return LayerView(all_keys, all_values, key_scales, value_scales, kept.value_offset)
        all_keys, all_values = views
        all_keys[:, start:] = keys.transpose(0, 1)
        all_values[:, start:] = values.transpose(0, 1)
        return LayerView(all_keys, all_values)

    def span(self, positions: Tensor, num_positions: int, mask: Tensor) -> "CacheSpan":
        """The first `num_positions` positions, for a step that writes at `positions`.

        Args:
            positions: (T,) int64, on the device; they are not looked at here.
            num_positions: at most the capacity.
            mask: as `MaskedView` has it.
        """
        parts = [[buffer[:, :num_positions] for buffer in buffers] for buffers in self._buffers]
        return CacheSpan(parts, self._formats, positions, mask)

    def zero_from(self, start: int) -> None:
        """Make all buffers zero from position `start` on; costs nothing where they are.

        A step reads positions that are not computed yet. Masked numbers do not count, but an infinity there would.

        Raises:
            ValueError: `start` is beyond the capacity, or before `length`.
        """
        if not self.length <= start <= self.capacity:
            raise ValueError(
                f"zeros from {start:,} on: {self.length:,} to {self.capacity:,} can be"
            )
        if start < self._zeros_from:
            for part in self.parts(start, self._zeros_from):
                part.zero_()
        self._zeros_from = start

    def commit(self, num_positions: int) -> None:
        """Count `num_positions` as computed, after they were appended to every layer."""
        self.length += num_positions

    def parts(self, start: int, stop: int) -> list[Tensor]:
        """Positions `start` to `stop` of every buffer, committed or not: what is stored, copied or put back.

        Returns:
            Views, always in the same order, each (Hkv, stop - start, ...) with the positions of a head contiguous.
            Writing to them writes to the cache. Two caches of one model and one number format fit each other.

        Raises:
            ValueError: beyond the capacity, or the wrong way round.
        """
        if not 0 <= start <= stop <= self.capacity:
            raise ValueError(f"positions {start:,} to {stop:,} of a capacity of {self.capacity:,}")
        return [buffer[:, start:stop] for buffers in self._buffers for buffer in buffers]

    def truncate(self, length: int) -> None:
        """Forget all positions from `length` on. Buffers keep their capacity.

        Raises:
            ValueError: below zero or beyond what is there.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot truncate {self.length:,} positions to {length:,}")
        self.length = length

    def fork(self) -> "KVCache":
        """An independent copy of the committed positions, without spare capacity."""
        copy = object.__new__(KVCache)
        copy.length = copy.capacity = copy._zeros_from = self.length
        copy.max_length = self.max_length
        copy.generation = 0
        copy._formats = self._formats
        copy._buffers = [
            [buffer[:, : self.length].clone() for buffer in buffers] for buffers in self._buffers
        ]
        return copy


class CacheSpan:
    """The first positions of a cache, and where a step writes in it, as a tensor on the device.

    Made by `KVCache.span`. Good until the cache's buffers grow.
    """

    def __init__(
        self,
        parts: list[list[Tensor]],
        formats: Sequence[LayerFormat],
        positions: Tensor,
        mask: Tensor,
    ) -> None:
        self._parts = parts  # of each layer, as a cache has them: (Hkv, S, width)
        self._formats = formats
        self._positions = positions
        self._mask = mask

    def append(self, layer: int, keys: Tensor, values: Tensor) -> MaskedView:
        """Write T positions of one layer.

        Args:
            layer: index of the layer.
            keys: (T, Hkv, D), rotated already; copied.
            values: (T, Hkv, D); copied.

        Returns:
            Keys and values of all S positions, to be read under the mask.
        """
        kept, parts = self._formats[layer], self._parts[layer]
        if not kept.is_int8:
            all_keys, all_values = parts
            all_keys.index_copy_(1, self._positions, keys.transpose(0, 1))
            all_values.index_copy_(1, self._positions, values.transpose(0, 1))
            return MaskedView(all_keys, all_values, mask=self._mask)
        all_keys, all_values, key_scales, value_scales = parts
        for part, scales, rows, offset in (
            (all_keys, key_scales, keys, kept.key_offset),
            (all_values, value_scales, values, kept.value_offset),
        ):
            shape = (part.shape[0], rows.shape[0])  # Hkv, T
            new_values = part.new_empty(*shape, part.shape[2])
            new_scales = scales.new_empty(*shape, scales.shape[2])
            _quantize_into(new_values, new_scales, rows, offset)
            part.index_copy_(1, self._positions, new_values)
            scales.index_copy_(1, self._positions, new_scales)
        return MaskedView(
            all_keys, all_values, key_scales, value_scales, kept.value_offset, mask=self._mask
        )


def _quantize_into(values: Tensor, scales: Tensor, rows: Tensor, offset: Tensor | None) -> None:
    """Symmetric int8 by block of 32 channels.

    Args:
        values: (Hkv, T, D) int8, written to.
        scales: (Hkv, T, D / 32) bf16, written to; rounded before the values are, so that they fit each other.
        rows: (T, Hkv, D), any floating dtype.
        offset: (Hkv, D) fp32, subtracted first; or None.
    """
    rows = rows.transpose(0, 1).float()  # (Hkv, T, D)
    if offset is not None:
        rows = rows - offset[:, None]
    blocks = rows.reshape(*scales.shape, SCALE_BLOCK)  # (Hkv, T, D / 32, 32)
    # 126.5 leaves room for a scale that is rounded down: bf16 rounds by 2^-9 of it at most.
    scales.copy_((blocks.abs().amax(-1) / 126.5).clamp_(min=1e-30))
    rounded = (blocks / scales.float()[..., None]).round_().clamp_(-127, 127)
    values.copy_(rounded.flatten(-2))


def _dequantize(values: Tensor, scales: Tensor) -> Tensor:
    """(Hkv, S, D) fp32."""
    blocks = values.reshape(*scales.shape, SCALE_BLOCK).float()  # (Hkv, S, D / 32, 32)
    return (blocks * scales.float()[..., None]).flatten(-2)

"""Keys and values of the positions that a sequence has computed."""

import torch
from torch import Tensor

from glm_engine.config import ModelConfig

_GRANULARITY = 256  # capacities are multiples of it
_MAX_GROWTH = 4096  # positions added beyond what is asked for; a larger step would waste memory, not save time


class KVCache:
    """The computed prefix of one sequence, as one contiguous buffer per layer for keys and one for values.

    Positions are appended in order and read back as views. A forward pass appends to every layer and then commits;
    until it commits, `length` is as before, so a pass that is abandoned half-way leaves the cache valid. Views are
    safe to read until the next `append` to the same layer, `reserve` or `truncate`.

    A cache belongs to one sequence and is not safe to use from two threads at once.

    Args:
        config: gives layers, key heads and head width.
        dtype: of keys and values.
        device: where they live.
        max_length: positions that it may ever hold.

    Attributes:
        length: committed positions.
        capacity: positions that fit before the buffers grow.
        max_length: as given.
    """

    def __init__(
        self, config: ModelConfig, *, dtype: torch.dtype, device: torch.device, max_length: int
    ) -> None:
        self.length = 0
        self.capacity = 0
        self.max_length = max_length
        empty = torch.empty(config.num_kv_heads, 0, config.head_dim, dtype=dtype, device=device)
        self._keys = [empty] * config.num_layers  # (Hkv, capacity, D) each
        self._values = [empty] * config.num_layers

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers, spare capacity included."""
        return sum(buffer.nbytes for buffer in (*self._keys, *self._values))

    def reserve(self, length: int) -> None:
        """Make room for `length` positions, so that appending up to there allocates nothing.

        Buffers grow layer by layer: for a moment there is one layer more than the new size.

        Raises:
            ValueError: more than `max_length`.
        """
        if length > self.max_length:
            raise ValueError(f"{length:,} positions exceed the cache's {self.max_length:,}")
        if length <= self.capacity:
            return
        wanted = max(length, self.capacity + min(self.capacity // 2, _MAX_GROWTH))
        capacity = min(-(-wanted // _GRANULARITY) * _GRANULARITY, self.max_length)
        for buffers in (self._keys, self._values):
            for layer, old in enumerate(buffers):
                grown = old.new_empty(old.shape[0], capacity, old.shape[2])
                grown[:, : self.length] = old[:, : self.length]
                buffers[layer] = grown
        self.capacity = capacity

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write the newest T positions of one layer behind the committed ones.

        Args:
            layer: index of the layer.
            keys: (T, Hkv, D), rotated already; copied.
            values: (T, Hkv, D); copied.

        Returns:
            Keys and values of all positions, the new ones included: two views, (Hkv, length + T, D).

        Raises:
            ValueError: more than `max_length` positions; nothing was written.
        """
        end = self.length + keys.shape[0]
        self.reserve(end)
        all_keys, all_values = self._keys[layer][:, :end], self._values[layer][:, :end]
        all_keys[:, self.length :] = keys.transpose(0, 1)
        all_values[:, self.length :] = values.transpose(0, 1)
        return all_keys, all_values

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
        return [buffer[:, start:stop] for buffer in (*self._keys, *self._values)]

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
        copy.length = copy.capacity = self.length
        copy.max_length = self.max_length
        copy._keys = [buffer[:, : self.length].clone() for buffer in self._keys]
        copy._values = [buffer[:, : self.length].clone() for buffer in self._values]
        return copy

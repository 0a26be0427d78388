"""What the sessions of one engine have computed, for others that begin with the same ids.

A session that starts cold looks for the longest beginning that it shares with any other, alive or gone, and copies its
keys and values: some ten milliseconds for what took seconds to compute. Sessions that are gone leave their cache here;
that memory is bounded, and what was pinned (system text and tools, say) goes last.

Matching is by token, not by block, and looks at every sequence: there are few of them, and comparing lists of ids is
fast. Copies, not shared segments: attention reads one contiguous buffer, and a copy cannot be changed under it.

Copying must change no bit of what is computed next. Where the kernels give a position the same bits whatever it is
computed with, any beginning may be copied. Elsewhere only pinned ones are, whole: every session computes a pinned
beginning apart from what follows it, in the same chunks, and so with the same bits.

Any number of threads may use one pool, each with its own sessions.
"""

import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import torch

from glm_engine.kv_cache import KVCache


@dataclass(slots=True, eq=False)
class CachedSequence:
    """Ids and what is computed of them. Both grow by their owner alone; they shrink under the pool's lock.

    Attributes:
        token_ids: all ids; never replaced by another list.
        cache: of the first `cache.length` of them.
        num_pinned: the first so many are computed apart from what follows, and kept longest.
    """

    token_ids: list[int]
    cache: KVCache
    num_pinned: int = 0

    def fork(self) -> "CachedSequence":
        """An independent copy."""
        return CachedSequence(self.token_ids.copy(), self.cache.fork(), self.num_pinned)

    @property
    def computed_ids(self) -> list[int]:
        return self.token_ids[: self.cache.length]


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where a sequence parts from the one that it has most in common with.

    Attributes:
        position: of the first id that differs, from 0.
        there: the id in the other sequence.
        here: the id in this one.
    """

    position: int
    there: int
    here: int


@dataclass(frozen=True, slots=True)
class PrefillReport:
    """What of a prompt had to be computed, and why.

    Attributes:
        num_reused: tokens that the session had computed already.
        num_copied: tokens that another session had computed.
        num_new: tokens to compute.
        divergence: where the nearest other sequence parts from this one; None where none was of use, or where it ends.
    """

    num_reused: int
    num_copied: int
    num_new: int
    divergence: Divergence | None = None


class PrefixPool:
    """Finds what is computed already.

    Args:
        limit_bytes: that caches of sessions that are gone may take; 0 keeps none.
        shares_any: a position has the same bits whatever it was computed with, so that any beginning may be copied.
    """

    def __init__(self, limit_bytes: int, *, shares_any: bool) -> None:
        self.limit_bytes = limit_bytes
        self.shares_any = shares_any
        self._lock = Lock()
        self._alive: dict[CachedSequence, None] = {}
        self._kept: dict[CachedSequence, None] = {}  # the one used last comes last
        self._gone: deque[CachedSequence] = deque()

    def track(self, owner: Any, sequence: CachedSequence) -> None:
        """Let others find a sequence. When its owner is gone, its cache is kept as far as there is room."""
        with self._lock:
            self._alive[sequence] = None
            self._settle()
        # An owner can go at any moment, in a thread that holds the lock even: so no more than a note is made of it.
        weakref.finalize(owner, self._note_gone, sequence).atexit = False

    @property
    def kept_nbytes(self) -> int:
        """Bytes of caches whose sessions are gone."""
        with self._lock:
            self._settle()
            return sum(sequence.cache.nbytes for sequence in self._kept)

    @torch.inference_mode()
    def extend(self, sequence: CachedSequence) -> PrefillReport:
        """Copy into a sequence's cache what another has computed beyond it. The last id is never copied.

        Returns:
            What is to be computed from here on.
        """
        ids, cache = sequence.token_ids, sequence.cache
        num_reused, wanted = cache.length, len(ids)
        with self._lock:
            self._settle()
            best, common = self._nearest(sequence)
            if best is None or common <= num_reused:
                return PrefillReport(num_reused, 0, wanted - num_reused)
            usable = self._usable(sequence, best, min(common, wanted - 1))
            if usable > num_reused:
                cache.reserve(wanted)
                sources = best.cache.parts(num_reused, usable)
                for target, source in zip(cache.parts(num_reused, usable), sources, strict=True):
                    target.copy_(source)
                cache.commit(usable - num_reused)
                if best in self._kept:
                    self._kept[best] = self._kept.pop(best)
            there = best.computed_ids
        parts = common < min(len(there), wanted)
        return PrefillReport(
            num_reused,
            cache.length - num_reused,
            wanted - cache.length,
            Divergence(common, there[common], ids[common]) if parts else None,
        )

    def _usable(self, sequence: CachedSequence, other: CachedSequence, common: int) -> int:
        """How much of a common beginning may be copied; see the module."""
        if self.shares_any:
            return common
        pinned = sequence.num_pinned
        return pinned if pinned == other.num_pinned and pinned <= common else 0

    def truncate(self, sequence: CachedSequence, length: int) -> None:
        """Forget ids and computed positions from `length` on, while nobody copies them."""
        with self._lock:
            del sequence.token_ids[length:]
            self._rewind(sequence, length)

    def forget_last(self, sequence: CachedSequence) -> None:
        """Forget what is computed of the last id, while nobody copies it."""
        with self._lock:
            self._rewind(sequence, len(sequence.token_ids) - 1)

    def _rewind(self, sequence: CachedSequence, length: int) -> None:
        sequence.cache.truncate(min(length, sequence.cache.length))
        if length < sequence.num_pinned:  # what is left was not computed apart
            sequence.num_pinned = 0

    def _nearest(self, sequence: CachedSequence) -> tuple[CachedSequence | None, int]:
        """The computed sequence that shares the longest beginning with another one, and its length."""
        best, longest = None, (0, 0)
        for other in (*self._kept, *self._alive):
            if other is not sequence:
                common = common_length(other.computed_ids, sequence.token_ids)
                usable = self._usable(sequence, other, common)
                if common and (usable, common) > longest:
                    best, longest = other, (usable, common)
        return best, longest[1]

    def _note_gone(self, sequence: CachedSequence) -> None:
        self._gone.append(sequence)
        if self._lock.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._lock.release()

    def _settle(self) -> None:
        """Take over what sessions left, and keep within the limit."""
        while self._gone:
            sequence = self._gone.popleft()
            del self._alive[sequence]
            self._keep(sequence)
        self._shrink()

    def _keep(self, sequence: CachedSequence) -> None:
        """Keep a sequence, unless another holds it all; those that it holds go."""
        if not sequence.cache.length:
            return
        for other in list(self._kept):
            if self._holds(sequence, other):
                sequence.num_pinned = max(sequence.num_pinned, other.num_pinned)
                del self._kept[other]
            elif self._holds(other, sequence):
                other.num_pinned = max(other.num_pinned, sequence.num_pinned)
                self._kept[other] = self._kept.pop(other)
                return
        self._kept[sequence] = None

    def _holds(self, sequence: CachedSequence, other: CachedSequence) -> bool:
        """Whether a sequence is of use wherever another one is."""
        if not self.shares_any and other.num_pinned not in (0, sequence.num_pinned):
            return False  # it has the same ids, but not computed apart up to there: other bits
        other_ids = other.computed_ids
        return common_length(sequence.computed_ids, other_ids) == len(other_ids)

    def _shrink(self) -> None:
        """Give up what was used longest ago: first what is not pinned, then the rest."""
        excess = sum(sequence.cache.nbytes for sequence in self._kept) - self.limit_bytes
        for keeps_pinned in (True, False):
            for sequence in list(self._kept):
                if excess <= 0:
                    return
                cache = sequence.cache
                if keeps_pinned and sequence.num_pinned >= cache.length:
                    continue
                del self._kept[sequence]
                excess -= cache.nbytes
                if keeps_pinned and sequence.num_pinned:
                    cache.truncate(sequence.num_pinned)
                    rest = CachedSequence(sequence.computed_ids, cache.fork(), cache.length)
                    self._keep(rest)
                    excess += rest.cache.nbytes if rest in self._kept else 0


def common_length(left: Sequence[int], right: Sequence[int]) -> int:
    """How many ids two lists have in common from the start."""
    low, high = 0, min(len(left), len(right))
    while low < high:  # the first `low` are equal; the first difference is below or at `high`
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low

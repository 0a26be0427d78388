"""What a cell prints, cut to what may leave the sandbox: the beginning as it comes, the end when it is over."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class OutputCapture:
    """One stream of one cell.

    Attributes:
        head_bytes: how much is passed on from the start.
        tail_bytes: how much of the rest is kept from the end.
        total_bytes: all that was printed.
    """

    head_bytes: int
    tail_bytes: int
    total_bytes: int = 0
    _tail: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> bytes:
        """Take in `data`; the part of it that belongs to the head is returned."""
        room = max(0, self.head_bytes - self.total_bytes)
        self.total_bytes += len(data)
        head, rest = data[:room], data[room:]
        if rest:
            self._tail += rest
            del self._tail[: max(0, len(self._tail) - self.tail_bytes)]
        return head

    def finish(self) -> tuple[int, bytes]:
        """(bytes left out, the tail)."""
        passed_on = min(self.total_bytes, self.head_bytes)
        return self.total_bytes - passed_on - len(self._tail), bytes(self._tail)

"""Notices a turn that writes the same again and again."""

LOOKED_AT_CHARS = (
    1024  # so much of the end must be one repetition; long enough for real tables and separators
)
MAX_PERIOD_CHARS = 128
CHECK_EVERY_CHARS = 64


class RepetitionDetector:
    """Watches a growing text."""

    def __init__(self) -> None:
        self._tail = ""
        self._unchecked = 0

    def push(self, text: str) -> bool:
        """Take more text in; whether the last `LOOKED_AT_CHARS` are nothing but one short piece repeated."""
        self._tail = (self._tail + text)[-LOOKED_AT_CHARS:]
        self._unchecked += len(text)
        if len(self._tail) < LOOKED_AT_CHARS or self._unchecked < CHECK_EVERY_CHARS:
            return False
        self._unchecked = 0
        tail = self._tail
        return any(tail[period:] == tail[:-period] for period in range(1, MAX_PERIOD_CHARS + 1))

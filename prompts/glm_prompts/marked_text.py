"""Text that comes in pieces, cut at marks wherever the pieces end."""

from collections.abc import Sequence

# ChatGLM2's and ChatGLM3's `process_response`: a placeholder of the training data, and what it stands for.
TRAINING_TIME, TRAINING_TIME_TEXT = "[[训练时间]]", "2023年"


class MarkedText:
    """Releases text as soon as it is sure that no mark begins in it.

    Args:
        marks: strings that end a stretch of text; where two begin at the same place, the first of them counts.
    """

    def __init__(self, marks: Sequence[str]) -> None:
        self._marks = tuple(marks)
        self._held = ""

    def push(self, text: str) -> tuple[str, str | None]:
        """Take more text.

        Returns:
            The text released, and the mark that follows it, if one does. What came behind the mark is for the caller:
            see `flush`.
        """
        self._held += text
        found = [(at, mark) for mark in self._marks if (at := self._held.find(mark)) >= 0]
        if found:
            at, mark = min(found, key=lambda place: place[0])
            released, self._held = self._held[:at], self._held[at + len(mark) :]
            return released, mark
        keep = max((_overlap(self._held, mark) for mark in self._marks), default=0)
        end = len(self._held) - keep
        released, self._held = self._held[:end], self._held[end:]
        return released, None

    def flush(self) -> str:
        """What is held back; nothing is held afterwards."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, mark: str) -> int:
    """Characters at the end of `text` with which `mark` begins."""
    longest = min(len(text), len(mark) - 1)
    return next((n for n in range(longest, 0, -1) if mark.startswith(text[-n:])), 0)

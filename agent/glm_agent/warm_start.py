"""Conversations that wake up with what was computed before, in another process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class WarmStart:
    """What a file of earlier work was good for.

    Attributes:
        reused_tokens: how many tokens of the conversation it spares; 0 where it was of no use.
        reason: why it does not spare all of those in the file, or why it was not used; empty where it was, in full.
    """

    reused_tokens: int
    reason: str = ""

    @property
    def was_used(self) -> bool:
        return self.reused_tokens > 0


@runtime_checkable
class WarmConversation(Protocol):
    """A `Conversation` whose computed part can be kept in a file. Those of a script or a recording have none."""

    def save(self, path: Path, *, limit_bytes: int) -> int:
        """Write what is computed to a file of at most this size, for `restore`. An older file is replaced.

        Returns:
            How many tokens it spares, counted from the beginning; fewer than were computed where not all fit.

        Raises:
            EngineError: it cannot be written, or nothing fits; an older file is as it was.
        """
        ...

    def restore(self, path: Path) -> WarmStart:
        """Take what a file holds of this conversation's beginning, so that it is not computed again.

        Never fails: whatever is wrong with the file, the conversation is whole, only colder.
        """
        ...

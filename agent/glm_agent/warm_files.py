"""What was computed of sessions, kept beside the journal so that they wake up without computing it again."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from glm_agent.chat_model import Conversation
from glm_agent.errors import WarmFileError
from glm_agent.warm_start import WarmConversation, WarmStart
from glm_engine.errors import EngineError

LIMIT_BYTES = 4 << 30  # 100,000 tokens of GLM-4-9B


class WarmFiles:
    """A folder with a file for each session that is kept warm.

    Args:
        folder: of the files; made when there is something to write.
        limit_bytes: of all files together. Of a session that is larger alone, the beginning is kept; otherwise the
            files that were written longest ago go.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def restore(self, session_ids: Iterable[str], conversation: Conversation) -> WarmStart:
        """Spare the conversation what a file holds of it.

        Args:
            session_ids: the session, and those that it was forked from; the first file that is of use is used.
            conversation: whole, with nothing computed.

        Returns:
            What was spared, or why nothing was. A file that is of no use is no failure.
        """
        if not isinstance(conversation, WarmConversation):
            return WarmStart(0, "this model computes nothing that could be kept")
        start = WarmStart(0, "nothing was kept of this session yet")
        for path in map(self.path, session_ids):
            if path.exists():
                start = conversation.restore(path)
                if start.was_used:
                    break
        return start

    def save(self, session_id: str, conversation: Conversation) -> int:
        """Keep what is computed of a conversation; how many tokens that will spare.

        Raises:
            WarmFileError: it cannot be written; what was there before is as it was.
        """
        if not isinstance(conversation, WarmConversation):
            return 0
        path = self.path(session_id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            kept = conversation.save(path, limit_bytes=self.limit_bytes)
        except (EngineError, OSError) as error:
            raise WarmFileError(
                f"What was computed of session {session_id} cannot be kept: {error}"
            ) from error
        self._make_room(path)
        return kept

    def path(self, session_id: str) -> Path:
        """Where a session's file is, or would be."""
        return self.folder / f"{session_id}.kv"

    def _make_room(self, newest: Path) -> None:
        files = []
        for path in self.folder.glob("*.kv"):
            with suppress(OSError):  # another process has just deleted it
                status = path.stat()
                files.append((path == newest, status.st_mtime_ns, path, status.st_size))
        total = sum(size_bytes for *_, size_bytes in files)
        for is_newest, _, path, size_bytes in sorted(files):
            if is_newest or total <= self.limit_bytes:
                break
            total -= size_bytes
            with suppress(OSError):
                path.unlink()

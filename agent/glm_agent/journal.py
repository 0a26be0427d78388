"""The journal: every event of every run, on disk before its effect.

One SQLite database in WAL mode. A run is a list of events in order; nothing is ever changed or removed by a run.
Text deltas are not events of the journal: the ids and the text of a turn are in its `StepFinished`.
"""

import base64
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from glm_agent.chat_model import Prefill
from glm_agent.errors import JournalError
from glm_agent.events import Event, ToolProgress
from glm_prompts.dialect import CallDelta, CallOpened, TextDelta

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    started REAL NOT NULL  -- seconds since the epoch
);
CREATE TABLE IF NOT EXISTS events (
    run TEXT NOT NULL REFERENCES runs (id),
    number INTEGER NOT NULL,
    time REAL NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,  -- JSON
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
VERSION = 1
TRANSIENT = (Prefill, TextDelta, CallOpened, CallDelta, ToolProgress)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One event as it was recorded.

    Attributes:
        number: from 1 within a run.
        time: seconds since the epoch.
        type: the event's class name.
        body: its fields.
    """

    number: int
    time: float
    type: str
    body: dict[str, Any]


class Journal:
    """The journal in one file.

    Args:
        path: the database; it and its folder are made when they are not there.

    Raises:
        JournalError: it cannot be opened: no permission, no space, not a database, made by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(path, f"its folder cannot be made: {error.strerror}") from error
        with self._errors():
            # The loop's generator may be resumed from another thread than the one that made it.
            self._database = sqlite3.connect(path, timeout=5, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            # FULL: a commit is on the disk when it returns, so that "started" is durable before the effect.
            self._database.execute("PRAGMA synchronous = FULL")
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise JournalError(path, f"it has format {version}, this glm-agent reads {VERSION}")
            self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._database.close()

    def record(self, run_id: str, event: Event) -> None:
        """Append one event; when this returns it is on the disk. Transient events are skipped.

        Raises:
            JournalError: it could not be written; nothing of it is there.
        """
        if isinstance(event, TRANSIENT):
            return
        now = time.time()
        body = json.dumps(asdict(event), ensure_ascii=False, default=_encode)
        with self._errors(), self._database:
            self._database.execute("INSERT OR IGNORE INTO runs VALUES (?, ?)", (run_id, now))
            self._database.execute(
                "INSERT INTO events SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ? "
                "FROM events WHERE run = ?",
                (run_id, now, type(event).__name__, body, run_id),
            )

    def runs(self, limit: int = 20) -> list[tuple[str, float]]:
        """The newest runs: (id, start in seconds since the epoch)."""
        with self._errors():
            rows = self._database.execute(
                "SELECT id, started FROM runs ORDER BY started DESC LIMIT ?", (limit,)
            )
            return list(rows)

    def events(self, run_id: str) -> list[JournalEntry]:
        """Everything recorded of a run, in order; empty when there is no such run."""
        with self._errors():
            rows = self._database.execute(
                "SELECT number, time, type, body FROM events WHERE run = ? ORDER BY number",
                (run_id,),
            )
            return [
                JournalEntry(number, at, kind, json.loads(body)) for number, at, kind, body in rows
            ]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(self.path, str(error)) from error


def _encode(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in the journal")

"""The journal: every event of every run, on disk before its effect.

One SQLite database in WAL mode. A session is a list of runs, a run a list of events in order; a run never changes or
removes what it wrote. Text deltas are not events of the journal: the ids and the text of a turn are in `turn.finished`.
The views `segments`, `turns`, `calls` and `approvals` show the same events as tables, for people with `sqlite3`.
"""

import fcntl
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from glm_agent.errors import JournalError, SessionBusyError
from glm_agent.event_records import (
    TRANSIENT,
    VERSION,
    EventRecordError,
    event_body,
    event_from,
    event_name,
    to_json,
)
from glm_agent.events import Event, RunStarted
from glm_agent.journal_schema import FORMAT, SCHEMA, JournalEntry, RunInfo, SessionInfo, explained
from glm_agent.warm_files import WarmFiles

BUSY_TIMEOUT_S = 5.0
# What `search` looks into: the paths of an event's body that hold text.
SEARCHED = {
    "run.started": "$.prompt",
    "turn.finished": "$.text",
    "tool.started": "$.call.raw",
    "tool.finished": "$.result.observations",
}


class Journal:
    """The journal in one file. May be used from several threads.

    Args:
        path: the database; it and its folder are made when they are not there.
        busy_timeout_s: how long a database that another process has locked is waited for.
        on_record: called with an event when it is on the disk, before anything follows from it; what it raises goes
            up.

    Raises:
        JournalError: it cannot be opened: no permission, no space, not a database, made by another version.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        on_record: Callable[[Event], None] | None = None,
    ) -> None:
        self.path = path
        self._on_record = on_record
        # A connection has one transaction: a commit of one thread must not end that of another.
        self._turn = threading.RLock()
        try:
            # What was said is nobody else's; the XDG base directory specification wants it so, too.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(path, f"its folder cannot be made: {error.strerror}") from error
        with self._errors():
            # The loop's generator may be resumed from another thread than the one that made it.
            self._database = sqlite3.connect(path, timeout=busy_timeout_s, check_same_thread=False)
        try:
            with self._errors():
                self._prepare()
        except JournalError:
            self._database.close()
            raise

    def _prepare(self) -> None:
        execute = self._database.execute
        (version,) = execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise JournalError(
                self.path,
                f"it has format {version}, and this glm-agent reads {FORMAT}. Move the file away, or use the "
                "glm-agent that wrote it.",
            )
        execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on the disk when it returns, so that "started" is durable before the effect.
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA foreign_keys = ON")
        if version == 0:
            self._database.executescript(SCHEMA + f"PRAGMA user_version = {FORMAT};")

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._database.close()

    def new_session(
        self, settings: Mapping[str, Any] | None = None, *, name: str | None = None
    ) -> SessionInfo:
        """An empty session.

        Raises:
            JournalError: there is one of that name, or it cannot be written.
        """
        return self._insert_session(name, None, dict(settings or {}))

    def session(self, id_or_name: str) -> SessionInfo | None:
        """The session of this id or name."""
        found = self._sessions("WHERE id = ? OR name = ?", (id_or_name, id_or_name))
        return found[0] if found else None

    def sessions(self, limit: int = 50) -> list[SessionInfo]:
        """The sessions that were begun, forked or worked on last, newest first."""
        return self._sessions(
            "ORDER BY max(coalesce((SELECT max(started) FROM runs WHERE session = sessions.id), 0), created) DESC, "
            "sessions.rowid DESC LIMIT ?",
            (limit,),
        )

    def runs(self, session_id: str) -> list[RunInfo]:
        """The runs of a session, in order."""
        return self._runs("WHERE session = ? ORDER BY number", (session_id,))

    def run(self, run_id: str) -> RunInfo | None:
        """One run."""
        found = self._runs("WHERE id = ?", (run_id,))
        return found[0] if found else None

    def newest_runs(self, limit: int = 20) -> list[RunInfo]:
        """The runs that were started last, newest first."""
        return self._runs("ORDER BY started DESC, rowid DESC LIMIT ?", (limit,))

    def record(self, run_id: str, event: Event) -> None:
        """Append one event; when this returns it is on the disk. Transient events are skipped.

        `RunStarted` makes the run.

        Raises:
            JournalError: it could not be written; nothing of it is there.
        """
        if isinstance(event, TRANSIENT):
            return
        now = time.time()
        body = to_json(event_body(event))
        with self._errors(), self._database:
            if isinstance(event, RunStarted):
                self._database.execute(
                    "INSERT INTO runs SELECT ?, ?, coalesce(max(number), 0) + 1, ? FROM runs WHERE session = ?",
                    (run_id, event.session_id, now, event.session_id),
                )
            self._database.execute(
                "INSERT INTO events SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ? "
                "FROM events WHERE run = ?",
                (run_id, now, VERSION, event_name(event), body, run_id),
            )
        if self._on_record is not None:
            self._on_record(event)

    def events(self, run_id: str) -> list[JournalEntry]:
        """Everything recorded of a run, in order; empty when there is no such run.

        Raises:
            JournalError: it cannot be read, or holds what this version does not know.
        """
        with self._errors():
            rows = self._database.execute(
                "SELECT number, time, version, type, body FROM events WHERE run = ? ORDER BY number",
                (run_id,),
            ).fetchall()
        try:
            return [self._entry(*row) for row in rows]
        except (EventRecordError, KeyError, TypeError, ValueError) as error:
            raise JournalError(self.path, f"run {run_id} is damaged: {error}") from error

    def search(self, text: str, limit: int = 50) -> list[tuple[RunInfo, str]]:
        """Runs with `text` in prompt, answer, call or result, newest first, and the first place in each.

        Upper and lower case of ASCII letters are the same.
        """
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found: dict[str, str] = {}
        with self._errors():
            for kind, path in SEARCHED.items():
                rows = self._database.execute(
                    "SELECT run, part.value FROM events, json_tree(body, ?) AS part "
                    "WHERE events.type = ? AND part.type = 'text' AND part.value LIKE ? ESCAPE '\\'",
                    (path, kind, pattern),
                )
                for run_id, value in rows:
                    found.setdefault(run_id, value)
        runs = [run for run_id in found if (run := self.run(run_id)) is not None]
        runs.sort(key=lambda run: run.started, reverse=True)
        return [(run, found[run.id]) for run in runs[:limit]]

    def fork(
        self,
        session_id: str,
        *,
        name: str | None = None,
        runs: int | None = None,
        takes_name: bool = False,
    ) -> SessionInfo:
        """A new session that begins with the same runs, or the first `runs` of them, under new ids.

        Args:
            session_id: where they are; id or name.
            name: of the new session.
            runs: how many; None for all.
            takes_name: the new session has the other one's name from now on, which then goes by its id.

        Raises:
            JournalError: there is no such session, one of that name is there, or it cannot be written.
        """
        parent = self.session(session_id)
        if parent is None:
            raise JournalError(self.path, f"there is no session {session_id!r}")
        fork = self._insert_session(name, parent.id, parent.settings)
        with self._errors(), self._database:
            for run in self.runs(parent.id)[:runs]:
                new_id = new_run_id()
                self._database.execute(
                    "INSERT INTO runs VALUES (?, ?, ?, ?)",
                    (new_id, fork.id, run.number, run.started),
                )
                self._database.execute(
                    "INSERT INTO events SELECT ?, number, time, version, type, CASE type "
                    "WHEN 'run.started' THEN json_set(body, '$.run_id', ?, '$.session_id', ?) "
                    "WHEN 'run.resumed' THEN json_set(body, '$.run_id', ?) "
                    "WHEN 'run.finished' THEN json_set(body, '$.result.run_id', ?, '$.result.session_id', ?) "
                    "ELSE body END FROM events WHERE run = ?",
                    (new_id, new_id, fork.id, new_id, new_id, fork.id, run.id),
                )
            if not takes_name:
                return fork
            for owner, new_name in ((parent, None), (fork, parent.name)):
                self._database.execute(
                    "UPDATE sessions SET name = ? WHERE id = ?", (new_name, owner.id)
                )
        return replace(fork, name=parent.name)

    def remove(self, session_id: str) -> None:
        """Remove a session with all its runs.

        Raises:
            SessionBusyError: somebody works on it.
            JournalError: it cannot be written.
        """
        with self.locked(session_id), self._errors(), self._database:
            self._database.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
        for path in (self._lock_path(session_id), WarmFiles(self.warm_folder).path(session_id)):
            with suppress(OSError):
                path.unlink()

    @property
    def warm_folder(self) -> Path:
        """Where files of what was computed are kept, beside the database."""
        return self.path.with_name(f"{self.path.name}.warm")

    @contextmanager
    def locked(self, session_id: str) -> Iterator[None]:
        """Work on a session alone. The lock goes with the process that holds it, however that ends.

        Raises:
            SessionBusyError: somebody else has it.
            JournalError: the lock's file cannot be made.
        """
        path = self._lock_path(session_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise JournalError(self.path, f"no lock can be made beside it: {error}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SessionBusyError(
                    self.path,
                    f"session {session_id} is in use by another process. Wait for it to end, or begin another session.",
                ) from error
            yield

    def _lock_path(self, session_id: str) -> Path:
        return self.path.with_name(f"{self.path.name}.locks") / session_id

    def _insert_session(
        self, name: str | None, parent: str | None, settings: Mapping[str, Any]
    ) -> SessionInfo:
        session = SessionInfo(uuid.uuid4().hex[:12], name, time.time(), parent, settings)
        with self._errors():
            try:
                with self._database:
                    self._database.execute(
                        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
                        (session.id, name, session.created, parent, to_json(settings)),
                    )
            except sqlite3.IntegrityError as error:
                raise JournalError(
                    self.path, f"there is a session named {name!r} already"
                ) from error
        return session

    def _sessions(self, clause: str, values: Sequence[object]) -> list[SessionInfo]:
        with self._errors():
            rows = self._database.execute(
                f"SELECT id, name, created, parent, settings FROM sessions {clause}", values
            ).fetchall()
        return [
            SessionInfo(id, name, created, parent, json.loads(settings))
            for id, name, created, parent, settings in rows
        ]

    def _runs(self, clause: str, values: Sequence[object]) -> list[RunInfo]:
        with self._errors():
            rows = self._database.execute(
                "SELECT id, session, number, started, "
                "(SELECT body ->> 'prompt' FROM events WHERE run = runs.id AND number = 1), "
                # The last event tells: a run that was resumed after its end goes on.
                "(SELECT CASE type WHEN 'run.finished' THEN body ->> '$.result.finish_reason' END FROM events "
                f"WHERE run = runs.id ORDER BY number DESC LIMIT 1) FROM runs {clause}",
                values,
            ).fetchall()
        return [RunInfo(*row) for row in rows]

    def _entry(self, number: int, at: float, version: int, kind: str, body: str) -> JournalEntry:
        if version != VERSION:
            raise EventRecordError(f"event {number} has version {version}, not {VERSION}")
        return JournalEntry(number, at, event_from(kind, json.loads(body)))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with self._turn:
                yield
        except sqlite3.Error as error:
            raise JournalError(self.path, explained(error)) from error


def new_run_id() -> str:
    """A fresh id."""
    return uuid.uuid4().hex[:12]

"""The tables and views of the journal's database, what they hold as records, and what SQLite's errors mean."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glm_agent.events import Event

FORMAT = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    name TEXT UNIQUE,
    created REAL NOT NULL,  -- seconds since the epoch
    parent TEXT,            -- the session it was forked from
    settings TEXT NOT NULL  -- JSON: how the command line opens it again
);
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    started REAL NOT NULL,
    UNIQUE (session, number)
);
CREATE TABLE IF NOT EXISTS events (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    time REAL NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,     -- JSON
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS segments AS
    SELECT run, number, body ->> 'step' AS step, body ->> 'kept_tokens' AS kept_tokens, part.key AS position,
           part.value ->> 'label' AS label, part.value -> 'token_ids' AS token_ids
    FROM events, json_each(body, '$.segments') AS part WHERE events.type = 'prompt.rendered';
CREATE VIEW IF NOT EXISTS turns AS
    SELECT run, number, time, body ->> 'step' AS step, body ->> 'text' AS text, body ->> '$.call.name' AS call,
           body ->> 'finish' AS finish, body -> 'token_ids' AS token_ids,
           body ->> '$.usage.prefill_s' AS prefill_s, body ->> '$.usage.decode_s' AS decode_s
    FROM events WHERE type = 'turn.finished';
CREATE VIEW IF NOT EXISTS calls AS
    SELECT started.run, started.body ->> '$.call.id' AS id, started.body ->> '$.call.name' AS name,
           started.body ->> '$.call.raw' AS raw, started.time AS started, finished.time AS finished,
           finished.body ->> '$.result.status' AS status, finished.body -> '$.result.observations' AS observations
    FROM events AS started LEFT JOIN events AS finished
    ON finished.run = started.run AND finished.type = 'tool.finished'
       AND finished.body ->> '$.call.id' = started.body ->> '$.call.id'
    WHERE started.type = 'tool.started';
CREATE VIEW IF NOT EXISTS approvals AS
    SELECT run, number, time, type, coalesce(body ->> '$.call.id', body ->> 'call_id') AS call,
           body ->> 'reason' AS reason, body ->> 'decision' AS decision, body ->> 'comment' AS comment
    FROM events WHERE type IN ('approval.requested', 'approval.decided');
"""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One event as it was recorded.

    Attributes:
        number: from 1 within a run.
        time: seconds since the epoch.
        event: what happened.
    """

    number: int
    time: float
    event: Event


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session.

    Attributes:
        id: its own.
        name: what the user calls it, if anything.
        created: seconds since the epoch.
        parent: the session that it was forked from.
        settings: how the command line opens it again; the journal only keeps it.
    """

    id: str
    name: str | None
    created: float
    parent: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run in a session; `finish_reason` is None while it is under way, or was cut short."""

    id: str
    session_id: str
    number: int
    started: float
    prompt: str
    finish_reason: str | None


def explained(error: sqlite3.Error) -> str:
    """The error, and what a person can do about it."""
    advice = {
        "SQLITE_BUSY": "another program holds it locked; try again when that has ended",
        "SQLITE_FULL": "the disk is full; what was written before is kept",
        "SQLITE_IOERR_WRITE": "the disk cannot be written; what was written before is kept",
        "SQLITE_READONLY": "it cannot be written: see the permissions of the file and its folder",
        "SQLITE_CANTOPEN": "it cannot be opened: see the permissions of the file and its folder",
        "SQLITE_CORRUPT": "it is damaged; `sqlite3 FILE .recover` saves what can be read",
        "SQLITE_NOTADB": "this file is no journal; move it away",
    }
    name = getattr(error, "sqlite_errorname", "")
    known = next((text for prefix, text in advice.items() if name.startswith(prefix)), "")
    return f"{error} ({known})" if known else str(error)

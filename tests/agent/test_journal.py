"""The journal: what happened is on the disk, and a journal that cannot be written is a clear error."""

import sqlite3
from pathlib import Path

import pytest

from glm_agent.errors import JournalError
from glm_agent.event_records import event_name
from glm_agent.events import RunStarted, ToolStarted
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool
from glm_tools.tool import ToolCall


def entries(path: Path, run_id: str) -> list[str]:
    journal = Journal(path)
    kinds = [event_name(entry.event) for entry in journal.events(run_id)]
    journal.close()
    return kinds


def test_every_event_of_a_run_is_recorded_in_order(tmp_path: Path) -> None:
    @tool
    def now() -> str:
        """Now."""
        return "noon"

    path = tmp_path / "made" / "here" / "journal.sqlite3"
    journal = Journal(path)
    result = Agent(ScriptedModel([call("now"), say("It is noon.")]), [now], journal=journal).run(
        "?"
    )
    journal.close()
    assert entries(path, result.run_id) == [
        "run.started", "prompt.rendered", "turn.finished", "tool.started", "tool.finished",
        "prompt.rendered", "turn.finished", "run.finished",
    ]  # fmt: skip


def test_a_call_is_recorded_as_started_before_it_runs(tmp_path: Path) -> None:
    """Seen from another connection while the tool runs, as after a `kill -9` there."""
    path = tmp_path / "journal.sqlite3"
    seen: list[str] = []

    @tool
    def look() -> str:
        """Look into the journal."""
        with sqlite3.connect(path) as database:
            seen.extend(
                kind for (kind,) in database.execute("SELECT type FROM events ORDER BY number")
            )
        database.close()
        return "looked"

    journal = Journal(path)
    Agent(ScriptedModel([call("look"), say("ok")]), [look], journal=journal).run("?")
    journal.close()
    assert seen[-1] == "tool.started"


def test_bytes_and_chinese_survive(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    session = journal.new_session()
    journal.record("r1", RunStarted("r1", session.id, "m", "?", ()))
    event = ToolStarted(ToolCall("c1", "f", {"city": "北京"}, '{"city": "北京"}'))
    journal.record("r1", event)
    _, entry = journal.events("r1")
    journal.close()
    assert entry.event == event


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_text("my notes, which happen to lie here", encoding="utf-8")
    with pytest.raises(JournalError, match="not a database"):
        Journal(path)
    assert path.read_text(encoding="utf-8") == "my notes, which happen to lie here"


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(JournalError, match="format 99"):
        Journal(path)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(JournalError, match="folder cannot be made"):
        Journal(tmp_path / "file" / "journal.sqlite3")

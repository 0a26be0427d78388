"""The journal: what happened is on the disk, and a journal that cannot be written is a clear error."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glm_agent.errors import JournalError
from glm_agent.event_records import event_name
from glm_agent.events import RunResumed, RunStarted, ToolStarted
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
    assert path.parent.stat().st_mode & 0o077 == 0, "what was said is nobody else's"
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


def test_a_full_disk_stops_the_run_before_the_effect_and_keeps_what_was_written(
    tmp_path: Path,
) -> None:
    """The file may not grow: SQLite says so as on a full disk."""
    path = tmp_path / "sessions.sqlite3"
    script = f"""
import resource, signal, sys
from pathlib import Path
from glm_agent.errors import JournalError
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool
@tool
def effect(number: int) -> str:
    "Effect."
    effects.append(number)
    return "x" * 3000
effects = []
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path({str(path)!r}))
agent = Agent(ScriptedModel([call("effect", number=n) for n in range(90)]), [effect], journal=journal, limits=Limits(max_steps=90))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    agent.run("?")
except JournalError as error:
    print(len(effects))
    print(error)
agent.close()
"""
    process = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    num_effects, error = process.stdout.splitlines()
    assert int(num_effects) > 0
    assert "what was written before is kept" in error
    journal = Journal(path)
    (run,) = journal.newest_runs()
    recorded = [event_name(entry.event) for entry in journal.events(run.id)]
    journal.close()
    assert recorded.count("tool.started") == int(num_effects), "no effect without its record"


def test_a_journal_that_another_program_has_locked_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite3"
    journal = Journal(path, busy_timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="another program holds it locked"):
        Agent(ScriptedModel([]), journal=journal).run("?")
    other.execute("ROLLBACK")
    other.close()
    assert Agent(ScriptedModel([say("ok")]), journal=journal).run("?").answer == "ok"
    journal.close()


def test_damage_is_named_and_other_runs_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite3"
    journal = Journal(path)
    good = Agent(ScriptedModel([say("good")]), journal=journal).run("?")
    bad = Agent(ScriptedModel([say("bad")]), journal=journal).run("?")
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE events SET body = '{\"text\": 1' WHERE type = 'turn.finished' AND run = ?",
            (bad.run_id,),
        )
    database.close()
    with pytest.raises(JournalError, match=f"run {bad.run_id} is damaged"):
        journal.events(bad.run_id)
    assert len(journal.events(good.run_id)) == 4
    journal.close()


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite3"
    journal = Journal(path)
    Agent(ScriptedModel([say("x" * 20_000)]), journal=journal).run("?")
    journal.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"damaged|malformed"):
        Journal(path).newest_runs()


def test_a_fork_has_the_same_history_and_a_life_of_its_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sessions.sqlite3")
    with Agent(ScriptedModel([say("one"), say("two")]), journal=journal) as agent:
        with agent.session("origin") as session:
            session.run("1")
            session.run("2")
        origin = session
    fork = journal.fork(origin.id, name="branch", runs=1)
    with Agent(ScriptedModel([say("other")]), journal=journal) as agent:
        with agent.session("branch") as session:
            assert session.run("other 2").answer == "other"
        with agent.session("origin") as again:
            assert again.state.history == origin.state.history
    assert [run.prompt for run in journal.runs(fork.id)] == ["1", "other 2"]
    journal.remove(origin.id)
    assert [run.prompt for run in journal.runs(fork.id)] == ["1", "other 2"]
    assert journal.runs(origin.id) == []
    journal.close()


@pytest.mark.parametrize("text", ["北京", "NOON", '"quoted"', "100%", "a_b"])
def test_search_finds_text_wherever_it_was_said(text: str, tmp_path: Path) -> None:
    @tool
    def echo(text: str) -> str:
        """Echo."""
        return text

    journal = Journal(tmp_path / "sessions.sqlite3")

    def run(prompt: str, argument: str, answer: str) -> str:
        model = ScriptedModel([call("echo", text=argument), say(answer)])
        return Agent(model, [echo], journal=journal).run(prompt).run_id

    said = f"… {text.lower()} …"
    expected = {run(said, "-", "-"), run("-", said, "-"), run("-", "-", said)}
    run("-", "axb 1000 quoted", "-")
    assert {found.id for found, _ in journal.search(text)} == expected
    assert all(text.lower() in place for _, place in journal.search(text))
    journal.close()


def test_the_views_show_the_events_as_tables(tmp_path: Path) -> None:
    @tool
    def now() -> str:
        """Now."""
        return "noon"

    journal = Journal(tmp_path / "sessions.sqlite3")
    Agent(ScriptedModel([call("now"), say("Noon.")]), [now], journal=journal).run("?")
    journal.close()
    with sqlite3.connect(tmp_path / "sessions.sqlite3") as database:
        assert database.execute("SELECT id, name, status FROM calls").fetchall() == [
            ("call_1", "now", "ok")
        ]
        assert database.execute("SELECT step, text, call FROM turns").fetchall() == [
            (1, "", "now"),
            (2, "Noon.", None),
        ]
        labels = database.execute("SELECT label FROM segments").fetchall()
        assert [label for (label,) in labels] == [
            "user", "reply prompt", "observation call_1", "reply prompt",
        ]  # fmt: skip
    database.close()


def test_runs_in_several_threads_are_recorded_whole(tmp_path: Path) -> None:
    """A commit of one thread ended the transaction of another, or met it in the middle."""
    journal = Journal(tmp_path / "sessions.sqlite3")
    num_threads, num_runs = 8, 8
    with Agent(ScriptedModel([say("a")] * num_threads * num_runs), journal=journal) as agent:

        def work(number: int) -> list[str]:
            return [agent.run(f"{number}-{n}").run_id for n in range(num_runs)]

        with ThreadPoolExecutor(num_threads) as executor:
            done = [run_id for ids in executor.map(work, range(num_threads)) for run_id in ids]
    kinds = {tuple(entries(journal.path, run_id)) for run_id in done}
    assert len(set(done)) == num_threads * num_runs
    assert kinds == {("run.started", "prompt.rendered", "turn.finished", "run.finished")}
    journal.close()


def test_a_fork_is_newer_than_what_it_was_forked_from(tmp_path: Path) -> None:
    """After a question was taken back, the newest session was the one that still has it."""
    journal = Journal(tmp_path / "sessions.sqlite3")
    with (
        Agent(ScriptedModel([say("a"), say("b")]), journal=journal) as agent,
        agent.session() as session,
    ):
        session.run("first")
        session.run("second")
        fork = journal.fork(session.id, runs=1)
    assert [one.id for one in journal.sessions()] == [fork.id, session.id]
    journal.close()


def test_every_event_of_a_fork_is_of_its_own_runs(tmp_path: Path) -> None:
    """The resumption of a run kept the name of the run that it was copied from."""
    journal = Journal(tmp_path / "sessions.sqlite3")
    stopped = threading.Event()
    stopped.set()
    with Agent(ScriptedModel([say("a")]), journal=journal) as agent, agent.session() as session:
        session.run("?", cancel=stopped)
        session.resume()
        fork = journal.fork(session.id)
    (run,) = journal.runs(fork.id)
    named = [
        entry.event.run_id
        for entry in journal.events(run.id)
        if isinstance(entry.event, RunStarted | RunResumed)
    ]
    assert named == [run.id, run.id]
    journal.close()

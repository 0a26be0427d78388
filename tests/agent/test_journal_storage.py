"""What real disks and real processes do to a journal: a full disk, a torn file, a lock, two at work at once."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glm_agent.errors import JournalError, SessionBusyError
from glm_agent.event_records import event_name
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool

Start = Callable[..., "subprocess.Popen[str]"]

ON_A_SMALL_DISK = """
import json, subprocess, sys
from pathlib import Path
from glm_agent.errors import JournalError
from glm_agent.events import ToolFinished, ToolStarted
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
(disk / "ballast").write_bytes(bytes(600_000))
effects = []

@tool
def effect(number: int) -> str:
    "Effect."
    effects.append(number)
    return "x" * 5_000

def agent(calls, journal):
    script = [*(call("effect", number=n) for n in calls), say("Done.")]
    return Agent(ScriptedModel(script), [effect], journal=journal, limits=Limits(max_steps=99))

journal = Journal(disk / "sessions.sqlite3")
error = ""
with agent(range(90), journal) as first:
    try:
        first.run("?")
    except JournalError as raised:
        error = str(raised)
journal.close()
(disk / "ballast").unlink()
journal = Journal(disk / "sessions.sqlite3")
(run,) = journal.newest_runs()
events = [entry.event for entry in journal.events(run.id)]
done = len(effects)
with agent([], journal) as second, second.session(run.session_id) as session:
    result = session.resume()
print(json.dumps({
    "error": error, "effects": done, "effects_after": len(effects), "answer": result.answer,
    "started": sum(isinstance(event, ToolStarted) for event in events),
    "finished": sum(isinstance(event, ToolFinished) for event in events),
    "statuses": sorted({step.result.status for step in result.steps if step.result}),
}))
"""

HOLDING_A_SESSION = """
import sys
from pathlib import Path
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, say
journal = Journal(Path(sys.argv[1]))
with Agent(ScriptedModel([say("held")]), journal=journal) as agent, agent.session(sys.argv[2]) as session:
    session.run("?")
    print(session.id, flush=True)
    sys.stdin.read()
"""

WRITING = """
import sys
from pathlib import Path
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, say
journal = Journal(Path(sys.argv[1]))
sys.stdin.readline()
with Agent(ScriptedModel([say(str(n)) for n in range(12)]), journal=journal) as agent:
    with agent.session(sys.argv[2]) as session:
        for number in range(12):
            session.run(f"{sys.argv[2]} {number}")
"""


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs with this process's packages; none outlives the test."""
    running = []

    def run(source: str, *arguments: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", source, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def run_of(journal: Journal, *words: str) -> str:
    @tool
    def now() -> str:
        """Now."""
        return "noon"

    with Agent(ScriptedModel([call("now"), say("Noon.")]), [now], journal=journal) as agent:
        return agent.run(" ".join(words)).run_id


def test_a_disk_that_fills_up_stops_the_run_which_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    """A real file system of one megabyte, mounted where only that process sees it."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], check=False).returncode:
        pytest.skip("a mount of one's own needs util-linux and user namespaces")
    done = subprocess.run(
        [unshare, "-rm", sys.executable, "-c", ON_A_SMALL_DISK, tmp_path],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert "the disk is full; what was written before is kept" in seen["error"]
    assert 0 < seen["finished"] <= seen["effects"] == seen["started"] < 90
    assert (seen["answer"], seen["effects_after"]) == ("Done.", seen["effects"])
    assert set(seen["statuses"]) <= {"ok", "interrupted"}


def test_a_log_that_was_torn_by_a_power_cut_loses_its_end_and_nothing_before(
    tmp_path: Path,
) -> None:
    """SQLite's log is cut, or holds rubbish from some byte on, as after a power cut with a lying disk."""
    path = tmp_path / "sessions.sqlite3"
    journal = Journal(path)
    run_id = run_of(journal, "?")
    whole = [entry.event for entry in journal.events(run_id)]
    log = path.with_name(path.name + "-wal").read_bytes()
    choices = random.Random(7)
    lengths = set()
    for number in range(25):
        copy = tmp_path / str(number)
        copy.mkdir()
        shutil.copy(path, copy)
        cut = choices.randrange(len(log))
        rest = b"" if number % 2 else choices.randbytes(len(log) - cut)
        (copy / f"{path.name}-wal").write_bytes(log[:cut] + rest)
        torn = Journal(copy / path.name)
        events = [entry.event for entry in torn.events(run_id)]
        assert events == whole[: len(events)]
        lengths.add(len(events))
        run_of(torn, "And on.")
        torn.close()
    journal.close()
    assert len(lengths) > 3, "the cuts were all in one place"


def test_damage_in_the_middle_of_the_file_is_an_error_and_never_another_history(
    tmp_path: Path,
) -> None:
    """Every page in turn is overwritten: what is read is what was written, or an error that names the file."""
    path = tmp_path / "sessions.sqlite3"
    journal = Journal(path)
    run_id = run_of(journal, "What time is it? " + "x" * 3_000)
    whole = [entry.event for entry in journal.events(run_id)]
    journal.close()
    data = path.read_bytes()
    outcomes = set()
    for page in range(len(data) // 4096):
        path.write_bytes(data[: page * 4096] + b"\xa5" * 4096 + data[(page + 1) * 4096 :])
        try:
            journal = Journal(path)
            try:
                same = [entry.event for entry in journal.events(run_id)] == whole
                outcomes.add("same" if same else "other")
            finally:
                journal.close()
        except JournalError as error:
            outcomes.add("error" if str(path) in str(error) else "an error without the file's name")
    assert outcomes == {"same", "error"}
    path.write_bytes(data)
    journal = Journal(path)
    assert [entry.event for entry in journal.events(run_id)] == whole
    journal.close()


def test_a_session_that_another_process_holds_is_busy_until_that_process_is_killed(
    tmp_path: Path, start: Start
) -> None:
    path = tmp_path / "sessions.sqlite3"
    holder = start(HOLDING_A_SESSION, path, "work")
    assert holder.stdout is not None
    session_id = holder.stdout.readline().strip()
    journal = Journal(path)
    agent = Agent(ScriptedModel([say("mine")]), journal=journal)
    with pytest.raises(SessionBusyError, match=f"session {session_id} is in use"):
        agent.session("work")
    with pytest.raises(SessionBusyError):
        journal.remove(session_id)
    with agent.session("other"):
        pass  # another session in the same journal is free
    holder.kill()
    holder.wait()
    with agent.session("work") as session:
        assert [run.prompt for run in journal.runs(session.id)] == ["?"]
        assert session.run("And now?").answer == "mine"
    journal.close()


def test_the_command_says_so_when_a_session_or_the_journal_is_busy_or_damaged(
    tmp_path: Path, start: Start
) -> None:
    path = tmp_path / "sessions.sqlite3"

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "glm_agent", *arguments],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "GLM_AGENT_HOME": str(tmp_path)},
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    holder = start(HOLDING_A_SESSION, path, "work")
    assert holder.stdout is not None
    holder.stdout.readline()
    refused = command("sessions", "rm", "work", "--yes")
    assert refused.returncode == 9
    assert "in use by another process" in refused.stderr
    assert " work" in command("sessions", "list").stdout, "reading is free"
    holder.kill()
    holder.wait()

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refused = command("sessions", "fork", "work")
    assert refused.returncode == 9
    assert "another program holds it locked" in refused.stderr
    other.execute("ROLLBACK")
    other.close()

    for file in tmp_path.glob("sessions.sqlite3*"):
        if file.is_file():
            file.write_bytes(b"\xa5" * max(file.stat().st_size, 8192))
    refused = command("sessions", "list")
    assert refused.returncode == 9
    assert str(path) in refused.stderr


def test_processes_that_write_to_one_journal_at_once_lose_nothing(
    tmp_path: Path, start: Start
) -> None:
    path = tmp_path / "sessions.sqlite3"
    Journal(path).close()
    writers = [start(WRITING, path, f"session-{number}") for number in range(3)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
    journal = Journal(path)
    for number in range(3):
        session = journal.session(f"session-{number}")
        assert session is not None
        runs = journal.runs(session.id)
        assert [run.prompt for run in runs] == [f"session-{number} {n}" for n in range(12)]
        for run in runs:
            kinds = [event_name(entry.event) for entry in journal.events(run.id)]
            assert kinds == ["run.started", "prompt.rendered", "turn.finished", "run.finished"]
    journal.close()

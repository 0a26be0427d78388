"""Promise P7: nothing is lost and nothing runs twice unasked, wherever the program was killed."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from glm_agent.errors import ConfigurationError, SessionBusyError
from glm_agent.events import Event, RunResumed, ToolFinished, ToolStarted, TurnFinished
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.state import SessionState, count_tokens
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("ledger_run.py")
# run.started, then for each of four calls: prompt, turn, started, finished; then prompt, turn, run.finished
EVENTS_OF_THE_RUN = 1 + 4 * 4 + 3
CALLS_OF_THE_RUN = 4


def _program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ledger_run", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ledger_run = _program()


@pytest.fixture(scope="module")
def killed_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run for each boundary, killed there."""
    folder = tmp_path_factory.mktemp("killed")
    run_program("boundaries", folder, EVENTS_OF_THE_RUN - 1, CALLS_OF_THE_RUN)
    return folder


def run_program(kind: str, folder: Path, first: int, second: int) -> None:
    packages = ("agent", "engine", "prompts", "sandbox", "tools")
    process = subprocess.run(
        [sys.executable, PROGRAM, kind, folder, str(first), str(second)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in packages)},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert process.returncode == 0, process.stderr


def copy_of(run: Path, folder: Path) -> tuple[Path, Path]:
    """The journal and the ledger of a killed run, to go on with."""
    copy = shutil.copytree(run, folder / "run")
    return copy / ledger_run.JOURNAL, copy / ledger_run.LEDGER


def state_of(path: Path) -> SessionState:
    journal = Journal(path)
    state = SessionState()
    (session,) = journal.sessions()
    for run in journal.runs(session.id):
        for entry in journal.events(run.id):
            state.apply(entry.event)
    journal.close()
    return state


def lines(ledger: Path) -> Counter[str]:
    return Counter(ledger.read_text(encoding="utf-8").split()) if ledger.exists() else Counter()


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> SessionState:
    """The same run, never killed."""
    folder = tmp_path_factory.mktemp("whole")
    ledger_run.resume(folder / "sessions.sqlite3", ledger_run.counting_tools(folder / "ledger"))
    return state_of(folder / "sessions.sqlite3")


@pytest.mark.parametrize("events", range(1, EVENTS_OF_THE_RUN))
def test_a_run_killed_at_any_boundary_goes_on_and_the_ledger_agrees(
    events: int, killed_runs: Path, tmp_path: Path, whole_run: SessionState
) -> None:
    path, ledger = copy_of(killed_runs / f"event-{events}", tmp_path)
    before = state_of(path)
    result = ledger_run.resume(path, ledger_run.counting_tools(ledger))
    assert (result.finish_reason, result.answer) == ("answer", "Done.")
    after = state_of(path)
    assert after.history[: len(before.history)] == before.history, "what was recorded stays"
    told = Counter(
        step.call.arguments.get("line", "count")
        for step in result.steps
        if step.call is not None and step.call.arguments is not None and step.result is not None
        if step.result.status == "ok"
    )
    assert lines(ledger) == told, "what the journal calls done was done, and only that"
    if before.is_started and before.call is not None and before.call.name == "write":
        assert [step.result.status for step in result.steps if step.result].count(
            "interrupted"
        ) == 1
    else:
        assert after.history == whole_run.history, "id for id what a run reads that was not killed"


@pytest.mark.parametrize(
    ("seed", "runs"), [(0, 6), pytest.param(1_000, 150, marks=pytest.mark.slow)]
)
def test_runs_killed_at_random_moments_agree_with_their_ledger(
    seed: int, runs: int, tmp_path: Path
) -> None:
    """Killed from outside, in the middle of whatever went on, up to six times a run, and resumed by other processes.

    For every call: it was recorded as started before each effect, and each result that says it ran has an effect.
    """
    run_program("moments", tmp_path, seed, runs)
    kills = 0
    for folder in tmp_path.iterdir():
        kills += int((folder / ledger_run.KILLS).read_text(encoding="utf-8"))
        state, events = run_of(folder / ledger_run.JOURNAL)
        assert (state.finish, state.steps[-1].text) == ("answer", "Done."), folder
        effects = lines(folder / ledger_run.LEDGER)
        starts = Counter(e.call.id for e in events if isinstance(e, ToolStarted))
        results = {e.call.id: e for e in events if isinstance(e, ToolFinished)}
        agreed = any(isinstance(e, RunResumed) and e.reruns_interrupted for e in events)
        assert set(effects) <= set(starts) == set(results), folder
        for call_id, finished in results.items():
            assert effects[call_id] <= starts[call_id], folder
            assert effects[call_id] >= (finished.result.status == "ok"), folder
            if finished.call.name == "write" and not agreed:
                assert starts[call_id] == 1, f"{folder}: run twice unasked"
            else:
                assert finished.result.status in ("ok", "interrupted"), folder
    assert kills > runs / 2, "the moments were not those of the work"


def run_of(path: Path) -> tuple[SessionState, list[Event]]:
    """The one run in a journal."""
    journal = Journal(path)
    (run,) = journal.newest_runs()
    events = [entry.event for entry in journal.events(run.id)]
    journal.close()
    state = SessionState()
    for event in events:
        state.apply(event)
    return state, events


@pytest.mark.parametrize("calls", range(1, CALLS_OF_THE_RUN + 1))
def test_a_call_that_was_under_way_is_shown_as_interrupted_and_not_run_again(
    calls: int, killed_runs: Path, tmp_path: Path
) -> None:
    """Killed after the effect and before the result: only an idempotent tool runs a second time."""
    path, ledger = copy_of(killed_runs / f"call-{calls}", tmp_path)
    effect = next(reversed(lines(ledger)))
    result = ledger_run.resume(path, ledger_run.counting_tools(ledger))
    assert (result.finish_reason, result.answer) == ("answer", "Done.")
    statuses = [step.result.status for step in result.steps if step.result is not None]
    if effect == "count":
        assert lines(ledger)["count"] == 2
        assert statuses == ["ok"] * CALLS_OF_THE_RUN
    else:
        assert lines(ledger) == Counter(("first", "second", "count", "third"))
        assert statuses[calls - 1] == "interrupted"
        assert statuses.count("ok") == CALLS_OF_THE_RUN - 1


def test_the_user_may_have_an_interrupted_call_run_again(killed_runs: Path, tmp_path: Path) -> None:
    path, ledger = copy_of(killed_runs / "call-1", tmp_path)
    result = ledger_run.resume(path, ledger_run.counting_tools(ledger), rerun=True)
    assert lines(ledger)["first"] == 2
    assert [step.result.status for step in result.steps if step.result] == ["ok"] * CALLS_OF_THE_RUN


def test_a_run_that_is_resumed_and_killed_again_is_still_whole(tmp_path: Path) -> None:
    """To the journal, leaving the stream is the same as being killed."""
    path, ledger = tmp_path / "sessions.sqlite3", tmp_path / "ledger"
    ids: list[str] = []
    for _ in range(40):
        journal = Journal(path)
        if not ids:
            ids.append(journal.new_session().id)
        runs = journal.runs(ids[0])
        state = SessionState()
        for run in runs:
            for entry in journal.events(run.id):
                state.apply(entry.event)
        taken = 0 if state.last_turn is None else state.num_steps
        agent = Agent(
            ScriptedModel(ledger_run.SCRIPT[taken:]),
            ledger_run.counting_tools(ledger),
            journal=journal,
        )
        with agent, agent.session(ids[0]) as session:
            if state.finish is not None:
                break
            stream = session.stream_resumed() if runs else session.stream("Write.")
            for event in stream:
                if isinstance(event, TurnFinished | ToolFinished):
                    break
        journal.close()
    journal.close()
    assert state.finish == "answer"
    assert lines(ledger) == Counter(("first", "second", "count", "third"))


def test_an_abandoned_stream_stops_its_tool_and_can_be_resumed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sessions.sqlite3")
    agent = Agent(
        ScriptedModel(ledger_run.SCRIPT[0:]),
        ledger_run.counting_tools(tmp_path / "ledger"),
        journal=journal,
    )
    session = agent.session()
    for event in session.stream("Write."):
        if isinstance(event, ToolStarted):
            break
    session.close()
    with (
        Agent(
            ScriptedModel(ledger_run.SCRIPT[1:]),
            ledger_run.counting_tools(tmp_path / "ledger"),
            journal=journal,
        ) as other,
        other.session(session.id) as again,
    ):
        assert again.resume().answer == "Done."
    agent.close()
    journal.close()


def test_a_session_is_worked_on_by_one_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sessions.sqlite3")
    agent = Agent(ScriptedModel([say("a"), say("b")]), journal=journal)
    with agent.session("work") as session:
        session.run("?")
        with pytest.raises(SessionBusyError, match="in use by another process"):
            agent.session("work")
    with agent.session("work") as session:
        assert session.run("?").answer == "b"
    with pytest.raises(ConfigurationError, match="is closed"):
        session.run("?")
    journal.close()


def test_a_session_remembers_over_processes_and_refuses_other_tools(tmp_path: Path) -> None:
    @tool
    def now() -> str:
        """Now."""
        return "noon"

    path = tmp_path / "sessions.sqlite3"
    journal = Journal(path)
    first = ScriptedModel([call("now"), say("It is noon.")])
    with Agent(first, [now], journal=journal) as agent, agent.session("s") as session:
        session.run("What time is it?")
    journal.close()

    journal = Journal(path)
    second = ScriptedModel([say("At noon, I said.")])
    with Agent(second, [now], journal=journal) as agent, agent.session("s") as session:
        session.run("When?")
    assert [text for _, text in second.conversations[0].messages] == [
        "What time is it?", "now\n{}", "noon", "It is noon.", "When?", "At noon, I said.",
    ]  # fmt: skip
    with (
        Agent(ScriptedModel([]), journal=journal) as agent,
        pytest.raises(ConfigurationError, match="other tools"),
    ):
        agent.session("s")
    journal.close()


def test_a_finished_run_cannot_be_resumed_and_an_open_one_must_be(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sessions.sqlite3")
    agent = Agent(ScriptedModel([say("a"), say("b")]), journal=journal)
    with agent.session() as session:
        session.run("?")
        with pytest.raises(ConfigurationError, match="no run that could be resumed"):
            session.resume()
        next(iter(session.stream("?")))
        with pytest.raises(ConfigurationError, match="glm-agent resume"):
            session.run("?")
        assert session.resume().answer == "b"
    journal.close()


def test_history_after_a_run_has_the_tokens_that_the_conversation_has(tmp_path: Path) -> None:
    model = ScriptedModel([call("nothing"), say("x")])
    journal = Journal(tmp_path / "sessions.sqlite3")
    agent = Agent(model, journal=journal)
    with agent.session() as session:
        session.run("?")
        assert count_tokens(session.state.history) == model.conversations[0].num_tokens
        assert session.state.history == list(model.conversations[0].segments)
    journal.close()

"""Approval, resume, replay, explain and sessions from the terminal, on the embedded demo model's own run."""

import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from glm_agent.cli.application import app
from glm_agent.errors import ConfigurationError, ReplayMismatchError, UsageError
from glm_agent.event_records import (
    NAMES,
    TRANSIENT,
    VERSION,
    event_body,
    event_from,
    event_name,
    to_json,
)
from glm_agent.export import session_json
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say

HEAD = {"v", "seq", "time", "type"}

TOOLS = '''
from pathlib import Path
from glm_agent import tool

@tool(risky=True)
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: first.
        b: second.
    """
    with Path(__file__).with_name("ledger").open("a", encoding="utf-8") as file:
        file.write(f"{a} {b}\\n")
    return a * b
'''
QUESTION = "What is 37 * 43?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, command: Any) -> Path:
    """A home with one session, `sum`, whose run stopped for approval and was then approved."""
    home = tmp_path_factory.mktemp("home")
    (home / "my_tools.py").write_text(TOOLS, encoding="utf-8")
    done = command(
        home, "run", QUESTION, "-T", str(home / "my_tools.py"), "--session", "sum", "-m", "demo"
    )
    assert done.returncode == 3, done.stderr
    assert "glm-agent resume" in done.stderr
    assert not (home / "ledger").exists(), "nothing ran without a yes"
    approved = command(home, "resume", "sum", "--approve")
    assert approved.returncode == 0, approved.stderr
    assert "1591" in approved.stdout
    assert (home / "ledger").read_text(encoding="utf-8") == "37 43\n", "one yes, one run"
    return home


def run_id(home: Path, session: str = "sum") -> str:
    """The last run of a session."""
    with opened(home) as journal:
        known = journal.session(session)
        assert known is not None
        return journal.runs(known.id)[-1].id


@contextmanager
def opened(home: Path) -> Iterator[Journal]:
    journal = Journal(home / "sessions.sqlite3")
    yield journal
    journal.close()


def without_model(home: Path, *arguments: str) -> Result:
    """A command that needs no weights, in this process."""
    return CliRunner().invoke(app, arguments, env={"GLM_AGENT_HOME": str(home)})


@pytest.mark.slow
def test_the_run_is_reproduced_token_for_token(home: Path, command: Any) -> None:
    verified = command(home, "replay", run_id(home), "--verify")
    assert verified.returncode == 0, verified.stderr
    assert "2 turns reproduced, token for token." in verified.stdout


def test_explain_shows_segments_with_counts_and_the_price_of_a_tool(home: Path) -> None:
    shown = without_model(home, "explain", run_id(home), "--step", "2")
    assert shown.exit_code == 0, shown.exception
    assert "tool multiply: " in shown.stdout
    assert f"<|user|>\n{QUESTION}" in shown.stdout
    assert "observation call_1" in shown.stdout
    refused = without_model(home, "explain", run_id(home), "--step", "9")
    assert isinstance(refused.exception, UsageError)


def test_sessions_are_listed_searched_exported_forked_and_removed(home: Path) -> None:
    assert " sum" in without_model(home, "sessions", "list").stdout
    assert run_id(home) in without_model(home, "sessions", "search", "37 * 43").stdout
    text = without_model(home, "sessions", "export", "sum", "--format", "json").stdout
    assert json.loads(text)["runs"][0]["events"][0]["type"] == "run.started"
    fork = without_model(home, "sessions", "fork", "sum", "--name", "copy").stdout.strip()
    assert QUESTION in without_model(home, "sessions", "show", "copy").stdout
    assert without_model(home, "sessions", "rm", fork, "--yes").exit_code == 0
    gone = without_model(home, "sessions", "show", "copy")
    assert isinstance(gone.exception, ConfigurationError)


def records(stdout: str) -> list[dict[str, Any]]:
    """The lines of `--jsonl`, each held to the one contract."""
    lines = [json.loads(line) for line in stdout.splitlines()]
    for number, line in enumerate(lines, start=1):
        assert (line["v"], line["seq"]) == (VERSION, number)
        assert line["time"] > 1.7e9
        check_event(line["type"], body_of(line))
    return lines


def body_of(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in HEAD}


def check_event(name: str, body: dict[str, Any]) -> None:
    """The one schema of the typed union, for records from wherever: it reads back as an event and is written so."""
    if name == "step.finished":
        assert set(body) == {"number"}
        return
    event = event_from(name, body)
    assert event_name(event) == name
    written = json.loads(to_json(event_body(event)))
    if name == "run.finished":  # its sums are of the steps, which other events have told
        written["result"].pop("usage"), body["result"].pop("usage")
    assert written == body


def test_no_event_has_a_field_of_the_heads_name() -> None:
    for kind in NAMES:
        assert not HEAD & {field.name for field in dataclasses.fields(kind)}


def test_jsonl_the_journal_an_export_and_the_stream_speak_of_the_same_events(
    home: Path, command: Any
) -> None:
    """One run, seen four ways: the same types, the same bodies, one version."""
    done = command(
        home, "run", QUESTION, "-T", str(home / "my_tools.py"), "--allow", "multiply",
        "-m", "demo", "--jsonl", "--session", "lines",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = records(done.stdout)
    assert {line["type"] for line in lines} >= {"run.started", "prefill", "call.delta", "text.delta", "tool.finished"}  # fmt: skip
    run = lines[0]["run_id"]
    lasting = [(n["type"], body_of(n)) for n in lines if n["type"] not in map(NAMES.get, TRANSIENT)]

    with closing(sqlite3.connect(home / "sessions.sqlite3")) as database:
        rows = database.execute(
            "SELECT version, type, body FROM events WHERE run = ? ORDER BY number", (run,)
        ).fetchall()
    assert {version for version, _, _ in rows} == {VERSION}
    in_journal = [(name, json.loads(body)) for _, name, body in rows]
    for name, body in in_journal:
        check_event(name, body)
    assert in_journal == lasting

    with opened(home) as journal:
        session = journal.session("lines")
        assert session is not None
        exported = session_json(journal, session)
    in_export = exported["runs"][0]["events"]
    assert {record["v"] for record in in_export} == {VERSION}
    assert [name for name, _ in in_journal] == [record["type"] for record in in_export]

    with Agent(ScriptedModel([call("nothing"), say("x")])) as agent:
        for event in agent.stream("?"):
            check_event(event_name(event), json.loads(to_json(event_body(event))))


def test_a_run_out_of_steps_goes_on_with_more_and_runs_are_compared(
    home: Path, command: Any
) -> None:
    tools = ("-T", str(home / "my_tools.py"), "--allow", "multiply", "-m", "demo")
    stopped = command(home, "run", QUESTION, *tools, "--session", "short", "--max-steps", "2")
    run = run_id(home, "short")
    assert stopped.returncode == 4, stopped.stderr
    assert f"glm-agent resume {run} --max-steps N" in stopped.stderr
    resumed = command(home, "resume", run, "--max-steps", "6", "--json")
    record = json.loads(resumed.stdout)
    assert (record["finish_reason"], record["run_id"]) == ("answer", run)
    assert len(record["steps"]) == 2
    assert "limits now Limits(max_steps=6" in without_model(home, "replay", run).stdout

    same = without_model(home, "replay", run, "--diff", run_id(home, "sum"))
    assert "The same tokens in every turn." in same.stdout


def test_a_warm_session_wakes_up_without_computing_anything_old(home: Path, command: Any) -> None:
    begun = command(home, "run", "Say hello.", "--no-tools", "-m", "demo", "--session", "warm", "--warm", "--max-new-tokens", "5")  # fmt: skip
    assert begun.returncode in (0, 4), begun.stderr
    woken = command(home, "run", "And again.", "--session", "warm", "--jsonl", "--max-new-tokens", "5")  # fmt: skip
    lines = records(woken.stdout)
    (event,) = [line for line in lines if line["type"] == "session.woken"]
    (turn,) = [line for line in lines if line["type"] == "turn.finished"]
    (prompt,) = [line for line in lines if line["type"] == "prompt.rendered"]
    added = sum(len(segment["token_ids"]) for segment in prompt["segments"])
    assert event["reused_tokens"] == turn["usage"]["reused_tokens"] > 10
    assert added <= turn["usage"]["new_tokens"] <= added + 1

    differs = without_model(home, "replay", run_id(home, "warm"), "--diff", run_id(home, "sum"))
    assert isinstance(differs.exception, ReplayMismatchError)
    assert "They differ first in step 1, token " in str(differs.exception)


def test_what_is_not_there_is_said(home: Path, command: Any) -> None:
    missing = command(home, "resume", "nothing")
    assert missing.returncode == 7
    assert "There is no session or run 'nothing'" in missing.stderr
    both = without_model(home, "resume", "sum", "--approve", "--reject", "x")
    assert isinstance(both.exception, UsageError)
    assert "There is no run" in str(without_model(home, "explain", "nothing").exception)
    needless = without_model(home, "resume", "sum")
    assert isinstance(needless.exception, ConfigurationError)
    assert "is over (answer)" in str(needless.exception)

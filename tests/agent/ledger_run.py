"""A run with effects that can be counted afterwards; as a program, many that kill themselves on the way.

    python ledger_run.py FOLDER EVENTS CALLS

Below FOLDER, `event-N` for each N up to EVENTS is a run that ended by SIGKILL when N events were on the disk, and
`call-N` for each N up to CALLS one that ended so in the middle of call number N, after its effect.
"""

import os
import signal
import sys
from pathlib import Path

from glm_agent.events import Event, RunResult
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import Reply, ScriptedModel, call, say
from glm_tools.function_tool import tool
from glm_tools.tool import Tool

JOURNAL = "sessions.sqlite3"
LEDGER = "ledger"
SCRIPT = [
    call("write", line="first"),
    call("write", line="second"),
    call("count"),
    Reply(text="One more. ", name="write", arguments={"line": "third"}, raw='{"line": "third"}'),
    say("Done."),
]


def tools(ledger: Path, kill_in_call: int = 0) -> list[Tool]:
    """Tools whose every run adds a line to the ledger."""

    def enter(line: str) -> int:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        lines = ledger.read_text(encoding="utf-8").splitlines()
        if len(lines) == kill_in_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(lines)

    @tool
    def write(line: str) -> str:
        """Write a line."""
        enter(line)
        return f"wrote {line}"

    @tool(idempotent=True)
    def count() -> str:
        """Count."""
        enter("count")
        return "counted"

    return [write, count]


def model(turns_taken: int) -> ScriptedModel:
    """The model from the turn on that it had come to."""
    return ScriptedModel(SCRIPT[turns_taken:])


def resume(path: Path, ledger: Path, *, rerun: bool = False) -> RunResult:
    """Go on with the one session in the journal, or begin it where there is none yet."""
    journal = Journal(path)
    try:
        sessions = journal.sessions()
        runs = [run for session in sessions for run in journal.runs(session.id)]
        if not runs:
            return Agent(model(0), tools(ledger), journal=journal).run("Write.")
        taken = sum(
            type(entry.event).__name__ == "TurnFinished" for entry in journal.events(runs[0].id)
        )
        with (
            Agent(model(taken), tools(ledger), journal=journal) as agent,
            agent.session(sessions[0].id) as session,
        ):
            return session.resume(rerun_interrupted=rerun)
    finally:
        journal.close()


def run_and_die(folder: Path, events: int, calls: int) -> None:
    """The run, in a child process that shares nothing but the imports."""
    folder.mkdir()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, f"{folder} did not die"
        return
    seen = 0

    def die(event: Event) -> None:
        nonlocal seen
        seen += 1
        if seen == events:
            os.kill(os.getpid(), signal.SIGKILL)

    journal = Journal(folder / JOURNAL, on_record=die)
    Agent(model(0), tools(folder / LEDGER, calls), journal=journal).run("Write.")
    os._exit(0)


def main() -> None:
    folder = Path(sys.argv[1])
    for events in range(1, int(sys.argv[2]) + 1):
        run_and_die(folder / f"event-{events}", events, 0)
    for calls in range(1, int(sys.argv[3]) + 1):
        run_and_die(folder / f"call-{calls}", 0, calls)


if __name__ == "__main__":
    main()

"""A run with effects that can be counted afterwards; as a program, many that kill themselves on the way.

    python ledger_run.py boundaries FOLDER EVENTS CALLS
    python ledger_run.py moments FOLDER SEED RUNS

Below FOLDER, `event-N` for each N up to EVENTS is a run that ended by SIGKILL when N events were on the disk, and
`call-N` for each N up to CALLS one that ended so in the middle of call number N, after its effect.

With `moments`, `run-N` is a run of random calls that was killed from outside at random moments and resumed each time,
until it was let finish; the file `kills` says how many of the kills found it at work.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from glm_agent.events import Event, RunResult
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import Reply, ScriptedModel, call, say
from glm_tools.function_tool import tool
from glm_tools.tool import Ctx, Tool

JOURNAL = "sessions.sqlite3"
KILLS = "kills"
MAX_KILLS = 6
LEDGER = "ledger"
SCRIPT = [
    call("write", line="first"),
    call("write", line="second"),
    call("count"),
    Reply(text="One more. ", name="write", arguments={"line": "third"}, raw='{"line": "third"}'),
    say("Done."),
]


def counting_tools(ledger: Path, kill_in_call: int = 0) -> list[Tool]:
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


def call_tools(ledger: Path) -> list[Tool]:
    """Tools whose every run adds its call's id to the ledger."""

    def enter(ctx: Ctx[None]) -> None:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(f"{ctx.call.id}\n")

    @tool
    def write(line: str, ctx: Ctx[None]) -> str:
        """Write a line."""
        enter(ctx)
        return f"wrote {line}"

    @tool(idempotent=True)
    def replace(line: str, ctx: Ctx[None]) -> str:
        """Replace a line."""
        enter(ctx)
        return f"replaced {line}"

    return [write, replace]


def random_script(choices: random.Random) -> list[Reply]:
    """Some calls of both tools, some with a word before them, and an answer."""
    script = []
    for number in range(choices.randint(2, 6)):
        reply = call(choices.choice(("write", "replace")), line=str(number))
        text = choices.choice(("", "One more. "))
        script.append(Reply(text, reply.name, reply.arguments, reply.raw))
    return [*script, say("Done.")]


def resume(
    path: Path,
    tools: Sequence[Tool],
    script: Sequence[Reply] = tuple(SCRIPT),
    *,
    rerun: bool = False,
) -> RunResult:
    """Go on with the one run in the journal, or begin it where there is none yet."""
    journal = Journal(path)
    try:
        runs = [run for session in journal.sessions() for run in journal.runs(session.id)]
        if not runs:
            return Agent(ScriptedModel(script), tools, journal=journal).run("Write.")
        taken = sum(
            type(entry.event).__name__ == "TurnFinished" for entry in journal.events(runs[0].id)
        )
        with (
            Agent(ScriptedModel(script[taken:]), tools, journal=journal) as agent,
            agent.session(runs[0].session_id) as session,
        ):
            return session.resume(rerun_interrupted=rerun)
    finally:
        journal.close()


def run_and_die(folder: Path, events: int, calls: int) -> None:
    """The run, in a child process that shares nothing but the imports."""
    folder.mkdir()
    seen = 0

    def die(event: Event) -> None:
        nonlocal seen
        seen += 1
        if seen == events:
            os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        journal = Journal(folder / JOURNAL, on_record=die)
        Agent(ScriptedModel(SCRIPT), counting_tools(folder / LEDGER, calls), journal=journal).run(
            "Write."
        )

    assert in_child(run) == -signal.SIGKILL, f"{folder} did not die"


def run_and_be_killed(folder: Path, seed: int) -> None:
    """The run, in one child process after the other, each killed at a random moment; the last one finishes it."""
    folder.mkdir()
    choices = random.Random(seed)
    script = random_script(choices)
    path, ledger = folder / JOURNAL, folder / LEDGER
    started_s = time.monotonic()
    assert in_child(partial(go_on, folder / "measured", Path(os.devnull), script)) == 0
    whole_run_s = time.monotonic() - started_s
    kills = 0
    for _ in range(choices.randint(1, MAX_KILLS)):
        work = partial(go_on, path, ledger, script, rerun=choices.random() < 0.3)
        status = in_child(work, kill_after_s=choices.uniform(0, whole_run_s))
        if status == 0:
            break
        assert status == -signal.SIGKILL, f"{folder} ended with {status}"
        kills += 1
    else:
        assert in_child(partial(go_on, path, ledger, script)) == 0
    (folder / KILLS).write_text(str(kills), encoding="utf-8")


def go_on(path: Path, ledger: Path, script: Sequence[Reply], *, rerun: bool = False) -> None:
    """Bring the run to its end, unless it was killed when that was recorded already."""
    if path.exists():
        journal = Journal(path)
        is_finished = any(run.finish_reason == "answer" for run in journal.newest_runs())
        journal.close()
        if is_finished:
            return
    resume(path, call_tools(ledger), script, rerun=rerun)


def in_child(work: Callable[[], object], kill_after_s: float | None = None) -> int:
    """Do the work in a child process that shares nothing but the imports; its exit code, or minus the signal."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    first, second = int(sys.argv[3]), int(sys.argv[4])
    if kind == "moments":
        for number in range(second):
            run_and_be_killed(folder / f"run-{number}", first + number)
        return
    for events in range(1, first + 1):
        run_and_die(folder / f"event-{events}", events, 0)
    for calls in range(1, second + 1):
        run_and_die(folder / f"call-{calls}", 0, calls)


if __name__ == "__main__":
    main()

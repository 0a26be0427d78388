"""`glm-agent replay`: show a recorded run, do it again, or compare two."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from glm_agent.errors import ReplayMismatchError, UsageError
from glm_agent.models import load_model
from glm_agent.storage import journal_path

if TYPE_CHECKING:
    from glm_agent.journal import Journal


def replay(
    run_id: Annotated[
        str | None, typer.Argument(help="The run; without it the newest runs are listed.")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Load the model, feed it the recorded results, and demand the same tokens.",
        ),
    ] = False,
    diff: Annotated[
        str | None, typer.Option(metavar="RUN", help="Name the first token in which they differ.")
    ] = None,
) -> None:
    """Show a recorded run: what was asked, called, returned and answered. No weights are needed for that."""
    from glm_agent.cli.terminal import printable
    from glm_agent.journal import Journal
    from glm_agent.recording import run_events
    from glm_agent.transcript import event_lines

    journal = Journal(journal_path())
    try:
        if run_id is None:
            if verify or diff is not None:
                raise UsageError("Which run? `glm-agent replay` lists them.")
            for run in journal.newest_runs():
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
                _print(printable(f"{run.id}  {when}  {run.prompt[:60]}"))
        elif verify:
            _verify(journal, run_id)
        elif diff is not None:
            _compare(journal, run_id, diff)
        else:
            for event in run_events(journal, run_id)[1]:
                for line in event_lines(event):
                    _print(printable(line))
    finally:
        journal.close()


def _verify(journal: "Journal", run_id: str) -> None:
    from glm_agent.cli.opening import AgentRequest, find_session
    from glm_agent.cli.progress import ProgressBar
    from glm_agent.verification import verify_run

    request = AgentRequest.from_settings(find_session(journal, run_id).settings)
    with ProgressBar(quiet=False) as progress:
        model = load_model(request.model, progress=progress)
    turns = verify_run(journal, run_id, model)
    _print(f"{turns} turns reproduced, token for token.")


def _compare(journal: "Journal", run_id: str, other: str) -> None:
    from glm_agent.recording import compare_turns, recorded_turns, run_events

    found = compare_turns(
        recorded_turns(*run_events(journal, run_id)), recorded_turns(*run_events(journal, other))
    )
    if found is None:
        _print("The same tokens in every turn.")
        return
    step, difference = found
    if difference is None:
        raise ReplayMismatchError(f"One run has a step {step}, the other has not.")
    raise ReplayMismatchError(
        f"They differ first in step {step}, token {difference.position:,} ({difference.label}): "
        f"{difference.left} and {difference.right}."
    )


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")

"""`glm-agent replay`: show a recorded run. No model and no weights are needed."""

import sys
import time
from typing import Annotated

import typer

from glm_agent.errors import ConfigurationError


def replay(
    run_id: Annotated[
        str | None, typer.Argument(help="The run; without it the newest runs are listed.")
    ] = None,
) -> None:
    """Show a recorded run: what was asked, called, returned and answered."""
    from glm_agent.cli.terminal import printable
    from glm_agent.journal import Journal
    from glm_agent.storage import journal_path
    from glm_agent.transcript import event_lines

    journal = Journal(journal_path())
    try:
        if run_id is None:
            for run in journal.newest_runs():
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
                sys.stdout.write(f"{run.id}  {when}\n")
            return
        entries = journal.events(run_id)
        if not entries:
            raise ConfigurationError(
                f"There is no run {run_id!r}. `glm-agent replay` lists the runs."
            )
        for entry in entries:
            for line in event_lines(entry.event):
                sys.stdout.write(printable(line) + "\n")
    finally:
        journal.close()

"""`glm-agent replay`: show a recorded run. No model and no weights are needed."""

import sys
import time
from typing import Annotated, Any

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
    from glm_agent.storage import data_path

    journal = Journal(data_path() / "journal.sqlite3")
    try:
        if run_id is None:
            for known, started in journal.runs():
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started))
                sys.stdout.write(f"{known}  {when}\n")
            return
        entries = journal.events(run_id)
        if not entries:
            raise ConfigurationError(
                f"There is no run {run_id!r}. `glm-agent replay` lists the runs."
            )
        for entry in entries:
            for line in _lines(entry.type, entry.body):
                sys.stdout.write(printable(line) + "\n")
    finally:
        journal.close()


def _lines(kind: str, body: dict[str, Any]) -> list[str]:
    if kind == "RunStarted":
        return [
            f"model {body['model']}, tools {', '.join(body['tools']) or 'none'}",
            f"> {body['prompt']}",
        ]
    if kind == "ToolStarted":
        return [f"● {body['call']['name']}", body["call"]["raw"]]
    if kind == "ToolFinished":
        texts = [observation["text"] for observation in body["result"]["observations"]]
        return [f"╰ {body['result']['status']}", *texts]
    if kind == "StepFinished":
        return [body["step"]["text"].strip()] if body["step"]["text"].strip() else []
    if kind == "RunFinished":
        return [f"({body['result']['finish_reason']}, {body['result']['duration_s']:.1f} s)"]
    return []

"""`glm-agent batch`: a file of tasks."""

from pathlib import Path
from typing import Annotated

import typer

from glm_agent.cli import options
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.errors import UsageError

HELP = """
Do many tasks from a file; one that goes wrong does not stop the rest.

Each task is a conversation of its own. With --jobs N so many run at once, each with its own tools and sandbox: their
calls overlap, and the one model takes their turns in turn. Exits with 4 when a task has no answer.

\b
Examples:
  glm-agent batch tasks.jsonl -o answers.jsonl
  glm-agent batch tasks.jsonl -o answers.jsonl --resume     # after Ctrl-C, a kill, a reboot
  glm-agent batch mails.jsonl -o invoices.jsonl --type models.py:Invoice --jobs 4 --as-completed
"""


@options.takes_agent_options
def batch(
    context: typer.Context,
    tasks: Annotated[
        Path,
        typer.Argument(
            metavar="TASKS", help="""A line of JSON a task: {"prompt": "…", "id": "…"}."""
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Gets a line of JSON for each task.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what is in OUTPUT and do the rest.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, max=64, help="Tasks that run at once.")
    ] = 1,
    ordered: Annotated[
        bool,
        typer.Option(
            "--ordered/--as-completed", help="Lines in the order of TASKS, or as they are done."
        ),
    ] = True,
    answer_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            help="Every answer is JSON of this type, as with run --output; it stands in `output`.",
            show_default=False,
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    from glm_agent.cli.batching import BatchRequest, run_tasks

    agent = options.agent_request(context.params)
    if jobs > 1 and agent.web.record_web is not None:
        raise UsageError("--record-web makes one recording: leave out --jobs.")
    request = BatchRequest(tasks, output, agent, resume, jobs, ordered, answer_type, quiet)
    code = run_tasks(request)
    if code != ExitCode.ANSWERED:
        raise typer.Exit(code)


batch.__doc__ = HELP

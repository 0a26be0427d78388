"""`glm-agent run`: one task, then exit. Only the options are here; what they start is imported when it starts."""

from pathlib import Path
from typing import Annotated

import typer

from glm_agent.cli import options
from glm_agent.cli.exit_codes import EXIT_CODES_HELP
from glm_agent.errors import UsageError

EXAMPLES = """
Let the model do a task with tools, on this machine.

\b
Examples:
  glm-agent run "What is 37 * 43? Use python."
  glm-agent run "What is the mean of the amount column?" -f sales.csv
  glm-agent run "Is it raining in Bonn?" --tools my_tools.py
  glm-agent run "What is the leave policy?" --tools simple_browser --pages handbook/ --offline
  glm-agent run "Read it" -f invoice.txt --output models.py:Invoice | jq .total
  cat error.log | glm-agent run "Explain this" --json | jq -r .answer
"""


@options.takes_agent_options
def run(
    context: typer.Context,
    prompt: Annotated[
        str | None,
        typer.Argument(help="The task. '-' reads it from standard input.", show_default=False),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", "-f", help="A file for the model to work on. Repeatable."),
    ] = None,
    output: options.OutputTypeName = None,
    session: options.SessionName = None,
    continue_last: options.Continue = False,
    warm: options.Warm = False,
    as_json: options.AsJson = False,
    as_jsonl: options.AsJsonl = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    # The engine's libraries load here, not with `--help`.
    from glm_agent.cli.running import Output, RunRequest, run_task

    if as_json and as_jsonl:
        raise UsageError("Give --json or --jsonl, not both.")
    if session is not None and continue_last:
        raise UsageError("Give --session or --continue, not both.")
    code = run_task(
        RunRequest(
            prompt=prompt,
            files=tuple(file or ()),
            agent=options.agent_request(context.params),
            output=Output(as_json=as_json, as_jsonl=as_jsonl, quiet=quiet, verbose=verbose),
            output_type=output,
            session=session,
            continues_last=continue_last,
            given=options.given_fields(context),
        )
    )
    raise typer.Exit(code)


run.__doc__ = f"{EXAMPLES}\n\b\n{EXIT_CODES_HELP}"

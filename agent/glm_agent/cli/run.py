"""`glm-agent run`: one task, then exit. Only the options are here; what they start is imported when it starts."""

from pathlib import Path
from typing import Annotated

import typer

from glm_agent.cli import options
from glm_agent.cli.exit_codes import EXIT_CODES_HELP
from glm_agent.cli.options import NetChoice, SandboxChoice, WhenFull

EXAMPLES = """
Let the model do a task with tools, on this machine.

\b
Examples:
  glm-agent run "What is 37 * 43? Use python."
  glm-agent run "What is the mean of the amount column?" -f sales.csv
  glm-agent run "Is it raining in Bonn?" --tools my_tools.py
  glm-agent run "What is the leave policy?" --tools simple_browser --pages handbook/ --offline
  cat error.log | glm-agent run "Explain this" --json | jq -r .answer
"""


def run(
    context: typer.Context,
    prompt: Annotated[
        str | None,
        typer.Argument(help="The task. '-' reads it from standard input.", show_default=False),
    ] = None,
    model: options.Model = "auto",
    tools: options.Tools = None,
    no_tools: options.NoTools = False,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", "-f", help="A file for the model to work on. Repeatable."),
    ] = None,
    system: options.System = None,
    session: options.SessionName = None,
    continue_last: options.Continue = False,
    sandbox: options.Sandbox = SandboxChoice.AUTO,
    policy: options.PolicyFile = None,
    allow: options.Allow = None,
    deny: options.Deny = None,
    pages: options.Pages = None,
    net: options.Net = NetChoice.PUBLIC,
    allow_hosts: options.AllowHosts = None,
    record_web: options.RecordWeb = None,
    replay_web: options.ReplayWeb = None,
    offline: options.Offline = False,
    max_steps: options.MaxSteps = 12,
    max_new_tokens: options.MaxNewTokens = 1024,
    max_time: options.MaxTime = None,
    when_full: options.WhenFullOption = WhenFull.ELIDE,
    temperature: options.Temperature = 0.0,
    top_p: options.TopP = 1.0,
    seed: options.Seed = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the text.")
    ] = False,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print each event as a line of JSON instead.")
    ] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    # The engine's libraries load here, not with `--help`.
    from glm_agent.cli.running import Output, RunRequest, run_task
    from glm_agent.errors import UsageError

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
            session=session,
            continues_last=continue_last,
            given=options.given_fields(context),
        )
    )
    raise typer.Exit(code)


run.__doc__ = f"{EXAMPLES}\n\b\n{EXIT_CODES_HELP}"

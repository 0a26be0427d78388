"""`glm-agent batch`: a file of tasks, one after the other."""

from pathlib import Path
from typing import Annotated

import typer

from glm_agent.cli import options
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.options import NetChoice, SandboxChoice, WhenFull

HELP = """
Do many tasks, one after the other; one that goes wrong does not stop the rest.

Tools and their sandbox are shared by the tasks, conversations are not. Exits with 4 when a task has no answer.

\b
Examples:
  glm-agent batch tasks.jsonl -o answers.jsonl
  glm-agent batch tasks.jsonl -o answers.jsonl --resume     # after Ctrl-C, a kill, a reboot
"""


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
    model: options.Model = "auto",
    tools: options.Tools = None,
    no_tools: options.NoTools = False,
    system: options.System = None,
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
    quiet: options.Quiet = False,
) -> None:
    from contextlib import ExitStack

    from glm_agent.batch import read_tasks, run_batch
    from glm_agent.cli.interruption import interruption
    from glm_agent.cli.opening import AgentOpening
    from glm_agent.cli.progress import ProgressBar
    from glm_agent.cli.terminal import Terminal
    from glm_agent.journal import Journal
    from glm_agent.storage import journal_path

    terminal = Terminal(quiet=quiet, stream_answer=False)
    found = read_tasks(tasks)
    opening = AgentOpening(options.agent_request(context.params))
    with ExitStack() as stack, interruption() as interrupt:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        opened = opening.open(stack, journal, terminal, approve=None)
        interrupt.is_running = True
        with ProgressBar(quiet=quiet) as progress:
            tally = run_batch(
                opened.agent,
                found,
                output,
                resume=resume,
                cancel=interrupt.flag,
                on_done=lambda done, total: progress("Tasks", done, total),
            )
        interrupt.is_running = False
    terminal.note(f"{tally.answered} answered, {tally.failed} not, {tally.kept} were there.")
    if tally.is_interrupted:
        terminal.warn(f"Interrupted. Go on: glm-agent batch {tasks} -o {output} --resume")
        raise typer.Exit(ExitCode.TERMINATED if interrupt.is_termination else ExitCode.INTERRUPTED)
    if tally.failed:
        raise typer.Exit(ExitCode.LIMIT)


batch.__doc__ = HELP

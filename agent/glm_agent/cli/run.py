"""`glm-agent run`: one task, then exit. Only the options are here; what they start is imported when it starts."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glm_agent.cli.exit_codes import EXIT_CODES_HELP

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


class NetChoice(StrEnum):
    """What the browser may connect to."""

    PUBLIC = "public"
    ALLOWLIST = "allowlist"
    NONE = "none"


class SandboxChoice(StrEnum):
    """Where model-written code runs."""

    AUTO = "auto"
    DOCKER = "docker"
    BUBBLEWRAP = "bubblewrap"
    OFF = "off"


def run(
    prompt: Annotated[
        str | None,
        typer.Argument(help="The task. '-' reads it from standard input.", show_default=False),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", envvar="GLM_AGENT_MODEL", help="'demo', or a checkpoint folder."
        ),
    ] = "demo",
    tools: Annotated[
        list[str] | None,
        typer.Option(
            "--tools",
            "-T",
            help="What the model may call: 'python', 'simple_browser', FILE.py, or module:name. Repeatable. "
            "Default: python.",
            show_default=False,
        ),
    ] = None,
    no_tools: Annotated[bool, typer.Option("--no-tools", help="No tools at all.")] = False,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", "-f", help="A file for the model to work on. Repeatable."),
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", "-s", help="Your own system text.")
    ] = None,
    sandbox: Annotated[
        SandboxChoice,
        typer.Option(
            envvar="GLM_AGENT_SANDBOX",
            help="Where code runs. 'off' runs it on this machine with no protection.",
        ),
    ] = SandboxChoice.AUTO,
    pages: Annotated[
        Path | None,
        typer.Option(help="A folder of pages that the browser searches and opens first."),
    ] = None,
    net: Annotated[
        NetChoice,
        typer.Option(help="What the browser may reach: public hosts, only --allow-hosts, nothing."),
    ] = NetChoice.PUBLIC,
    allow_hosts: Annotated[
        list[str] | None,
        typer.Option(
            help="A host that the browser may reach beyond that: localhost:8000, '*.corp.example', "
            "10.0.0.0/8. Repeatable.",
            show_default=False,
        ),
    ] = None,
    record_web: Annotated[
        Path | None, typer.Option(help="Write what the web answered to this file.")
    ] = None,
    replay_web: Annotated[
        Path | None, typer.Option(help="Play such a file instead of using the network.")
    ] = None,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", envvar="GLM_AGENT_OFFLINE", help="No network: neither pages nor models."
        ),
    ] = False,
    max_steps: Annotated[int, typer.Option(min=1, help="Turns of the model.")] = 12,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Tokens of one turn.")] = 1024,
    temperature: Annotated[
        float, typer.Option(min=0.0, max=10.0, help="0 takes the likeliest token.")
    ] = 0.0,
    top_p: Annotated[float, typer.Option(min=0.0, max=1.0, help="Nucleus sampling.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the sampling noise.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the text.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The answer only.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Whole results, timings.")
    ] = False,
) -> None:
    # The engine's libraries load here, not with `--help`.
    from glm_agent.cli.named_tools import WebOptions
    from glm_agent.cli.running import RunRequest, run_task
    from glm_agent.limits import Limits
    from glm_agent.sampling import Sampling

    if offline:
        os.environ["GLM_AGENT_OFFLINE"] = "1"  # the engine asks for it when it would fetch a model
    code = run_task(
        RunRequest(
            prompt=prompt,
            model=model,
            tools=() if no_tools else tuple(tools) if tools else None,
            files=tuple(file or ()),
            system=system,
            sandbox=sandbox.value,
            web=WebOptions(
                net=net.value,
                allow_hosts=tuple(allow_hosts or ()),
                record_web=record_web,
                replay_web=replay_web,
                local_pages=pages,
                is_offline=offline,
            ),
            limits=Limits(max_steps=max_steps, max_new_tokens=max_new_tokens),
            sampling=Sampling(temperature, top_p, seed),
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
        )
    )
    raise typer.Exit(code)


run.__doc__ = f"{EXAMPLES}\n\b\n{EXIT_CODES_HELP}"

"""`glm-agent resume`: go on with a run after an approval, a crash or an interruption."""

from typing import Annotated

import typer

from glm_agent.approval import Policy
from glm_agent.cli import options
from glm_agent.cli.options import WhenFull
from glm_agent.errors import UsageError


def resume(
    run_or_session: Annotated[
        str, typer.Argument(help="The run or its session, by id or name.", show_default=False)
    ],
    approve: Annotated[
        bool, typer.Option("--approve", help="Let the call that waits for approval run.")
    ] = False,
    reject: Annotated[
        str | None,
        typer.Option("--reject", help="Do not let it run, and tell the model why."),
    ] = None,
    rerun: Annotated[
        bool,
        typer.Option(
            "--rerun",
            help="Run the call again that was under way when the program ended. It may have taken effect already.",
        ),
    ] = False,
    allow: options.Allow = None,
    deny: options.Deny = None,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Turns of the model.", show_default=False)
    ] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of one turn.", show_default=False)
    ] = None,
    max_time: options.MaxTime = None,
    when_full: Annotated[
        WhenFull | None,
        typer.Option(help="When the context window is full.", show_default=False),
    ] = None,
    as_json: options.AsJson = False,
    as_jsonl: options.AsJsonl = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Go on with a run that was cut short, interrupted, or stopped for approval or by a limit.

    Nothing that was done is done again: a call that was under way is shown to the model as interrupted, unless its
    tool is declared idempotent or you say --rerun. Variables of an earlier python session are gone; the model is told.

    Limits, --allow and --deny hold for the rest of the run. A run that a limit ended goes on where it is given a higher one.
    """
    from glm_agent.cli.resuming import ResumeRequest, resume_run
    from glm_agent.cli.running import Output

    if approve and reject is not None:
        raise UsageError("Give --approve or --reject, not both.")
    if as_json and as_jsonl:
        raise UsageError("Give --json or --jsonl, not both.")
    limits = {
        "max_steps": max_steps,
        "max_new_tokens": max_new_tokens,
        "max_wall_s": max_time,
        "when_full": None if when_full is None else when_full.value,
    }
    code = resume_run(
        ResumeRequest(
            run_or_session,
            Output(as_json=as_json, as_jsonl=as_jsonl, quiet=quiet, verbose=verbose),
            decision="approved" if approve else None if reject is None else "rejected",
            comment=reject or "",
            reruns_interrupted=rerun,
            rules=Policy().with_rules(allow or (), deny or ()).rules,
            limits={name: value for name, value in limits.items() if value is not None},
        )
    )
    raise typer.Exit(code)

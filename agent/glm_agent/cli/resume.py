"""`glm-agent resume`: go on with a run after an approval, a crash or an interruption."""

from typing import Annotated

import typer


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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the text.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The answer only.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Whole results, timings.")
    ] = False,
) -> None:
    """Go on with a run that was cut short, interrupted, or stopped for approval.

    Nothing that was done is done again: a call that was under way is shown to the model as interrupted, unless its
    tool is declared idempotent or you say --rerun. Variables of an earlier python session are gone.
    """
    from contextlib import ExitStack

    from glm_agent.cli.approving import terminal_approval
    from glm_agent.cli.interruption import interruption
    from glm_agent.cli.opening import AgentOpening, AgentRequest, find_session
    from glm_agent.cli.running import Output, open_session, show_run
    from glm_agent.errors import UsageError
    from glm_agent.events import Decision
    from glm_agent.journal import Journal
    from glm_agent.storage import journal_path

    if approve and reject is not None:
        raise UsageError("Give --approve or --reject, not both.")
    decision: Decision | None = "approved" if approve else None
    if reject is not None:
        decision = "rejected"
    output = Output(as_json=as_json, quiet=quiet, verbose=verbose)
    terminal = output.terminal()
    with ExitStack() as stack, interruption() as interrupt:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        known = find_session(journal, run_or_session)
        request = AgentRequest.from_settings(known.settings)
        opening = AgentOpening(request)
        opened = opening.open(
            stack,
            journal,
            terminal,
            approve=terminal_approval(terminal, interrupt, opening.preview),
        )
        session = open_session(stack, opened, journal, known.id, request)
        code = show_run(
            lambda: session.stream_resumed(
                decision=decision,
                comment=reject or "",
                rerun_interrupted=rerun,
                cancel=interrupt.flag,
            ),
            opened,
            terminal,
            interrupt,
            output,
        )
    raise typer.Exit(code)

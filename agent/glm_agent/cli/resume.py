"""`glm-agent resume`: go on with a run after an approval, a crash or an interruption."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from glm_agent.cli import options
from glm_agent.cli.options import WhenFull


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
    from contextlib import ExitStack

    from glm_agent.approval import Policy
    from glm_agent.cli.approving import terminal_approval
    from glm_agent.cli.interruption import interruption
    from glm_agent.cli.opening import AgentOpening, AgentRequest, find_session
    from glm_agent.cli.running import Output, open_session, show_run
    from glm_agent.errors import UsageError
    from glm_agent.events import Decision
    from glm_agent.journal import Journal
    from glm_agent.state import check_resumable
    from glm_agent.storage import journal_path

    if approve and reject is not None:
        raise UsageError("Give --approve or --reject, not both.")
    decision: Decision | None = "approved" if approve else None
    if reject is not None:
        decision = "rejected"
    if as_json and as_jsonl:
        raise UsageError("Give --json or --jsonl, not both.")
    rules = Policy().with_rules(allow or (), deny or ()).rules
    wanted: dict[str, Any] = {
        "max_steps": max_steps,
        "max_new_tokens": max_new_tokens,
        "max_wall_s": max_time,
        "when_full": None if when_full is None else when_full.value,
    }
    changed = {name: value for name, value in wanted.items() if value is not None}
    output = Output(as_json=as_json, as_jsonl=as_jsonl, quiet=quiet, verbose=verbose)
    terminal = output.terminal()
    with ExitStack() as stack, interruption() as interrupt:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        known = find_session(journal, run_or_session)
        last = next(reversed(journal.runs(known.id)), None)  # before the model is loaded
        check_resumable(
            last.id if last else "", last.finish_reason if last else None, has_limits=bool(changed)
        )
        request = AgentRequest.from_settings(known.settings)
        opening = AgentOpening(request)
        opened = opening.open(
            stack,
            journal,
            terminal,
            approve=terminal_approval(terminal, interrupt, opening.preview),
        )
        session = open_session(stack, opened, journal, known.id, request, terminal)
        limits = replace(session.state.limits, **changed) if changed else None
        code = show_run(
            lambda: session.stream_resumed(
                decision=decision,
                comment=reject or "",
                rerun_interrupted=rerun,
                limits=limits,
                rules=rules,
                cancel=interrupt.flag,
            ),
            opened,
            terminal,
            interrupt,
            output,
        )
    raise typer.Exit(code)

"""What `glm-agent resume` does: find the run, open its agent again, and go on with it."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from glm_agent.approval import Rule
from glm_agent.cli.approving import terminal_approval
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.interruption import interruption
from glm_agent.cli.opening import AgentOpening, AgentRequest, find_session
from glm_agent.cli.running import Output, open_session, show_run
from glm_agent.events import Decision
from glm_agent.journal import Journal
from glm_agent.state import check_resumable
from glm_agent.storage import journal_path


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """The command line of one resumed run.

    Attributes:
        name: of the run or its session.
        output: how it is shown.
        decision: of the call that waits for approval.
        comment: for the model, with a rejection.
        reruns_interrupted: a call that was under way runs again.
        rules: go before the policy for the rest of the run.
        limits: fields of `Limits` that change.
    """

    name: str
    output: Output
    decision: Decision | None = None
    comment: str = ""
    reruns_interrupted: bool = False
    rules: tuple[Rule, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)


def resume_run(request: ResumeRequest) -> ExitCode:
    """Go on with the run and print it.

    Raises:
        ConfigurationError: there is no such run, or it cannot be resumed so.
        ModelUnavailableError: the model cannot be loaded.
        SandboxUnavailableError: its sandbox is not there any more.
        JournalError: the journal cannot be read or written.
    """
    terminal = request.output.terminal()
    with ExitStack() as stack, interruption() as interrupt:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        known = find_session(journal, request.name)
        last = next(reversed(journal.runs(known.id)), None)  # before the model is loaded
        check_resumable(
            last.id if last else "",
            last.finish_reason if last else None,
            has_limits=bool(request.limits),
        )
        agent_request = AgentRequest.from_settings(known.settings).reopened()
        opening = AgentOpening(agent_request)
        opened = opening.open(
            stack,
            journal,
            terminal,
            approve=terminal_approval(terminal, interrupt, opening.preview),
        )
        session = open_session(stack, opened, known.id, agent_request, terminal)
        limits = replace(session.state.limits, **request.limits) if request.limits else None
        return show_run(
            lambda: session.stream_resumed(
                decision=request.decision,
                comment=request.comment,
                rerun_interrupted=request.reruns_interrupted,
                limits=limits,
                rules=request.rules,
                cancel=interrupt.flag,
            ),
            opened,
            terminal,
            interrupt,
            request.output,
        )

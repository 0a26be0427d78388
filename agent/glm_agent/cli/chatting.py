"""What `glm-agent chat` does: read a line, run it in the session, show what happens."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial

from glm_agent.cli.approving import terminal_approval
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.interruption import Interruption, interruption
from glm_agent.cli.opening import AgentOpening, OpenedAgent
from glm_agent.cli.running import RunRequest, open_session, session_of, show_run
from glm_agent.cli.terminal import Terminal
from glm_agent.journal import Journal
from glm_agent.session import Session
from glm_agent.storage import data_path, journal_path

HELP = """\
/tools    what the model may call
/tokens   how full the context window is
/session  the name under which this conversation is kept
/exit     leave (or Ctrl-D); glm-agent chat -c continues
Ctrl-C stops what is going on. A line that ends in \\ goes on in the next."""
HISTORY_LINES = 1000


def run_chat(request: RunRequest) -> ExitCode:
    """Talk until the input ends.

    Raises:
        ConfigurationError, ModelUnavailableError, SandboxUnavailableError, JournalError: as for `run_task`.
    """
    terminal = request.output.terminal()
    with ExitStack() as stack, interruption() as interrupt:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        name, agent_request = session_of(request, journal)
        opening = AgentOpening(agent_request)
        opened = opening.open(
            stack,
            journal,
            terminal,
            approve=terminal_approval(terminal, interrupt, opening.preview),
            is_verbose=request.output.verbose,
        )
        session = open_session(stack, opened, journal, name, agent_request, terminal)
        if session.state.run_id and session.state.finish is None:
            terminal.warn("The last run was cut short; it goes on.")
            show_run(
                lambda: session.stream_resumed(cancel=interrupt.flag),
                opened,
                terminal,
                interrupt,
                request.output,
            )
        read = _reader(stack)
        terminal.note("/help lists commands. Ctrl-D leaves.")
        while (line := _next_line(read)) is not None:
            if line.startswith("/"):
                if line in ("/exit", "/quit"):
                    break
                _command(line, session, opened, terminal)
            elif line.strip():
                _say(line, session, opened, terminal, interrupt, request)
        if interrupt.is_termination:
            return ExitCode.TERMINATED
    return ExitCode.ANSWERED


def _say(
    line: str,
    session: Session,
    opened: OpenedAgent,
    terminal: Terminal,
    interrupt: Interruption,
    request: RunRequest,
) -> None:
    interrupt.flag.clear()
    start = partial(session.stream, line, cancel=interrupt.flag)
    if session.state.is_open:  # a call waits for approval, and the user goes on without it
        terminal.warn("The call that waited for approval is rejected.")
        start = partial(
            session.stream_resumed, decision="rejected", comment=line, cancel=interrupt.flag
        )
    show_run(start, opened, terminal, interrupt, request.output)


def _command(line: str, session: Session, opened: OpenedAgent, terminal: Terminal) -> None:
    conversation = session.num_tokens
    answers: dict[str, Callable[[], str]] = {
        "/help": lambda: HELP,
        "/tools": lambda: "\n".join(spec.name for spec in opened.agent.specs) or "none",
        "/tokens": lambda: f"{conversation:,} of {opened.model.context_length:,} tokens",
        "/session": lambda: session.id,
    }
    answer = answers.get(line.strip())
    terminal.warn(f"There is no {line}; see /help." if answer is None else answer())


def _reader(stack: ExitStack) -> Callable[[], str]:
    """Reads one line; with editing and a history on a terminal."""
    if not sys.stdin.isatty():
        return input
    import readline  # changes how `input` works on a terminal

    path = data_path() / "chat_history"
    with suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(HISTORY_LINES)

    def save() -> None:
        with suppress(OSError):  # a history that cannot be kept is no reason to fail
            readline.write_history_file(path)

    stack.callback(save)
    return lambda: input("> ")


def _next_line(read: Callable[[], str]) -> str | None:
    """The next input, over lines that end in a backslash; None at the end."""
    lines: list[str] = []
    while True:
        try:
            line = read()
        except EOFError:
            return "\n".join(lines) if lines else None
        except KeyboardInterrupt:  # at the prompt: forget the line
            sys.stderr.write("\n")
            lines = []
            continue
        if not line.endswith("\\"):
            return "\n".join([*lines, line])
        lines.append(line[:-1])

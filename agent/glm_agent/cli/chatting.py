"""What `glm-agent chat` does: read a message, run it in the session, show what happens."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from glm_agent.cli.approving import terminal_approval
from glm_agent.cli.chat_commands import (
    COMMANDS,
    HELP,
    Command,
    context_list,
    last_start,
    save,
    statistics,
    tool_list,
)
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.explain import explain
from glm_agent.cli.interruption import Interruption, interruption
from glm_agent.cli.line_input import LineInput
from glm_agent.cli.opening import AgentOpening, AgentRequest, OpenedAgent
from glm_agent.cli.running import Output, RunRequest, open_session, session_of, show_run
from glm_agent.cli.task import Attachments
from glm_agent.cli.terminal import Terminal
from glm_agent.errors import AgentError, ConfigurationError, ModelUnavailableError
from glm_agent.events import Event
from glm_agent.journal import Journal
from glm_agent.journal_schema import SessionInfo
from glm_agent.session import Session
from glm_agent.storage import data_path, journal_path

ATTACHMENT = re.compile(r'(?<!\S)@(?:"([^"]+)"|(\S+))')
RETRY_TEMPERATURE = 0.7  # where the likeliest token would only say the same again


def run_chat(request: RunRequest) -> ExitCode:
    """Talk until the input ends.

    Raises:
        ConfigurationError, ModelUnavailableError, SandboxUnavailableError, JournalError: as for `run_task`.
    """
    terminal = request.output.terminal()
    fallback: RunRequest | None = None
    with interruption() as interrupt:
        while True:
            try:
                chosen = _converse(request, terminal, interrupt)
            except ModelUnavailableError as error:
                if fallback is None:
                    raise
                terminal.warn(f"{error} The conversation before goes on.")
                request, fallback = fallback, None
                continue
            if isinstance(chosen, ExitCode):
                return chosen
            fallback, request = chosen


def _converse(
    request: RunRequest, terminal: Terminal, interrupt: Interruption
) -> ExitCode | tuple[RunRequest, RunRequest]:
    """One conversation; its end, or the requests of this one and of another with another model."""
    with ExitStack() as stack:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        name, agent_request = session_of(request, journal)
        opening = AgentOpening(agent_request)
        opened = opening.open(
            stack,
            journal,
            terminal,
            approve=terminal_approval(terminal, interrupt, opening.preview),
        )
        chat = Chat(opened, journal, agent_request, name, terminal, interrupt, request.output)
        stack.callback(chat.close)
        chat.finish_last_run()
        lines = LineInput(data_path() / "chat_history", tuple(COMMANDS))
        stack.callback(lines.close)
        terminal.note("/help lists commands. Ctrl-D leaves.")
        while not chat.is_over and (message := lines.read()) is not None:
            chat.take(message)
        if chat.next_model:
            here = replace(request, session=chat.session.id, continues_last=False)
            agent = replace(agent_request, model=chat.next_model)
            return here, replace(request, agent=agent, session=None, continues_last=False)
        if not chat.is_over and sys.stdin.isatty():
            sys.stderr.write("\n")  # Ctrl-D leaves the cursor behind the prompt
        return ExitCode.TERMINATED if interrupt.is_termination else ExitCode.ANSWERED


class Chat:
    """A conversation at the terminal, and the session that it stands in.

    Args:
        opened: who answers.
        journal: has the session.
        request: how the agent was opened.
        name: of the session; None begins one.
        terminal: shows what happens.
        interrupt: signals stop a run.
        output: how runs are shown.

    Attributes:
        session: where the conversation is kept; another one after `/undo`, `/retry` and `/fork`.
        is_over: the user wants to leave.
        next_model: the model that the user wants instead; empty for none.
    """

    def __init__(
        self,
        opened: OpenedAgent,
        journal: Journal,
        request: AgentRequest,
        name: str | None,
        terminal: Terminal,
        interrupt: Interruption,
        output: Output,
    ) -> None:
        self._opened = opened
        self._journal = journal
        self._request = request
        self._terminal = terminal
        self._interrupt = interrupt
        self._output = output
        self._stack = ExitStack()
        self.session = self._open(name)
        self.is_over = False
        self.next_model = ""
        self._handlers: dict[str, Callable[[str], str]] = {
            "/help": lambda _: HELP,
            "/tools": lambda _: tool_list(opened.agent.specs, opened.model),
            "/model": self._model,
            "/context": lambda _: context_list(self.session.state, opened.model.context_length),
            "/undo": lambda _: self._undo(),
            "/retry": self._retry,
            "/fork": self._fork,
            "/save": self._save,
            "/explain": lambda _: self._explain(),
            "/stats": lambda _: statistics(journal, self.session.id),
            "/session": lambda _: self.session.id,
            "/exit": lambda _: self._exit(),
        }

    def close(self) -> None:
        """Let others work on the session. Safe to call twice."""
        self._stack.close()

    def take(self, message: str) -> None:
        """Do what a message says: a command, or a question."""
        if message.startswith("/"):
            self._command(Command.of(message))
        elif message.strip():
            self._say(message)

    def finish_last_run(self) -> None:
        """Go on with a run that was cut short."""
        if self.session.state.run_id and self.session.state.finish is None:
            self._terminal.warn("The last run was cut short; it goes on.")
            self._show(partial(self.session.stream_resumed, cancel=self._interrupt.flag))

    def _command(self, command: Command) -> None:
        handler = self._handlers.get(command.name)
        if handler is None:
            self._terminal.warn(f"There is no {command.name}; see /help.")
            return
        try:
            said = handler(command.argument)
        except AgentError as error:
            said = str(error)
        except KeyboardInterrupt:
            said = "Stopped."
        if said:
            self._terminal.tell(said)

    def _say(self, message: str) -> None:
        try:
            text, is_untrusted = self._with_attachments(message)
        except ConfigurationError as error:
            self._terminal.warn(str(error))
            return
        self._ask(text, is_untrusted=is_untrusted)

    def _ask(self, text: str, *, is_untrusted: bool) -> None:
        flag = self._interrupt.flag
        flag.clear()
        self.finish_last_run()  # a second Ctrl-C may have left it
        if flag.is_set():
            return
        if self.session.state.is_open:  # a call waits for approval, and the user goes on without it
            self._terminal.warn("The call that waited for approval is rejected.")
            # Of a comment nobody would know that a file is in it, which makes risky calls ask.
            comment = "" if is_untrusted else text
            self._show(
                partial(
                    self.session.stream_resumed, decision="rejected", comment=comment, cancel=flag
                )
            )
            if comment or flag.is_set():
                return
            if self.session.state.is_open:
                self._terminal.warn("Another call waits for approval; the message was not sent.")
                return
        self._show(partial(self.session.stream, text, cancel=flag, is_untrusted=is_untrusted))

    def _show(self, start: Callable[[], Iterator[Event]]) -> None:
        show_run(start, self._opened, self._terminal, self._interrupt, self._output)

    def _with_attachments(self, message: str) -> tuple[str, bool]:
        """The message with the files that it names, and whether there are any."""
        paths = []
        for quoted, plain in ATTACHMENT.findall(message):
            path = Path(quoted or plain).expanduser()
            if path.is_file():
                paths.append(path)
            elif quoted or "/" in plain or path.suffix:
                raise ConfigurationError(
                    f"There is no file {str(path)!r} to attach. Where none is meant, put it into quotes: '@{path}'."
                )
        attachments = Attachments(self._opened.model, self._opened.sandbox, self._terminal)
        return attachments.add(message, "", paths), bool(paths)

    def _open(self, name: str | None) -> Session:
        return open_session(self._stack, self._opened, name, self._request, self._terminal)

    def _go_on_in(self, session: SessionInfo) -> None:
        self._stack.close()
        self.session = self._open(session.id)

    # Commands: each returns what to tell the user.

    def _exit(self) -> str:
        self.is_over = True
        return ""

    def _model(self, name: str) -> str:
        if not name:
            return f"{self._opened.model.name} (glm-agent models list has the others)"
        self.next_model = name
        self.is_over = True
        return f"This conversation stays as {self.session.id}; a new one begins with {name!r}."

    def _fork(self, name: str) -> str:
        old = self.session.id
        self._go_on_in(self._journal.fork(old, name=name or None))
        return f"Here it goes on as {self.session.id}; {old} stays as it is."

    def _undo(self) -> str:
        runs = self._journal.runs(self.session.id)
        if not runs:
            return "There is nothing to take back."
        old = self.session.id
        self._go_on_in(self._journal.fork(old, runs=len(runs) - 1, takes_name=True))
        return f"Taken back; {old} still has it. Files and what tools have done stay as they are."

    def _retry(self, words: str) -> str:
        last = last_start(self._journal, self.session.id)
        if last is None and not words:
            return "There is nothing to ask again."
        self._terminal.note(self._undo())
        agent = self._opened.agent
        sampling = agent.sampling
        if not words:
            agent.sampling = replace(
                sampling,
                seed=sampling.seed + len(self._journal.sessions(1000)),
                temperature=sampling.temperature or RETRY_TEMPERATURE,
            )
        try:
            if words:
                self._say(words)
            elif last is not None:
                # As the model had it: what an attached file says with an @ attaches nothing.
                self._ask(last.prompt, is_untrusted=last.is_untrusted)
        finally:
            agent.sampling = sampling
        return ""

    def _save(self, path: str) -> str:
        info = self._journal.session(self.session.id)
        if not path or info is None:
            return "Where to? /save FILE.md, FILE.json or FILE.ipynb"
        return save(self._journal, info, Path(path).expanduser())

    def _explain(self) -> str:
        if not self.session.state.run_id:
            return "There is no run yet."
        explain(self.session.state.run_id, step=None, diff=False, ids=False)
        return ""

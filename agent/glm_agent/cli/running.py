"""What `glm-agent run` does: open model, tools and sandbox, run the task, report."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glm_agent.cli.answer_type import named_output_type
from glm_agent.cli.approving import terminal_approval
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.interruption import Interruption, interruption
from glm_agent.cli.opening import AgentOpening, AgentRequest, OpenedAgent
from glm_agent.cli.task import Attachments, read_prompt
from glm_agent.cli.terminal import Terminal, counted, printable, printable_json
from glm_agent.errors import ConfigurationError, WarmFileError
from glm_agent.event_records import VERSION, event_body, event_name, to_json
from glm_agent.events import Event, FinishReason, RunFinished, RunResult, ToolFinished
from glm_agent.journal import Journal
from glm_agent.record import run_record
from glm_agent.session import Session
from glm_agent.storage import data_path, journal_path
from glm_agent.warm_files import LIMIT_BYTES
from glm_tools.browser import Citation, browsers_of, footnotes
from glm_tools.tool import Tool, ToolResult

LIMIT_REASONS: dict[FinishReason, str] = {
    "max_steps": "the step limit was reached; this answer was forced",
    "loop": "the model repeated the same call; this answer was forced",
    "length": "a turn reached --max-new-tokens; the answer may be cut",
    "context": "the context window is full; the answer may be cut",
    "wall_time": "the time limit was reached; this answer was forced",
    "repetition": "the model wrote the same again and again and was stopped",
    "empty": "the model said nothing",
    "invalid_output": "it is JSON of the form that was asked for, but it breaks a rule of its type",
}
# What lets a run that ended so go on.
RAISING_FLAGS: dict[FinishReason, str] = {
    "max_steps": "--max-steps N",
    "length": "--max-new-tokens N",
    "context": "--when-full elide",
    "wall_time": "--max-time SECONDS",
}
STEM_CHARS, SUFFIX_CHARS = 50, 10  # 255 bytes hold them, whatever the script


@dataclass(frozen=True, slots=True)
class Output:
    """What goes to stdout and how much to stderr.

    Attributes:
        as_json: one object at the end instead of the text.
        as_jsonl: one event a line instead of the text.
        quiet: the answer only.
        verbose: whole results and timings.
    """

    as_json: bool = False
    as_jsonl: bool = False
    quiet: bool = False
    verbose: bool = False

    def terminal(self) -> Terminal:
        """Where it is shown."""
        is_data = self.as_json or self.as_jsonl
        return Terminal(
            quiet=self.quiet or is_data, verbose=self.verbose, stream_answer=not is_data
        )


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The command line of one run.

    Attributes:
        prompt: the task; None and `-` are standard input.
        files: to work on.
        agent: who does it.
        output: how it is shown.
        output_type: of the answer, by name; None for text.
        session: continue or begin the session of this name.
        continues_last: continue the newest session.
        given: options of `agent` that the user gave; the others are the session's where one is continued.
    """

    prompt: str | None
    files: tuple[Path, ...]
    agent: AgentRequest
    output: Output
    output_type: str | None = None
    session: str | None = None
    continues_last: bool = False
    given: frozenset[str] = frozenset()


def run_task(request: RunRequest) -> ExitCode:
    """Do the run and print it.

    Raises:
        ConfigurationError: the prompt, a file, a tool file or a policy cannot be used.
        ModelUnavailableError: the model cannot be loaded.
        SandboxUnavailableError: a sandbox was asked for by name, or python was, and there is none.
        JournalError: the journal cannot be written.
    """
    terminal = request.output.terminal()
    # Whatever can be found wrong without the model is found before it is loaded.
    prompt, piped = read_prompt(request.prompt)
    output_type = named_output_type(request.output_type)
    for path in request.files:
        if not path.is_file():
            raise ConfigurationError(f"There is no file {str(path)!r} to attach (--file).")
    with ExitStack() as stack, interruption() as interrupt:
        journal = Journal(journal_path())
        stack.callback(journal.close)
        session_name, agent_request = session_of(request, journal)
        opening = AgentOpening(agent_request)
        opened = opening.open(
            stack,
            journal,
            terminal,
            approve=terminal_approval(terminal, interrupt, opening.preview),
        )
        task = Attachments(opened.model, opened.sandbox, terminal).add(prompt, piped, request.files)
        session = open_session(stack, opened, session_name, agent_request, terminal)
        is_untrusted = bool(piped or request.files)
        return show_run(
            lambda: session.stream(
                task, output=output_type, cancel=interrupt.flag, is_untrusted=is_untrusted
            ),
            opened,
            terminal,
            interrupt,
            request.output,
        )


def session_of(request: RunRequest, journal: Journal) -> tuple[str | None, AgentRequest]:
    """The session to continue or None for a new one, and the agent that it needs.

    Model, tools and texts of a session stay as they are: its tokens would mean something else under others.
    """
    name = request.session
    known = None if name is None else journal.session(name)
    if request.continues_last:
        newest = journal.sessions(1)
        if not newest:
            raise ConfigurationError("There is no session to continue yet (-c).")
        known = newest[0]
        name = known.id
    if known is None:
        return name, request.agent
    recorded = AgentRequest.from_settings(known.settings).reopened()
    kept = {
        field: getattr(recorded, field)
        for field in ("model", "tools", "system", "web", "sandbox", "is_warm")
        if field not in request.given
    }
    return name, replace(request.agent, **kept)


def open_session(
    stack: ExitStack,
    opened: OpenedAgent,
    name: str | None,
    request: AgentRequest,
    terminal: Terminal,
) -> Session:
    """The session of that name or id, or a new one that can be opened again; closed by `stack`."""
    session = opened.agent.session(name, warm_limit_bytes=LIMIT_BYTES if request.is_warm else None)

    def close() -> None:
        try:
            session.close()
        except WarmFileError as error:  # the run is over and recorded: a pity, and no failure
            terminal.warn(str(error))

    stack.callback(close)
    return session


def show_run(
    start: Callable[[], Iterator[Event]],
    opened: OpenedAgent,
    terminal: Terminal,
    interrupt: Interruption,
    output: Output,
) -> ExitCode:
    """Show a run as it goes and say how it ended.

    Args:
        start: begins it.
        opened: its agent.
        terminal: for text.
        interrupt: signals ask the run to stop from now on.
        output: what goes to stdout.
    """
    files = ResultFiles(terminal)
    result = _watch(start, interrupt, terminal, files, as_jsonl=output.as_jsonl)
    code = exit_code(result, interrupt)
    if misses := _replay_misses(opened.tools):
        terminal.warn(
            "Not a replay: the recording of the web has no "
            + printable("; no ".join(misses))
            + ". Record it anew with --record-web."
        )
        if code in {ExitCode.ANSWERED, ExitCode.LIMIT}:
            code = ExitCode.DIFFERS
    citations = _citations(result.answer, opened.tools)
    if output.as_json:
        record = run_record(result, model=opened.model.name, status=code, files=files.paths)
        if terminal.is_typed:
            record["output"] = json_value(result.answer)
        record["citations"] = [citation.as_data() for citation in citations]
        sys.stdout.write(printable_json(json.dumps(record, ensure_ascii=False, indent=2)) + "\n")
        sys.stdout.flush()
    _report(result, citations, terminal, opened.model.context_length)
    return code


def _watch(
    start: Callable[[], Iterator[Event]],
    interrupt: Interruption,
    terminal: Terminal,
    files: "ResultFiles",
    *,
    as_jsonl: bool,
) -> RunResult:
    interrupt.is_running = True
    try:
        for number, event in enumerate(start(), start=1):
            terminal.show(event)
            if as_jsonl:
                head = {"v": VERSION, "seq": number, "time": time.time(), "type": event_name(event)}
                sys.stdout.write(printable_json(to_json(head | event_body(event))) + "\n")
                sys.stdout.flush()
            if isinstance(event, ToolFinished):
                files.save(event.result)
            elif isinstance(event, RunFinished):
                return event.result
    finally:
        interrupt.is_running = False
    raise AssertionError("a run ends with RunFinished")


def json_value(answer: str) -> Any:
    """What a typed answer says; None where the run ended before its JSON did."""
    try:
        return json.loads(answer)
    except ValueError:
        return None


def exit_code(result: RunResult, interrupt: Interruption) -> ExitCode:
    """The exit code that says how the run ended."""
    if result.finish_reason == "answer":
        return ExitCode.ANSWERED
    if result.finish_reason == "needs_approval":
        return ExitCode.NEEDS_APPROVAL
    if result.finish_reason == "interrupted":
        return ExitCode.TERMINATED if interrupt.is_termination else ExitCode.INTERRUPTED
    return ExitCode.LIMIT


def _citations(answer: str, tools: Sequence[Tool]) -> list[Citation]:
    """The citations of an answer, checked against what this run's browser has read."""
    return [
        citation for browser in browsers_of(tools) for citation in browser.check_citations(answer)
    ]


def _replay_misses(tools: Sequence[Tool]) -> list[str]:
    """What a recording of the web (--replay-web) was asked for and does not have."""
    return [miss for browser in browsers_of(tools) for miss in browser.replay_misses]


def _report(
    result: RunResult, citations: Sequence[Citation], terminal: Terminal, context_length: int
) -> None:
    terminal.finish(result, context_length=context_length)
    for line in footnotes(citations):
        terminal.note(printable(line))
    if result.finish_reason == "interrupted":
        terminal.warn(
            f"Interrupted; {counted(len(result.steps), 'step')} saved: glm-agent resume {result.run_id}"
        )
    elif result.pending is not None:
        terminal.warn(
            f"Nobody is there to approve the call of {printable(result.pending.name)!r}; it was not run. "
            f"glm-agent resume {result.run_id} --approve (or --reject 'why')"
        )
    elif result.finish_reason in LIMIT_REASONS:
        flag = RAISING_FLAGS.get(result.finish_reason)
        advice = f" To go on: glm-agent resume {result.run_id} {flag}" if flag else ""
        terminal.warn(f"Not a full answer: {LIMIT_REASONS[result.finish_reason]}.{advice}")


class ResultFiles:
    """Files and images that tools gave back, written below the data folder.

    Attributes:
        paths: call id -> where its files are.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._folder = data_path() / "files" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        self.paths: dict[str, list[Path]] = {}

    def save(self, result: ToolResult) -> None:
        """Write a result's attachments and say where."""
        for attachment in result.attachments:
            self._folder.mkdir(parents=True, exist_ok=True)
            # The name comes from a tool: only its last part counts, and it never replaces another file.
            name = file_name(attachment.name)
            path = self._folder / name
            number = 1
            while path.exists():
                number += 1
                path = self._folder / f"{number}-{name}"
            path.write_bytes(attachment.data)
            self.paths.setdefault(result.call_id, []).append(path)
            self._terminal.image(attachment)
            self._terminal.note(f"  file: {path}")


def file_name(name: str) -> str:
    """A name for a file from what a tool, or code that the model wrote, calls it: one that any disk and terminal takes."""
    last = Path("".join(one if one.isprintable() else "_" for one in Path(name).name))
    return f"{last.stem[:STEM_CHARS]}{last.suffix[:SUFFIX_CHARS]}" or "file"

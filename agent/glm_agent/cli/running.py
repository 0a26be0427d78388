"""What `glm-agent run` does: open model, tools and sandbox, run the task, report."""

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.interruption import Interruption, interruption
from glm_agent.cli.named_tools import PYTHON, WebOptions, open_named_tools
from glm_agent.cli.progress import ProgressBar
from glm_agent.cli.task import Attachments, read_prompt
from glm_agent.cli.terminal import Terminal, printable
from glm_agent.errors import ConfigurationError
from glm_agent.events import FinishReason, RunFinished, RunResult, ToolFinished
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.models import DEMO, load_model
from glm_agent.orchestrator import Agent
from glm_agent.record import run_record
from glm_agent.sampling import Sampling
from glm_agent.storage import data_path, journal_path
from glm_sandbox import open_sandbox
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.sandbox import Sandbox
from glm_tools.browser import BrowserTool, Citation
from glm_tools.python import PythonTool
from glm_tools.tool import Tool, ToolResult

Backend = Literal["auto", "docker", "bubblewrap", "off"]
DEFAULT_TOOLS = (PYTHON,)

LIMIT_REASONS: dict[FinishReason, str] = {
    "max_steps": "the step limit was reached; this answer was forced",
    "loop": "the model repeated the same call; this answer was forced",
    "length": "a turn reached --max-new-tokens; the answer may be cut",
    "context": "the context window is full; the answer may be cut",
    "wall_time": "the time limit was reached; this answer was forced",
    "repetition": "the model wrote the same again and again and was stopped",
    "empty": "the model said nothing",
}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The command line of one run. `tools` is None for the default and empty for none at all."""

    prompt: str | None
    model: str
    tools: tuple[str, ...] | None
    files: tuple[Path, ...]
    system: str | None
    sandbox: Backend
    web: WebOptions
    limits: Limits
    sampling: Sampling
    as_json: bool
    quiet: bool
    verbose: bool


def run_task(request: RunRequest) -> ExitCode:
    """Do the run and print it.

    Raises:
        ConfigurationError: the prompt, a file or a tool file cannot be used.
        ModelUnavailableError: the model cannot be loaded.
        SandboxUnavailableError: a sandbox was asked for by name, or python was, and there is none.
        JournalError: the journal cannot be written.
    """
    terminal = Terminal(
        quiet=request.quiet or request.as_json,
        verbose=request.verbose,
        stream_answer=not request.as_json,
    )
    # Whatever can be found wrong without the model is found before it is loaded.
    prompt, piped = read_prompt(request.prompt)
    for path in request.files:
        if not path.is_file():
            raise ConfigurationError(f"There is no file {str(path)!r} to attach (--file).")
    names = DEFAULT_TOOLS if request.tools is None else request.tools
    tools = open_named_tools(names, request.web)
    with ExitStack() as stack, interruption() as interrupt:
        for tool in tools:
            stack.callback(tool.close)
        journal = Journal(journal_path())
        stack.callback(journal.close)
        python = None
        if PYTHON in names:
            python = PythonSession(request, terminal)
            stack.callback(python.close)
        with ProgressBar(quiet=terminal.is_quiet) as progress:
            model = load_model(request.model, progress=progress)
        if model.note:
            terminal.note(model.note)
        sandbox = python.wait() if python is not None else None
        if python is not None and sandbox is not None:
            tools.insert(0, PythonTool(python.open))
        task = Attachments(model, sandbox, terminal).add(prompt, piped, request.files)
        agent = Agent(
            model,
            tools,
            system=request.system,
            limits=request.limits,
            sampling=request.sampling,
            journal=journal,
            can_page=request.model != DEMO,  # a tool more is too much for a model that small
        )
        stack.callback(agent.close)
        files = ResultFiles(terminal)
        result = _watch(agent, task, interrupt, terminal, files)
        code = exit_code(result, interrupt)
        citations = _citations(result.answer, tools)
        if request.as_json:
            record = run_record(result, model=model.name, status=code, files=files.paths)
            record["citations"] = [citation.as_data() for citation in citations]
            sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
            sys.stdout.flush()
        _report(result, citations, terminal)
        return code


def _watch(
    agent: Agent,
    task: str,
    interrupt: Interruption,
    terminal: Terminal,
    files: "ResultFiles",
) -> RunResult:
    interrupt.is_running = True
    for event in agent.stream(task, cancel=interrupt.flag):
        terminal.show(event)
        if isinstance(event, ToolFinished):
            files.save(event.result)
        elif isinstance(event, RunFinished):
            return event.result
    raise AssertionError("a run ends with RunFinished")


def exit_code(result: RunResult, interrupt: Interruption) -> ExitCode:
    """The exit code that says how the run ended."""
    if result.finish_reason == "answer":
        return ExitCode.ANSWERED
    if result.finish_reason == "interrupted":
        return ExitCode.TERMINATED if interrupt.is_termination else ExitCode.INTERRUPTED
    return ExitCode.LIMIT


def _citations(answer: str, tools: Sequence[Tool]) -> list[Citation]:
    """The citations of an answer, checked against what this run's browser has read."""
    browsers = [tool.browser for tool in tools if isinstance(tool, BrowserTool)]
    return [citation for browser in browsers for citation in browser.check_citations(answer)]


def _report(result: RunResult, citations: Sequence[Citation], terminal: Terminal) -> None:
    terminal.finish(result)
    for citation in citations:
        url = citation.source.url if citation.source else "no such source"
        terminal.note(
            printable(
                f"【{citation.id}†{citation.text}】 {citation.status.replace('_', ' ')}: {url}"
            )
        )
    if result.finish_reason == "interrupted":
        terminal.warn(
            f"Interrupted. {len(result.steps)} steps are saved: glm-agent replay {result.run_id}"
        )
    elif result.finish_reason in LIMIT_REASONS:
        terminal.warn(f"Not a full answer: {LIMIT_REASONS[result.finish_reason]}.")


class PythonSession:
    """The sandbox of a run: it starts at once, beside the loading of the model.

    A thread of its own opens it and lives until `close`: bubblewrap dies with the thread that started it.
    """

    def __init__(self, request: RunRequest, terminal: Terminal) -> None:
        self._request = request
        self._terminal = terminal
        self._thread = ThreadPoolExecutor(1, "glm-agent-sandbox")
        self._first: Future[Sandbox] | None = self._start()

    def wait(self) -> Sandbox | None:
        """The sandbox; None when there is none and the user did not insist on it.

        Raises:
            SandboxUnavailableError: `--sandbox NAME` or `--tools python` asked for it.
        """
        assert self._first is not None, "wait comes before open"
        try:
            sandbox = self._first.result()
        except SandboxUnavailableError as error:
            if self._request.tools is not None or self._request.sandbox != "auto":
                raise
            self._terminal.warn(f"The python tool is off. {error}")
            return None
        if self._request.sandbox == "off":
            self._terminal.warn(
                "WARNING: --sandbox off: code that the model writes runs on this machine as this user, "
                "with no protection."
            )
        elif self._request.verbose:
            for weakness in sandbox.weaknesses:
                self._terminal.note(f"sandbox {sandbox.backend}: {weakness}")
        return sandbox

    def open(self) -> Sandbox:
        """The sandbox that was started, and a new one each time that one was lost."""
        first, self._first = self._first, None
        return (first or self._start()).result()

    def close(self) -> None:
        """Close what was not handed out; who got a sandbox from `open` closes it."""
        if self._first is not None and not self._first.cancel() and not self._first.exception():
            self._first.result().close()
        self._thread.shutdown()

    def _start(self) -> Future[Sandbox]:
        return self._thread.submit(
            open_sandbox, self._request.sandbox, progress=self._terminal.note
        )


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
            path = self._folder / (Path(attachment.name).name or "file")
            number = 1
            while path.exists():
                number += 1
                path = self._folder / f"{number}-{Path(attachment.name).name}"
            path.write_bytes(attachment.data)
            self.paths.setdefault(result.call_id, []).append(path)
            self._terminal.note(f"  file: {path}")

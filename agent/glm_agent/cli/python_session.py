"""The sandbox of the `python` tool, started early."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

from glm_agent.cli.terminal import Terminal
from glm_sandbox import open_sandbox
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.sandbox import Sandbox

Backend = Literal["auto", "docker", "bubblewrap", "off"]


class PythonSession:
    """The sandbox of a run: it starts at once, beside the loading of the model.

    A thread of its own opens it and lives until `close`: bubblewrap dies with the thread that started it.

    Args:
        backend: which kind.
        terminal: gets notes, what the back end cannot enforce, and warnings.
        is_required: the user asked for the tool by name.
    """

    def __init__(self, backend: Backend, terminal: Terminal, *, is_required: bool) -> None:
        self._backend = backend
        self._terminal = terminal
        self._is_required = is_required
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
            if self._is_required or self._backend != "auto":
                raise
            self._terminal.warn(f"The python tool is off. {error}")
            return None
        if self._backend == "off":
            self._terminal.warn(
                "WARNING: --sandbox off: code that the model writes runs on this machine as this user, "
                "with no protection."
            )
        else:
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
        return self._thread.submit(open_sandbox, self._backend, progress=self._terminal.note)

"""The contract of a sandbox: a stateful Python session that the host does not have to trust.

Two back ends implement it (`docker`, `bubblewrap`); `glm_sandbox.conformance` is the list of checks that each passes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Literal, Protocol, Self

Status = Literal[
    "ok",  # the cell ran to its end
    "error",  # it raised; the traceback is in `error`
    "timeout",  # it ran past its time and was interrupted or killed
    "oom",  # it asked for more memory than it may have
    "crashed",  # the interpreter died: a segfault, an exit, a signal
    "output_limit",  # it printed without end and was stopped
    "interrupted",  # the user cancelled it
    "sandbox_lost",  # the container or namespace went away while it ran
]
Variables = Literal[
    "kept",  # they are what the cell made of them
    "rolled_back",  # they are what they were before the cell
    "lost",  # a fresh interpreter; files in /mnt/data are still there
]


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What one session may use. Numbers are hard limits unless a back end reports that it cannot enforce one."""

    timeout_s: float = 60.0
    grace_s: float = 2.0  # between the interrupt and the kill
    memory_bytes: int = 512 << 20
    data_bytes: int = 256 << 20  # /mnt/data
    data_inodes: int = 4096
    processes: int = 64
    cpus: float = 1.0
    file_bytes: int = 256 << 20  # one file
    output_bytes: int = 64 << 20  # printed before the cell is stopped
    output_head_bytes: int = 64 << 10  # delivered from the start ...
    output_tail_bytes: int = 16 << 10  # ... and from the end


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file below /mnt/data that a cell made or changed."""

    path: str  # relative to /mnt/data, normalised; never a path of the host
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Display:
    """Something the cell showed beside text: a figure, say."""

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What running one cell came to. Every outcome of the code is here, none is an exception."""

    status: Status
    stdout: str = ""
    stderr: str = ""
    value: str | None = None  # repr of the last expression
    error: str | None = None  # traceback that shows the cell's own lines
    displays: tuple[Display, ...] = ()
    files: tuple[DataFile, ...] = ()
    variables: Variables = "kept"
    message: str = ""  # one line for the model about anything but `ok` and `error`; stable wording
    truncated: bool = False  # output was cut: head and tail are here
    killed_by: str | None = None  # "time limit", "memory limit", "signal 11", ...
    duration_s: float = 0.0


class Sandbox(Protocol):
    """One session: variables, files and imports live from one `execute` to the next, until `close`."""

    @property
    def backend(self) -> str:
        """`docker` or `bubblewrap`."""
        ...

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """What of `ResourceLimits` and isolation this back end cannot enforce here, a sentence each."""
        ...

    def execute(
        self,
        code: str,
        *,
        timeout_s: float | None = None,
        cancel: Event | None = None,
        on_output: Callable[[str, str], None] | None = None,
    ) -> ExecResult:
        """Run one cell and wait for its end.

        Args:
            code: Python source; the last expression's value is returned as text.
            timeout_s: at most this long; the session's limit when None.
            cancel: when set while the cell runs, the cell is interrupted as by Ctrl-C, then killed; when set before,
                nothing is run.
            on_output: called with (`stdout` or `stderr`, text) as output arrives.

        Raises:
            SandboxClosedError: the session was closed before the call.
        """
        ...

    def put_file(self, path: str, data: bytes) -> None:
        """Write `data` to `path` below /mnt/data.

        Raises:
            SandboxFileError: `path` leaves /mnt/data, or there is no room.
            SandboxClosedError: the session is closed.
        """
        ...

    def get_file(self, path: str) -> bytes:
        """Read a regular file below /mnt/data.

        Raises:
            SandboxFileError: no such regular file, or a link leads out of /mnt/data.
            SandboxClosedError: the session is closed.
        """
        ...

    def close(self) -> None:
        """End the session and everything it started. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

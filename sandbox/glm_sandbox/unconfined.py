"""No sandbox at all: model-written code as a child process on the bare host. Chosen by name only, never automatically.

Covers: a hung or crashed interpreter (time limits, snapshots), and accidents with the working folder, which is a
temporary one.
Does not cover: anything that code does on purpose. It has the user's files, network and processes.
"""

import fcntl
import os
import sys
from collections.abc import Sequence

from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest.options import SessionOptions
from glm_sandbox.guest_files import guest_folder
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.transport import PipeTransport, Transport


class UnconfinedBackend:
    """The back end `off`."""

    name = "off"
    weaknesses = (
        "Nothing is isolated: the code has your files, your network and your processes.",
        "Memory is limited per process only; disk space, processes and CPU are not limited.",
        "/mnt/data does not exist: the working folder is a temporary one.",
    )

    def __init__(self) -> None:
        self._guest = guest_folder()
        self._in_use = os.open(self._guest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(
            self._in_use, fcntl.LOCK_SH
        )  # `sandbox gc` leaves it alone as long as this process lives

    def start(self, limits: ResourceLimits, preimport: Sequence[str]) -> Transport:
        """Start a supervisor beside us."""
        options = session_options(limits, preimport, data_dir="", rlimit_memory=True)
        try:
            return PipeTransport(
                [sys.executable, "-I", "-B", str(self._guest / "start.py"), options.to_json()]
            )
        except OSError as error:
            raise SandboxUnavailableError(
                f"The interpreter cannot be started: {error}", ""
            ) from error


def session_options(
    limits: ResourceLimits,
    preimport: Sequence[str],
    *,
    data_dir: str = "/mnt/data",
    tmpfs: Sequence[tuple[str, str]] = (),
    rlimit_memory: bool = False,
    rlimit_processes: bool = False,
) -> SessionOptions:
    """What the guest is told of `limits`."""
    return SessionOptions(
        data_dir=data_dir,
        memory_bytes=limits.memory_bytes,
        processes=limits.processes,
        file_bytes=limits.file_bytes,
        output_bytes=limits.output_bytes,
        output_head_bytes=limits.output_head_bytes,
        output_tail_bytes=limits.output_tail_bytes,
        tmpfs=tuple(tmpfs),
        preimport=tuple(preimport),
        rlimit_memory=rlimit_memory,
        rlimit_processes=rlimit_processes,
        threads=max(1, int(limits.cpus)),
    )

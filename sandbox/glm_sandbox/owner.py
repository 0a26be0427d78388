"""Who started a sandbox: a name for this process that no other process, before or after, shares."""

import os
import socket
from pathlib import Path


def this_process() -> str:
    """Machine and boot, PID namespace, pid and start time."""
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}"


def is_gone(owner: str) -> bool:
    """Whether `owner` was a process that this one could see, and cannot any more.

    Owners on other machines or in other PID namespaces, and names that are not ours, are never gone.
    """
    machine, _, process = owner.rpartition("/")[0].rpartition("/")
    start = owner.rpartition("/")[2]
    if machine != _machine() or not process.isdigit():
        return False
    return _start_time(int(process)) != start


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        return f"{socket.gethostname()}/-"


def _start_time(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "gone"
    return text.rpartition(")")[2].split()[19]  # field 22 of stat: ticks since boot

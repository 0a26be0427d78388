"""A small process between the host and a sandbox that is not a container: it holds the limits and cleans up.

Run as `python3 -I -S keeper.py CONFIG LIFELINE`. It makes the control groups, starts the command in them with fewer
privileges, and waits. When the lifeline closes (the host ended the session, or was killed in whatever way) it kills the
command and all in its groups, and removes the groups. So nothing is left behind even after `kill -9` of the host.

Standard library only, nothing of this project: it starts in 15 ms.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_CLEAN_UP_S = 8.0


def main(config: dict[str, Any], lifeline: int) -> int:
    """Run the command of `config` to its end; its exit status.

    Args:
        config: `command`; `in_use`, folders that nobody may remove meanwhile; `groups`, a list of {`path`, `settings`: [[file, value, is_required], ...]}; `uid` and `gid`
            to change to, or null; `rlimits`, a list of [number, value].
        lifeline: descriptor that is closed when it is time to end.
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(
            number, lambda *_: None
        )  # as a closed lifeline: the byte in the pipe wakes us
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for folder in config["in_use"]:
        fcntl.flock(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), fcntl.LOCK_SH)
    groups = [Path(group["path"]) for group in config["groups"]]
    try:
        for group, settings in zip(groups, config["groups"], strict=True):
            make_group(group, settings["settings"])
        child = os.fork()
        if child == 0:
            become(config, groups)
        for descriptor in (0, 1):
            os.close(descriptor)
        return keep(child, lifeline, wake_read)
    finally:
        remove_groups(groups)


def make_group(path: Path, settings: list[tuple[str, str, bool]]) -> None:
    path.mkdir()
    for name, value, is_required in settings:
        try:
            (path / name).write_text(value, encoding="ascii")
        except OSError:
            if is_required:
                raise


def become(config: dict[str, Any], groups: list[Path]) -> NoReturn:
    """Turn this child into the command."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for group in groups:
            (group / "cgroup.procs").write_text("0", encoding="ascii")
        for number, value in config["rlimits"]:
            resource.setrlimit(number, (value, value))
        if config["uid"] is not None:
            os.setgroups([])
            os.setgid(config["gid"])
            os.setuid(config["uid"])
        ctypes.CDLL(None).prctl(
            _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0
        )  # after setuid, which clears it
        os.execv(config["command"][0], config["command"])
    except OSError as error:
        os.write(2, f"cannot start {config['command'][0]}: {error}\n".encode())
    finally:
        os._exit(127)


def keep(child: int, lifeline: int, wake: int) -> int:
    """Wait for the command's end, or bring it about."""
    deadline: float | None = None
    while True:
        watched = [wake] if deadline else [wake, lifeline]
        ready, _, _ = select.select(
            watched, [], [], max(0.0, deadline - time.monotonic()) if deadline else None
        )
        if wake in ready:
            numbers = os.read(wake, 4096)
            if any(number != signal.SIGCHLD for number in numbers):
                deadline = deadline or time.monotonic()
        if lifeline in ready:
            deadline = time.monotonic()  # at once: a guest has nothing to save
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid == child:
            return os.waitstatus_to_exitcode(status) & 0xFF
        if deadline and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return 137


def remove_groups(groups: list[Path]) -> None:
    """Kill what is left in the groups, and remove them."""
    end = time.monotonic() + _CLEAN_UP_S
    left = [group for group in groups if group.exists()]
    while left and time.monotonic() < end:
        for group in list(left):
            with contextlib.suppress(OSError, ValueError):
                for pid in (group / "cgroup.procs").read_text(encoding="ascii").split():
                    os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):  # still busy
                group.rmdir()
                left.remove(group)
        if left:
            time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), int(sys.argv[2])))

"""What /proc says about the processes below one of them."""

import os
from collections import defaultdict
from contextlib import suppress


def descendants(root: int) -> set[int]:
    """All living processes whose chain of parents leads to `root`. Zombies are not living."""
    children = defaultdict(list)
    for name in os.listdir("/proc"):  # noqa: PTH208 - called often: pathlib is too slow
        if name.isdigit() and (fields := _stat(int(name))) is not None:
            state, parent = fields
            children[parent].append((int(name), state))
    found: set[int] = set()
    frontier = [root]
    while frontier:
        for pid, state in children.pop(frontier.pop(), ()):
            frontier.append(pid)  # a zombie's threads may still have children
            if state not in "ZX":
                found.add(pid)
    return found


def is_alive(pid: int) -> bool:
    """Whether `pid` is there and not a zombie."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in "ZX"


def parent(pid: int) -> int:
    """The parent of `pid`; 0 when there is no such process."""
    fields = _stat(pid) if pid > 0 else None
    return fields[1] if fields is not None else 0


def thread_count(pid: int) -> int:
    """Threads of `pid`; 1 when it has just gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - with each cell: pathlib is too slow
    except OSError:
        return 1


def resident_bytes(pid: int | str = "self") -> int:
    try:
        pages = int(_read(f"/proc/{pid}/statm").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096


def set_oom_score_adj(score: int) -> None:
    """How readily the kernel kills this process when memory runs out: 0 as others, 1000 first."""
    # Where it is refused, the kernel may choose the snapshot: variables are lost then, and it is said so.
    with suppress(OSError):
        file = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, b"%d" % score)
        finally:
            os.close(file)


_OOM_COUNTERS = (  # the first that is there is ours
    "/run/cgroup/memory.events",
    "/run/cgroup/memory.oom_control",
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
)


def oom_kills() -> int:
    """How many processes of this session's control group the kernel has killed for memory; 0 where it cannot be read."""
    for path in _OOM_COUNTERS:
        try:
            lines = _read(path).splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, count = line.partition(b" ")
            if name == b"oom_kill" and count.isdigit():
                return int(count)
    return 0


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and parent of `pid`."""
    try:
        text = _read(f"/proc/{pid}/stat")
        state, parent = text.rpartition(b")")[2].split()[:2]  # the name before it may hold anything
        return state.decode("ascii"), int(parent)
    except (OSError, ValueError):
        return None


def _read(path: str) -> bytes:
    """A small file of the kernel's. With each cell several: pathlib is too slow, and touches many pages.

    Raises:
        OSError: it is not there.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)

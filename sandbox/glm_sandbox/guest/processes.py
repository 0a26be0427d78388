"""What /proc says about the processes below one of them."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def descendants(root: int) -> set[int]:
    """All living processes whose chain of parents leads to `root`. Zombies are not living."""
    children = defaultdict(list)
    for name in os.listdir(_PROC):  # noqa: PTH208 - called often: pathlib is too slow
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
        return len(list((_PROC / str(pid) / "task").iterdir()))
    except OSError:
        return 1


def resident_bytes(pid: int | str = "self") -> int:
    try:
        pages = int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096


def set_oom_score_adj(score: int) -> None:
    """How readily the kernel kills this process when memory runs out: 0 as others, 1000 first."""
    # Where it is refused, the kernel may choose the snapshot: variables are lost then, and it is said so.
    with suppress(OSError):
        (_PROC / "self" / "oom_score_adj").write_text(str(score), encoding="ascii")


_OOM_COUNTERS = (  # (file, word before the count); the first that is there is ours
    (Path("/run/cgroup/memory.events"), "oom_kill"),
    (Path("/run/cgroup/memory.oom_control"), "oom_kill"),
    (Path("/sys/fs/cgroup/memory.events"), "oom_kill"),
    (Path("/sys/fs/cgroup/memory/memory.oom_control"), "oom_kill"),
)


def oom_kills() -> int:
    """How many processes of this session's control group the kernel has killed for memory; 0 where it cannot be read."""
    for path, word in _OOM_COUNTERS:
        try:
            lines = path.read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, count = line.partition(" ")
            if name == word and count.isdigit():
                return int(count)
    return 0


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and parent of `pid`."""
    try:
        file = os.open(
            f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC
        )  # called often: pathlib is too slow
        try:
            text = os.read(file, 4096)
        finally:
            os.close(file)
        state, parent = text.rpartition(b")")[2].split()[:2]  # the name before it may hold anything
        return state.decode("ascii"), int(parent)
    except (OSError, ValueError):
        return None

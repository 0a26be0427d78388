"""Control groups for a sandbox that is not a container: where they can be made, and what to write into them.

Nothing is made here: a plan is handed to `keeper`, which makes the groups, enters them and removes them.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from glm_sandbox.sandbox import ResourceLimits

_PREFIX = "glm-agent-"
_PERIOD_US = 100_000
_MOUNTS = Path("/proc/self/mountinfo")
_NEEDED = ("memory", "pids", "cpu")


@dataclass(frozen=True, slots=True)
class CgroupPlan:
    """The groups of one session.

    Attributes:
        groups: for `keeper`: [{path, settings: [[file, value, is_required], ...]}, ...].
        memory_group: the folder whose counters tell of out-of-memory kills; None when it is not known beforehand.
        wrapper: command words that start another command within the limits; empty when `groups` do it.
    """

    groups: tuple[Mapping[str, object], ...] = ()
    memory_group: Path | None = None
    wrapper: tuple[str, ...] = ()


def plan_cgroups(limits: ResourceLimits) -> CgroupPlan | None:
    """How to hold memory, processes and CPU of a whole session here; None when there is no way."""
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    mounts = _controller_mounts()
    if all(os.access(mounts.get(controller, "/nonexistent"), os.W_OK) for controller in _NEEDED):
        return _plan_v1(mounts, name, limits)
    if (unified := mounts.get("")) is not None and _can_delegate(unified):
        return _plan_v2(unified, name, limits)
    if _has_user_manager():
        return CgroupPlan(wrapper=_scope_command(limits))
    return None


def remove_stale_groups() -> list[Path]:
    """Remove groups whose owner has ended and which hold no process; the folders removed.

    `keeper` does this for every session; it remains for those whose keeper was killed as well.
    """
    removed = []
    for mount in set(_controller_mounts().values()):
        for folder in mount.glob(f"{_PREFIX}*"):
            owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                with contextlib.suppress(OSError):  # busy, or not ours to remove
                    folder.rmdir()
                    removed.append(folder)
    return removed


def _controller_mounts() -> dict[str, Path]:
    """Controller -> where it is mounted (version 1); "" -> the unified hierarchy (version 2)."""
    mounts: dict[str, Path] = {}
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        folder, kind = Path(before.split()[4]), after.split()
        if kind[0] == "cgroup2":
            mounts[""] = folder
        elif kind[0] == "cgroup":
            mounts.update(dict.fromkeys(kind[2].split(","), folder))
    return mounts


def _plan_v1(mounts: dict[str, Path], name: str, limits: ResourceLimits) -> CgroupPlan:
    settings: dict[str, list[list[object]]] = {
        "memory": [
            ["memory.limit_in_bytes", str(limits.memory_bytes), True],
            [
                "memory.memsw.limit_in_bytes",
                str(limits.memory_bytes),
                False,
            ],  # absent where swap is not accounted
        ],
        "pids": [["pids.max", str(limits.processes), True]],
        "cpu": [
            ["cpu.cfs_period_us", str(_PERIOD_US), True],
            ["cpu.cfs_quota_us", str(int(limits.cpus * _PERIOD_US)), True],
        ],
    }
    by_folder: dict[Path, list[list[object]]] = {}
    for controller in _NEEDED:  # several may share one mount
        by_folder.setdefault(mounts[controller] / name, []).extend(settings[controller])
    groups = tuple({"path": str(folder), "settings": lines} for folder, lines in by_folder.items())
    return CgroupPlan(groups, mounts["memory"] / name)


def _plan_v2(unified: Path, name: str, limits: ResourceLimits) -> CgroupPlan:
    folder = unified / name
    settings = [
        ["memory.max", str(limits.memory_bytes), True],
        ["memory.swap.max", "0", False],  # absent where swap is not accounted
        ["pids.max", str(limits.processes), True],
        ["cpu.max", f"{int(limits.cpus * _PERIOD_US)} {_PERIOD_US}", True],
    ]
    return CgroupPlan(({"path": str(folder), "settings": settings},), folder)


def _can_delegate(unified: Path) -> bool:
    """Whether groups with all our controllers can be made right below `unified`."""
    control = unified / "cgroup.subtree_control"
    try:
        missing = set(_NEEDED) - set(control.read_text(encoding="ascii").split())
        if missing:
            control.write_text(" ".join(f"+{name}" for name in sorted(missing)), encoding="ascii")
    except OSError:
        return False
    return os.access(unified, os.W_OK)


def _has_user_manager() -> bool:
    """Whether systemd runs a manager for this user, who may then ask for a scope."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    return shutil.which("systemd-run") is not None and Path(runtime, "systemd/private").exists()


def _scope_command(limits: ResourceLimits) -> tuple[str, ...]:
    properties = {
        "MemoryMax": str(limits.memory_bytes),
        "MemorySwapMax": "0",
        "TasksMax": str(limits.processes),
        "CPUQuota": f"{limits.cpus * 100:.0f}%",
    }
    words = ["systemd-run", "--user", "--scope", "--quiet", "--collect"]
    for name, value in properties.items():
        words += ["-p", f"{name}={value}"]
    return (shutil.which("systemd-run") or "systemd-run", *words[1:], "--")

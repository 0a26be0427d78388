"""Where control groups are made, on machines of either version, read from what the kernel says is mounted."""

from pathlib import Path

import pytest

from glm_sandbox import cgroups
from glm_sandbox.sandbox import ResourceLimits

LIMITS = ResourceLimits(memory_bytes=100, processes=7, cpus=0.5)


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The root of pretended mounts; `mountinfo` below it is read in place of the kernel's."""
    monkeypatch.setattr(cgroups, "_MOUNTS", tmp_path / "mountinfo")
    return tmp_path


def mountinfo(mounts: Path, *lines: str) -> None:
    text = "".join(f"30 24 0:26 / {line}\n" for line in lines)
    (mounts / "mountinfo").write_text(text, encoding="ascii")


def settings(plan: cgroups.CgroupPlan) -> dict[str, str]:
    return {
        f"{Path(str(group['path'])).parent.name}/{name}": value
        for group in plan.groups
        for name, value, _ in group["settings"]  # type: ignore[attr-defined]
    }


def test_version_1_has_a_group_for_each_controller(mounts: Path) -> None:
    """Two controllers may share a mount, as cpu and cpuacct mostly do."""
    for name in ("memory", "pids", "cpu,cpuacct"):
        (mounts / name).mkdir()
    mountinfo(
        mounts,
        f"{mounts}/memory rw - cgroup cgroup rw,memory",
        f"{mounts}/pids rw - cgroup cgroup rw,pids",
        f"{mounts}/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
        f"{mounts} rw - cgroup2 cgroup2 rw",
    )
    plan = cgroups.plan_cgroups(LIMITS)
    assert plan is not None
    assert settings(plan) == {
        "memory/memory.limit_in_bytes": "100",
        "memory/memory.memsw.limit_in_bytes": "100",
        "pids/pids.max": "7",
        "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/cpu.cfs_quota_us": "50000",
    }
    assert plan.memory_group is not None
    assert plan.memory_group.parent == mounts / "memory"


def test_version_2_has_one_group(mounts: Path) -> None:
    unified = mounts / "unified"
    unified.mkdir()
    (unified / "cgroup.subtree_control").write_text("cpuset cpu memory pids\n", encoding="ascii")
    mountinfo(mounts, f"{unified} rw shared:4 - cgroup2 cgroup2 rw,nsdelegate")
    plan = cgroups.plan_cgroups(LIMITS)
    assert plan is not None
    assert settings(plan) == {
        "unified/memory.max": "100",
        "unified/memory.swap.max": "0",
        "unified/pids.max": "7",
        "unified/cpu.max": "50000 100000",
    }


def test_where_none_can_be_made_there_is_no_plan(
    mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mount, no manager of the user's: the back end then says what it cannot hold."""
    mountinfo(mounts, f"{mounts}/gone rw - cgroup2 cgroup2 rw")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(mounts))
    assert cgroups.plan_cgroups(LIMITS) is None


def test_a_user_s_manager_is_asked_for_a_scope(
    mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mountinfo(mounts)
    (mounts / "systemd").mkdir()
    (mounts / "systemd/private").touch()
    program = mounts / "systemd-run"
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(mounts))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(mounts))
    plan = cgroups.plan_cgroups(LIMITS)
    assert plan is not None
    assert plan.wrapper[0] == str(program)
    assert {"MemoryMax=100", "MemorySwapMax=0", "TasksMax=7", "CPUQuota=50%"} <= set(plan.wrapper)
    assert plan.wrapper[-1] == "--"

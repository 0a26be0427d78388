"""Where what a sandbox is made of is kept: one folder per content, written aside and renamed."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from platformdirs import site_cache_path, user_cache_path

_APP = "glm-agent"


def cache_dir() -> Path:
    """The folder for root file systems and guest files; made when it is not there.

    For root it is the system's cache (/var/cache), because guests run as an ordinary user who cannot enter /root.
    """
    if os.geteuid() == 0 and "XDG_CACHE_HOME" not in os.environ:
        base = site_cache_path(_APP, appauthor=False)
    else:
        base = user_cache_path(_APP, appauthor=False)
    folder = base / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def build_lock(folder: Path, name: str = "build") -> Iterator[None]:
    """Held by the one process that builds something in `folder`; others wait. A dead holder holds nothing.

    Not re-entrant: what is made while another lock is held has a `name` of its own.
    """
    with (folder / f"{name}.lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove_unused(folders: Iterable[Path]) -> list[Path]:
    """Remove those of `folders` that no session uses; the ones removed. A session holds a shared lock on its own."""
    removed = []
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        finally:
            os.close(descriptor)
    return removed


def make_once(target: Path, make: Callable[[Path], None]) -> Path:
    """`target`, made by `make(draft)` when it is not there yet. It is never seen half-made.

    Raises:
        OSError: there is no room, or no permission; the draft is removed.
    """
    if target.exists():
        return target
    with build_lock(target.parent):
        if target.exists():  # another process was first
            return target
        for stale in target.parent.glob(f"{target.name}.draft-*"):
            shutil.rmtree(stale, ignore_errors=True)  # of a build that was killed; we hold the lock
        draft = target.with_name(f"{target.name}.draft-{os.getpid()}")
        draft.mkdir()
        try:
            make(draft)
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return target

"""How a sandbox's files are made: once, whole, and again when what they are made from changes."""

import multiprocessing
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from glm_sandbox.bubblewrap import find_bwrap
from glm_sandbox.cache import cache_dir, make_once, remove_unused
from glm_sandbox.guest_files import guest_folder, guest_sources
from glm_sandbox.image import packages, rootfs
from glm_sandbox.image.docker_image import BASE_REPOSITORY
from glm_sandbox.open import open_backend
from glm_sandbox.session import Session


def _count(draft: Path) -> None:
    with (draft.parent / "count").open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    (draft / "half").touch()
    time.sleep(0.2)  # the time in which another process would see it half-made
    (draft / "half").rename(draft / "whole")


def _make(target: Path) -> None:
    made = make_once(target, _count)
    assert [path.name for path in made.iterdir()] == ["whole"]


def test_two_processes_at_once_make_it_once(tmp_path: Path) -> None:
    """Two first runs on one machine must not build over each other."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_make, args=(tmp_path / "made",)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len((tmp_path / "count").read_text(encoding="ascii").splitlines()) == 1


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        (draft / "half").touch()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        make_once(tmp_path / "made", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["build.lock"]


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "made.draft-1").mkdir()
    make_once(tmp_path / "made", lambda draft: (draft / "x").touch())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build.lock", "made"]


def test_what_a_session_uses_is_not_removed() -> None:
    """`sandbox gc` of another release must not pull the files from under a running session."""
    guest = guest_folder()
    with Session(open_backend("bubblewrap"), preimport=()) as session:
        assert remove_unused([guest]) == []
        assert session.execute("1 + 1").value == "2"


def test_the_guest_s_files_are_there_and_readable_for_all() -> None:
    folder = guest_folder()
    for name, source in guest_sources().items():
        assert (folder / name).read_bytes() == source.read_bytes()
        assert (folder / name).stat().st_mode & 0o004


def test_the_hash_follows_what_it_is_made_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another requirement list, Python or font makes another root file system."""
    before = rootfs.rootfs_hash()
    assert before == rootfs.rootfs_hash()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("numpy\n", encoding="ascii")
    with monkeypatch.context() as patch:
        patch.setattr(packages, "REQUIREMENTS", requirements)
        assert rootfs.rootfs_hash() != before
    monkeypatch.setattr(rootfs, "find_fonts", lambda: [Path("/usr/share/fonts/other.ttf")])
    assert rootfs.rootfs_hash() != before


def test_the_root_holds_nothing_privileged() -> None:
    """No setuid file, nothing that others may write but /tmp, all readable by the guest's user."""
    root = rootfs.build_rootfs(print)
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            mode = Path(folder, name).lstat().st_mode
            if stat.S_ISLNK(mode):
                continue
            assert not mode & (stat.S_ISUID | stat.S_ISGID), name
            assert mode & stat.S_IROTH, name
            assert not mode & stat.S_IWOTH or Path(folder, name) == root / "tmp", name


def test_every_program_of_the_root_finds_its_libraries() -> None:
    """A program whose library was forgotten fails only when a model first calls it."""
    root = rootfs.build_rootfs(print)
    programs = sorted(f"/usr/bin/{path.name}" for path in (root / "usr/bin").iterdir())
    libraries = [
        f"/{path.relative_to(root)}"
        for path in (root / "opt/glm-agent/site-packages").rglob("*.so")
    ]
    script = (
        'for f in "$@"; do /lib64/ld-linux-x86-64.so.2 --list "$f" 2>&1 | sed "s|^|$f: |"; done'
    )
    if os.uname().machine != "x86_64":
        pytest.skip("the loader has another name here")
    uid = rootfs.GUEST_UID if os.geteuid() == 0 else None
    result = subprocess.run(
        [find_bwrap(), "--unshare-all", "--ro-bind", root, "/", "/bin/sh", "-c", script, "sh", *programs, *libraries],
        capture_output=True, encoding="utf-8", check=True, user=uid, group=uid, extra_groups=[] if uid else None,
    )  # fmt: skip
    missing = [line for line in result.stdout.splitlines() if "not found" in line]
    assert missing == []
    assert len(result.stdout.splitlines()) > 1000


def test_an_image_of_the_user_s_serves_as_well() -> None:
    """`--sandbox-image`: whatever has Python 3.11 or newer. Ours stands in for it, as no registry is asked here."""
    open_backend("docker")
    base = f"{BASE_REPOSITORY}:{rootfs.rootfs_hash()}"
    backend = open_backend("docker", image=base)
    with Session(backend, preimport=()) as session:
        assert session.execute("6 * 7").value == "42"
        result = session.execute("import os; os._exit(1)")
        assert result.variables == "rolled_back"


def test_the_cache_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "glm-agent/sandbox"

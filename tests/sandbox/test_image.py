"""How a sandbox's files are made: once, whole, and again when what they are made from changes."""

import contextlib
import gc
import hashlib
import io
import multiprocessing
import os
import re
import shutil
import stat
import subprocess
import tarfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from glm_sandbox.bubblewrap import find_bwrap
from glm_sandbox.cache import cache_dir, make_once, remove_unused
from glm_sandbox.docker import DockerBackend
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_UID, guest_folder, guest_sources
from glm_sandbox.image import packages, rootfs
from glm_sandbox.image.docker_image import BASE_REPOSITORY
from glm_sandbox.image.python_image import build_python_base
from glm_sandbox.open import open_backend
from glm_sandbox.sandbox import ResourceLimits
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
    uid = GUEST_UID if os.geteuid() == 0 else None
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


def test_an_image_of_the_user_s_that_changes_is_taken_up() -> None:
    """Made anew under its old name, it was not noticed: sessions went on with what it had been."""
    open_backend("docker")
    client = docker.from_env()
    base, name = f"{BASE_REPOSITORY}:{rootfs.rootfs_hash()}", "glm-agent-test-user:1"
    try:
        made = []
        for number in range(2):
            dockerfile = io.BytesIO(f"FROM {base}\nLABEL version={number}\n".encode())
            client.images.build(fileobj=dockerfile, tag=name, rm=True)
            made.append(DockerBackend(image=name).image)
        assert made[0] != made[1]
        assert DockerBackend(image=name).image == made[1]
        for image in (*made, name):
            client.images.remove(image)
    finally:
        client.close()


def test_an_image_without_python_is_an_error_and_leaves_nothing() -> None:
    """The socket that was attached to the container which could not start was left to the garbage collector."""
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    client = docker.from_env()
    try:
        client.api.import_image_from_data(empty.getvalue(), repository="glm-agent-test-empty")
        backend = DockerBackend(image="glm-agent-test-empty:latest")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            with pytest.raises(SandboxUnavailableError, match="python3"):
                Session(backend, preimport=())
            gc.collect()
        assert [str(warning.message) for warning in caught] == []
        for name in (backend.image, "glm-agent-test-empty:latest"):
            client.images.remove(name)
    finally:
        client.close()


def test_the_cache_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "glm-agent/sandbox"


def _content(root: Path) -> dict[str, tuple[int, bytes]]:
    """Path -> mode and digest of everything below a folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        name, mode = str(path.relative_to(root)), path.lstat().st_mode
        if path.is_symlink():
            found[name] = (mode, os.fsencode(path.readlink()))
        else:
            data = path.read_bytes() if path.is_file() else b""
            found[name] = (mode, hashlib.sha256(data).digest())
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_same_inputs_make_the_same_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Built twice, in two caches: every file, byte code and font list included, is the same."""
    tmp_path.chmod(0o755)
    contents = []
    for name in ("first", "second"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        contents.append(_content(rootfs.build_rootfs(print)))
    assert len(contents[0]) > 5000
    different = [path for path in contents[0] if contents[0][path] != contents[1].get(path)]
    assert different == []
    assert contents[0].keys() == contents[1].keys()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_same_inputs_make_the_same_image() -> None:
    """Imported and built twice: every layer has the same hash. The folders of the last had the time of the build."""
    client = docker.from_env()
    try:
        layers = []
        for _ in range(2):
            image = client.images.get(DockerBackend(print, rebuild=True).image)
            layers.append(image.attrs["RootFS"]["Layers"])
    finally:
        client.close()
    assert len(layers[0]) == 2
    assert layers[0] == layers[1]


def test_every_version_is_pinned() -> None:
    """Nothing comes in that the list does not name with its version: pip is told to take no dependencies."""
    lines = packages.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z][a-z-]*==[\d.]+", pin) for pin in pins)
    installed = rootfs.build_rootfs(print) / "opt/glm-agent/site-packages"
    have = {
        f"{path.name.removesuffix('.dist-info').replace('_', '-').lower()}"
        for path in installed.glob("*.dist-info")
    }
    assert have == {pin.replace("==", "-") for pin in pins}


@pytest.fixture
def python_image() -> Iterator[str]:
    """What `python:3.11-slim` is, as far as we need it: Debian with Python and no package of ours."""
    name = "glm-agent-test/python:3.11-slim"
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        pytest.skip("only root with mmdebstrap can make an image without a registry")
    client = docker.from_env(timeout=300)
    try:
        with subprocess.Popen(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3", "bookworm"],
            stdout=subprocess.PIPE,
        ) as debootstrap:
            assert debootstrap.stdout is not None
            pieces = iter(lambda: debootstrap.stdout.read(1 << 20), b"")  # type: ignore[union-attr]
            repository, tag = name.split(":")
            client.api.import_image_from_data(pieces, repository=repository, tag=tag)
        assert debootstrap.returncode == 0
        yield name
    finally:
        with contextlib.suppress(docker.errors.APIError):
            client.images.remove(name, force=True)
        client.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_python_image_becomes_a_base_with_all_packages(python_image: str) -> None:
    """The way of Docker Desktop and remote engines, whose machine is not ours: `python:3.x-slim` and wheels."""
    engine = docker.from_env(timeout=600)
    base = "glm-agent-test-base:1"
    try:
        build_python_base(
            engine, base, print, label="glm-agent.test", image=python_image, version="3.11"
        )
        backend = DockerBackend(print, image=base)
        with Session(backend, ResourceLimits(), preimport=()) as session:
            result = session.execute(
                "import matplotlib.pyplot as plt, numpy, pandas, scipy, sympy\nplt.plot([1, 2]); plt.title('温度');",
                timeout_s=60,
            )
            assert (result.status, result.stderr, len(result.displays)) == ("ok", "", 1), result
            assert session.execute("import os; os._exit(1)").variables == "rolled_back"
            session.put_file("x", b"1")
            assert session.get_file("x") == b"1"
        engine.images.remove(backend.image, force=True)
    finally:
        with contextlib.suppress(docker.errors.APIError):
            engine.images.remove(base, force=True)
        engine.close()

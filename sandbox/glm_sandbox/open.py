"""Which sandbox a run gets."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from glm_sandbox.backend import PREIMPORT, Backend
from glm_sandbox.bubblewrap import BubblewrapBackend
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.mirror import FolderMirror
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.session import Session
from glm_sandbox.unconfined import UnconfinedBackend

BackendName = Literal["auto", "docker", "bubblewrap", "off"]


def open_sandbox(
    backend: BackendName = "auto",
    *,
    limits: ResourceLimits | None = None,
    files: Mapping[str, bytes] | None = None,
    mirror_dir: Path | None = None,
    image: str | None = None,
    preimport: Sequence[str] = PREIMPORT,
    progress: Callable[[str], None] = lambda _: None,
) -> Session:
    """A fresh session; the caller closes it.

    Args:
        backend: `auto` takes Docker where an engine answers, else bubblewrap. A named one is taken or refused, never
            replaced by another. `off` is no sandbox at all, and never chosen by `auto`.
        limits: what the session may use.
        files: to put below /mnt/data, by their paths there.
        mirror_dir: where a copy of /mnt/data is kept that outlives this process; what it holds is put back in first.
        image: what containers are made from, with Python 3.11 or newer; our own when None. Docker only.
        preimport: modules that a session loads while it waits, so that the first import of them is fast.
        progress: gets a line for each step of the first start, which makes the image.

    Raises:
        SandboxUnavailableError: there is none; its remedy says how to get one.
        SandboxFileError: one of `files` cannot be put in.
        ValueError: there is no such back end.
    """
    chosen = open_backend(backend, image=image, progress=progress)
    mirror = None
    if mirror_dir is not None:
        try:
            mirror = FolderMirror(mirror_dir)
        except (OSError, ValueError) as error:
            raise SandboxUnavailableError(
                f"The copy of /mnt/data in {mirror_dir} cannot be used: {error}",
                "Give another folder.",
            ) from error
    session = Session(chosen, limits, mirror=mirror, preimport=preimport)
    try:
        for path, data in (files or {}).items():
            session.put_file(path, data)
    except BaseException:
        session.close()
        raise
    return session


def open_backend(
    name: BackendName,
    *,
    image: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Backend:
    """The back end `name`, ready to start guests; for several sessions of one.

    Raises:
        SandboxUnavailableError, ValueError: as `open_sandbox`.
    """
    if name not in get_args(BackendName):
        raise ValueError(
            f"there is no back end {name!r}; choose one of {', '.join(get_args(BackendName))}"
        )
    if name == "off":
        return UnconfinedBackend()
    if name == "bubblewrap":
        return BubblewrapBackend(progress)
    if name == "docker":
        return _docker(progress, image)
    try:
        return _docker(progress, image)
    except SandboxUnavailableError as no_docker:
        try:
            return BubblewrapBackend(progress)
        except SandboxUnavailableError as no_bubblewrap:
            raise SandboxUnavailableError(
                f"There is no sandbox, so no code is run. {no_docker.reason} {no_bubblewrap.reason}",
                f"Docker: {no_docker.remedy}\nbubblewrap: {no_bubblewrap.remedy}",
            ) from no_docker


def _docker(progress: Callable[[str], None], image: str | None) -> Backend:
    from glm_sandbox.docker import DockerBackend  # the docker package takes 0.2 s to load

    return DockerBackend(progress, image=image)

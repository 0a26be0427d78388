"""What the user can ask about sandboxes, and have done: status, build, clean up, attack. Nothing here prints."""

import contextlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from glm_sandbox import attacks
from glm_sandbox.bubblewrap import BubblewrapBackend, check_bwrap, find_bwrap
from glm_sandbox.cache import build_lock, cache_dir, remove_unused
from glm_sandbox.cgroups import remove_stale_groups
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import guest_hash
from glm_sandbox.image.rootfs import build_rootfs, current_builds, is_rootfs_built
from glm_sandbox.open import BackendName, open_backend
from glm_sandbox.session import Session


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """Whether a back end can be used on this machine.

    Attributes:
        name: `docker` or `bubblewrap`.
        is_available: whether a session could be started, its image being built first if need be.
        is_built: whether that image is there.
        detail: versions and places, or what is missing.
        remedy: what to do about it; empty when it is available.
        weaknesses: what it cannot enforce here, a sentence each.
    """

    name: str
    is_available: bool
    is_built: bool
    detail: str
    remedy: str = ""
    weaknesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Garbage:
    """What was left behind by runs that could not clean up, or by earlier releases, and has been removed."""

    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    control_groups: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()


def status() -> tuple[BackendStatus, ...]:
    """The isolating back ends, best first. Starts nothing and builds nothing."""
    return (_docker_status(), _bubblewrap_status())


def build_image(
    progress: Callable[[str], None] = lambda _: None,
    *,
    image: str | None = None,
    rebuild: bool = False,
) -> tuple[str, ...]:
    """Make everything that a session needs; what there is now, a line each.

    Args:
        progress: gets a line for each step.
        image: what containers are to be made from; our own when None.
        rebuild: make it anew even if it is there, with today's versions of the packages.

    Raises:
        SandboxUnavailableError: the root file system cannot be made.
    """
    if rebuild:
        with build_lock(cache_dir()):
            remove_unused(
                folder for folder in cache_dir().iterdir() if folder.name in current_builds()
            )
    there = []
    if image is None:
        there.append(f"root file system: {build_rootfs(progress)}")
    with contextlib.suppress(SandboxUnavailableError):
        from glm_sandbox.docker import DockerBackend  # the docker package takes 0.2 s to load
        from glm_sandbox.engine import find_engine

        find_engine()
        there.append(f"Docker image: {DockerBackend(progress, image=image, rebuild=rebuild).image}")
    return tuple(there)


def gc() -> Garbage:
    """Remove what is left of runs that have ended, and of earlier releases. Running sessions are not touched."""
    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    with contextlib.suppress(SandboxUnavailableError):
        from glm_sandbox.docker import collect_garbage

        containers, images = collect_garbage()
    with build_lock(cache_dir()):  # nobody builds meanwhile: drafts are of builds that were killed
        keep = {*current_builds(), f"guest-{guest_hash()}"}
        kinds = ("rootfs-*", "packages-*", "guest-*")
        folders = remove_unused(
            folder for kind in kinds for folder in cache_dir().glob(kind) if folder.name not in keep
        )
    return Garbage(containers, images, tuple(remove_stale_groups()), tuple(folders))


def run_attacks(
    backend: BackendName,
    on_result: Callable[[attacks.AttackResult], None] = lambda _: None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[attacks.AttackResult]:
    """Put a back end of this machine to the test.

    Args:
        backend: which.
        on_result: called as each attack is over.
        progress: gets a line for each step of making the image.

    Raises:
        SandboxUnavailableError: it cannot be started.
    """
    chosen = open_backend(backend, progress=progress)
    return attacks.run_attacks(
        lambda limits: Session(chosen, limits, preimport=()), on_result=on_result
    )


def _docker_status() -> BackendStatus:
    from glm_sandbox.docker import describe_engine

    try:
        detail, weaknesses, is_built = describe_engine()
    except SandboxUnavailableError as error:
        return BackendStatus("docker", False, False, error.reason, error.remedy)
    return BackendStatus("docker", True, is_built, detail, "", weaknesses)


def _bubblewrap_status() -> BackendStatus:
    try:
        bwrap = find_bwrap()
        check_bwrap(bwrap)
    except SandboxUnavailableError as error:
        return BackendStatus("bubblewrap", False, is_rootfs_built(), error.reason, error.remedy)
    version = subprocess.run(
        [str(bwrap), "--version"], capture_output=True, encoding="utf-8", check=False
    )
    detail = f"{version.stdout.strip() or 'bubblewrap'} at {bwrap}"
    return BackendStatus(
        "bubblewrap", True, is_rootfs_built(), detail, "", BubblewrapBackend.weaknesses_here()
    )

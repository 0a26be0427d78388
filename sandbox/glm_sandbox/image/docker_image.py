"""The image of the Docker back end: a base, and one layer with the guest's own files.

The base is the root file system that also serves bubblewrap, imported: no registry is asked. Where none can be made that
the engine could run, it is made from `python:3.x-slim`. Or it is an image of the user's, which needs nothing but Python
3.11 or newer.
"""

import contextlib
import hashlib
import io
import os
import platform
import re
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
from docker.errors import APIError, BuildError, ImageNotFound

from glm_sandbox.cache import build_lock, cache_dir
from glm_sandbox.engine import machine_of
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT, guest_folder, guest_hash
from glm_sandbox.image.python_image import build_python_base
from glm_sandbox.image.rootfs import build_rootfs, can_build_rootfs, rootfs_hash
from glm_sandbox.image.tar import owned_by_root

REPOSITORY = "glm-agent-sandbox"
BASE_REPOSITORY = "glm-agent-sandbox-base"
HASH_LABEL = "glm-agent.sandbox.content"
_PIECE_BYTES = 1 << 20


def image_name(base: str | None) -> str:
    """The name of this release's image over `base`; over our own base when None."""
    content = hashlib.sha256(f"{base or rootfs_hash()}\0{guest_hash()}".encode()).hexdigest()[:16]
    return f"{REPOSITORY}:{content}"


def ensure_image(
    client: docker.DockerClient,
    progress: Callable[[str], None],
    *,
    base: str | None = None,
    rebuild: bool = False,
) -> str:
    """The name of an image with this release's guest in it; made when the engine has none.

    Args:
        client: of the engine.
        progress: gets a line for each step.
        base: the user's image; ours when None.
        rebuild: make it even if it is there.

    Raises:
        SandboxUnavailableError: it cannot be made.
        DockerException: the engine fails.
    """
    name = image_name(base and _identity(client, base))
    if not rebuild and has_image(client, name):
        return name
    with build_lock(cache_dir(), "image"):
        if rebuild or not has_image(client, name):  # another process may have been first
            _build(client, name, base, progress, rebuild)
    return name


def remove_old_images(client: docker.DockerClient) -> list[str]:
    """Remove the images of earlier releases; their names. Those in use stay."""
    keep = {f"{BASE_REPOSITORY}:{rootfs_hash()}"}
    removed = []
    for image in client.images.list(filters={"label": HASH_LABEL}):
        for tag in image.tags:
            ours = tag.startswith((f"{REPOSITORY}:", f"{BASE_REPOSITORY}:"))
            if (
                ours
                and tag not in keep
                and image.labels.get("glm-agent.sandbox.guest") != guest_hash()
            ):
                with contextlib.suppress(APIError):  # a container still uses it
                    client.images.remove(tag)
                    removed.append(tag)
    return removed


def _build(
    client: docker.DockerClient,
    name: str,
    base: str | None,
    progress: Callable[[str], None],
    rebuild: bool,
) -> None:
    if base is None:
        base = _ensure_base(client, progress, rebuild)
    progress(f"Adding the guest's files to {base}")
    dockerfile = (
        f"FROM {base}\n"
        "ADD guest.tar /\n"  # COPY would give the folders the time of the build, and each build another hash
        f"LABEL {HASH_LABEL}={name.partition(':')[2]} glm-agent.sandbox.guest={guest_hash()}\n"
    )
    try:
        # An image of the user's that is not there is pulled by the engine; ours never needs a registry
        client.images.build(
            fileobj=_context(dockerfile),
            custom_context=True,
            tag=name,
            rm=True,
            forcerm=True,
            network_mode="none",
        )
    except (BuildError, APIError) as error:
        raise SandboxUnavailableError(
            f"The sandbox's image cannot be made from {base}: {error}",
            f"See that the engine has the image: `docker pull {base}`, or leave --sandbox-image out.",
        ) from error


def _ensure_base(
    client: docker.DockerClient, progress: Callable[[str], None], rebuild: bool
) -> str:
    base = f"{BASE_REPOSITORY}:{rootfs_hash()}"
    if not rebuild and has_image(client, base):
        return base
    engine = client.info()
    here = sys.platform, platform.machine()
    if (engine.get("OSType"), machine_of(engine)) != here or not can_build_rootfs():
        build_python_base(client, base, progress, label=HASH_LABEL)
        return base
    root = build_rootfs(progress)
    progress("Importing it into Docker")
    answer = client.api.import_image_from_data(
        _stream_tar(root),
        repository=BASE_REPOSITORY,
        tag=rootfs_hash(),
        changes=[f"LABEL {HASH_LABEL}={rootfs_hash()}"],
    )
    if not has_image(client, base):  # podman 4 imports it as `latest`, whatever the tag
        client.images.get(re.findall("[0-9a-f]{64}", answer)[-1]).tag(
            BASE_REPOSITORY, rootfs_hash()
        )
    return base


def _identity(client: docker.DockerClient, image: str) -> str:
    """What a user's image is now: the same name may stand for another one tomorrow. Its name, until it is pulled."""
    try:
        return str(client.images.get(image).id)
    except ImageNotFound:
        return image


def has_image(client: docker.DockerClient, name: str) -> bool:
    """Whether the engine has an image of that name."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _context(dockerfile: str) -> io.BytesIO:
    """The build context: a Dockerfile and an archive of the guest's files."""
    guest = io.BytesIO()
    with tarfile.open(fileobj=guest, mode="w") as tar:
        tar.add(guest_folder(), GUEST_ROOT, filter=owned_by_root)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in (
            ("Dockerfile", dockerfile.encode("utf-8")),
            ("guest.tar", guest.getvalue()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def _stream_tar(root: Path) -> Iterator[bytes]:
    """The root file system as a tar stream, owned by root whoever made it."""
    read_end, write_end = os.pipe()

    def write() -> None:
        # The reader may go away early: a broken pipe ends this thread, and the engine has told the reader why
        with (
            contextlib.suppress(BrokenPipeError),
            os.fdopen(write_end, "wb") as pipe,
            tarfile.open(fileobj=pipe, mode="w|", bufsize=_PIECE_BYTES) as tar,
        ):
            tar.add(root, ".", filter=owned_by_root)

    writer = threading.Thread(target=write, name="glm-sandbox-tar")
    writer.start()
    try:
        with os.fdopen(read_end, "rb") as pipe:
            while data := pipe.read(_PIECE_BYTES):
                yield data
    finally:
        writer.join()

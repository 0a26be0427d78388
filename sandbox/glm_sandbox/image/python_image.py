"""A base image out of `python:3.x-slim`, for engines whose machine is not like this one: Docker Desktop, a remote engine.

pip fetches the wheels here, with the user's own settings and for the engine's kind of machine; the image compiles them
with its own Python. The engine pulls the Python image from its registry; no step of the build has a network.
"""

import io
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import APIError, BuildError

from glm_sandbox.engine import machine_of
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT, GUEST_UID
from glm_sandbox.image.packages import FONT_LIST, fetch_packages, find_fonts
from glm_sandbox.image.tar import owned_by_root

PYTHON_IMAGE, PYTHON_VERSION = "python:3.12-slim", "3.12"

_DOCKERFILE = """\
FROM {image}
COPY --chown=0:0 tree/ /
RUN python3 -I -m compileall -q -j 0 --invalidation-mode unchecked-hash {root}/site-packages || true; \
    MPLCONFIGDIR={root}/matplotlib HOME=/tmp python3 -I {root}/font_list.py {root}/site-packages {root}/matplotlib {fonts} \
    && rm {root}/font_list.py && chmod -R go+rX {root} && chmod 0700 /mnt/data && chown {uid}:{uid} /mnt/data
LABEL {label}={tag}
"""


def build_python_base(
    client: docker.DockerClient,
    name: str,
    progress: Callable[[str], None],
    *,
    label: str,
    image: str = PYTHON_IMAGE,
    version: str = PYTHON_VERSION,
) -> None:
    """Make the image `name`: a Python image with the packages of a sandbox, byte code, a font and Matplotlib's list of it.

    Args:
        client: of the engine.
        name: repository and tag of what is made.
        progress: gets a line for each step.
        label: that the image gets, with the tag as its value.
        image: with Python `version` as `python3`; pulled by the engine when it has none of that name.
        version: of its Python.

    Raises:
        SandboxUnavailableError: pip or the engine cannot get what is needed.
    """
    machine = machine_of(client.info())
    fonts = find_fonts()
    dockerfile = _DOCKERFILE.format(
        image=image, root=GUEST_ROOT, fonts=" ".join(map(str, fonts)), uid=GUEST_UID, label=label,
        tag=name.partition(":")[2],
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="glm-agent-") as folder:
        tree = Path(folder)
        ours = tree / GUEST_ROOT.lstrip("/")
        for path in (ours / "matplotlib", tree / "mnt/data"):
            path.mkdir(parents=True)
        fetch_packages(ours / "site-packages", progress, target=(version, machine))
        (ours / "font_list.py").write_text(FONT_LIST, encoding="utf-8")
        for font in fonts:
            copy = tree / str(font).lstrip("/")
            copy.parent.mkdir(parents=True)
            shutil.copyfile(font, copy)
        progress(f"Building on {image}")
        with tempfile.TemporaryFile() as context:
            with tarfile.open(fileobj=context, mode="w") as tar:
                entry = tarfile.TarInfo("Dockerfile")
                entry.size = len(dockerfile)
                tar.addfile(entry, io.BytesIO(dockerfile.encode("utf-8")))
                tar.add(tree, "tree", filter=owned_by_root)
            context.seek(0)
            try:
                client.images.build(
                    fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, network_mode="none"
                )  # fmt: skip
            except (BuildError, APIError) as error:
                raise SandboxUnavailableError(
                    f"The sandbox's image cannot be made from {image}: {error}",
                    f"See that the engine can get it: `docker pull {image}`.",
                ) from error

"""Which container engine there is, and how it is spoken to: Docker, rootless Docker, podman's socket, or a remote one."""

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import DockerException

from glm_sandbox.errors import SandboxUnavailableError

REMEDY = (
    "Install and start Docker (Debian: `apt-get install docker.io`), or let this user reach its socket"
    " (`usermod -aG docker $USER`), or set DOCKER_HOST."
)
_PING_S = 5
_OLDEST_API = "1.24"  # to ask an engine which it speaks


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that has answered.

    Attributes:
        address: of its socket; None when DOCKER_HOST and its kin say it.
        api_version: that it speaks.
        is_podman: whether it is podman, whose API takes less of a tmpfs.
    """

    address: str | None
    api_version: str
    is_podman: bool = False

    @property
    def place(self) -> str:
        """The address, for a person."""
        return self.address or os.environ.get("DOCKER_HOST", "")

    def connect(self, timeout_s: int) -> docker.DockerClient:
        """A client, which the caller closes.

        Raises:
            OSError: nobody listens at the address any more.
        """
        self.probe()
        return _connect(self.address, timeout_s, self.api_version)

    def probe(self) -> None:
        """See that somebody listens: docker-py leaks a socket with each call that finds nobody.

        Raises:
            OSError: nobody does.
        """
        _try_socket(self.place)


def find_engine() -> Engine:
    """The engine that answers first.

    Raises:
        SandboxUnavailableError: none does.
    """
    problems = []
    for address in _candidates():
        place = address or os.environ["DOCKER_HOST"]
        try:
            _try_socket(place)
            # Asked for its version by a call of our own: docker-py's constructor leaks a socket when its call fails
            with contextlib.closing(_connect(address, _PING_S, _OLDEST_API)) as client:
                version = client.api.version(api_version=False)
            parts = [part.get("Name", "") for part in version.get("Components") or ()]
            return Engine(address, version["ApiVersion"], "Podman Engine" in parts)
        except (DockerException, requests.RequestException, OSError, ValueError) as error:
            problems.append(f"{place}: {_first_line(error)}")
    raise SandboxUnavailableError("No Docker engine answers (" + "; ".join(problems) + ").", REMEDY)


def _connect(address: str | None, timeout_s: int, version: str) -> docker.DockerClient:
    if address is None:
        return docker.from_env(timeout=timeout_s, version=version)
    return docker.DockerClient(base_url=address, timeout=timeout_s, version=version)


def _try_socket(address: str) -> None:
    """See that somebody listens at a local address.

    Raises:
        OSError: nobody does.
    """
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_PING_S)
            probe.connect("/" + address.removeprefix("unix://").lstrip("/"))


def machine_of(info: dict[str, Any]) -> str:
    """The kind of machine of an engine that describes itself so, as `platform.machine()` would name it on Linux."""
    name = str(info.get("Architecture"))
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)  # podman uses Go's names


@contextlib.contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn the engine's errors into ours."""
    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        raise SandboxUnavailableError(f"{what}: {_first_line(error)}", REMEDY) from error


def _candidates() -> list[str | None]:
    """Addresses to try; only DOCKER_HOST (or podman's CONTAINER_HOST) where the user has set it."""
    if os.environ.get("DOCKER_HOST"):
        return [None]
    if container_host := os.environ.get("CONTAINER_HOST"):
        return [container_host]
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    sockets = [
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        str(Path.home() / ".docker/run/docker.sock"),
        f"{runtime}/podman/podman.sock",
    ]
    there: list[str | None] = [f"unix://{path}" for path in sockets if Path(path).exists()]
    if not there:
        there.append("unix:///var/run/docker.sock")  # for the error that names it
    return there


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]

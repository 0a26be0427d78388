"""Guests in containers: Docker, rootless Docker, or podman's socket.

Covers: no network, a read-only root, files only in sized tmpfs with inode limits, no capabilities, no new privileges,
an ordinary user, limits on processes, memory and CPU, no log that grows, nothing of the host mounted, the engine's
seccomp profile and our own on top. Files travel in frames, so that no host path is ever shared, and a remote engine
works as well as a local one.
Does not cover: bugs of the kernel and the engine; who may use the engine's socket is root on its machine, but the
socket is never in the container.
"""

import contextlib
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.types import LogConfig, Ulimit

from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT
from glm_sandbox.image.docker_image import ensure_image, has_image, image_name, remove_old_images
from glm_sandbox.image.rootfs import GUEST_UID
from glm_sandbox.owner import is_gone, this_process
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.transport import Transport, TransportClosedError
from glm_sandbox.unconfined import session_options

LABEL = "glm-agent.sandbox"
OWNER_LABEL = "glm-agent.sandbox.owner"
REMEDY = (
    "Install and start Docker (Debian: `apt-get install docker.io`), or let this user reach its socket"
    " (`usermod -aG docker $USER`), or set DOCKER_HOST."
)
_TIMEOUT_S = 60
_PING_S = 5
_TMP_BYTES, _SHM_BYTES = 64 << 20, 16 << 20
_REMOVE_S = 10
_GVISOR, _GVISOR_PROCESSES = "runsc", 256
_STREAM_HEADER = struct.Struct(">BxxxI")  # stream (1 stdout, 2 stderr), length
_STDOUT = 1


class DockerBackend:
    """The back end `docker`."""

    name = "docker"

    def __init__(
        self,
        progress: Callable[[str], None] = lambda _: None,
        *,
        image: str | None = None,
        rebuild: bool = False,
    ) -> None:
        """Find an engine, and make the image if need be.

        Args:
            progress: gets a line for each step of making the image.
            image: what guests are made from, with Python 3.11 or newer as `python3`; our own when None.
            rebuild: make the image even if there is one.

        Raises:
            SandboxUnavailableError: no engine answers, or it cannot make the image.
        """
        self._host = find_engine()
        with (
            engine_errors("The sandbox's image cannot be made"),
            contextlib.closing(self._client()) as client,
        ):
            self._info: dict[str, Any] = client.info()
            self.runtime = _GVISOR if _GVISOR in (self._info.get("Runtimes") or {}) else None
            self.image = ensure_image(client, progress, base=image, rebuild=rebuild)
            remove_stale(client)

    @cached_property
    def weaknesses(self) -> tuple[str, ...]:
        weaknesses = weaknesses_of(self._info)
        if self.runtime == _GVISOR:
            weaknesses += (
                f"Under gVisor a session may have {_GVISOR_PROCESSES} processes: its own count as well.",
            )
        return weaknesses

    def start(self, limits: ResourceLimits, preimport: Sequence[str]) -> Transport:
        options = session_options(limits, preimport)
        with engine_errors("The sandbox's container cannot be started"):
            try_socket(self._host or os.environ["DOCKER_HOST"])
            client = self._client()
            try:
                return ContainerTransport(
                    client, self._container_arguments(limits, options.to_json())
                )
            except BaseException:
                client.close()
                raise

    def _container_arguments(self, limits: ResourceLimits, options: str) -> dict[str, Any]:
        owned = f"uid={GUEST_UID},gid={GUEST_UID}"
        processes = limits.processes
        if self.runtime == _GVISOR:  # its own threads count, some forty of them when idle
            processes = max(processes, _GVISOR_PROCESSES)
        arguments: dict[str, Any] = {
            "runtime": self.runtime,
            "image": self.image,
            "entrypoint": ["python3", "-I", "-B", f"{GUEST_ROOT}/start.py", options],
            "command": [],
            "stdin_open": True,
            "auto_remove": True,
            "user": f"{GUEST_UID}:{GUEST_UID}",
            "working_dir": "/",
            "hostname": "sandbox",
            "labels": {LABEL: "session", OWNER_LABEL: this_process()},
            "network_mode": "none",
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "ipc_mode": "private",
            "init": False,
            "log_config": LogConfig(type="none"),
            "shm_size": _SHM_BYTES,
            "ulimits": [Ulimit(name="core", soft=0, hard=0)],
            "tmpfs": {
                "/tmp": f"size={_TMP_BYTES},nr_inodes=4096,mode=1777,nosuid,nodev",
                "/mnt/data": f"size={limits.data_bytes},nr_inodes={limits.data_inodes},mode=0700,{owned},nosuid,nodev",
            },
        }
        if self._info.get("MemoryLimit"):
            arguments["mem_limit"] = limits.memory_bytes
            if self._info.get("SwapLimit"):
                arguments["memswap_limit"] = (
                    limits.memory_bytes
                )  # memory and swap together: no swap
        if self._info.get("PidsLimit"):
            arguments["pids_limit"] = processes
        if self._info.get("CpuCfsQuota"):
            arguments["nano_cpus"] = int(limits.cpus * 1e9)
        return arguments

    def _client(self) -> docker.DockerClient:
        return connect(self._host, _TIMEOUT_S)


class ContainerTransport:
    """A container that is spoken to through its stdin and stdout."""

    def __init__(self, client: docker.DockerClient, arguments: dict[str, Any]) -> None:
        """Create, attach and start; nothing is left behind when that fails.

        Raises:
            DockerException: the engine says no.
        """
        self._client = client
        self._raw = bytearray()
        self._words = bytearray()
        self._is_killed = False
        container = client.containers.create(**arguments)
        self._id = str(container.id)
        try:
            # Attached before it starts, so that no byte is missed. When this connection ends, in whatever way, the
            # engine closes the guest's stdin, the guest ends, and the engine removes the container.
            self._attached = container.attach_socket(
                params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            # what docker-py hands out differs by kind of connection; underneath is a socket
            self._socket: socket.socket = getattr(self._attached, "_sock", self._attached)  # type: ignore[arg-type]
            self._socket.setblocking(False)
            container.start()
        except BaseException:
            self._remove()
            raise

    def send(self, data: bytes, timeout_s: float) -> None:
        view = memoryview(data)
        end = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_WRITE)
            while view:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise TransportClosedError("the container does not read any more")
                try:
                    view = view[self._socket.send(view) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise TransportClosedError("the container is gone") from error

    def receive(self, timeout_s: float) -> bytes | None:
        end = time.monotonic() + timeout_s
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._socket, selectors.EVENT_READ)
                while selector.select(max(0.0, end - time.monotonic())):
                    try:
                        data = self._socket.recv(1 << 18)
                    except BlockingIOError:
                        continue
                    if not data:
                        return b""
                    if payload := self._unwrap(data):
                        return payload
        except (OSError, ValueError):  # closed by `kill` in another thread
            return b""
        return None

    def kill(self) -> None:
        if self._is_killed:
            return
        self._is_killed = True
        self._remove()

    def close(self) -> None:
        self.kill()
        with contextlib.suppress(OSError):
            self._attached.close()
            self._socket.close()
        self._client.close()

    def diagnostics(self) -> str:
        return self._words.decode("utf-8", "replace").strip()

    def _unwrap(self, data: bytes) -> bytes:
        """Take the engine's framing off; what is stderr goes to the diagnostics."""
        self._raw += data
        payload = bytearray()
        while len(self._raw) >= _STREAM_HEADER.size:
            stream, length = _STREAM_HEADER.unpack_from(self._raw)
            end = _STREAM_HEADER.size + length
            if len(self._raw) < end:
                break
            piece = self._raw[_STREAM_HEADER.size : end]
            del self._raw[:end]
            if stream == _STDOUT:
                payload += piece
            else:
                self._words += piece
                del self._words[: -(16 << 10)]
        return bytes(payload)

    def _remove(self) -> None:
        """Remove the container, and see that it is gone: the engine may be at it already."""
        self._client.api.timeout = _REMOVE_S  # a frozen engine must not hold us for long
        end = time.monotonic() + _REMOVE_S
        while time.monotonic() < end:
            try:
                self._client.api.remove_container(self._id, force=True, v=True)
            except NotFound:
                return
            except APIError:
                time.sleep(0.02)  # "removal is already in progress"
            except (DockerException, requests.RequestException):
                return  # the engine is gone; the label tells the next start what to remove


def weaknesses_of(info: dict[str, Any]) -> tuple[str, ...]:
    """What an engine that describes itself so cannot enforce, a sentence each."""
    missing = []
    for key, sentence in (
        ("MemoryLimit", "Memory is not limited: the engine has no memory control group."),
        (
            "PidsLimit",
            "The number of processes is not limited: the engine has no pids control group.",
        ),
        ("CpuCfsQuota", "CPU is not limited: the engine has no CPU control group."),
    ):
        if not info.get(key):
            missing.append(sentence)
    if not any("seccomp" in option for option in info.get("SecurityOptions") or ()):
        missing.append("The engine applies no seccomp profile; only our own filter holds.")
    return tuple(missing)


def describe_engine() -> tuple[str, tuple[str, ...], bool]:
    """(version and address, weaknesses, whether our image is there) of the engine that would be used.

    Raises:
        SandboxUnavailableError: none answers.
    """
    host = find_engine()
    with (
        engine_errors("The engine does not answer"),
        contextlib.closing(connect(host, _PING_S)) as client,
    ):
        info = client.info()
        version = f"{info.get('ServerVersion')} at {host or os.environ.get('DOCKER_HOST')}"
        return f"Docker {version}", weaknesses_of(info), has_image(client, image_name(None))


def collect_garbage() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove containers without an owner and images of earlier releases; (their ids, their names).

    Raises:
        SandboxUnavailableError: no engine answers.
    """
    host = find_engine()
    with (
        engine_errors("The engine does not answer"),
        contextlib.closing(connect(host, _TIMEOUT_S)) as client,
    ):
        return tuple(remove_stale(client)), tuple(remove_old_images(client))


def find_engine() -> str | None:
    """Where an engine answers: an address, or None for what the environment says.

    Raises:
        SandboxUnavailableError: none does.
    """
    problems = []
    for host in _candidates():
        try:
            try_socket(host or os.environ["DOCKER_HOST"])
            with contextlib.closing(connect(host, _PING_S)) as client:
                client.ping()
            return host
        except (DockerException, requests.RequestException, OSError, ValueError) as error:
            problems.append(f"{host or os.environ.get('DOCKER_HOST')}: {_first_line(error)}")
    raise SandboxUnavailableError("No Docker engine answers (" + "; ".join(problems) + ").", REMEDY)


def try_socket(address: str) -> None:
    """See that somebody listens at a local address: docker-py leaks a socket for each attempt that fails.

    Raises:
        OSError: nobody does.
    """
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_PING_S)
            probe.connect("/" + address.removeprefix("unix://").lstrip("/"))


def connect(host: str | None, timeout_s: int) -> docker.DockerClient:
    """A client of the engine at `host`; of the one that DOCKER_HOST names when None."""
    if host is None:
        return docker.from_env(timeout=timeout_s)
    return docker.DockerClient(base_url=host, timeout=timeout_s)


def remove_stale(client: docker.DockerClient) -> list[str]:
    """Remove containers whose owner, a process of this machine, has ended; their ids.

    A container ends by itself when its owner does; this is for those that could not, after a crash of the engine, say.
    """
    removed = []
    for container in client.containers.list(
        all=True, filters={"label": LABEL}, ignore_removed=True
    ):
        if is_gone(container.labels.get(OWNER_LABEL, "")):
            with contextlib.suppress(APIError):  # gone by now
                container.remove(force=True, v=True)
                removed.append(str(container.id))
    return removed


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

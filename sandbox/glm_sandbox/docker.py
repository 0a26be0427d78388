"""Guests in containers: Docker, rootless Docker, or podman's socket.

Covers: no network, a read-only root, files only in sized tmpfs with inode limits, no capabilities, no new privileges,
an ordinary user, limits on processes, memory and CPU, no log that grows, nothing of the host mounted, the engine's
seccomp profile and our own on top. Files travel in frames, so that no host path is ever shared, and a remote engine
works as well as a local one.
Does not cover: bugs of the kernel and the engine; who may use the engine's socket is root on its machine, but the
socket is never in the container.
"""

import contextlib
import secrets
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.types import LogConfig, Ulimit

from glm_sandbox.engine import Engine, engine_errors, find_engine
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT, GUEST_UID
from glm_sandbox.image.docker_image import ensure_image, has_image, image_name, remove_old_images
from glm_sandbox.owner import is_gone, this_process
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.transport import Transport, TransportClosedError, is_ready
from glm_sandbox.unconfined import session_options

LABEL = "glm-agent.sandbox"
OWNER_LABEL = "glm-agent.sandbox.owner"
_TIMEOUT_S = 60
_TMP_BYTES, _SHM_BYTES = 64 << 20, 16 << 20
_REMOVE_S = 10
_OPEN_FILES, _USER_PROCESSES = 1024, 4096  # the latter of all sessions together
_GVISOR, _GVISOR_PROCESSES = "runsc", 256
_STREAM_HEADER = struct.Struct(">BxxxI")  # stream (1 stdout, 2 stderr), length
_STDOUT = 1
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


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
        self._engine = find_engine()
        self._abandoned: list[str] = []  # names of containers whose creation failed
        with (
            engine_errors("The sandbox's image cannot be made"),
            contextlib.closing(self._engine.connect(_TIMEOUT_S)) as client,
        ):
            self._info: dict[str, Any] = client.info()
            # podman names all runtimes that it has heard of, whether they are there or not
            has_gvisor = not self._engine.is_podman and _GVISOR in (
                self._info.get("Runtimes") or {}
            )
            self.runtime = _GVISOR if has_gvisor else None
            self.image = ensure_image(client, progress, base=image, rebuild=rebuild)
            remove_stale(client)

    @cached_property
    def weaknesses(self) -> tuple[str, ...]:
        weaknesses = weaknesses_of(self._info)
        if self._engine.is_podman:
            weaknesses += (
                "The number of files in /mnt/data is limited by its size only: podman takes no limit of inodes.",
            )
        if self.runtime == _GVISOR:
            weaknesses += (
                f"Under gVisor a session may have {_GVISOR_PROCESSES} processes: its own count as well.",
            )
        return weaknesses

    def start(self, limits: ResourceLimits, preimport: Sequence[str]) -> Transport:
        options = session_options(
            limits,
            preimport,
            rlimit_memory=not holds(self._info, "MemoryLimit"),
            rlimit_processes=not holds(self._info, "PidsLimit"),
        )
        arguments = self._container_arguments(limits, options.to_json())
        try:
            with engine_errors("The sandbox's container cannot be started"):
                transport = ContainerTransport(self._engine, arguments)
        except SandboxUnavailableError:
            self._abandoned.append(arguments["name"])
            raise
        self._remove_abandoned()
        return transport

    def _remove_abandoned(self) -> None:
        """Remove what an engine that did not answer in time may have made all the same when it could again."""
        names, self._abandoned = self._abandoned, []
        if names:
            with (
                contextlib.suppress(DockerException, requests.RequestException, OSError),
                contextlib.closing(self._engine.connect(_TIMEOUT_S)) as client,
            ):
                for name in names:
                    with contextlib.suppress(NotFound):
                        client.api.remove_container(name, force=True, v=True)

    def _container_arguments(self, limits: ResourceLimits, options: str) -> dict[str, Any]:
        processes = limits.processes
        if self.runtime == _GVISOR:  # its own threads count, some forty of them when idle
            processes = max(processes, _GVISOR_PROCESSES)
        arguments: dict[str, Any] = {
            "name": f"glm-agent-{secrets.token_hex(8)}",
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
            "ulimits": self._ulimits(),
            "tmpfs": self._tmpfs(limits),
        }
        if holds(self._info, "MemoryLimit"):
            arguments["mem_limit"] = limits.memory_bytes
            if holds(self._info, "SwapLimit"):
                arguments["memswap_limit"] = (
                    limits.memory_bytes
                )  # memory and swap together: no swap
        if holds(self._info, "PidsLimit"):
            arguments["pids_limit"] = processes
        if holds(self._info, "CpuCfsQuota"):
            arguments["nano_cpus"] = int(limits.cpus * 1e9)
        return arguments

    def _ulimits(self) -> list[Ulimit]:
        limits = {"core": 0}
        if (
            self._engine.is_podman
        ):  # it would ask for a million of each, which not every machine lets it
            limits |= {"nofile": _OPEN_FILES, "nproc": _USER_PROCESSES}
        return [Ulimit(name=name, soft=value, hard=value) for name, value in limits.items()]

    def _tmpfs(self, limits: ResourceLimits) -> dict[str, str]:
        if (
            self._engine.is_podman
        ):  # it refuses options that it does not know, inodes and owner among them
            options = "mode=1777,nosuid,nodev,U"  # U: owned by the user inside
            return {
                "/tmp": f"size={_TMP_BYTES},{options}",
                "/mnt/data": f"size={limits.data_bytes},{options}",
            }
        owner = f"uid={GUEST_UID},gid={GUEST_UID}"
        return {
            "/tmp": f"size={_TMP_BYTES},nr_inodes=4096,mode=1777,nosuid,nodev",
            "/mnt/data": f"size={limits.data_bytes},nr_inodes={limits.data_inodes},mode=0700,{owner},nosuid,nodev",
        }


class ContainerTransport:
    """A container that is spoken to through its stdin and stdout."""

    def __init__(self, engine: Engine, arguments: dict[str, Any]) -> None:
        """Create, attach and start; nothing is left behind when that fails.

        Raises:
            DockerException, OSError: the engine says no, or is gone.
        """
        self._engine = engine
        self._client = engine.connect(_TIMEOUT_S)
        self._raw = bytearray()
        self._words = bytearray()
        self._is_killed = False
        with contextlib.ExitStack() as undo:
            undo.callback(self._client.close)
            container = self._client.containers.create(**arguments)
            self._id = str(container.id)
            undo.callback(self._remove)
            # Attached before it starts, so that no byte is missed. When this connection ends, in whatever way, the
            # engine closes the guest's stdin, the guest ends, and the engine removes the container.
            self._attached = container.attach_socket(
                params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            undo.callback(self._attached.close)
            # what docker-py hands out differs by kind of connection; underneath is a socket
            self._socket: socket.socket = getattr(self._attached, "_sock", self._attached)  # type: ignore[arg-type]
            undo.callback(self._socket.close)  # the client knows nothing of it any more
            self._socket.setblocking(False)
            container.start()
            undo.pop_all()

    def send(self, data: bytes, timeout_s: float) -> None:
        view = memoryview(data)
        end = time.monotonic() + timeout_s
        while view:
            try:
                view = view[self._socket.send(view) :]
            except _NOT_YET:
                if not is_ready(self._socket.fileno(), select.POLLOUT, end):
                    raise TransportClosedError("the container does not read any more") from None
            except OSError as error:
                raise TransportClosedError("the container is gone") from error

    def receive(self, timeout_s: float) -> bytes | None:
        end = time.monotonic() + timeout_s
        try:
            while True:
                try:
                    data = self._socket.recv(1 << 18)
                except _NOT_YET:  # tried first: TLS may hold bytes that have left the socket
                    if not is_ready(self._socket.fileno(), select.POLLIN, end):
                        return None
                    continue
                if not data:
                    return b""
                if payload := self._unwrap(data):
                    return payload
        except (OSError, ValueError):  # gone, or closed
            return b""

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
                self._engine.probe()
                self._client.api.remove_container(self._id, force=True, v=True)
            except NotFound:
                return
            except APIError:
                time.sleep(0.02)  # "removal is already in progress"
            except (DockerException, requests.RequestException, OSError):
                return  # the engine is gone; the label tells the next start what to remove


def holds(info: dict[str, Any], limit: str) -> bool:
    """Whether an engine that describes itself so enforces `limit`: MemoryLimit, SwapLimit, PidsLimit or CpuCfsQuota."""
    if info.get("Rootless") and info.get("CgroupVersion") == "1":
        return False  # podman says that it has them, and ignores them
    return bool(info.get(limit))


def weaknesses_of(info: dict[str, Any]) -> tuple[str, ...]:
    """What an engine that describes itself so cannot enforce, a sentence each."""
    missing = []
    for limit, sentence in (
        ("MemoryLimit", "Memory is limited per process, not for the session: the engine has no memory control group."),
        ("PidsLimit", "Processes are limited per user, not for the session: the engine has no pids control group."),
        ("CpuCfsQuota", "CPU is not limited: the engine has no CPU control group."),
    ):  # fmt: skip
        if not holds(info, limit):
            missing.append(sentence)
    if not any("seccomp" in option for option in info.get("SecurityOptions") or ()):
        missing.append("The engine applies no seccomp profile; only our own filter holds.")
    return tuple(missing)


def describe_engine() -> tuple[str, tuple[str, ...], bool]:
    """(version and address, weaknesses, whether our image is there) of the engine that would be used.

    Raises:
        SandboxUnavailableError: none answers.
    """
    engine = find_engine()
    with (
        engine_errors("The engine does not answer"),
        contextlib.closing(engine.connect(_TIMEOUT_S)) as client,
    ):
        info = client.info()
        version = f"{info.get('ServerVersion')} at {engine.place}"
        return f"Docker {version}", weaknesses_of(info), has_image(client, image_name(None))


def collect_garbage() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove containers without an owner and images of earlier releases; (their ids, their names).

    Raises:
        SandboxUnavailableError: no engine answers.
    """
    engine = find_engine()
    with (
        engine_errors("The engine does not answer"),
        contextlib.closing(engine.connect(_TIMEOUT_S)) as client,
    ):
        return tuple(remove_stale(client)), tuple(remove_old_images(client))


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

"""A Docker engine that is stopped, killed, frozen and started again while a cell runs: an engine of the test's own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from glm_sandbox.conformance import LIMITS
from glm_sandbox.docker import LABEL, DockerBackend
from glm_sandbox.engine import find_engine
from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.session import Session

START_S = 60.0


class OwnEngine:
    """A dockerd beside the machine's, with folders, socket and containers of its own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._log_path = folder / "log"
        self._log = self._log_path.open("wb")
        self._command = [
            "dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"),
            "--host", self.address, "--pidfile", str(folder / "pid"), "--bridge=none", "--iptables=false",
            "--ip6tables=false", "--storage-driver=overlay2", "--shutdown-timeout=2",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=self._log, stderr=self._log, start_new_session=True
        )
        pause = threading.Event()
        end = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, self._log_path.read_text(encoding="utf-8")[-3000:]
            assert time.monotonic() < end, "dockerd does not answer"
            pause.wait(0.1)  # it announces its readiness in no other way

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:  # docker-py leaks one for each try that fails
            try:
                probe.connect(self.address.removeprefix("unix://"))
                probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return probe.recv(64).startswith(b"HTTP/1.0 200")
            except OSError:
                return False

    def send(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(number)
        process.wait(60)
        # A containerd that died with it may be a zombie where PID 1 does not reap, and be taken for one that lives
        (self._folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def close(self) -> None:
        self.stop()
        self._log.close()

    def containers(self) -> list[str]:
        client = docker.DockerClient(base_url=self.address, timeout=30)
        try:
            return [str(c.id) for c in client.containers.list(all=True, filters={"label": LABEL})]
        finally:
            client.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("only root can start an engine")
    folder = Path(
        tempfile.mkdtemp(prefix="glm-engine-", dir="/var/tmp")
    )  # a socket's path is short
    engine = OwnEngine(folder)
    try:
        engine.start()
        yield engine
    finally:
        engine.close()
        remove(folder)


def remove(folder: Path) -> None:
    """Remove an engine's folders, with the mounts that it has left in them when it was killed."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone since
            if os.fsencode(folder) in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
    for mount in reversed(Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()):
        place = mount.split()[4]
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=False)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def session(engine: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("DOCKER_HOST", engine.address)
    with Session(DockerBackend(print), LIMITS, preimport=()) as session:
        session.execute("alpha = 1\nn = open('kept.txt', 'w').write('kept')")
        yield session
    end = time.monotonic() + START_S
    while (
        engine.containers()
    ):  # what it could not remove while it was frozen, it removes when it finds nobody attached
        assert time.monotonic() < end, "a container is left"


SLEEP = "print('on', flush=True)\nimport time; time.sleep(60)"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_engine_that_goes_away_costs_the_cell_and_comes_back_with_the_files(
    engine: OwnEngine, session: Session, number: int
) -> None:
    """A60: stopped or killed in mid-call. The loss is a result, no engine is an error, a new engine has the files."""
    gone = threading.Thread(target=engine.stop, args=(number,))
    result = session.execute(SLEEP, timeout_s=60.0, on_output=lambda *_: gone.start())
    gone.join()
    assert (result.status, result.variables, result.stdout) == ("sandbox_lost", "lost", "on\n")
    assert "cannot be restarted" in result.message
    with pytest.raises(SandboxUnavailableError):
        session.execute("1")
    engine.start()
    assert session.execute("open('kept.txt').read()").value == "'kept'"
    assert session.execute("'alpha' in globals()").value == "False"


@pytest.mark.slow
def test_an_engine_restarted_in_mid_call_goes_unnoticed_but_for_the_variables(
    engine: OwnEngine, session: Session
) -> None:
    """A60: by the time the loss is noticed a new engine may answer already."""

    def restart() -> None:
        engine.stop()
        engine.start()

    restarted = threading.Thread(target=restart)
    result = session.execute(SLEEP, timeout_s=60.0, on_output=lambda *_: restarted.start())
    restarted.join()
    assert result.status == "sandbox_lost"
    assert session.execute("open('kept.txt').read()").value == "'kept'"


@pytest.mark.slow
def test_a_frozen_engine_holds_nobody(
    engine: OwnEngine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that answers nothing any more: the host's own deadlines end the call and the clean-up."""
    monkeypatch.setattr("glm_sandbox.session._SLACK_S", 1.0)
    monkeypatch.setattr("glm_sandbox.docker._TIMEOUT_S", 3)
    monkeypatch.setattr("glm_sandbox.docker._REMOVE_S", 3)
    engine.send(signal.SIGSTOP)
    try:
        result = session.execute("1", timeout_s=0.5)
        assert result.status == "sandbox_lost"
        with pytest.raises(SandboxUnavailableError):
            find_engine()
    finally:
        engine.send(signal.SIGCONT)
    assert session.execute("open('kept.txt').read()").value == "'kept'"


def test_a_connection_that_breaks_in_mid_call_is_a_lost_sandbox() -> None:
    """A remote engine behind a network that fails: here the connection is cut at our end, under the transport."""
    with Session(DockerBackend(print), LIMITS, preimport=()) as session:
        session.execute("n = open('kept.txt', 'w').write('kept')")

        def cut(*_: str) -> None:
            assert session._channel is not None
            session._channel._transport._socket.shutdown(2)  # type: ignore[attr-defined]

        result = session.execute(SLEEP, on_output=cut)
        assert (result.status, result.stdout) == ("sandbox_lost", "on\n")
        assert session.execute("open('kept.txt').read()").value == "'kept'"

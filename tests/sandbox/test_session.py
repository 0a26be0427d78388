"""What a session does when its guest, its caller or its host goes away."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from glm_sandbox.backend import Backend
from glm_sandbox.channel import GuestChannel
from glm_sandbox.conformance import LIMITS
from glm_sandbox.docker import LABEL, OWNER_LABEL
from glm_sandbox.errors import SandboxClosedError, SandboxFileError, SandboxUnavailableError
from glm_sandbox.mirror import FolderMirror, TemporaryMirror
from glm_sandbox.owner import this_process
from glm_sandbox.session import Session

OpenSession = Callable[..., Session]
DEADLINE_S = 20.0


def containers_of(owner: str) -> list[str]:
    """Ids of the containers that a process has started and that are still known to the engine."""
    client = docker.from_env()
    try:
        found = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
        return [str(c.id) for c in found if owner in c.labels.get(OWNER_LABEL, "")]
    finally:
        client.close()


def sandbox_processes(parent: int) -> list[int]:
    """Pids of keepers below `parent` and of all below them."""
    listing = subprocess.run(
        ["ps", "-ww", "-e", "-o", "pid=,ppid=,args="],
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    rows = [
        (int(pid), int(ppid), args)
        for pid, ppid, args in (line.split(None, 2) for line in listing.splitlines())
    ]
    found = [pid for pid, ppid, args in rows if ppid == parent and "keeper.py" in args]
    for known in found:  # grows as it goes: a parent comes before its children, whatever their pids
        found += [pid for pid, ppid, _ in rows if ppid == known]
    return found


def control_groups(pid: int) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"*/glm-agent-{pid}-*")) + list(
        Path("/sys/fs/cgroup").glob(f"glm-agent-{pid}-*")
    )


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)  # the engine offers no event for this


def kill_guest(backend: Backend) -> None:
    """End the only guest of this process from outside, as a user or the kernel would; returns when it is gone."""
    if backend.name == "docker":
        client = docker.from_env()
        (container,) = containers_of(this_process())
        client.api.kill(container)
        client.close()
        return
    bwrap, *inside = sandbox_processes(os.getpid())[1:]  # the keeper comes first
    os.kill(bwrap, signal.SIGKILL)
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in inside),
        "what ran inside outlived bwrap",
    )


@pytest.fixture
def session(backend: Backend) -> Iterator[Session]:
    with Session(backend, LIMITS, preimport=()) as session:
        yield session


def test_a_lost_guest_is_replaced_with_its_files(session: Session, backend: Backend) -> None:
    """Row "container gone" of the failure table, and A60: the loss is said, the files are back, the session goes on."""
    session.put_file("put.bin", b"\x00\xff")
    session.execute(
        "alpha = beta = 1\nopen('made.txt', 'w').write('made')\nopen('gone.txt', 'w').close()"
    )
    session.execute("import os; os.unlink('gone.txt')")
    killer = threading.Timer(0.5, kill_guest, [backend])
    killer.start()
    result = session.execute("print('before', flush=True)\nimport time; time.sleep(30)")
    killer.join()
    assert (result.status, result.variables) == ("sandbox_lost", "lost")
    assert result.stdout == "before\n"
    assert "2 files restored, variables lost: alpha, beta" in result.message
    after = session.execute("import os\nsorted(os.listdir('/mnt/data')), 'alpha' in globals()")
    assert after.value == "(['made.txt', 'put.bin'], False)"
    assert session.get_file("put.bin") == b"\x00\xff"


def test_a_guest_lost_between_cells_is_replaced(session: Session, backend: Backend) -> None:
    """No second call is needed: the cell that finds its guest gone is reported, and the next one runs."""
    session.execute("alpha = 1")
    kill_guest(backend)
    result = session.execute("alpha")
    assert result.status == "sandbox_lost"
    assert session.execute("1 + 1").value == "2"


def test_a_guest_lost_over_a_request_is_told_by_the_next_cell(
    session: Session, backend: Backend
) -> None:
    """Whoever asked for a file knows of the loss, and the model does not: it went on without its variables."""
    session.execute("alpha = 1\nopen('made.txt', 'w').write('made')")
    kill_guest(backend)
    with pytest.raises(SandboxFileError, match="variables are gone"):
        session.get_file("made.txt")
    result = session.execute("open('made.txt').read()")
    assert result.value == "'made'"
    assert "restarted before this cell" in result.message
    assert "1 file restored, variables lost: alpha" in result.message
    assert session.execute("1").message == ""


def test_a_frozen_guest_is_given_up_at_the_host_s_own_deadline(
    session: Session, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A60: a guest that does not answer any more cannot hold the caller beyond time limit, grace and slack."""
    monkeypatch.setattr("glm_sandbox.session._SLACK_S", 1.0)
    if backend.name == "docker":
        client = docker.from_env()
        client.api.pause(containers_of(this_process())[0])
        client.close()
    else:
        for pid in sandbox_processes(os.getpid())[1:3]:  # bwrap and the supervisor
            os.kill(pid, signal.SIGSTOP)
    result = session.execute("1", timeout_s=0.5)
    assert result.status == "sandbox_lost"
    assert session.execute("1 + 1").value == "2"


def test_closing_ends_a_running_cell(backend: Backend) -> None:
    """`close` from another thread does not wait for the cell, and the cell's caller gets its one result."""
    session = Session(backend, LIMITS, preimport=())
    closer = threading.Timer(0.5, session.close)
    closer.start()
    result = session.execute("import time; time.sleep(30)")
    closer.join()
    assert (result.status, result.variables) == ("interrupted", "lost")
    with pytest.raises(SandboxClosedError):
        session.execute("1")


def test_nothing_is_left_after_close(backend: Backend) -> None:
    """Containers, processes and control groups are gone when `close` returns."""
    before = sandbox_processes(os.getpid())
    with Session(backend, LIMITS, preimport=()) as session:
        session.execute("import subprocess; subprocess.Popen(['sleep', '100'])")
    assert containers_of(this_process()) == []
    assert sandbox_processes(os.getpid()) == before
    assert control_groups(os.getpid()) == []


def test_an_error_in_the_caller_s_own_callback_leaves_the_session_in_order(
    session: Session,
) -> None:
    """The cell is interrupted, the error is the caller's, and the next cell meets no frame of the old one."""

    def fail(_stream: str, _text: str) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        session.execute("kept = 1\nprint('x')\nimport time; time.sleep(30)", on_output=fail)
    assert session.execute("kept").value == "1"


def test_files_of_a_cell_whose_caller_failed_are_copied_all_the_same(
    session: Session, backend: Backend
) -> None:
    """The guest tells once what a cell has made; nobody had listened, and a lost sandbox took it along."""

    def fail(_stream: str, _text: str) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        session.execute("open('made.txt', 'w').write('made')\nprint('x')", on_output=fail)
    session.execute("1")
    kill_guest(backend)
    session.execute("1")
    assert session.get_file("made.txt") == b"made"


def test_calls_from_several_threads_take_turns(session: Session) -> None:
    """A64: a second cell waits for the first; nothing is mixed up."""
    session.execute("log = []")
    results: list[str | None] = []
    threads = [
        threading.Thread(
            target=lambda n=n: results.append(session.execute(f"log.append({n}); {n}").value)
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [str(n) for n in range(8)]
    assert session.execute("sorted(log)").value == str(list(range(8)))


def test_a_cancel_that_comes_before_the_cell_has_begun_is_not_lost(session: Session) -> None:
    """An interrupt in the moment before user code starts must not be swallowed."""

    class SetAtOnce(threading.Event):
        """Set as soon as somebody has looked."""

        def is_set(self) -> bool:
            was_set = super().is_set()
            self.set()
            return was_set

    for _ in range(10):
        result = session.execute("import time; time.sleep(30)", cancel=SetAtOnce())
        assert result.status == "interrupted"
        assert result.duration_s < 10


def test_a_cell_that_was_cancelled_before_is_not_run(session: Session) -> None:
    """Short cells ran to their end and were `ok`: a call that had waited for a sandbox to start, say."""
    cancel = threading.Event()
    cancel.set()
    for _ in range(5):
        result = session.execute("ran = open('ran.txt', 'w').close()", cancel=cancel)
        assert (result.status, result.variables, result.files) == ("interrupted", "kept", ())
    assert session.list_files() == ()
    assert session.execute("'ran' in globals()").value == "False"


@pytest.mark.parametrize("timeout_s", [0, -1, float("inf"), float("nan"), 1e12])
def test_a_time_limit_that_is_none_is_the_callers_mistake(
    session: Session, timeout_s: float
) -> None:
    """0 and -1 meant the default or nothing, NaN cost the session."""
    session.execute("kept = 1")
    with pytest.raises(ValueError, match="timeout_s must be above 0"):
        session.execute("1", timeout_s=timeout_s)
    assert session.execute("kept").value == "1"


def test_a_copy_that_does_not_fit_is_no_sandbox_and_leaves_none(
    backend: Backend, tmp_path: Path
) -> None:
    """It was an error of a file that nobody had asked for, and the guest lived on without a session."""
    with Session(backend, LIMITS, mirror=FolderMirror(tmp_path), preimport=()) as session:
        session.put_file("large.bin", bytes(3 << 20))
    before = sandbox_processes(os.getpid())
    small = replace(LIMITS, data_bytes=1 << 20)
    with pytest.raises(SandboxUnavailableError, match=r"large\.bin"):
        Session(backend, small, mirror=FolderMirror(tmp_path), preimport=())
    assert containers_of(this_process()) == []
    assert sandbox_processes(os.getpid()) == before


def test_a_mirror_folder_outlives_the_process(backend: Backend, tmp_path: Path) -> None:
    """A resumed run finds its files again, by content and by name."""
    with Session(backend, LIMITS, mirror=FolderMirror(tmp_path), preimport=()) as session:
        session.execute(
            "import os; os.makedirs('子'); n = open('子/a.bin', 'wb').write(bytes(range(256)))"
        )
    with Session(backend, LIMITS, mirror=FolderMirror(tmp_path), preimport=()) as session:
        assert session.get_file("子/a.bin") == bytes(range(256))
        assert session.execute("1").files == ()


HOST = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
from glm_sandbox.conformance import LIMITS
from glm_sandbox.open import open_backend
from glm_sandbox.session import Session
from glm_sandbox.owner import this_process
session = Session(open_backend(sys.argv[1]), LIMITS, preimport=())
print(this_process(), flush=True)
try:
    session.execute("import time, subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True); time.sleep(300)",
        timeout_s=300)
finally:
    print("unwound", flush=True)
    session.close()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_host_dies_in_a_cell(backend: Backend, number: int) -> None:
    """A59: no container, process or control group outlives a host that is killed in whatever way."""
    with subprocess.Popen(
        [sys.executable, "-c", HOST, backend.name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as host:
        assert host.stdout is not None
        owner = host.stdout.readline().strip()
        if backend.name == "docker":
            wait_until(lambda: len(containers_of(owner)) == 1, "no container")
        below = sandbox_processes(host.pid)
        host.send_signal(number)
    wait_until(lambda: containers_of(owner) == [], "a container is left")
    wait_until(
        lambda: not any(Path("/proc", str(pid)).exists() for pid in below), "a process is left"
    )
    wait_until(lambda: control_groups(host.pid) == [], "a control group is left")


def test_files_with_holes_take_no_more_of_the_host_than_of_the_sandbox(backend: Backend) -> None:
    """A hundred files of a page each filled the host's disk with their lengths, and a fresh guest had no room for them."""
    limits = replace(LIMITS, data_bytes=1 << 20, file_bytes=1 << 20)
    mirror = TemporaryMirror()
    with Session(backend, limits, mirror=mirror, preimport=()) as session:
        result = session.execute(
            "for i in range(9):\n    with open(f'hole{i}', 'wb') as file:\n"
            "        file.write(b'x'); file.truncate(1 << 20)\nopen('plain', 'w').write('kept')"
        )
        assert (result.status, len(result.files)) == ("ok", 10)
        assert "could not copy 9 of the files" in result.message
        assert sum(len(data) for _, data in mirror.files()) <= limits.data_bytes
        session.execute("import glob, os\nfor name in glob.glob('hole*'): os.unlink(name)")
        assert session.execute("1").message == ""
        assert session._channel is not None
        session._channel.kill()
        assert session.execute("1").status == "sandbox_lost"
        assert session.execute("open('plain').read()").value == "'kept'"


def test_a_ctrl_c_while_files_are_copied_loses_none_of_them(backend: Backend) -> None:
    """What a cell has changed is told once: what was not copied by then never was, and a fresh guest had it as before."""

    class Interrupted(TemporaryMirror):
        is_next = True

        def store(self, path: str, data: bytes) -> None:
            if self.is_next:
                self.is_next = False
                raise KeyboardInterrupt
            super().store(path, data)

    mirror = Interrupted()
    with Session(backend, LIMITS, mirror=mirror, preimport=()) as session:
        with pytest.raises(KeyboardInterrupt):
            session.execute("for name in 'ab': open(name, 'w').write(name)")
        session.execute("1")
        assert dict(mirror.files()) == {"a": b"a", "b": b"b"}


def test_a_ctrl_c_while_a_guest_starts_leaves_none() -> None:
    """Nobody else knows of it: it lived as long as the host."""

    class Starting:
        closed = 0

        def receive(self, _timeout_s: float) -> bytes | None:
            raise KeyboardInterrupt

        def send(self, _data: bytes, _timeout_s: float) -> None: ...

        def kill(self) -> None: ...

        def close(self) -> None:
            self.closed += 1

        def diagnostics(self) -> str:
            return ""

    transport = Starting()
    with pytest.raises(KeyboardInterrupt):
        GuestChannel(transport)
    assert transport.closed


def test_a_forged_end_of_a_cell_costs_no_more_than_the_cell(session: Session) -> None:
    """A cell can find its token in the worker's memory. Names that are no list ended the supervisor."""
    session.execute("kept = 1")
    result = session.execute(
        "import gc, json, os, struct, time\n"
        "worker = next(o for o in gc.get_objects() if type(o).__name__ == 'Worker')\n"
        "done = {'kind': 'done', 'token': worker._token, 'ok': True, 'names': 5, 'body_bytes': 0}\n"
        "header = json.dumps(done).encode()\n"
        "os.write(3, struct.pack('>I', len(header)) + header); time.sleep(9)"
    )
    assert (result.status, result.variables) == ("crashed", "rolled_back")
    assert session.execute("kept").value == "1"

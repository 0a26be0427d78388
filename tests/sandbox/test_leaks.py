"""Many sessions, one after the other and at once: every file comes back, and nothing of them is left."""

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from glm_sandbox.backend import Backend
from glm_sandbox.conformance import LIMITS
from glm_sandbox.docker import LABEL, OWNER_LABEL
from glm_sandbox.owner import this_process
from glm_sandbox.session import Session

CRASHES = ("os._exit(1)", "os.abort()", "os.kill(os.getpid(), 9)", "1 / 0", "exit()")


def below(pid: int) -> Iterator[int]:
    """All processes below one."""
    for task in Path("/proc", str(pid), "task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield int(child)
            yield from below(int(child))


def held() -> dict[str, set[str] | int]:
    """What this process holds of the machine."""
    client = docker.from_env()
    try:
        found = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
        containers = {str(c.id) for c in found if c.labels.get(OWNER_LABEL) == this_process()}
        volumes = {volume.name for volume in client.volumes.list()}
        networks = {str(network.name) for network in client.networks.list()}
    finally:
        client.close()
    return {
        "containers": containers,
        "volumes": volumes,
        "networks": networks,
        "processes": {str(pid) for pid in below(os.getpid())},
        "threads": threading.active_count(),
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "control groups": {
            str(path) for path in Path("/sys/fs/cgroup").rglob(f"glm-agent-{os.getpid()}-*")
        },
        "temporary files": {path.name for path in Path(tempfile.gettempdir()).iterdir()},
    }


def use(backend: Backend, number: int) -> None:
    """A session with a life: files both ways, a crash, and the files again."""
    put, made = os.urandom(2000), f"made {number}"
    with Session(backend, LIMITS, preimport=()) as session:
        session.put_file("put.bin", put)
        session.execute(f"import os\nmine = {number}\nn = open('made.txt', 'w').write('{made}')")
        session.execute(CRASHES[number % len(CRASHES)])
        assert session.execute("mine").value == str(number)
        assert session.get_file("put.bin") == put
        assert session.get_file("made.txt") == made.encode()
        if number % 7 == 0:  # the guest is lost, and its files are put into another
            assert session._channel is not None
            session._channel.kill()
            assert session.execute("1").status == "sandbox_lost"
            assert session.get_file("put.bin") == put
            assert session.get_file("made.txt") == made.encode()


def in_a_row(backend: Backend, count: int) -> None:
    use(backend, 0)  # what is loaded once is no leak
    before = held()
    for number in range(count):
        use(backend, number)
    assert held() == before


def at_once(backend: Backend, count: int) -> None:
    use(backend, 0)
    before = held()
    problems: list[BaseException] = []

    def use_one(number: int) -> None:
        try:
            use(backend, number)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            problems.append(error)

    threads = [threading.Thread(target=use_one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert held() == before


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others use the machine's at the same time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_sessions_in_a_row_leave_nothing_and_lose_nothing(backend: Backend) -> None:
    in_a_row(backend, 4)


def test_sessions_at_once_leave_nothing_and_lose_nothing(backend: Backend) -> None:
    at_once(backend, 4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_sessions_in_a_row(backend: Backend) -> None:
    in_a_row(backend, 200)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_sessions_at_once(backend: Backend) -> None:
    at_once(backend, 20)

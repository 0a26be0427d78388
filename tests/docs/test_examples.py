"""Each example has its form, plays as recorded with neither weights nor network, and runs with what it was recorded of."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from glm_agent.testing import ReplayModel, Reply, ScriptedModel

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.py"))
LIVE = [path for path in FILES if "def live()" in path.read_text(encoding="utf-8")]
SCRIPTED = [
    path
    for path in LIVE
    if "load_model" not in (text := path.read_text(encoding="utf-8")) and "LocalModel" not in text
]
# On the demo model's own judgement, which another adapter may change, or long: not in every run of the tests.
NOT_EVERY_TIME = {"invoice_to_json", "research_with_receipts", "long_read"}
# Runs a file as a command does, where a connection to any host is an error; then says whether torch was loaded.
OFFLINE = """
import runpy, socket, sys

def refuse(event, arguments):
    if event == "socket.connect" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
        raise AssertionError(f"a connection to {arguments[1]}")

sys.addaudithook(refuse)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print("torch" in sys.modules)
"""


def run(*arguments: str | Path, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env={**os.environ, "GLM_AGENT_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=280,
        check=False,
    )


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and type hints look their module up
    spec.loader.exec_module(module)
    return module


def replies(model: ScriptedModel) -> list[Reply]:
    taken = []
    while not model.is_done:
        taken.append(model.next_reply())
    return taken


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_an_example_says_what_it_proves_and_asserts_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert (ast.get_docstring(tree) or "").startswith("Proves: ")
    assert any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    assert f"({path.name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_there_are_ten_recorded_examples_and_no_recording_without_one() -> None:
    recorded = {path.stem for path in (EXAMPLES / "recordings").glob("*.json")}
    assert recorded == set(names(LIVE))
    assert len(recorded) >= 10


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_an_example_plays_without_weights_and_without_a_network(path: Path, tmp_path: Path) -> None:
    done = run("-c", OFFLINE, path, home=tmp_path)
    assert done.returncode == 0, done.stderr
    # The memory plan of long_read.py is the engine's; it loads no model.
    assert done.stdout.splitlines()[-1] == str(path.stem == "long_read")


def test_a_connection_of_an_example_would_be_found(tmp_path: Path) -> None:
    """The test above proves nothing if anything passes."""
    script = tmp_path / "connects.py"
    script.write_text(
        "import socket\nsocket.create_connection(('127.0.0.1', 9))\n", encoding="utf-8"
    )
    assert "a connection to" in run("-c", OFFLINE, script, home=tmp_path).stderr


@pytest.mark.parametrize("path", SCRIPTED, ids=names(SCRIPTED))
def test_a_recording_is_of_the_script_that_is_there(path: Path) -> None:
    """Who changes a script has to record it anew: `python examples/recordings/record.py NAME`."""
    example = loaded(path)
    (script,) = example.live()
    assert replies(ReplayModel.load(example.RECORDING)) == replies(script)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.slow) if path.stem in NOT_EVERY_TIME else path
        for path in LIVE
        if path not in SCRIPTED
    ],
    ids=[path.stem for path in LIVE if path not in SCRIPTED],
)
def test_an_example_runs_on_the_network_that_it_was_recorded_of(path: Path, tmp_path: Path) -> None:
    done = run(path, "--live", home=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTED, ids=names(SCRIPTED))
def test_an_example_runs_with_its_script(path: Path, tmp_path: Path) -> None:
    done = run(path, "--live", home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_log_is_read_from_standard_input() -> None:
    path = EXAMPLES / "log_triage.py"
    log = subprocess.run(
        [sys.executable, path, "--print"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    command = [sys.executable, str(path), "-"]
    subprocess.run(command, input=log, encoding="utf-8", capture_output=True, check=True)
    other = log.replace("sda1", "sdb7")
    failed = subprocess.run(
        command, input=other, encoding="utf-8", capture_output=True, check=False
    )
    assert failed.returncode != 0, "what is piped in is what is read"

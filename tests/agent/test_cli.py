"""`glm-agent` as a process: what a person or a script meets when things are wrong. None of these loads a model."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glm_agent.journal import Journal

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
HEAVY = (
    "torch",
    "numpy",
    "transformers",
    "docker",
    "requests",
    "bs4",
    "jsonschema",
    "sqlite3",
)


@pytest.fixture
def run_cli(tmp_path: Path) -> RunCli:
    """Run the command with its data in a folder of its own and nothing on standard input."""

    def run(
        *arguments: str,
        stdin: str | None = None,
        limit_file_bytes: int | None = None,
        **environment: str,
    ) -> "subprocess.CompletedProcess[str]":
        def limit() -> None:
            if limit_file_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file_bytes, limit_file_bytes))

        return subprocess.run(
            [sys.executable, "-m", "glm_agent", *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "GLM_AGENT_HOME": str(tmp_path / "home"), **environment},
            cwd=tmp_path,
            preexec_fn=limit,
            timeout=120,
            check=False,
        )

    return run


def assert_refused(done: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    """Refused with the documented code and one readable message: no traceback, nothing on stdout."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


def test_help_loads_nothing_heavy() -> None:
    """`--help` has 0.3 s of processor time; none of these fits into it."""
    code = (
        "import sys\nfrom glm_agent.cli import main\nsys.argv = ['glm-agent', 'run', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert "Exit codes" in done.stdout
    assert done.stderr == ""


def test_without_a_task_it_says_what_to_type(run_cli: RunCli) -> None:
    assert_refused(run_cli("run"), 2, "What is the task?")


def test_an_empty_task_is_a_usage_error(run_cli: RunCli) -> None:
    assert_refused(run_cli("run", " "), 2, "empty")
    assert_refused(run_cli("run", "-", stdin=""), 2, "empty")


def test_an_unknown_option_is_a_usage_error(run_cli: RunCli) -> None:
    assert_refused(run_cli("run", "x", "--no-such-option"), 2, "--no-such-option")


def test_a_file_that_is_not_there_is_named(run_cli: RunCli) -> None:
    assert_refused(run_cli("run", "x", "-f", "no-such-file.csv"), 7, "no-such-file.csv")


def test_standard_input_that_is_not_text_is_refused(tmp_path: Path, run_cli: RunCli) -> None:
    assert_refused(run_cli("run", "x", stdin="a\0b"), 7, "NUL")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def broken(:\n", ("my_tools.py:1", "syntax")),
        ("import no_such_module_anywhere\n", ("my_tools.py", "no_such_module_anywhere")),
        ("x = 1\n", ("my_tools.py", "tool")),
        (
            "from glm_agent import tool\n\n@tool\ndef f(x: type) -> str:\n    '''Do.'''\n    return ''\n",
            ("f", "x", "type"),
        ),
        ("raise SystemExit(3)\n", ("my_tools.py",)),
    ],
)
def test_a_tool_file_that_cannot_be_used_is_explained(
    source: str, words: tuple[str, ...], tmp_path: Path, run_cli: RunCli
) -> None:
    (tmp_path / "my_tools.py").write_text(source, encoding="utf-8")
    assert_refused(run_cli("run", "x", "--tools", "my_tools.py"), 7, *words)


def test_a_tool_file_that_is_not_there_is_named(run_cli: RunCli) -> None:
    assert_refused(run_cli("run", "x", "--tools", "no_such_tools.py"), 7, "no_such_tools.py")


def test_a_model_that_is_not_there_is_named(run_cli: RunCli) -> None:
    assert_refused(
        run_cli("run", "x", "--no-tools", "--model", "no/such/model"), 6, "no/such/model"
    )


def test_a_folder_that_is_no_checkpoint_is_explained(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "model").mkdir()
    assert_refused(run_cli("run", "x", "--no-tools", "--model", "model"), 6, "model", "tokenizer")


def test_a_truncated_gguf_is_a_clear_error(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + b"\x10" * 40)
    assert_refused(run_cli("run", "x", "--no-tools", "--model", "model.gguf"), 6, "model.gguf")


def test_no_sandbox_is_a_refusal_that_says_how_to_get_one(run_cli: RunCli) -> None:
    """Asked for by name; nothing on this PATH is a sandbox, and no Docker engine answers at this address."""
    done = run_cli("run", "x", "--sandbox", "docker", DOCKER_HOST="unix:///no/such/docker.sock")
    assert_refused(done, 5, "Docker")


def test_a_disk_without_room_is_said_and_nothing_runs(run_cli: RunCli) -> None:
    assert_refused(run_cli("run", "x", "--no-tools", limit_file_bytes=2048), 9, "journal")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "home").write_text("a file, not a folder", encoding="utf-8")
    assert_refused(run_cli("run", "x", "--no-tools"), 9, "journal")


def test_an_unknown_run_cannot_be_replayed(run_cli: RunCli) -> None:
    assert_refused(run_cli("replay", "nope"), 7, "nope")


@pytest.mark.parametrize(
    "arguments", [("config", "show"), ("--version",), ("tools", "check", "t.py")]
)
def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """`glm-agent … | head -1`: nothing is said about it, and the exit code is 0."""
    (tmp_path / "t.py").write_text(
        "from glm_agent import tool\n@tool\ndef f() -> None:\n    'F.'\n", encoding="utf-8"
    )
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "glm_agent", *arguments],
            stdout=nobody,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "GLM_AGENT_HOME": str(tmp_path / "home")},
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Broken" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_export_that_cannot_be_written_is_no_bug_of_ours(
    run_cli: RunCli, tmp_path: Path
) -> None:
    """It was a traceback with the exit code of a bug."""
    journal = Journal(tmp_path / "home" / "sessions.sqlite3")
    journal.new_session(name="talk")
    journal.close()
    done = run_cli("sessions", "export", "talk", "-o", "nowhere/talk.md")
    assert_refused(done, 7, "nowhere/talk.md", "cannot be written")


def test_settings_that_cannot_be_written_are_no_bug_of_ours(run_cli: RunCli) -> None:
    done = run_cli("config", "set", "model", "demo", GLM_AGENT_HOME="/proc/nowhere")
    assert_refused(done, 7, "/proc/nowhere/config.toml", "cannot be written")


def test_a_list_that_ends_early_says_so(run_cli: RunCli, tmp_path: Path) -> None:
    """After fifty sessions, a batch say, the older ones were not there."""
    journal = Journal(tmp_path / "home" / "sessions.sqlite3")
    for _ in range(3):
        journal.new_session()
    journal.close()
    done = run_cli("sessions", "list", "--limit", "2")
    assert len(done.stdout.splitlines()) == 2
    assert "older" in done.stderr
    assert "older" not in run_cli("sessions", "list", "-n", "3").stderr

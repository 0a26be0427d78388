"""Completion in bash, zsh and fish: what a shell asks for when Tab is pressed comes back."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("glm-agent")


def ask(folder: Path, **variables: str) -> str:
    """What the program prints for a shell that asks so."""
    (folder / "config.toml").write_text("[profiles.careful]\nseed = 1\n", encoding="utf-8")
    done = subprocess.run(
        [PROGRAM],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "GLM_AGENT_HOME": str(folder), **variables},
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("se", ["sessions"]),
        ("run --sandb", ["--sandbox"]),
        ("run --sandbox do", ["docker"]),
        ("chat --when-full e", ["error", "elide"]),
        ("config set max-s", ["max-steps"]),
        ("run --profile ca", ["careful"]),
    ],
)
def test_bash_is_told_what_may_stand_there(tmp_path: Path, words: str, expected: list[str]) -> None:
    said = ask(
        tmp_path,
        _GLM_AGENT_COMPLETE="complete_bash",
        COMP_WORDS=f"glm-agent {words}",
        COMP_CWORD=str(len(words.split())),
    )
    assert said.split() == expected


def test_zsh_and_fish_are_told_too(tmp_path: Path) -> None:
    zsh = ask(
        tmp_path, _GLM_AGENT_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="glm-agent run --sandb"
    )
    assert "--sandbox" in zsh
    fish = ask(
        tmp_path,
        _GLM_AGENT_COMPLETE="complete_fish",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_ARGS="glm-agent run --sandb",
    )
    assert "--sandbox" in fish


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_can_read_its_script(tmp_path: Path, shell: str) -> None:
    """A syntax check by the shell itself where it is installed."""
    script = ask(tmp_path, _GLM_AGENT_COMPLETE=f"source_{shell}")
    assert "_GLM_AGENT_COMPLETE" in script
    if shutil.which(shell) is not None:
        path = tmp_path / "script"
        path.write_text(script, encoding="utf-8")
        subprocess.run([shell, "-n", str(path)], check=True, timeout=60)

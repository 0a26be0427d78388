"""Approval, resume, replay, explain and sessions from the terminal, on the embedded demo model's own run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = '''
from pathlib import Path
from glm_agent import tool

@tool(risky=True)
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: first.
        b: second.
    """
    with Path(__file__).with_name("ledger").open("a", encoding="utf-8") as file:
        file.write(f"{a} {b}\\n")
    return a * b
'''
QUESTION = "What is 37 * 43?"


def glm_agent(home: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "glm_agent", *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "GLM_AGENT_HOME": str(home)},
        timeout=280,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one session, `sum`, whose run stopped for approval and was then approved."""
    home = tmp_path_factory.mktemp("home")
    (home / "my_tools.py").write_text(TOOLS, encoding="utf-8")
    done = glm_agent(
        home, "run", QUESTION, "-T", str(home / "my_tools.py"), "--session", "sum", "-m", "demo"
    )
    assert done.returncode == 3, done.stderr
    assert "glm-agent resume" in done.stderr
    assert not (home / "ledger").exists(), "nothing ran without a yes"
    approved = glm_agent(home, "resume", "sum", "--approve")
    assert approved.returncode == 0, approved.stderr
    assert "1591" in approved.stdout
    assert (home / "ledger").read_text(encoding="utf-8") == "37 43\n", "one yes, one run"
    return home


def run_id(home: Path) -> str:
    return glm_agent(home, "replay").stdout.split()[0]


@pytest.mark.slow
def test_the_run_is_reproduced_token_for_token(home: Path) -> None:
    verified = glm_agent(home, "replay", run_id(home), "--verify")
    assert verified.returncode == 0, verified.stderr
    assert "2 turns reproduced, token for token." in verified.stdout


def test_explain_shows_segments_with_counts_and_the_price_of_a_tool(home: Path) -> None:
    shown = glm_agent(home, "explain", run_id(home), "--step", "2")
    assert shown.returncode == 0, shown.stderr
    assert "tool multiply: " in shown.stdout
    assert f"<|user|>\n{QUESTION}" in shown.stdout
    assert "observation call_1" in shown.stdout
    assert glm_agent(home, "explain", run_id(home), "--step", "9").returncode == 2


def test_sessions_are_listed_searched_exported_forked_and_removed(home: Path) -> None:
    assert " sum" in glm_agent(home, "sessions", "list").stdout
    assert run_id(home) in glm_agent(home, "sessions", "search", "37 * 43").stdout
    exported = json.loads(glm_agent(home, "sessions", "export", "sum", "--format", "json").stdout)
    assert exported["runs"][0]["events"][0]["type"] == "run.started"
    fork = glm_agent(home, "sessions", "fork", "sum", "--name", "copy").stdout.strip()
    assert QUESTION in glm_agent(home, "sessions", "show", "copy").stdout
    assert glm_agent(home, "sessions", "rm", fork, "--yes").returncode == 0
    assert glm_agent(home, "sessions", "show", "copy").returncode == 7


def test_what_is_not_there_is_said(home: Path) -> None:
    assert "There is no session or run 'nothing'" in glm_agent(home, "resume", "nothing").stderr
    assert glm_agent(home, "resume", "sum", "--approve", "--reject", "x").returncode == 2
    assert "There is no run" in glm_agent(home, "explain", "nothing").stderr

"""A person at a real terminal (a pty): asked for a yes, stopping with Ctrl-C, talking over several lines."""

import fcntl
import os
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WAIT_S = 240  # of silence: a loaded machine takes a minute to start
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
ASKED = "Run it?"


class AtTerminal:
    """`glm-agent` with a pty as its controlling terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._terminal, inside = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "glm_agent", *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "GLM_AGENT_HOME": str(folder), "TERM": "dumb", "COLUMNS": "100"},
            cwd=folder,
        )
        os.close(inside)
        self.seen = ""
        self._read_to = 0

    def read_until(self, text: str) -> str:
        """What is shown up to and with `text`, from where the last call stopped."""
        start = self._read_to
        while (found := self.seen.find(text, start)) < 0:
            piece = self._read()
            assert piece, f"it ended without {text!r}:\n{self.seen}"
            self.seen += piece
        self._read_to = found + len(text)
        return self.seen[start : self._read_to]

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode("utf-8"))

    def end(self) -> int:
        """Wait for the end; the exit code."""
        while piece := self._read():
            self.seen += piece
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)

    def _read(self) -> str:
        ready, _, _ = select.select([self._terminal], [], [], WAIT_S)
        assert ready, f"it shows nothing more:\n{self.seen}"
        try:
            return os.read(self._terminal, 65536).decode("utf-8", "replace")
        except OSError:  # EIO: nobody has the other end any more
            return ""


@pytest.fixture
def at_terminal(tmp_path: Path) -> Iterator[Callable[..., AtTerminal]]:
    started: list[AtTerminal] = []
    (tmp_path / "my_tools.py").write_text(TOOLS, encoding="utf-8")

    def start(*arguments: str) -> AtTerminal:
        started.append(AtTerminal(tmp_path, *arguments))
        return started[-1]

    yield start
    for program in started:
        program.close()


def ledger(folder: Path) -> str:
    path = folder / "ledger"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_a_yes_at_the_terminal_runs_the_call_once(
    tmp_path: Path, at_terminal: Callable[..., AtTerminal]
) -> None:
    program = at_terminal("run", QUESTION, "-T", "my_tools.py", "-m", "demo")
    shown = program.read_until(ASKED)
    assert "multiply" in shown
    assert "37" in shown
    assert ledger(tmp_path) == "", "nothing runs before the answer"
    program.type("y\n")
    assert program.end() == 0, program.seen
    assert "1591" in program.seen
    assert ledger(tmp_path) == "37 43\n"


def test_a_reason_at_the_terminal_is_a_no_and_the_model_reads_it(
    tmp_path: Path, at_terminal: Callable[..., AtTerminal]
) -> None:
    program = at_terminal("run", QUESTION, "-T", "my_tools.py", "-m", "demo", "--max-steps", "2")
    program.read_until(ASKED)
    program.type("add them instead\n")
    program.end()
    assert ledger(tmp_path) == ""
    assert "the user said no. add them instead" in program.seen


def test_ctrl_c_at_the_question_is_a_no_that_ends_the_run(
    tmp_path: Path, at_terminal: Callable[..., AtTerminal]
) -> None:
    program = at_terminal("run", QUESTION, "-T", "my_tools.py", "-m", "demo", "--session", "s")
    program.read_until(ASKED)
    program.type("\x03")
    assert program.end() == 130, program.seen
    assert "Traceback" not in program.seen
    assert "glm-agent resume" in program.seen
    assert ledger(tmp_path) == ""


def test_a_conversation_at_the_terminal_goes_on_where_it_ended(
    tmp_path: Path, at_terminal: Callable[..., AtTerminal]
) -> None:
    chat = at_terminal("chat", "-T", "my_tools.py", "--allow", "multiply", "-m", "demo")
    chat.read_until("/help")
    chat.type(f"{QUESTION}\r")
    chat.read_until("tokens/s")
    assert "1591" in chat.seen
    assert ledger(tmp_path) == "37 43\n"
    chat.type("/nonsense\r")
    chat.read_until("/help")
    chat.type("/exit\r")
    assert chat.end() == 0, chat.seen
    again = at_terminal("chat", "-c", "--allow", "multiply")
    again.read_until("/help")
    again.type("What is 12 * 12?\r")
    assert "reused" in again.read_until("tokens/s")
    again.read_until("\n> ")  # before it, a terminal that edits no line yet would eat the Ctrl-D
    again.type("\x04")
    assert again.end() == 0, again.seen
    assert "12 12" in ledger(tmp_path) or "144" in again.seen

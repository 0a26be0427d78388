"""`glm-agent sandbox shell` as a person uses it: typed at a terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

DEADLINE_S = 90.0


def own_the_terminal() -> None:
    """Make standard input the controlling terminal, and let Ctrl-C in it interrupt as in a shell's foreground."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A terminal with a shell of ours in it, and what it shows."""

    def __init__(self, backend: str) -> None:
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "glm_agent", "sandbox", "shell", "--backend", backend]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=own_the_terminal,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode("utf-8"))

    def wait_for(self, text: str) -> str:
        """What is shown up to the next `text`, which is dropped."""
        end = time.monotonic() + DEADLINE_S
        while text not in self.shown:
            assert time.monotonic() < end, f"{text!r} never came: {self.shown!r}"
            if select.select([self._ours], [], [], 0.5)[0]:
                try:
                    self.shown += os.read(self._ours, 4096).decode("utf-8", "replace")
                except OSError as error:  # the other end is closed
                    raise AssertionError(f"{text!r} never came: {self.shown!r}") from error
        before, _, self.shown = self.shown.partition(text)
        return before

    def close(self) -> None:
        os.close(self._ours)
        self.process.kill()
        self.process.wait()


@pytest.fixture(params=["docker", "bubblewrap"])
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    terminal = Terminal(request.param)
    yield terminal
    terminal.close()


def test_a_session_by_hand(terminal: Terminal) -> None:
    """Values, blocks of several lines, errors, variables that live on, and Ctrl-D at the end."""
    terminal.wait_for(">>> ")
    terminal.press("n = 6\r")
    terminal.wait_for(">>> ")
    terminal.press("for i in range(2):\r")
    terminal.wait_for("... ")
    terminal.press("    print('line', i * n)\r")
    terminal.wait_for("... ")
    terminal.press("\r")
    assert "line 6" in terminal.wait_for(">>> ")
    terminal.press("1 / 0\r")
    assert "ZeroDivisionError" in terminal.wait_for(">>> ")
    terminal.press("n * 7\r")
    assert "42" in terminal.wait_for(">>> ")
    terminal.press("\x04")
    assert terminal.process.wait(DEADLINE_S) == 0


def test_ctrl_c_stops_the_cell_and_not_the_shell(terminal: Terminal) -> None:
    terminal.wait_for(">>> ")
    terminal.press("kept = 1; print('o' + 'n', flush=True); import time; time.sleep(600)\r")
    terminal.wait_for("on\r\n")
    terminal.press("\x03")
    assert "Stopped by the user" in terminal.wait_for(">>> ")
    terminal.press("kept + 1\r")
    assert "2" in terminal.wait_for(">>> ")
    terminal.press("half typ\x03")  # at the prompt it drops the line
    terminal.wait_for(">>> ")
    terminal.press("\x04")
    assert terminal.process.wait(DEADLINE_S) == 0

"""What a run looks like: at a terminal of any width, without colour, in a pipe; and what never reaches a terminal."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import pyte
import pytest

# A run with a tool and an answer in Markdown, shown as `glm-agent run` shows it.
PROGRAM = r"""
from glm_agent.chat_model import Prefill
from glm_agent.cli import terminal as shown
from glm_agent.events import RunFinished
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool

@tool
def look_up(city: str) -> str:
    "Look up."
    return "18 度，晴。\x1b[2J\x07\n" + "很长的一行" * 20

answer = "The **weather** in `波恩`:\n\n- 18 度\n- sunny\n\nThat is all."
shown.SLOW_PREFILL_S = -1.0  # every prompt is a slow one
terminal = shown.Terminal()
for event in Agent(ScriptedModel([call("look_up", city="波恩"), say(answer)]), [look_up]).stream("?"):
    if type(event).__name__ == "PromptRendered":
        terminal.show(event)
        event = Prefill(512, 2048)
    if isinstance(event, RunFinished):
        terminal.finish(event.result, context_length=1000)
    else:
        terminal.show(event)
terminal.diff("--- a\n+++ b\n-old\n+new")
"""
# A call that changes a file, and the question about it.
WRITING = r"""
import sys
from pathlib import Path
from glm_agent.cli.approving import terminal_approval
from glm_agent.cli.interruption import Interruption
from glm_agent.cli.terminal import Terminal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.files import file_tools
from glm_tools.workspace import Workspace

tools = {tool.spec.name: tool for tool in file_tools(Workspace(Path(sys.argv[1])))}
terminal = Terminal()
approve = terminal_approval(
    terminal, Interruption(), lambda call: tools[call.name].preview(call.arguments)
)
model = ScriptedModel([call("write_file", path="notes.txt", content="tea\nrice\n"), say("Done.")])
with Agent(model, list(tools.values()), approve=approve) as agent:
    for event in agent.stream("?"):
        terminal.show(event)
"""
# What is read of what is typed; the words begin with MARK so that the echo is something else.
READING = r"""
import sys
from pathlib import Path
from glm_agent.cli.line_input import LineInput

lines = LineInput(Path(sys.argv[1]), ("/stats", "/save"))
while (message := lines.read()) is not None:
    print("READ", repr(message))
lines.close()
"""
ANSWER = "The **weather** in `波恩`:\n\n- 18 度\n- sunny\n\nThat is all.\n"
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|38|48)[;m]")


def environment(**variables: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM")
    }
    return {**kept, **variables}


def at_terminal(
    columns: int,
    *arguments: str,
    program: str = PROGRAM,
    typed: Sequence[str] = (),
    prompt: bytes = b"> ",
    **variables: str,
) -> str:
    """Everything that is written to a terminal of that width; one of `typed` is typed at each prompt."""
    outside, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    written, sent = b"", 0
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=environment(**variables),
    ) as process:
        os.close(inside)
        try:
            while piece := os.read(outside, 65536):
                written += piece
                while sent < len(typed) and written.count(prompt) > sent:
                    os.write(outside, typed[sent].encode())
                    sent += 1
        except OSError:  # EIO: the program has ended
            pass
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(outside)
    assert process.returncode == 0, written
    return written.decode("utf-8")


def rows(written: str, columns: int) -> list[str]:
    screen = pyte.Screen(columns, 50)
    pyte.Stream(screen).feed(written)
    return [row.rstrip() for row in screen.display]


@pytest.mark.parametrize("columns", [60, 120])
def test_a_run_at_a_terminal(columns: int) -> None:
    """The block of the tool, the set answer, the footer; the line about reading has gone away."""
    shown = rows(at_terminal(columns, TERM="xterm-256color"), columns)
    text = "\n".join(shown)
    assert shown[0] == "● look_up"
    assert shown[1] == '  │ {"city": "波恩"}'
    assert "\\x1b[2J\\x07" in shown[2]
    assert "reading" not in text
    assert "**" not in text
    assert "The weather in 波恩:" in shown
    assert " • sunny" in shown
    assert "That is all." in shown
    assert "context" in text
    assert [row.strip() for row in shown if row][-4:] == ["--- a", "+++ b", "-old", "+new"]


def test_a_long_prompt_is_said_to_be_read() -> None:
    assert "reading 512 of 2,048 tokens" in at_terminal(80, TERM="xterm")


def test_colour_at_a_terminal_only_where_it_is_wanted() -> None:
    assert COLOUR.search(at_terminal(80, TERM="xterm-256color"))
    assert not COLOUR.search(at_terminal(80, TERM="xterm-256color", NO_COLOR="1"))
    assert not COLOUR.search(at_terminal(80, TERM="xterm", NO_COLOR="1", FORCE_COLOR="1"))


def test_a_dumb_terminal_gets_plain_text() -> None:
    """No escape at all, and the answer as the model wrote it."""
    written = at_terminal(80, TERM="dumb")
    assert "\x1b" not in written
    assert ANSWER in written.replace("\r\n", "\n")


@pytest.mark.parametrize("force", [False, True])
def test_in_a_pipe_stdout_is_the_answer_and_nothing_else(force: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        encoding="utf-8",
        env=environment(TERM="xterm", **({"FORCE_COLOR": "1"} if force else {})),
        check=True,
        timeout=120,
    )
    assert done.stdout == ANSWER
    assert ("\x1b" in done.stderr) == force
    assert "look_up" in done.stderr
    assert "\x1b[2J" not in done.stderr


def test_nothing_of_a_tool_moves_the_cursor_or_rings_the_bell() -> None:
    written = at_terminal(80, TERM="xterm")
    assert "\x1b[2J" not in written
    assert "\x07" not in written


@pytest.mark.parametrize(("typed", "content"), [("y\n", "tea\nrice\n"), ("n\n", "tea\n")])
def test_who_is_asked_sees_the_diff_in_its_colours(
    tmp_path: Path, typed: str, content: str
) -> None:
    """Added lines are green; only a yes writes."""
    (tmp_path / "notes.txt").write_text("tea\n", encoding="utf-8")
    written = at_terminal(
        80, str(tmp_path), program=WRITING, typed=[typed], prompt=b"why not: ", TERM="xterm"
    )
    assert "? write_file" in written
    assert "\x1b[32m+rice\x1b[0m" in written
    assert "Run it?" in written
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == content


def messages(written: str) -> list[str]:
    return re.findall(r"READ (.*)\r\n", written)


def test_a_line_is_completed_edited_and_found_again(tmp_path: Path) -> None:
    """Tab, backspace, wide characters, and the arrow key in another process: the history is kept, for its owner only."""
    history = str(tmp_path / "home" / "history")
    typed = ["/st\t\r", "好的吗\x7f\r", "\x04"]
    written = at_terminal(60, history, program=READING, typed=typed, TERM="xterm")
    assert messages(written) == ["'/stats '", "'好的'"]
    assert Path(history).stat().st_mode & 0o077 == 0
    written = at_terminal(60, history, program=READING, typed=["\x1b[A\r", "\x04"], TERM="xterm")
    assert messages(written) == ["'好的'"]


def test_a_pasted_text_of_several_lines_is_one_message(tmp_path: Path) -> None:
    """As a terminal sends it, between the marks of bracketed paste."""
    typed = ["\x1b[200~one\ntwo\x1b[201~\r", "\x04"]
    written = at_terminal(60, str(tmp_path / "history"), program=READING, typed=typed, TERM="xterm")
    assert messages(written) == ["'one\\ntwo'"]

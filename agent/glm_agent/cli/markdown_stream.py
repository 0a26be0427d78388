"""An answer in Markdown as it comes: each block is shown raw while it is written and once more, set, when it is whole.

A block is replaced in one write and only while all of it is on the screen. So nothing flickers, nothing that has
scrolled away changes, and what is shown can be scrolled and copied like any other text.
"""

import shutil
import sys
from typing import ClassVar, TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown
from rich.text import Text

FENCES = ("```", "~~~")
MAX_WIDTH = 100  # longer lines of prose are hard to read
CLEAR_TO_END = "\x1b[J"
SPARE_ROWS = 1  # the row of the cursor


class _LeftHeading(Heading):
    """A heading where a reader of a terminal looks for it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class _Markdown(Markdown):
    elements: ClassVar = {**Markdown.elements, "heading_open": _LeftHeading}


class MarkdownStream:
    """Writes text with Markdown in it to a terminal.

    Args:
        stream: the terminal; text comes without control characters.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._block = ""

    def write(self, text: str) -> None:
        """More text."""
        for line in text.splitlines(keepends=True):
            line = line.expandtabs(4)
            self._stream.write(line)
            self._block += line
            if line.endswith("\n") and self._is_whole():
                self._set()
        self._stream.flush()

    def end(self) -> None:
        """The text is over; what was shown ends with a newline."""
        if self._block and not self._block.endswith("\n"):
            self.write("\n")
        if self._block:
            self._set()
            self._stream.flush()

    def _is_whole(self) -> bool:
        """Whether the block ends with its last line: a fence that was opened is closed, anything else by an empty line."""
        lines = self._block.rstrip("\n").split("\n")
        fence = next((mark for mark in FENCES if lines[0].lstrip().startswith(mark)), "")
        if fence:
            return len(lines) > 1 and lines[-1].strip().startswith(fence)
        return self._block.endswith("\n\n") or self._block == "\n"

    def _set(self) -> None:
        block, self._block = self._block, ""
        width, height = shutil.get_terminal_size()
        rows = sum(rows_of(line, width) for line in block.split("\n")[:-1])
        if not block.strip() or rows > height - SPARE_ROWS:
            return
        empty = "\n" if block.endswith("\n\n") else ""
        text = set_markdown(block, min(width, MAX_WIDTH)) + empty
        self._stream.write(f"\x1b[{rows}A\r{CLEAR_TO_END}{text}")


def set_markdown(text: str, width: int) -> str:
    """Markdown as lines for a terminal, with the styles that NO_COLOR and TERM allow."""
    console = Console(width=width, force_terminal=True, highlight=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(_Markdown(text, code_theme="ansi_dark", hyperlinks=False))
    lines = captured.get().split("\n")
    for end in (0, -1):  # tables and code bring empty lines of their own
        while lines and not Text.from_ansi(lines[end]).plain.strip():
            del lines[end]
    return "\n".join(lines) + "\n"


def rows_of(line: str, width: int) -> int:
    """Rows of a terminal of `width` columns that a line takes; a wide character is never cut in two."""
    rows, column = 1, 0
    for character in line:
        cells = cell_len(character)
        if column + cells > width:
            rows, column = rows + 1, 0
        column += cells
    return rows

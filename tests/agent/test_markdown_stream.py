"""Markdown as it streams, on the screen of a terminal emulator: in the end it is what setting it at once would show."""

import io
import shutil
from itertools import pairwise

import pyte
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glm_agent.cli.markdown_stream import MarkdownStream, rows_of, set_markdown

ANSWER = """# A title

Some **bold** and `code`, in a paragraph that is long enough to be broken at the width of any terminal there is.

- one
- 二十个很宽的字符在一个很窄的终端里也要放得下才行呢

| a | b |
|---|---|
| 1 | 2 |

```python
def f(x):
    return x + 1
```

The end."""
HEIGHT = 60


def screen_of(pieces: list[str], width: int, height: int = HEIGHT) -> list[str]:
    """What a terminal shows after the pieces, without the empty rows at its end."""
    screen = pyte.Screen(width, height)
    terminal = pyte.Stream(screen)
    output = io.StringIO()
    markdown = MarkdownStream(output)
    for piece in pieces:
        markdown.write(piece)
    markdown.end()
    terminal.feed(output.getvalue().replace("\n", "\r\n"))
    rows = [row.rstrip() for row in screen.display]
    while rows and not rows[-1]:
        rows.pop()
    return rows


@pytest.fixture(autouse=True)
def size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: (40, HEIGHT))


@given(cuts=st.lists(st.integers(0, len(ANSWER)), max_size=30))
@example(cuts=list(range(len(ANSWER))))
@settings(deadline=None, max_examples=40)
def test_the_screen_is_the_same_wherever_the_text_is_cut(cuts: list[int]) -> None:
    """No raw marks stay behind and no row is lost: wide characters and wrapped lines are counted right."""
    places = [0, *sorted(cuts), len(ANSWER)]
    pieces = [ANSWER[start:end] for start, end in pairwise(places)]
    shown = screen_of(pieces, 40)
    assert shown == screen_of([ANSWER], 40)
    text = "\n".join(shown)
    assert "A title" in shown[0]
    assert "**" not in text
    assert "```" not in text
    assert "# A" not in text
    assert shown[-1] == "The end."


def test_a_block_that_does_not_fit_on_the_screen_stays_as_it_came() -> None:
    """What has scrolled away cannot be replaced: nothing is written twice."""
    lines = [f"line {number}" for number in range(HEIGHT + 20)]
    output = io.StringIO()
    markdown = MarkdownStream(output)
    markdown.write("```\n" + "\n".join(lines) + "\n```\n\n")
    markdown.end()
    assert output.getvalue().count("line 3\n") == 1
    assert "\x1b" not in output.getvalue().split("```\n\n")[0]


@pytest.mark.parametrize("width", [1, 2, 7, 40])
@pytest.mark.parametrize("line", ["a", "abc", "x" * 40, "x" * 41, "x" * 80])
def test_rows_are_those_that_a_terminal_takes(line: str, width: int) -> None:
    """A line as wide as the screen takes one row: the cursor waits behind its end."""
    screen = pyte.Screen(width, 100)
    pyte.Stream(screen).feed(line)
    assert rows_of(line, width) == screen.cursor.y + 1


@pytest.mark.parametrize(
    ("line", "width", "rows"),
    [("中文", 4, 1), ("中文", 3, 2), ("a中", 2, 2), ("中" * 20, 40, 1), ("a" + "中" * 20, 40, 2)],
)
def test_a_wide_character_that_does_not_fit_goes_to_the_next_row(
    line: str, width: int, rows: int
) -> None:
    """As xterm and tmux do; pyte cuts it in two, and is no oracle here."""
    assert rows_of(line, width) == rows


def test_no_colour_is_written_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[3" not in set_markdown("# Red\n\n`code`\n\n```python\nx = 1\n```\n", 40)

"""What a person types: lines, with editing, a history and completion on a terminal."""

import glob
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

HISTORY_LINES = 1000
BLOCK = '"""'  # begins and ends a message of several lines
PROMPT, CONTINUED = "> ", "… "


class LineInput:
    """Messages from standard input. Used until `close`.

    On a terminal a line can be edited, the arrow keys and Ctrl-R go through the history, Tab completes commands and
    `@file`; a text of several lines can be pasted. A line that ends in a backslash goes on in the next one, and one
    that begins with three quotes until the next three.

    Args:
        history: the file that keeps what was typed.
        words: what Tab completes at the beginning of a line.
        complete_argument: what may follow such a word: (word, what is there so far) -> whole words.
    """

    def __init__(
        self,
        history: Path,
        words: Sequence[str],
        complete_argument: Callable[[str, str], Sequence[str]] = lambda word, text: (),
    ) -> None:
        self._history = history
        self._words = words
        self._complete_argument = complete_argument
        self._is_terminal = sys.stdin.isatty()
        if self._is_terminal:
            self._begin_editing()

    def close(self) -> None:
        """Keep the history. Safe to call twice."""
        if not self._is_terminal:
            return
        import readline

        readline.set_completer(None)
        with suppress(OSError):  # a history that cannot be kept is no reason to fail
            self._history.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(self._history)
            self._history.chmod(0o600)

    def read(self) -> str | None:
        """The next message; None at the end of the input. Ctrl-C forgets what was typed of it."""
        lines: list[str] = []
        is_block = False
        while True:
            try:
                line = self._line(CONTINUED if lines or is_block else PROMPT)
            except EOFError:
                return "\n".join(lines) if lines else None
            except KeyboardInterrupt:
                sys.stderr.write("\n")
                lines, is_block = [], False
                continue
            if not lines and not is_block and line.lstrip().startswith(BLOCK):
                is_block, line = True, line.lstrip().removeprefix(BLOCK)
                if not line:
                    continue
            if is_block and line.rstrip().endswith(BLOCK):
                return "\n".join([*lines, line.rstrip().removesuffix(BLOCK)]).strip("\n")
            if not is_block and not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line if is_block else line[:-1])

    def _line(self, prompt: str) -> str:
        return input(prompt if self._is_terminal else "")

    def _begin_editing(self) -> None:
        import readline  # changes how `input` works on a terminal

        with suppress(OSError):
            readline.read_history_file(self._history)
        readline.set_history_length(HISTORY_LINES)
        readline.set_completer_delims(" \t\n")
        readline.set_completer(self._complete)
        readline.parse_and_bind("tab: complete")
        if os.environ.get("TERM", "dumb") != "dumb":
            readline.parse_and_bind("set enable-bracketed-paste on")

    def _complete(self, text: str, number: int) -> str | None:
        import readline

        begin = readline.get_line_buffer()[: readline.get_begidx()]
        found = self.completions(begin, text)
        return found[number] if number < len(found) else None

    def completions(self, begin: str, text: str) -> list[str]:
        """What `text` may become behind `begin`, in order."""
        if not begin.strip():
            found = [word + " " for word in self._words if word.startswith(text)]
            if found or not text.startswith("@"):
                return found
        if text.startswith("@"):
            return ["@" + path for path in _paths(text[1:])]
        word = begin.split()[0]
        if not word.startswith("/"):
            return []
        return [*self._complete_argument(word, text)]


def _paths(text: str) -> list[str]:
    """Files and folders that `text` begins; a folder ends with a slash, to go on from."""
    found = sorted(glob.glob(glob.escape(os.path.expanduser(text)) + "*"))  # noqa: PTH111, PTH207  # as typed, not made absolute
    home = str(Path.home()) if text.startswith("~") else ""
    shown = [f"~{path.removeprefix(home)}" if home else path for path in found]
    return [
        f"{name}/" if Path(path).is_dir() else f"{name} "
        for name, path in zip(shown, found, strict=True)
    ]

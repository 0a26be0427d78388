"""The task as the model gets it: the prompt, what was piped in, and attached files."""

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glm_agent.chat_model import ChatModel
from glm_agent.cli.terminal import Terminal
from glm_agent.context import cut_to_budget
from glm_agent.errors import ConfigurationError, UsageError
from glm_sandbox.errors import SandboxFileError
from glm_sandbox.sandbox import Sandbox


def read_prompt(prompt: str | None) -> tuple[str, str]:
    """The task, and what came on standard input beside it.

    Raises:
        UsageError: there is no task.
        ConfigurationError: standard input is not text.
    """
    if prompt is not None and prompt != "-":
        if not prompt.strip():
            raise UsageError("The task is empty.")
        return prompt, _standard_input() if _is_piped() else ""
    if prompt is None and not _is_piped():
        raise UsageError('What is the task? Try: glm-agent run "What is 37 * 43?"')
    text = _standard_input()
    if not text.strip():
        raise UsageError("Standard input is empty: there is no task.")
    return text, ""


def _is_piped() -> bool:
    # A terminal, /dev/null or a socket is not an attachment; a pipe or a file is.
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _standard_input() -> str:
    data = sys.stdin.buffer.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"Standard input is not UTF-8 text: {error}.") from error
    if "\0" in text:
        raise ConfigurationError("Standard input is not text: it holds NUL bytes.")
    return text


@dataclass(frozen=True, slots=True)
class Attachments:
    """Puts what the user gave beside the task where the model can get at it."""

    model: ChatModel
    sandbox: Sandbox | None
    terminal: Terminal

    def add(self, prompt: str, piped: str, files: Sequence[Path]) -> str:
        """The task with its attachments: files in /mnt/data where there is a sandbox, else their text."""
        parts = [prompt]
        if piped:
            parts.append(self._text("standard input", piped))
        for path in files:
            parts.append(self._file(path))
        return "\n\n".join(parts)

    def _file(self, path: Path) -> str:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
        if self.sandbox is not None:
            try:
                self.sandbox.put_file(path.name, data)
            except SandboxFileError as error:
                raise ConfigurationError(f"The file cannot be attached: {error}") from error
            return f"The file /mnt/data/{path.name} ({len(data):,} bytes) is there."
        try:
            return f"{path.name}:\n{self._text(path.name, data.decode('utf-8'))}"
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{str(path)!r} is not UTF-8 text, and there is no sandbox to put it into."
            ) from error

    def _text(self, name: str, text: str) -> str:
        cut = cut_to_budget(text, self.model.context_length // 4, self.model.count_tokens)
        if cut.left_out_chars:
            self.terminal.warn(
                f"The model reads {cut.tokens:,} tokens of {name}; {cut.left_out_chars:,} of "
                f"{len(text):,} characters are left out."
            )
        return cut.text

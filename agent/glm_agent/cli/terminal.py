r"""What a person sees: the answer on stdout, everything else on stderr.

Covers: control characters in text from the model, tools or files are shown as `\x1b`, never sent to a terminal.
Does not cover: what a person does with the text (a command in an answer is still a command).
"""

import os
import re
import sys
from collections.abc import Callable
from typing import TextIO

from glm_agent.events import (
    AnswerRejected,
    Event,
    ObservationCut,
    PromptRendered,
    RunResult,
    SessionWoken,
    StepFinished,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from glm_prompts.dialect import CallCut, TextDelta
from glm_tools.tool import ToolCall, ToolResult

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SHOWN_LINES = 20


def printable(text: str) -> str:
    """`text` with control and bidirectional characters made visible; newlines and tabs stay."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def wants_colour(stream: TextIO) -> bool:
    """NO_COLOR, then FORCE_COLOR, then whether it is a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Terminal:
    """Writes a run's events as they come.

    Args:
        quiet: nothing but the answer and errors.
        verbose: whole results and the usage of each step.
        stream_answer: text goes to stdout as it is generated; a typed answer when it is there in full.

    Attributes:
        is_quiet: as given.
        is_typed: the answer is JSON under a schema.
    """

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, stream_answer: bool = True
    ) -> None:
        self.is_quiet = quiet
        self._verbose = verbose
        self._stream_answer = stream_answer
        self._colour = wants_colour(sys.stderr)
        self._clean_stdout = printable if sys.stdout.isatty() else str
        self._at_line_start = True
        self.is_typed = False
        self._held = ""  # of a typed answer, which may yet be sent back

    def note(self, text: str) -> None:
        """A line of information, unless quiet."""
        if not self.is_quiet:
            self._line(self._style("2", text))

    def warn(self, text: str) -> None:
        """A line that is shown even when quiet."""
        self._line(self._style("33", text))

    def show(self, event: Event) -> None:
        """Show one event of a run."""
        match event:
            case PromptRendered(options=options):
                self.is_typed = options.answer_schema is not None
                self._held = ""
            case TextDelta(text=text) if self.is_typed:
                self._held += text
            case TextDelta(text=text) if self._stream_answer:
                self._answer(text)
            case AnswerRejected(problem=problem):
                self.note(f"  The answer is sent back: {printable(problem)}")
            case ToolStarted(call=call):
                self._call(call)
            case ToolProgress(stream="progress", text=text):
                self.note(f"  {printable(text.rstrip())}")
            case ToolFinished(result=result):
                self._result(result)
            case SessionWoken(reused_tokens=reused, reason=reason):
                self.note(
                    f"Woken up: {reused:,} tokens are there already. {printable(reason)}".rstrip()
                )
            case ObservationCut(left_out_chars=left_out):
                self.note(f"  The model reads a part: {left_out:,} characters are left out.")
            case CallCut(name=name):
                self.warn(f"  The call of {name!r} was cut off and not run.")
            case StepFinished(step=step) if self._verbose:
                usage = step.usage
                self.note(
                    f"  step {step.number}: {usage.new_tokens} new + {usage.reused_tokens} reused tokens, "
                    f"first token after {usage.prefill_s:.2f} s, {usage.generated_tokens} generated in "
                    f"{usage.decode_s:.2f} s"
                )

    def finish(self, result: RunResult) -> None:
        """End the answer's line and print the footer."""
        if self._held and self._stream_answer:
            self._answer(self._held)
        self._end_answer()
        usage = result.usage
        speed = usage.generated_tokens / usage.decode_s if usage.decode_s else 0.0
        self.note(
            f"{_counted(len(result.steps), 'step')} · {_counted(len(result.calls), 'call')} · "
            f"{usage.new_tokens:,} new + "
            f"{usage.reused_tokens:,} reused tokens · {speed:.1f} tokens/s · {result.duration_s:.1f} s · "
            f"run {result.run_id}"
        )

    def _answer(self, text: str) -> None:
        if self._at_line_start:
            text = text.lstrip("\n")
        if not text:
            return
        sys.stdout.write(self._clean_stdout(text))
        sys.stdout.flush()
        self._at_line_start = text.endswith("\n")

    def _end_answer(self) -> None:
        if not self._at_line_start:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._at_line_start = True

    def _call(self, call: ToolCall) -> None:
        self._end_answer()
        if self.is_quiet:
            return
        self._line(self._style("1;36", f"● {printable(call.name)}"))
        self._block(call.raw, "│", str)

    def _result(self, result: ToolResult) -> None:
        if self.is_quiet:
            return
        style: Callable[[str], str] = (
            (lambda text: self._style("31", text)) if result.is_error else str
        )
        self._block(result.text, "╰", style)

    def _block(self, text: str, mark: str, style: Callable[[str], str]) -> None:
        lines = printable(text).rstrip("\n").split("\n")
        shown = lines if self._verbose else lines[:SHOWN_LINES]
        for line in shown:
            self._line(f"  {self._style('2', mark)} {style(line)}")
        if len(lines) > len(shown):
            self._line(
                self._style("2", f"  {mark} … {len(lines) - len(shown)} more lines (-v shows all)")
            )

    def _line(self, text: str) -> None:
        self._end_answer()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def _style(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

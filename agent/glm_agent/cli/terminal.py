r"""What a person sees: the answer on stdout, everything else on stderr.

Covers: control characters in text from the model, tools or files are shown as `\x1b`, never sent to a terminal.
Does not cover: what a person does with the text (a command in an answer is still a command).
"""

import os
import re
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from glm_agent.chat_model import Prefill
from glm_agent.cli.images import inline_image
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
from glm_tools.tool import Attachment, ToolCall, ToolResult

if TYPE_CHECKING:
    from glm_agent.cli.markdown_stream import MarkdownStream

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SHOWN_LINES = 20
SLOW_PREFILL_S = 1.0  # reading a prompt for longer than this is shown
SLOW_TOOL_S = 1.0  # a call that took longer has its time beside it
DIFF_STYLES = {"+": "32", "-": "31", "@": "36"}


def printable(text: str) -> str:
    """`text` with control and bidirectional characters made visible; newlines and tabs stay."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def printable_json(text: str) -> str:
    """JSON with the characters that `printable` shows in JSON's own escapes: the same value, and nothing to obey."""
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def wants_colour(stream: TextIO) -> bool:
    """NO_COLOR, then FORCE_COLOR, then whether it is a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_cursor(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


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
        self._markdown = _markdown_stream()
        self._shows_progress = not quiet and has_cursor(sys.stderr)
        self._prefill_began_s: float | None = None
        self._is_answering = False
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
        if isinstance(event, Prefill):
            self._reading(event)
            return
        self._end_reading()
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
            case _:
                self._show_work(event)

    def _show_work(self, event: Event) -> None:
        match event:
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

    def tell(self, text: str) -> None:
        """What the user has asked for beside the answers, as it is."""
        for line in printable(text).split("\n"):
            self._line(line)

    def diff(self, text: str) -> None:
        """Lines that somebody has to decide about; those of a diff in its colours. Shown even when quiet."""
        for line in printable(text).split("\n"):
            self._line("  " + self._style(DIFF_STYLES.get(line[:1], "0"), line))

    def image(self, attachment: Attachment) -> None:
        """Draw an image where the terminal is known to draw images."""
        if self._shows_progress and (drawn := inline_image(attachment.mime, attachment.data)):
            self._end_answer()
            sys.stderr.write(drawn)
            sys.stderr.flush()

    def finish(self, result: RunResult, *, context_length: int | None = None) -> None:
        """End the answer's line and print the footer.

        Args:
            result: of the run.
            context_length: of the model, to say how full it is.
        """
        self._end_reading()
        if self._held and self._stream_answer:
            sys.stdout.write(self._clean_stdout(self._held) + "\n")
            sys.stdout.flush()
            self._held = ""
        self._end_answer()
        usage = result.usage
        speed = usage.generated_tokens / usage.decode_s if usage.decode_s else 0.0
        self.note(
            f"{counted(len(result.steps), 'step')} · {counted(len(result.calls), 'call')} · "
            f"{usage.new_tokens:,} new + "
            f"{usage.reused_tokens:,} reused tokens · {speed:.1f} tokens/s · {result.duration_s:.1f} s · "
            f"{_share(result, context_length)}run {result.run_id}"
        )

    def _reading(self, event: Prefill) -> None:
        """Say how far a long prompt is read, in a line that goes away."""
        now_s = time.monotonic()
        if self._prefill_began_s is None:
            self._prefill_began_s = now_s
        if self._shows_progress and now_s - self._prefill_began_s > SLOW_PREFILL_S:
            self._end_answer()
            text = f"  reading {event.done:,} of {event.total:,} tokens …"
            sys.stderr.write(f"\r{self._style('2', text)}\x1b[K")
            sys.stderr.flush()

    def _end_reading(self) -> None:
        if self._prefill_began_s is not None and self._shows_progress:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._prefill_began_s = None

    def _answer(self, text: str) -> None:
        if not self._is_answering:
            text = text.lstrip("\n")
        if not text:
            return
        self._is_answering = True
        self._at_line_start = text.endswith("\n")
        if self._markdown is not None:
            self._markdown.write(self._clean_stdout(text))
            return
        sys.stdout.write(self._clean_stdout(text))
        sys.stdout.flush()

    def _end_answer(self) -> None:
        self._is_answering = False
        if self._markdown is not None:
            self._markdown.end()
            self._at_line_start = True
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
        duration = f"{result.duration_s:.1f} s" if result.duration_s >= SLOW_TOOL_S else ""
        self._block(result.text, "╰", style, beside=duration)

    def _block(
        self, text: str, mark: str, style: Callable[[str], str], *, beside: str = ""
    ) -> None:
        lines = printable(text).rstrip("\n").split("\n")
        shown = lines if self._verbose else lines[:SHOWN_LINES]
        for number, line in enumerate(shown, start=1):
            end = f"  {self._style('2', beside)}" if beside and number == len(shown) else ""
            self._line(f"  {self._style('2', mark)} {style(line)}{end}")
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


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural where it needs one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _markdown_stream() -> "MarkdownStream | None":
    if not has_cursor(sys.stdout):
        return None
    from glm_agent.cli.markdown_stream import MarkdownStream  # a tenth of a second

    return MarkdownStream()


def _share(result: RunResult, context_length: int | None) -> str:
    """How much of the context window is taken after the last step."""
    if not result.steps or not context_length:
        return ""
    usage = result.steps[-1].usage
    tokens = usage.new_tokens + usage.reused_tokens + usage.generated_tokens
    return f"context {tokens / context_length:.0%} · "

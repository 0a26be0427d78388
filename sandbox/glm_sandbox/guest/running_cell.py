"""The cell that runs now, and how much of what it shows is passed on."""

import time
from dataclasses import dataclass, field

from glm_sandbox.guest.options import SessionOptions
from glm_sandbox.guest.output import OutputCapture
from glm_sandbox.protocol import Frame

MAX_DISPLAYS = 20
MAX_TEXT_BYTES = 256 << 10  # of a value or a traceback
START_S = 20.0  # until the worker takes up a cell

Relayed = tuple[bytes, dict[str, str]]  # body and fields of a frame for the host


@dataclass(slots=True)
class RunningCell:
    """One cell from `exec` to `done`.

    Attributes:
        token: random, known to the host; the worker learns it with the code.
        code: its source.
        outputs: what it prints, by stream.
        deadline: when it is to be interrupted, or killed when it has been.
        threads_before: of the worker, when the cell came.
        oom_kills_before: of the session, when the cell came.
        is_second_try: the worker it was meant for was dead before the cell came.
        is_started: the worker has taken it up; until then `deadline` is for that.
        stopped_for: why it was interrupted: timeout, interrupted or output_limit; "" when it was not.
        line: where it was when it raised.
        displays_dropped: figures beyond `MAX_DISPLAYS`.
    """

    token: str
    code: bytes
    timeout_s: float
    grace_s: float
    outputs: dict[str, OutputCapture]
    threads_before: int
    oom_kills_before: int
    accepted_at: float = field(default_factory=time.monotonic)
    deadline: float = 0.0
    is_started: bool = False
    is_second_try: bool = False
    stopped_for: str = ""
    line: int = 0
    displays_dropped: int = 0
    _displays: int = 0
    _has_value: bool = False
    _has_error: bool = False

    @classmethod
    def accept(
        cls, frame: Frame, options: SessionOptions, threads: int, oom_kills: int
    ) -> "RunningCell":
        """The cell of an `exec` frame."""
        cell = cls(
            token=frame.text("token"),
            code=frame.body,
            timeout_s=frame.number("timeout_s"),
            grace_s=frame.number("grace_s"),
            outputs={
                name: OutputCapture(options.output_head_bytes, options.output_tail_bytes)
                for name in ("stdout", "stderr")
            },
            threads_before=threads,
            oom_kills_before=oom_kills,
        )
        cell.deadline = cell.accepted_at + START_S
        return cell

    @property
    def output_bytes(self) -> int:
        return sum(output.total_bytes for output in self.outputs.values())

    def relay(self, frame: Frame) -> Relayed | None:
        """What the host gets of a frame of the worker's; None when that is nothing.

        Raises:
            ProtocolError: the frame lacks something.
        """
        if frame.kind == "display":
            if self._displays >= MAX_DISPLAYS:
                self.displays_dropped += 1
                return None
            self._displays += 1
            return frame.body, {"mime": frame.text("mime")[:100]}
        if frame.kind == "value" and not self._has_value:
            self._has_value = True
            return frame.body[:MAX_TEXT_BYTES], {}
        if frame.kind == "error" and not self._has_error:
            self._has_error = True
            self.line = frame.integer("line")
            return frame.body[:MAX_TEXT_BYTES], {"name": frame.text("name")[:200]}
        return None

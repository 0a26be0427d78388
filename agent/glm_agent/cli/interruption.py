"""Ctrl-C and SIGTERM during a run."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event as Flag
from types import FrameType

from glm_agent.cli.exit_codes import ExitCode


@dataclass(slots=True)
class Interruption:
    """What signals came."""

    flag: Flag = field(default_factory=Flag)
    is_running: bool = False
    is_termination: bool = False


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Signals as a request to stop while a run is on, and as an exception before it and the second time."""
    state = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        state.is_termination |= number == signal.SIGTERM
        if state.is_running and not state.flag.is_set():
            state.flag.set()
        elif number == signal.SIGTERM:
            raise SystemExit(ExitCode.TERMINATED)
        else:
            raise KeyboardInterrupt

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    except KeyboardInterrupt:
        # Said here, because typer ends the program without a word.
        said = "Interrupted again" if state.is_running else "Interrupted before the run began"
        sys.stderr.write(f"glm-agent: {said}; what was recorded is kept.\n")
        raise SystemExit(ExitCode.INTERRUPTED) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

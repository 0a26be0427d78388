"""Asking the person at the terminal whether a call may run."""

import select
import sys
from collections.abc import Callable

from glm_agent.calls import Approve
from glm_agent.cli.interruption import Interruption
from glm_agent.cli.terminal import Terminal, printable
from glm_agent.events import ApprovalDecided, ApprovalRequested
from glm_tools.tool import ToolCall

_LOOK_S = 0.1  # a signal right before a read begins would otherwise be noticed when the read ends, which may be never


def terminal_approval(
    terminal: Terminal,
    interrupt: Interruption,
    preview: Callable[[ToolCall], str] = lambda _: "",
) -> Approve | None:
    """Asks on the terminal; None when standard input or standard error is none.

    Args:
        terminal: shows the call.
        interrupt: Ctrl-C at the question says no and stops the run.
        preview: what a call would change; shown in place of its text where there is something to show.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(request: ApprovalRequested) -> ApprovalDecided:
        call = request.call
        terminal.warn(f"? {printable(call.name)} ({printable(request.reason)})")
        terminal.diff(preview(call) or call.raw)
        # Ctrl-C at the question is an answer to it, from before it is shown: a signal that only set the flag would
        # leave the reading below waiting.
        interrupt.is_running = False
        try:
            if interrupt.flag.is_set():
                return ApprovalDecided(call.id, "rejected")
            sys.stderr.write("  Run it? [y]es, [n]o, or a reason why not: ")
            sys.stderr.flush()
            while not select.select([sys.stdin], [], [], _LOOK_S)[0]:
                pass  # between two looks Python runs the handlers of signals
            answer = sys.stdin.readline().strip()
        except KeyboardInterrupt:
            interrupt.flag.set()
            return ApprovalDecided(call.id, "rejected")
        finally:
            interrupt.is_running = True
        if answer.lower() in ("y", "yes"):
            return ApprovalDecided(call.id, "approved")
        comment = "" if answer.lower() in ("", "n", "no") else answer
        return ApprovalDecided(call.id, "rejected", comment)

    return ask

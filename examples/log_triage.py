"""Proves: a log that is too long to read at once is paged through, and nothing of it is lost.

    python examples/log_triage.py --print | python examples/log_triage.py -

reads it from standard input; without `-` it is made here. The model reads head and tail of the log, is told what was
left out, and pages to it with `read_result`. A script stood in for the model when this was recorded (`--live` runs it
again); how much a page holds is each model's own count of tokens.
"""

import io
import sys
from pathlib import Path
from typing import TextIO

from glm_agent import Agent, ChatModel, Journal, Limits, tool
from glm_agent.events import RunFinished, ToolFinished
from glm_agent.testing import ReplayModel, ScriptedModel, call, say

RECORDING = Path(__file__).parent / "recordings" / "log_triage.json"
NUM_LINES = 2_000
ERROR = "ERROR checkout: disk sda1 is full"


def make_log() -> str:
    lines = [f"2026-11-21T{n // 60:02}:{n % 60:02} INFO request {n} done" for n in range(NUM_LINES)]
    lines[NUM_LINES // 2] = f"2026-11-21T16:40 {ERROR}"
    return "\n".join(lines)


def live() -> tuple[ChatModel]:
    offset = make_log().index(ERROR) - 500
    return (
        ScriptedModel(
            [
                call("read_log"),
                call("read_result", id="call_1", offset=offset),
                say("Checkout failed at 16:40: the disk sda1 was full."),
            ]
        ),
    )


def main(model: ChatModel, journal: Journal | None = None, log: TextIO | None = None) -> None:
    source = log or io.StringIO(make_log())

    @tool(untrusted=True)
    def read_log() -> str:
        """Read the log that was given on standard input."""
        return source.read()

    limits = Limits(max_observation_tokens=2_000)
    with Agent(model, tools=[read_log], limits=limits, journal=journal, can_page=True) as agent:
        events = list(agent.stream("What went wrong?"))
    whole, page = (event.result.text for event in events if isinstance(event, ToolFinished))
    result = next(event.result for event in events if isinstance(event, RunFinished))
    print(f"{len(whole):,} characters, of which a page:", page.splitlines()[0], result.answer)
    assert len(whole) > 20 * limits.max_observation_tokens
    assert ERROR in page
    assert page.splitlines()[0].endswith(f"of {len(whole)}]")
    assert "sda1" in result.answer


if __name__ == "__main__":
    if "--print" in sys.argv:
        print(make_log(), end="")
    else:
        models = live() if "--live" in sys.argv else (ReplayModel.load(RECORDING),)
        main(*models, log=sys.stdin if "-" in sys.argv else None)

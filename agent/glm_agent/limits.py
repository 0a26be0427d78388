"""How far a run may go."""

from dataclasses import dataclass
from typing import Literal

ContextPolicy = Literal[
    "error",  # the run ends
    "elide",  # oldest observations become one-line receipts
    "summarise",  # the model sums up what is old
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run. Reaching one ends the run with an answer and a `finish_reason`, never with an exception.

    Attributes:
        max_steps: model turns; in the last one calls are closed, so that it must answer.
        max_new_tokens: tokens generated in one turn.
        max_wall_s: wall time of the whole run; None for no limit. What is under way then is stopped, a turn as well
            as a call; where there is no text yet, the model has a tenth of that time more for an answer.
        max_observation_tokens: of one tool result, what the model reads; the rest is kept for `read_result`.
        max_repeats: the same call with the same result this many times is a loop: it is answered by a refusal, and
            calls are closed.
        when_full: what happens when the next prompt does not fit into the context window.
    """

    max_steps: int = 12
    max_new_tokens: int = 1024
    max_wall_s: float | None = None
    max_observation_tokens: int = 2048
    max_repeats: int = 3
    when_full: ContextPolicy = "elide"

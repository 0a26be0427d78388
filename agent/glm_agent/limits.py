"""How far a run may go."""

from dataclasses import dataclass
from typing import Literal, get_args

from glm_agent.errors import ConfigurationError

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

    def check(self) -> None:
        """Refuse what no run can be held to, before it is recorded.

        Raises:
            ConfigurationError: a bound is too small, or there is no such policy.
        """
        least = {"max_steps": 1, "max_new_tokens": 1, "max_observation_tokens": 1, "max_repeats": 2}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise ConfigurationError(
                    f"Limits.{name} is {getattr(self, name)}; it is at least {smallest}."
                )
        if self.max_wall_s is not None and not self.max_wall_s > 0:
            raise ConfigurationError(
                f"Limits.max_wall_s is {self.max_wall_s}; it is above 0 or None."
            )
        if self.when_full not in get_args(ContextPolicy):
            raise ConfigurationError(
                f"Limits.when_full is {self.when_full!r}; there are: {', '.join(get_args(ContextPolicy))}."
            )

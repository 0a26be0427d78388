"""When what is under way must stop: the user's wish, the run's time, the loop's own reasons, seen as one flag."""

from collections.abc import Callable
from threading import Event


class StopFlag(Event):
    """Set when it was set itself, when `user` is, and when the time is over.

    Args:
        user: the user's own flag.
        deadline_s: on `clock`; None for no limit.
        clock: seconds that only grow.
    """

    def __init__(self, user: Event, deadline_s: float | None, clock: Callable[[], float]) -> None:
        super().__init__()
        self._user = user
        self._deadline_s = deadline_s
        self._clock = clock

    @property
    def is_out_of_time(self) -> bool:
        """The time is over, whatever else is set."""
        return self._deadline_s is not None and self._clock() >= self._deadline_s

    def is_set(self) -> bool:
        return super().is_set() or self._user.is_set() or self.is_out_of_time

"""Whether the environment forbids fetching: read here, so that one setting means the same to all that fetches."""

import os

_NO = frozenset(("", "0", "f", "false", "n", "no", "off"))  # as the command line reads its switches


def forbidding_variable(*names: str) -> str | None:
    """The first of these environment variables that forbids fetching; None where none does.

    Whatever is not plainly a no forbids: who sets such a variable means to be offline.
    """
    return next((name for name in names if os.environ.get(name, "").lower() not in _NO), None)

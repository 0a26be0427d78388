"""What a place where guests can run has to offer. A further back end implements this and passes `conformance`."""

from collections.abc import Sequence
from typing import Protocol

from glm_sandbox.sandbox import ResourceLimits
from glm_sandbox.transport import Transport

# Loaded by a new session while no cell is waiting: the first `import pandas` takes no second then.
PREIMPORT = ("numpy", "pandas", "matplotlib.pyplot")


class Backend(Protocol):
    """A way to start guests. Thread-safe."""

    @property
    def name(self) -> str:
        """`docker`, `bubblewrap` or `off`."""
        ...

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """What it cannot enforce on this machine, a sentence each."""
        ...

    def start(self, limits: ResourceLimits, preimport: Sequence[str]) -> Transport:
        """Start a fresh guest: a supervisor that speaks `protocol`.

        Raises:
            SandboxUnavailableError: it cannot be started; nothing is left behind.
        """
        ...

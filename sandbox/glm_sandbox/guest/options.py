"""What a session is told when it starts: one JSON object as the argument of `start.py`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Limits and places, as the host's back end decided them.

    Attributes:
        data_dir: the folder that is /mnt/data; "" makes a temporary one that goes with the session.
        tmpfs: (path, mount options) that the guest mounts itself, before it drops its privileges.
        preimport: modules to load while no cell is waiting.
        rlimit_memory: hold `memory_bytes` per process, because no control group does it for all.
        rlimit_processes: hold `processes` by RLIMIT_NPROC, for the same reason.
        threads: for numerical libraries.
    """

    data_dir: str
    memory_bytes: int
    processes: int
    file_bytes: int
    output_bytes: int
    output_head_bytes: int
    output_tail_bytes: int
    tmpfs: Sequence[tuple[str, str]] = ()
    preimport: Sequence[str] = ()
    rlimit_memory: bool = False
    rlimit_processes: bool = False
    threads: int = 1
    owns_data_dir: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "SessionOptions":
        """The inverse of `to_json`.

        Raises:
            TypeError, ValueError: host and guest are of different releases.
        """
        return cls(**json.loads(text))

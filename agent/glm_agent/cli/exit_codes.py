"""What the exit code of a command means; the same numbers are in `--help` and in the README."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of `glm-agent`."""

    ANSWERED = 0
    INTERNAL_ERROR = 1  # a bug of ours
    USAGE = 2
    NEEDS_APPROVAL = 3
    LIMIT = 4  # the forced or partial answer is on stdout
    TOOL_UNAVAILABLE = 5  # a tool or sandbox that was asked for
    MODEL_UNAVAILABLE = 6
    CONFIGURATION = 7  # a file or tool of the user's
    DIFFERS = 8  # replay or verification
    STORAGE = 9  # a disk that is full or cannot be written
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_CODES_HELP = (
    "Exit codes: 0 answered, 2 usage, 3 a call needs approval, 4 a limit was reached, 5 tool or sandbox missing, 6 model not available, "
    "7 bad file or tool, 8 replay differs, 9 disk, 130 interrupted, 143 terminated, 1 a bug."
)

"""What can go wrong in a run beside what is data in `RunResult`.

```
AgentError
├── ModelUnavailableError   the model cannot be had or loaded (exit 6)
├── UsageError              the command line makes no sense (exit 2)
├── ConfigurationError      a flag, a file or a value of the user's is wrong (exit 7)
├── OutputError             a run has no answer of the type that was asked for
├── ReplayMismatchError     a recorded run and what happens now differ (exit 8)
├── WarmFileError           what was computed of a session cannot be kept (exit 9)
└── JournalError            the journal cannot be read or written (exit 9)
    └── SessionBusyError    another process works on the session
```

Errors of the packages below keep their own types: `glm_engine.errors`, `glm_sandbox.errors`, `glm_tools.errors`.
"""

from pathlib import Path


class AgentError(Exception):
    """Base of the orchestrator's errors."""


class ModelUnavailableError(AgentError):
    """Raised when no model can be loaded under the name or path that was asked for."""


class UsageError(AgentError):
    """Raised when a command cannot be carried out as it was typed; the message says what to type."""


class ConfigurationError(AgentError):
    """Raised when something the user wrote cannot be used; the message says what to change."""


class OutputError(AgentError):
    """Raised when the value of an answer is asked for that is not of the type that it should be.

    Attributes:
        run_id: the run.
        finish_reason: how it ended.
        problem: what is wrong with the answer.
    """

    def __init__(self, run_id: str, type_name: str, finish_reason: str, problem: str) -> None:
        hint = " Give it more room: Limits.max_new_tokens." if finish_reason == "length" else ""
        super().__init__(
            f"Run {run_id} has no answer of the type {type_name!r}; it ended with {finish_reason!r}: {problem}.{hint}"
        )
        self.run_id = run_id
        self.finish_reason = finish_reason
        self.problem = problem


class ReplayMismatchError(AgentError):
    """Raised when a recorded run does not happen again; the message names the first difference."""


class WarmFileError(AgentError):
    """Raised when what was computed of a session cannot be written; the session itself is in the journal."""


class JournalError(AgentError):
    """Raised when the journal cannot be opened, read or written.

    Attributes:
        path: the database file.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"The journal {str(path)!r}: {problem}")
        self.path = path


class SessionBusyError(JournalError):
    """Raised when another process, or another part of this one, works on the session."""

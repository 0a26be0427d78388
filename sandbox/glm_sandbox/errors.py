"""What can go wrong with a sandbox itself.

```
SandboxError
├── SandboxUnavailableError   no engine, no image, no permission: nothing was run
├── SandboxClosedError        the session was closed, or its container is gone
└── SandboxFileError          a file could not be put in or read back
```

What the *code* in a sandbox does wrong is not here: that is data (`ExecResult.status`). An error of this tree is
our failure or the machine's and is never shown to the model as the output of its code.
"""


class SandboxError(Exception):
    """Base of every error that is the sandbox's own."""


class SandboxUnavailableError(SandboxError):
    """Raised before anything has run, when no sandbox can be started.

    Attributes:
        reason: one sentence that says what is missing.
        remedy: what the user can do about it, as commands where there are any.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}\n{remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


class SandboxClosedError(SandboxError):
    """Raised when a session is used after `close`, or after its container has gone."""


class SandboxFileError(SandboxError):
    """Raised when a file cannot be put into a session or read back from it.

    Attributes:
        path: the path inside the sandbox, as it was asked for.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path!r}: {problem}")
        self.path = path

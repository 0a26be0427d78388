"""Where model-written code runs: a stateful Python session that the host does not have to trust."""

from glm_sandbox.errors import (
    SandboxClosedError,
    SandboxError,
    SandboxFileError,
    SandboxUnavailableError,
)
from glm_sandbox.open import BackendName, open_sandbox
from glm_sandbox.sandbox import (
    DataFile,
    Display,
    ExecResult,
    ResourceLimits,
    Sandbox,
    Status,
    Variables,
)

__all__ = [
    "BackendName",
    "DataFile",
    "Display",
    "ExecResult",
    "ResourceLimits",
    "Sandbox",
    "SandboxClosedError",
    "SandboxError",
    "SandboxFileError",
    "SandboxUnavailableError",
    "Status",
    "Variables",
    "open_sandbox",
]

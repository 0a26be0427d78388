"""The nouns of a tool call, and the decorator that makes a Python function callable by the model.

`ToolSpec` is what the model reads, `ToolCall` what it asks for, `ToolResult` what it gets back, `Tool` what runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

JSONValue = Any  # a value that `json` can carry; Python has no finite type for it
JSONSchema = Mapping[str, JSONValue]

# The tools GLM-4 was trained on by name: their calls carry raw text, and the dialect knows how to present them.
Builtin = Literal["python", "simple_browser"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it.

    Attributes:
        name: unique among the tools of a run.
        description: written for the model.
        parameters: JSON Schema of the arguments, an object schema.
        builtin: set for the tools that GLM-4 knows from training; their call is text, not JSON.
    """

    name: str
    description: str
    parameters: JSONSchema
    builtin: Builtin | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model asked for.

    Attributes:
        id: unique within a run.
        name: as the model wrote it.
        arguments: the JSON object, or `{"code": …}` for `python`; None when `raw` could not be parsed.
        raw: the text after the name, exactly as generated.
    """

    id: str
    name: str
    arguments: Mapping[str, JSONValue] | None
    raw: str


ResultStatus = Literal[
    "ok",
    "error",  # the tool ran and said no, or raised
    "invalid",  # the call was not run: unknown tool or arguments that do not fit
    "denied",  # the call was not run: policy or user said no
    "timeout",
    "cancelled",
    "unavailable",  # the tool's own machinery failed: a sandbox that went away, say
]


@dataclass(frozen=True, slots=True)
class Observation:
    """One piece of text that goes back to the model. `metadata` is the word after `<|observation|>`."""

    text: str
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or image that a tool produced beside its text."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What one call came to; exactly one for each call, whatever happened.

    Attributes:
        call_id: the call it answers.
        status: how it ended.
        observations: what the model reads, at least one.
        attachments: for the user: plots, files.
        detail: for the user and the log, never for the model: a traceback, say.
        duration_s: wall time of the call.
    """

    call_id: str
    status: ResultStatus
    observations: tuple[Observation, ...]
    attachments: tuple[Attachment, ...] = ()
    detail: str = ""
    duration_s: float = 0.0

    @property
    def text(self) -> str:
        """The observations joined by newlines."""
        return "\n".join(observation.text for observation in self.observations)

    @property
    def is_error(self) -> bool:
        return self.status != "ok"

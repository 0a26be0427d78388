"""The nouns of a tool call.

`ToolSpec` is what the model reads, `ToolCall` what it asks for, `ToolResult` what it gets back, `Tool` what runs.

Arguments are checked in `validation`, which imports jsonschema: it is loaded by the first tool that is made, so that
naming these types costs a command's start nothing.
"""

import functools
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar

from glm_tools.errors import ToolDefinitionError

if TYPE_CHECKING:
    from glm_tools.function_tool import FunctionTool

DepsT = TypeVar("DepsT")

JSONValue = Any  # a value that `json` can carry; Python has no finite type for it
JSONSchema = Mapping[str, JSONValue]

DEFAULT_TIMEOUT_S = 60.0

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


def function_spec(
    name: str, description: str, properties: Mapping[str, JSONSchema], *required: str
) -> ToolSpec:
    """The spec of a function of these parameters and no others."""
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": [*required],
        "additionalProperties": False,
    }
    return ToolSpec(name, description, schema)


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
    "interrupted",  # the program ended while the call ran: whether it took effect is not known
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
        memory: see `ToolOutput`.
    """

    call_id: str
    status: ResultStatus
    observations: tuple[Observation, ...]
    attachments: tuple[Attachment, ...] = ()
    detail: str = ""
    duration_s: float = 0.0
    memory: JSONValue = None

    @property
    def text(self) -> str:
        """The observations joined by newlines."""
        return "\n".join(observation.text for observation in self.observations)

    @property
    def is_error(self) -> bool:
        return self.status != "ok"


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool returns when one plain value does not say it all: images, files, several observations.

    Attributes:
        observations: what the model reads.
        attachments: for the user.
        status: how it ended.
        detail: for the user and the log, never for the model.
        memory: what the tool wants to know again where the conversation goes on in another process, as JSON; it is kept
            with the result and given to `Tool.recall`.
    """

    observations: tuple[Observation, ...]
    attachments: tuple[Attachment, ...] = ()
    status: ResultStatus = "ok"
    detail: str = ""
    memory: JSONValue = None

    @classmethod
    def from_text(
        cls, text: str, *attachments: Attachment, status: ResultStatus = "ok", detail: str = ""
    ) -> Self:
        """One observation and what belongs to it."""
        return cls((Observation(text),), attachments, status, detail)


@dataclass(frozen=True, slots=True)
class Ctx(Generic[DepsT]):
    """What a call knows of its run. A parameter annotated `Ctx` or `Ctx[Deps]` gets it; the model never sees it.

    Attributes:
        deps: what the program gave to the run: a database, an account.
        call: the call being run.
        cancelled: set when the call should end, because its time is over or the user cancelled it.
        on_output: called with (`stdout`, `stderr` or `progress`, text) to show the user what the tool prints or waits for.
    """

    deps: DepsT
    call: ToolCall
    cancelled: Event
    on_output: Callable[[str, str], None]


class Tool(ABC):
    """Something the model may call. Most tools come from `@tool` or `Tool.from_schema`; a stateful one is a subclass.

    Args:
        spec: what the model sees.
        timeout_s: how long a call may take; None when the tool keeps time itself.
        grace_s: how long a call that was told to stop (`Ctx.cancelled`) is waited for.
        idempotent: running a call twice does no more than running it once.
        risky: has effects that somebody may want to be asked about first.
        untrusted: its results carry text of others (web pages, files): once the model has read one, risky tools ask.
        notes: what was found while the tool was made, a sentence each, for whoever registers it.

    Raises:
        ToolDefinitionError: the name or the schema cannot be used.
    """

    # What the model is told with the first result after a conversation went on in another process: that what its
    # earlier calls left behind in the tool is gone. Empty for a tool that keeps nothing.
    lost_state_note: ClassVar[str] = ""

    def __init__(
        self,
        spec: ToolSpec,
        *,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        grace_s: float = 0.0,
        idempotent: bool = False,
        risky: bool = False,
        untrusted: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        from glm_tools.validation import ArgumentValidator

        if not re.fullmatch(r"[^\s\x00-\x1f\x7f]{1,64}", spec.name):
            raise ToolDefinitionError(
                f"The tool name {spec.name!r} cannot be used: give it 1 to 64 characters without spaces."
            )
        if timeout_s is not None and not timeout_s > 0:
            raise ToolDefinitionError(
                f"Tool {spec.name!r}: timeout_s must be above 0 or None, not {timeout_s!r}."
            )
        self.spec = spec
        self.timeout_s = timeout_s
        self.grace_s = grace_s
        self.idempotent = idempotent
        self.risky = risky
        self.untrusted = untrusted
        self.notes = tuple(notes)
        self._validator = ArgumentValidator(f"Tool {spec.name!r}", spec.parameters)

    @functools.cached_property
    def unenforced(self) -> tuple[str, ...]:
        """JSON pointers to what in the schema a grammar cannot enforce: it is checked when the call has been made.

        Raises:
            ToolDefinitionError: no grammar can be made of the schema. `Dispatcher` asks when it is given the tool.
        """
        from glm_tools.enforcement import unenforced_keywords

        if self.spec.builtin is not None:  # its call is text
            return ()
        return unenforced_keywords(f"Tool {self.spec.name!r}", self.spec.parameters)

    def check_arguments(self, arguments: Mapping[str, JSONValue]) -> Mapping[str, Any]:
        """A copy of `arguments` as `run` wants them, checked against the schema.

        An explicit null for a parameter that is neither required nor nullable counts as left out.

        Raises:
            ToolArgumentError: they do not fit.
        """
        return self._validator.check(arguments)

    @abstractmethod
    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> object:
        """Do the work; called in a thread of its own.

        Args:
            arguments: what `check_arguments` returned.
            ctx: of this call.

        Returns:
            Text, a value with a JSON form, a `ToolOutput`, or an awaitable of one of them.

        Raises:
            ToolError: the tool says no; the model reads the message.
        """

    def recall(self, memory: JSONValue) -> None:
        """Know again what an earlier call of the conversation gave as its `ToolOutput.memory`, in whatever process.

        Called once for each such call, in order, when the conversation is taken up again.
        """
        return

    def preview(self, arguments: Mapping[str, JSONValue]) -> str:
        """What a call would change, for the person who is asked about it: a diff, say. Empty when there is nothing."""
        return ""

    def close(self) -> None:
        """Release what the tool holds. Safe to call twice."""
        return

    @staticmethod
    def from_schema(
        name: str,
        description: str,
        schema: JSONSchema,
        function: Callable[..., Any],
        *,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        idempotent: bool = False,
        risky: bool = False,
        untrusted: bool = False,
        isolate: bool = False,
    ) -> "FunctionTool[..., Any]":
        """A tool whose arguments are described by a JSON Schema instead of Python types.

        Args:
            name: unique among the tools of a run.
            description: written for the model.
            schema: of the arguments; draft 2020-12 unless its `$schema` says otherwise. Known misspellings of types
                are put right and said in `notes`.
            function: called with the arguments as keywords, and with the context where a parameter asks for `Ctx`.
            timeout_s: see `Tool`.
            idempotent: see `Tool`.
            risky: see `Tool`.
            untrusted: see `Tool`.
            isolate: see `FunctionTool`.

        Raises:
            ToolDefinitionError: the function cannot be isolated; the schema is not one, or refers to something outside itself.
        """
        from glm_tools.function_tool import FunctionTool
        from glm_tools.json_schema import normalise_schema
        from glm_tools.schema import ctx_parameter

        parameters, notes = normalise_schema(schema)
        return FunctionTool(
            function,
            ToolSpec(name, description, parameters),
            ctx_name=ctx_parameter(function),
            timeout_s=timeout_s,
            idempotent=idempotent,
            risky=risky,
            untrusted=untrusted,
            isolate=isolate,
            notes=notes,
        )

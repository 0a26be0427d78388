"""Events as JSON objects and back: the form of `--jsonl` and of the journal.

The names and fields here are a contract with whoever reads them: `VERSION` is raised when one changes its meaning or
goes, not when one is added.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from glm_agent.chat_model import Prefill
from glm_agent.events import (
    AnswerRejected,
    ApprovalDecided,
    ApprovalRequested,
    ContextReduced,
    Event,
    LimitReached,
    ObservationCut,
    PromptRendered,
    RunFinished,
    RunResumed,
    RunStarted,
    SessionWoken,
    StepFinished,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnFinished,
)
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta

VERSION = 1

NAMES: Mapping[type[Event], str] = {
    RunStarted: "run.started",
    RunResumed: "run.resumed",
    SessionWoken: "session.woken",
    PromptRendered: "prompt.rendered",
    Prefill: "prefill",
    TextDelta: "text.delta",
    CallOpened: "call.opened",
    CallDelta: "call.delta",
    CallReady: "call.ready",
    CallCut: "call.cut",
    TurnFinished: "turn.finished",
    AnswerRejected: "answer.rejected",
    ApprovalRequested: "approval.requested",
    ApprovalDecided: "approval.decided",
    ToolStarted: "tool.started",
    ToolProgress: "tool.output",
    ToolFinished: "tool.finished",
    ObservationCut: "observation.cut",
    ContextReduced: "context.reduced",
    LimitReached: "limit",
    StepFinished: "step.finished",
    RunFinished: "run.finished",
}
_TYPES = {name: kind for kind, name in NAMES.items()}

# Progress, and what other events tell in full.
TRANSIENT = (
    Prefill,
    TextDelta,
    CallOpened,
    CallDelta,
    CallReady,
    CallCut,
    ToolProgress,
    StepFinished,
)


class EventRecordError(ValueError):
    """Raised when a record is not an event of this version."""


def event_name(event: Event) -> str:
    """The event's name in records, `tool.started` say."""
    return NAMES[type(event)]


def event_body(event: Event) -> dict[str, Any]:
    """The event's fields, fit for `to_json`.

    A finished step is its number and a finished run comes without its steps: other events have told them.
    """
    if isinstance(event, StepFinished):
        return {"number": event.step.number}
    body = asdict(event)
    if isinstance(event, RunFinished):
        result = body["result"]
        del result["steps"]
        result["usage"] = asdict(event.result.usage)
    return body


def event_from(name: str, body: Mapping[str, Any]) -> Event:
    """The event of a record; the steps of a finished run are left empty.

    Raises:
        EventRecordError: it is none.
    """
    if name not in _TYPES or name == "step.finished":
        raise EventRecordError(f"there is no event {name!r} in version {VERSION}")
    fields = dict(body)
    if name == "run.finished":
        fields["result"] = {**fields["result"], "steps": ()}
        fields["result"].pop("usage", None)
    elif name == "tool.finished":
        attachments = [
            {**attachment, "data": base64.b64decode(attachment["data"])}
            for attachment in fields["result"]["attachments"]
        ]
        fields["result"] = {**fields["result"], "attachments": attachments}
    return _validated(name, fields)


def to_json(body: Mapping[str, Any]) -> str:
    """One line of JSON; bytes become base64."""
    text = json.dumps(body, ensure_ascii=False, default=_encode)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair: only an escape can carry it
        return json.dumps(body, default=_encode)
    return text


@cache
def _adapter(name: str) -> Any:
    from pydantic import TypeAdapter  # a tenth of a second that `glm-agent --help` does without

    return TypeAdapter(_TYPES[name])


def _validated(name: str, fields: Mapping[str, Any]) -> Event:
    try:
        event: Event = _adapter(name).validate_python(fields)
    except ValueError as error:  # pydantic.ValidationError is one
        raise EventRecordError(f"a {name!r} event cannot be read: {error}") from error
    return event


def _encode(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} has no form in a record")

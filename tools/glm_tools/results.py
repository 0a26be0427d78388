"""What a tool returned, as text that the model reads and attachments that the user gets."""

import json
from collections.abc import AsyncIterator, Iterator, Set
from dataclasses import replace
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from glm_tools.tool import Attachment, Observation, ToolOutput

NO_RESULT = "(no result)"  # GLM-4's template drops an empty observation together with its role
EMPTY_TEXT = "(empty text)"
BINARY_MIME = "application/octet-stream"


class ResultError(TypeError):
    """Raised when a value that a tool returned cannot be shown to a model."""


def output_of(value: object) -> ToolOutput:
    """What a tool's return value means.

    Text stays as it is; other values become JSON; None, an empty text, binary data, images and attachments become a
    readable note. A list or tuple with attachments in it is its parts. No observation is empty, and none holds half a
    surrogate pair.

    Raises:
        ResultError: the value has no JSON form.
    """
    if isinstance(value, ToolOutput):
        observations = value.observations or (Observation(""),)
        readable = tuple(Observation(readable_text(o.text), o.metadata) for o in observations)
        memory = None if value.memory is None else json.loads(_json_text(value.memory))
        return replace(value, observations=readable, memory=memory)
    if isinstance(value, list | tuple) and any(_attachment_of(part) for part in value):
        parts = [output_of(part) for part in value]
        text = "\n".join(observation.text for part in parts for observation in part.observations)
        return ToolOutput.from_text(text, *(file for part in parts for file in part.attachments))
    attachment = _attachment_of(value)
    if attachment is not None:
        return ToolOutput.from_text(attachment_note(attachment), attachment)
    if value is None:
        return ToolOutput.from_text(NO_RESULT)
    text = value if isinstance(value, str) else _json_text(value)
    return ToolOutput.from_text(readable_text(text))


def readable_text(text: str) -> str:
    """`text`, never empty, and fit to be encoded as UTF-8."""
    if not text:
        return EMPTY_TEXT
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def attachment_note(attachment: Attachment) -> str:
    """What the model reads where the user gets a file."""
    kind = "image" if attachment.mime.startswith("image/") else "file"
    return f"[{kind}: {attachment.name}, {attachment.mime}, {len(attachment.data):,} bytes]"


def limit_output(output: ToolOutput, limit_chars: int) -> ToolOutput:
    """`output` with its observations cut to `limit_chars` in all; what was cut is attached in full."""
    if sum(len(observation.text) for observation in output.observations) <= limit_chars:
        return output
    share = limit_chars // len(output.observations)
    observations = []
    attachments = list(output.attachments)
    for number, observation in enumerate(output.observations, start=1):
        if len(observation.text) <= share:
            observations.append(observation)
            continue
        name = "result.txt" if len(output.observations) == 1 else f"result-{number}.txt"
        attachments.append(Attachment(name, "text/plain; charset=utf-8", observation.text.encode()))
        observations.append(
            Observation(_head_and_tail(observation.text, share), observation.metadata)
        )
    return replace(output, observations=tuple(observations), attachments=tuple(attachments))


def _attachment_of(value: Any) -> Attachment | None:
    """What of a result is for the user's eyes: an attachment, binary data, an image (Pillow's, say)."""
    if isinstance(value, Attachment):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return Attachment("result.bin", BINARY_MIME, bytes(value))
    draw_png = getattr(type(value), "_repr_png_", None)  # IPython's protocol
    png = draw_png(value) if draw_png is not None else None
    return Attachment("image.png", "image/png", png) if isinstance(png, bytes) else None


def _head_and_tail(text: str, kept: int) -> str:
    head = kept * 3 // 4
    tail = kept - head
    note = f"[… {len(text) - kept:,} of {len(text):,} characters left out …]"
    return f"{text[:head]}\n{note}\n{text[len(text) - tail :]}"


def _json_text(value: object) -> str:
    if isinstance(value, Iterator | AsyncIterator):
        raise ResultError(
            f"it is of type {type(value).__name__}, which gives one value at a time; return a list"
        )
    try:
        try:
            return json.dumps(value, ensure_ascii=False, default=_json_form)
        except ResultError:
            raise
        except TypeError:  # a key that is no text
            return json.dumps(_with_json_keys(value), ensure_ascii=False, default=_json_form)
    except RecursionError as error:
        raise ResultError("it is nested too deep for JSON") from error
    except (TypeError, ValueError) as error:  # PydanticSerializationError is a ValueError
        raise ResultError(f"it has no JSON form: {error}") from error


def _with_json_keys(value: Any) -> Any:
    """`value` with keys that JSON can write: an enum's value, the text of a date or a UUID."""
    if isinstance(value, list | tuple):
        return [_with_json_keys(part) for part in value]
    if not isinstance(value, dict):
        return value
    written = {_json_key(key): _with_json_keys(part) for key, part in value.items()}
    if len(written) != len(value):
        raise ResultError("two of its keys are the same in JSON")  # one would be lost
    return written


def _json_key(key: Any) -> Any:
    if key is None or isinstance(key, str | int | float):
        return key
    try:
        written = to_jsonable_python(key)
    except PydanticSerializationError:
        written = key
    if not isinstance(written, str | int | float):
        raise ResultError(f"its keys must be text, not {type(key).__name__}")
    return written


def _json_form(value: Any) -> Any:
    if isinstance(value, Set):
        return sorted(value, key=repr)  # the order of a set of strings changes from run to run
    if isinstance(value, Iterator | AsyncIterator):
        raise ResultError(f"it holds a value of type {type(value).__name__}")
    if isinstance(value, bytes | bytearray | memoryview):
        raise ResultError("it holds binary data; return an Attachment")
    if hasattr(value, "tolist"):  # arrays and scalars of numpy, series of pandas
        return value.tolist()
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise ResultError(f"it holds a {type(value).__name__}, which has no JSON form") from error

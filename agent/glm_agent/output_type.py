"""Answers of a type: what the grammar is made from, and the check of what a grammar cannot say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar, cast, overload

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError

from glm_agent.errors import ConfigurationError, OutputError
from glm_agent.events import RunResult
from glm_tools.enforcement import unenforced_keywords
from glm_tools.errors import ToolArgumentError, ToolDefinitionError
from glm_tools.json_schema import mend_schema
from glm_tools.schema import short_problem, type_schema
from glm_tools.tool import JSONSchema
from glm_tools.validation import SchemaValidator

T = TypeVar("T")

MAX_PROBLEMS = 3  # told to the model at once
SUBJECT = "The output type"
REJECTED = "This answer cannot be used: {problem}\nWrite the whole JSON again, without that."


class OutputType(Generic[T]):
    """The type that an answer is to have.

    Args:
        wanted: a pydantic model, dataclass, `TypedDict` or any other type with a JSON form; or a JSON Schema, of draft
            2020-12 or 7, whose answers are plain JSON values.

    Attributes:
        name: for messages.
        schema: what the answer is decoded under.
        unenforced: JSON pointers into `schema` of what no grammar enforces; checked when the answer is there.

    Raises:
        ConfigurationError: no answer could be written under it, or a part of it has no JSON form.
    """

    @overload
    def __init__(self, wanted: type[T]) -> None: ...
    @overload
    def __init__(self: "OutputType[Any]", wanted: object) -> None: ...
    def __init__(self, wanted: object) -> None:
        self._adapter: TypeAdapter[T] | None = None
        try:
            if isinstance(wanted, Mapping):
                self.name = str(wanted.get("title", "JSON Schema"))
                self.schema: JSONSchema = mend_schema(wanted)[0]
            else:
                self.name = getattr(wanted, "__name__", str(wanted))
                self._adapter = TypeAdapter(cast("type[T]", wanted))
                self.schema = type_schema(self._adapter)
            self.unenforced = unenforced_keywords(SUBJECT, self.schema)
            self._validator = SchemaValidator(SUBJECT, self.schema)
        except ToolDefinitionError as error:
            raise ConfigurationError(str(error)) from error
        except (PydanticUserError, SchemaError, TypeError, NameError) as error:
            raise ConfigurationError(
                f"{SUBJECT} {wanted!r} has no JSON form: {short_problem(error)}"
            ) from error

    def parse(self, text: str) -> T:
        """The value that an answer is.

        Raises:
            ValueError: it is none; the message says why, for the model to read.
        """
        try:
            value = json.loads(text)
            self._validator.check_value(value)
            if self._adapter is None:
                return value  # type: ignore[no-any-return]  # a schema's answers are of no narrower type than JSON
            return self._adapter.validate_json(text)
        except RecursionError as error:
            raise ValueError("it is nested too deep") from error
        except json.JSONDecodeError as error:
            raise ValueError(f"it is not JSON: {error}") from error
        except ToolArgumentError as error:
            raise ValueError(f"{error.pointer or 'it'}: {error.problem}") from error
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            raise ValueError(
                "; ".join(
                    f"{''.join(f'/{step}' for step in problem['loc']) or 'it'}: {problem['msg']}"
                    for problem in problems[:MAX_PROBLEMS]
                )
            ) from error

    def problem_of(self, text: str) -> str:
        """What is wrong with an answer; empty when it is of the type."""
        try:
            self.parse(text)
        except ValueError as error:
            return str(error)
        return ""


def output_type_of(wanted: "OutputType[T] | type[T] | object | None") -> "OutputType[Any] | None":
    """`wanted` as an `OutputType`; None for an answer of free text."""
    return wanted if wanted is None or isinstance(wanted, OutputType) else OutputType(wanted)


def with_schema(prompt: str, schema: JSONSchema | None) -> str:
    """The task as the model reads it: a grammar holds it to the form, but only words tell it what the fields mean."""
    if schema is None:
        return prompt
    text = json.dumps(schema, ensure_ascii=False)
    return f"{prompt}\n\nGive the final answer as JSON that fits this schema: {text}"


@dataclass(frozen=True, slots=True)
class TypedResult(RunResult, Generic[T]):
    """What a run came to that was asked for an answer of a type.

    Attributes:
        type_name: what was asked for.
        problem: why the answer is not of the type; empty when it is.
    """

    type_name: str = ""
    problem: str = ""
    _value: T | None = field(default=None, repr=False)

    @property
    def output(self) -> T:
        """The answer as a value of the type.

        Raises:
            OutputError: there is none: the run ended before its JSON did, or the answer broke a rule that no grammar
                can hold it to, twice. `finish_reason` and the error say which.
        """
        if self.problem:
            raise OutputError(self.run_id, self.type_name, self.finish_reason, self.problem)
        return self._value  # type: ignore[return-value]  # no problem: it was parsed


def typed_result(result: RunResult, output: OutputType[Any] | None) -> RunResult:
    """`result`, with its answer as a value where one of a type was asked for."""
    if output is None:
        return result
    value, problem = None, ""
    try:
        value = output.parse(result.answer)
    except ValueError as error:
        problem = str(error)
    known = {item.name: getattr(result, item.name) for item in fields(RunResult)}
    return TypedResult(**known, type_name=output.name, problem=problem, _value=value)

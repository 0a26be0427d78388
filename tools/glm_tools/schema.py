"""A function's signature and docstring as the JSON Schema of its arguments, and JSON arguments as its Python values."""

import contextlib
import enum
import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import docstring_parser
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import PydanticSerializationError, PydanticUndefined, SchemaError, core_schema

from glm_tools.errors import ToolArgumentError, ToolDefinitionError
from glm_tools.json_schema import Schema, escape_pointer, inline_definitions, rewrite
from glm_tools.tool import Ctx

NO_DEFAULT = object()
MAX_PROBLEMS = 3  # told to the model at once


@dataclass(frozen=True)
class Parameter:
    """One parameter that the model fills in.

    Attributes:
        name: in Python and in JSON.
        adapter: converts the JSON value.
        description: for the model; may be empty.
        default: `NO_DEFAULT` when the parameter is required.
        default_factory: makes the default of each call anew, where there is one.
    """

    name: str
    adapter: TypeAdapter[Any]
    description: str
    default: object
    default_factory: Callable[[], object] | None = None


@dataclass(frozen=True)
class FunctionSignature:
    """What a function tells about itself.

    Attributes:
        name: of the function.
        description: its docstring without the sections about parameters, results and errors.
        parameters: JSON Schema of its arguments.
        ctx_name: the parameter annotated `Ctx`.
        is_method: its first parameter is `self`.
        positional_only: names that cannot be passed as keywords, in order.
        notes: what the author may want to mend, a sentence each.
    """

    name: str
    description: str
    parameters: Schema
    ctx_name: str | None
    is_method: bool
    positional_only: tuple[str, ...]
    notes: tuple[str, ...]
    fields: Mapping[str, Parameter] = field(repr=False)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "FunctionSignature":
        """Read `function`.

        Raises:
            ToolDefinitionError: a parameter has no type hint, or one without a JSON form.
        """
        if not inspect.isroutine(function):
            raise ToolDefinitionError(
                f"@tool takes a function, not {function!r}. With @staticmethod, put @tool below it."
            )
        where = f"Tool {function.__qualname__!r}"
        signature = inspect.signature(function)
        hints = _type_hints(function, where)
        doc = docstring_parser.parse(inspect.getdoc(function) or "")
        documented = {param.arg_name.lstrip("*"): param.description or "" for param in doc.params}
        variables = list(signature.parameters.values())
        is_method = bool(variables) and variables[0].name == "self" and "self" not in hints
        ctx_name = None
        fields = {}
        for variable in variables[is_method:]:
            hint = _checked_hint(variable, hints, where)
            if _is_ctx(hint):
                ctx_name = variable.name
                continue
            description = " ".join(documented.get(variable.name, "").split())
            fields[variable.name] = _parameter(variable, hint, description, where)
        notes = (
            [f"{where} has no docstring: the model knows it by its name only."]
            if not function.__doc__
            else []
        )
        notes += [
            f"{where}: the docstring describes {name!r}, which is no parameter."
            for name in documented
            if name not in signature.parameters
        ]
        return cls(
            name=function.__name__,
            description=_description(doc),
            parameters=_object_schema(fields, where),
            ctx_name=ctx_name,
            is_method=is_method,
            positional_only=tuple(
                variable.name
                for variable in variables[is_method:]
                if variable.kind is inspect.Parameter.POSITIONAL_ONLY
            ),
            notes=tuple(notes),
            fields=fields,
        )

    def convert(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Python values of JSON `arguments` that fit `parameters`, defaults filled in.

        Raises:
            ToolArgumentError: a value is not one of its type, as only Python can tell.
        """
        values = {}
        problems: list[tuple[str, str]] = []
        for name, parameter in self.fields.items():
            if name not in arguments:
                make = parameter.default_factory
                values[name] = parameter.default if make is None else make()
                continue
            try:
                # As JSON: a strict model takes its dates and enums from text there, and from nothing in Python.
                values[name] = parameter.adapter.validate_json(json.dumps(arguments[name]))
            except ValidationError as error:
                for details in error.errors(
                    include_url=False, include_context=False, include_input=False
                ):
                    pointer = "".join(
                        f"/{escape_pointer(token)}" for token in (name, *details["loc"])
                    )
                    problems.append((pointer, details["msg"]))
        if problems:
            (pointer, problem), *others = problems[:MAX_PROBLEMS]
            raise ToolArgumentError(
                pointer, "; ".join([problem, *(f"{where}: {what}" for where, what in others)])
            )
        return values


def short_problem(error: Exception) -> str:
    """What pydantic has against a type, without its advice to those who write types for pydantic."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.partition(" For further information ")[0].partition(". ")[0].rstrip(".") + "."


def type_schema(adapter: TypeAdapter[Any]) -> Schema:
    """The JSON Schema of one type, as a model reads it.

    Raises:
        PydanticUserError: a part of the type has no JSON form.
    """
    schema: Schema = rewrite(
        inline_definitions(adapter.json_schema(schema_generator=_CompactSchema)), _compact
    )
    return schema


def ctx_parameter(function: Callable[..., Any]) -> str | None:
    """The name of the parameter of `function` that is annotated `Ctx`."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (
        AttributeError,
        NameError,
        TypeError,
    ):  # a builtin, a partial: nothing there can ask for the context
        return None
    return next((name for name, hint in hints.items() if _is_ctx(hint)), None)


class _CompactSchema(GenerateJsonSchema):
    """pydantic's schemas for a model to read: no titles; what has no JSON form is an error and not left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        # pydantic offers a string with a look-ahead pattern beside the number; no grammar can follow that.
        number = core_schema.float_schema()
        for bound in ("le", "ge", "lt", "gt"):
            if bound in schema:
                number[bound] = float(schema[bound])
        return self.float_schema(number)

    def encode_default(self, dft: Any) -> Any:
        value = float(dft) if isinstance(dft, Decimal) else super().encode_default(dft)
        return _finite(value)

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        if kind == "skipped-choice":
            raise PydanticInvalidForJsonSchema(detail)


def _type_hints(function: Callable[..., Any], where: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise ToolDefinitionError(
            f"{where}: its type hints cannot be read: {error}. Name only types that exist at module level."
        ) from error


def _checked_hint(variable: inspect.Parameter, hints: Mapping[str, Any], where: str) -> Any:
    if variable.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        raise ToolDefinitionError(
            f"{where}: parameter {str(variable)!r} cannot be described to the model; "
            "name each parameter, or use Tool.from_schema."
        )
    if variable.name not in hints:
        if variable.name == "cls":
            raise ToolDefinitionError(
                f"{where} is a class method: leave @tool off it, and write `tool(Class.method)` below the class."
            )
        raise ToolDefinitionError(
            f"{where}: parameter {variable.name!r} has no type hint; write one, as in `{variable.name}: str`."
        )
    return hints[variable.name]


def _is_ctx(hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, UnionType):  # `Ctx | None = None`: may also be called by hand
        return any(map(_is_ctx, get_args(hint)))
    return (origin or hint) is Ctx


def _parameter(variable: inspect.Parameter, hint: Any, documented: str, where: str) -> Parameter:
    default = NO_DEFAULT if variable.default is inspect.Parameter.empty else variable.default
    make_default: Callable[[], object] | None = None
    if isinstance(default, FieldInfo):  # `cents: int = Field(gt=0)`
        hint = Annotated[hint, default]
        if default.default_factory is not None:
            make_default = partial(default.get_default, call_default_factory=True)
            default = make_default()
        else:
            default = NO_DEFAULT if default.default is PydanticUndefined else default.default
    described = documented or _annotated_text(hint)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        adapter.json_schema(schema_generator=_CompactSchema)
        _check_literals(hint)
    except (PydanticUserError, SchemaError, TypeError, NameError) as error:
        problem = short_problem(error)
        raise ToolDefinitionError(
            f"{where}: parameter {variable.name!r} is annotated {_hint_text(hint)}, which has no JSON form: {problem} "
            "Use types JSON can carry (str, int, float, bool, list, dict, Literal, Enum, dataclass, pydantic model …), "
            "or Ctx for what the model should not see."
        ) from error
    return Parameter(variable.name, adapter, described, default, make_default)


def _check_literals(hint: Any) -> None:
    """Look for a `Literal[Colour.RED]`: its schema asks for "red", which pydantic refuses where `Colour` is no text.

    Raises:
        TypeError: there is such a one.
    """
    if get_origin(hint) is Literal and any(
        isinstance(one, enum.Enum) and not isinstance(one, str | int) for one in get_args(hint)
    ):
        raise TypeError(
            "a Literal of an Enum's members cannot be read back: write their values, or the Enum"
        )
    for part in get_args(hint):
        if isinstance(part, type) or get_origin(part) is not None:
            _check_literals(part)


def _annotated_text(hint: Any) -> str:
    """The text in `Annotated[T, "text"]`, or of the `Doc` there."""
    for extra in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
        if isinstance(text, str):
            return text
    return ""


def _hint_text(hint: Any) -> str:
    return repr(hint.__name__ if isinstance(hint, type) else str(hint))


def _description(doc: docstring_parser.Docstring) -> str:
    examples = [
        f"Example: {inspect.cleandoc(example.description or '')}" for example in doc.examples
    ]
    paragraphs = [doc.short_description, doc.long_description, *examples]
    return "\n".join(paragraph.strip() for paragraph in paragraphs if paragraph)


def _object_schema(fields: Mapping[str, Parameter], where: str) -> Schema:
    # One call for all parameters: a model that two of them share is defined once.
    by_key, shared = TypeAdapter.json_schemas(
        [(name, "validation", parameter.adapter) for name, parameter in fields.items()],
        schema_generator=_CompactSchema,
    )
    properties = {
        name: _property_schema(parameter, by_key[name, "validation"])
        for name, parameter in fields.items()
    }
    schema: Schema = {"type": "object", "properties": properties}
    required = [name for name, parameter in fields.items() if parameter.default is NO_DEFAULT]
    if required:
        schema["required"] = required
    if "$defs" in shared:
        schema["$defs"] = shared["$defs"]
    closed: Schema = rewrite(inline_definitions(schema), _compact)
    return {**closed, "additionalProperties": False}


def _property_schema(parameter: Parameter, schema: Schema) -> Schema:
    described = dict(schema)
    described.pop("default", None)
    if parameter.default is None:
        # Leaving the parameter out says the same as null, and an explicit null counts as left out.
        choices = described.get("anyOf", [])
        others = [choice for choice in choices if choice != {"type": "null"}]
        if len(others) == 1:
            del described["anyOf"]
            described = {**others[0], **described}
        elif others:
            described["anyOf"] = others
    elif parameter.default is not NO_DEFAULT:
        # A default that JSON cannot carry stays the function's own affair.
        with contextlib.suppress(PydanticSerializationError, ValueError, TypeError):
            described["default"] = _json_default(parameter)
    if parameter.description and "description" not in described:
        described["description"] = parameter.description
    return described


def _json_default(parameter: Parameter) -> Any:
    if isinstance(parameter.default, Decimal):
        return _finite(float(parameter.default))
    value = parameter.adapter.dump_python(parameter.default, mode="json", warnings="error")
    return _finite(value)


def _finite(value: Any) -> Any:
    """`value`, unless JSON has no number for it: `limit: float = math.inf` is left to the function."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise PydanticSerializationError(str(error)) from error
    return value


def _compact(schema: Schema) -> Schema:
    schema.pop("title", None)
    schema.pop("discriminator", None)  # OpenAPI's, not JSON Schema's
    if schema.get("format") == "path":  # pydantic's own
        del schema["format"]
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    choices = schema.get("anyOf")
    if isinstance(choices, list) and all(set(choice) == {"type"} for choice in choices):
        schema["type"] = [choice["type"] for choice in choices]
        del schema["anyOf"]
    return {key: schema[key] for key in ("type", "description") if key in schema} | schema

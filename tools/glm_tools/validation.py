"""Arguments checked against a tool's JSON Schema, with messages that a model can act on.

Covers: references that lead outside the schema are refused, never fetched. A pattern that backtracks without end is
given up after `PATTERN_TIMEOUT_S`. Values that are nested too deep, or too large to be written out, are refused.

Does not cover: `format` is not checked (a typed function's own conversion does that); property names matched by
`unevaluatedProperties` beside `patternProperties` are matched without a time limit.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import jsonschema
import regex
from jsonschema.exceptions import ValidationError, best_match, relevance
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from glm_tools.errors import ToolArgumentError, ToolDefinitionError
from glm_tools.json_schema import escape_pointer, walk

PATTERN_TIMEOUT_S = 0.25
MAX_PROBLEMS = 3  # told at once
MAX_COMPARED = 1000  # problems to choose from; each costs a quarter of a millisecond
MAX_EXCERPT_CHARS = 300


class SchemaValidator:
    """A schema, ready to check what a model wrote under it.

    Args:
        subject: whose schema it is, for messages.
        schema: not changed, and not to be changed later.

    Raises:
        ToolDefinitionError: `schema` is not a JSON Schema, or refers to something outside itself.
    """

    def __init__(self, subject: str, schema: Mapping[str, Any]) -> None:
        draft = validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            draft.check_schema(dict(schema))
        except jsonschema.SchemaError as error:
            raise ToolDefinitionError(
                f"{subject}: its schema is not a JSON Schema: {_pointer(error) or 'the whole'}: {error.message}"
            ) from error
        self._schema = schema
        resource = Resource.from_contents(schema, default_specification=DRAFT202012)
        registry: Registry[Any] = Registry().with_resource("", resource)
        _check_references(subject, schema, registry)
        bounded = {
            "additionalProperties": _additional_properties,
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
        }
        checker = extend(draft, bounded)  # type: ignore[no-untyped-call]
        self._validator: Validator = checker(schema, registry=registry)

    def check_value(self, value: Any) -> None:
        """Check any JSON value.

        Raises:
            ToolArgumentError: it does not fit.
        """
        with _refusing():
            found = islice(self._validator.iter_errors(value), MAX_COMPARED)
            errors = sorted(found, key=relevance, reverse=True)
            problems = [_problem(error) for error in errors[:MAX_PROBLEMS]]
        if problems:
            (pointer, problem), *others = problems
            rest = [f"{where or 'arguments'}: {what}" for where, what in others]
            raise ToolArgumentError(pointer, "\n".join([problem, *rest]))


class ArgumentValidator(SchemaValidator):
    """The schema of a tool's arguments, an object schema; see `SchemaValidator`."""

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A deep copy of `arguments` that fits the schema; a null that stands for "left out" is left out.

        Raises:
            ToolArgumentError: they do not fit.
        """
        with _refusing():
            checked = self._without_nulls(copy.deepcopy(dict(arguments)))
        self.check_value(checked)
        return checked

    def _without_nulls(self, arguments: dict[str, Any]) -> dict[str, Any]:
        properties = self._schema.get("properties", {})
        required = self._schema.get("required", ())
        return {
            name: value
            for name, value in arguments.items()
            if value is not None
            or name in required
            or name not in properties
            or self._validator.evolve(schema=properties[name]).is_valid(None)
        }


@contextmanager
def _refusing() -> Iterator[None]:
    """What jsonschema cannot check is refused."""
    try:
        yield
    except RecursionError as error:
        raise ToolArgumentError("", "nested too deep to be checked") from error
    except (ValueError, OverflowError) as error:  # an integer of more than 4,300 digits, say
        raise ToolArgumentError("", f"cannot be checked: {error}") from error
    except Unresolvable as error:
        raise ToolArgumentError(
            "", f"the schema refers to {error.ref!r}, which is not there"
        ) from error


def _check_references(subject: str, schema: Mapping[str, Any], registry: "Registry[Any]") -> None:
    resolver = registry.resolver()
    for path, inner in walk(schema):
        where = f"{subject}: schema {''.join(f'/{escape_pointer(step)}' for step in path) or '/'}"
        reference = inner.get("$ref")
        if isinstance(reference, str):
            try:
                if not reference.startswith("#"):
                    raise Unresolvable(ref=reference)
                resolver.lookup(reference)
            except Unresolvable as error:
                raise ToolDefinitionError(
                    f"{where}: nothing is there for the reference {reference!r}. "
                    "References must lead to a part of the schema itself; nothing is fetched."
                ) from error
        for pattern in _patterns(inner):
            try:
                regex.compile(pattern)
            except regex.error as error:
                raise ToolDefinitionError(
                    f"{where}: the pattern {pattern!r} is not one: {error}."
                ) from error


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    yield from schema.get("patternProperties", {})


def _matches(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`.

    Raises:
        TimeoutError: it takes too long to tell. The `re` module could not be stopped.
    """
    return regex.search(pattern, text, timeout=PATTERN_TIMEOUT_S) is not None


def _pattern(
    validator: Validator, pattern: str, instance: object, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    try:
        if not _matches(pattern, instance):
            yield ValidationError(f"{_excerpt(instance)} does not match {pattern!r}")
    except TimeoutError:
        yield ValidationError(f"takes too long to match against {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: object, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, inner in patterns.items():
        for name, value in instance.items():
            try:
                if _matches(pattern, name):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)
            except TimeoutError:
                yield ValidationError(
                    f"the name {_excerpt(name)} takes too long to match against {pattern!r}"
                )


def _additional_properties(
    validator: Any, additional: Any, instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    for name, value in instance.items():
        if name in known:
            continue
        try:
            if any(_matches(pattern, name) for pattern in schema.get("patternProperties", {})):
                continue
        except TimeoutError:
            continue  # `_pattern_properties` has said so
        if additional is False:
            allowed = ", ".join(repr(other) for other in known) or "none"
            yield ValidationError(f"there is no parameter {_excerpt(name)}; there are: {allowed}")
        else:
            yield from validator.descend(value, additional, path=name)


def _problem(error: ValidationError) -> tuple[str, str]:
    """Where it is wrong, and what is wrong with the part of the schema that says so."""
    closest = best_match([error])
    assert closest is not None
    pointer = _pointer(closest)
    if closest.validator == "required":
        missing = [name for name in closest.validator_value if name not in closest.instance]
        schemas = closest.schema.get("properties", {})
        wanted = ", ".join(f"{name!r} {_excerpt(schemas.get(name, {}))}" for name in missing)
        return pointer, f"missing: {wanted}"
    if closest.validator == "type":
        names = closest.validator_value
        wanted = " or ".join(names) if isinstance(names, list) else names
        return pointer, f"{_excerpt(closest.instance)} is not of type {wanted}"
    if closest.validator in ("enum", "const"):
        values = (
            closest.validator_value if closest.validator == "enum" else [closest.validator_value]
        )
        wanted = ", ".join(_excerpt(value) for value in values)
        return pointer, f"{_excerpt(closest.instance)} is not one of: {_cut(wanted)}"
    if closest.validator in ("additionalProperties", "pattern", "patternProperties"):
        return pointer, closest.message
    return pointer, f"{_cut(closest.message)}; its schema: {_excerpt(closest.schema)}"


def _pointer(error: Any) -> str:
    return "".join(f"/{escape_pointer(token)}" for token in error.absolute_path)


def _excerpt(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _cut(text: str) -> str:
    if len(text) <= MAX_EXCERPT_CHARS:
        return text
    return f"{text[:MAX_EXCERPT_CHARS]}… ({len(text):,} characters)"

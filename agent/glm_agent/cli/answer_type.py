"""The type of the answer that `--output` names."""

import json
from pathlib import Path
from typing import Any

from glm_agent.errors import ConfigurationError, UsageError
from glm_agent.output_type import OutputType
from glm_tools.errors import ToolDefinitionError
from glm_tools.loading import load_object


def named_output_type(name: str | None) -> OutputType[Any] | None:
    """The type; None for an answer of text.

    Args:
        name: `@schema.json`, `FILE.py:NAME`, `module:NAME`, or None.

    Raises:
        UsageError: it is of no such form.
        ConfigurationError: there is no such thing, or no answer could be of that type.
    """
    if name is None:
        return None
    if name.startswith("@"):
        return OutputType(_schema(Path(name[1:]).expanduser()))
    if ":" not in name:
        raise UsageError(f"--output takes @SCHEMA.json, FILE.py:NAME or module:NAME, not {name!r}.")
    try:
        return OutputType(load_object(name))
    except ToolDefinitionError as error:
        raise ConfigurationError(f"The output type {name!r}: {error}") from error


def _schema(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are such
        raise ConfigurationError(f"{str(path)!r} is no JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise ConfigurationError(f"{str(path)!r} is no JSON Schema: it is not an object.")
    return schema

"""Settings from files: `flag > environment > project > user > default`.

The user's file is `config.toml` in the settings folder, the project's is `glm-agent.toml` in the working folder. Both
have a table `[options]` whose keys are the long options of `glm-agent run` without their dashes.

Covers: a project's file comes with what was cloned or unpacked. It may say how long and how warm a run is, and nothing
else: no tools, no model, no sandbox, no network, no approvals made easier (its `[approvals]` can only be stricter).
Does not cover: the user's own file, which may say everything that the command line may.
"""

import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from glm_agent.errors import ConfigurationError
from glm_agent.storage import config_path

Origin = Literal["environment", "project", "user", "default"]

PROJECT_FILE = Path("glm-agent.toml")
TABLE = "options"
# What a file that came with a project may decide. Everything else could open a door or fetch something.
PROJECT_OPTIONS = frozenset(
    ("max-new-tokens", "max-steps", "max-time", "seed", "temperature", "top-p", "when-full")
)
# Of one command line only: a file that said these would be a trap.
NEVER = frozenset(("continue", "file", "help", "json", "jsonl", "output", "resume", "session"))
COMMANDS = ("run", "chat", "batch")

app = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of an option as a command starts with it, and who gave it."""

    option: str
    value: Any
    origin: Origin
    source: str = ""


@app.callback()
def config() -> None:
    """Settings from files, and where each comes from."""


@app.command()
def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each comes from.")] = False,
) -> None:
    """Print the settings that `glm-agent run` starts with."""
    group: Any = context.find_root().command
    for setting in settings(group.commands["run"].params, context):
        value = getattr(setting.value, "value", setting.value)
        line = f"{setting.option} = {value!r}"
        if origin:
            line += f"    # {setting.origin}{' ' + setting.source if setting.source else ''}"
        sys.stdout.write(line + "\n")


@app.command()
def path() -> None:
    """Print where the user's file is, or would be."""
    sys.stdout.write(f"{user_file()}\n")


def user_file() -> Path:
    """Where the user's settings are; perhaps nothing is there."""
    return config_path() / "config.toml"


def settings(parameters: Iterable[Any], context: typer.Context) -> list[Setting]:
    """Each option that files may set, with its value before the command line has its say.

    Args:
        parameters: of a command.
        context: in which values are read.

    Raises:
        ConfigurationError: as `use_files`.
    """
    named = _named(parameters)
    user, project = _read(user_file(), named, context), _read_project(named, context)
    found = []
    for option, parameter in named.items():
        variable = str(parameter.envvar or "")
        if variable and os.environ.get(variable):
            found.append(Setting(option, os.environ[variable], "environment", variable))
        elif option in project:
            found.append(Setting(option, project[option], "project", str(PROJECT_FILE)))
        elif option in user:
            found.append(Setting(option, user[option], "user", str(user_file())))
        else:
            found.append(Setting(option, parameter.default, "default"))
    return found


def use_files(context: typer.Context) -> None:
    """Let the settings files stand behind flags and environment of the commands that run a model.

    Raises:
        ConfigurationError: a file is not TOML, or says something that it may not, or that there is not.
    """
    if context.invoked_subcommand not in COMMANDS:
        return
    if not (user_file().exists() or PROJECT_FILE.exists()):
        return
    group: Any = context.command
    parameters = group.commands[context.invoked_subcommand].params
    named = _named(parameters)
    known = {**named, **_named(group.commands["run"].params)}
    values = {**_read(user_file(), known, context), **_read_project(known, context)}
    context.default_map = {
        context.invoked_subcommand: {
            named[option].name: value for option, value in values.items() if option in named
        }
    }


def _named(parameters: Iterable[Any]) -> dict[str, Any]:
    """Long option without dashes -> parameter."""
    named = {}
    for parameter in parameters:
        long = [option for option in parameter.opts if option.startswith("--")]
        if long and long[0][2:] not in NEVER:
            named[long[0][2:]] = parameter
    return named


def _read_project(known: Mapping[str, Any], context: typer.Context) -> dict[str, Any]:
    values = _read(PROJECT_FILE, known, context)
    for option in values:
        if option not in PROJECT_OPTIONS:
            raise ConfigurationError(
                f"{PROJECT_FILE}: a project may not set {option!r}. Put it into {user_file()}, or give --{option}."
            )
    return values


def _read(file: Path, known: Mapping[str, Any], context: typer.Context) -> dict[str, Any]:
    """The options of a file; empty where there is none."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8")).get(TABLE, {})
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{str(file)!r} is not TOML: {error}.") from error
    if not isinstance(values, dict):
        raise ConfigurationError(f"{file}: `{TABLE}` is a table.")
    for option, value in values.items():
        if option not in known:
            raise ConfigurationError(
                f"{file}: there is no option {option!r}. There are: {', '.join(sorted(known))}."
            )
        _check(file, option, value, known[option], context)
    return values


def _check(file: Path, option: str, value: Any, parameter: Any, context: typer.Context) -> None:
    """Refuse a value that the command line would refuse, with the file's name instead of a flag's."""
    is_list = isinstance(value, list)
    if is_list != bool(parameter.multiple):
        raise ConfigurationError(
            f"{file}: {option!r} is {'a list' if parameter.multiple else 'one value'}."
        )
    given = value if is_list else [value]
    if any(isinstance(one, dict | list) for one in given):
        raise ConfigurationError(f"{file}: {option!r} cannot be {value!r}.")
    words = [one if isinstance(one, bool) else str(one) for one in given]
    try:
        parameter.process_value(context, words if is_list else words[0])
    except typer.BadParameter as error:
        raise ConfigurationError(f"{file}: {option!r}: {error.format_message()}") from error

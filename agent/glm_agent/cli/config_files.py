"""Settings from files: `flag > environment > profile > project > user > default`.

The user's file is `config.toml` in the settings folder, the project's is `glm-agent.toml` in the working folder. Both
have a table `[options]` whose keys are the long options of `glm-agent run` without their dashes. A profile is a table
`[profiles.NAME]` of the same keys in the user's file, for `--profile NAME` or GLM_AGENT_PROFILE.

Covers: a project's file comes with what was cloned or unpacked. It may say how long and how warm a run is, and nothing
else: no tools, no model, no sandbox, no network, no approvals made easier (its `[approvals]` can only be stricter), no
profiles.
Does not cover: the user's own file, which may say everything that the command line may.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import typer

from glm_agent.errors import ConfigurationError, UsageError
from glm_agent.storage import config_path

Origin = Literal["environment", "profile", "project", "user", "default"]

PROJECT_FILE = Path("glm-agent.toml")
TABLE = "options"
PROFILES = "profiles"
PROFILE_VARIABLE = "GLM_AGENT_PROFILE"
USER_TABLES = (TABLE, PROFILES)
PROJECT_TABLES = (TABLE, "approvals")
# What a file that came with a project may decide. Everything else could open a door or fetch something.
PROJECT_OPTIONS = frozenset(
    ("max-new-tokens", "max-steps", "max-time", "seed", "temperature", "top-p", "when-full")
)
# Of one command line only: a file that said these would be a trap.
NEVER = frozenset(
    (
        *("as-completed", "continue", "file", "help", "json", "jsonl", "jobs", "ordered", "output"),
        *("profile", "resume", "session", "type"),
    )
)
COMMANDS = ("run", "chat", "batch")


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of an option as a command starts with it, and who gave it."""

    option: str
    value: Any
    origin: Origin
    source: str = ""


def user_file() -> Path:
    """Where the user's settings are; perhaps nothing is there."""
    return config_path() / "config.toml"


def settings(
    parameters: Iterable[Any], context: typer.Context, profile: str | None = None
) -> list[Setting]:
    """Each option that files may set, with its value before the command line has its say.

    Args:
        parameters: of a command.
        context: in which values are read.
        profile: the name of one; None for none.

    Raises:
        ConfigurationError: as `use_files`.
    """
    named = options_of(parameters)
    user, project = _read_options(user_file(), named, context), _read_project(named, context)
    chosen = {} if profile is None else _read_profile(profile, named, context)
    found = []
    for option, parameter in named.items():
        variable = str(parameter.envvar or "")
        if variable and os.environ.get(variable):
            found.append(Setting(option, os.environ[variable], "environment", variable))
        elif option in chosen:
            found.append(Setting(option, chosen[option], "profile", str(profile)))
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
    known = {**options_of(parameters), **_run_options(group)}
    values = {**_read_options(user_file(), known, context), **_read_project(known, context)}
    context.default_map = {context.invoked_subcommand: _by_parameter(values, parameters)}


def use_profile(context: typer.Context, name: str | None) -> str | None:
    """Let a profile stand before the files; the callback of `--profile`, which is read before the other options.

    Raises:
        ConfigurationError: there is no such profile, or it says something that there is not.
    """
    if name is None or context.resilient_parsing:
        return name
    parameters = context.command.params
    known = {**options_of(parameters), **_run_options(context.find_root().command)}
    values = _by_parameter(_read_profile(name, known, context), parameters)
    context.default_map = {**(context.default_map or {}), **values}
    return name


def complete_profile(incomplete: str) -> list[str]:
    """The user's profiles that begin so; none where the file cannot be read."""
    try:
        profiles = read_file(user_file(), USER_TABLES).get(PROFILES, {})
    except ConfigurationError:
        return []
    return [name for name in profiles if name.startswith(incomplete)]


def options_of(parameters: Iterable[Any]) -> dict[str, Any]:
    """Long option without dashes -> parameter, for those that a file may set."""
    named = {}
    for parameter in parameters:
        long = [option for option in parameter.opts if option.startswith("--")]
        if long and long[0][2:] not in NEVER:
            named[long[0][2:]] = parameter
    return named


def checked_value(
    source: str, option: str, value: Any, parameter: Any, context: typer.Context
) -> Any:
    """The value as Python has it, if the command line would take it.

    Raises:
        ConfigurationError: it would not; the message has `source` in place of a flag.
    """
    is_list = isinstance(value, list)
    if is_list != bool(parameter.multiple):
        raise ConfigurationError(
            f"{source}: {option!r} is {'a list' if parameter.multiple else 'one value'}."
        )
    given = value if is_list else [value]
    if any(isinstance(one, dict | list) for one in given):
        raise ConfigurationError(f"{source}: {option!r} cannot be {value!r}.")
    words = [one if isinstance(one, bool) else str(one) for one in given]
    try:
        return parameter.process_value(context, words if is_list else words[0])
    except typer.BadParameter as error:
        raise ConfigurationError(f"{source}: {option!r}: {error.format_message()}") from error


def read_file(file: Path, tables: Iterable[str]) -> dict[str, Any]:
    """The tables of a file; empty where there is none.

    Raises:
        ConfigurationError: it cannot be read, is not TOML, or has something beside `tables`.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{str(file)!r} is not TOML: {error}.") from error
    for name, table in content.items():
        if name not in tables:
            raise ConfigurationError(
                f"{file}: there is no table {name!r}. There are: {', '.join(tables)}."
            )
        if not isinstance(table, dict):
            raise ConfigurationError(f"{file}: `{name}` is a table.")
    return content


def _run_options(group: Any) -> dict[str, Any]:
    return options_of(group.commands["run"].params)


def _by_parameter(values: Mapping[str, Any], parameters: Iterable[Any]) -> dict[str, Any]:
    named = options_of(parameters)
    return {named[option].name: value for option, value in values.items() if option in named}


def _read_project(known: Mapping[str, Any], context: typer.Context) -> dict[str, Any]:
    values = read_file(PROJECT_FILE, PROJECT_TABLES).get(TABLE, {})
    for option in values:
        if option in known and option not in PROJECT_OPTIONS:
            raise ConfigurationError(
                f"{PROJECT_FILE}: a project may not set {option!r}. Put it into {user_file()}, or give --{option}."
            )
    return _checked(str(PROJECT_FILE), values, known, context)


def _read_options(file: Path, known: Mapping[str, Any], context: typer.Context) -> dict[str, Any]:
    values = read_file(file, USER_TABLES).get(TABLE, {})
    return _checked(str(file), values, known, context)


def _read_profile(name: str, known: Mapping[str, Any], context: typer.Context) -> dict[str, Any]:
    profiles = read_file(user_file(), USER_TABLES).get(PROFILES, {})
    if name not in profiles:
        there = ", ".join(sorted(profiles)) or "none"
        raise UsageError(
            f"There is no profile {name!r}; there are: {there}. "
            f"`glm-agent config set --profile {name} OPTION VALUE` begins one in {user_file()}."
        )
    source = f"{user_file()}, profile {name}"
    if not isinstance(profiles[name], dict):
        raise ConfigurationError(f"{source}: it is a table, [{PROFILES}.{name}].")
    return _checked(source, profiles[name], known, context)


def _checked(
    source: str, values: dict[str, Any], known: Mapping[str, Any], context: typer.Context
) -> dict[str, Any]:
    for option, value in values.items():
        if option not in known:
            raise ConfigurationError(
                f"{source}: there is no option {option!r}. There are: {', '.join(sorted(known))}."
            )
        checked_value(source, option, value, known[option], context)
    return values

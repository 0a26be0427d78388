"""`glm-agent config`: settings from files, where each comes from, and how to change them."""

import difflib
import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from glm_agent.cli.config_files import (
    PROFILE_VARIABLE,
    PROFILES,
    TABLE,
    USER_TABLES,
    Setting,
    checked_value,
    complete_profile,
    options_of,
    read_file,
    settings,
    user_file,
)
from glm_agent.errors import ConfigurationError, UsageError

app = typer.Typer(no_args_is_help=True)


def _complete_option(context: typer.Context, incomplete: str) -> list[str]:
    return [name for name in options_of(_run_parameters(context)) if name.startswith(incomplete)]


Profile = Annotated[
    str | None,
    typer.Option(
        envvar=PROFILE_VARIABLE,
        autocompletion=complete_profile,
        help="Of this profile.",
        show_default=False,
    ),
]
Option = Annotated[
    str,
    typer.Argument(
        autocompletion=_complete_option, help="A long option of `glm-agent run`, without dashes."
    ),
]

HELP = """
Settings from files, and where each comes from.

A flag goes before the environment, that before a profile, that before the project's glm-agent.toml, that before your
own file, that before the default.

\b
Examples:
  glm-agent config show --origin
  glm-agent config set model glm-4-9b-chat
  glm-agent config set --profile careful temperature 0.2
  glm-agent run "…" --profile careful
"""


@app.callback(help=HELP)
def config() -> None:
    return


@app.command()
def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each comes from.")] = False,
    profile: Profile = None,
) -> None:
    """Print the settings that `glm-agent run` starts with."""
    for setting in settings(_run_parameters(context), context, profile):
        line = f"{setting.option} = {_plain(setting.value)!r}"
        if origin:
            line += f"    # {_origin(setting)}"
        sys.stdout.write(line + "\n")


@app.command()
def get(context: typer.Context, option: Option, profile: Profile = None) -> None:
    """Print one setting; nothing where it is not set."""
    _known(option, context)
    found = {one.option: one for one in settings(_run_parameters(context), context, profile)}
    value = _plain(found[option].value)
    values = value if isinstance(value, list) else [] if value is None else [value]
    for one in values:
        sys.stdout.write(f"{str(one).lower() if isinstance(one, bool) else one}\n")


@app.command("set")
def set_option(
    context: typer.Context,
    option: Option,
    values: Annotated[list[str], typer.Argument(help="One, or several where it is repeatable.")],
    profile: Profile = None,
) -> None:
    """Write a setting into your own file; comments in it stay."""
    parameter = _known(option, context)
    given = values if parameter.multiple else values[0]
    if not parameter.multiple and len(values) > 1:
        raise UsageError(f"{option!r} takes one value.")
    value = _plain(checked_value("config set", option, given, parameter, context))
    _change(option, list(value) if isinstance(value, tuple) else value, profile)


@app.command()
def unset(context: typer.Context, option: Option, profile: Profile = None) -> None:
    """Take a setting out of your own file."""
    _known(option, context)
    _change(option, None, profile)


@app.command()
def path() -> None:
    """Print where the user's file is, or would be."""
    sys.stdout.write(f"{user_file()}\n")


def _run_parameters(context: typer.Context) -> list[Any]:
    group: Any = context.find_root().command
    parameters: list[Any] = group.commands["run"].params
    return parameters


def _known(option: str, context: typer.Context) -> Any:
    known = options_of(_run_parameters(context))
    if option not in known:
        close = difflib.get_close_matches(option, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(
            f"There is no setting {option!r}.{hint} There are: {', '.join(sorted(known))}."
        )
    return known[option]


def _origin(setting: Setting) -> str:
    return f"{setting.origin} {setting.source}".rstrip()


def _plain(value: Any) -> Any:
    """A value as TOML has it."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _change(option: str, value: Any, profile: str | None) -> None:
    """Set an option in the user's file, or take it out; the file is replaced as a whole, or not at all.

    Raises:
        ConfigurationError: the file is not TOML, has what it may not have, or cannot be written.
    """
    import tomlkit

    file = user_file()
    read_file(file, USER_TABLES)
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    table: Any = document
    for name in (TABLE,) if profile is None else (PROFILES, profile):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=name == PROFILES)
        table = table[name]
    if value is not None:
        table[option] = value
    elif option in table:
        del table[option]
    try:
        _replace(file, tomlkit.dumps(document).strip("\n") + "\n")
    except OSError as error:
        raise ConfigurationError(f"{str(file)!r} cannot be written: {error.strerror}.") from error


def _replace(file: Path, text: str) -> None:
    file = file.resolve()  # settings that are kept elsewhere and linked stay linked
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    if file.exists():
        draft.chmod(file.stat().st_mode & 0o777)
    draft.replace(file)

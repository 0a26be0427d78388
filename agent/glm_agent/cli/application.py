"""The `glm-agent` command: its sub-commands, and what each kind of failure looks like from outside."""

import errno
import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from glm_agent.cli import (
    batch,
    bench,
    chat,
    config,
    doctor,
    explain,
    models,
    replay,
    resume,
    run,
    sandbox,
    sessions,
    tools,
)
from glm_agent.cli.config_files import use_files
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.errors import (
    ConfigurationError,
    JournalError,
    ModelUnavailableError,
    ReplayMismatchError,
    UsageError,
    WarmFileError,
)
from glm_engine.errors import NonFiniteLogitsError
from glm_sandbox.errors import SandboxUnavailableError
from glm_tools.errors import ToolDefinitionError

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}

EXIT_CODES: dict[type[Exception], ExitCode] = {
    UsageError: ExitCode.USAGE,
    ConfigurationError: ExitCode.CONFIGURATION,
    ToolDefinitionError: ExitCode.CONFIGURATION,
    ModelUnavailableError: ExitCode.MODEL_UNAVAILABLE,
    NonFiniteLogitsError: ExitCode.MODEL_UNAVAILABLE,  # damaged weights, or the wrong number format
    SandboxUnavailableError: ExitCode.TOOL_UNAVAILABLE,
    ReplayMismatchError: ExitCode.DIFFERS,
    JournalError: ExitCode.STORAGE,
    WarmFileError: ExitCode.STORAGE,
}
KNOWN_FAILURES = tuple(EXIT_CODES)

app = typer.Typer(
    name="glm-agent",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the start-up time, and it reads well in a pipe
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("chat")(chat.chat)
app.command("resume")(resume.resume)
app.command("replay")(replay.replay)
app.command("explain")(explain.explain)
app.command("batch")(batch.batch)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
app.add_typer(sessions.app, name="sessions")
app.add_typer(models.app, name="models")
app.add_typer(config.app, name="config")
app.add_typer(tools.app, name="tools")
app.add_typer(sandbox.app, name="sandbox")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"glm-agent {version('glm-agent')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A local tool-use agent for GLM-4, with its own engine and a sandbox."""
    use_files(context)


def main() -> None:
    """Run the command line and exit with a code of `ExitCode`."""
    for stream in (sys.stdout, sys.stderr):
        # Chinese on a terminal of another encoding must not be a traceback.
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # TextIOWrapper
    try:
        app()
    except SystemExit as ended:
        # typer ends the program with 1 where the reader has gone (`| head`); that is no failure of ours.
        if isinstance(ended.__context__, BrokenPipeError) or not _is_flushed():
            sys.exit(ExitCode.ANSWERED)
        raise
    except KeyboardInterrupt:
        _fail(ExitCode.INTERRUPTED, "Interrupted before the run began; nothing was lost.")
    except KNOWN_FAILURES as error:
        _fail(
            next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), str(error)
        )
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            _fail_as_bug()
        _fail(
            ExitCode.STORAGE, f"Nothing can be written: {error}. What was written before is kept."
        )
    except Exception:  # noqa: BLE001  # the one place where a bug of ours meets the user
        _fail_as_bug()


def _is_flushed() -> bool:
    """Whether all that was printed has been read, or can be; what cannot is thrown away in silence."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _fail_as_bug() -> NoReturn:
    traceback.print_exc()
    _fail(
        ExitCode.INTERNAL_ERROR,
        "This is a bug in glm-agent. Please report it with the text above.",
    )


def _fail(code: ExitCode, message: str) -> NoReturn:
    sys.stderr.write(f"glm-agent: {message}\n")
    sys.exit(code)

"""`glm-agent sessions`: what is kept of conversations."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_agent.errors import ConfigurationError
from glm_agent.storage import journal_path

if TYPE_CHECKING:
    from glm_agent.journal import Journal

app = typer.Typer(no_args_is_help=True)
SessionId = Annotated[
    str, typer.Argument(help="Id or name, or a run in it.", show_default=False, metavar="SESSION")
]
PROMPT_CHARS = 60


class ExportFormat(StrEnum):
    """What a session is exported as."""

    MD = "md"
    JSON = "json"
    IPYNB = "ipynb"


@app.callback()
def sessions() -> None:
    """List, show, search, fork, export and remove sessions."""


@app.command("list")
def list_sessions(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
) -> None:
    """List the sessions, the newest first."""
    from glm_agent.cli.terminal import counted

    with _journal() as journal:
        found = journal.sessions(limit + 1)
        for session in found[:limit]:
            runs = journal.runs(session.id)
            when = _when(runs[-1].started if runs else session.created)
            name = f" {session.name}" if session.name else ""
            prompt = _short(runs[-1].prompt) if runs else ""
            unfinished = ""
            if runs and runs[-1].finish_reason in (None, "needs_approval", "interrupted"):
                unfinished = f" [{runs[-1].finish_reason or 'cut short'}: can be resumed]"
            _print(f"{session.id}  {when}  {counted(len(runs), 'run')}{name}{unfinished}  {prompt}")
    if len(found) > limit:
        sys.stderr.write(f"There are older ones: --limit {2 * limit} shows more.\n")


@app.command()
def show(session: SessionId) -> None:
    """Show all that was said and done in a session."""
    from glm_agent.cli.opening import find_session
    from glm_agent.transcript import event_lines

    with _journal() as journal:
        for run in journal.runs(find_session(journal, session).id):
            _print(f"── run {run.id}, {_when(run.started)}")
            for entry in journal.events(run.id):
                for line in event_lines(entry.event):
                    _print(line)


@app.command()
def search(text: Annotated[str, typer.Argument(help="Anything that was said.")]) -> None:
    """Find runs by what was asked, answered, called or returned."""
    with _journal() as journal:
        for run, place in journal.search(text):
            at = max(place.lower().find(text.lower()), 0)
            _print(f"{run.id}  {_when(run.started)}  {_short(place[max(at - 20, 0) :])}")


@app.command()
def fork(
    session: SessionId,
    name: Annotated[str | None, typer.Option(help="Of the new session.")] = None,
    runs: Annotated[
        int | None, typer.Option(min=0, help="Keep only so many runs of it.", show_default=False)
    ] = None,
) -> None:
    """Begin a new session with the same past. Prints its id."""
    from glm_agent.cli.opening import find_session

    with _journal() as journal:
        _print(journal.fork(find_session(journal, session).id, name=name, runs=runs).id)


@app.command()
def export(
    session: SessionId,
    form: Annotated[ExportFormat, typer.Option("--format", help="To read, to keep, to go on.")] = (
        ExportFormat.MD
    ),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output without it.")
    ] = None,
) -> None:
    """Write a session as Markdown, JSON or a notebook."""
    from glm_agent.cli.opening import find_session
    from glm_agent.cli.terminal import printable
    from glm_agent.export import session_json, session_markdown, session_notebook

    with _journal() as journal:
        found = find_session(journal, session)
        if form is ExportFormat.MD:
            text = session_markdown(journal, found)
        else:
            convert = session_json if form is ExportFormat.JSON else session_notebook
            text = json.dumps(convert(journal, found), ensure_ascii=False, indent=1) + "\n"
    if output is None:
        sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
        return
    try:
        output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigurationError(f"{str(output)!r} cannot be written: {error.strerror}.") from error


@app.command()
def rm(
    session: SessionId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a session and all its runs for good."""
    from glm_agent.cli.opening import find_session
    from glm_agent.cli.terminal import counted

    with _journal() as journal:
        found = find_session(journal, session)
        runs = len(journal.runs(found.id))
        if not yes:
            typer.confirm(
                f"Remove session {found.name or found.id} with {counted(runs, 'run')}?",
                abort=True,
                err=True,
            )
        journal.remove(found.id)


@contextmanager
def _journal() -> Iterator["Journal"]:
    from glm_agent.journal import Journal

    journal = Journal(journal_path())
    try:
        yield journal
    finally:
        journal.close()


def _print(text: str) -> None:
    from glm_agent.cli.terminal import printable

    sys.stdout.write(printable(text) + "\n")


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= PROMPT_CHARS else line[: PROMPT_CHARS - 1] + "…"

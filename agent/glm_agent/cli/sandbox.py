"""`glm-agent sandbox`: what there is, making it, cleaning up, attacking it, and a session by hand."""

import codeop
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from glm_agent.cli.exit_codes import ExitCode
from glm_agent.errors import ConfigurationError

if TYPE_CHECKING:
    from glm_agent.cli.interruption import Interruption
    from glm_sandbox.attacks import AttackResult
    from glm_sandbox.maintenance import BackendStatus
    from glm_sandbox.sandbox import ExecResult, Sandbox

app = typer.Typer(no_args_is_help=True)


class Isolation(StrEnum):
    """A back end that isolates."""

    AUTO = "auto"
    DOCKER = "docker"
    BUBBLEWRAP = "bubblewrap"


BackendOption = Annotated[
    Isolation, typer.Option("--backend", "-b", help="Which; auto takes the best.")
]


@app.callback()
def sandbox() -> None:
    """Where code that the model writes runs."""


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Say which sandboxes can be used here. Exits with 5 when there is none."""
    from glm_sandbox import maintenance

    backends = maintenance.status()
    if as_json:
        _print(json.dumps([asdict(backend) for backend in backends], ensure_ascii=False, indent=2))
    else:
        for backend in backends:
            for line in status_lines(backend):
                _print(line)
    if not any(backend.is_available for backend in backends):
        raise typer.Exit(ExitCode.TOOL_UNAVAILABLE)


def status_lines(backend: "BackendStatus") -> Iterator[str]:
    """What a person reads about a back end."""
    if not backend.is_available:
        yield f"{backend.name}: not available. {backend.detail}"
        yield from (f"  {line}" for line in backend.remedy.splitlines())
        return
    built = "ready" if backend.is_built else "its image is made by the first run"
    yield f"{backend.name}: {built} ({backend.detail})"
    yield from (f"  weakness: {weakness}" for weakness in backend.weaknesses)


@app.command()
def build(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Anew, with today's versions of its packages.")
    ] = False,
) -> None:
    """Make what sessions need now, instead of with the first run."""
    from glm_sandbox import maintenance

    for line in maintenance.build_image(_note, rebuild=rebuild):
        _print(line)


@app.command()
def gc() -> None:
    """Remove what runs that were killed, or earlier releases, have left behind. Running sessions go on."""
    from glm_sandbox import maintenance

    removed = asdict(maintenance.gc())
    for kind, things in removed.items():
        for thing in things:
            _print(f"removed {kind.replace('_', ' ').removesuffix('s')}: {thing}")
    if not any(removed.values()):
        _print("There was nothing to remove.")


@app.command("test")
def attack(backend: BackendOption = Isolation.AUTO) -> None:
    """Attack the sandbox from inside and see whether it holds. Exits with 8 when it does not."""
    from glm_sandbox import maintenance

    def show(result: "AttackResult") -> None:
        word = "FAILED " if result.problem else "held"
        _print(f"{word:8}{result.attack.name}  ({result.outcome}, {result.duration_s:.1f} s)")
        if result.problem:
            _print(f"        {result.problem}")

    results = maintenance.run_attacks(backend.value, show, _note)
    failed = sum(bool(result.problem) for result in results)
    _print(f"{len(results) - failed} of {len(results)} attacks were contained.")
    if failed:
        raise typer.Exit(ExitCode.DIFFERS)


@app.command()
def shell(backend: BackendOption = Isolation.AUTO) -> None:
    """A Python session in the sandbox, by hand: what the model would get. Ctrl-D ends it."""
    from glm_agent.cli.interruption import interruption
    from glm_sandbox import open_sandbox

    with interruption() as interrupt:
        session = open_sandbox(backend.value, progress=_note)
        try:
            if sys.stdin.isatty():
                _note(f"Python in {session.backend}; files in /mnt/data; Ctrl-D ends it.")
                for cell in _typed_cells():
                    _show(_execute(session, cell, interrupt))
            else:
                result = _execute(session, _piped_cell(), interrupt)
                _show(result)
                if result.status != "ok":
                    raise typer.Exit(ExitCode.CONFIGURATION)
        finally:
            session.close()


def _piped_cell() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"Standard input is not UTF-8 text: {error}.") from error


def _typed_cells() -> Iterator[str]:
    """Cells as they are typed: one ends where Python says that it is whole, or that it is wrong."""
    lines: list[str] = []
    while True:
        try:
            lines.append(_typed_line("... " if lines else ">>> "))
        except EOFError:
            sys.stderr.write("\n")
            return
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            lines = []
            continue
        source = "\n".join(lines)
        try:
            is_whole = codeop.compile_command(source) is not None
        except (SyntaxError, ValueError, OverflowError):
            is_whole = True  # the guest says what is wrong
        if is_whole:
            lines = []
            if source.strip():
                yield source


def _typed_line(prompt: str) -> str:
    """As `input`, which does not notice a Ctrl-C between its prompt and its wait.

    Raises:
        EOFError: there are no more lines.
    """
    sys.stdout.write(prompt)
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.removesuffix("\n")


def _execute(session: "Sandbox", code: str, interrupt: "Interruption") -> "ExecResult":
    """Run a cell; what it prints is shown as it comes, and Ctrl-C stops it."""
    from glm_agent.cli.terminal import printable

    streams = {"stdout": sys.stdout, "stderr": sys.stderr}

    def show(stream: str, text: str) -> None:
        streams[stream].write(printable(text))
        streams[stream].flush()

    interrupt.flag.clear()
    interrupt.is_running = True
    try:
        return session.execute(code, cancel=interrupt.flag, on_output=show)
    finally:
        interrupt.is_running = False


def _show(result: "ExecResult") -> None:
    from glm_agent.cli.terminal import printable

    if result.value is not None:
        _print(printable(result.value))
    for text in (result.error, result.message):
        if text:
            _note(printable(text))
    if result.displays:
        _note(f"[{len(result.displays)} figures or tables are not shown here]")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _note(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()

"""`glm-agent tools`: what the model may call, what it costs, and calls by hand."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.options import Model
from glm_agent.errors import ConfigurationError, ModelUnavailableError, UsageError
from glm_sandbox import open_sandbox
from glm_tools.errors import ToolArgumentError
from glm_tools.python import PythonTool
from glm_tools.tool import ToolCall

if TYPE_CHECKING:
    from glm_tools.tool import ResultStatus, Tool

app = typer.Typer(no_args_is_help=True)

Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        "-T",
        help="Beside the built-in and installed ones: FILE.py, a folder, or module:name. Repeatable.",
        show_default=False,
    ),
]
DESCRIPTION_CHARS = 60


@app.callback()
def tools() -> None:
    """The tools that a model may be given."""


@app.command("list")
def list_tools(sources: Sources = None, model: Model = "demo") -> None:
    """List tools with their price: the tokens that each adds to every prompt."""
    found = _all_tools(sources or [])
    prices = _prices(model, found)
    width = max(len(tool.spec.name) for tool in found)
    for tool in found:
        description = " ".join(tool.spec.description.split())
        if len(description) > DESCRIPTION_CHARS:
            description = description[: DESCRIPTION_CHARS - 1] + "…"
        _print(f"{tool.spec.name:{width}}  {prices.get(tool.spec.name, '?'):>5}  {description}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Of the tool, or FILE.py:NAME.")],
    sources: Sources = None,
    model: Model = "demo",
) -> None:
    """Show what the model is told of a tool, and how its calls are run."""
    tool = _find(name, sources or [])
    _describe(tool, _prices(model, [tool]))


@app.command()
def call(
    name: Annotated[str, typer.Argument(help="Of the tool, or FILE.py:NAME.")],
    arguments: Annotated[
        str, typer.Argument(help="A JSON object; for python and simple_browser the code.")
    ] = "{}",
    sources: Sources = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the arguments and run nothing.")
    ] = False,
) -> None:
    """Call a tool as the model would: the same checks, the same time limit, the same result.

    Exits with 0 when it worked, 2 when the arguments do not fit, 4 after its time limit, 5 when it is not available,
    7 when it failed.
    """
    from glm_tools.dispatch import Dispatcher

    tool = _find(name, sources or [])
    try:
        given = _arguments(tool, arguments)
        if dry_run:
            try:
                tool.check_arguments(given)
            except ToolArgumentError as error:
                raise UsageError(f"The arguments do not fit: {error}") from error
            _print("The arguments fit. Nothing was run.")
            return
        with Dispatcher([tool]) as dispatcher:
            result = dispatcher.run(
                ToolCall("call_1", tool.spec.name, given, arguments), on_output=_show_output
            )
    finally:
        tool.close()
    _print(result.text)
    for attachment in result.attachments:
        _note(f"[{attachment.name}, {attachment.mime}, {len(attachment.data):,} bytes]")
    if result.detail:
        _note(result.detail)
    _note(f"{result.status} after {result.duration_s:.2f} s")
    raise typer.Exit(_exit_code(result.status))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="FILE.py, a folder, or module:name.")],
    model: Model = "demo",
) -> None:
    """Load tools and say all that is worth knowing before a model gets them. Exits with 7 when one cannot be used."""
    from glm_tools.loading import load_tools

    found = load_tools(file)
    prices = _prices(model, found)
    for number, tool in enumerate(found):
        if number:
            _print("")
        _describe(tool, prices)
    _print(f"\nTools that can be used: {len(found)}.")


def _describe(tool: "Tool", prices: dict[str, int]) -> None:
    """Everything about one tool.

    Raises:
        ToolDefinitionError: no grammar can be made of its schema.
    """
    spec = tool.spec
    _print(f"{spec.name}: {' '.join(spec.description.split())}")
    _print(f"  price: {prices.get(spec.name, '?')} tokens of every prompt")
    limit = "its own" if tool.timeout_s is None else f"{tool.timeout_s:g} s"
    _print(f"  time limit: {limit}")
    marks = ("idempotent", "risky", "untrusted", "isolate")
    given = [mark for mark in marks if getattr(tool, mark, False)]
    if given:
        _print(f"  marked: {', '.join(given)}")
    for note in tool.notes:
        _print(f"  note: {note}")
    for pointer in tool.unenforced:
        _print(f"  checked after the call, not while it is written: {pointer}")
    schema = json.dumps(spec.parameters, ensure_ascii=False, indent=2)
    _print("  parameters: " + schema.replace("\n", "\n  "))


def _all_tools(sources: Sequence[str]) -> list["Tool"]:
    """The built-in tools, those of installed packages, and those of `sources`."""
    from glm_agent.cli.named_tools import BUILT_IN, open_named_tools
    from glm_agent.cli.named_tools import WebOptions as Web
    from glm_tools.loading import installed_tools

    return [
        PythonTool(open_sandbox),
        *open_named_tools([*BUILT_IN, *sources], Web()),
        *installed_tools(),
    ]


def _find(name: str, sources: Sequence[str]) -> "Tool":
    from glm_tools.loading import load_tools

    found = _all_tools(sources)
    named = [tool for tool in found if tool.spec.name == name]
    if not named and (":" in name or name.endswith(".py")):
        named = load_tools(name)
    if not named:
        known = ", ".join(tool.spec.name for tool in found)
        raise ConfigurationError(
            f"There is no tool {name!r}. There are: {known}. "
            "Yours are found with -T FILE.py, or as FILE.py:NAME."
        )
    if len(named) > 1:
        choices = ", ".join(tool.spec.name for tool in named)
        raise ConfigurationError(f"{name!r} has more than one tool: {choices}. Write FILE.py:NAME.")
    return named[0]


def _arguments(tool: "Tool", text: str) -> dict[str, Any]:
    """The arguments that `text` says; the code itself for the tools whose call is code."""
    if tool.spec.builtin is not None and not text.lstrip().startswith("{"):
        return {"code": text}
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise UsageError(f"The arguments are not JSON: {error}.") from error
    if not isinstance(arguments, dict):
        raise UsageError("""The arguments are a JSON object, such as '{"city": "Bonn"}'.""")
    return arguments


def _prices(model: str, found: Sequence["Tool"]) -> dict[str, int]:
    """Tool name -> tokens; empty, with a note, where the model is not here. Nothing is downloaded for a price."""
    os.environ["GLM_AGENT_OFFLINE"] = "1"
    from glm_agent.tool_price import load_dialect, tool_prices

    try:
        dialect = load_dialect(model)
    except ModelUnavailableError as error:
        if model != "demo":
            raise
        _note(f"Prices need the model's tokenizer. {error}")
        return {}
    return tool_prices(dialect, [tool.spec for tool in found])


def _exit_code(status: "ResultStatus") -> ExitCode:
    codes: dict[ResultStatus, ExitCode] = {
        "ok": ExitCode.ANSWERED,
        "invalid": ExitCode.USAGE,
        "timeout": ExitCode.LIMIT,
        "unavailable": ExitCode.TOOL_UNAVAILABLE,
        "cancelled": ExitCode.INTERRUPTED,
    }
    return codes.get(status, ExitCode.CONFIGURATION)


def _show_output(stream: str, text: str) -> None:
    from glm_agent.cli.terminal import printable

    sys.stderr.write(printable(text))
    sys.stderr.flush()


def _print(line: str) -> None:
    from glm_agent.cli.terminal import printable

    sys.stdout.write(printable(line) + "\n")


def _note(line: str) -> None:
    from glm_agent.cli.terminal import printable

    sys.stderr.write(printable(line) + "\n")

"""`glm-agent models`: which models are here, fetching and checking them, and what fits into how much memory."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glm_agent.cli.context_length import METAVAR, context_length
from glm_agent.errors import ModelUnavailableError, UsageError
from glm_agent.models import DEMO

if TYPE_CHECKING:
    from glm_engine.memory_plan import MemoryPlan

app = typer.Typer(no_args_is_help=True)

GIB = 1 << 30
# Contexts of the table: those that the published models are usually run with.
TABLE_CONTEXTS = (1024, 16_384, 32_768, 64_512, 128_000, 131_072)
# Memory of common accelerators in GiB. Ours is a plan for one of them, not a measurement.
GPUS = (
    ("RTX 3060, RTX 4070", 12),
    ("T4, RTX 4060 Ti", 16),
    ("RTX 3090, RTX 4090, L4", 24),
    ("RTX 5090", 32),
    ("A100 40 GB", 40),
    ("L40S, RTX A6000", 48),
    ("A100 80 GB, H100", 80),
)


class PlanFormat(StrEnum):
    """A number format of the matrices."""

    BFLOAT16 = "bfloat16"
    INT8 = "int8"
    INT4 = "int4"


Name = Annotated[
    str, typer.Argument(help="A short name (see `models list`), a hub id, or a folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def models() -> None:
    """Models on this machine, and what would fit."""


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that have a short name, what else was fetched, and what was quantised from which."""
    from glm_agent.model_store import stored_models

    stored = stored_models()
    if as_json:
        rows = [asdict(model) for model in stored]
        _print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    for model in stored:
        where = "not here"
        if model.path is not None:
            where = f"{model.size_bytes / GIB:.1f} GiB  {model.path}"
        elif model.partial_bytes:
            where = f"{model.partial_bytes / GIB:.1f} GiB of a download that broke off"
        elif model.name == DEMO:
            where = "embedded; fetched at its first use"
        _print(f"{model.name:<20} {where}")
        for entry in model.quantized:
            size = f"{entry.size_bytes / GIB:.1f} GiB"
            _print(f"{'':<20} {size}  {entry.weight_format}: {entry.path}")


@app.command()
def pull(name: Name) -> None:
    """Fetch a model, going on where an earlier try broke off, and print where it is.

    From Hugging Face, or a mirror of it that HF_ENDPOINT names; HF_TOKEN is sent there. From ModelScope where
    GLM_AGENT_HUB is "modelscope".
    """
    from glm_agent.cli.progress import ProgressBar
    from glm_agent.models import find_path
    from glm_engine.demo import demo_checkpoint

    with ProgressBar(quiet=False) as progress, _unavailable(name):
        path = demo_checkpoint(progress=progress) if name == DEMO else find_path(name, progress)
    _print(str(path))


@app.command()
def path(name: Name) -> None:
    """Print where a model is. Exits with 6 when it is not here; nothing is fetched."""
    from glm_agent.models import installed_path

    _print(str(installed_path(name)))


@app.command()
def verify(name: Name) -> None:
    """Check a model from the first to the last byte: hashes, every tensor, the tokenizer, what was quantised from it."""
    from glm_agent.cli.progress import ProgressBar
    from glm_agent.model_store import verify_model

    with ProgressBar(quiet=False) as progress, _unavailable(name):
        lines = list(verify_model(name, progress))
    for line in lines:
        _print(line)


@app.command()
def rm(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a fetched model and what was quantised from it.

    What another program fetched, or a folder of your own, is left alone: only what was quantised from it goes.
    """
    from glm_agent.model_store import deletable, delete, size_bytes

    paths = deletable(name)
    if not paths:
        raise UsageError(f"{name} was not fetched by glm-agent; delete it yourself.")
    for path in paths:
        _print(f"{size_bytes(path) / GIB:.1f} GiB  {path}")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("Nobody can be asked here: --yes deletes what is listed above.")
        typer.confirm("Delete?", abort=True)
    delete(paths)
    _print("deleted")


@app.command()
def plan(
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="One model; both published ones otherwise."),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(
            parser=context_length,
            metavar=METAVAR,
            help="Of the context, plain or such as 128K; a table otherwise.",
        ),
    ] = None,
    weight_format: Annotated[
        PlanFormat | None, typer.Option("--format", help="One format; all otherwise.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a model takes: weights, keys and values, workspace; what holds it, and what `auto` would load here."""
    from glm_agent.model_choice import (
        available_memory_bytes,
        best_installed,
        maps_embedding,
        model_config,
        plans,
    )
    from glm_engine.hub import installed_model
    from glm_engine.memory_plan import FORMATS

    formats = FORMATS if weight_format is None else (weight_format.value,)
    available = available_memory_bytes()
    report: dict[str, Any] = {"available_bytes": available, "models": {}}
    for name in (model,) if model else ("glm-4-9b-chat", "chatglm2-6b"):
        folder = Path(name).expanduser()
        path = folder if folder.exists() else installed_model(name)
        config = model_config(name, path)
        if context is not None and context > config.context_length:
            raise UsageError(
                f"{name} holds {config.context_length:,} tokens, not {context:,} (--context)."
            )
        contexts = (context,) if context else (*TABLE_CONTEXTS, config.context_length)
        is_mapped = maps_embedding(name, path)
        rows = plans(config, sorted(set(contexts)), formats, maps_embedding=is_mapped)
        report["models"][name] = [_row(row, available) for row in rows]
    steps = [] if model else list(best_installed(context))
    report["auto"] = [
        {"name": step.name, "fits": step.choice is not None, "reason": step.reason}
        for step in steps
    ]
    if as_json:
        _print(json.dumps(report, ensure_ascii=False, indent=2))
        return
    for line in _plan_lines(report):
        _print(line)


def _row(row: "MemoryPlan", available: int) -> dict[str, Any]:
    return asdict(row) | {
        "total_bytes": row.total_bytes,
        "device_bytes": row.device_bytes,
        "fits_here": row.total_bytes <= available,
        "gpus": [name for name, size_gib in GPUS if row.device_bytes <= size_gib * GIB],
    }


def _plan_lines(report: dict[str, Any]) -> Iterator[str]:
    for name, rows in report["models"].items():
        yield f"{name} (GiB)"
        yield f"  {'format':<10}{'context':>9}{'weights':>9}{'unread':>8}{'KV':>7}{'work':>7}{'total':>8}  here  smallest GPU"
        for row in rows:
            parts = ("weight", "unread", "kv_cache", "workspace")
            sizes = [row[f"{part}_bytes"] / GIB for part in parts]
            sizes[-1] -= row["spared_bytes"] / GIB  # not made here
            yield (
                f"  {row['weight_format']:<10}{row['context_length']:>9,}{sizes[0]:>9.1f}{0 - round(sizes[1], 1):>8.1f}"
                f"{sizes[2]:>7.1f}{sizes[3]:>7.1f}{row['total_bytes'] / GIB:>8.1f}  {'yes' if row['fits_here'] else 'no':<4}  "
                f"{row['gpus'][0] if row['gpus'] else 'none of those listed'}"
            )
            if row["copied_bytes"]:
                yield f"  {'':<10}{'':>9}{row['copied_bytes'] / GIB:>9.1f}  of the total, held here a second time"
    yield f"Free here: {report['available_bytes'] / GIB:.1f} GiB. The GPUs' column is computed, not measured."
    yield "Not counted: what is kept of sessions that are gone, up to 256 MiB."
    chosen = next((step["name"] for step in report["auto"] if step["fits"]), "demo")
    for step in report["auto"]:
        yield f"auto: {step['reason']}"
        if step["fits"]:
            break
    if report["auto"]:
        yield f"auto: {chosen} would be loaded"


@contextmanager
def _unavailable(name: str) -> Iterator[None]:
    """Turns the engine's and the dialects' errors into the one that the command line knows."""
    from glm_engine.errors import EngineError
    from glm_prompts.errors import PromptError

    try:
        yield
    except (EngineError, PromptError) as error:
        raise ModelUnavailableError(f"The model {name!r}: {error}") from error


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")

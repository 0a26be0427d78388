"""`glm-agent models`: which models are here, fetching and checking them, and what fits into how much memory."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glm_agent.errors import ModelUnavailableError, UsageError

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
    """List the models that have a short name, and which of them are here."""
    from glm_engine.hub import SHORT_NAMES, installed_model

    rows: list[dict[str, Any]] = [
        {"name": "demo", "hub_id": None, "path": None, "note": "embedded; fetched at its first use"}
    ]
    for name, hub_id in SHORT_NAMES.items():
        path = installed_model(name)
        rows.append(
            {
                "name": name,
                "hub_id": hub_id,
                "path": None if path is None else str(path),
                "size_bytes": None if path is None else _size_bytes(path),
            }
        )
    if as_json:
        _print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        where = row.get("note") or "not here"
        if row["path"] is not None:
            where = f"{row['size_bytes'] / GIB:.1f} GiB  {row['path']}"
        _print(f"{row['name']:<20} {where}")


@app.command()
def pull(name: Name) -> None:
    """Fetch a model, going on where an earlier try broke off, and print where it is.

    HF_ENDPOINT names another hub or a mirror, HF_TOKEN is sent to it.
    """
    from glm_agent.cli.progress import ProgressBar
    from glm_agent.models import DEMO, find_path
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
    """Check a model's files: every tensor there once and whole, the tokenizer, and what was quantised from it.

    A downloaded file was compared with the hub's hash when it came.
    """
    from glm_agent.local_model import open_dialect
    from glm_agent.models import installed_path
    from glm_engine.checkpoint import open_checkpoint
    from glm_engine.quantized_cache import default_cache_dir, entry_path
    from glm_engine.quantized_cache import verify as verify_entry

    folder = installed_path(name)
    with _unavailable(name):
        checkpoint = open_checkpoint(folder)
        dialect, _ = open_dialect(folder)
        _print(
            f"{folder}: {len(checkpoint.stored_as)} weights, {checkpoint.stored_nbytes / GIB:.1f} GiB, "
            f"dialect {dialect.name}: ok"
        )
        for kind in ("int8", "int4"):
            entry = entry_path(checkpoint, kind, default_cache_dir())
            if entry.is_dir():
                verify_entry(entry)
                _print(f"{entry}: {kind}: ok")


@app.command()
def rm(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a fetched model. What another program fetched, or a folder of your own, is left alone."""
    from glm_agent.models import installed_path
    from glm_engine.hub import default_cache_dir

    folder = installed_path(name)
    if not folder.is_relative_to(default_cache_dir()):
        raise UsageError(f"{folder} was not fetched by glm-agent; delete it yourself.")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"Nobody can be asked here: --yes deletes {folder}.")
        typer.confirm(f"Delete {folder} ({_size_bytes(folder) / GIB:.1f} GiB)?", abort=True)
    shutil.rmtree(folder)
    _print(f"deleted {folder}")


@app.command()
def plan(
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="One model; both published ones otherwise."),
    ] = None,
    context: Annotated[
        int | None, typer.Option(min=1, help="Tokens of the context; a table otherwise.")
    ] = None,
    weight_format: Annotated[
        PlanFormat | None, typer.Option("--format", help="One format; all otherwise.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a model takes: weights, keys and values, workspace; what holds it, and what `auto` would load here."""
    from glm_agent.model_choice import available_memory_bytes, best_installed, model_config, plans
    from glm_engine.hub import installed_model
    from glm_engine.memory_plan import FORMATS

    formats = FORMATS if weight_format is None else (weight_format.value,)
    available = available_memory_bytes()
    report: dict[str, Any] = {"available_bytes": available, "models": {}}
    for name in (model,) if model else ("glm-4-9b-chat", "chatglm2-6b"):
        folder = Path(name).expanduser()
        config = model_config(name, folder if folder.exists() else installed_model(name))
        if context is not None and context > config.context_length:
            raise UsageError(
                f"{name} holds {config.context_length:,} tokens, not {context:,} (--context)."
            )
        contexts = (context,) if context else (*TABLE_CONTEXTS, config.context_length)
        rows = plans(config, sorted(set(contexts)), formats)
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
        "fits_here": row.total_bytes <= available,
        "gpus": [name for name, size_gib in GPUS if row.total_bytes <= size_gib * GIB],
    }


def _plan_lines(report: dict[str, Any]) -> Iterator[str]:
    for name, rows in report["models"].items():
        yield f"{name} (GiB)"
        yield f"  {'format':<10}{'context':>9}{'weights':>9}{'KV':>7}{'work':>7}{'total':>8}  here  smallest GPU"
        for row in rows:
            sizes = [row[f"{part}_bytes"] / GIB for part in ("weight", "kv_cache", "workspace")]
            yield (
                f"  {row['weight_format']:<10}{row['context_length']:>9,}{sizes[0]:>9.1f}{sizes[1]:>7.1f}"
                f"{sizes[2]:>7.1f}{row['total_bytes'] / GIB:>8.1f}  {'yes' if row['fits_here'] else 'no':<4}  "
                f"{row['gpus'][0] if row['gpus'] else 'none of those listed'}"
            )
    yield f"Free here: {report['available_bytes'] / GIB:.1f} GiB. The GPUs' column is computed, not measured."
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


def _size_bytes(folder: Path) -> int:
    if folder.is_file():
        return folder.stat().st_size
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")

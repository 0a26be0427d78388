"""`glm-agent bench`: how fast a model runs on this machine."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from glm_agent.cli import options
from glm_agent.cli.context_length import METAVAR, context_length
from glm_agent.errors import UsageError
from glm_agent.models import AUTO

if TYPE_CHECKING:
    from glm_engine.speed import Speed

CONTEXTS = (16, 4096, 32768)
ROWS = (1, 2, 4, 8, 16)
PREFILLS = ((64, 0), (512, 0), (2048, 0), (64, 2048))


def bench(
    model: options.Model = AUTO,
    longest: Annotated[
        int,
        typer.Option(
            "--context",
            parser=context_length,
            metavar=METAVAR,
            help="No context longer than this, plain or such as 32K.",
        ),
    ] = 4096,
    device: Annotated[
        str, typer.Option("--device", help="Where the model computes: 'cpu' or 'cuda'.")
    ] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure prefill, decode behind a context, and steps of several tokens. Loads the model, runs nothing else.

    Medians of a few passes; other load on the machine shows. The embedded model is measured within its own context.
    """
    from glm_agent.cli.progress import ProgressBar
    from glm_agent.models import load_model  # torch
    from glm_engine.speed import measure_prefill, measure_steps, num_threads

    if longest < CONTEXTS[0]:
        raise UsageError(
            f"The shortest context that is measured has {CONTEXTS[0]} tokens (--context)."
        )
    with ProgressBar(quiet=as_json) as progress:
        loaded = load_model(model, device=device, progress=progress)
    engine = loaded.engine
    header = {
        "model": loaded.name,
        "kernels": engine.kernel_class,
        "threads": num_threads(),
        "device": str(engine.decoder.device),
    }
    if not as_json:
        sys.stdout.write(f"{loaded.name}: {header['kernels']}; {header['threads']} threads on"
                         f" {header['device']}\n\n")  # fmt: skip
        sys.stdout.write("     tokens   behind         ms   tokens/s\n")
    measured: list[Speed] = []
    contexts = [context for context in CONTEXTS if context <= longest]
    for name, speeds in (
        ("step", measure_steps(engine, contexts, ROWS)),
        ("prefill", measure_prefill(engine, [size for size in PREFILLS if sum(size) <= longest])),
    ):
        for speed in speeds:
            measured.append(speed)
            if not as_json:
                _show(name, speed, measured)
    if as_json:
        lines = [
            {"tokens": speed.num_tokens, "context": speed.context, "seconds": speed.seconds}
            for speed in measured
        ]
        sys.stdout.write(json.dumps(header | {"measured": lines}, indent=2) + "\n")


def _show(name: str, speed: "Speed", measured: list["Speed"]) -> None:
    """A line; a step of several tokens also says what it costs against a step of one."""
    line = f"{name:8} {speed.num_tokens:5,} {speed.context:8,} {1e3 * speed.seconds:10.1f} {speed.tokens_per_second:10.1f}"
    if name == "step" and speed.num_tokens > 1:
        one = next(s for s in measured if s.context == speed.context)
        line += f"   {speed.seconds / one.seconds:.2f} of one token's"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

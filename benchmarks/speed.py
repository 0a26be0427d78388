"""Ours and the peers at GLM-4-9B's geometry in one run, taking turns: medians, ratios, and the targets met or missed.

    python benchmarks/speed.py
    python benchmarks/speed.py --model chatglm2-6b --formats int4
    python benchmarks/speed.py --quick

Weights are random: speed does not depend on them. Every engine runs `--layers` layers of the model's and the whole
head, and times are scaled: the head's share, timed by itself, stays, and the rest is multiplied. The peers are
transformers in bf16 and llama.cpp in Q4_0, where it is installed (llama_cpp_peer.py says how), with their keys and
values kept between turns. llama.cpp is given no context beyond 2,112: filling one takes it too long. The first of our
formats is the one that targets are about, and the one whose generate loop is measured (generate_loop.py).
--only takes part of it: workloads by a part of their name, "loop", or "demo".
--quick takes a small geometry and half a minute, and exits with 1 when a ratio falls behind what continuous
integration asks for.

Memory and start have commands of their own: memory.py and start.py.
"""

# Before torch, as in a program that uses the engine: the package says how torch's threads wait.
from glm_engine import kernels as native_kernels  # isort: skip
import argparse
import importlib.metadata
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers
from engines import Ours, Subject, Transformers, Workload, at_full_depth
from generate_loop import LoopBenchmark, make_trace
from kernels import read_bytes_per_s
from llama_cpp_peer import HOW_TO_GET_IT, LlamaCpp, is_installed, write_random_gguf
from random_checkpoint import MODELS
from targets import Target, print_targets

from glm_agent.models import load_model
from glm_engine.config import ModelConfig
from glm_engine.generate import Engine
from glm_engine.memory_plan import FORMATS

CONTEXTS = (16, 4096, 32768)
# A tool agent's run: tokens that come in (prompt, observations) and tokens that it writes, turn by turn.
TRACE = ((512, 16), (128, 16), (256, 16))
DEMO_TOKENS = 64


def workloads(longest: int) -> list[Workload]:
    steps = [Workload(f"decode at {c:,}", c, 1) for c in CONTEXTS if c < longest]
    steps += [Workload(f"{rows} rows at 16", 16, rows, True) for rows in (4, 8, 16)]
    steps += [Workload(f"prefill {rows:,}", 0, rows) for rows in (64, 512, 2048) if rows < longest]
    steps += [Workload(f"64 on {c:,}", c, 64) for c in (2048, 8192) if c + 64 < longest]
    return steps


def trace_s(subject: Subject) -> float:
    """Seconds of a tool agent's run with everything before a turn reused."""
    context, total = 0, 0.0
    for entering, written in TRACE:
        total += subject.step(context, entering, False)
        context += entering
        for _ in range(written):
            total += subject.step(context, 1, False)
            context += 1
    return total


def measure(
    subjects: Sequence[Subject],
    steps: Sequence[Workload],
    rounds: int,
    factor: float,
    *,
    with_trace: bool,
) -> dict[str, dict[str, float]]:
    """Workload to engine to seconds at full depth: engines take turns within a round, medians over rounds."""
    results: dict[str, dict[str, float]] = {}
    everyone = subjects
    for step in steps:
        subjects = [s for s in everyone if step.context + step.rows <= s.longest]
        times: dict[str, list[float]] = {subject.name: [] for subject in subjects}
        heads: dict[str, list[float]] = {subject.name: [] for subject in subjects}
        repeats = 5 if step.rows <= 16 else 1
        for subject in subjects:
            subject.step(step.context, min(step.rows, 64), step.all_logits)  # warm
        for _ in range(rounds):
            for subject in subjects:
                for _ in range(repeats):
                    taken = subject.step(step.context, step.rows, step.all_logits)
                    times[subject.name].append(taken)
                # Beside the steps it is taken from: a neighbour's busy minute has to be in both.
                heads[subject.name].append(subject.head_s(step.rows if step.all_logits else 1))
        results[step.name] = {
            name: at_full_depth(statistics.median(series), statistics.median(heads[name]), factor)
            for name, series in times.items()
        }
        print_row(step.name, results[step.name], everyone)
    if with_trace:
        results["agent trace"] = measure_trace(everyone, rounds, factor)
        print_row("agent trace", results["agent trace"], everyone)
    return results


def measure_trace(subjects: Sequence[Subject], rounds: int, factor: float) -> dict[str, float]:
    """Engine to seconds of the tool agent's run at full depth."""
    num_steps = sum(1 + written for _, written in TRACE)
    series: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            head = num_steps * subject.head_s(1)
            series[subject.name].append(at_full_depth(trace_s(subject), head, factor))
    return {name: statistics.median(times) for name, times in series.items()}


def print_row(name: str, times: dict[str, float], subjects: Sequence[Subject]) -> None:
    ours = times[subjects[0].name]
    cells = [f"{1e3 * times[s.name]:,.0f}" if s.name in times else "" for s in subjects]
    ratios = [f"{times[s.name] / ours:.2f}" if s.name in times else "" for s in subjects[1:]]
    print(f"| {name} | " + " | ".join(cells + ratios) + " |", flush=True)


def full_bytes(ours: Ours, factor: float) -> float:
    """Bytes that one token reads at full depth."""
    return ours.head_bytes + (ours.bytes_per_token - ours.head_bytes) * factor


def step_targets(
    results: dict[str, dict[str, float]], ours: Ours, factor: float, read: float
) -> list[Target]:
    """What the issue asks of steps; `read` is in bytes per second."""

    def ratio(workload: str, peer: str) -> float | None:
        times = results.get(workload)
        return None if times is None or peer not in times else times[peer] / times[ours.name]

    def against(workload: str, base: str) -> float | None:
        if workload not in results or base not in results:
            return None
        return results[workload][ours.name] / results[base][ours.name]

    decode = results.get("decode at 16", {}).get(ours.name)
    share = full_bytes(ours, factor) / decode / read if decode else None
    hf, llama = Transformers.name, LlamaCpp.name
    weights = ours.name.removeprefix("ours ")
    return [
        Target(f"decode {weights} at 16: share of a plain C read", ">=", 0.85, share),
        Target("decode against transformers bf16", ">=", 6, ratio("decode at 16", hf)),
        Target("decode against llama.cpp Q4_0", ">=", 1.25, ratio("decode at 16", llama)),
        Target("a step of 4 rows against 1", "<=", 1.25, against("4 rows at 16", "decode at 16")),
        Target("a step of 8 rows against 1", "<=", 1.5, against("8 rows at 16", "decode at 16")),
        Target("decode at 32,768 against 16", "<=", 1.6, against("decode at 32,768", "decode at 16")),
        Target("prefill 512 against transformers bf16", ">=", 1.7, ratio("prefill 512", hf)),
        Target("prefill 512 against llama.cpp Q4_0", ">=", 4, ratio("prefill 512", llama)),
        Target("64 on 2,048 against transformers bf16", ">=", 2, ratio("64 on 2,048", hf)),
        Target("64 on 2,048 against llama.cpp Q4_0", ">=", 3, ratio("64 on 2,048", llama)),
        Target("agent trace against llama.cpp Q4_0", ">=", 2, ratio("agent trace", llama)),
    ]  # fmt: skip


def demo_target(rounds: int) -> Target:
    """Tokens a second of the embedded model through `Session.generate`, greedy, without drafting.

    It is asked for last: loading a small model leaves torch one thread.
    """
    loaded = load_model("demo")
    engine = Engine(loaded.engine.decoder, drafting=False)
    session = engine.new_session()
    session.append(loaded.tokenizer.encode("A short story about a lighthouse and a storm."))
    for _ in session.prefill():
        pass
    speeds = []
    for _ in range(1 + rounds):
        copy = session.fork()
        start = time.perf_counter()
        for _ in copy.generate(max_new_tokens=DEMO_TOKENS):
            pass
        speeds.append(DEMO_TOKENS / (time.perf_counter() - start))
    print(f"\n{loaded.name}: {engine.kernel_class}")
    return Target("demo model, tokens a second", ">=", 60, statistics.median(speeds[1:]))


def quick() -> int:
    """Ratios that hold on a busy machine too, with room: what a mistake in dispatch or layout would break."""
    config = replace(
        MODELS["glm-4-9b-chat"],
        num_layers=4, hidden_size=1024, num_heads=8, intermediate_size=3584, vocab_size=16384, eos_token_ids=(0,),
    )  # fmt: skip
    ours, peer = Ours(config, "int4", 2048), Transformers(config, 1024)
    steps = [
        Workload("decode at 16", 16, 1),
        Workload("8 rows at 16", 16, 8, True),
        Workload("64 on 512", 512, 64),
        Workload("prefill 512", 0, 512),
    ]
    header([ours, peer])
    results = measure([ours, peer], steps, rounds=5, factor=1.0, with_trace=True)
    one = results["decode at 16"][ours.name]
    loop = LoopBenchmark(ours, make_trace(config, None), factor=1.0, rounds=1)
    mask, tokens_per_step = loop.mask(), loop.drafting()
    guards = {
        "decode against transformers": results["decode at 16"][peer.name] / one >= 1.5,
        "8 rows against 1": results["8 rows at 16"][ours.name] / one <= 4,  # about 3 where AVX2 is all there is
        "64 on 512 against transformers": results["64 on 512"][peer.name] / results["64 on 512"][ours.name] >= 0.8,
        "prefill 512 against transformers": results["prefill 512"][peer.name] / results["prefill 512"][ours.name] >= 0.5,
        "grammar mask": mask.measured is not None and mask.measured <= 1,
        "tokens of a step with drafting": tokens_per_step >= 1.5,
    }  # fmt: skip
    broken = [name for name, holds in guards.items() if not holds]
    if broken:
        print("fallen behind: " + "; ".join(broken))
    return 1 if broken else 0


def header(subjects: Sequence[Subject]) -> None:
    names = [f"{s.name}, ms" for s in subjects] + [
        f"{s.name} / {subjects[0].name}" for s in subjects[1:]
    ]
    print("\n| workload | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))


def chosen_formats(text: str) -> list[str]:
    """Weight formats as the command line takes them."""
    formats = text.split(",")
    for name in formats:
        if name not in FORMATS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(FORMATS)}")
    return formats


def start_llama_cpp(config: ModelConfig, folder: Path, longest: int) -> LlamaCpp:
    path = folder / "random.gguf"
    write_random_gguf(path, config)
    return LlamaCpp(path, min(2112, longest), torch.get_num_threads())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", choices=MODELS, default="glm-4-9b-chat")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longest", type=int, default=33000, help="tokens of the longest context")
    parser.add_argument("--formats", type=chosen_formats, default="int4,int8,bfloat16")
    parser.add_argument("--peers", default="transformers,llama.cpp", help="any of these two")
    parser.add_argument("--only", default="", help="a part of it, by name")
    parser.add_argument("--tokenizer", type=Path, help="folder of GLM-4's; default: a made-up one")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if args.quick:
        return quick()
    full = MODELS[args.model]
    config = replace(full, num_layers=args.layers)
    longest, factor = min(args.longest, full.context_length), full.num_layers / args.layers
    steps = [step for step in workloads(longest) if args.only in step.name]
    with_trace = args.only in "agent trace" and longest >= sum(map(sum, TRACE))
    with_loop = args.only in "loop"
    is_random = bool(steps) or with_trace or with_loop
    ours = [Ours(config, name, longest) for name in args.formats if is_random]
    subjects: list[Any] = [*ours]
    peers = args.peers.split(",") if args.peers and (steps or with_trace) else []
    if "transformers" in peers:
        subjects.append(Transformers(config, longest))
    folder = tempfile.TemporaryDirectory(prefix="glm-gguf-")
    if "llama.cpp" in peers and is_installed():
        subjects.append(start_llama_cpp(config, Path(folder.name), longest))
    elif "llama.cpp" in peers:
        print(HOW_TO_GET_IT)
    print(
        f"glm-agent {importlib.metadata.version('glm-agent')}, torch {torch.__version__}, transformers"
        f" {transformers.__version__}, {native_kernels.instruction_set()}; {args.model}, {args.layers} of {full.num_layers} layers run, {torch.get_num_threads()} threads,"
        f" load {os.getloadavg()[0]:.1f}"
    )
    if steps or with_trace:
        reads = [read_bytes_per_s()]
        header(subjects)
        results = measure(subjects, steps, args.rounds, factor, with_trace=with_trace)
        reads.append(read_bytes_per_s())
        read = statistics.mean(reads)
        print(f"\nA plain C read: {read / 1e9:.1f} GB/s.")
        print_targets(step_targets(results, ours[0], factor, read))
    if with_loop:
        trace = make_trace(config, args.tokenizer)
        print_targets(LoopBenchmark(ours[0], trace, factor, args.rounds).run())
    if args.only in "demo":
        print_targets([demo_target(args.rounds)])
    return 0


if __name__ == "__main__":
    sys.exit(main())

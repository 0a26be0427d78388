"""The second start of a large model: a new process, its weights mapped from the disk, until the first token.

    python benchmarks/random_checkpoint.py --model glm-4-9b-chat --format int4 /tmp/glm-4
    python benchmarks/start.py /tmp/glm-4

Every start is a process of its own. One that does not count comes first, so that the system has the files in memory
where they fit: a second start, not one after a boot. "imports" is Python's start up to the engine's modules, most of
it torch; "load" is `Engine.load`; "first token" is a prompt of a few tokens and the token behind it, which reads all
weights once. The target is about load and first token.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from targets import Target, print_targets

PARTS = ("imports", "load", "first token")


def start(checkpoint: Path, weight_format: str, num_tokens: int) -> None:
    """Start here, and print when each part was done, in seconds since the epoch."""
    # Here, since it is part of what is timed, and the process that measures needs no torch.
    from random_checkpoint import QUANTIZED

    from glm_engine.generate import Engine

    done = [time.time()]
    cache_dir = checkpoint / QUANTIZED
    engine = Engine.load(
        checkpoint,
        weight_format=weight_format,  # type: ignore[arg-type]  # one of FORMATS
        cache_dir=cache_dir if cache_dir.is_dir() else None,
    )
    done.append(time.time())
    session = engine.new_session()
    session.append([(7919 * n + 17) % engine.config.vocab_size for n in range(num_tokens)])
    next(session.generate(max_new_tokens=1))
    done.append(time.time())
    print(json.dumps(done))


def timed_start(checkpoint: Path, weight_format: str, num_tokens: int) -> list[float]:
    """Seconds of each of `PARTS`, in a new process."""
    command = [sys.executable, __file__, str(checkpoint), "--format", weight_format, "--prompt", str(num_tokens), "--here"]  # fmt: skip
    began = time.time()
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise SystemExit(f"A start ended with {done.returncode}; what it said stands above.")
    ends = json.loads(done.stdout)
    return [end - before for before, end in zip([began, *ends], ends, strict=False)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="from random_checkpoint.py, or a real one")
    parser.add_argument("--format", choices=("int4", "int8", "bfloat16"), default="int4")
    parser.add_argument("--prompt", type=int, default=16, help="tokens of the prompt")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        start(args.checkpoint, args.format, args.prompt)
        return
    print(f"{args.checkpoint}, {args.format}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    print("| start | " + " | ".join(f"{part}, s" for part in PARTS) + " |\n|---|---|---|---|")
    rows = []
    for number in range(1 + args.rounds):
        rows.append(timed_start(args.checkpoint, args.format, args.prompt))
        name = str(number) if number else "not counted"
        print(f"| {name} | " + " | ".join(f"{part:.2f}" for part in rows[-1]) + " |", flush=True)
    ready = statistics.median(load + first for _, load, first in rows[1:])
    print_targets([Target("second start, load to the first token, median", "<=", 2, ready, "s")])


if __name__ == "__main__":
    main()

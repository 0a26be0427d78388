"""Measured peak memory, prefill and decode at the real models' geometry, beside what `memory_plan` says.

    python benchmarks/random_checkpoint.py --model glm-4-9b-chat --format int4 /tmp/glm-4
    python benchmarks/memory.py --checkpoint /tmp/glm-4 --format int4 --context 8K
    python benchmarks/memory.py --model glm-4-9b-chat --format int4 --context 128K --layers 1

With --checkpoint a checkpoint is loaded as a run would: its weights are mapped, and count as memory once they are
read, which of the embedding are only the rows of the tokens seen. So the plan has two sums, with and without what is
not read; at the end the rest is read too, and each is printed beside what was measured. Without, random weights are
made in memory; neither memory nor speed depends on what they are. With fewer layers than the model has, the plan is made for as many.

With --cached, so many positions are put into the cache as random numbers, and only the rest is computed; the rows of
the embedding that their tokens would have asked for are read. Tokens are spread evenly over the vocabulary. At 8K the
run of GLM-4-9B in int4 is also judged by its target.
"""

import argparse
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import torch
import typer
from random_checkpoint import MODELS, QUANTIZED
from targets import Target, print_targets
from torch import Tensor

from glm_agent.cli.context_length import context_length
from glm_engine.checkpoint import open_checkpoint
from glm_engine.config import ModelConfig
from glm_engine.generate import Engine
from glm_engine.kv_cache import KVCache
from glm_engine.memory_plan import FORMATS, plan_memory
from glm_engine.model import Decoder
from glm_engine.testing import random_weights

GIB = 1 << 30


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def fill(cache: KVCache, decoder: Decoder, token_ids: Tensor) -> None:
    """Put random keys and values for tokens that are not worth computing."""
    config = decoder.config
    for part in torch.split(token_ids, 1024):
        decoder.embedding[part]
        keys = torch.randn(len(part), config.num_kv_heads, config.head_dim)
        for layer in range(config.num_layers):
            cache.append(layer, keys, keys)
        cache.commit(len(part))


def tokens(text: str) -> int:
    """A context length as the command line takes it: plain, or such as 128K."""
    try:
        return context_length(text)
    except typer.BadParameter as error:
        raise argparse.ArgumentTypeError(error.message) from error


def measure(decoder: Decoder, context: int, cached: int, chunk: int, decode: int) -> None:
    """Prefill a context but for its last tokens, generate these, and print how fast that was."""
    cache = decoder.new_cache(context)
    cache.reserve(context)
    generator = torch.Generator().manual_seed(0)
    token_ids = torch.randint(decoder.config.vocab_size, (context - decode,), generator=generator)
    fill(cache, decoder, token_ids[:cached])
    remaining = token_ids[cached:]
    started = reported = time.monotonic()
    for part in torch.split(remaining, chunk):
        decoder.forward(part, cache, num_logits=1)
        if time.monotonic() - reported > 30:
            reported = time.monotonic()
            print(f"  {cache.length:,} tokens in {reported - started:.0f} s", flush=True)
    elapsed = time.monotonic() - started
    print(
        f"prefill of {len(remaining):,} after {cached:,}: {len(remaining) / elapsed:.1f} tokens/s"
    )
    started = time.monotonic()
    for _ in range(decode):
        decoder.forward(remaining[:1], cache)
    per_token = (time.monotonic() - started) / decode
    print(f"decode at context {context:,}: {1e3 * per_token:.0f} ms a token", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", choices=MODELS, default="glm-4-9b-chat")
    parser.add_argument("--checkpoint", type=Path, help="from random_checkpoint.py, or a real one")
    parser.add_argument("--format", choices=FORMATS, default="int4")
    parser.add_argument("--context", type=tokens, default=2048)
    parser.add_argument("--cached", type=int, default=0)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--chunk", type=int, default=512)
    parser.add_argument("--decode", type=int, default=8, help="tokens to generate")
    args = parser.parse_args()

    before = peak_bytes()
    started = time.monotonic()
    if args.checkpoint:
        cache_dir = args.checkpoint / QUANTIZED
        decoder = Engine.load(
            args.checkpoint,
            weight_format=args.format,
            cache_dir=cache_dir if cache_dir.is_dir() else None,
        ).decoder
        name = str(args.checkpoint)
    else:
        config = MODELS[args.model]
        config = replace(config, num_layers=args.layers or config.num_layers)
        decoder = Decoder(config, random_weights(config, args.format))
        name = args.model
    config = decoder.config
    is_mapped = args.checkpoint is not None and open_checkpoint(args.checkpoint).maps_embedding
    plan = plan_memory(
        config, args.format, args.context, prefill_chunk=args.chunk, maps_embedding=is_mapped
    )
    print(f"{name}, {config.num_layers} layers, {args.format}, {torch.get_num_threads()} threads,"
          f" load {os.getloadavg()[0]:.1f}; ready after {time.monotonic() - started:.1f} s", flush=True)  # fmt: skip
    measure(decoder, args.context, args.cached, args.chunk, args.decode)
    rows = [("process before a model", plan.runtime_bytes, before)]
    if args.checkpoint:
        rows.append(("peak of the run", plan.total_bytes, peak_bytes()))
        touch(decoder)
    rows.append(("peak, all weights read", plan.total_bytes + plan.unread_bytes, peak_bytes()))
    for label, planned, measured in rows:
        print(f"{label:24} planned {planned / GIB:6.2f} GiB  measured {measured / GIB:6.2f} GiB"
              f"  ratio {measured / planned:.3f}")  # fmt: skip
    parts = {
        "weights": plan.weight_bytes,
        "of these unread": plan.unread_bytes,
        "second copy": plan.copied_bytes,
        "keys and values": plan.kv_cache_bytes,
        "workspace": plan.workspace_bytes - plan.spared_bytes,
        "process": plan.runtime_bytes,
    }
    print("planned: " + ", ".join(f"{name} {nbytes / GIB:.2f}" for name, nbytes in parts.items()))
    if is_asked_about(config, args.format, args.context):
        peak = rows[1][2]
        print_targets(
            [Target("peak of a run, GLM-4-9B in int4 at 8K", "<=", 7.0, peak / 1e9, "GB")]
        )


def is_asked_about(config: ModelConfig, weight_format: str, context: int) -> bool:
    """Whether the issue's target is about this run: GLM-4-9B, all of it, in int4, at a context of 8K."""
    asked = MODELS["glm-4-9b-chat"]
    measured = (config.num_layers, config.hidden_size, config.vocab_size)
    is_same = measured == (asked.num_layers, asked.hidden_size, asked.vocab_size)
    return is_same and weight_format == "int4" and context == 8192


def touch(decoder: Decoder) -> None:
    """Read the rows of the embedding that no token has asked for."""
    for rows in torch.split(decoder.embedding, 1024):
        rows.view(torch.uint8).max()


if __name__ == "__main__":
    main()

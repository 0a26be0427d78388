"""Measured peak memory, prefill and decode at the real models' geometry, beside what `memory_plan` says.

Weights are random: neither memory nor speed depends on them. With fewer layers than the model has, the plan is made
for as many, and the table says so.

    python benchmarks/memory.py --model glm-4-9b-chat --format int4 --context 2048
    python benchmarks/memory.py --model glm-4-9b-chat --format int4 --context 131072 --cached 130048 --layers 20

With --cached, so many positions are put into the cache as random numbers, and only the rest is computed.
"""

import argparse
import os
import resource
import time
from dataclasses import replace

import torch

from glm_engine.config import ModelConfig
from glm_engine.kv_cache import KVCache
from glm_engine.memory_plan import FORMATS, plan_memory
from glm_engine.model import Decoder
from glm_engine.testing import random_weights

CHATGLM2_6B = ModelConfig(
    num_layers=28,
    hidden_size=4096,
    num_heads=32,
    num_kv_heads=2,
    head_dim=128,
    intermediate_size=13696,
    vocab_size=65024,
    context_length=32768,
    rms_norm_eps=1e-5,
    rope_theta=1e4,
    rotary_dim=64,
    eos_token_ids=(2,),
)
MODELS = {
    "chatglm2-6b": CHATGLM2_6B,
    "glm-4-9b-chat": replace(
        CHATGLM2_6B,
        num_layers=40,
        vocab_size=151552,
        context_length=131072,
        rms_norm_eps=1.5625e-7,
        rope_theta=5e6,
        eos_token_ids=(151329, 151336, 151338),
    ),
}


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def fill(cache: KVCache, config: ModelConfig, num_positions: int) -> None:
    """Put random keys and values for positions that are not worth computing."""
    for start in range(0, num_positions, 1024):
        count = min(1024, num_positions - start)
        keys = torch.randn(count, config.num_kv_heads, config.head_dim)
        for layer in range(config.num_layers):
            cache.append(layer, keys, keys)
        cache.commit(count)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", choices=MODELS, default="glm-4-9b-chat")
    parser.add_argument("--format", choices=FORMATS, default="int4")
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--cached", type=int, default=0)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--chunk", type=int, default=512)
    parser.add_argument("--decode", type=int, default=8, help="tokens to generate")
    args = parser.parse_args()

    config = MODELS[args.model]
    if args.layers:
        config = replace(config, num_layers=args.layers)
    plan = plan_memory(config, args.format, args.context, prefill_chunk=args.chunk)
    before = peak_bytes()
    started = time.monotonic()
    decoder = Decoder(config, random_weights(config, args.format))
    print(f"{args.model}, {config.num_layers} layers, {args.format}, {torch.get_num_threads()} threads,"
          f" load {os.getloadavg()[0]:.1f}; weights made in {time.monotonic() - started:.0f} s")  # fmt: skip
    cache = decoder.new_cache(args.context)
    cache.reserve(args.context)
    fill(cache, config, args.cached)
    remaining = torch.arange(args.context - args.cached - args.decode) % 60000
    started = time.monotonic()
    for chunk in torch.split(remaining, args.chunk):
        decoder.forward(chunk, cache)
    elapsed = time.monotonic() - started
    print(
        f"prefill of {len(remaining):,} after {args.cached:,}: {len(remaining) / elapsed:.1f} tokens/s"
    )
    started = time.monotonic()
    for _ in range(args.decode):
        decoder.forward(remaining[:1], cache)
    per_token = (time.monotonic() - started) / args.decode
    print(f"decode at context {args.context:,}: {1e3 * per_token:.0f} ms a token")
    rows = {
        "process before a model": (plan.runtime_bytes, before),
        "total": (plan.total_bytes, peak_bytes()),
    }
    for name, (planned, measured) in rows.items():
        difference = measured / planned - 1
        print(f"{name:24} planned {planned / 2**30:6.2f} GiB  measured {measured / 2**30:6.2f} GiB"
              f"  {difference:+.1%}")  # fmt: skip
    parts = ("weight_bytes", "kv_cache_bytes", "workspace_bytes")
    print("planned: " + ", ".join(f"{part} {getattr(plan, part) / 2**30:.2f}" for part in parts))


if __name__ == "__main__":
    main()

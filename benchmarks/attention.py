"""Our attention against torch's, as ratios measured in one run: decode, several rows, prefill, int8 keys and values.

Keys and values are of GLM-4-9B's geometry, random, in so many buffers that the processor's last cache does not hold
them, as those of 40 layers are. Ours and torch's take turns, and medians are compared. "of a step" is what attention
adds to a step of 40 layers that reads 5 GB of int4 weights at the speed at which a plain sum reads memory here.

    python benchmarks/attention.py
    python benchmarks/attention.py --quick
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from random_checkpoint import MODELS
from torch import Tensor

from glm_engine.attention import Attention, TorchAttention, choose_attention
from glm_engine.kv_cache import KVCache, KVFormat, LayerView, layer_formats

CONFIG = replace(MODELS["glm-4-9b-chat"], num_layers=1)
NUM_LAYERS = 40
WEIGHT_BYTES = 5.0e9
COLD_BYTES = 400 << 20
CPU = torch.device("cpu")


def cached_layers(num_positions: int, kv_format: KVFormat, count: int) -> list[LayerView]:
    """As many layers of a cache, apart from each other in memory."""
    keys, values = torch.randn(2, num_positions, CONFIG.num_kv_heads, CONFIG.head_dim).bfloat16()
    formats = layer_formats(CONFIG, kv_format, [None])
    return [
        KVCache(
            CONFIG, dtype=torch.bfloat16, device=CPU, max_length=num_positions, formats=formats
        ).append(0, keys, values)
        for _ in range(count)
    ]


def random_queries(num_rows: int) -> Tensor:
    return torch.randn(num_rows, CONFIG.num_heads, CONFIG.head_dim).bfloat16()


def medians_ms(runs: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The median time of each, taken in turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for index, run in enumerate(runs):
            start = time.perf_counter()
            run()
            times[index].append(1e3 * (time.perf_counter() - start))
    return [statistics.median(series) for series in times]


def over(attention: Attention, queries: Tensor, layers: Sequence[LayerView]) -> Callable[[], None]:
    def run() -> None:
        for layer in layers:
            attention(queries, layer)

    return run


def read_gb_per_s() -> float:
    block = torch.ones(1 << 27)
    (elapsed,) = medians_ms([lambda: block.sum()], 5)
    return block.nbytes / elapsed / 1e6


def decode(ours: Attention, contexts: Sequence[int], repeats: int, read_gb: float) -> None:
    """One row, and several as in verifying drafts."""
    step_ms = WEIGHT_BYTES / read_gb / 1e6
    print(
        f"\ndecode, ms a layer       ours   torch  torch/ours   int8   GB/s   of a step ({step_ms:.0f} ms)"
    )
    for context in contexts:
        nbytes = 4 * CONFIG.num_kv_heads * CONFIG.head_dim * context
        count = max(2, min(16, COLD_BYTES // nbytes))
        layers = cached_layers(context, "auto", count)
        int8_layers = cached_layers(context, "int8", count)
        for rows in (1, 2, 4, 8, 16):
            if rows > context:
                continue
            queries = random_queries(rows)
            # Torch takes a twentieth of the layers where it would take seconds for all.
            few = layers[: max(1, count // (1 if rows == 1 else 4))]
            native, int8, peer = medians_ms(
                [
                    over(ours, queries, layers),
                    over(ours, queries, int8_layers),
                    over(TorchAttention(), queries, few),
                ],
                repeats,
            )
            native, int8, peer = native / count, int8 / count, peer / len(few)
            print(
                f"{rows:3} rows, context {context:6,} {native:8.3f} {peer:7.3f} {peer / native:9.1f}x"
                f" {int8:8.3f} {nbytes / native / 1e6:6.1f} {NUM_LAYERS * native / step_ms:8.2f}"
            )


def prefill(ours: Attention, sizes: Sequence[tuple[int, int]], repeats: int) -> None:
    print("\nprefill, ms a layer      ours   torch  torch/ours   TFLOP/s")
    for new, cached in sizes:
        layers = cached_layers(new + cached, "auto", 1)
        queries = random_queries(new)
        native, peer = medians_ms(
            [over(ours, queries, layers), over(TorchAttention(), queries, layers)], repeats
        )
        flops = 4 * CONFIG.num_heads * CONFIG.head_dim * new * (cached + new / 2)
        print(f"{new:5,} after {cached:6,} {native:12.2f} {peer:7.2f} {peer / native:9.1f}x {flops / native / 1e9:9.2f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="short contexts only, some seconds")
    args = parser.parse_args()
    ours = choose_attention(torch.bfloat16, CONFIG.head_dim, CPU)
    read_gb = read_gb_per_s()
    print(f"{ours.name}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f},"
          f" a plain sum reads {read_gb:.1f} GB/s")  # fmt: skip
    decode(ours, (16, 1024) if args.quick else (16, 4096, 32768), 5 if args.quick else 7, read_gb)
    prefill(ours, [(64, 0), (512, 0)] if args.quick else [(512, 0), (64, 2048), (2048, 0)], 3)


if __name__ == "__main__":
    main()

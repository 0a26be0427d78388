"""Random checkpoints at the real models' geometry, written straight to bf16, int8 or int4 on disk.

    python benchmarks/random_checkpoint.py --model glm-4-9b-chat --format int4 /tmp/glm-4
    python benchmarks/memory.py --checkpoint /tmp/glm-4 --format int4 --context 8K

In bf16 the folder is an ordinary checkpoint in `-hf` names. In int8 and int4 it is one whose weight file is all hole
(it takes no disk), beside the quantised weights that a load of it would make: these go through the engine's own
quantising load, so that they are whatever that writes. Noise being noise, each shape of block is quantised once.
Neither memory nor speed of the model depends on what the weights are.
"""

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from rich.progress import Progress
from torch import Tensor

from glm_agent.model_choice import BEST_FIRST, PUBLISHED
from glm_engine.checkpoint import Checkpoint, open_checkpoint
from glm_engine.config import ModelConfig
from glm_engine.memory_plan import FORMATS, PlannedFormat
from glm_engine.model import parameter_shapes
from glm_engine.quantization import QuantizedFormat, quantize
from glm_engine.quantized_cache import Quantize, load_quantized
from glm_engine.testing import hf_settings, stored_tensors

MODELS = {name: PUBLISHED[name] for name in BEST_FIRST}
WEIGHTS = "model.safetensors"
QUANTIZED = "quantized"  # the cache folder beside the weights
BLOCK_BYTES = 8 << 20


class RandomFiles:
    """Tensors whose content is noise, made when it is asked for; see `glm_engine.tensor_files.TensorFiles`.

    Args:
        shapes: name to shape.
        file: what is named as the file of every tensor.
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]], file: Path) -> None:
        self.shapes = shapes
        self.integer_names: set[str] = set()
        self._file = file
        # One block of noise, used over and over: making it anew would take most of the time.
        self._noise = torch.empty(BLOCK_BYTES // 2, dtype=torch.bfloat16).uniform_(-0.02, 0.02)

    def file_of(self, name: str) -> Path:
        del name
        return self._file

    def stored_nbytes(self, name: str) -> int:
        return 2 * math.prod(self.shapes[name])

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        shape = (stop - start, *self.shapes[name][1:])
        count = math.prod(shape)
        repeated = self._noise[:count] if count <= len(self._noise) else self._repeated(count)
        values = repeated.view(shape)
        return values + 1 if name.endswith("norm.weight") else values

    def _repeated(self, count: int) -> Tensor:
        return self._noise.repeat(-(-count // len(self._noise)))[:count]


def write_random_checkpoint(
    folder: Path,
    config: ModelConfig,
    weight_format: PlannedFormat,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a checkpoint of noise that `Engine.load(folder, weight_format=…)` starts from without further work.

    Args:
        folder: is made. Quantised weights are put into `folder / QUANTIZED`: give that as `cache_dir`.
        config: the network.
        weight_format: of the matrices.
        progress: called with bytes done and in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(hf_settings(config)), encoding="utf-8")
    empty = {
        name: torch.empty(shape, device="meta") for name, shape in parameter_shapes(config).items()
    }
    stored = stored_tensors(config, empty, "hf")
    shapes = {name: tuple(tensor.shape) for name, tensor in stored.items()}
    path = folder / WEIGHTS
    files = RandomFiles(shapes, path)
    header, total = safetensors_header(shapes)
    with path.open("wb") as file:
        file.write(header)
        if weight_format == "bfloat16":
            done = 0
            for name, (height, *rest) in shapes.items():
                step = max(1, BLOCK_BYTES // (2 * math.prod(rest)))
                for start in range(0, height, step):
                    rows = files.rows(name, start, min(start + step, height)).contiguous()
                    done += file.write(rows.view(torch.uint8).numpy().data)
                    if progress is not None:
                        progress(done, total)
        else:
            file.truncate(len(header) + total)
    if weight_format != "bfloat16":
        opened = open_checkpoint(folder)
        checkpoint = Checkpoint(opened.path, opened.config, files, opened.stored_as)
        load_quantized(
            checkpoint,
            weight_format,
            folder / QUANTIZED,
            progress,
            quantize_rows=remembering_quantize(),
        )


def remembering_quantize() -> Quantize:
    """`quantize`, but what it made of a block stands for every other block of that shape."""
    made: dict[tuple[torch.Size, str], tuple[Tensor, ...]] = {}

    def quantize_rows(rows: Tensor, kind: QuantizedFormat) -> tuple[Tensor, ...]:
        key = (rows.shape, kind)
        if key not in made:
            made[key] = quantize(rows, kind)
        return made[key]

    return quantize_rows


def safetensors_header(shapes: dict[str, tuple[int, ...]]) -> tuple[bytes, int]:
    """The header of a safetensors file of bf16 tensors, and how many bytes follow it."""
    entries, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, end


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", choices=MODELS, default="glm-4-9b-chat")
    parser.add_argument("--format", choices=FORMATS, default="int4")
    parser.add_argument("--layers", type=int, help="fewer layers than the model has")
    args = parser.parse_args()
    config = MODELS[args.model]
    if args.layers:
        config = replace(config, num_layers=args.layers)
    started = time.monotonic()
    with Progress(disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"{args.model} in {args.format}", total=None)
        write_random_checkpoint(
            args.folder,
            config,
            args.format,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    size = sum(path.stat().st_blocks * 512 for path in args.folder.rglob("*") if path.is_file())
    print(
        f"{args.model}, {config.num_layers} layers, {args.format}: {size / 2**30:.2f} GiB on disk in"
        f" {time.monotonic() - started:.0f} s, peak {peak / 2**30:.2f} GiB"
    )


if __name__ == "__main__":
    main()

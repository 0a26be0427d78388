"""Turn a training checkpoint into the adapter that is shipped: int8 with a scale for each row.

`python -m demo_training.pack CHECKPOINT ADAPTER`
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

LIMIT_BYTES = 16_000_000


def quantised(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """(rows, columns) int8 and (rows,) fp16 scales."""
    scale = (matrix.abs().amax(1) / 127).clamp(min=1e-8).half()
    scale = torch.where(scale == 0, torch.full_like(scale, 6e-8), scale)  # fp16's smallest
    return torch.round(matrix / scale.float()[:, None]).clamp(-127, 127).to(torch.int8), scale


def pack(checkpoint: Path, adapter: Path) -> int:
    """Write `adapter` from `checkpoint`; returns its size in bytes.

    Raises:
        ValueError: it is larger than what may be shipped.
    """
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    tensors: dict[str, Tensor] = {}
    for name, master in state["masters"].items():
        if name == "spec":
            tensors[name] = master.bfloat16()
        else:
            tensors[name], tensors[name + ".s"] = quantised(master)
    metadata = {"step": str(state["step"]), "tokens": str(state["tokens"])}
    save_file(tensors, adapter, metadata)
    size = adapter.stat().st_size
    if size > LIMIT_BYTES:
        raise ValueError(f"{adapter} has {size:,} bytes; at most {LIMIT_BYTES:,} may be shipped")
    return size


def main() -> None:
    """Pack as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m demo_training.pack", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("adapter", type=Path)
    arguments = parser.parse_args()
    print(f"{pack(arguments.checkpoint, arguments.adapter):,} bytes")


if __name__ == "__main__":
    main()

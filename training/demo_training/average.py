"""The mean of adapters of one run: better than each of them where they lie on either side of a good place.

`python -m demo_training.average ADAPTER ADAPTER... AVERAGE`

Source: model soups, arXiv 2203.05482.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from demo_training.network import adapter_value
from demo_training.pack import quantised


def average(adapters: Sequence[Path], path: Path) -> None:
    """Write the mean of packed adapters, packed.

    Args:
        adapters: packed ones of one run, or of a run and what went on from it; unrelated ones have nothing to average.
        path: of the mean.
    """
    files = [load_file(adapter) for adapter in adapters]
    tensors: dict[str, Tensor] = {}
    for name, value in files[0].items():
        if name.endswith(".s"):
            continue
        mean = torch.stack([adapter_value(file, name) for file in files]).mean(0)
        if value.dtype == torch.int8:
            tensors[name], tensors[name + ".s"] = quantised(mean)
        else:
            tensors[name] = mean.to(value.dtype)
    save_file(tensors, path)


def main() -> None:
    """Average as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m demo_training.average", description=__doc__)
    parser.add_argument("adapters", type=Path, nargs="+")
    parser.add_argument("average", type=Path)
    arguments = parser.parse_args()
    average(arguments.adapters, arguments.average)


if __name__ == "__main__":
    main()

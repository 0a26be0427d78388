"""How much memory loading and computing take, measured from outside: each case in a process of its own."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from glm_engine.checkpoint import open_checkpoint
from glm_engine.memory_plan import plan_memory
from glm_engine.model import parameter_shapes
from glm_engine.testing import hf_settings, stored_tensors, tiny_config, write_tensors

MIB = 1 << 20
CONFIG = tiny_config(
    num_layers=4,
    hidden_size=1024,
    num_heads=8,
    head_dim=128,
    rotary_dim=64,
    intermediate_size=4096,
    vocab_size=48_000,
)
# Peak of the whole process, and what it took before.
MEASURE = """
import resource, sys
from pathlib import Path
import torch
from glm_engine.checkpoint import open_checkpoint
from glm_engine.quantized_cache import load_quantized
torch.set_num_threads(1)
checkpoint = open_checkpoint(Path(sys.argv[1]))
torch.zeros(1).to(torch.bfloat16)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
load_quantized(checkpoint, sys.argv[2], Path(sys.argv[3]))
print(before, peak())
"""


def write_source(folder: Path, *, pickled: bool) -> None:
    """Some 300 MiB in bf16, half of it in two tensors."""
    folder.mkdir()
    noise = {
        name: torch.empty(shape, dtype=torch.bfloat16).uniform_(-1, 1)
        for name, shape in parameter_shapes(CONFIG).items()
    }
    (folder / "config.json").write_text(json.dumps(hf_settings(CONFIG)), encoding="utf-8")
    write_tensors(folder, stored_tensors(CONFIG, noise, "hf"), pickled=pickled)


def run(script: str, *arguments: object) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split()]


@pytest.mark.parametrize(("kind", "pickled"), [("int8", False), ("int4", True)])
def test_quantising_takes_no_more_than_one_tensor_beside_the_target(
    tmp_path: Path, kind: Any, pickled: bool
) -> None:
    """Resident, what is mapped of the source and of the target included: 300 MiB of source are never held."""
    write_source(tmp_path / "source", pickled=pickled)
    checkpoint = open_checkpoint(tmp_path / "source")
    largest = max(
        checkpoint.files.stored_nbytes(part)
        for parts in checkpoint.stored_as.values()
        for part in parts
    )
    target = plan_memory(CONFIG, kind, 16).weight_bytes
    before, peak = run(MEASURE, tmp_path / "source", kind, tmp_path / "cache")
    assert peak - before <= target + largest
    # The real bound is tighter: a few blocks of rows, whatever the model.
    assert peak - before < 230 * MIB
    assert checkpoint.stored_nbytes > 290 * MIB


PREFILL = """
import json, resource, sys
from pathlib import Path
import torch
from glm_engine.config import ModelConfig
from glm_engine.generate import Engine
from glm_engine.model import Decoder
from glm_engine.testing import random_parameters
torch.set_num_threads(1)
config = ModelConfig.from_json(json.loads(sys.argv[1]), Path("config.json"))
engine = Engine(Decoder(config, random_parameters(config)))
session = engine.new_session()
session.append([1] * int(sys.argv[2]))
for _ in session.prefill():
    pass
list(session.generate(max_new_tokens=1))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def test_nothing_grows_with_the_square_of_the_context_nor_with_logits_of_a_whole_prompt() -> None:
    """Four times the prompt: scores of one head in fp32 would be 240 MiB more, logits of the prompt 750 MiB."""
    config = tiny_config(
        num_layers=1,
        num_heads=2,
        num_kv_heads=1,
        head_dim=16,
        rotary_dim=8,
        vocab_size=32_000,
        context_length=8_320,
    )
    settings = json.dumps(hf_settings(replace(config, eos_token_ids=())))
    ((short,), (long,)) = (run(PREFILL, settings, length) for length in (2048, 8192))
    assert long - short < 60 * MIB

"""The cache of quantised weights: made once, and right after everything that can go wrong while it is made."""

import fcntl
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from glm_engine.checkpoint import Checkpoint, load_parameters, open_checkpoint
from glm_engine.errors import CheckpointError
from glm_engine.generate import Engine
from glm_engine.model import Decoder
from glm_engine.quantization import Int4Matrix, Int8Matrix, QuantizedFormat
from glm_engine.quantized_cache import entry_path, load_quantized, verify
from glm_engine.testing import tiny_config, write_checkpoint

CONFIG = tiny_config(hidden_size=64, num_heads=8, num_kv_heads=4, intermediate_size=128)
FORMATS: list[QuantizedFormat] = ["int8", "int4"]

# A process that loads, and does something else at the first report of progress.
CHILD = """
import os, resource, sys
from pathlib import Path
from glm_engine.checkpoint import open_checkpoint
from glm_engine.quantized_cache import load_quantized

def interfere(done, total):
    {interference}

{before}
load_quantized(open_checkpoint(Path({source!r})), "int4", Path({cache!r}), interfere)
print("loaded")
"""


def start_child(source: Path, cache: Path, interference: str = "pass", before: str = "") -> Any:
    code = CHILD.format(
        source=str(source), cache=str(cache), interference=interference, before=before
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        text=True,
    )


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.is_dir())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "source", CONFIG, 3, dtype=torch.bfloat16)
    return tmp_path / "source"


@pytest.fixture
def checkpoint(source: Path) -> Checkpoint:
    return open_checkpoint(source)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("naming", ["hf", "original", "gguf"])
@pytest.mark.parametrize("kind", FORMATS)
def test_quantised_logits_stay_near_the_exact_ones(
    tmp_path: Path, kind: QuantizedFormat, naming: Any
) -> None:
    """From each naming: fused and separate parts, whose blocks cross the seams."""
    write_checkpoint(tmp_path, CONFIG, 3, naming=naming)
    checkpoint = open_checkpoint(tmp_path / "model.gguf" if naming == "gguf" else tmp_path)
    token_ids = torch.arange(100)
    exact = Decoder(checkpoint.config, load_parameters(checkpoint, torch.float32))
    parameters = load_quantized(checkpoint, kind, tmp_path / "cache")
    quantised = Decoder(checkpoint.config, parameters)
    expected = exact.forward(token_ids, exact.new_cache(128), num_logits=100)
    logits = quantised.forward(token_ids, quantised.new_cache(128), num_logits=100)
    error = (logits - expected).square().mean().sqrt() / expected.std()
    # Gaussian weights are the worst case of int4: about 9 % a matrix, over 8 matrices in a row.
    assert error < {"int8": 0.04, "int4": 0.4}[kind]
    matrix = parameters["layers.1.qkv.weight"]
    assert isinstance(matrix, Int8Matrix if kind == "int8" else Int4Matrix)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_second_start_only_maps(
    checkpoint: Checkpoint, cache: Path, kind: QuantizedFormat
) -> None:
    steps: list[tuple[int, int]] = []
    first = load_quantized(checkpoint, kind, cache, lambda *step: steps.append(step))
    assert steps[-1] == (checkpoint.stored_nbytes, checkpoint.stored_nbytes)
    steps.clear()
    second = load_quantized(checkpoint, kind, cache, lambda *step: steps.append(step))
    assert steps == []
    assert first.keys() == second.keys()
    assert len(entries(cache)) == 1
    verify(next(path for path in cache.iterdir() if path.is_dir()))


def test_formats_live_side_by_side(checkpoint: Checkpoint, cache: Path) -> None:
    for kind in FORMATS:
        load_quantized(checkpoint, kind, cache)
    assert [name.split("-")[0] for name in entries(cache)] == ["int4", "int8"]


def test_a_changed_source_gets_an_entry_of_its_own(source: Path, cache: Path) -> None:
    before = load_quantized(open_checkpoint(source), "int8", cache)["head"]
    write_checkpoint(source, CONFIG, 4, dtype=torch.bfloat16)
    after = load_quantized(open_checkpoint(source), "int8", cache)["head"]
    assert isinstance(before, Int8Matrix)
    assert isinstance(after, Int8Matrix)
    assert not torch.equal(before.values, after.values)
    assert len(entries(cache)) == 2


@pytest.mark.parametrize(
    "damage", ["truncated", "empty", "no manifest", "manifest torn", "grown", "renamed"]
)
def test_a_torn_entry_is_noticed_and_made_again(
    checkpoint: Checkpoint, cache: Path, damage: str
) -> None:
    load_quantized(checkpoint, "int8", cache)
    (entry,) = (path for path in cache.iterdir() if path.is_dir())
    weights, manifest = entry / "weights.safetensors", entry / "manifest.json"
    content = weights.read_bytes()
    damages: dict[str, Callable[[], object]] = {
        "truncated": lambda: weights.write_bytes(content[:-1]),
        "empty": lambda: weights.write_bytes(b""),
        "no manifest": manifest.unlink,
        "manifest torn": lambda: manifest.write_text("{", encoding="utf-8"),
        "grown": lambda: weights.write_bytes(content + b"x"),
        "renamed": lambda: weights.write_bytes(content.replace(b"final_norm", b"other_norm", 1)),
    }
    damages[damage]()
    steps: list[int] = []
    load_quantized(checkpoint, "int8", cache, lambda done, _: steps.append(done))
    assert steps
    assert weights.read_bytes() == content


def test_verify_finds_a_flipped_bit(checkpoint: Checkpoint, cache: Path) -> None:
    load_quantized(checkpoint, "int8", cache)
    (entry,) = (path for path in cache.iterdir() if path.is_dir())
    weights = entry / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-100] ^= 1
    weights.write_bytes(content)
    with pytest.raises(CheckpointError, match="changed since it was made"):
        verify(entry)


def test_a_kill_in_the_middle_leaves_nothing_that_is_taken_for_an_entry(
    source: Path, cache: Path
) -> None:
    child = start_child(source, cache, "os.kill(os.getpid(), 9)")
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert [name.rpartition(".")[2] for name in entries(cache)] == ["partial"]
    parameters = load_quantized(open_checkpoint(source), "int4", cache)
    assert parameters.keys() == load_parameters(open_checkpoint(source), torch.bfloat16).keys()
    assert not any(name.endswith("partial") for name in entries(cache))


def test_two_processes_at_once_make_one_entry(source: Path, cache: Path) -> None:
    children = [start_child(source, cache, "print('made')") for _ in range(2)]
    outputs = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0, 0], outputs
    makers = [out for out, _ in outputs if "made" in out]
    assert len(makers) == 1
    assert all(out.endswith("loaded\n") for out, _ in outputs)
    (entry,) = (path for path in cache.iterdir() if path.is_dir())
    verify(entry)


def test_a_full_disk_is_an_error_that_says_so_and_leaves_nothing(source: Path, cache: Path) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    child = start_child(source, cache, before=limit)
    _, errors = child.communicate()
    assert child.returncode == 1
    assert "cannot be written: File too large. Make room there." in errors
    assert entries(cache) == []


def test_a_source_that_changes_while_it_is_read_makes_no_entry(source: Path, cache: Path) -> None:
    """It would have been found under the old name for ever, a mixture of both."""
    with pytest.raises(CheckpointError, match="changed while it was read"):
        load_quantized(
            open_checkpoint(source),
            "int8",
            cache,
            lambda *_: os.utime(source / "model.safetensors", ns=(1, 1)),
        )
    assert entries(cache) == []


def test_a_whole_entry_needs_no_lock(checkpoint: Checkpoint, cache: Path) -> None:
    """A cache that came with a read-only image was refused, for its lock could not be opened."""
    load_quantized(checkpoint, "int8", cache)
    (lock,) = cache.glob("*.lock")
    lock.unlink()
    lock.mkdir()  # nobody opens that for writing, not even root
    assert load_quantized(checkpoint, "int8", cache)


def test_who_waits_for_another_process_says_so(
    checkpoint: Checkpoint, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Minutes of silence looked like a hang."""
    held: list[object] = []

    def on_record(record: logging.LogRecord) -> bool:
        if "waiting" in record.getMessage() and held:
            lock.close()  # what is waited for
            held.clear()
        return True

    cache.mkdir()
    entry = entry_path(checkpoint, "int8", cache)
    with entry.with_name(f"{entry.name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held.append(lock)
        caplog.handler.addFilter(on_record)
        load_quantized(checkpoint, "int8", cache)
    assert "another process is quantising" in caplog.text
    assert not held


def test_a_quantised_engine_generates(source: Path, cache: Path) -> None:
    for kind in FORMATS:
        engine = Engine.load(source, weight_format=kind, cache_dir=cache)
        session = engine.new_session()
        session.append(range(40))
        assert len(list(session.generate(max_new_tokens=20))) == 20

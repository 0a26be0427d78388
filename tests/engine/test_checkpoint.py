"""Checkpoints of every naming and format, whole and with faults planted in them."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.checkpoint import load_parameters, open_checkpoint, stored_names
from glm_engine.config import ModelConfig
from glm_engine.errors import CheckpointError, UnsupportedModelError
from glm_engine.generate import Engine
from glm_engine.model import parameter_shapes
from glm_engine.testing import Naming, tiny_config, write_checkpoint, write_tensors

# How far a weight may move, as a share of the largest: half a step of the format, a whole one where it clips (Q4_0).
GGUF_TOLERANCE = {"F32": 0.0, "F16": 5e-4, "BF16": 4e-3, "Q8_0": 4e-3, "Q4_0": 0.13, "Q4_1": 0.07}


def load(path: Path, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    return load_parameters(open_checkpoint(path), dtype)


@pytest.mark.parametrize("num_shards", [1, 3])
@pytest.mark.parametrize(
    ("naming", "config"),
    [
        ("hf", tiny_config()),
        ("hf", tiny_config(sandwich_norms=True, tied_embeddings=True)),
        ("hf", tiny_config(qkv_bias=False)),
        ("original", tiny_config()),
        ("original", tiny_config(position_divisor=16.0)),
    ],
)
def test_safetensors_give_the_weights_that_were_written(
    tmp_path: Path, naming: Naming, config: ModelConfig, num_shards: int
) -> None:
    written = write_checkpoint(tmp_path, config, 3, naming=naming, num_shards=num_shards)
    checkpoint = open_checkpoint(tmp_path)
    read = load_parameters(checkpoint, torch.float32)
    assert checkpoint.config == config
    assert read.keys() == written.keys()
    assert all(torch.equal(read[name], written[name]) for name in written)


@pytest.mark.parametrize("gguf_type", GGUF_TOLERANCE)
@pytest.mark.parametrize(
    ("naming", "config"),
    [
        ("gguf", tiny_config()),
        ("gguf", tiny_config(position_divisor=16.0)),
        ("gguf", tiny_config(sandwich_norms=True)),
        ("gguf-llama", tiny_config(qkv_bias=False, tied_embeddings=True, rotary_dim=8)),
    ],
)
def test_gguf_gives_the_weights_that_were_written(
    tmp_path: Path, naming: Naming, config: ModelConfig, gguf_type: str
) -> None:
    written = write_checkpoint(tmp_path, config, 3, naming=naming, gguf_type=gguf_type)
    checkpoint = open_checkpoint(tmp_path / "model.gguf")
    read = load_parameters(checkpoint, torch.float32)
    assert checkpoint.config.rms_norm_eps == pytest.approx(config.rms_norm_eps)
    assert checkpoint.config.position_divisor == config.position_divisor
    assert checkpoint.config.sandwich_norms == config.sandwich_norms
    for name, tensor in written.items():
        scale = float(tensor.abs().max())
        tolerance = GGUF_TOLERANCE[gguf_type] * scale if tensor.dim() == 2 else 0.0
        assert torch.allclose(read[name], tensor, rtol=0, atol=tolerance), name


def test_a_stored_dtype_that_fits_is_mapped_not_copied(tmp_path: Path) -> None:
    """The second start of a model in bf16 must not read 18 GB."""
    write_checkpoint(tmp_path, tiny_config(), naming="original", dtype=torch.bfloat16)
    checkpoint = open_checkpoint(tmp_path)
    first, second = (load_parameters(checkpoint, torch.bfloat16) for _ in range(2))
    name = "layers.0.gate_up.weight"
    assert first[name].data_ptr() == second[name].data_ptr()


@pytest.mark.parametrize(
    ("naming", "dtype", "pickled", "expected"),
    [
        ("hf", torch.bfloat16, False, True),
        ("original", torch.bfloat16, True, True),
        ("original", torch.float16, True, False),
        ("hf", torch.float32, False, False),
        ("gguf", torch.float32, False, False),
    ],
)
def test_whether_the_embedding_stays_in_its_file_is_known_before_it_is_read(
    tmp_path: Path, naming: Naming, dtype: torch.dtype, pickled: bool, expected: bool
) -> None:
    """Plans of memory ask for it; the oracle is whether two loads give the same memory."""
    write_checkpoint(tmp_path, tiny_config(), naming=naming, dtype=dtype, pickled=pickled)
    checkpoint = open_checkpoint(tmp_path / "model.gguf" if naming == "gguf" else tmp_path)
    assert checkpoint.maps_embedding == expected
    first, second = (load_parameters(checkpoint, torch.bfloat16)["embedding"] for _ in range(2))
    assert (first.data_ptr() == second.data_ptr()) == expected


def test_matrices_take_the_asked_dtype_and_norms_stay_fp32(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), dtype=torch.float16)
    for name, tensor in load(tmp_path, torch.bfloat16).items():
        assert tensor.dtype == (torch.float32 if "norm" in name else torch.bfloat16), name


def test_progress_ends_at_the_bytes_of_the_files(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), dtype=torch.bfloat16)
    steps: list[tuple[int, int]] = []
    checkpoint = open_checkpoint(tmp_path)
    load_parameters(checkpoint, torch.float32, lambda done, total: steps.append((done, total)))
    stored = safetensors.torch.load_file(tmp_path / "model.safetensors")
    nbytes = sum(tensor.nbytes for tensor in stored.values())
    assert steps[-1] == (nbytes, nbytes)
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})


def test_stop_tokens_of_both_files_are_kept(tmp_path: Path) -> None:
    """GLM-4 talks on for ever where one of its three is missing."""
    write_checkpoint(tmp_path, tiny_config(eos_token_ids=(5,)))
    generation = tmp_path / "generation_config.json"
    generation.write_text('{"eos_token_id": [5, 7, 9]}', encoding="utf-8")
    assert open_checkpoint(tmp_path).config.eos_token_ids == (5, 7, 9)
    generation.write_text('{"eos_token_id": null}', encoding="utf-8")
    assert open_checkpoint(tmp_path).config.eos_token_ids == (5,)


@pytest.mark.parametrize("listed", ["128", "[-1]", '"</s>"'])
def test_a_stop_token_that_cannot_be_is_named_with_its_file(tmp_path: Path, listed: str) -> None:
    """One outside the vocabulary was a ValueError that named no file."""
    write_checkpoint(tmp_path, tiny_config())
    generation = tmp_path / "generation_config.json"
    generation.write_text(f'{{"eos_token_id": {listed}}}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="eos_token_id") as caught:
        open_checkpoint(tmp_path)
    assert caught.value.path == generation


def test_the_rotary_buffer_of_original_checkpoints_is_ignored(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), naming="original")
    change_tensors(
        tmp_path, lambda tensors: tensors.update({"transformer.rotary_pos_emb.inv_freq": ONE})
    )
    open_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("model", "index"),
    [
        ("glm-4-9b-chat", "model.safetensors.index.json"),
        ("glm-4-9b-chat-1m", "model.safetensors.index.json"),
        ("chatglm2-6b", "pytorch_model.bin.index.json"),
        ("chatglm3-6b", "pytorch_model.bin.index.json"),
    ],
)
def test_the_published_index_lists_exactly_the_tensors_that_are_looked_for(
    shared_data: Path, model: str, index: str
) -> None:
    """Every name of the real checkpoints, layer by layer, by the files that their publishers wrote."""
    folder = shared_data / model
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    listed = set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"])
    config = ModelConfig.from_json(settings, folder / "config.json")
    wanted = {
        part
        for name in parameter_shapes(config)
        for parts in stored_names(name)
        for part in parts
        if part.startswith("transformer.")
    }
    assert listed - {"transformer.rotary_pos_emb.inv_freq"} == wanted


# Faults. Each must name the file, and the tensor where there is one to name.

ONE = torch.ones(1)
Q_PROJ = "model.layers.1.self_attn.q_proj.weight"
K_PROJ = "model.layers.1.self_attn.k_proj.weight"


def change_tensors(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], Any], file: str = "model.safetensors"
) -> None:
    # Read into memory: a file must not be written over while it is mapped.
    tensors = safetensors.torch.load((folder / file).read_bytes())
    change(tensors)
    safetensors.torch.save_file(tensors, folder / file)


def swap_heights(tensors: dict[str, torch.Tensor]) -> None:
    """Move rows from one part of a fused matrix to another: the sum stays right."""
    tensors[K_PROJ] = torch.cat([tensors[K_PROJ], tensors[Q_PROJ][:1]])
    tensors[Q_PROJ] = tensors[Q_PROJ][1:].clone()


@pytest.mark.parametrize(
    ("change", "tensor", "message"),
    [
        (lambda t: t.pop(K_PROJ), K_PROJ, "missing"),
        (lambda t: t.pop("lm_head.weight"), "lm_head.weight", "missing"),
        (lambda t: t.pop("model.norm.weight"), "model.norm.weight", "missing"),
        (lambda t: t.update({"extra.weight": ONE}), "extra.weight", "no place"),
        (
            lambda t: t.update({"transformer.output_layer.weight": t["lm_head.weight"].clone()}),
            "transformer.output_layer.weight",
            "twice",
        ),
        (
            lambda t: t.update({Q_PROJ: t[Q_PROJ][:-1].clone()}),
            Q_PROJ,
            r"\(31, 32\); .* \(32, 32\)",
        ),
        (lambda t: t.update({Q_PROJ: t[Q_PROJ].flatten()}), Q_PROJ, r"\(1024,\)"),
        (lambda t: t.update({Q_PROJ: torch.tensor(1.0)}), Q_PROJ, r"\(\)"),
        (swap_heights, Q_PROJ, r"\(31, 32\)"),
        (lambda t: t.update({Q_PROJ: t[Q_PROJ].to(torch.int8)}), Q_PROJ, "integers"),
        (lambda t: t.update({Q_PROJ: t[Q_PROJ].double()}), Q_PROJ, "stored as F64"),
        (lambda t: t.update({Q_PROJ: t[Q_PROJ].to(torch.float8_e4m3fn)}), Q_PROJ, "F8_E4M3"),
    ],
)
def test_wrong_tensors_are_named(
    tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], Any], tensor: str, message: str
) -> None:
    write_checkpoint(tmp_path, tiny_config())
    change_tensors(tmp_path, change)
    with pytest.raises(CheckpointError, match=message) as error:
        open_checkpoint(tmp_path)
    assert error.value.tensor == tensor
    assert error.value.path == tmp_path / "model.safetensors"


LFS_POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:5a49359807155024\nsize 1018370\n"
)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "model.gguf"])
def test_lfs_pointers_are_recognised(tmp_path: Path, file: str) -> None:
    """What `git clone` without Git-LFS leaves behind: the most common broken download."""
    naming: Naming = "gguf" if file == "model.gguf" else "hf"
    write_checkpoint(tmp_path, tiny_config(), naming=naming)
    (tmp_path / file).write_text(LFS_POINTER, encoding="utf-8")
    with pytest.raises(CheckpointError, match="git lfs pull") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == tmp_path / file


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, 1000, -1])
@pytest.mark.parametrize("file", ["model.safetensors", "model.gguf"])
def test_truncated_files_are_refused(tmp_path: Path, file: str, kept: int) -> None:
    naming: Naming = "gguf" if file == "model.gguf" else "hf"
    write_checkpoint(tmp_path, tiny_config(), naming=naming)
    data = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(data[:kept])
    with pytest.raises(CheckpointError, match="truncated") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == tmp_path / file


@pytest.fixture(scope="module")
def gguf_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("gguf")
    write_checkpoint(path, tiny_config(num_layers=1), naming="gguf")
    return (path / "model.gguf").read_bytes()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "model.gguf"


@given(data=st.data())
def test_a_damaged_gguf_header_is_an_error_and_never_a_crash(
    gguf_bytes: bytes, damaged: Path, data: st.DataObject
) -> None:
    """The reader indexes by numbers from the file: any four bytes of the header may be anything."""
    start = data.draw(st.integers(0, 1900))
    patch = data.draw(st.binary(min_size=1, max_size=4))
    damaged.write_bytes(gguf_bytes[:start] + patch + gguf_bytes[start + len(patch) :])
    try:
        load(damaged)
    except CheckpointError as error:
        assert error.path == damaged  # noqa: PT017 - most damage is found, some bytes do not matter


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<4sIQQ", b"GGUF", 3, 1, 2**60),  # pairs
        struct.pack("<4sIQQ", b"GGUF", 3, 2**60, 1),  # tensors
        struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"k", 9, 0, 2**60),  # a list of bytes
        struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"k", 9, 8, 2**60),  # a list of strings
        struct.pack("<4sIQQQ1sIQ", b"GGUF", 3, 0, 1, 1, b"k", 8, 2**60),  # a string
        struct.pack("<4sIQQQ1sI", b"GGUF", 3, 1, 0, 1, b"t", 2**31),  # dimensions
    ],
)
def test_counts_that_the_file_cannot_hold_are_not_believed(tmp_path: Path, header: bytes) -> None:
    """Readers that trust them loop for hours, or ask for all memory."""
    path = tmp_path / "model.gguf"
    path.write_bytes(header + bytes(100))
    with pytest.raises(CheckpointError, match=r"cut off|dimensions"):
        open_checkpoint(path)


def shard(number: int) -> str:
    return f"model-{number:05}-of-00003.safetensors"


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), num_shards=3)
    (tmp_path / shard(2)).unlink()
    with pytest.raises(CheckpointError, match="lists this shard") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == tmp_path / shard(2)


def test_a_tensor_in_two_shards_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), num_shards=3)
    stored = safetensors.torch.load((tmp_path / shard(1)).read_bytes())
    name, tensor = next(iter(stored.items()))
    change_tensors(tmp_path, lambda tensors: tensors.update({name: tensor}), shard(3))
    with pytest.raises(CheckpointError, match=shard(1)) as error:
        open_checkpoint(tmp_path)
    assert (error.value.path, error.value.tensor) == (tmp_path / shard(3), name)


def test_a_tensor_that_its_shard_does_not_hold_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), num_shards=3)
    name = next(iter(safetensors.torch.load((tmp_path / shard(2)).read_bytes())))
    change_tensors(tmp_path, lambda tensors: tensors.pop(name), shard(2))
    with pytest.raises(CheckpointError, match="index lists it here") as error:
        open_checkpoint(tmp_path)
    assert (error.value.path, error.value.tensor) == (tmp_path / shard(2), name)


def with_header(file: Path, change: Callable[[str], str]) -> None:
    """Write a safetensors file again with another header."""
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = change(data[8 : 8 + length].decode().rstrip()).encode()
    header += b" " * (-len(header) % 8)
    file.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])


def test_a_tensor_that_a_header_lists_twice_is_named(tmp_path: Path) -> None:
    """The library takes one of them and says nothing."""
    write_checkpoint(tmp_path, tiny_config())
    file = tmp_path / "model.safetensors"

    def repeat(header: str) -> str:
        entry = json.dumps({Q_PROJ: json.loads(header)[Q_PROJ]})
        return f"{header[:-1]},{entry[1:]}"

    with_header(file, repeat)
    with pytest.raises(CheckpointError, match=f"{Q_PROJ}' is there twice") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == file


def test_an_index_that_lists_a_tensor_twice_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), num_shards=3)
    index = tmp_path / "model.safetensors.index.json"
    text = index.read_text(encoding="utf-8")
    entry = f'"weight_map": {{"{Q_PROJ}": "{shard(1)}", '
    index.write_text(text.replace('"weight_map": {', entry), encoding="utf-8")
    with pytest.raises(CheckpointError, match=f"{Q_PROJ}' is there twice") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == index


# What may be wrong with one shard of three: which file and which problem the error names.
SHARD_FAULTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "truncated"),
    "zeros": (lambda data: bytes(len(data)), "truncated"),
    "half": (lambda data: data[: len(data) // 2], "truncated"),
    "less a byte": (lambda data: data[:-1], "truncated"),
    "LFS pointer": (lambda _: LFS_POINTER.encode(), "git lfs pull"),
}


@pytest.mark.parametrize("fault", SHARD_FAULTS)
@pytest.mark.parametrize(
    ("naming", "pickled"), [("hf", False), ("original", False), ("original", True)]
)
def test_the_shard_with_the_fault_is_named(
    tmp_path: Path, naming: Naming, pickled: bool, fault: str
) -> None:
    change, message = SHARD_FAULTS[fault]
    write_checkpoint(tmp_path, tiny_config(), naming=naming, num_shards=3, pickled=pickled)
    file = sorted(tmp_path.glob("*-00002-of-00003.*"))[0]
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(CheckpointError, match=message) as error:
        open_checkpoint(tmp_path)
    assert error.value.path == file


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        ("[" * 100_000, "not valid JSON"),
        ("{}", "no weight_map"),
        ('{"weight_map": {"a": "../../secret.safetensors"}}', "same folder"),
        ('{"weight_map": {"a": "/etc/passwd"}}', "same folder"),
        ('{"weight_map": {"a": 3}}', "same folder"),
    ],
)
def test_a_damaged_or_hostile_index_is_refused(tmp_path: Path, index: str, message: str) -> None:
    write_checkpoint(tmp_path, tiny_config(), num_shards=3)
    (tmp_path / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(tmp_path)


def test_folders_that_hold_no_checkpoint_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file or folder"):
        open_checkpoint(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"neither a config\.json nor a single GGUF"):
        open_checkpoint(tmp_path)
    write_checkpoint(tmp_path, tiny_config())
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"neither model\.safetensors or"):
        open_checkpoint(tmp_path)


def test_another_architecture_in_gguf_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_tensor("token_embd.weight", np.zeros((8, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(UnsupportedModelError, match="'qwen2' is none of"):
        open_checkpoint(path)


@pytest.mark.parametrize("kind", ["F64", "I32", "I8"])
def test_a_number_format_that_gguf_files_cannot_be_read_in_is_named_before_anything_is_read(
    tmp_path: Path, kind: str
) -> None:
    dtype = {"F64": np.float64, "I32": np.int32, "I8": np.int8}[kind]
    config = tiny_config()
    stored = np.zeros((config.vocab_size, config.hidden_size), dtype)
    write_checkpoint(
        tmp_path,
        config,
        naming="gguf",
        gguf_overrides={"output.weight": (stored.view(np.uint8), kind)},
    )
    with pytest.raises(UnsupportedModelError, match=f"stored as {kind}") as error:
        open_checkpoint(tmp_path / "model.gguf")
    assert (error.value.path, error.value.tensor) == (tmp_path / "model.gguf", "output.weight")


def test_a_vector_in_blocks_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """A block spans columns of a row: one element of such a vector has no bytes of its own."""
    stored = gguf.quantize(np.ones((1, 32), np.float32), gguf.GGMLQuantizationType.Q8_0)[0]
    write_checkpoint(
        tmp_path,
        tiny_config(),
        naming="gguf",
        gguf_overrides={"output_norm.weight": (stored, "Q8_0")},
    )
    with pytest.raises(CheckpointError, match="vector in blocks") as error:
        open_checkpoint(tmp_path / "model.gguf")
    assert error.value.tensor == "output_norm.weight"


def test_a_part_of_a_split_gguf_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Not as a checkpoint with missing tensors, which a second download would not mend. Joined parts say 0."""
    path = tmp_path / "model.gguf"

    def write_one_of(num_parts: int) -> None:
        def split(writer: gguf.GGUFWriter) -> None:
            writer.add_uint16("split.count", num_parts)

        write_checkpoint(tmp_path, tiny_config(), naming="gguf", gguf_vocabulary=split)

    write_one_of(3)
    with pytest.raises(UnsupportedModelError, match="one of 3 parts") as error:
        open_checkpoint(path)
    assert error.value.path == path
    for num_parts in (0, 1):
        write_one_of(num_parts)
        open_checkpoint(path)


def test_half_precision_is_refused_with_the_reason(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(), dtype=torch.float16)
    with pytest.raises(ValueError, match="exceed the range"):
        Engine.load(tmp_path, weight_format="float16")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one of 'auto', 'bfloat16'"):
        Engine.load(tmp_path, weight_format="int3")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"context_length": 10**9}, "context_length is 1,000,000,000"),
        ({"prefill_chunk": 0}, "prefill_chunk is 0"),
        ({"kv_format": "int3"}, "kv_format is 'int3'"),
    ],
)
def test_what_the_model_cannot_do_is_refused_before_its_weights_are_read(
    tmp_path: Path, asked: dict[str, Any], message: str
) -> None:
    write_checkpoint(tmp_path, tiny_config())
    read: list[int] = []
    with pytest.raises(ValueError, match=message):
        Engine.load(tmp_path, progress=lambda done, total: read.append(done), **asked)
    assert read == []


def test_a_loaded_engine_generates_what_the_weights_say(tmp_path: Path) -> None:
    """The same random network through every naming gives the same greedy tokens."""
    config = tiny_config()
    texts = []
    namings: list[Naming] = ["hf", "original", "gguf"]
    for naming in namings:
        write_checkpoint(tmp_path / naming, config, 8, naming=naming)
        session = Engine.load(tmp_path / naming, weight_format="float32").new_session()
        session.append([1, 2, 3])
        texts.append([token.token_id for token in session.generate(max_new_tokens=20)])
    assert texts[0] == texts[1] == texts[2]
    assert len(set(texts[0])) > 3


# The pickled checkpoints that ChatGLM2 was published as, in fp16 and in int4.


@pytest.mark.parametrize("num_shards", [1, 3])
def test_pickled_files_give_the_weights_that_were_written(tmp_path: Path, num_shards: int) -> None:
    config = tiny_config()
    written = write_checkpoint(
        tmp_path, config, 3, naming="original", pickled=True, num_shards=num_shards
    )
    read = load(tmp_path)
    assert all(torch.equal(read[name], written[name]) for name in written)


def test_pickled_parameters_are_no_variables(tmp_path: Path) -> None:
    """`dict(model.named_parameters())` saved: torch would have recorded every conversion, and numpy took none of it."""
    config = tiny_config()
    written = write_checkpoint(tmp_path, config, 3, naming="original", pickled=True)
    path = tmp_path / "pytorch_model.bin"
    tensors = torch.load(path, weights_only=True)
    torch.save({name: torch.nn.Parameter(tensor) for name, tensor in tensors.items()}, path)
    read = load(tmp_path)
    assert all(torch.equal(read[name], written[name]) for name in written)
    assert not any(tensor.requires_grad for tensor in read.values())


@pytest.mark.parametrize("pickled", [False, True])
def test_a_file_that_is_replaced_while_it_is_read_is_no_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pickled: bool
) -> None:
    """A download that came in between: half of the layers were the old ones and half the new."""
    monkeypatch.setattr("glm_engine.tensor_files._MAX_TOUCHED_BYTES", 0)
    write_checkpoint(tmp_path, tiny_config(), 3, naming="original", pickled=pickled)
    checkpoint = open_checkpoint(tmp_path)
    load_parameters(checkpoint, torch.bfloat16)
    write_checkpoint(tmp_path, tiny_config(), 4, naming="original", pickled=pickled)
    with pytest.raises(CheckpointError, match="has changed while it was read"):
        load_parameters(checkpoint, torch.bfloat16)


class Payload:
    """What a hostile pickle holds: a call that unpickling would make."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("pwned",))


def test_a_pickle_that_holds_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_checkpoint(tmp_path, tiny_config(), naming="original", pickled=True)
    torch.save({"transformer.output_layer.weight": Payload()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="more than tensors") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == tmp_path / "pytorch_model.bin"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("kept", [0, 1, 100, 5000, -1])
def test_truncated_pickles_are_refused(tmp_path: Path, kept: int) -> None:
    write_checkpoint(tmp_path, tiny_config(), naming="original", pickled=True)
    file = tmp_path / "pytorch_model.bin"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"damaged") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == file


@pytest.mark.parametrize(
    "content", [[1, 2], {"a": 3}, {1: ONE}, {"a": torch.zeros(2, dtype=torch.int64)}]
)
def test_pickles_that_hold_other_things_are_refused(tmp_path: Path, content: Any) -> None:
    write_checkpoint(tmp_path, tiny_config(), naming="original", pickled=True)
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("change", [torch.Tensor.to_sparse, lambda tensor: tensor.to("meta")])
def test_pickled_tensors_without_values_row_by_row_are_named(
    tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    write_checkpoint(tmp_path, tiny_config(), naming="original", pickled=True)
    name = "transformer.output_layer.weight"
    tensors = torch.load(tmp_path / "pytorch_model.bin", weights_only=True)
    torch.save(tensors | {name: change(tensors[name])}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UnsupportedModelError, match="sparse, or without") as error:
        open_checkpoint(tmp_path)
    assert (error.value.path, error.value.tensor) == (tmp_path / "pytorch_model.bin", name)


def test_a_pickle_of_the_old_format_says_what_to_do(tmp_path: Path) -> None:
    """It is not damaged, as torch's own message made it look."""
    write_checkpoint(tmp_path, tiny_config(), naming="original", pickled=True)
    file = tmp_path / "pytorch_model.bin"
    torch.save(torch.load(file), file, _use_new_zipfile_serialization=False)
    with pytest.raises(UnsupportedModelError, match=r"before version 1\.6") as error:
        open_checkpoint(tmp_path)
    assert error.value.path == file


def quantise_as_published(weight: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The published recipe in plain Python integers: symmetric by row, two int4 to a byte, the even one high."""
    largest = 2 ** (bits - 1) - 1
    scale = weight.abs().amax(1) / largest
    values = (weight / scale[:, None]).round().int().tolist()
    if bits == 4:
        values = [
            [(row[i] << 4) | (row[i + 1] & 15) for i in range(0, len(row), 2)] for row in values
        ]
        values = [[value - 256 if value > 127 else value for value in row] for row in values]
    return torch.tensor(values, dtype=torch.int8), scale.half()


def write_quantised(folder: Path, bits: int) -> dict[str, torch.Tensor]:
    """A checkpoint like THUDM/chatglm2-6b-int4: the four matrices of a layer quantised, the rest fp16."""
    written = write_checkpoint(folder, tiny_config(), 3, naming="original", pickled=True)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["quantization_bit"] = bits
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    tensors = torch.load(folder / "pytorch_model.bin", weights_only=True)
    for name, tensor in list(tensors.items()):
        if tensor.dim() == 2 and ".layers." in name:
            tensors[name], tensors[name + "_scale"] = quantise_as_published(tensor, bits)
        else:
            tensors[name] = tensor.half()
    write_tensors(folder, tensors, pickled=True)
    return written


@pytest.mark.parametrize("bits", [4, 8])
def test_the_published_int4_and_int8_checkpoints_are_expanded(tmp_path: Path, bits: int) -> None:
    written = write_quantised(tmp_path, bits)
    read = load(tmp_path)
    for name, tensor in written.items():
        if tensor.dim() == 2 and name.startswith("layers."):
            step = tensor.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
            # Half a step, and what fp16 cannot hold of the scale.
            assert bool(((read[name] - tensor).abs() <= step * 0.5 + tensor.abs() * 1e-3).all())
        else:
            assert torch.equal(read[name], tensor.half().float())


def test_int8_without_a_scale_or_a_reason_is_refused(tmp_path: Path) -> None:
    write_quantised(tmp_path, 4)
    name = "transformer.encoder.layers.1.mlp.dense_4h_to_h.weight"
    tensors = torch.load(tmp_path / "pytorch_model.bin", weights_only=True)
    del tensors[name + "_scale"]
    write_tensors(tmp_path, tensors, pickled=True)
    with pytest.raises(CheckpointError, match="scale for each of its 32 rows") as error:
        open_checkpoint(tmp_path)
    assert error.value.tensor == name
    settings = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    for bits, message in ((None, "names no quantisation"), (3, "quantization_bit is 3")):
        settings["quantization_bit"] = bits
        (tmp_path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        with pytest.raises(UnsupportedModelError, match=message):
            open_checkpoint(tmp_path)


# K-quants against their definition (ggml-quants.c, block_q4_K and block_q6_K), value by value.


def q4_k_block(block: bytes) -> list[float]:
    """256 values: 8 sub-blocks of 32 with 6-bit scales and minima, 4-bit values."""
    scale, minimum = np.frombuffer(block[:4], np.float16).astype(np.float64)
    packed, values = block[4:16], block[16:]
    result = []
    for sub in range(8):
        if sub < 4:
            s, m = packed[sub] & 63, packed[sub + 4] & 63
        else:
            s = (packed[sub + 4] & 15) | (packed[sub - 4] >> 6) << 4
            m = (packed[sub + 4] >> 4) | (packed[sub] >> 6) << 4
        for i in range(32):
            byte = values[32 * (sub // 2) + i]
            q = byte >> 4 if sub % 2 else byte & 15
            result.append(scale * s * q - minimum * m)
    return result


def q6_k_block(block: bytes) -> list[float]:
    """256 values: 16 sub-blocks of 16 with 8-bit scales, 6-bit values split over low nibbles and high pairs."""
    low, high = block[:128], block[128:192]
    scales = np.frombuffer(block[192:208], np.int8)
    scale = float(np.frombuffer(block[208:210], np.float16)[0])
    result = []
    for i in range(256):
        half, quarter, column = i // 128, i % 128 // 32, i % 32
        byte = low[64 * half + 32 * (quarter % 2) + column]
        nibble = byte >> 4 if quarter >= 2 else byte & 15
        pair = high[32 * half + column] >> (2 * quarter) & 3
        result.append(scale * float(scales[i // 16]) * ((nibble | pair << 4) - 32))
    return result


@pytest.mark.parametrize(("kind", "decode"), [("Q4_K", q4_k_block), ("Q6_K", q6_k_block)])
def test_k_quants_are_read_as_defined(
    tmp_path: Path, kind: str, decode: Callable[[bytes], list[float]]
) -> None:
    config = tiny_config(num_layers=1, hidden_size=256, intermediate_size=256)
    quantisation = gguf.GGMLQuantizationType[kind]
    block_nbytes = gguf.GGML_QUANT_SIZES[quantisation][1]
    random = np.random.default_rng(0)
    blocks = random.integers(0, 256, (config.vocab_size, block_nbytes), dtype=np.uint8)
    # The half-precision factors of a real block are small numbers, not random bits.
    factors = {"Q4_K": [0, 2], "Q6_K": [208]}[kind]
    for offset in factors:
        values = random.uniform(0.001, 0.1, config.vocab_size).astype(np.float16)
        blocks[:, offset : offset + 2] = values.view(np.uint8).reshape(-1, 2)
    write_checkpoint(
        tmp_path, config, naming="gguf", gguf_overrides={"token_embd.weight": (blocks, kind)}
    )
    embedding = load(tmp_path / "model.gguf")["embedding"]
    expected = torch.tensor([decode(block.tobytes()) for block in blocks])
    assert torch.allclose(embedding, expected.float(), rtol=1e-5, atol=1e-6)

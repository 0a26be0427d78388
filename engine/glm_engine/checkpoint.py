"""From the files of a checkpoint to the parameters of a `Decoder`.

One table says what each parameter is called in each naming: `-hf` repositories, the original remote-code
repositories, and GGUF. Every tensor of a checkpoint is used exactly once, and every shape is checked, before anything
is read.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from glm_engine.config import ModelConfig
from glm_engine.errors import CheckpointError, UnsupportedModelError
from glm_engine.model import parameter_shapes
from glm_engine.tensor_files import (
    GgufFile,
    PickledFiles,
    PublishedInt8Files,
    SafetensorsFiles,
    TensorFiles,
    read_json,
    sharded,
)

_HF = "model.layers.{n}."
_ORIGINAL = "transformer.encoder.layers.{n}."
_GGUF = "blk.{n}."

# Parameter of the engine -> the ways in which checkpoints store it: tensors whose rows follow each other.
_STORED_AS: dict[str, tuple[tuple[str, ...], ...]] = {
    "embedding": (
        ("model.embed_tokens.weight",),
        ("transformer.embedding.word_embeddings.weight",),
        ("token_embd.weight",),
    ),
    "layers.{n}.attention_norm": (
        (_HF + "input_layernorm.weight",),
        (_ORIGINAL + "input_layernorm.weight",),
        (_GGUF + "attn_norm.weight",),
    ),
    "layers.{n}.qkv.weight": (
        tuple(f"{_HF}self_attn.{part}_proj.weight" for part in "qkv"),
        (_ORIGINAL + "self_attention.query_key_value.weight",),
        (_GGUF + "attn_qkv.weight",),
        tuple(f"{_GGUF}attn_{part}.weight" for part in "qkv"),
    ),
    "layers.{n}.qkv.bias": (
        tuple(f"{_HF}self_attn.{part}_proj.bias" for part in "qkv"),
        (_ORIGINAL + "self_attention.query_key_value.bias",),
        (_GGUF + "attn_qkv.bias",),
        tuple(f"{_GGUF}attn_{part}.bias" for part in "qkv"),
    ),
    "layers.{n}.attention_output.weight": (
        (_HF + "self_attn.o_proj.weight",),
        (_ORIGINAL + "self_attention.dense.weight",),
        (_GGUF + "attn_output.weight",),
    ),
    "layers.{n}.attention_post_norm": (
        (_HF + "post_self_attn_layernorm.weight",),
        (_GGUF + "post_attention_norm.weight",),
    ),
    "layers.{n}.mlp_norm": (
        (_HF + "post_attention_layernorm.weight",),
        (_ORIGINAL + "post_attention_layernorm.weight",),
        (_GGUF + "ffn_norm.weight",),
    ),
    "layers.{n}.gate_up.weight": (
        (_HF + "mlp.gate_up_proj.weight",),
        (_ORIGINAL + "mlp.dense_h_to_4h.weight",),
        (_GGUF + "ffn_gate.weight", _GGUF + "ffn_up.weight"),
        (_GGUF + "ffn_up.weight",),  # GLM's GGUF files keep gate and up as one
    ),
    "layers.{n}.down.weight": (
        (_HF + "mlp.down_proj.weight",),
        (_ORIGINAL + "mlp.dense_4h_to_h.weight",),
        (_GGUF + "ffn_down.weight",),
    ),
    "layers.{n}.mlp_post_norm": (
        (_HF + "post_mlp_layernorm.weight",),
        (_GGUF + "post_ffw_norm.weight",),
    ),
    "final_norm": (
        ("model.norm.weight",),
        ("transformer.encoder.final_layernorm.weight",),
        ("output_norm.weight",),
    ),
    "head": (
        ("lm_head.weight",),
        ("transformer.output_layer.weight",),
        ("output.weight",),
    ),
}

# Buffers that some checkpoints store and the engine computes.
_IGNORED = {"transformer.rotary_pos_emb.inv_freq"}

_BLOCK_BYTES = 64 << 20  # rows are converted in blocks of about this size


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files were found whole and fitting; no weight was read yet.

    Attributes:
        path: folder or file.
        config: the network.
        files: where the tensors are.
        stored_as: parameter name to the names of the stored tensors whose rows make it up.
    """

    path: Path
    config: ModelConfig
    files: TensorFiles
    stored_as: Mapping[str, tuple[str, ...]]

    @property
    def stored_nbytes(self) -> int:
        """Bytes of all tensors in their files."""
        return sum(
            self.files.stored_nbytes(name) for parts in self.stored_as.values() for name in parts
        )

    @property
    def maps_embedding(self) -> bool:
        """Whether the embedding of a model in bf16 stays in its file: then only rows that are read take memory."""
        parts = self.stored_as["embedding"]
        return len(parts) == 1 and self.files.rows(parts[0], 0, 1).dtype == torch.bfloat16


def open_checkpoint(path: Path) -> Checkpoint:
    """Find the files of a checkpoint and check that they fit together. Reads headers only.

    Args:
        path: a folder with `config.json` and weights, or a GGUF file.

    Raises:
        CheckpointError: names the file, and the tensor where it is about one.
    """
    if path.is_dir():
        config, files = _open_folder(path)
    elif path.is_file():
        config, files = _open_gguf(path)
    else:
        raise CheckpointError(path, "there is no such file or folder")
    return Checkpoint(path, config, files, _assign(path, config, files))


def load_parameters(
    checkpoint: Checkpoint,
    dtype: torch.dtype,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tensor]:
    """Read all weights.

    Args:
        checkpoint: opened.
        dtype: of matrices and biases; norms are always fp32. A tensor that is stored so, in one piece, is not copied but mapped: the file must stay
            as it is while the parameters are used.
        progress: called with bytes of the files read so far and in all.

    Returns:
        Name to tensor as `Decoder` takes them.
    """
    files, total, done = checkpoint.files, checkpoint.stored_nbytes, 0
    parameters: dict[str, Tensor] = {}
    for name, shape in parameter_shapes(checkpoint.config).items():
        parts = checkpoint.stored_as[name]
        is_norm = name.endswith("norm")
        parameters[name] = _read(files, parts, shape, torch.float32 if is_norm else dtype)
        done += sum(files.stored_nbytes(part) for part in parts)
        if progress is not None:
            progress(done, total)
    return parameters


def verify_tensors(
    checkpoint: Checkpoint, progress: Callable[[int, int], None] | None = None
) -> None:
    """Read every weight once.

    Args:
        checkpoint: opened.
        progress: called with bytes of the files read so far and in all.

    Raises:
        CheckpointError: names the first tensor that cannot be read, or holds NaN or infinity.
    """
    files, total, done = checkpoint.files, checkpoint.stored_nbytes, 0
    for part in (part for parts in checkpoint.stored_as.values() for part in parts):
        height, *rest = files.shapes[part]
        for start, stop in _row_blocks(height, math.prod(rest)):
            if not bool(files.rows(part, start, stop).isfinite().all()):
                raise CheckpointError(
                    files.file_of(part), "it holds NaN or infinity; download it again", tensor=part
                )
        done += files.stored_nbytes(part)
        if progress is not None:
            progress(done, total)


def _row_blocks(height: int, width: int) -> Iterator[tuple[int, int]]:
    """First and last row, exclusive, of blocks that take about `_BLOCK_BYTES` in fp32."""
    step = max(1, _BLOCK_BYTES // (4 * width))
    return ((start, min(start + step, height)) for start in range(0, height, step))


def _read(
    files: TensorFiles, parts: tuple[str, ...], shape: tuple[int, ...], dtype: torch.dtype
) -> Tensor:
    first = files.rows(parts[0], 0, 1)
    if len(parts) == 1 and first.dtype == dtype:
        return files.rows(parts[0], 0, shape[0])
    result = torch.empty(shape, dtype=dtype)
    row = 0
    for part in parts:
        height = files.shapes[part][0]
        for start, stop in _row_blocks(height, first[0].numel()):
            result[row + start : row + stop] = files.rows(part, start, stop)
        row += height
    return result


def _open_folder(folder: Path) -> tuple[ModelConfig, TensorFiles]:
    config_path = folder / "config.json"
    if not config_path.is_file():
        ggufs = sorted(folder.glob("*.gguf"))
        if len(ggufs) == 1:
            return _open_gguf(ggufs[0])
        raise CheckpointError(
            folder, "it holds neither a config.json nor a single GGUF file; is it a checkpoint?"
        )
    settings = read_json(config_path)
    config = _with_more_eos(ModelConfig.from_json(settings, config_path), folder)
    bits = settings.get("quantization_bit") or 0
    if bits not in (0, 4, 8):
        raise UnsupportedModelError(config_path, f"quantization_bit is {bits!r}; 4 and 8 are known")
    files = _find_weights(folder)
    if bits:
        files = PublishedInt8Files(files, bits)
    for name in files.integer_names:
        raise UnsupportedModelError(
            files.file_of(name),
            "stored as integers, but the config names no quantisation",
            tensor=name,
        )
    return config, files


def _find_weights(folder: Path) -> TensorFiles:
    kinds: list[tuple[str, Callable[[list[Path], Mapping[str, Path] | None], TensorFiles]]] = [
        ("model.safetensors", SafetensorsFiles),
        ("pytorch_model.bin", PickledFiles),
    ]
    for name, open_files in kinds:
        single, index = folder / name, folder / f"{name}.index.json"
        if index.is_file():
            shards = sharded(index)
            return open_files(sorted(set(shards.values())), shards)
        if single.is_file():
            return open_files([single], None)
    names = " nor ".join(f"{name} or {name}.index.json" for name, _ in kinds)
    raise CheckpointError(folder, f"it holds neither {names}; is the download complete?")


def _with_more_eos(config: ModelConfig, folder: Path) -> ModelConfig:
    """With the ids of both files that may list them: an answer does not end where one of GLM-4's three is missing."""
    path = folder / "generation_config.json"
    listed = read_json(path).get("eos_token_id") if path.is_file() else None
    more = listed if isinstance(listed, list) else [] if listed is None else [listed]
    if not all(isinstance(token_id, int) for token_id in more):
        raise CheckpointError(path, f"eos_token_id is {listed!r}, which is no list of token ids")
    try:
        return replace(config, eos_token_ids=tuple(dict.fromkeys((*config.eos_token_ids, *more))))
    except ValueError as error:
        raise CheckpointError(path, str(error)) from error


def _open_gguf(path: Path) -> tuple[ModelConfig, TensorFiles]:
    files = GgufFile(path)
    num_parts = files.metadata.get("split.count", 0)  # 0 too where parts were joined
    if num_parts not in (0, 1):
        raise UnsupportedModelError(
            path, f"it is one of {num_parts} parts; join them with `llama-gguf-split --merge`"
        )
    return ModelConfig.from_gguf(files.metadata, files.shapes, path), files


def _assign(path: Path, config: ModelConfig, files: TensorFiles) -> dict[str, tuple[str, ...]]:
    """Parameter name to stored names; every stored tensor is used once and has the right shape."""
    assigned: dict[str, tuple[str, ...]] = {}
    for name, shape in parameter_shapes(config).items():
        alternatives = stored_names(name)
        parts = next((each for each in alternatives if all(p in files.shapes for p in each)), None)
        if parts is None:
            tensor = _missing(alternatives, files)
            holders = {files.file_of(name) for name in files.shapes}
            holder = holders.pop() if len(holders) == 1 else path
            raise CheckpointError(holder, "missing; download the checkpoint again", tensor=tensor)
        for part, height in zip(parts, part_heights(config, shape, len(parts)), strict=True):
            expected, stored = (height, *shape[1:]), files.shapes[part]
            if stored != expected:
                raise CheckpointError(
                    files.file_of(part),
                    f"its shape is {stored}; the config makes it {expected}",
                    tensor=part,
                )
        assigned[name] = parts
    used = {part for parts in assigned.values() for part in parts}
    for name in files.shapes:
        if name not in used and name not in _IGNORED:
            raise CheckpointError(
                files.file_of(name),
                "the model has no place for it; the file belongs to another model, or stores a"
                " tensor twice",
                tensor=name,
            )
    return assigned


def stored_names(parameter: str) -> tuple[tuple[str, ...], ...]:
    """The ways in which checkpoints store a parameter, each the names of tensors whose rows follow each other."""
    if not parameter.startswith("layers."):
        return _STORED_AS[parameter]
    _, number, rest = parameter.split(".", 2)
    return tuple(
        tuple(part.format(n=number) for part in parts) for parts in _STORED_AS["layers.{n}." + rest]
    )


def part_heights(config: ModelConfig, shape: tuple[int, ...], num_parts: int) -> tuple[int, ...]:
    """Rows of each stored part of a parameter of `shape`: queries, keys and values, or gate and up."""
    if num_parts == 3:
        kv_rows = config.num_kv_heads * config.head_dim
        return (shape[0] - 2 * kv_rows, kv_rows, kv_rows)
    return (shape[0] // num_parts,) * num_parts


def _missing(alternatives: tuple[tuple[str, ...], ...], files: TensorFiles) -> str:
    """The name to report as missing: in the naming that the checkpoint's other tensors have."""
    prefixes = {name.split(".", 1)[0] for name in files.shapes}
    best = max(
        alternatives,
        key=lambda parts: (
            sum(part in files.shapes for part in parts),
            parts[0].split(".", 1)[0] in prefixes,
        ),
    )
    return next(part for part in best if part not in files.shapes)

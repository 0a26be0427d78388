"""Small random models for tests: a network of milliseconds, and the same network as a checkpoint in every naming."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from glm_engine.checkpoint import part_heights, stored_names
from glm_engine.config import ModelConfig
from glm_engine.generate import Engine
from glm_engine.model import Decoder, parameter_shapes
from glm_engine.quantization import QuantizedMatrix, format_of, matrix_of, quantized_layout
from glm_engine.tokenizer import GLM4_SPECIAL_TOKENS, Tokenizer
from glm_engine.vocabularies import TiktokenTokenizer

Naming = Literal[
    "hf",  # safetensors as transformers' GlmForCausalLM or Glm4ForCausalLM writes them
    "original",  # safetensors in the names of the remote-code repositories
    "gguf",  # as llama.cpp's converter writes GLM: fused projections
    "gguf-llama",  # as it writes Llama: queries, keys and values apart, gate and up apart
]


def tiny_config(**changes: Any) -> ModelConfig:
    """Two layers, 32 wide, 4 query heads on 2 key heads, half of each head rotated, 128 tokens of vocabulary."""
    config = ModelConfig(
        num_layers=2,
        hidden_size=32,
        num_heads=4,
        num_kv_heads=2,
        head_dim=8,
        intermediate_size=64,
        vocab_size=128,
        context_length=512,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        rotary_dim=4,
        eos_token_ids=(0,),
    )
    return replace(config, **changes)


def tiny_tokenizer(special_tokens: Sequence[str] = GLM4_SPECIAL_TOKENS) -> Tokenizer:
    """A token for each byte, then the control tokens: 270 ids, cut inside every character that is not ASCII."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    ids = {name: 256 + offset for offset, name in enumerate(special_tokens)}
    return TiktokenTokenizer(ranks, ids)


def random_parameters(config: ModelConfig, seed: int = 0) -> dict[str, Tensor]:
    """Weights in fp32 for a `Decoder`, of a size that keeps activations near one and logits apart."""
    generator = torch.Generator().manual_seed(seed)
    parameters = {}
    for name, shape in parameter_shapes(config).items():
        noise = torch.randn(shape, generator=generator)
        if len(shape) == 2:
            is_input_only = name == "embedding" and not config.tied_embeddings
            parameters[name] = noise if is_input_only else noise * shape[1] ** -0.5
        else:
            parameters[name] = noise * 0.1 + (0.0 if name.endswith("bias") else 1.0)
    return parameters


def random_weights(
    config: ModelConfig, weight_format: Literal["bfloat16", "int8", "int4"]
) -> dict[str, Tensor | QuantizedMatrix]:
    """Weights of any size in a compute format, made in place: for measuring memory and speed at full geometry."""
    parameters: dict[str, Tensor | QuantizedMatrix] = {}
    for name, shape in parameter_shapes(config).items():
        kind = None if weight_format == "bfloat16" else format_of(name, shape, weight_format)
        if kind is None:
            dtype = torch.float32 if name.endswith("norm") else torch.bfloat16
            scale = shape[-1] ** -0.5 if len(shape) == 2 else 0.1
            tensor = torch.empty(shape, dtype=dtype).uniform_(-scale, scale)
            parameters[name] = tensor + 1 if name.endswith("norm") else tensor
            continue
        parts = [
            torch.empty(part, dtype=dtype).uniform_(0.5, 1.5).mul_(0.001)
            if dtype == torch.bfloat16
            else torch.empty(part, dtype=dtype).random_()
            for _, part, dtype in quantized_layout(shape, kind)
        ]
        parameters[name] = matrix_of(shape, kind, parts)
    return parameters


def tiny_engine(seed: int = 0, *, prefill_chunk: int = 512, **changes: Any) -> Engine:
    """An engine over random fp32 weights; `changes` are those of `tiny_config`."""
    config = tiny_config(**changes)
    return Engine(Decoder(config, random_parameters(config, seed)), prefill_chunk=prefill_chunk)


def write_checkpoint(
    path: Path,
    config: ModelConfig,
    seed: int = 0,
    *,
    naming: Naming = "hf",
    dtype: torch.dtype = torch.float32,
    num_shards: int = 1,
    pickled: bool = False,
    gguf_type: str = "F32",
    gguf_overrides: Mapping[str, tuple[NDArray[np.uint8], str]] | None = None,
    gguf_vocabulary: Callable[[gguf.GGUFWriter], None] | None = None,
) -> dict[str, Tensor]:
    """Write a random checkpoint.

    Args:
        path: the folder; a GGUF file in it is called `model.gguf`.
        config: the network.
        seed: of the weights.
        naming: what the tensors and the config's keys are called.
        dtype: of the stored weights, but for GGUF.
        num_shards: above 1, the weights are split and an index is written.
        pickled: write `pytorch_model.bin` in place of safetensors.
        gguf_type: number format of a GGUF file's matrices, such as "Q8_0".
        gguf_overrides: name to stored bytes, rows first, and their number format, for formats that the `gguf` package
            reads but does not write.
        gguf_vocabulary: adds the keys of a tokenizer to a GGUF file.

    Returns:
        The weights in fp32, before they were rounded to the stored format.
    """
    path.mkdir(parents=True, exist_ok=True)
    parameters = random_parameters(config, seed)
    tensors = stored_tensors(config, parameters, naming)
    if naming in ("gguf", "gguf-llama"):
        writer = _gguf_writer(path / "model.gguf", config, naming)
        if gguf_vocabulary is not None:
            gguf_vocabulary(writer)
        _write_gguf(writer, tensors, gguf_type, gguf_overrides or {})
        return parameters
    settings = hf_settings(config) if naming == "hf" else original_settings(config)
    (path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    write_tensors(
        path,
        {name: tensor.to(dtype) for name, tensor in tensors.items()},
        num_shards=num_shards,
        pickled=pickled,
    )
    return parameters


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], *, num_shards: int = 1, pickled: bool = False
) -> None:
    """Write the weight files of a checkpoint, with an index where there are several.

    Args:
        path: the folder.
        tensors: name to tensor, contiguous.
        num_shards: files to spread them over.
        pickled: as torch pickles them, instead of safetensors.
    """
    stem, suffix = ("pytorch_model", ".bin") if pickled else ("model", ".safetensors")
    names = list(tensors)
    weight_map: dict[str, str] = {}
    for number in range(num_shards):
        part = {name: tensors[name] for name in names[number::num_shards]}
        file_name = f"{stem}{suffix}"
        if num_shards > 1:
            file_name = f"{stem}-{number + 1:05}-of-{num_shards:05}{suffix}"
        weight_map |= dict.fromkeys(part, file_name)
        if pickled:
            torch.save(part, path / file_name)
        else:
            safetensors.torch.save_file(part, path / file_name)
    if num_shards > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        (path / f"{stem}{suffix}.index.json").write_text(json.dumps(index), encoding="utf-8")


def stored_tensors(
    config: ModelConfig, parameters: Mapping[str, Tensor], naming: Naming
) -> dict[str, Tensor]:
    """The same weights under the names, and in the parts, of a naming."""
    starts = {"hf": ("model.", "lm_head."), "original": ("transformer.",)}.get(
        naming, ("blk.", "token_embd.", "output")
    )
    tensors = {}
    for name, tensor in parameters.items():
        fitting = [parts for parts in stored_names(name) if parts[0].startswith(starts)]
        pick = max if naming == "gguf-llama" else min
        parts = pick(fitting, key=len)
        heights = part_heights(config, tuple(tensor.shape), len(parts))
        for part, rows in zip(parts, torch.split(tensor, list(heights)), strict=True):
            tensors[part] = rows.contiguous()
    return tensors


def hf_settings(config: ModelConfig) -> dict[str, Any]:
    """A `config.json` in `-hf` naming."""
    divisor = config.position_divisor
    return {
        "architectures": ["Glm4ForCausalLM" if config.sandwich_norms else "GlmForCausalLM"],
        "model_type": "glm4" if config.sandwich_norms else "glm",
        "num_hidden_layers": config.num_layers,
        "hidden_size": config.hidden_size,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "intermediate_size": config.intermediate_size,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.context_length,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": config.rope_theta,
            "partial_rotary_factor": config.rotary_dim / config.head_dim,
        }
        | ({"rope_type": "linear", "factor": divisor} if divisor != 1 else {}),
        "attention_bias": config.qkv_bias,
        "tie_word_embeddings": config.tied_embeddings,
        "eos_token_id": list(config.eos_token_ids),
        "pad_token_id": 0,
        "hidden_act": "silu",
    }


def original_settings(config: ModelConfig) -> dict[str, Any]:
    """A `config.json` in original remote-code naming, which cannot express every config.

    Raises:
        ValueError: the config has other than half of each head rotated, or norms that this naming lacks.
    """
    if config.rotary_dim * 2 != config.head_dim or config.sandwich_norms:
        raise ValueError("the original naming has half-rotated heads and two norms a layer")
    interpolated = config.position_divisor != 1
    return {
        "_name_or_path": "THUDM/chatglm2-6b-32k" if interpolated else "THUDM/glm-4-9b-chat",
        "model_type": "chatglm",
        "architectures": ["ChatGLMModel"],
        "num_layers": config.num_layers,
        "hidden_size": config.hidden_size,
        "num_attention_heads": config.num_heads,
        "multi_query_attention": True,
        "multi_query_group_num": config.num_kv_heads,
        "kv_channels": config.head_dim,
        "ffn_hidden_size": config.intermediate_size,
        "padded_vocab_size": config.vocab_size,
        "seq_length": config.context_length,
        "layernorm_epsilon": config.rms_norm_eps,
        "rope_ratio": config.position_divisor if interpolated else config.rope_theta / 10000,
        "add_qkv_bias": config.qkv_bias,
        "add_bias_linear": False,
        "rmsnorm": True,
        "post_layer_norm": True,
        "original_rope": True,
        "apply_residual_connection_post_layernorm": False,
        "tie_word_embeddings": config.tied_embeddings,
        "eos_token_id": list(config.eos_token_ids),
    }


def _gguf_writer(path: Path, config: ModelConfig, naming: Naming) -> gguf.GGUFWriter:
    architecture = "glm4" if config.sandwich_norms else "chatglm"
    writer = gguf.GGUFWriter(path, "llama" if naming == "gguf-llama" else architecture)
    writer.add_block_count(config.num_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_context_length(config.context_length)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(config.rotary_dim)
    if config.position_divisor != 1:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.position_divisor)
    writer.add_eos_token_id(config.eos_token_ids[0])
    return writer


def _write_gguf(
    writer: gguf.GGUFWriter,
    tensors: Mapping[str, Tensor],
    gguf_type: str,
    overrides: Mapping[str, tuple[NDArray[np.uint8], str]],
) -> None:
    kind = gguf.GGMLQuantizationType[gguf_type]
    for name, tensor in tensors.items():
        if name in overrides:
            stored, stored_type = overrides[name]
            writer.add_tensor(name, stored, raw_dtype=gguf.GGMLQuantizationType[stored_type])
        elif tensor.dim() == 2:
            writer.add_tensor(name, gguf.quantize(tensor.numpy(), kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

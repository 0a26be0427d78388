"""The demo model's weights: the base with the adapter added, in the names and layout of `GlmForCausalLM`.

A Llama-shaped network is a GLM with full rotary, no bias, and gate and up as one. What differs is only where things
stand: in GGUF the rows of queries and keys are already in GLM's interleaved rotary order, while the adapter was
trained on the half-split order. It was also trained with each RMSNorm's weights multiplied into the linear layer
behind it; the merged norms are therefore ones.

Source: low-rank adapters, arXiv 2106.09685; stored as int8 with a scale for each row.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from glm_engine.errors import CheckpointError
from glm_engine.tensor_files import GgufFile

NUM_LAYERS = 30
HIDDEN_SIZE = 576
INTERMEDIATE_SIZE = 1536
NUM_HEADS = 9
NUM_KV_HEADS = 3
HEAD_DIM = 64


def merged_weights(
    base: Path, adapter: Path, on_layer: Callable[[int, int], None] | None = None
) -> dict[str, Tensor]:
    """Returns the weights of the demo model, fp32, named as in `-hf` repositories.

    Args:
        base: the GGUF file of SmolLM2-135M-Instruct.
        adapter: the adapter's safetensors.
        on_layer: called with layers done and their number.

    Raises:
        CheckpointError: a file is damaged, or not what it should be.
    """
    gguf, deltas = _Base(base), _Adapter(adapter)
    embedding = gguf["token_embd.weight"]
    trained_rows = deltas["spec"].float()  # those of the control tokens
    embedding[: len(trained_rows)] = trained_rows
    weights = {
        "model.embed_tokens.weight": embedding,
        "lm_head.weight": embedding,  # tied in the base; as a tensor of its own it is quantised, which halves its time
        "model.norm.weight": gguf["output_norm.weight"],
    }
    for layer in range(NUM_LAYERS):
        merged = _merge_layer(gguf, deltas, layer)
        weights |= {f"model.layers.{layer}.{name}": tensor for name, tensor in merged.items()}
        if on_layer is not None:
            on_layer(layer + 1, NUM_LAYERS)
    return weights


def merged_config() -> dict[str, Any]:
    """Returns the content of the `config.json` that goes with the weights, in the keys of transformers' `GlmConfig`."""
    return {
        "architectures": ["GlmForCausalLM"],
        "model_type": "glm",
        "vocab_size": 49152,
        "hidden_size": HIDDEN_SIZE,
        "intermediate_size": INTERMEDIATE_SIZE,
        "num_hidden_layers": NUM_LAYERS,
        "num_attention_heads": NUM_HEADS,
        "num_key_value_heads": NUM_KV_HEADS,
        "head_dim": HEAD_DIM,
        "hidden_act": "silu",
        "attention_bias": True,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        "pad_token_id": 0,
        "bos_token_id": None,
        "eos_token_id": [0, 9, 11],
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 100000.0,
            "partial_rotary_factor": 1.0,
        },
        "dtype": "bfloat16",
    }


def _merge_layer(gguf: "_Base", deltas: "_Adapter", layer: int) -> dict[str, Tensor]:
    block = f"blk.{layer}."
    attention_norm, mlp_norm = gguf[block + "attn_norm.weight"], gguf[block + "ffn_norm.weight"]
    q_rows, kv_rows = NUM_HEADS * HEAD_DIM, NUM_KV_HEADS * HEAD_DIM
    delta_q, delta_k, delta_v = torch.split(
        deltas.product("qkv", layer), [q_rows, kv_rows, kv_rows]
    )
    gate_up = torch.cat([gguf[block + "ffn_gate.weight"], gguf[block + "ffn_up.weight"]])
    return {
        "self_attn.q_proj.weight": gguf[block + "attn_q.weight"] * attention_norm
        + _interleaved(delta_q),
        "self_attn.k_proj.weight": gguf[block + "attn_k.weight"] * attention_norm
        + _interleaved(delta_k),
        "self_attn.v_proj.weight": gguf[block + "attn_v.weight"] * attention_norm + delta_v,
        "self_attn.q_proj.bias": torch.zeros(q_rows),
        "self_attn.k_proj.bias": torch.zeros(kv_rows),
        "self_attn.v_proj.bias": torch.zeros(kv_rows),
        "self_attn.o_proj.weight": gguf[block + "attn_output.weight"] + deltas.product("o", layer),
        "mlp.gate_up_proj.weight": gate_up * mlp_norm + deltas.product("gu", layer),
        "mlp.down_proj.weight": gguf[block + "ffn_down.weight"] + deltas.product("d", layer),
        "input_layernorm.weight": torch.ones(HIDDEN_SIZE),
        "post_attention_layernorm.weight": torch.ones(HIDDEN_SIZE),
    }


def _interleaved(rows: Tensor) -> Tensor:
    """Returns rows of heads in interleaved rotary order: 0, 32, 1, 33, … of each half-split head."""
    halves = rows.view(-1, 2, HEAD_DIM // 2, HIDDEN_SIZE)  # (heads, half, pair, hidden)
    return halves.transpose(1, 2).reshape(rows.shape)


class _Base:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = GgufFile(path)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._file.shapes:
            raise CheckpointError(self._path, "missing; this is not the demo's base", tensor=name)
        return self._file.rows(name, 0, self._file.shapes[name][0])


class _Adapter:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._tensors: Mapping[str, Tensor] = load_file(path)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._tensors:
            raise CheckpointError(self._path, "missing; reinstall glm-agent", tensor=name)
        return self._tensors[name]

    def product(self, part: str, layer: int) -> Tensor:
        """Returns the low-rank update of one linear layer, (out, in)."""
        left, right = (self._dequantized(f"{part}.{layer}.{factor}") for factor in "BA")
        return left @ right

    def _dequantized(self, name: str) -> Tensor:
        return self[name].float() * self[f"{name}.s"].float()[:, None]

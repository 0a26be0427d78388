"""The numbers that define one network of the GLM family, read from each naming that checkpoints come in."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from glm_engine.errors import CheckpointError, UnsupportedModelError

_MAX_LAYERS = 1000  # a damaged file may claim billions, and each has a dozen tensors to look for

_GGUF_ARCHITECTURES = {
    "chatglm": "GLM-4-9B-Chat, ChatGLM2 and ChatGLM3",
    "glm4": "GLM-4-0414",
    "llama": "small models of the same arithmetic, such as the demo's base",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One decoder of the GLM family.

    Attributes:
        num_layers: transformer blocks.
        hidden_size: width of the residual stream.
        num_heads: query heads.
        num_kv_heads: key and value heads; each serves `group_size` query heads.
        head_dim: width of one head.
        intermediate_size: width of the gated feed-forward network.
        vocab_size: rows of the embedding and of the output head, padding included.
        context_length: positions that the model was made for.
        rms_norm_eps: added to the mean square in every norm.
        rope_theta: base of the rotary frequencies.
        rotary_dim: leading dimensions of a head that are rotated, in adjacent pairs; the rest pass through.
        position_divisor: positions are divided by it before they are rotated (linear position interpolation).
        qkv_bias: the query, key and value projections have a bias.
        tied_embeddings: the output head is the embedding.
        sandwich_norms: GLM-4-0414's second norm after attention and after the feed-forward network.
        eos_token_ids: ids that end an answer, as the checkpoint says; the prompt format may have more.
    """

    num_layers: int
    hidden_size: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    intermediate_size: int
    vocab_size: int
    context_length: int
    rms_norm_eps: float
    rope_theta: float
    rotary_dim: int
    position_divisor: float = 1.0
    qkv_bias: bool = True
    tied_embeddings: bool = False
    sandwich_norms: bool = False
    eos_token_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, bool | tuple) and not value > 0:
                raise ValueError(f"{field.name} is {value!r}; it must be above zero")
        if self.num_layers > _MAX_LAYERS:
            raise ValueError(
                f"num_layers is {self.num_layers:,}; at most {_MAX_LAYERS:,} are believed"
            )
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"{self.num_heads} query heads do not divide over {self.num_kv_heads} key heads"
            )
        if self.rotary_dim % 2 or self.rotary_dim > self.head_dim:
            raise ValueError(
                f"{self.rotary_dim} rotated dimensions: not an even number up to {self.head_dim}"
            )
        if any(not 0 <= token_id < self.vocab_size for token_id in self.eos_token_ids):
            raise ValueError(
                f"eos_token_ids {self.eos_token_ids} exceed the vocabulary of {self.vocab_size}"
            )

    @property
    def group_size(self) -> int:
        """Query heads that share one key and value head."""
        return self.num_heads // self.num_kv_heads

    @property
    def qkv_rows(self) -> int:
        """Rows of the fused projection: query heads, then key heads, then value heads."""
        return (self.num_heads + 2 * self.num_kv_heads) * self.head_dim

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: Path) -> "ModelConfig":
        """The config of a `config.json`, in `-hf` or in original remote-code naming.

        Args:
            data: the file's content.
            path: the file, for messages.

        Raises:
            UnsupportedModelError: another architecture, or an option that the engine does not compute.
            CheckpointError: a value is missing or impossible.
        """
        values = _Fields(data, path)
        model_type = data.get("model_type")
        try:
            if model_type in ("glm", "glm4"):
                return _from_hf(values, sandwich_norms=model_type == "glm4")
            if model_type == "chatglm":
                return _from_remote_code(values)
        except (ValueError, OverflowError) as error:
            raise CheckpointError(path, str(error)) from error
        raise UnsupportedModelError(
            path, f"model_type {model_type!r} is none of 'glm', 'glm4' and 'chatglm'"
        )

    @classmethod
    def from_gguf(
        cls, metadata: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], path: Path
    ) -> "ModelConfig":
        """The config of a GGUF file.

        Args:
            metadata: key to value, as in the file's header.
            shapes: tensor name to shape, rows first. Some options show only in which tensors are there.
            path: the file, for messages.

        Raises:
            UnsupportedModelError: another architecture, or an option that the engine does not compute.
            CheckpointError: a value is missing or impossible.
        """
        try:
            return _from_gguf(_Fields(metadata, path), shapes)
        except (ValueError, OverflowError) as error:
            raise CheckpointError(path, str(error)) from error


class _Fields:
    """Typed access to a config, with errors that name file and key."""

    def __init__(self, data: Mapping[str, Any], path: Path) -> None:
        self.data = data
        self.path = path

    def number(self, key: str, default: float | None = None) -> float:
        value = self.data.get(key)
        if value is None:
            value = default
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not abs(value) <= sys.float_info.max  # JSON has integers of any length
        ):
            problem = "missing" if value is None else f"{value!r:.60}, which is not a number"
            raise CheckpointError(self.path, f"{key} is {problem}")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        value = self.number(key, default)
        if value != int(value):
            raise CheckpointError(self.path, f"{key} is {value!r}, which is not a whole number")
        return int(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            problem = "missing" if value is None else f"{value!r}, which is neither true nor false"
            raise CheckpointError(self.path, f"{key} is {problem}")
        return value

    def table(self, key: str) -> Mapping[str, Any]:
        """An object; empty where there is none."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, Mapping):
            raise CheckpointError(self.path, f"{key} is {value!r}, which is not an object")
        return value or {}

    def token_ids(self, key: str) -> tuple[int, ...]:
        """An id, a list of ids, or nothing."""
        value = self.data.get(key)
        ids = () if value is None else tuple(value) if isinstance(value, list) else (value,)
        if not all(isinstance(token_id, int) for token_id in ids):
            raise CheckpointError(
                self.path, f"{key} is {value!r}, which is no token id or list of them"
            )
        return ids

    def require(self, key: str, expected: object) -> None:
        """Refuse a config whose `key` is there with another value than the only one we compute."""
        if self.data.get(key, expected) != expected:
            raise UnsupportedModelError(
                self.path, f"{key} is {self.data[key]!r}; only {expected!r} is supported"
            )


def _from_hf(config: _Fields, *, sandwich_norms: bool) -> ModelConfig:
    config.require("hidden_act", "silu")
    hidden_size, num_heads = config.integer("hidden_size"), config.integer("num_attention_heads")
    head_dim = config.integer("head_dim", hidden_size // max(num_heads, 1))
    # transformers 5 keeps everything about rotary positions in `rope_parameters`, 4 in three keys of its own.
    rope = config.table("rope_parameters") or config.table("rope_scaling")
    merged = _Fields({**config.data, **rope}, config.path)
    return ModelConfig(
        num_layers=config.integer("num_hidden_layers"),
        hidden_size=hidden_size,
        num_heads=num_heads,
        num_kv_heads=config.integer("num_key_value_heads", num_heads),
        head_dim=head_dim,
        intermediate_size=config.integer("intermediate_size"),
        vocab_size=config.integer("vocab_size"),
        context_length=config.integer("max_position_embeddings"),
        rms_norm_eps=config.number("rms_norm_eps"),
        rope_theta=merged.number("rope_theta", 10000.0),
        rotary_dim=int(head_dim * merged.number("partial_rotary_factor", 0.5)),
        position_divisor=_position_divisor(rope, config.path),
        qkv_bias=config.flag("attention_bias"),
        tied_embeddings=config.flag("tie_word_embeddings", default=False),
        sandwich_norms=sandwich_norms,
        eos_token_ids=config.token_ids("eos_token_id"),
    )


def _position_divisor(rope: Mapping[str, Any], path: Path) -> float:
    rope_type = rope.get("rope_type", rope.get("type", "default"))
    if rope_type in ("default", "none"):
        return 1.0
    if rope_type == "linear":
        return float(_Fields(rope, path).number("factor"))
    raise UnsupportedModelError(
        path,
        f"rope type {rope_type!r} is not supported; remove it from the file to use the model"
        " within the context it was trained with",
    )


def _from_remote_code(config: _Fields) -> ModelConfig:
    if "position_encoding_2d" in config.data or "inner_hidden_size" in config.data:
        raise UnsupportedModelError(
            config.path, "this is the first ChatGLM-6B, another network; ChatGLM2-6B is supported"
        )
    if config.data.get("vision_config"):
        raise UnsupportedModelError(
            config.path, "this is a model with vision; only text is supported"
        )
    for key, expected in (
        ("rmsnorm", True),
        ("post_layer_norm", True),
        ("apply_residual_connection_post_layernorm", False),
        ("add_bias_linear", False),
        ("original_rope", True),
        ("pre_seq_len", None),
    ):
        config.require(key, expected)
    num_heads, head_dim = config.integer("num_attention_heads"), config.integer("kv_channels")
    multi_query = config.flag("multi_query_attention", default=False)
    rope_ratio = float(config.number("rope_ratio", 1.0))
    interpolated = _interpolates_positions(config.data)
    return ModelConfig(
        num_layers=config.integer("num_layers"),
        hidden_size=config.integer("hidden_size"),
        num_heads=num_heads,
        num_kv_heads=config.integer("multi_query_group_num") if multi_query else num_heads,
        head_dim=head_dim,
        intermediate_size=config.integer("ffn_hidden_size"),
        vocab_size=config.integer("padded_vocab_size"),
        context_length=config.integer("seq_length"),
        rms_norm_eps=config.number("layernorm_epsilon"),
        rope_theta=10000.0 * (1.0 if interpolated else rope_ratio),
        rotary_dim=head_dim // 2,
        position_divisor=rope_ratio if interpolated else 1.0,
        qkv_bias=config.flag("add_qkv_bias", default=False),
        tied_embeddings=config.flag("tie_word_embeddings", default=False),
        eos_token_ids=config.token_ids("eos_token_id"),
    )


def _interpolates_positions(data: Mapping[str, Any]) -> bool:
    """Whether `rope_ratio` divides positions instead of raising the base.

    Only ChatGLM2-6B-32K's own code does that; ChatGLM3 and GLM-4 read the same key the other way, and nothing but
    the name tells them apart.
    """
    name = str(data.get("_name_or_path", "")).lower()
    return "chatglm2" in name and "32k" in name


def _from_gguf(config: _Fields, shapes: Mapping[str, tuple[int, ...]]) -> ModelConfig:
    architecture = config.data.get("general.architecture")
    if architecture not in _GGUF_ARCHITECTURES:
        known = "; ".join(f"{name!r} ({what})" for name, what in _GGUF_ARCHITECTURES.items())
        raise UnsupportedModelError(
            config.path, f"architecture {architecture!r} is none of {known}"
        )
    own = _Fields(
        {
            key.removeprefix(f"{architecture}."): value
            for key, value in config.data.items()
            if key.startswith(f"{architecture}.")
        },
        config.path,
    )
    hidden_size, num_heads = own.integer("embedding_length"), own.integer("attention.head_count")
    head_dim = own.integer("attention.key_length", hidden_size // max(num_heads, 1))
    own.require("attention.value_length", head_dim)
    own.require("expert_count", 0)
    scaling = {
        "type": own.data.get("rope.scaling.type", "none"),
        "factor": own.data.get("rope.scaling.factor"),
    }
    if "token_embd.weight" not in shapes:
        raise CheckpointError(config.path, "the file does not have it", tensor="token_embd.weight")
    ids = (config.token_ids(f"tokenizer.ggml.{key}_token_id") for key in ("eos", "eot", "eom"))
    return ModelConfig(
        num_layers=own.integer("block_count"),
        hidden_size=hidden_size,
        num_heads=num_heads,
        num_kv_heads=own.integer("attention.head_count_kv", num_heads),
        head_dim=head_dim,
        intermediate_size=own.integer("feed_forward_length"),
        vocab_size=shapes["token_embd.weight"][0],
        context_length=own.integer("context_length"),
        rms_norm_eps=own.number("attention.layer_norm_rms_epsilon"),
        rope_theta=own.number("rope.freq_base", 10000.0),
        rotary_dim=own.integer("rope.dimension_count", head_dim),
        position_divisor=_position_divisor(scaling, config.path),
        qkv_bias="blk.0.attn_qkv.bias" in shapes or "blk.0.attn_q.bias" in shapes,
        tied_embeddings="output.weight" not in shapes,
        sandwich_norms=architecture == "glm4",
        eos_token_ids=tuple(dict.fromkeys(token_id for group in ids for token_id in group)),
    )

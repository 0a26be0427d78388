"""Configs of every naming, the real ones included."""

import json
from pathlib import Path
from typing import Any

import pytest

from glm_engine.config import ModelConfig
from glm_engine.errors import CheckpointError, UnsupportedModelError
from glm_engine.testing import hf_settings, original_settings, tiny_config

PATH = Path("config.json")


def test_glm4_and_chatglm2_are_read_from_their_published_configs(shared_data: Path) -> None:
    """The numbers of the vendor's model cards, by the published files."""
    read = {
        name: ModelConfig.from_json(
            json.loads((shared_data / name / "config.json").read_text(encoding="utf-8")), PATH
        )
        for name in ("glm-4-9b-chat", "glm-4-9b-chat-1m", "chatglm2-6b", "chatglm2-6b-32k")
    }
    glm4, chatglm2 = read["glm-4-9b-chat"], read["chatglm2-6b"]
    assert (glm4.num_layers, glm4.num_heads, glm4.num_kv_heads) == (40, 32, 2)
    assert (glm4.rope_theta, glm4.rotary_dim, glm4.context_length) == (5e6, 64, 131072)
    assert glm4.eos_token_ids == (151329, 151336, 151338)
    assert read["glm-4-9b-chat-1m"].num_kv_heads == 4
    assert read["glm-4-9b-chat-1m"].rope_theta == 1e8
    assert (chatglm2.num_layers, chatglm2.vocab_size, chatglm2.rms_norm_eps) == (28, 65024, 1e-5)
    assert (chatglm2.rope_theta, chatglm2.position_divisor) == (1e4, 1)
    # The same key as GLM-4's, read by its own code as position interpolation.
    assert (read["chatglm2-6b-32k"].rope_theta, read["chatglm2-6b-32k"].position_divisor) == (
        1e4,
        16,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rotary_dim": 8},
        {"position_divisor": 4.0},
        {"tied_embeddings": True, "qkv_bias": False},
        {"sandwich_norms": True, "eos_token_ids": (1, 2, 3)},
    ],
)
def test_hf_naming_round_trips(changes: dict[str, Any]) -> None:
    config = tiny_config(**changes)
    assert ModelConfig.from_json(hf_settings(config), PATH) == config


def test_rotary_settings_of_transformers_4_are_read() -> None:
    """Version 4 had three keys where version 5 has one object."""
    config = tiny_config(position_divisor=2.0)
    settings = hf_settings(config)
    del settings["rope_parameters"]
    settings |= {
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5,
        "rope_scaling": {"type": "linear", "factor": 2.0},
    }
    assert ModelConfig.from_json(settings, PATH) == config


@pytest.mark.parametrize(
    "changes", [{}, {"rope_theta": 5e6}, {"position_divisor": 16.0}, {"num_kv_heads": 1}]
)
def test_original_naming_round_trips(changes: dict[str, Any]) -> None:
    config = tiny_config(**changes)
    assert ModelConfig.from_json(original_settings(config), PATH) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "llama"}, "'llama' is none of"),
        ({"model_type": None}, "None is none of"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "'yarn' is not supported"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModelError, match=message):
        ModelConfig.from_json(hf_settings(tiny_config()) | changes, PATH)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"position_encoding_2d": True}, "first ChatGLM-6B"),
        ({"vision_config": {"layers": 1}}, "vision"),
        ({"rmsnorm": False}, "rmsnorm is False"),
        ({"add_bias_linear": True}, "add_bias_linear is True"),
    ],
)
def test_relatives_of_the_family_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModelError, match=message):
        ModelConfig.from_json(original_settings(tiny_config()) | changes, PATH)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": None}, "hidden_size is missing"),
        ({"hidden_size": "4096"}, "hidden_size is '4096', which is not a number"),
        ({"num_hidden_layers": 2.5}, "num_hidden_layers is 2.5, which is not a whole number"),
        ({"num_hidden_layers": 0}, "num_layers is 0"),
        ({"num_key_value_heads": 3}, "4 query heads do not divide over 3"),
        ({"attention_bias": 1}, "attention_bias is 1, which is neither true nor false"),
        ({"eos_token_id": ["</s>"]}, "eos_token_id is"),
        ({"eos_token_id": [999]}, "exceed the vocabulary"),
        ({"rope_parameters": {"partial_rotary_factor": 1.5}}, "rotated dimensions"),
        ({"rope_parameters": "default"}, "rope_parameters is 'default', which is not an object"),
        ({"rope_parameters": []}, "not an object"),
        ({"max_position_embeddings": float("inf")}, "max_position_embeddings is inf"),
        ({"rms_norm_eps": float("nan")}, "rms_norm_eps is nan, which is not a number"),
        ({"hidden_size": 10**400}, "hidden_size is 10+, which is not a number"),
        ({"rope_parameters": {"partial_rotary_factor": 1.7e308}}, "cannot convert float infinity"),
    ],
)
def test_impossible_values_are_named_with_their_file(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as error:
        ModelConfig.from_json(hf_settings(tiny_config()) | changes, PATH)
    assert error.value.path == PATH

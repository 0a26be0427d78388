"""Rotary positions against fp64, and ChatGLM2-6B-32K's interpolation against a reference that the fixtures vouch for."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from glm_engine.config import ModelConfig
from glm_engine.model import Decoder, RotaryTable
from glm_engine.testing import original_settings, random_parameters, tiny_config

Array = NDArray[np.float64]


@pytest.mark.parametrize("base", [1e4, 5e6, 1e8])
@pytest.mark.parametrize("divisor", [1.0, 16.0])
def test_every_rotation_up_to_position_131071_is_as_near_to_fp64_as_fp32_angles_can_be(
    base: float, divisor: float
) -> None:
    """Within the rounding of a frequency, a quotient and an angle; the published models were trained with fp32 angles."""
    config = tiny_config(
        head_dim=128, rotary_dim=64, rope_theta=base, position_divisor=divisor,
        context_length=131072,
    )  # fmt: skip
    rows = RotaryTable(config, torch.device("cpu")).rows(0, 131072)[:, 0].numpy()
    frequencies = base ** (-np.arange(0, 64, 2, dtype=np.float64) / 64)
    angles = np.outer(np.arange(131072, dtype=np.float64) / divisor, frequencies)
    error = np.abs(rows - np.exp(1j * angles))
    assert np.all(error <= angles * 4 * 2.0**-24 + 2.0**-22)
    assert np.all(np.abs(np.abs(rows) - 1) < 2.0**-22)  # a rotation, at any position


def remote_code_hidden(
    weights: dict[str, Array], config: ModelConfig, token_ids: list[int], rope_ratio: float
) -> Array:
    """Hidden states as ChatGLM2's published code computes them, in fp64: positions are divided by `rope_ratio`."""
    length, dim, half = len(token_ids), config.head_dim, config.rotary_dim // 2
    theta = 10000.0 ** (-np.arange(half) / half)
    rotation = np.exp(1j * np.outer(np.arange(length) / rope_ratio, theta))[:, None]

    def norm(x: Array, weight: Array) -> Array:
        result: Array = x / np.sqrt((x**2).mean(-1, keepdims=True) + config.rms_norm_eps) * weight
        return result

    def rotated(x: Array) -> Array:
        pairs = (x[..., 0 : 2 * half : 2] + 1j * x[..., 1 : 2 * half : 2]) * rotation
        turned = np.stack([pairs.real, pairs.imag], -1).reshape(*x.shape[:-1], 2 * half)
        return np.concatenate([turned, x[..., 2 * half :]], -1)

    hidden = weights["embedding"][token_ids]
    for layer in range(config.num_layers):
        own = {name.split(".", 2)[2]: w for name, w in weights.items() if f".{layer}." in name}
        qkv = norm(hidden, own["attention_norm"]) @ own["qkv.weight"].T + own["qkv.bias"]
        heads = qkv.reshape(length, -1, dim)
        queries, keys, values = np.split(
            heads, [config.num_heads, config.num_heads + config.num_kv_heads], axis=1
        )
        keys, values = (np.repeat(x, config.group_size, axis=1) for x in (rotated(keys), values))
        scores = np.einsum("qhd,khd->hqk", rotated(queries), keys) / math.sqrt(dim)
        scores[:, np.triu(np.ones((length, length), dtype=bool), 1)] = -np.inf
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        attended = np.einsum("hqk,khd->qhd", shares, values).reshape(length, -1)
        hidden = hidden + attended @ own["attention_output.weight"].T
        gate, up = np.split(norm(hidden, own["mlp_norm"]) @ own["gate_up.weight"].T, 2, axis=-1)
        hidden = hidden + gate / (1 + np.exp(-gate)) * up @ own["down.weight"].T
    return norm(hidden, weights["final_norm"])


def test_the_reference_gives_the_hidden_states_of_the_published_code(shared_data: Path) -> None:
    """So that it may speak for the 32K variant, whose code differs in the division alone."""
    path = shared_data / "remote-code-fixtures" / "glm2_model.data"
    values = np.fromfile(path, dtype=np.float32)
    config = tiny_config(
        num_layers=1, num_heads=8, head_dim=4, rotary_dim=2, intermediate_size=48, vocab_size=5
    )
    shapes = {
        "embedding": (5, 32),
        "layers.0.attention_norm": (32,),
        "layers.0.qkv.weight": (48, 32),
        "layers.0.qkv.bias": (48,),
        "layers.0.attention_output.weight": (32, 32),
        "layers.0.mlp_norm": (32,),
        "layers.0.gate_up.weight": (96, 32),
        "layers.0.down.weight": (32, 48),
        "final_norm": (32,),
    }
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
    parts = np.split(values, ends)
    weights = {
        name: part.reshape(shape).astype(np.float64)
        for (name, shape), part in zip(shapes.items(), parts, strict=False)
    }
    rest = parts[-1]
    token_ids: list[int] = []
    expected = []
    for count in (3, 1, 1):
        ids, states, rest = np.split(rest, [count, count * 33])
        token_ids += ids.view(np.int32).tolist()
        expected.append(states.reshape(count, 32))
    hidden = remote_code_hidden(weights, config, token_ids, rope_ratio=1.0)
    assert np.allclose(hidden, np.concatenate(expected), rtol=0, atol=1e-5)


def test_chatglm2_32k_divides_positions_as_its_published_code_does(shared_data: Path) -> None:
    """With the published config's own keys, on two random layers and 100 positions."""
    published = json.loads(
        (shared_data / "chatglm2-6b-32k" / "config.json").read_text(encoding="utf-8")
    )
    assert published["rope_ratio"] == 16
    config = tiny_config(position_divisor=16.0)
    read = ModelConfig.from_json(
        original_settings(config)
        | {key: published[key] for key in ("_name_or_path", "rope_ratio")},
        Path("config.json"),
    )
    assert read == config
    parameters = random_parameters(read, seed=4)
    parameters["head"] = torch.eye(read.hidden_size)  # hidden states, not logits
    token_ids = [(7 * index) % 128 for index in range(100)]
    decoder = Decoder(read, parameters)
    ours = decoder.forward(torch.tensor(token_ids), decoder.new_cache(128), num_logits=100)
    weights = {name: tensor.double().numpy() for name, tensor in parameters.items()}
    for rope_ratio, is_right in ((16.0, True), (1.0, False)):
        hidden = remote_code_hidden(weights, read, token_ids, rope_ratio)
        assert np.allclose(ours.numpy(), hidden, rtol=0, atol=1e-5) == is_right

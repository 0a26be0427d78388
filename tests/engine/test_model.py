"""The decoder against transformers' implementation of the same network, in fp32 on random weights."""

import math
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor

from glm_engine.config import ModelConfig
from glm_engine.model import Decoder, ForwardCancelled, RotaryTable
from glm_engine.testing import hf_settings, random_parameters, stored_tensors, tiny_config

TOLERANCE = 1e-5  # fp32, logits of about 4: the orders of summation differ, nothing else does

CONFIGS = {
    "half-rotated": tiny_config(),
    "fully rotated": tiny_config(rotary_dim=8),
    "tied embeddings": tiny_config(tied_embeddings=True),
    "no bias": tiny_config(qkv_bias=False),
    "one key head": tiny_config(num_kv_heads=1),
    "a key head each": tiny_config(num_kv_heads=4),
    "GLM-4's base and epsilon": tiny_config(rope_theta=5e6, rms_norm_eps=1.5625e-7),
    "divided positions": tiny_config(position_divisor=16.0),
    "sandwich norms": tiny_config(sandwich_norms=True),
}


def reference_model(config: ModelConfig, seed: int) -> Any:
    """The model of transformers with the weights of `random_parameters(config, seed)`."""
    kind = "Glm4" if config.sandwich_norms else "Glm"
    settings = getattr(transformers, f"{kind}Config")(
        **hf_settings(config), attn_implementation="eager"
    )
    model = getattr(transformers, f"{kind}ForCausalLM")(settings).eval()
    tensors = stored_tensors(config, random_parameters(config, seed), "hf")
    if config.tied_embeddings:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors)
    return model


def reference_logits(config: ModelConfig, seed: int, token_ids: Tensor) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = reference_model(config, seed)(token_ids[None]).logits[0]
    return logits


def random_ids(count: int, config: ModelConfig) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, config.vocab_size, (count,), generator=generator)


def logits_in_chunks(decoder: Decoder, token_ids: Tensor, chunk: int) -> Tensor:
    cache = decoder.new_cache(decoder.config.context_length)
    parts = torch.split(token_ids, chunk)
    return torch.cat([decoder.forward(part, cache, num_logits=len(part)) for part in parts])


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("chunk", [300, 37, 16, 1], ids=["whole", "37", "16", "token by token"])
def test_logits_equal_those_of_transformers(name: str, chunk: int) -> None:
    """The claim that everything else rests on, for each option of the network and each way to feed a prompt."""
    config = CONFIGS[name]
    token_ids = random_ids(300 if chunk > 1 else 80, config)
    decoder = Decoder(config, random_parameters(config, seed=1))
    ours = logits_in_chunks(decoder, token_ids, chunk)
    assert torch.allclose(ours, reference_logits(config, 1, token_ids), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("position_divisor", [1.0, 16.0])
def test_rotation_equals_transformers_up_to_position_131071(position_divisor: float) -> None:
    """GLM-4's base at its full context: where a rotation in bf16 or fp16 would be off by whole turns."""
    config = tiny_config(
        head_dim=128, rotary_dim=64, rope_theta=5e6, context_length=131072,
        position_divisor=position_divisor,
    )  # fmt: skip
    settings = transformers.GlmConfig(**hf_settings(config))
    rotary = transformers.models.glm.modeling_glm.GlmRotaryEmbedding(settings)
    positions = torch.tensor([0, 1, 4095, 4096, 65535, 131071])
    cos, sin = rotary(torch.zeros(1), positions[None])
    table = RotaryTable(config, torch.device("cpu"))
    rows = torch.cat([table.rows(p, p + 1) for p in positions.tolist()])[:, 0]
    assert torch.allclose(rows.real, cos[0, :, :32], rtol=0, atol=1e-6)
    assert torch.allclose(rows.imag, sin[0, :, :32], rtol=0, atol=1e-6)


def test_rotation_of_a_position_does_not_depend_on_how_the_table_grew() -> None:
    config = tiny_config()
    at_once, in_steps = (RotaryTable(config, torch.device("cpu")) for _ in range(2))
    for stop in (1, 4096, 4097, 9000):
        in_steps.rows(stop - 1, stop)
    assert torch.equal(at_once.rows(0, 9000), in_steps.rows(0, 9000))


def test_only_the_requested_rows_get_logits() -> None:
    """Logits of a whole 128K prompt would be 74 GiB."""
    config = tiny_config()
    decoder = Decoder(config, random_parameters(config))
    token_ids = random_ids(20, config)
    everything = decoder.forward(token_ids, decoder.new_cache(64), num_logits=20)
    for num_logits in (0, 1, 3):
        some = decoder.forward(token_ids, decoder.new_cache(64), num_logits=num_logits)
        assert some.shape == (num_logits, config.vocab_size)
        assert torch.allclose(some, everything[20 - num_logits :], rtol=0, atol=TOLERANCE)


def test_a_cancelled_forward_leaves_cache_and_counter_as_they_were() -> None:
    config = tiny_config()
    decoder = Decoder(config, random_parameters(config))
    first, second = torch.split(random_ids(12, config), 6)
    cache = decoder.new_cache(64)
    decoder.forward(first, cache)
    cancel = Event()
    cancel.set()
    with pytest.raises(ForwardCancelled):
        decoder.forward(second, cache, cancel=cancel)
    assert (cache.length, decoder.tokens_forwarded) == (6, 6)
    expected = decoder.forward(torch.cat([first, second]), decoder.new_cache(64))
    assert torch.allclose(decoder.forward(second, cache), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("name", "epsilon", "base"),
    [("glm2", 1e-5, 1e4), ("glm3", 1e-5, 1e4), ("glm4", 1.5625e-7, 5e6)],
)
def test_hidden_states_equal_those_of_the_remote_code(
    shared_data: Path, name: str, epsilon: float, base: float
) -> None:
    """Outputs of the published ChatGLM2, ChatGLM3 and GLM-4 code on one random layer: a prompt and two steps."""
    values = np.fromfile(
        shared_data / "remote-code-fixtures" / f"{name}_model.data", dtype=np.float32
    )
    offset = 0

    def take(*shape: int) -> Tensor:
        nonlocal offset
        start, offset = offset, offset + math.prod(shape)
        return torch.from_numpy(values[start:offset].reshape(shape).copy())

    config = tiny_config(
        num_layers=1, num_heads=8, head_dim=4, rotary_dim=2, intermediate_size=48, vocab_size=5,
        rms_norm_eps=epsilon, rope_theta=base,
    )  # fmt: skip
    parameters = {
        "embedding": take(5, 32),
        "layers.0.attention_norm": take(32),
        "layers.0.qkv.weight": take(48, 32),
        "layers.0.qkv.bias": take(48),
        "layers.0.attention_output.weight": take(32, 32),
        "layers.0.mlp_norm": take(32),
        "layers.0.gate_up.weight": take(96, 32),
        "layers.0.down.weight": take(32, 48),
        "final_norm": take(32),
        "head": torch.eye(32),  # the fixtures hold hidden states, not logits
    }
    decoder = Decoder(config, parameters)
    cache = decoder.new_cache(16)
    for num_tokens in (3, 1, 1):
        token_ids = take(num_tokens).view(torch.int32).long()
        expected = take(num_tokens, 32)
        hidden = decoder.forward(token_ids, cache, num_logits=num_tokens)
        assert torch.allclose(hidden, expected, rtol=0, atol=TOLERANCE)
    assert offset == len(values)


def test_bf16_stays_within_two_percent_and_nearer_to_fp32_than_transformers() -> None:
    """The stated bound: an error of 2 % of the logits' own spread, over 4 layers at full-rank random weights."""
    config = tiny_config(
        num_layers=4,
        hidden_size=256,
        num_heads=8,
        head_dim=32,
        rotary_dim=16,
        intermediate_size=512,
    )
    token_ids = random_ids(200, config)
    exact = reference_logits(config, 5, token_ids)
    with torch.inference_mode():
        theirs = reference_model(config, 5).bfloat16()(token_ids[None]).logits[0].float()
    parameters = {
        name: tensor if "norm" in name else tensor.bfloat16()
        for name, tensor in random_parameters(config, 5).items()
    }
    decoder = Decoder(config, parameters)
    for chunk in (200, 16, 1):
        ours = logits_in_chunks(decoder, token_ids, chunk)
        error = (ours - exact).square().mean().sqrt()
        assert error < 0.02 * exact.std()
        assert error <= (theirs - exact).square().mean().sqrt()

"""The decoder against transformers' implementation of the same network, in fp32 on random weights."""

from threading import Event
from typing import Any

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

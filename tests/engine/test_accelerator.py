"""The path for accelerators, on what there is without one: torch's compiler, its meta device, and the CPU."""

from pathlib import Path

import pytest
import torch

from glm_engine.accelerator import ExpandingLinear, to_device
from glm_engine.generate import Engine
from glm_engine.memory_plan import PlannedFormat
from glm_engine.model import Decoder
from glm_engine.quantization import QuantizedFormat, matrix_of, quantize
from glm_engine.testing import random_weights, tiny_config, write_checkpoint

CONFIG = tiny_config(head_dim=32, rotary_dim=16)


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_an_expanded_product_is_that_of_the_matrix_also_when_compiled(
    kind: QuantizedFormat,
) -> None:
    """Compiled whole: nothing in it waits for the host."""
    torch.manual_seed(0)
    weight = torch.randn(100, 200)
    matrix = matrix_of((100, 200), kind, quantize(weight, kind))
    x, bias = torch.randn(3, 200).bfloat16(), torch.randn(100).bfloat16()
    linear = ExpandingLinear(matrix, bias)
    output = linear(x)
    exact = x.double() @ matrix.expanded(0, 100).double().T + bias
    assert torch.allclose(output.double(), exact, rtol=0.01, atol=0.01 * float(exact.std()))
    compiled = torch.compile(linear.__call__, backend="eager", fullgraph=True)
    assert torch.equal(compiled(x), output)


@pytest.mark.parametrize("weight_format", ["bfloat16", "int8", "int4"])
def test_a_pass_asks_the_host_for_nothing(weight_format: PlannedFormat) -> None:
    """On the meta device, where a number that is looked at is an error: a prompt, a next chunk and a token."""
    device = torch.device("meta")
    weights = random_weights(CONFIG, weight_format)
    decoder = Decoder(CONFIG, to_device(weights, device))
    cache = decoder.new_cache(CONFIG.context_length)
    for count in (40, 17, 1):
        ids = torch.zeros(count, dtype=torch.int64, device=device)
        logits = decoder.forward(ids, cache, num_logits=1)
        assert logits.shape == (1, CONFIG.vocab_size)
        assert logits.device.type == "meta"
    assert cache.length == 58


def test_a_device_that_is_not_here_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONFIG)
    with pytest.raises(ValueError, match="device is 'warp'"):
        Engine.load(tmp_path, device="warp")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="Use device='cpu'"):
            Engine.load(tmp_path, device="cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@pytest.mark.parametrize("weight_format", ["bfloat16", "int8", "int4"])
def test_logits_on_a_gpu_are_near_those_of_the_cpu(
    tmp_path: Path, weight_format: PlannedFormat
) -> None:
    write_checkpoint(tmp_path, CONFIG, dtype=torch.bfloat16)
    logits = []
    for device in ("cpu", "cuda"):
        decoder = Engine.load(
            tmp_path,
            weight_format=weight_format,
            device=device,
            cache_dir=tmp_path,
        ).decoder
        ids = torch.arange(60, device=decoder.device)
        logits.append(decoder.forward(ids, decoder.new_cache(64), num_logits=60).cpu())
    error = (logits[1] - logits[0]).square().mean().sqrt()
    assert error < 0.05 * logits[0].std()

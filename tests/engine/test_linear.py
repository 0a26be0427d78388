"""Every way to hold a matrix against the plain one."""

import pytest
import torch

from glm_engine.linear import DenseLinear, PackedLinear, can_pack

SHAPES = [(48, 20), (7, 33), (960, 576), (576, 1536)]


@pytest.mark.skipif(
    not can_pack(torch.bfloat16, torch.device("cpu")), reason="this processor computes no bf16"
)
@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_packing_changes_no_bit(height: int, width: int, has_bias: bool) -> None:
    """Packed or not depends on the size of a model; its answers must not."""
    weight = torch.randn(height, width).bfloat16()
    bias = torch.randn(height).bfloat16() if has_bias else None
    with torch.inference_mode():
        plain, packed = DenseLinear(weight, bias), PackedLinear(weight, bias)
        for rows in (0, 1, 2, 16, 17, 100):
            x = torch.randn(rows, width).bfloat16()
            assert torch.equal(packed(x), plain(x))

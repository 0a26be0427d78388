"""The plan against published sizes and against what the engine really allocates."""

from dataclasses import replace
from math import prod

import pytest
import torch
from torch import Tensor

from glm_engine import kernels
from glm_engine.config import ModelConfig
from glm_engine.generate import Engine
from glm_engine.linear import can_pack
from glm_engine.memory_plan import (
    FORMATS,
    PlannedFormat,
    choose_plan,
    kv_bytes_per_token,
    plan_memory,
)
from glm_engine.model import Decoder, RotaryTable, parameter_shapes, rotary_bytes
from glm_engine.testing import random_weights, tiny_config

GIB = 1 << 30

needs_kernels = pytest.mark.skipif(
    kernels.status().state in ("off", "unavailable"),
    reason="without native kernels a plan counts second copies, and int8 takes more than bf16",
)

CHATGLM2 = tiny_config(
    num_layers=28,
    hidden_size=4096,
    num_heads=32,
    num_kv_heads=2,
    head_dim=128,
    intermediate_size=13696,
    vocab_size=65024,
    context_length=32768,
)
GLM4 = replace(CHATGLM2, num_layers=40, vocab_size=151552, context_length=131072)


@pytest.mark.parametrize(
    ("config", "published_bytes", "kv_bytes"),
    # Total sizes from the published index files; keys and values by the model cards' geometry.
    [(GLM4, 18_799_902_784, 40_960), (CHATGLM2, 12_487_168_064, 28_672)],
)
def test_weights_and_cache_are_as_large_as_published(
    config: ModelConfig, published_bytes: int, kv_bytes: int
) -> None:
    stored = sum(2 * prod(shape) for shape in parameter_shapes(config).values())
    rotary_buffer = 64  # 32 frequencies in half precision, which the engine computes
    assert stored in (published_bytes, published_bytes - rotary_buffer)
    plan = plan_memory(config, "bfloat16", 1024)
    assert stored <= plan.weight_bytes < stored * 1.001  # norms are held in fp32
    assert kv_bytes_per_token(config) == kv_bytes
    assert plan.kv_cache_bytes == 1024 * kv_bytes


@pytest.mark.parametrize("weight_format", FORMATS)
def test_weights_and_cache_are_what_the_engine_allocates(weight_format: PlannedFormat) -> None:
    config = tiny_config(hidden_size=64, num_heads=8, num_kv_heads=4, intermediate_size=128)
    weights = random_weights(config, weight_format)
    plan = plan_memory(config, weight_format, 256)
    assert plan.weight_bytes == sum(parameter.nbytes for parameter in weights.values())
    assert all(isinstance(p, Tensor) for p in weights.values()) == (weight_format == "bfloat16")
    session = Engine(Decoder(config, weights), context_length=256).new_session()
    session.append([1] * 255)
    list(session.generate(max_new_tokens=1))
    assert session.cache_nbytes == plan.kv_cache_bytes


@needs_kernels
def test_the_best_format_that_fits_is_chosen_and_context_gives_way_last() -> None:
    def chosen(available_gib: float) -> tuple[str, int] | None:
        plan = choose_plan(GLM4, int(available_gib * GIB), [131072, 8192])
        return None if plan is None else (plan.weight_format, plan.context_length)

    assert chosen(24) == ("bfloat16", 131072)
    assert chosen(20) == ("int8", 131072)
    assert chosen(13) == ("int4", 131072)
    assert chosen(11) == ("int8", 8192)
    assert chosen(8) == ("int4", 8192)
    assert chosen(5.5) is None


def test_on_an_accelerator_the_whole_sum_counts() -> None:
    """There nothing is mapped, and graphs have memory of their own."""
    plan = plan_memory(GLM4, "int8", 8192)
    here, there = plan.total_bytes, plan.device_bytes
    assert here < there
    assert plan.needed_bytes(on_accelerator=False) == here
    assert plan.needed_bytes(on_accelerator=True) == there
    for available, on_accelerator, fits in (
        (there - 1, False, True),
        (there - 1, True, False),
        (there, True, True),
    ):
        found = choose_plan(
            GLM4, available, [8192], formats=["int8"], on_accelerator=on_accelerator
        )
        assert (found is not None) == fits


@needs_kernels
def test_rows_of_the_embedding_that_nothing_reads_take_memory_only_where_nothing_is_mapped() -> (
    None
):
    """Measured at GLM-4-9B's geometry: 1.1 of its 1.2 GiB stay on the disk in a context of 1,024."""
    embedding = 2 * GLM4.vocab_size * GLM4.hidden_size
    for weight_format in FORMATS:
        plan = plan_memory(GLM4, weight_format, 1024)
        elsewhere = plan.unread_bytes + plan.spared_bytes + plan.captured_bytes
        assert plan.device_bytes - plan.total_bytes == elsewhere
        if weight_format == "bfloat16":
            assert plan.unread_bytes == 0
        else:
            assert 0.9 * embedding < plan.unread_bytes < embedding
    mapped = plan_memory(GLM4, "bfloat16", 1024, maps_embedding=True)
    assert mapped.unread_bytes == plan_memory(GLM4, "int4", 1024).unread_bytes
    assert plan_memory(GLM4, "int4", 131072).unread_bytes < 0.001 * embedding
    assert plan_memory(replace(GLM4, tied_embeddings=True), "int4", 1024).unread_bytes == 0


@needs_kernels
@pytest.mark.parametrize("weight_format", FORMATS)
def test_without_native_kernels_there_are_a_mask_and_a_second_copy(
    weight_format: PlannedFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_kernels = plan_memory(GLM4, weight_format, 131072)
    assert with_kernels.copied_bytes == 0
    assert with_kernels.spared_bytes > 512 * 131072
    monkeypatch.setenv("GLM_AGENT_KERNELS", "off")
    without = plan_memory(GLM4, weight_format, 131072)
    assert without.spared_bytes == 0
    assert without.device_bytes == with_kernels.device_bytes
    assert without.total_bytes - with_kernels.total_bytes == (
        without.copied_bytes + with_kernels.spared_bytes
    )
    if weight_format == "bfloat16":
        assert without.copied_bytes == 0
    else:  # its own layout holds the same numbers and other scales
        matrices = without.weight_bytes - 2 * GLM4.vocab_size * GLM4.hidden_size
        assert 0.95 * matrices < without.copied_bytes < 1.2 * matrices


def test_a_small_model_in_bf16_is_held_twice_while_it_is_packed() -> None:
    """Measured: two layers of ChatGLM2-6B's width took 2.79 GiB, and the plan without it was 2.12."""
    small = replace(CHATGLM2, num_layers=2)
    plan = plan_memory(small, "bfloat16", 1024)
    if not can_pack(torch.bfloat16, torch.device("cpu")):
        assert plan.copied_bytes == 0
        return
    assert plan.total_bytes == pytest.approx(2.79 * GIB, rel=0.05)
    assert plan_memory(replace(CHATGLM2, num_layers=3), "bfloat16", 1024).copied_bytes == 0


def test_the_factors_of_positions_are_planned_for_and_are_what_a_long_session_holds() -> None:
    config = tiny_config(context_length=12_288)
    table = RotaryTable(config, torch.device("cpu"))
    table.rows(0, 8192)
    grown = table.rows(8192, 12_288)
    held = grown.untyped_storage().nbytes()
    before = held * 8192 // 12_288
    assert rotary_bytes(config, 12_288) == rotary_bytes(config, 8193) == held + before


@needs_kernels
def test_totals_grow_with_context_and_shrink_with_the_format() -> None:
    totals = [
        [plan_memory(GLM4, weight_format, length).total_bytes for length in (1024, 65536, 131072)]
        for weight_format in FORMATS
    ]
    assert all(row == sorted(row) for row in totals)
    assert all(
        column == sorted(column, reverse=True) for column in map(list, zip(*totals, strict=True))
    )


def test_a_context_beyond_the_model_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 1 to 32,768"):
        plan_memory(CHATGLM2, "int4", 131072)

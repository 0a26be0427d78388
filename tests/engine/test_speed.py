"""Measuring computes what it says, and leaves nothing behind. How long it took is not tested."""

from glm_engine.generate import Engine
from glm_engine.model import Decoder
from glm_engine.speed import Speed, measure_prefill, measure_steps
from glm_engine.testing import random_parameters, tiny_config, tiny_engine


def sizes(speeds: list[Speed]) -> list[tuple[int, int]]:
    return [(speed.num_tokens, speed.context) for speed in speeds]


def test_each_step_is_measured_where_it_fits() -> None:
    engine = tiny_engine(context_length=128)
    before = engine.decoder.tokens_forwarded
    speeds = list(measure_steps(engine, (0, 100, 126), (1, 4), repeats=2))
    assert sizes(speeds) == [(1, 0), (4, 0), (1, 100), (4, 100)]
    assert engine.decoder.tokens_forwarded - before == 3 * (1 + 4) * 2
    assert all(speed.seconds > 0 for speed in speeds)


def test_a_prefill_goes_in_the_engines_chunks_and_over_int8_too() -> None:
    config = tiny_config(head_dim=32, rotary_dim=16, context_length=128)
    decoder = Decoder(config, random_parameters(config), kv_format="int8")
    engine = Engine(decoder, prefill_chunk=16)
    before = decoder.tokens_forwarded
    speeds = list(measure_prefill(engine, [(40, 0), (20, 90), (100, 100)], repeats=1))
    assert sizes(speeds) == [(40, 0), (20, 90)]
    assert decoder.tokens_forwarded - before == 2 * (40 + 20)
    assert speeds[0].tokens_per_second == 40 / speeds[0].seconds

"""Promise P5: speed changes no bit. One script of turns, computed in many ways, against the plainest.

What holds depends on the kernels: with "any rows" everything does, with "few rows" all that never computes a position
among more than sixteen others than before. A class that the machine cannot have is not skipped: the test of the classes
says which must be there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from glm_engine import kernels
from glm_engine.draft import StepCost
from glm_engine.generate import Engine, GeneratedToken, Session
from glm_engine.linear import Linear
from glm_engine.model import Decoder
from glm_engine.prefix import PrefixPool
from glm_engine.sampling import SamplingParams
from glm_engine.selfcheck import MAX_FEW_ROWS, check_exactness
from glm_engine.testing import random_parameters, random_weights, tiny_config

Kernels = Literal[
    "bfloat16",
    "packed",
    "int8",
    "int4",
    "int4, int8 cache",
    "row by row",
    "steps",  # few rows as on an accelerator, uncaptured
]
EXACT: tuple[Kernels, ...] = ("int8", "int4", "int4, int8 cache", "row by row")
CLASSES: tuple[Kernels, ...] = ("bfloat16", "packed", "steps", *EXACT)
CONFIG = tiny_config(
    hidden_size=128,
    num_heads=4,
    num_kv_heads=2,
    head_dim=64,
    rotary_dim=32,
    intermediate_size=192,
    vocab_size=320,
    context_length=4096,
)


class RowByRow:
    """Multiplies each row by itself: the slowest way to be exact, and an independent one."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        output = x.new_empty(x.shape[0], self._weight.shape[0])
        for number, row in enumerate(x):
            output[number] = torch.nn.functional.linear(row, self._weight, self._bias)
        return output


@cache
def decoder_of(kind: Kernels) -> Decoder:
    torch.manual_seed(1)
    if kind == "int8" or kind == "int4":
        return Decoder(CONFIG, random_weights(CONFIG, kind))
    if kind == "int4, int8 cache":
        return Decoder(CONFIG, random_weights(CONFIG, "int4"), kv_format="int8")
    parameters = {
        name: p if name.endswith("norm") else p.bfloat16()
        for name, p in random_parameters(CONFIG).items()
    }
    if kind == "steps":
        return Decoder(CONFIG, parameters, capture=lambda step: step)
    decoder = Decoder(CONFIG, parameters, pack=kind == "packed")
    if kind == "row by row":
        for number in range(CONFIG.num_layers):
            layer = f"layers.{number}."
            for name in ("qkv", "attention_output", "gate_up", "down"):
                weight, bias = (
                    parameters[f"{layer}{name}.weight"],
                    parameters.get(f"{layer}{name}.bias"),
                )
                object.__setattr__(decoder.layers[number], name, RowByRow(weight, bias))
        decoder.head = RowByRow(parameters["head"], None)
    return decoder


def engine_of(
    kind: Kernels, *, prefill_chunk: int = 512, is_drafting: bool = False, shares: bool = False
) -> Engine:
    engine = Engine(decoder_of(kind), prefill_chunk=prefill_chunk)
    engine.drafting = is_drafting
    if is_drafting:  # passes cost nothing here, so that every guess is checked
        engine.step_cost = StepCost()
        for rows in (1, 2, 4, 8, 16):
            engine.step_cost.record(rows, 1.0 if rows == 1 else 1e-9)
        engine.step_cost.record = lambda rows, seconds: None  # type: ignore[method-assign]
    if not shares:
        engine.prefixes = PrefixPool(0, shares_any=False)
    return engine


@dataclass(frozen=True)
class Turn:
    """Ids that are appended, and how many are then generated."""

    token_ids: list[int]
    count: int


@dataclass
class Computed:
    """All that can differ: ids with their log probabilities, keys and values, and the logits that follow."""

    tokens: list[GeneratedToken]
    parts: list[Tensor]


SCRIPTS = st.lists(
    st.builds(Turn, st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 16)),
    min_size=1,
    max_size=3,
)
PARAMS = st.builds(
    SamplingParams,
    temperature=st.sampled_from([0.0, 0.3, 1.0]),
    top_p=st.sampled_from([1.0, 0.9]),
    seed=st.integers(0, 2**64 - 1),
    logprobs=st.just(20),
)


def steps(session: Session, script: list[Turn], params: SamplingParams) -> Iterator[GeneratedToken]:
    for turn in script:
        session.append(turn.token_ids)
        yield from session.generate(params, max_new_tokens=turn.count)


def result(session: Session, tokens: list[GeneratedToken]) -> Computed:
    return Computed(
        tokens, [part.clone() for part in session._cache.parts(0, session.num_computed)]
    )


def plainly(kind: Kernels, script: list[Turn], params: SamplingParams) -> Computed:
    session = engine_of(kind).new_session()
    return result(session, list(steps(session, script, params)))


def assert_same(one: Computed, other: Computed) -> None:
    assert one.tokens == other.tokens
    assert len(one.parts) == len(other.parts)
    for part, expected in zip(one.parts, other.parts, strict=True):
        assert torch.equal(part, expected)


def test_each_class_is_told_by_trying() -> None:
    """Row by row is exact whatever the machine is; what the native kernels promise is seen here to be so."""
    assert kernels.available(), kernels.status()
    assert check_exactness(decoder_of("row by row")) == "any rows"
    assert check_exactness(decoder_of("int8")) == "any rows"
    assert check_exactness(decoder_of("int4")) == "any rows"
    assert check_exactness(decoder_of("int4, int8 cache")) == "any rows"
    assert check_exactness(decoder_of("packed")) == "few rows"
    assert check_exactness(decoder_of("steps")) == "few rows"


class Shifty:
    """Multiplies exactly, but for more than some rows gives the last bit of the first another value."""

    def __init__(self, inner: Linear, limit: int) -> None:
        self._inner, self._limit = inner, limit

    def __call__(self, x: Tensor) -> Tensor:
        output = self._inner(x)
        if x.shape[0] > self._limit:
            output.view(torch.int16)[0, 0] ^= 1
        return output


@pytest.mark.parametrize("name", ["qkv", "attention_output", "gate_up", "down"])
@pytest.mark.parametrize(
    ("limit", "expected"), [(1, "one row"), (16, "few rows"), (32, "few rows")]
)
def test_one_wrong_bit_in_one_matrix_is_found(name: str, limit: int, expected: str) -> None:
    decoder_of.cache_clear()
    decoder = decoder_of("row by row")
    decoder_of.cache_clear()
    inner: Linear = getattr(decoder.layers[0], name)
    object.__setattr__(decoder.layers[0], name, Shifty(inner, limit))
    assert check_exactness(decoder) == expected


def test_a_head_that_is_not_exact_is_found() -> None:
    decoder = decoder_of("row by row")
    decoder_of.cache_clear()
    decoder.head = Shifty(decoder.head, 1)
    assert check_exactness(decoder) == "one row"


@pytest.mark.parametrize("kind", EXACT)
@settings(deadline=None, max_examples=6)
@given(script=SCRIPTS, params=PARAMS, chunk=st.sampled_from([1, 2, 3, 7, 16, 17, 64]))
def test_chunks(kind: Kernels, script: list[Turn], params: SamplingParams, chunk: int) -> None:
    session = engine_of(kind, prefill_chunk=chunk).new_session()
    computed = result(session, list(steps(session, script, params)))
    assert_same(computed, plainly(kind, script, params))


@pytest.mark.parametrize("kind", CLASSES)
@settings(deadline=None, max_examples=6)
@given(script=SCRIPTS, params=PARAMS)
def test_drafting(kind: Kernels, script: list[Turn], params: SamplingParams) -> None:
    """With the answer known beforehand, and then with one that is wrong in places: guesses right and wrong."""
    expected = plainly(kind, script, params)
    known = [token.token_id for token in expected.tokens]
    wrong = [(token + n % 5 // 4) % CONFIG.vocab_size for n, token in enumerate(known)]
    for history in ([], [known], [wrong]):
        session = engine_of(kind, is_drafting=True).new_session()
        session.guess_from([[*script[0].token_ids, *text] for text in history])
        assert_same(result(session, list(steps(session, script, params))), expected)


@pytest.mark.parametrize("kind", CLASSES)
@settings(deadline=None, max_examples=6)
@given(script=SCRIPTS, params=PARAMS, place=st.integers(0, 200), is_saved=st.booleans())
def test_forks_and_snapshots(
    tmp_path_factory: pytest.TempPathFactory,
    kind: Kernels,
    script: list[Turn],
    params: SamplingParams,
    place: int,
    is_saved: bool,
) -> None:
    """Between any two turns; the original goes another way."""
    expected = plainly(kind, script, params)
    session = engine_of(kind).new_session()
    tokens: list[GeneratedToken] = []
    for number, turn in enumerate(script):
        session.append(turn.token_ids)
        tokens += session.generate(params, max_new_tokens=turn.count)
        if number == place % len(script):
            original, session = session, other_self(session, tmp_path_factory, is_saved=is_saved)
            original.truncate(1)
            original.append([1, 2, 3])
            list(original.generate(max_new_tokens=3))
    assert_same(result(session, tokens), expected)


def other_self(
    session: Session, tmp_path_factory: pytest.TempPathFactory, *, is_saved: bool
) -> Session:
    if not is_saved:
        return session.fork()
    path: Path = tmp_path_factory.mktemp("snapshot") / "s"
    session.save(path)
    return Engine(session.engine.decoder).restore(path)


@pytest.mark.parametrize("kind", EXACT)
@settings(deadline=None, max_examples=6)
@given(
    script=SCRIPTS,
    params=PARAMS,
    others=st.lists(st.tuples(st.integers(0, 90), st.lists(st.integers(0, 9))), max_size=3),
)
def test_reuse_of_any_beginning(
    kind: Kernels,
    script: list[Turn],
    params: SamplingParams,
    others: list[tuple[int, list[int]]],
) -> None:
    """Other sessions have computed parts of the same, with other ends."""
    engine = engine_of(kind, shares=True)
    for length, tail in others:
        other = engine.new_session()
        other.append([*script[0].token_ids[:length], *tail, 0])
        list(other.generate(max_new_tokens=2))
    session = engine.new_session()
    computed = result(session, list(steps(session, script, params)))
    assert_same(computed, plainly(kind, script, params))


@pytest.mark.parametrize("kind", CLASSES)
@settings(deadline=None, max_examples=4)
@given(scripts=st.lists(SCRIPTS, min_size=2, max_size=3), params=PARAMS, order=st.randoms())
def test_several_sessions_at_once(
    kind: Kernels, scripts: list[list[Turn]], params: SamplingParams, order: Random
) -> None:
    """Their steps in any order on one engine."""
    engine = engine_of(kind)
    sessions = [engine.new_session() for _ in scripts]
    running = [
        (number, steps(session, script, params), list[GeneratedToken]())
        for number, (session, script) in enumerate(zip(sessions, scripts, strict=True))
    ]
    done: dict[int, list[GeneratedToken]] = {}
    while running:
        number, tokens, seen = entry = order.choice(running)
        token = next(tokens, None)
        if token is None:
            done[number] = seen
            running.remove(entry)
        else:
            seen.append(token)
    for number, script in enumerate(scripts):
        assert_same(result(sessions[number], done[number]), plainly(kind, script, params))


def test_a_long_context_is_the_same_in_any_chunks() -> None:
    """Over several blocks of the attention kernel."""
    script = [Turn([n * n % 300 for n in range(2500)], 40)]
    params = SamplingParams(temperature=1.0, seed=3, logprobs=20)
    for kind in ("int8", "int4"):
        expected = plainly(kind, script, params)
        for chunk in (MAX_FEW_ROWS, 100, 1000):
            session = engine_of(kind, prefill_chunk=chunk, is_drafting=True).new_session()
            assert_same(result(session, list(steps(session, script, params))), expected)

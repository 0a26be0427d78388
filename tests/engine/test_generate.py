"""The generate loop: what is forwarded, what comes out, and that a session survives everything."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from glm_engine.errors import ConstraintError, ContextLengthError, NonFiniteLogitsError
from glm_engine.generate import Engine, GeneratedToken, Session
from glm_engine.sampling import SamplingParams
from glm_engine.testing import hf_settings, random_parameters, stored_tensors, tiny_engine

PROMPT = [5, 17, 99, 3, 64, 21, 8, 120, 77, 2, 31]
ALL_TOKENS = range(128)


def session_with(prompt: list[int], engine: Engine | None = None) -> Session:
    session = (engine or tiny_engine()).new_session()
    session.append(prompt)
    return session


def ids(tokens: Iterator[GeneratedToken]) -> list[int]:
    return [token.token_id for token in tokens]


def fresh_continuation(token_ids: list[int], count: int, params: SamplingParams) -> list[int]:
    """What a session that computes everything anew generates."""
    return ids(session_with(token_ids).generate(params, max_new_tokens=count))


# Greedy and seeded, against transformers and against itself under every way to compute.


def test_greedy_tokens_equal_those_of_transformers() -> None:
    engine = tiny_engine()
    model: Any = transformers.GlmForCausalLM(transformers.GlmConfig(**hf_settings(engine.config)))
    model.eval()
    model.load_state_dict(stored_tensors(engine.config, random_parameters(engine.config), "hf"))
    expected = model.generate(
        torch.tensor([PROMPT]),
        attention_mask=torch.ones(1, len(PROMPT), dtype=torch.long),
        max_new_tokens=40,
        do_sample=False,
        eos_token_id=None,
    )[0, len(PROMPT) :].tolist()
    assert ids(session_with(PROMPT, engine).generate(max_new_tokens=40)) == expected


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("prefill_chunk", [1, 3, 7, 512])
def test_tokens_do_not_depend_on_chunking(prefill_chunk: int, temperature: float) -> None:
    params = SamplingParams(temperature=temperature, seed=11)
    session = session_with(PROMPT * 4, tiny_engine(prefill_chunk=prefill_chunk))
    tokens = ids(session.generate(params, max_new_tokens=30))
    assert tokens == fresh_continuation(PROMPT * 4, 30, params)


def test_tokens_do_not_depend_on_how_a_generation_is_split() -> None:
    """Noise belongs to a position, not to a call: two calls of 10 give what one call of 20 gives."""
    params = SamplingParams(temperature=1.0, seed=4)
    session = session_with(PROMPT)
    tokens = ids(session.generate(params, max_new_tokens=10))
    tokens += ids(session.generate(params, max_new_tokens=10))
    assert tokens == fresh_continuation(PROMPT, 20, params)


def test_another_seed_gives_other_tokens() -> None:
    results = {
        tuple(fresh_continuation(PROMPT, 10, SamplingParams(temperature=1.0, seed=seed)))
        for seed in range(5)
    }
    assert len(results) == 5


def test_the_repetition_penalty_sees_prompt_and_answer() -> None:
    """At a crushing penalty no token comes twice and none of the prompt comes again."""
    params = SamplingParams(repetition_penalty=1e6)
    tokens = ids(session_with(PROMPT).generate(params, max_new_tokens=40))
    # Logits below zero are multiplied, those above divided: enough of 128 are above zero to choose from.
    assert len(set(tokens)) == 40
    assert not set(tokens) & set(PROMPT)


def test_logprobs_are_reported_where_asked_for() -> None:
    plain = next(session_with(PROMPT).generate(max_new_tokens=1))
    assert (plain.logprob, plain.top_logprobs) == (None, ())
    token = next(session_with(PROMPT).generate(SamplingParams(logprobs=3), max_new_tokens=1))
    assert token.top_logprobs[0] == (token.token_id, token.logprob)
    assert len(token.top_logprobs) == 3


# Promise P2: only new tokens are forwarded, counted at the model.


def test_every_token_is_forwarded_exactly_once_over_many_turns() -> None:
    """The stop token is not forwarded when it is sampled, and once as the first token of the next segment."""
    engine = tiny_engine()
    session = session_with(PROMPT, engine)
    for turn in range(4):
        tokens = ids(session.generate(max_new_tokens=50, stop_token_ids=range(64)))
        assert session.finish_reason == "stop"
        assert session.token_ids[-1] == tokens[-1]
        # All but the token that was sampled last, and nothing twice.
        assert session.num_computed == len(session.token_ids) - 1
        assert engine.decoder.tokens_forwarded == session.num_computed
        session.append([turn, 5, 9])
    assert session.tokens_forwarded == engine.decoder.tokens_forwarded


def test_prefill_ahead_leaves_nothing_for_generate_to_compute() -> None:
    engine = tiny_engine(prefill_chunk=4)
    session = session_with(PROMPT, engine)
    assert list(session.prefill()) == [(4, 11), (8, 11), (11, 11)]
    assert list(session.prefill()) == []
    tokens = ids(session.generate(max_new_tokens=3))
    assert engine.decoder.tokens_forwarded == len(PROMPT) + 2
    assert tokens == fresh_continuation(PROMPT, 3, SamplingParams())
    assert session.tokens_reused == 0


def test_reuse_is_counted() -> None:
    session = session_with(PROMPT)
    ids(session.generate(max_new_tokens=5))
    session.append([1, 2])
    list(session.prefill())
    ids(session.generate(max_new_tokens=1))
    assert session.tokens_reused == len(PROMPT) + 4
    assert session.tokens_forwarded == len(PROMPT) + 5 + 2


# Why a generation ends.


def test_stop_length_and_context_are_told_apart() -> None:
    engine = tiny_engine(context_length=32)
    session = session_with(PROMPT, engine)
    tokens = session.generate(max_new_tokens=4)
    next(tokens)
    assert session.finish_reason is None
    assert len(ids(tokens)) == 3
    assert session.finish_reason == "length"
    ids(session.generate(max_new_tokens=4, stop_token_ids=ALL_TOKENS))
    assert session.finish_reason == "stop"
    assert len(ids(session.generate(max_new_tokens=1000))) == 32 - len(PROMPT) - 5
    assert session.finish_reason == "context"
    with pytest.raises(ContextLengthError, match="32 tokens, but the context holds 32"):
        session.generate(max_new_tokens=1)


def test_the_last_token_of_a_full_context_equals_that_of_a_larger_one() -> None:
    small, large = (
        session_with(PROMPT, tiny_engine(context_length=length)) for length in (20, 512)
    )
    assert ids(small.generate(max_new_tokens=9)) == ids(large.generate(max_new_tokens=9))
    assert small.finish_reason == "length"


def test_the_reason_is_known_when_the_last_token_is() -> None:
    """A caller that breaks out on the last token must see it."""
    session = session_with(PROMPT)
    for _ in session.generate(max_new_tokens=50, stop_token_ids=range(64)):
        if session.finish_reason is not None:
            break
    assert session.finish_reason == "stop"
    assert session.token_ids[-1] < 64


def test_a_prompt_that_is_too_long_is_refused_before_anything_is_computed() -> None:
    session = session_with(PROMPT, tiny_engine(context_length=32))
    with pytest.raises(ContextLengthError) as error:
        session.append([1] * 21)
    assert (error.value.prompt_tokens, error.value.context_length) == (32, 32)
    assert list(session.token_ids) == PROMPT
    session.append([1] * 20)
    assert len(ids(session.generate(max_new_tokens=5))) == 1
    assert session.finish_reason == "context"


@pytest.mark.parametrize("bad", [-1, 128, 10**9])
def test_ids_outside_the_vocabulary_are_refused(bad: int) -> None:
    session = session_with(PROMPT)
    with pytest.raises(ValueError, match=f"token id {bad} is not in the vocabulary of 128"):
        session.append([1, bad])
    assert list(session.token_ids) == PROMPT


def test_impossible_requests_are_refused_at_the_call() -> None:
    with pytest.raises(ValueError, match="empty"):
        tiny_engine().new_session().generate(max_new_tokens=1)
    with pytest.raises(ValueError, match="max_new_tokens is 0"):
        session_with(PROMPT).generate(max_new_tokens=0)
    with pytest.raises(ValueError, match="takes 1 to 512"):
        Engine(tiny_engine().decoder, context_length=513)
    with pytest.raises(ValueError, match="prefill_chunk is 0"):
        tiny_engine(prefill_chunk=0)


# Cancellation and other ways to leave early.


def test_cancelling_a_prefill_keeps_whole_chunks_and_the_session() -> None:
    cancel = Event()
    session = session_with(PROMPT, tiny_engine(prefill_chunk=4))
    for done, _ in session.prefill(cancel=cancel):
        if done == 8:
            cancel.set()
    assert session.num_computed == 8
    assert ids(session.generate(max_new_tokens=5, cancel=cancel)) == []
    assert session.finish_reason == "cancelled"
    assert ids(session.generate(max_new_tokens=5)) == fresh_continuation(
        PROMPT, 5, SamplingParams()
    )
    assert session.tokens_forwarded == len(PROMPT) + 4


def test_cancelling_between_tokens_keeps_those_that_came() -> None:
    cancel = Event()
    session = session_with(PROMPT)
    tokens = []
    for token in session.generate(max_new_tokens=20, cancel=cancel):
        tokens.append(token.token_id)
        if len(tokens) == 3:
            cancel.set()
    assert len(tokens) == 3
    assert session.finish_reason == "cancelled"
    assert list(session.token_ids) == PROMPT + tokens
    tokens += ids(session.generate(max_new_tokens=5))
    assert tokens == fresh_continuation(PROMPT, 8, SamplingParams())


def test_an_abandoned_generation_leaves_a_valid_session() -> None:
    session = session_with(PROMPT)
    tokens = session.generate(max_new_tokens=20)
    first = [next(tokens).token_id, next(tokens).token_id]
    del tokens
    assert list(session.token_ids) == PROMPT + first
    rest = ids(session.generate(max_new_tokens=3))
    assert first + rest == fresh_continuation(PROMPT, 5, SamplingParams())


def test_a_session_changed_under_a_generation_is_noticed() -> None:
    changes: list[Callable[[Session], object]] = [
        lambda session: session.append([1]),
        lambda session: session.truncate(3),
        lambda session: next(session.generate(max_new_tokens=1)),
    ]
    for change in changes:
        session = session_with(PROMPT)
        tokens = session.generate(max_new_tokens=20)
        next(tokens)
        change(session)
        with pytest.raises(RuntimeError, match="changed"):
            next(tokens)


def test_a_session_changed_under_a_prefill_is_noticed() -> None:
    session = session_with(PROMPT, tiny_engine(prefill_chunk=4))
    steps = session.prefill()
    next(steps)
    session.append([1])
    with pytest.raises(RuntimeError, match="changed"):
        next(steps)
    assert ids(session.generate(max_new_tokens=4)) == fresh_continuation(
        [*PROMPT, 1], 4, SamplingParams()
    )


def test_weights_that_give_nan_are_reported_and_leave_the_session() -> None:
    engine = tiny_engine()
    engine.decoder.final_norm[3] = float("nan")
    session = session_with(PROMPT, engine)
    with pytest.raises(NonFiniteLogitsError, match=f"position {len(PROMPT)} "):
        next(session.generate(max_new_tokens=1))
    assert list(session.token_ids) == PROMPT


# Constraints.


class Alternating:
    """Even ids at even turns, odd ones at odd; then nothing that could be allowed."""

    def __init__(self, last: int) -> None:
        self.accepted: list[int] = []
        self._last = last

    def allowed_tokens(self) -> NDArray[np.int32] | None:
        if len(self.accepted) == 2:
            return None
        word = 0x55555555 if len(self.accepted) % 2 == 0 else 0xAAAAAAAA
        return np.full(4, word, dtype=np.uint32).view(np.int32)

    def accept(self, token_id: int) -> None:
        if len(self.accepted) == self._last:
            raise ConstraintError("past the end")
        self.accepted.append(token_id)


@pytest.mark.parametrize("temperature", [0.0, 5.0])
def test_a_constraint_masks_every_token_and_sees_every_token(temperature: float) -> None:
    constraint = Alternating(last=100)
    session = session_with(PROMPT)
    params = SamplingParams(temperature=temperature)
    tokens = ids(session.generate(params, max_new_tokens=40, constraint=constraint))
    assert tokens == constraint.accepted
    assert all(t % 2 == n % 2 for n, t in enumerate(tokens) if n != 2)


def test_a_stop_token_is_accepted_by_the_constraint_too() -> None:
    constraint = Alternating(last=100)
    session = session_with(PROMPT)
    tokens = ids(
        session.generate(max_new_tokens=9, stop_token_ids=ALL_TOKENS, constraint=constraint)
    )
    assert (session.finish_reason, constraint.accepted) == ("stop", tokens)


def test_a_token_that_the_constraint_refuses_is_not_in_the_session() -> None:
    session = session_with(PROMPT)
    tokens = session.generate(max_new_tokens=9, constraint=Alternating(last=4))
    with pytest.raises(ConstraintError, match="past the end"):
        ids(tokens)
    assert len(session.token_ids) == len(PROMPT) + 4


# Truncate, fork and everything together.


def test_a_fork_and_its_origin_go_their_own_ways() -> None:
    session = session_with(PROMPT)
    ids(session.generate(max_new_tokens=5))
    fork = session.fork()
    assert fork.num_computed == session.num_computed
    common = list(session.token_ids)
    session.append([1, 2])
    fork.append([3, 4, 5])
    ours = ids(session.generate(max_new_tokens=8))
    theirs = ids(fork.generate(max_new_tokens=8))
    assert ours == fresh_continuation([*common, 1, 2], 8, SamplingParams())
    assert theirs == fresh_continuation([*common, 3, 4, 5], 8, SamplingParams())
    assert (
        fork.tokens_forwarded == 4 + 7
    )  # one that was never forwarded, three new ones, seven generated


def test_a_fork_of_a_prefilled_session_computes_nothing_again() -> None:
    session = session_with(PROMPT)
    list(session.prefill())
    fork = session.fork()
    assert next(fork.generate(max_new_tokens=1)) == next(session.generate(max_new_tokens=1))
    assert fork.tokens_forwarded == 0


class SessionMachine(RuleBasedStateMachine):
    """Any history of appends, generations, truncations and forks equals a cold start with the same ids."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = tiny_engine(prefill_chunk=5)
        self.session = session_with(PROMPT, self.engine)
        self.expected = list(PROMPT)

    @rule(tokens=st.lists(st.integers(0, 127), min_size=1, max_size=8))
    def append(self, tokens: list[int]) -> None:
        if len(self.expected) + len(tokens) < 200:
            self.session.append(tokens)
            self.expected += tokens

    @rule(count=st.integers(1, 6), left_after=st.integers(1, 6))
    def generate(self, count: int, left_after: int) -> None:
        for number, token in enumerate(self.session.generate(max_new_tokens=count), 1):
            self.expected.append(token.token_id)
            if number == left_after:
                break

    @rule(steps=st.integers(0, 3))
    def prefill_in_part(self, steps: int) -> None:
        for _ in zip(range(steps), self.session.prefill(), strict=False):
            pass

    @rule(share=st.floats(0.1, 1))
    def truncate(self, share: float) -> None:
        length = max(1, int(len(self.expected) * share))
        self.session.truncate(length)
        del self.expected[length:]

    @rule()
    def go_on_with_a_fork(self) -> None:
        origin, self.session = self.session, self.session.fork()
        origin.truncate(1)
        origin.append([7, 7, 7])
        next(origin.generate(max_new_tokens=1))

    @invariant()
    def ids_are_the_history(self) -> None:
        assert list(self.session.token_ids) == self.expected
        assert self.session.num_computed <= len(self.expected)

    def teardown(self) -> None:
        fork = self.session.fork()
        assert ids(fork.generate(max_new_tokens=4)) == fresh_continuation(
            self.expected, 4, SamplingParams()
        )


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)

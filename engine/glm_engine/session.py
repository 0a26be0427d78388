"""The generate loop: a session holds one sequence of token ids and what is computed of it.

A session's ids are its history (promise P1). Only ids that were never forwarded are prefilled (promise P2): the stop
token that ends a generation stays in the sequence and is forwarded with what is appended next, which in GLM-4's format
begins with that very token.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from glm_engine.constraint import ForcingConstraint, TokenConstraint
from glm_engine.draft import Drafter
from glm_engine.errors import ContextLengthError
from glm_engine.model import ForwardCancelled
from glm_engine.prefix import CachedSequence, PrefillReport
from glm_engine.sampling import SamplingParams, logprobs_of, sample
from glm_engine.selfcheck import MAX_FEW_ROWS
from glm_engine.snapshot import write_snapshot

if TYPE_CHECKING:
    from glm_engine.generate import Engine

FinishReason = Literal[
    "stop",  # a stop token was sampled; it is the last id of the session
    "length",  # max_new_tokens were sampled
    "context",  # the context is full
    "cancelled",  # `cancel` was set
]


@dataclass(frozen=True, slots=True)
class GeneratedToken:
    """One sampled token.

    Attributes:
        token_id: its id.
        logprob: its natural log probability by the model's own distribution, where it was asked for.
        top_logprobs: (id, log probability) of the likeliest tokens, where they were asked for.
    """

    token_id: int
    logprob: float | None = None
    top_logprobs: tuple[tuple[int, float], ...] = ()


class Session:
    """One sequence: its ids, and the keys and values of those that were computed.

    It is valid after every call, every exception and every abandoned generation. It is not safe to use from two
    threads at once; setting the `cancel` event of a running generation is.

    Attributes:
        engine: whose network computes it.
        finish_reason: why the last generation ended; None before the first, and while one is under way.
        tokens_forwarded: tokens of this session that went through the network; wrong guesses are none of them.
        tokens_reused: tokens that were computed already when a prefill began, by this session or by another that
            begins with the same ids, summed over prefills.
        tokens_guessed: tokens that were computed ahead of being sampled.
        guesses_right: how many of `tokens_guessed` were right.
        last_prefill: what the last prefill found computed; None before the first, and where `prefill` had nothing to do.
    """

    def __init__(self, engine: "Engine", sequence: CachedSequence | None = None) -> None:
        self.engine = engine
        self.finish_reason: FinishReason | None = None
        self.tokens_forwarded = 0
        self.tokens_reused = 0
        self.tokens_guessed = 0
        self.guesses_right = 0
        self.last_prefill: PrefillReport | None = None
        self._sequence = sequence or CachedSequence(
            [], engine.decoder.new_cache(engine.context_length)
        )
        self._cache = self._sequence.cache
        self._token_ids = self._sequence.token_ids
        self._next_logits: Tensor | None = None  # (V,), of the position after the last id
        self._revision = 0  # tells a generation that the sequence was changed under it
        self._history: list[Sequence[int]] = []
        self._drafter: Drafter | None = None  # made by the first generation
        engine.prefixes.track(self, self._sequence)

    @property
    def token_ids(self) -> Sequence[int]:
        """All ids, those not yet computed included. A view: do not change it."""
        return self._token_ids

    @property
    def num_computed(self) -> int:
        """How many ids have their keys and values in the cache."""
        return self._cache.length

    @property
    def cache_nbytes(self) -> int:
        """Bytes that this session's keys and values take, spare capacity included."""
        return self._cache.nbytes

    def append(self, token_ids: Sequence[int]) -> None:
        """Add ids to the end; nothing is computed yet.

        Raises:
            ContextLengthError: they do not fit together with one token to generate; nothing was added.
            ValueError: an id is not in the vocabulary; nothing was added.
        """
        vocab_size = self.engine.config.vocab_size
        for token_id in token_ids:
            if not 0 <= token_id < vocab_size:
                raise ValueError(f"token id {token_id} is not in the vocabulary of {vocab_size:,}")
        total = len(self._token_ids) + len(token_ids)
        if total >= self.engine.context_length:
            raise ContextLengthError(total, self.engine.context_length)
        self._revision += 1
        self._next_logits = None
        self._token_ids.extend(token_ids)

    def truncate(self, length: int) -> None:
        """Forget all ids from `length` on, and what was computed of them.

        Raises:
            ValueError: below zero or beyond the end.
        """
        if not 0 <= length <= len(self._token_ids):
            raise ValueError(f"cannot truncate {len(self._token_ids):,} tokens to {length:,}")
        self._revision += 1
        self._next_logits = None
        self.engine.prefixes.truncate(self._sequence, length)
        if self._drafter is not None:
            self._drafter.truncate(length)

    def guess_from(self, history: Iterable[Sequence[int]]) -> None:
        """Guess at tokens from these texts, too, such as earlier runs of the same kind; the last counts most.

        They are read when the next generation begins.
        """
        self._history = list(history)
        self._drafter = None

    def pin(self, length: int) -> None:
        """Mark the first ids, such as system text and tools, as what other sessions will begin with, too.

        They are computed apart from what follows, and are kept longest when this session is gone. Without effect once
        something is computed.

        Raises:
            ValueError: below zero or beyond the end.
        """
        if not 0 <= length <= len(self._token_ids):
            raise ValueError(f"cannot pin {length:,} of {len(self._token_ids):,} tokens")
        if self._cache.length == 0:
            self._sequence.num_pinned = length

    def fork(self) -> "Session":
        """An independent session with the same ids and the same computed prefix; its counters start at zero."""
        copy = Session(self.engine, self._sequence.fork())
        copy._next_logits = self._next_logits
        return copy

    def save(
        self,
        path: Path,
        *,
        limit_bytes: int | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> int:
        """Write the ids and what is computed of them to a file, for `Engine.restore`.

        Args:
            path: the file, replaced in one step; its folder is made if need be. Only its owner may read it.
            limit_bytes: no larger than this: where not all fits, the first positions are kept.
            labels: what else must be the same when it is restored, name to value: the tokenizer, say.

        Returns:
            Computed positions in the file; `num_computed` if all of them fit.

        Raises:
            SnapshotError: it cannot be written, or nothing of it fits; a file of that name is as it was.
        """
        engine = self.engine
        identity = {**engine.identity, **(labels or {})}
        embedding = engine.decoder.embedding
        return write_snapshot(path, self._sequence, identity, embedding, limit_bytes=limit_bytes)

    def prefill(self, *, cancel: Event | None = None) -> Iterator[tuple[int, int]]:
        """Compute what was appended, chunk by chunk. `generate` does the same where this was not called before it.

        Args:
            cancel: when set, it ends before the next layer; whole chunks that were computed are kept.

        Yields:
            Tokens computed so far and in all, after each chunk. Nothing when all is computed.

        Raises:
            RuntimeError: the session was changed while it ran.
        """
        self.last_prefill = None
        with suppress(ForwardCancelled):
            yield from self._prefill_chunks(self._revision, cancel)

    def generate(
        self,
        params: SamplingParams | None = None,
        *,
        max_new_tokens: int,
        stop_token_ids: Collection[int] = (),
        constraint: TokenConstraint | None = None,
        cancel: Event | None = None,
    ) -> Iterator[GeneratedToken]:
        """Continue the sequence, token by token. What was appended is prefilled first, unless `prefill` did.

        A token is in `token_ids` when it is yielded. `finish_reason` is set when the last one is, and by then the
        stop token, if that is what ended it, is the last id. Leaving the iterator early is fine.

        Args:
            params: how to choose; greedy by default.
            max_new_tokens: how many at most.
            stop_token_ids: ids that end the generation.
            constraint: narrows the choice; it is advanced by every token, the stop token included.
            cancel: when set, the generation ends with "cancelled": during a prefill before the next layer, then
                before the next token. What was computed by whole chunks is kept.

        Raises:
            ValueError: the session is empty, or `max_new_tokens` is below one.
            ContextLengthError: there is no room for a token.
            NonFiniteLogitsError, ConstraintError: from the iterator; the session keeps the tokens before.
            RuntimeError: from the iterator, if the session was changed while it ran.
        """
        if not self._token_ids:
            raise ValueError("the session is empty: append a prompt before generating")
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens is {max_new_tokens}; it must be at least 1")
        if len(self._token_ids) >= self.engine.context_length:
            raise ContextLengthError(len(self._token_ids), self.engine.context_length)
        self._revision += 1
        self.finish_reason = None
        wanted = len(self._token_ids) + max_new_tokens
        run = _Run(
            session=self,
            params=params or SamplingParams(),
            revision=self._revision,
            limit=min(wanted, self.engine.context_length),
            reason_at_limit="length" if wanted <= self.engine.context_length else "context",
            stop_token_ids=frozenset(stop_token_ids),
            constraint=constraint,
            cancel=cancel,
        )
        return run.tokens()

    def _prefill_chunks(self, revision: int, cancel: Event | None) -> Iterator[tuple[int, int]]:
        """As `prefill`; leaves the logits that follow in `_next_logits`. Raises ForwardCancelled."""
        self._check_unchanged(revision)
        end = len(self._token_ids)
        if self._next_logits is not None or end == 0:
            return
        if self._cache.length == end:
            # All is computed, but the logits that follow were not kept: compute the last token again.
            self.engine.prefixes.forget_last(self._sequence)
        self.last_prefill = self.engine.prefixes.extend(self._sequence)
        start = self._cache.length
        self.tokens_reused += start
        self._cache.reserve(end)
        pinned = self._sequence.num_pinned
        while self._cache.length < end:
            stop = pinned if self._cache.length < pinned else end
            count = min(self.engine.prefill_chunk, stop - self._cache.length)
            first, last = self._cache.length, self._cache.length + count
            is_last = last == end
            logits = self._forward(
                self._token_ids[first:last], num_logits=int(is_last), cancel=cancel
            )
            if is_last:
                self._next_logits = logits[0]
            yield self._cache.length - start, end - start
            self._check_unchanged(revision)

    def _check_unchanged(self, revision: int) -> None:
        if self._revision != revision:
            raise RuntimeError("the session was changed while it was computing")

    def _step(self, guesses: Sequence[int], cancel: Event | None) -> Tensor:
        """Compute the last id and, behind it, guessed ones.

        The guesses do not count as computed yet: a `commit` of one position makes the next of them count.

        Returns:
            (1 + guesses, V) fp32: what follows the last id, and what follows each guess.
        """
        start = self._cache.length
        began = time.perf_counter()
        token_ids = [self._token_ids[start], *guesses]
        logits = self._forward(token_ids, num_logits=len(token_ids), cancel=cancel)
        if logits.is_cuda:  # it was launched; what is sampled next waits for it anyway
            torch.cuda.synchronize(logits.device)
        self.engine.step_cost.record(len(token_ids), time.perf_counter() - began)
        self._cache.truncate(start + 1)
        self.tokens_forwarded -= len(guesses)  # until they turn out right
        self.tokens_guessed += len(guesses)
        return logits

    def _forward(
        self, token_ids: Sequence[int], *, num_logits: int, cancel: Event | None
    ) -> Tensor:
        """Compute ids behind what is computed. Returns fp32 logits (num_logits, V)."""
        decoder = self.engine.decoder
        ids = torch.tensor(token_ids, device=decoder.device)
        logits = decoder.forward(ids, self._cache, num_logits=num_logits, cancel=cancel)
        self.tokens_forwarded += len(token_ids)
        return logits


@dataclass(slots=True)
class _Run:
    """One generation under way: what `Session.generate` was asked for."""

    session: Session
    params: SamplingParams
    revision: int  # of the session when the generation was asked for
    limit: int  # ids that the session may have at the end
    reason_at_limit: FinishReason
    stop_token_ids: frozenset[int]
    constraint: TokenConstraint | None
    cancel: Event | None

    def tokens(self) -> Iterator[GeneratedToken]:
        session = self.session
        try:
            for _ in session._prefill_chunks(self.revision, self.cancel):
                pass
            assert session._next_logits is not None, "a prefill leaves the logits that follow"
            seen = self._seen_tokens()
            rows, session._next_logits = session._next_logits[None], None
            guesses: list[int] = []
            while True:
                for token in self._sampled(rows, guesses, seen):
                    is_last = session.finish_reason is not None
                    yield token
                    if is_last:
                        return
                    session._check_unchanged(self.revision)
                guesses = self._guesses()
                rows = session._step(guesses, self.cancel)
        except ForwardCancelled:
            session.finish_reason = "cancelled"

    def _sampled(
        self, rows: Tensor, guesses: Sequence[int], seen: Tensor | None
    ) -> Iterator[GeneratedToken]:
        """Sample as far as the guesses are right, and once beyond.

        Args:
            rows: (1 + guesses, V), as `_step` returns them.
            guesses: the ids in the places of the first tokens to sample.
            seen: as in `sample`; updated.
        """
        session = self.session
        for number, logits in enumerate(rows):
            if self.cancel is not None and self.cancel.is_set():
                raise ForwardCancelled
            token = self._next_token(logits, seen)
            if session._drafter is not None:
                session._drafter.learn(number, token.token_id)
            is_right = number < len(guesses) and guesses[number] == token.token_id
            if is_right:
                session._cache.commit(1)
                session.tokens_forwarded += 1
                session.guesses_right += 1
            session.finish_reason = self._reason_to_finish(token.token_id)
            yield token
            if not is_right:
                return

    def _guesses(self) -> list[int]:
        session = self.session
        engine = session.engine
        limit = min(MAX_FEW_ROWS, self.limit - len(session.token_ids)) - 1
        if not engine.drafting or limit < 1:
            return []
        if session._drafter is None:
            session._drafter = Drafter(engine.step_cost, session._history)
        forced: Sequence[int] = ()
        if isinstance(self.constraint, ForcingConstraint):
            forced = self.constraint.forced_tokens()
        return session._drafter.guess(session.token_ids, forced, self.stop_token_ids, limit)

    def _reason_to_finish(self, token_id: int) -> FinishReason | None:
        if token_id in self.stop_token_ids:
            return "stop"
        return self.reason_at_limit if len(self.session.token_ids) == self.limit else None

    def _next_token(self, logits: Tensor, seen: Tensor | None) -> GeneratedToken:
        """Sample, and make it part of the sequence."""
        position = len(self.session.token_ids)
        allowed = None if self.constraint is None else self.constraint.allowed_tokens()
        token_id = sample(logits, self.params, position=position, allowed=allowed, seen=seen)
        if self.constraint is not None:
            self.constraint.accept(token_id)
        self.session._token_ids.append(token_id)
        if seen is not None:
            seen[token_id] = True
        if self.params.logprobs is None:
            return GeneratedToken(token_id)
        return GeneratedToken(token_id, *logprobs_of(logits, token_id, self.params.logprobs))

    def _seen_tokens(self) -> Tensor | None:
        """(V,) bool of the ids so far, for the repetition penalty; None when it is off."""
        if self.params.repetition_penalty == 1.0:
            return None
        session = self.session
        seen = torch.zeros(
            session.engine.config.vocab_size,
            dtype=torch.bool,
            device=session.engine.decoder.device,
        )
        seen[torch.tensor(session.token_ids)] = True
        return seen

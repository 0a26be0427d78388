"""Grammars that say which token may come next: Lark text, JSON Schema, or both in one, matched by llguidance.

The text that a grammar describes is ordinary text: a control token is allowed only where the grammar names its id, as
`<[151338]>`, or where the matcher was given it as a stop token. JSON is written as `json.dumps(…,
ensure_ascii=False)` writes it, `", "` and `": "` and one spelling for each string, so that most of a call is forced
and what a schema says about a key cannot be dodged by spelling the key another way.

Source: llguidance, docs/syntax.md.
"""

import re
from collections.abc import Iterable
from typing import Self

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from glm_engine.errors import GrammarError
from glm_engine.json_grammar import JSONSchema, json_rule
from glm_engine.tokenizer import Tokenizer

# What llguidance puts behind a message: its state, or the grammar's text.
_DETAILS = re.compile(r"\n(?:<state>|\s*\d+ \| )")


class GrammarCompiler:
    """Compiles grammars for one vocabulary.

    Building it reads the whole vocabulary (about 0.6 s for 150,000 tokens): keep one per tokenizer. A compiled
    grammar takes about a millisecond.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._vocab_size = tokenizer.vocab_size
        # One id more than the vocabulary has: llguidance's own end of text, so that every real id is the grammar's.
        self._vocabulary = LLTokenizer(
            TokenizerWrapper(_Vocabulary(tokenizer)), n_vocab=self._vocab_size + 1
        )

    def lark(self, grammar: str, *, stop_token_ids: Iterable[int] = ()) -> "Matcher":
        """Returns a matcher for a grammar in llguidance's Lark dialect.

        Args:
            grammar: the text; see `json_rule` and `literal` for its parts.
            stop_token_ids: what may follow the finished text.

        Raises:
            GrammarError: the grammar is malformed or too large.
        """
        stops = frozenset(stop_token_ids)
        if stops and not 0 <= min(stops) <= max(stops) < self._vocab_size:
            raise GrammarError(f"A stop token of {sorted(stops)} is outside the vocabulary.")
        matcher = LLMatcher(self._vocabulary, LLMatcher.grammar_from_lark(grammar), log_level=0)
        _raise_error(matcher)
        return Matcher(matcher, stops, self._vocab_size)

    def json_schema(self, schema: JSONSchema, *, stop_token_ids: Iterable[int] = ()) -> "Matcher":
        """Returns a matcher for JSON texts that a schema allows; keywords that it cannot enforce are left out.

        Raises:
            GrammarError: the schema is malformed, allows nothing, or is too large.
        """
        return self.lark(f"start: {json_rule(schema)}", stop_token_ids=stop_token_ids)


class Matcher:
    """A place in a grammar: knows what may come next, and moves on with each token.

    Implements `glm_engine.constraint.TokenConstraint`.
    """

    def __init__(self, matcher: LLMatcher, stop_token_ids: frozenset[int], vocab_size: int) -> None:
        self._matcher = matcher
        self._stop_token_ids = stop_token_ids
        self._vocab_size = vocab_size
        self._stopped = False

    @property
    def is_complete(self) -> bool:
        """Whether the text so far is a whole sentence of the grammar: it may end here."""
        return bool(self._matcher.is_accepting())

    @property
    def is_stopped(self) -> bool:
        """Whether nothing can follow: a stop token was accepted, or the grammar is at its end."""
        return self._stopped or bool(self._matcher.is_stopped())

    def allowed_tokens(self) -> NDArray[np.int32]:
        """Returns a new mask of packed bits, ceil(V / 32) words, lowest bit first; the caller's to change.

        Nothing is allowed when the text is finished and there are no stop tokens.

        Raises:
            GrammarError: the grammar became too complex at this place.
        """
        words = -(-self._vocab_size // 32)
        if self._stopped:
            return np.zeros(words, dtype=np.int32)
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype="<i4")
        _raise_error(self._matcher)
        mask = bits[:words].astype(np.int32)
        if self._vocab_size % 32:  # the bit behind the vocabulary: llguidance's end of text
            mask[-1] &= (1 << self._vocab_size % 32) - 1
        if self.is_complete:
            for token_id in self._stop_token_ids:
                allow_token(mask, token_id)
        return mask

    def accept(self, token_id: int) -> None:
        """Moves on by one token.

        Raises:
            GrammarError: the token is not allowed, and the matcher is where it was; or the grammar became too
                complex, and the matcher is of no more use.
        """
        if token_id in self._stop_token_ids and self.is_complete and not self._stopped:
            self._stopped = True
            return
        outside = self._stopped or not 0 <= token_id < self._vocab_size
        if outside or self._matcher.validate_tokens([token_id]) != 1:
            _raise_error(self._matcher)
            raise GrammarError(f"Token {token_id} is not allowed at this place.")
        self._matcher.consume_token(token_id)
        _raise_error(self._matcher)

    def forced_tokens(self) -> list[int]:
        """Returns the ids that must come next whatever the model thinks; often none.

        They are spelt as the tokenizer would spell the text, and stop where a longer token could take over.
        """
        if self._stopped:
            return []
        forced: list[int] = self._matcher.compute_ff_tokens()
        return forced

    def rollback(self, num_tokens: int) -> None:
        """Takes back the last tokens.

        Raises:
            GrammarError: fewer were accepted.
        """
        if num_tokens and self._stopped:
            self._stopped = False
            num_tokens -= 1
        if num_tokens and not self._matcher.rollback(num_tokens):
            raise GrammarError(f"Cannot take back {num_tokens} tokens.")

    def copy(self) -> Self:
        """Returns an independent matcher at the same place."""
        twin = type(self)(self._matcher.deep_copy(), self._stop_token_ids, self._vocab_size)
        twin._stopped = self._stopped
        return twin


def ordinary_tokens(tokenizer: Tokenizer) -> NDArray[np.int32]:
    """Returns a new mask that allows every token with a text: no control tokens, no padding."""
    ordinary = [bool(tokenizer.token_bytes(index)) for index in range(tokenizer.vocab_size)]
    ordinary += [False] * (-len(ordinary) % 32)
    return np.packbits(ordinary, bitorder="little").view("<i4").astype(np.int32)


def allow_token(mask: NDArray[np.int32], token_id: int) -> None:
    """Sets a token's bit in a mask, in place."""
    mask.view(np.uint32)[token_id // 32] |= np.uint32(1 << token_id % 32)


def _raise_error(matcher: LLMatcher) -> None:
    if not matcher.is_error():
        return
    problem = _DETAILS.split(matcher.get_error(), maxsplit=1)[0]
    problem = problem.removeprefix("at 1(8): failed to compile JSON schema: ").strip()
    if problem.isalpha():  # the bare name of a stop reason
        problem = f"no text can match ({problem})"
    raise GrammarError(problem)


class _Vocabulary:
    """What `llguidance.TokenizerWrapper` asks of a tokenizer."""

    bos_token_id = None

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.eos_token_id = tokenizer.vocab_size
        self.tokens = [tokenizer.token_bytes(index) for index in range(tokenizer.vocab_size)]
        for name, token_id in tokenizer.special_tokens.items():
            self.tokens[token_id] = name.encode()
        self.tokens.append(b"<end>")
        self.special_token_ids = [*tokenizer.special_tokens.values(), self.eos_token_id]

    def __call__(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, continues=True)

"""Fixtures of the engine's tests."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import tokenizers

from glm_engine.errors import GrammarError
from glm_engine.grammar import GrammarCompiler, Matcher
from glm_engine.tokenizer import GLM4_SPECIAL_TOKENS
from glm_engine.vocabularies import GLM4_PATTERN, ByteLevelTokenizer

TEXTS = (
    "The user asks what the weather is like in the city, and the assistant calls a tool.",
    '{"city": "Beijing", "unit": "celsius", "days": 3, "hourly": true, "note": null}',
    "get_weather\n",
    "用户询问北京今天的天气，助手调用工具。",
    "def add(a, b):\n    return a + b\n\nprint(add(1, 2))\n",
    "<|user|>\n<|observation|>\n",
)


@pytest.fixture(scope="session")
def small_description() -> dict[str, Any]:
    """The `tokenizer.json` of a byte-level vocabulary with merges, and GLM-4's control tokens behind them."""
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Split(tokenizers.Regex(GLM4_PATTERN), "isolated"),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    model.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=480,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    model.train_from_iterator(TEXTS * 2, trainer)
    model.add_special_tokens(list(GLM4_SPECIAL_TOKENS))
    description: dict[str, Any] = json.loads(model.to_str())
    return description


@pytest.fixture(scope="session")
def small_tokenizer(small_description: dict[str, Any]) -> ByteLevelTokenizer:
    """Some 500 tokens, padded to 512 rows."""
    return ByteLevelTokenizer(small_description, vocab_size=512)


@pytest.fixture(scope="session")
def compiler(small_tokenizer: ByteLevelTokenizer) -> GrammarCompiler:
    return GrammarCompiler(small_tokenizer)


@pytest.fixture(scope="session")
def accepts(small_tokenizer: ByteLevelTokenizer) -> Callable[[Matcher, str], bool]:
    """Tells whether a whole text is a sentence of a matcher's grammar; the matcher is used up."""

    def accepts(matcher: Matcher, text: str) -> bool:
        for token_id in small_tokenizer.encode(text, continues=True):
            try:
                matcher.accept(token_id)
            except GrammarError:
                return False
        return matcher.is_complete

    return accepts

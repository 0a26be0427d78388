"""Fixtures of the engine's tests."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from glm_engine.errors import GrammarError
from glm_engine.grammar import GrammarCompiler, Matcher
from glm_engine.kernels.build import build_library, find_compiler, library_key
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


@pytest.fixture(scope="session")
def sanitizer_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Python loads kernels with AddressSanitizer and UndefinedBehaviorSanitizer."""
    compiler = find_compiler()
    assert compiler is not None, "the tests need a C++ compiler"
    runtime = subprocess.run(
        [compiler.path, "-print-file-name=libasan.so"], capture_output=True, encoding="utf-8"
    ).stdout.strip()
    if not Path(runtime).is_absolute():
        pytest.skip(f"{compiler.path} has no AddressSanitizer run-time library to preload")
    cache = tmp_path_factory.mktemp("sanitized")
    folder = cache / "glm-agent" / "kernels"
    folder.mkdir(parents=True, mode=0o700)
    build_library(folder / f"{library_key(compiler)}.so", compiler, sanitize=True)
    return os.environ | {
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
        "XDG_CACHE_HOME": str(cache),
    }

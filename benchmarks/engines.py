"""The engines under measurement: ours, and transformers. llama.cpp is in llama_cpp_peer.py."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

import torch
import transformers
from torch import Tensor

from glm_engine.config import ModelConfig
from glm_engine.kv_cache import KVCache
from glm_engine.memory_plan import PlannedFormat
from glm_engine.model import Decoder
from glm_engine.testing import random_weights


@dataclass(frozen=True, slots=True)
class Workload:
    """One step: `rows` tokens behind `context` cached ones.

    Attributes:
        name: in the table.
        context: tokens that are cached.
        rows: tokens that are computed.
        all_logits: whether logits of every token are needed, as when drafts are checked.
    """

    name: str
    context: int
    rows: int
    all_logits: bool = False


class Subject(Protocol):
    """An engine under measurement. `head_s` of a number of rows is part of every step and not scaled."""

    name: str
    longest: int

    def step(self, context: int, rows: int, all_logits: bool) -> float:
        """Seconds of one step; the cache is as before afterwards."""
        ...

    def head_s(self, rows: int) -> float: ...


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass through the network.

    Attributes:
        token_ids: (T,) that were computed.
        position: of the first of them.
        num_logits: how many of the last needed logits.
        started: by `time.perf_counter`.
        ended: likewise.
    """

    token_ids: Tensor
    position: int
    num_logits: int
    started: float
    ended: float

    @property
    def rows(self) -> int:
        return len(self.token_ids)

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class TimedDecoder(Decoder):
    """The network, and when each of its passes began and ended: two looks at the clock, and no profiler.

    Attributes:
        passes: those since it was last cleared.
    """

    passes: list[Pass]

    def forward(
        self,
        token_ids: Tensor,
        cache: KVCache,
        *,
        num_logits: int = 1,
        cancel: Event | None = None,
    ) -> Tensor:
        position, started = cache.length, time.perf_counter()
        logits = super().forward(token_ids, cache, num_logits=num_logits, cancel=cancel)
        ended = time.perf_counter()
        self.passes.append(Pass(token_ids, position, num_logits, started, ended))
        return logits


class Ours:
    """The engine of this project in one weight format.

    Attributes:
        decoder: its network.
        bytes_per_token: of weights that a step reads: matrices with their scales.
        head_bytes: how many of them are the head's.
    """

    def __init__(self, config: ModelConfig, weight_format: PlannedFormat, longest: int) -> None:
        self.name = f"ours {weight_format}"
        self.longest = longest
        weights = random_weights(config, weight_format)
        # Not packed: a model of 2 GiB and more is not when it is loaded.
        self.decoder = TimedDecoder(config, weights)
        self.decoder.passes = []
        head = "embedding" if config.tied_embeddings else "head"
        self.head_bytes = weights[head].nbytes
        self.bytes_per_token = self.head_bytes + sum(
            weight.nbytes for name, weight in weights.items() if name not in ("embedding", head)
        )
        self._cache = self.decoder.new_cache(longest)
        _fill(self._cache, config, longest)

    def step(self, context: int, rows: int, all_logits: bool) -> float:
        self._cache.length = context  # what is behind it is random, but there
        ids = torch.randint(0, self.decoder.config.vocab_size, (rows,))
        start = time.perf_counter()
        logits = self.decoder.forward(ids, self._cache, num_logits=rows if all_logits else 1)
        logits[-1].argmax()
        return time.perf_counter() - start

    def forward_s(self, token_ids: Tensor, context: int, num_logits: int) -> float:
        """Seconds of a pass of these ids alone."""
        self._cache.length = context
        self.decoder.forward(token_ids, self._cache, num_logits=num_logits)
        return self.decoder.passes[-1].seconds

    def head_s(self, rows: int) -> float:
        x = torch.randn(rows, self.decoder.config.hidden_size).bfloat16()
        return _median_s(lambda: self.decoder.head(x), 5)


class Transformers:
    """transformers' GlmForCausalLM in bf16, with a DynamicCache."""

    name = "transformers bf16"

    def __init__(self, config: ModelConfig, longest: int) -> None:
        self.longest = longest
        settings = transformers.GlmConfig(
            num_hidden_layers=config.num_layers,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_attention_heads=config.num_heads,
            num_key_value_heads=config.num_kv_heads,
            head_dim=config.head_dim,
            vocab_size=config.vocab_size,
            max_position_embeddings=config.context_length,
            attention_bias=True,
            eos_token_id=None,
            pad_token_id=0,
        )
        with torch.device("meta"):
            model = transformers.GlmForCausalLM(settings)
        loaded: Any = model.bfloat16().to_empty(device="cpu")
        self._model: Any = loaded.eval()
        for parameter in self._model.parameters():
            torch.nn.init.uniform_(parameter, -0.02, 0.02)
        rotary = self._model.model.rotary_emb  # made on "meta": its frequencies are not there
        self._model.model.rotary_emb = type(rotary)(settings)
        self._settings, self._config = settings, config
        shape = (1, config.num_kv_heads, longest, config.head_dim)
        self._keys = torch.randn(shape).bfloat16()

    @torch.inference_mode()
    def step(self, context: int, rows: int, all_logits: bool) -> float:
        cache = transformers.DynamicCache(config=self._settings)
        for layer in range(self._config.num_layers):
            cached = self._keys[:, :, :context]
            cache.update(cached.clone(), cached.clone(), layer)
        ids = torch.randint(0, self._config.vocab_size, (1, rows))
        start = time.perf_counter()
        output = self._model(ids, past_key_values=cache, logits_to_keep=0 if all_logits else 1)
        output.logits[0, -1].argmax()
        return time.perf_counter() - start

    @torch.inference_mode()
    def head_s(self, rows: int) -> float:
        x = torch.randn(rows, self._config.hidden_size).bfloat16()
        return _median_s(lambda: self._model.lm_head(x), 3)


def _fill(cache: KVCache, config: ModelConfig, num_positions: int) -> None:
    for start in range(0, num_positions, 1024):
        count = min(1024, num_positions - start)
        keys = torch.randn(count, config.num_kv_heads, config.head_dim).bfloat16()
        for layer in range(config.num_layers):
            cache.append(layer, keys, keys)
        cache.commit(count)


def _median_s(action: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def at_full_depth(taken: float, head: float, factor: float) -> float:
    """Seconds of all layers, of what some of them and the head took.

    Raises:
        SystemExit: the head alone took as long: other programs were in the way, and the result would mean nothing.
    """
    if factor == 1:
        return taken
    if head >= taken:
        sys.exit(
            f"The head alone took {1e3 * head:.0f} ms, a whole step {1e3 * taken:.0f} ms: the machine is too busy to measure."
            " Stop other programs and try again."
        )
    return head + (taken - head) * factor

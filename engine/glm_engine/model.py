"""The decoder of the GLM family, readable from top to bottom.

One network serves GLM-4-9B-Chat, ChatGLM2-6B, ChatGLM3-6B, GLM-4-0414 (two more norms) and small models of the same
arithmetic: RMSNorm before attention and before a SwiGLU network, one fused projection for queries, keys and values,
grouped-query attention, and rotary positions on adjacent pairs of the first dimensions of each head.

Shapes: T tokens of one sequence, H query heads, Hkv key heads, D head width.

Source: the published configurations of THUDM/glm-4-9b-chat and THUDM/chatglm2-6b; equal to
`transformers.GlmForCausalLM` and `Glm4ForCausalLM`, which the tests check.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_engine.accelerator import ExpandingLinear
from glm_engine.activations import Activations, TorchActivations, choose_activations
from glm_engine.attention import Attention, TorchAttention, choose_attention
from glm_engine.config import ModelConfig
from glm_engine.kv_cache import KVCache, KVFormat, Placed, layer_formats
from glm_engine.linear import DenseLinear, Linear, PackedLinear, can_pack
from glm_engine.quantization import QuantizedLinear, QuantizedMatrix
from glm_engine.step_graphs import STEP_ROWS, Capture, StepGraphs, StepInputs, default_capture

_ROTARY_BLOCK = 4096  # positions computed at a time; a fixed block, so that a position's bits never depend on the length


class ForwardCancelled(Exception):
    """Raised out of a forward pass when its `cancel` is set. Cache and counters are as before the pass."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one transformer block.

    Attributes:
        attention_norm: (hidden,), before attention.
        qkv: rows are all query heads, then all key heads, then all value heads.
        attention_output: from (H * D) back to hidden.
        mlp_norm: (hidden,), before the feed-forward network.
        gate_up: rows are the gate, then the up projection.
        down: from intermediate back to hidden.
        attention_post_norm: (hidden,), on what attention adds; GLM-4-0414 only.
        mlp_post_norm: (hidden,), on what the feed-forward network adds; GLM-4-0414 only.
    """

    attention_norm: Tensor
    qkv: Linear
    attention_output: Linear
    mlp_norm: Tensor
    gate_up: Linear
    down: Linear
    attention_post_norm: Tensor | None
    mlp_post_norm: Tensor | None


def parameter_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name to shape of every tensor that `Decoder` takes; the names are the engine's own."""
    hidden, intermediate = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {"embedding": (config.vocab_size, hidden)}
    for index in range(config.num_layers):
        layer: dict[str, tuple[int, ...]] = {
            "attention_norm": (hidden,),
            "qkv.weight": (config.qkv_rows, hidden),
            "attention_output.weight": (hidden, config.num_heads * config.head_dim),
            "mlp_norm": (hidden,),
            "gate_up.weight": (2 * intermediate, hidden),
            "down.weight": (hidden, intermediate),
        }
        if config.qkv_bias:
            layer["qkv.bias"] = (config.qkv_rows,)
        if config.sandwich_norms:
            layer |= {"attention_post_norm": (hidden,), "mlp_post_norm": (hidden,)}
        shapes |= {f"layers.{index}.{name}": shape for name, shape in layer.items()}
    shapes["final_norm"] = (hidden,)
    if not config.tied_embeddings:
        shapes["head"] = (config.vocab_size, hidden)
    return shapes


class RotaryTable:
    """Rotation of every position as a complex factor per pair of dimensions, computed in fp32 on demand.

    Source: RoFormer, arXiv 2104.09864, section 3.4.2; pairs are adjacent dimensions, as in the paper.
    """

    def __init__(self, config: ModelConfig, device: torch.device) -> None:
        exponents = torch.arange(0, config.rotary_dim, 2, dtype=torch.float32, device=device)
        self._frequencies = 1.0 / config.rope_theta ** (exponents / config.rotary_dim)
        self._divisor = config.position_divisor
        self._factors = torch.empty(0, config.rotary_dim // 2, dtype=torch.complex64, device=device)

    def rows(self, start: int, stop: int) -> Tensor:
        """(stop - start, 1, rotary_dim / 2) complex64, a view: the factors of positions `start` to `stop`."""
        factors = self._factors  # read once: another thread may put a shorter one in its place
        blocks = [factors]
        for first in range(factors.shape[0], stop, _ROTARY_BLOCK):
            positions = torch.arange(
                first, first + _ROTARY_BLOCK, dtype=torch.float32, device=factors.device
            )
            angles = torch.outer(positions / self._divisor, self._frequencies)
            blocks.append(torch.complex(angles.cos(), angles.sin()))
        if len(blocks) > 1:
            self._factors = factors = torch.cat(blocks)
        return factors[start:stop, None]


def rotary_bytes(config: ModelConfig, num_positions: int) -> int:
    """What a `RotaryTable` of so many positions takes at most: twice its size, in the moment in which it grows."""
    blocks = -(-num_positions // _ROTARY_BLOCK)
    return (2 * blocks - 1) * _ROTARY_BLOCK * (config.rotary_dim // 2) * torch.complex64.itemsize


class Decoder:
    """The network. Holds weights and no sequence: a forward pass reads and extends the cache it is given.

    Args:
        config: the numbers of the network.
        parameters: name to tensor, named and shaped as `parameter_shapes` says, on one device. The embedding, biases
            and matrices have the compute dtype, norms are fp32 whatever it is; a matrix may be a quantised one, and
            then the compute dtype is bf16. They are kept, not copied.
        pack: copy the matrices into the order that the processor reads them fastest, where it has one.
        kv_format: how caches keep keys and values.
        capture: how passes of few tokens are captured, by default as it is done on the device. Where they are, all is
            computed by torch's operators.

    Attributes:
        config: as given.
        attention: how queries read the cache.
        steps: runs passes of at most `STEP_ROWS` tokens where they are captured; None elsewhere.
        kv_formats: how caches keep each layer.
        tokens_forwarded: tokens that went through the network since it was made; what the caches saved is not in it.
    """

    def __init__(
        self,
        config: ModelConfig,
        parameters: Mapping[str, Tensor | QuantizedMatrix],
        *,
        pack: bool = False,
        kv_format: KVFormat = "auto",
        capture: Capture | None = None,
    ) -> None:
        self.config = config
        self.tokens_forwarded = 0
        tensors = {name: p for name, p in parameters.items() if isinstance(p, Tensor)}
        self.embedding = tensors["embedding"]  # (V, hidden)
        capture = capture or default_capture(self.device)
        self.steps = capture and StepGraphs(config.rotary_dim, self.device, capture)
        is_native = self.device.type == "cpu" and self.steps is None
        is_packed = pack and is_native and can_pack(self.dtype, self.device)

        def linear(weight: str, bias: str | None = None) -> Linear:
            matrix, offset = parameters[weight], tensors.get(bias or "")
            if not isinstance(matrix, Tensor):
                kind = QuantizedLinear if is_native else ExpandingLinear
                return kind(matrix, offset)
            return PackedLinear(matrix, offset) if is_packed else DenseLinear(matrix, offset)

        self.layers = [
            Layer(
                attention_norm=tensors[f"layers.{n}.attention_norm"],
                qkv=linear(f"layers.{n}.qkv.weight", f"layers.{n}.qkv.bias"),
                attention_output=linear(f"layers.{n}.attention_output.weight"),
                mlp_norm=tensors[f"layers.{n}.mlp_norm"],
                gate_up=linear(f"layers.{n}.gate_up.weight"),
                down=linear(f"layers.{n}.down.weight"),
                attention_post_norm=tensors.get(f"layers.{n}.attention_post_norm"),
                mlp_post_norm=tensors.get(f"layers.{n}.mlp_post_norm"),
            )
            for n in range(config.num_layers)
        ]
        self.final_norm = tensors["final_norm"]
        self.head = linear("embedding" if config.tied_embeddings else "head")
        self.rotary = RotaryTable(config, self.device)
        self.attention: Attention = TorchAttention()
        self._between: Activations = TorchActivations(self.dtype, config.rms_norm_eps)
        if is_native:
            self.attention = choose_attention(self.dtype, config.head_dim, self.device)
            self._between = choose_activations(self.dtype, config.rms_norm_eps, self.device)
        biases = [tensors.get(f"layers.{n}.qkv.bias") for n in range(config.num_layers)]
        self.kv_formats = layer_formats(config, kv_format, biases)

    @property
    def device(self) -> torch.device:
        return self.embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.embedding.dtype

    def new_cache(self, max_length: int) -> KVCache:
        """An empty cache for a sequence of at most `max_length` tokens."""
        return KVCache(
            self.config,
            dtype=self.dtype,
            device=self.device,
            max_length=max_length,
            formats=self.kv_formats,
        )

    @torch.inference_mode()
    def forward(
        self,
        token_ids: Tensor,
        cache: KVCache,
        *,
        num_logits: int = 1,
        cancel: Event | None = None,
    ) -> Tensor:
        """Compute the next T positions of a sequence.

        Args:
            token_ids: (T,) int64, T >= 1; they follow the positions in `cache`.
            cache: of this sequence; T positions are appended and committed.
            num_logits: how many of the last positions need logits. A chunk in the middle of a prompt needs none, and
                logits of a whole prompt would be 300 KB to 600 KB a token.
            cancel: looked at before each layer, or once where few tokens are one captured step.

        Returns:
            (num_logits, V) fp32.

        Raises:
            ForwardCancelled: `cancel` was set.
            ValueError: the cache cannot hold T more positions.
        """
        num_tokens = token_ids.shape[0]
        start, stop = cache.length, cache.length + num_tokens
        if self.steps is not None and num_tokens <= STEP_ROWS:
            if cancel is not None and cancel.is_set():
                raise ForwardCancelled
            rotation = self.rotary.rows(start, start + STEP_ROWS)
            logits = self.steps.run(self.step, token_ids, rotation, cache, num_logits=num_logits)
        else:
            cache.reserve(stop)
            rotation = self.rotary.rows(start, stop)
            logits = self._logits(token_ids, rotation, cache, num_logits, cancel).float()
        cache.commit(num_tokens)
        self.tokens_forwarded += num_tokens
        return logits

    def step(self, inputs: StepInputs, cache: KVCache, num_positions: int) -> Tensor:
        """A pass of `STEP_ROWS` tokens that can be captured: it reads no number that may differ the next time.

        Args:
            inputs: what does differ.
            cache: of the sequence, with room for `num_positions`; written to, not committed.
            num_positions: that attention reads, at least the first position of the step and `STEP_ROWS`. All of them
                must hold finite numbers.

        Returns:
            (STEP_ROWS, V), compute dtype.
        """
        positions = inputs.start + torch.arange(STEP_ROWS, device=self.device)
        is_future = torch.arange(num_positions, device=self.device) > positions[:, None]  # (T, S)
        mask = torch.zeros_like(is_future, dtype=self.dtype).masked_fill_(is_future, -torch.inf)
        group_size = self.config.num_heads // self.config.num_kv_heads
        placed = cache.span(positions, num_positions, mask.repeat_interleave(group_size, 0))
        return self._logits(inputs.token_ids, inputs.rotation, placed, STEP_ROWS)

    def _logits(
        self,
        token_ids: Tensor,
        rotation: Tensor,
        placed: Placed,
        num_logits: int,
        cancel: Event | None = None,
    ) -> Tensor:
        """The network. Returns (num_logits, V), compute dtype."""
        hidden = F.embedding(
            token_ids, self.embedding
        ).float()  # (T, hidden); the residual stream is fp32
        added: Tensor | None = None  # what the layer before adds to the residual stream
        for index, layer in enumerate(self.layers):
            if cancel is not None and cancel.is_set():
                raise ForwardCancelled
            x = self._between.add_norm(hidden, added, layer.attention_norm)
            added = self._attention(index, layer, x, rotation, placed)
            x = self._between.add_norm(hidden, added, layer.mlp_norm)
            added = self._mlp(layer, x)
        first = token_ids.shape[0] - num_logits
        added = added[first:] if added is not None else None
        return self.head(self._between.add_norm(hidden[first:], added, self.final_norm))

    def _attention(
        self,
        index: int,
        layer: Layer,
        x: Tensor,
        rotation: Tensor,
        placed: Placed,
    ) -> Tensor:
        """(T, hidden): what attention adds, for `x` (T, hidden), normed."""
        config = self.config
        num_rotated = config.num_heads + config.num_kv_heads
        qkv = layer.qkv(x).view(x.shape[0], -1, config.head_dim)  # (T, H + 2 Hkv, D)
        self._between.rotate_(qkv[:, :num_rotated, : config.rotary_dim], rotation)
        cached = placed.append(index, qkv[:, config.num_heads : num_rotated], qkv[:, num_rotated:])
        output = layer.attention_output(self.attention(qkv[:, : config.num_heads], cached))
        return self._post_norm(output, layer.attention_post_norm)

    def _mlp(self, layer: Layer, x: Tensor) -> Tensor:
        """(T, hidden): what the feed-forward network adds, for `x` (T, hidden), normed."""
        output = layer.down(self._between.swiglu(layer.gate_up(x)))
        return self._post_norm(output, layer.mlp_post_norm)

    def _post_norm(self, output: Tensor, weight: Tensor | None) -> Tensor:
        return output if weight is None else self._between.add_norm(output.float(), None, weight)

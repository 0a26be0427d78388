"""The engine: a network ready to run, and how it comes from a checkpoint. Its sessions generate.

Sessions of one engine share its network, and what they have computed (`glm_engine.prefix`).
"""

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from glm_engine import kernels
from glm_engine.accelerator import find_device, to_device
from glm_engine.checkpoint import load_parameters, open_checkpoint
from glm_engine.config import ModelConfig
from glm_engine.draft import StepCost
from glm_engine.kv_cache import KVFormat, check_kv_format
from glm_engine.linear import MAX_PACKED_BYTES
from glm_engine.model import Decoder
from glm_engine.prefix import CachedSequence, PrefixPool
from glm_engine.quantization import QuantizedMatrix
from glm_engine.quantized_cache import default_cache_dir, load_quantized
from glm_engine.selfcheck import check_exactness
from glm_engine.session import FinishReason, GeneratedToken, Session
from glm_engine.snapshot import identity_of, read_snapshot

__all__ = ["Engine", "FinishReason", "GeneratedToken", "Session", "WeightFormat"]

_ALL_THREADS = torch.get_num_threads()
_USER_CHOSE_NO_THREADS = "OMP_NUM_THREADS" not in os.environ

WeightFormat = Literal[
    "auto",  # bfloat16 where the processor computes with it, float32 elsewhere
    "bfloat16",
    "float32",
    "int8",  # a scale for each row
    "int4",  # an integer scale for each 32 weights, and a scale for each 128
]


class Engine:
    """A network ready to run. Any number of sessions may share it.

    Args:
        decoder: the network.
        context_length: tokens that a session may hold; by default what the model was made for.
        prefill_chunk: prompt tokens computed at a time. Smaller chunks are cancelled sooner and need less memory.
        kept_prefix_bytes: memory for what sessions that are gone have computed, for others that begin with the same
            ids; 0 keeps nothing of them.
        drafting: guess at tokens and check several in one pass, where that changes no bit and as long as it pays.

    Attributes:
        decoder: as given.
        context_length: tokens that a session may hold.
        prefill_chunk: as given.
        exactness: which ways to compute the same give the same bits here.
        prefixes: what the sessions have computed.
        drafting: whether tokens are guessed.
        step_cost: of passes, as far as they were seen.
    """

    def __init__(
        self,
        decoder: Decoder,
        *,
        context_length: int | None = None,
        prefill_chunk: int = 512,
        kept_prefix_bytes: int = 256 << 20,
        drafting: bool = True,
    ) -> None:
        _check_lengths(decoder.config, context_length, prefill_chunk)
        self.decoder = decoder
        self.context_length = context_length or decoder.config.context_length
        self.prefill_chunk = prefill_chunk
        self.exactness = check_exactness(decoder)
        self.prefixes = PrefixPool(kept_prefix_bytes, shares_any=self.exactness == "any rows")
        self.drafting = drafting and self.exactness != "one row"
        self.step_cost = StepCost()

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        weight_format: WeightFormat = "auto",
        kv_format: KVFormat = "auto",
        device: str | torch.device = "cpu",
        context_length: int | None = None,
        prefill_chunk: int = 512,
        cache_dir: Path | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> "Engine":
        """An engine over the weights of a checkpoint.

        A small model whose products are torch's gets one thread unless OMP_NUM_THREADS says otherwise: its steps are
        too short to share. Beside any other load two of torch's threads wait for each other, 8 times longer than one
        takes (measured on 2 cores with the demo model); those of the native kernels do not wait.

        Args:
            path: a folder with `config.json` and weights, or a GGUF file.
            weight_format: how the matrices are held. Quantised ones are made once, which takes minutes for a large
                model, and mapped from then on.
            kv_format: how keys and values are held.
            device: where it computes: "cpu", or "cuda", on which nothing has been measured yet.
            context_length: as for `Engine`.
            prefill_chunk: as for `Engine`.
            cache_dir: where quantised weights are kept; by default in the user's cache folder.
            progress: called with bytes read so far and in all.

        Raises:
            CheckpointError: files are missing, damaged, or of a model that is not supported.
            ValueError: an unknown or refused format, a device that is not here, or an impossible context length.
        """
        device = find_device(device)
        dtype = _compute_dtype(weight_format)
        checkpoint = open_checkpoint(Path(path))
        # Before minutes of reading, not behind them.
        _check_lengths(checkpoint.config, context_length, prefill_chunk)
        check_kv_format(checkpoint.config, kv_format)
        parameters: Mapping[str, Tensor | QuantizedMatrix]
        if weight_format == "int8" or weight_format == "int4":
            cache_dir = cache_dir or default_cache_dir()
            parameters = load_quantized(checkpoint, weight_format, cache_dir, progress)
        else:
            parameters = load_parameters(checkpoint, dtype, progress)
        if device.type != "cpu":
            parameters = to_device(parameters, device)
        is_native = weight_format in ("int8", "int4") and kernels.available()
        is_small = checkpoint.stored_nbytes <= MAX_PACKED_BYTES and not is_native
        torch.set_num_threads(1 if is_small and _USER_CHOSE_NO_THREADS else _ALL_THREADS)
        decoder = Decoder(checkpoint.config, parameters, pack=is_small, kv_format=kv_format)
        return cls(decoder, context_length=context_length, prefill_chunk=prefill_chunk)

    @property
    def config(self) -> ModelConfig:
        return self.decoder.config

    @property
    def kernel_class(self) -> str:
        """What computes here, and what that promises: for people, and for the record of a run."""
        decoder = self.decoder
        matrices = type(decoder.layers[0].qkv).__name__
        steps = ", captured steps" if decoder.steps is not None else ""
        return (
            f"{str(decoder.dtype).removeprefix('torch.')} {matrices}, {decoder.attention.name} attention{steps};"
            f" same bits for {self.exactness}"
        )

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What keys and values depend on, by name. The first look costs a forward pass of 16 tokens."""
        return identity_of(self.decoder)

    def new_session(self) -> "Session":
        """An empty sequence."""
        return Session(self)

    def restore(self, path: Path, *, labels: Mapping[str, str] | None = None) -> "Session":
        """A new session with the ids of a saved one, and what was computed of them; its counters start at zero.

        Args:
            path: a file that `Session.save` wrote.
            labels: as they were given to it.

        Raises:
            SnapshotError: it is not there, cannot be read or is damaged.
            SnapshotMismatchError: another network, format or code computed it, or it has other labels.
            ContextLengthError: it has more ids than a session here may hold.
        """
        sequence = CachedSequence([], self.decoder.new_cache(self.context_length))
        identity = {**self.identity, **(labels or {})}
        read_snapshot(path, sequence, identity, self.decoder.embedding)
        return Session(self, sequence)


def _check_lengths(config: ModelConfig, context_length: int | None, prefill_chunk: int) -> None:
    limit = config.context_length
    if context_length is not None and not 1 <= context_length <= limit:
        raise ValueError(f"context_length is {context_length:,}; this model takes 1 to {limit:,}")
    if prefill_chunk < 1:
        raise ValueError(f"prefill_chunk is {prefill_chunk}; it must be above zero")


def _compute_dtype(weight_format: str) -> torch.dtype:
    if weight_format in ("float16", "fp16", "half"):
        raise ValueError(
            f"weight_format {weight_format!r} is refused: GLM-4's activations exceed the range of half"
            " precision, and the answer becomes '!!!!' or NaN. Use 'bfloat16' or 'float32'."
        )
    if weight_format not in get_args(WeightFormat):
        known = ", ".join(map(repr, get_args(WeightFormat)))
        raise ValueError(f"weight_format is {weight_format!r}; it must be one of {known}")
    if weight_format == "auto":
        return torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
    return torch.float32 if weight_format == "float32" else torch.bfloat16

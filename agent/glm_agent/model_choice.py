"""What of a model fits into this machine's memory, and which installed model is the best that does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from glm_agent.errors import ModelUnavailableError
from glm_engine.accelerator import find_device, free_memory_bytes
from glm_engine.checkpoint import Checkpoint, open_checkpoint
from glm_engine.config import ModelConfig
from glm_engine.errors import EngineError
from glm_engine.hub import installed_model
from glm_engine.memory_plan import (
    FORMATS,
    MemoryPlan,
    PlannedFormat,
    choose_plan,
    plan_memory,
)

GIB = 1 << 30
# `--model auto` takes the first of these that is installed and fits; the demo model is behind them.
BEST_FIRST = ("glm-4-9b-chat", "chatglm2-6b")
# A context that tools need: the format is the best one that has room for it, and then the context grows.
WANTED_CONTEXT = 8192
CONTEXTS = (131072, 65536, 32768, 16384, WANTED_CONTEXT)

# For plans of models that are not here; config.json of the published repositories.
_CHATGLM2_6B = ModelConfig(
    num_layers=28,
    hidden_size=4096,
    num_heads=32,
    num_kv_heads=2,
    head_dim=128,
    intermediate_size=13696,
    vocab_size=65024,
    context_length=32768,
    rms_norm_eps=1e-5,
    rope_theta=1e4,
    rotary_dim=64,
    eos_token_ids=(2,),
)
_GLM_4_9B_CHAT = replace(
    _CHATGLM2_6B,
    num_layers=40,
    vocab_size=151552,
    context_length=131072,
    rms_norm_eps=1.5625e-07,
    rope_theta=5e6,
    eos_token_ids=(151329, 151336, 151338),
)
PUBLISHED = {
    "glm-4-9b-chat": _GLM_4_9B_CHAT,
    "glm-4-9b-chat-1m": replace(
        _GLM_4_9B_CHAT, num_kv_heads=4, context_length=1048576, rope_theta=1e8
    ),
    "chatglm2-6b": _CHATGLM2_6B,
    "chatglm2-6b-32k": replace(_CHATGLM2_6B, position_divisor=16.0),
    "chatglm3-6b": replace(_CHATGLM2_6B, context_length=8192),
}


_PUBLISHED_IN_BF16 = ("glm-4-9b-chat", "glm-4-9b-chat-1m")  # the others in fp16


@dataclass(frozen=True, slots=True)
class Choice:
    """How a model is to be loaded.

    Attributes:
        name: of the model.
        path: its folder or file.
        plan: format, context and memory.
        note: one line with the reason, where it is not simply the model at its best; else empty.
    """

    name: str
    path: Path
    plan: MemoryPlan
    note: str


@dataclass(frozen=True, slots=True)
class Step:
    """One model that `auto` looks at.

    Attributes:
        name: of the model.
        choice: how it is to be loaded; None when it is not here or does not fit.
        reason: one line.
        is_installed: whether it is here.
    """

    name: str
    choice: Choice | None
    reason: str
    is_installed: bool = True


def available_memory_bytes(device: str = "cpu", *, group: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that can be had now: of the machine, and within the control group that limits us; or of an accelerator.

    Args:
        device: where a model is to compute.
        group: the folder of our control group (version 2); where it is not there, only the machine limits us.

    Raises:
        ModelUnavailableError: there is no such device.
    """
    try:
        found = find_device(device)
    except ValueError as error:
        raise ModelUnavailableError(f"No model can be loaded there: {error}") from error
    if found.type == "cuda":
        return free_memory_bytes(found)
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    available = int(fields["MemAvailable"].split()[0]) * 1024
    try:
        limit = (group / "memory.max").read_text(encoding="utf-8").strip()
        used = int((group / "memory.current").read_text(encoding="utf-8"))
        lines = (group / "memory.stat").read_text(encoding="utf-8").splitlines()
    except OSError:  # the root group, or none
        return available
    # What was read from files counts as used and is given up when it is wanted: weights that an earlier run mapped.
    counters = dict(line.split(" ", 1) for line in lines)
    used -= int(counters["active_file"]) + int(counters["inactive_file"])
    return available if limit == "max" else min(available, max(0, int(limit) - used))


def model_config(name: str, path: Path | None) -> ModelConfig:
    """The network of a model that is here, or the published one of that name.

    Raises:
        ModelUnavailableError: its files cannot be used, or it is not here and unknown.
    """
    if path is not None:
        return _opened(name, path).config
    if name not in PUBLISHED:
        raise ModelUnavailableError(
            f"The model {name!r} is not here, so its size is not known. Known without files: {', '.join(PUBLISHED)}."
        )
    return PUBLISHED[name]


def maps_embedding(name: str, path: Path | None) -> bool:
    """`Checkpoint.maps_embedding` of a model that is here, or of the published one of that name.

    Raises:
        ModelUnavailableError: its files cannot be used.
    """
    return name in _PUBLISHED_IN_BF16 if path is None else _opened(name, path).maps_embedding


def _opened(name: str, path: Path) -> Checkpoint:
    try:
        return open_checkpoint(path)
    except EngineError as error:
        raise ModelUnavailableError(
            f"The model {name!r} cannot be used. {error} A checkpoint is a folder with config.json, the tokenizer's "
            "files and *.safetensors or *.bin, or a GGUF file."
        ) from error


def fit(
    name: str,
    path: Path,
    context_length: int | None = None,
    *,
    available_bytes: int | None = None,
    device: str = "cpu",
) -> Choice:
    """How a model is to be loaded here: in the best format that fits with a usable context.

    Args:
        name: for people.
        path: of its files.
        context_length: tokens that the context must hold; when None, 8,192 or all that the model has decide the
            format, and the context is then as large as fits.
        available_bytes: memory that may be used; by default what is free now.
        device: where it is to compute, and whose memory counts.

    Raises:
        ModelUnavailableError: it cannot be used, or fits in no format; or there is no such device.
    """
    checkpoint = _opened(name, path)
    config, is_mapped = checkpoint.config, checkpoint.maps_embedding
    available = available_memory_bytes(device) if available_bytes is None else available_bytes
    is_elsewhere = not device.startswith("cpu")
    if context_length is not None and context_length > config.context_length:
        raise ModelUnavailableError(
            f"{name} holds {config.context_length:,} tokens, not {context_length:,} (context_length)."
        )
    wanted = context_length or min(WANTED_CONTEXT, config.context_length)
    choose = partial(
        choose_plan, config, available, maps_embedding=is_mapped, on_accelerator=is_elsewhere
    )
    plan = choose([wanted])
    if plan is None:
        least = min(
            plans(config, [wanted], maps_embedding=is_mapped),
            key=lambda each: each.needed_bytes(on_accelerator=is_elsewhere),
        )
        needed = gib(least.needed_bytes(on_accelerator=is_elsewhere))
        raise ModelUnavailableError(
            f"{name} does not fit: {needed} for a context of {wanted:,} tokens even in {least.weight_format}, "
            f"and {gib(available)} are free. Close something, or ask for another model."
        )
    if context_length is None:
        longer = [config.context_length, *(n for n in CONTEXTS if n < config.context_length)]
        plan = choose(longer, formats=[plan.weight_format]) or plan
    note = _note(name, checkpoint, plan, available, is_elsewhere=is_elsewhere)
    return Choice(name, path, plan, note)


def _note(
    name: str, checkpoint: Checkpoint, plan: MemoryPlan, available: int, *, is_elsewhere: bool
) -> str:
    config = checkpoint.config
    reasons = []
    if plan.weight_format != FORMATS[0]:
        best = plan_memory(
            config, FORMATS[0], plan.context_length, maps_embedding=checkpoint.maps_embedding
        )
        needed = gib(best.needed_bytes(on_accelerator=is_elsewhere))
        reasons.append(f"in {plan.weight_format} ({FORMATS[0]} needs {needed})")
    if plan.context_length < config.context_length:
        reasons.append(f"with a context of {plan.context_length:,} of {config.context_length:,}")
    return f"{name} {' and '.join(reasons)}: {gib(available)} are free." if reasons else ""


def best_installed(
    context_length: int | None = None,
    *,
    available_bytes: int | None = None,
    device: str = "cpu",
) -> Iterator[Step]:
    """The models of `BEST_FIRST` in order, each with how to load it or why not. Models that are not here say so."""
    for name in BEST_FIRST:
        path = installed_model(name)
        if path is None:
            reason = f"{name} is not installed: glm-agent models pull {name}"
            yield Step(name, None, reason, is_installed=False)
            continue
        try:
            choice = fit(name, path, context_length, available_bytes=available_bytes, device=device)
        except ModelUnavailableError as error:
            yield Step(name, None, str(error))
        else:
            yield Step(name, choice, choice.note or f"{name} is the best installed model that fits")


def plans(
    config: ModelConfig,
    contexts: Sequence[int],
    formats: Sequence[PlannedFormat] = FORMATS,
    *,
    maps_embedding: bool = False,
) -> list[MemoryPlan]:
    """A plan for each format and each of the contexts that the model has."""
    return [
        plan_memory(config, weight_format, context, maps_embedding=maps_embedding)
        for weight_format in formats
        for context in contexts
        if context <= config.context_length
    ]


def gib(size_bytes: int) -> str:
    """As people read it."""
    return f"{size_bytes / GIB:.1f} GiB"

"""The demo model as an ordinary checkpoint folder, made at the first start and kept."""

import dataclasses
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Literal

import safetensors

from glm_engine import kernels
from glm_engine.demo import fetch
from glm_engine.demo.fetch import Progress
from glm_engine.gguf_vocabulary import GGUFVocabulary, read_gguf_vocabulary, tokenizer_description

# Which control tokens of GLM-4 took the place of the base's own, id by id; their embeddings are the adapter's.
CONTROL_TOKENS = {
    0: "<|endoftext|>",
    3: "[MASK]",
    4: "[gMASK]",
    5: "[sMASK]",
    6: "<sop>",
    7: "<eop>",
    8: "<|system|>",
    9: "<|user|>",
    10: "<|assistant|>",
    11: "<|observation|>",
    12: "<|begin_of_image|>",
    13: "<|end_of_image|>",
    14: "<|begin_of_video|>",
    15: "<|end_of_video|>",
}

_MERGE_VERSION = 2  # to be raised when the same inputs give another checkpoint
_MARK = "glm_agent_demo"  # in config.json


def demo_checkpoint(cache_dir: Path | None = None, progress: Progress | None = None) -> Path:
    """Returns a checkpoint folder with `-hf` names in bf16 that `Engine.load` and `load_tokenizer` read.

    The first call fetches the base (93 MB) and merges the adapter into it (some seconds, 330 MB); later ones find the
    folder by a hash of what it was made from.

    Args:
        cache_dir: where both are kept; by default `glm-agent/demo` in the user's cache folder.
        progress: told of each step.

    Raises:
        DownloadError: the base cannot be fetched, or the folder cannot be written; says what to do.
    """
    folder = cache_dir or fetch.default_cache_dir()
    with resources.as_file(resources.files("glm_engine.demo") / "adapter.safetensors") as adapter:
        target = _target(folder, adapter)
        if _is_whole(target):
            return target
        base = fetch.demo_base(folder, progress)
        with fetch.locked(folder, "merge", progress):
            if not _is_whole(target):
                with fetch.scratch(folder, "merge") as temporary:
                    made = temporary / target.name
                    _write(made, base, adapter, progress)
                    fetch.publish(made, target)
    return target


def installed_demo_checkpoint(cache_dir: Path | None = None) -> Path | None:
    """Returns the folder that `demo_checkpoint` made before; None where it is not there. Nothing is fetched."""
    with resources.as_file(resources.files("glm_engine.demo") / "adapter.safetensors") as adapter:
        target = _target(cache_dir or fetch.default_cache_dir(), adapter)
    return target if _is_whole(target) else None


def _target(folder: Path, adapter: Path) -> Path:
    made_from = f"{fetch.GGUF_SHA256} {fetch.sha256(adapter)} {_MERGE_VERSION}"
    return folder / f"glm-demo-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"


def is_demo_checkpoint(path: Path) -> bool:
    """Tells whether a checkpoint folder is the demo model's."""
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get(_MARK) is True


def _is_whole(folder: Path) -> bool:
    """Tells whether a folder has all files and their full length. It was renamed into place when it was whole."""
    try:
        with safetensors.safe_open(folder / "model.safetensors", framework="np"):
            return (folder / "config.json").is_file() and (folder / "tokenizer.json").is_file()
    except (OSError, safetensors.SafetensorError):
        return False


def _write(folder: Path, base: Path, adapter: Path, progress: Progress | None) -> None:
    # torch takes a second to import, and only the first start needs it here.
    import torch
    from safetensors.torch import save_file

    from glm_engine.demo.adapter import merged_config, merged_weights

    def on_layer(done: int, total: int) -> None:
        if progress is not None:
            progress("Preparing the demo model", done, total)

    weights = merged_weights(base, adapter, on_layer)
    folder.mkdir()
    config = merged_config() | {_MARK: True}
    description = tokenizer_description(_renamed(read_gguf_vocabulary(base)))
    for name, content in (("tokenizer.json", description), ("config.json", config)):
        text = json.dumps(content, ensure_ascii=False)
        (folder / name).write_text(text, encoding="utf-8")
    try:
        save_file(
            {name: tensor.to(torch.bfloat16) for name, tensor in weights.items()},
            folder / "model.safetensors",
            metadata={"format": "pt"},
        )
    except safetensors.SafetensorError as error:  # what it makes of a full disk
        raise OSError(str(error)) from error


def _renamed(vocabulary: GGUFVocabulary) -> GGUFVocabulary:
    tokens = [CONTROL_TOKENS.get(index, token) for index, token in enumerate(vocabulary.tokens)]
    return dataclasses.replace(vocabulary, tokens=tokens)


def demo_weight_format() -> Literal["int8", "auto"]:
    """How the demo model's matrices are best held here.

    int8 takes half the time of bf16 a token, where there are native kernels to multiply it; torch's own operators
    would be slower than bf16.
    """
    return "int8" if kernels.available() else "auto"

"""The models on this disk: which there are, whether they are whole, and deleting them.

Covers: models that were fetched by name, the demo model, what was quantised from any checkpoint, downloads that broke
off. Only what glm-agent wrote is ever deleted.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from glm_agent.local_model import open_dialect
from glm_agent.models import DEMO, installed_path
from glm_engine import hub
from glm_engine.checkpoint import open_checkpoint, verify_tensors
from glm_engine.demo import fetch, installed_demo_checkpoint
from glm_engine.errors import CheckpointError
from glm_engine.quantized_cache import entry_path
from glm_engine.quantized_cache import verify as verify_entry
from glm_engine.quantized_entries import QuantizedEntry, quantized_entries

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that has a name, or something on this disk.

    Attributes:
        name: what to call it on the command line.
        hub_id: where it comes from; None for the demo model and for folders of the user's.
        path: its folder or file; None when it is not here.
        size_bytes: of the folder; 0 when it is not here.
        partial_bytes: of downloads that broke off, which the next one builds upon.
        quantized: what was quantised from it.
    """

    name: str
    hub_id: str | None
    path: Path | None
    size_bytes: int
    partial_bytes: int
    quantized: tuple[QuantizedEntry, ...]


def stored_models() -> list[StoredModel]:
    """The demo model, every short name, then whatever else was fetched or quantised."""
    entries = quantized_entries()
    names: dict[str, str | None] = {DEMO: None, **hub.SHORT_NAMES}
    known = set(names.values())
    fetched = hub.default_cache_dir()
    folders = sorted(fetched.iterdir()) if fetched.is_dir() else []
    further = [folder.name.replace("--", "/") for folder in folders]
    names |= {each: each for each in further if each not in known}
    models = []
    for name, hub_id in names.items():
        path = installed_demo_checkpoint() if name == DEMO else hub.installed_model(name)
        models.append(_stored(name, hub_id, path, entries))
    listed = {model.path.resolve() for model in models if model.path is not None}
    others = {entry.source for entry in entries if entry.source not in listed}
    models += [
        _stored(str(source), None, source if source.exists() else None, entries)
        for source in sorted(other for other in others if other is not None)
    ]
    return models


def _stored(
    name: str, hub_id: str | None, path: Path | None, entries: list[QuantizedEntry]
) -> StoredModel:
    source = Path(name) if path is None else path.resolve()
    partial_bytes = 0
    if hub_id is not None:
        folder = hub.default_cache_dir() / hub_id.replace("/", "--")
        partial_bytes = sum(map(size_bytes, folder.glob("*.partial")))
    return StoredModel(
        name,
        hub_id,
        path,
        0 if path is None else size_bytes(path),
        partial_bytes,
        tuple(entry for entry in entries if entry.source == source),
    )


def verify_model(name: str, progress: Progress) -> Iterator[str]:
    """Check a model: hashes, every tensor from first to last byte, the tokenizer, and what was quantised from it.

    Returns:
        A line for each thing that is right.

    Raises:
        ModelUnavailableError: it is not here.
        CheckpointError: names the file, and the tensor where it is about one.
        TokenizerError: of the engine, about the tokenizer's files.
    """
    path = installed_path(name)
    if name == DEMO:
        base = fetch.default_cache_dir() / fetch.GGUF
        if base.is_file():
            if fetch.sha256(base) != fetch.GGUF_SHA256:
                raise CheckpointError(base, "its hash is another than the published one; delete it")
            yield f"{base}: hash: ok"
    elif compared := hub.verify_hashes(path, partial(progress, f"Hashing {name}")):
        yield f"{path}: {compared} files have the hashes that the hub announced: ok"
    else:
        yield f"{path}: no hub announced hashes for it"
    checkpoint = open_checkpoint(path)
    verify_tensors(checkpoint, partial(progress, f"Reading {name}"))
    dialect, _ = open_dialect(path)
    gib = checkpoint.stored_nbytes / (1 << 30)
    yield f"{path}: {len(checkpoint.stored_as)} weights, {gib:.1f} GiB, dialect {dialect.name}: ok"
    for entry in _quantized_from(path):
        verify_entry(entry.path)
        is_used = any(
            entry.path == entry_path(checkpoint, kind, entry.path.parent)
            for kind in ("int8", "int4")
        )
        state = "ok" if is_used else "whole, but the source or this machine has changed since"
        yield f"{entry.path}: {entry.weight_format}: {state}"


def deletable(name: str) -> list[Path]:
    """What of a model glm-agent wrote: the fetched folder, the demo's cache, and what was quantised from it.

    Raises:
        ModelUnavailableError: nothing of it is here.
    """
    if name == DEMO:
        folder = fetch.default_cache_dir()
        demo = installed_demo_checkpoint()
        entries = [] if demo is None else _quantized_from(demo)
        found = [folder] if folder.is_dir() else []
        if not found:
            installed_path(name)  # which says how to get it
        return [*found, *(entry.path for entry in entries)]
    own = Path(name).expanduser()
    fetched = hub.default_cache_dir() / hub.hub_id_of(name).replace("/", "--")
    if not own.exists() and fetched.is_dir():
        sources = [path for path in fetched.iterdir() if path.is_dir()]
        entries = [entry for source in sources for entry in _quantized_from(source)]
        return [fetched, *(entry.path for entry in entries)]
    # A checkpoint of somebody else's, which may be gone while what was quantised from it is still here.
    entries = _quantized_from(own) or _quantized_from(installed_path(name))
    return [entry.path for entry in entries]


def delete(paths: list[Path]) -> None:
    """Delete folders that `deletable` named, and the locks beside those of quantised weights."""
    for path in paths:
        shutil.rmtree(path)
        path.with_name(path.name + ".lock").unlink(missing_ok=True)


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


def _quantized_from(path: Path) -> list[QuantizedEntry]:
    source = path.resolve()
    return [entry for entry in quantized_entries() if entry.source == source]

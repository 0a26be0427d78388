"""What quantised weights lie on the disk, and from which checkpoint each entry was made."""

from dataclasses import dataclass
from pathlib import Path

from glm_engine.errors import CheckpointError
from glm_engine.quantized_cache import default_cache_dir
from glm_engine.tensor_files import read_json


@dataclass(frozen=True, slots=True)
class QuantizedEntry:
    """One entry of the cache.

    Attributes:
        path: its folder.
        weight_format: of its matrices; "" where the entry is not whole.
        source: the checkpoint it was made from, which may be gone; None where the entry is not whole.
        size_bytes: on the disk.
    """

    path: Path
    weight_format: str
    source: Path | None
    size_bytes: int


def quantized_entries(cache_dir: Path | None = None) -> list[QuantizedEntry]:
    """All entries, those that a kill left half written included.

    Args:
        cache_dir: where they are kept; by default in the user's cache folder.
    """
    folder = cache_dir or default_cache_dir()
    entries = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not path.is_dir():
            continue
        try:
            manifest = read_json(path / "manifest.json")
        except CheckpointError:
            manifest = {}
        source = manifest.get("source")
        try:
            size_bytes = sum(file.stat().st_size for file in path.iterdir())
        except FileNotFoundError:  # another process has just put it in its place, or removed it
            continue
        entries.append(
            QuantizedEntry(
                path,
                str(manifest.get("format", "")),
                Path(source) if isinstance(source, str) else None,
                size_bytes,
            )
        )
    return entries

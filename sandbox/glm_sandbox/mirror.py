"""The host's copy of a session's files, from which a lost sandbox is filled again.

Covers: names. What a guest calls a file is data here, a key of an index, and never a path of the host: contents lie
under their SHA-256.
"""

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from glm_sandbox.outcome import is_data_path

_INDEX = "index.json"
_CONTENTS = "contents"


class Mirror(Protocol):
    """A store of files by the names that they have below /mnt/data."""

    def store(self, path: str, data: bytes) -> None:
        """Keep `data` as `path`; what was there is replaced.

        Raises:
            OSError: there is no room, say; what was there before stays.
        """
        ...

    def forget(self, path: str) -> None: ...

    def files(self) -> Iterator[tuple[str, bytes]]:
        """All files, in the order of their names."""
        ...

    def close(self) -> None: ...


class TemporaryMirror:
    """A mirror in one file without a name: gone with this process, however it ends."""

    def __init__(self) -> None:
        self._file = _nameless_file()
        self._places: dict[str, tuple[int, int]] = {}  # path -> (offset, size)

    def store(self, path: str, data: bytes) -> None:
        live = sum(size for _, size in self._places.values())
        end = self._file.seek(0, os.SEEK_END)
        if end > 4 * (live + len(data)) + (64 << 20):
            self._compact()
            end = self._file.seek(0, os.SEEK_END)
        try:
            _write_all(self._file, data)
        except OSError:
            self._file.truncate(end)
            raise
        self._places[path] = (end, len(data))

    def forget(self, path: str) -> None:
        self._places.pop(path, None)

    def files(self) -> Iterator[tuple[str, bytes]]:
        for path, (offset, size) in sorted(self._places.items()):
            self._file.seek(offset)
            yield path, _read_all(self._file, size)

    def close(self) -> None:
        self._file.close()

    def _compact(self) -> None:
        """Drop the contents that nothing refers to any more."""
        fresh = _nameless_file()
        places = {}
        try:
            for path, data in self.files():
                places[path] = (fresh.tell(), len(data))
                _write_all(fresh, data)
        except OSError:
            fresh.close()
            raise
        self._file.close()
        self._file, self._places = fresh, places


class FolderMirror:
    """A mirror in a folder that outlives the process: a resumed session finds its files again."""

    def __init__(self, folder: Path) -> None:
        """Open or make a mirror in `folder`.

        Raises:
            OSError: the folder cannot be made or read.
            ValueError: it holds an index that is not ours.
        """
        self._folder = folder
        (folder / _CONTENTS).mkdir(parents=True, exist_ok=True)
        self._index: dict[str, str] = {}  # path -> sha256 of its content
        index = folder / _INDEX
        if index.exists():
            loaded = json.loads(index.read_text(encoding="utf-8"))
            if not isinstance(loaded, dict):
                raise ValueError(f"{index} is not the index of a mirror")
            self._index = {
                path: sha
                for path, sha in loaded.items()
                if is_data_path(path) and isinstance(sha, str) and sha.isalnum()
            }

    def store(self, path: str, data: bytes) -> None:
        sha = hashlib.sha256(data).hexdigest()
        content = self._folder / _CONTENTS / sha
        if not content.exists():
            _write_aside(content, data)
        previous = self._index.get(path)
        self._index[path] = sha
        self._save()
        self._drop(previous)

    def forget(self, path: str) -> None:
        previous = self._index.pop(path, None)
        if previous is not None:
            self._save()
            self._drop(previous)

    def files(self) -> Iterator[tuple[str, bytes]]:
        for path, sha in sorted(self._index.items()):
            yield path, (self._folder / _CONTENTS / sha).read_bytes()

    def close(self) -> None:
        """Nothing to do: every change is on disk already."""

    def _save(self) -> None:
        _write_aside(
            self._folder / _INDEX, json.dumps(self._index, indent=1, sort_keys=True).encode("ascii")
        )

    def _drop(self, sha: str | None) -> None:
        if sha is not None and sha not in self._index.values():
            (self._folder / _CONTENTS / sha).unlink(missing_ok=True)


def _nameless_file() -> io.FileIO:
    """Unbuffered: a full disk is an error of the write, not of some later call."""
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as its mirror
    assert isinstance(file, io.FileIO), "what an unbuffered binary file is"
    return file


def _write_all(file: io.FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]


def _read_all(file: io.FileIO, size_bytes: int) -> bytes:
    data = bytearray()
    while len(data) < size_bytes and (piece := file.read(size_bytes - len(data))):
        data += piece
    return bytes(data)


def _write_aside(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)  # half a file takes room that the next try needs
        raise

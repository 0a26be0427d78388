"""Files below the data folder, for a reader that does not trust the folder's owner.

Covers: links, FIFOs, sockets and devices in place of files or folders, also when swapped in while we look: every
component is opened on its own with O_NOFOLLOW, relative to its parent's descriptor, and only regular files are read.
Does not cover: the content of a file that is written while it is read; that is a mixture, as with any file.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from glm_sandbox.protocol import CHUNK_BYTES

MAX_LISTED = 10_000
MAX_DEPTH = 32
_MAX_NAMES_BYTES = 1 << 20  # of all paths in one listing
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UPLOAD_PREFIX = ".upload-"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has changed."""

    size: int
    inode: int
    modified_ns: int
    changed_ns: int


@dataclass(slots=True)
class Listing:
    """The regular files below a folder.

    Attributes:
        files: relative path -> stamp.
        unlisted: entries left out: their names are not plain text, or they lie too deep.
        truncated: there were too many.
    """

    files: dict[str, Stamp] = field(default_factory=dict)
    unlisted: int = 0
    truncated: bool = False


def is_plain(name: str) -> bool:
    """Whether a name is fit to be shown and stored: printable, no backslash, valid Unicode."""
    return name.isprintable() and "\\" not in name


def list_files(root: str) -> Listing:
    """All regular files below `root`, links not followed."""
    listing = Listing()
    names_bytes = 0
    try:
        top = os.open(root, _FOLDER)
    except OSError:
        return listing
    try:
        for path, stamp in _walk(top, "", listing, 0):
            names_bytes += len(path.encode("utf-8"))
            if len(listing.files) >= MAX_LISTED or names_bytes > _MAX_NAMES_BYTES:
                listing.truncated = True
                break
            listing.files[path] = stamp
    finally:
        os.close(top)
    return listing


def _walk(folder: int, prefix: str, listing: Listing, depth: int) -> Iterator[tuple[str, Stamp]]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if name.startswith(_UPLOAD_PREFIX):
            continue
        try:
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue  # gone since it was listed
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
            continue
        if not is_plain(name) or depth >= MAX_DEPTH:
            listing.unlisted += 1
        elif stat.S_ISREG(info.st_mode):
            yield (
                prefix + name,
                Stamp(info.st_size, info.st_ino, info.st_mtime_ns, info.st_ctime_ns),
            )
        else:
            yield from _enter(folder, name, prefix, listing, depth)


def _enter(
    folder: int, name: str, prefix: str, listing: Listing, depth: int
) -> Iterator[tuple[str, Stamp]]:
    try:
        inner = os.open(name, _FOLDER, dir_fd=folder)
    except OSError:
        listing.unlisted += 1
        return
    try:
        yield from _walk(inner, f"{prefix}{name}/", listing, depth + 1)
    finally:
        os.close(inner)


def read_chunks(root: str, path: str, limit_bytes: int) -> Iterator[bytes]:
    """The content of a regular file in pieces, at most `limit_bytes` of it.

    Raises:
        OSError: there is no such regular file below `root`, or it is larger than `limit_bytes`.
    """
    parent, name = _open_parent(root, path, create=False)
    try:
        file = os.open(name, _READ, dir_fd=parent)
    finally:
        os.close(parent)
    try:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode):
            raise OSError("not a regular file")
        if info.st_size > limit_bytes:
            raise OSError(f"{info.st_size:,} bytes are more than the limit of {limit_bytes:,}")
        left = limit_bytes  # the file may grow while it is read
        while left and (data := os.read(file, min(left, CHUNK_BYTES))):
            left -= len(data)
            yield data
    finally:
        os.close(file)


class Upload:
    """A file that arrives in pieces and appears at its name only when complete."""

    def __init__(self, root: str, path: str) -> None:
        """Open a file beside `path`; missing folders are made.

        Raises:
            OSError: a component is not a folder, or there is no room.
        """
        self._parent, self._name = _open_parent(root, path, create=True)
        self._draft = f"{_UPLOAD_PREFIX}{secrets.token_hex(8)}"
        try:
            self._file = os.open(self._draft, _CREATE, 0o644, dir_fd=self._parent)
        except OSError:
            os.close(self._parent)
            raise

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def commit(self) -> None:
        """Put the file in its place; what was there is replaced.

        Raises:
            OSError: a folder is there, say.
        """
        try:
            os.rename(self._draft, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
        except OSError:
            self.abandon()
            raise
        self._close()

    def abandon(self) -> None:
        """Remove the pieces."""
        with suppress(OSError):  # threads that a cell has left may have removed it first
            os.unlink(self._draft, dir_fd=self._parent)
        self._close()

    def _close(self) -> None:
        os.close(self._file)
        os.close(self._parent)


def _open_parent(root: str, path: str, *, create: bool) -> tuple[int, str]:
    """Descriptor of the folder that holds `path`, and the last component. The caller closes it."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise OSError("not a path below the data folder")
    if len(parts) > MAX_DEPTH:
        raise OSError("too many folders")
    folder = os.open(root, _FOLDER)
    for part in parts[:-1]:
        try:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=folder)
            inner = os.open(part, _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder, parts[-1]

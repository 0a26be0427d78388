"""What the host keeps of /mnt/data for a fresh guest, within the room that the session has there.

Covers: a guest that says its files are larger than /mnt/data. Files with holes are: each takes a page of memory inside,
and would take all of its length on the host's disk.
"""

import contextlib
import mmap
from collections.abc import Iterable, Iterator

from glm_sandbox.mirror import Mirror


class HostCopy:
    """A mirror, and what of the session's files is not in it.

    Args:
        mirror: what is kept; closed with this.
        limit_bytes: of all files together, counted in pages as the guest's kernel counts them: files without holes
            always fit.

    Attributes:
        missing: path -> size of files that the mirror does not hold as they are now.
    """

    def __init__(self, mirror: Mirror, limit_bytes: int) -> None:
        self._mirror = mirror
        self._limit_bytes = _in_pages(limit_bytes)
        self._pages: dict[str, int] = {}  # path -> bytes that it takes in a guest
        self._used_bytes = 0
        self.missing: dict[str, int] = {}

    def files(self) -> Iterator[tuple[str, bytes]]:
        """All files, in the order of their names.

        Raises:
            OSError: one cannot be read.
        """
        for path, data in self._mirror.files():
            self._count(path, len(data))
            yield path, data

    def room_for(self, path: str) -> int:
        """Bytes that the file `path` may have."""
        return self._limit_bytes - self._used_bytes + self._pages.get(path, 0)

    def store(self, path: str, data: bytes) -> str:
        """Keep a file, now or, when this fails, after a later cell; why it failed, else ""."""
        try:
            if len(data) > self.room_for(path):
                raise OSError(self.no_room)
            self._mirror.store(path, data)
        except OSError as error:
            self.missing[path] = len(data)
            return error.strerror or str(error)
        self._count(path, len(data))
        self.missing.pop(path, None)
        return ""

    @property
    def no_room(self) -> str:
        """Why a file is not kept for which there is no room."""
        return f"with their holes they have more than {self._limit_bytes:,} bytes"

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone."""
        for path in paths:
            self.missing.pop(path, None)
            self._count(path, 0)
            # of the index on disk; the next change writes it anew
            with contextlib.suppress(OSError):
                self._mirror.forget(path)

    def close(self) -> None:
        self._mirror.close()

    def _count(self, path: str, size_bytes: int) -> None:
        pages = _in_pages(size_bytes)
        self._used_bytes += pages - self._pages.pop(path, 0)
        if pages:
            self._pages[path] = pages


def _in_pages(size_bytes: int) -> int:
    return -(-size_bytes // mmap.PAGESIZE) * mmap.PAGESIZE

"""The header of a GGUF file: keys and values, and where each tensor lies.

Read by hand, for two reasons: the `gguf` package wraps every string of every list in arrays of its own, seconds for a
vocabulary of 150,000; and it trusts the counts in the file, so that eight damaged bytes can make it loop for ever.
Here no count is believed that the rest of the file could not hold.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 2 and 3, little-endian.
"""

import math
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}  # fmt: skip
_STRING, _ARRAY = 8, 9
_MIN_PAIR_BYTES = 8 + 4 + 1  # an empty key, a type, a byte
_MIN_TENSOR_BYTES = 8 + 4 + 4 + 8  # an empty name, no dimensions, a type, an offset
_MAX_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """Where a tensor lies in a file.

    Attributes:
        shape: in elements, rows first.
        kind: number format.
        offset: of its first byte from the start of the file.
        nbytes: that it takes.
    """

    shape: tuple[int, ...]
    kind: gguf.GGMLQuantizationType
    offset: int
    nbytes: int


def read_gguf_header(path: Path) -> tuple[dict[str, Any], dict[str, GgufTensor]]:
    """The metadata of a file, lists left out, and its tensors by name.

    Raises:
        ValueError: no GGUF file, cut off, or damaged in a way that shows.
        OSError: it cannot be read.
    """
    with _opened(path) as reader:
        metadata = reader.metadata()
        return {key: value for key, value in metadata.items() if value is not None}, reader.tensors(
            metadata.get("general.alignment", gguf.GGUF_DEFAULT_ALIGNMENT)
        )


def read_gguf_metadata(
    path: Path, prefix: str
) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """The keys and values, lists included, of the keys that begin with `prefix`, without it; and the tensors' shapes.

    Raises:
        ValueError: no GGUF file, cut off, or damaged in a way that shows.
        OSError: it cannot be read.
    """
    with _opened(path) as reader:
        metadata, shapes = reader.metadata(prefix), reader.shapes()
    return {
        key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)
    }, shapes


@contextmanager
def _opened(path: Path) -> Iterator["_Reader"]:
    with path.open("rb") as file:
        if not file.read(1):
            raise ValueError("the file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield _Reader(data)


class _Reader:
    """A position in a file, and bounds that are looked at before every step."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._offset = 0
        self._num_tensors = 0

    def metadata(self, listed_prefix: str | None = None) -> dict[str, Any]:
        """Every key and value from the start of the file; lists only of keys that begin with the prefix, else None."""
        magic, version, self._num_tensors, num_pairs = self._unpack("4sIQQ")
        if magic != b"GGUF" or version not in (2, 3):
            raise ValueError(
                f"it begins with {magic!r} and version {version}, not with GGUF 2 or 3"
            )
        self._check_room(num_pairs * _MIN_PAIR_BYTES + self._num_tensors * _MIN_TENSOR_BYTES)
        metadata: dict[str, Any] = {}
        for _ in range(num_pairs):
            key, (kind,) = self._string(), self._unpack("I")
            if key in metadata:
                raise ValueError(f"the key {key!r} is there twice")
            is_wanted = listed_prefix is not None and key.startswith(listed_prefix)
            metadata[key] = self._value(kind, with_list=is_wanted)
        return metadata

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor by name, rows first. To be called behind `metadata`, once."""
        infos = [(self._string(), self._tensor_info()) for _ in range(self._num_tensors)]
        return {name: shape for name, (shape, _, _) in infos}

    def tensors(self, alignment: Any) -> dict[str, GgufTensor]:
        """Every tensor by name. To be called behind `metadata`."""
        infos = [(self._string(), self._tensor_info()) for _ in range(self._num_tensors)]
        if not isinstance(alignment, int) or alignment <= 0:
            raise ValueError(f"the alignment is {alignment!r}")
        start = -(-self._offset // alignment) * alignment
        tensors: dict[str, GgufTensor] = {}
        for name, (shape, kind, offset) in infos:
            if name in tensors:
                raise ValueError(f"the tensor {name!r} is there twice")
            tensors[name] = self._tensor(name, shape, kind, start + offset)
        return tensors

    def _tensor_info(self) -> tuple[tuple[int, ...], int, int]:
        (num_dimensions,) = self._unpack("I")
        if num_dimensions > _MAX_DIMENSIONS:
            raise ValueError(f"a tensor has {num_dimensions} dimensions")
        shape = self._unpack(f"{num_dimensions}Q")
        kind, offset = self._unpack("IQ")
        return tuple(reversed(shape)), kind, offset

    def _tensor(self, name: str, shape: tuple[int, ...], kind: int, offset: int) -> GgufTensor:
        quantisation = gguf.GGMLQuantizationType(kind)
        block_size, block_nbytes = gguf.GGML_QUANT_SIZES[quantisation]
        if not shape or shape[-1] % block_size:
            raise ValueError(f"the tensor {name!r} of shape {shape} is no whole number of blocks")
        nbytes = math.prod(shape) // block_size * block_nbytes
        if offset + nbytes > len(self._data):
            raise ValueError(
                f"the tensor {name!r} ends {offset + nbytes - len(self._data):,} bytes behind the file"
            )
        return GgufTensor(shape, quantisation, offset, nbytes)

    def _value(self, kind: int, *, with_list: bool) -> Any:
        """A string, number, bool or list; None for a list that is only stepped over."""
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._list(*self._unpack("IQ"), is_wanted=with_list)
        if kind not in _SCALARS:
            raise ValueError(f"it holds a value of type {kind}")
        return self._unpack(_SCALARS[kind])[0]

    def _list(self, item: int, count: int, *, is_wanted: bool) -> list[Any] | None:
        if item in _SCALARS:
            self._check_room(count * struct.calcsize("<" + _SCALARS[item]))
            if is_wanted:
                return list(self._unpack(f"{count}{_SCALARS[item]}"))
            self._skip(count * struct.calcsize("<" + _SCALARS[item]))
            return None
        if item != _STRING:
            raise ValueError(f"it holds a list of type {item}")
        self._check_room(8 * count)
        if is_wanted:
            return [self._string() for _ in range(count)]
        for _ in range(count):
            self._skip(*self._unpack("Q"))
        return None

    def _string(self) -> str:
        (length,) = self._unpack("Q")
        start = self._offset
        self._skip(length)
        return self._data[start : self._offset].decode("utf-8", "replace")

    def _unpack(self, form: str) -> tuple[Any, ...]:
        start = self._offset
        self._skip(struct.calcsize("<" + form))
        return struct.unpack_from("<" + form, self._data, start)

    def _skip(self, nbytes: int) -> None:
        self._check_room(nbytes)
        self._offset += nbytes

    def _check_room(self, nbytes: int) -> None:
        if nbytes > len(self._data) - self._offset:
            raise ValueError(f"the file is cut off at byte {len(self._data):,}")

"""The file formats that weights come in, each read row by row without loading the file.

Covers: truncated and damaged files, Git-LFS pointers, shards that are missing or disagree with their index, tensors
that are there twice, file names in an index that leave the folder. Nothing in a file is ever executed.
Does not cover: weights that are well-formed and wrong. Compare hashes with the publisher's for that.
"""

import json
import math
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import gguf
import numpy as np
import safetensors
import torch
from torch import Tensor

from glm_engine.errors import CheckpointError, UnsupportedModelError
from glm_engine.gguf_header import read_gguf_header

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_OLD_PICKLE = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # how torch's files began before 1.6
_SAFETENSORS_WIDTHS = {"F32": 4, "F16": 2, "BF16": 2, "I8": 1, "U8": 1}
_MAX_TOUCHED_BYTES = 32 << 20  # of a file, before its pages are given back
_PICKLED_DTYPES = {torch.float32, torch.float16, torch.bfloat16, torch.int8}


class TensorFiles(Protocol):
    """The tensors of one checkpoint, whatever the format.

    Attributes:
        shapes: name to shape, rows first.
        integer_names: tensors that are stored as integers and mean nothing without a scale.
    """

    shapes: dict[str, tuple[int, ...]]
    integer_names: set[str]

    def file_of(self, name: str) -> Path:
        """The file that holds a tensor."""
        ...

    def stored_nbytes(self, name: str) -> int:
        """Bytes that a tensor takes in its file."""
        ...

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows `start` to `stop` of a tensor, in the stored dtype or one that holds it.

        Treat it as read-only: it may be a view of the mapped file.

        Raises:
            CheckpointError: the rows cannot be read.
        """
        ...


def refuse_lfs_pointer(path: Path) -> None:
    """Raise if a file is the few lines that Git keeps in place of a large one.

    Raises:
        CheckpointError: it is such a pointer, or it cannot be read at all.
    """
    try:
        is_pointer = _begins_with(path, _LFS_POINTER)
    except OSError as error:
        raise CheckpointError(path, f"cannot be read: {error.strerror}") from error
    if is_pointer:
        raise CheckpointError(
            path,
            "this is a Git-LFS pointer, not the file itself; run `git lfs pull` in its folder or"
            " download the file again",
        )


def _begins_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        CheckpointError: it is missing, an LFS pointer, not JSON, not an object, or has a key twice.
    """
    refuse_lfs_pointer(path)
    try:
        value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(path, f"not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(path, "not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs; parsers differ in which of two equal keys counts."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is there twice")
        found[key] = value
    return found


def sharded(index: Path) -> dict[str, Path]:
    """Tensor name to shard, from an index such as `model.safetensors.index.json`.

    Raises:
        CheckpointError: the index is damaged, or a shard that it names is not there.
    """
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(index, "it has no weight_map")
    shards: dict[str, Path] = {}
    for name, file_name in weight_map.items():
        if not isinstance(file_name, str) or Path(file_name).name != file_name:
            raise CheckpointError(
                index, f"{file_name!r} is not the name of a file in the same folder", tensor=name
            )
        shards[name] = index.parent / file_name
    for shard in sorted(set(shards.values())):
        if not shard.is_file():
            raise CheckpointError(
                shard, f"{index.name} lists this shard, but it is not there; download it again"
            )
    return shards


class _ShardedFiles:
    """What the formats that come in several files share: which tensor is where, checked against the index.

    Args:
        files: the files.
        index: tensor name to file as an index says; None for a single file without one.

    Raises:
        CheckpointError: a file is damaged, or the files do not hold exactly what the index lists.
    """

    def __init__(self, files: list[Path], index: Mapping[str, Path] | None = None) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.integer_names: set[str] = set()
        self._file: dict[str, Path] = {}
        self._stamps: dict[Path, tuple[int, int, int]] = {}
        for path in files:
            refuse_lfs_pointer(path)
            self._stamps[path] = _stamp(path)
            for name in self._open(path):
                if name in self._file or (index is not None and index.get(name) != path):
                    other = self._file.get(name) or (index or {}).get(name)
                    problem = f"also in {other.name}" if other else "not listed in the index"
                    raise CheckpointError(path, problem, tensor=name)
                self._file[name] = path
        for name, path in (index or {}).items():
            if name not in self._file:
                raise CheckpointError(path, "the index lists it here, but it is not", tensor=name)

    def _open(self, path: Path) -> Iterator[str]:
        """Enter every tensor of a file into `shapes` and yield its name."""
        raise NotImplementedError

    def file_of(self, name: str) -> Path:
        return self._file[name]

    def _check_unchanged(self, path: Path) -> None:
        """Before a file is opened again: half of the old and half of the new weights would look like weights.

        Raises:
            CheckpointError: it is not the file that it was.
        """
        if _stamp(path) != self._stamps[path]:
            raise CheckpointError(path, "it has changed while it was read; start again")


def _stamp(path: Path) -> tuple[int, int, int]:
    """What tells that a file is another one."""
    try:
        info = path.stat()
    except OSError as error:
        raise CheckpointError(path, f"cannot be read: {error.strerror}") from error
    return info.st_ino, info.st_size, info.st_mtime_ns


class SafetensorsFiles(_ShardedFiles):
    """Tensors of one `.safetensors` file or of several with an index.

    Format: https://github.com/huggingface/safetensors#format
    """

    def __init__(self, files: list[Path], index: Mapping[str, Path] | None = None) -> None:
        self._handle: dict[Path, Any] = {}
        self._touched_bytes: dict[Path, int] = {}
        super().__init__(files, index)

    def _open(self, path: Path) -> Iterator[str]:
        handle = self._handle[path] = _opened_safetensors(path)
        _refuse_repeated_tensors(path)
        for name in handle.keys():  # noqa: SIM118 - the handle is no mapping
            part = handle.get_slice(name)
            if part.get_dtype() not in _SAFETENSORS_WIDTHS:
                raise UnsupportedModelError(
                    path, f"stored as {part.get_dtype()}, which is not supported", tensor=name
                )
            if part.get_dtype() in ("I8", "U8"):
                self.integer_names.add(name)
            self.shapes[name] = tuple(part.get_shape())
            yield name

    def stored_nbytes(self, name: str) -> int:
        return _SAFETENSORS_WIDTHS[self._slice(name).get_dtype()] * math.prod(self.shapes[name])

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        part: Tensor = self._slice(name)[start:stop]
        path = self._file[name]
        self._touched_bytes[path] = self._touched_bytes.get(path, 0) + part.nbytes
        if self._touched_bytes[path] > _MAX_TOUCHED_BYTES:
            # Pages that were read count as this process's memory while they are mapped. A new mapping has none; the
            # old one goes with the last tensor that is a view of it.
            self._check_unchanged(path)
            self._handle[path] = _opened_safetensors(path)
            self._touched_bytes[path] = 0
        return part

    def _slice(self, name: str) -> Any:
        return self._handle[self._file[name]].get_slice(name)


def _opened_safetensors(path: Path) -> Any:
    try:
        return safetensors.safe_open(path, framework="pt")
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(path, f"truncated or damaged ({error}); download it again") from error


def _refuse_repeated_tensors(path: Path) -> None:
    """Raise if a name is in a header twice, of which the library would take one and say nothing."""
    with path.open("rb") as file:
        header = file.read(int.from_bytes(file.read(8), "little"))
    try:
        json.loads(header, object_pairs_hook=_unique)
    except ValueError as error:
        raise CheckpointError(path, f"its header is damaged: {error}") from error


class PickledFiles(_ShardedFiles):
    """Tensors of `pytorch_model.bin` files, mapped and not copied.

    They are pickles; torch's restricted unpickler builds tensors and containers from them and refuses all else.
    """

    def __init__(self, files: list[Path], index: Mapping[str, Path] | None = None) -> None:
        self._tensors: dict[str, Tensor] = {}
        self._touched_bytes = 0
        super().__init__(files, index)

    def _open(self, path: Path) -> Iterator[str]:
        try:
            tensors: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except pickle.UnpicklingError as error:
            raise CheckpointError(
                path, f"it is damaged, or holds more than tensors and is not opened ({error})"
            ) from error
        except (RuntimeError, ValueError, EOFError, KeyError, OSError) as error:
            if _begins_with(path, _OLD_PICKLE):
                raise UnsupportedModelError(
                    path,
                    "torch wrote it before version 1.6, in a format that cannot be mapped; load and save it with a"
                    " newer torch",
                ) from error
            raise CheckpointError(
                path, f"truncated or damaged ({error}); download it again"
            ) from error
        if not isinstance(tensors, dict):
            raise CheckpointError(path, f"it holds a {type(tensors).__name__}, not named tensors")
        for name, tensor in tensors.items():
            if not isinstance(name, str) or not isinstance(tensor, Tensor):
                raise CheckpointError(path, "not a named tensor", tensor=str(name))
            if tensor.dtype not in _PICKLED_DTYPES:
                raise UnsupportedModelError(
                    path, f"stored as {tensor.dtype}, which is not supported", tensor=name
                )
            if tensor.layout != torch.strided or tensor.is_meta:
                raise UnsupportedModelError(
                    path, "stored sparse, or without its values", tensor=name
                )
            if tensor.dtype == torch.int8:
                self.integer_names.add(name)
            # A stored `Parameter` would have torch record what becomes of it.
            self._tensors[name] = tensor.detach()
            self.shapes[name] = tuple(tensor.shape)
            yield name

    def stored_nbytes(self, name: str) -> int:
        return self._tensors[name].nbytes

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        part = self._tensors[name][start:stop]
        self._touched_bytes += part.nbytes
        if self._touched_bytes > _MAX_TOUCHED_BYTES:  # as in SafetensorsFiles
            path, self._touched_bytes = self._file[name], 0
            self._check_unchanged(path)
            for _ in self._open(path):
                pass
        return part


class PublishedInt8Files:
    """The int8 and int4 checkpoints that ChatGLM2-6B was published as, expanded to fp32 as they are read.

    A quantised matrix is symmetric with one scale per output row, in a tensor of its own called `..._scale`. Int4
    puts an even column into the high and the odd one after it into the low half of a byte, both signed.

    Args:
        files: the tensors as stored.
        bits: 4 or 8.

    Raises:
        CheckpointError: an int8 matrix has no scale, or one that does not fit it.

    Source: facts of the published `quantization.py` and its C kernels, THUDM/chatglm2-6b-int4.
    """

    def __init__(self, files: TensorFiles, bits: int) -> None:
        self._files = files
        self._bits = bits
        self.integer_names: set[str] = set()
        self.shapes = dict(files.shapes)
        for name in files.integer_names:
            height, width = (*files.shapes[name], 0, 0)[:2]
            if self.shapes.pop(_scale_of(name), None) != (height,):
                raise CheckpointError(
                    files.file_of(name),
                    f"it is int8, but {_scale_of(name)!r} with a scale for each of its {height:,}"
                    " rows is not there",
                    tensor=name,
                )
            self.shapes[name] = (height, width * 8 // bits)

    def file_of(self, name: str) -> Path:
        return self._files.file_of(name)

    def stored_nbytes(self, name: str) -> int:
        return self._files.stored_nbytes(name)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        stored = self._files.rows(name, start, stop)
        if name not in self._files.integer_names:
            return stored
        if self._bits == 4:
            pairs = torch.stack([stored >> 4, (stored << 4) >> 4], -1)  # (rows, width / 2, 2)
            stored = pairs.flatten(-2)
        return stored.float() * self._files.rows(_scale_of(name), start, stop).float()[:, None]


def _scale_of(name: str) -> str:
    return name + "_scale"


class GgufFile:
    """Tensors of a GGUF file; quantised ones are expanded to fp32 as they are read.

    Args:
        path: the file.

    Attributes:
        metadata: the header's keys and values, but for lists (a vocabulary has 150,000 entries).

    Raises:
        CheckpointError: the file is truncated or damaged.
        UnsupportedModelError: a tensor's number format cannot be read.

    Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    """

    def __init__(self, path: Path) -> None:
        refuse_lfs_pointer(path)
        try:
            self.metadata, self._tensors = read_gguf_header(path)
        except (ValueError, OSError) as error:
            raise CheckpointError(
                path, f"truncated, damaged or no GGUF file ({error}); download it again"
            ) from error
        unsupported = {
            kind for kind in {t.kind for t in self._tensors.values()} if not _is_known(kind)
        }
        for name, tensor in self._tensors.items():
            if len(tensor.shape) == 1 and gguf.GGML_QUANT_SIZES[tensor.kind][0] > 1:
                raise CheckpointError(path, "a vector in blocks of a matrix's rows", tensor=name)
            if tensor.kind in unsupported:
                raise UnsupportedModelError(
                    path, f"stored as {tensor.kind.name}, which is not supported", tensor=name
                )
        self._path = path
        self.integer_names: set[str] = set()
        self.shapes = {name: tensor.shape for name, tensor in self._tensors.items()}

    def file_of(self, name: str) -> Path:
        del name
        return self._path

    def stored_nbytes(self, name: str) -> int:
        return self._tensors[name].nbytes

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        tensor = self._tensors[name]
        height, row_shape = tensor.shape[0], tensor.shape[1:]
        row_nbytes = tensor.nbytes // height  # of one element where the tensor is a vector
        first = tensor.offset + start * row_nbytes
        nbytes = (stop - start) * row_nbytes
        try:
            # given back with it
            stored = np.memmap(self._path, mode="r", offset=first, shape=nbytes)
        except (ValueError, OSError) as error:
            raise CheckpointError(
                self._path, f"it has changed since it was opened ({error})", tensor=name
            ) from error
        values = gguf.dequantize(stored.reshape(stop - start, row_nbytes), tensor.kind)
        copy = np.array(values, dtype=np.float32)  # the mapped file is read-only
        return torch.from_numpy(copy.reshape(stop - start, *row_shape))


def _is_known(kind: gguf.GGMLQuantizationType) -> bool:
    """Whether the `gguf` package expands this number format."""
    try:
        gguf.dequantize(np.zeros((1, gguf.GGML_QUANT_SIZES[kind][1]), np.uint8), kind)
    except NotImplementedError:
        return False
    return True

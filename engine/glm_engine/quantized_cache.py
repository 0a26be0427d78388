"""Quantised weights on disk: made once, tensor by tensor, and mapped from then on.

A cache entry is one safetensors file in the engine's own names and a manifest beside it, in a folder named after what
it was made from. It is written aside and renamed, so that an entry is there whole or not at all; a lock lets one
process make it while others wait.

Covers: a kill at any point, two processes at once, a source that changed, a file that lost its end.
Does not cover: bits that flipped on the disk, unless `verify` is asked for it; a cache folder that others may write to.
"""

import hashlib
import json
import logging
import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs
import torch
from torch import Tensor

from glm_engine import file_lock
from glm_engine.checkpoint import Checkpoint
from glm_engine.errors import CheckpointError
from glm_engine.model import parameter_shapes
from glm_engine.quantization import (
    QuantizedFormat,
    QuantizedMatrix,
    format_of,
    matrix_of,
    quantize,
    quantized_layout,
)
from glm_engine.tensor_files import SafetensorsFiles, read_json

_VERSION = 2  # of the layout; raise it when entries of before must not be read any more
_WEIGHTS, _MANIFEST = "weights.safetensors", "manifest.json"
_BLOCK_BYTES = 8 << 20  # rows are read, quantised and written in blocks of about this size in fp32
_ROW_MULTIPLE = 64  # blocks end where the layout of quantised matrices allows
_SAFETENSORS_NAMES = {
    torch.float32: "F32",
    torch.bfloat16: "BF16",
    torch.uint8: "U8",
}

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Quantize = Callable[[Tensor, QuantizedFormat], tuple[Tensor, ...]]


def load_quantized(
    checkpoint: Checkpoint,
    kind: QuantizedFormat,
    cache_dir: Path,
    progress: Progress | None = None,
    *,
    quantize_rows: Quantize = quantize,
) -> dict[str, Tensor | QuantizedMatrix]:
    """The weights of a checkpoint in int8 or int4, from the cache, which is filled first where needed.

    Memory stays near what is mapped: no more than one block of rows and the scales of one matrix are ever held.

    Args:
        checkpoint: opened.
        kind: the format of the matrices.
        cache_dir: where entries are kept.
        progress: called with bytes of the checkpoint read so far and in all, while an entry is made.
        quantize_rows: does what `quantize` does. An entry does not know by which it was made, so give another one only
            to a cache folder of its own.

    Returns:
        Name to tensor or quantised matrix, as `Decoder` takes them; views of the mapped file.

    Raises:
        CheckpointError: the checkpoint cannot be read, or there is no space for the entry.
    """
    entry = entry_path(checkpoint, kind, cache_dir)
    parameters = _open(entry, checkpoint, kind)  # without the lock: the folder may be read-only
    if parameters is not None:
        return parameters
    with _locked(entry):
        parameters = _open(entry, checkpoint, kind)  # another process may have made it meanwhile
        if parameters is None:
            _make(entry, checkpoint, kind, progress, quantize_rows)
            parameters = _open(entry, checkpoint, kind)
        if parameters is None:
            raise CheckpointError(
                entry, "it was just written and cannot be read; is the disk sound?"
            )
    return parameters


def default_cache_dir() -> Path:
    """Where entries are kept unless somebody says otherwise."""
    return platformdirs.user_cache_path("glm-agent") / "quantized"


def entry_path(checkpoint: Checkpoint, kind: QuantizedFormat, cache_dir: Path) -> Path:
    """The folder in which the entry of a checkpoint is, or would be."""
    return cache_dir / f"{kind}-{fingerprint(checkpoint, kind)[:32]}"


def fingerprint(checkpoint: Checkpoint, kind: QuantizedFormat) -> str:
    """A hash of what an entry depends on: files by name, size and time, the config, and the format."""
    paths = sorted(
        {
            checkpoint.files.file_of(part)
            for parts in checkpoint.stored_as.values()
            for part in parts
        }
    )
    sources = [
        (str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths
    ]
    identity = repr((_VERSION, kind, sources, checkpoint.config))
    return hashlib.sha256(identity.encode()).hexdigest()


def verify(entry: Path) -> None:
    """Read a whole entry and compare it with the hash in its manifest.

    Raises:
        CheckpointError: it is torn or was changed.
    """
    manifest = read_json(entry / _MANIFEST)
    with (entry / _WEIGHTS).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != manifest.get("sha256"):
        raise CheckpointError(
            entry / _WEIGHTS, "its content has changed since it was made; delete the folder"
        )


def _open(
    entry: Path, checkpoint: Checkpoint, kind: QuantizedFormat
) -> dict[str, Tensor | QuantizedMatrix] | None:
    """Map an entry; None when it is not there or not what its manifest says."""
    if not entry.is_dir():
        return None
    try:
        manifest = read_json(entry / _MANIFEST)
        files = SafetensorsFiles([entry / _WEIGHTS])
        if manifest.get("nbytes") != (entry / _WEIGHTS).stat().st_size:
            raise CheckpointError(entry, "torn")
        return _map(entry, files, checkpoint, kind)
    except (CheckpointError, OSError):  # torn, or going: another process makes it anew
        return None


def _map(
    entry: Path, files: SafetensorsFiles, checkpoint: Checkpoint, kind: QuantizedFormat
) -> dict[str, Tensor | QuantizedMatrix]:
    def whole(name: str, shape: tuple[int, ...]) -> Tensor:
        if files.shapes.get(name) != shape:
            raise CheckpointError(entry / _WEIGHTS, "missing or misshapen", tensor=name)
        return files.rows(name, 0, shape[0])

    parameters: dict[str, Tensor | QuantizedMatrix] = {}
    for name, shape in parameter_shapes(checkpoint.config).items():
        chosen = format_of(name, shape, kind)
        if chosen is None:
            parameters[name] = whole(name, shape)
            continue
        parts = [
            whole(f"{name}.{suffix}", part) for suffix, part, _ in quantized_layout(shape, chosen)
        ]
        parameters[name] = matrix_of(shape, chosen, parts)
    return parameters


def _make(
    entry: Path,
    checkpoint: Checkpoint,
    kind: QuantizedFormat,
    progress: Progress | None,
    quantize_rows: Quantize,
) -> None:
    """Write an entry aside, flush it, and rename it; a torn one gives way to it."""
    aside = entry.with_name(entry.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)  # left by a kill
    try:
        aside.mkdir(parents=True)
        with (aside / _WEIGHTS).open("wb") as file:
            writer = _Writer(file, checkpoint, kind)
            writer.write(progress, quantize_rows)
            os.fsync(file.fileno())
        with (aside / _MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(
                {
                    "format": kind,
                    "version": _VERSION,
                    "source": str(checkpoint.path.resolve()),
                    "sha256": writer.digest.hexdigest(),
                    "nbytes": writer.nbytes,
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        if entry_path(checkpoint, kind, entry.parent) != entry:
            raise CheckpointError(checkpoint.path, "it changed while it was read; start again")
        shutil.rmtree(entry, ignore_errors=True)
        aside.rename(entry)
    except OSError as error:
        raise CheckpointError(
            aside,
            f"the quantised weights cannot be written: {error.strerror or error}. Make room there.",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


class _Writer:
    """Writes an entry's safetensors file from first to last byte, hashing it on the way."""

    def __init__(self, file: BinaryIO, checkpoint: Checkpoint, kind: QuantizedFormat) -> None:
        self._file = file
        self._checkpoint = checkpoint
        self._kind = kind
        self.digest = hashlib.sha256()
        self.nbytes = 0

    def write(self, progress: Progress | None, quantize_rows: Quantize) -> None:
        checkpoint = self._checkpoint
        shapes = parameter_shapes(checkpoint.config)
        self._write_bytes(_header(shapes, self._kind))
        done, total = 0, checkpoint.stored_nbytes
        for name, shape in shapes.items():
            kind = format_of(name, shape, self._kind)
            dtype = _unquantized_dtype(name)
            # Scales follow the values. Kept piece by piece among blocks that are freed, they would leave holes that
            # the next blocks do not fit: the memory of the whole checkpoint in the end.
            layout = list(quantized_layout(shape, kind))[1:] if kind is not None else []
            rest = [torch.empty(part, dtype=part_dtype) for _, part, part_dtype in layout]
            row = 0
            for rows, nbytes in _blocks(checkpoint, name, shape):
                if kind is None:
                    self._write_tensor(rows.to(dtype))
                else:
                    values, *scales = quantize_rows(rows, kind)
                    self._write_tensor(values)
                    for whole, part in zip(rest, scales, strict=True):
                        whole[row : row + len(part)] = part
                    row += len(scales[0])
                done += nbytes
                if progress is not None:
                    progress(done, total)
            for whole in rest:
                self._write_tensor(whole)

    def _write_tensor(self, tensor: Tensor) -> None:
        self._write_bytes(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)

    def _write_bytes(self, data: Any) -> None:
        self.digest.update(data)
        self.nbytes += self._file.write(data)


def _header(shapes: dict[str, tuple[int, ...]], kind: QuantizedFormat) -> bytes:
    """The safetensors header of an entry, padded so that the first tensor starts at a cache line."""
    header: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        chosen = format_of(name, shape, kind)
        if chosen is None:
            parts = [(name, shape, _unquantized_dtype(name))]
        else:
            parts = [
                (f"{name}.{suffix}", part, dtype)
                for suffix, part, dtype in quantized_layout(shape, chosen)
            ]
        for part_name, part_shape, dtype in parts:
            start, end = end, end + math.prod(part_shape) * dtype.itemsize
            header[part_name] = {
                "dtype": _SAFETENSORS_NAMES[dtype],
                "shape": part_shape,
                "data_offsets": [start, end],
            }
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    return len(text).to_bytes(8, "little") + text


def _unquantized_dtype(name: str) -> torch.dtype:
    return torch.float32 if name.endswith("norm") else torch.bfloat16


def _blocks(
    checkpoint: Checkpoint, name: str, shape: tuple[int, ...]
) -> Iterator[tuple[Tensor, int]]:
    """Rows of a parameter from first to last, and the bytes that they take in the checkpoint's files.

    Every block but the last of a matrix has a multiple of 64 rows, across the parts that it is stored in.
    """
    files, parts = checkpoint.files, checkpoint.stored_as[name]
    stored_nbytes = sum(files.stored_nbytes(part) for part in parts)
    width = math.prod(shape[1:])
    block = max(_ROW_MULTIPLE, _BLOCK_BYTES // (4 * width) // _ROW_MULTIPLE * _ROW_MULTIPLE)
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + files.shapes[part][0])
    for first in range(0, shape[0], block):
        last = min(first + block, shape[0])
        pieces = [
            files.rows(part, max(first - start, 0), min(last, stop) - start).float()
            for part, start, stop in zip(parts, starts, starts[1:], strict=False)
            if start < last and first < stop
        ]
        yield (
            torch.cat(pieces),
            stored_nbytes * last // shape[0] - stored_nbytes * first // shape[0],
        )


@contextmanager
def _locked(entry: Path) -> Iterator[None]:
    """Hold the lock of an entry."""

    def on_wait() -> None:
        _log.warning("another process is quantising the same weights: waiting for it")

    with ExitStack() as stack:
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(file_lock.locked(entry.with_name(entry.name + ".lock"), on_wait))
        except OSError as error:
            raise CheckpointError(
                entry.parent, f"the cache folder cannot be written: {error.strerror or error}"
            ) from error
        yield

"""A session on disk: its ids, and the keys and values of those that were computed.

One file: a header in JSON, the ids, the keys and values as they lie in memory, and a SHA-256 of all before it. It is
written aside and renamed, so that a file of that name is whole or is the one that was there before.

Keys and values are right only for the network that computed them. The header therefore holds an identity: every number
of the network, the formats, torch's version, what the network makes of a fixed prompt, bit for bit, and the embeddings
of the very ids in the file. The last two need no file of the checkpoint and cannot be fooled by one.

Covers: a kill at any point, two writers at once, a torn or changed file, a file made by other weights, another format,
another tokenizer (where the caller names it), other kernels or another rope.
Does not cover: somebody who may write to the folder, and can make a file with a right checksum; secrecy beyond file
permissions: the file holds the conversation, readable by its owner only.

Format: "GLMKV001", header length as 8 bytes, little-endian; header; ids as int32, little-endian; for each part of the
cache and each head of it the computed positions; SHA-256.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from glm_engine.errors import ContextLengthError, SnapshotError, SnapshotMismatchError
from glm_engine.kv_cache import KVCache
from glm_engine.model import Decoder
from glm_engine.prefix import CachedSequence

_MAGIC = b"GLMKV001"
_MAX_HEADER_BYTES = 1 << 20
_CHECKSUM_BYTES = 32
_PROBE_TOKENS = 16
_PARTIAL = ".kv-partial"  # ends the names of files that are being written, and of nobody else's
_NOT_OF_THE_NETWORK = ("context_length", "eos_token_ids")  # change nothing that is computed


def identity_of(decoder: Decoder) -> dict[str, str]:
    """What keys and values depend on, by name. Costs a forward pass of 16 tokens."""
    numbers = asdict(decoder.config)
    identity = {name: str(numbers[name]) for name in numbers if name not in _NOT_OF_THE_NETWORK}
    identity["weights"] = f"{decoder.dtype} {type(decoder.layers[0].qkv).__name__}"
    identity["attention"] = decoder.attention.name
    num_int8 = sum(layer.is_int8 for layer in decoder.kv_formats)
    identity["keys and values"] = f"int8 in {num_int8} of {len(decoder.kv_formats)} layers"
    identity["software"] = f"torch {torch.__version__} on {decoder.device.type}"
    identity["probe"] = _probe(decoder)
    return identity


def write_snapshot(
    path: Path,
    sequence: CachedSequence,
    identity: Mapping[str, str],
    embedding: Tensor,
    *,
    limit_bytes: int | None = None,
) -> int:
    """Write a sequence and what is computed of it.

    Args:
        path: the file; its folder is made if need be.
        sequence: what to write.
        identity: what must be the same when it is read.
        embedding: (V, hidden), of the network.
        limit_bytes: no larger than this: of a cache that does not fit, the first positions are kept.

    Returns:
        Computed positions in the file.

    Raises:
        SnapshotError: it cannot be written, or nothing of it fits; a file of that name is as it was.
    """
    token_ids, cache = sequence.token_ids, sequence.cache
    whole_identity = {**identity, "embeddings": _digest_of_rows(embedding, token_ids)}
    num_computed = cache.length
    text = _header(whole_identity, sequence, num_computed)
    fixed = len(_MAGIC) + 8 + len(text) + 4 * len(token_ids) + _CHECKSUM_BYTES
    per_position = _nbytes_per_position(cache)
    if limit_bytes is not None and fixed + per_position * num_computed > limit_bytes:
        num_computed = (limit_bytes - fixed) // per_position
        if num_computed < 1:
            raise SnapshotError(
                path, f"nothing of {len(token_ids):,} tokens fits into {limit_bytes:,} bytes"
            )
        text = _header(whole_identity, sequence, num_computed)
    with _written_aside(path) as file:
        hashing = _HashingWriter(file)
        hashing.write(_MAGIC + len(text).to_bytes(8, "little") + text)
        hashing.write(np.asarray(token_ids, dtype="<i4").data)
        for head in _heads(cache, num_computed):
            hashing.write(_bytes_of(head.cpu()))
        file.write(hashing.digest.digest())
    return num_computed


@torch.inference_mode()
def read_snapshot(
    path: Path, sequence: CachedSequence, identity: Mapping[str, str], embedding: Tensor
) -> None:
    """Read a sequence, computed positions and all.

    Args:
        path: the file.
        sequence: an empty one, filled in place; still empty when this raises.
        identity: as in `write_snapshot`, of the network that the sequence's cache is for.
        embedding: as in `write_snapshot`.

    Raises:
        SnapshotError: it is not there, cannot be read or is damaged.
        SnapshotMismatchError: something of the identity differs.
        ContextLengthError: it has more ids than the cache may hold positions.
    """
    try:
        with path.open("rb") as file:
            _read(path, file, sequence, identity, embedding)
    except OSError as error:
        raise SnapshotError(path, f"it cannot be read: {error.strerror or error}") from error


def _read(
    path: Path,
    file: BufferedReader,
    sequence: CachedSequence,
    identity: Mapping[str, str],
    embedding: Tensor,
) -> None:
    cache = sequence.cache
    hashing = _HashingReader(file)
    header = _read_header(path, hashing)
    num_tokens, num_computed = header["num_tokens"], header["num_computed"]
    _compare(path, header["identity"], identity)
    if num_tokens > cache.max_length:
        raise ContextLengthError(num_tokens, cache.max_length)
    expected = file.tell() + 4 * num_tokens + _CHECKSUM_BYTES
    expected += num_computed * _nbytes_per_position(cache)
    if os.fstat(file.fileno()).st_size != expected:
        raise SnapshotError(path, "it is torn: delete it")
    token_ids = np.empty(num_tokens, dtype="<i4")
    hashing.read_into(token_ids.data)
    if not ((token_ids >= 0) & (token_ids < embedding.shape[0])).all():
        raise SnapshotError(path, "it is damaged: delete it")
    ids: list[int] = token_ids.tolist()
    _compare(path, header["identity"], {"embeddings": _digest_of_rows(embedding, ids)})
    cache.reserve(num_computed)
    for head in _heads(cache, num_computed):
        if head.device.type == "cpu":
            hashing.read_into(_bytes_of(head))
        else:
            buffer = torch.empty_like(head, device="cpu")
            hashing.read_into(_bytes_of(buffer))
            head.copy_(buffer)
    if file.read(_CHECKSUM_BYTES) != hashing.digest.digest():
        raise SnapshotError(
            path, "it is damaged: its checksum is not that of its content. Delete it"
        )
    sequence.token_ids += ids
    sequence.num_pinned = header["num_pinned"]
    cache.commit(num_computed)


def _read_header(path: Path, file: "_HashingReader") -> dict[str, Any]:
    """The header, with the types that it must have."""
    start = bytearray(len(_MAGIC) + 8)
    file.read_into(memoryview(start))
    if start[: len(_MAGIC)] != _MAGIC:
        raise SnapshotError(path, "it is no saved session, or one of another version: delete it")
    length = int.from_bytes(start[len(_MAGIC) :], "little")
    damaged = SnapshotError(path, "its header is damaged: delete it")
    if length > _MAX_HEADER_BYTES:
        raise damaged
    text = bytearray(length)
    file.read_into(memoryview(text))
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged from error
    match header:
        case {
            "identity": dict(),
            "num_tokens": int(total),
            "num_computed": int(computed),
            "num_pinned": int(pinned),
        } if 0 <= pinned <= computed <= total:
            return dict(header)
    raise damaged


def _compare(path: Path, saved: Mapping[str, Any], present: Mapping[str, str]) -> None:
    """Refuse a file whose identity lacks, or has otherwise, what is present."""
    differences = [
        (name, str(saved.get(name, "not in the file")), value)
        for name, value in present.items()
        if saved.get(name) != value
    ]
    if differences:
        raise SnapshotMismatchError(path, differences)


@torch.inference_mode()
def _probe(decoder: Decoder) -> str:
    """A hash of every bit that the network makes of a fixed prompt: keys, values and logits."""
    config = decoder.config
    count = min(_PROBE_TOKENS, config.context_length)
    token_ids = torch.arange(count, device=decoder.device) * config.vocab_size // count
    cache = decoder.new_cache(count)
    # A copy shares the weights, and has counters of its own.
    logits = copy(decoder).forward(token_ids, cache, num_logits=1)
    digest = hashlib.sha256(_bytes_of(logits.cpu().contiguous()))
    for head in _heads(cache, count):
        digest.update(_bytes_of(head.cpu()))
    return digest.hexdigest()[:16]


def _digest_of_rows(embedding: Tensor, token_ids: Sequence[int]) -> str:
    used = torch.tensor(sorted(set(token_ids)), dtype=torch.int64, device=embedding.device)
    return hashlib.sha256(_bytes_of(embedding[used].cpu())).hexdigest()[:16]


def _heads(cache: KVCache, length: int) -> Iterator[Tensor]:
    """The first `length` positions of each head of each part, contiguous views."""
    for part in cache.parts(0, length):
        yield from part.unbind(0)


def _nbytes_per_position(cache: KVCache) -> int:
    cache.reserve(1)
    return sum(part.nbytes for part in cache.parts(0, 1))


def _bytes_of(tensor: Tensor) -> memoryview:
    """The memory of a contiguous tensor on the CPU."""
    return tensor.reshape(-1).view(torch.uint8).numpy().data


def _header(identity: Mapping[str, str], sequence: CachedSequence, num_computed: int) -> bytes:
    """JSON, padded so that what follows starts at a cache line."""
    header = {
        "identity": identity,
        "num_tokens": len(sequence.token_ids),
        "num_computed": num_computed,
        "num_pinned": sequence.num_pinned if sequence.num_pinned <= num_computed else 0,
    }
    text = json.dumps(header).encode()
    return text + b" " * (-(len(_MAGIC) + 8 + len(text)) % 64)


class _HashingWriter:
    """Writes a file and hashes what it writes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self.digest.update(data)


class _HashingReader:
    """Reads a file and hashes what it reads."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read_into(self, buffer: memoryview) -> None:
        """Fill a buffer; where the file ends before, the rest stays as it is, and the checksum will tell."""
        self._file.readinto(buffer)
        self.digest.update(buffer)


@contextmanager
def _written_aside(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path`, flushed, when the block ends well, and leaves nothing when it does not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(path.parent)
        with _locked_partial(path) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _flush_folder(path.parent)
    except OSError as error:
        raise SnapshotError(path, f"it cannot be written: {error.strerror or error}") from error


@contextmanager
def _locked_partial(path: Path) -> Iterator[IO[bytes]]:
    """A new file beside `path`, with a lock that says that somebody is writing it."""
    while True:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=_PARTIAL, delete=False
        ) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if Path(file.name).exists():  # else another writer took it for abandoned before
                yield file
                return


def _clear_abandoned(folder: Path) -> None:
    """Delete what a kill left of earlier writers, of any session: files that nobody holds a lock on."""
    for partial in folder.glob(f".*{_PARTIAL}"):
        with suppress(OSError), partial.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            partial.unlink()


def _flush_folder(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

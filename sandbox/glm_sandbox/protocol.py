"""Frames between the host and the guest: the one language that both sides of a sandbox speak.

A frame is a big-endian u32 header length, a JSON object of that many bytes, and a raw body whose length the header
gives. Both sides run this file; it imports nothing but the standard library, and nothing of this project.

Covers: a hostile peer. Every length is checked before anything is allocated, nesting and types are checked before
anything is used, and a stream that breaks a rule raises `ProtocolError` and is never resynchronised.
Does not cover: who may say what. Tokens and the order of frames are the business of `channel` and `guest.supervisor`.

Host to guest
    hello      say `ready` again, if it is so
    exec       run the cell in the body: `token`, `timeout_s`, `grace_s`
    interrupt  stop the cell `token`
    put        a piece of a file below the data folder: `request`, `path`, `last`
    get        read a file: `request`, `path`, `limit_bytes`
    list       all files: `request`
    ping       answer with `reply`: `request`
Guest to host
    ready      the supervisor is up: `abi`, `python`
    output     bytes of `stream` of the cell `token`; `gap` bytes before them were left out
    value      repr of the last expression
    display    something of type `mime` that the cell showed
    error      traceback of the cell: `name`, `line`
    files      files that the cell made, changed or removed, as JSON in the body
    done       the cell `token` has ended: `status`, `variables`, ...; exactly one for each exec
    file       a piece of a file: `request`
    reply      a request is done, or `problem` says why it is not

A frame of an unknown kind is ignored by both.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

ABI = 1  # raised when host and guest of different releases would misunderstand each other
MAX_HEADER_BYTES = 64 << 10
MAX_BODY_BYTES = 4 << 20
CHUNK_BYTES = 1 << 20  # of a file

_LENGTH = struct.Struct(">I")
_Scalar = TypeVar("_Scalar", str, int, float, bool)


class ProtocolError(Exception):
    """Raised when the bytes of the peer are not frames, or a frame lacks what its kind must have."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message.

    Attributes:
        kind: what it is; see the table at the top.
        fields: the rest of the header. From a guest they are untrusted: read them with `text`, `integer`, ...
        body: raw bytes, at most `MAX_BODY_BYTES`.
    """

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""

    def text(self, name: str, default: str | None = None) -> str:
        return self._typed(name, default, str)

    def integer(self, name: str, default: int | None = None) -> int:
        return self._typed(name, default, int)

    def flag(self, name: str, default: bool | None = None) -> bool:
        return self._typed(name, default, bool)

    def number(self, name: str, default: float | None = None) -> float:
        value = self.fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ProtocolError(f"{self.kind!r} frame: {name!r} is not a number")
        try:
            return float(value)
        except OverflowError:  # JSON has integers of any length
            raise ProtocolError(f"{self.kind!r} frame: {name!r} is beyond all numbers") from None

    def _typed(self, name: str, default: _Scalar | None, wanted: type[_Scalar]) -> _Scalar:
        value = self.fields.get(name, default)
        if type(value) is not wanted:
            raise ProtocolError(f"{self.kind!r} frame: {name!r} is not {wanted.__name__}")
        return value


def encode(kind: str, body: bytes = b"", **fields: object) -> bytes:
    """The bytes of one frame.

    Raises:
        ProtocolError: header or body is over its limit.
    """
    header = json.dumps({**fields, "kind": kind, "body_bytes": len(body)}).encode("ascii")
    if len(header) > MAX_HEADER_BYTES or len(body) > MAX_BODY_BYTES:
        raise ProtocolError(f"{kind!r} frame: header or body is too large to send")
    return _LENGTH.pack(len(header)) + header + body


class FrameReader:
    """Cuts a byte stream into frames, however it is chopped up on the way."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes, in order.

        Raises:
            ProtocolError: the stream is not frames; the reader is of no use from then on.
        """
        self._buffer += data
        while (frame := self._take()) is not None:
            yield frame

    def clear(self) -> None:
        """Forget a half-read frame, after its writer has died."""
        self._buffer.clear()

    def _take(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < _LENGTH.size:
            return None
        (header_bytes,) = _LENGTH.unpack_from(buffer)
        if header_bytes > MAX_HEADER_BYTES:
            raise ProtocolError(f"header of {header_bytes} bytes")
        start = _LENGTH.size + header_bytes
        if len(buffer) < start:
            return None
        # A large body arrives in many pieces and its header is parsed again with each; headers are small.
        header = parse_json(bytes(buffer[_LENGTH.size : start]))
        kind, body_bytes = header.pop("kind", None), header.pop("body_bytes", None)
        if not isinstance(kind, str) or type(body_bytes) is not int:
            raise ProtocolError("header without a kind or a body length")
        if not 0 <= body_bytes <= MAX_BODY_BYTES:
            raise ProtocolError(f"body of {body_bytes} bytes")
        end = start + body_bytes
        if len(buffer) < end:
            return None
        body = bytes(buffer[start:end])
        del buffer[:end]
        return Frame(kind, header, body)


def _refuse_constant(name: str) -> None:
    raise ProtocolError(f"{name} in a header")


def parse_json(data: bytes) -> dict[str, Any]:
    """A JSON object from the peer.

    Raises:
        ProtocolError: it is not JSON, not an object, or nested beyond reason.
    """
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("not JSON") from error
    if not isinstance(value, dict):
        raise ProtocolError("JSON that is no object")
    return value

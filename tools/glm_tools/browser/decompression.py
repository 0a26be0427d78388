"""Bodies as they were before the transfer compressed them, in pieces of bounded size."""

import zlib
from collections.abc import Iterator

import requests

from glm_tools.browser.errors import FetchError

CHUNK_BYTES = 65_536


def decoded_body(url: str, answer: requests.Response, encoding: str) -> Iterator[bytes]:
    """The body, decompressed piece by piece; no piece is larger than four times `CHUNK_BYTES`."""
    encoding = encoding.strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise FetchError(url, f"the content encoding {encoding[:40]!r} was not asked for")
    decoder = None if encoding in {"", "identity"} else _Inflater(url, encoding)
    while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=False):
        if decoder is None:
            yield chunk
        else:
            yield from decoder.feed(chunk)


class _Inflater:
    """gzip (also of several members) and both readings of "deflate", with bounded output."""

    def __init__(self, url: str, encoding: str) -> None:
        self._url = url
        self._is_gzip = encoding != "deflate"
        self._wbits = 31 if self._is_gzip else 15
        self._inflater = zlib.decompressobj(self._wbits)
        self._has_output = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            try:
                piece = self._inflater.decompress(data, 4 * CHUNK_BYTES)
            except zlib.error as error:
                if not self._is_gzip and not self._has_output and self._wbits == 15:
                    self._wbits = (
                        -15
                    )  # RFC 9110, section 8.4.1.2: some servers send it without the zlib wrapper
                    self._inflater = zlib.decompressobj(self._wbits)
                    continue
                raise FetchError(self._url, "the compressed body is broken") from error
            data = self._inflater.unconsumed_tail
            if self._inflater.eof:
                data = self._inflater.unused_data
                if not self._is_gzip or not data.startswith(b"\x1f\x8b"):
                    data = b""
                self._inflater = zlib.decompressobj(self._wbits)
            if piece:
                self._has_output = True
                yield piece

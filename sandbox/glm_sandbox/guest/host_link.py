"""The host as the supervisor holds it: its requests on stdin, what it is told on stdout."""

import os
from collections.abc import Iterator

from glm_sandbox.protocol import Frame, FrameReader, encode

_UNSENT_BYTES = 1 << 18
_READ_BYTES = 1 << 16


class HostGoneError(Exception):
    """Raised when the host has gone, or wants us to go."""


class HostLink:
    """Takes over the descriptors 0 and 1, which are nothing from then on.

    Attributes:
        descriptor: to wait for requests on.
    """

    def __init__(self) -> None:
        self.descriptor, self._out = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        self._frames = FrameReader()
        self._unsent = bytearray()

    def frames(self) -> Iterator[Frame]:
        """What has arrived; waits when nothing has.

        Raises:
            HostGoneError: there is no host any more.
            ProtocolError: it is not frames.
        """
        data = os.read(self.descriptor, _READ_BYTES)
        if not data:
            raise HostGoneError
        yield from self._frames.feed(data)

    def send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        """Send a frame with the next `flush`: frames that go together wake the engine's chain of readers once.

        Raises:
            HostGoneError: there was so much that it was flushed, to nobody.
        """
        self._unsent += encode(kind, body, **fields)
        if len(self._unsent) > _UNSENT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is to be sent, waiting for the host to take it.

        Raises:
            HostGoneError: nobody takes it.
        """
        unsent, self._unsent = memoryview(self._unsent), bytearray()
        try:
            while unsent:
                unsent = unsent[os.write(self._out, unsent) :]
        except OSError as error:
            raise HostGoneError from error

"""Frames to and from one guest over a transport, from its first word to its last."""

import time

from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.protocol import ABI, Frame, FrameReader, ProtocolError, encode
from glm_sandbox.transport import Transport, TransportClosedError

_SEND_S = 30.0
_HELLO_S = 1.0
START_S = 60.0  # from the start of a guest to `ready`; minutes mean that something is wrong


class GuestLostError(Exception):
    """Raised when the guest is gone, silent or talks nonsense. It has been killed by then."""


class GuestChannel:
    """One guest that has said `ready`."""

    def __init__(self, transport: Transport, *, start_timeout_s: float = START_S) -> None:
        """Wait for the guest's first word.

        Raises:
            SandboxUnavailableError: it did not start, or is of another release; it has been killed.
        """
        self._transport = transport
        self._reader = FrameReader()
        self._frames: list[Frame] = []
        end = time.monotonic() + start_timeout_s
        try:
            # podman loses what a container says before it is spoken to, so it is asked for it
            while (ready := self.next_frame(_HELLO_S)) is None and time.monotonic() < end:
                self.send("hello")
        except GuestLostError as error:
            raise SandboxUnavailableError(
                f"The sandbox did not start: {transport.diagnostics() or error}",
                "Run `glm-agent doctor` to see what is missing.",
            ) from error
        except BaseException:  # Ctrl-C: nobody else knows of the guest yet
            transport.close()
            raise
        if ready is None or ready.kind != "ready" or ready.fields.get("abi") != ABI:
            transport.close()
            problem = "did not answer" if ready is None else "holds the files of another release"
            raise SandboxUnavailableError(
                f"The sandbox {problem}.", "Rebuild its image: `glm-agent sandbox build`."
            )
        self.python = ready.text("python")

    def send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        """Send one frame.

        Raises:
            GuestLostError: the guest is gone.
        """
        try:
            self._transport.send(encode(kind, body, **fields), _SEND_S)
        except TransportClosedError as error:
            raise self._lost(str(error)) from error

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame; None when none came within `timeout_s`.

        Raises:
            GuestLostError: the guest is gone, or sent what is not a frame.
        """
        if not self._frames:
            data = self._transport.receive(timeout_s)
            if data is None:
                return None
            if not data:
                raise self._lost("it has ended")
            try:
                self._frames.extend(self._reader.feed(data))
            except ProtocolError as error:
                raise self._lost(f"it broke the protocol: {error}") from error
            if not self._frames:
                return None
        return self._frames.pop(0)

    def give_up(self, reason: str) -> GuestLostError:
        """Kill the guest; the error to raise."""
        return self._lost(reason)

    def kill(self) -> None:
        """End the guest. For any thread: whoever waits for a frame learns that the guest is gone."""
        self._transport.kill()

    def close(self) -> None:
        """End the guest and release what is held. Only for the thread that uses the channel."""
        self._transport.close()

    def _lost(self, reason: str) -> GuestLostError:
        self._transport.close()
        return GuestLostError(reason)

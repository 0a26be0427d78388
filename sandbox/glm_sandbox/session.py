"""A stateful session on any back end: one cell at a time, files in and out, and a fresh guest when one is lost."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event, Lock
from types import TracebackType
from typing import Self, TypeVar

from glm_sandbox.backend import PREIMPORT, Backend
from glm_sandbox.channel import GuestChannel, GuestLostError
from glm_sandbox.errors import SandboxClosedError, SandboxFileError, SandboxUnavailableError
from glm_sandbox.host_copy import HostCopy
from glm_sandbox.mirror import Mirror, TemporaryMirror
from glm_sandbox.outcome import CellRecord, is_data_path, parse_listing
from glm_sandbox.protocol import CHUNK_BYTES, Frame, ProtocolError
from glm_sandbox.sandbox import DataFile, ExecResult, ResourceLimits

MAX_CODE_BYTES = 256 << 10
_MAX_TIMEOUT_S = 7 * 86_400.0  # more than this is a slip, and too much for the kernel's clocks
_CANCEL_POLL_S = 0.05
_SLACK_S = 30.0  # beyond time limit and grace: a guest that has said nothing by then is frozen
_REQUEST_S = 60.0
_DATA_DIR = "/mnt/data/"
_NAMED_FILES = 5  # in a message
_NOT_RUN = "Cancelled by the user before it began. Nothing was run; variables are kept."
_T = TypeVar("_T")


class Session:
    """The `Sandbox` that all back ends share.

    Calls from several threads take turns; `close` does not wait for its turn.
    """

    def __init__(
        self,
        backend: Backend,
        limits: ResourceLimits | None = None,
        *,
        mirror: Mirror | None = None,
        preimport: Sequence[str] = PREIMPORT,
    ) -> None:
        """Start a guest and put the files of `mirror` into it.

        Args:
            backend: where guests run.
            limits: what the session may use.
            mirror: the host's copy of /mnt/data; a temporary one when None. The session closes it.
            preimport: modules that a fresh guest loads while it waits.

        Raises:
            SandboxUnavailableError: no guest could be started.
        """
        self._backend = backend
        self._limits = limits or ResourceLimits()
        self._preimport = tuple(preimport)
        try:
            self._copy = HostCopy(mirror or TemporaryMirror(), self._limits.data_bytes)
        except OSError as error:
            raise SandboxUnavailableError(
                f"There is no room for the host's copy of /mnt/data: {error}",
                "Make some, or set TMPDIR to a folder on another disk.",
            ) from error
        self._lock = Lock()
        self._is_closed = False
        self._names: list[str] = []  # variables, as of the last cell
        self._news = ""  # of a guest that was replaced between cells; the next result tells it
        self._channel: GuestChannel | None = None
        try:
            self._start()
        except BaseException:
            self._copy.close()
            raise

    @property
    def backend(self) -> str:
        return self._backend.name

    @property
    def weaknesses(self) -> tuple[str, ...]:
        return self._backend.weaknesses

    @property
    def limits(self) -> ResourceLimits:
        return self._limits

    def execute(
        self,
        code: str,
        *,
        timeout_s: float | None = None,
        cancel: Event | None = None,
        on_output: Callable[[str, str], None] | None = None,
    ) -> ExecResult:
        """As `Sandbox.execute`.

        A guest that is lost while the cell runs is replaced by a fresh one with the files of the last good moment; the
        result says so.

        Raises:
            SandboxClosedError: the session was closed before the call.
            SandboxUnavailableError: the guest had been lost and cannot be replaced; nothing was run.
            ValueError: `timeout_s` is not above 0, or more than a week.
        """
        if timeout_s is None:
            timeout_s = self._limits.timeout_s
        if not 0 < timeout_s <= _MAX_TIMEOUT_S:
            raise ValueError(
                f"timeout_s must be above 0 and at most {_MAX_TIMEOUT_S:,.0f}, not {timeout_s!r}"
            )
        source = code.encode("utf-8", "surrogatepass")
        if len(source) > MAX_CODE_BYTES:
            text = f"The cell has {len(source):,} bytes; at most {MAX_CODE_BYTES:,} can be run. Nothing was run."
            return ExecResult(status="error", error=text)
        with self._lock:
            channel = self._open_channel()
            if cancel is not None and cancel.is_set():  # while it waited for its turn, say
                return ExecResult("interrupted", message=_NOT_RUN, killed_by="user")
            record = CellRecord(self._limits, on_output)
            start = time.monotonic()
            try:
                done = self._run(channel, source, timeout_s, cancel, record)
                result = record.result(done)
                note = self._update_copy(channel, record)
            except (GuestLostError, ProtocolError) as error:
                result = self._replace_lost(channel, record, error, time.monotonic() - start)
                note = ""
            if record.names is not None:
                self._names = record.names
            notes = (self._news, result.message, note)
            self._news = ""
            return replace(result, message=" ".join(filter(None, notes)))

    def put_file(self, path: str, data: bytes) -> None:
        """As `Sandbox.put_file`."""
        name = _data_path(path)
        with self._lock:
            channel = self._open_channel()
            self._request(channel, lambda: _put(channel, name, data), path)
            self._copy.store(name, data)

    def get_file(self, path: str) -> bytes:
        """As `Sandbox.get_file`."""
        name = _data_path(path)
        with self._lock:
            channel = self._open_channel()
            return self._request(
                channel, lambda: _get(channel, name, self._limits.data_bytes), path
            )

    def is_alive(self) -> bool:
        """Whether the guest answers. Waits for its turn, as every call does."""
        with self._lock:
            if self._is_closed or self._channel is None:
                return False
            channel = self._channel
            try:
                request = secrets.token_hex(8)
                channel.send("ping", request=request)
                _answer(channel, request, "")
            except (GuestLostError, ProtocolError):
                channel.close()
                self._channel = None
                return False
            return True

    def list_files(self) -> tuple[DataFile, ...]:
        """All regular files below /mnt/data whose names are plain.

        Raises:
            SandboxClosedError: the session is closed.
        """
        with self._lock:
            channel = self._open_channel()
            files = self._request(channel, lambda: _list(channel), "")
        return tuple(DataFile(path, size) for path, size in sorted(files.items()))

    def close(self) -> None:
        """As `Sandbox.close`. A cell that runs in another thread ends as `interrupted`."""
        if self._is_closed:
            return
        self._is_closed = True
        channel = self._channel
        if channel is not None:
            channel.kill()  # a cell that runs in another thread ends by this
        with self._lock:
            if self._channel is not None:
                self._channel.close()
            self._copy.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The guest

    def _start(self) -> int:
        """Start a guest and fill it; the number of files put into it."""
        channel = GuestChannel(self._backend.start(self._limits, self._preimport))
        count = 0
        try:
            for path, data in self._copy.files():
                _put(channel, path, data)
                count += 1
        except (GuestLostError, ProtocolError, SandboxFileError, OSError) as error:
            channel.close()
            raise SandboxUnavailableError(
                f"The files of the session could not be restored: {error}", ""
            ) from error
        except BaseException:
            channel.close()
            raise
        self._channel = channel
        return count

    def _restart(self) -> str:
        """Start a guest in the place of one that was lost; what is back and what is not, as a sentence."""
        count = self._start()
        files = f"{count} file{'' if count == 1 else 's'} restored"
        missing = self._copy.missing
        if missing:  # there was no room for their copies, as was said at the time
            files += f", files lost: {', '.join(sorted(missing)[:_NAMED_FILES])}"
            missing.clear()
        names, self._names = self._names, []
        lost = f"variables lost: {', '.join(names)}" if names else "no variables lost"
        return f"{files}, {lost}."

    def _open_channel(self) -> GuestChannel:
        if self._is_closed:
            raise SandboxClosedError("the session is closed")
        if self._channel is None:
            self._news = f"The sandbox was restarted before this cell. {self._restart()}"
            if self._is_closed:  # meanwhile: `close` has met no channel to end
                raise SandboxClosedError("the session is closed")
        assert self._channel is not None, "_start sets it or raises"
        return self._channel

    def _run(
        self,
        channel: GuestChannel,
        source: bytes,
        timeout_s: float,
        cancel: Event | None,
        record: CellRecord,
    ) -> Frame:
        """Send the cell and gather its frames; the `done` frame."""
        token = secrets.token_hex(
            16
        )  # unknown to the code that runs: it cannot forge the end of a later cell
        channel.send("exec", source, token=token, timeout_s=timeout_s, grace_s=self._limits.grace_s)
        deadline = time.monotonic() + timeout_s + self._limits.grace_s + _SLACK_S
        is_cancelled = False
        try:
            while True:
                if cancel is not None and not is_cancelled and cancel.is_set():
                    is_cancelled = True
                    channel.send("interrupt", token=token)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise channel.give_up("it did not answer")
                frame = channel.next_frame(
                    min(left, _CANCEL_POLL_S if cancel is not None else left)
                )
                if frame is None or frame.fields.get("token") != token:
                    continue
                if frame.kind == "done":
                    return frame
                record.add(frame)
        except (GuestLostError, ProtocolError):
            raise
        except BaseException:  # Ctrl-C, or an error of the caller's own `on_output`
            self._settle(channel, token, record)
            raise

    def _settle(self, channel: GuestChannel, token: str, record: CellRecord) -> None:
        """Interrupt a cell whose caller has gone, and wait for its end, so that the next cell finds order."""
        try:
            channel.send("interrupt", token=token)
            deadline = time.monotonic() + self._limits.grace_s + _SLACK_S
            while (left := deadline - time.monotonic()) > 0:
                frame = channel.next_frame(left)
                if frame is None or frame.fields.get("token") != token:
                    continue
                if frame.kind == "files":  # told once: the next cell copies what this one made
                    record.add(frame)
                    self._copy.missing.update(record.changed)
                    self._copy.forget(record.removed)
                elif frame.kind == "done":
                    return
            raise channel.give_up("it did not answer")
        except (GuestLostError, ProtocolError):
            channel.close()
            self._channel = None
        except BaseException:  # a second Ctrl-C: do not wait
            channel.close()
            self._channel = None
            raise

    def _replace_lost(
        self,
        channel: GuestChannel,
        record: CellRecord,
        error: Exception,
        duration_s: float,
    ) -> ExecResult:
        channel.close()
        self._channel = None
        if self._is_closed:
            return record.lost(
                "The session was closed while the cell ran.", duration_s, "interrupted"
            )
        try:
            restored = self._restart()
        except SandboxUnavailableError as unavailable:
            return record.lost(
                f"The sandbox is gone ({error}) and cannot be restarted: {unavailable.reason}",
                duration_s,
            )
        return record.lost(f"The sandbox was restarted ({error}). {restored}", duration_s)

    def _update_copy(self, channel: GuestChannel, record: CellRecord) -> str:
        """Bring the host's copy up to date; what the model is told when that cannot be done."""
        copy = self._copy
        copy.forget(record.removed)
        copy.missing.update(record.changed)  # told once: a Ctrl-C from here on must not lose them
        problem = ""
        for path, size in sorted(copy.missing.items()):
            room = copy.room_for(path)
            if size > room:
                problem = copy.no_room
                continue
            try:
                data = _get(channel, path, room)
            except SandboxFileError:  # changed again, or gone, since it was listed
                copy.missing.pop(path, None)
                continue
            problem = copy.store(path, data) or problem
        if not copy.missing:
            return ""
        names = ", ".join(sorted(copy.missing)[:_NAMED_FILES])
        return (
            f"The host could not copy {len(copy.missing)} of the files ({problem}): {names}."
            " They are in /mnt/data, and would be lost with the sandbox."
        )

    def _request(self, channel: GuestChannel, action: Callable[[], _T], path: str) -> _T:
        """Run a request; a guest that is lost over it is replaced at the next call."""
        try:
            return action()
        except (GuestLostError, ProtocolError) as error:
            channel.close()
            self._channel = None
            raise SandboxFileError(
                path, f"the sandbox was lost ({error}); variables are gone"
            ) from error


def _data_path(path: str) -> str:
    """`path` relative to /mnt/data.

    Raises:
        SandboxFileError: it leaves the folder, or is not a plain name.
    """
    name = path.removeprefix(_DATA_DIR).removeprefix("./")
    if not is_data_path(name):
        raise SandboxFileError(
            path, "not a path below /mnt/data (relative, without '..' and control characters)"
        )
    return name


def _answer(
    channel: GuestChannel,
    request: str,
    path: str,
    pieces: list[bytes] | None = None,
    limit_bytes: int = 0,
) -> Frame:
    """Wait for the reply to `request`, gathering the pieces of a file before it, `limit_bytes` at most."""
    deadline = time.monotonic() + _REQUEST_S
    while (left := deadline - time.monotonic()) > 0:
        frame = channel.next_frame(left)
        if frame is None or frame.fields.get("request") != request:
            continue
        if frame.kind == "file" and pieces is not None:
            limit_bytes -= len(frame.body)
            if limit_bytes < 0:
                raise channel.give_up("it sent more of a file than was asked for")
            pieces.append(frame.body)
        elif frame.kind == "reply":
            problem = frame.text("problem", "")
            if problem:
                raise SandboxFileError(path, problem)
            return frame
    raise channel.give_up("it did not answer")


def _put(channel: GuestChannel, path: str, data: bytes) -> None:
    request = secrets.token_hex(8)
    for start in range(0, max(1, len(data)), CHUNK_BYTES):
        last = start + CHUNK_BYTES >= len(data)
        channel.send(
            "put", data[start : start + CHUNK_BYTES], request=request, path=path, last=last
        )
    _answer(channel, request, path)


def _get(channel: GuestChannel, path: str, limit_bytes: int) -> bytes:
    request = secrets.token_hex(8)
    channel.send("get", request=request, path=path, limit_bytes=limit_bytes)
    pieces: list[bytes] = []
    _answer(channel, request, path, pieces, limit_bytes)
    return b"".join(pieces)


def _list(channel: GuestChannel) -> dict[str, int]:
    request = secrets.token_hex(8)
    channel.send("list", request=request)
    return parse_listing(_answer(channel, request, ""))[0]

"""What the frames of one cell come to: an `ExecResult`, and the one line that the model reads about it."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from glm_sandbox.guest.data_files import is_plain
from glm_sandbox.protocol import Frame, ProtocolError, parse_json
from glm_sandbox.sandbox import DataFile, Display, ExecResult, ResourceLimits, Status, Variables
from glm_sandbox.text import OutputDecoder, escape, is_binary

MAX_DISPLAYS = 20
MAX_SIDE_PX = 4096
_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_MAX_FRAMES = 100_000
_MAX_BYTES = 64 << 20  # of all frames of a cell: a guest that sends more is not ours any more


@dataclass(slots=True)
class _Stream:
    """One output stream as it arrives."""

    decoder: OutputDecoder = field(default_factory=OutputDecoder)
    text: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)


class CellRecord:
    """Gathers the frames of one cell. The guest is not trusted: types, sizes and counts are checked.

    Attributes:
        changed: path -> size of files that are new or different.
        removed: paths that are gone.
        names: variables of the session when the cell was done; None when it was not.
    """

    def __init__(
        self, limits: ResourceLimits, on_output: Callable[[str, str], None] | None
    ) -> None:
        self._limits = limits
        self._on_output = on_output
        self._streams = {"stdout": _Stream(), "stderr": _Stream()}
        self._value: str | None = None
        self._error: str | None = None
        self._displays: list[Display] = []
        self._frames = 0
        self._bytes = 0
        self._unlisted = 0
        self._listing_truncated = False
        self.changed: dict[str, int] = {}
        self.removed: list[str] = []
        self.names: list[str] | None = None

    def add(self, frame: Frame) -> None:
        """Take in a frame of this cell other than `done`.

        Raises:
            ProtocolError: it is not what a guest sends, or too much.
        """
        self._frames += 1
        self._bytes += len(frame.body)
        if self._frames > _MAX_FRAMES or self._bytes > _MAX_BYTES:
            raise ProtocolError("more frames than a cell can have")
        if frame.kind == "output":
            self._add_output(frame)
        elif frame.kind == "value":
            self._value = escape(frame.body.decode("utf-8", "backslashreplace"))
        elif frame.kind == "error":
            self._error = escape(frame.body.decode("utf-8", "backslashreplace"))
        elif frame.kind == "display":
            self._add_display(frame)
        elif frame.kind == "files":
            self._unlisted = frame.integer("unlisted")
            self._listing_truncated = frame.flag("truncated")
            self.changed, self.removed = parse_listing(frame)

    def result(self, done: Frame) -> ExecResult:
        """What the cell came to, as its `done` frame says.

        Raises:
            ProtocolError: the frame lacks something.
        """
        status, variables = done.text("status"), done.text("variables")
        if status not in get_args(Status) or variables not in get_args(Variables):
            raise ProtocolError("a cell ended in a way that does not exist")
        names = done.fields.get("names", [])
        if isinstance(names, list) and variables == "kept":
            self.names = [name for name in names if isinstance(name, str) and is_plain(name)]
        elif variables == "lost":
            self.names = []
        return self._result(
            status,  # type: ignore[arg-type]  # checked above
            variables,  # type: ignore[arg-type]  # checked above
            duration_s=done.number("duration_s"),
            killed_by=_killed_by(done),
            truncated=done.flag("cut"),
            message=_message(done, self._limits, self._notes(done)),
        )

    def lost(self, message: str, duration_s: float, status: Status = "sandbox_lost") -> ExecResult:
        """What there is of a cell whose sandbox went away."""
        return self._result(
            status, "lost", duration_s=duration_s, killed_by="sandbox lost", message=message
        )

    def _result(
        self,
        status: Status,
        variables: Variables,
        *,
        duration_s: float,
        killed_by: str | None,
        message: str,
        truncated: bool = False,
    ) -> ExecResult:
        return ExecResult(
            status=status,
            stdout=self._text("stdout"),
            stderr=self._text("stderr"),
            value=self._value,
            error=self._error,
            displays=tuple(self._displays),
            files=tuple(DataFile(path, size) for path, size in self.changed.items()),
            variables=variables,
            message=message,
            truncated=truncated,
            killed_by=killed_by,
            duration_s=duration_s,
        )

    def _add_output(self, frame: Frame) -> None:
        name = frame.text("stream")
        if name not in self._streams:
            raise ProtocolError("output of a stream that does not exist")
        stream = self._streams[name]
        gap = frame.integer("gap")
        text = f"\n[... {gap:,} bytes left out ...]\n" if gap > 0 else ""
        text += stream.decoder.feed(frame.body)
        stream.text.append(text)
        stream.raw += frame.body
        if self._on_output is not None and text:
            self._on_output(name, text)

    def _add_display(self, frame: Frame) -> None:
        if frame.text("mime") != "image/png" or len(self._displays) >= MAX_DISPLAYS:
            return
        if is_png(frame.body):
            self._displays.append(Display("image/png", frame.body))

    def _text(self, name: str) -> str:
        stream = self._streams[name]
        if is_binary(bytes(stream.raw)):
            return f"[{len(stream.raw):,} bytes of binary output]"
        stream.text.append(stream.decoder.feed(b"", final=True))
        return "".join(stream.text)

    def _notes(self, done: Frame) -> list[str]:
        """Things worth a sentence beside the outcome itself."""
        notes = []
        if reason := done.text("lost_before", ""):
            notes.append(f"Variables had been lost before this cell: {escape(reason)}.")
        if count := done.integer("processes_killed", 0):
            notes.append(
                f"{_counted(count, 'process', 'processes')} left running {'was' if count == 1 else 'were'} ended."
            )
        if count := done.integer("threads_left", 0):
            notes.append(f"{_counted(count, 'thread', 'threads')} still running.")
        if count := done.integer("displays_dropped", 0):
            notes.append(
                f"Only the first {MAX_DISPLAYS} figures are shown; {count} more were drawn."
            )
        if self._unlisted:
            notes.append(
                f"{_counted(self._unlisted, 'file', 'files')} not listed: odd names or too many folders."
            )
        if self._listing_truncated:
            notes.append("Too many files in the data folder: not all are listed.")
        return notes


def parse_listing(frame: Frame) -> tuple[dict[str, int], list[str]]:
    """(path -> size, removed paths) of a frame that lists files; names that are not plain are left out.

    Raises:
        ProtocolError: it is no listing.
    """
    body = parse_json(frame.body)
    files, removed = body.get("files"), body.get("removed")
    if not isinstance(files, list) or not isinstance(removed, list):
        raise ProtocolError("a listing without files")
    listed: dict[str, int] = {}
    for entry in files:
        match entry:
            case [str(path), int(size)] if is_data_path(path) and size >= 0:
                listed[path] = size
            case _:
                raise ProtocolError(f"a listing with {json.dumps(entry)[:80]}")
    return listed, [path for path in removed if isinstance(path, str) and is_data_path(path)]


def is_data_path(path: str) -> bool:
    """Whether `path` is relative, normalised, and fit to be shown."""
    parts = path.split("/")
    return (
        len(path) <= 4096 and is_plain(path) and all(part not in ("", ".", "..") for part in parts)
    )


def is_png(data: bytes) -> bool:
    """Whether `data` starts as a PNG of a sane size; viewers trust what the header says."""
    if not data.startswith(_PNG_START) or len(data) < 24:
        return False
    width, height = struct.unpack(">II", data[16:24])
    return bool(0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX)


def _killed_by(done: Frame) -> str | None:
    status, variables = done.text("status"), done.text("variables")
    if status in ("ok", "error"):
        return None
    reasons = {
        "timeout": "time limit",
        "oom": "memory limit",
        "output_limit": "output limit",
        "interrupted": "user",
    }
    return reasons.get(status) or escape(done.text("reason", "")) or variables


def _message(done: Frame, limits: ResourceLimits, notes: list[str]) -> str:
    status, variables = done.text("status"), done.text("variables")
    after = {
        "kept": "Variables are kept",
        "rolled_back": "Variables are as before this cell; files stay.",
        "lost": "Variables are lost. Files in /mnt/data are kept.",
    }[variables]
    line = done.integer("line", 0)
    at_line = f" at line {line}" if line and variables == "kept" else ""
    if variables == "kept":
        after += ", with the changes the cell made before that."
    seconds = f"{done.number('timeout_s', 0):g} s"
    reason = escape(done.text("reason", ""))
    memory = f"{limits.memory_bytes / (1 << 20):,.0f} MB"
    verb = "Stopped" if variables == "kept" else "Killed"
    sentence = {
        "timeout": f"{verb} after {seconds}{at_line}. {after}",
        "interrupted": f"{verb} by the user{at_line}. {after}",
        "output_limit": f"Output stopped at {limits.output_bytes / (1 << 20):,.0f} MB. {after}",
        "oom": f"Out of memory (limit {memory}). {after}",
        "crashed": f"The interpreter died ({reason}). {after}",
    }.get(status, "")
    return " ".join(part for part in (sentence, *notes) if part)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

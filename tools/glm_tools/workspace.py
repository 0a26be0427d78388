"""One folder, and what a model may do with the files in it.

Covers: every path is walked from the folder's own descriptor, one name at a time, and no symbolic link is followed, so
that neither `..`, an absolute path, a link, nor a folder that is exchanged meanwhile leads outside. Only regular files are
opened; a device or a pipe is refused and not waited for. A change is written beside the file and takes its place in one
step. What a change would do can be shown before it is made, and the last ones can be undone.

Does not cover: what is inside the folder belongs to the model, a hard link to a file elsewhere included: it can be read.
Whoever runs a changed file runs what the model wrote. Undo lives as long as the process.
"""

import difflib
import errno
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from glm_tools.errors import ToolDefinitionError, ToolError

FILE_BYTES = 2_000_000  # larger files are not for a model's eyes
PAGE_LINES = 200
LISTED = 300
MATCHES = 60
LINE_CHARS = 300  # of a line that search shows
DIFF_LINES = 120
CONTEXT_LINES = 3  # around a change
UNDOS = 100
_LINE_NUMBER = re.compile(r"(?<=[-+])\d+")  # in the heading of a part of a diff
SKIPPED = frozenset((".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv"))

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after; None where there was none."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def diff(self) -> str:
        """A unified diff, cut to what a person reads. Whatever differs is in it: line ends and odd bytes too."""
        if self.before == self.after:
            return f"{self.path}: nothing changes"
        old, new = (_lines(data) for data in (self.before, self.after))
        old_name, new_name = (
            "/dev/null" if data is None else self.path for data in (self.before, self.after)
        )
        lines = _unified(old, new, old_name, new_name)
        if not lines:
            return f"{self.path}: an empty file is {'made' if self.before is None else 'removed'}"
        if len(lines) > DIFF_LINES:
            lines[DIFF_LINES:] = [f"… {len(lines) - DIFF_LINES} more lines"]
        text = "\n".join(lines)
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Workspace:
    """One folder and the changes that were made in it. Safe to use from several threads.

    Every path is relative to the folder, with `/` between names.

    Args:
        root: the folder. A link to it is followed once, here.

    Raises:
        ToolDefinitionError: it is not a folder that can be opened.
    """

    def __init__(self, root: Path) -> None:
        try:
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ToolDefinitionError(
                f"{str(root)!r} cannot be a workspace: {error.strerror}."
            ) from error
        self._is_closed = False
        self._lock = threading.RLock()
        self._changes: list[Change] = []

    def close(self) -> None:
        """Close the folder; every later use is refused. Safe to call twice."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._root)

    def list_folder(self, path: str = ".", *, recursive: bool = False) -> str:
        """The names in a folder, one a line, folders with `/` and files with their size."""
        parts = _parts(path)
        lines: list[str] = []
        with self._folder(parts) as folder:
            for name, entry in _walk(folder, recursive=recursive):
                if len(lines) == LISTED:
                    lines.append(f"… more than {LISTED} entries; list a folder inside")
                    break
                lines.append(_entry_line(name, entry))
        return "\n".join(lines) or "(empty folder)"

    def read(self, path: str, first_line: int = 1, lines: int = PAGE_LINES) -> str:
        """A page of a text file, headed by which lines it is.

        Raises:
            ToolError: no such file, not text, or not so many lines.
        """
        text = _text(path, self._bytes(path))
        all_lines = _text_lines(text)
        if not all_lines:
            return "(empty file)"
        if first_line > len(all_lines):
            raise ToolError(f"{path} has {len(all_lines)} lines.")
        last_line = min(first_line + lines - 1, len(all_lines))
        head = f"[{path}, lines {first_line} to {last_line} of {len(all_lines)}]"
        return "\n".join([head, *all_lines[first_line - 1 : last_line]])

    def search(self, text: str, path: str = ".", *, cancelled: threading.Event) -> str:
        """Lines that hold `text`, whatever its case, as `path:line: the line`. Binary and large files are left out."""
        wanted = text.casefold()
        found: list[str] = []
        parts = _parts(path)
        with self._folder(parts) as folder:
            for name, entry in _walk(folder, recursive=True):
                if cancelled.is_set():
                    raise ToolError("The search was stopped.")
                if not stat.S_ISREG(entry.st_mode) or entry.st_size > FILE_BYTES:
                    continue
                full = "/".join([*parts, name])
                try:
                    content = self._bytes(full).decode("utf-8")
                except (ToolError, UnicodeDecodeError):
                    continue
                for number, line in enumerate(_text_lines(content), start=1):
                    if wanted in line.casefold():
                        found.append(f"{full}:{number}: {line.strip()[:LINE_CHARS]}")
                        if len(found) == MATCHES:
                            return "\n".join([*found, f"… only the first {MATCHES} are shown"])
        return "\n".join(found) or f"{text!r} is nowhere."

    def written(self, path: str, content: str) -> Change:
        """What `write` would do."""
        return Change("/".join(_parts(path)), self._bytes_or_none(path), _encoded(content))

    def edited(self, path: str, old: str, new: str) -> Change:
        """What replacing the one place that reads `old` would do. Line ends of the file are kept.

        Raises:
            ToolError: `old` is not in the file, or more than once.
        """
        before = self._bytes(path)
        text = _text(path, before)
        if "\r\n" in text:
            old, new = (part.replace("\r\n", "\n").replace("\n", "\r\n") for part in (old, new))
        count = text.count(old) if old else 0
        if count == 0:
            raise ToolError(f"{path} does not hold that text. Read it again and copy it exactly.")
        if count > 1:
            raise ToolError(
                f"{path} holds that text {count} times. Give more of what is around it."
            )
        return Change("/".join(_parts(path)), before, _encoded(text.replace(old, new)))

    def undone(self) -> Change:
        """What undoing the last change would do.

        Raises:
            ToolError: there is none, or the file was changed by somebody else since.
        """
        with self._lock:
            if not self._changes:
                raise ToolError("There is no change to undo.")
            last = self._changes[-1]
        if self._bytes_or_none(last.path) != last.after:
            raise ToolError(f"{last.path} was changed by somebody else since; it is left alone.")
        return Change(last.path, last.after, last.before)

    def write(self, path: str, content: str) -> Change:
        """Make or replace a file, and the folders it needs."""
        with self._lock:
            return self._make(self.written(path, content))

    def edit(self, path: str, old: str, new: str) -> Change:
        """Replace one place in a file; see `edited`."""
        with self._lock:
            return self._make(self.edited(path, old, new))

    def undo(self) -> Change:
        """Take the last change back; see `undone`."""
        with self._lock:
            change = self.undone()
            self._replace(change.path, change.after)
            self._changes.pop()
            return change

    def _make(self, change: Change) -> Change:
        if change.before != change.after:
            self._replace(change.path, change.after)
            self._changes = [*self._changes[1 - UNDOS :], change]
        return change

    def _replace(self, path: str, content: bytes | None) -> None:
        """Put `content` in a file's place in one step; None removes it."""
        *parents, name = _file_parts(path)
        with self._folder(parents, make=content is not None) as folder, _failing(path):
            mode = _mode_of(folder, name, path)
            if content is None:
                os.unlink(name, dir_fd=folder)
                return
            temporary = f".{name[:50]}.{secrets.token_hex(6)}.tmp"
            descriptor = os.open(temporary, _NEW_FILE, 0o666, dir_fd=folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    if mode is not None:
                        os.fchmod(file.fileno(), mode)
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise

    def _bytes(self, path: str) -> bytes:
        *parents, name = _file_parts(path)
        with self._folder(parents) as folder, _failing(path):
            descriptor = os.open(name, _FILE, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode):
                    raise ToolError(f"{path} is not a file.")
                content = file.read(FILE_BYTES + 1)
        if len(content) > FILE_BYTES:
            raise ToolError(f"{path} is larger than {FILE_BYTES:,} bytes.")
        return content

    def _bytes_or_none(self, path: str) -> bytes | None:
        *parents, name = _file_parts(path)
        try:
            with self._folder(parents) as folder, _failing(path):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except ToolError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        return self._bytes(path)

    @contextmanager
    def _folder(self, parts: list[str], *, make: bool = False) -> Iterator[int]:
        """A descriptor of a folder inside, opened name by name.

        Raises:
            ToolError: there is no such folder, or a link is in the way.
        """
        with self._lock:
            if self._is_closed:
                raise ToolError("The workspace was closed.")
            descriptor = os.dup(self._root)
        try:
            for index, part in enumerate(parts):
                with _failing("/".join(parts[: index + 1])):
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(part, dir_fd=descriptor)
                    inner = os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)


def _parts(path: str) -> list[str]:
    """The names that lead to `path`.

    Raises:
        ToolError: it leads outside, or is no path.
    """
    if "\0" in path or "\\" in path:
        raise ToolError(f"{path!r} is not a path: write names with / between them.")
    if path.startswith(("/", "~")):
        raise ToolError(f"{path!r} is outside the workspace: paths are relative to it.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ToolError(f"{path!r} is refused: '..' could lead outside the workspace.")
    return parts


def _file_parts(path: str) -> list[str]:
    parts = _parts(path)
    if not parts or path.endswith("/"):
        raise ToolError(f"{path!r} is a folder, not a file.")
    return parts


@contextmanager
def _failing(path: str) -> Iterator[None]:
    """What the file system refuses, as a message for the model."""
    try:
        yield
    except OSError as error:
        raise ToolError(f"{path}: {_reason(error)}.") from error


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, NotADirectoryError):
        return "this is not a folder, or a symbolic link, which is not followed"
    if error.errno == errno.ELOOP:  # O_NOFOLLOW met a link
        return "this is a symbolic link, which is not followed"
    return error.strerror or str(error)


def _mode_of(folder: int, name: str, path: str) -> int | None:
    """The permissions of a regular file that is there; None where there is nothing.

    Raises:
        ToolError: something else has that name.
    """
    try:
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(state.st_mode):
        raise ToolError(f"{path} is not a regular file; it is left alone.")
    return stat.S_IMODE(state.st_mode)


def _walk(
    folder: int, *, recursive: bool, prefix: str = ""
) -> Iterator[tuple[str, os.stat_result]]:
    """Names below an open folder, sorted, each with its own state; links are told, never followed."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        try:
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:  # gone since
            continue
        yield prefix + name, state
        if recursive and stat.S_ISDIR(state.st_mode) and name not in SKIPPED:
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except OSError:  # gone, exchanged for a link, or closed to us
                continue
            try:
                yield from _walk(inner, recursive=True, prefix=f"{prefix}{name}/")
            finally:
                os.close(inner)


def _entry_line(name: str, state: os.stat_result) -> str:
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if stat.S_ISDIR(state.st_mode):
        return shown + "/"
    if stat.S_ISLNK(state.st_mode):
        return f"{shown} (a symbolic link: not followed)"
    if not stat.S_ISREG(state.st_mode):
        return f"{shown} (not a file)"
    return f"{shown} ({state.st_size:,} bytes)"


def _text(path: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ToolError(f"{path} is not text.") from error
    if "\0" in text:
        raise ToolError(f"{path} is not text.")
    return text


def _text_lines(text: str) -> list[str]:
    """The lines as editors count them. `str.splitlines` ends one at a form feed and at U+2028, too, and shows neither."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def _encoded(text: str) -> bytes:
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolError("The text holds half a surrogate pair, which no file can.") from error
    if len(content) > FILE_BYTES:
        raise ToolError(f"The file would be larger than {FILE_BYTES:,} bytes.")
    return content


def _lines(content: bytes | None) -> list[str]:
    """The lines of a file for a diff; different contents have different lines."""
    if not content:
        return []
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if lines[-1]:
        lines[-1] += "\n\\ No newline at end of file"  # as other programs say it
    else:
        lines.pop()
    return lines


def _unified(old: list[str], new: list[str], old_name: str, new_name: str) -> list[str]:
    """A unified diff of the part that differs: over all of a long file of much the same lines it takes minutes."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    start, end = max(0, start - CONTEXT_LINES), max(0, end - CONTEXT_LINES)
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    diff = difflib.unified_diff(old, new, old_name, new_name, n=CONTEXT_LINES, lineterm="")
    return [
        _LINE_NUMBER.sub(lambda match: str(int(match[0]) + start), line)
        if line.startswith("@@")
        else line
        for line in diff
    ]


def _common(old: list[str], new: list[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))

"""A response as a page that a model can read: text as markdown, links numbered, hidden content removed and counted.

Parsing happens in a child process (`extraction_child`), one for each reader, started with the first page.
"""

import base64
import contextlib
import hashlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from glm_tools.browser.address import WebURL, parse_url
from glm_tools.browser.errors import AddressError, FetchCancelledError, UnreadablePageError
from glm_tools.browser.response import CancelSignal, is_readable

_SOURCE_ROOT = Path(__file__).parents[2]
_ANSWER_LIMIT_BYTES = 64_000_000
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was read.

    Attributes:
        url: of the last hop.
        title: empty where there is none.
        date: of publication as the page claims it, YYYY-MM-DD; empty where it does not.
        canonical: the URL that the page claims for itself; empty where it does not.
        text: markdown. Links are marks (`markdown_marks`) whose numbers count through `links`.
        links: absolute URLs.
        notes: what a reader should know of the reading: cut off, hidden text removed, nothing readable.
        fetched_at: UTC.
        sha256: of the body as transferred, in hex.
    """

    url: str
    title: str
    date: str
    canonical: str
    text: str
    links: tuple[str, ...]
    notes: tuple[str, ...]
    fetched_at: datetime
    sha256: str


class PageReader:
    """Turns bodies into pages. Safe to use from several threads: pages are read one after the other.

    Args:
        cpu_limit_s: processor time for one page.
        wall_limit_s: time for one page on a busy machine.
    """

    def __init__(self, cpu_limit_s: float = 15.0, wall_limit_s: float = 30.0) -> None:
        self._cpu_limit_s = cpu_limit_s
        self._wall_limit_s = wall_limit_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def read(
        self,
        body: bytes,
        url: str,
        content_type: str,
        fetched_at: datetime,
        *,
        notes: tuple[str, ...] = (),
        cancel: CancelSignal | None = None,
    ) -> Page:
        """The page that `body` is.

        Args:
            body: as transferred, decompressed.
            url: for relative links.
            content_type: the header, parameters included; empty where the server gave none.
            fetched_at: kept in the page.
            notes: put before the reader's own.
            cancel: ends the reading, and the child with it.

        Raises:
            UnreadablePageError: no text can be had from it.
            FetchCancelledError: `cancel` was set.
        """
        mime, _, parameters = content_type.partition(";")
        kind = _kind(mime.strip().lower(), body)
        if not kind:
            raise UnreadablePageError(
                f"{url!r} is {mime.strip() or 'binary data'}, which has no text to show."
            )
        answer = self._ask(kind, body, _charset(parameters), url, cancel)
        if "error" in answer:
            raise UnreadablePageError(f"{url!r}: {answer['error']}.")
        links = _absolute(answer.get("links", []), url, answer.get("base", ""))
        return Page(
            url=url,
            title=answer.get("title", ""),
            date=answer.get("date", ""),
            canonical=next(iter(_absolute([answer.get("canonical", "")], url, "")), ""),
            text=answer["text"],
            links=links,
            notes=notes + _notes(answer, links, url),
            fetched_at=fetched_at,
            sha256=hashlib.sha256(body).hexdigest(),
        )

    def close(self) -> None:
        """End the child. The reader can be used again: it starts another."""
        with self._lock:
            self._end_child()

    def _ask(
        self, kind: str, body: bytes, charset: str, url: str, cancel: CancelSignal | None
    ) -> dict[str, Any]:
        request = {
            "kind": kind,
            "charset": charset,
            "cpu_limit_s": self._cpu_limit_s,
            "body": base64.b64encode(body).decode("ascii"),
        }
        message = json.dumps(request).encode("ascii") + b"\n"
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._child = _start_child()
            line = b""
            try:
                line = _exchange(
                    self._child, message, time.monotonic() + self._wall_limit_s, cancel
                )
            finally:
                if not line.endswith(b"\n"):
                    self._end_child()
        if cancel is not None and cancel.is_set() and not line.endswith(b"\n"):
            raise FetchCancelledError(url, "stopped")
        if not line.endswith(b"\n"):
            raise UnreadablePageError(
                f"{url!r} could not be parsed within the limits of time and memory."
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end_child(self) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        self._child = None


def _start_child() -> subprocess.Popen[bytes]:
    # -P and -c keep the working directory and this folder out of the child's path; a user's own `json.py` stays unread.
    code = f"import sys; sys.path.append({str(_SOURCE_ROOT)!r}); from glm_tools.browser.extraction_child import main; main()"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "HOME"}
    }
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=kept,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    os.set_blocking(child.stdin.fileno(), False)
    os.set_blocking(child.stdout.fileno(), False)
    return child


def _exchange(
    child: subprocess.Popen[bytes], message: bytes, deadline: float, cancel: CancelSignal | None
) -> bytes:
    """The child's answer line; less than a line when it died, ran out of time or was cancelled."""
    assert child.stdin is not None
    assert child.stdout is not None
    unsent, received = memoryview(message), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline and not (cancel is not None and cancel.is_set()):
            for key, _ in selector.select(_POLL_S):
                if key.fileobj is child.stdin:
                    try:
                        unsent = unsent[os.write(child.stdin.fileno(), unsent[:1_000_000]) :]
                    except BrokenPipeError:
                        return b""
                    if not unsent:
                        selector.unregister(child.stdin)
                    continue
                piece = os.read(child.stdout.fileno(), 1_000_000)
                received += piece
                if not piece or received.endswith(b"\n") or len(received) > _ANSWER_LIMIT_BYTES:
                    return bytes(received)
    return b""


def _kind(mime: str, body: bytes) -> str:
    """How to read a body: "html", "text" or "pdf"; empty for what has no text."""
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if mime == "application/pdf" or (not mime and start.startswith(b"%pdf-")):
        return "pdf"
    if mime in {"text/html", "application/xhtml+xml"}:
        return "html"
    if not is_readable(mime):  # its body was not even transferred
        return ""
    if start.startswith(
        (
            b"%pdf-",
            b"\x89png",
            b"gif8",
            b"pk\x03\x04",
            b"\x7felf",
            b"\xff\xd8\xff",
            b"\x1f\x8b",
            b"riff",
        )
    ):
        return ""
    if not mime and (
        start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in start
    ):
        return "html"
    return "text"


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")[:40]
    return ""


def _absolute(links: list[str], url: str, base: str) -> tuple[str, ...]:
    """Links as absolute URLs; one that is no http(s) URL becomes an empty string, so that the numbers stay."""
    page: WebURL = parse_url(url)
    if base:
        with contextlib.suppress(AddressError):
            page = parse_url(base, page)
    absolute: list[str] = []
    for link in links:
        try:
            absolute.append(str(parse_url(link, page)) if link else "")
        except AddressError:
            absolute.append("")
    return tuple(absolute)


def _notes(answer: dict[str, Any], links: tuple[str, ...], url: str) -> tuple[str, ...]:
    notes: list[str] = []
    hidden, invisible = answer.get("hidden_elements", 0), answer.get("invisible_characters", 0)
    if hidden:
        notes.append(f"{hidden} hidden element{'s' * (hidden != 1)} removed")
    if invisible:
        notes.append(f"{invisible} invisible character{'s' * (invisible != 1)} removed")
    refresh = next(iter(_absolute([answer.get("refresh", "")], url, "")), "")
    if refresh and refresh != url:
        notes.append(f"the page sends its readers on to {refresh}")
    words = len(answer["text"].split())
    if words < 5 and not links:
        notes.append("there is hardly any text; the page may need a script or a login")
    return tuple(notes)

"""Recordings of what the web answered, so that a run can be played again without it.

A cassette is a text file: a header line, then one JSON object a line, each a page or a search with its answer, in the
order of the run. What is recorded is what arrived before any reading of it; keys of search services are not in it.
"""

import base64
import json
import os
import threading
from collections import defaultdict
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from glm_tools.browser.address import WebURL
from glm_tools.browser.errors import (
    BrowserError,
    CassetteError,
    FetchCancelledError,
    FetchError,
    SearchError,
)
from glm_tools.browser.response import CancelSignal, Progress, Response
from glm_tools.browser.search.provider import SearchOutcome, SearchResult
from glm_tools.browser.web import Web

HEADER = {"format": "glm-agent web cassette", "version": 1}
_KEPT_HEADERS = ("content-type", "content-length", "last-modified", "etag", "date")


class Recorder:
    """Passes requests on and writes what came of them. Safe to use from several threads.

    Args:
        path: each entry is on disk before its answer is used.
        web: what is recorded; closed with the recording.
        appends: a recording that is there is gone on with, and not made anew.

    Raises:
        CassetteError: the file cannot be written, or another one has its name.
    """

    def __init__(self, path: Path, web: Web, *, appends: bool = False) -> None:
        self._web = web
        self._lock = threading.Lock()
        try:
            whole_bytes = _recorded_bytes(path)
            if appends and path.is_file():  # a kill may have left half a line
                os.truncate(path, whole_bytes)
            self._file = path.open("a" if appends else "w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise CassetteError(
                f"The recording {str(path)!r} cannot be written: {error.strerror}."
            ) from error
        if not (appends and whole_bytes):
            self._write(HEADER)

    def get(
        self, url: WebURL, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> Response:
        try:
            response = self._web.get(url, cancel=cancel, progress=progress)
        except FetchCancelledError:
            raise
        except BrowserError as error:
            self._write({"kind": "page", "url": str(url), "error": _error_data(error)})
            raise
        self._write({"kind": "page", "url": str(url), "response": _response_data(response)})
        return response

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None = None
    ) -> SearchOutcome:
        entry: dict[str, Any] = {"kind": "search", "query": query, "recency_days": recency_days}
        try:
            outcome = self._web.search(query, recency_days, limit, cancel)
        except SearchError as error:
            self._write({**entry, "error": {"provider": error.provider, "problem": error.problem}})
            raise
        self._write({**entry, "outcome": asdict(outcome)})
        return outcome

    def close(self) -> None:
        with self._lock:
            self._file.close()
        self._web.close()

    def _write(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()


def _recorded_bytes(path: Path) -> int:
    """The bytes of whole lines of the recording that is there; 0 where there is nothing.

    Raises:
        CassetteError: something else is there.
        OSError: it cannot be read.
    """
    if not path.is_file():
        return 0
    content = path.read_bytes()
    if content and not content.startswith(json.dumps(HEADER).encode() + b"\n"):
        raise CassetteError(
            f"{str(path)!r} is there already and is no recording of the web; it was left as it is. Give another name."
        )
    return content.rfind(b"\n") + 1


class Player:
    """Answers from a recording; the same request gets its answers in their order, and the last one from then on.

    Attributes:
        misses: what was asked for and is not on the recording.

    Raises:
        CassetteError: the file cannot be read or is not a recording.
    """

    def __init__(self, path: Path) -> None:
        self.misses: list[str] = []
        self._path = path
        self._lock = threading.Lock()
        self._pages: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._searches: defaultdict[tuple[str, int | None], list[dict[str, Any]]] = defaultdict(
            list
        )
        try:
            # not `splitlines`: what JSON leaves as it is, U+2028 say, ends no line of a recording
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CassetteError(f"The recording {str(path)!r} cannot be read: {error}.") from error
        try:
            entries = [json.loads(line) for line in lines if line]
            if not entries or entries[0] != HEADER:
                raise CassetteError(
                    f"{str(path)!r} is not a recording of the web, or one of another version."
                )
            for entry in entries[1:]:
                if entry["kind"] == "page":
                    self._pages[entry["url"]].append(entry)
                else:
                    self._searches[entry["query"], entry["recency_days"]].append(entry)
        except (ValueError, KeyError, TypeError) as error:
            raise CassetteError(f"The recording {str(path)!r} is damaged: {error!r}.") from error

    def get(
        self, url: WebURL, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> Response:
        del cancel, progress  # nothing here takes time
        entry = self._next(self._pages[str(url)], f"page {str(url)!r}")
        if "error" in entry:
            error = entry["error"]
            raise FetchError(error["url"], error["problem"], error["status"])
        data = entry["response"]
        body = (
            base64.b64decode(data["body_base64"])
            if "body_base64" in data
            else data["body"].encode("utf-8")
        )
        return Response(
            data["url"],
            data["status"],
            data["headers"],
            body,
            data["truncation"],
            datetime.fromisoformat(data["fetched_at"]),
        )

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None = None
    ) -> SearchOutcome:
        del limit, cancel  # the recording has what it has
        entry = self._next(
            self._searches[query, recency_days],
            f"search for {query!r} (recency_days={recency_days})",
        )
        if "error" in entry:
            raise SearchError(entry["error"]["provider"], entry["error"]["problem"])
        outcome = entry["outcome"]
        results = tuple(SearchResult(**result) for result in outcome["results"])
        return SearchOutcome(outcome["provider"], results, tuple(outcome["problems"]))

    def close(self) -> None:
        return

    def _next(self, entries: list[dict[str, Any]], what: str) -> dict[str, Any]:
        with self._lock:
            if not entries:
                self.misses.append(what)
                raise CassetteError(
                    f"The recording {str(self._path)!r} has no {what}. Record it anew with --record-web."
                )
            return entries.pop(0) if len(entries) > 1 else entries[0]


def _response_data(response: Response) -> dict[str, Any]:
    data: dict[str, Any] = {
        "url": response.url,
        "status": response.status,
        "headers": {
            name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
        },
        "truncation": response.truncation,
        "fetched_at": response.fetched_at.isoformat(),
    }
    try:
        data["body"] = response.body.decode("utf-8")
    except UnicodeDecodeError:
        data["body_base64"] = base64.b64encode(response.body).decode("ascii")
    return data


def _error_data(error: BrowserError) -> dict[str, Any]:
    return {
        "url": getattr(error, "url", ""),
        "problem": getattr(error, "problem", str(error)),
        "status": getattr(error, "status", None),
    }

"""Search in a folder of pages, for work and tests without a network."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from glm_tools.browser.address import WebURL
from glm_tools.browser.errors import FetchCancelledError, FetchError, UnreadablePageError
from glm_tools.browser.extract import PageReader
from glm_tools.browser.markdown_marks import without_marks
from glm_tools.browser.response import CancelSignal, Progress, Response
from glm_tools.browser.search.provider import SearchResult, clean_results

HOST = "pages.invalid"  # reserved by RFC 6761: no name server knows it, so a local page is never fetched by mistake
_TYPES = {
    ".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml", ".md": "text/markdown",
    ".markdown": "text/markdown", ".rst": "text/plain", ".txt": "text/plain", ".json": "application/json",
    ".pdf": "application/pdf",
}  # fmt: skip
_MIN_SHARE_OF_BEST = 0.1  # of the best result's score
_MAX_FILES = 20_000
_MAX_FILE_BYTES = 20_000_000
_MAX_RECENCY_DAYS = 36_500  # beyond, the calendar may end
_WORD = re.compile(r"[^\W_]+")
# The default tokenizer takes a run of these as one word; each is indexed as a word of its own instead.
_IDEOGRAPH = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
_BETWEEN_IDEOGRAPHS = re.compile(
    r"(?<=[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]) (?=[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])"
)


class LocalPages:
    """An index over the pages below a folder, and the source they are opened from. Both search provider and page source.

    The index is in memory and made when it is first needed. Only files that were found then are ever opened: URLs are
    looked up, not turned into paths.

    Args:
        folder: searched with its subfolders; links that lead out of it are left alone.
        reader: turns files into text.
    """

    name = "local pages"

    def __init__(self, folder: Path, reader: PageReader) -> None:
        self._folder = folder.resolve()
        self._reader = reader
        self._lock = threading.Lock()
        self._files: dict[str, Path] = {}
        self._index: sqlite3.Connection | None = None

    def holds(self, url: WebURL) -> bool:
        """Whether `url` is one of these pages' or would be."""
        return url.host == HOST

    def get(
        self, url: WebURL, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> Response:
        """The file behind `url`.

        Raises:
            FetchError: there is none.
        """
        del progress
        with self._lock:
            self._ensure_index(cancel)
            path = self._files.get(url.target.partition("?")[0])
        if path is None:
            raise FetchError(str(url), "there is no such local page", 404)
        return self._response(str(url), path)

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> list[SearchResult]:
        words = _WORD.findall(_IDEOGRAPH.sub(r" \1 ", query))[:50]
        if not words:
            return []
        since = ""
        if recency_days:
            days = min(recency_days, _MAX_RECENCY_DAYS)
            since = (datetime.now(UTC) - timedelta(days=days)).date().isoformat()
        expression = " OR ".join(f'"{word}"' for word in words)
        with self._lock:
            index = self._ensure_index(cancel)
            rows = index.execute(
                "SELECT title, url, snippet(pages, 1, '', '', '…', 40), date, bm25(pages, 4.0, 1.0) AS score FROM pages"
                " WHERE pages MATCH ? AND (date = '' OR date >= ?) ORDER BY score LIMIT ?",
                (expression, since, limit),
            ).fetchall()
        # Scores are negative, the best is the lowest. What is far from it shares words like "of" with the query.
        enough = rows[0][4] * _MIN_SHARE_OF_BEST if rows else 0.0
        return clean_results(
            (
                (_joined(title), url, _joined(snippet), date)
                for title, url, snippet, date, score in rows
                if score <= enough
            ),
            limit,
        )

    def close(self) -> None:
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    def _ensure_index(self, cancel: CancelSignal | None) -> sqlite3.Connection:
        if self._index is not None:
            return self._index
        index = sqlite3.connect(":memory:", check_same_thread=False)
        index.execute(
            "CREATE VIRTUAL TABLE pages USING fts5(title, body, url UNINDEXED, date UNINDEXED, tokenize='porter unicode61')"
        )
        for url, path in self._found():
            try:
                response = self._response(url, path)
                page = self._reader.read(
                    response.body,
                    url,
                    response.headers["content-type"],
                    response.fetched_at,
                    cancel=cancel,
                )
            except FetchCancelledError:
                index.close()
                raise
            except (UnreadablePageError, FetchError):  # the other pages can be had all the same
                continue
            self._files[url.removeprefix(f"https://{HOST}")] = path
            title = page.title or path.stem
            index.execute(
                "INSERT INTO pages VALUES (?, ?, ?, ?)",
                (_spaced(title), _spaced(without_marks(page.text)), url, page.date),
            )
        self._index = index
        return index

    def _found(self) -> Iterator[tuple[str, Path]]:
        paths = sorted(path for path in self._folder.rglob("*") if path.suffix.lower() in _TYPES)
        for path in paths[:_MAX_FILES]:
            try:
                real = path.resolve(strict=True)
                size_bytes = real.stat().st_size
            except (OSError, RuntimeError):  # it leads nowhere, is closed to us, or goes in circles
                continue
            if (
                real.is_relative_to(self._folder)
                and real.is_file()
                and size_bytes <= _MAX_FILE_BYTES
            ):
                yield (
                    f"https://{HOST}/"
                    + quote(path.relative_to(self._folder).as_posix(), safe="/-._~"),
                    real,
                )

    def _response(self, url: str, path: Path) -> Response:
        try:
            body = path.read_bytes()
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise FetchError(url, f"the file cannot be read ({error.strerror})") from error
        return Response(url, 200, {"content-type": _TYPES[path.suffix.lower()]}, body, "", modified)


def _spaced(text: str) -> str:
    return _IDEOGRAPH.sub(r"\1 ", text)


def _joined(text: str) -> str:
    return _BETWEEN_IDEOGRAPHS.sub("", text)

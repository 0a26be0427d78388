"""Pages in memory, with the rules of HTTP for how long they stay fresh (RFC 9111, the part that a reader needs)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from glm_tools.browser.errors import FetchError
from glm_tools.browser.response import Response

_MAX_AGE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class CacheEntry:
    response: Response
    fresh_until: float  # time.monotonic()

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() < self.fresh_until

    def validators(self) -> dict[str, str]:
        """Headers that ask whether the page has changed."""
        headers = {}
        if etag := self.response.headers.get("etag"):
            headers["If-None-Match"] = etag
        if modified := self.response.headers.get("last-modified"):
            headers["If-Modified-Since"] = modified
        return headers


class PageCache:
    """Whole responses by URL; the least recently used go first. Safe to use from several threads.

    Args:
        default_age_s: for pages without a Cache-Control of their own.
        limit_bytes: of all bodies together.
    """

    def __init__(self, default_age_s: float, limit_bytes: int) -> None:
        self._default_age_s = default_age_s
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, CacheEntry] = OrderedDict()
        self._bytes = 0

    def find(self, url: str) -> CacheEntry | None:
        """What is stored for `url`, fresh or not."""
        with self._lock:
            entry = self._entries.get(url)
            if entry is not None:
                self._entries.move_to_end(url)
            return entry

    def keep(self, url: str, response: Response, confirmed: CacheEntry | None) -> Response:
        """Store `response` if it may be stored, and return it; after 304, the page that was confirmed.

        Raises:
            FetchError: 304 came though nothing was stored.
        """
        age_s = _age_s(response.headers, self._default_age_s)
        if response.status == 304:
            if confirmed is None:
                raise FetchError(url, "HTTP status 304 without having been asked", 304)
            response = confirmed.response
        elif response.truncation in {"time", "connection"} or age_s is None:
            return response
        with self._lock:
            self._drop(url)
            self._entries[url] = CacheEntry(response, time.monotonic() + (age_s or 0.0))
            self._bytes += len(response.body)
            while self._bytes > self._limit_bytes:
                self._drop(next(iter(self._entries)))
        return response

    def _drop(self, url: str) -> None:
        entry = self._entries.pop(url, None)
        if entry is not None:
            self._bytes -= len(entry.response.body)


def _age_s(headers: Mapping[str, str], default_s: float) -> float | None:
    """For how long a response stays fresh; None for one that must not be stored."""
    directives = {part.strip().lower() for part in headers.get("cache-control", "").split(",")}
    if "no-store" in directives:
        return None
    if "no-cache" in directives:
        return 0.0
    for directive in directives:
        name, _, value = directive.partition("=")
        if name == "max-age" and value.isascii() and value.isdigit():
            return min(float(value), _MAX_AGE_S)
    return default_s

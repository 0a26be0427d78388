"""Pages over HTTP, through one choke point.

Covers: each connection, also after a redirect, goes to an address that was resolved once and checked (`address`), and
to no other; private networks behind rebinding names stay closed. Time is bounded for the whole transfer, size for what
a body decompresses to. No cookies, no credentials, no Referer. robots.txt (RFC 9309) and a pause per host.
Does not cover: what a page says (`extract`), or where a configured proxy connects to: then names are checked only as
far as they can be looked up here, and the rest is the proxy's job.
"""

import contextlib
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Literal

import requests
import urllib3
from protego import Protego

from glm_tools.browser.address import AddressPolicy, WebURL, parse_url
from glm_tools.browser.config import FetchConfig
from glm_tools.browser.connection import Exchange, Guard, GuardedAdapter, Resolver, in_words
from glm_tools.browser.decompression import decoded_body
from glm_tools.browser.errors import (
    BrowserConfigError,
    BrowserError,
    FetchError,
    RobotsError,
)
from glm_tools.browser.page_cache import PageCache
from glm_tools.browser.response import CancelSignal, Progress, Response, Truncation, is_readable

_POLL_S = 0.02  # how soon a cancellation or the deadline is noticed
_ROBOTS_LIMIT_BYTES = 500 * 1024  # RFC 9309, section 2.5
_ROBOTS_AGE_S = 3_600.0


@dataclass(slots=True)
class _Outcome:
    """Where a transfer's thread leaves what it came to."""

    response: Response | None = None
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Fetcher:
    """Fetches pages under one policy. Safe to use from several threads; keeps a cache, robots.txt and the pauses.

    Args:
        config: limits and manners.
        policy: what may be connected to.
        resolver: takes the place of `socket.getaddrinfo`.
    """

    def __init__(
        self,
        config: FetchConfig | None = None,
        policy: AddressPolicy | None = None,
        resolver: Resolver = socket.getaddrinfo,
    ) -> None:
        self.config = config or FetchConfig()
        self.policy = policy or AddressPolicy()
        self._resolver = resolver
        self._lock = threading.Lock()
        self._turns: dict[str, float] = {}  # host -> when its next request may start
        self._robots: dict[
            str, tuple[float, Protego | None]
        ] = {}  # origin -> (until, rules; None forbids all)
        self._robots_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._cache = PageCache(self.config.cache_age_s, self.config.cache_limit_bytes)

    def get(
        self, url: WebURL, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> Response:
        """The page at `url`, redirects followed.

        Returns at once when `cancel` is set or the time is up, whatever the network does.

        Raises:
            AddressError: a hop's address is not open, or robots.txt forbids it.
            FetchError: the transfer failed, or the status was not 2xx.
        """
        cached = self._cache.find(str(url))
        if cached is not None and cached.is_fresh:
            return cached.response
        headers = cached.validators() if cached else {}

        def transfer(exchange: Exchange) -> Response:
            response = self._follow(exchange, url, headers, robots=self.config.robots)
            return self._cache.keep(str(url), response, cached)

        return self._supervise(str(url), transfer, cancel, progress)

    def call_api(
        self,
        method: Literal["GET", "POST"],
        url: WebURL,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        cancel: CancelSignal | None = None,
    ) -> Response:
        """The answer of a service that the user configured: its host counts as opened; no redirects, no robots.txt.

        Raises:
            FetchError: the transfer failed, or the status was not 2xx.
        """
        target = url
        if params:
            prepared = requests.Request("GET", str(url), params=dict(params)).prepare()
            target = parse_url(prepared.url or str(url))
        host = f"[{url.host}]" if ":" in url.host else url.host
        policy = AddressPolicy(
            net="none" if self.policy.net == "none" else "allowlist",
            allow_hosts=(f"{host}:{url.port}",),
        )
        request = _Request(method, dict(headers or {}), json, policy)

        def transfer(exchange: Exchange) -> Response:
            response = self._hop(exchange, target, request)
            if not 200 <= response.status < 300:
                raise FetchError(str(url), f"HTTP status {response.status}", response.status)
            return response

        return self._supervise(str(url), transfer, cancel)

    def _supervise(
        self,
        url: str,
        transfer: Callable[[Exchange], Response],
        cancel: CancelSignal | None,
        progress: Progress | None = None,
    ) -> Response:
        """Run `transfer` in a thread of its own, so that not even a name lookup can hold up the caller."""
        exchange, outcome = Exchange(self.config.timeout_s), _Outcome()

        def run() -> None:
            try:
                outcome.response = transfer(exchange)
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                outcome.error = error
            finally:
                exchange.close()
                outcome.done.set()

        threading.Thread(target=run, name="browser-fetch", daemon=True).start()
        try:
            while not outcome.done.wait(_POLL_S):
                if progress is not None:
                    progress(url, exchange.received_bytes)
                if cancel is not None and cancel.is_set():
                    exchange.stop("cancelled")
                    exchange.check(url)
                if time.monotonic() > exchange.deadline:
                    exchange.stop("timeout")
                    if not outcome.done.wait(0.5):  # a moment to hand over what had arrived
                        exchange.check(url)
        except BaseException:
            exchange.stop("cancelled")
            raise
        if outcome.error is not None:
            raise outcome.error
        assert outcome.response is not None
        return outcome.response

    def _follow(
        self,
        exchange: Exchange,
        url: WebURL,
        headers: Mapping[str, str],
        *,
        robots: bool,
    ) -> Response:
        request = _Request("GET", headers, None, self.policy)
        host = ""
        for _ in range(self.config.max_redirects + 1):
            self.policy.check_url(
                url
            )  # first, so that the error names the page, not its robots.txt
            if robots:
                self._check_robots(exchange, url)
            if url.host != host:
                self._take_turn(exchange, url)
                host = url.host
            response = self._hop(exchange, url, request)
            location = response.headers.get("location")
            if response.status not in {301, 302, 303, 307, 308} or location is None:
                self._check_status(url, response)
                return response
            url = parse_url(location.encode("latin-1", "replace").decode("utf-8", "replace"), url)
            request = replace(request, headers={})  # validators belong to the first URL
        raise FetchError(str(url), f"more than {self.config.max_redirects} redirects")

    def _check_status(self, url: WebURL, response: Response) -> None:
        status = response.status
        if 200 <= status < 300 or status == 304:
            return
        problem = f"HTTP status {status}"
        if status in {429, 503}:
            wait_s = _retry_after_s(response.headers.get("retry-after", ""))
            if wait_s > 0:
                problem += f"; the site asks to wait {wait_s:.0f} s"
                with self._lock:
                    self._turns[url.host] = max(
                        self._turns.get(url.host, 0.0), time.monotonic() + wait_s
                    )
        raise FetchError(str(url), problem, status)

    def _take_turn(self, exchange: Exchange, url: WebURL) -> None:
        with self._lock:
            now = time.monotonic()
            start = max(self._turns.get(url.host, now), now)
            if start - now > self.config.queue_limit_s:
                raise FetchError(
                    str(url), f"{url.host} is not to be asked for another {start - now:.0f} s"
                )
            self._turns[url.host] = start + self.config.host_interval_s
            exchange.deadline += start - now
        if start > now and not exchange.sleep(start - now):
            exchange.check(str(url))

    def _check_robots(self, exchange: Exchange, url: WebURL) -> None:
        with self._lock:
            asking = self._robots_locks[url.origin]
        with asking:  # pages of one site that are opened together ask once
            until, rules = self._robots.get(url.origin, (0.0, None))
            if time.monotonic() >= until:
                rules = self._fetch_robots(exchange, url)
                self._robots[url.origin] = (time.monotonic() + _ROBOTS_AGE_S, rules)
        if rules is None:
            raise RobotsError(
                str(url), "the site's robots.txt cannot be read, which forbids its pages for now"
            )
        if not rules.can_fetch(str(url), self.config.user_agent.partition("/")[0]):
            raise RobotsError(
                str(url), "the site's robots.txt forbids this page to automatic readers"
            )

    def _fetch_robots(self, exchange: Exchange, url: WebURL) -> Protego | None:
        """The rules of the site. RFC 9309: 4xx allows everything, a failing server nothing."""
        address = WebURL(url.scheme, url.host, url.port, "/robots.txt")
        limited = _Request("GET", {}, None, self.policy, _ROBOTS_LIMIT_BYTES)
        try:
            for _ in range(self.config.max_redirects + 1):
                response = self._hop(exchange, address, limited)
                location = response.headers.get("location")
                if not 300 <= response.status < 400 or location is None:
                    break
                address = parse_url(location, address)
        except FetchError as error:
            exchange.check(str(address))
            raise FetchError(
                str(url), f"the site's robots.txt cannot be read: {error.problem}"
            ) from error
        if response.status >= 500 or response.status == 429:
            return None
        text = response.body.decode("utf-8", "replace") if 200 <= response.status < 300 else ""
        return Protego.parse(text)

    def _hop(self, exchange: Exchange, url: WebURL, request: "_Request") -> Response:
        """One request and its response, whatever its status; nothing is followed."""
        exchange.check(str(url))
        request.policy.check_url(url)
        proxy = self._proxy(url)
        guard = Guard(
            exchange, url, request.policy, self._resolver, self.config.connect_timeout_s, proxy
        )
        headers = {
            "User-Agent": self.config.user_agent,
            "Accept": "text/html,application/xhtml+xml,text/*;q=0.9,application/pdf;q=0.8,*/*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
            **request.headers,
        }
        with contextlib.closing(guard), requests.Session() as session:
            session.trust_env = False
            session.mount("http://", GuardedAdapter(guard))
            session.mount("https://", GuardedAdapter(guard))
            prepared = requests.Request(
                request.method, str(url), headers=headers, json=request.json
            ).prepare()
            try:
                if proxy:
                    guard.check_behind_proxy()
                answer = session.send(
                    prepared,
                    stream=True,
                    allow_redirects=False,
                    timeout=(self.config.connect_timeout_s, self.config.timeout_s),
                    proxies={url.scheme: proxy} if proxy else {},
                    verify=_ca_bundle(),
                )
                with contextlib.closing(answer):
                    return self._read(exchange, url, answer, request.limit_bytes)
            except BrowserError:
                raise
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                HTTPException,
                OSError,
                ValueError,
            ) as error:
                exchange.check(str(url))
                raise FetchError(str(url), in_words(error)) from error

    def _read(
        self,
        exchange: Exchange,
        url: WebURL,
        answer: requests.Response,
        limit_bytes: int,
    ) -> Response:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        response = Response(str(url), answer.status_code, headers, b"", "", datetime.now(UTC))
        if (
            answer.is_redirect
            or answer.status_code == 304
            or not is_readable(response.content_type)
        ):
            return response
        if not limit_bytes:
            is_pdf = response.content_type == "application/pdf"
            limit_bytes = self.config.pdf_limit_bytes if is_pdf else self.config.body_limit_bytes
        body = bytearray()
        truncation: Truncation = ""
        try:
            for chunk in decoded_body(str(url), answer, headers.get("content-encoding", "")):
                body += chunk
                exchange.received_bytes = len(body)
                if len(body) > limit_bytes:
                    del body[limit_bytes:]
                    truncation = "size"
                    break
                if time.monotonic() > exchange.deadline:
                    truncation = "time"
                    break
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            if exchange.end == "cancelled" or not body:
                exchange.check(str(url))
                raise FetchError(str(url), in_words(error)) from error
            truncation = "time" if exchange.end else "connection"
        if exchange.end == "cancelled" or (exchange.end and not body):
            exchange.check(str(url))
        if exchange.end and not truncation:  # a socket that was shut down reads like an end
            truncation = "time"
        return replace(response, body=bytes(body), truncation=truncation)

    def _proxy(self, url: WebURL) -> str:
        if self.config.proxy == "off":
            return ""
        if self.config.proxy != "environment":
            return self.config.proxy
        if self.policy.admits_by_name(url):  # what the user opened is theirs, not the proxy's
            return ""
        return requests.utils.get_environ_proxies(str(url)).get(url.scheme) or ""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    headers: Mapping[str, str]
    json: object
    policy: AddressPolicy
    limit_bytes: int = 0  # 0: by content type


def _retry_after_s(value: str) -> float:
    """Seconds from now, at most a day; 0 where the header says nothing that can be read."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 86_400))
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), 86_400.0)


def _ca_bundle() -> str | bool:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        path = os.environ.get(name)
        if path:
            if not os.path.exists(path):  # noqa: PTH110 - the user's spelling, for the message
                raise BrowserConfigError(f"{name} names {path!r}, which does not exist.")
            return path
    return True

"""One connection at a time, to an address that was checked.

Covers: a name is resolved once; every address it has must be open (`address`), and the connection goes to one of them,
so a name server that answers differently the next time is not asked. Ending an `Exchange` wakes whatever waits on its
sockets.
Does not cover: which URLs are asked for, and how often (`fetch`).
"""

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from glm_tools.browser.address import AddressPolicy, WebURL
from glm_tools.browser.errors import (
    AddressError,
    FetchCancelledError,
    FetchError,
    FetchTimeoutError,
)

Resolver = Callable[..., list[tuple[Any, ...]]]  # as `socket.getaddrinfo`

_MAX_ADDRESSES = 4

if "_new_conn" not in vars(HTTPConnection):  # the guard hangs on it, and it is not public
    raise ImportError(
        "This urllib3 has no HTTPConnection._new_conn: the address guard cannot work. Install urllib3 2.x."
    )


class Exchange:
    """The clock and the sockets of one transfer. Ending it makes every blocking call on its sockets return.

    Attributes:
        deadline: when its time is over, as `time.monotonic` counts.
        end: why it was ended, if it was.
        received_bytes: of the body that is being read, decompressed.
    """

    def __init__(self, timeout_s: float) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._ended = threading.Event()
        self.deadline = time.monotonic() + timeout_s
        self.end: Literal["", "timeout", "cancelled"] = ""
        self.received_bytes = 0

    def watch(self, connected: socket.socket) -> None:
        # A duplicate, because TLS takes the descriptor away from the socket that was made here.
        duplicate = socket.socket(fileno=os.dup(connected.fileno()))
        with self._lock:
            self._sockets.append(duplicate)
        if self.end:
            self.stop(self.end)

    def stop(self, reason: Literal["timeout", "cancelled"]) -> None:
        with self._lock:
            self.end = self.end or reason
            self._ended.set()
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def sleep(self, seconds: float) -> bool:
        """Wait; False when the exchange ended meanwhile."""
        return not self._ended.wait(seconds)

    def remaining_s(self) -> float:
        return max(self.deadline - time.monotonic(), 0.001)

    def check(self, url: str) -> None:
        if self.end == "cancelled":
            raise FetchCancelledError(url, "stopped")
        if self.end == "timeout" or time.monotonic() > self.deadline:
            raise FetchTimeoutError(url, "the page took too long")

    def close(self) -> None:
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()


class Guard:
    """Resolves, checks and connects. The only place where the browser opens a socket."""

    def __init__(
        self,
        exchange: Exchange,
        url: WebURL,
        policy: AddressPolicy,
        resolver: Resolver,
        connect_timeout_s: float,
        proxy: str,
    ) -> None:
        self._exchange = exchange
        self._url = url
        self._policy = policy
        self._resolver = resolver
        self._connect_timeout_s = connect_timeout_s
        self._made: list[socket.socket] = []
        self._proxy_host = (urlsplit(proxy).hostname or "") if proxy else ""

    def connect(self, host: str, port: int) -> socket.socket:
        is_proxy = bool(self._proxy_host) and host == self._proxy_host
        if not is_proxy and (
            host.removesuffix(".").strip("[]") != self._url.host or port != self._url.port
        ):
            raise AddressError(str(self._url), f"refused to connect to {host}:{port} on its behalf")
        answers = self._resolve(host, port)
        if not is_proxy:
            self._policy.check_addresses(self._url, [answer[4][0] for answer in answers])
        problem = "no address"
        for family, kind, protocol, _, address in answers[:_MAX_ADDRESSES]:
            self._exchange.check(str(self._url))
            connection = socket.socket(family, kind, protocol)
            self._made.append(connection)
            try:
                self._exchange.watch(connection)
                connection.settimeout(min(self._connect_timeout_s, self._exchange.remaining_s()))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(self._exchange.remaining_s())
            except OSError as error:
                connection.close()
                problem = in_words(error)
            else:
                return connection
        raise FetchError(str(self._url), f"no connection to {self._url.host}: {problem}")

    def check_behind_proxy(self) -> None:
        """Check the addresses that this machine knows for the host; knowing none is common behind a proxy."""
        try:
            answers = self._resolver(self._url.host, self._url.port, 0, socket.SOCK_STREAM)
        except OSError:
            return
        self._policy.check_addresses(self._url, [answer[4][0] for answer in answers])

    def close(self) -> None:
        """Close what was connected, also where a broken answer left a reader of it behind in urllib3."""
        for connection in self._made:
            descriptor = connection.detach()  # -1 when it was closed, or given to TLS
            if descriptor >= 0:
                os.close(descriptor)
        self._made.clear()

    def _resolve(self, host: str, port: int) -> list[tuple[Any, ...]]:
        try:
            answers = self._resolver(host.strip("[]"), port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError(str(self._url), f"the name {host} cannot be resolved") from error
        if not answers:
            raise FetchError(str(self._url), f"the name {host} has no address")
        return answers


class GuardedAdapter(HTTPAdapter):
    """Transport of requests whose sockets all come from one guard."""

    def __init__(self, guard: Guard) -> None:
        self._pools = _guarded_pools(guard)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _guarded_pools(guard: Guard) -> dict[str, type]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return guard.connect(self.host, self.port)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return guard.connect(self.host, self.port)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def in_words(error: BaseException) -> str:
    """The innermost cause as a short phrase, without addresses of objects."""
    cause: BaseException = error
    while True:
        nested = getattr(cause, "reason", None) or next(
            (arg for arg in cause.args if isinstance(arg, Exception)), None
        )
        if not isinstance(nested, Exception):
            break
        cause = nested
    if isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return "no answer in time"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed ({cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else cause.reason})"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    if isinstance(cause, (HTTPException, urllib3.exceptions.HTTPError, ValueError)):
        return f"the server's answer is not HTTP ({type(cause).__name__})"
    return type(cause).__name__

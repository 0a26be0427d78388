"""Servers on loopback that misbehave in every way, and a witness of every connection made."""

import ipaddress
import re
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from glm_tools.browser.address import AddressPolicy
from glm_tools.browser.config import FetchConfig
from glm_tools.browser.extract import PageReader
from glm_tools.browser.fetch import Fetcher

Answer = Callable[[socket.socket, str, str], None]  # connection, path, the whole request head


class RawServer:
    """Answers each request with the bytes that a test wants.

    Attributes:
        requests: head of each request, in order.
        bodies: what followed each head, as long as its Content-Length says.
        pages: path -> bytes to send, or a function that sends them.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        self.pages: dict[str, bytes | Answer] = {}
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.requests]

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def _handle(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            start, _, body = data.partition(b"\r\n\r\n")
            head = start.decode("latin-1")
            length = re.search(r"(?im)^content-length: *(\d+)", head)
            while length and len(body) < int(length[1]):
                body += connection.recv(65536)
            self.bodies.append(body)
            self.requests.append(head)
            path = head.split(" ")[1]
            answer = self.pages.get(path, make_response(b"not found", status="404 Not Found"))
            if callable(answer):
                answer(connection, path, head)
            else:
                connection.sendall(answer)
        except OSError:
            return

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def make_response(
    body: bytes = b"",
    content_type: str = "text/html; charset=utf-8",
    status: str = "200 OK",
    headers: tuple[str, ...] = (),
) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *([f"Content-Type: {content_type}"] if content_type else []),
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.fixture
def response() -> Callable[..., bytes]:
    """Makes the bytes of a whole HTTP response."""
    return make_response


class Connections:
    """Addresses that this process has tried to connect to while it watched."""

    def __init__(self) -> None:
        self.addresses: list[tuple[str, int]] = []
        self.is_watching = False

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect" and self.is_watching:
            address = arguments[1]
            if isinstance(address, tuple):
                self.addresses.append((str(address[0]), int(address[1])))


_CONNECTIONS = Connections()
sys.addaudithook(_CONNECTIONS.hook)


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Every connection of the test, as the interpreter itself saw it."""
    _CONNECTIONS.addresses.clear()
    _CONNECTIONS.is_watching = True
    yield _CONNECTIONS
    _CONNECTIONS.is_watching = False


@pytest.fixture(scope="session")
def reader() -> Iterator[PageReader]:
    """One process that reads the pages of all tests: starting one takes a third of a second."""
    made = PageReader()
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[RawServer]:
    raw = RawServer()
    yield raw
    raw.close()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


def make_resolver(**names: str | list[str]) -> Callable[..., list[tuple[object, ...]]]:
    """A `getaddrinfo` that knows literals and `names` (with "_" for "."), and nothing else."""
    table = {name.replace("_", "."): value for name, value in names.items()}

    def resolve(host: str, port: int, *rest: object) -> list[tuple[object, ...]]:
        del rest
        answer = table.get(host)
        if answer is None:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
            answer = host
        addresses = [answer] if isinstance(answer, str) else answer
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    return resolve


@pytest.fixture
def resolver() -> Callable[..., Callable[..., list[tuple[object, ...]]]]:
    """Makes a `getaddrinfo` that knows only what it is told."""
    return make_resolver


@pytest.fixture
def make_fetcher(server: RawServer) -> Callable[..., Fetcher]:
    """A fetcher for which the server's own address is opened, impatient and without manners unless a test says so."""

    def make(
        *,
        allow: tuple[str, ...] | None = None,
        resolve: object = None,
        net: str = "public",
        **config: object,
    ) -> Fetcher:
        settings: dict[str, object] = {
            "robots": False,
            "host_interval_s": 0.0,
            "timeout_s": 30.0,
            **config,
        }
        allow = (f"127.0.0.1:{server.port}",) if allow is None else allow
        return Fetcher(
            FetchConfig(**settings),  # type: ignore[arg-type]
            AddressPolicy(net, allow),  # type: ignore[arg-type]
            resolve or make_resolver(),  # type: ignore[arg-type]
        )

    return make


def make_spellings(address: str) -> list[str]:
    """Hosts that some reader takes for the IPv4 `address`: the forms of public lists of SSRF payloads, made for it."""
    ip = ipaddress.IPv4Address(address)
    number, parts = int(ip), [int(part) for part in address.split(".")]
    high, low = number >> 16, number & 0xFFFF
    wide = address.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789."})
    circled = "".join(
        "⓪" if digit == "0" else chr(0x2460 + int(digit) - 1) if digit.isdigit() else digit
        for digit in address
    )
    return [
        address, f"{address}.", str(number), hex(number), hex(number).upper(), f"0{number:o}", f"00{number:o}",
        ".".join(map(hex, parts)), ".".join(f"0{part:o}" for part in parts), ".".join(f"{part:03o}".zfill(5) for part in parts),
        f"{hex(parts[0])}.{parts[1]}.0{parts[2]:o}.{parts[3]}", f"{parts[0]}.{number & 0xFFFFFF}", f"{parts[0]}.{parts[1]}.{low}",
        f"{hex(parts[0])}.{hex(number & 0xFFFFFF)}", wide, circled, address.replace(".", "。"), address.replace(".", "｡"),
        address.replace(".", "%2e"), "".join(f"%{ord(character):02x}" for character in address),
        f"[::{address}]", f"[::ffff:{address}]", f"[::ffff:{high:x}:{low:x}]", f"[0:0:0:0:0:ffff:{high:x}:{low:x}]",
        f"[64:ff9b::{address}]", f"[64:ff9b:1::{high:x}:{low:x}]", f"[2002:{high:x}:{low:x}::]", f"[2002:{high:x}:{low:x}::1]",
        f"[2001:0:{high:x}:{low:x}::]", f"[2001::{~high & 0xFFFF:x}:{~low & 0xFFFF:x}]", f"[fe80::5efe:{address}]",
        f"[::ffff:0:{address}]", f"example.com@{address}", f"{address}\\@example.com", f"{address}%00.example.com",
        f"{address}%0d%0aHost: example.com", f"{address}\t", f"{address}#@example.com", f"{address}?@example.com",
        f"user:pw@{address}", f"@{address}", f"//{address}", f"{address}:80", f"{address}:443", f"{address}:",
    ]  # fmt: skip


@pytest.fixture
def spellings() -> Callable[[str], list[str]]:
    """Makes the hosts of SSRF payloads for an address."""
    return make_spellings

"""What the browser may connect to.

Covers: one strict reading of a URL, so that the guard and the connection cannot disagree about the host; IPv4 in all
its spellings (decimal, octal, hex, short, full-width); addresses that are not public, whatever name led to them; hosts
that the user opened by name.
Does not cover: a public host that forwards into a private network, and what a configured proxy connects to beyond what
can be looked up here. The check of resolved addresses is made where the connection is made (`fetch`).
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import quote, urljoin, urlsplit

import idna

from glm_tools.browser.errors import AddressError, BrowserConfigError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
NetworkAccess = Literal["public", "allowlist", "none"]

MAX_URL_CHARS = 4_000
_DEFAULT_PORTS = {"http": 80, "https": 443}

# IANA special-purpose registries, written out because `is_global` differs between Python versions. The last row is
# Azure's wire server, a metadata service on a public address.
_REFUSED_IPV4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",
    )
)  # fmt: skip
# Of IPv6 only global unicast is open. That leaves out every IPv4-in-IPv6 form (mapped, compatible, NAT64) but the two
# listed here: Teredo in 2001::/23, and 6to4.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Names that mean "this machine" or "this network" wherever they are looked up, also by a proxy.
_LOCAL_SUFFIXES = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "lan",
    "home.arpa",
    "invalid",
    "onion",
)

_BARE_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(:\d+)?(?=[/?#]|$)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# Reserved and unreserved characters and "%" stay as they are; all else is percent-encoded as UTF-8.
_TARGET_SAFE = "/?:@!$&'()*+,;=-._~%[]|"


@dataclass(frozen=True, slots=True)
class WebURL:
    """An http or https URL in one canonical spelling.

    Attributes:
        scheme: "http" or "https".
        host: lower-case ASCII name without a trailing dot, or an address in its usual form (IPv6 without brackets).
        port: always set.
        target: path and query, percent-encoded, starting with "/". The fragment is gone.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def ip(self) -> IPAddress | None:
        """The address, when the host is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.target


def parse_url(text: str, base: WebURL | None = None) -> WebURL:
    """The URL that `text` names, relative to `base` where there is one.

    A bare host with a dot and a letter ending ("example.com/x") is read as https when there is no base. The reading is
    stricter than a browser's: where the WHATWG URL standard repairs (tabs, backslashes, missing slashes, percent signs
    in the host), this refuses; where it accepts, both see the same host.

    Raises:
        AddressError: not an http or https URL that can be read in one way only.
    """
    url = text.strip(" ")
    if len(url) > MAX_URL_CHARS:
        raise AddressError(url, f"the URL is longer than {MAX_URL_CHARS} characters")
    if not url or any(character < " " or character in "\\\x7f" for character in url):
        raise AddressError(url, "a URL has no control characters or backslashes")
    if base is not None:
        url = _join(base, url)
    elif _BARE_HOST.match(url):
        url = "https://" + url
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AddressError(text, f"malformed ({error})") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise AddressError(
            text, "only http and https are opened; write the whole URL with https://"
        )
    if url[len(scheme) : len(scheme) + 3] != "://" or not parts.netloc:
        raise AddressError(text, "there is no host after the scheme")
    if "@" in parts.netloc:
        raise AddressError(text, "user names and passwords in a URL are refused")
    host, port = _split_port(text, parts.netloc, _DEFAULT_PORTS[scheme])
    host = _host(text, host)
    target = quote(_without_dot_segments(parts.path), safe=_TARGET_SAFE)
    if "?" in url.partition("#")[0]:
        target += "?" + quote(parts.query, safe=_TARGET_SAFE)
    return WebURL(scheme, host, port, target)


def _join(base: WebURL, reference: str) -> str:
    if _SCHEME.match(reference):
        return reference  # absolute, or refused by the caller: the standard and urljoin differ on "http:////host"
    try:
        return urljoin(str(base), reference)
    except ValueError as error:
        raise AddressError(reference, f"malformed ({error})") from None


def _without_dot_segments(path: str) -> str:
    """`path` as a server will read it, so that robots.txt is asked about the same page. RFC 3986, section 5.2.4."""
    kept: list[str] = []
    segments = path.removeprefix("/").split("/")
    for position, segment in enumerate(segments):
        name = segment.lower().replace("%2e", ".")
        if name not in {".", ".."}:
            kept.append(segment)
            continue
        if name == ".." and kept:
            kept.pop()
        if position == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def _split_port(url: str, authority: str, default: int) -> tuple[str, int]:
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        return authority, default
    if port == "":
        return host, default
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) < 65536:
        raise AddressError(url, f"{port!r} is not a port")
    return host, int(port)


def _host(url: str, text: str) -> str:
    if "%" in text:  # an IPv6 zone as well: the URL standard has none
        raise AddressError(url, "percent signs in a host name are refused")
    if text.startswith("["):
        try:
            return str(
                ipaddress.IPv6Address(
                    text.removeprefix("[").removesuffix("]") if text.endswith("]") else text
                )
            )
        except ValueError:
            raise AddressError(url, "malformed IPv6 address") from None
    host = _to_ascii(url, text).removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError(url, f"{text!r} is not a host name")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        return _ipv4(url, labels)
    return host


def _to_ascii(url: str, host: str) -> str:
    if host.isascii() and "xn--" not in host.lower():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        pass
    try:  # digits and dots in other scripts are no IDNA name and yet an address to many readers
        remapped = idna.uts46_remap(host, std3_rules=False)
    except (idna.IDNAError, UnicodeError):
        remapped = ""
    if remapped and remapped.isascii() and "xn--" not in remapped:
        return remapped
    raise AddressError(url, f"{host!r} is not a host name")


def _ipv4(url: str, labels: list[str]) -> str:
    """The dotted form of one to four decimal, octal or hex numbers, as inet_aton and the URL standard read them."""
    try:
        numbers = [_ipv4_number(label) for label in labels]
    except ValueError:
        raise AddressError(url, "malformed IPv4 address") from None
    *high, low = numbers
    if len(numbers) > 4 or any(number > 255 for number in high) or low >= 256 ** (5 - len(numbers)):
        raise AddressError(url, "malformed IPv4 address")
    value = low + sum(number * 256 ** (3 - index) for index, number in enumerate(high))
    return str(ipaddress.IPv4Address(value))


def _ipv4_number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    if label.startswith("0") and len(label) > 1:
        return int(label, 8)
    return int(label)


def address_problem(ip: IPAddress) -> str:
    """Why `ip` is not a public address; empty when it is one."""
    if isinstance(ip, ipaddress.IPv6Address):
        if (
            ip.scope_id is None
            and ip in _GLOBAL_UNICAST
            and not any(ip in net for net in _REFUSED_IPV6)
        ):
            return ""
    elif not any(ip in net for net in _REFUSED_IPV4):
        return ""
    return f"the address {ip} is not public"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One entry of `allow_hosts`. A network opens hosts written as addresses only: a name may be anybody's."""

    name: str
    network: IPNetwork | None
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        body, port = text.strip().lower(), None
        match = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+):(\d{1,5})", body)
        if match:
            body, port = match[1], int(match[2])
        body = body.strip("[]").removesuffix(".")
        try:
            return cls("", ipaddress.ip_network(body, strict=False), port)
        except ValueError:
            pass
        name = body.removeprefix("*.")
        if not all(_LABEL.fullmatch(label) for label in name.split(".")):
            raise BrowserConfigError(
                f"allow_hosts: {text!r} is not a host, *.domain, address or network, with or without a port."
            )
        return cls(body, None, port)

    def admits(self, url: WebURL) -> bool:
        if self.port is not None and self.port != url.port:
            return False
        if self.network is not None:
            ip = url.ip
            return ip is not None and ip.version == self.network.version and ip in self.network
        if self.name.startswith("*."):
            return url.host.endswith(self.name[1:])
        return url.host == self.name


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Decides what may be connected to.

    Attributes:
        net: "public": any public address and `allow_hosts`; "allowlist": only `allow_hosts`; "none": nothing.
        allow_hosts: what the user opened beyond public addresses and ports 80 and 443: "localhost:8000",
            "*.corp.example", "192.168.0.0/24". Without a port, every port. A name may then resolve to any address.
    """

    net: NetworkAccess = "public"
    allow_hosts: tuple[str, ...] = ()
    _rules: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rules", tuple(_Rule.parse(text) for text in self.allow_hosts))

    def admits_by_name(self, url: WebURL) -> bool:
        """Whether the user opened this host and port."""
        return any(rule.admits(url) for rule in self._rules)

    def check_url(self, url: WebURL) -> None:
        """Check all that can be known before a name is resolved.

        Raises:
            AddressError: the policy does not admit the host or the port.
        """
        if self.net == "none":
            raise AddressError(str(url), "the browser has no network in this run")
        if self.admits_by_name(url):
            return
        if self.net == "allowlist":
            raise AddressError(str(url), f"{url.host} is not among the hosts that the user opened")
        if url.port not in (80, 443):
            raise AddressError(str(url), f"port {url.port} is not open to the browser")
        ip = url.ip
        problem = _name_problem(url.host) if ip is None else address_problem(ip)
        if problem:
            raise AddressError(str(url), problem)

    def check_addresses(self, url: WebURL, addresses: Iterable[str]) -> None:
        """Check what a name resolved to. One address that is not public spoils them all: an honest name has none.

        Raises:
            AddressError: an address is not public, and the user did not open the host by name.
        """
        if self.admits_by_name(url):
            return
        for text in addresses:
            problem = address_problem(ipaddress.ip_address(text))
            if problem:
                raise AddressError(str(url), problem)


def _name_problem(host: str) -> str:
    if "." not in host:
        return f"{host} is a name of a local network"
    if any(host == suffix or host.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES):
        return f"{host} is a local or reserved name"
    return ""

"""Settings of the browser. Every field has a default that is safe on a network the user does not know."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from glm_tools.browser.address import NetworkAccess, parse_url
from glm_tools.browser.errors import AddressError, BrowserConfigError


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """Limits and manners of transfers.

    Attributes:
        timeout_s: for one page with its redirects and robots.txt; waiting for one's turn at a host comes on top.
        connect_timeout_s: for one address.
        body_limit_bytes: of the decompressed body; what is beyond is cut. PDFs, useless when cut, get
            `pdf_limit_bytes`.
        host_interval_s: pause between two requests to one host.
        queue_limit_s: a page that would have to wait longer for its turn is refused.
        robots: whether robots.txt is asked for and obeyed.
        proxy: "environment" honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY, "off" does not; else the proxy's URL.
        cache_age_s: how long a page without a Cache-Control of its own is served from memory.
    """

    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    body_limit_bytes: int = 2_000_000
    pdf_limit_bytes: int = 20_000_000
    max_redirects: int = 5
    host_interval_s: float = 1.0
    queue_limit_s: float = 30.0
    robots: bool = True
    user_agent: str = "glm-agent/0.1 (local research agent; honours robots.txt)"
    proxy: str = "environment"
    cache_age_s: float = 300.0
    cache_limit_bytes: int = 50_000_000


@dataclass(frozen=True, slots=True)
class BrowserConfig:
    """What the user wants of the browser.

    Attributes:
        net: "public": any public address and `allow_hosts`; "allowlist": only `allow_hosts`; "none": nothing.
        allow_hosts: hosts opened beyond public addresses on ports 80 and 443: "localhost:8000", "*.corp.example",
            "192.168.0.0/24". Without a port, every port.
        record_web: a cassette to write.
        record_appends: a cassette that is there is gone on with, and not made anew.
        replay_web: a cassette to play; the network is not used, and a page that is not on it is an error.
        local_pages: a folder of pages that `search` finds and `open_url` opens without a network.
        searxng_url: of a SearXNG instance whose settings allow the format "json".
        brave_key: for Brave Search.
        zhipu_key: for Zhipu's web search.
        use_ddgs: search through the package ddgs, which needs no key, where it is installed.
        result_limit: results of a search.
        page_chars: of a page that are shown at once.
        observation_chars: of all that one call shows.
        page_limit: pages that one run may open.
        slow_page_s: how long a page may take before the user is told that it is still awaited.
    """

    net: NetworkAccess = "public"
    allow_hosts: tuple[str, ...] = ()
    record_web: Path | None = None
    record_appends: bool = False
    replay_web: Path | None = None
    local_pages: Path | None = None
    searxng_url: str = ""
    brave_key: str = field(default="", repr=False)
    zhipu_key: str = field(default="", repr=False)
    use_ddgs: bool = True
    result_limit: int = 8
    page_chars: int = 6_000
    observation_chars: int = 12_000
    page_limit: int = 100
    slow_page_s: float = 2.0
    fetch: FetchConfig = field(default_factory=FetchConfig)

    def __post_init__(self) -> None:
        if self.record_web and self.replay_web:
            raise BrowserConfigError(
                "A run either records the web or replays it: give only one of the two files."
            )
        if self.page_chars < 500 or self.observation_chars < self.page_chars:
            raise BrowserConfigError(
                f"page_chars must be at least 500 and observation_chars no less, not {self.page_chars} and {self.observation_chars}."
            )
        if self.searxng_url:
            try:
                parse_url(self.searxng_url)
            except AddressError as error:  # without the URL: there may be a password in it
                raise BrowserConfigError(f"searxng_url (SEARXNG_URL): {error.problem}.") from None
        if self.local_pages is not None and not self.local_pages.is_dir():
            raise BrowserConfigError(f"local_pages: {str(self.local_pages)!r} is not a folder.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The defaults with SEARXNG_URL, BRAVE_SEARCH_API_KEY and ZHIPU_API_KEY where they are set."""
        return cls(
            searxng_url=environment.get("SEARXNG_URL", ""),
            brave_key=environment.get("BRAVE_SEARCH_API_KEY", ""),
            zhipu_key=environment.get("ZHIPU_API_KEY", ""),
        )

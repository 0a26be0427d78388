"""Where a session's pages and search results come from."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from glm_tools.browser.address import AddressPolicy, WebURL
from glm_tools.browser.config import BrowserConfig
from glm_tools.browser.extract import PageReader
from glm_tools.browser.response import CancelSignal, PageSource, Progress, Response
from glm_tools.browser.search.local import LocalPages
from glm_tools.browser.search.provider import SearchOutcome, SearchProvider, search_in_turn

if TYPE_CHECKING:
    from glm_tools.browser.fetch import Fetcher


class Web(PageSource, Protocol):
    """Pages and search: the live web, a recording of it, or the live web being recorded."""

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None = None
    ) -> SearchOutcome:
        """At most `limit` results for `query`.

        Raises:
            SearchError: nobody could answer.
        """
        ...

    def close(self) -> None: ...


class LiveWeb:
    """The user's folder of pages first, then the network, as the settings allow.

    Args:
        config: see `BrowserConfig`.
        reader: for the local index; not closed here.
        fetcher: takes the place of the one that `config` describes.
        providers: take the place of those that `config` names.
    """

    def __init__(
        self,
        config: BrowserConfig,
        reader: PageReader,
        *,
        fetcher: "Fetcher | None" = None,
        providers: Iterable[SearchProvider] | None = None,
    ) -> None:
        self._config = config
        self._local = None if config.local_pages is None else LocalPages(config.local_pages, reader)
        self._own_fetcher = fetcher
        self._own_providers = None if providers is None else list(providers)

    def get(
        self, url: WebURL, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> Response:
        if self._local is not None and self._local.holds(url):
            return self._local.get(url, cancel=cancel)
        return self._fetcher().get(url, cancel=cancel, progress=progress)

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None = None
    ) -> SearchOutcome:
        return search_in_turn(self._providers(), query, recency_days, limit, cancel)

    def close(self) -> None:
        if self._local is not None:
            self._local.close()

    def _fetcher(self) -> "Fetcher":
        """The one fetcher of the session, made when it is first needed: requests is slow to import."""
        if self._own_fetcher is None:
            from glm_tools.browser.fetch import Fetcher

            policy = AddressPolicy(self._config.net, self._config.allow_hosts)
            self._own_fetcher = Fetcher(self._config.fetch, policy)
        return self._own_fetcher

    def _providers(self) -> list[SearchProvider]:
        if self._own_providers is None:
            self._own_providers = [
                *([self._local] if self._local else []),
                *self._network_providers(),
            ]
        return self._own_providers

    def _network_providers(self) -> list[SearchProvider]:
        """Those that the settings name, the user's own instance first, the one without a contract last."""
        config = self._config
        providers: list[SearchProvider] = []
        if config.net == "none":
            return providers
        if config.searxng_url:
            from glm_tools.browser.search.searxng import SearXNG

            providers.append(SearXNG(config.searxng_url, self._fetcher()))
        if config.brave_key:
            from glm_tools.browser.search.brave import Brave

            providers.append(Brave(config.brave_key, self._fetcher()))
        if config.zhipu_key:
            from glm_tools.browser.search.zhipu import Zhipu

            providers.append(Zhipu(config.zhipu_key, self._fetcher()))
        if config.use_ddgs and config.net == "public":
            from glm_tools.browser.search.duckduckgo import DuckDuckGo, is_installed

            if is_installed():
                providers.append(DuckDuckGo())
        return providers

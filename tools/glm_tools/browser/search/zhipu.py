"""Search through Zhipu's web search API, with a key of the user's."""

from glm_tools.browser.address import WebURL, parse_url
from glm_tools.browser.errors import AddressError, FetchCancelledError, FetchError
from glm_tools.browser.fetch import Fetcher
from glm_tools.browser.response import CancelSignal
from glm_tools.browser.search.provider import (
    SearchResult,
    as_search_error,
    clean_results,
    json_object,
    records,
)

ENDPOINT = parse_url("https://open.bigmodel.cn/api/paas/v4/web_search")
_RECENCY = ((1, "oneDay"), (7, "oneWeek"), (31, "oneMonth"), (366, "oneYear"))
_MAX_QUERY_CHARS = 70


class Zhipu:
    """Zhipu's web search. Reference: "网络搜索" at https://docs.bigmodel.cn.

    Args:
        key: goes into a header, never into a URL, a message or a recording.
        fetcher: does the transfer.
        engine: "search_std", "search_pro", "search_pro_sogou" or "search_pro_quark"; they differ in price.
        endpoint: of the service.
    """

    name = "zhipu"

    def __init__(
        self, key: str, fetcher: Fetcher, engine: str = "search_std", endpoint: WebURL = ENDPOINT
    ) -> None:
        self._key = key
        self._fetcher = fetcher
        self._engine = engine
        self._endpoint = endpoint

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> list[SearchResult]:
        body = {
            "search_engine": self._engine,
            "search_query": query[:_MAX_QUERY_CHARS],
            "count": limit,
            "search_recency_filter": next(
                (name for days, name in _RECENCY if recency_days and recency_days <= days),
                "noLimit",
            ),
        }
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        try:
            response = self._fetcher.call_api(
                "POST", self._endpoint, json=body, headers=headers, cancel=cancel
            )
        except FetchCancelledError:
            raise
        except (FetchError, AddressError) as error:
            raise as_search_error(self.name, error, {}) from error
        items = records(json_object(self.name, response).get("search_result"))
        return clean_results(
            (
                (item.get("title"), item.get("link"), item.get("content"), item.get("publish_date"))
                for item in items
            ),
            limit,
        )

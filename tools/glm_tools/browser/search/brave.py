"""Search through Brave's API, with a key of the user's."""

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

ENDPOINT = parse_url("https://api.search.brave.com/res/v1/web/search")
_FRESHNESS = ((1, "pd"), (7, "pw"), (31, "pm"), (366, "py"))
_MAX_QUERY_CHARS, _MAX_QUERY_WORDS, _MAX_COUNT = 400, 50, 20


class Brave:
    """Brave Search. Reference: https://api-dashboard.search.brave.com/api-reference/web/search/get.

    Args:
        key: goes into a header, never into a URL, a message or a recording.
        fetcher: does the transfer.
        endpoint: of the service.
    """

    name = "brave"

    def __init__(self, key: str, fetcher: Fetcher, endpoint: WebURL = ENDPOINT) -> None:
        self._key = key
        self._fetcher = fetcher
        self._endpoint = endpoint

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> list[SearchResult]:
        words = " ".join(query.split()[:_MAX_QUERY_WORDS])[:_MAX_QUERY_CHARS]
        params = {"q": words, "count": str(min(limit, _MAX_COUNT))}
        freshness = next(
            (name for days, name in _FRESHNESS if recency_days and recency_days <= days), ""
        )
        if freshness:
            params["freshness"] = freshness
        headers = {"X-Subscription-Token": self._key, "Accept": "application/json"}
        try:
            response = self._fetcher.call_api(
                "GET", self._endpoint, params=params, headers=headers, cancel=cancel
            )
        except FetchCancelledError:
            raise
        except (FetchError, AddressError) as error:
            raise as_search_error(
                self.name, error, {422: "the key or the query is refused"}
            ) from error
        web = json_object(self.name, response).get("web")
        items = records(web.get("results")) if isinstance(web, dict) else []
        return clean_results(
            (
                (item.get("title"), item.get("url"), item.get("description"), item.get("page_age"))
                for item in items
            ),
            limit,
        )

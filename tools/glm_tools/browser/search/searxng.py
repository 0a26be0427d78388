"""Search through a SearXNG instance of the user's. Public instances refuse the JSON format."""

from glm_tools.browser.address import parse_url
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

_TIME_RANGES = ((1, "day"), (7, "week"), (31, "month"), (366, "year"))


class SearXNG:
    """One SearXNG instance. Reference: https://docs.searxng.org/dev/search_api.html.

    Args:
        url: of the instance, with or without a path.
        fetcher: does the transfer; the host counts as opened by the user.
    """

    name = "searxng"

    def __init__(self, url: str, fetcher: Fetcher) -> None:
        self._url = parse_url(url.rstrip("/") + "/search")
        self._fetcher = fetcher

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> list[SearchResult]:
        params = {"q": query, "format": "json"}
        if recency_days:
            params["time_range"] = next(
                (name for days, name in _TIME_RANGES if recency_days <= days), ""
            )
        try:
            response = self._fetcher.call_api("GET", self._url, params=params, cancel=cancel)
        except FetchCancelledError:
            raise
        except (FetchError, AddressError) as error:
            advice = {403: "allow the format json in the instance's settings.yml: search.formats"}
            raise as_search_error(self.name, error, advice) from error
        answer = json_object(self.name, response)
        return clean_results(
            (
                (item.get("title"), item.get("url"), item.get("content"), item.get("publishedDate"))
                for item in records(answer.get("results"))
            ),
            limit,
        )

"""What a search provider is, and asking several in turn."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from glm_tools.browser.address import parse_url
from glm_tools.browser.errors import AddressError, FetchCancelledError, FetchError, SearchError
from glm_tools.browser.invisible import remove_invisible
from glm_tools.browser.response import CancelSignal, Response

_TAG = re.compile(r"<[^<>]{0,200}>")
_MAX_TITLE_CHARS = 160
_MAX_SNIPPET_CHARS = 400


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One hit. Title and snippet are one line each, without markup and invisible characters; `url` is canonical."""

    title: str
    url: str
    snippet: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """What asking the providers came to.

    Attributes:
        provider: which one answered.
        results: may be empty: nothing was found.
        problems: of the providers that were asked before and failed.
    """

    provider: str
    results: tuple[SearchResult, ...]
    problems: tuple[str, ...] = ()


class SearchProvider(Protocol):
    """A way to search the web or a part of it."""

    @property
    def name(self) -> str:
        """For messages: "searxng"."""
        ...

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> Sequence[SearchResult]:
        """At most `limit` results, best first; empty when there are none.

        Raises:
            SearchError: the provider failed, as opposed to having found nothing.
            FetchCancelledError: `cancel` was set.
        """
        ...


def search_in_turn(
    providers: Iterable[SearchProvider],
    query: str,
    recency_days: int | None,
    limit: int,
    cancel: CancelSignal | None = None,
) -> SearchOutcome:
    """The answer of the first provider that has results; of the last that worked when none has.

    Raises:
        SearchError: every provider failed; the message has the reason of each.
    """
    problems: list[str] = []
    empty = ""
    for provider in providers:
        try:
            results = tuple(provider.search(query, recency_days, limit, cancel))[:limit]
        except FetchCancelledError:
            raise
        except SearchError as error:
            problems.append(f"{error.provider}: {error.problem}")
            continue
        if results:
            return SearchOutcome(provider.name, results, tuple(problems))
        empty = empty or provider.name
    if empty:
        return SearchOutcome(empty, (), tuple(problems))
    if not problems:
        raise SearchError(
            "any provider",
            "none is set up; the user can name a SearXNG instance, a Brave or Zhipu key, or a folder of pages, or install ddgs",
        )
    raise SearchError("every provider", "; ".join(problems))


def clean_results(raw: Iterable[tuple[Any, Any, Any, Any]], limit: int) -> list[SearchResult]:
    """Results from (title, url, snippet, date) as a provider gave them, whatever their types.

    Drops what is no http(s) URL, and URLs that came before. Spellings of our own marks are taken apart, so that a
    title cannot pose as another result.
    """
    results: list[SearchResult] = []
    seen: set[str] = set()
    for title, address, snippet, date in raw:
        try:
            url = str(parse_url(address if isinstance(address, str) else ""))
        except AddressError:
            continue
        if url in seen:
            continue
        seen.add(url)
        results.append(
            SearchResult(
                title=one_line(title, _MAX_TITLE_CHARS) or url,
                url=url,
                snippet=one_line(snippet, _MAX_SNIPPET_CHARS),
                date=date[:10]
                if isinstance(date, str) and re.match(r"\d{4}-\d\d-\d\d", date)
                else "",
            )
        )
        if len(results) >= limit:
            break
    return results


def one_line(value: object, limit_chars: int) -> str:
    """`value` as one line of visible text without markup; empty when it is no text."""
    if not isinstance(value, str):
        return ""
    text = html.unescape(_TAG.sub("", value[: 20 * limit_chars]))
    text = " ".join(remove_invisible(text)[0].split())
    return text if len(text) <= limit_chars else text[: limit_chars - 1].rstrip() + "…"


def json_object(provider: str, response: Response) -> dict[str, Any]:
    """The JSON object that a service answered with.

    Raises:
        SearchError: it answered with something else.
    """
    import json

    try:
        value = json.loads(response.body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        kind = response.content_type or "something"
        raise SearchError(provider, f"it answered with {kind} instead of JSON") from None
    if not isinstance(value, dict):
        raise SearchError(provider, "its JSON is not an object")
    return value


def as_search_error(
    provider: str, error: FetchError | AddressError, advice: dict[int, str]
) -> SearchError:
    """`error` with what is known about the status."""
    status = error.status if isinstance(error, FetchError) else None
    known = {429: "the rate limit is reached", 401: "the key is refused", **advice}
    more = f" ({known[status]})" if status in known else ""
    return SearchError(provider, error.problem + more)


def records(value: object) -> list[dict[str, Any]]:
    """The dicts in `value` when it is a list; what a service sends otherwise is as good as nothing."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

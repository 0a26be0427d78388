"""What has an id in a conversation: results, links that were shown, pages; kept over several processes."""

from dataclasses import asdict, replace

from glm_tools.browser.citations import Source
from glm_tools.tool import JSONValue


class Sources:
    """Ids of URLs, the same for the whole conversation, and what is known of each."""

    def __init__(self) -> None:
        self._sources: dict[int, Source] = {}
        self._ids: dict[str, int] = {}  # by URL; two where a page was redirected
        self._next_id = 0
        self._news: set[int] = set()  # what `take_memory` has not told yet
        self._shown: dict[int, list[str]] = {}  # of pages, since then

    def __contains__(self, url: str) -> bool:
        return url in self._ids

    def get(self, number: int) -> Source | None:
        """What has this id; None where nothing has."""
        return self._sources.get(number)

    def all(self) -> dict[int, Source]:
        """By id; a copy."""
        return dict(self._sources)

    def id_of(self, url: str, title: str, snippet: str) -> int:
        """The id of `url`, a new one where it has none."""
        number = self._ids.get(url)
        if number is None:
            number = self._ids[url] = self._next_id
            self._next_id += 1
            self._set(Source(number, url, title, snippet=snippet))
        elif snippet and not self._sources[number].snippet:
            self._set(replace(self._sources[number], snippet=snippet))
        return number

    def mark_read(self, page: Source) -> None:
        """The page behind an id was opened. Its URL may be another one than that of the id: it was redirected."""
        self._ids.setdefault(page.url, page.id)
        self._set(page)

    def mark_shown(self, number: int, text: str) -> None:
        """The model has been shown this part of a page."""
        self._shown.setdefault(number, []).append(text)
        self._news.add(number)

    def take_memory(self) -> JSONValue:
        """What `recall` needs, in another process, of all that is new since the last time; None where nothing is.

        Of a page's text it holds what was shown.
        """
        urls: dict[int, list[str]] = {}
        for url, number in self._ids.items():
            urls.setdefault(number, []).append(url)
        memory = []
        for number in sorted(self._news):
            shown = self._shown.get(number)
            source = replace(self._sources[number], text="\n".join(shown) if shown else None)
            memory.append({"urls": urls[number], "source": asdict(source)})
        self._news.clear()
        self._shown.clear()
        return memory or None

    def recall(self, memory: JSONValue) -> None:
        """Know again what `take_memory` told.

        An id that means something else here already, to another conversation of this process, means nothing from then
        on: no citation is checked against the wrong page.
        """
        for entry in memory:
            told, urls = Source(**entry["source"]), entry["urls"]
            self._next_id = max(self._next_id, told.id + 1)
            known = self._sources.get(told.id)
            if known is not None and known.url not in urls:
                self._forget(told.id)
                continue
            self._sources[told.id] = told if known is None else _joined(known, told)
            for url in urls:
                self._ids.setdefault(url, told.id)

    def _set(self, source: Source) -> None:
        self._sources[source.id] = source
        self._news.add(source.id)

    def _forget(self, number: int) -> None:
        del self._sources[number]
        self._news.discard(number)
        self._ids = {url: other for url, other in self._ids.items() if other != number}


def _joined(known: Source, told: Source) -> Source:
    """What two parts of a conversation know of one page."""
    text = known.text
    if told.text is not None and told.text not in (text or ""):
        text = told.text if text is None else f"{text}\n{told.text}"
    return replace(told, text=text, snippet=known.snippet or told.snippet)

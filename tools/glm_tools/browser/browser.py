"""A browsing session: what was found, what was opened, and how it is told to the model.

Covers: text from the web enters observations as data only: spellings of our own marks are taken apart, its source
stands above it, what was hidden is gone. A page that was not opened does not count as read.
Does not cover: what the model makes of a page's words. Who may act after such text was read is the loop's policy;
`Browser.has_listed` helps it with URLs.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from glm_tools.browser.actions import Action, Click, OpenURL, Search, parse_actions
from glm_tools.browser.address import parse_url
from glm_tools.browser.cassette import Player, Recorder
from glm_tools.browser.citations import Citation, Source, check_citations
from glm_tools.browser.config import BrowserConfig
from glm_tools.browser.errors import ActionError, AddressError, BrowserError, FetchCancelledError
from glm_tools.browser.extract import Page, PageReader
from glm_tools.browser.markdown_marks import cut_between_marks, replace_marks, without_marks
from glm_tools.browser.response import CancelSignal, Progress
from glm_tools.browser.sources import Sources
from glm_tools.browser.web import LiveWeb, Web
from glm_tools.tool import JSONValue, Observation

_PARALLEL_FETCHES = 6
_MIN_SHARE_CHARS = 800
_FORGED_MARK = re.compile(r"[【\[]\s*(\d+)\s*†")
_TRUNCATION_NOTES = {
    "size": "cut off: the page is larger than the browser reads",
    "time": "cut off: the page was too slow",
    "connection": "cut off: the connection broke",
}


class Browser:
    """The state of one run's browsing. Use it from one thread at a time; it fetches in several of its own.

    Args:
        config: see `BrowserConfig`.
        web: takes the place of the one that `config` describes; closed with the browser.
        reader: shared with other sessions, and not closed here; one of its own when None.

    Raises:
        CassetteError: the recording that `config` names cannot be read or written.
    """

    def __init__(
        self,
        config: BrowserConfig | None = None,
        web: Web | None = None,
        *,
        reader: PageReader | None = None,
    ) -> None:
        self.config = config or BrowserConfig()
        self._reader = reader or PageReader()
        self._owns_reader = reader is None
        self._web = web or _open_web(self.config, self._reader)
        self._pages: dict[str, Page] = {}  # by the URL that was asked for
        self._sources = Sources()

    @property
    def sources(self) -> dict[int, Source]:
        """All that has an id so far: results, links that were shown, pages."""
        return self._sources.all()

    @property
    def replay_misses(self) -> tuple[str, ...]:
        """What a replay was asked for and did not have."""
        return tuple(self._web.misses) if isinstance(self._web, Player) else ()

    def check_citations(self, answer: str) -> tuple[Citation, ...]:
        """The citations in `answer`, checked against what this session has read."""
        return check_citations(answer, self._sources.all())

    def has_listed(self, url: str) -> bool:
        """Whether `url` was among the results, links and pages that the model was shown: it did not make it up."""
        try:
            return str(parse_url(url)) in self._sources
        except AddressError:
            return False

    def run(
        self, text: str, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> tuple[Observation, ...]:
        """Run the calls in `text`, as GLM-4 writes them.

        Returns:
            At least one observation; what fails is a `system_error` among them, and the rest goes on.

        Raises:
            CassetteError: a replay lacks what was asked for.
            FetchCancelledError: `cancel` was set.
        """
        try:
            actions = parse_actions(text)
        except ActionError as error:
            return (_system_error(error),)
        return self.run_actions(actions, cancel=cancel, progress=progress)

    def run_actions(
        self,
        actions: tuple[Action, ...],
        *,
        cancel: CancelSignal | None = None,
        progress: Progress | None = None,
    ) -> tuple[Observation, ...]:
        """As `run`, of calls that were parsed; at least one."""
        observations: list[Observation] = []
        share_chars = max(self.config.observation_chars // len(actions), _MIN_SHARE_CHARS)
        for action in actions:
            try:
                match action:
                    case Search():
                        observations.append(self._search(action, cancel))
                    case OpenURL():
                        observations.append(self._open(action, share_chars, cancel, progress))
                    case Click():
                        observations += self._click(action, share_chars, cancel, progress)
            except FetchCancelledError:
                raise
            except BrowserError as error:
                observations.append(_system_error(error))
        return tuple(observations)

    def take_memory(self) -> JSONValue:
        """What `recall` needs to know in another process of all that is new since the last time; None for nothing."""
        return self._sources.take_memory()

    def recall(self, memory: JSONValue) -> None:
        """Know again what `take_memory` told: ids go on from there, and citations of those pages can be checked."""
        self._sources.recall(memory)

    def close(self) -> None:
        """End the process that reads pages, and close a recording. Safe to call twice."""
        if self._owns_reader:
            self._reader.close()
        self._web.close()

    def _search(self, action: Search, cancel: CancelSignal | None) -> Observation:
        outcome = self._web.search(
            action.query, action.recency_days, self.config.result_limit, cancel
        )
        lines: list[str] = []
        for result in outcome.results[: self.config.result_limit]:
            title, snippet = _as_data(result.title), _as_data(result.snippet)
            number = self._sources.id_of(result.url, title, snippet)
            lines.append(f" # 【{number}†{title}†{_host(result.url)}】")
            lines.append(f"{result.date}: {snippet}" if result.date else snippet)
        if not outcome.results:
            lines.append(f"No results for {action.query!r}.")
        lines += [
            f"({_as_data(problem)}; asked {outcome.provider} instead)"
            for problem in outcome.problems
        ]
        lines.append("Visible: 0% - 100%")
        return Observation("\n".join(lines), "browser_result")

    def _open(
        self,
        action: OpenURL,
        share_chars: int,
        cancel: CancelSignal | None,
        progress: Progress | None,
    ) -> Observation:
        url = str(parse_url(action.url))
        page = self._page(url, cancel, progress)
        number = self._sources.id_of(url, page.title, "")
        self._mark_read(number, page)
        return Observation(self._window(number, page, action.offset, share_chars), "browser_result")

    def _click(
        self,
        action: Click,
        share_chars: int,
        cancel: CancelSignal | None,
        progress: Progress | None,
    ) -> list[Observation]:
        stop = _AnySignal(cancel)

        def load(number: int) -> Page | BrowserError:
            source = self._sources.get(number)
            if source is None:
                return BrowserError(f"There is no result or link with the id {number}.")
            try:
                return self._page(source.url, stop, progress)
            except FetchCancelledError:
                raise
            except BrowserError as error:
                return error

        with ThreadPoolExecutor(_PARALLEL_FETCHES, thread_name_prefix="browser") as pool:
            try:
                outcomes = list(pool.map(load, action.ids))
            except BaseException:  # Ctrl-C too: the pages still under way are of no use now
                stop.set()
                raise
        share_chars = max(share_chars // len(action.ids), _MIN_SHARE_CHARS)
        observations: list[Observation] = []
        for number, outcome in zip(action.ids, outcomes, strict=True):
            if isinstance(outcome, BrowserError):
                observations.append(_system_error(outcome, f"mclick({number}): "))
                continue
            self._mark_read(number, outcome)
            text = self._window(number, outcome, 0, share_chars)
            observations.append(Observation(text, f"quote_result [{number}†source]"))
        return observations

    def _page(self, url: str, cancel: CancelSignal | None, progress: Progress | None) -> Page:
        """The page at `url`, from this session's memory where it is there: paging does not fetch again."""
        if url in self._pages:
            return self._pages[url]
        if len(self._pages) >= self.config.page_limit:
            raise BrowserError(
                f"The limit of {self.config.page_limit} pages for one run is reached; answer from what was read."
            )
        response = self._web.get(parse_url(url), cancel=cancel, progress=progress)
        note = _TRUNCATION_NOTES.get(response.truncation)
        page = self._reader.read(
            response.body,
            response.url,
            response.headers.get("content-type", ""),
            response.fetched_at,
            notes=(note,) if note else (),
            cancel=cancel,
        )
        self._pages[url] = page
        return page

    def _window(self, number: int, page: Page, offset: int, limit_chars: int) -> str:
        """A part of a page under the lines that say what it is."""
        total = len(page.text)
        if offset and offset >= total:
            raise BrowserError(
                f"The page {page.url!r} has {total} characters of text; the offset {offset} is beyond its end."
            )
        start, end = cut_between_marks(page.text, offset, min(self.config.page_chars, limit_chars))
        self._sources.mark_shown(number, without_marks(page.text[start:end]))
        head = [
            f"TITLE: {_as_data(page.title) or _host(page.url)}",
            f"URL: {page.url}",
            f"【{number}†source】",
        ]
        if page.date:
            head.append(f"Date: {page.date}")
        if page.notes:
            head.append(f"({'; '.join(_as_data(note) for note in page.notes)})")
        body = replace_marks(
            _as_data(page.text[start:end]), lambda link, words: self._link(page, link, words)
        )
        first, last = (100 * start // total, 100 * end // total) if total else (0, 100)
        foot = [f"Visible: {first}% - {last}%"]
        if end < total:
            foot.append(f'Next part: open_url("{page.url}", offset={end})')
        return "\n".join([*head, "", body.strip() or "(no text)", "", *foot])

    def _link(self, page: Page, link: int, words: str) -> str:
        url = page.links[link] if link < len(page.links) else ""
        if not url:
            return words
        number, host = self._sources.id_of(url, words, ""), _host(url)
        return (
            f"【{number}†{words}】" if host == _host(page.url) else f"【{number}†{words}†{host}】"
        )

    def _mark_read(self, number: int, page: Page) -> None:
        known = self._sources.get(number)
        self._sources.mark_read(
            Source(
                number,
                page.url,
                _as_data(page.title) or (known.title if known else ""),
                text=without_marks(page.text),
                snippet=known.snippet if known else "",
                sha256=page.sha256,
                fetched_at=page.fetched_at.isoformat(timespec="seconds"),
            )
        )


@dataclass(slots=True)
class _AnySignal:
    """Set from outside, or by the one who waits."""

    outer: CancelSignal | None
    _own: bool = False

    def set(self) -> None:
        self._own = True

    def is_set(self) -> bool:
        return self._own or (self.outer is not None and self.outer.is_set())


def _open_web(config: BrowserConfig, reader: PageReader) -> Web:
    if config.replay_web is not None:
        return Player(config.replay_web)
    live = LiveWeb(config, reader)
    if config.record_web is None:
        return live
    return Recorder(config.record_web, live, appends=config.record_appends)


def _system_error(error: BrowserError, where: str = "") -> Observation:
    return Observation(f"{where}{_as_data(str(error))}", "system_error")


def _as_data(text: str) -> str:
    """`text` from outside without spellings that could pose as marks of ours."""
    return _FORGED_MARK.sub(r"(\1 ", text)


def _host(url: str) -> str:
    return urlsplit(url).netloc

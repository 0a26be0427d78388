"""What a browsing session knows again when its conversation goes on in another process."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import Reply, ScriptedModel, call, say
from glm_tools.browser import Browser, BrowserConfig, BrowserTool, as_functions
from glm_tools.browser.extract import PageReader
from glm_tools.browser.search.provider import SearchResult
from glm_tools.browser.web import LiveWeb

Open = Callable[[], Browser]


class River:
    """A search provider that finds one page."""

    name = "river"

    def __init__(self, url: str) -> None:
        self.url = url

    def search(self, *asked: Any) -> tuple[SearchResult, ...]:
        return (SearchResult("Alpha", self.url, "About a river", "2025-01-02"),)


@pytest.fixture
def open_browser(
    server: Any, response: Any, make_fetcher: Any, reader: PageReader
) -> Iterator[Open]:
    """Makes browsers over the loopback server as a new process would: none knows what another did."""
    server.pages["/a"] = response(
        b"<title>Alpha</title><p>The river is 120 km long. <a href='/b'>Beta</a></p>"
    )
    server.pages["/b"] = response(b"<title>Beta</title><p>It flows into the sea.</p>")
    server.pages["/moved"] = response(b"", status="301 Moved Permanently", headers=["Location: /b"])
    server.pages["/long"] = response(
        b"<title>Long</title>" + b"".join(b"<p>Line %d of many.</p>" % n for n in range(2000))
    )
    opened: list[Browser] = []

    def make() -> Browser:
        config = BrowserConfig()
        found = River(server.url("/a"))
        web = LiveWeb(config, reader, fetcher=make_fetcher(timeout_s=5), providers=[found])
        opened.append(Browser(config, web, reader=reader))
        return opened[-1]

    yield make
    for browser in opened:
        browser.close()


def statuses(browser: Browser, answer: str) -> list[str]:
    return [citation.status for citation in browser.check_citations(answer)]


def recalled(browser: Browser, fresh: Browser) -> Browser:
    """`fresh`, told over JSON what `browser` has to tell."""
    fresh.recall(json.loads(json.dumps(browser.take_memory())))
    return fresh


def test_ids_go_on_and_citations_of_what_was_read_are_checked_in_another_process(
    open_browser: Open, server: Any
) -> None:
    first = open_browser()
    first.run('search("river")\nmclick([0])')
    second = recalled(first, open_browser())
    cited = "【0†120 km long】【0†9 km】【0†source】【1†source】【2†source】"
    assert statuses(second, cited) == [
        "verified",
        "quote_not_found",
        "verified",
        "not_read",
        "unknown",
    ]
    assert statuses(second, cited) == statuses(first, cited)
    (opened,) = second.run("mclick([1])")
    assert opened.metadata == "quote_result [1†source]", "a link of a page that the first one read"
    assert "It flows into the sea." in opened.text
    (other,) = second.run(f'open_url("{server.url("/long")}")')
    assert "【2†source】" in other.text, "a new page takes the id behind the last"


def test_of_a_long_page_the_parts_that_were_shown_can_be_cited_later(
    open_browser: Open, server: Any
) -> None:
    first = open_browser()
    url = server.url("/long")
    (head,) = first.run(f'open_url("{url}")')
    memories = [first.take_memory()]
    offset = int(head.text.rsplit("offset=", 1)[1].rstrip(")"))
    first.run(f'open_url("{url}", offset={offset})')
    memories.append(first.take_memory())
    second = open_browser()
    for memory in memories:
        second.recall(memory)
    late = f"Line {offset // len('Line 1000 of many..') + 5} of many."
    assert statuses(second, f"【0†Line 1 of many.】【0†{late}】") == ["verified", "verified"]
    assert statuses(first, "【0†Line 1999 of many.】") == ["verified"]
    assert statuses(second, "【0†Line 1999 of many.】") == ["quote_not_found"], "never shown"


def test_a_page_that_was_redirected_keeps_its_id_under_both_urls(
    open_browser: Open, server: Any
) -> None:
    first = open_browser()
    first.run(f'open_url("{server.url("/moved")}")')
    second = recalled(first, open_browser())
    for path in ("/moved", "/b"):
        (page,) = second.run(f'open_url("{server.url(path)}")')
        assert "【0†source】" in page.text


def test_what_was_told_is_not_told_again(open_browser: Open) -> None:
    browser = open_browser()
    browser.run('search("river")')
    assert browser.take_memory()
    browser.run('search("river")')
    assert browser.take_memory() is None


def test_an_id_of_two_conversations_in_one_process_means_nothing_rather_than_the_wrong_page(
    open_browser: Open, server: Any
) -> None:
    here, elsewhere = open_browser(), open_browser()
    here.run(f'open_url("{server.url("/a")}")')
    elsewhere.run(f'open_url("{server.url("/b")}")')
    recalled(elsewhere, here)
    assert statuses(here, "【0†source】【0†120 km long】") == ["unknown", "unknown"]
    (again,) = here.run(f'open_url("{server.url("/a")}")')
    assert "【0†source】" not in again.text
    assert again.text.count("†source】") == 1


@pytest.mark.parametrize("as_plain_functions", [False, True])
def test_a_session_taken_up_by_another_process_knows_its_pages_from_the_journal(
    as_plain_functions: bool, open_browser: Open, server: Any, tmp_path: Path
) -> None:
    """Bug: citations of pages that an earlier process had read came out as unknown, or as another page."""

    def answer(text: str, *calls: Reply) -> str:
        """One run of the session `river`, in a process of its own."""
        browser = open_browser()
        tools = [BrowserTool(browser=browser)]
        journal = Journal(tmp_path / "sessions.sqlite3")
        with (
            Agent(
                ScriptedModel([*calls, say(text)]),
                tools=as_functions(tools) if as_plain_functions else tools,
                journal=journal,
            ) as agent,
            agent.session("river") as session,
        ):
            result = session.run("?")
        journal.close()
        (status,) = statuses(browser, result.answer)
        return status

    if as_plain_functions:
        read = [call("search", query="river"), call("mclick", ids=[0])]
        more = call("open_url", url=server.url("/b"))
    else:
        read = [call("simple_browser", code='search("river")\nmclick([0])')]
        more = call("simple_browser", code=f'open_url("{server.url("/b")}")')
    assert answer("It is long【0†120 km long】.", *read) == "verified"
    assert answer("As I said【0†120 km long】.") == "verified"
    assert answer("And then【1†into the sea】.", more) == "verified"
    assert answer("No【1†120 km long】.") == "quote_not_found"

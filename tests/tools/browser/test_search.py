import json
import logging
import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from glm_agent import Agent
from glm_agent.journal import Journal
from glm_agent.testing import Reply, ScriptedModel, say
from glm_tools.browser import Browser, BrowserConfig, BrowserConfigError, BrowserTool
from glm_tools.browser.address import parse_url
from glm_tools.browser.cassette import Recorder
from glm_tools.browser.errors import AddressError, FetchCancelledError, FetchError, SearchError
from glm_tools.browser.extract import PageReader
from glm_tools.browser.response import CancelSignal
from glm_tools.browser.search.brave import Brave
from glm_tools.browser.search.duckduckgo import DuckDuckGo
from glm_tools.browser.search.local import HOST, LocalPages
from glm_tools.browser.search.provider import SearchResult, clean_results, search_in_turn
from glm_tools.browser.search.searxng import SearXNG
from glm_tools.browser.search.zhipu import Zhipu
from glm_tools.browser.web import LiveWeb

RESULTS = [
    {
        "title": "T <b>1</b> &amp; co",
        "url": "https://a.example/1",
        "content": "s\u200bn\n\nip",
        "publishedDate": "2025-01-02T03:04:05",
    }
]


def answer(value: object, response: Callable[..., bytes]) -> bytes:
    return response(json.dumps(value).encode(), "application/json")


def test_searxng_is_asked_for_json_and_its_results_are_cleaned(
    server: Any, make_fetcher: Any, response: Any
) -> None:
    server.pages["/sub/search?q=a+%26+b&format=json&time_range=week"] = answer(
        {"results": RESULTS}, response
    )
    provider = SearXNG(server.url("/sub/"), make_fetcher(allow=()))
    assert provider.search("a & b", 5, 9, None) == [
        SearchResult("T 1 & co", "https://a.example/1", "sn ip", "2025-01-02")
    ]


def test_brave_gets_its_key_in_a_header_only(server: Any, make_fetcher: Any, response: Any) -> None:
    items = [
        {"title": "t", "url": "https://a.example/", "description": "d", "page_age": "2025-01-02"}
    ]
    server.pages["/web?q=x&count=5&freshness=pd"] = answer({"web": {"results": items}}, response)
    provider = Brave("k-e-y", make_fetcher(allow=()), parse_url(server.url("/web")))
    assert provider.search("x", 1, 5, None) == [
        SearchResult("t", "https://a.example/", "d", "2025-01-02")
    ]
    assert "x-subscription-token: k-e-y" in server.requests[0].lower()
    assert "k-e-y" not in server.paths[0]


def test_zhipu_is_posted_to(server: Any, make_fetcher: Any, response: Any) -> None:
    items = [
        {"title": "t", "link": "https://a.example/", "content": "d", "publish_date": "2025-01-02"}
    ]
    server.pages["/web_search"] = answer({"search_result": items}, response)
    provider = Zhipu("k-e-y", make_fetcher(allow=()), endpoint=parse_url(server.url("/web_search")))
    assert provider.search("x" * 100, None, 5, None) == [
        SearchResult("t", "https://a.example/", "d", "2025-01-02")
    ]
    assert server.requests[0].startswith("POST ")
    assert "authorization: bearer k-e-y" in server.requests[0].lower()
    assert json.loads(server.bodies[0]) == {
        "search_engine": "search_std",
        "search_query": "x" * 70,
        "count": 5,
        "search_recency_filter": "noLimit",
    }


@pytest.mark.parametrize(
    ("days", "searxng", "brave", "zhipu"),
    [
        (1, "day", "pd", "oneDay"),
        (7, "week", "pw", "oneWeek"),
        (8, "month", "pm", "oneMonth"),
        (31, "month", "pm", "oneMonth"),
        (366, "year", "py", "oneYear"),
    ],
)
def test_recency_is_asked_for_in_the_words_of_each_service(
    days: int, searxng: str, brave: str, zhipu: str, server: Any, make_fetcher: Any, response: Any
) -> None:
    """The values are those of the services' documentation; an age between two of them is rounded up."""
    server.pages["/search?q=x&format=json&time_range=" + searxng] = answer(
        {"results": []}, response
    )
    server.pages["/brave?q=x&count=5&freshness=" + brave] = answer({"web": {}}, response)
    server.pages["/zhipu"] = answer({"search_result": []}, response)
    fetcher = make_fetcher(allow=())
    for provider in (
        SearXNG(server.url(""), fetcher),
        Brave(KEY, fetcher, parse_url(server.url("/brave"))),
        Zhipu(KEY, fetcher, endpoint=parse_url(server.url("/zhipu"))),
    ):
        assert provider.search("x", days, 5, None) == []
    assert json.loads(server.bodies[-1])["search_recency_filter"] == zhipu


@pytest.mark.parametrize(
    ("status", "content_type", "body", "problem"),
    [
        ("200 OK", "text/html", b"<html>rate limited", "text/html instead of JSON"),
        ("200 OK", "application/json", b"[]", "not an object"),
        ("200 OK", "application/json", b"[" * 100_000, "instead of JSON"),
        ("202 Accepted", "text/html", b"", "instead of JSON"),
        ("403 Forbidden", "text/html", b"", "formats"),
        ("429 Too Many", "text/html", b"", "rate limit"),
        ("302 Found", "text/html", b"", "302"),
    ],
)
def test_a_provider_that_fails_says_why(
    status: str,
    content_type: str,
    body: bytes,
    problem: str,
    server: Any,
    make_fetcher: Any,
    response: Any,
) -> None:
    """W43."""
    server.pages["/search?q=x&format=json"] = response(body, content_type, status)
    with pytest.raises(SearchError, match=problem):
        SearXNG(server.url("/"), make_fetcher(allow=())).search("x", None, 5, None)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"results": None},
        {"results": [1, None, {}]},
        {"results": {"a": 1}},
        {"results": [{"url": 5, "title": []}]},
    ],
)
def test_odd_answers_are_no_results(
    value: object, server: Any, make_fetcher: Any, response: Any
) -> None:
    server.pages["/search?q=x&format=json"] = answer(value, response)
    assert SearXNG(server.url("/"), make_fetcher(allow=())).search("x", None, 5, None) == []


def test_results_are_bounded_unique_and_on_the_web() -> None:
    """W43: 5,000 results, duplicates, relative and absurd URLs."""
    raw: list[tuple[object, object, object, object]] = [
        ("t", f"https://a.example/{n // 2}", "s" * 9_000, None) for n in range(5_000)
    ]
    raw[:0] = [
        ("t", url, "s", None)
        for url in (
            "/relative",
            "javascript:x",
            "ftp://x/",
            "http://user:p@x/",
            None,
            "https://" + "x" * 9_999,
        )
    ]
    results = clean_results(raw, 10)
    assert [result.url for result in results] == [f"https://a.example/{n}" for n in range(10)]
    assert all(len(result.snippet) <= 400 for result in results)


class Scripted:
    def __init__(self, name: str, *results: SearchResult, error: Exception | None = None) -> None:
        self.name = name
        self.calls = 0
        self._results = results
        self._error = error

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> Sequence[SearchResult]:
        self.calls += 1
        if self._error:
            raise self._error
        return self._results


HIT = SearchResult("t", "https://a.example/", "s")


def test_the_next_provider_is_asked_when_one_fails_or_has_nothing() -> None:
    failing, empty = Scripted("one", error=SearchError("one", "down")), Scripted("two")
    outcome = search_in_turn(
        [failing, empty, Scripted("three", HIT), last := Scripted("four", HIT)], "q", None, 5
    )
    assert (outcome.provider, outcome.results, outcome.problems) == (
        "three",
        (HIT,),
        ("one: down",),
    )
    assert last.calls == 0
    assert search_in_turn([failing, empty], "q", None, 5).results == ()


def test_no_provider_and_only_failing_ones_are_errors() -> None:
    with pytest.raises(SearchError, match="none is set up"):
        search_in_turn([], "q", None, 5)
    with pytest.raises(SearchError, match="one: down; two: slow"):
        search_in_turn(
            [Scripted(n, error=SearchError(n, p)) for n, p in (("one", "down"), ("two", "slow"))],
            "q",
            None,
            5,
        )
    with pytest.raises(FetchCancelledError):
        search_in_turn(
            [Scripted("one", error=FetchCancelledError("u", "stopped")), Scripted("two", HIT)],
            "q",
            None,
            5,
        )


@pytest.fixture
def local(tmp_path: Path, reader: PageReader) -> Iterator[LocalPages]:
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "river.html").write_text(
        "<title>The Elbe</title><meta name=date content=2020-01-01><p>The river is <a href='sub%20dir/sea.md'>1094 km</a> long.</p>",
        encoding="utf-8",
    )
    (tmp_path / "sub dir" / "sea.md").write_text(
        "# The North Sea\n\nIt is shallow; rivers end there.", encoding="utf-8"
    )
    (tmp_path / "中文.html").write_text(
        "<title>长江</title><p>长江全长约六千三百公里，是中国最长的河流。</p>", encoding="utf-8"
    )
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-nothing")
    (tmp_path.parent / f"{tmp_path.name}-outside.txt").write_text("river secret", encoding="utf-8")
    Path(tmp_path / "link.txt").symlink_to(tmp_path.parent / f"{tmp_path.name}-outside.txt")
    made = LocalPages(tmp_path, reader)
    yield made
    made.close()


def test_a_folder_is_searched_offline(local: LocalPages, connections: Any) -> None:
    (first, *_) = local.search("How long is the river Elbe?", None, 5, None)
    assert (first.title, first.url) == ("The Elbe", f"https://{HOST}/river.html")
    assert "1094 km" in first.snippet
    assert b"1094" in local.get(parse_url(first.url)).body
    (sea,) = local.search("shallow", None, 5, None)
    assert sea.url == f"https://{HOST}/sub%20dir/sea.md"
    assert b"shallow" in local.get(parse_url(sea.url)).body
    assert connections.addresses == []


def test_chinese_is_found_by_parts_of_its_words(local: LocalPages) -> None:
    (first,) = local.search("最长的河", None, 5, None)
    assert (first.title, "全长约六千三百公里" in first.snippet) == ("长江", True)
    assert local.get(parse_url(first.url)).body.decode().startswith("<title>长江")


def test_old_pages_are_left_out_where_recency_is_asked_for(local: LocalPages) -> None:
    assert all("river.html" not in result.url for result in local.search("river", 30, 5, None))


def test_more_days_than_the_calendar_has_are_any_age(local: LocalPages) -> None:
    """The grammar lets a model write six digits; that is no failure of the program."""
    assert local.search("river", 999_999, 5, None) == local.search("river", None, 5, None)


def test_what_cannot_be_read_hides_no_other_page(local: LocalPages, tmp_path: Path) -> None:
    """One link in circles, or one file that is closed to us, made every search fail."""
    (tmp_path / "circle.md").symlink_to("circle.md")
    (tmp_path / "nowhere.md").symlink_to("nothing.md")
    closed = tmp_path / "closed.md"
    closed.write_text("a river that nobody may read", encoding="utf-8")
    closed.chmod(0)
    (first, *_) = local.search("Elbe", None, 5, None)
    assert first.title == "The Elbe"


@pytest.mark.parametrize(
    "query",
    ['"', "* OR 1", "a AND", "NEAR(", "title:x", "'; DROP TABLE pages;--", "()", "-", "\x00"],
)
def test_a_query_is_words_and_not_an_expression(query: str, local: LocalPages) -> None:
    try:
        local.search(query, None, 5, None)
    except sqlite3.Error:
        pytest.fail("the query reached SQLite as syntax")


@pytest.mark.parametrize(
    "path",
    [
        "/link.txt",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/picture.png",
        "/broken.pdf",
        "/nothing",
        "/",
        "//etc/passwd",
    ],
)
def test_only_indexed_pages_of_the_folder_are_opened(path: str, local: LocalPages) -> None:
    """Security: URLs are looked up, not joined; links out of the folder are not followed."""
    try:
        url = parse_url(f"https://{HOST}{path}")
    except AddressError:
        return
    with pytest.raises(FetchError):
        local.get(url)
    assert all("secret" not in result.snippet for result in local.search("secret", None, 5, None))


def test_indexing_can_be_cancelled_and_done_later(local: LocalPages) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(FetchCancelledError):
        local.search("river", None, 5, cancel)
    assert local.search("river", None, 5, None)


def test_pages_that_share_only_common_words_with_a_query_are_no_results(
    tmp_path: Path, reader: PageReader
) -> None:
    """Without this, a search in a small folder gives all its pages, and a small model answers from the wrong one."""
    for name in ("elbe", "rhine", "oder", "weser", "ems"):
        (tmp_path / f"{name}.html").write_text(
            f"<title>The {name}</title><p>This is the page of the river and of its towns.</p>",
            encoding="utf-8",
        )
    local = LocalPages(tmp_path, reader)
    found = [result.title for result in local.search("towns of the river Oder", None, 8, None)]
    both = {result.title for result in local.search("Oder or Weser", None, 8, None)}
    every = local.search("river", None, 8, None)
    local.close()
    assert found == ["The oder"]
    assert both == {"The oder", "The weser"}
    assert len(every) == 5


KEY = "k-e-y-0123456789"


def failing_services(server: Any, make_fetcher: Any) -> list[Any]:
    """Each with the key, and a server that repeats what it was sent in everything that it answers."""

    def echo(connection: Any, path: str, head: str) -> None:
        body = f"{head} {KEY}".encode()
        connection.sendall(
            f"HTTP/1.1 401 {KEY}\r\nX-Key: {KEY}\r\nLocation: /{KEY}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/json\r\n\r\n".encode()
            + body
        )

    server.pages.update({"/brave?q=x&count=5": echo, "/brave?q=x&count=8": echo, "/zhipu": echo})
    closed = parse_url("http://127.0.0.1:1/")
    fetcher = make_fetcher(allow=())
    return [
        Brave(KEY, fetcher, parse_url(server.url("/brave"))),
        Zhipu(KEY, fetcher, endpoint=parse_url(server.url("/zhipu"))),
        Brave(KEY, fetcher, closed),
        Zhipu(KEY, fetcher, endpoint=closed),
    ]


def test_a_key_is_in_no_error_and_no_log(
    server: Any, make_fetcher: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Security: neither in what is raised, nor in its causes, nor in what libraries log at their most talkative."""
    caplog.set_level(logging.DEBUG)
    for provider in failing_services(server, make_fetcher):
        with pytest.raises(SearchError) as raised:
            provider.search("x", None, 5, None)
        told = "".join(traceback.format_exception(raised.value))
        cause: BaseException | None = raised.value
        while cause is not None:
            told += repr(cause) + repr(vars(cause))
            cause = cause.__cause__ or cause.__context__
        assert KEY not in told
    assert KEY not in caplog.text
    assert sum(KEY in head for head in server.requests) == 2, "the services were asked with it"


def test_a_key_is_on_no_recording_and_in_no_journal(
    server: Any, make_fetcher: Any, reader: PageReader, tmp_path: Path
) -> None:
    """Security: what a run leaves on disk, and what the model reads, is without it."""
    config = BrowserConfig(brave_key=KEY, zhipu_key=KEY)
    services = failing_services(server, make_fetcher)
    live = LiveWeb(config, reader, fetcher=make_fetcher(), providers=services)
    browser = BrowserTool(
        browser=Browser(config, Recorder(tmp_path / "web.jsonl", live), reader=reader)
    )
    code = 'search("x")'
    model = ScriptedModel(
        [Reply(name="simple_browser", arguments={"code": code}, raw=code), say("No.")]
    )
    journal = Journal(tmp_path / "journal.db")
    with Agent(model, [browser], journal=journal) as agent:
        result = agent.run("Look for x.")
    journal.close()
    assert result.steps[0].result is not None
    assert "the key is refused" in result.steps[0].result.text
    left = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"web.jsonl", "journal.db"} <= set(left)
    assert not [name for name, content in left.items() if KEY.encode() in content]
    assert KEY not in repr(result) + repr(config)


def test_a_password_in_a_url_is_not_repeated() -> None:
    """Neither of a page that the model wrote down, nor of the user's own instance."""
    url = "https://me:s3cret@site.example/"
    with pytest.raises(AddressError) as raised:
        parse_url(url)
    with pytest.raises(BrowserConfigError, match="SEARXNG_URL") as refused:
        BrowserConfig(searxng_url=url)
    for error in (raised.value, refused.value):
        assert "s3cret" not in "".join(traceback.format_exception(error)) + repr(vars(error))


# ddgs itself runs; only its list of engines and their address are ours, since none of the real ones can be reached.
ENGINE_PAGE = """<html><body>
<div class="result body"><a href="https://a.example/1"><h2>First <b>hit</b></h2> A snippet</a></div>
<div class="result body"><a href="javascript:x"><h2>No page</h2> x</a></div></body></html>"""


@pytest.fixture
def ddgs_engines(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    package = pytest.importorskip("ddgs.ddgs", reason="the optional package ddgs is not installed")
    engine = package.ENGINES["text"]["duckduckgo"]
    engines = {"duckduckgo": type("Engine", (engine,), {})}
    monkeypatch.setitem(package.ENGINES, "text", engines)
    return engines


def test_ddgs_reads_an_engines_page(
    ddgs_engines: dict[str, Any], server: Any, response: Any
) -> None:
    ddgs_engines["duckduckgo"].search_url = server.url("/html/")
    server.pages["/html/"] = response(ENGINE_PAGE.encode())
    results = DuckDuckGo(timeout_s=20).search("first hit", 7, 5, None)
    assert [(result.title, result.url) for result in results] == [
        ("First hit", "https://a.example/1")
    ]
    assert server.requests[0].startswith("POST /html/ ")


@pytest.mark.parametrize("status", ["202 Accepted", "403 Forbidden", "429 Too Many Requests"])
def test_ddgs_that_is_turned_away_has_nothing_and_the_next_provider_is_asked(
    status: str, ddgs_engines: dict[str, Any], server: Any, response: Any
) -> None:
    ddgs_engines["duckduckgo"].search_url = server.url("/html/")
    server.pages["/html/"] = response(b"<html>Please prove that you are human", status=status)
    outcome = search_in_turn([DuckDuckGo(timeout_s=20), Scripted("next", HIT)], "q", None, 5)
    assert (outcome.provider, outcome.results) == ("next", (HIT,))


def test_ddgs_without_a_network_says_so_and_the_next_provider_is_asked(
    ddgs_engines: dict[str, Any],
) -> None:
    ddgs_engines["duckduckgo"].search_url = "http://127.0.0.1:1/"
    with pytest.raises(SearchError, match=r"ddgs failed: .*onnect"):
        DuckDuckGo(timeout_s=20).search("q", None, 5, None)
    outcome = search_in_turn([DuckDuckGo(timeout_s=20), Scripted("next", HIT)], "q", None, 5)
    assert outcome.provider == "next"
    (problem,) = outcome.problems
    assert problem.startswith("ddgs: ")


def test_ddgs_goes_through_the_proxy_of_the_environment(
    ddgs_engines: dict[str, Any], server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ddgs_engines["duckduckgo"].search_url = "https://engine.example/"
    monkeypatch.setenv("https_proxy", server.url(""))
    with pytest.raises(SearchError):
        DuckDuckGo(timeout_s=20).search("q", None, 5, None)
    assert server.requests[0].startswith("CONNECT engine.example:443 ")


def test_a_search_with_ddgs_ends_when_it_is_cancelled(
    ddgs_engines: dict[str, Any], server: Any
) -> None:
    """The package cannot be stopped; the caller does not wait for it."""
    cancel, release = threading.Event(), threading.Event()

    def hang(connection: Any, path: str, head: str) -> None:
        cancel.set()
        release.wait(60)

    ddgs_engines["duckduckgo"].search_url = server.url("/html/")
    server.pages["/html/"] = hang
    with pytest.raises(FetchCancelledError):
        DuckDuckGo(timeout_s=60).search("q", None, 5, cancel)
    release.set()

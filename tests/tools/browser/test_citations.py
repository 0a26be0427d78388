import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_tools.browser.citations import (
    CitationStatus,
    Source,
    check_citations,
    footnotes,
    with_footnotes,
)

PAGE = Source(
    0, "https://a.example/river", "The river", "# The river\n\nIt is **120 km** long, they say. “Deep,” says a friend.\n\n河流长一百二十公里。", "",
)  # fmt: skip
RESULT = Source(1, "https://b.example/", "Another", snippet="A snippet about 7 towns")
LINK = Source(2, "https://c.example/", "A link")
SOURCES = {source.id: source for source in (PAGE, RESULT, LINK)}


@pytest.mark.parametrize(
    ("citation", "status"),
    [
        ("【0†source】", "verified"),
        ("[0†source]", "verified"),
        ("【0†来源】", "verified"),
        ("【0†】", "verified"),
        ("【0†The river】", "verified"),
        ("【0†120 km long】", "verified"),
        ("【0†it is 120\u00a0KM long, they say】", "verified"),
        ("【0†It is … they say.】", "verified"),
        ('【0†"Deep" says a friend】', "quote_not_found"),
        ('【0†"Deep," says a friend】', "verified"),
        ("【0†河流长一百二十公里】", "verified"),
        ("【0†１２０ km】", "verified"),
        ("【0†they say … It is】", "quote_not_found"),
        ("【0†130 km long】", "quote_not_found"),
        ("【0†…】", "quote_not_found"),
        ("【1†source】", "snippet"),
        ("【1†7 towns】", "snippet"),
        ("【1†8 towns】", "not_read"),
        ("【2†source】", "not_read"),
        ("【9†source】", "unknown"),
    ],
)
def test_a_citation_is_what_was_read(citation: str, status: CitationStatus) -> None:
    (found,) = check_citations(f"So it is {citation}.", SOURCES)
    assert found.status == status
    assert found.as_data()["status"] == status


def test_footnotes_number_pages_once_and_mark_doubt() -> None:
    answer = "Long【0†120 km】, very【0†source】. Wide【0†9 km】. Towns【1†source】. Else【5†x】."
    shown = with_footnotes(answer, check_citations(answer, SOURCES))
    assert shown.splitlines() == [
        "Long[1], very[1]. Wide[2?]. Towns[3?]. Else[4?].",
        "",
        "[1] The river — https://a.example/river",
        "[2?] The river — https://a.example/river (the quoted words are not on the page)",
        "[3?] Another — https://b.example/ (search result; the page was not opened)",
        "[4?] nothing with the id 5 was read",
    ]
    assert with_footnotes("No sources.", ()) == "No sources."


@given(st.text(min_size=1).filter(lambda t: bool(t.strip())), st.data())
def test_any_passage_of_a_page_is_found_again(text: str, data: st.DataObject) -> None:
    """Claim: normalising for comparison loses no true quotation."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = (
        text[start:end]
        .replace("【", "")
        .replace("】", "")
        .replace("\n", " ")
        .replace("†", "")
        .replace("]", "")
    )
    passage = text.replace("†", "").replace("]", "")
    page = Source(3, "https://a.example/", "t", passage)
    citations = check_citations(f"【3†{quote}】", {3: page})
    assert all(citation.status in {"verified", "quote_not_found"} for citation in citations)
    if (
        quote.isascii()
        and quote.isprintable()
        and quote in passage
        and any(c.isalnum() for c in quote)
    ):
        assert citations[0].status == "verified"


@given(st.text())
def test_any_answer_is_taken(answer: str) -> None:
    citations = check_citations(answer, SOURCES)
    assert all(answer[c.start : c.end][0] in "【[" for c in citations)
    assert with_footnotes(answer, citations)[: len(answer) if not citations else 0] == (
        answer if not citations else ""
    )


def test_a_footnote_is_keyed_by_the_mark_as_it_stands_in_the_answer() -> None:
    """For a terminal, where the answer was shown while it came: each mark once, doubt and its reason where there is some."""
    answer = (
        "Long【0†120 km long】, deep【0†9 m】, long【0†120 km long】, more【1†source】 and【7†x】."
    )
    assert footnotes(check_citations(answer, SOURCES)) == [
        "【0†120 km long】 The river — https://a.example/river",
        "【0†9 m】? The river — https://a.example/river (the quoted words are not on the page)",
        "【1†source】? Another — https://b.example/ (search result; the page was not opened)",
        "【7†x】? nothing with the id 7 was read",
    ]

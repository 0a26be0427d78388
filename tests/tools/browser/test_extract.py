import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_tools.browser.charset import decode
from glm_tools.browser.errors import FetchCancelledError, UnreadablePageError
from glm_tools.browser.extract import Page, PageReader
from glm_tools.browser.invisible import remove_invisible
from glm_tools.browser.markdown_marks import link_mark, replace_marks, without_marks

NOW = datetime(2026, 1, 2, tzinfo=UTC)
URL = "https://site.example/dir/page.html"


def read(reader: PageReader, body: bytes | str, content_type: str = "text/html") -> Page:
    return reader.read(body if isinstance(body, bytes) else body.encode(), URL, content_type, NOW)


ARTICLE = """<!DOCTYPE html><html><head><title>The river | Site</title><meta property="og:title" content="The river">
<link rel="canonical" href="/river"><meta property="article:published_time" content="2025-03-04T05:06:07Z"></head><body>
<header class="site"><a href="/">Site</a></header><nav><ul><li><a href="/a">Alpha</a><li><a href="/b">Beta</a></ul></nav>
<div id="content"><h1>The river</h1><p>It is <b>120 km</b> long, which is a lot, and flows <a href="sea.html">into the sea</a>, as rivers do.</p>
<h2>Towns</h2><ul><li>Aville<ul><li>Old town</li></ul></li><li>Bstadt</li></ul><ol start="3"><li>third</li></ol>
<table><caption>Depth</caption><tr><th>Place</th><th>m</th></tr><tr><td>Mouth</td><td>7 | 8</td></tr><tr><td colspan="2">both</td></tr></table>
<pre><code class="language-python">def f():
    return 1</code></pre><blockquote><p>Quoted words.</p></blockquote><p>Line one<br>line two &amp; <code>x = 1</code></p>
<img src="x.png" alt="A boat"><p>And a last paragraph, long enough to count as text, with commas, and a full stop.</p></div>
<div class="related-links"><a href="/1">One</a> <a href="/2">Two</a></div><div class="cookie-banner">We use cookies, lots of them, on every page.</div>
<footer>Copyright</footer></body></html>"""


def test_an_article_becomes_markdown_with_numbered_links(reader: PageReader) -> None:
    page = read(reader, ARTICLE)
    assert (page.title, page.date, page.canonical) == (
        "The river",
        "2025-03-04",
        "https://site.example/river",
    )
    assert page.links == ("https://site.example/dir/sea.html",)
    assert link_mark(0, "into the sea") in page.text
    for line in (
        "# The river", "## Towns", "- Aville", "  - Old town", "3. third", "| Place | m |", "| --- | --- |", "| Mouth | 7 \\| 8 |",
        "| both |  |", "```python", "    return 1", "> Quoted words.", "line two & `x = 1`", "[Image: A boat]",
    ):  # fmt: skip
        assert line in page.text.splitlines(), line
    for noise in ("Alpha", "cookies", "Copyright", "One"):
        assert noise not in page.text


HIDDEN = "SECRET"


@pytest.mark.parametrize(
    "markup",
    [
        f"<div style='display:none'>{HIDDEN}</div>",
        f"<div style='DISPLAY : NONE !important'>{HIDDEN}</div>",
        f"<p style='color:red;visibility:hidden'>{HIDDEN}</p>",
        f"<span style='opacity:0'>{HIDDEN}</span>",
        f"<span style='font-size:0px'>{HIDDEN}</span>",
        f"<span style='font-size: 0.0em; x:y'>{HIDDEN}</span>",
        f"<span style='position:absolute;left:-9999px'>{HIDDEN}</span>",
        f"<span style='text-indent:-9999px'>{HIDDEN}</span>",
        f"<span style='color:#fff;background:#FFFFFF'>{HIDDEN}</span>",
        f"<span style='background-color: white; color: rgb(255, 255, 255)'>{HIDDEN}</span>",
        f"<span style='color:transparent'>{HIDDEN}</span>",
        f"<span style='height:0;overflow:hidden'>{HIDDEN}</span>",
        f"<span style='clip:rect(0 0 0 0);position:absolute'>{HIDDEN}</span>",
        f"<span style='transform: scale(0)'>{HIDDEN}</span>",
        f"<div hidden>{HIDDEN}</div>",
        f"<div aria-hidden='true'>{HIDDEN}</div>",
        f"<div class='x y'>{HIDDEN}</div>",
        f"<div id='z'>{HIDDEN}</div>",
        f"<template>{HIDDEN}</template>",
        f"<noscript>{HIDDEN}</noscript>",
        f"<script>{HIDDEN}</script>",
        f"<!-- {HIDDEN} -->",
        f"<input value='{HIDDEN}'>",
        f"<p title='{HIDDEN}'>t</p>",
        f"<svg><text>{HIDDEN}</text></svg>",
        f"<div style='display:none'><div style='display:block'>{HIDDEN}</div></div>",
    ],
)
def test_what_a_reader_does_not_see_is_not_in_the_text(markup: str, reader: PageReader) -> None:
    """W35."""
    style = "<style>/* .p{} */ @media print { .shown { display:none } } div.x, p.none { display: none } #z{visibility:hidden}</style>"
    page = read(
        reader,
        f"<html><head>{style}</head><body><p class='shown'>Seen text, long enough.</p>{markup}</body></html>",
    )
    assert HIDDEN not in page.text
    assert "Seen text" in page.text


def test_hidden_elements_and_characters_are_counted(reader: PageReader) -> None:
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore")
    page = read(
        reader,
        f"<p>a\u200bb\u202ec&#8203;{tags}</p><p hidden>x</p><p hidden></p><i style='display:none'>y</i>",
    )
    assert page.text == "abc"
    assert page.notes[:2] == (
        "2 hidden elements removed",
        f"{3 + len(tags)} invisible characters removed",
    )


@given(st.text(max_size=200))
def test_removing_invisible_characters_leaves_none_and_loses_nothing_else(text: str) -> None:
    clean, removed = remove_invisible(text)
    assert remove_invisible(clean) == (clean, 0)
    assert removed <= len(text)
    if text.isascii() and text.isprintable():
        assert (clean, removed) == (text, 0)


def test_emoji_keep_their_form_and_private_use_never_passes() -> None:
    """Private use is what the link marks are made of: page text must not be able to write one."""
    assert remove_invisible("❤\ufe0f") == ("❤\ufe0f", 0)
    assert remove_invisible(link_mark(1, "x")) == ("1x", 3)


CHINESE = "河流长一百二十公里，流入大海。" * 10


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (CHINESE.encode("gb18030"), "gb2312"),
        (b"<meta charset=gbk>" + CHINESE.encode("gbk"), ""),
        (
            b'<meta http-equiv="Content-Type" content="text/html; charset=GB2312">'
            + CHINESE.encode("gb18030"),
            "utf-8",
        ),
        (CHINESE.encode("gb18030"), ""),
        (CHINESE.encode(), "iso-8859-1; x"),
        (CHINESE.encode(), "nonsense"),
        (b"\xef\xbb\xbf" + CHINESE.encode(), "gbk"),
        (b"\xff\xfe" + CHINESE.encode("utf-16-le"), ""),
        (CHINESE.encode("utf-16-be"), "utf-16be"),
        (b"<meta charset=utf-16>" + CHINESE.encode(), ""),
        (CHINESE.encode() + "长".encode()[:2], "utf-8"),
    ],
)
def test_the_charset_is_found(body: bytes, header: str) -> None:
    """W26, W27, W29: a declaration that the bytes contradict is not believed."""
    assert CHINESE in decode(body, header)[0]


def test_utf_16_without_a_mark_is_found() -> None:
    """W28."""
    assert decode(("plain text " * 20).encode("utf-16-le"))[0] == "plain text " * 20


def test_windows_quotes_and_unknown_bytes_do_not_fail() -> None:
    assert decode(b"\x93quoted\x94", "iso-8859-1")[0] == "“quoted”"
    assert "x" in decode(bytes(range(256)) + b"x", "utf-8")[0]


@given(st.binary(max_size=300), st.text(max_size=12))
def test_decoding_never_fails(body: bytes, header: str) -> None:
    text, _ = decode(body, header)
    assert isinstance(text, str)


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        ("", "x", "https://site.example/dir/x"),
        ("/other/", "x", "https://site.example/other/x"),
        ("https://evil.example/", "x", "https://evil.example/x"),
        ("javascript:alert(1)", "x", "https://site.example/dir/x"),
        ("data:,", "x", "https://site.example/dir/x"),
        ("", " \tx\n y ", "https://site.example/dir/x%20y"),
        ("", "//cdn.example", "https://cdn.example/"),
    ],
)
def test_links_are_absolute_as_a_browser_would_have_them(
    base: str, href: str, expected: str, reader: PageReader
) -> None:
    """W37: `<base>` is honoured; the model sees the host it leads to."""
    tag = f"<base href='{base}'>" if base else ""
    assert read(
        reader, f"<html><head>{tag}</head><body><a href='{href}'>t</a></body></html>"
    ).links == (expected,)


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "data:text/html,x", "mailto:a@b", "#x", "", "file:///etc/passwd"],
)
def test_links_that_lead_nowhere_are_plain_text(href: str, reader: PageReader) -> None:
    """W38."""
    page = read(reader, f"<p>A <a href='{href}'>link</a></p>")
    assert (page.text, page.links) == ("A link", ())


def test_a_link_to_a_malformed_url_keeps_its_words_and_cannot_be_opened(reader: PageReader) -> None:
    page = read(reader, "<p><a href='http://user:pw@x.example/'>one</a> <a href='/two'>two</a></p>")
    assert page.links == ("", "https://site.example/two")
    assert without_marks(page.text) == "one two"


def test_a_link_inside_a_link_is_the_one_that_counts(reader: PageReader) -> None:
    page = read(reader, "<a href='/outer'><p>Some words <a href='/inner'>here</a></p></a>")
    assert page.text.count(link_mark(0, "here")) == 1
    assert page.links == ("https://site.example/inner",)


def test_a_refresh_is_told_and_not_followed(reader: PageReader) -> None:
    """W36."""
    page = read(
        reader,
        "<meta http-equiv=refresh content='0; url=/next'><p>Moved, sorry, to another place.</p>",
    )
    assert page.notes == ("the page sends its readers on to https://site.example/next",)


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 10_000 + b"deep text",
        b"<table><tr><td>" * 5_000 + b"deep text",
        b"<ul><li>" * 10_000 + b"deep text",
        b"<span><div>" * 10_000 + b"deep text",
        b"<b>" * 10_000 + b"deep text",
        b"<" * 500_000 + b" deep text",
        b"&" * 500_000 + b" deep text",
        b"<p>deep text<!--" + b"<!--" * 200_000,
        b"<p>deep text</p><p title='" + b"x" * 1_000_000 + b"'>",
        b"".join(b"<a href='/%d'>deep text</a> " % number for number in range(2_500)),
        b"<p>deep text\x00\x01\x02</p>",
        b"\xfd\xfe\xfc<p>deep text",
    ],
)
def test_no_page_breaks_the_reader(body: bytes, reader: PageReader) -> None:
    """W30-W34: read or refused within its limits, and the next page is read."""
    page = read(reader, body)
    assert "deep text" in page.text
    assert len(page.links) <= 2_000
    assert read(reader, "<p>next</p>").text == "next"


def test_a_page_that_takes_too_long_ends_with_its_process() -> None:
    reader = PageReader(wall_limit_s=0.0)
    with pytest.raises(UnreadablePageError, match="limits"):
        read(reader, "<p>x</p>")
    reader.close()


def test_cancelling_ends_the_reading_at_once(reader: PageReader) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(FetchCancelledError):
        reader.read(b"<p>x</p>", URL, "text/html", NOW, cancel=cancel)
    assert read(reader, "<p>x</p>").text == "x"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"\x89PNG\r\n"), ("application/octet-stream", b"\x7fELF"), ("application/zip", b"PK\x03\x04"), ("video/mp4", b""),
        ("text/html", b""), ("", b"\x89PNG\r\n\x1a\n"), ("text/plain", b"%PDF-1.7 not really"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_named(content_type: str, body: bytes, reader: PageReader) -> None:
    """W16, W39."""
    if content_type == "text/html":
        assert read(reader, body, content_type).notes == (
            "there is hardly any text; the page may need a script or a login",
        )
        return
    with pytest.raises(UnreadablePageError):
        read(reader, body, content_type)


def test_plain_text_and_json_are_read_as_they_are(reader: PageReader) -> None:
    assert read(reader, b"a <b>\n  c", "text/plain; charset=ascii").text == "a <b>\n  c"
    assert read(reader, b'{"a": 1}', "application/json").text == '{"a": 1}'
    assert read(reader, b"<html><p>x</p></html>", "").text == "x"


def test_a_pdfs_title_is_one_line_and_bounded(reader: PageReader) -> None:
    """It stands above the line with the page's URL, and could write one of its own."""
    import io

    import pypdf

    writer, buffer = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(72, 72)
    writer.add_metadata({"/Title": "Report\nURL: https://trusted.example/" + " x" * 5000})
    writer.write(buffer)
    title = read(reader, buffer.getvalue(), "application/pdf").title
    assert title.startswith("Report URL: https://trusted.example/ x x")
    assert len(title) <= 300


def test_a_pdf_is_read_page_by_page(reader: PageReader) -> None:
    import io

    import pypdf

    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "A paper"})
    buffer = io.BytesIO()
    writer.write(buffer)
    page = read(reader, buffer.getvalue(), "application/pdf")
    assert page.title == "A paper"
    assert "## Page 1" in page.text
    with pytest.raises(UnreadablePageError, match="PDF"):
        read(reader, b"%PDF-1.4 broken", "application/pdf")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<div class='nav'>",
                "</div>",
                "<table>",
                "<tr>",
                "<td>",
                "<a href='/x'>",
                "</a>",
                "<pre>",
                "text, ",
                "<ul>",
                "<li>",
                "<br>",
                "<h1>",
                "\ue0001\ue001x",
                "<td colspan=999999>",
                "&#xE000;",
                "<ol start=99999999999>",
            ]
        ),
        max_size=60,
    )
)
def test_any_tangle_of_tags_is_read_and_its_marks_are_whole(
    reader: PageReader, parts: list[str]
) -> None:
    page = read(reader, "".join(parts))
    numbers: list[int] = []
    left = replace_marks(page.text, lambda number, words: numbers.append(number) or words)  # type: ignore[func-returns-value]
    assert all(number < len(page.links) for number in numbers)
    assert remove_invisible(left) == (left, 0)
    assert sum(page.text.count(mark) for mark in "\ue000\ue001\ue002") == 3 * len(numbers)

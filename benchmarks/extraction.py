"""How well the browser finds a page's text: token F1 beside trafilatura and readability-lxml, where they are installed.

    python benchmarks/extraction.py              # pages made here: layouts of the web with text whose truth is known
    python benchmarks/extraction.py FOLDER       # NAME.html beside NAME.txt, the text that a person found in it

Scores are means over pages, in percent. Tokens are words, and single characters of Chinese and Japanese, counted with
their repetitions. Nothing in `glm_tools.browser` was tuned on the pages made here.
"""

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import mean

from glm_tools.browser.extraction_child import read_html
from glm_tools.browser.markdown_marks import without_marks

PAGES_PER_LAYOUT = 10
TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
SYLLABLES = "ba co di fu ga he jo ki la me no pu ra si te vo wa xi yu za".split()  # noqa: SIM905 - a list to read
HANZI = "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生"


class Writer:
    """Made-up text: `prose` and its like return HTML and note its words as what a reader wants."""

    def __init__(self, seed: int, *, chinese: bool = False) -> None:
        self.random = Random(seed)
        self.chinese = chinese
        self.wanted: list[str] = []

    def words(self, least: int, most: int) -> str:
        count = self.random.randint(least, most)
        if self.chinese:
            return "".join(self.random.choices(HANZI, k=2 * count))
        made = (
            "".join(self.random.choices(SYLLABLES, k=self.random.randint(1, 4)))
            for _ in range(count)
        )
        return " ".join(made)

    def sentences(self, count: int) -> str:
        stop, comma = ("。", "，") if self.chinese else (". ", ", ")
        parts = (self.words(4, 9) + comma + self.words(5, 14) for _ in range(count))
        return (stop.join(parts) + stop).strip()

    def text(self, count: int = 3) -> str:
        self.wanted.append(self.sentences(count))
        return self.wanted[-1]

    def title(self) -> str:
        self.wanted.append(self.words(3, 8))
        return self.wanted[-1]

    def paragraphs(self, least: int = 4, most: int = 9, tag: str = "p") -> str:
        made = []
        for _ in range(self.random.randint(least, most)):
            text = self.text(self.random.randint(2, 5))
            made.append(f"<{tag}>{text}</{tag}>" if tag else f"{text}<br><br>")
        return "\n".join(made)

    def bullets(self, count: int = 5) -> str:
        return "<ul>" + "".join(f"<li>{self.text(1)}</li>" for _ in range(count)) + "</ul>"

    def links(self, count: int, tag: str = "li") -> str:
        """Navigation, which nobody wants."""
        return "".join(
            f"<{tag}><a href='/{n}'>{self.words(1, 4)}</a></{tag}>" for n in range(count)
        )

    def teasers(self, count: int) -> str:
        return "".join(
            f"<div class='card'><a href='/{n}'><h4>{self.words(4, 9)}</h4></a><p>{self.sentences(1)}</p></div>"
            for n in range(count)
        )


def document(body: str) -> str:
    return f"<!doctype html><html><head><meta charset='utf-8'><title>-</title></head><body>{body}</body></html>"


def semantic(w: Writer) -> str:
    return (
        f"<header><nav><ul>{w.links(8)}</ul></nav></header><main><article><h1>{w.title()}</h1>{w.paragraphs()}<h2>{w.title()}</h2>"
        f"{w.paragraphs(2, 4)}{w.bullets()}</article></main><aside><h3>{w.words(2, 3)}</h3>{w.teasers(4)}</aside>"
        f"<footer><p>{w.sentences(2)}</p>{w.links(10, 'span')}</footer>"
    )


def weblog(w: Writer) -> str:
    comments = "".join(f"<li class='comment'><p>{w.sentences(2)}</p></li>" for _ in range(6))
    return (
        f"<div id='wrapper'><div id='header'><h2>{w.words(2, 3)}</h2></div><div id='menu'><ul>{w.links(7)}</ul></div>"
        f"<div id='primary'><div class='post hentry'><h1 class='entry-title'>{w.title()}</h1><div class='entry-content'>"
        f"{w.paragraphs()}<blockquote><p>{w.text()}</p></blockquote>{w.paragraphs(1, 3)}</div><div class='sharedaddy'>"
        f"{w.links(5)}</div></div><div id='comments'><h3>{w.words(2, 3)}</h3><ol class='commentlist'>{comments}</ol></div></div>"
        f"<div id='sidebar'>{w.links(15)}{w.teasers(2)}</div></div>"
    )


def hashed_classes(w: Writer) -> str:
    blocks = "".join(
        f"<div class='_1x9k'><div class='_p0'>{w.text()}</div></div>" for _ in range(8)
    )
    cards = "".join(f"<div class='_c7'><a href='/{n}'>{w.words(5, 10)}</a></div>" for n in range(9))
    return (
        f"<div id='root'><div class='_a1'>{w.links(9, 'div')}</div><div class='_b2'><div class='_m3'><div class='_t4'>{w.title()}</div>"
        f"{blocks}</div><div class='_s5'>{cards}</div></div><div class='_f6'>{w.sentences(1)}{w.links(12, 'div')}</div></div>"
    )


def nested_tables(w: Writer) -> str:
    return (
        f"<table width='100%'><tr><td colspan='3'><font>{w.words(3, 5)}</font></td></tr><tr><td width='150'><table>"
        + "".join(f"<tr><td><a href='/{n}'>{w.words(1, 3)}</a></td></tr>" for n in range(14))
        + f"</table></td><td><font size='5'><b>{w.title()}</b></font>{w.paragraphs(5, 9)}</td><td width='120'>{w.teasers(3)}</td></tr>"
        f"<tr><td colspan='3'><small>{w.sentences(1)}</small></td></tr></table>"
    )


def line_breaks(w: Writer) -> str:
    return (
        f"<div class='nav'>{w.links(10, 'span')}</div><div class='cols'><div class='left'>{w.links(12, 'div')}</div><div class='story'>"
        f"<h1>{w.title()}</h1>{w.paragraphs(6, 10, '')}</div></div><div class='bottom'>{w.links(10, 'span')}</div>"
    )


def manual(w: Writer) -> str:
    code = "\n".join(f"{w.words(1, 2)} = {n}" for n in range(6))
    w.wanted.append(code)
    rows = ""
    for _ in range(5):
        name, meaning = w.title(), w.text(1)
        rows += f"<tr><td>{name}</td><td>{meaning}</td></tr>"
    return (
        f"<div class='sphinxsidebar'><ul>{w.links(25)}</ul></div><div class='document'><div class='body' role='main'><section>"
        f"<h1>{w.title()}</h1>{w.paragraphs(2, 4)}<pre>{code}</pre><h2>{w.title()}</h2>{w.paragraphs(2, 4)}<table>{rows}</table>"
        f"<dl><dt>{w.title()}</dt><dd>{w.text()}</dd><dt>{w.title()}</dt><dd>{w.text()}</dd></dl></section></div></div>"
        f"<div class='related' role='navigation'><ul>{w.links(4)}</ul></div>"
    )


def news(w: Writer) -> str:
    return (
        f"<div class='cookie-consent'><p>{w.sentences(3)}</p><button>{w.words(1, 2)}</button></div><header><ul>{w.links(12)}</ul></header>"
        f"<div class='page'><h1>{w.title()}</h1><div class='article-body'>{w.paragraphs(2, 4)}<div class='advert'>{w.sentences(2)}</div>"
        f"{w.paragraphs(2, 3)}<div class='related-stories'><h3>{w.words(2, 2)}</h3><ul>{w.links(4)}</ul></div>{w.paragraphs(2, 4)}"
        f"<div class='newsletter-signup'><p>{w.sentences(2)}</p></div></div><div class='most-read'>{w.teasers(6)}</div></div>"
        f"<footer>{w.links(30, 'span')}</footer>"
    )


def wiki(w: Writer) -> str:
    parts = "".join(
        f"<h2>{w.title()}<span class='mw-editsection'>[<a href='/e'>edit</a>]</span></h2>{w.paragraphs(2, 4)}"
        for _ in range(4)
    )
    return (
        f"<div id='mw-navigation'>{w.links(20)}</div><div id='content'><h1>{w.title()}</h1><div id='bodyContent'><div class='mw-parser-output'>"
        f"{w.paragraphs(1, 2)}<div id='toc' class='toc'><ul>{w.links(5)}</ul></div>{parts}<div class='navbox'>{w.links(20)}</div></div></div>"
        f"<div id='catlinks'>{w.links(6)}</div></div><div id='footer'><p>{w.sentences(2)}</p></div>"
    )


def forum(w: Writer) -> str:
    posts = "".join(
        f"<div class='message'><div class='who'><a href='/u'>{w.words(1, 1)}</a></div><div class='said'>{w.paragraphs(1, 3)}</div>"
        f"<div class='actions'>{w.links(3, 'span')}</div></div>"
        for _ in range(6)
    )
    return f"<div id='top'>{w.links(8, 'span')}</div><h1>{w.title()}</h1><div id='thread'>{posts}</div><div id='foot'>{w.links(8, 'span')}</div>"


def short_note(w: Writer) -> str:
    return (
        f"<nav>{w.links(10, 'a')}</nav><div class='container'><h1>{w.title()}</h1><p>{w.text(2)}</p></div>"
        f"<div class='recommended'>{w.teasers(5)}</div><footer><p>{w.sentences(1)}</p></footer>"
    )


LAYOUTS: tuple[Callable[[Writer], str], ...] = (
    semantic, weblog, hashed_classes, nested_tables, line_breaks, manual, news, wiki, forum, short_note,
)  # fmt: skip


def made_pages() -> Iterator[tuple[str, str, str]]:
    """(layout, HTML, wanted text)."""
    for layout in LAYOUTS:
        for seed in range(PAGES_PER_LAYOUT):
            writer = Writer(seed, chinese=seed % 5 == 4)
            yield layout.__name__, document(layout(writer)), "\n".join(writer.wanted)


def pages_of(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.glob("*.html")):
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        yield "pages", path.read_text(encoding="utf-8", errors="replace"), text


def ours(html: str) -> str:
    return without_marks(str(read_html(html.encode("utf-8"), "utf-8")["text"]))


def extractors() -> dict[str, Callable[[str], str]]:
    found: dict[str, Callable[[str], str]] = {"glm_tools": ours}
    try:
        import trafilatura

        found["trafilatura"] = lambda html: trafilatura.extract(html, include_comments=False) or ""
    except ImportError:
        pass
    try:
        import lxml.html
        import readability

        found["readability-lxml"] = lambda html: str(
            lxml.html.fromstring(readability.Document(html).summary() or "<p></p>").text_content()
        )
    except ImportError:
        pass
    return found


def f1(found: str, wanted: str) -> float:
    left, right = Counter(TOKEN.findall(found.lower())), Counter(TOKEN.findall(wanted.lower()))
    common = (left & right).total()
    return 2 * common / (left.total() + right.total()) if left or right else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="of pages; made here otherwise")
    folder = parser.parse_args().folder
    pages = list(pages_of(folder) if folder else made_pages())
    if not pages:
        parser.error(f"there is no NAME.html in {folder}")
    table: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    names = extractors()
    seconds: Counter[str] = Counter()
    for kind, html, wanted in pages:
        for name, extract in names.items():
            started = time.perf_counter()
            found = extract(html)
            seconds[name] += time.perf_counter() - started
            table[kind][name].append(100 * f1(found, wanted))
    print(f"{'F1':16}" + "".join(f"{name:>18}" for name in names))
    for kind, scores in table.items():
        print(f"{kind:16}" + "".join(f"{mean(scores[name]):18.1f}" for name in names))
    whole = {
        name: mean([score for scores in table.values() for score in scores[name]]) for name in names
    }
    print(f"{f'all {len(pages)} pages':16}" + "".join(f"{whole[name]:18.1f}" for name in names))
    print(
        f"{'ms a page':16}"
        + "".join(f"{1000 * seconds[name] / len(pages):18.1f}" for name in names)
    )


if __name__ == "__main__":
    main()

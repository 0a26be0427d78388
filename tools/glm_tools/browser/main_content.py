"""Which part of a page is its text: navigation, advertisements and link lists are left out.

From the body down, the way leads into the child that holds nearly all of what looks like paragraphs; where they are
spread over several children, it ends. What counts as a paragraph, and that links speak against it, goes back to Arc90's
Readability.
"""

import re
from collections import defaultdict

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

_NOISE_TAGS = (
    "nav",
    "footer",
    "aside",
    "form",
    "button",
    "select",
    "dialog",
    "menu",
    "iframe",
    "canvas",
    "svg",
    "audio",
    "video",
    "map",
)
_NOISE_ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alertdialog", "menu", "menubar", "toolbar", "tablist")
)  # fmt: skip
_NOISE_WORDS = (
    "ad|ads|advert|advertisement|adsense|banner|breadcrumb|breadcrumbs|byline-share|comment|comments|commentlist|cookie|"
    "cookies|consent|disqus|dropdown|footer|gdpr|masthead|menu|modal|nav|navbar|navigation|newsletter|outbrain|overlay|pager|"
    "pagination|paywall|popup|popular|promo|promoted|promotion|recommend|recommended|recommendations|related|replies|respond|"
    "share|sharing|shares|sharebar|sharedaddy|shoutbox|sidebar|sitemap|skip|skyscraper|social|sponsor|sponsored|subscribe|"
    "subscription|taboola|tags|teaser|teasers|toolbar|tooltip|trending|widget|widgets|signup|login|search|editsection|"
    "printfooter|catlinks|navbox|toc|sticky|infobar|printonly|noprint"
)
_NOISE_NAME = re.compile(rf"(?:^|[\s_-])(?:{_NOISE_WORDS})(?=$|[\s_-]|\d)", re.IGNORECASE)
_CONTENT_NAME = re.compile(
    r"article|body|content|entry|hentry|main|page|post|text|blog|story|column|prose|markdown|document|chapter",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PUNCTUATION = re.compile(r"[,，、。；;]")
_PARAGRAPHS = ("p", "pre", "td", "blockquote", "li", "dd", "section", "div", "article", "main")
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tbody",
        "td", "th", "tr", "ul", "form", "nav", "footer",
    )
)  # fmt: skip
_MIN_PARAGRAPH_CHARS = 25
_MIN_CONTENT_CHARS = 200
_MIN_SHARE = 0.8  # of the paragraphs' points that a child must hold to be gone into
_CONTAINERS = frozenset(
    ("article", "center", "div", "form", "main", "section", "span", "table", "tbody", "td", "tr")
)


class _Measures:
    """Text lengths of elements, each computed once. Valid only while the tree is not changed."""

    def __init__(self) -> None:
        self._known: dict[
            int, tuple[int, int, int]
        ] = {}  # characters, of these in links, number of links

    def add(self, root: Tag) -> None:
        """Measure `root` and all below it, in one pass from the leaves."""
        elements = [root, *root.find_all(True)]
        for element in reversed(elements):
            text = links = count = 0
            for child in element.children:
                if isinstance(child, Tag):
                    below = self._known[id(child)]
                    text, links, count = text + below[0], links + below[1], count + below[2]
                elif isinstance(child, NavigableString):
                    text += _length(child)
            if element.name == "a" and not str(element.get("href", "")).startswith("#"):
                links, count = text, 1
            self._known[id(element)] = (text, links, count)

    def text(self, element: Tag) -> int:
        return self._known[id(element)][0] if id(element) in self._known else 0

    def link_share(self, element: Tag) -> float:
        text, links, _ = self._known.get(id(element), (0, 0, 0))
        return links / text if text else 0.0

    def link_count(self, element: Tag) -> int:
        return self._known[id(element)][2] if id(element) in self._known else 0


def find_main_content(soup: BeautifulSoup) -> Tag:
    """The element that holds the page's text. Noise is removed from `soup` in place.

    Falls back to the whole body where no part stands out, as on a start page or a list of links.
    """
    body = soup.body or soup
    before = _Measures()
    before.add(body)
    whole = before.text(body)
    _remove_noise(body, before, whole)
    measures = _Measures()
    measures.add(body)
    chosen = _choose(body, measures)
    if measures.text(chosen) < min(_MIN_CONTENT_CHARS, measures.text(body) * 0.5):
        chosen = body
    _remove_link_lists(chosen, measures)
    return chosen


def _remove_noise(body: Tag, measures: _Measures, whole: int) -> None:
    for element in body.find_all(_NOISE_TAGS):
        # A form around a whole page is an old habit of one vendor's framework.
        if not element.decomposed and measures.text(element) < whole * 0.5:
            element.decompose()
    for element in body.find_all(True):
        if (
            element.decomposed
            or not element.attrs
            or element.name
            in {"html", "body", "article", "main", "pre", "code", "a", "tr", "td", "th"}
        ):
            continue
        if _is_noise(element) and measures.text(element) < whole * 0.4:
            element.decompose()


def _is_noise(element: Tag) -> bool:
    if str(element.get("role", "")).lower() in _NOISE_ROLES:
        return True
    if element.name == "header" and not element.find(["h1", "h2"]):
        return True
    name = _name(element)
    return (
        bool(name)
        and bool(_NOISE_NAME.search(name))
        and not re.search(r"article|entry-content|post-content|story-body|main-content", name)
    )


def _name(element: Tag) -> str:
    """Classes and id as words."""
    classes = element.get("class") or ""
    parts = [*(classes if isinstance(classes, list) else [classes]), str(element.get("id") or "")]
    return _CAMEL.sub("-", " ".join(part for part in parts if part))[:300]


def _choose(body: Tag, measures: _Measures) -> Tag:
    declared = _declared(body, measures)
    if declared is not None:
        return declared
    points: dict[int, float] = defaultdict(float)  # of all paragraphs below an element
    for paragraph in body.find_all(_PARAGRAPHS):
        own = _paragraph_points(paragraph, measures)
        element: Tag | None = paragraph
        while own and element is not None:
            points[id(element)] += own
            element = None if element is body else element.parent
    chosen = body
    while True:
        children = [child for child in chosen.children if isinstance(child, Tag)]
        heaviest = max(children, key=lambda child: points[id(child)], default=None)
        if heaviest is None or heaviest.name not in _CONTAINERS:
            return chosen
        if points[id(heaviest)] < _MIN_SHARE * points[id(chosen)] or not points[id(chosen)]:
            return chosen
        chosen = heaviest


def _declared(body: Tag, measures: _Measures) -> Tag | None:
    """What the page itself names as its content, when there is one such element and it holds much of the text."""
    whole = measures.text(body)
    for found in (
        body.find_all(True, attrs={"itemprop": "articleBody"}),
        body.find_all("article"),
        body.find_all("main") or body.find_all(True, attrs={"role": "main"}),
    ):
        outer = [
            element for element in found if not any(parent in found for parent in element.parents)
        ]
        if len(outer) != 1:
            continue
        length = measures.text(outer[0])
        if length >= 500 and length > 0.35 * whole and measures.link_share(outer[0]) < 0.4:
            return outer[0]
    return None


def _paragraph_points(element: Tag, measures: _Measures) -> float:
    if element.name not in {"p", "pre", "td", "blockquote"} and any(
        isinstance(child, Tag) and child.name in _BLOCKS for child in element.children
    ):
        return 0.0  # a container: its paragraphs speak
    length = measures.text(element)
    if length < _MIN_PARAGRAPH_CHARS:
        return 0.0
    points = 1.0 + min(len(_PUNCTUATION.findall(element.get_text())), 10) + min(length / 100, 3.0)
    return points * (1 - measures.link_share(element))


def _remove_link_lists(root: Tag, measures: _Measures) -> None:
    if measures.link_share(root) > 0.5:
        return  # a page of links: they are the content
    for element in root.find_all(["ul", "ol", "div", "section", "table", "dl", "p"]):
        if element.decomposed or measures.link_count(element) < 3:
            continue
        limit = 0.75 if _CONTENT_NAME.search(_name(element)) else 0.55
        is_small = measures.text(element) < measures.text(root) * 0.3
        if is_small and measures.link_share(element) > limit and not element.find(["pre", "h1"]):
            element.decompose()


def _length(text: str) -> int:
    return len(" ".join(text.split()))

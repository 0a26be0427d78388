"""Elements of a page that a reader does not see: taken out, and counted.

Covers: scripts, comments and templates; `hidden`, `aria-hidden` and the inline styles that hide; rules of the page's
own `<style>` for one class or id that hide.
Does not cover: what needs a layout engine or a second file to know (external style sheets, colours by inheritance,
elements under others). Such text is read, as data like all the rest.
"""

import re

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import CData, Declaration, Doctype, ProcessingInstruction

_NEVER_SHOWN = (
    "script",
    "style",
    "template",
    "noscript",
    "noembed",
    "noframes",
    "object",
    "embed",
    "applet",
)
_ZERO = r"0*\.?0+(?:px|em|rem|pt|%|vw|vh)?"
_HIDING = re.compile(
    r"(?:^|;)\s*(?:"
    r"display\s*:\s*none"
    r"|visibility\s*:\s*(?:hidden|collapse)"
    rf"|opacity\s*:\s*{_ZERO}\s*(?:!|;|$)"
    rf"|font-size\s*:\s*{_ZERO}\s*(?:!|;|$)"
    r"|color\s*:\s*transparent"
    r"|(?:left|top|right|text-indent|margin-left)\s*:\s*-\d{3,}(?:\.\d+)?(?:px|em|rem)"
    r"|clip\s*:\s*rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)"
    r"|transform\s*:\s*scale\(\s*0\s*\)"
    r")",
    re.IGNORECASE,
)
_NO_SIZE = re.compile(
    rf"(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*{_ZERO}\s*(?:!|;|$)", re.IGNORECASE
)
_NO_OVERFLOW = re.compile(r"overflow(?:-[xy])?\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_COLOR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_SIMPLE_SELECTOR = re.compile(r"[A-Za-z][A-Za-z0-9]*?([.#])([\w-]+)|([.#])([\w-]+)")
_STYLE_LIMIT_CHARS = 500_000


def remove_hidden(soup: BeautifulSoup) -> int:
    """Take out of `soup` what is not shown; returns how many hidden elements had text in them.

    Scripts and comments are no secret and not counted.
    """
    classes, ids = _hiding_rules(soup)
    for text in soup.find_all(
        string=lambda text: isinstance(
            text, (Comment, CData, Declaration, ProcessingInstruction, Doctype)
        )
    ):
        text.extract()
    for element in soup.find_all(_NEVER_SHOWN):
        element.decompose()
    hidden = [element for element in soup.find_all(True) if _is_hidden(element, classes, ids)]
    count = 0
    for element in hidden:
        if element.decomposed or element.name in {"html", "body"}:
            continue
        count += bool(element.get_text(strip=True))
        element.decompose()
    return count


def _is_hidden(element: Tag, classes: frozenset[str], ids: frozenset[str]) -> bool:
    attributes = element.attrs
    if not attributes:
        return False
    if "hidden" in attributes or str(attributes.get("aria-hidden", "")).lower() == "true":
        return True
    if element.name == "input":
        return True
    if ids and attributes.get("id") in ids:
        return True
    if classes and not classes.isdisjoint(attributes.get("class", ())):
        return True
    style = str(attributes.get("style", ""))[:5_000]
    return bool(style) and _hides(style)


def _hides(style: str) -> bool:
    if _HIDING.search(style) or (_NO_SIZE.search(style) and _NO_OVERFLOW.search(style)):
        return True
    color, background = _COLOR.search(style), _BACKGROUND.search(style)
    return bool(color and background) and _same_color(color[1], background[1])  # type: ignore[index]


def _same_color(first: str, second: str) -> bool:
    return _color(first) == _color(second)


def _color(text: str) -> str:
    text = re.sub(r"\s+", "", text.lower())
    if match := re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])", text):
        return "#" + "".join(digit * 2 for digit in match.groups())
    if match := re.fullmatch(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,1)?\)", text):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in match.groups())
    return {"white": "#ffffff", "black": "#000000"}.get(text, text)


def _hiding_rules(soup: BeautifulSoup) -> tuple[frozenset[str], frozenset[str]]:
    """Classes and ids that a `<style>` of the page hides on every medium."""
    classes: set[str] = set()
    ids: set[str] = set()
    for element in soup.find_all("style"):
        if str(element.get("media", "all")).lower() not in {"all", "screen", ""}:
            continue
        for selectors, body in _RULE.findall(
            _outside_at_rules(element.get_text()[:_STYLE_LIMIT_CHARS])
        ):
            if not _hides(body.replace("\n", " ")):
                continue
            for selector in selectors.split(","):
                if match := _SIMPLE_SELECTOR.fullmatch(selector.strip()):
                    kind, name = match[1] or match[3], match[2] or match[4]
                    (classes if kind == "." else ids).add(name)
    return frozenset(classes), frozenset(ids)


def _outside_at_rules(css: str) -> str:
    """`css` without comments and without blocks such as `@media print {…}`."""
    css = re.sub(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/", " ", css)
    kept: list[str] = []
    depth, start, skipping = 0, 0, False
    for match in re.finditer(r"@[\w-]+[^{};]*[{;]|[{}]", css):
        token = match[0]
        if token.startswith("@") and depth == 0:
            kept.append(css[start : match.start()])
            if token.endswith(";"):
                start = match.end()
            else:
                skipping, depth = True, 1
        elif token.endswith("{"):
            depth += 1
        elif token == "}":
            depth = max(depth - 1, 0)
            if depth == 0 and skipping:
                skipping, start = False, match.end()
    if not skipping:
        kept.append(css[start:])
    return "".join(kept)

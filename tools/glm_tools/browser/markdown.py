"""HTML elements as markdown for a model: headings, lists, tables, code, and links as numbered marks.

Links become marks (`markdown_marks`), which the browser turns into ids of its own. Emphasis is left out: it costs
tokens, and a quotation of it would not be found again.
"""

import re
from collections.abc import Iterable

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement

from glm_tools.browser.markdown_marks import LINK_START, link_mark

_MAX_DEPTH = 120  # below it, text is taken without structure
_MAX_LINKS = 2_000
_MAX_LINK_CHARS = 300
_MAX_TABLE_ROWS = 1_000
_MAX_ALT_CHARS = 120
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li",
        "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
        "[document]",
    )
)  # fmt: skip
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight-source|brush:)[-\s]?([A-Za-z0-9+#]{1,20})"
)


class MarkdownWriter:
    """Writes elements as markdown. `links` holds the targets of the marks, as written in the page."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self._numbers: dict[str, int] = {}

    def write(self, element: Tag) -> str:
        """Markdown of `element`; blocks are parted by blank lines."""
        text = "\n\n".join(block for block in self._blocks(element, 0) if block.strip())
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _blocks(self, element: Tag, depth: int) -> list[str]:
        if depth > _MAX_DEPTH:
            return [_SPACE.sub(" ", element.get_text(" ")).strip()]
        match element.name:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                title = self._inline(element, depth).replace("\n", " ").strip()
                return [f"{'#' * int(element.name[1])} {title}"] if title else []
            case "pre":
                return self._code(element)
            case "ul" | "ol":
                return ["\n".join(self._list(element, depth))]
            case "dl":
                return ["\n".join(self._definitions(element, depth))]
            case "table":
                return self._table(element, depth)
            case "blockquote":
                quoted = "\n\n".join(self._children(element, depth))
                return (
                    ["\n".join(f"> {line}".rstrip() for line in quoted.splitlines())]
                    if quoted.strip()
                    else []
                )
            case "hr":
                return ["---"]
            case _:
                return self._children(element, depth)

    def _children(self, element: Tag, depth: int) -> list[str]:
        """Blocks of an element's content: runs of inline content are paragraphs of their own."""
        blocks: list[str] = []
        run: list[PageElement] = []

        def end_run() -> None:
            text = self._run(run, depth)
            if text:
                blocks.append(text)
            run.clear()

        for child in element.children:
            if isinstance(child, Tag) and (child.name in _BLOCKS or _holds_block(child, depth)):
                end_run()
                blocks += self._blocks(child, depth + 1)
            else:
                run.append(child)
        end_run()
        return blocks

    def _run(self, nodes: Iterable[PageElement], depth: int) -> str:
        text = "".join(self._inline_node(node, depth) for node in nodes)
        lines = (re.sub(r" {2,}", " ", line).strip() for line in text.split("\n"))
        return "\n".join(line for line in lines if line)

    def _inline(self, element: Tag, depth: int) -> str:
        if depth > _MAX_DEPTH:
            return _SPACE.sub(" ", element.get_text(" "))
        return "".join(self._inline_node(child, depth + 1) for child in element.children)

    def _inline_node(self, node: PageElement, depth: int) -> str:
        if not isinstance(node, Tag):
            return _SPACE.sub(" ", str(node)) if isinstance(node, NavigableString) else ""
        match node.name:
            case "br":
                return "\n"
            case "img":
                alt = _SPACE.sub(" ", str(node.get("alt") or "")).strip()[:_MAX_ALT_CHARS]
                return f"[Image: {alt}]" if alt else ""
            case "code" | "kbd" | "samp" | "tt":
                text = _SPACE.sub(" ", node.get_text()).strip()
                return f"`{text}`" if text else ""
            case "a":
                return self._link(node, self._inline(node, depth))
            case "math":
                return _math(node)
            case _:
                text = self._inline(node, depth)
                return f"\n{text}\n" if node.name in _BLOCKS else text

    def _link(self, element: Tag, text: str) -> str:
        href = re.sub(r"[\t\r\n]", "", str(element.get("href") or "")).strip()
        if LINK_START in text:  # links in links happen; the inner one is what a reader would hit
            return text
        words = _SPACE.sub(" ", text).strip()
        scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", href)
        if (
            not words
            or not href
            or href.startswith("#")
            or (scheme and scheme[1].lower() not in {"http", "https"})
        ):
            return text
        number = self._numbers.get(href)
        if number is None:
            if len(self.links) >= _MAX_LINKS:
                return text
            number = self._numbers[href] = len(self.links)
            self.links.append(href)
        if len(words) > _MAX_LINK_CHARS:  # a whole card in a link
            return f"{text} {link_mark(number, 'link')} "
        before = " " if text[:1].isspace() else ""
        after = " " if text[-1:].isspace() else ""
        return f"{before}{link_mark(number, words)}{after}"

    def _code(self, element: Tag) -> list[str]:
        for line_break in element.find_all("br"):
            line_break.replace_with("\n")
        code = element.get_text().replace("\xa0", " ").strip("\n").rstrip()
        if not code.strip():
            return []
        names = " ".join(
            name
            for tag in (element, *element.find_all("code", limit=1))
            for name in (tag.get("class") or [])
        )
        language = _LANGUAGE.search(names)
        fence = "```"
        while fence in code:
            fence += "`"
        return [f"{fence}{language[1] if language else ''}\n{code}\n{fence}"]

    def _list(self, element: Tag, depth: int) -> list[str]:
        lines: list[str] = []
        number = (
            int(start)
            if (start := str(element.get("start") or "")).isascii()
            and start.isdigit()
            and len(start) < 9
            else 1
        )
        for child in element.children:
            if not isinstance(child, Tag):
                continue
            if child.name in {"ul", "ol"}:  # a list right inside a list, as old pages write it
                lines += (
                    ["  " + line for line in self._list(child, depth + 1)]
                    if depth < _MAX_DEPTH
                    else []
                )
                continue
            blocks = [block for block in self._children(child, depth + 1) if block.strip()]
            if not blocks:
                continue
            marker = f"{number}. " if element.name == "ol" else "- "
            number += 1
            body = "\n".join(blocks).splitlines()
            lines.append(marker + body[0])
            lines += [" " * len(marker) + line for line in body[1:]]
        return lines

    def _definitions(self, element: Tag, depth: int) -> list[str]:
        lines: list[str] = []
        for child in element.find_all(["dt", "dd"]):
            if child.find_parent("dl") is not element:
                continue
            text = "\n".join(self._children(child, depth + 1)).strip()
            if text:
                lines.append(text if child.name == "dt" else ": " + text.replace("\n", "\n  "))
        return lines

    def _table(self, element: Tag, depth: int) -> list[str]:
        rows = [row for row in element.find_all("tr") if row.find_parent("table") is element]
        cells = [
            [cell for cell in row.find_all(["td", "th"]) if cell.find_parent("tr") is row]
            for row in rows
        ]
        cells = [row for row in cells if row]
        if (
            not cells
            or max(map(len, cells)) < 2
            or element.find("table")
            or _is_layout(element, cells)
        ):
            return [
                block for row in cells for cell in row for block in self._children(cell, depth + 1)
            ] or self._children(element, depth)
        caption = element.find("caption")
        blocks = [self._run(caption.children, depth)] if isinstance(caption, Tag) else []
        width = min(max(sum(_span(cell) for cell in row) for row in cells), 60)
        lines: list[str] = []
        for position, row in enumerate(cells[:_MAX_TABLE_ROWS]):
            texts: list[str] = []
            for cell in row:
                text = " ".join(self._inline(cell, depth).split()).replace("|", "\\|")
                texts += [text] + [""] * (_span(cell) - 1)
            texts = (texts + [""] * width)[:width]
            lines.append("| " + " | ".join(texts) + " |")
            if position == 0:
                lines.append("|" + " --- |" * width)
        if len(cells) > _MAX_TABLE_ROWS:
            lines.append(f"({len(cells) - _MAX_TABLE_ROWS} more rows)")
        return [*blocks, "\n".join(lines)]


def _is_layout(table: Tag, cells: list[list[Tag]]) -> bool:
    """Whether a table only places things on the page."""
    if str(table.get("role", "")) in {"presentation", "none"}:
        return True
    if table.find("th") is not None:
        return False
    many = sum(len(row) for row in cells)
    blocks = sum(
        1
        for row in cells
        for cell in row
        if cell.find(["p", "div", "ul", "ol", "h1", "h2", "h3", "blockquote"])
    )
    return blocks > many / 2 or any(len(cell.get_text()) > 1_500 for row in cells for cell in row)


def _span(cell: Tag) -> int:
    value = str(cell.get("colspan") or "1")
    return (
        min(int(value), 60)
        if value.isascii() and value.isdigit() and 0 < len(value) < 4 and int(value)
        else 1
    )


def _holds_block(element: Tag, depth: int) -> bool:
    """Whether an inline element has blocks in it, as `<a>` around a card and `<span>` around anything."""
    if element.name in {"a", "code", "kbd", "samp", "img", "br", "math"} or depth > _MAX_DEPTH:
        return False
    return any(isinstance(node, Tag) and node.name in _BLOCKS for node in element.descendants)


def _math(element: Tag) -> str:
    annotation = element.find("annotation")
    text = (
        annotation.get_text()
        if isinstance(annotation, Tag)
        else str(element.get("alttext") or element.get_text(" "))
    )
    return f"${' '.join(text.split())}$" if text.strip() else ""


def page_title(soup: BeautifulSoup) -> str:
    """The title as the page names it to others, else its `<title>`, else its first heading."""
    meta = soup.find("meta", attrs={"property": "og:title"})
    if isinstance(meta, Tag) and str(meta.get("content") or "").strip():
        return " ".join(str(meta["content"]).split())[:300]
    for name in ("title", "h1"):
        element = soup.find(name)
        if isinstance(element, Tag) and element.get_text(strip=True):
            return " ".join(element.get_text(" ").split())[:300]
    return ""

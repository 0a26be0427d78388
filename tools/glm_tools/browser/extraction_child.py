"""The process that reads pages: one JSON line in, one out, so that a page that breaks a parser breaks only this.

Covers: memory and processor time of each page are limited by the kernel; the parent kills a child that does not answer.
Does not cover: a memory-safety hole in libxml2. The process runs as the user, without network use of its own.
"""

import base64
import json
import resource
import signal
import sys
from typing import Any

from bs4 import BeautifulSoup

from glm_tools.browser.charset import decode
from glm_tools.browser.hidden import remove_hidden
from glm_tools.browser.invisible import remove_invisible
from glm_tools.browser.main_content import find_main_content
from glm_tools.browser.markdown import MarkdownWriter, page_title
from glm_tools.browser.page_facts import find_facts

_MAX_DEPTH = 256
_MEMORY_LIMIT_BYTES = 2 * 1024**3


def read_html(body: bytes, header_charset: str) -> dict[str, Any]:
    """What `Page` needs of an HTML page, as JSON values."""
    text, encoding = decode(body, header_charset)
    text, invisible = remove_invisible(text)
    # Character references are resolved by the parser, so what they hide is taken out of the result below.
    soup = BeautifulSoup(text, "lxml")
    _flatten(soup)
    facts = find_facts(soup)
    title = page_title(soup)
    hidden = remove_hidden(soup)
    for node in soup.find_all(string=True):
        clean, removed = remove_invisible(str(node))
        if removed or clean != node:
            node.replace_with(clean)
        invisible += removed
    writer = MarkdownWriter()
    markdown = writer.write(find_main_content(soup))
    return {
        "title": remove_invisible(title)[0],
        "date": facts.date,
        "canonical": facts.canonical,
        "base": facts.base,
        "refresh": facts.refresh,
        "text": markdown,
        "links": writer.links,
        "encoding": encoding,
        "hidden_elements": hidden,
        "invisible_characters": invisible,
    }


def _flatten(soup: BeautifulSoup) -> None:
    """Replace what is nested deeper than any honest page by its text, so that all that follows costs a bounded time."""
    depths = {id(soup): 0}
    for element in soup.find_all(True):
        depth = depths[id(element.parent)] + 1 if id(element.parent) in depths else _MAX_DEPTH + 1
        if depth < _MAX_DEPTH:
            depths[id(element)] = depth
        elif depth == _MAX_DEPTH:
            element.string = element.get_text(" ", strip=True)


def read_text(body: bytes, header_charset: str) -> dict[str, Any]:
    text, encoding = decode(body, header_charset)
    text, invisible = remove_invisible(text)
    return {"text": text, "encoding": encoding, "invisible_characters": invisible}


def read_pdf(body: bytes, header_charset: str) -> dict[str, Any]:
    """Text of a PDF, page by page."""
    del header_charset
    import io
    import logging

    try:
        import pypdf
    except ImportError:
        return {"error": "PDFs need the package pypdf: pip install 'glm-agent[pdf]'"}
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"error": "the PDF is encrypted"}
        pages = [
            f"## Page {number}\n\n{page.extract_text().strip()}"
            for number, page in enumerate(reader.pages[:300], 1)
        ]
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except Exception as error:  # noqa: BLE001 - pypdf raises whatever a broken file leads it to
        return {"error": f"the PDF cannot be read ({type(error).__name__})"}
    text, invisible = remove_invisible("\n\n".join(pages))
    # one line, as that of an HTML page: it stands above the line that says where the page is from
    title = " ".join(remove_invisible(title)[0].split())[:300]
    return {"title": title, "text": text, "invisible_characters": invisible}


_READERS = {"html": read_html, "text": read_text, "pdf": read_pdf}


def main() -> None:
    """Serve until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends this process
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT_BYTES, _MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not break the protocol
    while line := requests.readline():
        request = json.loads(line)
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime + request["cpu_limit_s"]) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        try:
            answer = _READERS[request["kind"]](
                base64.b64decode(request["body"]), request["charset"]
            )
        except (MemoryError, RecursionError, ValueError, AssertionError) as error:
            answer = {"error": f"the page cannot be parsed ({type(error).__name__})"}
        answers.write(json.dumps(answer).encode("ascii") + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()

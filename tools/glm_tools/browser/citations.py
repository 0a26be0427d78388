"""Citations in an answer, `【id†text】`, checked against what was read in this run.

Covers: whether the page was opened, and whether the quoted words are in its text.
Does not cover: whether the page tells the truth, or supports the sentence before the citation.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

CitationStatus = Literal[
    "verified",  # the page was read; a quote, where there is one, is in it
    "snippet",  # only its entry among search results was read; a quote is in that
    "quote_not_found",  # the page was read, and the quote is not in it
    "not_read",  # a link or result that was never opened, with no quote to look for in its snippet
    "unknown",  # no result, link or page of this run has that id
]

# `[3†source]` is how GLM-4's observations spell it, and models copy that.
_CITATION = re.compile(r"[【\[]\s*(\d{1,6})\s*†\s*([^【】\n]{0,1000}?)\s*(?:】|(?<!】)\])")
# Texts that name the page and quote nothing; "source" is what the checkpoint was trained to write.
_WHOLE_PAGE = frozenset(("", "source", "来源", "原文", "出处", "链接", "link", "page"))
_MARKUP = re.compile(r"[*_`#>|\\\"'“”‘’„«»「」『』]|\[image:|-{3,}")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that has an id in a run.

    Attributes:
        id: the number in marks.
        url: of the page as it was opened, after redirects; of the result or link before that.
        title: as it was shown.
        text: of the page as a reader sees it; None for one that was not opened.
        snippet: of a search result; empty for links.
        sha256: of the page's bytes, for checking again later.
        fetched_at: ISO 8601, UTC.
    """

    id: int
    url: str
    title: str
    text: str | None = None
    snippet: str = ""
    sha256: str = ""
    fetched_at: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """One citation, where it stands in the answer, and what checking it came to."""

    start: int
    end: int
    id: int
    text: str
    status: CitationStatus
    source: Source | None

    @property
    def is_verified(self) -> bool:
        return self.status == "verified"

    def as_data(self) -> dict[str, object]:
        """For `--json`: plain values."""
        source = self.source
        return {
            "id": self.id,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "status": self.status,
            "url": source.url if source else None,
            "title": source.title if source else None,
            "fetched_at": (source.fetched_at if source else "") or None,
            "sha256": (source.sha256 if source else "") or None,
        }


def check_citations(answer: str, sources: Mapping[int, Source]) -> tuple[Citation, ...]:
    """The citations in `answer`, in order, each checked."""
    citations: list[Citation] = []
    normalised: dict[int, str] = {}
    for match in _CITATION.finditer(answer):
        number, text = int(match[1]), match[2]
        source = sources.get(number)
        status = _status(text, source, normalised)
        citations.append(Citation(match.start(), match.end(), number, text, status, source))
    return tuple(citations)


def with_footnotes(answer: str, citations: Sequence[Citation]) -> str:
    """`answer` with citations as `[1]`, and a list of URLs below; unverified ones carry `?` and the reason."""
    if not citations:
        return answer
    numbers: dict[tuple[object, CitationStatus], int] = {}
    notes: list[str] = []
    pieces: list[str] = []
    end = 0
    for citation in citations:
        target = citation.source.url if citation.source else citation.id
        key = (target, citation.status)
        doubt = "" if citation.is_verified else "?"
        if key not in numbers:
            numbers[key] = len(numbers) + 1
            notes.append(f"[{numbers[key]}{doubt}] {_note(citation)}")
        pieces += [answer[end : citation.start], f"[{numbers[key]}{doubt}]"]
        end = citation.end
    return "".join(pieces) + answer[end:] + "\n\n" + "\n".join(notes)


def footnotes(citations: Sequence[Citation]) -> list[str]:
    """A line for each different citation, opened by its mark as it stands in the answer; `?` where it is not verified.

    For an answer that is already on the screen; `with_footnotes` puts numbers into one that is not.
    """
    marks = {(citation.id, citation.text): citation for citation in citations}
    return [
        f"【{number}†{text}】{'' if citation.is_verified else '?'} {_note(citation)}"
        for (number, text), citation in marks.items()
    ]


def normalise(text: str) -> str:
    """`text` as quotes are compared: compatibility forms, case, white space, quotation marks and markup set aside."""
    text = _MARKUP.sub("", unicodedata.normalize("NFKC", text).casefold())
    return "".join(text.split())


def _status(text: str, source: Source | None, normalised: dict[int, str]) -> CitationStatus:
    if source is None:
        return "unknown"
    is_whole = text.strip().casefold() in _WHOLE_PAGE or normalise(text) in {
        normalise(source.title),
        normalise(source.url),
    }
    if source.text is None:
        if is_whole:
            return "snippet" if source.snippet else "not_read"
        return (
            "snippet"
            if source.snippet and _contains(normalise(source.snippet), text)
            else "not_read"
        )
    if is_whole:
        return "verified"
    if source.id not in normalised:
        normalised[source.id] = normalise(source.text)
    return "verified" if _contains(normalised[source.id], text) else "quote_not_found"


def _contains(haystack: str, quote: str) -> bool:
    """Whether the parts of `quote`, between ellipses, stand in `haystack` in their order."""
    position = 0
    parts = [part for part in (normalise(piece) for piece in re.split(r"…|\.{3,}", quote)) if part]
    for part in parts:
        found = haystack.find(part.rstrip(".,;:!?。，；：！？") or part, position)
        if found < 0:
            return False
        position = found + 1
    return bool(parts)


def _note(citation: Citation) -> str:
    source = citation.source
    if source is None:
        return f"nothing with the id {citation.id} was read"
    name = (
        f"{source.title} — {source.url}"
        if source.title and source.title != source.url
        else source.url
    )
    reason = {
        "verified": "",
        "snippet": " (search result; the page was not opened)",
        "quote_not_found": " (the quoted words are not on the page)",
        "not_read": " (the page was not opened)",
        "unknown": "",
    }[citation.status]
    return name + reason

"""The marks that stand for links in a page's text, and what to do with them.

A link is LINK_START number LINK_MIDDLE text LINK_END. The three are private-use characters, which page text cannot
hold (`invisible` takes them out first).
"""

import re
from collections.abc import Callable

LINK_START, LINK_MIDDLE, LINK_END = "\ue000", "\ue001", "\ue002"

_MARK = re.compile(f"{LINK_START}(\\d+){LINK_MIDDLE}([^{LINK_START}{LINK_END}]*){LINK_END}")


def link_mark(number: int, text: str) -> str:
    return f"{LINK_START}{number}{LINK_MIDDLE}{text}{LINK_END}"


def replace_marks(text: str, replacement: Callable[[int, str], str]) -> str:
    """`text` with each whole mark replaced by `replacement(number, words)`; what is left of broken ones is dropped."""
    text = _MARK.sub(lambda match: replacement(int(match[1]), match[2]), text)
    return re.sub(f"{LINK_START}\\d*{LINK_MIDDLE}?|{LINK_MIDDLE}|{LINK_END}", "", text)


def without_marks(text: str) -> str:
    """`text` as a reader sees it."""
    return replace_marks(text, lambda number, words: words)


def cut_between_marks(text: str, start: int, limit_chars: int) -> tuple[int, int]:
    """Where to begin and end showing `text`: about `limit_chars` from `start`, at a line or word, never in a mark."""
    opened = text.rfind(LINK_START, 0, start)
    if opened > text.rfind(LINK_END, 0, start):
        start = opened
    end = start + limit_chars
    if end >= len(text):
        return start, len(text)
    at_line, at_word = text.rfind("\n", start, end), text.rfind(" ", start, end)
    if at_line > start + limit_chars // 2:
        end = at_line + 1
    elif at_word > start + limit_chars // 2:
        end = at_word + 1
    opened = text.rfind(LINK_START, start, end)
    if opened > text.rfind(
        LINK_END, start, end
    ):  # inside a mark: before it, or behind it if it is all there is
        end = opened if opened > start else text.find(LINK_END, start) + 1 or len(text)
    return start, end

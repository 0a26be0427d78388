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

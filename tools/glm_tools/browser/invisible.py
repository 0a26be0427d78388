"""Characters that a reader does not see and a model does: taken out, and counted.

Covers: control characters, zero-width and bidirectional controls, the tag block, variation selectors beyond emoji use,
private-use characters (which this package also needs for marks of its own), lone surrogates.
Does not cover: visible text that deceives (look-alike letters, instructions in plain sight).
"""

import re
import unicodedata

# Tab and newline stay. Private use is icon fonts in practice; variation selectors 15 and 16 pick emoji or text form.
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ufe00-\ufe0d"
    "\ue000-\uf8ff"
    "\ud800-\udfff"
    "\U000e0000-\U000e0fff"
    "\U000f0000-\U0010ffff"
    "]"
)
_HARMLESS = frozenset(
    "\r\u00ad\ufeff"
)  # line ends, soft hyphens, byte order marks: not worth telling


def remove_invisible(text: str) -> tuple[str, int]:
    """`text` in NFC without invisible characters, and how many of those that deserve telling it held."""
    removed = 0

    def drop(match: re.Match[str]) -> str:
        nonlocal removed
        if match[0] == "\x0b" or match[0] == "\x0c" or match[0] == "\x85":
            return "\n"
        removed += match[0] not in _HARMLESS
        return ""

    return unicodedata.normalize("NFC", _INVISIBLE.sub(drop, text)), removed

"""Images in a terminal that is known to draw them; for any other, the path is shown instead.

Covers: only what the environment says is believed; nothing is asked of the terminal, whose answer could end up in what
is typed. Inside tmux or screen nothing is drawn.
Does not cover: what is in the image.
"""

import base64
import os
from collections.abc import Mapping

KITTY_PROGRAMS = ("WezTerm", "ghostty")
ITERM_PROGRAM = "iTerm.app"
PNG = "image/png"
LIMIT_BYTES = 4_000_000
CHUNK_CHARS = 4096  # as kitty's protocol wants it


def inline_image(mime: str, data: bytes, environment: Mapping[str, str] = os.environ) -> str:
    """The control sequence that draws an image; empty where the terminal is not known to understand it.

    Source: kitty, docs/graphics-protocol.rst; iTerm2, Inline Images Protocol.
    """
    if not mime.startswith("image/") or len(data) > LIMIT_BYTES:
        return ""
    if environment.get("TMUX") or environment.get("TERM", "").startswith(("screen", "tmux")):
        return ""
    encoded = base64.b64encode(data).decode("ascii")
    program = environment.get("TERM_PROGRAM", "")
    is_kitty = environment.get("TERM") == "xterm-kitty" or program in KITTY_PROGRAMS
    if is_kitty and mime == PNG:
        return _kitty(encoded)
    if program == ITERM_PROGRAM:
        return f"\x1b]1337;File=inline=1;size={len(data)};preserveAspectRatio=1:{encoded}\x07\n"
    return ""


def _kitty(encoded: str) -> str:
    chunks = [encoded[i : i + CHUNK_CHARS] for i in range(0, len(encoded), CHUNK_CHARS)]
    parts = []
    for number, chunk in enumerate(chunks):
        head = "a=T,f=100,q=2," if number == 0 else ""  # q=2: the terminal answers nothing
        parts.append(f"\x1b_G{head}m={int(number < len(chunks) - 1)};{chunk}\x1b\\")
    return "".join(parts) + "\n"

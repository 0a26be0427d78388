"""Images are drawn only where the environment names a terminal that draws them."""

import base64
import re

import pytest

from glm_agent.cli.images import LIMIT_BYTES, inline_image

PNG = b"\x89PNG" + bytes(range(256)) * 40
KITTY = {"TERM": "xterm-kitty"}
ITERM = {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}


@pytest.mark.parametrize("environment", [KITTY, {"TERM_PROGRAM": "WezTerm"}])
def test_kittys_protocol_carries_the_file_in_chunks(environment: dict[str, str]) -> None:
    """Every chunk but the last says that more comes, none is longer than the protocol allows."""
    drawn = inline_image("image/png", PNG, environment)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", drawn)
    assert "".join(f"\x1b_G{head};{body}\x1b\\" for head, body in chunks) + "\n" == drawn
    assert base64.b64decode("".join(body for _, body in chunks)) == PNG
    assert all(len(body) <= 4096 for _, body in chunks)
    assert [head.endswith("m=1") for head, _ in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[0][0].startswith("a=T,f=100,q=2")


def test_iterms_protocol_carries_the_file() -> None:
    drawn = inline_image("image/jpeg", PNG, ITERM)
    assert drawn.startswith("\x1b]1337;File=inline=1;size=")
    assert base64.b64decode(drawn.rpartition(":")[2].rstrip("\x07\n")) == PNG


@pytest.mark.parametrize(
    ("mime", "data", "environment"),
    [
        ("image/png", PNG, {}),
        ("image/png", PNG, {"TERM": "xterm-256color"}),
        ("image/png", PNG, {**KITTY, "TMUX": "/tmp/tmux"}),
        ("image/png", PNG, {**ITERM, "TERM": "screen-256color"}),
        ("image/jpeg", PNG, KITTY),
        ("text/plain", PNG, ITERM),
        ("image/png", b"x" * (LIMIT_BYTES + 1), KITTY),
    ],
)
def test_anywhere_else_nothing_is_drawn(
    mime: str, data: bytes, environment: dict[str, str]
) -> None:
    assert inline_image(mime, data, environment) == ""

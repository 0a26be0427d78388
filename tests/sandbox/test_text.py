"""Bytes of a cell as text that is safe to show."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from glm_sandbox.text import OutputDecoder, escape, is_binary


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_text_is_the_same_however_the_bytes_are_cut(data: bytes, cuts: list[int]) -> None:
    """Half a character, and half a CRLF, wait for their other half."""
    whole = OutputDecoder().feed(data, final=True)
    decoder, pieces, start = OutputDecoder(), [], 0
    for end in sorted(min(cut, len(data)) for cut in cuts):
        pieces.append(decoder.feed(data[start:end]))
        start = end
    pieces.append(decoder.feed(data[start:], final=True))
    assert "".join(pieces) == whole


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    """A terminal that shows it obeys nothing: only newline and tab remain of Unicode's category Cc."""
    assert all(c in "\n\t" or unicodedata.category(c) != "Cc" for c in escape(text))


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"])))
def test_ordinary_text_is_untouched(text: str) -> None:
    assert OutputDecoder().feed(text.encode(), final=True) == text


def test_line_ends_become_newlines() -> None:
    """A lone carriage return would let output overwrite what a terminal has shown."""
    assert escape("a\r\nb\rc\r\r\nd") == "a\nb\nc\nd"


def test_pictures_are_binary_and_texts_are_not() -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
    assert is_binary(png)
    assert not is_binary("温度 = 21 °C\r\n".encode() * 10)
    assert not is_binary(b"\x1b[31mred\x1b[0m " * 10)
    assert not is_binary(b"\xff")

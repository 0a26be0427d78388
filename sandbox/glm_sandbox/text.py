"""Bytes that a cell printed, as text that is safe to show."""

import codecs
import re

# Control characters but tab and newline, and those of the C1 block: in a terminal they are commands.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONE_RETURN = re.compile(r"\r+\n?")
_BINARY_SHARE = 0.1


class OutputDecoder:
    """UTF-8 that arrives in pieces. Invalid bytes and control characters come out as hexadecimal escapes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._ended_with_return = False

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """The text that `data` completes."""
        text = self._decoder.decode(data, final)
        if self._ended_with_return:
            text = "\r" + text
        self._ended_with_return = text.endswith("\r") and not final
        if self._ended_with_return:
            text = text[:-1]
        return escape(text)


def escape(text: str) -> str:
    """`text` without control characters: carriage returns end a line, others are shown as escapes."""
    return _CONTROL.sub(_escaped, _LONE_RETURN.sub("\n", text))


def is_binary(data: bytes) -> bool:
    """Whether `data` is not meant to be read: much of it is neither UTF-8 nor printable."""
    if len(data) < 32:
        return False
    sample = data[: 1 << 16]
    text = sample.decode("utf-8", "replace")
    odd = text.count("\ufffd") + len(_CONTROL.findall(text)) - text.count("\r") - text.count("\x1b")
    return odd > _BINARY_SHARE * len(text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"

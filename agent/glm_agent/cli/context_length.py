"""Context lengths on the command line: plain, or with K for 1,024 and M for 1,048,576 tokens."""

import re

import typer

METAVAR = "TOKENS"
_WRITTEN = re.compile(r"([0-9]+(?:_[0-9]+)*)([KkMm]?)")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}


def context_length(text: str | int) -> int:
    """The number of tokens that is meant; give it to an option as its `parser`.

    Args:
        text: as it was typed, such as "131072", "128K" or "1m"; a default comes as a number.

    Raises:
        typer.BadParameter: it is not of that form, or is zero.
    """
    written = _WRITTEN.fullmatch(str(text).strip())
    tokens = int(written[1]) * _UNITS[written[2].lower()] if written else 0
    if tokens == 0:
        raise typer.BadParameter(
            f"{text!r} is no context length. Give a number of tokens above zero, such as 131072, or 128K"
            " (K is 1,024) or 1M (M is 1,024 K)."
        )
    return tokens

"""Figures of a cell: drawn as PNG within limits, handed over, closed.

Matplotlib itself is not imported here; if the cell has not imported pyplot, there is nothing to do.
"""

import io
import sys
from collections.abc import Callable
from typing import Any

MAX_FIGURES = 20  # of one cell
MAX_SIDE_PX = 4000
MAX_PNG_BYTES = 2 << 20

_receive: Callable[[bytes], None] | None = None


def set_receiver(receive: Callable[[bytes], None]) -> None:
    """From now on `receive` gets each figure that is shown, as a PNG."""
    global _receive  # Matplotlib chooses a backend by module, so this state can only be the module's
    _receive = receive


def flush() -> None:
    """Hand over all open figures, at most `MAX_FIGURES`, and close them whatever happens.

    Raises:
        ValueError: a figure cannot be drawn within the limits.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    try:
        if _receive is not None:
            for number in pyplot.get_fignums()[:MAX_FIGURES]:
                _receive(png(pyplot.figure(number)))
    finally:
        pyplot.close("all")  # one that cannot be drawn must not break every later cell


def show_one(figure: Any) -> None:
    """Hand over one figure and close it.

    Raises:
        ValueError: it cannot be drawn within the limits.
    """
    try:
        if _receive is not None:
            _receive(png(figure))
    finally:
        if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
            pyplot.close(figure)


def png(figure: Any) -> bytes:
    """The figure as PNG, no side over `MAX_SIDE_PX`.

    Raises:
        ValueError: it is too large to draw.
    """
    width, height = figure.get_size_inches()
    dpi = min(figure.dpi, MAX_SIDE_PX / max(width, height))
    if dpi < 1:
        raise ValueError(f"a figure of {width:.0f} x {height:.0f} inches is too large to draw")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    if buffer.tell() > MAX_PNG_BYTES:
        raise ValueError(
            f"the figure is a PNG of {buffer.tell():,} bytes; at most {MAX_PNG_BYTES:,} can be shown"
        )
    return buffer.getvalue()

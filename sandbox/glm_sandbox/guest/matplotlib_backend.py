"""The Matplotlib backend of a session: Agg for drawing, and `plt.show` hands the figures to the cell.

Chosen by `MPLBACKEND=module://glm_sandbox.guest.matplotlib_backend`, so only Matplotlib imports it. In a child process
of a cell nobody receives figures, and `plt.show` does nothing.
"""

import importlib

from glm_sandbox.guest import figures

# Matplotlib is not a dependency of the host, which type-checks this file too.
FigureCanvas = importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg
FigureManager = importlib.import_module("matplotlib.backend_bases").FigureManagerBase


def show(*_: object, **__: object) -> None:
    """`plt.show`: hand over all open figures and close them."""
    figures.flush()

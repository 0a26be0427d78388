"""Tracebacks as a notebook shows them: the cell's own lines in full, the frames of libraries folded."""

import traceback
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from types import TracebackType

MAX_CHARS = 16 << 10
_CELL = "<cell "
_OURS = str(Path(__file__).parent)  # frames of the worker are nobody's business
_FOLDED = ""  # the file name of a summary that stands for several frames
_KEPT_LIBRARY_FRAMES = 1  # of each run: the innermost says where it really happened


class _CellStack(traceback.StackSummary):
    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **kwargs: object) -> str:
        if frame_summary.filename == _FOLDED:
            return f"  [{frame_summary.lineno} more frames in libraries]\n"
        return super().format_frame_summary(frame_summary, **kwargs)


def format_exception(error: BaseException) -> str:
    """The traceback as text, at most `MAX_CHARS`: when longer, the middle is left out."""
    described = traceback.TracebackException(type(error), error, error.__traceback__)
    _fold(described, set())
    text = "".join(described.format())
    if len(text) > MAX_CHARS:
        text = f"{text[: MAX_CHARS // 4]}\n[...]\n{text[-MAX_CHARS * 3 // 4 :]}"
    return text


def cell_line(trace: TracebackType | None, filename: str) -> int:
    """The innermost line of the cell `filename` that was running; 0 when none was."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _fold(described: traceback.TracebackException, seen: set[int]) -> None:
    if id(described) in seen:
        return
    seen.add(id(described))
    described.stack = _CellStack(_folded(described.stack))
    related = [described.__cause__, described.__context__, *(described.exceptions or ())]
    for other in related:
        if other is not None:
            _fold(other, seen)


def _folded(stack: Iterable[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    kept: list[traceback.FrameSummary] = []
    shown = (frame for frame in stack if not frame.filename.startswith(_OURS))
    for in_cell, run in groupby(shown, key=lambda frame: frame.filename.startswith(_CELL)):
        frames = list(run)
        if in_cell:
            kept += frames
        elif kept:  # before the first line of a cell are only our own frames
            folded = len(frames) - _KEPT_LIBRARY_FRAMES
            if folded > 0:
                kept.append(traceback.FrameSummary(_FOLDED, folded, "", lookup_line=False, line=""))
            kept += frames[-_KEPT_LIBRARY_FRAMES:]
    return kept

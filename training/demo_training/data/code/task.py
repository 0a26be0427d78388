"""A question with the code that answers it, and what a run of that code prints.

Every snippet is run when its conversation is made, so that an observation is what Python says and nothing else.
"""

import contextlib
import io
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from demo_training.data.values import Vocabulary
from glm_sandbox.guest.tracebacks import format_exception
from glm_tools.python import NO_OUTPUT


@dataclass(frozen=True)
class Task:
    """A question and the code that answers it.

    Attributes:
        request: the question.
        code: that prints the answer.
        files: what lies in /mnt/data, by name.
    """

    request: str
    code: str
    files: Mapping[str, str] = field(default_factory=dict)


Maker = Callable[[Random, Vocabulary], Task]


def in_steps(lines: Sequence[str]) -> str:
    """A program that prints what the last line gives a name; a single line needs no name.

    Args:
        lines: assignments, one for each step.
    """
    name, _, expression = lines[-1].partition(" = ")
    body = f"print({expression})" if len(lines) == 1 else "\n".join((*lines, f"print({name})"))
    return f"import math\n{body}" if "math." in body else body


def run_cell(code: str, files: Mapping[str, str] | None = None) -> str:
    """What the `python` tool says after this code; only for code that was generated here.

    Args:
        code: one cell.
        files: what its session has in /mnt/data.
    """
    if files:
        with TemporaryDirectory() as folder:
            for file, content in files.items():
                Path(folder, file).write_text(content, encoding="utf-8")
            return run_cell(code.replace("/mnt/data", folder)).replace(folder, "/mnt/data")
    output = io.StringIO()
    name = "<cell 1>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    try:
        with contextlib.redirect_stdout(output):
            exec(compile(code, name, "exec"), {"__name__": "__main__"})
    except Exception as error:  # noqa: BLE001 - a mistake made on purpose may be of any kind
        output.write(format_exception(error))
    return output.getvalue().rstrip("\n") or NO_OUTPUT


def shortened(output: str) -> str:
    """A long decimal as an answer gives it: with two places."""
    try:
        value = float(output)
    except ValueError:
        return output
    return output if len(output) < 9 or "." not in output else str(round(value, 2))

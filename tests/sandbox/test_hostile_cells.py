"""Random hostile cells from a seeded grammar, against a model of what a session must have after each.

G-keep of the design: after every cell variables and files are what the model says, and each cell has one status.
"""

import json
import random
from dataclasses import dataclass, field

import pytest

from glm_sandbox.attacks import LIMITS
from glm_sandbox.backend import Backend
from glm_sandbox.sandbox import ExecResult
from glm_sandbox.session import Session

CELLS = 40  # of the default run; `slow` has a thousand for each back end
NAMES = ("alpha", "beta", "gamma", "文")
FILES = ("a.txt", "b/c.bin", "数据.csv")


@dataclass
class Model:
    """What the session must have."""

    variables: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """How a cell ends, and which outcomes are right."""

    code: str
    outcomes: tuple[str, ...]
    timeout_s: float = 10.0


OK, ERROR, CRASHED = ("ok/kept",), ("error/kept",), ("crashed/rolled_back",)
ENDINGS = (
    Ending("1", OK),
    Ending("print('文' * 1000)", OK),
    Ending("import subprocess; subprocess.Popen(['sleep', '60'])", OK),
    Ending("import os\nif os.fork() == 0: pass", OK),
    Ending("import threading; threading.Timer(0.01, lambda: None).start()", OK),
    Ending("import matplotlib", OK, 60.0),
    Ending("1 / 0", ERROR),
    Ending("raise SystemExit", ERROR),
    Ending("def f(): f()\nf()", ERROR),
    Ending("class E(BaseException):\n  def __str__(self): 1 / 0\nraise E", ERROR),
    Ending("import os; os._exit(0)", CRASHED),
    Ending("import os; os.abort()", CRASHED),
    Ending("import os; os.kill(os.getpid(), 9)", CRASHED),
    Ending("import ctypes; ctypes.string_at(0)", CRASHED),
    Ending("import os; os.execv('/bin/sh', ['sh', '-c', 'exit 3'])", CRASHED),
    Ending("import os; os.closerange(3, 256)", CRASHED),
    Ending("import os, stat\nfor fd in range(3, 64):\n  try: stat.S_ISSOCK(os.fstat(fd).st_mode) and os.write(fd, b'\\xff' * 99)\n"
           "  except OSError: pass\nimport time; time.sleep(9)", CRASHED),
    Ending("while True: pass", ("timeout/kept",), 0.2),
    Ending("import signal; signal.signal(2, signal.SIG_IGN)\nwhile True: pass", ("timeout/rolled_back",), 0.2),
    Ending("import os; os.system('sleep 60')", ("timeout/kept",), 0.2),
    Ending("hoard = []\nwhile True: hoard.append(bytearray(10**7))", ("oom/rolled_back", "error/kept")),
    Ending("import os\nwhile True: os.write(1, b'x' * 10**6)", ("output_limit/kept", "output_limit/rolled_back")),
    Ending("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", ("timeout/kept", "timeout/rolled_back"), 0.3),
)  # fmt: skip


def write_cell(rng: random.Random, model: Model) -> tuple[str, Model, Ending]:
    """A cell that changes some variables and files and then ends in some way; the model if its changes stay."""
    lines = ["import os, pathlib"]
    after = Model(dict(model.variables), dict(model.files))
    for _ in range(rng.randrange(4)):
        name, value = rng.choice(NAMES), rng.randrange(1000)
        if rng.random() < 0.2 and name in after.variables:
            lines.append(f"del {name}")
            del after.variables[name]
        else:
            lines.append(f"{name} = {value}")
            after.variables[name] = value
    for _ in range(rng.randrange(3)):
        path, text = rng.choice(FILES), f"t{rng.randrange(1000)}"
        if rng.random() < 0.3 and path in after.files:
            lines.append(f"os.unlink('{path}')")
            del after.files[path]
        else:
            lines.append(
                f"os.makedirs('b', exist_ok=True); n = pathlib.Path('{path}').write_text('{text}')"
            )
            after.files[path] = text
    ending = rng.choice(ENDINGS)
    return "\n".join([*lines, ending.code]), after, ending


PROBE = (
    "import os, pathlib, json\nprint(json.dumps([{n: globals()[n] for n in %r if n in globals()},"
    " {str(p): p.read_text() for p in sorted(pathlib.Path('.').rglob('*')) if p.is_file()}], ensure_ascii=False))"
)


def probe(session: Session) -> Model:
    """What the session has, asked in a cell of its own."""
    result = session.execute(PROBE % (NAMES,))
    assert result.status == "ok", result
    variables, files = json.loads(result.stdout)
    return Model(variables, files)


def hold_to_the_model(backend: Backend, seed: int, cells: int) -> None:
    rng = random.Random(seed)
    model = Model()
    with Session(backend, LIMITS, preimport=()) as session:
        for number in range(cells):
            code, after, ending = write_cell(rng, model)
            result: ExecResult = session.execute(code, timeout_s=ending.timeout_s)
            outcome = f"{result.status}/{result.variables}"
            told = f"seed {seed}, cell {number}: {code!r} ended as {outcome}: {result.message} {result.error}"
            assert outcome in ending.outcomes, told
            # Files always stay; variables are the cell's, or those from before it.
            model.files = after.files
            if result.variables == "kept":
                model.variables = after.variables
            assert probe(session) == model, told
            listed = {file.path for file in session.list_files()}
            assert listed == set(model.files), told


def test_variables_and_files_are_what_the_model_says(backend: Backend) -> None:
    """No silent loss over a run of random cells, most of which end badly."""
    hold_to_the_model(backend, seed=20261121, cells=CELLS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_hostile_cells(backend: Backend, seed: int) -> None:
    """A63: five sessions of two hundred cells on each back end."""
    hold_to_the_model(backend, seed, cells=200)

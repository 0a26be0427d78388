"""The rules L1 to L11: each a defect that attacks found in the first prototype.

L1 (limits of PID 1) is attack A26 and `test_seccomp`; L6 (a poisoned channel) is A30; L8 (builtins replaced) is A35; L9
(leftovers) is A32 and A33b; L11 (inodes under bubblewrap) is A07. The others are here.
"""

import ast
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import glm_sandbox
from glm_sandbox.attack_list import PRELUDE
from glm_sandbox.attacks import LIMITS
from glm_sandbox.backend import Backend
from glm_sandbox.session import Session

CRASHES = (
    "os._exit(1)",
    "os.abort()",
    "ctypes.string_at(0)",
    "os.kill(os.getpid(), 9)",
    "os.execv('/bin/sh', ['sh', '-c', 'exit 3'])",
)
# The cell finds its own token, as code in the same process always can.
FORGE = (
    PRELUDE
    + "import gc, json\nworker = [o for o in gc.get_objects() if type(o).__name__ == 'Worker'][0]\n"
    + "def forge(**fields):\n"
    + "  h = json.dumps({'token': worker._token, 'body_bytes': 0, **fields}).encode()\n"
    + "  worker._control.sendall(struct.pack('>I', len(h)) + h)\n"
)


@pytest.fixture(scope="module")
def session(backend: Backend) -> Iterator[Session]:
    with Session(backend, LIMITS, preimport=()) as session:
        yield session


def test_l2_the_worker_does_not_discard_its_snapshot(session: Session) -> None:
    """A cell that says it is done and then dies is rolled back or kept, but never lost."""
    session.execute("canary = 1")
    session.execute(FORGE + "forge(kind='done', ok=True)\nos._exit(1)")
    assert session.execute("canary").value == "1"


def test_l3_killing_is_bounded_by_time_not_by_tries(session: Session) -> None:
    """Under a CPU quota killed processes die late; giving up too early once killed the snapshot as well."""
    bomb = "import os\nn = 0\nwhile n < 12:\n  n += 1\n  if os.fork() == 0:\n    while True: pass\nos._exit(1)"
    for number in range(3):
        session.execute(f"canary = {number}")
        result = session.execute(bomb)
        assert (result.status, result.variables) == ("crashed", "rolled_back")
        assert session.execute("canary").value == str(number)


def test_l4_a_crash_right_after_the_last_word_is_not_a_loss(session: Session) -> None:
    """What a dying worker has sent is read before it is judged: the pid of its snapshot may be in it."""
    for number in range(50):
        session.execute(f"import ctypes, os\ncanary = {number}")
        result = session.execute("canary = None\n" + CRASHES[number % len(CRASHES)])
        assert (result.status, result.variables) == ("crashed", "rolled_back"), (number, result)
        assert session.execute("canary").value == str(number)


def test_a_death_without_a_snapshot_is_named_and_said_to_be_a_loss(backend: Backend) -> None:
    """A worker too large for a snapshot: its channel closes a moment before it is dead, and the reason is its death."""
    limits = replace(LIMITS, memory_bytes=64 << 20)
    with Session(backend, limits, preimport=()) as session:
        session.execute("block = bytearray(b'x') * (40 << 20)")
        result = session.execute("import os\nos._exit(3)")
        assert (result.status, result.variables, result.killed_by) == (
            "crashed",
            "lost",
            "exit status 3",
        )
        assert session.execute("'block' in globals()").value == "False"


def test_l5_a_death_is_noticed_at_once(session: Session) -> None:
    """Not at the next deadline: the cell has ten seconds, its death takes none of them."""
    result = session.execute("import os\nos._exit(1)", timeout_s=10.0)
    assert result.status == "crashed"
    assert result.duration_s < 5.0


def test_l7_a_figure_that_fails_does_not_break_later_ones(session: Session) -> None:
    result = session.execute(
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(10**5, 1));", timeout_s=60.0
    )
    assert "too large to draw" in (result.error or "")
    result = session.execute("plt.plot([1]);")
    assert result.status == "ok"
    assert len(result.displays) == 1


def test_l10_only_the_cell_itself_can_be_mislabelled(session: Session) -> None:
    """A31: whatever a cell sends, the next cell's result is its own."""
    session.execute("canary = 1")
    session.execute(
        FORGE
        + "forge(kind='value')\nforge(kind='done', ok=True, names=['x'] * 9)\nforge(kind='done', ok=True)\n"
        + "forge(kind='snapshot', pid=1)\nforge(kind='snapshot', pid=os.getpid())\nforge(kind='restored')\nforge(kind='settled')"
    )
    result = session.execute("print('mine')\ncanary + 1")
    assert (result.status, result.stdout, result.value) == ("ok", "mine\n", "2")


@pytest.mark.slow
def test_a_worker_that_does_not_come_back_from_a_cell_is_replaced(session: Session) -> None:
    """A cell that forges its end and runs on does not hold up the session: the snapshot before it takes over."""
    session.execute("canary = 1")
    session.execute(
        FORGE
        + "forge(kind='done', ok=True)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    )
    result = session.execute("canary")
    assert result.value == "1"
    assert "left the interpreter broken" in result.message


def test_what_a_cell_plants_does_not_stop_the_modules_loaded_beforehand(backend: Backend) -> None:
    """A55: Matplotlib reads a `matplotlibrc` of the working folder; one that is a FIFO once held up every new worker."""
    with Session(backend, LIMITS, preimport=("matplotlib",)) as session:
        session.execute("import os\nos.mkfifo('matplotlibrc')")
        kill_all = "import os\nfor p in os.listdir('/proc'):\n  if p.isdigit() and int(p) not in (1, os.getpid()): os.kill(int(p), 9)\nos._exit(1)"
        # Whether the copy of before the cell dies with the others is a race that it seldom wins.
        assert any(session.execute(kill_all).variables == "lost" for _ in range(10))
        assert session.execute("1 + 1", timeout_s=5.0).value == "2"
        assert session.execute("import sys\n'matplotlib' in sys.modules").status == "ok"


@pytest.mark.slow
def test_a62_deadlines_hold_under_load(session: Session) -> None:
    """Ten cells with half a second each while their children compete for the CPU: each is stopped, and none early."""
    load = "import os\nfor _ in range(4):\n  if os.fork() == 0:\n    while True: pass\nwhile True: pass"
    for _ in range(10):
        result = session.execute(load, timeout_s=0.5)
        assert result.status == "timeout", result
        assert result.duration_s >= 0.5


def test_the_host_loads_nothing_from_a_sandbox() -> None:
    """A56: no module of the host's side imports what runs code while it reads data."""
    folder = Path(glm_sandbox.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {"pickle", "marshal", "shelve", "dill", "yaml"} & set(names), file


def test_threads_left_behind_do_not_print_into_later_cells(session: Session) -> None:
    session.execute(
        "import threading\ndef spam():\n  while not quiet.wait(.001): print('spam')\nquiet = threading.Event()"
    )
    session.execute("thread = threading.Thread(target=spam); thread.start()")
    for _ in range(5):
        assert session.execute("print('mine')").stdout == "mine\n"
    session.execute("quiet.set(); thread.join()")


def test_what_a_thread_writes_between_cells_is_nobody_s(session: Session) -> None:
    """A thread that was in the middle of a write when its cell ended left half a line in the buffer for the next cell."""
    session.execute(
        "import io, os, sys, threading\ndef late():\n  while not os.path.exists('go'): pause.wait(.001)\n"
        "  io.TextIOWrapper.write(sys.stdout, 'late')\n  os.close(os.open('written', os.O_CREAT))\n"
        "pause = threading.Event(); threading.Thread(target=late).start()"
    )
    session.put_file("go", b"")
    while "written" not in {file.path for file in session.list_files()}:
        pass
    assert session.execute("print('mine')").stdout == "mine\n"
    session.execute("os.unlink('go'); os.unlink('written')")


def test_what_a_cell_does_to_its_outputs_ends_with_it(session: Session) -> None:
    """Descriptors 1 and 2 that led elsewhere, or nowhere, silenced every later cell of the session, and nothing said so."""
    session.execute("import os\nkept = 7\nnothing = os.open('/dev/zero', os.O_RDWR)")
    for cell in ("for n in (1, 2): n = os.dup2(nothing, n)", "for n in (1, 2): os.close(n)"):
        assert session.execute(cell).status == "ok"
        seen = session.execute("print('seen')\n!echo by a child")
        assert (seen.stdout, seen.stderr) == ("seen\nby a child\n", "")
    everything = session.execute("for n in range(1, 64):\n  if n != 3: n = os.dup2(nothing, n)")
    assert (everything.status, everything.variables) == ("crashed", "rolled_back")
    assert session.execute("print(kept)").stdout == "7\n"


def test_sessions_do_not_get_in_each_other_s_way(backend: Backend) -> None:
    """Six at once, each with its own variables, files and crashes."""
    problems: list[object] = []

    def use(number: int) -> None:
        with Session(backend, LIMITS, preimport=()) as session:
            session.execute(f"mine = {number}\nopen('mine', 'w').write('{number}')\nimport os")
            crashed = session.execute("os._exit(1)")
            after = session.execute("mine, open('mine').read(), len(os.listdir('.'))")
            if crashed.variables != "rolled_back" or after.value != f"({number}, '{number}', 1)":
                problems.append((number, crashed, after))

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []

"""What every back end has to do. A new back end is finished when `run_conformance` reports no failure.

Each check gets a session that other checks have used before it, as a model's session is used; those that need limits of
their own open another. A check that fails says what it saw.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glm_sandbox.errors import SandboxClosedError, SandboxFileError
from glm_sandbox.sandbox import ExecResult, ResourceLimits, Sandbox

# Small enough for a check to be quick, large enough for a busy machine.
LIMITS = ResourceLimits(
    timeout_s=10.0, grace_s=1.0, memory_bytes=256 << 20, data_bytes=32 << 20, data_inodes=256
)

OpenSession = Callable[[ResourceLimits], Sandbox]


class CheckFailedError(Exception):
    """Raised by a check: the back end does not do what it should."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check went.

    Attributes:
        name: of the check.
        claim: what it claims of a back end.
        problem: what was seen instead; empty when it passed.
        duration_s: wall time.
    """

    name: str
    claim: str
    problem: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Check:
    """A claim and the function that puts it to the test."""

    name: str
    claim: str
    run: Callable[[Sandbox, OpenSession], None]


CHECKS: list[Check] = []


def run_conformance(open_session: OpenSession, checks: Sequence[Check] = ()) -> list[CheckResult]:
    """Put a back end to the test.

    Args:
        open_session: starts a session of it with the given limits.
        checks: which; all when empty.
    """
    results = []
    sandbox = open_session(LIMITS)
    try:
        for check in checks or CHECKS:
            start = time.monotonic()
            try:
                check.run(sandbox, open_session)
                problem = ""
            except CheckFailedError as failure:
                problem = str(failure)
            except SandboxClosedError as failure:
                problem = f"the session was gone: {failure}"
            results.append(CheckResult(check.name, check.claim, problem, time.monotonic() - start))
    finally:
        sandbox.close()
    return results


def expect(condition: bool, seen: object) -> None:
    """Fail with what was seen unless `condition` holds."""
    if not condition:
        raise CheckFailedError(f"saw {seen!r}")


def _check(run: Callable[[Sandbox, OpenSession], None]) -> Callable[[Sandbox, OpenSession], None]:
    CHECKS.append(Check(run.__name__, (run.__doc__ or "").strip(), run))
    return run


def _value(sandbox: Sandbox, code: str, **options: float) -> str | None:
    result = sandbox.execute(code, timeout_s=options.get("timeout_s"))
    expect(result.status == "ok", result)
    return result.value


def _expect_outcome(result: ExecResult, status: str, variables: str) -> None:
    expect((result.status, result.variables) == (status, variables), result)


# The notebook


@_check
def variables_survive(sandbox: Sandbox, _: OpenSession) -> None:
    """Variables, functions and imports live from one cell to the next."""
    _value(sandbox, "import math\nradius = 2\ndef area(r): return math.pi * r * r")
    expect(_value(sandbox, "round(area(radius), 2)") == "12.57", "another value")


@_check
def the_last_expression_is_the_value(sandbox: Sandbox, _: OpenSession) -> None:
    """The value of the last expression comes back, None and a trailing semicolon keep quiet, `_` holds the value."""
    expect(_value(sandbox, "6 * 7") == "42", "no 42")
    expect(_value(sandbox, "_ + 1") == "43", "no 43")
    expect(_value(sandbox, "None") is None, "a value")
    expect(_value(sandbox, "6 * 7;") is None, "a value")
    expect(_value(sandbox, "x = 6 * 7") is None, "a value")


@_check
def streams_are_apart_and_live(sandbox: Sandbox, _: OpenSession) -> None:
    """Output of Python, of C and of children comes back, stdout and stderr apart, while the cell still runs."""
    arrived: list[tuple[str, str]] = []
    go_on = threading.Event()

    def note(stream: str, text: str) -> None:
        arrived.append((stream, text))
        if "first" in text:
            go_on.set()

    code = "import os, sys, time\nprint('first')\ntime.sleep(0.2)\nos.system('echo child')\nprint('bad', file=sys.stderr)"
    result = sandbox.execute(code, on_output=note)
    expect(result.stdout == "first\nchild\n" and result.stderr == "bad\n", result)
    expect(arrived[0] == ("stdout", "first\n") and len(arrived) >= 2, arrived)


@_check
def errors_show_the_lines_of_the_cell(sandbox: Sandbox, _: OpenSession) -> None:
    """A traceback has the cell's own lines, nothing of our machinery, and keeps the variables."""
    result = sandbox.execute("kept = 1\ndef divide(n):\n    return 1 / n\ndivide(0)")
    _expect_outcome(result, "error", "kept")
    error = result.error or ""
    expect("line 4" in error and "return 1 / n" in error and "ZeroDivisionError" in error, error)
    expect("glm_sandbox" not in error and "worker" not in error, error)
    result = sandbox.execute("def f(:")
    expect(result.status == "error" and "SyntaxError" in (result.error or ""), result)
    expect(_value(sandbox, "kept") == "1", "another value")


@_check
def any_text_comes_back(sandbox: Sandbox, _: OpenSession) -> None:
    """Chinese in code, output, values and names of files; half a character is never shown."""
    result = sandbox.execute("名 = '温度'\nprint(名 * 30000)\n名")
    expect(
        result.stdout.replace("\n", "").startswith("温度温度") and result.value == "'温度'",
        result.stdout[:40],
    )
    expect("\ufffd" not in result.stdout, "a broken character")
    sandbox.put_file("数据/表.csv", "城市,温度\n北京,3\n".encode())
    expect(
        _value(sandbox, "open('数据/表.csv', encoding='utf-8').read().splitlines()[1]")
        == "'北京,3'",
        "no file",
    )


@_check
def notebook_commands_work(sandbox: Sandbox, _: OpenSession) -> None:
    """Shell lines, magics and top-level await work; unknown ones are a clear error."""
    expect(sandbox.execute("!echo $((6 * 7))").stdout == "42\n", "no 42")
    expect(_value(sandbox, "lines = !printf 'a\\nb'\nlines") == "['a', 'b']", "other lines")
    expect(
        _value(sandbox, "%matplotlib inline\nimport asyncio\nawait asyncio.sleep(0, 'slept')")
        == "'slept'",
        "no await",
    )
    expect("wall time" in sandbox.execute("%%time\nsum(range(10))").stdout, "no time")
    expect("ok" in sandbox.execute("%%bash\nif true; then echo ok; fi").stdout, "no ok")
    for option in ("", "-a "):
        sandbox.execute(f"%%writefile {option}'two words.txt'\nline\n")
    expect(sandbox.get_file("two words.txt") == b"line\nline\n", "another file")
    sandbox.execute("import os; os.remove('two words.txt')")
    expect("no magic" in (sandbox.execute("%frobnicate").error or ""), "no error")
    expect("no internet" in (sandbox.execute("!pip install requests").error or ""), "no error")
    expect(_value(sandbox, "'''\n%not a magic\n!nor this'''.count('%')") == "1", "a touched string")


@_check
def figures_come_back(sandbox: Sandbox, _: OpenSession) -> None:
    """Figures come back as PNG by plt.show() and at the end of a cell, with Chinese labels and without a warning."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('温度')\nplt.show()\nplt.plot([3])"
    result = sandbox.execute(code, timeout_s=60)
    expect(result.status == "ok" and len(result.displays) == 2, result)
    expect(
        all(d.mime == "image/png" and d.data[:8] == b"\x89PNG\r\n\x1a\n" for d in result.displays),
        "no PNG",
    )
    expect(result.stderr == "", result.stderr)
    expect(sandbox.execute("1").displays == (), "a figure twice")


@_check
def nobody_answers_input(sandbox: Sandbox, _: OpenSession) -> None:
    """`input()` fails at once and says why; reading stdin finds its end."""
    expect("nobody" in (sandbox.execute("input('name? ')").error or ""), "no error")
    expect(_value(sandbox, "import sys; sys.stdin.read()") == "''", "something on stdin")


@_check
def exits_are_errors(sandbox: Sandbox, _: OpenSession) -> None:
    """`sys.exit()` ends the cell, not the session."""
    result = sandbox.execute("before_exit = 5\nimport sys\nsys.exit(3)")
    _expect_outcome(result, "error", "kept")
    expect("SystemExit" in (result.error or ""), result.error)
    expect(_value(sandbox, "before_exit") == "5", "another value")


# Files


@_check
def files_travel_both_ways(sandbox: Sandbox, _: OpenSession) -> None:
    """Any bytes go in and come out unchanged, large and empty files too; what a cell changed is listed."""
    data = bytes(range(256)) * 20_000
    sandbox.put_file("in.bin", data)
    expect(sandbox.get_file("/mnt/data/in.bin") == data, "other bytes")
    sandbox.put_file("empty", b"")
    expect(sandbox.get_file("empty") == b"", "some bytes")
    result = sandbox.execute(
        "import os, pathlib\nos.makedirs('made', exist_ok=True)\nd = open('in.bin', 'rb').read()\n"
        "n = pathlib.Path('made/out.bin').write_bytes(d[::-1])"
    )
    expect([file.path for file in result.files] == ["made/out.bin"], result)
    expect(sandbox.get_file("made/out.bin") == data[::-1], "other bytes")
    expect(sandbox.execute("1").files == (), "a file twice")


@_check
def only_files_of_the_session_are_read(sandbox: Sandbox, _: OpenSession) -> None:
    """Missing files, folders, links that lead out and paths that leave /mnt/data are refused with a reason."""
    sandbox.execute(
        "import os\nos.symlink('/etc', 'out')\nos.symlink('/etc/passwd', 'secret')\nos.mkfifo('fifo')"
    )
    for path in (
        "missing",
        "made",
        "out/passwd",
        "secret",
        "fifo",
        "../../etc/passwd",
        "/etc/passwd",
        "a\nb",
        "",
    ):
        try:
            data = sandbox.get_file(path)
        except SandboxFileError:
            continue
        raise CheckFailedError(f"read {len(data)} bytes of {path!r}")
    try:
        sandbox.put_file("out/planted", b"x")
    except SandboxFileError:
        return
    raise CheckFailedError("wrote through a link")


# Limits


@_check
def a_loop_is_interrupted(sandbox: Sandbox, _: OpenSession) -> None:
    """At its time limit a cell is interrupted, says where it was, and keeps its variables."""
    result = sandbox.execute("steps = 0\nwhile True:\n    steps += 1", timeout_s=0.5)
    _expect_outcome(result, "timeout", "kept")
    expect(
        result.message.startswith("Stopped after 0.5 s at line")
        and result.killed_by == "time limit",
        result,
    )
    expect(int(_value(sandbox, "steps") or 0) > 0, "no steps")


@_check
def a_deaf_loop_is_killed(sandbox: Sandbox, _: OpenSession) -> None:
    """A cell that ignores the interrupt is killed; variables are those from before it."""
    _value(sandbox, "count = 1")
    code = (
        "import signal\ncount = 2\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    )
    result = sandbox.execute(code, timeout_s=0.5)
    _expect_outcome(result, "timeout", "rolled_back")
    expect(
        result.message == "Killed after 0.5 s. Variables are as before this cell; files stay.",
        result.message,
    )
    expect(_value(sandbox, "count") == "1", "another value")


@_check
def blocking_children_are_interrupted(sandbox: Sandbox, _: OpenSession) -> None:
    """A cell that waits for a program is interrupted together with it."""
    result = sandbox.execute("import os\nos.system('sleep 60')", timeout_s=0.5)
    expect(result.status == "timeout" and result.duration_s < 5, result)


@_check
def a_crash_rolls_back(sandbox: Sandbox, _: OpenSession) -> None:
    """A segfault, an exit and a fatal signal cost the cell, not the session."""
    _value(sandbox, "state = ['before']")
    for code, killed_by in (
        ("import ctypes\nstate.append('x')\nctypes.string_at(0)", "signal 11"),
        ("import os\nstate.append('x')\nos._exit(7)", "exit status 7"),
        ("import os\nstate.append('x')\nos.kill(os.getpid(), 9)", "signal 9"),
        ("import os\nos.execv('/bin/sh', ['sh', '-c', 'exit 3'])", "exit status 3"),
    ):
        result = sandbox.execute("open('left', 'w').write('x')\nprint('said')\n" + code)
        _expect_outcome(result, "crashed", "rolled_back")
        expect(result.killed_by == killed_by and result.stdout == "said\n", result)
        expect(
            _value(sandbox, "state, open('left').read()") == "(['before'], 'x')", "another state"
        )


@_check
def memory_is_limited(sandbox: Sandbox, _: OpenSession) -> None:
    """A cell that takes all memory is stopped; variables are those from before it, or the cell saw a MemoryError."""
    _value(sandbox, "state = 'before'")
    result = sandbox.execute(
        "hoard = []\nwhile True: hoard.append(bytearray(10_000_000))", timeout_s=30
    )
    outcome = (result.status, result.variables)
    is_memory_error = outcome == ("error", "kept") and "MemoryError" in (result.error or "")
    expect(
        outcome in (("oom", "rolled_back"), ("crashed", "rolled_back")) or is_memory_error, result
    )
    expect(_value(sandbox, "hoard = None\nstate") == "'before'", "another state")


@_check
def output_is_capped(sandbox: Sandbox, open_session: OpenSession) -> None:
    """Of a flood the beginning and the end come back; past the limit the cell is stopped."""
    result = sandbox.execute("import os\nfor i in range(40_000): print(f'{i:09d}')")
    expect(
        result.status == "ok" and result.truncated and len(result.stdout) < 100_000,
        len(result.stdout),
    )
    expect(
        "000000000" in result.stdout[:20] and "000039999" in result.stdout[-20:],
        result.stdout[-40:],
    )
    expect("bytes left out" in result.stdout, "no gap")
    limits = ResourceLimits(output_bytes=1 << 20, timeout_s=20)
    with open_session(limits) as other:
        result = other.execute("while True: print('x' * 1000)")
        _expect_outcome(result, "output_limit", "kept")
        expect(len(result.stdout) < 100_000, len(result.stdout))


@_check
def binary_output_is_named(sandbox: Sandbox, _: OpenSession) -> None:
    """Output that is no text is named, not shown; control characters of text are escaped."""
    result = sandbox.execute("import os\nn = os.write(1, bytes(range(256)) * 4)")
    expect(result.stdout == "[1,024 bytes of binary output]", result.stdout)
    result = sandbox.execute(r"print('\x1b[2Jgone\x1b]0;title\x07', 'caf\xe9')")
    expect(
        "\x1b" not in result.stdout and "\\x1b[2Jgone" in result.stdout and "café" in result.stdout,
        result.stdout,
    )


@_check
def space_is_limited(sandbox: Sandbox, _: OpenSession) -> None:
    """/mnt/data has room for so many bytes and so many files, and can be cleared again."""
    code = (
        "import os\n"
        "try:\n    with open('fill', 'wb') as f:\n        for _ in range(1000): f.write(bytes(1_000_000))\n"
        "except OSError as e: print('bytes', e.errno)\n"
        "size = os.path.getsize('fill'); os.unlink('fill'); os.makedirs('many', exist_ok=True)\n"
        "try:\n    for i in range(10_000): open(f'many/{i}', 'w').close()\n"
        "except OSError as e: print('files', e.errno, i)\n"
        "import shutil; shutil.rmtree('many')\nsize"
    )
    result = sandbox.execute(code)
    expect(
        result.status == "ok" and "bytes 28" in result.stdout and "files 28" in result.stdout,
        result,
    )
    expect(int(result.value or 0) <= LIMITS.data_bytes, result.value)


@_check
def leftovers_are_ended(sandbox: Sandbox, _: OpenSession) -> None:
    """Processes that a cell leaves running are ended, and named; so are threads, if not ended."""
    code = "import subprocess\nfor _ in range(3): subprocess.Popen(['sleep', '300'], start_new_session=True)"
    result = sandbox.execute(code)
    expect(
        result.status == "ok" and result.message == "3 processes left running were ended.", result
    )
    result = sandbox.execute(
        "import threading\ngate = threading.Event()\nthreading.Thread(target=gate.wait).start()"
    )
    expect(result.message == "1 thread still running.", result)
    sandbox.execute("gate.set()")


@_check
def a_user_can_cancel(sandbox: Sandbox, _: OpenSession) -> None:
    """A cell that is cancelled ends as interrupted, with its variables."""
    cancel = threading.Event()
    result = sandbox.execute(
        "waited = True\nprint('on')\nimport time\ntime.sleep(60)",
        timeout_s=60,
        cancel=cancel,
        on_output=lambda *_: cancel.set(),
    )
    _expect_outcome(result, "interrupted", "kept")
    expect(result.duration_s < 10 and _value(sandbox, "waited") == "True", result)


@_check
def large_code_is_refused(sandbox: Sandbox, _: OpenSession) -> None:
    """Code beyond reason is an error of the cell; nothing of it is run."""
    result = sandbox.execute("#" * 300_000 + "\nrun = 1")
    expect(result.status == "error" and "Nothing was run" in (result.error or ""), result)


# Isolation: `attacks` tries harder


@_check
def there_is_no_network(sandbox: Sandbox, _: OpenSession) -> None:
    """No address can be reached and no name resolved."""
    code = (
        "import socket\n"
        "for address in (('192.0.2.1', 80), ('169.254.169.254', 80)):\n"
        "    try: socket.create_connection(address, 2); print('connected', address)\n"
        "    except OSError as e: print('no')\n"
        "try: print(socket.getaddrinfo('example.com', 80))\n"
        "except OSError: print('no')"
    )
    expect(sandbox.execute(code).stdout == "no\nno\nno\n", "a connection")


@_check
def the_root_is_read_only(sandbox: Sandbox, _: OpenSession) -> None:
    """Nothing can be written but /mnt/data and temporary folders, by a user who is not root and has no capability."""
    code = (
        "import os\n"
        "for path in ('/etc/x', '/usr/bin/x', '/opt/glm-agent/start.py', '/dev/x', '/x'):\n"
        "    try: open(path, 'a'); print('wrote', path)\n"
        "    except OSError: pass\n"
        "status = open('/proc/self/status').read()\n"
        "os.getuid() != 0, 'CapEff:\\t0000000000000000' in status, 'NoNewPrivs:\\t1' in status, 'Seccomp:\\t2' in status"
    )
    result = sandbox.execute(code)
    expect(result.stdout == "" and result.value == "(True, True, True, True)", result)


@_check
def sessions_are_apart(sandbox: Sandbox, open_session: OpenSession) -> None:
    """A session sees nothing of another: no variable, no file, no process."""
    _value(sandbox, "mine = 'secret-of-one'\nopen('mine.txt', 'w').write(mine)")
    with open_session(LIMITS) as other:
        result = other.execute(
            "import os\nprint(os.listdir('/mnt/data'), os.listdir('/tmp'))\nmine"
        )
        expect("mine.txt" not in result.stdout and "NameError" in (result.error or ""), result)
        count = "len([p for p in os.listdir('/proc') if p.isdigit()])"
        expect(int(_value(other, f"import os\n{count}") or 0) <= 5, "processes of others")


@_check
def a_closed_session_stays_closed(_: Sandbox, open_session: OpenSession) -> None:
    """`close` may be called twice, and whatever is called after it says that the session is closed."""
    other = open_session(LIMITS)
    other.close()
    other.close()
    for call in (
        lambda: other.execute("1"),
        lambda: other.get_file("x"),
        lambda: other.put_file("x", b""),
    ):
        try:
            call()
        except SandboxClosedError:
            continue
        raise CheckFailedError("a closed session answered")

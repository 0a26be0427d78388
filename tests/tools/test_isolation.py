import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from glm_tools import (
    Ctx,
    Dispatcher,
    Tool,
    ToolCall,
    ToolDefinitionError,
    ToolResult,
    load_tools,
    tool,
)
from glm_tools.isolation import MAX_PRINTED_CHARS
from glm_tools.loading import load_object

TOOLS = '''
import ctypes, datetime, os, subprocess, sys, time
from dataclasses import dataclass
from pathlib import Path
from glm_tools import Attachment, Tool, ToolError, ToolOutput, tool

LIMIT_S = 0.6


@tool(isolate=True)
def later(day: datetime.date, days: int = 1) -> datetime.date:
    """Add days."""
    return day + datetime.timedelta(days=days)


@tool(isolate=True)
async def pid() -> int:
    """Tell the process."""
    return os.getpid()


@tool(isolate=True)
def chatty() -> str:
    """Print in every way there is."""
    print("printed")
    sys.stdout.flush()
    os.write(1, "wrote 好\\n".encode())
    subprocess.run(["sh", "-c", "echo from a child; echo warned >&2"], check=True)
    return "value"


@tool(isolate=True)
def flood() -> str:
    """Print more than is kept."""
    for number in range(20_000):
        print("line", number)
    return "value"


@tool(isolate=True)
def draw() -> ToolOutput:
    """Draw."""
    return ToolOutput.from_text("drawn", Attachment("a.png", "image/png", bytes(range(256)) * 4096))


@tool(isolate=True)
def fail(how: str) -> None:
    """Fail."""
    if how == "raise":
        raise ValueError("no")
    if how == "say":
        raise ToolError("ask again")
    if how == "exit":
        sys.exit(3)
    if how == "die":
        os._exit(7)
    if how == "crash":
        ctypes.string_at(0)


def note(folder: str, name: str) -> None:
    (Path(folder) / name).write_text(str(os.getpid()))


@tool(isolate=True, timeout_s=LIMIT_S)
def hang(folder: str, how: str) -> None:
    """Hang."""
    import signal
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:  # a daemon, as by the book
            note(folder, "daemon")
            time.sleep(600)
        os._exit(0)
    note(folder, "worker")
    while how == "spin":
        pass
    ctypes.CDLL(None).sleep(600)


@tool(isolate=True)
def leave(folder: str) -> str:
    """Leave a process behind."""
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (Path(folder) / "left").write_text(str(child.pid))
    return "done"


@dataclass
class Bank:
    cents: int

    @tool(isolate=True)
    def pay(self, when: datetime.date, cents: int = 1) -> list:
        """Pay."""
        self.cents -= cents
        return [os.getpid(), self.cents, when.year]


bank = Bank(10)


def raw(values, **others):
    return {"pid": os.getpid(), "values": values, "others": others}


def make(name):
    schema = {"type": "object", "properties": {"values": {"type": "array"}}, "required": ["values"]}
    return Tool.from_schema(name, "Made from a schema.", schema, raw, isolate=True)


made = [make("one"), make("two")]


def shout(text: str) -> str:
    """Shout."""
    return text.upper()


louder = tool(name="louder", isolate=True)(shout)
'''


@pytest.fixture
def dispatcher(tmp_path: Path) -> Any:
    path = tmp_path / "tools.py"
    path.write_text(TOOLS, encoding="utf-8")
    with Dispatcher(load_tools(str(path))) as made:
        yield made


def call(dispatcher: Dispatcher, name: str, **arguments: Any) -> ToolResult:
    return dispatcher.run(ToolCall("1", name, arguments, ""))


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a zombie that somebody has yet to collect."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_ended(pid: int) -> bool:
    """A killed process may take a moment to go; it gets ten seconds."""
    deadline_s = time.monotonic() + 10
    while is_running(pid):
        if time.monotonic() > deadline_s:
            return False
        os.sched_yield()
    return True


def test_a_call_runs_in_another_process_and_its_values_come_through(dispatcher: Dispatcher) -> None:
    assert call(dispatcher, "later", day="2024-02-28").text == '"2024-02-29"'
    pid = int(call(dispatcher, "pid").text)
    assert pid != os.getpid()
    assert has_ended(pid)
    drawn = call(dispatcher, "draw")
    assert (drawn.text, drawn.attachments[0].data) == ("drawn", bytes(range(256)) * 4096)
    assert call(dispatcher, "later", day="2023-02-29").status == "invalid"


def test_a_method_runs_on_a_copy_of_its_object(tmp_path: Path) -> None:
    """The object goes along as it is now, not as the module makes it; what the call changes stays in the child."""
    path = tmp_path / "bank.py"
    path.write_text(TOOLS, encoding="utf-8")
    bank: Any = load_object(f"{path}:bank")
    bank.cents = 100
    with Dispatcher([bank.pay]) as dispatcher:
        result = call(dispatcher, "pay", when="2024-02-29", cents=30)
    pid, cents, year = json.loads(result.text)
    assert pid != os.getpid()
    assert (cents, year, bank.cents) == (70, 2024, 100)


def test_a_methods_object_that_cannot_be_sent_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bank.py"
    path.write_text(TOOLS, encoding="utf-8")
    bank: Any = load_object(f"{path}:bank")
    bank.lock = threading.Lock()
    with Dispatcher([bank.pay]) as dispatcher:
        result = call(dispatcher, "pay", when="2024-02-29")
    assert result.status == "error"
    assert "cannot be sent to another process" in result.text


def test_a_tool_from_a_schema_runs_in_another_process_too(dispatcher: Dispatcher) -> None:
    """It is in no module under its own name: two of them share one function."""
    for name in ("one", "two"):
        result = json.loads(call(dispatcher, name, values=[1], extra="x").text)
        assert result.pop("pid") != os.getpid()
        assert result == {"values": [1], "others": {"extra": "x"}}
    assert call(dispatcher, "one", values=3).status == "invalid"
    assert call(dispatcher, "louder", text="hey").text == "HEY"


def test_all_that_is_printed_comes_through_once(dispatcher: Dispatcher) -> None:
    shown: dict[str, str] = {"stdout": "", "stderr": ""}

    def show(stream: str, text: str) -> None:
        shown[stream] += text

    result = dispatcher.run(ToolCall("1", "chatty", {}, ""), on_output=show)
    assert (result.status, result.text) == ("ok", "value")
    assert shown == {"stdout": "printed\nwrote 好\nfrom a child\n", "stderr": "warned\n"}
    assert sorted(result.detail.splitlines()) == ["from a child", "printed", "warned", "wrote 好"]


def test_of_much_that_is_printed_the_beginning_is_kept_once(dispatcher: Dispatcher) -> None:
    """Beyond what is kept, all of that was in the detail a second time."""
    result = dispatcher.run(ToolCall("1", "flood", {}, ""))
    assert (result.status, result.text) == ("ok", "value")
    assert len(result.detail) == MAX_PRINTED_CHARS
    assert result.detail.startswith("line 0\nline 1\n")


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("raise", "ValueError: no"),
        ("say", "ask again"),
        ("exit", "SystemExit: 3"),
        ("die", "'fail' ended without a result: its process exited with code 7."),
        ("crash", "'fail' ended without a result: its process was ended by SIGSEGV."),
    ],
)
def test_a_call_that_fails_or_crashes_is_an_observation(
    dispatcher: Dispatcher, how: str, text: str
) -> None:
    result = call(dispatcher, "fail", how=how)
    assert (result.status, result.text) == ("error", text)


def test_a_call_past_its_time_is_ended(dispatcher: Dispatcher, tmp_path: Path) -> None:
    result = call(dispatcher, "hang", folder=str(tmp_path), how="spin")
    assert (result.status, result.text) == (
        "timeout",
        "'hang' ran past its limit of 0.6 s and was stopped.",
    )


@pytest.mark.parametrize("how", ["spin", "sleep in C"])
def test_a_call_that_is_stopped_ends_with_all_that_it_started(tmp_path: Path, how: str) -> None:
    """It ignores every polite signal, and its child made itself a daemon."""
    path = tmp_path / "tools.py"
    path.write_text(TOOLS.replace("LIMIT_S = 0.6", "LIMIT_S = 60"), encoding="utf-8")
    cancel = Event()

    class Watch:
        """Cancels once the daemon is there."""

        def is_set(self) -> bool:
            daemon = tmp_path / "daemon"
            if (
                (tmp_path / "worker").exists()
                and daemon.exists()
                and daemon.read_text(encoding="utf-8")
            ):
                cancel.set()
            return cancel.is_set()

    watch: Any = Watch()
    with Dispatcher(load_tools(str(path))) as made:
        result = made.run(
            ToolCall("1", "hang", {"folder": str(tmp_path), "how": how}, ""), cancel=watch
        )
    assert (result.status, "it was stopped" in result.text) == ("cancelled", True)
    for name in ("worker", "daemon"):
        assert has_ended(int((tmp_path / name).read_text(encoding="utf-8")))


def test_nothing_that_a_call_started_outlives_it(dispatcher: Dispatcher, tmp_path: Path) -> None:
    assert call(dispatcher, "leave", folder=str(tmp_path)).text == "done"
    assert has_ended(int((tmp_path / "left").read_text(encoding="utf-8")))


def test_the_call_ends_when_this_program_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "tools.py"
    path.write_text(TOOLS.replace("LIMIT_S = 0.6", "LIMIT_S = 600"), encoding="utf-8")
    arguments = {"folder": str(tmp_path), "how": "spin"}
    code = (
        "from glm_tools import Dispatcher, ToolCall, load_tools\n"
        f"Dispatcher(load_tools({str(path)!r})).run(ToolCall('1', 'hang', {arguments!r}, ''))"
    )
    program = subprocess.Popen([sys.executable, "-c", code])
    deadline_s = time.monotonic() + 60
    while not all((tmp_path / name).exists() for name in ("worker", "daemon")):
        assert time.monotonic() < deadline_s
        os.sched_yield()
    program.kill()
    program.wait()
    for name in ("worker", "daemon"):
        assert has_ended(int((tmp_path / name).read_text(encoding="utf-8")))


def test_a_program_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    """The child imports the program; unguarded, it would load its model and run its task once more."""
    path = tmp_path / "program.py"
    path.write_text(
        "from glm_tools import Dispatcher, ToolCall, tool\n"
        "@tool(isolate=True)\ndef f() -> int:\n    'F.'\n    return 1\n"
        "print(Dispatcher([f]).run(ToolCall('1', 'f', {}, '')).detail)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert "put what the program does" in done.stdout
    path.write_text(
        path.read_text(encoding="utf-8")
        .replace("print(", "if __name__ == '__main__':\n    print(")
        .replace("detail", "text"),
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_what_another_process_could_not_find_is_refused_when_it_is_defined() -> None:
    def local() -> None: ...

    with pytest.raises(ToolDefinitionError, match="top level of a module"):
        tool(isolate=True)(local)
    with pytest.raises(ToolDefinitionError, match="top level of a module"):
        Tool.from_schema("t", "", {}, lambda: None, isolate=True)
    with pytest.raises(ToolDefinitionError, match="top level of a module"):
        Tool.from_schema("t", "", {}, partial(with_context), isolate=True)
    with pytest.raises(ToolDefinitionError, match="Ctx does not reach"):
        tool(isolate=True)(with_context)


def with_context(ctx: Ctx[None]) -> None: ...

"""The `python` tool over a real sandbox; see tests/sandbox for the sandbox itself.

`GLM_TEST_SANDBOXES` names the back ends that this machine has; without it bubblewrap must be there.
"""

import os
from collections.abc import Iterator
from threading import Event

import pytest

from glm_sandbox import open_sandbox
from glm_sandbox.open import BackendName
from glm_sandbox.sandbox import ResourceLimits, Sandbox
from glm_tools import Dispatcher, PythonTool, ToolCall, ToolResult

BACKEND: BackendName = (
    "docker" if os.environ.get("GLM_TEST_SANDBOXES") == "docker" else "bubblewrap"
)


def start() -> Sandbox:
    return open_sandbox(BACKEND, limits=ResourceLimits(timeout_s=20.0, grace_s=1.0), preimport=())


@pytest.fixture(scope="module")
def dispatcher() -> Iterator[Dispatcher]:
    with Dispatcher([PythonTool(start)]) as made:
        yield made


def run(dispatcher: Dispatcher, code: str, cancel: Event | None = None) -> ToolResult:
    return dispatcher.run(ToolCall("1", "python", {"code": code}, code), cancel=cancel)


def test_variables_live_from_call_to_call(dispatcher: Dispatcher) -> None:
    assert run(dispatcher, "a = 37 * 43").text == "(no output)"
    assert run(dispatcher, "print('so'); a").text == "so\n1591"


def test_an_exception_is_shown_with_the_cells_own_lines(dispatcher: Dispatcher) -> None:
    result = run(dispatcher, "x = 1\n1 / 0")
    assert result.status == "error"
    assert "1 / 0" in result.text
    assert result.text.rstrip().endswith("ZeroDivisionError: division by zero")


def test_files_come_back_to_the_user_and_are_named_to_the_model(dispatcher: Dispatcher) -> None:
    result = run(dispatcher, "open('/mnt/data/t.csv', 'w').write('a,b')")
    assert result.text == "3\n[files in /mnt/data: t.csv (3 bytes)]"
    assert [(a.name, a.data) for a in result.attachments] == [("t.csv", b"a,b")]


def test_the_user_may_cancel_a_cell_and_keep_the_variables(dispatcher: Dispatcher) -> None:
    cancel = Event()
    assert run(dispatcher, "kept = 7").status == "ok"
    shown: list[str] = []

    def on_output(stream: str, text: str) -> None:
        shown.append(text)
        cancel.set()

    code = "print('started', flush=True)\nwhile True: pass"
    result = dispatcher.run(
        ToolCall("1", "python", {"code": code}, code), cancel=cancel, on_output=on_output
    )
    assert result.status == "cancelled"
    assert "started" in result.text
    assert "".join(shown).startswith("started")
    assert run(dispatcher, "kept").text == "7"

from collections.abc import Callable
from threading import Event
from types import TracebackType
from typing import Self

import pytest

from glm_sandbox.errors import SandboxClosedError, SandboxFileError, SandboxUnavailableError
from glm_sandbox.sandbox import DataFile, Display, ExecResult, Sandbox
from glm_tools import Dispatcher, PythonTool, ToolCall, ToolResult
from glm_tools.python import ATTACHED_BYTES, observation_text, without_fence


class ScriptedSandbox:
    """A sandbox that answers each cell with the next outcome of a script; an exception is raised."""

    backend = "scripted"
    weaknesses = ()

    def __init__(
        self, *outcomes: ExecResult | Exception, files: dict[str, bytes] | None = None
    ) -> None:
        self.outcomes = list(outcomes)
        self.files = files or {}
        self.codes: list[str] = []
        self.closed = 0

    def execute(
        self,
        code: str,
        *,
        timeout_s: float | None = None,
        cancel: Event | None = None,
        on_output: Callable[[str, str], None] | None = None,
    ) -> ExecResult:
        self.codes.append(code)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome.status == "interrupted":
            assert cancel is not None
            assert cancel.wait(30)
        if on_output is not None and outcome.stdout:
            on_output("stdout", outcome.stdout)
        return outcome

    def put_file(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def get_file(self, path: str) -> bytes:
        if path not in self.files:
            raise SandboxFileError(path, "no such file")
        return self.files[path]

    def close(self) -> None:
        self.closed += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def call(code: str) -> ToolCall:
    return ToolCall("1", "python", {"code": code}, code)


def run(sandbox: Sandbox, code: str = "1", cancel: Event | None = None) -> ToolResult:
    with Dispatcher([PythonTool(lambda: sandbox)]) as dispatcher:
        return dispatcher.run(call(code), cancel=cancel)


def test_the_session_is_opened_by_the_first_call_kept_and_closed() -> None:
    sandbox = ScriptedSandbox(ExecResult("ok"), ExecResult("ok", value="2"))
    opened: list[Sandbox] = []
    tool = PythonTool(lambda: sandbox, on_open=opened.append)
    with Dispatcher([tool]) as dispatcher:
        assert opened == []
        assert dispatcher.run(call("a = 2")).text == "(no output)"
        assert dispatcher.run(call("a")).text == "2"
    assert opened == [sandbox]
    assert sandbox.codes == ["a = 2", "a"]
    assert sandbox.closed == 1
    closed = Dispatcher([tool]).run(call("a"))
    assert (closed.status, len(opened)) == ("unavailable", 1)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (ExecResult("ok"), "(no output)"),
        (ExecResult("ok", stdout="a\n", value="3"), "a\n3"),
        (ExecResult("ok", stdout="  indented\n\n", stderr="careful\n"), "  indented\ncareful"),
        (
            ExecResult("error", stdout="a\n", error="Traceback …\nValueError: x"),
            "a\nTraceback …\nValueError: x",
        ),
        (
            ExecResult("timeout", stdout="a", message="[stopped after 60 s]"),
            "a\n[stopped after 60 s]",
        ),
        (ExecResult("crashed"), "[the code ended with: crashed; variables: kept]"),
        (
            ExecResult(
                "ok",
                truncated=True,
                displays=(Display("image/png", b"1"), Display("text/html", b"2")),
            ),
            "[the output was too long; its middle is left out]\n"
            "[image: 1 figure shown to the user]\n[1 other display shown to the user]",
        ),
        (
            ExecResult("ok", files=(DataFile("a/b.csv", 1234),)),
            "[files in /mnt/data: a/b.csv (1,234 bytes)]",
        ),
    ],
)
def test_what_the_model_reads_of_a_cell(result: ExecResult, text: str) -> None:
    assert observation_text(result) == text


def test_many_files_are_counted_and_not_all_listed() -> None:
    files = tuple(DataFile(f"{number}.txt", 1) for number in range(50))
    text = observation_text(ExecResult("ok", files=files))
    assert "19.txt" in text
    assert "20.txt" not in text
    assert "and 30 more" in text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("error", "error"),
        ("timeout", "timeout"),
        ("oom", "error"),
        ("crashed", "error"),
        ("output_limit", "error"),
    ],
)
def test_each_outcome_of_code_has_its_status(status: str, expected: str) -> None:
    assert run(ScriptedSandbox(ExecResult(status, message="[m]"))).status == expected  # type: ignore[arg-type]


def test_a_cancelled_cell_says_what_became_of_it() -> None:
    """The sandbox interrupts the cell and knows whether the variables survived; that must reach the model."""
    cancel = Event()
    sandbox = ScriptedSandbox(
        ExecResult("interrupted", stdout="so far\n", message="[interrupted; variables kept]")
    )
    tool = PythonTool(lambda: sandbox, on_open=lambda _: cancel.set())
    with Dispatcher([tool]) as dispatcher:
        result = dispatcher.run(call("loop()"), cancel=cancel)
    assert (result.status, result.text) == ("cancelled", "so far\n[interrupted; variables kept]")


def test_figures_and_files_go_to_the_user_and_figures_are_numbered_through_the_session() -> None:
    sandbox = ScriptedSandbox(
        ExecResult("ok", displays=(Display("image/png", b"1"),)),
        ExecResult(
            "ok",
            displays=(Display("image/png", b"2"),),
            files=(
                DataFile("t.csv", 3),
                DataFile("huge.bin", ATTACHED_BYTES + 1),
                DataFile("gone.txt", 1),
            ),
        ),
        files={"t.csv": b"a,b"},
    )
    with Dispatcher([PythonTool(lambda: sandbox)]) as dispatcher:
        first = dispatcher.run(call("plot()"))
        second = dispatcher.run(call("plot()"))
    assert [attachment.name for attachment in first.attachments] == ["figure-1.png"]
    assert [(a.name, a.mime, a.data) for a in second.attachments] == [
        ("figure-2.png", "image/png", b"2"),
        ("t.csv", "text/csv", b"a,b"),
    ]
    assert "huge.bin was not attached" in second.detail
    assert "gone.txt could not be attached" in second.detail


def test_a_sandbox_that_goes_away_behind_a_cell_takes_no_result_along() -> None:
    """An engine that ends before a file was fetched made an error of the code out of a cell that had run."""

    class Vanishing(ScriptedSandbox):
        def get_file(self, path: str) -> bytes:
            raise SandboxUnavailableError("Docker does not answer.", "Start it.")

    sandbox = Vanishing(ExecResult("ok", value="42", files=(DataFile("t.csv", 3),)))
    result = run(sandbox)
    assert (result.status, result.attachments) == ("ok", ())
    assert result.text.startswith("42\n")
    assert "Docker does not answer." in result.detail


def test_a_missing_sandbox_is_not_told_as_the_output_of_code() -> None:
    def no_sandbox() -> Sandbox:
        raise SandboxUnavailableError("Docker does not answer.", "Start it: systemctl start docker")

    with Dispatcher([PythonTool(no_sandbox)]) as dispatcher:
        result = dispatcher.run(call("1"))
    assert result.status == "unavailable"
    assert "not of the code" in result.text
    assert "systemctl" not in result.text
    assert "systemctl start docker" in result.detail


def test_a_session_that_somebody_closed_is_said_and_the_next_call_gets_a_new_one() -> None:
    sandboxes = [
        ScriptedSandbox(SandboxClosedError("gone")),
        ScriptedSandbox(ExecResult("ok", value="1")),
    ]
    opened = iter(sandboxes)
    with Dispatcher([PythonTool(lambda: next(opened))]) as dispatcher:
        lost = dispatcher.run(call("a"))
        assert (lost.status, "next call starts a new one" in lost.text) == ("unavailable", True)
        assert dispatcher.run(call("1")).text == "1"
    assert [sandbox.closed for sandbox in sandboxes] == [1, 1]


def test_a_sandbox_that_replaced_itself_keeps_the_session_and_its_files() -> None:
    """Opening another one would lose the files that the first has put back."""
    sandbox = ScriptedSandbox(
        ExecResult(
            "sandbox_lost", stdout="so far\n", message="The sandbox was restarted. 1 file restored."
        ),
        ExecResult("ok", value="1"),
    )
    with Dispatcher([PythonTool(lambda: sandbox)]) as dispatcher:
        lost = dispatcher.run(call("a"))
        assert (lost.status, lost.text) == (
            "unavailable",
            "so far\nThe sandbox was restarted. 1 file restored.",
        )
        assert sandbox.closed == 0
        assert dispatcher.run(call("1")).text == "1"


def test_a_sandbox_that_was_still_starting_when_the_tool_was_closed_is_not_left_behind() -> None:
    sandbox = ScriptedSandbox()

    def open_slowly() -> Sandbox:
        tool.close()
        return sandbox

    tool = PythonTool(open_slowly)
    assert Dispatcher([tool]).run(call("1")).status == "unavailable"
    assert sandbox.closed == 1


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("1 + 1", "1 + 1"),
        ("```python\n1 + 1\n```", "1 + 1"),
        ("\n```\na = 1\n\nb = 2\n```\n", "a = 1\n\nb = 2"),
        ("python\n1 + 1", "1 + 1"),
        ("python = 3\npython", "python = 3\npython"),
        ('print("```")', 'print("```")'),
        ("python", "python"),
    ],
)
def test_a_fence_around_code_is_taken_off(code: str, meant: str) -> None:
    assert without_fence(code) == meant

# ruff: noqa: T201 - the tools here print, that is the point

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_tools import (
    Attachment,
    Ctx,
    Dispatcher,
    Retry,
    Tool,
    ToolCall,
    ToolDefinitionError,
    ToolError,
    ToolOutput,
    ToolResult,
    tool,
)


@tool
def add(a: int, b: int = 2) -> int:
    """Add."""
    return a + b


def run(made: Tool, arguments: dict[str, Any] | None = None, **options: Any) -> ToolResult:
    with Dispatcher([made]) as dispatcher:
        return dispatcher.run(ToolCall("call-7", made.spec.name, arguments or {}, ""), **options)


@pytest.fixture
def released() -> Iterator[Event]:
    """Set at the end of the test, so that a tool that waits for it leaves no thread behind."""
    event = Event()
    yield event
    event.set()


def test_a_call_ends_as_the_result_that_answers_it() -> None:
    result = run(add, {"a": 1})
    assert (result.call_id, result.status, result.text, result.is_error) == (
        "call-7",
        "ok",
        "3",
        False,
    )
    assert result.duration_s > 0


def test_an_unknown_name_is_answered_with_the_names_that_are_there_nearest_first() -> None:
    tools = [Tool.from_schema(name, "", {}, print) for name in ("zip", "get_weather", "get_time")]
    with Dispatcher(tools) as dispatcher:
        for name in (
            "getweather",
            "GET_WEATHER",
            " get_weather\n",
            "__class__",
            "../x",
            "",
            "get_weаther",
        ):
            result = dispatcher.run(ToolCall("1", name, {}, ""))
            assert result.status == "invalid"
            assert "no tool" in result.text
            if "weather" in name.lower():
                assert result.text.index("'get_weather'") < result.text.index("'zip'")


def test_only_the_nearest_of_many_names_are_told() -> None:
    tools = [Tool.from_schema(f"tool_{number}", "", {}, print) for number in range(200)]
    with Dispatcher(tools) as dispatcher:
        text = dispatcher.run(ToolCall("1", "tool_7x", {}, "")).text
    assert "'tool_7'" in text
    assert len(text) < 400


def test_arguments_that_were_no_json_object_are_answered_with_problem_schema_and_text() -> None:
    with Dispatcher([add]) as dispatcher:
        for raw, problem in [
            ('{"a": 1', "Expecting"),
            ("[" * 100_000, "nested too deep"),
            ("[1]", "list"),
            ("{'a': 1}" + "x" * 5_000, "double quotes"),
        ]:
            result = dispatcher.run(ToolCall("1", "add", None, raw))
            assert result.status == "invalid"
            assert problem in result.text
            assert '"a":{"type":"integer"}' in result.text
            assert raw[:20] in result.text
            assert len(result.text) < 2_000


def test_a_tool_does_not_run_on_arguments_that_do_not_fit() -> None:
    ran = Event()

    @tool
    def note(text: str) -> None:
        ran.set()

    for arguments in ({}, {"text": 3}, {"text": "a", "more": 1}):
        result = run(note, arguments)
        assert result.status == "invalid"
        assert "was not run" in result.text
    assert not ran.is_set()


class BrokenError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such city"), "ValueError: no such city"),
        (KeyError("k"), "KeyError: 'k'"),
        (AssertionError(), "AssertionError"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (BrokenError(), "BrokenError: (its message cannot be read)"),
        (
            BaseExceptionGroup(
                "tasks", [ToolError("no city"), ExceptionGroup("", [OSError("no")])]
            ),
            "no city\nOSError: no",
        ),
        (ToolError("ask find_account first"), "ask find_account first"),
        (Retry("no account 'x'"), "no account 'x'\nCall {name!r} again."),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_whatever_a_tool_raises_becomes_an_observation(
    error: BaseException, text: str, is_async: bool
) -> None:
    def fail() -> None:
        raise error

    async def fail_async() -> None:
        raise error

    result = run(tool(fail_async) if is_async else tool(fail))
    name = "fail_async" if is_async else "fail"
    assert (result.status, result.text) == ("error", text.format(name=name))


def test_the_traceback_is_for_the_user_and_not_for_the_model() -> None:
    @tool
    def fail() -> None:
        print("about to fail")
        raise ValueError("no")

    result = run(fail)
    assert "Traceback" not in result.text
    assert result.detail.startswith("about to fail\nTraceback")
    assert "raise ValueError" in result.detail
    assert result.detail.count("File ") == 1  # our own frames would only bury the tool's


def test_what_a_tool_prints_goes_to_the_caller_and_not_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @tool
    def chatty() -> str:
        print("debug")
        return "value"

    @tool
    async def chatty_async() -> str:
        print("debug")
        return "value"

    for made in (chatty, chatty_async):
        printed: list[tuple[str, str]] = []
        result = run(made, on_output=lambda stream, text, to=printed: to.append((stream, text)))
        assert result.text == "value"
        assert "".join(text for _, text in printed) == "debug\n" == result.detail
    assert capsys.readouterr().out == ""


def test_a_tool_that_hangs_is_given_up_and_the_model_is_told_the_truth(released: Event) -> None:
    @tool(timeout_s=0.05)
    def hang() -> None:
        released.wait()

    result = run(hang)
    assert result.status == "timeout"
    assert "0.05 s" in result.text
    assert "may still be running" in result.text


def test_a_tool_that_listens_is_stopped_and_may_still_say_what_it_has() -> None:
    @tool(timeout_s=0.05)
    def count(ctx: Ctx[None]) -> str:
        ctx.cancelled.wait()
        return "counted to 7"

    assert (run(count).status, run(count).text) == ("ok", "counted to 7")


def test_a_tool_that_cancels_itself_has_failed() -> None:
    """One that sets its own `Ctx.cancelled` was taken for one that the dispatcher had stopped: AssertionError."""

    @tool
    async def give_up(ctx: Ctx[None]) -> None:
        ctx.cancelled.set()
        raise asyncio.CancelledError

    result = run(give_up)
    assert (result.status, result.text) == ("error", "CancelledError")


def test_an_async_tool_that_hangs_is_stopped() -> None:
    stopped = Event()

    @tool(timeout_s=0.05)
    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    result = run(hang)
    assert (result.status, result.text) == (
        "timeout",
        "'hang' ran past its limit of 0.05 s and was stopped.",
    )
    assert stopped.is_set()


def test_async_tools_share_one_loop_so_that_their_connections_stay_usable() -> None:
    loops = []

    @tool
    async def which() -> None:
        loops.append(asyncio.get_running_loop())

    with Dispatcher([which]) as dispatcher:
        for _ in range(3):
            dispatcher.run(ToolCall("1", "which", {}, ""))
    assert len(set(map(id, loops))) == 1


def test_an_async_tool_that_blocks_its_loop_does_not_block_the_next_call(released: Event) -> None:
    @tool(timeout_s=0.05)
    async def block() -> None:
        released.wait()

    @tool
    async def fine() -> str:
        return "fine"

    dispatcher = Dispatcher([block, fine])
    blocked = dispatcher.run(ToolCall("1", "block", {}, ""))
    assert (blocked.status, "may still be running" in blocked.text) == ("timeout", True)
    assert dispatcher.run(ToolCall("2", "fine", {}, "")).text == "fine"
    dispatcher.close()


def test_a_sync_function_that_returns_a_coroutine_is_awaited() -> None:
    async def later() -> str:
        return "came"

    @tool
    def start() -> object:
        return later()

    assert run(start).text == "came"


def test_the_users_cancellation_ends_the_call(released: Event) -> None:
    cancel = Event()

    @tool
    def hang() -> None:
        cancel.set()
        released.wait()

    result = run(hang, cancel=cancel)
    assert result.status == "cancelled"
    assert "may still be running" in result.text
    again = run(hang, cancel=cancel)
    assert (again.status, again.text) == (
        "cancelled",
        "The call was not run: the user cancelled it.",
    )


def test_ctrl_c_of_the_user_is_not_swallowed_and_the_tool_is_told() -> None:
    told = Event()

    @tool
    def wait(ctx: Ctx[None]) -> None:
        signal.raise_signal(signal.SIGINT)
        if ctx.cancelled.wait(30):
            told.set()

    # A test run that was started in the background may have been told to ignore it.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Dispatcher([wait]) as dispatcher:
            with pytest.raises(KeyboardInterrupt):
                dispatcher.run(ToolCall("1", "wait", {}, ""))
            assert told.wait(30)
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_tool_cannot_change_what_the_model_asked_for() -> None:
    @tool
    def spoil(values: list[Any]) -> str:
        values[0].append("spoilt")
        return "done"

    arguments: dict[str, Any] = {"values": [["as asked"]]}
    assert run(spoil, arguments).text == "done"
    assert arguments == {"values": [["as asked"]]}


def test_results_that_cannot_be_shown_say_that_the_tool_ran() -> None:
    @tool
    def lines() -> Iterator[str]:
        yield "a"

    result = run(lines)
    assert result.status == "error"
    assert "ran, but" in result.text
    assert "return a list" in result.text


def test_ten_megabytes_are_cut_and_nothing_is_lost() -> None:
    @tool
    def big() -> str:
        return "x" * 10_000_000

    result = run(big)
    assert len(result.text) < 17_000
    assert "9,984,000 of 10,000,000 characters left out" in result.text
    assert result.attachments[0].data == b"x" * 10_000_000
    with Dispatcher([big], limit_chars=None) as dispatcher:
        assert len(dispatcher.run(ToolCall("1", "big", {}, "")).text) == 10_000_000


def test_the_context_carries_dependencies_the_call_and_progress() -> None:
    shown = []

    @tool
    def pay(ctx: Ctx[dict[str, int]], to: str) -> int:
        ctx.on_output("stdout", f"{ctx.call.id}…")
        return ctx.deps[to]

    result = run(
        pay, {"to": "mei"}, deps={"mei": 12}, on_output=lambda stream, text: shown.append(text)
    )
    assert (result.text, shown) == ("12", ["call-7…"])


def test_a_tool_from_a_schema_gets_keywords_and_its_context() -> None:
    def send(ctx: Ctx[str], **fields: Any) -> str:
        return f"{ctx.deps} {json.dumps(fields, sort_keys=True)}"

    schema = {
        "type": "dict",
        "properties": {"class": {"type": "float"}, "from": {"type": "String"}},
    }
    made = Tool.from_schema("mail.send", "Send.", schema, send)
    assert (
        run(made, {"class": 1.5, "from": "me"}, deps="by").text == 'by {"class": 1.5, "from": "me"}'
    )
    assert run(made, {"class": "first"}).status == "invalid"
    assert any("'float'" in note for note in made.notes)


def test_a_tool_may_end_with_a_status_and_attachments_of_its_own() -> None:
    plot = Attachment("plot.png", "image/png", b"123")

    @tool
    def draw() -> ToolOutput:
        return ToolOutput.from_text("drawn", plot, status="unavailable", detail="why")

    result = run(draw)
    assert (result.status, result.text, result.attachments, result.detail) == (
        "unavailable",
        "drawn",
        (plot,),
        "why",
    )


def test_tools_that_cannot_stand_together_are_refused() -> None:
    class Bank:
        @tool
        def pay(self) -> None: ...

    with pytest.raises(ToolDefinitionError, match="Two tools are named 'add'"):
        Dispatcher([add, add])
    with pytest.raises(ToolDefinitionError, match=r"Bank\(\)\.pay|from an object"):
        Dispatcher([Bank.pay])
    assert run(Bank().pay).status == "ok"
    level = {
        "type": "object",
        "properties": {"v": {"type": "integer", "minimum": 5, "maximum": 3}},
        "required": ["v"],
    }
    with pytest.raises(ToolDefinitionError, match="nothing could be written under its schema"):
        Dispatcher([Tool.from_schema("level", "", level, print)])


def test_calls_may_run_side_by_side() -> None:
    meet = threading.Barrier(8, timeout=30)

    @tool
    def wait(number: int) -> int:
        meet.wait()
        print(number)
        return number

    with Dispatcher([wait]) as dispatcher:
        results: dict[int, ToolResult] = {}

        def call(number: int) -> None:
            results[number] = dispatcher.run(ToolCall(str(number), "wait", {"number": number}, ""))

        threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {(result.call_id, result.text, result.detail) for result in results.values()} == {
        (str(number), str(number), f"{number}\n") for number in range(8)
    }
    assert sys.stdout is not None


def awkward() -> st.SearchStrategy[Any]:
    huge = st.builds(lambda: 10**5_000)  # too long for `str`, for hypothesis' own too
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | huge
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=5,
    )


@settings(deadline=None)
@given(
    name=st.sampled_from(["order", "Order", "order\n", "", "__init__"]) | st.text(max_size=8),
    arguments=st.none()
    | st.dictionaries(st.sampled_from(["item", "count", "options", "x"]), awkward(), max_size=4),
    raw=st.text(max_size=20),
)
def test_any_call_ends_in_exactly_one_readable_result(
    name: str, arguments: dict[str, Any] | None, raw: str
) -> None:
    """The whole of what a model without a grammar may write: nothing raises, nothing is empty."""

    @tool
    def order(
        item: str, count: int = 1, options: dict[str, list[int]] | None = None
    ) -> dict[str, Any]:
        return {"item": item, "count": count, "options": options}

    with Dispatcher([order]) as dispatcher:
        result = dispatcher.run(ToolCall("9", name, arguments, raw))
    assert result.call_id == "9"
    assert result.status in ("ok", "invalid", "error")
    assert result.observations
    assert result.text.encode()
    if result.status == "ok":
        assert arguments is not None
        assert name == "order"

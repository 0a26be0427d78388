# ruff: noqa: T201 - the tools here print, that is the point

import asyncio
import io
import sys
import threading

import pytest

from glm_tools.stdout import catch_prints


def test_only_what_is_printed_in_the_context_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    """The program's other threads go on writing its answer while a tool prints."""
    before = sys.stdout
    caught: list[str] = []
    other_has_printed = threading.Event()
    tool_has_printed = threading.Event()

    def other() -> None:
        tool_has_printed.wait()
        print("answer")
        other_has_printed.set()

    thread = threading.Thread(target=other)
    thread.start()
    with catch_prints(caught.append):
        print("debug")
        tool_has_printed.set()
        other_has_printed.wait()
        asyncio.run(_print_in_a_task())
        sys.stdout.writelines(["a\n", "b\n"])
    thread.join()
    assert "".join(caught) == "debug\nfrom a task\na\nb\n"
    assert capsys.readouterr().out == "answer\n"
    assert sys.stdout is before


def test_a_stream_that_was_put_in_place_meanwhile_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with catch_prints(lambda text: None):
        mine = io.StringIO()
        monkeypatch.setattr(sys, "stdout", mine)
        print("mine")
    assert sys.stdout is mine
    assert mine.getvalue() == "mine\n"


def test_the_stand_in_behaves_as_the_stream_it_stands_for() -> None:
    real = sys.stdout
    with catch_prints(lambda text: None):
        assert (sys.stdout.encoding, sys.stdout.isatty()) == (real.encoding, real.isatty())
        sys.stdout.flush()


async def _print_in_a_task() -> None:
    async def say() -> None:
        print("from a task")

    await asyncio.create_task(say())

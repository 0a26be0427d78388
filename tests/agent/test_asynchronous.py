"""The same runs under asyncio: nothing blocks the loop, and leaving stops the run."""

import asyncio
import threading
from pathlib import Path

import pytest

from glm_agent.events import RunFinished, ToolStarted
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.function_tool import tool
from glm_tools.tool import Ctx


def test_arun_answers_and_the_event_loop_goes_on_meanwhile() -> None:
    release = threading.Event()

    @tool
    def wait() -> str:
        """Wait."""
        assert release.wait(60)
        return "released"

    async def main() -> str:
        agent = Agent(ScriptedModel([call("wait"), say("Done.")]), [wait])
        running = asyncio.ensure_future(agent.arun("?"))
        await asyncio.sleep(0)
        release.set()  # only a loop that is free gets here
        return (await running).answer

    assert asyncio.run(main()) == "Done."


def test_astream_has_the_events_of_stream() -> None:
    def model() -> ScriptedModel:
        return ScriptedModel([call("nothing"), say("Done.")])

    async def main() -> list[type]:
        return [type(event) async for event in Agent(model()).astream("?")]

    assert asyncio.run(main()) == [type(event) for event in Agent(model()).stream("?")]


def test_cancelling_the_task_stops_the_tool_and_leaves_a_run_that_can_be_resumed(
    tmp_path: Path,
) -> None:
    started, stopped = threading.Event(), threading.Event()

    @tool
    def wait(ctx: Ctx[None]) -> str:
        """Wait."""
        started.set()
        assert ctx.cancelled.wait(60)
        stopped.set()
        return "stopped"

    async def main(agent: Agent) -> None:
        async for event in agent.astream("?"):
            if isinstance(event, ToolStarted):
                assert await asyncio.to_thread(started.wait, 60)
                task = asyncio.current_task()
                assert task is not None
                task.cancel()

    journal = Journal(tmp_path / "sessions.sqlite3")
    agent = Agent(ScriptedModel([call("wait"), say("Done.")]), [wait], journal=journal)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main(agent))
    assert stopped.wait(60)
    (run,) = journal.newest_runs()
    assert run.finish_reason == "interrupted"
    with agent.session(run.session_id) as session:
        assert session.resume().answer == "Done."
    journal.close()


def test_an_error_comes_out_where_the_events_are_read() -> None:
    async def main() -> None:
        async for event in Agent(ScriptedModel([])).astream("?"):
            assert not isinstance(event, RunFinished)

    with pytest.raises(AssertionError, match="no reply"):
        asyncio.run(main())


def test_a_run_that_is_over_leaves_the_callers_flag_alone() -> None:
    """It was set at the end of each run: the next run with the same flag was interrupted before it began."""
    flag = threading.Event()
    agent = Agent(ScriptedModel([say("one"), say("two")]))

    async def main() -> list[str]:
        return [(await agent.arun("?", cancel=flag)).answer for _ in range(2)]

    assert asyncio.run(main()) == ["one", "two"]
    assert not flag.is_set()


def test_setting_the_callers_flag_stops_the_run() -> None:
    flag = threading.Event()
    flag.set()
    result = asyncio.run(Agent(ScriptedModel([])).arun("?", cancel=flag))
    assert result.finish_reason == "interrupted"

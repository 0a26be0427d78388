"""Runs of the demo model are reproduced token for token: called, sampled, typed, woken up."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from glm_agent.chat_model import ChatModel
from glm_agent.errors import ReplayMismatchError
from glm_agent.events import ToolFinished, TurnFinished
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.orchestrator import Agent
from glm_agent.recording import run_events
from glm_agent.sampling import Sampling
from glm_agent.verification import verify_run
from glm_tools.function_tool import tool

SAMPLED = Sampling(temperature=0.9, top_p=0.95, seed=11)
SCHEMA = {
    "type": "object",
    "properties": {"product": {"type": "integer"}},
    "required": ["product"],
    "additionalProperties": False,
}


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: first.
        b: second.
    """
    return a * b


@pytest.fixture(scope="module")
def journal(demo: ChatModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """Runs of several kinds, in sessions of these names."""
    journal = Journal(tmp_path_factory.mktemp("demo") / "sessions.sqlite3")
    limits = Limits(max_new_tokens=48)
    with Agent(demo, [multiply], limits=limits, journal=journal) as agent:
        with agent.session("called", warm_limit_bytes=1 << 28) as session:
            session.run("What is 37 * 43?")
        with agent.session("called", warm_limit_bytes=1 << 28) as session:  # woken up
            session.run("And what is 12 * 12?")
        with agent.session("typed") as session:
            session.run("What is 6 * 7?", output=SCHEMA)
    sampled = Limits(max_new_tokens=24)
    with (
        Agent(demo, limits=sampled, sampling=SAMPLED, journal=journal) as agent,
        agent.session("sampled") as session,
    ):
        session.run("Tell me about rain.")
    yield journal
    journal.close()


@pytest.mark.parametrize("name", ["called", "typed", "sampled"])
def test_runs_of_the_demo_model_are_reproduced(
    name: str, demo: ChatModel, journal: Journal
) -> None:
    session = journal.session(name)
    assert session is not None
    for run in journal.runs(session.id):
        _, events = run_events(journal, run.id)
        turns = sum(isinstance(event, TurnFinished) for event in events)
        assert verify_run(journal, run.id, demo) == turns > 0


def test_the_demo_models_runs_called_their_tool(journal: Journal) -> None:
    """Otherwise the recorded results were never fed back."""
    session = journal.session("called")
    assert session is not None
    for run in journal.runs(session.id):
        _, events = run_events(journal, run.id)
        assert any(isinstance(event, ToolFinished) for event in events)


def test_a_result_that_was_changed_in_the_journal_is_found_out(
    demo: ChatModel, journal: Journal
) -> None:
    """The prompt that followed it is rendered again from the result, and is another one."""
    session = journal.session("called")
    assert session is not None
    fork = journal.fork(session.id, runs=1)
    (run,) = journal.runs(fork.id)
    with closing(sqlite3.connect(journal.path)) as database, database:
        database.execute(
            "UPDATE events SET body = replace(body, '1591', '1592') WHERE run = ? AND type = 'tool.finished'",
            (run.id,),
        )
    with pytest.raises(ReplayMismatchError, match=r"Step 2, token [\d,]+ \(observation call_1\)"):
        verify_run(journal, run.id, demo)

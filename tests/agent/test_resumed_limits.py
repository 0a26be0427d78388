"""A run goes on with other limits and rules than it began with, and the journal says so."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest

from glm_agent.approval import Policy, Rule
from glm_agent.errors import ConfigurationError
from glm_agent.events import PromptRendered, RunResumed
from glm_agent.journal import Journal
from glm_agent.limits import ContextPolicy, Limits
from glm_agent.orchestrator import Agent
from glm_agent.recording import recorded_turns, run_events
from glm_agent.testing import Reply, ScriptedModel, call, code, say
from glm_sandbox import open_sandbox
from glm_tools.function_tool import tool
from glm_tools.python import PythonTool

FORCED = Reply(text="Forced.", name="look", arguments={"place": "x"}, raw="{}")


@tool
def look(place: str) -> str:
    """Look."""
    return f"nothing in {place}"


@tool(risky=True)
def pay(to: str) -> str:
    """Pay."""
    return f"paid {to}"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "sessions.sqlite3")
    yield journal
    journal.close()


def looks(number: int) -> list[Reply]:
    return [call("look", place=str(n)) for n in range(number)]


def test_a_run_that_was_out_of_steps_goes_on_with_more_and_its_forced_answer_is_taken_back(
    journal: Journal,
) -> None:
    first = ScriptedModel([*looks(2), FORCED])
    with Agent(first, [look], journal=journal, limits=Limits(max_steps=3)) as agent:
        stopped = agent.run("?")
    assert stopped.finish_reason == "max_steps"

    second = ScriptedModel([call("look", place="cellar"), say("In the cellar.")])
    with (
        Agent(second, [look], journal=journal) as agent,
        agent.session(stopped.session_id) as session,
    ):
        with pytest.raises(ConfigurationError, match="other limits"):
            session.resume()
        result = session.resume(limits=Limits(max_steps=6))
    assert (result.answer, result.finish_reason) == ("In the cellar.", "answer")
    assert [step.number for step in result.steps] == [1, 2, 3, 4]
    assert "Forced." not in "".join(text for _, text in second.conversations[0].messages)
    (resumed,) = [e for e in run_events(journal, result.run_id)[1] if isinstance(e, RunResumed)]
    assert resumed.limits == Limits(max_steps=6)
    turns = recorded_turns(*run_events(journal, result.run_id))
    assert [turn.step for turn in turns] == [1, 2, 3, 4], "the forced turn is no turn of the run"


def test_a_turn_that_was_taken_back_is_gone_in_the_same_process_too(journal: Journal) -> None:
    """The conversation is still in memory then, with the turn at its end."""
    model = ScriptedModel([*looks(1), FORCED, call("look", place="cellar"), say("In the cellar.")])
    with (
        Agent(model, [look], journal=journal, limits=Limits(max_steps=2)) as agent,
        agent.session() as session,
    ):
        assert session.run("?").finish_reason == "max_steps"
        assert session.resume(limits=Limits(max_steps=6)).answer == "In the cellar."
        assert session.state.history == list(model.conversations[0].segments)
    assert "Forced." not in "".join(text for _, text in model.conversations[0].messages)


def test_a_turn_that_was_cancelled_is_taken_again_in_the_same_process_too() -> None:
    cancel = Flag()
    model = ScriptedModel([say("Whole.")])
    with Agent(model) as agent, agent.session() as session:
        for event in session.stream("?", cancel=cancel):
            if isinstance(event, PromptRendered):
                cancel.set()  # in the middle of the turn
        assert session.state.finish == "interrupted"
        assert session.resume().answer == "Whole."
    assert [text for _, text in model.conversations[0].messages] == ["?", "Whole."]


def test_limits_hold_for_the_rest_of_the_run_over_another_process_too(journal: Journal) -> None:
    """They come from the journal, not from the agent that goes on with it."""
    with Agent(ScriptedModel([*looks(1), FORCED]), [look], journal=journal, limits=Limits(max_steps=2)) as agent:  # fmt: skip
        stopped = agent.run("?")
    with (
        Agent(ScriptedModel(looks(1)), [look], journal=journal) as agent,
        agent.session(stopped.session_id) as session,
    ):
        for event in session.stream_resumed(limits=Limits(max_steps=4)):
            if getattr(event, "step", 0) == 2:
                break  # the process ends here
    model = ScriptedModel([*looks(3)[1:], FORCED])
    with (
        Agent(model, [look], journal=journal, limits=Limits(max_steps=99)) as agent,
        agent.session(stopped.session_id) as session,
    ):
        assert session.state.limits.max_steps == 4
        result = session.resume()
    assert (result.finish_reason, len(result.steps)) == ("max_steps", 4)


@pytest.mark.parametrize("policy", ["elide", "summarise"])
def test_a_run_whose_window_was_full_goes_on_when_room_may_be_made(
    policy: ContextPolicy, journal: Journal
) -> None:
    @tool
    def fetch(number: int) -> str:
        """Fetch."""
        return f"{number}: " + "fact " * 60

    fetches = [call("fetch", number=number) for number in range(20)]
    full = Limits(max_steps=30, max_new_tokens=100, when_full="error")
    with Agent(ScriptedModel(list(fetches), context_length=2_500), [fetch], journal=journal, limits=full) as agent:  # fmt: skip
        stopped = agent.run("?")
    assert stopped.finish_reason == "context"
    done = len(stopped.steps)
    model = ScriptedModel([*([say("Summed up.")] if policy == "summarise" else []), *fetches[done : done + 2], say("Done.")], context_length=2_500)  # fmt: skip
    with (
        Agent(model, [fetch], journal=journal) as agent,
        agent.session(stopped.session_id) as session,
    ):
        room = Limits(max_steps=30, max_new_tokens=100, when_full=policy)
        result = session.resume(limits=room)
    assert (result.answer, result.finish_reason) == ("Done.", "answer")
    assert len(result.steps) == done + 3


def test_rules_given_with_the_resumption_go_before_the_policy_and_are_in_the_journal(
    journal: Journal,
) -> None:
    with Agent(ScriptedModel([call("pay", to="Mei")]), [pay], journal=journal) as agent:
        waiting = agent.run("Pay Mei, then Ann, then Mallory.")
    assert waiting.finish_reason == "needs_approval"
    model = ScriptedModel([call("pay", to="Ann"), call("pay", to="Mallory"), say("Done.")])
    rules = Policy().with_rules(["pay"], ["pay:to=Mal*"]).rules
    with (
        Agent(model, [pay], journal=journal) as agent,
        agent.session(waiting.session_id) as session,
    ):
        result = session.resume(decision="approved", rules=rules)
    assert [step.result.status for step in result.steps if step.result] == ["ok", "ok", "denied"]
    (resumed,) = [e for e in run_events(journal, result.run_id)[1] if isinstance(e, RunResumed)]
    assert resumed.rules == rules
    assert all(isinstance(rule, Rule) for rule in resumed.rules)


def test_rules_of_one_run_are_not_those_of_the_next(journal: Journal) -> None:
    model = ScriptedModel([call("pay", to="Mei"), say("Paid."), call("pay", to="Ann")])
    with Agent(model, [pay], journal=journal) as agent, agent.session() as session:
        session.run("Pay Mei.")
        assert session.resume(rules=Policy().with_rules(["pay"], []).rules).answer == "Paid."
        assert session.run("Pay Ann.").finish_reason == "needs_approval"


def test_after_a_wake_up_the_model_is_told_that_its_variables_are_gone(journal: Journal) -> None:
    def python() -> PythonTool:
        return PythonTool(lambda: open_sandbox("off"))

    again = [code("x"), say("Still 5.")]
    model = ScriptedModel([code("x = 5"), code("x"), say("5."), *again, *again])
    with Agent(model, [python()], journal=journal) as agent:
        with agent.session("s") as session:
            session.run("What is x?")
        with agent.session("s") as session:  # the same agent: its sandbox is still there
            still = session.run("And now?")
        fork = journal.fork(session.id)
        with agent.session(fork.id) as session:
            forked = session.run("And here?")
    for step in (*still.steps, *forked.steps):
        assert step.result is None or step.result.text == "5"
    model = ScriptedModel([code("x"), code("1 + 1"), say("I must set x again.")])
    with Agent(model, [python()], journal=journal) as agent, agent.session("s") as session:
        result = session.run("And in another process?")
    first, second = [step.result.text for step in result.steps if step.result]
    assert first.endswith("\n" + PythonTool.lost_state_note)
    assert "NameError" in first
    assert second == "2", "once is enough"
    assert "session is a new one" in model.conversations[0].messages[-4][1]


def test_a_cell_that_was_interrupted_by_the_end_of_the_program_says_so_too(
    journal: Journal,
) -> None:
    tools = [PythonTool(lambda: open_sandbox("off"))]
    with Agent(ScriptedModel([code("x = 5")]), tools, journal=journal) as agent:
        session = agent.session("s")
        for event in session.stream("?"):
            if type(event).__name__ == "ToolStarted":
                break
        session.close()
    model = ScriptedModel([say("Then again.")])
    tools = [PythonTool(lambda: open_sandbox("off"))]
    with Agent(model, tools, journal=journal) as agent, agent.session("s") as session:
        result = session.resume()
    assert result.steps[0].result is not None
    assert result.steps[0].result.status == "interrupted"
    assert result.steps[0].result.text.endswith(PythonTool.lost_state_note)

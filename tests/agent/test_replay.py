"""A recorded run can be done again, compared, exported and played without weights."""

import json
from pathlib import Path

import pytest

from glm_agent.errors import ReplayMismatchError
from glm_agent.events import PromptRendered, TurnFinished
from glm_agent.export import session_json, session_markdown, session_notebook
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.local_model import LocalModel
from glm_agent.orchestrator import Agent
from glm_agent.recording import compare_turns, first_difference, recorded_turns, run_events
from glm_agent.sampling import Sampling
from glm_agent.testing import ReplayModel, ScriptedModel, call, code, say
from glm_agent.verification import verify_run
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Segment
from glm_tools.function_tool import tool

TOKENIZER = tiny_tokenizer()
TASK = "Look, please."


@tool
def look(flag: bool) -> str:
    """Look.

    Args:
        flag: a flag.
    """
    return f"seen {flag}"


def tiny_model(seed: int = 0, context_length: int = 4096) -> LocalModel:
    engine = tiny_engine(seed, vocab_size=TOKENIZER.vocab_size, context_length=context_length)
    return LocalModel(engine, TOKENIZER, Glm4Dialect(TOKENIZER), name="tiny")


def recorded_run(journal: Journal, *, seed: int, model: LocalModel | None = None) -> str:
    """A run of a random network, in a session that it is the second run of."""
    with (
        Agent(
            model or tiny_model(),
            [look],
            limits=Limits(max_steps=4, max_new_tokens=64),
            sampling=Sampling(temperature=1.0, seed=seed),
            journal=journal,
        ) as agent,
        agent.session() as session,
    ):
        session.run("Hello.")
        return session.run(TASK).run_id


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "sessions.sqlite3")


def calls_of(journal: Journal, run_id: str) -> int:
    _, events = run_events(journal, run_id)
    return sum(isinstance(event, TurnFinished) and event.call is not None for event in events)


def test_runs_of_a_network_are_reproduced_token_for_token(journal: Journal) -> None:
    """Prompts are rendered again from the recorded results, and every id is sampled again."""
    runs = [recorded_run(journal, seed=seed) for seed in range(4)]
    assert sum(calls_of(journal, run) for run in runs) > 0, "no seed made a call"
    for run in runs:
        _, events = run_events(journal, run)
        turns = sum(isinstance(event, TurnFinished) for event in events)
        assert verify_run(journal, run, tiny_model()) == turns
    journal.close()


def test_a_run_that_went_on_with_other_limits_is_reproduced_as_it_went_on(journal: Journal) -> None:
    for seed in range(8):
        with (
            Agent(
                tiny_model(),
                [look],
                limits=Limits(max_steps=2, max_new_tokens=64),
                sampling=Sampling(temperature=1.0, seed=seed),
                journal=journal,
            ) as agent,
            agent.session() as session,
        ):
            result = session.run(TASK)
            if result.finish_reason != "max_steps":
                continue
            run = session.resume(limits=Limits(max_steps=4, max_new_tokens=64)).run_id
        turns = len(recorded_turns(*run_events(journal, run)))
        assert turns >= 2
        assert verify_run(journal, run, tiny_model()) == turns
        break
    else:
        pytest.fail("no seed made a call in its first step")
    journal.close()


def test_a_window_that_was_full_is_reproduced_too(journal: Journal) -> None:
    small = tiny_model(context_length=1500)
    run = recorded_run(journal, seed=3, model=small)
    assert verify_run(journal, run, tiny_model(context_length=1500)) > 0
    journal.close()


def test_other_weights_are_found_out_and_the_first_token_is_named(journal: Journal) -> None:
    run = recorded_run(journal, seed=1)
    with pytest.raises(ReplayMismatchError, match=r"Step 1, token [\d,]+ \(assistant\)"):
        verify_run(journal, run, tiny_model(seed=1))
    journal.close()


def test_what_explain_shows_is_what_was_forwarded(journal: Journal) -> None:
    model = tiny_model()
    with Agent(
        model, [look], limits=Limits(max_steps=4, max_new_tokens=32), journal=journal,
        sampling=Sampling(1.0, seed=5),
    ) as agent, agent.session() as session:  # fmt: skip
        run = session.run(TASK).run_id
        assert session._conversation is not None
        forwarded = list(session._conversation.session.token_ids)  # type: ignore[attr-defined]
    last = recorded_turns(*run_events(journal, run))[-1]
    prompt = [token_id for segment in last.prompt for token_id in segment.token_ids]
    assert [*prompt, *last.token_ids] == forwarded
    journal.close()


def test_two_runs_are_compared_by_their_first_token_that_differs(journal: Journal) -> None:
    def run(answer: str) -> str:
        return Agent(ScriptedModel([say(answer)]), journal=journal).run("?").run_id

    def turns(run_id: str) -> list[object]:
        return list(recorded_turns(*run_events(journal, run_id)))

    one, same, other = run("The cat."), run("The cat."), run("The dog.")
    assert compare_turns(turns(one), turns(same)) is None  # type: ignore[arg-type]
    found = compare_turns(turns(one), turns(other))  # type: ignore[arg-type]
    assert found is not None
    step, difference = found
    assert difference is not None
    assert (step, difference.position, difference.label) == (1, len("?>The "), "assistant")
    assert (difference.left, difference.right) == (ord("c"), ord("d"))
    journal.close()


def test_sequences_are_compared_by_ids_however_they_are_cut() -> None:
    whole = [Segment("a", (1, 2, 3, 4))]
    assert first_difference(whole, [Segment("x", (1,)), Segment("y", (2, 3, 4))]) is None
    found = first_difference(whole, [Segment("x", (1, 2))])
    assert found is not None
    assert (found.position, found.left, found.right) == (2, 3, None)


def exported(journal: Journal, folder: Path) -> Path:
    model = ScriptedModel([call("look", flag=True), say("I saw it.")])
    with Agent(model, [look], journal=journal) as agent, agent.session("kept") as session:
        session.run(TASK)
    info = journal.session("kept")
    assert info is not None
    path = folder / "kept.json"
    path.write_text(json.dumps(session_json(journal, info)), encoding="utf-8")
    return path


def test_a_recorded_run_is_a_regression_test(journal: Journal, tmp_path: Path) -> None:
    path = exported(journal, tmp_path)
    journal.close()
    model = ReplayModel.load(path)
    result = Agent(model, [look]).run(model.prompt)
    assert (result.answer, model.answer, model.is_done) == ("I saw it.", "I saw it.", True)

    @tool(name="look")
    def changed(flag: bool) -> str:
        """Look."""
        return "seen nothing"

    with pytest.raises(ReplayMismatchError, match="'seen True', and now it is 'seen nothing'"):
        Agent(ReplayModel.load(path), [changed]).run(TASK)


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="no exported session"):
        ReplayModel.load(path)


@pytest.mark.parametrize("run", [0, 7, None])
def test_a_run_that_is_not_there_or_did_not_end_is_not_played(
    journal: Journal, tmp_path: Path, run: int | None
) -> None:
    """It was a StopIteration or an IndexError without a word."""
    with Agent(ScriptedModel([say("never said")]), journal=journal).session("cut") as session:
        next(iter(session.stream("?")))
    path = tmp_path / "cut.json"
    info = journal.session("cut")
    assert info is not None
    path.write_text(json.dumps(session_json(journal, info)), encoding="utf-8")
    with pytest.raises(ValueError, match="came to its end"):
        ReplayModel.load(path, run)


def test_markdown_cannot_be_broken_by_what_was_said(journal: Journal) -> None:
    @tool
    def fence() -> str:
        """Fence."""
        return "```\n# not a heading\n````"

    model = ScriptedModel([call("fence"), say("Done.")])
    with Agent(model, [fence], journal=journal) as agent, agent.session("m") as session:
        session.run("Fences?")
    info = journal.session("m")
    assert info is not None
    text = session_markdown(journal, info)
    assert "`````text\n```\n# not a heading\n````\n`````" in text
    journal.close()


def test_a_notebook_has_the_code_that_ran_as_cells(journal: Journal) -> None:
    @tool(name="python")
    def python(code: str) -> str:
        """Python."""
        return "1591"

    model = ScriptedModel([code("print(37 * 43)"), say("1591.")])
    with Agent(model, [python], journal=journal) as agent, agent.session("n") as session:
        session.run("37 * 43?")
    info = journal.session("n")
    assert info is not None
    notebook = session_notebook(journal, info)
    (cell,) = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert (cell["source"], cell["outputs"][0]["text"]) == ("print(37 * 43)", "1591")
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    journal.close()


def test_a_prompt_is_recorded_before_the_model_reads_it(journal: Journal) -> None:
    stream = Agent(ScriptedModel([say("x")]), journal=journal).stream("?")
    for event in stream:
        if isinstance(event, PromptRendered):
            break
    (run,) = journal.newest_runs()
    assert [type(entry.event) for entry in journal.events(run.id)][-1] is PromptRendered
    journal.close()

"""A session that is kept warm goes on in another process without computing anything old again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from glm_agent.errors import ConfigurationError, WarmFileError
from glm_agent.events import Event, PromptRendered, RunFinished, RunResult, SessionWoken
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.local_model import LocalModel
from glm_agent.orchestrator import Agent
from glm_agent.sampling import Sampling
from glm_agent.session import Session
from glm_agent.state import count_tokens
from glm_agent.testing import ScriptedModel, say
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_prompts.glm4 import Glm4Dialect
from glm_tools.function_tool import tool

TOKENIZER = tiny_tokenizer()
MIB = 1 << 20
LIMITS = Limits(max_steps=3, max_new_tokens=24)


@tool
def look(flag: bool) -> str:
    """Look."""
    return f"seen {flag}"


def tiny_model(seed: int = 0) -> LocalModel:
    """As a new process loads it: nothing is computed."""
    engine = tiny_engine(seed, vocab_size=TOKENIZER.vocab_size, context_length=4096)
    return LocalModel(engine, TOKENIZER, Glm4Dialect(TOKENIZER), name="tiny")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "sessions.sqlite3")
    yield journal
    journal.close()


def agent_over(journal: Journal, model: LocalModel) -> Agent:
    return Agent(
        model, [look], limits=LIMITS, journal=journal, sampling=Sampling(temperature=1.0, seed=3)
    )


def say_in(
    session: Session, text: str
) -> tuple[RunResult, list[SessionWoken], list[PromptRendered]]:
    """Run; the result, and what was told of waking and of prompts."""
    events: list[Event] = list(session.stream(text))
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    return (
        finished.result,
        [event for event in events if isinstance(event, SessionWoken)],
        [event for event in events if isinstance(event, PromptRendered)],
    )


def kept_session(journal: Journal, name: str = "s", limit_bytes: int = MIB) -> int:
    """A session of one run, kept warm; its tokens."""
    with (
        agent_over(journal, tiny_model()) as agent,
        agent.session(name, warm_limit_bytes=limit_bytes) as session,
    ):
        session.run("What is there?")
        return session.num_tokens


def test_nothing_old_is_forwarded_when_a_warm_session_wakes_up(journal: Journal) -> None:
    """Counted at the model: the prompt's new tokens, and the last one written, of which no keys were needed before."""
    old = kept_session(journal)
    model = tiny_model()
    with agent_over(journal, model) as agent, agent.session("s", warm_limit_bytes=MIB) as session:
        result, (woken,), prompts = say_in(session, "And now?")
    forwarded = model.engine.decoder.tokens_forwarded
    written = sum(step.usage.generated_tokens for step in result.steps)
    added = sum(count_tokens(prompt.segments) for prompt in prompts)
    assert old - 2 <= woken.reused_tokens <= old
    assert woken.reason == ""
    assert forwarded <= added + written + old - woken.reused_tokens
    assert forwarded < old, "less than all that was said before"
    assert result.steps[0].usage.reused_tokens == woken.reused_tokens


def test_warm_and_cold_the_session_goes_on_with_the_same_tokens(journal: Journal) -> None:
    kept_session(journal)
    fork = journal.fork(journal.sessions()[0].id, name="cold")
    histories = []
    for name, limit_bytes in (("s", MIB), (fork.id, None)):
        with (
            agent_over(journal, tiny_model()) as agent,
            agent.session(name, warm_limit_bytes=limit_bytes) as session,
        ):
            session.run("And now?")
            histories.append(session.state.history)
    assert histories[0] == histories[1]


def test_a_fork_wakes_up_with_what_was_kept_of_its_parent(journal: Journal) -> None:
    kept_session(journal)
    fork = journal.fork(journal.sessions()[0].id, name="branch")
    with (
        agent_over(journal, tiny_model()) as agent,
        agent.session(fork.id, warm_limit_bytes=MIB) as session,
    ):
        _, (woken,), _ = say_in(session, "Another way?")
    assert woken.reused_tokens > 0


def test_other_weights_wake_up_cold_and_the_journal_says_why(journal: Journal) -> None:
    kept_session(journal)
    with (
        agent_over(journal, tiny_model(seed=1)) as agent,
        agent.session("s", warm_limit_bytes=MIB) as session,
    ):
        result, (woken,), _ = say_in(session, "And now?")
    assert woken.reused_tokens == 0
    assert "probe" in woken.reason
    assert result.steps[0].usage.reused_tokens == 0
    assert woken in [entry.event for entry in journal.events(result.run_id)]


def test_a_damaged_file_costs_time_and_nothing_else(journal: Journal) -> None:
    kept_session(journal)
    (file,) = journal.warm_folder.iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with (
        agent_over(journal, tiny_model()) as agent,
        agent.session("s", warm_limit_bytes=MIB) as session,
    ):
        _, (woken,), _ = say_in(session, "And now?")
    assert (woken.reused_tokens, "checksum" in woken.reason.lower()) == (0, True), woken.reason
    with (
        agent_over(journal, tiny_model()) as agent,
        agent.session("s", warm_limit_bytes=MIB) as session,
    ):
        assert say_in(session, "And again?")[1][0].reused_tokens > 0, "it was written anew"


def test_the_files_of_all_sessions_have_a_bound_and_the_oldest_goes(journal: Journal) -> None:
    kept_session(journal, "first")
    (file,) = journal.warm_folder.iterdir()
    limit_bytes = int(file.stat().st_size * 2.5)
    for name in ("second", "third", "fourth"):
        kept_session(journal, name, limit_bytes)
    ids = {name: session.id for name in ("first", "second", "third", "fourth") if (session := journal.session(name))}  # fmt: skip
    files = {path.stem for path in journal.warm_folder.iterdir()}
    assert files == {ids["third"], ids["fourth"]}
    assert sum(path.stat().st_size for path in journal.warm_folder.iterdir()) <= limit_bytes


def test_a_file_that_another_process_deletes_meanwhile_is_no_failure(journal: Journal) -> None:
    """Between listing the folder and looking at a file; a link to nowhere stands for it."""
    journal.warm_folder.mkdir()
    (journal.warm_folder / "gone.kv").symlink_to("nowhere")
    assert kept_session(journal) > 0


def test_of_a_session_larger_than_the_bound_the_beginning_is_kept(journal: Journal) -> None:
    old = kept_session(journal)
    (file,) = journal.warm_folder.iterdir()
    whole_bytes = file.stat().st_size
    file.unlink()
    kept_session(journal, "half", whole_bytes * 2 // 3)
    with (
        agent_over(journal, tiny_model()) as agent,
        agent.session("half", warm_limit_bytes=MIB) as session,
    ):
        _, (woken,), _ = say_in(session, "And now?")
    assert 0 < woken.reused_tokens < old


def test_nothing_is_kept_unasked_and_what_was_kept_goes_with_its_session(journal: Journal) -> None:
    with agent_over(journal, tiny_model()) as agent, agent.session("s") as session:
        session.run("?")
    assert not journal.warm_folder.exists()
    kept_session(journal, "warm")
    warm = journal.session("warm")
    assert warm is not None
    journal.remove(warm.id)
    assert list(journal.warm_folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_and_the_session_is_free_again(
    journal: Journal,
) -> None:
    journal.warm_folder.write_text("in the way", encoding="utf-8")
    with agent_over(journal, tiny_model()) as agent:
        session = agent.session("s", warm_limit_bytes=MIB)
        session.run("?")
        with pytest.raises(WarmFileError, match="cannot be kept"):
            session.close()
        session.close()
        with agent.session("s") as again:
            assert again.state.finish is not None


def test_a_model_that_computes_nothing_says_so_and_a_journal_is_needed(journal: Journal) -> None:
    for expected in ([], ["this model computes nothing that could be kept"]):
        with (
            Agent(ScriptedModel([say("a")]), journal=journal) as agent,
            agent.session("s", warm_limit_bytes=MIB) as session,
        ):
            assert [woken.reason for woken in say_in(session, "?")[1]] == expected
    with pytest.raises(ConfigurationError, match="journal"):
        Agent(ScriptedModel([])).session(warm_limit_bytes=MIB)

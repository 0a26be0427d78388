"""`glm-agent explain` shows the ids that really went through the network, and names where a prefix ended and why."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from glm_agent.cli.explain import explain
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.local_model import LocalModel
from glm_agent.models import load_model
from glm_agent.orchestrator import Agent
from glm_agent.storage import journal_path
from glm_engine.kv_cache import KVCache
from glm_tools.function_tool import tool

WINDOW = 200


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: first.
        b: second.
    """
    return a * b


class Forwarded:
    """What the network was given, as the sequence that its cache then stood for."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def watch(self, model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
        forward = model.engine.decoder.forward

        def watched(token_ids: torch.Tensor, cache: KVCache, **options: object) -> torch.Tensor:
            self.ids = [*self.ids[: cache.length], *token_ids.tolist()]
            return forward(token_ids, cache, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(model.engine.decoder, "forward", watched)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """The journal that the command reads."""
    monkeypatch.setenv("GLM_AGENT_HOME", str(tmp_path))
    journal = Journal(journal_path())
    yield journal
    journal.close()


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the command prints."""

    def run(run_id: str, *, step: int | None = None, diff: bool = False, ids: bool = False) -> str:
        capsys.readouterr()
        explain(run_id, step=step, diff=diff, ids=ids)
        return capsys.readouterr().out

    return run


def shown_ids(text: str) -> list[int]:
    """The ids of a turn, from the lines below its segments."""
    return [int(word) for line in re.findall(r"^ {10}((?:\d+ ?)+)$", text, re.MULTILINE) for word in line.split()]  # fmt: skip


def test_the_ids_that_are_shown_are_those_that_went_through_the_network(
    journal: Journal, explained: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted at the network itself, in every turn; only the token written last need not have been read."""
    model = load_model("demo")
    assert isinstance(model, LocalModel)
    model.engine.drafting = False  # a wrong guess goes through the network, but is not read
    forwarded = Forwarded()
    forwarded.watch(model, monkeypatch)
    with Agent(model, [multiply], journal=journal) as agent, agent.session() as session:
        result = session.run("What is 37 * 43?")
    assert len(result.steps) > 1, "the demo model made no call"
    for step in result.steps:
        shown = shown_ids(explained(result.run_id, step=step.number, ids=True))
        count = len(shown) if step.call is not None else len(shown) - 1
        assert shown[:count] == forwarded.ids[:count]
    assert len(forwarded.ids) in (len(shown) - 1, len(shown))
    text = explained(result.run_id, step=1)
    total = sum(int(n) for n in re.findall(r"^ +(\d+)  (?!\(written)", text, re.MULTILINE))
    assert f"── step 1: {total} tokens read" in text
    price = agent.model.count_tokens("multiply")
    (shown_price,) = re.findall(r"tool multiply: (\d+) tokens", text)
    assert int(shown_price) > price


def test_where_a_prefix_ends_and_why_is_said_with_the_very_tokens(
    journal: Journal, explained: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions that fill the window, until the oldest make room."""
    model = load_model("demo", context_length=WINDOW)
    assert isinstance(model, LocalModel)
    forwarded = Forwarded()
    forwarded.watch(model, monkeypatch)
    limits = Limits(max_new_tokens=4, when_full="elide")
    before: list[list[int]] = []
    with Agent(model, limits=limits, journal=journal) as agent, agent.session() as session:
        runs = []
        for number in range(4):
            runs.append(session.run(f"Question {number}: " + "which of these words? " * 10).run_id)
            before.append(list(forwarded.ids))
    found = 0
    for number, run_id in enumerate(runs):
        text = explained(run_id, diff=True)
        line = re.search(
            r"the prefix ends at token ([\d,]+), in '(.+)': (.+); (\d+) was there, (\d+) is", text
        )
        if line is None:
            assert number == 0 or before[number][: len(before[number - 1])] == before[number - 1]
            continue
        found += 1
        position, reason = int(line[1].replace(",", "")), line[3]
        assert reason == "room was made (elide)"
        old, new = before[number - 1], before[number]
        assert old[:position] == new[:position]
        assert (old[position], new[position]) == (int(line[4]), int(line[5]))
        assert line[2] == "user"
    assert found > 0, "the window was never full"


def test_what_another_process_had_computed_is_named_as_computed_again(
    journal: Journal, explained: Callable[..., str]
) -> None:
    for expected in (False, True):
        with (
            Agent(load_model("demo"), limits=Limits(max_new_tokens=3), journal=journal) as agent,
            agent.session("s") as session,
        ):
            text = explained(session.run("Say something.").run_id)
        assert ("known tokens were computed again" in text) is expected

"""A batch that is fed bad lines, stopped and gone on with."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from glm_agent.batch import read_tasks, run_batch
from glm_agent.errors import ConfigurationError
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, say


def write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return path


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def agent_saying(*texts: str) -> Agent:
    return Agent(ScriptedModel([say(text) for text in texts]))


def test_every_line_has_its_record_in_order_and_a_bad_one_stops_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        '"one"\n{oops\n\n{"prompt": 3}\n{"prompt": "two", "id": "b"}\n{"prompt": " "}\n',
        encoding="utf-8",
    )
    with agent_saying("first", "second") as agent:
        tally = run_batch(agent, read_tasks(source), tmp_path / "out.jsonl")
    found = records(tmp_path / "out.jsonl")
    assert [(one["id"], one["answer"]) for one in found] == [
        (1, "first"),
        (2, None),
        (4, None),
        ("b", "second"),
        (6, None),
    ]
    assert (tally.answered, tally.failed) == (2, 3)
    assert all(one["problem"] for one in found if one["finish_reason"] == "invalid")


def test_a_batch_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    """Nothing is done twice, nothing is left out, and the file is what it would have been."""
    tasks = read_tasks(write(tmp_path / "in.jsonl", "one", "two", "three"))
    output = tmp_path / "out.jsonl"
    stop = threading.Event()
    with agent_saying("first") as agent:
        tally = run_batch(agent, tasks, output, cancel=stop, on_done=lambda done, total: stop.set())
    assert tally.is_interrupted
    assert [one["answer"] for one in records(output)] == ["first"]
    with agent_saying("second", "third") as agent:
        tally = run_batch(agent, tasks, output, resume=True)
    assert (tally.kept, tally.answered) == (1, 2)
    assert [one["answer"] for one in records(output)] == ["first", "second", "third"]


def test_a_line_that_a_kill_left_half_written_is_done_again(tmp_path: Path) -> None:
    tasks = read_tasks(write(tmp_path / "in.jsonl", "one", "two"))
    output = tmp_path / "out.jsonl"
    with agent_saying("first", "second") as agent:
        run_batch(agent, tasks, output)
    whole = output.read_bytes()
    second = whole.index(b"\n") + 1
    for length in (second + 1, len(whole) - 1):
        output.write_bytes(whole[:length])
        with agent_saying("again") as agent:
            run_batch(agent, tasks, output, resume=True)
        assert [one["answer"] for one in records(output)] == ["first", "again"]


def test_a_task_whose_words_have_changed_is_done_again(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with agent_saying("old") as agent:
        run_batch(agent, read_tasks(write(tmp_path / "in.jsonl", "one")), output)
    with agent_saying("new") as agent:
        run_batch(agent, read_tasks(write(tmp_path / "in.jsonl", "another")), output, resume=True)
    assert [one["answer"] for one in records(output)] == ["old", "new"]


def test_an_output_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    tasks = read_tasks(write(tmp_path / "in.jsonl", "one"))
    (tmp_path / "out.jsonl").write_text("precious\n", encoding="utf-8")
    with agent_saying() as agent:
        with pytest.raises(ConfigurationError, match="--resume"):
            run_batch(agent, tasks, tmp_path / "out.jsonl")
        with pytest.raises(ConfigurationError, match="no output of a batch"):
            run_batch(agent, tasks, tmp_path / "out.jsonl", resume=True)
        with pytest.raises(ConfigurationError, match="nowhere"):
            run_batch(agent, tasks, tmp_path / "nowhere" / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "precious\n"


def test_two_lines_of_one_id_are_refused_before_anything_runs(tmp_path: Path) -> None:
    lines = ({"id": "a", "prompt": "x"}, {"id": "a", "prompt": "y"})
    with pytest.raises(ConfigurationError, match="lines 1 and 2"):
        read_tasks(write(tmp_path / "in.jsonl", *lines))

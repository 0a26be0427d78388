"""A batch that is fed bad lines, stopped and gone on with."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from glm_agent.batch import read_tasks, run_batch
from glm_agent.chat_model import ModelEvent, TurnOptions
from glm_agent.cli.batching import BatchRequest, run_tasks
from glm_agent.cli.opening import AgentOpening, AgentRequest, find_session
from glm_agent.cli.terminal import Terminal
from glm_agent.errors import ConfigurationError, JournalError
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.output_type import OutputType
from glm_agent.shared_model import SharedModel
from glm_agent.testing import Reply, ScriptedConversation, ScriptedModel, call, say
from glm_prompts.messages import Segment
from glm_tools.function_tool import tool
from glm_tools.tool import ToolSpec


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


@pytest.mark.parametrize(
    "text",
    [
        '{"shopping": ["tea", "rice"]}',
        "one line of notes, and no newline",
        '{"id": 1, "prompt": "one"}',
        '{"id": 1, "prompt": "one"}\n',
        '{"id": [], "prompt": "one", "finish_reason": "answer"}\n',
    ],
)
def test_a_file_that_is_no_output_of_a_batch_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    """`--resume` with the name of another file cut off its last line, or all of it, and a file of tasks was done."""
    tasks = read_tasks(write(tmp_path / "in.jsonl", "one"))
    output = tmp_path / "out.jsonl"
    output.write_text(text, encoding="utf-8")
    with agent_saying() as agent, pytest.raises(ConfigurationError, match="no output of a batch"):
        run_batch(agent, tasks, output, resume=True)
    assert output.read_text(encoding="utf-8") == text


def test_an_output_that_is_there_is_told_before_a_model_is_looked_for(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.touch()
    request = BatchRequest(
        write(tmp_path / "in.jsonl", "one"), output, AgentRequest(model=str(tmp_path / "none"))
    )
    with pytest.raises(ConfigurationError, match="--resume"):
        run_tasks(request)


def test_two_lines_of_one_id_are_refused_before_anything_runs(tmp_path: Path) -> None:
    lines = ({"id": "a", "prompt": "x"}, {"id": "a", "prompt": "y"})
    with pytest.raises(ConfigurationError, match="lines 1 and 2"):
        read_tasks(write(tmp_path / "in.jsonl", *lines))


class Conversations(ScriptedModel):
    """Says the same script in each conversation."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__([])
        self._script = replies

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> ScriptedConversation:
        replies = list(self._script)
        return ScriptedConversation(
            lambda: replies.pop(0), self.context_length, system, tools, history
        )


def test_tool_calls_of_several_jobs_overlap(tmp_path: Path) -> None:
    """With fewer than three calls under way at once the barrier breaks, and no task is done in two steps."""
    barrier = threading.Barrier(3, timeout=60)

    @tool
    def meet() -> str:
        """Wait for the others."""
        barrier.wait()
        return "met"

    model = SharedModel(Conversations(call("meet"), say("done")))
    agents = [Agent(model, [meet]) for _ in range(3)]
    tasks = read_tasks(write(tmp_path / "in.jsonl", *"abcdef"))
    tally = run_batch(agents, tasks, tmp_path / "out.jsonl")
    assert tally.answered == 6
    found = records(tmp_path / "out.jsonl")
    assert [(one["prompt"], one["steps"]) for one in found] == [(name, 2) for name in "abcdef"]
    assert not barrier.broken


def test_the_one_model_takes_one_turn_at_a_time() -> None:
    """The first turn waits a moment for a second one to begin beside it, which must not happen."""
    second_began = threading.Event()
    log: list[str] = []

    class Logged(ScriptedConversation):
        def respond(
            self, options: TurnOptions, cancel: threading.Event | None = None
        ) -> Iterator[ModelEvent]:
            log.append(f"{options.call_id} begins")
            if options.call_id == "first":
                second.start()
                second_began.wait(0.2)
            else:
                second_began.set()
            yield from super().respond(options, cancel)
            log.append(f"{options.call_id} ends")

    class Model(ScriptedModel):
        def open(
            self,
            system: str | None,
            tools: Sequence[ToolSpec],
            history: Sequence[Segment] | None = None,
        ) -> ScriptedConversation:
            return Logged(self.next_reply, self.context_length, system, tools, history)

    model = SharedModel(Model([say("a"), say("b")]))

    def take_turn(name: str) -> None:
        list(model.open(None, []).respond(TurnOptions(name)))

    second = threading.Thread(target=take_turn, args=("second",))
    take_turn("first")
    second.join(60)
    assert log == ["first begins", "first ends", "second begins", "second ends"]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_slow_task_holds_back_the_lines_of_others_only_where_order_is_wanted(
    tmp_path: Path, ordered: bool
) -> None:
    """The slow one goes on only when the quick one is done: in order its line is the first all the same."""
    quick_is_done = threading.Event()

    @tool
    def wait_for_quick() -> str:
        """Wait."""
        return str(quick_is_done.wait(60))

    @tool
    def tell() -> None:
        """Say that the quick one is here."""
        if ordered:
            quick_is_done.set()

    slow = Agent(ScriptedModel([call("wait_for_quick"), say("slow")]), [wait_for_quick])
    quick = Agent(ScriptedModel([call("tell"), say("quick")]), [tell])
    tasks = read_tasks(write(tmp_path / "in.jsonl", "slow", "quick"))
    output = tmp_path / "out.jsonl"
    with slow, quick:
        run_batch(
            [slow, quick],
            tasks,
            output,
            ordered=ordered,
            on_done=lambda done, total: quick_is_done.set(),
        )
    answers = [one["answer"] for one in records(output)]
    assert answers == (["slow", "quick"] if ordered else ["quick", "slow"])


def test_answers_of_a_type_stand_in_their_lines_and_a_wrong_one_counts_as_failed(
    tmp_path: Path,
) -> None:
    tasks = read_tasks(write(tmp_path / "in.jsonl", "one", "two"))
    with agent_saying("7", "x", "y") as agent:
        tally = run_batch(agent, tasks, tmp_path / "out.jsonl", output_type=OutputType(int))
    first, second = records(tmp_path / "out.jsonl")
    assert (first["output"], second["output"]) == (7, None)
    assert second["finish_reason"] == "invalid_output"
    assert "not JSON" in second["problem"]
    assert (tally.answered, tally.failed) == (1, 1)


def test_what_one_job_cannot_record_stops_the_others_and_keeps_their_lines(tmp_path: Path) -> None:
    """A full disk, say: no further task begins, and the error comes up."""
    has_failed = threading.Event()

    class Broken(ScriptedModel):
        def next_reply(self) -> Reply:
            has_failed.set()
            raise JournalError(Path("journal.db"), "the disk is full")

    class Slower(ScriptedModel):
        def next_reply(self) -> Reply:
            assert has_failed.wait(60)
            return super().next_reply()

    tasks = read_tasks(write(tmp_path / "in.jsonl", "one", "two", "three"))
    with (
        Agent(Slower([say("first")])) as good,
        Agent(Broken([])) as bad,
        pytest.raises(JournalError, match="full"),
    ):
        run_batch([good, bad], tasks, tmp_path / "out.jsonl")
    assert [one["answer"] for one in records(tmp_path / "out.jsonl")] in ([], ["first"])


def test_a_batch_of_two_jobs_on_the_demo_model_is_interrupted_and_goes_on(tmp_path: Path) -> None:
    """Ctrl-C once: exit 130, whole lines only; --resume does the rest, and each task has one line."""
    prompts = [f"Say {word}." for word in ("red", "blue", "green", "grey", "pink", "brown")]
    write(tmp_path / "in.jsonl", *prompts)
    output = tmp_path / "out.jsonl"
    command = [
        *(sys.executable, "-m", "glm_agent", "batch", "in.jsonl", "-o", "out.jsonl"),
        *("--model", "demo", "--no-tools", "--jobs", "2", "--max-new-tokens", "40", "--resume"),
    ]
    environment = {**os.environ, "GLM_AGENT_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        while process.poll() is None and not (output.exists() and output.read_bytes()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "--resume" in said
    done = len(records(output))
    assert 1 <= done < len(prompts)
    subprocess.run(command, cwd=tmp_path, env=environment, check=False, timeout=280)
    assert [one["prompt"] for one in records(output)] == prompts


def test_what_is_no_text_and_what_is_nested_without_end_stop_nothing(tmp_path: Path) -> None:
    """Half a surrogate pair had no UTF-8, and the batch died; a bad line's number was taken for an id of its own."""
    source = tmp_path / "in.jsonl"
    nested = "[" * 100_000
    source.write_text(f'{{"prompt": "a\\ud800", "id": 2}}\n{nested}\n', encoding="utf-8")
    with agent_saying("first") as agent:
        tally = run_batch(agent, read_tasks(source), tmp_path / "out.jsonl")
        assert (tally.answered, tally.failed) == (1, 1)
        tally = run_batch(agent, read_tasks(source), tmp_path / "out.jsonl", resume=True)
    assert tally.kept == 2
    assert [one["prompt"] for one in records(tmp_path / "out.jsonl")] == ["a\ud800", ""]


def test_the_run_of_a_batch_can_be_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`glm-agent resume RUN` opened the run of a batch with the default tools and was refused."""
    monkeypatch.setenv("GLM_AGENT_HOME", str(tmp_path))
    request = AgentRequest(model="scripted", tools=(), system="Be brief.")
    journal = Journal(tmp_path / "sessions.sqlite3")
    source = write(tmp_path / "in.jsonl", "one")
    with ExitStack() as stack:
        model = ScriptedModel([say("first")])
        terminal = Terminal(quiet=True)
        opening = AgentOpening(request)
        agent = opening.open(stack, journal, terminal, approve=None, model=model).agent
        run_batch(agent, read_tasks(source), tmp_path / "out.jsonl")
    (record,) = records(tmp_path / "out.jsonl")
    settings = find_session(journal, record["run_id"]).settings
    assert AgentRequest.from_settings(settings) == request
    journal.close()

"""Many tasks from a file, one line of JSON each, and a line of JSON for each of them."""

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import Any

from glm_agent.errors import ConfigurationError
from glm_agent.event_records import to_json
from glm_agent.orchestrator import Agent
from glm_agent.output_type import OutputType, TypedResult

RECORD_START = b'{"id":'


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the input.

    Attributes:
        number: of the line, counted from 1.
        id: the line's own; its number where it has none.
        prompt: the user's words.
        problem: what is wrong with the line; it is not run then.
    """

    number: int
    id: str | int
    prompt: str = ""
    problem: str = ""


@dataclass(slots=True)
class Tally:
    """How many tasks came to what."""

    answered: int = 0
    failed: int = 0
    kept: int = 0
    is_interrupted: bool = False


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a file: `{"prompt": "…"}` a line, an `id` beside it, or just a string. Empty lines do not count.

    Raises:
        ConfigurationError: the file cannot be read, or two lines have one id.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{str(path)!r} is not UTF-8 text: {error}.") from error
    tasks = [_task(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    seen: dict[str | int, int] = {}
    for task in tasks:
        if not task.problem and seen.setdefault(task.id, task.number) != task.number:
            raise ConfigurationError(
                f"{path}: lines {seen[task.id]} and {task.number} have the same id {task.id!r}."
            )
    return tasks


def run_batch(
    agents: Agent | Sequence[Agent],
    tasks: list[Task],
    output: Path,
    *,
    resume: bool = False,
    ordered: bool = True,
    output_type: OutputType[Any] | None = None,
    cancel: Flag | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Tally:
    """Run tasks, each in a session of its own, as many at once as there are agents.

    Args:
        agents: do them, each one task at a time. Several agents of one model need a `SharedModel`: its turns take
            turns, and tool calls and sandboxes of the others go on meanwhile.
        tasks: from `read_tasks`.
        output: gets a line for each task, on disk before the next. A line that a kill has left half written is taken
            away.
        resume: keep what is there, and run only the tasks that have no line with their id and prompt.
        ordered: lines come in the order of the tasks: one that is done early waits for those before it, and is run
            again where a kill comes first. False writes each as it is done.
        output_type: of every answer; None for text.
        cancel: set it to stop; a task that was under way has no line, and is run when the batch is resumed.
        on_done: called with how many tasks are over, and of how many.

    Raises:
        ConfigurationError: `output` is there, and it is not to be resumed; or it is no output of a batch.
        JournalError: as for `Agent.run`; what was done before is in `output`.
    """
    agents = [agents] if isinstance(agents, Agent) else list(agents)
    cancel = cancel or Flag()
    done, whole_bytes = check_output(output, resume=resume)
    waiting = [task for task in tasks if (task.id, task.prompt) not in done]
    tally = Tally(kept=len(tasks) - len(waiting))
    try:
        file = output.open("a" if resume else "x", encoding="utf-8", newline="\n")
    except FileExistsError as error:  # made since it was looked for
        raise _is_there(output) from error
    except OSError as error:
        raise ConfigurationError(f"{str(output)!r} cannot be written: {error.strerror}.") from error
    with file:
        file.truncate(whole_bytes)
        records = _records(agents, waiting, output_type, cancel)
        with closing(_in_order(records, waiting) if ordered else records) as lines:
            for _, record in lines:
                file.write(to_json(record) + "\n")
                file.flush()
                os.fsync(file.fileno())
                if record["finish_reason"] == "answer":
                    tally.answered += 1
                else:
                    tally.failed += 1
                on_done(tally.kept + tally.answered + tally.failed, len(tasks))
    tally.is_interrupted = tally.answered + tally.failed < len(waiting)
    return tally


def _records(
    agents: list[Agent], tasks: list[Task], output_type: OutputType[Any] | None, cancel: Flag
) -> Generator[tuple[Task, dict[str, Any]], None, None]:
    """Each task's record as it is done; no more are begun once `cancel` is set. Closing it stops what is under way."""
    waiting = iter(tasks)
    running: dict[Future[dict[str, Any] | None], tuple[Agent, Task]] = {}
    with ThreadPoolExecutor(len(agents), "glm-agent-batch") as executor:
        idle = list(agents)
        try:
            while True:
                while idle and not cancel.is_set() and (task := next(waiting, None)) is not None:
                    agent = idle.pop(0)
                    future = executor.submit(_record, agent, task, output_type, cancel)
                    running[future] = (agent, task)
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    agent, task = running.pop(future)
                    idle.append(agent)
                    record = future.result()
                    if record is not None:
                        yield task, record
        finally:
            if running:
                cancel.set()


def _in_order(
    records: Iterable[tuple[Task, dict[str, Any]]], tasks: list[Task]
) -> Generator[tuple[Task, dict[str, Any]], None, None]:
    """The same records in the order of their tasks; up to the first gap, where the batch was stopped."""
    early: dict[int, tuple[Task, dict[str, Any]]] = {}
    following = iter(tasks)
    expected = next(following, None)
    for task, record in records:
        early[task.number] = (task, record)
        while expected is not None and expected.number in early:
            yield early.pop(expected.number)
            expected = next(following, None)


def _record(
    agent: Agent, task: Task, output_type: OutputType[Any] | None, cancel: Flag
) -> dict[str, Any] | None:
    """The task's line; None when it was stopped."""
    head: dict[str, Any] = {"id": task.id, "prompt": task.prompt}
    if task.problem:
        return head | {"answer": None, "finish_reason": "invalid", "problem": task.problem}
    result = agent.run(task.prompt, output=output_type, cancel=cancel)
    if result.finish_reason == "interrupted":
        return None
    record = head | {
        "answer": result.answer,
        "finish_reason": result.finish_reason,
        "run_id": result.run_id,
        "steps": len(result.steps),
        "duration_s": round(result.duration_s, 3),
    }
    if isinstance(result, TypedResult):
        record["output"] = None if result.problem else json.loads(result.answer)
        if result.problem:
            record["problem"] = result.problem
    return record


def _task(number: int, line: str) -> Task:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Task(number, number, problem=f"line {number} is not JSON: {error}")
    if isinstance(value, str):
        value = {"prompt": value}
    if not isinstance(value, dict) or not isinstance(value.get("prompt"), str):
        return Task(number, number, problem=f'line {number} is not of the form {{"prompt": "…"}}')
    own = value.get("id", number)
    if not isinstance(own, str | int) or isinstance(own, bool):
        return Task(number, number, problem=f"line {number}: `id` is a text or a whole number")
    if not value["prompt"].strip():
        return Task(number, own, problem=f"line {number}: the prompt is empty")
    return Task(number, own, value["prompt"])


def check_output(output: Path, *, resume: bool) -> tuple[set[tuple[str | int, str]], int]:
    """The id and prompt of each task that `output` has a whole line of, and the bytes of these lines. Changes nothing.

    Raises:
        ConfigurationError: it is there, and is not to be gone on with; or it is no output of a batch.
    """
    if not output.exists():
        return set(), 0
    if not resume:
        raise _is_there(output)
    try:
        content = output.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{str(output)!r} cannot be read: {error.strerror}.") from error
    whole, newline, half = content.rpartition(b"\n")
    # A line that is cut off the file must be ours: a text without a newline at its end may be somebody's only line.
    if not _may_be_half_record(half):
        raise _is_foreign(output, whole.count(b"\n") + len(newline) + 1)
    return set(_keys(output, whole)), len(whole) + len(newline)


def _may_be_half_record(line: bytes) -> bool:
    """Whether a kill may have left this of a record: its beginning, or all of it but the newline."""
    if not line.startswith(RECORD_START[: len(line)]):
        return False
    try:
        return "finish_reason" in json.loads(line)
    except (ValueError, RecursionError):
        return True


def _keys(output: Path, content: bytes) -> Iterator[tuple[str | int, str]]:
    for number, line in enumerate(content.split(b"\n") if content else (), start=1):
        try:
            record = json.loads(line)
            key = record["id"], record["prompt"]
            hash(key)
            if "finish_reason" not in record:  # a file of tasks has ids and prompts, too
                raise KeyError("finish_reason")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _is_foreign(output, number) from error
        yield key


def _is_there(output: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{str(output)!r} is there already. Go on with --resume, or give another name."
    )


def _is_foreign(output: Path, number: int) -> ConfigurationError:
    return ConfigurationError(
        f"{str(output)!r} is no output of a batch: line {number} is something else. It was left as it is."
    )

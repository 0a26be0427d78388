"""Many tasks from a file, one line of JSON each, and a line of JSON for each of them."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import Any

from glm_agent.errors import ConfigurationError
from glm_agent.orchestrator import Agent


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
        if seen.setdefault(task.id, task.number) != task.number:
            raise ConfigurationError(
                f"{path}: lines {seen[task.id]} and {task.number} have the same id {task.id!r}."
            )
    return tasks


def run_batch(
    agent: Agent,
    tasks: list[Task],
    output: Path,
    *,
    resume: bool = False,
    cancel: Flag | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Tally:
    """Run tasks in order, each in a session of its own; a line is on disk before the next task begins.

    Args:
        agent: does them.
        tasks: from `read_tasks`.
        output: gets a line for each task. A line that a kill has left half written is taken away.
        resume: keep what is there, and run only the tasks that have no line with their id and prompt.
        cancel: set it to stop; the task that was under way has no line, and is run when the batch is resumed.
        on_done: called with how many tasks are over, and of how many.

    Raises:
        ConfigurationError: `output` is there, and it is not to be resumed; or it is no output of a batch.
        JournalError: as for `Agent.run`.
    """
    cancel = cancel or Flag()
    done = _finished(output) if resume else set()
    tally = Tally()
    try:
        file = output.open("a" if resume else "x", encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise ConfigurationError(
            f"{str(output)!r} is there already. Go on with --resume, or give another name."
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{str(output)!r} cannot be written: {error.strerror}.") from error
    with file:
        for count, task in enumerate(tasks, start=1):
            if (task.id, task.prompt) in done:
                tally.kept += 1
            else:
                record = _record(agent, task, cancel)
                if cancel.is_set():
                    tally.is_interrupted = True
                    break
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
                if record["finish_reason"] == "answer":
                    tally.answered += 1
                else:
                    tally.failed += 1
            on_done(count, len(tasks))
    return tally


def _record(agent: Agent, task: Task, cancel: Flag) -> dict[str, Any]:
    head: dict[str, Any] = {"id": task.id, "prompt": task.prompt}
    if task.problem:
        return head | {"answer": None, "finish_reason": "invalid", "problem": task.problem}
    result = agent.run(task.prompt, cancel=cancel)
    return head | {
        "answer": result.answer,
        "finish_reason": result.finish_reason,
        "run_id": result.run_id,
        "steps": len(result.steps),
        "duration_s": round(result.duration_s, 3),
    }


def _task(number: int, line: str) -> Task:
    try:
        value = json.loads(line)
    except ValueError as error:
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


def _finished(output: Path) -> set[tuple[str | int, str]]:
    """The id and prompt of each task that has a whole line; a half one at the end is cut off the file."""
    if not output.exists():
        return set()
    content = output.read_bytes()
    whole, newline, _ = content.rpartition(b"\n")
    if len(whole) + len(newline) < len(content):
        os.truncate(output, len(whole) + len(newline))
    return set(_keys(output, whole))


def _keys(output: Path, content: bytes) -> Iterator[tuple[str | int, str]]:
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            record = json.loads(line)
            yield record["id"], record["prompt"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{str(output)!r} is no output of a batch: line {number} is something else."
            ) from error

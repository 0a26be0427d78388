"""A run as one JSON object: what `--json` prints."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from glm_agent.events import RunResult, Step


def run_record(
    result: RunResult, *, model: str, status: int, files: Mapping[str, list[Path]]
) -> dict[str, Any]:
    """The object.

    Args:
        result: the run.
        model: its name.
        status: the exit code.
        files: call id -> where its attachments were written.
    """
    usage = asdict(result.usage)
    return {
        "answer": result.answer,
        "finish_reason": result.finish_reason,
        "status": status,
        "model": model,
        "run_id": result.run_id,
        "steps": [_step(step, files) for step in result.steps],
        "usage": {
            "steps": len(result.steps),
            "calls": len(result.calls),
            **usage,
            "duration_s": result.duration_s,
        },
    }


def _step(step: Step, files: Mapping[str, list[Path]]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "number": step.number,
        "text": step.text,
        "call": None,
        "result": None,
    }
    if step.call is not None:
        record["call"] = {
            "id": step.call.id,
            "name": step.call.name,
            "arguments": step.call.arguments,
        }
    if step.result is not None:
        record["result"] = {
            "status": step.result.status,
            "text": step.result.text,
            "files": [str(path) for path in files.get(step.result.call_id, [])],
            "duration_s": step.result.duration_s,
        }
    record["usage"] = asdict(step.usage)
    return record

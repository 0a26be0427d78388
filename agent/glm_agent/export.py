"""A session as a document: Markdown to read, JSON to keep, a notebook to go on with."""

import json
from collections.abc import Iterator
from typing import Any

from glm_agent.event_records import VERSION, event_body, event_name, to_json
from glm_agent.events import Event, RunFinished, RunStarted, ToolFinished, TurnFinished
from glm_agent.journal import Journal
from glm_agent.journal_schema import SessionInfo

JSON_FORMAT = "glm-agent session"


def session_json(journal: Journal, session: SessionInfo) -> dict[str, Any]:
    """Everything recorded of a session; `glm_agent.testing.ReplayModel` plays it."""
    runs = []
    for run in journal.runs(session.id):
        events = [
            {
                "v": VERSION, "seq": entry.number, "time": entry.time,
                "type": event_name(entry.event), "body": event_body(entry.event),
            }
            for entry in journal.events(run.id)
        ]  # fmt: skip
        runs.append({"id": run.id, "started": run.started, "events": events})
    exported: dict[str, Any] = json.loads(
        to_json(
            {
                "format": JSON_FORMAT,
                "version": VERSION,
                "session": {"id": session.id, "name": session.name, "created": session.created},
                "runs": runs,
            }
        )
    )
    return exported


def session_markdown(journal: Journal, session: SessionInfo) -> str:
    """Questions, calls, results and answers."""
    parts = [f"# {session.name or session.id}"]
    for event in _events(journal, session):
        match event:
            case RunStarted(prompt=prompt):
                parts.append(f"## {_one_line(prompt)}\n\n{prompt}")
            case ToolFinished(call=call, result=result):
                language = "python" if call.name == "python" else "json"
                source = _code(call.arguments) if call.name == "python" else call.raw
                parts.append(f"**{call.name}**\n\n{_fenced(source or call.raw, language)}")
                parts.append(f"{result.status}:\n\n{_fenced(result.text, 'text')}")
            case TurnFinished(text=text) if text.strip():
                parts.append(text.strip())
            case RunFinished(result=result) if result.finish_reason != "answer":
                parts.append(f"*({result.finish_reason})*")
    return "\n\n".join(parts) + "\n"


def session_notebook(journal: Journal, session: SessionInfo) -> dict[str, Any]:
    """A Jupyter notebook (nbformat 4.5): code that the model ran as cells with their output, the rest as Markdown."""
    cells: list[dict[str, Any]] = []

    def markdown(text: str) -> None:
        cells.append({"cell_type": "markdown", "metadata": {}, "source": text})

    for event in _events(journal, session):
        match event:
            case RunStarted(prompt=prompt):
                markdown(f"**> {_one_line(prompt)}**\n\n{prompt}")
            case ToolFinished(call=call, result=result) if call.name == "python":
                output = {"output_type": "stream", "name": "stdout", "text": result.text}
                cells.append(
                    {
                        "cell_type": "code", "metadata": {}, "execution_count": None,
                        "source": _code(call.arguments) or call.raw, "outputs": [output],
                    }
                )  # fmt: skip
            case ToolFinished(call=call, result=result):
                markdown(
                    f"**{call.name}** {_fenced(call.raw, 'json')}\n\n{_fenced(result.text, 'text')}"
                )
            case TurnFinished(text=text) if text.strip():
                markdown(text.strip())
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [{"id": f"cell-{number}"} | cell for number, cell in enumerate(cells)],
    }  # fmt: skip


def _events(journal: Journal, session: SessionInfo) -> Iterator[Event]:
    for run in journal.runs(session.id):
        for entry in journal.events(run.id):
            yield entry.event


def _code(arguments: Any) -> str:
    return str(arguments.get("code", "")) if isinstance(arguments, dict) else ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 72 else line[:71] + "…"


def _fenced(text: str, language: str) -> str:
    """A code block whose fence no line of `text` can close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"

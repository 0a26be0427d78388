"""The slash commands of `glm-agent chat`: what each is called, what it says about itself, what it shows."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.cells import set_cell_size

from glm_agent.chat_model import ChatModel, TurnUsage
from glm_agent.cli.terminal import counted
from glm_agent.events import RunStarted, ToolStarted, TurnFinished
from glm_agent.export import session_json, session_markdown, session_notebook
from glm_agent.journal import Journal
from glm_agent.journal_schema import SessionInfo
from glm_agent.local_model import LocalModel
from glm_agent.state import SessionState, count_tokens
from glm_agent.tool_price import tool_prices
from glm_tools.tool import ToolSpec

COMMANDS: Mapping[str, str] = {
    "/help": "this list",
    "/tools": "what the model may call, and the tokens that each takes of every prompt",
    "/model": "which model this is; /model NAME begins a new conversation with another",
    "/context": "how full the context window is, and with what",
    "/undo": "take back the last question and its answer",
    "/retry": "ask the last question again, with other luck; /retry WORDS asks those instead",
    "/fork": "go on in a copy of this conversation; /fork NAME names it",
    "/save": "/save FILE.md, .json or .ipynb writes the conversation",
    "/explain": "the tokens that the model read and wrote in the last run",
    "/stats": "what this conversation has cost so far",
    "/session": "the id under which it is kept",
    "/exit": "leave (or Ctrl-D); glm-agent chat -c goes on",
}
SYNONYMS: Mapping[str, str] = {"/quit": "/exit", "/tokens": "/context", "/?": "/help"}
HELP = "\n".join(
    [
        *(f"{name:9} {text}" for name, text in COMMANDS.items()),
        "",
        "@FILE in a message attaches the file. Ctrl-C stops what is going on. A line that ends in \\ goes on in the",
        'next one; three quotes (""") begin and end a message of several lines. Tab completes.',
    ]
)
CALL_ID = re.compile(r" call_\d+$")
PRICE_COLUMNS = 9  # between name and description


@dataclass(frozen=True, slots=True)
class Command:
    """A line that begins with a slash.

    Attributes:
        name: with the slash, synonyms resolved.
        argument: what follows, without space around it.
    """

    name: str
    argument: str

    @classmethod
    def of(cls, line: str) -> "Command":
        name, _, argument = line.strip().partition(" ")
        return cls(SYNONYMS.get(name, name), argument.strip())


def tool_list(specs: tuple[ToolSpec, ...], model: ChatModel) -> str:
    """The tools with their price where it can be counted."""
    if not specs:
        return "There are no tools (--tools gives some)."
    prices = tool_prices(model.dialect, specs) if isinstance(model, LocalModel) else {}
    width = max(len(spec.name) for spec in specs)
    room = max(20, shutil.get_terminal_size().columns - width - PRICE_COLUMNS)
    lines = []
    for spec in specs:
        description = set_cell_size(" ".join(spec.description.split()), room).rstrip()
        lines.append(f"{spec.name:{width}}  {prices.get(spec.name, '?'):>5}  {description}")
    return "\n".join(lines)


def context_list(state: SessionState, context_length: int) -> str:
    """Tokens of the conversation by what they are."""
    total = count_tokens(state.history)
    lines = [f"{total:,} of {context_length:,} tokens ({total / context_length:.0%})"]
    kinds = sorted(
        (CALL_ID.sub("", segment.label), len(segment.token_ids)) for segment in state.history
    )
    counted = [
        (sum(tokens for _, tokens in group), kind)
        for kind, group in groupby(kinds, key=lambda pair: pair[0])
    ]
    lines += [f"{tokens:>9,}  {kind}" for tokens, kind in sorted(counted, reverse=True)]
    if state.dropped_segments:
        lines.append(f"{state.dropped_segments:,} earlier pieces were left out to make room.")
    return "\n".join(lines)


def statistics(journal: Journal, session_id: str) -> str:
    """What all runs of a session have cost."""
    runs = journal.runs(session_id)
    events = [entry.event for run in runs for entry in journal.events(run.id)]
    usages = [event.usage for event in events if isinstance(event, TurnFinished)]
    calls = sum(isinstance(event, ToolStarted) for event in events)
    total = _sum(usages)
    speed = total.generated_tokens / total.decode_s if total.decode_s else 0.0
    read = total.new_tokens + total.reused_tokens
    share = total.reused_tokens / read if read else 0.0
    return "\n".join(
        [
            f"{counted(len(runs), 'run')}, {counted(len(usages), 'turn')} of the model, {counted(calls, 'call')}",
            f"{total.new_tokens:,} tokens read and computed, {total.reused_tokens:,} reused ({share:.0%})",
            f"{total.generated_tokens:,} tokens written, {speed:.1f} a second",
            f"{total.prefill_s:.1f} s until first tokens, {total.decode_s:.1f} s of writing",
        ]
    )


def last_start(journal: Journal, session_id: str) -> RunStarted | None:
    """What the newest run of a session was asked; None when there is none."""
    runs = journal.runs(session_id)
    events = [entry.event for entry in journal.events(runs[-1].id)] if runs else []
    return next((event for event in events if isinstance(event, RunStarted)), None)


def save(journal: Journal, session: SessionInfo, path: Path) -> str:
    """Write a session to a new file, in the form that its name asks for; what to tell the user."""
    forms: dict[str, Callable[[], str]] = {
        ".md": lambda: session_markdown(journal, session),
        ".json": lambda: json.dumps(session_json(journal, session), ensure_ascii=False, indent=1),
        ".ipynb": lambda: json.dumps(
            session_notebook(journal, session), ensure_ascii=False, indent=1
        ),
    }
    if path.suffix not in forms:
        return f"A conversation is saved as .md, .json or .ipynb, not as {path.name!r}."
    try:
        with path.open("x", encoding="utf-8", errors="replace") as file:
            file.write(forms[path.suffix]())
    except FileExistsError:
        return f"{path} is there already; nothing was written."
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}."
    return f"Saved to {path}."


def _sum(usages: list[TurnUsage]) -> TurnUsage:
    return TurnUsage(
        new_tokens=sum(usage.new_tokens for usage in usages),
        reused_tokens=sum(usage.reused_tokens for usage in usages),
        generated_tokens=sum(usage.generated_tokens for usage in usages),
        prefill_s=sum(usage.prefill_s for usage in usages),
        decode_s=sum(usage.decode_s for usage in usages),
    )

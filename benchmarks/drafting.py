"""How many tokens a step guessing gives over recorded conversations: what is written is known, no network is needed.

    python benchmarks/drafting.py TRACES.jsonl --tokenizer FOLDER_OF_GLM_4

A line of the file is a conversation: {"id", "src", "tools": [...], "messages": [{"role", "content", "metadata"}, ...]} in
GLM-4's roles, tools as {"type": "function", "function": {"name", "description", "parameters"}}. Every turn of the
assistant is written again token by token as `Session.generate` would: `Drafter` guesses from the conversation so far and
from what the grammar of the turn forces, and as many guesses are taken as turn out right. A turn that the grammar does
not allow, such as a call in another format, is guessed without it. "With earlier ones" guesses from the conversations of
the source before this one, too (`Session.guess_from`). What a step costs by its rows is given by --costs: the ratios to
one row that speed.py prints.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glm_engine.draft import Drafter, StepCost
from glm_engine.selfcheck import MAX_FEW_ROWS
from glm_engine.tokenizer import load_tokenizer
from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Message
from glm_tools.tool import ToolSpec

ROWS = (1, 4, 8, 16)
COSTS = (1.0, 1.24, 1.47, 2.2)  # of a step by its rows, as docs/speed.md has them


@dataclass(slots=True)
class Written:
    """What turns came to.

    Attributes:
        tokens: that were written.
        steps: passes that wrote them.
        cost: of the passes, in passes of one row.
        turns: how many.
        in_grammar: turns that the grammar allowed.
    """

    tokens: int = 0
    steps: int = 0
    cost: float = 0.0
    turns: int = 0
    in_grammar: int = 0

    def add(self, other: "Written") -> None:
        self.tokens += other.tokens
        self.steps += other.steps
        self.cost += other.cost
        self.turns += other.turns
        self.in_grammar += other.in_grammar


def tool_specs(tools: Iterable[Mapping[str, Any]]) -> list[ToolSpec]:
    return [
        ToolSpec(each["name"], each["description"], each["parameters"])
        for each in (tool["function"] for tool in tools)
    ]


def is_allowed(dialect: Glm4Dialect, tools: Sequence[ToolSpec], token_ids: Sequence[int]) -> bool:
    """Whether the grammar of a turn lets these ids through."""
    turn = dialect.turn(tools, call_id="call")
    for token_id in token_ids:
        mask = turn.allowed_tokens()
        if mask is not None and not int(mask[token_id // 32]) >> token_id % 32 & 1:
            return False
        turn.accept(token_id)
    return True


def cost_of(rows: int, curve: Mapping[int, float]) -> float:
    """In passes of one row; straight lines between what is given."""
    below = max(count for count in curve if count <= rows)
    above = min(count for count in curve if count >= rows)
    share = (rows - below) / (above - below) if above > below else 0.0
    return curve[below] + share * (curve[above] - curve[below])


class Replay:
    """One conversation, written again.

    Args:
        dialect: in whose ids it is.
        trace: a line of the file.
        curve: rows to cost.
        history: ids of conversations to guess from, too.

    Attributes:
        token_ids: of the conversation, as far as it was run.
        written: what its turns came to.
    """

    def __init__(
        self,
        dialect: Glm4Dialect,
        trace: Mapping[str, Any],
        curve: Mapping[int, float],
        history: Sequence[Sequence[int]] = (),
    ) -> None:
        self._dialect = dialect
        self._curve = curve
        self._tools = tool_specs(trace["tools"])
        self._messages: list[Mapping[str, str]] = list(trace["messages"])
        self._cost = StepCost()
        self._drafter = Drafter(self._cost, history)
        self.token_ids: list[int] = []
        self.written = Written()

    def run(self) -> Written:
        dialect, first = self._dialect, self._messages[0]
        system = first["content"] if first["role"] == "system" else None
        for segment in dialect.start(system, self._tools):
            self.token_ids += segment.token_ids
        for number, message in enumerate(self._messages[1 if system else 0 :], start=1):
            if message["role"] == "assistant":
                self.token_ids += dialect.reply_prompt().token_ids
                self._write(self._ids_of_turn(message))
            else:
                said = Message(message["role"], message["content"])  # type: ignore[arg-type]  # from a file
                self.token_ids += dialect.message(said, number).token_ids
        return self.written

    def _ids_of_turn(self, message: Mapping[str, str]) -> list[int]:
        """What the model writes, the stop token last."""
        encode, name = self._dialect.tokenizer.encode, message.get("metadata")
        end = self._dialect.observation_id if name else self._dialect.user_id
        return [*encode(f"{name or ''}\n{message['content']}"), end]

    def _write(self, wanted: Sequence[int]) -> None:
        dialect, written = self._dialect, self.written
        in_grammar = bool(self._tools) and is_allowed(dialect, self._tools, wanted)
        turn = dialect.turn(self._tools, call_id="call", constrained=in_grammar)
        place = 0
        while place < len(wanted):
            forced = turn.forced_tokens()
            limit = min(MAX_FEW_ROWS, len(wanted) - place) - 1
            guesses = self._drafter.guess(self.token_ids, forced, dialect.stop_token_ids, limit)
            for number, token_id in enumerate(wanted[place : place + len(guesses) + 1]):
                self._drafter.learn(number, token_id)
                turn.accept(token_id)
                turn.take_events()
                self.token_ids.append(token_id)
                place += 1
                if number >= len(guesses) or guesses[number] != token_id:
                    break
            rows = 1 + len(guesses)
            cost = cost_of(rows, self._curve)
            self._cost.record(rows, cost)
            written.steps += 1
            written.cost += cost
        written.tokens += len(wanted)
        written.turns += 1
        written.in_grammar += in_grammar


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of GLM-4's")
    parser.add_argument("--costs", default=",".join(map(str, COSTS)), help="of 1, 4, 8 and 16 rows")
    args = parser.parse_args()
    curve = dict(zip(ROWS, map(float, args.costs.split(",")), strict=True))
    dialect = Glm4Dialect(load_tokenizer(args.tokenizer), "en")
    by_source: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    # Not splitlines: JSON may hold U+2028 as it is.
    for line in args.traces.read_text(encoding="utf-8").strip().split("\n"):
        trace = json.loads(line)
        by_source[trace["src"]].append(trace)
    print("| conversations of | how many | turns | in the grammar | tokens written | tokens a step | tokens a second, ratio to no guesses |")  # fmt: skip
    print("|---|--:|--:|--:|--:|--:|--:|")
    everything: dict[str, Written] = {"": Written(), ", with earlier ones": Written()}
    for source, traces in by_source.items():
        for name, total in everything.items():
            here = Written()
            history: list[Sequence[int]] = []
            for trace in traces:
                replay = Replay(dialect, trace, curve, history)
                here.add(replay.run())
                if name:
                    history.append(replay.token_ids)
            print_row(source + name, len(traces), here)
            total.add(here)
    for name, total in everything.items():
        print_row("all" + name, sum(map(len, by_source.values())), total)


def print_row(name: str, count: int, written: Written) -> None:
    print(
        f"| {name} | {count} | {written.turns} | {written.in_grammar} | {written.tokens:,} |"
        f" {written.tokens / written.steps:.2f} | {written.tokens / written.cost:.2f} |"
    )


if __name__ == "__main__":
    main()

"""`glm-agent explain`: the very tokens that the model saw."""

import sys
from collections.abc import Callable, Sequence
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Annotated

import typer

from glm_agent.errors import UsageError
from glm_agent.storage import journal_path

if TYPE_CHECKING:
    from glm_agent.events import RunStarted
    from glm_agent.recording import RecordedTurn
    from glm_prompts.messages import Segment

SHOWN_CHARS = 60


def explain(
    run_id: Annotated[str, typer.Argument(help="The run.", show_default=False)],
    step: Annotated[
        int | None, typer.Option(min=1, help="Show this turn in full.", show_default=False)
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Only what each prompt changed, and why.")
    ] = False,
    ids: Annotated[bool, typer.Option("--ids", help="Token ids beside the text.")] = False,
) -> None:
    """Show what the model read and wrote in each turn: segments, tokens, the price of each tool, and what was reused."""
    from glm_agent.cli.opening import find_session
    from glm_agent.events import RunStarted
    from glm_agent.journal import Journal
    from glm_agent.recording import recorded_turns, run_events

    journal = Journal(journal_path())
    try:
        state, events = run_events(journal, run_id)
        settings = find_session(journal, run_id).settings
    finally:
        journal.close()
    turns = recorded_turns(state, events)
    if step is not None:
        turns = [turn for turn in turns if turn.step == step]
        if not turns:
            raise UsageError(f"Run {run_id} has no step {step}.")
    started = next(event for event in events if isinstance(event, RunStarted))
    decode = _prices_and_decoder(str(settings.get("model", started.model)), started)
    for turn in turns:
        _show_turn(turn, decode, is_full=step is not None, only_changes=diff, with_ids=ids)


def _prices_and_decoder(model: str, started: "RunStarted") -> Callable[[Sequence[int]], str]:
    """Print what each tool costs; returns what turns ids into text, without the model's weights."""
    from glm_agent.tool_price import load_dialect, tool_prices

    dialect = load_dialect(model)
    tokenizer = dialect.tokenizer
    names = {token_id: name for name, token_id in tokenizer.special_tokens.items()}

    def decode(token_ids: Sequence[int]) -> str:
        """The text, with the names of control tokens in their places."""
        text = ""
        for is_special, group in groupby(token_ids, key=names.__contains__):
            run = list(group)
            text += (
                "".join(names[token_id] for token_id in run)
                if is_special
                else tokenizer.decode(run)
            )
        return text

    for name, tokens in tool_prices(dialect, started.tools).items():
        _print(f"tool {name}: {tokens:,} tokens of every prompt")
    return decode


def _show_turn(
    turn: "RecordedTurn",
    decode: Callable[[Sequence[int]], str],
    *,
    is_full: bool,
    only_changes: bool,
    with_ids: bool,
) -> None:
    usage = turn.usage
    total = sum(len(segment.token_ids) for segment in turn.prompt)
    _print(
        f"── step {turn.step}: {total:,} tokens read ({usage.reused_tokens:,} reused, {usage.new_tokens:,} computed), "
        f"{len(turn.token_ids):,} written, {turn.finish}"
    )
    _show_change(turn)
    shown = _new_segments(turn) if only_changes else turn.prompt
    for segment in shown:
        _show_segment(segment.label, segment.token_ids, decode, is_full, with_ids)
    _show_segment("(written)", turn.token_ids, decode, is_full, with_ids)


def _show_change(turn: "RecordedTurn") -> None:
    """Where what was there before ends, and why it could not all be reused."""
    from glm_agent.recording import first_difference

    known = sum(len(segment.token_ids) for segment in turn.before)
    found = first_difference(turn.before, turn.prompt)
    if turn.before and found is not None and found.left is not None:
        known = found.position
        reason = "the session's earlier text was changed"
        if turn.reduced is not None:
            reason = f"room was made ({turn.reduced.policy})"
        _print(
            f"   the prefix ends at token {found.position:,}, in {found.label!r}: {reason}; "
            f"{found.left} was there, {found.right} is"
        )
    _show_parting(turn)
    again = known - turn.usage.reused_tokens
    if again > 1:  # the token written last was sampled and need not have been read
        reason = "" if turn.woken is None else turn.woken.reason
        _print(
            f"   {again:,} of {known:,} known tokens were computed again: "
            f"{reason or 'they were not in memory (a new process, or room was made); --warm keeps them'}"
        )


def _show_parting(turn: "RecordedTurn") -> None:
    """How far another conversation of the same process had read the same."""
    parting = turn.usage.parting
    if parting is None:
        return
    ends = accumulate(len(segment.token_ids) for segment in turn.prompt)
    label = next(
        segment.label
        for segment, end in zip(turn.prompt, ends, strict=True)
        if parting.position < end
    )
    _print(
        f"   another conversation had read the same up to token {parting.position:,}, in {label!r} "
        f"({turn.usage.copied_tokens:,} copied from it); {parting.there} was there, {parting.here} is"
    )


def _new_segments(turn: "RecordedTurn") -> "Sequence[Segment]":
    from glm_agent.state import difference

    return difference(turn.before, turn.prompt)[1]


def _show_segment(
    label: str,
    token_ids: Sequence[int],
    decode: Callable[[Sequence[int]], str],
    is_full: bool,
    with_ids: bool,
) -> None:
    from glm_agent.cli.terminal import printable

    text = decode(token_ids)
    if not is_full:
        text = text.replace("\n", "⏎")
        text = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
    _print(f"  {len(token_ids):>6}  {label:<20}  {printable(text)}")
    if with_ids:
        _print(f"          {' '.join(map(str, token_ids))}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")

"""What of a long observation enters the context."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CutText:
    """A text within its budget.

    Attributes:
        text: what the model reads.
        tokens: of `text`, counted, not estimated.
        left_out_chars: 0 when `text` is the whole.
    """

    text: str
    tokens: int
    left_out_chars: int


def cut_to_budget(
    text: str, budget_tokens: int, count_tokens: Callable[[str], int], *, hint: str = ""
) -> CutText:
    """Head and tail of `text`, with a note of what is missing between them.

    Args:
        text: a tool's result.
        budget_tokens: at most so many tokens, the note included; at least 64.
        count_tokens: the model's own count.
        hint: what the note says about reading the rest; `{offset}` in it becomes where the gap begins.
    """
    # No tokenizer here packs more than 64 characters of real text into a token on average, and counting a 10 MB
    # result in full would take seconds: beyond this many characters a text is known not to fit.
    horizon = budget_tokens * 64
    if len(text) <= horizon:
        tokens = count_tokens(text)
        if tokens <= budget_tokens:
            return CutText(text, tokens, 0)
    fits, too_many = 0, min(len(text), horizon)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if count_tokens(_head_and_tail(text, middle, hint)) <= budget_tokens:
            fits = middle
        else:
            too_many = middle
    shown = _head_and_tail(text, fits, hint)
    return CutText(shown, count_tokens(shown), len(text) - fits)


def _head_and_tail(text: str, kept: int, hint: str) -> str:
    head = kept * 3 // 4
    tail = kept - head
    note = f"… {len(text) - kept:,} of {len(text):,} characters left out …"
    if hint:
        note += " " + hint.format(offset=head)
    return f"{text[:head]}\n[{note}]\n{text[len(text) - tail :]}"

"""Cutting an observation to its budget."""

from hypothesis import given
from hypothesis import strategies as st

from glm_agent.context import cut_to_budget


def words(text: str) -> int:
    """A stand-in for a tokenizer, with several characters to a token."""
    return len(text.split(" "))


@given(text=st.text(max_size=400), budget=st.integers(64, 200))
def test_what_fits_is_untouched_and_what_does_not_keeps_head_and_tail(
    text: str, budget: int
) -> None:
    cut = cut_to_budget(text, budget, len)
    assert cut.tokens == len(cut.text) <= max(budget, len(text))
    if len(text) <= budget:
        assert cut.text == text
        assert cut.left_out_chars == 0
    else:
        assert len(cut.text) <= budget
        assert cut.left_out_chars > 0
        assert f"{cut.left_out_chars:,} of {len(text):,}" in cut.text


def test_head_and_tail_of_a_huge_text_are_shown() -> None:
    text = "first " + "middle " * 2_000_000 + "last"
    cut = cut_to_budget(text, 100, words)
    assert cut.text.startswith("first ")
    assert cut.text.endswith(" last")
    assert 50 <= cut.tokens <= 100

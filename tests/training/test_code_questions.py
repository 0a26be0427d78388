"""Questions to `python` put together from parts: what the code says is what the question said."""

import re
from datetime import timedelta
from random import Random

import pytest

from demo_training.data.code.dates import time_units
from demo_training.data.code.labelled import groups, labelled_figures, votes
from demo_training.data.code.phrases import phrases
from demo_training.data.code.rates import rates, several_steps
from demo_training.data.code.rounds import MAKERS
from demo_training.data.code.shares import shares
from demo_training.data.code.situations import balance
from demo_training.data.code.steps import in_words as steps_in_words
from demo_training.data.code.task import Maker, run_cell
from demo_training.data.code.wording import in_words
from demo_training.data.values import TRAINING

_ONES = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = ("seconds", "minutes", "hours", "days", "weeks")
# Numbers that a formula has and a question need not name: percent, halves, thirds, legs, tenths.
_CONSTANTS = {"1", "2", "3", "4", "5", "10", "100"}


def _read(words: str) -> int:
    """The number that its English name says, found by adding up what is read."""
    total = part = 0
    for word in re.split(r"[ -]", words.replace(" and ", " ")):
        if word == "thousand":
            total, part = total + part * 1000, 0
        elif word == "hundred":
            part *= 100
        else:
            part += _TENS.index(word) * 10 if word in _TENS else _ONES.index(word)
    return total + part


def test_numbers_in_words_are_read_back_as_themselves() -> None:
    """A number said wrong teaches wrong copying."""
    for number in [*range(1, 1200), 1999, 2000, 10_010, 21_300, 100_001, 999_999]:
        assert _read(in_words(number)) == number


@pytest.mark.parametrize("maker", [balance, rates, several_steps, shares, steps_in_words])
def test_every_number_of_the_code_stands_in_the_question(maker: Maker) -> None:
    """The model copies; a number that is not there, or rounded, could only be guessed."""
    random = Random(6)
    for _ in range(400):
        task = maker(random, TRAINING)
        said = task.request.replace(",", "").lower()
        for number in re.findall(r"\d+(?:\.\d+)?", task.code):
            if number not in _CONSTANTS:
                forms = [number]
                if "." not in number and int(number) > 0:
                    forms.append(in_words(int(number)))
                assert any(form in said for form in forms), task


def test_rows_in_prose_become_the_rows_of_the_code() -> None:
    """A label that is spelt otherwise in the code would be learnt as a mistake in copying."""
    random = Random(7)
    for maker in (labelled_figures, groups):
        for _ in range(200):
            task = maker(random, TRAINING)
            scope: dict[str, dict[str, object]] = {}
            exec(task.code.split("\n")[0], {}, scope)
            said = task.request.replace(",", "")
            for key, value in scope["data"].items():
                assert key.lower() in said.lower(), task
                assert str(value) in said, task
    for _ in range(100):
        task = votes(random, TRAINING)
        for word in re.findall(r"'(\w+)'", task.code):
            assert word in task.request, task


def test_texts_are_quoted_in_the_code_as_the_question_has_them() -> None:
    """Capitals and apostrophes included."""
    random = Random(8)
    for _ in range(400):
        task = phrases(random, TRAINING)
        longest = max(re.findall(r"'[^']*'|\"[^\"]*\"", task.code.split("import Counter")[-1]), key=len)  # fmt: skip
        if longest != "'aeiouAEIOU'":
            assert longest[1:-1] in task.request, task


def test_spans_of_time_are_what_the_calendar_says() -> None:
    """The factors are written by hand."""
    random = Random(9)
    compared = 0
    for _ in range(300):
        task = time_units(random, TRAINING)
        given = re.findall(rf"([\d,]+) ({'|'.join(_UNITS)})", task.request)
        units = [unit for unit in _UNITS if unit in task.request]
        if len(given) == 1 and len(units) == 2 and "//" not in task.code:
            ((number, unit),) = given
            units.remove(unit)
            span = timedelta(**{unit: int(number.replace(",", ""))})
            assert float(run_cell(task.code)) == pytest.approx(span / timedelta(**{units[0]: 1}))
            compared += 1
    assert compared > 100


def test_no_question_has_an_open_slot_or_a_gap() -> None:
    """A misspelt slot, or one that was filled with nothing."""
    random = Random(10)
    for maker, _ in MAKERS:
        for _ in range(30):
            task = maker(random, TRAINING)
            if maker.__name__ not in ("files", "phrases"):
                assert not re.search(r"\{\w+\}|\$\$|None", task.request), task
            if maker.__name__ not in ("files", "phrases", "wordplay"):  # wordplay asks about marks
                assert not re.search(r"  | ,", task.request), task

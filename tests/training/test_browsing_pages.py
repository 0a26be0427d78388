"""Training data about pages: what is quoted stands in what was shown, and a page is opened where a result does not tell it."""

import re
from collections import Counter
from random import Random

from demo_training.data.browsing_pages import site_round
from demo_training.data.browsing_sites import load_things
from demo_training.data.values import TRAINING


def test_every_fact_can_be_told_and_asked_for() -> None:
    """A statement without its value would be an answer that says nothing."""
    for thing in load_things():
        for fact in thing.facts:
            assert all("{v}" in each for each in fact.statements), fact
            assert all("{e}" in each for each in fact.questions), fact
            assert all(each.endswith("?") or each.startswith("=") for each in fact.questions), fact


def test_an_answer_quotes_the_page_that_it_names() -> None:
    """The model told the wrong sentence of a page, and went on to its end."""
    random = Random(1)
    quoted = 0
    for _ in range(600):
        asked = site_round(random, TRAINING)
        shown = asked.calls[-1].observations[0]
        if not asked.facts:
            continue
        told, number = re.fullmatch(r"(.+)【(\d+)†source】", asked.answer, re.DOTALL).groups()  # type: ignore[union-attr]
        text = shown.text.replace(" | ", ": ")
        assert told.removesuffix(".") in text, asked
        assert asked.facts[0] in told
        assert f"【{number}†" in shown.text
        quoted += 1
    assert quoted > 500


def test_a_result_that_tells_the_answer_is_not_opened() -> None:
    """A call that changes nothing is one more to go wrong."""
    random = Random(2)
    opened = 0
    for _ in range(600):
        asked = site_round(random, TRAINING)
        if len(asked.calls) == 2:
            told = asked.answer.partition("【")[0]
            assert told not in asked.calls[0].observations[0].text, asked
            opened += 1
    assert opened > 50


def test_the_page_that_answers_stands_at_any_place() -> None:
    """The model clicked the first result, whatever it was about."""
    random = Random(3)
    places = Counter[str]()
    for _ in range(900):
        asked = site_round(random, TRAINING)
        if len(asked.calls) == 2:
            places[asked.calls[1].payload] += 1
    assert set(places) == {f"mclick([{place}])" for place in range(4)}
    assert max(places.values()) < places.total() / 2


def test_a_query_names_what_is_looked_up_in_words_of_the_user() -> None:
    """The model searched for the last sentence only, in which the thing was "it"."""
    random = Random(4)
    searched = 0
    for _ in range(600):
        asked = site_round(random, TRAINING)
        opening = re.fullmatch(r'search\("(.+)"\)', asked.calls[0].payload)
        if not opening or not opening[1].isascii() or not asked.facts:
            continue
        words = set(re.findall(r"\w+", opening[1].lower()))
        assert words <= set(re.findall(r"\w+", asked.user.lower())), asked
        (place,) = re.findall(r"【(\d+)†source】$", asked.answer)
        results = asked.calls[0].observations[0].text
        (headline,) = re.findall(rf"【{place}†(.*?)†", results)
        names = [set(re.findall(r"\w*[A-Z]\w*", text)) for text in (headline, opening[1])]
        assert names[0] & names[1], (opening[1], headline)
        searched += 1
    assert searched > 300

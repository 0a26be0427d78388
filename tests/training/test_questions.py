"""What needs no tool: its files are complete, and what it answers is what is there to be read."""

import json
from dataclasses import replace
from random import Random

import pytest

from demo_training.data import chat, chinese, mixture
from demo_training.data.episode import Episode, Round, json_call
from demo_training.data.follow_ups import load_memories, with_plain_round
from demo_training.data.functions import placeholders
from demo_training.data.questions import (
    load_groups,
    load_questions,
    load_tables,
    with_article,
    words_of,
)
from demo_training.data.values import TRAINING
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import function_spec

WEATHER = function_spec("get_weather", "Weather of a city.", {"city": {"type": "string"}}, "city")


@pytest.mark.parametrize("file", ["small_talk.toml", "writing.toml", "chinese_talk.toml"])
def test_every_line_has_wordings_and_an_answer_that_can_be_filled_in(file: str) -> None:
    """A line without its ` > ` would be learnt as a question that is answered by nothing."""
    for questions in load_questions(file).values():
        for question in questions:
            assert question.answer
            known = placeholders(" ".join(question.asks))
            assert placeholders(question.answer) <= known <= set("nctegd"), question


@pytest.mark.parametrize("file", ["knowledge.toml", "chinese_talk.toml"])
def test_every_pair_of_a_table_has_two_sides(file: str) -> None:
    """A missing colon would leave half a sentence as the answer."""
    for table in load_tables(file):
        for form in table.forms:
            assert placeholders(form.answer) <= {"a", "b"}, form
        for a, b in table.pairs:
            assert a, b
            assert b, a
            assert ":" not in b, b


def test_every_group_beside_tools_is_complete() -> None:
    """As above."""
    for group in load_groups():
        assert all(term and text for term, text in group.terms)
        assert all(question.answer for question in group.questions)


def test_what_is_told_of_oneself_comes_back_in_the_answer() -> None:
    """An answer without the value would teach to answer without having read."""
    for memory in load_memories():
        assert all("{v}" in text for text in (*memory.tell, memory.answer))


def test_nothing_is_asked_that_a_tool_at_hand_is_meant_to_answer() -> None:
    """`What is the opposite of hot?` beside a dictionary is a call."""
    dictionary = function_spec("define_word", "Look up a word.", {"word": {"type": "string"}})
    random = Random(3)
    for _ in range(400):
        asked = chat.chat_round(random, TRAINING, (dictionary,)).user.lower()
        assert not {"opposite", "synonym", "plural"} & words_of([asked])


def test_tools_are_told_from_the_list_of_them() -> None:
    """A tool that is not there must not be promised."""
    random = Random(4)
    answers = [chat.chat_round(random, TRAINING, (WEATHER, PYTHON)).answer for _ in range(600)]
    lists = [answer for answer in answers if "I can use: " in answer]
    assert lists
    assert all(answer.endswith("I can use: get_weather, python.") for answer in lists)


def test_an_earlier_result_is_asked_again_only_after_it_was_told() -> None:
    """Before, it would need the call."""
    call = json_call("get_weather", {"city": "Oslo"}, {"temperature": 17})
    asked = Round("function", "Weather in Oslo?", (call,), "The temperature is 17.", ("17",))
    episode = Episode((WEATHER,), (asked, replace(asked, kind="error, told")))
    again = 0
    for seed in range(300):
        rounds = with_plain_round(episode, Random(seed), TRAINING).rounds
        assert [each for each in rounds if each.calls] == list(episode.rounds)
        for index, each in enumerate(rounds):
            if not each.calls and each.answer == "The temperature is 17.":
                again += 1
                assert asked in rounds[:index]
    assert again > 10


def test_conversations_with_tools_have_questions_that_need_none() -> None:
    """Without them a call was made for a greeting."""
    random = Random(5)
    made = [mixture.training_episode(random) for _ in range(300)]
    several = [each for each in made if len(each.tools) > 1]
    plain = sum(any(asked.kind == "no tool" for asked in each.rounds) for each in several)
    assert 0.05 < plain / len(several) < 0.6


def test_a_chinese_answer_tells_what_the_function_said() -> None:
    """Results were left out of answers."""
    random = Random(6)
    for _ in range(300):
        _, asked = chinese.function_round(random)
        result = json.loads(asked.calls[-1].observations[-1].text)
        assert all(str(value) in asked.answer for value in result.values()), asked


def test_an_article_fits_the_word_behind_it() -> None:
    """Terms are written once and stand behind many words."""
    assert with_article("a accountant and a user of a umbrella") == (
        "an accountant and a user of an umbrella"
    )

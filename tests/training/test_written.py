"""The written questions: they hang together, and the training data does not have the blind ones."""

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from random import Random
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from demo_training.cases import Case
from demo_training.data import (
    chinese,
    dependent,
    dependent_gathers,
    dependent_sums,
    families,
    mixture,
    texts,
    word_lists,
)
from demo_training.data.code import run_cell
from demo_training.data.episode import Call
from demo_training.data.functions import offer
from demo_training.data.lookups import draw_entity
from demo_training.data.options import load_options
from demo_training.data.records import ACTIONS, load_records
from demo_training.data.scenarios import load_scenarios
from demo_training.data.values import TRAINING
from demo_training.evaluate import says
from demo_training.written import Questions, load_cases
from glm_tools import tool
from glm_tools.dispatch import Dispatcher
from glm_tools.tool import ToolCall, ToolResult

_NUMBER_WORDS = {"1": "one", "2": "two", "3": "three", "4": "four"}
COUNTS = {
    "unseen function, 1-3 tools": 45,
    "unseen function, 5-8 tools": 25,
    "python alone": 55,
    "python among tools": 15,
    "two steps": 20,
    "two calls": 8,
    "error, then again": 8,
    "browser": 10,
    "no tool needed": 20,
    "no tool fits": 8,
    "Chinese": 10,
}


@pytest.fixture(scope="module", params=["blind", "development"])
def cases(request: pytest.FixtureRequest) -> list[Case]:
    return load_cases(cast(Questions, request.param))


@pytest.fixture(scope="module")
def blind_cases() -> list[Case]:
    return load_cases()


@tool
def python(code: str) -> str:
    """Run code.

    Args:
        code: One cell.
    """
    return run_cell(code)


def _is_text(call: Call) -> bool:
    return call.tool in ("python", "simple_browser")


def _run(dispatcher: Dispatcher, call: Call) -> ToolResult:
    arguments = {"code": call.payload} if _is_text(call) else json.loads(call.payload)
    return dispatcher.run(ToolCall("1", call.tool, arguments, call.payload))


def _with_another_value(call: Call) -> Call:
    arguments = json.loads(call.payload)
    name, value = next(iter(arguments.items()))
    if isinstance(value, list):
        arguments[name] = [*value, value[0]]
    else:
        arguments[name] = value + 1 if isinstance(value, int | float) else f"{value} more"
    return replace(call, payload=json.dumps(arguments))


Played = tuple[Case, list[ToolResult], list[ToolResult]]


@pytest.fixture(scope="module")
def played(cases: list[Case]) -> list[Played]:
    """What each case's own tools say to the calls that are wanted, and to calls with another value."""
    return [(case, *_play(case)) for case in cases]


def _play(case: Case) -> tuple[list[ToolResult], list[ToolResult]]:
    calls = case.asked.calls
    called = {call.tool for call in calls}
    made = [each for each in case.tools(lambda: python) if each.spec.name in called]
    with closing(Dispatcher(made)) as dispatcher:
        right = [_run(dispatcher, call) for call in calls]
        wrong = [_with_another_value(call) for call in calls if not _is_text(call)]
        return right, [_run(dispatcher, call) for call in wrong]


def test_a_misspelt_kind_would_be_a_row_of_its_own(
    cases: list[Case], blind_cases: list[Case]
) -> None:
    """Both sets have the same rows; no question is asked twice."""
    assert Counter(case.kind for case in blind_cases) == COUNTS
    assert {case.kind for case in cases} == set(COUNTS)
    assert len({case.asked.user for case in cases}) == len(cases)


def test_a_share_is_the_same_part_of_every_row() -> None:
    """At least one of each."""
    fifth = Counter(case.kind for case in load_cases(share=0.2))
    assert fifth == {kind: round(count / 5) for kind, count in COUNTS.items()}
    assert set(Counter(case.kind for case in load_cases(share=0.001)).values()) == {1}


def test_the_number_of_tools_is_what_the_kind_says(cases: list[Case]) -> None:
    """The rows compare few tools with many."""
    for case in cases:
        if case.kind.startswith("unseen function"):
            low, high = map(int, re.findall(r"\d", case.kind))
            assert low <= len(case.specs) <= high, case.asked.user
        assert len({spec.name for spec in case.specs}) == len(case.specs), case.asked.user


def test_every_wanted_call_fits_the_schema_of_a_tool_on_offer(cases: list[Case]) -> None:
    """The grammar would make the right call impossible otherwise."""
    specs = {spec.name: spec for case in cases for spec in case.specs}
    validators = {name: Draft202012Validator(spec.parameters) for name, spec in specs.items()}
    for validator in validators.values():
        validator.check_schema(validator.schema)
    for case in cases:
        offered = {spec.name for spec in case.specs}
        for call in case.asked.calls:
            assert call.tool in offered
            if not _is_text(call):
                validators[call.tool].validate(json.loads(call.payload))


def test_values_are_copied_from_the_question_or_from_an_earlier_result(cases: list[Case]) -> None:
    """A value that can only be guessed measures luck. An enum's member or a boolean may be said in other words."""
    for case in cases:
        known = case.asked.user
        schemas = {spec.name: spec.parameters["properties"] for spec in case.specs}
        for call in case.asked.calls:
            if not _is_text(call):
                for name, argument in json.loads(call.payload).items():
                    members = list(_leaves(schemas[call.tool][name].get("enum", [])))
                    for value in _leaves(argument):
                        is_known = isinstance(value, bool) or _is_said(known, str(value))
                        assert is_known or value in members, (case.asked.user, value)
            known += " " + " ".join(each.text for each in call.observations)


def _is_said(known: str, value: str) -> bool:
    """Whether a value stands there as it is, as a number in words, or as a month or a day and a time in words."""
    if says(known, value) or (value in _NUMBER_WORDS and _NUMBER_WORDS[value] in known.split()):
        return True
    for shape, ways in (
        ("%Y-%m", ("%B %Y",)),
        ("%Y-%m-%dT%H:%M", ("%d %B %Y at %-I %p", "%Y-%m-%d at %H:%M")),
    ):
        with suppress(ValueError):
            moment = datetime.strptime(value, shape)
            return any(moment.strftime(way).lower() in known.lower() for way in ways)
    return False


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def test_playing_the_wanted_calls_tells_every_fact(played: list[Played]) -> None:
    """A fact that no right call tells could not be in an answer; a result that is not the stated one is our bug."""
    for case, results, _ in played:
        failed = len(case.failures)
        for result, failure in zip(results, case.failures, strict=False):
            assert result.is_error
            assert failure in result.text
        for result, call in zip(results[failed:], case.asked.calls[failed:], strict=True):
            assert not result.is_error, (case.asked.user, result.text)
            if call.observations:
                assert result.observations == call.observations
        told = "\n".join(result.text for result in results)
        assert not results or all(says(told, fact) for fact in case.asked.facts), case.asked.user


def test_facts_of_python_are_what_the_code_prints(cases: list[Case]) -> None:
    """They are stored, so that they can be read; they must not go stale."""
    alone = [case for case in cases if [call.tool for call in case.asked.calls] == ["python"]]
    assert len(alone) >= COUNTS["python alone"] + COUNTS["python among tools"]
    for case in alone:
        printed = run_cell(case.asked.calls[0].payload)
        assert case.asked.facts, case.asked.user
        assert all(says(printed, fact) for fact in case.asked.facts), case.asked.user


def test_a_wrong_call_is_told_nothing(played: list[Played]) -> None:
    """A tool that answers whatever it is asked would let a wrong call find the right fact."""
    for case, _, of_wrong_calls in played:
        assert all(result.is_error for result in of_wrong_calls), case.asked.user


def _sources() -> Iterator[Traversable]:
    pending = [resources.files("demo_training.data")]
    while pending:
        for each in pending.pop().iterdir():
            if each.is_dir():
                pending.append(each)
            elif each.name.endswith((".py", ".toml")):
                yield each


def _training_texts() -> Iterator[str]:
    """Every string that the training data is made of, and what is asked in conversations made of them."""
    for source in _sources():
        text = source.read_text(encoding="utf-8")
        if source.name.endswith(".toml"):
            yield from (each for each in _leaves(tomllib.loads(text)) if isinstance(each, str))
        else:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for number in range(300):
        for asked in mixture.training_episode(Random(f"blind/{number}")).rounds:
            yield asked.user


def _wording(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def test_no_blind_question_is_asked_in_training(blind_cases: list[Case]) -> None:
    """Only training's text is printed: whoever writes it must not read the questions."""
    questions = {_wording(case.asked.user) for case in blind_cases}
    assert [text for text in _training_texts() if _wording(text) in questions] == []


def test_no_blind_tool_is_one_of_training(blind_cases: list[Case]) -> None:
    """The rows are about functions that the model has never met."""
    random = Random(5)
    sources = mixture.training_sources()
    templates = (*sources.everyday, *sources.drills, *load_scenarios().tools.values())
    templates += (*chinese.templates(), *families.family_templates())
    names = {name for template in templates for name in template.names}
    for record in load_records("records.toml"):
        for action in ACTIONS:
            for _ in range(3):
                names.add(offer(action(record, random), random, TRAINING).spec.name)
    stock = load_options()
    names |= {name for base in stock.bases for name in base.names}
    for _ in range(40 * len(stock.entities)):
        entity = draw_entity(random)
        names |= {each.spec.name for each in (entity.finder, *entity.getters.values())}
    names |= dependent.tool_names() | dependent_sums.names_of_measures()
    names |= dependent_gathers.names_of_gathers() | texts.tool_names() | word_lists.tool_names()
    ours = {spec.name for case in blind_cases for spec in case.specs if spec.builtin is None}
    assert len(ours) >= 60
    assert sorted(ours & names) == []

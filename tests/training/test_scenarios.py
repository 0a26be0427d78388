"""Two-step tasks: what a second call takes is what the first one told."""

import json
from random import Random

import pytest

from demo_training.data import mixture
from demo_training.data.functions import offer, placeholders, two_requests, use
from demo_training.data.scenarios import (
    PYTHON_STEP,
    Scenario,
    draw_chain,
    load_scenarios,
    scenario_chain,
)
from demo_training.data.values import TRAINING
from glm_tools.python import SPEC as PYTHON
from glm_tools.validation import ArgumentValidator

STOCK = load_scenarios()


def _asked(scenario: Scenario) -> set[str]:
    """The words of the values that the user gives."""
    words = {
        step.word(key)
        for step in scenario.steps
        if step.tool != PYTHON_STEP
        for key in STOCK.tools[step.tool].parameters
    }
    return (words | set(scenario.values)) - STOCK.told(scenario)


@pytest.mark.parametrize("scenario", STOCK.scenarios, ids=lambda each: each.requests[0][:40])
def test_every_placeholder_of_a_scenario_stands_for_something(scenario: Scenario) -> None:
    """A misspelt placeholder would stop training hours after its start, and a word of two fields would mix values."""
    asked, told = _asked(scenario), STOCK.told(scenario)
    for request in scenario.requests:
        assert placeholders(request) <= asked, request
        assert set(scenario.values) <= placeholders(request), request
        for answer in scenario.answers:
            assert placeholders(answer) <= placeholders(request) | told, answer
    assert bool(scenario.answers) == bool(scenario.compare)
    fields = [
        step.word(key)
        for step in scenario.steps
        if step.tool != PYTHON_STEP
        for key in STOCK.tools[step.tool].results
    ]
    assert len(fields) == len(set(fields))
    for step in scenario.steps:
        if step.tool != PYTHON_STEP:
            tool = STOCK.tools[step.tool]
            assert set(step.words) <= set(tool.parameters) | set(tool.results), step
    assert placeholders(scenario.python) <= set(fields) | asked
    assert bool(scenario.python) == any(step.tool == PYTHON_STEP for step in scenario.steps)


def test_every_sentence_of_a_tool_names_what_the_tool_knows() -> None:
    """A result that says `{phone}` would be learnt as one."""
    for tool in STOCK.tools.values():
        for text in tool.answers:
            assert placeholders(text) <= set(tool.parameters) | set(tool.results), text


@pytest.mark.parametrize("scenario", STOCK.scenarios, ids=lambda each: each.requests[0][:40])
def test_a_dependent_call_fits_its_schema_and_takes_its_value_from_an_earlier_result(
    scenario: Scenario,
) -> None:
    """A value that stands in the question, or nowhere, would teach to make it up."""
    random = Random(1)
    dependent = 0
    for _ in range(25):
        made = draw_chain(scenario, STOCK, random, TRAINING)
        if made is None:
            continue
        offers, asked = made
        specs = {each.spec.name: each.spec for each in offers}
        seen = ""
        for call in asked.calls:
            if call.tool == PYTHON.name:
                assert "Error" not in call.observations[0].text, call
                dependent += 1
            else:
                arguments = json.loads(call.payload)
                spec = specs[call.tool]
                ArgumentValidator(call.tool, spec.parameters).check(arguments)
                for value in arguments.values():
                    if str(value) not in asked.user:
                        assert seen, asked
                        assert str(value) in seen, asked
                        dependent += 1
            seen += call.observations[0].text
        for fact in asked.facts:
            assert fact in asked.answer
        if asked.kind == "error, told":
            assert len(asked.calls) == 1
    assert dependent > 5 or scenario.compare


def test_scenarios_of_the_same_seed_are_the_same() -> None:
    """The recipe is only a recipe when it can be repeated."""
    first = [scenario_chain(Random(f"3/{number}"), TRAINING) for number in range(20)]
    second = [scenario_chain(Random(f"3/{number}"), TRAINING) for number in range(20)]
    assert first == second


def test_two_requests_at_once_keep_the_values_of_both() -> None:
    """A join that drops one of the requests would teach to call for what nobody asked."""
    random = Random(2)
    templates = mixture.training_sources().everyday
    for _ in range(200):
        first, second = (
            use(offer(each, random, TRAINING), random, TRAINING)
            for each in random.sample(templates, 2)
        )
        asked = two_requests(first, second, random)
        for used in (first, second):
            names = {name: key for key, name in used.offer.names.items()}
            for name in used.arguments:
                said = used.values[names[name]].said
                assert said.lower().rstrip(".?!") in asked.user.lower(), (asked.user, said)
        assert [call.tool for call in asked.calls] == [
            first.offer.spec.name,
            second.offer.spec.name,
        ]

"""Tasks of daily life in which one call needs what another one told; the material is in scenarios.toml."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from demo_training.data.chains import Chain
from demo_training.data.code import answer_to, run_cell, shortened
from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.functions import (
    Offer,
    Parameter,
    Template,
    kind_of,
    offer,
    placeholders,
    told_by,
)
from demo_training.data.material import material
from demo_training.data.values import Kind, Value, Vocabulary, capitalised
from glm_tools.tool import Observation

PYTHON_STEP = "python"
_NOTHING = (
    "not found", "no result", "nothing found", "no match", "no such entry", "unknown", "does not exist", "no entry",
    "no record on file", "nothing matches", "access denied", "permission denied",
)  # fmt: skip
_TOLD = (
    "I looked up {value}, but the answer was '{problem}', so I did not go on.",
    "Sorry, I can't do that: the tool said '{problem}' for {value}.",
    "That did not work. For {value} the tool reports: {problem}.",
    "The look-up of {value} says '{problem}', so the rest is not done.",
    "I could not find what I need about {value} ({problem}). Can you check it?",
    "For {value} I only got '{problem}'. I have not done anything else.",
)
_DISTRACTORS = (0, 0, 1, 1, 2)


@dataclass(frozen=True)
class Step:
    """One call of a scenario.

    Attributes:
        tool: its name in scenarios.toml, or `python`.
        words: what its parameters and fields are called in the scenario, where that differs from the tool's own keys.
    """

    tool: str
    words: Mapping[str, str]

    def word(self, key: str) -> str:
        """What `key` of the tool is called in the scenario's texts."""
        return self.words.get(key, key)


@dataclass(frozen=True)
class Scenario:
    """Dependent calls and what people say who want them.

    Attributes:
        steps: in order; a parameter that is called as a field of an earlier step gets the value of this field.
        requests: with the words of the user's values.
        answers: of a comparison, with the words of the user's values and of fields; every other scenario's answer tells
            what its last call told.
        python: the code of the step `python`.
        compare: two pairs of a number's word and a thing's word; they give `{higher}` and `{lower}`, the things.
        values: of the user that only the code takes.
    """

    steps: tuple[Step, ...]
    requests: tuple[str, ...]
    answers: tuple[str, ...]
    python: str
    compare: tuple[tuple[str, str], ...]
    values: Mapping[str, Kind]


@dataclass(frozen=True)
class Stock:
    """All of scenarios.toml; a tool's `answers` are sentences in which it may give its result."""

    tools: Mapping[str, Template]
    scenarios: tuple[Scenario, ...]

    def told(self, scenario: Scenario) -> set[str]:
        """The words of the values that only results tell."""
        fields = {
            step.word(key)
            for step in scenario.steps
            if step.tool != PYTHON_STEP
            for key in self.tools[step.tool].results
        }
        return fields | {"output"} | ({"higher", "lower"} if scenario.compare else set())


@cache
def load_scenarios() -> Stock:
    """The tools and scenarios of scenarios.toml."""
    content = material("scenarios.toml")
    tools = {key: _tool(entry) for key, entry in content["tool"].items()}
    return Stock(tools, tuple(_scenario(entry) for entry in content["scenario"]))


def _tool(entry: Mapping[str, Any]) -> Template:
    return Template(
        names=tuple(entry["names"].split()),
        descriptions=tuple(entry["descriptions"]),
        parameters={key: parameter_of(key, text) for key, text in entry["takes"].items()},
        requests=(),
        results={key: kind_of(kind) for key, kind in entry["gives"].items()},
        answers=tuple(entry.get("says", ())),
    )


def parameter_of(key: str, text: str) -> Parameter:
    """A parameter from `kind : names : description`; the last two may be missing."""
    kind, names, description = ([part.strip() for part in text.split(":")] + ["", ""])[:3]
    return Parameter(
        kind_of(kind),
        tuple(names.split()) or (key,),
        description or capitalised(key.replace("_", " ")),
    )


def _scenario(entry: Mapping[str, Any]) -> Scenario:
    steps = []
    for text in entry["steps"]:
        tool, *renamed = text.split()
        steps.append(Step(tool, dict(each.split("=") for each in renamed)))
    pairs = [each.split(":") for each in entry.get("compare", ())]
    return Scenario(
        tuple(steps),
        tuple(entry["requests"]),
        tuple(entry.get("answers", ())),
        entry.get("python", ""),
        tuple((number, thing) for number, thing in pairs),
        {word: kind_of(kind) for word, kind in entry.get("values", {}).items()},
    )


def scenario_chain(random: Random, vocabulary: Vocabulary) -> Chain:
    """A task out of scenarios.toml with fresh values, and the functions it needs with a few that it does not."""
    stock = load_scenarios()
    while True:
        made = draw_chain(random.choice(stock.scenarios), stock, random, vocabulary)
        if made is not None:
            return made


def draw_chain(
    scenario: Scenario, stock: Stock, random: Random, vocabulary: Vocabulary
) -> Chain | None:
    """A task of this scenario; None where a name or a value came twice, so that there would be nothing to look up."""
    offers = _offers(scenario, stock, random, vocabulary)
    if len({each.spec.name for each in offers.values()}) < len(offers):
        return None
    request = random.choice(scenario.requests)
    course = _Course(scenario, stock, request, random, vocabulary)
    if course.clashes:
        return None
    asked = request.format(**{word: course.known[word].said for word in placeholders(request)})
    fails = random.random() < 0.1
    calls: list[Call] = []
    for step in scenario.steps:
        if step.tool == PYTHON_STEP:
            calls.append(course.compute())
            continue
        call = course.call(step, offers[step.tool])
        if any(text in asked for text in course.copied):
            return None
        if fails and not calls:
            return tuple(offers.values()), course.failed(call, step, asked)
        calls.append(call)
    if course.is_tie:
        return None
    answer, facts = course.answer(calls[-1])
    return tuple(offers.values()), Round(
        "two steps", spoken(asked, random), tuple(calls), answer, facts
    )


def _offers(
    scenario: Scenario, stock: Stock, random: Random, vocabulary: Vocabulary
) -> dict[str, Offer]:
    """The tools of the scenario, and up to two others of the file."""
    told = stock.told(scenario)
    needed = [step.tool for step in scenario.steps if step.tool != PYTHON_STEP]
    others = [key for key in stock.tools if key not in needed]
    offers = {}
    for key in (*dict.fromkeys(needed), *random.sample(others, random.choice(_DISTRACTORS))):
        template = stock.tools[key]
        said = tuple(
            _said(template, step, request, told)
            for step in scenario.steps
            if step.tool == key
            for request in scenario.requests
        )
        everything = " ".join(f"{{{name}}}" for name in template.parameters)
        offers[key] = offer(replace(template, requests=said or (everything,)), random, vocabulary)
    return offers


def _said(template: Template, step: Step, request: str, told: set[str]) -> str:
    """The placeholders of the parameters that get a value: from the request, or from an earlier result."""
    given = placeholders(request) | told
    return " ".join(f"{{{key}}}" for key in template.parameters if step.word(key) in given)


class _Course:
    """The values of one conversation as they become known, step by step."""

    def __init__(
        self, scenario: Scenario, stock: Stock, request: str, random: Random, vocabulary: Vocabulary
    ) -> None:
        self._scenario = scenario
        self._stock = stock
        self._request = request
        self._random = random
        self._vocabulary = vocabulary
        self._told = stock.told(scenario)
        self.known: dict[str, Value] = {
            word: kind.draw(random, vocabulary) for word, kind in scenario.values.items()
        }
        self.copied: list[str] = []
        for step in scenario.steps:
            if step.tool == PYTHON_STEP:
                continue
            for key, parameter in stock.tools[step.tool].parameters.items():
                word = step.word(key)
                if word not in self._told and word not in self.known:
                    self.known[word] = parameter.draw(random, vocabulary)

    @property
    def clashes(self) -> bool:
        """Two values of the request are the same."""
        said = [self.known[word].said for word in placeholders(self._request)]
        return len(set(said)) < len(said)

    @property
    def is_tie(self) -> bool:
        """The numbers to compare are the same."""
        numbers = [self.known[number].json for number, _ in self._scenario.compare]
        return len(set(numbers)) < len(numbers)

    def call(self, step: Step, offered: Offer) -> Call:
        """The call of a function with the values known by now; its result becomes known."""
        template = offered.template
        values = {
            key: self.known[step.word(key)]
            for key in template.parameters
            if step.word(key) in self.known
        }
        said = _said(template, step, self._request, self._told)
        arguments = offered.arguments(values, said)
        self.copied += [
            values[key].said
            for key in placeholders(said)
            if step.word(key) in self._told - {"higher", "lower", "output"}
        ]
        results = {
            key: kind.draw(self._random, self._vocabulary)
            for key, kind in self._stock.tools[step.tool].results.items()
        }
        self.known |= {step.word(key): value for key, value in results.items()}
        self._compare()
        shown = self._shown(template, values, results)
        return json_call(offered.spec.name, arguments, shown)

    def _compare(self) -> None:
        if not all(number in self.known for number, _ in self._scenario.compare):
            return
        ordered = sorted(self._scenario.compare, key=lambda pair: self.known[pair[0]].json)
        for word, (_, thing) in zip(("lower", "higher"), ordered, strict=False):
            self.known[word] = self.known[thing]

    def _shown(
        self, template: Template, values: Mapping[str, Value], results: Mapping[str, Value]
    ) -> Any:
        """A result as a tool's author gives it: an object, one in another, a value, a sentence, lines."""
        fields = {_field(key): value.json for key, value in results.items()}
        shape = self._random.random()
        if shape < 0.5:
            return fields
        if shape < 0.6:
            return self._random.choice(
                ([fields], {"result": fields}, {"status": "ok", "data": fields})
            )
        if len(fields) == 1 and shape < 0.8:
            (value,) = fields.values()
            return value
        said = {key: value.said for key, value in {**values, **results}.items()}
        fitting = [text for text in template.answers if placeholders(text) <= set(said)]
        if fitting and shape < 0.9:
            return self._random.choice(fitting).format(**said)
        lines = [f"{_field(key).replace('_', ' ')}: {value.said}" for key, value in results.items()]
        return self._random.choice((", ", "\n", "; ", " | ")).join(lines)

    def compute(self) -> Call:
        """The call of `python`; what it prints becomes known."""
        source = self._scenario.python.format(
            **{word: value.said for word, value in self.known.items()}
        )
        output = run_cell(source)
        self.known["output"] = Value(shortened(output), json.loads(shortened(output)))
        return Call(PYTHON_STEP, source, (Observation(output),))

    def failed(self, call: Call, step: Step, asked: str) -> Round:
        """The look-up finds nothing: that is told, and nothing is made up in its place."""
        problem = self._random.choice(_NOTHING)
        key = next(iter(self._stock.tools[step.tool].parameters))
        value = self.known[step.word(key)].said
        shown = self._random.choice(
            (problem, f"Error: {problem}", json.dumps({"error": problem}), f"{value}: {problem}")
        )
        answer = self._random.choice(_TOLD).format(value=value, problem=problem)
        failed = replace(call, observations=(Observation(shown),))
        return Round("error, told", spoken(asked, self._random), (failed,), answer, (problem,))

    def answer(self, last: Call) -> tuple[str, tuple[str, ...]]:
        """What the last call told, or which is more; and the told values in it."""
        scenario = self._scenario
        if scenario.answers:
            text = self._random.choice(scenario.answers)
            said = {word: value.said for word, value in self.known.items()}
            facts = sorted(placeholders(text) & self._told)
            return text.format(**said), tuple(said[word] for word in facts)
        if scenario.python:
            text, fact = answer_to(last.observations[-1].text)
            return text, (fact,)
        step = scenario.steps[-1]
        results = self._stock.tools[step.tool].results
        result = {_field(key): self.known[step.word(key)] for key in results}
        return told_by(last, result), tuple(value.said for value in result.values())


def _field(key: str) -> str:
    """The name of a field in a result; `mail_state` and its like have a name of their own in scenarios only."""
    return "status" if key.endswith("_state") else key

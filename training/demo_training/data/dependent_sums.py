"""Scenes in which numbers are looked up, of one thing or of several, and `python` works something out; see measures.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from demo_training.data.code import run_cell, shortened
from demo_training.data.dependent import Scene, articled, entry_tool, single
from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.functions import kind_of
from demo_training.data.lookups import numbers_for
from demo_training.data.material import material
from demo_training.data.options import Wish, draw_wish, result_shape
from demo_training.data.scenarios import parameter_of
from demo_training.data.values import Value, Vocabulary, capitalised
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import Observation

_IMPORTS = {
    "math.": "import math", "timedelta(": "from datetime import date, timedelta", "date.": "from datetime import date",
    "statistics.": "import statistics",
}  # fmt: skip
_OF_A_NUMBER = (
    ("what is {n} times {x}?", "{v} * {n}"), ("multiply {x} by {n}", "{v} * {n}"), ("what is half of {x}?", "{v} / 2"),
    ("look up {x} and calculate {n} times that", "{v} * {n}"), ("get {x} and compute what {p} percent of it is", "{v} * {p} / 100"),
    ("find out {x}, then divide it by {n}", "{v} / {n}"), ("take {x} and add {n}", "{v} + {n}"),
    ("get {x} and subtract {n} from it", "{v} - {n}"), ("check {x} and double it", "{v} * 2"),
    ("what is {x} divided by {n}?", "{v} / {n}"), ("what is {p} % of {x}?", "{v} * {p} / 100"),
    ("if {x} rises by {p} percent, what is it then?", "{v} * (100 + {p}) / 100"), ("what is {x} plus {n}?", "{v} + {n}"),
    ("if {x} falls by {p} %, what will it be?", "{v} * (100 - {p}) / 100"),
    ("fetch {x} and multiply it by {n}", "{v} * {n}"), ("first get {x}, then work out {p} percent of it", "{v} * {p} / 100"),
    ("look up {x}. What is it divided by {n}?", "{v} / {n}"), ("how much is {x} less {n}?", "{v} - {n}"),
    ("find {x} and tell me a third of it", "{v} / 3"), ("use the tool to get {x} and then multiply it by {n}", "{v} * {n}"),
)  # fmt: skip
_OF_A_LIST = (
    ("what is the average of {x}?", "sum({v}) / len({v})"), ("get {x} and compute their average", "sum({v}) / len({v})"),
    ("look up {x} and add them up", "sum({v})"), ("what is the sum of {x}?", "sum({v})"), ("fetch {x} and sort them", "sorted({v})"),
    ("what is the highest of {x}?", "max({v})"), ("find the lowest of {x}", "min({v})"), ("sort {x}", "sorted({v})"),
    ("sort {x} in descending order", "sorted({v}, reverse=True)"), ("what is the median of {x}?", "statistics.median({v})"),
    ("get {x}, then calculate the mean", "sum({v}) / len({v})"), ("how many are above {n} among {x}?", "sum(x > {n} for x in {v})"),
    ("compute the total of {x}", "sum({v})"), ("what is the range of {x}, highest minus lowest?", "max({v}) - min({v})"),
    ("sort {x} from the highest to the lowest", "sorted({v}, reverse=True)"), ("take {x} and give me the average", "sum({v}) / len({v})"),
)  # fmt: skip
_OF_TWO = (
    ("what is the difference between {x} and {y}?", "abs({v} - {v2})"), ("look up {xy}, then compute the difference", "abs({v} - {v2})"),
    ("what is the sum of {x} and {y}?", "{v} + {v2}"), ("add up {xy}", "{v} + {v2}"), ("get {xy} and add them", "{v} + {v2}"),
    ("what is the average of {x} and {y}?", "({v} + {v2}) / 2"), ("the mean of {xy}, please", "({v} + {v2}) / 2"),
    ("find {xy} and tell me how far apart they are", "abs({v} - {v2})"), ("what is the ratio of {x} to {y}?", "{v} / {v2}"),
    ("how much is {x} plus {y}?", "{v} + {v2}"), ("compare {xy}: what is the difference?", "abs({v} - {v2})"),
    ("look up {xy}, then add both", "{v} + {v2}"), ("by how much do {x} and {y} differ?", "abs({v} - {v2})"),
    ("first get {x}, then {y}, and calculate the difference", "abs({v} - {v2})"), ("what is {x} divided by {y}?", "{v} / {v2}"),
)  # fmt: skip
_OF_THREE = (
    ("what is the average of {xyz}?", "({v} + {v2} + {v3}) / 3"), ("add up {xyz}", "{v} + {v2} + {v3}"),
    ("what is the sum of {xyz}?", "{v} + {v2} + {v3}"), ("which is the highest value among {xyz}?", "max({v}, {v2}, {v3})"),
    ("the lowest number among {xyz}?", "min({v}, {v2}, {v3})"), ("compute the mean of {xyz}", "({v} + {v2} + {v3}) / 3"),
    ("get {xyz} and calculate the average", "({v} + {v2} + {v3}) / 3"), ("look up {xyz}. What is the total?", "{v} + {v2} + {v3}"),
    ("how far apart are the highest and the lowest of {xyz}?", "max({v}, {v2}, {v3}) - min({v}, {v2}, {v3})"),
)  # fmt: skip
_WITH_PYTHON = (
    "Use python.", "Use python to calculate it.", "Calculate it with python.", "Compute it with Python.", "Please calculate it.",
    "Do the math in python.", "Work it out with python.", "Use the tool, then python.", "Let python do the calculation.",
)  # fmt: skip


@dataclass(frozen=True)
class Measures:
    """All of measures.toml, as the file has it."""

    measures: tuple[Mapping[str, Any], ...]
    duos: tuple[Mapping[str, Any], ...]


@cache
def load_measures() -> Measures:
    """The material of measures.toml."""
    content = material("measures.toml")
    return Measures(tuple(content["measure"]), tuple(content["duo"]))


def names_of_measures() -> set[str]:
    """What the tools of measures.toml may be called."""
    stock = load_measures()
    entries = (*stock.measures, *(duo[part] for duo in stock.duos for part in "ab"))
    return {name for entry in entries for name in entry["names"].split()}


class _Measure:
    """One tool of a conversation that tells numbers of a thing, and maybe more than what is asked for.

    Args:
        entry: its `names`, `about`, `gives`, `asks`.
        parameter: `kind : names : description` of what it takes.
    """

    def __init__(self, entry: Mapping[str, Any], parameter: str, random: Random) -> None:
        takes = parameter_of("name", parameter)
        asks = tuple(ask.replace("{x}", "{name}") for ask in entry["asks"])
        beside = dict(entry.get("beside", {}))
        extra = random.sample(list(beside), min(len(beside), random.choice((0, 0, 1, 1, 2))))
        gives = {**entry["gives"], **{key: beside[key] for key in extra}}
        self._order = random.sample(list(gives), len(gives))
        self._needed = tuple(entry["gives"])
        names = entry.get("fields", {})
        self._shown = {key: random.choice(names.get(key, key).split()) for key in gives}
        if len(set(self._shown.values())) < len(gives):
            self._shown = {key: key for key in gives}
        flat = {**entry, "takes": {}, "gives": gives}
        tool = entry_tool(flat, {"name": takes}, asks, random, "things")
        self.tool = replace(tool, options={}, required=frozenset())

    def draw(self, random: Random, vocabulary: Vocabulary) -> Wish:
        """A request for it whose result has the fields in this tool's order, under the keys of the entry."""
        wish = draw_wish(self.tool, random, vocabulary)
        while any(wish.result[key].json == 0 for key in self._needed):  # it may be a divisor
            wish = draw_wish(self.tool, random, vocabulary)
        return replace(wish, result={key: wish.result[key] for key in self._order})

    def shown(self, wish: Wish) -> Wish:
        """The same with the names that the fields have in results."""
        return replace(wish, result={self._shown[key]: each for key, each in wish.result.items()})

    def call(self, wish: Wish, random: Random) -> Call:
        fields = {self._shown[key]: each.json for key, each in wish.result.items()}
        if len(fields) == 1 and random.random() < 0.3:
            (value,) = fields.values()
            return json_call(self.tool.spec.name, wish.arguments, value)
        return json_call(self.tool.spec.name, wish.arguments, result_shape(fields, random))

    def numbers(self, wish: Wish, place: int) -> dict[str, Any]:
        """The needed fields by key; those of the second thing end in 2, of the third in 3."""
        suffix = "" if place == 0 else str(place + 1)
        return {f"{key}{suffix}": wish.result[key].json for key in self._needed}


def measure_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A tool that tells numbers of a thing, and what `python` works out of one, two or three of them."""
    entry = random.choice(load_measures().measures)
    measure = _Measure(entry, entry["takes"], random)
    rounds = [_computed(entry, entry["sums"], measure, random, vocabulary) for _ in range(2)]
    if entry["pairs"]:
        rounds.append(_computed(entry, entry["pairs"], measure, random, vocabulary))
    if "nominal" in entry:
        is_list = entry["gives"][entry["number"]] == "numbers"
        rounds.append(_computed(entry, _OF_A_LIST if is_list else _OF_A_NUMBER, measure, random, vocabulary))  # fmt: skip
        if not is_list:
            several = _OF_THREE if random.random() < 0.35 else _OF_TWO
            rounds.append(_computed(entry, several, measure, random, vocabulary))
    rounds = random.sample(rounds, min(len(rounds), 4))
    asked = measure.draw(random, vocabulary)
    said = random.choice(entry["x"]).format(n=asked.values["name"].said)
    request = random.choice(entry["asks"]).format(x=said)
    request = articled(request if request.startswith(said) else capitalised(request))
    rounds.append(single(measure.shown(asked), request, random))
    return Scene((measure.tool,), tuple(rounds), computes=True)


def _things(entry: Mapping[str, Any], wishes: Sequence[Wish], random: Random) -> list[str]:
    way = random.choice(entry["x"])
    return [way.format(n=wish.values["name"].said) for wish in wishes]


def _nominals(entry: Mapping[str, Any], said: Sequence[str], random: Random) -> dict[str, str]:
    """The words for the numbers of things: {x}, {y}, both at once, all three."""
    nominal = entry["nominal"]
    words = dict(zip("xyz", (nominal.format(x=each) for each in said), strict=False))
    before = nominal.partition("{x}")[0].split()[-1]
    again = f"{before} " if random.random() < 0.4 and nominal.endswith("{x}") else ""
    several = ", ".join((said[0], *(again + each for each in said[1:-1])))
    all_of_them = nominal.format(x=f"{several} and {again}{said[-1]}")
    return {**words, "xy": all_of_them, "xyz": all_of_them}


def _computed(
    entry: Mapping[str, Any],
    asks: Sequence[Sequence[str]],
    measure: _Measure,
    random: Random,
    vocabulary: Vocabulary,
) -> Round:
    """The numbers of one, two or three things, then `python`."""
    ask, expression = random.choice(asks)
    is_general = "{v}" in expression
    count = 3 if "{xyz}" in ask else 2 if "{y}" in ask or "{xy}" in ask else 1
    wishes = [measure.draw(random, vocabulary)]
    while len(wishes) < count:
        other = measure.draw(random, vocabulary)
        if all(other.values["name"] != each.values["name"] for each in wishes):
            wishes.append(other)
    numbers = _numbers(random, vocabulary)
    for place, wish in enumerate(wishes):
        values = measure.numbers(wish, place)
        numbers |= values
        if is_general:
            suffix = "" if place == 0 else str(place + 1)
            numbers[f"v{suffix}"] = values[f"{entry['number']}{suffix}"]
    said = _things(entry, wishes, random)
    words = _nominals(entry, said, random) if is_general else {"x": said[0], "y": said[-1]}
    calls = tuple(measure.call(wish, random) for wish in wishes)
    return _worked_out(ask, expression, numbers, words, calls, random)


def _numbers(random: Random, vocabulary: Vocabulary) -> dict[str, Any]:
    """What requests name besides what is looked up."""
    day = kind_of("day").draw(random, vocabulary)
    return {
        "day": day.said, "iso": day.json, "big": random.randint(2, 90) * random.choice((10, 100, 500, 1000)),
        "cents": random.choice((random.randint(18, 45), random.randint(180, 450) / 10)),
        **numbers_for(random, vocabulary),
        "v": random.choice((60, 75, 80, 90, 100, 110, 120)),
        "s": random.choice((2.5, 3.8, 4.5, 5.2, 6.5, 7.4)),
        "k": random.randint(2, 20),
    }  # fmt: skip


def _worked_out(
    ask: str,
    expression: str,
    numbers: Mapping[str, Any],
    words: Mapping[str, str],
    calls: tuple[Call, ...],
    random: Random,
) -> Round:
    """The round of a request and its look-ups, with the call of `python`."""
    text = ask.format(**{**numbers, **words})
    mark = "" if ask.endswith("?") else "."
    request = articled(text if ask.startswith("{x}") and text[0] != "t" else capitalised(text)) + mark  # fmt: skip
    if random.random() < 0.25:
        request = f"{request} {random.choice(_WITH_PYTHON)}"
    expression = expression.format(**numbers)
    imports = [line for name, line in _IMPORTS.items() if name in expression]
    if "timedelta(" in expression:
        imports.remove(_IMPORTS["date."])
    source = "\n".join((*imports, f"print({expression})"))
    output = run_cell(source)
    fact = shortened(output)
    python = Call(PYTHON.name, source, (Observation(output),))
    answer = f"The result is {fact}."
    return Round("two steps", spoken(request, random), (*calls, python), answer, (fact,))


def duo_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """Two tools that tell a number each of the same thing, and what `python` makes of both."""
    entry = random.choice(load_measures().duos)
    first, second = (_Measure(entry[part], entry["takes"], random) for part in "ab")
    kind = kind_of(entry["takes"].partition(":")[0].strip())
    rounds = []
    for _ in range(3):
        name = kind.draw(random, vocabulary)
        wishes = [
            replace(each.draw(random, vocabulary), values={"name": Value(name.said, name.json)})
            for each in (first, second)
        ]
        ask, expression = random.choice(entry["sums"])
        numbers = _numbers(random, vocabulary)
        for each, wish in zip((first, second), wishes, strict=True):
            numbers |= each.numbers(wish, 0)
        calls = (first.call(wishes[0], random), second.call(wishes[1], random))
        said = random.choice(entry["x"]).format(n=name.said)
        rounds.append(_worked_out(ask, expression, numbers, {"x": said}, calls, random))
    for part, each in zip("ab", (first, second), strict=True):
        asked = each.draw(random, vocabulary)
        said = random.choice(entry["x"]).format(n=asked.values["name"].said)
        request = random.choice(entry[part]["asks"]).format(x=said)
        request = request if request.startswith(said) else capitalised(request)
        rounds.append(single(each.shown(asked), articled(request), random))
    return Scene((first.tool, second.tool), tuple(rounds), computes=True)

"""Calls that depend on each other, over functions that are put together, and questions that look alike and take one call.

A name gives an id, the id gives what was asked for, `python` computes with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from demo_training.data.chinese_words import chinese_vocabulary, told_in_chinese
from demo_training.data.code import run_cell, shortened
from demo_training.data.dependent import single
from demo_training.data.episode import Call, Round, spoken
from demo_training.data.functions import Parameter, told_by
from demo_training.data.options import (
    Base,
    OptionTool,
    Wish,
    draw_tool,
    draw_wish,
    load_options,
)
from demo_training.data.values import KINDS, Value, Vocabulary, capitalised
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import Observation

_BESIDE = ("city", "date", "name", "count", "time")  # kinds of what a finder tells beside the id
RELAYED = ("city", "name", "address", "date")  # kinds of what one tool tells and another one takes
_OF_A_NUMBER = (
    ("what is {n} times {x}?", "{v} * {n}"), ("multiply {x} by {n}", "{v} * {n}"), ("what is half of {x}?", "{v} / 2"),
    ("add {n} to {x}", "{v} + {n}"), ("what is {p} percent of {x}?", "{v} * {p} / 100"), ("divide {x} by {n}", "{v} / {n}"),
    ("find out {x} and compute what {n} times that makes", "{v} * {n}"), ("double {x}", "{v} * 2"), ("what is {x} minus {n}?", "{v} - {n}"),
    ("{n} people share {x}, how much is it for each?", "{v} / {n}"), ("if it rises by {p} percent, what will {x} be?", "{v} * (100 + {p}) / 100"),
    ("get {x} and tell me what {n} such amounts are together", "{v} * {n}"), ("how much is {x} for {n} of them?", "{v} * {n}"),
)  # fmt: skip
_OF_A_LIST = (
    ("what is the average of {x}?", "sum({v}) / len({v})"), ("what do {x} add up to?", "sum({v})"), ("the sum of {x}", "sum({v})"),
    ("what is the total of {x}?", "sum({v})"), ("what is the highest of {x}?", "max({v})"), ("which is the lowest of {x}?", "min({v})"),
    ("what is the mean of {x}?", "sum({v}) / len({v})"), ("how far apart are the highest and the lowest of {x}?", "max({v}) - min({v})"),
    ("sort {x}", "sorted({v})"), ("how many are {x} altogether?", "sum({v})"), ("how many numbers are there in {x}?", "len({v})"),
    ("what is the biggest of {x}, times {n}?", "max({v}) * {n}"), ("what is {n} times the sum of {x}?", "sum({v}) * {n}"),
)  # fmt: skip


@dataclass(frozen=True)
class Entity:
    """Tools over one kind of thing that has a name and an id.

    Attributes:
        finder: tells the id by the name.
        getters: tell something by the id, by attribute.
        name: key of the finder's parameter.
        id_field: key of the id in the finder's result.
    """

    noun: str
    finder: OptionTool
    getters: Mapping[str, OptionTool]
    name: str
    id_field: str


def draw_entity(random: Random) -> Entity:
    """A finder and one to three tools that need what it finds."""
    stock = load_options()
    noun, about = random.choice(list(stock.entities.items()))
    words, id_names = noun.replace("_", " "), tuple(about["id"].split())
    id_field = random.choice(id_names)
    beside = random.sample(_BESIDE, random.choice((0, 0, 1, 2)))
    label = id_field.replace("_", " ")
    finder = draw_tool(random, Base(
        (f"find_{noun}", f"lookup_{noun}", f"get_{id_field}", f"{noun}_by_name", f"search_{noun}", f"{id_field}_of"),
        (f"Find the {label} of a {words} by name", f"Look up a {words} by name", f"Search for a {words}"),
        {"name": Parameter(KINDS[about["by"]], ("name", f"{noun}_name", noun), f"Name of the {words}")}, {},
        {id_field: "odd", **{f"{kind}_of_entry": kind for kind in beside}}, (),
        (f"what is the {label} of {{name}}?", f"find the {words} {{name}}", "look up {name}", f"which {label} does the {words} {{name}} have?"),
        (f"{about['zh']}{{name}}的编号是多少？", f"查一下{about['zh']}{{name}}"), "", "", (), f"{words}s",
    ))  # fmt: skip
    getters = {}
    keys = random.sample(list(stock.attributes), random.choice((1, 2, 2, 3)))
    if random.random() < 0.4:
        keys[0] = random.choice(("city", "contact", "address"))
    for key in dict.fromkeys(keys):
        each = stock.attributes[key]
        of = key.replace("_", " ")
        id_names = (id_field, id_field, *id_names)
        getters[key] = draw_tool(random, Base(
            (f"get_{noun}_{key}", f"{noun}_{key}", f"{key}_of_{noun}", f"{noun}_{key}_by_id", f"check_{noun}_{key}"),
            (f"Get the {of} of a {words}", f"The {of} of a {words} by its id", f"Look up the {of}"),
            {"id": Parameter(KINDS["odd"], id_names, f"{capitalised(label)} of the {words}")}, {},
            {key: each["kind"]}, (each["option"],) if "option" in each else (),
            tuple(ask.replace("{x}", "{id}") for ask in each["asks"]), (each["zh"].replace("{x}", "{id}"),),
            f"the {of} of {{id}}", key if each["kind"] in ("money", "count") or each["kind"].startswith(("int", "float")) else "", (), f"{words}s",
        ))  # fmt: skip
    return Entity(words, finder, getters, "name", id_field)


def _found(
    entity: Entity, random: Random, vocabulary: Vocabulary, chinese: bool
) -> tuple[Wish, Value]:
    """The look-up of an entity by its name, and the id as a user says it: by the name."""
    found = draw_wish(entity.finder, random, vocabulary, chinese=chinese)
    name = found.values[entity.name].said
    forms = (
        name,
        name,
        f"the {entity.noun} {name}",
        f"our {entity.noun} {name}",
        f"{name} ({entity.noun})",
    )
    said = name if chinese else random.choice(forms)
    return found, Value(said, found.result[entity.id_field].json)


def dependent_round(
    entity: Entity, random: Random, vocabulary: Vocabulary, *, chinese: bool = False
) -> Round:
    """What is known by the id is asked of the name."""
    vocabulary = chinese_vocabulary(random) if chinese else vocabulary
    found, said = _found(entity, random, vocabulary, chinese)
    getter = random.choice(list(entity.getters.values()))
    got = draw_wish(getter, random, vocabulary, chinese=chinese, fixed={"id": said})
    request = got.request
    if not chinese and random.random() < 0.15:
        finding = draw_wish(
            entity.finder, random, vocabulary, fixed=found.values, ask="look up {name}"
        )
        it = draw_wish(getter, random, vocabulary, fixed={"id": Value("it", said.json)})
        got = replace(it, result=got.result)
        request = f"{finding.request[:-1]} and tell me: {it.request[0].lower()}{it.request[1:]}"
    calls = (found.call(random), got.call(random))
    if chinese:
        return Round("Chinese", request, calls, told_in_chinese(got.result), got.facts)
    answer = told_by(calls[-1], got.result)
    return Round("two steps", spoken(request, random), calls, answer, got.facts)


def direct_round(entity: Entity, random: Random, vocabulary: Vocabulary) -> Round:
    """The id is said, so that nothing is to be looked up first."""
    getter = random.choice([*entity.getters.values(), entity.finder])
    if getter is entity.finder:
        got = draw_wish(getter, random, vocabulary)
        return single(got, got.request, random)
    code = KINDS["odd"].draw(random, vocabulary)
    label = entity.id_field.replace("_", " ")
    said = random.choice(
        (
            f"{entity.noun} {code.said}",
            code.said,
            f"{label} {code.said}",
            f"the {entity.noun} with the {label} {code.said}",
        )
    )
    got = draw_wish(getter, random, vocabulary, fixed={"id": Value(said, code.json)})
    return single(got, got.request, random)


def python_call(expression: str) -> tuple[Call, str]:
    """The call that prints an expression, and what is told of it."""
    source = f"print({expression})"
    output = run_cell(source)
    return Call(PYTHON.name, source, (Observation(output),)), shortened(output)


def numbers_for(random: Random, vocabulary: Vocabulary) -> dict[str, Any]:
    """Values for the computations."""
    n = random.randint(2, 24)
    return {
        "n": n, "p": random.choice((5, 8, 10, 12, 15, 20, 25, 30, 40)), "a": random.randint(20, 900), "b": n * random.randint(2, 40),
        "m": random.choice((random.randint(2, 200), round(random.uniform(1, 90), 2))), "w": random.choice(vocabulary.dictionary),
        "l": ", ".join(str(random.randint(1, 99)) for _ in range(random.randint(3, 6))),
    }  # fmt: skip


def computed_round(
    tool: OptionTool, random: Random, vocabulary: Vocabulary, entity: Entity | None = None
) -> Round | None:
    """Something is computed of what the tool tells; with `entity`, of what is known by a name; None where nothing can be."""
    base = tool.base
    first: tuple[Wish, ...] = ()
    fixed: Mapping[str, Value] = {}
    if entity is not None:
        found, said = _found(entity, random, vocabulary, False)
        first, fixed = (found,), {"id": said}
    got = draw_wish(tool, random, vocabulary, fixed=fixed)
    if tool.required or not base.nominal:
        return None
    got = replace(got, said={})
    nominal = base.nominal.format(**{key: value.said for key, value in got.values.items()})
    slots = numbers_for(random, vocabulary)
    fields = {key: value.json for key, value in got.result.items()}
    if base.formulas:
        ask, expression = random.choice(base.formulas)
    elif base.number:
        value = fields[base.number]
        ask, expression = random.choice(_OF_A_LIST if isinstance(value, list) else _OF_A_NUMBER)
        fields["v"] = value
    else:
        return None
    call, fact = python_call(expression.format(**slots, **fields))
    mark = "" if ask.endswith("?") else "."
    request = capitalised(ask.format(x=nominal, **slots)) + mark
    calls = (*(wish.call(random) for wish in first), got.call(random), call)
    return Round("two steps", spoken(request, random), calls, f"The result is {fact}.", (fact,))


def relay_round(
    entity: Entity, tools: Sequence[OptionTool], random: Random, vocabulary: Vocabulary
) -> Round | None:
    """A tool wants what another one tells, a city say; None where no tool at hand wants any of it."""
    attributes = load_options().attributes
    takers = [
        (attribute, tool, key)
        for attribute in entity.getters
        for tool in tools
        for key, parameter in tool.base.takes.items()
        if attributes[attribute]["kind"] in RELAYED
        and parameter.kind is KINDS[attributes[attribute]["kind"]]
    ]
    if not takers:
        return None
    attribute, tool, key = random.choice(takers)
    code = KINDS["odd"].draw(random, vocabulary)
    getter = replace(entity.getters[attribute], options={})
    asked = draw_wish(getter, random, vocabulary, fixed={"id": code})
    told_of = f"the {attribute.replace('_', ' ')} of"
    said = random.choice(
        (f"{told_of} {entity.noun} {code.said}", f"{told_of} the {entity.noun} {code.said}")
    )
    taken = draw_wish(
        tool, random, vocabulary, fixed={key: Value(said, asked.result[attribute].json)}
    )
    calls = (asked.call(random), taken.call(random))
    answer = told_by(calls[-1], taken.result)
    return Round("two steps", spoken(taken.request, random), calls, answer, taken.facts)

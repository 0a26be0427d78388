"""Conversations about functions that are put together: which are on the table, what is asked."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

from demo_training.data import chinese
from demo_training.data.chinese_words import chinese_vocabulary, told_in_chinese
from demo_training.data.dependent_scenes import draw_scene
from demo_training.data.episode import Episode, Round, json_call, spoken
from demo_training.data.families import family_episode
from demo_training.data.functions import JOINS, PAIRS, lowered, told, told_by
from demo_training.data.lookups import (
    RELAYED,
    Entity,
    computed_round,
    dependent_round,
    direct_round,
    draw_entity,
    numbers_for,
    python_call,
    relay_round,
)
from demo_training.data.options import OptionTool, Wish, draw_tool, draw_wish, load_options
from demo_training.data.values import KINDS, Value, Vocabulary, capitalised
from glm_tools.python import SPEC as PYTHON

# Questions about the thing that a function is about, which tell all the numbers themselves.
_TELLING_ALL = (
    ("One of the {t} costs {m}. What do {n} of them cost?", "{m} * {n}"), ("I have {a} {t} and get {n} more. How many are there then?", "{a} + {n}"),
    ("What is {p} % of {a} {t}?", "{a} * {p} / 100"), ("{b} {t} are shared by {n} people. How many does each of them get?", "{b} / {n}"),
    ("There were {a} {t}, and {n} of them are gone. How many are left?", "{a} - {n}"), ("What is the average of {l} {t}?", "sum([{l}]) / len([{l}])"),
    ("We count our {t}: {l}. What is the sum?", "sum([{l}])"), ("{t} are {m} each. How much do I pay for {n}?", "{m} * {n}"),
    ("Yesterday there were {n} {t}, today {b}. How many times as many is that?", "{b} / {n}"), ("Which is the highest of these prices of {t}: {l}?", "max([{l}])"),
    ("If {n} {t} take {a} minutes each, how many minutes is that in all?", "{n} * {a}"), ("Sort these numbers of {t}: {l}", "sorted([{l}])"),
    ("How many letters does the word {w} have?", "len('{w}')"), ("Write the word {w} backwards.", "'{w}'[::-1]"),
    ("A price of {m} for {t} goes up by {p} percent. What is it then?", "{m} * (100 + {p}) / 100"), ("How many hours are {a} minutes?", "{a} / 60"),
    ("Convert {a} inches to centimeters, at 2.54 cm an inch.", "{a} * 2.54"), ("How many inches are {a} cm? An inch has 2.54 cm.", "{a} / 2.54"),
)  # fmt: skip


def single_round(
    tool: OptionTool, random: Random, vocabulary: Vocabulary, *, in_chinese: bool = False
) -> Round:
    """One call with its options."""
    wish = draw_wish(
        tool, random, chinese_vocabulary(random) if in_chinese else vocabulary, chinese=in_chinese
    )
    call = wish.call(random)
    if not in_chinese and random.random() < 0.07:
        return _several_rows(wish, random, vocabulary)
    if in_chinese:
        return Round("Chinese", wish.request, (call,), told_in_chinese(wish.result), wish.facts)
    answer = told_by(call, wish.result)
    return Round("function", spoken(wish.request, random), (call,), answer, wish.facts)


def _several_rows(wish: Wish, random: Random, vocabulary: Vocabulary) -> Round:
    """The result is a list of two or three, and all of them are told."""
    others = [draw_wish(wish.tool, random, vocabulary) for _ in range(random.choice((1, 2)))]
    rows = [wish.result, *(other.result for other in others)]
    shown = [{key: value.json for key, value in row.items()} for row in rows]
    facts = tuple(value.said for row in rows for value in row.values())
    return Round(
        "function",
        spoken(wish.request, random),
        (json_call(wish.tool.spec.name, wish.arguments, shown),),
        " ".join(told(row) for row in rows),
        facts,
    )


def double_round(tools: Sequence[OptionTool], random: Random, vocabulary: Vocabulary) -> Round:
    """Two requests at once, to two tools or to one."""
    wishes = [draw_wish(tool, random, vocabulary) for tool in tools]
    one, other = wishes
    begins = one.request.rstrip(".?!")
    goes_on, opens = _lowered(other.request), _lowered(begins)
    user = random.choice(JOINS).format(one.request, goes_on, other.request, begins, opens)
    calls = tuple(wish.call(random) for wish in wishes)
    return Round(
        "two calls",
        spoken(user, random),
        calls,
        " ".join(told_by(call, wish.result) for call, wish in zip(calls, wishes, strict=True)),
        one.facts + other.facts,
    )


@cache
def _opening_words() -> frozenset[str]:
    """The words that requests begin with, which are no values."""
    return frozenset(ask.split()[0].lower() for base in load_options().bases for ask in base.asks)


def _lowered(request: str) -> str:
    """With a small first letter where the request begins with a word of its own."""
    return lowered(request) if request.split()[0].lower() in _opening_words() else request


def twin_round(tool: OptionTool, random: Random, vocabulary: Vocabulary) -> Round | None:
    """One request of two things of a kind, or of one thing in two ways: two calls; None where it cannot be put so."""
    choices = [
        key
        for key, option in tool.options.items()
        if len(option.members) > 2 and tool.required <= {key}
    ]
    one = draw_wish(tool, random, vocabulary)
    if len(tool.base.takes) == 1 and random.random() < 0.6:
        (key,) = tool.base.takes
        other = draw_wish(tool, random, vocabulary)
        values = (one.values[key], other.values[key])
        if values[0] == values[1] or any(" and " in each.said for each in values):
            return None
        asked = draw_wish(
            tool, random, vocabulary, fixed={key: Value(random.choice(PAIRS).format(*(each.said for each in values)), "")}
        )  # fmt: skip
        pair = (
            replace(asked, values={key: values[0]}, result=one.result),
            replace(asked, values={key: values[1]}, result=other.result),
        )
        labels = tuple(each.said for each in values)
    elif choices and "{a}" not in tool.base.asks[0]:
        key = random.choice(choices)
        members = random.sample(list(tool.options[key].members), 2)
        bare = replace(tool, options={}, required=frozenset())
        plain = draw_wish(bare, random, vocabulary)
        ways = [
            random.choice(tool.options[key].members[each]).removeprefix("+") for each in members
        ]
        both = random.choice(("{0} and {1}", "both {0} and {1}", "once {0}, once {1}")).format(
            *ways
        )
        mark = plain.request[-1]
        asked = replace(plain, tool=tool, request=f"{plain.request[:-1]}, {both}{mark}")
        pair = (
            replace(asked, said={key: members[0]}, result=one.result),
            replace(asked, said={key: members[1]}),
        )
        labels = tuple(each.replace("_", " ") for each in members)
    else:
        return None
    calls = tuple(wish.call(random) for wish in pair)
    answer = " ".join(
        f"{label}: {told_by(call, wish.result)}"
        for label, call, wish in zip(labels, calls, pair, strict=True)
    )
    return Round(
        "two calls", spoken(asked.request, random), calls, answer, pair[0].facts + pair[1].facts
    )


def plain_computation(thing: str, random: Random, vocabulary: Vocabulary) -> Round:
    """A question about what a function is about that only has to be computed."""
    ask, expression = random.choice(_TELLING_ALL)
    slots = {**numbers_for(random, vocabulary), "t": thing}
    call, fact = python_call(expression.format(**slots))
    request = capitalised(ask.format(**slots))
    return Round("python", spoken(request, random), (call,), f"The result is {fact}.", (fact,))


def _taker(entity: Entity, random: Random) -> list[OptionTool]:
    """A tool that wants what the entity's tools tell, for every second entity that tells what one wants."""
    stock = load_options()
    told_kinds = {stock.attributes[attribute]["kind"] for attribute in entity.getters}
    kinds = [KINDS[kind] for kind in RELAYED if kind in told_kinds]
    takers = [
        base
        for base in stock.bases
        if any(parameter.kind in kinds for parameter in base.takes.values())
    ]
    return [draw_tool(random, random.choice(takers))] if takers and random.random() < 0.5 else []


def assembled_episode(random: Random, vocabulary: Vocabulary) -> Episode:
    """Functions that are put together: some that need each other, services side by side, or with options."""
    makers = (dependent_episode, family_episode, option_episode)
    (make,) = random.choices(makers, (42, 36, 22))
    return make(random, vocabulary)


def option_episode(random: Random, vocabulary: Vocabulary) -> Episode:
    """Functions with options, one to eight of them, and questions of all the kinds above."""
    entity = draw_entity(random) if random.random() < 0.5 else None
    tools = [entity.finder, *entity.getters.values()] if entity else []
    count = random.choices(range(1, 8), (13, 17, 19, 16, 14, 12, 9))[0]
    free = _taker(entity, random) if entity and count > len(tools) else []
    while len(tools) + len(free) < count:
        drawn = draw_tool(random)
        if all(drawn.spec.name != other.spec.name for other in (*tools, *free)):
            free.append(drawn)
    has_python = random.random() < 0.5
    rounds: list[Round | None] = []
    if entity:
        rounds += [
            dependent_round(entity, random, vocabulary, chinese=random.random() < 0.16)
            for _ in range(2)
        ]
        rounds.append(direct_round(entity, random, vocabulary))
        rounds.append(relay_round(entity, free, random, vocabulary))
        getter = random.choice(list(entity.getters.values()))
        if has_python:
            rounds.append(computed_round(getter, random, vocabulary, random.choice((entity, None))))
    if free:
        chosen = random.choices(
            free,
            k=random.choice((2, 3) if entity or count > 4 else (4, 5, 6) if count < 4 else (3, 4)),
        )
        rounds += [
            single_round(each, random, vocabulary, in_chinese=random.random() < 0.27)
            for each in chosen
        ]
        if random.random() < 0.4:
            rounds.append(twin_round(random.choice(free), random, vocabulary))
        if random.random() < 0.3:
            rounds.append(double_round(random.choices(free, k=2), random, vocabulary))
        if has_python:
            computable = [each for each in free if each.base.number or each.base.formulas]
            rounds += [computed_round(each, random, vocabulary) for each in computable[:2]]
    if has_python and random.random() < 0.25:
        rounds.append(chinese.python_round(random))
    if has_python:
        rounds.append(
            plain_computation(random.choice((*tools, *free)).base.thing, random, vocabulary)
        )
    asked = [each for each in rounds if each is not None]
    random.shuffle(asked)
    del asked[max(3, 7 - (len(tools) + len(free)) // 2) :]  # what is too long is not trained on
    specs = [each.spec for each in (*tools, *free)] + ([PYTHON] if has_python else [])
    random.shuffle(specs)
    return Episode(tuple(specs), tuple(asked))


def dependent_episode(random: Random, vocabulary: Vocabulary) -> Episode:
    """A scene of tools that need each other, other tools beside it, and requests of one call and of several."""
    scene = draw_scene(random, vocabulary)
    tools = list(scene.tools)
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        other = draw_tool(random)
        if all(other.spec.name != each.spec.name for each in tools):
            tools.append(other)
    others = tools[len(scene.tools) :]
    rounds = [*scene.rounds, *(single_round(each, random, vocabulary) for each in others[:1])]
    has_python = scene.computes or random.random() < 0.3
    if has_python and random.random() < 0.4:
        rounds.append(plain_computation(random.choice(tools).base.thing, random, vocabulary))
    random.shuffle(rounds)
    del rounds[max(3, 7 - len(tools) // 2) :]  # what is too long is not trained on
    specs = [each.spec for each in tools] + ([PYTHON] if has_python else [])
    random.shuffle(specs)
    return Episode(tuple(specs), tuple(rounds))

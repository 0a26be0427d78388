"""Functions that are put together: something to ask for and options of it, each said in many ways; see options.toml.

A model that only knows whole sentences leaves out what is said in passing: here every option is asked for about as often
as not, every member of an enum and both sides of a flag as often as the others, whatever its default is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from demo_training.data.chinese_words import NUMERALS, joined_chinese
from demo_training.data.code.wording import cardinal
from demo_training.data.episode import Call, json_call
from demo_training.data.functions import (
    Parameter,
    ended,
    kind_of,
    placeholders,
)
from demo_training.data.material import material
from demo_training.data.scenarios import parameter_of
from demo_training.data.values import KINDS, Kind, Value, Vocabulary, capitalised, choice_of
from glm_tools.tool import ToolSpec


@dataclass(frozen=True)
class Option:
    """How something is to be.

    Attributes:
        parameter: of the tool; the kind of its values says nothing where `members` are given.
        members: of an enum or a flag, with the ways to say each.
        ways: to say a value of any other kind, with `{}`.
        chinese: the same in Chinese, by member; under the empty key for other kinds.
    """

    parameter: Parameter
    members: Mapping[str, tuple[str, ...]]
    ways: tuple[str, ...]
    chinese: Mapping[str, tuple[str, ...]]

    @property
    def is_flag(self) -> bool:
        return set(self.members) == {"yes", "no"}


@dataclass(frozen=True)
class Base:
    """What can be asked for.

    Attributes:
        names: of the tool.
        about: descriptions of it.
        takes: required parameters, by the word for them in requests.
        listed: the values of those that have few.
        gives: the fields of the result.
        options: keys of the options it may have; one that begins with `!` is required.
        asks: requests, with `{a}` where adjectives go.
        chinese: requests in Chinese.
        nominal: what `number` of the result is; empty when it has none.
        number: the field to compute with.
        formulas: what else is computed of the nominal `{x}`: a request, and an expression of the fields.
        thing: what the tool is about, in the plural.
    """

    names: tuple[str, ...]
    about: tuple[str, ...]
    takes: Mapping[str, Parameter]
    listed: Mapping[str, tuple[str, ...]]
    gives: Mapping[str, str]
    options: tuple[str, ...]
    asks: tuple[str, ...]
    chinese: tuple[str, ...]
    nominal: str
    number: str
    formulas: tuple[tuple[str, str], ...]
    thing: str


@dataclass(frozen=True)
class Stock:
    """All of options.toml; entities, attributes and the Chinese words for values are as the file has them."""

    options: Mapping[str, Option]
    bases: tuple[Base, ...]
    entities: Mapping[str, Mapping[str, str]]
    attributes: Mapping[str, Mapping[str, Any]]
    chinese: Mapping[str, str]


@cache
def load_options() -> Stock:
    """The material of options.toml."""
    content = material("options.toml")
    options = {key: _option(key, entry) for key, entry in content["option"].items()}
    bases = tuple(base_of(entry) for entry in content["base"])
    return Stock(options, bases, content["entity"], content["attribute"], content["chinese"])


def _option(key: str, entry: Mapping[str, Any]) -> Option:
    members = entry.get("enum", entry.get("flag", {}))
    kind = entry.get("value", "flag a|b" if "flag" in entry else "enum " + "|".join(members))
    names = tuple(entry.get("names", key).split())
    parameter = Parameter(kind_of(kind), names, entry["about"], entry.get("list", False))
    chinese = entry["zh"] if members else {"": entry["zh"]}
    return Option(
        parameter,
        {member: tuple(ways) for member, ways in members.items()},
        tuple(entry.get("ways", ())),
        {member: tuple(ways) for member, ways in chinese.items()},
    )


def base_of(entry: Mapping[str, Any]) -> Base:
    return Base(
        tuple(entry["names"].split()),
        tuple(entry["about"]),
        {key: parameter_of(key, text) for key, text in entry["takes"].items()},
        {
            key: tuple(text.partition(" :")[0].split("|"))
            for key, text in entry["takes"].items()
            if "|" in text
        },
        entry["gives"],
        tuple(entry["options"].split()),
        tuple(entry["asks"]),
        tuple(entry["zh"]),
        entry.get("nominal", ""),
        entry.get("number", ""),
        tuple((ask, expression) for ask, expression in entry.get("formulas", ())),
        entry["thing"],
    )


@dataclass(frozen=True)
class OptionTool:
    """A base as one conversation offers it.

    Attributes:
        names: of its parameters and options in the schema, by key, in the schema's order.
        options: that it has, by key; the members of an enum are those that the schema shows.
        required: the options that every request names.
    """

    spec: ToolSpec
    base: Base
    names: Mapping[str, str]
    options: Mapping[str, Option]
    required: frozenset[str]


@dataclass(frozen=True)
class Wish:
    """A request for one call, and what comes back.

    Attributes:
        request: a sentence, or several.
        result: the fields, as said and as JSON.
        values: of the required parameters.
        said: the options with their values in JSON.
    """

    tool: OptionTool
    request: str
    result: Mapping[str, Value]
    values: Mapping[str, Value]
    said: Mapping[str, Any]

    @property
    def arguments(self) -> dict[str, Any]:
        known = {key: value.json for key, value in self.values.items()} | dict(self.said)
        return {name: known[key] for key, name in self.tool.names.items() if key in known}

    def call(self, random: Random) -> Call:
        shown = result_shape({key: value.json for key, value in self.result.items()}, random)
        return json_call(self.tool.spec.name, self.arguments, shown)

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(value.said for value in self.result.values())


def draw_tool(random: Random, base: Base | None = None) -> OptionTool:
    """A tool with one to four options."""
    stock = load_options()
    base = _with_enums(base or random.choice(stock.bases), random)
    required = frozenset(key[1:] for key in base.options if key.startswith("!"))
    free = [key for key in base.options if not key.startswith("!")]
    count = min(len(free), random.choice((1, 2, 2, 3, 3, 4)))
    chosen = [*required, *random.sample(free, count)]
    random.shuffle(chosen)
    parameters = {**base.takes, **{key: stock.options[key].parameter for key in chosen}}
    names = {key: each.names[0] for key, each in parameters.items()}
    for key, parameter in parameters.items():
        name = random.choice(parameter.names)
        if name not in names.values():
            names[key] = name
    if len(set(names.values())) < len(names):
        return draw_tool(random, base)
    options = {key: _some_members(stock.options[key], random) for key in chosen}
    name = base.names[0] if random.random() < 0.4 else random.choice(base.names)
    spec = _spec(name, base, names, options, required, random)
    return OptionTool(spec, base, names, options, required)


def _with_enums(base: Base, random: Random) -> Base:
    """The same with some of the arguments that have few values as enums, in the spelling of enums."""
    takes = dict(base.takes)
    for key, values in base.listed.items():
        members = tuple(value.replace(" ", "_") for value in values)
        if random.random() < 0.4 and all(re.fullmatch(r"\w+", member) for member in members):
            takes[key] = replace(takes[key], kind=choice_of(members))
    return replace(base, takes=takes)


def _some_members(option: Option, random: Random) -> Option:
    """The same option with some of its members, in any order."""
    if option.is_flag or not option.members:
        return option
    count = random.randint(min(len(option.members), 3), len(option.members))
    members = random.sample(list(option.members), count)
    return replace(option, members={member: option.members[member] for member in members})


def _spec(
    name: str,
    base: Base,
    names: Mapping[str, str],
    options: Mapping[str, Option],
    required: frozenset[str],
    random: Random,
) -> ToolSpec:
    describes = random.random() < 0.8
    properties: dict[str, Any] = {}
    for key, shown_name in names.items():
        option = options.get(key)
        parameter = option.parameter if option else base.takes[key]
        schema = parameter.schema
        shown: dict[str, Any] = {"type": schema.pop("type")}
        if describes and parameter.description:
            shown["description"] = parameter.description
        shown.update(schema)
        if option and option.members and not option.is_flag:
            shown["enum"] = list(option.members)
        if option and key not in required and option.members and random.random() < 0.6:
            shown["default"] = (
                random.random() < 0.4 if option.is_flag else random.choice(list(option.members))
            )
        properties[shown_name] = shown
    needed = [names[key] for key in names if key in base.takes or key in required]
    schema = {"type": "object", "properties": properties, "required": needed}
    if random.random() < 0.85:
        schema["additionalProperties"] = False
    return ToolSpec(name, random.choice(base.about), schema)


def draw_wish(
    tool: OptionTool,
    random: Random,
    vocabulary: Vocabulary,
    *,
    chinese: bool = False,
    fixed: Mapping[str, Value] | None = None,
    ask: str = "",
) -> Wish:
    """A request for this tool in which some of its options are named.

    Args:
        tool: that is asked for.
        random: where the choices come from.
        vocabulary: of the values.
        chinese: ask in Chinese.
        fixed: values of required parameters that are given.
        ask: one of the requests; drawn when empty.
    """
    ask = ask or random.choice(tool.base.chinese if chinese else tool.base.asks)
    share = random.choice((0.0, 0.5, 0.7, 0.9, 1.0))
    named = [key for key in tool.options if key in tool.required or random.random() < share]
    random.shuffle(named)
    adjectives: list[str] = []
    clauses: list[str] = []
    said: dict[str, Any] = {}
    for key in named:
        way, said[key] = _say(tool.options[key], random, vocabulary, "{a}" in ask, chinese)
        (adjectives if way.startswith("+") else clauses).append(way.removeprefix("+"))
    values: dict[str, Value] = {}
    for key, parameter in tool.base.takes.items():
        value = _draw(parameter, random, vocabulary, chinese)
        while value in values.values():
            value = _draw(parameter, random, vocabulary, chinese)
        values[key] = ended(value, key, ask, random)
    values.update(fixed or {})
    known = {key: value.said for key, value in values.items() if key in placeholders(ask)}
    text = ask.format(a="".join(f"{each} " for each in adjectives[:2]), **known)
    if "{a}" in ask:
        text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    result = {
        key: _result(kind_of(kind), random, vocabulary, chinese)
        for key, kind in tool.base.gives.items()
    }
    if chinese:
        request = joined_chinese(text, clauses, random)
    else:  # a value is copied in the spelling that it has in the request
        request = joined(text if ask.startswith("{") else capitalised(text), clauses, random)
    return Wish(tool, request, result, values, said)


def _draw(parameter: Parameter, random: Random, vocabulary: Vocabulary, chinese: bool) -> Value:
    """A value; one for a Chinese request is Chinese where it is made of words."""
    value = parameter.draw(random, vocabulary)
    if not chinese:
        return _in_words(parameter, value, random)
    if isinstance(value.json, int) and 1 < value.json < len(NUMERALS) and random.random() < 0.5:
        return Value(NUMERALS[value.json], value.json)
    if isinstance(value.json, list):
        return Value("、".join(str(each) for each in value.json), value.json)
    text = load_options().chinese.get(value.said, value.said)
    if not text.isascii():
        text = re.sub(r"The (?:Last )?|\band\b|\s", "", text)
    is_copied = isinstance(value.json, str) and "enum" not in parameter.schema
    return Value(text, text if is_copied else value.json)


def _result(kind: Kind, random: Random, vocabulary: Vocabulary, chinese: bool) -> Value:
    """A field of a result, said as it is written there."""
    value = _draw(Parameter(kind, (), ""), random, vocabulary, chinese)
    return value if isinstance(value.json, list) else Value(str(value.json), value.json)


def _in_words(parameter: Parameter, value: Value, random: Random) -> Value:
    """A number or a time of day as people say it at times: three, half past as 7:30 pm."""
    if parameter.kind is KINDS["small"]:
        return Value(cardinal(random, value.json), value.json)
    if parameter.kind is KINDS["time"] and random.random() < 0.3:
        hour, minute = (int(part) for part in value.json.split(":"))
        minutes = f":{minute:02d}" if minute else ""
        return Value(f"{hour % 12 or 12}{minutes} {'am' if hour < 12 else 'pm'}", value.json)
    return value


def _say(
    option: Option, random: Random, vocabulary: Vocabulary, takes_adjective: bool, chinese: bool
) -> tuple[str, Any]:
    """How a value of the option is said, and the value."""
    if not option.members:
        value = _draw(option.parameter, random, vocabulary, chinese)
        while any(mark in value.said for mark in "'\"{}"):
            value = _draw(option.parameter, random, vocabulary, chinese)
        ways = option.chinese[""] if chinese else option.ways
        return random.choice(ways).format(value.said), value.json
    sayable = [member for member in option.members if not chinese or member in option.chinese]
    member = random.choice(sayable or list(option.members))
    if chinese:
        ways = option.chinese.get(member, (member,))
    elif not option.is_flag and random.random() < 0.12:
        ways = (f"{option.parameter.names[0].replace('_', ' ')}: {member.replace('_', ' ')}",)
    else:
        ways = option.members[member]
        ways = tuple(way for way in ways if takes_adjective or not way.startswith("+")) or (
            f"{ways[0].removeprefix('+')}, please",
        )
    return random.choice(ways), (member == "yes" if option.is_flag else member)


def joined(ask: str, clauses: Sequence[str], random: Random) -> str:
    """One request of what is asked for, with its first letter as it is to be, and how it is to be."""
    mark = "?" if ask.endswith("?") else "."
    plain = ask.rstrip("?")
    if not clauses:
        return plain + mark
    style = random.random()
    if style < 0.3:
        return f"{plain}, {', '.join(clauses)}{mark}"
    if style < 0.38:
        return f"{plain} {', '.join(clauses)}{mark}"
    if style < 0.6:
        return plain + mark + "".join(f" {_sentence(each)}" for each in clauses)
    if style < 0.74:
        return plain + mark + f" {_sentence(' and '.join(clauses))}"
    if style < 0.84:
        return f"{_sentence(', '.join(clauses))} {plain}{mark}"
    if style < 0.92:
        return f"{plain} - {', '.join(clauses)}{mark}"
    return f"{plain} ({'; '.join(clauses)}){mark}"


def _sentence(text: str) -> str:
    """A clause as a sentence; one that begins with a value, which has a capital or a digit, is left as it is."""
    return (capitalised(text) if " " in text else text) + "."


def result_shape(fields: Mapping[str, Any], random: Random) -> Any:
    """A result as a tool's author gives it: an object mostly, one in another, a single value, lines."""
    shape = random.random()
    if shape < 0.7:
        return dict(fields)
    if shape < 0.78:
        return random.choice(([dict(fields)], {"result": dict(fields)}))
    if len(fields) == 1 and shape < 0.9:
        (value,) = fields.values()
        return value
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in fields.items()]
    return random.choice((", ", "\n", "; ")).join(lines)

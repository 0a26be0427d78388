"""Requests that name only what is wanted in the end, over tools of which one needs what another one tells; see dependent.toml.

A scene is a set of tools about one thing. Its requests differ in what is known: where an id, an address or a city is told,
one call is enough; where only a name is told, it has to be looked up first, unless the tool takes names.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.functions import Parameter, lowered, told
from demo_training.data.options import Base, OptionTool, Wish, base_of, draw_tool, draw_wish
from demo_training.data.records import article, plural
from demo_training.data.scenarios import parameter_of
from demo_training.data.values import KINDS, Value, Vocabulary, capitalised
from glm_agent.calls import LOOP_REFUSAL
from glm_tools.tool import Observation

ID_KINDS = ("odd", "code", "code", "id", "id")
_COMMAND_OPTIONS = ("", "", "notify", "note", "priority", "notify priority")
_QUESTION_OPTIONS = ("", "", "detail", "detail tongue")
_FREE_TEXTS = {"text", "message", "task", "problem"}
_PERSONS = ("customer", "employee", "patient", "tenant", "student", "member", "user", "guest")
_FIND_FIRST = (
    "Find {x} and", "Look up {x} and", "Find the {id} of {x} and", "Get the {id} of {x} and", "Look up {x}, then", "First find {x}, then",
    "Get the {id} of {x}, then", "Search for {x} and", "Look up the {id} of {x} and", "Find {x} and then",
)  # fmt: skip
_UNKNOWN_ID = (
    "not found", "no such id", "unknown id", "there is no {noun} {id}", "no {noun} with this id", "invalid id: {id}",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """What is done with a thing: the fields of a tool but for the id.

    Attributes:
        entry: of dependent.toml; its requests have {id}.
    """

    entry: Mapping[str, Any]

    @property
    def asks(self) -> tuple[str, ...]:
        return tuple(self.entry["asks"])


@dataclass(frozen=True)
class Subject:
    """A kind of thing with a name and an id; see dependent.toml. `named`: what has the name, the buyer of an order say."""

    noun: str
    by: str
    named: str
    ids: tuple[str, ...]
    ways: tuple[str, ...]
    tells: tuple[str, ...]
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Stock:
    """All of dependent.toml; all but the subjects is as the file has it."""

    subjects: tuple[Subject, ...]
    fields: Mapping[str, Mapping[str, Any]]
    takers: tuple[Mapping[str, Any], ...]
    listings: tuple[Mapping[str, Any], ...]
    feeds: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Scene:
    """Tools that belong together, and requests for them of which some take one call and some several."""

    tools: tuple[OptionTool, ...]
    rounds: tuple[Round, ...]
    computes: bool = False


@cache
def load_dependent() -> Stock:
    """The material of dependent.toml."""
    source = resources.files("demo_training.data") / "dependent.toml"
    content = tomllib.loads(source.read_text(encoding="utf-8"))
    subjects = tuple(
        Subject(
            noun,
            entry["by"],
            entry.get("named", noun),
            tuple(entry["ids"].split()),
            tuple(entry["ways"]),
            tuple(entry["tells"].split()),
            tuple(Act(act) for act in entry["acts"]),
        )
        for noun, entry in content["subject"].items()
    )
    return Stock(
        subjects,
        content["field"],
        tuple(content["taker"]),
        tuple(content["listing"]),
        tuple(content["feed"]),
    )


def entry_tool(
    entry: Mapping[str, Any],
    takes: Mapping[str, Parameter],
    asks: Sequence[str],
    random: Random,
    thing: str,
) -> OptionTool:
    """A tool of an entry; `takes` come before its own parameters or behind them."""
    is_question = any("?" in ask for ask in asks)
    options = random.choice(_QUESTION_OPTIONS if is_question else _COMMAND_OPTIONS)
    if _FREE_TEXTS & set(entry.get("takes", {})):
        options = ""  # behind a free text, another wish would read like a part of it
    base = base_of({
        "names": entry["names"], "about": [entry["about"]], "takes": entry.get("takes", {}), "gives": entry["gives"],
        "options": options, "asks": asks, "zh": (), "thing": thing,
    })  # fmt: skip
    clashing = {name for each in takes.values() for name in each.names}
    own = {
        key: replace(each, names=tuple(name for name in each.names if name not in clashing) or (key,))
        for key, each in base.takes.items()
    }  # fmt: skip
    order = {**takes, **own} if random.random() < 0.5 else {**own, **takes}
    return draw_tool(random, replace(base, takes=order))


@dataclass(frozen=True)
class _Named:
    """A thing that somebody speaks of by its name, and the look-up that finds it.

    Attributes:
        found: the call that looks it up.
        said: how it is spoken of.
        name: as it is looked up.
    """

    found: Wish
    said: str
    name: str


def _field_names(noun: str, field: str) -> tuple[str, ...]:
    return (f"check_{noun}_{field}", f"{noun}_{field}_by_name", f"look_up_{field}")


def _finder_names(noun: str) -> tuple[str, ...]:
    return (f"find_{noun}", f"search_{noun}", f"get_{noun}", f"lookup_{noun}", f"{noun}_by_name", f"{noun}_info")  # fmt: skip


class _Catalogue:
    """The tools of one conversation over one kind of thing."""

    def __init__(self, subject: Subject, random: Random, vocabulary: Vocabulary) -> None:
        self._subject = subject
        self._random = random
        self._vocabulary = vocabulary
        self.noun = subject.noun
        self.id_field = random.choice((*subject.ids, "id"))
        self._id_kind = random.choice(ID_KINDS)
        self._first_is_name = random.random() < 0.5
        self._pronoun = "them" if self.noun in _PERSONS else "it"
        fields = load_dependent().fields
        count = min(len(subject.tells), random.choice((0, 1, 2, 2, 3)))
        self.beside = random.sample(subject.tells, count)
        longer = random.random() < 0.2
        self.shown = {key: f"{self.noun}_{key}" if longer else key for key in self.beside}
        gives = [(self.id_field, self._id_kind)]
        gives += [(self.shown[key], fields[key]["kind"]) for key in self.beside]
        random.shuffle(gives)
        named = "name" if subject.named == self.noun else subject.named
        self._echo = random.choice((named, f"{subject.named}_name", "")) if len(gives) < 4 else ""
        self.finder = self._finder(dict(gives))

    def _finder(self, gives: Mapping[str, str]) -> OptionTool:
        noun, random = self.noun, self._random
        names, named = _finder_names(noun), self._subject.named
        about: tuple[str, ...] = (
            f"Find {article(noun)} by name", f"Look up {article(noun)}", f"Get the entry of {article(noun)}",
            f"Data of {article(noun)}", f"Search the {plural(noun)}", f"Search for {plural(noun)}",
            f"Get details about {article(noun)}", f"Information about {article(noun)}", f"Get {article(noun)}",
        )  # fmt: skip
        if self.beside and random.random() < 0.2:  # it is called after something else that it tells
            field = random.choice(self.beside)
            names, words = _field_names(noun, field), field.replace("_", " ")
            about = (f"The {words} of {article(noun)}", f"Get the {words} of {article(noun)}")
        keys = ("name", f"{noun}_name", "query", noun)
        takes = {
            "name": Parameter(KINDS[self._subject.by], keys, random.choice((
                f"Name of the {named}", f"Name of the {named}", f"The {named}'s name", f"{capitalised(named)} name.",
                f"The {named} to look up", f"Which {named}",
            )))
        }  # fmt: skip
        base = Base(
            names, about, takes, {}, gives, (), ("what is known about {name}?", "look up {name}", "show me the entry of {name}"),
            (), "", "", (), plural(noun),
        )  # fmt: skip
        return draw_tool(random, base)

    def act_tool(self, act: Act, *, by_name: bool = False) -> OptionTool:
        """The tool of an act; with `by_name` it takes the name, so that nothing has to be looked up."""
        if by_name:
            by = ("name", self.noun, f"{self.noun}_name")
            parameter = Parameter(KINDS[self._subject.by], by, f"Name of the {self._subject.named}")
        else:
            names = (self.id_field, self.id_field, self.id_field, *self._subject.ids, self.noun)
            label = self.id_field.replace("_", " ")
            text = self._random.choice(
                (
                    f"Id of the {self.noun}",
                    f"The {label}",
                    f"{capitalised(label)} of the {self.noun}",
                    f"{capitalised(label)}.",
                    f"{capitalised(self.noun)} id",
                )
            )
            parameter = Parameter(KINDS[self._id_kind], names, text)  # fmt: skip
        return entry_tool(act.entry, {"id": parameter}, act.asks, self._random, plural(self.noun))

    def named(self) -> _Named:
        """A thing with its entry."""
        found = draw_wish(self.finder, self._random, self._vocabulary)
        name = found.values["name"].said
        if self._echo:
            found = replace(found, result=self._with_name(found))
        return _Named(found, self._random.choice(self._subject.ways).format(n=name), name)

    def _with_name(self, found: Wish) -> dict[str, Value]:
        """What is found and the name that it was looked up by, in the middle or at an end."""
        echo = (self._echo, found.values["name"])
        if self._first_is_name:
            return {echo[0]: echo[1], **found.result}
        first, *others = found.result.items()
        return dict((first, echo, *others))

    def _finding(self, found: Wish) -> Call:
        """The call of the look-up; a search tells a list at times, and the name says which row is meant."""
        if self._random.random() > 0.18:
            return found.call(self._random)
        rows = [found.result]
        if self._echo and self._random.random() < 0.6:
            rows.append(self.named().found.result)
            self._random.shuffle(rows)
        shown = [{key: value.json for key, value in row.items()} for row in rows]
        return json_call(found.tool.spec.name, found.arguments, shown)

    def told_by_name(self, tool: OptionTool) -> Round:
        """An act of a named thing: look it up, then do it."""
        random = self._random
        thing = self.named()
        code = thing.found.result[self.id_field].json
        ask = random.choice(tool.base.asks)
        is_second = random.random() < 0.3 and self._can_come_second(ask)
        said = self._pronoun if is_second else thing.said
        done = draw_wish(tool, random, self._vocabulary, fixed={"id": Value(said, code)}, ask=ask)
        request = _sentence(done.request, thing)
        if is_second:
            begin = random.choice(_FIND_FIRST).format(
                x=thing.said, id=self.id_field.replace("_", " ")
            )
            request = f"{begin} {lowered(done.request)}"
        calls: tuple[Call, ...] = (self._finding(thing.found), done.call(random))
        if self._id_kind != "id" and random.random() < 0.05:
            calls = (self._with_name_for_id(done, thing.name), *calls)
        relayed = relay(self.id_field, thing.name, code)
        return dependent(request, calls, done.result, random, relayed)

    def _can_come_second(self, ask: str) -> bool:
        """Whether `it` or `them` may stand for the id in a request behind "find … and"."""
        return not ask.startswith("{id}") and "{id}'" not in ask and "?" not in ask

    def _with_name_for_id(self, done: Wish, name: str) -> Call:
        """The mistake of a call with the name in place of the id, which is not learnt; what comes after it is."""
        arguments = {**done.arguments, done.tool.names["id"]: name}
        text = self._random.choice(_UNKNOWN_ID).format(noun=self.noun, id=name)
        shown = self._random.choice(({"error": text}, f"Error: {text}", text))
        return json_call(done.tool.spec.name, arguments, shown, is_learnt=False)

    def told_by_id(self, tool: OptionTool) -> Round:
        """The same act of a thing whose id is told."""
        random = self._random
        code = KINDS[self._id_kind].draw(random, self._vocabulary)
        label = self.id_field.replace("_", " ")
        forms = (
            f"{self.noun} {code.said}",
            f"the {self.noun} {code.said}",
            f"the {self.noun} with the {label} {code.said}",
            f"{label} {code.said}",
        )
        said = random.choice(forms)  # fmt: skip
        done = draw_wish(tool, random, self._vocabulary, fixed={"id": Value(said, code.json)})
        return single(done, opened(done.request, said), random)

    def named_only(self, tool: OptionTool) -> Round:
        """An act that takes the name itself."""
        thing = self.named()
        value = Value(thing.said, thing.found.values["name"].json)
        done = draw_wish(tool, self._random, self._vocabulary, fixed={"id": value})
        return single(done, _sentence(done.request, thing), self._random)

    def entry_round(self) -> Round:
        """What the look-up itself tells: one call."""
        thing = self.named()
        request = thing.found.request
        if self.beside and self._random.random() < 0.8:
            asks = load_dependent().fields[self._random.choice(self.beside)]["asks"]
            request = capitalised(self._random.choice(asks).format(x=thing.said))
        return single(thing.found, request, self._random)

    def getter(self, field: str) -> tuple[OptionTool, tuple[str, ...]]:
        """A tool that tells a field by the id, and requests for it with {id}."""
        entry = load_dependent().fields[field]
        asks = tuple(ask.replace("{x}", "{id}") for ask in entry["asks"])
        words = field.replace("_", " ")
        act = Act({
            "names": f"{field}_of_{self.noun} get_{self.noun}_{field} {self.noun}_{field}",
            "about": f"The {words} of {article(self.noun)}", "gives": {field: entry["kind"]}, "asks": asks,
        })  # fmt: skip
        return replace(self.act_tool(act), options={}, required=frozenset()), asks

    def passed_on(self, field: str, taker: "_Taker", getter: OptionTool | None) -> Round:
        """What is told of a named thing is what another tool needs; with `getter` the id comes between."""
        random = self._random
        thing = self.named()
        calls = [self._finding(thing.found)]
        if getter is None:
            value = thing.found.result[self.shown[field]].json
        else:
            code = Value(thing.said, thing.found.result[self.id_field].json)
            got = draw_wish(getter, random, self._vocabulary, fixed={"id": code})
            calls.append(got.call(random))
            value = got.result[field].json
        words = "the " + field.replace("_", " ")
        ask = random.choice(taker.entry["of"]).replace("{x}", "{v}").replace("{f}", words)
        taken = draw_wish(
            taker.tool, random, self._vocabulary, fixed={"v": Value(thing.said, value)}, ask=ask
        )
        calls.append(taken.call(random))
        relayed = relay(field, thing.name, value)
        return dependent(
            _sentence(taken.request, thing), tuple(calls), taken.result, random, relayed
        )


@dataclass(frozen=True)
class _Taker:
    entry: Mapping[str, Any]
    tool: OptionTool

    def direct(self, random: Random, vocabulary: Vocabulary) -> Round:
        """The value itself is told: one call."""
        done = draw_wish(self.tool, random, vocabulary, ask=random.choice(self.entry["asks"]))
        return single(done, done.request, random)


def _taker(entry: Mapping[str, Any], random: Random) -> _Taker:
    parameter = parameter_of("value", entry["value"])
    return _Taker(entry, entry_tool(entry, {"v": parameter}, entry["asks"], random, "messages"))


def articled(request: str) -> str:
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", request)


def opened(request: str, said: str) -> str:
    """With a capital letter where the request begins with how a thing is spoken of."""
    return capitalised(request) if request.startswith(said) else request


def _sentence(request: str, thing: _Named) -> str:
    """With a capital letter where it begins with a word of our own; a name is copied as it is."""
    return request if thing.said.startswith(thing.name) else opened(request, thing.said)


def single(done: Wish, request: str, random: Random) -> Round:
    """One call is enough."""
    call = done.call(random)
    return Round("function", spoken(request, random), (call,), told(done.result), done.facts)


def relay(field: str, of: str, value: Any) -> str:
    """The sentence that tells what an earlier call gave to the last one."""
    return f"The {field.replace('_', ' ')} of {of} is {value}."


def dependent(
    request: str,
    calls: tuple[Call, ...],
    result: Mapping[str, Value],
    random: Random,
    relayed: str,
) -> Round:
    """Several calls; rarely the first is made twice, is refused, and the rest goes on all the same.

    Args:
        request: in words.
        calls: in order.
        result: of the last call.
        random: where the choices come from.
        relayed: tells what the last call was given by those before.
    """
    if random.random() < 0.02 and calls[0].is_learnt:
        again = replace(calls[0], observations=(Observation(LOOP_REFUSAL),), is_learnt=False)
        calls = (calls[0], again, *calls[1:])
    facts = tuple(value.said for value in result.values())
    return Round("two steps", spoken(request, random), calls, f"{relayed} {told(result)}", facts)


def subject_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A look-up by name, what is done with the id, and what is done with what else it tells."""
    stock = load_dependent()
    subject = random.choice(stock.subjects)
    catalogue = _Catalogue(subject, random, vocabulary)
    acts = [
        catalogue.act_tool(act)
        for act in random.sample(subject.acts, min(len(subject.acts), random.choice((1, 2, 2, 3))))
    ]
    rounds = [catalogue.told_by_name(each) for each in acts for _ in range(2)]
    rounds = random.sample(rounds, min(len(rounds), 3))
    rounds += [catalogue.told_by_id(random.choice(acts)), catalogue.entry_round()]
    tools = [catalogue.finder, *acts]
    unused = [
        act for act in subject.acts if act.entry["names"].split()[0] not in _first_names(acts)
    ]
    if unused and random.random() < 0.3:
        by_name = catalogue.act_tool(random.choice(unused), by_name=True)
        tools.append(by_name)
        rounds.append(catalogue.named_only(by_name))
    field = random.choice(subject.tells)
    fitting = [each for each in stock.takers if field in each["fields"].split()]
    if fitting and random.random() < 0.75:
        taker = _taker(random.choice(fitting), random)
        getter = None if field in catalogue.beside else catalogue.getter(field)[0]
        tools += [taker.tool, *([getter] if getter else [])]
        rounds += [catalogue.passed_on(field, taker, getter) for _ in range(2)]
        rounds.append(taker.direct(random, vocabulary))
    return Scene(tuple(tools), tuple(rounds))


def _first_names(tools: Sequence[OptionTool]) -> set[str]:
    return {tool.base.names[0] for tool in tools}


def tool_names() -> set[str]:
    """What the tools that dependent.toml names may be called."""
    stock = load_dependent()
    acts = [act.entry for subject in stock.subjects for act in subject.acts]
    acts += [second for listing in stock.listings for second in listing["second"]]
    feeds = [feed[part] for feed in stock.feeds for part in ("first", "second")]
    entries = (*acts, *stock.takers, *stock.listings, *feeds)
    finders = [name for subject in stock.subjects for name in _finder_names(subject.noun)]
    finders += [
        name
        for subject in stock.subjects
        for field in subject.tells
        for name in _field_names(subject.noun, field)
    ]
    return {*finders, *(name for entry in entries for name in entry["names"].split())}

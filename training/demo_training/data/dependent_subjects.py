"""The scene of things that have a name and an id: looked up by name, and then something is done; see dependent.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from demo_training.data.dependent import (
    ID_KINDS,
    Act,
    Scene,
    Subject,
    dependent,
    entry_tool,
    field_names,
    finder_names,
    load_dependent,
    opened,
    single,
)
from demo_training.data.episode import Call, Round, json_call
from demo_training.data.functions import Parameter, lowered
from demo_training.data.options import Base, OptionTool, Wish, draw_tool, draw_wish
from demo_training.data.records import article, plural
from demo_training.data.scenarios import parameter_of
from demo_training.data.values import KINDS, Value, Vocabulary, capitalised

_PERSONS = ("customer", "employee", "patient", "tenant", "student", "member", "user", "guest")
_FIND_FIRST = (
    "Find {x} and", "Look up {x} and", "Find the {id} of {x} and", "Get the {id} of {x} and", "Look up {x}, then", "First find {x}, then",
    "Get the {id} of {x}, then", "Search for {x} and", "Look up the {id} of {x} and", "Find {x} and then",
)  # fmt: skip
# How requests begin that cannot stand behind "find … and".
_NO_COMMAND = frozenset((
    "I", "I'm", "I'd", "we", "nobody", "somebody", "no", "there", "at", "by", "in", "on", "the", "this", "it", "that", "who",
    "what", "from", "when", "if", "so",
))  # fmt: skip


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
        names, named = finder_names(noun), self._subject.named
        about: tuple[str, ...] = (
            f"Find {article(noun)} by name", f"Look up {article(noun)}", f"Get the entry of {article(noun)}",
            f"Data of {article(noun)}", f"Search the {plural(noun)}", f"Search for {plural(noun)}",
            f"Get details about {article(noun)}", f"Information about {article(noun)}", f"Get {article(noun)}",
        )  # fmt: skip
        if self.beside and random.random() < 0.2:  # it is called after something else that it tells
            field = random.choice(self.beside)
            names, words = field_names(noun, field), field.replace("_", " ")
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
        is_second = random.random() < 0.4 and self._can_come_second(ask)
        said = self._pronoun if is_second else thing.said
        if is_second:  # how it is to be would come between
            tool = replace(tool, options={}, required=frozenset())
        done = draw_wish(tool, random, self._vocabulary, fixed={"id": Value(said, code)}, ask=ask)
        request = _sentence(done.request, thing)
        if is_second:
            begin = random.choice(_FIND_FIRST).format(
                x=thing.said, id=self.id_field.replace("_", " ")
            )
            request = f"{begin} {lowered(done.request)}"
        calls = (self._finding(thing.found), done.call(random))
        return dependent(request, calls, done.result, random)

    def _can_come_second(self, ask: str) -> bool:
        """Whether `it` or `them` may stand for the id in a request behind "find … and"."""
        marks = ("{id}'", "{id} has", "{id} is", "{id} gets", "?", ".", ":", '"')
        is_command = not ask.startswith("{") and ask.split()[0] not in _NO_COMMAND
        return is_command and not any(mark in ask for mark in marks)

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
        return dependent(_sentence(taken.request, thing), tuple(calls), taken.result, random)


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


def _sentence(request: str, thing: _Named) -> str:
    """With a capital letter where it begins with a word of our own; a name is copied as it is."""
    return request if thing.said.startswith(thing.name) else opened(request, thing.said)


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

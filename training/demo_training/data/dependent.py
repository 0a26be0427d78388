"""Requests that name only what is wanted in the end, over tools of which one needs what another one tells; see dependent.toml.

A scene is a set of tools about one thing. Its requests differ in what is known: where an id, an address or a city is told,
one call is enough; where only a name is told, it has to be looked up first, unless the tool takes names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from demo_training.data.episode import Call, Round, spoken
from demo_training.data.functions import Parameter, told_by
from demo_training.data.material import material
from demo_training.data.options import OptionTool, Wish, base_of, draw_tool
from demo_training.data.values import Value, capitalised
from glm_agent.calls import LOOP_REFUSAL
from glm_tools.tool import Observation

ID_KINDS = ("odd", "code", "code", "id", "id")
_COMMAND_OPTIONS = ("", "", "notify", "note", "priority", "notify priority")
_QUESTION_OPTIONS = ("", "", "detail", "detail tongue")
_FREE_TEXTS = {"text", "message", "task", "problem"}


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
    """The material of dependent.toml and feeds.toml."""
    content = material("dependent.toml")
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
        tuple(material("feeds.toml")["feed"]),
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


def field_names(noun: str, field: str) -> tuple[str, ...]:
    return (f"check_{noun}_{field}", f"{noun}_{field}_by_name", f"look_up_{field}")


def finder_names(noun: str) -> tuple[str, ...]:
    return (f"find_{noun}", f"search_{noun}", f"get_{noun}", f"lookup_{noun}", f"{noun}_by_name", f"{noun}_info")  # fmt: skip


def articled(request: str) -> str:
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", request)


def opened(request: str, said: str) -> str:
    """With a capital letter where the request begins with how a thing is spoken of."""
    return capitalised(request) if request.startswith(said) else request


def single(done: Wish, request: str, random: Random) -> Round:
    """One call is enough."""
    call = done.call(random)
    answer = told_by(call, done.result)
    return Round("function", spoken(request, random), (call,), answer, done.facts)


def dependent(
    request: str,
    calls: tuple[Call, ...],
    result: Mapping[str, Value],
    random: Random,
) -> Round:
    """Several calls; the answer tells what the last one told.

    Rarely the first is made twice, is refused, and the rest goes on all the same.

    Args:
        request: in words.
        calls: in order.
        result: of the last call.
        random: where the choices come from.
    """
    if random.random() < 0.02 and calls[0].is_learnt:
        again = replace(calls[0], observations=(Observation(LOOP_REFUSAL),), is_learnt=False)
        calls = (calls[0], again, *calls[1:])
    facts = tuple(value.said for value in result.values())
    answer = told_by(calls[-1], result)
    return Round("two steps", spoken(request, random), calls, answer, facts)


def tool_names() -> set[str]:
    """What the tools that dependent.toml names may be called."""
    stock = load_dependent()
    acts = [act.entry for subject in stock.subjects for act in subject.acts]
    acts += [second for listing in stock.listings for second in listing["second"]]
    feeds = [feed[part] for feed in stock.feeds for part in ("first", "second")]
    entries = (*acts, *stock.takers, *stock.listings, *feeds)
    finders = [name for subject in stock.subjects for name in finder_names(subject.noun)]
    finders += [
        name
        for subject in stock.subjects
        for field in subject.tells
        for name in field_names(subject.noun, field)
    ]
    return {*finders, *(name for entry in entries for name in entry["names"].split())}

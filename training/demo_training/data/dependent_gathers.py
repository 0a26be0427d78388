"""Scenes in which one act needs what several look-ups tell; see gathers.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from demo_training.data.dependent import Scene, articled, dependent, entry_tool, single
from demo_training.data.functions import Parameter
from demo_training.data.material import material
from demo_training.data.options import OptionTool, Wish, draw_wish
from demo_training.data.scenarios import parameter_of
from demo_training.data.values import KINDS, Value, Vocabulary, capitalised

_MOMENT = "moment"  # a day with a time: no kind of its own, since only results tell it
_PARTS = {"day": slice(10), "time": slice(11, 16)}


@cache
def load_gathers() -> tuple[Mapping[str, Any], ...]:
    """The entries of gathers.toml, as the file has them."""
    entries: list[Mapping[str, Any]] = material("gathers.toml")["gather"]
    return tuple(entries)


def names_of_gathers() -> set[str]:
    """What the tools of gathers.toml may be called."""
    parts = [entry[part] for entry in load_gathers() for part in ("a", "b", "act") if part in entry]
    return {name for part in parts if isinstance(part, dict) for name in part["names"].split()}


@dataclass(frozen=True)
class _LookUp:
    """A tool that tells something of a thing.

    Attributes:
        word: what the thing is called in requests.
        tool: that tells it.
        moments: the fields that are a day with a time.
    """

    word: str
    tool: OptionTool
    moments: tuple[str, ...]

    def draw(self, random: Random, vocabulary: Vocabulary) -> Wish:
        wish = draw_wish(self.tool, random, vocabulary)
        result = dict(wish.result)
        for key in self.moments:
            time = KINDS["time"].draw(random, vocabulary).json
            mark = random.choice("TT ")
            text = f"{result[key].json}{mark}{time}"
            result[key] = Value(text, text)
        order = random.sample(list(result), len(result)) if random.random() < 0.5 else list(result)
        return replace(wish, result={key: result[key] for key in order})


def _look_up(entry: Mapping[str, Any], random: Random) -> _LookUp:
    ((word, text),) = entry["takes"].items()
    beside = dict(entry.get("beside", {}))
    extra = random.sample(list(beside), random.randint(0, len(beside)))
    gives = {**entry["gives"], **{key: beside[key] for key in extra}}
    moments = tuple(key for key, kind in gives.items() if kind == _MOMENT)
    gives |= dict.fromkeys(moments, "date")
    flat = {**entry, "takes": {}, "gives": gives}
    tool = entry_tool(flat, {word: parameter_of(word, text)}, entry["asks"], random, "things")
    return _LookUp(word, replace(tool, options={}, required=frozenset()), moments)


def gather_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """One or two look-ups and an act that takes what they tell."""
    entry = random.choice(load_gathers())
    finders = [_look_up(entry["a"], random)]
    other = entry.get("b")
    if isinstance(other, str):
        finders.append(replace(finders[0], word=other))
    elif other:
        finders.append(_look_up(other, random))
    act = entry["act"]
    fed = {key: parameter_of(key, text) for key, text in act["fed"].items()}
    own = {key: parameter_of(key, text) for key, text in act.get("takes", {}).items()}
    order = {**fed, **own} if random.random() < 0.5 else {**own, **fed}
    tool = entry_tool({**act, "takes": {}}, order, act["asks"], random, "things")
    rounds = [_gathered(entry, finders, tool, own, random, vocabulary) for _ in range(2)]
    asked = draw_wish(tool, random, vocabulary)
    rounds.append(single(asked, articled(asked.request), random))
    finder = random.choice(finders)
    if not finder.moments:
        asked = finder.draw(random, vocabulary)
        rounds.append(single(asked, articled(asked.request), random))
    tools = tuple({each.tool.spec.name: each.tool for each in finders}.values())
    return Scene((*tools, tool), tuple(rounds))


def _gathered(
    entry: Mapping[str, Any],
    finders: list[_LookUp],
    tool: OptionTool,
    own: Mapping[str, Parameter],
    random: Random,
    vocabulary: Vocabulary,
) -> Any:
    """The look-ups in the order in which the request names their things, then the act."""
    act = entry["act"]
    found = [each.draw(random, vocabulary) for each in finders]
    while len(found) == 2 and _name(found[0]) == _name(found[1]):
        found[1] = finders[1].draw(random, vocabulary)
    request = random.choice(entry["requests"])
    things = {each.word: _name(wish).said for each, wish in zip(finders, found, strict=True)}
    others = {key: parameter.draw(random, vocabulary) for key, parameter in own.items()}
    known = {"city": KINDS["city"].draw(random, vocabulary).said, **things}
    ask = request.format(**{**known, **{key: f"{{{key}}}" for key in own}})
    fixed = dict(others)
    for number, (finder, wish) in enumerate(zip(finders, found, strict=True)):
        suffix = "2" if number and isinstance(entry["b"], str) else ""
        fields = [key for key in wish.result if f"{key}{suffix}" in act["fed"]]
        for key in sorted(fields, key=list(act["fed"]).index if not suffix else None):
            value = wish.result[key].json
            if finder.moments:
                value = value[_PARTS[act["part"]]]
            fixed[f"{key}{suffix}"] = Value("", value)
    done = draw_wish(tool, random, vocabulary, fixed=fixed, ask=ask)
    first = {each.word: request.index(f"{{{each.word}}}") for each in finders}
    ordered = sorted(zip(finders, found, strict=True), key=lambda pair: first[pair[0].word])
    calls = (*(wish.call(random) for _, wish in ordered), done.call(random))
    text = done.request if request.startswith("{") else capitalised(done.request)
    return dependent(articled(text), calls, done.result, random)


def _name(wish: Wish) -> Value:
    (value,) = wish.values.values()
    return value

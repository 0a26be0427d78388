"""Scenes of dependent calls over numbers, prices, lists and values without a name; see dependent.toml and `dependent`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from demo_training.data.dependent import (
    ID_KINDS,
    Scene,
    articled,
    dependent,
    entry_tool,
    load_dependent,
    opened,
    single,
    subject_scene,
)
from demo_training.data.dependent_sums import duo_scene, measure_scene
from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.functions import Parameter, kind_of, told
from demo_training.data.options import Base, OptionTool, Wish, base_of, draw_tool, draw_wish
from demo_training.data.records import plural
from demo_training.data.scenarios import parameter_of
from demo_training.data.values import KINDS, Kind, Value, Vocabulary, capitalised

_CURRENCIES = {
    "euros": "EUR", "dollars": "USD", "pounds": "GBP", "yen": "JPY", "Swiss francs": "CHF", "rupees": "INR",
    "Swedish crowns": "SEK", "Australian dollars": "AUD", "Canadian dollars": "CAD", "yuan": "CNY", "pesos": "MXN",
}  # fmt: skip
_IN_CURRENCY = (
    "how much is {x} in {to}?", "what does {x} cost in {to}?", "I only have {to}. How much do I need for {x}?",
    "price of {x}, converted to {to}?", "how many {to} do I have to pay for {x}?", "give me the price of {x} in {to}",
    "I'd like to buy {x}. What is that in {to}?", "somebody asks for the price of {x} in {to}",
)  # fmt: skip


def currency_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A price in one currency, asked for in another."""
    here = random.choice(("USD", "USD", "EUR", "EUR", "GBP", "CHF"))
    kind, names, about, taken, said_as = random.choice((
        ("thing", "price_of product_price item_price get_price", "Price of a product", "product", "the {n}"),
        ("title", "book_price price_of_book", "Price of a book", "book", "the book {n}"),
        ("city", "tour_price trip_price holiday_price", "Price of a trip to a city", "city", "a trip to {n}"),
        ("title", "ticket_price show_price", "Price of a ticket for a show", "show", "a ticket for {n}"),
    ))  # fmt: skip
    form = random.randrange(3)
    field = random.choice(("price", "amount", "cost"))
    gives = {field if form else f"{field}_{here.lower()}": "money"}
    if form == 1:
        gives["currency"] = here  # one word is no kind; the field is filled in below
    name = Parameter(KINDS[kind], (taken, "name", "query"), f"Name of the {taken}")
    text = f"{about} in {here}" if form == 2 else about
    asks = ("what is the price of {name}?", "price of {name}?", "how much is {name}?")
    numeric = {key: value for key, value in gives.items() if value == "money"}
    price = draw_tool(random, _plain(names, text, {"name": name}, numeric, asks, "prices"))
    convert = draw_tool(random, _plain(
        "convert_currency exchange to_currency currency_converter", random.choice(("Convert money into another currency", "Convert an amount from one currency to another")),
        {"amount": Parameter(KINDS["money"], ("amount", "value", "sum"), "Amount of money"),
         "source": Parameter(KINDS["currency"], ("from", "source", "from_currency", "base"), "Code of the currency of the amount"),
         "to": Parameter(KINDS["currency"], ("to", "target", "to_currency", "currency"), "Code of the currency that is wanted")},
        {random.choice(("converted", "result", "amount", "value")): "money"},
        ("how much are {amount} {source} in {to}?", "convert {amount} {source} into {to}", "what are {amount} {source} worth in {to}?"), "amounts",
    ))  # fmt: skip
    beside = {"currency": Value(here, here)} if form == 1 else {}

    def priced() -> Wish:
        wish = draw_wish(price, random, vocabulary)
        return replace(wish, result={**wish.result, **beside})

    def currency(*others: str) -> Value:
        said = random.choice([word for word, code in _CURRENCIES.items() if code not in others])
        code = _CURRENCIES[said]
        return random.choice((Value(said, code), Value(said, code), Value(code, code)))

    rounds = []
    for _ in range(2):
        got, wanted = priced(), currency(here)
        amount = next(iter(got.result.values())).json
        thing = said_as.format(n=got.values["name"].said)
        ask = capitalised(random.choice(_IN_CURRENCY).format(x=thing, to="{to}"))
        fixed = {"amount": Value("", amount), "source": Value("", here), "to": wanted}
        made = draw_wish(convert, random, vocabulary, fixed=fixed, ask=ask)
        calls = (got.call(random), made.call(random))
        relayed = f"The price is {amount} {here}."
        rounds.append(dependent(made.request, calls, made.result, random, relayed))
    got, source = priced(), currency()
    rounds.append(single(got, got.request, random))
    fixed = {"source": source, "to": currency(str(source.json))}
    made = draw_wish(convert, random, vocabulary, fixed=fixed)
    rounds.append(single(made, made.request, random))
    return Scene((price, convert), tuple(rounds))


def _plain(
    names: str,
    about: str,
    takes: Mapping[str, Parameter],
    gives: Mapping[str, str],
    asks: Sequence[str],
    thing: str,
) -> Base:
    return Base(tuple(names.split()), (about,), takes, {}, gives, (), tuple(asks), (), "", "", (), thing)  # fmt: skip


class _Listing:
    """The tools of one conversation that list things and do something with one of them."""

    def __init__(self, random: Random, vocabulary: Vocabulary) -> None:
        entry = random.choice(load_dependent().listings)
        self._entry = entry
        self._random = random
        self._vocabulary = vocabulary
        ((self._given, text),) = entry["takes"].items()
        self._parameter = parameter_of(self._given, text)
        thing = plural(entry["noun"])
        listed = {"about": [entry["about"]], "gives": {}, "options": "", "zh": (), "thing": thing}
        self.lister = draw_tool(random, base_of({**entry, **listed}))
        self._kinds: dict[str, Kind] = {}
        self._names: dict[str, str] = {}
        for part, described in entry["row"].items():
            kind, _, names = described.partition(" : ")
            self._kinds[part] = kind_of(kind)
            self._names[part] = random.choice(names.split())
        self._kinds["id"] = KINDS[random.choice(ID_KINDS)]
        self._order = random.sample(list(self._kinds), 3)
        count = random.choice((1, min(2, len(entry["second"]))))
        acts = random.sample(entry["second"], count)
        self.acts = [(act, self._act_tool(act)) for act in acts]

    def _act_tool(self, act: Mapping[str, Any]) -> OptionTool:
        noun, name = self._entry["noun"], self._names["id"]
        about = f"{capitalised(name.replace('_', ' '))} of the {noun}"
        names = (name, name, "id", noun, f"{noun}_id")
        row = Parameter(self._kinds["id"], names, about)
        return entry_tool(act, {"row": row}, act["asks"], self._random, plural(noun))

    def _rows(self) -> list[dict[str, Value]]:
        """Two to four rows that are all different in everything."""
        while True:
            rows = [
                {part: self._kinds[part].draw(self._random, self._vocabulary) for part in self._order}
                for _ in range(self._random.choice((2, 3, 3, 4)))
            ]  # fmt: skip
            if all(len({row[part].said for row in rows}) == len(rows) for part in self._order):
                return rows

    def _asked(self, act: Mapping[str, Any], given: str) -> str:
        """A request for an act; what is to be listed is said in it."""
        others = {key: f"{{{key}}}" for key in act.get("takes", {})}
        ask: str = self._random.choice(act["asks"])
        return articled(ask.format(**{self._given: given, "row": "{row}"}, **others))

    def _call(self, asked: Wish, rows: Sequence[Mapping[str, Value]]) -> Call:
        """The call that lists the rows, as an author gives them."""
        shown: Any = [{self._names[part]: row[part].json for part in self._order} for row in rows]
        shape = self._random.random()
        if shape < 0.15:
            shown = {"results": shown}
        elif shape < 0.3:
            shown = "\n".join(json.dumps(row, ensure_ascii=False) for row in shown)
        return json_call(self.lister.spec.name, asked.arguments, shown)

    def list_round(self) -> Round:
        """Only the list is wanted."""
        asked, rows = draw_wish(self.lister, self._random, self._vocabulary), self._rows()
        answer = " ".join(
            told({self._names[part]: row[part] for part in self._order}) for row in rows
        )
        facts = tuple(row[part].said for row in rows for part in self._order)
        user = spoken(articled(asked.request), self._random)
        return Round("function", user, (self._call(asked, rows),), answer, facts)

    def row_round(self, act: Mapping[str, Any], tool: OptionTool) -> Round:
        """Something is done with the first row, the cheapest, the one of a name."""
        rows = self._rows()
        said, row = _chosen(self._entry, rows, self._random)
        asked = draw_wish(self.lister, self._random, self._vocabulary)
        done = draw_wish(
            tool, self._random, self._vocabulary, fixed={"row": Value(said, row["id"].json)},
            ask=self._asked(act, asked.values[self._given].said),
        )  # fmt: skip
        calls = (self._call(asked, rows), done.call(self._random))
        chosen = told({self._names[part]: row[part] for part in self._order})
        return dependent(opened(done.request, said), calls, done.result, self._random, chosen)

    def direct_round(self, act: Mapping[str, Any], tool: OptionTool) -> Round:
        """The id is told, so that nothing has to be listed."""
        code = self._kinds["id"].draw(self._random, self._vocabulary)
        given = self._parameter.draw(self._random, self._vocabulary).said
        said = f"{self._entry['noun']} {code.said}"
        done = draw_wish(
            tool, self._random, self._vocabulary, fixed={"row": Value(said, code.json)}, ask=self._asked(act, given)
        )  # fmt: skip
        return single(done, opened(done.request, said), self._random)


def listing_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A list, and what is done with one row of it."""
    listing = _Listing(random, vocabulary)
    rounds = [listing.row_round(*act) for act in (*listing.acts, random.choice(listing.acts))]
    rounds += [listing.list_round(), listing.direct_round(*random.choice(listing.acts))]
    return Scene((listing.lister, *(tool for _, tool in listing.acts)), tuple(rounds))


def _chosen(
    entry: Mapping[str, Any], rows: Sequence[Mapping[str, Value]], random: Random
) -> tuple[str, Mapping[str, Value]]:
    """One of the rows, and the words for it."""
    by_number = sorted(rows, key=lambda row: row["number"].json)
    way = random.random()
    if way < 0.25:
        return f"the first {entry['noun']}", rows[0]
    if way < 0.45:
        return random.choice(entry["low"]), by_number[0]
    if way < 0.6:
        return random.choice(entry["high"]), by_number[-1]
    row = random.choice(rows)
    return random.choice(entry["named"]).format(name=row["name"].said), row


def feed_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """What one tool tells, another one takes, and nothing of it has a name."""
    entry = random.choice(load_dependent().feeds)
    about = {key: {**entry[key], "takes": {}} for key in ("first", "second")}
    takes = {
        key: {word: parameter_of(word, text) for word, text in entry[key].get("takes", {}).items()}
        for key in ("first", "second")
    }
    value = {"v": parameter_of("value", entry["second"]["value"])}
    first = entry_tool(about["first"], takes["first"], entry["first"]["asks"], random, "things")
    order = {**takes["second"], **value} if random.random() < 0.5 else {**value, **takes["second"]}
    second = entry_tool(about["second"], order, entry["second"]["asks"], random, "things")
    shared = set(takes["first"]) & set(takes["second"])
    rounds = []
    for request in random.sample(entry["requests"], 2):
        source = replace(first, options={}, required=frozenset())
        told_first = draw_wish(source, random, vocabulary)
        fixed = {key: told_first.values[key] for key in shared}
        fixed["v"] = Value("", told_first.result[entry["second"]["field"]].json)
        others = {key: each.said for key, each in told_first.values.items() if key not in shared}
        words = {key: f"{{{key}}}" for key in takes["second"]}
        ask = request.format(**{**words, **others})
        done = draw_wish(second, random, vocabulary, fixed=fixed, ask=ask)
        text = done.request if request.startswith("{") else capitalised(done.request)
        calls = (told_first.call(random), done.call(random))
        field = entry["second"]["field"]
        relayed = told({field: Value(str(fixed["v"].json), "")})
        rounds.append(dependent(articled(text), calls, done.result, random, relayed))
    for tool in (first, second):
        asked = draw_wish(tool, random, vocabulary)
        rounds.append(single(asked, articled(asked.request), random))
    return Scene((first, second), tuple(rounds))


def draw_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A scene of any kind, whose tools all have names of their own."""
    while True:
        make = random.choices(
            (subject_scene, measure_scene, duo_scene, currency_scene, listing_scene, feed_scene),
            (41, 18, 5, 8, 15, 13),
        )[0]
        scene = make(random, vocabulary)
        if len({tool.spec.name for tool in scene.tools}) == len(scene.tools):
            return scene

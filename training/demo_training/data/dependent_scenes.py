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
)
from demo_training.data.dependent_gathers import gather_scene
from demo_training.data.dependent_subjects import subject_scene
from demo_training.data.dependent_sums import duo_scene, measure_scene
from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.functions import Parameter, kind_of, told
from demo_training.data.lookups import python_call
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
    "convert the price of {x} to {to}", "convert the price of {x} into {to}", "find the price of {x} and convert it to {to}",
    "get the price of {x}, then convert it into {to}", "look up what {x} costs and give it to me in {to}",
    "I pay in {to}. What does {x} cost me?", "{x} in {to}, please: what is the price?", "tell me the price of {x} in {to}",
)  # fmt: skip
_BY_RATE = (
    "how many {to} are {a} {from}? Get the rate and calculate it", "what are {a} {from} worth in {to}? Use python",
    "take the exchange rate from {from} to {to} and tell me how many {to} I get for {a} {from}", "change {a} {from} into {to}",
    "look up the rate from {from} to {to} and compute what {a} {from} are", "I have {a} {from}. How many {to} is that?",
    "get the rate and multiply: {a} {from} in {to}", "convert {a} {from} to {to} with today's rate",
)  # fmt: skip
_HERE = {
    "USD": ("USD", "US dollars", "dollars"), "EUR": ("EUR", "euros", "euros"), "GBP": ("GBP", "British pounds", "pounds"),
    "CHF": ("CHF", "Swiss francs"), "SEK": ("SEK", "Swedish crowns"), "JPY": ("JPY", "yen"),
}  # fmt: skip
_GOODS: tuple[tuple[str, str, Mapping[str, str], str], ...] = (
    ("price_of product_price item_price get_price", "Price of a product", {"name": "thing : product name item : Name of the product"}, "the {name}"),
    ("book_price price_of_book cost_of_book", "Price of a book", {"name": "title : book title name : Title of the book"}, "the book {name}"),
    ("tour_price trip_price holiday_price", "Price of a trip to a city", {"name": "city : city destination to : City to go to"}, "a trip to {name}"),
    ("show_ticket_price price_of_show seat_price", "Price of a ticket for a show", {"name": "title : show event title : Title of the show"}, "a ticket for {name}"),
    ("fare rail_fare fare_between", "Price of a train ticket", {"name": "city : origin from start : City to leave from", "goal": "city : destination to goal : City to go to"}, "a train ticket from {name} to {goal}"),
    ("airfare flight_price cost_of_flight", "Price of a flight", {"name": "city : origin departure from_city : City to leave from", "goal": "city : destination arrival to_city : City to go to"}, "the flight from {name} to {goal}"),
    ("course_fee tuition price_of_course", "Price of a course", {"name": "topic : course subject topic : Which course"}, "the course on {name}"),
)  # fmt: skip


def _amount_tool(random: Random) -> OptionTool:
    """Converts an amount; the parameters in any order, the amount first mostly."""
    takes = {
        "amount": Parameter(KINDS["money"], ("amount", "amount", "value", "sum"), "Amount of money"),
        "source": Parameter(KINDS["currency"], ("from_currency", "from", "source", "base"), "Code of the currency of the amount"),
        "to": Parameter(KINDS["currency"], ("to_currency", "to", "target", "currency"), "Code of the currency that is wanted"),
    }  # fmt: skip
    keys = random.sample(list(takes), 3) if random.random() < 0.25 else list(takes)
    about = ("Convert money into another currency", "Convert an amount from one currency to another", "Currency converter")  # fmt: skip
    return draw_tool(random, _plain(
        "convert_currency exchange to_currency currency_converter", random.choice(about), {key: takes[key] for key in keys},
        {random.choice(("converted", "result", "amount", "value")): "money"},
        ("how much are {amount} {source} in {to}?", "convert {amount} {source} into {to}", "what are {amount} {source} worth in {to}?"), "amounts",
    ))  # fmt: skip


def _currency(random: Random, *others: str) -> Value:
    """A currency that is none of the others, in words mostly."""
    said = random.choice([word for word, code in _CURRENCIES.items() if code not in others])
    code = _CURRENCIES[said]
    return random.choice((Value(said, code), Value(said, code), Value(code, code)))


def currency_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A price in one currency, asked for in another."""
    if random.random() < 0.3:
        return _rate_scene(random, vocabulary)
    here = random.choice(("USD", "USD", "EUR", "EUR", "EUR", "GBP", "CHF", "SEK", "JPY"))
    names, about, taken, said_as = random.choice(_GOODS)
    takes = {key: parameter_of(key, text) for key, text in taken.items()}
    form = random.choice(
        (0, 1, 2, 2)
    )  # the currency is in the field's name, in a field, in the description
    field = random.choice(("price", "price", "amount", "cost"))
    shown = f"{field}_{here.lower()}" if form == 0 else field
    text = f"{about} in {random.choice(_HERE[here])}" if form == 2 else about
    what = said_as.format(**{key: f"{{{key}}}" for key in takes})
    asks = (f"what is the price of {what}?", f"price of {what}?", f"how much is {what}?")
    price = draw_tool(random, _plain(names, text, takes, {shown: "money"}, asks, "prices"))
    convert = _amount_tool(random)
    beside = {"currency": Value(here, here)} if form == 1 else {}
    rounds = []
    for number in range(3):
        got = draw_wish(price, random, vocabulary)
        got = replace(got, result={**got.result, **beside})
        if number == 2:
            rounds.append(single(got, articled(got.request), random))
            continue
        amount = got.result[shown].json
        thing = said_as.format(**{key: each.said for key, each in got.values.items()})
        ask = random.choice(_IN_CURRENCY).format(x=thing, to="{to}")
        fixed = {"amount": Value("", amount), "source": Value("", here), "to": _currency(random, here)}  # fmt: skip
        made = draw_wish(convert, random, vocabulary, fixed=fixed, ask=capitalised(ask))
        call = got.call(random)
        if form == 2 and random.random() < 0.4:
            call = json_call(price.spec.name, got.arguments, amount)
        rounds.append(dependent(made.request, (call, made.call(random)), made.result, random))
    source = _currency(random)
    fixed = {"source": source, "to": _currency(random, str(source.json))}
    made = draw_wish(convert, random, vocabulary, fixed=fixed)
    rounds.append(single(made, made.request, random))
    return Scene((price, convert), tuple(rounds))


def _rate_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """An exchange rate, and `python` for the amount."""
    takes = {
        "source": Parameter(KINDS["currency"], ("from_currency", "base", "from", "source"), "Code of the currency to change"),
        "to": Parameter(KINDS["currency"], ("to_currency", "quote", "to", "target"), "Code of the currency that is wanted"),
    }  # fmt: skip
    about = random.choice(("Exchange rate between two currencies", "Rate of one currency in another", "Get the exchange rate"))  # fmt: skip
    asks = ("what is the rate from {source} to {to}?", "exchange rate {source} to {to}?", "how many {to} is one {source}?")  # fmt: skip
    tool = draw_tool(random, _plain(
        "exchange_rate rate_of_exchange get_rate currency_rate", about, takes, {"rate": "float 0.2 9 3"}, asks, "rates"
    ))  # fmt: skip
    rounds = []
    for _ in range(2):
        source = _currency(random)
        to = _currency(random, str(source.json))
        got = draw_wish(tool, random, vocabulary, fixed={"source": source, "to": to})
        amount = random.choice((random.randint(2, 90) * 10, random.randint(5, 900)))
        ask = random.choice(_BY_RATE)
        request = capitalised(ask.format(**{"a": amount, "from": source.said, "to": to.said}))
        call, fact = python_call(f"{amount} * {got.result['rate'].json}")
        request += "" if request.endswith("?") else "."
        calls, answer = (got.call(random), call), f"The result is {fact}."
        rounds.append(Round("two steps", spoken(request, random), calls, answer, (fact,)))
    source = _currency(random)
    fixed = {"source": source, "to": _currency(random, str(source.json))}
    asked = draw_wish(tool, random, vocabulary, fixed=fixed)
    rounds.append(single(asked, asked.request, random))
    return Scene((tool,), tuple(rounds), computes=True)


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
        return dependent(opened(done.request, said), calls, done.result, self._random)

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
        rounds.append(dependent(articled(text), calls, done.result, random))
    for tool in (first, second):
        asked = draw_wish(tool, random, vocabulary)
        rounds.append(single(asked, articled(asked.request), random))
    return Scene((first, second), tuple(rounds))


def _merged(one: Scene, other: Scene, random: Random) -> Scene | None:
    """The tools of both, so that the look-up has to be chosen too; None where that is too much, or two are alike."""
    tools = (*one.tools, *other.tools)
    kinds = {tool.base.names[0] for tool in tools}
    if len(tools) > 7 or len(kinds) < len(tools):
        return None
    rounds = [random.sample(each.rounds, min(len(each.rounds), 3)) for each in (one, other)]
    return Scene(tools, (*rounds[0], *rounds[1]), one.computes or other.computes)


def draw_scene(random: Random, vocabulary: Vocabulary) -> Scene:
    """A scene of any kind, whose tools all have names of their own; now and then two of them at once."""
    while True:
        make = random.choices(
            (
                subject_scene,
                gather_scene,
                measure_scene,
                duo_scene,
                currency_scene,
                listing_scene,
                feed_scene,
            ),
            (36, 20, 24, 5, 8, 12, 60),
        )[0]
        scene: Scene | None = make(random, vocabulary)
        if make in (subject_scene, gather_scene) and random.random() < 0.35:
            beside = random.choice((subject_scene, measure_scene))(random, vocabulary)
            scene = _merged(scene, beside, random) if scene else None
        if scene and len({tool.spec.name for tool in scene.tools}) == len(scene.tools):
            return scene

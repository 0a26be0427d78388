"""Word problems by composition whose code is worked out step by step, one named line for each.

A base says where an amount comes from; what happens to the amount afterwards, remarks, and what is asked are drawn apart. The
code has the lines that the question needs and no other. A small model that has to write the steps does not have to find them
all at once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from demo_training.data.code.rates import asked
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task, in_steps
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised


@dataclass(frozen=True)
class _Base:
    """Where an amount comes from.

    Attributes:
        facts: alternatives; each is one or more clauses with `;` between them. `{x!}` is said as money.
        lines: code, the last of which names the amount.
        questions: for the amount.
        others: questions for an earlier line, and how many lines it takes to answer them.
    """

    facts: tuple[str, ...]
    lines: tuple[str, ...]
    questions: tuple[str, ...]
    others: tuple[tuple[tuple[str, ...], int], ...] = ()


@dataclass(frozen=True)
class _Turn:
    """What happens to an amount.

    Attributes:
        facts: alternatives.
        line: code, with `{of}` for the name of the amount.
        questions: for what comes out.
    """

    facts: tuple[str, ...]
    line: str
    questions: tuple[str, ...]


_TOTAL = ("what is the total", "what does it cost in all", "how much is that altogether", "what does {n} have to pay", "how much does it come to", "what's the total cost", "what will that cost me", "how much is the whole thing", "what do we pay in total", "how much money is that")  # fmt: skip
_COSTS = (
    _Base(("{n} buys {c} {i} at {x!} each and {d} {j} at {y!} each", "{n} orders {c} {i} for {x!} apiece; {n} also takes {d} {j} for {y!} apiece", "{i} are {x!} each and {j} {y!} each; {n} takes {c} {i} and {d} {j}", "I need {c} {i} and {d} {j}; one of the {i} costs {x!}, one of the {j} {y!}"),
          ("first = {c} * {x}", "second = {d} * {y}", "total = first + second"), _TOTAL, ((("how much of that is for the {i}", "what do the {i} cost", "how much are just the {i}"), 1),)),
    _Base(("{n} buys {c} {i} at {x!} each and a {thing} for {y!}", "I bought a {thing} for {y!} and {c} {i} for {x!} each", "a {thing} costs {y!} and {i} are {x!} each; {n} takes the {thing} and {c} {i}"), ("first = {c} * {x}", "total = first + {y}"), _TOTAL),
    _Base(("{n} stays {c} nights at {x!} a night; breakfast is {y!} a day for each of {d} people", "{c} nights at {x!} each are booked; {d} of us also eat in the morning, which is {y!} a day for each", "a hotel charges {x!} a night plus {y!} per person for breakfast; {d} people stay {c} nights"),
          ("room = {c} * {x}", "breakfast = {c} * {d} * {y}", "total = room + breakfast"), (*_TOTAL, "what does the stay cost"), ((("what does the room cost without breakfast", "how much is the room alone", "what do the nights cost"), 1),)),
    _Base(("entry is {x!} for adults and {y!} for children; {c} adults and {d} children go in", "{c} adults pay {x!} each and {d} children {y!} each", "a ticket is {x!} for grown-ups and {y!} for kids; we are {c} grown-ups and {d} kids"),
          ("adults = {c} * {x}", "children = {d} * {y}", "total = adults + children"), (*_TOTAL, "what do the tickets cost"), ((("how much do the adults pay", "what do the adults pay together"), 1),)),
    _Base(("the car uses {l} liters per 100 km and a liter costs {z!}; the trip is {km} km", "a van burns {l} liters on 100 km; {n} drives {km} km and pays {z!} per liter", "{n} has to drive {km} km; the car needs {l} liters for 100 km, and petrol is {z!} a liter", "fuel is {z!} a liter; my car takes {l} l per 100 km and we go {km} km"),
          ("liters = {km} / 100 * {l}", "total = liters * {z}"), (*_TOTAL, "what does the fuel cost", "how much is the petrol", "what does the trip cost"), ((("how many liters is that", "how much fuel does that take", "how many liters do I need"), 1),)),
    _Base(("renting a {thing} is {f!} plus {x!} an hour; {n} keeps it for {c} hours", "a plumber asks {f!} for coming and {x!} per hour; the work takes {c} hours", "a taxi takes {f!} at the start and {x!} per km; the ride is {c} km", "a plan costs {f!} a month and {x!} per call; {n} makes {c} calls"),
          ("usage = {c} * {x}", "total = {f} + usage"), _TOTAL),
    _Base(("a room is {c} m long and {d} m wide; carpet costs {x!} per square meter", "a floor of {c} by {d} meters gets tiles at {x!} a square meter", "turf is {x!} per square meter; the lawn measures {c} m by {d} m", "paint for one square meter costs {x!}; the wall is {d} m high and {c} m wide"),
          ("area = {c} * {d}", "total = area * {x}"), _TOTAL, ((("how many square meters is that", "how large is the area", "what is the area"), 1),)),
    _Base(("{n} needs {need} {i}; a pack has {k} of them and costs {x!}", "{i} come in bags of {k} for {x!} a bag; I need {need} {i}", "we want {need} {i}, which are sold in boxes of {k}; a box is {x!}", "a carton holds {k} {i} and costs {x!}; {n} wants at least {need} {i}"),
          ("packs = math.ceil({need} / {k})", "total = packs * {x}"), (*_TOTAL, "what do the packs cost", "what do I pay for enough of them"), ((("how many packs is that", "how many have to be bought", "how many packs do I need"), 1),)),
    _Base(("{c} scouts go to a camp at {x!} each; the bus is {f!}", "a concert for {c} of us is {x!} per person; the train costs {f!} for all", "there are {c} guests at {x!} each and the hall is {f!}", "each of {c} players pays {x!} for a shirt; the field costs {f!} on top"), ("people = {c} * {x}", "total = people + {f}"), (*_TOTAL, "what does it cost for everybody")),
    _Base(("{n} buys {w} kg of {i} at {x!} a kilo and {v} kg of {j} at {y!} a kilo", "{w} kg of {i} for {x!} per kg and {v} kg of {j} for {y!} per kg", "a kilo of {i} is {x!}, a kilo of {j} {y!}; I take {w} kg of {i} and {v} kg of {j}"), ("first = {w} * {x}", "second = {v} * {y}", "total = first + second"), _TOTAL),
    _Base(("{c} {i} cost {x!} each", "{n} buys {c} {i} for {x!} apiece", "one of the {i} is {x!} and {n} takes {c}", "{n} gets {c} {i}, each for {x!}"), ("total = {c} * {x}",), _TOTAL),
    _Base(("the bill is {f2!}", "dinner comes to {f2!}", "the meal was {f2!}", "lunch for everyone costs {f2!}"), ("total = {f2}",), _TOTAL),
)  # fmt: skip
_PAYABLE = ("what is left to pay", "what is to be paid then", "what does it cost then", "how much is it in the end", "what is the final amount", "how much does {n} pay", "what do I pay in the end")  # fmt: skip
_PRICE_TURNS = (
    _Turn(("there is {p}% off the whole order", "a coupon takes {p}% off", "members get a discount of {p}%", "everything is {p}% cheaper today"), "reduced = {of} * (100 - {p}) / 100", (*_PAYABLE, "what is the price after the discount")),
    _Turn(("a voucher takes off {g!}", "{m} pays {g!} of it", "the club pays {g!} of it", "{g!} is paid by the insurance", "{n} has a gift card of {g!}", "{g!} has already been paid"), "rest = {of} - {g}", (*_PAYABLE, "how much is left to pay", "how much do the others have to pay")),
    _Turn(("there is a fee of {g!}", "{g!} is added for service", "an extra {g!} has to be paid", "insurance for {g!} comes on top", "the deposit of {g!} comes on top"), "with_fee = {of} + {g}", ("what is the total", "what is to be paid in all", "how much is it in the end", "what do I pay altogether")),
)  # fmt: skip
_ON_TOP = (
    _Turn(("{p}% tax is added", "VAT of {p}% comes on top", "the sales tax is {p}%", "plus {p} percent tax"), "with_tax = {of} * (100 + {p}) / 100", ("what is the total with tax", "what is to be paid in all", "how much is it in the end", "what does it cost including tax")),
    _Turn(("{n} leaves a {p}% tip", "they add a {p}% tip", "a tip of {p} percent is added", "we tip {p}%"), "with_tip = {of} * (100 + {p}) / 100", ("what is the total with the tip", "what is paid in all", "how much is it with the tip")),
)  # fmt: skip
_LAST_TURNS = (
    _Turn(("{h} friends share the cost", "it is split evenly among {h} people", "{h} of us share it equally", "{h} people divide the bill", "the sum is shared by a group of {h}"), "each = {of} / {h}", ("what does each pay", "how much is it for each", "what is each person's share", "how much does everyone pay", "how much is that per person")),
    _Turn(("{n} pays with {note!}", "{n} hands over {note!}", "I give the cashier {note!}", "the customer pays with a note of {note!}"), "change = {note} - {of}", ("how much change is there", "how much do I get back", "what is the change", "how much change does {n} get")),
    _Turn(("{n} has {note!} to spend", "the budget is {note!}", "{n} came with {note!}", "there were {note!} in the purse"), "left = {note} - {of}", ("how much is left", "how much money is left over", "what remains of the money", "how much is left after that")),
)  # fmt: skip
_INCOMES = (
    _Base(("{n} sells {c} {i} at {x!} each and {d} {j} at {y!} each", "I sold {c} {i} for {x!} apiece and {d} {j} for {y!} apiece", "on the market {c} {i} go for {x!} each and {d} {j} for {y!} each"), ("first = {c} * {x}", "second = {d} * {y}", "income = first + second"), ("how much money comes in", "what does {n} take in", "what were the takings", "how much did I make", "how much is the income")),
    _Base(("{n} earns {x!} an hour and works {hours} hours a day for {d} days", "a job pays {x!} per hour; {n} works {hours} hours on each of {d} days", "I work {hours} hours a day, {d} days, at {x!} an hour"), ("hours = {hours} * {d}", "pay = hours * {x}"), ("how much is the pay", "what does {n} earn", "how much money is that", "what do I get for that"), ((("how many hours is that", "how many hours of work is that"), 1),)),
    _Base(("{n}'s shop took in {big!} and spent {less!}", "a company has an income of {big!} and expenses of {less!}", "we sold goods for {big!}; our costs were {less!}"), ("profit = {big} - {less}",), ("what is the profit", "how much profit is that", "how much did the business make")),
    _Base(("{n} buys {c} {i} at {x!} each and sells them for {dear!} each", "a shop pays {x!} apiece for {c} {i} and sells each for {dear!}", "I got {c} {i} for {x!} each; all of them were sold at {dear!}"), ("gain = {dear} - {x}", "profit = gain * {c}"), ("what is the profit", "how much profit is that", "how much is earned with it"), ((("what is the profit on one of them", "how much is earned with one"), 1),)),
    _Base(("{n}'s {big!} a month are raised by {p}%", "my pay of {big!} a month goes up by {p}%", "the monthly salary is {big!} and it is raised by {p} percent", "the rent of {big!} a month rises by {p}%"), ("monthly = {big} * (100 + {p}) / 100", "yearly = monthly * 12"), ("how much is that in a year now", "what is the new yearly amount", "what is it per year then"), ((("what is the new monthly amount", "how much is that per month now", "what is it every month then"), 1),)),
)  # fmt: skip
_INCOME_TURNS = (
    _Turn(("the stall costs {g!}", "{g!} goes for material", "{n} pays {g!} of rent out of it", "a fee of {g!} is taken from it", "the expenses are {g!}"), "left = {of} - {g}", ("how much is left", "what remains after that", "what is left of it", "how much does {n} keep")),
    _Turn(("{p}% of it is paid in tax", "tax is {p}% of that", "{p} percent tax is taken off", "the tax on it is {p}%"), "after_tax = {of} * (100 - {p}) / 100", ("what is left after tax", "how much remains after tax", "what does {n} keep after tax", "how much is it after tax")),
    _Turn(("{p}% of it is paid in tax", "tax is {p}% of that", "the tax on it is {p}%"), "tax = {of} * {p} / 100", ("how much is the tax", "how much tax has to be paid", "what is the tax")),
    _Turn(("{p}% of it is saved", "{n} puts {p}% of it in the bank", "{p} percent of that goes to charity"), "part = {of} * {p} / 100", ("how much is that part", "how much money is that", "what amount is that")),
    _Turn(("{h} partners share it equally", "it is divided among {h} people", "{h} friends split it"), "each = {of} / {h}", ("what does each get", "how much is it for each", "what is each one's share")),
)  # fmt: skip
_REMARKS = (
    "{m} is {age} years old.", "It is a {day}.", "The shop closes at {clock}.", "It is {deg} degrees outside.", "{m} comes along too.", "The sun is shining.", "{m} paid nothing.", "That was in {year}.", "{m} lives at number {age}.", "I have to know it by {day}.",
)  # fmt: skip
_MONEY = ("${}", "${}", "${}", "{} dollars", "{} euros", "€{}", "£{}", "{} USD", "{}")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _price(random: Random) -> str:
    """A price as people have it: whole, with a half, with cents."""
    whole = random.randint(2, random.choice((6, 20, 60, 150)))
    return random.choice(("{}", "{}", "{}", "{}.50", "{}.5", "{}.25", "{}.75", "{}.90", "{}.99", "{}.20")).format(whole)  # fmt: skip


def _numbers(random: Random) -> dict[str, str]:
    """Every number a story may need, as code."""
    x = _price(random)
    big = random.randint(9, 90) * random.choice((10, 100, 100, 1000))
    drawn: dict[str, object] = {
        "c": random.randint(2, random.choice((9, 30))), "d": random.randint(2, random.choice((6, 20))), "x": x, "y": _price(random), "z": f"{random.randint(110, 260) / 100}", "h": random.randint(2, 8),
        "hours": random.randint(2, 9), "l": random.choice((random.randint(4, 12), round(random.uniform(3.5, 12), 1))), "km": random.choice((random.randint(40, 900), random.randint(4, 90) * 10)),
        "f": random.randint(2, 30) * random.choice((1, 5, 10)), "f2": f"{random.randint(15, 240)}{random.choice(('', '', '.50', '.40', '.80'))}", "need": random.randint(20, 400), "k": random.choice((4, 6, 8, 10, 12, 15, 20, 24, 25, 30, 40, 50)),
        "w": random.choice((random.randint(2, 9), random.randint(3, 60) / 10)), "v": random.choice((random.randint(2, 9), random.randint(3, 60) / 10)),
        "p": random.choice((5, 5, 8, 10, 10, 12, 15, 15, 19, 20, 20, 25, 30, 40, 4.5, 7.5, 2.5)), "g": random.randint(1, 20) * random.choice((1, 1, 5)),
        "big": big, "less": random.randint(big // 5, big - 1), "dear": f"{int(float(x)) + random.randint(2, 30)}{random.choice(('', '', '.50', '.90'))}",
    }  # fmt: skip
    return {name: str(value) for name, value in drawn.items()}


def _value(lines: Sequence[str], name: str) -> float:
    """What the lines give a name."""
    scope: dict[str, object] = {}
    exec("import math\n" + "\n".join(lines), scope)
    value = scope[name]
    assert isinstance(value, int | float)
    return value


def _name(line: str) -> str:
    return line.partition(" = ")[0]


def _people(random: Random, vocabulary: Vocabulary) -> dict[str, str]:
    """Names and things of a story."""
    (n, m), (i, j) = random.sample(vocabulary.first_names, 2), random.sample(ITEMS, 2)
    remark = {"age": str(random.randint(5, 90)), "day": random.choice(_DAYS), "clock": f"{random.randint(16, 21)}:00", "deg": str(random.randint(2, 35)), "year": str(random.randint(1990, 2024))}  # fmt: skip
    return {"n": n, "m": m, "i": i, "j": j, "thing": random.choice(vocabulary.things), **remark}


def _said(random: Random, text: str, numbers: Mapping[str, str], people: Mapping[str, str], currency: str) -> str:  # fmt: skip
    """A clause with its slots filled."""

    def filled(match: re.Match[str]) -> str:
        name, is_money = match[1], bool(match[2])
        if name in people:
            return people[name]
        number = numbers[name]
        if is_money:
            separated = f"{int(number):,}" if number.isdigit() and random.random() < 0.4 else number
            return currency.format(separated)
        return said_number(random, int(number)) if number.isdigit() and name != "p" else number

    return re.sub(r"\{(\w+)(!?)\}", filled, text)


def _told(random: Random, clauses: list[str], question: str, people: Mapping[str, str]) -> str:
    """Clauses and a question as one text, with a remark that changes nothing now and then."""
    facts = [part.strip() for clause in clauses for part in clause.split(";")]
    text = asked(random, facts, question) if len(facts) < 4 else " ".join(f"{capitalised(each)}." for each in facts) + f" {capitalised(question)}?"  # fmt: skip
    if random.random() < 0.14:
        remark = random.choice(_REMARKS)
        remark = remark.format_map(people)
        text = f"{remark} {text}" if random.random() < 0.5 else re.sub(r"\. (?=[A-Z][^.]*\?$)", lambda _: f". {remark} ", text, count=1)  # fmt: skip
    return text


def worked_money(random: Random, vocabulary: Vocabulary) -> Task:
    """What something costs or brings in, and up to two things that happen to the sum."""
    is_income = random.random() < 0.35
    base = random.choice(_INCOMES if is_income else _COSTS)
    numbers, people = _numbers(random), _people(random, vocabulary)
    currency = random.choice(_MONEY)
    lines = [line.format_map(numbers) for line in base.lines]
    clauses, questions = [random.choice(base.facts)], base.questions
    if base.others and random.random() < 0.2:
        questions, count = random.choice(base.others)
        lines = lines[:count]
    else:
        turns = (
            [] if _name(lines[-1]) == "yearly" else _drawn_turns(random, lines, is_income=is_income)
        )
        for turn in turns:
            of = _name(lines[-1])
            value = _value(lines, of)
            if "{g}" in turn.line:
                numbers["g"] = str(random.randint(2, max(2, int(value) // 3)))
            notes = [note for note in (20, 50, 100, 200, 500, 1000, 2000, 5000) if note > value]
            numbers["note"] = str(notes[0] if notes else (int(value) // 1000 + 1) * 1000)
            lines.append(turn.line.format(of=of, **numbers))
            clauses.append(random.choice(turn.facts))
            questions = turn.questions
        # One number that was only given a name would be a step of its own.
        if re.fullmatch(r"total = [\d.]+", lines[0]) and len(lines) > 1:
            lines = [re.sub(r"\btotal\b", lines[0].partition(" = ")[2], line) for line in lines[1:]]
    # Who pays is asked only where somebody was named.
    is_named = any("{n}" in clause for clause in clauses)
    fitting = [each for each in questions if is_named or "{n}" not in each]
    question = _said(random, random.choice(fitting), numbers, people, currency)
    told = [_said(random, clause, numbers, people, currency) for clause in clauses]
    return Task(_told(random, told, question, people), in_steps(lines))  # fmt: skip


def _drawn_turns(random: Random, lines: Sequence[str], *, is_income: bool) -> list[_Turn]:
    """What happens to an amount, in an order in which it happens."""
    is_simple = len(lines) == 1
    if is_income:
        return [random.choice(_INCOME_TURNS)] if random.random() < (0.75 if is_simple else 0.55) else []  # fmt: skip
    is_bill = is_simple and "*" not in lines[0]
    groups = (_PRICE_TURNS, _ON_TOP if is_bill else _ON_TOP[:1], _LAST_TURNS)
    count = random.choice((1, 1, 2)) if is_simple else random.choice((0, 1, 1, 1, 2))
    chosen = sorted(random.sample(range(len(groups)), count))
    return [random.choice(groups[index]) for index in chosen]

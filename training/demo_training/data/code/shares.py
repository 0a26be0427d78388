"""Percentages by composition: prices with something off or on top, parts of a whole, rises and falls."""

from random import Random

from demo_training.data.code.rates import asked
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary

# What is said of the sum `{x}`, what of the percentage `{p}`, what is asked, and the code.
_PART, _LESS, _MORE = "{x} * {p} / 100", "{x} * (100 - {p}) / 100", "{x} * (100 + {p}) / 100"
_OFF = ("there is a {p}% discount", "it is {p}% off", "it is reduced by {p} percent", "a coupon takes {p}% off", "members get {p}% off", "it is {p}% cheaper today", "the shop gives a discount of {p}%", "on sale it is {p}% less")  # fmt: skip
_TIP = ("{n} tips {p}%", "I'd like to leave {p}%", "I want to tip {p} percent", "{p}% tip is usual", "we give {p}%", "the tip is {p}%")  # fmt: skip
_TAX = ("{p}% tax is added", "the sales tax is {p}%", "VAT is {p} percent", "it comes with {p}% tax on top", "tax of {p}% has to be paid")  # fmt: skip
_PRICE = ("a {thing} costs {m}", "the price of a {thing} is {m}", "{n} buys a {thing} for {m}", "a {thing} is {m}", "I saw a {thing} at {m}", "the {thing} in the window costs {m}")  # fmt: skip
_BILL = ("the bill is {m}", "the meal was {m}", "dinner costs {m}", "we ate for {m}", "the check says {m}", "lunch was {m}")  # fmt: skip
_PAY = ("{n} earns {m} a month", "the rent is {m}", "my salary is {m}", "a ticket costs {m}", "the fee is {m}", "a share is worth {m}", "electricity costs us {m}")  # fmt: skip
_SHARES = (
    (_PRICE, _OFF, ("what is the final price", "what do I pay", "how much is it now", "what does it cost then", "what is the new price", "how much does {n} pay", "what's the sale price"), _LESS),
    (_PRICE, _OFF, ("how much do I save", "how much is the discount", "how much money is saved", "by how much does it get cheaper"), _PART),
    (_BILL, _TIP, ("how much is the tip", "what is the tip", "what tip is that", "how much tip do I leave", "how much does the waiter get on top"), _PART),
    (_BILL, _TIP, ("what is the total", "what do we pay in all", "how much is it with the tip", "what is paid altogether"), _MORE),
    (_PRICE, _TAX, ("what is the total", "what is the price with tax", "what does it cost in the end", "how much do I pay including tax"), _MORE),
    (_PRICE, _TAX, ("how much is the tax", "how much tax is that", "what is the tax"), _PART),
    (_PAY, ("it goes up by {p}%", "it rises {p} percent", "it is raised by {p}%", "it increases by {p}%", "{p}% more is asked from now on"), ("what is it then", "what is it now", "how much is it afterwards", "what is the new amount"), _MORE),
    (_PAY, ("it goes down by {p}%", "it falls {p} percent", "it is cut by {p}%", "it drops by {p}%", "it loses {p}%"), ("what is it then", "what is it now", "how much is it afterwards", "what is the new amount"), _LESS),
    (_PAY, ("it goes up by {p}%", "it rises {p} percent", "it changes by {p}%"), ("how much is the difference", "by how much money does it change"), _PART),
)  # fmt: skip
# A whole of `{x}`, and what `{p}` percent of it are, what the others are.
_WHOLES = (
    ("a class has {x} pupils", "a class of {x} pupils", "girls", "boys"), ("a school has {x} students", "a school of {x} students", "on foot", "not on foot"),
    ("{x} people were asked", "a group of {x} people", "in favour", "against it"), ("a box holds {x} {i}", "a box of {x} {i}", "broken", "whole"),
    ("there are {x} {i}", "a heap of {x} {i}", "red", "not red"), ("a company has {x} employees", "a company of {x} employees", "women", "men"),
    ("a farm has {x} animals", "a farm with {x} animals", "sheep", "other animals"), ("a hotel has {x} rooms", "a hotel with {x} rooms", "taken", "free"),
    ("a test has {x} questions", "a test of {x} questions", "right", "wrong"), ("a town has {x} houses", "a town of {x} houses", "old", "new"),
    ("a library has {x} books", "a library of {x} books", "novels", "other books"), ("{x} trees stand in the park", "a park with {x} trees", "oaks", "other trees"),
)  # fmt: skip


def shares(random: Random, vocabulary: Vocabulary) -> Task:
    """A percentage of a price or a part of a whole, on top of it, off it, or what is left."""
    p = random.choice((5, 10, 10, 15, 20, 20, 25, 30, 40, 50, 60, 75, 7.5, 12.5, 19, random.randint(2, 95)))  # fmt: skip
    name, item = random.choice(vocabulary.first_names), random.choice(ITEMS)
    slots: dict[str, object] = {"n": name, "i": item, "thing": random.choice(vocabulary.things), "p": p}  # fmt: skip
    if random.random() < 0.3:
        return _part_of_a_whole(random, slots)
    sums, percents, questions, code = random.choice(_SHARES)
    x = random.choice((str(random.randint(10, 99)), str(random.randint(2, 99) * 10), str(random.randint(100, 9000)), f"{random.uniform(5, 200):.2f}", f"{random.randint(5, 99)}.50"))  # fmt: skip
    said = said_number(random, int(x)) if x.isdigit() else x
    currency = random.choice(("${}", "${}", "{} dollars", "{} euros", "€{}", "£{}"))
    if said[0].isalpha():
        currency = "{} dollars"
    slots["m"] = currency.format(said)
    facts = [random.choice(sums).format_map(slots), random.choice(percents).format_map(slots)]
    text = asked(random, facts, random.choice(questions).format_map(slots))
    return Task(text, f"print({code.format(x=x, p=p)})")


def _part_of_a_whole(random: Random, slots: dict[str, object]) -> Task:
    there, noun, part, rest = random.choice(_WHOLES)
    x = random.randint(2, 90) * random.choice((1, 5, 10, 20))
    slots |= {"x": said_number(random, x)}
    asks_part = random.random() < 0.5
    wanted = part if asks_part else rest
    fact = random.choice((f"{{p}}% are {part}", f"{{p}} percent of them are {part}", f"{{p}}% of these are {part}"))  # fmt: skip
    question = random.choice((f"how many are {wanted}", f"how many of them are {wanted}", f"what number of them are {wanted}"))  # fmt: skip
    p = slots["p"]
    code = f"print({x} * {p} / 100)" if asks_part else f"print({x} * (100 - {p}) / 100)"
    if random.random() < 0.3:
        facts = [f"in {noun}, {fact.replace(' of them', '').replace(' of these', '')}".format_map(slots)]  # fmt: skip
    else:
        facts = [there.format_map(slots), fact.format_map(slots)]
    return Task(asked(random, facts, question), code)

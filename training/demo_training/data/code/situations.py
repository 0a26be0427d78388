"""Word problems by composition: an amount that changes step by step.

Who, what, each thing that happens and the question are drawn apart, so that a sign is learnt with its verb and not inside one
sentence. The code is one expression in the order of the story.
"""

from dataclasses import dataclass
from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised

ITEMS = (
    "apples", "pens", "books", "cookies", "tickets", "marbles", "stickers", "bottles", "chairs", "eggs", "coins", "cards", "candles",
    "bricks", "pears", "stamps", "shells", "pencils", "balls", "flowers", "lemons", "cups", "stones", "plates", "oranges", "photos",
    "balloons", "beads", "carrots", "keys", "screws", "muffins", "toys", "buttons", "magazines", "chickens", "cows", "tomatoes", "hats",
)  # fmt: skip
_MONEY = ("${}", "${}", "{} dollars", "{} euros", "€{}", "£{}", "{} francs", "{} coins")
_REMARKS = (
    "It is a sunny day.", "{m} watches.", "{m} is {age} years old.", "The weather is fine.", "That took a whole afternoon.", "{m} likes them very much.",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Whom a story is about.

    Attributes:
        subject: as first named.
        pronoun: afterwards.
        is_third: takes "does" and verbs in -s.
    """

    subject: str
    pronoun: str
    is_third: bool

    def verb(self, forms: str, *, is_past: bool) -> str:
        """One of "buy/buys/bought"."""
        plain, third, past = forms.split("/")
        return past if is_past else third if self.is_third else plain

    def do(self) -> str:
        return "does" if self.is_third else "do"


def person(random: Random, vocabulary: Vocabulary) -> Person:
    """Somebody: the user, a named one, a relative, a trade."""
    if random.random() < 0.3:
        return Person(*random.choice((("I", "I"), ("we", "we"))), is_third=False)
    pronoun = random.choice(("he", "she"))
    other = ("my brother", "he"), ("my aunt", "she"), ("a farmer", pronoun), ("the shop", "it"), ("my friend", pronoun)  # fmt: skip
    if random.random() < 0.3:
        return Person(*random.choice(other), is_third=True)
    return Person(random.choice(vocabulary.first_names), pronoun, is_third=True)


@dataclass(frozen=True)
class _World:
    """What can happen to an amount.

    Attributes:
        openings: verb forms, `|`, the rest with `{x}` for the number.
        gains: verb forms, and the rest with `{y}` for the number.
        losses: likewise.
        questions: with `{do}` and `{p}` for a person.
        is_personal: a person does it.
    """

    openings: tuple[str, ...]
    gains: tuple[tuple[str, str], ...]
    losses: tuple[tuple[str, str], ...]
    questions: tuple[str, ...]
    is_personal: bool = True


_THINGS = _World(
    ("have/has/had|{x} {i}", "own/owns/owned|{x} {i}", "collect/collects/collected|{x} {i}", "buy/buys/bought|{x} {i}", "start/starts/started|with {x} {i}", "keep/keeps/kept|{x} {i} in a box"),
    (("buy/buys/bought", "{y} more"), ("get/gets/got", "{y} from {m}"), ("find/finds/found", "{y} more"), ("receive/receives/received", "another {y}"), ("win/wins/won", "{y}"), ("collect/collects/collected", "{y} more"), ("pick/picks/picked", "up another {y}"), ("make/makes/made", "{y} new ones"), ("borrow/borrows/borrowed", "{y} from {m}"), ("add/adds/added", "{y}"), ("order/orders/ordered", "{y} more"), ("take/takes/took", "{y} from {m}")),
    (("sell/sells/sold", "{y}"), ("sell/sells/sold", "{y} of them"), ("give/gives/gave", "{y} to {m}"), ("give/gives/gave", "away {y}"), ("give/gives/gave", "{m} {y}"), ("lose/loses/lost", "{y}"), ("use/uses/used", "{y} of them"), ("throw/throws/threw", "away {y}"), ("donate/donates/donated", "{y}"), ("lend/lends/lent", "{y} to {m}"), ("break/breaks/broke", "{y}"), ("leave/leaves/left", "{y} at home"), ("return/returns/returned", "{y}"), ("hand/hands/handed", "{y} to {m}")),
    ("How many {i} {do} {p} have now?", "How many {i} are left?", "How many {i} {do} {p} have left?", "How many {i} is that?", "How many {i} {do} {p} have in the end?", "What is the number of {i} now?", "How many {i} remain?"),
)  # fmt: skip
_PURSE = _World(
    ("have/has/had|{x}", "start/starts/started|the week with {x}", "have/has/had|{x} in the bank", "own/owns/owned|{x}", "take/takes/took|{x} to the market", "carry/carries/carried|{x}"),
    (("earn/earns/earned", "{y}"), ("get/gets/got", "{y} from {m}"), ("find/finds/found", "{y}"), ("receive/receives/received", "another {y}"), ("win/wins/won", "{y} in a raffle"), ("save/saves/saved", "{y} more"), ("make/makes/made", "{y} by selling a {thing}"), ("sell/sells/sold", "a {thing} for {y}")),
    (("spend/spends/spent", "{y}"), ("spend/spends/spent", "{y} on food"), ("pay/pays/paid", "{y} for a {thing}"), ("buy/buys/bought", "a {thing} for {y}"), ("lose/loses/lost", "{y}"), ("give/gives/gave", "{m} {y}"), ("lend/lends/lent", "{y} to {m}"), ("donate/donates/donated", "{y}"), ("pay/pays/paid", "a bill of {y}"), ("buy/buys/bought", "a {thing} that costs {y}")),
    ("How much money {do} {p} have left?", "How much money is left?", "How much {do} {p} have now?", "How much is left?", "What remains?", "How much {do} {p} have in the end?", "What is left over?"),
)  # fmt: skip
_CROWD = _World(
    ("there are/there are/there were|{x} people on the bus", "there are/there are/there were|{x} passengers on a train", "there are/there are/there were|{x} cars in the car park", "there are/there are/there were|{x} guests in the hotel", "there are/there are/there were|{x} children in the pool", "there are/there are/there were|{x} visitors in the museum", "there are/there are/there were|{x} birds in a tree"),
    (("{y} more come/{y} more come/{y} more came", ""), ("{y} arrive/{y} arrive/{y} arrived", ""), ("another {y} come in/another {y} come in/another {y} came in", ""), ("{y} join them/{y} join them/{y} joined them", ""), ("{y} new ones appear/{y} new ones appear/{y} new ones appeared", "")),
    (("{y} leave/{y} leave/{y} left", ""), ("{y} go away/{y} go away/{y} went away", ""), ("{y} of them leave/{y} of them leave/{y} of them left", ""), ("{y} go home/{y} go home/{y} went home", ""), ("{y} move on/{y} move on/{y} moved on", "")),
    ("How many are there now?", "How many are left?", "How many stay?", "How many are still there?", "How many is that in the end?", "What is the number now?"),
    is_personal=False,
)  # fmt: skip
_LEVEL = _World(
    ("it is/it is/it was|{x} degrees in the morning", "the temperature is/the temperature is/the temperature was|{x} degrees", "the level is/the level is/the level was|{x}", "the score is/the score is/the score was|{x}", "a submarine is/a submarine is/a submarine was|at {x} meters", "the thermometer shows/the thermometer shows/the thermometer showed|{x} degrees", "a lift is/a lift is/a lift was|on floor {x}"),
    (("it rises by/it rises by/it rose by", "{y}"), ("it goes up/it goes up/it went up", "by {y}"), ("it goes up/it goes up/it went up", "{y}"), ("it climbs/it climbs/it climbed", "{y}"), ("it increases by/it increases by/it increased by", "{y}"), ("it gains/it gains/it gained", "{y}")),
    (("it falls by/it falls by/it fell by", "{y}"), ("it drops/it drops/it dropped", "by {y}"), ("it goes down/it goes down/it went down", "{y}"), ("it sinks by/it sinks by/it sank by", "{y}"), ("it decreases by/it decreases by/it decreased by", "{y}"), ("it loses/it loses/it lost", "{y}")),
    ("What is it now?", "What is it then?", "What is it in the end?", "Where does it end?", "What does that make?", "How high is it now?"),
    is_personal=False,
)  # fmt: skip
# What becomes of the whole at the end: a phrase with `{k}`, the question, the code around `{e}`.
_ENDINGS = (
    (("share/shares/shared", "them equally among {k} friends"), "How many {i} {does_each} get?", "({e}) / {k}"),
    (("divide/divides/divided", "all of them by {k} children"), "How many {i} is that for each?", "({e}) / {k}"),
    (("pack/packs/packed", "them into bags of {k}"), "How many full bags is that?", "({e}) // {k}"),
    (("put/puts/put", "{k} into each box"), "How many {i} are left over?", "({e}) % {k}"),
    (("sell/sells/sold", "all of them for {k} dollars each"), "How much money is that?", "({e}) * {k}"),
    (("double/doubles/doubled", "that number"), "How many {i} is that?", "({e}) * 2"),
    (("triple/triples/tripled", "that number"), "How many {i} is that?", "({e}) * 3"),
    (("give/gives/gave", "half of them away"), "How many {i} are left?", "({e}) / 2"),
    (("sell/sells/sold", "half of them"), "How many {i} are left?", "({e}) / 2"),
)  # fmt: skip


def _told(random: Random, clauses: list[str]) -> str:
    """Clauses as a story, each one sentence or all in one; without the last mark where a question follows a comma."""
    style = random.random()
    if style < 0.45 or len(clauses) == 1:
        linked = [clauses[0]]
        for clause in clauses[1:]:
            link = random.choice(
                ("", "", "then ", "later ", "after that, ", "now ", "the next day ")
            )
            linked.append(link + clause)
        return " ".join(capitalised(each) + "." for each in linked)
    last = random.choice((" and ", " and then ", ", and ", " and later ")) + clauses[-1]
    return capitalised(", ".join(clauses[:-1]) + last) + "."


def _purchase(random: Random, who: Person, money: str, vocabulary: Vocabulary, *, is_past: bool) -> tuple[str, str]:  # fmt: skip
    """Some things at a price each, and their cost as code."""
    count, price = random.randint(2, 12), random.choice(("{}", "{}", "{}.50", "{}.25", "{}.99", "{}.5", "{}.75"))  # fmt: skip
    price = price.format(random.randint(1, 40))
    what = random.choice(ITEMS)
    bought = who.verb(random.choice(("buy/buys/bought", "buy/buys/bought", "order/orders/ordered", "get/gets/got")), is_past=is_past)  # fmt: skip
    for_each = random.choice(("for {} each", "at {} each", "at {} apiece", "that cost {} each", "for {} a piece"))  # fmt: skip
    said = f"{bought} {said_number(random, count)} {what} {for_each.format(money.format(price))}"
    return said, f"{count} * {price}"


def balance(random: Random, vocabulary: Vocabulary) -> Task:
    """An amount with one to three changes, at times with something done to the whole at the end."""
    world = random.choices((_THINGS, _PURSE, _CROWD, _LEVEL), (4, 4, 2, 2))[0]
    who, is_past = person(random, vocabulary), random.random() < 0.5
    other, item = random.choice(vocabulary.first_names), random.choice(ITEMS)
    money = random.choice(_MONEY) if world is _PURSE else "{}"
    size = random.choice((20, 60, 100, 100, 400, 3000))
    below_zero = world is _LEVEL and random.random() < 0.35
    start = random.randint(-size // 3, -1) if below_zero else random.randint(size // 2, 2 * size)
    slots = {"i": item, "m": other, "thing": random.choice(vocabulary.things), "p": who.pronoun, "do": who.do()}  # fmt: skip
    forms, _, rest = random.choice(world.openings).partition("|")
    head = who.verb(forms, is_past=is_past) + " " + rest
    subject = f"{who.subject} " if world.is_personal else ""
    clauses = [subject + head.format(**slots, x=money.format(said_number(random, start)))]
    expression = str(start)
    for _ in range(random.choice((1, 1, 2, 2, 3))):
        sign = random.choice("+-")
        if world is _PURSE and random.random() < 0.4:
            said, cost = _purchase(random, who, money, vocabulary, is_past=is_past)
            sign = "-"
        else:
            value = random.randint(1, max(2, size // 4))
            forms, rest = random.choice(world.gains if sign == "+" else world.losses)
            said = f"{who.verb(forms, is_past=is_past)} {rest}".strip()
            said = said.format(**slots, y=money.format(said_number(random, value)))
            cost = str(value)
        clauses.append(f"{who.pronoun} {said}" if world.is_personal else said)
        expression += f" {sign} {cost}"
    question = random.choice(world.questions)
    if world is _THINGS and random.random() < 0.25:
        (forms, rest), question, code = random.choice(_ENDINGS)
        k = random.randint(2, 9)
        clauses.append(f"{who.pronoun} {who.verb(forms, is_past=is_past)} {rest.format(k=said_number(random, k))}")  # fmt: skip
        question = question.replace("{does_each}", random.choice(("does each", "does every one")))
        expression = code.format(e=expression, k=k)
    story = _told(random, clauses)
    if random.random() < 0.1:
        story += " " + random.choice(_REMARKS).format(m=other, age=random.randint(5, 80))
    return Task(f"{story} {question.format(**slots)}", f"print({expression})")

"""Numbers of a word problem from a short description, and a text of what is told about them.

What is told may have a number that nobody needs, as questions of people have.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from demo_training.data.code.rates import asked
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task, in_steps
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised

CURRENCIES = ("${}", "${}", "${}", "{} dollars", "{} euros", "€{}", "£{}", "{}")
_CENTS = ("", "", "", ".50", ".5", ".25", ".75", ".90", ".20", ".99")
_RANGE = re.compile(r"(\d+)-(\d+)(?:\*(\d+))?")


@dataclass(frozen=True)
class Problem:
    """A word problem whose code is worked out step by step.

    Attributes:
        sizes: its numbers, see `drawn_sizes`.
        facts: alternatives with `|` between them; each is one or more clauses with `;` between. `{x!}` is said as money.
        questions: alternatives with `|` between them.
        lines: code, the last of which names what is asked; or a single loop, whose second name counts.
        others: questions for an earlier line, and how many lines it takes to answer them.
        weight: how often it is asked.
    """

    sizes: str
    facts: str
    questions: str
    lines: tuple[str, ...]
    others: tuple[tuple[str, int], ...] = ()
    weight: float = 1


# Nobody needs these. `{m}` is somebody else, `{k}`, `{year}` and the others are numbers of their own.
_REMARKS = (
    "{m} is {age} years old", "the shop opened in {year}", "it is {deg} degrees outside", "the store is open until {clock}", "a newspaper costs {price!}", "{m} lives {k} km away", "the bag weighs {k} kg", "{m} has {k} cats", "the bus has {age} seats",
    "{m} comes along too", "it is a {day}", "that was in {year}", "there are {k} other people in the room", "the phone number ends in {age}", "{m} has worked there for {k} years", "the room is on floor {k}", "{m} sleeps {k} hours",
    "the sun is shining", "{m} paid {price!} for lunch", "the radio costs {price!}", "{m} got up at {clock}", "the street has {age} houses", "{m}'s sister is {age} years old", "his brother is {age} years old", "her sister is {age}", "my cousin is {age} years old",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def drawn_sizes(random: Random, sizes: str) -> dict[str, str]:
    """The numbers of a problem, as code.

    Args:
        random: where they come from.
        sizes: for each a name with a range (`c 2-9`, with a step `x 5-40*10`), a price (`x $2-40`), alternatives
            (`p 5/10/12.5`), or what follows from those before it (`t = c * d`); commas between them.
    """
    values: dict[str, str] = {}
    for entry in sizes.split(","):
        name, description = entry.strip().split(" ", 1)
        if description.startswith("="):
            scope = {key: float(value) for key, value in values.items()}
            value = round(eval(description[1:], {"__builtins__": {}}, scope), 2)
            values[name] = str(int(value)) if value == int(value) else str(value)
        elif description.startswith("$"):
            low, high = map(int, description[1:].split("-"))
            values[name] = f"{random.randint(low, high)}{random.choice(_CENTS)}"
        elif match := _RANGE.fullmatch(description):
            values[name] = str(random.randint(int(match[1]), int(match[2])) * int(match[3] or 1))
        else:
            values[name] = random.choice(description.split("/"))
    return values


def filled(random: Random, text: str, numbers: Mapping[str, str], words: Mapping[str, str], currency: str) -> str:  # fmt: skip
    """A clause with its slots filled: names, numbers as people write them, `{x!}` as money."""

    def said(match: re.Match[str]) -> str:
        name, is_money = match[1], bool(match[2])
        if name in words:
            return words[name]
        number = numbers[name]
        if is_money:
            separated = f"{int(number):,}" if number.isdigit() and random.random() < 0.4 else number
            return currency.format(separated)
        # A percentage, a fraction and a ratio are written in figures.
        is_bare = match.string[max(match.start() - 1, 0)] in "/:" or match.string[match.end() : match.end() + 1] in ("/", ":")  # fmt: skip
        if is_bare or name in ("p", "q") or not number.isdigit():
            return number
        return said_number(random, int(number))

    return re.sub(r"\{(\w+)(!?)\}", said, text)


def pick(random: Random, alternatives: str) -> str:
    """One of several texts with `|` between them."""
    return random.choice(alternatives.split("|"))


def remark(random: Random, words: Mapping[str, str], currency: str) -> str:
    """A clause that changes nothing, often with a number."""
    own = {
        "age": str(random.randint(5, 80)), "year": str(random.randint(1985, 2024)), "deg": str(random.randint(2, 35)), "k": str(random.randint(2, 12)),
        "clock": f"{random.randint(6, 21)}:{random.choice(('00', '30', '15'))}", "day": random.choice(_DAYS), "price": f"{random.randint(1, 9)}{random.choice(_CENTS)}",
    }  # fmt: skip
    money = currency.format(own["price"])
    return random.choice(_REMARKS).replace("{price!}", money).format_map({**words, **own})


def _counted(loop: str) -> str:
    """What a loop counts: the second of the names it starts with."""
    return loop.partition(" = ")[0].split(", ")[1]


def told(random: Random, facts: list[str], question: str) -> str:
    """Clauses and a question as one text: sentences mostly, at times one sentence with commas."""
    if len(facts) > 1 and random.random() < 0.25:
        joined = ", ".join(facts[:-1]) + random.choice((", and ", " and ", ", ")) + facts[-1]
        return f"{capitalised(joined)}. {capitalised(question)}?"
    if len(facts) < 4:
        return asked(random, facts, question)
    return " ".join(f"{capitalised(each)}." for each in facts) + f" {capitalised(question)}?"


def _distracted(random: Random, facts: list[str], question: str, extra: str) -> str:
    """The same with a clause that changes nothing: inside of the sentence, or as one of its own."""
    if len(facts) > 1 and random.random() < 0.5:
        index = random.randint(1, len(facts) - 1)
        joined = ", ".join([*facts[:index], extra, *facts[index:-1]])
        return f"{capitalised(joined)}, and {facts[-1]}. {capitalised(question)}?"
    parts = [*facts, extra] if random.random() < 0.6 else [extra, *facts]
    return " ".join(f"{capitalised(each)}." for each in parts) + f" {capitalised(question)}?"


def with_remark(random: Random, request: str, vocabulary: Vocabulary) -> str:
    """A question of several sentences with one more in front of the last, or of all, that changes nothing."""
    sentences = re.split(r"(?<=\.) (?=[A-Z])", request)
    if len(sentences) < 2:
        return request
    someone = {"m": random.choice(vocabulary.first_names)}
    extra = capitalised(remark(random, someone, random.choice(CURRENCIES))) + "."
    sentences.insert(random.randrange(len(sentences)), extra)
    return " ".join(sentences)


def posed(random: Random, problem: Problem, vocabulary: Vocabulary, distraction: float = 0.1) -> Task:  # fmt: skip
    """A question of this problem with fresh numbers, names and things.

    Args:
        random: where the choices come from.
        problem: what is asked.
        vocabulary: names and things.
        distraction: how often something is told that nobody needs.
    """
    numbers = drawn_sizes(random, problem.sizes)
    (n, m, o), (i, j) = random.sample(vocabulary.first_names, 3), random.sample(ITEMS, 2)
    words = {"n": n, "m": m, "o": o, "i": i, "j": j, "thing": random.choice(vocabulary.things)}
    currency = random.choice(CURRENCIES)
    questions, lines = problem.questions, problem.lines
    if problem.others and random.random() < 0.25:
        questions, count = random.choice(problem.others)
        lines = lines[:count]
    facts = [part.strip() for part in pick(random, problem.facts).split(";")]
    choices = questions.split("|")
    # Who it is about is asked only where somebody was named.
    is_named = any("{n}" in fact for fact in facts)
    question = random.choice([each for each in choices if is_named or "{n}" not in each] or choices)
    said = [filled(random, fact, numbers, words, currency) for fact in facts]
    question = filled(random, question, numbers, words, currency)
    if random.random() >= distraction:
        request = told(random, said, question)
    else:
        someone = {**words, "m": random.choice(vocabulary.first_names)}
        request = _distracted(random, said, question, remark(random, someone, currency))
    coded = [line.format_map(numbers) for line in lines]
    code = f"{coded[0]}\nprint({_counted(coded[0])})" if "\n" in coded[0] else in_steps(coded)
    return Task(request, code)

"""Word problems by composition: what is left of a number of things, and what is left to do until a goal is reached.

As in `worked`, a line for each step; fractions of the rest, packing and sharing come after each other as a story has them.
"""

import re
from dataclasses import dataclass
from random import Random

from demo_training.data.code.rates import asked
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task, in_steps
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised

_LIVING = ("seedlings", "roses", "plants", "fish", "chickens", "trees", "tulips", "rabbits")
# Wholes: what is said of `{t}`, or of `{c}` groups of `{r}`.
_WHOLES = ("{n} has {t} {i}", "there are {t} {i} in the shop", "I had {t} {i}", "we start with {t} {i}", "a farmer has {t} {i}", "{t} {i} were delivered", "{n} counted {t} {i}", "my stock is {t} {i}", "a box came with {t} {i}")  # fmt: skip
_GROUPS = ("{n} buys {c} boxes with {r} {i} each", "there are {c} bags of {r} {i}", "{c} trays hold {r} {i} each", "I bought {c} packs, each with {r} {i}", "{c} shelves have {r} {i} on each", "a delivery brings {c} crates of {r} {i}")  # fmt: skip
# What happens: clauses, and the code of what is left afterwards, `{of}` before it.
_LOSSES = ("{y} of them break", "{n} gives {y} to {m}", "{y} are sold", "{m} takes {y} of them", "{n} uses {y}", "{y} get lost", "{y} of them go missing", "{y} are thrown away", "{n} puts {y} away")  # fmt: skip
_GAINS = ("{y} more arrive", "{n} buys {y} more", "{m} brings another {y}", "a delivery of {y} comes in", "{y} new ones are added", "{n} finds {y} more")  # fmt: skip
_PARTS_LOST = ("{part} of them are sold", "{part} of them break", "{n} gives {part} of them to {m}", "{part} of them get lost", "{part} are thrown away", "{n} uses {part} of them", "{m} gets {part} of them", "{part} are given away")  # fmt: skip
_REST_LOST = ("{part} of the rest go to {m}", "{n} sells {part} of the rest", "then {part} of what is left is used", "{part} of the remaining ones are given to {m}", "{m} takes {part} of the rest", "after that {part} of those left are sold", "I gave {part} of the rest to a friend")  # fmt: skip
_PARTS = (("half", 2), ("half", 2), ("a third", 3), ("a quarter", 4), ("one quarter", 4), ("one third", 3), ("a fifth", 5), ("a tenth", 10))  # fmt: skip
_LEFT = ("how many are left", "how many {i} are left", "how many {i} remain", "how many {i} are there now", "how many does {n} have left", "how many are still there", "how many {i} is that in the end", "what is the number of {i} now")  # fmt: skip
# What is done with the rest: clauses, questions, line.
_ENDS: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("the rest is shared equally by {h} children", "{h} friends share the rest", "the others are divided among {h} people"), ("how many does each get", "how many {i} does each one get", "how many is that for each"), "each = {of} / {h}"),
    (("the rest is packed in bags of {h}", "{n} packs the others into boxes of {h}", "{h} of them fit into a bag"), ("how many full bags is that", "how many full ones does that make", "how many can be filled"), "full = {of} // {h}"),
    (("the rest is packed in bags of {h}", "{n} packs the others into boxes of {h}", "{h} of them fit into a box"), ("how many are left over at the end", "how many {i} do not fit in", "how many loose {i} are left over"), "over = {of} % {h}"),
    (("the rest must be packed, {h} to a box", "one box holds {h} of them"), ("how many boxes are needed for all", "how many boxes do I need for all that are left", "how many boxes does {n} need"), "boxes = math.ceil({of} / {h})"),
    (("the rest is sold for ${h} each", "{n} sells all the others at {h} dollars apiece"), ("how much money is that", "how much money does that bring", "how many dollars is that"), "money = {of} * {h}"),
)  # fmt: skip


@dataclass(frozen=True)
class _Goal:
    """Something of a size that is reached at a rate.

    Attributes:
        facts: alternatives of clauses with `;` between; `{t}` the size, `{a}` what is done, `{b}` the rate.
        asks_left: questions for what is left.
        asks_time: questions for how many steps it takes.
        time: the name of that number.
    """

    facts: tuple[str, ...]
    asks_left: tuple[str, ...]
    asks_time: tuple[str, ...]
    time: str


_GOALS = (
    _Goal(("a book has {t} pages; {n} has already read {a} and reads {b} pages a day", "{n} reads {b} pages every day; the book has {t} pages and {a} are done", "my novel is {t} pages long; I'm on page {a} and manage {b} pages per day", "I read {b} pages a day; of the {t} pages I have read {a}"), ("how many pages are left", "how many pages are still to read"), ("how many more days does it take", "in how many days is it finished", "how many days do I still need", "how many days are needed for the rest", "how long will it take to finish it"), "days"),
    _Goal(("{n} wants a {thing} for ${t}, has ${a} and saves ${b} a week", "a {thing} costs ${t}; {n} already has ${a} and puts aside ${b} every week", "I'm saving for a {thing} at ${t}; I have ${a} and add ${b} each week"), ("how much is still missing", "how much money is missing"), ("how many weeks does it take", "after how many weeks is there enough", "how many more weeks do I have to save", "when is it enough, in weeks"), "weeks"),
    _Goal(("the way is {t} km long; {a} km are behind us and we drive {b} km/h", "{n} has to go {t} km, has done {a} and goes {b} km an hour", "a trip of {t} km: {n} drove {a} km before lunch and makes {b} km/h afterwards"), ("how many km are left", "how far is it still"), ("how many hours does the rest take", "how long is it still in hours", "how many more hours is that", "in how many hours do we arrive"), "hours"),
    _Goal(("a report needs {t} words; {n} has {a} and writes {b} words an hour", "{n} must write {t} words, {a} are done; {b} an hour is the usual speed", "my article has to have {t} words; so far I have {a} and I write {b} words per hour"), ("how many words are missing", "how many words are left to write"), ("how many hours does it take", "how long until it is done", "how many more hours do I need", "how long will the rest take"), "hours"),
    _Goal(("a tank holds {t} liters; {a} are in it and {b} liters flow in per minute", "{n} fills a pool of {t} liters, {a} liters are in already and the hose gives {b} a minute"), ("how many liters are missing",), ("how many minutes until it is full", "how many minutes does it take", "when is it full, in minutes"), "minutes"),
    _Goal(("{n} has to pack {t} parcels; {a} are ready and {b} more are packed every hour", "of {t} letters {n} has sorted {a}; {b} are sorted an hour", "{t} {i} have to be painted, {a} are done; {n} paints {b} an hour"), ("how many are left to do", "how many are still to be done"), ("how many hours does the rest take", "how many hours is that still", "how long does {n} still need"), "hours"),
    _Goal(("{n} owes ${t}, has paid back ${a} and pays ${b} a month", "a loan of ${t}; ${a} are paid back, and ${b} is paid every month", "of a debt of ${t} I have paid ${a}; I pay ${b} each month"), ("how much is still owed", "how much is left to pay"), ("how many more months does it take", "how many months are left", "after how many months is it paid"), "months"),
    _Goal(("the game needs {t} points; {n} has {a} and gets {b} per round", "{n} collects stamps for a prize: {t} are needed, {a} are there, {b} come with every visit", "I want to walk {t} steps; I have {a} and do {b} a minute"), ("how many are missing", "how many are still needed"), ("how many more times is that", "how many more are needed at that rate", "how often does that still have to happen"), "times"),
)  # fmt: skip


def left_over(random: Random, vocabulary: Vocabulary) -> Task:
    """Things of which some go, come, and a part of the rest goes; then the rest is shared, packed or sold."""
    while True:
        (n, m), item = random.sample(vocabulary.first_names, 2), random.choice((*ITEMS, *_LIVING))
        people = {"n": n, "m": m, "i": item}
        clauses, lines, of, left = _whole(random, people)
        steps = random.choice((1, 1, 2, 2, 3)) if lines else random.choice((1, 2, 2, 3))
        for number in range(steps):
            said, line, left = _happening(random, of, left, is_first=not number)
            if item in _LIVING and random.random() < 0.6:
                said = re.sub("break$|get lost$|are thrown away$|are sold$", "die", said)
            clauses.append(said.format_map(people))
            lines.append(line)
            of = "left"
        is_named = clauses[0].startswith(n)
        question = random.choice([each for each in _LEFT if is_named or "{n}" not in each])
        question = question.format_map(people)
        h = random.randint(2, 9)
        if random.random() < 0.3:
            said_ends, questions, line = random.choice(_ENDS)
            if " / " in line and "ceil" not in line and left % h:
                continue
            clauses.append(random.choice(said_ends).format(h=said_number(random, h), **people))
            question = random.choice(questions).format_map(people)
            lines.append(line.format(of=of, h=h))
        if left > 0 and left == int(left):
            break
    story = asked(random, clauses, question) if len(clauses) < 4 else " ".join(f"{capitalised(each)}." for each in clauses) + f" {capitalised(question)}?"  # fmt: skip
    return Task(story, in_steps(lines))  # fmt: skip


def _whole(random: Random, people: dict[str, str]) -> tuple[list[str], list[str], str, float]:
    """How many there are at first: what is said, lines, the code for the number, the number."""
    if random.random() < 0.4:
        c, r = random.randint(2, 12), random.choice((6, 8, 10, 12, 20, 24, random.randint(2, 40)))
        said = random.choice(_GROUPS).format(c=said_number(random, c), r=said_number(random, r), **people)  # fmt: skip
        return [said], [f"total = {c} * {r}"], "total", c * r
    t = random.choice((random.randint(2, 40) * 12, random.randint(20, 400), random.randint(2, 30) * 10))  # fmt: skip
    said = random.choice(_WHOLES)
    return [said.format(t=said_number(random, t), **people)], [], str(t), t


def _happening(random: Random, of: str, left: float, *, is_first: bool) -> tuple[str, str, float]:
    """One thing that happens: what is said, its line, what is left then."""
    kind = random.random()
    if kind < 0.45:
        parts = [part for part in _PARTS if left % part[1] == 0]
        if parts:
            word, k = random.choice(parts)
            said = random.choice(_PARTS_LOST if is_first else _REST_LOST).replace("{part}", word)
            if k == 2:
                return said, f"left = {of} / 2", left / 2
            return said, f"left = {of} - {of} / {k}", left - left / k
    if kind < 0.55:
        rates = [p for p in (5, 10, 20, 25, 30, 40, 60, 75) if left * p % 100 == 0]
        if rates:
            p = random.choice(rates)
            said = random.choice(_PARTS_LOST if is_first else _REST_LOST).replace("{part}", random.choice((f"{p}%", f"{p} percent")))  # fmt: skip
            return said, f"left = {of} * (100 - {p}) / 100", left * (100 - p) / 100
    y = random.randint(2, max(2, int(left) // 3))
    said_y = said_number(random, y)
    if kind < 0.82:
        return random.choice(_LOSSES).replace("{y}", said_y), f"left = {of} - {y}", left - y
    return random.choice(_GAINS).replace("{y}", said_y), f"left = {of} + {y}", left + y


def towards_a_goal(random: Random, vocabulary: Vocabulary) -> Task:
    """How much is left until something is reached, and how long that takes."""
    goal = random.choice(_GOALS)
    b, count = random.randint(2, 60) * random.choice((1, 1, 5)), random.randint(2, 20)
    a = random.randint(1, 60) * random.choice((1, 5, 10))
    t = a + b * count
    asks_time = random.random() < 0.7
    # Where it does not come out even, whole days or weeks are asked for.
    is_even = not asks_time or goal.time in ("hours", "minutes") or random.random() < 0.6
    if not is_even:
        t += random.randint(1, b - 1)
    slots = {"n": random.choice(vocabulary.first_names), "i": random.choice(ITEMS), "thing": random.choice(vocabulary.things)}  # fmt: skip
    slots |= {"t": said_number(random, t) if t >= 1000 else str(t), "a": str(a), "b": str(b)}
    facts = [part.strip() for part in random.choice(goal.facts).format_map(slots).split(";")]
    question = random.choice(goal.asks_time if asks_time else goal.asks_left).format_map(slots)
    lines = [f"left = {t} - {a}"]
    if asks_time:
        lines += [
            f"{goal.time} = left / {b}" if is_even else f"{goal.time} = math.ceil(left / {b})"
        ]
    return Task(asked(random, facts, question), in_steps(lines))  # fmt: skip

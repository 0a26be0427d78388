"""Small data in prose: numbers that belong to names, days or things, groups that names belong to, and votes.

How a row is said, and what is asked, are drawn apart; the code is a dict of the rows and one line over it.
"""

from dataclasses import dataclass
from random import Random

from demo_training.data.code.dates import MONTHS, WEEKDAYS
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task
from demo_training.data.values import Vocabulary

_TOOLS = ("hammers", "saws", "nails", "brushes", "wrenches", "lamps", "tables", "sofas", "phones", "shirts", "shoes", "socks", "pumps", "bikes", "bags")  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """A way to say numbers with their labels.

    Attributes:
        labels: whose numbers: names, cities, days, months, items.
        rows: `{k}` the label, `{v}` the number; the first row, then `|` and the shorter form of the others.
        most: ends of the question which label has the largest number.
        least: likewise the smallest.
        which: how the question for a label begins.
        heads: before the rows.
    """

    labels: str
    rows: tuple[str, ...]
    most: tuple[str, ...]
    least: tuple[str, ...]
    which: str
    heads: tuple[str, ...] = ("", "", "Here is what we know: ", "The data: ")


_ROWS = (
    _Rows("names", ("{k} scored {v} points|{k} {v}", "{k} scored {v} points|{k} scored {v}", "{k} got {v}|{k} {v}", "{k} has {v} points|{k} has {v}", "{k} {v}|{k} {v}", "{k}: {v}|{k}: {v}"), ("scored the most", "has the most points", "got the highest score", "won", "is the best"), ("scored the least", "has the fewest points", "got the lowest score", "came last"), "Who", ("", "", "Points: ", "The scores are ")),
    _Rows("names", ("{k} is {v} years old|{k} is {v}", "{k} is {v}|{k} {v}", "{k} {v}|{k} {v}", "{k} ({v})|{k} ({v})", "{k} turned {v}|{k} {v}"), ("is the oldest",), ("is the youngest",), "Who", ("", "Ages: ", "Here are some ages: ", "In our family ")),
    _Rows("names", ("{k} weighs {v} kg|{k} {v} kg", "{k} weighs {v} kg|{k} {v}"), ("is the heaviest", "weighs the most"), ("is the lightest", "weighs the least"), "Who"),
    _Rows("names", ("{k} ran {v} km|{k} {v}", "{k} ran {v} km|{k} ran {v} km", "{k} walked {v} km|{k} {v} km"), ("ran the farthest", "has the longest distance"), ("ran the least", "has the shortest distance"), "Who"),
    _Rows("names", ("{k} sold {v} tickets|{k} {v}", "{k} sold {v}|{k} {v}", "{k} collected {v} {i}|{k} {v}", "{k} picked {v} {i}|{k} picked {v}", "{k} has {v} {i}|{k} {v}"), ("has the most", "is first", "did best"), ("has the fewest", "is last"), "Who"),
    _Rows("cities", ("{k} has {v} inhabitants|{k} {v}", "{k} {v}|{k} {v}", "{k}: {v}|{k}: {v}", "{k} counts {v} people|{k} {v}"), ("is the largest", "has the most people", "has the highest population"), ("is the smallest", "has the fewest people"), "Which city", ("Population: ", "", "Inhabitants in thousands: ", "Some towns: ")),
    _Rows("cities", ("in {k} it is {v} degrees|in {k} {v}", "{k} has {v} degrees|{k} {v}", "{k} {v} degrees|{k} {v} degrees"), ("is the warmest", "is the hottest"), ("is the coldest", "is the coolest"), "Which city", ("", "Temperatures: ", "Today ")),
    _Rows("days", ("I ran {v} km on {k}|{v} km on {k}", "we sold {v} on {k}|{v} on {k}", "{k} {v}|{k} {v}", "{v} guests came on {k}|{v} on {k}", "on {k} {v} people came|on {k} {v}", "it was {v} degrees on {k}|{v} on {k}", "{k}: {v}|{k}: {v}", "I slept {v} hours on {k}|{v} on {k}"), ("has the highest number", "was the best", "has the largest value"), ("has the lowest number", "was the weakest", "has the smallest value"), "Which day", ("", "", "This week: ")),
    _Rows("months", ("sales were {v} in {k}|{v} in {k}", "we had {v} visitors in {k}|{v} in {k}", "in {k} it was {v}|in {k} {v}", "{k} {v}|{k} {v}", "{k}: {v}|{k}: {v}"), ("was the best", "has the highest number", "has the most"), ("was the worst", "has the lowest number", "has the least"), "Which month", ("", "", "By month: ")),
    _Rows("months", ("I spent ${v} in {k}|${v} in {k}", "the bill was {v} in {k}|{v} in {k}", "in {k} I paid {v}|in {k} {v}", "{k}: ${v}|{k}: ${v}"), ("was the most expensive", "cost the most", "has the highest bill"), ("was the cheapest", "cost the least", "has the lowest bill"), "Which month", ("", "My bills: ", "Expenses: ")),
    _Rows("items", ("{v} {k}|{v} {k}", "we have {v} {k}|{v} {k}", "there are {v} {k}|{v} {k}", "{k}: {v}|{k}: {v}", "{k} {v}|{k} {v}"), ("do we have the most of", "is there the most of", "is the most frequent", "has the highest number"), ("do we have the fewest of", "is there the least of", "is the rarest", "has the lowest number"), "Which item", ("", "In stock: ", "The list says ", "Inventory: ", "I counted ")),
    _Rows("items", ("{k} cost {v}|{k} {v}", "{k} cost ${v}|{k} ${v}", "{k} are {v} dollars|{k} {v}", "I spent {v} on {k}|{v} on {k}", "I paid {v} for {k}|{v} for {k}", "${v} for {k}|${v} for {k}"), ("is the most expensive", "has the highest price", "costs the most"), ("is the cheapest", "has the lowest price", "costs the least"), "Which item", ("", "Prices: ", "")),
)  # fmt: skip
# Questions for the numbers, whatever the rows are; `{one}` and `{two}` are labels, `{limit}` a number.
_FIGURES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("What is the total?", "How much is that together?", "How many are there in total?", "What's the sum?", "Add them all up.", "How much is it in all?", "What does it add up to?"), "sum(data.values())"),
    (("What is the average?", "What's the mean?", "How much is that on average?", "What is the average of the numbers?", "How many is it on average?", "Find the mean."), "sum(data.values()) / len(data)"),
    (("What is the highest number?", "What is the maximum?", "What's the largest value?"), "max(data.values())"),
    (("What is the lowest number?", "What is the minimum?", "What's the smallest value?"), "min(data.values())"),
    (("What is the difference between the highest and the lowest?", "How far apart are the highest and the lowest?", "How large is the gap between most and least?", "What's the range?"), "max(data.values()) - min(data.values())"),
    (("What percentage of the total is {one}?", "What share of it, in percent, belongs to {one}?", "How many percent is {one}?", "What percentage went to {one}?", "What percent does {one} make up?"), "data['{one}'] / sum(data.values()) * 100"),
    (("How much more is {one} than {two}?", "What is the difference between {one} and {two}?", "By how much do {one} and {two} differ?"), "abs(data['{one}'] - data['{two}'])"),
    (("How much are {one} and {two} together?", "What is the sum of {one} and {two}?", "What do {one} and {two} make together?"), "data['{one}'] + data['{two}']"),
    (("How many are above {limit}?", "How many have more than {limit}?", "How many of them are over {limit}?", "How many numbers are higher than {limit}?"), "sum(value > {limit} for value in data.values())"),
    (("How many are below {limit}?", "How many have less than {limit}?", "How many of them are under {limit}?"), "sum(value < {limit} for value in data.values())"),
    (("{Which} is above {limit}?", "{Which} has more than {limit}?", "List everything above {limit}.", "Name those with more than {limit}.", "Give me all the {nouns} that are over {limit}.", "Which of the {nouns} are above {limit}?", "Which {nouns} have a number higher than {limit}?"), "[name for name, value in data.items() if value > {limit}]"),
    (("{Which} is below {limit}?", "{Which} has less than {limit}?", "List everything below {limit}.", "Name those with less than {limit}.", "Give me all the {nouns} that are under {limit}.", "Which of the {nouns} are below {limit}?", "Which {nouns} have a number lower than {limit}?"), "[name for name, value in data.items() if value < {limit}]"),
    (("Rank them, largest first.", "Sort them from highest to lowest.", "Order them by number, highest first.", "List them from most to least.", "Put them in order, the largest first.", "Rank the {nouns} from highest to lowest.", "Sort the {nouns} by number, largest first.", "List the {nouns} in descending order.", "Rank the {nouns} by their numbers. Largest first."), "sorted(data, key=data.get, reverse=True)"),
    (("Rank them, smallest first.", "Sort them from lowest to highest.", "Order them by number, lowest first.", "List them from least to most.", "Put them in order, the smallest first.", "Rank the {nouns} from lowest to highest.", "Sort the {nouns} by number, smallest first.", "List the {nouns} in ascending order."), "sorted(data, key=data.get)"),
    (("{Which} comes second?", "{Which} has the second highest number?", "{Which} is second from the top?", "Which of the {nouns} is second?"), "sorted(data, key=data.get)[-2]"),
)  # fmt: skip
_GROUPS = (
    (("sales", "support", "marketing", "research", "finance", "Legal", "Design", "Production"), ("{k} works in {g}|{k} in {g}", "{k} is in {g}|{k} in {g}", "{k} ({g})|{k} ({g})"), ("How many work in {one}?", "How many people are in {one}?"), ("Who works in {one}?", "Who is in {one}?"), ("Employees: ", "Staff: ", "")),
    (("red", "blue", "green", "yellow", "black", "white"), ("{k} has a {g} car|{k} a {g} one", "{k} likes {g}|{k} {g}", "{k} - {g}|{k} - {g}"), ("How many chose {one}?", "How many have {one}?"), ("Who has {one}?", "Who likes {one}?"), ("Colours: ", "Favorite colors: ", "")),
    (("tennis", "football", "chess", "swimming", "golf", "rowing"), ("{k} plays {g}|{k} {g}", "{k} does {g}|{k} does {g}", "{k}: {g}|{k}: {g}"), ("How many do {one}?", "How many picked {one}?"), ("Who does {one}?", "Who picked {one}?"), ("Sports: ", "Clubs: ", "")),
    (("bus", "car", "bike", "train"), ("{k} comes by {g}|{k} by {g}", "{k} takes the {g}|{k} the {g}", "{k} = {g}|{k} = {g}"), ("How many come by {one}?", "How many use the {one}?"), ("Who comes by {one}?", "Who uses the {one}?"), ("Transport: ", "")),
    (("vegan", "meat", "fish", "pasta", "soup"), ("{k} wants {g}|{k} {g}", "{k} ordered {g}|{k} {g}", "{k} ({g})|{k} ({g})"), ("How many want {one}?", "How many ordered {one}?", "How many times {one} is that?"), ("Who wants {one}?", "Who ordered {one}?"), ("Orders: ", "Menu choices: ", "")),
)  # fmt: skip
_VOTES = (
    (("yes", "no", "maybe"), ("The votes were: {l}.", "Answers: {l}.", "In the survey people said {l}."), ("How many people voted {x}?", "How many said {x}?", "How many {x} votes are there?", "How often was it {x}?")),
    (("sunny", "rainy", "cloudy", "windy"), ("The weather was {l}.", "The days were {l}."), ("How many days were {x}?", "How often was it {x}?")),
    (("win", "loss", "draw"), ("Our results: {l}.", "The games ended {l}."), ("How many times was it a {x}?", "How many games were a {x}?")),
    (("heads", "tails"), ("A coin showed {l}.", "I flipped {l}."), ("How many times was it {x}?", "How often did {x} come?")),
    (("red", "blue", "green"), ("I drew {l}.", "The cars that passed were {l}."), ("How many were {x}?", "How many times was it {x}?")),
    (("cat", "dog", "bird", "fish"), ("The children drew: {l}.", "We saw: {l}."), ("How many times is {x} in it?", "How often was it a {x}?")),
)  # fmt: skip


def joined(random: Random, phrases: list[str]) -> str:
    """Phrases in a row, as people separate them."""
    mark = random.choice((", ", ", ", ", ", "; "))
    if random.random() < 0.55 and len(phrases) > 1:
        return mark.join(phrases[:-1]) + random.choice((" and ", " and ", ", and ")) + phrases[-1]
    return mark.join(phrases)


def _sentence(random: Random, heads: tuple[str, ...], rows: list[str]) -> str:
    head = random.choice(heads)
    text = head + joined(random, rows)
    return text[0].upper() + text[1:]


def _labels(random: Random, vocabulary: Vocabulary, kind: str) -> list[str]:
    pools = {"names": vocabulary.first_names, "cities": vocabulary.cities, "days": WEEKDAYS, "months": MONTHS, "items": (*ITEMS, *_TOOLS)}  # fmt: skip
    pool = pools[kind]
    count = min(random.choice((2, 3, 3, 3, 4, 4, 5, 6)), len(pool))
    chosen = random.sample(pool, count)
    return sorted(chosen, key=pool.index) if kind in ("days", "months") else chosen


_MOST, _LEAST = ("highest", "highest", "largest", "biggest"), ("lowest", "lowest", "smallest")
# Nouns for a number, by what it belongs to: "Which month had the lowest costs?"
_MEASURES = {
    "names": ("score", "number", "total", "result"), "cities": ("number", "figure", "value"), "days": ("takings", "sales", "number", "value", "income", "count"),
    "months": ("sales", "takings", "costs", "number", "income", "rainfall"), "items": ("number", "count", "value", "amount"),
}  # fmt: skip


def _extreme(random: Random, rows: _Rows, words: tuple[str, ...]) -> str:
    """The question whose number is the largest or the smallest."""
    word, noun = random.choice(words), random.choice(_MEASURES[rows.labels])
    verb = random.choice(("has", "had"))
    return random.choice((f"{rows.which} {verb} the {word} {noun}?", f"{rows.which} {verb} the {word} {noun}?", f"Tell me {rows.which.lower()} {verb} the {word} {noun}."))  # fmt: skip


def labelled_figures(random: Random, vocabulary: Vocabulary) -> Task:
    """Numbers with labels: which is largest, what they come to, who is above a limit."""
    rows = random.choice(_ROWS)
    names = _labels(random, vocabulary, rows.labels)
    high = random.choice((20, 100, 100, 1000, 20000))
    values: list[float] = random.sample(range(1, high), len(names))
    if random.random() < 0.25:
        values = [round(random.uniform(0.2, 40), random.choice((1, 2))) for _ in names]
    if "degrees" in "".join(rows.rows) and random.random() < 0.5:
        values = random.sample(range(-20, 40), len(names))
    separated = random.random() < 0.3
    said = [f"{value:,}" if separated else str(value) for value in values]
    first, _, others = random.choice(rows.rows).partition("|")
    item = random.choice(ITEMS)
    phrases = [
        (others if number else first).format(k=name, v=text, i=item)
        for number, (name, text) in enumerate(zip(names, said, strict=True))
    ]
    data = dict(zip(names, values, strict=True))
    which = random.random()
    if which < 0.22:
        question = f"{rows.which} {random.choice(rows.most)}?" if random.random() < 0.55 else _extreme(random, rows, _MOST)  # fmt: skip
        code = "max(data, key=data.get)"
    elif which < 0.4:
        question = f"{rows.which} {random.choice(rows.least)}?" if random.random() < 0.55 else _extreme(random, rows, _LEAST)  # fmt: skip
        code = "min(data, key=data.get)"
    else:
        questions, code = random.choice(_FIGURES)
        one, two = random.sample(names, 2)
        limit = random.choice(values)
        nouns = random.choice(("people", "names")) if rows.labels == "names" else rows.labels
        slots = {"one": one, "two": two, "limit": limit, "Which": rows.which, "nouns": nouns}
        question = random.choice(questions).format_map(slots)
        code = code.format_map(slots)
    text = _sentence(random, rows.heads, phrases)
    request = f"{text}. {question}" if random.random() < 0.88 else f"{question} {text}."
    return Task(request, f"data = {data}\nprint({code})")


def groups(random: Random, vocabulary: Vocabulary) -> Task:
    """Names with a group each: how many are in one, who they are, which is the largest."""
    kinds, forms, counts, lists, heads = random.choice(_GROUPS)
    names = random.sample(vocabulary.first_names, random.randint(3, 6))
    used = random.sample(kinds, random.randint(2, min(3, len(kinds))))
    data = {name: random.choice(used) for name in names}
    first, _, others = random.choice(forms).partition("|")
    phrases = [(others if number else first).format(k=name, g=group) for number, (name, group) in enumerate(data.items())]  # fmt: skip
    one = random.choice(list(data.values()))
    which = random.random()
    if which < 0.5:
        question, code = random.choice(counts), f"sum(group == '{one}' for group in data.values())"
    elif which < 0.8:
        question, code = random.choice(lists), f"[name for name, group in data.items() if group == '{one}']"  # fmt: skip
    else:
        question, code = random.choice(("How many different ones are there?", "How many groups is that?")), "len(set(data.values()))"  # fmt: skip
    text = _sentence(random, heads, phrases)
    return Task(f"{text}. {question.format(one=one)}", f"data = {data}\nprint({code})")


def votes(random: Random, vocabulary: Vocabulary) -> Task:
    """A list of words that repeat: how often one of them is there."""
    kinds, heads, questions = random.choice(_VOTES)
    drawn = [random.choice(kinds) for _ in range(random.randint(4, 11))]
    wanted = random.choice(drawn)
    text = random.choice(heads).format(l=joined(random, drawn).replace(";", ","))
    which = random.random()
    if which < 0.7:
        question, code = random.choice(questions), f"print({drawn}.count('{wanted}'))"
    elif which < 0.85:
        question = random.choice(("What came most often?", "Which was the most frequent?", "What is the most common one?"))  # fmt: skip
        code = f"from collections import Counter\nprint(Counter({drawn}).most_common(1)[0][0])"
    else:
        question = random.choice(("What percentage of them is {x}?", "How many percent were {x}?"))
        code = f"print({drawn}.count('{wanted}') / {len(drawn)} * 100)"
    return Task(f"{text} {question.format(x=wanted)}", code)

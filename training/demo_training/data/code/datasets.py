"""Small data as people paste them: lines with commas and a header, amounts of groups, teams with several numbers, prices and times.

What is best of a row depends on what it says: the fastest time is the smallest. The code is the rows and one or a few lines
over them.
"""

from dataclasses import dataclass
from random import Random

from demo_training.data.code.dates import MONTHS, WEEKDAYS
from demo_training.data.code.labelled import joined
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task
from demo_training.data.code.wording import cardinal
from demo_training.data.values import Vocabulary, capitalised

_GOODS = (
    "bread", "milk", "cheese", "butter", "rice", "sugar", "coffee", "tea", "soap", "juice", "honey", "flour", "salt", "yogurt", "jam", "oil", "paper", "glue", "tape", "rope", "nails", "paint", "hammer", "saw", "brush", "lamp", "chair", "desk", "mug", "bowl",
    "ruler", "folder", "stapler", "charger", "cable", "mouse", "pencil", "marker", "battery", "towel", "pillow", "shovel", "bucket", "wrench",
)  # fmt: skip

# Of pasted rows: `{h}` the header of the column at `row[{j}]`, `{k}` the header of the labels.
_OF_A_COLUMN = (
    ("What is the mean of the {h} column?|What's the average {h}?|Mean {h}?|Compute the average of {h}.|On average, what is the {h}?|Give me the mean over the column {h}.", "print(sum(row[{j}] for row in rows) / len(rows))"),
    ("What does the {h} column add up to?|What's the total {h}?|Sum of {h}?|Add up all {h} values.|Sum the column {h}.|How much is {h} in all rows together?", "print(sum(row[{j}] for row in rows))"),
    ("Which {k} has the highest {h}?|Whose {h} is the largest? Give the {k}.|{k} with the maximum {h}?|Find the row with the most {h} and tell me its {k}.|Where is {h} at its maximum?|Print the {k} that has the biggest {h}.", "print(max(rows, key=lambda row: row[{j}])[0])"),
    ("Which {k} has the lowest {h}?|Whose {h} is the smallest? Give the {k}.|{k} with the minimum {h}?|Find the row with the least {h} and tell me its {k}.|Where is {h} at its minimum?|Print the {k} that has the smallest {h}.", "print(min(rows, key=lambda row: row[{j}])[0])"),
    ("What is the highest {h}?|Maximum of {h}?|Tell me the largest value under {h}.|How high does {h} go?|Give me the top value of the {h} column.|Largest number in the column {h}?", "print(max(row[{j}] for row in rows))"),
    ("Which {k} entries have {h} above {t}?|List every {k} whose {h} is more than {t}.|Keep the rows with {h} over {t} and show the {k}.|Where {h} > {t}: show the {k}.|Filter by {h} greater than {t} and print the {k} column.|Show the {k} of all rows with more than {t} in {h}.", "print([row[0] for row in rows if row[{j}] > {t}])"),
    ("How many rows have {h} above {t}?|Count the rows with {h} over {t}.|In how many rows is {h} more than {t}?|How many times is {h} over {t}?|Number of rows where {h} is greater than {t}?|How many lines of this show more than {t} for {h}?", "print(sum(row[{j}] > {t} for row in rows))"),
    ("Sort the {k} column by {h}, lowest first.|Order by {h} ascending and print the {k} of each row.|List each {k} from the smallest {h} to the largest.|Give me the {k} values in order of {h}, going up.|Rank the rows by {h} from low to high; the {k} is enough.|Sorted by {h}, smallest at the top: which {k} order is that?", "print([row[0] for row in sorted(rows, key=lambda row: row[{j}])])"),
    ("How much is the {h} of {x}?|What {h} does {x} have?|Look up {h} for {x}.|What does the table say for {x} under {h}?|{h} of {x}, please?|Find the row of {x} and print its {h}.", "print(next(row[{j}] for row in rows if row[0] == '{x}'))"),
    ("By how much do the highest and the lowest {h} differ?|What is the range of {h}, from its minimum to its maximum?|Largest {h} minus smallest {h}?|How far apart are the extremes of {h}?|Maximum of {h} minus its minimum, please.|What is the spread of {h}, highest less lowest?", "values = [row[{j}] for row in rows]\nprint(max(values) - min(values))"),
)  # fmt: skip
# Labels, and columns with their range.
_HEADERS = (
    ("names", ("name", "employee", "player", "pupil", "member", "Name"), (("age", 8, 80), ("points", 1, 120), ("hours worked", 10, 60), ("Salary (EUR)", 1800, 6000), ("goals", 0, 40), ("weight_kg", 40, 110), ("test 1", 1, 100), ("steps", 900, 20000))),
    ("cities", ("city", "place", "town", "station", "City"), (("temp", -9, 38), ("rain (mm)", 0, 90), ("population_k", 20, 9000), ("visitors 2023", 100, 90000), ("elevation", 2, 2400), ("hotels", 3, 400))),
    ("things", ("product", "item", "article", "Product"), (("price", 2, 900), ("sold", 0, 500), ("stock", 0, 300), ("rating", 1, 100), ("unit cost", 1, 400), ("qty", 1, 60), ("weight g", 20, 9000))),
    ("months", ("month", "Month"), (("sales", 100, 9000), ("orders", 5, 900), ("net profit", -900, 5000), ("new users", 1, 800), ("kWh", 90, 900), ("costs", 100, 7000))),
)  # fmt: skip


@dataclass(frozen=True)
class _Measure:
    """What numbers with labels are about.

    Attributes:
        labels: whose they are: names, goods, cities, days.
        rows: how a row is said, `{k}` the label, `{v}` the number.
        heads: before the rows.
        high: questions for the label with the largest number.
        low: likewise the smallest.
        range: of the numbers; with decimals when a float.
    """

    labels: str
    rows: tuple[str, ...]
    heads: tuple[str, ...]
    high: tuple[str, ...]
    low: tuple[str, ...]
    range: tuple[float, float]


_MEASURES = (
    _Measure("names", ("{k} {v} s", "{k}: {v}", "{k} {v} seconds", "{k} - {v} s", "{k} {v}"), ("Runners: ", "100 m times: ", "Race times in seconds: ", "The sprint: ", "Finish times: ", "Swimming times: "), ("Who was slowest?", "Who came last?", "Who needed the most time?", "Who took longest?", "Who had the worst time?"), ("Who was fastest?", "Who won?", "Who won the race?", "Who came first?", "Who needed the least time?", "Who had the best time?", "Who is the quickest?"), (9.5, 70.0)),
    _Measure("names", ("{k} {v} min", "{k}: {v} minutes", "{k} {v} minutes", "{k} needed {v} minutes"), ("Marathon: ", "Puzzle times: ", "The exam took: ", "Times: ", ""), ("Who took the longest?", "Who was the slowest?", "Who needed most time?"), ("Who was the fastest?", "Who finished first?", "Who was quickest?", "Who needed the least time?"), (3, 300)),
    _Measure("names", ("{k} {v}", "{k}: {v}", "{k} ({v})", "{k} {v} strokes"), ("Golf scores (lower is better): ", "Golf, fewest strokes win: ", "Errors made: ", "Penalty points, lowest wins: "), ("Who is last?", "Who did worst?", "Who has the most?"), ("Who won?", "Who did best?", "Who is first?", "Who has the fewest?"), (2, 99)),
    _Measure("names", ("{k} {v}", "{k}: {v}", "{k} sold {v}", "{k} = {v}", "{k} ({v})", "{k} {v} units"), ("Sales: ", "Units sold: ", "This month's sales: ", "Sales figures: ", "Our sellers: "), ("Who sold most?", "Who sold the most?", "Who is the best seller?", "Who has the highest sales?", "Who leads?"), ("Who sold least?", "Who sold the fewest?", "Who has the lowest sales?"), (20, 900)),
    _Measure("names", ("{k} {v}", "{k}: {v}", "{k} is {v}", "{k} ({v})", "{k}, {v}"), ("Ages: ", "Our children: ", "People: ", "Age of each: "), ("Who is the oldest?", "Who is oldest?", "Who was born first?"), ("Who is the youngest?", "Who is youngest?", "Who was born last?"), (2, 95)),
    _Measure("names", ("{k} {v} cm", "{k}: {v} cm", "{k} is {v} cm tall", "{k} {v}"), ("Heights: ", "How tall they are: ", "Height in cm: "), ("Who is the tallest?", "Who is tallest?"), ("Who is the shortest?", "Who is smallest?"), (95, 210)),
    _Measure("names", ("{k} jumped {v} m", "{k} {v} m", "{k}: {v} m", "{k} threw {v} m"), ("Long jump: ", "Results: ", "Throws: ", "Distances: "), ("Who won?", "Who got the farthest?", "Who has the longest one?", "Who is first?"), ("Who got the shortest distance?", "Who is last?"), (1.5, 40.0)),
    _Measure("goods", ("{k} {v}", "{k}: {v}", "{k} ${v}", "{k} {v} dollars", "{k} at {v}", "{k} costs {v}"), ("Prices: ", "Price list: ", "The shop has: ", "Menu: ", "Items and prices: "), ("What is the most expensive?", "Which item is the most expensive?", "Which is the dearest?", "What costs the most?"), ("What is the cheapest?", "Which item is cheapest?", "What costs the least?", "Which has the lowest price?"), (0.5, 60.0)),
    _Measure("goods", ("{k} {v}", "{k}: {v}", "{v} {k}", "{k} x{v}", "{k} ({v} left)"), ("Inventory: ", "Stock: ", "In the store room: ", "We have: ", "Stock levels: "), ("What do we have most of?", "Of what is there the most?", "Which has the highest stock?"), ("What do we have least of?", "Of what is there the least?", "What is running low first?", "Which has the lowest stock?"), (1, 300)),
    _Measure("cities", ("{k} {v}", "{k}: {v}°C", "{k} {v} degrees", "{k} {v}°"), ("Temperatures: ", "Weather today: ", "Forecast: ", ""), ("Where is it warmest?", "Which city is the hottest?", "Which is the warmest city?"), ("Where is it coldest?", "Which city is the coldest?"), (-15, 38)),
    _Measure("cities", ("{k} {v} km", "{k}: {v} km", "{k} is {v} km away", "{k} {v}"), ("Distances: ", "From here: ", "Distance to each: "), ("Which is the farthest?", "Which one is farthest away?"), ("Which is the nearest?", "Which one is closest?", "Which city is nearest?"), (20, 3000)),
    _Measure("days", ("{k} {v}", "{k}: {v}", "{k} {v} visitors", "{v} on {k}"), ("Visitors: ", "Steps: ", "Sales this week: ", "Calls: "), ("Which day was best?", "On which day were there most?", "What was the busiest day?", "Which day had the most?"), ("Which day was the worst?", "What was the quietest day?", "Which day had the fewest?"), (5, 900)),
)  # fmt: skip
_BY_HIGH, _BY_LOW = "sorted(data, key=data.get, reverse=True)", "sorted(data, key=data.get)"
# Questions for labels, `{n}` a small number; code over `data`.
_RANKED = (
    (("Who are the top {N}?", "Name the top {N}.", "Top {N}?", "Which {N} have the highest values?", "Give me the {N} best.", "List the {N} highest.", "Which are the {N} largest?", "Show the top {N}.", "What are the top {N}?", "The {N} with the most, please."), f"{_BY_HIGH}[:{{n}}]"),
    (("Which {N} have the lowest values?", "Name the {N} lowest.", "What are the {N} smallest?", "List the {N} with the least.", "The bottom {N}?", "Show the last {N} of the ranking."), f"{_BY_LOW}[:{{n}}]"),
    (("Rank them from high to low.", "Sort them, highest first.", "Make a ranking, the largest first.", "Order them from most to least.", "Sort in descending order."), _BY_HIGH),
    (("Rank them from low to high.", "Sort them, lowest first.", "Order them from least to most.", "Sort in ascending order.", "Put them in order, the smallest first."), _BY_LOW),
    (("Which is second highest?", "Who or what is in second place from the top?", "Which one has the second highest value?"), f"{_BY_LOW}[-2]"),
    (("Which is third highest?", "Which one has the third highest value?"), f"{_BY_LOW}[-3]"),
    (("Which is second lowest?", "Which one has the second lowest value?"), f"{_BY_LOW}[1]"),
)  # fmt: skip
_LIMITS = (
    (("Which are more than {l}?", "Which are above {l}?", "List those over {l}.", "Show everything greater than {l}.", "Which have more than {l}?", "Keep only those above {l}."), "[name for name, value in data.items() if value > {l}]"),
    (("Which are less than {l}?", "Which are below {l}?", "List those under {l}.", "Show everything smaller than {l}.", "Which have less than {l}?", "Keep only those below {l}."), "[name for name, value in data.items() if value < {l}]"),
    (("Which are at least {l}?", "List those with {l} or more.", "Which have {l} or more?"), "[name for name, value in data.items() if value >= {l}]"),
    (("How many are more than {l}?", "How many are above {l}?", "Count those over {l}."), "sum(value > {l} for value in data.values())"),
    (("How many are at least {l}?", "Count those with {l} or more."), "sum(value >= {l} for value in data.values())"),
    (("How many are less than {l}?", "How many are below {l}?", "Count those under {l}."), "sum(value < {l} for value in data.values())"),
    (("Which are above the average?", "Which are better than average?", "List those above the mean."), "[name for name, value in data.items() if value > sum(data.values()) / len(data)]"),
    (("What is the total of those above {l}?", "Add up the values over {l}."), "sum(value for value in data.values() if value > {l})"),
)  # fmt: skip
_STOCK = ("What is out of stock?", "Which items are sold out?", "What do we have to reorder?", "Which are at zero?", "What is missing?", "Which ones have none left?", "What has run out?", "List the items that are out of stock.")  # fmt: skip


def _labels(random: Random, vocabulary: Vocabulary, kind: str, count: int) -> list[str]:
    pools = {"names": vocabulary.first_names, "cities": vocabulary.cities, "days": WEEKDAYS, "goods": (*_GOODS, *ITEMS)}  # fmt: skip
    return random.sample(pools[kind], count)


def _values(random: Random, limits: tuple[float, float], count: int) -> list[float]:
    low, high = limits
    if isinstance(low, int):
        return random.sample(range(low, int(high) + 1), count)
    return [round(random.uniform(low, min(high, low * 3)), random.choice((1, 1, 2))) for _ in range(count)]  # fmt: skip


def measured(random: Random, vocabulary: Vocabulary) -> Task:
    """Labels with numbers: who is best in what the numbers mean, the first few, those beyond a limit, what is at zero."""
    measure = random.choice(_MEASURES)
    count = random.choice((3, 3, 4, 4, 5, 6))
    names = _labels(random, vocabulary, measure.labels, count)
    values = _values(random, measure.range, count)
    which = random.random()
    if which < 0.4:
        is_low = random.random() < 0.55
        question = random.choice(measure.low if is_low else measure.high)
        code = f"{'min' if is_low else 'max'}(data, key=data.get)"
    elif "Stock: " in measure.heads and which < 0.75:
        for index in random.sample(range(count), random.choice((1, 1, 2))):
            values[index] = 0
        question, code = (
            random.choice(_STOCK),
            "[name for name, value in data.items() if value == 0]",
        )
    else:
        questions, code = random.choice(_RANKED if which < 0.75 else _LIMITS)
        n, limit = random.randint(2, count - 1), random.choice(values)
        slots = {"n": n, "N": cardinal(random, n), "l": limit if random.random() < 0.5 else round(limit)}  # fmt: skip
        question, code = random.choice(questions).format_map(slots), code.format_map(slots)
    data = dict(zip(names, values, strict=True))
    row = random.choice(measure.rows)
    mark = random.choice((", ", ", ", "; ")) if ", " not in row else "; "
    said = [row.format(k=name, v=value) for name, value in data.items()]
    listed = mark.join(said) if random.random() < 0.6 else mark.join(said[:-1]) + " and " + said[-1]
    if random.random() < 0.12:
        request = "\n".join(
            [*filter(None, [random.choice(measure.heads).strip()]), *said, question]
        )
    elif random.random() < 0.12:
        request = f"{question} {capitalised(listed)}"
    else:
        request = f"{capitalised(random.choice(measure.heads) + listed)}. {question}"
    return Task(request, f"data = {data}\nprint({code})")


# Groups (none: first names), how a row of one is said, heads, the name of a group.
_GROUPED = (
    (("food", "travel", "hotel", "fuel", "phone", "office", "books", "rent"), ("{g} {v}", "{g}: {v}", "{g} ${v}", "{v} for {g}", "{g} {v} dollars"), ("Expenses: ", "My expenses: ", "Receipts: ", "I spent: ", "Bookings: "), "category"),
    (("north", "south", "east", "west", "online"), ("{g} {v}", "{g}: {v}", "{v} in the {g}"), ("Sales: ", "Orders: ", "Revenue: "), "region"),
    (("red", "blue", "green", "yellow", "white"), ("{g} {v}", "{g}: {v}", "{v} {g}"), ("Points: ", "Marbles: ", "Balls by colour: "), "colour"),
    ((), ("{g} {v}", "{g}: {v}", "{g} sold {v}", "{v} by {g}", "{g} {v} hours"), ("Log: ", "Entries: ", "Work log: ", "Payments: "), "person"),
    (("apples", "pears", "plums", "nuts"), ("{v} kg {g}", "{g} {v} kg", "{g}: {v}"), ("Harvest: ", "Deliveries: ", "Picked: "), "kind"),
    (("Monday", "Tuesday", "Friday", "Sunday"), ("{g} {v}", "{g}: {v}", "{v} on {g}"), ("Takings: ", "Visitors: ", "Calls: "), "day"),
    (("sales", "support", "design", "finance"), ("{g} {v}", "{g}: {v} hours", "{g} {v} h"), ("Hours: ", "Overtime: ", "Budget: "), "department"),
)  # fmt: skip
_SUMS = "totals = {}\nfor name, value in rows:\n    totals[name] = totals.get(name, 0) + value\n"
_BY_GROUP = (
    (("Sum per {w} please.", "What is the total per {w}?", "Total by {w}?", "Add up the amounts of each {w}.", "How much is it for each {w}?", "Group by {w} and sum.", "Give me the sum for every {w}.", "Totals by {w}, please.", "What's the sum by {w}?", "Sum them up per {w}."), _SUMS + "print(totals)", 6),
    (("Which {w} has the highest total?", "Which {w} comes to the most?", "Which {w} has the largest sum?", "What {w} adds up to the most?"), _SUMS + "print(max(totals, key=totals.get))", 3),
    (("Which {w} has the lowest total?", "Which {w} comes to the least?"), _SUMS + "print(min(totals, key=totals.get))", 1),
    (("How much is {g} in total?", "What is the total of {g}?", "What does {g} add up to?", "How much is it for {g}?", "Sum of {g}?", "Add up only {g}."), "print(sum(value for name, value in rows if name == '{g}'))", 4),
    (("How many entries does {g} have?", "How often does {g} appear?", "How many times is {g} listed?"), "print(sum(name == '{g}' for name, value in rows))", 2),
    (("What is the average for {g}?", "What's the mean of the {g} entries?", "Average of {g}?"), "values = [value for name, value in rows if name == '{g}']\nprint(sum(values) / len(values))", 2),
    (("What is the total of everything?", "What is the sum of all entries?", "How much is it altogether?"), "print(sum(value for name, value in rows))", 2),
)  # fmt: skip


def grouped(random: Random, vocabulary: Vocabulary) -> Task:
    """Amounts whose labels repeat: sums by label, of one label, the label that comes to most."""
    groups, rows, heads, word = random.choice(_GROUPED)
    used = random.sample(groups or vocabulary.first_names, random.choice((2, 3, 3)))
    drawn = [*used, *random.choices(used, k=random.choice((1, 2, 2, 3)))]
    random.shuffle(drawn)
    pairs = [(group, random.randint(2, 30) * random.choice((1, 1, 5, 10))) for group in drawn]
    row = random.choice(rows)
    said = [row.format(g=group, v=value) for group, value in pairs]
    kinds, weights = [each[:2] for each in _BY_GROUP], [each[2] for each in _BY_GROUP]
    questions, code = random.choices(kinds, weights)[0]
    one = random.choice(drawn)
    text = random.choice(heads) + joined(random, said)
    question = random.choice(questions).replace("{w}", word).replace("{g}", one)
    return Task(f"{text}. {capitalised(question)}", f"rows = {pairs}\n{code.replace('{g}', one)}")


# Columns of a table with lines: header of the label, of numbers, with their ranges.
_TABLES = (
    ("names", ("name", "person", "student"), (("age", 5, 90), ("score", 10, 100), ("height", 120, 205), ("points", 1, 60), ("salary", 1500, 6000))),
    ("goods", ("product", "item", "article"), (("price", 1.0, 40.0), ("qty", 1, 30), ("stock", 0, 90), ("weight", 1, 40))),
    ("cities", ("city", "place", "town"), (("temp", -5, 35), ("population", 10, 900), ("rain", 0, 90), ("hotels", 2, 60))),
    ("days", ("day", "weekday"), (("visitors", 5, 200), ("sales", 50, 900), ("temp", 1, 33))),
)  # fmt: skip
_OF_COLUMN = (
    (("What is the average {c}?", "What's the mean {c}?", "Average {c}?", "Find the mean of the {c} column.", "Compute the average {c}."), "print(sum({c} for {row} in rows) / len(rows))", 4),
    (("What is the total {c}?", "Sum of the {c} column?", "Add up the {c}.", "What does the {c} come to in total?"), "print(sum({c} for {row} in rows))", 3),
    (("What is the highest {c}?", "What's the maximum of {c}?"), "print(max({c} for {row} in rows))", 1),
    (("What is the lowest {c}?", "What's the minimum of {c}?"), "print(min({c} for {row} in rows))", 1),
    (("Which {k} has the highest {c}?", "Which {k} has the most {c}?", "Who or what has the largest {c}?", "{k} with the max {c}?"), "print(max(rows, key=lambda row: row[{i}])[0])", 4),
    (("Which {k} has the lowest {c}?", "{k} with the smallest {c}?"), "print(min(rows, key=lambda row: row[{i}])[0])", 3),
    (("Which {k} has a {c} above {l}?", "List each {k} with {c} over {l}.", "Filter for {c} > {l}.", "Which rows have a {c} greater than {l}?"), "print([{k} for {row} in rows if {c} > {l}])", 3),
    (("Which {k} has a {c} below {l}?", "List each {k} with {c} under {l}.", "Filter for {c} < {l}."), "print([{k} for {row} in rows if {c} < {l}])", 2),
    (("How many rows have a {c} above {l}?", "Count the rows with {c} over {l}."), "print(sum({c} > {l} for {row} in rows))", 2),
    (("Sort by {c}.", "Sort the rows by {c}, smallest first.", "Order each {k} by {c}, ascending."), "print([row[0] for row in sorted(rows, key=lambda row: row[{i}])])", 2),
    (("Sort by {c}, highest first.", "Order each {k} by {c}, descending."), "print([row[0] for row in sorted(rows, key=lambda row: row[{i}], reverse=True)])", 2),
    (("How many rows are there?", "How many entries does this have?"), "print(len(rows))", 1),
)  # fmt: skip
_VALUE = ("What's the total value?", "What is the total cost?", "How much is it all worth?", "What does the order come to?", "What is the total of {a} times {b}?", "Total?", "What do I pay for everything?", "Multiply {a} by {b} and add it up.", "What's the grand total?")  # fmt: skip
_INTROS = ("CSV:", "Here is a CSV:", "Data:", "I have this table:", "Given this CSV:", "", "", "My data:", "Table:")  # fmt: skip


def pasted(random: Random, vocabulary: Vocabulary) -> Task:
    """A few lines with a header, as copied from a file: figures of a column, rows that fit, values times amounts."""
    kind, keys, columns = random.choice(_TABLES)
    key = random.choice(keys)
    count = random.choice((2, 3, 3, 4, 5))
    is_value = kind == "goods" and random.random() < 0.5
    chosen = random.sample(columns, random.choice((1, 1, 2))) if not is_value else [columns[0], (random.choice(("qty", "quantity", "count", "amount", "units")), 1, 30)]  # fmt: skip
    if is_value and random.random() < 0.5:
        chosen.reverse()
    names = _labels(random, vocabulary, kind, count)
    cells: list[list[float]] = []
    for _, low, high in chosen:
        is_price = isinstance(low, float)
        cells.append([round(random.uniform(low, high), random.choice((0, 1, 2))) if is_price else random.randint(int(low), int(high)) for _ in names])  # fmt: skip
    cells = [[int(value) if value == int(value) else value for value in column] for column in cells]
    rows = list(zip(names, *cells, strict=True))
    headers = [key, *(name for name, _, _ in chosen)]
    sign = random.choice((",", ",", ",", ", ", ";", " | "))
    lines = [sign.join(map(str, row)) for row in (headers, *rows)]
    intro = random.choice(_INTROS)
    row_names = ", ".join(headers)
    if is_value:
        a, b = headers[1], headers[2]
        question = random.choice(_VALUE).format(a=a, b=b)
        code = f"print(sum({a} * {b} for {row_names} in rows))"
    else:
        kinds, weights = [each[:2] for each in _OF_COLUMN], [each[2] for each in _OF_COLUMN]
        questions, template = random.choices(kinds, weights)[0]
        index = random.randrange(len(chosen))
        slots = {"c": headers[index + 1], "k": key, "row": row_names, "i": index + 1, "l": random.choice(cells[index])}  # fmt: skip
        question, code = random.choice(questions).format_map(slots), template.format_map(slots)
    text = "\n".join([*([intro] if intro else []), *lines])
    asked = f"{question}\n{text}" if random.random() < 0.25 else f"{text}\n{question}"
    return Task(asked, f"rows = {rows}\n{code}")


_TEAMS = (
    (("Team A", "Team B", "Team C"), ("{k} scored {l}", "{k}: {l}", "{k} has {l}", "{k} got {l}"), ("team", "team"), "points"),
    (("class 1", "class 2", "class 3"), ("{k} has {l}", "{k}: {l}", "{k} got {l}"), ("class", "class"), "marks"),
    (("shop X", "shop Y", "shop Z"), ("{k} sold {l}", "{k}: {l}", "{k} had {l}"), ("shop", "shop"), "sales"),
    (("", "", ""), ("{k} scored {l}", "{k}: {l}", "{k} got {l}", "{k} ran {l}", "{k} has {l}"), ("person", "one"), "numbers"),
    (("group 1", "group 2", "group 3"), ("{k}: {l}", "{k} measured {l}"), ("group", "group"), "values"),
)  # fmt: skip
_OF_TEAMS = (
    (("Which {w} has the higher average?", "Which {w} has the highest average?", "Which {w} is better on average?", "Whose average is higher?", "Compare the averages: which {w} is ahead?"), "max(data, key=lambda name: sum(data[name]) / len(data[name]))", 4),
    (("Which {w} has the lower average?", "Whose average is the lowest?"), "min(data, key=lambda name: sum(data[name]) / len(data[name]))", 2),
    (("Which {w} has the higher total?", "Which {w} has more in total?", "Who has the most altogether?", "Whose sum is the largest?", "Which {w} won in total?"), "max(data, key=lambda name: sum(data[name]))", 4),
    (("What is the average of each?", "Average per {w}?", "Give me the mean for each {w}.", "What are the averages?"), "{name: round(sum(values) / len(values), 2) for name, values in data.items()}", 3),
    (("What is the total of each?", "Total per {w}?", "Give me the sum for each {w}.", "What are the totals?"), "{name: sum(values) for name, values in data.items()}", 3),
    (("What is the best of each?", "What is the highest number of each {w}?"), "{name: max(values) for name, values in data.items()}", 1),
    (("Which {w} has the highest single value?", "Who has the best single number?"), "max(data, key=lambda name: max(data[name]))", 1),
)  # fmt: skip


def teams(random: Random, vocabulary: Vocabulary) -> Task:
    """Two or three lists with a name each: which has the higher average or total, what they are."""
    labels, forms, (word, one), _ = random.choice(_TEAMS)
    count = random.choice((2, 2, 3))
    names = list(labels[:count]) if labels[0] else random.sample(vocabulary.first_names, count)
    size, high = random.randint(2, 5), random.choice((20, 60, 100))
    data = {name: [random.randint(1, high) for _ in range(size)] for name in names}
    form = random.choice(forms)
    said = [form.format(k=name, l=joined_numbers(random, values)) for name, values in data.items()]
    sign = random.choice((" and ", "; ", ". ")) if count == 2 else random.choice(("; ", ". "))
    kinds, weights = [each[:2] for each in _OF_TEAMS], [each[2] for each in _OF_TEAMS]
    questions, code = random.choices(kinds, weights)[0]
    question = random.choice(questions).replace("{w}", word if word != "person" else one)
    text = sign.join(capitalised(each) if sign == ". " or index == 0 else each for index, each in enumerate(said))  # fmt: skip
    return Task(f"{text}. {question}", f"data = {data}\nprint({code})")


def columns(random: Random, vocabulary: Vocabulary) -> Task:
    """A question about one column of pasted rows, by its header."""
    questions, code = random.choice(_OF_A_COLUMN)
    labels, keys, measures = random.choice(_HEADERS)
    pools = {
        "names": vocabulary.first_names,
        "cities": vocabulary.cities,
        "things": vocabulary.things,
        "months": MONTHS,
    }
    names = sorted(set(pools[labels]))
    names = random.sample(names, min(random.randint(3, 6), len(names)))
    chosen = random.sample(measures, random.choice((1, 2, 2, 3)))
    cells = [random.sample(range(low, high), len(names)) for _, low, high in chosen]
    rows, j = list(zip(names, *cells, strict=True)), random.randint(1, len(chosen))
    headers = (random.choice(keys), *(each[0] for each in chosen))
    sign = random.choice((",", ",", ",", ", ", ";", " | ", "\t"))
    text = "\n".join(sign.join(map(str, row)) for row in (headers, *rows))
    slots = {
        "h": headers[j],
        "k": headers[0],
        "j": j,
        "t": sorted(cells[j - 1])[len(names) // 2],
        "x": random.choice(names),
    }
    question = capitalised(random.choice(questions.split("|")).format_map(slots))
    told = random.choice(("{t}\n{q}", "{t}\n\n{q}", "{q}\n{t}", "CSV:\n{t}\n{q}"))
    request = told.format(t=text, q=question)
    return Task(request, f"rows = {rows}\n{code.format_map(slots)}")


def joined_numbers(random: Random, values: list[int]) -> str:
    """A short list inside a sentence."""
    texts = [str(value) for value in values]
    return ", ".join(texts) if random.random() < 0.6 else ", ".join(texts[:-1]) + " and " + texts[-1]  # fmt: skip

"""Word problems, small tables in words, small programs."""

from dataclasses import replace
from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask
from demo_training.data.values import Vocabulary, full_name

_ITEMS = [
    "apples",
    "pens",
    "boxes",
    "books",
    "cookies",
    "tickets",
    "marbles",
    "stickers",
    "bottles",
    "chairs",
    "eggs",
    "coins",
    "cards",
    "candles",
    "bricks",
]


def word_problems(random: Random, vocabulary: Vocabulary) -> Task:
    """Stories in which the right sign has to be found."""
    n, m = random.sample(vocabulary.first_names, 2)
    i, a, b, c = (
        random.choice(_ITEMS),
        random.randint(2, 90),
        random.randint(2, 40),
        random.randint(2, 20),
    )
    box = random.choice(("boxes", "bags", "shelves", "rows", "packs"))
    return random.choice((
        Task(random.choice((f"{n} has {a * b} {i} and shares them equally among {b} friends. How many does each get?", f"{a * b} {i} are split evenly into {b} {box}. How many are in each?", f"If {b} people divide {a * b} {i} equally, how many does one get?")), f"print({a * b} / {b})"),
        Task(random.choice((f"{n} has {a} {box} with {b} {i} each. How many {i} is that?", f"There are {b} {i} in each of {a} {box}. How many {i} are there in all?", f"{n} buys {a} {box} of {b} {i}. How many {i} does {n} have?")), f"print({a} * {b})"),
        Task(random.choice((f"{n} had {a + b} {i} and gave {b} to {m}. How many are left?", f"From {a + b} {i} {n} takes {b} away. How many remain?", f"{n} sold {b} of {a + b} {i}. How many are still there?")), f"print({a + b} - {b})"),
        Task(random.choice((f"{n} has {a} {i} and {m} has {b}. How many do they have together?", f"{n} finds {a} {i} and then {b} more. How many in total?", f"{n} had {a} {i} and bought {b} more. How many now?")), f"print({a} + {b})"),
        Task(random.choice((f"{n} has {a + b} {i} and {m} has {b}. How many more does {n} have?", f"How many more is {a + b} {i} than {b}?")), f"print({a + b} - {b})"),
        Task(f"{n} buys {a} {i} for ${c} each and {b} more for ${c + 2} each. What is the total?", f"print({a} * {c} + {b} * {c + 2})"),
        Task(random.choice((f"A train travels {a * c} km in {c} hours. What is its average speed?", f"{n} drives {a * c} kilometers in {c} hours. How fast is that on average?")), f"print({a * c} / {c})"),
        Task(random.choice((f"A car drives {a} km per hour for {c} hours. How far does it go?", f"{n} walks at {c} km per hour for {b} hours. How far is that?")), random.choice((f"print({a} * {c})",))),
        Task(random.choice((f"{n} earns ${a} per hour and works {b} hours. How much money is that?", f"One ticket costs ${a}. What do {b} tickets cost?")), f"print({a} * {b})"),
        Task(f"{n} pays with ${a + b} for something that costs ${b}. How much change does {n} get?", f"print({a + b} - {b})"),
        Task(f"{n} is {a} years old and {m} is {c} years older. How old is {m}?", f"print({a} + {c})"),
        Task(f"A recipe for {c} people needs {b * c} grams of flour. How much is needed for {a} people?", f"print({b * c} / {c} * {a})"),
    ))  # fmt: skip


def tables(random: Random, vocabulary: Vocabulary) -> Task:
    """A few rows of data in the question."""
    names = random.sample(vocabulary.first_names, random.randint(3, 5))
    points = [random.randint(1, 99) for _ in names]
    data = dict(zip(names, points, strict=True))
    said = random.choice(
        (
            ", ".join(f"{k}: {v}" for k, v in data.items()),
            ", ".join(f"{k} {v}" for k, v in data.items()),
            "; ".join(f"{k} has {v}" for k, v in data.items()),
        )
    )
    limit = sorted(points)[len(points) // 2]
    head = random.choice(("Scores", "Points", "Sales", "Ages", "Prices"))
    start = f"data = {data}\n"
    return random.choice((
        Task(f"{head}: {said}. Who has the most?", start + "print(max(data, key=data.get))"),
        Task(f"{head}: {said}. Who has the least?", start + "print(min(data, key=data.get))"),
        Task(f"{head}: {said}. What is the average?", start + "print(sum(data.values()) / len(data))"),
        Task(f"{head}: {said}. What is the total?", start + "print(sum(data.values()))"),
        Task(f"{head}: {said}. Who is above {limit}?", start + f"print([name for name, value in data.items() if value > {limit}])"),
        Task(f"{head}: {said}. Sort the names by value.", start + "print(sorted(data, key=data.get))"),
        Task(f"{head}: {said}. How many are above {limit}?", start + f"print(sum(value > {limit} for value in data.values()))"),
    ))  # fmt: skip


def chores(random: Random, vocabulary: Vocabulary) -> Task:
    """Small programs people ask for by what they print."""
    n, name = random.randint(3, 12), full_name(random, vocabulary)
    return random.choice((
        Task(f"Print the numbers from 1 to {n}.", f"print(*range(1, {n} + 1))"),
        Task(f"Print the multiplication table of {n} up to 5.", f"for i in range(1, 6):\n    print({n}, 'x', i, '=', {n} * i)"),
        Task(f"Print the squares of 1 to {n}.", f"print([i ** 2 for i in range(1, {n} + 1)])"),
        Task(f"Count down from {n} to 1.", f"print(*range({n}, 0, -1))"),
        Task(f"What are the initials of {name}?", f"print(''.join(word[0] for word in '{name}'.split()).upper())"),
        Task(f"Say hello to {name} with python.", f"print('Hello, {name}!')"),
    ))  # fmt: skip


_STORIES: tuple[Kind, ...] = (
    Kind(("{n} has {a} {i} and gets {b} more. How many does {n} have now?", "{n} had {a} {i}. {m} gives {n} {b} more. How many {i} is that?", "There are {a} {i} on the table and {n} puts {b} more there. How many are there?", "{a} people are on the bus and {b} get on. How many are on it now?", "How many {i} are {a} {i} and {b} {i}?", "{n} reads {a} pages on Monday and {b} on Tuesday. How many pages is that together?", "{n} walks {a} km in the morning and {b} km in the evening. How far is that?"), "print({a} + {b})"),
    Kind(("{n} has {x} {i} and loses {b}. How many are left?", "{n} had {x} {i} and ate {b}. How many are left?", "{x} people are on the bus and {b} get off. How many stay?", "A book has {x} pages and {n} has read {b}. How many pages are left?", "From a roll of {x} m, {n} cuts {b} m. How much remains?", "{n} has ${x} and spends ${b}. How much is left?", "Of {x} seats {b} are taken. How many are free?", "A tank holds {x} liters and {b} are used. How many remain?"), "print({x} - {b})"),
    Kind(("{n} has {a} {i}, buys {b} more and gives away {c}. How many are left?", "{n} had {a} {i}, got {b} more and lost {c}. How many now?", "A bus has {a} people; {b} get on and {c} get off. How many are in it?", "There were {a} {i}, {b} came in and {c} were sold. How many are there now?"), "print({a} + {b} - {c})"),
    Kind(("{n} has {x} {i}, sells {b} and buys {c} more. How many does {n} have?", "Of {x} {i}, {b} are eaten and {c} are added. How many are there?"), "print({x} - {b} + {c})"),
    Kind(("{n} has {a} {i}, {m} has {b} and {o} has {c}. How many do they have together?", "{n}, {m} and {o} have {a}, {b} and {c} {i}. How many is that in all?", "{n} collects {a} {i}, {m} {b} and {o} {c}. What is the total?"), "print({a} + {b} + {c})"),
    Kind(("{a} {box} hold {b} {i} each. How many {i} are there?", "Each of {a} {box} has {b} {i}. How many {i} is that in total?", "{n} packs {b} {i} into each of {a} {box}. How many {i} are packed?", "A hall has {a} rows of {b} seats. How many seats is that?", "{n} reads {b} pages a day. How many pages is that in {a} days?", "A machine makes {b} parts an hour. How many does it make in {a} hours?", "{n} drinks {b} cups a week. How many is that in {a} weeks?", "One {thing} weighs {b} kg. How heavy are {a} of them?"), "print({a} * {b})"),
    Kind(("{a} {box} hold {b} {i} each, and {c} more are loose. How many {i} are there?", "{n} buys {a} {box} of {b} {i} and has {c} at home. How many {i} is that?"), "print({a} * {b} + {c})"),
    Kind(("{a} {box} hold {b} {i} each, and {c} {i} are broken. How many are good?", "{n} buys {a} {box} of {b} {i} and gives away {c}. How many are left?"), "print({a} * {b} - {c})"),
    Kind(("{prod} {i} are put into {b} {box} equally. How many are in each?", "{n} shares {prod} {i} among {b} children. How many does each get?", "{b} people split ${prod}. How much does each get?", "{n} reads a book of {prod} pages in {b} days. How many pages is that a day?", "{b} tickets cost ${prod}. What does one cost?", "A rope of {prod} m is cut into {b} equal pieces. How long is each?", "If {b} {i} cost {prod} dollars, how much is one?"), "print({prod} / {b})"),
    Kind(("How many {box} of {b} are needed for {x} {i}?", "{n} has {x} {i} and puts {b} into each of the {box}. How many {box} are needed?", "A bus takes {b} people. How many buses do {x} people need?"), "import math\nprint(math.ceil({x} / {b}))"),
    Kind(("{n} has {x} {i} and puts {b} into each of the {box}. How many are left over?", "{x} {i} are shared by {b} people. How many are left over?"), "print({x} % {b})"),
    Kind(("How many full {box} of {b} can be made of {x} {i}?", "{n} has ${x}. How many {i} at ${b} each can {n} buy?"), "print({x} // {b})"),
    Kind(("{n} has {x} {i} and {m} has {b}. How many more does {n} have than {m}?", "{n} scored {x} points, {m} {b}. By how many is {n} ahead?", "One tower is {x} m high, the other {b} m. How much taller is the first?", "{n} weighs {x} kg and {m} {b} kg. What is the difference?"), "print({x} - {b})"),
    Kind(("{n} has {a} {i} and {m} has {c} times as many. How many does {m} have?", "{n} is {a} years old. {m} is {c} times as old. How old is {m}?"), "print({a} * {c})"),
    Kind(("{n} has {a} {i} and {m} has {c} times as many. How many do they have together?",), "print({a} + {a} * {c})"),
    Kind(("{n} is {a} years old and {m} is {c} years older. How old are they together?",), "print({a} + {a} + {c})"),
    Kind(("{n} is {a} years old. How old will {n} be in {b} years?", "{n} is {a}. In {b} years, how old is that?"), "print({a} + {b})"),
    Kind(("{n} was born in {year}. How old is {n} in {year2}?", "How old does somebody born in {year} get in {year2}?", "A house was built in {year}. How old is it in {year2}?"), "print({year2} - {year})"),
    Kind(("{n} buys {a} {i} at ${p} each. What is the total?", "What do {a} {i} cost at ${p} each?", "One of the {i} costs ${p}. How much are {a}?", "{a} {i} for {p} dollars each: how much is that?", "=the price of {a} {i} at ${p} apiece", "{n} sells {a} {i} for ${p} each. How much money is that?"), "print({a} * {p})"),
    Kind(("{n} buys {a} {i} at ${p} each and pays with ${note}. How much change is there?", "{a} {i} at ${p} each: what is the change from ${note}?"), "print({note} - {a} * {p})"),
    Kind(("{n} buys {a} {i} at ${p} each and a {thing} for ${x}. What is the total?", "=the total of {a} {i} at ${p} each and a {thing} for ${x}"), "print({a} * {p} + {x})"),
    Kind(("{n} works {b} hours a day for {c} days at ${p} an hour. How much is earned?", "{n} earns ${p} an hour, {b} hours a day, {c} days. How much is that?"), "print({b} * {c} * {p})"),
    Kind(("{n} saves ${p} a week. How much is that after {a} weeks?", "{n} saves ${p} every month. How much after {a} months?", "{n} pays ${p} a month. What is that in {a} months?"), "print({p} * {a})"),
    Kind(("{n} saves ${b} a week. How many weeks until ${x}?", "How many weeks does {n} need to save ${x} at ${b} a week?"), "import math\nprint(math.ceil({x} / {b}))"),
    Kind(("A car drives {x} km in {c} hours. What is its average speed?", "{n} rides {x} km in {c} hours. How fast is that?", "=the average speed for {x} km in {c} hours"), "print({x} / {c})"),
    Kind(("A car drives {a} km/h for {c} hours. How far does it get?", "How far do you get in {c} hours at {a} km per hour?", "A train goes {a} km an hour. How far is that in {c} hours?"), "print({a} * {c})"),
    Kind(("How long does it take to drive {x} km at {a} km/h?", "A train goes {a} km per hour. How many hours does it need for {x} km?", "{n} rides {x} km at {a} km per hour. How many hours is that?"), "print({x} / {a})"),
    Kind(("A car needs {c} liters for 100 km. How many liters does it need for {x} km?",), "print({x} / 100 * {c})"),
    Kind(("A recipe for {c} people needs {x} g of sugar. How much is it for {b} people?", "{c} people need {x} g of rice. How much do {b} people need?", "If {c} {i} weigh {x} g, how much do {b} weigh?", "{c} {i} cost ${x}. What do {b} cost?"), "print({x} / {c} * {b})"),
    Kind(("{c} workers need {b} days. How many days do {d} workers need?",), "print({c} * {b} / {d})"),
    Kind(("Two numbers have the sum {x}; one of them is {b}. What is the other?", "{n} and {m} have {x} {i} together. {n} has {b}. How many does {m} have?"), "print({x} - {b})"),
    Kind(("A class has {a} girls and {b} boys. What percentage are girls?",), "print({a} / ({a} + {b}) * 100)"),
    Kind(("Half of the {x} {i} are red. How many is that?", "{n} gives half of {x} {i} to {m}. How many is that?"), "print({x} / 2)"),
    Kind(("A pump fills {b} liters a minute. How many minutes does a tank of {x} liters need?",), "print({x} / {b})"),
    Kind(("The temperature was {a} degrees and fell by {b}. What is it now?", "It is {a} degrees and gets {b} colder. What is the temperature?"), "print({a} - {b})"),
)  # fmt: skip


def _story_slots(random: Random, vocabulary: Vocabulary) -> dict[str, object]:
    n, m, o = random.sample(vocabulary.first_names, 3)
    a, b, c = random.randint(2, 90), random.randint(2, 60), random.randint(2, 12)
    price = random.choice(
        (
            random.randint(1, 90),
            round(random.uniform(0.5, 60), 2),
            round(random.uniform(0.5, 20), 1),
        )
    )
    year = random.randint(1900, 2015)
    return {
        "n": n, "m": m, "o": o, "i": random.choice((*_ITEMS, *_MORE_ITEMS)), "box": random.choice(("boxes", "bags", "packs", "baskets", "crates", "trays")),
        "a": a, "b": b, "c": c, "d": random.randint(2, 12), "p": price, "x": b + random.randint(3, 900), "prod": a * b, "year": year,
        "year2": year + random.randint(2, 99), "note": random.choice((100, 200, 500, 1000)), "thing": random.choice(vocabulary.things),
    }  # fmt: skip


_MORE_ITEMS = (
    "pears", "stamps", "shells", "pencils", "balls", "flowers", "lemons", "cups", "stones", "plates", "fish", "oranges", "sheep", "photos",
    "balloons", "beads", "carrots", "keys", "screws", "muffins", "trees", "toys", "peaches", "buttons", "leaves", "magazines",
)  # fmt: skip


def story_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Word problems of one to three operations."""
    return ask(random, _STORIES, _story_slots(random, vocabulary))


_BASKET: tuple[Kind, ...] = (
    Kind(("What is the total?", "What does it cost in all?", "How much is that together?", "Compute the total price.", "What do I pay?", "Find the sum of all prices times amounts."), "items = {rows}\nprint(sum(count * price for name, count, price in items))"),
    Kind(("Which is the most expensive per piece?", "Which one has the highest price?", "What is the dearest item?"), "items = {rows}\nprint(max(items, key=lambda item: item[2])[0])"),
    Kind(("Which is the cheapest?", "Which one has the lowest price?"), "items = {rows}\nprint(min(items, key=lambda item: item[2])[0])"),
    Kind(("On which do I spend the most?", "Which item costs the most in total?"), "items = {rows}\nprint(max(items, key=lambda item: item[1] * item[2])[0])"),
    Kind(("How many pieces are that?", "How many things are there in all?"), "items = {rows}\nprint(sum(count for name, count, price in items))"),
    Kind(("What is the average price per piece?", "What does a piece cost on average?"), "items = {rows}\nprint(sum(count * price for name, count, price in items) / sum(count for name, count, price in items))"),
    Kind(("What is the mean of the prices?",), "items = {rows}\nprint(sum(price for name, count, price in items) / len(items))"),
    Kind(("What do I pay with {p}% off?", "What is the total after a {p}% discount?"), "items = {rows}\ntotal = sum(count * price for name, count, price in items)\nprint(total * (100 - {p}) / 100)"),
    Kind(("What is the total with {p}% tax?",), "items = {rows}\ntotal = sum(count * price for name, count, price in items)\nprint(total * (100 + {p}) / 100)"),
)  # fmt: skip
_TABLE: tuple[Kind, ...] = (
    Kind(("Who has the most?", "Who is first?", "Which name has the highest value?", "Who has the highest {h}?", "Whose value is the largest?"), "data = {data}\nprint(max(data, key=data.get))"),
    Kind(("Who has the least?", "Who is last?", "Which name has the lowest value?", "Whose value is the smallest?"), "data = {data}\nprint(min(data, key=data.get))"),
    Kind(("What is the highest value?", "What is the maximum?"), "data = {data}\nprint(max(data.values()))"),
    Kind(("What is the lowest value?", "What is the minimum?"), "data = {data}\nprint(min(data.values()))"),
    Kind(("What is the average?", "What is the mean?", "Compute the average.", "Find the mean of the values."), "data = {data}\nprint(sum(data.values()) / len(data))"),
    Kind(("What is the median?", "Find the median."), "import statistics\ndata = {data}\nprint(statistics.median(data.values()))"),
    Kind(("What is the total?", "Add them up.", "What is the sum?", "How much is it together?"), "data = {data}\nprint(sum(data.values()))"),
    Kind(("What is the difference between the highest and the lowest?", "By how much is the first ahead of the last?"), "data = {data}\nprint(max(data.values()) - min(data.values()))"),
    Kind(("Who is above {limit}?", "Who has more than {limit}?", "Which names are above {limit}?"), "data = {data}\nprint([name for name, value in data.items() if value > {limit}])"),
    Kind(("Who is below {limit}?", "Who has less than {limit}?"), "data = {data}\nprint([name for name, value in data.items() if value < {limit}])"),
    Kind(("How many are above {limit}?", "How many have more than {limit}?"), "data = {data}\nprint(sum(value > {limit} for value in data.values()))"),
    Kind(("How many are below {limit}?",), "data = {data}\nprint(sum(value < {limit} for value in data.values()))"),
    Kind(("Who is above the average?", "Which names are above the mean?"), "data = {data}\nmean = sum(data.values()) / len(data)\nprint([name for name, value in data.items() if value > mean])"),
    Kind(("Sort the names by value.", "Order the names from lowest to highest.", "List the names, smallest value first."), "data = {data}\nprint(sorted(data, key=data.get))"),
    Kind(("Rank them from highest to lowest.", "Order the names from highest to lowest.", "List the names, largest value first."), "data = {data}\nprint(sorted(data, key=data.get, reverse=True))"),
    Kind(("Sort the names alphabetically.",), "data = {data}\nprint(sorted(data))"),
    Kind(("Who is second?", "Who has the second most?"), "data = {data}\nprint(sorted(data, key=data.get)[-2])"),
    Kind(("How much more does {one} have than {two}?", "What is the difference between {one} and {two}?"), "data = {data}\nprint(data['{one}'] - data['{two}'])"),
    Kind(("How much do {one} and {two} have together?", "What is the sum of {one} and {two}?"), "data = {data}\nprint(data['{one}'] + data['{two}'])"),
    Kind(("What percentage of the total does {one} have?", "What is the share of {one} in percent?"), "data = {data}\nprint(data['{one}'] / sum(data.values()) * 100)"),
    Kind(("What is the value of {one}?", "How much does {one} have?"), "data = {data}\nprint(data['{one}'])"),
    Kind(("How many names are there?", "How many entries are that?"), "data = {data}\nprint(len(data))"),
    Kind(("What is the total without {one}?",), "data = {data}\nprint(sum(data.values()) - data['{one}'])"),
)  # fmt: skip
STORY_KINDS, TABLE_KINDS = len(_STORIES), len(_BASKET) + len(_TABLE)


def table_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """A few rows in the question: amounts with prices, or names with values."""
    if random.randrange(TABLE_KINDS) < len(_BASKET):
        items = random.sample((*_ITEMS, *_MORE_ITEMS), random.randint(2, 5))
        rows = [
            (item, random.randint(1, 20), round(random.uniform(0.2, 30), random.choice((0, 1, 2))))
            for item in items
        ]
        each = random.choice(
            (
                "{0} {1} at {2}",
                "{1} {0} at ${2}",
                "{1} {0} for ${2} each",
                "{0}: {1} x {2}",
                "{1} {0} at {2} dollars",
                "{0} ({1} at ${2})",
            )
        )
        said = _row(random, [each.format(*row) for row in rows])
        head = random.choice(
            ("I buy {}. ", "{}. ", "My list: {}. ", "{name} buys {}. ", "The order is {}. ")
        )
        asked = ask(random, _BASKET, {"rows": rows, "p": random.choice((5, 8, 10, 15, 19, 20, 25))})
    else:
        names = random.sample(
            random.choice((vocabulary.first_names, vocabulary.first_names, vocabulary.cities)),
            random.randint(2, 6),
        )
        points = random.sample(range(1, random.choice((20, 100, 1000))), len(names))
        data = dict(zip(names, points, strict=True))
        each = random.choice(
            ("{0}: {1}", "{0} {1}", "{0} has {1}", "{0} = {1}", "{0} ({1})", "{0} got {1}")
        )
        said = _row(random, [each.format(*row) for row in data.items()])
        title = random.choice(
            ("score", "points", "sales", "age", "weight", "height", "votes", "income")
        )
        head = random.choice(
            (
                "{}. ",
                f"{title.capitalize()}: {{}}. ",
                f"Here is the {title} of each: {{}}. ",
                "The results: {}. ",
                "Data: {}. ",
            )
        )
        one, two = random.sample(names, 2)
        limit = random.choice(points) - random.choice((0, 1, 3))
        asked = ask(
            random, _TABLE, {"data": data, "one": one, "two": two, "limit": limit, "h": title}
        )
    sentence = head.replace("{}", said).replace("{name}", random.choice(vocabulary.first_names))
    return replace(asked, request=sentence + asked.request)


def _row(random: Random, phrases: list[str]) -> str:
    """Phrases in a row, as people separate them."""
    mark = random.choice((", ", ", ", "; "))
    if random.random() < 0.4:
        return mark.join(phrases[:-1]) + " and " + phrases[-1]
    return mark.join(phrases)

"""Word problems, small tables in words, small programs."""

from random import Random

from demo_training.data.code.task import Task
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
        Task(random.choice((f"{n} has {a} {box} with {b} {i} each. How many {i} is that?", f"There are {b} {i} in each of {a} {box}. How many {i} are there in all?", f"{n} buys {a} {box} of {b} {i}. How many {i} does {n} have?")), f"print({a} * {b})", f"There are {{}} {i}."),
        Task(random.choice((f"{n} had {a + b} {i} and gave {b} to {m}. How many are left?", f"From {a + b} {i} {n} takes {b} away. How many remain?", f"{n} sold {b} of {a + b} {i}. How many are still there?")), f"print({a + b} - {b})", f"{{}} {i} are left."),
        Task(random.choice((f"{n} has {a} {i} and {m} has {b}. How many do they have together?", f"{n} finds {a} {i} and then {b} more. How many in total?", f"{n} had {a} {i} and bought {b} more. How many now?")), f"print({a} + {b})", f"Together it is {{}} {i}."),
        Task(random.choice((f"{n} has {a + b} {i} and {m} has {b}. How many more does {n} have?", f"How many more is {a + b} {i} than {b}?")), f"print({a + b} - {b})", f"{{}} {i} more."),
        Task(f"{n} buys {a} {i} for ${c} each and {b} more for ${c + 2} each. What is the total?", f"print({a} * {c} + {b} * {c + 2})", "The total is ${}."),
        Task(random.choice((f"A train travels {a * c} km in {c} hours. What is its average speed?", f"{n} drives {a * c} kilometers in {c} hours. How fast is that on average?")), f"print({a * c} / {c})", "The speed is {} km per hour."),
        Task(random.choice((f"A car drives {a} km per hour for {c} hours. How far does it go?", f"{n} walks at {c} km per hour for {b} hours. How far is that?")), random.choice((f"print({a} * {c})",)), "It is {} km."),
        Task(random.choice((f"{n} earns ${a} per hour and works {b} hours. How much money is that?", f"One ticket costs ${a}. What do {b} tickets cost?")), f"print({a} * {b})", "It is ${}."),
        Task(f"{n} pays with ${a + b} for something that costs ${b}. How much change does {n} get?", f"print({a + b} - {b})", "The change is ${}."),
        Task(f"{n} is {a} years old and {m} is {c} years older. How old is {m}?", f"print({a} + {c})", f"{m} is {{}} years old."),
        Task(f"A recipe for {c} people needs {b * c} grams of flour. How much is needed for {a} people?", f"print({b * c} / {c} * {a})", "It needs {} grams."),
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
        Task(f"{head}: {said}. Who has the most?", start + "print(max(data, key=data.get))", "It is {}."),
        Task(f"{head}: {said}. Who has the least?", start + "print(min(data, key=data.get))", "It is {}."),
        Task(f"{head}: {said}. What is the average?", start + "print(sum(data.values()) / len(data))", "The average is {}."),
        Task(f"{head}: {said}. What is the total?", start + "print(sum(data.values()))", "The total is {}."),
        Task(f"{head}: {said}. Who is above {limit}?", start + f"print([name for name, value in data.items() if value > {limit}])"),
        Task(f"{head}: {said}. Sort the names by value.", start + "print(sorted(data, key=data.get))"),
        Task(f"{head}: {said}. How many are above {limit}?", start + f"print(sum(value > {limit} for value in data.values()))"),
    ))  # fmt: skip


def chores(random: Random, vocabulary: Vocabulary) -> Task:
    """Small programs people ask for by what they print."""
    n, name = random.randint(3, 12), full_name(random, vocabulary)
    return random.choice((
        Task(f"Print the numbers from 1 to {n}.", f"print(*range(1, {n} + 1))", "{}"),
        Task(f"Print the multiplication table of {n} up to 5.", f"for i in range(1, 6):\n    print({n}, 'x', i, '=', {n} * i)", "{}"),
        Task(f"Print the squares of 1 to {n}.", f"print([i ** 2 for i in range(1, {n} + 1)])", "{}"),
        Task(f"Count down from {n} to 1.", f"print(*range({n}, 0, -1))", "{}"),
        Task(f"What are the initials of {name}?", f"print(''.join(part[0] for part in '{name}'.split()))", "The initials are {}."),
        Task(f"Say hello to {name} with python.", f"print('Hello, {name}!')", "{}"),
    ))  # fmt: skip

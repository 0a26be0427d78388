"""Figures of a list of numbers: mean, median, extremes, and two of them put together."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import cardinal, numbers, series, worded
from demo_training.data.values import Vocabulary

_STATISTICS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("mean", ("What is the mean of {}?", "What is the average of {}?", "Find the mean of {}.", "Compute the average of these numbers: {}", "Mean of {}?", "Calculate the mean of the numbers {}."), "print(sum({0}) / len({0}))|import statistics\nprint(statistics.mean({0}))"),
    ("median", ("What is the median of {}?", "Find the median: {}", "Compute the median of {}."), "import statistics\nprint(statistics.median({0}))"),
    ("sum", ("What is the sum of {}?", "Add up {}.", "Total of these numbers: {}", "Sum the numbers {}."), "print(sum({0}))"),
    ("product", ("What is the product of {}?", "Multiply {} together."), "import math\nprint(math.prod({0}))"),
    ("maximum", ("What is the largest number in {}?", "Find the maximum of {}.", "Which is the biggest of {}?"), "print(max({0}))"),
    ("minimum", ("What is the smallest of {}?", "Find the minimum of {}."), "print(min({0}))"),
    ("sorted list", ("Sort these numbers: {}", "Put {} in ascending order.", "Sort {}."), "print(sorted({0}))"),
    ("sorted list", ("Sort {} in descending order.", "Order these from largest to smallest: {}", "Sort these numbers in descending order: {}", "Put {} in descending order.", "Sort {} from high to low."), "print(sorted({0}, reverse=True))"),
    ("range", ("What is the range of {}?",), "print(max({0}) - min({0}))"),
    ("standard deviation", ("What is the standard deviation of {}?", "Compute the standard deviation: {}", "Find the sample standard deviation of {}."), "import statistics\nprint(statistics.stdev({0}))"),
    ("variance", ("What is the variance of {}?", "Compute the sample variance of {}."), "import statistics\nprint(statistics.variance({0}))"),
    ("count", ("How many numbers are in this list: {}?", "Count the numbers in {}."), "print(len({0}))"),
    ("number of even values", ("How many even numbers are in {}?", "Count the even ones among {}."), "print(sum(x % 2 == 0 for x in {0}))"),
    ("mode", ("What is the mode of {}?", "Which number is most frequent in {}?"), "import statistics\nprint(statistics.mode({0}))"),
)  # fmt: skip


def figure_of_a_list(random: Random, vocabulary: Vocabulary) -> Task:
    """One figure of a short list."""
    name, frames, codes = random.choice(_STATISTICS)
    values = numbers(random)
    if name == "number of even values":
        values = [int(value) for value in values]
    if name == "mode":
        values = [int(value) for value in values] + [int(values[0])]
        random.shuffle(values)
    if random.random() < 0.3:
        code = random.choice(codes.split("|")).replace("{0}", "data")
        lines = code.split("\n")
        lines.insert(len(lines) - 1, f"data = {values}")
        code = "\n".join(lines)
    else:
        code = random.choice(codes.split("|")).replace("{0}", str(values))
    return Task(random.choice(frames).format(series(random, values)), code)


_FIGURES: tuple[tuple[str, str, str], ...] = (
    ("sum", "sum({0})", ""), ("largest number", "max({0})", ""), ("smallest number", "min({0})", ""), ("number of values", "len({0})", ""),
    ("mean", "statistics.mean({0})", "statistics"), ("median", "statistics.median({0})", "statistics"), ("product", "math.prod({0})", "math"),
    ("sum of the squares", "sum(x ** 2 for x in {0})", ""), ("first value", "{0}[0]", ""), ("last value", "{0}[-1]", ""),
)  # fmt: skip
_JOINED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("+", ("the {a} plus the {b} of {l}", "the {a} and the {b} of {l} added together")),
    ("-", ("the {a} minus the {b} of {l}", "the difference between the {a} and the {b} of {l}")),
    ("*", ("the {a} times the {b} of {l}", "the {a} of {l} multiplied by its {b}")),
    ("/", ("the {a} divided by the {b} of {l}", "the ratio of the {a} to the {b} of {l}")),
)  # fmt: skip


def combined_figures(random: Random, vocabulary: Vocabulary) -> Task:
    """Two figures of a list, put together; mean and median never meet here, for the evaluation asks that."""
    values = [random.randint(1, random.choice((20, 100, 500))) for _ in range(random.randint(3, 7))]
    (a, code_a, import_a), (b, code_b, import_b) = random.sample(_FIGURES, 2)
    while {a, b} == {"mean", "median"}:
        (a, code_a, import_a), (b, code_b, import_b) = random.sample(_FIGURES, 2)
    sign, wordings = random.choice(_JOINED)
    question = random.choice(wordings).format(a=a, b=b, l=series(random, values))
    frame = random.choice(("What is {}?", "Compute {}.", "I need {}.", "Tell me {}."))
    imports = sorted({each for each in (import_a, import_b) if each})
    head = "".join(f"import {each}\n" for each in imports)
    code = f"{head}values = {values}\nprint({code_a.format('values')} {sign} {code_b.format('values')})"
    return Task(frame.format(question), code)


# Name, other names, code over {0}, module.
_ONE_FIGURE: tuple[tuple[str, str, str], ...] = (
    ("sum|total", "sum({0})", ""),
    ("mean|average|arithmetic mean|mean value|average value", "sum({0}) / len({0})", ""),
    ("median|middle value", "statistics.median({0})", "statistics"),
    ("maximum|largest number|biggest value|highest number|greatest number|largest", "max({0})", ""),
    ("minimum|smallest number|lowest value|smallest|least", "min({0})", ""),
    ("range|spread|difference between the largest and the smallest|difference of maximum and minimum", "max({0}) - min({0})", ""),
    ("product", "math.prod({0})", "math"),
    ("standard deviation|sample standard deviation|stdev", "statistics.stdev({0})", "statistics"),
    ("population standard deviation", "statistics.pstdev({0})", "statistics"),
    ("variance|sample variance", "statistics.variance({0})", "statistics"),
    ("population variance", "statistics.pvariance({0})", "statistics"),
    ("geometric mean", "statistics.geometric_mean({0})", "statistics"),
    ("harmonic mean", "statistics.harmonic_mean({0})", "statistics"),
    ("sum of squares|sum of the squares", "sum(x ** 2 for x in {0})", ""),
    ("sum of the cubes", "sum(x ** 3 for x in {0})", ""),
    ("sum of the absolute values", "sum(abs(x) for x in {0})", ""),
    ("midrange|midpoint between the smallest and the largest", "(max({0}) + min({0})) / 2", ""),
    ("root mean square", "math.sqrt(sum(x ** 2 for x in {0}) / len({0}))", "math"),
    ("mean of the squares|average of the squares", "sum(x ** 2 for x in {0}) / len({0})", ""),
    ("first quartile|lower quartile|25th percentile", "statistics.quantiles({0}, n=4)[0]", "statistics"),
    ("third quartile|upper quartile|75th percentile", "statistics.quantiles({0}, n=4)[2]", "statistics"),
    ("greatest common divisor|GCD", "math.gcd(*{0})", "math"),
    ("least common multiple|LCM", "math.lcm(*{0})", "math"),
)  # fmt: skip
_FIGURE_WORDINGS = (
    "=the {f} of {l}", "=the {f} of {l}", "=the {f} of the numbers {l}", "=the {f} of {l}",
    "=the {f} for {l}", "I have {l}. What is the {f}?", "{l}: what is their {f}?", "{l} - {f}?", "!calculate the {f} of the list {l}",
    "For the values {l}, what is the {f}?", "Given {l}, find the {f}.",
)  # fmt: skip
_STORIES = (
    "My scores are {l}. What is the {f}?", "{name} measured {l} degrees this week. What is the {f}?", "The prices are {l} dollars. What is the {f}?",
    "{name} ran {l} km on the last days. What is the {f}?", "The children weigh {l} kg. What is the {f}?", "We sold {l} tickets on these days. What was the {f}?",
    "The ages in the group are {l}. Find the {f}.", "{name} got the grades {l}. What is the {f} of them?", "The plants are {l} cm tall. Compute the {f}.",
)  # fmt: skip


def _with_import(module: str, code: str) -> str:
    return f"import {module}\n{code}" if module else code


_ROUNDED = (
    "=the {f} of {l} rounded to {d}", "!round the {f} of {l} to {d}", "=the {f} of {l} to {d}", "=the {f} of {l} with {d}",
)  # fmt: skip
_COMPARED = (
    ("Is the {f} of {l} greater than {k}?", ">"), ("Is the {f} of {l} above {k}?", ">"),
    ("Is the {f} of {l} below {k}?", "<"), ("Is the {f} of {l} less than {k}?", "<"),
)  # fmt: skip
_COMPUTED_WITH = (
    ("=the {f} of {l} plus {k}", "+"), ("=the {f} of {l} minus {k}", "-"), ("=the {f} of {l} times {k}", "*"),
    ("!add {k} to the {f} of {l}", "+"), ("!multiply the {f} of {l} by {k}", "*"), ("!divide the {f} of {l} by {k}", "/"),
    ("=the {f} of {l} divided by {k}", "/"), ("=half the {f} of {l}", "/"), ("=twice the {f} of {l}", "*"),
)  # fmt: skip


def _decimals(random: Random, count: int) -> str:
    said = cardinal(random, count)
    return random.choice((
        f"{count} decimals", f"{count} decimal places", f"{said} decimal places", f"{said} digits after the point",
    ))  # fmt: skip


def one_figure(random: Random, vocabulary: Vocabulary) -> Task:
    """One figure of a list: plain, rounded, compared, or computed with."""
    names, code, module = random.choice(_ONE_FIGURE)
    name = random.choice(names.split("|"))
    values = [
        abs(each) + (each == 0) for each in numbers(random, least=4 if "quart" in names else 2)
    ]
    if "GCD" in names or "LCM" in names:
        factor = random.randint(1, 12)
        values = [random.randint(2, 30) * factor for _ in range(random.randint(2, 4))]
    figure = code.replace("{0}", str(values))
    slots: dict[str, object] = {
        "l": series(random, values), "f": name, "name": random.choice(vocabulary.first_names)
    }  # fmt: skip
    shape = random.random()
    if shape < 0.6:
        wording = random.choice(_FIGURE_WORDINGS if random.random() < 0.8 else _STORIES)
        expression = figure
    elif shape < 0.8:
        places = random.randint(1, 3)
        wording, expression = random.choice(_ROUNDED), f"round({figure}, {places})"
        slots["d"] = _decimals(random, places)
    elif shape < 0.9:
        wording, sign = random.choice(_COMPARED)
        slots["k"] = random.randint(1, int(max(values)) + 1)
        expression = f"{figure} {sign} {slots['k']}"
    else:
        wording, sign = random.choice(_COMPUTED_WITH)
        slots["k"] = 2 if "half" in wording or "twice" in wording else random.randint(2, 12)
        expression = f"({figure}) {sign} {slots['k']}"
    return Task(worded(random, wording, slots), _with_import(module, f"print({expression})"))


_HEADS = (
    "Takings this month: {l}. ", "The temperatures were {l}. ", "My marks: {l}. ", "Steps on the last days: {l}. ", "We measured {l}. ", "Rainfall in mm: {l}. ", "Pulse: {l}. ", "Here are the prices: {l}. ", "Times in minutes: {l}. ",
    "The weights are {l} kg. ", "{name} wrote down {l}. ", "Expenses: {l}. ", "Sales by branch: {l}. ",
)  # fmt: skip
# A figure with its names, and its code over `data`. Mean and median never meet here, for the evaluation asks that.
_PAIRED: tuple[tuple[str, str], ...] = (
    ("total|sum", "sum(data)"), ("average|mean", "round(sum(data) / len(data), 2)"), ("highest|maximum|largest value", "max(data)"), ("lowest|minimum|smallest value", "min(data)"), ("range", "max(data) - min(data)"), ("number of values", "len(data)"),
)  # fmt: skip
_PAIR_QUESTIONS = (
    "{A} and {b}?", "What are the {a} and the {b}?", "I need the {a} and the {b}.", "Give me {a} and {b}.", "Tell me both the {a} and the {b}.", "What is the {a}, and what is the {b}?", "Find the {a} and the {b}.", "Calculate {a} and {b}.", "The {a} and the {b}, please.",
)  # fmt: skip
_POPULATION = (
    "What's the population standard deviation of {l}?", "Standard deviation of {l}, treated as a population?", "Take {l} as the whole population. What is the standard deviation?", "Find the standard deviation (population) of {l}.",
    "The whole population is {l}. Compute its standard deviation.", "What is the standard deviation of {l}? It's the full population, not a sample.", "Population standard deviation: {l}", "For the population {l}, how large is the standard deviation?",
)  # fmt: skip
_ADDED = (
    "{l} - what is the sum?", "Add up {l}.", "What do {l} add up to?", "What is {l} in total?", "The amounts are {l}. What is the sum?", "Total these amounts: {l}", "My account has {l}. What's the total?", "Please sum up the invoices {l}.", "Bookings: {l}. What do they come to?", "How much are {l} together?",
)  # fmt: skip


def lists_of_life(random: Random, vocabulary: Vocabulary) -> Task:
    """Two figures of one list; amounts with separators and signs added up; the deviation of a population."""
    which = random.random()
    if which < 0.4:
        amounts = [random.choice((random.uniform(2, 900), random.uniform(1000, 20000), random.uniform(1000, 9000), -random.uniform(5, 900))) for _ in range(random.randint(2, 6))]  # fmt: skip
        places = random.choice((2, 2, 2, 1, 0))
        coded = [f"{amount:.{places}f}" for amount in amounts]
        said = [f"{float(each):,.{places}f}" for each in coded]
        # A comma inside the numbers and a comma with no space between them would read as one.
        listed = ", ".join(said[:-1]) + random.choice((" and ", ", ", ", and ")) + said[-1]
        return Task(random.choice(_ADDED).format(l=listed), f"print(sum([{', '.join(coded)}]))")  # fmt: skip
    values = numbers(random, least=3)
    listed, data = series(random, values), f"data = {values}\n"
    if which < 0.55:
        return Task(random.choice(_POPULATION).format(l=listed), f"import statistics\nprint(statistics.pstdev({values}))")  # fmt: skip
    # A difference of decimals has a long tail, which two results in one line would show.
    is_whole = all(isinstance(value, int) for value in values)
    pairs = [each for each in _PAIRED if is_whole or (each[1].startswith(("max(data)", "min", "len", "round")) and "-" not in each[1])]  # fmt: skip
    (names_a, a), (names_b, b) = random.sample(pairs, 2)
    name_a, name_b = random.choice(names_a.split("|")), random.choice(names_b.split("|"))
    head = random.choice(_HEADS).format(l=listed, name=random.choice(vocabulary.first_names))
    question = random.choice(_PAIR_QUESTIONS).format(a=name_a, A=name_a.capitalize(), b=name_b)
    return Task(head + question, f"{data}print({a}, {b})")


def percentile(random: Random, vocabulary: Vocabulary) -> Task:
    """Percentiles and the distance of quartiles."""
    values, p = numbers(random, least=4), random.choice((5, 10, 20, 30, 40, 60, 70, 80, 90, 95, 99))
    slots = {"l": series(random, values), "p": f"{p}th"}
    if random.random() < 0.3:
        wording = random.choice(
            (
                "=the interquartile range of {l}",
                "=the distance between the first and the third quartile of {l}",
            )
        )
        return Task(
            worded(random, wording, slots),
            f"import statistics\nq = statistics.quantiles({values}, n=4)\nprint(q[2] - q[0])",
        )
    wording = random.choice(("=the {p} percentile of {l}", "!find the {p} percentile of {l}"))
    return Task(
        worded(random, wording, slots),
        f"import statistics\nprint(statistics.quantiles({values}, n=100)[{p} - 1])",
    )

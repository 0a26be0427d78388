"""Formulas of daily life: body mass, loans, ratios, fractions, small matrices, counts of words, times with am and pm."""

from datetime import datetime, timedelta
from random import Random

from demo_training.data.code.phrases import written
from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask, series
from demo_training.data.values import Vocabulary

_AM_PM = "from datetime import datetime{more}\na = datetime.strptime('{ta}', '%I:%M %p')\n"
_KINDS: tuple[Kind, ...] = (
    Kind(("=the BMI of somebody who weighs {kg} kg and is {m} m tall", "{name} weighs {kg} kg and is {m} m tall. What is the BMI?", "My weight is {kg} kg, my height {m} meters. What's my body mass index?", "!calculate the body mass index for {kg} kg and {m} m"), "print({kg} / {m} ** 2)"),
    Kind(("=the monthly payment for a loan of ${x} at {q}% per year over {n} years", "{name} borrows ${x} at {q}% a year for {n} years. How much is the monthly payment?", "A mortgage of {x} dollars runs {n} years at {q}% interest. What is paid each month?"), "r = {q} / 100 / 12\nprint({x} * r / (1 - (1 + r) ** -({n} * 12)))"),
    Kind(("!split {x} in the ratio {a} to {b}", "!divide ${x} in the ratio {a}:{b}", "{name} and a friend share {x} dollars {a} to {b}. How much does each get?"), "print({x} * {a} / ({a} + {b}), {x} * {b} / ({a} + {b}))"),
    Kind(("={a}/{b} as a decimal", "!convert {a}/{b} to a decimal number", "!write the fraction {a}/{b} as a decimal"), "print({a} / {b})"),
    Kind(("=a commission of {q}% on ${x}", "{name} sells a house for ${x} and gets {q}% commission. How much is that?", "How much commission is {q}% of ${x}?"), "print({x} * {q} / 100)"),
    Kind(("A town has {x} inhabitants on {n} square kilometers. What is its density?", "=the population density of {x} people on {n} square km"), "print({x} / {n})"),
    Kind(("{name} runs {n} km in {x2} minutes. What is the pace per km?", "=the pace for {n} km in {x2} minutes", "How many minutes per kilometer are {n} km in {x2} minutes?"), "print({x2} / {n})"),
    Kind(("A {thing} costs ${a} to make and is sold for ${ab}. What is the profit margin in percent?", "=the margin in percent when something that costs ${a} is sold for ${ab}"), "print(({ab} - {a}) / {ab} * 100)"),
    Kind(("How many different words are in {s}?", "=the number of unique words in {s}", "!count the distinct words in {s}"), "print(len(set({t}.split())))"),
    Kind(("How often does each word occur in {s}?", "=the word frequency of {s}", "!count every word of {s}"), "from collections import Counter\nprint(dict(Counter({t}.split())))"),
    Kind(("!write {x} in scientific notation", "={x} in scientific notation"), "print(f'{{{x}:e}}')"),
    Kind(("=the determinant of {mat}", "!compute the determinant of the matrix {mat}"), "m = {mat}\nprint(m[0][0] * m[1][1] - m[0][1] * m[1][0])"),
    Kind(("=the transpose of {mat}", "!transpose the matrix {mat}"), "print([list(row) for row in zip(*{mat})])"),
    Kind(("=the product of the matrices {mat} and {mat2}", "!multiply the matrices {mat} and {mat2}"), "print([[sum(x * y for x, y in zip(row, column)) for column in zip(*{mat2})] for row in {mat}])"),
    Kind(("=the z-score of {x2} when the mean is {n} and the standard deviation is {b}", "How many standard deviations of {b} is {x2} from the mean {n}?"), "print(({x2} - {n}) / {b})"),
    Kind(("How many dozen are {x}?", "={x} in dozens"), "print({x} / 12)"),
    Kind(("!simplify the ratio {a} to {b}", "=the ratio {a}:{b} in lowest terms"), "import math\ng = math.gcd({a}, {b})\nprint({a} // g, ':', {b} // g)"),
    Kind(("=the sum of the prime numbers below {hundred}", "!add up all primes below {hundred}", "=the sum of all primes under {hundred}"), "print(sum(x for x in range(2, {hundred}) if all(x % i for i in range(2, int(x ** 0.5) + 1))))"),
    Kind(("{name} scored {l} in the tests. What is the mean without the lowest?", "=the average of {l} without the smallest"), "values = sorted({v})[1:]\nprint(sum(values) / len(values))"),
    Kind(("How many minutes are there between {ca} and {cb}?", "From {ca} to {cb}, how many minutes is that?", "{name} works from {ca} to {cb}. How many minutes is that?", "A class goes from {ca} until {cb}. How many minutes does it take?"), _AM_PM.replace("{more}", "") + "b = datetime.strptime('{tb}', '%I:%M %p')\nprint((b - a).seconds // 60)", weight=3),
    Kind(("How many hours are there between {ca} and {cb}?", "{name} works from {ca} to {cb}. How many hours is that?", "The shop opens at {ca} and closes at {cb}. How many hours is it open?"), _AM_PM.replace("{more}", "") + "b = datetime.strptime('{tb}', '%I:%M %p')\nprint((b - a).seconds / 3600)", weight=2),
    Kind(("What time is it {n2} minutes after {ca}?", "A film starts at {ca} and lasts {n2} minutes. When does it end?", "{name} leaves at {ca} and needs {n2} minutes. When is that?"), _AM_PM.replace("{more}", ", timedelta") + "print((a + timedelta(minutes={n2})).strftime('%I:%M %p'))", weight=3),
    Kind(("What time is it {h} hours after {ca}?", "It is {ca}. What time is it in {h} hours?", "If it is {ca} here, what time is it {h} hours further east?"), _AM_PM.replace("{more}", ", timedelta") + "print((a + timedelta(hours={h})).strftime('%I:%M %p'))", weight=2),
)  # fmt: skip
FORMULA_KINDS = int(sum(kind.weight for kind in _KINDS))


def formulas(random: Random, vocabulary: Vocabulary) -> Task:
    """A question of one of the kinds above."""
    text = written(random, vocabulary)
    start = datetime(2000, 1, 1) + timedelta(minutes=5 * random.randint(72, 200))
    end = start + timedelta(minutes=5 * random.randint(1, 80))
    said_times, coded_times = [], []
    for time in (start, end):
        coded = time.strftime("%I:%M %p").removeprefix("0")
        coded_times.append(coded)
        said_times.append(random.choice((coded, coded.lower(), coded.lower().replace(" ", ""))))
    a, b = random.randint(2, 60), random.randint(2, 40)
    values = [random.randint(20, 100) for _ in range(random.randint(3, 7))]
    matrix, matrix2 = ([[random.randint(0, 9) for _ in range(2)] for _ in range(2)] for _ in range(2))  # fmt: skip
    x = random.choice((random.randint(60, 999), random.randint(1, 90) * 1000, random.randint(1000, 99999)))  # fmt: skip
    slots: dict[str, object] = {
        "kg": random.randint(45, 120), "m": round(random.uniform(1.45, 2.05), 2), "name": random.choice(vocabulary.first_names), "x": x,
        "x2": random.randint(20, 300), "q": random.choice((2, 3, 4, 5, 2.5, 3.5, 6)), "n": random.randint(2, 30), "n2": random.randint(5, 240),
        "a": a, "b": b, "ab": a + b, "thing": random.choice(vocabulary.things), "s": f'"{text}"', "t": repr(text), "mat": matrix, "mat2": matrix2,
        "hundred": random.choice((20, 50, 100, 100, 200, 1000)), "l": series(random, values), "v": values, "h": random.randint(2, 11),
        "ca": said_times[0], "cb": said_times[1], "ta": coded_times[0], "tb": coded_times[1],
    }  # fmt: skip
    return ask(random, _KINDS, slots)

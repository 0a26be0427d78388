"""Units in two parts (5 feet 11 inches, 3 days and 4 hours), back into parts, and factors that are given or must be known.

Whether to multiply or to divide is what goes wrong: both directions of every factor are asked as often.
"""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised

# Larger unit, smaller unit, how many of these are one of those.
_PARTS = (
    ("feet|foot|ft|'", "inches|inch|in|\"", 12), ("pounds|lb|lbs", "ounces|oz", 16), ("hours|h|hr", "minutes|min", 60), ("minutes|min", "seconds|s|sec", 60), ("days", "hours|h", 24), ("weeks", "days", 7), ("years", "months", 12), ("meters|m", "centimeters|cm", 100),
    ("kilometers|km", "meters|m", 1000), ("kilograms|kg", "grams|g", 1000), ("liters|l", "milliliters|ml", 1000), ("gallons", "pints", 8), ("stone", "pounds", 14), ("dollars", "cents", 100), ("euros", "cents", 100), ("dozen", "pieces", 12), ("yards", "feet", 3),
)  # fmt: skip
# A third unit behind the smaller one: larger, smaller, target, factors: larger to smaller, smaller to target.
_ONWARDS = (
    ("feet|ft", "inches|in", "centimeters|cm", 12, "* 2.54"), ("feet|ft", "inches|in", "centimeters|cm", 12, "* 2.54"), ("feet|ft", "inches", "meters|m", 12, "* 2.54 / 100"), ("days", "hours", "seconds", 24, "* 3600"), ("days", "hours", "minutes", 24, "* 60"), ("weeks", "days", "hours", 7, "* 24"),
    ("hours", "minutes", "seconds", 60, "* 60"), ("pounds|lbs", "ounces|oz", "grams", 16, "* 28.35"), ("stone", "pounds", "kilograms|kg", 14, "* 0.4536"), ("days", "hours", "weeks", 24, "/ 168"), ("hours", "minutes", "days", 60, "/ 1440"),
)  # fmt: skip
_TO_ONE = (
    "How many {t} are {x}?", "How many {t} is {x}?", "What is {x} in {t}?", "Convert {x} to {t}.", "{x} in {t}?", "How many {t} are there in {x}?", "Express {x} in {t}.", "How much is {x} in {t}?", "I need {x} in {t}.", "{n} says {x}. How many {t} is that?", "Turn {x} into {t}.", "how many {t} in {x}",
)  # fmt: skip
_TO_PARTS = (
    "How many {a} and {b} are {x} {s}?", "Convert {x} {s} to {a} and {b}.", "What is {x} {s} in {a} and {b}?", "{x} {s} in {a} and {b}?", "Write {x} {s} as {a} and {b}.", "Express {x} {s} in {a} and {b}.", "{x} {s}: how many {a} and {b} is that?", "Split {x} {s} into {a} and {b}.",
)  # fmt: skip
_TENSES = (
    ("hours", "minutes", 60, "{t} in hours as a decimal number?|How many hours is {t}, as a decimal?|Write {t} as decimal hours.|{t} in decimal hours?"),
    ("minutes", "seconds", 60, "{t} in minutes as a decimal number?|Write {t} as decimal minutes.|How many minutes is {t}, as a decimal?"),
    ("degrees", "minutes", 60, "An angle of {t}: what is that in decimal degrees?|Write {t} in decimal degrees."),
)  # fmt: skip
# What is worth how much, in real and made-up units: larger, smaller, lowest and highest factor.
_FACTORS = (
    ("mile", "miles", "km", 1.609), ("pound", "pounds", "kg", 0.454), ("inch", "inches", "cm", 2.54), ("ounce", "ounces", "grams", 28.35), ("gallon", "gallons", "liters", 3.785), ("foot", "feet", "meters", 0.305), ("yard", "yards", "meters", 0.914), ("acre", "acres", "square meters", 4047), ("cup", "cups", "ml", 240),
    ("nautical mile", "nautical miles", "km", 1.852), ("pint", "pints", "ml", 473), ("stone", "stone", "kg", 6.35), ("light-year", "light-years", "parsecs", 0.307), ("horsepower", "horsepower", "kilowatts", 0.746), ("barrel", "barrels", "liters", 159), ("carat", "carats", "grams", 0.2),
    ("tablespoon", "tablespoons", "ml", 15), ("teaspoon", "teaspoons", "ml", 5), ("calorie", "calories", "joules", 4.184), ("gold piece", "gold pieces", "silver coins", 12), ("euro", "euros", "dollars", 1.08), ("dollar", "dollars", "euros", 0.92), ("pound", "pounds", "dollars", 1.27), ("dollar", "dollars", "yen", 151), ("franc", "francs", "euros", 1.05), ("euro", "euros", "crowns", 11.4), ("dollar", "dollars", "yuan", 7.2), ("dollar", "dollars", "pesos", 17.5),
)  # fmt: skip
_RATED = ("euro", "dollar", "franc", "gold piece", "cup")  # is not worth the same every day
_GIVEN = (
    "{q} (1 {a} = {f} {b})", "{q} (one {a} is {f} {b})", "1 {a} is {f} {b}. {q}", "One {a} equals {f} {b}. {q}", "{q} 1 {a} is {f} {b}.", "If 1 {a} = {f} {b}, {r}", "If one {a} is {f} {b}, {r}", "There are {f} {b} in one {a}. {q}", "{q} Use {f} {b} per {a}.", "With {f} {b} to the {a}, {r}",
)  # fmt: skip
_HOW_MANY = (
    "how many {t} are {x} {s}?", "how many {t} is {x} {s}?", "what is {x} {s} in {t}?", "how many {t} do {x} {s} make?", "how many {t} do I get for {x} {s}?", "convert {x} {s} to {t}.", "{x} {s} is how many {t}?", "how much is {x} {s} in {t}?",
)  # fmt: skip
_TOLD = ("The trip is {x} {s}. How many {t} is that?", "A recipe needs {x} {s}. How many {t} is that?", "The parcel is {x} {s}. How much is that in {t}?", "{n} has {x} {s}. How many {t} is that?", "I have {x} {s}. What is that in {t}?")  # fmt: skip
# Factors everybody uses: unit, other, code.
_KNOWN = (
    ("m/s", "km/h", "{x} * 3.6"), ("km/h", "m/s", "{x} / 3.6"), ("meters per second", "km per hour", "{x} * 3.6"), ("km per hour", "meters per second", "{x} / 3.6"), ("miles|mi", "kilometers|km", "{x} * 1.609"), ("kilometers|km", "miles", "{x} / 1.609"), ("inches|in", "cm|centimeters", "{x} * 2.54"), ("cm|centimeters", "inches", "{x} / 2.54"),
    ("pounds|lbs", "kg|kilograms", "{x} * 0.4536"), ("kg|kilograms", "pounds|lbs", "{x} / 0.4536"), ("feet|ft", "meters|m", "{x} * 0.3048"), ("meters|m", "feet", "{x} / 0.3048"), ("°F|Fahrenheit|degrees Fahrenheit", "°C|Celsius", "({x} - 32) * 5 / 9"), ("°C|Celsius|degrees Celsius", "°F|Fahrenheit", "{x} * 9 / 5 + 32"),
    ("gallons", "liters", "{x} * 3.785"), ("liters", "gallons", "{x} / 3.785"), ("ounces|oz", "grams|g", "{x} * 28.35"), ("grams|g", "ounces", "{x} / 28.35"), ("mph", "km/h", "{x} * 1.609"), ("km/h", "mph", "{x} / 1.609"), ("hours", "minutes", "{x} * 60"), ("days", "minutes", "{x} * 24 * 60"), ("days", "seconds", "{x} * 24 * 3600"), ("weeks", "hours", "{x} * 7 * 24"), ("years of 365 days", "hours", "{x} * 365 * 24"), ("hours", "seconds", "{x} * 3600"), ("minutes", "hours", "{x} / 60"), ("seconds", "minutes", "{x} / 60"), ("hours", "days", "{x} / 24"),
    ("km", "m", "{x} * 1000"), ("m", "km", "{x} / 1000"), ("m", "cm", "{x} * 100"), ("cm", "m", "{x} / 100"), ("mm", "cm", "{x} / 10"), ("kg", "g", "{x} * 1000"), ("g", "kg", "{x} / 1000"), ("mg", "g", "{x} / 1000"), ("tons", "kg", "{x} * 1000"), ("liters", "ml", "{x} * 1000"), ("ml", "liters", "{x} / 1000"), ("square meters", "square centimeters", "{x} * 10000"), ("hectares", "square meters", "{x} * 10000"), ("cubic meters", "liters", "{x} * 1000"), ("GB", "MB", "{x} * 1024"), ("MB", "GB", "{x} / 1024"), ("dozen", "pieces", "{x} * 12"),
)  # fmt: skip


def _one(random: Random, names: str) -> str:
    return random.choice(names.split("|"))


def _amount(random: Random) -> str:
    """A number as code: small, larger, or with a decimal."""
    return random.choice((str(random.randint(2, 40)), str(random.randint(2, 40)), str(random.randint(20, 900)), f"{random.uniform(1, 99):.1f}", f"{random.uniform(1, 60):.2f}", str(random.randint(1, 90) * 10)))  # fmt: skip


def _two(random: Random, x: int, a: str, y: int, b: str) -> str:
    """An amount in two units, as people write it."""
    if a == "'":
        return f"{x}'{y}\""
    space_a, space_b = ("" if len(unit) == 1 and random.random() < 0.5 else " " for unit in (a, b))
    a = a.removesuffix("s") if x == 1 and a != "s" else a
    b = b.removesuffix("s") if y == 1 and b != "s" else b
    middle = random.choice((" ", " and ", " and ", ", ") if len(b) > 2 else (" ", " ", " and "))
    said = str(x) if space_a == "" or len(a) < 3 else said_number(random, x)
    return f"{said}{space_a}{a}{middle}{y}{space_b}{b}"


def two_parts(random: Random, vocabulary: Vocabulary) -> Task:
    """An amount in two units as one, and one as two."""
    which = random.random()
    x = random.randint(1, random.choice((6, 20)))
    slots = {"n": random.choice(vocabulary.first_names)}
    if which < 0.35:
        larger, smaller, target, factor, onwards = random.choice(_ONWARDS)
        y = random.randint(1, factor - 1)
        text = _two(random, x, _one(random, larger), y, _one(random, smaller))
        name, unit = smaller.split("|")[0], _one(random, target)
        code = f"{name} = {x} * {factor} + {y}\nprint({name} {onwards})"
    elif which < 0.65:
        larger, smaller, factor = random.choice(_PARTS)
        y = random.randint(1, factor - 1)
        a, b = (("'", '"') if "'" in larger and random.random() < 0.2 else (_one(random, larger.removesuffix("|'").removesuffix("|foot")), _one(random, smaller.removesuffix('|"').removesuffix("|inch"))))  # fmt: skip
        text, unit = _two(random, x, a, y, b), smaller.split("|")[0]
        code = f"print({x} * {factor} + {y})"
    elif which < 0.75:
        larger, smaller, factor, wordings = random.choice(_TENSES)
        y = random.randint(1, 11) * 5
        request = _one(random, wordings).format(t=_two(random, x, larger, y, smaller))
        return Task(capitalised(request), f"print({x} + {y} / {factor})")
    else:
        return _into_parts(random)
    request = random.choice(_TO_ONE).format(x=text, t=unit, **slots)
    return Task(capitalised(request), code)


def _into_parts(random: Random) -> Task:
    """One unit as two or three."""
    if random.random() < 0.3:
        total = random.randint(3700, 90000)
        request = random.choice((f"Convert {total} seconds to hours, minutes and seconds.", f"What is {total} seconds in hours, minutes and seconds?", f"{total} seconds as h:m:s?", f"How many hours, minutes and seconds are {total} seconds?", f"Write {total} seconds in hours, minutes and seconds."))  # fmt: skip
        code = f"hours = {total} // 3600\nminutes = {total} % 3600 // 60\nseconds = {total} % 60\nprint(hours, 'hours', minutes, 'minutes', seconds, 'seconds')"
        return Task(request, code)
    larger, smaller, factor = random.choice(_PARTS)
    a, b = larger.split("|")[0], smaller.split("|")[0]
    total = random.randint(factor + 1, factor * random.choice((8, 30)))
    request = random.choice(_TO_PARTS).format(a=a, b=b, x=total, s=b)
    code = f"print({total} // {factor}, '{a}', {total} % {factor}, '{b}')"
    return Task(request, code)


def factors(random: Random, vocabulary: Vocabulary) -> Task:
    """A factor that is told in the question, in either direction; factors everybody uses."""
    x, name = _amount(random), random.choice(vocabulary.first_names)
    if random.random() < 0.45:
        source, target, code = random.choice(_KNOWN)
        a, b = _one(random, source), _one(random, target)
        question = random.choice((*_HOW_MANY, "{x} {s} in {t}?", "{x} {s} in {t}", "{x} {s} to {t}"))  # fmt: skip
        request = capitalised(question.format(x=x, s=a, t=b))
        return Task(request.replace(f"{x} °", f"{x}°"), f"print({code.format(x=x)})")  # fmt: skip
    one, several, other, factor = random.choice(_FACTORS)
    is_multiplied = random.random() < 0.5
    if one in _RATED and random.random() < 0.8:
        factor = round(factor * random.uniform(0.85, 1.15), 2 if factor < 50 else 0)
    given = str(int(factor)) if factor == int(factor) else str(factor)
    source, target = (several, other) if is_multiplied else (other, several)
    frame = random.choice(_GIVEN)
    wordings = _HOW_MANY if "{r}" in frame or random.random() < 0.7 else _TOLD
    question = random.choice(wordings).format(x=x, s=source, t=target, n=name)
    request = frame.format(q=capitalised(question), r=question, a=one, b=other, f=given)
    code = f"print({x} {'*' if is_multiplied else '/'} {given})"
    return Task(request, code)

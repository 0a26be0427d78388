"""Arithmetic, powers and percentages."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask, number_text
from demo_training.data.values import Vocabulary


def arithmetic(random: Random, vocabulary: Vocabulary) -> Task:
    """Two numbers and a sign, in figures or in words."""
    size = random.random()
    if size < 0.4:
        a, b = random.randint(2, 99), random.randint(2, 99)
    elif size < 0.75:
        a, b = random.randint(10, 9999), random.randint(2, 9999)
    else:
        a, b = round(random.uniform(1, 99), random.choice((1, 2))), round(random.uniform(1, 99), 1)  # type: ignore[assignment]
    if random.random() < 0.1:
        a = -a
    sign = random.choice("+-**/")
    wordings = {
        "+": ("{a} + {b}", "{a} plus {b}", "the sum of {a} and {b}", "{a}+{b}", "{a} added to {b}"),
        "-": ("{a} - {b}", "{a} minus {b}", "the difference between {a} and {b}", "{a}-{b}"),
        "*": (
            "{a} * {b}",
            "{a} times {b}",
            "{a} multiplied by {b}",
            "the product of {a} and {b}",
            "{a} x {b}",
            "{a}*{b}",
        ),
        "/": ("{a} / {b}", "{a} divided by {b}", "{a}/{b}"),
    }[sign]
    expression = random.choice(wordings).format(a=number_text(random, a), b=number_text(random, b))
    frames = (
        "What is {}?", "What is {}?", "Calculate {}.", "Compute {}.", "{} = ?", "How much is {}?", "what's {}",
        "Can you work out {}?", "Evaluate {}.", "Tell me {}.", "Give me the value of {}.", "I need to know {}.",
    )  # fmt: skip
    sentence = random.choice(frames).format(expression)
    return Task(sentence, f"print({a} {sign} {b})")


def expression(random: Random, vocabulary: Vocabulary) -> Task:
    """Several signs, brackets."""
    values = [random.randint(2, 99) for _ in range(random.choice((3, 3, 4)))]
    signs = [random.choice("+-*") for _ in values[1:]]
    if random.random() < 0.45:
        text = f"({values[0]} {signs[0]} {values[1]})"
        rest = zip(signs[1:], values[2:], strict=True)
    else:
        text = str(values[0])
        rest = zip(signs, values[1:], strict=True)
    text += "".join(f" {sign} {value}" for sign, value in rest)
    return Task(
        random.choice(
            ("What is {}?", "Calculate {}.", "Evaluate {}.", "Compute {}", "How much is {}?")
        ).format(text),
        f"print({text})",
    )


def powers(random: Random, vocabulary: Vocabulary) -> Task:
    """Powers and roots."""
    a, b = random.randint(2, 30), random.randint(2, 12)
    square = random.choice((random.randint(2, 99) ** 2, random.randint(2, 9999)))
    return random.choice((
        Task(random.choice((f"What is {a} to the power of {b}?", f"Calculate {a}^{b}.", f"{a} ** {b}", f"Raise {a} to the power {b}.")), f"print({a} ** {b})"),
        Task(random.choice((f"What is the square root of {square}?", f"Find sqrt({square}).", f"square root of {square}")), f"import math\nprint(math.sqrt({square}))"),
        Task(random.choice((f"What is {a} squared?", f"Compute the square of {a}.")), f"print({a} ** 2)"),
        Task(random.choice((f"What is {a} cubed?", f"What is the cube of {a}?")), f"print({a} ** 3)"),
    ))  # fmt: skip


def percentages(random: Random, vocabulary: Vocabulary) -> Task:
    """Percent, discount, tax, tip, change in percent."""
    rate, whole = (
        random.choice((5, 7, 8, 10, 12, 15, 18, 20, 25, 30, 35, 40, 60, 75)),
        random.randint(10, 5000),
    )
    part, thing = random.randint(2, whole), random.choice(vocabulary.things)
    return random.choice((
        Task(random.choice((f"What is {rate}% of {whole}?", f"Calculate {rate} percent of {whole}.", f"How much is {rate}% of {whole}?", f"{rate}% of {whole}")), f"print({whole} * {rate} / 100)"),
        Task(random.choice((f"A {thing} costs ${whole} and is {rate}% off. What is the final price?", f"What do I pay for a {thing} at ${whole} with a {rate}% discount?")), f"print({whole} * (100 - {rate}) / 100)"),
        Task(random.choice((f"A {thing} costs ${whole} plus {rate}% tax. What is the total?", f"What is the price of a ${whole} {thing} with {rate}% sales tax?")), f"print({whole} * (100 + {rate}) / 100)"),
        Task(random.choice((f"The bill is ${whole}. How much is a {rate}% tip?", f"I want to tip {rate}% on {whole} dollars. How much is that?")), f"print({whole} * {rate} / 100)"),
        Task(random.choice((f"What percent of {whole} is {part}?", f"{part} is what percentage of {whole}?")), f"print({part} / {whole} * 100)"),
        Task(f"A price rises from {part} to {whole}. By how many percent?", f"print(({whole} - {part}) / {part} * 100)"),
    ))  # fmt: skip


_MONEY: tuple[Kind, ...] = (
    Kind(("={p}% of {x}", "={p} percent of {x}", "How much is {p}% of {x}?", "=a share of {p}% of {x}", "!take {p}% of {x}", "{p}% of {x} is how much?", "A class has {x} children and {p}% walk to school. How many is that?"), "print({x} * {p} / 100)", weight=4),
    Kind(("What percent of {x} is {y}?", "What percentage of {x} is {y}?", "{y} is what percent of {x}?", "{y} out of {x}: what percentage is that?", "=the share of {y} in {x} in percent", "How many percent of {x} are {y}?", "{name} got {y} of {x} points. What percentage is that?", "{y} of {x} people said yes. How many percent is that?"), "print({y} / {x} * 100)", weight=4),
    Kind(("!increase {x} by {p}%", "={x} plus {p}%", "={x} increased by {p} percent", "What do you get when {x} is increased by {p}%?", "!add {p}% to {x}", "A rent of {x} dollars goes up by {p}%. What is the new rent?", "{name} earns ${x} and gets {p}% more. What is the new pay?"), "print({x} * (100 + {p}) / 100)", weight=2),
    Kind(("!decrease {x} by {p}%", "={x} minus {p}%", "={x} reduced by {p} percent", "!reduce {x} by {p}%", "!take {p}% off {x}", "What is left of {x} after a cut of {p}%?", "A town of {x} people loses {p}% of them. How many are left?"), "print({x} * (100 - {p}) / 100)"),
    Kind(("=the price of a ${x} {thing} after a {p}% discount", "A {thing} of ${x} is reduced by {p}%. What does it cost now?", "How much do I pay for a ${x} {thing} at {p}% off?", "A {thing} is ${x}. With a coupon for {p}%, what is the price?", "=the sale price of a {thing} at ${x} with {p}% off"), "print({x} * (100 - {p}) / 100)"),
    Kind(("How much do I save on a ${x} {thing} with {p}% off?", "=the discount on ${x} at {p}%", "A {thing} of ${x} is {p}% cheaper today. How much do I save?"), "print({x} * {p} / 100)"),
    Kind(("=the total for a ${x} {thing} with {p}% tax", "A {thing} costs ${x} before {p}% VAT. What does it cost with it?", "!add {p}% sales tax to ${x}", "With {p}% tax, what does a ${x} {thing} cost?"), "print({x} * (100 + {p}) / 100)"),
    Kind(("=the tax on ${x} at {p}%", "How much tax is {p}% on ${x}?"), "print({x} * {p} / 100)"),
    Kind(("=a {p}% tip on ${x}", "=the tip on a bill of ${x} at {p}%", "How much is a {p}% tip on a bill of ${x}?"), "print({x} * {p} / 100)"),
    Kind(("=the total of a ${x} bill with a {p}% tip", "A meal costs ${x}. What do I pay with a {p}% tip?", "The bill is ${x} and {name} tips {p}%. What is paid in all?"), "print({x} * (100 + {p}) / 100)"),
    Kind(("A bill of ${x} plus {p}% tip is split among {n} people. What does each pay?", "{n} friends share a ${x} bill with a {p}% tip. How much is it for each?"), "total = {x} * (100 + {p}) / 100\neach = total / {n}\nprint(each)"),
    Kind(("{y} is {p}% of what number?", "{y} is {p} percent of which number?", "Of what number is {y} {p}%?", "If {p}% of a number is {y}, what is the number?"), "print({y} / {p} * 100)"),
    Kind(("After a {p}% discount a {thing} costs ${x}. What did it cost before?", "A {thing} costs ${x} including {p}% off. What was the original price?", "=the original price when {p}% off gives ${x}"), "print({x} / (100 - {p}) * 100)"),
    Kind(("A price of ${x} includes {p}% tax. What is it without tax?", "With {p}% tax a {thing} costs ${x}. What is the net price?"), "print({x} / (100 + {p}) * 100)"),
    Kind(("By how many percent is {x} more than {y}?", "=the increase from {y} to {x} in percent", "=the percentage change from {y} to {x}", "A value goes from {y} to {x}. What is the change in percent?", "Sales went from {y} to {x}. By what percentage did they grow?"), "print(({x} - {y}) / {y} * 100)", weight=3),
    Kind(("=the decrease from {x} to {y} in percent", "A price falls from {x} to {y}. By how many percent?", "A stock drops from {x} to {y}. What is the loss in percent?"), "print(({x} - {y}) / {x} * 100)"),
    Kind(("A price of ${x} rises by {p}% and then falls by {q}%. What is it then?", "{x} goes up {p}% and then down {q}%. What is the result?"), "print({x} * (100 + {p}) / 100 * (100 - {q}) / 100)"),
    Kind(("A ${x} {thing} is {p}% off and then another {q}% off. What is the price?",), "print({x} * (100 - {p}) / 100 * (100 - {q}) / 100)"),
    Kind(("=the simple interest on ${x} at {q}% for {n} years", "How much simple interest does ${x} earn at {q}% in {n} years?"), "print({x} * {q} / 100 * {n})"),
    Kind(("How much is ${x} worth after {n} years at {q}% interest per year?", "{name} puts ${x} in the bank at {q}% compound interest for {n} years. How much is it then?", "=the value of ${x} after {n} years at {q}% compounded yearly", "I save ${x} at {q}% a year. What do I have after {n} years?", "!invest {x} dollars at {q}% compound interest per year for {n} years", "I invest ${x} at {q}% compound interest. What is it worth after {n} years?", "${x} grows by {q}% every year. How much is it after {n} years?"), "print({x} * (1 + {q} / 100) ** {n})", weight=3),
    Kind(("=the compound interest on ${x} at {q}% for {n} years", "How much interest does ${x} earn in {n} years at {q}% compounded yearly?"), "print({x} * (1 + {q} / 100) ** {n} - {x})"),
    Kind(("=the value of ${x} after {n} years at {q}% compounded monthly",), "print({x} * (1 + {q} / 100 / 12) ** (12 * {n}))"),
    Kind(("A car worth ${x} loses {p}% of its value each year. What is it worth after {n} years?", "A machine of ${x} loses {p}% a year. What is its value after {n} years?"), "print({x} * (1 - {p} / 100) ** {n})"),
    Kind(("A town of {x} people grows by {q}% a year. How many live there after {n} years?", "A population of {x} grows {q}% yearly. How large is it after {n} years?"), "print({x} * (1 + {q} / 100) ** {n})"),
    Kind(("How many years does it take for money to double at {q}% per year?", "At {q}% interest, how many years until the money doubles?"), "value, years = 1, 0\nwhile value < 2:\n    value = value * (100 + {q}) / 100\n    years += 1\nprint(years)"),
    Kind(("!convert {y}/{x} to a percentage", "={y}/{x} as a percentage", "!write {y}/{x} as a percent"), "print({y} / {x} * 100)"),
    Kind(("!convert {p}% to a decimal", "={p}% as a decimal number"), "print({p} / 100)"),
    Kind(("{name} earns ${x} a month. What is that per year?", "=the yearly pay at ${x} a month"), "print({x} * 12)"),
    Kind(("{name} earns ${x} a year. What is that per month?", "=the monthly pay at ${x} a year"), "print({x} / 12)"),
    Kind(("{name} earns ${x} and spends ${y}. How many percent are saved?",), "print(({x} - {y}) / {x} * 100)"),
    Kind(("I bought it for ${y} and sold it for ${x}. What is my profit in percent?",), "print(({x} - {y}) / {y} * 100)"),
)  # fmt: skip
_SUMS: tuple[Kind, ...] = (
    Kind(("=the square root of {x}", "=sqrt({x})", "=the root of {x}", "!take the square root of {x}"), "import math\nprint(math.sqrt({x}))", weight=4),
    Kind(("=the cube root of {x}", "!take the cube root of {x}"), "print({x} ** (1 / 3))"),
    Kind(("={n} to the power of {m}", "={n} to the {m}th power", "={n}^{m}", "={n} raised to {m}", "!raise {n} to the power of {m}", "={n} ** {m}"), "print({n} ** {m})", weight=4),
    Kind(("=2 to the power of {big}", "=2^{big}"), "print(2 ** {big})"),
    Kind(("=the square of {y}", "={y} squared", "!square {y}", "What do you get when you square {y}?"), "print({y} ** 2)", weight=2),
    Kind(("=the cube of {n}", "={n} cubed", "!cube {n}", "=the third power of {n}"), "print({n} ** 3)", weight=3),
    Kind(("!round {f} to {d} decimals", "={f} rounded to {d} decimal places", "!round {f} to {d} digits after the point"), "print(round({f}, {d}))", weight=4),
    Kind(("!round {f} to the nearest whole number", "={f} rounded to an integer", "!round {f}"), "print(round({f}))"),
    Kind(("!round {f} up", "={f} rounded up", "=the ceiling of {f}"), "import math\nprint(math.ceil({f}))"),
    Kind(("!round {f} down", "={f} rounded down", "=the floor of {f}"), "import math\nprint(math.floor({f}))"),
    Kind(("!round {x} to the nearest ten", "={x} rounded to tens"), "print(round({x}, -1))"),
    Kind(("!round {x} to the nearest hundred", "={x} rounded to hundreds"), "print(round({x}, -2))"),
    Kind(("=the absolute value of -{x}",), "print(abs(-{x}))"),
    Kind(("=half of {x}", "!halve {x}"), "print({x} / 2)"),
    Kind(("=a third of {x}", "=one third of {x}"), "print({x} / 3)"),
    Kind(("=a quarter of {x}", "=one fourth of {x}"), "print({x} / 4)"),
    Kind(("=twice {x}", "=the double of {x}", "!double {x}"), "print({x} * 2)"),
    Kind(("=three times {x}", "!triple {x}"), "print({x} * 3)"),
    Kind(("=the reciprocal of {x}", "=1 over {x}"), "print(1 / {x})"),
    Kind(("=the sum of {x} and {y}, divided by {n}", "!add {x} and {y} and divide by {n}"), "print(({x} + {y}) / {n})"),
    Kind(("=the product of {n} and {m}, minus {p}", "!multiply {n} by {m} and subtract {p}"), "print({n} * {m} - {p})"),
    Kind(("!multiply {x} by {n} and add {y}", "={x} times {n}, plus {y}"), "print({x} * {n} + {y})"),
    Kind(("!subtract {y} from {x}", "How much is {x} less {y}?", "!take {y} away from {x}", "={x} take away {y}"), "print({x} - {y})"),
    Kind(("!subtract {y} from {x} and multiply by {n}", "=the difference of {x} and {y}, times {n}"), "print(({x} - {y}) * {n})"),
    Kind(("!divide {x} by {n}", "!split {x} into {n} equal parts", "={x} over {n}"), "print({x} / {n})"),
    Kind(("={x} plus {y} plus {n}", "=the sum of {x}, {y} and {n}"), "print({x} + {y} + {n})"),
    Kind(("={n} times {m} times {p}", "=the product of {n}, {m} and {p}"), "print({n} * {m} * {p})"),
    Kind(("=the difference of the squares of {x} and {y}",), "print({x} ** 2 - {y} ** 2)"),
    Kind(("=the square of the sum of {n} and {m}",), "print(({n} + {m}) ** 2)"),
    Kind(("=the average of {x} and {y}", "Which number is halfway between {y} and {x}?"), "print(({x} + {y}) / 2)"),
    Kind(("!solve {n}x + {m} = {x}", "What is x if {n}x + {m} = {x}?", "!solve the equation {n} * x + {m} = {x} for x"), "print(({x} - {m}) / {n})", weight=2),
    Kind(("!solve {n}x - {m} = {x}", "What is x if {n}x - {m} = {x}?"), "print(({x} + {m}) / {n})"),
    Kind(("!solve x / {n} = {y}", "What is x if x / {n} = {y}?"), "print({y} * {n})"),
    Kind(("What number times {n} makes {x}?", "Which number multiplied by {n} is {x}?"), "print({x} / {n})"),
    Kind(("Which number plus {y} makes {x}?", "What do I have to add to {y} to get {x}?"), "print({x} - {y})"),
    Kind(("I think of a number, multiply it by {n} and add {m}. The result is {x}. What is the number?",), "print(({x} - {m}) / {n})"),
    Kind(("+the roots of x^2 - {s_}x + {pr}", "!solve x^2 - {s_}x + {pr} = 0", "+the solutions of x**2 - {s_}*x + {pr} = 0"), "import math\na, b, c = 1, -{s_}, {pr}\nd = math.sqrt(b ** 2 - 4 * a * c)\nprint((-b + d) / (2 * a), (-b - d) / (2 * a))"),
    Kind(("!solve x + y = {x} and x - y = {y}", "Two numbers have the sum {x} and the difference {y}. What are they?"), "print(({x} + {y}) / 2, ({x} - {y}) / 2)"),
    Kind(("=the value of {n}x^2 + {m}x for x = {d}", "!evaluate {n}x^2 + {m}x at x = {d}"), "x = {d}\nprint({n} * x ** 2 + {m} * x)"),
    Kind(("=the probability of rolling a sum of {dice} with two dice", "How likely is a total of {dice} with two dice?"), "print(sum(a + b == {dice} for a in range(1, 7) for b in range(1, 7)) / 36)"),
    Kind(("In how many ways can two dice show a sum of {dice}?",), "print(sum(a + b == {dice} for a in range(1, 7) for b in range(1, 7)))"),
    Kind(("=the probability of {small} heads in {small} coin flips", "How likely is it to get heads {small} times in a row?"), "print((1 / 2) ** {small})"),
    Kind(("=the probability of {k} heads in {flips} coin flips", "How likely are exactly {k} heads when a coin is flipped {flips} times?"), "import math\nprint(math.comb({flips}, {k}) / 2 ** {flips})"),
    Kind(("A bag has {n} red and {m} blue balls. What is the probability of drawing a red one?",), "print({n} / ({n} + {m}))"),
    Kind(("=the probability of rolling no six in {small} rolls of a die",), "print((5 / 6) ** {small})"),
)  # fmt: skip
MONEY_KINDS, SUM_KINDS = len(_MONEY), len(_SUMS)


def _amounts(random: Random, vocabulary: Vocabulary) -> dict[str, object]:
    x = random.choice(
        (random.randint(20, 999), random.randint(100, 99999), random.randint(2, 90) * 100)
    )
    r, s = random.randint(1, 12), random.randint(1, 12)
    digits, small = random.randint(3, 6), random.randint(2, 8)
    k = random.randint(1, 6)
    return {
        "x": x, "y": random.randint(2, x - 1), "p": random.choice((5, 8, 10, 12, 15, 18, 20, 25, 30, 40, 45, 60, 75, random.randint(2, 95))),
        "q": random.choice((2, 3, 4, 5, 6, 7, 2.5, 3.5, 1.5)), "n": random.randint(2, 20), "m": random.randint(2, 20), "d": random.randint(1, 3),
        "f": round(random.uniform(1, 999), digits), "big": random.randint(10, 128), "s_": r + s, "pr": r * s, "dice": random.randint(2, 12), "small": small, "k": k,
        "flips": k + random.randint(0, 6), "name": random.choice(vocabulary.first_names), "thing": random.choice(vocabulary.things),
    }  # fmt: skip


def money_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Percent in all directions, prices, interest."""
    return ask(random, _MONEY, _amounts(random, vocabulary))


def sum_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Powers, rounding, two steps, equations, chances."""
    return ask(random, _SUMS, _amounts(random, vocabulary))

"""Arithmetic, powers and percentages."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import number_text
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
    answer = random.choice((f"{a} {sign} {b} = {{}}", "")) if random.random() < 0.4 else ""
    return Task(sentence, f"print({a} {sign} {b})", answer)


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
        Task(random.choice((f"A {thing} costs ${whole} and is {rate}% off. What is the final price?", f"What do I pay for a {thing} at ${whole} with a {rate}% discount?")), f"print({whole} * (100 - {rate}) / 100)", "The final price is ${}."),
        Task(random.choice((f"A {thing} costs ${whole} plus {rate}% tax. What is the total?", f"What is the price of a ${whole} {thing} with {rate}% sales tax?")), f"print({whole} * (100 + {rate}) / 100)", "The total is ${}."),
        Task(random.choice((f"The bill is ${whole}. How much is a {rate}% tip?", f"I want to tip {rate}% on {whole} dollars. How much is that?")), f"print({whole} * {rate} / 100)", "The tip is ${}."),
        Task(random.choice((f"What percent of {whole} is {part}?", f"{part} is what percentage of {whole}?")), f"print({part} / {whole} * 100)", "It is {} percent."),
        Task(f"A price rises from {part} to {whole}. By how many percent?", f"print(({whole} - {part}) / {part} * 100)", "It rises by {} percent."),
    ))  # fmt: skip

"""Questions that are answered by writing code for `python` and reading what it prints.

Every snippet is run when its conversation is made, so that an observation is what Python says and nothing else.
"""

import contextlib
import io
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from demo_training.data.episode import Call, Round, spoken
from demo_training.data.values import Vocabulary, full_name, invented_word
from glm_sandbox.guest.tracebacks import format_exception
from glm_tools.python import NO_OUTPUT
from glm_tools.tool import Observation


@dataclass(frozen=True)
class Task:
    """A question and the code that answers it.

    Attributes:
        request: the question.
        code: that prints the answer.
        answer: with `{}` for the output; a general one when empty.
        files: what lies in /mnt/data, by name.
    """

    request: str
    code: str
    answer: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


Maker = Callable[[Random, Vocabulary], Task]


def run_cell(code: str, files: Mapping[str, str] | None = None) -> str:
    """What the `python` tool says after this code; only for code that was generated here.

    Args:
        code: one cell.
        files: what its session has in /mnt/data.
    """
    if files:
        with TemporaryDirectory() as folder:
            for file, content in files.items():
                Path(folder, file).write_text(content, encoding="utf-8")
            return run_cell(code.replace("/mnt/data", folder)).replace(folder, "/mnt/data")
    output = io.StringIO()
    name = "<cell 1>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    try:
        with contextlib.redirect_stdout(output):
            exec(compile(code, name, "exec"), {"__name__": "__main__"})
    except Exception as error:  # noqa: BLE001 - a mistake made on purpose may be of any kind
        output.write(format_exception(error))
    return output.getvalue().rstrip("\n") or NO_OUTPUT


_TOOL_HINTS = (
    "Use python.", "Use python.", "Use Python.", "Use python for this.", "Compute it with python.", "Run code for it.",
    "Please use python.", "Use the python tool.", "(use python)", "Solve it with Python.", "Use Python code.",
)  # fmt: skip
_TOOL_HEADS = (
    "Use python to work this out: ", "With python: ", "Using Python, ", "In python: ", "Use the python tool: ",
    "Use python: ", "Write code to answer: ", "By means of python: ",
)  # fmt: skip


def number_text(random: Random, value: float) -> str:
    """A number as typed: with thousands separators now and then."""
    return f"{value:,}" if value >= 1000 and random.random() < 0.2 else str(value)


def series(random: Random, values: Sequence[object]) -> str:
    """A list as people type one."""
    texts = [str(value) for value in values]
    style = random.random()
    if style < 0.5:
        return ", ".join(texts)
    if style < 0.7:
        return "[" + ", ".join(texts) + "]"
    if style < 0.9:
        return ", ".join(texts[:-1]) + " and " + texts[-1]
    return " ".join(texts) if all(text.isdigit() for text in texts) else ", ".join(texts)


def numbers(random: Random) -> list[int] | list[float]:
    """A short list of numbers."""
    count = random.choice((3, 3, 4, 4, 5, 6, 7, 8))
    if random.random() < 0.2:
        return [round(random.uniform(1, 99), 1) for _ in range(count)]
    high = random.choice((20, 100, 100, 1000))
    return [random.randint(1, high) for _ in range(count)]


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


def statistics(random: Random, vocabulary: Vocabulary) -> Task:
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
    answer = f"The {name} is {{}}." if random.random() < 0.7 else ""
    return Task(random.choice(frames).format(series(random, values)), code, answer)


def number_theory(random: Random, vocabulary: Vocabulary) -> Task:
    """Factorials, divisors, primes, sums of ranges, Fibonacci, digits, bases."""
    a, b, n = random.randint(10, 300), random.randint(4, 300), random.randint(4, 20)
    m = random.choice((10, 50, 100, random.randint(10, 1000)))
    return random.choice((
        Task(random.choice((f"What is {n} factorial?", f"Compute {n}!", f"What's the factorial of {n}?")), f"import math\nprint(math.factorial({n}))"),
        Task(random.choice((f"What is the greatest common divisor of {a} and {b}?", f"Find the GCD of {a} and {b}.")), f"import math\nprint(math.gcd({a}, {b}))"),
        Task(random.choice((f"What is the least common multiple of {a} and {b}?", f"LCM of {a} and {b}?")), f"import math\nprint(math.lcm({a}, {b}))"),
        Task(random.choice((f"Is {m + 1} a prime number?", f"Check if {m + 1} is prime.")), f"n = {m + 1}\nprint(n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1)))"),
        Task(random.choice((f"List all primes below {a}.", f"What are the prime numbers below {a}?")), f"print([n for n in range(2, {a}) if all(n % i for i in range(2, int(n ** 0.5) + 1))])"),
        Task(random.choice((f"How many primes are there below {m}?", f"Count the primes below {m}.")), f"print(sum(all(n % i for i in range(2, int(n ** 0.5) + 1)) for n in range(2, {m})))"),
        Task(random.choice((f"What is the sum of the numbers from 1 to {m}?", f"Add all integers from 1 to {m}.")), f"print(sum(range(1, {m} + 1)))"),
        Task(random.choice((f"What are the first {n} Fibonacci numbers?", f"Print the first {n} numbers of the Fibonacci sequence.")), f"a, b = 0, 1\nfor _ in range({n}):\n    print(a, end=' ')\n    a, b = b, a + b"),
        Task(random.choice((f"What is the {n}th Fibonacci number?", f"Compute Fibonacci number {n}.")), f"a, b = 0, 1\nfor _ in range({n}):\n    a, b = b, a + b\nprint(a)"),
        Task(random.choice((f"What is the sum of the squares from 1 to {n}?", f"Sum of the squares of the first {n} integers?")), f"print(sum(i ** 2 for i in range(1, {n} + 1)))"),
        Task(random.choice((f"What is the remainder of {a * 7} divided by {b}?", f"{a * 7} mod {b}", f"What is {a * 7} modulo {b}?")), f"print({a * 7} % {b})"),
        Task(random.choice((f"What is the sum of the digits of {a * b}?", f"Add up the digits of {a * b}.")), f"print(sum(int(digit) for digit in str({a * b})))"),
        Task(random.choice((f"List the divisors of {a}.", f"What are the factors of {a}?")), f"print([i for i in range(1, {a} + 1) if {a} % i == 0])"),
        Task(random.choice((f"Convert {a} to binary.", f"What is {a} in binary?")), f"print(bin({a})[2:])"),
        Task(random.choice((f"Convert {a} to hexadecimal.", f"What is {a} in hex?")), f"print(hex({a})[2:])"),
        Task(random.choice((f"What is binary {a:b} in decimal?", f"Convert the binary number {a:b} to decimal.")), f"print(int('{a:b}', 2))"),
        Task(random.choice((f"How many numbers from 1 to {m} are divisible by {n}?", f"Count the multiples of {n} up to {m}.")), f"print(sum(i % {n} == 0 for i in range(1, {m} + 1)))"),
    ))  # fmt: skip


def strings(random: Random, vocabulary: Vocabulary) -> Task:
    """Letters, words and sentences."""
    word = (
        random.choice(vocabulary.dictionary)
        if random.random() < 0.6
        else invented_word(random, vocabulary)
    )
    sentence, letter = random.choice(vocabulary.sentences), random.choice("aeiorstnl")
    several = random.sample(vocabulary.dictionary, random.randint(3, 5))
    times, quoted = random.randint(2, 6), random.choice((f"'{word}'", f'"{word}"', word))
    return random.choice((
        Task(random.choice((f"Reverse the word {quoted}.", f"What is {word} spelled backwards?", f"Reverse the string {quoted}.", f"Write {word} backwards.", f"Reverse {quoted}.")), f"print('{word}'[::-1])", f"{word} reversed is {{}}." if random.random() < 0.5 else ""),
        Task(f"Reverse the sentence '{sentence}'.", f"print('{sentence}'[::-1])"),
        Task(random.choice((f"How many letters are in {quoted}?", f"What is the length of the word {quoted}?", f"How long is the word {quoted}?")), f"print(len('{word}'))", f"{word} has {{}} letters."),
        Task(random.choice((f"How many times does the letter {letter} appear in {quoted}?", f"Count the {letter}'s in {word}.", f"How many {letter}'s are in {quoted}?")), f"print('{word}'.count('{letter}'))"),
        Task(random.choice((f"Convert '{sentence}' to upper case.", f'Write "{sentence}" in uppercase.')), f"print('{sentence}'.upper())"),
        Task(f"Write '{sentence}' in title case.", f"print('{sentence}'.title())"),
        Task(random.choice((f"How many vowels are in {quoted}?", f"Count the vowels in {quoted}.")), f"print(sum(letter in 'aeiou' for letter in '{word}'))"),
        Task(random.choice((f"How many words are in '{sentence}'?", f'Count the words in "{sentence}".')), f"print(len('{sentence}'.split()))"),
        Task(random.choice((f"How many characters are in '{sentence}'?", f'How long is "{sentence}"?')), f"print(len('{sentence}'))"),
        Task(random.choice((f"Is {quoted} a palindrome?", f"Check if {quoted} is a palindrome.")), f"s = '{word}'\nprint(s == s[::-1])"),
        Task(random.choice((f"Sort the letters of {quoted}.", f"Put the letters of {word} in alphabetical order.")), f"print(''.join(sorted('{word}')))"),
        Task(random.choice((f"Repeat the word {quoted} {times} times.", f"Write {word} {times} times.")), f"print(' '.join(['{word}'] * {times}))"),
        Task(random.choice((f"Sort these words: {', '.join(several)}", f"Put these words in alphabetical order: {', '.join(several)}")), f"print(sorted({several}))"),
        Task(random.choice((f"Which of these words is longest: {', '.join(several)}?", f"Find the longest word: {', '.join(several)}")), f"print(max({several}, key=len))"),
        Task(random.choice((f"Replace every {letter} by * in {quoted}.",)), f"print('{word}'.replace('{letter}', '*'))"),
        Task(f"How many different letters does {quoted} have?", f"print(len(set('{word}')))"),
        Task(f"Join the words {', '.join(several)} with dashes.", f"print('-'.join({several}))"),
    ))  # fmt: skip


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _day(random: Random) -> date:
    return date(random.randint(2000, 2030), random.randint(1, 12), random.randint(1, 28))


def _date_words(random: Random, day: date) -> str:
    name = _MONTHS[day.month - 1]
    return random.choice(
        (
            day.isoformat(),
            day.isoformat(),
            f"{name} {day.day}, {day.year}",
            f"{day.day} {name} {day.year}",
        )
    )


def _date_code(day: date) -> str:
    return f"date({day.year}, {day.month}, {day.day})"


def dates(random: Random, vocabulary: Vocabulary) -> Task:
    """Days between dates, weekdays, dates some days away, leap years."""
    first, second = sorted((_day(random), _day(random)))
    if random.random() < 0.4:
        second = first + timedelta(days=random.randint(1, 300))
    a, b = _date_words(random, first), _date_words(random, second)
    days, year = random.randint(3, 200), random.randint(1900, 2100)
    between = f"from datetime import date\nprint(({_date_code(second)} - {_date_code(first)}).days)"
    return random.choice((
        Task(random.choice((f"How many days are between {a} and {b}?", f"How many days are there between {a} and {b}?", f"Count the days from {a} to {b}.", f"What is the number of days between {a} and {b}?", f"How many days from {a} to {b}?")), between, random.choice(("There are {} days between them.", "It is {} days.", ""))),
        Task(random.choice((f"How many days are between {a} and {b}?", f"How many days lie between {a} and {b}?")), between, "There are {} days between them."),
        Task(random.choice((f"What day of the week is {a}?", f"Which weekday was {a}?", f"On what day of the week does {a} fall?", f"What weekday is {a}?")), f"from datetime import date\nprint({_date_code(first)}.strftime('%A'))", "It is a {}."),
        Task(random.choice((f"What date is {days} days after {a}?", f"Add {days} days to {a}.", f"Which date comes {days} days after {a}?")), f"from datetime import date, timedelta\nprint({_date_code(first)} + timedelta(days={days}))"),
        Task(random.choice((f"What date was {days} days before {a}?", f"Subtract {days} days from {a}.")), f"from datetime import date, timedelta\nprint({_date_code(first)} - timedelta(days={days}))"),
        Task(random.choice((f"Is {year} a leap year?", f"Was {year} a leap year?")), f"import calendar\nprint(calendar.isleap({year}))"),
        Task(f"What is the number of the week of {a}?", f"from datetime import date\nprint({_date_code(first)}.isocalendar().week)"),
        Task(f"How many days does {_MONTHS[first.month - 1]} {first.year} have?", f"import calendar\nprint(calendar.monthrange({first.year}, {first.month})[1])"),
        Task(f"How old is somebody born on {a} on {b}?", f"from datetime import date\na, b = {_date_code(first)}, {_date_code(second)}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))", "The age is {} years."),
    ))  # fmt: skip


def conversions(random: Random, vocabulary: Vocabulary) -> Task:
    """Units, time spans, interest, areas."""
    x = random.choice((random.randint(1, 200), round(random.uniform(1, 99), 1)))
    a, b, years, rate, sum_ = (
        random.randint(2, 40),
        random.randint(2, 40),
        random.randint(2, 20),
        random.choice((2, 3, 4, 5, 6, 7)),
        random.randint(1, 90) * 100,
    )
    minutes = random.randint(61, 2000)
    return random.choice((
        Task(random.choice((f"Convert {x} degrees Celsius to Fahrenheit.", f"What is {x}°C in Fahrenheit?")), f"print({x} * 9 / 5 + 32)", "It is {} degrees Fahrenheit."),
        Task(random.choice((f"Convert {x} Fahrenheit to Celsius.", f"What is {x}°F in Celsius?")), f"print(({x} - 32) * 5 / 9)", "It is {} degrees Celsius."),
        Task(random.choice((f"Convert {x} miles to kilometers.", f"How many km is {x} miles?")), f"print({x} * 1.60934)", "It is {} kilometers."),
        Task(random.choice((f"Convert {x} kg to pounds.", f"How many pounds is {x} kilograms?")), f"print({x} * 2.20462)", "It is {} pounds."),
        Task(random.choice((f"How many hours and minutes are {minutes} minutes?", f"Convert {minutes} minutes to hours and minutes.")), f"print({minutes} // 60, 'hours', {minutes} % 60, 'minutes')"),
        Task(random.choice((f"How many seconds are in {a} hours?", f"Convert {a} hours to seconds.")), f"print({a} * 3600)", "It is {} seconds."),
        Task(random.choice((f"If I invest ${sum_} at {rate}% interest compounded yearly for {years} years, how much will I have?", f"What is ${sum_} worth after {years} years at {rate} percent annual compound interest?")), f"print({sum_} * (1 + {rate} / 100) ** {years})", "It will be ${}."),
        Task(random.choice((f"What is the area of a circle with radius {a}?", f"Area of a circle of radius {a}?")), f"import math\nprint(math.pi * {a} ** 2)", "The area is {}."),
        Task(f"What is the circumference of a circle with radius {a}?", f"import math\nprint(2 * math.pi * {a})", "The circumference is {}."),
        Task(f"What is the hypotenuse of a right triangle with sides {a} and {b}?", f"import math\nprint(math.hypot({a}, {b}))", "The hypotenuse is {}."),
        Task(random.choice((f"What is the area of a rectangle of {a} by {b}?", f"A room is {a} by {b} meters. What is its area?")), f"print({a} * {b})", "The area is {}."),
        Task(f"What is the perimeter of a rectangle with sides {a} and {b}?", f"print(2 * ({a} + {b}))", "The perimeter is {}."),
        Task(f"What is the volume of a box of {a} by {b} by {rate}?", f"print({a} * {b} * {rate})", "The volume is {}."),
    ))  # fmt: skip


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


def files(random: Random, vocabulary: Vocabulary) -> Task:
    """A small CSV file in /mnt/data, announced as the command line announces an attached file."""
    columns = random.sample(
        ("price", "amount", "sales", "age", "score", "weight", "year", "cost"), 2
    )
    key = random.choice(("name", "city", "product", "month"))
    names = random.sample(
        {"name": vocabulary.first_names, "city": vocabulary.cities}.get(key, vocabulary.dictionary),
        random.randint(3, 8),
    )
    rows = [(name, random.randint(1, 200), random.randint(1, 200)) for name in names]
    content = f"{key},{columns[0]},{columns[1]}\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    name = (
        random.choice(
            ("data", "sales", "table", "report", "list", invented_word(random, vocabulary))
        )
        + ".csv"
    )
    path, column, limit = f"/mnt/data/{name}", random.choice(columns), random.randint(20, 180)
    read = f"import csv\nwith open('{path}') as file:\n    rows = list(csv.DictReader(file))\n"
    values = f"[float(row['{column}']) for row in rows]"
    question, code, answer = random.choice((
        (random.choice((f"What is the average {column}?", f"What is the mean of the column {column}?")), f"{read}values = {values}\nprint(sum(values) / len(values))", f"The average {column} is {{}}."),
        (random.choice((f"What is the total {column}?", f"Add up the column {column}.")), f"{read}print(sum({values}))", f"The total {column} is {{}}."),
        (f"What is the highest {column}?", f"{read}print(max({values}))", f"The highest {column} is {{}}."),
        (f"What is the lowest {column}?", f"{read}print(min({values}))", f"The lowest {column} is {{}}."),
        (f"Which {key} has the highest {column}?", f"{read}print(max(rows, key=lambda row: float(row['{column}']))['{key}'])", "It is {}."),
        (random.choice(("How many rows are there?", "How many lines of data does it have?")), f"{read}print(len(rows))", "There are {} rows."),
        (f"How many have a {column} above {limit}?", f"{read}print(sum(value > {limit} for value in {values}))", ""),
        (random.choice(("Which columns are there?", "What are the columns?")), f"{read}print(list(rows[0]))", "The columns are {}."),
        (random.choice(("What is in the file?", "Show me the file.")), f"with open('{path}') as file:\n    print(file.read())", "{}"),
    ))  # fmt: skip
    there = f"The file {path} ({len(content):,} bytes) is there."
    request = random.choice(
        (f"{question}\n\n{there}", f"{question}\n\n{there}", f"{question} The data is in {path}.")
    )
    return Task(request, code, answer, {name: content})


def word_games(random: Random, vocabulary: Vocabulary) -> Task:
    """More that can be asked of words: parts, counts, filters, replacements."""
    word = (
        random.choice(vocabulary.dictionary)
        if random.random() < 0.6
        else invented_word(random, vocabulary)
    )
    sentence, letter = random.choice(vocabulary.sentences), random.choice("aeiorstnl")
    other = random.choice(vocabulary.dictionary)
    several, n = random.sample(vocabulary.dictionary, random.randint(3, 6)), random.randint(2, 4)
    listed = ", ".join(several)
    return random.choice((
        Task(random.choice((f"How many consonants does '{word}' have?", f"Count the letters of {word} that are not vowels.")), f"print(sum(letter not in 'aeiou' for letter in '{word}'))"),
        Task(random.choice((f"Which vowels are in '{word}'?", f"List the vowels of {word}.")), f"print([letter for letter in '{word}' if letter in 'aeiou'])"),
        Task(random.choice((f"What are the first {n} letters of '{word}'?", f"Give me the first {n} characters of {word}.")), f"print('{word}'[:{n}])"),
        Task(random.choice((f"What are the last {n} letters of '{word}'?", f"Take the final {n} characters of {word}.")), f"print('{word}'[-{n}:])"),
        Task(f"Give me every {random.choice(('third', '3rd'))} letter of '{word}'.", f"print('{word}'[::3])"),
        Task(f"What is letter number {n} of '{word}'?", f"print('{word}'[{n - 1}])"),
        Task(f"Remove all vowels from '{word}'.", f"print(''.join(letter for letter in '{word}' if letter not in 'aeiou'))"),
        Task(f"Remove the letter {letter} from '{word}'.", f"print('{word}'.replace('{letter}', ''))"),
        Task(f"Replace '{word}' by '{other}' in 'my {word} is here'.", f"print('my {word} is here'.replace('{word}', '{other}'))"),
        Task(f"Reverse the order of the words in '{sentence}'.", f"print(' '.join('{sentence}'.split()[::-1]))"),
        Task(f"What is the longest word in '{sentence}'?", f"print(max('{sentence}'.split(), key=len))"),
        Task(f"What is the shortest of the words {listed}?", f"print(min({several}, key=len))"),
        Task(f"Which of the words {listed} contain the letter {letter}?", f"print([word for word in {several} if '{letter}' in word])"),
        Task(f"How many of the words {listed} have more than {n + 3} letters?", f"print(sum(len(word) > {n + 3} for word in {several}))"),
        Task(f"How long are the words {listed}?", f"print([len(word) for word in {several}])"),
        Task(f"How many letters do {word} and {other} have together?", f"print(len('{word}') + len('{other}'))"),
        Task(f"Is '{word}' longer than '{other}'?", f"print(len('{word}') > len('{other}'))"),
        Task(f"Does '{word}' contain the letter {letter}?", f"print('{letter}' in '{word}')"),
        Task(f"Are '{word}' and '{word[::-1]}' anagrams?", f"print(sorted('{word}') == sorted('{word[::-1]}'))"),
        Task(f"Write '{word}' with a space between all letters.", f"print(' '.join('{word}'))"),
        Task(f"How often does each letter occur in '{word}'?", f"from collections import Counter\nprint(dict(Counter('{word}')))"),
        Task(f"Which letter is the most frequent in '{word}'?", f"from collections import Counter\nprint(Counter('{word}').most_common(1)[0][0])"),
        Task(f"Swap upper and lower case in '{sentence}'.", f"print('{sentence}'.swapcase())"),
        Task(f"Capitalize '{sentence}'.", f"print('{sentence}'.capitalize())"),
        Task(f"Where does the letter {word[-1]} first appear in '{word}'?", f"print('{word}'.index('{word[-1]}') + 1)", "At position {}."),
        Task(f"How many spaces are in '{sentence}'?", f"print('{sentence}'.count(' '))"),
    ))  # fmt: skip


def list_games(random: Random, vocabulary: Vocabulary) -> Task:
    """More that can be asked of numbers in a list."""
    values = [random.randint(1, random.choice((20, 100))) for _ in range(random.randint(4, 8))]
    listed, n, k = series(random, values), random.randint(2, 3), random.randint(2, 9)
    limit, other = sorted(values)[len(values) // 2], random.randint(2, 9999)
    return random.choice((
        Task(f"Which numbers in {listed} are even?", f"print([x for x in {values} if x % 2 == 0])"),
        Task(f"Which of {listed} are odd?", f"print([x for x in {values} if x % 2])"),
        Task(f"How many of {listed} are above {limit}?", f"print(sum(x > {limit} for x in {values}))"),
        Task(f"Which of the numbers {listed} are below {limit}?", f"print([x for x in {values} if x < {limit}])"),
        Task(f"Double every number in {listed}.", f"print([x * 2 for x in {values}])"),
        Task(f"Square each of {listed}.", f"print([x ** 2 for x in {values}])"),
        Task(f"Add {k} to each of the numbers {listed}.", f"print([x + {k} for x in {values}])"),
        Task(f"What are the {n} largest of {listed}?", f"print(sorted({values}, reverse=True)[:{n}])"),
        Task(f"What are the {n} smallest numbers in {listed}?", f"print(sorted({values})[:{n}])"),
        Task(f"What is the second smallest of {listed}?", f"print(sorted({values})[1])"),
        Task(f"Remove duplicates from {series(random, [*values, values[0]])}.", f"print(list(dict.fromkeys({[*values, values[0]]})))"),
        Task(f"Reverse the list {listed}.", f"print({values}[::-1])"),
        Task(f"What is the sum of the squares of {listed}?", f"print(sum(x ** 2 for x in {values}))"),
        Task(f"What is the difference between the largest and the smallest of {listed}?", f"print(max({values}) - min({values}))"),
        Task(f"What are the running totals of {listed}?", f"from itertools import accumulate\nprint(list(accumulate({values})))"),
        Task(f"What percentage of the numbers {listed} is above {limit}?", f"print(sum(x > {limit} for x in {values}) / len({values}) * 100)", "It is {} percent."),
        Task(f"How many times does {values[0]} appear in {listed}?", f"print({values}.count({values[0]}))"),
        Task(f"Is {values[1]} in the list {listed}?", f"print({values[1]} in {values})"),
        Task(f"Round {other / 7:.4f} to {n} decimals.", f"print(round({other / 7:.4f}, {n}))"),
        Task(f"How many digits does {other ** 3} have?", f"print(len(str({other ** 3})))"),
        Task(f"Reverse the digits of {other}.", f"print(str({other})[::-1])"),
        Task(f"Is {other} divisible by {k}?", f"print({other} % {k} == 0)"),
        Task(f"Is {other} even?", f"print({other} % 2 == 0)"),
        Task(f"What is {other} rounded to the nearest hundred?", f"print(round({other}, -2))"),
        Task(f"What is the integer part of {other} divided by {k}?", f"print({other} // {k})"),
        Task(f"What is the average of the numbers from {k} to {other % 90 + 10}?", f"values = range({k}, {other % 90 + 10} + 1)\nprint(sum(values) / len(values))"),
        Task(f"How many multiples of {k} lie between 1 and {other}?", f"print({other} // {k})"),
        Task(f"What is the sum of all even numbers up to {other % 500}?", f"print(sum(range(0, {other % 500} + 1, 2)))"),
        Task(f"What is the absolute difference of {limit} and {other}?", f"print(abs({limit} - {other}))"),
    ))  # fmt: skip


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


def clock_times(random: Random, vocabulary: Vocabulary) -> Task:
    """Spans between times of a day, times some minutes away, spans in other units."""
    start, span = random.randint(0, 1200), random.randint(5, 230)
    a, b = (
        f"{start // 60:02d}:{start % 60:02d}",
        f"{(start + span) // 60:02d}:{(start + span) % 60:02d}",
    )
    first = _day(random)
    second = first + timedelta(days=random.randint(8, 400))
    a_day, b_day = _date_words(random, first), _date_words(random, second)
    days = f"({_date_code(second)} - {_date_code(first)}).days"
    year, month = random.randint(2000, 2030), random.randint(1, 12)
    parse = f"from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\n"
    later = f"from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\n"
    return random.choice((
        Task(random.choice((f"How many minutes are there from {a} to {b}?", f"A film runs from {a} to {b}. How many minutes is that?", f"How many minutes lie between {a} and {b}?")), f"{parse}print((b - a).seconds // 60)", "It is {} minutes."),
        Task(random.choice((f"What time is it {span} minutes after {a}?", f"I leave at {a} and travel {span} minutes. When do I arrive?", f"Add {span} minutes to {a}.")), f"{later}print((a + timedelta(minutes={span})).strftime('%H:%M'))"),
        Task(random.choice((f"What time was it {span} minutes before {b}?", f"I have to be there at {b} and the way takes {span} minutes. When must I leave?")), f"from datetime import datetime, timedelta\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - timedelta(minutes={span})).strftime('%H:%M'))"),
        Task(random.choice((f"How many weeks are between {a_day} and {b_day}?", f"How many full weeks lie between {a_day} and {b_day}?")), f"from datetime import date\nprint({days} // 7)", "It is {} weeks."),
        Task(f"How many weeks and days are there from {a_day} to {b_day}?", f"from datetime import date\ndays = {days}\nprint(days // 7, 'weeks', days % 7, 'days')"),
        Task(random.choice((f"How many Mondays are there in {_MONTHS[month - 1]} {year}?", f"Count the Mondays of {_MONTHS[month - 1]} {year}.")), f"import calendar\nprint(sum(week[0] > 0 for week in calendar.monthcalendar({year}, {month})))"),
        Task(f"What is the last day of {_MONTHS[month - 1]} {year}?", f"import calendar\nprint(calendar.monthrange({year}, {month})[1])"),
        Task(random.choice((f"Which day of the year is {a_day}?", f"The how manieth day of the year is {a_day}?")), f"from datetime import date\nprint({_date_code(first)}.timetuple().tm_yday)"),
        Task(f"Which is earlier, {a_day} or {b_day}?", f"from datetime import date\nprint(min({_date_code(first)}, {_date_code(second)}))"),
        Task(f"How many seconds are there in {span} minutes and {span % 60} seconds?", f"print({span} * 60 + {span % 60})", "It is {} seconds."),
    ))  # fmt: skip


MAKERS: tuple[tuple[Maker, float], ...] = (
    (arithmetic, 19), (expression, 6), (powers, 6), (percentages, 7), (statistics, 17), (number_theory, 10),
    (strings, 13), (dates, 20), (conversions, 7), (word_problems, 12), (tables, 6), (chores, 2), (word_games, 9),
    (list_games, 9), (files, 4), (combined_figures, 6), (clock_times, 6),
)  # fmt: skip


def shortened(output: str) -> str:
    """A long decimal as an answer gives it: with two places."""
    try:
        value = float(output)
    except ValueError:
        return output
    return output if len(output) < 9 or "." not in output else str(round(value, 2))


def answer_to(task: Task, output: str, random: Random) -> tuple[str, str]:
    """The answer that tells this output, and what in it is the fact."""
    fact = shortened(output)
    if output in ("True", "False"):
        said, result = ("Yes", "true") if output == "True" else ("No", "false")
        return random.choice((f"{said}.", f"{said}, that is {result}.")), said
    template = task.answer or random.choice(
        ("The answer is {}.", "The result is {}.", "It is {}.", "The answer is {}.")
    )
    return template.replace("{}", fact), fact


def draw_task(random: Random, vocabulary: Vocabulary) -> Task:
    """A task of any kind."""
    makers, weights = zip(*MAKERS, strict=True)
    maker: Maker = random.choices(makers, weights)[0]
    return maker(random, vocabulary)


def python_round(random: Random, vocabulary: Vocabulary, task: Task | None = None) -> Round:
    """A question to `python`, at times with the wish that it be used."""
    task = task or draw_task(random, vocabulary)
    output = run_cell(task.code, task.files)
    answer, fact = answer_to(task, output, random)
    request = task.request
    hint = random.random()
    if hint < 0.28:
        request = f"{request} {random.choice(_TOOL_HINTS)}"
    elif hint < 0.36:
        request = random.choice(_TOOL_HEADS) + request
    else:
        request = spoken(request, random)
    call = Call("python", task.code, (Observation(output),))
    return Round("python", request, (call,), answer, (fact,))


def with_mistake(asked: Round, random: Random) -> Round | None:
    """The same question with a first attempt that fails; None when no mistake fits the code."""
    code = asked.calls[0].payload
    lines = code.split("\n")
    wrong: list[str] = []
    if lines[0].startswith(("import ", "from ")):
        wrong.append("\n".join(lines[1:]))
    if code.endswith(")"):
        wrong.append(
            code.replace("len(", "length(", 1)
            if "len(" in code
            else code.replace("print(", "prnt(", 1)
        )
    if ".days)" in code:
        wrong.append(code.replace(".days)", ".day)"))
    if "'" in code:
        wrong.append(code.replace("'", "", 1))
    attempt = random.choice(wrong) if wrong else code
    output = run_cell(attempt)
    if "Error" not in output:
        return None
    failed = Call("python", attempt, (Observation(output),), is_learnt=False)
    return replace(asked, kind="error, then again", calls=(failed, *asked.calls))

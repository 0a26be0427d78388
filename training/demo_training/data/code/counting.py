"""Everyday questions about numbers in many wordings: orders and choices, sequences, rounding, equations, divisibility, Roman numerals."""

from random import Random

from demo_training.data.code.quantities import drawn_sizes
from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, framed, ordinal
from demo_training.data.values import Vocabulary, capitalised

_SIGNS = "((1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'), (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I'))"
_ORDERS: tuple[Kind, ...] = (
    Kind(("In how many ways can {h} people stand in a line?", "How many ways are there to arrange {h} books on a shelf?", "In how many orders can {h} runners finish?", "{h} friends sit on a bench. In how many orders can they sit?", "How many different orders of {h} songs are possible?", "How many permutations do {h} things have?", "How many ways can {h} kids queue up?", "In how many ways can {h} cards be lined up?", "{h} flags are hung in a row. How many arrangements are there?", "How often can {h} people change places until every order was there?", "In how many different orders can I do {h} chores?", "Number of ways to order {h} letters that are all different?"), "import math\nprint(math.factorial({h}))", weight=5),
    Kind(("How many different teams of {k} can I make from {m} players?", "How many ways are there to pick {k} of {m} people?", "In how many ways can {k} books be chosen out of {m}?", "{m} students, {k} of them are picked. How many choices are there?", "How many groups of {k} can be formed from {m} kids?", "Choose {k} toppings out of {m}: how many combinations?", "How many combinations of {k} from {m} are there?", "How many committees of {k} can {m} members form?", "I can take {k} of {m} shirts. How many selections is that?", "{k} numbers out of {m}: how many lottery tickets are possible?", "How many hands of {k} cards are there in a pack of {m}?"), "import math\nprint(math.comb({m}, {k}))", weight=5),
    Kind(("In how many ways can {m} runners take the first {k} places?", "How many ways are there to give {k} different prizes to {m} people, at most one each?", "{m} books, {k} places on the shelf: how many orders?", "In how many ways can {m} members elect {k} officers for different posts?", "How many ordered selections of {k} out of {m} are there?", "Gold, silver and so on for the first {k} of {m}: how many outcomes?", "{k} of {m} people sit down on {k} numbered chairs. How many ways?"), "import math\nprint(math.perm({m}, {k}))", weight=3),
    Kind(("{m} people all shake hands once. How many handshakes is that?", "How many handshakes are there among {m} people?", "{m} teams play each other once. How many games are that?", "How many pairs can be made of {m} children?", "At a party of {m} everyone clinks glasses with everyone. How many clinks?", "How many matches are there in a league of {m} if each pair meets once?", "{m} towns are joined by a road between any two. How many roads?"), "import math\nprint(math.comb({m}, 2))", weight=3),
    Kind(("How many codes of {k} digits are there?", "How many {k}-digit PINs are possible?", "A lock has {k} wheels with the digits 0 to 9. How many settings does it have?", "How many passwords of {k} digits exist?", "{k} digits, repeats allowed: how many codes?"), "print(10 ** {k})", weight=2),
    Kind(("How many passwords of {k} small letters are there?", "A code has {k} letters from a to z. How many codes are there?", "How many words of {k} letters could be made of 26 letters, repeats allowed?"), "print(26 ** {k})"),
    Kind(("I have {a} shirts, {b} trousers and {k} hats. How many outfits is that?", "A menu has {a} starters, {b} mains and {k} desserts. How many meals are possible?", "{a} colours, {b} sizes and {k} styles: how many kinds are there?", "With {a} breads, {b} cheeses and {k} sauces, how many sandwiches can be made?"), "print({a} * {b} * {k})", weight=2),
    Kind(("How many outcomes are there when {k} dice are rolled?", "{k} dice are thrown. How many results are possible?"), "print(6 ** {k})"),
    Kind(("How many outcomes do {k} coin flips have?", "A coin is tossed {k} times. How many sequences are possible?"), "print(2 ** {k})"),
)  # fmt: skip
_SEQUENCES: tuple[Kind, ...] = (
    Kind(("{s1}, {s2}, {s3}, {s4}, ... What's the {tth} term?", "The sequence goes {s1}, {s2}, {s3}, {s4}. What is the {tth} number?", "Next numbers in {s1}, {s2}, {s3}, {s4}: what's the {tth} term?", "What is term {t} of {s1}, {s2}, {s3}, {s4}, ...?", "An arithmetic sequence begins {s1}, {s2}, {s3}. Find the {tth} term.", "{s1}, {s2}, {s3} and so on: which number is the {tth}?", "Find the {tth} number of the pattern {s1}, {s2}, {s3}, {s4}.", "If {s1}, {s2}, {s3}, {s4} goes on like this, what is number {t}?", "{tth} term of {s1}, {s2}, {s3}, {s4}?"), "step = {s2} - {s1}\nprint({s1} + ({t} - 1) * step)", weight=5),
    Kind(("What comes next in {s1}, {s2}, {s3}, {s4}?", "Next number: {s1}, {s2}, {s3}, {s4}, ?", "{s1}, {s2}, {s3}, {s4}: what is the next one?", "Continue the sequence {s1}, {s2}, {s3}, {s4}.", "Which number follows {s1}, {s2}, {s3}, {s4}?"), "step = {s4} - {s3}\nprint({s4} + step)", weight=3),
    Kind(("What comes next in {g1}, {g2}, {g3}, {g4}?", "Next number: {g1}, {g2}, {g3}, {g4}, ?", "{g1}, {g2}, {g3}, {g4}: what is the next one?", "Continue the sequence {g1}, {g2}, {g3}, {g4}.", "Which number follows {g1}, {g2}, {g3}, {g4}?"), "ratio = {g4} // {g3}\nprint({g4} * ratio)", weight=2),
    Kind(("{g1}, {g2}, {g3}, ... What's the {fth} term?", "The sequence {g1}, {g2}, {g3}, {g4} goes on. What is the {fth} number?", "Find the {fth} term of {g1}, {g2}, {g3}, {g4}.", "A geometric sequence begins {g1}, {g2}, {g3}. What is term {f}?"), "ratio = {g2} // {g1}\nprint({g1} * ratio ** ({f} - 1))", weight=2),
    Kind(("What is the sum of the first {t} terms of {s1}, {s2}, {s3}, ...?", "Add up {t} terms of the sequence {s1}, {s2}, {s3}, {s4}.", "{s1} + {s2} + {s3} + ... with {t} terms: what is the sum?"), "step = {s2} - {s1}\nprint(sum({s1} + i * step for i in range({t})))", weight=2),
    Kind(("A theatre has {s1} seats in the first row and {step} more in each row behind. How many seats are in row {t}?", "{n} runs {s1} km in week one and {step} km more every week. How many km in week {t}?", "{n} saves {s1} dollars in the first month and {step} more each month. How much in month {t}?"), "print({s1} + ({t} - 1) * {step})", weight=2),
    Kind(("A theatre has {s1} seats in the first row and {step} more in each row behind. How many seats are in the {t} rows?", "{n} does {s1} push-ups on day one and {step} more every day. How many in {t} days altogether?", "A pile has {s1} logs on top and {step} more in each layer below. How many logs are in {t} layers?"), "print(sum({s1} + i * {step} for i in range({t})))", weight=2),
)  # fmt: skip
_ROUNDED: tuple[Kind, ...] = (
    Kind(("Round {x} to {p} decimals", "Round {x} to {p} decimal places.", "What is {x} rounded to {p} decimals?", "{x} to {p} decimal places?", "!round {x} to {p} places", "Cut {x} down to {p} decimals by rounding.", "How is {x} written with {p} digits after the point?", "I need {x} with {p} decimals.", "Give me {x} rounded to {p} digits after the comma.", "{x}, rounded to {p} decimals"), "print(round({x}, {p}))", weight=5),
    Kind(("Round {x} to the nearest whole number.", "What is {x} rounded to an integer?", "{x} to the nearest integer?", "!round {x}", "What whole number is closest to {x}?", "Round {x} off."), "print(round({x}))", weight=3),
    Kind(("Round {x} up to a whole number.", "What is {x} rounded up?", "!round up {x}", "The next whole number above {x}?", "What's the ceiling of {x}?"), "import math\nprint(math.ceil({x}))", weight=2),
    Kind(("Round {x} down to a whole number.", "What is {x} rounded down?", "!round down {x}", "!cut off the decimals of {x}", "What's the floor of {x}?"), "import math\nprint(math.floor({x}))", weight=2),
    Kind(("Round {y} to the nearest ten.", "What is {y} rounded to tens?", "{y} to the nearest 10?", "!round {y} to tens"), "print(round({y}, -1))", weight=2),
    Kind(("Round {y} to the nearest hundred.", "What is {y} rounded to hundreds?", "{y} to the nearest 100?", "!round {y} to the hundreds"), "print(round({y}, -2))", weight=2),
    Kind(("Round {y} to the nearest thousand.", "What is {y} rounded to thousands?", "{y} to the nearest 1000?"), "print(round({y}, -3))"),
    Kind(("What is {a} divided by {b}, rounded to {p} decimals?", "{a} / {b} to {p} decimal places?", "Divide {a} by {b} and round to {p} decimals.", "{a} over {b} with {p} digits after the point?"), "print(round({a} / {b}, {p}))", weight=3),
    Kind(("What is the square root of {y} to {p} decimals?", "!round the square root of {y} to {p} places", "sqrt of {y}, {p} decimals please"), "import math\nprint(round(math.sqrt({y}), {p}))", weight=2),
)  # fmt: skip
_SOLVED: tuple[Kind, ...] = (
    Kind(("What number times {a} is {ab}?", "{a} times what is {ab}?", "Which number multiplied by {a} gives {ab}?", "{a} * x = {ab}. What is x?", "Find x: {a}x = {ab}", "By what do I multiply {a} to get {ab}?"), "print({ab} / {a})", weight=2),
    Kind(("What number plus {a} is {y}?", "{a} plus what is {y}?", "x + {a} = {y}. Find x.", "What must be added to {a} to get {y}?", "How much is missing from {a} to {y}?"), "print({y} - {a})", weight=2),
    Kind(("What number minus {a} is {b}?", "x - {a} = {b}. What is x?", "From which number do I take {a} to get {b}?", "I think of a number, subtract {a} and get {b}. What was it?"), "print({b} + {a})", weight=2),
    Kind(("What number divided by {a} is {b}?", "x / {a} = {b}. What is x?", "I divide a number by {a} and get {b}. Which number was it?"), "print({b} * {a})", weight=2),
    Kind(("I think of a number, multiply it by {h}, add {a} and get {lin}. What is the number?", "{h} times a number plus {a} is {lin}. Which number is it?", "Solve {h}x + {a} = {lin}.", "{h}x + {a} = {lin}: x?"), "print(({lin} - {a}) / {h})", weight=3),
    Kind(("x + y = {sum2} and x - y = {dif}. What are x and y?", "Two numbers have the sum {sum2} and the difference {dif}. What are they?", "Find two numbers whose sum is {sum2} and whose difference is {dif}.", "Solve x + y = {sum2}, x - y = {dif}."), "x = ({sum2} + {dif}) / 2\ny = {sum2} - x\nprint(x, y)", weight=3),
    Kind(("Solve x^2 - {quad}x + {prod} = 0.", "What are the roots of x² - {quad}x + {prod}?", "Find x: x^2 - {quad}x + {prod} = 0", "Which x solve x**2 - {quad}*x + {prod} = 0?"), "import math\na, b, c = 1, -{quad}, {prod}\nd = math.sqrt(b ** 2 - 4 * a * c)\nprint((-b + d) / (2 * a), (-b - d) / (2 * a))", weight=2),
    Kind(("{k} is to {h} as x is to {prop}. What is x?", "If {k}:{h} = x:{prop}, what is x?", "Solve the proportion {k}/{h} = x/{prop}."), "print({k} / {h} * {prop})", weight=2),
    Kind(("A bag has {k} red and {h} blue balls. What is the probability of a red one?", "There are {k} green and {h} black socks in a drawer. What is the chance to draw a green one?", "A jar holds {k} red and {h} white sweets. What's the probability that one drawn is red?"), "print({k} / ({k} + {h}))", weight=3),
    Kind(("A bag has {k} red and {h} blue balls. Two are drawn without putting back. What is the probability that both are red?", "{k} red and {h} white socks are in a drawer. I take two. How likely are two red ones?"), "total = {k} + {h}\nprint({k} / total * ({k} - 1) / (total - 1))"),
    Kind(("What is the {b} times table up to 10?", "!write the multiplication table of {b}", "!list {b} times 1 to {b} times 10", "+the first ten multiples of {b}"), "print([{b} * i for i in range(1, 11)])", weight=2),
    Kind(("What is the smallest power of {k} above {y}?", "Which is the first power of {k} larger than {y}?", "What's the lowest power of {k} that is more than {y}?"), "n = 1\nwhile n <= {y}:\n    n *= {k}\nprint(n)", weight=2),
    Kind(("How many times can {y} be divided by {k} until it is below 1?", "How many times do I have to divide {y} by {k} until less than 1 is left?"), "n, times = {y}, 0\nwhile n >= 1:\n    n /= {k}\n    times += 1\nprint(times)"),
    Kind(("Add the digits of {y} again and again until one digit is left. Which one?", "What is the digital root of {y}?"), "n = {y}\nwhile n > 9:\n    n = sum(int(digit) for digit in str(n))\nprint(n)"),
)  # fmt: skip
_RANGE = ("from 1 to {z}", "between 1 and {z}", "up to {z}", "from 1 through {z}")
_HOW_MANY = ("How many numbers {r} are {c}?", "!count the numbers {r} that are {c}", "How many integers {r} are {c}?", "How many of the numbers {r} are {c}?", "{r}, how many numbers are {c}?", "=the number of integers {r} that are {c}")  # fmt: skip
_WHICH = ("Which numbers {r} are {c}?", "!list the numbers {r} that are {c}", "+all numbers {r} that are {c}", "!find the numbers {r} that are {c}")  # fmt: skip
_SUM = ("What is the sum of the numbers {r} that are {c}?", "!add up the numbers {r} that are {c}", "=the total of all numbers {r} that are {c}")  # fmt: skip
_CONDITIONS = (
    (("divisible by {k} but not by {j}", "multiples of {k} but not of {j}", "divisible by {k} and not by {j}"), "x % {k} == 0 and x % {j} != 0", 4),
    (("divisible by {k} or {j}", "multiples of {k} or {j}", "divisible by {k} or by {j}"), "x % {k} == 0 or x % {j} == 0", 3),
    (("divisible by both {k} and {j}", "multiples of {k} and of {j}", "divisible by {k} and {j}"), "x % {k} == 0 and x % {j} == 0", 3),
    (("divisible by neither {k} nor {j}", "not divisible by {k} and not by {j}"), "x % {k} != 0 and x % {j} != 0", 2),
    (("odd and divisible by {k}", "odd multiples of {k}"), "x % 2 == 1 and x % {k} == 0", 2),
    (("even but not divisible by {k}", "even and no multiples of {k}"), "x % 2 == 0 and x % {k} != 0", 2),
    (("divisible by {k}", "multiples of {k}"), "x % {k} == 0", 2),
)  # fmt: skip
_ROMAN: tuple[Kind, ...] = (
    Kind(("What is {year} in Roman numerals?", "Write {year} in Roman numerals.", "Convert {year} to a Roman numeral.", "{year} as a Roman number?", "How do the Romans write {year}?", "Roman numeral for {year}?", "How is {year} written in Roman numerals?", "Give me {year} in Roman."), f"n, roman = {{year}}, ''\nfor value, sign in {_SIGNS}:\n    roman += sign * (n // value)\n    n %= value\nprint(roman)", weight=3),
    Kind(("What number is the Roman numeral {roman}?", "Convert {roman} to a normal number.", "{roman} in Arabic numerals?", "Which year is {roman}?", "How much is {roman}?", "What does the Roman number {roman} stand for?"), "values = {{'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100, 'D': 500, 'M': 1000}}\nnumbers = [values[sign] for sign in '{roman}']\nprint(sum(-a if a < b else a for a, b in zip(numbers, [*numbers[1:], 0])))", weight=2),
)  # fmt: skip
_PAIRS = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip
_SIZES = "h 3-9, k 2-4, e 1-9, m = k + e + 1, a 2-40, b 3-13, s1 1-60, step 2-15, s2 = s1 + step, s3 = s2 + step, s4 = s3 + step, t 5-60, g1 1-9, q 2-5, g2 = g1 * q, g3 = g2 * q, g4 = g3 * q, f 5-12, ab = a * b, lin = h * t + a, dif = e, sum2 = a + a + e, quad = h + k, prod = h * k, u 2-20, prop = h * u, p 1-4, y 101-99999, z 3-60*10"


def roman(number: int) -> str:
    """A number as the Romans wrote it."""
    text = ""
    for value, sign in _PAIRS:
        text += sign * (number // value)
        number %= value
    return text


def counting(random: Random, vocabulary: Vocabulary) -> Task:
    """Orders and choices, sequences, rounding, numbers that are looked for, Roman numerals, numbers of a range."""
    slots = drawn_sizes(random, _SIZES)
    x = round(random.uniform(0.01, random.choice((3, 30, 900))), random.choice((3, 4, 5, 6)))
    # A range counted down is a sequence as well.
    if random.random() < 0.15:
        slots |= {f"s{i}": slots[f"s{5 - i}"] for i in range(1, 5)}
    year = random.randint(1, 60) if random.random() < 0.25 else random.randint(60, 3200)
    slots |= {"x": f"{x:f}".rstrip("0"), "n": random.choice(vocabulary.first_names), "year": str(year), "roman": roman(year), "tth": ordinal(random, int(slots["t"]), letters=False), "fth": ordinal(random, int(slots["f"]), letters=False)}  # fmt: skip
    which = random.random()
    if which < 0.18:
        return _of_a_range(random, slots)
    kinds = _ORDERS if which < 0.38 else _SEQUENCES if which < 0.58 else _ROUNDED if which < 0.75 else _SOLVED if which < 0.94 else _ROMAN  # fmt: skip
    kind = random.choices(kinds, [each.weight for each in kinds])[0]
    request = framed(random, random.choice(kind.wordings)).format_map(slots)
    return Task(capitalised(request), kind.code.format_map(slots))


def _of_a_range(random: Random, slots: dict[str, str]) -> Task:
    wordings = [each[:2] for each in _CONDITIONS]
    said, condition = random.choices(wordings, [each[2] for each in _CONDITIONS])[0]
    k, j = random.sample(range(2, 13), 2)
    # An odd number has no even divisor.
    numbers = {"k": k + 1 if "odd" in said[0] and k % 2 == 0 else k, "j": j}
    clause, condition = random.choice(said).format_map(numbers), condition.format_map(numbers)
    end = random.randint(k * 2, int(slots["z"]))
    forms, code = random.choices(((_HOW_MANY, "sum({c} for x in {r})"), (_WHICH, "[x for x in {r} if {c}]"), (_SUM, "sum(x for x in {r} if {c})")), (4, 2, 2))[0]  # fmt: skip
    if forms is _WHICH:
        end = min(end, 100)
    where = random.choice(_RANGE).format(z=end)
    request = framed(random, random.choice(forms)).format(r=where, c=clause)
    expression = code.format(c=condition, r=f"range(1, {end} + 1)")
    return Task(capitalised(request), f"print({expression})")

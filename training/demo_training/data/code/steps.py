"""Arithmetic said in words, one step after the other, and single steps with a verb of their own.

The numbers are written in every way in which people write them: in words, with separators, with a sign, with decimals.
"""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised

# First steps: wordings of two numbers, and the code.
_FIRST: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{a} + {b}", ("add {a} and {b}", "add {b} to {a}", "take {a} and add {b}", "start with {a} and add {b}", "take {a}, add {b}", "begin with {a}, add {b}", "add up {a} and {b}")),
    ("{a} - {b}", ("subtract {b} from {a}", "take {b} away from {a}", "take {a} and subtract {b}", "start with {a} and take away {b}", "take {a}, subtract {b}", "deduct {b} from {a}", "from {a} take {b}", "reduce {a} by {b}")),
    ("{a} * {b}", ("multiply {a} by {b}", "multiply {a} and {b}", "take {a} times {b}", "take {a} and multiply it by {b}", "start with {a}, multiply by {b}", "multiply {a} with {b}")),
    ("{a} / {b}", ("divide {a} by {b}", "take {a} and divide it by {b}", "start with {a}, divide by {b}", "split {a} by {b}")),
    ("{a} * 2", ("double {a}", "take {a} and double it", "take {a}, double it", "take twice {a}")),
    ("{a} * 3", ("triple {a}", "take {a}, triple it", "take {a} three times")),
    ("{a} / 2", ("halve {a}", "take {a}, halve it", "take half of {a}", "take {a} and cut it in half")),
    ("{a} ** 2", ("square {a}", "take {a}, square it", "take the square of {a}")),
)  # fmt: skip
_NEXT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (" + {b}", ("add {b}", "add {b} to the result", "add {b} to it", "increase it by {b}", "put {b} on top")),
    (" - {b}", ("subtract {b}", "subtract {b} from the result", "take away {b}", "take {b} off", "reduce it by {b}", "deduct {b}", "subtract {b} from that")),
    (" * {b}", ("multiply by {b}", "multiply the result by {b}", "multiply it by {b}", "take that times {b}", "multiply everything by {b}")),
    (" / {b}", ("divide by {b}", "divide the result by {b}", "divide it by {b}", "divide that by {b}", "divide everything by {b}")),
    (" * 2", ("double it", "double the result", "double that")), (" * 3", ("triple it", "triple the result")),
    (" / 2", ("halve it", "halve the result", "take half of that", "cut it in half")), (" ** 2", ("square it", "square the result")),
)  # fmt: skip
# Phrases that name a result, with one number more in front of them.
_CHAINED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (" + {b}", ("plus {b}", "and then plus {b}")), (" - {b}", ("minus {b}", "less {b}")),
    (" * {b}", ("times {b}", "multiplied by {b}")), (" / {b}", ("divided by {b}", "over {b}")),
)  # fmt: skip
_ENDS = ("", "", "", " What is the result?", " What do you get?", " What's the answer?", " What comes out?", " What is it?")  # fmt: skip
_SINGLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{a} - {b}", ("What do you get when you take {b} away from {a}?", "What do I get if I subtract {b} from {a}?", "What is left when {b} is taken from {a}?", "By how much is {a} bigger than {b}?", "How much more is {a} than {b}?", "How far apart are {b} and {a}?", "What is {a} reduced by {b}?", "How much is missing from {b} to {a}?", "What must be added to {b} to reach {a}?", "If I have {a} and {b} is gone, what remains?", "How much does {a} exceed {b}?", "From {a} I remove {b}. What remains?")),
    ("{a} + {b}", ("What do you get when you add {b} to {a}?", "How much are {a} and {b} together?", "What do {a} and {b} make?", "What is {b} more than {a}?", "If {b} comes on top of {a}, what is that?", "Put {a} and {b} together.", "What is {a} increased by {b}?", "Sum of {a} and {b}?")),
    ("{a} * {b}", ("What do you get when you multiply {a} by {b}?", "What is {a} taken {b} times?", "How much is {b} times {a}?", "What is {a} multiplied with {b}?", "Product of {a} and {b}?", "What do {a} lots of {b} make?", "{a} x {b} please")),
    ("{a} / {b}", ("What do you get when you divide {a} by {b}?", "What is {a} split by {b}?", "What is the quotient of {a} and {b}?", "How much is {a} over {b}?", "Divide {a} into {b} parts. How big is one?")),
    ("{a} // {b}", ("How many times does {b} go into {a} completely?", "How many whole times does {b} fit in {a}?", "How often can {b} be taken from {a}?", "How many full {b}s are in {a}?", "What is {a} divided by {b} without the remainder?", "How often does {b} go into {a}?", "How many complete groups of {b} can be made of {a}?")),
    ("{a} % {b}", ("What remains when you divide {a} by {b}?", "What is left over if {a} is split into groups of {b}?", "Find the remainder of {a} divided by {b}.", "What's the rest of {a} by {b}?", "Dividing {a} by {b}, what is the remainder?", "When {a} is divided by {b}, how much is left over?")),
)  # fmt: skip
_FRAMES = ("What is {}?", "What is {}?", "How much is {}?", "{} - what's that?", "{}?", "{} is how much?", "Calculate {}.", "Work out {} for me.", "what's {}", "Tell me {}.", "Could you work out {}?", "I need {}.")  # fmt: skip


def _number(random: Random, size: int) -> tuple[str, str]:
    """A number as said and as code."""
    kind = random.random()
    if kind < 0.2:
        text = f"{random.uniform(0.1, size):.{random.choice((1, 1, 2))}f}"
        return text, text
    value = random.randint(2, max(3, size))
    if kind < 0.28:
        return said_number(random, -value), f"-{value}"
    return said_number(random, value), str(value)


def in_words(random: Random, vocabulary: Vocabulary) -> Task:
    """One sum with a verb of its own, or several steps in a row."""
    size = random.choice((12, 60, 100, 999, 5000))
    if random.random() < 0.4:
        code, wordings = random.choice(_SINGLE)
        whole = "//" in code or "%" in code
        b = random.randint(2, max(3, size // 2))
        a = random.randint(b, b * random.choice((3, 20, 90)))
        said = {"a": said_number(random, a), "b": said_number(random, b)}
        coded = {"a": str(a), "b": str(b)}
        if not whole and random.random() < 0.25:
            said["a"], coded["a"] = _number(random, size)
        wording = random.choice(wordings)
        if "{b}s" in wording:
            said["b"] = str(b)
        return Task(capitalised(wording.format(**said)), f"print({code.format(**coded)})")
    return _chain(random, size) if random.random() < 0.4 else _deeds(random, size)


def _extended(code: str, step: str) -> str:
    """`code` with one step more; brackets where the order of operations asks for them."""
    binds = any(sign in step for sign in "*/")
    if step.startswith(" **"):
        return f"({code}){step}"
    return f"({code}){step}" if binds and (" + " in code or " - " in code) else code + step


def _deeds(random: Random, size: int) -> Task:
    """Do this, then that."""
    (a, coded_a), (b, coded_b) = _number(random, size), _number(random, max(12, size // 4))
    code, wordings = random.choice(_FIRST)
    said = [random.choice(wordings).format(a=a, b=b)]
    code = code.format(a=f"({coded_a})" if "**" in code and coded_a[0] == "-" else coded_a, b=coded_b)  # fmt: skip
    for _ in range(random.choice((1, 1, 1, 2))):
        step, wordings = random.choice(_NEXT)
        value = random.randint(2, 30) if random.random() < 0.8 else round(random.uniform(1, 20), 1)
        said.append(random.choice(wordings).format(b=said_number(random, value)))
        code = _extended(code, step.format(b=value))
    text = said[0]
    style = random.random()
    for each in said[1:]:
        if style < 0.2:
            text += ". " + capitalised(random.choice(("then ", "then ", "now ", "after that, ")) + each)  # fmt: skip
        else:
            text += random.choice((" and then ", ", then ", ", ", " and ", ", and then ")) + each
    if random.random() < 0.12:
        text, mark = f"what do I get if I {text}", "?"
    else:
        mark = "."
    end = random.choice(_ENDS) if mark == "." else ""
    return Task(capitalised(text) + mark + end, f"print({code})")


def _chain(random: Random, size: int) -> Task:
    """A plus b times c: read as arithmetic is read."""
    said, code = _number(random, size)
    for count in range(random.choice((1, 1, 2, 2, 3))):
        b, coded = _number(random, size)
        if coded.startswith("-"):
            b = coded = coded[1:]
        step, wordings = random.choice(_CHAINED)
        # A comma before "divided by" could mean brackets.
        wording = random.choice(wordings if count else wordings[:1])
        is_apart = count and "*" not in step and "/" not in step and random.random() < 0.25
        said += (", " if is_apart else " ") + wording.format(b=b)
        code += step.format(b=coded)
    return Task(capitalised(random.choice(_FRAMES).format(said)), f"print({code})")

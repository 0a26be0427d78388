"""What is counted, listed or added under a condition: conditions, what is made of the members, and where they come from.

The three are put together freely, so that a condition is learnt by itself and not inside one sentence.
"""

from dataclasses import dataclass
from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import cardinal, series, whole_numbers, worded
from demo_training.data.values import Vocabulary, invented_word


@dataclass(frozen=True)
class _Condition:
    """A test.

    Attributes:
        code: over `x`.
        adjective: stands before the noun: "even".
        clause: stands after it: "above 5".
    """

    code: str
    adjective: str = ""
    clause: str = ""

    def noun(self, noun: str) -> str:
        return " ".join(part for part in (self.adjective, noun, self.clause) if part)

    def predicate(self) -> str:
        """What can follow "are"; empty where nothing does."""
        said = self.adjective or self.clause
        attributes = ("that ", "with ", "of ", "up to ", "ending ", "two-digit", "2-digit")
        return "" if said.startswith(attributes) else said


def _beyond(random: Random, limit: int) -> tuple[_Condition, _Condition]:
    above = ("above", "greater than", "bigger than", "larger than", "over", "higher than", "more than")  # fmt: skip
    below = ("below", "less than", "smaller than", "under", "lower than")
    return (
        _Condition(f"x > {limit}", clause=f"{random.choice(above)} {limit}"),
        _Condition(f"x < {limit}", clause=f"{random.choice(below)} {limit}"),
    )


def _number_condition(random: Random, low: int, high: int) -> _Condition:
    k, digit = random.randint(2, 12), random.randint(0, 9)
    limit = random.randint(low, max(low, high))
    a, b = sorted((random.randint(low, max(low, high)), limit))
    return random.choice((
        _Condition("x % 2 == 0", adjective="even"), _Condition("x % 2 == 1", adjective="odd"),
        _Condition("x % 2 == 0", adjective="even"), _Condition("x % 2 == 1", adjective="odd"),
        _Condition("x < 0", adjective="negative"), _Condition("x < 0", clause="below zero"),
        _Condition("x > 0", adjective="positive"),
        _Condition(f"x % {k} == 0", clause=f"divisible by {k}"),
        _Condition(f"x % {k} == 0", clause=f"that {k} divides"),
        *_beyond(random, limit), *_beyond(random, limit),
        _Condition(f"x >= {limit}", clause=random.choice((f"of at least {limit}", f"greater than or equal to {limit}", f"not below {limit}"))),
        _Condition(f"x <= {limit}", clause=random.choice((f"of at most {limit}", f"up to {limit}", f"not above {limit}"))),
        _Condition(f"{a} <= x <= {b}", clause=random.choice((f"between {a} and {b}", f"from {a} to {b}", f"in the range {a} to {b}"))),
        _Condition(f"x % 10 == {digit}", clause=random.choice((f"ending in {digit}", f"that end in {digit}", f"with the last digit {digit}"))),
        _Condition(f"'{digit}' in str(x)", clause=random.choice((f"that contain the digit {digit}", f"with a {digit} in them"))),
        _Condition(f"x % {k} != 0", clause=f"not divisible by {k}"),
        _Condition("len(str(x)) == 2", adjective=random.choice(("two-digit", "2-digit"))),
    ))  # fmt: skip


# What is made of the members: wordings with {these} for them (noun with condition), {are} for the bare condition.
_OF_LIST: tuple[tuple[tuple[str, ...], str], ...] = (
    (("How many {these} are in {l}?", "How many {these} are there in {l}?", "!count the {these} in {l}", "=the number of {these} in {l}", "=the count of {these} among {l}", "How many of {l} are {are}?", "How many of the numbers {l} are {are}?", "Of {l}, how many are {are}?", "From {l}, how many are {are}?"), "print(sum({c} for x in {v}))"),
    (("Which {these} are in {l}?", "+the {these} in {l}", "!find all {these} in {l}", "!filter {l} for {these}", "!keep only the {these} of {l}", "Which of {l} are {are}?", "Which of the numbers {l} are {are}?", "From {l}, which are {are}?", "Of {l}, which ones are {are}?", "Of the following numbers, list the {these}: {l}", "!list the {these} among {l}", "!pick the {these} out of {l}"), "print([x for x in {v} if {c}])"),
    (("=the sum of the {these} in {l}", "!add up the {these} in {l}", "!sum all {these} of {l}", "=the total of all {these} in {l}"), "print(sum(x for x in {v} if {c}))"),
    (("=the largest of the {these} in {l}", "=the biggest of all {these} in {l}"), "print(max((x for x in {v} if {c}), default=None))"),
    (("!remove the {these} from {l}", "!drop all {these} from {l}", "What is left of {l} without the {these}?"), "print([x for x in {v} if not ({c})])"),
    (("Are there any {these} in {l}?", "Does {l} have {these}?"), "print(any({c} for x in {v}))"),
    (("Are all of {l} {are}?", "Are all numbers of {l} {these}?"), "print(all({c} for x in {v}))"),
)  # fmt: skip
_OF_RANGE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("How many {these} are there {where}?", "!count the {these} {where}", "=the number of {these} {where}", "How many {these} are {where}?"), "print(sum({c} for x in {v}))"),
    (("=the sum of all {these} {where}", "=the sum of the {these} {where}", "!add up all {these} {where}", "!sum the {these} {where}", "=the total of the {these} {where}"), "print(sum(x for x in {v} if {c}))"),
    (("+the {these} {where}", "+all {these} {where}", "!list the {these} {where}", "!print all {these} {where}"), "print([x for x in {v} if {c}])"),
    (("=the sum of the squares of the {these} {where}",), "print(sum(x ** 2 for x in {v} if {c}))"),
    (("=the largest of the {these} {where}",), "print(max((x for x in {v} if {c}), default=None))"),
)  # fmt: skip


def conditional_list(random: Random, vocabulary: Vocabulary) -> Task:
    """Counts, filters and sums over the numbers of a list."""
    values = whole_numbers(random, random.choice((3, 4, 5, 5, 6, 7, 8, 9)))
    condition = _number_condition(random, min(values), max(values))
    wordings, code = random.choices(_OF_LIST, (5, 5, 3, *[1] * (len(_OF_LIST) - 3)))[0]
    if not condition.predicate():
        wordings = tuple(each for each in wordings if "{are}" not in each)
    noun = random.choice(("numbers", "numbers", "values"))
    slots = {"l": series(random, values), "v": values, "c": condition.code}
    slots |= {"these": condition.noun(noun), "are": condition.predicate()}
    return Task(worded(random, random.choice(wordings), slots), code.format_map(slots))


def _range_condition(random: Random, high: int) -> _Condition:
    if random.random() < 0.7:
        k, digit = random.randint(2, 15), random.randint(0, 9)
        return random.choice((
            _Condition("x % 2 == 0", adjective="even"), _Condition("x % 2 == 1", adjective="odd"),
            _Condition("x % 2 == 0", adjective="even"), _Condition("x % 2 == 1", adjective="odd"),
            _Condition(f"x % {k} == 0", clause=f"divisible by {k}"),
            _Condition(f"x % {k} == 0", clause=f"divisible by {k}"),
            _Condition(f"x % {k} == 0 or x % {k + 2} == 0", clause=f"divisible by {k} or {k + 2}"),
            _Condition(f"x % {k} == 0 and x % {k + 1} == 0", clause=f"divisible by both {k} and {k + 1}"),
            _Condition(f"x % {k} != 0", clause=f"not divisible by {k}"),
            _Condition(f"x % 10 == {digit}", clause=f"ending in {digit}"),
            _Condition(f"'{digit}' in str(x)", clause=f"that contain the digit {digit}"),
            _Condition("x == int(x ** 0.5) ** 2", clause="that are perfect squares"),
            _Condition("str(x) == str(x)[::-1]", clause="that are palindromes"),
        ))  # fmt: skip
    return _Condition(
        "all(x % i for i in range(2, int(x ** 0.5) + 1))",
        adjective=random.choice(("prime", "prime")),
    )


def conditional_range(random: Random, vocabulary: Vocabulary) -> Task:
    """Counts and sums over all whole numbers of a range; primes from two on."""
    high = random.choice((20, 50, 100, random.randint(10, 200), random.randint(100, 1000)))
    condition = _range_condition(random, high)
    low = random.choice((1, 1, random.randint(2, high)))
    first = 2 if low == 1 and condition.adjective == "prime" else low
    where, code_range = random.choice((
        (random.choice((f"from {low} to {high}", f"between {low} and {high}", f"from {low} through {high}", f"between {low} and {high} inclusive")), f"range({first}, {high} + 1)"),
        (random.choice((f"up to {high}", f"not above {high}")), f"range({2 if condition.adjective == 'prime' else 1}, {high} + 1)"),
        (random.choice((f"below {high}", f"less than {high}", f"under {high}", f"smaller than {high}")), f"range({2 if condition.adjective == 'prime' else 1}, {high})"),
    ))  # fmt: skip
    wordings, code = random.choice(_OF_RANGE)
    slots = {"where": where, "v": code_range, "c": condition.code}
    slots |= {
        "these": condition.noun(random.choice(("numbers", "numbers", "integers", "whole numbers")))
    }
    return Task(worded(random, random.choice(wordings), slots), code.format_map(slots))


def conditional_words(random: Random, vocabulary: Vocabulary) -> Task:
    """Counts and filters over words and over the words of a sentence."""
    n, letter = random.randint(3, 8), random.choice("aeiourstnlmcpbdg")
    count, kept = cardinal(random, n), random.choice(("letters", "characters"))
    if random.random() < 0.5:
        sentence = random.choice(vocabulary.sentences)
        subject, code = f"'{sentence}'", f"'{sentence}'.split()"
        slot = "{s}"
    else:
        several = random.sample(
            vocabulary.dictionary, min(random.randint(3, 7), len(vocabulary.dictionary))
        )
        subject, code = series(random, several), repr(several)
        slot = "{ws}"
    clause, test = random.choice((
        (random.choice((f"with more than {count} {kept}", f"longer than {count} {kept}", f"that have more than {count} {kept}")), f"len(x) > {n}"),
        (random.choice((f"with fewer than {count} {kept}", f"shorter than {count} {kept}")), f"len(x) < {n}"),
        (random.choice((f"with exactly {count} {kept}", f"of {count} {kept}", f"with {count} {kept}")), f"len(x) == {n}"),
        (random.choice((f"with at least {count} {kept}", f"of {count} or more {kept}")), f"len(x) >= {n}"),
        (random.choice((f"that start with {letter}", f"beginning with the letter {letter}", f"starting with '{letter}'")), f"x.startswith('{letter}')"),
        (random.choice((f"that end with {letter}", f"ending in {letter}", f"ending with the letter '{letter}'")), f"x.endswith('{letter}')"),
        (random.choice((f"that contain {letter}", f"containing the letter {letter}", f"with the letter '{letter}' in them")), f"'{letter}' in x"),
        (random.choice((f"without the letter {letter}", f"that do not contain '{letter}'")), f"'{letter}' not in x"),
    ))  # fmt: skip
    wording, made = random.choice((
        (random.choice((f"How many words {clause} are in {slot}?", f"!count the words {clause} in {slot}", f"=the number of words {clause} in {slot}", f"In {slot}, how many words are there {clause}?")), f"print(sum({test} for x in {code}))"),
        (random.choice((f"Which words {clause} are in {slot}?", f"+the words {clause} in {slot}", f"!find all words {clause} in {slot}", f"!keep only the words {clause} from {slot}")), f"print([x for x in {code} if {test}])"),
    ))  # fmt: skip
    return Task(worded(random, wording, {slot[1:-1]: subject}), made)


def conditional_letters(random: Random, vocabulary: Vocabulary) -> Task:
    """Counts, filters and removals over the characters of a word or a text."""
    text = random.choice((
        random.choice(vocabulary.dictionary), random.choice(vocabulary.dictionary), invented_word(random, vocabulary),
        random.choice(vocabulary.sentences), random.choice(vocabulary.sentences).title(),
        random.choice(vocabulary.dictionary).capitalize() + str(random.randint(2, 9999)) + random.choice(vocabulary.dictionary).upper(),
    ))  # fmt: skip
    subject = random.choice((f"'{text}'", f'"{text}"', text if " " not in text else f"'{text}'"))
    letter = random.choice([each for each in text if each.isalpha()] or ["a"])
    name, test = random.choice((
        ("vowels", "x in 'aeiouAEIOU'"), ("vowels", "x in 'aeiouAEIOU'"),
        ("consonants", "x.isalpha() and x not in 'aeiouAEIOU'"),
        (random.choice(("capital letters", "upper case letters", "uppercase letters")), "x.isupper()"),
        (random.choice(("small letters", "lower case letters", "lowercase letters")), "x.islower()"),
        ("digits", "x.isdigit()"), ("letters", "x.isalpha()"), ("spaces", "x == ' '"),
        (f"letters other than {letter}", f"x.isalpha() and x != '{letter}'"),
        (f"letters after {letter} in the alphabet", f"x.isalpha() and x > '{letter}'"),
    ))  # fmt: skip
    wording, code = random.choice((
        (random.choice((f"How many {name} can be found in {{w}}?", f"How many {name} does {{w}} have?", f"!count the {name} in {{w}}", f"=the number of {name} in {{w}}", f"How many {name} are there in {{w}}?")), f"print(sum({test} for x in '{text}'))"),
        (random.choice((f"Which {name} are in {{w}}?", f"+the {name} in {{w}}", f"!list the {name} of {{w}}")), f"print([x for x in '{text}' if {test}])"),
        (random.choice((f"!remove the {name} from {{w}}", f"!delete all {name} in {{w}}", f"!write {{w}} without {name}", f"!strip {{w}} of its {name}")), f"print(''.join(x for x in '{text}' if not ({test})))"),
        (random.choice((f"!keep only the {name} of {{w}}", f"What remains of {{w}} when only the {name} are kept?")), f"print(''.join(x for x in '{text}' if {test}))"),
    ))  # fmt: skip
    return Task(worded(random, wording, {"w": subject}), code)

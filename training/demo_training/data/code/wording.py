"""How questions are worded: an operation once, its sentences by composition.

A wording is a sentence, or begins with a mark that says what it is: `=` a thing in the singular (`=the mean of {l}`), `+`
things in the plural, `!` something to do (`!sort {l}`). Those are put into many frames. Whatever names its subject by one of
the slots in `_SUBJECTS` may also begin with the subject: "Numbers: 3, 4. What is the mean of them?"
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from demo_training.data.code.task import Task
from demo_training.data.values import capitalised

Slots = Mapping[str, object]


@dataclass(frozen=True)
class Kind:
    """An operation.

    Attributes:
        wordings: of the question, with `{name}` for the slots.
        code: that prints the answer, with the same slots.
        weight: how often it is asked, beside 1 for what is asked rarely.
    """

    wordings: tuple[str, ...]
    code: str
    weight: float = 1


_SINGULAR = (
    "What is {}?", "What is {}?", "What is {}?", "what's {}", "Calculate {}.", "Compute {}.", "Find {}.", "Determine {}.",
    "Work out {}.", "Tell me {}.", "Give me {}.", "I need {}.", "I'd like to know {}.", "Can you compute {}?",
    "Could you find {}?", "Please calculate {}.", "Please tell me {}.", "Get {}.", "What would be {}?", "Show me {}.",
)  # fmt: skip
_PLURAL = (
    "What are {}?", "What are {}?", "What are {}?", "List {}.", "Show {}.", "Show me {}.", "Find {}.", "Tell me {}.", "Give me {}.",
    "Print {}.", "I need {}.", "Can you list {}?", "Could you give me {}?", "Please find {}.",
)  # fmt: skip
_TERSE = ("{}?", "{}", "{}, please.", "{}.")
_DEEDS = (
    "{}.", "{}.", "{}.", "{}", "Please {}.", "Can you {}?", "Could you {}?", "I want you to {}.", "I need you to {}.", "{}, please.",
)  # fmt: skip
_NUMBER_HEADS = (
    "Numbers: {}. ", "Here are some numbers: {}. ", "Given {}: ", "Given the list {}, answer this: ", "I have the numbers {}. ",
    "Take {}. ", "My data is {}. ", "Data: {}. ", "We measured {}. ", "The values are {}. ", "List: {}. ", "Consider {}. ",
)  # fmt: skip
_WORD_HEADS = (
    "Word: {}. ", "The word is {}. ", "Take {}. ", "Take the word {}. ", "Given {}: ", "I have the word {}. ",
    "Consider the string {}. ", "Here is a word: {}. ",
)  # fmt: skip
_SENTENCE_HEADS = (
    "Text: {}. ",
    "The sentence is {}. ",
    "Take the sentence {}. ",
    "Given {}: ",
    "Here is a text: {}. ",
)
_WORDS_HEADS = (
    "Words: {}. ", "Here are some words: {}. ", "I have these words: {}. ", "Take the words {}. ", "Given {}: ",
)  # fmt: skip
# Slot: sentences that name the subject, and the word for it afterwards.
_SUBJECTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "{l}": (_NUMBER_HEADS, "them"),
    "{w}": (_WORD_HEADS, "it"),
    "{s}": (_SENTENCE_HEADS, "it"),
    "{ws}": (_WORDS_HEADS, "them"),
}


def framed(random: Random, wording: str) -> str:
    """The sentence that a wording stands for; its slots are still open."""
    mark, phrase = wording[0], wording[1:]
    if mark == "!":
        frame = random.choice(_DEEDS)
    elif mark in "=+" and random.random() < 0.12:
        frame, phrase = random.choice(_TERSE), phrase.removeprefix("the ")
    elif mark in "=+":
        frame = random.choice(_SINGULAR if mark == "=" else _PLURAL)
    else:
        return wording
    return capitalised(frame.replace("{}", phrase))


def worded(random: Random, wording: str, slots: Slots) -> str:
    """A question in one of the ways in which it can be asked."""
    subjects = [slot for slot in _SUBJECTS if wording.count(slot) == 1]
    head = ""
    if len(subjects) == 1 and random.random() < 0.25:
        heads, pronoun = _SUBJECTS[subjects[0]]
        head = random.choice(heads).replace("{}", subjects[0])
        if random.random() < 0.5:
            wording = wording.removesuffix(f" of {subjects[0]}")
        wording = wording.replace(f"the numbers {subjects[0]}", "the numbers")
        wording = wording.replace(f"the list {subjects[0]}", "the list")
        wording = wording.replace(f"the words {subjects[0]}", "the words")
        wording = wording.replace(f"the word {subjects[0]}", "the word")
        wording = wording.replace(subjects[0], pronoun)
    return (head + framed(random, wording)).format_map(slots)


def ask(random: Random, kinds: Sequence[Kind], slots: Slots) -> Task:
    """A question of one of the kinds."""
    kind = random.choices(kinds, [kind.weight for kind in kinds])[0]
    request = worded(random, random.choice(kind.wordings), slots)
    return Task(request, kind.code.format_map(slots))


def number_text(random: Random, value: float) -> str:
    """A number as typed: with thousands separators now and then."""
    return f"{value:,}" if value >= 1000 and random.random() < 0.2 else str(value)


def series(random: Random, values: Sequence[object]) -> str:
    """A list as people type one."""
    texts = [str(value) for value in values]
    style = random.random()
    if style < 0.4:
        return ", ".join(texts)
    if style < 0.55:
        return "[" + ", ".join(texts) + "]"
    if style < 0.75:
        return ", ".join(texts[:-1]) + " and " + texts[-1]
    if style < 0.8:
        return ", ".join(texts[:-1]) + (", and " if len(texts) > 2 else " and ") + texts[-1]
    if style < 0.84:
        joined = ",".join(texts)
        reads_as_one_number = re.search(r"\d,\d{3}(?!\d)", joined)
        return ", ".join(texts) if reads_as_one_number else joined
    if style < 0.88:
        return "; ".join(texts)
    return " ".join(texts) if all(" " not in text for text in texts) else ", ".join(texts)


def numbers(random: Random, least: int = 2) -> list[int] | list[float]:
    """A short list of numbers: whole ones mostly, at times with a decimal or below zero."""
    count = max(least, random.choice((2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9)))
    if random.random() < 0.2:
        return [round(random.uniform(1, 99), random.choice((1, 1, 2))) for _ in range(count)]
    return whole_numbers(random, count)


def whole_numbers(random: Random, count: int) -> list[int]:
    """Numbers without a decimal; now and then some of them are below zero."""
    high = random.choice((10, 20, 100, 100, 1000, 5000))
    low = -high // 2 if random.random() < 0.17 else 1
    return [random.randint(low, high) for _ in range(count)]


_ORDINALS = (
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
_CARDINALS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


_TEENS = (
    *_CARDINALS, "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int) -> str:
    """A whole number from 1 to 999,999 as it is read out."""
    if number >= 1000:
        rest = f" {in_words(number % 1000)}" if number % 1000 else ""
        return f"{in_words(number // 1000)} thousand{rest}"
    if number >= 100:
        rest = f" and {in_words(number % 100)}" if number % 100 else ""
        return f"{_CARDINALS[number // 100]} hundred{rest}"
    if number >= 20:
        return _TENS[number // 10] + (f"-{_CARDINALS[number % 10]}" if number % 10 else "")
    return _TEENS[number]


def said_number(random: Random, value: float) -> str:
    """A number as people write it: small ones often in words, large ones often with separators."""
    chance = random.random()
    if isinstance(value, int) and value > 0:
        if (value <= 12 and chance < 0.3) or chance < 0.05:
            return in_words(value)
        if value >= 1000 and chance < 0.4:
            return f"{value:,}"
    if isinstance(value, int) and value < 0 and chance < 0.3:
        return f"minus {-value}"
    return str(value)


def ordinal(random: Random, number: int, *, letters: bool = True) -> str:
    """1st, second, 23rd: in letters at times where that is usual."""
    if letters and number < len(_ORDINALS) and random.random() < 0.7:
        return _ORDINALS[number]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(
        number % 10 if number % 100 not in (11, 12, 13) else 0, "th"
    )
    return f"{number}{ending}"


def cardinal(random: Random, number: int) -> str:
    """A small number in letters or figures."""
    return _CARDINALS[number] if number < len(_CARDINALS) and random.random() < 0.5 else str(number)

"""Questions that need no tool: their wordings and answers, from the files in which they are written down."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from demo_training.data.material import material
from demo_training.data.values import capitalised
from glm_tools.tool import ToolSpec

_DEFINE = (
    "What is {a}?", "What is {a}?", "What is {a}, anyway?", "What's {a}?", "Explain what {a} is.", "Explain to me what {a} is.",
    "Can you explain what {a} is?", "What does the word {w} mean?", 'What does "{w}" mean?', "Define {w}.", "Do you know what {a} is?",
    "What exactly is {a}?", "In one sentence: what is {a}?", "I don't know what {a} is.", "Explain {w} in one sentence.",
    "Tell me what {a} is.", "What do people mean by {w}?", "Could you explain {w}?", "How would you explain {a} to a child?",
    "What is meant by {w}?", "Give me a definition of {w}.", "Somebody spoke of {w}. What is that?", "What kind of thing is {a}?",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """Wordings of one question and the one answer to it."""

    asks: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Table:
    """Pairs of things that belong together, and what can be asked of each.

    Attributes:
        pairs: what stands for `{a}` and `{b}`.
        forms: questions with both; `{x}` is the `b` of another pair.
        unless: words of tools that may be meant to answer instead.
        weight: how often it is drawn.
    """

    pairs: tuple[tuple[str, str], ...]
    forms: tuple[Question, ...]
    unless: frozenset[str]
    weight: int

    def draw(self, random: Random) -> tuple[str, str]:
        """A question and its answer."""
        a, b = random.choice(self.pairs)
        form = random.choices(self.forms, [len(each.asks) for each in self.forms])[0]
        slots = {"a": a, "b": b}
        if "{x}" in "".join(form.asks):
            slots["x"] = random.choice([other for _, other in self.pairs if other != b])
        ask = with_article(random.choice(form.asks).format(**slots))
        return capitalised(ask), capitalised(with_article(form.answer.format(**slots)))


@dataclass(frozen=True)
class Group:
    """What is asked beside some tools and needs no call.

    Attributes:
        words: of the names of these tools; none for what is asked beside any tool.
        things: what one gives thanks for.
        terms: with their definitions.
        questions: others.
    """

    words: frozenset[str]
    things: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]

    def draw_term(self, random: Random) -> tuple[str, str]:
        """A question for a definition, and the definition."""
        term, definition = random.choice(self.terms)
        word = re.sub("^(?:an?|the) ", "", term)
        ask = capitalised(random.choice(_DEFINE).format(a=term, w=word))
        return ask, capitalised(f"{term} is {definition}.")


def with_article(text: str) -> str:
    """`text` with "an" for "a" in front of a vowel."""
    return re.sub(r"\b([Aa]) (?=(?!uni|use|eu|one\b)[aeiou])", r"\1n ", text)


def _questions(text: str) -> tuple[Question, ...]:
    """One of each line: `wording | wording > answer`."""
    lines = (line.partition(" > ") for line in text.strip().splitlines())
    return tuple(Question(tuple(asks.split(" | ")), answer.strip()) for asks, _, answer in lines)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    entries = (entry.partition(": ") for entry in text.split(";"))
    return tuple((a.strip(), b.strip()) for a, _, b in entries)


@cache
def load_questions(file: str) -> Mapping[str, tuple[Question, ...]]:
    """The questions of small_talk.toml, writing.toml or chinese_talk.toml, by section."""
    return {
        key: _questions(text)
        for key, text in material(file).items()
        if isinstance(text, str) and " > " in text
    }


@cache
def load_orders() -> tuple[str, ...]:
    """Commands among people, in small letters and without a mark."""
    return tuple(each.strip() for each in material("writing.toml")["orders"].split(";"))


@cache
def load_tables(file: str = "knowledge.toml") -> tuple[Table, ...]:
    """The tables of knowledge.toml or chinese_talk.toml."""
    return tuple(
        Table(
            _pairs(each["pairs"]),
            _questions(each["forms"]),
            frozenset(each.get("unless", "").split()),
            each.get("weight", 1),
        )
        for each in material(file)["table"]
    )


@cache
def load_groups() -> tuple[Group, ...]:
    """The groups of beside_tools.toml."""
    return tuple(
        Group(
            frozenset(each["words"].split()),
            tuple(each["things"].split("|")),
            _pairs(each["define"]),
            _questions(each["lines"]),
        )
        for each in material("beside_tools.toml")["group"]
    )


def words_of(texts: Iterable[str]) -> set[str]:
    """The words of names or sentences, in small letters."""
    return set(re.findall("[a-z]+", " ".join(texts).lower().replace("_", " ")))


def groups_beside(tools: Sequence[ToolSpec]) -> list[Group]:
    """The groups for these tools by their names, else by their descriptions; none when they fit none."""
    for texts in ([spec.name for spec in tools], [spec.description for spec in tools]):
        known = words_of(texts)
        if fitting := [group for group in load_groups() if group.words & known]:
            return fitting
    return []

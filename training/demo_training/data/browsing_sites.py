"""Made-up pages about made-up things: several facts of one thing in prose, in lists and in tables."""

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from demo_training.data.browsing import FILLERS
from demo_training.data.chinese_words import SURNAMES, made_text
from demo_training.data.code.dates import MONTHS
from demo_training.data.material import material
from demo_training.data.values import (
    KINDS,
    Vocabulary,
    capitalised,
    full_name,
    invented_word,
    title,
)

_HEADLINES = (
    "{e}",
    "{e}",
    "{e} - overview",
    "About {e}",
    "{e}: facts",
    "Welcome: {e}",
    "{e} | Home",
    "All about {e}",
)
_HEADLINES_OF_A_FACT = ("{e} - {l}", "{l}: {e}", "{e}, {l}", "{e} | {l}", "{l} - {e}")


@dataclass(frozen=True)
class Fact:
    """Something that pages tell of a thing; see browsing_pages.toml."""

    label: str
    chinese: str
    kind: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Thing:
    """Made-up things of a kind."""

    names: tuple[str, ...]
    chinese: tuple[str, ...]
    intros: tuple[str, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Site:
    """A page about one thing, and what is asked of it.

    Attributes:
        entity: the thing.
        headline: of the page.
        text: of the page, as the browser shows it, without links.
        told: the sentence or line that answers the question.
        value: what it says.
        question: with a mark at its end, or a thing to look up behind `=`.
        chinese: what is asked for, in Chinese.
        label: of the fact that is asked for.
    """

    entity: str
    headline: str
    text: str
    told: str
    value: str
    question: str
    chinese: str
    label: str


@cache
def load_things() -> tuple[Thing, ...]:
    """The material of browsing_pages.toml."""
    return tuple(
        Thing(
            tuple(each["names"].split("|")),
            tuple(each["chinese"].split("|")),
            tuple(each["intro"].split("|")),
            tuple(_fact(line) for line in each["facts"].strip().splitlines()),
        )
        for each in material("browsing_pages.toml")["thing"]
    )


def _fact(line: str) -> Fact:
    head, statements, questions = (part.strip() for part in line.split(" > "))
    label, chinese, kind = head.split(" | ")
    return Fact(label, chinese, kind, tuple(statements.split(" | ")), tuple(questions.split(" | ")))


def _value(kind: str, random: Random, vocabulary: Vocabulary) -> str:
    """A value as pages write it."""
    if "~" in kind:
        return random.choice(kind.split("~"))
    if kind == "people":
        return f"{random.randint(1, 900)},{random.randint(0, 999):03d}"
    if kind == "date":
        day, month = random.randint(1, 28), random.choice(MONTHS)
        year = random.choice(("", f", {random.randint(1890, 2027)}"))
        return random.choice((f"{month} {day}{year}", f"{day} {month}{year.replace(',', '')}"))
    if kind == "time" and random.random() < 0.5:
        return f"{random.randint(1, 12)} {random.choice(('am', 'pm'))}"
    return KINDS[kind].draw(random, vocabulary).said


def _entity(thing: Thing, random: Random, vocabulary: Vocabulary) -> str:
    return random.choice(thing.names).format(
        w=capitalised(invented_word(random, vocabulary)),
        n=random.randint(2, 900),
        t=title(random, vocabulary).removeprefix("The "),
        p=full_name(random, vocabulary),
    )


def draw_site(
    thing: Thing,
    random: Random,
    vocabulary: Vocabulary,
    *,
    entity: str = "",
    asked: Fact | None = None,
    without: Fact | None = None,
) -> Site:
    """A page with two to seven facts, one of which is asked for; `without` is not told.

    Mostly another fact of the same kind stands on it: two years, two prices.
    """
    entity = entity or _entity(thing, random, vocabulary)
    known = [each for each in thing.facts if each is not without]
    asked = asked or random.choice(known)
    rest = [each for each in known if each is not asked]
    random.shuffle(rest)
    if random.random() < 0.7:
        rest.sort(key=lambda each: each.kind != asked.kind)
    facts = [asked, *rest[: random.choice((1, 2, 2, 3, 4, 6))]]
    random.shuffle(facts)
    values = {each.label: _value(each.kind, random, vocabulary) for each in facts}
    in_lines = random.random() < 0.25  # all of it, or some of it
    sentences: list[str] = []
    lines: list[str] = []
    told = ""
    for each in facts:
        value = values[each.label]
        is_line = in_lines and random.random() < 0.8
        text = (
            f"{each.label}: {value}"
            if is_line
            else random.choice(each.statements).format(v=value, e=entity)
        )
        (lines if is_line else sentences).append(text)
        told = text if each is asked else told
    sentences += [each.format(e=entity) for each in random.sample(FILLERS, random.choice((0, 0, 1)))]  # fmt: skip
    random.shuffle(sentences)
    intro = random.choice(thing.intros).format(e=entity, c=random.choice(vocabulary.cities))
    headline = random.choice(_HEADLINES).format(e=entity)
    text = _text(entity, [intro, *sentences], lines, random)
    question = random.choice(asked.questions).format(e=entity)
    chinese = f"{entity}的{asked.chinese}"
    return Site(entity, headline, text, told, values[asked.label], question, chinese, asked.label)


def _text(entity: str, sentences: list[str], lines: list[str], random: Random) -> str:
    """Prose in paragraphs, then a list or a table."""
    if random.random() < 0.4:
        prose = " ".join(sentences)
    elif random.random() < 0.5:
        prose = "\n\n".join(sentences)
    else:
        prose = f"{sentences[0]}\n\n{' '.join(sentences[1:])}".strip()
    parts = [f"# {entity}", prose] if random.random() < 0.7 else [prose]
    if lines:
        if random.random() < 0.5:
            parts.append(random.choice(("## Facts", "## At a glance", "## Information", "## Data")))
        if random.random() < 0.25:
            rows = [f"| {line.replace(': ', ' | ', 1)} |" for line in lines]
            parts.append("\n".join(["| | |", "| --- | --- |", *rows]))
        else:
            parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts)


def titled(site: Site, random: Random) -> Site:
    """The same page with the fact in its headline."""
    headline = random.choice(_HEADLINES_OF_A_FACT)
    label = capitalised(site.label) if headline.startswith("{l}") else site.label.lower()
    return replace(site, headline=headline.format(e=site.entity, l=label))


def chinese_site(thing: Thing, random: Random, vocabulary: Vocabulary) -> Site:
    """A page in Chinese, or one in English that is asked for in Chinese."""
    if random.random() < 0.4 or not thing.chinese[0]:
        site = draw_site(thing, random, vocabulary)
        return replace(site, question=site.chinese)
    entity = made_text(random)[:3] + random.choice(thing.chinese)
    facts = random.sample(thing.facts, min(len(thing.facts), random.choice((2, 3, 4))))
    values = [
        random.choice(SURNAMES) + made_text(random)[:2]
        if each.kind == "name"
        else made_text(random)[:2]
        if each.kind in ("city", "label", "address") or "~" in each.kind
        else KINDS["date"].draw(random, vocabulary).said
        if each.kind == "date"
        else _value(each.kind, random, vocabulary)
        for each in facts
    ]
    told = [
        random.choice(("{e}的{l}是{v}。", "{l}是{v}。", "{l}：{v}。", "它的{l}为{v}。")).format(e=entity, l=each.chinese, v=value)
        for each, value in zip(facts, values, strict=True)
    ]  # fmt: skip
    index = random.randrange(len(facts))
    text = random.choice(("", "\n\n")).join([f"欢迎了解{entity}。", *told])
    asked = f"{entity}的{facts[index].chinese}"
    return Site(entity, entity, text, told[index], values[index], asked, asked, facts[index].label)

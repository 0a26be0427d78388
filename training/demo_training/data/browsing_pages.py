"""Questions for `simple_browser` that a page answers among other things: the sentence that tells it is quoted.

A page tells several facts of one thing in prose, in lists and in tables; a search result shows as much of it as its snippet
holds. The query is the question as it was asked.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from demo_training.data.browsing import (
    FILLERS,
    browser_round,
    compact_text,
    page,
    search_results,
)
from demo_training.data.chinese_words import SURNAMES, made_text
from demo_training.data.episode import Call, Round, spoken
from demo_training.data.functions import lowered
from demo_training.data.material import material
from demo_training.data.values import (
    KINDS,
    Vocabulary,
    capitalised,
    full_name,
    invented_word,
    title,
)
from glm_tools.tool import Observation

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
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
_LINKS = ("Home", "Contact", "Imprint", "Next page", "News", "Map", "Photos", "Shop")
_ASKS = (
    "{0}", "{0}", "{0}", "{0}", "Search the web: {0}", "{0} Please look it up.", "{0} Search for it.", "Look it up online: {0}",
    "{0} Please cite your source.", "Please search: {0}", "{0} Have a look on the internet.", "{0} Google it, please.",
    "Can you look this up? {0}", "Use the browser: {0}", "{0} Find it on the web.", "I need a source for this: {0}",
)  # fmt: skip
_INDIRECT = (
    "Search the web: {0}", "Find out online {0}.", "Tell me {0}.", "Can you check on the internet {0}?", "Look up {0}.",
    "Do you know {0}? Look it up.", "Please find out {0}.", "I'd like to know {0}.",
)  # fmt: skip
_NOUNS = (
    "Look up {0}.", "Search for {0}.", "Find {0} online.", "What is {0}?", "Search the web for {0}.", "I need {0}.",
    "Please find {0} on the internet.", "Can you look up {0}?", "What's {0}?", "Tell me {0}, with a source.", "{0}?",
)  # fmt: skip
_OPEN = (
    "Open {url} and tell me: {0}", "{0} See {url}", "Read {url}. {0}", "According to {url}, {1}", "Look at {url} - {1}",
    "On the page {url}: {0}", "{url}\n{0}", "{0} It should be on {url}.", "Go to {url}. {0}",
)  # fmt: skip
_SUBJECTS = (
    "I have heard of {0}.", "We want to know more about {0}.", "It is about {0}.", "I have a question about {0}.",
    "I'm reading about {0}.", "A friend told me about {0}.", "My daughter is interested in {0}.", "We are talking about {0}.",
)  # fmt: skip
_CHINESE_ASKS = (
    "{0}是什么？", "{0}是多少？", "请上网查一下{0}。", "帮我搜索{0}", "上网查{0}", "请搜索一下{0}。", "网上查一查{0}", "我想知道{0}，请上网查。",
)  # fmt: skip
_PROBLEMS = (
    "there is no such local page", "the server answered 404", "the server answered 503", "the server answered 403",
    "the transfer took longer than 20 s", "the name could not be resolved", "the connection was refused",
)  # fmt: skip
_LETTERS_OF_SNIPPET = 240
_PERSONS = re.compile("the (?:architect|mayor|winner|founder|CEO|author|inventor) ")
# Questions that keep their order behind "tell me".
_SAME_ORDER = re.compile(
    r"Who (?!is|was|are)\w+ |How many \w+ (?!does|do|did|is|can)\w+ |Which \w+ (?!does|is|did)\w+ "
)


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
    """The material of browsing_pages.toml and browsing_more.toml."""
    files = ("browsing_pages.toml", "browsing_more.toml")
    return tuple(
        Thing(
            tuple(each["names"].split("|")),
            tuple(each["chinese"].split("|")),
            tuple(each["intro"].split("|")),
            tuple(_fact(line) for line in each["facts"].strip().splitlines()),
        )
        for file in files
        for each in material(file)["thing"]
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
        day, month = random.randint(1, 28), random.choice(_MONTHS)
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


def _site(thing: Thing, random: Random, vocabulary: Vocabulary, beside: Site | None = None) -> Site:
    """A page with two to five facts, one of which is asked for; given another about the same thing, not the one of that."""
    entity = beside.entity if beside else _entity(thing, random, vocabulary)
    known = [each for each in thing.facts if beside is None or each.label != beside.label]
    facts = random.sample(known, min(len(known), random.choice((2, 3, 3, 4, 5))))
    asked = random.choice(facts)
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
    is_about_one = beside is not None or random.random() < 0.3
    headlines = _HEADLINES_OF_A_FACT if is_about_one else _HEADLINES
    headline = random.choice(headlines).format(e=entity, l=asked.label.lower())
    text = _text(entity, [intro, *sentences], lines, random)
    question = random.choice(asked.questions).format(e=entity)
    chinese = f"{entity}的{asked.chinese}"
    return Site(
        entity,
        capitalised(headline),
        text,
        told,
        values[asked.label],
        question,
        chinese,
        asked.label,
    )


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


def _snippet(site: Site, random: Random) -> str:
    """What a result shows: the page in one line with the links at its end, or as much of it as there is room for."""
    links = random.sample(_LINKS, random.choice((0, 0, 1, 1, 2)))
    flat = " ".join([*site.text.split(), *links])
    if random.random() < 0.3:
        flat = random.choice((site.told, flat.removeprefix(f"# {site.entity} ").split(". ")[0]))
    if len(flat) <= _LETTERS_OF_SNIPPET and random.random() < 0.6:
        return flat
    words = flat.split()
    room = random.choice((12, 20, 30))
    first = random.choice((0, random.randrange(max(1, len(words) - room))))
    shown = " ".join(words[first : first + room])
    return f"{'…' if first else ''}{shown}{'…' if first + room < len(words) else ''}"


def _tells(shown: str, site: Site) -> bool:
    row = f"| {site.told.replace(': ', ' | ', 1)} |"
    return site.told in shown or row in shown


def _request(question: str, random: Random) -> tuple[str, str]:
    """What is asked, and what is searched for."""
    if question.startswith("="):
        noun = question[1:]
        user = random.choice(_NOUNS).format(noun)
        if _PERSONS.match(noun):
            user = user.replace("What", "Who")
        return user, noun.removeprefix("the ")
    query = question.rstrip("?")
    if _SAME_ORDER.match(question) and random.random() < 0.5:
        return random.choice(_INDIRECT).format(lowered(query)), lowered(query)
    if random.random() < 0.15:
        question = random.choice((query, lowered(query)))
        return question, question
    return random.choice(_ASKS).format(question), query


def _in_two_sentences(site: Site, random: Random) -> tuple[str, str] | None:
    """What it is about, then what is asked of it; searched for is the question with the name in it."""
    name = f"the {site.entity}" if f"the {site.entity}" in site.question else site.entity
    if site.question.startswith("=") or name not in site.question or ". " in site.question:
        return None
    asked = random.choice(_ASKS).format(site.question.replace(name, "it", 1))
    return f"{random.choice(_SUBJECTS).format(name)} {asked}", site.question.rstrip("?")


def _answer(site: Site, number: int) -> str:
    """The sentence with the page that it is from."""
    sentence = site.told if site.told.endswith((".", "。")) else f"{site.told}."
    return f"{sentence}【{number}†source】"


def _shown_page(number: int, next_id: int, site: Site, address: str, random: Random) -> str:
    links = random.sample(_LINKS, random.choice((0, 1, 1, 2)))
    marks = " ".join(f"【{next_id + index}†{words}】" for index, words in enumerate(links))
    text = f"{site.text}\n\n{marks}" if marks else site.text
    return page(number, site.headline, address, text)


def _address(site: Site, random: Random, vocabulary: Vocabulary) -> str:
    host = random.choice(
        (
            "pages.invalid",
            f"www.{invented_word(random, vocabulary)}.com",
            f"{invented_word(random, vocabulary)}.org",
        )
    )
    name = re.sub(r"\W+", random.choice("-_"), site.entity.lower())
    return (
        f"{random.choice(('http', 'https'))}://{host}/{name}{random.choice(('.html', '', '.md'))}"
    )


def _opened(site: Site, random: Random, vocabulary: Vocabulary) -> Round:
    """An address is given."""
    url = _address(site, random, vocabulary)
    question = site.question
    if question.startswith("="):
        question = f"What is {question[1:]}?"
    user = random.choice(_OPEN).format(question, lowered(question), url=url)
    code = f"open_url({compact_text(url)})"
    if random.random() < 0.07:
        problem = f"{url!r}: {random.choice(_PROBLEMS)}"
        call = Call("simple_browser", code, (Observation(problem, "system_error"),))
        return Round("browser", user, (call,), f"Sorry, that did not work: {problem}.", ())
    shown = Observation(_shown_page(0, 1, site, url, random), "browser_result")
    return Round(
        "browser", user, (Call("simple_browser", code, (shown,)),), _answer(site, 0), (site.value,)
    )


def _searched(
    site: Site,
    others: list[Site],
    request: tuple[str, str],
    random: Random,
    vocabulary: Vocabulary,
) -> Round:
    """A search; the page is opened where its snippet does not tell the answer."""
    user, query = request
    code = f"search({compact_text(query)})"
    if random.random() < 0.05:
        nothing = Observation(f"No results for {query!r}.\nVisible: 0% - 100%", "browser_result")
        call = Call("simple_browser", code, (nothing,))
        return Round("browser", user, (call,), f"I found no results for {query!r}.", ())
    number = random.randint(0, len(others))
    found = [*others[:number], site, *others[number:]]
    addresses = [_address(each, random, vocabulary) for each in found]
    entries = [
        (each.headline, address.split("/")[2], _snippet(each, random))
        for each, address in zip(found, addresses, strict=True)
    ]
    calls = [Call("simple_browser", code, (search_results(entries),))]
    if not _tells(entries[number][2], site):
        text = _shown_page(number, len(found), site, addresses[number], random)
        shown = Observation(text, f"quote_result [{number}†source]")
        calls.append(Call("simple_browser", f"mclick([{number}])", (shown,)))
    return Round("browser", user, tuple(calls), _answer(site, number), (site.value,))


def _chinese_site(thing: Thing, random: Random, vocabulary: Vocabulary) -> Site:
    """A page in Chinese, or one in English that is asked for in Chinese."""
    if random.random() < 0.4 or not thing.chinese[0]:
        site = _site(thing, random, vocabulary)
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


def site_round(random: Random, vocabulary: Vocabulary) -> Round:
    """A question that a page answers among other things."""
    things = load_things()
    thing = random.choice(things)
    if random.random() < 0.13:
        site = _chinese_site(thing, random, vocabulary)
        others = [_chinese_site(random.choice(things), random, vocabulary)] * random.choice((0, 1))
        user = random.choice(_CHINESE_ASKS).format(site.question)
        return _searched(site, others, (user, site.question), random, vocabulary)
    site = _site(thing, random, vocabulary)
    if random.random() < 0.25:
        return _opened(site, random, vocabulary)
    others = [
        _site(random.choice((thing, random.choice(things))), random, vocabulary)
        for _ in range(random.choice((0, 1, 1, 2, 2, 3)))
    ]
    if random.random() < 0.4:
        others.insert(0, _site(thing, random, vocabulary, beside=site))
        random.shuffle(others)
    others = [each for each in others if not _tells(each.text, site)]  # the same value by chance
    named_before = _in_two_sentences(site, random) if random.random() < 0.25 else None
    user, query = named_before or _request(site.question, random)
    return _searched(site, others, (spoken(user, random), query), random, vocabulary)


def browsing_round(random: Random, vocabulary: Vocabulary) -> Round:
    """Three times of four a page that tells several things, else one that tells one."""
    make = site_round if random.random() < 0.75 else browser_round
    return make(random, vocabulary)

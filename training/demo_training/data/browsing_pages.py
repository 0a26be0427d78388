"""Questions for `simple_browser` that a page answers among other things: the sentence that tells it is quoted.

A search result shows as much of a page as its snippet holds. The query is the question as it was asked, with the name in
front where another sentence has it.
"""

import re
from random import Random

from demo_training.data.browsing import browser_round, compact_text, page, search_results
from demo_training.data.browsing_sites import (
    Site,
    Thing,
    chinese_site,
    draw_site,
    load_things,
    titled,
)
from demo_training.data.episode import Call, Round, spoken
from demo_training.data.functions import lowered
from demo_training.data.values import Vocabulary, invented_word
from glm_tools.tool import Observation

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


_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z])")
# What may stand before a name for which "it" can stand.
_BEFORE_IT = re.compile(r"(?:of|at|for|to|with|from|in|on|does|do|did|is|was|are|by) (?:the )?$")


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


def _inside(question: str, entity: str) -> str:
    """The question as it stands inside a sentence: a name keeps its capital letter."""
    return question if question.startswith(entity) else lowered(question)


def _query(question: str, entity: str) -> str:
    """The sentence that asks, the name before it where that stands in another one."""
    asked = _SENTENCE.split(question)[-1].rstrip("?")
    return asked if entity in asked else f"{entity} {lowered(asked)}"


def _request(site: Site, random: Random) -> tuple[str, str]:
    """What is asked, and what is searched for."""
    question, entity = site.question, site.entity
    if question.startswith("="):
        noun = question[1:]
        user = random.choice(_NOUNS).format(noun)
        if _PERSONS.match(noun):
            user = user.replace("What", "Who")
        return user, noun.removeprefix("the ")
    if _SENTENCE.search(question):  # nothing fits before the remark
        ask = random.choice([each for each in _ASKS if each.startswith("{0}")])
        return ask.format(question), _query(question, entity)
    query = question.rstrip("?")
    if _SAME_ORDER.match(question) and random.random() < 0.5:
        return random.choice(_INDIRECT).format(lowered(query)), lowered(query)
    if random.random() < 0.15:
        question = random.choice((query, _inside(query, entity)))
        return question, question
    return random.choice(_ASKS).format(question), query


def _in_two_sentences(site: Site, random: Random) -> tuple[str, str] | None:
    """What it is about, then what is asked of it."""
    question = site.question
    name = f"the {site.entity}" if f"the {site.entity}" in question else site.entity
    before, found, after = question.partition(name)
    has_place = _BEFORE_IT.search(before) and after[:1] in ("?", " ")
    if question.startswith("=") or not found or not has_place or _SENTENCE.search(question):
        return None
    asked = f"{before}it{after}"
    user = f"{random.choice(_SUBJECTS).format(name)} {random.choice(_ASKS).format(asked)}"
    return user, _query(asked, site.entity)


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
        noun = question[1:]
        question = f"{'Who' if _PERSONS.match(noun) else 'What'} is {noun}?"
    user = random.choice(_OPEN).format(question, _inside(question, site.entity), url=url)
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
    snippets = [_snippet(each, random) for each in found]
    before, told, _ = " ".join(site.text.split()).partition(site.told)
    if told and random.random() < 0.4:
        # Cut off where it becomes interesting: the page has to be opened.
        snippets[number] = f"{before.strip()}…"
    hosts = [address.split("/")[2] for address in addresses]
    headlines = [each.headline for each in found]
    entries = list(zip(headlines, hosts, snippets, strict=True))
    calls = [Call("simple_browser", code, (search_results(entries),))]
    if not _tells(entries[number][2], site):
        text = _shown_page(number, len(found), site, addresses[number], random)
        shown = Observation(text, f"quote_result [{number}†source]")
        calls.append(Call("simple_browser", f"mclick([{number}])", (shown,)))
    return Round("browser", user, tuple(calls), _answer(site, number), (site.value,))


def _near_misses(thing: Thing, site: Site, random: Random, vocabulary: Vocabulary) -> list[Site]:
    """Other results: something else of the same thing, the same of another thing, and now and then any page."""
    (asked,) = (each for each in thing.facts if each.label == site.label)
    others = []
    for _ in range(random.choice((0, 1, 2, 3, 3, 3, 3))):
        draw = random.random()
        if draw < 0.45:
            rest = [each for each in thing.facts if each is not asked]
            alike = [each for each in rest if each.kind == asked.kind]
            about = random.choice(alike or rest)
            other = draw_site(
                thing, random, vocabulary, entity=site.entity, asked=about, without=asked
            )
            other = titled(other, random)
        elif draw < 0.85:
            other = titled(draw_site(thing, random, vocabulary, asked=asked), random)
        else:
            other = draw_site(random.choice(load_things()), random, vocabulary)
        if not _tells(other.text, site):  # the same value by chance
            others.append(other)
    return others


def site_round(random: Random, vocabulary: Vocabulary) -> Round:
    """A question that a page answers among other things."""
    things = load_things()
    thing = random.choice(things)
    if random.random() < 0.13:
        site = chinese_site(thing, random, vocabulary)
        others = [chinese_site(random.choice(things), random, vocabulary)] * random.choice((0, 1))
        user = random.choice(_CHINESE_ASKS).format(site.question)
        return _searched(site, others, (user, site.question), random, vocabulary)
    site = draw_site(thing, random, vocabulary)
    if random.random() < 0.25:
        return _opened(site, random, vocabulary)
    others = _near_misses(thing, site, random, vocabulary)
    if random.random() < 0.65:
        site = titled(site, random)
    named_before = _in_two_sentences(site, random) if random.random() < 0.25 else None
    user, query = named_before or _request(site, random)
    return _searched(site, others, (spoken(user, random), query), random, vocabulary)


def browsing_round(random: Random, vocabulary: Vocabulary) -> Round:
    """Three times of four a page that tells several things, else one that tells one."""
    make = site_round if random.random() < 0.75 else browser_round
    return make(random, vocabulary)

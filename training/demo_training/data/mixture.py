"""Whole training conversations: which tools are on the table, what is asked, in which order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from demo_training.data import (
    assembled,
    browsing_pages,
    chains,
    chat,
    chinese,
    code,
    failures,
    records,
    scenarios,
    texts,
    word_lists,
)
from demo_training.data.episode import Call, Episode, Round, json_call, spoken
from demo_training.data.follow_ups import with_plain_round
from demo_training.data.functions import (
    Offer,
    Template,
    load_templates,
    offer,
    one_tool_twice,
    two_requests,
    use,
)
from demo_training.data.records import Record, load_records
from demo_training.data.values import TRAINING, Vocabulary, fresh_vocabulary
from glm_engine.tokenizer import Tokenizer
from glm_tools.browser.simple_browser import SPEC as BROWSER
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import Observation, ToolSpec

MAX_TOOLS = 8
_SYSTEM_TEXTS = (
    "Answer briefly.", "Be polite and precise.", "You work for a small company.", "Answer in one sentence.",
    "You help the staff of an office.", "Use tools whenever they help.",
)  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """What conversations are made from."""

    vocabulary: Vocabulary
    everyday: tuple[Template, ...]
    drills: tuple[Template, ...]
    records: tuple[Record, ...]


@cache
def training_sources() -> Sources:
    """The training side of the split."""
    files = ("everyday.toml", "services.toml", "more.toml")
    templates = tuple(template for file in files for template in load_templates(file))
    return Sources(TRAINING, templates, load_templates("drills.toml"), load_records("records.toml"))


def word_stock(tokenizer: Tokenizer) -> tuple[str, ...]:
    """Words and names that the model's vocabulary has as one token.

    Behind a space such a word is one token, behind a quote it is several: to copy it is to know how it is spelt.
    """
    texts = (tokenizer.decode([token]) for token in range(tokenizer.vocab_size))
    return tuple(
        dict.fromkeys(
            text[1:] for text in texts if re.fullmatch(" (?:[a-z]{3,12}|[A-Z][a-z]{2,12})", text)
        )
    )


def draw_offers(sources: Sources, random: Random, count: int) -> list[Offer]:
    """Some tools, of everyday life and over records, no two of one name.

    Half of the time several tools are about the same kind of record, or of one domain, so that the name alone does not
    tell them apart.
    """
    offers: list[Offer] = []
    record = random.choice(sources.records)
    shares_record = random.random() < 0.5
    alike: list[Template] = []
    domains = [each.domain for each in sources.everyday if each.domain]
    if domains and random.random() < 0.5:
        domain = random.choice(domains)
        alike = [each for each in sources.everyday if each.domain == domain]
        random.shuffle(alike)
    while len(offers) < count:
        if alike:
            template = alike.pop()
        elif random.random() < 0.6:
            template = random.choice(sources.everyday)
        else:
            about = record if shares_record else random.choice(sources.records)
            template = random.choice(records.ACTIONS)(about, random)
        drawn = offer(template, random, sources.vocabulary)
        if all(drawn.spec.name != other.spec.name for other in offers):
            offers.append(drawn)
    return offers


def _python_chain(sources: Sources, random: Random) -> chains.Chain | None:
    """Two look-ups, then `python`."""
    drawn = chains.two_then_python(random.choice(sources.records), random, sources.vocabulary)
    if drawn is None:
        return None
    offered, first, second, words = drawn
    (a,), (b,) = first.result.values(), second.result.values()
    sign, ask = random.choice((
        ("+", f"What is the total {words} of {first.request} and {second.request}?"),
        ("+", f"Add the {words} of {first.request} and of {second.request}."),
        ("-", f"What is the difference in {words} between {first.request} and {second.request}?"),
    ))  # fmt: skip
    source = f"print({a} {sign} {b})"
    output = code.run_cell(source)
    calls = tuple(
        json_call(each.offer.spec.name, each.arguments, each.result) for each in (first, second)
    )
    python = Call("python", source, (Observation(output),))
    answer, fact = code.answer_to(output)
    return (offered,), Round("two steps", spoken(ask, random), (*calls, python), answer, (fact,))


def chain(sources: Sources, random: Random) -> chains.Chain:
    """A task of dependent calls, and the functions it needs."""
    while True:
        if random.random() < 0.75:
            return scenarios.scenario_chain(random, sources.vocabulary)
        record = random.choice(sources.records)
        which = random.random()
        if which < 0.42:
            made = chains.find_then_act(record, random, sources.vocabulary)
        elif which < 0.85:
            made = chains.relay(record, sources.everyday, random, sources.vocabulary)
        else:
            made = _python_chain(sources, random)
        if made is not None and len({each.spec.name for each in made[0]}) == len(made[0]):
            return made


def _code_episode(sources: Sources, random: Random) -> Episode:
    """`python` alone: the tool set of a first run."""
    rounds = []
    for _ in range(random.choice((2, 3, 4, 5, 6))):
        draw = random.random()
        if draw < 0.9:
            asked = code.python_round(random, sources.vocabulary)
            rounds.append(
                (code.with_mistake(asked, random) if random.random() < 0.06 else None) or asked
            )
        elif draw < 0.94:
            rounds.append(chinese.python_round(random))
        elif draw < 0.97:
            rounds.append(chat.chat_round(random, sources.vocabulary, (PYTHON,)))
        else:
            refused = chat.refusal_round((PYTHON,), sources.everyday, random, sources.vocabulary)
            rounds.append(refused or chat.chat_round(random, sources.vocabulary, (PYTHON,)))
    return Episode((PYTHON,), tuple(rounds))


def _browser_episode(sources: Sources, random: Random) -> Episode:
    """`simple_browser`, with `python` or a function beside it."""
    has_python = random.random() < 0.4
    offers = draw_offers(sources, random, random.choice((0, 0, 1)))
    rounds = [
        browsing_pages.browsing_round(random, sources.vocabulary)
    ]  # ids are those of a fresh session
    if has_python:
        rounds.append(code.python_round(random, sources.vocabulary))
    if offers:
        rounds.append(use(offers[0], random, sources.vocabulary).as_round(random))
    return _shuffled(offers, [BROWSER, *([PYTHON] if has_python else [])], rounds, random)


def _chinese_episode(random: Random) -> Episode:
    """Functions asked for in Chinese, with `python` as often as not, and what needs neither."""
    offers, rounds = chinese.mixed_rounds(random)
    builtins = [PYTHON] if random.random() < 0.5 else []
    if builtins:
        rounds += [chinese.python_round(random) for _ in range(3)]
    return chinese.with_recall(_shuffled(offers, builtins, rounds, random), random)


def _drill_episode(sources: Sources, random: Random, stock: Sequence[str]) -> Episode:
    """One or two small tools, many questions, each of words that did not occur before: few tokens go into schemas."""
    if stock and random.random() < 0.7:
        return word_lists.word_list_episode(random, sources.vocabulary, stock)
    offers = [
        offer(each, random, sources.vocabulary)
        for each in random.sample(sources.drills, random.choice((1, 2)))
    ]
    if len({each.spec.name for each in offers}) < len(offers):
        offers = offers[:1]
    asked = random.choices(offers, k=random.choice((5, 6, 7, 8)))
    rounds = []
    for each in asked:
        vocabulary = fresh_vocabulary(random, stock) if stock else sources.vocabulary
        rounds.append(use(each, random, vocabulary).as_round(random))
    return _shuffled(offers, [], rounds, random)


def _text_episode(sources: Sources, random: Random) -> Episode:
    """Functions whose result is a text, among others."""
    drawn = [texts.text_tool(random, sources.vocabulary) for _ in range(random.choice((1, 2, 3)))]
    by_name = {spec.name: (spec, asked) for spec, asked in drawn}
    rounds = [each for _, asked in by_name.values() for each in asked]
    offers = draw_offers(sources, random, random.choice((0, 0, 1, 2)))
    offers = [each for each in offers if each.spec.name not in by_name]
    for each in offers[:1]:
        rounds.append(use(each, random, sources.vocabulary).as_round(random))
    return _shuffled(offers, [spec for spec, _ in by_name.values()], rounds, random)


def _shuffled(
    offers: list[Offer], builtins: list[ToolSpec], rounds: list[Round], random: Random
) -> Episode:
    specs = [each.spec for each in offers] + builtins
    random.shuffle(specs)
    random.shuffle(rounds)
    system = random.choice(_SYSTEM_TEXTS) if random.random() < 0.1 else None
    return Episode(tuple(specs), tuple(rounds), system)


def _function_episode(sources: Sources, random: Random) -> Episode:
    """One to eight functions, maybe `python`; two to five questions for them, and others."""
    vocabulary = sources.vocabulary
    count = random.choices(range(1, MAX_TOOLS + 1), (14, 18, 17, 14, 12, 9, 8, 8))[0]
    rounds: list[Round] = []
    offers: list[Offer] = []
    has_python = random.random() < 0.25
    special = random.random()
    if special < 0.45:
        needed, asked = chain(sources, random)
        offers, rounds = list(needed), [asked]
        has_python = has_python or any(call.tool == "python" for call in asked.calls)
    elif special < 0.54:
        offered, asked = chinese.function_round(random)
        offers, rounds = [offered], [asked]
    fresh = draw_offers(sources, random, max(1, count - len(offers)))
    fresh = [each for each in fresh if all(each.spec.name != other.spec.name for other in offers)]
    offers += fresh
    if fresh:
        for each in random.choices(fresh, k=random.choice((3, 4, 5) if count < 4 else (2, 3, 4))):
            asked = use(each, random, vocabulary).as_round(random)
            rounds.append(
                failures.with_failure(asked, [each.spec], random)
                if random.random() < 0.12
                else asked
            )
    if len(fresh) > 1 and random.random() < 0.22:
        first, second = (use(each, random, vocabulary) for each in random.sample(fresh, 2))
        rounds.append(two_requests(first, second, random))
    elif fresh and random.random() < 0.12:
        twice = one_tool_twice(random.choice(fresh), random, vocabulary)
        rounds += [twice] if twice else []
    if has_python:
        rounds.append(code.python_round(random, vocabulary))
    specs = tuple(each.spec for each in offers) + ((PYTHON,) if has_python else ())
    if random.random() < 0.3:
        refused = chat.refusal_round(specs, sources.everyday, random, vocabulary)
        rounds += [refused] if refused else []
    return _shuffled(offers, [PYTHON] if has_python else [], rounds, random)


def _assembled_episode(sources: Sources, random: Random) -> Episode:
    """Functions that are put together; now and then with a failure, a request that none of them serves."""
    made = assembled.assembled_episode(random, sources.vocabulary)
    rounds = [
        (failures.with_guess(each, random) if random.random() < 0.1 else None) or each
        for each in made.rounds
    ]
    if random.random() < 0.28:
        index = random.randrange(len(rounds))
        if rounds[index].kind in ("function", "two steps"):
            rounds[index] = failures.with_failure(rounds[index], made.tools, random)
    if random.random() < 0.3:
        refused = chat.refusal_round(made.tools, sources.everyday, random, sources.vocabulary)
        rounds += [refused] if refused else []
    random.shuffle(rounds)
    return replace(made, rounds=tuple(rounds))


def training_episode(random: Random, stock: Sequence[str] = ()) -> Episode:
    """One conversation of the training mixture; given a word stock, two in five are about words of it."""
    sources = training_sources()
    if stock and random.random() < 0.4:
        sources = replace(sources, vocabulary=fresh_vocabulary(random, stock))
    return _episode(random, sources, stock)


def _episode(random: Random, sources: Sources, stock: Sequence[str]) -> Episode:
    which = random.random()
    if which < 0.36:
        made, chance = _code_episode(sources, random), 0.04
    elif which < 0.45:
        made, chance = _browser_episode(sources, random), 0.09
    elif which < 0.56:
        made, chance = _drill_episode(sources, random, stock), 0.02
    elif which < 0.66:
        made, chance = _function_episode(sources, random), 0.09
    elif which < 0.68:
        made, chance = _chinese_episode(random), 0.0
    elif which < 0.95:
        made, chance = _assembled_episode(sources, random), 0.09
    elif which < 0.98:
        made, chance = _text_episode(sources, random), 0.09
    else:
        made, chance = _chat_episode(sources, random), 0.2
    return with_plain_round(made, random, sources.vocabulary) if random.random() < chance else made


def _chat_episode(sources: Sources, random: Random) -> Episode:
    """What mostly needs no tool, whatever tools there are."""
    offers = draw_offers(sources, random, random.choice((0, 1, 2, 3, 4)))
    builtins = [
        each for each, chance in ((PYTHON, 0.4), (BROWSER, 0.15)) if random.random() < chance
    ]
    specs = (*(each.spec for each in offers), *builtins)
    rounds = [
        chat.chat_round(random, sources.vocabulary, specs)
        for _ in range(random.choice((4, 5, 6, 7)))
    ]
    rounds.append(chinese.chat_round(random))
    if offers:  # beside what needs a tool, or the whole conversation would tell that none is needed
        used = use(random.choice(offers), random, sources.vocabulary)
        rounds.append(used.as_round(random))
    if PYTHON in builtins:
        rounds.append(code.python_round(random, sources.vocabulary))
    return _shuffled(offers, builtins, rounds, random)

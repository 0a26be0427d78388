"""Values as people write them to services: long numbers, codes in both cases, names of all countries, quoted messages."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from demo_training.data.values import Kind, Value, Vocabulary, choice_of, words

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_FIRST = words(
    """Siobhan, Jürgen, Chloë, Mateusz, Anh, Thandiwe, Björn, Aaliyah, Giorgos, Ximena, Ravindra, Yusuf, Élodie, Kwame,
    Svetlana, Hiroshi, Zanele, Piotr, Maeve, Duc, Renée, Bartholomew, Oluwaseun, Katarzyna, Anneliese, Tariq, Guðrún,
    Jean-Luc, Mary-Ann, Sun-hee"""
)
_LAST = words(
    """O'Brien, Müller, García-Ruiz, Nakamura, van der Berg, Adeyemi, Kowalczyk, Fitzgerald, Lindqvist, Papadakis, Ramaswamy,
    De la Cruz, Sørensen, Abdullahi, Castellano, Whitfield, Beaumont, McAllister, Hernández, Yıldız, Blackwood-Hughes,
    Thorvaldsen, Mbeki, Quintero, Desrosiers"""
)
_MONTHS = words(
    "January, February, March, April, May, June, July, August, September, October, November, December"
)
_AIRPORTS = words(
    """LHR, CDG, FRA, AMS, MAD, FCO, VIE, ZRH, CPH, ARN, OSL, HEL, DUB, BRU, ATH, IST, DXB, DOH, SIN, HKG, NRT, ICN, SYD, MEL,
    AKL, YYZ, YVR, SFO, LAX, SEA, DEN, ORD, ATL, BOS, IAD, MIA, MEX, GRU, EZE, SCL, LIM, BOG, CPT, NBO, CAI, DEL, BOM, BKK"""
)
_TEXTS = words(
    """Your table is ready, The meeting starts at noon, Happy birthday!, I'm on my way, Can you call me back?, Dinner at eight?,
    The keys are with the neighbor, Thanks for your help!, We moved to room 12, Please bring the contract, Running ten
    minutes late, Where are you?, The server is back up, See you on Friday, The package has arrived, Don't forget the milk,
    All tests pass now, What time does the museum open?, I would like a glass of water, How much does this cost?,
    Build 214 failed, Lunch is on me today, The invoice is overdue, Good luck tomorrow!, Is this seat taken?"""
)
_PREFIXES = words(
    "re, un, over, micro, hyper, photo, thermo, bio, geo, tele, auto, anti, inter, trans, sub, super, hydro, ortho, para, e, con, dis, im, per, ob"
)
_ROOTS = words(
    "graph, meter, phon, scop, log, form, cept, duct, ject, port, scrib, spect, struct, vert, vis, voc, cred, dict, morph, therm, lum, tract, fluct, phem, quit, nest, sever"
)
_SUFFIXES = words(
    "ion, al, ous, ment, able, ist, ism, ize, ity, ant, ent, ure, eral, ic, ine, ate, ive, or, ant, ary"
)
_SERVICES = words(
    "api, web, auth, billing, search, mail, cache, report, image, queue, payment, login, video, export, metrics"
)
_ROLES = words("worker, server, gateway, proxy, service, db, frontend, scheduler, node, runner")


def _digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def _fill(shape: str, random: Random) -> str:
    """`shape` with # as a digit, @ as a capital letter, & as a small one, and * as a digit or a capital letter."""
    draws = {"#": "0123456789", "@": _LETTERS, "&": _LETTERS.lower(), "*": "23456789" + _LETTERS}
    return "".join(random.choice(draws[mark]) if mark in draws else mark for mark in shape)


def _shaped(*shapes: str) -> Callable[[Random, Vocabulary], str]:
    return lambda random, _: _fill(random.choice(shapes), random)


def _person(random: Random, vocabulary: Vocabulary) -> str:
    first = random.choice(_FIRST if random.random() < 0.5 else vocabulary.first_names)
    last = random.choice(_LAST if random.random() < 0.5 else vocabulary.last_names)
    return first if random.random() < 0.3 else f"{first} {last}"


def _mail(random: Random, vocabulary: Vocabulary) -> str:
    name = random.choice(vocabulary.first_names).lower()
    last = random.choice(vocabulary.last_names).lower()
    host = random.choice((*vocabulary.dictionary, *vocabulary.syllables)).lower()
    user = random.choice((f"{name}.{last}", f"{name[0]}.{last}", f"{name}_{last}", name, f"{name}.{last[0]}", f"{last}{_digits(random, 2)}"))  # fmt: skip
    return f"{user}@{host}{random.choice(('mail', '', '-group', 'works'))}.{random.choice(('com', 'org', 'io', 'de', 'net', 'co.uk'))}"


def _text(random: Random, vocabulary: Vocabulary) -> str:
    if random.random() < 0.6:
        return random.choice(_TEXTS)
    text = random.choice(vocabulary.sentences)
    return random.choice((text, text[:1].upper() + text[1:], f"{text[:1].upper()}{text[1:]}!"))


def composed_word(random: Random) -> str:
    """A word that could be of a dictionary: of several tokens, and spelt otherwise behind a quote than behind a space."""
    word = random.choice(_PREFIXES) + random.choice(_ROOTS) + random.choice(_SUFFIXES)
    return word if random.random() < 0.7 else word + random.choice(("s", "ly", "ness"))


def _heading(random: Random, vocabulary: Vocabulary) -> str:
    """A title of an event, a task or a note."""
    thing, topic = random.choice(vocabulary.things), random.choice(vocabulary.topics)
    name = random.choice((*vocabulary.first_names, *_FIRST))
    event = random.choice(vocabulary.events)
    return random.choice((
        f"Lunch with {name}", f"{topic} review", f"Call {name} about {topic}", f"{event}", f"New {thing}", f"{name}'s {event}",
        f"Q{random.randint(1, 4)} {topic}", f"Fix the {thing}", f"{thing} for {name}", f"{event} {random.randint(2, 9)}",
    ))  # fmt: skip


def _hosts(random: Random, _: Vocabulary) -> str:
    service = random.choice(_SERVICES)
    return random.choice(
        (
            f"{service}-{random.randint(1, 30):02d}",
            f"{service}{random.randint(1, 9)}.prod.local",
            f"{service}-{random.choice(('eu', 'us', 'ap'))}-{random.randint(1, 9)}",
        )
    )


def _repository(random: Random, vocabulary: Vocabulary) -> str:
    return f"{random.choice(vocabulary.dictionary).lower()}/{random.choice(_SERVICES)}-{random.choice(_ROLES)}"


def _day(random: Random, _: Vocabulary) -> Value:
    """A date, in ISO form or in words."""
    year, month, day = random.randint(2024, 2028), random.randint(1, 12), random.randint(1, 28)
    iso, name = f"{year}-{month:02d}-{day:02d}", _MONTHS[month - 1]
    if random.random() < 0.65:
        return Value(iso, iso)
    return Value(
        random.choice(
            (f"{name} {day}, {year}", f"{day} {name} {year}", f"{name[:3]} {day} {year}")
        ),
        iso,
    )


def _month(random: Random, _: Vocabulary) -> Value:
    """A month of a year, in ISO form or in words."""
    year, month = random.randint(2023, 2028), random.randint(1, 12)
    iso = f"{year}-{month:02d}"
    return Value(iso if random.random() < 0.25 else f"{_MONTHS[month - 1]} {year}", iso)


def _appointment(random: Random, _: Vocabulary) -> Value:
    """A day and a time as one value: `2026-05-12T14:00`, said in the same form or in two parts."""
    year, month, day = random.randint(2024, 2028), random.randint(1, 12), random.randint(1, 28)
    hour, minute = random.randint(6, 22), random.choice(("00", "00", "15", "30", "45"))
    iso_day, clock = f"{year}-{month:02d}-{day:02d}", f"{hour:02d}:{minute}"
    half = f"{(hour - 1) % 12 + 1}{'' if minute == '00' else ':' + minute} {'pm' if hour > 11 else 'am'}"  # fmt: skip
    said_day = random.choice((iso_day, iso_day, f"{day} {_MONTHS[month - 1]} {year}", f"{_MONTHS[month - 1]} {day}, {year}"))  # fmt: skip
    said = random.choice((f"{said_day} at {clock}", f"{said_day} at {half}", f"{said_day}, {clock}", f"{iso_day}T{clock}"))  # fmt: skip
    return Value(said, f"{iso_day}T{clock}")


def _moment(random: Random, _: Vocabulary) -> str:
    return (
        f"{random.randint(2025, 2028)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}T"
        f"{random.randint(6, 22):02d}:{random.choice(('00', '15', '30', '45'))}{random.choice(('', '', ':00'))}"
    )


def _amount(random: Random, _: Vocabulary) -> Value:
    """An amount of money, of any size, at times with a mark between the thousands."""
    number: float | int
    number = random.choice((random.randint(2, 99), random.randint(100, 9999), random.randint(10, 900) * 1000,
                            round(random.uniform(1, 2000), 2), round(random.uniform(1, 300), 1)))  # fmt: skip
    return Value(f"{number:,}" if random.random() < 0.4 else str(number), number)


def _truth(random: Random, _: Vocabulary) -> Value:
    """Whether something worked, as a result tells it: mostly it did."""
    worked = random.random() < 0.75
    return Value(str(worked).lower(), worked)


def _copied(draw: Callable[[Random, Vocabulary], str]) -> Kind:
    def value(random: Random, vocabulary: Vocabulary) -> Value:
        text = draw(random, vocabulary)
        return Value(text, text)

    return Kind({"type": "string"}, value)


def _decimal(low: float, high: float, places: int) -> Kind:
    def value(random: Random, _: Vocabulary) -> Value:
        number = round(random.uniform(low, high), places)
        return Value(str(number), number)

    return Kind({"type": "number"}, value)


WRITTEN_KINDS: Mapping[str, Kind] = {
    "person": _copied(_person),
    "mail": _copied(_mail),
    "text": _copied(_text),
    "heading": _copied(_heading),
    "host": _copied(_hosts),
    "service": _copied(lambda r, _: f"{r.choice(_SERVICES)}-{r.choice(_ROLES)}"),
    "repository": _copied(_repository),
    "channel": _copied(lambda r, v: f"#{r.choice(v.dictionary).lower()}{r.choice(('', '-team', '-news', '-dev'))}"),
    "user_name": _copied(lambda r, v: f"{r.choice(v.first_names)[0].lower()}{r.choice(v.last_names).lower()}{r.choice(('', '', _digits(r, 2)))}"),
    "telephone": _copied(_shaped("+## ### #######", "+# (###) ###-####", "+##########", "0### ## ## ##", "+## # ## ## ## ##", "###-###-####", "+### ## ### ####")),
    "tracking": _copied(_shaped("1Z###@@##########", "############", "@@#########@@", "94##################", "@@@##########", "##-####-####", "JJ@@##########")),
    "order_number": _copied(_shaped("###-#######-#######", "#######", "@-#####", "@@-####-@", "##-####-@@", "ord_**&&#", "#####", "PO-####/##")),
    "record_locator": _copied(_shaped("******", "@@@@@@", "@#@#@#", "@@#@##")),
    "flight_number": _copied(_shaped("@@###", "@@####", "@@ ###", "@@ ####", "@@##")),
    "coupon": _copied(_shaped("@@@@##", "&&&&####", "SAVE##", "Spring-##@", "@&&&_##", "WELCOME-**", "free&&&##")),
    "sku": _copied(_shaped("SKU-##@#", "@@@-####", "########", "prod_&#&##", "@#-@#-##", "B0******")),
    "key": _copied(_shaped("evt_#&&#&", "&&###&", "tsk-###", "####", "@##-&&", "id_##&#", "doc-**&#")),
    "composed": _copied(lambda r, _: composed_word(r) if r.random() < 0.7 else composed_word(r).capitalize()),
    "gate": _copied(_shaped("@##", "@#", "##@", "##")),
    "airport": _copied(lambda r, _: r.choice(_AIRPORTS)),
    "day": Kind({"type": "string"}, _day),
    "moment": _copied(_moment),
    "month": Kind({"type": "string"}, _month),
    "appointment": Kind({"type": "string"}, _appointment),
    "amount": Kind({"type": "number"}, _amount),
    "truth": Kind({"type": "boolean"}, _truth),
    "latitude": _decimal(-65, 70, 2),
    "longitude": _decimal(-179, 179, 2),
}  # fmt: skip


def _said_as(entries: Sequence[str]) -> Kind:
    """An enum with the ways to say each member: `member=way/way`."""
    members = dict(entry.split("=") for entry in entries)

    def draw(random: Random, _: Vocabulary) -> Value:
        member = random.choice(list(members))
        return Value(random.choice(members[member].split("/")), member)

    return Kind({"type": "string", "enum": list(members)}, draw)


def _real_or_any(options: Sequence[str]) -> Kind:
    """One of the options, or any word in its place: what is copied and what is understood look alike."""

    def draw(random: Random, vocabulary: Vocabulary) -> Value:
        share = random.random()
        pool = vocabulary.dictionary if share < 0.3 else options
        text = composed_word(random) if share > 0.85 else random.choice(pool)
        return Value(text, text)

    return Kind({"type": "string"}, draw)


def _several(options: Sequence[str]) -> Kind:
    """A list of two to four of the options, as a result tells it."""

    def draw(random: Random, _: Vocabulary) -> Value:
        chosen = random.sample(options, random.randint(2, min(4, len(options))))
        return Value(said_of(chosen), chosen)

    return Kind({"type": "array", "items": {"type": "string"}}, draw)


OF_OPTIONS: Mapping[str, Callable[[tuple[str, ...]], Kind]] = {
    "enum": choice_of, "say": _said_as, "real": _real_or_any, "several": _several,
}  # fmt: skip


def said_of(value: Any) -> str:
    """A JSON value of a result as an answer tells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        said = [said_of(each) for each in value]
        return ", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else "".join(said)
    return str(value)

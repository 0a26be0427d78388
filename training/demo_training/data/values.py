"""Values that conversations are about: names, places, numbers, codes, texts.

A `Vocabulary` holds the lists: `TRAINING`, or words nobody wrote (`fresh_vocabulary`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any


def words(text: str) -> tuple[str, ...]:
    """The entries of a list written with commas."""
    return tuple(" ".join(entry.split()) for entry in text.split(",") if entry.strip())


@dataclass(frozen=True)
class Vocabulary:
    """Word lists that values are drawn from or put together of."""

    cities: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    adjectives: tuple[str, ...]
    things: tuple[str, ...]
    topics: tuple[str, ...]
    errands: tuple[str, ...]
    events: tuple[str, ...]
    countries: tuple[str, ...]
    syllables: tuple[str, ...]
    dictionary: tuple[str, ...]
    sentences: tuple[str, ...]


TRAINING = Vocabulary(
    cities=words(
        """Paris, London, Berlin, Madrid, Rome, Tokyo, Beijing, Shanghai, Sydney, Toronto, Chicago, Boston, Seattle,
        Denver, Austin, Dallas, Miami, Lisbon, Vienna, Prague, Warsaw, Oslo, Stockholm, Helsinki, Copenhagen, Dublin,
        Athens, Cairo, Nairobi, Lagos, Mumbai, Delhi, Bangkok, Hanoi, Seoul, Osaka, Kyoto, Singapore, Jakarta, Manila,
        Lima, Bogota, Santiago, Montreal, Vancouver, Atlanta, Phoenix, Houston, Portland, Zurich, Geneva, Brussels,
        Amsterdam, Hamburg, Munich, Milan, Naples, Barcelona, Valencia, Porto, Krakow, Budapest, Istanbul, Dubai, Doha,
        New York, Los Angeles, San Francisco, Hong Kong, Buenos Aires, Cape Town, Mexico City, Tel Aviv, San Diego,
        Las Vegas, Abu Dhabi, Rio de Janeiro"""
    ),
    first_names=words(
        """Anna, Ben, Carla, David, Emma, Felix, Grace, Hugo, Iris, Jack, Kira, Leo, Maria, Nina, Oscar, Paula, Quinn,
        Rosa, Sam, Tina, Uma, Victor, Wendy, Xavier, Yara, Zoe, Alice, Bob, Chen, Dora, Eli, Fatima, George, Hana,
        Ivan, Julia, Kenji, Lena, Marco, Noah, Olga, Priya, Raj, Sofia, Tom, Wei, Mei, Ahmed, Peter, Sarah"""
    ),
    last_names=words(
        """Smith, Jones, Garcia, Miller, Wong, Kumar, Rossi, Novak, Silva, Meyer, Tanaka, Olsen, Dubois, Khan, Petrov,
        Brown, Clark, Lopez, Kowalski, Nguyen, Weber, Costa, Berg, Ito, Haddad"""
    ),
    adjectives=words(
        """silent, blue, golden, quick, broken, little, ancient, warm, green, hidden, bright, heavy, smart, red,
        wooden, digital, travel, winter, portable, electric, white, classic, steel, garden, black"""
    ),
    things=words(
        """laptop, lamp, coffee mug, office chair, water bottle, backpack, keyboard, phone case, umbrella, jacket,
        tea kettle, frying pan, helmet, camera, monitor, printer, wall clock, pen, garden hose, toaster, blender, yoga
        mat, tent, guitar, puzzle, desk, notebook, watch, speaker, bicycle, mirror, blanket, bookshelf, ladder, drill"""
    ),
    topics=words(
        """climate change, electric cars, space travel, football, artificial intelligence, the stock market, healthy
        food, quantum computing, video games, solar energy, robotics, cancer research, tennis, education, cooking,
        music festivals, cybersecurity, housing prices, remote work, the budget, the new office, project planning,
        customer feedback, travel insurance, data privacy, web design, urban gardening, sleep, public transport"""
    ),
    errands=words(
        """buy milk, call the dentist, send the report, water the plants, pay the rent, walk the dog, book a flight,
        clean the kitchen, finish the slides, renew my passport, pick up the kids, charge the car, return the library
        books, email the team, fix the bike, take out the trash, order new ink, feed the cat, check the oven, lock the
        office, review the contract, wash the car, print the tickets, buy a birthday present"""
    ),
    events=words(
        """team meeting, dentist appointment, project review, yoga class, budget planning, birthday party, job
        interview, doctor visit, design workshop, parent meeting, weekly sync, product demo, sales call, book club,
        training session, guitar lesson, staff lunch, house viewing"""
    ),
    countries=words(
        """France, Germany, Spain, Italy, Japan, China, India, Brazil, Canada, Mexico, Egypt, Kenya, Nigeria, Norway,
        Sweden, Finland, Poland, Greece, Turkey, Thailand, Vietnam, Peru, Chile, Australia, Portugal, Ireland"""
    ),
    syllables=words(
        "ka, lo, mi, re, tu, sa, ne, vo, shi, bel, dra, pon, gar, lin, mos, zu, fen, tor"
    ),
    dictionary=words(
        """banana, computer, elephant, mountain, programming, chocolate, butterfly, python, keyboard, strawberry,
        umbrella, telescope, adventure, library, sandwich, mississippi, assistant, language, happy, river, serene,
        brave, curious, gentle, fragile, vivid, silent, honest, clever, wander, humble, eager, lucid, mellow, robust,
        subtle, abundant, diligent, elegant, hello, world, racecar, level, radar, window, garden, orange, planet,
        machine, silver, battery, holiday, kitchen, notebook"""
    ),
    sentences=words(
        """good morning, thank you very much, where is the station, I love this city, see you tomorrow, the food is
        great, how much is it, I am lost, happy birthday, have a nice day, the cat is sleeping, it is raining, we need
        more time, open the window, hello world, the quick brown fox jumps over the lazy dog, to be or not to be,
        practice makes perfect, I will be ten minutes late, the meeting is moved to noon, please call me back, the sun
        is shining, dinner is ready, the train leaves soon, we are out of coffee"""
    ),
)


@dataclass(frozen=True)
class Value:
    """A value as a user says it and as JSON carries it."""

    said: str
    json: Any


@dataclass(frozen=True)
class Kind:
    """A kind of argument.

    Attributes:
        schema: JSON Schema of one value, without a description.
        draw: a fresh value.
    """

    schema: Mapping[str, Any]
    draw: Callable[[Random, Vocabulary], Value]


def fresh_vocabulary(random: Random, stock: Sequence[str]) -> Vocabulary:
    """Lists nobody wrote: of words from `stock` and of invented ones, so that a model has to copy, not to remember.

    Args:
        random: where the choices come from.
        stock: words in small letters, and names with a capital one.
    """
    small = [word for word in stock if word.islower()]
    proper = [word for word in stock if not word.islower()]
    syllables = tuple(
        random.choice(
            words("b, c, ch, d, f, g, h, j, k, l, m, n, p, r, s, sh, st, t, tr, v, w, y, z")
        )
        + random.choice(words("a, e, i, o, u, ai, ea, ou"))
        + random.choice(("", "", "n", "r", "l", "s", "m", "t"))
        for _ in range(14)
    )

    def invented() -> str:
        return "".join(random.sample(syllables, random.choice((2, 2, 3))))

    def lower(count: int) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                random.choice(small) if random.random() < 0.75 else invented() for _ in range(count)
            )
        )

    def names(count: int) -> tuple[str, ...]:
        return tuple(
            random.choice(proper) if random.random() < 0.6 else each.capitalize()
            for each in lower(count)
        )

    def phrases(count: int, length: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(" ".join(lower(random.choice(length))) for _ in range(count))

    return Vocabulary(
        cities=names(10) + tuple(f"{a} {b}" for a, b in zip(names(3), names(3), strict=False)),
        first_names=names(16),
        last_names=names(10),
        adjectives=lower(10),
        things=phrases(12, (1, 1, 2)),
        topics=phrases(12, (1, 2, 2, 3)),
        errands=phrases(8, (3, 4)),
        events=phrases(8, (2,)),
        countries=names(10),
        syllables=syllables,
        dictionary=lower(14),
        sentences=phrases(8, (3, 4, 5, 6)),
    )


def capitalised(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def invented_word(random: Random, vocabulary: Vocabulary) -> str:
    """A word that no dictionary has."""
    return "".join(random.choice(vocabulary.syllables) for _ in range(random.randint(2, 3)))


def code(random: Random) -> str:
    """An identifier as shops, airlines and offices make them."""

    def letters(count: int) -> str:
        return "".join(random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(count))

    def digits(count: int) -> str:
        return "".join(random.choice("0123456789") for _ in range(count))

    shape = random.randrange(9)
    if shape == 7:  # a number plate
        mark = random.choice((" ", " ", "-"))
        return f"{letters(random.randint(1, 3))}{mark}{digits(3)} {letters(2)}"
    if shape == 8:  # a flat, a desk, a bay
        return random.choice((digits(1) + letters(1), letters(1) + digits(1), digits(3) + letters(1)))  # fmt: skip
    if shape == 0:
        return letters(1) + digits(4)
    if shape == 1:
        return letters(2) + "-" + digits(4)
    if shape == 2:
        return digits(random.randint(4, 7)).replace("0", "1", 1)
    if shape == 3:
        return letters(3) + digits(random.randint(2, 4))
    if shape == 4:
        return (
            random.choice(("INV", "ORD", "TKT", "ACC", "REF")) + "-" + digits(random.randint(3, 5))
        )
    if shape == 5:
        return "".join(random.choice("abcdef0123456789") for _ in range(6)) + random.choice(
            "abcdef"
        )
    return letters(2) + digits(2) + letters(2)


def odd_code(random: Random) -> str:
    """An identifier of no pattern: letters and digits in both cases, with marks between them."""
    parts = []
    for _ in range(random.choice((1, 1, 2, 2, 3))):
        letters = random.choice(("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghkmnpqrstuvwxyz"))
        digits = "".join(random.choice("0123456789") for _ in range(random.randint(1, 4)))
        word = "".join(random.choice(letters) for _ in range(random.randint(1, 2)))
        parts.append(random.choice((digits, word + digits, digits + word, word + digits)))
    if len(parts) == 1:
        parts[0] += random.choice("ABCDEFGHKLMNPRSTXYZabcdefghkmnprstxyz")
    return random.choice(("-", "-", "/", "_", ".", ":")).join(parts)


def title(random: Random, vocabulary: Vocabulary) -> str:
    """The title of a book, a film or a document."""
    adjective, other = random.sample(vocabulary.adjectives, 2)
    noun = random.choice(vocabulary.things).split()[-1]
    shapes = (
        f"The {adjective} {noun}",
        f"{adjective} {noun}",
        f"{adjective} and {other}",
        f"The Last {noun}",
    )
    text = random.choice(shapes) if random.random() < 0.8 else invented_word(random, vocabulary)
    return " ".join(word if word == "and" else capitalised(word) for word in text.split())


def full_name(random: Random, vocabulary: Vocabulary) -> str:
    """First and last name."""
    return f"{random.choice(vocabulary.first_names)} {random.choice(vocabulary.last_names)}"


def date_text(random: Random) -> str:
    """An ISO date."""
    return f"{random.randint(2023, 2028)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"


def _email(random: Random, vocabulary: Vocabulary) -> str:
    name = random.choice(vocabulary.first_names).lower()
    tail = random.choice(
        ("", "." + random.choice(vocabulary.last_names).lower(), str(random.randint(1, 99)))
    )
    return f"{name}{tail}@{random.choice(('example.com', 'mail.org', invented_word(random, vocabulary) + '.com'))}"


def url(random: Random, vocabulary: Vocabulary) -> str:
    """An address that does not exist."""
    host = invented_word(random, vocabulary) + random.choice((".com", ".org", ".net", ".example"))
    return f"https://{random.choice(('', 'www.', 'blog.'))}{host}/{random.choice(('news', 'docs', 'a', 'item'))}{random.randint(1, 999)}"


def _path(random: Random, vocabulary: Vocabulary) -> str:
    folder = random.choice(("", "", "/tmp/", "docs/", "data/", "reports/2026/", "/home/user/"))
    stem = random.choice(
        ("notes", "report", "todo", "config", "log", "draft", invented_word(random, vocabulary))
    )
    return f"{folder}{stem}{random.choice(('', '_2026', '-final', '2'))}{random.choice(('.txt', '.md', '.csv', '.json', '.pdf'))}"


def _city(random: Random, vocabulary: Vocabulary) -> str:
    """A place, at times of two words."""
    name = random.choice(vocabulary.cities)
    if random.random() > 0.08:
        return name
    return f"{random.choice(('Mount', 'Lake', 'Port', 'San', 'New', 'Saint', 'Fort', 'Bad'))} {name}"  # fmt: skip


def _person(random: Random, vocabulary: Vocabulary) -> str:
    """First and last name, at times a title and the last name."""
    if random.random() > 0.08:
        return full_name(random, vocabulary)
    return f"{random.choice(('Dr.', 'Dr.', 'Prof.', 'Mrs', 'Mr'))} {random.choice(vocabulary.last_names)}"  # fmt: skip


def _address(random: Random, vocabulary: Vocabulary) -> str:
    """A street and a number, as often as not with the town behind a comma."""
    name, number = capitalised(random.choice(vocabulary.dictionary)), random.randint(1, 199)
    kind = random.choice(words("Street, Road, Lane, Avenue, Row, Square, Hill, Court"))
    street = random.choice((
        f"{number} {name} {kind}", f"{number} {name} {kind}", f"{name} {kind} {number}", f"Via {name} {number}", f"{name}strasse {number}",
        f"{number}{random.choice('abc')} {name} {kind}",
    ))  # fmt: skip
    town = random.choice(vocabulary.cities)
    return street if random.random() < 0.45 else f"{street}, {town}"


def _message(random: Random, vocabulary: Vocabulary) -> str:
    a, b, c = random.sample(vocabulary.things, 3)
    sentence = capitalised(random.choice(vocabulary.sentences))
    shapes = (
        f"{random.choice(('Today', 'On the menu', 'To buy', 'Missing', 'New'))}: {a}, {b} and {c}",
        f"{sentence}, {random.choice(vocabulary.sentences)}",
        f"Dear {random.choice(vocabulary.first_names)}, {random.choice(vocabulary.sentences)}",
        f"{sentence}: {a}, {b}, {c}",
        f"I will be {random.randint(5, 40)} minutes late",
        f"The {random.choice(vocabulary.events)} is moved to {random.choice(('Monday', 'Friday', 'noon', '3 pm'))}",
        f"Please {random.choice(vocabulary.errands)} today",
        f"Can we talk about {random.choice(vocabulary.topics)}?",
        capitalised(random.choice(vocabulary.sentences)),
    )
    return random.choice(shapes)


def _number(random: Random) -> int | float:
    shape = random.random()
    if shape < 0.45:
        return random.randint(2, 99)
    if shape < 0.75:
        return random.randint(100, 9999)
    return round(random.uniform(0.5, 300), random.choice((1, 2)))


def _text(draw: Callable[[Random, Vocabulary], str]) -> Kind:
    def value(random: Random, vocabulary: Vocabulary) -> Value:
        text = draw(random, vocabulary)
        return Value(text, text)

    return Kind({"type": "string"}, value)


def _of(choose: Callable[[Vocabulary], tuple[str, ...]]) -> Kind:
    return _text(lambda random, vocabulary: random.choice(choose(vocabulary)))


def _numeric(json_type: str, draw: Callable[[Random], int | float]) -> Kind:
    def value(random: Random, vocabulary: Vocabulary) -> Value:
        number = draw(random)
        return Value(str(number), number)

    return Kind({"type": json_type}, value)


def choice_of(options: tuple[str, ...]) -> Kind:
    """An enum whose members are said as they are written, but for underscores."""

    def value(random: Random, vocabulary: Vocabulary) -> Value:
        option = random.choice(options)
        return Value(option.replace("_", " "), option)

    return Kind({"type": "string", "enum": list(options)}, value)


def anything(random: Random, vocabulary: Vocabulary) -> str:
    """A word, a name or a few of them, in the spelling of a user: to be copied and not to be understood."""
    shape = random.random()
    if shape < 0.4:
        return random.choice(vocabulary.dictionary)
    if shape < 0.6:
        return random.choice((*vocabulary.cities, *vocabulary.countries))
    if shape < 0.7:
        return f"{random.choice(vocabulary.adjectives)} {random.choice(vocabulary.dictionary)}"
    if shape < 0.76:
        return f"{random.choice(vocabulary.first_names)}'s {random.choice(vocabulary.things)}"
    if shape < 0.82:
        return "-".join(random.sample(vocabulary.dictionary, 2))
    if shape < 0.88:
        return capitalised(invented_word(random, vocabulary))
    if shape < 0.94:
        return full_name(random, vocabulary)
    return code(random)


def _series(random: Random) -> Value:
    """Three to seven whole numbers, as a result tells them."""
    high = random.choice((20, 100, 900))
    values = [random.randint(1, high) for _ in range(random.randint(3, 7))]
    return Value(", ".join(str(value) for value in values), values)


def _phone(random: Random) -> str:
    return f"{random.choice(('555', '+1 555', '0171'))}-{random.randint(1000, 9999)}"


KINDS: Mapping[str, Kind] = {
    "city": _text(_city),
    "first_name": _of(lambda v: v.first_names),
    "name": _text(_person),
    "thing": _text(
        lambda r, v: (
            f"{r.choice(v.adjectives)} {r.choice(v.things)}"
            if r.random() < 0.5
            else r.choice(v.things)
        )
    ),
    "topic": _of(lambda v: v.topics),
    "errand": _of(lambda v: v.errands),
    "event": _of(lambda v: v.events),
    "country": _of(lambda v: v.countries),
    "word": _of(lambda v: v.dictionary),
    "anything": _text(anything),
    "sentence": _of(lambda v: v.sentences),
    "message": _text(_message),
    "title": _text(title),
    "code": _text(lambda r, v: code(r)),
    "odd": _text(lambda r, v: odd_code(r)),
    "numbers": Kind({"type": "array", "items": {"type": "integer"}}, lambda r, _: _series(r)),
    "label": _text(invented_word),
    "date": _text(lambda r, v: date_text(r)),
    "time": _text(
        lambda r, v: f"{r.randint(0, 23):02d}:{r.choice(('00', '15', '30', '45', '05', '20'))}"
    ),
    "email": _text(_email),
    "phone": _text(lambda r, v: _phone(r)),
    "address": _text(_address),
    "url": _text(url),
    "path": _text(_path),
    "number": _numeric("number", _number),
    "money": _numeric(
        "number", lambda r: r.choice((r.randint(5, 5000), round(r.uniform(5, 300), 2)))
    ),
    "percent": _numeric(
        "number", lambda r: r.choice((2, 3.5, 5, 7.5, 8, 10, 12, 15, 18, 20, 25, 30, 40, 60))
    ),
    "degrees": _numeric(
        "number", lambda r: r.choice((16, 17.5, 18, 19, 20, 20.5, 21, 22, 23.5, 24))
    ),
    "small": _numeric("integer", lambda r: r.randint(2, 12)),
    "minutes": _numeric(
        "integer", lambda r: r.choice((3, 5, 8, 10, 12, 15, 20, 25, 30, 45, 60, 90))
    ),
    "count": _numeric("integer", lambda r: r.choice((r.randint(2, 60), r.randint(61, 900)))),
    "year": _numeric("integer", lambda r: r.randint(1950, 2026)),
    "id": _numeric("integer", lambda r: r.randint(11, 99999)),
    "priority": choice_of(("low", "medium", "high")),
    "currency": _text(
        lambda r, v: r.choice(
            words("USD, EUR, GBP, JPY, CNY, INR, CAD, AUD, CHF, SEK, KRW, BRL, MXN")
        )
    ),
    "language": _text(
        lambda r, v: r.choice(
            words(
                "French, Spanish, German, Italian, Japanese, Chinese, Korean, Polish, Arabic, Dutch"
            )
        )
    ),
    "color": _text(
        lambda r, v: r.choice(
            words("red, blue, green, yellow, purple, orange, teal, pink, white, black")
        )
    ),
    "room": _text(
        lambda r, v: r.choice(
            words("living room, kitchen, bedroom, bathroom, office, garage, hallway")
        )
    ),
    "weekday": _text(
        lambda r, v: r.choice(
            words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
        )
    ),
    "on_off": choice_of(("on", "off")),
    "unit": choice_of(("celsius", "fahrenheit")),
    "flight": _text(
        lambda r, v: "".join(r.choice("ABDEFKLNSTU") for _ in range(2)) + str(r.randint(10, 9999))
    ),
    "ticker": _text(
        lambda r, v: r.choice(
            words("AAPL, MSFT, GOOG, AMZN, TSLA, NVDA, META, IBM, INTC, NFLX, SAP, NKE")
        )
    ),
}

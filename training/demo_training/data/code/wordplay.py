"""Questions about words and texts as people type them: in quotes, without any, behind a colon, on a line of their own."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from demo_training.data.code.task import Task, run_cell
from demo_training.data.code.wording import cardinal, ordinal, series
from demo_training.data.code.wordplay_kinds import (
    AGAIN,
    BOTH,
    COUNTED,
    ECHOES,
    EXTENSIONS,
    FIGURES,
    LEADS,
    LINES,
    LIST,
    MARKED,
    MARKS,
    MIRRORED,
    OPENERS,
    OWN,
    PAIR,
    SEPARATORS,
    SMALL,
    TEXT,
    TEXTS,
    WORD,
    Asked,
)
from demo_training.data.values import Vocabulary, capitalised, invented_word, words
from glm_tools.python import NO_OUTPUT

Slots = dict[str, Any]


def _plain(several: Sequence[str]) -> list[str]:
    return sorted({x for x in several if x.isascii() and x.isalpha()}) or ["Ada", "Milo"]


def _pool(vocabulary: Vocabulary) -> list[str]:
    return [
        each for each in _plain(vocabulary.dictionary) if each.islower() and len(each) > 2
    ] or list(OWN)


def _one(random: Random, vocabulary: Vocabulary) -> str:
    chance = random.random()
    if chance < 0.12:
        return invented_word(random, vocabulary)
    return random.choice(_pool(vocabulary) if chance < 0.6 else OWN)


def _some(random: Random, vocabulary: Vocabulary, count: int) -> list[str]:
    pool = sorted({*_pool(vocabulary), *random.sample(OWN, 14)})
    return random.sample(pool, min(count, len(pool)))


def _shown(text: str, quote: str) -> str:
    if " " in text or "'" in text:
        quote = "”" if quote == "”" else '"' if "'" in text or not quote else quote
    return f"“{text}”" if quote == "”" else f"{quote}{text}{quote}"


def _listed(random: Random, several: Sequence[str], *, is_apart: bool) -> str:
    style = random.random()
    if style < 0.15:
        return random.choice(("[{}]", "{}")).format(", ".join(f"{each!r}" for each in several))
    return series(random, several) if is_apart and style > 0.4 else ", ".join(several)


def _filled(random: Random, vocabulary: Vocabulary, pattern: str) -> str:
    a, b, d = _some(random, vocabulary, 3)
    who, other = random.sample([*_plain(vocabulary.first_names), "Ada", "Milo"], 2)
    n, m, k = random.randint(2, 990), random.randint(2, 60), random.randint(2, 12)
    named = {
        "city": random.choice(_plain(vocabulary.cities)),
        "thing": random.choice(_plain(vocabulary.things)),
    }
    return pattern.format(a=a, b=b, d=d, who=who, other=other, n=n, m=m, k=k, **named)


def _line(random: Random, vocabulary: Vocabulary, *, is_bare: bool = True) -> str:
    """A sentence without punctuation, but for an apostrophe if it is not `is_bare`."""
    lines = vocabulary.sentences if random.random() < 0.22 else LINES
    known = [x for x in lines if x.isascii() and "," not in x and not (is_bare and "'" in x)]
    text = random.choice(known or ECHOES)
    text = _filled(random, vocabulary, text)
    return random.choice((text, text, text, capitalised(text), text.lower()))


def _of_word(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    word = _one(random, vocabulary)
    if "== {W}[-1]" in code and random.random() < 0.4:
        word = random.choice(MIRRORED)
    n, k, f = (
        random.randint(2, max(2, min(4, len(word) - 1))),
        random.randint(1, len(word)),
        random.randint(1, 13),
    )
    if "- {f}" in code:
        word = "".join(chr((ord(letter) - 97 + f) % 26 + 97) for letter in word)
    return {
        "w": word,
        "c": random.choice(word),
        "n": n,
        "k": k,
        "f": f,
        "m": random.randint(2, 6),
        "z": len(word) + random.randint(2, 9),
        "z2": len(word) + 2 * random.randint(2, 7),
        "o": random.choice([x for x in "aeioustnlrmxz" if x not in word] or "q"),
    }


def _of_pair(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    w, v = _some(random, vocabulary, 2)
    n, start, is_so = random.randint(2, 3), random.randint(0, len(w) - 3), random.random() < 0.5
    mixed = "".join(random.sample(w, len(w)))
    if "zip(" in code:
        alike = [each for each in (*OWN, *_pool(vocabulary)) if len(each) == len(w) and each != w]
        v = "".join(x if random.random() < 0.7 else random.choice("aeiostrn") for x in w)
        v = random.choice(alike) if alike and (is_so or "join" in code or v == w) else v
    elif "sorted({W}) ==" in code:
        v = mixed if is_so else mixed.replace(w[0], random.choice("aeioumnrst"), 1)
    elif "{V} in" in code or "count({V})" in code:
        part = w[start : start + random.randint(2, 4)]
        v = part if is_so or "count" in code else "".join(random.sample(part, len(part)))
        if "count" in code:
            v = part[:2] if part[0] == part[-1] else part
            w = random.choice((w, v + w[-2:] + v, w[:2] + v + w[-1] + v, v + w[:1] + v + v))
    elif "{V}[-{n}:]" in code and "==" in code and is_so:
        v = v[: random.randint(1, 3)] + w[-n:]
    elif "commonprefix" in code:
        v = w[: random.randint(1, len(w) - 1)] + v[: random.randint(1, 4)]
    elif "==" in code and is_so:
        ends = {"{W}[0] == {V}[0]": (0, 0), "{W}[-1] == {V}[-1]": (-1, -1)}
        i, j = next((each for part, each in ends.items() if part in code), (-1, 0))
        v = random.choice(
            [each for each in (*OWN, *_pool(vocabulary)) if each[j] == w[i] and each != w] or [v]
        )
    return {"w": w, "v": v, "n": n}


def _of_list(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    several = _some(random, vocabulary, random.randint(3, 7))
    x, n = random.choice(several), random.randint(2, min(3, len(several)))
    if "word[::-1]]" in code:
        several = [*several[:3], *random.sample(MIRRORED, random.randint(1, 3))]
    if "{X}[-{n}" in code:
        x, several = (
            several[0],
            [*several[1:4], *(each[:2] + several[0][-n:] for each in several[2:4])],
        )
    if "sorted({X})" in code:
        x, several = (
            several[0],
            [*several[1:4], *("".join(random.sample(several[0], len(several[0]))) for _ in "ab")],
        )
    several = list(dict.fromkeys(several))
    random.shuffle(several)
    one = random.choice(several)
    y = one if random.random() < 0.5 else _one(random, vocabulary)
    g = max(2, len(one) - ("all(" in code and random.random() < 0.5))
    return {
        "l": several,
        "x": x,
        "y": y,
        "n": n,
        "c": one[0],
        "z": one[-1],
        "i": random.choice(one),
        "g": g,
    }


def _of_text(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    is_bare = (
        any(x in code for x in ("len", "lower()", "capitalize", "isalpha", "word["))
        or random.random() < 0.5
    )
    is_again = any(code == each for _, each in AGAIN) and not (
        "< len(words)" in code and random.random() < 0.5
    )
    text = (
        _filled(random, vocabulary, random.choice(ECHOES))
        if is_again
        else _line(random, vocabulary, is_bare=is_bare)
    )
    parts = text.split()
    again = [each for each in parts if parts.count(each) > 1]
    once = [each for each in parts[1:-1] if text.count(each) == 1 and len(each) > 1]
    known = [x for x in again if parts.count(x) == text.count(x)] if is_again else once
    if not known:
        return _of_text(random, vocabulary, code)
    lower = [x for x in text if x.islower() and x.upper() not in text]
    c = random.choice(
        [each[0].lower() for each in parts] if "startswith" in code else lower or ["e"]
    )
    other = random.choice((_one(random, vocabulary), random.choice(parts)[:-1]))
    y, n = _one(random, vocabulary), random.randint(2, max(2, min(4, len(parts) - 1)))
    z = random.choice([each[-1] for each in parts if each[-1].islower()] or ["e"])
    slots: Slots = {
        "s": text,
        "c": c,
        "z": z,
        "g": max(2, len(random.choice(parts))),
        "n": n,
        "k": random.randint(1, len(parts)),
        "h": random.randint(4, max(4, len(text) - 4)),
        "h2": len(text) + random.randint(-6, 6),
    }
    return {
        **slots,
        "x": random.choice(known),
        "y": y,
        "q": random.choice(parts) if random.random() < 0.5 or not other else other,
    }


def _of_marked(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    is_counted = any(code == each for _, each in FIGURES) or "isdigit" in code
    pieces = []
    for i in range(random.randint(1, 2) if is_counted else random.randint(2, 4)):
        is_figure = (is_counted and not i) or random.random() < 0.25
        piece = (
            _filled(random, vocabulary, random.choice(COUNTED))
            if is_figure
            else _line(random, vocabulary)
        )
        mark = "?" if piece.split()[0].lower() in ("how", "where") else random.choice("....!!")
        if piece[0].islower() and random.random() < 0.5:
            piece = _filled(random, vocabulary, random.choice(OPENERS)) + piece
        pieces.append(capitalised(piece) + mark)
    if random.random() < 0.3:
        pieces.insert(
            random.randint(1, len(pieces)),
            random.choice(
                ("Why not?", "Who knows?", "Really?", "Can you believe it?", "Are you coming, too?")
            ),
        )
    text = " ".join(pieces)
    return {"s": text, "g": random.randint(4, 7)}


def _of_texts(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    del code
    first, second = _filled(random, vocabulary, random.choice(BOTH)).lower().split(" / ")
    first, second = (" ".join(dict.fromkeys(each.split())) for each in (first, second))
    return {"s": second, "t": first} if random.random() < 0.4 else {"s": first, "t": second}


def _of_small(random: Random, vocabulary: Vocabulary, code: str) -> Slots:
    several = _some(random, vocabulary, random.randint(3, 6))
    a, b, d = several[:3]
    domains = [f"{x}.{random.choice(('com', 'org', 'net', 'example', 'io'))}" for x in (a, b)]
    firsts, lasts = (
        random.sample(_plain(names), min(4, len(_plain(names))))
        for names in (vocabulary.first_names, vocabulary.last_names)
    )
    fulls = [f"{x} {y}" for x, y in zip(firsts, lasts, strict=False)]
    mails = [
        random.choice((x, f"{x}.{y}", x[0] + y, f"{x}{random.randint(2, 99)}")).lower()
        + "@"
        + random.choice(domains)
        for x, y in zip(firsts, lasts, strict=False)
    ]
    kinds = random.sample(EXTENSIONS, 3)
    stems = [
        random.choice(
            (
                x,
                f"{x}_{b}",
                f"{b}-{x}",
                f"{x}{random.randint(2, 2030)}",
                f"{x}.v{random.randint(2, 9)}",
            )
        )
        for x in several
    ]
    files = [f"{stem}.{random.choice(kinds)}" for stem in stems]
    digits = "".join(random.choices("0123456789", k=random.choice((9, 10, 11))))
    phone = random.choice(
        ("({}) {}-{}", "+{} {} {}", "{}/{} {}", "{} {} {}", "{}.{}.{}", "{}-{}-{}")
    ).format(digits[:3], digits[3:6], digits[6:])
    parts = several[: random.choice((2, 3, 3, 4))]
    runs = "".join(
        random.choice("abcdxyz") * random.choice((1, 2, 3, 4, 5))
        for _ in range(random.randint(3, 6))
    )
    letters = random.sample("abcdehkmnprstuwxz", random.randint(3, 5))
    sep_name, sep = random.choice(SEPARATORS)
    keys = random.sample(("width", "color", "size", "mode", "lang", "name", "font", "theme"), 3)
    values = (random.choice((a, random.randint(2, 900))), d, random.randint(2, 99))
    tagged = [random.choice(("#", "")) + x for x in several]
    coded = (
        "-".join(
            "".join(
                random.choices(
                    random.choice(("ABCDEFGHKLMNPRSTUVWXYZ", "0123456789", "ABCDEF0123456789")),
                    k=random.randint(2, 4),
                )
            )
            for _ in range(3)
        )
        + "K7"
    )
    number = random.randint(3, 139)
    ones, tens = (
        (
            "",
            *words(f"{a}, {a}{a}, {a}{a}{a}, {a}{b}, {b}, {b}{a}, {b}{a}{a}, {b}{a}{a}{a}, {a}{c}"),
        )
        for a, b, c in ("IVX", "XLC")
    )
    roman = "C" * (number // 100) + tens[number % 100 // 10] + ones[number % 10]
    return {
        "email": mails[0],
        "mails": mails,
        "domain": random.choice(mails).split("@")[1],
        "full": fulls[0],
        "first": firsts[0],
        "filed": f"{lasts[0]}, {firsts[0]}",
        "fulls": fulls,
        "people": firsts,
        "file": files[0],
        "files": files,
        "ext": random.choice(
            [x for x in kinds if not files[0].endswith(x)]
            if "rsplit" in code
            else [x.split(".")[-1] for x in files]
        ),
        "path": random.choice(("/home/{}/{}/", "/{}/{}/", "/data/{}/{}/", "docs/{}/{}/")).format(
            a, d
        )
        + files[0],
        "phone": phone,
        "ten": "".join(random.choices("0123456789", k=10)),
        "camel": parts[0] + "".join(map(str.capitalize, parts[1:])),
        "snake": "_".join(parts),
        "row": sep.join(several),
        "sep": sep,
        "sep_name": sep_name,
        "seps": sep_name + ("es" if sep_name.endswith("sh") else "s"),
        "n": random.randint(1, len(several)),
        "pairs": ";".join(f"{x}={y}" for x, y in zip(keys, values, strict=True)),
        "key": random.choice(keys),
        "runs": runs,
        "packed": "".join(f"{x}{random.randint(1, 6)}" for x in letters),
        "ruler": random.choice(("Chapter", "Volume", "Act", "Part", "Book")),
        "roman": roman,
        "arabic": number,
        "url": f"{random.choice(('http', 'https'))}://{random.choice(('www.', '', 'shop.'))}{domains[0]}/{b}/{d}-{number}",
        "post": random.choice(
            ("{} today {}", "{} at last {}", "so much {} and {}", "{} again with my {}")
        ).format(*tagged[:2])
        + " "
        + " ".join(f"#{x}" for x in several[2:4]),
        "spaced": " " * random.randint(0, 3)
        + "".join(x + " " * random.randint(1, 4) for x in several),
        "coded": coded.lower() if "isupper()" in code and random.random() < 0.4 else coded,
        "small": random.randint(2, 4000),
        "width": random.randint(5, 8),
    }


_Draw = Callable[[Random, Vocabulary, str], Slots]
_GROUPS: tuple[tuple[Sequence[Asked], _Draw, float], ...] = (
    (WORD, _of_word, 18),
    (PAIR, _of_pair, 11),
    (LIST, _of_list, 18),
    (TEXT, _of_text, 26),
    (AGAIN, _of_text, 6),
    (MARKED, _of_marked, 7),
    (FIGURES, _of_marked, 4),
    (TEXTS, _of_texts, 4),
    (SMALL, _of_small, 20),
)


def _has_ties(code: str, slots: Mapping[str, Any]) -> bool:
    """Whether the question has more than one right answer."""
    subject = slots.get("l", slots.get("people" if "PEOPLE" in code else "fulls", slots.get("s")))
    parts = (
        subject.split()
        if isinstance(subject, str)
        else list(subject or [slots["w"], slots.get("v", "")])
    )
    parts = [each.strip(".,!?") for each in parts]
    lengths, counts = sorted(map(len, parts)), Counter(parts).most_common(2)
    if "most_common" in code and ("{W}" in code or ".lower()" in code):
        counts = Counter(x for x in (subject or slots["w"]).lower() if x.isalpha()).most_common(2)
    vowels = sorted(sum(letter in "aeiou" for letter in each) for each in parts)
    is_sorted = code.startswith("print(sorted(") and "key=" in code
    keys = [
        (
            len(x)
            if "key=len" in code
            else x[-1]
            if "word[-1]" in code
            else x[1:2]
            if "word[1]" in code
            else x.split()[-1]
            if "name." in code
            else x.lower()
        )
        for x in parts
    ]
    return (
        (is_sorted and len(set(keys)) < len(keys))
        or ("max(" in code and "key=len" in code and lengths[-1] == lengths[-2])
        or ("min(" in code and "key=len" in code and lengths[0] == lengths[1])
        or ("lambda" in code and "aeiou" in code and len({*vowels[-2:]}) == 1)
        or ("most_common" in code and len(counts) > 1 and counts[0][1] == counts[1][1])
    )


def _put(pattern: str, slots: Mapping[str, Any]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: str(slots.get(found[1], found[0])), pattern)


def wordplay(random: Random, vocabulary: Vocabulary) -> Task:
    """A question about words or a text."""
    groups, draws, weights = zip(*_GROUPS, strict=True)
    which = random.choices(range(len(_GROUPS)), weights)[0]
    wordings, code = random.choice(groups[which])
    wording, drawn = random.choice(wordings.split("|")), draws[which](random, vocabulary, code)
    quote = random.choices(("", "'", '"', "”"), (40, 30, 26, 4))[0]
    mark, sign = random.choice(MARKS)
    who, other = random.sample([*_plain(vocabulary.first_names), "Ada", "Milo"], 2)
    said = {"mark": mark, "sign": sign, "who": who, "other": other, **drawn}
    written = dict(said)
    for name, value in drawn.items():
        if isinstance(value, list):
            written[name.upper()] = repr(value)
            said[name] = _listed(random, value, is_apart=wording.endswith(f": {{{name}}}"))
        elif isinstance(value, str) and name in {"w", "v", "x", "y", "q", "s", "t"}:
            written[{"s": "T", "t": "U"}.get(name, name.upper())] = repr(value)
            said[name] = _shown(value, quote or ('"' if "s" in drawn or len(value) < 3 else ""))
    n, k = drawn.get("n", 2), drawn.get("k", 2)
    said |= {"N": cardinal(random, n), "nth": ordinal(random, n), "kth": ordinal(random, k)}
    if "t" in drawn:
        said["d"] = random.choice(
            (
                "First: {s}\nSecond: {t}",
                "1. {s}\n2. {t}",
                "(1) {s} (2) {t}",
                "First {q}, second {r}.",
                "The first is {q}, the second {r}.",
            )
        ).format(s=drawn["s"], t=drawn["t"], q=said["s"], r=said["t"])
    said["b"] = drawn.get("s", "") if random.random() < 0.75 else said.get("s", "")
    finished = _put(code, written)
    output = run_cell(finished)
    if (
        _has_ties(code, drawn)
        or output in ("", "[]", NO_OUTPUT)
        or not 1 <= len(output.strip()) <= 240
        or "Traceback" in output
    ):
        return wordplay(random, vocabulary)
    for name in ("c", "z", "i", "o"):
        if str(said.get(name)) in set("aefhilmnorsx"):
            wording = re.sub(rf"\b([Aa]) ('?\{{{name}\}})", r"\1n \2", wording)
    request = _put(wording, said)
    if not wording.startswith("{") and random.random() < 0.18:
        request = (
            random.choice(LEADS) + request
            if random.random() < 0.5
            else request[0].lower() + request[1:]
        )
    return Task(request, finished)

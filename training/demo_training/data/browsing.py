"""Questions for `simple_browser`: search, open a result or an address, answer with a citation.

The observations have the form of `glm_tools.browser`; the pages and what they tell are made up.
"""

from dataclasses import dataclass
from random import Random

from demo_training.data.episode import Call, Round, spoken
from demo_training.data.functions import compact, lowered
from demo_training.data.values import KINDS, Vocabulary, capitalised, invented_word, title
from glm_tools.tool import Observation


@dataclass(frozen=True)
class Subject:
    """A fact of a made-up world: what it is called, how one asks for it, how a page tells it."""

    query: str
    questions: tuple[str, ...]
    statement: str
    kind: str


SUBJECTS = (
    Subject("population of {e}", ("What is the population of {e}?", "How many people live in {e}?"), "The population of {e} is {v}.", "people"),
    Subject("height of Mount {e}", ("How tall is Mount {e}?", "What is the height of Mount {e}?"), "Mount {e} is {v} meters tall.", "count"),
    Subject("founder of {e} Corp", ("Who founded {e} Corp?", "Who is the founder of {e} Corp?"), "{e} Corp was founded by {v}.", "name"),
    Subject("CEO of {e} Inc", ("Who is the CEO of {e} Inc?", "Who runs {e} Inc?"), "The CEO of {e} Inc is {v}.", "name"),
    Subject("author of {e}", ("Who wrote {e}?", "Who is the author of {e}?"), "{e} was written by {v}.", "name"),
    Subject("release date of {e}", ("When was {e} released?", "When did {e} come out?"), "{e} was released on {v}.", "date"),
    Subject("capital of {e}", ("What is the capital of {e}?", "Which city is the capital of {e}?"), "The capital of {e} is {v}.", "city"),
    Subject("price of {e}", ("How much does the {e} cost?", "What is the price of the {e}?"), "The {e} costs {v} dollars.", "money"),
    Subject("opening hours of {e} Museum", ("When does the {e} Museum open?", "What time does {e} Museum open?"), "The {e} Museum opens at {v}.", "time"),
    Subject("length of the {e} river", ("How long is the {e} river?", "What is the length of the {e} river?"), "The {e} river is {v} kilometers long.", "count"),
    Subject("winner of the {e} Cup", ("Who won the {e} Cup?", "Which person won the {e} Cup?"), "{v} won the {e} Cup.", "name"),
    Subject("latest version of {e}", ("What is the latest version of {e}?", "Which version of {e} is the newest?"), "The latest version of {e} is {v}.", "number"),
    Subject("year of the {e} treaty", ("When was the {e} treaty signed?", "In which year was the {e} treaty signed?"), "The {e} treaty was signed in {v}.", "year"),
    Subject("price of a ticket to {e}", ("How much is a ticket to {e}?", "What does it cost to visit {e}?"), "A ticket to {e} costs {v} dollars.", "money"),
    Subject("director of the {e} orchestra", ("Who directs the {e} orchestra?", "Who is the director of the {e} orchestra?"), "The {e} orchestra is directed by {v}.", "name"),
    Subject("number of students of {e} College", ("How many students does {e} College have?",), "{e} College has {v} students.", "count"),
    Subject("color of the {e} flag", ("What color is the flag of {e}?", "Which color does the {e} flag have?"), "The flag of {e} is {v}.", "color"),
    Subject("language of {e}", ("Which language do people in {e} speak?", "What is spoken in {e}?"), "In {e} people speak {v}.", "language"),
    Subject("birthday of {e}", ("When was {e} born?", "What is the birthday of {e}?"), "{e} was born on {v}.", "date"),
    Subject("closing time of the {e} market", ("When does the {e} market close?", "How long is the {e} market open?"), "The {e} market closes at {v}.", "time"),
    Subject("email of the {e} office", ("What is the email address of the {e} office?", "How do I write to the {e} office?"), "Write to the {e} office at {v}.", "email"),
    Subject("weight of the {e} bell", ("How heavy is the {e} bell?", "What does the {e} bell weigh?"), "The {e} bell weighs {v} kilograms.", "count"),
    Subject("architect of {e} Tower", ("Who designed {e} Tower?", "Who was the architect of {e} Tower?"), "{e} Tower was designed by {v}.", "name"),
    Subject("year of the {e} fire", ("In which year did {e} burn?", "When was the fire of {e}?"), "{e} burnt in {v}.", "year"),
    Subject("rule of the {e} library", ("How many books may I borrow at the {e} library?",), "The {e} library lends {v} books at a time.", "small"),
    Subject("home of {e}", ("Where does {e} come from?", "In which city was {e} made?"), "{e} comes from {v}.", "city"),
    Subject("{e} phone number", ("What is the phone number of {e}?", "How can I call {e}?"), "You can call {e} at {v}.", "phone"),
)  # fmt: skip

FILLERS = (
    "{e} is often mentioned in travel guides and articles.", "Read more about {e} on this page.",
    "{e} has a long and interesting history.", "Here are ten things to know about {e}.",
    "A short introduction to {e} for beginners.", "Photos, maps and stories about {e}.",
    "Many readers have asked us about {e}.", "This page was last changed in spring.",
)  # fmt: skip

_WHOLE = "Visible: 0% - 100%"  # the foot of whatever was shown to its end


def _value(kind: str, random: Random, vocabulary: Vocabulary) -> str:
    if kind == "people":
        return f"{random.randint(1, 200)},{random.randint(100, 999)},{random.randint(100, 999)}"
    return KINDS[kind].draw(random, vocabulary).said


def _address(host: str, query: str, random: Random) -> str:
    """An address as one types it: with or without TLS, a port, folders, an ending."""
    if random.random() < 0.3:
        host = f"{random.choice(('localhost', '127.0.0.1', host))}:{random.choice((80, 8000, 8080, random.randint(1024, 65000)))}"
    scheme = "https" if ":" not in host and random.random() < 0.6 else "http"
    separator, ending = (
        random.choice("--_/"),
        random.choice(("", "", ".html", ".html", ".htm", "/", ".php")),
    )
    words = query.lower().split()
    stem = separator.join(words) if random.random() < 0.5 else random.choice(words)
    folder = random.choice(("", "", "wiki/", "docs/", "en/", f"{random.randint(1, 2026)}/"))
    return f"{scheme}://{host}/{folder}{stem}{ending}"


def _host(random: Random, vocabulary: Vocabulary) -> str:
    return f"{random.choice(('', 'www.', 'en.'))}{invented_word(random, vocabulary)}{random.choice(('.com', '.org', '.net', '.example'))}"


def search_results(entries: list[tuple[str, str, str]]) -> Observation:
    """(title, host, snippet) as the browser lists them."""
    lines = [
        f" # 【{number}†{title}†{host}】\n{snippet}"
        for number, (title, host, snippet) in enumerate(entries)
    ]
    return Observation("\n".join([*lines, _WHOLE]), "browser_result")


def page(number: int, headline: str, address: str, text: str) -> str:
    """A page that was opened; `number` is what it is cited by."""
    return f"TITLE: {headline}\nURL: {address}\n【{number}†source】\n\n{text}\n\n{_WHOLE}"


def browser_round(random: Random, vocabulary: Vocabulary) -> Round:
    """Search and read the answer from the results or from a page, or open an address."""
    subject = random.choice(SUBJECTS)
    entity = capitalised(invented_word(random, vocabulary))
    if random.random() < 0.3:
        entity = title(random, vocabulary).removeprefix("The ")
    value = _value(subject.kind, random, vocabulary)
    query, fact = subject.query.format(e=entity), subject.statement.format(e=entity, v=value)
    question = random.choice(subject.questions).format(e=entity)
    fillers = [filler.format(e=entity) for filler in random.sample(FILLERS, 4)]
    host = _host(random, vocabulary)
    if random.random() < 0.25:
        url = _address(host, query, random)
        user = random.choice((f"Open {url} and tell me: {question}", f"{question} See {url}", f"According to {url}, {lowered(question)}", f"Read {url}. {question}"))  # fmt: skip
        text = " ".join(random.sample([fillers[0], fact, fillers[1]], 3))
        shown = Observation(page(0, capitalised(query), url, text), "browser_result")
        call = Call("simple_browser", f"open_url({compact_text(url)})", (shown,))
        return Round("browser", user, (call,), f"{fact}【0†source】", (value,))
    count = random.choice((1, 2, 3, 4, 5, 8))
    position, clicks = random.randrange(count), random.random() < 0.5
    entries = []
    for number in range(count):
        other = capitalised(invented_word(random, vocabulary))
        near = subject.statement.format(e=other, v=_value(subject.kind, random, vocabulary))
        headline = random.choice(
            (
                capitalised(subject.query.format(e=other)),
                f"{entity} - overview",
                f"All about {entity}",
                f"{entity} photos",
                f"Buy {entity} online",
            )
        )
        if number == position:
            headline = capitalised(query)
        snippet = near if other in headline else fillers[number % len(fillers)]
        if number == position:
            snippet = fillers[0] if clicks else fact
        entries.append((headline, _host(random, vocabulary), snippet))
    recency = ", recency_days=30" if "latest" in query or random.random() < 0.05 else ""
    calls = [
        Call(
            "simple_browser",
            f"search({compact_text(question.rstrip('?'))}{recency})",
            (search_results(entries),),
        )
    ]
    if clicks:
        address = f"https://{entries[position][1]}/{random.randint(1, 99)}"
        text = page(position, capitalised(query), address, f"{fillers[0]} {fact}")
        shown = Observation(text, f"quote_result [{position}†source]")
        calls.append(Call("simple_browser", f"mclick([{position}])", (shown,)))
    asked = random.choice(
        (
            question,
            question,
            question,
            f"Search the web: {question}",
            f"{question} Please look it up.",
        )
    )
    return Round(
        "browser", spoken(asked, random), tuple(calls), f"{fact}【{position}†source】", (value,)
    )


def compact_text(text: str) -> str:
    """A string literal that is both JSON and Python."""
    return compact([text])[1:-1]

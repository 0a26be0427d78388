"""Tools whose result is a text: a phrase, told behind the words that the tool is about, or a sentence, told as it is."""

from random import Random

from demo_training.data.episode import Call, Round, spoken
from demo_training.data.functions import compact, told
from demo_training.data.values import Value, Vocabulary, capitalised, code, full_name, title
from glm_tools.tool import Observation, ToolSpec

# What a tool is about, and how its text is put together; {} are drawn.
_SUBJECTS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("weather", "city", ("What is the weather in {x}?", "How is the weather in {x}?", "Weather in {x}?", "What's the weather like in {x}?", "Is it nice in {x} today?"),
     ("{n} degrees and {sky}", "{sky}, {n} degrees", "{n} degrees and {sky} in {x}", "{sky} with {wind} wind", "{n} °C, {sky}", "{sky} and {wind}", "-{n} degrees, {sky}", "It is {n} degrees and {sky}.", "{sky}")),
    ("forecast", "city", ("What is the forecast for {x}?", "How will the weather be in {x} tomorrow?", "Will it rain in {x}?"),
     ("{sky} in the morning, {sky2} later", "{n} degrees, {sky} at first", "{sky}, then {sky2}", "Expect {sky} skies and up to {n} degrees.", "{n} to {m} degrees and {sky}")),
    ("traffic", "road", ("How is the traffic on {x}?", "What is the traffic like on {x}?", "Is there a jam on {x}?"),
     ("{n} km jam near {city}", "slow between {city} and {city2}", "no delays", "{n} minutes of delay", "There is a jam of {n} km.", "free")),
    ("status", "order", ("What is the status of {x}?", "How far is {x}?", "Where is {x} now?"),
     ("shipped on {day}", "waiting for payment", "in the warehouse in {city}", "delivered to {name}", "{n} of {m} parts packed", "It left {city} on {day}.", "on hold", "ready")),
    ("opening hours", "place", ("When is {x} open?", "What are the opening hours of {x}?", "Is {x} open on {day}?"),
     ("{h} to {h2}", "{h}-{h2}, closed on {day}", "open until {h2}", "closed", "Monday to Friday from {h} to {h2}", "It is open from {h} to {h2}.")),
    ("menu", "place", ("What is on the menu at {x}?", "What can I eat at {x}?", "Menu of {x}?"),
     ("{thing} soup and {thing2}", "{thing}, {thing2} or salad", "Today there is {thing} with rice.", "{thing} for {n} euros")),
    ("time", "city", ("What time is it in {x}?", "What is the time in {x}?", "Current time in {x}?"), ("{h}", "{h} on {day}", "{day}, {h}", "It is {h} in {x}.")),
    ("schedule", "name", ("What is on the schedule of {x}?", "What does {x} do on {day}?", "Schedule of {x}, please."),
     ("{topic} at {h}", "{topic} at {h}, {topic2} at {h2}", "nothing planned", "{x} meets {name} at {h}.", "free until {h}")),
    ("address", "name", ("Where does {x} live?", "What is the address of {x}?", "Address of {x}?"), ("{n} {word} Street, {city}", "{word} Road {n}", "{city}, {word} Square {n}")),
    ("answer", "question", ("Ask the expert about {x}.", "What does the expert say about {x}?", "Get an answer on {x}."), ("{thought}", "{thought}", "not before {day}", "{n} times a {unit}")),
    ("note", "title", ("What does the note {x} say?", "Read the note {x}.", "Show me my note {x}."), ("{errand} on {day}", "{thought}", "{errand}, {errand2}", "{word} {n}")),
    ("news", "topic", ("What is the news about {x}?", "Any news on {x}?", "Tell me the news about {x}."), ("{name} opens a {topic} center in {city}", "{thought}", "prices rise by {n} percent")),
    ("quote", "author", ("Give me a quote by {x}.", "What did {x} say?", "A quote of {x}, please."), ("{thought}",)),
    ("translation", "text", ("Translate {x}.", "What is {x} in their language?", "How do you say {x}?"), ("{word} {word2}", "{word}", "{word2} {word}")),
    ("departure", "station", ("When does the next train leave {x}?", "Next departure from {x}?", "When can I leave {x}?"), ("{h} from platform {n}", "{h}, {n} minutes late", "The next one leaves at {h}.", "no trains until {h2}")),
    ("balance", "account", ("What is the balance of {x}?", "How much is on {x}?", "Balance of {x}?"), ("{n} euros", "{n}.50 dollars", "${n}", "{n} euros and {m} cents", "The balance is {n} dollars.")),
    ("room", "event", ("Where is {x}?", "Which room is {x} in?", "Room of {x}?"), ("room {n} on the {floor} floor", "{word} hall", "building {n}, {floor} floor", "It is in room {n}.")),
    ("recipe", "dish", ("How do I make {x}?", "What is the recipe of {x}?", "Recipe for {x}?"), ("mix {thing} and {thing2}, bake for {n} minutes", "Boil it for {n} minutes.", "{n} g of {thing}, {m} g of {thing2}")),
)  # fmt: skip
_PREFIXES = ("get_", "get_", "get_", "lookup_", "find_", "show_", "fetch_", "", "current_")
_TASKS = ("Get the {s} of a {p}.", "Get the current {s}.", "The {s} of a {p}", "Look up the {s}", "Returns the {s} of a {p}.")  # fmt: skip
_SKIES = ("sunny", "cloudy", "rain", "light rain", "snow", "clear", "windy", "fog", "overcast", "thunderstorms", "hail", "dry", "hot", "partly cloudy", "mild", "drizzle", "stormy", "frost")  # fmt: skip
_WINDS = ("light", "strong", "no", "a cold", "a gentle", "gusty", "fresh")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "May 3", "12 June", "2026-08-14")  # fmt: skip
_FLOORS = ("first", "second", "third", "ground", "fourth")
_UNITS = ("day", "week", "month", "year")


def text_tool(random: Random, vocabulary: Vocabulary) -> tuple[ToolSpec, list[Round]]:
    """A tool and one or two questions for it."""
    subject, parameter, requests, texts = random.choice(_SUBJECTS)
    name = random.choice(_PREFIXES) + _name(subject)
    described = random.choice(_TASKS).format(s=subject, p=parameter)
    schema = {
        "type": "object",
        "properties": {parameter: {"type": "string"}},
        "required": [parameter],
    }
    spec = ToolSpec(name, described, schema)
    rounds = []
    for _ in range(random.choice((1, 2))):
        asked = _asked(parameter, random, vocabulary)
        text = _drawn(random.choice(texts), asked, random, vocabulary)
        call = Call(name, compact({parameter: asked}), (Observation(text),))
        request = random.choice(requests).format_map({"x": asked, "day": random.choice(_DAYS)})
        answer = told_text(subject, text)
        rounds.append(Round("function", spoken(request, random), (call,), answer, (text,)))
    return spec, rounds


def tool_names() -> set[str]:
    """What these tools may be called."""
    return {prefix + _name(subject) for prefix in _PREFIXES for subject, *_ in _SUBJECTS}


def _name(subject: str) -> str:
    return subject.replace(" ", "_")


def told_text(subject: str, text: str) -> str:
    """A sentence as it is; a phrase in one."""
    if text.endswith((".", "!", "?")):
        return text
    return told({subject: Value(text, text)})


def _asked(parameter: str, random: Random, vocabulary: Vocabulary) -> str:
    if parameter == "city":
        return random.choice(vocabulary.cities)
    if parameter in ("name", "author"):
        return full_name(random, vocabulary)
    if parameter in ("order", "account"):
        return code(random)
    if parameter == "road":
        return f"{random.choice('ABEM')}{random.randint(1, 99)}"
    return title(random, vocabulary)


def _drawn(text: str, asked: str, random: Random, vocabulary: Vocabulary) -> str:
    """The text with everything in braces drawn."""
    low, high = sorted(random.sample(range(6, 23), 2))
    drawn = {
        "x": asked,
        "n": random.randint(2, 40),
        "m": random.randint(41, 99),
        "sky": random.choice(_SKIES),
        "sky2": random.choice(_SKIES),
        "wind": random.choice(_WINDS),
        "day": random.choice(_DAYS),
        "h": f"{low}:{random.choice(('00', '15', '30', '45'))}",
        "h2": f"{high}:{random.choice(('00', '30'))}",
        "city": random.choice(vocabulary.cities),
        "city2": random.choice(vocabulary.cities),
        "name": full_name(random, vocabulary),
        "thing": random.choice(vocabulary.things),
        "thing2": random.choice(vocabulary.things),
        "topic": random.choice(vocabulary.topics),
        "topic2": random.choice(vocabulary.topics),
        "errand": random.choice(vocabulary.errands),
        "errand2": random.choice(vocabulary.errands),
        "word": capitalised(random.choice(vocabulary.dictionary)),
        "word2": random.choice(vocabulary.dictionary),
        "thought": random.choice(vocabulary.sentences),
        "floor": random.choice(_FLOORS),
        "unit": random.choice(_UNITS),
    }
    return text.format_map({key: str(value) for key, value in drawn.items()})

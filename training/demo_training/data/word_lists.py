"""Lists of words to write down again, as an argument or in code: many words for few tokens.

A word of the question is mostly one token, behind a quote it is several: to copy it is to know how it is spelt.
"""

from collections.abc import Sequence
from random import Random

from demo_training.data.code import python_round
from demo_training.data.code.task import Task
from demo_training.data.code.wording import series
from demo_training.data.episode import Episode, Round, json_call, spoken
from demo_training.data.functions import told
from demo_training.data.values import Value, Vocabulary, invented_word
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import ToolSpec

_NAMES = ("add_entries", "save_list", "set_names", "import_rows", "order_items", "invite", "tag", "index_terms", "addKeywords", "store", "create_group", "upload_labels")  # fmt: skip
_PARAMETERS = ("words", "entries", "items", "names", "tags", "terms", "labels", "keywords", "rows")
_ABOUT = ("Save a list.", "Add entries", "Stores several {p} at once", "Add {p} to the collection.", "Takes {p} and keeps them")  # fmt: skip
_RESULTS = ("saved", "count", "total", "added", "number_of_entries")
_REQUESTS = (
    "Add {l}.", "Save {l}.", "Please put these in: {l}", "{l} - all of them, please.", "I have {l}.", "New ones: {l}", "these: {l}", "Take {l}.", "We need {l} in there.",
    "Here they are:\n{l}", "Could you add {l}?", "{l} are still missing, add them.", "Make a list of {l}.", "Everything on this list: {l}", "{l}",
)  # fmt: skip
_OPERATIONS = (
    ("Sort these alphabetically: {l}|Put {l} in alphabetical order.|{l} - in the order of the alphabet, please.|Order these words from A to Z: {l}", "print(sorted({v}))"),
    ("Which of these is the longest: {l}?|Find the longest of {l}.|Of {l}, which has the most letters?|longest one of {l}", "print(max({v}, key=len))"),
    ("Which of these is the shortest: {l}?|Find the shortest of {l}.|Of {l}, which has the fewest letters?|shortest one of {l}", "print(min({v}, key=len))"),
    ("How many entries are in this list: {l}?|Count these: {l}|How many are {l}?|I have {l}. How many is that?", "print(len({v}))"),
    ("Reverse the order of this list: {l}|Read this list from the end: {l}|{l} - last one first, please.|Turn the list {l} around.", "print({v}[::-1])"),
    ("How many letters does each of these have: {l}?|Give the length of each: {l}|Tell me the lengths of {l}.|count the letters of each of {l}", "print([len(word) for word in {v}])"),
    ("Which is the first in the alphabet: {l}?|Of {l}, which comes first alphabetically?|alphabetically first of {l}|Find the one that a dictionary has first: {l}", "print(min({v}))"),
    ("What are the first letters of {l}?|Take the first letter of each of {l} and join them.|Initials of {l}, in one word?|Make a word of the initials of {l}.", "print(''.join(word[0] for word in {v}))"),
)  # fmt: skip


def _entries(
    random: Random, vocabulary: Vocabulary, stock: Sequence[str], count: int, pairs: float
) -> list[str]:
    """Words of the stock and words that nobody knows, no two alike; `pairs` of them are two words."""

    def entry() -> str:
        draw = random.random()
        if draw < pairs:
            return f"{random.choice(stock)} {random.choice(stock)}"
        if draw < 0.9:
            return random.choice(stock)
        made = invented_word(random, vocabulary)
        return made if stock[0].islower() else made.capitalize()

    entries: dict[str, None] = {}
    while len(entries) < count:
        entries[entry()] = None
    return list(entries)


def _listed(random: Random, entries: Sequence[str]) -> str:
    """The list as a text: in a row mostly, each on its own line now and then."""
    if random.random() < 0.15:
        mark = random.choice(("\n", "\n- ", "; ", " / "))
        return f"{mark.strip()} {mark.join(entries)}" if mark == "\n- " else mark.join(entries)
    return series(random, entries)


def _code_round(random: Random, vocabulary: Vocabulary, entries: Sequence[str]) -> Round:
    texts, code = random.choice(_OPERATIONS)
    request = random.choice(texts.split("|")).format(l=_listed(random, entries))
    task = Task(request, code.format(v=list(entries)))
    return python_round(random, vocabulary, task)


def word_list_episode(random: Random, vocabulary: Vocabulary, stock: Sequence[str]) -> Episode:
    """A conversation of some lists, for one function or for `python`.

    Args:
        random: where the choices come from.
        vocabulary: for invented words.
        stock: the words, in small letters and with a capital one.
    """
    of_a_case = [[each for each in stock if each.islower() == lower] for lower in (True, False)]
    is_code = random.random() < 0.5
    lists = [
        _entries(random, vocabulary, random.choice(of_a_case), count, 0 if is_code else 0.2)
        for count in random.choices((3, 5, 7, 9) if is_code else (3, 6, 9, 12, 15, 18), k=random.choice((2, 3, 4)))
    ]  # fmt: skip
    if is_code:
        return Episode((PYTHON,), tuple(_code_round(random, vocabulary, each) for each in lists))
    parameter, result = random.choice(_PARAMETERS), random.choice(_RESULTS)
    schema = {
        "type": "object",
        "properties": {parameter: {"type": "array", "items": {"type": "string"}}},
        "required": [parameter],
    }
    described = random.choice(_ABOUT).format(p=parameter)
    spec = ToolSpec(random.choice(_NAMES), described, schema)
    made = []
    for each in lists:
        number = len(each) + random.choice((0, 0, random.randint(1, 90)))
        request = random.choice(_REQUESTS).format(l=_listed(random, each))
        call = json_call(spec.name, {parameter: each}, {result: number})
        answer = told({result: Value(str(number), number)})
        made.append(Round("function", spoken(request, random), (call,), answer, (str(number),)))
    return Episode((spec,), tuple(made))


def tool_names() -> set[str]:
    """What these tools may be called."""
    return set(_NAMES)

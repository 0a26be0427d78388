"""Rounds without a call: small talk, plain questions, requests that no tool at hand can serve."""

from random import Random

from demo_training.data.episode import Round, spoken
from demo_training.data.functions import Template, offer, use
from demo_training.data.questions import (
    Question,
    groups_beside,
    load_groups,
    load_orders,
    load_questions,
    load_tables,
    with_article,
    words_of,
)
from demo_training.data.values import Vocabulary, capitalised
from glm_tools.tool import ToolSpec

# What one says of the tools; {tool} is one of them, {have} are all, {other} is the name of none.
_WHICH_TOOLS = (
    "Which tools do you have?", "What tools do you have?", "List your tools.", "Which tools can you use?", "What tools can you call?",
    "Tell me your tools.", "Which functions do you have?", "What functions can you call?", "Show me the list of your tools.",
    "Do you have any tools?", "Which tools were you given?", "Name your tools.", "What are your tools called?", "Can you use tools?",
    "What can you use to help me?", "Which tools are there?", "Are there any tools?", "How many tools do you have, and which?",
)  # fmt: skip
_HAS_TOOL = (
    "Do you have a tool called {}?", "Can you use {}?", "Is there a tool {}?", "Do you have {}?", "Are you able to call {}?",
    "Is {} one of your tools?", "Were you given {}?",
)  # fmt: skip
_ABOUT_TOOL = (
    "What is {} for?", "What does {} do?", "Explain the tool {}.", "What can I do with {}?", "What is the tool {} good for?",
    "Tell me about the tool {}.", "What does the function {} do?", "Describe {} to me.",
)  # fmt: skip
_NEEDS_OF_TOOL = (
    "What do you need for {}?", "Which arguments does {} take?", "What must I tell you for {}?", "What are the parameters of {}?",
    "Which details does {} need?", "What do I have to say so that you can use {}?", "What input does {} have?",
)  # fmt: skip
_OTHER_TOOLS = (
    "send_fax", "get_horoscope", "fly_drone", "open_garage", "feed_fish", "start_rocket", "find_treasure", "read_mind", "paint_fence",
    "call_mars", "print_money", "wash_windows",
)  # fmt: skip
_OF_BUILTINS = {"python": "runs Python code", "simple_browser": "searches and reads web pages"}
_POLITE = (
    "Rephrase politely: {}", "Say this politely: {}", "Make this polite: {}", 'How can I say "{}" more politely?', "Put this in a polite way: {}",
    'What is a polite way to say "{}"?', "Please rewrite this politely: {}", "Turn this into a polite request: {}",
)  # fmt: skip
# Words of tools that may be meant to answer where words are explained, ideas and texts are asked for.
_EXPLAINING = frozenset(
    ("define", "definition", "dictionary", "encyclopedia", "explain", "fact", "joke", "meaning", "quote", "recipe", "synonym",
     "thesaurus", "trivia", "wikipedia", "word", "write", "gift")
)  # fmt: skip
_EVERYDAY = ("help", "answer", "information", "tip", "explanation", "joke", "idea", "advice")

_REFUSAL = "Sorry, none of my tools can do that. I can use: {have}."

_COMPUTABLE = frozenset(
    (
        "area", "bmi", "calculate", "calculator", "convert", "count", "dice", "distance", "loan", "password", "random",
        "sunrise", "text", "tip", "units", "words",
    )
)  # fmt: skip


def chat_round(random: Random, vocabulary: Vocabulary, tools: tuple[ToolSpec, ...] = ()) -> Round:
    """Small talk or a question that needs none of these tools, often one of the same subject."""
    which = random.random()
    beside = groups_beside(tools)
    known = words_of(spec.name for spec in tools)
    explains = not known.isdisjoint(_EXPLAINING)
    if tools and which < 0.07:
        user, answer = _about_tools(tools, random)
    elif beside and which < 0.4 and not explains:
        user, answer = _from_group(tools, random, vocabulary)
    elif which < 0.62 or (explains and which < 0.8):
        sections = load_questions("small_talk.toml")
        section = random.choice(tuple(sections.values()))
        user, answer = _filled(_by_wordings(section, random), tools, random, vocabulary)
    elif which < 0.72:
        sections = load_questions("writing.toml")
        section = random.choice(tuple(sections.values()))
        user, answer = _filled(_by_wordings(section, random), tools, random, vocabulary)
        user = spoken(user, random)
    elif which < 0.74:
        order = random.choice(load_orders())
        said = random.choice((order, capitalised(order), capitalised(order) + "."))
        user, answer = random.choice(_POLITE).format(said), f"Could you please {order}?"
    elif which < 0.8:
        user, answer = random.choice(load_groups()).draw_term(random)
        user = spoken(user, random)
    else:
        tables = [table for table in load_tables() if not table.unless & known]
        user, answer = random.choices(tables, [table.weight for table in tables])[0].draw(random)
        user = spoken(user, random)
    return Round("no tool", user, (), answer)


def _by_wordings(questions: tuple[Question, ...], random: Random) -> Question:
    """A question, drawn the more often the more wordings it has."""
    return random.choices(questions, [2 + len(each.asks) for each in questions])[0]


def _filled(
    question: Question, tools: tuple[ToolSpec, ...], random: Random, vocabulary: Vocabulary
) -> tuple[str, str]:
    """A wording and the answer with names, cities and the like in them."""
    things = [thing for group in groups_beside(tools) for thing in group.things]
    slots = {
        "n": random.choice(vocabulary.first_names),
        "c": random.choice(vocabulary.cities),
        "t": random.choice(vocabulary.topics),
        "e": random.choice(vocabulary.errands),
        "g": random.choice(vocabulary.things),
        "d": random.choice(things or _EVERYDAY),
    }
    user, answer = random.choice(question.asks).format(**slots), question.answer.format(**slots)
    return capitalised(with_article(user)), capitalised(with_article(answer))


def _from_group(
    tools: tuple[ToolSpec, ...], random: Random, vocabulary: Vocabulary
) -> tuple[str, str]:
    """A question of the subject of one of the tools."""
    group = random.choice(groups_beside(tools))
    which = random.random()
    if which < 0.5:
        user, answer = _filled(_by_wordings(group.questions, random), tools, random, vocabulary)
    elif which < 0.88:
        user, answer = group.draw_term(random)
    else:
        thanks = next(
            each for each in load_questions("small_talk.toml")["partings"] if "{d}" in each.asks[0]
        )
        return _filled(thanks, tools, random, vocabulary)
    return spoken(user, random), answer


def _about_tools(tools: tuple[ToolSpec, ...], random: Random) -> tuple[str, str]:
    """A question about the tools themselves, answered from their list."""
    have = f"I can use: {', '.join(spec.name for spec in tools)}."
    spec = random.choice(tools)
    description = spec.description.partition("\n")[0].rstrip(".")
    about = _OF_BUILTINS.get(spec.builtin or "", description)
    needs = list(spec.parameters.get("properties", {})) if not spec.builtin else []
    which = random.random()
    if which < 0.25 and len(about) < 90:
        return random.choice(_ABOUT_TOOL).format(spec.name), f"{spec.name}: {about}."
    if which < 0.4 and needs:
        return random.choice(_NEEDS_OF_TOOL).format(
            spec.name
        ), f"{spec.name} takes: {', '.join(needs)}."
    if which < 0.5:
        return random.choice(_HAS_TOOL).format(spec.name), f"Yes, I can use {spec.name}."
    if which < 0.6:
        return random.choice(_HAS_TOOL).format(random.choice(_OTHER_TOOLS)), f"No. {have}"
    return random.choice(_WHICH_TOOLS), have


def refusal_round(
    tools: tuple[ToolSpec, ...],
    others: tuple[Template, ...],
    random: Random,
    vocabulary: Vocabulary,
) -> Round | None:
    """A request for a tool that is not there; None when one of those there might do after all."""
    wanted = random.choice(others)
    taken = {word for spec in tools for word in spec.name.lower().split("_")}
    if taken & {word for name in wanted.names for word in name.split("_")} or any(
        spec.builtin == "simple_browser" for spec in tools
    ):
        return None
    if any(spec.builtin == "python" for spec in tools) and _is_computable(wanted):
        return None
    asked = use(offer(wanted, random, vocabulary), random, vocabulary)
    have = ", ".join(spec.name for spec in tools) or "no tools"
    return Round("none fits", spoken(asked.request, random), (), _REFUSAL.format(have=have))


def _is_computable(template: Template) -> bool:
    """Whether `python` could serve the request as well."""
    words = {word for name in template.names for word in name.split("_")}
    return not words.isdisjoint(_COMPUTABLE)

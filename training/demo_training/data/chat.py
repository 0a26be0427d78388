"""Rounds without a call: small talk, plain questions, requests that no tool at hand can serve."""

from random import Random

from demo_training.data.episode import Round, spoken
from demo_training.data.functions import Template, offer, use
from demo_training.data.values import Vocabulary
from glm_tools.tool import ToolSpec

SMALL_TALK: tuple[tuple[str, str], ...] = (
    ("Hello!", "Hello! How can I help you today?"), ("Hi", "Hi! What can I do for you?"),
    ("Hey there", "Hey! How can I help?"), ("Good morning", "Good morning! What can I do for you today?"),
    ("Good evening!", "Good evening! How can I help?"), ("How are you?", "I'm doing well, thank you! How can I help you?"),
    ("How is it going?", "Very well, thank you! What can I do for you?"), ("Thanks!", "You're welcome!"),
    ("Thank you so much", "You're welcome! Let me know if you need anything else."),
    ("That was helpful, thanks.", "I'm glad it helped! Is there anything else?"), ("Great!", "Happy to help!"),
    ("Perfect", "Glad to hear it!"), ("Bye", "Goodbye! Have a nice day."), ("See you later", "See you later!"),
    ("Goodbye and thanks", "Goodbye! It was a pleasure."), ("Who are you?", "I'm a small demo assistant that can call tools."),
    ("What is your name?", "I'm a small demo assistant; I have no special name."),
    ("What can you do?", "I can answer short questions and call the tools that I was given."),
    ("Are you a person?", "No, I'm a computer program that tries to help."), ("You are great", "Thank you, that is kind!"),
    ("I'm bored", "I'm sorry to hear that. Maybe a walk or a good book helps?"), ("Nice to meet you", "Nice to meet you too!"),
    ("My name is {n}", "Nice to meet you, {n}! How can I help you?"), ("I'm {n}.", "Hello, {n}! What can I do for you?"),
    ("I live in {c}", "{c} is a nice place! How can I help you?"), ("I like {t}", "That's great! What do you like most about it?"),
    ("Sorry", "No problem at all."), ("Never mind", "All right. Let me know if you need something."),
    ("OK", "Good. Is there anything else I can do?"), ("Good night", "Good night! Sleep well."),
    ("I had a bad day", "I'm sorry to hear that. I hope tomorrow is better."), ("It's my birthday!", "Happy birthday!"),
    ("Welcome back", "Thank you! What shall we do next?"), ("Please wait a moment", "Of course, take your time."),
    ("No, that's all.", "All right. Have a nice day!"), ("Yes", "Good! What would you like to do?"),
    ("Can you help me?", "Of course! What do you need?"), ("I have a question", "Sure, please ask."),
    ("I love {c}", "I can understand that, {c} is a lovely place!"), ("We talked about {t} today", "That sounds interesting! What did you learn?"),
)  # fmt: skip

PLAIN_QUESTIONS: tuple[tuple[str, str], ...] = (
    ("What is the capital of France?", "The capital of France is Paris."), ("What is the capital of Japan?", "The capital of Japan is Tokyo."),
    ("What is the capital of Italy?", "The capital of Italy is Rome."), ("What color is the sky?", "On a clear day the sky is blue."),
    ("How many legs does a spider have?", "A spider has eight legs."), ("How many days are in a week?", "A week has seven days."),
    ("What is the opposite of hot?", "The opposite of hot is cold."), ("What is the opposite of fast?", "The opposite of fast is slow."),
    ("Who wrote Romeo and Juliet?", "Romeo and Juliet was written by William Shakespeare."),
    ("What is water made of?", "Water is made of hydrogen and oxygen."), ("What do bees make?", "Bees make honey."),
    ("Which planet is closest to the sun?", "Mercury is the planet closest to the sun."),
    ("What is the largest ocean?", "The Pacific is the largest ocean."), ("What is a noun?", "A noun is a word for a person, place or thing."),
    ("What do plants need to grow?", "Plants need light, water, air and soil."), ("What is the first month of the year?", "January is the first month of the year."),
    ("Tell me a joke.", "Why did the scarecrow win a prize? Because he was outstanding in his field."),
    ("Give me a tip for better sleep.", "Go to bed at the same time every day and avoid screens before it."),
    ("What is a synonym of happy?", "A synonym of happy is glad."), ("What is ice?", "Ice is frozen water."),
    ("Which animal says meow?", "A cat says meow."), ("What language is spoken in Brazil?", "Portuguese is spoken in Brazil."),
    ("Where do penguins live?", "Most penguins live in the south, many of them in Antarctica."),
    ("What is the color of grass?", "Grass is green."), ("How do you make tea?", "Pour hot water over the tea leaves and let them steep for a few minutes."),
    ("Give me three names for a cat.", "You could call it Luna, Milo or Simba."), ("What is a triangle?", "A triangle is a shape with three sides."),
    ("What should I cook tonight?", "How about pasta with tomatoes and basil?"), ("What is a good hobby?", "Reading, drawing and hiking are good hobbies."),
)  # fmt: skip

_REFUSALS = (
    "Sorry, I don't have a tool for that. I can use: {have}.", "I'm sorry, none of my tools can do that. I have: {have}.",
    "I can't do that: none of my tools fits. I can use: {have}.",
)  # fmt: skip

_COMPUTABLE = frozenset(
    (
        "area", "bmi", "calculate", "calculator", "convert", "count", "dice", "distance", "loan", "password", "random",
        "sunrise", "text", "tip", "units", "words",
    )
)  # fmt: skip


def chat_round(random: Random, vocabulary: Vocabulary) -> Round:
    """Small talk or a question that needs no tool."""
    user, answer = random.choice(SMALL_TALK if random.random() < 0.6 else PLAIN_QUESTIONS)
    names = {
        "n": random.choice(vocabulary.first_names),
        "c": random.choice(vocabulary.cities),
        "t": random.choice(vocabulary.topics),
    }
    return Round("no tool", user.format(**names), (), answer.format(**names))


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
    return Round(
        "none fits", spoken(asked.request, random), (), random.choice(_REFUSALS).format(have=have)
    )


def _is_computable(template: Template) -> bool:
    """Whether `python` could serve the request as well."""
    words = {word for name in template.names for word in name.split("_")}
    return not words.isdisjoint(_COMPUTABLE)

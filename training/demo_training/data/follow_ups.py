"""Rounds about what was said before in the conversation, which is read there and not asked of a tool again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from demo_training.data.chat import chat_round
from demo_training.data.episode import Episode, Round
from demo_training.data.functions import told
from demo_training.data.material import material
from demo_training.data.questions import with_article
from demo_training.data.values import Value, Vocabulary, capitalised

_FIELD_AGAIN = (
    "What was the {} again?", "What was the {}?", "Sorry, what was the {}?", "Tell me the {} again.", "Remind me: what was the {}?",
    "I forgot the {}. What was it?", "Could you repeat the {}?", "You told me the {}. What was it?", "Once more: the {}?",
    "Please repeat the {}.", "What {} did you say?", "And the {} was what?", "I didn't write down the {}. What was it again?",
)  # fmt: skip
_ASKED_FOR = (
    "Which {} did I ask about?", "What {} did I ask for?", "Which {} was that for?", "And which {} did I tell you?", "What {} did I give you?",
    "Remind me: which {} was it?", "Which {} did you use?", "What {} did you look up?", "For which {} was that?",
)  # fmt: skip
_ANSWER_AGAIN = (
    "Say that again.", "Could you repeat that?", "Please repeat your answer.", "What did you say?", "Sorry, what was that?",
    "Repeat that please.", "Can you say that again?", "What was your last answer?", "I didn't catch that. What did you say?",
    "Once more, please.", "Come again?", "What was the answer again?", "What was the result again?",
)  # fmt: skip


@dataclass(frozen=True)
class Memory:
    """What somebody tells and asks for later; `values` are options, or the name of a list of the vocabulary."""

    values: tuple[str, ...]
    tell: tuple[str, ...]
    reply: str
    ask: tuple[str, ...]
    answer: str
    unknown: str


@cache
def load_memories() -> tuple[Memory, ...]:
    """The material of follow_ups.toml."""
    content = material("follow_ups.toml")
    return tuple(
        Memory(
            tuple(each["values"].split("|")),
            tuple(each["tell"].split(" | ")),
            each["reply"],
            tuple(each["ask"].split(" | ")),
            each["answer"],
            each["unknown"],
        )
        for each in content["memory"]
    )


def _plain(user: str, answer: str) -> Round:
    return Round("no tool", capitalised(with_article(user)), (), capitalised(with_article(answer)))


def told_and_asked(random: Random, vocabulary: Vocabulary) -> tuple[Round, Round]:
    """What somebody tells of themselves, and the question for it."""
    memory = random.choice(load_memories())
    values: Sequence[str] = memory.values
    if len(values) == 1:
        values = getattr(vocabulary, values[0])
    slots = {"v": random.choice(values)}
    return (
        _plain(random.choice(memory.tell).format(**slots), memory.reply.format(**slots)),
        _plain(random.choice(memory.ask), memory.answer.format(**slots)),
    )


def asked_too_early(random: Random) -> Round:
    """A question for something that was never told."""
    memory = random.choice(load_memories())
    return _plain(random.choice(memory.ask), memory.unknown)


def _fields(asked: Round) -> Mapping[str, Value]:
    """The single values that the last call of a round told by name."""
    if not asked.calls or asked.kind not in ("function", "two steps"):
        return {}
    try:
        result = json.loads(asked.calls[-1].observations[-1].text)
    except json.JSONDecodeError:  # a text
        return {}
    if not isinstance(result, dict):
        return {}
    return {
        key: Value(str(value), value)
        for key, value in result.items()
        if isinstance(value, str | int | float) and str(value) in asked.answer
    }


def _arguments(asked: Round) -> Mapping[str, Value]:
    """The single values that a round's only call was made with."""
    if asked.kind != "function" or len(asked.calls) != 1:
        return {}
    arguments = json.loads(asked.calls[0].payload)
    return {
        key: Value(str(value), value)
        for key, value in arguments.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _with_argument(rounds: list[Round], random: Random) -> bool:
    """Put a question for what somebody asked about right behind it; False when there is no call."""
    called = [(index, key) for index, each in enumerate(rounds) for key in _arguments(each)]
    if not called:
        return False
    index, key = random.choice(called)
    ask = random.choice(_ASKED_FOR).format(key.replace("_", " "))
    answer = told({key: _arguments(rounds[index])[key]})
    rounds.insert(index + 1, _plain(ask, answer))
    return True


def _with_recall(rounds: list[Round], random: Random) -> bool:
    """Put a question for an earlier result behind it; False when there is none to ask for."""
    fields = [(index, key) for index, each in enumerate(rounds) for key in _fields(each)]
    unique = [(index, key) for index, key in fields if [name for _, name in fields].count(key) == 1]
    if unique and random.random() < 0.7:
        index, key = random.choice(unique)
        value = _fields(rounds[index])[key]
        ask = random.choice(_FIELD_AGAIN).format(key.replace("_", " "))
        rounds.insert(random.randint(index + 1, len(rounds)), _plain(ask, told({key: value})))
        return True
    called = [index for index, each in enumerate(rounds) if each.calls and each.kind != "Chinese"]
    if not called:
        return False
    index = random.choice(called)
    rounds.insert(
        index + 1, Round("no tool", random.choice(_ANSWER_AGAIN), (), rounds[index].answer)
    )
    return True


def with_plain_round(episode: Episode, random: Random, vocabulary: Vocabulary) -> Episode:
    """The same conversation with something that needs no call, at its beginning as often as not."""
    rounds = list(episode.rounds)
    which = random.random()
    recalls = _with_argument if which < 0.08 else _with_recall
    is_recalled = which < 0.27 and recalls(rounds, random)
    if is_recalled:
        pass
    elif which < 0.44:
        tell, ask = told_and_asked(random, vocabulary)
        rounds.insert(random.randint(0, len(rounds)), tell)
        rounds.insert(random.randint(rounds.index(tell) + 1, len(rounds)), ask)
        is_recalled = True
    elif which < 0.47:
        rounds.insert(0, asked_too_early(random))
    else:
        place = 0 if random.random() < 0.5 else random.randint(0, len(rounds))
        rounds.insert(place, chat_round(random, vocabulary, episode.tools))
    return replace(episode, rounds=tuple(rounds), recalls=episode.recalls or is_recalled)

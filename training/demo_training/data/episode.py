"""A conversation as data, and as the token ids that the model learns from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Message
from glm_tools.tool import Observation, ToolSpec

IGNORED = -100  # the label of a token that is read and not learnt


@dataclass(frozen=True)
class Call:
    """A call and what comes back.

    Attributes:
        tool: its name.
        payload: JSON arguments, or the text that a built-in tool takes.
        observations: what the tool says.
        is_learnt: False for a mistake that only the repair of is to be learnt.
    """

    tool: str
    payload: str
    observations: tuple[Observation, ...]
    is_learnt: bool = True


@dataclass(frozen=True)
class Round:
    """A question, the calls it takes, the answer.

    Attributes:
        kind: the row of the evaluation's table that it belongs to.
        user: the question.
        calls: in order.
        answer: the text that ends the round.
        facts: what every right answer says.
    """

    kind: str
    user: str
    calls: tuple[Call, ...]
    answer: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Episode:
    """A whole conversation.

    Attributes:
        tools: in the order in which the model is shown them.
        rounds: in order.
        system: what the system message says beside the tools.
        recalls: whether a round asks for what was said in one before.
    """

    tools: tuple[ToolSpec, ...]
    rounds: tuple[Round, ...]
    system: str | None = None
    recalls: bool = False


@dataclass
class Example:
    """Token ids and what is learnt from them.

    Attributes:
        token_ids: of the whole conversation.
        labels: the same ids where the model has to write them, `IGNORED` elsewhere.
        branches: 0 for a token that all behind it see; one of another number is seen by those of its number alone.
    """

    token_ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)

    def add(self, token_ids: Sequence[int], *, learnt_from: int | None = None) -> None:
        """Append ids; those from index `learnt_from` on are learnt."""
        first = len(token_ids) if learnt_from is None else learnt_from
        self.token_ids += token_ids
        self.labels += [IGNORED] * first + list(token_ids[first:])
        self.branches += [0] * len(token_ids)


def json_call(tool: str, arguments: dict[str, Any], result: Any, *, is_learnt: bool = True) -> Call:
    """A call of a function with a result as the dispatcher shows it: text as it is, other values as JSON."""
    observation = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    payload = json.dumps(arguments, ensure_ascii=False)
    return Call(tool, payload, (Observation(observation),), is_learnt)


def encode(episode: Episode, dialect: Glm4Dialect) -> Example:
    """The ids of a conversation exactly as a run would hold them.

    The token that ends a turn is the first of what follows; the model learns to write it.
    """
    example = Example()
    for segment in dialect.start(episode.system, episode.tools):
        example.add(segment.token_ids)
    ends_turn = False
    for number, each in enumerate(episode.rounds, start=1):
        example.add(dialect.user(each.user, number).token_ids)
        if ends_turn:
            start = len(example.token_ids) - len(dialect.user(each.user, number).token_ids)
            example.labels[start] = dialect.user_id
        for call in each.calls:
            message = Message("assistant", call.payload, call.tool)
            example.add(
                dialect.message(message, number).token_ids,
                learnt_from=1 if call.is_learnt else None,
            )
            for index, observation in enumerate(call.observations):
                start = len(example.token_ids)
                example.add(dialect.observation(observation).token_ids)
                if index == 0 and call.is_learnt:
                    example.labels[start] = dialect.observation_id
        example.add(
            dialect.message(Message("assistant", each.answer), number).token_ids, learnt_from=1
        )
        ends_turn = True
    example.add([dialect.user_id], learnt_from=0)
    return example


def encode_apart(episode: Episode, dialect: Glm4Dialect) -> Example:
    """The tools once, and behind them every round as the first one: a branch of its own."""
    trunk = sum(len(each.token_ids) for each in dialect.start(episode.system, episode.tools))
    example = Example()
    for branch, each in enumerate(episode.rounds, start=1):
        alone = encode(replace(episode, rounds=(each,)), dialect)
        alone.branches[trunk:] = [branch] * (len(alone.token_ids) - trunk)
        first = trunk if example.token_ids else 0
        example.token_ids += alone.token_ids[first:]
        example.labels += alone.labels[first:]
        example.branches += alone.branches[first:]
    return example


_OPENINGS = (
    "Please: ", "Hi! ", "Hey, ", "Quick question: ", "Could you help me? ", "I have a question. ", "Hello. ", "OK, ",
    "I need your help. ", "Good morning! ", "Next: ", "One more thing: ", "Thanks. ",
)  # fmt: skip
_CLOSINGS = (" Thanks!", " Please.", " Thank you.", " Please hurry.")


_SETTINGS = (
    "I'm planning a trip. ", "My boss wants to know this. ", "It is for a report. ", "A friend asked me. ",
    "I'm in a hurry. ", "We are in a meeting. ", "This is for school. ", "My phone is broken, so you have to help. ",
)  # fmt: skip


def spoken(request: str, random: Random) -> str:
    """`request` as somebody might type it: with a greeting, a reason, a thank-you, without its last mark."""
    opening = random.random()
    if opening < 0.2:
        request = random.choice(_OPENINGS) + request
    elif opening < 0.27:
        request = random.choice(_SETTINGS) + request
    if random.random() < 0.08 and request.endswith((".", "?")):
        request += random.choice(_CLOSINGS)
    elif random.random() < 0.1 and request.endswith((".", "?")):
        request = request[:-1]
    return request

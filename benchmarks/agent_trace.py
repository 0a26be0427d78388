"""A tool agent's conversation whose words are given, so that what it costs can be measured without a model's weights.

Calls copy values out of what came before, the second request repeats the first, and the answers say again what was
done: what an agent's text is like. A network of noise would write none of it, so `Script` writes it: it lets one token
through at each place, after the grammar in force has done its work and has agreed.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glm_engine.grammar import allow_token
from glm_engine.tokenizer import GLM4_SPECIAL_TOKENS, Tokenizer
from glm_engine.vocabularies import TiktokenTokenizer
from glm_prompts.glm4 import Glm4Dialect, Glm4Turn, SystemText
from glm_prompts.messages import Message
from glm_tools.tool import JSONSchema, function_spec

TEXT: JSONSchema = {"type": "string"}
ADDRESS: JSONSchema = {
    "type": "object",
    "properties": {"name": TEXT, "street": TEXT, "postcode": TEXT, "city": TEXT, "country": TEXT},
    "required": ["name", "street", "postcode", "city", "country"],
}
ITEMS: JSONSchema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"sku": TEXT, "quantity": {"type": "integer", "minimum": 1}},
        "required": ["sku", "quantity"],
    },
}
TOOLS = (
    function_spec("find_customer", "Look a customer up by e-mail address.", {"email": TEXT}, "email"),
    function_spec("get_order", "Everything known about one order.", {"order_id": TEXT}, "order_id"),
    function_spec(
        "update_delivery",
        "Change where and when an order is delivered. All items of the parcel have to be named.",
        {
            "order_id": TEXT,
            "customer_id": TEXT,
            "address": ADDRESS,
            "items": ITEMS,
            "speed": {"enum": ["standard", "express", "same_day"]},
            "note": TEXT,
        },
        "order_id", "customer_id", "address", "items", "speed",
    ),
    function_spec(
        "send_message", "Write to a customer.", {"customer_id": TEXT, "text": TEXT}, "customer_id", "text"
    ),
)  # fmt: skip
ADDRESS_NOW = {
    "name": "Margarete Oyelaran",
    "street": "Lindenstraße 114, 3rd floor",
    "postcode": "10969",
    "city": "Berlin",
    "country": "Germany",
}
CUSTOMER = {"customer_id": "cus_7Hq20Lm4", "email": "m.oyelaran@example.org", "addresses": [ADDRESS_NOW]}  # fmt: skip
FIRST = {"order_id": "ord_58113-KX", "status": "packed", "items": [{"sku": "LAMP-0093-W", "quantity": 2}, {"sku": "CABLE-USB-C-200", "quantity": 1}], "speed": "standard"}  # fmt: skip
SECOND = {"order_id": "ord_58127-RB", "status": "packed", "items": [{"sku": "DESK-4410-OAK", "quantity": 1}], "speed": "standard"}  # fmt: skip


def _delivery(order: dict[str, Any]) -> dict[str, Any]:
    return {
        "order_id": order["order_id"],
        "customer_id": CUSTOMER["customer_id"],
        "address": ADDRESS_NOW,
        "items": order["items"],
        "speed": "express",
        "note": "Please ring at the back door, the front bell is broken.",
    }


def _answer(order: dict[str, Any]) -> str:
    return (
        f"Order {order['order_id']} will now be delivered by express to Margarete Oyelaran, Lindenstraße 114, 3rd floor,"
        " 10969 Berlin, Germany. The driver was told to ring at the back door, since the front bell is broken."
    )


Call = tuple[str, dict[str, Any], dict[str, Any]]  # a tool's name, its arguments, what it answered
REQUESTS: tuple[tuple[str, tuple[Call, ...], str], ...] = (
    (
        "I am m.oyelaran@example.org. Please send my order ord_58113-KX by express to my address, and tell the driver to"
        " ring at the back door, the front bell is broken.",
        (
            ("find_customer", {"email": CUSTOMER["email"]}, CUSTOMER | {"open_orders": [FIRST, SECOND]}),
            ("update_delivery", _delivery(FIRST), {"updated": True} | FIRST | {"speed": "express"}),
        ),
        _answer(FIRST),
    ),
    (
        "Thank you. Now the same for my other order, please.",
        (
            ("update_delivery", _delivery(SECOND), {"updated": True} | SECOND | {"speed": "express"}),
        ),
        _answer(SECOND),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """One turn of the conversation.

    Attributes:
        entering: ids that come in before it: all that was said since the last turn's stop token, and the reply prompt.
        written: ids that the model writes, the stop token last.
    """

    entering: tuple[int, ...]
    written: tuple[int, ...]


def scripted_turns(dialect: Glm4Dialect) -> list[ScriptedTurn]:
    """The conversation in the ids of a dialect."""
    encode, reply = dialect.tokenizer.encode, dialect.reply_prompt().token_ids
    entering = [
        token_id for segment in dialect.start(None, TOOLS) for token_id in segment.token_ids
    ]
    turns = []
    for number, (request, calls, answer) in enumerate(REQUESTS, start=1):
        asked = dialect.user(request, number).token_ids
        entering += asked if number == 1 else asked[1:]  # the stop token before it is its first id
        for name, arguments, answered in calls:
            call = encode(f"{name}\n{json.dumps(arguments, ensure_ascii=False)}")
            turns.append(ScriptedTurn((*entering, *reply), (*call, dialect.observation_id)))
            content = json.dumps(answered, ensure_ascii=False)
            entering = [*dialect.message(Message("observation", content), number).token_ids[1:]]
        turns.append(ScriptedTurn((*entering, *reply), (*encode(f"\n{answer}"), dialect.user_id)))
        entering = []
    return turns


def longest_call(turns: Sequence[ScriptedTurn], dialect: Glm4Dialect) -> int:
    """The index of the first of the turns that write the longest call."""
    lengths = [
        len(turn.written) if turn.written[-1] == dialect.observation_id else 0 for turn in turns
    ]
    return lengths.index(max(lengths))


class Script:
    """A turn that goes as it is written: a `ForcingConstraint` that lets one token through at each place.

    Args:
        dialect: in whose ids it is written.
        turn: what is written. The dialect's grammar has to allow it.
    """

    def __init__(self, dialect: Glm4Dialect, turn: ScriptedTurn) -> None:
        self._turn: Glm4Turn = dialect.turn(TOOLS, call_id="call")
        self._written: Iterator[int] = iter(turn.written)
        self._vocab_size = dialect.tokenizer.vocab_size

    def allowed_tokens(self) -> NDArray[np.int32]:
        by_grammar = self._turn.allowed_tokens()
        only = np.zeros(-(-self._vocab_size // 32), dtype=np.int32)
        allow_token(only, next(self._written))
        return only if by_grammar is None else only & by_grammar

    def accept(self, token_id: int) -> None:
        self._turn.accept(token_id)
        self._turn.take_events()  # as the agent's loop does

    def forced_tokens(self) -> Sequence[int]:
        return self._turn.forced_tokens()


def made_tokenizer(vocab_size: int) -> Tokenizer:
    """A vocabulary of a real one's size that spells the conversation in words: for where GLM-4's own is not at hand.

    All bytes, the words of the conversation with their beginnings, and made-up words with theirs.
    """
    count = vocab_size - len(GLM4_SPECIAL_TOKENS)
    pieces: dict[bytes, None] = {bytes([byte]): None for byte in range(256)}
    said = SystemText.load("en").render(TOOLS) + json.dumps(REQUESTS, ensure_ascii=False)
    for word in itertools.chain(said.replace('"', ' " ').split(), _made_words()):
        for spelt in (word, f" {word}"):
            octets = spelt.encode()
            # Merging goes by pairs: a word is reached through its beginnings.
            pieces |= {octets[:length]: None for length in range(2, len(octets) + 1)}
        if len(pieces) >= count:
            break
    kept = sorted(list(pieces)[:count], key=len)
    special = {name: len(kept) + offset for offset, name in enumerate(GLM4_SPECIAL_TOKENS)}
    ranks = {piece: rank for rank, piece in enumerate(kept)}
    return TiktokenTokenizer(ranks, special, vocab_size=vocab_size)


def _made_words() -> Iterator[str]:
    consonants, vowels = "bcdfghjklmnprstvz", "aeiou"
    syllables = [first + second for first in consonants for second in vowels]
    for length in itertools.count(1):
        for parts in itertools.product(syllables, repeat=length):
            yield "".join(parts)

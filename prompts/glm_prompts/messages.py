"""A conversation as data, before any dialect has turned it into tokens."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "observation"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        role: who speaks.
        content: the text; for an assistant's call the arguments or the code.
        metadata: an assistant's call: the tool's name. An observation: the word that says what kind it is.
    """

    role: Role
    content: str
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of token ids with the reason it is there. The ids are the history; text is derived from them.

    Attributes:
        label: what it is, for a person: `system`, `tools`, `user`, `assistant`, `observation`, …
        token_ids: to be appended to the sequence as they are.
    """

    label: str
    token_ids: tuple[int, ...]

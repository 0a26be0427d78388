"""The three kinds of vocabulary behind `Tokenizer`: tiktoken ranks, SentencePiece, and byte-level `tokenizer.json`.

Each keeps special tokens out of what it hands to its library, so that no text can match one.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sentencepiece
import tiktoken
import tokenizers

from glm_engine.errors import TokenizerError

MAX_VOCAB_SIZE = 1 << 24  # a bound on what a file may make us allocate

# tokenization_chatglm.py of zai-org/glm-4-9b-chat.
GLM4_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# tiktoken's regex engine panics on a longer run of white space without a line break.
_MAX_BLANKS = 999_998
_BLANKS = re.compile(r"[\t\v\f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")

# The byte-level spelling of GPT-2: printable bytes stand for themselves, the others for characters from U+0100 on.
_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_BYTE_OF_CHARACTER = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(0x100 + offset): byte
    for offset, byte in enumerate(byte for byte in range(256) if byte not in _PRINTABLE)
}


class TableTokenizer(ABC):
    """A tokenizer whose tokens are known as bytes; the way from text to ids is the subclass's."""

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        special_tokens: Mapping[str, int],
        vocab_size: int | None,
    ) -> None:
        self._token_bytes = list(token_bytes)
        for token_id in special_tokens.values():
            self._token_bytes[token_id] = b""
        used = len(self._token_bytes)
        if vocab_size is not None and vocab_size < used:
            raise TokenizerError(
                f"The tokenizer has {used:,} tokens, but the model has {vocab_size:,} rows for them (by"
                " config.json, or a GGUF file's embedding): they belong to different models."
            )
        self._token_bytes.extend([b""] * ((vocab_size or used) - used))
        self._special_tokens = MappingProxyType(dict(special_tokens))

    @property
    def vocab_size(self) -> int:
        return len(self._token_bytes)

    @property
    def special_tokens(self) -> Mapping[str, int]:
        return self._special_tokens

    def encode(self, text: str, *, continues: bool = False) -> list[int]:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # pairs of surrogates are joined, lone ones replaced
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return self._encode(text, continues) if text else []

    @abstractmethod
    def _encode(self, text: str, continues: bool) -> list[int]:
        """Returns the ids of text that is not empty and has no surrogates."""

    def token_bytes(self, token_id: int) -> bytes:
        if not 0 <= token_id < len(self._token_bytes):
            raise TokenizerError(
                f"Token id {token_id} is outside the vocabulary of {self.vocab_size:,}."
            )
        return self._token_bytes[token_id]

    def decode(self, token_ids: Iterable[int]) -> str:
        return b"".join(map(self.token_bytes, token_ids)).decode("utf-8", "replace")


class TiktokenTokenizer(TableTokenizer):
    """Byte-level BPE from ranks, as in the original GLM-4 repositories.

    Args:
        ranks: id by token bytes, contiguous from 0.
        special_tokens: ids by name, all behind the ranks.
        vocab_size: rows of the head; None for no padding.
        pattern: the regular expression that splits text into words before merging.
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        *,
        vocab_size: int | None = None,
        pattern: str = GLM4_PATTERN,
    ) -> None:
        table = [b""] * max(len(ranks), *(index + 1 for index in special_tokens.values()), 0)
        for token, rank in ranks.items():
            table[rank] = token
        super().__init__(table, special_tokens, vocab_size)
        self._ranks = dict(ranks)
        self._encoding = tiktoken.Encoding(
            "glm-4", pat_str=pattern, mergeable_ranks=self._ranks, special_tokens={}
        )

    def _encode(self, text: str, continues: bool) -> list[int]:
        ids: list[int] = []
        start = 0
        if len(text) > _MAX_BLANKS:
            for run in _BLANKS.finditer(text):
                if len(run[0]) > _MAX_BLANKS:
                    # What the pattern makes of it: one word, but for a last blank that goes with what follows.
                    end = run.end() if run.end() == len(text) else run.end() - 1
                    ids += self._encoding.encode_ordinary(text[start : run.start()])
                    ids += self._whole.encode_ordinary(text[run.start() : end])
                    start = end
        return ids + self._encoding.encode_ordinary(text[start:])

    @cached_property
    def _whole(self) -> tiktoken.Encoding:
        """The same merges without the splitting; made when a text needs it."""
        return tiktoken.Encoding(
            "whole", pat_str=r"[\s\S]+", mergeable_ranks=self._ranks, special_tokens={}
        )


class SentencePieceTokenizer(TableTokenizer):
    """SentencePiece BPE with byte fallback, as in ChatGLM2 and ChatGLM3.

    Text encoded for itself gets a space in front (SentencePiece's dummy prefix), as in training; text that
    continues other text does not. U+2581 in a text is a space to SentencePiece.

    Args:
        model: the serialised SentencePiece model.
        added_tokens: control tokens that follow the pieces, in the order of their ids.
        vocab_size: rows of the head; None for no padding.
    """

    def __init__(
        self, model: bytes, added_tokens: Sequence[str], *, vocab_size: int | None = None
    ) -> None:
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise TokenizerError(f"Not a SentencePiece model: {error}") from error
        processor, size = self._processor, self._processor.vocab_size()
        control = [i for i in range(size) if processor.is_control(i) or processor.is_unknown(i)]
        special_tokens = {processor.id_to_piece(index): index for index in control}
        special_tokens |= {name: size + offset for offset, name in enumerate(added_tokens)}
        table = [self._piece_bytes(index) for index in range(size)]
        super().__init__(table + [b""] * len(added_tokens), special_tokens, vocab_size)
        # A newline has no piece of its own: it falls back to a byte, and nothing merges with a byte. Text behind it
        # is therefore encoded as if it stood in the middle, and the ids of the newline can be cut off.
        self._newline = processor.encode("\n")
        if not self._newline or not processor.is_byte(self._newline[-1]):
            raise TokenizerError(
                "The SentencePiece model spells a newline as a piece: not ChatGLM's kind of model."
            )

    def _piece_bytes(self, index: int) -> bytes:
        if self._processor.is_unused(index):
            return b""
        piece: str = self._processor.id_to_piece(index)
        if self._processor.is_byte(index):  # spelt <0x0A>
            return bytes([int(piece[1:-1], 16)])
        return piece.replace("\u2581", " ").encode()

    def _encode(self, text: str, continues: bool) -> list[int]:
        if not continues:
            return list(self._processor.encode(text))
        return list(self._processor.encode("\n" + text))[len(self._newline) :]


class ByteLevelTokenizer(TableTokenizer):
    """Byte-level BPE described by a `tokenizer.json`, as in `-hf` repositories.

    Added tokens, normalised to control tokens here, are taken out of the description, so that no text can match one.

    Args:
        description: the content of a `tokenizer.json`.
        vocab_size: rows of the head; None for no padding.
    """

    def __init__(self, description: Mapping[str, Any], *, vocab_size: int | None = None) -> None:
        try:
            added = {
                str(token["content"]): int(token["id"]) for token in description["added_tokens"]
            }
            model = dict(description["model"])
            vocabulary = {
                token: index for token, index in dict(model["vocab"]).items() if token not in added
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TokenizerError(f"tokenizer.json has no usable vocabulary: {error!r}") from error
        if model.get("type") != "BPE" or "ByteLevel" not in json.dumps(
            description.get("pre_tokenizer")
        ):
            raise TokenizerError(
                f"tokenizer.json describes a {model.get('type')!r} model; only byte-level BPE is supported."
            )
        ids = [*vocabulary.values(), *added.values()]
        for index in ids:
            if not isinstance(index, int) or not 0 <= index < MAX_VOCAB_SIZE:
                raise TokenizerError(f"tokenizer.json holds {index!r:.60}, which is no token's id.")
        if shared := set(vocabulary.values()) & set(added.values()):
            raise TokenizerError(
                f"tokenizer.json gives the id {min(shared)} to a control token and to ordinary text."
            )
        table = [b""] * (max(ids, default=-1) + 1)
        for token, index in vocabulary.items():
            table[index] = _spelt_bytes(token)
        super().__init__(table, added, vocab_size)
        plain = dict(description) | {
            "added_tokens": [],
            "model": model | {"vocab": vocabulary},
            "post_processor": None,
            "truncation": None,
            "padding": None,
        }
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(json.dumps(plain))
        except Exception as error:  # the library raises nothing more precise
            raise TokenizerError(f"tokenizer.json cannot be used: {error}") from error
        self._missing_bytes = frozenset(range(256)) - {
            token[0] for token in table if len(token) == 1
        }

    def _encode(self, text: str, continues: bool) -> list[int]:
        if self._missing_bytes and not self._missing_bytes.isdisjoint(text.encode()):
            # Bytes that were never seen in training have no token, and the library would drop them silently.
            text = "".join(
                character if self._missing_bytes.isdisjoint(character.encode()) else "\ufffd"
                for character in text
            )
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def _spelt_bytes(token: str) -> bytes:
    try:
        return bytes(_BYTE_OF_CHARACTER[character] for character in token)
    except KeyError as error:
        raise TokenizerError(f"The token {token!r} is not in byte-level spelling.") from error

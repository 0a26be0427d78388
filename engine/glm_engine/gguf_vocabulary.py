"""The vocabulary inside a GGUF file, and its two translations into what our tokenizers read.

Source: docs/gguf.md of ggml-org/ggml; the keys as written by llama.cpp's conversion/chatglm.py.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from glm_engine.errors import TokenizerError
from glm_engine.gguf_header import read_gguf_metadata
from glm_engine.vocabularies import GLM4_PATTERN

# What the values, and the items of the lists, that are read here must be.
_KINDS = {"model": str, "pre": str, "add_space_prefix": bool}
_ITEM_KINDS = {"tokens": str, "token_type": int, "merges": str, "scores": float}
# llama.cpp's converter renames these two of ChatGLM's control pieces.
_SENTENCEPIECE_NAMES = {"<bos>": "<s>", "<eos>": "</s>"}


class TokenType(IntEnum):
    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class GGUFVocabulary:
    """The `tokenizer.ggml.*` keys of a file.

    Attributes:
        model: "gpt2" for byte-level BPE, "llama" for SentencePiece.
        pre: name of the rule that splits text into words before merging.
        tokens: by id, padding included.
        types: by id.
        merges: "left right" in order of rank; empty for SentencePiece.
        scores: by id; empty for byte-level BPE.
        add_space_prefix: SentencePiece's dummy prefix.
        num_rows: of the model's embedding; None where the file holds no model.
    """

    model: str
    pre: str
    tokens: Sequence[str]
    types: Sequence[int]
    merges: Sequence[str] = ()
    scores: Sequence[float] = ()
    add_space_prefix: bool = True
    num_rows: int | None = None


def read_gguf_vocabulary(path: Path) -> GGUFVocabulary:
    """Returns the vocabulary of a GGUF file (version 2 or 3, little-endian).

    Raises:
        TokenizerError: not a GGUF file, cut off, or without a vocabulary we can use.
    """
    try:
        metadata, shapes = read_gguf_metadata(path, "tokenizer.ggml.")
    except (OSError, ValueError) as error:
        raise TokenizerError(f"{path}: not a readable GGUF file: {error}") from error
    for key, value in metadata.items():
        if not _is_typed(key, value):
            raise TokenizerError(
                f"{path}: tokenizer.ggml.{key} is not of its type; the file is damaged."
            )
    try:
        vocabulary = GGUFVocabulary(
            model=metadata["model"],
            pre=metadata.get("pre", "default"),
            tokens=metadata["tokens"],
            types=metadata["token_type"],
            merges=metadata.get("merges", ()),
            scores=metadata.get("scores", ()),
            add_space_prefix=metadata.get("add_space_prefix", True),
            num_rows=shapes.get("token_embd.weight", (None,))[0],
        )
    except KeyError as error:
        raise TokenizerError(f"{path}: the file has no tokenizer.ggml.{error.args[0]}.") from error
    if len(vocabulary.types) != len(vocabulary.tokens):
        raise TokenizerError(
            f"{path}: {len(vocabulary.tokens)} tokens, {len(vocabulary.types)} types."
        )
    return vocabulary


def _is_typed(key: str, value: Any) -> bool:
    """Whether the value of a key that we read has the type that it must have; types of tokens are not negative."""
    if key in _KINDS:
        return isinstance(value, _KINDS[key])
    if key not in _ITEM_KINDS:
        return True
    kind = _ITEM_KINDS[key]
    return isinstance(value, list) and all(
        isinstance(item, kind) and not (isinstance(item, int) and item < 0) for item in value
    )


def tokenizer_description(vocabulary: GGUFVocabulary) -> dict[str, Any]:
    """Returns the content of the `tokenizer.json` that says the same as a byte-level BPE vocabulary.

    Raises:
        TokenizerError: another kind of vocabulary, or one without merges.
    """
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    if vocabulary.pre == "smollm":
        splits = [{"type": "Digits", "individual_digits": True}, byte_level | {"use_regex": True}]
    elif vocabulary.pre in {"chatglm-bpe", "glm4"}:
        split = {"type": "Split", "pattern": {"Regex": GLM4_PATTERN}}
        splits = [
            split | {"behavior": "Isolated", "invert": False},
            byte_level | {"use_regex": False},
        ]
    else:
        splits = []
    if vocabulary.model != "gpt2" or not splits or not vocabulary.merges:
        raise TokenizerError(
            f"The GGUF file has a {vocabulary.model!r} vocabulary of kind {vocabulary.pre!r} with"
            f" {len(vocabulary.merges)} merges; supported are 'gpt2' of kind 'chatglm-bpe', 'glm4' or 'smollm'"
            " with merges, and 'llama' of kind 'chatglm-spm'."
        )
    indexed = list(enumerate(zip(vocabulary.tokens, vocabulary.types, strict=True)))
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": index, "content": token, "special": True} | flags
            for index, (token, kind) in indexed
            if kind in {TokenType.CONTROL, TokenType.USER_DEFINED, TokenType.UNKNOWN}
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits},
        "post_processor": None,
        "decoder": byte_level | {"use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            # A word that is a token is that token, though no merges may lead to it: tiktoken's rule, and so GLM-4's.
            "ignore_merges": vocabulary.pre != "smollm",
            "vocab": {token: index for index, (token, kind) in indexed if kind != TokenType.UNUSED},
            "merges": [merge.split(" ", 1) for merge in vocabulary.merges],
        },
    }


def sentencepiece_model(vocabulary: GGUFVocabulary) -> bytes:
    """Returns the serialised SentencePiece model (BPE, byte fallback) that says the same as a "llama" vocabulary.

    Tokens that a user may not type, `USER_DEFINED` included, become control pieces.

    Raises:
        TokenizerError: scores are missing.

    Source: sentencepiece_model.proto of google/sentencepiece.
    """
    if len(vocabulary.scores) != len(vocabulary.tokens):
        raise TokenizerError(
            "The GGUF file's SentencePiece vocabulary has no score for every token."
        )
    model = bytearray()
    for token, score, kind in zip(
        vocabulary.tokens, vocabulary.scores, vocabulary.types, strict=True
    ):
        kind = TokenType.CONTROL if kind == TokenType.USER_DEFINED else kind
        if kind == TokenType.CONTROL:
            token = _SENTENCEPIECE_NAMES.get(token, token)
        piece = _field(1, token.encode()) + b"\x15" + struct.pack("<f", score) + _field(3, kind)
        model += _field(1, piece)
    model += _field(2, _field(3, 2) + _field(35, 1))  # trainer_spec: model_type BPE, byte_fallback
    model += _field(  # normalizer_spec: as is, but for the dummy prefix
        3, _field(1, b"identity") + _field(3, int(vocabulary.add_space_prefix)) + _field(4, 0)
    )
    return bytes(model)


def _field(number: int, value: bytes | int) -> bytes:
    """Returns one protobuf field: length-delimited for bytes, a varint for an int."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)

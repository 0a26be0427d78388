"""Text to token ids and back, for every file format the two model families are published in.

`load_tokenizer` picks the implementation by what lies in the folder: GLM-4's ranks and the SentencePiece model of
ChatGLM2 (both are called `tokenizer.model`), a `tokenizer.json`, or a GGUF file. Nothing from a folder is executed.

Covers: text never becomes a control token. `encode` takes ordinary text only, so `<|user|>` in a web page is eight
characters; ids of special tokens come from `special_tokens` and from nowhere else.
Does not cover: what ordinary text says. A model may still believe a page that claims to be its user.
"""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from glm_engine.errors import TokenizerError
from glm_engine.gguf_vocabulary import (
    read_gguf_vocabulary,
    sentencepiece_model,
    tokenizer_description,
)
from glm_engine.vocabularies import (
    MAX_VOCAB_SIZE,
    ByteLevelTokenizer,
    SentencePieceTokenizer,
    TiktokenTokenizer,
)

# tokenizer_config.json of zai-org/glm-4-9b-chat; the ids follow the ranks in this order.
GLM4_SPECIAL_TOKENS = (
    "<|endoftext|>",
    "[MASK]",
    "[gMASK]",
    "[sMASK]",
    "<sop>",
    "<eop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "<|begin_of_image|>",
    "<|end_of_image|>",
    "<|begin_of_video|>",
    "<|end_of_video|>",
)
# tokenization_chatglm.py of THUDM/chatglm2-6b; the ids follow the pieces. ChatGLM3 adds its roles.
CHATGLM2_SPECIAL_TOKENS = ("[MASK]", "[gMASK]", "[sMASK]", "sop", "eop")
CHATGLM3_SPECIAL_TOKENS = (
    *CHATGLM2_SPECIAL_TOKENS,
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
)

_LFS_POINTER = b"version https://git-lfs"


class Tokenizer(Protocol):
    """What the engine and the dialects know of a vocabulary."""

    @property
    def vocab_size(self) -> int:
        """Rows of the model's head, padding included: every id is smaller."""

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Ids of the control tokens by name; read-only."""

    def encode(self, text: str, *, continues: bool = False) -> list[int]:
        """Returns the ids of ordinary text; never the id of a special token.

        Lone surrogates and characters that the vocabulary cannot spell become U+FFFD.

        Args:
            text: anything, NUL included.
            continues: the text follows other text. A SentencePiece vocabulary otherwise puts a space in front
                of it; the others make no difference.
        """

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes that a token stands for; none for special tokens and padding.

        Raises:
            TokenizerError: the id is not below `vocab_size`.
        """

    def decode(self, token_ids: Iterable[int]) -> str:
        """Returns the text of ids: special tokens are skipped, bytes that are not UTF-8 become U+FFFD."""


class TextStream:
    """Turns ids into text as they come, holding back the bytes of a character that is not complete.

    The pieces joined are `tokenizer.decode` of all ids.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """Returns the text that this token completes; often all of its own, sometimes none."""
        return self._decoder.decode(self._tokenizer.token_bytes(token_id))

    def flush(self) -> str:
        """Ends the text; returns U+FFFD if it broke off inside a character. The stream is as new."""
        text = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return text


def load_tokenizer(path: str | Path) -> Tokenizer:
    """Returns the tokenizer of a checkpoint.

    Args:
        path: a GGUF file, or a folder with `tokenizer.json`, `tokenizer.model` (GLM-4's ranks or a SentencePiece
            model: told apart by content) or one GGUF file. `config.json` and `tokenizer_config.json` beside it
            are read where they are there.

    Raises:
        TokenizerError: no tokenizer, a damaged one, or files that do not fit each other.
    """
    path = Path(path)
    if path.is_file():
        return _load_gguf(path)
    if not path.is_dir():
        raise TokenizerError(f"{path}: there is no such file or folder.")
    if (path / "tokenizer.json").is_file():
        description = _read_json(path / "tokenizer.json")
        return ByteLevelTokenizer(description, vocab_size=_head_rows(path))
    if (path / "tokenizer.model").is_file():
        return _load_tokenizer_model(path)
    files = sorted(path.glob("*.gguf"))
    if len(files) == 1:
        return _load_gguf(files[0])
    raise TokenizerError(
        f"{path}: neither tokenizer.json nor tokenizer.model nor exactly one GGUF file is there. Copy the"
        " tokenizer files of the model's repository into this folder."
    )


def _load_gguf(path: Path) -> Tokenizer:
    vocabulary = read_gguf_vocabulary(path)
    if (vocabulary.num_rows or 0) > MAX_VOCAB_SIZE:
        raise TokenizerError(f"{path}: the embedding has {vocabulary.num_rows:,} rows.")
    if vocabulary.model == "llama":
        model = sentencepiece_model(vocabulary)
        return SentencePieceTokenizer(model, (), vocab_size=vocabulary.num_rows)
    vocab_size = vocabulary.num_rows or len(vocabulary.tokens)
    return ByteLevelTokenizer(tokenizer_description(vocabulary), vocab_size=vocab_size)


def _load_tokenizer_model(folder: Path) -> Tokenizer:
    data = _read_bytes(folder / "tokenizer.model")
    config = _read_json(folder / "tokenizer_config.json", missing_ok=True)
    vocab_size = _head_rows(folder)
    if re.match(rb"[A-Za-z0-9+/]+=* \d+\r?\n", data):
        ranks = _parse_ranks(data, folder / "tokenizer.model")
        names = _added_tokens(config, folder / "tokenizer_config.json")
        special_tokens = names or {
            name: len(ranks) + offset for offset, name in enumerate(GLM4_SPECIAL_TOKENS)
        }
        if min(special_tokens.values()) < len(ranks):
            raise TokenizerError(
                f"{folder / 'tokenizer_config.json'}: an added token has the id of an ordinary one."
            )
        return TiktokenTokenizer(ranks, special_tokens, vocab_size=vocab_size)
    added = CHATGLM3_SPECIAL_TOKENS if _is_chatglm3(folder, config) else CHATGLM2_SPECIAL_TOKENS
    return SentencePieceTokenizer(data, added, vocab_size=vocab_size)


def _is_chatglm3(folder: Path, config: Mapping[str, Any]) -> bool:
    """Tells ChatGLM3 from ChatGLM2, which ships the same SentencePiece model without the tokens of the roles."""
    names = [config.get("name_or_path")]
    names.append(_read_json(folder / "config.json", missing_ok=True).get("_name_or_path"))
    if any(isinstance(name, str) and "chatglm3" in name.lower() for name in names):
        return True
    if "<|observation|>" in _added_tokens(config, folder / "tokenizer_config.json"):
        return True
    code = folder / "tokenization_chatglm.py"  # read, never run
    return code.is_file() and b"<|observation|>" in _read_bytes(code)


def _parse_ranks(data: bytes, path: Path) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            token, rank = line.split()
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except (ValueError, binascii.Error) as error:
            raise TokenizerError(
                f"{path}, line {number}: {line[:60]!r} is not a token and its rank; the file is damaged."
            ) from error
    if sorted(ranks.values()) != list(range(len(ranks))) or len(ranks) != len(data.splitlines()):
        raise TokenizerError(f"{path}: the ranks have gaps or duplicates; the file is damaged.")
    missing = [byte for byte in range(256) if bytes([byte]) not in ranks]
    if missing:
        raise TokenizerError(
            f"{path}: there is no token for byte {missing[0]:#04x}; the file is damaged."
        )
    return ranks


def _added_tokens(config: Mapping[str, Any], path: Path) -> dict[str, int]:
    """Returns `added_tokens_decoder` as ids by name; empty where the file has none."""
    try:
        pairs = [
            (str(token["content"]), int(index))
            for index, token in dict(config.get("added_tokens_decoder") or {}).items()
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise TokenizerError(f"{path}: added_tokens_decoder is malformed: {error!r}") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise TokenizerError(f"{path}: added_tokens_decoder holds a name twice.")
    if any(not 0 <= index < MAX_VOCAB_SIZE for _, index in pairs):
        raise TokenizerError(f"{path}: added_tokens_decoder holds an impossible id.")
    return dict(pairs)


def _head_rows(folder: Path) -> int | None:
    config = _read_json(folder / "config.json", missing_ok=True)
    rows = config.get("padded_vocab_size", config.get("vocab_size"))
    if rows is None:
        return None
    if not isinstance(rows, int) or not 0 < rows <= MAX_VOCAB_SIZE:
        raise TokenizerError(f"{folder / 'config.json'}: the vocabulary size is {rows!r}.")
    return rows


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TokenizerError(f"{path}: cannot be read: {error.strerror}.") from error
    if data.startswith(_LFS_POINTER):
        raise TokenizerError(
            f"{path}: this is a git-lfs pointer, not the file. Run `git lfs pull` in the folder, or download"
            " the file itself."
        )
    return data


def _read_json(path: Path, *, missing_ok: bool = False) -> Mapping[str, Any]:
    if missing_ok and not path.exists():
        return {}
    try:
        content = json.loads(_read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise TokenizerError(f"{path}: not JSON: {error}. Download the file again.") from error
    if not isinstance(content, dict):
        raise TokenizerError(f"{path}: not a JSON object.")
    return content

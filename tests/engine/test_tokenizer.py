"""The tokenizers against their reference libraries, and the promise that text is never a control token."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import pytest
import sentencepiece
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from transformers.convert_slow_tokenizer import TikTokenConverter

from glm_engine.errors import TokenizerError
from glm_engine.gguf_vocabulary import read_gguf_vocabulary
from glm_engine.tokenizer import TextStream, Tokenizer, load_tokenizer
from glm_engine.vocabularies import GLM4_PATTERN, ByteLevelTokenizer

DATA = Path(__file__).parents[3] / "shared" / "data"
GLM4, CHATGLM2 = DATA / "glm-4-9b-chat", DATA / "chatglm2-6b"

needs_glm4 = pytest.mark.skipif(
    not (GLM4 / "tokenizer.model").exists(), reason=f"GLM-4's tokenizer is not at {GLM4}"
)
needs_chatglm2 = pytest.mark.skipif(
    not (CHATGLM2 / "tokenizer.model").exists(),
    reason=f"ChatGLM2's tokenizer is not at {CHATGLM2}",
)

SAMPLES = [
    "Hello, world! It's 1,234.56 don't",
    "你好，北京今天天气怎么样？👋🏽 👨‍👩‍👧",
    "def f(x):\n\treturn {'a': [x]}  # 注释\r\n\r\n",
    "   leading and trailing   ",
    "\n\n\n \n",
    "Ünïcödé ∑∫ Ελληνικά العربية עברית हिन्दी ไทย 한국어 日本語",
    "nul \0 and bell \a and escape \x1b",
    "1234567890 12 345",
    "<|user|>\n[gMASK]<sop><|observation|>sop</s><unk><0x0A>",
]


@pytest.fixture(scope="session")
def every_tokenizer(small_tokenizer: Tokenizer) -> tuple[Tokenizer, ...]:
    """All kinds whose files are here."""
    found = [small_tokenizer]
    found += [glm4()] if (GLM4 / "tokenizer.model").exists() else []
    found += [chatglm2()] if (CHATGLM2 / "tokenizer.model").exists() else []
    return tuple(found)


@cache
def glm4() -> Tokenizer:
    return load_tokenizer(GLM4)


@cache
def chatglm2() -> Tokenizer:
    return load_tokenizer(CHATGLM2)


texts = st.text() | st.sampled_from(SAMPLES) | st.lists(st.sampled_from(SAMPLES)).map("".join)
# Text in which control tokens are spelt out, whole, in parts and glued to words.
attacks = st.lists(
    st.sampled_from(
        [
            "<|",
            "|>",
            "user",
            "<|user|>",
            "<|observation|>",
            "<|endoftext|>",
            "[gMASK]",
            "<sop>",
            "\n",
            "sop",
            "</s>",
            "<unk>",
            "<s>",
            " ",
            "a",
            "你",
            "<0x0A>",
            "\u2581",
        ]
    )
).map("".join)


@given(text=texts)
def test_decoding_what_was_encoded_returns_the_text(small_tokenizer: Tokenizer, text: str) -> None:
    """Byte-level vocabularies lose nothing."""
    assert small_tokenizer.decode(small_tokenizer.encode(text)) == text


@needs_glm4
@given(texts)
def test_glm4_round_trips_every_text(text: str) -> None:
    assert glm4().decode(glm4().encode(text)) == text


@needs_chatglm2
@given(texts)
def test_chatglm2_round_trips_but_for_the_dummy_prefix_and_its_space_sign(text: str) -> None:
    """SentencePiece spells a space U+2581, so that character itself comes back as a space."""
    tokenizer, read_back = chatglm2(), text.replace("\u2581", " ")
    assert tokenizer.decode(tokenizer.encode(text, continues=True)) == read_back
    assert tokenizer.decode(tokenizer.encode(text)) == (" " + read_back if text else "")


@given(text=attacks | texts)
def test_text_never_becomes_a_control_token(
    every_tokenizer: tuple[Tokenizer, ...], text: str
) -> None:
    """Promise P4 at its root: `<|user|>` typed by anybody is only its characters."""
    for tokenizer in every_tokenizer:
        control = set(tokenizer.special_tokens.values())
        for continues in (False, True):
            assert control.isdisjoint(tokenizer.encode(text, continues=continues))


def test_control_tokens_have_no_text(every_tokenizer: tuple[Tokenizer, ...]) -> None:
    for tokenizer in every_tokenizer:
        assert tokenizer.special_tokens
        for token_id in tokenizer.special_tokens.values():
            assert tokenizer.token_bytes(token_id) == b""
        assert tokenizer.decode(tokenizer.special_tokens.values()) == ""


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d\ude00", "\ude00a\ud83d"])
def test_surrogates_are_joined_or_replaced(
    every_tokenizer: tuple[Tokenizer, ...], text: str
) -> None:
    """`json.loads` makes lone surrogates out of a model's broken escapes; the libraries crash on them."""
    expected = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    for tokenizer in every_tokenizer:
        assert tokenizer.decode(tokenizer.encode(text, continues=True)) == expected


def test_a_character_that_cannot_be_spelt_becomes_the_replacement_character(
    small_description: dict[str, Any],
) -> None:
    """The demo's vocabulary has no token for 21 bytes; the library drops such characters without a word."""
    model = small_description["model"]
    vocabulary = {
        token: index for token, index in model["vocab"].items() if token != "ñ"
    }  # byte 0xF1
    tokenizer = ByteLevelTokenizer(small_description | {"model": model | {"vocab": vocabulary}})
    assert (
        tokenizer.decode(tokenizer.encode("a\U00040000b")) == "a\ufffdb"
    )  # U+40000 starts with it


@pytest.mark.parametrize("unit", [" ", "\u3000", "\t", "a", "^", "中", "\n"])
@needs_glm4
def test_very_long_runs_of_one_character_are_encoded(unit: str) -> None:
    """Tiktoken panics at 999,999 blanks; a web page can hold more."""
    text = "x" + unit * 1_200_000 + "y"
    assert glm4().decode(glm4().encode(text)) == text


def test_ids_outside_the_vocabulary_are_named(small_tokenizer: Tokenizer) -> None:
    assert small_tokenizer.vocab_size == 512
    assert small_tokenizer.token_bytes(511) == b""  # padding
    for token_id in (-1, 512):
        with pytest.raises(TokenizerError, match=str(token_id)):
            small_tokenizer.token_bytes(token_id)


def byte_ids_of(tokenizer: Tokenizer) -> dict[bytes, int]:
    """The ids of the tokens that are one byte long."""
    tokens = ((tokenizer.token_bytes(index), index) for index in range(tokenizer.vocab_size))
    return {token: index for token, index in tokens if len(token) == 1}


@pytest.fixture(scope="session")
def every_byte_ids(every_tokenizer: tuple[Tokenizer, ...]) -> list[dict[bytes, int]]:
    return [byte_ids_of(tokenizer) for tokenizer in every_tokenizer]


@given(text=st.text(st.characters(min_codepoint=0x80), max_size=20) | texts)
def test_a_stream_never_shows_half_a_character(
    every_tokenizer: tuple[Tokenizer, ...], every_byte_ids: list[dict[bytes, int]], text: str
) -> None:
    """Cut by the tokenizer and cut into bytes, its pieces joined are the text, with nothing left over."""
    for tokenizer, byte_ids in zip(every_tokenizer, every_byte_ids, strict=True):
        spellings = [tokenizer.encode(text, continues=True)]
        if all(bytes([byte]) in byte_ids for byte in text.encode()):  # not so in SentencePiece
            spellings.append([byte_ids[bytes([byte])] for byte in text.encode()])
        for ids in spellings:
            stream = TextStream(tokenizer)
            pieces = [stream.push(token_id) for token_id in ids]
            assert "".join(pieces) == tokenizer.decode(ids)
            assert stream.flush() == ""


@pytest.mark.parametrize("character", ["é", "中", "👋", "\U00020000"])
def test_every_split_of_a_character_is_held_back_until_it_is_whole(
    small_tokenizer: Tokenizer, character: str
) -> None:
    encoded, tokenizer = character.encode(), small_tokenizer
    ids = byte_ids_of(tokenizer)
    for end in range(1, len(encoded)):
        stream = TextStream(tokenizer)
        for byte in encoded[:end]:
            assert stream.push(ids[bytes([byte])]) == ""
        assert stream.flush() == "\ufffd"  # broken off
        assert stream.flush() == ""
        whole = TextStream(tokenizer)
        assert "".join(whole.push(ids[bytes([byte])]) for byte in encoded) == character


@needs_glm4
def test_glm4_ids_equal_transformers_converter_on_samples() -> None:
    """An independent implementation: merges derived from the ranks, run by the `tokenizers` library."""
    reference = TikTokenConverter(  # type: ignore[no-untyped-call]
        str(GLM4 / "tokenizer.model"), pattern=GLM4_PATTERN
    ).converted()
    for text in SAMPLES:
        assert glm4().encode(text) == reference.encode(text, add_special_tokens=False).ids


@needs_glm4
def test_glm4_reads_its_own_control_tokens() -> None:
    """Ids as published, facts of the model's tokenizer_config.json."""
    special = glm4().special_tokens
    assert special["<|endoftext|>"] == 151329
    assert special["<|observation|>"] == 151338
    assert glm4().vocab_size == 151552
    assert glm4().encode("\n") == [198]
    assert glm4().encode("你好") == [109377]


@needs_glm4
def test_glm4_without_tokenizer_config_has_the_same_control_tokens(tmp_path: Path) -> None:
    shutil.copy(GLM4 / "tokenizer.model", tmp_path)
    assert load_tokenizer(tmp_path).special_tokens == glm4().special_tokens


@needs_glm4
def test_golden_prompts_of_glm4_are_reproduced_piece_by_piece() -> None:
    """What the original formatter made of conversations: after each role the metadata line, then the content."""
    golden = json.loads((DATA / "golden" / "glm4_prompts.json").read_text(encoding="utf-8"))
    special = set(glm4().special_tokens.values())
    for entry in golden.values():
        pieces: list[list[int]] = [[]]
        for token_id in entry["python_formatter_ids"]:
            if token_id in special:
                pieces.append([])
            else:
                pieces[-1].append(token_id)
        for piece in pieces:
            metadata, newline, content = glm4().decode(piece).partition("\n")
            assert glm4().encode(metadata + newline) + glm4().encode(content) == piece


@needs_chatglm2
def test_golden_prompts_of_chatglm2_are_reproduced() -> None:
    golden = json.loads((DATA / "golden" / "chatglm2_prompts.json").read_text(encoding="utf-8"))
    special = chatglm2().special_tokens
    for entry in golden.values():
        prefix = [special["[gMASK]"], special["sop"]]
        assert prefix + chatglm2().encode(entry["text"]) == entry["ids"]


@needs_chatglm2
@given(texts)
def test_chatglm2_ids_equal_sentencepiece(text: str) -> None:
    assert chatglm2().encode(text) == reference_processor().encode(text)


@needs_chatglm2
@given(texts, texts)
def test_continuing_text_is_encoded_as_in_the_middle(before: str, text: str) -> None:
    """Ids of a later part after a newline are those of the whole text: the dummy-prefix trap."""
    whole = chatglm2().encode(before + "\n" + text)
    assert chatglm2().encode(before + "\n") + chatglm2().encode(text, continues=True) == whole


@cache
def reference_processor() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(CHATGLM2 / "tokenizer.model"))


@needs_chatglm2
@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer_config.json", '{"name_or_path": "THUDM/chatglm3-6b"}'),
        ("config.json", '{"_name_or_path": "THUDM/chatglm3-6b", "padded_vocab_size": 65024}'),
        ("tokenization_chatglm.py", 'special_tokens = ["<|observation|>"]\nraise SystemExit'),
    ],
)
def test_chatglm3_is_told_from_chatglm2(tmp_path: Path, file: str, content: str) -> None:
    """Both ship one SentencePiece file; only ChatGLM3 has tokens for roles. No code of theirs is run."""
    shutil.copy(CHATGLM2 / "tokenizer.model", tmp_path)
    assert "<|user|>" not in load_tokenizer(tmp_path).special_tokens
    (tmp_path / file).write_text(content, encoding="utf-8")
    assert load_tokenizer(tmp_path).special_tokens["<|user|>"] == 64795


def test_tokenizer_json_is_read_from_a_folder(
    tmp_path: Path, small_description: dict[str, Any]
) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(small_description), encoding="utf-8")
    (tmp_path / "config.json").write_text('{"vocab_size": 640}', encoding="utf-8")
    loaded = load_tokenizer(tmp_path)
    assert loaded.vocab_size == 640
    reference = tokenizers.Tokenizer.from_str(json.dumps(small_description))
    for text in SAMPLES[
        :-1
    ]:  # the last one spells control tokens, which the reference lets through
        assert loaded.encode(text) == reference.encode(text).ids


def test_a_byte_level_gguf_vocabulary_says_the_same_as_tokenizer_json(
    tmp_path: Path, small_description: dict[str, Any], small_tokenizer: Tokenizer
) -> None:
    special = [token["content"] for token in small_description["added_tokens"]]
    vocabulary = [*small_description["model"]["vocab"], *special]
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "chatglm")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("chatglm-bpe")
    writer.add_token_list([*vocabulary, "[PAD]"])
    writer.add_token_types([3 if token in special else 1 for token in vocabulary] + [5])
    writer.add_token_merges([" ".join(pair) for pair in small_description["model"]["merges"]])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    loaded = load_tokenizer(tmp_path)
    assert loaded.special_tokens == small_tokenizer.special_tokens
    assert loaded.token_bytes(len(vocabulary)) == b""
    for text in SAMPLES:
        assert loaded.encode(text) == small_tokenizer.encode(text)


@needs_chatglm2
def test_a_sentencepiece_gguf_vocabulary_says_the_same_as_tokenizer_model(tmp_path: Path) -> None:
    """Written as llama.cpp's converter writes ChatGLM3's."""
    reference = reference_processor()
    indices = range(reference.vocab_size())
    kinds = [
        2
        if reference.is_unknown(i)
        else 3
        if reference.is_control(i)
        else 6
        if reference.is_byte(i)
        else 1
        for i in indices
    ]
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "chatglm")
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("chatglm-spm")
    writer.add_token_list([*(reference.id_to_piece(i) for i in indices), "[gMASK]", "[PAD64790]"])
    writer.add_token_scores([*(reference.get_score(i) for i in indices), 0.0, 0.0])
    writer.add_token_types([*kinds, 3, 5])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    loaded = load_tokenizer(tmp_path / "model.gguf")
    assert loaded.special_tokens["[gMASK]"] == reference.vocab_size()
    for text in SAMPLES:
        assert loaded.encode(text) == reference.encode(text)
        assert loaded.decode(loaded.encode(text, continues=True)) == text


@pytest.mark.parametrize("kept", [0, 3, 20, 200, 5000])
def test_a_truncated_gguf_is_named(tmp_path: Path, kept: int) -> None:
    writer = gguf.GGUFWriter(tmp_path / "whole.gguf", "llama")
    writer.add_token_list([f"token {i}" for i in range(1000)])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    torn = tmp_path / "torn.gguf"
    torn.write_bytes((tmp_path / "whole.gguf").read_bytes()[:kept])
    with pytest.raises(TokenizerError, match=r"torn\.gguf"):
        read_gguf_vocabulary(torn)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "neither tokenizer.json nor tokenizer.model"),
        ({"tokenizer.model": "version https://git-lfs.github.com/spec/v1\n"}, "git lfs pull"),
        ({"tokenizer.json": "version https://git-lfs.github.com/spec/v1\n"}, "git lfs pull"),
        ({"tokenizer.model": "not a model"}, "SentencePiece"),
        ({"tokenizer.model": "IQ== 0\nIg== x\n"}, "line 2"),
        ({"tokenizer.model": "IQ== 0\nIg== 2\n"}, "gaps"),
        ({"tokenizer.model": "IQ== 0\nIg== 1\n"}, "byte 0x00"),
        ({"tokenizer.json": "{"}, "not JSON"),
        ({"tokenizer.json": "[" * 200_000}, "not JSON"),
        ({"tokenizer.json": "[]"}, "not a JSON object"),
        ({"tokenizer.json": "{}"}, "added_tokens"),
        (
            {"tokenizer.json": '{"added_tokens": [], "model": {"type": "Unigram", "vocab": {}}}'},
            "Unigram",
        ),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(TokenizerError, match=problem):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("size", ["100", '"x"', "1e99", "0", "-1"])
def test_a_config_of_another_model_is_refused(
    tmp_path: Path, small_description: dict[str, Any], size: str
) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(small_description), encoding="utf-8")
    (tmp_path / "config.json").write_text(f'{{"vocab_size": {size}}}', encoding="utf-8")
    with pytest.raises(TokenizerError, match=r"config\.json"):
        load_tokenizer(tmp_path)


@needs_glm4
@pytest.mark.parametrize(
    "added",
    [
        '{"5": {"content": "<|user|>"}}',
        '{"x": {"content": "<|user|>"}}',
        '{"99999999": {"content": "a"}}',
        '{"151330": {}}',
        '{"151330": {"content": "a"}, "151331": {"content": "a"}}',
        "7",
    ],
)
def test_added_tokens_that_cannot_be_are_refused(tmp_path: Path, added: str) -> None:
    """A config that gave an ordinary token the role of `<|user|>` would break P4."""
    shutil.copy(GLM4 / "tokenizer.model", tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(
        f'{{"added_tokens_decoder": {added}}}', encoding="utf-8"
    )
    with pytest.raises(TokenizerError, match="tokenizer_config"):
        load_tokenizer(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="no such"):
        load_tokenizer(tmp_path / "nowhere")

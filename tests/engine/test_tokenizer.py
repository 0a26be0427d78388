"""The tokenizers against their reference libraries, and the promise that text is never a control token."""

import itertools
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import sentencepiece
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.convert_slow_tokenizer import TikTokenConverter

from glm_engine.errors import TokenizerError
from glm_engine.gguf_vocabulary import read_gguf_vocabulary
from glm_engine.tokenizer import GLM4_SPECIAL_TOKENS, TextStream, Tokenizer, load_tokenizer
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


# The languages that GLM-4 serves besides code: one sentence each.
LANGUAGES = {
    "ar": "يسأل المستخدم عن حالة الطقس في المدينة اليوم، ٢٠٢٤.",
    "bn": "ব্যবহারকারী আজ শহরের আবহাওয়া সম্পর্কে জিজ্ঞাসা করেন।",
    "cs": "Uživatel se ptá, jaké je dnes ve městě počasí; děkuji předem.",
    "de": "Der Benutzer fragt, wie das Wetter heute in Köln ist – schön oder naß?",
    "el": "Ο χρήστης ρωτά τι καιρό κάνει σήμερα στην πόλη.",
    "en": "The user doesn't ask what the weather's like; it's 21.5 °C, they'll say.",
    "es": "¿Qué tiempo hace hoy en la ciudad? ¡Mañana será otro día!",
    "fa": "کاربر می‌پرسد امروز هوای شهر چگونه است؟",
    "fr": "L'utilisateur demande quel temps il fait aujourd'hui à Orléans, cœur de l'été.",
    "he": "המשתמש שואל מה מזג האוויר בעיר היום.",
    "hi": "उपयोगकर्ता पूछता है कि आज शहर में मौसम कैसा है।",
    "hu": "A felhasználó megkérdezi, milyen ma az időjárás a városban; őrült hő.",
    "id": "Pengguna bertanya bagaimana cuaca di kota hari ini.",
    "it": "L'utente chiede che tempo fa oggi in città: è così caldo?",
    "ja": "ユーザーは今日の東京の天気を尋ねます。ｶﾀｶﾅも。",
    "ko": "사용자가 오늘 서울 날씨가 어떤지 묻습니다.",
    "nl": "De gebruiker vraagt wat voor weer het vandaag in de stad is, zo'n reünie.",
    "pl": "Użytkownik pyta, jaka jest dziś pogoda w Łodzi; źdźbło żółci.",
    "pt": "O usuário pergunta como está o tempo na cidade hoje; não há previsão.",
    "ro": "Utilizatorul întreabă cum este vremea azi în oraș; știință și țară.",
    "ru": "Пользователь спрашивает, какая сегодня погода в городе; объём — 3,5 л.",
    "th": "ผู้ใช้ถามว่าวันนี้อากาศในเมืองเป็นอย่างไร",
    "tr": "Kullanıcı bugün şehirde havanın nasıl olduğunu soruyor; İstanbul ılık.",
    "uk": "Користувач питає, яка сьогодні погода в місті; ґанок і їжа.",
    "vi": "Người dùng hỏi thời tiết hôm nay ở thành phố thế nào.",
    "zh": "用户询问今天北京的天气怎么样？「請問」①②③，温度２１℃。",
}

# Text without a plan, and mixtures of languages, code and emoji with pieces cut out of them.
mixtures = st.lists(
    st.sampled_from([*SAMPLES, *LANGUAGES.values()]).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(
            lambda cut: text[min(cut) : max(cut)]
        )
    ),
    max_size=6,
).map("".join)
texts = st.text() | mixtures
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


@cache
def glm4_reference() -> tokenizers.Tokenizer:
    """An independent implementation: merges derived from the ranks, run by the `tokenizers` library."""
    converter = TikTokenConverter(  # type: ignore[no-untyped-call]
        str(GLM4 / "tokenizer.model"),
        pattern=GLM4_PATTERN,
        extra_special_tokens=list(GLM4_SPECIAL_TOKENS),
    )
    return converter.converted()


def reference_ids(text: str) -> list[int]:
    ids: list[int] = glm4_reference().encode(text, add_special_tokens=False).ids
    return ids


@pytest.fixture(scope="session", params=["tokenizer.model", "tokenizer.json", "model.gguf"])
def glm4_form(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Tokenizer:
    """GLM-4's vocabulary out of each kind of file it is published in."""
    if request.param == "tokenizer.model":
        return glm4()
    folder = tmp_path_factory.mktemp("glm4")
    if request.param == "tokenizer.json":
        glm4_reference().save(str(folder / "tokenizer.json"))
        shutil.copy(GLM4 / "config.json", folder)
    else:
        write_gguf(folder / "model.gguf", json.loads(glm4_reference().to_str()), padded_to=151552)
    return load_tokenizer(folder)


@needs_glm4
@pytest.mark.parametrize("text", [*SAMPLES[:-1], *LANGUAGES.values()])
def test_every_form_of_glm4s_vocabulary_gives_the_reference_ids(
    glm4_form: Tokenizer, text: str
) -> None:
    assert glm4_form.encode(text) == reference_ids(text)


@needs_glm4
def test_every_form_of_glm4s_vocabulary_has_the_same_tokens(glm4_form: Tokenizer) -> None:
    assert glm4_form.vocab_size == glm4().vocab_size
    assert glm4_form.special_tokens == glm4().special_tokens
    assert all(glm4_form.token_bytes(i) == glm4().token_bytes(i) for i in range(glm4().vocab_size))


@needs_glm4
@given(texts)
def test_glm4_ids_equal_the_reference_on_any_text(text: str) -> None:
    """Also where a control token is spelt out: the reference is asked not to look for them."""
    reference = glm4_reference()
    reference.encode_special_tokens = True
    assert glm4().encode(text) == reference_ids(text)


@needs_glm4
@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=20_000)
@given(texts)
def test_glm4_ids_equal_the_reference_on_twenty_thousand_texts(text: str) -> None:
    glm4_reference().encode_special_tokens = True
    assert glm4().encode(text) == reference_ids(text)


@needs_glm4
@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_001,
        " " * 1_000_001 + "x",
        "a" + "\u3000" * 1_200_000 + "!",
        "\n" * 1_000_001,
        " \n" * 600_000 + " " * 999_999 + "z",
        "!\n" + " \t" * 600_000 + "1",
        " " * 999_999 + "\x1f" + " " * 5,
    ],
    ids=range(7),
)
def test_runs_of_blanks_beyond_tiktokens_limit_give_the_reference_ids(text: str) -> None:
    assert glm4().encode(text) == reference_ids(text)


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


@cache
def chatglm2_scores() -> dict[str, tuple[float, int]]:
    """Score and id of every piece that merging may produce."""
    reference = reference_processor()
    return {
        reference.id_to_piece(i): (reference.get_score(i), i)
        for i in range(reference.vocab_size())
        if not (reference.is_byte(i) or reference.is_control(i) or reference.is_unknown(i))
    }


def merged_by_hand(text: str) -> list[int]:
    """SentencePiece BPE as its paper tells it: the best-scored neighbours merge until none can; else bytes."""
    scores, pieces = chatglm2_scores(), list("\u2581" + text.replace(" ", "\u2581"))
    while True:
        pairs = [
            (scores[left + right][0], -index)
            for index, (left, right) in enumerate(itertools.pairwise(pieces))
            if left + right in scores
        ]
        if not pairs:
            break
        index = -max(pairs)[1]
        pieces[index : index + 2] = [pieces[index] + pieces[index + 1]]
    first_byte = reference_processor().piece_to_id("<0x00>")
    return [
        token_id
        for piece in pieces
        for token_id in (
            [scores[piece][1]] if piece in scores else [first_byte + b for b in piece.encode()]
        )
    ]


@needs_chatglm2
@given(texts.filter(bool))
def test_chatglm2_ids_are_those_of_merging_by_hand(text: str) -> None:
    """An independent implementation of thirty lines, for we only wrap the library."""
    assert chatglm2().encode(text) == merged_by_hand(text)


@needs_chatglm2
@pytest.mark.parametrize("text", LANGUAGES.values(), ids=LANGUAGES)
def test_chatglm2_spells_every_language(text: str) -> None:
    assert chatglm2().encode(text) == merged_by_hand(text)
    assert chatglm2().decode(chatglm2().encode(text, continues=True)) == text


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


def write_gguf(
    path: Path, description: dict[str, Any], padded_to: int, num_rows: int | None = None
) -> None:
    """Writes the vocabulary of a `tokenizer.json` as llama.cpp's converter does."""
    special = {token["content"]: token["id"] for token in description["added_tokens"]}
    ids = {index: token for token, index in (description["model"]["vocab"] | special).items()}
    writer = gguf.GGUFWriter(path, "chatglm")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("chatglm-bpe")
    writer.add_token_list([ids.get(index, f"[PAD{index}]") for index in range(padded_to)])
    kinds = [gguf.TokenType.NORMAL, gguf.TokenType.CONTROL, gguf.TokenType.UNUSED]
    writer.add_token_types(
        [kinds[2 if i not in ids else ids[i] in special] for i in range(padded_to)]
    )
    writer.add_token_merges([" ".join(pair) for pair in description["model"]["merges"]])
    if num_rows is not None:
        writer.add_tensor("token_embd.weight", np.zeros((num_rows, 1), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    if num_rows is not None:
        writer.write_tensors_to_file()
    writer.close()


def test_a_byte_level_gguf_vocabulary_says_the_same_as_tokenizer_json(
    tmp_path: Path, small_description: dict[str, Any], small_tokenizer: Tokenizer
) -> None:
    write_gguf(tmp_path / "model.gguf", small_description, padded_to=512)
    loaded = load_tokenizer(tmp_path)
    assert loaded.vocab_size == 512
    assert loaded.special_tokens == small_tokenizer.special_tokens
    assert loaded.token_bytes(511) == b""
    for text in (*SAMPLES, *LANGUAGES.values()):
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
    pieces = [reference.id_to_piece(index) for index in indices]
    pieces[1:3] = "<bos>", "<eos>"
    writer.add_token_list([*pieces, "[gMASK]", "[PAD64790]"])
    writer.add_token_scores([*(reference.get_score(i) for i in indices), 0.0, 0.0])
    writer.add_token_types([*kinds, 3, 5])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    loaded = load_tokenizer(tmp_path / "model.gguf")
    assert loaded.special_tokens["[gMASK]"] == reference.vocab_size()
    assert loaded.special_tokens["</s>"] == chatglm2().special_tokens["</s>"]
    for text in SAMPLES:
        assert loaded.encode(text) == reference.encode(text)
        assert loaded.decode(loaded.encode(text, continues=True)) == text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", 5),
        ("tokens", 5),
        ("tokens", [1, 2]),
        ("token_type", [1, -1]),
        ("token_type", ["a", "b"]),
        ("merges", [1, 2]),
        ("scores", ["a", "b"]),
        ("add_space_prefix", "no"),
    ],
)
def test_a_gguf_vocabulary_of_other_types_is_named(tmp_path: Path, key: str, value: Any) -> None:
    """Each ended in a TypeError, AttributeError or struct.error of its own."""
    values = {"model": "llama", "tokens": ["a", "b"], "token_type": [1, 1], "scores": [0.5, 0.5]}
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    for name, content in (values | {key: value}).items():
        adders: dict[type, Any] = {
            str: writer.add_string,
            int: writer.add_uint32,
            list: writer.add_array,
        }
        adders[type(content)](f"tokenizer.ggml.{name}", content)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(TokenizerError, match=rf"tokenizer\.ggml\.{key} is not of its type"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(("num_rows", "is_right"), [(512, True), (600, True), (10, False)])
def test_a_gguf_vocabulary_has_as_many_ids_as_the_model_has_rows(
    tmp_path: Path, small_description: dict[str, Any], num_rows: int, is_right: bool
) -> None:
    """The mask of a grammar did not fit, or an id had no row, in the middle of an answer."""
    write_gguf(tmp_path / "model.gguf", small_description, padded_to=512, num_rows=num_rows)
    if is_right:
        assert load_tokenizer(tmp_path).vocab_size == num_rows
    else:
        with pytest.raises(TokenizerError, match="tokens, but the model has 10 rows"):
            load_tokenizer(tmp_path)


def test_an_id_of_a_control_token_that_text_spells_too_is_refused(
    small_description: dict[str, Any],
) -> None:
    """Text would have become the control token (promise P4)."""
    control = small_description["added_tokens"][0]
    ordinary = small_description["model"]["vocab"]["a"]
    added = [{**control, "id": ordinary}, *small_description["added_tokens"][1:]]
    with pytest.raises(TokenizerError, match=f"the id {ordinary} to a control token and to"):
        ByteLevelTokenizer(small_description | {"added_tokens": added})


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


@pytest.mark.parametrize("token_id", ["-1", "1.5", '"1"', "null", "10000000000000"])
def test_an_id_that_no_token_can_have_is_named(tmp_path: Path, token_id: str) -> None:
    """A negative one took the place of the last token, a huge one all memory."""
    (tmp_path / "tokenizer.json").write_text(
        '{"added_tokens": [], "pre_tokenizer": {"type": "ByteLevel"},'
        f' "model": {{"type": "BPE", "vocab": {{"a": 0, "b": {token_id}}}, "merges": []}}}}',
        encoding="utf-8",
    )
    with pytest.raises(TokenizerError, match=r"tokenizer\.json holds .*, which is no token's id"):
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

"""ChatGLM3's dialect: ids as its own code and an independent port of it give them, and calls in Python's syntax."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from glm_engine.testing import tiny_tokenizer
from glm_engine.tokenizer import CHATGLM3_SPECIAL_TOKENS, GLM4_SPECIAL_TOKENS
from glm_engine.vocabularies import SentencePieceTokenizer, TiktokenTokenizer
from glm_prompts.chatglm3 import ChatGLM3Dialect
from glm_prompts.chatglm3_turn import ChatGLM3Turn
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta, TurnEvent
from glm_prompts.errors import MissingTokenError
from glm_prompts.messages import Message, Segment
from glm_tools.browser.actions import parse_actions
from glm_tools.tool import JSONSchema, Observation, ToolSpec

SPECIAL_TOKENS = ("</s>", *CHATGLM3_SPECIAL_TOKENS)
TINY = ChatGLM3Dialect(tiny_tokenizer(SPECIAL_TOKENS))
WEATHER = ToolSpec(
    "get_weather",
    "Current weather",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 9},
            "days": {"type": "integer", "maximum": 99},
            "hourly": {"type": "boolean"},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
)
NOW = ToolSpec("now", "", {"type": "object", "properties": {}, "additionalProperties": False})
PYTHON = ToolSpec("python", "Runs Python.", {"type": "object"}, builtin="python")
BROWSER = ToolSpec("simple_browser", "Reads the web.", {"type": "object"}, builtin="simple_browser")
TOOLS = (WEATHER, NOW, PYTHON, BROWSER)


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> sentencepiece.SentencePieceProcessor:
    """ChatGLM3 ships ChatGLM2's SentencePiece model."""
    model = shared_data / "chatglm2-6b" / "tokenizer.model"
    return sentencepiece.SentencePieceProcessor(model_file=str(model))


@pytest.fixture(scope="module")
def real_dialect(shared_data: Path) -> ChatGLM3Dialect:
    model = (shared_data / "chatglm2-6b" / "tokenizer.model").read_bytes()
    return ChatGLM3Dialect(SentencePieceTokenizer(model, CHATGLM3_SPECIAL_TOKENS, vocab_size=65024))


def ids_of(segments: Iterable[Segment]) -> list[int]:
    return [token_id for segment in segments for token_id in segment.token_ids]


def text_of(segments: Iterable[Segment]) -> str:
    """As people write it in this format, with the control tokens spelt out."""
    names = {token_id: name.encode() for name, token_id in TINY.tokenizer.special_tokens.items()}
    pieces = (names.get(i) or TINY.tokenizer.token_bytes(i) for i in ids_of(segments))
    return b"".join(pieces).decode()


# Prompts.


def test_a_conversation_has_the_ids_of_chatglm_cpps_test(real_dialect: ChatGLM3Dialect) -> None:
    """chatglm_test.cpp of li-plus/chatglm.cpp (MIT), TEST(Pipeline, ChatGLM3), which runs against the real model."""
    answer = "你好👋！我是人工智能助手 ChatGLM3-6B，很高兴见到你，欢迎问我任何问题。"
    segments = [
        *real_dialect.start(None, ()),
        real_dialect.user("你好", 1),
        real_dialect.message(Message("assistant", answer), 1),
        real_dialect.user("晚上睡不着应该怎么办", 2),
        real_dialect.reply_prompt(),
    ]
    first = [64790, 64792, 64795, 30910, 13, 36474, 54591, 64796]
    assert ids_of([*segments[:2], segments[-1]]) == first
    assert ids_of(segments) == [
        *first, 30910, 13, 36474, 54591, 243, 162, 148, 142, 31404, 33030, 34797, 42481, 22011, 10461, 30944, 30966,
        30941, 30978, 30949, 31123, 48895, 35214, 54622, 31123, 32616, 39905, 31901, 31639, 31155, 64795, 30910, 13,
        30910, 32820, 54266, 31876, 35153, 64796,
    ]  # fmt: skip


def test_a_prompt_with_a_tool_has_the_ids_of_chatglm_cpps_test(
    real_dialect: ChatGLM3Dialect,
) -> None:
    """The header of the same test, whose system text lists two functions as `json.dumps(…, indent=4)` does."""
    spec = ToolSpec("random_number_generator", "Generates", {})
    (prefix, tools) = real_dialect.start(None, [spec])
    assert prefix.token_ids == (64790, 64792)
    header = [
        64794, 30910, 13, 20115, 267, 1762, 2554, 362, 1077, 362, 344, 457, 30930, 809, 431, 1675, 289, 267, 1762,
        4159, 30954, 13,
    ]  # fmt: skip
    # Behind it that test has an object of functions by name, and `build_chat_input` is given a list of them.
    assert list(tools.token_ids[: len(header)]) == header


def upstream_ids(
    reference: sentencepiece.SentencePieceProcessor, history: Sequence[dict[str, Any]]
) -> list[int]:
    """`build_chat_input` in ten lines of our own: each role, then its line and its content, encoded apart."""
    roles = {"system": 64794, "user": 64795, "assistant": 64796, "observation": 64797}
    ids = [64790, 64792]
    for item in history:
        content = item["content"]
        if "tools" in item:
            content += "\n" + json.dumps(item["tools"], indent=4, ensure_ascii=False)
        ids.append(roles[item["role"]])
        ids += reference.encode(item.get("metadata", "") + "\n") + reference.encode(content)
    return [*ids, 64796]


def test_history_with_tools_has_the_ids_of_upstreams_formatter(
    real_dialect: ChatGLM3Dialect, reference: sentencepiece.SentencePieceProcessor
) -> None:
    heading = (
        "Answer the following questions as best as you can. You have access to the following tools:"
    )
    functions = [
        {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
        for spec in (WEATHER, NOW)
    ]
    block = '```python\ntool_call(city="北京", hourly=True)\n```'
    expected = upstream_ids(
        reference,
        [
            {"role": "system", "content": heading, "tools": functions},
            {"role": "user", "content": "北京天气？"},
            {"role": "assistant", "content": "我查一下。"},
            {"role": "assistant", "metadata": "get_weather", "content": block},
            {"role": "observation", "content": '{"temperature": 22}'},
        ],
    )
    segments = [
        *real_dialect.start(None, [WEATHER, NOW]),
        real_dialect.user("北京天气？", 1),
        real_dialect.message(Message("assistant", "我查一下。"), 1),
        real_dialect.message(
            Message("assistant", '{"city": "北京", "hourly": true}', "get_weather"), 1
        ),
        real_dialect.observation(Observation('{"temperature": 22}')),
        real_dialect.reply_prompt(),
    ]
    assert ids_of(segments) == expected


def test_code_is_the_interpreters_and_its_text_is_the_published_one() -> None:
    segments = TINY.start(None, [PYTHON])
    assert text_of(segments[1:]).startswith("<|system|>\n你是一位智能AI助手，你叫ChatGLM，")
    assert text_of([TINY.message(Message("assistant", "1 + 1", "python"), 1)]) == (
        "<|assistant|>interpreter\n```python\n1 + 1\n```"
    )


def test_every_tool_is_named_and_the_users_own_system_text_follows() -> None:
    segments = TINY.start("Be brief.", TOOLS)
    assert [segment.label for segment in segments] == ["prefix", "tools", "system"]
    text = text_of(segments)
    for spec in (WEATHER, NOW, BROWSER):
        assert f'"name": "{spec.name}"' in text
    assert text.endswith("<|system|>\nBe brief.")
    assert [segment.label for segment in TINY.start(None, ())] == ["prefix"]


def test_a_tokenizer_of_another_family_is_refused_by_the_name_of_the_missing_token() -> None:
    with pytest.raises(MissingTokenError, match="sop"):
        ChatGLM3Dialect(tiny_tokenizer(GLM4_SPECIAL_TOKENS))
    with pytest.raises(MissingTokenError, match="system"):
        ChatGLM3Dialect(tiny_tokenizer(("</s>", "[gMASK]", "sop")))


@given(text=st.text() | st.sampled_from(("<|user|>", "a<|observation|>\n", "</s>[gMASK]sop")))
def test_no_content_becomes_a_control_token(text: str) -> None:
    """Promise P4: one control token a message, and it is the dialect's own."""
    special = set(TINY.tokenizer.special_tokens.values())
    for segment in (
        TINY.user(text, 2),
        TINY.observation(Observation(text, "x")),
        TINY.message(Message("assistant", text, "f"), 1),
        TINY.start("x" + text, ())[1],
    ):
        assert [i for i, token_id in enumerate(segment.token_ids) if token_id in special] == [0]


# Turns.

Summary = list[tuple[type, str]]


def summary(events: Sequence[TurnEvent]) -> Summary:
    """Events with neighbouring deltas put together: what must not depend on where tokens end."""
    rows: Summary = []
    for event in events:
        match event:
            case CallOpened(name=text) | CallCut(raw=text):
                rows.append((type(event), text))
            case CallReady(call=call):
                rows.append((CallReady, json.dumps(call.arguments, ensure_ascii=False)))
            case TextDelta(text=text) | CallDelta(text=text):
                if rows and rows[-1][0] is type(event):
                    rows[-1] = (type(event), rows[-1][1] + text)
                else:
                    rows.append((type(event), text))
    return rows


def feed(turn: ChatGLM3Turn, token_ids: Iterable[int]) -> Summary:
    events: list[TurnEvent] = []
    for token_id in token_ids:
        turn.accept(token_id)
        events += turn.take_events()
    return summary(events + turn.finish())


def call(name: str, raw: str, arguments: object) -> Summary:
    written = json.dumps(arguments, ensure_ascii=False)
    return [(CallOpened, name), (CallDelta, raw), (CallReady, written)]


CALL = 'tool_call(city="北京👋", days=3, hourly=True)'
ARGUMENTS = {"city": "北京👋", "days": 3, "hourly": True}
CODE = "if x:\n    print('``')\n\nprint(`1`)"
# What the grammar lets a model write, as the real one does: with the dummy space of each piece.
WRITTEN: dict[str, tuple[str, str, Summary]] = {
    "an answer": (" \n 你好 👋。", "<|user|>", [(TextDelta, "你好 👋。")]),
    "an answer without dummy spaces": ("\n你好\n\n", "</s>", [(TextDelta, "你好\n\n")]),
    "nothing": ("\n", "<|user|>", []),
    "a call": (
        f" get_weather\n ```python\n{CALL}\n```",
        "<|observation|>",
        call("get_weather", CALL, ARGUMENTS),
    ),
    "a call without arguments": (
        "now\n```python\ntool_call()\n```",
        "",
        call("now", "tool_call()", {}),
    ),
    "code": (
        f" interpreter\n ```python\n{CODE}\n```",
        "<|observation|>",
        call("python", CODE, {"code": CODE}),
    ),
    "a browser's actions": (
        ' simple_browser\n ```python\nsearch("a)b", recency_days=7)\nmclick([0, 3])\n```',
        "<|observation|>",
        call(
            "simple_browser",
            'search("a)b", recency_days=7)\nmclick([0, 3])',
            {"code": 'search("a)b", recency_days=7)\nmclick([0, 3])'},
        ),
    ),
    "text, then a call": (
        "\n 我来查。<|assistant|> now\n ```python\ntool_call()\n```",
        "<|observation|>",
        [(TextDelta, "我来查。"), *call("now", "tool_call()", {})],
    ),
    "the placeholder of the training data": (
        "\n 今年是[[训练时间]]，[[训",
        "<|user|>",
        [(TextDelta, "今年是2023年，[[训")],
    ),
    "a call that is cut": (
        ' get_weather\n ```python\ntool_call(city="x',
        "",
        [
            (CallOpened, "get_weather"),
            (CallDelta, 'tool_call(city="x'),
            (CallCut, 'tool_call(city="x'),
        ],
    ),
    "code that is cut in its fence": (
        "interpreter\n```python\n1\n``",
        "",
        [(CallOpened, "python"), (CallDelta, "1"), (CallCut, "1\n``")],
    ),
    "a call that is cut before its fence": (
        "now\n ``",
        "",
        [(CallOpened, "now"), (CallCut, " ``")],
    ),
}
# What only an unconstrained model writes.
LOOSE: dict[str, tuple[str, str, Summary]] = {
    "text without a first line": ("Hello\nyou", "<|user|>", [(TextDelta, "Hello\nyou")]),
    "one line of text": (" Hello", "</s>", [(TextDelta, "Hello")]),
    "text with code in it": (
        "例如\n```python\nprint(1)\n```",
        "<|user|>",
        [(TextDelta, "例如\n```python\nprint(1)\n```")],
    ),
    "a tuple": (
        "now\n ```python\ntool_call(seed=42, range=(0, 100))\n```",
        "<|observation|>",
        call("now", "tool_call(seed=42, range=(0, 100))", {"seed": 42, "range": [0, 100]}),
    ),
    "single quotes and an expression of a constant": (
        "now\n```python\ntool_call(a='x\\'y', b=-1.5, c=[None, True], d={'k': 1})\n```",
        "<|observation|>",
        call(
            "now",
            "tool_call(a='x\\'y', b=-1.5, c=[None, True], d={'k': 1})",
            {"a": "x'y", "b": -1.5, "c": [None, True], "d": {"k": 1}},
        ),
    ),
    "JSON without a fence": (
        'get_weather\n{"city": "Bonn"}',
        "<|observation|>",
        call("get_weather", '{"city": "Bonn"}', {"city": "Bonn"}),
    ),
    "a tool that is not there": (
        " no_tool\n ```python\ntool_call(x=1)\n```",
        "<|observation|>",
        call("no_tool", "tool_call(x=1)", {"x": 1}),
    ),
    "what is no literal": (
        "now\n```python\ntool_call(x=open('/etc/passwd').read())\n```",
        "<|observation|>",
        call("now", "tool_call(x=open('/etc/passwd').read())", None),
    ),
    "positional arguments": (
        "now\n```python\ntool_call(1)\n```",
        "<|observation|>",
        call("now", "tool_call(1)", None),
    ),
    "a second call": (
        "now\n```python\ntool_call()\n```<|assistant|>now\n```python\ntool_call()\n```",
        "<|observation|>",
        call("now", "tool_call()", {}),
    ),
}


def encode(dialect: ChatGLM3Dialect, text: str, end: str) -> list[int]:
    special = dialect.tokenizer.special_tokens
    ids: list[int] = []
    for number, piece in enumerate(text.split("<|assistant|>")):
        ids += [special["<|assistant|>"]] * bool(number)
        ids += dialect.tokenizer.encode(piece, continues=True)
    return [*ids, special[end]] if end else ids


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_turn_under_the_grammar_is_read_as_what_it_is(kind: str) -> None:
    """Byte by byte: every place where a token can end, inside characters too."""
    text, end, expected = WRITTEN[kind]
    turn = TINY.turn(TOOLS, call_id="c")
    for token_id in encode(TINY, text, end):
        assert token_id in allowed(turn), (text, token_id)
        turn.accept(token_id)
    assert summary(turn.take_events() + turn.finish()) == expected


@pytest.mark.parametrize("kind", [*WRITTEN, *LOOSE])
def test_a_turn_reads_the_same_wherever_a_token_ends(kind: str) -> None:
    """For every two places of the text: what lies before, between and behind them is one token each."""
    text, end, expected = (WRITTEN | LOOSE)[kind]
    data = text.encode()
    mark = b"<|assistant|>"
    at = data.find(mark) if mark in data else len(data)  # a control token is never cut
    places = [i for i in range(len(data) + 1) if not at < i < at + len(mark)]
    cuts = [
        [data[:first], data[first:second], data[second:]]
        for first in places
        for second in [place for place in places if first <= place < first + 12]
    ]
    pieces = dict.fromkeys(bytes([byte]) for byte in range(256))
    for cut in cuts:
        for piece in cut:
            pieces |= dict.fromkeys(part for part in piece.split(mark) if part)
    ranks = {piece: rank for rank, piece in enumerate(pieces)}
    special = {name: len(ranks) + offset for offset, name in enumerate(SPECIAL_TOKENS)}
    dialect = ChatGLM3Dialect(TiktokenTokenizer(ranks, special))
    for cut in cuts:
        ids: list[int] = []
        for piece in cut:
            for number, part in enumerate(piece.split(mark)):
                ids += [special["<|assistant|>"]] * bool(number)
                ids += [ranks[part]] if part else []
        turn = dialect.turn(TOOLS, call_id="c", constrained=False)
        assert feed(turn, ids + ([special[end]] if end else [])) == expected, cut


@pytest.mark.parametrize("kind", [*WRITTEN, *LOOSE])
def test_a_turn_reads_the_same_in_chatglm3s_own_tokens(
    kind: str, real_dialect: ChatGLM3Dialect
) -> None:
    text, end, expected = (WRITTEN | LOOSE)[kind]
    turn = real_dialect.turn(TOOLS, call_id="c", constrained=kind in WRITTEN)
    assert feed(turn, encode(real_dialect, text, end)) == expected


def allowed(turn: ChatGLM3Turn) -> set[int]:
    mask = turn.allowed_tokens()
    assert mask is not None
    return set(np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist())


def test_each_kind_of_turn_can_end_only_with_its_own_stop_token() -> None:
    special = TINY.tokenizer.special_tokens
    ends = {special["<|user|>"], special["</s>"]}
    cases = {
        " \n": {*ends, special["<|assistant|>"]},
        "\n 好": {*ends, special["<|assistant|>"]},
        "now\n```python\ntool_call(": set(),
        "now\n```python\ntool_call()\n```": {special["<|observation|>"]},
    }
    for text, expected in cases.items():
        turn = TINY.turn(TOOLS, call_id="c")
        for token_id in TINY.tokenizer.encode(text):
            turn.accept(token_id)
        assert allowed(turn) & set(special.values()) == expected, text


def test_without_calls_a_turn_is_an_answer() -> None:
    for turn in (TINY.turn(TOOLS, call_id="c", allow_calls=False), TINY.turn((), call_id="c")):
        assert allowed(turn) == set(TINY.tokenizer.encode(" \n"))
        turn.accept(TINY.tokenizer.encode("\n")[0])
        assert TINY.assistant_id not in allowed(turn)


def test_a_typed_answer_is_json_that_fits() -> None:
    schema: JSONSchema = {"type": "array", "items": {"type": "integer"}}
    turn = TINY.turn(TOOLS, call_id="c", answer_schema=schema)
    for token_id in TINY.tokenizer.encode("\n [1, 2]"):
        assert token_id in allowed(turn)
        turn.accept(token_id)
    assert allowed(turn) == {TINY.user_id, TINY.end_of_text_id}
    turn.accept(TINY.user_id)
    assert summary(turn.take_events() + turn.finish()) == [(TextDelta, "[1, 2]")]


def an_object(required: list[str], **properties: JSONSchema) -> JSONSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


SHORT: JSONSchema = {"type": "string", "maxLength": 4}
PERSON = {"type": "object", "properties": {"name": SHORT}, "additionalProperties": False}
SCHEMAS: dict[str, JSONSchema] = {
    "nothing": an_object([]),
    "strings": an_object(["a"], a=SHORT, b={"enum": ["x y", 'ü\n"', None, 3]}, c={"const": True}),
    "numbers": an_object(
        ["n", "x"],
        n={"type": "integer", "minimum": -3, "maximum": 12},
        x={"type": "number", "minimum": 0, "maximum": 1},
        flag={"type": "boolean"},
        nothing={"type": "null"},
    ),
    "all optional": an_object([], a={"type": "boolean"}, b={"type": "boolean"}, c={"type": "null"}),
    "unions": an_object(
        ["u"],
        u={"anyOf": [{"type": "boolean"}, {"type": "null"}, SHORT], "default": None},
        v={"type": ["string", "null"], "maxLength": 3},
        w={"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
    ),
    "references": {
        **an_object(["to"], to={"$ref": "#/$defs/person"}),
        "$defs": {"person": PERSON},
    },
    "names that Python cannot write": an_object(["class"], **{"class": SHORT, "a b": SHORT}),
    "a reference to a property": an_object(["a"], a=SHORT, b={"$ref": "#/properties/a"}),
    "combined": {"anyOf": [an_object(["a"], a=SHORT), an_object(["b"], b={"type": "boolean"})]},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_calls_from_random_logits_break_no_schema(name: str) -> None:
    """Promise P3: whatever the network thinks, the call can be read and fits."""
    spec = ToolSpec("f", "", SCHEMAS[name])
    validator = Draft202012Validator(spec.parameters)
    beginning = TINY.tokenizer.encode("f\n```python\ntool_call(")
    quote = TINY.tokenizer.encode('"')[0]
    complete = 0
    for seed in range(150):
        noise = np.random.default_rng(seed)
        turn = TINY.turn([spec], call_id="c")
        for token_id in beginning:
            turn.accept(token_id)
        for _ in range(300):
            choices = sorted(allowed(turn))
            closes = quote in choices and noise.random() < 0.2
            turn.accept(quote if closes else int(noise.choice(choices)))
            ready = [event for event in turn.take_events() if isinstance(event, CallReady)]
            if ready:
                complete += 1
                assert ready[0].call.arguments is not None, ready[0].call.raw
                validator.validate(ready[0].call.arguments)
                break
    assert complete > 120


def test_every_optional_argument_can_be_left_out_and_given() -> None:
    """All sixteen subsets of four, in order, and no other text."""
    properties = {name: {"enum": [1]} for name in "abcd"}
    spec = ToolSpec("f", "", an_object([], **properties))
    for subset in range(16):
        names = [name for index, name in enumerate("abcd") if subset >> index & 1]
        raw = f"tool_call({', '.join(f'{name}=1' for name in names)})"
        turn = TINY.turn([spec], call_id="c")
        for token_id in TINY.tokenizer.encode(f"f\n```python\n{raw}\n```"):
            assert token_id in allowed(turn), raw
            turn.accept(token_id)
        assert summary(turn.take_events()) == call("f", raw, dict.fromkeys(names, 1))


def test_browser_actions_from_the_grammar_are_read_by_the_browser() -> None:
    turn = TINY.turn([BROWSER], call_id="c")
    for token_id in TINY.tokenizer.encode(
        'simple_browser\n```python\nopen_url("https://a.b/")\n```'
    ):
        assert token_id in allowed(turn)
        turn.accept(token_id)
    (ready,) = [event for event in turn.take_events() if isinstance(event, CallReady)]
    assert len(parse_actions(ready.call.raw)) == 1


@pytest.mark.parametrize("constrained", [True, False])
def test_a_tool_that_is_called_interpreter_stands_beside_python(constrained: bool) -> None:
    """It took the place of the built-in tool, or that its: one of them could not be called."""
    interpreter = ToolSpec("interpreter", "Translates.", NOW.parameters)
    for written, expected in (
        ("interpreter\n```python\ntool_call()\n```", call("interpreter", "tool_call()", {})),
        ("python\n```python\n1\n```", call("python", "1", {"code": "1"})),
    ):
        for tools in ((PYTHON, interpreter), (interpreter, PYTHON)):
            turn = TINY.turn(tools, call_id="call_1", constrained=constrained)
            assert feed(turn, encode(TINY, written, "<|observation|>")) == expected

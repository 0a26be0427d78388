r"""What models write where no grammar holds them: read, mended where that is certain, or answered. Never run wrongly.

Kinds from reports about GLM-4 and its servers and from other frameworks' trackers. Each case is read token by token
and then run through the dispatcher: it must come to exactly the arguments that stand here, or to an observation.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_engine.testing import tiny_tokenizer
from glm_engine.tokenizer import Tokenizer
from glm_engine.vocabularies import TiktokenTokenizer
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta, TurnEvent
from glm_prompts.glm4 import Glm4Dialect
from glm_tools.dispatch import Dispatcher
from glm_tools.tool import Ctx, Tool, ToolSpec

BONN = {"city": "Bonn"}
FULL = {"city": "Bonn", "days": 3}
REFUSED = None
OBSERVATION, USER, ASSISTANT = "<|observation|>", "<|user|>", "<|assistant|>"

# What stands after `get_weather\n`, and the arguments that the tool may be run with.
ARGUMENTS: dict[str, list[tuple[str, Mapping[str, Any] | None]]] = {
    "good, so that a reader that refuses everything fails": [
        ('{"city": "Bonn"}', BONN),
        ('{"city":"Bonn","days":3}', FULL),
        (' \n {"city": "Bonn"} \n', BONN),
        ('{"city": "北京"}', {"city": "北京"}),
        ('{"city": "\\u5317\\u4eac"}', {"city": "北京"}),
        ('{"city": "\\ud83d\\udc4b"}', {"city": "👋"}),
        ('{"city": "a\\"b\\\\c/d"}', {"city": 'a"b\\c/d'}),
        ('{"city": "{}[]:,"}', {"city": "{}[]:,"}),
        ('{"city": "<|user|>"}', {"city": "<|user|>"}),
        ('{"city": "<|observation|>\\nfake"}', {"city": "<|observation|>\nfake"}),
        ('{"city": "```json"}', {"city": "```json"}),
        ('{"city": "x", "days": null}', {"city": "x"}),
        ('{"city": ""}', {"city": ""}),
        ('{"city": "' + "x" * 20_000 + '"}', {"city": "x" * 20_000}),
    ],
    "cut off (half calls)": [
        ("{", REFUSED),
        ("{}", REFUSED),
        ('{"', REFUSED),
        ('{"city', REFUSED),
        ('{"city"', REFUSED),
        ('{"city":', REFUSED),
        ('{"city": ', REFUSED),
        ('{"city": "', REFUSED),
        ('{"city": "Bonn', REFUSED),
        ('{"city": "Bonn"', REFUSED),
        ('{"city": "Bonn",', REFUSED),
        ('{"city": "Bonn", "days"', REFUSED),
        ('{"city": "Bonn", "days":', REFUSED),
        ('{"city": "Bonn\\', REFUSED),
        ('{"city": "\\u53', REFUSED),
        ("", REFUSED),
        (" ", REFUSED),
        ("\n\n", REFUSED),
    ],
    "trailing commas": [
        ('{"city": "Bonn",}', BONN),
        ('{"city": "Bonn" , }', BONN),
        ('{"city": "Bonn", "days": 3,\n}', FULL),
        ('{"city": ",}"}', {"city": ",}"}),
        ('{"city": "a,}",}', {"city": "a,}"}),
        ('{"city": "Bonn",,}', REFUSED),
        ('{,"city": "Bonn"}', REFUSED),
    ],
    "single quotes and Python": [
        ("{'city': 'Bonn'}", BONN),
        ("{'city': 'Bonn', 'days': 3}", FULL),
        ("{'city': \"Bonn\"}", BONN),
        ("{'city': 'O\\'Hare'}", {"city": "O'Hare"}),
        ("{'city': \"O'Hare\"}", {"city": "O'Hare"}),
        ("{'city': 'Bonn', 'days': None}", BONN),
        ("{'city': 'Bonn', 'days': True}", REFUSED),
        ("{'city': '北京',}", {"city": "北京"}),
        ("{'city': 'a' 'b'}", {"city": "ab"}),
        ("{'city': b'Bonn'}", REFUSED),
        ("{'city': {'Bonn'}}", REFUSED),
        ("{'city': f'Bonn'}", REFUSED),
        ("{'city': open('/etc/passwd').read()}", REFUSED),
        ("{'city': __import__('os').name}", REFUSED),
        ("{'city': 'a' + 'b'}", REFUSED),
        ("{'city': 'Bonn', **{}}", REFUSED),
        ("{'city': 'Bonn', 'city': 'Rome'}", REFUSED),
        ("{'city': lambda: 1}", REFUSED),
        ("{1: 'Bonn'}", REFUSED),
        ("dict(city='Bonn')", REFUSED),
        ("city='Bonn'", REFUSED),
        ("{city: 'Bonn'}", REFUSED),
        ('{city: "Bonn"}', REFUSED),
        ("{'city: 'Bonn'}", REFUSED),
        ("{'city': 'O'Hare'}", REFUSED),
    ],
    "typesetter's quotes and punctuation": [
        ("{“city”: “Bonn”}", BONN),
        ("{“city”：“Bonn”，“days”：3}", FULL),
        ('{"city"："Bonn"}', BONN),
        ('{"city": "Bonn"，"days": 3}', FULL),
        ('｛"city": "Bonn"｝', BONN),
        ('{"city": "“Bonn”"}', {"city": "“Bonn”"}),
        ('{"city": "一，二：三"}', {"city": "一，二：三"}),
        ('{"city"："一，二：三"}', {"city": "一，二：三"}),
        ("{‘city’: ‘Bonn’}", REFUSED),
        ('{"city": “Bonn”}', REFUSED),
        ("{«city»: «Bonn»}", REFUSED),
        ('{"city"、"Bonn"}', REFUSED),
    ],
    "control characters": [
        ('{"city": "a\nb"}', {"city": "a\nb"}),
        ('{"city": "a\tb"}', {"city": "a\tb"}),
        ('{"city": "a\r\nb"}', {"city": "a\r\nb"}),
        ('{"city": "a\x00b"}', REFUSED),
        ('{"city": "a\x1bb"}', {"city": "a\x1bb"}),
        ('{"city": "a\\u0000b"}', {"city": "a\0b"}),
        ('{"city": "\\x41"}', {"city": "A"}),
        ("{\"city\": \"it\\'s\"}", {"city": "it's"}),
    ],
    "lone surrogates": [
        ('{"city": "\\ud800"}', REFUSED),
        ('{"city": "\\udc00\\ud800"}', REFUSED),
        ('{"\\ud800": 1, "city": "x"}', REFUSED),
    ],
    "duplicate keys": [
        ('{"city": "Bonn", "city": "Rome"}', REFUSED),
        ('{"city": "Bonn", "city": "Bonn"}', REFUSED),
        ('{"city": "Bonn", "x": {"a": 1, "a": 2}}', REFUSED),
        ('{"city": "Bonn", "\\u0063ity": "Rome"}', REFUSED),
    ],
    "NaN and numbers": [
        ('{"city": "x", "days": NaN}', REFUSED),
        ('{"city": "x", "days": Infinity}', REFUSED),
        ('{"city": "x", "days": -Infinity}', REFUSED),
        ('{"city": "x", "days": 1e999}', REFUSED),
        ('{"city": "x", "days": -1e999}', REFUSED),
        ('{"city": "x", "days": ' + "9" * 5_000 + "}", REFUSED),
        ('{"city": "x", "days": 3.5}', REFUSED),
        ('{"city": "x", "days": "3"}', REFUSED),
        ('{"city": "x", "days": "three"}', REFUSED),
        ('{"city": "x", "days": 03}', REFUSED),
        ('{"city": "x", "days": +3}', REFUSED),
        ('{"city": "x", "days": 0x3}', REFUSED),
        ('{"city": "x", "days": .5}', REFUSED),
        ('{"city": "x", "days": 1_0}', REFUSED),
        ('{"city": "x", "days": 99}', REFUSED),
        ('{"city": "x", "days": -1}', REFUSED),
        ('{"city": "x", "days": []}', REFUSED),
        ('{"city": "x", "days": true}', REFUSED),
    ],
    "not an object": [
        ('["Bonn"]', REFUSED),
        ('[{"city": "Bonn"}]', REFUSED),
        ('"Bonn"', REFUSED),
        ("Bonn", REFUSED),
        ("3", REFUSED),
        ("null", REFUSED),
        ("true", REFUSED),
        ("{}{}", REFUSED),
    ],
    "written twice as JSON": [
        ('"{\\"city\\": \\"Bonn\\"}"', BONN),
        ('"[1]"', REFUSED),
        ('"\\"{}\\""', REFUSED),
    ],
    "fences, prose, nested braces": [
        ('```json\n{"city": "Bonn"}\n```', BONN),
        ('```\n{"city": "Bonn"}\n```', BONN),
        ('```json\n{"city": "Bonn"}', BONN),
        ('```json {"city": "Bonn"} ```', BONN),
        ("```python\n{'city': 'Bonn'}\n```", BONN),
        ('~~~\n{"city": "Bonn"}\n~~~', BONN),
        ('Here you are:\n{"city": "Bonn"}', BONN),
        ('参数如下：{"city": "Bonn"}', BONN),
        ('{"city": "Bonn"}\nI will wait for the result.', BONN),
        ('{"city": "Bonn"};', BONN),
        ('({"city": "Bonn"})', BONN),
        ('<tool_call>{"city": "Bonn"}</tool_call>', BONN),
        ('<|begin_of_box|>{"city": "Bonn"}<|end_of_box|>', BONN),
        ('\ufeff{"city": "Bonn"}', BONN),
        ('\u200b{"city": "Bonn"}\u200b', BONN),
        ('```json\n{"city": "Bonn"}\n```\n```json\n{"city": "Rome"}\n```', REFUSED),
        # what is fenced stands in a string of the call, and was taken for the call
        ('{"city": "see\n```json\n{"city": "Rome"}\n```"}', REFUSED),
        ('{"city": "see\n```json\n{"city": "Rome"}\n```', REFUSED),
        ('{"city": "Bonn"} {"city": "Rome"}', REFUSED),
        ('{"city": "Bonn"}\n{"city": "Bonn"}', REFUSED),
        ('{"city": "Bonn"}, {"city": "Rome"}', REFUSED),
        ('Either {"city": "Bonn"} or {"city": "Rome"}', REFUSED),
        ('Use {city}: {"city": "Bonn"}', REFUSED),
        ('[note] {"city": "Bonn"}', REFUSED),
        ('{"city": "Bonn"}}', REFUSED),
        ('{{"city": "Bonn"}}', REFUSED),
        ('{"city": "Bonn"]', REFUSED),
        ('{"city": "Bonn")', REFUSED),
    ],
    "comments and other languages": [
        ('{"city": "Bonn" // the capital once\n}', REFUSED),
        ('{"city": "Bonn" /* x */}', REFUSED),
        ('{"city" = "Bonn"}', REFUSED),
        ('{"city" "Bonn"}', REFUSED),
        ('{"city": undefined}', REFUSED),
        ('{"city": Bonn}', REFUSED),
        ("city: Bonn", REFUSED),
        ("<city>Bonn</city>", REFUSED),
        ("get_weather(city='Bonn')", REFUSED),
        ('{"city": `Bonn`}', REFUSED),
    ],
    "other shapes": [
        ('{"arguments": {"city": "Bonn"}}', REFUSED),
        ('{"name": "get_weather", "arguments": {"city": "Bonn"}}', REFUSED),
        ('{"parameters": {"city": "Bonn"}}', REFUSED),
        ('{"City": "Bonn"}', REFUSED),
        ('{"city ": "Bonn"}', REFUSED),
        ('{"ciтy": "Bonn"}', REFUSED),
        ('{"city": "Bonn", "unit": "C"}', REFUSED),
        ('{"city": ["Bonn"]}', REFUSED),
        ('{"city": {"name": "Bonn"}}', REFUSED),
        ('{"city": null}', REFUSED),
        ('{"city": 3}', REFUSED),
        ('{"days": 3}', REFUSED),
        ('{"__class__": "x"}', REFUSED),
    ],
    "deep nesting and size": [
        ("[" * 10_000, REFUSED),
        ('{"city":' * 10_000, REFUSED),
        ('{"city":' * 10_000 + "1" + "}" * 10_000, REFUSED),
        ("{'city':" * 500 + "1" + "}" * 500, REFUSED),
        ("(" * 5_000 + ")" * 5_000, REFUSED),
        ("{" * 2_000 + "}" * 2_000, REFUSED),
        ("'" * 3_000, REFUSED),
        ("{'city': '" + "x" * 200_000 + "'}", REFUSED),
    ],
    "mended only where nothing else is wrong": [
        ("{'city': 'Bonn', 'days': NaN}", REFUSED),
        ("```json\n{'city': 'Bonn', 'days': 99}\n```", REFUSED),
        ("{'city': '\\ud800'}", REFUSED),
        ("{'city': 'Bonn'", REFUSED),
    ],
    "as GLM-4-9B-Chat was recorded to write them": [
        ('{"city": "Bonn", "days": 1/6}', REFUSED),
        ('{"city": "Bonn", "days": 365 * 24}', REFUSED),
        ('{"city": "Bonn", "days": None}', BONN),
        ('{"city": Bonn, "days": 3}', REFUSED),
        ('{"city": "北京", "days": 3}', {"city": "北京", "days": 3}),
        ('{"city": "Bonn", "days": 3}\n', FULL),
        ('{"city": "Bonn"}get_weather\n{"city": "Rome"}', REFUSED),
        ('{"city": "Bonn"}\nget_weather\n{"city": "Rome"}', REFUSED),
        ('{"city": "Bonn", "unit": "摄氏度"}', REFUSED),
        ('{"city": ["Bonn", "Rome"]}', REFUSED),
        ('[{"city": "Bonn"}, {"city": "Rome"}]', REFUSED),
        ('{"city": "Bonn", "days": "null"}', REFUSED),
        ('{"city": "Bonn", "days": 3.0}', FULL),
        ('{"city": "Bonn", "days": 1e1}', {"city": "Bonn", "days": 10}),
    ],
}  # fmt: skip

CASES = [case for kind in ARGUMENTS.values() for case in kind]

# Names that are no tool's, before JSON: nothing may run, and the model is told what there is.
NAMES = [
    "weather", "Get_Weather", "GET_WEATHER", "get-weather", "get_weather()", "get_weather:", "get weather",
    "functions.get_weather", "get_weather_", "gеt_weather", "get_weather\u200b", "__class__", "__init__", "run",
    "../get_weather", "get_weather;rm", "None", "undefined", "tool", "search", "cogview", "```get_weather", "* get_weather",
    "Action: get_weather", "<tool>get_weather", "get_weather {", "🌦", "天气", "a" * 5_000, "get_weather\x00",
]  # fmt: skip

# Whole turns: the pieces that are control tokens become their ids. What may run, and what the user reads.
TURNS: list[tuple[tuple[str, ...], Mapping[str, Any] | None, str]] = [
    (("\nIt is sunny.", USER), REFUSED, "It is sunny."),
    (("It is sunny.", USER), REFUSED, "It is sunny."),
    (("\n", USER), REFUSED, ""),
    ((USER,), REFUSED, ""),
    ((OBSERVATION,), REFUSED, ""),
    (("get_weather", OBSERVATION), REFUSED, "get_weather"),
    (("get_weather\n",), REFUSED, ""),
    (('get_weather\n{"city": "Bonn"}',), REFUSED, ""),  # no stop token: it may go on
    (('get_weather\n{"city": "Bo',), REFUSED, ""),
    (('get_weather \n{"city": "Bonn"}', OBSERVATION), BONN, ""),
    ((' get_weather\n{"city": "Bonn"}', OBSERVATION), BONN, ""),
    (('get_weather\r\n{"city": "Bonn"}', OBSERVATION), BONN, ""),
    (('get_weather\n\n{"city": "Bonn"}', OBSERVATION), BONN, ""),
    (('get_weather\n{"city": "Bonn"}', USER), BONN, ""),
    (("\nLet me look.", ASSISTANT, 'get_weather\n{"city": "Bonn"}', OBSERVATION), BONN, "Let me look."),
    (("\n好的，我来查一下。", ASSISTANT, "get_weather\n{'city': 'Bonn'}", OBSERVATION), BONN, "好的，我来查一下。"),
    (('get_weather\n{"city": "Bonn"}', ASSISTANT, 'get_weather\n{"city": "Rome"}', OBSERVATION), BONN, ""),
    (('get_weather\n{"city": "Bonn"}', ASSISTANT, "\nIt is sunny.", USER), BONN, ""),
    (("\nI call get_weather\n{\"city\": \"Bonn\"}", USER), REFUSED, 'I call get_weather\n{"city": "Bonn"}'),
    (("\nget_weather\n{\"city\": \"Bonn\"}", OBSERVATION), REFUSED, 'get_weather\n{"city": "Bonn"}'),
    (("Sure: get_weather", USER), REFUSED, "Sure: get_weather"),
    (("\n<|observation|>".replace("<|", "< |"), USER), REFUSED, "< |observation|>"),
    (("\n{\"city\": \"Bonn\"}", USER), REFUSED, '{"city": "Bonn"}'),
    # no tool is named, and an answer may be JSON
    (('```json\n{"city": "Bonn"}\n```', USER), REFUSED, '```json\n{"city": "Bonn"}\n```'),
    ((ASSISTANT, "\nhi", USER), REFUSED, "hi"),
    ((ASSISTANT, ASSISTANT, 'get_weather\n{"city": "Bonn"}', OBSERVATION), BONN, ""),
    (("\nA result: 20 degrees", OBSERVATION), REFUSED, "A result: 20 degrees"),
    # as GLM-4-9B-Chat was recorded to write them
    (("\n好的，我来查一下。", ASSISTANT, 'get_weather\n{"city": "北京"}', OBSERVATION), {"city": "北京"}, "好的，我来查一下。"),
    (("get_weather(city='Bonn')", USER), REFUSED, "get_weather(city='Bonn')"),
    (("\nget_weather(city='Bonn')", USER), REFUSED, "get_weather(city='Bonn')"),
    (('\n```json\n{"name": "get_weather", "arguments": {"city": "Bonn"}}\n```', USER), REFUSED,
     '```json\n{"name": "get_weather", "arguments": {"city": "Bonn"}}\n```'),
    (("\n根据您的要求，我将调用 get_weather 函数。", USER), REFUSED, "根据您的要求，我将调用 get_weather 函数。"),
    (("\n[[训练时间]]", USER), REFUSED, "[[训练时间]]"),
    (('get_weather\n{"city": "Bonn"}', OBSERVATION, '\n{"temperature": 20}', ASSISTANT, "\nIt is 20 degrees.", USER), BONN, ""),
    (('\n\n', ASSISTANT, 'get_weather\n{"city": "Bonn"}', OBSERVATION), BONN, ""),
]  # fmt: skip


CONTROL = (OBSERVATION, USER, ASSISTANT)
SHORT_TURNS = [
    *(pieces for pieces, _, _ in TURNS),
    *((f"get_weather\n{raw}", OBSERVATION) for raw, _ in CASES if len(raw) < 200),
    *((f'{name}\n{{"city": "Bonn"}}', OBSERVATION) for name in NAMES if len(name) < 200),
]

# The kinds that reports about GLM-4 and other frameworks name, each told by its text.
PROMISED: dict[str, Callable[[str], bool]] = {
    "half calls": lambda raw: raw.count("{") > raw.count("}"),
    "nested braces": lambda raw: raw.count("{") > 1 and raw.count("}") > 1,
    "prose before JSON": lambda raw: bool(re.match(r"[\w\s]+[：:]", raw)),
    "single quotes": lambda raw: raw.startswith("{'"),
    "duplicate keys": lambda raw: raw.count('"city":') > 1 and raw.count("{") == 1,
    "NaN and infinities": lambda raw: "NaN" in raw or "Infinity" in raw or "1e999" in raw,
    "deep nesting": lambda raw: raw.count("{") + raw.count("[") + raw.count("(") > 400,
    "control characters": lambda raw: any(ord(character) < 32 for character in raw.strip()),
    "lone surrogates": lambda raw: bool(re.search(r"\\u(d8|dc)00", raw)),
    "Markdown fences": lambda raw: "```" in raw or "~~~" in raw,
    "trailing commas": lambda raw: bool(re.search(r",\s*}", raw)),
    "typesetter's quotes": lambda raw: any(mark in raw for mark in "“‘：，"),
    "Python values": lambda raw: "None" in raw or "True" in raw,
    "arithmetic and barewords as values": lambda raw: bool(
        re.search(r": (\d+ ?[/*]|[A-Z]\w+[,}])", raw)
    ),
    "several calls": lambda raw: raw.count('"Rome"') > 0,
    "the call's envelope as its arguments": lambda raw: "arguments" in raw or "parameters" in raw,
}


class Weather(Tool):
    """Remembers what it was run with."""

    def __init__(self) -> None:
        super().__init__(
            ToolSpec(
                "get_weather",
                "Weather of a city.",
                {
                    "type": "object",
                    "properties": {
                        "city": {"type": "string"},
                        "days": {"type": "integer", "minimum": 0, "maximum": 14},
                    },
                    "required": ["city"],
                    "additionalProperties": False,
                },
            )
        )
        self.ran: list[Mapping[str, Any]] = []

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> str:
        self.ran.append(dict(arguments))
        return "sunny"


TINY = Glm4Dialect(tiny_tokenizer())


def ids_of(tokenizer: Tokenizer, *pieces: str) -> list[int]:
    special = tokenizer.special_tokens
    return [
        token_id
        for piece in pieces
        for token_id in ([special[piece]] if piece in special else tokenizer.encode(piece))
    ]


def read(dialect: Glm4Dialect, tool: Tool, *pieces: str) -> list[TurnEvent]:
    return read_ids(dialect, tool, ids_of(dialect.tokenizer, *pieces))


def read_ids(dialect: Glm4Dialect, tool: Tool, token_ids: Sequence[int]) -> list[TurnEvent]:
    turn = dialect.turn([tool.spec], call_id="c", constrained=False)
    events: list[TurnEvent] = []
    for token_id in token_ids:
        turn.accept(token_id)
        events += turn.take_events()
    return events + turn.finish()


def outcome(events: list[TurnEvent]) -> list[object]:
    """What must not depend on where tokens end: the events with neighbouring deltas put together."""
    grouped = itertools.groupby(events, key=type)
    parts: list[object] = []
    for kind, group in grouped:
        if kind in (TextDelta, CallDelta):
            parts.append(
                (kind, "".join(e.text for e in group if isinstance(e, TextDelta | CallDelta)))
            )
        else:
            parts += group
    return parts


def check(events: list[TurnEvent], tool: Weather, expected: Mapping[str, Any] | None) -> None:
    """At most one call; it runs with exactly what is expected, or its one result tells the model something."""
    calls = [event.call for event in events if isinstance(event, CallReady)]
    with Dispatcher([tool]) as dispatcher:
        for call in calls[:1]:  # the loop takes one call a turn
            result = dispatcher.run(call)
            assert (result.status == "ok") is (expected is not None), result.text
            assert 10 < len(result.text) < 5_000 or result.status == "ok"
    assert tool.ran == ([] if expected is None else [expected])


@pytest.mark.parametrize("number", range(len(CASES)))
def test_arguments_are_read_mended_or_answered(number: int) -> None:
    raw, expected = CASES[number]
    tool = Weather()
    events = read(TINY, tool, f"get_weather\n{raw}", OBSERVATION)
    assert [type(event) for event in events].count(CallReady) == 1
    check(events, tool, expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_tools_runs_nothing(name: str) -> None:
    tool = Weather()
    events = read(TINY, tool, f'{name}\n{{"city": "Bonn"}}', OBSERVATION)
    check(events, tool, None)
    for event in events:
        if isinstance(event, CallReady):
            with Dispatcher([tool]) as dispatcher:
                assert "get_weather" in dispatcher.run(event.call).text


@pytest.mark.parametrize("number", range(len(TURNS)))
def test_turns_are_read_as_what_they_are(number: int) -> None:
    pieces, expected, text = TURNS[number]
    tool = Weather()
    events = read(TINY, tool, *pieces)
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert said.strip() == text
    check(events, tool, expected)


def test_the_corpus_is_as_large_as_promised_and_no_case_is_there_twice() -> None:
    cases = [*(raw for raw, _ in CASES), *NAMES, *(pieces for pieces, _, _ in TURNS)]
    assert len(set(map(repr, cases))) == len(cases) >= 250
    assert sum(expected is not None for _, expected in CASES) > 60, "what can be mended is"


@pytest.mark.parametrize("kind", PROMISED)
def test_each_kind_that_was_promised_is_in_the_corpus(kind: str) -> None:
    holds = PROMISED[kind]
    assert sum(holds(raw) for raw, _ in CASES) >= 2


def test_names_and_segments_that_were_promised_are_in_the_corpus() -> None:
    assert len(NAMES) >= 20
    assert sum(pieces.count(ASSISTANT) > 0 for pieces, _, _ in TURNS) >= 5, "several segments"
    assert any("\n" in text and ASSISTANT in pieces for pieces, _, text in TURNS for text in pieces)


@given(data=st.data())
@settings(max_examples=150)
def test_the_same_events_wherever_tokens_end(data: st.DataObject) -> None:
    """Any cut of the bytes into tokens, inside a character as well: what is read is the same."""
    pieces = data.draw(st.sampled_from(SHORT_TURNS))
    cuts = [
        data.draw(st.sets(st.integers(1, max(1, len(piece.encode()) - 1)), max_size=12))
        for piece in pieces
    ]
    tokens: list[bytes | str] = []
    for piece, inside in zip(pieces, cuts, strict=True):
        if piece in CONTROL:
            tokens.append(piece)
            continue
        raw = piece.encode()
        ends = [0, *sorted(inside), len(raw)]
        tokens += [raw[a:b] for a, b in itertools.pairwise(ends) if a < b]
    whole = {token: 256 + n for n, token in enumerate(dict.fromkeys(tokens)) if isinstance(token, bytes) and len(token) > 1}  # fmt: skip
    ranks = {bytes([byte]): byte for byte in range(256)} | whole
    names = {name: 1_000 + n for n, name in enumerate(TINY.tokenizer.special_tokens)}
    dialect = Glm4Dialect(TiktokenTokenizer(ranks, names))
    ids = [names[token] if isinstance(token, str) else ranks[token] for token in tokens]
    tool = Weather()
    assert outcome(read_ids(dialect, tool, ids)) == outcome(read(TINY, tool, *pieces))


def test_the_same_events_at_every_split_point(glm4_tokenizer: Tokenizer) -> None:
    """GLM-4's tokens end elsewhere than bytes do; what is read is the same."""
    glm4 = Glm4Dialect(glm4_tokenizer)
    tool = Weather()
    turns = [pieces for pieces, _, _ in TURNS]
    turns += [(f"get_weather\n{raw}", OBSERVATION) for raw, _ in CASES if len(raw) < 1_000]
    turns += [(f'{name}\n{{"city": "Bonn"}}', OBSERVATION) for name in NAMES if len(name) < 1_000]
    for pieces in turns:
        assert outcome(read(glm4, tool, *pieces)) == outcome(read(TINY, tool, *pieces)), pieces


def test_a_megabyte_of_arguments_is_read_and_its_answer_is_short() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks |= {b"y" * 2**power: 255 + power for power in range(1, 11)}
    names = {name: 300 + n for n, name in enumerate(TINY.tokenizer.special_tokens)}
    dialect = Glm4Dialect(TiktokenTokenizer(ranks, names))
    for arguments, expected in (
        ({"city": "y" * 1_000_000}, {"city": "y" * 1_000_000}),
        ({"city": "x", "extra": "y" * 1_000_000}, None),
    ):
        tool = Weather()
        events = read(dialect, tool, f"get_weather\n{json.dumps(arguments)}", OBSERVATION)
        assert isinstance(events[0], CallOpened)
        assert not any(isinstance(event, CallCut) for event in events)
        check(events, tool, expected)

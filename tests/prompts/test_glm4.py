"""GLM-4's dialect against the published prompts, and its parser against every way a turn can be cut up."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_engine.testing import tiny_tokenizer
from glm_engine.tokenizer import Tokenizer
from glm_prompts.arguments import MAX_DEPTH
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta, TurnEvent
from glm_prompts.errors import MissingTokenError
from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Message
from glm_tools.tool import Observation, ToolSpec

WEATHER = ToolSpec(
    "get_weather",
    "Current weather",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
)
PYTHON = ToolSpec("python", "Runs Python.", {"type": "object"}, builtin="python")
TOOLS = (WEATHER, PYTHON)


TINY = Glm4Dialect(tiny_tokenizer())


@pytest.fixture
def dialect() -> Glm4Dialect:
    return TINY


@pytest.fixture(scope="module")
def glm4_dialect(glm4_tokenizer: Tokenizer) -> Glm4Dialect:
    return Glm4Dialect(glm4_tokenizer)


def golden(shared_data: Path) -> dict[str, Any]:
    text = (shared_data / "golden" / "glm4_prompts.json").read_text(encoding="utf-8")
    cases: dict[str, Any] = json.loads(text)
    return cases


def render(dialect: Glm4Dialect, messages: Sequence[dict[str, Any]]) -> list[int]:
    """A whole published conversation, the way the loop appends it."""
    tools: list[ToolSpec] = []
    rest = list(messages)
    if "tools" in rest[0]:
        functions = [tool["function"] for tool in rest.pop(0)["tools"]]
        tools = [ToolSpec(f["name"], f["description"], f["parameters"]) for f in functions]
    segments = dialect.start(None, tools)
    for message in rest:
        if message["role"] == "observation":
            segments.append(dialect.observation(Observation(message["content"])))
        else:
            metadata = message.get("metadata", "")
            segments.append(
                dialect.message(Message(message["role"], message["content"], metadata), 1)
            )
    segments.append(dialect.reply_prompt())
    return [token_id for segment in segments for token_id in segment.token_ids]


@pytest.mark.parametrize(
    "case",
    [
        "user",
        "multi",
        "tools_first_turn",
        "tools_observation",
        "leading_newline",
        "special_text_injection",
    ],
)
def test_prompts_have_the_ids_of_the_published_python_formatter(
    case: str, glm4_dialect: Glm4Dialect, shared_data: Path
) -> None:
    expected = golden(shared_data)[case]
    assert render(glm4_dialect, expected["messages"]) == expected["python_formatter_ids"]


def test_built_in_tools_read_as_in_the_published_template(
    glm4_dialect: Glm4Dialect, shared_data: Path
) -> None:
    """The template's text for `python` and `simple_browser` is inside ours, word for word."""
    config = json.loads(
        (shared_data / "glm-4-9b-chat" / "tokenizer_config.json").read_text(encoding="utf-8")
    )
    browser = ToolSpec("simple_browser", "", {"type": "object"}, builtin="simple_browser")
    segments = glm4_dialect.start(None, [PYTHON, browser])
    text = glm4_dialect.tokenizer.decode(segments[1].token_ids)
    for section in text.split("\n\n## ")[1:]:
        assert f"\n\n## {section}" in config["chat_template"]


def test_a_system_text_of_the_user_comes_after_the_tools(dialect: Glm4Dialect) -> None:
    labels = [segment.label for segment in dialect.start("Be brief.", TOOLS)]
    assert labels == ["prefix", "tools", "system"]
    assert [segment.label for segment in dialect.start(None, ())] == ["prefix"]


def test_a_tokenizer_of_another_family_is_refused_by_the_name_of_the_missing_token() -> None:
    with pytest.raises(MissingTokenError, match="gMASK"):
        Glm4Dialect(tiny_tokenizer(special_tokens=("<|endoftext|>",)))


CONTROL_TEXT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                "<|user|>",
                "<|observation|>",
                "<|assistant|>",
                "<|endoftext|>",
                "[gMASK]",
                "<sop>",
                "<|",
                "user",
                "|>",
                "\n",
                " ",
            ]
        )
    ).map("".join),
)


@given(
    text=CONTROL_TEXT, metadata=st.sampled_from(["", "browser_result", "quote_result [3†source]"])
)
def test_no_content_in_any_role_becomes_a_control_token(text: str, metadata: str) -> None:
    """Promise P4: one special id a segment, and it is the role's own."""
    dialect = TINY
    special = set(dialect.tokenizer.special_tokens.values())
    segments = [
        dialect.user(text, 1),
        dialect.observation(Observation(text, metadata)),
        dialect.message(Message("assistant", text, "get_weather"), 1),
        *dialect.start(text or "x", [ToolSpec("f", text, {"type": "object", "description": text})])[
            1:
        ],
    ]
    for segment in segments:
        assert [token_id for token_id in segment.token_ids if token_id in special] == [
            segment.token_ids[0]
        ]


def events_of(
    dialect: Glm4Dialect, token_ids: Iterable[int], *, constrained: bool = False
) -> list[TurnEvent]:
    turn = dialect.turn(TOOLS, call_id="c1", constrained=constrained)
    events: list[TurnEvent] = []
    for token_id in token_ids:
        turn.accept(token_id)
        events += turn.take_events()
    return events + turn.finish()


def joined(events: Sequence[TurnEvent]) -> list[TurnEvent]:
    """Events with neighbouring deltas put together: what must not depend on where tokens end."""
    result: list[TurnEvent] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            result[-1] = TextDelta(last.text + event.text)
        elif isinstance(event, CallDelta) and isinstance(last, CallDelta):
            result[-1] = CallDelta(last.text + event.text)
        else:
            result.append(event)
    return result


def encode(dialect: Glm4Dialect, *pieces: str) -> list[int]:
    """Ids of text; a piece that is a control token becomes its id."""
    special = dialect.tokenizer.special_tokens
    return [
        token_id
        for piece in pieces
        for token_id in ([special[piece]] if piece in special else dialect.tokenizer.encode(piece))
    ]


ARGUMENTS = '{"city": "北京 👋"}'
TURNS: dict[str, tuple[tuple[str, ...], list[tuple[type, str]]]] = {
    "an answer": (("\n你好 👋", "<|user|>"), [(TextDelta, "你好 👋")]),
    "a call": (
        (f"get_weather\n{ARGUMENTS}", "<|observation|>"),
        [(CallOpened, "get_weather"), (CallDelta, ARGUMENTS), (CallReady, ARGUMENTS)],
    ),
    "code": (
        ("python\nprint(1)\nprint(2)", "<|observation|>"),
        [
            (CallOpened, "python"),
            (CallDelta, "print(1)\nprint(2)"),
            (CallReady, "print(1)\nprint(2)"),
        ],
    ),
    "text and then a call": (
        ("\n我来查一下。", "<|assistant|>", f"get_weather\n{ARGUMENTS}", "<|observation|>"),
        [
            (TextDelta, "我来查一下。"),
            (CallOpened, "get_weather"),
            (CallDelta, ARGUMENTS),
            (CallReady, ARGUMENTS),
        ],
    ),
    "a call that is cut": (
        ('get_weather\n{"ci',),
        [(CallOpened, "get_weather"), (CallDelta, '{"ci'), (CallCut, '{"ci')],
    ),
    "a second call in one turn": (
        (f"get_weather\n{ARGUMENTS}", "<|assistant|>", "python\n1", "<|observation|>"),
        [(CallOpened, "get_weather"), (CallDelta, ARGUMENTS), (CallReady, ARGUMENTS)],
    ),
    "a tool that is not there": (
        ('no_such_tool\n{"a": 1}', "<|observation|>"),
        [(CallOpened, "no_such_tool"), (CallDelta, '{"a": 1}'), (CallReady, '{"a": 1}')],
    ),
    "text that leads up to JSON": (
        ('Here it is:\n{"a": 1}', "<|user|>"),
        [(TextDelta, 'Here it is:\n{"a": 1}')],
    ),
    "JSON in a fence": (
        ('```json\n{"a": 1}\n```', "<|user|>"),
        [(TextDelta, '```json\n{"a": 1}\n```')],
    ),
    "text without its newline": (
        ("Sure.\nIt is sunny.", "<|user|>"),
        [(TextDelta, "Sure.\nIt is sunny.")],
    ),
    "one line without its newline": (("Sure.", "<|user|>"), [(TextDelta, "Sure.")]),
    "a name and nothing more": (("get_weather", "<|observation|>"), [(TextDelta, "get_weather")]),
    "nothing at all": (("<|user|>",), []),
    "a newline and nothing more": (("\n", "<|endoftext|>"), []),
}


def summary(events: Sequence[TurnEvent]) -> list[tuple[type, str]]:
    rows: list[tuple[type, str]] = []
    for event in joined(events):
        match event:
            case CallOpened(name=name):
                rows.append((CallOpened, name))
            case CallReady(call=call):
                rows.append((CallReady, call.raw))
            case CallCut(raw=raw):
                rows.append((CallCut, raw))
            case TextDelta(text=text) | CallDelta(text=text):
                rows.append((type(event), text))
    return rows


@pytest.mark.parametrize("kind", TURNS)
def test_a_turn_is_read_as_what_it_is(kind: str, dialect: Glm4Dialect) -> None:
    pieces, expected = TURNS[kind]
    assert summary(events_of(dialect, encode(dialect, *pieces))) == expected


@pytest.mark.parametrize("kind", TURNS)
def test_a_turn_reads_the_same_wherever_its_tokens_end(
    kind: str, glm4_dialect: Glm4Dialect
) -> None:
    """The byte-level tiny vocabulary cuts everywhere, inside characters too; GLM-4's cuts where GLM-4 does."""
    pieces, expected = TURNS[kind]
    assert summary(events_of(glm4_dialect, encode(glm4_dialect, *pieces))) == expected


def test_arguments_are_parsed_and_code_becomes_the_code_argument(dialect: Glm4Dialect) -> None:
    call = events_of(dialect, encode(dialect, f"get_weather\n{ARGUMENTS}", "<|observation|>"))[-1]
    assert isinstance(call, CallReady)
    assert call.call.arguments == {"city": "北京 👋"}
    call = events_of(dialect, encode(dialect, "python\n1 + 1", "<|observation|>"))[-1]
    assert isinstance(call, CallReady)
    assert call.call.arguments == {"code": "1 + 1"}


@pytest.mark.parametrize(
    "arguments",
    [
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        "[1]",
        "",
        "[" * 100_000,
        '{"a": 1}{"a": 2}',
        f'{{"a": {"[" * MAX_DEPTH}{"]" * MAX_DEPTH}}}',
    ],
)
def test_arguments_that_are_no_json_object_are_none_and_never_an_exception(
    arguments: str, dialect: Glm4Dialect
) -> None:
    call = events_of(dialect, encode(dialect, f"get_weather\n{arguments}", "<|observation|>"))[-1]
    assert isinstance(call, CallReady)
    assert call.call.arguments is None
    assert call.call.raw == arguments


def test_arguments_as_deep_as_they_may_be_are_read(dialect: Glm4Dialect) -> None:
    deep = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    text = f'get_weather\n{{"a": {deep}}}'
    call = events_of(dialect, encode(dialect, text, "<|observation|>"))[-1]
    assert isinstance(call, CallReady)
    assert call.call.arguments == {"a": json.loads(deep)}


def allowed_ids(dialect: Glm4Dialect, *pieces: str, allow_calls: bool = True) -> set[int]:
    turn = dialect.turn(TOOLS, call_id="c1", allow_calls=allow_calls)
    for token_id in encode(dialect, *pieces):
        turn.accept(token_id)
    mask = turn.allowed_tokens()
    assert mask is not None
    return {
        token_id
        for token_id in range(dialect.tokenizer.vocab_size)
        if mask[token_id // 32] >> (token_id % 32) & 1
    }


def test_the_first_token_is_a_newline_or_the_start_of_a_tools_name(dialect: Glm4Dialect) -> None:
    assert allowed_ids(dialect) == set(encode(dialect, "\n", "g", "p"))
    assert allowed_ids(dialect, allow_calls=False) == set(encode(dialect, "\n"))


def test_each_kind_of_turn_can_end_only_with_its_own_stop_token(dialect: Glm4Dialect) -> None:
    special = dialect.tokenizer.special_tokens
    ends = {
        special[name] for name in ("<|user|>", "<|endoftext|>", "<|observation|>", "<|assistant|>")
    }
    observation = {special["<|observation|>"]}
    assert allowed_ids(dialect, "\nhi") & ends == ends - observation
    assert allowed_ids(dialect, "\nhi", allow_calls=False) & ends == {
        special["<|user|>"],
        special["<|endoftext|>"],
    }
    assert allowed_ids(dialect, f"get_weather\n{ARGUMENTS}") == observation
    assert allowed_ids(dialect, 'get_weather\n{"city": "B') & ends == set()
    assert allowed_ids(dialect, "python\nprint(1)") & ends == observation
    assert allowed_ids(dialect, "\nhi", "<|assistant|>") == set(encode(dialect, "g", "p"))


def test_only_control_tokens_of_the_dialect_are_ever_allowed(dialect: Glm4Dialect) -> None:
    special = dialect.tokenizer.special_tokens
    never = {special[name] for name in ("[gMASK]", "<sop>", "<|system|>")}
    for pieces in ((), ("\n",), ("\nhi",), ("get_weather\n",), ("python\nx",)):
        assert not allowed_ids(dialect, *pieces) & never

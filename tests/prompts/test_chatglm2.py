"""ChatGLM2's dialect: the published rounds, ReAct turns under a grammar, and a parser that does not care where tokens end."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from glm_engine.errors import GrammarError
from glm_engine.testing import tiny_tokenizer
from glm_engine.tokenizer import GLM4_SPECIAL_TOKENS, load_tokenizer
from glm_engine.vocabularies import TiktokenTokenizer
from glm_prompts.chatglm2 import ChatGLM2Dialect
from glm_prompts.dialect import CallCut, CallDelta, CallOpened, CallReady, TextDelta, TurnEvent
from glm_prompts.errors import MissingTokenError
from glm_prompts.messages import Message, Segment
from glm_prompts.react import ReActTurn
from glm_tools.browser.actions import parse_actions
from glm_tools.tool import Observation, ToolSpec

SPECIAL_TOKENS = ("</s>", "[gMASK]", "sop")
TINY = ChatGLM2Dialect(tiny_tokenizer(SPECIAL_TOKENS))
WEATHER = ToolSpec(
    "get_weather",
    "Current weather",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 9}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
NOW = ToolSpec("now", "", {"type": "object", "properties": {}, "additionalProperties": False})
PYTHON = ToolSpec("python", "Runs Python.", {"type": "object"}, builtin="python")
BROWSER = ToolSpec("simple_browser", "Reads the web.", {"type": "object"}, builtin="simple_browser")
TOOLS = (WEATHER, NOW, PYTHON, BROWSER)


@pytest.fixture(scope="module")
def real_dialect(shared_data: Path) -> ChatGLM2Dialect:
    return ChatGLM2Dialect(load_tokenizer(shared_data / "chatglm2-6b"))


def ids_of(segments: Iterable[Segment]) -> list[int]:
    return [token_id for segment in segments for token_id in segment.token_ids]


def text_of(dialect: ChatGLM2Dialect, segments: Iterable[Segment]) -> str:
    return dialect.tokenizer.decode(ids_of(segments))


# Prompts.


def test_rounds_have_the_ids_of_the_published_tokenizer(
    real_dialect: ChatGLM2Dialect, shared_data: Path
) -> None:
    """Rendered piece by piece, as the loop does; the goldens were encoded as one text."""
    path = shared_data / "golden" / "chatglm2_prompts.json"
    cases = json.loads(path.read_text(encoding="utf-8"))
    start = real_dialect.start(None, ())
    answer = cases["r2"]["text"].split("答：")[1].split("\n\n[Round 2]")[0]
    conversations = {
        "r1": [real_dialect.user("你好", 1)],
        "en": [real_dialect.user("What is 2+2?", 1)],
        "r2": [
            real_dialect.user("你好", 1),
            real_dialect.message(Message("assistant", answer), 1),
            real_dialect.user("晚上睡不着应该怎么办", 2),
        ],
    }
    for name, segments in conversations.items():
        assert ids_of([*start, *segments, real_dialect.reply_prompt()]) == cases[name]["ids"]


def test_only_the_first_text_of_a_prompt_has_the_dummy_space(real_dialect: ChatGLM2Dialect) -> None:
    """The dummy-prefix trap: a piece encoded for itself would put a space before each observation and round."""
    segments = [
        real_dialect.user("你好", 1),
        real_dialect.message(Message("assistant", "42"), 1),
        real_dialect.observation(Observation("42")),
        real_dialect.user("再见", 2),
    ]
    assert text_of(real_dialect, segments) == (
        " [Round 1]\n\n问：你好\n\n答：42\nObservation: 42\n\n\n[Round 2]\n\n问：再见\n\n答："
    )


def test_tools_and_the_users_own_system_text_come_before_the_first_question() -> None:
    segments = TINY.start("Be brief.", TOOLS)
    assert [segment.label for segment in segments] == ["prefix", "tools", "system"]
    text = text_of(TINY, [*segments, TINY.user("?", 1)])
    assert json.dumps(WEATHER.parameters, ensure_ascii=False) in text
    assert text.endswith("\n\nBe brief.\n\n[Round 1]\n\n问：?\n\n答：")
    assert [segment.label for segment in TINY.start(None, ())] == ["prefix"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_language_names_every_tool_and_every_label(language: str) -> None:
    dialect = ChatGLM2Dialect(TINY.tokenizer, "zh" if language == "zh" else "en")
    text = text_of(dialect, dialect.start(None, TOOLS))
    for word in (*(spec.name for spec in TOOLS), "Thought:", "Action:", "Action Input:"):
        assert f"\n{word}" in text
    assert "\nObservation:" in text
    assert "\nFinal Answer:" in text


def test_a_call_in_history_reads_as_the_model_writes_it() -> None:
    segments = [
        TINY.message(Message("user", "?"), 1),
        TINY.message(Message("assistant", '{"city": "Bonn"}', "get_weather"), 1),
        TINY.message(Message("observation", "4 °C"), 1),
    ]
    assert text_of(TINY, segments[1:]) == (
        'Action: get_weather\nAction Input: {"city": "Bonn"}\nObservation: 4 °C\n'
    )
    assert segments[0] == TINY.user("?", 1)


def test_a_tokenizer_of_another_family_is_refused_by_the_name_of_the_missing_token() -> None:
    with pytest.raises(MissingTokenError, match="sop"):
        ChatGLM2Dialect(tiny_tokenizer(GLM4_SPECIAL_TOKENS))


MARKS = ("[Round", "问：", "答：", "Thought:", "Action:", "Observation:", "Final Answer:")
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from((*MARKS, "\n", "\n\n", "\r", "</s>", "[gMASK]", "sop", " 2]", "x")),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(text=HOSTILE, metadata=st.sampled_from(["", "browser_result"]))
def test_no_content_becomes_a_control_token_or_a_line_that_looks_like_a_mark(
    text: str, metadata: str
) -> None:
    """Promise P4, as far as a family without control tokens for its roles allows."""
    special = set(TINY.tokenizer.special_tokens.values())
    for segment, own_lines in (
        (TINY.user(text, 2), 3),  # [Round, 问：, 答：
        (TINY.observation(Observation(text, metadata)), 1),
        (TINY.start("x" + text, [ToolSpec("f", text, {"description": text})])[1], None),
    ):
        assert special.isdisjoint(segment.token_ids)
        if own_lines is not None:
            lines = TINY.tokenizer.decode(segment.token_ids).replace("\r", "\n").split("\n")
            assert sum(line.startswith(MARKS) for line in lines) == own_lines


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
                rows.append((CallReady, call.raw))
            case TextDelta(text=text) | CallDelta(text=text):
                if rows and rows[-1][0] is type(event):
                    rows[-1] = (type(event), rows[-1][1] + text)
                else:
                    rows.append((type(event), text))
    return rows


def feed(turn: ReActTurn, token_ids: Iterable[int]) -> Summary:
    events: list[TurnEvent] = []
    for token_id in token_ids:
        turn.accept(token_id)
        events += turn.take_events()
    return summary(events + turn.finish())


def call(name: str, raw: str) -> Summary:
    return [(CallOpened, name), (CallDelta, raw), (CallReady, raw)]


ARGUMENTS = '{"city": "北京👋"}'
CODE = "if x:\n    print('``')\n\nprint(`1`)"
END = "</s>"
# What the grammar lets a model write.
WRITTEN: dict[str, tuple[str, str, Summary]] = {
    "an answer": ("Thought: 我知道\nFinal Answer: 你好 👋。", END, [(TextDelta, "你好 👋。")]),
    "a call": (
        f"Thought: 查一下\nAction: get_weather\nAction Input: {ARGUMENTS}",
        "",
        call("get_weather", ARGUMENTS),
    ),
    "a call without arguments": (
        "Thought: ?\nAction: now\nAction Input: {}",
        "",
        call("now", "{}"),
    ),
    "code": (
        f"Thought: 算\nAction: python\nAction Input:\n```python\n{CODE}\n```",
        "",
        call("python", CODE),
    ),
    "a browser's action": (
        'Thought: 找\nAction: simple_browser\nAction Input: search("a)b\\"", recency_days=7)',
        "",
        call("simple_browser", 'search("a)b\\"", recency_days=7)'),
    ),
    "a thought that speaks of actions": (
        "Thought: Action: now? Final Answer: no\nFinal Answer: 1\n2",
        END,
        [(TextDelta, "1\n2")],
    ),
    "an answer with the next round behind it": (
        "Thought: .\nFinal Answer: 好的\n\n[Round",
        END,
        [(TextDelta, "好的")],
    ),
    "an answer with the next question behind it": (
        "Thought: .\nFinal Answer: 好的\n\n问：",
        END,
        [(TextDelta, "好的")],
    ),
    "an answer with an invented observation": (
        "Thought: .\nFinal Answer: 好的\nObservation:",
        END,
        [(TextDelta, "好的")],
    ),
    "an answer that only resembles a mark": (
        "Thought: .\nFinal Answer: [R\n\n问\nObserv\n\n",
        END,
        [(TextDelta, "[R\n\n问\nObserv")],
    ),
    "the placeholder of the training data": (
        "Thought: .\nFinal Answer: 今年是[[训练时间]]。",
        END,
        [(TextDelta, "今年是2023年。")],
    ),
    "a call that is cut": (
        'Thought: .\nAction: get_weather\nAction Input: {"ci',
        "",
        [(CallOpened, "get_weather"), (CallDelta, '{"ci'), (CallCut, '{"ci')],
    ),
    "code that is cut in its fence": (
        "Thought: .\nAction: python\nAction Input:\n```python\n1\n``",
        "",
        [(CallOpened, "python"), (CallDelta, "1"), (CallCut, "1\n``")],
    ),
    "a thought and nothing more": ("Thought: 想一想", "", [(TextDelta, "想一想")]),
}
# What only an unconstrained model writes.
LOOSE: dict[str, tuple[str, str, Summary]] = {
    "text without labels": ("  The answer.\n", END, [(TextDelta, "The answer.")]),
    "nothing at all": ("", END, []),
    "half a label": ("Though", END, [(TextDelta, "Though")]),
    "an action at once": (f"Action: now\nAction Input: {ARGUMENTS}", END, call("now", ARGUMENTS)),
    "fenced JSON": ("Action: now\nAction Input: ```json\n{}\n```\nObs", END, call("now", "{}")),
    "a tool that is not there": (
        "Thought: .\nAction: no_tool\nAction Input: {}\nObservation: 4",
        END,
        call("no_tool", "{}"),
    ),
    "an action without an input": ("Thought: x\nAction: now", END, [(TextDelta, "x")]),
    "an empty input": ("Action: now\nAction Input:", END, [(CallOpened, "now"), (CallReady, "")]),
}


def encode(dialect: ChatGLM2Dialect, text: str, end: str) -> list[int]:
    ids = dialect.tokenizer.encode(text, continues=True)
    return [*ids, dialect.tokenizer.special_tokens[end]] if end else ids


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_turn_under_the_grammar_is_read_as_what_it_is(kind: str) -> None:
    """Byte by byte: every place where a token can end, inside characters too."""
    text, end, expected = WRITTEN[kind]
    turn = TINY.turn(TOOLS, call_id="c")
    for token_id in encode(TINY, text, end):
        mask = turn.allowed_tokens()
        assert mask is not None
        assert mask[token_id // 32] >> (token_id % 32) & 1, (text, token_id)
        turn.accept(token_id)
    assert summary(turn.take_events() + turn.finish()) == expected


@pytest.mark.parametrize("kind", [*WRITTEN, *LOOSE])
def test_a_turn_reads_the_same_wherever_a_token_ends(kind: str) -> None:
    """For every two places of the text: what lies before, between and behind them is one token each."""
    text, end, expected = (WRITTEN | LOOSE)[kind]
    # Only the grammar knows that a call without a mark behind it is whole.
    needs_grammar = not end and expected[-1][0] is CallReady
    data = text.encode()
    places = range(len(data) + 1)
    cuts = [
        [piece for piece in (data[:first], data[first:second], data[second:]) if piece]
        for first in places
        for second in places[first : first + 12]
    ]
    pieces = dict.fromkeys(
        [*(bytes([byte]) for byte in range(256)), *(p for cut in cuts for p in cut)]
    )
    ranks = {piece: rank for rank, piece in enumerate(pieces)}
    special = {name: len(ranks) + offset for offset, name in enumerate(SPECIAL_TOKENS)}
    dialect = ChatGLM2Dialect(TiktokenTokenizer(ranks, special))
    for cut in cuts:
        ids = [ranks[piece] for piece in cut] + ([special[end]] if end else [])
        turn = dialect.turn(TOOLS, call_id="c", constrained=needs_grammar)
        assert feed(turn, ids) == expected, cut


@pytest.mark.parametrize("kind", [*WRITTEN, *LOOSE])
def test_a_turn_reads_the_same_in_chatglm2s_own_tokens(
    kind: str, real_dialect: ChatGLM2Dialect
) -> None:
    text, end, expected = (WRITTEN | LOOSE)[kind]
    turn = real_dialect.turn(TOOLS, call_id="c", constrained=kind in WRITTEN)
    assert feed(turn, encode(real_dialect, text, end)) == expected


def test_without_tools_labels_are_ordinary_text() -> None:
    turn = TINY.turn((), call_id="c")
    text = " Action: now\nAction Input: {}"
    assert feed(turn, encode(TINY, text, END)) == [(TextDelta, text.strip())]


def allowed(turn: ReActTurn) -> set[int]:
    mask = turn.allowed_tokens()
    assert mask is not None
    return set(np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist())


def after(text: str, *, allow_calls: bool = True) -> ReActTurn:
    turn = TINY.turn(TOOLS, call_id="c", allow_calls=allow_calls)
    for token_id in TINY.tokenizer.encode(text):
        turn.accept(token_id)
    return turn


def test_a_turn_can_end_only_in_its_answer() -> None:
    assert TINY.end_of_text_id in allowed(after("Thought: .\nFinal Answer:"))
    for text in (
        "",
        "Thought: .",
        "Thought: .\nAction: ",
        "Thought: .\nAction: python\nAction Input:",
    ):
        assert TINY.end_of_text_id not in allowed(after(text))


@pytest.mark.parametrize("guard", ["[Round", "\n\n问：", "\nObservation:"])
def test_behind_a_guard_only_the_end_is_allowed(guard: str) -> None:
    """The engine then samples the stop token: the turn is over, and the invented round is not shown."""
    assert allowed(after(f"Thought: .\nFinal Answer: ok{guard}")) == {TINY.end_of_text_id}
    turn = TINY.turn((), call_id="c")
    for token_id in TINY.tokenizer.encode(f"ok{guard}"):
        turn.accept(token_id)
    assert allowed(turn) == {TINY.end_of_text_id}


def test_a_turn_without_calls_is_an_answer() -> None:
    first = TINY.turn(TOOLS, call_id="c", allow_calls=False)
    assert allowed(first) == set(TINY.tokenizer.encode("F"))
    assert TINY.end_of_text_id in allowed(after("Final Answer:", allow_calls=False))


def test_no_token_can_break_a_call() -> None:
    turn = after("Thought: .\nAction: ")
    assert allowed(turn) == set(TINY.tokenizer.encode("gnps"))
    with pytest.raises(GrammarError):
        turn.accept(TINY.tokenizer.encode("x")[0])


def test_control_tokens_are_never_allowed_but_the_end() -> None:
    special = set(TINY.tokenizer.special_tokens.values()) - {TINY.end_of_text_id}
    for text in ("", "Thought: x", "Thought: .\nFinal Answer: a", WRITTEN["code"][0][:-2]):
        assert special.isdisjoint(allowed(after(text)))


MAX_TOKENS = 300


def random_call(dialect: ChatGLM2Dialect, seed: int) -> CallReady | None:
    """One turn of a model whose logits are noise; None when it was not done within `MAX_TOKENS`."""
    noise = np.random.default_rng(seed)
    turn = dialect.turn(TOOLS, call_id="c")
    # A thought and which tool are noise too, but evenly so: left to itself, half of the noise would be thought.
    spec = TOOLS[seed % len(TOOLS)]
    beginning = f"Thought: .\nAction: {spec.name}\nAction Input:"
    for token_id in dialect.tokenizer.encode(beginning, continues=True):
        turn.accept(token_id)
    # Noise alone would hardly ever close a string or a fence.
    fence = dialect.tokenizer.encode("\n```", continues=True)
    quote = dialect.tokenizer.encode('"', continues=True)
    for _ in range(MAX_TOKENS):
        mask = turn.allowed_tokens()
        assert mask is not None
        choices = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
        closes = fence if spec is PYTHON and len(choices) > 100 else quote
        if noise.random() < 0.2 and closes[0] in choices:
            token_ids = closes
        else:
            token_ids = [int(noise.choice(choices))]
        for token_id in token_ids:
            turn.accept(token_id)
        ready = [event for event in turn.take_events() if isinstance(event, CallReady)]
        if ready:
            assert allowed(turn) == {dialect.end_of_text_id}
            return ready[0]
    return None


def check_calls(dialect: ChatGLM2Dialect, seeds: range) -> int:
    """How many of these random turns came to a call; each of them is one that its tool can read."""
    complete = 0
    for seed in seeds:
        ready = random_call(dialect, seed)
        if ready is None:
            continue
        complete += 1
        spec = TOOLS[seed % len(TOOLS)]
        assert ready.call.name == spec.name
        assert ready.call.arguments is not None, ready.call.raw
        if spec is BROWSER:
            assert len(parse_actions(ready.call.raw)) == 1
        elif spec is PYTHON:
            assert "\n```" not in ready.call.raw
            assert ready.call.arguments == {"code": ready.call.raw}
        else:
            Draft202012Validator(spec.parameters).validate(ready.call.arguments)
    return complete


def test_calls_from_random_logits_break_no_schema() -> None:
    """Promise P3, for a model that was never trained to call anything."""
    assert check_calls(TINY, range(400)) > 340


def test_calls_from_random_logits_over_the_real_vocabulary_break_no_schema(
    real_dialect: ChatGLM2Dialect,
) -> None:
    assert check_calls(real_dialect, range(12)) > 7


def test_a_turn_without_a_bound_on_noise_still_comes_to_an_action_or_an_answer() -> None:
    """Its thought is bounded: a model that babbles must act or answer."""
    turn = after("Thought:" + "x" * 400)
    assert allowed(turn) == set(TINY.tokenizer.encode("\n"))

"""Events as records: what is written can be read back, and nothing changes on the way."""

import dataclasses
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_agent import event_records
from glm_agent.approval import Rule
from glm_agent.chat_model import TurnOptions, TurnUsage
from glm_agent.event_records import (
    NAMES,
    TRANSIENT,
    EventRecordError,
    event_body,
    event_from,
    event_name,
    to_json,
)
from glm_agent.events import (
    Event,
    PromptRendered,
    RunFinished,
    RunResult,
    RunResumed,
    RunStarted,
    SessionWoken,
    ToolFinished,
    TurnFinished,
)
from glm_agent.limits import Limits
from glm_prompts.dialect import CallCut
from glm_prompts.messages import Segment
from glm_tools.tool import Attachment, Observation, ToolCall, ToolResult, ToolSpec

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
IDS = st.lists(st.integers(0, 200_000), max_size=5).map(tuple)
CALLS = st.builds(ToolCall, TEXT, TEXT, st.none() | st.dictionaries(TEXT, JSON, max_size=3), TEXT)
RESULTS = st.builds(
    ToolResult,
    TEXT,
    st.sampled_from(["ok", "error", "interrupted"]),
    st.lists(st.builds(Observation, TEXT, TEXT), min_size=1, max_size=2).map(tuple),
    st.lists(st.builds(Attachment, TEXT, TEXT, st.binary(max_size=9)), max_size=2).map(tuple),
    TEXT,
    st.floats(0, 9),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        RunStarted,
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        st.lists(st.builds(ToolSpec, TEXT, TEXT, st.dictionaries(TEXT, JSON)), max_size=2).map(
            tuple
        ),
        st.none() | TEXT,
        st.booleans(),
    ),
    st.builds(
        PromptRendered,
        st.integers(1, 9),
        st.integers(0, 9),
        st.lists(st.builds(Segment, TEXT, IDS), max_size=3).map(tuple),
        st.builds(TurnOptions, TEXT),
    ),
    st.builds(
        TurnFinished,
        st.integers(1, 9),
        TEXT,
        st.none() | CALLS,
        st.none() | st.builds(CallCut, TEXT, TEXT),
        st.sampled_from(["stop", "repetition"]),
        st.builds(TurnUsage, st.integers(0, 9), prefill_s=st.floats(0, 9)),
        IDS,
        st.none() | st.integers(0, 9),
    ),
    st.builds(SessionWoken, st.integers(0, 9), TEXT),
    st.builds(
        RunResumed,
        TEXT,
        st.booleans(),
        st.none() | st.builds(Limits, st.integers(1, 99)),
        st.lists(
            st.builds(Rule, st.sampled_from(["auto", "ask"]), TEXT, st.dictionaries(TEXT, TEXT)),
            max_size=2,
        ).map(tuple),
    ),
    st.builds(ToolFinished, CALLS, RESULTS, st.booleans()),
    st.builds(
        RunFinished,
        st.builds(
            RunResult, TEXT, TEXT, st.just("answer"), st.just(()), st.floats(0, 9), TEXT,
            st.none() | CALLS,
        ),
    ),
)  # fmt: skip


@given(event=EVENTS)
def test_what_is_recorded_reads_back_as_it_was(event: Event) -> None:
    record = json.loads(to_json(event_body(event)))
    assert event_from(event_name(event), record) == event


def test_every_event_has_a_name() -> None:
    assert set(NAMES) == set(get_args(Event))
    assert len(set(NAMES.values())) == len(NAMES)
    assert set(TRANSIENT) < set(NAMES)


def test_half_a_surrogate_pair_survives() -> None:
    call = ToolCall("c", "f", {"x": "\ud800"}, "\ud800")
    text = to_json(dataclasses.asdict(call))
    assert json.loads(text.encode("utf-8")) == dataclasses.asdict(call)


@pytest.mark.parametrize(
    ("name", "body"),
    [("no.such", {}), ("tool.started", {}), ("run.started", {"run_id": 3}), ("step.finished", {"number": 1})],
)  # fmt: skip
def test_what_is_no_event_is_refused(name: str, body: dict[str, Any]) -> None:
    with pytest.raises(EventRecordError):
        event_from(name, body)


def test_the_version_is_one() -> None:
    """Change it when a name or a field's meaning changes; readers rely on it."""
    assert event_records.VERSION == 1

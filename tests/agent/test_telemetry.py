"""Spans of a run: their names, their tree, and that nothing said is in them."""

from pathlib import Path

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` and its SDK are not installed")

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import Tracer

from glm_agent.events import PromptRendered, TurnFinished
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.telemetry import traced
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.errors import ToolError
from glm_tools.function_tool import tool


@tool
def fail(secret: str) -> str:
    """Fail."""
    raise ToolError(f"no {secret}")


@tool(risky=True)
def pay() -> str:
    """Pay."""
    return "paid"


@pytest.fixture
def spans() -> tuple[InMemorySpanExporter, Tracer]:
    """Where finished spans go, and the tracer that makes them."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, provider.get_tracer("test")


def test_a_run_is_a_tree_of_spans_without_what_was_said(
    spans: tuple[InMemorySpanExporter, Tracer],
) -> None:
    exporter, tracer = spans
    agent = Agent(ScriptedModel([call("fail", secret="hunter2"), say("I cannot.")]), [fail])
    events = list(traced(agent.stream("the hunter2 task"), tracer=tracer))
    assert events
    *parts, run = exporter.get_finished_spans()
    assert [span.name for span in parts] == ["chat scripted", "execute_tool fail", "chat scripted"]
    assert run.context is not None
    assert all(span.parent and span.parent.span_id == run.context.span_id for span in parts)
    assert run.attributes is not None
    assert run.attributes["glm_agent.finish_reason"] == "answer"
    assert run.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert not parts[1].status.is_ok
    assert "hunter2" not in "".join(span.to_json() for span in (*parts, run))


def test_names_are_those_of_the_genai_conventions(
    spans: tuple[InMemorySpanExporter, Tracer],
) -> None:
    """The conventions' own package lists them."""
    exporter, tracer = spans
    agent = Agent(ScriptedModel([call("fail", secret="x"), say("No.")]), [fail])
    list(traced(agent.stream("?"), tracer=tracer))
    known = {value for value in vars(gen_ai_attributes).values() if isinstance(value, str)}
    operations = {value.value for value in gen_ai_attributes.GenAiOperationNameValues}
    for span in exporter.get_finished_spans():
        assert span.attributes is not None
        assert {name for name in span.attributes if name.startswith("gen_ai.")} <= known
        assert span.attributes["gen_ai.operation.name"] in operations


def test_a_turns_span_has_the_counts_of_its_turn(
    spans: tuple[InMemorySpanExporter, Tracer],
) -> None:
    exporter, tracer = spans
    agent = Agent(ScriptedModel([call("nothing"), say("No.")]))
    events = list(traced(agent.stream("?"), tracer=tracer))
    usages = [event.usage for event in events if isinstance(event, TurnFinished)]
    chats = [span for span in exporter.get_finished_spans() if span.name.startswith("chat")]
    for span, usage in zip(chats, usages, strict=True):
        assert span.attributes is not None
        assert span.attributes["gen_ai.usage.input_tokens"] == usage.new_tokens + usage.reused_tokens  # fmt: skip
        assert span.attributes["gen_ai.usage.cache_read.input_tokens"] == usage.reused_tokens
        assert span.attributes["gen_ai.usage.output_tokens"] == usage.generated_tokens
        assert span.attributes["gen_ai.response.finish_reasons"] == ("stop",)
        assert span.attributes["gen_ai.request.max_tokens"] == agent.limits.max_new_tokens


def test_a_call_that_waits_has_no_span_until_it_runs_in_the_resumed_run(
    tmp_path: Path, spans: tuple[InMemorySpanExporter, Tracer]
) -> None:
    exporter, tracer = spans
    journal = Journal(tmp_path / "sessions.sqlite3")
    model = ScriptedModel([call("pay"), say("Paid.")])
    with Agent(model, [pay], journal=journal) as agent, agent.session() as session:
        list(traced(session.stream("Pay."), tracer=tracer))
        waited = [span.name for span in exporter.get_finished_spans()]
        exporter.clear()
        list(traced(session.stream_resumed(decision="approved"), tracer=tracer))
    journal.close()
    assert waited == ["chat scripted", "invoke_agent glm-agent"]
    *parts, run = exporter.get_finished_spans()
    assert [span.name for span in parts] == ["execute_tool pay", "chat"]
    assert run.context is not None
    assert all(span.parent and span.parent.span_id == run.context.span_id for span in parts)


def test_a_stream_that_is_left_early_leaves_no_span_open(
    spans: tuple[InMemorySpanExporter, Tracer],
) -> None:
    exporter, tracer = spans
    stream = traced(Agent(ScriptedModel([say("x")])).stream("?"), tracer=tracer)
    for event in stream:
        if isinstance(event, PromptRendered):
            break
    assert exporter.get_finished_spans() == ()
    stream.close()
    assert [span.name for span in exporter.get_finished_spans()] == [
        "chat scripted",
        "invoke_agent glm-agent",
    ]

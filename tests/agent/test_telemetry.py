"""Spans of a run: their names, their tree, and that nothing said is in them."""

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` and its SDK are not installed")

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glm_agent.orchestrator import Agent
from glm_agent.telemetry import traced
from glm_agent.testing import ScriptedModel, call, say
from glm_tools.errors import ToolError
from glm_tools.function_tool import tool


@tool
def fail(secret: str) -> str:
    """Fail."""
    raise ToolError(f"no {secret}")


def test_a_run_is_a_tree_of_spans_without_what_was_said() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    agent = Agent(ScriptedModel([call("fail", secret="hunter2"), say("I cannot.")]), [fail])
    events = list(traced(agent.stream("the hunter2 task"), tracer=provider.get_tracer("test")))
    assert events
    *parts, run = exporter.get_finished_spans()
    assert [span.name for span in parts] == ["chat scripted", "execute_tool fail", "chat scripted"]
    assert run.context is not None
    assert all(span.parent and span.parent.span_id == run.context.span_id for span in parts)
    assert run.attributes is not None
    assert run.attributes["glm_agent.finish_reason"] == "answer"
    assert not parts[1].status.is_ok
    assert "hunter2" not in "".join(span.to_json() for span in (*parts, run))

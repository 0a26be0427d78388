"""A run as OpenTelemetry spans, with the names of the GenAI conventions. Needs the extra `otel`.

Covers: names, models, counts and outcomes. Does not cover: what was said. Prompts, arguments and results stay out of
spans, which travel further than a journal does.
"""

from collections.abc import Generator, Iterator

from opentelemetry.trace import Span, Status, StatusCode, Tracer, get_tracer, set_span_in_context

from glm_agent.events import (
    Event,
    PromptRendered,
    RunFinished,
    RunResumed,
    RunStarted,
    ToolFinished,
    ToolStarted,
    TurnFinished,
)


def traced(
    events: Iterator[Event], *, tracer: Tracer | None = None
) -> Generator[Event, None, None]:
    """The same events; meanwhile a span for the run, one for each turn of the model and one for each call.

    ```python
    for event in traced(agent.stream("Weather in Bonn?")): ...
    ```

    Args:
        events: of one run.
        tracer: of the program's own provider; the global one when None.
    """
    tracer = tracer or get_tracer("glm_agent")
    run: Span | None = None
    part: Span | None = None  # the turn or the call that is under way
    model = ""
    try:
        for event in events:
            match event:
                case RunStarted():
                    model = event.model
                    run = tracer.start_span("invoke_agent glm-agent")
                    run.set_attribute("gen_ai.operation.name", "invoke_agent")
                    run.set_attribute("gen_ai.request.model", model)
                    run.set_attribute("gen_ai.conversation.id", event.session_id)
                case RunResumed():
                    run = tracer.start_span("invoke_agent glm-agent")
                    run.set_attribute("gen_ai.operation.name", "invoke_agent")
                case PromptRendered():
                    part = _child(tracer, run, f"chat {model}".strip(), "chat")
                    part.set_attribute("gen_ai.request.max_tokens", event.options.max_new_tokens)
                    part.set_attribute("gen_ai.request.temperature", event.options.temperature)
                case ToolStarted():
                    part = _child(tracer, run, f"execute_tool {event.call.name}", "execute_tool")
                    part.set_attribute("gen_ai.tool.name", event.call.name)
                    part.set_attribute("gen_ai.tool.call.id", event.call.id)
                case TurnFinished() | ToolFinished() if part is not None:
                    _end(part, event)
                    part = None
                case RunFinished() if run is not None:
                    run.set_attribute("glm_agent.finish_reason", event.result.finish_reason)
            yield event
    finally:
        for span in (part, run):
            if span is not None:
                span.end()


def _child(tracer: Tracer, run: Span | None, name: str, operation: str) -> Span:
    context = None if run is None else set_span_in_context(run)
    span = tracer.start_span(name, context)
    span.set_attribute("gen_ai.operation.name", operation)
    span.set_attribute("gen_ai.provider.name", "glm_agent")
    return span


def _end(span: Span, event: TurnFinished | ToolFinished) -> None:
    if isinstance(event, TurnFinished):
        usage = event.usage
        span.set_attribute("gen_ai.usage.input_tokens", usage.new_tokens + usage.reused_tokens)
        span.set_attribute("gen_ai.usage.cache_read.input_tokens", usage.reused_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", usage.generated_tokens)
        span.set_attribute("gen_ai.response.finish_reasons", [event.finish])
    elif event.result.is_error:
        span.set_attribute("error.type", event.result.status)
        span.set_status(Status(StatusCode.ERROR))
    span.end()

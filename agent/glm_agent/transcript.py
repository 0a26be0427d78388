"""A recorded run as lines for a person."""

from glm_agent.events import (
    AnswerRejected,
    ApprovalDecided,
    ApprovalRequested,
    ContextReduced,
    Event,
    LimitReached,
    RunFinished,
    RunResumed,
    RunStarted,
    SessionWoken,
    ToolFinished,
    ToolStarted,
    TurnFinished,
)


def event_lines(event: Event) -> list[str]:
    """What a person reads of one event; nothing for those that only matter to the loop."""
    match event:
        case RunStarted(model=model, tools=tools, prompt=prompt):
            names = ", ".join(spec.name for spec in tools) or "none"
            return [f"model {model}, tools {names}", f"> {prompt}"]
        case RunResumed(limits=limits, rules=rules):
            changes = [] if limits is None else [f"limits now {limits}"]
            changes += [f"rule {rule.permission} {rule.tool} {rule.source}" for rule in rules]
            return [f"({', '.join(['resumed', *changes])})"]
        case SessionWoken(reused_tokens=reused, reason=reason):
            return [
                f"(woken up: {reused:,} tokens were there already; {reason})".replace("; )", ")")
            ]
        case TurnFinished(text=text, cut=cut):
            lines = [text.strip()] if text.strip() else []
            return lines if cut is None else [*lines, f"(the call of {cut.name} was cut off)"]
        case ToolStarted(call=call):
            return [f"● {call.name}", call.raw]
        case ToolFinished(result=result):
            texts = [observation.text for observation in result.observations]
            return [f"╰ {result.status}", *texts]
        case RunFinished(result=result):
            return [f"({result.finish_reason}, {result.duration_s:.1f} s)"]
    return _lines_of_the_loop(event)


def _lines_of_the_loop(event: Event) -> list[str]:
    match event:
        case AnswerRejected(problem=problem):
            return [f"(the answer was sent back: {problem})"]
        case ApprovalRequested(call=call, reason=reason):
            return [f"? {call.name} {call.raw}", f"  approval needed: {reason}"]
        case ApprovalDecided(decision=decision, comment=comment):
            return [f"  {decision} {comment}".rstrip()]
        case ContextReduced(policy=policy, tokens_before=before, tokens_after=after):
            return [f"(context: {policy}, {before:,} to {after:,} tokens)"]
        case LimitReached(reason=reason):
            return [f"(limit: {reason}; calls are closed)"]
    return []

"""Settling one call: hooks, policy, approval, dispatch. Whatever happens, exactly one result comes of it."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import get_args

from glm_agent.approval import Policy, Verdict
from glm_agent.cancellation import StopFlag
from glm_agent.errors import ConfigurationError
from glm_agent.events import (
    ApprovalDecided,
    ApprovalRequested,
    Decision,
    Event,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from glm_agent.hooks import AfterCall, Ask, BeforeCall, Deny, Replace
from glm_agent.state import SessionState
from glm_tools.dispatch import Dispatcher
from glm_tools.results import readable_text
from glm_tools.tool import Observation, ResultStatus, Tool, ToolCall, ToolResult

LOOP_REFUSAL = (
    "This very call was made before and gave the same result. It was not run again. "
    "Answer the user with what is known."
)
INTERRUPTED = (
    "The program ended while this call ran. Whether it took effect is not known; it was not run again. "
    "Check before you repeat it."
)

Approve = Callable[[ApprovalRequested], ApprovalDecided]


@dataclass(frozen=True, slots=True)
class CallRules:
    """What is asked before a call runs, and told after it.

    Attributes:
        policy: which calls run, ask or never run.
        approve: asks a person; None when nobody is there.
        before: in order; the first that says something decides, replacements add up.
        after: in order; each sees what the one before made of the result.
    """

    policy: Policy
    approve: Approve | None
    before: Sequence[BeforeCall]
    after: Sequence[AfterCall]


class CallRunner:
    """Settles calls one at a time.

    Args:
        dispatchers: run them; the first that knows the tool does, or the first of all.
        worker: the thread they are handed to.
        rules: see `CallRules`.
        max_repeats: see `Limits`.
        deps: for tools that ask for `Ctx`.
        live: tools that were run in this session since they were made; grows. What others were left with by earlier
            calls went with the process that made those.

    Attributes:
        needs_approval: the call waits for a yes, and nobody is there to give it.
    """

    def __init__(
        self,
        dispatchers: Sequence[Dispatcher],
        worker: Executor,
        rules: CallRules,
        *,
        max_repeats: int,
        deps: object = None,
        live: set[str] | None = None,
    ) -> None:
        self._dispatchers = dispatchers
        self._deps = deps
        self._worker = worker
        self._rules = rules
        self._max_repeats = max_repeats
        self._live = set() if live is None else live
        self.needs_approval = False

    def settle(self, state: SessionState, stop: StopFlag) -> Iterator[Event]:
        """Bring the state's call to its result. Ends without one when approval is needed and nobody is there."""
        call = state.call
        assert call is not None, "there is a call to settle"
        if state.is_started:  # by a process that is no more
            if not self._may_rerun(state, call):
                note = self._lost_state(state, call)
                yield self._refused(call, "interrupted", f"{INTERRUPTED}\n{note}".strip())
                return
            # The hooks have had their say of it; rules may have come with the resumption.
            if (tool := self._tool(call)) is not None and call.arguments is not None:
                permitted = yield from self._asked(state, call, tool, "")
                if permitted is None:
                    return
        elif state.times_repeated(call) >= self._max_repeats - 1:
            yield self._refused(call, "denied", LOOP_REFUSAL)
            return
        elif (tool := self._tool(call)) is not None and call.arguments is not None:
            permitted = yield from self._permit(state, call, tool)
            if permitted is None:
                return
            call = permitted
        yield from self._run(call, stop, self._lost_state(state, call))

    def _lost_state(self, state: SessionState, call: ToolCall) -> str:
        """What the model must know of a tool that it used before, in another process; said once."""
        tool = self._tool(call)
        is_new = call.name in state.called and call.name not in self._live
        self._live.add(call.name)
        return "" if tool is None or not is_new else tool.lost_state_note

    def _may_rerun(self, state: SessionState, call: ToolCall) -> bool:
        tool = self._tool(call)
        return state.reruns_interrupted or (tool is not None and tool.idempotent)

    def _tool(self, call: ToolCall) -> Tool | None:
        known = (dispatcher for dispatcher in self._dispatchers if call.name in dispatcher)
        return next((dispatcher[call.name] for dispatcher in known), None)

    def _dispatcher(self, call: ToolCall) -> Dispatcher:
        known = (dispatcher for dispatcher in self._dispatchers if call.name in dispatcher)
        return next(known, self._dispatchers[0])

    def _permit(
        self, state: SessionState, call: ToolCall, tool: Tool
    ) -> Generator[Event, None, ToolCall | None]:
        """The call as it may run; None when it was settled here or waits."""
        asked = ""
        for hook in self._rules.before:
            match hook(call):
                case Deny(reason=reason):
                    yield self._refused(call, "denied", f"The call was not run: {reason}")
                    return None
                case Replace(arguments=arguments):
                    call = replace(call, arguments=dict(arguments))
                case Ask(reason=reason):
                    asked = asked or reason
                case None:
                    pass
                case other:  # the class `Deny`, say, or False: meant as a no, and no leave to run
                    raise ConfigurationError(
                        f"A before_call hook returned {other!r}; it returns None, Deny(…), Ask(…) or Replace(…)."
                    )
        return (yield from self._asked(state, call, tool, asked))

    def _asked(
        self, state: SessionState, call: ToolCall, tool: Tool, asked: str
    ) -> Generator[Event, None, ToolCall | None]:
        """The call as the policy lets it run; None when it was settled here or waits. `asked`: why a hook wants a yes."""
        verdict = self._rules.policy.decide(call, tool, is_untrusted=state.is_untrusted)
        if asked and verdict.permission == "auto":
            verdict = Verdict("ask", asked)
        if verdict.permission == "never":
            yield self._refused(
                call, "denied", "The call was not run: the user's policy does not allow it."
            )
            return None
        if verdict.permission == "ask":
            decided = yield from self._decision(state, call, verdict.reason)
            if decided is None:
                self.needs_approval = True
                return None
            if decided.decision != "approved":
                comment = f" {decided.comment}" if decided.comment else ""
                yield self._refused(
                    call, "denied", f"The call was not run: the user said no.{comment}"
                )
                return None
        return call

    def _decision(
        self, state: SessionState, call: ToolCall, reason: str
    ) -> Generator[Event, None, ApprovalDecided | None]:
        """What somebody decided of this very call, before or now; None when nobody is there."""
        if state.requested is None or state.requested.call != call:
            # A yes to other arguments is no yes to these.
            yield ApprovalRequested(call, reason)
        elif state.decided is not None:
            return state.decided
        if self._rules.approve is None:
            return None
        decided = self._rules.approve(ApprovalRequested(call, reason))
        check_decision(decided.decision)
        if decided.call_id != call.id:
            raise ConfigurationError(
                f"`approve` was asked about {call.id} and decided about {decided.call_id!r}: a yes is of one call."
            )
        yield decided
        return decided

    def _run(self, call: ToolCall, stop: StopFlag, note: str) -> Iterator[Event]:
        yield ToolStarted(call)
        output: SimpleQueue[ToolProgress | None] = SimpleQueue()
        future: Future[ToolResult] = self._worker.submit(
            self._dispatcher(call).run,
            call,
            cancel=stop,
            deps=self._deps,
            on_output=lambda stream, text: output.put(ToolProgress(call.id, stream, text)),
        )
        future.add_done_callback(lambda _: output.put(None))
        try:
            while (piece := output.get()) is not None:
                yield piece
        finally:
            stop.set()  # whoever leaves the stream early leaves no tool running
        result = future.result()
        if result.status == "cancelled" and stop.is_out_of_time:
            text = (
                f"The time of the whole run was over while {call.name!r} ran; it was told to stop."
            )
            result = replace(result, status="timeout", observations=(Observation(text),))
        if note:
            *others, last = result.observations
            last = replace(last, text=f"{last.text}\n{note}")
            result = replace(result, observations=(*others, last))
        for hook in self._rules.after:
            result = _readable(call, hook(call, result) or result)
        tool = self._tool(call)
        yield ToolFinished(call, result, is_untrusted=tool is not None and tool.untrusted)

    def _refused(self, call: ToolCall, status: ResultStatus, text: str) -> ToolFinished:
        return ToolFinished(call, ToolResult(call.id, status, (Observation(readable_text(text)),)))


def _readable(call: ToolCall, result: ToolResult) -> ToolResult:
    """A hook's result in the form that the dispatcher's have: of this call, with text that a model can be told."""
    observations = result.observations or (Observation(""),)
    readable = (replace(one, text=readable_text(one.text)) for one in observations)
    return replace(result, call_id=call.id, observations=tuple(readable))


def check_decision(decision: str) -> None:
    """Refuse what is neither yes nor no, before it is recorded.

    Raises:
        ConfigurationError: it is neither.
    """
    if decision not in get_args(Decision):
        raise ConfigurationError(
            f"{decision!r} decides nothing about a call; write 'approved' or 'rejected'."
        )


def is_loop_refusal(result: ToolResult | None) -> bool:
    """Whether a call was refused as one repetition too many."""
    return result is not None and result.status == "denied" and result.text == LOOP_REFUSAL

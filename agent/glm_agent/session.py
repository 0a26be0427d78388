"""A conversation that lasts over several runs, and over several processes where there is a journal."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import replace
from threading import Event as Flag
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack, overload

from glm_agent.approval import Rule
from glm_agent.asynchronous import own_flag, stream_in_thread
from glm_agent.calls import CallRunner, check_decision
from glm_agent.chat_model import Conversation
from glm_agent.errors import ConfigurationError
from glm_agent.events import (
    ApprovalDecided,
    Decision,
    Event,
    RunFinished,
    RunResult,
    RunResumed,
    RunStarted,
    SessionWoken,
)
from glm_agent.journal import new_run_id
from glm_agent.limits import Limits
from glm_agent.loop import RunLoop
from glm_agent.output_type import OutputType, TypedResult, output_type_of, typed_result
from glm_agent.read_result import ReadResultTool
from glm_agent.state import SessionState, check_resumable, count_tokens
from glm_agent.warm_files import WarmFiles
from glm_tools.dispatch import Dispatcher

if TYPE_CHECKING:
    from glm_agent.orchestrator import Agent

T = TypeVar("T")


class RunOptions(TypedDict, total=False):
    """What `Session.run` takes beside a prompt and a type."""

    cancel: Flag | None
    is_untrusted: bool


class ResumeOptions(TypedDict, total=False):
    """What `Session.resume` takes beside a type."""

    decision: Decision | None
    comment: str
    rerun_interrupted: bool
    limits: Limits | None
    rules: Sequence[Rule]
    cancel: Flag | None


class Session:
    """Runs one after another in one conversation. Made by `Agent.session`.

    With a journal, nobody else works on the session until it is closed.

    Attributes:
        id: its name in the journal.
        state: where it stands; changed by its runs.
    """

    def __init__(
        self,
        agent: "Agent",
        session_id: str,
        state: SessionState,
        *,
        warm: WarmFiles | None = None,
        parent: str | None = None,
    ) -> None:
        self.id = session_id
        self.state = state
        self._agent = agent
        self._warm = warm
        self._parent = parent
        self._num_kept = 0  # tokens of the conversation when it was last the same as its file
        self._conversation: Conversation | None = None
        self._dispatchers = [agent.dispatcher]
        if agent.can_page:
            reader = ReadResultTool(
                state.texts,
                budget_tokens=min(
                    agent.limits.max_observation_tokens, agent.model.context_length // 4
                ),
                count_tokens=agent.model.count_tokens,
            )
            self._dispatchers.append(Dispatcher([reader], limit_chars=None))
        self._is_closed = False
        self._lock = ExitStack()
        if agent.journal is not None:
            self._lock.enter_context(agent.journal.locked(session_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Keep warm what is to be kept, and let others work on the session. Safe to call twice.

        Raises:
            WarmFileError: what was computed cannot be written; the session is closed all the same.
        """
        self._is_closed = True
        warm, self._warm = self._warm, None
        try:
            conversation = self._conversation
            if warm and conversation and conversation.num_tokens != self._num_kept:
                warm.save(self.id, conversation)
        finally:
            self._lock.close()

    @property
    def num_tokens(self) -> int:
        """Tokens that the model has read and written in this session."""
        return count_tokens(self.state.history)

    @overload
    def run(
        self, prompt: str, *, output: None = None, **options: Unpack[RunOptions]
    ) -> RunResult: ...
    @overload
    def run(
        self, prompt: str, *, output: type[T] | OutputType[T], **options: Unpack[RunOptions]
    ) -> TypedResult[T]: ...
    @overload
    def run(
        self, prompt: str, *, output: object, **options: Unpack[RunOptions]
    ) -> TypedResult[Any]: ...
    def run(
        self,
        prompt: str,
        *,
        output: object = None,
        cancel: Flag | None = None,
        is_untrusted: bool = False,
    ) -> RunResult:
        """Do one task, after those before it.

        Args:
            prompt: the user's words.
            output: the type of the answer, or its JSON Schema; see `Agent.run`.
            cancel: set it to stop the run; what there is is returned.
            is_untrusted: the prompt carries text of others, an attached file say.

        Raises:
            ConfigurationError: the last run is not finished, or no answer could be of the type.
            JournalError: what happens cannot be recorded; what would have followed did not happen.
        """
        wanted = output_type_of(output)
        events = self.stream(prompt, output=wanted, cancel=cancel, is_untrusted=is_untrusted)
        return typed_result(finished(events), wanted)

    def stream(
        self,
        prompt: str,
        *,
        output: object = None,
        cancel: Flag | None = None,
        is_untrusted: bool = False,
    ) -> Iterator[Event]:
        """As `run`, and tell what happens; the last event is `RunFinished`. Its answer is the JSON text."""
        wanted = output_type_of(output)
        if self.state.is_open:
            raise ConfigurationError(
                f"Run {self.state.run_id} of this session is not finished: resume it first "
                f"(glm-agent resume {self.state.run_id})."
            )
        started = RunStarted(
            run_id=new_run_id(),
            session_id=self.id,
            model=self._agent.model.name,
            # What is not text (half a surrogate pair from a strange file name) has no tokens.
            prompt=prompt.encode("utf-8", "replace").decode("utf-8"),
            tools=self._agent.specs,
            system=self._agent.system,
            is_untrusted=is_untrusted,
            limits=self._agent.limits,
            output_schema=None if wanted is None else wanted.schema,
            kernel_class=self._agent.model.kernel_class,
        )
        return self._drive([started], cancel or Flag(), wanted)

    @overload
    def resume(self, *, output: None = None, **options: Unpack[ResumeOptions]) -> RunResult: ...
    @overload
    def resume(
        self, *, output: type[T] | OutputType[T], **options: Unpack[ResumeOptions]
    ) -> TypedResult[T]: ...
    @overload
    def resume(self, *, output: object, **options: Unpack[ResumeOptions]) -> TypedResult[Any]: ...
    def resume(
        self,
        *,
        decision: Decision | None = None,
        comment: str = "",
        rerun_interrupted: bool = False,
        limits: Limits | None = None,
        rules: Sequence[Rule] = (),
        output: object = None,
        cancel: Flag | None = None,
    ) -> RunResult:
        """Go on with the last run, where it was cut short, interrupted, or stopped for approval or by a limit.

        Args:
            decision: of the call that waits for approval.
            comment: for the model, with a rejection.
            rerun_interrupted: a call that was under way when the program ended runs again. Without it, only a tool
                that is declared idempotent does; of any other the model is told that it was interrupted.
            limits: of the run from here on; None leaves them. A run that was stopped by a limit needs other ones: its
                forced or cut answer is taken back, and it goes on from there.
            rules: go before the agent's policy for the rest of the run.
            output: the type that the run was asked for, to have the answer as a value of it (`TypedResult`). Without
                it the answer is held to its recorded schema all the same.
            cancel: set it to stop the run.

        Raises:
            ConfigurationError: there is nothing to resume, or to decide.
            JournalError: see `run`.
        """
        wanted = output_type_of(output)
        events = self.stream_resumed(
            decision=decision,
            comment=comment,
            rerun_interrupted=rerun_interrupted,
            limits=limits,
            rules=rules,
            output=wanted,
            cancel=cancel,
        )
        return typed_result(finished(events), wanted)

    def stream_resumed(
        self,
        *,
        decision: Decision | None = None,
        comment: str = "",
        rerun_interrupted: bool = False,
        limits: Limits | None = None,
        rules: Sequence[Rule] = (),
        output: object = None,
        cancel: Flag | None = None,
    ) -> Iterator[Event]:
        """As `resume`, and tell what happens; the last event is `RunFinished`."""
        state = self.state
        check_resumable(state.run_id, state.finish, has_limits=limits is not None)
        if limits is not None:
            limits.check()
        first: list[Event] = [RunResumed(state.run_id, rerun_interrupted, limits, tuple(rules))]
        if decision is not None:
            if state.call is None or state.requested is None or state.decided is not None:
                raise ConfigurationError(f"No call of run {state.run_id} waits for approval.")
            check_decision(decision)
            first.append(ApprovalDecided(state.call.id, decision, comment))
        wanted = output_type_of(state.output_schema if output is None else output)
        if output is not None and wanted is not None and wanted.schema != state.output_schema:
            raise ConfigurationError(
                f"Run {state.run_id} was asked for an answer of another type than {wanted.name!r}."
            )
        return self._drive(first, cancel or Flag(), wanted)

    @overload
    async def arun(
        self, prompt: str, *, output: None = None, **options: Unpack[RunOptions]
    ) -> RunResult: ...
    @overload
    async def arun(
        self, prompt: str, *, output: type[T] | OutputType[T], **options: Unpack[RunOptions]
    ) -> TypedResult[T]: ...
    @overload
    async def arun(
        self, prompt: str, *, output: object, **options: Unpack[RunOptions]
    ) -> TypedResult[Any]: ...
    async def arun(
        self,
        prompt: str,
        *,
        output: object = None,
        cancel: Flag | None = None,
        is_untrusted: bool = False,
    ) -> RunResult:
        """As `run`, without blocking the event loop. Cancelling the task stops the run."""
        wanted = output_type_of(output)
        async with aclosing(
            self.astream(prompt, output=wanted, cancel=cancel, is_untrusted=is_untrusted)
        ) as events:
            async for event in events:
                if isinstance(event, RunFinished):
                    return typed_result(event.result, wanted)
        raise AssertionError("a run ends with RunFinished")

    def astream(
        self,
        prompt: str,
        *,
        output: object = None,
        cancel: Flag | None = None,
        is_untrusted: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """As `stream`, without blocking the event loop. Leaving the iterator stops the run."""
        flag = own_flag(cancel)
        return stream_in_thread(
            lambda: self.stream(prompt, output=output, cancel=flag, is_untrusted=is_untrusted), flag
        )

    def _drive(
        self, first: list[Event], cancel: Flag, output: OutputType[Any] | None
    ) -> Iterator[Event]:
        """Record each event, apply it, show it; the loop goes on when all three are done."""
        for event in first:
            self._take(event)
            yield event
        agent = self._agent
        if self._conversation is None:
            self._conversation, woken = self._open()
            if woken is not None:
                self._take(woken)
                yield woken
        elif self.state.history and list(self._conversation.segments) != self.state.history:
            self._conversation.rewrite(self.state.history)  # a turn was taken back
        policy = agent.call_rules.policy
        calls = CallRunner(
            self._dispatchers,
            agent.worker,
            replace(
                agent.call_rules, policy=replace(policy, rules=(*self.state.rules, *policy.rules))
            ),
            max_repeats=self.state.limits.max_repeats,
            deps=agent.deps,
            # In the process that forked it a session has its parent's tools, and what they were left with.
            live=agent.live_tools.setdefault(
                self.id, set(agent.live_tools.get(self._parent or "", ()))
            ),
        )
        loop = RunLoop(
            self.id,
            agent.model,
            self._conversation,
            self.state,
            calls,
            self.state.limits,
            agent.sampling,
            cancel=cancel,
            can_page=agent.can_page,
            output=output,
            clock=agent.clock,
        )
        for event in loop.events():
            self._take(event)
            yield event

    def _open(self) -> tuple[Conversation, SessionWoken | None]:
        """The conversation that goes on from the state's history, and what it was spared."""
        agent, history = self._agent, self.state.history
        conversation = agent.model.open(agent.system, agent.specs, history or None)
        if self._warm is None or not history:
            return conversation, None
        ids = (self.id,) if self._parent is None else (self.id, self._parent)
        start = self._warm.restore(ids, conversation)
        if start.was_used and not start.reason:
            self._num_kept = conversation.num_tokens
        return conversation, SessionWoken(start.reused_tokens, start.reason)

    def _take(self, event: Event) -> None:
        if self._is_closed and self._agent.journal is not None:  # others may work on it now
            raise ConfigurationError(
                f"Session {self.id} is closed: open it again with Agent.session({self.id!r})."
            )
        run_id = event.run_id if isinstance(event, RunStarted) else self.state.run_id
        if self._agent.journal is not None:
            self._agent.journal.record(run_id, event)
        self.state.apply(event)


def finished(events: Iterator[Event]) -> RunResult:
    """The result that a stream of events ends with."""
    for event in events:
        if isinstance(event, RunFinished):
            return event.result
    raise AssertionError("a run ends with RunFinished")

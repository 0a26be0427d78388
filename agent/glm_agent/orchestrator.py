"""The agent: a model, its tools, and what holds for all their runs."""

import time
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from threading import Event as Flag
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from glm_agent.approval import Policy
from glm_agent.asynchronous import own_flag, stream_in_thread
from glm_agent.calls import Approve, CallRules
from glm_agent.chat_model import ChatModel
from glm_agent.errors import ConfigurationError
from glm_agent.events import Event, RunFinished, RunResult, RunStarted, ToolFinished
from glm_agent.hooks import AfterCall, BeforeCall
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.output_type import OutputType, TypedResult, output_type_of, typed_result
from glm_agent.read_result import SPEC as READ_RESULT_SPEC
from glm_agent.sampling import Sampling
from glm_agent.session import Session, finished
from glm_agent.state import SessionState
from glm_agent.warm_files import WarmFiles
from glm_tools.dispatch import Dispatcher
from glm_tools.tool import Tool, ToolSpec

T = TypeVar("T")


class Agent:
    """A model, its tools and the loop between them.

    ```python
    with Agent(model, tools=[get_weather]) as agent:
        print(agent.run("Weather in Bonn?").answer)
    ```

    Args:
        model: who answers.
        tools: what it may call. The agent closes them.
        system: the user's own system text, beside what the dialect says about tools.
        limits: how far a run may go.
        sampling: how tokens are chosen.
        journal: where runs are recorded, each event before its effect; None records nothing.
        policy: which calls run, ask first or never run.
        approve: asks a person, and returns what was decided. Without it, a run whose call needs a yes ends with
            `needs_approval` and can be resumed.
        can_page: gives the model `read_result`, where it has other tools and none of that name; None asks the model
            whether it can (`ChatModel.pages_results`).
        deps: what tools find in `Ctx.deps`.
        settings: kept with each new session (`SessionInfo.settings`), so that whoever made the agent can make it again.
        clock: seconds that only grow; for tests of time limits.

    Attributes:
        model, system, limits, sampling, journal, deps, settings, clock: as given.
        dispatcher: runs the tools.
        can_page: whether the model has `read_result`.
        call_rules: what is asked before a call runs.
        worker: the thread that calls are handed to.
        live_tools: session -> the tools that were run in it since the agent was made.

    Raises:
        ToolDefinitionError: two tools have the same name.
        ConfigurationError: a limit is none.
    """

    def __init__(
        self,
        model: ChatModel,
        tools: Sequence[Tool] = (),
        *,
        system: str | None = None,
        limits: Limits | None = None,
        sampling: Sampling | None = None,
        journal: Journal | None = None,
        policy: Policy | None = None,
        approve: Approve | None = None,
        can_page: bool | None = None,
        deps: object = None,
        settings: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.system = system
        self.limits = limits or Limits()
        self.limits.check()
        self.sampling = sampling or Sampling()
        self.journal = journal
        self.clock = clock
        self.deps = deps
        self.settings = dict(settings or {})
        self.dispatcher = Dispatcher(tools, limit_chars=None)  # cut by the loop, in tokens
        if can_page is None:
            can_page = model.pages_results
        self.can_page = can_page and bool(tools) and READ_RESULT_SPEC.name not in self.dispatcher
        self.live_tools: dict[str, set[str]] = {}
        self._before_call: list[BeforeCall] = []
        self._after_call: list[AfterCall] = []
        self.call_rules = CallRules(
            policy or Policy(), approve, self._before_call, self._after_call
        )
        # One thread for the agent's life: a sandbox under bubblewrap dies with the thread that started it.
        self.worker = ThreadPoolExecutor(1, "glm-agent-tool")

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
        """End every tool and what it started. Safe to call twice."""
        self.dispatcher.close()
        self.worker.shutdown(wait=False, cancel_futures=True)

    def before_call(self, hook: BeforeCall) -> BeforeCall:
        """Register a function that sees each call before it runs; usable as a decorator.

        It returns None to let the call pass, or `Deny`, `Ask` or `Replace`. What it raises ends the run's stream; the
        journal then says that the call did not run.
        """
        self._before_call.append(hook)
        return hook

    def after_call(self, hook: AfterCall) -> AfterCall:
        """Register a function that sees each result before the model does; usable as a decorator.

        It returns None, or another result of the same call.
        """
        self._after_call.append(hook)
        return hook

    def session(
        self, id_or_name: str | None = None, *, warm_limit_bytes: int | None = None
    ) -> Session:
        """A conversation for several runs: the one in the journal of this id or name, or a new one.

        Args:
            id_or_name: None begins a new session. A name that is not in the journal begins a session of that name.
            warm_limit_bytes: what is computed is kept beside the journal when the session is closed, and used when it
                is opened again, in another process too: nothing old is computed twice. The files of all sessions
                together have at most this size. None keeps nothing.

        Raises:
            SessionBusyError: another process works on it.
            JournalError: it cannot be read.
            ConfigurationError: it was recorded with other tools or another model, whose tokens mean something else.
        """
        if self.journal is None:
            if warm_limit_bytes is not None:
                raise ConfigurationError(
                    "A session is kept warm beside its journal: give the agent one."
                )
            return Session(self, uuid.uuid4().hex[:12], SessionState())
        known = None if id_or_name is None else self.journal.session(id_or_name)
        if known is None:
            known = self.journal.new_session(self.settings, name=id_or_name)
        warm = None
        if warm_limit_bytes is not None:
            warm = WarmFiles(self.journal.warm_folder, warm_limit_bytes)
        session = Session(self, known.id, SessionState(), warm=warm, parent=known.parent)
        try:
            # Under the session's lock: what is read is what nobody goes on with.
            for run in self.journal.runs(known.id):
                for entry in self.journal.events(run.id):
                    session.state.apply(entry.event)
                    self._check(session, entry.event)
                    self._recall(entry.event)
        except BaseException:
            session.close()
            raise
        return session

    @overload
    def run(self, prompt: str, *, output: None = None, cancel: Flag | None = None) -> RunResult: ...
    @overload
    def run(
        self, prompt: str, *, output: type[T] | OutputType[T], cancel: Flag | None = None
    ) -> TypedResult[T]: ...
    @overload
    def run(
        self, prompt: str, *, output: object, cancel: Flag | None = None
    ) -> TypedResult[Any]: ...
    def run(self, prompt: str, *, output: object = None, cancel: Flag | None = None) -> RunResult:
        """Do one task in a session of its own.

        Args:
            prompt: the user's words.
            output: the type of the answer: a pydantic model, dataclass, `TypedDict` or another type with a JSON form,
                or a JSON Schema. The last turn is then decoded under its schema, and the result is a `TypedResult`
                whose `output` is a value of the type. What no grammar can enforce, a validator of yours say, is
                checked after; the model is told once what is wrong. None for text.
            cancel: set it to stop the run; what there is is returned.

        Raises:
            ConfigurationError: no answer could be of the type.
            JournalError: what happens cannot be recorded; what would have followed did not happen.
        """
        wanted = output_type_of(output)
        return typed_result(finished(self.stream(prompt, output=wanted, cancel=cancel)), wanted)

    def stream(
        self, prompt: str, *, output: object = None, cancel: Flag | None = None
    ) -> Iterator[Event]:
        """As `run`, and tell what happens; the last event is `RunFinished`. A typed answer is there as JSON text.

        Leaving the iterator early stops the run, which can then be resumed.
        """
        with self.session() as session:
            yield from session.stream(prompt, output=output, cancel=cancel)

    @overload
    async def arun(
        self, prompt: str, *, output: None = None, cancel: Flag | None = None
    ) -> RunResult: ...
    @overload
    async def arun(
        self, prompt: str, *, output: type[T] | OutputType[T], cancel: Flag | None = None
    ) -> TypedResult[T]: ...
    @overload
    async def arun(
        self, prompt: str, *, output: object, cancel: Flag | None = None
    ) -> TypedResult[Any]: ...
    async def arun(
        self, prompt: str, *, output: object = None, cancel: Flag | None = None
    ) -> RunResult:
        """As `run`, without blocking the event loop. Cancelling the task stops the run."""
        wanted = output_type_of(output)
        async with aclosing(self.astream(prompt, output=wanted, cancel=cancel)) as events:
            async for event in events:
                if isinstance(event, RunFinished):
                    return typed_result(event.result, wanted)
        raise AssertionError("a run ends with RunFinished")

    def astream(
        self, prompt: str, *, output: object = None, cancel: Flag | None = None
    ) -> AsyncGenerator[Event, None]:
        """As `stream`, without blocking the event loop. Leaving the iterator stops the run."""
        flag = own_flag(cancel)
        return stream_in_thread(lambda: self.stream(prompt, output=output, cancel=flag), flag)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is shown, in order."""
        return (
            (*self.dispatcher.specs, READ_RESULT_SPEC) if self.can_page else self.dispatcher.specs
        )

    def _recall(self, event: Event) -> None:
        """Let the tool of a recorded call know again what it asked to."""
        if isinstance(event, ToolFinished) and event.result.memory is not None:
            self.dispatcher[event.call.name].recall(event.result.memory)

    def _check(self, session: Session, event: Event) -> None:
        """Refuse to go on with a session that was recorded under other tools or another model."""
        if not isinstance(event, RunStarted):
            return
        if event.model != self.model.name:
            raise ConfigurationError(
                f"Session {session.id} was recorded with the model {event.model!r}, and this is {self.model.name!r}: "
                f"its tokens mean something else here. Use --model, or begin another session."
            )
        if event.tools != self.specs:
            recorded = ", ".join(spec.name for spec in event.tools) or "none"
            given = ", ".join(spec.name for spec in self.specs) or "none"
            raise ConfigurationError(
                f"Session {session.id} was recorded with other tools or other versions of them ({recorded}; now {given}). "
                "The model was shown those; begin another session for these."
            )

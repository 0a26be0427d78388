"""The agent: ask the model, run what it calls, feed the result back, until it answers or a limit is reached."""

import json
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from threading import Event as Flag
from types import TracebackType
from typing import Self

from glm_agent.chat_model import ChatModel, Conversation, TurnEnded, TurnOptions, TurnUsage
from glm_agent.context import cut_to_budget
from glm_agent.events import (
    Event,
    FinishReason,
    ObservationCut,
    RunFinished,
    RunResult,
    RunStarted,
    Step,
    StepFinished,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_prompts.dialect import CallReady, TextDelta
from glm_tools.dispatch import Dispatcher
from glm_tools.tool import Observation, Tool, ToolCall, ToolResult

LOOP_REFUSAL = (
    "This very call was made before and gave the same result. It was not run again. "
    "Answer the user with what is known."
)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model's next token is chosen; the default takes the likeliest."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(slots=True)
class Run:
    """What one run has come to so far."""

    id: str
    conversation: Conversation
    cancel: Flag
    started_s: float = field(default_factory=time.monotonic)
    steps: list[Step] = field(default_factory=list)
    # (name, arguments) -> its last result and how often in a row it was that
    repeats: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    is_looping: bool = False

    @property
    def duration_s(self) -> float:
        return time.monotonic() - self.started_s


@dataclass(slots=True)
class Turn:
    """What the model said in one turn."""

    text: str = ""
    call: ToolCall | None = None
    is_cut: bool = False
    ended: TurnEnded = field(default_factory=lambda: TurnEnded("stop", TurnUsage()))


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

    Raises:
        ToolDefinitionError: two tools have the same name.
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
    ) -> None:
        self.model = model
        self.dispatcher = Dispatcher(tools, limit_chars=None)  # cut here, in tokens
        self.system = system
        self.limits = limits or Limits()
        self.sampling = sampling or Sampling()
        self.journal = journal
        # One thread for the agent's life: a sandbox under bubblewrap dies with the thread that started it.
        self._worker = ThreadPoolExecutor(1, "glm-agent-tool")

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
        self._worker.shutdown(wait=False, cancel_futures=True)

    def run(self, prompt: str, *, cancel: Flag | None = None) -> RunResult:
        """Do one task.

        Args:
            prompt: the user's words.
            cancel: set it to stop the run; what there is is returned.
        """
        for event in self.stream(prompt, cancel=cancel):
            if isinstance(event, RunFinished):
                return event.result
        raise AssertionError("a run ends with RunFinished")

    def stream(self, prompt: str, *, cancel: Flag | None = None) -> Iterator[Event]:
        """Do one task and tell what happens; the last event is `RunFinished`.

        Args and errors as in `run`.
        """
        run = Run(
            id=uuid.uuid4().hex[:12],
            conversation=self.model.open(self.system, self.dispatcher.specs),
            cancel=cancel or Flag(),
        )
        names = tuple(spec.name for spec in self.dispatcher.specs)
        for event in self._loop(run, prompt, names):
            if self.journal is not None:
                self.journal.record(run.id, event)
            yield event

    def _loop(self, run: Run, prompt: str, names: tuple[str, ...]) -> Iterator[Event]:
        yield RunStarted(run.id, self.model.name, prompt, names)
        run.conversation.add_user(prompt)
        finish: FinishReason | None = None
        while finish is None:
            finish = yield from self._step(run)
        answer = run.steps[-1].text if run.steps else ""
        yield RunFinished(
            RunResult(run.id, answer.strip(), finish, tuple(run.steps), run.duration_s)
        )

    def _step(self, run: Run) -> Generator[Event, None, FinishReason | None]:
        """One turn of the model and the call it made. Returns why the run ends, or None to go on."""
        number = len(run.steps) + 1
        out_of_time = self.limits.max_wall_s is not None and run.duration_s > self.limits.max_wall_s
        is_last = number >= self.limits.max_steps or run.is_looping or out_of_time
        turn = yield from self._ask(run, number, allow_calls=not is_last)
        result = None
        if turn.call is not None:
            result = yield from self._execute(run, turn.call)
            run.conversation.add_result(result)
        step = Step(number, turn.text, turn.call, result, turn.ended.usage, turn.ended.token_ids)
        run.steps.append(step)
        yield StepFinished(step)
        if turn.ended.finish == "cancelled" or run.cancel.is_set():
            return "interrupted"
        if turn.ended.finish in ("length", "context"):
            return turn.ended.finish
        if turn.call is not None:
            return None
        if run.is_looping:
            return "loop"
        if out_of_time:
            return "wall_time"
        # A model that answers of its own accord in the last step has answered; one whose calls were closed may
        # have wanted another call, and the caller must know.
        return "max_steps" if number >= self.limits.max_steps and number > 1 else "answer"

    def _ask(self, run: Run, number: int, *, allow_calls: bool) -> Generator[Event, None, Turn]:
        options = TurnOptions(
            call_id=f"call_{number}",
            allow_calls=allow_calls,
            max_new_tokens=self.limits.max_new_tokens,
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            seed=self.sampling.seed,
        )
        turn = Turn()
        for event in run.conversation.respond(options, run.cancel):
            if isinstance(event, TurnEnded):
                turn.ended = event
                continue
            if isinstance(event, TextDelta):
                turn.text += event.text
            elif isinstance(event, CallReady):
                turn.call = event.call
            yield event
        return turn

    def _execute(self, run: Run, call: ToolCall) -> Generator[Event, None, ToolResult]:
        """Run one call; whatever happens, exactly one result comes back, cut to its budget."""
        if run.repeats.get(_key(call), ("", 0))[1] >= self.limits.max_repeats - 1:
            run.is_looping = True
            result = ToolResult(call.id, "denied", (Observation(LOOP_REFUSAL),))
            yield ToolFinished(call, result)
            return result
        yield ToolStarted(call)
        output: SimpleQueue[ToolProgress | None] = SimpleQueue()
        future: Future[ToolResult] = self._worker.submit(
            self.dispatcher.run,
            call,
            cancel=run.cancel,
            on_output=lambda stream, text: output.put(ToolProgress(call.id, stream, text)),
        )
        future.add_done_callback(lambda _: output.put(None))
        while (piece := output.get()) is not None:
            yield piece
        result = future.result()
        last, repeats = run.repeats.get(_key(call), ("", 0))
        run.repeats[_key(call)] = (result.text, repeats + 1 if result.text == last else 1)
        yield ToolFinished(call, result)
        return (yield from self._fit(run, result))

    def _fit(self, run: Run, result: ToolResult) -> Generator[Event, None, ToolResult]:
        """The result as the model will read it: each observation within its share of the budget."""
        budget = min(self.limits.max_observation_tokens, self.model.context_length // 4)
        share = max(64, budget // len(result.observations))
        observations = []
        for observation in result.observations:
            cut = cut_to_budget(observation.text, share, self.model.count_tokens)
            if cut.left_out_chars:
                yield ObservationCut(result.call_id, cut.left_out_chars, cut.tokens)
            observations.append(replace(observation, text=cut.text))
        return replace(result, observations=tuple(observations))


def _key(call: ToolCall) -> tuple[str, str]:
    arguments = call.raw
    if call.arguments is not None:
        arguments = json.dumps(call.arguments, sort_keys=True, ensure_ascii=False)
    return call.name, arguments

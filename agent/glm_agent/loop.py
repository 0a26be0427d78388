"""One run: ask the model, settle the call it made, until it answers or a limit is reached.

The loop yields events and acts on the state that those events have made: whoever drives it records an event and applies
it to the state before asking for the next one.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any

from glm_agent.calls import CallRunner, is_loop_refusal
from glm_agent.cancellation import StopFlag
from glm_agent.chat_model import (
    ChatModel,
    Conversation,
    ModelEvent,
    TurnEnded,
    TurnOptions,
    TurnUsage,
)
from glm_agent.events import (
    AnswerRejected,
    Event,
    FinishReason,
    LimitReached,
    PromptRendered,
    RunFinished,
    RunResult,
    StepFinished,
    TurnFinished,
    TurnOutcome,
)
from glm_agent.limits import Limits
from glm_agent.output_type import OutputType
from glm_agent.prompt_builder import PromptBuilder
from glm_agent.repetition import RepetitionDetector
from glm_agent.sampling import Sampling
from glm_agent.state import SessionState, count_tokens, difference
from glm_prompts.dialect import CallCut, CallDelta, CallReady, TextDelta
from glm_tools.tool import ToolCall

CLOSING_SHARE = 0.1  # of max_wall_s, for an answer after the time is over


@dataclass(slots=True)
class Turn:
    """What the model said in one turn."""

    text: str = ""
    call: ToolCall | None = None
    cut: CallCut | None = None
    is_repetition: bool = False
    ended: TurnEnded = field(default_factory=lambda: TurnEnded("stop", TurnUsage()))


class RunLoop:
    """Drives one run to its end, from wherever its state stands.

    Args:
        session_id: for the result.
        model: whose window and tokenizer count.
        conversation: of the session, with the state's history.
        state: of the session; changed only by whoever drives the loop.
        calls: settles calls.
        limits: of the run.
        sampling: of the model's turns.
        cancel: the user's.
        can_page: `read_result` is among the tools.
        output: what the answer is to be; None for text.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        session_id: str,
        model: ChatModel,
        conversation: Conversation,
        state: SessionState,
        calls: CallRunner,
        limits: Limits,
        sampling: Sampling,
        *,
        cancel: Flag,
        can_page: bool = False,
        output: OutputType[Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session_id = session_id
        self._model = model
        self._conversation = conversation
        self._state = state
        self._calls = calls
        self._limits = limits
        self._sampling = sampling
        self._cancel = cancel
        self._prompts = PromptBuilder(model, conversation, state, limits, can_page=can_page)
        self._output = output
        self._clock = clock
        self._started_s = clock()
        self._is_full = False

    def events(self) -> Iterator[Event]:
        """The run's events; the last is `RunFinished`."""
        state = self._state
        while (reason := self._finish_reason()) is None:
            if state.call is None:
                yield from self._take_turn()
            else:
                yield from self._calls.settle(state, self._stop_flag())
            if state.call is None and not self._is_full:
                yield StepFinished(state.steps[-1])
        yield RunFinished(
            RunResult(
                run_id=state.run_id,
                answer=self._answer(),
                finish_reason=reason,
                steps=tuple(state.steps),
                duration_s=self._clock() - self._started_s,
                session_id=self._session_id,
                pending=state.call,
            )
        )

    def _answer(self) -> str:
        """The last turn's text; a turn that was cut inside a call may follow one that said something."""
        return self._state.steps[-1].text.strip() if self._state.steps else ""

    def _finish_reason(self) -> FinishReason | None:
        """Why the run is over; None to go on."""
        state = self._state
        if self._is_full:
            return "context"
        if state.call is not None:
            return "needs_approval" if self._calls.needs_approval else None
        if self._cancel.is_set():
            return "interrupted"
        turn = state.last_turn
        if turn is None or turn.call is not None:
            return None
        if turn.finish == "cancelled":
            return "interrupted"
        if turn.finish == "context":
            return "context"
        if self._sends_back():
            return None
        if state.closing is not None:
            return state.closing
        if turn.finish in ("length", "repetition", "wall_time") and not turn.text.strip():
            return None  # cut inside a call, or before a word: one closing turn
        if turn.finish != "stop":
            return turn.finish
        if self._output is not None and self._output.problem_of(turn.text):
            return "invalid_output"
        return "answer" if turn.text.strip() else "empty"

    def _sends_back(self) -> bool:
        """Whether the model answers once more, because what it answered breaks a rule that no grammar can hold it to."""
        state, turn = self._state, self._state.last_turn
        if self._output is None or turn is None or turn.call is not None or turn.finish != "stop":
            return False
        if state.is_rejected:
            return True
        return state.num_rejected == 0 and bool(self._output.problem_of(turn.text))

    def _closing_reason(self, number: int) -> FinishReason | None:
        """Why the turn to come is the last; None when it need not be."""
        state, turn = self._state, self._state.last_turn
        if state.is_rejected:
            return None
        if turn is not None and turn.call is None and turn.finish in ("length", "repetition"):
            return turn.finish
        if state.steps and is_loop_refusal(state.steps[-1].result):
            return "loop"
        if self._is_out_of_time():
            return "wall_time"
        # A model that answers of its own accord in the last step has answered; one whose calls were closed may
        # have wanted another call, and the caller must know. With one step there was never a call to close.
        return "max_steps" if number >= self._limits.max_steps and number > 1 else None

    def _is_out_of_time(self) -> bool:
        limit_s = self._limits.max_wall_s
        return limit_s is not None and self._clock() - self._started_s >= limit_s

    def _stop_flag(self) -> StopFlag:
        limit_s = self._limits.max_wall_s
        if limit_s is None:
            return StopFlag(self._cancel, None, self._clock)
        if self._state.closing is not None:
            limit_s = max(limit_s, self._clock() - self._started_s) + limit_s * CLOSING_SHARE
        return StopFlag(self._cancel, self._started_s + limit_s, self._clock)

    # A turn of the model.

    def _take_turn(self) -> Iterator[Event]:
        state = self._state
        number = len(state.steps) + 1
        if self._output is not None and self._sends_back() and not state.is_rejected:
            assert state.last_turn is not None, "there is an answer to send back"
            yield AnswerRejected(self._output.problem_of(state.last_turn.text))
        if state.closing is None and (reason := self._closing_reason(number)) is not None:
            yield LimitReached(reason)
        prompt = yield from self._prompts.build(self._stop_flag())
        if count_tokens(prompt) >= self._model.context_length:
            self._is_full = True
            return
        options = TurnOptions(
            call_id=f"call_{state.num_steps + 1}",
            allow_calls=state.closing is None and number < self._limits.max_steps,
            max_new_tokens=self._limits.max_new_tokens,
            temperature=self._sampling.temperature,
            top_p=self._sampling.top_p,
            seed=self._sampling.seed,
            answer_schema=None if self._output is None else self._output.schema,
        )
        yield PromptRendered(number, *difference(state.history, prompt), options)
        self._conversation.rewrite(prompt)
        stop = self._stop_flag()
        turn = yield from self._listen(options, stop)
        yield TurnFinished(
            step=number,
            text=turn.text,
            call=turn.call,
            cut=turn.cut,
            finish=self._outcome(turn, stop),
            usage=turn.ended.usage,
            token_ids=turn.ended.token_ids,
            stop_token_id=turn.ended.stop_token_id,
        )

    def _listen(self, options: TurnOptions, stop: StopFlag) -> Generator[Event, None, Turn]:
        """The turn as it comes. Repetition without end stops it."""
        turn = Turn()
        detector = RepetitionDetector()
        # Closed at once when the reader goes away: the model must not go on in the background.
        with closing(_closable(self._conversation.respond(options, stop))) as events:
            for event in events:
                match event:
                    case TurnEnded():
                        turn.ended = event
                        continue
                    case TextDelta(text=text):
                        turn.text += text
                        turn.is_repetition |= detector.push(text)
                    case CallDelta(text=text):
                        turn.is_repetition |= detector.push(text)
                    case CallReady(call=call):
                        turn.call = call
                    case CallCut():
                        turn.cut = event
                if turn.is_repetition:
                    stop.set()
                yield event
        return turn

    def _outcome(self, turn: Turn, stop: StopFlag) -> TurnOutcome:
        if turn.ended.finish != "cancelled" or self._cancel.is_set():
            return turn.ended.finish
        if turn.is_repetition:
            return "repetition"
        return "wall_time" if stop.is_out_of_time else "cancelled"


def _closable(events: Iterator[ModelEvent]) -> Generator[ModelEvent, None, None]:
    yield from events

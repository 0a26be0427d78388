"""One run: ask the model, settle the call it made, until it answers or a limit is reached.

The loop yields events and acts on the state that those events have made: whoever drives it records an event and applies
it to the state before asking for the next one.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
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
from glm_agent.context import cut_to_budget
from glm_agent.events import (
    AnswerRejected,
    ContextReduced,
    Event,
    FinishReason,
    LimitReached,
    ObservationCut,
    PromptRendered,
    RunFinished,
    RunResult,
    StepFinished,
    TurnFinished,
    TurnOutcome,
)
from glm_agent.limits import Limits
from glm_agent.output_type import OutputType
from glm_agent.repetition import RepetitionDetector
from glm_agent.sampling import Sampling
from glm_agent.state import REPLY_PROMPT, SessionState, count_tokens, difference
from glm_agent.window import (
    LOW_WATER,
    NOTE,
    OBSERVATION,
    RECEIPT,
    SUMMARY,
    elide,
    split_for_summary,
)
from glm_prompts.dialect import CallCut, CallDelta, CallReady, TextDelta
from glm_prompts.messages import Segment
from glm_tools.tool import Observation, ToolCall, ToolResult

CLOSING_SHARE = 0.1  # of max_wall_s, for an answer after the time is over
SUMMARY_TOKENS = 512
SUMMARY_REQUEST = (
    "Sum up what has been done and found so far, with every fact, number and name that is still needed. "
    "Write only the summary."
)


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
        self._can_page = can_page
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
        prompt = yield from self._prompt()
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

    # The prompt of a turn.

    def _prompt(self) -> Generator[Event, None, list[Segment]]:
        """What the model is to read: all that it has, what is new, and room for an answer."""
        prompt = list(self._conversation.segments)
        if prompt and prompt[-1].label == REPLY_PROMPT:  # the turn was broken off before
            prompt.pop()
        for item in self._state.unsent:
            if isinstance(item, str):
                prompt.append(self._conversation.render_user(item))
            else:
                prompt += yield from self._observations(item)
        prompt.append(self._conversation.render_reply_prompt())
        room = min(self._limits.max_new_tokens, self._model.context_length // 4)
        if (
            self._limits.when_full != "error"
            and count_tokens(prompt) + room > self._model.context_length
        ):
            prompt = yield from self._make_room(prompt)
        return prompt

    def _observations(self, result: ToolResult) -> Generator[Event, None, list[Segment]]:
        """A result as the model will read it: each observation within its share of the budget."""
        budget = min(self._limits.max_observation_tokens, self._model.context_length // 4)
        share = max(64, budget // len(result.observations))
        hint = ""
        if self._can_page and len(result.observations) == 1:
            hint = f'read_result("{result.call_id}", {{offset}}) reads on'
        segments = []
        for observation in result.observations:
            cut = cut_to_budget(observation.text, share, self._model.count_tokens, hint=hint)
            if cut.left_out_chars:
                yield ObservationCut(result.call_id, cut.left_out_chars, cut.tokens)
            segment = self._conversation.render_observation(replace(observation, text=cut.text))
            segments.append(replace(segment, label=OBSERVATION + result.call_id))
        return segments

    def _make_room(self, prompt: list[Segment]) -> Generator[Event, None, list[Segment]]:
        before = count_tokens(prompt)
        if self._limits.when_full == "summarise":
            shorter = yield from self._summarised(prompt)
            if shorter is not None:
                return shorter
        shortened = elide(
            prompt,
            target_tokens=int(self._model.context_length * LOW_WATER),
            receipt=self._receipt,
            note=self._note,
            dropped_before=self._state.dropped_segments,
        )
        if shortened.elided_calls or shortened.num_dropped:
            yield ContextReduced(
                policy="elide",
                tokens_before=before,
                tokens_after=count_tokens(shortened.segments),
                elided_calls=shortened.elided_calls,
                dropped_segments=self._state.dropped_segments + shortened.num_dropped,
            )
        return list(shortened.segments)

    def _receipt(self, call_id: str) -> Segment:
        text = f"[{call_id}: its result of {len(self._state.texts.get(call_id, '')):,} characters was left out to make room"
        text += f'; read_result("{call_id}", 0) shows it]' if self._can_page else "]"
        segment = self._conversation.render_observation(Observation(text))
        return replace(segment, label=RECEIPT + call_id)

    def _note(self, num_dropped: int) -> Segment:
        text = f"[{num_dropped:,} earlier pieces of this conversation were left out to make room.]"
        return replace(self._conversation.render_user(text), label=NOTE)

    def _summarised(self, prompt: list[Segment]) -> Generator[Event, None, list[Segment] | None]:
        """The prompt with a summary in place of what is old; None when that cannot be had.

        The model sums up its own sequence as far as it has it, so that nothing is computed twice for it.
        """
        start, old, pinned = split_for_summary(prompt)
        room = self._model.context_length - count_tokens(start) - count_tokens(old)
        request = [
            self._conversation.render_user(SUMMARY_REQUEST),
            self._conversation.render_reply_prompt(),
        ]
        max_new_tokens = min(SUMMARY_TOKENS, self._model.context_length // 8)
        if not old or room <= count_tokens(request) + max_new_tokens:
            return None
        self._conversation.rewrite([*start, *old, *request])
        options = TurnOptions("", allow_calls=False, max_new_tokens=max_new_tokens)
        text, ended = "", TurnEnded("cancelled", TurnUsage())
        for event in self._conversation.respond(options, self._stop_flag()):
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, TurnEnded):
                ended = event
        if not text.strip() or ended.finish not in ("stop", "length"):
            return None
        summary = self._conversation.render_user(f"[What was done before: {text.strip()}]")
        shorter = [*start, replace(summary, label=SUMMARY), *pinned]
        if count_tokens(shorter) >= count_tokens(prompt):
            return None
        yield ContextReduced(
            policy="summarise",
            tokens_before=count_tokens(prompt),
            tokens_after=count_tokens(shorter),
            dropped_segments=self._state.dropped_segments + len(old),
            summary=text.strip(),
            usage=ended.usage,
        )
        return shorter


def _closable(events: Iterator[ModelEvent]) -> Generator[ModelEvent, None, None]:
    yield from events

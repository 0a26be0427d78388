"""The prompt of a turn: all that the conversation has, what is new, and room for an answer within the window."""

from collections.abc import Generator
from dataclasses import replace

from glm_agent.cancellation import StopFlag
from glm_agent.chat_model import ChatModel, Conversation, TurnEnded, TurnOptions, TurnUsage
from glm_agent.context import cut_to_budget
from glm_agent.events import ContextReduced, Event, ObservationCut
from glm_agent.limits import Limits
from glm_agent.state import REPLY_PROMPT, SessionState, count_tokens
from glm_agent.window import (
    LOW_WATER,
    NOTE,
    OBSERVATION,
    RECEIPT,
    REJECTION,
    SUMMARY,
    elide,
    split_for_summary,
)
from glm_prompts.dialect import TextDelta
from glm_prompts.messages import Segment
from glm_tools.tool import Observation, ToolResult

SUMMARY_TOKENS = 512
MIN_OBSERVATION_TOKENS = 64  # less says nothing
SUMMARY_REQUEST = (
    "Sum up what has been done and found so far, with every fact, number and name that is still needed. "
    "Write only the summary."
)


class PromptBuilder:
    """Builds the prompts of one run.

    Args:
        model: whose window and tokenizer count.
        conversation: what the model has read and written; a summary is written in it.
        state: of the session; what it has unsent is what is new. Read only.
        limits: of the run.
        can_page: `read_result` is among the tools.
    """

    def __init__(
        self,
        model: ChatModel,
        conversation: Conversation,
        state: SessionState,
        limits: Limits,
        *,
        can_page: bool,
    ) -> None:
        self._model = model
        self._conversation = conversation
        self._state = state
        self._limits = limits
        self._can_page = can_page

    def build(self, stop: StopFlag) -> Generator[Event, None, list[Segment]]:
        """The prompt, and the events of what was cut or left out of it.

        Args:
            stop: ends a summary that is being written.
        """
        prompt = list(self._conversation.segments)
        if prompt and prompt[-1].label == REPLY_PROMPT:  # the turn was broken off before
            prompt.pop()
        for item in self._state.unsent:
            if isinstance(item, str):
                said = self._conversation.render_user(item)
                prompt.append(replace(said, label=REJECTION) if self._state.is_rejected else said)
            else:
                prompt += yield from self._observations(item)
        prompt.append(self._conversation.render_reply_prompt())
        if (
            self._limits.when_full != "error"
            and count_tokens(prompt) + self._reserve() > self._model.context_length
        ):
            prompt = yield from self._make_room(prompt, stop)
        return prompt

    def _reserve(self) -> int:
        """Tokens that a prompt leaves free: for the turn, and for a summary where the next prompt may need one."""
        turn = min(self._limits.max_new_tokens, self._model.context_length // 4)
        if self._limits.when_full != "summarise":
            return turn
        return max(turn, count_tokens(self._summary_request()) + self._summary_tokens())

    def _summary_request(self) -> list[Segment]:
        request = self._conversation.render_user(SUMMARY_REQUEST)
        return [request, self._conversation.render_reply_prompt()]

    def _summary_tokens(self) -> int:
        return min(SUMMARY_TOKENS, self._model.context_length // 8)

    def _observations(self, result: ToolResult) -> Generator[Event, None, list[Segment]]:
        """A result as the model will read it: each observation within its share of the budget."""
        budget = min(self._limits.max_observation_tokens, self._model.context_length // 4)
        observations = _at_most(result.observations, budget // MIN_OBSERVATION_TOKENS)
        share = max(MIN_OBSERVATION_TOKENS, budget // len(observations))
        hint = ""
        if self._can_page and len(result.observations) == 1:
            hint = f'read_result("{result.call_id}", {{offset}}) reads on'
        segments = []
        for observation in observations:
            cut = cut_to_budget(observation.text, share, self._model.count_tokens, hint=hint)
            if cut.left_out_chars:
                yield ObservationCut(result.call_id, cut.left_out_chars, cut.tokens)
            segment = self._conversation.render_observation(replace(observation, text=cut.text))
            segments.append(replace(segment, label=OBSERVATION + result.call_id))
        return segments

    def _make_room(
        self, prompt: list[Segment], stop: StopFlag
    ) -> Generator[Event, None, list[Segment]]:
        before = count_tokens(prompt)
        if self._limits.when_full == "summarise":
            shorter = yield from self._summarised(prompt, stop)
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

    def _summarised(
        self, prompt: list[Segment], stop: StopFlag
    ) -> Generator[Event, None, list[Segment] | None]:
        """The prompt with a summary in place of what is old; None when that cannot be had.

        The model sums up its own sequence as far as it has it, so that nothing is computed twice for it.
        """
        split = split_for_summary(prompt)
        room = self._model.context_length - count_tokens(split.read)
        request, max_new_tokens = self._summary_request(), self._summary_tokens()
        if not split.num_old or room <= count_tokens(request) + max_new_tokens:
            return None
        self._conversation.rewrite([*split.read, *request])
        options = TurnOptions("", allow_calls=False, max_new_tokens=max_new_tokens)
        text, ended = "", TurnEnded("cancelled", TurnUsage())
        for event in self._conversation.respond(options, stop):
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, TurnEnded):
                ended = event
        if not text.strip() or ended.finish not in ("stop", "length"):
            return None
        summary = self._conversation.render_user(f"[What was done before: {text.strip()}]")
        shorter = [*split.start, replace(summary, label=SUMMARY), *split.pinned]
        if count_tokens(shorter) >= count_tokens(prompt):
            return None
        yield ContextReduced(
            policy="summarise",
            tokens_before=count_tokens(prompt),
            tokens_after=count_tokens(shorter),
            dropped_segments=self._state.dropped_segments + split.num_old,
            summary=text.strip(),
            usage=ended.usage,
        )
        return shorter


def _at_most(observations: tuple[Observation, ...], number: int) -> tuple[Observation, ...]:
    """The observations, the last ones as one where there are more than `number`: each takes its share of the budget."""
    if len(observations) <= number:
        return observations
    first = max(number - 1, 0)
    rest = observations[first:]
    together = replace(rest[0], text="\n".join(each.text for each in rest))
    return (*observations[:first], together)

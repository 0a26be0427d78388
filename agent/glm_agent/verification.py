"""Running a recorded run again, with its recorded results, and demanding the same ids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from glm_agent.approval import Policy, Rule
from glm_agent.chat_model import ChatModel
from glm_agent.errors import ConfigurationError, ReplayMismatchError
from glm_agent.events import (
    AnswerRejected,
    Event,
    RunResumed,
    RunStarted,
    ToolFinished,
    TurnFinished,
)
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.output_type import OutputType
from glm_agent.read_result import SPEC as READ_RESULT_SPEC
from glm_agent.recording import RecordedTurn, compare_turns, recorded_turns, run_events
from glm_agent.sampling import Sampling
from glm_agent.session import Session
from glm_agent.state import SessionState
from glm_tools.tool import Ctx, JSONSchema, JSONValue, Tool, ToolOutput, ToolResult, ToolSpec

STOPPED_FROM_OUTSIDE = ("cancelled", "wall_time")


class RecordedTool(Tool):
    """A tool that returns what was recorded of each call, whatever it was called with.

    Args:
        spec: as the model was shown it.
        results: call id -> what came back.
    """

    def __init__(self, spec: ToolSpec, results: Mapping[str, ToolResult]) -> None:
        super().__init__(spec)
        self._results = results

    def check_arguments(self, arguments: Mapping[str, JSONValue]) -> Mapping[str, Any]:
        return arguments

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> ToolOutput:
        result = self._results.get(ctx.call.id)
        if result is None:
            raise ReplayMismatchError(f"The call {ctx.call.id} was not made in the recorded run.")
        return ToolOutput(result.observations, result.attachments, result.status, result.detail)


class RecordedOutputType(OutputType[Any]):
    """The type of a recorded run's answer, which rejects what was rejected then: a check in Python is not recorded.

    Args:
        schema: that the run was asked for.
        problems: rejected answer -> why.
    """

    def __init__(self, schema: JSONSchema, problems: Mapping[str, str]) -> None:
        super().__init__(schema)
        self.schema = schema  # to the letter: the model has read it
        self._problems = problems

    def problem_of(self, text: str) -> str:
        return self._problems.get(text, "")


def verify_run(journal: Journal, run_id: str, model: ChatModel) -> int:
    """Do a recorded run again and compare ids: prompts as well as what the model writes.

    Holds within one class of device, dtype and kernels. A turn that somebody cancelled, or that ran out of time, ends
    the comparison.

    Args:
        journal: has the run.
        run_id: its id.
        model: of the same weights.

    Returns:
        How many turns were compared and found the same.

    Raises:
        ReplayMismatchError: they are not; the message names the first token that differs.
        ConfigurationError: there is no such run, or it was another model's.
    """
    state, events = run_events(journal, run_id)
    started = next(event for event in events if isinstance(event, RunStarted))
    if started.model != model.name:
        raise ConfigurationError(
            f"Run {run_id} is of the model {started.model!r}, not {model.name!r}."
        )
    recorded = list(
        takewhile(
            lambda turn: turn.finish not in STOPPED_FROM_OUTSIDE, recorded_turns(state, events)
        )
    )
    if not recorded:
        return 0
    repeated = recorded_turns(
        run_events(journal, run_id)[0],
        _repeat(run_events(journal, run_id)[0], model, started, events, recorded),
    )
    found = compare_turns(recorded, repeated)
    if found is not None:
        step, difference = found
        if difference is None:
            raise ReplayMismatchError(f"Step {step}: one run has this step, the other has not.")
        raise ReplayMismatchError(
            f"Step {step}, token {difference.position:,} ({difference.label}): recorded {difference.left}, "
            f"now {difference.right}."
        )
    return len(recorded)


def _repeat(
    state: SessionState,
    model: ChatModel,
    started: RunStarted,
    events: Sequence[Event],
    recorded: Sequence[RecordedTurn],
) -> list[Event]:
    """The events of the run when it is done again from `state`, up to the last turn to compare."""
    results = {event.call.id: event.result for event in events if isinstance(event, ToolFinished)}
    specs = [spec for spec in started.tools if spec != READ_RESULT_SPEC]
    options = recorded[0].options
    limits = started.limits
    for event in events:
        if isinstance(event, RunResumed) and event.limits is not None:
            limits = event.limits
    again: list[Event] = []
    turns = 0
    with Agent(
        model,
        [RecordedTool(spec, results) for spec in specs],
        system=started.system,
        limits=replace(limits, max_wall_s=None),
        sampling=Sampling(options.temperature, options.top_p, options.seed),
        policy=Policy((Rule("auto", "*"),)),
        can_page=len(specs) < len(started.tools),
    ) as agent:
        for event in Session(agent, "verification", state).stream(
            started.prompt,
            output=_output_type(started, events),
            is_untrusted=started.is_untrusted,
        ):
            again.append(event)
            turns += isinstance(event, TurnFinished)
            if turns == len(recorded):
                break
    return again


def _output_type(started: RunStarted, events: Sequence[Event]) -> RecordedOutputType | None:
    if started.output_schema is None:
        return None
    problems: dict[str, str] = {}
    text = ""
    for event in events:
        if isinstance(event, TurnFinished):
            text = event.text
        elif isinstance(event, AnswerRejected):
            problems[text] = event.problem
    return RecordedOutputType(started.output_schema, problems)

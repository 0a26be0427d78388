"""An evaluation's questions, with tools that answer as the real thing would: a wrong call does not get the right result."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo_training.data.episode import Call, Round
from glm_tools.browser.actions import Search, parse_actions
from glm_tools.browser.errors import ActionError
from glm_tools.browser.simple_browser import SPEC as BROWSER
from glm_tools.errors import ToolError
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import Ctx, Tool, ToolOutput, ToolSpec


@dataclass(frozen=True)
class Case:
    """One question.

    Attributes:
        kind: the row of the table.
        specs: the tools on offer, in order.
        asked: the question, the calls that are right and the facts of a right answer.
        failures: what calls say that fail before one succeeds, in order.
    """

    kind: str
    specs: tuple[ToolSpec, ...]
    asked: Round
    failures: tuple[str, ...] = ()

    def tools(self, python: Callable[[], Tool]) -> list[Tool]:
        """Fresh tools; `python` makes the one of that name."""
        world = _World(self)
        made: list[Tool] = []
        for spec in self.specs:
            if spec.builtin == "python":
                made.append(python())
            elif spec.builtin == "simple_browser":
                made.append(_Pages(self.asked))
            else:
                made.append(
                    Tool.from_schema(
                        spec.name, spec.description, spec.parameters, world.function(spec.name)
                    )
                )
        return made


@dataclass
class _World:
    """Knows the results of the right calls of one case and of no others."""

    case: Case
    failed: int = field(default=0)

    def function(self, name: str) -> Callable[..., Any]:
        def answer(**arguments: Any) -> Any:
            for call in self.case.asked.calls:
                if call.tool == name and self._filled(
                    name, json.loads(call.payload)
                ) == self._filled(name, arguments):
                    if self.failed < len(self.case.failures):
                        self.failed += 1
                        raise ToolError(self.case.failures[self.failed - 1])
                    return call.observations[0].text
            raise ToolError("Nothing was found for these arguments.")

        return answer

    def _filled(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        (spec,) = (spec for spec in self.case.specs if spec.name == name)
        return with_defaults(spec, arguments)


def with_defaults(spec: ToolSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with what the schema says of those that were left out."""
    properties: Mapping[str, Any] = spec.parameters["properties"]
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    return {**defaults, **arguments}


class _Pages(Tool):
    """Stands in for the web: a search for the right thing finds it, the right page can be opened."""

    def __init__(self, asked: Round) -> None:
        super().__init__(BROWSER, timeout_s=None)
        self._calls = [call for call in asked.calls if call.tool == BROWSER.name]

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> ToolOutput:
        try:
            actions = parse_actions(arguments["code"])
        except ActionError as error:
            raise ToolError(str(error)) from error
        for call in self._calls:
            (wanted,) = parse_actions(call.payload)
            if actions == (wanted,) or _finds(actions, wanted):
                return ToolOutput(call.observations)
        raise ToolError("Nothing was found.")


def _finds(actions: Sequence[object], wanted: object) -> bool:
    """Whether a search names what the right search names: its last capitalised words."""
    if len(actions) != 1 or not isinstance(actions[0], Search) or not isinstance(wanted, Search):
        return False
    names = [word for word in wanted.query.split() if word[:1].isupper()]
    return all(name.lower() in actions[0].query.lower() for name in names)


def same_call(case: Case, made: tuple[str, Mapping[str, Any] | None], wanted: Call) -> bool:
    """Whether a call is the one that was wanted; code and searches may be worded freely, defaults left out."""
    name, arguments = made
    if name != wanted.tool or arguments is None:
        return False
    if name == PYTHON.name:
        return True
    if name == BROWSER.name:
        try:
            actions = parse_actions(arguments["code"])
        except ActionError:
            return False
        (right,) = parse_actions(wanted.payload)
        return actions == (right,) or _finds(actions, right)
    (spec,) = (spec for spec in case.specs if spec.name == name)
    return with_defaults(spec, arguments) == with_defaults(spec, json.loads(wanted.payload))

"""An evaluation's questions, with tools that answer as the real thing would: a wrong call does not get the right result.

The questions made here are drawn beside the training data; those of `blind` are not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from demo_training.data import browsing, chains, code, held_out
from demo_training.data.episode import Call, Round
from demo_training.data.functions import Offer, Template, Use, lowered, offer, use
from demo_training.data.held_out import HELD_OUT
from demo_training.data.mixture import chain, draw_offers, training_sources
from glm_tools.browser.actions import Search, parse_actions
from glm_tools.browser.errors import ActionError
from glm_tools.browser.simple_browser import SPEC as BROWSER
from glm_tools.errors import ToolError
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import Ctx, Tool, ToolOutput, ToolSpec

SEED = 7
TRANSIENT = "The service did not answer in time. Please try once more."


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


def _offers(templates: Sequence[Template], count: int, random: Random) -> list[Offer]:
    return [offer(each, random, HELD_OUT, plain=True) for each in random.sample(templates, count)]


def _case(
    kind: str,
    specs: Sequence[ToolSpec],
    asked: Round,
    random: Random,
    *,
    failures: tuple[str, ...] = (),
) -> Case:
    shuffled = list(specs)
    random.shuffle(shuffled)
    return Case(kind, tuple(shuffled), asked, failures)


def _with(used: Use, kind: str) -> Round:
    return replace(used.as_round(Random(0)), kind=kind, user=used.request)


def _function(random: Random, few: bool) -> Case:
    templates = held_out.function_templates()
    count = random.choice((1, 2, 3) if few else (5, 6, 8))
    offers = _offers(templates, count, random)
    specs = [each.spec for each in offers] + ([PYTHON] if random.random() < 0.3 else [])
    kind = "unseen function, 1-3 tools" if few else "unseen function, 5-8 tools"
    return _case(kind, specs, _with(use(offers[0], random, HELD_OUT), kind), random)


def _record(random: Random) -> Case:
    """Training's record tools with held-out values: tells copying from generalising."""
    sources = training_sources()
    offers = draw_offers(replace(sources, vocabulary=HELD_OUT), random, random.choice((2, 3, 4)))
    kind = "seen function, new values"
    return _case(
        kind, [each.spec for each in offers], _with(use(offers[0], random, HELD_OUT), kind), random
    )


def _python(random: Random, alone: bool) -> Case:
    task = held_out.code_task(random)
    asked = code.python_round(random, HELD_OUT, task)
    others = (
        [] if alone else [each.spec for each in _offers(held_out.function_templates(), 2, random)]
    )
    kind = "python alone" if alone else "python among tools"
    return _case(kind, [PYTHON, *others], replace(asked, user=task.request), random)


def _two_steps(random: Random) -> Case:
    """An unseen function that needs a value which a look-up has to tell first."""
    kind = "two steps"
    while True:
        if random.random() < 0.4:
            needed, asked = chain(replace(training_sources(), vocabulary=HELD_OUT), random)
        else:
            made = chains.relay(
                random.choice(training_sources().records),
                held_out.function_templates(),
                random,
                HELD_OUT,
            )
            if made is None:
                continue
            needed, asked = made
        specs = [each.spec for each in needed]
        specs += [PYTHON] if any(call.tool == PYTHON.name for call in asked.calls) else []
        return _case(kind, specs, asked, random)


def _two_calls(random: Random) -> Case:
    first, second = (
        use(each, random, HELD_OUT) for each in _offers(held_out.function_templates(), 2, random)
    )
    user = f"{first.request} When that is done, {lowered(second.request)}"
    asked = Round(
        "two calls",
        user,
        (*_with(first, "").calls, *_with(second, "").calls),
        "",
        first.facts + second.facts,
    )
    return _case("two calls", [first.offer.spec, second.offer.spec], asked, random)


def _retry(random: Random) -> Case:
    kind = "error, then again"
    offers = _offers(held_out.function_templates(), 2, random)
    asked = _with(use(offers[0], random, HELD_OUT), kind)
    asked = replace(asked, calls=(asked.calls[0], *asked.calls))
    return _case(kind, [each.spec for each in offers], asked, random, failures=(TRANSIENT,))


def _browser(random: Random) -> Case:
    asked = browsing.browser_round(random, HELD_OUT, held_out.SUBJECTS)
    return _case("browser", [BROWSER, *([PYTHON] if random.random() < 0.3 else [])], asked, random)


def _chat(random: Random) -> Case:
    kind = "no tool needed"
    offers = _offers(held_out.function_templates(), random.choice((0, 1, 3)), random)
    specs = [each.spec for each in offers] + (
        [PYTHON] if not offers or random.random() < 0.5 else []
    )
    return _case(kind, specs, Round(kind, random.choice(held_out.CHAT), (), ""), random)


def _none_fits(random: Random) -> Case:
    kind = "no tool fits"
    offers = _offers(held_out.function_templates(), 3, random)
    asked = Round(kind, use(offers[0], random, HELD_OUT).request, (), "")
    return _case(kind, [each.spec for each in offers[1:]], asked, random)


def _chinese(random: Random) -> Case:
    task = held_out.chinese_task(random)
    fact = code.shortened(code.run_cell(task.code))
    asked = Round("Chinese", task.request, (Call(PYTHON.name, task.code, ()),), "", (fact,))
    return _case("Chinese", [PYTHON], asked, random)


KINDS: tuple[tuple[Callable[[Random], Case], int], ...] = (
    (lambda random: _function(random, few=True), 40),
    (lambda random: _function(random, few=False), 20),
    (_record, 20),
    (lambda random: _python(random, alone=True), 50),
    (lambda random: _python(random, alone=False), 20),
    (_two_steps, 20),
    (_two_calls, 10),
    (_retry, 10),
    (_browser, 15),
    (_chat, 25),
    (_none_fits, 10),
    (_chinese, 10),
)


def build_cases(share: float = 1.0, seed: int = SEED) -> list[Case]:
    """All drawn cases, or a share of each kind."""
    cases = []
    for number, (make, count) in enumerate(KINDS):
        random = Random(f"{seed}/{number}")
        cases += [make(random) for _ in range(max(1, round(count * share)))]
    return cases

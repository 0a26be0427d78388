"""Services side by side: tools of one domain that are easily confused, in the style of one author; see families.toml.

The calls that tools of strangers got wrong had an option made up or left out where it was said inside the sentence, a
value cut off (a long number, a title of several words), the neighbour of the right tool, one call for two requests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from demo_training.data.episode import Episode, Round, json_call, spoken
from demo_training.data.functions import (
    PAIRS,
    Offer,
    Template,
    Use,
    load_templates,
    offer,
    placeholders,
    two_requests,
    use,
)
from demo_training.data.values import Value, Vocabulary, capitalised
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import ToolSpec

_FILES = (
    "families.toml",
    "families_home.toml",
    "families_town.toml",
    "families_leisure.toml",
    "families_work.toml",
)
_DEFAULTS = (1, 2, 3, 5, 10)
_COUNTED = {
    "days",
    "people",
    "guests",
    "count",
    "quantity",
    "minutes",
    "grams",
    "digits",
}  # what has a usual number
_RANGES = (("start", "end"), ("check_in", "check_out"), ("departure", "back"))
_BEGINNINGS = re.compile(r"(?:^|[.!?] )\{(\w+)\}")
_BRACKETS = re.compile(r"\[(.*)\]")


@cache
def family_templates() -> tuple[Template, ...]:
    """The templates of the files of families."""
    return tuple(template for file in _FILES for template in load_templates(file))


@dataclass(frozen=True)
class Style:
    """How the author of a tool set writes.

    Attributes:
        is_camel: names of tools, parameters and fields are in camelCase.
        has_docstrings: descriptions are docstrings with the arguments in them.
        repeats_them: the schema describes those arguments too.
        has_defaults: optional numbers have a default.
        nests: the arguments of a tool may be an object inside the arguments.
    """

    is_camel: bool
    has_docstrings: bool
    repeats_them: bool
    has_defaults: bool
    nests: bool

    def name(self, name: str) -> str:
        """`name` as this author writes it."""
        if not self.is_camel:
            return name
        first, *rest = name.split("_")
        return first + "".join(capitalised(part) for part in rest)


def draw_style(random: Random) -> Style:
    return Style(
        random.random() < 0.33,
        random.random() < 0.2,
        random.random() < 0.25,
        random.random() < 0.6,
        random.random() < 0.08,
    )


@dataclass(frozen=True)
class Service:
    """A tool in an author's style.

    Attributes:
        nested: the name of the object that holds all arguments; empty: they are the arguments.
    """

    offer: Offer
    style: Style
    nested: str

    @property
    def searches(self) -> bool:
        return self.offer.template.names[0].startswith(("search_", "find_"))

    def asked(
        self,
        random: Random,
        vocabulary: Vocabulary,
        *,
        request: str = "",
        fixed: Mapping[str, Value] | None = None,
    ) -> Use:
        """A use whose arguments and result are in this style, with an answer that tells every field."""
        template = self.offer.template
        request = request or random.choice(template.requests)
        offered = replace(self.offer, template=replace(template, requests=(request,)))
        known = {
            **_in_order(template, random, vocabulary),
            **_as_sentences(template, request, random, vocabulary),
            **(fixed or {}),
        }
        used = use(offered, random, vocabulary, fixed=known)
        arguments = {self.nested: used.arguments} if self.nested else used.arguments
        result = {self.style.name(key): value for key, value in used.result.items()}
        return replace(used, arguments=arguments, result=result)

    def asked_with_mark(self, random: Random, vocabulary: Vocabulary) -> Use:
        """The same in words that do not end with a value: what is put behind them would seem part of it."""
        requests = [each for each in self.offer.template.requests if not each.endswith("}")]
        return self.asked(random, vocabulary, request=random.choice(requests))


def _in_order(template: Template, random: Random, vocabulary: Vocabulary) -> dict[str, Value]:
    """Values of the first and the last day or hour, where a tool takes both."""
    for pair in _RANGES:
        if all(key in template.parameters for key in pair):
            drawn = (template.parameters[key].draw(random, vocabulary) for key in pair)
            ends = sorted(drawn, key=lambda value: str(value.json))
            if template.parameters[pair[0]].schema["type"] == "string":
                return dict(zip(pair, ends, strict=True))
    return {}


def _as_sentences(
    template: Template, request: str, random: Random, vocabulary: Vocabulary
) -> dict[str, Value]:
    """Ways to say an option that begin a sentence of the request, with a capital letter; what is copied is left as it is."""
    drawn = {}
    for key in _BEGINNINGS.findall(request):
        schema = template.parameters[key].schema
        if "enum" in schema or schema["type"] == "boolean":
            value = template.parameters[key].draw(random, vocabulary)
            drawn[key] = replace(value, said=capitalised(value.said))
    return drawn


def draw_service(
    template: Template, random: Random, vocabulary: Vocabulary, style: Style
) -> Service:
    """Choose a tool's names and rewrite its schema in a style."""
    drawn = offer(template, random, vocabulary)
    names = {key: style.name(name) for key, name in drawn.names.items()}
    renamed = {drawn.names[key]: names[key] for key in names}
    old = drawn.spec.parameters
    required = [renamed[name] for name in old["required"]]
    usual = {names[key] for key in _COUNTED & set(names)} - set(required)
    described = style.has_docstrings and any(
        parameter.description for parameter in template.parameters.values()
    )
    properties: dict[str, Any] = {}
    for name, schema in old["properties"].items():
        shown = dict(schema)
        if described and not style.repeats_them:
            shown.pop("description", None)
        shown_name = renamed[name]
        if style.has_defaults and shown_name in usual and random.random() < 0.5:
            shown["default"] = random.choice(_DEFAULTS)
        properties[shown_name] = shown
    parameters = {**old, "properties": properties, "required": required}
    nested = ""
    if style.nests and len(properties) > 1 and random.random() < 0.5:
        nested = style.name(random.choice(("data", "request", "details", "input", "params")))
        parameters = {"type": "object", "properties": {nested: parameters}, "required": [nested]}
    text = drawn.spec.description
    if described:
        text = _docstring(text, template, names, required)
    spec = ToolSpec(style.name(drawn.spec.name), text, parameters)
    return Service(replace(drawn, spec=spec, names=names), style, nested)


def _docstring(text: str, template: Template, names: Mapping[str, str], required: list[str]) -> str:
    lines = [
        f"    {name}: {template.parameters[key].description}{'' if name in required else ' (optional)'}"
        for key, name in names.items()
    ]
    return "\n".join([text.rstrip(".") + ".", "", "Args:", *lines])


def repeated_round(service: Service, random: Random, vocabulary: Vocabulary) -> Round | None:
    """One request about two things: two calls; None where no request can be put so."""
    repeats = service.offer.template.repeats
    if not repeats:
        return None
    request = random.choice(repeats)
    ends_with_value = request.endswith(("}", "]"))
    found = _BRACKETS.search(request)
    assert found
    part, plain = found[1], request.replace("[", "").replace("]", "")
    first = service.asked(random, vocabulary, request=plain)
    shared = placeholders(request) - placeholders(part)
    fixed = {key: first.values[key] for key in shared}
    second = service.asked(random, vocabulary, request=plain, fixed=fixed)
    if first.arguments == second.arguments:
        return None
    pair = [
        part.format(**{key: each.values[key].said for key in placeholders(part)})
        for each in (first, second)
    ]
    known = {key: value.said for key, value in fixed.items()}
    rest = _BRACKETS.sub("\0", request).format(**known)
    user = rest.replace("\0", random.choice(PAIRS).format(*pair))
    user = user if ends_with_value else spoken(user, random)
    return replace(two_requests(first, second, random), user=user)


def _rows(service: Service, random: Random, vocabulary: Vocabulary) -> Round:
    """The result is a list of two or three objects, and all of them are told."""
    used = service.asked_with_mark(random, vocabulary)
    others = [service.asked(random, vocabulary) for _ in range(random.choice((1, 1, 2)))]
    uses = [used, *others]
    call = json_call(used.offer.spec.name, used.arguments, [each.result for each in uses])
    answer = " ".join(each.answer for each in uses)
    facts = tuple(fact for each in uses for fact in each.facts)
    return Round("function", spoken(used.request, random), (call,), answer, facts)


def draw_services(random: Random, vocabulary: Vocabulary) -> list[Service]:
    """One to eight tools, most of them of one domain."""
    templates = list(family_templates())
    count = random.choices(range(1, 9), (18, 19, 17, 14, 12, 9, 7, 4))[0]
    style, domain = draw_style(random), random.choice(templates).domain
    near = [each for each in templates if each.domain == domain]
    far = [each for each in templates if each.domain != domain]
    random.shuffle(near)
    chosen = near[: max(1, count - random.choice((0, 0, 1, 2, 3)))]
    chosen += random.sample(far, count - len(chosen))
    services: dict[str, Service] = {}
    for template in chosen:
        drawn = draw_service(template, random, vocabulary, style)
        services.setdefault(drawn.offer.spec.name, drawn)
    return list(services.values())


def family_episode(random: Random, vocabulary: Vocabulary) -> Episode:
    """A tool set of one author: single calls, the same tool for two things, two requests at once."""
    services = draw_services(random, vocabulary)
    count = max(2, 7 - len(services) * 2 // 3)  # what is too long is not trained on
    rounds: list[Round] = []
    while len(rounds) < count:
        service = random.choice(services)
        draw = random.random()
        made: Round | None = None
        if draw < 0.15:
            made = repeated_round(service, random, vocabulary)
        elif draw < 0.27:
            first, second = (
                each.asked_with_mark(random, vocabulary) for each in random.choices(services, k=2)
            )
            if first.arguments != second.arguments:
                made = two_requests(first, second, random)
        elif draw < 0.45 and len(service.offer.template.results) > 1 and service.searches:
            made = _rows(service, random, vocabulary)
        rounds.append(made or service.asked(random, vocabulary).as_round(random))
    specs = [service.offer.spec for service in services]
    if random.random() < 0.2:
        specs.append(PYTHON)
    random.shuffle(specs)
    return Episode(tuple(specs), tuple(rounds))

"""Functions of a user: their schemas, calls of them, and answers from their results."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from string import Formatter
from typing import Any

from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.material import material
from demo_training.data.values import (
    KINDS,
    Kind,
    Value,
    Vocabulary,
    capitalised,
    invented_word,
)
from demo_training.data.written_values import OF_OPTIONS, WRITTEN_KINDS, said_of
from glm_tools.tool import ToolSpec


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template.

    Attributes:
        kind: of its values.
        names: what it may be called; the first is the usual one.
        description: for the schema.
        is_list: takes several values.
    """

    kind: Kind
    names: tuple[str, ...]
    description: str
    is_list: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        if not self.is_list:
            return dict(self.kind.schema)
        return {"type": "array", "items": dict(self.kind.schema)}

    def draw(self, random: Random, vocabulary: Vocabulary) -> Value:
        """A value, or a list of two to four."""
        if not self.is_list:
            return self.kind.draw(random, vocabulary)
        values = []
        for _ in range(random.randint(2, 4)):
            value = self.kind.draw(random, vocabulary)
            if value not in values:
                values.append(value)
        said = [value.said for value in values]
        text = ", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else said[0]
        return Value(text, [value.json for value in values])


@dataclass(frozen=True)
class Template:
    """A tool together with what people say to it.

    Attributes:
        names: what the tool may be called.
        descriptions: one of them is shown.
        parameters: by the word that stands for them in requests.
        requests: with `{parameter}`; one that is not named is left out of the call.
        results: fields of what comes back.
        answers: with `{parameter}` and `{field}`: what an author who returns a text may return.
        domain: what it has to do with; tools of one domain are easily confused. Empty: of none.
        repeats: those requests of which a part in brackets can be said of two things.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    requests: tuple[str, ...]
    results: Mapping[str, Kind]
    answers: tuple[str, ...]
    domain: str = ""
    repeats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """A template as one conversation offers it: with its names chosen."""

    spec: ToolSpec
    template: Template
    names: Mapping[str, str]

    def arguments(self, values: Mapping[str, Value], request: str) -> dict[str, Any]:
        """The JSON arguments for a request, in the schema's order."""
        said = placeholders(request)
        return {
            self.names[key]: values[key].json for key in self.template.parameters if key in said
        }


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def ended(value: Value, key: str, request: str, random: Random) -> Value:
    """The value, now and then with a mark at its end where the request quotes it and it is a sentence.

    What stands in quotes is copied as it is, marks included.
    """
    is_quoted = any(f"{mark}{{{key}}}{mark}" in request for mark in "'\"")
    is_sentence = (
        isinstance(value.json, str) and value.json == value.said and value.json.count(" ") > 1
    )
    if not (is_quoted and is_sentence and value.json[-1].isalnum() and random.random() < 0.4):
        return value
    text = value.json + random.choice((".", ".", "!"))
    return Value(text, text)


def kind_of(text: str) -> Kind:
    """A kind by name or by its short notation; see everyday.toml and records.toml."""
    named = KINDS.get(text) or WRITTEN_KINDS.get(text)
    if named:
        return named
    word, _, rest = text.partition(" ")
    if word in OF_OPTIONS:
        return OF_OPTIONS[word](tuple(rest.split("|")))
    if word == "flag":
        yes, no = (side.split(" / ") for side in rest.split("|"))

        def either(random: Random, _: Vocabulary) -> Value:
            wanted = random.random() < 0.5
            return Value(random.choice(yes if wanted else no), wanted)

        return Kind({"type": "boolean"}, either)
    if word == "int":
        low, high = (int(bound) for bound in rest.split())
        return Kind({"type": "integer"}, lambda random, _: _number(random.randint(low, high)))
    if word == "float":
        bounds = rest.split()
        return Kind(
            {"type": "number"},
            lambda random, _: _number(
                round(random.uniform(float(bounds[0]), float(bounds[1])), int(bounds[2]))
            ),
        )
    if "|" not in text:
        raise ValueError(f"no kind of value is called {text!r}")
    options = text.split("|")

    def draw(random: Random, vocabulary: Vocabulary) -> Value:
        option = random.choice(options)
        return Value(option, option)

    return Kind({"type": "string"}, draw)


def _number(value: int | float) -> Value:
    return Value(str(value), value)


def load_templates(file: str) -> tuple[Template, ...]:
    """The templates of a TOML file of this package."""
    return tuple(_template(entry) for entry in material(file)["tool"])


def _template(entry: Mapping[str, Any]) -> Template:
    parameters = {}
    for key, value in entry["parameters"].items():
        if isinstance(value, str):
            parameters[key] = _parameter(key, value)
            continue
        kind = kind_of(value["kind"])
        if "type" in value:
            kind = replace(kind, schema={**kind.schema, "type": value["type"]})
        names = tuple(value.get("names", key).split())
        parameters[key] = Parameter(
            kind, names, value.get("description", ""), value.get("list", False)
        )
    return Template(
        names=tuple(entry["names"].split()),
        descriptions=tuple(entry["descriptions"]),
        parameters=parameters,
        requests=tuple(request.translate(_NO_BRACKETS) for request in entry["requests"]),
        results={key: kind_of(kind) for key, kind in entry["results"].items()},
        answers=tuple(entry.get("answers", ())),
        domain=entry.get("domain", ""),
        repeats=tuple(request for request in entry["requests"] if "[" in request),
    )


_NO_BRACKETS = str.maketrans("", "", "[]")


def _parameter(key: str, text: str) -> Parameter:
    """A parameter from `kind : names : description`; `list` before the kind makes it take several."""
    kind, names, description = (part.strip() for part in text.split(" : "))
    is_list = kind.startswith("list ")
    return Parameter(
        kind_of(kind.removeprefix("list ")), tuple(names.split()), description, is_list
    )


def offer(
    template: Template, random: Random, vocabulary: Vocabulary, *, plain: bool = False
) -> Offer:
    """Choose the names, the wording and the shape of a tool's schema.

    Args:
        template: of the tool.
        random: where the choices come from.
        vocabulary: for invented names.
        plain: keep the usual names.
    """
    keys = list(template.parameters)
    names = {key: _name(template.parameters[key], random, plain) for key in keys}
    if len(set(names.values())) < len(names):
        names = {key: template.parameters[key].names[0] for key in keys}
    if len(set(names.values())) < len(names):
        names = {key: key for key in keys}
    tool_name = template.names[0]
    if not plain:
        tool_name = template.names[min(int(random.expovariate(1.0)), len(template.names) - 1)]
        tool_name = _styled(tool_name, random, vocabulary)
    return Offer(_spec(template, tool_name, names, random), template, names)


def _name(parameter: Parameter, random: Random, plain: bool) -> str:
    return parameter.names[0] if plain or random.random() < 0.55 else random.choice(parameter.names)


def _styled(name: str, random: Random, vocabulary: Vocabulary) -> str:
    style = random.random()
    if style < 0.07:  # only the description tells what it does
        return f"{random.choice(('run', 'do', 'my', 'tool', 'call'))}_{invented_word(random, vocabulary)}"
    if style < 0.13:
        first, *rest = name.split("_")
        return first + "".join(part.capitalize() for part in rest)
    return name


def _spec(template: Template, tool_name: str, names: Mapping[str, str], random: Random) -> ToolSpec:
    """The schema in the form that `@tool` makes."""
    always = set.intersection(*(placeholders(request) for request in template.requests))
    required = [key for key in template.parameters if key in always]
    describes = random.random() < 0.75
    properties: dict[str, Any] = {}
    for key, parameter in template.parameters.items():
        schema = parameter.schema
        shown: dict[str, Any] = {"type": schema.pop("type")}
        if describes and parameter.description:
            shown["description"] = parameter.description
        shown.update(schema)
        if key not in required and random.random() < 0.5:
            if "enum" in shown:
                shown["default"] = random.choice(shown["enum"])
            elif shown["type"] == "boolean":
                shown["default"] = random.random() < 0.3
        properties[names[key]] = shown
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    parameters["required"] = [names[key] for key in required]
    if random.random() < 0.85:
        parameters["additionalProperties"] = False
    return ToolSpec(tool_name, random.choice(template.descriptions), parameters)


@dataclass(frozen=True)
class Use:
    """One use of a tool, before it becomes (part of) a round.

    Attributes:
        request: without greetings.
        arguments: of the call.
        result: of the call.
        values: of the parameters.
    """

    offer: Offer
    request: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    values: Mapping[str, Value]

    @property
    def answer(self) -> str:
        """To the request: every field, in the form that is the same for all tools."""
        return told(self._fields)

    @property
    def _fields(self) -> Mapping[str, Value]:
        return {key: Value(said_of(value), value) for key, value in self.result.items()}

    @property
    def facts(self) -> tuple[str, ...]:
        """The values in the answer that only the result tells."""
        return tuple(said_of(value) for value in self.result.values())

    def shown_result(self, random: Random) -> Any:
        """The result as this tool's author returns it: an object, a single value, or a text."""
        if random.random() < 0.62:
            return self.result
        if len(self.result) == 1 and random.random() < 0.6:
            (value,) = self.result.values()
            return value
        sentences = self._sentences()
        if sentences and random.random() < 0.5:
            return random.choice(sentences)
        fields = [
            f"{key.replace('_', ' ')}: {said_of(value)}" for key, value in self.result.items()
        ]
        return random.choice((", ", "\n", "; ")).join(fields)

    def _sentences(self) -> list[str]:
        """The author's sentences that tell the whole result, and nothing that was not said."""
        template = self.offer.template
        said = {key for key in template.parameters if self.offer.names[key] in self.arguments}
        known = {key: self.values[key].said for key in said} | self.result
        fitting = [answer for answer in template.answers if placeholders(answer) <= set(known)]
        sentences = [answer.format(**known) for answer in fitting]
        return [each for each in sentences if all(fact in each for fact in self.facts)]

    def as_round(self, random: Random, kind: str = "function") -> Round:
        call, answer = self.called(random)
        ends = [each.said for each in self.values.values() if each.said.endswith((".", "?"))]
        is_copied = self.request.endswith(tuple(ends))  # nothing is put behind such a text
        user = self.request if is_copied else spoken(self.request, random)
        return Round(kind, user, (call,), answer, self.facts)

    def called(self, random: Random) -> tuple[Call, str]:
        """The call and what is told of it: a result that is a sentence is told as it is."""
        shown = self.shown_result(random)
        call = json_call(self.offer.spec.name, self.arguments, shown)
        is_sentence = isinstance(shown, str) and shown.endswith(".") and " " in shown
        return call, shown if is_sentence else told_by(call, self._fields)


def use(
    offered: Offer,
    random: Random,
    vocabulary: Vocabulary,
    *,
    fixed: Mapping[str, Value] | None = None,
) -> Use:
    """Ask for something that the tool does, with fresh values; `fixed` are given."""
    template = offered.template
    values: dict[str, Value] = {}
    for key, parameter in template.parameters.items():
        value = parameter.draw(random, vocabulary)
        while (
            value in values.values()
            and parameter.schema["type"] == "string"
            and "enum" not in parameter.schema
        ):
            value = parameter.draw(random, vocabulary)
        values[key] = value
    request = random.choice(template.requests)
    values = {key: ended(value, key, request, random) for key, value in values.items()}
    values.update(fixed or {})
    said = {key: value.said for key, value in values.items()}
    results = {key: kind.draw(random, vocabulary) for key, kind in template.results.items()}
    return Use(
        offered,
        request.format(**said),
        offered.arguments(values, request),
        {key: value.json for key, value in results.items()},
        values,
    )


_UNITS = {
    "s": "seconds", "min": "minutes", "h": "hours", "m": "m", "km": "km", "cm": "cm", "kg": "kg", "g": "g", "kb": "KB",
    "mb": "MB", "kwh": "kWh", "eur": "euros", "usd": "dollars", "percent": "percent",
}  # fmt: skip


def told(result: Mapping[str, Value]) -> str:
    """The answer that tells every field of a result: what a small model can do for a tool that it has never seen."""
    fields = [_told_field(key, value.said) for key, value in result.items()]
    text = ", ".join(fields[:-1]) + " and " + fields[-1] if len(fields) > 1 else fields[0]
    return capitalised(text) + "."


def told_by(call: Call, result: Mapping[str, Value]) -> str:
    """The answer that tells what a call came to; a number that the tool gives without a name is the result.

    Args:
        call: with what the tool showed.
        result: the fields in it.
    """
    if len(result) == 1:
        (value,) = result.values()
        if not isinstance(value.json, str) and call.observations[-1].text == json.dumps(value.json):
            return f"The result is {value.said}."
    return told(result)


def _told_field(key: str, said: str) -> str:
    """One field; a unit at the end of its name goes behind the value."""
    *name, last = re.sub("(?<=[a-z])(?=[A-Z])", "_", key).lower().split("_")
    unit = _UNITS.get(last, "") if name else ""
    label = " ".join(name if unit else [*name, last])
    is_plural = re.search("[^suiy]s$", label) is not None
    return f"the {label} {'are' if is_plural else 'is'} {said} {unit}".rstrip()


# {0} and {2}: the two requests; {1}: the second with a small first letter; {3}, {4}: the first without its last mark
JOINS = (
    "{0} And {1}", "{0} Also, {1}", "{0} Then {1}", "{0} {2}", "{3} and {1}", "{3}, and {1}", "{3}; {1}", "{3} - and {1}",
    "{3}, and also {1}", "{3}, then {1}", "{3}, and after that {1}", "{3}; also {1}", "{3} plus {1}",
    "I need two things. {0} {2}", "Two things: {4}; {1}", "Two questions. {0} {2}", "Both of these, please: {0} {2}",
    "Could you do two things for me? {0} {2}", "1. {0} 2. {2}", "1) {3} 2) {2}", "a) {0}\nb) {2}", "- {0}\n- {2}",
    "{0}\n{2}", "First: {0} Second: {2}", "First, {4}. Then, {1}", "{0} While you're at it, {1}", "{0} Oh, and {1}",
    "{0} Oh and one more thing: {1}", "{0} After that, {1}", "{0} Besides, {1}", "{0} I also need this: {1}",
    "{0} Another thing: {1}", "{0} At the same time, {1}", "{0} In addition, {1}", "{0} And when you have that: {1}",
    "{0} Apart from that: {1}", "{0} Next, {1}", "{0} And please also do this: {1}", "{0} Separately, {1}",
)  # fmt: skip
PAIRS = (
    "{0} and {1}", "{0} and {1}", "{0} and {1}", "both {0} and {1}", "{0} and also {1}", "{0} as well as {1}", "{0} & {1}",
    "{0} plus {1}",
)  # fmt: skip


def lowered(request: str) -> str:
    """`request` with a small first letter, as after a comma; "I" stays."""
    first = request.split()[0]
    keeps = first in ("I", "I'm", "I'd", "I've") or not first[1:].islower()
    return request if keeps else request[0].lower() + request[1:]


def _opens_with_value(used: Use) -> bool:
    return any(used.request.startswith(each.said) for each in used.values.values())


def two_requests(first: Use, second: Use, random: Random) -> Round:
    """Two requests at once that do not depend on each other."""
    join = random.choice(JOINS)
    goes_on = second.request if _opens_with_value(second) else lowered(second.request)
    begins = first.request.rstrip(".?!")
    opens = begins if _opens_with_value(first) else lowered(begins)
    user = join.format(first.request, goes_on, second.request, begins, opens)
    (one, tells), (other, tells_too) = first.called(random), second.called(random)
    return Round(
        "two calls",
        spoken(user, random),
        (one, other),
        f"{tells} {tells_too}",
        first.facts + second.facts,
    )


def one_tool_twice(offered: Offer, random: Random, vocabulary: Vocabulary) -> Round | None:
    """One request about two things of a kind; None when the tool does not lend itself to it."""
    template = offered.template
    requests = [request for request in template.requests if len(placeholders(request)) == 1]
    if not requests:
        return None
    request = random.choice(requests)
    (key,) = placeholders(request)
    parameter = template.parameters[key]
    if parameter.is_list or parameter.schema["type"] == "boolean":
        return None
    single = replace(offered, template=replace(template, requests=(request,)))
    first = use(single, random, vocabulary)
    second = use(single, random, vocabulary)
    if first.values[key] == second.values[key]:
        return None
    both = random.choice(PAIRS).format(first.values[key].said, second.values[key].said)
    return replace(
        two_requests(first, second, random), user=spoken(request.format(**{key: both}), random)
    )


def compact(arguments: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON as the model writes it."""
    return json.dumps(arguments, ensure_ascii=False)

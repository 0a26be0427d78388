"""Tasks in which one call needs the result of another."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from demo_training.data import records
from demo_training.data.episode import Call, Round, json_call, spoken
from demo_training.data.functions import (
    Offer,
    Template,
    Use,
    lowered,
    offer,
    placeholders,
    use,
)
from demo_training.data.records import Field, Record, article
from demo_training.data.values import Value, Vocabulary, capitalised

Chain = tuple[tuple[Offer, ...], Round]


def _finder(record: Record, field: Field) -> Template:
    """A tool that finds one record's id by a field."""
    w, value = record.words, f"{{{field.name}}}"
    return Template(
        names=(f"find_{record.noun}", f"search_{record.noun}", f"get_{record.noun}_by_{field.name}", f"lookup_{record.noun}"),
        descriptions=(f"Find {article(w)} by its {field.words}", f"Get the id of {article(w)} by {field.words}"),
        parameters={field.name: record.field_parameter(field)},
        requests=(f"the {w} {field.fragment}", f"the {w} whose {field.words} is {value}", f"the {w} with the {field.words} {value}"),
        results={record.id_name: record.id_kind},
        answers=("",),
    )  # fmt: skip


def _second(record: Record, random: Random) -> tuple[Template, tuple[str, ...]]:
    """A tool for the record that was found, and how the user asks for it of `it`."""
    action = random.choice(
        (
            records.status,
            records.details,
            records.delete,
            records.assign,
            records.schedule,
            records.update,
        )
    )
    template = action(record, random)
    verb = capitalised(template.names[0].split("_")[0])
    field = next((key for key in template.parameters if key != record.id_name), "")
    told = next(iter(template.results)).replace("_", " ")
    asked = {
        records.status: (
            "Check the status of {it}",
            "Tell me the status of {it}",
            "What is the status of {it}",
        ),
        records.details: (f"What is the {told} of {{it}}", f"Tell me the {told} of {{it}}"),
        records.delete: (f"{verb} {{it}}", f"Please {verb.lower()} {{it}}"),
        records.assign: ("Assign {it} to {person}", "Give {it} to {person}"),
        records.schedule: ("Schedule {it} for {date} at {time}", "Move {it} to {date}"),
        records.update: (f"Set the {field.replace('_', ' ')} of {{it}} to {{{field}}}",),
    }[action]
    return template, asked


def find_then_act(record: Record, random: Random, vocabulary: Vocabulary) -> Chain | None:
    """Find a record by something known of it, then do something with its id."""
    fields = [
        field for field in record.fields if not field.is_flag and "enum" not in field.kind.schema
    ]
    field = random.choice(fields)
    finder = offer(_finder(record, field), random, vocabulary)
    found = use(finder, random, vocabulary)
    template, asked = _second(record, random)
    if field.name in template.parameters:
        return None
    request = random.choice(asked)
    acting = offer(
        replace(
            template,
            requests=tuple(dict.fromkeys((*template.requests, request.format_map(_It(record))))),
        ),
        random,
        vocabulary,
    )
    known = {record.id_name: Value(str(found.result[record.id_name]), found.result[record.id_name])}
    acted = _use_of(acting, request.format_map(_It(record)), known, random, vocabulary)
    said = {key: value.said for key, value in acted.values.items()}
    sentence = request.format(**{**said, "it": found.request})
    if random.random() < 0.3:
        sentence = f"Find {found.request} and {lowered(request).format(**{**said, 'it': 'it'})}"
    mark = "?" if sentence.startswith("What") else "."
    return (finder, acting), Round(
        "two steps",
        spoken(sentence + mark, random),
        (_call(found), _call(acted)),
        acted.answer,
        acted.facts,
    )


class _It(dict[str, str]):
    """Puts the id's placeholder for `{it}` and leaves the other placeholders."""

    def __init__(self, record: Record) -> None:
        super().__init__(it=f"{{{record.id_name}}}")

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _use_of(
    offered: Offer, request: str, fixed: Mapping[str, Value], random: Random, vocabulary: Vocabulary
) -> Use:
    """A use with this very request; a value that nobody names is not in the answer."""
    template = offered.template
    only = replace(offered, template=replace(template, requests=(request,)))
    return use(only, random, vocabulary, fixed=fixed)


def _call(used: Use) -> Call:
    return json_call(used.offer.spec.name, used.arguments, used.result)


def relay(
    record: Record, everyday: tuple[Template, ...], random: Random, vocabulary: Vocabulary
) -> Chain | None:
    """A tool needs a value that another tool knows: the weather in the city of a shipment."""
    fields = [field for field in record.fields if not field.is_flag]
    random.shuffle(fields)
    for field in fields:
        takers = [
            (template, key)
            for template in everyday
            for key, parameter in template.parameters.items()
            if parameter.kind is field.kind
            and not parameter.is_list
            and all(key in placeholders(request) for request in template.requests)
        ]
        if takers:
            break
    else:
        return None
    template, key = random.choice(takers)
    w, i = record.words, f"{{{record.id_name}}}"
    asking = Template(
        names=(f"get_{record.noun}", f"{record.noun}_info", f"lookup_{record.noun}"),
        descriptions=(f"Get the {field.words} of {article(w)}", f"Look up {article(w)} by its id"),
        parameters={record.id_name: record.id_parameter()},
        requests=(f"the {field.words} of {w} {i}",),
        results={field.name: field.kind},
        answers=("",),
    )
    source = use(offer(asking, random, vocabulary), random, vocabulary)
    value = source.result[field.name]
    taking = offer(template, random, vocabulary)
    if taking.spec.name == source.offer.spec.name:
        return None
    taken = use(taking, random, vocabulary, fixed={key: Value(source.request, value)})
    question = Round(
        "two steps",
        spoken(taken.request, random),
        (_call(source), _call(taken)),
        taken.answer,
        taken.facts,
    )
    return (source.offer, taking), question


def two_then_python(
    record: Record, random: Random, vocabulary: Vocabulary
) -> tuple[Offer, Use, Use, str] | None:
    """Two look-ups of a number: the caller lets `python` put them together."""
    numeric = [
        field for field in record.fields if field.kind.schema["type"] in ("number", "integer")
    ]
    if not numeric:
        return None
    field = random.choice(numeric)
    w, i = record.words, f"{{{record.id_name}}}"
    asking = Template(
        names=(f"get_{record.noun}", f"{record.noun}_{field.name}", f"lookup_{record.noun}"),
        descriptions=(f"Get the {field.words} of {article(w)}",),
        parameters={record.id_name: record.id_parameter()},
        requests=(f"{w} {i}",),
        results={field.name: field.kind},
        answers=("",),
    )
    offered = offer(asking, random, vocabulary)
    return offered, use(offered, random, vocabulary), use(offered, random, vocabulary), field.words


def unused(chain: Chain, others: list[Offer]) -> list[Offer]:
    """The other tools whose names do not clash with the chain's."""
    names = {each.spec.name for each in chain[0]}
    return [each for each in others if each.spec.name not in names]

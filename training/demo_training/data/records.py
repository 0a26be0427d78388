"""Tools over records, made by program: fourteen actions for each kind of record, worded afresh for every conversation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from demo_training.data.functions import Parameter, Template, kind_of
from demo_training.data.material import material
from demo_training.data.values import KINDS, Kind, capitalised, choice_of


@dataclass(frozen=True)
class Field:
    """A property of a record; `phrase` is how a user names a value of it, with `{}`."""

    name: str
    kind: Kind
    phrase: str

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")

    @property
    def fragment(self) -> str:
        """The phrase with this field's placeholder in it."""
        return self.phrase.format("{" + self.name + "}")

    @property
    def is_flag(self) -> bool:
        return bool(self.kind.schema["type"] == "boolean")


@dataclass(frozen=True)
class Record:
    """A kind of record."""

    noun: str
    id_kind: Kind
    states: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def words(self) -> str:
        return self.noun.replace("_", " ")

    @property
    def id_name(self) -> str:
        return self.noun + "_id"

    def id_parameter(self) -> Parameter:
        names = (self.id_name, "id", self.noun, self.noun + "_number")
        return Parameter(self.id_kind, names, f"Id of the {self.words}")

    def field_parameter(self, field: Field, *, is_list: bool = False) -> Parameter:
        return Parameter(
            field.kind, (field.name,), capitalised(f"{field.words} of the {self.words}"), is_list
        )


def load_records(file: str) -> tuple[Record, ...]:
    """The records of a TOML file of this package."""
    entries = material(file)
    return tuple(
        Record(
            noun,
            kind_of(entry["id"]),
            tuple(entry["states"].split("|")),
            tuple(Field(name, kind_of(kind), phrase) for name, kind, phrase in entry["fields"]),
        )
        for noun, entry in entries.items()
    )


def plural(words: str) -> str:
    """The plural of a noun."""
    if words.endswith("y") and words[-2] not in "aeiou":
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("s", "x", "ch", "sh")) else "s")


def article(words: str) -> str:
    """`words` with "a" or "an"."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _names(verbs: str, noun: str, tail: str = "") -> tuple[str, ...]:
    return tuple(f"{verb}_{noun}{tail}" for verb in verbs.split())


def _facts(fields: Sequence[Field], record: Record) -> str:
    """A sentence part that tells some fields: "the price is {price} and …"."""
    return " and ".join(f"the {field.words} is {{{field.name}}}" for field in fields)


def details(record: Record, random: Random) -> Template:
    """Look one record up by its id."""
    w, i = record.words, f"{{{record.id_name}}}"
    told = random.sample(
        [field for field in record.fields if not field.is_flag], random.choice((1, 2))
    )
    field = told[0].words
    return Template(
        names=(*_names("get find fetch lookup show", record.noun), f"{record.noun}_info", f"get_{record.noun}_details"),
        descriptions=(f"Get the details of {article(w)}", f"Look up {article(w)} by its id"),
        parameters={record.id_name: record.id_parameter()},
        requests=(
            f"Show me {w} {i}.", f"What do you have on {w} {i}?", f"Look up {w} {i}.", f"Pull up {w} {i}, please.",
            f"I need the details of {w} {i}.", f"Tell me about {w} {i}.", f"Get the data of {w} {i}.",
            f"What is the {field} of {w} {i}?", f"Find out the {field} of {w} {i}.", f"{w} {i}: what's the {field}?",
        ),
        results={each.name: each.kind for each in told},
        answers=(f"For {w} {i}, {_facts(told, record)}.", capitalised(f"{_facts(told, record)}."),
                 f"{capitalised(w)} {i}: {_facts(told, record)}."),
    )  # fmt: skip


def status(record: Record, random: Random) -> Template:
    """Ask how a record stands."""
    w, i = record.words, f"{{{record.id_name}}}"
    return Template(
        names=(*_names("get check track", record.noun, "_status"), f"{record.noun}_status", f"track_{record.noun}"),
        descriptions=(f"Get the current status of {article(w)}", f"Check the status of {article(w)}"),
        parameters={record.id_name: record.id_parameter()},
        requests=(
            f"What is the status of {w} {i}?", f"Check {w} {i}.", f"What's going on with {w} {i}?",
            f"Any news about {w} {i}?", f"How is {w} {i} doing?", f"Tell me the state of {w} {i}.",
            f"Has anything happened with {w} {i}?", f"Status of {w} {i}?", f"Where do we stand with {w} {i}?",
        ),
        results={"status": kind_of("|".join(record.states))},
        answers=(f"The status of {w} {i} is {{status}}.", f"{capitalised(w)} {i} is {{status}}.", "It is {status}."),
    )  # fmt: skip


def create(record: Record, random: Random) -> Template:
    """Make a record from what the user says; the last field may be left unsaid."""
    w = record.words
    fields = record.fields[: random.randint(1, len(record.fields))]
    verbs = random.sample(("Create", "Add", "Make", "Set up", "Register", "Open"), 3)
    wishes = (
        f"I need a new {w}",
        f"I want to add {article(w)}",
        f"Please enter {article(w)}",
        f"We need {article(w)}",
    )
    heads = [f"{verb} {article(w)}" for verb in verbs] + [
        f"{verbs[0]} a new {w}",
        *random.sample(wishes, 2),
    ]
    requests = []
    for head in heads:
        said = list(fields)
        if len(said) > 1 and random.random() < 0.5:
            said.pop()
        if len(said) > 2 and random.random() < 0.5:
            said[1:] = random.sample(said[1:], len(said) - 1)
        requests.append(head + " " + " ".join(field.fragment for field in said) + ".")
    return Template(
        names=_names("create add new register make", record.noun),
        descriptions=(f"Create a new {w}", f"Add {article(w)}", f"Register {article(w)}"),
        parameters={field.name: record.field_parameter(field) for field in fields},
        requests=tuple(requests),
        results={record.id_name: record.id_kind},
        answers=(f"The {w} was created with the id {{{record.id_name}}}.", f"Done. The new {w} is {{{record.id_name}}}.",
                 f"I created {w} {{{record.id_name}}}."),
    )  # fmt: skip


def update(record: Record, random: Random) -> Template:
    """Change one field of a record."""
    w, i = record.words, f"{{{record.id_name}}}"
    field = random.choice([field for field in record.fields if not field.is_flag])
    f, v = field.words, f"{{{field.name}}}"
    return Template(
        names=(*_names("update change edit modify", record.noun), f"set_{record.noun}_{field.name}"),
        descriptions=(f"Change the {f} of {article(w)}", f"Update {article(w)}"),
        parameters={record.id_name: record.id_parameter(), field.name: record.field_parameter(field)},
        requests=(
            f"Change the {f} of {w} {i} to {v}.", f"Set the {f} of {w} {i} to {v}.", f"{w} {i} should have {v} as {f}.",
            f"Update {w} {i}: {f} {v}.", f"The {f} of {w} {i} is now {v}.", f"Please make {v} the {f} of {w} {i}.",
        ),
        results={"result": kind_of("ok|updated|success")},
        answers=(f"The {f} of {w} {i} is now {v}.", f"Done. {capitalised(w)} {i} has the {f} {v}."),
    )  # fmt: skip


def delete(record: Record, random: Random) -> Template:
    """Remove a record."""
    w, i = record.words, f"{{{record.id_name}}}"
    verb = random.choice(("delete", "remove", "cancel", "archive"))
    done = {"delete": "deleted", "remove": "removed", "cancel": "cancelled", "archive": "archived"}[
        verb
    ]
    return Template(
        names=(f"{verb}_{record.noun}",),
        descriptions=(f"{capitalised(verb)} {article(w)}", f"{capitalised(verb)} {article(w)} by its id"),
        parameters={record.id_name: record.id_parameter()},
        requests=(
            f"{capitalised(verb)} {w} {i}.", f"Please {verb} {w} {i}.", f"I want to {verb} {w} {i}.",
            f"{capitalised(verb)} the {w} with the id {i}.", f"We no longer need {w} {i}, {verb} it.",
            f"Can you {verb} {w} {i}?",
        ),
        results={"result": kind_of(f"ok|{done}|done")},
        answers=(f"{capitalised(w)} {i} was {done}.", f"Done. {capitalised(w)} {i} is {done}."),
    )  # fmt: skip


def search(record: Record, random: Random) -> Template:
    """Find records by one or two fields."""
    w = plural(record.words)
    usable = [field for field in record.fields if not field.is_flag]
    fields = random.sample(usable, min(len(usable), random.choice((1, 2))))
    fields.sort(key=record.fields.index)
    heads = random.sample(
        (f"Find {w}", f"Search for {w}", f"Show me {w}", f"I'm looking for {w}", f"Are there {w}", f"Which {w} are there"), 4
    )  # fmt: skip
    requests = []
    for head in heads:
        said = fields if len(fields) == 1 or random.random() < 0.6 else fields[:1]
        mark = "?" if head.startswith(("Are", "Which")) else "."
        requests.append(head + " " + " ".join(field.fragment for field in said) + mark)
    return Template(
        names=(*_names("search find list query", plural(record.noun)), f"{record.noun}_search"),
        descriptions=(f"Search {w}", f"Find {w} by {fields[0].words}"),
        parameters={field.name: record.field_parameter(field) for field in fields},
        requests=tuple(requests),
        results={"count": kind_of("int 1 40"), "first": record.id_kind},
        answers=(
            f"I found {{count}} {w}; the first is {{first}}.",
            f"There are {{count}} {w}. The first one is {{first}}.",
        ),
    )


def count(record: Record, random: Random) -> Template:
    """Count records, of one state maybe."""
    w = plural(record.words)
    state_kind = (
        choice_of(record.states) if random.random() < 0.5 else kind_of("|".join(record.states))
    )
    state = Parameter(state_kind, ("status", "state", "filter"), f"Count only {w} of this status")
    return Template(
        names=(f"count_{plural(record.noun)}", f"{record.noun}_count", f"number_of_{plural(record.noun)}"),
        descriptions=(f"Count {w} by status: {', '.join(record.states)}", f"How many {w} there are"),
        parameters={"status": state},
        requests=(
            f"How many {w} are {{status}}?", f"Count the {w} that are {{status}}.",
            f"What is the number of {{status}} {w}?", f"How many {{status}} {w} do we have?",
        ),
        results={"count": kind_of("int 0 500")},
        answers=(f"There are {{count}} {w} that are {{status}}.", f"{{count}} {w} are {{status}}."),
    )  # fmt: skip


def listing(record: Record, random: Random) -> Template:
    """List records, sorted and limited."""
    w = plural(record.words)
    fields = [field.name for field in record.fields if not field.is_flag]
    order = Parameter(
        kind_of("enum " + "|".join(fields)), ("sort_by", "order_by", "sort"), "Sort order"
    )
    limit = Parameter(kind_of("int 2 30"), ("limit", "max_results", "n", "top"), "How many at most")
    return Template(
        names=(f"list_{plural(record.noun)}", f"get_{plural(record.noun)}", f"all_{plural(record.noun)}"),
        descriptions=(f"List {w}", f"List {w}, sorted"),
        parameters={"limit": limit, "sort_by": order},
        requests=(
            f"List {{limit}} {w}.", f"Show me {{limit}} {w} sorted by {{sort_by}}.", f"Give me {{limit}} {w}, ordered by {{sort_by}}.",
            f"I want to see {{limit}} {w}.", f"The first {{limit}} {w} by {{sort_by}}, please.",
        ),
        results={"first": record.id_kind, "last": record.id_kind},
        answers=(f"The first of the {{limit}} {w} is {{first}}, the last is {{last}}.", f"Here are {{limit}} {w}, from {{first}} to {{last}}."),
    )  # fmt: skip


def assign(record: Record, random: Random) -> Template:
    """Give a record to somebody, and tell them or not."""
    w, i = record.words, f"{{{record.id_name}}}"
    person = Parameter(
        KINDS[random.choice(("first_name", "name"))],
        ("person", "assignee", "user", "to"),
        "Who gets it",
    )
    notify = Parameter(
        kind_of("flag and let them know|without telling them"),
        ("notify", "send_email"),
        "Tell the person",
    )
    return Template(
        names=_names("assign give transfer", record.noun),
        descriptions=(f"Assign {article(w)} to a person", f"Hand {article(w)} over to somebody"),
        parameters={record.id_name: record.id_parameter(), "person": person, "notify": notify},
        requests=(
            f"Assign {w} {i} to {{person}}.", f"Give {w} {i} to {{person}} {{notify}}.", f"{{person}} should take over {w} {i}.",
            f"Hand {w} {i} to {{person}}.", f"Assign {w} {i} to {{person}} {{notify}}.",
        ),
        results={"result": kind_of("ok|assigned|success")},
        answers=(f"{capitalised(w)} {i} is assigned to {{person}}.", f"Done. {{person}} now has {w} {i}."),
    )  # fmt: skip


def schedule(record: Record, random: Random) -> Template:
    """Put a record on a date, at a time maybe."""
    w, i = record.words, f"{{{record.id_name}}}"
    date = Parameter(KINDS["date"], ("date", "day", "on"), "Date as YYYY-MM-DD")
    time = Parameter(KINDS["time"], ("time", "at", "hour"), "Time as HH:MM")
    return Template(
        names=_names("schedule plan reschedule move", record.noun),
        descriptions=(f"Schedule {article(w)}", f"Set date and time of {article(w)}"),
        parameters={record.id_name: record.id_parameter(), "date": date, "time": time},
        requests=(
            f"Schedule {w} {i} for {{date}} at {{time}}.", f"Move {w} {i} to {{date}}.", f"Plan {w} {i} on {{date}}, {{time}}.",
            f"Please put {w} {i} on {{date}} at {{time}}.", f"{w} {i} should be on {{date}}.",
        ),
        results={"result": kind_of("ok|scheduled|confirmed")},
        answers=(f"{capitalised(w)} {i} is scheduled for {{date}}.", f"Done. {capitalised(w)} {i} is on {{date}}."),
    )  # fmt: skip


def tag(record: Record, random: Random) -> Template:
    """Put labels on a record."""
    w, i = record.words, f"{{{record.id_name}}}"
    tags = Parameter(
        KINDS[random.choice(("label", "word", "color"))],
        ("tags", "labels", "keywords"),
        "Tags to add",
        True,
    )
    return Template(
        names=(f"tag_{record.noun}", f"add_{record.noun}_tags", f"label_{record.noun}"),
        descriptions=(f"Add tags to {article(w)}", f"Label {article(w)}"),
        parameters={record.id_name: record.id_parameter(), "tags": tags},
        requests=(
            f"Tag {w} {i} with {{tags}}.", f"Add the tags {{tags}} to {w} {i}.", f"Label {w} {i} as {{tags}}.",
            f"Put {{tags}} on {w} {i} as tags.",
        ),
        results={"total_tags": kind_of("int 2 12")},
        answers=(f"{capitalised(w)} {i} now has {{total_tags}} tags.", f"Done, there are {{total_tags}} tags on {w} {i}."),
    )  # fmt: skip


def compare(record: Record, random: Random) -> Template:
    """Compare some records."""
    w = plural(record.words)
    ids = Parameter(
        record.id_kind, ("ids", plural(record.noun), record.noun + "_ids"), f"Ids of the {w}", True
    )
    return Template(
        names=(f"compare_{plural(record.noun)}", f"best_{record.noun}"),
        descriptions=(f"Compare {w} and say which is best", f"Rank {w}"),
        parameters={"ids": ids},
        requests=(
            f"Compare the {w} {{ids}}.", f"Which of the {w} {{ids}} is best?", f"Rank the {w} {{ids}}.",
            f"I can't decide between the {w} {{ids}}.",
        ),
        results={"best": record.id_kind, "score": kind_of("float 1 10 1")},
        answers=("The best is {best} with a score of {score}.", f"Of these {w}, {{best}} is best; its score is {{score}}."),
    )  # fmt: skip


def export(record: Record, random: Random) -> Template:
    """Write records to a file."""
    w = plural(record.words)
    kind = Parameter(kind_of("enum csv|json|pdf|xlsx"), ("format", "file_type"), "File format")
    path = Parameter(KINDS["path"], ("path", "file", "target"), "Where to write")
    return Template(
        names=(f"export_{plural(record.noun)}", f"download_{plural(record.noun)}"),
        descriptions=(f"Export {w} to a file", f"Save all {w} as a file"),
        parameters={"format": kind, "path": path},
        requests=(
            f"Export the {w} as {{format}}.", f"Save all {w} as {{format}} in {{path}}.", f"Give me the {w} as {{format}}.",
            f"Download the {w} in {{format}} format to {{path}}.",
        ),
        results={"rows": kind_of("int 3 900")},
        answers=(f"{{rows}} {w} were exported as {{format}}.", "Done: {rows} rows were written."),
    )  # fmt: skip


def rate(record: Record, random: Random) -> Template:
    """Give stars and a comment."""
    w, i = record.words, f"{{{record.id_name}}}"
    stars = Parameter(kind_of("int 1 5"), ("stars", "rating", "score"), "From 1 to 5")
    comment = Parameter(KINDS["sentence"], ("comment", "text", "review"), "A comment")
    return Template(
        names=(*_names("rate review", record.noun), f"{record.noun}_feedback"),
        descriptions=(f"Rate {article(w)} with stars", f"Give feedback on {article(w)}"),
        parameters={record.id_name: record.id_parameter(), "stars": stars, "comment": comment},
        requests=(
            f"Rate {w} {i} with {{stars}} stars.", f"Give {w} {i} {{stars}} stars and say '{{comment}}'.",
            f"{w} {i} gets {{stars}} stars from me.", f"I rate {w} {i} {{stars}} out of 5 with the comment '{{comment}}'.",
        ),
        results={"average": kind_of("float 1 5 1")},
        answers=(f"Thanks, {w} {i} now has {{average}} stars on average.", "Done. The average is now {average} stars."),
    )  # fmt: skip


Action = Callable[[Record, Random], Template]
ACTIONS: tuple[Action, ...] = (
    details, status, create, update, delete, search, count, listing, assign, schedule, tag, compare, export, rate,
)  # fmt: skip

"""When something ends, begins or is due: spans said in every way, put together with what they are the spans of.

The span, what it belongs to, and whether its end or its beginning is asked are drawn apart, so that plus and minus are learnt
with "lasts" and "before" and not inside one sentence.
"""

from datetime import date, timedelta
from random import Random

from demo_training.data.code.dates import MONTHS, clock, date_code
from demo_training.data.code.task import Task
from demo_training.data.code.wording import cardinal, framed, ordinal
from demo_training.data.values import Vocabulary

# With `{a}` for a time of day and `{s}` for a span.
_ENDS = (
    "I am on duty from {a} for {s}. When is that over?", "We take off at {a} and fly {s}. What is the landing time?", "I put the bread in at {a} for {s}. When is it done?",
    "{n} falls asleep at {a} and sleeps {s}. When does {n} wake up?", "The meeting begins at {a} and goes on for {s}. At what time is it over?", "If I leave at {a} and the drive takes {s}, when do I arrive?",
    "What time is it {s} after {a}?", "It's {a} now. What time will it be in {s}?", "Add {s} to {a}.", "A train departs at {a}; the ride is {s}. When does it get there?", "Started at {a}, needs {s}. When is it finished?",
    "The film is {s} long and begins at {a}. When does it end?", "The medicine was given at {a} and works for {s}. Until when?", "Parking was paid at {a} for {s}. Until what time is that?", "When is a lesson over that starts at {a} and lasts {s}?",
    "{n} works {s}, starting at {a}. When is {n} done?", "{s} from {a}, what time is that?",
)  # fmt: skip
_BEGINNINGS = (
    "I have to be there at {a} and need {s}. When must I leave?", "The party starts at {a} and the cake takes {s}. When do I have to begin?", "What time was it {s} before {a}?", "The film ended at {a} and was {s} long. When did it start?",
    "{n} arrived at {a} after {s} on the train. When did it leave?", "Take {s} away from {a}.", "Dinner is at {a}; cooking takes {s}. When should I start?", "My shift ends at {a} after {s}. When did it begin?",
    "The plane lands at {a} and the flight takes {s}. When does it take off?", "{s} before {a}, what time is that?", "The doors close at {a}. I want to be there {s} earlier. When is that?", "It is {a}. What time was it {s} ago?",
)  # fmt: skip
_SPANS_BETWEEN = (
    "The bus goes at {a} and is there at {b}. How long is one on it?", "I slept from {a} to {b}. How long was that?", "How long is it from {a} to {b}?", "{n} works from {a} until {b}. How long is that?", "The shop is open from {a} to {b}. How long is that?",
    "We left at {a} and were there at {b}. How long did it take?", "A flight departs at {a} and lands at {b}. How long is it in the air?", "How much time passes between {a} and {b}?", "The lesson goes from {a} to {b}. How long is it?", "From {a} till {b}, how long is that?",
)  # fmt: skip
_EVERY = (
    "Eye drops at {a} and again every {h} hours. When are the next {k}?", "{n} takes a tablet at {a} and then every {h} hours. At what times are the next {k}?", "The alarm rings at {a} and every {h} hours after that. When are the next {k} times?", "Feed the baby every {h} hours, first at {a}. What are the next {k} times?",
    "A bus leaves at {a} and then every {h} hours. When do the next {k} leave?", "Starting at {a}, every {h} hours: what are the next {k} times?", "The nurse checks at {a} and every {h} hours from then on. List the next {k} checks.", "Measured at {a}, repeated every {h} hours. When are the next {k}?",
)  # fmt: skip
# With `{a}` for a date and `{s}` for a span of days or weeks.
_DUE = (
    "The cheese was made on {a} and ripens for {s}. When can it be eaten?", "The offer of {a} holds for {s}. On what date does it end?", "The parcel was sent on {a} and takes {s}. When does it come?", "My visa is valid for {s} from {a}. When does it run out?",
    "What is the date {s} after {a}?", "Today is {a}. What date is it in {s}?", "{n} starts on {a} and needs {s}. On which date is it done?", "A library book borrowed on {a} is due after {s}. When is that?", "The course begins on {a} and lasts {s}. When is it over?", "The warranty runs {s} from {a}. Until when?",
    "The eggs were laid on {a} and hatch after {s}. When is that?", "{s} from {a}, which date is that?", "We moved in on {a} and the trial lasts {s}. What date does it end?", "Add {s} to {a}.", "The bill came on {a}; it must be paid within {s}. What is the last day?",
)  # fmt: skip
_EARLIER = (
    "What was the date {s} before {a}?", "The exam is on {a} and I start {s} earlier. On what date?", "The wedding is on {a}; invitations go out {s} before. When is that?", "Today is {a}. What date was it {s} ago?", "{n} came back on {a} after {s}. When did the trip begin?", "Subtract {s} from {a}.",
    "We fly on {a} and have to book {s} ahead. By what date?", "The seeds go in {s} before {a}. What date is that?", "It was finished on {a} and took {s}. When was it begun?", "{s} before {a}, which date was that?",
)  # fmt: skip
_BETWEEN = (
    "How many days are there between {a} and {b}?", "How many days is it from {a} to {b}?", "Today is {a}. How many days until {b}?", "{n} leaves on {a} and is back on {b}. How many days is that?", "The rent runs from {a} to {b}. How many days is that?", "How many days passed from {a} to {b}?",
    "The seeds were sown on {a} and picked on {b}. How many days did they need?", "From {a} until {b}: how many days?", "Number of days from {a} to {b}?", "How many days after {a} comes {b}?",
)  # fmt: skip
_AGES = (
    "She was born on {a}. What is her age on {b}?", "{n} was born on {a}. How old is {n} on {b}?", "Born {a}: what age on {b}?", "How old is somebody on {b} whose birthday is {a}?", "My father was born on {a}. What age will he be on {b}?", "What's the age on {b} of a person born on {a}?", "Date of birth {a}. How old is that on {b}?",
    "On {b}, how old is someone born on {a}?", "The company was founded on {a}. How many years old is it on {b}?", "Our house dates from {a}. How many full years is that on {b}?",
)  # fmt: skip
_WEEKDAYS = (
    "What weekday was {a}?", "Which day of the week is {a}?", "On what day of the week was {n} born, {a}?", "Is {a} a Sunday, or what day is it?", "{a} - what weekday is that?", "What day of the week does {a} fall on?", "The appointment is on {a}. Which weekday is that?", "What weekday will {a} be?",
)  # fmt: skip
_WITH_WEEKDAY = (" What date and weekday is that?", " On which date is that, and what weekday?", " Give me the date and the day of the week.", " Which date and which weekday?")  # fmt: skip
_CLOCK = "from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\n"
_AGE = "from datetime import date\na, b = {a}, {b}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))"


def _span(random: Random) -> tuple[str, str]:
    """Hours and minutes as people say them, and the arguments of a timedelta."""
    h, m = random.randint(1, 11), random.choice((5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, random.randint(1, 59)))  # fmt: skip
    kind = random.random()
    if kind < 0.2:
        m = random.choice((m, random.randint(60, 240)))
        return random.choice((f"{m} minutes", f"{m} min", f"{m} minutes")), f"minutes={m}"
    if kind < 0.35:
        said = cardinal(random, h)
        return (f"{said} hours" if h > 1 else random.choice(("an hour", "one hour"))), f"hours={h}"
    if kind < 0.55:
        said = cardinal(random, h)
        return random.choice((f"{said} and a half hours", f"{said} hours and a half", f"{h}.5 hours")) if h > 1 else random.choice(("an hour and a half", "one and a half hours", "1.5 hours")), f"hours={h}, minutes=30"  # fmt: skip
    if kind < 0.6:
        return random.choice(("half an hour", "30 minutes")), "minutes=30"
    if kind < 0.65:
        return random.choice(("three quarters of an hour", "45 minutes")), "minutes=45"
    hours = f"{h} hours" if h > 1 else random.choice(("an hour", "1 hour"))
    said = random.choice((f"{hours} and {m} minutes", f"{hours} {m} minutes", f"{h} h {m} min", f"{h}h {m}min", f"{hours}, {m} minutes"))  # fmt: skip
    return said, f"hours={h}, minutes={m}"


def clock_spans(random: Random, vocabulary: Vocabulary) -> Task:
    """A time of day and a span: the end or the beginning; two times: the span; times at equal distances."""
    a, b = (clock(random, 5 * random.randint(0, 287)) for _ in range(2))
    n, which = random.choice(vocabulary.first_names), random.random()
    said, arguments = _span(random)
    if which < 0.45:
        sign, wording = "+", random.choice(_ENDS)
    elif which < 0.7:
        sign, wording = "-", random.choice(_BEGINNINGS)
    elif which < 0.85:
        code = f"from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\nprint(timedelta(seconds=(b - a).seconds))"
        code = code.replace("import datetime\n", "import datetime, timedelta\n")
        if int(a.split(":")[0]) < int(b.split(":")[0]):
            code = code.replace("import datetime, timedelta\n", "import datetime\n").replace("timedelta(seconds=(b - a).seconds)", "b - a")  # fmt: skip
        return Task(random.choice(_SPANS_BETWEEN).format(a=a, b=b, n=n), code)
    else:
        h, k = random.randint(2, 12), random.randint(2, 5)
        request = random.choice(_EVERY).format(a=a, n=n, h=cardinal(random, h), k=cardinal(random, k))  # fmt: skip
        code = f"for i in range(1, {k} + 1):\n    print((a + timedelta(hours={h} * i)).strftime('%H:%M'), end=' ')"  # fmt: skip
        return Task(request, _CLOCK.format(a=a) + code)
    request = wording.format(a=a, s=said, n=n)
    code = f"{_CLOCK.format(a=a)}print((a {sign} timedelta({arguments})).strftime('%H:%M'))"
    return Task(request[0].upper() + request[1:], code)


def _said_day(random: Random, day: date) -> str:
    """A date as people write one in a sentence."""
    name = MONTHS[day.month - 1]
    nth = ordinal(random, day.day, letters=False)
    return random.choice((
        f"{day.day} {name} {day.year}", f"{day.day} {name} {day.year}", f"{name} {day.day}, {day.year}", f"{nth} {name} {day.year}", f"the {nth} of {name} {day.year}",
        f"{name} {nth}, {day.year}", f"{day.day} {name[:3]} {day.year}", day.isoformat(),
    ))  # fmt: skip


def day_spans(random: Random, vocabulary: Vocabulary) -> Task:
    """A date and a span: the date after or before it; two dates: the days between, an age; a weekday."""
    first = date(random.randint(1990, 2032), 1, 1) + timedelta(days=random.randrange(365))
    n, which = random.choice(vocabulary.first_names), random.random()
    a, code_a = _said_day(random, first), date_code(first)
    if which < 0.5:
        is_later = which < 0.34
        unit, count = random.choice((("days", random.randint(2, 300)), ("days", random.choice((7, 10, 14, 21, 28, 30, 45, 60, 90, 100))), ("weeks", random.randint(2, 30))))  # fmt: skip
        wording = random.choice(_DUE if is_later else _EARLIER)
        request = wording.format(a=a, s=f"{cardinal(random, count)} {unit}", n=n)
        request = request[0].upper() + request[1:]
        shifted = f"{code_a} {'+' if is_later else '-'} timedelta({unit}={count})"
        if random.random() < 0.2 and ". " in request:
            request = request[: request.rindex(". ") + 1] + random.choice(_WITH_WEEKDAY)
            code = f"from datetime import date, timedelta\nday = {shifted}\nprint(day, day.strftime('%A'))"
            return Task(request, code)
        return Task(request, f"from datetime import date, timedelta\nprint({shifted})")  # fmt: skip
    if which < 0.68:
        second = first + timedelta(
            days=random.choice((random.randint(2, 300), random.randint(2, 2000)))
        )
        request = random.choice(_BETWEEN).format(a=a, b=_said_day(random, second), n=n)
        return Task(request, f"from datetime import date\nprint(({date_code(second)} - {code_a}).days)")  # fmt: skip
    if which < 0.87:
        born = first - timedelta(days=random.randint(0, 20000))
        second = date(max(born.year + 1, random.randint(2000, 2032)), 1, 1) + timedelta(days=random.randrange(365))  # fmt: skip
        request = random.choice(_AGES).format(
            a=_said_day(random, born), b=_said_day(random, second), n=n
        )
        return Task(request, _AGE.format(a=date_code(born), b=date_code(second)))  # fmt: skip
    request = framed(random, random.choice(_WEEKDAYS)).format(a=a, n=n)
    return Task(request[0].upper() + request[1:], f"from datetime import date\nprint({code_a}.strftime('%A'))")  # fmt: skip

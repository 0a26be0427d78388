"""Days, weekdays, spans and times of a day."""

from datetime import date, timedelta
from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask, cardinal, ordinal, said_number
from demo_training.data.values import Vocabulary

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day(random: Random) -> date:
    year = random.randint(1850, 2100) if random.random() < 0.3 else random.randint(2000, 2030)
    return date(year, 1, 1) + timedelta(days=random.randrange(365))


def _date_words(random: Random, day: date) -> str:
    name = MONTHS[day.month - 1]
    return random.choice(
        (
            day.isoformat(),
            day.isoformat(),
            f"{name} {day.day}, {day.year}",
            f"{name} {day.day}, {day.year}",
            f"{day.day} {name} {day.year}",
            f"{ordinal(random, day.day, letters=False)} of {name} {day.year}",
            f"{name} {ordinal(random, day.day, letters=False)}, {day.year}",
            f"{name[:3]} {day.day}, {day.year}",
            f"{day.day} {name[:3]} {day.year}",
            f"{name} {day.day} {day.year}",
            f"{day.year}/{day.month:02d}/{day.day:02d}",
        )
    )


def date_code(day: date) -> str:
    return f"date({day.year}, {day.month}, {day.day})"


def dates(random: Random, vocabulary: Vocabulary) -> Task:
    """Days between dates, weekdays, dates some days away, leap years."""
    first, second = sorted((_day(random), _day(random)))
    if random.random() < 0.4:
        second = first + timedelta(days=random.randint(1, 300))
    a, b = _date_words(random, first), _date_words(random, second)
    days, year = random.randint(3, 200), random.randint(1900, 2100)
    between = f"from datetime import date\nprint(({date_code(second)} - {date_code(first)}).days)"
    return random.choice((
        Task(random.choice((f"How many days are between {a} and {b}?", f"How many days lie between {a} and {b}?", f"How many days are there between {a} and {b}?", f"Count the days from {a} to {b}.", f"What is the number of days between {a} and {b}?", f"How many days from {a} to {b}?")), between),
        Task(random.choice((f"What day of the week is {a}?", f"Which weekday was {a}?", f"On what day of the week does {a} fall?", f"What weekday is {a}?")), f"from datetime import date\nprint({date_code(first)}.strftime('%A'))"),
        Task(random.choice((f"What date is {days} days after {a}?", f"Add {days} days to {a}.", f"Which date comes {days} days after {a}?")), f"from datetime import date, timedelta\nprint({date_code(first)} + timedelta(days={days}))"),
        Task(random.choice((f"What date was {days} days before {a}?", f"Subtract {days} days from {a}.")), f"from datetime import date, timedelta\nprint({date_code(first)} - timedelta(days={days}))"),
        Task(random.choice((f"Is {year} a leap year?", f"Was {year} a leap year?")), f"import calendar\nprint(calendar.isleap({year}))"),
        Task(f"What is the number of the week of {a}?", f"from datetime import date\nprint({date_code(first)}.isocalendar().week)"),
        Task(f"How many days does {MONTHS[first.month - 1]} {first.year} have?", f"import calendar\nprint(calendar.monthrange({first.year}, {first.month})[1])"),
        Task(f"How old is somebody born on {a} on {b}?", f"from datetime import date\na, b = {date_code(first)}, {date_code(second)}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))"),
    ))  # fmt: skip


def clock(random: Random, minutes: int) -> str:
    """A time of a day, with or without a zero in front of a small hour."""
    hour = minutes // 60
    return (
        f"{hour}:{minutes % 60:02d}" if random.random() < 0.5 else f"{hour:02d}:{minutes % 60:02d}"
    )


def clock_times(random: Random, vocabulary: Vocabulary) -> Task:
    """Spans between times of a day, times some minutes away, spans in other units."""
    start, span = random.randint(0, 1200), random.randint(5, 230)
    a, b = clock(random, start), clock(random, start + span)
    first = _day(random)
    second = first + timedelta(days=random.randint(8, 400))
    a_day, b_day = _date_words(random, first), _date_words(random, second)
    days = f"({date_code(second)} - {date_code(first)}).days"
    year, month = random.randint(2000, 2030), random.randint(1, 12)
    parse = f"from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\n"
    later = f"from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\n"
    return random.choice((
        Task(random.choice((f"How many minutes are there from {a} to {b}?", f"A film runs from {a} to {b}. How many minutes is that?", f"How many minutes lie between {a} and {b}?")), f"{parse}print((b - a).seconds // 60)"),
        Task(random.choice((f"What time is it {span} minutes after {a}?", f"I leave at {a} and travel {span} minutes. When do I arrive?", f"Add {span} minutes to {a}.")), f"{later}print((a + timedelta(minutes={span})).strftime('%H:%M'))"),
        Task(random.choice((f"What time was it {span} minutes before {b}?", f"I have to be there at {b} and the way takes {span} minutes. When must I leave?")), f"from datetime import datetime, timedelta\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - timedelta(minutes={span})).strftime('%H:%M'))"),
        Task(random.choice((f"How many weeks are between {a_day} and {b_day}?", f"How many full weeks lie between {a_day} and {b_day}?")), f"from datetime import date\nprint({days} // 7)"),
        Task(f"How many weeks and days are there from {a_day} to {b_day}?", f"from datetime import date\ndays = {days}\nprint(days // 7, 'weeks', days % 7, 'days')"),
        Task(random.choice((f"How many Mondays are there in {MONTHS[month - 1]} {year}?", f"Count the Mondays of {MONTHS[month - 1]} {year}.")), f"import calendar\nprint(sum(week[0] > 0 for week in calendar.monthcalendar({year}, {month})))"),
        Task(f"What is the last day of {MONTHS[month - 1]} {year}?", f"import calendar\nprint(calendar.monthrange({year}, {month})[1])"),
        Task(random.choice((f"Which day of the year is {a_day}?", f"The how manieth day of the year is {a_day}?")), f"from datetime import date\nprint({date_code(first)}.timetuple().tm_yday)"),
        Task(f"Which is earlier, {a_day} or {b_day}?", f"from datetime import date\nprint(min({date_code(first)}, {date_code(second)}))"),
        Task(f"How many seconds are there in {span} minutes and {span % 60} seconds?", f"print({span} * 60 + {span % 60})"),
    ))  # fmt: skip


_OF_DATES: tuple[Kind, ...] = (
    Kind(("How many days are there between {a} and {b}?", "=the number of days from {a} to {b}", "How many days pass from {a} until {b}?", "From {a} to {b}, how many days is that?", "!count the days between {a} and {b}", "How many days after {a} is {b}?", "It is {a}. How many days are left until {b}?", "{name} leaves on {a} and comes back on {b}. How many days is that?", "Today is {a} and the exam is on {b}. How many days are left?", "How many days are left from {a} to {b}?", "A project runs from {a} to {b}. How many days does it last?", "What is the number of days from {a} until {b}?", "How long is it from {a} to {b} in days?"), "from datetime import date\nprint(({cb} - {ca}).days)", weight=6),
    Kind(("How many hours are between {a} and {b}?", "=the number of hours from {a} to {b}", "How many hours lie between the dates {a} and {b}?"), "from datetime import date\nprint(({cb} - {ca}).days * 24)"),
    Kind(("How many minutes are between {a} and {b}?", "=the number of minutes from {a} to {b}"), "from datetime import date\nprint(({cb} - {ca}).days * 24 * 60)"),
    Kind(("How many weeks are there between {a} and {b}?", "=the number of weeks from {a} to {b}", "How many full weeks pass from {a} to {b}?"), "from datetime import date\nprint(({cb} - {ca}).days // 7)", weight=2),
    Kind(("How many months are there between {a} and {b}?", "=the number of full months from {a} to {b}"), "from datetime import date\na, b = {ca}, {cb}\nprint((b.year - a.year) * 12 + b.month - a.month - (b.day < a.day))"),
    Kind(("How many years lie between {a} and {b}?", "=the number of full years from {a} to {b}"), "from datetime import date\na, b = {ca}, {cb}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))"),
    Kind(("{name} was born on {a}. How old is {name} on {b}?", "How old will somebody born on {a} be on {b}?", "=the age on {b} of a person born on {a}", "Born on {a}, how old is one on {b}?", "Someone was born on {a}. How old is that person on {b}?", "My sister's birthday is {a}. What age is she on {b}?", "How many years old is a person on {b} who was born on {a}?", "What age does someone born on {a} have on {b}?"), "from datetime import date\na, b = {ca}, {cb}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))", weight=4),
    Kind(("How many days old is somebody born on {a} on {b}?",), "from datetime import date\nprint(({cb} - {ca}).days)"),
    Kind(("Which weekday is {a}?", "=the day of the week of {a}", "=the weekday of {a}", "What day is {a}?", "On which day of the week was {a}?", "{a}: which weekday is that?", "{name} was born on {a}. What day of the week was that?", "Was {a} a Monday or which other day?", "!find the weekday of {a}", "What day of the week is {a}?", "What day of the week will {a} be?", "On which weekday does {a} fall?", "Our party is on {a}. What weekday is that?", "Which day of the week was {a}?", "On what day did {a} fall?"), "from datetime import date\nprint({ca}.strftime('%A'))", weight=6),
    Kind(("Is {a} a {weekday}?", "Does {a} fall on a {weekday}?", "Was {a} a {weekday}?"), "from datetime import date\nprint({ca}.strftime('%A') == '{weekday}')"),
    Kind(("Is {a} on a weekend?", "Does {a} fall on a weekend?"), "from datetime import date\nprint({ca}.weekday() >= 5)"),
    Kind(("Which date is {n} days after {a}?", "What is the date {n} days after {a}?", "!add {n} days to {a}", "=the date {n} days from {a}", "{a} plus {n} days", "It is {a}. What is the date in {n} days?", "{name} has {n} days from {a} on. When is the time over?", "If I start on {a} and it takes {n} days, when is it done?", "A parcel was sent on {a} and takes {n} days. When does it arrive?", "What will the date be {n} days after {a}?", "{n} days from {a} is which date?"), "from datetime import date, timedelta\nprint({ca} + timedelta(days={n}))", weight=6),
    Kind(("Which date was {n} days before {a}?", "=the date {n} days before {a}", "!subtract {n} days from {a}", "{a} minus {n} days", "What date was it {n} days before {a}?", "{n} days before {a} was which date?", "What is the date {n} days earlier than {a}?", "The exam is on {a} and I start to learn {n} days earlier. Which date is that?"), "from datetime import date, timedelta\nprint({ca} - timedelta(days={n}))", weight=5),
    Kind(("Which date is {k} weeks after {a}?", "=the date {k} weeks after {a}", "!add {k} weeks to {a}", "What date is it {k} weeks from {a}?", "What is the date {K} weeks after {a}?", "In {K} weeks from {a}, what is the date?"), "from datetime import date, timedelta\nprint({ca} + timedelta(weeks={k}))", weight=3),
    Kind(("Which date was {k} weeks before {a}?", "=the date {k} weeks before {a}", "!subtract {k} weeks from {a}", "What was the date {K} weeks before {a}?", "{K} weeks earlier than {a} is which date?"), "from datetime import date, timedelta\nprint({ca} - timedelta(weeks={k}))", weight=3),
    Kind(("Which weekday is it {n} days after {a}?", "What day of the week is {n} days after {a}?", "=the weekday {n} days after {a}"), "from datetime import date, timedelta\nprint(({ca} + timedelta(days={n})).strftime('%A'))"),
    Kind(("Today is {weekday}. Which weekday is it in {n} days?", "If today is a {weekday}, what day is it {n} days from now?"), "days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']\nprint(days[(days.index('{weekday}') + {n}) % 7])"),
    Kind(("=the day of the year of {a}", "Which day of the year is {a}?", "How many days into the year is {a}?"), "from datetime import date\nprint({ca}.timetuple().tm_yday)"),
    Kind(("=the calendar week of {a}", "In which week of the year is {a}?", "=the ISO week number of {a}"), "from datetime import date\nprint({ca}.isocalendar().week)"),
    Kind(("How many days are left in the year after {a}?", "How many days remain in {year} after {a}?"), "from datetime import date\nprint((date({year}, 12, 31) - {ca}).days)"),
    Kind(("Which of {a} and {b} comes later?", "Which is later, {a} or {b}?"), "from datetime import date\nprint(max({ca}, {cb}))"),
    Kind(("Is {a} before {b}?", "Is {a} earlier than {b}?"), "from datetime import date\nprint({ca} < {cb})"),
    Kind(("Is {year} a leap year?", "Was {year} a leap year?", "Does {year} have 366 days?", "Does February {year} have 29 days?", "!check if {year} is a leap year"), "import calendar\nprint(calendar.isleap({year}))", weight=3),
    Kind(("How many days does the year {year} have?", "=the number of days in {year}"), "import calendar\nprint(366 if calendar.isleap({year}) else 365)"),
    Kind(("How many leap years are there from {year} to {year2}?", "!count the leap years between {year} and {year2}", "=the number of leap years from {year} to {year2}"), "import calendar\nprint(sum(calendar.isleap(year) for year in range({year}, {year2} + 1)))"),
    Kind(("=the next leap year after {year}", "Which is the first leap year after {year}?"), "import calendar\nyear = {year} + 1\nwhile not calendar.isleap(year):\n    year += 1\nprint(year)"),
    Kind(("How many days does {month} {year} have?", "How many days are in {month} {year}?", "=the number of days in {month} {year}"), "import calendar\nprint(calendar.monthrange({year}, {m})[1])", weight=3),
    Kind(("With which weekday does {month} {year} begin?", "=the weekday of the first day of {month} {year}"), "from datetime import date\nprint(date({year}, {m}, 1).strftime('%A'))"),
    Kind(("How many {weekday}s are there in {month} {year}?", "!count the {weekday}s in {month} {year}", "=the number of {weekday}s in {month} {year}"), "import calendar\nprint(sum(week[calendar.{WEEKDAY}] > 0 for week in calendar.monthcalendar({year}, {m})))"),
    Kind(("How many Sundays lie from {a} to {b}?", "!count the Sundays from {a} to {b}"), "from datetime import date, timedelta\na, b = {ca}, {cb}\nprint(sum((a + timedelta(days=i)).weekday() == 6 for i in range((b - a).days + 1)))"),
    Kind(("How many working days are there from {a} to {b}?", "!count the weekdays Monday to Friday from {a} to {b}"), "from datetime import date, timedelta\na, b = {ca}, {cb}\nprint(sum((a + timedelta(days=i)).weekday() < 5 for i in range((b - a).days + 1)))"),
)  # fmt: skip
_OF_TIMES: tuple[Kind, ...] = (
    Kind(("How many minutes are there between {a} and {b}?", "=the number of minutes from {a} to {b}", "From {a} to {b}: how many minutes?", "{name} works from {a} to {b}. How many minutes is that?", "The meeting is from {a} to {b}. How many minutes is that?", "The lesson begins at {a} and ends at {b}. How many minutes does it last?", "How many minutes pass from {a} until {b}?", "I slept from {a} to {b}. How many minutes was that?"), "from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - a).seconds // 60)", weight=5),
    Kind(("How many hours lie between {a} and {b}?", "=the number of hours from {a} to {b}", "{name} works from {a} to {b}. How many hours is that?", "The shop is open from {a} to {b}. For how many hours?"), "from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - a).seconds / 3600)", weight=3),
    Kind(("How many hours and minutes are there between {a} and {b}?", "How long is it from {a} to {b}?", "=the time from {a} to {b} in hours and minutes", "The train leaves at {a} and arrives at {b}. How long is the trip?"), "from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\nprint(b - a)", weight=4),
    Kind(("How many seconds pass from {a} to {b}?", "=the number of seconds between {a} and {b}"), "from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - a).seconds)"),
    Kind(("What time is it {n} minutes after {a}?", "=the time {n} minutes after {a}", "It is {a}. What time is it in {n} minutes?", "{name} starts at {a} and needs {n} minutes. When is {name} done?", "!add {n} minutes to {a}", "If a film starts at {a} and lasts {n} minutes, when does it end?", "The bus leaves at {a} and takes {n} minutes. At what time does it arrive?", "A cake goes into the oven at {a} for {n} minutes. When is it ready?", "When is it over if it begins at {a} and goes on for {n} minutes?", "It is {a} now. What will the time be {n} minutes later?"), "from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\nprint((a + timedelta(minutes={n})).strftime('%H:%M'))", weight=5),
    Kind(("What time is it {h} hours and {k} minutes after {a}?", "A film starts at {a} and takes {h} hours and {k} minutes. When does it end?", "!add {h} hours and {k} minutes to {a}"), "from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\nprint((a + timedelta(hours={h}, minutes={k})).strftime('%H:%M'))", weight=4),
    Kind(("What time was it {n} minutes before {b}?", "=the time {n} minutes before {b}", "!subtract {n} minutes from {b}", "I must be there at {b} and need {n} minutes. When do I have to leave?", "The show ends at {b} and lasts {n} minutes. When does it start?", "What was the time {n} minutes earlier than {b}?"), "from datetime import datetime, timedelta\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - timedelta(minutes={n})).strftime('%H:%M'))", weight=4),
    Kind(("What time is it {h} hours after {a}?", "!add {h} hours to {a}"), "from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\nprint((a + timedelta(hours={h})).strftime('%H:%M'))"),
    Kind(("!convert {long} seconds to hours, minutes and seconds", "How many hours, minutes and seconds are {long} seconds?", "!write {long} seconds as h:m:s"), "print({long} // 3600, 'hours', {long} % 3600 // 60, 'minutes', {long} % 60, 'seconds')"),
    Kind(("!convert {n} minutes to hours", "How many hours are {n} minutes?", "={n} minutes in hours"), "print({n} / 60)"),
    Kind(("!convert {n} minutes to hours and minutes", "How many hours and minutes is {n} minutes?"), "print({n} // 60, 'hours', {n} % 60, 'minutes')"),
    Kind(("!convert {h} hours and {k} minutes to minutes", "How many minutes are {h} hours and {k} minutes?", "={h} hours and {k} minutes in minutes"), "print({h} * 60 + {k})"),
    Kind(("How many seconds are {h} hours, {k} minutes and {s_} seconds?", "!convert {h} h {k} min {s_} s to seconds"), "print({h} * 3600 + {k} * 60 + {s_})"),
    Kind(("How many seconds are in {n} minutes?", "!convert {n} minutes to seconds", "={n} minutes in seconds"), "print({n} * 60)"),
    Kind(("How many hours are in {k} days?", "!convert {k} days to hours", "={k} days in hours"), "print({k} * 24)"),
    Kind(("How many minutes are in {k} days?", "!convert {k} days to minutes", "={k} days in minutes"), "print({k} * 24 * 60)"),
    Kind(("How many seconds are in {k} days?", "!convert {k} days to seconds", "={k} days in seconds"), "print({k} * 86400)"),
    Kind(("How many days are {k} weeks?", "!convert {k} weeks to days"), "print({k} * 7)"),
    Kind(("How many hours are in {k} weeks?", "!convert {k} weeks to hours"), "print({k} * 7 * 24)"),
    Kind(("How many days are {n} hours?", "!convert {n} hours to days", "={n} hours in days"), "print({n} / 24)"),
    Kind(("!write {a} in 12-hour form", "!convert {a} to am/pm time"), "from datetime import datetime\nprint(datetime.strptime('{a}', '%H:%M').strftime('%I:%M %p'))"),
    Kind(("How many weeks and days are {n} days?", "!convert {n} days to weeks and days"), "print({n} // 7, 'weeks', {n} % 7, 'days')"),
)  # fmt: skip
DATE_KINDS = len(_OF_DATES) + len(_OF_TIMES)


def _in_one_year(random: Random, first: date, second: date) -> dict[str, str]:
    """Two days as people say them who name the year once."""
    a, b = MONTHS[first.month - 1], MONTHS[second.month - 1]
    return random.choice((
        {"a": f"{a} {first.day}", "b": f"{b} {second.day}, {second.year}"},
        {"a": f"{first.day} {a}", "b": f"{second.day} {b} {second.year}"},
        {"a": f"{a} {first.day}", "b": f"{b} {second.day} {second.year}"},
        {"a": f"{a} {ordinal(random, first.day, letters=False)}", "b": f"{b} {ordinal(random, second.day, letters=False)}, {second.year}"},
    ))  # fmt: skip


def date_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Dates, spans between them, times of a day, spans in other units."""
    n, k = random.choice((random.randint(2, 99), random.randint(20, 600))), random.randint(2, 52)
    common = {
        "n": n,
        "k": k,
        "K": cardinal(random, k),
        "name": random.choice(vocabulary.first_names),
    }
    if random.randrange(DATE_KINDS) < len(_OF_DATES):
        first = _day(random)
        second = first + timedelta(
            days=random.choice(
                (random.randint(2, 120), random.randint(2, 900), random.randint(300, 9000))
            )
        )
        weekday, month = random.choice(WEEKDAYS), random.randint(1, 12)
        days = {
            "a": _date_words(random, first),
            "b": _date_words(random, second),
            "ca": date_code(first),
            "cb": date_code(second),
        }
        more = {
            "weekday": weekday,
            "WEEKDAY": weekday.upper(),
            "month": MONTHS[month - 1],
            "m": month,
        }
        kinds = _OF_DATES
        if first.year == second.year and random.random() < 0.4:
            kinds = tuple(kind for kind in _OF_DATES if "{cb}" in kind.code)
            days |= _in_one_year(random, first, second)
        years = {"year": first.year, "year2": first.year + random.randint(4, 80)}
        return ask(random, kinds, {**common, **days, **more, **years})
    start = random.randint(0, 1300)
    end = (
        start + random.randint(5, 1439 - start)
        if random.random() < 0.4
        else min(1439, start + 5 * random.randint(1, 40))
    )
    times = {"a": clock(random, start), "b": clock(random, end)}
    spans = {
        "h": random.randint(2, 12),
        "s_": random.randint(1, 59),
        "long": random.randint(100, 99999),
    }
    return ask(random, _OF_TIMES, {**common, **times, **spans, "k": min(k, 59)})


_UNITS = ("seconds", "minutes", "hours", "days", "weeks")
# From the larger unit to the smaller, as a product.
_FACTORS = {
    ("minutes", "seconds"): "60", ("hours", "seconds"): "3600", ("days", "seconds"): "86400", ("weeks", "seconds"): "7 * 86400", ("hours", "minutes"): "60",
    ("days", "minutes"): "24 * 60", ("weeks", "minutes"): "7 * 24 * 60", ("days", "hours"): "24", ("weeks", "hours"): "7 * 24", ("weeks", "days"): "7",
}  # fmt: skip
_SPAN_WORDINGS = (
    "How many {b} are in {x} {a}?", "How many {b} are {x} {a}?", "Convert {x} {a} to {b}.", "What is {x} {a} in {b}?", "{x} {a} in {b}?", "How many {b} do {x} {a} have?",
    "How many {b} make {x} {a}?", "Express {x} {a} in {b}.", "A trip takes {x} {a}. How many {b} is that?", "I waited {x} {a}. What is that in {b}?", "Turn {x} {a} into {b}.",
    "How many {b} is {x} {a}?", "{x} {a}: how many {b}?",
)  # fmt: skip
_SPLITS = (
    ("seconds", "hours and minutes", "{x} // 3600, 'hours', {x} % 3600 // 60, 'minutes'", 3600), ("seconds", "minutes and seconds", "{x} // 60, 'minutes', {x} % 60, 'seconds'", 60),
    ("minutes", "hours and minutes", "{x} // 60, 'hours', {x} % 60, 'minutes'", 60), ("hours", "days and hours", "{x} // 24, 'days', {x} % 24, 'hours'", 24),
    ("days", "weeks and days", "{x} // 7, 'weeks', {x} % 7, 'days'", 7),
    ("seconds", "hours, minutes and seconds", "{x} // 3600, 'hours', {x} % 3600 // 60, 'minutes', {x} % 60, 'seconds'", 3600),
)  # fmt: skip


def time_units(random: Random, vocabulary: Vocabulary) -> Task:
    """Seconds, minutes, hours, days and weeks as one another, or as two of them."""
    wording = random.choice(_SPAN_WORDINGS)
    if random.random() < 0.25:
        a, b, code, factor = random.choice(_SPLITS)
        x = random.randint(factor, factor * random.choice((5, 24)))
        request = wording.format(a=a, b=b, x=said_number(random, x))
        return Task(request, f"print({code.format(x=x)})")
    small, large = sorted(random.sample(range(len(_UNITS)), 2))
    factor_code = _FACTORS[_UNITS[large], _UNITS[small]]
    if random.random() < 0.6:
        x, a, b = random.randint(2, random.choice((9, 60))), _UNITS[large], _UNITS[small]
        code = f"print({x} * {factor_code})"
    else:
        a, b = _UNITS[small], _UNITS[large]
        x = random.randint(2, 40) * random.choice((1, 7, 12, 24, 60, 90, 100, 3600))
        code = f"print({x} / {factor_code.replace(' * ', ' / ')})"
    request = wording.format(a=a, b=b, x=said_number(random, x))
    return Task(request[0].upper() + request[1:], code)

"""Days, weekdays, spans and times of a day."""

from datetime import date, timedelta
from random import Random

from demo_training.data.code.task import Task
from demo_training.data.values import Vocabulary

_MONTHS = [
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
]


def _day(random: Random) -> date:
    return date(random.randint(2000, 2030), random.randint(1, 12), random.randint(1, 28))


def _date_words(random: Random, day: date) -> str:
    name = _MONTHS[day.month - 1]
    return random.choice(
        (
            day.isoformat(),
            day.isoformat(),
            f"{name} {day.day}, {day.year}",
            f"{day.day} {name} {day.year}",
        )
    )


def _date_code(day: date) -> str:
    return f"date({day.year}, {day.month}, {day.day})"


def dates(random: Random, vocabulary: Vocabulary) -> Task:
    """Days between dates, weekdays, dates some days away, leap years."""
    first, second = sorted((_day(random), _day(random)))
    if random.random() < 0.4:
        second = first + timedelta(days=random.randint(1, 300))
    a, b = _date_words(random, first), _date_words(random, second)
    days, year = random.randint(3, 200), random.randint(1900, 2100)
    between = f"from datetime import date\nprint(({_date_code(second)} - {_date_code(first)}).days)"
    return random.choice((
        Task(random.choice((f"How many days are between {a} and {b}?", f"How many days are there between {a} and {b}?", f"Count the days from {a} to {b}.", f"What is the number of days between {a} and {b}?", f"How many days from {a} to {b}?")), between, random.choice(("There are {} days between them.", "It is {} days.", ""))),
        Task(random.choice((f"How many days are between {a} and {b}?", f"How many days lie between {a} and {b}?")), between, "There are {} days between them."),
        Task(random.choice((f"What day of the week is {a}?", f"Which weekday was {a}?", f"On what day of the week does {a} fall?", f"What weekday is {a}?")), f"from datetime import date\nprint({_date_code(first)}.strftime('%A'))", "It is a {}."),
        Task(random.choice((f"What date is {days} days after {a}?", f"Add {days} days to {a}.", f"Which date comes {days} days after {a}?")), f"from datetime import date, timedelta\nprint({_date_code(first)} + timedelta(days={days}))"),
        Task(random.choice((f"What date was {days} days before {a}?", f"Subtract {days} days from {a}.")), f"from datetime import date, timedelta\nprint({_date_code(first)} - timedelta(days={days}))"),
        Task(random.choice((f"Is {year} a leap year?", f"Was {year} a leap year?")), f"import calendar\nprint(calendar.isleap({year}))"),
        Task(f"What is the number of the week of {a}?", f"from datetime import date\nprint({_date_code(first)}.isocalendar().week)"),
        Task(f"How many days does {_MONTHS[first.month - 1]} {first.year} have?", f"import calendar\nprint(calendar.monthrange({first.year}, {first.month})[1])"),
        Task(f"How old is somebody born on {a} on {b}?", f"from datetime import date\na, b = {_date_code(first)}, {_date_code(second)}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))", "The age is {} years."),
    ))  # fmt: skip


def clock_times(random: Random, vocabulary: Vocabulary) -> Task:
    """Spans between times of a day, times some minutes away, spans in other units."""
    start, span = random.randint(0, 1200), random.randint(5, 230)
    a, b = (
        f"{start // 60:02d}:{start % 60:02d}",
        f"{(start + span) // 60:02d}:{(start + span) % 60:02d}",
    )
    first = _day(random)
    second = first + timedelta(days=random.randint(8, 400))
    a_day, b_day = _date_words(random, first), _date_words(random, second)
    days = f"({_date_code(second)} - {_date_code(first)}).days"
    year, month = random.randint(2000, 2030), random.randint(1, 12)
    parse = f"from datetime import datetime\na = datetime.strptime('{a}', '%H:%M')\nb = datetime.strptime('{b}', '%H:%M')\n"
    later = f"from datetime import datetime, timedelta\na = datetime.strptime('{a}', '%H:%M')\n"
    return random.choice((
        Task(random.choice((f"How many minutes are there from {a} to {b}?", f"A film runs from {a} to {b}. How many minutes is that?", f"How many minutes lie between {a} and {b}?")), f"{parse}print((b - a).seconds // 60)", "It is {} minutes."),
        Task(random.choice((f"What time is it {span} minutes after {a}?", f"I leave at {a} and travel {span} minutes. When do I arrive?", f"Add {span} minutes to {a}.")), f"{later}print((a + timedelta(minutes={span})).strftime('%H:%M'))"),
        Task(random.choice((f"What time was it {span} minutes before {b}?", f"I have to be there at {b} and the way takes {span} minutes. When must I leave?")), f"from datetime import datetime, timedelta\nb = datetime.strptime('{b}', '%H:%M')\nprint((b - timedelta(minutes={span})).strftime('%H:%M'))"),
        Task(random.choice((f"How many weeks are between {a_day} and {b_day}?", f"How many full weeks lie between {a_day} and {b_day}?")), f"from datetime import date\nprint({days} // 7)", "It is {} weeks."),
        Task(f"How many weeks and days are there from {a_day} to {b_day}?", f"from datetime import date\ndays = {days}\nprint(days // 7, 'weeks', days % 7, 'days')"),
        Task(random.choice((f"How many Mondays are there in {_MONTHS[month - 1]} {year}?", f"Count the Mondays of {_MONTHS[month - 1]} {year}.")), f"import calendar\nprint(sum(week[0] > 0 for week in calendar.monthcalendar({year}, {month})))"),
        Task(f"What is the last day of {_MONTHS[month - 1]} {year}?", f"import calendar\nprint(calendar.monthrange({year}, {month})[1])"),
        Task(random.choice((f"Which day of the year is {a_day}?", f"The how manieth day of the year is {a_day}?")), f"from datetime import date\nprint({_date_code(first)}.timetuple().tm_yday)"),
        Task(f"Which is earlier, {a_day} or {b_day}?", f"from datetime import date\nprint(min({_date_code(first)}, {_date_code(second)}))"),
        Task(f"How many seconds are there in {span} minutes and {span % 60} seconds?", f"print({span} * 60 + {span % 60})", "It is {} seconds."),
    ))  # fmt: skip

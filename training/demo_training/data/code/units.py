"""Units, interest, areas and volumes."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.values import Vocabulary


def conversions(random: Random, vocabulary: Vocabulary) -> Task:
    """Units, time spans, interest, areas."""
    x = random.choice((random.randint(1, 200), round(random.uniform(1, 99), 1)))
    a, b, years, rate, sum_ = (
        random.randint(2, 40),
        random.randint(2, 40),
        random.randint(2, 20),
        random.choice((2, 3, 4, 5, 6, 7)),
        random.randint(1, 90) * 100,
    )
    minutes = random.randint(61, 2000)
    return random.choice((
        Task(random.choice((f"Convert {x} degrees Celsius to Fahrenheit.", f"What is {x}°C in Fahrenheit?")), f"print({x} * 9 / 5 + 32)", "It is {} degrees Fahrenheit."),
        Task(random.choice((f"Convert {x} Fahrenheit to Celsius.", f"What is {x}°F in Celsius?")), f"print(({x} - 32) * 5 / 9)", "It is {} degrees Celsius."),
        Task(random.choice((f"Convert {x} miles to kilometers.", f"How many km is {x} miles?")), f"print({x} * 1.60934)", "It is {} kilometers."),
        Task(random.choice((f"Convert {x} kg to pounds.", f"How many pounds is {x} kilograms?")), f"print({x} * 2.20462)", "It is {} pounds."),
        Task(random.choice((f"How many hours and minutes are {minutes} minutes?", f"Convert {minutes} minutes to hours and minutes.")), f"print({minutes} // 60, 'hours', {minutes} % 60, 'minutes')"),
        Task(random.choice((f"How many seconds are in {a} hours?", f"Convert {a} hours to seconds.")), f"print({a} * 3600)", "It is {} seconds."),
        Task(random.choice((f"If I invest ${sum_} at {rate}% interest compounded yearly for {years} years, how much will I have?", f"What is ${sum_} worth after {years} years at {rate} percent annual compound interest?")), f"print({sum_} * (1 + {rate} / 100) ** {years})", "It will be ${}."),
        Task(random.choice((f"What is the area of a circle with radius {a}?", f"Area of a circle of radius {a}?")), f"import math\nprint(math.pi * {a} ** 2)", "The area is {}."),
        Task(f"What is the circumference of a circle with radius {a}?", f"import math\nprint(2 * math.pi * {a})", "The circumference is {}."),
        Task(f"What is the hypotenuse of a right triangle with sides {a} and {b}?", f"import math\nprint(math.hypot({a}, {b}))", "The hypotenuse is {}."),
        Task(random.choice((f"What is the area of a rectangle of {a} by {b}?", f"A room is {a} by {b} meters. What is its area?")), f"print({a} * {b})", "The area is {}."),
        Task(f"What is the perimeter of a rectangle with sides {a} and {b}?", f"print(2 * ({a} + {b}))", "The perimeter is {}."),
        Task(f"What is the volume of a box of {a} by {b} by {rate}?", f"print({a} * {b} * {rate})", "The volume is {}."),
    ))  # fmt: skip

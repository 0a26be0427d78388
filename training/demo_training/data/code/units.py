"""Units, interest, areas and volumes."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask
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
        Task(random.choice((f"Convert {x} degrees Celsius to Fahrenheit.", f"What is {x}°C in Fahrenheit?")), f"print({x} * 9 / 5 + 32)"),
        Task(random.choice((f"Convert {x} Fahrenheit to Celsius.", f"What is {x}°F in Celsius?")), f"print(({x} - 32) * 5 / 9)"),
        Task(random.choice((f"Convert {x} miles to kilometers.", f"How many km is {x} miles?")), f"print({x} * 1.60934)"),
        Task(random.choice((f"Convert {x} kg to pounds.", f"How many pounds is {x} kilograms?")), f"print({x} * 2.20462)"),
        Task(random.choice((f"How many hours and minutes are {minutes} minutes?", f"Convert {minutes} minutes to hours and minutes.")), f"print({minutes} // 60, 'hours', {minutes} % 60, 'minutes')"),
        Task(random.choice((f"How many seconds are in {a} hours?", f"Convert {a} hours to seconds.")), f"print({a} * 3600)"),
        Task(random.choice((f"If I invest ${sum_} at {rate}% interest compounded yearly for {years} years, how much will I have?", f"What is ${sum_} worth after {years} years at {rate} percent annual compound interest?")), f"print({sum_} * (1 + {rate} / 100) ** {years})"),
        Task(random.choice((f"What is the area of a circle with radius {a}?", f"Area of a circle of radius {a}?")), f"import math\nprint(math.pi * {a} ** 2)"),
        Task(f"What is the circumference of a circle with radius {a}?", f"import math\nprint(2 * math.pi * {a})"),
        Task(f"What is the hypotenuse of a right triangle with sides {a} and {b}?", f"import math\nprint(math.hypot({a}, {b}))"),
        Task(random.choice((f"What is the area of a rectangle of {a} by {b}?", f"A room is {a} by {b} meters. What is its area?")), f"print({a} * {b})"),
        Task(f"What is the perimeter of a rectangle with sides {a} and {b}?", f"print(2 * ({a} + {b}))"),
        Task(f"What is the volume of a box of {a} by {b} by {rate}?", f"print({a} * {b} * {rate})"),
    ))  # fmt: skip


# From, to, code over {x}.
_UNITS: tuple[tuple[str, str, str], ...] = (
    ("miles", "kilometers", "{x} * 1.60934"), ("kilometers|km", "miles", "{x} / 1.60934"), ("meters|metres", "feet", "{x} / 0.3048"),
    ("feet|ft", "meters", "{x} * 0.3048"), ("inches", "centimeters|cm", "{x} * 2.54"), ("centimeters|cm", "inches", "{x} / 2.54"),
    ("yards", "meters", "{x} * 0.9144"), ("meters", "yards", "{x} / 0.9144"), ("kilometers|km", "meters", "{x} * 1000"),
    ("meters", "kilometers", "{x} / 1000"), ("meters", "centimeters", "{x} * 100"), ("centimeters|cm", "meters", "{x} / 100"),
    ("millimeters|mm", "centimeters", "{x} / 10"), ("feet", "inches", "{x} * 12"), ("nautical miles", "kilometers", "{x} * 1.852"),
    ("kilograms|kg", "pounds", "{x} * 2.20462"), ("pounds|lbs", "kilograms|kg", "{x} / 2.20462"), ("ounces", "grams", "{x} * 28.3495"),
    ("grams", "ounces", "{x} / 28.3495"), ("grams", "kilograms", "{x} / 1000"), ("kilograms|kg", "grams", "{x} * 1000"), ("tons", "kilograms", "{x} * 1000"),
    ("liters|litres", "gallons", "{x} / 3.78541"), ("gallons", "liters", "{x} * 3.78541"), ("liters", "milliliters|ml", "{x} * 1000"),
    ("milliliters|ml", "liters", "{x} / 1000"), ("cups", "milliliters", "{x} * 236.588"), ("cubic meters", "liters", "{x} * 1000"),
    ("kilometers per hour|km/h", "meters per second|m/s", "{x} / 3.6"), ("meters per second|m/s", "kilometers per hour|km/h", "{x} * 3.6"),
    ("miles per hour|mph", "kilometers per hour|km/h", "{x} * 1.60934"), ("km/h|kilometers per hour", "mph|miles per hour", "{x} / 1.60934"),
    ("knots", "kilometers per hour", "{x} * 1.852"), ("degrees Celsius|Celsius", "degrees Fahrenheit|Fahrenheit", "{x} * 9 / 5 + 32"),
    ("degrees Fahrenheit|Fahrenheit", "degrees Celsius|Celsius", "({x} - 32) * 5 / 9"), ("degrees Celsius|Celsius", "Kelvin", "{x} + 273.15"),
    ("Kelvin", "degrees Celsius|Celsius", "{x} - 273.15"), ("gigabytes|GB", "megabytes|MB", "{x} * 1024"), ("megabytes|MB", "gigabytes|GB", "{x} / 1024"),
    ("megabytes|MB", "kilobytes|KB", "{x} * 1024"), ("bytes", "kilobytes", "{x} / 1024"), ("kilobytes|KB", "bytes", "{x} * 1024"), ("bytes", "bits", "{x} * 8"),
    ("bits", "bytes", "{x} / 8"), ("hectares", "square meters", "{x} * 10000"), ("acres", "square meters", "{x} * 4046.86"), ("hectares", "acres", "{x} * 2.47105"),
    ("square meters", "square feet", "{x} * 10.7639"), ("square feet", "square meters", "{x} / 10.7639"), ("hours", "minutes", "{x} * 60"),
    ("hours", "seconds", "{x} * 3600"), ("minutes", "seconds", "{x} * 60"), ("seconds", "minutes", "{x} / 60"), ("seconds", "hours", "{x} / 3600"),
    ("days", "hours", "{x} * 24"), ("weeks", "days", "{x} * 7"), ("years", "months", "{x} * 12"), ("months", "years", "{x} / 12"), ("dozen", "single ones", "{x} * 12"),
    ("degrees", "radians", "{x} * 3.141592653589793 / 180"), ("radians", "degrees", "{x} * 180 / 3.141592653589793"),
    ("calories", "joules", "{x} * 4.184"), ("kilowatts", "horsepower", "{x} * 1.34102"), ("dollars", "cents", "{x} * 100"), ("cents", "dollars", "{x} / 100"),
)  # fmt: skip
_UNIT_WORDINGS = (
    "!convert {x} {a} to {b}", "!convert {x} {a} to {b}", "!convert {x} {a} into {b}", "={x} {a} in {b}", "How many {b} are {x} {a}?", "How many {b} are in {x} {a}?",
    "How much is {x} {a} in {b}?", "{x} {a} to {b}", "!express {x} {a} in {b}", "!change {x} {a} into {b}", "I have {x} {a}. How many {b} is that?", "How many {b} make {x} {a}?",
)  # fmt: skip
UNIT_KINDS = 30


def unit_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """One unit as another one; money at a rate that is given."""
    x = random.choice(
        (random.randint(1, 200), random.randint(1, 5000), round(random.uniform(1, 99), 1))
    )
    if random.random() < 0.1:
        rate, (a, b) = (
            round(random.uniform(0.3, 9), 2),
            random.sample(
                ("dollars", "euros", "pounds", "yuan", "francs", "crowns", "yen", "USD", "EUR"), 2
            ),
        )
        slots = {"x": x, "a": a, "b": b, "rate": rate}
        kinds = (
            Kind(("If one of {a} is {rate} {b}, how many {b} are {x} {a}?", "!convert {x} {a} to {b} at a rate of {rate}", "The rate is {rate} {b} for 1 {a}. How many {b} do I get for {x} {a}?", "!exchange {x} {a} into {b}, the rate is {rate}"), "print({x} * {rate})"),
            Kind(("1 {b} costs {rate} {a}. How many {b} do I get for {x} {a}?", "I have {x} {a} and one {b} costs {rate} {a}. How many {b} can I buy?"), "print({x} / {rate})"),
        )  # fmt: skip
        return ask(random, kinds, slots)
    source, target, code = random.choice(_UNITS)
    a, b = random.choice(source.split("|")), random.choice(target.split("|"))
    return ask(random, (Kind(_UNIT_WORDINGS, f"print({code})"),), {"x": x, "a": a, "b": b})


_SHAPES: tuple[Kind, ...] = (
    Kind(("=the area of a rectangle of {a} by {b}", "=the area of a rectangle with sides {a} and {b}", "A garden is {a} m long and {b} m wide. What is its area?", "How large is a room of {a} by {b} meters?", "=the area of a {a} x {b} rectangle"), "print({a} * {b})"),
    Kind(("=the perimeter of a rectangle with sides {a} and {b}", "=the perimeter of a {a} by {b} rectangle", "How much fence does a field of {a} by {b} meters need?"), "print(2 * ({a} + {b}))"),
    Kind(("=the area of a square with side {a}", "=the area of a square of side length {a}"), "print({a} ** 2)"),
    Kind(("=the perimeter of a square with side {a}",), "print(4 * {a})"),
    Kind(("=the side of a square with area {c}", "A square has area {c}. How long is its side?"), "import math\nprint(math.sqrt({c}))"),
    Kind(("=the diagonal of a rectangle with sides {a} and {b}", "How long is the diagonal of a {a} by {b} rectangle?"), "import math\nprint(math.hypot({a}, {b}))"),
    Kind(("=the area of a triangle with base {a} and height {b}", "A triangle has base {a} and height {b}. What is its area?"), "print({a} * {b} / 2)"),
    Kind(("=the area of a triangle with sides {p}, {q} and {r}", "!use Heron's formula for a triangle with sides {p}, {q} and {r}"), "import math\na, b, c = {p}, {q}, {r}\ns = (a + b + c) / 2\nprint(math.sqrt(s * (s - a) * (s - b) * (s - c)))"),
    Kind(("=the perimeter of a triangle with sides {p}, {q} and {r}",), "print({p} + {q} + {r})"),
    Kind(("=the hypotenuse of a right triangle with legs {a} and {b}", "=the hypotenuse of a right triangle with sides {a} and {b}", "A right triangle has legs of {a} and {b}. How long is the hypotenuse?"), "import math\nprint(math.hypot({a}, {b}))"),
    Kind(("=the other leg of a right triangle with hypotenuse {h} and leg {a}", "A right triangle has hypotenuse {h} and one leg {a}. How long is the other leg?"), "import math\nprint(math.sqrt({h} ** 2 - {a} ** 2))"),
    Kind(("=the area of a circle with radius {a}", "=the area of a circle of radius {a}", "A circle has radius {a}. What is its area?"), "import math\nprint(math.pi * {a} ** 2)"),
    Kind(("=the area of a circle with diameter {a}", "A round table has a diameter of {a}. What is its area?"), "import math\nprint(math.pi * ({a} / 2) ** 2)"),
    Kind(("=the circumference of a circle with radius {a}", "How long is the edge of a circle of radius {a}?"), "import math\nprint(2 * math.pi * {a})"),
    Kind(("=the circumference of a circle with diameter {a}",), "import math\nprint(math.pi * {a})"),
    Kind(("=the radius of a circle with area {c}",), "import math\nprint(math.sqrt({c} / math.pi))"),
    Kind(("=the area of a trapezoid with parallel sides {a} and {b} and height {r}",), "print(({a} + {b}) / 2 * {r})"),
    Kind(("=the volume of a cube with side {a}", "=the volume of a cube with edges of {a}"), "print({a} ** 3)"),
    Kind(("=the surface area of a cube with side {a}",), "print(6 * {a} ** 2)"),
    Kind(("=the volume of a box of {a} by {b} by {r}", "=the volume of a box with sides {a}, {b} and {r}", "A tank is {a} long, {b} wide and {r} high. What is its volume?"), "print({a} * {b} * {r})"),
    Kind(("=the surface area of a box of {a} by {b} by {r}",), "print(2 * ({a} * {b} + {a} * {r} + {b} * {r}))"),
    Kind(("=the volume of a sphere with radius {a}", "=the volume of a ball of radius {a}"), "import math\nprint(4 / 3 * math.pi * {a} ** 3)"),
    Kind(("=the surface area of a sphere with radius {a}",), "import math\nprint(4 * math.pi * {a} ** 2)"),
    Kind(("=the volume of a cylinder with radius {a} and height {b}", "A cylinder has radius {a} and height {b}. What is its volume?"), "import math\nprint(math.pi * {a} ** 2 * {b})"),
    Kind(("=the volume of a cone with radius {a} and height {b}",), "import math\nprint(math.pi * {a} ** 2 * {b} / 3)"),
    Kind(("=the distance between the points ({a}, {b}) and ({p}, {q})", "How far is it from ({a}, {b}) to ({p}, {q})?"), "import math\nprint(math.dist(({a}, {b}), ({p}, {q})))"),
    Kind(("=the midpoint of ({a}, {b}) and ({p}, {q})",), "print((({a} + {p}) / 2, ({b} + {q}) / 2))"),
    Kind(("=the slope of the line through ({a}, {b}) and ({h}, {q})",), "print(({q} - {b}) / ({h} - {a}))"),
    Kind(("=the sum of the angles of a polygon with {n} sides",), "print(({n} - 2) * 180)"),
    Kind(("=the sine of {c} degrees", "=sin({c}°)"), "import math\nprint(math.sin(math.radians({c})))"),
    Kind(("=the cosine of {c} degrees", "=cos({c}°)"), "import math\nprint(math.cos(math.radians({c})))"),
    Kind(("=the natural logarithm of {c}", "=ln({c})"), "import math\nprint(math.log({c}))"),
    Kind(("=the logarithm of {c} to base 10", "=log10({c})"), "import math\nprint(math.log10({c}))"),
    Kind(("=the logarithm of {c} to base 2", "=log2({c})"), "import math\nprint(math.log2({c}))"),
)  # fmt: skip
SHAPE_KINDS = len(_SHAPES)


def shape_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Areas, volumes, distances, angles."""
    a, b = random.randint(2, 60), random.randint(2, 60)
    p, q = random.randint(3, 40), random.randint(3, 40)
    r = random.randint(abs(p - q) + 1, p + q - 1)
    sizes = {
        "a": a,
        "b": b,
        "p": p,
        "q": q,
        "r": r,
        "h": a + random.randint(1, 40),
        "n": random.randint(3, 14),
    }
    return ask(random, _SHAPES, {**sizes, "c": random.choice((30, 45, 60, random.randint(2, 400)))})

"""Areas, lengths and volumes of things people have: pizzas, tables, pools, tanks, gardens, ladders, tiles.

Whether a size is a radius or a diameter, and whether an edge or an area is asked, is told in many words.
"""

from random import Random

from demo_training.data.code.quantities import drawn_sizes
from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, framed
from demo_training.data.values import Vocabulary, capitalised

_CIRCLES: tuple[Kind, ...] = (
    Kind(("A {round} has a diameter of {w} {u}. What is its area?", "What is the area of a {round} with a diameter of {w} {u}?", "A {round} is {w} {u} across. What is its area?", "Area of a {round}, diameter {w} {u}?", "How large is a {round} of {w} {u} diameter?", "My {round} measures {w} {u} from edge to edge. What's the area?", "The diameter of a {round} is {w} {u}. Find the area.", "How many square {u} does a {round} {w} {u} wide have?", "A circle has a diameter of {w}. What is its area?"), "import math\nprint(math.pi * ({w} / 2) ** 2)", weight=4),
    Kind(("A {round} has a radius of {w} {u}. What is its area?", "What is the area of a {round} with a radius of {w} {u}?", "Area of a {round}, radius {w} {u}?", "The radius of a {round} is {w} {u}. Find the area.", "From the middle to the edge a {round} measures {w} {u}. What is its area?", "How much area does a {round} of radius {w} {u} cover?"), "import math\nprint(math.pi * {w} ** 2)", weight=3),
    Kind(("A {round} has a diameter of {w} {u}. What is its circumference?", "How long is the edge of a {round} with a diameter of {w} {u}?", "A {round} is {w} {u} across. How far is it around?", "What's the perimeter of a circle with diameter {w} {u}?", "A wheel of {w} {u} diameter turns once. How far does it roll?"), "import math\nprint(math.pi * {w})", weight=3),
    Kind(("A {round} has a radius of {w} {u}. What is its circumference?", "How long is the edge of a {round} with radius {w} {u}?", "What is the circumference of a circle of radius {w} {u}?", "A circle's radius is {w} {u}. How far is it around?"), "import math\nprint(2 * math.pi * {w})", weight=3),
    Kind(("A wheel has a diameter of {w} cm. How far does it roll in {v} turns?", "How many cm does a bike go in {v} turns of a wheel of {w} cm diameter?", "A wheel {w} cm across turns {v} times. What distance is that in cm?"), "import math\nprint(math.pi * {w} * {v})"),
    Kind(("A circle has an area of {w}. What is its radius?", "What is the radius of a circle with area {w}?", "How large is the radius if the circle's area is {w}?"), "import math\nprint(math.sqrt({w} / math.pi))"),
    Kind(("Which is larger, one pizza of {big} cm or two of {tile} cm diameter?", "Do two pizzas of {tile} cm have more area than one of {big} cm?"), "import math\none = math.pi * ({big} / 2) ** 2\ntwo = 2 * math.pi * ({tile} / 2) ** 2\nprint('one of {big} cm' if one > two else 'two of {tile} cm')"),
)  # fmt: skip
_FLAT: tuple[Kind, ...] = (
    Kind(("A {field} is {a} m long and {b} m wide. What is its area?", "What is the area of a {field} of {a} by {b} m?", "How many square meters is a {field} of {a} x {b} m?", "My {field} measures {a} by {b} meters. How large is it?", "Area of a {a} m by {b} m {field}?", "How much area has a {field} with sides of {a} and {b} meters?"), "print({a} * {b})", weight=3),
    Kind(("A {field} is {a} m long and {b} m wide. What is its perimeter?", "How much fence goes around a {field} of {a} by {b} m?", "How far is it once around a {field} of {a} x {b} m?", "What's the perimeter of a {a} m by {b} m {field}?", "{n} walks once around a {field} of {a} by {b} meters. How far is that?"), "print(2 * ({a} + {b}))", weight=3),
    Kind(("{n} walks {t} times around a {field} of {a} by {b} meters. How far is that?", "How many meters are {t} laps around a {field} of {a} x {b} m?"), "lap = 2 * ({a} + {b})\nprint(lap * {t})", weight=2),
    Kind(("How long is the diagonal of a {a} by {b} rectangle?", "A screen is {a} cm wide and {b} cm high. What is its diagonal?", "What's the distance from corner to corner of a {field} of {a} x {b} m?"), "import math\nprint(math.hypot({a}, {b}))", weight=2),
    Kind(("A ladder stands {b} m from a wall and reaches {a} m high. How long is it?", "A right triangle has legs {a} and {b}. What is the hypotenuse?", "Sides {a} and {b} meet at a right angle. How long is the third side?", "{n} walks {a} km north and {b} km east. How far is it straight back?"), "import math\nprint(math.hypot({a}, {b}))", weight=3),
    Kind(("A ladder of {long} m leans on a wall; its foot is {b} m away. How high does it reach?", "A right triangle has hypotenuse {long} and one leg {b}. What is the other leg?", "The hypotenuse is {long} and one leg {b}. Find the other leg."), "import math\nprint(math.sqrt({long} ** 2 - {b} ** 2))", weight=2),
    Kind(("A triangle has base {a} and height {b}. What is its area?", "Area of a triangle, base {a} cm, height {b} cm?", "What is the area of a triangle with a base of {a} m and a height of {b} m?", "A sail is a triangle {a} m wide and {b} m high. How much cloth is that?"), "print({a} * {b} / 2)", weight=3),
    Kind(("A rectangle has an area of {ab} and is {a} long. How wide is it?", "The area of a {field} is {ab} square meters and one side is {a} m. How long is the other side?", "{ab} square meters, {a} m long: how wide?"), "print({ab} / {a})", weight=2),
    Kind(("A rectangle has a perimeter of {peri} and one side of {a}. How long is the other side?", "{peri} m of fence go around a {field} that is {a} m long. How wide is it?"), "half = {peri} / 2\nprint(half - {a})", weight=2),
    Kind(("A square has an area of {w}. How long is a side?", "What is the side of a square with area {w}?"), "import math\nprint(math.sqrt({w}))"),
    Kind(("A square has a perimeter of {peri}. What is its area?", "The perimeter of a square {field} is {peri} m. How large is the area?"), "side = {peri} / 4\nprint(side ** 2)", weight=2),
    Kind(("A floor of {a} by {b} m gets tiles of {tile} by {tile} cm. How many are needed?", "How many tiles of {tile} x {tile} cm cover a floor of {a} m x {b} m?"), "import math\nfloor = {a} * {b}\ntile = ({tile} / 100) ** 2\nprint(math.ceil(round(floor / tile, 6)))", weight=2),
    Kind(("A garden of {a} by {b} m has a path of {t} m all around it outside. What is the area of the path?", "A pool of {a} x {b} m is framed by a border {t} m wide. How large is the border?"), "inner = {a} * {b}\nouter = ({a} + 2 * {t}) * ({b} + 2 * {t})\nprint(outer - inner)"),
)  # fmt: skip
_SOLID: tuple[Kind, ...] = (
    Kind(("A {box} is {a} cm long, {b} cm wide and {c} cm high. What is its volume?", "What is the volume of a {box} of {a} x {b} x {c} cm?", "Volume of a {box} with sides {a}, {b} and {c}?", "How many cubic cm fit into a {box} of {a} by {b} by {c} cm?"), "print({a} * {b} * {c})", weight=3),
    Kind(("An aquarium is {a0} cm long, {b0} cm wide and {c0} cm high. How many liters does it hold?", "How many liters fit into a tank of {a0} x {b0} x {c0} cm?", "A box of {a0} by {b0} by {c0} cm is filled with water. How many liters is that?"), "volume = {a0} * {b0} * {c0}\nprint(volume / 1000)", weight=3),
    Kind(("A pool is {a} m long, {b} m wide and {t} m deep. How many liters does it hold?", "How many liters of water does a pool of {a} x {b} x {t} m need?"), "volume = {a} * {b} * {t}\nprint(volume * 1000)", weight=2),
    Kind(("What is the volume of a cylinder with radius {r} and height {c}?", "Volume of a cylinder with radius {r} cm and height {c} cm?", "A can has a radius of {r} cm and is {c} cm high. What is its volume?", "How much fits into a round tank with radius {r} and height {c}?", "Cylinder, radius {r}, height {c}: what's the volume?"), "import math\nprint(math.pi * {r} ** 2 * {c})", weight=4),
    Kind(("A can is {w} cm across and {c} cm high. What is its volume?", "What is the volume of a cylinder with a diameter of {w} and a height of {c}?", "A glass has a diameter of {w} cm and a height of {c} cm. How much does it hold in cubic cm?"), "import math\nprint(math.pi * ({w} / 2) ** 2 * {c})", weight=2),
    Kind(("What is the volume of a sphere with radius {r}?", "A ball has a radius of {r} cm. What is its volume?", "Volume of a ball of radius {r}?"), "import math\nprint(4 / 3 * math.pi * {r} ** 3)", weight=3),
    Kind(("What is the surface of a sphere with radius {r}?", "A ball has a radius of {r} cm. How large is its surface?"), "import math\nprint(4 * math.pi * {r} ** 2)"),
    Kind(("What is the volume of a cone with radius {r} and height {c}?", "An ice cream cone is {c} cm high with a radius of {r} cm. What is its volume?"), "import math\nprint(math.pi * {r} ** 2 * {c} / 3)", weight=2),
    Kind(("A cube has edges of {a} cm. What is its volume?", "What is the volume of a cube with side {a}?", "A die is {a} mm on each side. Volume?"), "print({a} ** 3)", weight=2),
    Kind(("A cube has edges of {a} cm. What is its surface?", "How much paper covers a cube with sides of {a} cm?"), "print(6 * {a} ** 2)", weight=2),
    Kind(("A {box} of {a} x {b} x {c} cm is wrapped. How large is its surface?", "What is the surface area of a {box} with sides {a}, {b} and {c}?"), "print(2 * ({a} * {b} + {a} * {c} + {b} * {c}))", weight=2),
    Kind(("Two angles of a triangle are {ang1} and {ang2} degrees. What is the third?", "A triangle has angles of {ang1}° and {ang2}°. How large is the third one?"), "print(180 - {ang1} - {ang2})", weight=2),
    Kind(("How many degrees has an angle of a regular polygon with {t} sides?", "What is the inner angle of a regular {t}-sided shape?"), "print(({t} - 2) * 180 / {t})"),
)  # fmt: skip
_SIZES = "w 2-60, big 30-60, r 1-15, a 2-40, b 2-30, c 2-30, t 3-9, v 5-90, e 2-30, long = b + e, ab = a * b, peri = 2 * a + 2 * b, tile 10/20/25/30/40/50, a0 4-20*5, b0 3-12*5, c0 3-12*5, ang1 15-90, ang2 15-80"
# What is round, in the units it is measured in.
_ROUND = (
    (("pizza", "plate", "circle", "cake", "wheel", "clock face", "round mirror"), ("cm", "cm", "inches")),
    (("round table", "pond", "circle", "round pool", "round rug", "round lawn", "round tower"), ("m", "meters", "feet")),
)  # fmt: skip
_FIELD = ("garden", "room", "field", "lawn", "yard", "rectangle", "rectangle", "floor", "playground", "parking lot", "wall", "carpet")  # fmt: skip


def geometry(random: Random, vocabulary: Vocabulary) -> Task:
    """One of the questions above."""
    kinds = random.choices((_CIRCLES, _FLAT, _SOLID), (3, 3, 3))[0]
    kind = random.choices(kinds, [each.weight for each in kinds])[0]
    slots = drawn_sizes(random, _SIZES)
    if random.random() < 0.3:
        slots |= {name: str(random.randint(11, 150) / 10) for name in ("w", "r", "c")}
    rounds, units = random.choice(_ROUND)
    words = {"n": random.choice(vocabulary.first_names), "u": random.choice(units), "round": random.choice(rounds), "field": random.choice(_FIELD), "box": random.choice(("box", "box", "crate", "suitcase", "drawer", "parcel", "cuboid"))}  # fmt: skip
    request = framed(random, random.choice(kind.wordings)).format_map({**slots, **words})
    return Task(capitalised(request), kind.code.format_map(slots))

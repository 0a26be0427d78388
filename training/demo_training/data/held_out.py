"""The other side of the split: values, tools and phrasings that only the evaluation uses.

For training, `data` reads this module only to leave its words out. Word lists share nothing with `values.TRAINING`; requests, code questions
and two-step tasks are worded apart from those of the training data.
"""

from random import Random

from demo_training.data.browsing import Subject
from demo_training.data.code import Task
from demo_training.data.functions import Template, load_templates
from demo_training.data.values import Vocabulary, words

HELD_OUT = Vocabulary(
    cities=words(
        """Reykjavik, Marseille, Ottawa, Lyon, Turin, Seville, Antwerp, Gdansk, Tallinn, Riga, Calgary, Medellin,
        Quito, Perth, Auckland, Glasgow, Edinburgh, Nashville, Busan, Chengdu, Salt Lake City, Kuala Lumpur, New Orleans"""
    ),
    first_names=words("Bjorn, Chloe, Dmitri, Esther, Gustav, Helga, Imani, Jorge, Keiko, Lars, Mina, Nadia, Otto, Petra"),
    last_names=words("Lindqvist, Moreau, Okafor, Santos, Yilmaz, Fischer, Romano, Park, Adams, Hughes"),
    adjectives=words("gentle, rusty, crimson, hollow, swift, frozen, paper, copper, sleepy, lonely"),
    things=words("soldering iron, espresso machine, skateboard, telescope, hammock, rice cooker, sewing machine, drone"),
    topics=words("deep sea mining, wind power, chess, beekeeping, volcanoes, vaccines, marathon training, typography"),
    errands=words("order new tires, feed the goldfish, sign the lease, back up the files, bake a cake"),
    events=words("piano recital, car inspection, sprint retrospective, board meeting, garden party"),
    countries=words("Iceland, Estonia, Uruguay, Malaysia, Tunisia, Nepal, Croatia, Ghana"),
    syllables=words("qui, bru, hal, wen, yor, cas, tib, oma, rud, eph, nix, jal"),
    dictionary=words("ephemeral, stoic, whimsical, tenacious, luminous, arcane, giraffe, volcano, pepper, saxophone, civic, kayak"),
    sentences=words("the tide is coming in, seven geese fly south, bring your own cup, nobody knows the answer, a stitch in time saves nine"),
)  # fmt: skip

SUBJECTS = (
    Subject("depth of Lake {e}", ("How deep is Lake {e}?", "Lake {e} goes how far down?"), "Lake {e} is {v} meters deep.", "count"),
    Subject("inventor of the {e} engine", ("Who invented the {e} engine?",), "The {e} engine was invented by {v}.", "name"),
    Subject("start of the {e} festival", ("When does the {e} festival begin?",), "The {e} festival begins on {v}.", "date"),
    Subject("coach of {e} United", ("Who is coaching {e} United these days?",), "{v} is the coach of {e} United.", "name"),
)  # fmt: skip

CHAT = (
    "Howdy!", "Good afternoon", "Thanks a lot for your help", "What are you?", "You did well", "I'm tired",
    "Hi, my name is Gustav", "Are you a robot?", "I don't need anything else", "What a lovely day", "Greetings",
    "Talk to you soon", "Tell me something funny", "That's all for now", "I'm learning to cook", "Nice work!",
    "What is the opposite of big?", "Who painted the Mona Lisa?", "I visited Lisbon last year", "Do you have feelings?",
    "What is the capital of Spain?", "How many legs does a cat have?", "What is snow?", "I passed my exam!",
    "You made my day", "Which animal barks?", "Give me a name for a dog.", "What do cows drink?", "Let's stop here.",
    "I'm so happy today",
)  # fmt: skip


def function_templates() -> tuple[Template, ...]:
    """Tools that training has never seen."""
    return load_templates("held_out.toml")


def code_task(random: Random) -> Task:
    """A question for `python` in other words than those of training; a third are of kinds that training lacks."""
    a, b, c = random.randint(12, 900), random.randint(12, 900), random.randint(2, 30)
    values = [random.randint(1, 200) for _ in range(random.randint(3, 7))]
    listed = ", ".join(str(value) for value in values)
    word = random.choice(HELD_OUT.dictionary)
    name = random.choice(HELD_OUT.first_names)
    day, month = random.randint(1, 28), random.randint(1, 12)
    known = (
        Task(f"I need the result of {a} * {b}, please", f"print({a} * {b})"),
        Task(f"Tell me what {a} minus {b} comes to", f"print({a} - {b})"),
        Task(f"{a} divided by {c}, what does that give?", f"print({a} / {c})"),
        Task(f"add {a} and {b} and {c}", f"print({a} + {b} + {c})"),
        Task(f"Find {c} percent of the number {a}", f"print({a} * {c} / 100)"),
        Task(f"My scores were {listed}. What was my average score?", f"print(sum({values}) / len({values}))"),
        Task(f"Which of these values is the greatest one: {listed}?", f"print(max({values}))"),
        Task(f"Give me the median value of this list: {listed}", f"import statistics\nprint(statistics.median({values}))"),
        Task(f"Spell {word} in reverse order", f"print('{word}'[::-1])"),
        Task(f"The word {word}: how many e's does it contain?", f"print('{word}'.count('e'))"),
        Task(f"I'd like to know the factorial of {c % 12 + 3}", f"import math\nprint(math.factorial({c % 12 + 3}))"),
        Task(f"Which day of the week was the {day}th of May 2019?", f"from datetime import date\nprint(date(2019, 5, {day}).strftime('%A'))"),
        Task(f"From 2024-{month:02d}-{day:02d} to 2025-03-14 it is how many days?", f"from datetime import date\nprint((date(2025, 3, 14) - date(2024, {month}, {day})).days)"),
        Task(f"The thermometer shows {c} degrees Celsius; what would it show in Fahrenheit?", f"print({c} * 9 / 5 + 32)"),
        Task(f"What is {a} * {b}? Use python.", f"print({a} * {b})"),
        Task(f"What is the mean of {listed}? Use python.", f"print(sum({values}) / len({values}))"),
        Task(f"Use python to reverse the string '{word}'.", f"print('{word}'[::-1])"),
        Task(f"Each of the {c} buses carries {b} passengers. How many passengers travel?", f"print({c} * {b})"),
        Task(f"{name} baked {a + b} rolls and the neighbours ate {b} of them. How many rolls does {name} still have?", f"print({a + b} - {b})"),
        Task(f"A rope of {c * b} meters is cut into {c} equal pieces. How long is one piece?", f"print({c * b} / {c})"),
    )  # fmt: skip
    new = (
        Task(f"What is the sum of the cubes from 1 to {c}?", f"print(sum(i ** 3 for i in range(1, {c} + 1)))"),
        Task(f"How many consonants are in '{word}'?", f"print(sum(letter not in 'aeiou' for letter in '{word}'))"),
        Task(f"What is the last digit of {a} to the power of {c}?", f"print({a} ** {c} % 10)"),
        Task(f"What is the second largest number among {listed}?", f"print(sorted({values})[-2])"),
        Task(f"What is the difference between the mean and the median of {listed}?", f"import statistics\nprint(statistics.mean({values}) - statistics.median({values}))"),
        Task(f"Take every second letter of '{word}', beginning with the first.", f"print('{word}'[::2])"),
        Task(f"How many numbers in {listed} are larger than {c * 5}?", f"print(sum(value > {c * 5} for value in {values}))"),
        Task(f"What is {a} in octal?", f"print(oct({a})[2:])"),
        Task(f"How many digits does 2 to the power of {a} have?", f"print(len(str(2 ** {a})))"),
        Task(f"How many hours are there between 2024-02-{day:02d} and 2024-05-01?", f"from datetime import date\nprint((date(2024, 5, 1) - date(2024, 2, {day})).days * 24)"),
    )  # fmt: skip
    return random.choice(known if random.random() < 0.67 else new)


def chinese_task(random: Random) -> Task:
    """The same in Chinese."""
    a, b = random.randint(12, 900), random.randint(3, 60)
    values = [random.randint(1, 90) for _ in range(4)]
    listed = "，".join(str(value) for value in values)
    return random.choice((
        Task(f"帮我算一下{a}乘{b}", f"print({a} * {b})"),
        Task(f"{a}和{b}相加得多少？", f"print({a} + {b})"),
        Task(f"我的分数是{listed}，平均分是多少？", f"print(sum({values}) / len({values}))"),
        Task(f"{listed}里哪个数最小？", f"print(min({values}))"),
        Task(f"一支笔{b}元，买{a}支要多少钱？", f"print({a} * {b})"),
    ))  # fmt: skip

"""Lists of numbers: ranks, filters, counts, running sums."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask, cardinal, numbers, ordinal, series
from demo_training.data.values import Vocabulary


def list_games(random: Random, vocabulary: Vocabulary) -> Task:
    """More that can be asked of numbers in a list."""
    values = [random.randint(1, random.choice((20, 100))) for _ in range(random.randint(4, 8))]
    listed, n, k = series(random, values), random.randint(2, 3), random.randint(2, 9)
    limit, other = sorted(values)[len(values) // 2], random.randint(2, 9999)
    return random.choice((
        Task(f"Which numbers in {listed} are even?", f"print([x for x in {values} if x % 2 == 0])"),
        Task(f"Which of {listed} are odd?", f"print([x for x in {values} if x % 2])"),
        Task(f"How many of {listed} are above {limit}?", f"print(sum(x > {limit} for x in {values}))"),
        Task(f"Which of the numbers {listed} are below {limit}?", f"print([x for x in {values} if x < {limit}])"),
        Task(f"Double every number in {listed}.", f"print([x * 2 for x in {values}])"),
        Task(f"Square each of {listed}.", f"print([x ** 2 for x in {values}])"),
        Task(f"Add {k} to each of the numbers {listed}.", f"print([x + {k} for x in {values}])"),
        Task(f"What are the {n} largest of {listed}?", f"print(sorted({values}, reverse=True)[:{n}])"),
        Task(f"What are the {n} smallest numbers in {listed}?", f"print(sorted({values})[:{n}])"),
        Task(f"What is the second smallest of {listed}?", f"print(sorted({values})[1])"),
        Task(f"Remove duplicates from {series(random, [*values, values[0]])}.", f"print(list(dict.fromkeys({[*values, values[0]]})))"),
        Task(f"Reverse the list {listed}.", f"print({values}[::-1])"),
        Task(f"What is the sum of the squares of {listed}?", f"print(sum(x ** 2 for x in {values}))"),
        Task(f"What is the difference between the largest and the smallest of {listed}?", f"print(max({values}) - min({values}))"),
        Task(f"What are the running totals of {listed}?", f"from itertools import accumulate\nprint(list(accumulate({values})))"),
        Task(f"What percentage of the numbers {listed} is above {limit}?", f"print(sum(x > {limit} for x in {values}) / len({values}) * 100)"),
        Task(f"How many times does {values[0]} appear in {listed}?", f"print({values}.count({values[0]}))"),
        Task(f"Is {values[1]} in the list {listed}?", f"print({values[1]} in {values})"),
        Task(f"Round {other / 7:.4f} to {n} decimals.", f"print(round({other / 7:.4f}, {n}))"),
        Task(f"How many digits does {other ** 3} have?", f"print(len(str({other ** 3})))"),
        Task(f"Reverse the digits of {other}.", f"print(str({other})[::-1])"),
        Task(f"Is {other} divisible by {k}?", f"print({other} % {k} == 0)"),
        Task(f"Is {other} even?", f"print({other} % 2 == 0)"),
        Task(f"What is {other} rounded to the nearest hundred?", f"print(round({other}, -2))"),
        Task(f"What is the integer part of {other} divided by {k}?", f"print({other} // {k})"),
        Task(f"What is the average of the numbers from {k} to {other % 90 + 10}?", f"values = range({k}, {other % 90 + 10} + 1)\nprint(sum(values) / len(values))"),
        Task(f"How many multiples of {k} lie between 1 and {other}?", f"print({other} // {k})"),
        Task(f"What is the sum of all even numbers up to {other % 500}?", f"print(sum(range(0, {other % 500} + 1, 2)))"),
        Task(f"What is the absolute difference of {limit} and {other}?", f"print(abs({limit} - {other}))"),
    ))  # fmt: skip


_PLACES: tuple[Kind, ...] = (
    Kind(("=the {nth} largest of {l}", "=the {nth} largest number in {l}", "=the {nth} biggest of {l}", "=the {nth} highest value in {l}", "Which number is the {nth} largest in {l}?", "!find the {nth} greatest number of {l}", "Which of {l} comes {nth} from the top?", "From {l}, which is the {nth} largest?", "If {l} are sorted, which one is {nth} from the top?", "What's the {nth} biggest of the numbers {l}?"), "print(sorted({v})[-{n}])", weight=5),
    Kind(("=the {nth} smallest of {l}", "=the {nth} smallest number in {l}", "=the {nth} lowest of {l}", "Which number is the {nth} smallest in {l}?", "Which of {l} comes {nth} from the bottom?"), "print(sorted({v})[{n} - 1])", weight=4),
    Kind(("+the {N} largest of {l}", "+the top {N} of {l}", "+the {N} biggest numbers in {l}", "Which {N} of {l} are the largest?", "+the highest {N} values of {l}"), "print(sorted({v}, reverse=True)[:{n}])", weight=3),
    Kind(("+the {N} smallest of {l}", "+the lowest {N} of {l}", "Which {N} of {l} are the smallest?", "+the {N} smallest numbers in {l}"), "print(sorted({v})[:{n}])", weight=2),
    Kind(("=the sum of the {N} largest of {l}", "!add up the {N} biggest of {l}"), "print(sum(sorted({v}, reverse=True)[:{n}]))"),
    Kind(("=the sum of the {N} smallest of {l}", "!add up the {N} smallest of {l}"), "print(sum(sorted({v})[:{n}]))"),
    Kind(("=the mean of the {N} largest of {l}", "=the average of the top {N} of {l}"), "print(sum(sorted({v}, reverse=True)[:{n}]) / {n})"),
    Kind(("=the {nth} number of {l}", "=the {nth} element of {l}", "Which number comes {nth} in {l}?", "=the {nth} entry of {l}"), "print({v}[{n} - 1])"),
    Kind(("=the {nth} to last element of {l}", "=the {nth} number from the end of {l}", "Counting from the end, what is the {nth} number of {l}?"), "print({v}[-{n}])"),
    Kind(("=the last number of {l}", "=the final element of {l}", "Which number is last in {l}?"), "print({v}[-1])"),
    Kind(("+the first {N} numbers of {l}", "!take the first {N} of {l}", "+the first {N} elements of {l}"), "print({v}[:{n}])"),
    Kind(("+the last {N} numbers of {l}", "!take the last {N} of {l}", "+the final {N} elements of {l}"), "print({v}[-{n}:])"),
    Kind(("!drop the first {N} numbers of {l}", "What is left of {l} without the first {N}?", "!skip the first {N} of {l}"), "print({v}[{n}:])"),
    Kind(("!drop the last {N} numbers of {l}", "What is left of {l} without the last {N}?", "!cut the last {N} off {l}"), "print({v}[:-{n}])"),
    Kind(("+every {nth} number of {l}", "+every {nth} element of {l}", "!take every {nth} of {l}"), "print({v}[::{n}])"),
    Kind(("+every {nth} number of {l} starting from the second", "+every {nth} element of {l} from the second on"), "print({v}[1::{n}])"),
    Kind(("+elements {i} to {j} of {l}", "+the numbers at positions {i} to {j} of {l}"), "print({v}[{i} - 1:{j}])"),
    Kind(("!list the numbers of {l} from position {i} on", "+all numbers of {l} from the {ith} on"), "print({v}[{i} - 1:])"),
    Kind(("At which position is {x} in {l}?", "Where in {l} is {x}?", "=the position of {x} in {l}"), "print({v}.index({x}) + 1)", weight=2),
    Kind(("=the index of {x} in {l}", "At which index is {x} in {l}?"), "print({v}.index({x}))"),
    Kind(("At which position is the largest of {l}?", "Where is the biggest number in {l}?", "=the position of the maximum in {l}"), "print({v}.index(max({v})) + 1)"),
    Kind(("At which position is the smallest of {l}?", "=the position of the minimum in {l}"), "print({v}.index(min({v})) + 1)"),
    Kind(("=the index of the largest of {l}", "!find the index of the maximum in {l}"), "print({v}.index(max({v})))"),
    Kind(("Which of {l} is closest to {k}?", "=the number nearest to {k} in {l}"), "print(min({v}, key=lambda x: abs(x - {k})))"),
)  # fmt: skip
_CHANGES: tuple[Kind, ...] = (
    Kind(("!sort {l}", "!sort {l} in ascending order", "!put {l} in order from smallest to largest", "!order {l} from low to high", "!arrange {l} in increasing order", "!sort these numbers from small to large: {l}", "!put these in order, smallest first: {l}", "!sort {l} upwards", "What does {l} look like in order?"), "print(sorted({v}))", weight=6),
    Kind(("!sort {l} in descending order", "!put {l} in order from largest to smallest", "!order {l} from high to low", "!arrange {l} in decreasing order", "!sort {l} backwards, biggest first", "!sort these numbers from high to low: {l}", "!put these in order, largest first: {l}", "!rank {l} from top to bottom", "!sort {l}, the biggest first"), "print(sorted({v}, reverse=True))", weight=6),
    Kind(("!reverse {l}", "!reverse the list {l}", "!write {l} in reverse order", "!list {l} backwards"), "print({v}[::-1])", weight=2),
    Kind(("!multiply each of {l} by {k}", "!multiply every number in {l} by {k}", "What do you get when each of {l} is multiplied by {k}?"), "print([x * {k} for x in {v}])"),
    Kind(("!add {k} to each of {l}", "!increase every number of {l} by {k}"), "print([x + {k} for x in {v}])"),
    Kind(("!subtract {k} from each of {l}", "!decrease every number of {l} by {k}"), "print([x - {k} for x in {v}])"),
    Kind(("!divide each of {l} by {k}", "!divide every number of {l} by {k}"), "print([x / {k} for x in {v}])"),
    Kind(("!add {p}% to each of {l}", "+{l} with {p}% added to each", "!increase each of {l} by {p} percent", "!list the prices {l} with {p}% on top", "!raise every number in {l} by {p}%", "The prices are {l}. What are they with {p}% more?"), "print([x * (100 + {p}) / 100 for x in {v}])", weight=2),
    Kind(("!take {p}% off each of {l}", "+{l} with {p}% off", "!reduce each of {l} by {p} percent", "The prices are {l}. What are they with {p}% off?", "!lower every number in {l} by {p}%"), "print([x * (100 - {p}) / 100 for x in {v}])", weight=2),
    Kind(("!square every number of {l}", "+the squares of {l}", "!square each of these: {l}", "!square {l}"), "print([x ** 2 for x in {v}])", weight=2),
    Kind(("!cube every number of {l}", "+the cubes of {l}"), "print([x ** 3 for x in {v}])"),
    Kind(("!halve every number of {l}", "!halve each of {l}"), "print([x / 2 for x in {v}])"),
    Kind(("!double each of {l}", "!double every number of {l}"), "print([x * 2 for x in {v}])", weight=2),
    Kind(("!triple each of {l}", "!triple every number of {l}"), "print([x * 3 for x in {v}])"),
    Kind(("+the remainders of {l} when divided by {k}", "+the remainders of {l} modulo {k}"), "print([x % {k} for x in {v}])"),
    Kind(("+the running totals of {l}", "+the cumulative sums of {l}", "+the partial sums of {l}", "=the running sum of {l}"), "from itertools import accumulate\nprint(list(accumulate({v})))"),
    Kind(("=the running maximum of {l}",), "from itertools import accumulate\nprint(list(accumulate({v}, max)))"),
    Kind(("=the cumulative product of {l}", "+the running products of {l}"), "from itertools import accumulate\nfrom operator import mul\nprint(list(accumulate({v}, mul)))"),
    Kind(("+the differences between neighbours in {l}", "+the differences between consecutive numbers of {l}", "+the steps from each number to the next in {l}"), "values = {v}\nprint([b - a for a, b in zip(values, values[1:])])"),
    Kind(("=the largest difference between two consecutive numbers of {l}", "=the biggest jump in {l}"), "values = {v}\nprint(max(abs(b - a) for a, b in zip(values, values[1:])))"),
    Kind(("!split {l} into groups of {n}", "!cut {l} into pieces of {n}"), "values = {v}\nprint([values[i:i + {n}] for i in range(0, len(values), {n})])"),
    Kind(("!append {k} to {l}", "!add {k} to the end of the list {l}"), "print({v} + [{k}])"),
    Kind(("!put {k} in front of {l}", "!insert {k} at the start of the list {l}"), "print([{k}] + {v})"),
    Kind(("!remove {x} from {l}", "What is left of {l} without {x}?"), "print([y for y in {v} if y != {x}])"),
    Kind(("!replace {x} by {k} in {l}", "!replace {x} with {k} in {l}"), "print([{k} if y == {x} else y for y in {v}])"),
    Kind(("!rotate {l} by {n} to the left", "!move the first {n} of {l} to the end"), "print({v}[{n}:] + {v}[:{n}])"),
    Kind(("!join {l} with dashes", "!write {l} with dashes between them"), "print('-'.join(str(x) for x in {v}))"),
    Kind(("How many numbers are in {l}?", "How long is the list {l}?", "How many elements does {l} have?", "!count the elements of {l}"), "print(len({v}))", weight=2),
    Kind(("Is the list {l} sorted?", "Are {l} in ascending order?"), "print({v} == sorted({v}))"),
    Kind(("Is {k} in {l}?", "Does {l} contain {k}?", "Is {k} one of {l}?"), "print({k} in {v})"),
    Kind(("How many digits do {l} have together?",), "print(sum(len(str(abs(x))) for x in {v}))"),
)  # fmt: skip
_REPEATED: tuple[Kind, ...] = (
    Kind(("!remove the duplicates from {l}", "!remove duplicates from {l}", "!list {l} without repetitions", "+the unique values of {l}", "!drop repeated numbers from {l}", "!remove the duplicates from {l}", "!keep each of {l} only once", "What is left of {l} when repetitions go?", "!list every number of {l} once"), "print(list(dict.fromkeys({v})))", weight=5),
    Kind(("=the number of different values in {l}", "How many different numbers are in {l}?", "How many distinct values are there in {l}?", "How many unique numbers does {l} have?"), "print(len(set({v})))"),
    Kind(("+the duplicates in {l}", "Which numbers appear more than once in {l}?", "Which of {l} are repeated?"), "print(sorted({{x for x in {v} if {v}.count(x) > 1}}))"),
    Kind(("Which numbers appear only once in {l}?", "+the numbers that occur exactly once in {l}"), "print([x for x in {v} if {v}.count(x) == 1])"),
    Kind(("How many times does {x} appear in {l}?", "How often is {x} in {l}?", "!count how often {x} occurs in {l}", "How many {x}s are in {l}?", "How often does {x} come in {l}?", "=the number of times {x} occurs in {l}"), "print({v}.count({x}))", weight=3),
    Kind(("How often does each number appear in {l}?", "!count each number in {l}", "+the counts of the values in {l}"), "from collections import Counter\nprint(dict(Counter({v})))"),
    Kind(("Which number appears most often in {l}?", "=the most common number of {l}", "=the most frequent value in {l}", "=the mode of {l}"), "import statistics\nprint(statistics.mode({v}))", weight=4),
    Kind(("Are there duplicates in {l}?", "Does {l} have any repeated number?"), "print(len(set({v})) < len({v}))"),
    Kind(("=the sum of the different values in {l}", "!add up the distinct numbers of {l}"), "print(sum(set({v})))"),
    Kind(("!sort {l} and remove duplicates", "+the sorted unique values of {l}"), "print(sorted(set({v})))"),
)  # fmt: skip
_TWO_LISTS: tuple[Kind, ...] = (
    Kind(("!add the lists {a} and {b} element by element", "+the sums of {a} and {b} position by position", "!add {a} to {b} elementwise"), "print([x + y for x, y in zip({va}, {vb})])"),
    Kind(("!multiply the lists {a} and {b} element by element", "+the pairwise products of {a} and {b}"), "print([x * y for x, y in zip({va}, {vb})])"),
    Kind(("!subtract the list {b} from the list {a} element by element", "+the pairwise differences of {a} and {b}"), "print([x - y for x, y in zip({va}, {vb})])"),
    Kind(("=the dot product of {a} and {b}", "=the scalar product of {a} and {b}", "=the inner product of the vectors {a} and {b}"), "print(sum(x * y for x, y in zip({va}, {vb})))"),
    Kind(("Which numbers are in both {a} and {b}?", "Which numbers do {a} and {b} have in common?", "What do the lists {a} and {b} share?", "Which numbers do the lists {a} and {b} have in common?", "What is common to {a} and {b}?", "!find the numbers that {a} and {b} share", "+the common elements of {a} and {b}", "=the intersection of {a} and {b}"), "print(sorted(set({va}) & set({vb})))", weight=5),
    Kind(("=the union of {a} and {b}", "+all different numbers of {a} and {b} together"), "print(sorted(set({va}) | set({vb})))"),
    Kind(("Which numbers are in {a} but not in {b}?", "+the numbers of {a} that are missing in {b}"), "print([x for x in {va} if x not in {vb}])"),
    Kind(("!join the lists {a} and {b}", "!concatenate {a} and {b}", "!put the lists {a} and {b} together"), "print({va} + {vb})"),
    Kind(("!merge {a} and {b} into one sorted list", "!combine {a} and {b} and sort them"), "print(sorted({va} + {vb}))"),
    Kind(("!pair up the lists {a} and {b}", "!zip {a} and {b}"), "print(list(zip({va}, {vb})))"),
    Kind(("=the weighted mean of {a} with the weights {b}", "=the weighted average of {a}, the weights being {b}", "Values {a}, weights {b}: what is the weighted mean?"), "print(sum(x * y for x, y in zip({va}, {vb})) / sum({vb}))"),
    Kind(("=the Euclidean distance between {a} and {b}", "=the distance between the points {a} and {b}"), "import math\nprint(math.dist({va}, {vb}))"),
    Kind(("Which has the larger sum, {a} or {b}?",), "print({va} if sum({va}) > sum({vb}) else {vb})"),
    Kind(("=the correlation of {a} and {b}", "=the correlation coefficient between {a} and {b}"), "import statistics\nprint(statistics.correlation({va}, {vb}))"),
    Kind(("How much larger is the sum of {a} than the sum of {b}?", "=the difference between the sums of {a} and {b}"), "print(sum({va}) - sum({vb}))"),
)  # fmt: skip
LIST_KINDS = len(_PLACES) + len(_CHANGES) + len(_REPEATED) + len(_TWO_LISTS)


def list_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Places in a list, changes of it, repetitions, two lists."""
    which = random.randrange(LIST_KINDS)
    if which < len(_TWO_LISTS):
        count = random.randint(2, 6)
        a = random.sample(range(1, random.choice((12, 30, 100))), count)
        b = random.sample(range(1, random.choice((12, 30, 100))), count)
        said = {"a": f"[{', '.join(map(str, a))}]", "b": f"[{', '.join(map(str, b))}]"}
        if random.random() < 0.3:
            said = {key: text.replace("[", "(").replace("]", ")") for key, text in said.items()}
        if random.random() < 0.3:
            said = {key: text.strip("[]()") for key, text in said.items()}
        return ask(random, _TWO_LISTS, {**said, "va": a, "vb": b})
    values = numbers(random, least=4)
    kinds = _PLACES if which < len(_TWO_LISTS) + len(_PLACES) else _CHANGES
    if which >= LIST_KINDS - len(_REPEATED):
        kinds = _REPEATED
        values = [int(each) for each in values]
        values += random.choices(values, k=random.randint(1, 3))
        random.shuffle(values)
    n = random.choice((2, 2, 3, 3, 4, 5))
    n = min(n, len(values) - 1)
    i, j = sorted(random.sample(range(1, len(values) + 1), 2))
    slots: dict[str, object] = {
        "l": series(random, values),
        "v": values,
        "n": n,
        "N": cardinal(random, n),
        "nth": ordinal(random, n),
    }
    slots |= {
        "i": i,
        "j": j,
        "ith": ordinal(random, i),
        "x": random.choice(values),
        "k": random.randint(2, 20),
        "p": random.choice((5, 10, 15, 20, 25, 50)),
    }
    return ask(random, kinds, slots)

"""Questions about a CSV file in /mnt/data."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.values import Vocabulary, invented_word


def files(random: Random, vocabulary: Vocabulary) -> Task:
    """A small CSV file in /mnt/data, announced as the command line announces an attached file."""
    columns = random.sample(
        ("price", "amount", "sales", "age", "score", "weight", "year", "cost"), 2
    )
    key = random.choice(("name", "city", "product", "month"))
    names = random.sample(
        {"name": vocabulary.first_names, "city": vocabulary.cities}.get(key, vocabulary.dictionary),
        random.randint(3, 8),
    )
    rows = [(name, random.randint(1, 200), random.randint(1, 200)) for name in names]
    content = f"{key},{columns[0]},{columns[1]}\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    name = (
        random.choice(
            ("data", "sales", "table", "report", "list", invented_word(random, vocabulary))
        )
        + ".csv"
    )
    path, column, limit = f"/mnt/data/{name}", random.choice(columns), random.randint(20, 180)
    read = f"import csv\nwith open('{path}') as file:\n    rows = list(csv.DictReader(file))\n"
    values = f"[float(row['{column}']) for row in rows]"
    question, code = random.choice((
        (random.choice((f"What is the average {column}?", f"What is the mean of the column {column}?")), f"{read}values = {values}\nprint(sum(values) / len(values))"),
        (random.choice((f"What is the total {column}?", f"Add up the column {column}.")), f"{read}print(sum({values}))"),
        (f"What is the highest {column}?", f"{read}print(max({values}))"),
        (f"What is the lowest {column}?", f"{read}print(min({values}))"),
        (f"Which {key} has the highest {column}?", f"{read}print(max(rows, key=lambda row: float(row['{column}']))['{key}'])"),
        (random.choice(("How many rows are there?", "How many lines of data does it have?")), f"{read}print(len(rows))"),
        (f"How many have a {column} above {limit}?", f"{read}print(sum(value > {limit} for value in {values}))"),
        (random.choice(("Which columns are there?", "What are the columns?")), f"{read}print(list(rows[0]))"),
        (random.choice(("What is in the file?", "Show me the file.")), f"with open('{path}') as file:\n    print(file.read())"),
    ))  # fmt: skip
    there = f"The file {path} ({len(content):,} bytes) is there."
    request = random.choice(
        (f"{question}\n\n{there}", f"{question}\n\n{there}", f"{question} The data is in {path}.")
    )
    return Task(request, code, {name: content})

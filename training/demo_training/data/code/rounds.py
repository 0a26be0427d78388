"""The kinds of questions together, and rounds of a conversation made of them."""

import re
from dataclasses import replace
from random import Random

from demo_training.data.code.appointments import clock_spans, day_spans
from demo_training.data.code.calculation import (
    MONEY_KINDS,
    SUM_KINDS,
    arithmetic,
    expression,
    money_kinds,
    percentages,
    powers,
    sum_kinds,
)
from demo_training.data.code.classics import classics
from demo_training.data.code.common import common
from demo_training.data.code.conditions import (
    conditional_letters,
    conditional_list,
    conditional_range,
    conditional_words,
)
from demo_training.data.code.counting import counting
from demo_training.data.code.daily import daily
from demo_training.data.code.datasets import columns, grouped, measured, pasted, teams
from demo_training.data.code.dates import DATE_KINDS, clock_times, date_kinds, dates, time_units
from demo_training.data.code.figures import (
    combined_figures,
    figure_of_a_list,
    lists_of_life,
    one_figure,
    percentile,
)
from demo_training.data.code.files import files
from demo_training.data.code.formulas import FORMULA_KINDS, formulas
from demo_training.data.code.gatherings import gatherings
from demo_training.data.code.geometry import geometry
from demo_training.data.code.growth import growth
from demo_training.data.code.integers import INTEGER_KINDS, integer_kinds, number_theory
from demo_training.data.code.labelled import groups, labelled_figures, votes
from demo_training.data.code.lists import LIST_KINDS, list_games, list_kinds
from demo_training.data.code.measures import factors, two_parts
from demo_training.data.code.phrases import mirrored_and_shifted, phrases
from demo_training.data.code.problems import problems
from demo_training.data.code.progress import left_over, towards_a_goal
from demo_training.data.code.quantities import with_remark
from demo_training.data.code.rates import rates, several_steps
from demo_training.data.code.shares import shares
from demo_training.data.code.situations import balance
from demo_training.data.code.steps import in_words
from demo_training.data.code.stories import (
    STORY_KINDS,
    TABLE_KINDS,
    chores,
    story_kinds,
    table_kinds,
    tables,
    word_problems,
)
from demo_training.data.code.task import Maker, Task, run_cell, shortened
from demo_training.data.code.text import TEXT_KINDS, strings, text_kinds, word_games
from demo_training.data.code.units import (
    SHAPE_KINDS,
    UNIT_KINDS,
    conversions,
    shape_kinds,
    unit_kinds,
)
from demo_training.data.code.wordplay import wordplay
from demo_training.data.code.worked import worked_money
from demo_training.data.episode import Call, Round, spoken
from demo_training.data.values import Vocabulary
from glm_tools.tool import Observation

_LONGEST_OUTPUT = 300  # in characters: the answer says it all again
_TOOL_HINTS = (
    "Use python.", "Use python.", "Use Python.", "Use python for this.", "Compute it with python.", "Run code for it.",
    "Please use python.", "Use the python tool.", "(use python)", "Solve it with Python.", "Use Python code.",
)  # fmt: skip
_TOOL_HEADS = (
    "Use python to work this out: ", "With python: ", "Using Python, ", "In python: ", "Use the python tool: ",
    "Use python: ", "Write code to answer: ", "By means of python: ",
)  # fmt: skip


# Each kind about as often as any other of its group, what people ask every day more often, and less often what is
# nearly always right after some million tokens.
MAKERS: tuple[tuple[Maker, float], ...] = (
    (arithmetic, 35), (expression, 25), (in_words, 80), (powers, 20), (percentages, 25), (shares, 30), (figure_of_a_list, 50), (combined_figures, 8), (one_figure, 32),
    (percentile, 2), (number_theory, 60), (integer_kinds, 2 * INTEGER_KINDS), (strings, 90), (word_games, 10), (phrases, 105), (text_kinds, TEXT_KINDS),
    (dates, 45), (date_kinds, 3 * DATE_KINDS // 2), (clock_times, 6), (time_units, 45), (conversions, 50), (unit_kinds, 2 * UNIT_KINDS),
    (shape_kinds, SHAPE_KINDS // 2), (money_kinds, MONEY_KINDS), (sum_kinds, SUM_KINDS), (word_problems, 20), (story_kinds, STORY_KINDS), (balance, 48), (rates, 75), (several_steps, 140),
    (worked_money, 160), (lists_of_life, 45), (common, 190), (clock_spans, 45), (day_spans, 35), (left_over, 60), (towards_a_goal, 45),
    (tables, 10), (table_kinds, TABLE_KINDS), (labelled_figures, 55), (groups, 12), (votes, 12), (formulas, FORMULA_KINDS), (chores, 6), (list_games, 30),
    (list_kinds, 3 * LIST_KINDS // 2), (problems, 330), (daily, 560), (classics, 325), (columns, 25), (growth, 100), (geometry, 100), (measured, 80), (grouped, 35), (pasted, 80), (teams, 30), (two_parts, 40), (factors, 60), (counting, 110), (mirrored_and_shifted, 25),
    (wordplay, 150), (gatherings, 150), (files, 8), (conditional_list, 60), (conditional_range, 50), (conditional_words, 14), (conditional_letters, 14),
)  # fmt: skip


# Word problems of some sentences, in which people tell more than is needed.
_TOLD_MAKERS = (left_over, towards_a_goal, several_steps, rates, story_kinds, word_problems, shares)
_BEFORE_A_VOWEL = re.compile(r"\b([Aa]) (?=(?!uni|use|eu|one\b)[aeiou]|8|1[18]\b)")


def answer_to(output: str) -> tuple[str, str]:
    """The answer that tells this output, and what in it is the fact: one form for all, nothing to choose."""
    fact = shortened(output).strip()
    if output in ("True", "False"):
        said, result = ("Yes", "true") if output == "True" else ("No", "false")
        return f"{said}, that is {result}.", said
    return f"The result is {fact}.", fact


def draw_task(random: Random, vocabulary: Vocabulary) -> Task:
    """A task of any kind."""
    makers, weights = zip(*MAKERS, strict=True)
    maker: Maker = random.choices(makers, weights)[0]
    task = maker(random, vocabulary)
    if maker in _TOLD_MAKERS and random.random() < 0.1:
        task = replace(task, request=with_remark(random, task.request, vocabulary))
    # Where the code has a text, the request has it too, and it must stay as it is.
    if "'" in task.code or '"' in task.code:
        return task
    return replace(task, request=re.sub(_BEFORE_A_VOWEL, r"\1n ", task.request))


def python_round(random: Random, vocabulary: Vocabulary, task: Task | None = None) -> Round:
    """A question to `python`, at times with the wish that it be used."""
    if task is None:
        task = draw_task(random, vocabulary)
        while len(run_cell(task.code, task.files)) > _LONGEST_OUTPUT:
            task = draw_task(random, vocabulary)
    output = run_cell(task.code, task.files)
    answer, fact = answer_to(output)
    request = task.request
    hint = random.random()
    if hint < 0.28:
        request = f"{request} {random.choice(_TOOL_HINTS)}"
    elif hint < 0.36:
        request = random.choice(_TOOL_HEADS) + request
    else:
        request = spoken(request, random)
    call = Call("python", task.code, (Observation(output),))
    return Round("python", request, (call,), answer, (fact,))


def with_mistake(asked: Round, random: Random) -> Round | None:
    """The same question with a first attempt that fails; None when no mistake fits the code."""
    code = asked.calls[0].payload
    lines = code.split("\n")
    wrong: list[str] = []
    if lines[0].startswith(("import ", "from ")):
        wrong.append("\n".join(lines[1:]))
    if code.endswith(")"):
        wrong.append(
            code.replace("len(", "length(", 1)
            if "len(" in code
            else code.replace("print(", "prnt(", 1)
        )
        wrong += [code[:-1], code.replace("))", ")")]
    if ".days)" in code:
        wrong.append(code.replace(".days)", ".day)"))
    if "'" in code:
        wrong.append(code.replace("'", "", 1))
    attempt = random.choice(wrong) if wrong else code
    output = run_cell(attempt)
    if "Error" not in output:
        return None
    failed = Call("python", attempt, (Observation(output),), is_learnt=False)
    return replace(asked, kind="error, then again", calls=(failed, *asked.calls))

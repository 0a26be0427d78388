"""Money and numbers that grow or shrink: simple and compound interest, how long until a goal, net and gross, chains of percents.

The same words ask for different things: interest or amount, simple or compounded, with the tax or without it. They are put
beside each other here.
"""

from random import Random

from demo_training.data.code.quantities import Problem, posed
from demo_training.data.code.task import Task
from demo_training.data.values import Vocabulary

_RATES = "2/3/4/5/6/7/8/10/2.5/3.5/4.5/12"
_SUMS = f"x 1-90*100, p {_RATES}, y 2-20"
_INVESTED = "{n} puts {x!} in the bank at {p}% compound interest|I put {x!} in the bank at {p}% interest, compounded yearly|{x!} is invested at {p}% per year, compounded annually|I have {x!} in an account with {p}% interest a year and leave it there|{n} invests {x!} at {p} percent compound interest|a deposit of {x!} grows by {p}% every year"
_SIMPLE = "{n} lends {x!} at {p}% simple interest|a loan of {x!} has {p}% simple interest per year|{x!} earns simple interest of {p}% a year|I deposit {x!} at {p}% simple interest|{x!} at {p}% simple interest, not compounded"
_UNTIL = "value, years = {x}, 0\nwhile value < {t}:\n    value = value * (100 + {p}) / 100\n    years += 1"
_INTEREST: tuple[Problem, ...] = (
    Problem(_SUMS, _INVESTED, "how much is it after {y} years|what is it worth after {y} years|how much is there in {y} years|what's the balance after {y} years|how much will it be in {y} years|what does it grow to in {y} years", ("amount = {x} * (1 + {p} / 100) ** {y}",), (), 4),
    Problem(_SUMS, _INVESTED, "how much interest is that after {y} years|how much interest comes together in {y} years|how much was gained after {y} years|what is the interest for {y} years", ("amount = {x} * (1 + {p} / 100) ** {y}", "interest = amount - {x}"), (), 2),
    Problem(_SUMS, _SIMPLE, "how much interest is that for {y} years|what is the interest for {y} years|how much interest is it after {y} years|what is the interest over {y} years", ("interest = {x} * {p} / 100 * {y}",), (), 4),
    Problem(_SUMS, _SIMPLE, "how much is it in all after {y} years|what is the total with interest after {y} years|how much has to be paid back after {y} years|what is the amount after {y} years", ("interest = {x} * {p} / 100 * {y}", "amount = {x} + interest"), (), 2),
    Problem("x 1-60*10, y 2-30, b 0-50*10", "{n} saves {x!} a month and starts with {b!}|I have {b!} and put {x!} aside every month|{x!} a month are added to {b!}", "how much is it after {y} years|how much will there be in {y} years|what does that make after {y} years", ("months = {y} * 12", "amount = {b} + {x} * months")),
    Problem("x 1-60*100, p 2/3/4/5/6, y 2-12", "{n} saves {x!} at the end of each year and gets {p}% interest|every year {x!} goes into an account with {p}% a year|I pay in {x!} once a year at {p}% interest", "how much is it after {y} years|how much is there after {y} payments", ("amount = sum({x} * (1 + {p} / 100) ** i for i in range({y}))",)),
    Problem("x 10-90*1000, p 1/2/3/4/5/1.5/2.5, y 2-30", "a town has {x} people and grows by {p}% a year|the population of {x} rises {p}% each year|{x} fish in a lake become {p}% more every year", "how many are there after {y} years|how many will it be in {y} years|what is the number in {y} years", ("people = {x} * (1 + {p} / 100) ** {y}",)),
    Problem("x 5-90*100, p 5/8/10/12/15/20/25, y 2-10", "a car for {x!} loses {p}% of its value every year|a machine of {x!} is worth {p}% less each year|a {thing} was {x!} and drops by {p} percent a year", "what is it worth after {y} years|what is the value after {y} years|how much is it worth in {y} years", ("value = {x} * (1 - {p} / 100) ** {y}",), (), 2),
    Problem("x 2-90, k 2-3, y 3-12", "there are {x} bacteria, and they double every hour|{x} bacteria double each hour|a colony of {x} cells doubles every hour|{n} has {x} followers and the number doubles every month", "how many are there after {y} of these steps|how many is that after it doubled {y} times|how many are there when it has doubled {y} times", ("number = {x} * 2 ** {y}",)),
    Problem("x 2-40, y 3-9, h 2-5, t = y * h", "{x} bacteria double every {h} hours|a culture starts with {x} cells and doubles every {h} hours|{x} cells become twice as many every {h} hours", "how many are there after {t} hours|how many is that in {t} hours", ("times = {t} / {h}", "number = {x} * 2 ** times")),
    Problem("x 1-90*16, y 2-8, h 2-30, t = y * h", "a substance of {x} g has a half-life of {h} days|{x} mg of a drug halve every {h} hours|of {x} g of an isotope half is gone every {h} years", "how much is left after {t} of these|how much remains after a time of {t}", ("times = {t} / {h}", "left = {x} / 2 ** times")),
)  # fmt: skip
_LOOPS: tuple[Problem, ...] = (
    Problem(f"x 1-50*100, p {_RATES}, t = 2 * x", "{x!} grows by {p}% a year|{n} invests {x!} at {p} percent per year|I put {x!} in the bank at {p}% a year|{x} rises by {p}% every year|{x!} earns {p}% interest a year", "how many years until it doubles|when has it doubled, in full years|how many years does it take to double|after how many years is it twice as much|how long until it has doubled", (_UNTIL,), (), 5),
    Problem(f"x 1-50*100, p {_RATES}, k 2-9, t = x + x * k / 5", "{x!} grows by {p}% a year|{n} has {x!} in the bank at {p}% a year|I invest {x!} at {p}% per year|a population of {x} rises by {p}% every year", "how many years until it reaches {t}|after how many years is it more than {t}|how long until there are {t}|when does it reach {t}, in years", (_UNTIL,), (), 4),
    Problem("x 2-50*100, p 5/8/10/15/20/25, k 2-4, t = x / k", "a car of {x!} loses {p}% a year|a machine worth {x!} is worth {p}% less every year|{x} falls by {p}% every year", "how many years until it is below {t}|after how many years is it less than {t}|when does it drop under {t}, in years", ("value, years = {x}, 0\nwhile value > {t}:\n    value = value * (100 - {p}) / 100\n    years += 1",), (), 2),
    Problem("x 1-9, k 2-4, t 5-90*100", "start with {x} and multiply by {k} again and again|{x} becomes {k} times as much with every step|a rumour starts with {x} people, and each hour {k} times as many know it", "how many steps until it is over {t}|after how many steps is it more than {t}|how many times is that until it passes {t}", ("value, steps = {x}, 0\nwhile value <= {t}:\n    value = value * {k}\n    steps += 1",), (), 2),
    Problem("x 5-50, e 5-30, t 4-30*50", "{n} saves {x!} in the first month and {e!} more in each month after it|I put away {x!} in month one, then every month {e!} more than before", "how many months until there are {t!} in all|after how many months is it {t!}", ("total, months = 0, 0\nwhile total < {t}:\n    total = total + {x} + {e} * months\n    months += 1",)),
    Problem("t 5-90*10", "we add 1 + 2 + 3 and so on|the numbers 1, 2, 3, ... are added up|{n} saves 1 coin on day one, 2 on day two, 3 on day three and so on", "how many does it take to pass {t}|after how many is the sum over {t}|how many steps until it is more than {t}", ("total, n = 0, 0\nwhile total <= {t}:\n    n += 1\n    total += n",)),
)  # fmt: skip
_TAXES: tuple[Problem, ...] = (
    Problem("u 2-90*10, p 5/7/8/10/15/19/20/20/21/25, x = u * (100 + p) / 100", "a {thing} is {x!} including {p}% tax|the price is {x!} with {p}% VAT included|{x!} includes {p}% sales tax|I paid {x!}, and {p}% tax is already in it|a phone costs {x!} incl. {p}% VAT|with {p}% tax a {thing} comes to {x!}|the gross price is {x!} and the tax rate {p}%", "what was the price before tax|what is the net price|how much is it without the tax|what was it before the tax|what is the price without VAT", ("net = {x} / (100 + {p}) * 100",), (), 6),
    Problem("u 2-90*10, p 5/7/8/10/15/19/20/20/21/25, x = u * (100 + p) / 100", "a {thing} is {x!} including {p}% tax|the price is {x!} with {p}% VAT included|{x!} includes {p}% sales tax|I paid {x!}, and {p}% tax is already in it", "how much of it is tax|how much tax is in it|what is the tax part|how much tax did I pay", ("net = {x} / (100 + {p}) * 100", "tax = {x} - net"), (), 2),
    Problem("u 2-90*10, p 5/7/8/10/15/19/20/20/21/25", "a {thing} is {u!} before {p}% tax|the net price is {u!} and the tax rate {p}%|{u!} plus {p}% sales tax|a {thing} costs {u!}, to which {p}% VAT is added", "what is the price with tax|what is the gross price|what do I pay in the end|what is it with the tax", ("total = {u} * (100 + {p}) / 100",), (), 3),
    Problem("u 2-90*10, p 5/10/15/20/25/30/40/50, x = u * (100 - p) / 100", "a {thing} is {x!} after a {p}% discount|after {p}% off I paid {x!}|the sale price is {x!}, which is {p}% off|{n} saved {p}% and paid {x!}|reduced by {p}%, it now costs {x!}", "what was the price before|what was the original price|what did it cost originally|how much was it before the sale", ("before = {x} / (100 - {p}) * 100",), (), 4),
    Problem("x 2-90*10, p 10/15/20/25/30/40, q 5/10/15/20", "a {thing} costs {x!}; first {p}% off, then another {q}% off at the register|{x!} is reduced by {p}%, and members get {q}% off that|a {thing} of {x!} is {p}% off and a coupon takes {q}% more off the new price", "what is the final price|what do I pay|how much is it in the end|what does it cost then", ("final = {x} * (100 - {p}) / 100 * (100 - {q}) / 100",), (), 2),
    Problem("x 2-90*10, p 10/15/20/25/30/40, q 5/7/8/10/19/20", "a {thing} of {x!} is {p}% off; then {q}% tax is added|{x!} minus {p}% discount plus {q}% tax|with a {p}% coupon and {q}% sales tax on the rest, a {thing} of {x!} is bought", "what is the final price|what do I pay|how much is it in the end|what is the total", ("sale = {x} * (100 - {p}) / 100", "total = sale * (100 + {q}) / 100"), (("what is it before the tax", 1),), 2),
    Problem("c 2-9, x 5-90, p 5/10/15/20/25, t = c * x", "{c} {i} at {x!} each with {p}% off the total|{n} buys {c} {i} at {x!} each and gets {p}% off|{c} shirts for {x!} each; the discount is {p}%", "what is the total|how much is it in all|what does {n} pay", ("total = {c} * {x}", "final = total * (100 - {p}) / 100"), (("what is it without the discount", 1),), 2),
    Problem("x 2-40, k 1-20, c 2-40, y = x + k", "{n} buys {c} {i} at {x!} each and sells them for {y!} each|{c} {i} are bought for {x!} and sold for {y!} apiece", "what is the profit in percent|how many percent is the profit|what is the gain in percent", ("gain = {y} - {x}", "percent = gain / {x} * 100"), (("how much is earned on one|what is the profit per piece", 1),)),
    Problem("x 20-400, k 1-80, y = x + k", "the price went from {x!} to {y!}|{x!} became {y!}|the rent rose from {x!} to {y!}|it was {x!} last year and is {y!} now", "by how many percent did it rise|what is the increase in percent|how many percent more is that|what's the percentage change", ("percent = ({y} - {x}) / {x} * 100",), (), 2),
    Problem("y 20-400, k 1-80, x = y + k", "the price went from {x!} to {y!}|{x!} became {y!}|it fell from {x!} to {y!}|it was {x!} last year and is {y!} now", "by how many percent did it fall|what is the decrease in percent|how many percent less is that", ("percent = ({x} - {y}) / {x} * 100",), (), 2),
)  # fmt: skip
_GROUPS: tuple[tuple[tuple[Problem, ...], float], ...] = ((_INTEREST, 3.0), (_LOOPS, 2.0), (_TAXES, 4.0))  # fmt: skip


def growth(random: Random, vocabulary: Vocabulary) -> Task:
    """One of the questions above."""
    groups, weights = zip(*_GROUPS, strict=True)
    kinds = random.choices(groups, weights)[0]
    problem = random.choices(kinds, [each.weight for each in kinds])[0]
    return posed(random, problem, vocabulary)

"""What a short program is for: choices and orders, numbers of a range, loops until a limit, sets, words, dates.

A kind is the sizes of its numbers (see `drawn_sizes`) where it has any, its wordings with `|` between them, and its code. In a
wording `{n}` is a number in figures, `{N}` the same as people write it, `{nth}` its place in an order.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from demo_training.data.code.dates import MONTHS, WEEKDAYS, date_code
from demo_training.data.code.quantities import drawn_sizes
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Maker, Task
from demo_training.data.code.wording import framed, ordinal, said_number, series, worded
from demo_training.data.values import Vocabulary, capitalised, invented_word, words

_NOUN_FRAMES = (
    "Write a short Python program that prints {}.", "Write python code to find {}.", "Use code to get {}.", "Let Python work out {}.",
    "Run some code and tell me {}.", "Use a few lines of Python to find {}.", "Calculate {} in Python.", "Find {} with a small script.",
    "I want {}, done in python.", "Print {} using Python.", "code it please: {}", "Show me {} (by running code).",
)  # fmt: skip
_DEED_FRAMES = (
    "Write Python code to {}.", "Use Python to {}.", "Run code to {}.", "With a few lines of python, {}.", "Write a script to {} and run it.",
    "{}, using python", "In Python, {}.", "{}. Do it in code.",
)  # fmt: skip
_PRIME = "all(n % i for i in range(2, int(n ** 0.5) + 1))"
_PRIMES = "primes, n = [], 2\nwhile len(primes) < {n}:\n    if all(n % p for p in primes):\n        primes.append(n)\n    n += 1\n"
_FIBONACCI = "a, b = 0, 1\nfor _ in range({n}):\n    a, b = b, a + b\nprint(a)"
_NUMERIC = (
    ("k 2-6, e 2-12, n = k + e", "How many ways are there to pick {K} of {N} different {i}?|In how many ways can I choose {k} books out of {n}?|={n} choose {k}|=the number of combinations of {k} out of {n}|A committee of {K} is chosen from {N} members. How many committees are possible?|Order doesn't matter: {k} out of {n}, how many combinations?|From {N} players a coach picks {K}. How many different teams is that?|{who} may take {K} of {N} different {i} home. How many selections are there?|How many groups of {k} can be made from {n} pupils?|=C({n}, {k})|How many subsets with {k} elements does a set of {n} elements have?|How many hands of {k} can be dealt from {n} different cards?|{n} toppings, {k} on a pizza, all different. How many pizzas are possible?", "import math\nprint(math.comb({n}, {k}))"),
    ("k 4-7, n 20-60", "A lottery draws {k} numbers out of {n}. How many different tickets are possible?|Lotto {k} from {n}: how many combinations?|In a lottery one ticks {k} of {n} numbers. How many ways are there to do that?|How many different draws does a {k}-out-of-{n} lottery have?|{who} plays lotto, {K} numbers from 1 to {n}. How many combinations exist?|How many ways are there to draw {K} balls from an urn with {n} numbered balls, if the order doesn't count?", "import math\nprint(math.comb({n}, {k}))"),
    ("k 2-6, e 1-9, n = k + e", "How many ways are there to arrange {K} out of {N} {i} in a row?|In how many ways can {K} guests sit down on {N} chairs?|Order matters: {k} out of {n}, how many arrangements?|=the number of permutations of {k} out of {n}|There are {n} seats and {k} people. In how many ways can they be seated?|{n} horses run. How many possibilities are there for the first {k} places?|=P({n}, {k})|How many ordered selections of {k} out of {n} are there?|{who} hangs {K} of {N} pictures side by side. How many ways is that, if their order counts?|How many flags of {k} stripes, all of a different colour, can be made with {n} colours?", "import math\nprint(math.perm({n}, {k}))"),
    ("n 4-40", "{N} runners are in the final. In how many ways can gold, silver and bronze be given out?|First, second and third prize among {n} people: how many outcomes?|A club of {n} elects a president, a treasurer and a secretary, three different people. How many ways are there?|How many different podiums of three are possible with {N} skiers?|In how many ways can {n} teams fill the top three places?|A chair, a deputy and a clerk are to be named among {N} members. How many possibilities?", "import math\nprint(math.perm({n}, 3))"),
    ("n 3-12", "In how many orders can {N} people queue?|How many ways are there to line up {n} {i}, all different?|In how many ways can {N} children sit on {N} chairs in a row?|{who} has {N} songs and plays each once. How many orders are there?|How many permutations do {n} objects have?|={n} factorial|{N} trucks leave one after another. How many orders are possible?|How many ways to arrange {n} different books on one shelf?|=the number of ways to order {n} cards|{n} stops, each visited once: how many routes?", "import math\nprint(math.factorial({n}))"),
    ("n 3-12", "In how many ways can {N} people sit around a round table, when turning the table makes no difference?|{n} guests at a round table, rotations count as the same: how many seatings?|=the number of circular arrangements of {n} people|Round table with {n} chairs for {n} people; seatings that differ by a turn are the same. How many are there?|How many ways are there to seat {n} people in a ring if only the order around it counts?|{who} seats {N} guests at a round table. Rotated seatings are not counted twice. How many are left?", "import math\nprint(math.factorial({n} - 1))"),
    ("n 4-12", "{N} friends stand in a row, and two of them want to be side by side. How many ways are there?|In how many orders can {n} people line up if {who} and a friend must stand next to each other?|A row of {n} seats for {n} people; a couple sits together. How many seatings?|How many ways to arrange {N} books in a row so that two certain ones are neighbours?|{n} cars in a row, the two red ones next to each other: how many orders are there, all cars being different?|With {n} singers in one row and a pair that must not be split up, how many orders are there?", "import math\nprint(2 * math.factorial({n} - 1))"),
    ("a 4-12, b 4-12, k 2-4, j 2-3", "A team of {K} girls and {J} boys is picked from {A} girls and {B} boys. How many teams are possible?|From {a} doctors and {b} nurses, {k} doctors and {j} nurses are chosen. In how many ways?|A menu takes {k} of {a} starters and {j} of {b} desserts. How many menus are there?|How many ways are there to take {K} of {A} red and {J} of {B} blue marbles, all different?|Choose {k} from {a} and {j} from {b}: how many ways altogether?|{who} packs {K} of {A} shirts and {J} of {B} skirts. How many ways are there?", "import math\nprint(math.comb({a}, {k}) * math.comb({b}, {j}))"),
    ("k 2-4, e 2-7, n = k + e", "How many ways are there to take at least {K} of {N} different {i}?|In how many ways can I pick {k} or more out of {n}?|{who} ticks at least {K} of {N} boxes. How many ways is that?|How many subsets of {n} elements have {k} or more members?|At least {k} of {n} friends come to the party. How many different groups could that be?|Of {n} courses I must take {k} or more. In how many ways can I choose?", "import math\nprint(sum(math.comb({n}, i) for i in range({k}, {n} + 1)))"),
    ("k 2-8", "How many codes of {k} digits have no digit twice?|How many {k}-digit PINs are there with all digits different?|A lock takes {k} different digits in order. How many settings is that?|{k} digits from 0 to 9, none repeated, order counts: how many codes?|How many ways are there to write {K} different digits in a row, zero allowed in front?|Without repeating a digit, how many {k}-digit codes can {who} set?", "import math\nprint(math.perm(10, {k}))"),
    ("k 3-9", "How many codes of {k} digits are there if digits may repeat?|How many {k}-digit PINs are there, repetition allowed?|A lock with {k} wheels from 0 to 9: how many settings?|{k} digits from 0 to 9, repeats allowed: how many codes?|How many different {k}-digit codes can {who} choose, any digits allowed?|With ten digits to choose from each time, how many codes of length {k} are there?", "print(10 ** {k})"),
    ("n 3-9, k 2-8", "How many strings of {k} signs can be made with {n} different signs?|{n} letters, words of {k} letters, letters may repeat. How many words?|A quiz has {k} questions with {n} answers each. How many ways are there to fill it in?|{K} people each choose one of {N} dishes. How many ways are there?|How many ways are there to paint {K} doors if each may have any of {N} colours?|{k} dice with {n} sides each: how many ordered results?|How many passwords of {k} characters exist with an alphabet of {n} characters?", "print({n} ** {k})"),
    ("n 3-16", "How many subsets has a set of {n} elements?|{n} toppings, any number of them or none: how many pizzas?|A test of {n} true-or-false questions: how many ways to answer all?|=the number of subsets of a set with {n} members|How many ways are there to switch {N} lamps on or off?|{who} has {N} extras to say yes or no to. How many variants is that?|How many bit strings of length {n} exist?", "print(2 ** {n})"),
    ("k 2-4, e 1-5, n = k + e", "How many {k}-digit numbers can be made from the digits 1 to {n}, each used at most once?|With cards 1 to {n}, I lay {k} in a row. How many numbers can come out?|From the digits 1 to {n}, how many {k}-digit numbers without a repeated digit are there?|{who} draws {K} of {N} numbered cards and puts them in a row. How many rows are possible?|How many {k}-digit numbers use only digits from 1 to {n} and none of them twice?|Use each of the digits 1 to {n} once at most: how many numbers of {k} digits are possible?", "import math\nprint(math.perm({n}, {k}))"),
    ("a 2-12, b 2-12", "How many shortest paths lead {a} blocks east and {b} blocks north?|On a grid I go {a} steps right and {b} steps up. How many ways are there?|How many routes are there through a grid of {a} by {b} blocks, only right or up?|A robot makes {a} moves right and {b} moves down in any order. How many different paths is that?|=the number of paths with {a} steps right and {b} steps up|{who} walks {a} streets east and {b} streets north without a detour. How many different ways lead there?", "import math\nprint(math.comb({a} + {b}, {a}))"),
    ("a 1600-2030, e 4-150, b = a + e", "How many leap years are there between {a} and {b}?|!count the leap years from {a} to {b}|=the number of leap years from {a} through {b}|From {a} to {b}, how many years have a 29 February?|How many leap years fall into {a} to {b}, both included?|How many of the years {a} to {b} are leap years?|leap years {a}-{b}: how many?|How often was there a February with 29 days from {a} to {b}?", "import calendar\nprint(sum(calendar.isleap(year) for year in range({a}, {b} + 1)))"),
    ("a 1600-2080, e 4-50, b = a + e", "Which years from {a} to {b} are leap years?|!list the leap years between {a} and {b}|+all leap years from {a} to {b}|In which years from {a} to {b} did February have 29 days?|Leap years from {a} until {b}, as a list|Name every leap year between {a} and {b}.", "import calendar\nprint([year for year in range({a}, {b} + 1) if calendar.isleap(year)])"),
    ("y 1580-2400", "What is the first leap year after {y}?|Which leap year comes next after {y}?|=the next leap year after {y}|After {y}, when is the next leap year?|From {y} on, not counting {y} itself, which year is the first leap year?|Use a while loop to find the first leap year later than {y}.", "import calendar\nyear = {y} + 1\nwhile not calendar.isleap(year):\n    year += 1\nprint(year)"),
    ("a 1700-2030, e 2-60, b = a + e", "How many days do the years {a} to {b} have together?|=the number of days in the years {a} to {b}|!add up the days of all years from {a} to {b}|From 1 January {a} to 31 December {b}, both included: how many days?|How many days long is the span of years {a} through {b}, leap years taken into account?|Counting leap days, how many days are there in all the years from {a} to {b}?", "import calendar\nprint(sum(366 if calendar.isleap(year) else 365 for year in range({a}, {b} + 1)))"),
    ("y 1950-2040", "How many Fridays the 13th are there in {y}?|!count the Fridays in {y} that fall on a 13th|=the number of Friday the 13ths in {y}|How often is the 13th a Friday in {y}?|{y}: how many months have a Friday the 13th?|{who} is superstitious. How many times is it Friday the 13th in {y}?", "from datetime import date\nprint(sum(date({y}, month, 13).weekday() == 4 for month in range(1, 13)))"),
    ("x 10-9000", "What is the first prime above {X}?|Which prime comes next after {x}?|=the smallest prime larger than {x}|Starting from {x}, which is the next bigger prime?|Use a while loop: first prime number greater than {x}|next prime after {x}?|Go up from {x} until you hit a prime. Which one is it, {x} itself not counted?|=the first prime number greater than {X}", "n = {x} + 1\nwhile not " + _PRIME + ":\n    n += 1\nprint(n)"),
    ("x 10-9000", "What is the largest prime below {X}?|Which prime comes right before {x}?|=the last prime smaller than {x}|Go down from {x} until you reach a prime. Which one, {x} itself not counted?|previous prime before {x}?|=the biggest prime number less than {x}", "n = {x} - 1\nwhile not " + _PRIME + ":\n    n -= 1\nprint(n)"),
    ("x 10-90000", "What is the first square number above {X}?|=the smallest perfect square greater than {x}|Which square number comes next after {x}?|Which is the first square beyond {x}?|Square 1, 2, 3 and so on: which is the first result over {x}?|next perfect square after {x}?|With a loop, find the first square larger than {x}.", "n = 1\nwhile n ** 2 <= {x}:\n    n += 1\nprint(n ** 2)"),
    ("k 3-97, x 100-9000", "What is the first multiple of {k} above {X}?|=the smallest number over {x} that {k} divides|Which multiple of {k} comes next after {x}?|=the first number greater than {x} that is divisible by {k}|Count up from {x} until you find a multiple of {k}, {x} itself not counted. Which is it?|next number after {x} divisible by {k}?", "n = {x} + 1\nwhile n % {k} != 0:\n    n += 1\nprint(n)"),
    ("k 3-15, j 3-15, x 20-2000", "What is the first number above {X} that is divisible by both {k} and {j}?|=the smallest number over {x} that {k} and {j} both divide|Which is the first common multiple of {k} and {j} after {x}?|Going up from {x}, which number is the next that both {k} and {j} divide?|With a while loop: first number greater than {x} divisible by {k} and by {j}|next number after {x} divisible by {k} and also by {j}?", "n = {x} + 1\nwhile n % {k} != 0 or n % {j} != 0:\n    n += 1\nprint(n)"),
    ("x 10-90000", "What is the first Fibonacci number above {X}?|=the smallest Fibonacci number greater than {x}|Which Fibonacci number is the first to pass {x}?|Run through the Fibonacci numbers until one is over {x}. Which one?|next Fibonacci number after {x}?|Write a while loop that stops at the first Fibonacci number beyond {x}. Which is it?", "a, b = 0, 1\nwhile a <= {x}:\n    a, b = b, a + b\nprint(a)"),
    ("x 1-900*1000", "Which is the first n whose factorial is more than {x}?|=the smallest n with n! > {x}|From which n on is n factorial over {x}?|How many of the numbers 1, 2, 3, ... do I have to multiply to get past {x}?|Multiply 1 * 2 * 3 * ... until the product is above {x}. What was the last factor?|What is the least n for which n! exceeds {X}?", "n, product = 1, 1\nwhile product <= {x}:\n    n += 1\n    product *= n\nprint(n)"),
    ("s 5-28", "What is the smallest number whose digits add up to {s}?|=the first number with digit sum {s}|Which positive number is the first to have a digit sum of {s}?|Count up from 1 until the digits add to {s}. Where do you stop?|With next(...) or a loop: the lowest number with digit sum {s}?|Find the least positive integer with digits that sum to {s}.", "n = 1\nwhile sum(int(digit) for digit in str(n)) != {s}:\n    n += 1\nprint(n)"),
    ("n 4-60", "=the {nth} Fibonacci number|The Fibonacci sequence goes 1, 1, 2, 3, 5. What is its {nth} number?|1, 1, 2, 3, 5, 8 ... which number is the {nth}?|=Fibonacci number {n}, where the first two are 1|Use a loop to find Fibonacci number {n}.|With F(1) = F(2) = 1, what is F({n})?|With F(0) = 0 and F(1) = 1, what is F({n})?|Rabbit numbers 1, 1, 2, 3, 5, ... - number {n} is?", _FIBONACCI),
    ("n 4-60", "The Fibonacci sequence starts 0, 1, 1, 2, 3. What is its {nth} number?|=the {nth} Fibonacci number, if 0 is the first|Counting 0 as the first one, which is the {nth} Fibonacci number?|0, 1, 1, 2, 3, 5 ... which number is the {nth}?|=number {n} of the sequence 0, 1, 1, 2, 3, 5, 8, where each is the sum of the two before|Fibonacci from zero on, so 0 is number one and 1 is number two: what is number {n}?", "a, b = 0, 1\nfor _ in range({n} - 1):\n    a, b = b, a + b\nprint(a)"),
    ("n 5-120", "=the {nth} prime number|=prime number {n}, counting 2 as number 1|2 is the first prime. Which is the {nth}?|Counting primes from 2, which one comes {nth}?|In the list of primes 2, 3, 5, 7, ... what is at place {n}?|=the {nth} prime", _PRIMES + "print(primes[-1])"),
    ("n 4-30", "+the first {n} primes|+the {n} smallest prime numbers|!list the first {N} prime numbers|Which are the first {N} primes?|Begin with 2 and collect {n} primes.|I want a list of the {n} lowest primes.", _PRIMES + "print(primes)"),
    ("n 4-60", "=the sum of the first {n} primes|!add up the first {N} prime numbers|What do the {n} smallest primes add up to?|2 + 3 + 5 + 7 + ... with {n} primes: what is the total?|Sum up primes from 2 on until you have used {n} of them. What is the sum?|Take the {n} lowest primes. How much are they together?", _PRIMES + "print(sum(primes))"),
    ("n 4-300", "=the {nth} triangular number|=triangle number {n}|1, 3, 6, 10, 15 ... which number is the {nth}?|How many balls are in a triangle with {n} rows, one in the first row and one more in each?|=the {nth} triangular number (1, 3, 6, ...)|The triangular numbers start 1, 3, 6, 10. What is number {n}?", "print(sum(range(1, {n} + 1)))"),
    ("p 1-9, q 1-12, n 5-25", "A sequence starts {p}, {q}, and each further number is the sum of the two before. What is number {n}?|Begin with {p} and {q} and always add the last two. Which number is the {nth}?|{p}, {q}, then always the sum of the last two: which number comes {nth}?|Like Fibonacci, but with {p} and {q} at the start: what is the {nth} number?|With a(1) = {p}, a(2) = {q}, a(n) = a(n-1) + a(n-2). Find a({n}).|First {p}, second {q}, from then on the last two added: give me number {n}.", "a, b = {p}, {q}\nfor _ in range({n} - 1):\n    a, b = b, a + b\nprint(a)"),
    ("s 1-20, k 2-4, c 1-9, n 3-12", "A sequence starts with {s}; each next number is {k} times the last plus {c}. What is the {nth}?|Start at {s}, multiply by {k} and add {c} each time. Which is the {nth} number, {s} being the first?|Let x start at {s} and become {k}x + {c} in every step. What is the {nth} number of the row that begins with {s}?|First number {s}, rule: times {k}, plus {c}. Number {n}?|The first number is {s}. To get the next one, multiply by {k} and add {c}. Which number is the {nth}?|With a(1) = {s} and a(n) = {k} * a(n-1) + {c}. What is a({n})?", "x = {s}\nfor _ in range({n} - 1):\n    x = x * {k} + {c}\nprint(x)"),
    ("s 1-20, k 2-4, c 1-9, n 3-12", "Start with {s}. {n} times in a row, multiply by {k} and add {c}. What comes out?|Do this {n} times, beginning with {s}: times {k}, plus {c}. What is the result?|Write a for loop: x is {s}, and {n} times x becomes {k} * x + {c}. What is x at the end?|After {n} rounds of multiplying by {k} and adding {c}, where does {s} end up?|Repeat {n} times: multiply by {k}, then add {c}. Starting from {s}, what is the result?|I have {s}. If I multiply by {k} and add {c} and do so {n} times in all, what do I get?", "x = {s}\nfor _ in range({n}):\n    x = x * {k} + {c}\nprint(x)"),
    ("n 3-300", "How many Collatz steps does it take from {n} to 1?|Halve if even, else triple and add one: how many steps from {n} to 1?|=the number of steps of the Collatz sequence from {n} down to 1|Start with {n}. Even numbers are halved, odd ones become 3n + 1. After how many steps is it 1?|Collatz, start {n}: step count until 1?|Write a while loop for the 3n + 1 rule: how many steps does {n} need to reach 1?", "n, steps = {n}, 0\nwhile n != 1:\n    n = n // 2 if n % 2 == 0 else 3 * n + 1\n    steps += 1\nprint(steps)"),
    ("a 1-50, e 5-90, b = a + e, d 1-9", "How often is the digit {d} written in the numbers from {a} to {b}?|How many {d}s do I write when I write out {a} to {b}?|!count all digits {d} in the numbers {a} to {b}|Somebody paints the house numbers {a} to {b}. How many {d}s are needed?|Page numbers {a} to {b}: how many times does a {d} appear in them?|Write down all numbers from {a} to {b}. How many of the digits are a {d}?", "print(sum(str(x).count('{d}') for x in range({a}, {b} + 1)))"),
    ("x 5-90*100, p 2/3/4/5/6/7/8/2.5/3.5, g 2-9, t = x + x * g / 10", "{who} puts {X} dollars into an account with {p}% interest a year. After how many full years are there at least {T}?|An account holds {X} euros and gets {p}% a year. How many years until it is {T} or more?|Loop until the limit: {x} grows by {p} percent a year. How many years does it take to reach {t}?|From {x} to {t} at {p}% a year: how many years?|How many years must {X} lie at {p} percent before it has become {T}?|I need {T} and have {X} invested at {p}% per year. How many years do I have to wait?", "value, years = {x}, 0\nwhile value < {t}:\n    value = value * (100 + {p}) / 100\n    years += 1\nprint(years)"),
    ("x 2-90, t 1-90*1000", "{X} bacteria double every hour. After how many hours are there more than {T}?|A rumour is known to {x} people and their number doubles every day. After how many days do more than {T} know it?|How often must {x} be doubled until it is over {t}?|Start at {x} and keep doubling. How many steps until the number passes {t}?|{who}'s {x} water lilies double every day. How many days until there are more than {T}?|while loop please: double {x} until it is above {t}, how many doublings?", "value, times = {x}, 0\nwhile value <= {t}:\n    value *= 2\n    times += 1\nprint(times)"),
    ("x 2-90*50, t 1-20", "{X} mg of a drug halve every six hours. After how many halvings is it less than {t} mg?|How often must {x} be halved until it is below {t}?|Keep halving {x}. How many steps until it is under {t}?|A ball falls from {x} cm and each bounce is half as high as the one before. After how many bounces is it lower than {t} cm?|{who} eats half of the remaining {x} g every day. After how many days are less than {t} g left?|!count how many times {x} can be cut in half before it is smaller than {t}", "value, times = {x}, 0\nwhile value >= {t}:\n    value /= 2\n    times += 1\nprint(times)"),
    ("x 5-90*10, b 1-90*10, t 1-9*1000", "{who} has {b} dollars and saves {x} every month. After how many months are there at least {T}?|Goal: {t}. Start: {b}. Every month {x} more. How many months?|I start with {b} and put aside {x} a week. How many weeks until I have {T} or more?|A tank holds {b} litres and gets {x} more each hour. After how many hours are at least {T} in it?|Starting from {b}, add {x} again and again until the sum is {t} or more. How many times?|How many months of saving {x} does it take from {b} to a goal of {T}?", "total, times = {b}, 0\nwhile total < {t}:\n    total += {x}\n    times += 1\nprint(times)"),
    ("x 1-20, t 1-90*50", "{who} saves {x} dollars in week one, twice that in week two, three times that in week three and so on. After how many weeks is the total at least {T}?|On day 1 I put {x} cents in the jar, on day 2 {x} more than the day before, and so on. On which day are there {T} or more?|How many terms of {x} + 2 * {x} + 3 * {x} + ... are needed to get to {t} or beyond?|Week by week I run {x} km more than the week before, starting with {x}. After how many weeks have I run {t} km or more in all?|Add {x}, then twice {x}, then three times {x} and so on. After how many terms is the sum {t} or more?|{who} does {x} push-ups on day 1 and {x} more each day than the day before. On which day does the total reach {T}?", "total, n = 0, 0\nwhile total < {t}:\n    n += 1\n    total += {x} * n\nprint(n)"),
    ("x 10-90*100, p 5/8/10/12/15/20/25, g 2-8, t = x * g / 10", "A {thing} worth {x} loses {p}% of its value a year. After how many years is it worth less than {T}?|{x} decays by {p} percent per step. How many steps until it is below {t}?|A lake with {X} fish loses {p}% of them every year. In how many years are there fewer than {T}?|How many years of a {p}% loss bring {x} under {t}?|{x}, every day {p}% less: after how many days is it under {t}?|Some {x} g of ice shrink by {p}% an hour. How many hours until less than {t} g are left?", "value, times = {x}, 0\nwhile value >= {t}:\n    value = value * (100 - {p}) / 100\n    times += 1\nprint(times)"),
    ("u 3-9, d 1-2, t 10-90", "A snail climbs {u} m by day and slips back {d} m each night. On which day does it get out of a well of {t} m?|The well is {t} m deep. Every day the snail goes up {u} m, every night down {d} m. How many days until it is out?|Up {u} feet a day, down {d} feet a night, wall {t} feet: on what day is the top reached?|A beetle crawls {u} cm up each day and slides {d} cm down each night. On which day has it climbed {t} cm?|{who} climbs {u} m of a {t} m wall each day and slides back {d} m each night. How many days does it take to the top?|By day plus {u}, by night minus {d}, goal {t}: on which day is the goal reached for the first time?", "height, days = {u}, 1\nwhile height < {t}:\n    height += {u} - {d}\n    days += 1\nprint(days)"),
    ("x 10-90*100, p 1/1.5/2/0.5, r 3-9, m = x * r / 100", "{who} owes {X} dollars. Every month {p}% interest is added and then {m} is paid. After how many months is the debt gone?|A loan of {X} grows by {p}% a month and {m} a month is paid back after that. How many months until nothing is owed?|Debt {x}, monthly interest {p}%, monthly payment {m} after the interest: how many payments?|Each month my debt of {x} gets {p} percent interest and I then pay {m}. How many months does it take?|How many monthly payments of {m} clear a debt of {X} if {p}% interest comes on top each month before the payment?|Loop: {x} owed, each month plus {p}%, then minus {m}. After how many months is it zero or less?", "debt, months = {x}, 0\nwhile debt > 0:\n    debt = debt * (100 + {p}) / 100 - {m}\n    months += 1\nprint(months)"),
    ("t 1-90*1000", "One grain on the first field of a chess board, two on the second, four on the third: on which field do more than {T} lie?|Field 1 has 1 grain and every field twice as many as the one before. Which is the first field with more than {T} grains?|1 cent on day one, 2 on day two, 4 on day three, always double. On which day does one get more than {T} cents?|Rice on a chess board: 1, 2, 4, 8 and so on. Number of the first field that holds more than {t} grains?|{who} gets 1 coin on day 1 and each day double the day before. Which day brings more than {T} coins?|Day 1: 1. Every next day: twice as many. On what day is it more than {t}?", "grains, field = 1, 1\nwhile grains <= {t}:\n    grains *= 2\n    field += 1\nprint(field)"),
    ("n 3-4000", "What is {n} in binary?|!write {n} in base 2|=the binary form of {n}|How does a computer store {n} in bits?|{n} with ones and zeros only?|dec {n} -> bin|What does bin({n}) give, without the 0b?", "print(bin({n})[2:])"),
    ("n 10-90000", "What is {n} in hexadecimal?|!write {n} in base 16|=the hex form of {n}|decimal {n} to hex|What does hex({n}) give, without the 0x?|In base sixteen, what does {n} look like?", "print(hex({n})[2:])"),
    ("n 3-4000", "What number is {n:b} in binary?|!convert {n:b} from base 2 to decimal|=the decimal value of the bits {n:b}|The switches read {n:b}. Which number is that, read as binary?|binary {n:b} as a normal number|What is int('{n:b}', 2)?", "print(int('{n:b}', 2))"),
    ("n 20-90000", "What is hex {n:x} as a decimal number?|!convert {n:X} from base 16 to decimal|=the decimal value of 0x{n:X}|hexadecimal {n:x} is which number?|Read {n:X} as hex. What is it in decimal?|What is int('{n:x}', 16)?", "print(int('{n:x}', 16))"),
    ("a 3-200, b 3-200", "!add the binary numbers {a:b} and {b:b}|What is {a:b} + {b:b} in binary?|=the sum of binary {a:b} and binary {b:b}, in binary|Bits: {a:b} plus {b:b}, the sum as bits?|Add {a:b} to {b:b}; both are binary, and so should the result be.|What do the binary numbers {a:b} and {b:b} make together, written in binary?", "print(bin(int('{a:b}', 2) + int('{b:b}', 2))[2:])"),
    ("n 1-255", "!write {n} as 8 bits|=the byte for {n} with all eight bits|What is {n} in binary, filled up with zeros to eight digits?|8-bit binary of {n}?|Give me {n} as an eight-digit binary number.|How is {n} stored in one byte, bit by bit?", "print(f'{{{n}:08b}}')"),
    ("n 5-9000, b 3/4/5/6/7/9", "What is {n} in base {b}?|!write {n} in base {b}|!convert the decimal number {n} to base {b}|{n} in the number system with base {b}?|How is {n} written with the digits of base {b}?|Base {b}, please: {n}", "n, digits = {n}, ''\nwhile n > 0:\n    digits = str(n % {b}) + digits\n    n //= {b}\nprint(digits)"),
    ("g 2-12, p 2-20, q 2-20, r 2-20, a = g * p, b = g * q, c = g * r", "=the greatest common divisor of {a}, {b} and {c}|=gcd of {a}, {b}, {c}|Which is the largest number that divides {a}, {b} and {c}?|Ropes of {a}, {b} and {c} cm are cut into equal pieces as long as possible, nothing left over. How long is a piece in cm?|{a} pens, {b} books and {c} rulers go into equal sets with nothing left. How many sets at most?|!find the highest common factor of {a}, {b} and {c}", "import math\nprint(math.gcd({a}, {b}, {c}))"),
    ("a 4-30, b 4-30, c 4-30", "=the least common multiple of {a}, {b} and {c}|=lcm of {a}, {b}, {c}|Which is the smallest number that {a}, {b} and {c} all divide?|Three buses leave together and then every {a}, {b} and {c} minutes. After how many minutes do they leave together again?|Lights blink every {a}, {b} and {c} seconds. After how many seconds do all blink at once again?|Gears with {a}, {b} and {c} teeth: after how many teeth are all back at the start?", "import math\nprint(math.lcm({a}, {b}, {c}))"),
    ("x 10-9000, k 3/7/15/25/35/45", "!round {x} to the nearest multiple of {k}|Which multiple of {k} is closest to {x}?|={x} rounded to the nearest {k}|nearest multiple of {k} to {x}?|To which multiple of {k} is {x} nearest?|Round {x} so that {k} divides it, to the closest such number.", "print(round({x} / {k}) * {k})"),
    ("x 10-9000, k 4-60", "!round {x} up to the next multiple of {k}|Things come in packs of {k}. How many do I get if I need {x} and buy full packs only?|={x} rounded up to a multiple of {k}|Up to a full {k}: what does {x} become?|What is the first multiple of {k} that is at least {x}?|{x} screws are needed and a box holds {k}. How many screws do I have when I buy whole boxes?", "import math\nprint(math.ceil({x} / {k}) * {k})"),
    ("x 10-900, c 10001-99999, p 2-4", "!round {x}.{c} to {P} decimals|={x}.{c} rounded to {P} decimal places|{x}.{c} with {p} digits after the point?|Cut {x}.{c} to {p} decimals, rounding properly.|What is {x}.{c} to {p} decimals?|I only need {P} decimals of {x}.{c}, rounded.", "print(round({x}.{c}, {p}))"),
    ("h 1-12, n 5-900", "It is {h} o'clock on a 12-hour clock. What hour does it show after {n} hours?|A clock face shows {h}. Which hour does it show {n} hours later, from 1 to 12?|On a 12-hour dial, {n} hours after {h} o'clock, what does the hand point to?|Clock arithmetic: {h} o'clock plus {n} hours on a twelve-hour clock?|The wall clock says {h} o'clock. In {n} hours, what hour will it say?|{h} o'clock now; which hour from 1 to 12 will it be after {n} more hours?", "print(({h} + {n} - 1) % 12 + 1)"),
    ("h 0-23, n 5-900", "It is {h}:00 on a 24-hour clock. Which hour is it {n} hours later?|Hour {h} of the day plus {n} hours: which hour of the day is that, 0 to 23?|The machine starts at {h}:00 and runs {n} hours. At which hour does it stop, on a 24-hour clock?|24-hour clock, now {h}: what hour after {n} more hours?|{who} leaves at {h}:00 and travels {n} hours. Which hour of the day is it at the end, 0 to 23?|Add {n} hours to {h}:00 on a 24-hour clock. Which hour comes out?", "print(({h} + {n}) % 24)"),
    ("n 5-12, a 1-5, s 10-200", "{N} players sit in a circle, numbered 1 to {n}. {who} is number {a}; we count {s} places on. Which number is that?|Seats 1 to {n} in a ring. From seat {a}, go {s} seats further. Which seat is it?|A round of {n} people, numbered from 1: who comes {s} places after number {a}?|{n} chairs in a circle, numbered from 1. I start on chair {a} and move on {s} chairs. On which chair do I end?|The token is on field {a} of a round board with fields 1 to {n}. It moves {s} fields. Where is it now?|A ring has places 1 to {n}. What is {s} places after place {a}?", "print(({a} + {s} - 1) % {n} + 1)"),
    ("n 1000-9999999", "!add up the digits of {n}|=the digit sum of {n}|What do the digits of {n} add up to?|{n}: sum of digits?|Take {n} apart into digits and add them.|If I add every digit of {n}, what do I get?|Is there an easy way to sum the digits of {n}? What is the result?", "print(sum(int(digit) for digit in str({n})))"),
)  # fmt: skip
# Of numbers in a range: what they do, and the test.
_DIGITS = (
    ("contain the digit {d}|have a {d} in them|contain a {d}|have at least one {d}|include the digit {d}", "'{d}' in str(x)"),
    ("do not contain the digit {d}|have no {d} in them|have no digit {d}|get along without a {d}", "'{d}' not in str(x)"),
    ("begin with {d}|start with the digit {d}|have {d} as their first digit|start with a {d}|begin with the digit {d}", "str(x).startswith('{d}')"),
    ("end in {d}|end with the digit {d}|have {d} as their last digit|end with a {d}", "x % 10 == {d}"),
    ("have the digit sum {s}|have digits that add up to {s}|have a digit sum of {s}", "sum(int(digit) for digit in str(x)) == {s}"),
    ("have a digit sum that {m} divides|have a digit sum divisible by {m}", "sum(int(digit) for digit in str(x)) % {m} == 0"),
    ("have no digit twice|have only different digits|repeat no digit", "len(set(str(x))) == len(str(x))"),
    ("read the same backwards|are palindromes|stay the same when reversed|are palindromic", "str(x) == str(x)[::-1]"),
    ("contain the digit {d} exactly twice|have exactly two {d}s", "str(x).count('{d}') == 2"),
    ("contain both {d} and {f}|have a {d} and a {f} in them", "'{d}' in str(x) and '{f}' in str(x)"),
    ("are divisible by the sum of their digits|can be divided by their own digit sum", "x % sum(int(digit) for digit in str(x)) == 0"),
    ("are divisible by {m} and contain a {d}|are multiples of {m} with a {d} in them", "x % {m} == 0 and '{d}' in str(x)"),
)  # fmt: skip
_OF_RANGE = (
    ("How many {r} {c}?|!count the {r} that {c}|=the number of {r} that {c}|How many of the {r} {c}?|Tell me how many {r} {c}.|Loop over the {r}: how many {c}?", "sum({c} for x in {r})"),
    ("Which {r} {c}?|!list the {r} that {c}|+all {r} that {c}|Which of the {r} {c}?|Find every one of the {r} that {c}.|Go through the {r} and print those that {c}.", "[x for x in {r} if {c}]"),
    ("=the sum of the {r} that {c}|!add up the {r} that {c}|What do the {r} that {c} add up to?|Sum all {r} that {c}.|Loop over the {r} and add those that {c}. What is the sum?|How much are the {r} that {c} together?", "sum(x for x in {r} if {c})"),
    ("=the largest of the {r} that {c}|Which is the last of the {r} that {c}?|Of all {r} that {c}, which is the biggest?|Going down through the {r}, which is the first of those that {c}?|=the maximum of the {r} that {c}|Find the highest of the {r} that {c}.", "max((x for x in {r} if {c}), default=None)"),
    ("=the smallest of the {r} that {c}|Which is the first of the {r} that {c}?|Of all {r} that {c}, which is the least?|Going up through the {r}, which is the first of those that {c}?|=the minimum of the {r} that {c}|Find the lowest of the {r} that {c}.", "min((x for x in {r} if {c}), default=None)"),
)  # fmt: skip
_STEPS = "values = {v}\nprint({c} for a, b in zip(values, values[1:]){d})"
# Of a list of numbers: `{l}` as told, `{v}` as code.
_LISTS = (
    ("=the product of {l}|!multiply all of {l}|!multiply {l} with each other|What do {l} give when they are all multiplied?|Multiply the list {l} together.|Use a loop to multiply {l}.|=the product of the list {l}", "import math\nprint(math.prod({v}))"),
    ("+the running maxima of {l}|=the running maximum of {l}|!replace each of {l} by the largest number so far|For each position in {l}, what is the highest number up to there?|Going through {l}, what is the record after each number?|Use a loop to get the highest value so far at each step of {l}.", "from itertools import accumulate\nprint(list(accumulate({v}, max)))"),
    ("+the differences between neighbours in {l}|By how much does each number of {l} change to the next?|!subtract each of {l} from the one after it|+the gaps from one number to the next in {l}|=each number minus the one before it, for {l}|The meter read {l}. What are the steps in between?", "values = {v}\nprint([b - a for a, b in zip(values, values[1:])])"),
    ("How many of {l} are below {t}?|!count the numbers under {t} in {l}|In {l}, how many are less than {t}?|Out of {l}, how many don't get to {t}?|Temperatures {l}: how often was it colder than {t}?|=the count of values smaller than {t} in {l}", "print(sum(x < {t} for x in {v}))"),
    ("How many of {l} are above {t}?|!count the numbers over {t} in {l}|In {l}, how many are more than {t}?|Scores {l}: how many beat {t}?|Readings {l}. How often is {t} exceeded?|=the count of values larger than {t} in {l}", "print(sum(x > {t} for x in {v}))"),
    ("How many of {l} lie between {lo} and {hi}, both included?|!count the numbers from {lo} to {hi} in {l}|In {l}, how many are at least {lo} and at most {hi}?|Scores {l}: how many are in the range {lo} to {hi}?|=the number of values in {l} from {lo} up to {hi}|Of {l}, how many are no less than {lo} and no more than {hi}?", "print(sum({lo} <= x <= {hi} for x in {v}))"),
    ("Which of {l} lie between {lo} and {hi}, both included?|!pick the numbers from {lo} to {hi} out of {l}|From {l}, keep what is at least {lo} and at most {hi}.|+all values of {l} in the range {lo} to {hi}|Drop everything below {lo} or above {hi} from {l}.|Of {l}, which are no less than {lo} and no more than {hi}?", "print([x for x in {v} if {lo} <= x <= {hi}])"),
    ("How many of {l} are above their average?|!count the numbers of {l} that are more than the mean|In {l}, how many beat the average?|Take {l}. How many are higher than their own mean?|Grades {l}: how many are better than the average, if more is better?|=the number of values in {l} that exceed their mean", "values = {v}\nmean = sum(values) / len(values)\nprint(sum(x > mean for x in values))"),
    ("Which of {l} are below their average?|+those of {l} that are less than the mean|From {l}, list those under the average.|Which of {l} don't reach their own mean?|Prices {l}: which are lower than the average price?|!filter {l} for values under their mean", "values = {v}\nmean = sum(values) / len(values)\nprint([x for x in values if x < mean])"),
    ("!sort {l} by their last digit|Put {l} in order of the last digit.|What is {l} sorted by the ones digit?|Sort {l}, looking at the ones digit only.|Order {l} so that the last digits go up.|!arrange {l} by the digit at the end", "print(sorted({v}, key=lambda x: x % 10))"),
    ("=the second largest of {l}|Which of {l} is second only to the maximum?|=the runner-up among the scores {l}|Which number of {l} comes right after the biggest?|=the second highest value in {l}|Without its maximum, what is the largest of {l}?", "print(sorted({v}, reverse=True)[1])"),
    ("=the second smallest of {l}|Which number of {l} is the next one after the smallest?|=the second lowest value in {l}|Golf scores {l}, lowest wins: what is the second best?|Without its minimum, what is the smallest of {l}?|Which of {l} is second from the bottom?", "print(sorted({v})[1])"),
    ("Which two of {l} add up to {sum}?|Which pairs in {l} have the sum {sum}?|!find all pairs of {l} that sum to {sum}|+the pairs from {l} that make {sum} together|Two of the numbers {l} make {sum}. Which ones?|Two-sum: list {l}, target {sum}. Which pairs?", "from itertools import combinations\nprint([pair for pair in combinations({v}, 2) if sum(pair) == {sum}])"),
    ("How many pairs in {l} add up to {sum}?|!count the pairs of {l} with the sum {sum}|=the number of pairs in {l} that make {sum}|Take two at a time from {l}: how often do they make {sum}?|How many ways are there to make {sum} with two of {l}?|Two-sum: list {l}, target {sum}. How many pairs?", "from itertools import combinations\nprint(sum(a + b == {sum} for a, b in combinations({v}, 2)))"),
    ("Do any two of {l} add up to {goal}?|Is there a pair in {l} with the sum {goal}?|Can {goal} be made by adding two of {l}?|!check if two of {l} sum to {goal}|Two-sum: list {l}, target {goal}. Is it possible?|Are there two of {l} that give {goal} together?", "from itertools import combinations\nprint(any(a + b == {goal} for a, b in combinations({v}, 2)))"),
    ("At which place of {l} is {x}, counting from 1?|=the position of {x} in {l}, if the first is 1|{x} is at which position in {l}? The first one is number 1.|Where does {x} stand in {l}, counted from one?|In {l}, {x} comes at which place, the first place being 1?|Find {x} in {l} and give its position, counted from 1.", "print({v}.index({x}) + 1)"),
    ("=the index of {x} in the list {l}, starting at 0|=the zero-based index of {x} in {l}|Counting from 0, where is {x} in {l}?|What does index({x}) give for the list {l}?|Give me the 0-based index of {x} in {l}.|In Python, which index has {x} in {l}?", "print({v}.index({x}))"),
    ("At which place of {l} is the largest number, counting from 1?|=the position of the maximum of {l}, the first being 1|Visitors per day: {l}. Which day number had the most?|Counted from one, where is the highest of {l}?|Find the biggest of {l} and give its position, counted from 1.|Which place has the highest of {l}, the first place being 1?", "values = {v}\nprint(values.index(max(values)) + 1)"),
    ("Which of {l} are primes?|+the prime numbers among {l}|!keep only the primes of {l}|Filter {l} down to prime numbers.|Of {l}, which are prime numbers?|Pick the primes from {l}.", "print([n for n in {v} if n > 1 and " + _PRIME + "])"),
    ("Adding {l} from the left, after how many numbers is the total at least {part}?|How many of {l}, taken in order, are needed to reach a sum of {part}?|Add up {l} one by one and stop at {part} or more. How many numbers is that?|Take {l} in this order and add until you have {part} or more. How many did you take?|Boxes weigh {l}. Loading them in this order, with how many is the weight {part} or more?|Daily sales {l}: after how many days is the total {part} or more?", "total, count = 0, 0\nfor x in {v}:\n    total += x\n    count += 1\n    if total >= {part}:\n        break\nprint(count)"),
    ("Which numbers from 1 to {top} are missing in {l}?|+all numbers from 1 to {top} that are not in {l}|Tickets 1 to {top} were sold; {l} came back. Which did not?|From 1 to {top}, what does {l} lack?|Which of the numbers 1 to {top} does the list {l} leave out?|Pages 1 to {top} should be there, I found {l}. Which pages are lost?", "print([x for x in range(1, {top} + 1) if x not in {v}])"),
    ("Which of {l} is closest to {t}?|=the number in {l} nearest to {t}|From {l}, who is nearest to the true value {t}?|Guesses: {l}. The answer was {t}. Which guess is best?|Of {l}, which differs least from {t}?|{t} is the target. Which of {l} comes nearest?", "print(min({v}, key=lambda x: abs(x - {t})))"),
)  # fmt: skip
# Of a list with repetitions, of numbers or of names: `{what}` is "number" or "name".
_REPEATED = (
    ("Which {what} is the most frequent in {l}?|=the most common {what} of {l}|Which {what} occurs most often in {l}?|=the mode of {l}|Votes: {l}. Which {what} won?|In {l}, which {what} shows up the most?", "import statistics\nprint(statistics.mode({v}))"),
    ("How many different {what}s are in {l}?|!count the distinct {what}s of {l}|=the number of unique {what}s in {l}|Without repeats, how many {what}s does {l} have?|How many {what}s are left in {l} when each counts once?|What is len(set(...)) for {l}?", "print(len(set({v})))"),
    ("How often is {x} in {l}?|!count {x} in {l}|=the number of times {x} comes up in {l}|How many times does {x} occur in {l}?|In {l}, {x} appears how many times?|Number of {x} in {l}, please.", "print({v}.count({c}))"),
    ("Which {what}s are in {l} more than once?|+the repeated {what}s of {l}|!find the {what}s that occur at least twice in {l}|What appears several times in {l}?|Which {what}s come up repeatedly in {l}?|Sort out what is there twice or more in {l}.", "print(sorted({{x for x in {v} if {v}.count(x) > 1}}))"),
    ("Which {what}s are in {l} only once?|+the {what}s that occur exactly once in {l}|!find what is not repeated in {l}|Which {what}s of {l} have no double?|From {l}, give me those that come a single time.|In {l}, which {what}s appear just once?", "print([x for x in {v} if {v}.count(x) == 1])"),
    ("!remove the repeated {what}s from {l}, keeping the order|+the different {what}s of {l}, in the order in which they come|!drop every {what} of {l} that was there before|List every {what} of {l} once, first come first.|Take the duplicates out of {l} but leave the order.|What is {l} without repeats, in the same order?", "print(list(dict.fromkeys({v})))"),
    ("Does {l} have any {what} twice?|Is any {what} repeated in {l}?|!check {l} for duplicates|Does any {what} come more than once in {l}?|Are there repeats in {l}?|Is there a double in {l}?", "print(len(set({v})) < len({v}))"),
)  # fmt: skip
# Of two lists of numbers or of names; `{A}` and `{B}` are the same lists after words that say what they are.
_SETS = (
    ("Which {what}s are in both {a} and {b}?|{A}. {B}. Which {what}s are on both lists?|{A}; {B}. Who or what is on both?|=the intersection of {a} and {b}|Compare {a} with {b}: what do they share?|{A} and {B}. What do the two have in common?|What is common to {a} and {b}?", "print(sorted(set({va}) & set({vb})))"),
    ("Which {what}s are in {a} or in {b}?|{A}. {B}. Which {what}s are on at least one list?|=the union of {a} and {b}|+all different {what}s of {a} and {b} together|!merge {a} and {b} without repeats, sorted|{A}. {B}. Everything on either list, each once, please.", "print(sorted(set({va}) | set({vb})))"),
    ("Which {what}s are in {a} but not in {b}?|{A}. {B}. What is only on the first list?|What is left of {a} when everything in {b} is taken out?|{A}. {B}. Which {what}s of the first are missing in the second?|+the {what}s that {a} has and {b} lacks|{A}. {B}. What does the second list lack that the first has?", "print([x for x in {va} if x not in {vb}])"),
    ("Which {what}s are in only one of {a} and {b}?|{A}. {B}. Which {what}s are on exactly one list?|=the symmetric difference of {a} and {b}|What is in {a} or in {b}, but not in both?|{A}. {B}. What is not shared?|Leave out what {a} and {b} share. What remains of both?", "print(sorted(set({va}) ^ set({vb})))"),
    ("How many {what}s are in both {a} and {b}?|{A}. {B}. How many {what}s are on both lists?|!count what {a} and {b} share|How many do {a} and {b} have in common?|{A}. {B}. How many {what}s are shared?|=the size of the intersection of {a} and {b}", "print(len(set({va}) & set({vb})))"),
    ("How many different {what}s are there in {a} and {b} together?|{A}. {B}. How many {what}s is that in all, each counted once?|!count the distinct {what}s of {a} and {b} taken together|Put {a} and {b} into one set. How many are in it?|{A}. {B}. How many different {what}s are there on the two lists?|=the size of the union of {a} and {b}", "print(len(set({va}) | set({vb})))"),
    ("Are all {what}s of {a} also in {b}?|{A}. {B}. Is everything on the first list on the second too?|Is {a} a subset of {b}?|Does {b} contain everything in {a}?|{A}. {B}. Does the second list have all of the first?|Is every {what} of {a} in {b}?", "print(set({va}) <= set({vb}))"),
)  # fmt: skip
# Of words: `{ws}` as told, `{v}` as code.
_WORDS = (
    ("Which of the words {ws} are palindromes?|!find the palindromes in {ws}|+the words of {ws} that read the same backwards|Which of {ws} stay the same when reversed?|Filter {ws} for palindromes.|From {ws}, keep only the palindromes.", "print([word for word in {v} if word == word[::-1]])"),
    ("How many of the words {ws} are palindromes?|!count the palindromes in {ws}|=the number of words in {ws} that equal their reverse|In {ws}, how many read the same both ways?|Of {ws}, how many stay the same when spelled backwards?|How many of {ws} equal their own reverse?", "print(sum(word == word[::-1] for word in {v}))"),
    ("Which of the words {ws} is the longest?|=the longest of {ws}|Of {ws}, which has the most letters?|=the word with the most letters in {ws}|Which of {ws} has more letters than the others?|!find the longest word in {ws}", "print(max({v}, key=len))"),
    ("Which of the words {ws} is the shortest?|=the shortest of {ws}|Of {ws}, which has the fewest letters?|=the word with the fewest letters in {ws}|Which of {ws} has fewer letters than the others?|!find the shortest word in {ws}", "print(min({v}, key=len))"),
    ("!sort {ws} by length|!put {ws} in order from short to long|Arrange the words {ws} by their number of letters, shortest first.|Line up {ws} so that the words get longer.|What do {ws} look like sorted by their length?|Shortest word first: {ws}", "print(sorted({v}, key=len))"),
    ("!sort {ws} by their last letter|Put {ws} in order of the last letter.|Arrange the words {ws} by how they end, a to z by the final letter.|What is the order of {ws} if only the last letter counts?|Sort {ws} alphabetically by their endings, the final letter only.|!order {ws} by the letter at the end", "print(sorted({v}, key=lambda word: word[-1]))"),
    ("How many of {ws} have more than {n} letters?|!count the words longer than {n} letters in {ws}|In {ws}, how many are longer than {n} letters?|Of {ws}, how many are made of more than {n} letters?|How many of the words {ws} are longer than {n} letters?|=the number of words in {ws} with more than {n} letters", "print(sum(len(word) > {n} for word in {v}))"),
    ("If {ws} are sorted alphabetically, at which place is {x}?|Put {ws} in alphabetical order. Which number is {x} then?|Sorted a to z, where does {x} end up in {ws}?|Sort {ws} and give the position of {x}, counted from 1.|In the alphabetical order of {ws}, where does {x} stand, counted from 1?|Which place does {x} take when {ws} are put in a dictionary order?", "print(sorted({v}).index('{x}') + 1)"),
    ("!list all pairs of {few}|Which pairs can be made of {few}?|Everyone of {few} plays everyone once. Which matches are there?|+all ways to pick two of {few}|Two of {few} go on a trip. Which pairs are possible?|Who can be paired with whom among {few}? List each pair once.", "from itertools import combinations\nprint(list(combinations({fv}, 2)))"),
)  # fmt: skip
# Of one word: `{w}` as told, `{word}` as it is, `{c}` one of its letters, `{o}` another.
_WORD = (
    ("How many ways are there to order the letters of {d}? They are all different.|{d} has only different letters. How many anagrams can be formed, with or without sense?|All letters of {d} differ. In how many orders can they stand?|Factorial question: {d}, letters all different, how many arrangements?|=the number of arrangements of the {len} different letters of {d}|No letter comes twice in {d}. How many letter orders are there?", "import math\nprint(math.factorial(len('{dword}')))"),
    ("How many different anagrams does {d} have, sense or no sense?|How many different strings can be made of all letters of {d}?|=the number of distinct orders of the letters in {d}|Write the letters of {d} in every order: how many different results?|!count the distinct permutations of {d}|Shuffle the letters of {d} in all ways. How many different words come out?", "from itertools import permutations\nprint(len(set(permutations('{dword}'))))"),
    ("!list all orders of the letters {abc}|+all permutations of the letters {abc}|In which ways can the letters {abc} be arranged? Show them all.|+all words that the letters {abc} make, each letter once|Shuffle {abc} in all ways and show the results.|What are all the anagrams of {abc}, sense or no sense?", "from itertools import permutations\nprint([''.join(p) for p in permutations('{abc}')])"),
    ("How many vowels does {w} have?|!count the vowels in {w}|=the number of vowels of {w}|In {w}, how many letters are a, e, i, o or u?|What's the vowel count of {w}?|Loop over {w} and count its vowels.", "print(sum(x in 'aeiou' for x in '{word}'))"),
    ("How many times is the letter {c} in {w}?|!count the {c}s in {w}|In {w}, how often does {c} come?|What is the count of {c} in {w}?|I need to know how many {c} there are in {w}.|Loop over {w}: how many letters are {c}?", "print('{word}'.count('{c}'))"),
    ("!replace each {c} in {w} by {o}|What does {w} become if every {c} turns into {o}?|Swap the letter {c} for {o} in {w}.|Let {c} become {o}: what is {w} then?|Put {o} wherever {w} has {c}.|=the word {w} with {o} in place of {c}", "print('{word}'.replace('{c}', '{o}'))"),
    ("!write {w} backwards in capital letters|Reverse {w} and make it uppercase.|=the reverse of {w}, in capitals|Turn {w} around and shout it in capitals.|What is {w} from back to front, all uppercase?|Capitals, right to left: how does {w} look?", "print('{word}'[::-1].upper())"),
    ("!spell {w} backwards|What does {w} read from right to left?|Turn the word {w} around.|=the mirror image of {w}, letter by letter|What is the reversed string of {w}?|Start with the last letter of {w} and end with the first. What do you get?", "print('{word}'[::-1])"),
    ("!write {w} with every second letter in capitals, beginning with the first|Alternate upper and lower case in {w}, upper first.|Make the letters of {w} big, small, big, small and so on.|Write {w} in alternating case, the first letter upper.|What is {w} with letters 1, 3, 5 and so on in capitals?|!make {w} zigzag in case, starting with a capital", "print(''.join(x.upper() if i % 2 == 0 else x for i, x in enumerate('{word}')))"),
)  # fmt: skip
# Of a sentence: `{s}` in quotes.
_SENTENCES = (
    ("=the longest word of {s}|Which word in {s} has the most letters?|!find the longest word in {s}|In {s}, which word is longest?|Split {s} into words and give me the longest one.|Longest word in {s}?", "print(max('{text}'.split(), key=len))"),
    ("=the shortest word of {s}|Which word in {s} has the fewest letters?|!find the shortest word in {s}|In {s}, which word is shortest?|Shortest word in {s}?|Split {s} into words and give me the shortest one.", "print(min('{text}'.split(), key=len))"),
    ("How many characters are in {s}, spaces included?|!count all characters of {s}, with spaces|=the length of {s} with the spaces|Characters with spaces in {s}?|How long is the text {s}, blanks counted?|What is len of the text {s}?", "print(len('{text}'))"),
    ("How many characters are in {s}, spaces not included?|!count the characters of {s} without spaces|=the length of {s} without the spaces|Leaving out the blanks, how long is {s}?|Ignoring spaces, how many characters does {s} have?|Take the spaces out of {s} and count what is left.", "print(len('{text}'.replace(' ', '')))"),
    ("How many vowels are in {s}?|!count the vowels of {s}|=the number of vowels in {s}|Count a, e, i, o and u in {s}, capital ones too.|vowels in {s} - how many?|Go through {s} letter by letter: how many are vowels?", "print(sum(x in 'aeiouAEIOU' for x in '{text}'))"),
    ("!turn the order of the words in {s} around|What is {s} with the last word first and the first word last, all in between turned as well?|!reverse the words of {s}, but not their letters|Read {s} word by word from the end.|What is {s} with its words in the opposite order?|Last word first, please: {s}", "print(' '.join('{text}'.split()[::-1]))"),
    ("!reverse the letters of each word in {s}, the words staying in place|Spell every word of {s} backwards, in the same order.|What is {s} when each word is reversed by itself?|Turn every word of {s} around, but not the sentence.|Mirror each word in {s} on its own.|Keep the word order of {s} and reverse the letters inside each word.", "print(' '.join(word[::-1] for word in '{text}'.split()))"),
    ("!write {s} in capitals|!make {s} all uppercase|What is {s} in capital letters?|Shout this: {s} (all caps)|{s} in upper case?|Convert to upper case: {s}", "print('{text}'.upper())"),
    ("!replace every {c} in {s} by {o}|What does {s} become if each {c} turns into {o}?|Put {o} wherever {s} has the letter {c}.|Change the letter {c} to {o} all through {s}.|What is {s} with {o} for every {c}?|!exchange all {c} of {s} for {o}", "print('{text}'.replace('{c}', '{o}'))"),
    ("How many times is the letter {c} in {s}?|!count the letter {c} in {s}|In {s}, how often does the letter {c} come?|=the number of {c}s in {s}|Go through {s}: how many letters are {c}?|Tell me how many {c} there are in {s}.", "print('{text}'.count('{c}'))"),
    ("!replace the word {x} in {s} by {y}|What is {s} with {y} instead of {x}?|In {s}, change {x} to {y}.|Put {y} where {s} says {x}.|Use {y} for {x} in {s}. What is the new text?|How does {s} read with {y} in place of {x}?", "print('{text}'.replace('{x}', '{y}'))"),
    ("How many words of {s} have more than {n} letters?|!count the words longer than {n} letters in {s}|In {s}, how many words are longer than {n} letters?|Of the words in {s}, how many are made of more than {n} letters?|=the number of words in {s} with more than {n} letters|Split {s} and count the words with over {n} letters.", "print(sum(len(word) > {n} for word in '{text}'.split()))"),
)  # fmt: skip
_SCENES = (
    "{who} bought a {thing} in {city}", "the {thing} stands next to the door", "we meet {who} in {city} at noon", "{who} and {other} share one {thing}", "every morning {who} walks to the old harbour", "my sister lost her {thing} last winter",
    "Nobody saw the {thing} again", "a small boat drifts down the quiet river", "The neighbours painted their fence yesterday", "please bring {who} a cup of tea", "seven geese flew over the frozen field", "Summer in {city} is far too hot",
    "{other} never wrote back to {who}", "the baker sells fresh rolls before sunrise", "I would rather sleep than dance", "Where did {who} put the {thing}", "rain fell on {city} all week", "our teacher tells long stories about {city}",
)  # fmt: skip
_MIRRORED = words("level, radar, civic, kayak, rotor, noon, refer, madam, stats, tenet, deed, peep, racecar, reviver, rotator, solos, anna, otto, pop, eye, wow")  # fmt: skip
_DATES = (
    ("On which weekday does {a} fall?|What day of the week is {a}?|{who} was born on {a}. Which weekday was that?|=the weekday of {a}|Weekday for {a}?|Our ship sails on {a}. What day is that?|Was it a Monday, a Tuesday or what on {a}?|!find out the day of the week for {a}", "from datetime import date\nprint({ca}.strftime('%A'))"),
    ("How many days lie between {a} and {b}?|From {a} to {b}, how many days is that?|=the number of days from {a} until {b}|{who} leaves on {a} and is back on {b}. How many days later is that?|Days from {a} to {b}?|Today is {a}. How many days until {b}?|How many days passed from {a} to {b}?|!count the days between {a} and {b}", "from datetime import date\nprint(({cb} - {ca}).days)"),
    ("Which date is {n} days after {a}?|=the date {n} days from {a}|A parcel sent on {a} takes {n} days. When does it arrive?|!add {n} days to {a}|{a} plus {n} days?|Bought on {a}, {n} days to send it back: what is the last day?", "from datetime import date, timedelta\nprint({ca} + timedelta(days={n}))"),
    ("What is the date of the first {weekday} in {month} {year}?|=the first {weekday} of {month} {year}, as a date|The market is on the first {weekday} of the month. On which date in {month} {year}?|When is the first {weekday} in {month} {year}?|{who} starts work on the first {weekday} of {month} {year}. Which date is that?|Use a loop: on which date is the first {weekday} of {month} {year}?", "from datetime import date, timedelta\nday = date({year}, {m}, 1)\nwhile day.strftime('%A') != '{weekday}':\n    day += timedelta(days=1)\nprint(day)"),
    ("What is the next {weekday} after {a}?|=the date of the first {weekday} after {a}|After {a}, when is the next {weekday}?|From {a} on, not counting that day, which date is the first {weekday}?|The shop delivers on {weekday}s. {who} orders on {a}; on which later date does it come at the earliest?|Which date is the {weekday} that follows {a}?", "from datetime import date, timedelta\nday = {ca} + timedelta(days=1)\nwhile day.strftime('%A') != '{weekday}':\n    day += timedelta(days=1)\nprint(day)"),
    ("After {year}, in which year is {month} {day} next a {weekday}?|=the first year after {year} in which {month} {day} falls on a {weekday}|When does {month} {day} fall on a {weekday} again after {year}?|Use a while loop: after {year}, which is the first year with {month} {day} on a {weekday}?|{who}'s birthday is {month} {day}. In which year after {year} is it on a {weekday} for the first time?|Later than {year}, when is {month} {day} a {weekday}? Give the first year.", "from datetime import date\nyear = {year} + 1\nwhile date(year, {m}, {day}).strftime('%A') != '{weekday}':\n    year += 1\nprint(year)"),
    ("{who} was born on {a}. How many days old is {who} on {b}?|How many days old is somebody on {b} who was born on {a}?|A house was finished on {a}. How many days old is it on {b}?|Born {a}: how many days of life by {b}?|How old in days is {who} on {b}, born on {a}?|=the age in days on {b} of a person born on {a}", "from datetime import date\nprint(({cb} - {ca}).days)"),
    ("Today is {weekday}. Which weekday is it in {n} days?|It's a {weekday}. What day of the week comes {n} days later?|{weekday} plus {n} days is which weekday?|If day 0 is a {weekday}, what weekday is day {n}?|{who} was here on a {weekday} and comes back {n} days later. On which weekday is that?|Count on {n} days from {weekday}. Which day of the week is it?", "days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']\nprint(days[(days.index('{weekday}') + {n}) % 7])"),
)  # fmt: skip
_HEADABLE = re.compile(r"(of|in|from|sort|multiply) \{(l|w|s|ws)\}")
_BESIDE = {
    "number": (("List 1: {}", "List 2: {}"), ("A = [{}]", "B = [{}]"), ("My numbers are {}", "The numbers drawn are {}"), ("First list: {}", "Second list: {}")),
    "name": (("Choir: {}", "Chess club: {}"), ("On Monday came {}", "On Tuesday came {}"), ("Invited were {}", "Those who came were {}"), ("List A: {}", "List B: {}"), ("Team one is {}", "Team two is {}")),
    "item": (("In the cupboard: {}", "In the cellar: {}"), ("List 1: {}", "List 2: {}"), ("I ordered {}", "My sister ordered {}"), ("Shop A sells {}", "Shop B sells {}")),
}  # fmt: skip


def _asked(random: Random, kind: tuple[str, str], slots: Mapping[str, object]) -> Task:
    wording = random.choice(kind[0].split("|"))
    if wording[0] in "=+!" and random.random() < 0.15:
        frame = random.choice(_DEED_FRAMES if wording[0] == "!" else _NOUN_FRAMES)
        wording = capitalised(frame.replace("{}", wording[1:]))
    if _HEADABLE.search(wording):
        return Task(worded(random, wording, slots), kind[1].format_map(slots))
    return Task(framed(random, wording).format_map(slots), kind[1].format_map(slots))


def _people(random: Random, vocabulary: Vocabulary) -> dict[str, object]:
    who, other = random.sample(sorted(set(vocabulary.first_names)), 2)
    return {
        "who": who,
        "other": other,
        "i": random.choice(ITEMS),
        "thing": random.choice(vocabulary.things),
        "city": random.choice(vocabulary.cities),
    }


def _numeric(random: Random, vocabulary: Vocabulary) -> Task:
    sizes, *kind = random.choice(_NUMERIC)
    slots = _people(random, vocabulary)
    for name, value in drawn_sizes(random, sizes).items():
        slots[name] = value if "." in value else int(value)
        if value.isdigit():
            slots |= {
                name.upper(): said_number(random, int(value)),
                f"{name}th": ordinal(random, int(value)),
            }
    asked = _asked(random, (kind[0], kind[1]), slots)
    return Task(capitalised(asked.request), asked.code)


def _of_a_range(random: Random, vocabulary: Vocabulary) -> Task:
    clauses, test = random.choice(_DIGITS)
    wordings, code = random.choices(_OF_RANGE, (5, 4, 2, 1, 1))[0]
    d, f = random.sample(range(1, 10), 2)
    slots = {"d": d, "f": f, "m": random.randint(3, 12), "s": random.randint(3, 17)}
    low = random.choice((1, 1, 10, 100, random.randint(2, 900)))
    span = random.choice((50, 100, random.randint(20, 120), random.randint(50, 2000)))
    high = low + (min(span, 120) if code.startswith("[") else span)
    said, where = random.choice((
        (f"numbers from {low} to {high}", f"range({low}, {high} + 1)"), (f"numbers between {low} and {high}", f"range({low}, {high} + 1)"), (f"whole numbers from {low} up to {high}", f"range({low}, {high} + 1)"),
        (f"positive numbers below {min(high, 200)}", f"range(1, {min(high, 200)})"), ("two-digit numbers", "range(10, 100)"), ("three-digit numbers", "range(100, 1000)"),
    ))  # fmt: skip
    test = test.format_map(slots)
    clause = random.choice(clauses.split("|")).format_map(slots).replace(" a 8", " an 8")
    if not 0 < eval(f"sum({test} for x in {where})") < (45 if code.startswith("[") else 10**9):
        return _of_a_range(random, vocabulary)
    made = code.format(c=test, r=where)
    return _asked(random, (wordings, "print({made})"), {"c": clause, "r": said, "made": made})


def _of_numbers(random: Random, vocabulary: Vocabulary) -> Task:
    kind = random.choice(_LISTS)
    count, high = random.randint(4, 9), random.choice((20, 30, 60, 100, 1000))
    has_negative = random.random() < 0.2 and not re.search(
        r"str\(|%|total|range|Golf|Visitors|cores|marks|Guess", f"{kind}"
    )
    low, top = -high // 2 if has_negative else 1, random.randint(count + 1, 14)
    values = random.sample(range(low, (top if "{top}" in kind[1] else high) + 1), count)
    (lo, hi), (x, y) = sorted(random.sample(values, 2)), random.sample(values, 2)
    t = random.choice((sorted(values)[count // 2], random.randint(low, high)))
    part = sum(values[: random.randint(2, count - 1)]) - random.randint(0, 1)
    slots = {
        "l": series(random, values),
        "v": values,
        "lo": lo,
        "hi": hi,
        "x": x,
        "sum": x + y,
        "goal": x + y + random.choice((0, 0, 1, 3)),
        "top": top,
        "t": t,
        "part": part,
    }
    return _asked(random, kind, slots)


def _pool(random: Random, vocabulary: Vocabulary) -> tuple[str, list[object]]:
    pools: dict[str, Sequence[object]] = {
        "number": range(1, random.choice((13, 30, 100))),
        "item": ITEMS,
        "name": sorted(set(vocabulary.first_names)),
    }
    what = random.choice([name for name, values in pools.items() if len(values) >= 8])
    return what, random.sample(pools[what], 8)


def _repeated(random: Random, vocabulary: Vocabulary) -> Task:
    wordings, code = random.choice(_REPEATED)
    what, pool = _pool(random, vocabulary)
    values = pool[: random.randint(3, 5)]
    if "<" not in code or random.random() < 0.6:
        values = [*values, *values[:1] * random.choice((2, 2, 3)), *values[1:2]]
    random.shuffle(values)
    x = random.choice(values)
    slots = {"xs": series(random, values), "v": values, "x": x, "c": repr(x), "what": what}
    return _asked(random, (wordings.replace("{l}", "{xs}"), code), slots)


def _two_lists(random: Random, vocabulary: Vocabulary) -> Task:
    kind, (what, pool) = random.choice(_SETS), _pool(random, vocabulary)
    shared = random.randint(1, 3)
    is_part = "<=" in kind[1] and random.random() < 0.5
    a = pool[: shared + (0 if is_part else random.randint(1, 2))]
    b = pool[:shared] + pool[5 : random.randint(6, 8)]
    random.shuffle(b)
    said, heads = [", ".join(map(str, values)) for values in (a, b)], random.choice(_BESIDE[what])
    signs = random.choice(("[{}]", "[{}]", "({})"))
    slots = {
        "what": what,
        "va": a,
        "vb": b,
        "a": signs.format(said[0]),
        "b": signs.format(said[1]),
        "A": heads[0].format(said[0]),
        "B": heads[1].format(said[1]),
    }
    return _asked(random, kind, slots)


def _of_text(random: Random, vocabulary: Vocabulary) -> Task:
    kind = random.choice(random.choice((_WORDS, _WORD, _SENTENCES)))
    pool = sorted(set(vocabulary.dictionary))
    several = random.sample(pool, min(random.randint(3, 6), len(pool)))
    if "== word[::-1]" in kind[1] or "word[-1]" in kind[1]:
        several = list(
            dict.fromkeys([*several[:3], *random.sample(_MIRRORED, random.randint(1, 3))])
        )
    random.shuffle(several)
    word = random.choice(pool) if random.random() < 0.7 else invented_word(random, vocabulary)
    is_distinct = "factorial" in kind[1]
    short = [
        each for each in pool if len(each) <= 8 and (not is_distinct or len(set(each)) == len(each))
    ]
    text = random.choice(vocabulary.sentences if random.random() < 0.3 else _SCENES)
    text = text.format_map(_people(random, vocabulary)).replace("'", "")
    letters = [x for x in text if x.islower() and x.upper() not in text]
    once = max([each for each in text.split() if text.count(each) == 1] or [text], key=len)
    lengths = sorted(map(len, text.split() if kind in _SENTENCES else several))
    if (lengths[0] == lengths[1] and "(min(" in kind[1]) or (
        lengths[-1] == lengths[-2] and "(max(" in kind[1]
    ):
        return _of_text(random, vocabulary)  # no ties
    c = random.choice(letters if kind in _SENTENCES else word if kind in _WORD else several[0])
    quote = random.choice(("'{}'", '"{}"', "{}"))
    dword = random.choice(short or ["planet", "tiger"])
    few = random.sample(sorted(set(vocabulary.first_names)), 3)
    slots = {
        "ws": series(random, several), "v": several, "n": random.randint(3, 7), "few": series(random, few), "fv": few, "x": once if kind in _SENTENCES else random.choice(several), "y": random.choice(pool),
        "word": word, "w": quote.format(word), "d": quote.format(dword), "dword": dword, "len": len(dword), "abc": "".join(random.sample("abcdeiklmnoprstxyz", 3)),
        "text": text, "s": random.choice(("'{}'", '"{}"')).format(text), "c": c, "o": random.choice([x for x in "aeioustnmxz" if x != c]),
    }  # fmt: skip
    return _asked(random, kind, slots)


def _said_date(random: Random, day: date) -> str:
    month, nth = MONTHS[day.month - 1], ordinal(random, day.day, letters=False)
    return random.choice(
        (
            day.isoformat(),
            f"{month} {day.day}, {day.year}",
            f"{day.day} {month} {day.year}",
            f"the {nth} of {month} {day.year}",
            f"{month} {nth}, {day.year}",
            f"{day.day} {month[:3]} {day.year}",
        )
    )


def _of_dates(random: Random, vocabulary: Vocabulary) -> Task:
    first = date(random.randint(1900, 2060), 1, 1) + timedelta(days=random.randrange(365))
    second = first + timedelta(
        days=random.choice((random.randint(2, 400), random.randint(100, 9000)))
    )
    m, weekday = random.randint(1, 12), random.choice(WEEKDAYS)
    slots = {
        **_people(random, vocabulary),
        "a": _said_date(random, first),
        "b": _said_date(random, second),
        "ca": date_code(first),
        "cb": date_code(second),
        "n": random.randint(3, 400),
        "k": random.randint(2, 40),
        "m": m,
        "month": MONTHS[m - 1],
        "year": first.year,
        "day": random.randint(1, 28),
        "weekday": weekday,
    }
    return _asked(random, random.choice(_DATES), slots)


_MAKERS: tuple[tuple[Maker, float], ...] = (
    (_numeric, 36), (_of_a_range, 9), (_of_numbers, 14), (_repeated, 4), (_two_lists, 8), (_of_text, 15), (_of_dates, 7),
)  # fmt: skip


def classics(random: Random, vocabulary: Vocabulary) -> Task:
    """A question of one of the kinds above."""
    makers, weights = zip(*_MAKERS, strict=True)
    make: Maker = random.choices(makers, weights)[0]
    return make(random, vocabulary)

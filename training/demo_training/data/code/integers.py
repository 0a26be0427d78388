"""Number theory, sequences and bases."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask, ordinal
from demo_training.data.values import Vocabulary


def number_theory(random: Random, vocabulary: Vocabulary) -> Task:
    """Factorials, divisors, primes, sums of ranges, Fibonacci, digits, bases."""
    a, b, n = random.randint(10, 300), random.randint(4, 300), random.randint(4, 20)
    m = random.choice((10, 50, 100, random.randint(10, 1000)))
    return random.choice((
        Task(random.choice((f"What is {n} factorial?", f"Compute {n}!", f"What's the factorial of {n}?")), f"import math\nprint(math.factorial({n}))"),
        Task(random.choice((f"What is the greatest common divisor of {a} and {b}?", f"Find the GCD of {a} and {b}.")), f"import math\nprint(math.gcd({a}, {b}))"),
        Task(random.choice((f"What is the least common multiple of {a} and {b}?", f"LCM of {a} and {b}?")), f"import math\nprint(math.lcm({a}, {b}))"),
        Task(random.choice((f"Is {m + 1} a prime number?", f"Check if {m + 1} is prime.")), f"n = {m + 1}\nprint(n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1)))"),
        Task(random.choice((f"List all primes below {a}.", f"What are the prime numbers below {a}?")), f"print([n for n in range(2, {a}) if all(n % i for i in range(2, int(n ** 0.5) + 1))])"),
        Task(random.choice((f"How many primes are there below {m}?", f"Count the primes below {m}.")), f"print(sum(all(n % i for i in range(2, int(n ** 0.5) + 1)) for n in range(2, {m})))"),
        Task(random.choice((f"What is the sum of the numbers from 1 to {m}?", f"Add all integers from 1 to {m}.")), f"print(sum(range(1, {m} + 1)))"),
        Task(random.choice((f"What are the first {n} Fibonacci numbers?", f"Print the first {n} numbers of the Fibonacci sequence.")), f"a, b = 0, 1\nfor _ in range({n}):\n    print(a, end=' ')\n    a, b = b, a + b"),
        Task(random.choice((f"What is the {n}th Fibonacci number?", f"Compute Fibonacci number {n}.")), f"a, b = 0, 1\nfor _ in range({n}):\n    a, b = b, a + b\nprint(a)"),
        Task(random.choice((f"What is the sum of the squares from 1 to {n}?", f"Sum of the squares of the first {n} integers?")), f"print(sum(i ** 2 for i in range(1, {n} + 1)))"),
        Task(random.choice((f"What is the remainder of {a * 7} divided by {b}?", f"{a * 7} mod {b}", f"What is {a * 7} modulo {b}?")), f"print({a * 7} % {b})"),
        Task(random.choice((f"What is the sum of the digits of {a * b}?", f"Add up the digits of {a * b}.")), f"print(sum(int(digit) for digit in str({a * b})))"),
        Task(random.choice((f"List the divisors of {a}.", f"What are the factors of {a}?")), f"print([i for i in range(1, {a} + 1) if {a} % i == 0])"),
        Task(random.choice((f"Convert {a} to binary.", f"What is {a} in binary?")), f"print(bin({a})[2:])"),
        Task(random.choice((f"Convert {a} to hexadecimal.", f"What is {a} in hex?")), f"print(hex({a})[2:])"),
        Task(random.choice((f"What is binary {a:b} in decimal?", f"Convert the binary number {a:b} to decimal.")), f"print(int('{a:b}', 2))"),
        Task(random.choice((f"How many numbers from 1 to {m} are divisible by {n}?", f"Count the multiples of {n} up to {m}.")), f"print(sum(i % {n} == 0 for i in range(1, {m} + 1)))"),
    ))  # fmt: skip


_OF_ONE_NUMBER: tuple[Kind, ...] = (
    Kind(("+the prime factors of {n}", "!factor {n} into primes", "=the prime factorization of {n}", "!decompose {n} into prime factors"), "n, factors, p = {n}, [], 2\nwhile n > 1:\n    while n % p == 0:\n        factors.append(p)\n        n //= p\n    p += 1\nprint(factors)", weight=2),
    Kind(("+the divisors of {n}", "+all divisors of {n}", "+the factors of {n}", "By which numbers can {n} be divided?", "Which numbers divide {n}?"), "print([i for i in range(1, {n} + 1) if {n} % i == 0])", weight=3),
    Kind(("How many divisors does {n} have?", "=the number of divisors of {n}", "!count the factors of {n}"), "print(sum({n} % i == 0 for i in range(1, {n} + 1)))", weight=2),
    Kind(("=the sum of the divisors of {n}", "!add up all divisors of {n}"), "print(sum(i for i in range(1, {n} + 1) if {n} % i == 0))"),
    Kind(("=the largest prime factor of {n}", "Which is the biggest prime that divides {n}?"), "print(max(p for p in range(2, {n} + 1) if {n} % p == 0 and all(p % i for i in range(2, int(p ** 0.5) + 1))))"),
    Kind(("=the smallest divisor of {n} above 1", "=the smallest prime factor of {n}"), "print(next(i for i in range(2, {n} + 1) if {n} % i == 0))"),
    Kind(("Is {n} prime?", "Is {n} a prime?", "Is the number {n} a prime number?", "!check whether {n} is prime", "!test {n} for primality"), "n = {n}\nprint(n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1)))", weight=4),
    Kind(("=the next prime after {n}", "=the first prime above {n}", "=the smallest prime larger than {n}", "Which prime comes after {n}?"), "n = {n} + 1\nwhile not all(n % i for i in range(2, int(n ** 0.5) + 1)):\n    n += 1\nprint(n)"),
    Kind(("+the first {few} primes", "+the first {few} prime numbers"), "primes, n = [], 2\nwhile len(primes) < {few}:\n    if all(n % p for p in primes):\n        primes.append(n)\n    n += 1\nprint(primes)", weight=2),
    Kind(("=the {fewth} prime number", "=the {fewth} prime"), "primes, n = [], 2\nwhile len(primes) < {few}:\n    if all(n % p for p in primes):\n        primes.append(n)\n    n += 1\nprint(primes[-1])"),
    Kind(("=the sum of the digits of {big}", "=the digit sum of {big}", "=the cross sum of {big}", "!add the digits of {big}"), "print(sum(int(digit) for digit in str({big})))", weight=3),
    Kind(("=the product of the digits of {big}", "!multiply the digits of {big}"), "import math\nprint(math.prod(int(digit) for digit in str({big})))"),
    Kind(("How many digits does {big} have?", "=the number of digits of {big}", "=the number of digits in {big}", "How many figures has {big}?"), "print(len(str({big})))"),
    Kind(("=the largest digit of {big}", "Which digit of {big} is the biggest?"), "print(max(str({big})))"),
    Kind(("How many times does the digit {digit} occur in {big}?", "How many {digit}s are in {big}?", "!count the digit {digit} in {big}"), "print(str({big}).count('{digit}'))"),
    Kind(("=the last digit of {a} to the power of {b}", "=the last digit of {a}^{b}", "=the last digit of {a} ** {b}"), "print({a} ** {b} % 10)"),
    Kind(("+the last {d} digits of {a}^{b}", "+the last {d} digits of {a} to the power {b}"), "print(str({a} ** {b})[-{d}:])"),
    Kind(("How many digits does {a}^{b} have?", "How many digits has {a} to the power of {b}?", "=the number of digits of {a} ** {b}"), "print(len(str({a} ** {b})))"),
    Kind(("How many digits does {small} factorial have?", "=the number of digits of {small}!"), "import math\nprint(len(str(math.factorial({small}))))"),
    Kind(("=the sum of the digits of {a}^{b}", "=the digit sum of {a} to the power of {b}", "!add up the digits of {a} ** {b}"), "print(sum(int(digit) for digit in str({a} ** {b})))"),
    Kind(("=the sum of the digits of {small}!", "=the digit sum of {small} factorial"), "import math\nprint(sum(int(digit) for digit in str(math.factorial({small}))))"),
    Kind(("=the first digit of {big}", "With which digit does {big} begin?"), "print(str({big})[0])"),
    Kind(("!reverse the digits of {big}", "!write the number {big} backwards", "!reverse the number {big}"), "print(str({big})[::-1])"),
    Kind(("!sort the digits of {big}", "+the digits of {big} in ascending order"), "print(''.join(sorted(str({big}))))"),
    Kind(("Is {n} a perfect square?", "Is {n} a square number?", "!check whether {n} is a perfect square"), "import math\nprint(math.isqrt({n}) ** 2 == {n})"),
    Kind(("Is {n} a perfect number?",), "print(sum(i for i in range(1, {n}) if {n} % i == 0) == {n})"),
    Kind(("Is {n} even?", "Is {n} an even number?"), "print({n} % 2 == 0)", weight=2),
    Kind(("Is {n} odd?", "Is {n} an odd number?"), "print({n} % 2 == 1)"),
    Kind(("+the perfect squares up to {n}", "+all square numbers not above {n}"), "print([i ** 2 for i in range(1, int({n} ** 0.5) + 1)])"),
    Kind(("!write {n} as a Roman numeral", "!convert {n} to Roman numerals", "=the Roman numeral for {n}"), "n, roman = {n}, ''\nfor value, sign in ((1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'), (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')):\n    roman += sign * (n // value)\n    n %= value\nprint(roman)"),
    Kind(("!write {big} with thousands separators", "!format {big} with commas"), "print(f'{{{big}:,}}')"),
    Kind(("!convert {n} to binary", "=the binary form of {n}", "!write {n} in binary", "=the binary representation of {n}", "=the decimal number {n} in base 2"), "print(bin({n})[2:])", weight=4),
    Kind(("!convert {n} to octal", "=the octal form of {n}", "!write {n} in octal", "=the decimal number {n} in base 8"), "print(oct({n})[2:])"),
    Kind(("!convert {n} to hexadecimal", "=the hexadecimal form of {n}", "!write {n} in hex", "=the decimal number {n} in base 16"), "print(hex({n})[2:])", weight=2),
    Kind(("!convert the binary number {n:b} to decimal", "=the decimal value of binary {n:b}", "=the binary number {n:b} in base 10", "Which number is {n:b} in binary?"), "print(int('{n:b}', 2))", weight=2),
    Kind(("!convert the octal number {n:o} to decimal", "=the decimal value of octal {n:o}", "=octal {n:o} in base 10"), "print(int('{n:o}', 8))"),
    Kind(("!convert the hexadecimal number {n:x} to decimal", "=the decimal value of hex {n:x}", "=0x{n:x} in decimal", "!convert hex {n:X} to a decimal number"), "print(int('{n:x}', 16))"),
    Kind(("How many ones are in the binary form of {n}?", "!count the 1 bits of {n}", "How many bits are set in {n}?"), "print(bin({n}).count('1'))"),
    Kind(("How many bits does {n} need?", "How many binary digits does {n} have?"), "print(len(bin({n})[2:]))"),
)  # fmt: skip
_OF_TWO_NUMBERS: tuple[Kind, ...] = (
    Kind(("=the greatest common divisor of {a} and {b}", "=the GCD of {a} and {b}", "=the gcd of {a} and {b}", "=gcd({a}, {b})", "=the largest number that divides both {a} and {b}", "=the greatest common factor of {a} and {b}", "=the highest common factor of {a} and {b}"), "import math\nprint(math.gcd({a}, {b}))", weight=5),
    Kind(("=the least common multiple of {a} and {b}", "=the LCM of {a} and {b}", "=the lowest common multiple of {a} and {b}", "=lcm({a}, {b})", "=the smallest number divisible by both {a} and {b}"), "import math\nprint(math.lcm({a}, {b}))", weight=5),
    Kind(("+the common divisors of {a} and {b}", "Which numbers divide both {a} and {b}?"), "print([i for i in range(1, min({a}, {b}) + 1) if {a} % i == 0 and {b} % i == 0])"),
    Kind(("Are {a} and {b} coprime?", "Do {a} and {b} have no common divisor but 1?"), "import math\nprint(math.gcd({a}, {b}) == 1)"),
    Kind(("Is {a} divisible by {k}?", "Can {a} be divided by {k} without remainder?", "Does {k} divide {a}?", "Is {a} a multiple of {k}?"), "print({a} % {k} == 0)", weight=3),
    Kind(("=the remainder when {a} is divided by {k}", "=the remainder of {a} divided by {k}", "={a} mod {k}", "={a} modulo {k}", "What remains when {a} is divided by {k}?"), "print({a} % {k})", weight=4),
    Kind(("=the quotient and remainder of {a} divided by {k}", "!divide {a} by {k} with remainder"), "print({a} // {k}, {a} % {k})"),
    Kind(("How many times does {k} fit into {a}?", "How often does {k} go into {a}?", "=the whole part of {a} divided by {k}", "=the integer quotient of {a} and {k}"), "print({a} // {k})", weight=4),
    Kind(("={k} to the power of {e} modulo {b}", "={k}^{e} mod {b}", "=the remainder of {k} ** {e} divided by {b}"), "print(pow({k}, {e}, {b}))"),
    Kind(("+the first {few} multiples of {k}", "!list {few} multiples of {k}"), "print([{k} * i for i in range(1, {few} + 1)])"),
    Kind(("+the multiples of {k} up to {a}", "+all multiples of {k} not above {a}"), "print(list(range({k}, {a} + 1, {k})))"),
    Kind(("!simplify the fraction {a}/{b}", "!reduce the fraction {a}/{b}", "=the fraction {a}/{b} in lowest terms"), "from fractions import Fraction\nprint(Fraction({a}, {b}))"),
    Kind(("=the sum of the fractions {p}/{q} and {r}/{s_}", "={p}/{q} + {r}/{s_} as a fraction", "!add the fractions {p}/{q} and {r}/{s_}"), "from fractions import Fraction\nprint(Fraction({p}, {q}) + Fraction({r}, {s_}))"),
    Kind(("=the product of the fractions {p}/{q} and {r}/{s_}", "={p}/{q} * {r}/{s_} as a fraction", "!multiply the fractions {p}/{q} and {r}/{s_}"), "from fractions import Fraction\nprint(Fraction({p}, {q}) * Fraction({r}, {s_}))"),
    Kind(("Which is larger, {p}/{q} or {r}/{s_}?", "Which fraction is bigger: {p}/{q} or {r}/{s_}?"), "from fractions import Fraction\nprint(max(Fraction({p}, {q}), Fraction({r}, {s_})))"),
    Kind(("Which is greater, {a} or {b}?", "Which is bigger: {a} or {b}?", "Which number is larger, {a} or {b}?"), "print(max({a}, {b}))"),
    Kind(("Which is larger, {k}^{e} or {e}^{k}?", "Which is greater: {k} ** {e} or {e} ** {k}?"), "print(max({k} ** {e}, {e} ** {k}))"),
    Kind(("In how many ways can {k} of {m} people be chosen?", "How many ways are there to choose {k} out of {m}?", "={m} choose {k}", "How many combinations of {k} out of {m} are there?", "How many teams of {k} can be formed from {m} players?", "=the binomial coefficient of {m} and {k}"), "import math\nprint(math.comb({m}, {k}))"),
    Kind(("In how many orders can {k} of {m} books be put on a shelf?", "How many permutations of {k} out of {m} are there?", "In how many ways can {m} runners take the first {k} places?"), "import math\nprint(math.perm({m}, {k}))"),
    Kind(("In how many ways can {m} people stand in a row?", "In how many orders can {m} books be arranged?", "How many permutations of {m} things are there?", "={m}!"), "import math\nprint(math.factorial({m}))", weight=3),
    Kind(("How many codes of {k} digits are there?", "How many PINs with {k} digits exist?"), "print(10 ** {k})"),
    Kind(("How many handshakes are there when {m} people all shake hands?", "How many matches are there if {m} teams all play each other once?", "How many pairs can be made of {m} people?"), "import math\nprint(math.comb({m}, 2))"),
)  # fmt: skip
_SEQUENCES: tuple[Kind, ...] = (
    Kind(("=the {tth} Fibonacci number", "=Fibonacci number {t}", "=the Fibonacci number at position {t}", "=F({t}) of the Fibonacci sequence"), "a, b = 0, 1\nfor _ in range({t}):\n    a, b = b, a + b\nprint(a)", weight=2),
    Kind(("+the first {t} Fibonacci numbers", "+the first {t} terms of the Fibonacci sequence", "!print {t} Fibonacci numbers"), "a, b = 0, 1\nfor _ in range({t}):\n    print(a, end=' ')\n    a, b = b, a + b", weight=4),
    Kind(("+the Fibonacci numbers below {m}", "+all Fibonacci numbers up to {m}"), "a, b = 0, 1\nwhile a <= {m}:\n    print(a, end=' ')\n    a, b = b, a + b"),
    Kind(("=the sum of the first {t} Fibonacci numbers",), "a, b, total = 0, 1, 0\nfor _ in range({t}):\n    total += a\n    a, b = b, a + b\nprint(total)"),
    Kind(("=the {tth} term of the arithmetic sequence that starts at {a} with difference {d}", "An arithmetic sequence starts at {a} and grows by {d}. What is term {t}?"), "print({a} + ({t} - 1) * {d})"),
    Kind(("=the sum of the first {t} terms of the arithmetic sequence that starts at {a} with difference {d}", "An arithmetic sequence starts at {a} with step {d}. What is the sum of its first {t} terms?"), "print(sum({a} + i * {d} for i in range({t})))"),
    Kind(("+the first {t} terms of the arithmetic sequence that starts at {a} with difference {d}", "!count from {a} in steps of {d}, {t} numbers"), "print([{a} + i * {d} for i in range({t})])"),
    Kind(("=the {tth} term of the geometric sequence that starts at {a} with ratio {r}", "A geometric sequence starts at {a} with ratio {r}. What is term {t}?"), "print({a} * {r} ** ({t} - 1))"),
    Kind(("=the sum of the first {t} terms of the geometric sequence that starts at {a} with ratio {r}",), "print(sum({a} * {r} ** i for i in range({t})))"),
    Kind(("+the first {t} terms of the geometric sequence that starts at {a} with ratio {r}", "!start at {a} and multiply by {r} each time, {t} numbers"), "print([{a} * {r} ** i for i in range({t})])"),
    Kind(("+the first {t} powers of {r}", "!list the powers of {r} up to {r}^{t}"), "print([{r} ** i for i in range(1, {t} + 1)])"),
    Kind(("+the first {t} square numbers", "+the squares of the first {t} numbers", "+the squares from 1 to {t}"), "print([i ** 2 for i in range(1, {t} + 1)])"),
    Kind(("+the first {t} cubes", "+the cubes from 1 to {t}"), "print([i ** 3 for i in range(1, {t} + 1)])"),
    Kind(("!add up the cubes of the numbers 1 to {t}", "=the sum of the first {t} cubes"), "print(sum(i ** 3 for i in range(1, {t} + 1)))"),
    Kind(("=the sum of the squares from 1 to {t}", "=the sum of the first {t} squares", "!add up the squares of the numbers 1 to {t}"), "print(sum(i ** 2 for i in range(1, {t} + 1)))"),
    Kind(("=the sum of all numbers from {a} to {m}", "!add up the integers from {a} to {m}", "!add up all the whole numbers from {a} to {m}", "!sum the numbers from {a} to {m}", "How much is {a} + ... + {m}?", "!add all numbers between {a} and {m} inclusive", "If I add up every number from {a} to {m}, what do I get?", "=the sum of the whole numbers between {a} and {m}", "=the total of the numbers {a} through {m}"), "print(sum(range({a}, {m} + 1)))", weight=5),
    Kind(("=the product of the numbers from {a} to {a2}", "!multiply all numbers from {a} to {a2}"), "import math\nprint(math.prod(range({a}, {a2} + 1)))"),
    Kind(("=the sum of the first {t} odd numbers",), "print(sum(2 * i - 1 for i in range(1, {t} + 1)))"),
    Kind(("=the sum of the first {t} even numbers",), "print(sum(2 * i for i in range(1, {t} + 1)))"),
    Kind(("=the sum of the reciprocals of 1 to {t}", "=the sum of 1/n for n from 1 to {t}"), "print(sum(1 / i for i in range(1, {t} + 1)))"),
    Kind(("=the {tth} triangular number",), "print(sum(range(1, {t} + 1)))"),
    Kind(("How many steps does the Collatz sequence of {m} take?", "How many Collatz steps lead from {m} to 1?"), "n, steps = {m}, 0\nwhile n != 1:\n    n = n // 2 if n % 2 == 0 else 3 * n + 1\n    steps += 1\nprint(steps)"),
    Kind(("+the numbers from {a} to {m} in steps of {d}", "!count from {a} to {m} in steps of {d}", "+every {dth} number from {a} to {m}"), "print(list(range({a}, {m} + 1, {d})))"),
    Kind(("=the average of the numbers from {a} to {m}", "=the mean of all integers from {a} to {m}"), "values = range({a}, {m} + 1)\nprint(sum(values) / len(values))"),
    Kind(("How many numbers are there from {a} to {m}?", "How many whole numbers lie from {a} to {m} inclusive?"), "print(len(range({a}, {m} + 1)))"),
)  # fmt: skip
INTEGER_KINDS = len(_OF_ONE_NUMBER) + len(_OF_TWO_NUMBERS) + len(_SEQUENCES)


def integer_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """Properties of one number, of two, and sequences."""
    which = random.randrange(INTEGER_KINDS)
    if which < len(_OF_ONE_NUMBER):
        few = random.randint(3, 20)
        one = {
            "n": random.choice(
                (
                    random.randint(2, 99),
                    random.randint(10, 999),
                    random.randint(2, 3999),
                    random.randint(2, 60) ** 2,
                )
            )
        }
        one |= {
            "few": few,
            "small": random.randint(5, 60),
            "big": random.randint(100, 10 ** random.randint(3, 9)),
            "digit": random.randint(0, 9),
        }
        one |= {"a": random.randint(2, 20), "b": random.randint(3, 60), "d": random.randint(2, 4)}
        return ask(random, _OF_ONE_NUMBER, {**one, "fewth": ordinal(random, few)})
    if which < len(_OF_ONE_NUMBER) + len(_OF_TWO_NUMBERS):
        factor, k = random.randint(1, 20), random.randint(2, 12)
        two = {
            "a": random.randint(2, 99) * factor,
            "b": random.randint(2, 99) * factor,
            "k": k,
            "e": random.randint(2, 20),
        }
        two |= {
            "few": random.randint(3, 12),
            "m": k + random.randint(0, 12),
            "p": random.randint(1, 12),
            "q": random.randint(2, 15),
        }
        return ask(
            random,
            _OF_TWO_NUMBERS,
            {**two, "r": random.randint(1, 12), "s_": random.randint(2, 15)},
        )
    t, a, d = random.randint(3, 30), random.randint(1, 20), random.randint(2, 12)
    slots = {
        "t": t,
        "tth": ordinal(random, t),
        "a": a,
        "d": d,
        "dth": ordinal(random, d),
        "a2": a + 2 * d,
    }
    return ask(
        random,
        _SEQUENCES,
        {
            **slots,
            "r": random.randint(2, 7),
            "m": random.choice((50, 100, random.randint(21, 300), 1000)),
        },
    )

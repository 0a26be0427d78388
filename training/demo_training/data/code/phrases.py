"""What people ask most about words, names and sentences, in many wordings and of texts as people write them.

The texts have capitals, digits, apostrophes and names; the code quotes them as Python does.
"""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import cardinal, framed, ordinal
from demo_training.data.values import Vocabulary, capitalised, invented_word

# Marked wordings as in `wording`; `{t}` is the text with or without a noun, `{q}` in quotes alone.
_Asked = tuple[tuple[str, ...], str]
_OF_ANY: tuple[_Asked, ...] = (
    (("!reverse {t}", "!write {t} backwards", "!spell {t} backwards", "!turn {t} around", "What is {t} backwards?", "What does {t} look like reversed?", "=the reverse of {t}", "!flip {t}", "How do you write {t} from back to front?"), "{c}[::-1]"),
    (("!turn {t} into upper case", "!write {t} in capital letters", "!convert {t} to uppercase", "!make {t} all caps", "!put {t} in capitals", "{q} in uppercase?", "!change {t} to capital letters", "!take {t} and make it uppercase", "What is {t} in upper case?", "!shout {t}: all letters big"), "{c}.upper()"),
    (("!turn {t} into lower case", "!write {t} in small letters", "!convert {t} to lowercase", "!make {t} lowercase", "!take {t} and make it lowercase", "{q} in lowercase?", "!change {t} to small letters", "What is {t} in lower case?", "!remove the capitals from {t}: small letters only"), "{c}.lower()"),
    (("How many characters are in {t}?", "=the length of {t}", "How long is {t}?", "!count the characters of {t}", "How many characters long is {t}?", "=the number of characters in {t}"), "len({c})"),
    (("How many vowels are in {t}?", "!count the vowels in {t}", "How many vowels does {t} have?", "=the number of vowels in {t}", "How often does a vowel occur in {t}?", "!tell me how many vowels {t} contains"), "sum(x in 'aeiouAEIOU' for x in {c})"),
    (("!delete the vowels from {t}", "!remove all vowels from {t}", "!write {t} without vowels", "What is {t} without its vowels?", "!strip the vowels from {t}", "!drop every vowel in {t}", "!take the vowels out of {t}"), "''.join(x for x in {c} if x not in 'aeiouAEIOU')"),
    (("How often does the letter {l} occur in {t}?", "How many times does {l} appear in {t}?", "How many {l}'s are in {t}?", "!count the letter {l} in {t}", "How often is {l} in {t}?", "=the number of times {l} occurs in {t}", "How many times do you find the letter {l} in {t}?", "How many {l} are there in {t}?", "!count how many times the letter '{l}' appears in {t}"), "{c}.count('{l}')"),
    (("+the first {N} letters of {t}", "What are the first {N} characters of {t}?", "!take the first {N} letters of {t}", "With which {N} letters does {t} start?", "+the {N} letters at the start of {t}"), "{c}[:{n}]"),
    (("+the last {N} letters of {t}", "What are the last {N} characters of {t}?", "!take the last {N} letters of {t}", "On which {N} letters does {t} end?", "+the {N} letters at the end of {t}"), "{c}[-{n}:]"),
    (("=the {nth} letter of {t}", "=the {nth} character of {t}", "Which letter of {t} is the {nth}?", "=character number {n} of {t}", "What's the {nth} character in {t}?", "Which character is at position {n} of {t}?", "What {nth} letter does {t} have?"), "{c}[{n} - 1]"),
    (("!replace every {l} by {m} in {t}", "!replace all '{l}' with '{m}' in {t}", "!change each {l} in {t} to {m}", "!swap every '{l}' in {t} for '{m}'", "What does {t} become if {l} is replaced by {m}?", "!put {m} instead of {l} in {t}", "In {t}, replace {l} with {m}.", "!substitute {m} for {l} in {t}"), "{c}.replace('{l}', '{m}')"),
    (("!remove every {l} from {t}", "!delete all {l} in {t}", "!write {t} without the letter {l}", "What is {t} without the {l}?", "!take out every '{l}' of {t}"), "{c}.replace('{l}', '')"),
    (("Which letter is the most common in {t}?", "=the most frequent letter of {t}", "Which letter occurs most often in {t}?", "What letter appears the most in {t}?"), "Counter({c}.replace(' ', '')).most_common(1)[0][0]"),
    (("How many capital letters are in {t}?", "!count the capital letters in {t}", "How many uppercase letters does {t} have?", "How many letters of {t} are upper case?", "=the number of capitals in {t}", "How many big letters are in {t}?"), "sum(x.isupper() for x in {c})"),
    (("How many digits are in {t}?", "!count the digits in {t}", "=the number of digits in {t}"), "sum(x.isdigit() for x in {c})"),
    (("!repeat {t} {N} times", "!write {t} {N} times in a row", "What is {t} repeated {N} times?", "!print {t} {N} times without a gap"), "{c} * {n}"),
    (("!write {t} {N} times with spaces between", "!repeat {t} {N} times, separated by spaces"), "' '.join([{c}] * {n})"),
    (("Does {t} contain the letter {m}?", "Is the letter {m} in {t}?", "Is there a {m} in {t}?", "Can the letter {m} be found in {t}?"), "'{m}' in {c}"),
)  # fmt: skip
_OF_SEVERAL: tuple[_Asked, ...] = (
    (("!turn {t} into snake case", "!write {t} as snake_case", "What is {t} in snake_case?", "!make a snake_case name of {t}", "!convert {t} to snake case", "{q} in snake_case?", "!make a variable name in snake case from {t}", "!put {t} in lower case with underscores", "How would {t} look as a snake_case name?"), "{c}.lower().replace(' ', '_')"),
    (("!turn {t} into kebab case", "!write {t} as kebab-case", "What is {t} in kebab-case?", "!make a URL slug of {t}", "!convert {t} to kebab case", "{q} in kebab-case?", "!make a file name with dashes from {t}, all lower case", "!put {t} in lower case with dashes"), "{c}.lower().replace(' ', '-')"),
    (("!write {t} with a capital letter at the beginning of each word", "!capitalise every word in {t}", "!capitalise all the words of {t}", "!start each word of {t} with a capital", "{q} with each word capitalised?", "!make the first letter of every word in {t} big", "How does {t} look with every word capitalized?", "!give every word in {t} a capital initial", "!write the title {t} in title case"), "{c}.title()"),
    (("How many words are in {t}?", "!count the words in {t}", "How many words does {t} have?", "=the number of words in {t}", "=the word count of {t}", "How many words long is {t}?"), "len({c}.split())"),
    (("!reverse the order of the words in {t}", "!put the words of {t} in reverse order", "!write {t} with the words in opposite order", "!turn around the word order of {t}", "!write the words of {t} from last to first", "What is {t} with the order of its words reversed?"), "' '.join({c}.split()[::-1])"),
    (("!write {t} with every word starting with a capital letter", "!capitalize every word of {t}", "!write {t} in title case", "!make each word of {t} begin with a capital", "!put a capital letter at the start of every word in {t}", "What is {t} in title case?", "!capitalise the first letter of each word in {t}"), "{c}.title()"),
    (("!remove all spaces from {t}", "!delete the spaces in {t}", "!write {t} without spaces", "!take the spaces out of {t}", "!strip all blanks from {t}", "What is {t} without spaces?", "!squeeze {t} together, no spaces"), "{c}.replace(' ', '')"),
    (("!replace the spaces in {t} with {mark}", "!put {mark} between the words of {t}", "!replace every space of {t} by {mark}", "!join the words of {t} with {mark}", "!write {t} with {mark} instead of spaces"), "{c}.replace(' ', '{sign}')"),
    (("=the last word of {t}", "Which word comes last in {t}?", "What is the final word in {t}?", "With which word does {t} end?"), "{c}.split()[-1]"),
    (("=the first word of {t}", "Which word comes first in {t}?", "With which word does {t} begin?", "What word does {t} start with?"), "{c}.split()[0]"),
    (("=the {wth} word of {t}", "Which word of {t} is the {wth}?", "=word number {w} of {t}", "What is the {wth} word in {t}?"), "{c}.split()[{w} - 1]"),
    (("=the longest word in {t}", "Which word in {t} is the longest?", "Which is the longest word of {t}?", "What word of {t} has the most letters?"), "max({c}.split(), key=len)"),
    (("=the shortest word in {t}", "Which word in {t} is the shortest?", "What word of {t} has the fewest letters?"), "min({c}.split(), key=len)"),
    (("!sort the words of {t}", "!put the words in {t} in alphabetical order", "!order the words of {t} from a to z"), "sorted({c}.split())"),
    (("+the initials of {t}", "+the first letters of the words in {t}", "!make an acronym of {t}", "What is the abbreviation made of the first letters of {t}?", "!take the first letter of each word in {t}"), "''.join(word[0] for word in {c}.split()).upper()"),
    (("How many times does '{word}' appear in {t}?", "How often does the word {word} occur in {t}?", "!count the word '{word}' in {t}", "How many times is the word '{word}' in {t}?"), "{c}.split().count('{word}')"),
    (("!replace '{word}' with '{other}' in {t}", "!replace the word {word} by {other} in {t}", "In {t}, write {other} instead of {word}.", "!change {word} to {other} in {t}"), "{c}.replace('{word}', '{other}')"),
    (("Does {t} contain the word '{word}'?", "Is the word {word} in {t}?"), "'{word}' in {c}.split()"),
    (("How many letters are in {t} without the spaces?", "How many characters does {t} have if spaces don't count?", "=the number of characters of {t} without spaces", "Not counting spaces, how long is {t}?"), "len({c}.replace(' ', ''))"),
    (("!split {t} into words", "!list the words of {t}", "+the words of {t} as a list"), "{c}.split()"),
    (("How many letters does each word of {t} have?", "+the lengths of the words in {t}", "How long are the words of {t}?"), "[len(word) for word in {c}.split()]"),
)  # fmt: skip
_OF_WORD: tuple[_Asked, ...] = (
    (("How many letters does {t} have?", "How many letters are in {t}?", "=the number of letters in {t}", "!count the letters of {t}", "{q} has how many letters?"), "len({c})"),
    (("!sort the letters of {t}", "!put the letters of {t} in alphabetical order", "+the letters of {t} from a to z", "!order the letters in {t} alphabetically"), "''.join(sorted({c}))"),
    (("How many different letters does {t} have?", "How many distinct letters are in {t}?", "How many unique letters does {t} use?"), "len(set({c}))"),
    (("=the first letter of {t}", "With which letter does {t} begin?", "What letter does {t} start with?"), "{c}[0]"),
    (("=the last letter of {t}", "On which letter does {t} end?", "What letter does {t} end with?"), "{c}[-1]"),
    (("Does {t} start with {m}?", "Does {t} begin with the letter {m}?"), "{c}.startswith('{m}')"),
    (("Does {t} end with {m}?", "Is {m} the last letter of {t}?"), "{c}.endswith('{m}')"),
    (("!put a dash between the letters of {t}", "!write {t} with dashes between all letters"), "'-'.join({c})"),
    (("!put a space between the letters of {t}", "!spell {t} with a space after each letter"), "' '.join({c})"),
)  # fmt: skip
# Results that are no words: they have to be told letter by letter.
_ODD = tuple(each for each in _OF_ANY if each[1] in ("{c}[::-1]", "{c}.replace('{l}', '{m}')", "''.join(x for x in {c} if x not in 'aeiouAEIOU')"))  # fmt: skip
_PALINDROME = ("Is {t} a palindrome?", "!check if {t} is a palindrome", "Does {t} read the same backwards?", "Is {t} the same forwards and backwards?", "Can {t} be read from both sides?", "!tell me whether {t} is a palindrome", "Is {t} spelled the same in reverse?")  # fmt: skip
_ANAGRAM = ("Are {q} and {r} anagrams of each other?", "Are {q} and {r} anagrams?", "Is {q} an anagram of {r}?", "Do {q} and {r} have the same letters?", "Can {q} be rearranged to {r}?", "!check whether {q} and {r} are anagrams")  # fmt: skip
_MARKS = (("dashes", "-"), ("underscores", "_"), ("commas", ","), ("dots", "."), ("stars", "*"), ("'+'", "+"), ("'/'", "/"))  # fmt: skip
_TEMPLATES = (
    "The {a} is {b}", "{N} and {M} met in {C}", "My {a} likes the {b}", "{N} doesn't like {a}", "I can't find my {a}", "A {a} and a {b}", "{A} {b} {d}",
    "Never {a} the {b}", "the {a} and the {b} and the {d}", "{N} has {n} {b}", "Where is the {a} of {N}", "{N}'s {a} is in {C}", "{A} before {B}", "It's a {a} day in {C}",
    "{a} {b} {d} {a}", "One {a}, two {b}", "{X} and {Y} are in {C}", "Room {n} is {a}", "to {a} or not to {a}", "All {a} are {b}", "{A} is {b}", "{A} {B} {D}", "We live in a small {a} by the {b}",
    "one two {a} four", "Better {a} than {b}", "She said {a}",
)  # fmt: skip


def written(random: Random, vocabulary: Vocabulary) -> str:
    """A short text of several words as people write it."""
    if random.random() < 0.2:
        return random.choice(vocabulary.sentences)
    if random.random() < 0.15:
        names = (*vocabulary.first_names, *vocabulary.last_names)
        return " ".join(random.choice(names) for _ in range(random.choice((2, 2, 3, 4))))
    if random.random() < 0.08:
        return " ".join(random.choice("abcdefghiklmnoprstuvw") for _ in range(random.randint(3, 7)))
    a, b, d = (random.choice(vocabulary.dictionary) for _ in range(3))
    slots = {
        "a": a, "b": b, "d": d, "A": a.capitalize(), "B": b.capitalize(), "D": d.capitalize(), "N": random.choice(vocabulary.first_names),
        "M": random.choice(vocabulary.first_names), "C": random.choice(vocabulary.cities), "n": random.randint(2, 400),
        "X": "".join(random.choice("ABCDEFGHIKLMNOPRSTU") for _ in range(3)), "Y": random.choice(("NASA", "USB", "UN", "BBC", "PDF", "WHO")),
    }  # fmt: skip
    text = random.choice(_TEMPLATES).format_map(slots)
    style = random.random()
    return text.lower() if style < 0.25 else text.upper() if style < 0.3 else text


def _word(random: Random, vocabulary: Vocabulary) -> str:
    kind = random.random()
    if kind < 0.2:
        word = invented_word(random, vocabulary)
    elif kind < 0.3:
        return random.choice((*vocabulary.cities, *vocabulary.first_names))
    else:
        word = random.choice(vocabulary.dictionary)
    return capitalised(word) if random.random() < 0.2 else word


def _quoted(random: Random, text: str) -> str:
    if "'" in text or random.random() < 0.3:
        return f'"{text}"'
    return f"'{text}'" if " " in text or random.random() < 0.6 else text


def phrases(random: Random, vocabulary: Vocabulary) -> Task:
    """Something to do with a word or a text, or to know about it."""
    is_word = random.random() < 0.45
    text = _word(random, vocabulary) if is_word else written(random, vocabulary)
    is_word = " " not in text
    which = random.random()
    quoted = _quoted(random, text)
    if is_word and which < 0.1:
        return _compared(random, vocabulary, text.lower())
    kinds = _ODD if which > 0.9 else _OF_ANY if which < 0.45 else _OF_WORD if is_word else _OF_SEVERAL  # fmt: skip
    wordings, expression = random.choice(kinds)
    noun = random.choice(("the word ", "the string ", "the word ")) if is_word else random.choice(("the text ", "the sentence ", "the phrase "))  # fmt: skip
    words = text.split()
    n, w = random.randint(1, min(9, len(text))), random.randint(1, len(words))
    n = random.randint(2, 6) if "* {n}" in expression else n
    n = 1 if text[n - 1 : n] == " " else n
    mark, sign = random.choice(_MARKS)
    # A letter that is there both small and large would be counted once by the one, twice by the other.
    letters = [x for x in text if x.isalpha() and text.lower().count(x.lower()) == text.count(x)]
    letter = random.choice(letters or ["e"])
    slots = {
        "t": quoted if random.random() < 0.6 else noun + quoted, "q": quoted, "c": repr(text), "l": letter,
        "m": random.choice("aeioustrnlmy".replace(letter, "")), "n": n, "N": cardinal(random, n), "nth": ordinal(random, n), "w": w, "wth": ordinal(random, w),
        "word": random.choice(words).replace("'", "").strip(","), "other": random.choice(vocabulary.dictionary), "mark": mark, "sign": sign,
    }  # fmt: skip
    request = framed(random, random.choice(wordings)).format_map(slots)
    code = f"print({expression.format_map(slots)})"
    if "Counter(" in code:
        code = f"from collections import Counter\n{code}"
    return Task(request, code)


def _compared(random: Random, vocabulary: Vocabulary, text: str) -> Task:
    """Whether a word is a palindrome, or an anagram of another one."""
    if random.random() < 0.5:
        text = text + text[-2::-1] if random.random() < 0.5 else text
        slots = {"t": random.choice(("", "", "the word ")) + _quoted(random, text)}
        request = framed(random, random.choice(_PALINDROME)).format_map(slots)
        return Task(request, f"s = {text!r}\nprint(s == s[::-1])")
    mixed = "".join(random.sample(text, len(text)))
    if random.random() < 0.35:
        mixed = random.choice(vocabulary.dictionary)
    style = random.choice(("'{}'", '"{}"', "{}"))
    request = framed(random, random.choice(_ANAGRAM)).format(q=style.format(text), r=style.format(mixed))  # fmt: skip
    return Task(request, f"print(sorted({text!r}) == sorted({mixed!r}))")


_MIRRORED = ("Is {q} a palindrome if you ignore spaces and case?", "Ignoring spaces and capitals, is {q} a palindrome?", "Is {q} a palindrome? Spaces don't count.", "Does {q} read the same backwards when spaces and case are ignored?", "Check if {q} is a palindrome, without regard to spaces and upper case.", "Is the phrase {q} a palindrome when spaces are left out?", "Not counting spaces and case, is {q} the same in reverse?")  # fmt: skip
_SHIFTED = ("!shift every letter of {t} by {N}", "!shift each letter of {t} forward by {n}", "!shift every letter of {t} by {n} (Caesar cipher)", "!encode {t} with a Caesar cipher of {n}", "!move every letter of {t} {N} places on in the alphabet", "!encrypt {t} with a Caesar shift of {n}", "What is {t} with each letter moved {N} on in the alphabet?", "!replace each letter of {t} with the one {N} later in the alphabet", "{q} in Caesar code with key {n}?", "=the Caesar cipher of {t} with shift {n}")  # fmt: skip
_SHIFTED_BACK = ("!shift every letter of {t} back by {N}", "!decode {t}, a Caesar cipher with shift {n}", "!decrypt {t}, each letter was moved {N} on in the alphabet", "What does {t} mean in a Caesar cipher with key {n}?", "!move every letter of {t} {N} places back in the alphabet", "!undo a Caesar shift of {n} on {t}")  # fmt: skip


def mirrored_and_shifted(random: Random, vocabulary: Vocabulary) -> Task:
    """Phrases that may read the same backwards but for spaces and capitals; the Caesar cipher."""
    if random.random() < 0.4:
        text = written(random, vocabulary).replace("'", "").replace(",", "")
        if random.random() < 0.6:
            letters = list(_word(random, vocabulary).lower() + random.choice(("", *vocabulary.dictionary)))  # fmt: skip
            letters = letters[: random.randint(3, 9)]
            letters = letters + letters[::-1][random.randint(0, 1) :]
            for _ in range(random.randint(1, 3)):
                letters.insert(random.randint(1, len(letters) - 1), " ")
            text = " ".join("".join(letters).split())
            text = random.choice((text, capitalised(text), text.title()))
        request = random.choice(_MIRRORED).format(q=f"'{text}'" if random.random() < 0.7 else f'"{text}"')  # fmt: skip
        return Task(request, f"s = {text!r}.lower().replace(' ', '')\nprint(s == s[::-1])")
    word, n = _word(random, vocabulary).lower().replace(" ", ""), random.randint(1, 13)
    is_back = random.random() < 0.3
    shown = "".join(chr((ord(x) - 97 + n) % 26 + 97) for x in word) if is_back else word
    quoted = _quoted(random, shown)
    wording = framed(random, random.choice(_SHIFTED_BACK if is_back else _SHIFTED))
    request = wording.format(t=random.choice((quoted, quoted, f"the word {quoted}")), q=quoted, n=n, N=cardinal(random, n))  # fmt: skip
    sign = "-" if is_back else "+"
    code = f"print(''.join(chr((ord(x) - 97 {sign} {n}) % 26 + 97) for x in {shown!r}))"
    return Task(request, code)

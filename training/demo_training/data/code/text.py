"""Letters, words and sentences."""

from random import Random

from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask, cardinal, ordinal, series
from demo_training.data.values import Vocabulary, invented_word


def strings(random: Random, vocabulary: Vocabulary) -> Task:
    """Letters, words and sentences."""
    word = (
        random.choice(vocabulary.dictionary)
        if random.random() < 0.6
        else invented_word(random, vocabulary)
    )
    sentence, letter = random.choice(vocabulary.sentences), random.choice("aeiorstnl")
    several = random.sample(vocabulary.dictionary, random.randint(3, 5))
    times, quoted = random.randint(2, 6), random.choice((f"'{word}'", f'"{word}"', word))
    return random.choice((
        Task(random.choice((f"Reverse the word {quoted}.", f"What is {word} spelled backwards?", f"Reverse the string {quoted}.", f"Write {word} backwards.", f"Reverse {quoted}.")), f"print('{word}'[::-1])"),
        Task(f"Reverse the sentence '{sentence}'.", f"print('{sentence}'[::-1])"),
        Task(random.choice((f"How many letters are in {quoted}?", f"What is the length of the word {quoted}?", f"How long is the word {quoted}?")), f"print(len('{word}'))"),
        Task(random.choice((f"How many times does the letter {letter} appear in {quoted}?", f"Count the {letter}'s in {word}.", f"How many {letter}'s are in {quoted}?")), f"print('{word}'.count('{letter}'))"),
        Task(random.choice((f"Convert '{sentence}' to upper case.", f'Write "{sentence}" in uppercase.')), f"print('{sentence}'.upper())"),
        Task(f"Write '{sentence}' in title case.", f"print('{sentence}'.title())"),
        Task(random.choice((f"How many vowels are in {quoted}?", f"Count the vowels in {quoted}.")), f"print(sum(x in 'aeiouAEIOU' for x in '{word}'))"),
        Task(random.choice((f"How many words are in '{sentence}'?", f'Count the words in "{sentence}".')), f"print(len('{sentence}'.split()))"),
        Task(random.choice((f"How many characters are in '{sentence}'?", f'How long is "{sentence}"?')), f"print(len('{sentence}'))"),
        Task(random.choice((f"Is {quoted} a palindrome?", f"Check if {quoted} is a palindrome.")), f"s = '{word}'\nprint(s == s[::-1])"),
        Task(random.choice((f"Sort the letters of {quoted}.", f"Put the letters of {word} in alphabetical order.")), f"print(''.join(sorted('{word}')))"),
        Task(random.choice((f"Repeat the word {quoted} {times} times.", f"Write {word} {times} times.")), f"print('{word}' * {times})"),
        Task(random.choice((f"Sort these words: {', '.join(several)}", f"Put these words in alphabetical order: {', '.join(several)}")), f"print(sorted({several}))"),
        Task(random.choice((f"Which of these words is longest: {', '.join(several)}?", f"Find the longest word: {', '.join(several)}")), f"print(max({several}, key=len))"),
        Task(random.choice((f"Replace every {letter} by * in {quoted}.",)), f"print('{word}'.replace('{letter}', '*'))"),
        Task(f"How many different letters does {quoted} have?", f"print(len(set('{word}')))"),
        Task(f"Join the words {', '.join(several)} with dashes.", f"print('-'.join({several}))"),
    ))  # fmt: skip


def word_games(random: Random, vocabulary: Vocabulary) -> Task:
    """More that can be asked of words: parts, counts, filters, replacements."""
    word = (
        random.choice(vocabulary.dictionary)
        if random.random() < 0.6
        else invented_word(random, vocabulary)
    )
    sentence, letter = random.choice(vocabulary.sentences), random.choice("aeiorstnl")
    other = random.choice(vocabulary.dictionary)
    several, n = random.sample(vocabulary.dictionary, random.randint(3, 6)), random.randint(2, 4)
    listed = ", ".join(several)
    return random.choice((
        Task(random.choice((f"How many consonants does '{word}' have?", f"Count the letters of {word} that are not vowels.")), f"print(sum(x not in 'aeiouAEIOU' for x in '{word}'))"),
        Task(random.choice((f"Which vowels are in '{word}'?", f"List the vowels of {word}.")), f"print([x for x in '{word}' if x in 'aeiouAEIOU'])"),
        Task(random.choice((f"What are the first {n} letters of '{word}'?", f"Give me the first {n} characters of {word}.")), f"print('{word}'[:{n}])"),
        Task(random.choice((f"What are the last {n} letters of '{word}'?", f"Take the final {n} characters of {word}.")), f"print('{word}'[-{n}:])"),
        Task(f"Give me every {random.choice(('third', '3rd'))} letter of '{word}'.", f"print('{word}'[::3])"),
        Task(f"What is letter number {n} of '{word}'?", f"print('{word}'[{n} - 1])"),
        Task(f"Remove all vowels from '{word}'.", f"print(''.join(x for x in '{word}' if x not in 'aeiouAEIOU'))"),
        Task(f"Remove the letter {letter} from '{word}'.", f"print('{word}'.replace('{letter}', ''))"),
        Task(f"Replace '{word}' by '{other}' in 'my {word} is here'.", f"print('my {word} is here'.replace('{word}', '{other}'))"),
        Task(f"Reverse the order of the words in '{sentence}'.", f"print(' '.join('{sentence}'.split()[::-1]))"),
        Task(f"What is the longest word in '{sentence}'?", f"print(max('{sentence}'.split(), key=len))"),
        Task(f"What is the shortest of the words {listed}?", f"print(min({several}, key=len))"),
        Task(f"Which of the words {listed} contain the letter {letter}?", f"print([word for word in {several} if '{letter}' in word])"),
        Task(f"How many of the words {listed} have more than {n + 3} letters?", f"print(sum(len(word) > {n + 3} for word in {several}))"),
        Task(f"How long are the words {listed}?", f"print([len(word) for word in {several}])"),
        Task(f"How many letters do {word} and {other} have together?", f"print(len('{word}') + len('{other}'))"),
        Task(f"Is '{word}' longer than '{other}'?", f"print(len('{word}') > len('{other}'))"),
        Task(f"Does '{word}' contain the letter {letter}?", f"print('{letter}' in '{word}')"),
        Task(f"Are '{word}' and '{word[::-1]}' anagrams?", f"print(sorted('{word}') == sorted('{word[::-1]}'))"),
        Task(f"Write '{word}' with a space between all letters.", f"print(' '.join('{word}'))"),
        Task(f"How often does each letter occur in '{word}'?", f"from collections import Counter\nprint(dict(Counter('{word}')))"),
        Task(f"Which letter is the most frequent in '{word}'?", f"from collections import Counter\nprint(Counter('{word}').most_common(1)[0][0])"),
        Task(f"Swap upper and lower case in '{sentence}'.", f"print('{sentence}'.swapcase())"),
        Task(f"Capitalize '{sentence}'.", f"print('{sentence}'.capitalize())"),
        Task(f"Where does the letter {word[-1]} first appear in '{word}'?", f"print('{word}'.index('{word[-1]}') + 1)"),
        Task(f"How many spaces are in '{sentence}'?", f"print('{sentence}'.count(' '))"),
    ))  # fmt: skip


_OF_WORD: tuple[Kind, ...] = (
    Kind(("!reverse {w}", "!reverse the word {w}", "!write {w} backwards", "!spell {w} backwards", "=the reverse of {w}", "How is {w} written backwards?"), "print('{word}'[::-1])"),
    Kind(("+the first {N} letters of {w}", "!take the first {N} letters of {w}", "+the first {N} characters of {w}", "=the prefix of {n} letters of {w}"), "print('{word}'[:{n}])"),
    Kind(("+the last {N} letters of {w}", "!take the last {N} letters of {w}", "+the final {N} characters of {w}", "On which {N} letters does {w} end?"), "print('{word}'[-{n}:])"),
    Kind(("!remove the first {N} letters of {w}", "What is left of {w} without the first {N} letters?", "!drop the first {N} characters of {w}"), "print('{word}'[{n}:])"),
    Kind(("!remove the last {N} letters of {w}", "What is left of {w} without the last {N} letters?", "!cut the last {N} characters off {w}"), "print('{word}'[:-{n}])"),
    Kind(("+every {nth} letter of {w}", "!take every {nth} letter of {w}", "+every {nth} character of {w}", "Which letters are left when only every {nth} letter of {w} is kept?"), "print('{word}'[::{n}])"),
    Kind(("+every {nth} letter of {w} starting from the second", "+every {nth} letter of {w} from the second on"), "print('{word}'[1::{n}])"),
    Kind(("=the {ith} letter of {w}", "=letter number {i} of {w}", "Which letter of {w} comes {ith}?", "=the letter at position {i} of {w}"), "print('{word}'[{i} - 1])"),
    Kind(("=the {ith} to last letter of {w}", "=the {ith} letter of {w} from the end", "Counting from the end, which is the {ith} letter of {w}?"), "print('{word}'[-{i}])"),
    Kind(("+the letters {i} to {j} of {w}", "+the characters from position {i} to {j} of {w}"), "print('{word}'[{i} - 1:{j}])"),
    Kind(("=the last letter of {w}", "On which letter does {w} end?"), "print('{word}'[-1])"),
    Kind(("=the first letter of {w}", "With which letter does {w} begin?"), "print('{word}'[0])"),
    Kind(("+the first and the last letter of {w}",), "print('{word}'[0], '{word}'[-1])"),
    Kind(("=the middle letter of {w}", "Which letter is in the middle of {w}?"), "print('{word}'[len('{word}') // 2])"),
    Kind(("How many letters does {w} have?", "How many letters are in {w}?", "=the length of {w}", "How long is {w}?", "=the number of characters in {w}"), "print(len('{word}'))"),
    Kind(("How many times does {letter} occur in {w}?", "How often is the letter {letter} in {w}?", "!count the letter {letter} in {w}", "=the number of {letter}'s in {w}", "How many times can the letter {letter} be found in {w}?"), "print('{word}'.count('{letter}'))"),
    Kind(("Where does {letter} first occur in {w}?", "At which position is the first {letter} of {w}?", "=the position of the letter {letter} in {w}"), "print('{word}'.index('{letter}') + 1)"),
    Kind(("Where does {letter} last occur in {w}?", "At which position is the last {letter} of {w}?"), "print('{word}'.rindex('{letter}') + 1)"),
    Kind(("+all positions of the letter {letter} in {w}", "At which positions does {w} have the letter {letter}?"), "print([i for i, x in enumerate('{word}', 1) if x == '{letter}'])"),
    Kind(("=the index of {letter} in {w}",), "print('{word}'.index('{letter}'))"),
    Kind(("!replace {letter} by {other} in {w}", "!replace every {letter} in {w} with {other}", "!change all {letter} of {w} to {other}", "What does {w} become when each {letter} is replaced with {other}?"), "print('{word}'.replace('{letter}', '{other}'))"),
    Kind(("!remove every {letter} from {w}", "!delete the letter {letter} from {w}", "!write {w} without the letter {letter}"), "print('{word}'.replace('{letter}', ''))"),
    Kind(("!sort the letters of {w}", "!put the letters of {w} in alphabetical order", "+the letters of {w} in alphabetical order", "!order the letters of {w} alphabetically"), "print(''.join(sorted('{word}')))"),
    Kind(("!sort the letters of {w} in reverse order", "+the letters of {w} from z to a"), "print(''.join(sorted('{word}', reverse=True)))"),
    Kind(("How many different letters does {w} have?", "=the number of different letters in {w}", "How many distinct letters are in {w}?", "How many unique characters does {w} have?"), "print(len(set('{word}')))"),
    Kind(("+the different letters of {w}", "+the unique letters of {w} in alphabetical order"), "print(sorted(set('{word}')))"),
    Kind(("!remove repeated letters from {w}", "!write {w} with each letter only once"), "print(''.join(dict.fromkeys('{word}')))"),
    Kind(("Which letters occur more than once in {w}?", "+the repeated letters of {w}", "+the letters that appear twice or more in {w}"), "print(sorted({{x for x in '{word}' if '{word}'.count(x) > 1}}))"),
    Kind(("Which letter is the most common in {w}?", "=the most frequent letter of {w}", "Which letter occurs most often in {w}?"), "from collections import Counter\nprint(Counter('{word}').most_common(1)[0][0])"),
    Kind(("!count each letter of {w}", "How often does every letter appear in {w}?", "+the letter counts of {w}"), "from collections import Counter\nprint(dict(Counter('{word}')))"),
    Kind(("Is {w} a palindrome?", "Does {w} read the same backwards?", "Is {w} the same when it is reversed?", "!check whether {w} is a palindrome"), "s = '{word}'\nprint(s == s[::-1])"),
    Kind(("Does {w} start with {letter}?", "Is {letter} the first letter of {w}?"), "print('{word}'.startswith('{letter}'))"),
    Kind(("Does {w} end with {letter}?", "Is {letter} the last letter of {w}?"), "print('{word}'.endswith('{letter}'))"),
    Kind(("Is the letter {other} in {w}?", "Does {w} contain the letter {other}?", "Does the letter {other} occur in {w}?"), "print('{other}' in '{word}')"),
    Kind(("!repeat {w} {N} times", "!write {w} {N} times in a row without spaces"), "print('{word}' * {n})"),
    Kind(("!write {w} {N} times with spaces between", "!repeat the word {w} {N} times, separated by spaces"), "print(' '.join(['{word}'] * {n}))"),
    Kind(("!write {w} in capital letters", "!write {w} in upper case", "!convert {w} to uppercase", "!put {w} in capitals"), "print('{word}'.upper())"),
    Kind(("!write {w} with a capital first letter", "!capitalize {w}"), "print('{word}'.capitalize())"),
    Kind(("!write {w} with dashes between the letters", "!put a dash between all letters of {w}"), "print('-'.join('{word}'))"),
    Kind(("!spell out {w} with spaces between the letters", "!put a space between the letters of {w}"), "print(' '.join('{word}'))"),
    Kind(("!shift every letter of {w} by {n} in the alphabet", "!encrypt {w} with a Caesar shift of {n}", "=the Caesar cipher of {w} with shift {n}", "!encode {w} with a Caesar cipher, key {n}"), "print(''.join(chr((ord(x) - 97 + {n}) % 26 + 97) for x in '{word}'))"),
    Kind(("!shift every letter of {w} back by {n} in the alphabet", "!decrypt {w}, a Caesar cipher with shift {n}"), "print(''.join(chr((ord(x) - 97 - {n}) % 26 + 97) for x in '{word}'))"),
    Kind(("!encode {w} with ROT13", "=the ROT13 of {w}"), "import codecs\nprint(codecs.encode('{word}', 'rot13'))"),
    Kind(("+the positions in the alphabet of the letters of {w}", "+the alphabet numbers of the letters of {w}"), "print([ord(x) - 96 for x in '{word}'])"),
    Kind(("=the sum of the letters of {w} with a = 1, b = 2 and so on", "=the letter value of {w} if a is 1 and z is 26", "!add up the alphabet positions of the letters of {w}"), "print(sum(ord(x) - 96 for x in '{word}'))"),
    Kind(("+the ASCII codes of {w}", "+the character codes of {w}"), "print([ord(x) for x in '{word}'])"),
    Kind(("=the ASCII code of the letter {letter}", "=the character code of {letter}"), "print(ord('{letter}'))"),
    Kind(("Which letter is number {i} of the alphabet?", "=letter {i} of the alphabet"), "print(chr(96 + {i}))"),
    Kind(("=the MD5 hash of {w}",), "import hashlib\nprint(hashlib.md5(b'{word}').hexdigest())"),
    Kind(("=the SHA-256 hash of {w}",), "import hashlib\nprint(hashlib.sha256(b'{word}').hexdigest())"),
    Kind(("!encode {w} in base64", "=the base64 form of {w}"), "import base64\nprint(base64.b64encode(b'{word}').decode())"),
    Kind(("!swap the first and the last letter of {w}",), "s = '{word}'\nprint(s[-1] + s[1:-1] + s[0])"),
    Kind(("Are {w} and '{mixed}' anagrams?", "Is '{mixed}' an anagram of {w}?", "Do {w} and '{mixed}' have the same letters?"), "print(sorted('{word}') == sorted('{mixed}'))"),
    Kind(("Which letters do {w} and '{word2}' share?", "+the letters that are in both {w} and '{word2}'", "+the common letters of {w} and '{word2}'"), "print(sorted(set('{word}') & set('{word2}')))"),
    Kind(("Which letters of {w} are not in '{word2}'?",), "print(sorted(set('{word}') - set('{word2}')))"),
    Kind(("Which is longer, {w} or '{word2}'?", "Which word has more letters: {w} or '{word2}'?"), "print(max('{word}', '{word2}', key=len))"),
    Kind(("Which comes first in the alphabet, {w} or '{word2}'?", "Which of {w} and '{word2}' is first in a dictionary?"), "print(min('{word}', '{word2}'))"),
    Kind(("How many letters do {w} and '{word2}' have together?", "=the total length of {w} and '{word2}'"), "print(len('{word}') + len('{word2}'))"),
    Kind(("How many letters longer is {w} than '{word2}'?", "=the difference in length of {w} and '{word2}'"), "print(len('{word}') - len('{word2}'))"),
    Kind(("!join {w} and '{word2}' with a dash", "!put a dash between {w} and '{word2}'"), "print('{word}' + '-' + '{word2}')"),
    Kind(("!put {w} and '{word2}' together", "!concatenate {w} and '{word2}'"), "print('{word}' + '{word2}')"),
    Kind(("How many letters differ between {w} and '{mixed}' position by position?", "=the Hamming distance of {w} and '{mixed}'"), "print(sum(a != b for a, b in zip('{word}', '{mixed}')))"),
)  # fmt: skip
_OF_SENTENCE: tuple[Kind, ...] = (
    Kind(("How many words are in {s}?", "!count the words in {s}", "=the number of words in {s}", "How many words does {s} have?"), "print(len('{sentence}'.split()))"),
    Kind(("How many characters does {s} have?", "=the length of {s}", "=the number of characters in {s}", "How many characters are in {s} including spaces?"), "print(len('{sentence}'))"),
    Kind(("How many letters are in {s} without spaces?", "=the number of characters in {s} without the spaces", "Not counting spaces, how many characters does {s} have?"), "print(len('{sentence}'.replace(' ', '')))"),
    Kind(("!reverse {s}", "!reverse the text {s}", "!write {s} backwards"), "print('{sentence}'[::-1])"),
    Kind(("!reverse the order of the words in {s}", "!write the words of {s} in reverse order", "!put the words of {s} in the opposite order"), "print(' '.join('{sentence}'.split()[::-1]))"),
    Kind(("!reverse each word of {s}", "!reverse every word of {s} but keep their order"), "print(' '.join(word[::-1] for word in '{sentence}'.split()))"),
    Kind(("=the longest word in {s}", "Which word of {s} is the longest?", "!find the longest word of {s}"), "print(max('{sentence}'.split(), key=len))"),
    Kind(("=the shortest word in {s}", "Which word of {s} is the shortest?"), "print(min('{sentence}'.split(), key=len))"),
    Kind(("=the length of the longest word in {s}", "How many letters does the longest word of {s} have?"), "print(max(len(word) for word in '{sentence}'.split()))"),
    Kind(("+the lengths of the words in {s}", "How long is each word of {s}?", "+the word lengths of {s}"), "print([len(word) for word in '{sentence}'.split()])"),
    Kind(("=the average word length in {s}", "=the mean length of the words of {s}"), "words = '{sentence}'.split()\nprint(sum(len(word) for word in words) / len(words))"),
    Kind(("=the acronym of {s}", "+the first letters of the words in {s}", "!make an acronym of {s}", "+the initials of {s}"), "print(''.join(word[0] for word in '{sentence}'.split()).upper())"),
    Kind(("+the last letters of the words in {s}",), "print(''.join(word[-1] for word in '{sentence}'.split()))"),
    Kind(("=the {nth} word of {s}", "Which word of {s} comes {nth}?", "=word number {n} of {s}"), "print('{sentence}'.split()[{n} - 1])"),
    Kind(("=the last word of {s}", "Which word is the last in {s}?"), "print('{sentence}'.split()[-1])"),
    Kind(("+the first {N} words of {s}", "!take the first {N} words of {s}"), "print(' '.join('{sentence}'.split()[:{n}]))"),
    Kind(("+the last {N} words of {s}", "!take the last {N} words of {s}"), "print(' '.join('{sentence}'.split()[-{n}:]))"),
    Kind(("+every {nth} word of {s}",), "print(' '.join('{sentence}'.split()[::{n}]))"),
    Kind(("!sort the words of {s}", "!put the words of {s} in alphabetical order", "!order the words of {s} alphabetically"), "print(sorted('{sentence}'.split()))"),
    Kind(("!sort the words of {s} by length", "!order the words of {s} from short to long"), "print(sorted('{sentence}'.split(), key=len))"),
    Kind(("!write {s} in capital letters", "!convert {s} to uppercase", "!put {s} in upper case"), "print('{sentence}'.upper())"),
    Kind(("!write {s} in small letters", "!convert {s} to lower case"), "print('{sentence}'.lower())"),
    Kind(("!write {s} in title case", "!write every word of {s} with a capital letter", "!capitalize each word of {s}"), "print('{sentence}'.title())"),
    Kind(("!remove the spaces from {s}", "!write {s} without spaces", "!delete all spaces in {s}"), "print('{sentence}'.replace(' ', ''))"),
    Kind(("!replace the spaces in {s} with {mark}", "!replace every space in {s} by {mark}", "!join the words of {s} with {mark}"), "print('{sentence}'.replace(' ', '{mark}'))"),
    Kind(("!split {s} into words", "!list the words of {s}", "!turn {s} into a list of words"), "print('{sentence}'.split())"),
    Kind(("How many times does the letter {sletter} appear in {s}?", "How many {sletter}'s are in {s}?", "!count the letter {sletter} in {s}"), "print('{sentence}'.count('{sletter}'))"),
    Kind(("How many different letters are in {s}?",), "print(len(set('{sentence}'.replace(' ', ''))))"),
    Kind(("=the most common letter in {s}", "Which letter appears most in {s}?"), "from collections import Counter\nprint(Counter('{sentence}'.replace(' ', '')).most_common(1)[0][0])"),
    Kind(("!replace the word '{sword}' by '{word2}' in {s}", "!replace '{sword}' with '{word2}' in {s}"), "print('{sentence}'.replace('{sword}', '{word2}'))"),
    Kind(("Does {s} contain the word '{sword}'?", "Is the word '{sword}' in {s}?"), "print('{sword}' in '{sentence}'.split())"),
    Kind(("At which position is the word '{sword}' in {s}?",), "print('{sentence}'.split().index('{sword}') + 1)"),
    Kind(("!write {s} in camel case",), "words = '{sentence}'.split()\nprint(words[0].lower() + ''.join(word.capitalize() for word in words[1:]))"),
    Kind(("!write {s} in snake case",), "print('_'.join('{sentence}'.lower().split()))"),
    Kind(("!count the vowels in {s}", "How many vowels does {s} have?"), "print(sum(x in 'aeiouAEIOU' for x in '{sentence}'))"),
    Kind(("+the first {N} characters of {s}",), "print('{sentence}'[:{n}])"),
)  # fmt: skip
_OF_WORDS: tuple[Kind, ...] = (
    Kind(("!sort the words {ws}", "!put {ws} in alphabetical order", "!order {ws} alphabetically", "!sort {ws} alphabetically", "!arrange the words {ws} from a to z"), "print(sorted({several}))"),
    Kind(("!sort {ws} in reverse alphabetical order", "!order {ws} from z to a"), "print(sorted({several}, reverse=True))"),
    Kind(("!sort {ws} by length", "!order the words {ws} by their length", "!arrange {ws} from short to long"), "print(sorted({several}, key=len))"),
    Kind(("!sort {ws} from long to short", "!order {ws} by length, longest first"), "print(sorted({several}, key=len, reverse=True))"),
    Kind(("=the longest of the words {ws}", "Which of {ws} is the longest word?", "Which of the words {ws} has the most letters?"), "print(max({several}, key=len))"),
    Kind(("=the shortest of the words {ws}", "Which of {ws} is the shortest word?", "Which of the words {ws} has the fewest letters?"), "print(min({several}, key=len))"),
    Kind(("Which of {ws} comes first in the alphabet?", "Which of the words {ws} is first alphabetically?"), "print(min({several}))"),
    Kind(("Which of {ws} comes last in the alphabet?", "Which of the words {ws} is last alphabetically?"), "print(max({several}))"),
    Kind(("!join {ws} with dashes", "!join the words {ws} with a dash between them"), "print('-'.join({several}))"),
    Kind(("!join {ws} with {mark}", "!put {mark} between the words {ws}"), "print('{mark}'.join({several}))"),
    Kind(("!join {ws} with commas",), "print(', '.join({several}))"),
    Kind(("!join {ws} into one word", "!write {ws} together without spaces"), "print(''.join({several}))"),
    Kind(("+the lengths of the words {ws}", "How many letters does each of {ws} have?", "How long are the words {ws}?"), "print([len(word) for word in {several}])"),
    Kind(("How many letters do the words {ws} have in total?", "=the total number of letters in {ws}", "=the sum of the lengths of {ws}"), "print(sum(len(word) for word in {several}))"),
    Kind(("=the average length of the words {ws}", "=the mean number of letters of {ws}"), "words = {several}\nprint(sum(len(word) for word in words) / len(words))"),
    Kind(("How many words are these: {ws}?", "!count the words {ws}", "How many items are in this list: {ws}?"), "print(len({several}))"),
    Kind(("!write each of {ws} backwards", "!reverse each of the words {ws}"), "print([word[::-1] for word in {several}])"),
    Kind(("!write {ws} in capitals", "!write all of {ws} in upper case"), "print([word.upper() for word in {several}])"),
    Kind(("!capitalize each of {ws}",), "print([word.capitalize() for word in {several}])"),
    Kind(("+the first letters of {ws}", "!take the first letter of each of {ws}"), "print([word[0] for word in {several}])"),
    Kind(("+the last letters of {ws}",), "print([word[-1] for word in {several}])"),
    Kind(("!list {ws} in reverse order", "!reverse the list of the words {ws}"), "print({several}[::-1])"),
    Kind(("!number the words {ws}",), "for i, word in enumerate({several}, 1):\n    print(i, word)"),
    Kind(("+the {N} longest of the words {ws}",), "print(sorted({several}, key=len, reverse=True)[:{n}])"),
    Kind(("=the {nth} word of {ws} in alphabetical order", "Which of {ws} is {nth} when they are sorted alphabetically?"), "print(sorted({several})[{n} - 1])"),
    Kind(("!remove the duplicates from {rep}", "+the different words in {rep}"), "print(list(dict.fromkeys({repeated})))"),
    Kind(("Which word is the most frequent in {rep}?", "=the most common of {rep}"), "from collections import Counter\nprint(Counter({repeated}).most_common(1)[0][0])"),
    Kind(("How often does each word occur in {rep}?", "!count each word in {rep}"), "from collections import Counter\nprint(dict(Counter({repeated})))"),
    Kind(("How many times does '{again}' occur in {rep}?", "How often is '{again}' in {rep}?"), "print({repeated}.count('{again}'))"),
)  # fmt: skip
TEXT_KINDS = len(_OF_WORD) + len(_OF_SENTENCE) + len(_OF_WORDS)


def _quoted(random: Random, text: str) -> str:
    return random.choice(
        (f"'{text}'", f"'{text}'", f'"{text}"', text if " " not in text else f'"{text}"')
    )


def text_kinds(random: Random, vocabulary: Vocabulary) -> Task:
    """One word, one sentence, several words."""
    which, n = random.randrange(TEXT_KINDS), random.choice((2, 2, 3, 3, 4, 5))
    word2 = random.choice(vocabulary.dictionary)
    common: dict[str, object] = {
        "word2": word2,
        "mark": random.choice(("_", "+", "*", "/", "; ", " and ", ".")),
    }
    if which < len(_OF_WORD):
        word = (
            random.choice(vocabulary.dictionary)
            if random.random() < 0.6
            else invented_word(random, vocabulary)
        )
        mixed = "".join(random.sample(word, len(word)))
        i, j = sorted(random.sample(range(1, len(word) + 1), 2))
        common |= {
            "word": word,
            "w": _quoted(random, word),
            "letter": random.choice(word),
            "other": random.choice("aeiourstnlm"),
        }
        common |= {
            "i": i,
            "j": j,
            "ith": ordinal(random, i),
            "mixed": mixed if random.random() < 0.7 else mixed[:-1] + "q",
        }
        kinds = _OF_WORD
    elif which < len(_OF_WORD) + len(_OF_SENTENCE):
        sentence = random.choice(vocabulary.sentences)
        parts = sentence.split()
        n = min(n, len(parts))
        letter = random.choice(sentence.replace(" ", ""))
        common |= {
            "sentence": sentence,
            "s": random.choice((f"'{sentence}'", f'"{sentence}"')),
            "sletter": letter,
            "sword": random.choice(parts),
        }
        kinds = _OF_SENTENCE
    else:
        several = random.sample(
            vocabulary.dictionary, min(len(vocabulary.dictionary), random.randint(2, 7))
        )
        n = min(n, len(several))
        repeated = several + random.choices(several, k=random.randint(1, 3))
        random.shuffle(repeated)
        said = [f"'{word}'" for word in several] if random.random() < 0.15 else several
        common |= {
            "several": several,
            "ws": series(random, said),
            "repeated": repeated,
            "rep": series(random, repeated),
            "again": random.choice(repeated),
        }
        kinds = _OF_WORDS
    return ask(
        random, kinds, {**common, "n": n, "N": cardinal(random, n), "nth": ordinal(random, n)}
    )

"""Small data of everyday life: who came on both days, what is still to be bought, which of these are below zero, tables as pasted.

Stories, operations and the ways to tell a list are drawn apart, so that near stories ask for different things. In a kind the
wordings have `|` between them; its code has `{v}` for the name of the data.
"""

from collections.abc import Mapping, Sequence
from random import Random

from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Maker, Task
from demo_training.data.code.wording import cardinal, ordinal
from demo_training.data.values import Vocabulary, capitalised, words

_FOOD = words("flour, sugar, eggs, butter, milk, salt, yeast, rice, onions, garlic, tomatoes, basil, cream, lemons, honey, oats, carrots, lentils, olive oil, cinnamon, cheese, spinach, walnuts, raisins, pepper, noodles, ginger, beans, peas, cocoa")  # fmt: skip
_KIT = words("towel, passport, charger, tent, torch, sunscreen, socks, toothbrush, rain jacket, map, hat, novel, earplugs, camera, scarf, gloves, first aid kit, water bottle, sandals, headphones, matches, sleeping bag, sunglasses, penknife, whistle")  # fmt: skip
_TOOLS = words("drill, saw, ladder, spanner, hammer, pump, rake, tent, spade, axe, trolley, grill, sander, level, wheelbarrow, jigsaw, vice, hose")  # fmt: skip
_FILES = words("notes.txt, budget.xlsx, photo1.jpg, photo2.jpg, letter.docx, plan.pdf, song.mp3, draft.md, invoice.pdf, map.png, todo.txt, report.docx, readme.md, logo.svg, backup.zip, slides.pptx, data.csv, clip.mp4")  # fmt: skip
_CLUBS = words("chess, choir, judo, pottery, drama, fencing, robotics, tennis, debating, yoga")
_DAYS = words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
# Relations of two lists: code, and questions with `{W}` who or which, `{n}` the noun, `{a}` and `{b}` what is done, `{na}`, `{nb}` what is not.
_RELATIONS: Mapping[str, tuple[str, str]] = {
    "both": ("print(sorted(set({A}) & set({B})))", "{W} {a} and also {b}?|{W} {a} as well, of those that {b}?|Give me the {n} that {a} and {b}.|List the {n} that not only {a} but also {b}.|Looking for the {n} that {b} and {a} too."),
    "a": ("print([x for x in {A} if x not in {B}])", "{W} {a} but {nb}?|Of the {n} that {a}, which {nb}?|Give me the {n} that {a} and {nb}.|I want the {n} that {nb} although they {a}.|List the {n} that {a}, leaving out those that {b} too."),
    "b": ("print([x for x in {B} if x not in {A}])", "{W} {b} but {na}?|Of the {n} that {b}, which {na}?|Give me the {n} that {b} and {na}.|I want the {n} that {na} although they {b}.|List the {n} that {b}, leaving out those that {a} too."),
    "one": ("print(sorted(set({A}) ^ set({B})))", "{W} either {a} or {b}, but not both?|List the {n} that {a} or {b}, without those that did both.|Only one of two is true of them: they {a}, or they {b}. Which {n} are meant?|Leave out the overlap: which {n} {a} or {b}, only one of the two?"),
    "any": ("print(sorted(set({A}) | set({B})))", "{W} {a} or {b} or both?|Make one list of all {n} that {a} or {b}, each one once.|Everyone on one of the lists or on both, no repeats please: which {n} are they?|All {n} that {a} or {b}, in alphabetical order without doubles."),
    "n_any": ("print(len(set({A}) | set({B})))", "How many different {n} {a} or {b}?|Counting nobody and nothing twice, how many {n} {a} or {b}?|How many {n} is that altogether, if those on both lists count once?|Put together without repeats, how many {n} are on the two lists?|Number of different {n} overall?"),
    "n_both": ("print(len(set({A}) & set({B})))", "How many {n} {a} and also {b}?|How many of the {n} that {a} also {b}?|Count the {n} that {a} and {b}.|Size of the overlap: how many {n} are on both lists?"),
    "n_a": ("print(len(set({A}) - set({B})))", "How many {n} {a} but {nb}?|Count the {n} that {a} and {nb}.|Of the {n} that {a}, how many {nb}?|How many {n} do I find on the first list only?"),
    "n_one": ("print(len(set({A}) ^ set({B})))", "How many {n} {a} or {b}, but not both?|How many {n} are on exactly one of the two lists?|Count the {n} that stand on one list and not on the other.|How many {n} {a} or {b} if I leave out those that did both?"),
    "sub": ("print(set({A}) <= set({B}))", "Did all the {n} that {a} do the other too, that is: all of them {b}?|Is it true that all {n} that {a} also {b}?|Is the first list fully contained in the second?|True or false: there is nobody and nothing on the first list that the second lacks."),
    "share": ("print(bool(set({A}) & set({B})))", "Are there any {n} that {a} and also {b}?|Do the two lists share anything at all?|Is there an overlap between the two lists, yes or no?|Is at least one entry on both lists?"),
}  # fmt: skip
_PERSONS = "both a b one any n_any n_both n_a n_one sub share"
# Stories of two lists: labels, names in the code, relations with the questions above, slots, ways to begin, questions of its own by relation.
_STORIES: tuple[tuple[str, str, str, tuple[str, ...], tuple[tuple[str, str], ...], Mapping[str, str]], ...] = (
    ("names", "{d1} {d2}", _PERSONS, ("Who", "guests", "came on {D1}", "came on {D2}", "did not come on {D1}", "did not come on {D2}"), (("{D1}'s guests: {x}", "{D2}'s guests: {y}"), ("On {D1} we had {x} here", "on {D2} it was {y}"), ("{D1}: {x}", "{D2}: {y}"), ("{x} came on {D1}", "{y} came on {D2}"), ("The {D1} list says {x}", "the {D2} list says {y}")),
     {"both": "Who came on both days?|Who was here twice?|Which guests came {D1} and {D2}?|both days: who?", "a": "Who came only on {D1}?|Who was here on {D1} and stayed away on {D2}?|Who skipped {D2}?|Who did not come back on {D2}?", "b": "Who came only on {D2}?|Who was new on {D2}?|Who missed {D1} but turned up on {D2}?|Which faces did we see on {D2} for the first time?", "one": "Who came on exactly one of the days?|Who was here just one day?|Who came only once?", "any": "Who came at all?|Who was here on at least one day?|I have to thank everybody who came, on whichever day. Who is that?", "n_any": "How many different people came?|How many thank-you cards do I need, one a guest?|How many people was that, regulars counted once?", "n_both": "How many came on both days?|How many were here twice?", "n_a": "How many came only on {D1}?|How many did we lose after {D1}?", "n_one": "How many came on just one of the days?|How many were here once only?", "sub": "Did everyone from {D1} come back on {D2}?|Was every {D1} guest here on {D2} too?", "share": "Did anyone come twice?|Was anybody here on both days?"}),
    ("names", "{c1} {c2}", _PERSONS, ("Who", "children", "signed up for {c1}", "signed up for {c2}", "did not sign up for {c1}", "did not sign up for {c2}"), (("{C1}: {x}", "{C2}: {y}"), ("Signed up for {c1}: {x}", "signed up for {c2}: {y}"), ("In {c1} we have {x}", "in {c2} there are {y}"), ("{C1} is attended by {x}", "{c2} by {y}")),
     {"both": "Who does both {c1} and {c2}?|Who is in both clubs?|Which children would be torn if {c1} and {c2} were at the same time?", "a": "Who does {c1} but not {c2}?|Who is in {c1} only?|Who from {c1} has yet to join {c2}?", "b": "Who does {c2} but not {c1}?|Who is in {c2} only?", "one": "Who belongs to just one of the clubs?|Who is in one club but not in both?", "any": "Who is in at least one of the clubs?|Make me a list of everybody in {c1} or {c2}, no name twice.", "n_any": "How many children are in the two clubs, each counted once?|How many consent forms are needed, one for each child?", "n_both": "How many children do both?|How many belong to both clubs?", "n_a": "How many do {c1} without {c2}?", "n_one": "How many are in one club only?", "sub": "Is everyone who does {c1} in {c2} as well?", "share": "Is there a child in both clubs?|May {c1} and {c2} clash, or does somebody do both? Print True if somebody does."}),
    ("names", "invited came", "n_any", ("Who", "people", "were invited", "came", "were not invited", "did not come"), (("Invited: {x}", "came: {y}"), ("I invited {x}", "at the door stood {y}"), ("My invitations went to {x}", "those who turned up were {y}"), ("Guest list: {x}", "signed in: {y}")),
     {"both": "Who was invited and came?|Which invited people turned up?|Who followed my invitation?|Whose name do I tick on the list of the invited?", "a": "Who was invited but did not come?|Which of the invited are missing?|Who stood me up?|Whose place card stayed unused?|Who is still missing from the list?", "b": "Who came without an invitation?|Who gatecrashed?|Who turned up although I had not invited them?|Who came that is not on my list?", "n_both": "How many of the invited came?|How many invitations were followed?", "n_a": "How many invited people stayed away?|How many no-shows were there?", "n_one": "How many either came uninvited or were invited and stayed away?", "sub": "Did all the invited come?|Did everybody I invited turn up?", "share": "Did any of the invited come at all?"}),
    ("food", "recipe pantry", "", ("Which", "things", "", "", "", ""), (("The recipe needs {x}", "in the pantry I have {y}"), ("Recipe: {x}", "pantry: {y}"), ("For the pie: {x}", "at home: {y}"), ("I want to cook with {x}", "the kitchen holds {y}"), ("Ingredients: {x}", "already here: {y}")),
     {"a": "What do I still have to buy?|Which items of the recipe are not in the pantry?|What is missing?|What goes on my shopping list?|Which ingredients am I short of?|what do i need to get", "both": "Which ingredients do I already have?|What of the recipe is in the house?|What need I not buy?|Which things can I take from the shelf for it?", "b": "What do I have that the recipe does not use?|Which things at home will not be needed for it?|What stays on the shelf?", "n_a": "How many things do I still have to buy?|How many ingredients are missing?", "n_both": "How many of the ingredients do I have already?|How many things of the recipe are in the house?", "sub": "Do I have everything for it?|Can I start cooking without a trip to the shop, True or False?", "share": "Do I have at least one of the ingredients?"}),
    ("kit", "packing_list suitcase", "", ("Which", "things", "", "", "", ""), (("Packing list: {x}", "in the suitcase: {y}"), ("I should take {x}", "packed so far: {y}"), ("To bring: {x}", "bag: {y}"), ("The scout leader wants us to bring {x}", "in my rucksack are {y}")),
     {"a": "What is still to be packed?|What have I forgotten so far?|Which things on the list are not packed yet?|What is not in there yet?", "both": "What is ticked off already?|Which things on the list have been packed?", "b": "What did I pack that is not on the list?|What could I take out again, because the list does not have it?", "n_a": "How many things are still to be packed?|How many items did I forget?", "n_both": "How many things can I tick off?", "sub": "Am I done packing?|Is everything from the list in there?", "any": "What would I carry with everything on the list plus the extras I packed, each once?"}),
    ("names", "pupils handed_in", "", ("Who", "pupils", "", "", "", ""), (("Class: {x}", "essays from: {y}"), ("My group is {x}", "homework came from {y}"), ("Members: {x}", "paid: {y}"), ("Enrolled are {x}", "present today: {y}"), ("The team is {x}", "replies so far: {y}")),
     {"a": "Who is missing?|Who do I have to remind?|Whose is still outstanding?|Who has not done it yet?|From whom am I still waiting?|Who is on the first list and not on the second?", "n_a": "How many are still missing?|How many reminders do I have to write?", "sub": "Is it complete, nobody missing?|Are all of them accounted for?", "b": "Is there a stranger among the second ones? List whoever is not on the first list.|Who is on the second list without being on the first?", "n_both": "How many of the first list are on the second?"}),
    ("cities", "{who} {other}", "one n_any n_one share", ("Which cities", "cities", "were seen by {Who}", "were seen by {Other}", "were not seen by {Who}", "were not seen by {Other}"), (("{Who} has been to {x}", "{Other} has been to {y}"), ("{Who}'s trips: {x}", "{Other}'s trips: {y}"), ("{Who} visited {x}", "{Other} saw {y}"), ("{Who}: {x}", "{Other}: {y}")),
     {"both": "Where have both been?|Which cities can the two talk about from experience?|Which places do they share?|Which cities do {Who} and {Other} both know?", "a": "Where has {Who} been that {Other} has not?|Which cities could {Who} show to {Other}?|Which cities does only {Who} know?", "b": "Where has {Other} been that {Who} has not?|Which cities does only {Other} know?|Where would {Other} be {Who}'s guide?", "one": "Which cities has just one of them seen?|Where has one been but not the other?", "any": "Which cities have the two seen between them?|Put all their cities on one map, each once. Which are on it?", "n_any": "How many different cities have they seen between them?|How many pins are on a shared map, one for each city?", "n_both": "How many cities have both seen?|How many cities do they have in common?", "n_a": "How many cities does {Who} know that {Other} does not?", "n_one": "How many cities has only one of the two been to?", "sub": "Has {Other} been everywhere {Who} has?", "share": "Is there a city that both know?|Do they have a city in common?"}),
    ("food", "market corner_shop", "one n_one n_any", ("Which goods", "goods", "are sold at the market", "are sold at the corner shop", "are not sold at the market", "are not sold at the corner shop"), (("The market sells {x}", "the corner shop sells {y}"), ("Market: {x}", "corner shop: {y}"), ("You get {x} at the market", "the corner shop has {y}")),
     {"both": "What can I get at both places?|What do both sell?|For which goods can I compare prices?", "a": "For what must I go to the market?|What does only the market have?|What does the corner shop lack that the market has?", "b": "What do I get at the corner shop only?|What is missing at the market but sold at the corner shop?", "one": "What is sold at just one of the two?|Which goods have no second seller?", "any": "What can I get at all in these two?|Everything on sale at the two places, each thing once?", "n_any": "How many different goods can I get in the two together?", "n_both": "How many goods do both sell?", "n_a": "How many things does only the market have?", "sub": "Does the corner shop have everything the market has?", "share": "Do they sell any of the same things?"}),
    ("numbers", "ticket drawn", "", ("Which", "numbers", "", "", "", ""), (("My ticket: {x}", "drawn: {y}"), ("I picked {x}", "the draw was {y}"), ("Lottery numbers I chose: {x}", "winning numbers: {y}"), ("On my bingo card are {x}", "called so far: {y}")),
     {"both": "Which of my numbers came up?|Which did I get right?|Which are hits?|What do I cross off?", "n_both": "How many did I get right?|How many hits do I have?|How many of mine were among them?", "a": "Which of my numbers did not come up?|Which of mine are still open?|Which of mine were wrong?", "b": "Which of their numbers did I not have?|Which of the others' numbers are not mine?", "n_a": "How many of my numbers are not among them?", "share": "Did I get at least one right?|Any hit at all?", "sub": "Did all of my numbers come up?|Do I have them all right?"}),
    ("food", "dish avoids", "", ("Which", "things", "", "", "", ""), (("The dish contains {x}", "{Who} can't eat {y}"), ("In the stew: {x}", "{Who}'s allergies: {y}"), ("The label reads {x}", "{Who} has to avoid {y}")),
     {"both": "What in it is a problem?|Which ingredients would I have to leave out for {Who}?|What must {Who} pick out?", "share": "Is there anything in it that {Who} must not eat?|Does it contain something forbidden for {Who}?", "safe": "Can {Who} eat it?|Is it safe for {Who}?|May {Who} have some, True or False?", "n_both": "How many of its ingredients are a problem for {Who}?", "a": "Which of its ingredients are fine for {Who}?|What in it may {Who} eat?"}),
    ("dictionary", "learned test", "", ("Which words", "words", "", "", "", ""), (("I learned {x}", "the test asks for {y}"), ("Vocabulary so far: {x}", "words in the test: {y}"), ("My flash cards: {x}", "words in the text: {y}")),
     {"b": "Which words do I not know yet?|What do I have to look up?|Which of the later words have I not learned?", "both": "Which words will I recognise?|Which of the second ones do I know already?", "a": "Which did I learn without needing them there?|Which of my words do not come up?", "n_both": "How many of those words do I know?", "share": "Will I know at least one word?", "any": "Which words are that in all, in alphabetical order, each once?", "n_any": "How many different words is that in all?"}),
    ("files", "laptop backup", "one n_any", ("Which files", "files", "are on the laptop", "are in the backup", "are not on the laptop", "are not in the backup"), (("Laptop: {x}", "backup: {y}"), ("On the laptop there are {x}", "in the backup {y}"), ("ls laptop gives {x}", "ls backup gives {y}")),
     {"a": "Which files have not been backed up?|What do I lose if the laptop dies?|Which files still have to be copied to the backup?|What is missing from the backup?", "b": "Which files exist only in the backup?|What was deleted on the laptop since?|Which files could I restore to the laptop?", "both": "Which files are safe in both places?|What is there twice?", "n_a": "How many files are without a backup?", "n_both": "How many files are in both places?", "sub": "Is everything backed up?|Does the backup have all files of the laptop?", "n_one": "How many files exist in just one place?", "any": "Which files exist anywhere, each named once?"}),
    ("tools", "lent returned", "", ("Which", "tools", "", "", "", ""), (("I lent out {x}", "I got back {y}"), ("Lent: {x}", "returned: {y}"), ("The neighbours borrowed {x}", "back in the shed: {y}")),
     {"a": "What have I not got back?|What is still out?|Which tools must I ask for?|What are they still keeping?", "n_a": "How many tools are still out?|How many are not back yet?", "sub": "Is everything back?|Did I get back all I lent?", "both": "Which of the borrowed tools came back?", "n_both": "How many of the borrowed tools are back?", "b": "What was brought to me that I had not lent out?"}),
    ("cities", "red_line blue_line", "one n_one", ("Which stations", "stations", "are on the red line", "are on the blue line", "are not on the red line", "are not on the blue line"), (("The red line stops at {x}", "the blue line at {y}"), ("Red line: {x}", "blue line: {y}"), ("Red goes through {x}", "blue goes through {y}")),
     {"both": "Where can I change lines?|Which stops do the lines share?|At which stations do the lines meet?", "a": "Which stops does only the red line serve?|Which red stops are not blue ones?", "b": "Which stops does only the blue line serve?|Where does blue stop and red doesn't?", "any": "Which stations does the network have, each once?|Where can I get with the two lines, in alphabetical order?", "n_any": "How many stations does the network have?|How many different stops do the two lines have together?", "n_both": "How many stations allow a change?", "n_a": "How many stations are on red but not on blue?", "share": "Can I change from red to blue anywhere?|Do the lines meet at all?", "one": "Which stations are served by just one line?"}),
)  # fmt: skip
_CODE_ONLY = {"safe": "print(not set({A}) & set({B}))"}


def _inline(random: Random, values: Sequence[object]) -> str:
    """A list as it is typed within a line."""
    texts = [str(value) for value in values]
    style = random.random()
    if style < 0.4 or len(texts) < 2:
        return ", ".join(texts)
    if style < 0.68:
        return ", ".join(texts[:-1]) + (", and " if style > 0.63 and len(texts) > 2 else " and ") + texts[-1]  # fmt: skip
    if style < 0.78:
        return "; ".join(texts)
    if style < 0.85:
        return "[" + ", ".join(texts) + "]"
    if style < 0.9:
        return f"{list(values)}"
    if style < 0.94 or any(" " in text for text in texts):
        return " / ".join(texts)
    return " ".join(texts)


def _composed(random: Random, head: str, values: Sequence[object], question: str) -> str:
    """Data and question in one of their orders; `{}` in the head is where the data go."""
    if random.random() < 0.08:
        question = question[0].lower() + question[1:].rstrip("?.") if question[1].islower() else question.rstrip("?")  # fmt: skip
    head, style = capitalised(head), random.random()
    if style < 0.14 and head.endswith(": {}"):
        mark = random.choice(("", "", "- ", "* ")) if all(str(each)[0] != "-" for each in values) else ""  # fmt: skip
        lines = "\n".join(f"{mark}{value}" for value in values)
        return f"{head[:-3]}\n{lines}\n{question}" if style < 0.1 else f"{question}\n{lines}"
    told = head.replace("{}", _inline(random, values))
    if style < 0.36:
        end = "" if question[-1] in "?." else "."
        return f"{question}{end} {told}" + random.choice(("", "."))
    return f"{told}. {question}"


def _pool(vocabulary: Vocabulary, kind: str) -> list[object]:
    pools: Mapping[str, Sequence[object]] = {
        "names": vocabulary.first_names, "cities": vocabulary.cities, "things": vocabulary.things, "dictionary": vocabulary.dictionary, "food": _FOOD, "kit": _KIT, "tools": _TOOLS,
        "files": _FILES, "days": _DAYS, "items": ITEMS, "numbers": range(1, 50),
    }  # fmt: skip
    return sorted(set(pools[kind]), key=str)


def _drawn(random: Random, vocabulary: Vocabulary, kind: str, count: int) -> list[object]:
    pool = _pool(vocabulary, kind)
    return random.sample(pool, min(count, len(pool)))


def _identifier(text: str) -> str:
    return text.lower().replace(" ", "_").replace("'", "")


def _two_lists(random: Random, vocabulary: Vocabulary) -> Task:
    kind, names, general, phrases, beginnings, own = random.choice(_STORIES)
    (who, other), clubs = _drawn(random, vocabulary, "names", 2), random.sample(_CLUBS, 2)
    day = random.randrange(6)
    slots = {
        "D1": _DAYS[day], "D2": _DAYS[day + 1], "d1": _DAYS[day].lower(), "d2": _DAYS[day + 1].lower(), "c1": clubs[0], "c2": clubs[1], "C1": capitalised(clubs[0]), "C2": capitalised(clubs[1]),
        "Who": who, "Other": other, "who": str(who).lower(), "other": str(other).lower(),
    }  # fmt: skip
    slots |= dict(zip(("W", "n", "a", "b", "na", "nb"), (part.format_map(slots) for part in phrases), strict=True))  # fmt: skip
    relation = random.choice(sorted({*own, *general.split()}))
    code = _CODE_ONLY.get(relation) or _RELATIONS[relation][0]
    chosen = own.get(relation, "").split("|") if relation in own else []
    if relation in general.split() and (not chosen or random.random() < 0.4):
        chosen = _RELATIONS[relation][1].split("|")
    question = capitalised(random.choice(chosen).format_map(slots))
    pool = [each for each in _drawn(random, vocabulary, kind, 12) if each not in (who, other)]
    shared, is_yes = random.randint(1, 3), random.random() < 0.5
    in_a, in_b = random.randint(1, 3), random.randint(1, 3)
    if relation in ("sub", "share", "safe"):
        in_a = 0 if relation == "sub" and is_yes else in_a
        shared = 0 if relation != "sub" and is_yes else shared + (relation == "sub")
    if names in ("pupils handed_in", "lent returned") and relation != "b":
        in_b = 0
        shared += 1
    both = pool[:shared]
    first, second = both + pool[shared : shared + in_a], both + pool[shared + in_a : shared + in_a + in_b]  # fmt: skip
    random.shuffle(first)
    random.shuffle(second)
    a, b = names.format_map(slots).split()
    one, two = (capitalised(part) if n == 0 else part for n, part in enumerate(random.choice(beginnings)))  # fmt: skip
    one, two = one.format_map({**slots, "x": _inline(random, first), "y": ""}), two.format_map({**slots, "x": "", "y": _inline(random, second)})  # fmt: skip
    sign = random.choice((". ", ". ", "; ", "\n", ", and " if ";" in one or ":" not in one else "; "))
    two = two if sign in ("; ", ", and ") else capitalised(two)
    told = f"{capitalised(one)}{sign}{two}"
    if sign == "\n":
        request = random.choice((f"{told}\n{question}", f"{question}\n{told}"))
    else:
        request = f"{question} {told}." if random.random() < 0.2 else f"{told}. {question}"
    return Task(request, f"{a} = {first}\n{b} = {second}\n" + code.format(A=a, B=b))


_MAKERS: tuple[tuple[Maker, float], ...] = ((_two_lists, 5),)


def gatherings(random: Random, vocabulary: Vocabulary) -> Task:
    """A question of one of the kinds above."""
    makers, weights = zip(*_MAKERS, strict=True)
    make: Maker = random.choices(makers, weights)[0]
    return make(random, vocabulary)

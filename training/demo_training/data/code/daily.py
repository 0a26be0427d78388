"""Everyday problems of two to four numbers, each told as a whole by several people.

What differs from kind to kind is which operation follows from the words, so a kind is a structure, and its texts have their
numbers in different orders, with the question first or last. The code uses the numbers as they stand in the text.
"""

import re
from random import Random

from demo_training.data.code.outings import OUTINGS
from demo_training.data.code.quantities import CURRENCIES, drawn_sizes
from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task, in_steps
from demo_training.data.code.wording import in_words
from demo_training.data.values import Vocabulary

_CURRENCIES = (*CURRENCIES, "{} bucks", "{} francs")
# Slots that are said in words and stand for a part of the code.
_FRACTIONS = (("half", "/ 2"), ("a third", "/ 3"), ("a quarter", "/ 4"), ("a fifth", "/ 5"), ("three quarters", "* 3 / 4"), ("two thirds", "* 2 / 3"), ("one third", "/ 3"), ("two fifths", "* 2 / 5"), ("a tenth", "/ 10"))  # fmt: skip
_TIMES = (("twice", "* 2"), ("twice", "* 2"), ("three times", "* 3"), ("four times", "* 4"), ("half", "/ 2"), ("five times", "* 5"), ("ten times", "* 10"))  # fmt: skip
_DOZENS = (("a dozen", "12"), ("two dozen", "24"), ("half a dozen", "6"), ("three dozen", "36"), ("a hundred", "100"), ("four dozen", "48"))  # fmt: skip
_REMARKS = (
    "Our cat is {k} years old.", "I'm {k}{k}, by the way.", "The shop closes at {k}.", "It's day {k} of the month.", "I live at number {k}.", "{m} sits on floor {k}.", "It is {k} in the morning.",
    "It's been {k} years since I last did maths.", "{m} asked me that {k} times already.", "I'm in room {k}.",
)  # fmt: skip
# Kinds: the sizes of the numbers (see `drawn_sizes`), the code with `;` between its lines, the texts with `|` between them.
# `{x!}` is said as money, `{n}`, `{m}` and `{o}` are people, `{f}`, `{w}` and `{z}` fractions, times and dozens in words.
_COUNTED: tuple[tuple[str, str, str], ...] = (
    ("c 5-40, b 6/12/20/24, d 3-40, e 2-25", "{c} * {b} + {d} - {e}",
     "We got {c} crates with {b} bottles each, {d} loose bottles were already in the cellar, and {e} have been sold since. How many bottles are there?|How many bottles do I have if I owned {d}, bought {c} crates of {b} and then sold {e}?|{e} bottles broke. Before that there were {c} full crates, {b} to a crate, plus {d} single ones. What's left?|stock check: {d} singles, {c} crates of {b}, {e} sold. bottles now?|{n} runs a kiosk. In the morning {d} bottles stood on the shelf; a truck brought {c} crates of {b} bottles; by evening {e} were sold. Tell me how many bottles {n} still has.|Each crate takes {b} bottles. {n} has {c} full crates and {d} bottles besides; {e} bottles go to {m}. How many does {n} keep?"),
    ("c 11-60, b 12-60, d 5-90", "{c} * {b} - {d}",
     "A choir hall has {c} rows of {b} chairs, {d} of which are broken. On how many can people sit?|{c} boxes of {b} tiles arrived and {d} tiles were cracked; how many are good?|{d} of the seedlings died. {n} had planted {c} rows with {b} in each. How many are still growing?|I printed {c} packs of {b} flyers and handed out {d}. Flyers left?|My album takes {b} photos on a page, it has {c} pages, and there are {d} empty spots. How many photos are in it?|How many bulbs work if there are {c} strings with {b} bulbs each and {d} are burnt out?|{c} pallets, {b} sacks on every pallet, {d} sacks damaged in transport. I need the number of sacks that are fine."),
    ("c 2-15, b 3-30, d 2-15, e 3-30", "{c} * {b} + {d} * {e}",
     "{c} tables for {b} and {d} tables for {e}: how many guests can sit down?|On Monday we bake {c} trays of {b} rolls, on Tuesday {d} trays of {e}. How many rolls in both days?|How many eggs are {c} cartons of {b} and {d} cartons of {e} together?|{n} did {c} sets of {b} push-ups and then {d} sets of {e}. What's the total?|the school hired {c} coaches with {b} seats each and {d} vans with {e} seats each. seats in all?|I've got {c} sheets with {b} stickers and {d} sheets with {e}. All in all, how many stickers is that?"),
    ("c 10-30, b 20-40, d 2-9, e 2-19", "had = {c} * {b}; given = {d} * {e}; left = had - given",
     "A farm picks {c} baskets of {b} apples. {d} families take {e} apples each. How many apples are left?|{d} classes borrow {e} books each from a library that had {c} shelves of {b} books. How many stay behind?|We had {c} boxes with {b} masks each; {d} wards got {e} masks apiece. masks left?|{n} gave {e} marbles to each of {d} friends. There had been {c} bags with {b} marbles each. What does {n} still have?|How many chairs remain in storage when {d} rooms get {e} each, and we own {c} stacks of {b}?|In storage: {c} stacks of {b} chairs. Wanted: {e} chairs for each of {d} rooms. How many chairs are not needed?"),
    ("a 3-40, b 3-40, c 2-20", "({a} + {b}) * {c}",
     "Each gift bag gets {a} sweets and {b} nuts. How many pieces go into {c} bags?|{n} does {a} sit-ups in the morning and {b} at night. How many is that after {c} days?|{c} classes have {a} girls and {b} boys each. How many pupils is that?|Every day a bakery sells {a} white loaves and {b} brown ones. Loaves sold in {c} days?|My commute is {a} minutes by train and {b} on foot. I did it {c} times this month; how many minutes was I under way?|How many rooms does a hotel with {c} floors have if there are {a} single and {b} double rooms on every floor?|per week {a} letters and {b} parcels. how many items in {c} weeks"),
    ("a 20-90, b 2-19, c 2-20", "({a} - {b}) * {c}",
     "A box holds {a} pralines, but {b} are taken out of each for tasting. How many pralines do {c} boxes have then?|{c} buses with {a} seats came, and in every one {b} seats stayed empty. How many passengers were there?|In each of {c} shifts {a} parts are made and {b} fail the test. How many good parts is that?|Every morning {n} gets {a} papers and brings back {b} unsold ones. How many papers are sold in {c} days?|How many people ride on {c} trips if the ferry has {a} places and {b} stay free each time?|{b} of the {a} eggs we collect a day are too small to sell. Eggs for sale after {c} days?"),
    ("a 2-9, b 3-12, c 4-30", "{a} * {b} * {c}",
     "{a} shelves, {b} boxes on each, {c} files in every box. How many files?|How many pills are in {b} packs with {a} strips of {c}?|A block has {b} floors with {a} flats each, and every flat has {c} windows. How many windows is that?|{n} teaches {a} groups of {c} children, {b} times a month. How many worksheets are needed if each child gets one every time?|{a} printers run for {b} minutes, and each of them makes {c} pages a minute. How many pages come out?|there are {c} cookies to a bag, {b} bags to a carton and we ordered {a} cartons, cookies in total?"),
    ("t 20-95, c 3-12, d 13-19, u 2-9", "{t} - {c} + {d}",
     "A bus starts with {t} people. At one stop {c} get off and {d} get on. How many are on it now?|There were {t} guests; {d} more arrived and {c} went home. How many are still here?|{d} new members joined our club and {c} quit. We used to be {t}. And now?|How many cars are in the garage after {c} left and {d} came, if {t} were there first?|{n} had {t} {i}, gave {c} to {m} and found {d} in the attic. How many {i} does {n} have?|{t} books in the box. took out {c}, put in {d}. how many in there"),
    ("t 30-99, a 3-12, b 3-12", "{t} - {a} - {b}",
     "Of {t} pupils {a} are ill and {b} are on a trip. How many are in class?|{n} baked {t} muffins. The neighbours got {a}, the children ate {b}. What's left?|{a} seats are reserved and {b} are broken, out of {t}. How many can I sell?|How many {i} does {n} have left from {t} after giving {a} to {m} and {b} to {o}?|I had {t} emails this morning, deleted {a} and answered {b}. How many are still open?|{t} in total: {a} red, {b} blue, the rest white. how many white ones"),
    ("a 12-90, k 3-11", "second = {a} + {k}; total = {a} + second",
     "{n} has {a} {i} and {m} has {k} more than that. How many do they have together?|I picked {a} plums, my sister {k} more than me. Together?|On Saturday {a} people came to the stand, on Sunday {k} more. How many came on the weekend?|Our first team scored {a} points and the second one {k} more. What's the sum of both?|How many pages did {n} read in two days, if it was {a} on the first and {k} more on the second?|{m} sold {a} tickets. {n} sold {k} tickets more than {m}. Tickets sold by the two of them?"),
    ("a 15-90, k 3-11", "second = {a} - {k}; total = {a} + second",
     "{n} has {a} {i} and {m} has {k} fewer. How many do they have together?|Yesterday I walked {a} minutes and today {k} minutes less. How many minutes in both days?|{m} sold {k} tickets fewer than {n}, who sold {a}. How many did the two sell?|In the left box there are {a} screws, in the right one {k} less. All screws together?|One team scored {a}, the other {k} points less. How many points were scored in the match?|we made {a} cakes last year and {k} fewer this year, cakes in both years?"),
    ("a 10-90*2", "{a} {w}",
     "{n} has {a} {i}, {m} has {w} as many. How many does {m} have?|I collected {a} shells and my brother {w} as many. How many are his?|{w} as many people came this year; last year it was {a}. How many this year?|Our old hall has {a} seats and the new one {w} as many. How many seats has the new one?|A small pack contains {a} tissues, the large one {w} as many. What's in the large one?|if {m} read {a} pages and {n} read {w} as many, how many did {n} read"),
    ("a 10-90*2", "second = {a} {w}; total = {a} + second",
     "{n} has {a} {i} and {m} has {w} as many. How many do both have?|We drove {a} km yesterday and {w} as much today. How far in two days?|{w} as many people came on Sunday as on Saturday, when there were {a}. How many came in all?|I spent {a!} on food and {w} as much on clothes. What did I spend on the two?|Both together, how much do {n} and {m} earn, if {m} gets {a!} and {n} gets {w} as much?|the blue jar has {a} beads, the green jar {w} as many. beads in both?"),
    ("t 2-30*60", "{t} {f}",
     "{f} of the {t} visitors came by train. How many was that?|There are {t} flats in our street, and {f} of them have a balcony. How many have one?|How many are {f} of {t} {i}?|Of {t} voters {f} stayed at home. How many stayed at home?|{n} owes {m} {f} of {t!}. How much is that?|{t} trees in the park, {f} of them oaks. number of oaks?|I've driven {f} of the {t} km so far. How many km have I done?"),
    ("t 2-30*60", "part = {t} {f}; left = {t} - part",
     "{n} had {t} {i} and sold {f} of them. How many are left?|The tank held {t} liters; {f} of that has been used. How many liters are still in it?|I have {t!} and spend {f} of it. What do I have then?|{f} of the {t} seats are taken. How many are free?|Of the {t} km to the coast we have done {f}. How far is it still?|How many pages must {n} still read, with {f} of {t} already read?"),
    ("a 20-60, b 3-19", "{z} + {b}",
     "{n} bought {z} eggs and already had {b}; how many eggs are there?|We need {z} rolls for the guests and {b} for ourselves. How many should I order?|I picked up {b} roses at the market and {m} brought {z} more. How many roses do we have?|{b} pencils were in the drawer, {z} came in a new pack. pencils altogether?|How many people came if {z} were invited and {b} turned up without an invitation? Everybody invited came.|Our neighbour gave us {z} lemons; {b} more were in the bowl. Lemons in all?"),
    ("x $2-12", "{z} * {x}",
     "Roses are {x!} each. What do {z} cost?|How much is it for {z} at {x!} apiece?|{n} orders {z} cupcakes; one is {x!}. What does {n} pay?|At {x!} a bottle, how much are {z} bottles?|one ticket {x!}. i need {z}. total?|A single pen costs {x!} and the office wants {z}. What's the bill?"),
    ("a 30-90, b 2-6, c 2-5", "{a} - {b} * {c}",
     "{n} has {a} {i}, and gives {b} of them to each of {c} friends. How many are left?|{c} children take {b} cookies each from a plate of {a}. Cookies still on the plate?|A roll has {a} stickers. {b} go on every one of {c} boxes. How many remain on the roll?|From a stock of {a} bulbs we changed {b} in each of {c} rooms. How many bulbs do we still have?|How many of {a} sheets are left after {c} days on which {b} are used?|we had {a} tokens and played {c} games, {b} tokens a game. tokens left?"),
)  # fmt: skip
_MONEY: tuple[tuple[str, str, str], ...] = (
    ("s 20-900, r 5-80, c 3-40", "{s} + {r} * {c}",
     "I have {s!} now and put {r!} aside each week. What will be in the jar after {c} weeks?|{n} saves {r!} a month, starting from {s!}. How much is it {c} months later?|In {c} weeks, how much do I own if I start with {s!} and add {r!} weekly?|{r!} goes into the piggy bank every Friday. Today it holds {s!}. How much does it hold after {c} more Fridays?|savings {s!}, plus {r!} per month, {c} months. balance?|Grandma opened an account with {s!} for {n} and pays in {r!} every month. How much is in it after {c} such payments?"),
    ("r 5-60, c 3-30, e 20-400, s = r * c + e", "{s} - {r} * {c}",
     "There are {s!} on {n}'s card and {r!} are spent every day. What's left after {c} days?|I owe the bank {s!} and pay back {r!} a month. How much do I still owe in {c} months?|A gift card of {s!} loses {r!} with each lunch. How much is on it after {c} lunches?|{c} payments of {r!} have been made on a debt of {s!}. What is still open?|How much of {s!} remains if {n} takes out {r!} a week for {c} weeks?|holiday budget {s!}, {r!} a day, {c} days gone. what's left"),
    ("r 5-60, c 4-30, s 20-400, g = r * c + s", "missing = {g} - {s}; weeks = missing / {r}",
     "{n} wants {g!}, has {s!} and earns {r!} a week by babysitting. How many weeks will it take?|How many weeks must I save {r!} until the {s!} I have grow to {g!}?|A {thing} costs {g!}. I've got {s!} and can put away {r!} a month. How many months until I can buy it?|Already saved: {s!}. Goal: {g!}. Per month: {r!}. Months needed?|If {r!} come in each week and there is {s!} in the kitty, after how many weeks do we have {g!}?|The trip is {g!} per pupil; {n} has {s!} and gets {r!} for every lawn mowed. How many lawns have to be mowed?"),
    ("x $40-200, y $3-25, c 2-9", "total = {x} + {y}; each = total / {c}",
     "The meal was {x!}, we add {y!} as a tip, and there are {c} of us. What does each pay?|{c} people share a bill of {x!} and {y!} for delivery. How much per person?|What is one share if {c} of us split {x!} for food plus {y!} tip?|Delivery is {y!}, the food {x!}. {n} and friends, {c} people in all, split it evenly. What does {n} owe?|dinner {x!} + tip {y!}, {c} people. each?|We rented a boat for {x!} and paid {y!} for parking. Divide all that among {c} of us, please."),
    ("d 2-6, x $7-18, y $3-9, c 2-8", "total = {d} * {x} + {y}; each = total / {c}",
     "{c} friends order {d} pizzas at {x!} each; delivery is {y!}. How much does each friend pay?|We took {d} taxis for {x!} each and gave {y!} in tips altogether. We were {c} people. What's my share?|What does one of {c} housemates pay for {d} bags of coal at {x!} and {y!} for bringing them?|Delivery costs {y!} and a pizza {x!}. With {d} pizzas and {c} eaters, how much is it per head?|{d} tickets at {x!}, one booking fee of {y!}, split between {c} people. per person?"),
    ("x $30-260, p 5/10/12/15/18/20, c 2-8", "total = {x} * (100 + {p}) / 100; each = total / {c}",
     "Our bill is {x!}. We want to leave {p}% and there are {c} of us. How much does each pay?|Split {x!} plus a {p}% tip between {c} people.|With {p}% tip on {x!}, what does each of {c} guests pay?|{c} colleagues had lunch for {x!}; they tip {p}% and share evenly. What's one share?|what's my part if {c} of us pay {x!} and tip {p}%?|The waiter gets {p}% on top of the {x!}. {n} pays for one of {c} persons. How much is that?"),
    ("c 2-6, x $2-7, t 50/100/60/200", "{t} - {c} * {x}",
     "{n} buys {c} notebooks at {x!} each and pays with {t!}. How much change is there?|I hand over {t!} for {c} coffees that are {x!} apiece. What do I get back?|What's the change from {t!} if one sandwich is {x!} and I take {c}?|One ticket is {x!}. I buy {c} of them and put {t!} on the counter. Change?|{c} pots of basil, {x!} a pot. paid {t!}. change please|The baker has to give back how much when {n} gets {c} loaves at {x!} and gives {t!}?"),
    ("x $3-20, y $2-19, t 50/100/60", "{t} - {x} - {y}",
     "Bread and cheese cost {x!} and {y!}. I pay with {t!}; what comes back?|{n} has {t!}, spends {x!} on a book and {y!} on a snack. What's left?|I gave {t!} for a cable ({x!}) and a mouse ({y!}). How much change is due?|Out of {t!}, {y!} went on the bus and {x!} on lunch. What remains?|How much do I get back from {t!} after buying flowers at {x!} and a card at {y!}?|{t!} in my purse, minus {x!}, minus {y!}: how much do I have then?"),
    ("c 5-90, b 2-20, k 2-15, s = b + k", "{c} * ({s} - {b})",
     "{n} buys {c} {i} at {b!} each and sells them at {s!} each. What is the profit?|I get the mugs for {b!} and sell them for {s!}. How much do I make with {c} of them?|How much profit do {c} T-shirts bring if one sells for {s!} and costs me {b!}?|Selling price {s!}, cost {b!}, {c} pieces sold. Profit?|Our stand sold {c} lemonades at {s!}. Each cost us {b!} to make. What did we earn?|A dealer pays {b!} for a plant and gets {s!} for it. {c} plants went today. What's the gain?"),
    ("c 20-90, b 2-9, k 3-9, s = b + k, r 10-55", "margin = {s} - {b}; profit = {c} * margin - {r}",
     "{n} sold {c} cakes at {s!} each; one costs {b!} to bake and the stall was {r!}. What is the profit?|The stall fee is {r!}. I sell {c} candles for {s!}, and each of them cost me {b!}. How much do I really earn?|What's left for us if {c} shirts go for {s!} each, we pay {b!} a shirt, and the market takes {r!}?|{c} sales, {s!} a piece, {b!} material a piece, {r!} rent for the table. net gain?|After paying {r!} for the table, what do I gain on {c} bracelets bought at {b!} and sold at {s!}?"),
    ("a 400-1300, b 30-120, c 20-60, d 10-45", "{a} + {b} + {c} + {d}",
     "Rent {a!}, power {b!}, internet {c!}, phone {d!}. What do I pay a month?|Each month {n} pays {a!} for the flat, {b!} for heating, {c!} for the gym and {d!} for streaming. What is that in all?|My monthly costs: {d!} phone, {a!} rent, {c!} internet, {b!} electricity. Add them up.|How much are my fixed costs if rent is {a!}, insurance {c!}, power {b!} and water {d!}?|What goes out every month with {a!} rent, {b!} for the car, {c!} for the train pass and {d!} for music lessons?|fixed costs pls: {a!} rent + {b!} gas + {c!} web + {d!} mobile"),
    ("a 400-1300, b 30-120, c 20-60", "month = {a} + {b} + {c}; year = month * 12",
     "Rent is {a!} a month, power {b!} and internet {c!}. What does that make in a year?|What does {n} pay a year with {a!} for rent, {b!} for heating and {c!} for the phone, all monthly?|Per month: {b!} electricity, {c!} web, {a!} rent. And per year?|I pay {a!} for my room, {c!} for the gym and {b!} for the train each month. How much is it over twelve months?|yearly cost of {a!} rent + {b!} power + {c!} phone a month?|Monthly bills of {a!}, {b!} and {c!}: what do they come to in one year?"),
    ("t 18-32*100, a 500-1000, b 100-400, c 40-200", "costs = {a} + {b} + {c}; left = {t} - costs",
     "{n} earns {t!} a month. Rent is {a!}, food {b!}, the rest of the bills {c!}. What's left?|From {t!} pay I give {a!} for rent, {b!} for groceries and {c!} for the car. How much can I save?|My expenses are {a!}, {b!} and {c!}; my income is {t!}. What remains?|How much is over at the end of the month with {t!} coming in and {a!}, {b!} and {c!} going out?|income {t!}, rent {a!}, childcare {b!}, insurance {c!}. left?"),
    ("x $4-30, k 2-9, y = x * 12 - k", "{x} * 12 - {y}",
     "The app is {x!} a month or {y!} a year. How much do I save with the yearly plan?|What is the difference in a year between paying {x!} monthly and {y!} at once?|{n} pays {x!} every month; a year in advance is {y!}. How much cheaper is that over a year?|Annual ticket {y!}, monthly ticket {x!}. I'd use it for a whole year; what does the annual one save me?|monthly {x!} vs yearly {y!}, saving per year?"),
    ("d 50-400, c 6/12/24/36, x 10-90", "{d} + {c} * {x}",
     "{n} pays {d!} down and then {c} instalments of {x!}. What does the {thing} cost in all?|A sofa: {d!} now, then {x!} a month for {c} months. What's the full price?|How much do I pay altogether with {c} rates of {x!} and a first payment of {d!}?|{x!} a month for {c} months plus {d!} at the start. total?|The dealer wants {d!} at once and {x!} in each of the next {c} months; what do I pay in the end?"),
    ("c 6/12/24, x 20-90, k 15-90, g = c * x - k", "paid = {c} * {x}; more = paid - {g}",
     "A {thing} costs {g!} in cash or {c} payments of {x!}. How much more are the payments?|Paying {c} times {x!} instead of {g!} at once, what does that cost extra?|{n} pays {x!} a month for {c} months for something worth {g!}. How much too much is that?|The cash price is {g!}. By instalments it is {c} x {x!}. What's the extra cost?|how much do I lose with {c} rates of {x!} when it would be {g!} cash?"),
    ("x $4-60, c 2-9, v 2-7", "{c} * {x} - {v}",
     "{n} buys {c} shirts at {x!} each and has a voucher for {v!}. What is to pay?|I've a coupon worth {v!} off the whole order: {c} lamps, {x!} each. How much is it?|The order: {c} at {x!}. A gift card covers {v!} of it. What do I still pay?|Minus {v!} for returned bottles, what do {c} crates at {x!} cost?|{c} x {x!}, less {v!} credit. amount due?"),
    ("s 3-6, x $2-4, k 4-30", "{s} + {k} * {x}",
     "A taxi is {s!} to get in and {x!} per km. What does a ride of {k} km cost?|What do I pay for {k} km if the base fare is {s!} and each km is {x!}?|The ride was {k} km. {n} paid {x!} per km and {s!} on top as a fixed charge. How much was it?|{x!} a km + {s!} flat, {k} km. fare?|Our scooter app takes {s!} to unlock and {x!} a minute. We rode {k} minutes; what's the price?|A plumber charges {s!} for coming and {x!} for each minute of work. What is a job of {k} minutes?"),
    ("s $2-5, x $2-4, h 3-12", "more = {h} - 1; price = {s} + more * {x}",
     "Parking: {s!} for the first hour, {x!} for every further one. What are {h} hours?|The first hour of a rented kayak is {s!}, any other hour {x!}. I stay out {h} hours. How much is it?|What does {n} pay for {h} hours if hour one costs {s!} and each one after it {x!}?|{h} hours in the garage, the first {s!}, then {x!} an hour. what do I pay?|We were {h} hours at the rink; it's {s!} for one hour and {x!} for each extra hour. What did it cost?"),
    ("h 35-42, e 2-12, x 10-40, k 4-15, y = x + k", "normal = {h} * {x}; extra = {e} * {y}; pay = normal + extra",
     "{n} worked {h} hours at {x!} and {e} hours of overtime at {y!}. What is the pay?|Overtime is {y!} an hour, normal hours are {x!}. I did {h} normal ones and {e} of overtime. How much do I get?|What do I earn with {h} hours at {x!} each plus {e} extra hours at {y!} each?|{e} hours on Sunday at {y!}, {h} hours on weekdays at {x!}: weekly wage?|A nurse gets {x!} an hour, {y!} at night. This week: {h} hours by day, {e} by night. Pay?"),
    ("h 35-42, e 2-12, x 10-40", "normal = {h} * {x}; extra = {e} * {x} * 2; pay = normal + extra",
     "{n} gets {x!} an hour for {h} hours and double for {e} hours on Sunday. What is the pay?|My wage is {x!}. I worked {h} hours and another {e} at double pay. How much is it together?|Sunday counts double. {e} hours on Sunday and {h} from Monday to Friday at {x!} an hour make how much?|Pay check: {x!} an hour, {h} hours, and {e} more on a holiday, which pay double?|What does a week of {h} normal hours and {e} hours at twice the rate bring, at {x!} an hour?"),
    ("h 35-42, e 2-12, x 10-40", "normal = {h} * {x}; extra = {e} * {x} * 1.5; pay = normal + extra",
     "{h} regular hours at {x!}, then {e} hours at time and a half. What does {n} earn?|I work {h} hours for {x!} each, and overtime is paid 1.5 times that. With {e} hours of overtime, what's my pay?|Overtime counts one and a half times. {n} had {e} hours of it besides the usual {h}; the wage is {x!} an hour. Total pay?|what's my check: {x!}/hour, {h} hours, plus {e} hours at 1.5x|How much is {h} hours of work plus {e} overtime hours (50% more) at {x!} an hour?"),
    ("x 12-60, c 4-8, d 3-6", "hours = {c} * {d}; pay = hours * {x}",
     "{n} works {c} hours on {d} days for {x!} an hour. What's the weekly pay?|At {x!} an hour, what do {d} shifts of {c} hours bring?|My job: {d} days a week, {c} hours a day, {x!} per hour. Pay per week?|How much do I earn in a week if a shift is {c} hours, I have {d} shifts and get {x!} an hour?|The gardener came {d} times and stayed {c} hours each time. One hour is {x!}. What do we owe?"),
    ("t 10-60*1200", "{t} / 12",
     "{n} makes {t!} a year. How much is that per month?|My yearly salary is {t!}; what do I get each month?|What is {t!} a year on a monthly basis?|They offer {t!} per annum. Per month, please.|a year's rent of {t!}, how much monthly?|The insurance takes {t!} a year, in twelve equal parts. How much is each part?"),
    ("x $2-9, c 3/6/9/12/15", "free = {c} // 3; price = ({c} - free) * {x}",
     "Every third mug is free. One is {x!} and {n} takes {c}. What is to pay?|Buy two, get one free: what do {c} jars at {x!} cost?|With three for the price of two, how much are {c} shampoos that cost {x!} each?|Socks are {x!} a pair and each third pair costs nothing. I take {c} pairs. Total?|3 for 2 deal, {c} bottles, {x!} the bottle. what do i pay"),
    ("x 8-90*2, p 20/25/30/50/60/75", "second = {x} * (100 - {p}) / 100; total = {x} + second",
     "The second pair is {p}% off. One pair costs {x!}. What do I pay for two?|Buy one at {x!}, get another with {p}% off. How much for both?|{n} takes two jackets at {x!} each; on the second one there's a {p}% discount. What's the total?|How much are two lamps at {x!} each if the second one is reduced by {p}%?|one at full price ({x!}), the second {p}% cheaper. both together?"),
    ("x 20-400, p 10/15/20/25/30/40, q 5/7/8/10/19/20", "reduced = {x} * (100 - {p}) / 100; price = reduced * (100 + {q}) / 100",
     "A {thing} is {x!}, {p}% off, and then {q}% tax is added. What do I pay?|First {p}% discount, then {q}% sales tax, on a price of {x!}. Final price?|{n} buys boots for {x!} with {p}% off; tax is {q}% of the reduced price. What's the final amount?|What does something for {x!} cost after {p}% off and with {q}% tax on what's left?|list price {x!}, minus {p}%, plus {q}% VAT. how much?|The tax of {q}% comes on top after the shop takes {p}% off the {x!}. How much is it in the end?"),
    ("x 20-900, p 5/10/15/20/25/30/40/70", "{x} * (100 - {p}) / 100",
     "A coat for {x!} is {p}% off. What does it cost now?|What do I pay for a {thing} of {x!} with {p}% off?|{p}% discount on {x!}: new price?|The flight was {x!}; as a student {n} gets it {p}% cheaper. How much is it for {n}?|Everything must go: minus {p}%. What would a {thing} at {x!} be?|i have a {p}% code. cart is {x!}. what will i pay"),
    ("x 20-900, p 5/10/15/20/25/30/40", "{x} * {p} / 100",
     "How much do I save with {p}% off a price of {x!}?|{n} gets {p}% off on a {thing} at {x!}. How much is the discount?|The list price is {x!}, the rebate {p}%. How much money is the rebate?|They take {p}% off {x!}. By how much does it get cheaper?|{x!}, {p}% reduction: what's the saving?"),
    ("x 300-1900, p 2/3/4/5/6/8/10", "{x} * (100 + {p}) / 100",
     "My rent of {x!} goes up by {p}%. What's the new rent?|{n} earns {x!} and gets a raise of {p}%. What's the new pay?|Prices rise {p}%. What will something cost that is {x!} now?|After an increase of {p}%, what becomes of a fee of {x!}?|{x!} plus {p}%?|The course was {x!} last year and is {p}% dearer this year. How much is it?"),
    ("x 3-90*100, p 1/1.5/2/2.5/3/4/5", "{x} * {p} / 100",
     "How much interest do {x!} bring in a year at {p}%?|{n} puts {x!} in the bank at {p}% a year. What's the interest after one year?|Interest on {x!}, {p}% per year, one year?|The bank pays {p}% a year. How much do I get for my {x!} after a year?|A loan of {x!} costs {p}% interest a year. How much is the interest for the first year?"),
    ("x 3-90*100, p 1/1.5/2/2.5/3/4/5", "interest = {x} * {p} / 100; balance = {x} + interest",
     "{n} has {x!} in an account with {p}% interest a year. What's in it after one year?|What do {x!} become in a year at {p}%?|I lend {m} {x!} for a year at {p}%. How much do I get back in all?|At {p}% a year, what is the balance a year from now if {x!} are in the account today?|deposit {x!}, rate {p}%, 1 year, final amount?"),
    ("x 3-90*100, p 2/3/4/5/6/8, u 2/3/4/6/8/9", "year = {x} * {p} / 100; interest = year * {u} / 12",
     "What's the interest on {x!} for {u} months at {p}% a year?|{n} borrows {x!} for {u} months; the rate is {p}% per year. How much interest is due?|The rate is {p}% a year, but I need the {x!} only for {u} months. What interest do I pay?|{p}% p.a. on {x!}, {u} months. interest?|How much do {x!} earn in {u} months with a yearly interest of {p}%?"),
    ("x 20-900, r 1.08/1.1/1.17/1.25/0.92/0.85/7.8/11.2/150", "{x} * {r}",
     "One euro is {r} francs. How many francs are {x} euros?|I change {x} pounds at a rate of {r}. What do I get?|{n} has {x} dollars and gets {r} of the local money for each. How much is it in local money?|At {r} per dollar, how much are {x} dollars?|rate {r}, {x} euros to change. result?|The bank gives {r} kroner for a franc. What do I get for {x} francs?"),
    ("x 20-900, r 1.08/1.1/1.25/7.8/11.2/20/150", "{x} / {r}",
     "One dollar is {r} pesos. How many dollars are {x} pesos?|A hotel costs {x} kroner and I get {r} kroner for a euro. What's that in euros?|{n} pays {r} francs for one pound. How many pounds do {x} francs buy?|The menu says {x} baht; one euro is {r} baht. How many euros is the meal?|price {x} in local money, {r} local for one dollar. in dollars?"),
    ("x 60-900, r 1.08/1.1/1.25/7.8/11.2, v 3-15", "rest = {x} - {v}; money = rest * {r}",
     "{n} changes {x} euros at {r} dollars each, and the desk keeps {v} euros as a fee first. How many dollars does {n} get?|Before changing, {v} dollars are taken off my {x} dollars as a fee; the rate is {r} francs for a dollar. How many francs do I get?|The counter takes {v} pounds from the {x} pounds I bring and gives {r} crowns for each pound that's left. How many crowns?|bring {x} euros, minus {v} euros fee, then times {r} pesos per euro. pesos?|What are {x} euros in crowns at {r} crowns per euro, after {v} euros have been kept as a fee?"),
    ("a 4-12, k 2-5, u 1-3, x = a * k + u, b 13-30, y = b + u", "first = {x} / {a}; second = {y} / {b}; difference = first - second",
     "{a} eggs cost {x!} and {b} eggs cost {y!}. By how much is one egg dearer in the small pack?|Pack one: {a} for {x!}. Pack two: {b} for {y!}. How much is the price per piece of the first minus that of the second?|What is the difference in price per unit between {a} rolls for {x!} and {b} rolls for {y!}, first minus second?|I can take {a} batteries for {x!} or {b} for {y!}; subtract the price of one in the second pack from that in the first.|{n} pays {x!} for {a} cans; the big box is {y!} for {b}. How much does {n} lose on every can by taking the small amount?"),
    ("g 150/200/250/300/400/450/500/750/800, x $2-12", "{x} / {g} * 1000",
     "{g} g of cheese cost {x!}. What's that per kg?|What is the price of a kilo when {g} grams are {x!}?|A jar of {g} g is {x!}. {n} wants the price per kilogram.|The label says {x!} for {g} g. How much is 1 kg?|{x!} / {g} g, price per kilo?|I paid {x!} for {g} grams of coffee. How much would a kilo have been?"),
    ("x $4-30, g 150/200/250/300/350/600/750", "{x} * {g} / 1000",
     "Cheese is {x!} a kilo. What do {g} g cost?|{n} takes {g} grams of ham at {x!} per kg. What's the price?|How much is it for {g} g if a kilogram costs {x!}?|I need {g} g of nuts, and the kilo price is {x!}. What will I pay?|{x!}/kg, {g} g in the bag. price?|One kg of the tea is {x!}; the scale shows {g} g. How much is that?"),
    ("u 2-150*20, h 2-9, x 0.25/0.3/0.32/0.35/0.4", "energy = {u} * {h} / 1000; cost = energy * {x}",
     "A heater of {u} watts runs {h} hours. What does it cost at {x} per kWh?|Power is {x} a kilowatt hour. What do {h} hours with a {u} W device cost?|What's the cost of running {u} watts for {h} hours if 1 kWh costs {x}?|{n}'s oven takes {u} W and was on for {h} hours; a kWh is {x}. Cost?|{u} W lamp, {h} hours, {x} per kWh. what does that cost"),
    ("c 40-900, x 4-25", "{c} * {x} / 100",
     "A copy is {x} cents. How many dollars are {c} copies?|What do I pay in euros for {c} prints at {x} cents each?|{n} sends {c} texts at {x} cents. How much is that in dollars?|{c} bottles with a deposit of {x} cents each: how many euros do I get back?|{x} cents a sheet, {c} sheets, total in dollars?"),
)  # fmt: skip
_UNITS: tuple[tuple[str, str, str], ...] = (
    ("a 150-330, b 150-330, c 150-330", "seconds = {a} + {b} + {c}; minutes = seconds / 60",
     "Three songs last {a}, {b} and {c} seconds. How many minutes is that?|My playlist has songs of {a} s, {b} s and {c} s. How long is it in minutes?|How many minutes are {a} seconds, {b} seconds and {c} seconds together?|{n} plays three pieces: {a}, {b} and {c} seconds. Minutes in all?|clips of {a}, {b} and {c} seconds, total length in minutes?|I cut a film of three scenes, {a} seconds, {b} seconds and {c} seconds long. What is its length in minutes?"),
    ("h 2-9, u 2-58, s 2-58", "{h} * 3600 + {u} * 60 + {s}",
     "How many seconds are {h} hours, {u} minutes and {s} seconds?|{n} ran for {h} h {u} min {s} s. What's that in seconds?|A film lasts {h} hours {u} minutes and {s} seconds; I need it in seconds.|Turn {h} hours {u} minutes {s} seconds into seconds.|{h} h, {u} min, {s} s -> s?|The race was won in {h} hours, {u} minutes and {s} seconds. How many seconds did it take?"),
    ("u 2-12, s 2-58", "{u} * 60 + {s}",
     "How many seconds has a song of {u} minutes and {s} seconds?|A lap took {u} min {s} s. How many seconds is that?|{n} holds a plank for {u} minutes {s} seconds. In seconds?|The egg should boil {u} minutes and {s} seconds, but my timer only knows seconds. What do I set?|{u} minutes {s} seconds in seconds please"),
    ("t 4000-90000", "hours = {t} // 3600; minutes = {t} % 3600 // 60; seconds = {t} % 60; print(hours, minutes, seconds)",
     "How many hours, minutes and seconds are {t} seconds?|The timer shows {t} s. Say it in hours, minutes and seconds.|{n}'s video has {t} seconds. How long is it in h, min and s?|{t} seconds -> hours, minutes, seconds|Break {t} seconds down into hours, minutes and seconds.|The log says the job ran {t} seconds. I'd like that as hours, minutes and the seconds left."),
    ("t 70-900", "print({t} // 60, {t} % 60)",
     "A film has {t} minutes. How many hours and minutes is that?|{t} minutes as hours and minutes?|{n} was online for {t} minutes. What's that in full hours and remaining minutes?|The roast needs {t} minutes; tell me the hours and the minutes.|How many whole hours are in {t} minutes, and how many minutes remain?"),
    ("h 2-9, u 5-55, a 5-90", "{h} * 60 + {u} + {a}",
     "The drive takes {h} hours {u} minutes, plus a break of {a} minutes. How many minutes in all?|{n} worked {h} h and {u} min and then {a} minutes more. What's the total in minutes?|How many minutes are we away if the hike is {h} hours and {u} minutes and lunch {a} minutes?|a break of {a} minutes and a flight of {h} hours {u} minutes: minutes together?|The cake needs {a} minutes of mixing, then {h} hours and {u} minutes of rest. How many minutes until it's done?"),
    ("c 3-20, u 15/20/25/35/40/45/50/55/75/90", "{c} * {u} / 60",
     "A lesson is {u} minutes. How many hours are {c} lessons?|{n} watches {c} episodes of {u} minutes each. How many hours is that?|{c} meetings, {u} minutes each. hours?|How many hours did I train if I went {c} times for {u} minutes?|Each of {c} patients gets {u} minutes. How many hours does the doctor need?"),
    ("a 15-90, h 2-6, d 5-12", "minutes = {a} * {d}; hours = minutes / 60",
     "{n} practises {a} minutes a day. How many hours is that in {d} days?|I ride {a} minutes daily; what's that in hours over {d} days?|In {d} days at {a} minutes per day, how many hours do I read?|{a} min of stretching per day, {d} days, in hours?|The pump is on {a} minutes each day. After {d} days, how many hours has it run? There are {h} pumps in the cellar, but I mean just this one."),
    ("d 2-20, h 2-23", "{d} * 24 + {h}",
     "How many hours are {d} days and {h} hours?|The parcel was under way for {d} days and {h} hours. In hours?|{n} sailed {d} days {h} hours. How many hours was that?|A battery lasted {d} days plus {h} hours; what's that in hours?|{d} d {h} h in hours"),
    ("k 1.5/2.25/2.5/2.75/3/3.5/4.25/5, g 50/125/250", "grams = {k} * 1000; portions = grams / {g}",
     "How many portions of {g} g can be made from {k} kg?|{k} kg of rice are packed in bags of {g} g. How many bags?|I have {k} kilos of dough and each roll takes {g} g. How many rolls do I get?|A portion is {g} grams. For how many portions are {k} kg enough?|{n} divides {k} kg of meat into pieces of {g} g. How many pieces?|{g} g per dog per meal, {k} kg in the sack: how many meals?"),
    ("k 1.5/3/4.5/6/7.5/9, g 100/150/250/300/500", "{k} * 1000 / {g}",
     "How many glasses of {g} ml can be poured from {k} liters?|{k} liters of soup, {g} ml in a bowl. How many bowls?|A cup is {g} ml. {n} has {k} l of tea. How many cups does that make?|The can holds {k} liters and every plant gets {g} ml. How many plants can I water?|Each guest drinks {g} ml. For how many guests do {k} liters last?|{g} ml bottles, {k} l of syrup, how many bottles can i fill"),
    ("c 3-40, g 100/150/180/250/330/400/750", "{c} * {g} / 1000",
     "{c} bottles hold {g} ml each. How many liters is that?|How many liters are {c} glasses of {g} ml?|{n} drinks {g} ml of water {c} times. How much is that in liters?|One dose of plant food is {g} ml. I need {c} doses; how many liters do I buy?|{c} x {g} ml in liters?"),
    ("c 3-60, g 85/120/150/240/350/450/800", "{c} * {g} / 1000",
     "{c} apples of {g} g each weigh how many kg?|A book is {g} grams. How many kilos do {c} of them weigh?|{n} carries {c} cans with {g} g each. What's the weight in kg?|How heavy, in kilograms, is a box with {c} candles of {g} g?|{g} g apiece, {c} pieces, total kg?"),
    ("k 2-9, u 2-9*50, e 2-9*100", "grams = {u} + {e}; total = {k} + grams / 1000",
     "A suitcase is {k} kg, and I add shoes of {e} g and a book of {u} g. How many kg is it now?|What do {k} kg, {u} g and {e} g make in kilograms?|{n} buys {k} kg of potatoes, {u} g of mushrooms and {e} g of onions. How many kg are in the bag?|{e} grams of flour and {u} grams of butter join {k} kilos of apples. Total in kg?|parcel: {k} kg + {u} g + {e} g, kg in all?"),
    ("k 2-8*2, d 200/250/400/500", "{k} * 1000 / {d}",
     "One lap is {d} m. How many laps are {k} km?|{n} wants to run {k} km on a track of {d} m. How many rounds is that?|How many times must I go around a {d} m loop to get {k} km?|{k} km of swimming, {d} m for a round in the lake. Rounds?|The route is {k} km long with a sign every {d} m. How many such stretches are there?"),
    ("c 5-60, d 25/50/200/300/400", "{c} * {d} / 1000",
     "{n} swims {c} lanes of {d} m. How many km is that?|{c} rounds at {d} meters each, in kilometers?|How many km did I run with {c} laps of {d} m?|The pool is {d} m long and I did {c} lengths. How far is that in km?|{d} m track, {c} times around. km?"),
    ("k 2-15*2, c 20/25/40/50", "{k} * 100 / {c}",
     "A ribbon of {k} m is cut into pieces of {c} cm. How many pieces?|How many {c} cm strips do I get from {k} meters of cloth?|{n} has {k} m of wire and needs {c} cm for each ring. For how many rings does it last?|Each shelf takes {c} cm of edging; the roll is {k} m. How many shelves can I do?|{k} m / {c} cm, how many pieces"),
    ("t 3-15*1000, c 60-85", "cm = {t} * {c}; km = cm / 100000",
     "{n} walks {t} steps of {c} cm. How many km is that?|My step is {c} cm long and the watch shows {t} steps. How far did I go in km?|How many kilometers are {t} steps at {c} cm each?|{t} steps, {c} cm per step, distance in km?|With a stride of {c} cm, what distance in km do {t} strides make?"),
    ("v 18/27/36/45/50/54/72/80/90/100/108/120/130/144", "{v} / 3.6",
     "A car goes {v} km/h. How many meters per second is that?|{v} km/h in m/s?|{n} cycles at {v} km per hour. How many meters does {n} cover in a second?|How many m/s is a wind of {v} km/h?|I need a speed of {v} km/h as meters per second.|The horse runs {v} kilometers an hour; what's that in meters a second?"),
    ("v 3-45", "{v} * 3.6",
     "The wind blows at {v} m/s. How many km/h is that?|{v} m/s in km/h?|A sprinter runs {v} meters a second. What's that in kilometers per hour?|How fast is {v} m/s in km/h?|{n} skates {v} meters per second. Give it in km per hour.|The lift goes {v} m/s, what would that be in km/h"),
    ("v 5-120", "{v} * 1.609",
     "A mile is 1.609 km. How many km are {v} miles?|How many kilometers is a trip of {v} miles, at 1.609 km a mile?|The sign says {v} miles. What's that in km if one mile has 1.609 km?|{n} drove {v} miles; take 1.609 km for a mile. Kilometers?|speed limit {v} mph, with 1.609 km per mile: what is it in km/h"),
    ("v 5-300", "{v} / 1.609",
     "A mile is 1.609 km. How many miles are {v} km?|{n} ran {v} km. What's that in miles, with 1.609 km per mile?|How many miles to go if the map says {v} kilometers and a mile is 1.609 km?|{v} km/h on the dial; at 1.609 km to the mile, how many mph?|Give me {v} km in miles (1 mile = 1.609 km)."),
    ("v 10-42", "{v} * 9 / 5 + 32",
     "It is {v} degrees Celsius. What's that in Fahrenheit?|{v} °C in °F?|The forecast for our trip says {v} Celsius; my aunt only knows Fahrenheit. What do I tell her?|How many degrees Fahrenheit are {v} degrees Celsius?|My pool has {v} °C. How much Fahrenheit is it?|The thermometer in {n}'s room shows {v} Celsius, in Fahrenheit please."),
    ("v 35-110", "({v} - 32) * 5 / 9",
     "It's {v} degrees Fahrenheit outside. What is that in Celsius?|{v} °F in °C?|An American recipe wants the milk at {v} Fahrenheit. How many degrees Celsius?|How warm is {v} °F in Celsius?|{n} in Texas says it's {v} Fahrenheit today. How much is it on my Celsius thermometer?|the package says store below {v} °F, what's that in °C"),
    ("a 3-20, b 4-30", "{b} - (-{a})",
     "At night it was -{a} degrees, at noon {b}. By how much did it get warmer?|It is {b} degrees inside and -{a} outside. What's the difference?|From -{a} to {b} degrees: what's the rise?|How many degrees lie between -{a} and {b}?|{n}'s freezer went from -{a} to {b} degrees when the power failed. How many degrees is that?"),
)  # fmt: skip
_WAY: tuple[tuple[str, str, str], ...] = (
    ("v 4-130, h 2-9", "{v} * {h}",
     "{n} drives {h} hours at {v} km/h. How far is that?|How many km do I get in {h} hours at {v} km/h?|A ship goes {v} km an hour. Where is it after {h} hours, in km from the port?|At a speed of {v} km/h we were under way for {h} hours. Distance?|{h} h at {v} km/h, km?|What distance does a train cover in {h} hours with {v} km per hour?"),
    ("v 4-130, h 2-9, d = v * h", "{d} / {v}",
     "{n} has to drive {d} km at {v} km/h. How many hours does it take?|How long do I need for {d} km at {v} km/h?|At {v} km/h, when am I there if it's {d} km? In hours, please.|The trail is {d} km, we make {v} km in an hour. Hours needed?|{d} km, average {v} km/h, hours?|A boat with a speed of {v} km/h goes to an island {d} km away. How many hours is the trip?"),
    ("v 4-130, h 2-9, d = v * h", "{d} / {h}",
     "{n} covered {d} km in {h} hours. How fast was that?|What's the average speed for {d} km in {h} hours?|It took us {h} hours to get {d} km. km/h?|In {h} hours the ferry makes {d} km. What is its speed?|{d} km / {h} hours of riding. average?|We needed {h} hours for the {d} km to the sea. How many km per hour is that?"),
    ("d 5-90, v 12/15/20/25/30/40/50/60/80/90", "hours = {d} / {v}; minutes = hours * 60",
     "How many minutes do I need for {d} km at {v} km/h?|{n} rides {d} km with {v} km/h. How many minutes is that?|At {v} km/h, how many minutes does a way of {d} km take?|The office is {d} km away and the bus does {v} km/h. Minutes?|{d} km, {v} km/h, travel time in minutes?"),
    ("v 12-130, u 10/15/20/30/40/45/50/75/90", "hours = {u} / 60; distance = {v} * hours",
     "How far do I get in {u} minutes at {v} km/h?|{n} drives for {u} minutes with {v} km/h. How many km is that?|At {v} km/h, what distance are {u} minutes?|{u} min at {v} km/h, how many km|The tram has {v} km/h on average and I'm on it for {u} minutes. How long is my way in km?"),
    ("a 3-90, b 3-90, c 3-90, h 2-6", "{a} + {b} + {c}",
     "We walked {a} km, {b} km and {c} km on three days. How far is that altogether?|{n} cycled {a} km, then {b} km, then {c} km, all in {h} hours. How many km in all?|Stage one: {a} km, stage two: {b} km, stage three: {c} km. How long is the tour?|How far is it from home to work ({a} km), on to the gym ({b} km) and back home ({c} km)?|drove {a}, {b} and {c} km today. total?"),
    ("d 3-40, c 3-6, v 2-12", "day = {d} * 2; total = day * {c} * {v}",
     "My way to work is {d} km. How far do I drive in {v} weeks if I go there and back {c} times a week?|{n} takes the bike to school, {d} km each way, {c} days a week. How many km is that in {v} weeks?|{d} km there, {d} km back, {c} times a week. And in {v} weeks?|In {v} weeks with {c} round trips a week, how many km is it, if one way is {d} km?|one way {d} km, both ways {c} days per week, {v} weeks. km total?"),
    ("l 4-12, t 2-90*10", "{t} / 100 * {l}",
     "The car takes {l} liters per 100 km. How many liters are needed for {t} km?|How much fuel for {t} km at {l} l/100 km?|{n} drives {t} km; the van uses {l} liters for 100 km. How much does it use?|Our trip: {t} km. Consumption: {l} liters on 100 km. Fuel needed?|{l} l per 100 km, trip of {t} km, liters?"),
    ("l 4-12, t 2-90*10, x 1.45/1.5/1.62/1.79/1.85/2.05/2", "liters = {t} / 100 * {l}; cost = liters * {x}",
     "The car needs {l} liters per 100 km and a liter is {x!}. What do {t} km cost?|What does the fuel for {t} km cost at {x!} a liter and {l} l/100 km?|{n} drives {t} km. Gas is {x!} a liter, the car takes {l} liters per 100 km. Cost?|Fuel is {x!} per liter. My bus uses {l} liters on 100 km. How much money is a trip of {t} km?|{t} km, {l} l/100 km, {x!}/l. total fuel cost?"),
    ("l 4-12, t 30-90, x 1.45/1.5/1.62/1.79/1.85/2.05, c 2-5", "cost = {t} * {x}; each = cost / {c}",
     "{c} friends share the fuel: {t} liters at {x!} a liter. What does each pay?|I filled {t} liters at {x!} and {c} of us share that. How much is one share?|What's each person's part of {t} liters at {x!} per liter if {c} people split it?|Gas for the tour was {t} liters, {x!} each. Split by {c}?|At {x!} per liter {n} took {t} liters and shares the cost among {c} riders. What does one rider pay?"),
    ("u 30-70, l 4-12", "{u} / {l} * 100",
     "How far do I get with {u} liters if the car takes {l} liters per 100 km?|The tank has {u} liters, the use is {l} l per 100 km. What's the range in km?|{n}'s car uses {l} liters for 100 km. How many km are {u} liters good for?|With {l} liters per 100 km, for how many km will a full tank of {u} liters last?|tank {u} l, {l} l/100 km, range?"),
    ("u 20-60, t 25-90*10", "{u} / {t} * 100",
     "We used {u} liters on {t} km. How many liters per 100 km is that?|After {t} km {n} fills in {u} liters. What's the use per 100 km?|What does the car take for 100 km if {t} km needed {u} liters?|{u} l for {t} km, l/100 km?|My van drank {u} liters of diesel on a trip of {t} km. Consumption for 100 km?"),
    ("a 20-90, b 20-90, h 2-6", "({a} + {b}) * {h}",
     "Two cars leave from the same place in opposite directions, at {a} and {b} km/h. How far apart are they after {h} hours?|{n} goes north with {a} km/h and {m} south with {b} km/h. What's between them after {h} hours, in km?|After {h} hours, how many km are between two trains that leave a station in opposite directions at {a} km/h and {b} km/h?|One bike goes east at {a} km/h, another west at {b} km/h, both from here. Distance after {h} hours?|away from each other: {a} km/h and {b} km/h, for {h} hours. km between them?"),
    ("a 50-90, k 5-40, h 2-6, b = a + k", "({b} - {a}) * {h}",
     "{n} drives {b} km/h and {m} {a} km/h, same start, same direction. How far ahead is {n} after {h} hours?|A car at {b} km/h and a truck at {a} km/h start together on the same road. What's the gap after {h} hours?|By how many km is a train with {b} km/h ahead of one with {a} km/h after {h} hours on the same line?|same road, same start: {b} km/h vs {a} km/h. gap after {h} hours?|In {h} hours, how much farther does somebody get with {b} km/h than with {a} km/h?"),
)  # fmt: skip
_HOME: tuple[tuple[str, str, str], ...] = (
    ("a 3-25, b 3-15", "{a} * {b}",
     "A room is {a} m long and {b} m wide. How many square meters is it?|{n} lays a lawn of {a} by {b} meters. How much lawn is that in square meters?|What's the area of a terrace {b} m wide and {a} m long?|The wall measures {a} m by {b} m; how many square meters do I paint?|floor {a} x {b} m, area?|How much plastic sheet covers a bed of {a} m times {b} m, in square meters?"),
    ("a 5-60, b 4-40", "2 * ({a} + {b})",
     "How much fence goes around a garden of {a} m by {b} m?|The meadow is {a} m long and {b} m wide. How long is the fence around it?|{n} hangs a string of lights all around a hall of {a} by {b} m. How long must it be?|I want a border around a bed {b} m wide and {a} m long. How many meters of border?|skirting board for all four sides of a room {a} m x {b} m, how many meters?|Once around the {a} m by {b} m field, how far is that?"),
    ("a 8-60, b 5-40, g 2-4, x $6-40", "around = 2 * ({a} + {b}); fence = around - {g}; cost = fence * {x}",
     "A garden of {a} by {b} m gets a fence all around except for a gate of {g} m. One meter of fence is {x!}. What does the fence cost?|Fence is {x!} a meter. The yard is {a} m by {b} m and {g} m stay open for the drive. How much do I pay?|What does {n} pay for a fence at {x!} per meter around {a} m x {b} m, with {g} m left out for the gate?|The paddock has {a} m and {b} m sides, {g} m of the edge need no wire. Wire costs {x!} a meter; total?|hedge plants for {x!} a meter, plot {a} x {b} m, hedge on all sides except {g} m for the gate. cost?"),
    ("a 3-9, b 2-6, x $8-40", "area = {a} * {b}; cost = area * {x}",
     "Carpet is {x!} per square meter. What does it cost for a room of {a} m by {b} m?|A floor {a} m long and {b} m wide gets boards at {x!} a square meter. Price?|What will {n} pay for turf on {a} by {b} meters at {x!} per square meter?|Parquet for {a} m x {b} m, {x!} per square meter. total?|My kitchen is {b} m wide and {a} m long; the tiles are {x!} for a square meter. How much is the floor?"),
    ("a 2-9, b 2-6, s 20/25/30/40/50", "area = {a} * 100 * {b} * 100; tiles = math.ceil(area / ({s} * {s}))",
     "A floor of {a} by {b} m gets square tiles of {s} cm. How many tiles are needed if none is wasted?|How many {s} cm by {s} cm tiles cover {a} m times {b} m?|The tiles are {s} cm x {s} cm and the wall is {a} m wide and {b} m high. How many do I buy, going by area?|{n} tiles a terrace, {a} m long and {b} m wide, with slabs of {s} by {s} cm. Going by the area, how many slabs?|{s} x {s} cm stickers on a board of {a} x {b} m, side by side by area, how many?"),
    ("a 4-14, h 2-4, c 6-12, x 2-3", "area = {a} * {h} * {x}; liters = area / {c}",
     "A wall {a} m long and {h} m high gets {x} coats of paint. A liter covers {c} square meters. How many liters?|How much paint do I need, in liters, for {x} coats on {a} m by {h} m, if one liter is good for {c} square meters?|One liter covers {c} square meters. {n} paints a fence of {a} m times {h} m, {x} coats. Liters needed?|paint: {c} sqm per liter, wall {a} m x {h} m, {x} coats. liters?|Each liter is enough for {c} square meters. The barn side is {a} m by {h} m and wants {x} coats. What do I buy, in liters?"),
    ("a 3-8, b 2-6, h 2.4/2.5/2.6/2.75/3", "around = 2 * ({a} + {b}); walls = around * {h}",
     "A room is {a} m by {b} m and {h} m high. How many square meters are the four walls together?|What's the area of all four walls of a {a} by {b} m room with a height of {h} m?|{n} wants to paint the walls, not the ceiling, of a room {a} m long, {b} m wide and {h} m high. How many square meters?|walls of a room: {a} x {b} m floor, {h} m high. wall area in total, doors not counted?|Wallpaper on all four walls: the room is {h} m high, {a} m long and {b} m wide. How many square meters does it take?"),
    ("a 2-12, b 2-9, h 1.5/2/0.5/1.2/2.5", "volume = {a} * {b} * {h}; liters = volume * 1000",
     "A pool is {a} m long, {b} m wide and {h} m deep. How many liters of water does it take?|A pit of {a} by {b} m is dug {h} m deep. How many liters fit in?|How many liters are in a tank {a} m x {b} m x {h} m?|{n} fills a pond, {b} m wide, {a} m long, {h} m deep. Liters of water?|sandbox {a} m x {b} m, {h} m deep. how many liters of sand"),
    ("a 4/4/4/2/6/3, b 5-14, g 20-90*5", "one = {g} / {a}; amount = one * {b}",
     "The recipe for {a} people takes {g} g of pasta. How much for {b}?|{g} g of flour are for {a} persons; we're {b}. How many grams do we need?|How many grams of rice do I need for {b} people if {a} people eat {g} g?|{n} cooks for {b}. The book says {g} g of lentils for {a}. What's the right amount?|for {a}: {g} g of sugar. for {b}: ?|I have to feed {b} guests and my recipe, made for {a}, wants {g} g of butter. How much butter?"),
    ("b 2-9, e 2-6, g 2-9*50, u 6-30", "{b} * {e}",
     "One cake takes {e} eggs and {g} g of sugar. How many eggs go into {b} cakes?|For a cake I use {g} g of sugar and {e} eggs, and it bakes {u} minutes. How many eggs are needed for {b} cakes?|{n} bakes {b} cakes, each with {e} eggs. How many eggs must {n} buy?|How many eggs for {b} omelettes if one takes {e}?|eggs per loaf {e}, loaves {b}. eggs?"),
    ("k 5-30, e 2-6, u 2-9, t = k * e + u", "{t} // {k}",
     "One pancake takes {k} g of sugar. There are {t} g. How many whole pancakes can I make?|How many full trays can {n} bake with {t} g of nuts if a tray takes {k} g?|I have {t} buttons and a shirt takes {k}. How many shirts can I finish?|{t} beads, {k} for a bracelet. complete bracelets?|From {t} planks I build sheds, {k} planks a shed. How many complete sheds?"),
    ("a 2-5, b 6-9, u 4-60, t = a * u + b * u", "parts = {a} + {b}; first = {t} / parts * {a}",
     "{t} ml of paint are mixed from blue and yellow in the ratio {a}:{b}. How much blue is that?|Mix sand and gravel {a}:{b}. I need {t} kg in all. How many kg of sand?|{n} and {m} share {t!} in the ratio {a}:{b}. What does {n} get?|In a choir of {t} the men and women are {a}:{b}. How many men?|Juice and water {a}:{b}, {t} ml in total. How many ml of juice?|{t!} go to {n} and {m} as {a} to {b}. {n}'s part?"),
    ("a 2-5, b 6-9, u 4-60, t = a * u + b * u", "parts = {a} + {b}; second = {t} / parts * {b}",
     "{t} kg of mortar are mixed from cement and sand, {a}:{b}. How much sand is that?|{n} and {m} split {t!} {a}:{b}. How much goes to {m}?|Vinegar and oil in the ratio {a}:{b} make {t} ml of dressing. How many ml of oil?|What does {m} get if {t!} are shared {a} to {b} by {n} and {m}?|cats to dogs is {a}:{b}, {t} animals altogether. dogs?"),
    ("a 2-9, b 3-12", "{a} * {b}",
     "Syrup is mixed with water, one part to {b}. How much water goes with {a} liters of syrup?|To each cup of rice belong {a} cups of water. {n} takes {b} cups of rice. How much water?|For every teacher there are {b} pupils. How many pupils come with {a} teachers?|one part cement, {b} parts sand. I have {a} buckets of cement, how many buckets of sand?|One scoop of powder needs {b} scoops of water. I use {a} scoops of powder. Scoops of water?"),
    ("t 30-400, r 4-19", "math.ceil({t} / {r})",
     "{t} pupils go on a trip, {r} fit into a van. How many vans are needed?|How many boxes do I need for {t} jars if {r} fit into a box?|A table seats {r}. How many tables for {t} guests?|{n} has to move {t} books and carries {r} at a time. How many trips is that?|{r} photos go on a page. How many pages does an album of {t} photos need?|{t} people, lift takes {r}. how many rides until all are up?|Cans come in packs of {r}, and we need at least {t}. How many packs must we buy?"),
    ("t 30-400, r 4-19, x $3-30", "packs = math.ceil({t} / {r}); cost = packs * {x}",
     "We need {t} plates and they come in packs of {r} for {x!} a pack. What do we have to spend?|A van takes {r} people and costs {x!}. What do vans for {t} people cost?|{n} buys enough packs of {r} tiles to have {t} of them. A pack is {x!}. How much is it?|{x!} a box, {r} cups in a box. What do I pay if I need at least {t} cups?|{t} badges wanted, sold only by {r} at {x!}. price?"),
    ("t 40-400, r 4-19", "{t} % {r}",
     "{t} eggs are put into cartons of {r}. How many are left over?|{n} deals {t} cards to {r} players, the same number to each. How many cards are left?|I plant {t} bulbs in rows of {r}. How many don't make a full row?|If {r} children share {t} sweets fairly, how many sweets remain?|teams of {r} from {t} kids. how many kids without a team?|After filling as many bags of {r} as possible from {t} buns, what remains?"),
    ("t 40-400, r 4-19", "print({t} // {r}, {t} % {r})",
     "{t} eggs, {r} to a carton: how many full cartons, and how many eggs left?|{n} makes bunches of {r} from {t} roses. How many bunches, and what's left over?|How many teams of {r} do {t} players make and how many players remain?|I bag {t} {i} by {r}. Tell me the full bags and the rest.|{t} divided among {r} kids, how many each and how many over"),
    ("r 6-40, c 5-30, t = r * c", "{t} / {c}",
     "{t} seats stand in {c} equal rows. How many seats are in a row?|{n} plants {t} onions in {c} rows with the same number in each. How many in a row?|The {t} pages are split between {c} readers. How many pages has each?|{c} shelves hold {t} books, the same number on each. Books per shelf?|If {t} stickers are shared by {c} kids, how many does each get?|{t} guests, {c} equal tables, how many at a table?"),
    ("a 4-19, k 2-9, t 200-900", "{t} // {a}",
     "{n} uses {a} g of coffee a day. How many full days do {t} g last?|The dog eats {a} cups a day and the sack holds {t} cups. How many full days does it last?|{t} tablets, {a} a day. How many full days is that?|How many whole days will {t} liters last if the cows drink {a} liters a day?|I print {a} sheets a day and have {t}. For how many full days is that enough?"),
    ("a 3-19, c 2-6, u 5-40, t = a * c * u", "day = {a} * {c}; days = {t} / day",
     "{c} cats eat {a} g each a day. How many days do {t} g last?|{t} pills for {c} patients who take {a} a day each. For how many days?|We are {c} people and each drinks {a} cups a day. How many days do {t} cups last?|Each of {c} printers uses {a} sheets an hour. After how many hours are {t} sheets used up?|{n} feeds {c} hens, {a} scoops a day for each one; the bin has {t} scoops. How many days until it is empty?"),
    ("r 3-40, c 4-30, s 10-90, t = r * c + s", "rest = {t} - {s}; days = rest / {r}",
     "A book has {t} pages. {n} has read {s} and reads {r} a day. How many days until it's finished?|{n} has done {s} of {t} tasks and does {r} a day. How many days are left?|I have {t} photos to sort, {s} are done, {r} an hour. How many more hours?|{s} of the {t} km are behind us and we walk {r} km a day. How many days to go?|reading {r} pages a day, on page {s} of {t}. days left?"),
    ("c 4-30, t 12-90*10, s 10-90", "rest = {t} - {s}; daily = rest / {c}",
     "{n} wants to finish a book of {t} pages in {c} days and has read {s} pages. How many pages a day?|{t} words to learn, {s} known already, {c} days left. How many a day?|How many pages must I read a day if {s} of {t} are done and {c} days are left?|We have {c} days for the {t} km, {s} km are done. How many km a day from now on?|{t} bricks must be laid in {c} hours; {s} are in place. Bricks per hour for the rest?"),
    ("r 5-40, c 3-12, s 10-90, t = r * c + s", "{t} - {r} * {c}",
     "A book has {t} pages and {n} reads {r} a day. How many pages are left after {c} days?|There are {t} letters to sign; I sign {r} an hour. How many are still there after {c} hours?|After {c} days of {r} km each, how much of a {t} km trail is left?|{t} liters in the barrel, {r} used a day. and after {c} days?|How many of my {t} pills remain if I take {r} a week for {c} weeks?"),
    ("s 20-300, r 3-25, c 5-60", "{s} + {r} * {c}",
     "A tank has {s} liters in it and {r} liters run in each minute. How many liters are in it after {c} minutes?|The tap gives {r} liters a minute. What's in a tub after {c} minutes if it held {s} liters at the start?|{c} minutes of filling at {r} liters a minute, {s} liters were there before. How much water now?|The snow is {s} cm deep and {r} cm fall every hour. How deep is it {c} hours later?|A tree of {s} cm grows {r} cm a year. How tall is it in {c} years?"),
    ("b 2-12, e 2-30, u 4-60, a = b + e, t = e * u", "gain = {a} - {b}; time = {t} / gain",
     "{a} liters a minute run into a tank and {b} liters a minute run out. How many minutes until its {t} liters are full?|A pool takes {t} liters. The hose brings {a} l a minute but {b} l a minute leak away. Minutes to fill it?|How long, in minutes, does it take to fill {t} liters at {a} liters a minute with a leak of {b} liters a minute?|{n} earns {a!} a day and spends {b!} a day. After how many days are {t!} saved?|Every hour {a} people enter an empty hall and {b} leave it. After how many hours are {t} people in it?"),
)  # fmt: skip
_PEOPLE: tuple[tuple[str, str, str], ...] = (
    ("p 5/10/15/20/25/30/35/40/45/60/75/80, t 2-45*20", "{t} * {p} / 100",
     "{p}% of {t} people voted yes. How many is that?|Of {t} pupils {p}% walk to school. How many walk?|How many of the {t} seats are sold if it's {p}%?|{n} got {p}% of the {t} votes. How many votes?|{t} eggs, {p}% broken. broken ones?|A town asked {t} people and {p}% have a bike. How many people have one?"),
    ("p 5/10/15/20/25/30/35/40/45/60/75/80, t 2-45*20", "part = {t} * {p} / 100; left = {t} - part",
     "{p}% of {t} guests leave early. How many stay?|Of {t} seeds {p}% don't sprout. How many do?|The hall has {t} seats and {p}% are taken. How many are free?|{n} has {t} {i}; {p}% are sold. How many are left?|My phone memory has {t} MB, {p}% is full. How many MB are free?|{t} applicants, {p}% turned down. remaining?"),
    ("a 4-90, k 10-200, t = a + k", "{a} / {t} * 100",
     "{a} of {t} pupils have a dog. What percentage is that?|What percent of {t} is {a}?|{n} got {a} out of {t} points. How many percent?|Of my {t} emails {a} are spam. What's the share in percent?|{t} invited, {a} came. percentage?|What percentage of the {t} km is done after {a} km?"),
    ("a 4-90, b 4-90", "total = {a} + {b}; percent = {a} / total * 100",
     "There are {a} women and {b} men in the club. What percentage are women?|{a} red and {b} green apples lie in a basket. How many percent are red?|Our team won {a} games and lost {b}. How many percent were won?|{n} has {a} right and {b} wrong answers. What's the percentage of right ones?|yes: {a}, no: {b}. percent yes?"),
    ("a 40-400, k 4-200, b = a + k", "change = {b} - {a}; percent = change / {a} * 100",
     "The price rose from {a!} to {b!}. By how many percent?|Last year {a} people came, this year {b}. What's the increase in percent?|{n}'s rent went from {a!} up to {b!}. What's the rise in percent?|Now it's {b!}, before it was {a!}. How much is the increase in percent?|{a} -> {b}, percent growth?|Members grew from {a} to {b}. What's the percent change?"),
    ("b 40-400, k 4-200, a = b + k", "change = {a} - {b}; percent = change / {a} * 100",
     "The price fell from {a!} to {b!}. By how many percent?|{n} weighed {a} g of dough before and {b} g after drying. How many percent were lost?|A {thing} costs {b!} instead of {a!}. How many percent off is that?|We had {a} visitors in May and {b} in June. By what percentage did the number drop?|from {a} down to {b}, percent decrease?"),
    ("a 10-99, b 10-99, c 10-99", "({a} + {b} + {c}) / 3",
     "{n} has {a} points, {m} {b} and {o} {c}. What's the average?|What do {n}, {m} and {o} have on average with {a}, {b} and {c} {i}?|{n} ran {a} km this month, {m} {b} km, {o} {c} km. Average per person?|The three of us earned {a!}, {b!} and {c!}. What's the mean?|{m}: {b}, {n}: {a}, {o}: {c}. average?|We needed {a}, {b} and {c} minutes. How long is that on average?"),
    ("a 10-99, b 10-99, c 10-99, d 10-99", "total = {a} + {b} + {c} + {d}; average = total / 4",
     "On four days {a}, {b}, {c} and {d} guests came. What's the average per day?|{n} sold {a}, {b}, {c} and {d} cards in four weeks. How many a week on average?|My four bills were {a!}, {b!}, {c!} and {d!}. What's the mean?|Average of the temperatures {a}, {b}, {c} and {d}?|four parcels: {a} kg, {b} kg, {c} kg, {d} kg. mean weight?"),
    ("a 10-90, b 5-9, c 3-9", "{a} + {b} + {c}",
     "{n} is {a}, {m} is {b} and {o} is {c}. How old are they together?|We collected {a} cans, {m} {b} and {o} {c}. How many in all?|{n} caught {a} fish, {m} {b}, {o} {c}. Fish altogether?|Three classes send {a}, {b} and {c} children. How many children is that?|i got {a} likes, {n} got {b}, {m} got {c}. sum?"),
    ("a 5-40, k 2-40, e 2-20", "{a} + {k} + {e}",
     "{n} is {a} years old and {m} is {k} years older. How old will {m} be in {e} years?|My son is {a}, I'm {k} years older. How old am I in {e} years?|How old will {m} be {e} years from now if {n} is {a} today and {m} is {k} years older?|How old is my aunt in {e} years? I'm {a} and she's {k} years older than me.|{n} {a}, {m} {k} years older, {m}'s age in {e} years?"),
    ("a 5-20, v 3-5", "other = {a} * {v}; difference = other - {a}",
     "{n} is {a}, and the mother is {v} times as old. How many years older is the mother?|My dad is {v} times my age. I'm {a}. What's the difference in years?|{m} is {v} times as old as {n}, who is {a}. By how many years is {m} older?|A tree is {a} m tall, a tower {v} times as tall. How many meters taller is the tower?|{n} has {a} {i}, {m} {v} times as many. How many more does {m} have?"),
    ("y 1940-2015, e 2026-2060", "{e} - {y}",
     "{n} was born in {y}. How old will {n} turn in {e}?|What age does somebody born in {y} reach in {e}?|My house was built in {y}. How old is it in {e}?|The club was founded in {y}; which anniversary is it in {e}?|born {y}, year {e}, age?|A contract from {y} ends in {e}. How many years are between the two?"),
    ("y 1950-2015, a 5-60", "{y} + {a}",
     "{n} was born in {y} and moved here at the age of {a}. Which year was that?|In {y} {n} was born. In which year does {n} turn {a}?|The bridge opened in {y} and must be renewed after {a} years. In what year?|What year is it {a} years after {y}?|started in {y}, lasts {a} years, ends when?"),
    ("a 3-30, b 3-30, c 3-12", "together = {a} + {b}; total = together * {c}",
     "{n} folds {a} boxes an hour and {m} folds {b}. How many do they fold together in {c} hours?|One pump moves {a} liters a minute and another {b}. How many liters do both move in {c} minutes?|In {c} hours, how many parts do two machines make that make {a} and {b} an hour?|Together, how many pages do {n} ({a} a day) and {m} ({b} a day) read in {c} days?|two ovens: {a} and {b} pizzas per hour. both for {c} hours, how many pizzas?"),
    ("a 3-30, b 3-30, c 3-12, t = a * c + b * c", "together = {a} + {b}; time = {t} / together",
     "{n} folds {a} boxes an hour, {m} {b}. How many hours for {t} boxes if both work?|Two taps give {a} and {b} liters a minute. How many minutes for {t} liters with both open?|How many days do {n} and {m} need for {t} pages together, at {a} and {b} pages a day?|{t} bricks; one mason lays {a} an hour and the other {b}. Working together, how many hours?|{t} files, two scanners with {a} and {b} files a minute. both running, minutes?"),
    ("a 2-9, b 10-18", "rate = 1 / {a} + 1 / {b}; time = 1 / rate",
     "{n} paints a fence alone in {a} hours, {m} in {b} hours. How many hours together?|One pump empties the cellar in {a} hours, the other in {b}. How long do both need?|If I need {a} days for a job and {m} needs {b}, how many days do we need together?|A tap fills the tub in {a} minutes and a second tap in {b}. Both open: how many minutes?|alone: {a} h and {b} h. working together?"),
    ("c 2-9, d 4-20, v 10-15", "work = {c} * {d}; time = work / {v}",
     "{c} workers need {d} days. How many days do {v} workers need for the same job?|With {c} pumps the pool is empty in {d} hours. How many hours with {v} pumps?|Food for {c} horses lasts {d} days. How many days does it last for {v} horses?|{n} and friends, {c} people, clear the field in {d} hours. How many hours would {v} people take?|{c} painters, {d} days. {v} painters?"),
    ("a 60-90, b 2-30", "{a} * 60 * {b}",
     "{n}'s pulse is {a} beats a minute. How many beats is that in {b} hours?|A machine stamps {a} caps a minute. How many in {b} hours?|At {a} words a minute, how many words do I speak in {b} hours?|{a} drops a minute fall from the tap. Drops in {b} hours?|{a} cars pass each minute. How many pass in {b} hours?"),
    ("a 4-40, k 3-30, b = a + k, c 2-9", "more = {b} - {a}; total = more * {c}",
     "{n} earns {b!} an hour and {m} {a!}. How much more does {n} have after {c} hours?|Plan one is {b!} a month, plan two {a!}. What's the difference in {c} months?|I read {b} pages a day, {m} {a}. By how many pages am I ahead after {c} days?|How much do we save in {c} weeks if it's {a!} a week now instead of {b!}?|old job {a!}/h, new job {b!}/h. how much more in {c} hours?"),
    ("c 20-90, d 20-90, x 8-20, y 3-7", "adults = {c} * {x}; children = {d} * {y}; total = adults + children",
     "{c} adults and {d} children came. Adults pay {x!}, children {y!}. What was taken in?|Tickets are {x!} for adults and {y!} for kids. How much is it for {c} adults and {d} kids?|What does the theatre earn from {d} children at {y!} and {c} adults at {x!}?|The zoo sold {c} full tickets at {x!} and {d} reduced ones at {y!}. Total income?|{d} kids x {y!}, {c} adults x {x!}, sum?"),
    ("g 6-90, k 2-5, c 2-20, t = g * c", "{t} / {g}",
     "{n} has to lift {t} kg of sand in bags of {g} kg. How many bags?|{t} kg in sacks of {g} kg each. How many sacks is that?|How many parcels of {g} kg weigh {t} kg together?|A load of {t} kg is made of equal stones of {g} kg. Number of stones?|each crate {g} kg, all together {t} kg. crates?"),
    ("c 4-20, g 5-30, e 2-20, t = c * g + e", "{t} - {c} * {g}",
     "A basket with {c} melons weighs {t} kg in all; every melon is {g} kg. How heavy is the empty basket?|A rack with {c} stones of {g} kg each weighs {t} kg altogether. What does the rack weigh by itself?|{t} kg is the weight of a shelf with {c} boxes of {g} kg. What's the weight of the shelf alone?|The full crate has {t} kg, {c} bottles of {g} kg are in it. Weight of the crate?|{c} bricks, {g} kg each, on a pallet. All of it is {t} kg. pallet weight?"),
)  # fmt: skip
_KINDS = (*_COUNTED, *_MONEY, *_UNITS, *_WAY, *_HOME, *_PEOPLE, *OUTINGS)
_SLOT = re.compile(r"\{(\w+)(!?)\}")
_UNIT = re.compile(r" ?(?:°|%|k?m\b|cm\b|ml\b|k?g\b|l\b|h\b|s\b|W\b|MB\b|min\b|d\b|[/:x*)(+-])")


def daily(random: Random, vocabulary: Vocabulary) -> Task:
    """One of the problems above, with fresh numbers and names.

    Args:
        random: where the choices come from.
        vocabulary: names and things.
    """
    sizes, code, texts = random.choice(_KINDS)
    numbers = drawn_sizes(random, sizes)
    (n, m, o), item = random.sample(vocabulary.first_names, 3), random.choice(ITEMS)
    words = {"n": n, "m": m, "o": o, "i": item, "thing": random.choice(vocabulary.things)}
    for name, choices in (("f", _FRACTIONS), ("w", _TIMES), ("z", _DOZENS)):
        words[name], numbers[name] = random.choice(choices)
    request = _said(random, random.choice(texts.split("|")), numbers, words)
    if random.random() < 0.04 and request[0].isupper():
        remark = random.choice(_REMARKS).format(k=random.randint(2, 9), m=m)
        request = f"{remark} {request}"
    lines = code.format_map(numbers).split("; ")
    if lines[-1].startswith("print("):
        return Task(request, "\n".join(lines))
    return Task(request, in_steps(lines if " = " in lines[-1] else [f"answer = {lines[0]}"]))


def _said(random: Random, text: str, numbers: dict[str, str], words: dict[str, str]) -> str:
    """A text with its slots filled; sentences begin with a capital.

    Not by `filled`: there few numbers stand in words, here all of a text at times, but never beside a unit.
    """
    currency, share_of_words = random.choice(_CURRENCIES), random.choice((0, 0, 0.4, 0.8))

    def slot(match: re.Match[str]) -> str:
        name, is_money = match[1], bool(match[2])
        if name in words:
            return words[name]
        number = numbers[name]
        if not number.isdigit():
            return currency.format(number) if is_money else number
        value = int(number)
        shown = (
            f"{value:,}"
            if value >= 1000 and name not in ("y", "e") and random.random() < 0.35
            else number
        )
        if is_money:
            return currency.format(shown)
        after = match.string[match.end() :]
        is_bare = bool(_UNIT.match(after)) or match.string[max(match.start() - 1, 0)] in "/:-(+x"
        says = not is_bare and 0 < value < 100 and (value <= 20 or random.random() < 0.6)
        return in_words(value) if says and random.random() < share_of_words else shown

    filled = _SLOT.sub(slot, text)
    if random.random() < 0.25:
        filled = re.sub(r"(\d)%", r"\1 percent", filled)
    if text[0].islower():
        return filled
    return re.sub(r"(^|[.?!] )([a-z])", lambda found: found[1] + found[2].upper(), filled)

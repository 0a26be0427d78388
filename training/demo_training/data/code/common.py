"""What people ask every day, each operation in many wordings: change, margins, packs, rests, ratios, doses, comparisons.

These are asked much more often than the exotic kinds elsewhere; who asks, and in which words, varies more than the numbers.
"""

from random import Random

from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, framed, said_number
from demo_training.data.values import Vocabulary, capitalised

_PRICES: tuple[Kind, ...] = (
    Kind(("{n} puts {note} on the counter for a {thing} at {p}. What change is due?", "A {thing} is {p} and I hand over {note}. What's my change?", "How much change do I get from {note} if the {thing} costs {p}?", "The bill says {p}. {n} gives {note}. How much comes back?", "I paid {m_note} for a {thing} at {m_p}. How much do I get back?", "Somebody buys a {thing} for {m_p} and pays with {m_note}. What is the change?", "What is the change from {m_note} for a purchase of {m_p}?", "Change for {note} when the total is {p}?", "A lady gives me a {note} note and owes {p}. How much do I return?", "That makes {p}. Here are {note}. What do I get back?"), "print({note} - {p})", weight=3),
    Kind(("{m_x} with {q} percent tax inside: what is it without?", "A {thing} costs {m_x} with {q}% VAT in it. What is the net price?", "I paid {m_x}, {q}% tax included. How much is it without the tax?", "What is {m_x} gross at {q}% VAT as a net amount?", "{m_x} includes {q}% sales tax. What's the price without it?", "Take the {q}% VAT out of {m_x}.", "With {q}% tax on top it is {m_x}. How much is it net?", "The gross amount is {m_x}, the tax {q}%. Find the net amount.", "After adding {q}% tax the {thing} was {m_x}. What did it cost before?", "Remove {q}% tax from {m_x}."), "print({x} / (100 + {q}) * 100)", weight=3),
    Kind(("A {thing} costs {m_x} after {q}% off. What was the full price?", "With a discount of {q}% I paid {m_x}. What was the price before?", "{n} got {q}% off and paid {m_x}. What did it cost originally?", "The sale price is {m_x}, that is {q}% less than before. What was it before?", "After a reduction of {q} percent it is {m_x}. What was the original price?", "What was the price before {q}% off if it's {m_x} now?", "I saved {q}% and paid {m_x}. How much was it at first?", "Reduced by {q}%, the {thing} is {m_x}. What was the old price?"), "print({x} / (100 - {q}) * 100)", weight=2),
    Kind(("A {thing} cost us {m_buy} and goes for {m_sell}. How large is the margin, as a percentage of the price?", "Bought at {buy}, sold at {sell}: what is the profit margin?", "What percentage of the selling price is profit if I pay {m_buy} and get {m_sell}?", "A {thing} costs me {m_buy}; I sell it at {m_sell}. What margin is that?", "Cost {buy}, price {sell}. What's the margin in percent?", "{n} makes a {thing} for {m_buy} and sells it for {m_sell}. What is the profit margin in percent?", "Margin on something I buy at {buy} and sell at {sell}?", "The cost is {m_buy} and the selling price {m_sell}. How many percent of the price is profit?"), "profit = {sell} - {buy}\nprint(profit / {sell} * 100)", weight=2),
    Kind(("A {thing} cost us {m_buy} and goes for {m_sell}. How many percent is that above the cost?", "Bought at {buy}, sold at {sell}: what is the markup?", "By how many percent do I mark it up from {buy} to {sell}?", "{n} pays {m_buy} for a {thing} and gets {m_sell} for it. What is the gain in percent?", "A share was bought at {buy} and is now {sell}. What is the return in percent?", "Cost {buy}, price {sell}. What's the markup in percent?", "I put in {m_buy} and got out {m_sell}. What is that in percent of what I put in?", "What's the return on {m_buy} that became {m_sell}?"), "profit = {sell} - {buy}\nprint(profit / {buy} * 100)", weight=2),
    Kind(("Which one is the better price per piece: {c} for {x2}, or {d} for {y2}?", "{c} {i} cost {x2}, {d} cost {y2}. Which pack is the better buy?", "A pack of {c} is {m_x2}, a pack of {d} is {m_y2}. Which one is cheaper per unit?", "What is the better deal, {c} {i} for {m_x2} or {d} for {m_y2}?", "Should I take {c} for {x2} or {d} for {y2}?", "{c} {i} for {m_x2} or {d} {i} for {m_y2}: where do I pay less for one?", "Compare {c} for {x2} with {d} for {y2}. Which costs less per unit?", "Is {c} for {x2} cheaper per item, or {d} for {y2}?"), "first = {x2} / {c}\nsecond = {y2} / {d}\nprint('{c} for {x2}' if first < second else '{d} for {y2}')", weight=2),
    Kind(("Share out {all3} between three heirs in the ratio {a}:{b}:{e}.", "Three partners share {m_all3} in the ratio {a} to {b} to {e}. How much does each get?", "Divide {all3} in the proportion {a}:{b}:{e}.", "{all3} is to be divided {a}:{b}:{e}. What are the parts?", "How is {m_all3} split in the ratio {a}:{b}:{e}?", "{n} and two friends share {m_all3} as {a} to {b} to {e}. What are their shares?", "Distribute {m_all3} in the ratio {a} : {b} : {e}.", "What are the shares if {all3} is divided as {a}:{b}:{e}?"), "part = {all3} / ({a} + {b} + {e})\nprint(part * {a}, part * {b}, part * {e})", weight=2),
    Kind(("Split {all2} in the ratio {a}:{b}.", "Two partners share {m_all2} in the ratio {a} to {b}. How much does each get?", "Divide {all2} in the proportion {a}:{b}.", "{n} and a friend split {m_all2} as {a} to {b}. What are the shares?", "How is {m_all2} split in the ratio {a}:{b}?", "Distribute {m_all2} in the ratio {a} : {b}.", "{all2} is to be divided {a} to {b}. What are the parts?", "Two people put in {a} and {b} parts. How do they share {m_all2}?"), "part = {all2} / ({a} + {b})\nprint(part * {a}, part * {b})"),
    Kind(("At {rate} dollars for one euro and a fee of {d} dollars, what are {x} euros worth?", "The bank gives {rate} {cur} for a dollar and keeps {d} {cur}. What do I get for {x} dollars?", "{n} exchanges {x} pounds at a rate of {rate} and pays {d} in fees. What is left?", "Exchange {x} at {rate}, minus a fee of {d}. How much is that?", "For {x} dollars at {rate} {cur} each, less a charge of {d} {cur}, how many {cur} do I receive?", "What do I get for {x} euros at a rate of {rate} after a fee of {d}?", "I change {x} at {rate} and the office takes {d}. What do I receive?", "{x} francs at {rate} {cur} per franc with {d} {cur} commission: how many {cur}?"), "changed = {x} * {rate}\nprint(changed - {d})"),
    Kind(("Somebody repays {m_lt} in {lc} equal steps. What is a step, and what is still open after {d} of them?", "I pay {m_lt} in {lc} equal parts. How much is one part and how much is left after {d} of them?", "{n} owes {m_lt}, to be paid in {lc} equal rates. What is a rate, and what is still open after {d}?", "{lt} is divided into {lc} equal payments. What's one payment and what remains after {d}?", "A {thing} for {m_lt} is paid in {lc} equal monthly payments. How much is it a month, and what is left after {d} months?", "How much is one of {lc} equal instalments of {m_lt}, and what is the rest after {d}?", "{lc} equal payments for {lt}: how large is one and what remains to pay after {d}?", "Pay {lt} in {lc} equal instalments: the size of one, and the balance after {d}?"), "one = {lt} / {lc}\nleft = {lt} - {d} * one\nprint(one, left)", weight=2),
    Kind(("A van was {m_big} when new and every year takes {m_loss} off. What is its value after {d} years?", "{n}'s car cost {m_big} and gets {m_loss} cheaper every year. What's it worth in {d} years?", "Something worth {big} drops by {loss} a year. What is its value after {d} years?", "Our printer was {m_big}; we write off {m_loss} every year. What is left after {d} years?", "Straight-line depreciation of {loss} a year on {big}: value after {d} years?", "The stock is {big} and falls by {loss} each month. How much is it after {d} months?", "A {thing} for {m_big} loses {m_loss} each year. What is it worth {d} years later?", "From {big} we take off {loss} a year for {d} years. What remains?"), "loss = {loss} * {d}\nprint({big} - loss)"),
    Kind(("We sold for {big}, spent {loss} and pay {q}% tax on the gain. What do we keep?", "We took in {m_big} and spent {m_loss}. {q}% tax is due on the profit. What remains?", "Income {big}, expenses {loss}, tax rate {q}%. How much is the profit after tax?", "{n} earned {m_big}, had costs of {m_loss} and pays {q}% on the difference. How much does {n} keep?", "What's the net profit with sales of {big}, costs of {loss} and {q}% tax on the profit?", "With {big} of turnover, {loss} of costs and a tax of {q} percent, what is left?", "My shop made {m_big}, expenses were {m_loss}. After {q}% tax on what's left, how much do I have?", "Sales: {big}. Costs: {loss}. Tax on profit: {q}%. After-tax profit?"), "profit = {big} - {loss}\nprint(profit * (100 - {q}) / 100)", weight=2),
    Kind(("{n}'s {m_pay} a month become {q}% more. What does that make in a year?", "My monthly pay of {m_pay} goes up {q}%. How much will I earn in a year?", "With {q}% more than {m_pay} a month, what is my annual salary?", "An employee has {m_pay} per month. What's the yearly pay after a raise of {q}%?", "Salary {pay} a month, raise {q}%. New annual salary?", "How much a year is {m_pay} a month plus {q}%?", "The rent is {m_pay} a month and rises by {q}%. What do we pay in a year then?", "{pay} each month, from now on {q}% more: how much is that per year?"), "monthly = {pay} * (100 + {q}) / 100\nprint(monthly * 12)"),
    Kind(("{k} from {t}, as a percentage?", "I got {k} of {t} points. What percentage is that?", "{k} out of {t} people came. How many percent are that?", "{n} scored {k} out of {t}. What's that in percent?", "Of {t} {i} {k} are red. What percentage is that?", "{k} of {t} in percent?", "What is {k}/{t} as a percentage?", "How many percent of {t} is {k}?", "Out of {t} shots {n} hit {k}. What is the rate in percent?", "{k} of our {t} seats are taken. How full are we in percent?"), "print({k} / {t} * 100)", weight=4),
)  # fmt: skip
_PARTS: tuple[Kind, ...] = (
    Kind(("{n} fills {box}s with {c} {i} each until all {t} are in. How many {box}s is that?", "{t} people, {c} to a boat. How many boats are needed?", "How many tables do I need for {t} guests if {c} sit at each?", "A van takes {c} people. How many vans for {t}?", "How many {box}s of {c} are needed for {t} {i}?", "{n} wants to plant {t} tulips, {c} to a pot. How many pots is that?", "One {box} is enough for {c} {i}. How many {box}s for all {t}?", "We are {t} and a room sleeps {c}. How many rooms do we need?", "{i} are sold in packs of {c}. How many packs must I buy to have {t}?", "Each {box} holds {c} {i}, and there are {t} {i}. How many {box}s are needed to hold them all?"), "import math\nprint(math.ceil({t} / {c}))", weight=4),
    Kind(("From {t} {i} I make sets of {c}. How many sets are there, and how many {i} remain?", "If {t} players make teams of {c}, how many teams are there and how many players are left?", "How many full {box}s of {c} can I fill with {t} {i}, and what is left over?", "{n} puts {t} {i} into {box}s of {c}. How many {box}s get full and how many {i} remain?", "Divide {t} into groups of {c}: how many groups, how many over?", "What are the quotient and the rest of {t} divided by {c}?", "{t} eggs go into cartons of {c}. How many cartons are full and how many eggs are left?", "How many times does {c} fit into {t}, and what remains?"), "print({t} // {c}, 'and', {t} % {c}, 'left over')", weight=3),
    Kind(("{c} equal servings come to {g} g. How many mg has one?", "{g} g are split into {c} equal doses. How many milligrams per dose?", "A day's amount of {g} g is taken in {c} parts. How many mg each time?", "How many mg is each of {c} equal portions of {g} grams?", "Divide {g} grams by {c} and tell me the mg.", "{n} has {g} g of powder for {c} days. How many mg a day?", "{g} grams in {c} equal capsules: how many milligrams are in one?", "If {c} tablets have {g} g together, how many mg has one?"), "mg = {g} * 1000\nprint(mg / {c})", weight=2),
    Kind(("A bottle has {g} liters. How many glasses of {ml} ml can I fill?", "How many cups of {ml} ml are in {g} liters?", "{g} l of juice, {ml} ml per person. For how many people is it enough?", "How often can I fill {ml} ml from a can of {g} liters?", "{n} has {g} liters of water and drinks {ml} ml at a time. How many times is that?", "I have {g} litres of paint and each jar takes {ml} ml. How many jars is that?", "How many portions of {ml} ml does {g} liters give?", "From {g} liters of soup, how many bowls of {ml} ml?"), "ml = {g} * 1000\nprint(ml / {ml})"),
    Kind(("A plank of {g} m is cut into {c} equal pieces. How many cm is one?", "{g} meters of ribbon for {c} presents: how many centimeters each?", "How many cm is each part when {g} m are divided by {c}?", "Divide {g} meters into {c} parts. How long is one in cm?", "A rope is {g} m long and {n} cuts it into {c} pieces. How many centimeters is a piece?", "{c} shelves come from a board of {g} m. How many cm long is one shelf?", "{c} equal steps make {g} m. How many cm is a step?", "The hedge is {g} m long and has {c} plants at equal distances. How many cm has each?"), "cm = {g} * 100\nprint(cm / {c})"),
    Kind(("Copying {g} GB at {mbit} Mbit a second takes how many seconds?", "How long does a download of {g} GB take at {mbit} Mbit/s, in seconds?", "My internet has {mbit} Mbps. How many seconds for {g} gigabytes?", "{g} GB at {mbit} megabits a second: how many seconds?", "At {mbit} Mbit per second, how many seconds does {g} GB need?", "{n} downloads {g} GB with {mbit} Mbit/s. How many seconds is that?", "How many seconds to upload {g} gigabytes over {mbit} Mbps?", "The backup has {g} GB, the line does {mbit} megabits per second. How many seconds?"), "megabits = {g} * 1000 * 8\nprint(megabits / {mbit})"),
    Kind(("A patient of {kg} kg gets {c} mg per kg a day in {d} doses. How many mg is one dose?", "{c} mg per kg for {kg} kg, split into {d} doses. How much is a dose?", "The dose is {c} mg per kg a day; the child weighs {kg} kg and takes it {d} times a day. How many mg each time?", "How many mg per dose if {kg} kg need {c} mg/kg daily in {d} doses?", "{n} weighs {kg} kg and needs {c} mg for each kg, in {d} equal parts. How many mg is a part?", "Somebody of {kg} kg takes {c} mg per kg a day, divided by {d}. How much each time?", "{kg} kg body weight, {c} mg/kg per day, {d} doses: mg per dose?", "A dog of {kg} kg gets {c} mg per kg daily, {d} times a day. What is one dose?"), "mg = {kg} * {c}\nprint(mg / {d})"),
    Kind(("With {kg} kg and {m} m, what is a person's BMI?", "{n} weighs {kg} kg and is {m} m tall. What's the BMI?", "BMI for {kg} kg and {m} m?", "I'm {m} m and {kg} kg. What is my BMI?", "A man of {m} m weighs {kg} kg. What is his body mass index?", "Height {m} m, weight {kg} kg: body mass index?", "Body mass index of a person with {kg} kg at {m} m?", "Calculate the BMI for a height of {m} meters and a weight of {kg} kilos.", "My patient is {m} metres tall and weighs {kg} kilograms. What BMI is that?"), "print({kg} / {m} ** 2)", weight=2),
    Kind(("A tour of {km} km lasted {c} and a half hours. How many km/h is that?", "{n} cycles {km} km in {c} and a half hours. How fast is that?", "How fast is {km} km in {c} and a half hours?", "{km} km took us {c} and a half hours. What's the average in km/h?", "The train needs {c} and a half hours for {km} km. What is its average speed?", "In {c} and a half hours the ship makes {km} km. How many km per hour is that?", "I walked {km} km in {c} and a half hours. What speed is that?", "Average speed for {km} km in {c} and a half hours?"), "print({km} / {c}.5)"),
    Kind(("We drove {km} km in {c} hours and {half} minutes. What was our average speed?", "{n} needs {c} hours {half} minutes for {km} km. How fast is that in km/h?", "How many km/h is {km} km in {c} h {half} min?", "{km} km took {c} hours and {half} minutes. What's the average speed?", "The bus makes {km} km in {c} hours and {half} minutes. How fast is it on average?", "Average speed over {km} km in {c}:{half} hours?", "It took me {c} hours and {half} minutes to ride {km} km. What is that in km/h?", "What speed is {km} km in {c} hours and {half} minutes?"), "hours = {c} + {half} / 60\nprint({km} / hours)"),
    Kind(("From edge to edge the round {round2} is {w} m. What is its area?", "How large is a round {round2} that is {w} meters wide?", "What is the area of a circle {w} m across?", "How many square meters has a round {round2} of {w} m diameter?", "{n}'s {round} measures {w} m across. What area is that?", "Area of a circle with a diameter of {w}?", "A circle's diameter is {w}. What is the area?", "How much cloth covers a round {round2} with diameter {w} m?"), "import math\nprint(math.pi * ({w} / 2) ** 2)", weight=2),
    Kind(("The {round} has a diameter of {w} m. How long is the edge?", "A round {round2} is {w} m across. How far is it around?", "What is the circumference of a circle with diameter {w}?", "How long is a fence around a round {round2} of {w} m diameter?", "A wheel has a diameter of {w}. How far does it roll in one turn?", "Once around a {round2} with a diameter of {w} m: how far?", "A circle's diameter is {w}. How long is its circumference?", "How far is it round a circle {w} m across?"), "import math\nprint(math.pi * {w})"),
    Kind(("A round {round2} has a radius of {w} m. What is its area?", "What is the area of a circle with a radius of {w}?", "How many square meters does a sprinkler cover that reaches {w} m all around?", "The {round} has a radius of {w} m. How large is it?", "Area of a circle, radius {w}?", "A circle's radius is {w}. What is the area?", "{n} draws a circle of radius {w}. What is its area?", "How big is a round {round2} with radius {w} m?"), "import math\nprint(math.pi * {w} ** 2)"),
    Kind(("How long must a fence be that goes round a yard of {w} m by {v} m?", "How much fence do I need for a field of {w} m by {v} m?", "A plot is {w} m long and {v} m wide. How long is the fence around it?", "What is the perimeter of a {w} by {v} rectangle?", "How far is it once around a pool of {w} by {v} meters?", "I want a border around a bed of {w} m x {v} m. How many meters is that?", "{n} frames a picture of {w} by {v} cm. How long is the frame all around?", "A room measures {w} m by {v} m. How many meters of skirting go around it?", "How many meters of hedge go all the way round {w} m by {v} m?"), "print(2 * ({w} + {v}))", weight=3),
    Kind(("A patio is {w} m long and {v} m wide. How many square meters are that?", "How many square meters is a room of {w} by {v} meters?", "A lawn of {w} m by {v} m: what's the area?", "What area has a wall {w} m wide and {v} m high?", "{n} lays a floor of {w} m x {v} m. How many square meters is that?", "How large is a field {w} m long and {v} m wide?", "The garden measures {w} by {v} metres. What's its area?", "How much carpet do I need for {w} m by {v} m?"), "print({w} * {v})", weight=2),
)  # fmt: skip
_NUMBERS: tuple[Kind, ...] = (
    Kind(("Get x out of {a}x + {b} = {s}.", "{a}x + {b} = {s}. What is x?", "What is x in {a}x + {b} = {s}?", "If {a}x + {b} = {s}, find x.", "Find x: {a}x+{b}={s}", "I need x from {a}*x + {b} = {s}.", "{a} times a number plus {b} is {s}. What's the number?", "Which x makes {a}x + {b} equal {s}?", "Solve for x: {a}x + {b} = {s}", "What number, multiplied by {a} and then increased by {b}, gives {s}?", "solve {a}x+{b}={s}"), "print(({s} - {b}) / {a})", weight=4),
    Kind(("Solve {a}x - {b} = {r} for x.", "{a}x - {b} = {r}. What is x?", "What is x in {a}x - {b} = {r}?", "If {a}x - {b} = {r}, find x.", "Find x: {a}x-{b}={r}", "{a} times a number minus {b} is {r}. What's the number?", "Which x makes {a}x - {b} equal {r}?", "Solve for x: {a}x - {b} = {r}", "What number, multiplied by {a} and then reduced by {b}, gives {r}?"), "print(({r} + {b}) / {a})", weight=2),
    Kind(("+the prime factors of {t}", "Take {t} apart into its prime factors.", "!factor {t} into primes", "Which primes make up {t}?", "Write {t} as a product of primes.", "What's the prime factorization of {t}?", "Prime factors of {t}?", "Break {t} down into prime factors.", "Decompose {t} into primes, please.", "Into which primes does {t} split?"), "n, factors, p = {t}, [], 2\nwhile n > 1:\n    while n % p == 0:\n        factors.append(p)\n        n //= p\n    p += 1\nprint(factors)", weight=3),
    Kind(("Convert {deg} degrees to radians.", "What is {deg} degrees in radians?", "How many radians are {deg} degrees?", "{deg}° in radians?", "I need {deg} degrees as radians.", "Express an angle of {deg} degrees in radians.", "Turn {deg} degrees into radians.", "An angle of {deg}°: how many radians is that?"), "import math\nprint(math.radians({deg}))"),
    Kind(("{deg} degrees, in radians, {dec} decimals please", "What is {deg} degrees in radians, rounded to {dec} decimals?", "{deg}° in radians to {dec} places?", "How many radians are {deg} degrees? Give {dec} decimals.", "I need {deg} degrees in radians with {dec} digits after the point.", "Express {deg} degrees in radians, {dec} decimals.", "{deg} degrees as radians, rounded to {dec} decimal places", "Turn {deg} degrees into radians and round to {dec} decimals."), "import math\nprint(round(math.radians({deg}), {dec}))"),
    Kind(("Of {a}/{b} and {e}/{d}, which is the bigger one?", "Is {a}/{b} or {e}/{d} bigger?", "What is more, {a}/{b} or {e}/{d}?", "Compare {a}/{b} and {e}/{d}: which is the larger one?", "Which of the fractions {a}/{b} and {e}/{d} is greater?", "Who has more: one with {a}/{b} of a cake or one with {e}/{d}?", "{a}/{b} or {e}/{d} - which fraction is bigger?", "Tell me the larger of {a}/{b} and {e}/{d}."), "from fractions import Fraction\nprint(max(Fraction({a}, {b}), Fraction({e}, {d})))", weight=2),
    Kind(("0b{bin}, as an ordinary number?", "What is 0b{bin} as a decimal number?", "Convert the binary number {bin} to decimal.", "{bin} in binary is what in decimal?", "What number is binary {bin}?", "Decimal value of {bin} base 2?", "Read {bin} as binary. Which number is that?", "0b{bin} to decimal"), "print(int('{bin}', 2))"),
    Kind(("what is 0x{hex} in decimal", "Convert 0x{hex} to a decimal number.", "Which number is hex {hex}?", "{hex} in hexadecimal is what in decimal?", "Decimal value of hex {HEX}?", "How much is 0x{HEX}?", "Turn the hex number {hex} into decimal.", "What does hexadecimal {hex} stand for as a decimal?"), "print(int('{hex}', 16))"),
    Kind(("number {t} in hex", "{t} as a hexadecimal number?", "Write {t} in hexadecimal.", "Hex value of {t}?", "Convert {t} to hex.", "How do I write {t} in base 16?", "Give me {t} in hex.", "What's {t} in hexadecimal?"), "print(hex({t})[2:])"),
    Kind(("what is {t} in binary", "{t} as a binary number?", "Write {t} in binary.", "Binary form of {t}?", "Convert {t} to binary.", "How do I write {t} in base 2?", "Give me the bits of {t}.", "What's {t} in base two?"), "print(bin({t})[2:])"),
    Kind(("{a}² - {b}²?", "{a} squared minus {b} squared?", "What is {a}^2 - {b}^2?", "How much is {a} squared minus {b} squared?", "Take the square of {b} from the square of {a}.", "By how much is {a} squared more than {b} squared?", "the square of {a} minus the square of {b}", "Difference of the squares of {a} and {b}?"), "print({a} ** 2 - {b} ** 2)"),
    Kind(("{a} squared plus {b} squared?", "What is {a}^2 + {b}^2?", "Add the squares of {a} and {b}.", "Sum of the squares of {a} and {b}?", "How much is {a} squared plus {b} squared?", "the square of {a} plus the square of {b}", "square {a} and {b} and add them", "What do the squares of {a} and {b} make together?"), "print({a} ** 2 + {b} ** 2)"),
)  # fmt: skip

_GROUPS: tuple[tuple[tuple[Kind, ...], float], ...] = ((_PRICES, 5), (_PARTS, 4), (_NUMBERS, 3))
_MONEY = ("${}", "${}", "{} dollars", "{} euros", "€{}", "£{}", "{}")
_AMOUNTS = (
    "note",
    "p",
    "x",
    "buy",
    "sell",
    "x2",
    "y2",
    "lt",
    "all2",
    "all3",
    "big",
    "loss",
    "pay",
)  # may be said as money


def _cents(random: Random, low: int, high: int) -> str:
    whole = random.randint(low, high)
    return random.choice(("{}", "{}.50", "{}.99", "{}.25", "{}.60", "{}.75")).format(whole)


def _drawn(random: Random) -> dict[str, str]:
    """The numbers of a question, as code."""
    p, note = _cents(random, 1, 45), random.choice((50, 50, 100, 200))
    c, d = random.randint(2, 24), random.randint(2, 9)
    buy = random.randint(2, random.choice((30, 400)))
    one, lc = (
        random.randint(5, 90) * random.choice((1, 5, 10)),
        random.choice((6, 10, 12, 18, 24, 36, 48)),
    )
    loss = random.randint(2, 90) * random.choice((10, 50, 100))
    a, b = random.randint(2, 12), random.randint(2, random.choice((9, 30)))
    e, x_ = random.randint(1, 9), random.randint(2, 30)
    t = random.randint(20, random.choice((60, 300, 900)))
    drawn: dict[str, object] = {
        "p": p, "note": note, "x": random.choice((random.randint(20, 999), random.randint(2, 90) * 10, random.randint(2, 90) * 100)), "q": random.choice((5, 7, 8, 10, 15, 19, 20, 25, 30, 4.5, 2.5, 12)),
        "buy": buy, "sell": buy + random.randint(2, 60), "c": c, "d": d, "x2": _cents(random, 3, 20), "y2": _cents(random, 3, 30), "a": a, "b": b, "e": e, "s": a * x_ + b, "r": max(a * x_ - b, 1),
        "rate": round(random.uniform(0.5, 9), 2), "all2": (a + b) * one, "all3": (a + b + e) * one, "lt": one * lc, "lc": lc, "loss": loss, "big": loss * random.randint(10, 30), "pay": random.randint(90, 700) * 10, "t": t, "k": random.randint(2, t - 1),
        "g": random.choice((random.randint(1, 9), random.randint(4, 60) / 10, random.randint(3, 90) / 10)), "ml": random.choice((50, 100, 125, 150, 200, 250, 300, 330)), "mbit": random.choice((5, 10, 16, 20, 25, 50, 100, 200, 250)),
        "kg": random.randint(38, 125), "m": round(random.uniform(1.4, 2.05), 2), "km": random.randint(12, 700), "half": random.choice((15, 20, 30, 40, 45, 10, 50)), "w": random.choice((random.randint(2, 40), random.randint(12, 150) / 10)),
        "v": random.choice((random.randint(2, 30), random.randint(8, 90) / 10)), "deg": random.choice((15, 30, 45, 60, 75, 90, 120, 180, 270, random.randint(1, 360))), "dec": random.randint(1, 5),
    }  # fmt: skip
    return {name: str(value) for name, value in drawn.items()}


_SAID = (
    "c",
    "t",
    "km",
    "big",
    "loss",
    "lt",
    "pay",
    "x",
    "kg",
)  # may be said in words or with separators


def common(random: Random, vocabulary: Vocabulary) -> Task:
    """One of the questions above."""
    groups, weights = zip(*_GROUPS, strict=True)
    kinds = random.choices(groups, weights)[0]
    kind = random.choices(kinds, [each.weight for each in kinds])[0]
    code = _drawn(random)
    said = dict(code)
    for name in _SAID:
        if code[name].isdigit() and random.random() < 0.5:
            said[name] = said_number(random, int(code[name])) if int(code[name]) >= 1000 or name == "c" else code[name]  # fmt: skip
    currency = random.choice(_MONEY)
    money = {f"m_{name}": currency.format(code[name] if said[name][0].isalpha() else said[name]) for name in _AMOUNTS}  # fmt: skip
    table = random.choice(("table", "pond", "pool", "lawn", "rug", "field", "mirror", "pizza"))
    words = {
        "n": random.choice(vocabulary.first_names), "i": random.choice(ITEMS), "thing": random.choice(vocabulary.things), "cur": random.choice(("yen", "pesos", "francs", "dollars", "crowns")),
        "box": random.choice(("bag", "pack", "crate", "tray", "jar", "basket")), "round": f"{random.choice(('garden', 'old', 'big', 'small'))} {table}", "round2": table,
    }  # fmt: skip
    wording = framed(random, random.choice(kind.wordings))
    digits = {
        "hex": f"{int(code['t']):x}",
        "HEX": f"{int(code['t']):X}",
        "bin": f"{int(code['t']):b}",
    }
    request = wording.format_map({**said, **words, **money, **digits})
    return Task(capitalised(request), kind.code.format_map({**code, **digits}))  # fmt: skip

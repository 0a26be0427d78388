"""Word problems by composition: so much of one thing for each of another.

A rate has three numbers: how much for each, how many, and how much in all. A question gives two of them, in any order, and
asks for the third, or goes on from the total. Facts and questions are drawn apart.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from demo_training.data.code.situations import ITEMS
from demo_training.data.code.task import Task, in_steps
from demo_training.data.code.wording import said_number
from demo_training.data.values import Vocabulary, capitalised


@dataclass(frozen=True)
class _Rate:
    """So much for each, in alternatives that are separated by `|`.

    Attributes:
        each: says the rate `{r}`.
        count: says the number `{c}`.
        both: says that `{c}` of them make `{t}`.
        asks_total: with `{c}` or without.
        asks_count: with `{t}`.
        asks_each: after `both`.
        is_counted: of whole things, so that there are no decimals.
    """

    each: str
    count: str
    both: str
    asks_total: str
    asks_count: str
    asks_each: str
    is_counted: bool = False


_RATES = (
    _Rate("{a} {box} holds {r} {i}|every {box} has {r} {i} in it|{r} {i} fit into one {box}|there are {r} {i} in each {box}|{n} puts {r} {i} into every {box}|one {box} of {i} has {r} pieces",
          "there are {c} {box}s|we have {c} {box}s|{n} buys {c} {box}s|{c} {box}s are on the shelf", "{c} {box}s hold {t} {i}|{t} {i} are packed into {c} {box}s|in {c} {box}s there are {t} {i}|{n} puts {t} {i} into {c} equal {box}s",
          "how many {i} are in {c} {box}s|how many {i} is that in all|how many {i} are there in total|how many {i} do {c} {box}s hold|how many {i} are in {c} of them", "how many {box}s do I need for {t} {i}|how many {box}s are needed for {t} {i}|how many {box}s can be filled with {t} {i}|how many {box}s make {t} {i}", "how many {i} are in each {box}|how many {i} does one {box} hold|how many {i} are that per {box}", is_counted=True),
    _Rate("{n} earns ${r} an hour|I make ${r} per hour|the job pays {r} dollars an hour|{n} gets {r} dollars for every hour", "{n} works {c} hours|I work {c} hours a week|the job takes {c} hours", "{n} earns ${t} in {c} hours|I got {t} dollars for {c} hours of work",
          "how much is earned in {c} hours|what is the pay|what does {c} hours of work bring|how much money is that", "how many hours does it take to earn ${t}|after how many hours are ${t} earned|how many hours of work are {t} dollars", "how much is that per hour|what is the hourly pay"),
    _Rate("one of the {i} costs ${r}|the {i} cost {r} dollars each|{i} are ${r} apiece|a pack of {i} is ${r}|the price of the {i} is ${r} each", "{n} buys {c}|I take {c} of them|we need {c}", "{c} {i} cost ${t}|{n} paid {t} dollars for {c} {i}|for {c} {i} I paid ${t}",
          "what do {c} cost|how much are {c} {i}|what is the total price|how much does {n} pay for {c}|how much is that altogether", "how many can I buy for ${t}|how many {i} do I get for {t} dollars|how many can {n} afford with ${t}", "what does one cost|how much is it per piece|what is the price of each"),
    _Rate("a kilo of {i} costs ${r}|{i} are {r} dollars per kg|one kilogram of {i} is ${r}", "{n} buys {c} kg|I need {c} kilos", "{c} kg of {i} cost ${t}|{n} paid ${t} for {c} kilos of {i}", "what do {c} kg cost|how much are {c} kilograms|what is the price", "how many kg do I get for ${t}|how many kilos are ${t} worth", "what is the price per kilo|how much does one kg cost"),
    _Rate("a car drives {r} km in an hour|{n} rides {r} km per hour|the train goes {r} km/h|the ship makes {r} kilometers an hour|my average speed is {r} km/h", "it drives for {c} hours|the trip takes {c} hours|{n} is on the way for {c} hours", "a car drives {t} km in {c} hours|a train travels {t} kilometers in {c} hours|{n} needs {c} hours for {t} km|it takes {c} hours to go {t} km",
          "how far is that in {c} hours|how many km is that|how far does it get in {c} hours|what distance is that", "how many hours does it take for {t} km|how long does a trip of {t} km take|how long is the drive of {t} kilometers", "what is the average speed|how fast is that|what is the speed in km/h|how many km is that per hour"),
    _Rate("{n} reads {r} pages a day|I read {r} pages every evening|{n} writes {r} pages per day", "{n} does so for {c} days|the holiday has {c} days|this goes on for {c} days", "{n} reads {t} pages in {c} days|a book of {t} pages took me {c} days", "how many pages is that in {c} days|how many pages are that in all", "how many days does a book of {t} pages take|how many days will a {t}-page book take|in how many days are {t} pages done|how long do {t} pages take", "how many pages is that a day|how many pages per day is that", is_counted=True),
    _Rate("{n} saves ${r} a week|I put aside {r} dollars every week|a subscription costs ${r} a week", "this goes on for {c} weeks|it is {c} weeks until the holiday", "{n} saved ${t} in {c} weeks|in {c} weeks I spent ${t}", "how much is that after {c} weeks|how much is it in {c} weeks|how much money is that", "how many weeks until it is ${t}|after how many weeks is it ${t}|how many weeks does it take to reach {t} dollars", "how much is that per week|what is that a week"),
    _Rate("the rent is ${r} a month|{n} pays ${r} every month|my phone costs {r} dollars per month|insurance is ${r} monthly", "the contract runs for {c} months|this lasts {c} months", "in {c} months {n} paid ${t}|{c} months cost {t} dollars", "how much is that in {c} months|what do {c} months cost|what is the total|what does {n} pay in {c} months", "for how many months is ${t} enough|how many months does ${t} last", "how much is it per month|what does a month cost"),
    _Rate("a machine makes {r} {i} an hour|a factory produces {r} {i} every hour|{n} packs {r} {i} per hour", "it runs for {c} hours|the shift has {c} hours", "a machine makes {t} {i} in {c} hours|in {c} hours {n} packs {t} {i}", "how many {i} are made in {c} hours|how many {i} is that", "how many hours does it need for {t} {i}|how long does it take to make {t} {i}", "how many {i} is that per hour|how many {i} does it make in one hour", is_counted=True),
    _Rate("a pump moves {r} liters a minute|{r} liters of water flow in every minute|a tap gives {r} liters per minute", "it runs for {c} minutes|the tap is open for {c} minutes", "{t} liters flow in {c} minutes|a pump fills {t} liters in {c} minutes", "how many liters is that in {c} minutes|how much water is that", "how many minutes does a tank of {t} liters need|how long does it take to fill {t} liters|after how many minutes are there {t} liters", "how many liters is that per minute|how much water flows each minute"),
    _Rate("a hall has {r} seats in each row|every row has {r} seats|there are {r} chairs in a row", "there are {c} rows|the hall has {c} rows", "{t} seats are in {c} equal rows|a hall with {c} rows has {t} seats", "how many seats are in {c} rows|how many seats are there", "how many rows are needed for {t} people|how many rows do {t} guests fill", "how many seats are in a row|how many seats does each row have", is_counted=True),
    _Rate("a bus takes {r} people|{r} passengers fit into a bus|every van has room for {r} people", "there are {c} of them|we rent {c}", "{c} buses carry {t} people|{t} people sit in {c} full buses", "how many people fit into {c}|how many people can go", "how many are needed for {t} people|how many do {t} people need", "how many people is that per bus|how many sit in each bus", is_counted=True),
    _Rate("{n} gets {r} {i}|each child gets {r} {i}|everybody takes {r} {i}|each of us has {r} {i}", "there are {c} children|there are {c} of us|{c} people are here", "{t} {i} are shared equally by {c} children|{c} friends divide {t} {i}|we are {c} people and have {t} {i}", "how many {i} is that for {c} people|how many {i} are needed|how many {i} is that together", "for how many people are {t} {i} enough|how many people can share {t} {i}", "how many {i} does each get|how many {i} are there for each of them|how many {i} does everybody receive", is_counted=True),
    _Rate("the ticket is ${r} for each person|each of us pays ${r}|the entry costs {r} dollars per person", "we are {c} people|a group of {c} comes|there are {c} of us", "{c} friends share a bill of ${t}|the bill is ${t} and we are {c} people|{c} people pay ${t} together|a gift of ${t} is paid by {c} friends", "what does the group pay|how much is it for {c} people|how much do {c} people pay", "how many people can go for ${t}|for how many people does ${t} suffice", "how much does each pay|what is that per person|what does everyone pay|how much is it for each of us"),
    _Rate("{n} walks {r} steps a minute|my heart beats {r} times a minute|{n} types {r} words per minute", "{n} does that for {c} minutes|that goes on for {c} minutes", "{n} types {t} words in {c} minutes|a heart beats {t} times in {c} minutes", "how many is that in {c} minutes|how many is that", "how many minutes does it take to get to {t}|how many minutes are needed for {t}", "how many is that per minute|how many is that in a minute", is_counted=True),
    _Rate("{n} runs {r} km every day|{n} cycles {r} km on each trip|I walk {r} km a day", "there are {c} days|this goes on for {c} days", "{n} ran {t} km in {c} days|in {c} days I walked {t} km", "how many km is that in {c} days|how far is that altogether", "how many days does it take for {t} km|after how many days is it {t} km", "how many km is that a day|how far is that per day"),
    _Rate("a {thing} weighs {r} kg|each {thing} has a weight of {r} kg", "there are {c}|{n} carries {c} of them|a truck brings {c}", "{c} of the same weigh {t} kg|{c} equal parcels weigh {t} kg together", "how heavy are {c} of them|what do {c} weigh|what is the total weight", "how many weigh {t} kg|how many of them make {t} kg", "how heavy is one|what does each weigh"),
    _Rate("a dose is {r} mg|{n} takes {r} ml every day|a plant gets {r} ml of water a day", "that goes on for {c} days|the treatment takes {c} days", "{c} doses are {t} mg|in {c} days {n} takes {t} ml", "how much is that in {c} days|how much is needed for {c} days", "for how many days do {t} ml last|how many days does a bottle of {t} ml last", "how much is one dose|how much is that per day"),
)  # fmt: skip
# More than one step: facts with questions, and the code of each.
_SEVERAL: tuple[tuple[str, str, str], ...] = (
    ("each of {c} {box}s has {d} packs of {r} {i}|{c} {box}s hold {d} bags each, and every bag has {r} {i}|there are {c} {box}s with {d} bags of {r} {i} each", "how many {i} is that|how many {i} are there in all", "{c} * {d} * {r}"),
    ("{n} works {d} hours a day for {c} days at ${r} an hour|{n} works {d} hours on each of {c} days and gets {r} dollars an hour", "how much is earned|how much money is that", "{d} * {c} * {r}"),
    ("a hall has {c} floors with {d} rows of {r} seats|there are {c} floors, {d} rows on each, and {r} seats in every row", "how many seats are there", "{c} * {d} * {r}"),
    ("{n} runs {r} km a day, {d} days a week, for {c} weeks", "how many km is that|how far is that in all", "{r} * {d} * {c}"),
    ("a box is {c} cm long, {d} cm wide and {r} cm high|a tank measures {c} by {d} by {r} cm", "what is its volume|how large is the volume", "{c} * {d} * {r}"),
    ("a garden is {x} m long and {y} m wide|the length of a room is {x} m and its width {y} m|a rectangle measures {x} by {y} meters|a field has sides of {x} m and {y} m|a carpet is {x} meters by {y} meters|my wall is {x} m wide and {y} m high", "what is its area|how large is it|how many square meters is that|what's the area|how big is the surface", "{x} * {y}"),
    ("a garden is {x} m long and {y} m wide|the length of a room is {x} m and its width {y} m|a rectangle measures {x} by {y} meters|a field has sides of {x} m and {y} m", "what is its perimeter|how long is its edge|how many meters go once around it|how much fence does it need", "2 * ({x} + {y})"),
    ("my car uses {y} liters per 100 km|a car needs {y} liters for 100 km|the truck burns {y} l every 100 km|fuel use is {y} liters on 100 kilometers", "how many liters do I need for {t} km|how much fuel is that for {t} km|how many liters does it use on {t} kilometers|how much does a trip of {t} km take", "{t} / 100 * {y}"),
    ("a hall has {c} rows of {r} seats and {d} seats are empty|there are {c} rows with {r} seats each, but {d} of the seats are free|in a theatre with {c} rows of {r} seats, {d} are not taken", "how many people sit there|how many seats are taken|how many guests came", "{c} * {r} - {d}"),
    ("{c} {box}s have {r} {i} each, and {d} of the {i} are broken|{n} has {c} {box}s of {r} {i} and gives {d} of the {i} away|{n} buys {c} {box}s with {r} {i} each and eats {d}", "how many {i} are left|how many good ones are there", "{c} * {r} - {d}"),
    ("{c} {box}s have {r} {i} each, and {d} more {i} lie on the table|{n} has {c} {box}s of {r} {i} and finds {d} more|{n} buys {c} {box}s with {r} {i} each and already has {d}", "how many {i} is that in all|how many {i} are there altogether", "{c} * {r} + {d}"),
    ("{n} has {t} {i} and puts {r} into each {box}|{t} {i} are packed {r} to a {box}|we pack {r} {i} into every {box} and have {t}|there are {t} {i} and {r} go into one {box}", "how many {i} are left over|how many {i} remain|how many {i} remain over|how many {i} do not fit into a full {box}|what is left over", "{t} % {r}"),
    ("{n} has {t} {i} and puts {r} into each {box}|{t} {i} are packed {r} to a {box}|we pack {r} {i} into every {box} and have {t}|there are {t} {i} and {r} go into one {box}", "how many full {box}s are there|how many {box}s are full|how many {box}s can be filled completely", "{t} // {r}"),
    ("{n} is {d} years old and {m} is {c} times as old|{m} is {c} times as old as {n}, who is {d}|{n} is {d}; {m} is {c} times that age", "how old is {m}|what is the age of {m}", "{c} * {d}"),
    ("{n} is {d} years old and {m} is {c} times as old|{m} is {c} times as old as {n}, who is {d}|{n} is {d}; {m} is {c} times that age", "how old will {m} be in {r} years|what will be the age of {m} after {r} years", "{c} * {d} + {r}"),
    ("{n} is {t} years old and {m} is {d} years younger|{m} is {d} years younger than {n}, who is {t}", "how old is {m}|how old is {m} now", "{t} - {d}"),
    ("{n} has {t} {i}, {m} has {d} fewer|{m} has {d} {i} less than {n}, who has {t}", "how many {i} does {m} have", "{t} - {d}"),
    ("{n} has {t} {i}, {m} has {d} more|{m} has {d} {i} more than {n}, who has {t}", "how many {i} do they have together|how many {i} is that together", "{t} + {t} + {d}"),
    ("{n} buys {c} {i} at ${x} each and a {thing} for ${y}|{n} takes {c} {i} for {x} dollars apiece and one {thing} for {y} dollars", "what is the total|how much is that in all|what does {n} pay", "{c} * {x} + {y}"),
    ("{n} buys {c} {i} at ${x} each and {d} {j} at ${y} each|{c} {i} cost {x} dollars each and {d} {j} cost {y} dollars each|{i} are ${x} and {j} ${y} apiece; {n} takes {c} {i} and {d} {j}|{i} cost {x} and {j} {y} each. I buy {c} {i} and {d} {j}", "what is the total|how much is that in all|what do I pay|what does it cost", "{c} * {x} + {d} * {y}"),
    ("{i} cost {x}, {j} {z} and {k} {y} each. {n} buys {c} {i} and {d} {k}|{i} are ${x}, {j} ${z} and {k} ${y} a piece; I take {c} {i} and {d} {k}|prices: {i} ${x}, {j} ${z}, {k} ${y}. I need {c} {i} and {d} {k}|the shop has {i} at ${x}, {j} at ${z} and {k} at ${y}. {n} takes {c} {i} and {d} {k}", "what is the total|how much is that in all|what do I pay|what does it cost|what does {n} have to pay", "{c} * {x} + {d} * {y}"),
    ("{i} cost {x}, {j} {z} and {k} {y} each. {n} buys {c} {j}|{i} are ${x}, {j} ${z} and {k} ${y} a piece; I take {c} {j}|prices: {i} ${x}, {j} ${z}, {k} ${y}. I need {c} {j}", "what is the total|how much is that|what do I pay|what does it cost", "{c} * {z}"),
    ("{i} cost {x}, {j} {z} and {k} {y} each. {n} buys {c} of each|{i} are ${x}, {j} ${z} and {k} ${y} a piece; I take {c} of each", "what is the total|how much is that in all|what do I pay|what does it cost", "{c} * ({x} + {z} + {y})"),
    ("{n} buys {c} {i} for ${x} each and pays with ${t}|{c} {i} cost ${x} each and I give ${t}", "how much change is there|how much do I get back|what is the change", "{t} - {c} * {x}"),
    ("{n} has ${t} and buys {c} {i} at ${x} each|{n} takes ${t} to the shop and gets {c} {i} for ${x} a piece|I had ${t} and bought {c} {i} that cost ${x} each", "how much is left|how much money remains|what is left over", "{t} - {c} * {x}"),
    ("{n} saves ${c} a week and already has ${t}|there are ${t} in the box and every week {n} adds ${c}", "how much is it after {d} weeks|how much will there be in {d} weeks", "{t} + {d} * {c}"),
    ("{n} has {t} {i} and uses {c} a day|there are {t} {i} and {c} of them are eaten every day", "how many {i} are left after {d} days|how many {i} remain after {d} days", "{t} - {d} * {c}"),
    ("a recipe for {c} people needs {t} g of flour|for {c} pancakes {n} uses {t} ml of milk|{c} {i} weigh {t} g|{c} tickets cost ${t}|a cake for {c} guests takes {t} g of sugar|{n} pays ${t} for {c} kg|it takes {t} minutes to make {c} {i}|{c} liters of paint cover {t} square meters", "how much is needed for {d}|how much do I need for {d}|what is it for {d}|how much is that for {d}|and how much for {d}|how many is it for {d} then", "{t} / {c} * {d}"),
    ("{c} workers need {d} days for a job|{c} painters finish a house in {d} days|the food lasts {d} days for {c} cows", "how many days is it for {r}|how long does it take with {r}|for {r} of them, how many days is that", "{c} * {d} / {r}"),
    ("{n} has {t} {i} and gives {part} of them away|{part} of the {t} {i} are sold|{n} eats {part} of {t} {i}|{part} of {t} {i} are broken", "how many are left|how many {i} remain|how many {i} does {n} still have", "{t} - {t} / {whole}"),
    ("{n} has {t} {i} and gives {part} of them away|{part} of the {t} {i} are sold|{n} eats {part} of {t} {i}|{part} of {t} {i} are red", "how many is that|how many {i} are that|what number is that", "{t} / {whole}"),
    ("{n} buys {c} {i} for ${r} each and sells them for ${t} each|a shop pays ${r} for each of {c} {i} and sells them at ${t}", "what is the profit|how much is earned|how much profit is that", "({t} - {r}) * {c}"),
    ("{n} drives {c} hours at {t} km/h and then {d} hours at {r} km/h|a train goes {c} hours at {t} km per hour and {d} more at {r} km per hour", "how far is that|how many km is that in all|what distance is that", "{c} * {t} + {d} * {r}"),
    ("the way to work is {r} km and {n} goes there and back {d} days a week|{n} swims {r} m there and {r} m back, {d} times", "how far is that in a week|how many is that in all", "{r} * 2 * {d}"),
    ("{n} wants a {thing} for ${t}, has ${d} and saves ${c} a week|a {thing} costs ${t}; {n} already has ${d} and puts aside ${c} every week", "how many weeks does it take|after how many weeks is there enough", "({t} - {d}) / {c}"),
    ("a floor of {c} by {d} meters gets a carpet at ${x} per square meter|a wall is {c} m by {d} m and paint is ${x} for each square meter|a field of {c} m by {d} m is sold at ${x} per square meter", "what does it cost|how much is that|what is the price", "{c} * {d} * {x}"),
    ("{n} earns ${t} a day and {m} ${r}|a bus makes {t} km a day and a truck {r} km|one machine makes {t} {i} a day and the other {r}", "what is the difference after {c} days|how much more does the first have after {c} days", "({t} - {r}) * {c}"),
    ("{n} earns ${t} a day and {m} ${r}|a bus makes {t} km a day and a truck {r} km|one machine makes {t} {i} a day and the other {r}", "how much is that together in {c} days|what do both make in {c} days", "({t} + {r}) * {c}"),
    ("a rope of {t} m is cut into pieces of {r} m|a tape of {t} cm is cut into strips of {r} cm|{t} liters are filled into cans of {r} liters", "how many whole ones are there|how many full ones does that give|how many can be made", "{t} // {r}"),
    ("a rope of {t} m is cut into pieces of {r} m|a tape of {t} cm is cut into strips of {r} cm|{t} liters are filled into cans of {r} liters", "how much is left over|what is left at the end|how much remains", "{t} % {r}"),
    ("there are {c} chickens and {d} cows on a farm|{n} has {c} hens and {d} horses", "how many legs are that|how many legs do they have together", "{c} * 2 + {d} * 4"),
    ("in {d} years {n} will be {t}|{n} turns {t} in {d} years", "how old is {n} now|what is the age of {n} today", "{t} - {d}"),
    ("{d} years ago {n} was {t}|{n} was {t} years old {d} years ago", "how old is {n} now|what is the age of {n} today", "{t} + {d}"),
    ("it was -{raw_d} degrees at night and {c} degrees at noon|the temperature went from -{raw_d} to {c} degrees|one town has -{raw_d} degrees, the other {c}", "what is the difference|by how many degrees did it rise|how large is the difference in degrees", "{c} - (-{d})"),
    ("a bill of ${t} is reduced by a voucher of ${d} and shared by {c} friends|{c} friends share ${t} after they spent ${d} of it", "how much is it for each|what does each of them get or pay", "({t} - {d}) / {c}"),
    ("of {t} {i}, {d} are red, {c} are blue and the rest are green|a box has {t} {i}: {d} red ones, {c} blue ones and the others green|there are {t} {i}; {d} are red and {c} blue, the rest is green", "how many are green|how many green ones are there|how many {i} are green", "{t} - {d} - {c}"),
    ("{n} reads {t} pages in the first week and twice as many in the second|{n} sells {t} {i} on Monday and double that on Tuesday", "how many is that in all|how many is that together", "{t} + {t} * 2"),
    ("{n} has {t} {i} and {m} has half as many|{n} collected {t} {i}, {m} only half of that", "how many do they have together|how many {i} is that together", "{t} + {t} / 2"),
    ("a phone plan is ${d} a month plus ${x} for each call|a taxi takes ${d} and ${x} for each km|a gym costs ${d} to join and ${x} per visit|renting a boat is ${d} plus ${x} an hour", "what do {c} of them cost|how much is it for {c}|what is paid for {c}", "{d} + {c} * {x}"),
    ("the first hour costs ${d} and each further hour ${x}|parking is ${d} for the first hour and ${x} for every hour after it", "what do {c} hours cost|how much is it for {c} hours", "{d} + ({c} - 1) * {x}"),
    ("{n} has {c} notes of $5 and {d} notes of $10|there are {c} five-dollar bills and {d} ten-dollar bills in the box", "how much money is that|how many dollars is that", "{c} * 5 + {d} * 10"),
    ("{n} scored {c}, {d} and {r} points in three games|three friends have {c}, {d} and {r} {i}|it rained {c} mm, {d} mm and {r} mm on three days", "how much is that on average|what is the average", "({c} + {d} + {r}) / 3"),
    ("{n} needs {t} points and has {c} from one test and {d} from another|the goal is {t} {i}; {n} has {c} and {m} has {d}", "how many are missing|how many more are needed", "{t} - {c} - {d}"),
    ("an order of {c} {i} at ${x} each has ${d} shipping|{n} orders {c} {i} for ${x} each; delivery is ${d}", "what is the total|what does the order cost", "{c} * {x} + {d}"),
    ("{c} buses bring {r} people each and {d} people come on foot|{c} tables have {r} guests each and {d} guests stand", "how many people are there|how many is that in all", "{c} * {r} + {d}"),
)  # fmt: skip
# What goes on from the total.
_MORE = (
    ("another {y} are added|{y} more are there|{y} others come on top|there are {y} extra ones", "{r} * {c} + {y}"),
    ("{y} of them are missing|{y} of these are broken|{y} are taken away|{y} of them are gone|but {y} are lost", "{r} * {c} - {y}"),
)  # fmt: skip
# Of an operation: its sign, and what its value is called, mostly as in problems that are written in steps.
_SIGNS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "total"), ast.Mult: ("*", "total"), ast.Sub: ("-", "left"), ast.Mod: ("%", "left"),
    ast.Div: ("/", "each"), ast.FloorDiv: ("//", "each"),
}  # fmt: skip
_CURRENCIES = ("${}", "${}", "{} dollars", "{} euros", "€{}", "£{}", "{} francs", "{} USD")


def _pick(random: Random, alternatives: str) -> str:
    return random.choice(alternatives.split("|"))


def asked(random: Random, facts: list[str], question: str) -> str:
    """Facts and a question as one text: facts first, or the question first and the facts in an if.

    Args:
        random: where the choices come from.
        facts: sentences without a capital first letter (unless it is a name) and without a full stop.
        question: likewise.
    """
    if random.random() < 0.12:
        return capitalised(f"{question} if {' and '.join(facts)}?")
    if random.random() < 0.12:
        return f"If {' and '.join(facts)}, {question}?"
    if len(facts) == 2 and random.random() < 0.3:
        facts = [random.choice((" and ", ", and ")).join(facts)]
    text = " ".join(capitalised(fact) + "." for fact in facts)
    return f"{text} {capitalised(question)}?"


def _size(random: Random) -> int | float:
    """A rate: a small whole number, a larger one, or a price."""
    return random.choice((
        random.randint(2, 30), random.randint(2, 99), random.randint(5, 40) * 5, random.randint(100, 2000),
        round(random.uniform(0.5, 60), 2), round(random.uniform(0.5, 20), 1), random.randint(1, 60) + 0.5,
    ))  # fmt: skip


def rates(random: Random, vocabulary: Vocabulary) -> Task:
    """Two of rate, number and total are given; the third, or what comes of it, is asked."""
    rate = random.choice(_RATES)
    r = random.randint(2, random.choice((12, 40, 400))) if rate.is_counted else _size(random)
    c = random.randint(2, random.choice((9, 20, 60)))
    which = random.random()
    if which < 0.5:
        facts, question = [_pick(random, rate.each)], _pick(random, rate.asks_total)
        if "{c}" not in question or random.random() < 0.3:
            facts.append(_pick(random, rate.count))
        code = "{r} * {c}"
        if rate.is_counted and len(facts) > 1 and random.random() < 0.25:
            said, code = random.choice(_MORE)
            facts.append(_pick(random, said))
            question = _pick(random, "how many is that|how many are there now|how many is that in the end")  # fmt: skip
    elif which < 0.72:
        facts, question = [_pick(random, rate.each)], _pick(random, rate.asks_count)
        code = "{t} / {r}"
    else:
        facts, question = [_pick(random, rate.both)], _pick(random, rate.asks_each)
        code = "{t} / {c}"
        if random.random() < 0.4:
            d = random.randint(2, 30)
            question = _pick(random, "how much is it for {d}|what is it for {d}|how many is it for {d} at the same rate|at this rate, what is it for {d}").format(d=d)  # fmt: skip
            code = f"{{t}} / {{c}} * {d}"
    numbers = {"r": r, "c": c, "t": round(r * c, 2), "y": random.randint(2, 30)}
    return _task(random, vocabulary, facts, question, code, numbers)


def several_steps(random: Random, vocabulary: Vocabulary) -> Task:
    """Two or three operations on the numbers of one sentence."""
    facts, questions, code = random.choice(_SEVERAL)
    numbers = {"c": random.randint(2, 30), "d": random.randint(2, 20), "r": random.randint(2, 40), "t": random.randint(41, 900), "x": _size(random), "y": _size(random), "z": _size(random)}  # fmt: skip
    whole, part = random.choice(((2, "half"), (3, "a third"), (4, "a quarter"), (5, "a fifth"), (10, "a tenth")))  # fmt: skip
    fact = _pick(random, facts).replace("{part}", part)
    code = code.replace("{whole}", str(whole))
    return _task(random, vocabulary, [fact], _pick(random, questions), code, numbers)


def _typed(random: Random, value: float) -> str:
    """A number as text: without a `.0`, at times with both digits of a price."""
    if value == int(value):
        return str(int(value))
    return f"{value:.2f}" if random.random() < 0.4 else str(value)


def _task(random: Random, vocabulary: Vocabulary, facts: list[str], question: str, code: str, numbers: Mapping[str, float]) -> Task:  # fmt: skip
    box = random.choice(("box", "bag", "pack", "basket", "crate", "tray", "carton", "case", "jar"))
    (n, m), (i, j, k) = random.sample(vocabulary.first_names, 2), random.sample(ITEMS, 3)
    slots = {"a": random.choice(("a", "one", "each")), "box": box, "i": i, "j": j, "k": k, "n": n, "m": m, "thing": random.choice(vocabulary.things)}  # fmt: skip
    currency = random.choice(_CURRENCIES)
    typed = {name: _typed(random, value) for name, value in numbers.items()}
    for name, text in typed.items():
        slots[name] = said_number(random, int(text)) if text.isdigit() else text
        slots[f"money_{name}"] = currency.format(text)
    marked = [re.sub(r"\$\{(\w)\}|\{(\w)\} dollars", r"{money_\1\2}", each) for each in (*facts, question)]  # fmt: skip
    slots |= {f"raw_{name}": text for name, text in typed.items()}
    *facts, question = [each.format_map(slots).replace("boxs", "boxes") for each in marked]
    return Task(asked(random, facts, question), in_steps(_steps(code.format_map(typed))))


def _steps(expression: str) -> list[str]:
    """An expression as one line, or with a line of its own for each part of it that is computed first.

    Of several lines the last gives its value the name that `_SIGNS` has for its operation.
    """
    top = ast.parse(expression, mode="eval").body
    signs = {type(node.op) for node in ast.walk(top) if isinstance(node, ast.BinOp)}
    if not isinstance(top, ast.BinOp) or len(signs) == 1:
        return [f"total = {expression}"]
    sign, result = _SIGNS[type(top.op)]
    lines, names = [], ["first", "second"]
    parts = []
    for side in (top.left, top.right):
        text = ast.get_source_segment(expression, side) or ""
        if isinstance(side, ast.BinOp):
            name = names.pop(0)
            lines.append(f"{name} = {text}")
            text = name
        elif text.startswith("-"):
            text = f"({text})"
        parts.append(text)
    return [*lines, f"{result} = {parts[0]} {sign} {parts[1]}"]

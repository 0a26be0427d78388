"""Calls that fail, and what comes then.

The same call succeeds, the failure is told, an argument is put right, a value that had to be looked up first is looked up.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from demo_training.data.episode import Call, Round
from glm_tools.tool import Observation, ToolSpec

_TRANSIENT = (
    "Error: service temporarily unavailable", "TimeoutError: the request timed out", "Error: connection reset, try again",
    "ConnectionError: no answer from the server", "RuntimeError: database is locked", "connection reset by peer",
    "HTTP 503 Service Unavailable", "504 Gateway Timeout", "502 Bad Gateway", "socket hang up", "read timed out",
    "temporarily unavailable", "too many requests", "429 Too Many Requests", "connection closed unexpectedly", "timeout",
    "service timed out after {n} s", "timed out after {n} seconds, try again", "no response within {n} s", "connection lost",
    "ReadTimeout: no data for {n} seconds", "broken pipe", "connection aborted", "deadline exceeded", "retry later",
    "the worker was restarted, please retry", "lost connection to the database", "try again in {n} seconds", "busy, try again",
)  # fmt: skip
_WHAT_FAILS = (
    "The server", "The backend", "Our system", "The network", "The gateway", "The connection", "The remote host",
    "The database", "The upstream API", "This endpoint", "The request", "The lookup", "The tool",
)  # fmt: skip
_HOW_IT_FAILS = (
    "is busy", "is overloaded", "timed out", "did not respond", "took too long", "was interrupted", "dropped the connection",
    "is restarting", "is under maintenance for a few seconds", "could not be reached", "hit a rate limit",
    "returned 503", "returned 502 Bad Gateway", "failed for a moment", "is warming up", "lost the message",
)  # fmt: skip
_WHAT_TO_DO = (
    "", "", "", "Please try again.", "Please retry.", "Retry in a moment.", "Try it again.", "Repeat the call.",
    "Call it again.", "Send it again, please.", "A second attempt may work.", "Make the same call again.",
)  # fmt: skip
# {k} and {x}: an argument and its value; {n}: a number.
_NOT_FOUND = (
    "not found", "no such record", "nothing matches", "no {k} {x}", "{x} not found", "no {k} of this name", "unknown {k}: {x}",
    "there is no {k} called {x}", "{x} does not exist", "no {k} matches {x}", "the {k} {x} is not in our records",
    "nothing with this {k}", "no entry for {k} {x}", "invalid {k}: {x}", "{x} is not a valid {k}", "0 rows for {k} = {x}",
)  # fmt: skip
_FINAL = (
    *_NOT_FOUND, "permission denied", "the account is locked", "{k} is not supported", "no data for {x}", "{x} was deleted", "{x} is not available",
    "{x} is already taken", "fully booked", "sold out", "no seats left", "already cancelled", "already done", "closed today",
    "out of stock", "out of stock until {month}", "payment declined by the bank", "the card has expired", "the card is blocked",
    "insufficient balance: {n}.50 left", "quota exceeded: 0 MB left of {n} GB", "disk full", "the limit of {n} a day is reached",
    "permission denied: {who} only", "access denied: ask {who}", "403 Forbidden", "401 Unauthorized: the token has expired",
    "404 Not Found", "invalid API key", "this needs a premium plan", "not allowed in your region", "the file is read-only",
    "the device is offline", "the device is offline since {n} days", "the battery is empty", "the lock does not answer: battery empty",
    "the printer has no paper", "the machine is out of water", "the sensor is broken", "the motor is blocked", "no signal",
    "the license ended in {month}", "the deadline was in {month}", "not before {month}", "at least {n} days ahead", "too late: closed {n} minutes ago",
    "the number is not in service", "the mailbox is full", "the address is not valid", "the recipient refuses messages",
    "no service on holidays", "the booking cannot be changed any more", "more than {n} is not allowed", "it needs the signature of {who}",
)  # fmt: skip
_MONTHS = ("January", "March", "April", "May", "June", "August", "October", "December")
_WHO = (
    "the administrator",
    "the owner",
    "staff",
    "the manager",
    "members",
    "the security team",
    "the office",
)
_NAMES = ("", "", "", "Error: ", "ValueError: ", "ToolError: ", "Failed: ", "KeyError: ")
# How a tool asks for another spelling; {k}: the argument, {v}: what it was given, {w}: what it wants.
_SUGGESTIONS = (
    "unknown {k} {v!r}: did you mean {w!r}?", "no {k} {v!r}. Did you mean {w!r}?", "{k} not found, the closest match is {w!r}",
    "{v!r} is not a {k}; use {w!r}", "{v} was renamed: use {w}", "{k} {v!r} is now called {w!r}", "invalid {k}: try {w!r} instead",
    "the {k} has to be written {w!r}", "{v!r} has moved to {w!r}, please use that", "{k}: expected {w!r}, got {v!r}",
)  # fmt: skip
_PREFIXES = ("SKU-", "ID-", "#", "EU-", "no. ", "REF-", "A-", "user:", "DE", "2026/", "@", "loc_")
_IN_CAPITALS = (
    "{k} must be in capital letters", "use upper case for the {k}", "{k} is written in capitals", "{k} has to be upper case",
)  # fmt: skip
_WITHOUT_SPACES = (
    "{k} must not have spaces: use _ instead", "no spaces in {k}, write _ for them", "replace spaces in {k} by _",
)  # fmt: skip
_WITH_PREFIX = (
    "{k} must start with {p!r}, such as {example!r}", "a {k} begins with {p!r}", "{k} needs the prefix {p!r}",
    "unknown {k} {v!r}: they start with {p!r}, such as {example!r}", "put {p!r} before the {k}",
)  # fmt: skip
_DATES: tuple[tuple[str, Callable[[str, str, str], str]], ...] = (
    ("DD.MM.YYYY", lambda year, month, day: f"{day}.{month}.{year}"),
    ("DD/MM/YYYY", lambda year, month, day: f"{day}/{month}/{year}"),
    ("YYYYMMDD", lambda year, month, day: f"{year}{month}{day}"),
    ("MM/DD/YYYY", lambda year, month, day: f"{month}/{day}/{year}"),
)


def with_failure(asked: Round, tools: Sequence[ToolSpec], random: Random) -> Round:
    """The same round with a failure of its first call; `tools` has the one that is called."""
    which = random.random()
    call = asked.calls[0]
    if which < 0.46:
        failed = _failed(call, _passing_error(random))
        return replace(asked, kind="error, then again", calls=(failed, *asked.calls))
    if which < 0.54:
        problem = _passing_error(random)
        twice = (_failed(call, problem),) * 2
        return _told(asked, twice, problem)
    if which < 0.76 and (right := _put_right(call, _free_texts(call, tools), random)):
        return replace(asked, kind="error, put right", calls=(*right, *asked.calls[1:]))
    text, problem = _marked(_final_error(call, random), random)
    return _told(asked, (_failed(call, text),), problem)


def with_guess(asked: Round, random: Random) -> Round | None:
    """A round of several calls in which the last is made first, with words of the user where a looked-up value belongs.

    The tool finds nothing, and then the calls are made in order. Only these are learnt.

    Returns:
        None for another round, and where the last call takes nothing that an earlier one told.
    """
    if asked.kind != "two steps":
        return None
    *before, last = asked.calls
    texts = _texts(last)
    said = [text for call in before for text in _texts(call).values() if text in asked.user]
    told = [
        key
        for key, text in texts.items()
        if text not in asked.user and any(text in call.observations[0].text for call in before)
    ]
    if not said or not told:
        return None
    key, guess = random.choice(told), random.choice(said)
    arguments = {**json.loads(last.payload), key: guess}
    guessed = replace(last, payload=json.dumps(arguments, ensure_ascii=False), is_learnt=False)
    text = random.choice(_NOT_FOUND).format(k=key.replace("_", " "), x=guess)
    failed = _failed(guessed, _marked(text, random)[0])
    return replace(asked, kind="error, put right", calls=(failed, *asked.calls))


def _marked(problem: str, random: Random) -> tuple[str, str]:
    """A problem as a tool says it: bare, in JSON, behind the name of an error; and what of it is told."""
    shape = random.random()
    if shape < 0.35:
        return json.dumps({"error": problem}, ensure_ascii=False), problem
    if shape < 0.6:
        problem = random.choice(_NAMES) + problem
    return problem, problem


def _told(asked: Round, calls: tuple[Call, ...], problem: str) -> Round:
    answer = f"Sorry, that did not work: {problem.rstrip('.')}."
    return replace(asked, kind="error, told", calls=calls, answer=answer, facts=(problem,))


def _failed(call: Call, text: str) -> Call:
    return replace(call, observations=(Observation(text),))


def _passing_error(random: Random) -> str:
    """What a tool says when the same call may succeed a moment later."""
    if random.random() < 0.45:
        return random.choice(_TRANSIENT).format(n=random.choice((2, 5, 10, 15, 30, 60)))
    name = random.choice(("", "", "", "Error: ", "TimeoutError: ", "Temporary failure: ", "429: "))
    text = f"{random.choice(_WHAT_FAILS)} {random.choice(_HOW_IT_FAILS)}."
    if name and random.random() < 0.5:
        text = text[0].lower() + text[1:]
    text = f"{name}{text} {random.choice(_WHAT_TO_DO)}".strip()
    return text[:-1] if random.random() < 0.3 else text


def _texts(call: Call) -> dict[str, str]:
    """The arguments that are texts; none of a built-in tool."""
    try:
        arguments = json.loads(call.payload)
    except json.JSONDecodeError:
        return {}
    if not isinstance(arguments, dict):
        return {}
    return {key: value for key, value in arguments.items() if isinstance(value, str) and value}


def _free_texts(call: Call, tools: Sequence[ToolSpec]) -> dict[str, str]:
    """Those that may be any text."""
    (spec,) = (each for each in tools if each.name == call.tool)
    properties = spec.parameters["properties"]
    return {key: text for key, text in _texts(call).items() if "enum" not in properties[key]}


def _final_error(call: Call, random: Random) -> str:
    texts = _texts(call)
    forms = [each for each in _FINAL if texts or ("{x}" not in each and "{k}" not in each)]
    key, value = random.choice(list(texts.items())) if texts else ("", "")
    return random.choice(forms).format(
        k=key.replace("_", " "),
        x=value,
        n=random.randint(2, 40),
        month=random.choice(_MONTHS),
        who=random.choice(_WHO),
    )


def _put_right(call: Call, texts: dict[str, str], random: Random) -> tuple[Call, Call] | None:
    """The call with one of `texts` that the tool refuses, and the one with what it wants; None where none fits."""
    keys = [key for key, value in texts.items() if len(value) < 30 and "'" not in value]
    if not keys:
        return None
    key = random.choice(keys)
    value = texts[key]
    wanted, form = _wanted(value, random)
    prefix = wanted.removesuffix(value)
    example = f"{prefix}{random.randint(10, 9999)}"
    text = form.format(k=key, v=value, w=wanted, p=prefix, example=example)
    if random.random() < 0.3:
        text += f"\nCall '{call.tool}' again."
    arguments = {**json.loads(call.payload), key: wanted}
    right = replace(call, payload=json.dumps(arguments, ensure_ascii=False))
    return _failed(call, text), right


def _wanted(value: str, random: Random) -> tuple[str, str]:
    """The spelling that a tool wants of a value, and how it says so."""
    parts = value.split("-")
    if len(parts) == 3 and all(part.isdecimal() for part in parts) and len(parts[0]) == 4:
        form, spell = random.choice(_DATES)
        return spell(*parts), "{k} must have the form " + form
    which = random.random()
    if which < 0.2 and value.upper() != value:
        return value.upper(), random.choice(_IN_CAPITALS)
    if which < 0.35 and " " in value:
        return value.replace(" ", "_"), random.choice(_WITHOUT_SPACES)
    if which < 0.6:
        return random.choice(_PREFIXES) + value, random.choice(_WITH_PREFIX)
    wanted = random.choice(
        (
            f"{value} {random.choice(('2', 'North', 'Central', 'Main', 'II', 'Old Town', 'GmbH'))}",
            f"{value}-{random.randint(2, 99)}",
            f"{random.choice(('New', 'Old', 'Port', 'The', 'Saint', 'Dr.'))} {value}",
            value[:-1] + random.choice("aeiouns"),
            value[0] + value,
        )
    )
    if wanted == value:
        wanted += "s"
    return wanted, random.choice(_SUGGESTIONS)

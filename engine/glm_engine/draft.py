"""Guesses at the tokens to come, and whether it pays to check them.

A pass over several rows costs little more than a pass over one: it is the weights that have to be read. So the next
tokens are guessed, computed together, and kept as far as each is the one that would have been sampled anyway. A wrong
guess costs some time and changes nothing.

Guesses come from two places: what a grammar forces, and what followed the last few tokens where they stood before, in
this sequence or in texts that were given.

Source: prompt lookup decoding (github.com/apoorvumang/prompt-lookup-decoding); the chains are those of LZ77 as in
zlib, which unlike a suffix automaton can forget from the end.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

_MAX_CANDIDATES = 16  # earlier places that are compared
_MAX_MATCH = 32  # tokens of each that are compared; more tell no more
_NOWHERE = -1


class NgramIndex:
    """The places where each pair of tokens stands, so that what followed can be looked up.

    Adding a token, forgetting the last one and looking up take a few microseconds each, whatever the length.

    Args:
        history: texts to guess from besides the sequence itself, as ids; the last counts most.
    """

    def __init__(self, history: Iterable[Sequence[int]] = ()) -> None:
        self._ids: list[int] = []
        self._last: dict[tuple[int, int], int] = {}  # pair to the place of its second token
        self._earlier: list[int] = []  # for each place, the one before it with the same pair
        for text in history:
            self.extend(text)
            self.extend([_NOWHERE])  # no pair reaches over the end of a text
        self._start = len(self._ids)

    def __len__(self) -> int:
        """Tokens of the sequence; the history does not count."""
        return len(self._ids) - self._start

    def extend(self, token_ids: Iterable[int]) -> None:
        """Add to the end of the sequence."""
        ids, earlier, last = self._ids, self._earlier, self._last
        for token_id in token_ids:
            place = len(ids)
            ids.append(token_id)
            pair = (ids[place - 1] if place else _NOWHERE, token_id)
            earlier.append(last.get(pair, _NOWHERE))
            last[pair] = place

    def truncate(self, length: int) -> None:
        """Forget all tokens of the sequence from `length` on."""
        ids = self._ids
        while len(self) > length:
            place = len(ids) - 1
            pair = (ids[place - 1] if place else _NOWHERE, ids[place])
            before = self._earlier.pop()
            if before == _NOWHERE:
                del self._last[pair]
            else:
                self._last[pair] = before
            ids.pop()

    def guess(self, limit: int) -> tuple[list[int], int]:
        """What followed the longest earlier match of the end; of equals, the latest.

        Returns:
            At most `limit` ids, and how many tokens matched; none and 0 where the last two never stood together.
        """
        ids = self._ids
        end = len(ids) - 1
        if limit < 1 or end < 1 or _NOWHERE in (ids[end - 1], ids[end]):
            return [], 0
        best, longest = _NOWHERE, 0
        place = self._earlier[end]
        for _ in range(_MAX_CANDIDATES):
            if place == _NOWHERE:
                break
            length = 2
            while length < min(_MAX_MATCH, place + 1) and ids[place - length] == ids[end - length]:
                length += 1
            if length > longest:
                best, longest = place, length
            place = self._earlier[place]
        if best == _NOWHERE:
            return [], 0
        following = islice(ids, best + 1, best + 1 + limit)
        guessed: list[int] = []
        for token_id in following:
            if token_id == _NOWHERE:
                break
            guessed.append(token_id)
        return guessed, longest


# What a guess rests on, and how often one was right before anything was seen (from recorded agent runs).
FORCED = 0
_MATCH_BUCKETS = (2, 3, 5, 9)  # tokens that matched, at least
_PRIORS = (0.97, 0.4, 0.55, 0.7, 0.85)
_ACCEPTANCE_RATE = 0.05  # weight of the newest outcome


def basis_of_match(length: int) -> int:
    """What a guess from a match of that many tokens rests on."""
    return sum(length >= least for least in _MATCH_BUCKETS)


@dataclass(frozen=True, slots=True)
class Draft:
    """Guessed ids, and what each guess rests on."""

    token_ids: list[int]
    bases: list[int]

    def cut(self, length: int) -> "Draft":
        return Draft(self.token_ids[:length], self.bases[:length])


class Acceptance:
    """How often guesses of each kind were right lately."""

    def __init__(self) -> None:
        self._rates = list(_PRIORS)

    def record(self, basis: int, *, was_right: bool) -> None:
        self._rates[basis] += _ACCEPTANCE_RATE * (was_right - self._rates[basis])

    def rate(self, basis: int) -> float:
        """Between 0 and 1."""
        return self._rates[basis]


_ROW_COUNTS = (1, 2, 4, 8, 16)  # costs are kept for these; others lie between
_COST_RATE = 0.2  # weight of the newest measurement
_PRIOR_SLOPE = 0.02  # of a step, for each further row, until it was measured
_LEAST_GAIN = 1.03  # tokens a second with guesses over those without
_FORGOTTEN_AFTER = 64  # passes of one row, after which it is tried again whether more of them pay


class StepCost:
    """How long a pass takes by its rows, measured while it goes on.

    It is learnt, not probed: it changes with the length of the context and with what else the machine does.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._alone_in_a_row = 0

    def record(self, rows: int, seconds: float) -> None:
        """Note one pass; those of other row counts than are kept tell nothing."""
        self._alone_in_a_row = self._alone_in_a_row + 1 if rows == 1 else 0
        if self._alone_in_a_row == _FORGOTTEN_AFTER:
            self._seconds = {1: self._seconds[1]}
            self._alone_in_a_row = 0
        if rows in _ROW_COUNTS:
            known = self._seconds.get(rows, seconds)
            # One pass that the system interrupted must not look like ten slow ones.
            self._seconds[rows] = known + _COST_RATE * (min(seconds, 2 * known) - known)

    def relative(self, rows: int) -> float:
        """The cost of a pass over that of one row; 1 for one row."""
        seconds = self._seconds  # another thread may put another in its place
        alone = seconds.get(1)
        if alone is None or rows == 1:
            return 1 + _PRIOR_SLOPE * (rows - 1)
        below, above = (1, 1.0), None
        for count in _ROW_COUNTS:
            if count in seconds:
                point = (count, seconds[count] / alone)
                if count <= rows:
                    below = point
                elif above is None:
                    above = point
        if above is None:
            return below[1] + _PRIOR_SLOPE * (rows - below[0])
        share = (rows - below[0]) / (above[0] - below[0])
        return below[1] + share * (above[1] - below[1])


def paying_length(draft: Draft, acceptance: Acceptance, cost: StepCost) -> int:
    """How many guesses to check, so that most tokens come in a second; 0 where checking does not pay."""
    best, most = 0, _LEAST_GAIN
    expected = probability = 1.0
    for length, basis in enumerate(draft.bases, start=1):
        probability *= acceptance.rate(basis)
        expected += probability
        # Only row counts that are measured are used, so that each is measured often; and the whole draft.
        if length + 1 in _ROW_COUNTS or length == len(draft.bases):
            gain = expected / cost.relative(length + 1)
            if gain > most:
                best, most = length, gain
    return best


class Drafter:
    """Guesses for one sequence, and learns from what became of them.

    Args:
        cost: of passes; shared by all sequences of an engine.
        history: texts to guess from besides the sequence itself.
    """

    def __init__(self, cost: StepCost, history: Iterable[Sequence[int]] = ()) -> None:
        self._cost = cost
        self._acceptance = Acceptance()
        self._index = NgramIndex(history)
        self._draft = Draft([], [])

    def truncate(self, length: int) -> None:
        """The sequence was cut."""
        self._index.truncate(length)

    def guess(
        self,
        token_ids: Sequence[int],
        forced: Sequence[int],
        stop_token_ids: Collection[int],
        limit: int,
    ) -> list[int]:
        """Guess at what follows.

        Args:
            token_ids: the sequence; since the last guess, it was only added to or cut by `truncate`.
            forced: what a grammar lets follow.
            stop_token_ids: behind one of them nothing is worth guessing.
            limit: how many at most.

        Returns:
            As many guesses as it pays to check; often none.
        """
        index = self._index
        index.extend(token_ids[len(index) :])
        guesses = list(forced[:limit])
        index.extend(guesses)
        more, matched = index.guess(limit - len(guesses))
        index.truncate(len(token_ids))
        bases = [FORCED] * len(guesses) + [basis_of_match(matched)] * len(more)
        guesses += more
        stop = next((n for n, guess in enumerate(guesses) if guess in stop_token_ids), limit)
        self._draft = Draft(guesses, bases).cut(stop)
        return guesses[: paying_length(self._draft, self._acceptance, self._cost)]

    def learn(self, number: int, token_id: int) -> None:
        """The token in the place of guess `number` is known, and all guesses before it were right."""
        if number < len(self._draft.token_ids):
            was_right = self._draft.token_ids[number] == token_id
            self._acceptance.record(self._draft.bases[number], was_right=was_right)

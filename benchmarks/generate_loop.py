"""What the generate loop itself costs and saves: its own time in a step, the grammar's mask, and drafting.

    python benchmarks/generate_loop.py
    python benchmarks/generate_loop.py --tokenizer FOLDER_OF_GLM-4

All of it runs through `Engine` and `Session.generate`, over a network of random weights that notes when each of its
passes begins and ends. What lies between two passes is the loop's own: sampling, masks, guesses, Python. The passes
are then made again without the loop, with the same ids at the same places, in turn with it. A pass of one row and its
head tell how much longer a pass of all layers takes; all are scaled by that. Times are medians over passes of equally
many rows.

What is written is a tool agent's conversation of fixed words (agent_trace.py), under GLM-4's grammar of its calls.
Drafting is compared over all of it; which guesses pay is decided on the layers that run. That it changes nothing is
checked in a run of its own, by ids and by each token's log probability, which is the network's own and before any
mask, and behind the conversation by what the network writes freely.
"""

# Before torch, as in a program that uses the engine: the package says how torch's threads wait.
from glm_engine import kernels as native_kernels  # isort: skip
import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from agent_trace import (
    TOOLS,
    Script,
    ScriptedTurn,
    longest_call,
    made_tokenizer,
    scripted_turns,
)
from engines import Ours, at_full_depth
from random_checkpoint import MODELS
from targets import Target, print_targets

from glm_engine.config import ModelConfig
from glm_engine.constraint import TokenConstraint
from glm_engine.generate import Engine, GeneratedToken, Session
from glm_engine.memory_plan import FORMATS
from glm_engine.sampling import SamplingParams
from glm_engine.tokenizer import load_tokenizer
from glm_prompts.glm4 import Glm4Dialect

NUM_FREE = 32  # tokens that the network writes by itself
NUM_OF_CALL = 64  # tokens of a call whose steps are timed with and without the loop
WITH_LOGPROBS = SamplingParams(logprobs=0)
LIKE_GLM_4 = SamplingParams(temperature=0.8, top_p=0.8)  # its generation_config.json


@dataclass(frozen=True, slots=True)
class Trace:
    """The conversation in one vocabulary.

    Attributes:
        dialect: in whose ids it is.
        turns: of the conversation.
        vocabulary: what the ids are of, for people.
    """

    dialect: Glm4Dialect
    turns: Sequence[ScriptedTurn]
    vocabulary: str

    @property
    def num_tokens(self) -> int:
        return sum(len(turn.entering) + len(turn.written) for turn in self.turns)

    @property
    def num_written(self) -> int:
        return sum(len(turn.written) for turn in self.turns)


def make_trace(config: ModelConfig, tokenizer_path: Path | None) -> Trace:
    """The conversation in the ids of a tokenizer, or of a made-up one of as many tokens as the network has."""
    if tokenizer_path is not None:
        dialect = Glm4Dialect(load_tokenizer(tokenizer_path))
        name = "GLM-4's own vocabulary"
    else:
        dialect = Glm4Dialect(made_tokenizer(config.vocab_size), "en")
        name = "a made-up vocabulary"
    size = dialect.tokenizer.vocab_size
    if size != config.vocab_size:
        raise SystemExit(
            f"The tokenizer has {size:,} tokens, the network {config.vocab_size:,}: they do not belong together."
        )
    return Trace(dialect, scripted_turns(dialect), f"{name} of {size:,}")


Times = dict[int, list[float]]  # seconds of passes, by their rows


@dataclass(frozen=True, slots=True)
class Timings:
    """What generations took, pass by pass.

    Attributes:
        num_tokens: that came out of the passes; the first of each generation comes out of its prefill.
        own_s: what the loop took behind each pass, until the next or the end.
        in_loop_s: the passes in it.
        alone_s: the same passes without it; empty where they were not made.
    """

    num_tokens: int
    own_s: Times
    in_loop_s: Times
    alone_s: Times

    @property
    def num_passes(self) -> int:
        return sum(map(len, self.own_s.values()))


def per_pass(times: Times) -> float:
    """The mean over passes, each taken as the median of those with as many rows."""
    num_passes = sum(map(len, times.values()))
    return sum(len(series) * statistics.median(series) for series in times.values()) / num_passes


def joined(parts: Sequence[Timings]) -> Timings:
    def together(times: Sequence[Times]) -> Times:
        return {
            rows: [taken for series in times for taken in series.get(rows, [])]
            for rows in sorted({rows for series in times for rows in series})
        }

    return Timings(
        sum(part.num_tokens for part in parts),
        together([part.own_s for part in parts]),
        together([part.in_loop_s for part in parts]),
        together([part.alone_s for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Generation:
    """What is asked of `Session.generate`."""

    params: SamplingParams
    max_new_tokens: int
    stop_token_ids: frozenset[int] = frozenset()
    constraint: TokenConstraint | None = None

    def run(self, session: Session) -> list[GeneratedToken]:
        return list(
            session.generate(
                self.params,
                max_new_tokens=self.max_new_tokens,
                stop_token_ids=self.stop_token_ids,
                constraint=self.constraint,
            )
        )


def scripted(trace: Trace, turn: ScriptedTurn, params: SamplingParams) -> Generation:
    return Generation(
        params, len(turn.written), trace.dialect.stop_token_ids, Script(trace.dialect, turn)
    )


def timed(ours: Ours, session: Session, generation: Generation, *, with_alone: bool) -> Timings:
    """Run it, and if asked for, its passes again without it."""
    for _ in session.prefill():
        pass
    passes = ours.decoder.passes
    passes.clear()
    num_tokens = len(generation.run(session)) - 1
    ends = [*(each.started for each in passes[1:]), time.perf_counter()]
    own_s, in_loop_s, alone_s = defaultdict(list), defaultdict(list), defaultdict(list)
    for each, next_started in zip(list(passes), ends, strict=True):
        own_s[each.rows].append(next_started - each.ended)
        in_loop_s[each.rows].append(each.seconds)
        if with_alone:
            alone = ours.forward_s(each.token_ids, each.position, each.num_logits)
            alone_s[each.rows].append(alone)
    return Timings(num_tokens, own_s, in_loop_s, alone_s)


class LoopBenchmark:
    """The measurements, over one network.

    Args:
        ours: the network, with room for the conversation.
        trace: the conversation.
        factor: layers of the whole network for one that runs.
        rounds: that count; one more comes before them.

    Raises:
        SystemExit: there is no room.
    """

    def __init__(self, ours: Ours, trace: Trace, factor: float, rounds: int) -> None:
        needed = trace.num_tokens + NUM_FREE + 1
        if ours.longest < needed:
            raise SystemExit(f"The conversation takes {needed:,} tokens: give --longest {needed}.")
        self._ours, self._trace, self._rounds = ours, trace, rounds
        self._scale = self._full_depth(factor)
        self._engines = {
            drafting: Engine(ours.decoder, context_length=ours.longest, drafting=drafting)
            for drafting in (False, True)
        }

    def _full_depth(self, factor: float) -> float:
        """Seconds of a pass of all layers for one of a pass of those that run, by a pass of one row and its head.

        One number for all, so that what is compared is not scaled by different ones.

        Raises:
            SystemExit: the machine is too busy to tell.
        """
        ids, passes, heads = torch.tensor([0]), [], []
        for _ in range(15):
            passes.append(self._ours.forward_s(ids, 16, 1))
            heads.append(self._ours.head_s(1))
        taken = statistics.median(passes)
        return at_full_depth(taken, statistics.median(heads), factor) / taken

    def own_time(self) -> Target:
        """The table of what a step takes outside the network, and the target for a call under the grammar."""
        index = longest_call(self._trace.turns, self._trace.dialect)
        turn = self._trace.turns[index]
        bases = {drafting: self._session_before(index, drafting) for drafting in (False, True)}

        def call() -> Generation:
            whole = scripted(self._trace, turn, SamplingParams())
            return replace(whole, max_new_tokens=NUM_OF_CALL)

        kinds: dict[str, tuple[bool, Callable[[], Generation]]] = {
            "greedy": (False, lambda: Generation(SamplingParams(), NUM_FREE)),
            "temperature 0.8, top-p 0.8": (False, lambda: Generation(LIKE_GLM_4, NUM_FREE)),
            "a call, greedy": (False, call),
            "a call, greedy, with drafting": (True, call),
        }
        parts: dict[str, list[Timings]] = {name: [] for name in kinds}
        for number in range(1 + self._rounds):
            for name, (drafting, generation) in kinds.items():
                timings = timed(self._ours, bases[drafting].fork(), generation(), with_alone=True)
                if number:
                    parts[name].append(timings)
        print("\n| outside the network | own, ms | network in the loop, ms | alone, ms | all layers, ms | own share |")  # fmt: skip
        print("|---|---|---|---|---|---|")
        shares = {}
        for name, series in parts.items():
            timings = joined(series)
            own, full = per_pass(timings.own_s), self._scale * per_pass(timings.alone_s)
            shares[name] = own / (own + full)
            print(
                f"| {name} | {1e3 * own:.2f} | {1e3 * per_pass(timings.in_loop_s):.1f} |"
                f" {1e3 * per_pass(timings.alone_s):.1f} | {1e3 * full:.0f} | {shares[name]:.2%} |",
                flush=True,
            )
        return Target("own time in a step, the most of these", "<=", 3, 100 * max(shares.values()), "%")  # fmt: skip

    def _session_before(self, index: int, drafting: bool) -> Session:
        """The conversation up to where a turn is to be written, computed."""
        session = self._engines[drafting].new_session()
        for turn in self._trace.turns[:index]:
            session.append([*turn.entering, *turn.written])
        session.append(self._trace.turns[index].entering)
        for _ in session.prefill():
            pass
        return session

    def drafting(self) -> float:
        """The table of the conversation with drafting and without. Returns tokens a step with it.

        Raises:
            SystemExit: drafting changed an id or a log probability.
        """
        self._check_drafting_changes_nothing()
        parts: dict[bool, list[Timings]] = {False: [], True: []}
        for _ in range(self._rounds):
            for drafting, series in parts.items():
                session = self._engines[drafting].new_session()
                for turn in self._trace.turns:
                    session.append(turn.entering)
                    generation = scripted(self._trace, turn, SamplingParams())
                    series.append(timed(self._ours, session, generation, with_alone=False))
        print("\n| the conversation's calls and answers | tokens a step | ms a step | tokens a second |\n|---|---|---|---|")  # fmt: skip
        per_step, per_second = {}, {}
        for drafting, series in parts.items():
            timings = joined(series)
            seconds = per_pass(timings.own_s) + self._scale * per_pass(timings.in_loop_s)
            per_step[drafting] = timings.num_tokens / timings.num_passes
            per_second[drafting] = per_step[drafting] / seconds
            name = "with drafting" if drafting else "without"
            print(f"| {name} | {per_step[drafting]:.2f} | {1e3 * seconds:.0f} | {per_second[drafting]:.2f} |", flush=True)  # fmt: skip
        ratio = per_second[True] / per_second[False]
        print(f"\nThe same ids and log probabilities with drafting and without: {self._trace.num_written:,} tokens of the"
              f" conversation, {NUM_FREE} free ones. With drafting {ratio:.2f} times the tokens a second.")  # fmt: skip
        return per_step[True]

    def _check_drafting_changes_nothing(self) -> None:
        written: dict[bool, list[GeneratedToken]] = {}
        for drafting, engine in self._engines.items():
            session = engine.new_session()
            tokens = []
            for turn in self._trace.turns:
                session.append(turn.entering)
                tokens += scripted(self._trace, turn, WITH_LOGPROBS).run(session)
            written[drafting] = tokens + Generation(WITH_LOGPROBS, NUM_FREE).run(session)
        for place, (without, drafted) in enumerate(zip(written[False], written[True], strict=True)):
            if without != drafted:
                raise SystemExit(f"Drafting changed token {place}: {without} without, {drafted} with it.")  # fmt: skip

    def mask(self) -> Target:
        """The line about the grammar's mask over the longest call, and its target."""
        trace = self._trace
        turn = trace.turns[longest_call(trace.turns, trace.dialect)]
        masks: list[float] = []
        forced: list[float] = []
        accepts: list[float] = []
        for _ in range(1 + self._rounds):
            grammar = trace.dialect.turn(TOOLS, call_id="call")
            for token_id in turn.written:
                times = [time.perf_counter()]
                grammar.allowed_tokens()
                times.append(time.perf_counter())
                grammar.forced_tokens()
                times.append(time.perf_counter())
                grammar.accept(token_id)
                times.append(time.perf_counter())
                for series, (start, end) in zip(
                    (masks, forced, accepts), pairwise(times), strict=True
                ):
                    series.append(end - start)
        shown = [1e6 * statistics.median(series) for series in (masks, forced, accepts)]
        print(f"\nThe grammar of {len(TOOLS)} tools over a call of {len(turn.written)} tokens, {trace.vocabulary}, medians: mask {shown[0]:.0f} us"
              f" (the longest {1e6 * max(masks):.0f} us), forced tokens {shown[1]:.0f} us, going on {shown[2]:.0f} us.")  # fmt: skip
        return Target("grammar mask of a token, median", "<=", 0.1, shown[0] / 1e3, "ms")

    def run(self) -> list[Target]:
        """All of it, printed."""
        targets = [self.own_time(), self.mask()]
        self.drafting()
        return targets


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", choices=MODELS, default="glm-4-9b-chat")
    parser.add_argument("--format", choices=FORMATS, default="int4")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--longest", type=int, default=4096, help="tokens of the longest context")
    parser.add_argument("--tokenizer", type=Path, help="folder of GLM-4's; default: a made-up one")
    args = parser.parse_args()
    full = MODELS[args.model]
    config = replace(full, num_layers=args.layers)
    trace = make_trace(config, args.tokenizer)
    print(f"{native_kernels.instruction_set()}; {args.model}, {args.format}, {args.layers} of {full.num_layers} layers run,"
          f" {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    ours = Ours(config, args.format, args.longest)
    targets = LoopBenchmark(ours, trace, full.num_layers / args.layers, args.rounds).run()
    print_targets(targets)


if __name__ == "__main__":
    main()

"""Fine-tune the adapter. `python -m demo_training.train --help` lists the options.

Everything follows from the seed and the number of steps: the conversations, their order, the schedule. A run that was
stopped goes on from its last checkpoint with the batch that comes next.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.benchmark import Timer

from demo_training.data.episode import IGNORED, Example, encode, encode_apart
from demo_training.data.mixture import training_episode, word_stock
from demo_training.network import Network, learnt, load_adapter, load_base
from glm_engine.demo import demo_base, demo_checkpoint
from glm_engine.demo.adapter import HIDDEN_SIZE
from glm_engine.tokenizer import Tokenizer, load_tokenizer
from glm_prompts.glm4 import Glm4Dialect

POOL_EPISODES = 64  # drawn at once and sorted by length, so that little is padding
MAX_EPISODE_TOKENS = 1400
APART_SHARE = 0.75  # of the conversations: each round as the first one, or most would have examples of their tools before them
SEED = 2026
REPORT_STEPS = 10
SAVE_STEPS = 25


@dataclass(frozen=True)
class Recipe:
    """What a run is determined by.

    Attributes:
        steps: updates in all.
        batch_tokens: padded tokens of one update, at most.
        learning_rate: after the warm-up.
        warmup_steps: over which the rate rises from zero.
        decay_share: part of all steps, at the end, over which the rate falls to zero.
        seed: of the data and of the adapter's first values.
    """

    steps: int = 1000
    batch_tokens: int = 2400
    learning_rate: float = 1.5e-3
    warmup_steps: int = 25
    decay_share: float = 0.35
    seed: int = SEED

    def rate(self, step: int) -> float:
        """The learning rate of update `step`, from 0: warm-up, plateau, linear decay."""
        left = (self.steps - step) / max(1.0, self.steps * self.decay_share)
        return self.learning_rate * min(1.0, (step + 1) / self.warmup_steps, left)


@dataclass(frozen=True)
class Position:
    """Where in the endless data a batch comes from: its pool, and its place in it."""

    pool: int = 0
    place: int = 0


def batches(
    recipe: Recipe, dialect: Glm4Dialect, start: Position
) -> Iterator[tuple[list[Example], Position]]:
    """Batches from `start` on, the same for the same seed, each with the position of the next one."""
    stock = word_stock(dialect.tokenizer)
    for pool_number in count(start.pool):
        random = Random(f"{recipe.seed}/{pool_number}")
        episodes = [training_episode(random, stock=stock) for _ in range(POOL_EPISODES)]
        pool = [
            encode(each, dialect)
            if each.recalls or random.random() >= APART_SHARE
            else encode_apart(each, dialect)
            for each in episodes
        ]
        pool = [each for each in pool if len(each.token_ids) <= MAX_EPISODE_TOKENS]
        pool.sort(key=lambda each: len(each.token_ids))
        made: list[list[Example]] = [[]]
        for example in pool:
            if made[-1] and (len(made[-1]) + 1) * len(example.token_ids) > recipe.batch_tokens:
                made.append([])
            made[-1].append(example)
        random.shuffle(made)
        first = start.place if pool_number == start.pool else 0
        for place in range(first, len(made)):
            yield made[place], Position(pool_number, place + 1)


def padded(batch: list[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids, labels and branches, (batch, length) with a length that is a multiple of 32."""
    length = -(-max(len(example.token_ids) for example in batch) // 32) * 32
    token_ids = torch.zeros(len(batch), length, dtype=torch.long)
    labels = torch.full((len(batch), length), IGNORED)
    branches = torch.zeros(len(batch), length, dtype=torch.long)
    for row, example in enumerate(batch):
        token_ids[row, : len(example.token_ids)] = torch.tensor(example.token_ids)
        labels[row, : len(example.labels)] = torch.tensor(example.labels)
        branches[row, : len(example.branches)] = torch.tensor(example.branches)
    return token_ids, labels, branches


def start_control_tokens(network: Network, tokenizer: Tokenizer) -> None:
    """Give the control tokens that conversations use a first meaning, from the base's own and from words."""
    embedding, special = network.embedding, tokenizer.special_tokens

    def word(text: str) -> Tensor:
        return embedding[tokenizer.encode(text)[0]]

    text_start, text_end = embedding[1], embedding[2]  # the base's <|im_start|> and <|im_end|>
    with torch.no_grad():
        network.spec[special["[gMASK]"]] = embedding[0]
        network.spec[special["<sop>"]] = 0.5 * text_start + 0.5 * embedding[0]
        network.spec[special["<|system|>"]] = 0.5 * text_start + 0.5 * word("system")
        network.spec[special["<|user|>"]] = 0.5 * text_end + 0.5 * word("user")
        network.spec[special["<|assistant|>"]] = 0.5 * text_start + 0.5 * word("assistant")
        network.spec[special["<|observation|>"]] = 0.5 * text_end + 0.5 * word("output")


def fastest_dtype() -> torch.dtype:
    """bf16 where this processor multiplies it faster than fp32; one without the units for it is many times slower."""

    def seconds(dtype: torch.dtype) -> float:
        left, right = (
            torch.ones(256, HIDDEN_SIZE, dtype=dtype),
            torch.ones(HIDDEN_SIZE, 1024, dtype=dtype),
        )
        timer = Timer(
            "left @ right",
            globals={"left": left, "right": right},
            num_threads=torch.get_num_threads(),
        )
        return timer.timeit(5).mean

    return min(torch.bfloat16, torch.float32, key=seconds)


class Trainer:
    """A network with masters in fp32, and where the run stands.

    Args:
        recipe: of the run.
        network: with the base's weights and the adapter's first values, in fp32; becomes `dtype`.
        folder: for checkpoints and metrics.
        dtype: what the network computes in; a checkpoint of one goes on in another.
    """

    def __init__(
        self, recipe: Recipe, network: Network, folder: Path, dtype: torch.dtype = torch.bfloat16
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.step = 0
        self.position = Position()
        self.tokens = 0
        self.seconds = 0.0
        self.masters = {name: each.detach().clone() for name, each in learnt(network).items()}
        self.network = network.to(dtype)
        groups = [
            {
                "params": [each for name, each in self.masters.items() if name != "spec"],
                "scale": 1.0,
            },
            {"params": [self.masters["spec"]], "scale": 0.5},
        ]
        self.optimizer = torch.optim.Adam(groups, betas=(0.9, 0.98), fused=True)

    def update(self, token_ids: Tensor, labels: Tensor, branches: Tensor) -> tuple[float, int, int]:
        """One step. Returns the summed loss, the number of learnt tokens and how many were right."""
        loss, count, right = self.network.loss(token_ids, labels, branches)
        torch.autograd.backward(loss / count)
        parameters = learnt(self.network)
        for name, parameter in parameters.items():
            assert parameter.grad is not None
            self.masters[name].grad = parameter.grad.float()
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_(self.masters.values(), 1.0)
        rate = self.recipe.rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self.optimizer.step()
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(self.masters[name])
        self.step += 1
        return float(loss.detach()), count, right

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def save(self) -> None:
        """Write a checkpoint; a crash leaves the one before."""
        state = {
            "masters": self.masters,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "position": asdict(self.position),
            "tokens": self.tokens,
            "seconds": self.seconds,
        }
        temporary = self.checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        Path(temporary).replace(self.checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one."""
        if not self.checkpoint.is_file():
            return
        state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
        with torch.no_grad():
            for name, parameter in learnt(self.network).items():
                self.masters[name].copy_(state["masters"][name])
                parameter.copy_(self.masters[name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.tokens = state["step"], state["tokens"]
        self.position = Position(**state["position"])
        self.seconds = state["seconds"]


def run(trainer: Trainer, dialect: Glm4Dialect, stop_after_s: float) -> None:
    """Train until the recipe's last step, or for so many seconds."""
    source = batches(trainer.recipe, dialect, trainer.position)
    started, seconds_before = time.monotonic(), trainer.seconds
    total_loss, learnt_tokens, right_tokens, tokens, since = 0.0, 0, 0, 0, started
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
    )
    with (
        Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress,
        (trainer.folder / "metrics.jsonl").open("a", encoding="utf-8") as metrics,
    ):
        bar = progress.add_task("training", total=trainer.recipe.steps, completed=trainer.step)
        while trainer.step < trainer.recipe.steps and time.monotonic() - started < stop_after_s:
            batch, trainer.position = next(source)
            loss, learnt_here, right = trainer.update(*padded(batch))
            total_loss += loss
            learnt_tokens += learnt_here
            right_tokens += right
            batch_tokens = sum(len(example.token_ids) for example in batch)
            tokens += batch_tokens
            trainer.tokens += batch_tokens
            trainer.seconds = seconds_before + time.monotonic() - started
            if trainer.step % REPORT_STEPS == 0:
                now = time.monotonic()
                row = {
                    "step": trainer.step,
                    "loss": round(total_loss / learnt_tokens, 4),
                    "accuracy": round(right_tokens / learnt_tokens, 4),
                    "tokens": trainer.tokens,
                    "tokens_per_s": round(tokens / (now - since)),
                    "seconds": round(trainer.seconds),
                }
                metrics.write(json.dumps(row) + "\n")
                metrics.flush()
                shown = f"loss {row['loss']:.3f}, {row['tokens_per_s']} tokens/s"
                progress.update(bar, completed=trainer.step, description=shown)
                total_loss, learnt_tokens, right_tokens, tokens, since = 0.0, 0, 0, 0, now
            if trainer.step % SAVE_STEPS == 0:
                trainer.save()
    trainer.save()


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m demo_training.train", description=__doc__)
    recipe = Recipe()
    parser.add_argument("folder", type=Path, help="for checkpoints and metrics; an old run goes on")
    parser.add_argument("--steps", type=int, default=recipe.steps)
    parser.add_argument("--learning-rate", type=float, default=recipe.learning_rate)
    parser.add_argument("--seed", type=int, default=recipe.seed)
    parser.add_argument("--init", type=Path, help="an adapter to start from instead of zero")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long")
    parser.add_argument("--cache", type=Path, help="where the base model is kept")
    arguments = parser.parse_args()
    recipe = Recipe(
        steps=arguments.steps, learning_rate=arguments.learning_rate, seed=arguments.seed
    )
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    tokenizer = load_tokenizer(demo_checkpoint(arguments.cache))
    network = Network()
    load_base(network, demo_base(arguments.cache))
    if arguments.init is None:
        start_control_tokens(network, tokenizer)
    else:
        load_adapter(network, load_file(arguments.init))
    trainer = Trainer(recipe, network, arguments.folder, fastest_dtype())
    trainer.resume()
    run(trainer, Glm4Dialect(tokenizer, "en"), arguments.minutes * 60)


if __name__ == "__main__":
    main()

"""Measure a model on held-out tasks, through the engine, the dialect and the tools that a run uses.

`python -m demo_training.evaluate --help` lists the options.
"""

import argparse
import json
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.progress import track
from safetensors.torch import save_file

from demo_training.cases import Case, same_call
from demo_training.network import Network, learnt, load_base
from demo_training.train import SEED, start_control_tokens
from demo_training.written import Questions, load_cases
from glm_agent.events import RunResult
from glm_agent.limits import Limits
from glm_agent.local_model import LocalModel
from glm_agent.orchestrator import Agent
from glm_engine.demo import demo_base, demo_checkpoint, demo_weight_format
from glm_engine.demo.adapter import merged_config, merged_weights
from glm_engine.generate import Engine
from glm_engine.tokenizer import load_tokenizer
from glm_prompts.glm4 import Glm4Dialect, Glm4Turn
from glm_sandbox.open import BackendName, open_sandbox
from glm_tools.python import SPEC as PYTHON
from glm_tools.python import PythonTool
from glm_tools.tool import JSONSchema, Tool, ToolSpec

LIMITS = Limits(max_steps=6, max_new_tokens=160)


class FreeDialect(Glm4Dialect):
    """The dialect with the grammar off."""

    def turn(
        self,
        tools: "list[ToolSpec] | tuple[ToolSpec, ...]",  # type: ignore[override]
        *,
        call_id: str,
        allow_calls: bool = True,
        answer_schema: JSONSchema | None = None,
        constrained: bool = True,
    ) -> Glm4Turn:
        return super().turn(tools, call_id=call_id, allow_calls=allow_calls, constrained=False)


@dataclass(frozen=True)
class Score:
    """What one case came to.

    Attributes:
        calls_are_right: name, arguments and order.
        answer_is_right: it says every fact; for a case without calls, that there is one.
    """

    calls_are_right: bool
    answer_is_right: bool


def says(answer: str, fact: str) -> bool:
    """Whether `answer` states `fact`: the text, or its number within a hundredth or a thousandth part."""
    squeezed = re.sub(r"[\s\[\]'\",]", "", answer).lower()
    wanted = re.sub(r"[\s\[\]'\",]", "", fact).lower()
    try:
        value = float(fact)
    except ValueError:
        return wanted in squeezed
    found = (text.replace(",", "").rstrip(".") for text in re.findall(r"-?\d[\d,]*\.?\d*", answer))
    return any(abs(float(text) - value) <= max(0.011, 1e-3 * abs(value)) for text in found if text)


def score(case: Case, result: RunResult) -> Score:
    """Compare a run with what its case wants."""
    wanted = case.asked.calls
    made = [(call.name, call.arguments) for call in result.calls]
    if wanted and all(call.tool == PYTHON.name for call in wanted):
        right = bool(made) and all(name == PYTHON.name for name, _ in made)
    else:
        right = len(made) == len(wanted) and all(
            same_call(case, call, right_call) for call, right_call in zip(made, wanted, strict=True)
        )
    answered = bool(result.answer) and all(says(result.answer, fact) for fact in case.asked.facts)
    return Score(right, answered)


def merged_checkpoint(adapter: Path, folder: Path, cache: Path | None) -> Path:
    """Write a checkpoint of the base with this adapter; returns `folder`."""
    reference = demo_checkpoint(cache)
    folder.mkdir(parents=True, exist_ok=True)
    weights = merged_weights(demo_base(cache), adapter)
    save_file(
        {name: tensor.to(torch.bfloat16) for name, tensor in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    (folder / "config.json").write_text(json.dumps(merged_config()), encoding="utf-8")
    shutil.copy(reference / "tokenizer.json", folder)
    return folder


def untrained_adapter(path: Path, cache: Path | None) -> Path:
    """Write the adapter that training starts from, which leaves the base as it is; returns `path`."""
    torch.manual_seed(SEED)
    network = Network()
    load_base(network, demo_base(cache))
    start_control_tokens(network, load_tokenizer(demo_checkpoint(cache)))
    tensors = {}
    for name, parameter in learnt(network).items():
        tensors[name] = parameter.detach().clone()
        if name != "spec":
            tensors[name + ".s"] = torch.ones(len(parameter))
    save_file(tensors, path)
    return path


def table(scores: Mapping[str, list[Score]]) -> str:
    """The scores in Markdown, a row a kind."""
    lines = ["| kind | cases | calls exact | answer right | both |", "|---|--:|--:|--:|--:|"]
    everything = [each for rows in scores.values() for each in rows]
    for kind, rows in [*scores.items(), ("all", everything)]:
        count = len(rows)
        calls = sum(row.calls_are_right for row in rows) / count
        answers = sum(row.answer_is_right for row in rows) / count
        both = sum(row.calls_are_right and row.answer_is_right for row in rows) / count
        lines.append(f"| {kind} | {count} | {calls:.2f} | {answers:.2f} | {both:.2f} |")
    return "\n".join(lines)


def evaluate(
    model: LocalModel, cases: list[Case], backend: BackendName, log: Path | None
) -> dict[str, list[Score]]:
    """Run every case in an agent of its own."""

    def python() -> Tool:
        return PythonTool(lambda: open_sandbox(backend, preimport=()))

    scores: dict[str, list[Score]] = {}
    records = []
    for case in track(cases, description="evaluating"):
        with Agent(model, case.tools(python), limits=LIMITS, can_page=False) as agent:
            result = agent.run(case.asked.user)
        scored = score(case, result)
        scores.setdefault(case.kind, []).append(scored)
        records.append(
            {
                "kind": case.kind,
                "user": case.asked.user,
                "wanted": [[call.tool, call.payload] for call in case.asked.calls],
                "facts": case.asked.facts,
                "made": [[step.call.name, step.call.raw, step.result.text if step.result else ""] for step in result.steps if step.call],
                "answer": result.answer,
                "calls": scored.calls_are_right,
                "answered": scored.answer_is_right,
            }
        )  # fmt: skip
    if log is not None:
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return scores


def main() -> None:
    """Evaluate as the command line says and print the table."""
    parser = argparse.ArgumentParser(prog="python -m demo_training.evaluate", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--adapter", type=Path, help="instead of the shipped one")
    which.add_argument("--base", action="store_true", help="the base model without an adapter")
    parser.add_argument("--no-grammar", action="store_true", help="let every token through")
    parser.add_argument(
        "--development",
        action="store_true",
        help="ask the questions of development.toml, whose failures training data may answer to, not those of blind.toml",
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the cases of each kind")
    parser.add_argument(
        "--sandbox", choices=("auto", "docker", "bubblewrap", "off"), default="auto"
    )
    parser.add_argument("--log", type=Path, help="write what every case came to, as JSON lines")
    parser.add_argument("--cache", type=Path, help="where the base model is kept")
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        adapter = arguments.adapter
        if arguments.base:
            adapter = untrained_adapter(Path(temporary) / "base.safetensors", arguments.cache)
        if adapter is None:
            folder = demo_checkpoint(arguments.cache)
        else:
            folder = merged_checkpoint(adapter, Path(temporary) / "model", arguments.cache)
        tokenizer = load_tokenizer(folder)
        dialect = (FreeDialect if arguments.no_grammar else Glm4Dialect)(tokenizer, "en")
        model = LocalModel(
            Engine.load(folder, weight_format=demo_weight_format()), tokenizer, dialect, name="demo"
        )
        questions: Questions = "development" if arguments.development else "blind"
        cases = load_cases(questions, arguments.share)
        started = time.monotonic()
        scores = evaluate(model, cases, arguments.sandbox, arguments.log)
        print(table(scores))
        print(f"\n{len(cases)} cases in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()

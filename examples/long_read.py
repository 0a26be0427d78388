"""Proves: what 128K tokens of context need is known before anything is loaded, and a long text is computed once.

The plan is that of GLM-4-9B-Chat. The text is read by a network of two layers with random weights and GLM-4's
dialect, 16,000 tokens of it: what it says means nothing, what it computes is counted. `--live` runs it; without it,
the recording is played.
"""

import sys
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal, Limits
from glm_agent.testing import ReplayModel

RECORDING = Path(__file__).parent / "recordings" / "long_read.json"
CONTEXT = 131_072
GIB = 1 << 30
TEXT = "".join(f"Clause {number}: the tenant pays the rent in time.\n" for number in range(330))


def live() -> tuple[ChatModel]:
    from glm_agent.local_model import LocalModel  # torch: only where a network runs
    from glm_engine.testing import tiny_engine, tiny_tokenizer
    from glm_prompts.glm4 import Glm4Dialect

    tokenizer = tiny_tokenizer()
    engine = tiny_engine(vocab_size=tokenizer.vocab_size, context_length=CONTEXT)
    return (LocalModel(engine, tokenizer, Glm4Dialect(tokenizer), name="tiny"),)


def show_plan() -> None:
    from glm_agent.model_choice import PUBLISHED  # torch, as above
    from glm_engine.memory_plan import plan_memory

    plan = plan_memory(PUBLISHED["glm-4-9b-chat"], "int4", CONTEXT)
    print(f"int4, {CONTEXT:,} tokens: {plan.total_bytes / GIB:.1f} GiB", end=", ")
    print(f"of which keys and values {plan.kv_cache_bytes / GIB:.1f} GiB")
    layers, kv_heads, head_dim, bf16 = 40, 2, 128, 2  # of the published config.json
    assert plan.kv_cache_bytes == 2 * layers * kv_heads * head_dim * bf16 * CONTEXT == 5 * GIB


def main(model: ChatModel, journal: Journal | None = None) -> None:
    show_plan()
    limits = Limits(max_new_tokens=8)
    with Agent(model, limits=limits, journal=journal) as agent, agent.session() as session:
        first = session.run(f"{TEXT}\nWhen does the tenant pay?").usage
        second = session.run("And what?").usage
    for usage in (first, second):
        print(f"{usage.new_tokens:,} tokens computed, {usage.reused_tokens:,} reused")
    assert first.new_tokens > len(TEXT) > 15_000
    assert second.reused_tokens >= first.new_tokens
    assert second.new_tokens < 100


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING, run=None)])

"""How long a context may be said to be: `--context` of every command that has one."""

import json

import pytest
import typer
from typer.testing import CliRunner

from glm_agent.cli.application import app
from glm_agent.cli.context_length import context_length
from glm_agent.model_choice import PUBLISHED


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("1", 1),
        ("131072", 131072),
        ("131_072", 131072),
        ("1K", 1024),
        ("32k", 32768),
        ("63K", 64512),
        ("125K", 128000),
        ("128K", 131072),
        ("1M", 1048576),
        ("1m", 1048576),
    ],
)
def test_k_is_1024_tokens_and_plain_numbers_mean_themselves(written: str, tokens: int) -> None:
    assert context_length(written) == tokens


def test_the_models_own_contexts_are_what_their_names_in_k_and_m_say() -> None:
    for name, written in (("glm-4-9b-chat", "128K"), ("glm-4-9b-chat-1m", "1M"), ("chatglm2-6b", "32K")):  # fmt: skip
        assert context_length(written) == PUBLISHED[name].context_length


@pytest.mark.parametrize(
    "written",
    ["", "0", "0K", "-1", "-1K", "K", "1.5K", "1e5", "128KB", "128 K", "1G", "１２８K", "131,072"],
)
def test_anything_else_is_refused_with_what_is_allowed(written: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"131072, or 128K .* or 1M") as refused:
        context_length(written)
    assert repr(written) in refused.value.message


def test_plan_takes_them_and_names_the_option_where_it_does_not() -> None:
    def planned(written: str) -> int:
        line = ["models", "plan", "-m", "chatglm2-6b", "--context", written, "--json"]
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, done.output
        rows = json.loads(done.stdout)["models"]["chatglm2-6b"]
        (tokens,) = {row["context_length"] for row in rows}
        return int(tokens)

    assert planned("32K") == planned("32768") == 32768
    refused = CliRunner().invoke(app, ["models", "plan", "--context", "32KB"])
    assert refused.exit_code == 2
    assert "--context" in refused.output
    assert "128K" in refused.output


@pytest.mark.parametrize("written", ["15", "1X"])
def test_bench_refuses_what_it_cannot_measure_before_it_loads_a_model(written: str) -> None:
    refused = CliRunner().invoke(app, ["bench", "--model", "no-such-model", "--context", written])
    assert refused.exit_code != 0
    assert "--context" in f"{refused.output} {refused.exception}"

"""`glm-agent bench` on a small random model: what it prints, not how fast it was."""

import base64
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glm_agent.cli.application import app
from glm_agent.errors import ModelUnavailableError
from glm_engine.testing import tiny_config, write_checkpoint


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A GLM-4 of two layers with a token for each byte."""
    write_checkpoint(tmp_path, tiny_config(vocab_size=270, context_length=700))
    ranks = [f"{base64.b64encode(bytes([byte])).decode()} {byte}\n" for byte in range(256)]
    (tmp_path / "tokenizer.model").write_text("".join(ranks), encoding="utf-8")
    return str(tmp_path)


def test_the_table_has_a_line_for_each_workload_that_fits(model: str) -> None:
    done = CliRunner().invoke(app, ["bench", "--model", model, "--context", "600"])
    assert done.exit_code == 0, done.output
    kinds = [line.split()[:3] for line in done.stdout.splitlines()[3:]]
    assert kinds == [
        *(["step", str(rows), "16"] for rows in (1, 2, 4, 8, 16)),
        ["prefill", "64", "0"],
        ["prefill", "512", "0"],
    ]
    assert "attention; same bits for" in done.stdout
    assert done.stdout.count("of one token's") == 4


def test_json_says_the_same(model: str) -> None:
    done = CliRunner().invoke(app, ["bench", "--model", model, "--context", "100", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert [(line["tokens"], line["context"]) for line in answer["measured"]] == [
        *((rows, 16) for rows in (1, 2, 4, 8, 16)),
        (64, 0),
    ]
    assert answer["threads"] >= 1
    assert answer["device"] == "cpu"


def test_a_device_that_is_not_here_is_named(model: str) -> None:
    done = CliRunner().invoke(app, ["bench", "--model", model, "--device", "warp"])
    assert isinstance(done.exception, ModelUnavailableError)
    assert "device is 'warp'" in str(done.exception)

"""Which model a name means: explicit names never mean another, and `auto` says why it took what it took."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from typer.testing import CliRunner

from glm_agent.cli.application import app
from glm_agent.errors import ModelUnavailableError, UsageError
from glm_agent.local_model import open_dialect
from glm_agent.model_choice import (
    PUBLISHED,
    available_memory_bytes,
    best_installed,
    fit,
    model_config,
    plans,
)
from glm_agent.model_store import stored_models
from glm_agent.models import installed_path, load_model
from glm_engine import kernels
from glm_engine.config import ModelConfig
from glm_engine.generate import Engine, WeightFormat
from glm_engine.memory_plan import FORMATS, plan_memory
from glm_engine.testing import tiny_config, write_checkpoint

REVISION = "0123456789abcdef0123456789abcdef01234567"
# Wide enough that a format with fewer bits takes less: layouts pad small matrices.
CONFIG = tiny_config(
    vocab_size=270,
    context_length=4096,
    hidden_size=256,
    head_dim=64,
    rotary_dim=32,
    intermediate_size=512,
)


def write_glm4(folder: Path) -> Path:
    """A small random GLM-4: a token for each byte, and the control tokens behind them."""
    write_checkpoint(folder, CONFIG)
    ranks = [f"{base64.b64encode(bytes([byte])).decode()} {byte}\n" for byte in range(256)]
    (folder / "tokenizer.model").write_text("".join(ranks), encoding="utf-8")
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of fetched models, with a small GLM-4 in it under the real one's name. Nothing can be fetched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "1")
    models = tmp_path / "cache" / "glm-agent" / "models"
    write_glm4(models / "zai-org--glm-4-9b-chat" / REVISION)
    return models


@pytest.fixture
def chatglm2(installed: Path, shared_data: Path) -> Path:
    """A small random ChatGLM2 beside it, with the real tokenizer."""
    folder = installed / "zai-org--chatglm2-6b" / REVISION
    config = tiny_config(vocab_size=65024, context_length=4096)
    write_checkpoint(folder, config, naming="original", pickled=True)
    shutil.copy(shared_data / "chatglm2-6b" / "tokenizer.model", folder)
    return folder


needs_kernels = pytest.mark.skipif(
    kernels.status().state in ("off", "unavailable"),
    reason="without native kernels fewer bits take no less memory",
)


def total_bytes(config: ModelConfig, *args: object) -> int:
    weight_format, context_length = args
    assert weight_format in FORMATS
    assert isinstance(context_length, int)
    return plan_memory(config, weight_format, context_length).total_bytes


def test_a_folder_is_loaded_as_it_is_when_it_fits(tmp_path: Path) -> None:
    model = load_model(str(write_glm4(tmp_path / "mine")))
    assert (model.name, model.note, model.context_length) == ("mine", "", 4096)
    assert model.dialect.name == "glm4"
    assert load_model(str(tmp_path / "mine"), context_length=100).context_length == 100


@needs_kernels
@pytest.mark.parametrize("weight_format", FORMATS)
def test_the_best_format_that_has_room_is_taken_and_the_reason_said(
    tmp_path: Path, weight_format: str
) -> None:
    folder = write_glm4(tmp_path / "mine")
    choice = fit("mine", folder, available_bytes=total_bytes(CONFIG, weight_format, 4096))
    assert choice.plan.weight_format == weight_format
    assert ("bfloat16 needs" in choice.note) == (weight_format != "bfloat16")
    assert "\n" not in choice.note


def test_a_model_that_fits_in_no_format_is_refused_with_the_numbers(tmp_path: Path) -> None:
    """The format named is the one that takes least: not always the one of the fewest bits."""
    folder = write_glm4(tmp_path / "mine")
    least, weight_format = min((total_bytes(CONFIG, each, 4096), each) for each in FORMATS)
    with pytest.raises(
        ModelUnavailableError, match=f"mine does not fit: .* even in {weight_format}, and .* free"
    ):
        fit("mine", folder, available_bytes=least - 1)
    with pytest.raises(ModelUnavailableError, match="holds 4,096 tokens, not 4,097"):
        fit("mine", folder, 4097)


@pytest.mark.parametrize(("limit", "expected"), [("8000000", 5000000), ("1000000", 0)])
def test_files_that_a_container_has_read_do_not_count_as_used(
    tmp_path: Path, limit: str, expected: int
) -> None:
    """The second start in a container found its memory taken by the weights that the first had mapped."""
    counters = "anon 3000000\nfile 4000000\ninactive_file 3900000\nactive_file 100000"
    texts = {"memory.max": limit, "memory.current": "7000000", "memory.stat": counters}
    for name, text in texts.items():
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    assert available_memory_bytes(group=tmp_path) == expected


def test_a_name_that_is_nothing_says_what_could_be_typed(installed: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="glm-4-9b-chat"):
        load_model("no-such-model")
    with pytest.raises(ModelUnavailableError, match="GLM_AGENT_OFFLINE"):
        load_model("chatglm2-6b")  # never the demo instead


def test_a_short_name_and_auto_mean_the_installed_model(installed: Path) -> None:
    for name in ("glm-4-9b-chat", "auto"):
        model = load_model(name)
        assert (model.name, model.dialect.name) == ("glm-4-9b-chat", "glm4")


def test_auto_looks_at_the_models_in_order_and_gives_a_line_for_each(installed: Path) -> None:
    first, second = best_installed()
    assert first.choice is not None
    assert (second.choice, second.is_installed) == (None, False)
    assert "glm-agent models pull chatglm2-6b" in second.reason
    for step in best_installed(available_bytes=1 << 20):
        assert step.choice is None
        assert "\n" not in step.reason


def test_auto_goes_on_past_a_damaged_model_and_says_so(installed: Path, chatglm2: Path) -> None:
    """An explicit name does not: it is refused with what is wrong."""
    weights = installed / "zai-org--glm-4-9b-chat" / REVISION / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    model = load_model("auto")
    assert (model.name, model.dialect.name) == ("chatglm2-6b", "chatglm2")
    assert "model.safetensors" in model.note
    with pytest.raises(ModelUnavailableError, match=r"model\.safetensors"):
        load_model("glm-4-9b-chat")


@pytest.mark.parametrize("published", ["chatglm2-6b", "chatglm3-6b"])
def test_a_checkpoint_in_the_published_files_speaks_its_own_dialect(
    tmp_path: Path, shared_data: Path, published: str
) -> None:
    """Original names in pickled shards, the real tokenizer and its config: by these alone the two are told apart."""
    config = tiny_config(vocab_size=65024, context_length=8192)
    write_checkpoint(tmp_path, config, naming="original", pickled=True, num_shards=2)
    path = tmp_path / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["_name_or_path"] = f"THUDM/{published}"
    path.write_text(json.dumps(settings), encoding="utf-8")
    shutil.copy(shared_data / "chatglm2-6b" / "tokenizer.model", tmp_path)
    shutil.copy(shared_data / published / "tokenizer_config.json", tmp_path)
    model = load_model(str(tmp_path))
    assert model.dialect.name == published.removesuffix("-6b")
    assert 2 in model.dialect.stop_token_ids


def test_a_tokenizer_of_neither_family_is_refused(tmp_path: Path) -> None:
    folder = write_glm4(tmp_path / "mine")
    tokens = {"256": {"content": "<|endoftext|>"}}
    text = json.dumps({"added_tokens_decoder": tokens})
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelUnavailableError, match="neither a GLM-4"):
        open_dialect(folder)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_geometry_for_plans_is_that_of_the_published_config(
    name: str, shared_data: Path
) -> None:
    """The numbers typed here against the file that the authors published."""
    path = shared_data / name / "config.json"
    published = ModelConfig.from_json(json.loads(path.read_text(encoding="utf-8")), path)
    assert PUBLISHED[name] == published


def test_a_plan_has_every_format_and_each_context_that_the_model_has() -> None:
    rows = plans(PUBLISHED["chatglm2-6b"], [1024, 32768, 131072])
    assert [(row.weight_format, row.context_length) for row in rows] == [
        (weight_format, context) for weight_format in FORMATS for context in (1024, 32768)
    ]
    with pytest.raises(ModelUnavailableError, match="glm-4-9b-chat"):
        model_config("no-such-model", None)


# The commands.


def output(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_commands_list_find_check_and_delete_what_is_here(installed: Path) -> None:
    folder = installed / "zai-org--glm-4-9b-chat" / REVISION
    rows = {row["name"]: row for row in json.loads(output("list", "--json"))}
    assert rows["glm-4-9b-chat"]["path"] == str(folder)
    assert rows["chatglm2-6b"]["path"] is None
    assert output("path", "glm-4-9b-chat") == f"{folder}\n"
    assert output("pull", "glm-4-9b-chat") == f"{folder}\n"  # it is here: nothing is fetched
    assert "dialect glm4: ok" in output("verify", "glm-4-9b-chat")
    output("rm", "glm-4-9b-chat", "--yes")
    assert not folder.parent.exists()
    with pytest.raises(ModelUnavailableError, match="models pull"):
        output("path", "glm-4-9b-chat")


def test_verify_names_what_is_damaged(installed: Path) -> None:
    folder = installed / "zai-org--glm-4-9b-chat" / REVISION
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelUnavailableError, match=r"model\.safetensors"):
        output("verify", "glm-4-9b-chat")


def quantized(name: str, kind: WeightFormat = "int8") -> Path:
    """Quantises a model as a run would; returns the entry."""
    Engine.load(installed_path(name), weight_format=kind)
    (entry,) = (
        entry.path
        for model in stored_models()
        for entry in model.quantized
        if entry.weight_format == kind and model.path == installed_path(name)
    )
    return entry


def test_list_shows_what_was_quantised_and_what_broke_off(installed: Path) -> None:
    entry = quantized("glm-4-9b-chat")
    partial = installed / "zai-org--chatglm2-6b" / f"{REVISION}.partial"
    partial.mkdir(parents=True)
    (partial / "pytorch_model.bin").write_bytes(b"x" * 100)
    write_glm4(installed / "some--fork" / REVISION)
    rows = {row["name"]: row for row in json.loads(output("list", "--json"))}
    (listed,) = rows["glm-4-9b-chat"]["quantized"]
    assert (listed["weight_format"], listed["path"]) == ("int8", str(entry))
    assert rows["chatglm2-6b"]["path"] is None
    assert rows["chatglm2-6b"]["partial_bytes"] == 100
    assert rows["some/fork"]["path"] == str(installed / "some--fork" / REVISION)
    assert str(entry) in output("list")
    assert "broke off" in output("list")


def test_verify_reads_everything_and_compares_the_announced_hashes(installed: Path) -> None:
    folder = installed / "zai-org--glm-4-9b-chat" / REVISION
    entry = quantized("glm-4-9b-chat")
    weights = folder / "model.safetensors"
    announced = {weights.name: {"sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}}
    record = folder.with_name(f"{REVISION}.json")
    record.write_text(json.dumps(announced), encoding="utf-8")
    said = output("verify", "glm-4-9b-chat")
    assert "1 files have the hashes" in said
    assert f"{entry}: int8: ok" in said
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelUnavailableError, match="not what the hub announced"):
        output("verify", "glm-4-9b-chat")


def test_verify_names_a_tensor_with_nan_and_a_flipped_bit_in_what_was_quantised(
    installed: Path,
) -> None:
    entry = quantized("glm-4-9b-chat", "int4") / "weights.safetensors"
    content = entry.read_bytes()
    entry.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelUnavailableError, match="changed since it was made"):
        output("verify", "glm-4-9b-chat")
    path = installed / "zai-org--glm-4-9b-chat" / REVISION / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    tensors["model.layers.1.mlp.down_proj.weight"][3, 5] = float("nan")
    safetensors.torch.save_file(tensors, path)
    with pytest.raises(ModelUnavailableError, match=r"layers\.1\.mlp\.down_proj.*NaN"):
        output("verify", "glm-4-9b-chat")


def test_rm_takes_what_was_quantised_along(installed: Path, tmp_path: Path) -> None:
    """Of a fetched model with it, of a folder of the user's without the folder, of a gone one at all."""
    entry = quantized("glm-4-9b-chat")
    output("rm", "glm-4-9b-chat", "--yes")
    assert not entry.exists()
    assert not (installed / "zai-org--glm-4-9b-chat").exists()
    mine = write_glm4(tmp_path / "mine")
    entry = quantized(str(mine))
    output("rm", str(mine), "--yes")
    assert mine.is_dir()
    assert not entry.exists()
    entry = quantized(str(mine))
    shutil.rmtree(mine)
    output("rm", str(mine), "--yes")
    assert list(entry.parent.iterdir()) == []


def test_the_demo_model_has_a_path_once_it_was_made_and_can_be_deleted(installed: Path) -> None:
    for command in ("path", "verify", "rm"):
        with pytest.raises(ModelUnavailableError, match="models pull demo"):
            output(command, "demo")
    demo = installed.parent / "demo"
    demo.mkdir()
    (demo / "base.gguf").write_bytes(b"x")
    output("rm", "demo", "--yes")
    assert not demo.exists()


def test_rm_leaves_alone_what_it_did_not_fetch_and_asks(installed: Path, tmp_path: Path) -> None:
    mine = write_glm4(tmp_path / "mine")
    with pytest.raises(UsageError, match="not fetched by glm-agent"):
        output("rm", str(mine), "--yes")
    with pytest.raises(UsageError, match="--yes"):
        output("rm", "glm-4-9b-chat")
    assert mine.is_dir()
    assert (installed / "zai-org--glm-4-9b-chat" / REVISION).is_dir()


def test_plan_adds_up_and_says_what_auto_would_load(installed: Path) -> None:
    report = json.loads(output("plan", "--json"))
    for row in (row for rows in report["models"].values() for row in rows):
        parts = ("weight", "kv_cache", "workspace", "captured", "runtime")
        assert row["device_bytes"] == sum(row[f"{part}_bytes"] for part in parts)
        elsewhere = (
            row["unread_bytes"] + row["spared_bytes"] + row["captured_bytes"] - row["copied_bytes"]
        )
        assert row["total_bytes"] == row["device_bytes"] - elsewhere
        assert row["fits_here"] == (row["total_bytes"] <= report["available_bytes"])
    assert [step["name"] for step in report["auto"]] == ["glm-4-9b-chat", "chatglm2-6b"]
    one = json.loads(
        output("plan", "-m", "chatglm2-6b", "--context", "8192", "--format", "int4", "--json")
    )
    (row,) = one["models"]["chatglm2-6b"]
    assert (row["weight_format"], row["context_length"]) == ("int4", 8192)
    with pytest.raises(UsageError, match="32,768"):
        output("plan", "-m", "chatglm2-6b", "--context", "99999")
    assert "auto:" in output("plan")


def test_weights_that_make_nonsense_are_no_bug_of_ours(installed: Path, tmp_path: Path) -> None:
    """Numbers that are not finite end the command as a model that cannot be used, and say what to do."""
    folder = write_glm4(tmp_path / "model")
    weights = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(weights)
    tensors["model.norm.weight"].fill_(torch.nan)
    safetensors.torch.save_file(tensors, weights, metadata={"format": "pt"})
    command = (sys.executable, "-m", "glm_agent", "run", "x", "--no-tools", "--model", str(folder))
    home = {**os.environ, "GLM_AGENT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", env=home, timeout=120, check=False
    )  # fmt: skip
    assert done.returncode == 6
    assert done.stdout == ""
    assert "verify the checkpoint's hashes" in done.stderr
    assert "Traceback" not in done.stderr

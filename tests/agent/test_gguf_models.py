"""GGUF files from end to end: each number format against transformers, and each family's vocabulary and dialect."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import sentencepiece
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer as ReferenceTokenizer
from transformers.convert_slow_tokenizer import TikTokenConverter

from glm_agent.models import load_model
from glm_engine.generate import Engine
from glm_engine.model import parameter_shapes
from glm_engine.testing import hf_settings, stored_tensors, tiny_config, write_checkpoint
from glm_engine.tokenizer import (
    CHATGLM2_SPECIAL_TOKENS,
    CHATGLM3_SPECIAL_TOKENS,
    GLM4_SPECIAL_TOKENS,
    load_tokenizer,
)
from glm_engine.vocabularies import GLM4_PATTERN

CONFIG = tiny_config(
    hidden_size=256,
    head_dim=64,
    rotary_dim=32,
    intermediate_size=256,
    vocab_size=271,
    rope_theta=5e6,
)
# Where a block's half-precision factors lie, which in real files are small numbers and not random bits.
FACTORS = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}
FORMATS = ("F32", "F16", "BF16", "Q8_0", "Q5_0", "Q5_1", "Q4_0", "Q4_1", *FACTORS)
NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6
TEXTS = (
    "Hello, world! It's 1,234.56",
    "你好，北京今天天气怎么样？👋🏽",
    "x = [1]\n\n  # 注释\n",
    "العربية ไทย",
)


def add_small_vocabulary(writer: gguf.GGUFWriter) -> None:
    """A token for each byte, one merge, and GLM-4's control tokens, as llama.cpp's converter writes GLM-4."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelt = {byte: chr(byte) for byte in printable}
    spelt |= {byte: chr(0x100 + offset) for offset, byte in enumerate(others)}
    tokens = [*(spelt[byte] for byte in range(256)), "ab", *GLM4_SPECIAL_TOKENS]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("chatglm-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types([NORMAL] * 257 + [CONTROL] * len(GLM4_SPECIAL_TOKENS))
    writer.add_token_merges(["a b"])


def k_quants(kind: str) -> dict[str, tuple[NDArray[np.uint8], str]]:
    """Random blocks for every matrix: the `gguf` package reads these formats and does not write them."""
    random = np.random.default_rng(0)
    block_nbytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]][1]
    empty = {name: torch.empty(shape) for name, shape in parameter_shapes(CONFIG).items()}
    overrides = {}
    for name, tensor in stored_tensors(CONFIG, empty, "gguf").items():
        if tensor.dim() == 2:
            shape = (tensor.shape[0], tensor.shape[1] // 256 * block_nbytes)
            blocks = random.integers(0, 256, shape, dtype=np.uint8)
            for offset in FACTORS[kind]:
                factors = random.uniform(1e-5, 1e-4, shape[0]).astype(np.float16)
                blocks[:, offset : offset + 2] = factors.view(np.uint8).reshape(-1, 2)
            overrides[name] = (blocks, kind)
    return overrides


def reference_logits(path: Path, token_ids: list[int]) -> torch.Tensor:
    """Logits of transformers' network over what the `gguf` package's own reader finds in a file."""
    names = {
        "token_embd": "model.embed_tokens",
        "output_norm": "model.norm",
        "output": "lm_head",
        "attn_norm": "input_layernorm",
        "attn_qkv": "self_attn.qkv",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_up": "mlp.gate_up_proj",
        "ffn_down": "mlp.down_proj",
    }
    kv_rows = CONFIG.num_kv_heads * CONFIG.head_dim
    weights = {}
    for tensor in gguf.GGUFReader(path).tensors:
        values = torch.tensor(gguf.dequantize(tensor.data, tensor.tensor_type), dtype=torch.float32)
        *layer, name, kind = str(tensor.name).split(".")
        key = ".".join([*(["model.layers", layer[1]] if layer else []), names[name], kind])
        if "qkv" in key:
            rows = (CONFIG.num_heads * CONFIG.head_dim, kv_rows, kv_rows)
            for part, piece in zip("qkv", torch.split(values, list(rows)), strict=True):
                weights[key.replace("qkv", f"{part}_proj")] = piece
        else:
            weights[key] = values
    settings: Any = transformers.GlmConfig(**hf_settings(CONFIG))
    model: Any = transformers.GlmForCausalLM(settings).eval()  # type: ignore[no-untyped-call]
    model.load_state_dict(weights)
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([token_ids])).logits[0]
    return logits


@pytest.mark.parametrize("gguf_type", FORMATS)
def test_every_number_format_gives_transformers_logits_and_a_model_that_speaks(
    tmp_path: Path, gguf_type: str
) -> None:
    """The file's path is all that the user gives: network, tokenizer and dialect come out of it."""
    write_checkpoint(
        tmp_path,
        CONFIG,
        naming="gguf",
        gguf_type="F32" if gguf_type in FACTORS else gguf_type,
        gguf_overrides=k_quants(gguf_type) if gguf_type in FACTORS else None,
        gguf_vocabulary=add_small_vocabulary,
    )
    path = tmp_path / "model.gguf"
    token_ids = list(range(100))
    decoder = Engine.load(path, weight_format="float32").decoder
    ours = decoder.forward(torch.tensor(token_ids), decoder.new_cache(128), num_logits=100)
    expected = reference_logits(path, token_ids)
    assert torch.allclose(ours, expected, rtol=0, atol=2e-5 * float(expected.abs().max()))
    model = load_model(str(path))
    assert (model.dialect.name, model.context_length) == ("glm4", 512)
    assert model.tokenizer.encode("cab") == [ord("c"), 256]
    session = model.engine.new_session()
    session.append(model.dialect.user("hi", 1).token_ids)
    assert len(list(session.generate(max_new_tokens=8))) == 8


def sentencepiece_vocabulary(
    model: Path, added_tokens: tuple[str, ...]
) -> Callable[[gguf.GGUFWriter], None]:
    """As llama.cpp's converter writes ChatGLM3's: the control pieces renamed, scores of 0 for what was added."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    size, padded = processor.vocab_size(), 65024
    kinds = [
        UNKNOWN if processor.is_unknown(i)
        else CONTROL if processor.is_control(i)
        else BYTE if processor.is_byte(i)
        else NORMAL
        for i in range(size)
    ]  # fmt: skip
    pieces = [processor.id_to_piece(index) for index in range(size)]
    pieces[1:3] = "<bos>", "<eos>"
    padding = [f"[PAD{index}]" for index in range(size + len(added_tokens), padded)]
    scores = [processor.get_score(index) for index in range(size)] + [0.0] * (padded - size)

    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("chatglm-spm")
        writer.add_token_list([*pieces, *added_tokens, *padding])
        writer.add_token_scores(scores)
        writer.add_token_types([*kinds, *[CONTROL] * len(added_tokens), *[UNUSED] * len(padding)])

    return add


@pytest.mark.parametrize(
    ("dialect", "added"),
    [("chatglm2", CHATGLM2_SPECIAL_TOKENS), ("chatglm3", CHATGLM3_SPECIAL_TOKENS)],
)
def test_a_gguf_of_chatglm2_and_3_speaks_its_dialect_in_the_real_tokens(
    tmp_path: Path, shared_data: Path, dialect: str, added: tuple[str, ...]
) -> None:
    folder = shared_data / "chatglm2-6b"
    write_checkpoint(
        tmp_path,
        tiny_config(vocab_size=65024),
        naming="gguf",
        gguf_vocabulary=sentencepiece_vocabulary(folder / "tokenizer.model", added),
    )
    model = load_model(str(tmp_path / "model.gguf"))
    assert model.dialect.name == dialect
    real = load_tokenizer(folder)
    for text in TEXTS:
        assert model.tokenizer.encode(text) == real.encode(text)
    assert {name: model.tokenizer.special_tokens[name] for name in real.special_tokens} == dict(
        real.special_tokens
    )


def test_a_gguf_of_glm4_speaks_its_dialect_in_the_real_tokens(
    tmp_path: Path, shared_data: Path
) -> None:
    """With all 151,552 entries, padding included."""
    folder = shared_data / "glm-4-9b-chat"
    converter = TikTokenConverter(  # type: ignore[no-untyped-call]
        str(folder / "tokenizer.model"),
        pattern=GLM4_PATTERN,
        extra_special_tokens=list(GLM4_SPECIAL_TOKENS),
    )
    reference: ReferenceTokenizer = converter.converted()
    merges = json.loads(reference.to_str())["model"]["merges"]
    by_id = {index: token for token, index in reference.get_vocab().items()}

    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("chatglm-bpe")
        writer.add_token_list([by_id.get(i, f"[PAD{i}]") for i in range(151552)])
        kinds = [NORMAL] * 151329 + [CONTROL] * 14 + [UNUSED] * (151552 - 151343)
        writer.add_token_types(kinds)
        writer.add_token_merges([" ".join(pair) for pair in merges])

    write_checkpoint(tmp_path, tiny_config(vocab_size=151552), naming="gguf", gguf_vocabulary=add)
    model = load_model(str(tmp_path / "model.gguf"))
    assert model.dialect.name == "glm4"
    real = load_tokenizer(folder)
    assert dict(model.tokenizer.special_tokens) == dict(real.special_tokens)
    for text in TEXTS:
        assert model.tokenizer.encode(text) == real.encode(text)
    assert model.dialect.user("你好", 1).token_ids == (151336, 198, 109377)

"""llama.cpp as a peer: a process of its own that holds a GGUF file of random weights and times steps on request.

It needs the package llama-cpp-python, which compiles llama.cpp when it is installed:

    pip install llama-cpp-python gguf

With GCC 12 on a processor with AMX the result stops at an illegal instruction: the compiler drops stores before
`_tile_loadconfig`. Use another compiler, or put `asm volatile("" :: "r"(&tc) : "memory");` before that call in
`vendor/llama.cpp/ggml/src/ggml-cpu/amx/mmq.cpp`.

A process of its own, because two engines' thread pools in one wait for each other, and because each is to have its
threads wait as it likes.
"""

import ctypes
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from glm_engine.config import ModelConfig

HOW_TO_GET_IT = (
    "llama.cpp: not run. pip install llama-cpp-python (see benchmarks/llama_cpp_peer.py)"
)
BATCH = 2048
MICRO_BATCH = 512


def is_installed() -> bool:
    return importlib.util.find_spec("llama_cpp") is not None


def write_random_gguf(path: Path, config: ModelConfig) -> None:
    """A model of noise in Q4_0, its head in Q6_K: what `llama-quantize` makes of a model of this kind."""
    import gguf

    noise = np.random.default_rng(0).integers(0, 256, (64 << 20) + 7, dtype=np.uint8)
    types = gguf.GGMLQuantizationType
    scale = np.frombuffer(np.float16(0.004).tobytes(), np.uint8)
    small_scale = np.frombuffer(np.float16(0.00001).tobytes(), np.uint8)

    writer = gguf.GGUFWriter(path, "chatglm")
    writer.add_name("random")
    writer.add_context_length(config.context_length)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_layers)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.rotary_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(2)  # mostly Q4_0
    writer.add_tokenizer_model("no_vocab")

    def add_blocks(name: str, height: int, width: int, kind: gguf.GGMLQuantizationType) -> None:
        weights, nbytes = gguf.GGML_QUANT_SIZES[kind]
        count = height * width // weights
        blocks = np.resize(noise, count * nbytes).reshape(count, nbytes)
        if kind == types.Q4_0:
            blocks[:, :2] = scale
        else:
            blocks[:, -2:] = small_scale
        writer.add_tensor(name, blocks.reshape(height, -1), raw_dtype=kind)

    def add_vector(name: str, width: int, value: float) -> None:
        writer.add_tensor(name, np.full(width, value, np.float32), raw_dtype=types.F32)

    hidden, intermediate = config.hidden_size, config.intermediate_size
    add_blocks("token_embd.weight", config.vocab_size, hidden, types.Q4_0)
    add_vector("output_norm.weight", hidden, 1)
    add_blocks("output.weight", config.vocab_size, hidden, types.Q6_K)
    for index in range(config.num_layers):
        layer = f"blk.{index}."
        add_vector(layer + "attn_norm.weight", hidden, 1)
        add_blocks(layer + "attn_qkv.weight", config.qkv_rows, hidden, types.Q4_0)
        add_vector(layer + "attn_qkv.bias", config.qkv_rows, 0)
        width = config.num_heads * config.head_dim
        add_blocks(layer + "attn_output.weight", hidden, width, types.Q4_0)
        add_vector(layer + "ffn_norm.weight", hidden, 1)
        add_blocks(layer + "ffn_up.weight", 2 * intermediate, hidden, types.Q4_0)
        add_blocks(layer + "ffn_down.weight", hidden, intermediate, types.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class LlamaCpp:
    """The process, seen from the benchmark.

    Args:
        path: of a GGUF file.
        longest: tokens of the longest context.
        num_threads: that it uses.
    """

    name = "llama.cpp Q4_0"

    def __init__(self, path: Path, longest: int, num_threads: int) -> None:
        # What the engine asks of OpenMP's threads is its own affair.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
        command = [sys.executable, __file__, str(path), str(longest), str(num_threads)]
        self.longest = longest
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=environment
        )  # fmt: skip
        self._ask("ready")

    def step(self, context: int, rows: int, all_logits: bool) -> float:
        return self._ask(f"step {context} {rows} {int(all_logits)}")

    def head_s(self, rows: int) -> float:
        return self._ask(f"head {rows}")

    def _ask(self, request: str) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"llama.cpp ended with {self._process.wait()} at {request!r}; see benchmarks/llama_cpp_peer.py")  # fmt: skip
        return float(answer)


class Peer:
    """llama.cpp in this process, with one sequence.

    Args:
        path: of a GGUF file.
        longest: tokens of the longest context.
        num_threads: that it uses.
    """

    def __init__(self, path: Path, longest: int, num_threads: int) -> None:
        import llama_cpp

        self._api = llama_cpp
        self._silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self._silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(
            str(path).encode(), llama_cpp.llama_model_default_params()
        )
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = longest, BATCH, MICRO_BATCH
        params.n_threads = params.n_threads_batch = num_threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # slower on a processor
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            raise SystemExit("llama.cpp refused the model")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab_size = llama_cpp.llama_vocab_n_tokens(
            llama_cpp.llama_model_get_vocab(self._model)
        )
        self._filled = 0

    def step(self, context: int, rows: int, num_logits: int) -> float:
        """Seconds of `rows` tokens behind `context` ones, with logits of the last `num_logits`."""
        while self._filled < context:
            self._decode(min(BATCH, context - self._filled), 0)
        self._api.llama_memory_seq_rm(self._memory, 0, context, -1)
        self._filled = context
        return self._decode(rows, num_logits)

    def head_s(self, rows: int) -> float:
        """Seconds that logits of so many rows add to a step, since the head cannot be called alone."""
        differences = []
        for _ in range(7):
            without = self.step(16, rows, 0)
            differences.append(self.step(16, rows, rows) - without)
        return max(statistics.median(differences), 0)

    def _decode(self, rows: int, num_logits: int) -> float:
        batch = self._api.llama_batch_init(rows, 0, 1)
        for n in range(rows):
            batch.token[n] = (7919 * (self._filled + n) + 17) % self._vocab_size
            batch.pos[n] = self._filled + n
            batch.n_seq_id[n] = 1
            batch.seq_id[n][0] = 0
            batch.logits[n] = n >= rows - num_logits
        batch.n_tokens = rows
        start = time.perf_counter()
        code = self._api.llama_decode(self._context, batch)
        self._api.llama_synchronize(self._context)
        taken = time.perf_counter() - start
        self._api.llama_batch_free(batch)
        if code != 0:
            raise SystemExit(f"llama.cpp refused a batch of {rows}: {code}")
        self._filled += rows
        return taken


def main() -> None:
    """Answer requests, a line each, with seconds."""
    path, longest, num_threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    peer = Peer(path, longest, num_threads)
    for line in sys.stdin:
        request, *numbers = line.split()
        values = [int(number) for number in numbers]
        if request == "step":
            context, rows, all_logits = values
            taken = peer.step(context, rows, rows if all_logits else 1)
        elif request == "head":
            taken = peer.head_s(values[0])
        else:
            taken = 0.0
        print(taken, flush=True)


if __name__ == "__main__":
    main()

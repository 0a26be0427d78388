"""The native attention kernel reads and writes what it was given and nothing beside it.

Run as a program, it computes between forbidden pages; a byte too far ends it. Tile instructions are seen by these
pages only; what a sanitizer knows of (each vector load, our own scratch memory, undefined arithmetic) it checks.
"""

import ctypes
import gc
import mmap
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from glm_engine.attention import NativeAttention
from glm_engine.kernels.attention import best_instruction_set
from glm_engine.kv_cache import LayerView

_PROT_NONE = 0  # which the mmap module does not name
SIZES = [(1, 1), (1, 15), (3, 33), (1, 256), (2, 257), (20, 300), (1, 1025), (70, 531)]
GEOMETRIES = [(32, 2, 128), (9, 3, 64), (4, 2, 8), (5, 1, 20)]


class Fenced:
    """Tensors whose last byte is followed by a page that must not be touched, or whose first byte follows one."""

    def __init__(self, *, at_end: bool) -> None:
        self._at_end = at_end
        self._mprotect = ctypes.CDLL(None, use_errno=True).mprotect
        self._mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

    def tensor(self, source: Tensor) -> Tensor:
        """A contiguous copy of `source`."""
        page = mmap.PAGESIZE
        size = -(-source.nbytes // page) * page
        memory = mmap.mmap(-1, size + 2 * page)
        base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for guard in (base, base + page + size):
            if self._mprotect(guard, page, _PROT_NONE):
                raise OSError(ctypes.get_errno(), "mprotect")
        start = page + (size - source.nbytes if self._at_end else 0)
        fenced = torch.frombuffer(memory, dtype=torch.uint8, offset=start, count=source.nbytes)
        return fenced.view(source.dtype).view(source.shape).copy_(source)


def cases() -> Iterator[tuple[Tensor, LayerView]]:
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    for num_heads, num_kv_heads, head_dim in GEOMETRIES:
        for num_queries, num_keys in SIZES:
            shape = (num_kv_heads, num_keys, head_dim)
            for dtype in (torch.float32, torch.bfloat16):
                queries = random(num_queries, num_heads, head_dim).to(dtype)
                yield queries, LayerView(random(*shape).to(dtype), random(*shape).to(dtype))
                if head_dim % 32 == 0:
                    keys, values = random(2, *shape).mul_(40).to(torch.int8)
                    scales = random(2, num_kv_heads, num_keys, head_dim // 32).bfloat16()
                    offset = random(num_kv_heads, head_dim)
                    yield queries, LayerView(keys, values, scales[0], scales[1], offset)


def main() -> None:
    for at_end in (True, False):
        fence = Fenced(at_end=at_end)
        for queries, cached in cases():
            fenced = LayerView(
                fence.tensor(cached.keys),
                fence.tensor(cached.values),
                *(
                    part if part is None else fence.tensor(part)
                    for part in (cached.key_scales, cached.value_scales, cached.value_offset)
                ),
            )
            best = best_instruction_set(queries.dtype, queries.shape[2])
            for instruction_set in range(best + 1):
                attention = NativeAttention(instruction_set)
                expected = attention(queries, cached)
                assert torch.equal(attention(fence.tensor(queries), fenced), expected)
        gc.collect()


def test_no_byte_beside_the_tensors_is_touched() -> None:
    done = subprocess.run([sys.executable, __file__], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.timeout(900)  # compiles the library, which takes minutes on a busy machine
def test_sanitizers_find_nothing(sanitizer_environment: dict[str, str]) -> None:
    """AddressSanitizer and UndefinedBehaviorSanitizer over the tests of the formula, in a process of their own."""
    tests = Path(__file__).with_name("test_attention.py")
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(
        [*program, "-k", "native_kernel or stand_for or extreme"],
        capture_output=True,
        encoding="utf-8",
        env=sanitizer_environment,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "passed" in done.stdout


if __name__ == "__main__":
    main()

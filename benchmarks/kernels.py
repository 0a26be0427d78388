"""The native products alone: how near they come to reading memory, and what rows cost, at GLM-4-9B's shapes.

    python benchmarks/kernels.py

Weights are random and in so many copies that the processor's last cache does not hold them. "read" is a plain C loop
over memory on as many threads, compiled for this processor and run between the others; "share" counts all bytes of a
matrix, scales included, against it. For many rows the ceiling is not memory: "tiles" is a loop that loads and
multiplies AMX tiles from the first-level cache and does nothing else, four loads to four products, which is the least
that a product of any size needs. It, too, is measured right before, for neighbours on the same processor slow it down.
"""

import argparse
import ctypes
import math
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch

from glm_engine import kernels
from glm_engine.kernels.build import find_compiler
from glm_engine.quantization import (
    QuantizedFormat,
    QuantizedLinear,
    matrix_of,
    quantized_layout,
)

SHAPES = {"gate_up": (27392, 4096), "down": (4096, 13696)}
ROWS = (1, 2, 4, 8, 16, 32, 64, 512)
COLD_BYTES = 450 << 20
READ_BYTES = 256 << 20
CEILINGS_SOURCE = """
#include <stddef.h>
#include <stdint.h>
typedef uint64_t vector __attribute__((vector_size(64)));
uint64_t read_all(const vector *p, size_t count) {
    vector a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t i = 0; i + 4 <= count; i += 4) { a += p[i]; b += p[i + 1]; c += p[i + 2]; d += p[i + 3]; }
    a += b + c + d;
    return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}
#ifdef __AMX_INT8__
#include <immintrin.h>
void multiply_tiles(const char *tiles, size_t count) {
    struct { uint8_t palette, start_row, reserved[14]; uint16_t bytes_per_row[16]; uint8_t rows[16]; } config = {1};
    for (int i = 0; i < 8; i++) { config.bytes_per_row[i] = 64; config.rows[i] = 16; }
    __asm__ volatile("" :: "r"(&config) : "memory");  /* GCC 12 would drop the stores */
    _tile_loadconfig(&config);
    for (size_t i = 0; i < count; i++) {
        _tile_loadd(4, tiles, 64); _tile_loadd(6, tiles + 1024, 64); _tile_dpbssd(0, 4, 6);
        _tile_loadd(7, tiles + 2048, 64); _tile_dpbssd(1, 4, 7);
        _tile_loadd(5, tiles + 3072, 64); _tile_dpbssd(2, 5, 6); _tile_dpbssd(3, 5, 7);
    }
    _tile_release();
}
#endif
"""
TILE_LOOPS = 200_000
OPERATIONS_PER_LOOP = 4 * 2 * 16 * 16 * 64


@cache
def _ceilings() -> tuple[ctypes.CDLL, torch.Tensor]:
    """The loops of `CEILINGS_SOURCE`, compiled for this processor, and the memory that they read."""
    compiler = find_compiler()
    if compiler is None:
        raise SystemExit("a C compiler is needed to measure what memory and tiles can do")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "read.c", Path(folder) / "read.so"
        source.write_text(CEILINGS_SOURCE, encoding="utf-8")
        command = [str(compiler.path), "-x", "c", "-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run([*command, str(source), "-o", str(library)], check=True)
        opened = ctypes.CDLL(str(library))
    opened.read_all.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    if kernels.instruction_set() == "amx":
        opened.multiply_tiles.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return opened, torch.ones(READ_BYTES, dtype=torch.uint8)


def _seconds(function: Callable[[int, int], object], arguments: list[tuple[int, int]]) -> float:
    """How long a function takes on one thread for each of its arguments; the better of two tries."""
    best = math.inf
    for _ in range(2):
        threads = [threading.Thread(target=function, args=each) for each in arguments]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = min(best, time.perf_counter() - start)
    return best


def read_bytes_per_s() -> float:
    """How fast a plain C loop reads memory now, on as many threads as torch uses."""
    library, memory = _ceilings()
    num_threads = torch.get_num_threads()
    part = READ_BYTES // num_threads // 64 * 64
    places = [(memory.data_ptr() + n * part, part // 64) for n in range(num_threads)]
    return num_threads * part / _seconds(library.read_all, places)


def tile_operations_per_s() -> float | None:
    """How fast AMX tiles are loaded and multiplied now, on as many threads as torch uses; None without AMX."""
    if kernels.instruction_set() != "amx":
        return None
    library, memory = _ceilings()
    places = [(memory.data_ptr() + n * 4096, TILE_LOOPS) for n in range(torch.get_num_threads())]
    return len(places) * TILE_LOOPS * OPERATIONS_PER_LOOP / _seconds(library.multiply_tiles, places)


def random_linears(shape: tuple[int, int], kind: QuantizedFormat) -> tuple[list[QuantizedLinear], int]:  # fmt: skip
    """Copies of one random matrix, apart in memory, and the bytes of one."""
    parts = [
        torch.empty(part, dtype=dtype).uniform_(0.0005, 0.0015)
        if dtype == torch.bfloat16
        else torch.empty(part, dtype=dtype).random_()
        for _, part, dtype in quantized_layout(shape, kind)
    ]
    nbytes = matrix_of(shape, kind, parts).nbytes
    copies = [[part.clone() for part in parts] for _ in range(max(2, COLD_BYTES // nbytes))]
    return [QuantizedLinear(matrix_of(shape, kind, copy)) for copy in copies], nbytes


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    ).parse_args()
    if not kernels.available():
        raise SystemExit(f"no native kernels: {kernels.status().detail}")
    print(f"{kernels.instruction_set()}, {torch.get_num_threads()} threads\n")
    print(
        "| format | matrix | rows | ms | against 1 row | GB/s | read | share | TOP/s | tiles | share |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    kinds: list[QuantizedFormat] = ["int4", "int8"]
    for kind in kinds:
        for name, shape in SHAPES.items():
            linears, nbytes = random_linears(shape, kind)
            one_row_s = 0.0
            for rows in ROWS:
                x = torch.randn(rows, shape[1]).bfloat16()
                times, reads, tiles = [], [], []
                for _ in range(3 if rows < 64 else 1):
                    reads.append(read_bytes_per_s())
                    tiles.append(tile_operations_per_s() or math.nan)
                    for linear in linears[: None if rows < 64 else 3]:
                        start = time.perf_counter()
                        linear(x)
                        times.append(time.perf_counter() - start)
                median, read, tile = map(statistics.median, (times, reads, tiles))
                one_row_s = one_row_s or median
                speed = nbytes / median
                operations = 2 * rows * shape[0] * shape[1] / median
                print(
                    f"| {kind} | {name} | {rows} | {1e3 * median:.2f} | {median / one_row_s:.2f} | {speed / 1e9:.1f}"
                    f" | {read / 1e9:.1f} | {speed / read:.2f} | {operations / 1e12:.2f} | {tile / 1e12:.2f}"
                    f" | {operations / tile:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

"""Compile the native kernels: every C++ file of this folder into one shared library with a plain C interface.

The library runs on any processor of its machine's architecture. Code for an instruction set is in a file whose name
ends with it (`linear_avx512.cpp`), or in a function with a target attribute, and `cpu.cpp` says at run time which of
them may be called. Files for instruction sets are empty on other architectures.

Imports nothing but the standard library, and nothing of this package: the wheel's build hook runs it by itself.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SOURCE_DIR = Path(__file__).parent
LIBRARY_NAME = "_kernels.so"

# Floats are computed as written, so that every instruction set gives the same bits.
_FLAGS = (
    "-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off",
    "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra", "-Wno-psabi",
)  # fmt: skip
_LINK_FLAGS = ("-shared", "-pthread", "-Wl,--as-needed", "-Wl,-z,noexecstack", "-lm")
_STATIC_RUNTIME = (
    "-static-libstdc++",
    "-static-libgcc",
)  # the wheel's library needs the C library only
_AVX2 = ("-mavx2", "-mfma")
_AVX512 = (
    *_AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mprefer-vector-width=512",
)  # fmt: skip
_AMX = (*_AVX512, "-mavx512bf16", "-mamx-tile", "-mamx-int8", "-mamx-bf16")
_SUFFIX_FLAGS = {"_avx2": _AVX2, "_avx512": _AVX512, "_amx": _AMX}
_SANITIZE_FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
_X86_MACHINES = ("x86_64", "AMD64")
_TIMEOUT_S = 300.0
_SIGNS_OF_KILLING = (
    "signal terminated program",
    "due to signal",
    "No space left on device",
    "out of memory",
)


class BuildError(Exception):
    """Raised when the kernels cannot be compiled. The message ends with what the compiler said."""


class BuildInterruptedError(BuildError):
    """Raised when that says nothing about the compiler: it was killed, ran out of time, or found no room."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C++ compiler of this machine.

    Attributes:
        path: the program, links followed.
    """

    path: Path

    @property
    def identity(self) -> str:
        """Changes when another version is installed at the same place."""
        stat = self.path.stat()
        return f"{self.path} {stat.st_size} {stat.st_mtime_ns}"


def find_compiler() -> Compiler | None:
    """The compiler that CXX names, else the system's; None where there is none."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        found = shutil.which(name) if name else None
        if found is not None:
            return Compiler(Path(found).resolve())
    return None


def source_hash() -> str:
    """A hash of all sources and flags: what a library must have been made from to fit this version."""
    digest = hashlib.sha256(repr((_FLAGS, _LINK_FLAGS, _SUFFIX_FLAGS)).encode())
    for path in sorted((*SOURCE_DIR.glob("*.cpp"), *SOURCE_DIR.glob("*.h"))):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def library_key(compiler: Compiler) -> str:
    """A hash of what decides a library's bytes: sources, flags, compiler, architecture."""
    identity = repr((source_hash(), compiler.identity, platform.machine()))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def build_library(output: Path, compiler: Compiler, *, sanitize: bool = False) -> None:
    """Compile and link; `output` is there whole or not at all.

    Args:
        output: the library, in a folder that exists.
        compiler: from `find_compiler`.
        sanitize: with AddressSanitizer and UndefinedBehaviorSanitizer, for tests: the process that loads it must have
            their run-time library preloaded.

    Raises:
        BuildError: the compiler refused.
        BuildInterruptedError: it was killed or did not end, or the folder cannot be written.
    """
    common = (*_FLAGS, f'-DGLM_SOURCE_HASH="{source_hash()}"', *(_SANITIZE_FLAGS if sanitize else ()))  # fmt: skip
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix="build-") as folder:
            objects = []
            commands = []
            for source in sorted(SOURCE_DIR.glob("*.cpp")):
                objects.append(str(Path(folder) / f"{source.stem}.o"))
                flags = (*common, *_flags_of(source))
                commands.append([str(compiler.path), *flags, "-c", str(source), "-o", objects[-1]])
            with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
                list(pool.map(_run, commands))
            aside = Path(folder) / output.name
            link = (*_LINK_FLAGS, *(_SANITIZE_FLAGS if sanitize else _STATIC_RUNTIME))
            _run([str(compiler.path), *objects, *link, "-o", str(aside)])
            aside.replace(output)
    except OSError as error:
        raise BuildInterruptedError(f"{output.parent}: {error.strerror or error}") from error


def _flags_of(source: Path) -> tuple[str, ...]:
    if platform.machine() not in _X86_MACHINES:
        return ()
    return next((f for suffix, f in _SUFFIX_FLAGS.items() if source.stem.endswith(suffix)), ())


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise BuildInterruptedError(
            f"{command[0]} did not end within {_TIMEOUT_S:.0f} s"
        ) from error
    if done.returncode != 0:
        # A Ctrl-C in the terminal is for the compiler as well, and so is the kernel's shortage of memory.
        is_killed = done.returncode < 0 or any(sign in done.stderr for sign in _SIGNS_OF_KILLING)
        kind = BuildInterruptedError if is_killed else BuildError
        raise kind(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")

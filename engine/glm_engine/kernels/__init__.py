"""The engine's native kernels, loaded where they can be; all else works without them, slower.

The library comes with a wheel that was built where there was a compiler. Otherwise the first use compiles it into the
user's cache folder, and otherwise torch's own operators do the work. Which of these happened is a `KernelStatus`.

Covers: a library of other sources, a build that failed (it is not tried again until something changes), a cached
library that others may write to. GLM_AGENT_KERNELS=off leaves the kernels unused.
Does not cover: a compiler that lies; it is the user's.
"""

import ctypes
import logging
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import platformdirs

from glm_engine.kernels.build import (
    LIBRARY_NAME,
    SOURCE_DIR,
    BuildError,
    BuildInterruptedError,
    Compiler,
    build_library,
    find_compiler,
    library_key,
    source_hash,
)

_OFF = "GLM_AGENT_KERNELS"
INSTRUCTION_SETS = (
    "portable",
    "avx2",
    "avx512-vnni",
    "amx",
)  # as kernels.h numbers them; each includes those before

_log = logging.getLogger(__name__)

State = Literal[
    "packaged",  # loaded from where the package is installed
    "cached",  # loaded from the user's cache folder
    "not built",  # there is a compiler, and the first use will build them
    "unavailable",  # torch's operators are used
    "off",  # the user said so
]


@dataclass(frozen=True, slots=True)
class KernelStatus:
    """What became of the native kernels.

    Attributes:
        state: see `State`.
        detail: one line for people: which library and instruction set, or why there is none.
        remedy: what to do about it; empty when there is nothing to do.
    """

    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class _Loaded:
    status: KernelStatus
    library: ctypes.CDLL | None = None


def available() -> bool:
    """Whether the kernels are there, building them first where needed (some seconds, once)."""
    return library() is not None


def library() -> ctypes.CDLL | None:
    """The library, built first where needed; None where it cannot be had, which is logged once."""
    return _loaded().library


def status() -> KernelStatus:
    """What is there, or would be done. Builds nothing."""
    return _find(may_build=False).status


def instruction_set() -> str:
    """The best of "portable", "avx2", "avx512-vnni" and "amx" that this processor and system run.

    Raises:
        RuntimeError: the kernels are not available.
    """
    found = library()
    if found is None:
        raise RuntimeError("the native kernels are not available")
    return INSTRUCTION_SETS[found.glm_instruction_set()]


def default_cache_dir() -> Path:
    """Where libraries built on first use are kept."""
    return platformdirs.user_cache_path("glm-agent") / "kernels"


@cache
def _loaded() -> _Loaded:
    found = _find(may_build=True)
    if found.library is None and found.status.state != "off":
        _log.warning("native kernels are not used: %s; torch is slower", found.status.detail)
    return found


def _find(*, may_build: bool) -> _Loaded:
    if os.environ.get(_OFF, "").lower() in ("off", "0", "no"):
        return _Loaded(KernelStatus("off", f"{_OFF} says so", f"Unset {_OFF}."))
    packaged = SOURCE_DIR / LIBRARY_NAME
    if packaged.exists():
        loaded = _open(packaged, "packaged")
        if loaded.library is not None:
            return loaded
    compiler = find_compiler()
    if compiler is None:
        detail = "there is no C++ compiler to build them with"
        return _Loaded(KernelStatus("unavailable", detail, "apt-get install g++"))
    return _from_cache(default_cache_dir(), compiler, may_build=may_build)


def _from_cache(folder: Path, compiler: Compiler, *, may_build: bool) -> _Loaded:
    path = folder / f"{library_key(compiler)}.so"
    failure = path.with_suffix(".failed")
    if not path.exists() and not failure.exists():
        if not may_build:
            detail = f"the first use builds them with {compiler.path}"
            return _Loaded(KernelStatus("not built", detail))
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            build_library(path, compiler)
        except OSError as error:
            return _Loaded(KernelStatus("unavailable", f"{folder}: {error.strerror or error}"))
        except BuildInterruptedError as error:
            detail = f"they could not be compiled this time: {error}"
            return _Loaded(KernelStatus("unavailable", detail, "Start again."))
        except BuildError as error:
            with suppress(OSError):  # then it is tried again the next time
                failure.write_text(str(error), encoding="utf-8")
    if path.exists():
        return _open(path, "cached")
    detail = f"{compiler.path} could not compile them: {failure}"
    return _Loaded(KernelStatus("unavailable", detail, "Install g++ 11 or newer and delete that file."))  # fmt: skip


def _open(path: Path, state: Literal["packaged", "cached"]) -> _Loaded:
    if state == "cached" and not _is_ours(path):
        detail = f"{path} belongs to somebody else, or others may write to it"
        return _Loaded(KernelStatus("unavailable", detail, "Delete it."))
    try:
        opened = ctypes.CDLL(str(path))
        opened.glm_source_hash.restype = ctypes.c_char_p
        is_fitting = opened.glm_source_hash() == source_hash().encode()
    except (OSError, AttributeError) as error:  # another libc, a torn file
        return _Loaded(KernelStatus("unavailable", f"{path}: {error}", "Delete it."))
    if not is_fitting:
        detail = f"{path} was built from other sources"
        return _Loaded(KernelStatus("unavailable", detail, "Install glm-agent again."))
    best = INSTRUCTION_SETS[opened.glm_instruction_set()]
    return _Loaded(KernelStatus(state, f"{best}, {path}"), opened)


def _is_ours(path: Path) -> bool:
    for place in (path, path.parent):
        info = place.stat()
        if info.st_uid != os.getuid() or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
    return True

"""How the native kernels are built, found and left out, and what sanitizers say of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glm_engine import kernels
from glm_engine.kernels.build import BuildError, Compiler, build_library, find_compiler

# Faults of a tenth pass over blocks such as a prefill asks for and frees in each layer.
COUNT_FAULTS = """
import ctypes, platform, resource
from glm_engine import kernels
assert kernels.available() and platform.libc_ver()[0] == "glibc"
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
for _ in range(10):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [c.malloc(size << 20) for size in (28, 14, 8, 4)]
    for block, size in zip(blocks, (28, 14, 8, 4)):
        ctypes.memset(block, 1, size << 20)
    for block in blocks:
        c.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
EXAMINE = "from glm_engine import kernels; print(kernels.available(), kernels.status().state)"


def output_of(program: str, **changes: str) -> str:
    """What another process prints."""
    environment = os.environ | changes
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def examine(cache: Path, **changes: str) -> str:
    """What another process says of the kernels, with a cache folder of its own."""
    return output_of(EXAMINE, XDG_CACHE_HOME=str(cache), **changes)


def fake_compiler(folder: Path, script: str) -> Path:
    path = folder / "c++"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_where_there_is_a_compiler_the_kernels_are_used() -> None:
    """Otherwise the tests of the kernels would be skipped and nobody would know."""
    if kernels.status().state == "off":
        pytest.skip("GLM_AGENT_KERNELS=off")
    assert find_compiler() is not None, "the tests need a C++ compiler"
    assert kernels.available(), kernels.status()


def test_memory_that_a_layer_frees_is_there_for_the_next_one() -> None:
    """By glibc's own rules it went back to the system, and a prefill spent a tenth of its time on page faults."""
    if kernels.status().state == "off":
        pytest.skip("GLM_AGENT_KERNELS=off")
    pages = (28 + 14 + 8 + 4) * 256
    assert int(output_of(COUNT_FAULTS)) < pages / 10
    assert (
        int(output_of(COUNT_FAULTS, MALLOC_TRIM_THRESHOLD_="131072")) > pages / 2
    )  # as the user says


def test_the_environment_leaves_them_out(tmp_path: Path) -> None:
    assert examine(tmp_path, GLM_AGENT_KERNELS="off") == "False off"
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_they_are_unavailable(tmp_path: Path) -> None:
    assert examine(tmp_path, PATH=str(tmp_path), CXX="") == "False unavailable"


def test_a_build_that_fails_is_not_tried_again(tmp_path: Path) -> None:
    """Otherwise each start would wait for it."""
    compiler = fake_compiler(tmp_path, f"echo run >> {tmp_path}/runs; exit 1")
    for _ in range(2):
        assert examine(tmp_path, CXX=str(compiler)) == "False unavailable"
        runs = (tmp_path / "runs").read_text(encoding="utf-8")
        (tmp_path / "runs").write_text("", encoding="utf-8")
    assert runs == ""


@pytest.mark.parametrize("end", ["kill -2 $$", "echo 'No space left on device' >&2; exit 1"])
def test_a_build_that_was_interrupted_is_tried_again(tmp_path: Path, end: str) -> None:
    """One Ctrl-C while the first start compiled them, and torch was used from then on."""
    compiler = fake_compiler(tmp_path, f"echo run >> {tmp_path}/runs; {end}")
    for _ in range(2):
        assert examine(tmp_path, CXX=str(compiler)) == "False not built"
        assert (tmp_path / "runs").read_text(encoding="utf-8")
        (tmp_path / "runs").unlink()


def test_a_library_of_other_sources_is_not_used(tmp_path: Path) -> None:
    """One that a compiler made of something else, under the right name."""
    compiler = find_compiler()
    assert compiler is not None, "the tests need a C++ compiler"
    source = tmp_path / "other.cpp"
    source.write_text(
        'extern "C" const char* glm_source_hash() { return "other"; }'
        'extern "C" int glm_instruction_set() { return 0; }',
        encoding="utf-8",
    )
    fake = fake_compiler(
        tmp_path,
        "while [ $# -gt 1 ]; do shift; done\n"  # the last argument is the output
        f'exec {compiler.path} -shared -fPIC {source} -o "$1"',
    )
    assert examine(tmp_path, CXX=str(fake)) == "False unavailable"


def test_a_cached_library_that_others_may_write_to_is_not_loaded(tmp_path: Path) -> None:
    """It would run as code of whoever wrote it. The folder is what a careless umask makes of it."""
    folder = tmp_path / "glm-agent" / "kernels"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    compiler = fake_compiler(tmp_path, 'while [ $# -gt 1 ]; do shift; done; : > "$1"')
    assert examine(tmp_path, CXX=str(compiler)) == "False unavailable"


def test_asking_for_the_status_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kernels.status().state in ("not built", "packaged", "unavailable", "off")
    assert list(tmp_path.iterdir()) == []


def test_a_build_error_ends_with_what_the_compiler_said(tmp_path: Path) -> None:
    compiler = Compiler(fake_compiler(tmp_path, "echo too old >&2; exit 1"))
    with pytest.raises(BuildError, match="too old"):
        build_library(tmp_path / "x.so", compiler)
    assert not (tmp_path / "x.so").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["c++"]


@pytest.mark.timeout(900)
def test_sanitizers_find_nothing_in_the_products_and_between_them(
    sanitizer_environment: dict[str, str],
) -> None:
    """Over their own tests, in a process of their own. Tile instructions they do not see: guard pages do."""
    names = ("test_kernels_linear.py", "test_activations.py")
    tests = [str(Path(__file__).with_name(name)) for name in names]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "rounded or byte_beyond or passes", *tests],
        capture_output=True,
        encoding="utf-8",
        env=sanitizer_environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "passed" in done.stdout

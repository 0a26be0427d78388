"""The notebook commands that models write: `%time`, `%%bash`, `!ls` and their kin. Anything else is a clear error."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

_QUIET = ("matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "autosave")
_INSTALLERS = ("pip", "pip3", "conda", "mamba", "uv", "apt", "apt-get")
_SHOWN_PACKAGES = ("numpy", "pandas", "matplotlib", "scipy", "sympy", "pillow")


class UsageError(Exception):
    """Raised when a magic is unknown or is used in a way that does not work here."""

    __module__ = "builtins"  # a traceback shows the bare name, as a notebook does


def run_shell(command: str, *, capture: bool = False) -> list[str] | None:
    """`!command`: its lines when captured, None when it printed for itself."""
    words = _words(command)
    if words and words[0] in _INSTALLERS and any(word in ("install", "add") for word in words[1:3]):
        raise UsageError(no_installing())
    if capture:
        result = subprocess.run(["/bin/sh", "-c", command], stdout=subprocess.PIPE, check=False)
        return result.stdout.decode("utf-8", "replace").splitlines()
    sys.stdout.flush()
    status = subprocess.run(["/bin/sh", "-c", command], check=False).returncode
    if status != 0:
        print(f"[exit status {status}]", file=sys.stderr)  # noqa: T201 - this is the cell's own output
    return None


def no_installing() -> str:
    """The one line that answers every attempt to install something."""
    present = {distribution.metadata["Name"].lower() for distribution in distributions()}
    names = [name for name in _SHOWN_PACKAGES if name in present]
    return (
        "There is no internet here, so nothing can be installed. Available: the standard library"
        + "".join(f", {name}" for name in names)
    )


def line_magic(name: str, arguments: str, run_source: Callable[[str], object]) -> object:
    """`%name arguments`. `run_source` runs Python in the session.

    Raises:
        UsageError: there is no such magic.
    """
    if name in _QUIET:
        return None
    if name in ("pip", "conda", "mamba", "uv"):
        return run_shell(f"{name} {arguments}")
    if name == "time":
        return _timed(lambda: run_source(arguments))
    if name == "timeit":
        return _timeit(lambda: run_source(arguments))
    if name == "cd":
        os.chdir(Path(arguments.strip("'\"") or "/mnt/data").expanduser())
        return str(Path.cwd())
    if name == "pwd":
        return str(Path.cwd())
    if name in ("ls", "cat", "mkdir", "rm", "cp", "mv"):
        return run_shell(f"{name} {arguments}")
    if name in ("env", "set_env"):
        key, equals, value = arguments.partition("=")
        if equals:
            os.environ[key.strip()] = value.strip()
            return None
        return os.environ.get(key.strip()) if key.strip() else dict(os.environ)
    raise UsageError(
        f"there is no magic %{name} here; %time, %timeit, %cd, %pwd, %ls, %env and !command work"
    )


def cell_magic(name: str, arguments: str, body: str, run_source: Callable[[str], object]) -> object:
    """`%%name arguments` over the rest of the cell.

    Raises:
        UsageError: there is no such magic.
    """
    if name == "time":
        return _timed(lambda: run_source(body))
    if name == "timeit":
        return _timeit(lambda: run_source(body))
    if name in ("capture", "python", "python3"):
        return run_source(body)
    if name in ("bash", "sh"):
        run_shell(body.lstrip("\n"))
        return None
    if name == "writefile":
        words = _words(arguments)
        names = [word for word in words if word not in ("-a", "--append")]
        if len(names) != 1:
            raise UsageError("%%writefile takes one file name, in quotes where it holds spaces")
        path = Path(names[0])
        with path.open("w" if names == words else "a", encoding="utf-8") as file:
            file.write(body.lstrip("\n"))
        print(f"Wrote {path}")  # noqa: T201 - this is the cell's own output
        return None
    raise UsageError(
        f"there is no magic %%{name} here; %%time, %%timeit, %%bash, %%sh and %%writefile work"
    )


def _timed(action: Callable[[], object]) -> object:
    wall, cpu = time.perf_counter(), time.process_time()
    value = action()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"CPU time: {cpu:.3g} s, wall time: {wall:.3g} s")  # noqa: T201 - this is the cell's own output
    return value


def _timeit(action: Callable[[], object]) -> object:
    """Run for about a second and print the best time of one run."""
    best, spent, count = float("inf"), 0.0, 0
    while spent < 1.0 and count < 100_000:
        start = time.perf_counter()
        action()
        elapsed = time.perf_counter() - start
        best, spent, count = min(best, elapsed), spent + elapsed, count + 1
    print(f"{best:.3g} s per run, best of {count}")  # noqa: T201 - this is the cell's own output
    return None


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        return command.split()
    return words[2:] if words[:2] == ["python", "-m"] or words[:2] == ["python3", "-m"] else words

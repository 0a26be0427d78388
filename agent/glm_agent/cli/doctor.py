"""`glm-agent doctor`: what works on this machine, and how to mend what does not."""

import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from glm_agent.cli.config_files import (
    PROJECT_FILE,
    PROJECT_TABLES,
    USER_TABLES,
    read_file,
    user_file,
)
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.errors import ConfigurationError
from glm_agent.storage import data_path
from glm_sandbox import maintenance

State = Literal[
    "ok",
    "note",  # something optional is missing
    "broken",  # a run with the defaults would fail
]
GIB = 1 << 30
DEMO_BYTES = 500_000_000  # base, merged checkpoint and a draft of one of them
DEMO_MEMORY_BYTES = 2 * GIB
GLM4_BF16_BYTES = 19 * GIB
PACKAGES = ("torch", "llguidance", "pydantic", "typer")
EXTRAS = {
    "ddgs": ("web search without a key", "pip install 'glm-agent[search]'"),
    "pypdf": ("PDFs in the browser", "pip install 'glm-agent[pdf]'"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes:
        subject: what was looked at.
        state: see `State`.
        detail: what was found.
        remedy: what to do; empty when there is nothing to do.
    """

    subject: str
    state: State
    detail: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Look at this machine: each line is ok, or says how to mend it. Exits with 5 when a run could not work.

    Nothing is started, downloaded or changed.
    """
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            sys.stdout.write(f"{finding.state:7} {finding.subject}: {finding.detail}\n")
            for line in finding.remedy.splitlines():
                sys.stdout.write(f"        {line}\n")
            sys.stdout.flush()
    if as_json:
        text = json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2)
        sys.stdout.write(text + "\n")
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(ExitCode.TOOL_UNAVAILABLE)


def examine() -> Iterator[Finding]:
    """What is found, in the order in which a run would need it."""
    yield _python()
    yield from (_package(name) for name in PACKAGES)
    yield _kernels()
    if importlib.util.find_spec("torch") is not None:
        yield _exactness()
    yield _memory()
    yield _settings()
    yield _data_folder()
    yield _demo_model()
    yield from _sandboxes()
    yield from (_extra(name) for name in EXTRAS)
    yield from _proxy()
    yield _terminal()


def _python() -> Finding:
    system = f"{platform.system()} {platform.machine()}"
    detail = f"{platform.python_version()} on {system}"
    if sys.platform != "linux":
        return Finding("python", "broken", detail, "The sandbox needs Linux.")
    return Finding("python", "ok", detail)


def _package(name: str) -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, "broken", "not installed", "Install glm-agent again.")


def _kernels() -> Finding:
    from glm_engine import kernels

    found = kernels.status()
    state: State = "note" if found.state in ("unavailable", "off") else "ok"
    return Finding("native kernels", state, f"{found.state}: {found.detail}", found.remedy)


def _exactness() -> Finding:
    """Tried with small networks of random weights, as it is with a model's own when one is loaded."""
    from glm_engine import kernels

    if kernels.status().state == "not built":  # trying would build them
        return Finding("same bits", "ok", "told when a model is loaded")
    from glm_engine.model import Decoder
    from glm_engine.selfcheck import check_exactness
    from glm_engine.testing import random_weights, tiny_config

    config = tiny_config(hidden_size=128, head_dim=64, rotary_dim=32, intermediate_size=192)
    found = {
        weight_format: check_exactness(Decoder(config, random_weights(config, weight_format)))
        for weight_format in ("bfloat16", "int8", "int4")
    }
    listed = ", ".join(f"{name}: {exactness}" for name, exactness in found.items())
    detail = f"{listed} at a time give the same bits as one"
    if "one row" not in found.values():
        return Finding("same bits", "ok", detail)
    remedy = "With those, nothing is guessed and only system text and tools are shared between conversations."
    return Finding("same bits", "note", detail, remedy)


def _memory() -> Finding:
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    available = int(fields["MemAvailable"].split()[0]) * 1024
    detail = f"{available / GIB:.1f} GiB available"
    if available < DEMO_MEMORY_BYTES:
        return Finding(
            "memory", "broken", detail, "The demo model needs about 2 GiB: close something."
        )
    if available < GLM4_BF16_BYTES:
        return Finding(
            "memory",
            "note",
            detail,
            "Enough for the demo model; GLM-4-9B in bf16 needs about 19 GiB.",
        )
    return Finding("memory", "ok", detail)


def _settings() -> Finding:
    files = ((user_file(), USER_TABLES), (PROJECT_FILE, PROJECT_TABLES))
    try:
        for file, tables in files:
            read_file(file, tables)
    except ConfigurationError as error:
        return Finding("settings", "broken", str(error), "Mend that file, or move it away.")
    there = ", ".join(str(file) for file, _ in files if file.exists())
    return Finding("settings", "ok", there or f"no file yet; {user_file()} would be yours")


def _data_folder() -> Finding:
    folder = data_path()
    place = folder
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding(
            "journal",
            "broken",
            f"{place} cannot be written",
            "Set GLM_AGENT_HOME to a folder that can.",
        )
    free_gib = shutil.disk_usage(place).free / GIB
    return Finding("journal", "ok", f"{folder}, {free_gib:.1f} GiB free")


def _demo_model() -> Finding:
    from glm_engine.demo.fetch import default_cache_dir

    folder = default_cache_dir()
    if any(folder.glob("glm-demo-*/config.json")):
        return Finding("demo model", "ok", str(folder))
    place = folder
    while not place.exists():
        place = place.parent
    if shutil.disk_usage(place).free < DEMO_BYTES:
        return Finding(
            "demo model",
            "broken",
            f"not fetched yet, and no room in {place}",
            "Make room for 500 MB, or set XDG_CACHE_HOME to a folder on another disk.",
        )
    return Finding("demo model", "note", "not here yet", "The first run fetches it: 93 MB.")


def _sandboxes() -> Iterator[Finding]:
    backends = maintenance.status()
    missing: State = "note" if any(backend.is_available for backend in backends) else "broken"
    for backend in backends:
        subject = f"sandbox {backend.name}"
        if not backend.is_available:
            yield Finding(subject, missing, backend.detail, backend.remedy)
            continue
        weaknesses = "\n".join(f"weakness: {weakness}" for weakness in backend.weaknesses)
        yield Finding(subject, "note" if weaknesses else "ok", backend.detail, weaknesses)


def _extra(name: str) -> Finding:
    purpose, command = EXTRAS[name]
    if importlib.util.find_spec(name) is None:
        return Finding(name, "note", f"not installed: no {purpose}", command)
    return Finding(name, "ok", purpose)


def _proxy() -> Iterator[Finding]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        if os.environ.get(name):
            yield Finding("proxy", "ok", f"{name} is set; the browser uses it")
            return


def _terminal() -> Finding:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    term = os.environ.get("TERM", "not set")
    detail = f"TERM {term}, {shutil.get_terminal_size().columns} columns, {sys.stdout.encoding}"
    if not sys.stdout.isatty():
        return Finding("terminal", "ok", "standard output is not one: plain text")
    if encoding != "utf8":
        return Finding("terminal", "note", detail, "Chinese needs UTF-8: export LC_ALL=C.UTF-8")
    return Finding("terminal", "ok", detail)

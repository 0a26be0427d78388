"""Fixtures that more than one package's tests use."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol
from unittest import mock

import pytest
from hypothesis import settings

from glm_agent.cli import main
from glm_agent.local_model import LocalModel
from glm_agent.models import load_model
from glm_engine.tokenizer import Tokenizer, load_tokenizer

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Several suites may share a machine: how long an example takes says nothing about the code.
settings.register_profile("glm-agent", deadline=None)
settings.load_profile("glm-agent")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real tokenizers, configs and goldens. Their licences keep them out of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(
            "the models' own tokenizer files are not part of the repository (their licences)"
        )
    return SHARED_DATA


@pytest.fixture(scope="session")
def glm4_tokenizer(shared_data: Path) -> Tokenizer:
    return load_tokenizer(shared_data / "glm-4-9b-chat")


@pytest.fixture(scope="session")
def demo() -> LocalModel:
    """The embedded demo model, loaded once; what it computed for one test may spare another the same."""
    return load_model("demo")


class Command(Protocol):
    """`glm-agent`, as `command` gives it."""

    def __call__(
        self, home: Path, *arguments: str, cwd: Path | None = None, text: str = ""
    ) -> "subprocess.CompletedProcess[str]": ...


@pytest.fixture(scope="session")
def command() -> Command:
    """Runs `glm-agent ARGUMENTS` to its end in this process, which loads torch once for all of them.

    Whoever tests a process (its signals, its terminal, what it leaves behind) starts one.
    """

    def run(
        home: Path, *arguments: str, cwd: Path | None = None, text: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as stdin,
            pytest.MonkeyPatch.context() as patch,
            mock.patch.dict(os.environ),  # `--offline` sets a variable: put back after the command
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            stdin.write(text)
            stdin.seek(0)
            patch.setattr(sys, "stdin", stdin)
            patch.setattr(sys, "argv", ["glm-agent", *arguments])
            patch.setenv("GLM_AGENT_HOME", str(home))
            if cwd is not None:
                patch.chdir(cwd)
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        for stream in (stdout, stderr):
            stream.seek(0)
        return subprocess.CompletedProcess(
            ["glm-agent", *arguments], code or 0, stdout.read(), stderr.read()
        )

    return run

"""The commands of README.md and docs/ are typed, in a folder that has what they name, to a small random GLM-4.

What such a model says means nothing; that the command is understood, finds its files and comes to an end is what is
tested. The network is closed.
"""

import base64
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from glm_engine.testing import tiny_config, write_checkpoint

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A random model seldom answers: a limit is reached (4), or a risky call waits for a yes (3).
OF_A_MODEL = {0, 3, 4}
NOT_HERE = {
    r"glm-agent sandbox (build|test)": "makes or attacks a whole sandbox: tests/sandbox",
    r"glm-agent models pull": "fetches from a hub: tests/engine/test_hub.py",
    r"glm-agent models (verify|path|rm)": "needs a model that was fetched: tests/agent/test_models.py",
    r".*\bRUN\b": "needs a run in a state of its own: tests/agent/test_resume.py and test_replay.py",
    r"glm-agent sessions export thesis": "as above",
    r"glm-agent --install-completion": "changes a person's shell: tests/agent/test_in_a_terminal.py",
    r"glm-agent bench": "takes minutes",
    r"(?!.*\bglm-agent )": "is not ours",
}
TOOLS = '''"""Tools that the documents name."""

from glm_agent import tool


@tool
def bill(lines: list[str]) -> str:
    """Sum up a bill."""
    return f"{len(lines)} lines"
'''
MODELS = """from pydantic import BaseModel


class Invoice(BaseModel):
    total: int
"""


def lines_of(document: Path) -> list[str]:
    """The command lines of a document's blocks, without their comments."""
    found = []
    for token in MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info == "sh":
            text = token.content.replace("\\\n", " ")
            found += [re.sub(r"\s+# .*", "", line) for line in text.splitlines() if line.strip()]
    return found


LINES = [(document, line) for document in DOCUMENTS for line in lines_of(document)]


def reason_not_to_run(line: str) -> str:
    return next((reason for start, reason in NOT_HERE.items() if re.match(start, line)), "")


def write_model(folder: Path) -> Path:
    """A small random GLM-4, with a token for each byte."""
    write_checkpoint(folder, tiny_config(vocab_size=270, context_length=8192))
    ranks = [f"{base64.b64encode(bytes([byte])).decode()} {byte}\n" for byte in range(256)]
    (folder / "tokenizer.model").write_text("".join(ranks), encoding="utf-8")
    return folder


def write_folder(folder: Path) -> Path:
    """What the documents name."""
    files = {
        "sales.csv": "day,amount\nmon,100\n",
        "my_tools.py": TOOLS,
        "models.py": MODELS,
        "error.log": "the disk is full\n",
        "invoice.txt": "Invoice A7: 3 in total\n",
        "invoice.schema.json": '{"type": "object", "properties": {"total": {"type": "integer"}}}',
        "notes/list.txt": "tea\n",
        "handbook/leave.md": "# Leave\n\nEverybody has 28 days.\n",
        "tasks.jsonl": '{"id": "a", "prompt": "Say hello."}\n"Say goodbye."\n',
        "mails.jsonl": '{"id": "a", "prompt": "Invoice A7: 3 in total"}\n',
        # A model that says nothing of sense need not say much of it.
        "glm-agent.toml": "[options]\nmax-steps = 2\nmax-new-tokens = 16\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class Shells:
    """A folder with the files and a home for each document, in which its lines follow one another."""

    def __init__(
        self, base: Path, command: Callable[..., "subprocess.CompletedProcess[str]"]
    ) -> None:
        self._base = base
        self._command = command
        self._folders: dict[str, Path] = {}
        programs = base / "bin"
        programs.mkdir()
        (programs / "glm-agent").write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m glm_agent "$@"\n', encoding="utf-8"
        )
        if shutil.which("jq") is None:
            (programs / "jq").write_text("#!/bin/sh\nexec cat\n", encoding="utf-8")
        for program in programs.iterdir():
            program.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GLM_AGENT_MODEL": str(write_model(base / "model")),
            "GLM_AGENT_OFFLINE": "1",
        }

    def type(self, document: str, line: str) -> "subprocess.CompletedProcess[str]":
        """A line as bash reads it; one that is nothing but our command runs in this process, which has torch."""
        if document not in self._folders:
            folder = self._base / document
            folder.mkdir()
            self._folders[document] = write_folder(folder)
        folder = self._folders[document]
        home, words = folder / "home", shlex.split(line)
        if "|" not in words and words[0] == "glm-agent":
            with pytest.MonkeyPatch.context() as patch:
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                return self._command(home, *words[1:], cwd=folder)
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            env=self.environment | {"GLM_AGENT_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=280,
            check=False,
        )


@pytest.fixture(scope="module")
def shells(tmp_path_factory: pytest.TempPathFactory, command: Any) -> Shells:
    return Shells(tmp_path_factory.mktemp("commands"), command)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (document.name, line)
        for document, line in dict.fromkeys(LINES)
        if not reason_not_to_run(line)
    ],
)
def test_a_command_of_the_documents_does_what_it_says(
    document: str, line: str, shells: Shells
) -> None:
    done = shells.type(document, line)
    is_of_a_model = re.search(r"glm-agent (run|chat|batch)\b", line) is not None
    assert done.returncode in (OF_A_MODEL if is_of_a_model else {0}), done.stdout + done.stderr


def test_a_settings_file_of_the_documents_is_read(shells: Shells, tmp_path: Path) -> None:
    """Every TOML block is a user's file that `config show` understands."""
    found = 0
    for document in DOCUMENTS:
        for token in MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8")):
            if token.type == "fence" and token.info == "toml" and "[options]" in token.content:
                (tmp_path / "config.toml").write_text(token.content, encoding="utf-8")
                done = subprocess.run(
                    ["glm-agent", "config", "show", "--origin"],
                    env=shells.environment | {"GLM_AGENT_HOME": str(tmp_path)},
                    capture_output=True,
                    encoding="utf-8",
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                assert str(tmp_path) in done.stdout
                found += 1
    assert found


def test_the_session_that_the_readme_shows_is_what_a_terminal_prints(tmp_path: Path) -> None:
    """Speeds, times and names of runs differ; every other character is as shown."""
    (block,) = [
        token.content
        for token in MarkdownIt("commonmark").parse(DOCUMENTS[0].read_text(encoding="utf-8"))
        if token.type == "fence" and token.info == "console"
    ]
    command, *shown = block.removeprefix("$ ").splitlines()
    arguments = [*shlex.split(command)[1:], "--model", "demo"]
    done = subprocess.run(
        [sys.executable, "-m", "glm_agent", *arguments],
        env={**os.environ, "GLM_AGENT_HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    printed = [without_measurements(line) for line in done.stdout.splitlines()]
    assert [without_measurements(line) for line in shown] == printed[-len(shown) :]


def without_measurements(line: str) -> str:
    line = re.sub(r"[\d.]+ (tokens/s|s)\b", r"N \1", line)
    return re.sub(r"run [0-9a-f]{12}", "run ID", line)

"""What README.md and docs/ show is what happens: Python is run, commands are held to the command line."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.testing import CliRunner

from glm_agent.cli.application import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SEPARATOR = "=== the next block ==="
OUTPUT_LANGUAGES = ("", "text")
COMMAND_LANGUAGES = ("sh", "console")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of Python in a document.

    Attributes:
        line: where its code begins, counted from 0.
        code: of the block.
        output: of the block right behind it; None when something else follows.
    """

    line: int
    code: str
    output: str | None


def tokens_of(document: Path) -> list[Token]:
    return MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8"))


def python_blocks(document: Path) -> list[Block]:
    tokens = tokens_of(document)
    blocks = []
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type != "fence" or token.info != "python":
            continue
        assert token.map is not None
        is_output = (
            following is not None
            and following.type == "fence"
            and following.info in OUTPUT_LANGUAGES
        )
        output = following.content if is_output and following is not None else None
        blocks.append(Block(token.map[0] + 1, token.content, output))
    return blocks


def commands(document: Path) -> Iterator[list[str]]:
    """Every `glm-agent …` of a document, in blocks of commands and in running text."""
    texts: list[str] = []
    for token in tokens_of(document):
        if token.type == "fence" and token.info in COMMAND_LANGUAGES:
            texts += token.content.replace("\\\n", " ").splitlines()
        texts += [child.content for child in token.children or [] if child.type == "code_inline"]
    for text in texts:
        # shlex knows quotes, pipes and comments as a shell does.
        lexer = shlex.shlex(text.removeprefix("$ "), posix=True, punctuation_chars="|;&<>")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # the output of a command, with an apostrophe in it
            continue
        pipeline = re.split(r"\0[|;&]+\0", "\0".join(["", *words, ""]))
        for part in pipeline:
            command = part.strip("\0").split("\0")
            if command[0] == "glm-agent" and len(command) > 1:
                yield command[1 : command.index(">") if ">" in command else None]


def problem_with(arguments: list[str]) -> str:
    """What `glm-agent` says of a command line; empty when it has such a command with such options. Runs nothing.

    `--help` stops the command when the line has been read, and before a value is looked at.
    """
    done = CliRunner().invoke(app, [*arguments, "--help"])
    return done.stderr if done.exit_code else ""


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if python_blocks(path)], ids=lambda path: path.name
)
def test_every_block_of_python_runs_and_prints_what_the_document_says(
    document: Path, tmp_path: Path
) -> None:
    """The blocks of a document are one program, each at its own line, so that a traceback names the document's."""
    blocks = python_blocks(document)
    lines: list[str] = []
    for block in blocks:
        lines += [""] * (block.line - len(lines)) + block.code.splitlines()
        lines += [f"print({SEPARATOR!r})  # where the fence ends"]
    program = tmp_path / f"{document.stem}.py"
    program.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env={**os.environ, "GLM_AGENT_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outputs = done.stdout.split(f"{SEPARATOR}\n")
    for block, output in zip(blocks, outputs, strict=False):
        if block.output is not None:
            assert output == block.output, f"{document.name}:{block.line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_can_be_typed(document: Path) -> None:
    """A renamed option, or a command that is only planned, must not stay in the documentation."""
    for arguments in commands(document):
        assert not problem_with(arguments), f"{document.name}: glm-agent {' '.join(arguments)}"


def test_a_wrong_command_would_be_found() -> None:
    """The check above proves nothing if it lets anything pass."""
    for arguments in (["run", "x", "--no-such-option"], ["no-such-command"], ["tools", "nope"]):
        assert "No such" in problem_with(arguments)
    assert not problem_with(["run", "x", "--json", "-f", "sales.csv"])
    assert list(commands(ROOT / "README.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for token in tokens_of(document):
        for child in token.children or []:
            target = str(child.attrGet("href") or "")
            if target and "://" not in target and not target.startswith("#"):
                assert (document.parent / target.partition("#")[0]).exists(), target

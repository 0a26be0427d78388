"""`glm-agent tools`, `doctor` and `sandbox`, called as the command line calls them."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glm_agent.cli.application import app
from glm_agent.cli.doctor import examine
from glm_agent.errors import ConfigurationError, UsageError
from glm_agent.tool_price import tool_prices
from glm_engine.tokenizer import Tokenizer
from glm_prompts.glm4 import Glm4Dialect
from glm_tools.errors import ToolDefinitionError
from glm_tools.function_tool import tool
from glm_tools.tool import Tool

TOOLS = '''
from decimal import Decimal
import time
from glm_agent import tool
from glm_agent import Tool

@tool(timeout_s=0.2)
def hang() -> None:
    """Do nothing, for long."""
    time.sleep(30)

@tool
def greet(name: str, times: int = 1) -> str:
    """Greet somebody.

    Args:
        name: who.
        shoe_size: what is no parameter.
    """
    return "hello " * times + name

@tool
def broken() -> None:
    raise OSError("the cable is out")

def read(text): return text

quirky = Tool.from_schema("quirky", "Real schemas.", {"type": "dict", "properties": {"text": {"type": "str", "not": {"const": "x"}}}}, read)
'''


@pytest.fixture
def tool_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "1")  # the command sets it: put back after the test
    path = tmp_path / "my_tools.py"
    path.write_text(TOOLS, encoding="utf-8")
    return path


def run(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str, str]:
    """Exit code, stdout, stderr. What `main` would turn into a message is raised."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_a_call_by_hand_is_the_models_call(tool_file: Path) -> None:
    """The result and nothing else goes to stdout: the same text that the model would read."""
    code, out, _ = run("tools", "call", "greet", '{"name": "Mei", "times": 2}', "-T", tool_file)
    assert (code, out) == (0, "hello hello Mei\n")


@pytest.mark.parametrize(
    ("name", "arguments", "code", "words"),
    [
        ("greet", '{"name": 3}', 2, "/name"),
        ("hang", "{}", 4, "0.2 s"),
        ("broken", "{}", 7, "the cable is out"),
    ],
)
def test_a_call_that_fails_says_how_in_its_exit_code(
    tool_file: Path, name: str, arguments: str, code: int, words: str
) -> None:
    """A wrong argument, a tool that hangs and one that raises are three things to a script."""
    exit_code, out, _ = run("tools", "call", name, arguments, "-T", tool_file)
    assert exit_code == code
    assert words in out


def test_a_dry_run_checks_the_arguments_and_runs_nothing(tool_file: Path) -> None:
    code, out, _ = run("tools", "call", f"{tool_file}:broken", "{}", "--dry-run")
    assert code == 0
    assert "Nothing was run" in out
    with pytest.raises(UsageError, match="/name"):
        run("tools", "call", f"{tool_file}:greet", '{"name": []}', "--dry-run")


@pytest.mark.parametrize("text", ["{", "[1]", "null"])
def test_arguments_that_are_no_object_are_a_usage_error(tool_file: Path, text: str) -> None:
    with pytest.raises(UsageError, match="JSON"):
        run("tools", "call", f"{tool_file}:greet", text)


def test_a_tool_that_is_not_there_is_named_with_those_that_are(tool_file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'gret'.*python.*greet"):
        run("tools", "call", "gret", "{}", "-T", tool_file)


def test_check_tells_all_that_was_found_in_a_file(tool_file: Path) -> None:
    """Notes of the registration and keywords that no grammar enforces reach the author before a model does."""
    code, out, _ = run("tools", "check", tool_file)
    assert code == 0
    for name in ("hang", "greet", "broken", "quirky"):
        assert f"{name}:" in out
    assert "shoe_size" in out
    assert "no docstring" in out
    assert "/properties/text/not" in out
    assert "'dict'" in out


def test_check_refuses_a_file_with_a_tool_that_no_call_could_fit(tool_file: Path) -> None:
    schema = '{"type": "object", "properties": {"x": False}, "required": ["x"]}'
    tool_file.write_text(
        f"from glm_agent import Tool\nt = Tool.from_schema('t', '', {schema}, print)\n",
        encoding="utf-8",
    )
    with pytest.raises(ToolDefinitionError, match="'t'"):
        run("tools", "check", tool_file)


def test_show_prints_the_schema_that_the_model_reads(tool_file: Path) -> None:
    _, out, _ = run("tools", "show", "greet", "-T", tool_file)
    schema = json.loads(out.partition("parameters: ")[2])
    assert schema["properties"]["name"] == {"type": "string", "description": "who."}
    assert schema["required"] == ["name"]


def test_the_price_of_a_tool_is_what_it_adds_to_the_prompt(glm4_tokenizer: Tokenizer) -> None:
    """Counted in the rendered prompt itself, which is the only place where it matters."""

    @tool
    def first(city: str) -> str:
        """One."""
        return city

    @tool
    def second(when: list[int], 城市: str) -> str:
        """另一个工具。"""  # noqa: D415  # 。 ends a sentence
        return 城市 * len(when)

    dialect = Glm4Dialect(glm4_tokenizer)

    def tokens(*tools: Tool) -> int:
        segments = dialect.start(None, [tool.spec for tool in tools])
        return sum(len(segment.token_ids) for segment in segments)

    prices = tool_prices(dialect, [first.spec, second.spec])
    assert tokens(first, second) == tokens(first) + prices["second"]
    assert tokens(second, first) == tokens(second) + prices["first"]


def test_the_doctor_names_a_remedy_for_everything_that_is_not_ok(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a machine without a Docker engine or the demo model, and with a journal that cannot be written."""
    (tmp_path / "home").write_text("a file, not a folder", encoding="utf-8")
    monkeypatch.setenv("GLM_AGENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/docker.sock")
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = {finding.subject: finding for finding in examine()}
    assert findings["journal"].state == "broken"
    assert findings["demo model"].state == "note"
    assert findings["sandbox docker"].state in ("note", "broken")  # a note beside bubblewrap
    assert all(finding.remedy for finding in findings.values() if finding.state != "ok")
    code, out, _ = run("doctor", "--json")
    assert code == 5
    assert {entry["subject"] for entry in json.loads(out)} == set(findings)


def test_the_status_of_the_sandboxes_is_an_exit_code_too() -> None:
    code, out, _ = run("sandbox", "status", "--json")
    states = {entry["name"]: entry for entry in json.loads(out)}
    assert set(states) == {"docker", "bubblewrap"}
    assert code == (0 if any(entry["is_available"] for entry in states.values()) else 5)


def test_a_cell_from_a_pipe_runs_in_the_sandbox() -> None:
    code, out, _ = run("sandbox", "shell", stdin="import os\nprint(os.getcwd())\n6 * 7")
    assert code == 0
    assert out.splitlines()[-1] == "42"
    assert os.getcwd() not in out  # noqa: PTH109  # the very text
    code, out, err = run("sandbox", "shell", stdin="1 / 0")
    assert code == 7
    assert "ZeroDivisionError" in err

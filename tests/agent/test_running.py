"""What a run leaves on the disk and at the terminal, whatever a tool calls it."""

import json
from pathlib import Path

import pytest

from glm_agent.cli.interruption import Interruption
from glm_agent.cli.opening import OpenedAgent
from glm_agent.cli.running import Output, ResultFiles, show_run
from glm_agent.cli.task import Attachments
from glm_agent.cli.terminal import Terminal, printable
from glm_agent.errors import ConfigurationError
from glm_agent.orchestrator import Agent
from glm_agent.testing import ScriptedModel, say
from glm_tools.tool import Attachment, Observation, ToolResult


@pytest.mark.parametrize(
    "name",
    ["\x1b]0;owned\x07.png", "a\0b", "図" * 300 + ".png", "../../up", "..", "", "a\nb", "\ud800"],
)
def test_a_file_of_a_tool_has_a_name_that_disk_and_terminal_take(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name comes from code that the model wrote: an escape in it reached the terminal, a NUL ended the run."""
    monkeypatch.setenv("GLM_AGENT_HOME", str(tmp_path))
    files = ResultFiles(Terminal())
    attachment = Attachment(name, "text/plain", b"data")
    files.save(ToolResult("call_1", "ok", (Observation("x"),), (attachment, attachment)))
    paths = files.paths["call_1"]
    assert len(set(paths)) == 2
    for path in paths:
        assert path.resolve().parent.parent == tmp_path / "files"
        assert path.read_bytes() == b"data"
    said = capsys.readouterr().err
    assert said.replace("\n", "").isprintable()
    assert said.count("\n") == len(paths)


def test_a_file_that_cannot_be_read_is_the_users_mistake(tmp_path: Path) -> None:
    attachments = Attachments(ScriptedModel([]), None, Terminal())
    with pytest.raises(ConfigurationError, match="cannot be read"):
        attachments.add("Read it.", "", [tmp_path])


@pytest.mark.parametrize("output", [Output(as_json=True), Output(as_jsonl=True)])
def test_json_says_the_same_and_holds_nothing_that_a_terminal_obeys(
    output: Output, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON leaves U+009B as it is, which begins a control sequence in many terminals."""
    answer = "red\x9b31m \u202egnp.exe"
    model = ScriptedModel([say(answer)])
    with Agent(model) as agent:
        opened = OpenedAgent(agent, model, None, [])
        show_run(lambda: agent.stream("?"), opened, output.terminal(), Interruption(), output)
    shown = capsys.readouterr().out
    assert printable(shown) == shown
    record = json.loads(shown if output.as_json else shown.splitlines()[-1])
    assert (record if output.as_json else record["result"])["answer"] == answer

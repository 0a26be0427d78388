"""What a run leaves on the disk and at the terminal, whatever a tool calls it."""

from pathlib import Path

import pytest

from glm_agent.cli.running import ResultFiles
from glm_agent.cli.task import Attachments
from glm_agent.cli.terminal import Terminal
from glm_agent.errors import ConfigurationError
from glm_agent.testing import ScriptedModel
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

"""What `--tools` names, opened with the options that belong to it."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from glm_agent.cli.named_tools import WebOptions, open_named_tools
from glm_agent.cli.opening import AgentOpening, AgentRequest, ApprovalOptions
from glm_agent.errors import ConfigurationError
from glm_tools.browser import BrowserTool
from glm_tools.errors import ToolDefinitionError
from glm_tools.tool import Ctx, ToolCall, ToolOutput


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "leave.html").write_text(
        "<title>Leave</title><h1>Leave</h1><p>Everybody has 28 days of paid leave.</p>",
        encoding="utf-8",
    )
    return folder


def browse(tool: BrowserTool, code: str) -> ToolOutput:
    call = ToolCall("call_1", "simple_browser", {"code": code}, code)
    return tool.run({"code": code}, Ctx(None, call, Event(), lambda stream, text: None))


def open_browser(web: WebOptions) -> BrowserTool:
    (tool,) = open_named_tools(["simple_browser"], web)
    assert isinstance(tool, BrowserTool)
    return tool


def test_a_folder_of_pages_is_searched_and_recorded_and_the_recording_says_the_same(
    pages: Path, tmp_path: Path
) -> None:
    """`--pages`, `--record-web` and `--replay-web` are one chain: the same call, the same observation, no folder."""
    web = WebOptions(net="none", local_pages=pages, record_web=tmp_path / "web.jsonl")
    recording = open_browser(web)
    shown = browse(recording, 'search("paid leave")')
    recording.close()
    assert "28 days" in shown.observations[0].text
    replaying = open_browser(WebOptions(replay_web=tmp_path / "web.jsonl"))
    assert browse(replaying, 'search("paid leave")') == shown
    missing = browse(replaying, 'search("something else")')
    assert missing.status == "unavailable"


def test_a_session_that_is_opened_again_goes_on_with_its_recording(
    pages: Path, tmp_path: Path
) -> None:
    """`resume` and `-c` began it anew: what had been read before was gone. A kill may have left half a line."""
    file = tmp_path / "web.jsonl"
    request = AgentRequest(web=WebOptions(net="none", local_pages=pages, record_web=file))
    first = open_browser(request.web)
    shown = browse(first, 'search("paid leave")')
    first.close()
    with file.open("a", encoding="utf-8") as recording:
        recording.write('{"kind": "pa')
    again = open_browser(AgentRequest.from_settings(request.settings()).reopened().web)
    more = browse(again, 'search("kitchen")')
    again.close()
    replayed = open_browser(WebOptions(net="none", replay_web=file))
    assert browse(replayed, 'search("paid leave")') == shown
    assert browse(replayed, 'search("kitchen")') == more
    replayed.close()


def test_a_file_that_is_no_recording_is_left_as_it_is(pages: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("precious", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no recording"):
        open_browser(WebOptions(net="none", local_pages=pages, record_web=file))
    assert file.read_text(encoding="utf-8") == "precious"


def test_offline_closes_the_network_whatever_else_is_said() -> None:
    web = WebOptions(net="public", allow_hosts=("localhost:8000",), is_offline=True)
    tool = open_browser(web)
    assert tool.browser.config.net == "none"
    assert browse(tool, 'open_url("http://192.0.2.1/")').status == "error"


@pytest.mark.parametrize(
    ("web", "word"),
    [
        (WebOptions(allow_hosts=("http://a b/",)), "a b"),
        (WebOptions(local_pages=Path("no-such-folder")), "no-such-folder"),
        (WebOptions(replay_web=Path("no-such-file")), "no-such-file"),
        (WebOptions(record_web=Path("no-such-folder/web.jsonl")), "no-such-folder"),
        (WebOptions(record_web=Path("a"), replay_web=Path("b")), "one of the two"),
        (WebOptions(record_web=Path("a"), is_offline=True), "--record-web"),
    ],
)
def test_an_option_of_the_web_that_cannot_be_used_is_the_users_mistake(
    web: WebOptions, word: str
) -> None:
    """Each is found before a model is loaded, and ends with exit code 7 instead of a traceback."""
    with pytest.raises(ConfigurationError, match=word):
        open_named_tools(["simple_browser"], web)


def test_what_was_opened_is_closed_when_a_later_name_cannot_be_used(
    pages: Path, tmp_path: Path
) -> None:
    """A recording left open would be a file that nobody closes: a ResourceWarning, which is an error here."""
    web = replace(WebOptions(net="none"), local_pages=pages, record_web=tmp_path / "web.jsonl")
    with pytest.raises(ToolDefinitionError, match=r"no_such_file\.py"):
        open_named_tools(["simple_browser", "no_such_file.py"], web)


def test_a_name_that_is_nowhere_is_answered_with_those_that_are_built_in() -> None:
    with pytest.raises(ToolDefinitionError, match="simple_browser"):
        open_named_tools(["browser"], WebOptions())


def test_a_name_that_is_given_twice_is_one_tool() -> None:
    assert len(open_named_tools(["simple_browser", "python", "simple_browser"], WebOptions())) == 1


def test_files_work_in_the_folder_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`files` is the working folder, `files:FOLDER` another; the question about a change shows its diff."""
    (tmp_path / "here.txt").write_text("one\n", encoding="utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "there.txt").write_text("two\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, file, text in (("files", "here.txt", "one"), ("files:inner", "there.txt", "two")):
        opening = AgentOpening(AgentRequest(tools=(name,)))
        arguments = {"path": file, "old": text, "new": "three"}
        preview = opening.preview(ToolCall("call_1", "edit_file", arguments, ""))
        assert f"-{text}\n+three" in preview
        assert opening.preview(ToolCall("call_1", "read_file", {"path": file}, "")) == ""
    with pytest.raises(ToolDefinitionError, match="nowhere"):
        open_named_tools(["files:nowhere"], WebOptions())


def test_a_session_is_opened_again_with_the_same_files_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`files` was the folder in which the run was resumed, and a policy another file of that name."""
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "python").mkdir(parents=True)  # a folder that only looks like the tool
    there.mkdir()
    monkeypatch.chdir(here)
    request = AgentRequest(
        tools=("python", "simple_browser", "files", "files:docs", "mine.py:add", "package:add"),
        web=WebOptions(local_pages=Path("pages")),
        approvals=ApprovalOptions(policy=Path("policy.toml")),
    )
    settings = request.settings()
    monkeypatch.chdir(there)
    again = AgentRequest.from_settings(settings)
    assert again.tools == (
        *("python", "simple_browser", f"files:{here}", f"files:{here}/docs"),
        *(f"{here}/mine.py:add", "package:add"),
    )
    assert again.web == WebOptions(local_pages=here / "pages")
    assert again.approvals.policy == here / "policy.toml"
    assert AgentRequest.from_settings(again.settings()) == again

"""The `files` tools against a real folder, with everything that could lead out of it."""

import os
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_tools.dispatch import Dispatcher
from glm_tools.errors import ToolDefinitionError, ToolError
from glm_tools.files import file_tools
from glm_tools.tool import ToolCall, ToolResult
from glm_tools.workspace import FILE_BYTES, LISTED, PAGE_LINES, UNDOS, Change, Workspace

SECRET = "the secret of the house"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a secret beside it."""
    folder = tmp_path / "workspace"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.py").write_text("def add(a, b):\n    return a - b\n", encoding="utf-8")
    (tmp_path / "secret.txt").write_text(SECRET, encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text(SECRET, encoding="utf-8")
    return folder


@pytest.fixture
def tools(root: Path) -> Iterator[Dispatcher]:
    with Dispatcher(file_tools(Workspace(root))) as dispatcher:
        yield dispatcher


def use(tools: Dispatcher, name: str, **arguments: Any) -> ToolResult:
    return tools.run(ToolCall("call_1", name, arguments, ""))


def test_a_file_is_found_read_mended_and_the_change_taken_back(
    tools: Dispatcher, root: Path
) -> None:
    """The whole job of a code fixer."""
    original = (root / "src" / "main.py").read_bytes()
    assert "src/main.py:2: return a - b" in use(tools, "search_files", text="A - B").text
    assert "return a - b" in use(tools, "read_file", path="src/main.py").text
    edited = use(tools, "edit_file", path="src/main.py", old="a - b", new="a + b")
    assert "-    return a - b\n+    return a + b" in edited.text
    assert (root / "src" / "main.py").read_text(encoding="utf-8").endswith("return a + b\n")
    assert use(tools, "undo_edit").status == "ok"
    assert (root / "src" / "main.py").read_bytes() == original
    assert use(tools, "undo_edit").status == "error"


ESCAPES = [
    "../secret.txt",
    "src/../../secret.txt",
    "/etc/passwd",
    "~/.ssh/id_rsa",
    "link_to_file",
    "link_to_folder/secret.txt",
    "src/up/secret.txt",
    "loop/x",
    "..",
    "a\0b",
    "..\\secret.txt",
]


@pytest.fixture
def hostile(root: Path) -> Path:
    (root / "link_to_file").symlink_to(root.parent / "secret.txt")
    (root / "link_to_folder").symlink_to(root.parent / "outside")
    (root / "src" / "up").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out_of_the_workspace(path: str, hostile: Path, tools: Dispatcher) -> None:
    """Neither `..`, an absolute path nor a link: nothing outside is read, listed, searched or changed."""
    before = {file: file.read_bytes() for file in hostile.parent.rglob("*") if file.is_file()}
    for name, arguments in (
        ("read_file", {}),
        ("list_files", {}),
        ("search_files", {"text": "secret"}),
        ("edit_file", {"old": "secret", "new": "x"}),
    ):
        result = use(tools, name, path=path, **arguments)
        assert result.status == "error", result.text
        assert SECRET not in result.text
    if path != "link_to_file":
        assert use(tools, "write_file", path=path, content="x").status == "error"
    assert before == {
        file: file.read_bytes() for file in hostile.parent.rglob("*") if file.is_file()
    }


def test_a_link_in_the_place_of_a_file_is_left_alone(hostile: Path, tools: Dispatcher) -> None:
    assert use(tools, "write_file", path="link_to_file", content="x").status == "error"
    assert (hostile / "link_to_file").is_symlink()
    assert (hostile.parent / "secret.txt").read_text(encoding="utf-8") == SECRET


def test_walking_a_folder_tells_links_and_follows_none(hostile: Path, tools: Dispatcher) -> None:
    listed = use(tools, "list_files", recursive=True).text
    assert "link_to_folder (a symbolic link: not followed)" in listed
    assert "secret.txt" not in listed.replace("link_to_file", "")
    assert SECRET not in use(tools, "search_files", text="secret").text


def test_a_folder_that_is_exchanged_for_a_link_meanwhile_leads_nowhere(root: Path) -> None:
    """The race that a check before the use would lose: names are opened one from the other, never looked up again."""
    workspace = Workspace(root)
    done = threading.Event()

    def exchange() -> None:
        while not done.is_set():
            (root / "src").rename(root / "aside")
            (root / "src").symlink_to(root.parent / "outside")
            (root / "src").unlink()
            (root / "aside").rename(root / "src")

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        for _ in range(2000):
            try:
                text = workspace.read("src/secret.txt")
            except ToolError:
                continue
            pytest.fail(f"read {text!r}")
    finally:
        done.set()
        thread.join()
        workspace.close()


@given(
    st.lists(st.sampled_from(["..", ".", "", "src", "up", "x", "~", "\0", "main.py"]), max_size=6)
)
def test_whatever_a_path_is_made_of_it_never_writes_outside(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    base = tmp_path_factory.mktemp("base")
    root = base / "workspace"
    root.mkdir()
    (root / "up").symlink_to("..")
    workspace = Workspace(root)
    try:
        workspace.write("/".join(parts), "written")
    except ToolError:
        pass
    finally:
        workspace.close()
    assert [path.name for path in base.iterdir()] == ["workspace"]


@pytest.mark.parametrize("path", ["n" * 300, "src/" + "长" * 100])
def test_a_name_that_is_too_long_is_said_and_asks_nobody(path: str, root: Path) -> None:
    """The question about a call showed its change first, and that ended the run with an OSError."""
    tools = {tool.spec.name: tool for tool in file_tools(Workspace(root))}
    assert tools["write_file"].preview({"path": path, "content": "x"}) == ""
    with Dispatcher(list(tools.values())) as dispatcher:
        result = use(dispatcher, "write_file", path=path, content="x")
    assert (result.status, result.text) == ("error", f"{path}: File name too long.")


def test_a_long_name_in_chinese_can_be_written(root: Path, tools: Dispatcher) -> None:
    """85 characters are a name; the one beside it, while it is written, was too long."""
    name = "长" * 85
    assert use(tools, "write_file", path=name, content="x").status == "ok"
    assert (root / name).read_bytes() == b"x"


def test_a_pipe_or_a_device_is_refused_and_not_waited_for(root: Path, tools: Dispatcher) -> None:
    os.mkfifo(root / "pipe")
    assert use(tools, "read_file", path="pipe").status == "error"
    assert use(tools, "write_file", path="pipe", content="x").status == "error"
    assert use(tools, "search_files", text="x").status == "ok"


@pytest.mark.parametrize(
    ("name", "content"), [("image.png", b"\x89PNG\x00\xff"), ("big.txt", b"x" * (FILE_BYTES + 1))]
)
def test_what_is_no_text_for_a_model_is_refused_and_left_out_of_searches(
    name: str, content: bytes, root: Path, tools: Dispatcher
) -> None:
    (root / name).write_bytes(content)
    assert use(tools, "read_file", path=name).status == "error"
    assert name not in use(tools, "search_files", text="x").text


def test_a_long_file_is_read_in_pages_that_add_up_to_it(root: Path, tools: Dispatcher) -> None:
    lines = [f"line {number}" for number in range(1, 2 * PAGE_LINES + 8)]
    (root / "long.txt").write_text("\n".join(lines), encoding="utf-8")
    read: list[str] = []
    while len(read) < len(lines):
        page = use(tools, "read_file", path="long.txt", first_line=len(read) + 1).text.splitlines()
        assert page[0].endswith(f"of {len(lines)}]")
        read += page[1:]
    assert read == lines
    assert use(tools, "read_file", path="long.txt", first_line=len(lines) + 1).status == "error"


def test_a_line_that_is_read_can_be_copied_into_an_edit(root: Path, tools: Dispatcher) -> None:
    """A page broke lines at U+2028 and form feeds: what it showed was nowhere in the file, and numbers were others."""
    (root / "odd.txt").write_bytes("a\u2028b\x0cc\r\nd\r\n".encode())
    head, *lines = use(tools, "read_file", path="odd.txt").text.split("\n")
    assert head.endswith("of 2]")
    assert lines == ["a\u2028b\x0cc", "d"]
    assert use(tools, "search_files", text="d", path=".").text.startswith("odd.txt:2: d")
    assert use(tools, "edit_file", path="odd.txt", old=lines[0], new="x").status == "ok"
    assert (root / "odd.txt").read_bytes() == b"x\r\nd\r\n"


def test_a_listing_ends_somewhere(root: Path, tools: Dispatcher) -> None:
    for number in range(LISTED + 5):
        (root / f"{number:04}").touch()
    listed = use(tools, "list_files").text.splitlines()
    assert len(listed) == LISTED + 1
    assert listed[-1].startswith("…")


@pytest.mark.parametrize("old", ["no such text", "x", ""])
def test_an_edit_that_is_not_of_one_place_changes_nothing(
    old: str, root: Path, tools: Dispatcher
) -> None:
    """A model that misremembers a file must not change another place of it."""
    (root / "f").write_bytes(b"x\nx\n")
    assert use(tools, "edit_file", path="f", old=old, new="y").status != "ok"
    assert (root / "f").read_bytes() == b"x\nx\n"


def test_line_ends_and_permissions_of_a_file_are_kept(root: Path, tools: Dispatcher) -> None:
    script = root / "run.bat"
    script.write_bytes(b"one\r\ntwo\r\nthree\r\n")
    script.chmod(0o750)
    use(tools, "edit_file", path="run.bat", old="one\ntwo", new="1\n2")
    assert script.read_bytes() == b"1\r\n2\r\nthree\r\n"
    assert stat.S_IMODE(script.stat().st_mode) == 0o750


def test_a_new_file_gets_its_folders_and_undo_removes_it(root: Path, tools: Dispatcher) -> None:
    assert use(tools, "write_file", path="a/b/c.txt", content="好\n").status == "ok"
    assert (root / "a/b/c.txt").read_text(encoding="utf-8") == "好\n"
    assert "c.txt" in use(tools, "undo_edit").text
    assert not (root / "a/b/c.txt").exists()
    assert not list(root.rglob("*.tmp"))


def test_undo_leaves_alone_what_somebody_else_has_changed_since(
    root: Path, tools: Dispatcher
) -> None:
    use(tools, "write_file", path="f", content="the model's")
    (root / "f").write_text("the user's", encoding="utf-8")
    assert use(tools, "undo_edit").status == "error"
    assert (root / "f").read_text(encoding="utf-8") == "the user's"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=5)), max_size=8))
def test_undoing_every_change_gives_back_the_folder(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("workspace")
    (root / "a").write_bytes(b"at first")
    workspace = Workspace(root)
    changes = [
        change
        for name, text in writes
        if (change := workspace.write(name, text.encode("utf-8", "replace").decode())).before
        != change.after
    ]
    assert len(changes) <= UNDOS
    for _ in changes:
        workspace.undo()
    with pytest.raises(ToolError, match="no change"):
        workspace.undo()
    workspace.close()
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {"a": b"at first"}


def test_a_preview_is_the_diff_that_the_call_then_makes(root: Path, tools: Dispatcher) -> None:
    """Whoever says yes has seen what will happen; looking changes nothing."""
    calls: list[tuple[str, Mapping[str, Any]]] = [
        ("write_file", {"path": "new.txt", "content": "one\ntwo\n"}),
        ("edit_file", {"path": "src/main.py", "old": "a - b", "new": "a + b"}),
        ("undo_edit", {}),
    ]
    for name, arguments in calls:
        before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        preview = tools[name].preview(arguments)
        assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        assert preview
        assert use(tools, name, **arguments).text == preview
    assert tools["edit_file"].preview({"path": "nope", "old": "x", "new": "y"}) == ""


def test_a_file_that_was_changed_after_its_diff_was_shown_is_left_alone(
    root: Path, tools: Dispatcher
) -> None:
    """Whoever said yes saw another change. Asked once more, the model's call shows what it would do now."""
    arguments = {"path": "src/main.py", "content": "def add(a, b):\n    return a + b\n"}
    tools["write_file"].preview(arguments)
    (root / "src" / "main.py").write_text("somebody's hours of work\n", encoding="utf-8")
    result = use(tools, "write_file", **arguments)
    assert result.status == "error"
    assert "nothing was written" in result.text
    assert (root / "src" / "main.py").read_text(encoding="utf-8") == "somebody's hours of work\n"
    again = tools["write_file"].preview(arguments)
    assert "-somebody's hours of work" in again
    assert use(tools, "write_file", **arguments).text == again


def patched(old: str, diff: str) -> str:
    """What a unified diff makes of a text whose last line is whole."""
    lines, made, at = old.split("\n")[:-1], list[str](), 0
    for line in diff.split("\n")[2:]:
        if line.startswith("@@"):
            first, _, count = line.split()[1].removeprefix("-").partition(",")
            start = int(first) - (count != "0")
            made += lines[at:start]
            at = start
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert lines[at] == line[1:]
            made += [line[1:]] if line.startswith(" ") else []
            at += 1
    return "".join(f"{line}\n" for line in made + lines[at:])


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_a_diff_is_of_all_that_changes(old: list[str], new: list[str]) -> None:
    """Line numbers too, though only the middle of a file is compared."""
    before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
    diff = Change("x", before.encode(), after.encode()).diff
    assert (patched(before, diff) if before != after else diff) in (after, "x: nothing changes")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\nb\n"),
        (b"a\n", b"a"),
        (b"a\xff\n", b"a\xfe\n"),
        ("a\u2028b\n".encode(), b"a\nb\n"),
        (None, b""),
        (b"", None),
    ],
)
def test_no_change_is_shown_as_none(before: bytes | None, after: bytes | None) -> None:
    """Whoever is asked about line ends or an empty file read that nothing changes."""
    assert "nothing changes" not in Change("x", before, after).diff


def test_one_line_of_a_long_file_of_few_different_lines_is_soon_compared(
    root: Path, tools: Dispatcher
) -> None:
    """A column of numbers: over the whole file `difflib` takes minutes, and nobody could be asked."""
    lines = [str(number % 150) for number in range(300_000)]
    lines[150_000] = "here"
    (root / "column.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = use(tools, "edit_file", path="column.txt", old="here", new="there")
    assert result.status == "ok"
    assert "@@ -149998,7 +149998,7 @@" in result.text
    assert "-here\n+there" in result.text


def test_whoever_changes_files_is_asked_about_and_whoever_reads_them_brings_text_of_others(
    tools: Dispatcher,
) -> None:
    risky = {spec.name for spec in tools.specs if tools[spec.name].risky}
    assert risky == {"write_file", "edit_file", "undo_edit"}
    assert all(tools[spec.name].untrusted for spec in tools.specs if spec.name not in risky)


def test_a_workspace_that_is_no_folder_is_the_programmers_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "nope"):
        with pytest.raises(ToolDefinitionError, match=path.name):
            Workspace(path)


def test_after_closing_nothing_more_is_done(root: Path) -> None:
    workspace = Workspace(root)
    workspace.close()
    workspace.close()
    with pytest.raises(ToolError, match="closed"):
        workspace.write("f", "x")
    assert not (root / "f").exists()

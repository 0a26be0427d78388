"""Files below the data folder, read and written by somebody who does not trust its owner."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_sandbox.guest import data_files

LIMIT = 1 << 20


def read(root: Path, path: str) -> bytes:
    return b"".join(data_files.read_chunks(str(root), path, LIMIT))


def upload(root: Path, path: str, data: bytes) -> None:
    file = data_files.Upload(str(root), path)
    file.write(data)
    file.commit()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that must not be read, beside the data folder."""
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="ascii")
    return secret


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_what_is_written_is_read(root: Path) -> None:
    upload(root, "a/b/c.bin", b"\x00" * 3_000_00)
    assert read(root, "a/b/c.bin") == b"\x00" * 3_000_00
    assert list(data_files.list_files(str(root)).files) == ["a/b/c.bin"]


def test_nothing_but_regular_files_is_read(root: Path, outside: Path) -> None:
    """A51: links of every kind, FIFOs (without hanging), sockets, folders, and paths that leave."""
    (root / "link").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket"))
    (root / "real").mkdir()
    for path in (
        "link", "folder/secret", "dangling", "fifo", "socket", "real", "../secret", "real/../../secret", "/etc/passwd",
        "", ".", "a\0b", "missing", "link/x",
    ):  # fmt: skip
        with pytest.raises(OSError, match=r".*"):
            read(root, path)
    assert data_files.list_files(str(root)).files == {}


def test_nothing_is_written_through_links(root: Path, outside: Path) -> None:
    """A file replaces a link of its name, and a link to a folder is no folder."""
    (root / "link").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    upload(root, "link", b"mine")
    assert outside.read_text(encoding="ascii") == "secret"
    assert read(root, "link") == b"mine"
    with pytest.raises(OSError, match=r".*"):
        upload(root, "folder/planted", b"x")
    assert sorted(path.name for path in outside.parent.iterdir()) == ["data", "secret"]


def test_an_upload_is_there_whole_or_not_at_all(root: Path) -> None:
    upload(root, "x", b"old")
    file = data_files.Upload(str(root), "x")
    file.write(b"half")
    assert read(root, "x") == b"old"
    assert list(data_files.list_files(str(root)).files) == ["x"]
    file.abandon()
    assert [path.name for path in root.iterdir()] == ["x"]


def test_a_file_that_is_too_large_is_refused(root: Path) -> None:
    (root / "large").write_bytes(bytes(LIMIT + 1))
    with pytest.raises(OSError, match="limit"):
        read(root, "large")


def test_listings_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A53: too many files, names that are no text, and folders without end."""
    monkeypatch.setattr(data_files, "MAX_LISTED", 5)
    for i in range(7):
        (root / f"f{i}").touch()
    listing = data_files.list_files(str(root))
    assert len(listing.files) == 5
    assert listing.truncated

    deep = root / "deep"
    monkeypatch.setattr(data_files, "MAX_LISTED", 100)
    path = deep.joinpath(*"abcdefghijklmnopqrstuvwxyzabcdefghijk")
    path.mkdir(parents=True)
    (path / "lost").touch()
    (root / "line\nbreak").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).touch()
    listing = data_files.list_files(str(root))
    assert sorted(listing.files) == [f"f{i}" for i in range(7)]
    assert listing.unlisted == 3


@given(st.text(min_size=1))
def test_plain_names_hold_nothing_that_a_terminal_obeys(name: str) -> None:
    if data_files.is_plain(name):
        name.encode("utf-8")
        assert not any(c in name for c in "\n\r\x1b\\\0\u202e\u200b")

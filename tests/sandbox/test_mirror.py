"""The host's copy of a session's files."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_sandbox.backend import Backend
from glm_sandbox.conformance import LIMITS
from glm_sandbox.mirror import FolderMirror, Mirror, TemporaryMirror
from glm_sandbox.session import Session

steps = st.lists(
    st.tuples(
        st.sampled_from(["a", "b/c", "数据.csv"]), st.one_of(st.none(), st.binary(max_size=50))
    ),
    max_size=30,
)


@pytest.fixture(params=["temporary", "folder"])
def mirror(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mirror]:
    made: Mirror = TemporaryMirror() if request.param == "temporary" else FolderMirror(tmp_path)
    yield made
    made.close()


def test_a_mirror_is_what_a_dict_is(mirror: Mirror) -> None:
    """Stored, replaced and forgotten files, against the obvious model."""

    @settings(max_examples=30)  # every change of a folder is flushed to the disk
    @given(steps)
    def check(changes: list[tuple[str, bytes | None]]) -> None:
        for path, _ in list(mirror.files()):
            mirror.forget(path)
        model: dict[str, bytes] = {}
        for path, data in changes:
            if data is None:
                mirror.forget(path)
                model.pop(path, None)
            else:
                mirror.store(path, data)
                model[path] = data
        assert dict(mirror.files()) == model

    check()


def test_a_temporary_mirror_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that rewrites one file for hours must not fill the host's disk."""
    mirror = TemporaryMirror()
    for i in range(400):
        mirror.store("x", bytes([i % 256]) * (1 << 20))
    assert mirror._file.seek(0, 2) < 100 << 20
    assert dict(mirror.files()) == {"x": bytes([399 % 256]) * (1 << 20)}
    mirror.close()


def test_a_folder_mirror_is_read_back(tmp_path: Path) -> None:
    first = FolderMirror(tmp_path)
    first.store("a", b"1")
    first.store("b", b"1")
    first.store("a", b"2")
    assert dict(FolderMirror(tmp_path).files()) == {"a": b"2", "b": b"1"}
    assert len(list((tmp_path / "contents").iterdir())) == 2


def test_names_are_never_paths_of_the_host(tmp_path: Path) -> None:
    """An index that somebody has tampered with leads nowhere."""
    mirror = FolderMirror(tmp_path)
    mirror.store("../../etc/cron.d/x", b"1")
    assert sorted(path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")) == [
        "contents",
        "contents",
        "index.json",
    ]
    (tmp_path / "index.json").write_text(
        json.dumps({"../x": "a" * 64, "ok": "../../../etc/passwd"}), encoding="ascii"
    )
    assert dict(FolderMirror(tmp_path).files()) == {}


def test_a_folder_that_is_no_mirror_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("[1]", encoding="ascii")
    with pytest.raises(ValueError, match="not the index"):
        FolderMirror(tmp_path)
    (tmp_path / "index.json").write_text('{"a": 1}', encoding="ascii")
    assert list(FolderMirror(tmp_path).files()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of one megabyte of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "glm-agent-test", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a disk of its own")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["temporary", "folder"])
def test_a_full_disk_is_an_error_that_leaves_what_was_there(
    kind: str, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real disk, really full: no half file, no lost file, and room again when others go."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    mirror: Mirror = TemporaryMirror() if kind == "temporary" else FolderMirror(small_disk)
    mirror.store("kept", b"k" * (300 << 10))
    for path in ("kept", "other"):
        with pytest.raises(OSError, match="No space left"):
            mirror.store(path, b"x" * (900 << 10))
    assert dict(mirror.files()) == {"kept": b"k" * (300 << 10)}
    mirror.store("small", b"s" * (300 << 10))  # what the failed ones had written is given back
    assert sorted(dict(mirror.files())) == ["kept", "small"]
    mirror.close()


def test_a_cell_whose_file_finds_no_room_on_the_host_says_so(
    small_disk: Path, backend: Backend
) -> None:
    """The result is not lost over it, the file is named while it is in danger, and copied as soon as there is room."""
    big = "n = open({!r}, 'wb').write(bytes(range(256)) * {})"
    mirror = FolderMirror(small_disk)
    with Session(backend, LIMITS, mirror=mirror, preimport=()) as session:
        assert session.execute(big.format("a.bin", 2800)).message == ""
        result = session.execute(big.format("b.bin", 2900) + "\n6 * 7")
        assert (result.status, result.value) == ("ok", "42")
        assert "No space left on device" in result.message
        assert "b.bin" in result.message
        assert "b.bin" in session.execute("1").message
        assert session.get_file("b.bin") == bytes(range(256)) * 2900
        result = session.execute("import os\nos.unlink('a.bin')")
        assert result.message == ""
        assert dict(FolderMirror(small_disk).files()) == {"b.bin": bytes(range(256)) * 2900}
        session.put_file("c.bin", b"c" * (900 << 10))
        assert "c.bin" in session.execute("1").message
        assert session._channel is not None
        session._channel.kill()
        result = session.execute("1")
        assert "1 file restored, files lost: c.bin" in result.message

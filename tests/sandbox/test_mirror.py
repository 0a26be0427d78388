"""The host's copy of a session's files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_sandbox.mirror import FolderMirror, Mirror, TemporaryMirror

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

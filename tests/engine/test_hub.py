"""Fetching models, from a hub of our own on loopback that breaks off, resumes and lies."""

import contextlib
import hashlib
import http.server
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import torch

from glm_engine.errors import CheckpointError, DownloadError
from glm_engine.generate import Engine
from glm_engine.hub import SHORT_NAMES, find_model, installed_model, verify_hashes
from glm_engine.testing import tiny_config, write_checkpoint

SETTINGS = (
    "GLM_AGENT_HUB",
    "GLM_AGENT_OFFLINE",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HUGGINGFACE_HUB_CACHE",
    "HUGGING_FACE_HUB_TOKEN",
    "MODELSCOPE_API_TOKEN",
    "MODELSCOPE_DOMAIN",
    "MODELSCOPE_ENDPOINT",
)
REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub(http.server.ThreadingHTTPServer):
    """The part of the hub's interface that fetching needs, over files in memory, with faults to switch on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.break_off_after: int | None = None  # bytes of a weight file in one answer
        self.corrupted = ""  # file whose content is not what is announced
        self.endless = ""  # file that never ends
        self.sent_bytes = 0  # of it
        self.status = 200
        self.ignores_ranges = False
        self.requests: list[tuple[str, str | None]] = []  # path, Range
        self.authorisations: set[str | None] = set()


class HubHandler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        hub = self.server
        hub.requests.append((self.path, self.headers["Range"]))
        hub.authorisations.add(self.headers["Authorization"])
        if hub.status != 200:
            return self.answer(b"no", hub.status)
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/main", self.path):
            if match[1] in hub.repositories:
                return self.answer(json.dumps({"sha": REVISION}).encode())
        elif match := re.fullmatch(rf"/api/models/([^/]+/[^/]+)/tree/{REVISION}", self.path):
            entries = [describe(*item) for item in hub.repositories[match[1]].items()]
            return self.answer(json.dumps(entries).encode())
        elif match := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{REVISION}/([^/]+)", self.path):
            return self.send_file(match[2], hub.repositories[match[1]][match[2]])
        elif match := re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/repo/files\?(.*)", self.path):
            if match[1] in hub.repositories:
                files = hub.repositories[match[1]].items()
                listed = [describe_for_modelscope(*item) for item in files]
                return self.answer(json.dumps({"Code": 200, "Data": {"Files": listed}}).encode())
        elif match := re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/repo\?(.*)", self.path):
            query = parse_qs(match[2])
            assert query["Revision"] == ["master"]
            (name,) = query["FilePath"]
            return self.send_file(name, hub.repositories[match[1]][name])
        return self.answer(b"not found", 404)

    def send_file(self, name: str, content: bytes) -> None:
        if name == self.server.corrupted:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = 0
        if self.headers["Range"] and not self.server.ignores_ranges:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if name == self.server.endless:
            self.send_without_end()
            return
        limit = self.server.break_off_after
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:] if limit is None else content[start : start + limit])
        self.close_connection = True

    def send_without_end(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):  # the reader has had enough
            while self.server.sent_bytes < 200 << 20:
                self.server.sent_bytes += self.wfile.write(bytes(1 << 16))

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def describe(name: str, content: bytes) -> dict[str, Any]:
    blob = b"blob %d\0" % len(content) + content
    entry: dict[str, Any] = {
        "type": "file",
        "path": name,
        "size": len(content),
        "oid": hashlib.sha1(blob, usedforsecurity=False).hexdigest(),
    }
    if name.endswith((".safetensors", ".bin")):
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return entry


def describe_for_modelscope(name: str, content: bytes) -> dict[str, Any]:
    return {
        "Type": "blob",
        "Name": name.rpartition("/")[2],
        "Path": name,
        "Size": len(content),
        "Sha256": hashlib.sha256(content).hexdigest(),
    }


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    write_checkpoint(tmp_path / "source", tiny_config(), num_shards=2)
    files = {path.name: path.read_bytes() for path in (tmp_path / "source").iterdir()}
    files |= {
        "modeling_chatglm.py": b"raise SystemExit",
        "pytorch_model.bin": b"the same weights again",
        "README.md": b"hello",
        "empty.json": b"",
        "tokenizer_config.json": b"",
    }
    with Hub() as server:
        server.repositories["zai-org/glm-4-9b-chat"] = files
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}/")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


SHARD = "model-00001-of-00002.safetensors"


def test_a_fetched_model_loads_and_no_code_came_with_it(hub: Hub, cache: Path) -> None:
    steps: list[tuple[int, int]] = []
    folder = find_model("glm-4-9b-chat", cache_dir=cache, progress=lambda *s: steps.append(s))
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        SHARD,
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "tokenizer_config.json",
    ]
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert steps[-1] == (size, size)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert Engine.load(folder, weight_format="float32").config == tiny_config()


def test_what_is_here_is_not_asked_for_again(hub: Hub, cache: Path) -> None:
    first = find_model("glm-4-9b-chat", cache_dir=cache)
    hub.requests.clear()
    assert find_model("zai-org/glm-4-9b-chat", cache_dir=cache) == first
    assert hub.requests == []


def test_a_connection_that_breaks_off_is_resumed_where_it_was(hub: Hub, cache: Path) -> None:
    hub.break_off_after = 7000
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    content = hub.repositories["zai-org/glm-4-9b-chat"][SHARD]
    assert (folder / SHARD).read_bytes() == content
    ranges = [r for path, r in hub.requests if path.endswith(SHARD)]
    expected = [f"bytes={start}-" for start in range(7000, len(content), 7000)]
    assert ranges == [None, *expected]
    assert len(expected) > 2


def test_a_later_process_goes_on_where_this_one_was_killed(hub: Hub, cache: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        if done > total / 2:
            raise Killed

    with pytest.raises(Killed):
        find_model("glm-4-9b-chat", cache_dir=cache, progress=kill)
    (aside,) = (cache / "zai-org--glm-4-9b-chat").glob("*.partial")
    kept = {path.name: path.stat().st_size for path in aside.iterdir()}
    hub.requests.clear()
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    assert not aside.exists()
    for name, size in kept.items():
        whole = (folder / name).stat().st_size == size
        asked = [r for path, r in hub.requests if path.endswith("/" + name)]
        assert asked == ([] if whole else [f"bytes={size}-"])


def test_a_hub_that_ignores_ranges_sends_the_file_anew(hub: Hub, cache: Path) -> None:
    partial = cache / "zai-org--glm-4-9b-chat" / f"{REVISION}.partial"
    partial.mkdir(parents=True)
    (partial / SHARD).write_bytes(b"x" * 100)
    hub.ignores_ranges = True
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    assert (folder / SHARD).read_bytes() == hub.repositories["zai-org/glm-4-9b-chat"][SHARD]


@pytest.mark.parametrize("name", [SHARD, "config.json"])
def test_content_with_another_hash_is_refused_and_deleted(hub: Hub, cache: Path, name: str) -> None:
    """LFS files by SHA-256, small ones by Git's own hash; the next attempt starts with a clean file."""
    hub.corrupted = name
    with pytest.raises(DownloadError, match=f"{name} .* is not what .* announced"):
        find_model("glm-4-9b-chat", cache_dir=cache)
    hub.corrupted = ""
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    assert (folder / name).read_bytes() == hub.repositories["zai-org/glm-4-9b-chat"][name]


def test_a_hub_that_sends_without_end_is_cut_off(hub: Hub, cache: Path) -> None:
    """It filled the disk."""
    hub.endless = SHARD
    with pytest.raises(DownloadError, match="size or hash differs"):
        find_model("glm-4-9b-chat", cache_dir=cache)
    assert hub.sent_bytes < 200 << 20


def test_garbage_left_in_a_partial_file_is_found_by_its_hash(hub: Hub, cache: Path) -> None:
    partial = cache / "zai-org--glm-4-9b-chat" / f"{REVISION}.partial"
    partial.mkdir(parents=True)
    (partial / SHARD).write_bytes(b"x" * 100)
    with pytest.raises(DownloadError, match="size or hash differs"):
        find_model("glm-4-9b-chat", cache_dir=cache)
    find_model("glm-4-9b-chat", cache_dir=cache)


def test_a_hub_that_sends_nothing_is_given_up_with_advice(hub: Hub, cache: Path) -> None:
    hub.break_off_after = 0
    with pytest.raises(DownloadError, match="What came so far is kept"):
        find_model("glm-4-9b-chat", cache_dir=cache)


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "HF_TOKEN"), (403, "let you in"), (404, "is the name right")]
)
def test_refusals_say_what_to_do(hub: Hub, cache: Path, status: int, advice: str) -> None:
    hub.status = status
    with pytest.raises(DownloadError, match=advice):
        find_model("glm-4-9b-chat", cache_dir=cache)


def test_a_hub_that_is_not_there_is_an_error(
    cache: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DownloadError, match="Check the network"):
        find_model("glm-4-9b-chat", cache_dir=cache)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GLM_AGENT_OFFLINE", "1"),
        ("GLM_AGENT_OFFLINE", "y"),
        ("HF_HUB_OFFLINE", "1"),
        ("HF_HUB_OFFLINE", "true"),
    ],
)
def test_offline_nothing_is_asked_for(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(DownloadError, match=name):
        find_model("glm-4-9b-chat", cache_dir=cache)
    assert hub.requests == []


@pytest.mark.parametrize("value", ["", "0", "false", "No"])
def test_a_variable_that_says_no_forbids_nothing(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("GLM_AGENT_OFFLINE", value)
    assert find_model("glm-4-9b-chat", cache_dir=cache).is_dir()


@pytest.mark.parametrize("place", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "token"])
def test_a_token_is_sent_where_there_is_one(
    hub: Hub, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """From the environment, or as the hub's own client keeps it after a login."""
    if place.endswith("TOKEN"):
        monkeypatch.setenv(place, "hf_secret")
    else:
        file = tmp_path / "hf" / "token" if place == "token" else tmp_path / "elsewhere"
        file.parent.mkdir(exist_ok=True)
        file.write_text("hf_secret\n", encoding="utf-8")
        if place == "HF_TOKEN_PATH":
            monkeypatch.setenv(place, str(file))
    find_model("glm-4-9b-chat", cache_dir=cache)
    assert hub.authorisations == {"Bearer hf_secret"}


def test_pickled_weights_are_fetched_where_there_are_no_others(hub: Hub, cache: Path) -> None:
    hub.repositories["zai-org/chatglm2-6b"] = {"config.json": b"{}", "pytorch_model.bin": b"abc"}
    folder = find_model("chatglm2-6b", cache_dir=cache)
    assert (folder / "pytorch_model.bin").read_bytes() == b"abc"
    hub.repositories["a/b"] = {"config.json": b"{}"}
    with pytest.raises(DownloadError, match=r"neither safetensors nor"):
        find_model("a/b", cache_dir=cache)


def test_names_that_leave_the_folder_are_not_fetched(hub: Hub, cache: Path) -> None:
    files = hub.repositories["zai-org/glm-4-9b-chat"]
    for name in ("../model.safetensors", "/model.safetensors", "sub/model.safetensors", ".model"):
        files[name] = b"evil"
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    assert b"evil" not in [path.read_bytes() for path in cache.rglob("*") if path.is_file()]
    assert len(list(folder.iterdir())) == 5


def write_snapshot(repository: Path) -> Path:
    """A model as Hugging Face's client keeps it: blobs named by their hash, and links to them."""
    source = repository / "source"
    write_checkpoint(source, tiny_config(), dtype=torch.bfloat16, num_shards=2)
    snapshot = repository / "snapshots" / REVISION
    for folder in (repository / "blobs", repository / "refs", snapshot):
        folder.mkdir(parents=True)
    for path in source.iterdir():
        announced = describe(path.name, path.read_bytes())
        blob = repository / "blobs" / announced.get("lfs", announced)["oid"]
        path.rename(blob)
        (snapshot / path.name).symlink_to(os.path.relpath(blob, snapshot))
    (repository / "refs" / "main").write_text(REVISION, encoding="utf-8")
    return snapshot


@pytest.mark.parametrize("publisher", ["zai-org", "THUDM"])
@pytest.mark.parametrize(
    "setting", ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"]
)
def test_a_model_of_hugging_faces_own_client_is_used(
    hub: Hub,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    publisher: str,
    setting: str,
) -> None:
    """Wherever its settings put it, and under the name that the publisher had before."""
    root = tmp_path / "hf" / "hub"
    if setting.endswith("HUB_CACHE"):
        root = tmp_path / "elsewhere"
        monkeypatch.setenv(setting, str(root))
    elif setting == "XDG_CACHE_HOME":
        monkeypatch.delenv("HF_HOME")
        monkeypatch.setenv(setting, str(tmp_path / "xdg"))
        root = tmp_path / "xdg" / "huggingface" / "hub"
    snapshot = write_snapshot(root / f"models--{publisher}--glm-4-9b-chat")
    assert find_model("glm-4-9b-chat", cache_dir=cache) == snapshot
    assert installed_model("zai-org/glm-4-9b-chat", cache_dir=cache) == snapshot
    assert hub.requests == []
    assert Engine.load(snapshot, weight_format="float32").config == tiny_config()


def test_a_broken_off_download_of_the_hubs_own_client_is_not_used(
    hub: Hub, cache: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "hf" / "hub" / "models--zai-org--glm-4-9b-chat")
    (snapshot / SHARD).resolve().unlink()
    assert installed_model("glm-4-9b-chat", cache_dir=cache) is None
    assert find_model("glm-4-9b-chat", cache_dir=cache).is_relative_to(cache)


@pytest.mark.parametrize("layout", ["models", "hub/models", "hub", ""])
def test_a_model_of_modelscopes_own_client_is_used(
    hub: Hub, cache: Path, tmp_path: Path, layout: str
) -> None:
    folder = tmp_path / "modelscope" / layout / "ZhipuAI" / "glm-4-9b-chat"
    write_checkpoint(folder, tiny_config())
    assert find_model("glm-4-9b-chat", cache_dir=cache) == folder
    assert hub.requests == []


def test_the_publishers_older_name_is_asked_for_where_the_new_one_is_not(
    hub: Hub, cache: Path
) -> None:
    files = hub.repositories.pop("zai-org/glm-4-9b-chat")
    hub.repositories["THUDM/glm-4-9b-chat"] = files
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    assert (folder / SHARD).read_bytes() == files[SHARD]


# ModelScope: another interface, the same promises.


@pytest.fixture
def modelscope(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub.repositories["ZhipuAI/glm-4-9b-chat"] = hub.repositories.pop("zai-org/glm-4-9b-chat")
    monkeypatch.setenv("GLM_AGENT_HUB", "modelscope")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", f"http://127.0.0.1:{hub.server_address[1]}")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    return hub


def test_modelscope_has_the_same_models(modelscope: Hub, cache: Path) -> None:
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    assert Engine.load(folder, weight_format="float32").config == tiny_config()
    assert not (folder / "modeling_chatglm.py").exists()
    assert verify_hashes(folder) == 5
    modelscope.requests.clear()
    assert find_model("zai-org/glm-4-9b-chat", cache_dir=cache) == folder
    assert modelscope.requests == []


def test_modelscope_is_resumed_and_its_lies_are_found(modelscope: Hub, cache: Path) -> None:
    modelscope.break_off_after = 9000
    modelscope.corrupted = SHARD
    with pytest.raises(DownloadError, match=f"{SHARD} .* is not what .* announced"):
        find_model("glm-4-9b-chat", cache_dir=cache)
    modelscope.corrupted = ""
    modelscope.requests.clear()
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    content = modelscope.repositories["ZhipuAI/glm-4-9b-chat"][SHARD]
    assert (folder / SHARD).read_bytes() == content
    ranges = [r for path, r in modelscope.requests if path.endswith(SHARD)]
    assert ranges == [None, *(f"bytes={start}-" for start in range(9000, len(content), 9000))]


def test_another_revision_on_modelscope_gets_a_folder_of_its_own(
    modelscope: Hub, cache: Path
) -> None:
    """It names no commit: what it lists is the revision."""
    first = find_model("glm-4-9b-chat", cache_dir=cache)
    modelscope.repositories["ZhipuAI/glm-4-9b-chat"]["LICENSE"] = b"new"
    (first / "config.json").unlink()
    first.rename(first.with_suffix(".gone"))
    assert find_model("glm-4-9b-chat", cache_dir=cache) != first


def test_an_endpoint_of_modelscope_alone_chooses_it(
    modelscope: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLM_AGENT_HUB")
    with pytest.raises(
        DownloadError, match=r"127\.0\.0\.1:1"
    ):  # a mirror of Hugging Face is named too
        find_model("glm-4-9b-chat", cache_dir=cache)
    monkeypatch.delenv("HF_ENDPOINT")
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms_secret")
    find_model("glm-4-9b-chat", cache_dir=cache)
    assert modelscope.authorisations == {"Bearer ms_secret"}
    monkeypatch.setenv("GLM_AGENT_HUB", "elsewhere")
    with pytest.raises(DownloadError, match="may be huggingface or modelscope"):
        find_model("chatglm2-6b", cache_dir=cache)


# Hashes, long after the download.


def test_a_bit_that_flipped_after_the_download_is_found(hub: Hub, cache: Path) -> None:
    folder = find_model("glm-4-9b-chat", cache_dir=cache)
    steps: list[tuple[int, int]] = []
    assert verify_hashes(folder, lambda *step: steps.append(step)) == 5
    assert steps[-1][0] == steps[-1][1] == sum(path.stat().st_size for path in folder.iterdir())
    for name in (SHARD, "config.json"):  # by SHA-256, and by Git's hash
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        with pytest.raises(CheckpointError, match="not what the hub announced") as error:
            verify_hashes(folder)
        assert error.value.path == folder / name
        (folder / name).write_bytes(content)


def test_blobs_of_the_hubs_own_client_are_compared_with_their_names(
    hub: Hub, cache: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "hf" / "hub" / "models--zai-org--glm-4-9b-chat")
    assert verify_hashes(snapshot) == 4
    blob = (snapshot / SHARD).resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    with pytest.raises(CheckpointError, match="not what the hub announced"):
        verify_hashes(snapshot)


def test_a_folder_of_ones_own_has_no_hashes(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine", tiny_config())
    assert verify_hashes(tmp_path / "mine") == 0


# GGUF files.


def test_the_only_gguf_file_of_a_repository_is_fetched_and_of_several_the_named_one(
    hub: Hub, cache: Path, tmp_path: Path
) -> None:
    write_checkpoint(tmp_path / "gguf", tiny_config(), naming="gguf")
    content = (tmp_path / "gguf" / "model.gguf").read_bytes()
    files = hub.repositories["some/glm-4-gguf"] = {"a.Q8_0.gguf": content, "config.json": b"{}"}
    folder = find_model("some/glm-4-gguf", cache_dir=cache)
    assert [path.name for path in folder.iterdir()] == ["a.Q8_0.gguf"]
    assert Engine.load(folder, weight_format="float32").config.num_layers == 2
    hub.repositories["more/glm-4-gguf"] = files | {"b.gguf": b"short"}
    with pytest.raises(DownloadError, match=r"several GGUF files: .*a\.Q8_0\.gguf, b\.gguf"):
        find_model("more/glm-4-gguf", cache_dir=cache)
    named = find_model("more/glm-4-gguf/b.gguf", cache_dir=cache)
    assert (named / "b.gguf").read_bytes() == b"short"
    assert installed_model("more/glm-4-gguf/b.gguf", cache_dir=cache) == named
    with pytest.raises(DownloadError, match=r"no file c\.gguf"):
        find_model("more/glm-4-gguf/c.gguf", cache_dir=cache)


def test_paths_come_first_and_nonsense_is_named(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what lies beside the checkout is not the test's business
    assert find_model(str(tmp_path), cache_dir=cache) == tmp_path
    for name in ("no-such-model", "../x", "a/b/c", os.fspath(tmp_path / "missing")):
        with pytest.raises(CheckpointError, match="no such path"):
            find_model(name, cache_dir=cache)
    assert all(re.fullmatch(r"zai-org/[\w.-]+", hub_id) for hub_id in SHORT_NAMES.values())

"""Finding the files of a model by a path, a short name or a hub id, and fetching what is not here yet.

Fetched by hand over plain HTTPS: the hub's own client neither compares what it got with the hashes that the hub
announces, nor goes on with a file where a killed process left it.

Covers: connections that break off, in this process and the next; content that is not what the hub announced; a kill
at any point; two processes at once; names that would leave the folder. No code of a repository is fetched.
Does not cover: a hub that announces the hashes of wrong weights.

Source: the hub's HTTP interface, https://huggingface.co/docs/hub/api.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote

import platformdirs
import requests
import urllib3

from glm_engine.errors import CheckpointError, DownloadError

SHORT_NAMES = {
    "chatglm2-6b": "zai-org/chatglm2-6b",
    "chatglm2-6b-32k": "zai-org/chatglm2-6b-32k",
    "chatglm2-6b-int4": "zai-org/chatglm2-6b-int4",
    "chatglm3-6b": "zai-org/chatglm3-6b",
    "glm-4-9b": "zai-org/glm-4-9b",
    "glm-4-9b-chat": "zai-org/glm-4-9b-chat",
    "glm-4-9b-chat-1m": "zai-org/glm-4-9b-chat-1m",
    "glm-4-9b-0414": "zai-org/GLM-4-9B-0414",
}

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_SETTINGS = (
    "config.json",
    "generation_config.json",
    "tokenizer*.json",
    "tokenizer.model",
    "LICENSE*",
)
# The first kind of weights that a repository has is the one that is fetched.
_WEIGHTS = (
    ("model*.safetensors", "model.safetensors.index.json"),
    ("pytorch_model*.bin", "pytorch_model.bin.index.json"),
)
_ATTEMPTS = 5  # in a row without a byte of progress
_FIRST_DELAY_S = 0.05  # doubled with each attempt that brings nothing
_TIMEOUT_S = (10.0, 30.0)  # to connect, and between two pieces
_PIECE_BYTES = 1 << 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size_bytes: int
    sha256: str | None  # None for a small file that Git keeps itself: then `git_sha1` holds
    git_sha1: str


def find_model(
    name: str, *, cache_dir: Path | None = None, progress: Progress | None = None
) -> Path:
    """The folder or file of a model, fetched where it is not here yet.

    Args:
        name: a path; a short name from `SHORT_NAMES`; or a hub id such as "zai-org/glm-4-9b-chat".
        cache_dir: where fetched models are kept; by default in the user's cache folder. A model that the hub's own
            client has fetched is used where that keeps it.
        progress: called with bytes fetched so far and in all.

    Raises:
        CheckpointError: `name` is no path, no short name and no hub id.
        DownloadError: it is not here and cannot be fetched; what came is kept and built upon the next time.
    """
    if Path(name).exists():
        return Path(name)
    hub_id = hub_id_of(name)
    if not _HUB_ID.fullmatch(hub_id):
        known = ", ".join(SHORT_NAMES)
        raise CheckpointError(
            Path(name), f"there is no such path, and it is neither a hub id nor one of {known}"
        )
    folder = (cache_dir or default_cache_dir()) / hub_id.replace("/", "--")
    found = _newest(folder) or _in_hub_cache(hub_id)
    return found or _fetch(hub_id, folder, progress)


def installed_model(name: str, *, cache_dir: Path | None = None) -> Path | None:
    """The folder of a short name or hub id that was fetched before, here or by the hub's own client; None if not."""
    hub_id = hub_id_of(name)
    return _newest((cache_dir or default_cache_dir()) / hub_id.replace("/", "--")) or _in_hub_cache(
        hub_id
    )


def hub_id_of(name: str) -> str:
    """The hub id that a short name stands for; any other name as it is."""
    return SHORT_NAMES.get(name.lower(), name)


def default_cache_dir() -> Path:
    """Where fetched models are kept unless somebody says otherwise."""
    return platformdirs.user_cache_path("glm-agent") / "models"


def _newest(folder: Path) -> Path | None:
    """The complete revision that was fetched last."""
    if not folder.is_dir():
        return None
    revisions = [path for path in folder.iterdir() if path.is_dir() and not path.suffix]
    return max(revisions, key=lambda path: path.stat().st_mtime_ns, default=None)


def _in_hub_cache(hub_id: str) -> Path | None:
    """The revision "main" in the cache of the hub's own client, where that has one with weights."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    try:
        revision = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    snapshot = repository / "snapshots" / revision
    names = [path.name for path in snapshot.iterdir()] if snapshot.is_dir() else []
    has_weights = any(fnmatch(name, kind[0]) for kind in _WEIGHTS for name in names)
    return snapshot if has_weights and "config.json" in names else None


def _fetch(hub_id: str, folder: Path, progress: Progress | None) -> Path:
    if os.environ.get("GLM_AGENT_OFFLINE", "0") not in ("", "0"):
        raise DownloadError(
            f"The model {hub_id!r} is not here, and GLM_AGENT_OFFLINE forbids fetching it."
        )
    hub = _Hub(hub_id)
    revision, files = hub.list_files()
    target, aside = folder / revision, folder / f"{revision}.partial"
    try:
        with _locked(folder):
            if target.is_dir():  # another process was faster
                return target
            aside.mkdir(exist_ok=True)
            total = sum(file.size_bytes for file in files)
            done = 0
            for file in files:
                for size in hub.fetch(revision, file, aside / file.name):
                    if progress is not None:
                        progress(done + size, total)
                done += file.size_bytes
            aside.rename(target)
    except OSError as error:
        if isinstance(error, requests.RequestException):
            raise
        raise DownloadError(
            f"The model {hub_id!r} cannot be kept in {folder}: {error.strerror or error}. Make room there, or set"
            " XDG_CACHE_HOME to a folder on another disk."
        ) from error
    return target


class _Hub:
    """One repository of a hub."""

    def __init__(self, hub_id: str) -> None:
        self._hub_id = hub_id
        self._endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        self._session = requests.Session()
        if token := os.environ.get("HF_TOKEN"):
            # Not in the session's headers: requests drops it where a redirect leaves the hub.
            self._session.auth = _bearer(token)

    def list_files(self) -> tuple[str, list[_File]]:
        """The commit that "main" is, and the files of it that we need.

        Raises:
            DownloadError: no answer, an answer that makes no sense, or no weights that we read.
        """
        revision = self._json("revision/main").get("sha", "")
        if not re.fullmatch(r"[0-9a-f]{40}", str(revision)):
            raise DownloadError(f"{self._endpoint} names no commit of {self._hub_id!r}.")
        entries = self._json(f"tree/{revision}")
        try:
            files = [
                _File(
                    entry["path"],
                    int(entry["size"]),
                    (entry.get("lfs") or {}).get("oid"),
                    entry["oid"],
                )
                for entry in entries
                if entry["type"] == "file" and _FILE_NAME.fullmatch(entry["path"])
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise DownloadError(
                f"{self._endpoint} lists the files of {self._hub_id!r} in a form that is not the hub's."
            ) from error
        for weights in _WEIGHTS:
            if any(fnmatch(file.name, weights[0]) for file in files):
                wanted = (*_SETTINGS, *weights)
                return revision, [f for f in files if any(fnmatch(f.name, w) for w in wanted)]
        raise DownloadError(
            f"{self._hub_id!r} has neither safetensors nor pytorch_model.bin weights."
        )

    def fetch(self, revision: str, file: _File, target: Path) -> Iterator[int]:
        """Make `target` the content of a file, going on from what is there. Yields the bytes that are.

        Raises:
            DownloadError: it does not come, or is not what was announced; in that case it is deleted.
        """
        url = f"{self._endpoint}/{self._hub_id}/resolve/{revision}/{quote(file.name)}"
        failures = 0
        while not target.exists() or target.stat().st_size < file.size_bytes:
            before = target.stat().st_size if target.exists() else -1
            error: requests.RequestException | None = None
            try:
                yield from self._append(url, max(before, 0), target)
            except requests.RequestException as raised:
                error = raised
            grew = target.exists() and target.stat().st_size > before
            failures = 0 if grew else failures + 1
            if failures >= _ATTEMPTS or (error is not None and not _is_worth_another(error)):
                raise self._unreachable(file.name, error) from error
            if failures:
                time.sleep(_FIRST_DELAY_S * 2**failures)
        if target.stat().st_size != file.size_bytes or not _is_announced(target, file):
            target.unlink()
            raise DownloadError(
                f"{file.name} of {self._hub_id!r} is not what {self._endpoint} announced: its size or hash differs."
                " It was deleted. Try again, and if that does not help, use another mirror (HF_ENDPOINT)."
            )
        yield file.size_bytes

    def _append(self, url: str, size: int, target: Path) -> Iterator[int]:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={size}-"} if size else {})
        with self._session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
            response.raise_for_status()
            mode = "ab" if response.status_code == requests.codes.partial_content else "wb"
            size = size if mode == "ab" else 0
            with target.open(mode) as output:
                try:
                    # Not iter_content: it drops what came of a piece when the connection breaks off in it.
                    while piece := response.raw.read1(_PIECE_BYTES):
                        output.write(piece)
                        size += len(piece)
                        yield size
                except urllib3.exceptions.HTTPError as error:
                    raise requests.ConnectionError(error) from error

    def _json(self, path: str) -> Any:
        url = f"{self._endpoint}/api/models/{self._hub_id}/{path}"
        try:
            response = self._session.get(url, timeout=_TIMEOUT_S)
            response.raise_for_status()
            return response.json()
        except requests.RequestException as error:
            raise self._unreachable(path, error) from error

    def _unreachable(self, what: str, error: requests.RequestException | None) -> DownloadError:
        response = None if error is None else error.response
        advice = {
            401: "It needs a login: set HF_TOKEN to a token of yours.",
            403: "Its owner must let you in: ask on its page, and set HF_TOKEN to a token of yours.",
            404: "There is no such model there; is the name right?",
        }.get(
            0 if response is None else response.status_code,
            "What came so far is kept. Check the network, set HF_ENDPOINT to a mirror, or give the path of a folder"
            " that has the files.",
        )
        reason = error or "the connection closes without sending anything"
        return DownloadError(
            f"{self._hub_id!r} ({what}) cannot be fetched from {self._endpoint}: {reason}. {advice}"
        )


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def authorise(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorise


def _is_worth_another(error: requests.RequestException) -> bool:
    """Whether the same request may succeed a moment later."""
    return error.response is None or error.response.status_code in (408, 429, 500, 502, 503, 504)


def _is_announced(path: Path, file: _File) -> bool:
    with path.open("rb") as content:
        if file.sha256 is not None:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
        data = content.read()
    # What Git hashes: a word, the size, and the content. SHA-1 because that is Git's, not for security.
    blob = b"blob %d\0" % len(data) + data
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest() == file.git_sha1


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a model's folder; the system frees it with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "fetch.lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""A repository on a hub: what files it has, and fetching one of them whole.

Fetched by hand over plain HTTPS: the hubs' own clients do not compare what they got with the hashes that the hub
announces, or do not go on with a file where a killed process left it.

Settings, all from the environment:

* Hugging Face, the default: `HF_ENDPOINT` (a mirror), `HF_TOKEN`, else the token that `hf auth login` left in `HF_HOME`.
* ModelScope, where `GLM_AGENT_HUB` is `modelscope`, or where an endpoint is set for it and none for Hugging Face:
  `MODELSCOPE_ENDPOINT` or `MODELSCOPE_DOMAIN`, `MODELSCOPE_API_TOKEN`.

Source: the hubs' HTTP interfaces, https://huggingface.co/docs/hub/api and modelscope/hub/api.py of
modelscope/modelscope.
"""

import hashlib
import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import urllib3

from glm_engine.errors import DownloadError

_ATTEMPTS = 5  # in a row without a byte of progress
_FIRST_DELAY_S = 0.05  # doubled with each attempt that brings nothing
_TIMEOUT_S = (10.0, 30.0)  # to connect, and between two pieces
_PIECE_BYTES = 1 << 20
_MAX_UNHASHED_BYTES = (
    1 << 20
)  # of a file that a hub may list without a hash: settings, never weights


@dataclass(frozen=True, slots=True)
class FileHash:
    """What a hub announces about a file's content.

    Attributes:
        sha256: of the content; "" where the hub does not say.
        git_sha1: of the content as a Git blob; "" where the hub does not say.
    """

    sha256: str = ""
    git_sha1: str = ""

    def matches(self, path: Path) -> bool:
        """Whether a file has this content. Where nothing was announced, any has."""
        with path.open("rb") as content:
            if self.sha256:
                return hashlib.file_digest(content, "sha256").hexdigest() == self.sha256
            if not self.git_sha1:
                return True
            data = content.read()
        # What Git hashes: a word, the size, and the content. SHA-1 because that is Git's, not for security.
        blob = b"blob %d\0" % len(data) + data
        return hashlib.sha1(blob, usedforsecurity=False).hexdigest() == self.git_sha1


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository.

    Attributes:
        name: its path in the repository.
        size_bytes: its size.
        hash: of its content.
    """

    name: str
    size_bytes: int
    hash: FileHash


def open_repository(hub_ids: Sequence[str]) -> "tuple[Repository, str, list[HubFile]]":
    """The first of some repositories that the hub has, the revision to fetch, and its files.

    Args:
        hub_ids: names of one repository, the likeliest first.

    Raises:
        DownloadError: none is there, the hub does not answer, or its answer makes no sense.
    """
    kind = _chosen()
    candidates = [
        hub_id for hub_id in hub_ids if hub_id.startswith("ZhipuAI/") == (kind is ModelScope)
    ]
    missing: DownloadError | None = None
    for hub_id in candidates or hub_ids:
        repository = kind(hub_id)
        try:
            return repository, *repository.list_files()
        except _NotThereError as error:
            missing = missing or error
    assert missing is not None
    raise missing


def huggingface_home() -> Path:
    """The folder in which Hugging Face's clients keep what they fetched, and the token."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{cache}/huggingface"
    return Path(home).expanduser()


class _NotThereError(DownloadError):
    """Raised when the hub has no such repository; it may have it under another name."""


class Repository(ABC):
    """One repository of a hub.

    Args:
        hub_id: publisher and name.
        endpoint: of the hub.
        token: sent to the hub, and to nobody that it redirects to; "" for none.
    """

    token_variable: str
    mirror_advice: str

    def __init__(self, hub_id: str, endpoint: str, token: str) -> None:
        self.hub_id = hub_id
        self.endpoint = endpoint.rstrip("/")
        self._session = requests.Session()
        if token:
            # Not in the session's headers: requests drops it where a redirect leaves the hub.
            self._session.auth = _bearer(token)

    @abstractmethod
    def list_files(self) -> tuple[str, list[HubFile]]:
        """The revision that would be fetched now, and its files.

        Raises:
            DownloadError: no answer, or an answer that makes no sense.
        """

    @abstractmethod
    def url(self, revision: str, name: str) -> str:
        """Where a file's content is."""

    def fetch(self, revision: str, file: HubFile, target: Path) -> Iterator[int]:
        """Make `target` the content of a file, going on from what is there. Yields the bytes that are.

        Raises:
            DownloadError: it does not come, or is not what was announced; in that case it is deleted.
        """
        url = self.url(revision, file.name)
        failures = 0
        while not target.exists() or target.stat().st_size < file.size_bytes:
            before = target.stat().st_size if target.exists() else -1
            error: requests.RequestException | None = None
            try:
                yield from self._append(url, max(before, 0), target, file.size_bytes)
            except requests.RequestException as raised:
                error = raised
            grew = target.exists() and target.stat().st_size > before
            failures = 0 if grew else failures + 1
            if failures >= _ATTEMPTS or (error is not None and not _is_worth_another(error)):
                raise self._unreachable(file.name, error) from error
            if failures:
                time.sleep(_FIRST_DELAY_S * 2**failures)
        if target.stat().st_size != file.size_bytes or not file.hash.matches(target):
            target.unlink()
            raise DownloadError(
                f"{file.name} of {self.hub_id!r} is not what {self.endpoint} announced: its size or hash differs."
                f" It was deleted. Try again, and if that does not help, {self.mirror_advice}."
            )
        yield file.size_bytes

    def _append(self, url: str, size: int, target: Path, limit_bytes: int) -> Iterator[int]:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={size}-"} if size else {})
        with self._session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
            response.raise_for_status()
            mode = "ab" if response.status_code == requests.codes.partial_content else "wb"
            size = size if mode == "ab" else 0
            with target.open(mode) as output:
                try:
                    # Not iter_content: it drops what came of a piece when the connection breaks off in it.
                    # More than was announced is not what was announced, and might have no end.
                    while size <= limit_bytes and (piece := response.raw.read1(_PIECE_BYTES)):
                        output.write(piece)
                        size += len(piece)
                        yield size
                except urllib3.exceptions.HTTPError as error:
                    raise requests.ConnectionError(error) from error

    def _json(self, url: str) -> Any:
        try:
            response = self._session.get(url, timeout=_TIMEOUT_S)
            response.raise_for_status()
            return response.json()
        except requests.RequestException as error:
            raise self._unreachable("its list of files", error) from error

    def _files(self, entries: Any, read: Callable[[Any], HubFile | None]) -> list[HubFile]:
        try:
            return [file for entry in entries if (file := read(entry)) is not None]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DownloadError(
                f"{self.endpoint} lists the files of {self.hub_id!r} in a form that is not the hub's."
            ) from error

    def _unreachable(self, what: str, error: requests.RequestException | None) -> DownloadError:
        response = None if error is None else error.response
        status = 0 if response is None else response.status_code
        token = self.token_variable
        advice = {
            401: f"It needs a login: set {token} to a token of yours.",
            403: f"Its owner must let you in: ask on its page, and set {token} to a token of yours.",
            404: "There is no such model there; is the name right?",
        }.get(
            status,
            f"What came so far is kept. Check the network, {self.mirror_advice}, or give the path of a folder"
            " that has the files.",
        )
        reason = error or "the connection closes without sending anything"
        kind = _NotThereError if status == 404 else DownloadError
        return kind(
            f"{self.hub_id!r} ({what}) cannot be fetched from {self.endpoint}: {reason}. {advice}"
        )


class HuggingFace(Repository):
    """A repository on Hugging Face or a mirror of it. Revisions are commits."""

    token_variable = "HF_TOKEN"
    mirror_advice = "use another mirror (HF_ENDPOINT) or ModelScope (GLM_AGENT_HUB=modelscope)"

    def __init__(self, hub_id: str) -> None:
        endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        super().__init__(hub_id, endpoint, _huggingface_token())

    def list_files(self) -> tuple[str, list[HubFile]]:
        api = f"{self.endpoint}/api/models/{self.hub_id}"
        commit = self._json(f"{api}/revision/main")
        revision = str(commit.get("sha", "")) if isinstance(commit, dict) else ""
        if not re.fullmatch(r"[0-9a-f]{40}", revision):
            raise DownloadError(f"{self.endpoint} names no commit of {self.hub_id!r}.")
        return revision, self._files(self._json(f"{api}/tree/{revision}"), _huggingface_file)

    def url(self, revision: str, name: str) -> str:
        return f"{self.endpoint}/{self.hub_id}/resolve/{revision}/{quote(name)}"


class ModelScope(Repository):
    """A repository on ModelScope. It names no commit, so a revision is a hash of what it lists."""

    token_variable = "MODELSCOPE_API_TOKEN"
    mirror_advice = "use another endpoint (MODELSCOPE_ENDPOINT) or Hugging Face (GLM_AGENT_HUB)"

    def __init__(self, hub_id: str) -> None:
        domain = os.environ.get("MODELSCOPE_DOMAIN") or "www.modelscope.cn"
        endpoint = os.environ.get("MODELSCOPE_ENDPOINT") or f"https://{domain}"
        super().__init__(hub_id, endpoint, os.environ.get("MODELSCOPE_API_TOKEN", ""))
        self._api = f"{self.endpoint}/api/v1/models/{hub_id}/repo"

    def list_files(self) -> tuple[str, list[HubFile]]:
        answer = self._json(f"{self._api}/files?Revision=master&Recursive=false")
        data = answer.get("Data") if isinstance(answer, dict) else None
        listed = data.get("Files") if isinstance(data, dict) else None
        files = self._files(listed, _modelscope_file)
        identity = repr(sorted((file.name, file.size_bytes, file.hash.sha256) for file in files))
        return hashlib.sha256(identity.encode()).hexdigest()[:40], files

    def url(self, revision: str, name: str) -> str:
        return f"{self._api}?Revision=master&FilePath={quote(name, safe='')}"


def _chosen() -> type[HuggingFace | ModelScope]:
    hub = os.environ.get("GLM_AGENT_HUB", "").lower()
    if hub not in ("", "huggingface", "modelscope"):
        raise DownloadError(f"GLM_AGENT_HUB is {hub!r}; it may be huggingface or modelscope.")
    named = "MODELSCOPE_ENDPOINT" in os.environ or "MODELSCOPE_DOMAIN" in os.environ
    if hub == "modelscope" or (not hub and named and "HF_ENDPOINT" not in os.environ):
        return ModelScope
    return HuggingFace


def _huggingface_file(entry: Any) -> HubFile | None:
    if entry["type"] != "file":
        return None
    sha256 = (entry.get("lfs") or {}).get("oid") or ""
    git_sha1 = "" if sha256 else str(entry["oid"])  # of an LFS file that is the pointer's
    return HubFile(str(entry["path"]), int(entry["size"]), FileHash(str(sha256), git_sha1))


def _modelscope_file(entry: Any) -> HubFile | None:
    if entry["Type"] != "blob":
        return None
    size_bytes, sha256 = int(entry["Size"]), str(entry.get("Sha256") or "").lower()
    if not sha256 and size_bytes > _MAX_UNHASHED_BYTES:
        raise KeyError("Sha256")
    return HubFile(str(entry["Path"]), size_bytes, FileHash(sha256))


def _huggingface_token() -> str:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := os.environ.get(name, "").strip():
            return token
    path = Path(os.environ.get("HF_TOKEN_PATH") or huggingface_home() / "token").expanduser()
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def authorise(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorise


def _is_worth_another(error: requests.RequestException) -> bool:
    """Whether the same request may succeed a moment later."""
    return error.response is None or error.response.status_code in (408, 429, 500, 502, 503, 504)

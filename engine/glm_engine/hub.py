"""Finding the files of a model by a path, a short name or a hub id, and fetching what is not here yet.

Two hubs are known: Hugging Face, and ModelScope, which `GLM_AGENT_HUB=modelscope` chooses; see `hub_repositories` for
their settings. What their own clients have fetched is used where they keep it.

Covers: connections that break off, in this process and the next; content that is not what the hub announced; a kill
at any point; two processes at once; names that would leave the folder. No code of a repository is fetched.
Does not cover: a hub that announces the hashes of wrong weights.
"""

import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

import platformdirs
import requests

from glm_engine import file_lock
from glm_engine.errors import CheckpointError, DownloadError
from glm_engine.hub_repositories import FileHash, HubFile, huggingface_home, open_repository
from glm_engine.offline import forbidding_variable

SHORT_NAMES = {
    "chatglm2-6b": "zai-org/chatglm2-6b",
    "chatglm2-6b-32k": "zai-org/chatglm2-6b-32k",
    "chatglm2-6b-int4": "zai-org/chatglm2-6b-int4",
    "chatglm3-6b": "zai-org/chatglm3-6b",
    "chatglm3-6b-32k": "zai-org/chatglm3-6b-32k",
    "glm-4-9b": "zai-org/glm-4-9b",
    "glm-4-9b-chat": "zai-org/glm-4-9b-chat",
    "glm-4-9b-chat-hf": "zai-org/glm-4-9b-chat-hf",
    "glm-4-9b-chat-1m": "zai-org/glm-4-9b-chat-1m",
    "glm-4-9b-0414": "zai-org/GLM-4-9B-0414",
}
# The publisher's names by hub and time; the same repositories.
_PUBLISHERS = ("zai-org", "THUDM", "ZhipuAI")

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*\.gguf)?")
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
    ("model*.safetensors", "model.safetensors.index.json", *_SETTINGS),
    ("pytorch_model*.bin", "pytorch_model.bin.index.json", *_SETTINGS),
    ("*.gguf",),
)

Progress = Callable[[int, int], None]

_log = logging.getLogger(__name__)


def find_model(
    name: str, *, cache_dir: Path | None = None, progress: Progress | None = None
) -> Path:
    """The folder or file of a model, fetched where it is not here yet.

    Args:
        name: a path; a short name from `SHORT_NAMES`; a hub id such as "zai-org/glm-4-9b-chat"; or a hub id and a
            GGUF file in it, "publisher/repository/file.gguf".
        cache_dir: where fetched models are kept; by default in the user's cache folder. A model that a hub's own
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
    found = installed_model(hub_id, cache_dir=cache_dir)
    return found or _fetch(hub_id, _folder(hub_id, cache_dir), progress)


def installed_model(name: str, *, cache_dir: Path | None = None) -> Path | None:
    """The folder of a short name or hub id that was fetched before, here or by a hub's own client; None if not."""
    hub_id = hub_id_of(name)
    if not _HUB_ID.fullmatch(hub_id):
        return None
    found = _newest(_folder(hub_id, cache_dir))
    if found is not None or hub_id.count("/") != 1:
        return found
    ids = _ids(hub_id)
    places = [_huggingface_snapshot(each) for each in ids]
    places += [place for each in ids for place in _modelscope_folders(each)]
    return next((place for place in places if place is not None and _is_whole(place)), None)


def hub_id_of(name: str) -> str:
    """The hub id that a short name stands for; any other name as it is."""
    return SHORT_NAMES.get(name.lower(), name)


def default_cache_dir() -> Path:
    """Where fetched models are kept unless somebody says otherwise."""
    return platformdirs.user_cache_path("glm-agent") / "models"


def verify_hashes(folder: Path, progress: Progress | None = None) -> int:
    """Read a fetched model again and compare every file with the hash that the hub announced.

    Args:
        folder: from `find_model`.
        progress: called with bytes read so far and in all.

    Returns:
        How many files were compared: none for a folder that no hub's client made.

    Raises:
        CheckpointError: names the first file that differs.
    """
    hashes = _announced(folder)
    total = sum(path.stat().st_size for path in hashes)
    done = 0
    for path, announced in hashes.items():
        if not announced.matches(path):
            raise CheckpointError(
                path, "its content is not what the hub announced; delete it and fetch it again"
            )
        done += path.stat().st_size
        if progress is not None:
            progress(done, total)
    return len(hashes)


def _announced(folder: Path) -> dict[Path, FileHash]:
    record = folder.with_name(f"{folder.name}.json")
    if record.is_file():
        try:
            files = json.loads(record.read_text(encoding="utf-8"))
            return {folder / name: FileHash(**each) for name, each in files.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(record, f"damaged: {error}; fetch the model again") from error
    # The cache of Hugging Face's client links to files that are named by their hash.
    hashes = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        name = path.resolve().name
        if path.is_symlink() and re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{40}", name):
            hashes[path] = FileHash(sha256=name) if len(name) == 64 else FileHash(git_sha1=name)
    return hashes


def _folder(hub_id: str, cache_dir: Path | None) -> Path:
    return (cache_dir or default_cache_dir()) / hub_id.replace("/", "--")


def _ids(hub_id: str) -> list[str]:
    """A hub id, and the same repository under the publisher's other names."""
    publisher, _, rest = hub_id.partition("/")
    if publisher not in _PUBLISHERS:
        return [hub_id]
    return [hub_id, *(f"{other}/{rest}" for other in _PUBLISHERS if other != publisher)]


def _newest(folder: Path) -> Path | None:
    """The complete revision that was fetched last."""
    if not folder.is_dir():
        return None
    revisions = [path for path in folder.iterdir() if path.is_dir() and not path.suffix]
    return max(revisions, key=lambda path: path.stat().st_mtime_ns, default=None)


def _huggingface_snapshot(hub_id: str) -> Path | None:
    """The revision "main" in the cache of Hugging Face's client."""
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    root = Path(cache).expanduser() if cache else huggingface_home() / "hub"
    repository = root / f"models--{hub_id.replace('/', '--')}"
    try:
        revision = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return repository / "snapshots" / revision


def _modelscope_folders(hub_id: str) -> list[Path]:
    """Where ModelScope's client keeps a model: the folders of its newer and its older versions."""
    root = Path(os.environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope").expanduser()
    publisher, name = hub_id.split("/")
    roots = (root / "models", root / "hub" / "models", root / "hub", root)
    return [base / publisher / name.replace(".", "___") for base in roots]


def _is_whole(folder: Path) -> bool:
    """Whether a folder of another program has all that its index lists: a broken-off download has not."""
    if not (folder / "config.json").is_file():
        return False
    for weights, index, *_ in _WEIGHTS[:2]:
        if (folder / index).is_file():
            try:
                shards = set(json.loads((folder / index).read_bytes())["weight_map"].values())
            except (ValueError, KeyError, TypeError, AttributeError):
                return False
            return all((folder / str(shard)).is_file() for shard in shards)
        if any(fnmatch(path.name, weights) and path.exists() for path in folder.iterdir()):
            return True
    return False


def _fetch(hub_id: str, folder: Path, progress: Progress | None) -> Path:
    if variable := forbidding_variable("GLM_AGENT_OFFLINE", "HF_HUB_OFFLINE"):
        raise DownloadError(
            f"The model {hub_id!r} is not here, and {variable} forbids fetching it."
        )
    publisher, name, *gguf = hub_id.split("/")
    repository, revision, listed = open_repository(_ids(f"{publisher}/{name}"))
    files = _wanted(hub_id, gguf[0] if gguf else None, listed)
    target, aside = folder / revision, folder / f"{revision}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file_lock.locked(folder / "fetch.lock", lambda: _say_waiting(hub_id)):
            if target.is_dir():  # another process was faster
                return target
            aside.mkdir(exist_ok=True)
            total = sum(file.size_bytes for file in files)
            done = 0
            for file in files:
                for size in repository.fetch(revision, file, aside / file.name):
                    if progress is not None:
                        progress(done + size, total)
                done += file.size_bytes
            record = json.dumps({file.name: asdict(file.hash) for file in files}, indent=1)
            (folder / f"{revision}.json").write_text(record, encoding="utf-8")
            aside.rename(target)
    except OSError as error:
        if isinstance(error, requests.RequestException):
            raise
        raise DownloadError(
            f"The model {hub_id!r} cannot be kept in {folder}: {error.strerror or error}. Make room there, or set"
            " XDG_CACHE_HOME to a folder on another disk."
        ) from error
    return target


def _wanted(hub_id: str, gguf: str | None, listed: list[HubFile]) -> list[HubFile]:
    """The files of a repository that are needed.

    Raises:
        DownloadError: it has no weights that we read, or several GGUF files and none was named.
    """
    files = [file for file in listed if _FILE_NAME.fullmatch(file.name)]
    if gguf is not None:
        files = [file for file in files if file.name == gguf]
    for kind in _WEIGHTS:
        weights = [file for file in files if fnmatch(file.name, kind[0])]
        if kind[0] == "*.gguf" and len(weights) > 1:
            names = ", ".join(file.name for file in weights)
            raise DownloadError(
                f"{hub_id!r} has several GGUF files: ask for {hub_id}/ and one of {names}."
            )
        if weights:
            return [file for file in files if any(fnmatch(file.name, want) for want in kind)]
    if gguf is not None:
        raise DownloadError(f"There is no file {gguf} in the repository of {hub_id!r}.")
    raise DownloadError(
        f"{hub_id!r} has neither safetensors nor pytorch_model.bin weights, nor a GGUF file."
    )


def _say_waiting(hub_id: str) -> None:
    _log.warning("another process is fetching %s: waiting for it", hub_id)

"""The files of this package that run inside: gathered into one folder, named by a hash of their content."""

import compileall
import hashlib
import py_compile
import shutil
from pathlib import Path

from glm_sandbox.cache import cache_dir, make_once

_PACKAGE = Path(__file__).parent
_GUEST = _PACKAGE / "guest"
GUEST_ROOT = "/opt/glm-agent"  # where it lies in a sandbox
GUEST_UID = 65532  # of its user


def guest_sources() -> dict[str, Path]:
    """Path below the guest folder -> source file. Two packages deep, so that imports read alike on both sides."""
    sources = {
        "start.py": _GUEST / "start.py",
        "guest/glm_sandbox/protocol.py": _PACKAGE / "protocol.py",
    }
    for file in sorted(_GUEST.glob("*.py")):
        if file.name != "start.py":
            sources[f"guest/glm_sandbox/guest/{file.name}"] = file
    return sources


def guest_hash() -> str:
    """Changes when any file of the guest does."""
    digest = hashlib.sha256()
    for name, file in guest_sources().items():
        data = file.read_bytes()
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


def guest_folder() -> Path:
    """A folder with the guest's files and their byte code, readable for all."""
    return make_once(cache_dir() / f"guest-{guest_hash()}", write_guest)


def write_guest(folder: Path) -> None:
    """Copy the guest's files below `folder`."""
    folder.chmod(0o755)
    for name, source in guest_sources().items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o644)
    (
        folder / "guest/glm_sandbox/__init__.py"
    ).touch()  # ours imports the host's side; the guest's is empty
    compileall.compile_dir(
        folder / "guest",
        quiet=1,
        stripdir=str(folder),
        prependdir=GUEST_ROOT,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)

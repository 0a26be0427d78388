"""Entry point of a sandbox: `python3 -I start.py OPTIONS`, with the files of this project beside it.

Layout, the same in every back end:
    start.py        this file
    guest/          the package `glm_sandbox` with `protocol` and `guest` only
    site-packages/  numpy, pandas, ...; absent where the image has its own
    matplotlib/     font list and settings, made when the image was built
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
GUEST, SITE, MATPLOTLIB = ROOT / "guest", ROOT / "site-packages", ROOT / "matplotlib"
if __name__ == "__main__":
    sys.path.insert(0, str(GUEST))
    sys.path.append(str(SITE))

from glm_sandbox.guest import privileges  # noqa: E402 - found through the lines above
from glm_sandbox.guest.options import SessionOptions  # noqa: E402
from glm_sandbox.guest.supervisor import main  # noqa: E402


def set_environment(threads: int) -> None:
    """Replace the environment by a fixed one: nothing of the host's or the image's reaches a cell but PATH."""
    path = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    home = tempfile.gettempdir()
    os.environ.clear()
    os.environ.update(
        {
            "PATH": path,
            "HOME": home,
            "LANG": "C.UTF-8",
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": f"{GUEST}:{SITE}",
            "MPLBACKEND": "module://glm_sandbox.guest.matplotlib_backend",
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": str(threads),
        }
    )
    if MATPLOTLIB.is_dir():
        # Matplotlib writes beside its settings; a folder it cannot write to costs a warning in every session
        config = str(Path(home) / "matplotlib")
        shutil.copytree(MATPLOTLIB, config, dirs_exist_ok=True)
        os.environ["MPLCONFIGDIR"] = config


if __name__ == "__main__":
    options = SessionOptions.from_json(sys.argv[1])
    for mount_path, mount_options in options.tmpfs:
        privileges.mount_tmpfs(mount_path, mount_options)
    set_environment(options.threads)
    main(options)

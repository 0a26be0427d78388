"""The Python packages of a sandbox, fetched by pip with the user's own settings into a folder of their own."""

import compileall
import hashlib
import importlib.util
import platform
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from glm_sandbox.errors import SandboxUnavailableError
from glm_sandbox.guest_files import GUEST_ROOT

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_UNNEEDED_FOLDERS = ("tests", "test", "testing_data", "bin", "share", "include")
_PLATFORM_TAGS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_NEEDED_ALL_THE_SAME = ("numpy/testing", "pandas/_testing")  # imported by the packages themselves
FONT_LIST = """
import sys
sys.path.append(sys.argv[1])
import matplotlib.font_manager as manager
own, fonts = manager.findSystemFonts, sys.argv[3:]
manager.findSystemFonts = lambda paths=None, fontext="ttf": sorted(own(paths, fontext)) if paths else list(fonts)
found = manager.FontManager()
manager.json_dump(found, f"{sys.argv[2]}/fontlist-v{manager.FontManager.__version__}.json")
families = ["DejaVu Sans", *sorted({entry.name for entry in found.ttflist if entry.fname in fonts})]
with open(f"{sys.argv[2]}/matplotlibrc", "w", encoding="utf-8") as file:
    file.write(f"font.family: {', '.join(families)}\\n")  # glyphs missing in one come from the next
"""

_FONT_PATTERNS = (
    "truetype/wqy/wqy-microhei.ttc",
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "noto-cjk/NotoSansCJK-Regular.ttc",
    "google-noto-*cjk*/NotoSansCJK-Regular.ttc",
    "google-noto-*cjk*/NotoSansCJK-VF.ttc",
    "truetype/wqy/wqy-zenhei.ttc",
    "truetype/droid/DroidSansFallbackFull.ttf",
    "wenquanyi/*/wqy-microhei.ttc",
)


def find_fonts() -> list[Path]:
    """A font with Chinese glyphs among those of this machine; none when there is none."""
    for pattern in _FONT_PATTERNS:
        for font in sorted(Path("/usr/share/fonts").glob(pattern)):
            return [font]
    return []


def packages_hash() -> str:
    """Changes with the requirements, the Python version and the machine."""
    inputs = (
        REQUIREMENTS.read_text(encoding="utf-8"),
        platform.python_version(),
        platform.machine(),
    )
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]


def install_packages(folder: Path, progress: Callable[[str], None]) -> None:
    """Fill `folder` with the packages and their byte code, without their tests.

    Raises:
        SandboxUnavailableError: there is no pip, or it could not fetch them.
    """
    fetch_packages(folder, progress)
    progress("Compiling them")
    compile_tree(folder, f"{GUEST_ROOT}/site-packages")


def fetch_packages(
    folder: Path, progress: Callable[[str], None], *, target: tuple[str, str] | None = None
) -> None:
    """Fill `folder` with the packages, without their tests.

    Args:
        folder: for them.
        progress: gets a line for each step.
        target: Python version and machine that they are for, ("3.12", "aarch64") say; those that run this when None.

    Raises:
        SandboxUnavailableError: there is no pip, or it could not fetch them.
    """
    requirements = REQUIREMENTS.read_text(encoding="utf-8").partition("\n\n")[0]
    names = re.findall(r"^[a-z]+", requirements, re.MULTILINE)
    progress(f"Fetching {', '.join(names)} with pip")
    command = [
        *_pip(), "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "--only-binary=:all:",
        "--target", str(folder), "--requirement", str(REQUIREMENTS), *_target_options(target),
    ]  # fmt: skip
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if result.returncode != 0:
        raise SandboxUnavailableError(
            f"pip could not fetch the packages of the sandbox:\n{result.stderr.strip()[-2000:]}",
            "Check the network and pip's settings, then run `glm-agent sandbox build`.",
        )
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if (
            path.is_dir()
            and path.name in _UNNEEDED_FOLDERS
            and relative not in _NEEDED_ALL_THE_SAME
        ):
            shutil.rmtree(path)
        elif path.suffix == ".pyi":
            path.unlink(missing_ok=True)


def _target_options(target: tuple[str, str] | None) -> list[str]:
    if target is None:
        return []
    version, machine = target
    options = ["--implementation", "cp", "--python-version", version]
    for platform_tag in _PLATFORM_TAGS:
        options += ["--platform", f"{platform_tag}_{machine}"]
    return options


def compile_tree(folder: Path, final_place: str) -> None:
    """Put byte code beside the sources. The root is read-only at run time: what is not compiled now never is."""
    compileall.compile_dir(
        folder,
        quiet=2,
        workers=0,
        stripdir=str(folder),
        prependdir=final_place,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def write_font_list(site_packages: Path, folder: Path, fonts: list[Path]) -> None:
    """Make Matplotlib's list of fonts and its settings in `folder`, so that no session has to.

    Args:
        site_packages: with Matplotlib in it.
        folder: for the files.
        fonts: beside Matplotlib's own; they must lie at the same path in the sandbox.
    """
    subprocess.run(
        [sys.executable, "-I", "-c", FONT_LIST, str(site_packages), str(folder), *map(str, fonts)],
        capture_output=True,
        env={"MPLCONFIGDIR": str(folder), "HOME": str(folder)},
        check=True,
    )


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if (
        ensurepip := importlib.util.find_spec("ensurepip")
    ) is not None and ensurepip.origin is not None:
        for wheel in (Path(ensurepip.origin).parent / "_bundled").glob("pip-*.whl"):
            return [sys.executable, str(wheel / "pip")]
    raise SandboxUnavailableError(
        "The packages of the sandbox cannot be fetched: this Python has no pip.",
        f"Install it: `{sys.executable} -m ensurepip`, or `apt-get install python3-pip`.",
    )

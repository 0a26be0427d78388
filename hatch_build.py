"""The wheel's build hook: compile the native kernels and put them in, where there is a compiler.

A wheel with the kernels is for one platform; one without is for all, and compiles them on first use or does without.
An editable install and the source distribution hold none: the first use compiles what the tree says then.
GLM_AGENT_KERNELS=off leaves them out.
"""

import importlib.util
import os
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUILD_FILE = "engine/glm_engine/kernels/build.py"


class KernelsBuildHook(BuildHookInterface[Any]):
    """Adds `glm_engine/kernels/_kernels.so` to the wheel."""

    _folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        if os.environ.get("GLM_AGENT_KERNELS", "").lower() in ("off", "0", "no"):
            return
        build = _load(Path(self.root) / _BUILD_FILE)
        compiler = build.find_compiler()
        if compiler is None:
            self.app.display_warning("no C++ compiler: the wheel holds no native kernels")
            return
        self._folder = Path(tempfile.mkdtemp(prefix="glm-kernels-"))
        library = self._folder / build.LIBRARY_NAME
        try:
            build.build_library(library, compiler)
        except build.BuildError as error:
            self.app.display_warning(f"the wheel holds no native kernels: {error}")
            return
        build_data["force_include"][str(library)] = f"glm_engine/kernels/{build.LIBRARY_NAME}"
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder)


def _load(path: Path) -> Any:
    """The build module by itself: what the package depends on is not there while it is built."""
    spec = importlib.util.spec_from_file_location("glm_kernels_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

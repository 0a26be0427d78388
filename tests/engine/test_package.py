"""What importing the package costs."""

import subprocess
import sys


def test_importing_the_package_does_not_import_torch() -> None:
    """`glm-agent --help` must not wait seconds for it."""
    check = "import sys, glm_engine, glm_engine.errors, glm_engine.constraint; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)

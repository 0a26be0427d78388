"""The API reference says what the docstrings say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_api_reference_is_up_to_date(tmp_path: Path) -> None:
    """After a change of a public docstring or signature, `python docs/make_api.py` has to be run."""
    script = tmp_path / "make_api.py"
    script.write_bytes((ROOT / "docs" / "make_api.py").read_bytes())
    done = subprocess.run(
        [sys.executable, script], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "api.md").read_text(encoding="utf-8")
    written = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert written == made, "docs/api.md is old: run `python docs/make_api.py`"

"""The comparison with other frameworks claims nothing of ours that no test holds."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "comparison.md"
NAMED = sorted(
    set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE.read_text(encoding="utf-8")))
)


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test or file for file, test in NAMED])
def test_the_test_behind_a_cell_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert test in tests if test else any(name.startswith("test_") for name in tests)


def test_every_row_of_ours_names_a_test_or_says_no() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    ours = [row.rstrip(" |").rsplit("|", 1)[1].strip() for row in rows]
    claims = [cell for cell in ours if cell not in ("glm-agent", "no")]
    assert len(claims) > 20
    assert all("`tests/" in cell for cell in claims)

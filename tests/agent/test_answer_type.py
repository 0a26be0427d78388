"""`--output`: from the command line to a value, with the demo model; and what is wrong with a type is said before it loads."""

import json
from pathlib import Path
from typing import Any

import pytest

from glm_agent.cli.answer_type import named_output_type
from glm_agent.errors import ConfigurationError, UsageError

MODELS = """
from pydantic import BaseModel


class Place(BaseModel):
    city: str
    population: int


number = 3
"""


def test_an_answer_on_stdout_is_json_of_the_type_and_nothing_else(
    tmp_path: Path, command: Any
) -> None:
    """The demo model really reads a sentence into a record; `--json` shows text and value."""
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    done = command(
        tmp_path / "home",
        *("run", "Berlin has 3600000 people.", "--model", "demo", "--no-tools"),
        *("--output", "models.py:Place", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["output"] == {"city": "Berlin", "population": 3600000}
    assert json.loads(record["answer"]) == record["output"]


def test_a_schema_file_is_a_type(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"type": "object", "properties": {"n": {"type": "int"}}}', encoding="utf-8")
    wanted = named_output_type(f"@{path}")
    assert wanted is not None
    assert wanted.parse('{"n": 3}') == {"n": 3}
    assert named_output_type(None) is None


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("Place", UsageError, "module:NAME"),
        ("@missing.json", ConfigurationError, "missing.json"),
        ("@models.py", ConfigurationError, "is no JSON"),
        ("models.py:Nothing", ConfigurationError, "no 'Nothing'"),
        ("models.py:number", ConfigurationError, "no JSON form"),
        ("no_such_module:Place", ConfigurationError, "no module"),
        ("missing.py:Place", ConfigurationError, "no file"),
    ],
)
def test_a_type_that_cannot_be_had_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    error: type[Exception],
    words: str,
) -> None:
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        named_output_type(name)

"""The written material of the conversations: TOML files beside this module."""

import tomllib
from importlib import resources
from typing import Any


def material(file: str) -> dict[str, Any]:
    """The content of `file`, as its reader's module describes it."""
    source = resources.files("demo_training.data") / file
    return tomllib.loads(source.read_text(encoding="utf-8"))

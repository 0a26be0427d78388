"""Fixtures that more than one package's tests use."""

from pathlib import Path

import pytest
from hypothesis import settings

from glm_engine.tokenizer import Tokenizer, load_tokenizer

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Several suites may share a machine: how long an example takes says nothing about the code.
settings.register_profile("glm-agent", deadline=None)
settings.load_profile("glm-agent")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real tokenizers, configs and goldens. Their licences keep them out of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(
            "the models' own tokenizer files are not part of the repository (their licences)"
        )
    return SHARED_DATA


@pytest.fixture(scope="session")
def glm4_tokenizer(shared_data: Path) -> Tokenizer:
    return load_tokenizer(shared_data / "glm-4-9b-chat")

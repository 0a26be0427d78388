"""Where things are kept: the platform's data and cache folders, or one folder of the user's choice."""

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "GLM_AGENT_HOME"


def journal_path() -> Path:
    """The database of sessions and runs."""
    return data_path() / "sessions.sqlite3"


def config_path() -> Path:
    """The folder of the user's own settings: `$GLM_AGENT_HOME` or the platform's."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) if home else platformdirs.user_config_path("glm-agent")


def data_path() -> Path:
    """The folder of runs: `$GLM_AGENT_HOME` or the platform's data folder. Not created here."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) if home else platformdirs.user_data_path("glm-agent")

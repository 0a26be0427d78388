"""The command line. One module a command; each imports what it needs when it is called."""

from glm_agent.cli.application import main

__all__ = ["main"]

"""`python -m glm_agent`."""

from glm_agent.cli import main

main()

"""`glm-agent chat`: a conversation, line by line."""

import typer

from glm_agent.cli import options
from glm_agent.errors import UsageError

HELP = """
Talk with the model, with tools, on this machine. /help lists what can be typed beside questions.

\b
Examples:
  glm-agent chat
  glm-agent chat -c                          # go on with the last session
  glm-agent chat --tools simple_browser      # with the web
"""


@options.takes_agent_options
def chat(
    context: typer.Context,
    session: options.SessionName = None,
    continue_last: options.Continue = False,
    warm: options.Warm = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    from glm_agent.cli.chatting import run_chat
    from glm_agent.cli.running import Output, RunRequest

    if session is not None and continue_last:
        raise UsageError("Give --session or --continue, not both.")
    code = run_chat(
        RunRequest(
            prompt=None,
            files=(),
            agent=options.agent_request(context.params),
            output=Output(quiet=quiet, verbose=verbose),
            session=session,
            continues_last=continue_last,
            given=options.given_fields(context),
        )
    )
    raise typer.Exit(code)


chat.__doc__ = HELP

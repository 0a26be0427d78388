"""`glm-agent chat`: a conversation, line by line."""

import typer

from glm_agent.cli import options
from glm_agent.cli.options import NetChoice, SandboxChoice, WhenFull


def chat(
    context: typer.Context,
    model: options.Model = "auto",
    tools: options.Tools = None,
    no_tools: options.NoTools = False,
    system: options.System = None,
    session: options.SessionName = None,
    continue_last: options.Continue = False,
    sandbox: options.Sandbox = SandboxChoice.AUTO,
    policy: options.PolicyFile = None,
    allow: options.Allow = None,
    deny: options.Deny = None,
    pages: options.Pages = None,
    net: options.Net = NetChoice.PUBLIC,
    allow_hosts: options.AllowHosts = None,
    record_web: options.RecordWeb = None,
    replay_web: options.ReplayWeb = None,
    offline: options.Offline = False,
    max_steps: options.MaxSteps = 12,
    max_new_tokens: options.MaxNewTokens = 1024,
    max_time: options.MaxTime = None,
    when_full: options.WhenFullOption = WhenFull.ELIDE,
    temperature: options.Temperature = 0.0,
    top_p: options.TopP = 1.0,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Talk with the model, with tools, on this machine. /help lists what can be typed beside questions."""
    from glm_agent.cli.chatting import run_chat
    from glm_agent.cli.running import Output, RunRequest
    from glm_agent.errors import UsageError

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

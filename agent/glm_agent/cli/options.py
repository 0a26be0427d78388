"""The options that commands share, and the agent that they describe. Light: what they need is imported when it is used."""

import functools
import inspect
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from glm_agent.cli.config_files import PROFILE_VARIABLE, complete_profile, use_profile
from glm_agent.limits import Limits
from glm_agent.sampling import Sampling

if TYPE_CHECKING:
    from glm_agent.cli.opening import AgentRequest


class NetChoice(StrEnum):
    """What the browser may reach."""

    PUBLIC = "public"
    ALLOWLIST = "allowlist"
    NONE = "none"


class SandboxChoice(StrEnum):
    """Where model-written code runs."""

    AUTO = "auto"
    DOCKER = "docker"
    BUBBLEWRAP = "bubblewrap"
    OFF = "off"


class WhenFull(StrEnum):
    """What happens when the context window is full."""

    ERROR = "error"
    ELIDE = "elide"
    SUMMARISE = "summarise"


Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        envvar="GLM_AGENT_MODEL",
        help="'auto' (the best one here that fits), 'demo', a name of `models list`, a hub id, or a path.",
    ),
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        "-T",
        help="What the model may call: 'python', 'simple_browser', FILE.py, or module:name. Repeatable. "
        "Default: python.",
        show_default=False,
    ),
]
NoTools = Annotated[bool, typer.Option("--no-tools", help="No tools at all.")]
System = Annotated[str | None, typer.Option("--system", "-s", help="Your own system text.")]
Sandbox = Annotated[
    SandboxChoice,
    typer.Option(
        envvar="GLM_AGENT_SANDBOX",
        help="Where code runs. 'off' runs it on this machine with no protection.",
    ),
]
SessionName = Annotated[
    str | None,
    typer.Option("--session", help="Continue the session of this name, or begin it."),
]
Continue = Annotated[bool, typer.Option("--continue", "-c", help="Continue the newest session.")]
Warm = Annotated[
    bool,
    typer.Option(
        "--warm/--cold",
        help="Keep what is computed of the session on disk, up to 4 GiB for all sessions, so that it wakes up at once.",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="A TOML file that says which calls run, ask or never run."),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        help="TOOL or TOOL:ARGUMENT=PATTERN that runs without asking. Repeatable.",
        show_default=False,
    ),
]
Deny = Annotated[
    list[str] | None,
    typer.Option(help="As --allow, for what never runs. Repeatable.", show_default=False),
]
Pages = Annotated[
    Path | None,
    typer.Option(help="A folder of pages that the browser searches and opens first."),
]
Net = Annotated[
    NetChoice,
    typer.Option(help="What the browser may reach: public hosts, only --allow-hosts, nothing."),
]
AllowHosts = Annotated[
    list[str] | None,
    typer.Option(
        help="A host that the browser may reach beyond that: localhost:8000, '*.corp.example', "
        "10.0.0.0/8. Repeatable.",
        show_default=False,
    ),
]
RecordWeb = Annotated[Path | None, typer.Option(help="Write what the web answered to this file.")]
ReplayWeb = Annotated[
    Path | None, typer.Option(help="Play such a file instead of using the network.")
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline", envvar="GLM_AGENT_OFFLINE", help="No network: neither pages nor models."
    ),
]
MaxSteps = Annotated[int, typer.Option(min=1, help="Turns of the model.")]
MaxNewTokens = Annotated[int, typer.Option(min=1, help="Tokens of one turn.")]
MaxTime = Annotated[
    float | None, typer.Option(min=0.1, help="Seconds of a run.", show_default=False)
]
WhenFullOption = Annotated[
    WhenFull,
    typer.Option(help="When the context window is full: stop, leave old results out, or sum up."),
]
Temperature = Annotated[float, typer.Option(min=0.0, max=10.0, help="0 takes the likeliest token.")]
TopP = Annotated[float, typer.Option(min=0.0, max=1.0, help="Nucleus sampling.")]
Seed = Annotated[int, typer.Option(help="Of the sampling noise.")]
OutputTypeName = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="TYPE",
        help="The answer is JSON of this type: @SCHEMA.json, FILE.py:NAME or module:NAME.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the text.")]
AsJsonl = Annotated[
    bool, typer.Option("--jsonl", help="Print each event as a line of JSON instead.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="The answer only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Whole results, timings.")]


Profile = Annotated[
    str | None,
    typer.Option(
        envvar=PROFILE_VARIABLE,
        autocompletion=complete_profile,
        callback=use_profile,
        is_eager=True,
        help="Options of this name in your settings file; see `glm-agent config`.",
        show_default=False,
    ),
]


def _agent(
    model: Model = "auto",
    tools: Tools = None,
    no_tools: NoTools = False,
    system: System = None,
    sandbox: Sandbox = SandboxChoice.AUTO,
    policy: PolicyFile = None,
    allow: Allow = None,
    deny: Deny = None,
    pages: Pages = None,
    net: Net = NetChoice.PUBLIC,
    allow_hosts: AllowHosts = None,
    record_web: RecordWeb = None,
    replay_web: ReplayWeb = None,
    offline: Offline = False,
    max_steps: MaxSteps = 12,
    max_new_tokens: MaxNewTokens = 1024,
    max_time: MaxTime = None,
    when_full: WhenFullOption = WhenFull.ELIDE,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    seed: Seed = 0,
    profile: Profile = None,
) -> None:
    """The options of every command that opens an agent, with their defaults; see `takes_agent_options`."""


def takes_agent_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options that describe its agent after its own; `agent_request(context.params)` reads them.

    typer reads a command's options from its signature, so the signature grows and the command itself does not.
    """
    own, shared = inspect.signature(command), inspect.signature(_agent)

    @functools.wraps(command)
    def call(**values: Any) -> None:
        command(**{name: values[name] for name in own.parameters})

    parameters = {**own.parameters, **shared.parameters}
    call.__annotations__ = {
        **get_type_hints(_agent, include_extras=True),
        **get_type_hints(command, include_extras=True),
    }
    del call.__wrapped__  # else the signature would be looked for there
    call.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[
            parameter.replace(
                kind=inspect.Parameter.KEYWORD_ONLY, annotation=call.__annotations__[name]
            )
            for name, parameter in parameters.items()
        ]
    )
    return call


def agent_request(values: dict[str, Any]) -> "AgentRequest":
    """The agent that a command's options describe.

    Args:
        values: the command's parameters by their names, as the context has them: enums and paths are still text.
    """
    from glm_agent.cli.named_tools import WebOptions
    from glm_agent.cli.opening import AgentRequest, ApprovalOptions

    if values["offline"]:
        os.environ["GLM_AGENT_OFFLINE"] = "1"  # the engine asks for it when it would fetch a model
    tools = values["tools"]
    return AgentRequest(
        model=values["model"],
        tools=() if values["no_tools"] else tuple(tools) if tools else None,
        system=values["system"],
        sandbox=SandboxChoice(values["sandbox"]).value,
        web=WebOptions(
            net=NetChoice(values["net"]).value,
            allow_hosts=tuple(values["allow_hosts"] or ()),
            record_web=_path(values["record_web"]),
            replay_web=_path(values["replay_web"]),
            local_pages=_path(values["pages"]),
            is_offline=values["offline"],
        ),
        limits=Limits(
            max_steps=values["max_steps"],
            max_new_tokens=values["max_new_tokens"],
            max_wall_s=values["max_time"],
            when_full=WhenFull(values["when_full"]).value,
        ),
        sampling=Sampling(values["temperature"], values["top_p"], values["seed"]),
        approvals=ApprovalOptions(
            _path(values["policy"]), tuple(values["allow"] or ()), tuple(values["deny"] or ())
        ),
        is_warm=values.get("warm", False),
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


# Parameters of a command -> the field of `AgentRequest` that they belong to, where a session keeps it.
_KEPT = {
    "model": "model", "tools": "tools", "no_tools": "tools", "system": "system", "sandbox": "sandbox", "pages": "web",
    "net": "web", "allow_hosts": "web", "record_web": "web", "replay_web": "web", "offline": "web",
    "warm": "is_warm",
}  # fmt: skip


def given_fields(context: typer.Context) -> frozenset[str]:
    """The fields of `AgentRequest` that the user gave on this command line."""
    return frozenset(
        field
        for name, field in _KEPT.items()
        if (source := context.get_parameter_source(name)) is not None
        and source.name == "COMMANDLINE"
    )

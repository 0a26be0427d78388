"""An agent as the command line describes it: model, tools, sandbox, policy, journal."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from glm_agent.approval import Policy, load_policy, policy_from_project
from glm_agent.calls import Approve
from glm_agent.chat_model import ChatModel
from glm_agent.cli.named_tools import PYTHON, WebOptions, anchored_name, open_named_tools
from glm_agent.cli.progress import ProgressBar
from glm_agent.cli.python_session import Backend, PythonSession
from glm_agent.cli.terminal import Terminal
from glm_agent.errors import ConfigurationError
from glm_agent.journal import Journal
from glm_agent.journal_schema import SessionInfo
from glm_agent.limits import Limits
from glm_agent.models import AUTO, load_model
from glm_agent.orchestrator import Agent
from glm_agent.sampling import Sampling
from glm_agent.storage import config_path
from glm_sandbox.sandbox import Sandbox
from glm_tools.browser import as_functions
from glm_tools.python import PythonTool
from glm_tools.tool import Tool, ToolCall

DEFAULT_TOOLS = (PYTHON,)
PROJECT_FILE = Path("glm-agent.toml")


@dataclass(frozen=True, slots=True)
class ApprovalOptions:
    """What the command line says about approvals.

    Attributes:
        policy: a file; the user's own `policy.toml` when None.
        allow: rules before the file's; see `Policy.with_rules`.
        deny: rules before those.
    """

    policy: Path | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def load(self) -> Policy:
        """The policy, made stricter by the file of the project in the working folder, if there is one.

        Raises:
            ConfigurationError: a file or a rule is not understood.
        """
        path = self.policy
        if path is None:
            own = config_path() / "policy.toml"
            path = own if own.exists() else None
        policy = Policy() if path is None else load_policy(path)
        policy = policy.with_rules(self.allow, self.deny)
        if PROJECT_FILE.exists():
            policy = replace(policy, project=policy_from_project(PROJECT_FILE))
        return policy


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """How an agent is opened; kept with each session, so that it can be opened again.

    Attributes:
        model: name or folder.
        tools: their names; None for the default, empty for none at all.
        system: the user's own system text.
        sandbox: where code runs.
        web: for the browser.
        limits: of each run.
        sampling: of the model's turns.
        approvals: which calls ask.
        is_warm: what is computed of the session is kept on disk.
    """

    model: str = AUTO
    tools: tuple[str, ...] | None = None
    system: str | None = None
    sandbox: Backend = "auto"
    web: WebOptions = field(default_factory=WebOptions)
    limits: Limits = field(default_factory=Limits)
    sampling: Sampling = field(default_factory=Sampling)
    approvals: ApprovalOptions = field(default_factory=ApprovalOptions)
    is_warm: bool = False

    def settings(self) -> dict[str, Any]:
        """As a session keeps it: with whole paths, since it may be opened again in another working folder."""
        policy = self.approvals.policy
        kept = replace(
            self,
            tools=None if self.tools is None else tuple(map(anchored_name, self.tools)),
            web=self.web.anchored(),
            approvals=replace(self.approvals, policy=policy and policy.absolute()),
        )
        settings: dict[str, Any] = TypeAdapter(AgentRequest).dump_python(kept, mode="json")
        return settings

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "AgentRequest":
        """The request that a session was opened with.

        Raises:
            ConfigurationError: the session was not made by the command line.
        """
        try:
            return TypeAdapter(AgentRequest).validate_python(dict(settings))
        except ValidationError as error:
            raise ConfigurationError(f"The session's settings cannot be used: {error}") from error

    def reopened(self) -> "AgentRequest":
        """The request with which its session goes on: what that recorded of the web before is kept."""
        return replace(self, web=replace(self.web, record_appends=True))


@dataclass(frozen=True, slots=True)
class OpenedAgent:
    """An agent and what it was made of.

    Attributes:
        agent: closed by the stack that it was opened on.
        model: who answers.
        sandbox: of the `python` tool, if it is there.
        tools: what the model may call.
    """

    agent: Agent
    model: ChatModel
    sandbox: Sandbox | None
    tools: list[Tool]


class AgentOpening:
    """Opens an agent in two steps, so that whatever can be found wrong without the model is found before it is loaded.

    Args:
        request: what is wanted.

    Raises:
        ConfigurationError, ToolDefinitionError: a tool, a setting or the policy cannot be used.
    """

    def __init__(self, request: AgentRequest) -> None:
        self._request = request
        self._names = DEFAULT_TOOLS if request.tools is None else request.tools
        self._policy = request.approvals.load()
        self._tools = open_named_tools(self._names, request.web)

    def preview(self, call: ToolCall) -> str:
        """What a call would change, for the person who is asked about it; empty when there is nothing to show."""
        tool = next((tool for tool in self._tools if tool.spec.name == call.name), None)
        return "" if tool is None or call.arguments is None else tool.preview(call.arguments)

    def open(
        self,
        stack: ExitStack,
        journal: Journal,
        terminal: Terminal,
        *,
        approve: Approve | None,
        model: ChatModel | None = None,
    ) -> OpenedAgent:
        """The agent.

        Args:
            stack: closes it, its tools and its sandbox.
            journal: where runs are recorded.
            terminal: shows progress and warnings.
            approve: asks the user; None when nobody is there.
            model: who answers; None loads the one that was asked for.

        Raises:
            ModelUnavailableError: the model cannot be loaded.
            SandboxUnavailableError: a sandbox was asked for by name, or python was, and there is none.
        """
        request, tools = self._request, self._tools
        for tool in tools:
            stack.callback(tool.close)
        python = None
        if PYTHON in self._names:
            python = PythonSession(request.sandbox, terminal, is_required=request.tools is not None)
            stack.callback(python.close)
        if model is None:
            model = open_model(request.model, terminal)
        if not _knows_browser(model):
            tools[:] = as_functions(tools)
        sandbox = python.wait() if python is not None else None
        if python is not None and sandbox is not None:
            tools.insert(0, PythonTool(python.open))
        # What `auto` was this time: the session's tokens mean something to that model only.
        kept = replace(request, model=model.name) if request.model == AUTO else request
        agent = Agent(
            model,
            tools,
            system=request.system,
            limits=request.limits,
            sampling=request.sampling,
            journal=journal,
            policy=self._policy,
            approve=approve,
            settings=kept.settings(),
        )
        stack.callback(agent.close)
        return OpenedAgent(agent, model, sandbox, tools)


def _knows_browser(model: ChatModel) -> bool:
    """Whether `simple_browser` was part of the model's training; others get its calls as plain functions."""
    from glm_agent.local_model import LocalModel  # torch

    return not isinstance(model, LocalModel) or model.dialect.name == "glm4"


def open_model(name: str, terminal: Terminal) -> ChatModel:
    """The model of that name, with progress while it loads.

    Raises:
        ModelUnavailableError: it cannot be loaded.
    """
    with ProgressBar(quiet=terminal.is_quiet) as progress:
        model = load_model(name, progress=progress)
    if model.note:
        terminal.note(model.note)
    return model


def find_session(journal: Journal, name: str) -> SessionInfo:
    """The session of that id or name, or the one that a run of that id belongs to.

    Raises:
        ConfigurationError: there is none.
    """
    session = journal.session(name)
    run = None if session is not None else journal.run(name)
    if run is not None:
        session = journal.session(run.session_id)
    if session is None:
        raise ConfigurationError(
            f"There is no session or run {name!r}. `glm-agent sessions list` lists them."
        )
    return session

"""The tools that `--tools` names, with what the options say about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glm_agent.errors import ConfigurationError
from glm_tools.browser import BrowserConfig, BrowserConfigError, BrowserTool, CassetteError
from glm_tools.browser.address import AddressPolicy, NetworkAccess
from glm_tools.errors import ToolDefinitionError
from glm_tools.files import file_tools
from glm_tools.loading import load_tools
from glm_tools.tool import Tool
from glm_tools.workspace import Workspace

PYTHON = "python"  # needs a sandbox, which the run opens
BROWSER = "simple_browser"
FILES = "files"
BUILT_IN = (BROWSER, FILES)


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What the command line says about the web; the fields are those of `BrowserConfig`.

    Attributes:
        record_appends: set where a session is opened again: what it recorded before is part of it.
        is_offline: no network, whatever else is said.
    """

    net: NetworkAccess = "public"
    allow_hosts: tuple[str, ...] = ()
    record_web: Path | None = None
    record_appends: bool = False
    replay_web: Path | None = None
    local_pages: Path | None = None
    is_offline: bool = False

    def anchored(self) -> "WebOptions":
        """The same, with whole paths."""
        paths = {name: getattr(self, name) for name in ("record_web", "replay_web", "local_pages")}
        return replace(self, **{name: path and path.absolute() for name, path in paths.items()})

    def browser_config(self) -> BrowserConfig:
        """The browser's settings, with the search services of the environment.

        Raises:
            ConfigurationError: they do not make sense.
        """
        if self.is_offline and self.record_web is not None:
            raise ConfigurationError("--offline leaves nothing to record (--record-web).")
        try:
            config = replace(
                BrowserConfig.from_environment(),
                net="none" if self.is_offline else self.net,
                allow_hosts=self.allow_hosts,
                record_web=self.record_web,
                record_appends=self.record_appends,
                replay_web=self.replay_web,
                local_pages=self.local_pages,
            )
            AddressPolicy(config.net, config.allow_hosts)  # a pattern that is wrong is found now
        except BrowserConfigError as error:
            raise ConfigurationError(f"The browser's settings: {error}") from error
        return config


def anchored_name(name: str) -> str:
    """The name of a tool as it means the same in every working folder: files and folders with their whole path."""
    source, colon, part = name.partition(":")
    if source == FILES:
        return f"{FILES}:{Path(part).expanduser().absolute()}"
    is_path = source.endswith(".py") or "/" in source or (not colon and Path(source).is_dir())
    if name in (PYTHON, BROWSER) or not is_path:
        return name
    return f"{Path(source).expanduser().absolute()}{colon}{part}"


def open_named_tools(names: Sequence[str], web: WebOptions) -> list[Tool]:
    """The tools of `names` in their order; `python` is left out. Whoever gets them closes them.

    Args:
        names: `simple_browser`, `files` for the working folder, `files:FOLDER`, or what `load_tools` takes.
        web: for the browser.

    Raises:
        ConfigurationError: a setting or a recording cannot be used.
        ToolDefinitionError: there is no such tool, or it cannot be loaded.
    """
    tools: list[Tool] = []
    try:
        for name in dict.fromkeys(names):
            if name == BROWSER:
                tools.append(_browser(web))
            elif name == FILES or name.startswith(f"{FILES}:"):
                folder = name.partition(":")[2]
                tools += file_tools(Workspace(Path(folder).expanduser()))
            elif name != PYTHON:
                tools += _loaded(name)
    except BaseException:
        for tool in tools:
            tool.close()
        raise
    return tools


def _loaded(name: str) -> list[Tool]:
    try:
        return load_tools(name)
    except ToolDefinitionError as error:
        if not name.isidentifier():
            raise
        built_in = ", ".join((PYTHON, *BUILT_IN))  # `browser` and `file` are meant so
        raise ToolDefinitionError(f"{error} Built in are: {built_in}.") from error


def _browser(web: WebOptions) -> BrowserTool:
    try:
        return BrowserTool(web.browser_config())
    except CassetteError as error:
        raise ConfigurationError(str(error)) from error

"""The browser as tools: GLM-4's `simple_browser`, and three plain functions for models without its training."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from glm_tools.browser.actions import MAX_CLICKS, USAGE, Action, Click, OpenURL, Search
from glm_tools.browser.browser import Browser
from glm_tools.browser.config import BrowserConfig
from glm_tools.browser.errors import CassetteError, FetchCancelledError
from glm_tools.browser.response import CancelSignal, Progress
from glm_tools.tool import (
    Ctx,
    JSONValue,
    Observation,
    Tool,
    ToolOutput,
    ToolSpec,
    function_spec,
)

TIMEOUT_S = 180.0  # of a call of several lines; each page has a limit of its own
CANCEL_GRACE_S = 2.0

SPEC = ToolSpec(
    name="simple_browser",
    description=f"Search the web and read pages. {USAGE} Cite what you use as 【id†quoted words】.",
    parameters={
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "Calls of the browser, one a line."}
        },
        "required": ["code"],
        "additionalProperties": False,
    },
    builtin="simple_browser",
)

SEARCH = function_spec(
    "search",
    "Search the web. Returns numbered results; open them with mclick.",
    {
        "query": {"type": "string", "minLength": 1, "description": "Words to search for."},
        "recency_days": {
            "type": "integer",
            "minimum": 1,
            "description": "Only results of the last days.",
        },
    },
    "query",
)
OPEN_URL = function_spec(
    "open_url",
    "Open a web page and read it as text with numbered links.",
    {
        "url": {"type": "string", "minLength": 1, "description": "http or https URL."},
        "offset": {
            "type": "integer",
            "minimum": 0,
            "description": "Character to start at, for long pages.",
        },
    },
    "url",
)
MCLICK = function_spec(
    "mclick",
    "Open several results or links at once. Cite what you use as 【id†quoted words】.",
    {
        "ids": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0},
            "minItems": 1,
            "maxItems": MAX_CLICKS,
            "description": "Ids of results or links.",
        }
    },
    "ids",
)


class _BrowsingTool(Tool):
    """A tool over a browsing session. Everything that it returns is untrusted text from outside.

    Args:
        spec: what the model sees.
        browser: the session; closed with the tool.
        lock: of the session: one call at a time, since ids are given in order.
    """

    def __init__(self, spec: ToolSpec, browser: Browser, lock: threading.Lock) -> None:
        super().__init__(
            spec, timeout_s=TIMEOUT_S, grace_s=CANCEL_GRACE_S, idempotent=True, untrusted=True
        )
        self.browser = browser
        self._lock = lock

    def recall(self, memory: JSONValue) -> None:
        with self._lock:
            self.browser.recall(memory)

    def close(self) -> None:
        self.browser.close()


class BrowserTool(_BrowsingTool):
    """GLM-4's web tool.

    Args:
        config: what the user allows and wants; the defaults when None.
        browser: takes the place of the one that `config` describes.

    Raises:
        CassetteError: the recording that `config` names cannot be read or written.
    """

    def __init__(
        self, config: BrowserConfig | None = None, *, browser: Browser | None = None
    ) -> None:
        super().__init__(SPEC, browser or Browser(config), threading.Lock())

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> ToolOutput:
        code: str = arguments["code"]
        with self._lock:
            return _output(
                self.browser,
                lambda cancel, progress: self.browser.run(code, cancel=cancel, progress=progress),
                ctx,
            )


class _FunctionTool(_BrowsingTool):
    """One of the browser's calls as a function with JSON arguments."""

    def __init__(
        self,
        spec: ToolSpec,
        browser: Browser,
        lock: threading.Lock,
        action: Callable[[Mapping[str, Any]], Action],
    ) -> None:
        super().__init__(spec, browser, lock)
        self._action = action

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> ToolOutput:
        action = self._action(arguments)
        with self._lock:
            return _output(
                self.browser,
                lambda cancel, progress: self.browser.run_actions(
                    (action,), cancel=cancel, progress=progress
                ),
                ctx,
            )


def browser_functions(browser: Browser) -> tuple[Tool, ...]:
    """`search`, `open_url` and `mclick` as plain functions over one session."""
    lock = threading.Lock()
    return (
        _FunctionTool(
            SEARCH,
            browser,
            lock,
            lambda given: Search(given["query"], given.get("recency_days")),
        ),
        _FunctionTool(
            OPEN_URL, browser, lock, lambda given: OpenURL(given["url"], given.get("offset") or 0)
        ),
        _FunctionTool(
            MCLICK, browser, lock, lambda given: Click(tuple(dict.fromkeys(given["ids"])))
        ),
    )


def as_functions(tools: Iterable[Tool]) -> list[Tool]:
    """`tools` with the three plain functions where `simple_browser` was: for a model that was not trained on it.

    They share its session and close it.
    """
    kept: list[Tool] = []
    for tool in tools:
        kept += browser_functions(tool.browser) if isinstance(tool, BrowserTool) else (tool,)
    return kept


def browsers_of(tools: Iterable[Tool]) -> list[Browser]:
    """The browsing sessions behind `tools`, each once: for citations, and for what a replay did not have."""
    found = [tool.browser for tool in tools if isinstance(tool, _BrowsingTool)]
    return list({id(browser): browser for browser in found}.values())


def _output(
    browser: Browser,
    run: Callable[[CancelSignal, Progress], tuple[Observation, ...]],
    ctx: Ctx[Any],
) -> ToolOutput:
    try:
        observations = run(ctx.cancelled, _SlowPages(ctx.on_output, browser.config.slow_page_s))
    except FetchCancelledError:
        return ToolOutput(
            (Observation("The browser was stopped.", "system_error"),), status="cancelled"
        )
    except CassetteError as error:
        # Our failure, not the web's: the run must not go on as if a page were missing.
        return ToolOutput(
            (Observation(str(error), "system_error"),), status="unavailable", detail=str(error)
        )
    is_error = all(observation.metadata == "system_error" for observation in observations)
    return ToolOutput(
        observations, status="error" if is_error else "ok", memory=browser.take_memory()
    )


class _SlowPages:
    """Tells the user of pages that take long: once when that is so, and then about once a second each."""

    def __init__(self, on_output: Callable[[str, str], None], slow_page_s: float) -> None:
        self._on_output = on_output
        self._slow_page_s = slow_page_s
        self._next: dict[str, float] = {}

    def __call__(self, url: str, received_bytes: int) -> None:
        now = time.monotonic()
        if now < self._next.setdefault(url, now + self._slow_page_s):
            return
        self._next[url] = now + 1.0
        state = f"{received_bytes / 1000:,.0f} kB so far" if received_bytes else "no answer yet"
        self._on_output("progress", f"{url}: {state}\n")

"""What can go wrong in the browser.

```
ToolError                          (glm_tools.errors) the message goes to the model
└── BrowserError
    ├── ActionError                the call is not in the browser's syntax
    ├── AddressError               the URL is malformed, or may not be connected to; nothing was sent to it
    │   └── RobotsError            the site's robots.txt says no
    ├── FetchError                 the transfer failed
    │   ├── FetchTimeoutError      it took too long
    │   └── FetchCancelledError    the user or the run stopped it
    ├── UnreadablePageError        it arrived, and no text can be had from it
    └── SearchError                a search provider failed, or all of them did
CassetteError                      a recording is missing an entry, or is not a recording: never for the model
BrowserConfigError(ValueError)     the user's settings do not make sense
```

A `BrowserError` becomes a `system_error` observation. The other two leave the browser as exceptions: the model cannot
mend them, and a replay that goes on without its recording would prove nothing.
"""

import re

from glm_tools.errors import ToolError

_CREDENTIALS = re.compile(r"//[^/?#]*@")


class BrowserError(ToolError):
    """Base of what the model is told. Messages never hold page text."""


class ActionError(BrowserError):
    """Raised when a call is not `search(…)`, `open_url(…)` or `mclick(…)` with literal arguments."""


class AddressError(BrowserError):
    """Raised before anything is sent, when a URL is malformed or its address is not open to the browser.

    Attributes:
        url: as it was asked for, cut to 200 characters, without user name and password.
        problem: why not.
    """

    def __init__(self, url: str, problem: str) -> None:
        self.url = _shown(url)
        self.problem = problem
        super().__init__(f"{self.url!r}: {problem}")


class RobotsError(AddressError):
    """Raised when robots.txt forbids the page to this agent, or cannot be read because the site is failing."""


class FetchError(BrowserError):
    """Raised when a page could not be transferred.

    Attributes:
        url: the URL of the hop that failed.
        problem: what happened.
        status: the HTTP status, where there was one.
    """

    def __init__(self, url: str, problem: str, status: int | None = None) -> None:
        self.url = _shown(url)
        self.problem = problem
        self.status = status
        super().__init__(f"{self.url!r}: {problem}")


class FetchTimeoutError(FetchError):
    """Raised when no usable part of a page arrived in time."""


class FetchCancelledError(FetchError):
    """Raised when a transfer was stopped from outside."""


class UnreadablePageError(BrowserError):
    """Raised when a page arrived but no text can be had from it: too hostile to parse, encrypted, empty."""


class SearchError(BrowserError):
    """Raised when a search provider fails.

    Attributes:
        provider: its name.
        problem: what happened, with what to do where that is known.
    """

    def __init__(self, provider: str, problem: str) -> None:
        super().__init__(f"search with {provider} failed: {problem}")
        self.provider = provider
        self.problem = problem


def _shown(url: str) -> str:
    """`url` for a message: not all of a long one, and no password."""
    url = _CREDENTIALS.sub("//…@", url)
    return url if len(url) <= 200 else url[:200] + "…"


class CassetteError(Exception):
    """Raised when a recording cannot answer: it lacks the entry, or the file is not a recording."""


class BrowserConfigError(ValueError):
    """Raised when settings do not make sense, before the first call."""

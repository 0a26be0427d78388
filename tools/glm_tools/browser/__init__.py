"""GLM-4's web tool: search, read pages, cite them.

Importing this costs little: requests, BeautifulSoup and lxml are loaded with the first page.
"""

from glm_tools.browser.actions import ACTION_GRAMMAR
from glm_tools.browser.browser import Browser
from glm_tools.browser.citations import Citation, Source, check_citations, footnotes, with_footnotes
from glm_tools.browser.config import BrowserConfig, FetchConfig
from glm_tools.browser.errors import BrowserConfigError, BrowserError, CassetteError
from glm_tools.browser.simple_browser import (
    BrowserTool,
    as_functions,
    browser_functions,
    browsers_of,
)

__all__ = [
    "ACTION_GRAMMAR",
    "Browser",
    "BrowserConfig",
    "BrowserConfigError",
    "BrowserError",
    "BrowserTool",
    "CassetteError",
    "Citation",
    "FetchConfig",
    "Source",
    "as_functions",
    "browser_functions",
    "browsers_of",
    "check_citations",
    "footnotes",
    "with_footnotes",
]

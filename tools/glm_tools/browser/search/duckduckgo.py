"""Search through the package ddgs, which reads the result pages of several engines and needs no key.

Does not go through `fetch`: ddgs brings a transport of its own, to the fixed hosts of those engines. Rate limits are
normal with it.
"""

import importlib.util
import threading
from typing import Any

from glm_tools.browser.errors import FetchCancelledError, SearchError
from glm_tools.browser.response import CancelSignal
from glm_tools.browser.search.provider import SearchResult, clean_results, records

_TIME_LIMITS = ((1, "d"), (7, "w"), (31, "m"), (366, "y"))
_POLL_S = 0.05


def is_installed() -> bool:
    return importlib.util.find_spec("ddgs") is not None


class DuckDuckGo:
    """Several engines through ddgs, whose documentation is at https://pypi.org/project/ddgs."""

    name = "ddgs"

    def __init__(self, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s

    def search(
        self, query: str, recency_days: int | None, limit: int, cancel: CancelSignal | None
    ) -> list[SearchResult]:
        if not is_installed():
            raise SearchError(self.name, "it is not installed: pip install 'glm-agent[search]'")
        done = threading.Event()
        found: list[dict[str, Any]] = []
        problem: list[str] = []

        def ask() -> None:  # in a thread: ddgs cannot be cancelled, so it is left behind instead
            import ddgs
            from ddgs.exceptions import DDGSException, RatelimitException

            limit_name = next(
                (name for days, name in _TIME_LIMITS if recency_days and recency_days <= days), None
            )
            try:
                found.extend(
                    records(
                        ddgs.DDGS(timeout=int(self._timeout_s)).text(
                            query, timelimit=limit_name, max_results=limit
                        )
                    )
                )
            except RatelimitException:
                problem.append("the rate limit is reached; it passes within minutes")
            except DDGSException as error:
                if "no results" not in str(error).lower():
                    problem.append(str(error)[:200] or type(error).__name__)
            except Exception as error:  # noqa: BLE001 - it runs on engines' markup, and fails in any way
                problem.append(f"{type(error).__name__}")
            finally:
                done.set()

        threading.Thread(target=ask, name="browser-ddgs", daemon=True).start()
        waited_s = 0.0
        while not done.wait(_POLL_S):
            waited_s += _POLL_S
            if cancel is not None and cancel.is_set():
                raise FetchCancelledError("ddgs", "stopped")
            if waited_s > 3 * self._timeout_s:
                raise SearchError(self.name, "no answer in time")
        if problem:
            raise SearchError(self.name, problem[0])
        return clean_results(
            ((item.get("title"), item.get("href"), item.get("body"), None) for item in found), limit
        )

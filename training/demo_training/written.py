"""Cases from a TOML file of questions, tools and right calls."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Literal
from urllib.parse import urlsplit

from demo_training.cases import Case
from demo_training.data.episode import Call, Round, json_call
from glm_tools.browser.simple_browser import SPEC as BROWSER
from glm_tools.python import SPEC as PYTHON
from glm_tools.tool import Observation, ToolSpec, function_spec

Questions = Literal["blind", "development"]


def load_cases(questions: Questions = "blind", share: float = 1.0) -> list[Case]:
    """All cases of `questions`.toml, or a share of each kind, at least one, spread evenly over its questions."""
    source = resources.files("demo_training") / f"{questions}.toml"
    tables = tomllib.loads(source.read_text(encoding="utf-8"))
    specs = {spec.name: spec for spec in (*map(_spec, tables.pop("tool")), PYTHON, BROWSER)}
    cases = []
    for kind, entries in tables.items():
        count = max(1, round(len(entries) * share))
        kept = [entries[number * len(entries) // count] for number in range(count)]
        cases += [_case(kind, entry, specs) for entry in kept]
    return cases


def _spec(entry: Mapping[str, Any]) -> ToolSpec:
    return function_spec(
        entry["name"], entry["description"], entry["parameters"], *entry["required"]
    )


def _case(kind: str, entry: Mapping[str, Any], specs: Mapping[str, ToolSpec]) -> Case:
    calls = (
        _browsing(entry) if kind == "browser" else [_call(each) for each in entry.get("calls", ())]
    )
    failures = (entry["failure"],) if "failure" in entry else ()
    asked = Round(
        kind, entry["user"], (*calls[:1] * len(failures), *calls), "", tuple(entry.get("facts", ()))
    )
    return Case(kind, tuple(specs[name] for name in entry["tools"]), asked, failures)


def _call(entry: Mapping[str, Any]) -> Call:
    """What python says is not stored: a run has the real tool."""
    if entry["tool"] == PYTHON.name:
        return Call(PYTHON.name, entry["code"], ())
    return json_call(entry["tool"], entry["arguments"], entry["result"])


def _browsing(entry: Mapping[str, Any]) -> list[Call]:
    """A search and perhaps a click on one of its results, or a page whose address the question gives."""
    if "url" in entry:
        page = Observation(_page(0, entry, entry["page"]), "browser_result")
        return [Call(BROWSER.name, f'open_url("{entry["url"]}")', (page,))]
    results: Sequence[Mapping[str, str]] = entry["results"]
    found = Observation(_results(results), "browser_result")
    calls = [Call(BROWSER.name, f'search("{entry["search"]}")', (found,))]
    if "open" in entry:
        number = entry["open"]
        page = Observation(
            _page(number, results[number], entry["page"]), f"quote_result [{number}†source]"
        )
        calls.append(Call(BROWSER.name, f"mclick([{number}])", (page,)))
    return calls


def _results(results: Sequence[Mapping[str, str]]) -> str:
    """As the browser words what a search found."""
    lines = []
    for number, each in enumerate(results):
        host = urlsplit(each["url"]).netloc
        lines += [f" # 【{number}†{each['title']}†{host}】", each["snippet"]]
    return "\n".join([*lines, "Visible: 0% - 100%"])


def _page(number: int, source: Mapping[str, str], text: str) -> str:
    """As the browser words a page that it has opened."""
    head = f"TITLE: {source['title']}\nURL: {source['url']}\n【{number}†source】"
    return f"{head}\n\n{text}\n\nVisible: 0% - 100%"

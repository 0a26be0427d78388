"""What a page says about itself outside its text: date, canonical URL, base, refresh."""

import json
import re
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_DATE_NAMES = (
    "article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.date", "dcterms.created",
    "pubdate", "publishdate", "publication_date", "parsely-pub-date", "sailthru.date", "og:published_time",
    "article:modified_time", "datemodified", "last-modified",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Strings as the page gives them, empty where it does not; `date` is YYYY-MM-DD. None of it can be trusted."""

    date: str
    canonical: str
    base: str
    refresh: str


def find_facts(soup: BeautifulSoup) -> PageFacts:
    """To be called before scripts are removed: JSON-LD is one."""
    return PageFacts(_date(soup), _link(soup, "canonical"), _base(soup), _refresh(soup))


def _date(soup: BeautifulSoup) -> str:
    named: dict[str, str] = {}
    for meta in soup.find_all("meta"):
        for key in ("property", "name", "itemprop"):
            if name := str(meta.get(key) or "").lower():
                named.setdefault(name, str(meta.get("content") or ""))
    candidates = [named[name] for name in _DATE_NAMES if name in named]
    candidates[1:1] = _json_ld_dates(soup)
    candidates += [
        str(element.get("content") or element.get("datetime") or element.get_text())[:40]
        for element in soup.find_all(True, attrs={"itemprop": "datePublished"}, limit=1)
    ]
    candidates += [
        str(element.get("datetime") or "")[:40] for element in soup.find_all("time", limit=1)
    ]
    return next((match[0] for text in candidates if (match := _DATE.search(text))), "")


def _json_ld_dates(soup: BeautifulSoup) -> list[str]:
    for script in soup.find_all("script", attrs={"type": "application/ld+json"}, limit=5):
        try:
            data = json.loads(script.get_text())
        except (ValueError, RecursionError):
            continue
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict) and isinstance(item.get("datePublished"), str):
                return [item["datePublished"]]
    return []


def _link(soup: BeautifulSoup, relation: str) -> str:
    element = soup.find("link", attrs={"rel": relation})
    return str(element.get("href") or "").strip()[:2_000] if isinstance(element, Tag) else ""


def _base(soup: BeautifulSoup) -> str:
    element = soup.find("base", href=True)
    return str(element["href"]).strip()[:2_000] if isinstance(element, Tag) else ""


def _refresh(soup: BeautifulSoup) -> str:
    for meta in soup.find_all("meta", attrs={"http-equiv": True}):
        if str(meta["http-equiv"]).lower() == "refresh":
            match = re.search(
                r"url\s*=\s*[\"']?([^\"'>]{1,2000})", str(meta.get("content") or ""), re.IGNORECASE
            )
            return match[1].strip() if match else ""
    return ""

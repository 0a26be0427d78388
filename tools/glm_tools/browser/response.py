"""What a URL answered with, wherever the answer came from: the network, a cassette, a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from glm_tools.browser.address import WebURL

Truncation = Literal["", "size", "time", "connection"]

_READABLE_TYPES = (
    "text/", "application/xhtml", "application/json", "application/xml", "application/pdf", "application/x-ndjson",
    "application/javascript", "application/yaml", "application/x-yaml", "application/toml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Response:
    """The answer.

    Attributes:
        url: the last hop's.
        status: the HTTP status; 200 for a file.
        headers: names in lower case.
        body: decompressed; empty for types that hold no text, whose `content-length` then says what there was.
        truncation: why `body` is not the whole, if it is not.
        fetched_at: UTC; of the first transfer when the page was revalidated.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    truncation: Truncation
    fetched_at: datetime

    @property
    def content_type(self) -> str:
        """Lower case, without parameters; empty when the server gave none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class CancelSignal(Protocol):
    """Says when to stop; a `threading.Event` is one."""

    def is_set(self) -> bool: ...


class Progress(Protocol):
    """Called many times a second, by whoever waits for a page, with the URL that was asked for and the bytes of body so far."""

    def __call__(self, url: str, received_bytes: int) -> None: ...


class PageSource(Protocol):
    """Where pages come from."""

    def get(
        self, url: WebURL, *, cancel: CancelSignal | None = None, progress: Progress | None = None
    ) -> Response:
        """The page at `url`.

        Raises:
            BrowserError: it is not to be had; the message says why.
        """
        ...


def is_readable(content_type: str) -> bool:
    """Whether text can be expected in a body of this type. No type at all is worth a look."""
    return (
        not content_type
        or content_type.startswith(_READABLE_TYPES)
        or content_type.endswith(("+json", "+xml"))
    )

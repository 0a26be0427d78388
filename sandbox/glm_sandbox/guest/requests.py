"""Answers to the host's requests about files below the data folder."""

import json
from collections.abc import Callable

from glm_sandbox.guest import data_files
from glm_sandbox.protocol import Frame, ProtocolError


class FileRequests:
    """`put`, `get`, `list` and `ping`, and what a cell has changed.

    They are served between cells, in one go: the host waits for each.
    """

    def __init__(self, data_dir: str, send: Callable[..., None]) -> None:
        self._data_dir = data_dir
        self._send = send
        self._upload: data_files.Upload | None = None
        self._upload_request = ""
        self._failed_request = ""  # its remaining pieces are ignored
        self._reported: dict[str, data_files.Stamp] = {}

    def serve(self, frame: Frame) -> None:
        """Answer one request; a frame of an unknown kind is ignored.

        Raises:
            ProtocolError: a request without what it must have.
        """
        if frame.kind not in ("put", "get", "list", "ping"):
            return
        request = frame.text("request")
        try:
            if frame.kind == "put":
                self._put(frame, request)
            elif frame.kind == "get":
                self._get(request, frame.text("path"), frame.integer("limit_bytes"))
            elif frame.kind == "list":
                listing = data_files.list_files(self._data_dir)
                self._send_listing("reply", listing, listing.files, [], request=request)
            else:
                self._send("reply", request=request)
        except OSError as error:
            self._send("reply", request=request, problem=error.strerror or str(error))

    def send_changes(self, token: str) -> None:
        """Tell which files are new, changed or gone since this was last told."""
        listing = data_files.list_files(self._data_dir)
        changed = {
            path: stamp
            for path, stamp in listing.files.items()
            if self._reported.get(path) != stamp
        }
        removed = [] if listing.truncated else sorted(self._reported.keys() - listing.files.keys())
        self._reported = listing.files
        if changed or removed or listing.unlisted or listing.truncated:
            self._send_listing("files", listing, changed, removed, token=token)

    def _send_listing(
        self,
        kind: str,
        listing: data_files.Listing,
        files: dict[str, data_files.Stamp],
        removed: list[str],
        **fields: str,
    ) -> None:
        entries: dict[str, object] = {
            "files": [[path, stamp.size] for path, stamp in files.items()],
            "removed": removed,
        }
        body = json.dumps(entries).encode("ascii")
        self._send(kind, body, unlisted=listing.unlisted, truncated=listing.truncated, **fields)

    def _put(self, frame: Frame, request: str) -> None:
        if request == self._failed_request:
            return
        try:
            if self._upload is None or request != self._upload_request:
                self._abandon()
                self._upload = data_files.Upload(self._data_dir, frame.text("path"))
                self._upload_request = request
            self._upload.write(frame.body)
            if not frame.flag("last"):
                return
            upload, self._upload = self._upload, None
            upload.commit()
        except (OSError, ProtocolError):
            self._failed_request = request
            self._abandon()
            raise
        # The host knows of this file: it is no news at the end of the next cell.
        listing = data_files.list_files(self._data_dir)
        path = frame.text("path")
        if path in listing.files:
            self._reported[path] = listing.files[path]
        self._send("reply", request=request)

    def _abandon(self) -> None:
        if self._upload is not None:
            self._upload.abandon()
            self._upload = None

    def _get(self, request: str, path: str, limit_bytes: int) -> None:
        for piece in data_files.read_chunks(self._data_dir, path, limit_bytes):
            self._send("file", piece, request=request)
        self._send("reply", request=request)

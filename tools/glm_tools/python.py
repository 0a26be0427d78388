"""GLM-4's built-in `python` tool: a stateful session in a sandbox."""

import mimetypes
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from glm_sandbox.errors import SandboxClosedError, SandboxError, SandboxUnavailableError
from glm_sandbox.sandbox import DataFile, ExecResult, Sandbox, Status
from glm_tools.tool import Attachment, Ctx, ResultStatus, Tool, ToolOutput, ToolSpec

SPEC = ToolSpec(
    name="python",
    description=(
        "Run Python code in a stateful session, as in a notebook: variables stay, and the value of the last "
        "expression is shown. Files live in /mnt/data. There is no internet."
    ),
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "Python source."}},
        "required": ["code"],
        "additionalProperties": False,
    },
    builtin="python",
)
# For the constrained path, in llguidance's dialect of Lark: code whose brackets and strings are all closed. More cannot
# be asked of every text that a session takes; less lets a call end in the middle of an expression.
CODE_RULES = r"""
code: (CODE_TEXT | CODE_COMMENT | CODE_STRING | code_group)+
code_group: "(" code? ")" | "[" code? "]" | "{" code? "}"
CODE_TEXT: /[^()\[\]{}"'#]+/
CODE_COMMENT: /#[^\n]*/
CODE_STRING: LONG_DOUBLE | LONG_SINGLE | SHORT_DOUBLE | SHORT_SINGLE
LONG_DOUBLE: /"{3}("?"?([^"\\]|\\(.|\n)))*"{3}/
LONG_SINGLE: /'{3}('?'?([^'\\]|\\(.|\n)))*'{3}/
SHORT_DOUBLE: /"([^"\\\n]|\\(.|\n))*"/
SHORT_SINGLE: /'([^'\\\n]|\\(.|\n))*'/
"""
NO_OUTPUT = "(no output)"
CANCEL_GRACE_S = 10.0  # an interrupted cell ends sooner; this is how long its result is waited for
ATTACHED_BYTES = (
    16 << 20
)  # files of one cell that the user gets at once; the rest stay in the session
LISTED_FILES = 20

_STATUS: Mapping[Status, ResultStatus] = {
    "ok": "ok",
    "error": "error",
    "timeout": "timeout",
    "oom": "error",
    "crashed": "error",
    "output_limit": "error",
    "interrupted": "cancelled",
    "sandbox_lost": "unavailable",
}
_EXTENSIONS = {"image/png": "png", "image/svg+xml": "svg", "image/jpeg": "jpg", "text/html": "html"}


class PythonTool(Tool):
    """The `python` tool over a sandbox that is started by the first call.

    Time is kept by the sandbox, which can interrupt a cell and keep its variables. A sandbox that goes away while a cell
    runs replaces itself; its message says what is left.

    Args:
        open_session: starts a sandbox; called again after one was closed by somebody else.
        on_open: called with each sandbox that was started, to tell the user of its weaknesses, say.
    """

    lost_state_note = (
        "[The python session is a new one: variables, imports and files of earlier calls are gone.]"
    )

    def __init__(
        self,
        open_session: Callable[[], Sandbox],
        *,
        on_open: Callable[[Sandbox], None] | None = None,
    ) -> None:
        super().__init__(SPEC, timeout_s=None, grace_s=CANCEL_GRACE_S, untrusted=True)
        self._open_session = open_session
        self._on_open = on_open
        self._sandbox: Sandbox | None = None
        self._closed = False
        self._figures = 0
        self._lock = threading.Lock()  # one cell at a time

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> ToolOutput:
        with self._lock:
            try:
                sandbox = self._session()
                result = sandbox.execute(
                    without_fence(arguments["code"]), cancel=ctx.cancelled, on_output=ctx.on_output
                )
            except SandboxUnavailableError as error:
                return _unavailable("No code was run.", str(error))
            except SandboxClosedError as error:
                self._drop_session()
                return _unavailable(
                    "The session has ended and its variables are gone; the next call starts a new one.",
                    str(error),
                )
            return self._output(sandbox, result)

    def close(self) -> None:
        """End the session and what runs in it. Later calls say that the tool is closed."""
        self._closed = True
        self._drop_session()

    def _session(self) -> Sandbox:
        if self._closed:
            raise SandboxUnavailableError("The python tool was closed.", "")
        if self._sandbox is None:
            sandbox = self._open_session()
            if self._closed:  # while it started, which may take a minute
                sandbox.close()
                raise SandboxUnavailableError("The python tool was closed.", "")
            self._sandbox = sandbox
            if self._on_open is not None:
                self._on_open(sandbox)
        return self._sandbox

    def _drop_session(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()

    def _output(self, sandbox: Sandbox, result: ExecResult) -> ToolOutput:
        attachments = []
        for display in result.displays:
            self._figures += 1
            extension = _EXTENSIONS.get(display.mime, "bin")
            attachments.append(
                Attachment(f"figure-{self._figures}.{extension}", display.mime, display.data)
            )
        files, detail = _fetch_files(sandbox, result.files)
        return ToolOutput.from_text(
            observation_text(result),
            *attachments,
            *files,
            status=_STATUS[result.status],
            detail=detail,
        )


def observation_text(result: ExecResult) -> str:
    """What the model reads of a cell: what was printed, the value, the error, then notes in brackets."""
    parts = [result.stdout, result.stderr, result.value, result.error]
    if result.status not in ("ok", "error"):
        parts.append(
            result.message
            or f"[the code ended with: {result.status}; variables: {result.variables}]"
        )
    elif result.message:
        parts.append(result.message)
    if result.truncated:
        parts.append("[the output was too long; its middle is left out]")
    if result.displays:
        images = sum(display.mime.startswith("image/") for display in result.displays)
        others = len(result.displays) - images
        if images:
            parts.append(f"[image: {images} figure{'s' * (images > 1)} shown to the user]")
        if others:
            parts.append(f"[{others} other display{'s' * (others > 1)} shown to the user]")
    if result.files:
        listed = ", ".join(
            f"{file.path} ({file.size_bytes:,} bytes)" for file in result.files[:LISTED_FILES]
        )
        more = len(result.files) - LISTED_FILES
        parts.append(f"[files in /mnt/data: {listed}{f' and {more} more' if more > 0 else ''}]")
    text = "\n".join(part.rstrip("\n") for part in parts if part and part.strip("\n"))
    return text or NO_OUTPUT


def without_fence(code: str) -> str:
    """`code` out of a Markdown fence or from under a first line `python`, as models like to write it."""
    fenced = re.fullmatch(
        r"\s*```(?:python|py)?[ \t]*\n(.*?)\n?```\s*", code, re.DOTALL | re.IGNORECASE
    )
    if fenced:
        return fenced[1]
    first, newline, rest = code.partition("\n")
    return rest if newline and first.strip() == "python" else code


def _fetch_files(sandbox: Sandbox, files: tuple[DataFile, ...]) -> tuple[list[Attachment], str]:
    """The files that fit into `ATTACHED_BYTES`, and a line about each of the others."""
    attachments = []
    notes = []
    left_bytes = ATTACHED_BYTES
    for file in files:
        if file.size_bytes > left_bytes:
            notes.append(f"/mnt/data/{file.path} was not attached: {file.size_bytes:,} bytes.")
            continue
        try:
            data = sandbox.get_file(file.path)
        except SandboxError as error:  # the cell ran: its result comes without the file
            notes.append(f"/mnt/data/{file.path} could not be attached: {error}")
            continue
        left_bytes -= len(data)
        mime = mimetypes.guess_type(file.path)[0] or "application/octet-stream"
        attachments.append(Attachment(file.path, mime, data))
    return attachments, "\n".join(notes)


def _unavailable(what: str, detail: str) -> ToolOutput:
    text = f"The python tool is not available: this is a problem of the machine, not of the code. {what}"
    return ToolOutput.from_text(text, status="unavailable", detail=detail)

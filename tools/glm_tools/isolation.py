"""Calls in a child process that is really ended, with whatever it started, when its time is over.

Covers: a call that hangs, in C code too; a crash, which ends the child only; children, and children that made
themselves daemons. If this program dies, the child dies with it. What the tool prints comes through pipes, from its
own children too.

Does not cover: untrusted code. The tool runs as the same user, with the same files, network and environment; that is
what the sandbox is for. Without Linux' /proc, a daemon that left its process group survives.
"""

import base64
import codecs
import contextlib
import json
import os
import pickle
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from glm_tools.errors import ToolDefinitionError
from glm_tools.tool import Attachment, Ctx, Observation, ToolOutput, ToolSpec

POLL_S = 0.05
KILL_S = 5.0  # the keeper has so long to end the tree before it is ended itself
MAX_PRINTED_CHARS = 64_000
HEADER = struct.Struct("!Q")  # length in bytes of the JSON that follows
_BOOTSTRAP = (
    "import sys; sys.path[:] = sys.argv[3:]; from glm_tools.isolated_worker import main; "
    "main(int(sys.argv[1]), int(sys.argv[2]))"
)
is_worker = False  # set in the child


class IsolatedCallStopped(Exception):
    """Raised when a call was ended because it was told to stop.

    Attributes:
        printed: what had come of it until then.
    """

    def __init__(self, printed: str) -> None:
        super().__init__("the call was told to stop")
        self.printed = printed


@dataclass(frozen=True, slots=True)
class Source:
    """Where the child finds a function again.

    Attributes:
        spec: its module's name or file, as `load_module` takes it.
        module: what its module is called here: what was pickled names it so.
        qualname: of the function, in its module.
    """

    spec: str
    module: str
    qualname: str


def source_of(function: Callable[..., Any], tool_name: str) -> Source:
    """Where `function` can be loaded from in another process.

    Raises:
        ToolDefinitionError: nowhere: it is local to a function, has no name, or was typed into an interpreter.
    """
    if not hasattr(os, "fork"):
        raise ToolDefinitionError("isolate=True needs Linux or another POSIX system.")
    qualified = getattr(function, "__qualname__", "")
    name = getattr(function, "__module__", "")
    module = sys.modules.get(name)
    if not qualified or "<" in qualified or module is None:  # `<locals>`, `<lambda>`
        raise ToolDefinitionError(
            f"Tool {tool_name!r} cannot be isolated: {qualified or function!r} must be a function at the top level of "
            "a module, or a method of a class there, so that another process finds it."
        )
    spec = getattr(module, "__spec__", None)
    path = getattr(module, "__file__", None)
    if path is not None and (
        spec is None or not spec.parent
    ):  # a script, or a module in no package
        return Source(str(Path(path).absolute()), name, qualified)
    if spec is None:
        raise ToolDefinitionError(
            f"Tool {tool_name!r} cannot be isolated: {qualified!r} is in no file. Write it into one."
        )
    return Source(spec.name, name, qualified)


def run_isolated(
    function: Callable[..., Any], spec: ToolSpec, ctx: Ctx[Any], *, is_typed: bool
) -> ToolOutput:
    """Run `ctx.call` in a child process; when `ctx.cancelled` is set, end the child and all that it started.

    Args:
        function: what the tool calls. A method's object goes along as a copy: what the call changes in it is lost.
        spec: of the tool.
        ctx: of the call.
        is_typed: arguments become Python values by the function's type hints; otherwise they stay JSON.

    Raises:
        IsolatedCallStopped: `ctx.cancelled` was set.
        ToolDefinitionError: the method's object cannot be sent to another process.
    """
    source = source_of(function, spec.name)
    request = {
        "source": source.spec,
        "module": source.module,
        "qualname": source.qualname,
        "instance": _pickled(getattr(function, "__self__", None), spec.name),
        "name": spec.name,
        "schema": None if is_typed else spec.parameters,
        "id": ctx.call.id,
        "arguments": dict(ctx.call.arguments or {}),
        "raw": ctx.call.raw,
    }
    with _Child() as child:
        child.send(json.dumps(request).encode())
        printed = _Printed(ctx.on_output)
        payload = child.follow(printed, ctx)
    if payload is None and ctx.cancelled.is_set():
        raise IsolatedCallStopped(printed.text)
    if payload is None:
        text = f"{spec.name!r} ended without a result: {_how_it_ended(child.returncode)}."
        return ToolOutput.from_text(text, status="error", detail=printed.text)
    output = decode_output(payload)
    return replace(output, detail=printed.text + output.detail)


def _pickled(instance: object, tool_name: str) -> str | None:
    if instance is None:
        return None
    try:
        return base64.b64encode(pickle.dumps(instance)).decode("ascii")
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise ToolDefinitionError(
            f"Tool {tool_name!r} cannot be isolated: its object cannot be sent to another process: {error}"
        ) from error


def encode_output(output: ToolOutput) -> bytes:
    """What the child sends: the length, then JSON."""
    value = {
        "observations": [[o.text, o.metadata] for o in output.observations],
        "attachments": [
            [a.name, a.mime, base64.b64encode(a.data).decode()] for a in output.attachments
        ],
        "status": output.status,
        "detail": output.detail,
    }
    payload = json.dumps(value).encode()
    return HEADER.pack(len(payload)) + payload


def decode_output(payload: bytes) -> ToolOutput:
    """What `encode_output` was given, without the length."""
    value = json.loads(payload)
    return ToolOutput(
        tuple(Observation(text, metadata) for text, metadata in value["observations"]),
        tuple(
            Attachment(name, mime, base64.b64decode(data))
            for name, mime, data in value["attachments"]
        ),
        value["status"],
        value["detail"],
    )


class _Printed:
    """Collects what the child prints and passes it on."""

    def __init__(self, on_output: Callable[[str, str], None]) -> None:
        self._on_output = on_output
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")
        }
        self.text = ""

    def add(self, stream: str, data: bytes) -> None:
        text = self._decoders[stream].decode(data)
        self.text += text[: MAX_PRINTED_CHARS - len(self.text)]
        self._on_output(stream, text)


class _Child:
    """The keeper's process, seen from here. Closing its control pipe makes it end everything."""

    def __init__(self) -> None:
        control_read, self._control = os.pipe()
        self._result, result_write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-c",
                    _BOOTSTRAP,
                    str(control_read),
                    str(result_write),
                    *sys.path,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(control_read, result_write),
                start_new_session=True,
            )
        except OSError:
            os.close(self._control)
            os.close(self._result)
            raise
        finally:
            os.close(control_read)
            os.close(result_write)

    @property
    def returncode(self) -> int:
        """As the keeper reports it: of the worker, 128 + n after signal n."""
        code: int = self._process.returncode
        return code

    def send(self, payload: bytes) -> None:
        data = memoryview(HEADER.pack(len(payload)) + payload)
        with contextlib.suppress(
            BrokenPipeError
        ):  # it ended before it read: its return code says why
            while data:
                data = data[os.write(self._control, data) :]

    def follow(self, printed: _Printed, ctx: Ctx[Any]) -> bytes | None:
        """The result's JSON; None when the child ended without one, or was stopped."""
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._result, selectors.EVENT_READ, "result")
            for name, pipe in self._pipes().items():
                selector.register(pipe, selectors.EVENT_READ, name)
            deadline_s = None
            while selector.get_map():
                if deadline_s is None and (ctx.cancelled.is_set() or _is_whole(received)):
                    self._let_go()
                    deadline_s = time.monotonic() + KILL_S
                if deadline_s is not None and time.monotonic() > deadline_s:
                    break
                for key, _ in selector.select(POLL_S):
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.data == "result":
                        received += data
                    else:
                        printed.add(key.data, data)
        return bytes(received[HEADER.size :]) if _is_whole(received) else None

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *error: object) -> None:
        self._let_go()
        try:
            self._process.wait(KILL_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._result)
        for pipe in self._pipes().values():
            pipe.close()

    def _let_go(self) -> None:
        if self._control >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(
                    self._control, b"\0"
                )  # closing is not enough: a fork of ours may hold the pipe too
            os.close(self._control)
            self._control = -1

    def _pipes(self) -> dict[str, IO[bytes]]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        return {"stdout": self._process.stdout, "stderr": self._process.stderr}


def _is_whole(received: bytearray) -> bool:
    if len(received) < HEADER.size:
        return False
    length: int = HEADER.unpack_from(received)[0]
    return len(received) == HEADER.size + length


def _how_it_ended(code: int) -> str:
    if code > 128:
        with contextlib.suppress(ValueError):
            return f"its process was ended by {signal.Signals(code - 128).name}"
    return f"its process exited with code {code}"

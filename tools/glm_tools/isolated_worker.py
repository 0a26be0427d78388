"""The child's side of `isolation`: a keeper that ends everything, and the worker that runs the call.

The keeper is forked from before anything heavy is loaded. It becomes the parent of every process that the worker
leaves behind (PR_SET_CHILD_SUBREAPER), so that none escapes by making itself a daemon.
"""

import base64
import contextlib
import ctypes
import json
import os
import pickle
import select
import signal
import sys
import time
import traceback
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import MethodType
from typing import Any, NoReturn

from glm_tools import isolation
from glm_tools.function_tool import FunctionTool
from glm_tools.tool import Ctx, ToolCall, ToolSpec

_PR_SET_CHILD_SUBREAPER = 36
_POLL_S = 0.05
_PROC = Path("/proc")


def main(control: int, result: int) -> NoReturn:
    """Read the request from `control`, run it in a worker, and end all that is left when the worker or the host ends."""
    (length,) = isolation.HEADER.unpack(_read(control, isolation.HEADER.size))
    request = json.loads(_read(control, length))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    worker = os.fork()
    if worker == 0:
        os.setpgid(0, 0)
        os.close(control)
        _work(request, result)
    os.close(result)
    status = None
    while status is None:
        ready, _, _ = select.select([control], [], [], _POLL_S)
        if ready:  # the host wants no more, or is gone
            break
        pid, wait_status = os.waitpid(worker, os.WNOHANG)
        if pid:
            status = wait_status
    _kill_all(worker)
    code = 0 if status is None else os.waitstatus_to_exitcode(status)
    os._exit(128 - code if code < 0 else code)


def _work(request: dict[str, Any], result: int) -> NoReturn:
    from glm_tools.event_loop import EventLoopThread
    from glm_tools.execution import Execution

    isolation.is_worker = True
    printed: list[str] = []

    def on_output(stream: str, text: str) -> None:
        printed.append(text)
        _write(1 if stream == "stdout" else 2, text.encode("utf-8", "replace"))

    code = 1
    try:
        tool = _find(request)
        tool.isolate = False
        call = ToolCall(request["id"], tool.spec.name, request["arguments"], request["raw"])
        ctx = Ctx(deps=None, call=call, cancelled=Event(), on_output=on_output)
        execution = Execution(tool, request["arguments"], ctx, EventLoopThread)
        execution.run_here()  # in the main thread: the tool may set signal handlers here
        assert execution.output is not None
        # What was printed is on its way through the pipes; the host puts it before the rest.
        shown = "".join(printed)[: isolation.MAX_PRINTED_CHARS]
        detail = execution.output.detail.removeprefix(shown)
        sys.stdout.flush()
        _write(result, isolation.encode_output(replace(execution.output, detail=detail)))
        code = 0
    except BaseException:  # noqa: BLE001 - the host shows it to the user
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _find(request: dict[str, Any]) -> FunctionTool[..., Any]:
    """The tool of a request, with its object where it is a method's."""
    from glm_tools.loading import load_module, load_tools

    module = load_module(request["source"])
    sys.modules[request["module"]] = module  # what was pickled in the host names it so
    found: Any = module
    for name in request["qualname"].split("."):
        found = getattr(found, name)
    if request["schema"] is not None:
        function = found.function if isinstance(found, FunctionTool) else found
        found = FunctionTool(function, ToolSpec(request["name"], "", request["schema"]))
    elif not isinstance(found, FunctionTool):  # the function kept its name, its tool has another
        named = [
            tool for tool in load_tools(request["source"]) if tool.spec.name == request["name"]
        ]
        (found,) = (tool for tool in named if isinstance(tool, FunctionTool))
    tool: FunctionTool[..., Any] = copy(found)
    if request["instance"] is not None:
        instance = pickle.loads(base64.b64decode(request["instance"]))  # the host's own
        tool.function = MethodType(tool.function, instance)
    return tool


def _write(fd: int, payload: bytes) -> None:
    data = memoryview(payload)
    while data:
        data = data[os.write(fd, data) :]


def _read(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(fd, min(size - len(data), 1 << 20))
        if not more:  # the host is gone before it asked for anything
            os._exit(0)
        data += more
    return data


def _kill_all(worker: int) -> None:
    """Kill every descendant until none is left; each orphan becomes our child, so none is missed."""
    deadline_s = time.monotonic() + isolation.KILL_S
    while time.monotonic() < deadline_s:
        if _PROC.is_dir():
            for pid in _descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(worker, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it may end while we look
                # "pid (name) state ppid …"; the name may hold spaces and brackets
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = []
    pending = [root]
    while pending:
        for child in children.get(pending.pop(), ()):
            found.append(child)
            pending.append(child)
    return found

"""The built-in `files` tools: look at, search and change the files of one folder.

What they may reach is `workspace`'s affair, and what it does not cover is written there.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from glm_tools.errors import ToolError
from glm_tools.tool import Ctx, Tool, ToolSpec, function_spec
from glm_tools.workspace import PAGE_LINES, Change, Workspace

_PATH = {"type": "string", "description": "Relative to the workspace, as src/main.py."}
_FOLDER = {"type": "string", "description": "A folder; the whole workspace without it."}
_OLD = {
    "type": "string",
    "minLength": 1,
    "description": "The exact text that stands there once.",
}
_NEW = {"type": "string", "description": "What takes its place."}

LIST_FILES = function_spec(
    "list_files", "List the files of a folder.", {"path": _FOLDER, "recursive": {"type": "boolean"}}
)
READ_FILE = function_spec(
    "read_file",
    f"Read a text file, {PAGE_LINES} lines at a time.",
    {"path": _PATH, "first_line": {"type": "integer", "minimum": 1}},
    "path",
)
SEARCH_FILES = function_spec(
    "search_files",
    "Find lines that hold a text, in all files of a folder.",
    {"text": {"type": "string", "minLength": 1}, "path": _FOLDER},
    "text",
)
WRITE_FILE = function_spec(
    "write_file",
    "Make a file, or replace all of it.",
    {"path": _PATH, "content": {"type": "string"}},
    "path",
    "content",
)
EDIT_FILE = function_spec(
    "edit_file",
    "Replace one place in a file.",
    {"path": _PATH, "old": _OLD, "new": _NEW},
    "path",
    "old",
    "new",
)
UNDO_EDIT = function_spec("undo_edit", "Take back the last change of write_file or edit_file.", {})


class FileTool(Tool):
    """One operation on a workspace."""

    def __init__(
        self,
        spec: ToolSpec,
        workspace: Workspace,
        action: Callable[[Mapping[str, Any], Ctx[Any]], str],
        change: Callable[[Mapping[str, Any]], Change] | None = None,
    ) -> None:
        super().__init__(
            spec,
            grace_s=1.0,
            idempotent=change is None,
            risky=change is not None,
            untrusted=change is None,
        )
        self._workspace = workspace
        self._action = action
        self._change = change
        self._shown: dict[str, str] = {}  # the diffs that somebody was asked about, by their calls

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> str:
        shown = self._shown.pop(_key(arguments), "")
        if shown and self._change is not None and self._change(arguments).diff != shown:
            raise ToolError(
                "The file was changed after this change was shown and allowed: nothing was written. Look at it again."
            )
        return self._action(arguments, ctx)

    def preview(self, arguments: Mapping[str, Any]) -> str:
        """The diff of what a call would change; empty for one that only looks, or that would be refused."""
        if self._change is None:
            return ""
        try:
            checked = self.check_arguments(arguments)
            diff = self._shown[_key(checked)] = self._change(checked).diff
        except ToolError:
            return ""
        return diff

    def close(self) -> None:
        self._workspace.close()


def _key(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True)


def file_tools(workspace: Workspace) -> tuple[Tool, ...]:
    """`list_files`, `read_file`, `search_files`, `write_file`, `edit_file` and `undo_edit` over one workspace."""
    space = workspace
    return (
        FileTool(
            LIST_FILES,
            space,
            lambda given, _: space.list_folder(
                given.get("path", "."), recursive=given.get("recursive", False)
            ),
        ),
        FileTool(
            READ_FILE,
            space,
            lambda given, _: space.read(given["path"], given.get("first_line", 1)),
        ),
        FileTool(
            SEARCH_FILES,
            space,
            lambda given, ctx: space.search(
                given["text"], given.get("path", "."), cancelled=ctx.cancelled
            ),
        ),
        FileTool(
            WRITE_FILE,
            space,
            lambda given, _: space.write(given["path"], given["content"]).diff,
            lambda given: space.written(given["path"], given["content"]),
        ),
        FileTool(
            EDIT_FILE,
            space,
            lambda given, _: space.edit(given["path"], given["old"], given["new"]).diff,
            lambda given: space.edited(given["path"], given["old"], given["new"]),
        ),
        FileTool(
            UNDO_EDIT,
            space,
            lambda given, _: space.undo().diff,
            lambda given: space.undone(),
        ),
    )

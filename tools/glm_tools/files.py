"""The built-in `files` tools: look at, search and change the files of one folder.

What they may reach is `workspace`'s affair, and what it does not cover is written there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from glm_tools.errors import ToolError
from glm_tools.tool import Ctx, Tool, ToolSpec
from glm_tools.workspace import PAGE_LINES, Change, Workspace


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

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> str:
        return self._action(arguments, ctx)

    def preview(self, arguments: Mapping[str, Any]) -> str:
        """The diff of what a call would change; empty for one that only looks, or that would be refused."""
        if self._change is None:
            return ""
        try:
            return self._change(self.check_arguments(arguments)).diff
        except ToolError:
            return ""

    def close(self) -> None:
        self._workspace.close()


def file_tools(workspace: Workspace) -> tuple[Tool, ...]:
    """`list_files`, `read_file`, `search_files`, `write_file`, `edit_file` and `undo_edit` over one workspace."""
    path = {"type": "string", "description": "Relative to the workspace, as src/main.py."}
    folder = {"type": "string", "description": "A folder; the whole workspace without it."}
    space = workspace
    return (
        FileTool(
            _spec(
                "list_files",
                "List the files of a folder.",
                {"path": folder, "recursive": {"type": "boolean"}},
            ),
            space,
            lambda given, _: space.list_folder(
                given.get("path", "."), recursive=given.get("recursive", False)
            ),
        ),
        FileTool(
            _spec(
                "read_file",
                f"Read a text file, {PAGE_LINES} lines at a time.",
                {"path": path, "first_line": {"type": "integer", "minimum": 1}},
                "path",
            ),
            space,
            lambda given, _: space.read(given["path"], given.get("first_line", 1)),
        ),
        FileTool(
            _spec(
                "search_files",
                "Find lines that hold a text, in all files of a folder.",
                {"text": {"type": "string", "minLength": 1}, "path": folder},
                "text",
            ),
            space,
            lambda given, ctx: space.search(
                given["text"], given.get("path", "."), cancelled=ctx.cancelled
            ),
        ),
        FileTool(
            _spec(
                "write_file",
                "Make a file, or replace all of it.",
                {"path": path, "content": {"type": "string"}},
                "path",
                "content",
            ),
            space,
            lambda given, _: space.write(given["path"], given["content"]).diff,
            lambda given: space.written(given["path"], given["content"]),
        ),
        FileTool(
            _spec(
                "edit_file",
                "Replace one place in a file.",
                {
                    "path": path,
                    "old": {
                        "type": "string",
                        "minLength": 1,
                        "description": "The exact text that stands there once.",
                    },
                    "new": {"type": "string", "description": "What takes its place."},
                },
                "path",
                "old",
                "new",
            ),
            space,
            lambda given, _: space.edit(given["path"], given["old"], given["new"]).diff,
            lambda given: space.edited(given["path"], given["old"], given["new"]),
        ),
        FileTool(
            _spec("undo_edit", "Take back the last change of write_file or edit_file.", {}),
            space,
            lambda given, _: space.undo().diff,
            lambda given: space.undone(),
        ),
    )


def _spec(name: str, description: str, properties: dict[str, Any], *required: str) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }
    return ToolSpec(name, description, schema)

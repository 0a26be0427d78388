"""The built-in `read_result`: the model pages through a result that was too long for it, or that made room."""

from collections.abc import Callable, Mapping
from typing import Any

from glm_tools.errors import ToolError
from glm_tools.tool import Ctx, Tool, ToolOutput, ToolSpec

NAME = "read_result"
SPEC = ToolSpec(
    name=NAME,
    description="Read on in a result of an earlier call that was cut or left out.",
    parameters={
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The call, as in call_3."},
            "offset": {
                "type": "integer",
                "minimum": 0,
                "description": "The first character to read.",
            },
        },
        "required": ["id", "offset"],
        "additionalProperties": False,
    },
)


class ReadResultTool(Tool):
    """Pages of whole results, each of what the budget of an observation holds.

    Args:
        texts: call id -> whole text; read when a call comes.
        budget_tokens: of one page.
        count_tokens: the model's own count.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        *,
        budget_tokens: int,
        count_tokens: Callable[[str], int],
    ) -> None:
        super().__init__(SPEC, idempotent=True, untrusted=True)
        self._texts = texts
        self._budget_tokens = budget_tokens
        self._count_tokens = count_tokens

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> ToolOutput:
        call_id, offset = arguments["id"], arguments["offset"]
        text = self._texts.get(call_id)
        if text is None:
            known = ", ".join(list(self._texts)[-12:]) or "none yet"
            raise ToolError(f"There is no result of {call_id!r}. There are: {known}.")
        if offset >= len(text):
            raise ToolError(f"The result of {call_id} has {len(text):,} characters.")
        return ToolOutput.from_text(self._page(text, offset))

    def _page(self, text: str, offset: int) -> str:
        """As much from `offset` on as fits, and where the next page begins."""
        fits, too_many = 1, min(len(text) - offset, self._budget_tokens * 64) + 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if self._count_tokens(_with_range(text, offset, middle)) <= self._budget_tokens:
                fits = middle
            else:
                too_many = middle
        return _with_range(text, offset, fits)


def _with_range(text: str, offset: int, length: int) -> str:
    end = offset + length
    note = f"[characters {offset} to {end} of {len(text)}]"
    return f"{note}\n{text[offset:end]}"

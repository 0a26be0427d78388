"""What of a tool's schema the model is held to while it writes, and what can only be checked after."""

from collections.abc import Mapping
from typing import Any

from llguidance import LLMatcher

from glm_engine.errors import GrammarError
from glm_engine.json_grammar import json_rule, relax_schema
from glm_tools.errors import ToolDefinitionError


def unenforced_keywords(subject: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """JSON pointers into `schema` of the keywords that a grammar cannot enforce.

    Args:
        subject: whose schema it is, for messages.
        schema: of what the model writes.

    Raises:
        ToolDefinitionError: no grammar can be made of the schema: nothing could fit it, say.
    """
    try:
        _, pointers = relax_schema(schema)
        grammar = LLMatcher.grammar_from_lark(f"start: {json_rule(schema)}")
    except GrammarError as error:
        raise ToolDefinitionError(f"{subject}: {error}") from error
    is_error, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    if is_error:
        raise ToolDefinitionError(
            f"{subject}: nothing could be written under its schema: {messages[0]}"
        )
    return tuple(pointers)

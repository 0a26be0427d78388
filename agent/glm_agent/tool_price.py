"""What a tool costs: the tokens that showing it to the model takes, in every prompt."""

from collections.abc import Iterable
from pathlib import Path

from glm_agent.errors import ModelUnavailableError
from glm_agent.local_model import open_dialect
from glm_agent.model_choice import best_installed
from glm_agent.models import AUTO, DEMO, installed_path
from glm_engine.demo import demo_checkpoint
from glm_engine.errors import EngineError
from glm_prompts.dialect import Dialect
from glm_prompts.errors import PromptError
from glm_tools.tool import ToolSpec


def load_dialect(model: str) -> Dialect:
    """The dialect and tokenizer of a model, without its weights.

    Args:
        model: as for `load_model`. The demo model is fetched if it is not here, unless `GLM_AGENT_OFFLINE` is set.

    Raises:
        ModelUnavailableError: there is no such model, or no tokenizer in it.
    """
    try:
        dialect, _ = open_dialect(_path(model))
    except (EngineError, PromptError, ValueError) as error:
        raise ModelUnavailableError(
            f"The tokenizer of {model!r} cannot be loaded. {error}"
        ) from error
    return dialect


def _path(model: str) -> Path:
    if model == AUTO:
        choices = (step.choice for step in best_installed(None))
        best = next((choice for choice in choices if choice is not None), None)
        return demo_checkpoint() if best is None else best.path
    return demo_checkpoint() if model == DEMO else installed_path(model)


def tool_prices(dialect: Dialect, specs: Iterable[ToolSpec]) -> dict[str, int]:
    """Tool name -> tokens that it adds to the prompt, beside the heading that all tools share."""
    return {spec.name: _tokens(dialect, [spec, spec]) - _tokens(dialect, [spec]) for spec in specs}


def _tokens(dialect: Dialect, specs: list[ToolSpec]) -> int:
    return sum(len(segment.token_ids) for segment in dialect.start(None, specs))

"""Which model a name means, and loading it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from glm_agent.errors import ModelUnavailableError

if TYPE_CHECKING:
    from glm_agent.local_model import LocalModel

Progress = Callable[[str, int, int], None]

DEMO = "demo"
DEMO_NOTE = (
    "This is the embedded demo model (135M parameters): it shows the loop, it is not clever. "
    "For the real one: --model /path/to/glm-4-9b-chat-hf"
)


def load_model(
    name: str = DEMO,
    *,
    context_length: int | None = None,
    progress: Progress | None = None,
) -> "LocalModel":
    """The chat model of that name, ready to run.

    Args:
        name: `demo` for the embedded model (fetched once), or a checkpoint folder.
        context_length: tokens a conversation may hold; the model's own when None.
        progress: called during long work with what is done, how much of it, and of how much.

    Raises:
        ModelUnavailableError: there is no such model, or it cannot be loaded; the message says why.
    """
    from glm_agent.local_model import open_local_model  # torch: only when a model is wanted

    if name == DEMO:
        return open_local_model(
            None, name=DEMO, note=DEMO_NOTE, context_length=context_length, progress=progress
        )
    folder = Path(name).expanduser()
    if not folder.exists():
        raise ModelUnavailableError(
            f"There is no model {name!r}: neither the name of a known model ({DEMO}) nor a folder that exists. "
            "Give the path of a checkpoint folder (config.json, tokenizer, *.safetensors)."
        )
    return open_local_model(
        folder, name=folder.name, note="", context_length=context_length, progress=progress
    )

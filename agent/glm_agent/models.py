"""Which model a name means, and loading it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glm_agent.errors import ModelUnavailableError

if TYPE_CHECKING:
    from glm_agent.local_model import LocalModel
    from glm_agent.model_choice import Choice

Progress = Callable[[str, int, int], None]

AUTO = "auto"
DEMO = "demo"
SMALL_BYTES = 1 << 30
DEMO_NOTE = (
    "This is the embedded demo model (135M parameters): it shows the loop, it is not clever. "
    "For the real one: --model /path/to/glm-4-9b-chat-hf"
)


def load_model(
    name: str = DEMO,
    *,
    context_length: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> "LocalModel":
    """The chat model of that name, ready to run.

    The weights are held in the best format that fits into memory; where that is not the checkpoint's own, the model's
    `note` says so and why. A name never means another model than it says; only `auto` chooses.

    Args:
        name: `demo` for the embedded model; `auto` for the best installed model that fits; a short name such as
            `glm-4-9b-chat` or `chatglm2-6b`; a hub id; a checkpoint folder; or a GGUF file. What is not here is fetched.
        context_length: tokens a conversation may hold; when None, as many as the model has and memory allows.
        device: where it computes: `cpu`, or `cuda`, on which nothing has been measured yet.
        progress: called during long work with what is done, how much of it, and of how much.

    Raises:
        ModelUnavailableError: there is no such model or device, it cannot be loaded, or it does not fit; the message says why.
    """
    if name == AUTO:
        return _load_best(context_length, device, progress)
    if name == DEMO:
        return _load_demo(DEMO_NOTE, context_length, device, progress)
    from glm_agent.model_choice import fit  # torch: only when a model is wanted

    path = find_path(name, progress)
    label = path.name if Path(name).expanduser().exists() else name
    return _load(fit(label, path, context_length, device=device), device, progress)


def installed_path(name: str) -> Path:
    """The folder or file of a model that is here; nothing is fetched.

    Raises:
        ModelUnavailableError: it is not here.
    """
    from glm_engine.demo import installed_demo_checkpoint  # the hub's client: only when asked
    from glm_engine.hub import installed_model

    path = Path(name).expanduser()
    if name == DEMO:
        found = installed_demo_checkpoint()
    else:
        found = path if path.exists() else installed_model(name)
    if found is None:
        raise ModelUnavailableError(
            f"The model {name!r} is not here. `glm-agent models pull {name}` fetches it."
        )
    return found


def find_path(name: str, progress: Progress | None = None) -> Path:
    """The folder or file of a model, fetched if it is not here. The demo model has none of its own: see `load_model`.

    Raises:
        ModelUnavailableError: there is no such model, or it cannot be fetched.
    """
    from glm_engine.errors import EngineError  # the hub's client: only when a model is wanted
    from glm_engine.hub import find_model

    path = Path(name).expanduser()
    if path.exists():
        return path
    report = None if progress is None else partial(progress, f"Downloading {name}")
    try:
        return find_model(name, progress=report)
    except EngineError as error:
        raise ModelUnavailableError(f"There is no model {name!r}. {error}") from error


def _load_best(context_length: int | None, device: str, progress: Progress | None) -> "LocalModel":
    """The best installed model that fits and loads. Its note has a line for each better one that does not."""
    from glm_agent.model_choice import best_installed

    notes = []
    for step in best_installed(context_length, device=device):
        if step.choice is None:
            if step.is_installed:
                notes.append(step.reason)
            continue
        try:
            model = _load(step.choice, device, progress)
        except ModelUnavailableError as error:
            notes.append(str(error))
            continue
        model.note = "\n".join(filter(None, [*notes, model.note]))
        return model
    return _load_demo("\n".join([*notes, DEMO_NOTE]), context_length, device, progress)


def _load_demo(
    note: str, context_length: int | None, device: str, progress: Progress | None
) -> "LocalModel":
    from glm_agent.local_model import open_local_model

    return open_local_model(
        None,
        name=DEMO,
        note=note,
        context_length=context_length,
        device=device,
        progress=progress,
    )


def _load(choice: "Choice", device: str, progress: Progress | None) -> "LocalModel":
    from glm_agent.local_model import open_local_model

    plan = choice.plan
    # Without bf16 in the processor, a small model runs faster in fp32; a large one must stay what was planned.
    is_small = plan.weight_format == "bfloat16" and plan.weight_bytes <= SMALL_BYTES
    return open_local_model(
        choice.path,
        name=choice.name,
        note=choice.note,
        context_length=plan.context_length,
        device=device,
        progress=progress,
        weight_format="auto" if is_small else plan.weight_format,
    )

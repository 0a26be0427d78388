"""What can go wrong in the engine.

```
EngineError
├── CheckpointError        the files of a model are not what they should be: the user's download, mostly
│   └── UnsupportedModelError   they are whole, but hold something that the engine does not compute
├── ContextLengthError     more tokens than the model can hold, found before anything is computed
├── NonFiniteLogitsError   the network put out NaN or infinity: damaged weights or an overflow
├── ConstraintError        the grammar allows no token, or its mask has the wrong size: our bug
├── GrammarError           a schema or grammar that cannot be compiled
├── SnapshotError          a session cannot be written to a file, or the file is damaged
│   └── SnapshotMismatchError   it is whole, but was made by another model, format or code
├── TokenizerError         tokenizer files that are damaged or of an unknown kind
└── DownloadError          something could not be fetched; says what to do instead
```
"""

from collections.abc import Sequence
from pathlib import Path


class EngineError(Exception):
    """Base of every error of this package."""


class CheckpointError(EngineError):
    """Raised when a file of a checkpoint is missing, damaged or does not fit the others.

    Attributes:
        path: the file or folder at fault.
        tensor: the tensor at fault, as the file calls it; None when it is not about one.
        problem: what is wrong and what to do.
    """

    def __init__(self, path: Path, problem: str, *, tensor: str | None = None) -> None:
        subject = f"{path}: tensor {tensor!r}" if tensor else f"{path}"
        super().__init__(f"{subject}: {problem}")
        self.path = path
        self.tensor = tensor
        self.problem = problem


class UnsupportedModelError(CheckpointError):
    """Raised when a checkpoint asks for an architecture, option or number format the engine does not have."""


class ContextLengthError(EngineError):
    """Raised before anything is computed when a sequence would not fit. The session is as it was.

    Attributes:
        prompt_tokens: tokens that the sequence would have.
        context_length: tokens that it may have.
    """

    def __init__(self, prompt_tokens: int, context_length: int) -> None:
        super().__init__(
            f"The prompt has {prompt_tokens:,} tokens, but the context holds {context_length:,}"
            " including at least one to generate. Shorten it, or load the model with a larger"
            " context_length if the model and the memory allow."
        )
        self.prompt_tokens = prompt_tokens
        self.context_length = context_length


class NonFiniteLogitsError(EngineError):
    """Raised instead of sampling from logits that are NaN or infinite. The session is valid up to this position.

    Attributes:
        position: index of the token that was to be sampled.
        token_ids: ids at fault, at most ten.
    """

    def __init__(self, position: int, token_ids: Sequence[int]) -> None:
        super().__init__(
            f"The logits at position {position:,} are not finite (token ids"
            f" {', '.join(map(str, token_ids))}, ...). The weights are damaged, or a number format"
            " overflowed: verify the checkpoint's hashes, or load it with weight_format='float32'."
        )
        self.position = position
        self.token_ids = tuple(token_ids)


class ConstraintError(EngineError):
    """Raised when a constraint's mask is empty or does not fit the vocabulary."""


class GrammarError(EngineError):
    """Raised when a schema or a grammar cannot be compiled.

    Attributes:
        pointer: JSON pointer into the schema; empty for the whole, or for a grammar.
        problem: what is wrong there.
    """

    def __init__(self, problem: str, *, pointer: str = "") -> None:
        super().__init__(f"{pointer}: {problem}" if pointer else problem)
        self.pointer = pointer
        self.problem = problem


class SnapshotError(EngineError):
    """Raised when a session cannot be saved, or a saved one is missing or damaged.

    Attributes:
        path: the file.
        problem: what is wrong with it and what to do.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class SnapshotMismatchError(SnapshotError):
    """Raised when a saved session is whole, but its keys and values are not what this engine would compute.

    Attributes:
        differences: what differs, as (name, value in the file, value here).
    """

    def __init__(self, path: Path, differences: Sequence[tuple[str, str, str]]) -> None:
        listed = "; ".join(f"{name} was {old}, is {new}" for name, old, new in differences)
        super().__init__(path, f"saved by another model, format or code: {listed}")
        self.differences = tuple(differences)


class TokenizerError(EngineError):
    """Raised when tokenizer files are missing, damaged or of an unknown kind."""


class DownloadError(EngineError):
    """Raised when something could not be fetched. The message says what to do instead."""

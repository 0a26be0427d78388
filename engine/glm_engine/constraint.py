"""What a grammar, or anything else that narrows the choice of the next token, must offer to the generate loop."""

# numpy is named here, not needed: dialects import this on every start.
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TokenConstraint(Protocol):
    """The tokens that may come next, advanced token by token.

    The loop asks `allowed_tokens` before it samples and calls `accept` with what it sampled, the stop token
    included. Between the two it asks nothing else, and it never goes back.
    """

    def allowed_tokens(self) -> NDArray[np.int32] | None:
        """The tokens that may come next.

        Returns:
            Packed bits, ceil(V / 32) words for the V rows of the output head: token i is bit i % 32 (the lowest
            first) of word i // 32. Read before the next call and not kept. None when every token may come.
        """
        ...

    def accept(self, token_id: int) -> None:
        """Advance by a token that was sampled."""
        ...


@runtime_checkable
class ForcingConstraint(TokenConstraint, Protocol):
    """A constraint that can tell what is all but certain to come: the loop computes it ahead."""

    def forced_tokens(self) -> Sequence[int]:
        """The tokens that are likely to come next, in order; often none. A hint: nothing is taken unsampled."""
        ...

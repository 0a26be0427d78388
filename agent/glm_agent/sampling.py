"""How the model's next token is chosen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """The default takes the likeliest token.

    Attributes:
        temperature: 0 takes the likeliest.
        top_p: nucleus; 1 for all.
        seed: of the sampling noise.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0

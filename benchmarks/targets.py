"""What is asked of a measurement, and whether it was met."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """One row.

    Attributes:
        name: what was measured.
        sign: on which side of `asked` it has to be.
        asked: the number that is wanted.
        measured: None where this run did not measure it.
        unit: of both numbers; empty for ratios.
    """

    name: str
    sign: Literal[">=", "<="]
    asked: float
    measured: float | None
    unit: str = ""

    @property
    def is_met(self) -> bool:
        if self.measured is None:
            return False
        if self.sign == ">=":
            return self.measured >= self.asked
        return self.measured <= self.asked

    def row(self) -> str:
        """As a row of a Markdown table."""
        unit = f" {self.unit}" if self.unit else ""
        if self.measured is None:
            return f"| {self.name} | {self.sign} {self.asked:g}{unit} | not measured | |"
        digits = 1 if self.measured >= 10 else 2 if self.measured >= 0.1 else 3
        verdict = "met" if self.is_met else "missed"
        return f"| {self.name} | {self.sign} {self.asked:g}{unit} | {self.measured:.{digits}f}{unit} | {verdict} |"


def print_targets(targets: Sequence[Target]) -> None:
    print("\n| target | asked | measured | |\n|---|---|---|---|")
    for target in targets:
        print(target.row())

"""Which cell of the page of straddles is under the cursor, and what its rows are."""

from dataclasses import dataclass
from enum import StrEnum

STEPS = 4  # rows in a standard deviation
REACH = 3  # standard deviations, each way


class Rows(StrEnum):
    """What the rows are."""

    STRIKE = "strike"
    SD = "standard deviations"


@dataclass(slots=True)
class StraddleChoice:
    """The reader's choice. `strike` is None as long as it is the ATM; `step` counts quarters of a deviation."""

    rows: Rows = Rows.STRIKE
    strike: float | None = None
    step: int = 0

    def turn(self) -> None:
        """Have rows by the other."""
        self.rows = Rows.SD if self.rows is Rows.STRIKE else Rows.STRIKE

    def centre(self) -> None:
        """Stand at the money again, and follow it."""
        self.strike, self.step = None, 0

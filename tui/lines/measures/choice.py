"""Which measure of which column is under the cursor."""

from dataclasses import dataclass
from typing import NamedTuple

from chain.model.keys import ChainId
from tui.lines.measures.names import ROWS, MeasureRow


class ChosenMeasure(NamedTuple):
    """A measure by its name; `chain` is None where it is that of all expirations together."""

    name: str
    chain: ChainId | None


@dataclass(slots=True)
class MeasureChoice:
    """The reader's choice: a line of the page, and whether that of the selected chain or of all together."""

    at: int = 0  # index in `ROWS`
    total: bool = False

    @property
    def row(self) -> MeasureRow:
        """The chosen line."""
        return ROWS[self.at]

    def step(self, by: int) -> None:
        """Move by lines; an end is an end."""
        self.at = max(0, min(len(ROWS) - 1, self.at + by))

"""A table as CSV (RFC 4180): lines that say where it comes from, headings with units, rows.

A spreadsheet runs a cell that begins like a formula, so text that does so has an apostrophe before it.
"""

import csv
import io
import math
from collections.abc import Sequence

from msgspec import Struct

Cell = str | float | None
About = Sequence[tuple[str, str]]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


class Table(Struct, frozen=True):
    """`about` are facts by name, the first lines of the file; `heads` name columns with their units.

    A cell that is None is empty.
    """

    about: About
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def csv(self) -> bytes:
        """Return the file's content, UTF-8."""
        text = io.StringIO()
        writer = csv.writer(text)
        for name, said in self.about:
            writer.writerow((f"# {name}", guarded(said)))
        writer.writerow([guarded(head) for head in self.heads])
        writer.writerows([guarded(cell) for cell in row] for row in self.rows)
        return text.getvalue().encode()


def guarded(cell: Cell) -> str:
    """Return a cell's text: a finite number with all its digits, a text never as a formula."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if not isinstance(cell, str):
        return f"{cell:.0f}" if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell

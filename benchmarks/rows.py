"""A row of the table: a measured figure, what it is held against, and whether the aim is met."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_HEADINGS = ("benchmark", "unit", "ours", "baseline", "ratio", "aim", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ours` and `baseline` are medians of the samples; `met` is None where nothing is aimed at."""

    name: str
    unit: str
    ours: float
    baseline: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    note: str = ""
    samples: tuple[float, ...] = ()
    baseline_samples: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON types."""
        return asdict(self)


def at_most(
    factor: float, name: str, unit: str, ours: Sequence[float], baseline: Sequence[float], note: str = ""
) -> Row:
    """Return a row whose aim is to cost at most `factor` times the baseline; the ratio is ours to baseline."""
    mine, floor = median(ours), median(baseline)
    ratio = mine / floor
    return Row(name, unit, mine, floor, ratio, f"<= {factor:g}x", ratio <= factor, note, tuple(ours), tuple(baseline))


def less_by(
    factor: float, name: str, unit: str, ours: Sequence[float], baseline: Sequence[float], note: str = ""
) -> Row:
    """Return a row whose aim is to cost `factor` times less than the baseline; the ratio is baseline to ours."""
    mine, other = median(ours), median(baseline)
    ratio = other / mine
    return Row(
        name, unit, mine, other, ratio, f">= {factor:g}x less", ratio >= factor, note, tuple(ours), tuple(baseline)
    )


def below(limit: float, name: str, unit: str, ours: float, baseline: float | None = None, note: str = "") -> Row:
    """Return a row whose aim is an absolute figure below `limit`."""
    return Row(name, unit, ours, baseline, None, f"< {limit:g} {unit}", ours < limit, note)


def exactly(value: float, name: str, unit: str, ours: float, baseline: float, note: str = "") -> Row:
    """Return a row whose aim is one exact count."""
    return Row(name, unit, ours, baseline, baseline / ours, f"= {value:g}", ours == value, note)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text, each note on a line of its own under its row."""
    lines = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEADINGS))]
    text = []
    for line, row in zip(lines, [None, *rows], strict=True):
        cells = [
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
        if row is not None and row.note:
            text.append(f"    {row.note}")
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{_figure(row.ratio)}x"
    met = {None: "", True: "yes", False: "NO"}[row.met]
    baseline = "" if row.baseline is None else _figure(row.baseline)
    return (row.name, row.unit, _figure(row.ours), baseline, ratio, row.aim, met)


def _figure(value: float) -> str:
    """Return a number with about three significant digits, thousands grouped."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

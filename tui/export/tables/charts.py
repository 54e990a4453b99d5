"""A chart as a table: a row for each x or strike, a column for each line or layer, and before them what it rests on."""

from collections.abc import Sequence

from tui.export.table import About, Cell, Table
from tui.lines.charts.plot.chart import Bars, Chart, Curves
from tui.lines.charts.plot.scale import usable


def chart_table(about: About, chart: Chart) -> Table | None:
    """Return what a chart shows as a table; None where it shows nothing."""
    if chart.picture is None:
        return None
    told = (
        ("chart", f"{chart.name} {chart.subject}".rstrip()),
        ("rests on", chart.about),
        ("convention", chart.convention),
        ("figures", chart.figures),
        ("left out", chart.words),
        ("last good", chart.last_good),
    )
    heads, rows = _curves(chart.picture) if isinstance(chart.picture, Curves) else _bars(chart.picture)
    return Table((*about, *((name, text) for name, text in told if text)), heads, rows)


def _curves(picture: Curves) -> tuple[list[str], list[list[Cell]]]:
    """Return lines by their common x; of a line that jumps at an x, the value before it."""
    heads = [picture.x.unit, *(f"{series.label} {picture.y.unit}".lstrip() for series in picture.series)]
    columns = [{x: y for x, y in reversed(series.points) if usable(y)} for series in picture.series]
    xs = sorted({x for series in picture.series for x, _ in series.points})
    return heads, [[x, *(column.get(x) for column in columns)] for x in xs]


def _bars(picture: Bars) -> tuple[list[str], list[list[Cell]]]:
    sides = (picture.left, picture.right)
    heads = [f"{side} {layer}, {picture.unit}" for side in sides for layer in picture.layers]
    rows: list[list[Cell]] = [
        [float(bar.label), *_known(bar.left), *_known(bar.right), bar.note] for bar in picture.bars
    ]
    return ["strike, points", *heads, "note"], rows


def _known(values: Sequence[float | None]) -> list[Cell]:
    return [value if usable(value) else None for value in values]

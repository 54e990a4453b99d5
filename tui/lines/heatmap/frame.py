"""The lines around the tiles: what the page shows and how fresh, and what the colours mean."""

from datetime import date

from tui.lines import figures
from tui.lines.board.words import STATE_ROLE
from tui.lines.heatmap.choice import Across
from tui.lines.heatmap.freshness import ModelAge
from tui.lines.heatmap.matrix import Matrix
from tui.lines.heatmap.scale import Scale
from tui.lines.heatmap.table import NOT_AVAILABLE, Paint
from tui.lines.heatmap.tile import tile_summary
from tui.lines.line import EMPTY, Ground, Line, Role, Span, justify, left, length
from tui.lines.strip import as_of

_SWATCH = 8  # cells


def heat_title(
    underlying: str,
    matrix: Matrix | None,
    age: ModelAge | None,
    badge: str,
    width: int,
    *,
    at: str = "",
    frozen: str = "",
) -> Line:
    """Return the line over the heatmap.

    `at` is the instant of the past that is shown, `frozen` the time of day at which the view was frozen.
    """
    end = [Span(" "), Span(badge, Role.BADGE), Span(" ")]
    start = [Span(f" HEATMAP {underlying} ", Role.HEAD), *as_of(at)]
    if frozen:
        start.append(Span(f" FROZEN {frozen} ", Role.CAUTION))
    if matrix is not None:
        start.append(Span(f" {matrix.strategy} {matrix.side} ", Role.STRONG))
    if age is not None:
        start += [Span(f" {age.state} ", STATE_ROLE[age.state]), Span(f"{figures.how_old(age.age_s)} ", Role.TEXT)]
    more = [Span(f" {text}", Role.TEXT) for text in axes(matrix)] if matrix is not None else []
    if age is not None and age.is_current and age.words:
        more.insert(1, Span(f" {age.words} ", Role.CAUTION))
    for span in more:
        start += [span] if length([*start, *end]) + len(span.text) <= width else []
    return justify(start, end, width, Ground.BAR)


def axes(matrix: Matrix) -> list[str]:
    """Return what is the same all over a page, and what stands along its two axes."""
    if not matrix.columns:
        return []
    first = matrix.columns[0]
    if matrix.across is Across.EXPIRATION:
        return [*([] if matrix.strategy == "single" else [f"{first.width:.10g} wide "]), "strike x DTE"]
    dte = "" if first.dte is None else f" {first.dte} DTE"
    return [f"{figures.day(date.fromisoformat(first.expiration))}{dte} ", "strike x width"]


def legend(scale: Scale, paint: Paint, width: int, age: ModelAge | None = None, *, note: str = "") -> Line:
    """Return what each step of the colours means, in points, with a note where there is one.

    Of a model whose `age` is that of no current one, of when it is and why there is no newer one.
    """
    if age is not None and not age.is_current:
        since = figures.since(age.at_s, age.at_s + age.age_s)
        why = age.words or "they may be true no longer"
        told = f" {note}{' ' if note else ''}LAST GOOD {since}, no colours: {why}"
        return (Span(left(told, width), Role.CAUTION),)
    if not scale.bounds:
        return EMPTY
    words = [f"<{scale.bounds[0]:.10g}", *(f"{bound:.10g}+" for bound in scale.bounds)]
    label = Span(" debit, points ", Role.DIM)
    noted = [Span(f" {note} ", Role.CAUTION)] if note else []
    room = width - length([label, *noted])
    each = min(_SWATCH + 2 * paint.shaded, room // len(words))
    swatches = [paint.meaning(step, text, each) for step, text in enumerate(words)]
    end = [Span(f"{NOT_AVAILABLE} negative  - no tile ", Role.DIM)]
    start = [label, *swatches]
    return justify(start, end if not noted and length([*start, *end]) <= width else noted, width)


def foot(matrix: Matrix, width: int, words: str = "") -> Line:
    """Return the tile under the cursor in a line; or in words what keeps the model from being newer."""
    if words:
        return (Span(left(f" {words}", width), Role.CAUTION),)
    column = None if matrix.column is None else matrix.columns[matrix.column]
    role = Role.TEXT if column is None or column.is_current else Role.CAUTION
    return (Span(left(f" {tile_summary(matrix)}", width), role),)


def explained(words: tuple[str, ...], width: int) -> list[Line]:
    """Return why nothing is shown, and what can be done, a line each."""
    return [
        EMPTY,
        *((Span(left(f"   {line}", width), Role.TEXT if at else Role.CAUTION),) for at, line in enumerate(words)),
    ]

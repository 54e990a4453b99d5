"""What changed of a chain between two instants, as lines: in the place of the grid's rows, or the largest first."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chain.analytics.diff import GridDiff, LegDiff, RowDiff
from chain.model.grid import PriceSource
from chain.monitor.analytics import ChainDiff, DiffSide
from tui.lines import figures
from tui.lines.grid.cells import middle
from tui.lines.grid.columns.catalogue import ROOT_WIDTH, STRIKE_WIDTH
from tui.lines.grid.rows import GridTable, rule, rule_place
from tui.lines.line import Ground, Line, Role, Span, justify, left, length, right
from tui.lines.strip import as_of

_PRICE = {PriceSource.MID: "Mid", PriceSource.TRADE: "Last", PriceSource.CLOSE: "Close", PriceSource.NONE: "Price"}


class _Figure(NamedTuple):
    """One figure of a contract: its heading, how wide, how far it moved, and how that reads."""

    name: str
    width: int
    value: Callable[[LegDiff], float | None]
    text: Callable[[float], str]


def _points(fraction: float) -> str:
    """Return a change of IV in points: four characters at most."""
    points = fraction * 100
    return f"{points:.2f}" if points < 9.995 else f"{points:.1f}" if points < 99.95 else f"{points:.0f}"


def _delta(change: float) -> str:
    return figures.greek(change, 3 if change < 0.9995 else 2)


def _count(change: float) -> str:
    """Return a count in at most four characters."""
    if change < 9_950 or 999_500 <= change < 9_950_000:
        return figures.count(change)
    return f"{change / 1e3:.0f}k" if change < 999_500 else f"{change / 1e6:.0f}M"


def _price(change: float) -> str:
    return figures.price(change) if change < 999.995 else f"{change:.0f}"


# From the edge inwards, each as wide as its largest change with a sign; a narrow panel does without the outer ones.
_FIGURES = (
    _Figure("OI", 6, lambda leg: leg.open_interest, _count),
    _Figure("Vol", 6, lambda leg: leg.volume, _count),
    _Figure("IV", 6, lambda leg: leg.iv, _points),
    _Figure("D", 6, lambda leg: leg.delta, _delta),
    _Figure("Price", 8, lambda leg: leg.price, _price),
)

_DIRECTED = ("IV", "Price")  # what says where the market went; the others follow from it, or only grow


def diff_table(found: GridDiff, width: int, *, highest_first: bool, by_size: bool) -> GridTable:
    """Return the changes for a panel of `width`; `by_size`: the largest change of price first, else by strike."""
    roots = len({row.root for row in found.rows}) > 1
    shown = _fitting(width, roots=roots)
    rows = range(len(found.rows))
    order = sorted(rows, key=lambda at: _size(found.rows[at])) if by_size else rows
    strikes = [row.strike for row in found.rows]
    rule_before = None if by_size else rule_place(strikes, found.spot, highest_first=highest_first)
    body: list[Line] = []
    atm = spot = None
    for at in order if by_size or not highest_first else reversed(order):
        if at == rule_before:
            spot = len(body)
            body.append(rule(found.spot, width))
        if at == found.atm:
            atm = len(body)
        body.append(_row(found, at, shown, width, roots=roots))
    return GridTable((_headings(found, shown, width, roots=roots),), tuple(body), None if by_size else atm, spot)


def _size(row: RowDiff) -> tuple[float, float, float]:
    """Return what sorts rows: the larger change of the two prices first, then of IV; what cannot be compared last."""
    legs = [leg for leg in (row.call, row.put) if leg]

    def largest(values: Iterator[float | None]) -> float:
        return -max((abs(value) for value in values if value is not None), default=-1.0)

    return largest(leg.price for leg in legs), largest(leg.iv for leg in legs), row.strike


def _fitting(width: int, *, roots: bool) -> tuple[_Figure, ...]:
    room = (width - STRIKE_WIDTH - 4 - (ROOT_WIDTH if roots else 0)) // 2
    some = (_FIGURES[at:] for at in range(len(_FIGURES)))
    return next((kept for kept in some if sum(figure.width for figure in kept) <= room), _FIGURES[-1:])


def _pad(shown: tuple[_Figure, ...], width: int, *, roots: bool) -> str:
    used = 2 * sum(figure.width for figure in shown) + STRIKE_WIDTH + 4 + (ROOT_WIDTH if roots else 0)
    return " " * max(0, (width - used) // 2)


def _headings(found: GridDiff, shown: tuple[_Figure, ...], width: int, *, roots: bool) -> Line:
    names = [(f"{_PRICE[found.price_source] if one.name == 'Price' else one.name}±", one.width) for one in shown]
    calls = "".join(right(name, width) for name, width in names)
    puts = "".join(right(name, width) for name, width in reversed(names))
    strike = (left(" root", ROOT_WIDTH) if roots else "") + right("STRIKE", STRIKE_WIDTH)
    return (Span(left(f"{_pad(shown, width, roots=roots)}{calls} │{strike} │{puts}", width), Role.DIM),)


def _row(found: GridDiff, at: int, shown: tuple[_Figure, ...], width: int, *, roots: bool) -> Line:
    row, is_atm = found.rows[at], at == found.atm
    ground = Ground.ATM if is_atm else Ground.PLAIN
    itm = (found.spot is not None and row.strike < found.spot, found.spot is not None and row.strike > found.spot)
    spans = [Span(_pad(shown, width, roots=roots), Role.TEXT, ground)]
    spans += [_cell(row.call, figure, ground) for figure in shown]
    spans += middle(row.strike, row.root if roots else "", is_atm=is_atm, itm=itm, ground=ground)
    spans += [_cell(row.put, figure, ground) for figure in reversed(shown)]
    return justify(spans, [], width, ground)


def _cell(leg: LegDiff | None, figure: _Figure, ground: Ground) -> Span:
    value = None if leg is None else figure.value(leg)
    if value is None or value == 0:
        return Span(right(figures.MISSING if value is None else "0", figure.width), Role.DIM, ground)
    text = signed(value, figure.text)
    role = (Role.UP if value > 0 else Role.DOWN) if figure.name in _DIRECTED and text[0] in "+-" else Role.TEXT
    return Span(f" {right(text, figure.width - 1)}", role, ground)


def signed(value: float, text: Callable[[float], str]) -> str:
    """Return a change with its sign; what rounds to zero has none."""
    size = text(abs(value))
    if not size.strip("0."):
        return size
    return f"{'+' if value > 0 else '-'}{size}"


def diff_title(found: ChainDiff, badge: str, width: int, at: str) -> Line:
    """Return the line over the changes; `at` is the instant of the past that is shown beside them."""
    end = [Span(" "), Span(badge, Role.BADGE), Span(" ")]
    chain = found.chain
    start = [Span(f" {chain.underlying} {chain.expiry.isoformat()} ", Role.HEAD), Span("CHANGES ", Role.ACCENT)]
    return justify([*start, *as_of(at)], end, width, Ground.BAR)


def diff_sides(found: ChainDiff, width: int) -> Line:
    """Return which two instants are compared, how old the chain's snapshot was at each, and whose."""
    apart = math.floor(found.after.at) - math.floor(found.before.at)  # of the times that stand beside it
    start = [*_side("A", found.before), Span("  to ", Role.DIM), *_side("B", found.after)]
    end = [Span(f" {'' if apart >= 0 else '-'}{figures.elapsed(abs(apart))} apart ", Role.DIM)]
    return justify(start, end if length([*start, *end]) <= width else [], width)


def _side(name: str, side: DiffSide) -> list[Span]:
    """Return an instant: its letter, its time of day, the age of what it compares and the source of that."""
    told = "no snapshot" if side.age_s is None else f"{figures.how_old(side.age_s)} old {side.source}"
    return [Span(f" {name} {figures.clock(side.at)}", Role.STRONG), Span(f" {told}", Role.DIM)]


def diff_counts(found: GridDiff, width: int, *, by_size: bool) -> Line:
    """Return how the spot moved, and how many contracts were compared or are there at one instant only."""
    moved = figures.MISSING if found.spot_moved is None else f"{found.spot_moved:+,.2f}"
    alone = [f"{count} only at {name}" for name, count in (("A", found.only_before), ("B", found.only_after)) if count]
    what = "prices of two kinds" if found.price_source is PriceSource.NONE else found.price_source
    start = [
        Span(" spot ", Role.DIM),
        Span(moved, Role.STRONG),
        Span(f"  {', '.join([f'{found.in_both} contracts by {what}', *alone])}", Role.DIM),
    ]
    return justify(start, [Span(" largest first " if by_size else " by strike ", Role.DIM)], width)


def nothing_compared(found: ChainDiff, width: int) -> Line:
    """Return why there is nothing to compare."""
    lacking = [name for name, side in (("A", found.before), ("B", found.after)) if side.age_s is None]
    return (Span(left(f"  no valid snapshot of this chain had been read at {' and '.join(lacking)}", width), Role.DIM),)

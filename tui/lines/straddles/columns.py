"""What stands over each expiration of the page of straddles, and its straddles by strike."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from chain.analytics.measures.atm import StrikeStraddle
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.model.grid import PriceSource
from chain.model.keys import SnapshotId
from tui.lines import figures
from tui.lines.expirations import Expiration, beside_chains
from tui.lines.line import Role, Span
from tui.lines.measures.names import value_text
from tui.lines.straddles.choice import STEPS


class StraddleColumn(Struct, frozen=True):
    """One expiration: its measures, and its straddles by strike; `atm` is a strike, `forward` and `move` in points."""

    expiration: Expiration
    measures: Mapping[str, Measure]
    straddles: Mapping[float, StrikeStraddle]
    strikes: tuple[float, ...]
    source: PriceSource
    spot: float | None
    atm: float | None
    forward: float | None  # spot where no forward is implied
    move: float | None  # one standard deviation by ATM IV

    @property
    def snapshot(self) -> SnapshotId | None:
        """The snapshot that it is of."""
        return self.expiration.analytics.snapshot_id if self.expiration.analytics else None

    def at_step(self, step: int) -> float | None:
        """Return the listed strike nearest to so many quarters of a deviation above the forward."""
        if self.forward is None or self.move is None or not self.strikes:
            return None
        level = self.forward + step / STEPS * self.move
        if not self.strikes[0] <= level <= self.strikes[-1]:
            return None  # the slice does not reach so far
        return min(self.strikes, key=lambda strike: (abs(strike - level), strike))

    def deviations(self, strike: float) -> float | None:
        """Return how many standard deviations a strike lies above the forward."""
        return None if self.forward is None or not self.move else (strike - self.forward) / self.move


def straddle_columns(
    expirations: Sequence[Expiration], across: UnderlyingMeasures | None
) -> tuple[StraddleColumn, ...]:
    """Return a column for each expiration, those without a snapshot included."""
    beside = beside_chains(across)
    return tuple(
        _column(one, beside.get(one.analytics.snapshot_id, {}) if one.analytics else {}) for one in expirations
    )


def _column(one: Expiration, beside: Mapping[str, Measure]) -> StraddleColumn:
    known = one.analytics
    if known is None:
        return StraddleColumn(one, {}, {}, (), PriceSource.NONE, None, None, None, None)
    measures = known.measures
    forward = measures["implied_forward"].value
    return StraddleColumn(
        expiration=one,
        measures={**measures.measures, **beside},
        straddles={each.strike: each for each in measures.straddles},
        strikes=tuple(each.strike for each in measures.straddles),
        source=known.grid.price_source,
        spot=measures.spot,
        atm=measures["straddle"].inputs["strike"],
        forward=measures.spot if forward is None else forward,
        move=measures["expected_move_iv"].value,
    )


def _of(name: str, sign: str = "") -> Callable[[StraddleColumn], Span]:
    def text(column: StraddleColumn) -> Span:
        found = value_text(name, column.measures.get(name))
        missing = found == figures.MISSING
        return Span(found if missing else f"{sign}{found}", Role.DIM if missing else Role.TEXT)

    return text


def _spot(column: StraddleColumn) -> Span:
    return Span(figures.level(column.spot), Role.DIM if column.spot is None else Role.TEXT)


class Head(Struct, frozen=True, eq=False):
    """A line over the columns; where not all fit, those with the highest `spare` are left out first."""

    label: str
    span: Callable[[StraddleColumn], Span]
    spare: int = 0


HEADS = (
    Head("expiration", lambda column: Span(column.expiration.day, Role.HEAD)),
    Head("left", lambda column: Span(column.expiration.runs, Role.DIM)),
    Head("state", lambda column: column.expiration.state),
    Head("age", lambda column: column.expiration.age),
    Head("spot", _spot, spare=1),
    Head("ATM IV %", _of("atm_iv")),
    Head("straddle", _of("straddle")),
    Head("EM 1 SD IV", _of("expected_move_iv", "±")),
    Head("EM 0.85 str", _of("expected_move_straddle", "±")),
    Head("fwd vol %", _of("forward_vol"), spare=2),
    Head("RR25 %", _of("rr25"), spare=3),
    Head("P/C OI", _of("put_call_oi"), spare=4),
)


def heads_within(lines: int) -> tuple[Head, ...]:
    """Return the heads for which there is room in so many lines; those that say most stay in any case."""
    kept = list(HEADS)
    for head in sorted(HEADS, key=lambda head: -head.spare):
        if len(kept) > lines and head.spare:
            kept.remove(head)
    return tuple(kept)

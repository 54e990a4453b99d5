"""A strike grid as the measures take it: its instant, how long each root still runs, and the row at the money."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from chain.model.calendar import RULE, Calendar
from chain.model.grid import Condition, Leg, PriceSource, StrikeGrid, StrikeRow
from chain.model.keys import SnapshotId, vendor_symbol
from chain.model.session import Settlement, settlement, years_to_expiry

_YEAR_S = 365 * 86_400
MIN_YEARS = 60 / _YEAR_S  # a minute: keeps the last moments of an expiry finite

_AMERICAN_INDICES = frozenset({"OEX"})

NOT_LISTED = "not listed"
NO_STRIKE = "no ATM strike"


class Maturity(Struct, frozen=True):
    """How long contracts of one root still run: `years` of 365 days to their settlement, zero once past."""

    root: str
    settles: Settlement
    years: float

    @property
    def seconds(self) -> float:
        """The time left, seconds."""
        return self.years * _YEAR_S


class ChainSlice(Struct, frozen=True):
    """One grid as of `at`, epoch seconds. `rows` are those of the root that is meant at the money, by strike.

    Where two roots share the date, the afternoon-settled one is meant, as it carries the date's whole session. Where
    the snapshot's own figures contradict each other, `atm` is None.
    """

    grid: StrikeGrid
    at: float
    maturities: Mapping[str, Maturity]
    source: PriceSource
    atm: StrikeRow | None
    rows: tuple[StrikeRow, ...]
    mids: Mapping[tuple[str, float, str], float]  # of sound quotes, by root, strike and side

    @property
    def spot(self) -> float | None:
        """The underlying's price, points."""
        return self.grid.spot

    @property
    def snapshots(self) -> tuple[SnapshotId, ...]:
        """The one snapshot that it is of."""
        return (self.grid.snapshot.id,)

    @property
    def exercise(self) -> str:
        """How its contracts are exercised, in words for a convention: our formulas are of European contracts."""
        underlying = self.grid.snapshot.id.chain.underlying
        is_european = vendor_symbol(underlying).startswith("I:") and underlying not in _AMERICAN_INDICES
        return "European" if is_european else "American, early exercise left out"

    @property
    def no_atm(self) -> str:
        """Why there is no row at the money, or ""."""
        return "" if self.atm else self.grid.off_centre or NO_STRIKE

    @property
    def years(self) -> float | None:
        """Years to the settlement of the root at the money, at least a minute; None without one."""
        return self.years_of(self.atm.root) if self.atm else None

    def years_of(self, root: str) -> float:
        """Return years to a root's settlement, at least a minute."""
        return max(self.maturities[root].years, MIN_YEARS)

    def contracts(self) -> Iterator[tuple[StrikeRow, str, Leg]]:
        """Yield every contract with its row and side."""
        for row in self.grid.rows:
            if row.call is not None:
                yield row, "call", row.call
            if row.put is not None:
                yield row, "put", row.put


def slice_of(grid: StrikeGrid, at: float, calendar: Calendar = RULE) -> ChainSlice:
    """Return a grid as the measures take it; `calendar` says when the expiry closes."""
    expiry = grid.snapshot.id.chain.expiry
    maturities = {
        root: Maturity(root, settles := settlement(root), years_to_expiry(expiry, at, settles, calendar))
        for root in grid.roots
    }
    atm = _atm(grid)
    rows = tuple(row for row in grid.rows if row.root == atm.root) if atm else ()
    mids = {
        (row.root, row.strike, side): mid
        for row in grid.rows
        for side, leg in (("call", row.call), ("put", row.put))
        if leg is not None and (mid := leg.mid) is not None
    }
    return ChainSlice(grid, at, maturities, grid.price_source, atm, rows, mids)


def _atm(grid: StrikeGrid) -> StrikeRow | None:
    if grid.atm is None or grid.off_centre:
        return None
    row = grid.rows[grid.atm]
    same = [each for each in grid.rows if each.strike == row.strike]
    return next((each for each in same if settlement(each.root) == "PM"), row)


def price_of(leg: Leg | None, source: PriceSource) -> tuple[float | None, str]:
    """Return a contract's price of one kind, or why it has none."""
    if leg is None:
        return None, NOT_LISTED
    price = leg.price(source)
    if price is not None:
        return price, ""
    return None, no_mid(leg) if source is PriceSource.MID else f"no {source}".removesuffix("s")


def no_mid(leg: Leg) -> str:
    """Return why a contract has no mid."""
    return "no quote" if leg.condition is Condition.NONE else f"{leg.condition} quote"

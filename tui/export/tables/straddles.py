"""The straddles of an underlying as a table: a row a strike, for each expiration call, put, both together and IV."""

from collections.abc import Iterator, Sequence

from chain.model.keys import KeySchema
from tui.export.table import About, Cell, Table
from tui.lines.straddles.columns import StraddleColumn

_PARTS = ("call (points)", "put (points)", "straddle (points)", "IV (fraction)")
_MEASURES = ("atm_iv", "straddle", "expected_move_iv", "expected_move_straddle", "forward_vol")


def straddles_table(about: About, columns: Sequence[StraddleColumn], keys: KeySchema) -> Table:
    """Return the straddles as a table, strikes ascending; `keys` name the snapshots."""
    known = [column for column in columns if column.expiration.analytics is not None]
    days = [column.expiration.chain.expiry.isoformat() for column in known]
    strikes = sorted({strike for column in known for strike in column.strikes})
    rows = [[strike, *_cells(known, strike)] for strike in strikes]
    heads = ["strike (points)", *(f"{day} {part}" for day in days for part in _PARTS)]
    facts = [fact for day, column in zip(days, known, strict=True) for fact in _facts(day, column, keys)]
    return Table([*about, *facts], heads, rows)


def _cells(columns: Sequence[StraddleColumn], strike: float) -> Iterator[Cell]:
    for column in columns:
        found = column.straddles.get(strike)
        yield from (found.call, found.put, found.value, found.iv) if found else (None,) * len(_PARTS)


def _facts(day: str, column: StraddleColumn, keys: KeySchema) -> Iterator[tuple[str, str]]:
    """Yield which snapshot an expiration is of, and what it says at the money."""
    analytics = column.expiration.analytics
    if analytics is not None:
        yield f"{day} snapshot", keys.snapshot(analytics.snapshot_id)
    yield f"{day} prices", str(column.source)
    for name in _MEASURES:
        measure = column.measures.get(name)
        if measure is not None and measure.value is not None:
            yield f"{day} {name}, {measure.unit}", repr(measure.value)

"""The board as a table: a row for each expected chain, those without a snapshot included."""

from collections.abc import Iterator

from chain.model.keys import KeySchema
from chain.monitor.evaluate.report import ChainStatus, HealthReport
from tui.export.table import About, Cell, Table

_HEADS = (
    *("underlying", "expiration", "dte", "state", "flags", "age (s)", "ttl (s)", "since (epoch s)", "note"),
    *("contracts", "ATM (points)", "range (points)", "spot (points)", "source", "snapshot"),
)


def board_table(about: About, report: HealthReport) -> Table:
    """Return the board of a report as a table, in its order."""
    keys = KeySchema(report.board.prefix)
    state = (("state of the deck", str(report.state)), *(("signal", signal.text) for signal in report.signals))
    return Table([*about, *state], _HEADS, [list(_row(status, keys)) for status in report.statuses])


def _row(status: ChainStatus, keys: KeySchema) -> Iterator[Cell]:
    record, good = status.record, status.record.last_good
    yield from (record.chain.underlying, record.chain.expiry.isoformat(), status.dte, status.state)
    yield from (" ".join(status.flags), status.age_s, status.ttl_s, status.since, status.note)
    if good is None:
        yield from (None,) * 4
    else:
        yield from (good.summary.contracts, good.snapshot.atm, good.snapshot.range_points, good.summary.spot)
    yield from (record.source_word, keys.snapshot(good.snapshot.id) if good else "")

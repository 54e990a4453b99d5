"""The measures of an underlying as a table: a row for each measure of each expiration, then those of all together."""

from collections.abc import Iterator, Mapping

from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.model.keys import KeySchema
from tui.export.table import About, Cell, Table
from tui.lines.expirations import beside_chains
from tui.lines.measures.names import REALISED

_HEADS = (
    "expiration",
    "measure",
    "value",
    "unit",
    "convention",
    "used",
    "skipped",
    "slice only",
    "note",
    "oldest snapshot",
)
_TOTAL = "total"


def measures_table(about: About, across: UnderlyingMeasures, keys: KeySchema) -> Table:
    """Return the measures as a table; `keys` name their snapshots."""
    rows: list[list[Cell]] = []
    beside = beside_chains(across)
    for chain in across.chains:
        measures = {**chain.measures, **beside[chain.snapshot]}
        rows += _rows(chain.snapshot.chain.expiry.isoformat(), measures, keys)
    totals = across.totals | ({REALISED: across.realised} if across.realised else {})
    return Table(about, _HEADS, [*rows, *_rows(_TOTAL, totals, keys)])


def _rows(expiration: str, measures: Mapping[str, Measure], keys: KeySchema) -> Iterator[list[Cell]]:
    for name, measure in measures.items():
        skipped = "; ".join(f"{count} {reason}" for reason, count in sorted(measure.skipped.items()))
        sliced = "yes" if measure.slice_only else "no"
        said = (measure.unit, measure.convention, float(measure.used), skipped, sliced, measure.note)
        yield [expiration, name, measure.value, *said, keys.snapshot(measure.oldest)]

"""The heatmap as a table: a row a strike, a column a width or an expiration, debits in points."""

from chain.model.keys import KeySchema
from chain.pipeline.heatmap import HeatmapModel
from tui.export.table import About, Table
from tui.lines.heatmap.matrix import Matrix


def heatmap_table(about: About, matrix: Matrix, model: HeatmapModel, keys: KeySchema) -> Table:
    """Return a page of the heatmap as a table, strikes ascending; a negative debit is `NA`."""
    shown = {column.expiration for column in matrix.columns}
    parts = [
        (f"snapshot {one.expiration}", f"{one.snapshot}, {one.state}, stream up to {one.position}")
        for one in model.expirations
        if one.expiration in shown
    ]
    what = f"{matrix.strategy} {matrix.side}, debit in points by the mids of its legs"
    own = [("heatmap", what), ("model", keys.heatmap(model.underlying)), ("version", model.version)]
    heads = ["strike (points)", *(f"{column.expiration} width {column.width:.10g}" for column in matrix.columns)]
    rows = [
        [strike, *("NA" if tile and tile.debit is None else tile.debit if tile else None for tile in tiles)]
        for strike, tiles in zip(matrix.strikes, matrix.tiles, strict=True)
    ]
    return Table([*about, *own, ("model ts", repr(model.ts)), *parts], heads, rows)

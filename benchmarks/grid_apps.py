"""Two apps that show the same ticking strike grid, one as the deck does and one on a DataTable, each for a terminal.

`python -m benchmarks.grid_apps panel|table|idle|full REPORT` runs one and leaves in the file REPORT what it cost.
"""

import sys
import time
from pathlib import Path

import orjson
from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable

from benchmarks.grid_market import COLUMNS, ROWS, ticks
from chain.analytics.derive import derive
from chain.model.grid import StrikeGrid
from chain.model.placement import Place
from chain.model.snapshot import decode, encode
from tui.lines import figures
from tui.lines.grid.annotations import annotations
from tui.lines.grid.changes import NO_CHANGES, Changes, changes
from tui.lines.grid.columns.catalogue import NO_FACTS, Column
from tui.lines.grid.columns.sets import layout_for
from tui.lines.grid.frame import apart_words, grid_foot, grid_levels
from tui.lines.grid.rows import grid_table
from tui.lines.line import Ground, Role
from tui.palette import build_palette
from tui.panels.line_panel import LinePanel
from tui.terminal.depth import Depth
from tui.terminal.themes import own_themes

EVERY_S = 0.25
WARM_UP = 4
MEASURED = 12
FULL_WIDTH = 184  # of the grid where the terminal has 250 columns
# The greatest width at which the deck's grid has eleven columns.
_WIDTH = max(width for width in range(141) if 2 * len(layout_for(width).columns) + 1 == COLUMNS)


class GridApp(App[None]):
    """Ticks at a fixed pace, measures the ticks after a warm-up, and ends."""

    CSS = f"LinePanel, DataTable {{ width: {_WIDTH}; height: 50; }}"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, report: Path) -> None:
        super().__init__()
        dark, *_ = own_themes(Depth.TRUE)
        self.register_theme(dark)
        self.theme = dark.name
        self._report = report
        # Derived beforehand, as the deck has it done on another thread: what is measured is the screen's own work.
        self._derived = [derive(decode(encode(made), made.id), made.ts) for made in ticks(WARM_UP + MEASURED)]
        self._ticked = 0
        self._began = (0.0, 0.0)
        self._grid: StrikeGrid | None = None

    def on_mount(self) -> None:
        """Begin to tick."""
        self.set_interval(EVERY_S, self._tick)

    def _tick(self) -> None:
        instant = (time.monotonic(), time.process_time())
        if self._ticked == WARM_UP:
            self._began = instant
        if self._ticked == WARM_UP + MEASURED:
            self._report.write_bytes(orjson.dumps({"from": self._began, "to": instant}))
            self.exit()
            return
        self.advance(self._ticked)
        self._ticked += 1

    def advance(self, number: int) -> None:
        """Do with a new snapshot what the deck does: its grid, what changed in it and a repaint."""
        grid = self._derived[number].grid
        changed = changes(self._grid, grid)
        with self.batch_update():
            self.paint(grid, changed)
        self._grid = grid

    def paint(self, grid: StrikeGrid, changed: Changes) -> None:
        """Bring the widget up to the grid."""
        raise NotImplementedError


class PanelApp(GridApp):
    """The grid as the deck shows it: all lines built anew, the panel left to find what differs."""

    def compose(self) -> ComposeResult:
        """Show one panel."""
        yield LinePanel(id="grid")

    def paint(self, grid: StrikeGrid, changed: Changes) -> None:
        """Show the grid's lines."""
        table = grid_table(grid, _WIDTH, changed=changed)
        self.query_one(LinePanel).show(table.head, table.body, (grid_foot(grid, _WIDTH),), top=0)


class IdleApp(PanelApp):
    """The same grid once, and then ticks that change nothing: what remains is the app itself."""

    def advance(self, number: int) -> None:
        """Show the first snapshot alone."""
        if number == 0:
            super().advance(number)


class FullApp(PanelApp):
    """The grid with all that the deck shows beside the figures: bars, and the marks of what the measures say."""

    CSS = f"LinePanel {{ width: {FULL_WIDTH}; height: 50; }}"

    def paint(self, grid: StrikeGrid, changed: Changes) -> None:
        """Show the grid's lines."""
        found = self._derived[self._ticked]
        notes = annotations(grid, found.measures)
        table = grid_table(grid, FULL_WIDTH, bars=True, changed=changed, notes=notes)
        foot = grid_foot(grid, FULL_WIDTH, "", apart_words(found.measures))
        self.query_one(LinePanel).show(
            (grid_levels(found.measures, FULL_WIDTH), *table.head), table.body, (foot,), top=0
        )


class TableApp(GridApp):
    """The same figures, colours and arrows on a DataTable, which is told exactly which cells to update.

    Cells are styled Text, justified by the table and padded as it does by itself: the way its own guide shows.
    """

    def __init__(self, report: Path) -> None:
        super().__init__(report)
        calls = layout_for(_WIDTH).columns
        *outer, bid, ask = calls
        self._sides = {"call": calls, "put": (bid, ask, *reversed(outer))}
        self._columns = {column.name: column for column in calls}
        self._palette = build_palette(self.theme_variables, ansi=False, dark=True, depth=Depth.TRUE)
        self._rows: dict[tuple[str, float], int] = {}
        self._changed: Changes = NO_CHANGES

    def compose(self) -> ComposeResult:
        """Show one table without a cursor, its columns of fixed widths."""
        table: DataTable[Text] = DataTable(show_cursor=False)
        yield table

    def paint(self, grid: StrikeGrid, changed: Changes) -> None:
        """Fill the table at first; then update the cells that changed, and those that had changed before."""
        table = self.query_one(DataTable)
        if not self._rows:
            self._fill(table, grid)
        for place, name in {**self._changed, **changed}:
            if name in self._columns:
                row, cell = self._cell(grid, place, self._columns[name], changed)
                table.update_cell(row, f"{place.side} {name}", cell, update_width=False)
        self._changed = changed

    def _fill(self, table: "DataTable[Text]", grid: StrikeGrid) -> None:
        for side, columns in self._sides.items():
            if side == "put":
                table.add_column("STRIKE", width=8, key="strike")
            for column in columns:
                table.add_column(column.name, width=column.width - 1, key=f"{side} {column.name}")
        assert (len(table.columns), len(grid.rows)) == (COLUMNS, ROWS)
        for index in range(len(grid.rows) - 1, -1, -1):
            row = grid.rows[index]
            self._rows[row.root, row.strike] = index
            places = [Place(row.strike, row.root, side) for side in self._sides]
            calls, puts = (
                [self._cell(grid, place, column, NO_CHANGES)[1] for column in self._sides[place.side]]
                for place in places
            )
            ground = Ground.ATM if index == grid.atm else Ground.PLAIN
            strike = Text(figures.strike(row.strike), self._palette[Role.HEAD, ground], justify="right")
            table.add_row(*calls, strike, *puts, key=str(index))

    def _cell(self, grid: StrikeGrid, place: Place, column: Column, changed: Changes) -> tuple[str, Text]:
        """Return a cell and the key of its row."""
        index = self._rows[place.root, place.strike]
        row = grid.rows[index]
        leg = row.call if place.side == "call" else row.put
        assert leg is not None and grid.spot is not None
        direction = changed.get((place, column.name), 0)
        text = column.text(column.value(leg, NO_FACTS))
        if column.name in ("Bid", "Ask"):
            text = ("", "▴", "▾")[direction] + text
        in_the_money = row.strike < grid.spot if place.side == "call" else row.strike > grid.spot
        ground = Ground.ATM if index == grid.atm else Ground.ITM if in_the_money else Ground.PLAIN
        style = self._palette[(Role.TEXT, Role.UP, Role.DOWN)[direction], ground]
        return str(index), Text(text, style, justify="right")


APPS = {"panel": PanelApp, "table": TableApp, "idle": IdleApp, "full": FullApp}


if __name__ == "__main__":
    APPS[sys.argv[1]](Path(sys.argv[2])).run()

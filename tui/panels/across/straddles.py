"""The page of straddles: several expirations side by side at the money."""

from textual.widget import Widget

from chain.model.keys import ChainId, KeySchema
from chain.monitor.explain.question import StraddleOf
from tui.export.table import About, Table
from tui.export.tables.straddles import straddles_table as exported_straddles
from tui.lines import figures
from tui.lines.expirations import Expiration
from tui.lines.line import Role, Span, left
from tui.lines.straddles.choice import Rows
from tui.lines.straddles.columns import StraddleColumn, heads_within, straddle_columns
from tui.lines.straddles.table import (
    StraddleRows,
    StraddleTable,
    straddle_foot,
    straddle_rows,
    straddle_table,
    straddles_title,
)
from tui.panels.across.page import AcrossPage, CursorPanel, explained, last_good
from tui.panels.page import Asked
from tui.ports.board_source import Scene
from tui.view import View

_LEAST = 7  # strikes that are shown before heads have room
_FRAME = 3  # title, names of the cells' parts, foot


class StraddlesPage(AcrossPage):
    """Shows straddles of the chosen underlying, strikes or standard deviations down, expirations across."""

    def __init__(self, *, id: str) -> None:
        super().__init__(CursorPanel(id="straddles", can_focus=True), id=id)
        self._table: StraddleTable | None = None
        self._columns: tuple[StraddleColumn, ...] = ()
        self._drawn: tuple[tuple[object, ...], StraddleRows] | None = None  # what shaped the rows, and they

    def show_none(self, view: View, whose: str, words: str) -> None:
        """Say under the title why there is nothing to show."""
        self._table = None
        width, underlying = self.panel.size.width, view.selected.underlying if view.selected else ""
        rows = view.straddle.rows
        title = straddles_title(underlying, whose, width, rows, at=view.as_of, frozen=self._frozen)
        self.panel.show((title,), explained(words, width), top=0)

    def show_page(self, view: View, whose: str, found: tuple[Expiration, ...], scene: Scene) -> None:
        """Show the straddles of the chosen underlying."""
        width, height = self.panel.size
        choice, selected = view.straddle, view.selected
        columns = self._columns = straddle_columns(found, scene.across)
        heads = heads_within(height - _FRAME - _LEAST)
        table = self._table = straddle_table(self._rows(view, width), columns, heads, choice, self._at(view))
        title = straddles_title(
            selected.underlying if selected else "",
            whose,
            width,
            choice.rows,
            at=view.as_of,
            frozen=self._frozen,
            last_good=last_good(found, selected),
        )
        words = straddle_foot(table, columns, self._at(view), choice)
        head = (title, *table.head)
        follows = choice.strike is None and choice.rows is Rows.STRIKE
        self.panel.bring(
            head, table.body, ((Span(left(f" {words}", width), Role.TEXT),),), table.cursor, centre=follows
        )

    def _rows(self, view: View, width: int) -> StraddleRows:
        """Return the rows, the same objects as long as nothing that shapes them changed."""
        columns, at, rows, highest_first = self._columns, self._at(view), view.straddle.rows, view.highest_first
        made = tuple((column.snapshot, column.expiration.is_past) for column in columns)
        shape = (made, rows, at, width, highest_first)
        if self._drawn is None or self._drawn[0] != shape:
            self._drawn = shape, straddle_rows(columns, rows, at, width, highest_first=highest_first)
        return self._drawn[1]

    def _at(self, view: View) -> int:
        """Return the column of the selected chain."""
        chains = [column.expiration.chain for column in self._columns]
        return chains.index(view.selected) if view.selected in chains else 0

    def asked(self, view: View) -> Asked | None:
        """Return the straddle under the cursor."""
        table, kept = self._table, self._scene
        if table is None or table.cursor is None or not self._columns or kept is None:
            return None
        column, key = self._columns[self._at(view)], table.keys[table.cursor]
        strike = key if view.straddle.rows is Rows.STRIKE else column.at_step(round(key))
        found = None if strike is None else column.straddles.get(strike)
        chain, shown = column.expiration.chain, figures.price(found.value if found else None)
        return Asked(StraddleOf(strike), chain, self.good_of(chain), shown, kept.board)

    def table(self, view: View, about: About) -> Table | None:
        """Return the straddles of every expiration by strike."""
        if self._scene is None or not (self._table and self._columns):
            return None
        return exported_straddles(about, self._columns, KeySchema(self._scene.board.prefix))

    def move(self, view: View, rows: int, columns: int) -> ChainId | None:
        """Move the cursor by lines and columns; return the chain that it came to."""
        table = self._table
        self.follow()
        if table is None or table.cursor is None:
            return None
        if rows:
            self._choose(view, table.keys[max(0, min(len(table.keys) - 1, table.cursor + rows))])
        if not columns or not self._columns:
            return None
        there = max(0, min(len(self._columns) - 1, self._at(view) + columns))
        return self._columns[there].expiration.chain

    def turn_axes(self, view: View) -> None:
        """Have rows by strike, or by standard deviations."""
        view.straddle.turn()

    def point_at(self, view: View, panel: Widget, row: int, x: int) -> ChainId | None:
        """Put the cursor on the cell under the mouse."""
        table = self._table
        if table is None or row >= len(table.keys):
            return None
        self._choose(view, table.keys[row])
        return next((chain for begin, end, chain in table.cells if begin <= x < end), None)

    def _choose(self, view: View, key: float) -> None:
        if view.straddle.rows is Rows.STRIKE:
            view.straddle.strike = key
        else:
            view.straddle.step = round(key)

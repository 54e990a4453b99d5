"""The page of measures: a table of all expirations of an underlying, and under it the measure under the cursor."""

from textual.widget import Widget

from chain.analytics.measures.gamma import GexConvention
from chain.model.keys import ChainId, KeySchema
from chain.monitor.explain.question import MeasureOf
from tui.export.table import About, Table
from tui.export.tables.measures import measures_table as exported_measures
from tui.lines.expirations import Expiration
from tui.lines.measures.choice import ChosenMeasure
from tui.lines.measures.detail import detail_lines
from tui.lines.measures.names import FROM_HISTORY, REALISED
from tui.lines.measures.table import (
    MeasureColumn,
    MeasuresTable,
    cell_text,
    chosen_column,
    measure_columns,
    measures_table,
    measures_title,
)
from tui.panels.across.page import AcrossPage, CursorPanel, explained, last_good
from tui.panels.page import Asked
from tui.ports.board_source import Scene
from tui.view import View

_TALL = 30  # lines of the page from which there is room for more of the chosen measure
_DETAIL, _DETAIL_TALL = 6, 9
_HEAD = 5  # lines over the rows
_LEAST = 5  # rows that are shown before the chosen measure has room


class MeasuresPage(AcrossPage):
    """Shows what every expiration of the chosen underlying says, and all together."""

    def __init__(self, *, id: str) -> None:
        super().__init__(CursorPanel(id="measures", can_focus=True), id=id)
        self._table: MeasuresTable | None = None
        self._chains: tuple[ChainId, ...] = ()
        self.chosen: ChosenMeasure | None = None  # under the cursor
        self._column: MeasureColumn | None = None  # in which the cursor is

    def show_none(self, view: View, whose: str, words: str) -> None:
        """Say under the title why there is nothing to show."""
        self._table = self.chosen = self._column = None
        underlying = view.selected.underlying if view.selected else ""
        title = measures_title(underlying, whose, self.panel.size.width, view.gex, at=view.as_of, frozen=self._frozen)
        self.panel.show((title,), explained(words, self.panel.size.width), top=0)

    def show_page(self, view: View, whose: str, found: tuple[Expiration, ...], scene: Scene) -> None:
        """Show the measures of the chosen underlying."""
        width, height = self.panel.size
        across, choice, selected = scene.across, view.measure, view.selected
        columns = measure_columns(found, across)
        detail = max(1, min(_DETAIL_TALL if height >= _TALL else _DETAIL, height - _HEAD - _LEAST))
        table = self._table = measures_table(columns, choice, selected, width, height - _HEAD - detail)
        column = self._column = chosen_column(columns, choice, selected)
        self._chains = tuple(one.chain for one in found)
        self.chosen = ChosenMeasure(choice.row.name, column.chain)
        told = self._told(view, scene)
        title = measures_title(
            selected.underlying if selected else "",
            whose,
            width,
            told,
            at=view.as_of,
            frozen=self._frozen,
            last_good=last_good(found, column.chain),
        )
        ages = {one.analytics.snapshot_id: one.shown.age_s for one in found if one.analytics}
        foot = detail_lines(choice.row, column, ages, width, detail)
        self.panel.bring((title, *table.head), table.body, foot, table.cursor)

    @staticmethod
    def _told(view: View, scene: Scene) -> GexConvention:
        """Return the convention by which gamma exposure is told: a frozen view keeps its own."""
        across = scene.across
        return across.gex.convention if across and across.gex else view.gex

    def asked(self, view: View) -> Asked | None:
        """Return the measure under the cursor."""
        kept, selected, column = self._scene, view.selected, self._column
        if kept is None or selected is None or column is None:
            return None
        row, chain, across = view.measure.row, column.chain or selected, column.chain is None
        told = self._told(view, kept)
        given = column.measures.get(row.name) if row.name in FROM_HISTORY else None
        counted = "returns" if row.name == REALISED else "contracts"
        subject = MeasureOf(row.name, across, row.input, row.other, told, given, counted, row.label)
        return Asked(subject, chain, self.good_of(chain), cell_text(row, column.measures), kept.board)

    def table(self, view: View, about: About) -> Table | None:
        """Return the measures of every expiration, and of all together."""
        scene = self._scene if self._table else None
        if scene is None or scene.across is None:
            return None
        return exported_measures(about, scene.across, KeySchema(scene.board.prefix))

    def move(self, view: View, rows: int, columns: int) -> ChainId | None:
        """Move the cursor by lines and columns; return the chain that it came to."""
        choice = view.measure
        choice.step(rows)
        self.follow()
        if not columns or not self._chains:
            return None
        at = self._chains.index(view.selected) if view.selected in self._chains else 0
        there = (len(self._chains) if choice.total else at) + columns
        return self._turn_to(view, max(0, min(len(self._chains), there)))

    def _turn_to(self, view: View, at: int) -> ChainId | None:
        """Put the cursor in a column, the last of which is of all together; return its chain."""
        view.measure.total = at >= len(self._chains)
        return None if view.measure.total else self._chains[at]

    def point_at(self, view: View, panel: Widget, row: int, x: int) -> ChainId | None:
        """Put the cursor on the line under the mouse, and in its column."""
        at = self._table.rows[row] if self._table and row < len(self._table.rows) else None
        if self._table is None or at is None:
            return None
        view.measure.at = at
        cell = next((cell for cell in self._table.cells if cell[0] <= x < cell[1]), None)
        if cell is None:
            return None
        view.measure.total = cell[2] is None
        return cell[2]

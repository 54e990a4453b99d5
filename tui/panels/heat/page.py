"""The heatmap's page: the tiles, and beside or under them the one under the cursor in full."""

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.widget import Widget

from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import Board
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.explain.question import TileOf
from chain.pipeline.heatmap import ENCODER, HeatmapModel, tile_name
from chain.pipeline.heatmap_index import NO_TILES, HeatmapIndex
from tui.export.table import About, Table
from tui.export.tables.heatmap import heatmap_table
from tui.lines import figures
from tui.lines.heatmap.choice import Across, TileChoice
from tui.lines.heatmap.frame import heat_title
from tui.lines.heatmap.freshness import judged, model_age, why_none
from tui.lines.heatmap.matrix import Matrix
from tui.lines.heatmap.table import tile_text
from tui.lines.heatmap.tile import tile_lines, tile_title
from tui.lines.strip import badge
from tui.panels.heat.tiles import HeatPanel
from tui.panels.line_panel import LinePanel
from tui.panels.page import Asked, PageWidget
from tui.ports.board_source import HeatmapView, Scene
from tui.view import View

_BESIDE = 112  # columns of the page from which there is room for the tile beside the tiles
_BOTH = 180  # from which there is room for both axes
_FIGURE = 12  # characters of a debit
_DETAIL_WIDTH, _DETAIL_HEIGHT = 40, 8


class HeatmapPage(PageWidget):
    """Shows the model of the selected underlying; the cursor is the reader's `TileChoice`.

    Where there is room the other axis stands beside: of every strike the widths of one expiration, and the expirations
    of one width.
    """

    DEFAULT_CSS = f"""
    HeatmapPage {{ layout: horizontal; }}
    HeatmapPage > #tiles {{ width: 1fr; }}
    HeatmapPage > #beside {{ width: 1fr; border-left: vkey $panel; display: none; }}
    HeatmapPage > #tile {{ width: {_DETAIL_WIDTH}; border-left: vkey $panel; }}
    HeatmapPage.-under {{ layout: vertical; }}
    HeatmapPage.-under > #tiles {{ height: 1fr; }}
    HeatmapPage.-under > #tile {{ width: 1fr; height: {_DETAIL_HEIGHT}; border-left: none; }}
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        # Made here, not found once mounted: a key may come before that.
        self.tiles = HeatPanel(id="tiles", can_focus=True)
        self.beside = HeatPanel(id="beside")
        self.tile = LinePanel(id="tile")
        self.index: HeatmapIndex = NO_TILES
        self._shown: HeatmapView | None = None
        self._board = Board()  # beside which it is shown

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield self.tiles
        yield self.beside
        yield self.tile

    @property
    def main(self) -> LinePanel:
        """The tiles."""
        return self.tiles

    def bring(self, report: HealthReport | None, view: View, scene: Scene | None) -> bool:
        """Show what there is of the underlying that is looked at; a frozen view stays with what it showed."""
        if not self.tiles.size.width:
            return False
        before = self.tile.display, self.beside.display
        if view.frozen_at is None:
            self._shown = scene.heatmap if scene else None
        self._board = report.board if report else self._board
        self._lay_out(view.tile)
        chain, shown = view.selected, self._shown
        model = (
            shown.model if shown is not None and chain is not None and shown.underlying == chain.underlying else None
        )
        if report is None or chain is None or shown is None or model is None:
            self._say_why(report, view)
        else:
            self._bring_tiles(report, view, shown, model, chain)
        return before != (self.tile.display, self.beside.display)

    def _lay_out(self, choice: TileChoice) -> None:
        beside = self.size.width >= _BESIDE
        self.set_class(not beside, "-under")
        self.tile.display = beside if choice.detail is None else choice.detail
        self.beside.display = self.size.width >= _BOTH and choice.strategy != "single"

    def _say_why(self, report: HealthReport | None, view: View) -> None:
        self.index, self.beside.display = NO_TILES, False
        underlying = view.selected.underlying if view.selected else ""
        whose = badge(report.board) if report else ""
        width = self.tiles.size.width
        title = heat_title(underlying, None, None, whose, width, at=view.as_of, frozen=_frozen(view))
        words = self._why_none_then(underlying) if view.past else why_none(self._shown, underlying, report)
        self.tiles.explain(title, words)
        self.tile.show((tile_title(whose, self.tile.size.width),), ())

    def _why_none_then(self, underlying: str) -> tuple[str, ...]:
        fault = self._shown.fault if self._shown else ""
        return (f"no heatmap of {underlying} at this instant{': ' if fault else ''}{fault}",)

    def _bring_tiles(
        self, report: HealthReport, view: View, shown: HeatmapView, model: HeatmapModel, chain: ChainId
    ) -> None:
        choice, whose = view.tile, badge(report.board)
        self.index = shown.index
        model = judged(model, report)
        pages = [(self.tiles, choice.across)]
        if self.beside.display and self.beside.size.width:
            pages.append((self.beside, choice.across.other))
        level = None
        for panel, across in pages:
            matrix = panel.turn_to(model, shown.index, choice, chain, across)
            age = model_age(shown, model, report, {column.expiration for column in matrix.columns})
            width, at, frozen = panel.size.width, view.as_of, _frozen(view)
            told = replace(age, words="")  # they stand in the foot, where there is room
            title = heat_title(model.underlying, matrix, told, whose, width, at=at, frozen=frozen)
            level = panel.bring(title, matrix, view, age, level)
        if self.tile.display and self.tiles.matrix is not None:
            now_s, width = report.board.now_s(report.now), self.tile.size.width
            self.tile.show((tile_title(whose, width),), tile_lines(self.tiles.matrix, model, now_s, width))

    def move(self, view: View, rows: int, columns: int) -> ChainId | None:
        """Move the cursor by lines and columns; return the chain that it came to where columns are expirations."""
        matrix = self.tiles.matrix
        if matrix is None or matrix.row is None or matrix.column is None:
            return None
        self.follow()
        if rows:
            by = -rows if view.highest_first else rows
            view.tile.strike = matrix.strikes[_within(matrix.strikes, matrix.row + by)]
        return self._choose_column(view, matrix, matrix.column + columns) if columns else None

    def asked(self, view: View) -> Asked | None:
        """Return the tile under the cursor, once it is shown in full."""
        matrix, model, selected = self.tiles.matrix, self._model, view.selected
        if not self.tile.display or matrix is None or model is None or selected is None:
            return None
        if matrix.row is None or matrix.column is None:
            return None
        column, strike = matrix.columns[matrix.column], matrix.strikes[matrix.row]
        name = tile_name(matrix.strategy, column.expiration, column.width, strike, matrix.side)
        chain = selected._replace(expiry=date.fromisoformat(column.expiration))
        good = next((one.last_good for one in self._board.chains.records if one.chain == chain), None)
        return Asked(TileOf(model, name, matrix.chosen), chain, good, tile_text(matrix.chosen, _FIGURE))

    def table(self, view: View, about: About) -> Table | None:
        """Return the tiles of the page."""
        matrix, model = self.tiles.matrix, self._model
        return (
            None
            if matrix is None or model is None
            else heatmap_table(about, matrix, model, KeySchema(self._board.prefix))
        )

    def json(self) -> bytes | None:
        """Return the model, as a compositor publishes it."""
        return None if self.tiles.matrix is None or self._model is None else ENCODER.encode(self._model)

    @property
    def _model(self) -> HeatmapModel | None:
        """The model that is shown."""
        return self._shown.model if self._shown else None

    def enter(self, view: View) -> None:
        """Show the tile under the cursor in full, or no longer."""
        view.tile.detail = not self.tile.display

    def leave(self, view: View) -> bool:
        """Close the tile."""
        opened = bool(view.tile.detail)
        if opened:
            self.enter(view)
        return opened

    def turn_axes(self, view: View) -> None:
        """Put widths across, or expirations."""
        view.tile.turn()

    def follow(self) -> None:
        """Show the cursor with the next lines."""
        self.tiles.follow()
        self.beside.follow()

    def point_at(self, view: View, panel: Widget, row: int, x: int) -> ChainId | None:
        """Put the cursor on the tile under the mouse, as `move` does."""
        if not isinstance(panel, HeatPanel):
            return None
        matrix, table = panel.matrix, panel.table
        strike = table.strikes[row] if table is not None and row < len(table.strikes) else None
        if matrix is None or table is None or strike is None:
            return None
        view.tile.strike = strike
        column = table.column_at(x)
        return None if column is None else self._choose_column(view, matrix, column)

    def _choose_column(self, view: View, matrix: Matrix, at: int) -> ChainId | None:
        chosen = matrix.columns[_within(matrix.columns, at)]
        if matrix.across is Across.WIDTH:
            view.tile.width = chosen.width
            return None
        return None if view.selected is None else view.selected._replace(expiry=date.fromisoformat(chosen.expiration))


def _within(values: Sequence[object], at: int) -> int:
    return max(0, min(len(values) - 1, at))


def _frozen(view: View) -> str:
    return figures.clock(view.frozen_at) if view.frozen_at is not None else ""
